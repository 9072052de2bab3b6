// Kernels of one element, emitted where elements are at hand: in memory, or in the registers of a loop.
#pragma once
#include <llvm/IR/IRBuilder.h>

#include "jit/machine_emitter.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// Where a point kernel's elements come from and go to; a truth value is an i1, an index an i64.
class PointPlaces {
 public:
  virtual ~PointPlaces() = default;
  virtual llvm::Value* load(const program::Access& access, std::size_t number) = 0;
  virtual void store(const program::Access& access, std::size_t number, llvm::Value* value) = 0;
};

/// The kernel's code at the builder, which ends behind it. `kernel` is_point (jit/kernel.hpp).
void emit_point(ModuleEmitter& m, llvm::IRBuilder<>& b, const program::LoopKernel& kernel, PointPlaces& places);

}  // namespace actinium::jit
