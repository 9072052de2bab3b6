// Interval arithmetic by op. Bounds that are computed are moved outwards by more than any rounding of f32; exact ones (of abs, max,
// clamp, ...) stay. Start reading at Ranges::of.
#include "warn/ranges.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "ops/fold.hpp"
#include "ops/unit.hpp"

namespace actinium::warn {
namespace {

using ops::Op;

constexpr double inf = std::numeric_limits<double>::infinity();

/// Beyond any result that rounds to f32 from within [low, high].
Interval outward(double low, double high, bool nan) {
  const auto room = [](double v) { return 1e-6 * std::abs(v) + 1e-44; };
  return {std::isfinite(low) ? low - room(low) : low, std::isfinite(high) ? high + room(high) : high, nan};
}
Interval within(Interval a, double low, double high) { return {std::max(a.low, low), std::min(a.high, high), a.nan}; }
Interval hull(const Interval& a, const Interval& b) { return {std::min(a.low, b.low), std::max(a.high, b.high), a.nan || b.nan}; }

/// Numbers beyond the largest f32 round to infinities.
Interval in_f32(Interval r) {
  constexpr double most = std::numeric_limits<float>::max();
  if (r.high > most) r.high = inf, r.low = std::min(r.low, most);
  if (r.low < -most) r.low = -inf, r.high = std::max(r.high, -most);
  return r;
}

double at(Op op, double x) {
  const std::array types{DType::f64};
  const std::array bits{std::bit_cast<std::uint64_t>(x)};
  return std::bit_cast<double>(*ops::fold(op, DType::f64, types, bits));
}

Interval increasing(Op op, const Interval& x) { return outward(at(op, x.low), at(op, x.high), x.nan); }

double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

Interval times(const Interval& a, const Interval& b) {
  const std::array all{product(a.low, b.low), product(a.low, b.high), product(a.high, b.low), product(a.high, b.high)};
  const bool infinite = std::isinf(a.low) || std::isinf(a.high) || std::isinf(b.low) || std::isinf(b.high);
  const bool zero = a.contains(0) || b.contains(0);
  Interval r = outward(*std::min_element(all.begin(), all.end()), *std::max_element(all.begin(), all.end()), a.nan || b.nan || (infinite && zero));
  const bool sure = (a.low >= 0 && b.low >= 0) || (a.high <= 0 && b.high <= 0);
  return sure ? within(r, 0, inf) : r;
}

Interval plus(const Interval& a, const Interval& b) {
  const double low = a.low + b.low, high = a.high + b.high;
  const bool opposite = (a.low == -inf && b.high == inf) || (a.high == inf && b.low == -inf);
  Interval r = outward(std::isnan(low) ? -inf : low, std::isnan(high) ? inf : high, a.nan || b.nan || opposite);
  // A sum of numbers of one sign rounds to no other sign.
  if (a.low >= 0 && b.low >= 0) r.low = std::max(r.low, std::max(a.low, b.low));
  if (a.high <= 0 && b.high <= 0) r.high = std::min(r.high, std::min(a.high, b.high));
  return r;
}
Interval negated(const Interval& a) { return {-a.high, -a.low, a.nan}; }

Interval absolute(const Interval& x) {
  const double high = std::max(std::abs(x.low), std::abs(x.high));
  return {x.contains(0) ? 0 : std::min(std::abs(x.low), std::abs(x.high)), high, x.nan};
}

Interval over(const Interval& a, const Interval& b) {
  if (b.contains(0)) {
    Interval r{-inf, inf, a.nan || b.nan || a.contains(0) || std::isinf(a.high) || std::isinf(a.low)};
    if (a.low >= 0 && b.low >= 0) r.low = 0;
    return r;
  }
  const auto quotient = [](double x, double y) { return std::isinf(y) ? 0 : x / y; };
  const std::array all{quotient(a.low, b.low), quotient(a.low, b.high), quotient(a.high, b.low), quotient(a.high, b.high)};
  const bool both = (std::isinf(a.low) || std::isinf(a.high)) && (std::isinf(b.low) || std::isinf(b.high));
  Interval r = outward(*std::min_element(all.begin(), all.end()), *std::max_element(all.begin(), all.end()), a.nan || b.nan || both);
  if ((a.low >= 0 && b.low > 0) || (a.high <= 0 && b.high < 0)) r.low = std::max(r.low, 0.0);
  return r;
}

constexpr Interval truth{0, 1, false};
Interval answer(bool yes, bool no) { return yes ? Interval{1, 1, false} : no ? Interval{0, 0, false} : truth; }

class Ranges {
 public:
  explicit Ranges(const GraphData& graph) : g_(graph) {}

