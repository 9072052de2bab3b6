// The pass `recognise`: one forward sweep over the nodes that the roots need; each is made again of its operands' images and then
// tried against the rules for its op. Start reading at Recogniser::image.
#include "passes/recognise.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "actinium/activations.h"
#include "actinium/error.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "ops/rules.hpp"
#include "passes/pass.hpp"
#include "passes/recognise_pattern.hpp"

namespace actinium::passes {

using flat::bit_of, flat::Factor, flat::Match, flat::Matcher, flat::Pattern, flat::Product, flat::Scaled, flat::Sum;
using ops::Op;

Expr Letters::ratio(double p, double q) const {
  if (!exact) return p / q;
  return Expr(x.graph(), x.graph()->number(x.dtype(), p)) / q;
}

namespace {

struct Compiled {
  const Rule* rule;
  Pattern pattern;
  std::uint64_t needs = 0;  ///< ops that must be among a product's factors or a sum's terms
};

/// Rules by what stands at the root of their patterns, those that say most first.
struct RuleIndex {
  std::vector<Compiled> products, sums;
  std::array<std::vector<Compiled>, ops::op_table.size()> calls;
  void add(const Rule& rule, Pattern pattern);
};

std::uint64_t needs_of(const Pattern& p) {
  std::uint64_t bits = 0;
  for (const Pattern::Part& part : p.parts) {
    const Pattern& q = part.pattern;
    if (q.kind == Pattern::Kind::call || q.kind == Pattern::Kind::reduction) bits |= bit_of(q.op);
  }
  return bits;
}

std::size_t size_of(const Pattern& p) {
  std::size_t n = 1;
  for (const Pattern::Part& part : p.parts) n += size_of(part.pattern) + static_cast<std::size_t>(std::abs(part.power));
  return n;
}

void RuleIndex::add(const Rule& rule, Pattern pattern) {
  auto& list = pattern.kind == Pattern::Kind::product ? products
               : pattern.kind == Pattern::Kind::sum   ? sums
                                                      : calls[static_cast<std::size_t>(pattern.op)];
  const std::uint64_t needs = needs_of(pattern);
  const std::size_t size = size_of(pattern);
  const auto at = std::find_if(list.begin(), list.end(), [&](const Compiled& c) { return size_of(c.pattern) < size; });
  list.insert(at, {&rule, std::move(pattern), needs});
}

std::optional<double> literal(const GraphData& g, NodeId id) { return is_float(g.dtype(id)) ? g.constant_value(id) : std::nullopt; }
bool is_power_of_two(double v) {
  int exponent = 0;
  return std::abs(std::frexp(v, &exponent)) == 0.5 && std::abs(exponent) < 60;
}
bool is_leaf(const GraphData& g, NodeId id) { return ops::kind_of(g.op(id)) == ops::Kind::leaf; }

class Recogniser {
 public:
  Recogniser(const GraphPtr& graph, const RuleIndex& rules, std::vector<NodeId>& images)
      : graph_(graph), g_(*graph), rules_(rules), images_(images) {}

  void run(std::span<const NodeId> roots) {
    const std::vector<char> needed = reachable(g_, roots);
    images_.resize(std::max(images_.size(), needed.size()), no_node);
    for (std::uint32_t i = 0; i < needed.size(); ++i)
      if (needed[i] && images_[i] == no_node) images_[i] = image(NodeId{i});
    images_.resize(g_.size(), no_node);
    for (auto i = static_cast<std::uint32_t>(needed.size()); i < images_.size(); ++i) images_[i] = NodeId{i};
  }

 private:
  const GraphPtr& graph_;
  GraphData& g_;
  const RuleIndex& rules_;
  std::vector<NodeId>& images_;
  std::vector<NodeId> operands_;

  NodeId image(NodeId id) {
    NodeId now = remade(id);
    if (!is_float(g_.dtype(id)) || is_leaf(g_, id)) return now;
    if (g_.is_derived(id)) {
      if (now != id) g_.mark_derived(index(now));
      return now;
    }
    const Origin origin(g_, id);
    for (int round = 0; round < 8; ++round) {
      const NodeId next = rewritten(now);
      if (next == no_node || next == now) break;
      now = next;
    }
    if (const auto name = g_.name(id); now != id && !name.empty() && g_.name(now).empty()) g_.set_name(now, std::string(name));
    return now;
  }

  /// The node over its operands' images.
  NodeId remade(NodeId id) {
    operands_.clear();
    bool same = true;
    for (NodeId o : g_.operands(id)) {
      operands_.push_back(images_[index(o)]);
      same = same && operands_.back() == o;
    }
    if (same) return id;
    const Node n = g_[id];
    return g_.intern(n.op, n.dtype, n.shape, operands_, n.attributes, n.location);
  }

