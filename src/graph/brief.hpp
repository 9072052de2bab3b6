// Expressions in messages: short ones as text, long ones by their name or their last operation. Start reading at brief.
#pragma once
#include <map>
#include <string>

#include "graph/graph.hpp"

namespace actinium {

/// What inputs are to be called.
using Names = std::map<std::string, std::string>;
/// Of the inputs of a loop's step: "carry", "slice 1", or what is handed in.
Names names_in_step(const GraphData& graph, NodeId loop);

/// "x - sin(x)", in the language of the parser but without what only moves elements into place; "exp(...)" for what is made of more
/// than `most` nodes.
std::string brief(const GraphData& graph, NodeId id, const Names& names = {}, std::size_t most = 24);

}  // namespace actinium
