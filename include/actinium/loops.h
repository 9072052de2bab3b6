// Loops as expressions: scan (a carried state over a known number of steps), repeat, while_loop (as many steps as a condition
// says). The body is traced once and compiled once, whatever the number of steps; loops differentiate forward and in reverse, to
// any order, and go under vmap and into each other. State, slices and outputs are Exprs, structs of them (structs.h), arrays,
// vectors, pairs and tuples. Start reading at scan.
#pragma once
#include <actinium/transforms.h>

#include <concepts>
#include <functional>

namespace actinium {

namespace detail {

/// A loop being traced: variables for what its body is called with.
class ACTINIUM_API LoopTrace {
 public:
  /// `paths` name carries and slices in messages. Without `length` it is that of the slices.
  LoopTrace(std::string_view name, std::vector<Expr> start, std::vector<std::string> paths, std::vector<Expr> slices,
            std::optional<Dim> length, const std::source_location& where);
  const std::vector<Expr>& carries() const { return carries_; }
  const std::vector<Expr>& slices() const { return slices_; }
  /// Final carries, then outputs of all steps, [length, ...].
  std::vector<Expr> scan(std::vector<Expr> next, std::vector<Expr> outputs, bool reverse);
  /// Final carries.
  std::vector<Expr> while_loop(const Expr& condition, std::vector<Expr> next);

 private:
  std::string name_;
  std::source_location where_;
  std::vector<Expr> start_, arrays_, carries_, slices_;
  std::vector<std::string> paths_;
  std::optional<Dim> length_;

  void check_step(const std::shared_ptr<GraphData>& graph, std::vector<Expr>& next) const;
};

template <class A>
std::vector<std::string> paths_of(const A& a) {
  std::vector<std::string> list;
  walk("", [&](const std::string& path, const Expr&) { list.push_back(path); }, a);
  return list;
}

template <class T>
struct SplitStep;
template <class C, class Y>
struct SplitStep<std::pair<C, Y>> {
  using carry = C;
  using output = Y;
};

/// What a step gives: the next carry, or that and an output.
template <class C, class R>
concept next_carry = std::same_as<R, C>;

}  // namespace detail

struct ScanOptions {
  /// From the last slice to the first; outputs stay at the places of their slices.
  bool reverse = false;
  /// The number of steps where there are no slices to say it; may be symbolic.
  std::optional<Dim> length = {};
};

/// Carries a state through the slices xs[0], xs[1], ... along axis 0 of every array in `xs`:
/// `auto [h, ys] = scan([&](Expr h, Expr x) { Expr next = tanh(matmul(h, W) + x); return std::pair{next, sum(next)}; }, h0, xs)`.
/// step(carry, slice) gives the next carry (the result is the last carry) or a pair of it and an output (the result is a pair of
/// the last carry and all outputs, stacked along a new axis 0). The next carry has the types and shapes of `start`; with no steps
/// the result is `start`. What step takes from outside may be any expression, and has derivatives.
/// One compiled loop, whatever the length; the reverse derivative keeps what it needs of each step, [length, ...].
/// ShapeError if slices differ in length or a carry changes its shape, TypeError if it changes its type.
template <class F, class C, class X>
auto scan(F step, const C& start, const X& xs, ScanOptions options = {}, std::source_location where = std::source_location::current()) {
  std::vector<std::string> paths = detail::paths_of(start);
  for (const std::string& path : detail::paths_of(xs)) paths.push_back(path);
  detail::LoopTrace trace("scan", detail::flatten_all(start), std::move(paths), detail::flatten_all(xs), options.length, where);
  const auto result = step(detail::with_leaves(start, trace.carries()), detail::with_leaves(xs, trace.slices()));
  using R = std::remove_const_t<decltype(result)>;
  if constexpr (detail::next_carry<C, R>) {
    return detail::with_leaves(start, trace.scan(detail::flatten_all(result), {}, options.reverse));
  } else {
    static_assert(std::same_as<typename detail::SplitStep<R>::carry, C>, "the step of a scan gives the next carry, of the start's type, or a pair of it and an output");
    const std::vector<Expr> all = trace.scan(detail::flatten_all(result.first), detail::flatten_all(result.second), options.reverse);
    std::size_t next = 0;
    C last = detail::with_leaves(start, all, next);
    return std::pair{std::move(last), detail::with_leaves(result.second, all, next)};
  }
}

/// The same without slices: step(carry), `options.length` times.
template <class F, class C>
  requires std::invocable<F&, const C&>
auto scan(F step, const C& start, ScanOptions options, std::source_location where = std::source_location::current()) {
  return scan([&](const C& carry, const std::vector<Expr>&) { return step(carry); }, start, std::vector<Expr>{}, std::move(options), where);
}

/// `count` steps (a number, or a symbol that some input has as a size): step(carry, i) gives the next carry, i is the i64 number of
/// the step. The last carry.
template <class F, class C>
C repeat(F step, const C& start, const Dim& count, std::source_location where = std::source_location::current()) {
  detail::LoopTrace trace("repeat", detail::flatten_all(std::pair{start, Expr(0)}), detail::paths_of(std::pair{start, Expr(0)}), {}, count, where);
  std::size_t next = 0;
  const C carry = detail::with_leaves(start, trace.carries(), next);
  const Expr i = trace.carries().back();
  std::vector<Expr> all = detail::flatten_all(step(carry, i));
  all.push_back(i + 1);
  return detail::with_leaves(start, trace.scan(std::move(all), {}, false));
}

/// Steps as long as condition(carry), one truth value, holds: `while_loop([](Expr x) { return x > 1; }, step, x0)`. The number of
/// steps is known at run time alone; a loop that never ends never returns. The reverse derivative keeps a record of the steps that
/// grows as they are taken; under vmap, steps are taken as long as one example's condition holds, and the others keep their carry.
/// (An example that has ended repeats the steps of one that goes on, which nobody sees: the others' slopes stay their own.)
/// The condition has no derivative. Errors as of scan; TypeError, ShapeError if the condition is no single truth value.
template <class Condition, class F, class C>
C while_loop(Condition condition, F step, const C& start, std::source_location where = std::source_location::current()) {
  detail::LoopTrace trace("while_loop", detail::flatten_all(start), detail::paths_of(start), {}, std::nullopt, where);
  const C carry = detail::with_leaves(start, trace.carries());
  const Expr goes_on = condition(carry);
  const C next = step(carry);
  return detail::with_leaves(start, trace.while_loop(goes_on, detail::flatten_all(next)));
}

}  // namespace actinium
