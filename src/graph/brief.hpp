// Expressions in messages: short ones as text that the parser reads back, long ones by their name, their last operation and place.
#pragma once
#include <string>

#include "graph/graph.hpp"

namespace actinium {

/// "x - sin(x)"; "exp(...)" for what is made of more than `most` nodes.
std::string brief(const GraphData& graph, NodeId id, std::size_t most = 16);

}  // namespace actinium
