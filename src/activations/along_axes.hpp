// What catalogue entries along axes share: nodes of softmax and log_softmax made by other entries, and their
// derivatives.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "activations/catalogue.hpp"
#include "activations/formula.hpp"

namespace actinium::activations {

/// The parts that softmax and its kin share; equal rows give equal nodes.
struct Row {
  Expr x, m;         ///< m: the largest
  Expr e, top;       ///< exp(x) and exp(m), both times one power of two that brings top near 1
  Expr tops, rest;   ///< the sum of e where x is the largest, and elsewhere: next to tops it would be lost
  Axes axes;

  Expr sum() const { return tops + rest; }                        ///< of all e
  Expr others() const { return ((tops - top) + rest) / top; }  ///< the sum of exp(x - m), one 1 left out
};
/// x - m = high + low exactly; low is 1 where x, m or x - m is infinite.
struct Difference {
  Expr high, low;
};
Difference below_largest(const Row& r);
Row row(const Expr& x, const std::optional<Expr>& mask, const Axes& axes);
inline Expr total(const Expr& x, const Axes& axes) { return sum(x, axes, true); }
/// Where one probability outweighs all others together: there, and only there, 1 - y cancels.
inline Expr dominant(const Expr& y) { return y > 0.5; }

/// J v of softmax, with y its value; J is symmetric.
Expr softmax_tangent(const Expr& y, const std::optional<Expr>& mask, const Axes& axes, const Expr& v);

/// The entry `name` applied to x; `options` as its parameters declare them, axes last.
Expr axis_node(std::string_view name, const Expr& x, const std::optional<Expr>& mask,
               std::vector<std::int64_t> options);

/// J' v of log_softmax at x along `axes`, in terms none of which is 1 - y.
Expr log_softmax_pullback(const Expr& x, const std::optional<Expr>& mask, const Axes& axes, const Expr& v);

/// An entry along axes: a node of its own if it has a rule, otherwise composed.
Facts along(std::string name, std::vector<Alias> aliases, std::string formula, std::string documentation,
            std::string source, std::string advice, Formula value, const AxisRule* rule);

inline const Parameter axes_last{"axis", -1, {"dim", "axes"}, Takes::axes};
inline const Parameter axes_all{"axis", std::nullopt, {"dim", "axes"}, Takes::axes};
inline const Parameter axis_last{"axis", -1, {"dim"}, Takes::axis};

}  // namespace actinium::activations
