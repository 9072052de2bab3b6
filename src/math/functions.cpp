// The table from elementwise primitives to lowerings: one exhaustive switch, lower(), and its cache.
#include "math/functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "actinium/error.h"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

using machine::is_float;
using ops::Op;

/// The op does not take operands of this type, or is not an op on scalars.
[[noreturn]] void reject(Op op, Type t) {
  throw InternalError(fmt::format("math: {} of {} has no body", ops::name_of(op),
                                  t == Type::b1 ? "bool" : name_of(machine::dtype_of(t))));
}

Var equal(Var x, Var y) { return x.type() == Type::b1 ? !(x ^ y) : x == y; }
Var less(Var x, Var y) { return x.type() == Type::b1 ? (!x) & y : x < y; }

/// Ops on integers, besides those on all types.
constexpr std::array integer_ops{Op::neg,     Op::abs,     Op::sign,  Op::square, Op::pow,   Op::add,
                                 Op::sub,     Op::mul,     Op::floor, Op::ceil,   Op::trunc, Op::round,
                                 Op::raw_min, Op::raw_max, Op::fma,   Op::muladd, Op::clamp};
/// Ops on all types, predicates too.
constexpr std::array general_ops{Op::cast,        Op::stop_gradient, Op::select,      Op::max,
                                 Op::min,         Op::less,          Op::less_equal,  Op::isnan,
                                 Op::equal,       Op::not_equal,     Op::greater,     Op::greater_equal,
                                 Op::logical_and, Op::logical_or,    Op::logical_xor, Op::logical_not};

bool takes(Op op, Type t) {
  const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), op) != list.end(); };
  return is_float(t) || in(general_ops) || (t != Type::b1 && in(integer_ops));
}

