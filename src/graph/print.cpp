// Printing of graphs: for messages, for people, and as text that the parser reads back. Never an expanded tree: what is used
// twice, or would nest deeply, gets a name by `let`. Start reading at TextPrinter.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <unordered_set>

#include "graph/graph.hpp"
#include "ops/error.hpp"
#include "ops/loop.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

// Python's precedences.
enum : int { p_let, p_or, p_and, p_not, p_compare, p_sum, p_product, p_minus, p_power, p_atom };

int precedence(Op op) {
  switch (op) {
    case Op::logical_or: return p_or;
    case Op::logical_and: return p_and;
    case Op::logical_not: return p_not;
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::equal:
    case Op::not_equal: return p_compare;
    case Op::add:
    case Op::sub: return p_sum;
    case Op::mul:
    case Op::div:
    case Op::matmul: return p_product;
    case Op::neg: return p_minus;
    case Op::pow: return p_power;
    default: return p_atom;  // NOLINT: the others print as calls
  }
}

bool is_identifier(std::string_view s) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !s.empty() && letter(s[0]) && std::all_of(s.begin(), s.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

template <class T>
std::string real_text(T value) {
  if (value != value) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string s = fmt::format("{}", value);
  if (s.find_first_of(".e") == std::string::npos) s += ".0";
  return s;
}

std::string constant_text(const GraphData& g, NodeId id) {
  const double value = *g.constant_value(id);
  switch (g.dtype(id)) {
    case DType::b8: return value != 0 ? "true" : "false";
    case DType::i32: return std::to_string(static_cast<std::int32_t>(*g.constant_bits(id)));
    case DType::i64: return std::to_string(static_cast<std::int64_t>(*g.constant_bits(id)));
    case DType::f32: return real_text(static_cast<float>(value));
    case DType::f64: return real_text(value);
  }
  return "?";
}

std::string tuple(const std::vector<std::string>& parts) {
  return parts.size() == 1 ? fmt::format("({},)", parts[0]) : fmt::format("({})", fmt::join(parts, ", "));
}
template <class List>
std::string dims_text(const List& dims) {
  std::vector<std::string> parts;
  for (const Dim& d : dims) parts.push_back(d.str());
  return tuple(parts);
}
std::string ints_text(const std::vector<std::int64_t>& ints) {
  std::vector<std::string> parts;
  for (auto i : ints) parts.push_back(std::to_string(i));
  return parts.size() == 1 ? parts[0] : tuple(parts);
}

/// `slice` a node of several axes is one call an axis.
std::string slice_text(const GraphData& g, NodeId id, std::string x) {
  const Attributes& a = g.attributes(id);
  const Shape &from = g.shape(g.operand(id, 0)), &to = g.shape(id);
  for (int i = 0; i < to.rank(); ++i) {
    const Dim& start = a.dims[static_cast<std::size_t>(i)];
    const std::int64_t step = a.ints[static_cast<std::size_t>(i)];
    if (step == 1 && start.is(0) && from[i] == to[i]) continue;
    const Dim stop = start + to[i] * Dim(step);
    const bool before_first = stop.is_constant() && stop.constant() < 0;
    x = fmt::format("slice({}, {}, {}, {}, axis={})", x, start.str(), before_first ? "none" : stop.str(), step, i);
  }
  return x;
}

/// A kink that is not ours (ops/kink.hpp).
std::string kink_text(const Attributes& a) { return a.text.empty() ? "" : fmt::format(", kink=\"{}\"", a.text); }

/// Text of a call, from the texts of its operands.
std::string call_text(const GraphData& g, NodeId id, std::span<const std::string> x) {
  const Op op = g.op(id);
  const Attributes& a = g.attributes(id);
  const Shape& shape = g.shape(id);
  const auto name = ops::user_name(op);
  switch (op) {
    case Op::tensor: return a.text.empty() ? fmt::format("tensor{}", index(id)) : a.text;
    case Op::variable: return fmt::format("variable{}", a.ints[0]);
    case Op::custom: return x[0];
    case Op::loop: return fmt::format("{}({})", ops::loop_of(g, id)->is_scan() ? "scan" : "while", fmt::join(x, ", "));
    case Op::result: return fmt::format("{}[{}]", x[0], a.ints[0]);
    case Op::dim_size: {
      const bool usual = g.dtype(id) == g.default_dtype();
      return fmt::format("dim_size({}{})", a.dims[0].str(), usual ? "" : fmt::format(", dtype=\"{}\"", name_of(g.dtype(id))));
    }
    case Op::iota: return fmt::format("iota({}, axis={}, dtype=\"{}\")", dims_text(shape), a.ints[0], name_of(g.dtype(id)));
    case Op::cast: return fmt::format("cast({}, \"{}\")", x[0], name_of(g.dtype(id)));
    case Op::broadcast:
    case Op::reshape: return fmt::format("{}({}, {})", name, x[0], dims_text(shape));
    case Op::transpose: return fmt::format("transpose({}, {})", x[0], ints_text(a.ints));
    case Op::slice: return slice_text(g, id, x[0]);
    case Op::pad: {
      const auto half = a.dims.begin() + shape.rank();
      return fmt::format("pad({}, {}, {}, {})", x[0], dims_text(std::vector<Dim>(a.dims.begin(), half)),
                         dims_text(std::vector<Dim>(half, a.dims.end())), x[1]);
    }
    case Op::one_hot:
      return fmt::format("one_hot({}, {}, axis={}, dtype=\"{}\")", x[0], shape[static_cast<int>(a.ints[0])].str(), a.ints[0],
                         name_of(g.dtype(id)));
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::reduce_max:
    case Op::reduce_min:
      if (shape.rank() == 0) return fmt::format("{}({}{})", name, x[0], kink_text(a));
      return fmt::format("{}({}, axis={}{})", name, x[0], ints_text(a.ints), kink_text(a));
    case Op::concat:
    case Op::gather:
    case Op::scatter_add:
    case Op::flip:
    case Op::argmax:
    case Op::argmin:
    case Op::sort:
    case Op::argsort: return fmt::format("{}({}, axis={})", name, fmt::join(x, ", "), ints_text(a.ints));
    case Op::cumsum: return fmt::format("cumsum({}, axis={}{})", x[0], a.ints[0], a.ints[1] ? ", reverse=true" : "");
    case Op::activation: return ops::unit_of(a).text(a, x);
    case Op::max:
    case Op::min:
      if (!a.text.empty())
        return fmt::format("{}({}, {}{})", op == Op::max ? "maximum" : "minimum", x[0], x[1], kink_text(a));
      return fmt::format("{}({}, {})", name, x[0], x[1]);
    case Op::abs:
    case Op::clamp: return fmt::format("{}({}{})", name, fmt::join(x, ", "), kink_text(a));
    default: return fmt::format("{}({})", name, fmt::join(x, ", "));  // NOLINT: elementwise functions
  }
}

bool is_full_reversal(const GraphData& g, NodeId id) {
  const auto& p = g.attributes(id).ints;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] != static_cast<std::int64_t>(p.size() - 1 - i)) return false;
  return true;
}

