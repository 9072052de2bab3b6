// What machine Code means: the exact meaning of each operation, and of all in order. Start reading at apply().
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "actinium/error.h"
#include "math/meaning.hpp"

namespace actinium::machine {
namespace {

template <class T>
T scale(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  return std::ldexp(a, static_cast<int>(std::clamp<T>(b, -5000, 5000)));
}

template <class T>
std::uint64_t apply_float(Op op, T a, T b, T c, bool fused) {
  switch (op) {
    case Op::add: return encode<T>(a + b);
    case Op::sub: return encode<T>(a - b);
    case Op::mul: return encode<T>(a * b);
    case Op::div: return encode<T>(a / b);
    case Op::sqrt: return encode<T>(std::sqrt(a));
    case Op::fma: return encode<T>(std::fma(a, b, c));
    case Op::muladd: return encode<T>(fused ? std::fma(a, b, c) : a * b + c);
    case Op::neg: return encode<T>(-a);
    case Op::abs: return encode<T>(std::fabs(a));
    case Op::copysign: return encode<T>(std::copysign(a, b));
    case Op::min: return encode<T>(a < b ? a : b);
    case Op::max: return encode<T>(a > b ? a : b);
    case Op::rint: return encode<T>(std::rint(a));
    case Op::floor: return encode<T>(std::floor(a));
    case Op::ceil: return encode<T>(std::ceil(a));
    case Op::trunc: return encode<T>(std::trunc(a));
    case Op::scale: return encode<T>(scale<T>(a, b));
    default: throw InternalError("machine: not an operation on floats");
  }
}

template <class T>
std::uint64_t apply_integer(Op op, T x, T y) {
  using U = std::make_unsigned_t<T>;
  const U a = static_cast<U>(x), b = static_cast<U>(y);
  switch (op) {
    case Op::iadd: return encode<U>(a + b);
    case Op::isub: return encode<U>(a - b);
    case Op::imul: return encode<U>(a * b);
    case Op::iand: return encode<U>(a & b);
    case Op::ior: return encode<U>(a | b);
    case Op::ixor: return encode<U>(a ^ b);
    case Op::shl: return encode<U>(a << (b % (8 * sizeof(T))));
    case Op::lshr: return encode<U>(a >> (b % (8 * sizeof(T))));
    case Op::ashr: return encode<U>(static_cast<U>(x >> (b % (8 * sizeof(T)))));
    default: throw InternalError("machine: not an operation on integers");
  }
}

template <class T>
std::uint64_t apply_compare(Op op, T a, T b) {
  switch (op) {
    case Op::lt: return a < b;
    case Op::le: return a <= b;
    case Op::gt: return a > b;
    case Op::ge: return a >= b;
    case Op::eq: return a == b;
    case Op::ne: return a != b;
    default: throw InternalError("machine: not a comparison");
  }
}

std::uint64_t apply_logic(Op op, std::uint64_t a, std::uint64_t b) {
  switch (op) {
    case Op::land: return a & b;
    case Op::lor: return a | b;
    case Op::lxor: return a ^ b;
    case Op::lnot: return a ^ 1;
    default: throw InternalError("machine: not an operation on predicates");
  }
}

template <class I, class F>
std::uint64_t saturate(F x) {
  if (std::isnan(x)) return 0;
  // The bounds of I are powers of two (the upper one excluded), so exact in F.
  const F bound = -static_cast<F>(std::numeric_limits<I>::min());
  if (x >= bound) return encode<I>(std::numeric_limits<I>::max());
  if (x < -bound) return encode<I>(std::numeric_limits<I>::min());
  return encode<I>(static_cast<I>(x));
}

std::uint64_t apply_convert(Op op, Type to, Type from, std::uint64_t a) {
  if (op == Op::to_int) {
    if (from == Type::f32) {
      return to == Type::i32 ? saturate<std::int32_t>(decode<float>(a)) : saturate<std::int64_t>(decode<float>(a));
    }
    return to == Type::i32 ? saturate<std::int32_t>(decode<double>(a)) : saturate<std::int64_t>(decode<double>(a));
  }
  if (op == Op::to_float) {
    const std::int64_t i = from == Type::i32 ? decode<std::int32_t>(a) : decode<std::int64_t>(a);
    return to == Type::f32 ? encode(static_cast<float>(i)) : encode(static_cast<double>(i));
  }
  if (op == Op::resize && from != to) {
    switch (to) {
      case Type::f32: return encode(static_cast<float>(decode<double>(a)));
      case Type::f64: return encode(static_cast<double>(decode<float>(a)));
      case Type::i32: return a & 0xffffffffu;
      case Type::i64: return encode<std::int64_t>(decode<std::int32_t>(a));
      case Type::b1: break;
    }
  }
  return a;  // bits, from_bits
}

}  // namespace

std::uint64_t apply(const Code& code, const Inst& inst, std::uint64_t a, std::uint64_t b, std::uint64_t c, bool fused) {
  const auto operand_type = [&] { return code.type(inst.a); };
  if (is_float_op(inst.op)) {
    if (inst.type == Type::f32)
      return apply_float(inst.op, decode<float>(a), decode<float>(b), decode<float>(c), fused);
    return apply_float(inst.op, decode<double>(a), decode<double>(b), decode<double>(c), fused);
  }
  if (is_integer_op(inst.op)) {
    if (inst.type == Type::i32) return apply_integer(inst.op, decode<std::int32_t>(a), decode<std::int32_t>(b));
    return apply_integer(inst.op, decode<std::int64_t>(a), decode<std::int64_t>(b));
  }
  if (is_compare(inst.op)) {
    switch (operand_type()) {
      case Type::f32: return apply_compare(inst.op, decode<float>(a), decode<float>(b));
      case Type::f64: return apply_compare(inst.op, decode<double>(a), decode<double>(b));
      case Type::i32: return apply_compare(inst.op, decode<std::int32_t>(a), decode<std::int32_t>(b));
      case Type::i64: return apply_compare(inst.op, decode<std::int64_t>(a), decode<std::int64_t>(b));
      case Type::b1: return apply_compare(inst.op, a, b);
    }
  }
  if (is_logic(inst.op)) return apply_logic(inst.op, a, b);
  if (inst.op == Op::select) return a != 0 ? b : c;
  if (inst.op == Op::lookup) {
    const Table& table = code.tables[inst.imm];
    const std::uint64_t i = operand_type() == Type::i32 ? a & 0xffffffffu : a;
    if (i >= table.bits.size()) throw InternalError("machine: look-up outside the table");
    return table.bits[i];
  }
  if (inst.op == Op::rare) return a != 0 ? evaluate(*code.callees[inst.imm], std::array{c}, fused)[0] : b;
  return apply_convert(inst.op, inst.type, operand_type(), a);
}

std::vector<std::uint64_t> evaluate(const Code& code, std::span<const std::uint64_t> arguments, bool fused) {
  if (arguments.size() != code.inputs.size()) throw InternalError("machine: evaluate with a wrong number of arguments");
  std::vector<std::uint64_t> values(code.insts.size());
  const auto at = [&](Value v) { return v == no_value ? 0 : values[static_cast<std::uint32_t>(v)]; };
  for (std::size_t i = 0; i < code.insts.size(); ++i) {
    const Inst& inst = code.insts[i];
    if (inst.op == Op::constant) {
      values[i] = inst.imm;
    } else if (inst.op == Op::input) {
      values[i] = arguments[inst.imm];
    } else {
      values[i] = apply(code, inst, at(inst.a), at(inst.b), at(inst.c), fused);
    }
  }
  std::vector<std::uint64_t> results;
  for (Value v : code.outputs) results.push_back(at(v));
  return results;
}

}  // namespace actinium::machine
