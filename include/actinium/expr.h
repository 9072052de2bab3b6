// Expr, the value handle users compute with, and the free functions over it. Start reading at Expr; At is how arguments carry
// their source line.
#pragma once
#include <actinium/dtype.h>
#include <actinium/error.h>
#include <actinium/export.h>
#include <actinium/shape.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace actinium {

class GraphData;
enum class NodeId : std::uint32_t;

template <class T>
concept Number = std::is_arithmetic_v<T>;

/// A value in a graph: a light handle that shares ownership of its graph, so that it never dangles. Without a graph it is an
/// unbound constant (a number) that joins the first graph it meets, with the type of the other operand.
class ACTINIUM_API Expr {
 public:
  /// The unbound constant 0.
  Expr() = default;
  /// An unbound constant. It must be a value of the type it meets: 2.5 meets no integer, 2 meets all but a bool.
  template <Number T>
  Expr(T value) : literal_(static_cast<double>(value)), integral_(std::integral<T>) {}
  Expr(std::shared_ptr<GraphData> graph, NodeId id) : graph_(std::move(graph)), id_(id) {}

  bool is_bound() const { return graph_ != nullptr; }
  /// The value of an unbound constant.
  double literal() const { return literal_; }
  bool literal_is_integral() const { return integral_; }
  const std::shared_ptr<GraphData>& graph() const { return graph_; }
  NodeId id() const { return id_; }

  /// Shape and type; an unbound constant has rank 0 and type f64 (i64 if integral).
  const Shape& shape() const;
  DType dtype() const;
  int rank() const { return shape().rank(); }
  /// A name for messages, printing and kernels; returns the same expression.
  Expr named(std::string_view name) const;
  /// All axes reversed, as NumPy's.
  Expr T(std::source_location where = std::source_location::current()) const;
  /// Same graph and node (or equal unbound constants): structural identity, since graphs merge equal nodes.
  bool same_as(const Expr& other) const;

  /// An Expr has no truth value while the graph is built.
  template <std::same_as<bool> B>
  explicit operator B() const {
    static_assert(sizeof(B) == 0, "an Expr has no truth value: write ac::where(condition, a, b) instead of ?: or if");
    return false;
  }

  Expr& operator+=(const Expr& other);
  Expr& operator-=(const Expr& other);
  Expr& operator*=(const Expr& other);
  Expr& operator/=(const Expr& other);

 private:
  std::shared_ptr<GraphData> graph_;
  double literal_ = 0;
  NodeId id_{0};
  bool integral_ = true;
};

/// An argument and the place it was passed: the parameter type of every operator and function, so that `x + b` knows its line.
struct At {
  Expr expr;
  std::source_location where;
  At(const Expr& e, std::source_location w = std::source_location::current()) : expr(e), where(w) {}
  template <Number T>
  At(T value, std::source_location w = std::source_location::current()) : expr(value), where(w) {}
};

/// Axes of a reduction: one, several, or all (the default). Negative axes count from the end.
class ACTINIUM_API Axes {
 public:
  Axes() = default;
  Axes(int axis) : list_(std::vector<int>{axis}) {}
  Axes(std::initializer_list<int> axes) : list_(std::vector<int>(axes)) {}
  Axes(std::vector<int> axes) : list_(std::move(axes)) {}
  bool all() const { return !list_; }
  const std::vector<int>& list() const { return *list_; }

 private:
  std::optional<std::vector<int>> list_;
};
inline const Axes all_axes{};

// --- Operators: NumPy broadcasting, no mixing of types (TypeError), ShapeError names op, rule, shapes and line. ---
ACTINIUM_API Expr operator+(At a, At b);
ACTINIUM_API Expr operator-(At a, At b);
ACTINIUM_API Expr operator*(At a, At b);
ACTINIUM_API Expr operator/(At a, At b);  ///< floats only
ACTINIUM_API Expr operator-(At x);
ACTINIUM_API Expr operator<(At a, At b);
ACTINIUM_API Expr operator<=(At a, At b);
ACTINIUM_API Expr operator>(At a, At b);
ACTINIUM_API Expr operator>=(At a, At b);
ACTINIUM_API Expr operator==(At a, At b);
ACTINIUM_API Expr operator!=(At a, At b);
// Elementwise on bool; both sides are evaluated. (A plain Expr on the left, so that they win over the built-in operators.)
ACTINIUM_API Expr operator&&(const Expr& a, At b);
ACTINIUM_API Expr operator||(const Expr& a, At b);
ACTINIUM_API Expr operator!(const Expr& x);
inline Expr operator&&(const Expr& a, bool b) { return a && At(b); }
inline Expr operator||(const Expr& a, bool b) { return a || At(b); }
inline Expr operator&&(bool a, const Expr& b) { return b && At(a); }
inline Expr operator||(bool a, const Expr& b) { return b || At(a); }

// --- Elementwise functions. Accuracy: docs/accuracy.md. NaN in gives NaN out; infinities give limits. ---
#define ACTINIUM_UNARY_FUNCTIONS(X)                                                                                     \
  X(abs) X(sign) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(sqrt) X(rsqrt) X(cbrt) X(square)            \
  X(reciprocal) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc)  \
  X(floor) X(ceil) X(trunc) X(round) X(isnan) X(sech2) X(logistic_pdf) X(gauss) X(normpdf) X(normcdf) X(stop_gradient)