  Interval of(NodeId id, std::span<const Interval> x) const {
    const Op op = g_.op(id);
    if (const auto number = g_.constant_value(id)) return {*number, *number, std::isnan(*number)};
    if (g_.dtype(id) == DType::b8) return condition(op, x);
    if (!is_float(g_.dtype(id))) return integer(op, x);
    return g_.dtype(id) == DType::f32 ? in_f32(number(id, x)) : number(id, x);
  }

 private:
  const GraphData& g_;

  static Interval condition(Op op, std::span<const Interval> x) {
    const bool nan = x.size() > 1 && (x[0].nan || x[1].nan);
    switch (op) {
      case Op::less: return answer(!nan && x[0].high < x[1].low, x[0].low >= x[1].high);
      case Op::less_equal: return answer(!nan && x[0].high <= x[1].low, x[0].low > x[1].high);
      case Op::greater: return answer(!nan && x[0].low > x[1].high, x[0].high <= x[1].low);
      case Op::greater_equal: return answer(!nan && x[0].low >= x[1].high, x[0].high < x[1].low);
      case Op::equal: return answer(!nan && x[0].low == x[0].high && x[1].is(x[0].low), x[0].high < x[1].low || x[0].low > x[1].high);
      case Op::not_equal: return answer(x[0].high < x[1].low || x[0].low > x[1].high, !nan && x[0].low == x[0].high && x[1].is(x[0].low));
      case Op::logical_and: return answer(x[0].low == 1 && x[1].low == 1, x[0].high == 0 || x[1].high == 0);
      case Op::logical_or: return answer(x[0].low == 1 || x[1].low == 1, x[0].high == 0 && x[1].high == 0);
      case Op::logical_not: return answer(x[0].high == 0, x[0].low == 1);
      case Op::isnan: return answer(false, !x[0].nan);
      case Op::broadcast:
      case Op::reshape:
      case Op::transpose:
      case Op::slice:
      case Op::flip: return x[0];
      default: return truth;  // NOLINT
    }
  }

  static Interval integer(Op op, std::span<const Interval> x) {
    switch (op) {
      case Op::dim_size: return {1, inf, false};  // of empty arrays nothing is said
      case Op::iota:
      case Op::argmax:
      case Op::argmin:
      case Op::argsort: return {0, inf, false};
      case Op::broadcast:
      case Op::reshape:
      case Op::transpose:
      case Op::slice:
      case Op::flip: return x[0];
      default: return {-inf, inf, false};  // NOLINT: what wraps is anything
    }
  }

  Interval unit(NodeId id, std::span<const Interval> x) const {
    const std::string_view name = ops::unit_of(g_, id).name();
    bool nan = false;
    for (const Interval& i : x) nan = nan || i.nan || std::isinf(i.high) || std::isinf(i.low);
    if (g_.attributes(id).ints[0] != 0) return {};
    for (const std::string_view n : {"softmax", "hard_sigmoid", "sparsemax"})
      if (name == n) return {0, 1, nan};
    for (const std::string_view n : {"relu6", "softmax_cross_entropy", "squareplus"})
      if (name == n) return {0, inf, nan};
    return {-inf, inf, nan};
  }

