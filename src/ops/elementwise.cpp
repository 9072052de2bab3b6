// Elementwise primitives: the type of the result and the partial derivatives, one entry an op. Conventions at kinks and singular
// points: strict compares, masks instead of products with 0, the smallest subgradient. Start reading at the table at the end.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "activations/families.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/kink.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {
namespace {

using Operands = std::span<const Expr>;

// --- Types ---

/// The type all operands from `first` on share.
DType same_type(const BuildContext& c, std::size_t first = 0) {
  const DType t = c.graph.dtype(c.operands[first]);
  for (std::size_t i = first; i < c.operands.size(); ++i) {
    const DType u = c.graph.dtype(c.operands[i]);
    if (u != t)
      fail<TypeError>(c, fmt::format("types differ: {}: {} is not {}; convert one with cast", describe_operands(c), name_of(t), name_of(u)));
  }
  return t;
}

DType numbers(const BuildContext& c, const TypedShape*) {
  const DType t = same_type(c);
  if (t == DType::b8) fail<TypeError>(c, fmt::format("a number is expected, {} is bool", describe_operands(c)));
  return t;
}

DType floats(const BuildContext& c, const TypedShape*) {
  const DType t = same_type(c);
  if (is_float(t)) return t;
  fail<TypeError>(c, fmt::format("needs f32 or f64, {} is {}; convert it with cast", describe_operands(c), name_of(t)));
}

DType ordering(const BuildContext& c, const TypedShape* r) { return numbers(c, r), DType::b8; }
DType equality(const BuildContext& c, const TypedShape*) { return same_type(c), DType::b8; }
DType predicate(const BuildContext& c, const TypedShape* r) { return floats(c, r), DType::b8; }
DType unchanged(const BuildContext& c, const TypedShape*) { return same_type(c); }

DType logic(const BuildContext& c, const TypedShape*) {
  for (NodeId o : c.operands)
    if (c.graph.dtype(o) != DType::b8)
      fail<TypeError>(c, fmt::format("needs bool, {} is {}; compare it, as in x != 0", describe(c.graph, o), name_of(c.graph.dtype(o))));
  return DType::b8;
}

DType selection(const BuildContext& c, const TypedShape*) {
  const NodeId condition = c.operands[0];
  if (c.graph.dtype(condition) != DType::b8)
    fail<TypeError>(c, fmt::format("the condition {} is {}, not bool; compare it, as in x != 0", describe(c.graph, condition),
                                   name_of(c.graph.dtype(condition))));
  return same_type(c, 1);
}

DType conversion(const BuildContext&, const TypedShape* requested) {
  if (requested == nullptr) throw InternalError("cast without a type");
  return requested->dtype;
}

// --- Derivatives that are no plain product with a partial ---

bool is_constant(const Expr& e) { return !e.is_bound() || e.graph()->op(e.id()) == Op::constant; }
std::optional<double> value_of(const Expr& e) { return e.is_bound() ? e.graph()->constant_value(e.id()) : e.literal(); }

Expr back(const Expr& cotangent, const Expr& operand) { return sum_to(cotangent, operand.shape()); }

Expr select_vjp(const Expr&, Operands x, int i, const Expr& ct) {
  if (i == 0) return {};
  return back(masked(x[0], i == 2, ct), x[static_cast<std::size_t>(i)]);
}
Expr select_jvp(const Expr&, Operands x, Operands t) { return where(x[0], t[1], t[2]); }

/// Where max(a, b) takes a: strictly above, except that a literal operand takes ties.
Expr takes_first(Op op, const Expr& a, const Expr& b, bool& negated) {
  negated = is_constant(a) && !is_constant(b);  // then: not where b is strictly above
  if (op == Op::max) return negated ? b > a : a > b;
  return negated ? b < a : a < b;
}
/// What operand i takes of the derivative at a tie, where the node asks for another kink than ours.
Expr tie_share(Kink kink, int i) { return kink == Kink::second ? Expr(i) : between(kink, 0, 1); }
template <Op op>
Expr extremum_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  bool negated = false;
  const Kink kink = kink_of(y);
  const Expr first = takes_first(op, x[0], x[1], negated), &operand = x[static_cast<std::size_t>(i)];
  const Expr apart = masked(first, negated != (i == 1), ct);
  return back(kink == Kink::strict ? apart : where(x[0] == x[1], tie_share(kink, i) * ct, apart), operand);
}
template <Op op>
Expr extremum_jvp(const Expr& y, Operands x, Operands t) {
  bool negated = false;
  const Kink kink = kink_of(y);
  const Expr first = takes_first(op, x[0], x[1], negated);
  const Expr apart = negated ? where(first, t[1], t[0]) : where(first, t[0], t[1]);
  if (kink == Kink::strict) return apart;
  return where(x[0] == x[1], tie_share(kink, 0) * t[0] + tie_share(kink, 1) * t[1], apart);
}

