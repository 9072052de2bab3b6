// check_gradient(): the derivative's graph and the function's, both in f64, and every entry of one beside differences
// of the other. Start reading at Checker::run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "actinium/check.h"
#include "actinium/random.h"
#include "autodiff/loop_stops.hpp"
#include "autodiff/trace.hpp"
#include "certify/differences.hpp"
#include "certify/widen.hpp"
#include "ops/loop.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using differences::Change;
using differences::Slope;
using differences::Widened;

constexpr std::size_t most_listed = 20;

Tensor shaped_like(const Tensor& values, const Shape& shape) {
  if (values.rank() == shape.rank()) return values;
  std::vector<Dim> dims;
  for (const Dim& d : shape) dims.push_back(d.is_constant() ? d : Dim(-1));
  return values.reshape(dims);
}

/// Wrong before right, kinks last; then by how much.
bool worse(const GradientEntry& a, const GradientEntry& b) {
  const auto rank = [](const GradientEntry& e) { return !e.ok ? 2 : e.kink ? 0 : 1; };
  const auto excess = [](const GradientEntry& e) {
    const double ratio = e.difference / e.allowed;
    return !std::isnan(ratio) ? ratio : e.ok ? 0 : std::numeric_limits<double>::infinity();
  };
  return rank(a) != rank(b) ? rank(a) > rank(b) : excess(a) > excess(b);
}

class Checker {
 public:
  Checker(std::span<const Expr> y, std::span<const Feed> feeds, const GradientCheckOptions& options)
      : y_(y.begin(), y.end()), options_(options) {
    check_options();
    check_outputs();
    for (const Feed& feed : feeds) add(feed);
    check_inputs();
  }

  GradientReport run() {
    evaluate();
    differentiate();
    std::vector<Tensor> still;
    for (const std::size_t i : checked_) still.push_back(Tensor::zeros_like(values_[i]));
    gradients_ = derivatives(still);
    for (std::size_t i = 0; i < checked_.size(); ++i) report_.inputs.push_back(check_input(i));
    for (int k = 0; k < options_.directions; ++k) report_.directions.push_back(check_direction(k));
    return std::move(report_);
  }

 private:
  std::vector<Expr> y_;
  GradientCheckOptions options_;
  std::vector<Expr> inputs_;
  std::vector<Tensor> values_;        ///< in f64 where they are floats
  std::vector<std::size_t> checked_;  ///< positions in inputs_
  FunctionBase function_, derivative_;
  std::vector<Tensor> weights_, gradients_;
  std::vector<Tensor> arguments_;          ///< of function_: the inputs, and what is stopped
  std::vector<Tensor> base_, low_, high_;  ///< y at the point, and beside it
  std::uint64_t drawn_ = 0;
  GradientReport report_;

  // --- What is asked for. ---

  void check_options() const {
    const auto refuse = [](bool wrong, std::string_view what) {
      if (wrong) throw ValueError(fmt::format("check_gradient: {}", what));
    };
    refuse(!(options_.step >= 0) || !std::isfinite(options_.step),
           fmt::format("the step {} is not positive", options_.step));
    refuse(!(options_.tolerance > 0), fmt::format("the tolerance {} is not positive", options_.tolerance));
    refuse(options_.entries < 0, fmt::format("{} entries: a positive number, or 0 for all", options_.entries));
    refuse(options_.directions < 0, fmt::format("{} directions", options_.directions));
  }

  void check_outputs() const {
    if (y_.empty()) throw ValueError("check_gradient: there is no output");
    for (const Expr& y : y_) {
      if (!y.is_bound()) throw GraphError("check_gradient: a number without a graph has no gradient");
      if (!is_float(y.dtype()))
        throw TypeError(fmt::format("check_gradient: {} is {} and has no derivative", describe(*y.graph(), y.id()),
                                    name_of(y.dtype())));
      if (y.graph() != y_[0].graph()) throw GraphError("check_gradient: the outputs belong to two graphs");
    }
  }

