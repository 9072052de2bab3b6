// The meaning of a single machine instruction, for evaluate() and for folding constants; how ops group and how values
// are kept as bits.
#pragma once
#include <bit>

#include "math/machine.hpp"

namespace actinium::machine {

inline bool is_float_op(Op op) { return op >= Op::add && op <= Op::scale; }
inline bool is_integer_op(Op op) { return op >= Op::iadd && op <= Op::ashr; }
inline bool is_compare(Op op) { return op >= Op::lt && op <= Op::ne; }
inline bool is_logic(Op op) { return op >= Op::land && op <= Op::lnot; }

template <class T>
using bits_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
T decode(std::uint64_t bits) {
  return std::bit_cast<T>(static_cast<bits_of<T>>(bits));
}
template <class T>
std::uint64_t encode(T x) {
  return std::bit_cast<bits_of<T>>(x);
}

/// The result of an instruction of `code` on the bits of its operands.
std::uint64_t apply(const Code& code, const Inst& inst, std::uint64_t a, std::uint64_t b, std::uint64_t c, bool fused);

}  // namespace actinium::machine