/// Where clamp takes operand i: x strictly inside, a bound elsewhere.
Expr clamp_takes(Operands x, int i) {
  if (i == 1) return x[0] <= x[1];
  if (i == 2) return x[0] >= x[2] && x[0] > x[1];
  return x[0] > x[1] && x[0] < x[2];
}
/// With another kink than ours: what x takes at a bound, the bound taking the rest; elsewhere as without.
Expr at_bounds(Kink kink, Operands x, int i, const Expr& d, const Expr& otherwise) {
  if (kink == Kink::strict) return otherwise;
  const Expr low = between(kink, 0, 1), high = between(kink, 1, 0);
  const Expr at_high = i == 2 ? 1 - high : high, at_low = i == 1 ? 1 - low : low;
  const Expr above = i == 1 ? otherwise : where(x[0] == x[2], at_high * d, otherwise);
  return i == 2 ? above : where(x[0] == x[1], at_low * d, above);
}
Expr clamp_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  const Expr apart = masked(clamp_takes(x, i), false, ct);
  return back(at_bounds(kink_of(y), x, i, ct, apart), x[static_cast<std::size_t>(i)]);
}
Expr clamp_jvp(const Expr& y, Operands x, Operands t) {
  if (kink_of(y) == Kink::strict)
    return where(clamp_takes(x, 0), t[0], where(clamp_takes(x, 1), t[1], where(clamp_takes(x, 2), t[2], Expr(0))));
  Expr sum = 0;
  for (int i = 0; i < 3; ++i) {
    const Expr& v = t[static_cast<std::size_t>(i)];
    if (is_literal(v, 0)) continue;
    const Expr part = at_bounds(kink_of(y), x, i, v, where(clamp_takes(x, i), v, 0));
    sum = is_literal(sum, 0) ? part : sum + part;
  }
  return sum;
}

Expr abs_partial(const Expr& y, Operands x, int) {
  const Kink kink = kink_of(y);
  return kink == Kink::strict ? sign(x[0]) : where(x[0] == 0, between(kink, -1, 1), sign(x[0]));
}

Expr div_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  if (i == 1) return back(scaled(ct, -(y / x[1])), x[1]);
  return back(apply(ct, [&](const Expr& g) { return g / x[1]; }), x[0]);
}
Expr div_jvp(const Expr& y, Operands x, Operands t) {
  if (is_literal(t[0], 0)) return -(y * t[1] / x[1]);
  if (is_literal(t[1], 0)) return t[0] / x[1];
  return (t[0] - y * t[1]) / x[1];
}

Expr cast_vjp(const Expr& y, Operands x, int, const Expr& ct) {
  if (!is_float(x[0].dtype()) || !is_float(y.dtype())) return {};
  return cast(ct, x[0].dtype());
}
Expr cast_jvp(const Expr& y, Operands x, Operands t) {
  if (!is_float(x[0].dtype()) || !is_float(y.dtype())) return {};
  return cast(t[0], y.dtype());
}

