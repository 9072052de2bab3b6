// Cones of elementwise nodes made again over vectors of points. Start reading at Probe::of.
#include "warn/probe.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>

#include "ops/unit.hpp"
#include "runtime/function_impl.hpp"

namespace actinium::warn {
namespace {

using ops::Op;

constexpr std::size_t largest_cone = 120;
constexpr double usual_extent = 8;  // of an axis whose size is not known

/// Computed from the same element of its operands. A broadcast is: axes are aligned before it.
bool by_element(const GraphData& g, NodeId id) {
  const Op op = g.op(id);
  if (op == Op::activation) return ops::unit_of(g, id).is_pointwise();
  return op == Op::broadcast || op == Op::constant || op == Op::dim_size || ops::kind_of(op) == ops::Kind::elementwise;
}

double rounded(double v, bool f32) { return f32 ? static_cast<double>(static_cast<float>(v)) : v; }

/// As Philox would be too much for: a sequence that is the same everywhere.
class Sequence {
 public:
  double next() {  // in [0, 1)
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() * static_cast<double>(n)); }

 private:
  std::uint64_t state_ = 42;
};

}  // namespace

std::optional<Probe> Probe::of(const Module& m, std::span<const NodeId> targets, std::size_t most) {
  const GraphData& g = *m.graph;
  Probe p;
  p.module_ = &m;
  p.targets_.assign(targets.begin(), targets.end());
  std::uint32_t count = 0;
  for (NodeId t : targets) count = std::max(count, index(t) + 1);
  p.inside_.assign(count, 0);
  for (NodeId t : targets) p.inside_[index(t)] = 1;
  std::set<double> numbers;
  for (std::uint32_t i = count; i-- > 0;) {
    if (!p.inside_[i]) continue;
    const NodeId id{i};
    if (++p.size_ > largest_cone) return std::nullopt;
    if (const auto number = g.constant_value(id); number && std::isfinite(*number)) numbers.insert(*number);
    if (by_element(g, id)) {
      for (NodeId o : g.operands(id)) p.inside_[index(o)] = 1;
    } else {
      p.variables_.push_back(id);
      if (p.variables_.size() > most || !is_float(g.dtype(id))) return std::nullopt;
    }
  }
  std::reverse(p.variables_.begin(), p.variables_.end());
  p.constants_.assign(numbers.begin(), numbers.end());
  if (p.variables_.empty()) return std::nullopt;
  return p;
}

Function<> Probe::function(Type type) const {
  Function<>& known = functions_[static_cast<std::size_t>(type)];
  if (known.impl() != nullptr) return known;
  const GraphData& g = *module_->graph;
  const auto graph = std::make_shared<GraphData>(g.default_dtype());
  graph->recognises = false;
  const Shape line{Dim("points")};
  const auto type_of = [&](DType t) { return !is_float(t) || type == Type::own ? t : type == Type::wide ? DType::f64 : DType::f32; };
  std::vector<NodeId> image(inside_.size(), no_node), operands;
  std::vector<Expr> inputs, outputs;
  for (NodeId v : variables_) {
    image[index(v)] = graph->add_input("v" + std::to_string(inputs.size()), line, type_of(g.dtype(v)), no_location);
    inputs.emplace_back(graph, image[index(v)]);
  }
  for (std::uint32_t i = 0; i < inside_.size(); ++i) {
    const NodeId id{i};
    if (!inside_[i] || image[i] != no_node) continue;
    const DType dtype = type_of(g.dtype(id));
    if (const auto number = g.constant_value(id)) {
      image[i] = is_float(dtype) ? graph->number(dtype, *number) : graph->constant(dtype, *g.constant_bits(id));
      continue;
    }
    if (g.op(id) == Op::dim_size) {
      image[i] = graph->number(dtype, usual_extent);
      continue;
    }
    operands.clear();
    bool vector = false;
    for (NodeId o : g.operands(id)) {
      operands.push_back(image[index(o)]);
      vector = vector || graph->shape(operands.back()).rank() > 0;
    }
    const bool same = g.op(id) == Op::broadcast || (g.op(id) == Op::cast && graph->dtype(operands[0]) == dtype);
    if (same) {
      image[i] = operands[0];
      continue;
    }
    // An activation has the shape of its first operand.
    if (g.op(id) == Op::activation && vector && graph->shape(operands[0]).rank() == 0)
      operands[0] = graph->intern(Op::broadcast, dtype, line, std::span(operands).first(1), {}, no_location);
    image[i] = graph->intern(g.op(id), dtype, vector ? line : Shape{}, operands, g.attributes(id), no_location);
  }
  for (NodeId t : targets_) outputs.emplace_back(graph, image[index(t)]);
  CompileOptions options;
  options.engine = Engine::interpret;
  options.threads = 1;
  return known = Function<>(runtime::compile(inputs, outputs, options));
}

Points Probe::at(const Points& points, Type type) const {
  const Function<> f = function(type);
  std::vector<Tensor> arguments;
  for (std::size_t v = 0; v < variables_.size(); ++v) {
    const Tensor wide(points[v]);
    arguments.push_back(wide.cast(f.inputs()[v].dtype));
  }
  const std::size_t n = points[0].size();
  Points values;
  for (const Tensor& t : f(arguments)) {
    const Tensor wide = t.cast(DType::f64);
    const std::span<const double> all = wide.span<double>();
    values.emplace_back(all.begin(), all.end());
    if (values.back().size() == 1) values.back().resize(n, values.back()[0]);
  }
  return values;
}

