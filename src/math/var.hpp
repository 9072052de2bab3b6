// The algebra of machine::Var: operators and free functions that append one instruction each, so that a lowering reads
// as the formula it computes. A number literal takes the type of the Var beside it. Meanings stand at machine::Op.
#pragma once
#include <type_traits>

#include "math/machine.hpp"

namespace actinium::machine {

template <class T>
concept Literal = std::is_arithmetic_v<T>;

inline Type Var::type() const { return builder_->code().type(value_); }

/// The literal as a constant of type t.
template <Literal T>
Var literal(Builder& b, Type t, T x) {
  if constexpr (std::is_same_v<T, bool>) {
    return b.constant(Type::b1, x ? 1 : 0);
  } else if constexpr (std::is_integral_v<T>) {
    if (!is_float(t)) return b.integer(t, static_cast<std::int64_t>(x));
    return b.number(t, static_cast<double>(x));
  } else {
    return b.number(t, x);
  }
}
template <Literal T>
Var like(Var v, T x) {
  return literal(v.builder(), v.type(), x);
}
inline Var like(Var, Var x) { return x; }

namespace detail {
inline Var unary(Op op, Var a) { return a.builder().emit(op, a.type(), a); }
inline Var binary(Op op, Var a, Var b) { return a.builder().emit(op, a.type(), a, b); }
inline Var compare(Op op, Var a, Var b) { return a.builder().emit(op, Type::b1, a, b); }
inline Op arithmetic(Var a, Op on_floats, Op on_integers) { return is_float(a.type()) ? on_floats : on_integers; }
inline Op bitwise(Var a, Op on_integers, Op on_predicates) {
  return a.type() == Type::b1 ? on_predicates : on_integers;
}
}  // namespace detail

// Two Vars, or a Var and a literal on either side.
#define ACTINIUM_BINARY(NAME, EXPRESSION)              \
  inline Var NAME(Var a, Var b) { return EXPRESSION; } \
  template <Literal T>                                 \
  Var NAME(Var a, T b) {                               \
    return NAME(a, like(a, b));                        \
  }                                                    \
  template <Literal T>                                 \
  Var NAME(T a, Var b) {                               \
    return NAME(like(b, a), b);                        \
  }

ACTINIUM_BINARY(operator+, detail::binary(detail::arithmetic(a, Op::add, Op::iadd), a, b))
ACTINIUM_BINARY(operator-, detail::binary(detail::arithmetic(a, Op::sub, Op::isub), a, b))
ACTINIUM_BINARY(operator*, detail::binary(detail::arithmetic(a, Op::mul, Op::imul), a, b))
ACTINIUM_BINARY(operator/, detail::binary(Op::div, a, b))
ACTINIUM_BINARY(min, detail::binary(Op::min, a, b))
ACTINIUM_BINARY(max, detail::binary(Op::max, a, b))
ACTINIUM_BINARY(copysign, detail::binary(Op::copysign, a, b))
ACTINIUM_BINARY(scale, detail::binary(Op::scale, a, b))
ACTINIUM_BINARY(operator&, detail::binary(detail::bitwise(a, Op::iand, Op::land), a, b))
ACTINIUM_BINARY(operator|, detail::binary(detail::bitwise(a, Op::ior, Op::lor), a, b))
ACTINIUM_BINARY(operator^, detail::binary(detail::bitwise(a, Op::ixor, Op::lxor), a, b))
ACTINIUM_BINARY(shl, detail::binary(Op::shl, a, b))
ACTINIUM_BINARY(lshr, detail::binary(Op::lshr, a, b))
ACTINIUM_BINARY(ashr, detail::binary(Op::ashr, a, b))
ACTINIUM_BINARY(operator<, detail::compare(Op::lt, a, b))
ACTINIUM_BINARY(operator<=, detail::compare(Op::le, a, b))
ACTINIUM_BINARY(operator>, detail::compare(Op::gt, a, b))
ACTINIUM_BINARY(operator>=, detail::compare(Op::ge, a, b))
ACTINIUM_BINARY(operator==, detail::compare(Op::eq, a, b))
ACTINIUM_BINARY(operator!=, detail::compare(Op::ne, a, b))
#undef ACTINIUM_BINARY

inline Var operator-(Var a) { return is_float(a.type()) ? detail::unary(Op::neg, a) : like(a, 0) - a; }
inline Var operator!(Var a) { return detail::unary(Op::lnot, a); }
inline Var sqrt(Var a) { return detail::unary(Op::sqrt, a); }
inline Var abs(Var a) { return detail::unary(Op::abs, a); }
inline Var rint(Var a) { return detail::unary(Op::rint, a); }
inline Var floor(Var a) { return detail::unary(Op::floor, a); }
inline Var ceil(Var a) { return detail::unary(Op::ceil, a); }
inline Var trunc(Var a) { return detail::unary(Op::trunc, a); }
inline Var bits(Var a) { return a.builder().emit(Op::bits, integer_of(a.type()), a); }
inline Var from_bits(Var a) { return a.builder().emit(Op::from_bits, float_of(a.type()), a); }
inline Var to_int(Var a, Type t) { return a.builder().emit(Op::to_int, t, a); }
inline Var to_float(Var a, Type t) { return a.builder().emit(Op::to_float, t, a); }
inline Var resize(Var a, Type t) { return a.builder().emit(Op::resize, t, a); }
inline Var is_nan(Var a) { return a != a; }

/// a*b + c, fused or not as the target has it. Literals take the type of the first Var among the arguments.
template <class A, class B, class C>
Var muladd(A a, B b, C c);
/// a*b + c with one rounding.
template <class A, class B, class C>
Var fma(A a, B b, C c);
/// condition ? yes : no.
template <class A, class B>
Var select(Var condition, A yes, B no);

namespace detail {
template <class A, class B, class C>
Var any_of(A a, B b, C c) {
  if constexpr (std::is_same_v<A, Var>) {
    return a;
  } else if constexpr (std::is_same_v<B, Var>) {
    return b;
  } else {
    return c;
  }
}
}  // namespace detail

template <class A, class B, class C>
Var muladd(A a, B b, C c) {
  const Var v = detail::any_of(a, b, c);
  return v.builder().emit(Op::muladd, v.type(), like(v, a), like(v, b), like(v, c));
}
template <class A, class B, class C>
Var fma(A a, B b, C c) {
  const Var v = detail::any_of(a, b, c);
  return v.builder().emit(Op::fma, v.type(), like(v, a), like(v, b), like(v, c));
}
template <class A, class B>
Var select(Var condition, A yes, B no) {
  const Var v = detail::any_of(yes, no, condition);
  return v.builder().emit(Op::select, v.type(), condition, like(v, yes), like(v, no));
}
inline Var lookup(const Table& table, Var index) { return index.builder().lookup(table, index); }
inline Var rare(Var predicate, Var fallback, Var argument, std::shared_ptr<const Code> callee) {
  return argument.builder().rare(predicate, fallback, argument, std::move(callee));
}

}  // namespace actinium::machine