  NodeId rewritten(NodeId id) {
    const Op op = g_.op(id);
    Matcher matcher(g_);
    const DType type = g_.dtype(id);
    if (op == Op::add || op == Op::sub) {
      if (rules_.sums.empty()) return no_node;
      const Sum view = flat::sum_of(g_, id);
      std::uint64_t has = 0;
      for (const Scaled& t : view.terms) has |= bits_of_term(t.node);
      return first(rules_.sums, has, id, [&](const Pattern& p) { return matcher.match(p, view, type); });
    }
    if (op == Op::mul || op == Op::div || op == Op::reciprocal || op == Op::square || op == Op::pow) {
      const Product view = flat::product_of(g_, id);
      std::uint64_t has = 0;
      for (const Factor& f : view.factors) has |= bit_of(g_, f.base);
      const NodeId found = first(rules_.products, has, id, [&](const Pattern& p) { return matcher.match(p, view, type); });
      if (found != no_node) return found;
    }
    const NodeId found = first(rules_.calls[static_cast<std::size_t>(op)], ~std::uint64_t{0}, id, [&](const Pattern& p) { return matcher.match(p, id); });
    return found != no_node || op != Op::log ? found : beneath_moves(id);
  }

  /// A logarithm of what was only moved (the probability of the label, gathered from a softmax), taken before it is moved, if a rule
  /// knows it there.
  NodeId beneath_moves(NodeId id) {
    std::vector<NodeId> moves;
    NodeId inner = g_.operand(id, 0);
    for (; is_move(g_.op(inner)); inner = g_.operand(inner, 0)) moves.push_back(inner);
    if (moves.empty()) return no_node;
    const NodeId log = g_.intern(Op::log, g_.dtype(inner), g_[inner].shape, std::array{inner}, AttributesId{0}, g_.ambient);
    NodeId result = rewritten(log);
    if (result == no_node) return no_node;
    for (auto move = moves.rbegin(); move != moves.rend(); ++move) {
      const Node n = g_[*move];
      std::vector<NodeId> operands(g_.operands(*move).begin(), g_.operands(*move).end());
      operands[0] = result;
      result = g_.intern(n.op, n.dtype, n.shape, operands, n.attributes, n.location);
    }
    return result;
  }
  static bool is_move(Op op) {
    return op == Op::gather || op == Op::slice || op == Op::reshape || op == Op::transpose || op == Op::broadcast || op == Op::flip;
  }

  /// A term may have a factor of its own.
  std::uint64_t bits_of_term(NodeId id) const {
    std::uint64_t bits = bit_of(g_, id);
    const Op op = g_.op(id);
    if (op == Op::mul || op == Op::div)
      for (NodeId o : g_.operands(id)) bits |= bit_of(g_, o);
    return bits;
  }

  template <class Try>
  NodeId first(const std::vector<Compiled>& rules, std::uint64_t has, NodeId id, Try&& attempt) {
    for (const Compiled& c : rules) {
      if ((c.needs & ~has) != 0) continue;
      const auto match = attempt(c.pattern);
      if (!match || (c.rule->alone && (std::abs(match->scale) != 1 || match->rest.count > 0))) continue;
      const NodeId node = instantiate(*c.rule, *match, id);
      if (node == no_node || node == id) continue;
      g_.repairs.push_back({c.rule->name, g_.location(g_.ambient)});
      return node;
    }
    return no_node;
  }

  Expr expr(NodeId id) const { return {graph_, id}; }

  NodeId instantiate(const Rule& rule, const Match& m, NodeId id) {
    Letters letters;
    const auto value = [&](int i) {
      const Scaled& s = m.binding.letters[static_cast<std::size_t>(i)];
      return s.node == no_node ? Expr() : times(s.scale, expr(s.node));
    };
    letters.x = value(0), letters.y = value(1);
    letters.axes = Axes(std::vector<int>(m.binding.axes.begin(), m.binding.axes.end()));
    letters.keep = m.binding.keep;
    letters.sqrt2 = std::numbers::sqrt2, letters.pi = std::numbers::pi;
    Expr result = rule.stable(letters);
    const DType type = g_.dtype(id);
    if (!result.is_bound()) result = expr(g_.number(type, result.literal()));
    result = times(m.scale, result);
    for (const Factor& f : m.rest) {
      const int n = std::abs(f.power);
      const Expr b = n == 1 ? expr(f.base) : n == 2 ? square(expr(f.base)) : pow(expr(f.base), n);
      result = f.power > 0 ? result * b : result / b;
    }
    const Shape shape = g_.shape(id);
    if (result.dtype() != type) return no_node;
    if (result.shape() == shape) return result.id();
    const auto both = broadcast_shapes(result.shape(), shape);
    return both && *both == shape ? ops::stretch(result, shape).id() : no_node;
  }

