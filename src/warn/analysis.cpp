// Where values go wrong: NaN of numbers, infinite slopes, branches. Cancellation has a file of its own (cancellation.cpp). Start
// reading at Analysis::run.
#include "warn/analysis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "graph/brief.hpp"
#include "ops/cost.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium::warn {

using ops::Op;

namespace {

/// Results that overflow, or are infinite at a pole, for numbers of everyday size.
bool makes_infinities(Op op) {
  switch (op) {
    case Op::exp:
    case Op::exp2:
    case Op::expm1:
    case Op::sinh:
    case Op::cosh:
    case Op::div:
    case Op::reciprocal:
    case Op::rsqrt:
    case Op::log:
    case Op::log2:
    case Op::log10:
    case Op::log1p:
    case Op::atanh:
    case Op::pow: return true;
    default: return false;  // NOLINT
  }
}

bool is_elementwise(const GraphData& g, NodeId id) {
  return ops::kind_of(g.op(id)) == ops::Kind::elementwise || g.op(id) == Op::broadcast ||
         (g.op(id) == Op::activation && ops::unit_of(g, id).is_pointwise());
}

/// Doubling and halving round nothing.
bool is_power_of_two(const GraphData& g, NodeId id) {
  const auto v = g.constant_value(id);
  int exponent = 0;
  return v && std::abs(std::frexp(*v, &exponent)) == 0.5;
}

/// What inputs may be of which the user has said nothing.
enum class Numbers : std::uint8_t { finite, infinite, any };

std::vector<Interval> ranges_with(const Module& m, const std::vector<std::optional<Interval>>& given, Numbers numbers) {
  std::vector<Interval> inputs;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const DType type = m.graph->dtype(m.inputs[i]);
    const double most = numbers != Numbers::finite || !is_float(type) ? std::numeric_limits<double>::infinity()
                        : type == DType::f32                          ? double{std::numeric_limits<float>::max()}
                                                                      : std::numeric_limits<double>::max();
    const Interval all{-most, most, numbers == Numbers::any && is_float(type)};
    inputs.push_back(given[i].value_or(type == DType::b8 ? Interval{0, 1, false} : all));
  }
  return ranges_of(m, inputs);
}

}  // namespace

Analysis::Analysis(const Module& module, const std::vector<std::optional<Interval>>& inputs, std::function<bool(const GraphData&, NodeId)> written)
    : module_(module), g_(*module.graph), written_(std::move(written)), ranges_(ranges_with(module, inputs, Numbers::finite)),
      extended_(ranges_with(module, inputs, Numbers::infinite)), possible_(ranges_with(module, inputs, Numbers::any)), needed_(reachable(g_, module.outputs)),
      inexact_(g_.size(), 0), overflows_(g_.size(), 0), users_(g_.size()) {
  needed_.resize(g_.size(), 0);
  for (std::uint32_t i = 0; i < g_.size(); ++i) {
    const NodeId id{i};
    if (!needed_[i]) continue;
    const auto operands = g_.operands(id);
    const bool scales = g_.op(id) == Op::mul && (is_power_of_two(g_, operands[0]) || is_power_of_two(g_, operands[1]));
    const bool exact = ops::is_exact(g_.op(id)) || scales || !is_elementwise(g_, id);
    inexact_[i] = !exact;
    overflows_[i] = makes_infinities(g_.op(id));
    for (NodeId o : operands) {
      users_[index(o)].push_back(id);
      if (!is_elementwise(g_, id)) continue;
      inexact_[i] = inexact_[i] || inexact_[index(o)];
      overflows_[i] = overflows_[i] || overflows_[index(o)];
    }
  }
}

std::vector<Warning> Analysis::run() {
  for (std::uint32_t i = 0; i < g_.size() && effort_ > 0; ++i) {
    const NodeId id{i};
    if (!needed_[i] || !is_float(g_.dtype(id))) continue;
    if (g_.is_derived(id)) {
      look_for_pole(id);
      continue;
    }
    if (!written_(g_, id)) continue;
    switch (g_.op(id)) {
      case Op::select: look_at_where(id); break;
      case Op::div: look_for_nan(id); break;
      case Op::mul:
      case Op::add:
      case Op::sub:
        if (overflows_[i]) look_for_nan(id);
        if (g_.op(id) != Op::mul) look_for_cancellation(id);
        break;
      case Op::sqrt:
      case Op::cbrt:
      case Op::log:
      case Op::log2:
      case Op::log10:
      case Op::log1p:
      case Op::pow:
      case Op::asin:
      case Op::acos:
      case Op::acosh: look_for_slope(id); break;
      default: break;  // NOLINT: nothing to look for
    }
    for (NodeId o : g_.operands(id))
      if (cancelled_.contains(o)) cancelled_.insert(id);
  }
  return std::move(list_);
}

