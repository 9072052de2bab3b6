// What each primitive means for real numbers. Start reading at Reference::evaluate.
#include "certify/reference.hpp"

#include <fmt/format.h>

#include <cmath>

#include "actinium/error.h"
#include "activations/textbook.hpp"
#include "ops/error.hpp"

namespace actinium::exact {
namespace {

using ops::Op;

/// exp(-|x|) of a function that is even or can be mirrored: either sign of x is the same analytic function.
bool is_negative(const Series& x) { return x.coefficient(0).middle < 0; }

Series sigmoid(const Series& x) {
  const Series t = exp(is_negative(x) ? x : -x);
  return is_negative(x) ? t / (1 + t) : 1 / (1 + t);
}
Series logistic_pdf(const Series& x) {
  const Series t = exp(is_negative(x) ? x : -x);
  return t / square(1 + t);
}
Series softplus(const Series& x) { return is_negative(x) ? log1p(exp(x)) : x + log1p(exp(-x)); }
Series gauss(const Series& x) { return exp(-square(x)); }
Series normpdf(const Series& x) { return exp(-square(x) / 2) / sqrt(2 * Series::pi()); }
Series normcdf(const Series& x) { return erfc(-x / sqrt(Series(2))) / 2; }
Series log1mexp(const Series& x) { return where(x < 0, log(Series(-1)), log(-expm1(-x))); }

Series unary(Op op, const Series& x) {
  switch (op) {
    case Op::neg: return -x;
    case Op::abs: return abs(x);
    case Op::sign: return sign(x);
    case Op::exp: return exp(x);
    case Op::exp2: return exp(x * log(Series(2)));
    case Op::expm1: return expm1(x);
    case Op::log: return log(x);
    case Op::log2: return log(x) / log(Series(2));
    case Op::log10: return log(x) / log(Series(10));
    case Op::log1p: return log1p(x);
    case Op::sqrt: return sqrt(x);
    case Op::rsqrt: return 1 / sqrt(x);
    case Op::cbrt: return cbrt(x);
    case Op::square: return square(x);
    case Op::reciprocal: return 1 / x;
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
    case Op::floor: return floor(x);
    case Op::ceil: return ceil(x);
    case Op::trunc: return trunc(x);
    case Op::round: return round(x);
    case Op::sech2: return 4 * logistic_pdf(2 * x);
    case Op::sigmoid: return sigmoid(x);
    case Op::logistic_pdf: return logistic_pdf(x);
    case Op::softplus: return softplus(x);
    case Op::gauss: return gauss(x);
    case Op::normpdf: return normpdf(x);
    case Op::normcdf: return normcdf(x);
    case Op::log1mexp: return log1mexp(x);
    case Op::broadcast:
    case Op::reshape:
    case Op::stop_gradient:
    case Op::again: return x;
    default: throw InternalError("no real meaning: " + std::string(ops::name_of(op)));  // NOLINT: the rest is not unary
  }
}

/// max and min as their derivatives have them: the branch that the strict comparison takes, a tie to a literal.
Series larger(const Series& a, const Series& b, bool literal_first) {
  return literal_first ? where(b > a, b, a) : where(a > b, a, b);
}
Series smaller(const Series& a, const Series& b, bool literal_first) {
  return literal_first ? where(b < a, b, a) : where(a < b, a, b);
}

bool has_meaning(const GraphData& g, NodeId id) {
  switch (ops::kind_of(g.op(id))) {
    case ops::Kind::leaf: return g.op(id) == Op::input || g.op(id) == Op::constant;
    case ops::Kind::elementwise:
      return g.op(id) != Op::cast || is_float(g.dtype(id)) || g.dtype(id) == g.dtype(g.operand(id, 0));
    case ops::Kind::unit: return static_cast<const activations::Entry&>(ops::unit_of(g, id)).is_elementwise();
    case ops::Kind::structure: return g.op(id) == Op::broadcast || g.op(id) == Op::reshape;
    case ops::Kind::reduction:
    case ops::Kind::scan:
    case ops::Kind::product:
    case ops::Kind::loop: return false;
  }
  return false;
}

const activations::Entry& entry_of(const GraphData& g, NodeId id) {
  return static_cast<const activations::Entry&>(ops::unit_of(g, id));
}

/// A default as the type holds it; one that is a simple fraction (hard_sigmoid's 1/6) is meant as that.
Series fallback(const activations::Parameter& p, DType type) {
  if (p.exact != nullptr) return Series::decimal(p.exact);
  const double value = *p.fallback;
  const double parts = std::nearbyint(value * 48);
  if (parts / 48 == value) return Series(parts) / 48;
  return {type == DType::f32 ? static_cast<double>(static_cast<float>(value)) : value};
}

/// Activations without a textbook formula (a user's) are what their definition says.
Module with_definitions(Module m) {
  for (bool again = true; again;) {
    again = false;
    m = rebuild(m, [&](GraphData& out, NodeId id, std::span<const NodeId> operands) {
      const GraphData& in = *m.graph;
      if (in.op(id) != Op::activation || entry_of(in, id).facts().textbook.exact != nullptr ||
          !entry_of(in, id).is_elementwise())
        return copy_node(out, in, id, operands);
      again = true;
      const GraphPtr graph = std::const_pointer_cast<GraphData>(out.shared_from_this());
      graph->recognises = false;
      std::vector<Expr> terms;
      for (NodeId o : operands) terms.emplace_back(graph, o);
      const Attributes& a = in.attributes(id);
      const Expr e = entry_of(in, id).expand(static_cast<int>(a.ints[0]), entry_of(in, id).terms(a, terms));
      return e.is_bound() ? e.id() : out.number(in.dtype(id), e.literal());
    });
  }
  return m;
}

}  // namespace

Reference::Reference(const Module& module) : module_(with_definitions(module)) {
  const GraphData& g = *module_.graph;
  const std::vector<char> needed = reachable(g, module_.outputs);
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const Op op = g.op(NodeId{i});
    if (needed[i] && (op == Op::sin || op == Op::cos || op == Op::tan)) has_no_limits_ = true;
    if (needed[i] && op == Op::activation && ops::unit_of(g, NodeId{i}).name() == "snake") has_no_limits_ = true;
  }
  const NodeId root = module_.outputs[0];
  if (ops::kind_of(g.op(root)) == ops::Kind::elementwise && g.op(g.operand(root, 0)) == Op::input)
    direct_ = g.op(root) == Op::sin   ? static_cast<double (*)(double)>(std::sin)
              : g.op(root) == Op::cos ? static_cast<double (*)(double)>(std::cos)
              : g.op(root) == Op::tan ? static_cast<double (*)(double)>(std::tan)
                                      : nullptr;
  for (std::uint32_t i = 0; i < g.size(); ++i)
    if (needed[i] && !has_meaning(g, NodeId{i}))
      ops::fail<ValueError>(g.location(NodeId{i}), "certify",
                            fmt::format("{} is not a function of one real number, element by element",
                                        g.op(NodeId{i}) == Op::activation ? ops::unit_of(g, NodeId{i}).name()
                                                                          : ops::name_of(g.op(NodeId{i}))));
}

