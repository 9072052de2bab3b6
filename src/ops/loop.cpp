// Places and types of a loop's operands and results.
#include "ops/loop.hpp"

#include <fmt/format.h>

#include "actinium/error.h"

namespace actinium::ops {

std::size_t Loop::first_final(std::size_t phase) const {
  std::size_t sum = 0;
  for (std::size_t p = 0; p < phase; ++p) sum += phases[p].carries;
  return sum;
}
std::size_t Loop::carries() const { return first_final(phases.size()); }

std::size_t Loop::operands() const { return first_slice() + (is_scan() ? phases[0].slices(constants) : 0); }
std::size_t Loop::results() const { return carries() + (is_scan() ? phases[0].emits() : 0); }

std::size_t Loop::first_stream(std::size_t phase) const {
  std::size_t sum = 0;
  for (std::size_t p = 0; p < phase; ++p) sum += phases[p].emits();
  return sum;
}

TypedShape type_of(const GraphData& graph, NodeId id) { return {graph.dtype(id), graph.shape(id)}; }

namespace {
TypedShape stacked(const TypedShape& one, const Dim& length) { return {one.dtype, in_front(length, one.shape)}; }
}  // namespace

TypedShape Loop::operand_type(std::size_t i) const {
  const GraphData& first = *phases[0].step.graph;
  if (i < constants) return type_of(first, phases[0].step.inputs[i]);
  for (std::size_t p = 0; p < phases.size(); ++p) {
    const std::size_t at = first_carry(p);
    if (i < at + phases[p].carries) return type_of(*phases[p].step.graph, phases[p].step.inputs[constants + i - at]);
  }
  return stacked(type_of(first, phases[0].step.inputs[i]), *length);
}

TypedShape Loop::result_type(std::size_t i) const {
  for (std::size_t p = 0; p < phases.size(); ++p) {
    const std::size_t at = first_final(p);
    if (i < at + phases[p].carries) return type_of(*phases[p].step.graph, phases[p].step.outputs[i - at]);
  }
  return stacked(type_of(*phases[0].step.graph, phases[0].step.outputs[i]), *length);
}

LoopPtr loop_of(const GraphData& graph, NodeId node) {
  return std::static_pointer_cast<const Loop>(graph.attributes(node).object);
}

void for_each_body(const Loop& loop, const std::function<void(const Module&)>& f) {
  const auto visit = [&](const Module& body) {
    f(body);
    for (std::uint32_t i = 0; i < body.graph->size(); ++i)
      if (body.graph->op(NodeId{i}) == Op::loop) for_each_body(*loop_of(*body.graph, NodeId{i}), f);
  };
  for (const Phase& p : loop.phases) visit(p.step);
  if (!loop.is_scan()) visit(loop.condition);
}

Expr make_loop(const GraphPtr& graph, LoopPtr loop, std::span<const Expr> operands) {
  return build(graph, Op::loop, operands, Attributes{{}, {}, {}, std::move(loop)});
}

Expr result_of(const Expr& loop, std::size_t i) {
  return build(loop.graph(), Op::result, std::span(&loop, 1), Attributes{{static_cast<std::int64_t>(i)}, {}, {}, {}});
}

}  // namespace actinium::ops