void Analysis::add(Kind kind, NodeId node, std::string at, std::string message) {
  list_.push_back({kind, text(node), std::move(at), std::move(message), g_.location(node).str()});
}

std::vector<Analysis::Guard> Analysis::guards(NodeId node) const {
  std::vector<Guard> list;
  for (NodeId below = node; users_[index(below)].size() == 1;) {
    const NodeId user = users_[index(below)][0];
    if (!is_elementwise(g_, user)) break;
    if (g_.op(user) == Op::select && g_.operand(user, 0) != below && g_.operand(user, 1) != g_.operand(user, 2))
      list.push_back({g_.operand(user, 0), g_.operand(user, 1) == below});
    below = user;
  }
  return list;
}

void Analysis::take(Scene& s, std::size_t targets, const std::vector<Guard>& guards) const {
  s.values = s.probe.at(s.points);
  s.taken.assign(s.values[0].size(), 1);
  for (std::size_t k = 0; k < guards.size(); ++k)
    for (std::size_t i = 0; i < s.taken.size(); ++i)
      if ((s.values[targets + k][i] != 0) != guards[k].holds) s.taken[i] = 0;
}

std::optional<Analysis::Scene> Analysis::scene(std::vector<NodeId> targets, const std::vector<Guard>& guards, std::span<const std::size_t> roots) const {
  const std::size_t count = targets.size();
  for (const Guard& guard : guards) targets.push_back(guard.condition);
  auto probe = Probe::of(module_, targets);
  if (!probe) return std::nullopt;
  effort_ -= static_cast<std::int64_t>(probe->size());
  Scene s{std::move(*probe), {}, {}, {}};
  const bool f32 = single(targets[0]);
  s.points = points_for(s.probe, ranges_, f32);
  if (s.points[0].empty()) return std::nullopt;
  for (const std::size_t r : roots) append(s.points, roots_of(s.probe, r, s.points, f32));
  take(s, count, guards);
  return s;
}

std::string Analysis::text(double value, DType type) const {
  if (std::isnan(value)) return "NaN";
  return type == DType::f32 ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
}

