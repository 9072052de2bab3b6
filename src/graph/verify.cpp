// Structural checks of a module: what every pass may rely on and must leave behind.
#include <fmt/format.h>

#include "actinium/error.h"
#include "graph/graph.hpp"
#include "ops/rules.hpp"

namespace actinium {
namespace {

[[noreturn]] void broken(const GraphData& g, std::uint32_t i, std::string_view what) {
  throw InternalError(fmt::format("node %{} ({}): {}", i, ops::name_of(g.op(NodeId{i})), what));
}

/// The type and shape that the op's rule gives must be the node's.
void check_rule(const GraphData& g, std::uint32_t i) {
  const NodeId id{i};
  const auto operands = g.operands(id);
  const ops::TypedShape own{g.dtype(id), g.shape(id)};
  const ops::BuildContext context{g, g.op(id), operands, g.attributes(id), g.location(id)};
  const ops::Rule& rule = ops::rule(g.op(id));
  try {
    if (rule.shape != nullptr) {
      const ops::TypedShape result = rule.shape(context, &own);
      if (result.dtype != own.dtype || result.shape != own.shape)
        broken(g, i, fmt::format("is {} {}, its rule gives {} {}", name_of(own.dtype), own.shape.str(), name_of(result.dtype), result.shape.str()));
      return;
    }
    Shape shape;
    for (NodeId o : operands) {
      const auto both = broadcast_shapes(shape, g.shape(o));
      if (!both) broken(g, i, "operands do not broadcast");
      shape = *both;
    }
    if (rule.type(context, &own) != own.dtype || shape != own.shape)
      broken(g, i, fmt::format("is {} {}, its operands broadcast to {}", name_of(own.dtype), own.shape.str(), shape.str()));
  } catch (const Error& e) {
    broken(g, i, e.what());
  }
}

void check_node(const GraphData& g, std::uint32_t i) {
  const NodeId id{i};
  const auto operands = g.operands(id);
  const int arity = ops::info(g.op(id)).arity;
  if (arity >= 0 && static_cast<std::size_t>(arity) != operands.size()) broken(g, i, fmt::format("has {} operands", operands.size()));
  for (NodeId o : operands)
    if (index(o) >= i) broken(g, i, fmt::format("its operand %{} does not stand before it", index(o)));
  if (g.op(id) == ops::Op::constant && (g.shape(id).rank() != 0 || g.attributes(id).ints.size() != 1)) broken(g, i, "is no scalar");
  if (g.op(id) == ops::Op::activation && g.attributes(id).object == nullptr) broken(g, i, "has no catalogue entry");
  check_rule(g, i);
}

}  // namespace

void verify(const Module& module) {
  const GraphData& g = *module.graph;
  for (std::uint32_t i = 0; i < g.size(); ++i) check_node(g, i);
  for (NodeId id : module.outputs)
    if (index(id) >= g.size()) throw InternalError(fmt::format("output %{} is outside the graph", index(id)));
  for (NodeId id : module.inputs)
    if (index(id) >= g.size() || g.op(id) != ops::Op::input) throw InternalError(fmt::format("%{} is no input", index(id)));
}

}  // namespace actinium
