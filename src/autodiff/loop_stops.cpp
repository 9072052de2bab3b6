// Two scans for one: the first gives what its steps stop, the second reads it. Inner scans come first, so that what they bring out
// is stopped in the step around them. Start reading at without_stops.
#include "autodiff/loop_stops.hpp"

#include "autodiff/loop_rules.hpp"
#include "autodiff/trace.hpp"

namespace actinium::autodiff {
namespace {

using ops::Loop;
using ops::Op;
using List = std::vector<Expr>;

/// The nodes of an op that y is made of, in the order of their ids.
List nodes_of(std::span<const Expr> y, Op op) {
  std::vector<NodeId> roots;
  for (const Expr& e : y) roots.push_back(e.id());
  const GraphPtr& graph = y[0].graph();
  const std::vector<char> needed = reachable(*graph, roots);
  List list;
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (needed[i] && graph->op(NodeId{i}) == op) list.emplace_back(graph, NodeId{i});
  return list;
}

bool has_stops(const Loop& loop) {
  bool found = false;
  ops::for_each_body(loop, [&](const Module& body) {
    const std::vector<char> needed = reachable(*body.graph, body.outputs);
    for (std::uint32_t i = 0; i < needed.size(); ++i) found = found || (needed[i] && body.graph->op(NodeId{i}) == Op::stop_gradient);
  });
  return found;
}

/// The scan's step, of whose outputs inner scans are without stops: its outputs, and what it stops.
struct Opened {
  OpenStep step;
  List outputs, stops;
};
Opened opened(const Loop& loop) {
  Opened o{open_step(loop, 0), {}, {}};
  o.outputs = o.step.next;
  append(o.outputs, o.step.emits);
  o.outputs = without_stops(o.outputs);
  o.stops = nodes_of(o.outputs, Op::stop_gradient);
  return o;
}

Module closed(const Opened& o, const List& slices, const List& outputs) {
  List inputs = o.step.constants;
  append(inputs, o.step.carries), append(inputs, o.step.slices), append(inputs, slices);
  return close(o.step.graph, inputs, outputs);
}

/// The scan with its stops outside.
Expr brought_out(const Expr& node) {
  const GraphPtr& graph = node.graph();
  const Loop& old = *ops::loop_of(*graph, node.id());
  const Opened o = opened(old);
  List operands;
  for (const NodeId id : graph->operands(node.id())) operands.emplace_back(graph, id);
  Loop gives = old, reads = old;
  gives.parts.clear(), reads.parts.clear();
  List all = o.outputs;
  append(all, o.stops);
  // It is stopped as a whole.
  for (std::size_t i = o.stops.size(); i-- > 0;) {
    const Expr inside(o.step.graph, o.step.graph->operand(o.stops[i].id(), 0));
    all = substitute(all, std::span(&o.stops[i], 1), std::span(&inside, 1));
  }
  gives.phases[0].step = closed(o, {}, all);
  const std::size_t first = gives.first_emit() + o.step.emits.size();
  const Expr given = ops::make_loop(graph, std::make_shared<const Loop>(std::move(gives)), operands);
  List slices;
  for (std::size_t i = 0; i < o.stops.size(); ++i) {
    slices.push_back(variable(o.step.graph, o.stops[i].dtype(), o.stops[i].shape()));
    operands.push_back(stop_gradient(ops::result_of(given, first + i)));
  }
  reads.phases[0].step = closed(o, slices, substitute(o.outputs, o.stops, slices));
  return ops::make_loop(graph, std::make_shared<const Loop>(std::move(reads)), operands);
}

}  // namespace

std::vector<Expr> without_stops(std::span<const Expr> y) {
  List result(y.begin(), y.end());
  if (result.empty()) return result;
  const auto next = [&]() -> Expr {
    for (const Expr& e : nodes_of(result, Op::loop)) {
      const ops::LoopPtr loop = ops::loop_of(*e.graph(), e.id());
      if (loop->is_scan() && has_stops(*loop) && !opened(*loop).stops.empty()) return e;
    }
    return {};
  };
  for (Expr node = next(); node.is_bound(); node = next()) {
    const Expr image = brought_out(node);
    result = substitute(result, std::span(&node, 1), std::span(&image, 1));
  }
  return result;
}

}  // namespace actinium::autodiff