/// One pass over the arena: the text of a node from those of its operands, each kept only until its last use.
class TextPrinter {
 public:
  TextPrinter(const GraphData& graph, NodeId root) : g_(graph), root_(root), uses_(graph.size(), 0), texts_(graph.size()) {
    const std::array roots{root};
    needed_ = reachable(graph, roots);
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      if (!needed_[i]) continue;
      for (NodeId o : graph.operands(NodeId{i})) ++uses_[index(o)];
      const Op op = graph.op(NodeId{i});
      if (op == Op::input || op == Op::tensor) taken_.insert(graph.attributes(NodeId{i}).text);
    }
    left_ = uses_;
  }

  std::string print() {
    for (std::uint32_t i = 0; i <= index(root_); ++i)
      if (needed_[i]) node(NodeId{i});
    const std::string& result = texts_[index(root_)].text;
    if (bindings_.empty()) return result;
    const std::string separator = bindings_.size() == 1 ? " " : "\n";
    return fmt::format("let {}{}in {}", fmt::join(bindings_, ",\n    "), separator, result);
  }

 private:
  struct Text {
    std::string text;
    int precedence = p_atom;
    int depth = 0;
  };
  static constexpr int deepest = 12;
  static constexpr std::size_t longest = 160;

  const GraphData& g_;
  NodeId root_;
  std::vector<std::uint32_t> uses_, left_;
  std::vector<Text> texts_;
  std::vector<char> needed_;
  std::unordered_set<std::string> taken_;
  std::vector<std::string> bindings_;
  int next_ = 0;

  std::string within(NodeId id, int least) const {
    const Text& t = texts_[index(id)];
    return t.precedence < least ? fmt::format("({})", t.text) : t.text;
  }

  Text infix(NodeId id) const {
    const Op op = g_.op(id);
    const int p = precedence(op);
    // Comparisons chain and ** binds to the right, so those parenthesise more.
    const int left = p == p_compare || p == p_power ? p + 1 : p, right = p == p_power ? p_minus : p + 1;
    return {fmt::format("{} {} {}", within(g_.operand(id, 0), left), ops::infix(op), within(g_.operand(id, 1), right)), p, 0};
  }

  Text make(NodeId id) const {
    const Op op = g_.op(id);
    if (op == Op::input) return {std::string(g_.input_name(id))};
    if (op == Op::constant) {
      const std::string text = constant_text(g_, id);
      return {text, text[0] == '-' ? p_minus : p_atom, 0};
    }
    if (!ops::infix(op).empty()) return infix(id);
    if (op == Op::neg) return {"-" + within(g_.operand(id, 0), p_minus), p_minus, 0};
    if (op == Op::logical_not) return {"not " + within(g_.operand(id, 0), p_not), p_not, 0};
    if (op == Op::transpose && is_full_reversal(g_, id)) return {within(g_.operand(id, 0), p_atom) + ".T"};
    std::vector<std::string> operands;
    for (NodeId o : g_.operands(id)) operands.push_back(within(o, p_or));
    return {call_text(g_, id, operands)};
  }

  std::string fresh_name(NodeId id) {
    std::string name(g_.name(id));
    if (!is_identifier(name) || taken_.contains(name)) {
      do name = fmt::format("t{}", next_++);
      while (taken_.contains(name));
    }
    taken_.insert(name);
    return name;
  }

  void node(NodeId id) {
    Text t = make(id);
    for (NodeId o : g_.operands(id)) {
      t.depth = std::max(t.depth, texts_[index(o)].depth + 1);
      if (--left_[index(o)] == 0) texts_[index(o)].text = {};
    }
    const bool leaf = g_.operands(id).empty();
    const bool named = is_identifier(g_.name(id));
    if (!leaf && id != root_ && (uses_[index(id)] > 1 || named || t.depth > deepest || t.text.size() > longest)) {
      const std::string name = fresh_name(id);
      bindings_.push_back(fmt::format("{} = {}", name, t.text));
      t = {name};
    }
    texts_[index(id)] = std::move(t);
  }
};

