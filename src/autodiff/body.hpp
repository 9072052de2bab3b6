// Graphs of loops' bodies: expressions closed over what they use, as a module of their own, and opened again to be differentiated
// or batched. Start reading at close.
#pragma once
#include <span>
#include <vector>

#include "graph/graph.hpp"
#include "ops/rules.hpp"

namespace actinium::autodiff {

/// What `outputs` take from outside a function of `variables`: expressions that do not depend on these, in the order of their
/// ids. Numbers, sizes and what is cheaply made of these alone do not count: close() copies them.
std::vector<Expr> captures(const GraphPtr& graph, std::span<const Expr> variables, std::span<const Expr> outputs);

/// The function from `inputs` (any nodes, all different) to `outputs` as a module: input i is the module's input i.
Module close(const GraphPtr& graph, std::span<const Expr> inputs, std::span<const Expr> outputs);

/// A copy of a module in a graph of its own, to be built on.
struct Body {
  GraphPtr graph;
  std::vector<Expr> inputs, outputs;
};
Body open(const Module& module);
/// `module` applied to arguments in their graph.
std::vector<Expr> apply(const Module& module, const GraphPtr& graph, std::span<const Expr> arguments);

/// Whether y depends on any of x: through what can be differentiated, or in any way.
bool varies_with(const Expr& y, std::span<const Expr> x);
bool depends_on(const Expr& y, std::span<const Expr> x);

}  // namespace actinium::autodiff