Series Reference::node(NodeId id, const std::vector<Series>& values, const std::vector<Truth>& truths,
                       Truth& truth) const {
  const GraphData& g = *module_.graph;
  const auto operands = g.operands(id);
  const auto x = [&](std::size_t i) -> const Series& { return values[index(operands[i])]; };
  const auto q = [&](std::size_t i) { return truths[index(operands[i])]; };
  const auto literal = [&](std::size_t i) { return g.op(operands[i]) == Op::constant; };
  const auto decide = [&](Truth t) {
    truth = t;
    return Series::unknown();
  };
  switch (g.op(id)) {
    case Op::constant:
      if (g.dtype(id) == DType::b8) return decide(*g.constant_bits(id) != 0 ? Truth::yes : Truth::no);
      return {*g.constant_value(id)};
    case Op::cast:
      if (g.dtype(operands[0]) == DType::b8) return where(q(0), 1, 0);
      return x(0);
    case Op::add: return x(0) + x(1);
    case Op::sub: return x(0) - x(1);
    case Op::mul: return x(0) * x(1);
    case Op::div: return x(0) / x(1);
    case Op::pow: return pow(x(0), x(1));
    case Op::exp_scaled: return exp(x(0)) * literal(g.dtype(id) == DType::f32 ? 0x1p-32 : 0x1p-64);
    case Op::exp_of_sum: return x(2) * exp(x(0) + x(1));
    case Op::ldexp_exp: return exp(x(0) + x(1) * log(Series(2)));
    case Op::max:
    case Op::raw_max: return larger(x(0), x(1), literal(0));
    case Op::min:
    case Op::raw_min: return smaller(x(0), x(1), literal(0));
    case Op::atan2: return atan2(x(0), x(1));
    case Op::hypot: return sqrt(square(x(0)) + square(x(1)));
    case Op::copysign: return where(x(1) < 0, -abs(x(0)), abs(x(0)));
    case Op::less: return decide(x(0) < x(1));
    case Op::less_equal: return decide(x(0) <= x(1));
    case Op::greater: return decide(x(0) > x(1));
    case Op::greater_equal: return decide(x(0) >= x(1));
    case Op::equal: return decide(equal(x(0), x(1)));
    case Op::not_equal: return decide(!equal(x(0), x(1)));
    case Op::logical_and: return decide(q(0) && q(1));
    case Op::logical_or: return decide(q(0) || q(1));
    case Op::logical_xor: return decide((q(0) && !q(1)) || (!q(0) && q(1)));
    case Op::logical_not: return decide(!q(0));
    case Op::isnan: return decide(x(0).is_undefined() ? Truth::yes : x(0).is_known() ? Truth::no : Truth::unknown);
    case Op::select:
      if (g.dtype(id) == DType::b8) return decide((q(0) && q(1)) || (!q(0) && q(2)));
      return where(q(0), x(1), x(2));
    case Op::clamp: return where(x(0) > x(1), where(x(0) < x(2), x(0), x(2)), x(1));
    case Op::fma:
    case Op::muladd: return x(0) * x(1) + x(2);
    case Op::custom: return x(0);
    case Op::activation: {
      const activations::Entry& entry = entry_of(g, id);
      const int order = static_cast<int>(g.attributes(id).ints[0]);
      std::vector<Series> parameters;
      std::size_t next = 1;
      for (const activations::Parameter& p : entry.facts().parameters)
        if (p.takes == activations::Takes::number)
          parameters.push_back(next < operands.size() ? x(next++) : fallback(p, g.dtype(id)));
      if (order == 0) return entry.facts().textbook.exact(x(0), parameters);
      const Series::Context longer(Series::length() + order, Series::precision());
      return x(0).composed(entry.facts().textbook.exact(x(0).as_variable(), parameters).derivative(order));
    }
    default: return unary(g.op(id), x(0));  // NOLINT: every other op has one operand
  }
}

