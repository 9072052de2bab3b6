// A bounded look at what a node is made of; print_text does the rest.
#include "graph/brief.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "ops/error.hpp"
#include "ops/loop.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

constexpr std::size_t longest = 120;

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

bool is_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_word(std::string_view s) { return !s.empty() && std::all_of(s.begin(), s.end(), is_part); }

/// Where the operand that begins at `at` ends: at a comma, `stop` or bracket of its own level.
std::size_t end_of(const std::string& text, std::size_t at, std::string_view stop = ",") {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (depth == 0 && (c == ',' || c == ')' || c == ']' || text.compare(at, stop.size(), stop) == 0)) return at;
    depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
  }
  return at;
}

/// "f(...)" and nothing else.
bool is_call(std::string_view s) {
  const std::size_t open = s.find('(');
  if (open == std::string_view::npos || !is_word(s.substr(0, open))) return false;
  int depth = 0;
  for (std::size_t i = open; i < s.size(); ++i) {
    depth += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
    if (depth == 0) return i == s.size() - 1;
  }
  return false;
}

/// "1.0", "1e-05"
bool is_number(std::string_view s) {
  if (s.empty() || std::isdigit(static_cast<unsigned char>(s[0])) == 0) return false;
  for (std::size_t i = 1; i < s.size(); ++i)
    if (!is_part(s[i]) && s[i] != '.' && !(s[i - 1] == 'e' && (s[i] == '-' || s[i] == '+'))) return false;
  return true;
}

/// What needs no brackets.
bool stands_alone(std::string_view s) { return is_word(s) || is_call(s) || is_number(s); }

/// Every word `name` replaced.
std::string replaced(const std::string& in, std::string_view name, const std::string& by) {
  std::string out;
  for (std::size_t i = 0; i < in.size();) {
    std::size_t end = i;
    while (end < in.size() && is_part(in[end])) ++end;
    if (end == i) {
      out += in[i++];
      continue;
    }
    const bool operand = (out.empty() || out.ends_with('(') || out.ends_with(", ")) && (end == in.size() || in[end] == ')' || in[end] == ',');
    const std::string_view same(in.data() + i, end - i);
    out += same != name ? std::string(same) : operand || stands_alone(by) ? by : "(" + by + ")";
    i = end;
  }
  return out;
}

/// "let a = x - 1, b = a * 2 in f(a) + b" as one expression.
std::string without_let(std::string text) {
  while (text.starts_with("let ")) {
    const std::size_t equals = text.find(" = ");
    const std::size_t end = end_of(text, equals + 3, " in ");
    if (equals == std::string::npos || end >= text.size() || text.size() > 4 * longest) return text;
    const std::string name = text.substr(4, equals - 4), value = text.substr(equals + 3, end - equals - 3);
    const bool last = text[end] != ',';
    text = (last ? "" : "let ") + replaced(text.substr(end + (last ? 4 : 2)), name, value);
  }
  return text;
}

/// reshape(f(x), (n, 1)) as f(x).
std::string without_moves(std::string text) {
  for (const std::string_view move : {"reshape(", "broadcast_to("}) {
    for (std::size_t at = text.find(move); at != std::string::npos; at = text.find(move, at)) {
      const std::size_t begin = at + move.size(), end = end_of(text, begin), close = end_of(text, end + 2);
      if (end >= text.size() || close >= text.size() || text[close] != ')' || (at > 0 && is_part(text[at - 1]))) {
        at = begin;
        continue;
      }
      const std::string inner = text.substr(begin, end - begin);
      text.replace(at, close + 1 - at, stands_alone(inner) ? inner : "(" + inner + ")");
    }
  }
  return text;
}

}  // namespace

Names names_in_step(const GraphData& g, NodeId node) {
  const ops::LoopPtr loop = ops::loop_of(g, node);
  const ops::Phase& phase = loop->phases[0];
  const GraphData& body = *phase.step.graph;
  Names names;
  const auto numbered = [](std::string_view what, std::size_t i, std::size_t count) { return count == 1 ? std::string(what) : fmt::format("{}{}", what, i); };
  for (std::size_t i = 0; i < phase.step.inputs.size(); ++i) {
    std::string& name = names[std::string(body.input_name(phase.step.inputs[i]))];
    if (i < loop->constants)
      name = brief(g, g.operand(node, static_cast<int>(i)), {}, 4);
    else if (i < loop->constants + phase.carries)
      name = numbered("carry", i - loop->constants, phase.carries);
    else
      name = numbered("slice", i - loop->constants - phase.carries, phase.slices(loop->constants));
  }
  return names;
}

std::string brief(const GraphData& g, NodeId id, const Names& names, std::size_t most) {
  if (is_small(g, id, most)) {
    std::string text = without_moves(without_let(print_text(g, id)));
    for (const auto& [name, by] : names) text = replaced(text, name, by);
    if (text.size() <= longest && !text.starts_with("let ")) return text;
  }
  if (const auto name = g.name(id); !name.empty()) return std::string(name);
  const std::string_view op = g.op(id) == Op::activation ? ops::unit_of(g, id).name() : ops::user_name(g.op(id));
  return fmt::format("{}(...)", op);
}

}  // namespace actinium
