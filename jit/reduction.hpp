// The pieces of reductions in the order that program.hpp fixes: combining, and the tree over lanes.
#pragma once
#include "jit/machine_emitter.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// The identity of a reduction, as bits.
std::uint64_t identity_bits(program::Combine combine, DType dtype);
/// The operation, of two inputs.
const machine::Code& combine_code(program::Combine combine, DType dtype);
/// a (combine) x on vectors of any length.
llvm::Value* emit_combine(VectorEmitter& v, program::Combine combine, DType dtype, llvm::Value* a, llvm::Value* x);

/// Sets `count` accumulators (a multiple of v.lanes) at `pointer` to the identity.
void emit_identities(VectorEmitter& v, program::Combine combine, DType dtype, llvm::Value* pointer, int count);
/// Combines reduction_lanes(dtype) accumulators at `pointer` in the fixed tree; gives a scalar. It may overwrite them.
llvm::Value* emit_lane_tree(ModuleEmitter& m, llvm::IRBuilder<>& b, program::Combine combine, DType dtype,
                            llvm::Value* pointer);

}  // namespace actinium::jit