Expr lowered_vjp(const Expr& y, Operands, int, const Expr&) {
  throw InternalError(fmt::format("{} stands after differentiation", name_of(y.graph()->op(y.id()))));
}
Expr lowered_jvp(const Expr& y, Operands, Operands) { return lowered_vjp(y, {}, 0, {}); }

// --- Partials that take more than a line ---

/// Whether x is a sum (or mean) of squares, so that sqrt(x) is a norm: at 0 the smallest subgradient, 0, is its derivative.
bool is_sum_of_squares(const GraphData& g, NodeId id) {
  std::vector<NodeId> open{id};
  bool reduced = false;
  for (std::size_t steps = 0; !open.empty(); ++steps) {
    const NodeId n = open.back();
    open.pop_back();
    if (steps > 64) return false;
    const auto operands = g.operands(n);
    switch (g.op(n)) {
      case Op::square: continue;
      case Op::mul:
        if (operands[0] == operands[1]) continue;
        if (g.constant_value(operands[0]).value_or(-1) > 0) { open.push_back(operands[1]); continue; }
        if (g.constant_value(operands[1]).value_or(-1) > 0) { open.push_back(operands[0]); continue; }
        return false;
      case Op::pow:
        if (g.constant_value(operands[1]) == 2.0) continue;
        return false;
      case Op::div:
        if (g.op(operands[1]) != Op::dim_size && g.constant_value(operands[1]).value_or(-1) <= 0) return false;
        open.push_back(operands[0]);
        continue;
      case Op::add:
        reduced = true;
        open.insert(open.end(), operands.begin(), operands.end());
        continue;
      case Op::reduce_sum: reduced = true; [[fallthrough]];
      case Op::reshape:
      case Op::broadcast:
      case Op::transpose: open.push_back(operands[0]); continue;
      default: return false;  // NOLINT
    }
  }
  return reduced || g.op(id) == Op::square || g.op(id) == Op::mul || g.op(id) == Op::pow;
}

Expr sqrt_partial(const Expr& y, Operands x, int) {
  if (!is_sum_of_squares(*x[0].graph(), x[0].id())) return 0.5 / y;
  return where(y == 0, 0.0, 0.5 / where(y == 0, 1.0, y));
}

Expr pow_partial(const Expr& y, Operands x, int i) {
  const Expr &base = x[0], &exponent = x[1];
  if (i == 1) {  // 0**y has slope 0 in y for y > 0
    return y * log(where(base == 0 && exponent > 0, 1.0, base));
  }
  if (const auto n = value_of(exponent)) {
    if (*n == 0) return 0.0;
    if (*n == 1) return 1.0;
    if (*n == 2) return 2.0 * base;
    return *n * (*n == 3 ? square(base) : pow(base, *n - 1));
  }
  // 0**0 has slope 0 in x; elsewhere y = 0 must stay differentiable in y, so only that point is masked.
  const Expr corner = base == 0 && exponent == 0;
  return where(corner, 0.0, exponent * pow(where(corner, 1.0, base), exponent - 1.0));
}

Expr atan2_partial(const Expr&, Operands x, int i) {
  const Expr h = hypot(x[0], x[1]), safe = where(h == 0, 1.0, h);
  return i == 0 ? (x[1] / safe) / safe : -((x[0] / safe) / safe);
}
/// Where y is infinite, because an operand is or because it overflows, by the quotient of the operands: the limit.
Expr hypot_partial(const Expr& y, Operands x, int i) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Expr &a = x[static_cast<std::size_t>(i)], &b = x[static_cast<std::size_t>(1 - i)];
  const Expr q = where(abs(a) == inf && abs(b) == inf, 1.0, b / a);
  return where(y == inf, copysign(rsqrt(1.0 + q * q), a), a / where(y == 0, 1.0, y));
}

Expr copysign_partial(const Expr&, Operands x, int i) {
  return i == 0 ? sign(x[0]) * copysign(1.0, x[1]) : Expr(0);
}

