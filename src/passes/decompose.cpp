// decompose: activations and the stable families written in base functions. Equal parts become equal nodes: the exp of a value
// and of its derivative is one.
#include "activations/catalogue.hpp"
#include "activations/families.hpp"
#include "passes/pass.hpp"

namespace actinium::passes {
namespace {

using ops::Op;

bool expands(Op op) { return op == Op::activation || activations::is_family(op); }

/// One level: what an entry expands to may be made of families and other entries.
Expr expand(const GraphData& in, NodeId node, std::span<const Expr> operands) {
  if (in.op(node) != Op::activation) return activations::expand_family(in.op(node), operands[0]);
  const Attributes& attributes = in.attributes(node);
  const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(attributes));
  return entry.expand(static_cast<int>(attributes.ints[0]), entry.terms(attributes, operands));
}

bool has_work(const Module& m) {
  const std::vector<char> needed = reachable(*m.graph, m.outputs);
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (needed[i] && expands(m.graph->op(NodeId{i}))) return true;
  return false;
}

Module expand_once(const Module& in) {
  std::vector<Expr> operands;
  return rebuild(in, [&](GraphData& out, NodeId node, std::span<const NodeId> images) {
    if (!expands(in.graph->op(node))) return copy_node(out, *in.graph, node, images);
    operands.clear();
    for (NodeId o : images) operands.emplace_back(out.shared_from_this(), o);
    Expr y = expand(*in.graph, node, operands);
    const Shape& shape = in.graph->shape(node);
    if (!y.is_bound()) y = Expr(operands[0].graph(), out.number(in.graph->dtype(node), y.literal()));
    return ops::stretch(y, shape).id();
  });
}

}  // namespace

Module decompose(const Module& module) {
  Module m = compact(module);
  while (has_work(m)) m = compact(expand_once(m));
  return m;
}

}  // namespace actinium::passes
