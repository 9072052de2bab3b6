// Masks of cotangents, and the two ways shapes follow broadcasting backwards.
#include "ops/cotangent.hpp"

#include <vector>

namespace actinium::ops {
namespace {

struct Mask {
  Expr condition;
  bool negated;  ///< the cotangent is 0 where the condition holds
  Expr value;
};

bool is_zero(const Expr& e) {
  if (!e.is_bound()) return e.literal() == 0;
  const auto value = e.graph()->constant_value(e.id());
  return value && *value == 0;
}

std::optional<Mask> mask_of(const Expr& e) {
  if (!e.is_bound() || e.graph()->op(e.id()) != Op::select) return std::nullopt;
  const GraphPtr& g = e.graph();
  const auto operands = g->operands(e.id());
  const Expr condition{g, operands[0]}, a{g, operands[1]}, b{g, operands[2]};
  if (is_zero(b)) return Mask{condition, false, a};
  if (is_zero(a)) return Mask{condition, true, b};
  return std::nullopt;
}

Expr choose(const Expr& condition, bool negated, const Expr& value) {
  return negated ? where(condition, Expr(0), value) : where(condition, value, Expr(0));
}

}  // namespace

Expr masked(const Expr& condition, bool negated, const Expr& cotangent) {
  if (is_literal(cotangent, 0)) return cotangent;
  const auto inner = mask_of(cotangent);
  if (!inner) return choose(condition, negated, cotangent);
  if (inner->condition.same_as(condition) && inner->negated == negated) return cotangent;
  const Expr outer = negated ? logical_not(condition) : condition;
  const Expr both = logical_and(outer, inner->negated ? logical_not(inner->condition) : inner->condition);
  return choose(both, false, inner->value);
}

Expr apply(const Expr& cotangent, const std::function<Expr(const Expr&)>& f) {
  if (is_literal(cotangent, 0)) return cotangent;
  if (const auto mask = mask_of(cotangent)) return choose(mask->condition, mask->negated, f(mask->value));
  return f(cotangent);
}

Expr scaled(const Expr& cotangent, const Expr& factor) {
  if (is_literal(factor, 0)) return Expr{};
  if (is_literal(factor, 1)) return cotangent;
  if (is_literal(factor, -1)) return apply(cotangent, [](const Expr& g) { return -g; });
  return apply(cotangent, [&](const Expr& g) { return g * factor; });
}

Expr accumulate(const Expr& a, const Expr& b) {
  if (is_literal(a, 0)) return b;
  if (is_literal(b, 0)) return a;
  const auto ma = mask_of(a), mb = mask_of(b);
  if (ma && mb && ma->negated == mb->negated && ma->condition.same_as(mb->condition))
    return choose(ma->condition, ma->negated, ma->value + mb->value);
  return a + b;
}

Expr rearranged(const Expr& cotangent, const std::function<Expr(const Expr&)>& f) {
  const auto mask = mask_of(cotangent);
  if (!mask) return f(cotangent);
  const Shape& shape = cotangent.shape();
  return choose(f(stretch(mask->condition, shape)), mask->negated, f(stretch(mask->value, shape)));
}

Expr stretch(const Expr& x, const Shape& shape) { return x.is_bound() && x.shape() == shape ? x : broadcast_to(x, shape); }

Expr sum_to(const Expr& cotangent, const Shape& shape) {
  if (!cotangent.is_bound() || cotangent.shape() == shape) return cotangent;
  const Shape& from = cotangent.shape();
  const int extra = from.rank() - shape.rank();
  std::vector<int> axes;
  for (int i = 0; i < from.rank(); ++i)
    if (i < extra || (shape[i - extra].is(1) && !from[i].is(1))) axes.push_back(i);
  const Expr summed = axes.empty() ? cotangent : sum(cotangent, axes);
  return summed.shape() == shape ? summed : reshape(summed, shape.dims());
}

}  // namespace actinium::ops