Expr fma_partial(const Expr&, Operands x, int i) { return i == 0 ? x[1] : i == 1 ? x[0] : Expr(1); }
Expr mul_partial(const Expr&, Operands x, int i) { return x[static_cast<std::size_t>(1 - i)]; }

/// factor x exp(-scale x*x), which shares its exp with gauss and normpdf; 0 from |x| = 40 on, where an infinite x would
/// make 0 * inf; not by clamp, whose derivative at NaN is 0.
Expr x_gauss(const Expr& x, double factor, double scale) {
  return activations::times_gauss(where(abs(x) > 40.0, 0.0, factor * x), x, scale);
}
/// The low part is no function of its own: it makes up for a rounding.
Expr exp_of_sum_partial(const Expr& y, Operands x, int i) {
  if (i != 2) return i == 0 ? y : Expr(0);
  const Expr terms[] = {x[0], x[1], Expr(1)};
  return build(y.graph(), Op::exp_of_sum, terms);
}
/// NaN below 0, as log1mexp is.
Expr log1mexp_partial(const Expr&, Operands x, int) {
  return where(x[0] < 0, std::numeric_limits<double>::quiet_NaN(), exp(-x[0]) / (0.0 - expm1(-x[0])));
}

#define PARTIAL(expression)                                              \
  [](const Expr& y, Operands o, [[maybe_unused]] int i) -> Expr {        \
    [[maybe_unused]] const Expr& x = o[0];                               \
    static_cast<void>(y);                                                \
    return expression;                                                   \
  }

constexpr Rule smooth(Expr (*partial)(const Expr&, Operands, int)) { return {floats, nullptr, partial, nullptr, nullptr}; }
constexpr Rule number(Expr (*partial)(const Expr&, Operands, int)) { return {numbers, nullptr, partial, nullptr, nullptr}; }
constexpr Rule flat(DType (*type)(const BuildContext&, const TypedShape*)) { return {type, nullptr, nullptr, nullptr, nullptr}; }
constexpr Rule lowered() { return {floats, nullptr, nullptr, lowered_vjp, lowered_jvp}; }

using std::numbers::ln10;
using std::numbers::ln2;
using std::numbers::inv_sqrtpi;