std::string loop_text(const ops::Loop& loop) {
  if (loop.is_scan()) return fmt::format(" scan {} steps{}", loop.length->str(), loop.phases[0].reverse ? " from the last" : "");
  return loop.phases.size() == 1 ? " while" : fmt::format(" while, {} phases", loop.phases.size());
}

std::string attributes_text(const GraphData& g, NodeId id) {
  const Attributes& a = g.attributes(id);
  std::string text;
  if (g.op(id) == Op::constant) return " " + constant_text(g, id);
  if (g.op(id) == Op::activation) text += fmt::format(" {}", ops::unit_of(a).name());
  if (g.op(id) == Op::loop) text += loop_text(*ops::loop_of(g, id));
  if (!a.text.empty()) text += " " + a.text;
  if (!a.ints.empty()) text += fmt::format(" {{{}}}", fmt::join(a.ints, ", "));
  if (!a.dims.empty()) text += " " + dims_text(a.dims);
  return text;
}

std::vector<char> needed_by(const Module& m) {
  std::vector<NodeId> roots = m.outputs;
  roots.insert(roots.end(), m.inputs.begin(), m.inputs.end());
  return reachable(*m.graph, roots);
}

std::string quoted(std::string_view text) {
  std::string s;
  for (char c : text) {
    if (c == '"' || c == '\\') s += '\\';
    s += c;
  }
  return s;
}

}  // namespace

