// Transforms of functions over expressions: vmap, jacobian, hessian, jvp, vjp, linearize, custom_vjp, custom_jvp, checkpoint.
// Arguments and results are Exprs, structs of them (structs.h), arrays, vectors, pairs and tuples. A transform of a function is
// a function again, so they compose in any order: vmap(grad(grad(u))). Start reading at vmap.
#pragma once
#include <actinium/structs.h>

#include <functional>

namespace actinium {

namespace detail {

/// y, computed from x, with the user's derivative rule.
ACTINIUM_API Expr with_custom_vjp(const Expr& y, const std::vector<Expr>& x, const std::function<std::vector<Expr>(const Expr&)>& rule,
                                  const std::source_location& where);
ACTINIUM_API Expr with_custom_jvp(const Expr& y, const std::vector<Expr>& x, const std::function<Expr(const std::vector<Expr>&)>& rule,
                                  const std::source_location& where);
ACTINIUM_API Expr checkpointed(const Expr& y, const std::vector<Expr>& x, const std::source_location& where);

template <class... A>
std::vector<Expr> flatten_all(const A&... arguments) {
  std::vector<Expr> list;
  (walk("", [&](const std::string&, const Expr& e) { list.push_back(e); }, arguments), ...);
  return list;
}

/// `like` with other leaves, from `next` on.
template <class A>
A with_leaves(const A& like, const std::vector<Expr>& leaves, std::size_t& next) {
  A result = like;
  walk("", [&](const std::string&, Expr& e) { e = leaves[next++]; }, result);
  return result;
}
template <class A>
A with_leaves(const A& like, const std::vector<Expr>& leaves) {
  std::size_t next = 0;
  return with_leaves(like, leaves, next);
}
template <class... A>
std::tuple<A...> all_with_leaves(const std::vector<Expr>& leaves, const A&... like) {
  std::size_t next = 0;
  return std::tuple<A...>{with_leaves(like, leaves, next)...};  // braces: from left to right
}

/// The result of a function that must give one Expr.
template <class R>
const Expr& single(const R& value) {
  static_assert(std::same_as<R, Expr>, "this transform needs a function that gives one Expr");
  return value;
}

}  // namespace detail

// --- Batches ---

/// Where the batch stands: `in[k]` for argument k (all its leaves), nothing for an argument that all examples share; `out` in the
/// results. Arguments beyond the end of `in` take its last entry.
struct VmapAxes {
  std::vector<std::optional<int>> in{0};
  int out = 0;
};

/// The function of one example as one of a batch of examples, computed at once: no loop at run time, every operation becomes one
/// larger operation. `vmap(f)(xs)`, `vmap(f, {{std::nullopt, 0}})(params, xs)`, `vmap(vmap(f, ...), ...)`. What f takes from
/// outside is shared by all examples. ShapeError if batches differ in size, ValueError if no argument is mapped.
template <detail::traceable F>
auto vmap(F function, VmapAxes axes = {}, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), axes = std::move(axes), where](const auto&... arguments) {
    const std::vector<Expr> leaves = detail::flatten_all(arguments...);
    std::vector<std::optional<int>> at;
    std::size_t k = 0;
    const auto spread = [&](const auto& argument) {
      const auto axis = axes.in.empty() ? std::optional<int>(0) : axes.in[std::min(k, axes.in.size() - 1)];
      ++k;
      detail::walk("", [&](const std::string&, const Expr&) { at.push_back(axis); }, argument);
    };
    (spread(arguments), ...);
    const std::vector<Expr> one = detail::examples(leaves, at, where);
    auto result = std::apply(function, detail::all_with_leaves(one, arguments...));
    const std::vector<Expr> all = detail::vmap(detail::flatten_all(result), one, leaves, at, axes.out, where);
    return detail::with_leaves(result, all);
  };
}

// --- Derivatives of functions ---

/// The Jacobian of f's result (one Expr) with respect to its first argument, in that argument's layout: each leaf has the shape of
/// the result followed by its own.
template <detail::traceable F>
auto jacobian(F function, Mode mode = Mode::automatic, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), mode, where]<class P>(const P& x, const auto&... rest) {
    const auto y = function(x, rest...);
    return detail::with_leaves(x, jacobian({detail::single(y), where}, detail::flatten(x), mode));
  };
}

