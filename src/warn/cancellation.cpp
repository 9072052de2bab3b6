// Differences that lose digits which their arguments have: the operands of a sum agree in their leading digits and are rounded, and
// the result depends on the inputs far less than it does on those roundings. Judged in f64 (or in f32 beside f64) at many points.
// Start reading at Analysis::look_for_cancellation.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "actinium/error.h"
#include "certify/widen.hpp"
#include "graph/brief.hpp"
#include "runtime/function_impl.hpp"
#include "warn/analysis.hpp"

namespace actinium::warn {

using ops::Op;

namespace {

constexpr double nudge = 0x1p-26;      // of every input, up or down, to see how much the result depends on them
constexpr double least_loss = 512;     // how much roundings must be magnified beyond what inputs are: 2.7 digits
constexpr double least_error = 64;     // and what is seen of it in f32, in its rounding errors

/// How roundings of the operands, and how changes of the inputs, are magnified.
struct Magnified {
  double roundings = 0, inputs = 0;
  double loss() const { return roundings / std::max(inputs, 1.0); }
};

Magnified magnified(double a, double b, double r, std::span<const double> nudged) {
  Magnified m;
  if (!(std::isfinite(a) && std::isfinite(b)) || r == 0 || !std::isfinite(r)) return m;
  m.roundings = std::max(std::abs(a), std::abs(b)) / std::abs(r);
  // Beyond that r itself says nothing any more.
  if (m.roundings > 0x1p+44) return {};
  for (const double n : nudged) m.inputs = std::max(m.inputs, std::abs(n - r) / (std::abs(r) * nudge));
  return m;
}

/// Up or down by a fixed pattern.
double nudged(double v, std::size_t pattern, std::size_t place) {
  constexpr std::array<std::uint32_t, 3> signs{0u, 0xAAAAAAAAu, 0x33333333u};
  return v * (((signs[pattern] >> (place % 32)) & 1) != 0 ? 1 - nudge : 1 + nudge);
}

int digits_of(double factor, DType type) {
  const int most = type == DType::f32 ? 7 : 16;
  return std::clamp(static_cast<int>(std::lround(std::log10(factor))), 1, most);
}

}  // namespace

/// A sum of what may have opposite signs, rounded, with something in common.
bool Analysis::may_cancel(NodeId node) const {
  const NodeId a = g_.operand(node, 0), b = g_.operand(node, 1);
  if (cancelled_.contains(a) || cancelled_.contains(b) || a == b) return false;
  if (!inexact_[index(a)] && !inexact_[index(b)]) return false;
  const Interval x = ranges_[index(a)];
  Interval y = ranges_[index(b)];
  if (g_.op(node) == Op::sub) y = {-y.high, -y.low, y.nan};
  return (x.high > 0 && y.low < 0) || (x.low < 0 && y.high > 0);
}

/// Whether one is a number, or some variable is in both: what is independent cancels by chance alone.
bool Analysis::share_variables(NodeId a, NodeId b) const {
  if (g_.op(a) == Op::constant || g_.op(b) == Op::constant) return true;
  const auto one = Probe::of(module_, std::span(&a, 1)), other = Probe::of(module_, std::span(&b, 1));
  if (!one || !other) return false;
  for (NodeId v : one->variables())
    if (std::find(other->variables().begin(), other->variables().end(), v) != other->variables().end()) return true;
  return false;
}

void Analysis::look_for_cancellation(NodeId node) {
  if (!may_cancel(node)) return;
  const NodeId a = g_.operand(node, 0), b = g_.operand(node, 1);
  if (!share_variables(a, b)) return look_for_cancellation_of_sums(node);
  const auto s = scene({node, a, b}, guards(node), {});
  if (!s) return;
  const bool f32 = single(node);
  const Points wide = s->probe.at(s->points, Probe::Type::wide);
  std::array<std::vector<double>, 3> moved;
  for (std::size_t pattern = 0; pattern < moved.size(); ++pattern) {
    Points points = s->points;
    for (std::size_t v = 0; v < points.size(); ++v)
      for (double& p : points[v]) p = nudged(p, pattern, v);
    moved[pattern] = s->probe.at(points, Probe::Type::wide)[0];
  }
  const Points narrow = s->probe.at(s->points, Probe::Type::narrow);
  // The same in f32 beside f64: what is lost there is lost in f64 at points a little further on.
  bool seen = false;
  std::size_t worst = 0;
  double most = 0;
  for (std::size_t i = 0; i < s->taken.size(); ++i) {
    if (!s->taken[i]) continue;
    const double r = wide[0][i];
    const Magnified m = magnified(wide[1][i], wide[2][i], r, std::array{moved[0][i], moved[1][i], moved[2][i]});
    if (m.roundings < 2 * least_loss || m.loss() < least_loss) continue;
    const double error = std::abs(narrow[0][i] - r) / (std::abs(r) * 0x1p-24);
    const bool visible = std::isfinite(narrow[0][i]) && error > least_error * std::max(m.inputs, 1.0);
    seen = seen || visible;
    if (f32 && !visible) continue;
    // The first of equals is the plainest number.
    const double loss = std::min(m.loss(), f32 ? 0x1p+24 : 0x1p+36);
    if (loss > 2 * most) most = loss, worst = i;
  }
  if (!seen || most == 0) return;
  cancelled_.insert(node);
  const DType type = g_.dtype(node);
  const std::string where = at(*s, worst);
  const int lost = digits_of(most, type), all = type == DType::f32 ? 7 : 16;
  const std::string evidence = f32 ? fmt::format("{} instead of {}", text(s->values[0][worst], type), text(wide[0][worst], type))
                                   : fmt::format("a difference of {:.3g} between numbers near {:.3g}", wide[0][worst], wide[1][worst]);
  add(Kind::cancellation, node, where,
      fmt::format("{}{} of {} digits are lost at {}: {}; write it without the difference, or use a series near there", f32 ? "" : "about ", lost, all, where,
                  evidence));
}

namespace {

/// What reductions are made of enters here: whole arrays.
constexpr std::int64_t most_elements = 100000;

struct Sample {
  double offset;
  std::vector<Tensor> arrays;
};

/// Numbers around an offset, with a spread of 1.
Tensor around(double offset, const Shape& shape, const Bindings& sizes, DType type, std::size_t pattern, std::uint64_t seed) {
  const std::vector<std::int64_t> extents = shape.evaluate(sizes);
  Tensor t = Tensor::empty(DType::f64, extents);
  std::uint64_t state = seed;
  for (std::int64_t i = 0; i < t.size(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double v = static_cast<double>(static_cast<float>(offset + 2 * (static_cast<double>(state >> 11) * 0x1p-53) - 1));
    t.data<double>()[i] = pattern == 0 ? v : nudged(v, pattern - 1, static_cast<std::size_t>(i * 7 + i / 5));
  }
  return t.cast(type);
}

}  // namespace

/// Operands with reductions in them, as E[x^2] - E[x]^2: the inputs that they need, as arrays around 0, 100, 1000 and 10000.
void Analysis::look_for_cancellation_of_sums(NodeId node) {
  for (const std::int64_t extent : {8, 100, 1000}) {
    try {
      return look_for_cancellation_of_sums(node, extent);
    } catch (const Error&) {
      // A slice that asks for more elements, sizes that do not go together: with the last of them, nothing is said.
    }
  }
}

void Analysis::look_for_cancellation_of_sums(NodeId node, std::int64_t symbolic_extent) {
  const std::array roots{node, g_.operand(node, 0), g_.operand(node, 1)};
  const std::vector<char> cone = reachable(g_, roots);
  Module m{module_.graph, {}, {roots.begin(), roots.end()}};
  Bindings sizes;
  bool reduces = false;
  for (std::uint32_t i = 0; i < cone.size(); ++i) {
    const NodeId id{i};
    if (!cone[i]) continue;
    const Op op = g_.op(id);
    reduces = reduces || op == Op::reduce_sum;
    if (op == Op::loop || op == Op::result || op == Op::variable || (op == Op::input && !is_float(g_.dtype(id)))) return;
    if (op == Op::input) m.inputs.push_back(id);
    for (const Dim& dim : g_.shape(id))
      for (const std::string& symbol : dim.symbols()) sizes.emplace(symbol, symbolic_extent);
    if (g_.shape(id).size().evaluate(sizes) > most_elements) return;
  }
  if (!reduces || m.inputs.empty()) return;
  // Both depend on some input.
  const std::vector<char> of_a = reachable(g_, std::span(roots).subspan(1, 1)), of_b = reachable(g_, std::span(roots).subspan(2, 1));
  const auto shared = [&](NodeId v) { return index(v) < of_a.size() && of_a[index(v)] && index(v) < of_b.size() && of_b[index(v)]; };
  if (std::none_of(m.inputs.begin(), m.inputs.end(), shared)) return;

  const Module wide = differences::widen(m, {}, {}).module;
  const auto compiled = [&](const Module& module) {
    std::vector<Expr> inputs, outputs;
    for (NodeId id : module.inputs) inputs.emplace_back(module.graph, id);
    for (NodeId id : module.outputs) outputs.emplace_back(module.graph, id);
    CompileOptions options;
    options.engine = Engine::interpret;
    options.threads = 1;
    module.graph->recognises = false;
    return Function<>(runtime::compile(inputs, outputs, options));
  };
  const Function<> f = compiled(compact(wide));
  const auto values = [&](double offset, std::size_t pattern) {
    std::vector<Tensor> arrays;
    for (std::size_t i = 0; i < m.inputs.size(); ++i) {
      const Interval range = ranges_[index(m.inputs[i])];
      const double centre = std::clamp(offset, std::isfinite(range.low) ? range.low + 1 : -1e300, std::isfinite(range.high) ? range.high - 1 : 1e300);
      arrays.push_back(around(centre, g_.shape(m.inputs[i]), sizes, DType::f64, pattern, i + 1));
    }
    return f(arrays);
  };
  for (const double offset : {0.0, 1.0, 100.0, 1000.0, 10000.0}) {
    const std::vector<Tensor> now = values(offset, 0);
    std::array<Tensor, 3> moved;
    for (std::size_t p = 0; p < moved.size(); ++p) moved[p] = values(offset, p + 1)[0];
    const auto element = [&](const Tensor& t, std::int64_t i) { return t.data<double>()[t.size() == now[0].size() ? i : 0]; };
    double most = 0;
    for (std::int64_t i = 0; i < now[0].size(); ++i) {
      const Magnified one = magnified(element(now[1], i), element(now[2], i), element(now[0], i),
                                      std::array{element(moved[0], i), element(moved[1], i), element(moved[2], i)});
      if (one.roundings > 2 * least_loss) most = std::max(most, one.loss());
    }
    if (most < least_loss / 4) continue;
    cancelled_.insert(node);
    const DType type = g_.dtype(node);
    const std::string where = fmt::format("{} = {} with a spread of 1", text(m.inputs[0]), offset);
    add(Kind::cancellation, node, where,
        fmt::format("about {} of {} digits are lost beyond what the inputs' own rounding costs, at {}: take the mean away first, mean(square(x - mean(x)))",
                    digits_of(most, type), type == DType::f32 ? 7 : 16, where));
    return;
  }
}

}  // namespace actinium::warn