std::string describe(const GraphData& graph, NodeId id) {
  if (graph.op(id) == Op::constant) return constant_text(graph, id);
  const auto name = graph.name(id);
  const std::string shape = graph.shape(id).str();
  return name.empty() ? shape : fmt::format("{} {}", name, shape);
}

std::string print_text(const GraphData& graph, NodeId root) { return TextPrinter(graph, root).print(); }

namespace {
/// The graphs of a loop, after the graph that it is in.
std::string bodies_text(const GraphData& g, NodeId id) {
  const ops::LoopPtr loop = ops::loop_of(g, id);
  std::string text;
  const auto add = [&](const std::string& title, const Module& body) {
    text += fmt::format("%{} {}:\n", index(id), title);
    std::istringstream lines(print_list(body));
    for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  };
  if (!loop->is_scan()) add("goes on while", loop->condition);
  for (std::size_t p = 0; p < loop->phases.size(); ++p)
    add(loop->phases.size() == 1 ? "step" : fmt::format("step of phase {}{}", p, loop->phases[p].reverse ? ", from the last" : ""), loop->phases[p].step);
  return text;
}
}  // namespace

std::string print_list(const Module& m) {
  const GraphData& g = *m.graph;
  const auto needed = needed_by(m);
  fmt::memory_buffer out;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    std::vector<std::string> operands;
    for (NodeId o : g.operands(id)) operands.push_back(fmt::format("%{}", index(o)));
    std::string line = fmt::format("%{} = {}{}{}{} : {} {}", i, ops::name_of(g.op(id)), attributes_text(g, id), operands.empty() ? "" : " ",
                                   fmt::join(operands, ", "), name_of(g.dtype(id)), g.shape(id).str());
    const auto name = g.name(id);
    const std::string where = g.location(id).str();
    if (!where.empty() || (!name.empty() && g.op(id) != Op::input))
      line += fmt::format("  # {}{}{}", g.op(id) == Op::input ? "" : name, name.empty() || where.empty() ? "" : " ", where);
    fmt::format_to(std::back_inserter(out), "{}\n", line);
  }
  std::vector<std::string> outputs;
  for (NodeId o : m.outputs) outputs.push_back(fmt::format("%{}", index(o)));
  fmt::format_to(std::back_inserter(out), "return {}\n", fmt::join(outputs, ", "));
  for (std::uint32_t i = 0; i < g.size(); ++i)
    if (needed[i] && g.op(NodeId{i}) == Op::loop) fmt::format_to(std::back_inserter(out), "{}", bodies_text(g, NodeId{i}));
  return fmt::to_string(out);
}

std::string print_dot(const Module& m) {
  const GraphData& g = *m.graph;
  const auto needed = needed_by(m);
  fmt::memory_buffer out;
  fmt::format_to(std::back_inserter(out), "digraph actinium {{\n  node [shape=box, fontname=\"monospace\"];\n");
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    const std::string label = fmt::format("{}{}", ops::name_of(g.op(id)), attributes_text(g, id));
    fmt::format_to(std::back_inserter(out), "  n{} [label=\"{}\\n{} {}\"{}];\n", i, quoted(label), name_of(g.dtype(id)),
                   quoted(g.shape(id).str()), g.operands(id).empty() ? ", style=rounded" : "");
    for (NodeId o : g.operands(id)) fmt::format_to(std::back_inserter(out), "  n{} -> n{};\n", index(o), i);
  }
  for (std::size_t i = 0; i < m.outputs.size(); ++i)
    fmt::format_to(std::back_inserter(out), "  out{} [shape=plaintext, label=\"output {}\"];\n  n{} -> out{};\n", i, i, index(m.outputs[i]), i);
  fmt::format_to(std::back_inserter(out), "}}\n");
  return fmt::to_string(out);
}

}  // namespace actinium
