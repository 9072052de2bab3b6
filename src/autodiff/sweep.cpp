// The parts of both sweeps.
#include "autodiff/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ops/cotangent.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"
#include "passes/recognise.hpp"

namespace actinium::autodiff {

using ops::fail;

namespace {

/// Forward from x through nodes that pass `through`, then backward from y.
template <class Through>
Cone cone_through(const GraphData& graph, std::span<const Expr> y, std::span<const Expr> x, Through&& through) {
  Cone c;
  c.first = 0xffffffffu;
  for (const Expr& e : x) c.first = std::min(c.first, index(e.id()));
  for (const Expr& e : y) c.last = std::max(c.last, index(e.id()));
  if (c.first > c.last) return {1, 0, {}};
  c.active.assign(c.last - c.first + 1, 0);
  for (const Expr& e : x)
    if (index(e.id()) <= c.last) c.active[index(e.id()) - c.first] = 1;
  for (std::uint32_t i = c.first; i <= c.last; ++i) {
    const NodeId id{i};
    if (c.active[i - c.first] || !through(id)) continue;
    for (NodeId o : graph.operands(id))
      if (c.contains(o)) {
        c.active[i - c.first] = 1;
        break;
      }
  }
  std::vector<char> needed(c.active.size(), 0);
  for (const Expr& e : y)
    if (c.contains(e.id())) needed[index(e.id()) - c.first] = 1;
  for (std::uint32_t i = c.last + 1; i-- > c.first;) {
    if (!needed[i - c.first]) continue;
    for (NodeId o : graph.operands(NodeId{i}))
      if (c.contains(o)) needed[index(o) - c.first] = 1;
  }
  c.active = std::move(needed);
  return c;
}

}  // namespace

Cone cone(const GraphData& graph, std::span<const Expr> y, std::span<const Expr> x) {
  return cone_through(graph, y, x, [&](NodeId id) {
    if (!is_float(graph.dtype(id))) return false;
    const ops::Rule& rule = ops::rule(graph.op(id));
    return rule.partial != nullptr || rule.vjp != nullptr || rule.cotangents != nullptr || graph.op(id) == ops::Op::result;
  });
}

Cone dependents(const GraphData& graph, std::span<const Expr> y, std::span<const Expr> x) {
  return cone_through(graph, y, x, [](NodeId) { return true; });
}

void check(std::string_view name, std::span<const Expr> y, std::span<const Expr> x, const std::source_location& where) {
  for (const Expr& e : x) {
    if (!e.is_bound()) fail<GraphError>(ops::location_of(where), name, "a derivative with respect to a number: give an expression of a graph");
    const Location at = ops::place(e.graph().get(), where);
    const std::string text = describe(*e.graph(), e.id());
    if (!is_float(e.dtype()))
      fail<TypeError>(at, name, fmt::format("a derivative needs f32 or f64: {} is {}", text, name_of(e.dtype())));
    if (e.graph() != x[0].graph()) fail<GraphError>(at, name, fmt::format("{} is of another graph than {}", text, describe(*x[0].graph(), x[0].id())));
  }
  for (const Expr& e : y) {
    if (!e.is_bound()) continue;
    const Location at = ops::place(e.graph().get(), where);
    const std::string text = describe(*e.graph(), e.id());
    if (!is_float(e.dtype())) fail<TypeError>(at, name, fmt::format("a derivative needs f32 or f64: {} is {}", text, name_of(e.dtype())));
    if (!x.empty() && e.graph() != x[0].graph())
      fail<GraphError>(at, name, fmt::format("{} and {} are of two graphs", text, describe(*x[0].graph(), x[0].id())));
  }
}

Expr seed(std::string_view name, const Expr& given, const Expr& like, const std::source_location& where) {
  if (!given.is_bound()) return ops::filled(like, given.literal(), like.shape());
  const Location at = ops::place(like.graph().get(), where);
  if (given.graph() != like.graph()) fail<GraphError>(at, name, "the direction is of another graph");
  if (given.dtype() != like.dtype())
    fail<TypeError>(at, name, fmt::format("the direction {} is {}, not {}", describe(*given.graph(), given.id()), name_of(given.dtype()), name_of(like.dtype())));
  if (given.shape() != like.shape())
    fail<ShapeError>(at, name, fmt::format("the direction {} must have the shape {} of {}", describe(*given.graph(), given.id()),
                                           like.shape().str(), describe(*like.graph(), like.id())));
  return given;
}

Expr zeros_like(const Expr& x) { return ops::filled(x, 0, x.shape()); }

void operands_of(const GraphPtr& graph, NodeId id, std::vector<Expr>& operands) {
  operands.clear();
  for (NodeId o : graph->operands(id)) operands.emplace_back(graph, o);
}

Ambient::Ambient(GraphData& graph, const std::source_location& where)
    : graph_(graph), saved_(graph.ambient), call_(graph.ambient != no_location ? graph.ambient : graph.intern_location(ops::location_of(where))) {
  graph_.ambient = call_;
}

std::vector<Expr> recognised(std::span<const Expr> y, std::span<const Expr> x) {
  std::vector<Expr> result(y.begin(), y.end());
  if (x.empty() || !x[0].graph()->recognises) return result;
  const GraphPtr& graph = x[0].graph();
  std::vector<Expr> inner, variables;
  for (const Expr& e : x) {
    if (ops::kind_of(graph->op(e.id())) == ops::Kind::leaf) continue;
    inner.push_back(e);
    variables.push_back(variable(graph, e.dtype(), e.shape()));
  }
  if (!inner.empty()) result = substitute(result, inner, variables);
  std::vector<NodeId> roots;
  for (const Expr& e : result)
    if (e.is_bound()) roots.push_back(e.id());
  const std::vector<NodeId> images = passes::recognised(graph, roots);
  std::size_t next = 0;
  for (Expr& e : result)
    if (e.is_bound()) e = Expr(graph, images[next++]);
  return inner.empty() ? result : substitute(result, variables, inner);
}

}  // namespace actinium::autodiff
