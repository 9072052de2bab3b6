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

/// Sets accumulators [begin, end) (a multiple of v.lanes) at `pointer` to the identity.
void emit_identities(VectorEmitter& v, program::Combine combine, DType dtype, llvm::Value* pointer, int begin, int end);
/// Combines reduction_lanes(dtype) accumulators at `pointer` in the fixed tree; gives a scalar. `count`: elements that
/// went into them; if they are no more than accumulators of one vector, the others are not read: they would be the
/// identity.
llvm::Value* emit_lane_tree(ModuleEmitter& m, llvm::IRBuilder<>& b, program::Combine combine, DType dtype,
                            llvm::Value* pointer, llvm::Value* count);

}  // namespace actinium::jit
