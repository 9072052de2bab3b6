// What the derivative at a kink is, where the one-sided derivatives differ: `strict` is ours, the others are what other
// systems take there. Activations have it as an option; abs, clamp, max, min and their reductions as their text
// attribute.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "actinium/expr.h"

namespace actinium::ops {

enum class Kink : std::uint8_t {
  strict,  ///< that of the branch a strict compare leaves: active zones are open; a literal operand of max takes ties
  right,   ///< that of the right side
  mean,    ///< half of each side; ties are shared equally
  sum,     ///< both sides together: 1 at the bounds of clamp
  zero,    ///< none
  second,  ///< of max and min alone: ties go to the second operand, literal or not
};
inline constexpr std::array<std::string_view, 6> kink_names{"strict", "right", "mean", "sum", "zero", "second"};
constexpr std::string_view name_of(Kink k) { return kink_names[static_cast<std::size_t>(k)]; }
constexpr std::optional<Kink> kink_named(std::string_view name) {
  for (std::size_t i = 0; i < kink_names.size(); ++i)
    if (kink_names[i] == name) return static_cast<Kink>(i);
  return std::nullopt;
}

/// The derivative at a kink between these two.
Expr between(Kink kink, const Expr& left, const Expr& right);

/// The kink of a primitive's node.
Kink kink_of(const Expr& node);
/// The same call of abs, clamp, max, min, reduce_max or reduce_min with another kink (through the reshape of keepdims);
/// anything else, which has none, as it is.
Expr with_kink(const Expr& e, Kink kink);

}  // namespace actinium::ops
