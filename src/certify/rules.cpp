// What a rule of recognise is worth: its formula as written and as recognised, against the truth. Start reading at certify_rule.
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "actinium/recognise.h"
#include "certify/reference.hpp"
#include "certify/rounding.hpp"
#include "passes/recognise.hpp"

namespace actinium {
namespace {

using passes::Letters;
using passes::Rule;

RecognitionRule told(const Rule& r) {
  return {std::string(r.name), std::string(r.from), std::string(r.to), std::string(r.why), r.use == passes::Use::always};
}

/// Numbers of the type: edges, and samples by magnitude and around where formulas turn.
std::vector<double> points(const Rule& rule, DType type, std::uint64_t samples, std::uint64_t seed) {
  const bool single = type == DType::f32;
  const int low = single ? -149 : -1074, high = single ? 127 : 1023;
  std::vector<double> list;
  const auto add = [&](double v) {
    if (single) v = static_cast<double>(static_cast<float>(v));
    list.insert(list.end(), {v, -v});
  };
  const auto around = [&](double v) {
    add(v);
    for (int k = 1; k < 4; ++k) {
      const double gap = std::ldexp(std::abs(v), single ? -23 : -52) * k;
      add(v + gap), add(v - gap);
    }
    for (double d : {1e-2, 1e-4, 1e-6}) add(v * (1 + d)), add(v * (1 - d));
  };
  add(0), add(std::numeric_limits<double>::infinity());
  add(single ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max());
  for (int e = low; e <= high; e += single ? 1 : 5) add(std::ldexp(1.0, e)), add(std::ldexp(1.7, e));
  around(1), around(0.5), around(2);
  for (double y : rule.trial.y) around(std::abs(y));
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  for (std::uint64_t i = 0; i < samples / 2; ++i) {
    const double range[] = {2, 20, single ? 110.0 : 760.0};
    add(i % 4 == 3 ? std::exp2(low + unit(random) * (high - low)) : range[i % 4] * unit(random));
  }
  return list;
}

/// A random spelling: what x stands for, what stands before the formula, and how its operations are written.
class Spelling {
 public:
  Spelling(const Rule& rule, std::uint64_t seed) : random_(seed), plain_(seed == 0) {
    if (plain_) return;
    if (rule.trial.row.empty() && !rule.trial.truth) inner_ = std::array{1.0, -1.0, 2.0, 0.5}[pick(4)];
    factor_ = std::array{1.0, -1.0, 2.0, -0.5}[pick(rule.alone ? 2 : 4)];
  }
  Expr argument(const Expr& x) const { return inner_ == 1 ? x : inner_ == -1 ? -x : inner_ * x; }
  /// Whether the argument is exact at x, so that the truth is that of what is computed.
  bool keeps(double x, DType type) const {
    const double a = type == DType::f32 ? static_cast<double>(static_cast<float>(inner_ * x)) : inner_ * x;
    return a / inner_ == x && std::isfinite(a) == std::isfinite(x);
  }
  Expr whole(const Expr& e) const { return factor_ == 1 ? e : factor_ == -1 ? -e : factor_ * e; }

  /// The same with other words, in a graph of its own.
  Expr operator()(const Expr& e, const Graph& target) {
    if (plain_) return e;
    const Module in{e.graph(), e.graph()->inputs(), {e.id()}};
    const Module out = rebuild(in, [&](GraphData& g, NodeId id, std::span<const NodeId> x) { return respelled(*in.graph, g, id, x); });
    std::vector<NodeId> images(out.graph->size(), no_node);
    GraphData& to = *target.data();
    std::vector<NodeId> operands;
    for (std::uint32_t i = 0; i < out.graph->size(); ++i) {
      operands.clear();
      for (NodeId o : out.graph->operands(NodeId{i})) operands.push_back(images[index(o)]);
      images[i] = copy_node(to, *out.graph, NodeId{i}, operands);
    }
    return {target.data(), images[index(out.outputs[0])]};
  }

 private:
  std::mt19937_64 random_;
  bool plain_;
  double inner_ = 1, factor_ = 1;