#define X(name) ACTINIUM_API Expr name(At x);
ACTINIUM_UNARY_FUNCTIONS(X)
#undef X
ACTINIUM_API Expr neg(At x);
ACTINIUM_API Expr logical_not(At x);
ACTINIUM_API Expr pow(At x, At y);
/// max(a, b): the larger; NaN if either is. Derivative at a tie: `a > b ? a' : b'`, but a literal operand takes the tie.
ACTINIUM_API Expr max(At a, At b);
ACTINIUM_API Expr min(At a, At b);
ACTINIUM_API Expr maximum(At a, At b);
ACTINIUM_API Expr minimum(At a, At b);
ACTINIUM_API Expr atan2(At y, At x);
ACTINIUM_API Expr hypot(At x, At y);
ACTINIUM_API Expr copysign(At magnitude, At sign);
ACTINIUM_API Expr fma(At a, At b, At c);
ACTINIUM_API Expr logical_and(At a, At b);
ACTINIUM_API Expr logical_or(At a, At b);
ACTINIUM_API Expr logical_xor(At a, At b);
/// `condition ? a : b`, elementwise. Its adjoint masks: no NaN from the branch not taken.
ACTINIUM_API Expr where(At condition, At a, At b);
/// x limited to [lo, hi]; NaN passes; derivative 1 strictly inside, else 0. ValueError if literal lo > hi.
ACTINIUM_API Expr clamp(At x, At lo, At hi);
/// Another element type. A float to an integer truncates and saturates, NaN gives 0; to bool: x != 0.
ACTINIUM_API Expr cast(At x, DType dtype);

// --- Reductions over axes (default all). keepdims leaves size-1 axes. ---
ACTINIUM_API Expr sum(At x, const Axes& axes = all_axes, bool keepdims = false);
ACTINIUM_API Expr mean(At x, const Axes& axes = all_axes, bool keepdims = false);
ACTINIUM_API Expr prod(At x, const Axes& axes = all_axes, bool keepdims = false);
/// NaN if any element is; the gradient goes to the first of ties; an empty axis is a ShapeError.
/// `max(x)`: over all axes. Over some, `reduce_max`: max(x, 0) is the elementwise one.
ACTINIUM_API Expr max(At x);
ACTINIUM_API Expr min(At x);
ACTINIUM_API Expr reduce_max(At x, const Axes& axes = all_axes, bool keepdims = false);
ACTINIUM_API Expr reduce_min(At x, const Axes& axes = all_axes, bool keepdims = false);
/// Index (i64) of the first largest / smallest element along an axis (all: of the flattened array).
ACTINIUM_API Expr argmax(At x, std::optional<int> axis = std::nullopt, bool keepdims = false);
ACTINIUM_API Expr argmin(At x, std::optional<int> axis = std::nullopt, bool keepdims = false);
ACTINIUM_API Expr cumsum(At x, int axis = -1, bool reverse = false);
ACTINIUM_API Expr sort(At x, int axis = -1);     ///< ascending, NaN last
ACTINIUM_API Expr argsort(At x, int axis = -1);  ///< i64, stable

// --- Products ---
/// NumPy's `@`: [..., M, K] @ [..., K, N]; a rank-1 operand is a row (left) or a column (right) and its axis is dropped.
ACTINIUM_API Expr matmul(At a, At b);

// --- Structure ---
ACTINIUM_API Expr broadcast_to(At x, const Shape& shape);
/// One size may be -1: what is left. Sizes must divide exactly.
ACTINIUM_API Expr reshape(At x, const std::vector<Dim>& shape);
ACTINIUM_API Expr transpose(At x, const std::vector<int>& permutation = {});  ///< default: all axes reversed
ACTINIUM_API Expr expand_dims(At x, int axis);
ACTINIUM_API Expr squeeze(At x, const Axes& axes = all_axes);
ACTINIUM_API Expr flatten(At x);
/// x[start:stop:step] along one axis; negative start, stop count from a constant end; step may be negative.
ACTINIUM_API Expr slice(At x, const Dim& start, const std::optional<Dim>& stop = std::nullopt, std::int64_t step = 1, int axis = 0);
/// `before[i]`, `after[i]` elements of `value` around axis i.
ACTINIUM_API Expr pad(At x, const std::vector<Dim>& before, const std::vector<Dim>& after, At value = 0.0);
ACTINIUM_API Expr concat(const std::vector<Expr>& parts, int axis = 0, std::source_location where = std::source_location::current());
ACTINIUM_API Expr stack(const std::vector<Expr>& parts, int axis = 0, std::source_location where = std::source_location::current());
/// Elements of x at integer indices along an axis (NumPy's take). Negative indices count from the end.
ACTINIUM_API Expr gather(At x, At indices, int axis = 0);
/// base with updates added at indices along an axis: repeated indices add up, in ascending order of position.
ACTINIUM_API Expr scatter_add(At base, At indices, At updates, int axis = 0);
ACTINIUM_API Expr flip(At x, const Axes& axes = all_axes);
/// 1 where the new axis (of size n) equals the integer index, else 0; `dtype` by default the graph's.
ACTINIUM_API Expr one_hot(At indices, const Dim& n, int axis = -1, std::optional<DType> dtype = std::nullopt);

/// Text that the parser reads back: `let` names what is used more than once.
ACTINIUM_API std::ostream& operator<<(std::ostream& out, const Expr& e);
ACTINIUM_API std::string to_string(const Expr& e);

}  // namespace actinium