  void add(const Feed& feed) {
    if (!feed.input.is_bound() || feed.input.graph()->op(feed.input.id()) != ops::Op::input)
      throw GraphError("check_gradient: a value is given to an expression that is no input");
    if (feed.input.graph() != y_[0].graph())
      throw GraphError("check_gradient: an input belongs to another graph than the outputs");
    Tensor t = Tensor::copy(feed.array);
    if (is_float(feed.input.dtype()) && is_float(t.dtype())) t = t.cast(f64);
    inputs_.push_back(feed.input);
    values_.push_back(shaped_like(t, feed.input.shape()));
  }

  std::string name(std::size_t i) const { return std::string(inputs_[i].graph()->input_name(inputs_[i].id())); }

  void check_inputs() {
    std::set<std::string> asked(options_.inputs.begin(), options_.inputs.end());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const bool named = asked.erase(name(i)) != 0;
      if (named && !is_float(inputs_[i].dtype()))
        throw TypeError(
            fmt::format("check_gradient: {} is {} and has no gradient", name(i), name_of(inputs_[i].dtype())));
      if (is_float(inputs_[i].dtype()) && (named || options_.inputs.empty())) checked_.push_back(i);
    }
    if (!asked.empty())
      throw NameError(fmt::format("check_gradient: no value is given to an input '{}'", *asked.begin()));
    if (checked_.empty()) throw ValueError("check_gradient: no input of a floating type is given");
  }

  // --- The functions. ---

  static std::vector<NodeId> ids(std::span<const Expr> list) {
    std::vector<NodeId> all;
    for (const Expr& e : list) all.push_back(e.id());
    return all;
  }
  FunctionBase compiled(const Widened& w) const {
    std::vector<Expr> inputs, outputs;
    const auto append = [&](std::vector<Expr>& list, std::span<const NodeId> nodes) {
      for (const NodeId id : nodes) list.emplace_back(w.module.graph, id);
    };
    append(inputs, w.module.inputs);
    append(inputs, w.variables);
    append(inputs, w.stopped);
    append(outputs, w.module.outputs);
    return actinium::detail::compile(inputs, outputs, options_.compile);
  }
  static std::vector<Tensor> call(const FunctionBase& f, const std::vector<Tensor>& arguments) {
    return Function<>(f.impl())(arguments);
  }

  /// What is stopped in the step of a while has another value in every step: differences cannot hold it fixed.
  static void check_loops(const GraphData& graph, std::span<const NodeId> roots) {
    const std::vector<char> needed = reachable(graph, roots);
    for (std::uint32_t i = 0; i < needed.size(); ++i) {
      if (!needed[i] || graph.op(NodeId{i}) != ops::Op::loop) continue;
      ops::for_each_body(*ops::loop_of(graph, NodeId{i}), [&](const Module& body) {
        if (const auto stops = differences::stop_gradients(*body.graph, body.outputs); !stops.empty())
          throw ValueError(fmt::format("check_gradient: the step of a while has a stop_gradient{}, which differences cannot hold fixed",
                                       at(body.graph->location(stops[0]))));
      });
    }
  }
  static std::string at(const Location& where) { return where.str().empty() ? "" : " (" + where.str() + ")"; }

  /// y and what is stopped at the point; then y as a function of both.
  void evaluate() {
    const GraphPtr& graph = y_[0].graph();
    const std::vector<Expr> y = autodiff::without_stops(y_);
    const std::vector<NodeId> inputs = ids(inputs_), roots = ids(y),
                              stops = differences::stop_gradients(*graph, roots);
    check_loops(*graph, roots);
    std::vector<NodeId> all = roots;
    all.insert(all.end(), stops.begin(), stops.end());
    function_ = compiled(differences::widen({graph, inputs, all}, {}, {}));
    base_ = call(function_, values_);
    for (const Tensor& t : values_) arguments_.push_back(t.clone());
    arguments_.insert(arguments_.end(), base_.begin() + static_cast<std::ptrdiff_t>(y_.size()), base_.end());
    base_.resize(y_.size());
    if (!stops.empty()) function_ = compiled(differences::widen({graph, inputs, roots}, {}, stops));
    for (const Tensor& t : base_) {
      for (const double v : t.span<double>())
        if (!std::isfinite(v))
          throw ValueError(
              fmt::format("check_gradient: the function is {} at this point: there is no derivative to check", v));
      weights_.push_back(t.rank() == 0 ? Tensor::ones({}, f64) : uniform(t, 0.5, 1.5));
      low_.push_back(t.clone());
      high_.push_back(t.clone());
    }
  }

  /// Cotangents of the inputs for weights of the outputs, and tangents of the outputs for directions of the inputs.
  void differentiate() {
    const GraphPtr& graph = y_[0].graph();
    const auto variable_like = [&](const Expr& e) { return autodiff::variable(graph, e.dtype(), e.shape()); };
    std::vector<Expr> x, weights, directions, outputs;
    for (const std::size_t i : checked_) x.push_back(inputs_[i]);
    for (const Expr& y : y_) weights.push_back(variable_like(y));
    for (const Expr& e : x) directions.push_back(variable_like(e));
    for (std::size_t k = 0; k < y_.size(); ++k) {
      const std::vector<Expr> part = vjp(At(y_[k], nowhere), x, weights[k]);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (k == 0)
          outputs.push_back(part[i]);
        else
          outputs[i] += part[i];
      }
    }
    for (const Expr& t : actinium::detail::jvp(y_, x, directions, nowhere)) outputs.push_back(t);
    std::vector<NodeId> variables = ids(weights);
    for (const NodeId id : ids(directions)) variables.push_back(id);
    derivative_ = compiled(differences::widen({graph, ids(inputs_), ids(outputs)}, variables, {}));
  }
  static constexpr std::source_location nowhere{};

  std::vector<Tensor> derivatives(const std::vector<Tensor>& directions) const {
    std::vector<Tensor> all = values_;
    all.insert(all.end(), weights_.begin(), weights_.end());
    all.insert(all.end(), directions.begin(), directions.end());
    return call(derivative_, all);
  }

  /// Random numbers in the shape of `like`, different each time.
  Tensor uniform(const Tensor& like, double lo, double hi) {
    return random_uniform(options_.seed + ++drawn_, Shape({Dim(like.size())}), lo, hi, f64).reshape(like.shape());
  }

  // --- Differences. ---

  const std::vector<Tensor>& evaluated(double t, std::vector<Tensor>& results,
                                       const std::function<void(double)>& move) {
    if (t == 0) return base_;
    move(t);
    function_.call(arguments_, results);
    return results;
  }
  /// The change of the weighted sum between two places on a line; only elements that change count, and their rounding.
  Change change(double a, double b, const std::function<void(double)>& move) {
    const std::vector<Tensor>&from = evaluated(a, low_, move), &to = evaluated(b, high_, move);
    Change c;
    for (std::size_t k = 0; k < from.size(); ++k) {
      const std::span<const double> before = from[k].span<double>(), after = to[k].span<double>(),
                                    weight = weights_[k].span<double>();
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i] == after[i]) continue;
        c.value += weight[i] * (after[i] - before[i]);
        c.noise += weight[i] * (std::abs(before[i]) + std::abs(after[i])) * std::numeric_limits<double>::epsilon();
      }
    }
    return c;
  }

  /// `typical`: the size of derivatives around this one, of which a part is granted where differences do not settle.
  void judge(GradientEntry& e, const Slope& s, double typical) const {
    e.numerical = s.value;
    const double larger = std::max(std::abs(e.analytic), std::abs(s.value));
    e.difference = std::abs(e.analytic - s.value);
    e.allowed = options_.tolerance * larger + 4 * s.noise + std::min(s.truncation, typical);
    e.kink = s.kink;
    e.below = s.below;
    e.above = s.above;
    if (!s.kink) {
      e.ok = e.difference <= e.allowed;
      return;
    }
    const double lo = std::fmin(s.below, s.above), hi = std::fmax(s.below, s.above),
                 slack = std::isfinite(larger) ? options_.tolerance * larger + 4 * s.noise : 0;
    e.ok = e.analytic == 0 || (e.analytic >= lo - slack && e.analytic <= hi + slack);
  }

  // --- What is compared. ---

  static std::vector<std::int64_t> index_of(std::int64_t flat, std::span<const std::int64_t> shape) {
    std::vector<std::int64_t> index(shape.size());
    for (std::size_t d = shape.size(); d-- > 0; flat /= shape[d]) index[d] = flat % shape[d];
    return index;
  }

  /// All, or as many as asked for: at random, with the largest and the first that is not finite.
  std::vector<std::int64_t> entries_of(std::span<const double> gradient) {
    const auto n = static_cast<std::int64_t>(gradient.size());
    std::vector<std::int64_t> list;
    if (options_.entries == 0 || n <= options_.entries) {
      for (std::int64_t i = 0; i < n; ++i) list.push_back(i);
      return list;
    }
    std::set<std::int64_t> chosen;
    const auto larger = [](double a, double b) { return std::abs(a) < std::abs(b); };
    chosen.insert(std::max_element(gradient.begin(), gradient.end(), larger) - gradient.begin());
    const auto odd = std::find_if(gradient.begin(), gradient.end(), [](double g) { return !std::isfinite(g); });
    if (odd != gradient.end()) chosen.insert(odd - gradient.begin());
    Philox random(options_.seed, ++drawn_);
    while (static_cast<std::int64_t>(chosen.size()) < options_.entries)
      chosen.insert(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n))));
    return {chosen.begin(), chosen.end()};
  }

  void list(const GradientEntry& e) {
    if (!e.ok && report_.wrong.size() < most_listed) report_.wrong.push_back(e);
    if (e.ok && e.kink && report_.kinks.size() < most_listed) report_.kinks.push_back(e);
  }

  InputReport check_input(std::size_t at) {
    const std::size_t i = checked_[at];
    const std::span<const double> gradient = gradients_[at].span<double>(), point = values_[i].span<double>();
    const std::span<double> moved = arguments_[i].span<double>();
    double largest = 0;
    for (const double g : gradient) largest = std::isfinite(g) ? std::max(largest, std::abs(g)) : largest;
    InputReport r{name(i), {values_[i].shape().begin(), values_[i].shape().end()}};
    for (const std::int64_t flat : entries_of(gradient)) {
      const auto k = static_cast<std::size_t>(flat);
      const auto move = [&](double t) { moved[k] = point[k] + t; };
      // A power of two, so that x + h - x is h.
      const double scale = std::exp2(std::ceil(std::log2(std::max(1.0, std::abs(point[k])))));
      const Slope s = differences::slope_of([&](double a, double b) { return change(a, b, move); }, scale,
                                            options_.step, options_.tolerance);
      moved[k] = point[k];
      GradientEntry e{r.input, index_of(flat, r.shape), gradient[k]};
      judge(e, s, 1e-3 * std::max({largest, std::abs(e.analytic), std::abs(s.value)}));
      ++r.checked;
      r.kinks += e.kink;
      r.wrong += !e.ok;
      list(e);
      if (r.checked == 1 || worse(e, r.worst)) r.worst = std::move(e);
    }
    return r;
  }

  DirectionReport check_direction(int number) {
    std::vector<Tensor> v;
    double reverse = 0, forward = 0, size = 0;
    for (std::size_t at = 0; at < checked_.size(); ++at) {
      v.push_back(uniform(values_[checked_[at]], -1, 1));
      const std::span<const double> g = gradients_[at].span<double>(), d = v.back().span<double>();
      for (std::size_t k = 0; k < g.size(); ++k) reverse += g[k] * d[k], size += std::abs(g[k] * d[k]);
    }
    const std::vector<Tensor> results = derivatives(v);
    for (std::size_t k = 0; k < y_.size(); ++k) {
      const std::span<const double> t = results[checked_.size() + k].span<double>(), w = weights_[k].span<double>();
      for (std::size_t i = 0; i < t.size(); ++i) forward += w[i] * t[i], size += std::abs(w[i] * t[i]);
    }
    const auto move = [&](double t) {
      for (std::size_t at = 0; at < checked_.size(); ++at) {
        const std::span<const double> point = values_[checked_[at]].span<double>(), d = v[at].span<double>();
        const std::span<double> moved = arguments_[checked_[at]].span<double>();
        for (std::size_t k = 0; k < d.size(); ++k) moved[k] = point[k] + t * d[k];
      }
    };
    const Slope s = differences::slope_of([&](double a, double b) { return change(a, b, move); }, 1, options_.step,
                                          options_.tolerance);
    move(0);
    DirectionReport r{{"", {number}, reverse}, forward};
    judge(r.entry, s, std::numeric_limits<double>::infinity());
    // Terms that cancel leave their rounding behind.
    r.entry.allowed += 1e-3 * options_.tolerance * size;
    r.entry.ok = r.entry.ok || r.entry.difference <= r.entry.allowed;
    r.allowed = 1e-9 * size;
    r.ok = r.entry.ok && std::abs(forward - reverse) <= r.allowed;
    return r;
  }
};

