// One rebuild, op by op as it is but for types.
#include "certify/widen.hpp"

#include <algorithm>
#include <string>

#include "actinium/tensor.h"
#include "ops/loop.hpp"

namespace actinium::differences {
namespace {

DType wide(DType t) { return t == DType::f32 ? DType::f64 : t; }

Attributes wide_tensor(const GraphData& in, NodeId node) {
  Attributes a = in.attributes(node);
  if (in.dtype(node) != DType::f32) return a;
  const std::vector<std::int64_t> extents = in.shape(node).evaluate({});
  const Tensor narrow = Tensor::copy(ArrayRef(a.object.get(), DType::f32, extents));
  const auto own = std::make_shared<Tensor>(narrow.cast(DType::f64));
  a.object = std::shared_ptr<const void>(own, own->raw());
  return a;
}

/// A loop whose bodies are wide.
ops::LoopPtr wide_loop(const ops::Loop& loop) {
  ops::Loop result = loop;
  result.parts.clear();
  for (ops::Phase& p : result.phases) p.step = widen(p.step, {}, {}).module;
  if (!loop.is_scan()) result.condition = widen(loop.condition, {}, {}).module;
  return std::make_shared<const ops::Loop>(std::move(result));
}

}  // namespace

Widened widen(const Module& in, std::span<const NodeId> variables, std::span<const NodeId> stopped) {
  const GraphData& graph = *in.graph;
  Widened result{{}, std::vector<NodeId>(variables.size(), no_node), std::vector<NodeId>(stopped.size(), no_node)};
  Module roots = in;
  // A variable that no output needs is an input all the same.
  roots.outputs.insert(roots.outputs.end(), variables.begin(), variables.end());
  roots.outputs.insert(roots.outputs.end(), stopped.begin(), stopped.end());
  const auto place_of = [](std::span<const NodeId> list, NodeId node) {
    return static_cast<std::size_t>(std::find(list.begin(), list.end(), node) - list.begin());
  };
  result.module = rebuild(roots, [&](GraphData& out, NodeId node, std::span<const NodeId> operands) {
    const auto fresh = [&](std::string_view kind, std::size_t i) {
      return out.add_input(std::string(kind) + " " + std::to_string(i), graph.shape(node), wide(graph.dtype(node)),
                           out.ambient);
    };
    if (const std::size_t i = place_of(variables, node); i < variables.size())
      return result.variables[i] = fresh("variable", i);
    if (const std::size_t i = place_of(stopped, node); i < stopped.size())
      return result.stopped[i] = fresh("stopped", i);
    const DType dtype = wide(graph.dtype(node));
    const ops::Op op = graph.op(node);
    if (op == ops::Op::input)
      return out.add_input(std::string(graph.input_name(node)), graph.shape(node), dtype, out.ambient);
    if (op == ops::Op::custom) return operands[0];
    if (op == ops::Op::constant && dtype != graph.dtype(node)) return out.number(dtype, *graph.constant_value(node));
    if (op == ops::Op::loop)
      return out.intern(op, dtype, graph.shape(node), operands, Attributes{{}, {}, {}, wide_loop(*ops::loop_of(graph, node))}, out.ambient);
    if (op == ops::Op::tensor)
      return out.intern(op, dtype, graph.shape(node), operands, wide_tensor(graph, node), out.ambient);
    return out.intern(op, dtype, graph.shape(node), operands, graph.attributes(node), out.ambient);
  });
  result.module.outputs.resize(in.outputs.size());
  return result;
}

std::vector<NodeId> stop_gradients(const GraphData& graph, std::span<const NodeId> roots) {
  const std::vector<char> needed = reachable(graph, roots);
  std::vector<NodeId> list;
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (needed[i] && graph.op(NodeId{i}) == ops::Op::stop_gradient) list.push_back(NodeId{i});
  return list;
}

}  // namespace actinium::differences
