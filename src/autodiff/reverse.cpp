// The reverse sweep: cotangents from y back to x, one forward-numbered arena walked backwards. Start reading at sweep.
#include <fmt/format.h>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace autodiff {
namespace {

Expr operand_cotangent(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) {
  const ops::Rule& rule = ops::rule(y.graph()->op(y.id()));
  if (rule.vjp != nullptr) return rule.vjp(y, operands, i, cotangent);
  return ops::vjp_from_partial(operands[static_cast<std::size_t>(i)], i, cotangent, [&](int k) { return rule.partial(y, operands, k); });
}

/// Contributions add up in one order, whatever the caller asked for: users by descending id, operands from left to right.
std::vector<Expr> sweep(const Expr& y, std::span<const Expr> x, const Expr& cotangent, const std::source_location& where) {
  const GraphPtr& graph = y.graph();
  const Cone active = cone(*graph, std::span(&y, 1), x);
  std::vector<Expr> result;
  if (!active.contains(y.id())) {
    for (const Expr& e : x) result.push_back(zeros_like(e));
    return result;
  }
  Ambient ambient(*graph, where);
  const ops::Derived derived(index(y.id()) + 1);
  std::vector<NodeId> cotangents(active.active.size(), no_node);
  auto slot = [&](NodeId id) -> NodeId& { return cotangents[index(id) - active.first]; };
  slot(y.id()) = cotangent.id();
  std::vector<Expr> operands;
  for (std::uint32_t n = index(y.id()) + 1; n-- > active.first;) {
    const NodeId id{n};
    if (!active.contains(id) || slot(id) == no_node) continue;
    ambient.at(id);
    operands_of(graph, id, operands);
    const Expr node{graph, id}, own{graph, slot(id)};
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const NodeId o = operands[i].id();
      if (!active.contains(o)) continue;
      const Expr part = operand_cotangent(node, operands, static_cast<int>(i), own);
      if (ops::is_literal(part, 0)) continue;
      slot(o) = slot(o) == no_node ? part.id() : ops::accumulate({graph, slot(o)}, part).id();
    }
  }
  for (const Expr& e : x) {
    const bool reached = active.contains(e.id()) && slot(e.id()) != no_node;
    result.push_back(reached ? Expr(graph, slot(e.id())) : zeros_like(e));
  }
  return result;
}

}  // namespace
}  // namespace autodiff

namespace detail {

std::vector<Expr> grad(const At& y, std::span<const Expr> x) {
  autodiff::check("grad", std::span(&y.expr, 1), x, y.where);
  if (y.expr.rank() != 0)
    ops::fail<ShapeError>(ops::place(y.expr.graph().get(), y.where), "grad",
                          fmt::format("{} is no scalar: take the gradient of sum(...), or use vjp", describe(*y.expr.graph(), y.expr.id())));
  return vjp(y, x, 1);
}

std::vector<Expr> vjp(const At& y, std::span<const Expr> x, const Expr& cotangent) {
  autodiff::check("vjp", std::span(&y.expr, 1), x, y.where);
  if (y.expr.is_bound()) return autodiff::sweep(y.expr, x, autodiff::seed("vjp", cotangent, y.expr, y.where), y.where);
  std::vector<Expr> zeros;
  for (const Expr& e : x) zeros.push_back(autodiff::zeros_like(e));
  return zeros;
}

}  // namespace detail

Expr derivative(At y, const Expr& x, int n) {
  if (n < 0) ops::fail<ValueError>(ops::place(x.graph().get(), y.where), "derivative", fmt::format("of order {}: 0 or more is expected", n));
  Expr result = y.expr;
  for (int i = 0; i < n; ++i) result = detail::vjp({result, y.where}, std::span(&x, 1), 1)[0];
  return result;
}

}  // namespace actinium
