// One forward sweep over a formula, and its instantiation. Both go over node ids in order, so nothing recurses.
#include "activations/differentiate.hpp"

#include "ops/rules.hpp"
#include "ops/unit.hpp"

namespace actinium::activations {

Expr differentiate(const Expr& y, const Expr& leaf) {
  if (!y.is_bound()) return 0;
  const GraphPtr graph = y.graph();
  const NodeId root = y.id();
  const std::vector<char> needed = reachable(*graph, std::span<const NodeId>(&root, 1));
  std::vector<Expr> tangent(needed.size());  // unbound 0: none
  std::vector<Expr> operands, tangents;
  for (std::uint32_t i = 0; i <= index(root); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    if (id == leaf.id()) {
      tangent[i] = 1.0;
      continue;
    }
    operands.clear();
    tangents.clear();
    bool moves = false;
    for (NodeId o : std::vector<NodeId>(graph->operands(id).begin(), graph->operands(id).end())) {
      operands.emplace_back(graph, o);
      tangents.push_back(tangent[index(o)]);
      moves = moves || !ops::is_literal(tangents.back(), 0);
    }
    if (!moves) continue;
    const ops::Rule& rule = ops::rule(graph->op(id));
    const Expr node(graph, id);
    if (rule.jvp != nullptr) {
      tangent[i] = rule.jvp(node, operands, tangents);
    } else if (rule.partial != nullptr) {
      tangent[i] = ops::jvp_from_partials(tangents, [&](int k) { return rule.partial(node, operands, k); });
    }
  }
  return tangent[index(root)];
}

Expr instantiate(const Module& module, std::span<const Expr> actual) {
  const GraphData& graph = *module.graph;
  const std::vector<char> needed = reachable(graph, module.outputs);
  std::vector<Expr> image(needed.size());
  for (std::size_t i = 0; i < module.inputs.size(); ++i) {
    if (index(module.inputs[i]) < image.size()) image[index(module.inputs[i])] = actual[i];
  }
  std::vector<Expr> operands;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    const NodeId id{i};
    if (!needed[i] || graph.op(id) == ops::Op::input) continue;
    if (const auto value = graph.constant_value(id)) {
      image[i] = *value;
      continue;
    }
    operands.clear();
    for (NodeId o : graph.operands(id)) operands.push_back(image[index(o)]);
    const ops::TypedShape type{graph.dtype(id), Shape{}};
    image[i] = ops::build(nullptr, graph.op(id), operands, graph.attributes(id), std::source_location(), &type);
  }
  return image[index(module.outputs[0])];
}

}  // namespace actinium::activations
