// A graph again with f64 in place of f32, to measure functions and not roundings. Start reading at widen.
#pragma once
#include <span>
#include <vector>

#include "graph/graph.hpp"

namespace actinium::differences {

struct Widened {
  Module module;
  std::vector<NodeId> variables;  ///< inputs in place of the variables asked for, in their order
  std::vector<NodeId> stopped;    ///< inputs in place of the stop_gradient nodes asked for, in their order
};

/// `in` with every f32 in f64. `variables` and `stopped` (nodes of `in`) become inputs with names of their own; rules
/// of the user's own are gone: a graph made so is to be evaluated, not differentiated.
Widened widen(const Module& in, std::span<const NodeId> variables, std::span<const NodeId> stopped);

/// The stop_gradient nodes that `roots` need.
std::vector<NodeId> stop_gradients(const GraphData& graph, std::span<const NodeId> roots);

}  // namespace actinium::differences
