// Derivatives of expressions: grad, value_and_grad, vjp, jvp, linearize, jacobian, hessian, hvp, derivative, jet; and vmap, the
// same expression for a batch of examples. They give expressions in the same graph, so they compose in any order and to any
// depth. One Expr for one input, std::array for several, std::vector for a list. Functions instead of expressions: transforms.h.
#pragma once
#include <actinium/expr.h>

#include <array>
#include <cstdint>
#include <optional>
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
/// Variables for examples of `xs` along `axes` (none: the argument is not mapped, and its image is itself).
ACTINIUM_API std::vector<Expr> examples(std::span<const Expr> xs, std::span<const std::optional<int>> axes, const std::source_location& where);
/// y, of variables made by examples(), for the whole batch, which stands along `out_axis`.
ACTINIUM_API std::vector<Expr> vmap(std::span<const Expr> y, std::span<const Expr> variables, std::span<const Expr> xs,
                                    std::span<const std::optional<int>> axes, int out_axis, const std::source_location& where);

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

/// Which sweep builds a Jacobian: one column an element of x (forward), one row an element of y (reverse), or whichever is fewer.
enum class Mode : std::uint8_t { automatic, forward, reverse };

/// The Jacobian dy/dx, of y's shape followed by x's. All rows (or columns) are computed at once, as one batch. Where y is an
/// elementwise map of x it is a diagonal, and costs one vector. ShapeError beyond rank 8.
ACTINIUM_API Expr jacobian(At y, const Expr& x, Mode mode = Mode::automatic);
/// With respect to several inputs: one sweep for all.
ACTINIUM_API std::vector<Expr> jacobian(At y, const std::vector<Expr>& x, Mode mode = Mode::automatic);

/// The Hessian of the scalar y, of x's shape twice: the forward Jacobian of the gradient (a diagonal where y is a sum of
/// functions of single elements). Products with vectors alone need hvp.
ACTINIUM_API Expr hessian(At y, const Expr& x);
/// Its blocks: result[i][j] is d2y/dx_i dx_j, of x_i's shape followed by x_j's.
ACTINIUM_API std::vector<std::vector<Expr>> hessian(At y, const std::vector<Expr>& x);

/// The derivative of y at x as the linear map that it is: `auto df = linearize(y, x); df(v)` is a tangent of y, `df.transpose(ct)`
/// a cotangent of x. What does not depend on v or ct is computed once, however often the map is applied.
class Linear {
 public:
  Linear(At y, std::vector<Expr> x) : y_(std::move(y)), x_(std::move(x)) {}
  /// Of y's shape, for tangents of the shapes of x (or numbers).
  Expr operator()(const std::vector<Expr>& tangents) const { return detail::jvp(std::span(&y_.expr, 1), x_, tangents, y_.where)[0]; }
  Expr operator()(const Expr& tangent) const { return (*this)(std::vector<Expr>{tangent}); }
  /// Of the shapes of x, for a cotangent of y's shape (or a number).
  std::vector<Expr> transpose(const Expr& cotangent) const { return detail::vjp(y_, x_, cotangent); }

 private:
  At y_;
  std::vector<Expr> x_;
};
inline Linear linearize(At y, const Expr& x) { return {std::move(y), {x}}; }
inline Linear linearize(At y, const std::vector<Expr>& x) { return {std::move(y), x}; }

/// The n-th derivative of an elementwise map y of x, element by element.
ACTINIUM_API Expr derivative(At y, const Expr& x, int n = 1);

/// y and its derivatives of orders 1 to `order` along x(s) = x + s*direction, each of y's shape: d^k y/ds^k at s = 0. Of one
/// variable, or element by element of an elementwise map, with the direction 1. Taylor mode: each order is built of the lower
/// ones (Griewank, Walther, "Evaluating derivatives", 2008, chapter 13), so that the expression grows with the square of the order
/// where derivatives close (tanh and sech2, sin and cos, exp, products), while differentiating again and again multiplies it. ValueError if order < 0.
ACTINIUM_API std::vector<Expr> jet(At y, const Expr& x, int order, const Expr& direction = 1);

// --- Batches ---

/// The expression y of x (of shape s) for every example of `xs`, which has one more axis than x, of the batch: [n] + the shape of
/// y, by axis 0. No loop at run time: each node becomes one larger node. ShapeError if the other axes of xs are not x's.
ACTINIUM_API Expr vmap(At y, const Expr& x, const Expr& xs, int axis = 0);
/// Several at once: x[i] runs over xs[i], all along `axis`.
ACTINIUM_API Expr vmap(At y, const std::vector<Expr>& x, const std::vector<Expr>& xs, int axis = 0);

}  // namespace actinium