/// The Hessian of the scalar function f with respect to its first argument, one Expr: of its shape twice.
template <detail::traceable F>
auto hessian(F function, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), where](const Expr& x, const auto&... rest) {
    return hessian(At{detail::single(function(x, rest...)), where}, x);
  };
}

/// f's result (one Expr) at `x` and its tangent for tangents of the arguments, given as the arguments are:
/// `auto [y, t] = jvp(f, std::tuple{a, b}, std::tuple{ta, tb})`.
template <detail::traceable F, class... A>
std::pair<Expr, Expr> jvp(const F& function, const std::tuple<A...>& x, const std::tuple<A...>& tangents,
                          std::source_location where = std::source_location::current()) {
  const Expr y = std::apply(function, x);
  const std::vector<Expr> leaves = std::apply([](const A&... a) { return detail::flatten_all(a...); }, x);
  const std::vector<Expr> directions = std::apply([](const A&... a) { return detail::flatten_all(a...); }, tangents);
  return {y, detail::jvp(std::span(&y, 1), leaves, directions, where)[0]};
}

/// f's result (one Expr) at the arguments, and the map from its cotangent to theirs: a tuple laid out as the arguments.
/// `auto [y, pull] = vjp(f, params, x); auto [ct_params, ct_x] = pull(ct)`.
template <detail::traceable F, class... A>
  requires(sizeof...(A) > 0 && (... && (detail::leaf<A> || detail::is_structured<A>)))
auto vjp(const F& function, const A&... arguments) {
  const Expr y = function(arguments...);
  return std::pair{y, [y, arguments...](const Expr& cotangent) {
    return detail::all_with_leaves(detail::vjp(y, detail::flatten_all(arguments...), cotangent), arguments...);
  }};
}

/// f's result (one Expr) at the arguments, and its derivative there as a linear map of tangents, given as the arguments are.
template <detail::traceable F, class... A>
  requires(sizeof...(A) > 0 && (... && (detail::leaf<A> || detail::is_structured<A>)))
auto linearize(const F& function, const A&... arguments) {
  const Expr y = function(arguments...);
  return std::pair{y, [map = Linear(y, detail::flatten_all(arguments...))](const A&... tangents) { return map(detail::flatten_all(tangents...)); }};
}

// --- Derivatives of one's own ---

/// f with a reverse derivative of one's own: `rule(ct, y, arguments...)` gives the cotangent of each argument (one Expr, or a pair
/// or tuple laid out as the arguments) from that of the result y, linear in it. It is an expression, so it fuses; higher orders
/// come from it, and the forward derivative is its transpose. f and rule give one Expr. GraphError if f uses an input that is not
/// among its arguments (its gradient would be lost) or the rule is not linear.
template <detail::traceable F, class Rule>
auto custom_vjp(F function, Rule rule, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), rule = std::move(rule), where](const auto&... arguments) -> Expr {
    const Expr y = function(arguments...);
    const auto cotangents = [&](const Expr& ct) { return detail::flatten_all(rule(ct, y, arguments...)); };
    return detail::with_custom_vjp(y, detail::flatten_all(arguments...), cotangents, where);
  };
}

/// f with a forward derivative of one's own: `rule(y, arguments..., tangents...)` gives the tangent of the result y, linear in the
/// tangents. The reverse derivative is its transpose. Otherwise as custom_vjp.
template <detail::traceable F, class Rule>
auto custom_jvp(F function, Rule rule, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), rule = std::move(rule), where]<class... A>(const A&... arguments) -> Expr {
    const Expr y = function(arguments...);
    const auto tangent = [&](const std::vector<Expr>& t) -> Expr {
      return std::apply([&](const A&... tangents) { return rule(y, arguments..., tangents...); }, detail::all_with_leaves(t, arguments...));
    };
    return detail::with_custom_jvp(y, detail::flatten_all(arguments...), tangent, where);
  };
}

/// f, of which nothing is kept for the reverse sweep but its arguments and what it takes from outside: the sweep computes it again.
/// Memory for time (Griewank, Walther 2000). The same bits, unless several checkpoints add to the
/// gradient of one input: then each adds its own sum.
template <detail::traceable F>
auto checkpoint(F function, std::source_location where = std::source_location::current()) {
  return [function = std::move(function), where](const auto&... arguments) -> Expr {
    return detail::checkpointed(detail::single(function(arguments...)), detail::flatten_all(arguments...), where);
  };
}

}  // namespace actinium