/// Without value for an op without a body.
Var lower(Op op, const std::array<Var, 3>& v, Type to) {
  const Var x = v[0], y = v[1], z = v[2];
  const Type t = (op == Op::select ? y : x).type();
  const bool real = is_float(t);
  const auto truth = [](Var p) { return cast(p, Type::b1); };
  switch (op) {
    case Op::neg: return -x;
    case Op::abs: return absolute(x);
    case Op::sign: return sign(x);
    case Op::exp: return exp(x);
    case Op::exp2: return exp2(x);
    case Op::expm1: return expm1(x);
    case Op::log: return log(x);
    case Op::log2: return log2(x);
    case Op::log10: return log10(x);
    case Op::log1p: return log1p(x);
    case Op::sqrt: return sqrt(x);
    case Op::rsqrt: return rsqrt(x);
    case Op::cbrt: return cbrt(x);
    case Op::square: return x * x;
    case Op::reciprocal: return 1.0 / x;
    case Op::sin: return sin(x);
    case Op::cos: return cos(x);
    case Op::tan: return tan(x);
    case Op::asin: return asin(x);
    case Op::acos: return acos(x);
    case Op::atan: return atan(x);
    case Op::sinh: return sinh(x);
    case Op::cosh: return cosh(x);
    case Op::asinh: return asinh(x);
    case Op::acosh: return acosh(x);
    case Op::atanh: return atanh(x);
    case Op::tanh: return tanh(x);
    case Op::erf: return erf(x);
    case Op::erfc: return erfc(x);
    case Op::normtail: return normtail(x);
    case Op::sech2:
      if (t == Type::f32) return sech2_single(x);
      break;
    case Op::floor: return real ? floor(x) : x;
    case Op::ceil: return real ? ceil(x) : x;
    case Op::trunc: return real ? trunc(x) : x;
    case Op::round: return real ? rint(x) : x;
    case Op::isnan: return real ? is_nan(x) : literal(x.builder(), Type::b1, false);
    case Op::logical_not: return !truth(x);
    case Op::cast: return cast(x, to);
    case Op::stop_gradient:
    case Op::again: return x;
    case Op::add: return x + y;
    case Op::sub: return x - y;
    case Op::mul: return x * y;
    case Op::div: return x / y;
    case Op::pow: return real ? pow(x, y) : integer_pow(x, y);
    case Op::max: return maximum(x, y);
    case Op::min: return minimum(x, y);
    case Op::atan2: return atan2(x, y);
    case Op::hypot: return hypot(x, y);
    case Op::copysign: return copysign(x, y);
    case Op::less: return less(x, y);
    case Op::less_equal: return t == Type::b1 ? !less(y, x) : x <= y;
    case Op::greater: return less(y, x);
    case Op::greater_equal: return t == Type::b1 ? !less(x, y) : x >= y;
    case Op::equal: return equal(x, y);
    case Op::not_equal: return t == Type::b1 ? x ^ y : x != y;
    case Op::logical_and: return truth(x) & truth(y);
    case Op::logical_or: return truth(x) | truth(y);
    case Op::logical_xor: return truth(x) ^ truth(y);
    case Op::select: return select(x, y, z);
    case Op::clamp: return clamp(x, y, z);
    case Op::fma: return real ? fma(x, y, z) : x * y + z;
    case Op::raw_min: return real ? min(x, y) : minimum(x, y);
    case Op::raw_max: return real ? max(x, y) : maximum(x, y);
    case Op::muladd: return real ? muladd(x, y, z) : x * y + z;
    case Op::exp_scaled: return exp_scaled(x);
    case Op::exp_of_sum: return exp_of_sum(x, y, z);
    case Op::ldexp_exp: return ldexp_exp(x, y);
    case Op::input:
    case Op::constant:
    case Op::tensor:
    case Op::dim_size:
    case Op::variable:
    case Op::iota:
    case Op::sigmoid:
    case Op::logistic_pdf:
    case Op::softplus:
    case Op::gauss:
    case Op::normpdf:
    case Op::normcdf:
    case Op::log1mexp:
    case Op::broadcast:
    case Op::reshape:
    case Op::transpose:
    case Op::slice:
    case Op::pad:
    case Op::concat:
    case Op::gather:
    case Op::scatter_add:
    case Op::flip:
    case Op::one_hot:
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::argmax:
    case Op::argmin:
    case Op::cumsum:
    case Op::sort:
    case Op::argsort:
    case Op::matmul:
    case Op::stack:
    case Op::dot:
    case Op::custom:
    case Op::loop:
    case Op::result:
    case Op::activation: break;
  }
  return {};
}

/// Null if there is none.
std::unique_ptr<const machine::Code> build(Op op, Type t, Type to) {
  if (ops::kind_of(op) != ops::Kind::elementwise || !takes(op, t)) return nullptr;
  machine::Builder b;
  std::array<Var, 3> operands;
  for (int i = 0; i < ops::info(op).arity; ++i) operands[i] = b.input(op == Op::select && i == 0 ? Type::b1 : t);
  const Var result = lower(op, operands, to);
  if (result.value() == machine::no_value) return nullptr;
  auto code = std::make_unique<const machine::Code>(b.finish({&result, 1}));
  machine::verify(*code);
  return code;
}

const machine::Code* find(Op op, DType dtype, DType to) {
  constexpr std::size_t types = all_dtypes.size();
  static std::mutex mutex;
  static std::array<std::optional<std::unique_ptr<const machine::Code>>, ops::op_table.size() * types * types> cache;
  if (op != Op::cast) to = dtype;
  const std::lock_guard lock(mutex);
  auto& code = cache[(static_cast<std::size_t>(op) * types + static_cast<std::size_t>(dtype)) * types +
                     static_cast<std::size_t>(to)];
  if (!code) code = build(op, machine::type_of(dtype), machine::type_of(to));
  return code->get();
}

}  // namespace

const machine::Code& body(Op op, DType dtype, DType to) {
  const machine::Code* code = find(op, dtype, to);
  if (code == nullptr) reject(op, machine::type_of(dtype));
  return *code;
}

bool has_body(Op op, DType dtype) { return find(op, dtype, dtype) != nullptr; }

}  // namespace actinium::math
