// A bounded look at what a node is made of; print_text does the rest.
#include "graph/brief.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

constexpr std::size_t longest = 72;

/// Whether it is made of at most so many nodes, numbers not counted.
bool is_small(const GraphData& g, NodeId root, std::size_t most) {
  std::set<NodeId> seen{root};
  std::vector<NodeId> stack{root};
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (ops::kind_of(g.op(id)) == ops::Kind::loop) return false;
    for (NodeId o : g.operands(id)) {
      if (g.op(o) == Op::constant || !seen.insert(o).second) continue;
      if (seen.size() > most) return false;
      stack.push_back(o);
    }
  }
  return true;
}

}  // namespace

std::string brief(const GraphData& g, NodeId id, std::size_t most) {
  if (is_small(g, id, most))
    if (std::string text = print_text(g, id); text.size() <= longest && !text.starts_with("let ")) return text;
  if (const auto name = g.name(id); !name.empty()) return std::string(name);
  const std::string_view op = g.op(id) == Op::activation ? ops::unit_of(g, id).name() : ops::user_name(g.op(id));
  return fmt::format("{}(...)", op);
}

}  // namespace actinium
