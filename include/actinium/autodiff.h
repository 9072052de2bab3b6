// Derivatives of expressions: grad, value_and_grad, vjp, jvp, hvp, derivative. They give expressions in the same graph, so they
// compose in any order and to any depth. One Expr for one input, std::array for several, std::vector for a list.
#pragma once
#include <actinium/expr.h>

#include <array>
#include <span>
#include <utility>
#include <vector>

namespace actinium {

namespace detail {
ACTINIUM_API std::vector<Expr> grad(const At& y, std::span<const Expr> x);
ACTINIUM_API std::vector<Expr> vjp(const At& y, std::span<const Expr> x, const Expr& cotangent);
ACTINIUM_API std::vector<Expr> jvp(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> tangents,
                                   const std::source_location& where);
ACTINIUM_API std::vector<Expr> hvp(const At& y, std::span<const Expr> x, std::span<const Expr> v);

template <std::size_t N>
std::array<Expr, N> fixed(std::vector<Expr> list) {
  std::array<Expr, N> result;
  for (std::size_t i = 0; i < N; ++i) result[i] = std::move(list[i]);
  return result;
}
}  // namespace detail

// --- Reverse mode ---

/// The gradient of the scalar y with respect to x, of x's shape; zeros if y does not depend on it. x may be any expression of a
/// float type, not only an input. ShapeError if y is no scalar (use sum, or vjp), TypeError for integers.
inline Expr grad(At y, const Expr& x) { return detail::grad(y, std::span(&x, 1))[0]; }
template <std::same_as<Expr>... X>
  requires(sizeof...(X) >= 1)
std::array<Expr, sizeof...(X) + 1> grad(At y, const Expr& x, const X&... more) {
  const std::array list{x, more...};
  return detail::fixed<sizeof...(X) + 1>(detail::grad(y, list));
}
inline std::vector<Expr> grad(At y, const std::vector<Expr>& x) { return detail::grad(y, x); }
template <std::size_t N>
std::array<Expr, N> grad(At y, const std::array<Expr, N>& x) {
  return detail::fixed<N>(detail::grad(y, x));
}

/// y and its gradient (one Expr, an array or a list), as `auto [value, dx] = value_and_grad(y, x)`.
template <class... X>
auto value_and_grad(At y, const X&... x) {
  return std::pair{y.expr, grad(y, x...)};
}

/// The cotangent of x from that of y (of y's shape, or a number): the gradient of sum(y * cotangent), for y of any shape.
inline Expr vjp(At y, const Expr& x, const Expr& cotangent) { return detail::vjp(y, std::span(&x, 1), cotangent)[0]; }
inline std::vector<Expr> vjp(At y, const std::vector<Expr>& x, const Expr& cotangent) { return detail::vjp(y, x, cotangent); }
template <std::size_t N>
std::array<Expr, N> vjp(At y, const std::array<Expr, N>& x, const Expr& cotangent) {
  return detail::fixed<N>(detail::vjp(y, x, cotangent));
}

// --- Forward mode ---

/// The tangent of y (of y's shape) from that of x (of x's shape, or a number): its derivative in that direction.
inline Expr jvp(At y, const Expr& x, const Expr& tangent) {
  return detail::jvp(std::span(&y.expr, 1), std::span(&x, 1), std::span(&tangent, 1), y.where)[0];
}
inline Expr jvp(At y, const std::vector<Expr>& x, const std::vector<Expr>& tangents) {
  return detail::jvp(std::span(&y.expr, 1), x, tangents, y.where)[0];
}

// --- Second and higher order ---

/// The Hessian of the scalar y times v, by the tangent of its gradient: one more sweep, no matrix.
inline Expr hvp(At y, const Expr& x, const Expr& v) { return detail::hvp(y, std::span(&x, 1), std::span(&v, 1))[0]; }
/// Several inputs at once: `auto [HW, Hb] = hvp(y, {W, b}, {vW, vb})`.
template <std::size_t N>
std::array<Expr, N> hvp(At y, const Expr (&x)[N], const Expr (&v)[N]) {
  return detail::fixed<N>(detail::hvp(y, x, v));
}
inline std::vector<Expr> hvp(At y, const std::vector<Expr>& x, const std::vector<Expr>& v) { return detail::hvp(y, x, v); }

/// The n-th derivative of an elementwise map y of x, element by element.
ACTINIUM_API Expr derivative(At y, const Expr& x, int n = 1);

}  // namespace actinium
