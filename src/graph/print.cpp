// Printing of graphs: for messages, for people, and as text that the parser reads back. Never an expanded tree.
#include "graph/graph.hpp"

#include <fmt/format.h>

namespace actinium {

std::string describe(const GraphData& graph, NodeId id) {
  const auto name = graph.name(id);
  const std::string shape = graph.shape(id).str();
  if (const auto value = graph.constant_value(id)) return fmt::format("{}", *value);
  return name.empty() ? shape : fmt::format("{} {}", name, shape);
}

}  // namespace actinium