std::string Analysis::at(const Scene& s, std::size_t point) const {
  std::vector<std::string> parts;
  for (std::size_t v = 0; v < s.points.size(); ++v) {
    const NodeId id = s.probe.variables()[v];
    parts.push_back(fmt::format("{} = {}", text(id), text(s.points[v][point] == 0 ? 0 : s.points[v][point], g_.dtype(id))));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// --- where ---

void Analysis::look_at_where(NodeId node) {
  const auto x = g_.operands(node);
  const bool constant_nan = [&] {
    for (const std::size_t k : {1, 2})
      if (const auto v = g_.constant_value(x[k]); v && std::isnan(*v)) return true;
    return false;
  }();
  if (constant_nan) return;
  if (look_for_dead_branch(node)) return;
  for (const std::size_t k : {1, 2}) {
    if (!is_elementwise(g_, x[k]) || g_.op(x[k]) == Op::constant || g_.is_derived(x[k])) continue;
    const auto s = scene({node, x[k], x[0]}, guards(node), std::array<std::size_t, 1>{1});
    if (!s) continue;
    for (std::size_t i = 0; i < s->taken.size(); ++i) {
      const bool other = (s->values[2][i] != 0) != (k == 1);
      if (!s->taken[i] || !other || std::isfinite(s->values[1][i]) || !std::isfinite(s->values[0][i])) continue;
      const std::string where = at(*s, i), arm = text(x[k]);
      add(Kind::masked, node, where,
          fmt::format("{} is {} at {}, where the other branch is taken: the value and the gradient are right here, but check_finite stops at it, and "
                      "elsewhere its gradient would be NaN; choose a harmless argument inside, as log(where(x > 0, x, 1)) does",
                      arm, text(s->values[1][i], g_.dtype(node)), where));
      break;
    }
  }
}

/// A condition that always holds is one for NaN and infinities too, unless a range of the user's keeps them out: guards against them are
/// meant. An order that all numbers have, infinities among them, is no guard.
bool Analysis::look_for_dead_branch(NodeId node) {
  const auto x = g_.operands(node);
  const auto report = [&](const Interval& condition, std::string_view but) {
    const bool holds = condition.is(1);
    if (!holds && !condition.is(0)) return false;
    add(Kind::dead_branch, node, "", fmt::format("{} {} holds: {} is never taken{}", text(x[0]), holds ? "always" : "never", text(x[holds ? 2 : 1]), but));
    return true;
  };
  if (report(possible_[index(x[0])], "")) return true;
  const Op op = g_.op(x[0]);
  const bool order = op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal;
  return order && report(extended_[index(x[0])], ", but for NaN");
}

// --- NaN of numbers ---

void Analysis::look_for_nan(NodeId node) {
  const Op op = g_.op(node);
  const auto x = g_.operands(node);
  const bool pole = op == Op::div && ranges_[index(x[1])].contains(0) && ranges_[index(x[0])].contains(0);
  const bool infinite = overflows_[index(x[0])] || overflows_[index(x[1])];
  if (!pole && !infinite) return;
  std::vector<std::size_t> roots;
  if (pole) roots.push_back(2);
  const auto s = scene({node, x[0], x[1]}, guards(node), roots);
  if (!s) return;
  for (std::size_t i = 0; i < s->taken.size(); ++i) {
    const double r = s->values[0][i], a = s->values[1][i], b = s->values[2][i];
    if (!s->taken[i] || !std::isnan(r) || std::isnan(a) || std::isnan(b)) continue;
    const std::string where = at(*s, i);
    const std::string_view sign = op == Op::div ? "/" : op == Op::mul ? "*" : op == Op::add ? "+" : "-";
    const auto magnitude = [](double v) { return v == 0 ? "0" : std::isinf(v) ? (v < 0 ? "-inf" : "inf") : "a number"; };
    add(Kind::indeterminate, node, where,
        fmt::format("{} {} {} is NaN, at {}{}", magnitude(a), sign, magnitude(b), where,
                    op == Op::div && b == 0 ? "; keep the denominator from 0, or choose the limit there: where(d == 0, limit, n / where(d == 0, 1, d))" : ""));
    return;
  }
}

// --- Infinite slopes ---

namespace {
/// Operands at which the slope is infinite although the value is not, or is the pole of a logarithm.
std::vector<double> critical(const GraphData& g, NodeId id) {
  switch (g.op(id)) {
    case Op::sqrt:
    case Op::cbrt:
    case Op::log:
    case Op::log2:
    case Op::log10: return {0};
    case Op::log1p: return {-1};
    case Op::asin:
    case Op::acos: return {1, -1};
    case Op::acosh: return {1};
    case Op::pow: {
      const auto exponent = g.constant_value(g.operand(id, 1));
      return exponent && *exponent > 0 && *exponent < 1 ? std::vector<double>{0} : std::vector<double>{};
    }
    default: return {};  // NOLINT
  }
}
}  // namespace

void Analysis::look_for_slope(NodeId node) {
  const NodeId x = g_.operand(node, 0);
  for (const double c : critical(g_, node)) {
    if (!ranges_[index(x)].contains(c) || g_.op(x) == Op::constant) continue;
    std::vector<std::size_t> roots;
    if (c == 0) roots.push_back(1);
    const auto s = scene({node, x}, guards(node), roots);
    if (!s) return;
    for (std::size_t i = 0; i < s->taken.size(); ++i) {
      if (!s->taken[i] || s->values[1][i] != c) continue;
      const std::string where = at(*s, i);
      const double value = s->values[0][i];
      add(Kind::infinite_slope, node, where,
          fmt::format("the gradient is infinite or NaN at {}, where the value is {}; {}", where, text(value, g_.dtype(node)),
                      std::isinf(value) ? "keep the argument above 0, as log(max(x, 1e-30)) does"
                      : c == 0          ? "keep the argument away from there, as sqrt(x + 1e-12) does, or choose another inside: sqrt(where(x > 0, x, 1))"
                                        : "keep the argument from the end, as clamp(x, -0.999999, 0.999999) does"));
      return;
    }
  }
}

/// What sweeps make of roots, of powers below 1 and of inverse functions at their ends: a pole where the function itself has none.
void Analysis::look_for_pole(NodeId node) {
  const Op op = g_.op(node);
  NodeId x = no_node;
  if (op == Op::rsqrt) x = g_.operand(node, 0);
  if (op == Op::div && g_.op(g_.operand(node, 1)) == Op::sqrt) x = g_.operand(g_.operand(node, 1), 0);
  if (op == Op::pow)
    if (const auto exponent = g_.constant_value(g_.operand(node, 1)); exponent && *exponent > -1 && *exponent < 0) x = g_.operand(node, 0);
  if (x == no_node || !ranges_[index(x)].contains(0)) return;
  const std::string place = g_.location(node).str();
  for (const Warning& w : list_)
    if (w.kind == Kind::infinite_slope && w.place == place) return;  // the function has been found
  const auto s = scene({node, x}, guards(node), std::array<std::size_t, 1>{1});
  if (!s) return;
  for (std::size_t i = 0; i < s->taken.size(); ++i) {
    if (!s->taken[i] || s->values[1][i] != 0 || std::isfinite(s->values[0][i])) continue;
    const std::string where = at(*s, i);
    add(Kind::infinite_slope, node, where, fmt::format("the derivative is infinite or NaN at {}; keep the argument of what is differentiated away from there", where));
    return;
  }
}

}  // namespace actinium::warn