Series Reference::evaluate(const Series& x) const {
  const GraphData& g = *module_.graph;
  std::vector<Series> values(g.size(), Series::unknown());
  std::vector<Truth> truths(g.size(), Truth::unknown);
  for (std::uint32_t i = 0; i < g.size(); ++i)
    values[i] = g.op(NodeId{i}) == Op::input ? x : node(NodeId{i}, values, truths, truths[i]);
  return values[index(module_.outputs[0])];
}

Series Reference::evaluate(double low, double high, int order, int length, long precision) const {
  const Series::Context context(length + order, precision);
  return evaluate(Series::variable(low, high)).derivative(order);
}

namespace {

constexpr long highest_precision = 24000;

/// |truth - result| in ulp of the truth, where infinity stands for the first number beyond the largest.
double distance(const Series& truth, double result, Format format, double* absolute) {
  const Series::Magnitude m = truth.magnitude(0);
  const int place = format.last_place(m.high - 1 < m.low ? m.low : m.high - 1);
  if (std::isinf(result) && m.low >= format.max_exponent + 1 && truth.sign(0) == (result > 0 ? 1 : -1))
    return *absolute = 0;
  const Series beyond = Series(std::ldexp(1.0, format.max_exponent)) * Series(result > 0 ? 2 : -2);
  const Series error = truth - (std::isinf(result) ? beyond : Series(result));
  *absolute = std::abs(error.coefficient(0).middle);
  return std::abs(error.coefficient(0, -place).middle);
}

}  // namespace

Judgement Reference::at(double x, double result, int order, Format format) const {
  if (std::isnan(x)) return {Judgement::Kind::undefined, x, std::isnan(result) ? 0 : INFINITY, 0};
  if (std::isinf(x)) return at_infinity(x > 0 ? 1 : -1, result, order, format);
  Judgement j;
  for (long precision = format.bits + 40; precision <= highest_precision; precision *= 2) {
    const Series::Context context(order + 1, precision);
    const Series s = evaluate(Series::variable(x, x)).derivative(order);
    if (s.is_undefined()) return {Judgement::Kind::undefined, NAN, std::isnan(result) ? 0 : INFINITY, 0};
    if (!s.is_known() && std::abs(x) > 0x1p120) return far_out(x, result, order, format);
    if (!s.is_known()) continue;
    const Series::Magnitude m = s.magnitude(0);
    // Beyond the range nothing but the side counts.
    const bool overflows = m.low >= format.max_exponent + 2;
    if (!overflows && s.radius(0, -format.last_place(m.low)) > std::ldexp(1.0, reference_error_exponent)) continue;
    j = {Judgement::Kind::value, overflows ? s.sign(0) * INFINITY : s.coefficient(0).middle, INFINITY, INFINITY};
    if (!std::isnan(result)) j.ulp = distance(s, result, format, &j.absolute);
    return j;
  }
  return j;
}