  /// factor * e; factors that are powers of two join constants that are there, and signs vanish where they can.
  Expr times(double factor, const Expr& e) {
    if (factor == 1) return e;
    const NodeId id = e.id();
    const DType type = e.dtype();
    const auto fits = [&](double v) { return v == (type == DType::f32 ? static_cast<double>(static_cast<float>(v)) : v); };
    const auto x = g_.operands(id);
    if (const auto c = literal(g_, id); c && fits(factor * *c)) return expr(g_.number(type, factor * *c));
    if (g_.op(id) == Op::neg) return times(-factor, expr(x[0]));
    if (g_.op(id) == Op::mul) {
      for (std::size_t i = 0; i < 2; ++i) {
        const auto c = literal(g_, x[i]);
        const NodeId other = x[1 - i];
        if (c && (is_power_of_two(factor) || is_power_of_two(*c)) && fits(factor * *c)) return times(factor * *c, expr(other));
      }
    }
    if (g_.op(id) == Op::div) {
      const NodeId other = x[0];
      if (const auto c = literal(g_, x[1]); c && is_power_of_two(factor)) return *c / factor == 1 ? expr(other) : expr(other) / (*c / factor);
    }
    if (g_.op(id) == Op::mul && factor != -1 && is_power_of_two(factor)) {  // before the product can overflow
      const NodeId a = x[0], b = x[1];
      return times(factor, expr(a)) * expr(b);
    }
    if (factor == -1) {
      if (g_.op(id) != Op::sub) return -e;
      const NodeId a = x[0], b = x[1];
      return expr(b) - expr(a);
    }
    return factor * e;
  }
};

/// The patterns of the rules for a use. What stands inside of one is recognised by the rules before it (rules for values: by all
/// others), as it is in a graph.
RuleIndex compiled(Use use) {
  const GraphPtr graph = std::make_shared<GraphData>(DType::f64);
  Graph handle(graph);
  Letters letters;
  letters.x = handle.input("x", {"rows", "n"}), letters.y = handle.input("y", {"rows", "n"});
  letters.axes = Axes(1);
  letters.sqrt2 = std::numbers::sqrt2, letters.pi = std::numbers::pi;
  const std::array inputs{letters.x.id(), letters.y.id()};
  RuleIndex always, values;
  for (const Rule& rule : recognition_rules()) {
    if (use == Use::always && rule.use != use) continue;
    const NodeId root = rule.naive(letters).id();
    const Node n = (*graph)[root];
    const std::vector<NodeId> operands(graph->operands(root).begin(), graph->operands(root).end());
    std::vector<NodeId> images, inner;
    Recogniser(graph, always, images).run(operands);
    for (NodeId o : operands) inner.push_back(images[index(o)]);
    const NodeId made = graph->intern(n.op, n.dtype, n.shape, inner, n.attributes, no_location);
    (rule.use == Use::always ? always : values).add(rule, flat::pattern_of(*graph, made, inputs, true));
  }
  return use == Use::always ? always : values;
}

const RuleIndex& rules_for(Use use) {
  static const RuleIndex always = compiled(Use::always), values = compiled(Use::values);
  return use == Use::always ? always : values;
}

}  // namespace

std::vector<NodeId> recognised(const GraphPtr& graph, std::span<const NodeId> roots) {
  Recogniser(graph, rules_for(Use::always), graph->recognised).run(roots);
  std::vector<NodeId> result;
  for (NodeId r : roots) result.push_back(graph->recognised[index(r)]);
  return result;
}

namespace {

/// What was repaired in the users' definitions that the module applies.
std::vector<Repair> repairs_of_definitions(const Module& m) {
  std::vector<Repair> list;
  const std::vector<char> needed = reachable(*m.graph, m.outputs);
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    if (!needed[i] || m.graph->op(NodeId{i}) != Op::activation) continue;
    const auto& traced = static_cast<const activations::Entry&>(ops::unit_of(*m.graph, NodeId{i})).traced();
    if (!traced) continue;
    for (const Repair& r : traced->repairs)
      if (std::find(list.begin(), list.end(), r) == list.end()) list.push_back(r);
  }
  return list;
}

}  // namespace

/// Outputs recognised, then the rules for values. As it came if the graph says so.
Module recognise(const Module& in) {
  if (!in.graph->recognises) return in;
  Module m = compact(in);
  const std::vector<NodeId> written = m.outputs;
  m.outputs = recognised(m.graph, m.outputs);
  std::vector<NodeId> images;
  Recogniser(m.graph, rules_for(Use::values), images).run(m.outputs);
  for (NodeId& o : m.outputs) o = images[index(o)];
  std::vector<Repair> repairs = repairs_of_definitions(m);
  if (m.outputs == written && repairs.empty()) return in;
  Module out = compact(m);
  out.graph->repairs = m.graph->repairs;
  out.graph->repairs.insert(out.graph->repairs.end(), repairs.begin(), repairs.end());
  return out;
}

}  // namespace actinium::passes
