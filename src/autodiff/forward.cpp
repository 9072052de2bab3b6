// The forward sweep: tangents from x to y in the order of the arena, and the Hessian-vector product made of both sweeps.
#include <map>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace autodiff {

Expr tangent_of(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) {
  const GraphPtr& graph = y.graph();
  if (graph->op(y.id()) == ops::Op::result) {
    // Operands and tangents are those of the node whose result it is.
    const Expr all{graph, graph->operand(y.id(), 0)};
    return ops::rule(graph->op(all.id())).tangents(all, operands, tangents)[static_cast<std::size_t>(graph->attributes(y.id()).ints[0])];
  }
  const ops::Rule& rule = ops::rule(graph->op(y.id()));
  const Expr t = rule.jvp != nullptr ? rule.jvp(y, operands, tangents)
                                     : ops::jvp_from_partials(tangents, [&](int k) { return rule.partial(y, operands, k); });
  return ops::is_literal(t, 0) ? t : ops::stretch(t.is_bound() ? t : Expr(y.graph(), y.graph()->number(y.dtype(), t.literal())), y.shape());
}

namespace {

std::vector<Expr> sweep(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> seeds, const std::source_location& where) {
  const GraphPtr& graph = x[0].graph();
  const Cone active = cone(*graph, y, x);
  Ambient ambient(*graph, where);
  const Marked marked(*graph);
  std::vector<NodeId> tangents(active.active.size(), no_node);
  auto slot = [&](NodeId id) -> NodeId& { return tangents[index(id) - active.first]; };
  for (std::size_t i = 0; i < x.size(); ++i)
    if (active.contains(x[i].id())) slot(x[i].id()) = seeds[i].id();
  std::map<NodeId, std::vector<Expr>> several;  // tangents of the results of nodes that have more than one
  std::vector<Expr> operands, incoming;
  for (std::uint32_t n = active.first; n <= active.last; ++n) {
    const NodeId id{n};
    if (!active.contains(id) || slot(id) != no_node) continue;
    ambient.at(id);
    operands_of(graph, id, operands);
    if (graph->op(id) == ops::Op::result) {
      const auto all = several.find(operands[0].id());
      if (all == several.end()) continue;
      const Expr& t = all->second[static_cast<std::size_t>(graph->attributes(id).ints[0])];
      if (!ops::is_literal(t, 0)) slot(id) = t.id();
      continue;
    }
    incoming.clear();
    bool any = false;
    for (const Expr& o : operands) {
      const bool has = active.contains(o.id()) && slot(o.id()) != no_node;
      incoming.push_back(has ? Expr(graph, slot(o.id())) : Expr());
      any = any || has;
    }
    if (!any) continue;
    if (const auto rule = ops::rule(graph->op(id)).tangents) {
      several[id] = rule({graph, id}, operands, incoming);
      continue;
    }
    const Expr t = tangent_of({graph, id}, operands, incoming);
    if (!ops::is_literal(t, 0)) slot(id) = t.id();
  }
  std::vector<Expr> result;
  for (const Expr& e : y) {
    const bool reached = e.is_bound() && active.contains(e.id()) && slot(e.id()) != no_node;
    result.push_back(reached ? Expr(graph, slot(e.id())) : e.is_bound() ? zeros_like(e) : Expr());
  }
  return result;
}

}  // namespace
}  // namespace autodiff

namespace detail {

std::vector<Expr> jvp(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> tangents, const std::source_location& where) {
  autodiff::check("jvp", y, x, where);
  if (x.size() != tangents.size() || x.empty())
    ops::fail<ShapeError>(ops::location_of(where), "jvp", "one tangent an input is expected");
  std::vector<Expr> seeds;
  for (std::size_t i = 0; i < x.size(); ++i) seeds.push_back(autodiff::seed("jvp", tangents[i], x[i], where));
  std::vector<Expr> bound;
  for (const Expr& e : autodiff::recognised(y, x))
    if (e.is_bound()) bound.push_back(e);
  if (bound.size() == y.size()) return autodiff::sweep(bound, x, seeds, where);
  std::vector<Expr> result, swept = autodiff::sweep(bound, x, seeds, where);
  std::size_t next = 0;
  for (const Expr& e : y) result.push_back(e.is_bound() ? swept[next++] : Expr());
  return result;
}

std::vector<Expr> hvp(const At& y, std::span<const Expr> x, std::span<const Expr> v) {
  return jvp(grad(y, x), x, v, y.where);
}

}  // namespace detail
}  // namespace actinium