  Interval number(NodeId id, std::span<const Interval> x) const {
    const Op op = g_.op(id);
    switch (op) {
      case Op::dim_size: return {1, inf, false};
      case Op::iota: return {0, inf, false};
      case Op::neg: return negated(x[0]);
      case Op::abs: return absolute(x[0]);
      case Op::sign: return {x[0].low > 0 ? 1.0 : x[0].low < 0 ? -1.0 : 0.0, x[0].high > 0 ? 1.0 : x[0].high < 0 ? -1.0 : 0.0, x[0].nan};
      case Op::exp:
      case Op::exp2: return within(increasing(op, x[0]), 0, inf);
      case Op::expm1: return within(increasing(op, x[0]), -1, inf);
      case Op::tanh:
      case Op::erf: return within(increasing(op, x[0]), -1, 1);
      case Op::atan: return increasing(op, x[0]);
      case Op::cbrt:
      case Op::sinh:
      case Op::asinh: return increasing(op, x[0]);
      case Op::floor:
      case Op::ceil:
      case Op::trunc:
      case Op::round: return {at(op, x[0].low), at(op, x[0].high), x[0].nan};
      case Op::log:
      case Op::log2:
      case Op::log10:
      case Op::sqrt: {
        Interval r = increasing(op, within(x[0], 0, inf));
        r.nan = x[0].nan || x[0].low < 0;
        if (x[0].high < 0) return {-inf, inf, true};
        return op == Op::sqrt ? within(r, 0, inf) : r;
      }
      case Op::log1p: {
        if (x[0].high < -1) return {};
        Interval r = increasing(op, within(x[0], -1, inf));
        r.nan = x[0].nan || x[0].low < -1;
        return r;
      }
      case Op::sin:
      case Op::cos: return {-1, 1, x[0].nan || std::isinf(x[0].low) || std::isinf(x[0].high)};
      case Op::asin:
      case Op::acos: return {op == Op::asin ? -1.5707964 : 0, op == Op::asin ? 1.5707964 : 3.1415928, x[0].nan || x[0].low < -1 || x[0].high > 1};
      case Op::cosh: return within(outward(at(op, absolute(x[0]).low), at(op, absolute(x[0]).high), x[0].nan), 1, inf);
      case Op::erfc: return within(negated(increasing(Op::erf, x[0])), -1, 1).nan ? Interval{0, 2, true} : Interval{0, 2, false};
      case Op::square: {
        const Interval a = absolute(x[0]);
        return within(outward(a.low * a.low, a.high * a.high, a.nan), 0, inf);
      }
      case Op::reciprocal: return over({1, 1, false}, x[0]);
      case Op::rsqrt: return {0, inf, x[0].nan || x[0].low < 0};
      case Op::sech2:
      case Op::sigmoid:
      case Op::gauss:
      case Op::normcdf:
      case Op::logistic_pdf:
      case Op::normpdf: return {0, 1, x[0].nan};
      case Op::softplus: return {0, inf, x[0].nan};
      case Op::add: return plus(x[0], x[1]);
      case Op::sub: return g_.operand(id, 0) == g_.operand(id, 1) ? Interval{0, 0, x[0].nan || std::isinf(x[0].high) || std::isinf(x[0].low)} : plus(x[0], negated(x[1]));
      case Op::mul:
        if (g_.operand(id, 0) == g_.operand(id, 1)) {
          const Interval a = absolute(x[0]);
          return within(outward(a.low * a.low, a.high * a.high, a.nan), 0, inf);
        }
        return times(x[0], x[1]);
      case Op::div: return over(x[0], x[1]);
      case Op::pow:
        if (x[1].low == x[1].high && std::fmod(x[1].low, 2) == 0) return {0, inf, x[0].nan};
        return x[0].low >= 0 ? Interval{0, inf, x[0].nan || x[1].nan} : Interval{};
      case Op::hypot: return within(outward(std::max(absolute(x[0]).low, absolute(x[1]).low), inf, x[0].nan || x[1].nan), 0, inf);
      case Op::max: return {std::max(x[0].low, x[1].low), std::max(x[0].high, x[1].high), x[0].nan || x[1].nan};
      case Op::min: return {std::min(x[0].low, x[1].low), std::min(x[0].high, x[1].high), x[0].nan || x[1].nan};
      case Op::clamp: return {std::min(std::max(x[0].low, x[1].low), x[2].high), std::max(std::min(x[0].high, x[2].high), x[1].low), x[0].nan || x[1].nan || x[2].nan};
      case Op::select: return x[0].is(1) ? x[1] : x[0].is(0) ? x[2] : hull(x[1], x[2]);
      case Op::cast: return is_float(g_.dtype(g_.operand(id, 0))) ? outward(x[0].low, x[0].high, x[0].nan) : Interval{x[0].low, x[0].high, false};
      case Op::stop_gradient:
      case Op::again:
      case Op::broadcast:
      case Op::reshape:
      case Op::transpose:
      case Op::slice:
      case Op::flip:
      case Op::reduce_max:
      case Op::reduce_min:
      case Op::sort: return x[0];
      case Op::concat: {
        Interval r = x[0];
        for (const Interval& i : x) r = hull(r, i);
        return r;
      }
      case Op::gather: return x[0];
      case Op::pad: return hull(x[0], x[1]);
      case Op::reduce_sum:
      case Op::cumsum: {
        // Of any number of elements, none among them; parts of the sum that overflow are subtracted as infinities.
        const bool mixed = x[0].low < -1e20 && x[0].high > 1e20;
        return {x[0].low >= 0 ? 0 : -inf, x[0].high <= 0 ? 0 : inf, x[0].nan || mixed};
      }
      case Op::one_hot: return {0, 1, false};
      case Op::activation: return unit(id, x);
      default: return {};  // NOLINT: nothing is known of the others
    }
  }
};

}  // namespace

std::vector<Interval> ranges_of(const Module& m, const std::vector<Interval>& inputs) {
  const GraphData& g = *m.graph;
  std::vector<Interval> all(g.size());
  const Ranges rules(g);
  std::vector<char> given(g.size(), 0);
  for (std::size_t i = 0; i < m.inputs.size(); ++i) {
    all[index(m.inputs[i])] = inputs[i];
    given[index(m.inputs[i])] = 1;
  }
  std::vector<Interval> operands;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    if (given[i]) continue;
    operands.clear();
    for (NodeId o : g.operands(NodeId{i})) operands.push_back(all[index(o)]);
    all[i] = rules.of(NodeId{i}, operands);
  }
  return all;
}

}  // namespace actinium::warn
