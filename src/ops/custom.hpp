// A value with derivatives of its own: node custom(y, x...) is y, and its rule says what differentiation makes of it. Autodiff
// reads it, the first pass puts y in its place. Attributes::object is a std::shared_ptr<const CustomRule>.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "ops/rules.hpp"

namespace actinium::ops {

class CustomRule : public std::enable_shared_from_this<CustomRule> {
 public:
  virtual ~CustomRule() = default;
  /// Cotangent of x[i], of its shape; an unbound 0 for none.
  virtual Expr vjp(const Expr& y, std::span<const Expr> x, std::size_t i, const Expr& cotangent) const = 0;
  /// Tangent of y from those of x (unbound 0 for none).
  virtual Expr jvp(const Expr& y, std::span<const Expr> x, std::span<const Expr> tangents) const = 0;
  /// The rule of the same value for a batch; `has` says which x have the batch axis in front. y has it.
  virtual std::shared_ptr<const CustomRule> batched(const Dim& size, std::span<const char> has) const = 0;
  /// The nodes of its graph that the rule is written in (no_node for none), all older than the node that has it, and which of
  /// them are variables of its own.
  virtual std::vector<NodeId> nodes() const = 0;
  virtual std::vector<NodeId> variables() const = 0;
  /// The same rule in another graph, where nodes() are `images`.
  virtual std::shared_ptr<const CustomRule> moved(std::span<const NodeId> images) const = 0;
};

/// y, which has been computed from x, with this rule.
Expr with_rule(const Expr& y, std::span<const Expr> x, std::shared_ptr<const CustomRule> rule);

}  // namespace actinium::ops
