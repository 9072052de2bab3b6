// Sums of which one element alone counts: sum(where(i == label, f(x), 0)) along i is f of the label's x.
#pragma once
#include <optional>

#include "graph/graph.hpp"

namespace actinium::program {

/// The sum of `operand` over its last axis as f of one picked element, made with `shape`; nothing if it is no such sum.
/// What f computes for every element then is computed once a row.
std::optional<NodeId> picked_sum(GraphData& graph, NodeId operand, const Shape& shape);

}  // namespace actinium::program
