// The node of ops/custom.hpp.
#include "ops/custom.hpp"

#include "ops/cotangent.hpp"

namespace actinium::ops {
namespace {

using Operands = std::span<const Expr>;

const CustomRule& rule_of(const Expr& y) { return *static_cast<const CustomRule*>(y.graph()->attributes(y.id()).object.get()); }

TypedShape custom_shape(const BuildContext& c, const TypedShape*) { return {c.graph.dtype(c.operands[0]), c.graph.shape(c.operands[0])}; }

Expr custom_vjp(const Expr& y, Operands operands, int i, const Expr& ct) {
  if (i == 0) return {};
  return rule_of(y).vjp(y, operands.subspan(1), static_cast<std::size_t>(i) - 1, ct);
}
/// The tangent of operand 0 is what the rule replaces.
Expr custom_jvp(const Expr& y, Operands operands, Operands tangents) {
  for (const Expr& t : tangents.subspan(1))
    if (!is_literal(t, 0)) return rule_of(y).jvp(y, operands.subspan(1), tangents.subspan(1));
  return {};
}
Expr custom_batch(const Expr& y, Operands operands, const Batch& b) {
  const Expr value = with_batch(operands[0], b.has[0] != 0, b.size);
  return with_rule(value, operands.subspan(1), rule_of(y).batched(b.size, b.has.subspan(1)));
}

const Entry entries[] = {{Op::custom, {nullptr, custom_shape, nullptr, custom_vjp, custom_jvp, custom_batch}}};

}  // namespace

std::span<const Entry> custom_entries() { return entries; }

Expr with_rule(const Expr& y, Operands x, std::shared_ptr<const CustomRule> rule) {
  std::vector<Expr> operands{y};
  operands.insert(operands.end(), x.begin(), x.end());
  return build(y.graph(), Op::custom, operands, Attributes{{}, {}, {}, std::move(rule)});
}

}  // namespace actinium::ops
