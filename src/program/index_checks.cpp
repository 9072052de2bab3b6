// From a use of indices back to the input that they are, through views, casts and the operands of scans.
#include "program/index_checks.hpp"

#include <algorithm>
#include <optional>

#include "ops/loop.hpp"
#include "ops/unit.hpp"
#include "program/view.hpp"

namespace actinium::program {
namespace {

using ops::Op;

/// A graph, or the body of a scan in another: its inputs are then the loop's operands.
struct Place {
  const Module& module;
  const Place* outer = nullptr;
  NodeId loop = no_node;
};

/// The module's input that indices are read from, if they are: a position among the inputs of the outermost module.
std::optional<std::uint32_t> input_of(const Place* place, NodeId node) {
  for (;;) {
    const GraphData& g = *place->module.graph;
    while (g.op(node) == Op::cast || is_view(g.op(node))) node = g.operand(node, 0);
    const auto& inputs = place->module.inputs;
    const auto at = std::find(inputs.begin(), inputs.end(), node);
    if (at == inputs.end()) return std::nullopt;
    if (place->outer == nullptr) return static_cast<std::uint32_t>(at - inputs.begin());
    node = place->outer->module.graph->operands(place->loop)[static_cast<std::size_t>(at - inputs.begin())];
    place = place->outer;
  }
}

void add_index_checks(const Place& place, std::vector<IndexCheck>& checks) {
  const GraphData& g = *place.module.graph;
  auto check = [&](NodeId indices, const Dim& bound, bool from_end, std::string what) {
    if (const auto input = input_of(&place, indices)) checks.push_back({*input, bound, from_end, std::move(what)});
  };
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId n{i};
    const auto& ints = g.attributes(n).ints;
    if (g.op(n) == Op::gather || g.op(n) == Op::scatter_add)
      check(g.operand(n, 1), g.shape(g.operand(n, 0))[static_cast<int>(ints[0])], true, std::string(ops::name_of(g.op(n))));
    if (g.op(n) == Op::loop)
      if (const ops::LoopPtr loop = ops::loop_of(g, n); loop->is_scan()) add_index_checks({loop->phases[0].step, &place, n}, checks);
    if (g.op(n) != Op::activation) continue;
    const ops::Unit& unit = ops::unit_of(g, n);
    const auto use = unit.index_use(g.attributes(n));
    if (use && is_integer(g.dtype(g.operand(n, use->operand))))
      check(g.operand(n, use->operand), g.shape(g.operand(n, 0))[use->axis], use->from_end, std::string(unit.name()));
  }
}

}  // namespace

std::vector<IndexCheck> index_checks(const Module& module) {
  std::vector<IndexCheck> checks;
  add_index_checks({module}, checks);
  return checks;
}

}  // namespace actinium::program
