// check_gradient(): are these derivatives those of these functions? Start reading at check_gradient, then
// GradientReport.
#pragma once
#include <actinium/function.h>
#include <actinium/structs.h>

#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace actinium {

struct GradientCheckOptions {
  /// Of the central differences, relative to max(1, |x|). 0: chosen for each entry, shrinking until the differences
  /// settle.
  double step = 0;
  /// What analytic and numerical derivative may differ by, relative to the larger of them; what the differences cannot
  /// resolve is added.
  double tolerance = 1e-6;
  /// At most so many entries of each input, drawn by `seed`, and the one with the largest derivative. 0: all.
  std::int64_t entries = 100;
  /// Random directions through all inputs at once, in which forward and reverse mode are compared, and both with
  /// differences.
  int directions = 3;
  std::uint64_t seed = 1;
  /// Names of the inputs to check; all of floating type if empty. The others stay where they are.
  std::vector<std::string> inputs = {};
  CompileOptions compile = {};
};

/// One entry of the gradient, beside its differences.
struct GradientEntry {
  std::string input = {};  ///< its name; "" for a direction through all inputs
  std::vector<std::int64_t> index = {};
  double analytic = 0, numerical = 0;
  double difference = 0;  ///< |analytic - numerical|
  double allowed = 0;     ///< tolerance * the larger of them + what differences cannot resolve
  /// The slopes on the two sides do not agree. A derivative is then a convention: any between them, or 0, is none of
  /// our business. Infinite where the function jumps, NaN where it ends.
  bool kink = false;
  double below = 0, above = 0;  ///< these slopes, at a kink
  bool ok = true;
};

/// What was found of one input.
struct InputReport {
  std::string input = {};
  std::vector<std::int64_t> shape = {};
  std::int64_t checked = 0, kinks = 0, wrong = 0;
  GradientEntry worst = {};  ///< wrong before right, then by difference / allowed; kinks come last
};

/// A direction: the derivative by both modes.
struct DirectionReport {
  GradientEntry entry = {};  ///< reverse mode against differences
  double forward = 0;
  double allowed = 0;  ///< between the modes
  bool ok = true;      ///< the modes agree, and the entry is ok
};

struct ACTINIUM_API GradientReport {
  std::vector<InputReport> inputs;
  std::vector<DirectionReport> directions;
  std::vector<GradientEntry> wrong;  ///< the first 20
  std::vector<GradientEntry> kinks;  ///< the first 20
  bool ok() const;
  /// The worst of all entries; ValueError if there is none.
  const GradientEntry& worst() const;
  /// A table in words.
  std::string text() const;
};

namespace detail {
ACTINIUM_API GradientReport check_gradient(std::span<const Expr> y, std::span<const Feed> feeds,
                                           const GradientCheckOptions& options);
}

/// Compares the derivatives of y with central differences of y, in f64 whatever the types of the graph. Of several
/// outputs, or of one that is no scalar, it is the gradient of a sum with random weights. What stands under
/// stop_gradient is held fixed, as the derivative has it. `feeds` gives a value to every input of y, at which y is
/// checked: `check_gradient(loss, {{x, xs}, {W, Ws}})`.
///
/// A wrong derivative (of one's own activation, custom_vjp or custom_jvp) is no error but a line of the report. Errors
/// are those of compile() and of a call; TypeError if y or a named input is no float, NameError for an unknown name in
/// options.inputs, ValueError if y is not finite at the point, for an option out of range, or if nothing is left to
/// check.
inline GradientReport check_gradient(const ExprList& y, std::initializer_list<Feed> feeds,
                                     const GradientCheckOptions& options = {}) {
  return detail::check_gradient(y.list(), std::span(feeds.begin(), feeds.size()), options);
}
inline GradientReport check_gradient(const ExprList& y, std::span<const Feed> feeds,
                                     const GradientCheckOptions& options = {}) {
  return detail::check_gradient(y.list(), feeds, options);
}

/// Of a function over expressions at values of its arguments: structs of Tensors or Tensors. Names are the paths of
/// leaves
/// ("hidden.weight"), of arguments "input0", "input1", ...: `check_gradient(loss, std::tuple{params, xs, labels})`.
template <detail::traceable F, class... A>
GradientReport check_gradient(const F& function, const std::tuple<A...>& arguments,
                              const GradientCheckOptions& options = {}) {
  return std::apply(
      [&](const A&... values) {
        Graph graph(detail::default_dtype(values...));
        std::vector<Expr> inputs, outputs;
        const auto traced = detail::declare_arguments(std::index_sequence_for<A...>{}, graph, inputs, values...);
        const auto result = std::apply(function, traced);
        detail::walk("", [&](const std::string&, const Expr& e) { outputs.push_back(e); }, result);
        std::vector<Feed> feeds;
        const auto feed = [&](const std::string&, const Tensor& t) {
          feeds.push_back({inputs[feeds.size()], t.array()});
        };
        (detail::walk("", feed, values), ...);
        return detail::check_gradient(outputs, feeds, options);
      },
      arguments);
}
/// Of a function of one argument.
template <detail::traceable F, class A>
  requires(detail::leaf<A> || detail::is_structured<A>)
GradientReport check_gradient(const F& function, const A& argument, const GradientCheckOptions& options = {}) {
  return check_gradient(function, std::tuple<A>(argument), options);
}

}  // namespace actinium
