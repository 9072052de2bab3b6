// Bodies of functions made again: one forward loop over the cone from x to y, whose nodes have their operands before them.
#include "autodiff/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "autodiff/loop_rules.hpp"
#include "autodiff/sweep.hpp"
#include "ops/error.hpp"

namespace actinium::autodiff {
namespace {

/// image(node, operands' images, which of them changed) for every node of the cone but x.
template <class Image>
std::vector<NodeId> walk_cone(const GraphPtr& graph, const Cone& cone, std::span<const Expr> x, std::span<const Expr> images, Image&& image) {
  std::vector<NodeId> made(cone.active.size(), no_node);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (cone.contains(x[i].id())) made[index(x[i].id()) - cone.first] = images[i].id();
  std::vector<Expr> operands;
  std::vector<char> changed;
  for (std::uint32_t n = cone.first; n <= cone.last; ++n) {
    const NodeId id{n};
    if (!cone.contains(id) || made[n - cone.first] != no_node) continue;
    operands_of(graph, id, operands);
    changed.clear();
    for (Expr& o : operands) {
      changed.push_back(cone.contains(o.id()));
      if (changed.back()) o = Expr(graph, made[index(o.id()) - cone.first]);
    }
    const std::size_t before = graph->size();
    made[n - cone.first] = image(Expr(graph, id), std::span<const Expr>(operands), std::span<const char>(changed)).id();
    if (graph->is_derived(id)) graph->mark_derived(before);
  }
  return made;
}

std::vector<Expr> bound_of(std::span<const Expr> list) {
  std::vector<Expr> bound;
  std::copy_if(list.begin(), list.end(), std::back_inserter(bound), [](const Expr& e) { return e.is_bound(); });
  return bound;
}

}  // namespace

Expr variable(const GraphPtr& graph, DType dtype, const Shape& shape) {
  static std::atomic<std::int64_t> serial{0};
  const ops::TypedShape requested{dtype, shape};
  return ops::build(graph, ops::Op::variable, {}, Attributes{{++serial}, {}, {}, {}}, std::source_location(), &requested);
}

std::vector<Expr> substitute(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> images) {
  const GraphPtr& graph = x[0].graph();
  const std::vector<Expr> bound = bound_of(y);
  const Cone body = dependents(*graph, bound, x);
  Ambient ambient(*graph, std::source_location());
  const std::vector<NodeId> made = walk_cone(graph, body, x, images, [&](const Expr& node, std::span<const Expr> operands, auto) {
    ambient.at(node.id());
    const ops::TypedShape same{node.dtype(), node.shape()};
    return ops::build(graph, graph->op(node.id()), operands, graph->attributes(node.id()), {}, &same);
  });
  std::vector<Expr> result;
  for (const Expr& e : y)
    result.push_back(e.is_bound() && body.contains(e.id()) ? Expr(graph, made[index(e.id()) - body.first]) : e);
  return result;
}

std::vector<Expr> batch(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> images, const Dim& size,
                        const std::source_location& where) {
  const GraphPtr& graph = x[0].graph();
  const std::vector<Expr> bound = bound_of(y);
  const Cone body = dependents(*graph, bound, x);
  Ambient ambient(*graph, where);
  const std::vector<NodeId> made = walk_cone(graph, body, x, images, [&](const Expr& node, std::span<const Expr> operands, auto has) {
    ambient.at(node.id());
    return ops::batched(node, operands, {size, has});
  });
  std::vector<Expr> result;
  for (const Expr& e : y) {
    const Expr own = e.is_bound() ? e : Expr(graph, graph->number(graph->default_dtype(), e.literal()));
    result.push_back(body.contains(own.id()) ? Expr(graph, made[index(own.id()) - body.first]) : ops::with_batch(own, false, size));
  }
  return result;
}

std::vector<Expr> captured(std::span<const Expr> y, std::span<const Expr> x) {
  const std::vector<Expr> bound = bound_of(y);
  std::vector<Expr> result;
  if (bound.empty() || x.empty()) return result;
  const GraphPtr& graph = x[0].graph();
  const Cone body = dependents(*graph, bound, x);
  std::vector<NodeId> outside;
  std::vector<char> is_x(body.active.size(), 0);
  for (const Expr& e : x)
    if (body.contains(e.id())) is_x[index(e.id()) - body.first] = 1;
  for (std::uint32_t n = body.first; n <= body.last; ++n) {
    const NodeId id{n};
    if (!body.contains(id) || is_x[n - body.first]) continue;
    for (NodeId o : graph->operands(id))
      if (!body.contains(o)) outside.push_back(o);
  }
  std::sort(outside.begin(), outside.end());
  outside.erase(std::unique(outside.begin(), outside.end()), outside.end());
  for (NodeId id : outside) result.emplace_back(graph, id);
  return result;
}

void check_free(std::string_view transform, std::span<const Expr> y, std::span<const Expr> variables, std::string_view what,
                const std::source_location& where) {
  const std::vector<Expr> bound = bound_of(y);
  if (bound.empty() || variables.empty()) return;
  for (const Expr& e : bound)
    if (truly_depends_on(e, variables)) ops::fail<GraphError>(ops::place(variables[0].graph().get(), where), transform, what);
}

}  // namespace actinium::autodiff