/// Where exp(x) is beyond even these numbers: the function is constant or proportional to x there, if it is so to 200
/// bits between two points that are far out already.
Judgement Reference::far_out(double x, double result, int order, Format format) const {
  const Series::Context context(order + 1, 2000);
  const int sign = x > 0 ? 1 : -1;
  const Series a = evaluate(Series::variable_at_power(sign, 90)).derivative(order);
  const Series b = evaluate(Series::variable_at_power(sign, 110)).derivative(order);
  if (!a.is_known() || !b.is_known()) return {};
  Judgement j{Judgement::Kind::value, 0, INFINITY, INFINITY};
  if (std::isnan(result)) result = INFINITY * (b.sign(0) > 0 ? -1 : 1);
  const auto alike = [](const Series& p, const Series& q) {
    return (p - q).magnitude(0).high < q.magnitude(0).low - 200;
  };
  const auto vanishes = [&](const Series& s) { return s.magnitude(0).high < format.min_exponent - format.bits - 20; };
  const Series shrunk = b / Series(0x1p20);
  Series truth = b;
  if (vanishes(a) && vanishes(b))
    truth = 0;
  else if (b.magnitude(0).low > format.max_exponent + 2 && b.magnitude(0).low > 1000)
    truth = b;  // overflows
  else if (alike(shrunk, a))
    truth = b * Series(x * sign * 0x1p-110);
  else if (!alike(a, b))
    return {};
  j.truth = truth.magnitude(0).low > 1100 ? truth.sign(0) * INFINITY : truth.coefficient(0).middle;
  j.ulp = distance(truth, result, format, &j.absolute);
  return j;
}

Judgement Reference::at_infinity(int sign, double result, int order, Format format) const {
  if (has_no_limits_) return {};
  // The limit, read off a few points beyond every number: constant, vanishing, or growing.
  constexpr long exponents[] = {1100, 1201, 1333, 1490, 1700, 2003};
  std::vector<Series> seen;
  const Series::Context context(order + 1, 6000);
  for (long e : exponents) seen.push_back(evaluate(Series::variable_at_power(sign, e)).derivative(order));
  bool growing = true, vanishing = true, constant = true;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].is_undefined()) return {Judgement::Kind::undefined, NAN, std::isnan(result) ? 0 : INFINITY, 0};
    if (!seen[i].is_known()) return {};
    vanishing = vanishing && seen[i].magnitude(0).high < format.min_exponent - format.bits - 1;
    if (i == 0) continue;
    const Series gain = (seen[i] - seen[i - 1]) * Series(seen[0].sign(0));
    growing = growing && gain.sign(0) == 1 && gain.magnitude(0).low > seen[i].magnitude(0).low - 20;
    constant = constant && (seen[i] - seen[0]).magnitude(0).high < seen[0].magnitude(0).low - 200;
  }
  Judgement j{Judgement::Kind::value, 0, INFINITY, INFINITY};
  if (vanishing) {
    j.ulp = std::isnan(result) ? INFINITY : std::abs(result) / std::ldexp(1.0, format.last_place(-1e9));
    j.absolute = std::abs(result);
  } else if (constant) {
    j.truth = seen[0].coefficient(0).middle;
    if (!std::isnan(result)) j.ulp = distance(seen[0], result, format, &j.absolute);
  } else if (growing || seen[0].magnitude(0).low > format.max_exponent + 2) {
    j.truth = seen[0].sign(0) * INFINITY;
    if (result == j.truth) j.ulp = j.absolute = 0;
  } else {
    return {};
  }
  return j;
}

bool Reference::is_piecewise_constant(int order) const {
  for (double x : {-1e6, -77.7, -4.2, -1.3, -0.7, -0.2, 0.1, 0.6, 1.7, 5.2, 88.8, 2e6}) {
    const Series s = evaluate(x, x, order + 1, 1, 64);
    if (s.is_known() && s.sign(0) != 0) return false;
  }
  return true;
}

std::optional<std::vector<double>> Reference::zeros(int order, Format format) const {
  constexpr std::size_t few = 8;
  std::vector<double> found;
  const auto sign_at = [&](double x) {
    const Series s = evaluate(x, x, order, 1, 2 * format.bits);
    return s.is_known() ? s.sign(0) : 2;
  };
  for (double side : {-1.0, 1.0}) {
    double before = 0;
    int sign_before = 2;
    for (int step = -40 * 16; step <= 20 * 16; ++step) {
      const double x = side * std::exp2(step / 16.0);
      const int s = sign_at(x);
      if (s * sign_before == -1) {
        double a = before, b = x;
        for (int i = 0; i < 60; ++i) {
          const double middle = a + (b - a) / 2;
          (sign_at(middle) == sign_before ? a : b) = middle;
        }
        found.push_back(a);
        if (found.size() > few) return std::nullopt;
      }
      before = x;
      sign_before = s;
    }
  }
  return found;
}

}  // namespace actinium::exact
