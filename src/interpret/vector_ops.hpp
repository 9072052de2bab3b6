// Loops over groups of elements, one for each machine operation and type, compiled for several instruction sets. Start
// reading at Operands; vector_ops.inl has the loops.
#pragma once
#include <cstddef>
#include <cstdint>

#include "math/machine.hpp"
#include "program/program.hpp"

namespace actinium::interpret {

/// Elements that an instruction works on at a time; registers are whole groups, and a uniform value is one group.
inline constexpr int group = 16;

/// Addresses of the result and of the operands' first elements, and their advance from group to group, in elements:
/// `group`, or 0 for a uniform operand.
struct Operands {
  void* result;
  const void* a;
  const void* b;
  const void* c;
  std::ptrdiff_t step_a, step_b, step_c;
};
using OpFunction = void (*)(const Operands& operands, int groups);

/// acc[i] = acc[i] (+ or *) x[i] for i < n.
using MergeFunction = void (*)(void* acc, const void* x, std::int64_t n);
/// acc[i] = muladd(a[i], b[i], acc[i]) for i < n.
using DotFunction = void (*)(void* acc, const void* a, const void* b, std::int64_t n);
/// One block of a row of a product: acc[j] = sum over k < count of a[k * stride_a] * panel[k * 64 + j], by muladd from
/// 0.
using BlockFunction = void (*)(void* acc, const void* a, std::int64_t stride_a, const void* panel, std::int64_t count);

/// What one instruction set offers.
struct VectorOps {
  /// Null for an operation that is no loop over elements (input, constant, rare). `operand`: type of the first operand.
  OpFunction (*find)(machine::Op op, machine::Type result, machine::Type operand, bool fused);
  MergeFunction (*merge)(program::Combine combine, machine::Type type);  ///< sum and prod alone
  DotFunction (*dot)(machine::Type type, bool fused);
  BlockFunction (*block)(machine::Type type, bool fused);
};

/// The widest one that this processor has.
const VectorOps& vector_ops();

namespace baseline {
extern const VectorOps ops;
}
namespace avx2 {
extern const VectorOps ops;
}
namespace avx512 {
extern const VectorOps ops;
}

}  // namespace actinium::interpret