  std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  NodeId respelled(const GraphData& in, GraphData& g, NodeId id, std::span<const NodeId> x) {
    using ops::Op;
    const auto copy = [&](Op op, std::initializer_list<NodeId> list) {
      return g.intern(op, in.dtype(id), in.shape(id), std::span(list.begin(), list.size()), Attributes{}, no_location);
    };
    const auto number = [&](double v) { return g.number(in.dtype(id), v); };
    const bool floats = is_float(in.dtype(id));
    switch (floats ? in.op(id) : Op::input) {
      case Op::add:
      case Op::max:
        if (pick(2) == 0) return copy(in.op(id), {x[1], x[0]});
        break;
      case Op::mul:
        if (x[0] == x[1] && pick(2) == 0) return pick(2) == 0 ? copy(Op::square, {x[0]}) : copy(Op::pow, {x[0], number(2)});
        if (g.op(x[0]) == Op::mul && g.shape(x[0]) == in.shape(id) && pick(2) == 0) {
          const NodeId a = g.operand(x[0], 0), b = g.operand(x[0], 1);
          if (g.op(b) != Op::constant) return copy(Op::mul, {a, copy(Op::mul, {b, x[1]})});
        }
        if (pick(2) == 0) return copy(Op::mul, {x[1], x[0]});
        break;
      case Op::sub: {
        const std::size_t way = pick(4);
        const auto negative = [&](NodeId n) {
          const std::array operand{n};
          return g.intern(Op::neg, in.dtype(id), g.shape(n), operand, Attributes{}, no_location);
        };
        if (way == 0) return copy(Op::add, {x[0], negative(x[1])});
        if (way == 1) return copy(Op::add, {negative(x[1]), x[0]});
        if (way == 2) return copy(Op::neg, {copy(Op::sub, {x[1], x[0]})});
        break;
      }
      case Op::neg:
        if (pick(2) == 0) return copy(Op::mul, {x[0], number(-1)});
        break;
      case Op::div:
        if (g.constant_value(x[0]) == 1 && pick(2) == 0)
          return pick(2) == 0 ? copy(Op::reciprocal, {x[1]}) : copy(Op::pow, {x[1], number(-1)});
        break;
      case Op::square:
        if (pick(2) == 0) return copy(Op::mul, {x[0], x[0]});
        break;
      default: break;  // NOLINT: the others have one spelling
    }
    return copy_node(g, in, id, x);
  }
};

/// The letters over inputs of a graph.
struct Written {
  std::vector<Expr> inputs;
  Expr value, slope;  ///< slope in x
  std::string text;
};
Written write(const Rule& rule, bool recognise, DType type, std::uint64_t seed) {
  Spelling spelling(rule, seed);
  Graph plain(type, {.recognise = recognise}), g(type, {.recognise = recognise});
  const std::size_t n = rule.trial.row.size();
  const Shape shape = n == 0 ? Shape{"n"} : Shape{"n", static_cast<std::int64_t>(n + 1)};
  const bool two = !rule.trial.y.empty();
  Letters v;
  v.sqrt2 = std::numbers::sqrt2, v.pi = std::numbers::pi;
  v.x = spelling.argument(plain.input("x", shape, type));
  v.axes = Axes(1);
  if (two) v.y = plain.input("y", {"n"}, type);
  Graph& home = seed == 0 ? plain : g;
  Written w;
  w.inputs = {home.input("x", shape, type)};
  if (two) w.inputs.push_back(home.input("y", {"n"}, type));
  const Expr e = spelling(spelling.whole(rule.naive(v)), g);
  w.text = to_string(e);
  const auto first = [&](const Expr& a) { return a.rank() == 2 ? slice(a, 0, 1, 1, 1) : a; };
  w.value = reshape(first(e), {Dim("n")});
  w.slope = reshape(first(vjp(w.value, w.inputs[0], 1)), {Dim("n")});
  return w;
}

/// The truth in x, y being a number.
Module truth_of(const Rule& rule, double y, std::uint64_t seed) {
  const Spelling spelling(rule, seed);
  Graph g(DType::f64, {.recognise = false});
  const auto number = [&](double v) { return Expr(g.data(), g.data()->number(DType::f64, v)); };
  Letters v;
  v.exact = true;
  const Expr x = g.input("x", {});
  v.x = spelling.argument(x), v.y = number(y);
  v.sqrt2 = sqrt(number(2)), v.pi = 4 * atan(number(1));
  const Expr e = spelling.whole(rule.trial.truth != nullptr ? rule.trial.truth(v) : rule.naive(v));
  return {g.data(), {x.id()}, {e.id()}};
}

template <class T>
std::array<std::vector<double>, 2> results_of(const Written& w, const std::vector<double>& xs, const Rule& rule, double y) {
  const auto f = compile(w.inputs, std::vector{w.value, w.slope}, {.threads = 1, .engine = Engine::interpret});
  std::vector<T> x, value(xs.size()), slope(xs.size());
  for (double at : xs) {
    x.push_back(static_cast<T>(at));
    for (double r : rule.trial.row) x.push_back(static_cast<T>(r));
  }
  const std::vector<T> ys(xs.size(), static_cast<T>(y));
  std::vector<ArrayRef> in{ArrayRef(x)};
  if (w.inputs.size() == 2) in.emplace_back(ys);
  const std::array<MutableArrayRef, 2> out{MutableArrayRef(value), MutableArrayRef(slope)};
  f.call(in, out);
  return {std::vector<double>(value.begin(), value.end()), std::vector<double>(slope.begin(), slope.end())};
}

/// What the roundings of the formula as written may cost it at each point, for value and slope, in absolute terms; 0 where that
/// cannot be told.
std::array<std::vector<double>, 2> roundings_of(const Rule& rule, const std::vector<double>& xs, double y, const RuleCertificate& c,
                                                std::uint64_t spelling) {
  Written wide = write(rule, false, DType::f64, spelling);
  wide.value = exact::rounding_of(wide.value, c.dtype), wide.slope = exact::rounding_of(wide.slope, c.dtype);
  auto results = results_of<double>(wide, xs, rule, y);
  for (auto& list : results)
    for (double& r : list) r = std::isfinite(r) ? r : 0;
  return results;
}

/// Errors at one point; NaN where there is nothing to judge. `rounding`: what the roundings of the formula as written may cost it.
struct Errors {
  double before = std::nan(""), after = std::nan(""), truth = 0, rounding = 0;
};

Errors judge(const exact::Reference& truth, const std::vector<double>& zeros, double x, double before, double after, double rounding,
             int order, exact::Format format) {
  const exact::Judgement a = truth.at(x, before, order, format), b = truth.at(x, after, order, format);
  if (a.kind == exact::Judgement::Kind::unjudged || b.kind == exact::Judgement::Kind::unjudged) return {};
  const int exponent = std::max(std::isfinite(a.truth) && a.truth != 0 ? std::ilogb(a.truth) : format.min_exponent, format.min_exponent);
  Errors e{a.ulp, b.ulp, a.truth, std::ldexp(rounding, format.bits - 1 - exponent)};
  if (a.kind == exact::Judgement::Kind::undefined && order > 0) return {};  // of a value that is NaN
  if (a.kind == exact::Judgement::Kind::undefined)  // both are held to NaN
    return {std::isnan(before) ? 0 : INFINITY, std::isnan(after) ? 0 : INFINITY, std::nan("")};
  for (double z : zeros)
    if (std::abs(x - z) < 0.2)
      e = {std::ldexp(a.absolute, format.bits), std::ldexp(b.absolute, format.bits), a.truth, std::ldexp(rounding, format.bits)};
  // 0 and infinities where the truth is a normal number are as wrong as NaN.
  const auto wrong = [&](double v) { return std::isnan(v) || (std::isinf(v) && std::isfinite(a.truth) && std::abs(a.truth) < std::ldexp(1.0, format.max_exponent)); };
  const auto lost = [&](double v) { return v == 0 && std::abs(a.truth) >= std::ldexp(1.0, format.min_exponent); };
  if (wrong(before) || lost(before)) e.before = INFINITY;
  if (wrong(after) || lost(after)) e.after = INFINITY;
  return e;
}

/// NaN without a sign, for messages.
double plain(double v) { return std::isnan(v) ? std::abs(v) : v; }

void enter(RuleAccuracy& a, const Errors& e, double x, double before, double after, double smallest_normal) {
  if (std::isnan(e.before) || std::isnan(e.after)) return;
  ++a.judged;
  if (e.before > a.before) a.before = e.before, a.worst_before = {x, plain(before), e.truth};
  if (e.after > a.after) a.after = e.after, a.worst_after = {x, plain(after), e.truth};
  const double by = e.after == e.before ? 0 : e.after - e.before;
  if (by > 1) ++a.worse;
  // Of a subnormal truth, every operation on the way may lose digits that nobody promised: there the worst cases alone are compared.
  const bool normal = std::abs(e.truth) >= smallest_normal || e.truth == 0 || !std::isfinite(e.after);
  const double beyond = by > 0 && normal ? e.after - std::max(e.before, e.rounding) : 0;
  if (beyond > a.beyond_rounding) a.beyond_rounding = beyond, a.beyond_at = {x, plain(after), e.truth};
  if (by > a.worse_by) a.worse_by = by, a.worse_at = {x, plain(after), e.truth};
}

void measure(RuleCertificate& c, const Rule& rule, const std::vector<double>& xs, double y, const RuleOptions& options) {
  const bool single = c.dtype == DType::f32;
  const Written naive = write(rule, false, c.dtype, options.spelling), better = write(rule, true, c.dtype, options.spelling);
  c.spelling = naive.text;
  for (const Repair& r : better.value.graph()->repairs) c.fired = c.fired || r.rule == rule.name;
  for (const Recognition& r : compile(better.inputs, std::vector{better.value}, {.engine = Engine::interpret}).recognised())
    c.fired = c.fired || r.rule == rule.name;
  const auto before = single ? results_of<float>(naive, xs, rule, y) : results_of<double>(naive, xs, rule, y);
  const auto after = single ? results_of<float>(better, xs, rule, y) : results_of<double>(better, xs, rule, y);
  const auto rounding = roundings_of(rule, xs, y, c, options.spelling);
  const exact::Reference truth(truth_of(rule, y, options.spelling));
  const exact::Format format = exact::format_of(c.dtype);
  for (int order = 0; order < 2; ++order) {
    const auto k = static_cast<std::size_t>(order);
    const auto zeros = truth.zeros(order, format).value_or(std::vector<double>{});
    std::vector<Errors> errors(xs.size());
    tbb::task_arena arena(options.threads > 0 ? options.threads : tbb::task_arena::automatic);
    arena.execute([&] {
      tbb::parallel_for(std::size_t{0}, xs.size(), [&](std::size_t i) {
        errors[i] = judge(truth, zeros, xs[i], before[k][i], after[k][i], rounding[k][i], order, format);
      });
    });
    for (std::size_t i = 0; i < xs.size(); ++i) enter(c.orders[k], errors[i], xs[i], before[k][i], after[k][i], std::ldexp(1.0, format.min_exponent));
  }
}

}  // namespace

std::vector<RecognitionRule> recognition_rules() {
  std::vector<RecognitionRule> list;
  for (const Rule& r : passes::recognition_rules()) list.push_back(told(r));
  return list;
}

RuleCertificate certify_rule(std::string_view name, DType dtype, const RuleOptions& options) {
  const auto rules = passes::recognition_rules();
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.name == name; });
  if (rule == rules.end()) throw NameError(fmt::format("recognise has no rule '{}'; actinium recognise lists them", name));
  if (!is_float(dtype)) throw TypeError(fmt::format("certify_rule: f32 or f64, not {}", name_of(dtype)));
  RuleCertificate c{told(*rule), dtype, false, {}, {}};
  std::vector<double> xs = points(*rule, dtype, options.samples, options.seed);
  const Spelling spelling(*rule, options.spelling);
  std::erase_if(xs, [&](double x) { return !spelling.keeps(x, dtype); });
  if (rule->trial.y.empty()) measure(c, *rule, xs, 0, options);
  for (double y : rule->trial.y) measure(c, *rule, xs, y, options);
  return c;
}

}  // namespace actinium
