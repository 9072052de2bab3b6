// decompose: activations and the stable families written in base functions. Equal parts become equal nodes: the exp of
// a value and of its derivative is one.
#include <optional>

#include "activations/catalogue.hpp"
#include "activations/families.hpp"
#include "math/functions.hpp"
#include "passes/pass.hpp"

namespace actinium::passes {
namespace {

using ops::Op;

/// A family with a body of machine code stays: sech2 in f32, say, which shares what tanh computes.
bool expands(const GraphData& g, NodeId id) {
  const Op op = g.op(id);
  return op == Op::activation || (activations::is_family(op) && !math::has_body(op, g.dtype(id)));
}

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
    if (needed[i] && expands(*m.graph, NodeId{i})) return true;
  return false;
}

Module expand_once(const Module& in) {
  std::vector<Expr> operands;
  return rebuild(in, [&](GraphData& out, NodeId node, std::span<const NodeId> images) {
    if (!expands(*in.graph, node)) return copy_node(out, *in.graph, node, images);
    operands.clear();
    for (NodeId o : images) operands.emplace_back(out.shared_from_this(), o);
    Expr y = expand(*in.graph, node, operands);
    const Shape& shape = in.graph->shape(node);
    if (!y.is_bound()) y = Expr(operands[0].graph(), out.number(in.graph->dtype(node), y.literal()));
    return ops::stretch(y, shape).id();
  });
}

/// `x < c ? c : x` is one instruction, raw_max(c, x), which takes its second operand on NaN and ties as the select
/// does.
std::optional<Op> extremum(const GraphData& g, std::span<const NodeId> select) {
  if (!is_float(g.dtype(select[1]))) return std::nullopt;
  const Op compare = g.op(select[0]);
  if (compare != Op::less && compare != Op::greater) return std::nullopt;
  const NodeId left = g.operand(select[0], 0), right = g.operand(select[0], 1);
  if (left == select[1] && right == select[2]) return compare == Op::less ? Op::raw_min : Op::raw_max;
  if (left == select[2] && right == select[1]) return compare == Op::less ? Op::raw_max : Op::raw_min;
  return std::nullopt;
}

Module with_extrema(const Module& in) {
  return rebuild(in, [&](GraphData& out, NodeId node, std::span<const NodeId> images) {
    if (in.graph->op(node) != Op::select) return copy_node(out, *in.graph, node, images);
    const auto op = extremum(out, images);
    if (!op) return copy_node(out, *in.graph, node, images);
    return out.intern(*op, in.graph->dtype(node), in.graph->shape(node), images.subspan(1), Attributes{}, out.ambient);
  });
}

}  // namespace

Module decompose(const Module& module) {
  Module m = compact(module);
  while (has_work(m)) m = compact(expand_once(m));
  return compact(with_extrema(m));
}

}  // namespace actinium::passes