const Entry entries[] = {
    {Op::neg, number(PARTIAL(-1))},
    {Op::abs, number(abs_partial)},
    {Op::sign, flat(numbers)},
    {Op::exp, smooth(PARTIAL(y))},
    {Op::exp2, smooth(PARTIAL(y * ln2))},
    {Op::expm1, smooth(PARTIAL(exp(x)))},  // never y + 1, which is 0 at -40
    {Op::log, smooth(PARTIAL(reciprocal(x)))},
    {Op::log2, smooth(PARTIAL(1 / ln2 / x))},
    {Op::log10, smooth(PARTIAL(1 / ln10 / x))},
    {Op::log1p, smooth(PARTIAL(reciprocal(1.0 + x)))},
    {Op::sqrt, smooth(sqrt_partial)},
    {Op::rsqrt, smooth(PARTIAL(-0.5 * y / x))},
    {Op::cbrt, smooth(PARTIAL(reciprocal(3.0 * square(y))))},
    {Op::square, number(PARTIAL(2 * x))},
    {Op::reciprocal, smooth(PARTIAL(-square(y)))},
    {Op::sin, smooth(PARTIAL(cos(x)))},
    {Op::cos, smooth(PARTIAL(-sin(x)))},
    {Op::tan, smooth(PARTIAL(1.0 + square(y)))},
    {Op::asin, smooth(PARTIAL(rsqrt(fma(-x, x, 1.0))))},
    {Op::acos, smooth(PARTIAL(-rsqrt(fma(-x, x, 1.0))))},
    // By hypot, so that neither these nor their derivatives overflow where the result is a normal number.
    {Op::atan, smooth(PARTIAL(square(reciprocal(hypot(x, 1.0)))))},
    {Op::sinh, smooth(PARTIAL(cosh(x)))},
    {Op::cosh, smooth(PARTIAL(sinh(x)))},
    {Op::asinh, smooth(PARTIAL(reciprocal(hypot(x, 1.0))))},
    {Op::acosh, smooth(PARTIAL(rsqrt(x - 1.0) * rsqrt(x + 1.0)))},
    {Op::atanh, smooth(PARTIAL(reciprocal(fma(-x, x, 1.0))))},
    {Op::tanh, smooth(PARTIAL(sech2(x)))},
    {Op::erf, smooth(PARTIAL(2 * inv_sqrtpi * gauss(x)))},
    {Op::erfc, smooth(PARTIAL(-2 * inv_sqrtpi * gauss(x)))},
    {Op::floor, flat(numbers)},
    {Op::ceil, flat(numbers)},
    {Op::trunc, flat(numbers)},
    {Op::round, flat(numbers)},
    {Op::isnan, flat(predicate)},
    {Op::logical_not, flat(logic)},
    {Op::cast, {conversion, nullptr, nullptr, cast_vjp, cast_jvp}},

    {Op::sech2, smooth(PARTIAL(-2.0 * unary(Op::tanh, x) * y))},
    {Op::sigmoid, smooth(PARTIAL(logistic_pdf(x)))},
    {Op::logistic_pdf, smooth(PARTIAL(-y * unary(Op::tanh, 0.5 * x)))},
    {Op::softplus, smooth(PARTIAL(unary(Op::sigmoid, x)))},
    {Op::gauss, smooth(PARTIAL(x_gauss(x, -2.0, 1)))},
    {Op::normpdf, smooth(PARTIAL(x_gauss(x, -0.39894228040143267793994605993438, 0.5)))},
    {Op::normcdf, smooth(PARTIAL(normpdf(x)))},
    {Op::log1mexp, smooth(log1mexp_partial)},

    {Op::stop_gradient, flat(unchanged)},
    {Op::again, {unchanged, nullptr, PARTIAL(1), nullptr, nullptr}},

    {Op::add, number(PARTIAL(1))},
    {Op::sub, number(PARTIAL(i == 0 ? 1 : -1))},
    {Op::mul, number(mul_partial)},
    {Op::div, {floats, nullptr, nullptr, div_vjp, div_jvp}},
    {Op::pow, number(pow_partial)},
    {Op::max, {numbers, nullptr, nullptr, extremum_vjp<Op::max>, extremum_jvp<Op::max>}},
    {Op::min, {numbers, nullptr, nullptr, extremum_vjp<Op::min>, extremum_jvp<Op::min>}},
    {Op::atan2, smooth(atan2_partial)},
    {Op::hypot, smooth(hypot_partial)},
    {Op::copysign, smooth(copysign_partial)},
    {Op::less, flat(ordering)},
    {Op::less_equal, flat(ordering)},
    {Op::greater, flat(ordering)},
    {Op::greater_equal, flat(ordering)},
    {Op::equal, flat(equality)},
    {Op::not_equal, flat(equality)},
    {Op::logical_and, flat(logic)},
    {Op::logical_or, flat(logic)},
    {Op::logical_xor, flat(logic)},

    {Op::select, {selection, nullptr, nullptr, select_vjp, select_jvp}},
    {Op::clamp, {numbers, nullptr, nullptr, clamp_vjp, clamp_jvp}},
    {Op::fma, smooth(fma_partial)},

    {Op::raw_min, lowered()},
    {Op::raw_max, lowered()},
    {Op::muladd, lowered()},
    {Op::normtail, lowered()},
    {Op::exp_scaled, lowered()},
    {Op::exp_of_sum, smooth(exp_of_sum_partial)},
    {Op::ldexp_exp, lowered()},
};

}  // namespace

std::span<const Entry> elementwise_entries() { return entries; }

Expr unary(Op op, const Expr& x) {
  const std::array operand{x};
  return build(x.graph(), op, operand);
}

}  // namespace actinium::ops