void append(Points& to, const Points& more) {
  for (std::size_t v = 0; v < to.size(); ++v) to[v].insert(to[v].end(), more[v].begin(), more[v].end());
}

namespace {

/// Numbers within a range, the plainest first.
std::vector<double> numbers_in(const Interval& range, std::span<const double> constants, bool f32) {
  std::vector<double> all{0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 10, -10, 4, -4, 5, -5, 100, -100, 1000, -1000, 20, -20, 50, -50, 200, -200, 500, -500};
  for (const double tenth : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8})
    for (const double sign : {1.0, -1.0}) all.push_back(sign * tenth);
  for (const double c : constants)
    if (std::abs(c) <= 1e6)
      for (const double v : {c, -c, c + 1e-4, c - 1e-4, 1e-4 - c, 2 * c, c / 2}) all.push_back(v);
  for (const double v : {1e-10, -1e-10, 1e-15, -1e-15, 90.0, -90.0, 800.0, -800.0}) all.push_back(v);
  // The ends of what is known; that numbers are finite is no knowledge.
  const bool from = std::abs(range.low) < 1e37, to = std::abs(range.high) < 1e37;
  if (from) all.push_back(range.low);
  if (to) all.push_back(range.high);
  if (from && to)
    for (int i = 1; i < 32; ++i) all.push_back(range.low + (range.high - range.low) * i / 32);
  Sequence random;
  for (int i = 0; i < 60; ++i) {
    const double v = std::ldexp(1 + random.next(), static_cast<int>(random.below(43)) - 33);
    all.push_back(random.next() < 0.5 ? v : -v);
  }
  std::vector<double> kept;
  std::set<double> seen;
  for (double v : all) {
    v = rounded(v, f32);
    if (range.contains(v) && seen.insert(v).second) kept.push_back(v);
  }
  return kept;
}

}  // namespace

Points points_for(const Probe& probe, std::span<const Interval> ranges, bool f32) {
  const std::size_t k = probe.variables().size();
  Points numbers, points(k);
  for (NodeId v : probe.variables()) {
    numbers.push_back(numbers_in(ranges[index(v)], probe.constants(), f32));
    if (numbers.back().empty()) return points;
  }
  if (k == 1) return numbers;
  const auto take = [&](auto&& pick) {
    for (std::size_t v = 0; v < k; ++v) points[v].push_back(pick(v));
  };
  std::size_t longest = 0;
  for (const auto& list : numbers) longest = std::max(longest, list.size());
  for (std::size_t i = 0; i < longest; ++i) take([&](std::size_t v) { return numbers[v][std::min(i, numbers[v].size() - 1)]; });
  for (std::size_t one = 0; one < k; ++one)
    for (std::size_t other = 0; other < 3; ++other)
      for (double x : numbers[one]) take([&](std::size_t v) { return v == one ? x : numbers[v][std::min(other, numbers[v].size() - 1)]; });
  Sequence random;
  for (int i = 0; i < 2000; ++i) take([&](std::size_t v) { return numbers[v][random.below(i % 2 ? numbers[v].size() : std::min<std::size_t>(30, numbers[v].size()))]; });
  return points;
}

Points roots_of(const Probe& probe, std::size_t target, const Points& points, bool f32) {
  const std::size_t k = probe.variables().size();
  Points low(k), high(k), found(k);
  if (points[0].empty()) return found;
  const auto put = [&](Points& to, const Points& from, std::size_t i) {
    for (std::size_t v = 0; v < k; ++v) to[v].push_back(from[v][i]);
  };
  const std::vector<double> values = probe.at(points)[target];
  // Neighbours along one variable, the others being equal.
  for (std::size_t one = 0; one < k; ++one) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      for (std::size_t v = 0; v < k; ++v)
        if (v != one && points[v][a] != points[v][b]) return points[v][a] < points[v][b];
      return points[one][a] < points[one][b];
    });
    for (std::size_t i = 1; i < order.size() && low[0].size() < 64 * (one + 1); ++i) {
      const std::size_t a = order[i - 1], b = order[i];
      bool line = true;
      for (std::size_t v = 0; v < k; ++v) line = line && (v == one || points[v][a] == points[v][b]);
      if (!line || !(values[a] * values[b] < 0)) continue;
      put(low, points, a);
      put(high, points, b);
    }
  }
  if (low[0].empty()) return found;
  const std::vector<double> at_low = probe.at(low)[target];
  for (int step = 0; step < 90; ++step) {
    Points middle(k);
    for (std::size_t v = 0; v < k; ++v)
      for (std::size_t i = 0; i < low[v].size(); ++i) middle[v].push_back(rounded(low[v][i] + (high[v][i] - low[v][i]) / 2, f32));
    const std::vector<double> now = probe.at(middle)[target];
    for (std::size_t i = 0; i < now.size(); ++i)
      for (std::size_t v = 0; v < k; ++v) (now[i] * at_low[i] > 0 ? low : high)[v][i] = middle[v][i];
  }
  append(found, low);
  append(found, high);
  return found;
}

}  // namespace actinium::warn
