// Routines of the library that generated code calls: what is neither hot nor worth compiling anew for every Program.
// Generated code knows them by name; the session resolves the names, and no others.
#pragma once
#include <llvm/IR/IRBuilder.h>

#include <span>

#include "jit/module_emitter.hpp"
#include "program/program.hpp"

namespace actinium::jit {

struct SupportRoutine {
  const char* name;
  void* address;
};
std::span<const SupportRoutine> support_routines();

/// Copies `count` elements of `size` bytes from strided memory to consecutive elements, or back; `stride` in elements.
void call_gather(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, llvm::Value* stride,
                 llvm::Value* count, std::size_t size);
void call_scatter(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, llvm::Value* stride,
                  llvm::Value* count, std::size_t size);

/// Copies `count` elements of 4 or 8 bytes, and puts zeros into the `clear` behind them.
struct Run {
  llvm::Value *pointer, *stride;
};
void call_copy(ModuleEmitter& m, llvm::IRBuilder<>& b, Run to, Run from, llvm::Value* count, llvm::Value* clear,
               std::size_t size);

/// Puts elements of 1, 4 or 8 bytes side by side: rows of four numbers, the place in `to` (in bytes), the first element in `from`, how
/// far it is to the next, how many.
void call_pack(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, std::span<const std::int64_t> rows, std::size_t size);

/// Makes room for `steps` elements in the runtime::Record at `record`; the address of the first, or null if there is no memory.
llvm::Value* call_reserve(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* record, llvm::Value* steps);

/// Combines `count` (perhaps 0) values in slots of `stride` bytes at `pointer` as adjacent pairs, overwriting them;
/// gives a scalar.
llvm::Value* call_chunk_tree(ModuleEmitter& m, llvm::IRBuilder<>& b, program::Combine combine, DType dtype,
                             llvm::Value* pointer, llvm::Value* count, llvm::Value* stride);

}  // namespace actinium::jit
