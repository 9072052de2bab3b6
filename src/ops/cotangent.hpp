// Arithmetic of cotangents that keeps masks outermost. The adjoint of `where` is where(c, ct, 0); were it multiplied by the
// infinite slope of a branch not taken, 0 * inf would be NaN, so where(c, g, 0) * p is built as where(c, g * p, 0).
// Start reading at masked and apply.
#pragma once
#include <functional>
#include <optional>
#include <span>

#include "ops/rules.hpp"

namespace actinium::ops {

/// `where(c, cotangent, 0)`, or `where(c, 0, cotangent)` if `negated`; masks nest into one.
Expr masked(const Expr& condition, bool negated, const Expr& cotangent);
/// f(cotangent), elementwise in it, under its mask. f must give 0 for 0 wherever it is finite.
Expr apply(const Expr& cotangent, const std::function<Expr(const Expr&)>& f);
/// cotangent * factor.
Expr scaled(const Expr& cotangent, const Expr& factor);
/// a + b; equal masks stay outermost.
Expr accumulate(const Expr& a, const Expr& b);
/// A rearrangement (broadcast, reshape, transpose) of the cotangent, mask and value alike.
Expr rearranged(const Expr& cotangent, const std::function<Expr(const Expr&)>& f);

/// For its lifetime, the sweep of this thread: of its products, and of those alone, sum_to takes constant factors out of
/// sums. Nothing that the user wrote is reassociated.
class Derived {
 public:
  /// `first`: nodes from here on are of sweeps.
  explicit Derived(std::uint32_t first);
  ~Derived();
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;

 private:
  std::uint32_t saved_;
};

/// True for an unbound constant of this value.
inline bool is_literal(const Expr& e, double value) { return !e.is_bound() && e.literal() == value; }

}  // namespace actinium::ops
