// A bounded look at what a node is made of; print_text does the rest.
#include "graph/brief.hpp"

#include <fmt/format.h>

#include <cctype>
#include <set>
#include <vector>

#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

constexpr std::size_t longest = 100;

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

/// "let a = x - 1, b = a * 2 in f(a) + b" as one expression.
std::string without_let(std::string text) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const auto replaced = [&](const std::string& in, const std::string& name, const std::string& by) {
    std::string out;
    for (std::size_t i = 0; i < in.size();) {
      std::size_t end = i;
      while (end < in.size() && is_part(in[end])) ++end;
      if (end == i) {
        out += in[i++];
        continue;
      }
      const bool between = (out.ends_with('(') || out.ends_with(", ")) && end < in.size() && (in[end] == ')' || in[end] == ',');
      const std::string_view same(in.data() + i, end - i);
      out += same != name ? std::string(same) : between ? by : "(" + by + ")";
      i = end;
    }
    return out;
  };
  while (text.starts_with("let ")) {
    const std::size_t equals = text.find(" = ");
    std::size_t end = equals + 3;
    for (int depth = 0; end < text.size() && (depth > 0 || (text[end] != ',' && text.compare(end, 4, " in ") != 0)); ++end)
      depth += text[end] == '(' || text[end] == '[' ? 1 : text[end] == ')' || text[end] == ']' ? -1 : 0;
    if (end >= text.size()) return text;
    const std::string name = text.substr(4, equals - 4), value = text.substr(equals + 3, end - equals - 3);
    const bool last = text[end] != ',';
    text = (last ? "" : "let ") + replaced(text.substr(end + (last ? 4 : 2)), name, value);
    if (text.size() > 4 * longest) return text;
  }
  return text;
}

}  // namespace

std::string brief(const GraphData& g, NodeId id, std::size_t most) {
  if (is_small(g, id, most))
    if (std::string text = without_let(print_text(g, id)); text.size() <= longest && !text.starts_with("let ")) return text;
  if (const auto name = g.name(id); !name.empty()) return std::string(name);
  const std::string_view op = g.op(id) == Op::activation ? ops::unit_of(g, id).name() : ops::user_name(g.op(id));
  return fmt::format("{}(...)", op);
}

}  // namespace actinium