std::string place_of(const GradientEntry& e) {
  if (e.input.empty()) return fmt::format("direction {}", fmt::join(e.index, ", "));
  return e.index.empty() ? e.input : fmt::format("{}[{}]", e.input, fmt::join(e.index, ", "));
}

std::string side(double slope) {
  return std::isfinite(slope) ? fmt::format("{:.6g}", slope) : std::isnan(slope) ? "no value" : "no bound";
}

std::string sides(const GradientEntry& e) {
  return fmt::format("a kink: {} from below, {} from above", side(e.below), side(e.above));
}

}  // namespace

bool GradientReport::ok() const {
  return std::all_of(inputs.begin(), inputs.end(), [](const InputReport& r) { return r.wrong == 0; }) &&
         std::all_of(directions.begin(), directions.end(), [](const DirectionReport& d) { return d.ok; });
}

const GradientEntry& GradientReport::worst() const {
  const GradientEntry* found = nullptr;
  for (const InputReport& r : inputs)
    if (r.checked > 0 && (found == nullptr || worse(r.worst, *found))) found = &r.worst;
  if (found == nullptr) throw ValueError("GradientReport: no entry was checked");
  return *found;
}

std::string GradientReport::text() const {
  std::size_t width = 5;
  for (const InputReport& r : inputs) width = std::max(width, r.input.size());
  std::string text = fmt::format("{:<{}}  {:<14} {:>7}  {:<16} {:>16} {:>16} {:>10} {:>10}\n", "input", width, "shape",
                                 "checked", "worst at", "analytic", "numerical", "difference", "allowed");
  for (const InputReport& r : inputs) {
    const GradientEntry& e = r.worst;
    text +=
        fmt::format("{:<{}}  {:<14} {:>7}", r.input, width, fmt::format("[{}]", fmt::join(r.shape, ", ")), r.checked);
    if (r.checked > 0)
      text +=
          fmt::format("  {:<16} {:>16.9g} {:>16.9g} {:>10.2g} {:>10.2g}  {}",
                      fmt::format("[{}]", fmt::join(e.index, ", ")), e.analytic, e.numerical, e.difference, e.allowed,
                      r.wrong > 0 ? fmt::format("WRONG, {} of {}", r.wrong, r.checked)
                      : e.kink    ? "kink"
                                  : "ok");
    text += '\n';
  }
  for (const DirectionReport& d : directions) {
    if (d.ok) continue;
    const bool modes = !(std::abs(d.forward - d.entry.analytic) <= d.allowed);
    text += modes ? fmt::format("{}: forward mode gives {:.9g}, reverse mode {:.9g}: WRONG\n", place_of(d.entry),
                                d.forward, d.entry.analytic)
                  : fmt::format("{}: both modes give {:.9g}, differences {:.9g}: WRONG\n", place_of(d.entry),
                                d.entry.analytic, d.entry.numerical);
  }
  for (const GradientEntry& e : kinks)
    text += fmt::format("{} is at {}; the derivative is {:.6g}\n", place_of(e), sides(e), e.analytic);
  for (const GradientEntry& e : wrong)
    if (e.kink)
      text += fmt::format("{} is at {}; the derivative is {:.6g}, which is none between them: WRONG\n", place_of(e),
                          sides(e), e.analytic);
  const auto right = std::count_if(directions.begin(), directions.end(), [](const DirectionReport& d) { return d.ok; });
  if (right > 0)
    text += fmt::format("forward and reverse mode agree in {} direction{}\n", right, right == 1 ? "" : "s");
  return text;
}

namespace detail {

GradientReport check_gradient(std::span<const Expr> y, std::span<const Feed> feeds,
                              const GradientCheckOptions& options) {
  return Checker(y, feeds, options).run();
}

}  // namespace detail
}  // namespace actinium
