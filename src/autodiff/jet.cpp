// Taylor mode: derivatives of any order in one direction, each built of those of lower order. Every node y = f(u) has a derivative
// series D_0, D_1, ... in s, and D_k follows from y' = sum_i f_i(u) u_i', where the partials f_i are expressions with series of
// their own, needed up to D_(k-1) alone. Terms are asked for on demand, with a stack of our own. Start reading at Jet::term.
#include <fmt/format.h>

#include <map>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

double binomial(int n, int k) {
  double result = 1;
  for (int i = 1; i <= k; ++i) result = result * (n - k + i) / i;  // exact: each is a binomial
  return result;
}

/// How D_k of an op follows from those of its operands.
enum class Growth : std::uint8_t {
  linear,   ///< the tangent rule, term by term (for kinks: what moves stays on its side)
  product,  ///< Leibniz over two operands
  quotient,
  partial,  ///< from the partial derivatives, as expressions
  tangent,  ///< from the tangent, as an expression of tangents
};

Growth growth_of(const GraphData& graph, NodeId id) {
  const Op op = graph.op(id);
  switch (op) {
    case Op::mul:
    case Op::square:
    case Op::matmul: return Growth::product;
    case Op::div: return Growth::quotient;
    case Op::neg:
    case Op::add:
    case Op::sub:
    case Op::abs:
    case Op::max:
    case Op::min:
    case Op::clamp:
    case Op::select:
    case Op::cast:
    case Op::again:
    case Op::reduce_sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::cumsum:
    case Op::sort: return Growth::linear;
    case Op::activation: return ops::unit_of(graph, id).is_pointwise() ? Growth::partial : Growth::tangent;
    case Op::custom: return Growth::tangent;
    default:  // NOLINT: the rest by kind
      if (ops::kind_of(op) == ops::Kind::structure) return Growth::linear;
      return ops::rule(op).partial != nullptr ? Growth::partial : Growth::tangent;
  }
}

class Jet {
 public:
  Jet(const Expr& x, const Expr& direction) : graph_(x.graph()), x_(x.id()), direction_(direction) {}

  /// D_k of the node, unbound 0 for none.
  Expr term(NodeId root, int order) {
    std::vector<Key> stack{{root, order}};
    std::vector<Key> missing;
    while (!stack.empty()) {
      const Key key = stack.back();
      if (known(key)) {
        stack.pop_back();
        continue;
      }
      missing.clear();
      needs(key, missing);
      if (missing.empty()) {
        terms_[key] = make(key);
        stack.pop_back();
      } else {
        stack.insert(stack.end(), missing.begin(), missing.end());
      }
    }
    return get(root, order);
  }

  /// The expressions with D_1 of what they stand for in place of the variables that slopes were written with. D_1 of a node has
  /// variables for what lies below it, so going up each is settled by those before it.
  std::vector<Expr> settled(const std::vector<Expr>& list) {
    for (std::size_t count = 0; count != variables_.size();) {
      count = variables_.size();
      for (const auto& [node, variable] : std::map(variables_)) term(node, 1);  // may need more variables
    }
    std::vector<Expr> variables, images;
    for (const auto& [node, variable] : variables_) {
      const Expr rate = term(node, 1), one = ops::is_literal(rate, 0) ? autodiff::zeros_like({graph_, node}) : rate;
      const Expr image = variables.empty() ? one : autodiff::substitute(std::span(&one, 1), variables, images)[0];
      variables.emplace_back(graph_, variable);
      images.push_back(image);
    }
    return variables.empty() ? list : autodiff::substitute(list, variables, images);
  }

 private:
  using Key = std::pair<NodeId, int>;
  /// What the derivative of a node is made of: partials, or its tangent as an expression of variables.
  struct Slope {
    std::vector<Expr> partials;
    Expr tangent;
  };

  GraphPtr graph_;
  NodeId x_;
  Expr direction_;
  std::map<Key, Expr> terms_;
  std::map<NodeId, Slope> slopes_;
  std::map<NodeId, NodeId> rates_;  ///< variables that stand for the derivative of another node: D_k of it is D_(k+1) of that
  std::map<NodeId, NodeId> variables_;  ///< the same the other way round
  std::vector<char> moves_;         ///< depends on x, by id

  bool moves(NodeId id) {
    for (auto i = static_cast<std::uint32_t>(moves_.size()); i <= index(id); ++i) {
      const NodeId n{i};
      bool any = n == x_ || rates_.contains(n);
      const ops::Rule& rule = ops::rule(graph_->op(n));
      if (!any && is_float(graph_->dtype(n)) &&
          (rule.partial != nullptr || rule.vjp != nullptr || rule.tangents != nullptr || graph_->op(n) == Op::result))
        for (NodeId o : graph_->operands(n)) any = any || moves_[index(o)] != 0;
      moves_.push_back(any);
    }
    return moves_[index(id)] != 0;
  }
  bool moves(const Expr& e) { return e.is_bound() && moves(e.id()); }

  bool known(const Key& key) { return key.second == 0 || !moves(key.first) || key.first == x_ || terms_.contains(key); }

  Expr get(NodeId id, int k) {
    if (k == 0) return {graph_, id};
    if (!moves(id)) return {};
    if (id == x_) return k == 1 ? direction_ : Expr();
    return terms_.at({id, k});
  }
  /// Of an expression that may be a number.
  Expr get(const Expr& e, int k) { return e.is_bound() ? get(e.id(), k) : k == 0 ? e : Expr(); }

  std::vector<Expr> operands(NodeId id) {
    std::vector<Expr> list;
    // A result of a loop is made of what the loop is made of.
    autodiff::operands_of(graph_, graph_->op(id) == Op::result ? graph_->operand(id, 0) : id, list);
    return list;
  }

  /// The variable for the derivative of e: one a node.
  Expr rate_of(const Expr& e) {
    const auto [at, fresh] = variables_.try_emplace(e.id(), no_node);
    if (fresh) {
      at->second = autodiff::variable(graph_, e.dtype(), e.shape()).id();
      rates_.emplace(at->second, e.id());
    }
    return {graph_, at->second};
  }

  const Slope& slope(NodeId id) {
    if (const auto at = slopes_.find(id); at != slopes_.end()) return at->second;
    autodiff::Ambient ambient(*graph_, std::source_location());
    ambient.at(id);
    Slope s;
    const Expr y(graph_, id);
    const std::vector<Expr> x = operands(id);
    if (growth_of(*graph_, id) == Growth::partial) {
      const Op op = graph_->op(id);
      for (std::size_t i = 0; i < x.size(); ++i)
        s.partials.push_back(!moves(x[i])           ? Expr()
                             : op == Op::activation ? ops::unit_of(*graph_, id).partial(y, x, static_cast<int>(i))
                                                    : ops::rule(op).partial(y, x, static_cast<int>(i)));
    } else {
      std::vector<Expr> tangents;
      for (const Expr& e : x) {
        tangents.emplace_back();
        if (!moves(e)) continue;
        tangents.back() = rate_of(e);
      }
      s.tangent = autodiff::tangent_of(y, x, tangents);
    }
    return slopes_.emplace(id, std::move(s)).first->second;
  }

  /// The terms that make() reads and that are not there yet.
  void needs(const Key& key, std::vector<Key>& missing) {
    const auto [id, k] = key;
    const auto ask = [&](const Expr& e, int j) {
      if (e.is_bound() && !known({e.id(), j})) missing.emplace_back(e.id(), j);
    };
    if (const auto rate = rates_.find(id); rate != rates_.end()) return ask({graph_, rate->second}, k + 1);
    const Growth growth = growth_of(*graph_, id);
    for (const Expr& o : operands(id))
      for (int j = growth == Growth::linear ? k : 1; j <= k; ++j) ask(o, j);
    if (growth == Growth::quotient)
      for (int j = 1; j < k; ++j) ask({graph_, id}, j);
    if (growth == Growth::partial)
      for (const Expr& p : slope(id).partials)
        for (int j = 1; j < k; ++j) ask(p, j);
    if (growth == Growth::tangent) ask(slope(id).tangent, k - 1);
  }

  static Expr add(const Expr& sum, const Expr& term) { return ops::is_literal(sum, 0) ? term : ops::is_literal(term, 0) ? sum : sum + term; }
  static Expr times(double factor, const Expr& term) { return factor == 1 || ops::is_literal(term, 0) ? term : factor * term; }

  Expr make(const Key& key) {
    const auto [id, k] = key;
    if (const auto rate = rates_.find(id); rate != rates_.end()) return get(rate->second, k + 1);
    autodiff::Ambient ambient(*graph_, std::source_location());
    ambient.at(id);
    const Expr y(graph_, id);
    const std::vector<Expr> x = operands(id);
    Expr sum;
    switch (growth_of(*graph_, id)) {
      case Growth::linear: sum = tangent(y, x, k); break;
      case Growth::product: sum = product(y, x, k); break;
      case Growth::quotient: sum = quotient(y, x, k); break;
      case Growth::partial:
        for (std::size_t i = 0; i < x.size(); ++i) {
          const Expr p = slope(id).partials[i];
          for (int j = 1; j <= k; ++j) sum = add(sum, times(binomial(k - 1, j - 1), multiplied(get(p, k - j), get(x[i], j))));
        }
        break;
      case Growth::tangent: sum = get(slope(id).tangent, k - 1); break;
    }
    return ops::is_literal(sum, 0) ? sum : ops::stretch(sum.is_bound() ? sum : Expr(graph_, graph_->number(y.dtype(), sum.literal())), y.shape());
  }

  static Expr multiplied(const Expr& a, const Expr& b) {
    if (ops::is_literal(a, 0) || ops::is_literal(b, 0)) return {};
    return ops::is_literal(a, 1) ? b : ops::is_literal(b, 1) ? a : a * b;
  }

  Expr tangent(const Expr& y, const std::vector<Expr>& x, int k) {
    std::vector<Expr> tangents;
    bool any = false;
    for (const Expr& o : x) {
      tangents.push_back(get(o, k));
      any = any || !ops::is_literal(tangents.back(), 0);
    }
    return any ? autodiff::tangent_of(y, x, tangents) : Expr();
  }

  Expr product(const Expr& y, const std::vector<Expr>& x, int k) {
    const bool matrices = graph_->op(y.id()) == Op::matmul;
    const Expr &a = x[0], &b = x.size() == 2 ? x[1] : x[0];
    const bool same = a.same_as(b);
    Expr sum;
    for (int j = 0; j <= k; ++j) {
      if (same && !matrices && 2 * j > k) break;  // the terms mirror each other
      const Expr l = get(a, j), r = get(b, k - j);
      if (ops::is_literal(l, 0) || ops::is_literal(r, 0)) continue;
      const double weight = binomial(k, j) * (same && !matrices && 2 * j < k ? 2 : 1);
      sum = add(sum, times(weight, matrices ? matmul(l, r) : multiplied(l, r)));
    }
    return sum;
  }

  /// From a = y b: D_k(y) = (D_k(a) - sum_{j>0} C(k, j) D_j(b) D_(k-j)(y)) / b.
  Expr quotient(const Expr& y, const std::vector<Expr>& x, int k) {
    Expr sum = get(x[0], k);
    for (int j = 1; j <= k; ++j) sum = add(sum, times(-binomial(k, j), multiplied(get(x[1], j), get(y.id(), k - j))));
    return ops::is_literal(sum, 0) ? sum : sum / x[1];
  }
};

}  // namespace

std::vector<Expr> jet(At y, const Expr& x, int order, const Expr& direction) {
  const Location at = ops::place(x.graph().get(), y.where);
  if (order < 0) ops::fail<ValueError>(at, "jet", fmt::format("of order {}: 0 or more is expected", order));
  autodiff::check("jet", std::span(&y.expr, 1), std::span(&x, 1), y.where);
  const Expr along = autodiff::seed("jet", direction, x, y.where);
  std::vector<Expr> result{y.expr};
  if (!y.expr.is_bound()) {
    result.resize(static_cast<std::size_t>(order) + 1);
    return result;
  }
  const Expr better = autodiff::recognised(std::span(&y.expr, 1), std::span(&x, 1))[0];
  const autodiff::Marked marked(*x.graph());
  Jet jet(x, along);
  for (int k = 1; k <= order; ++k) {
    const Expr term = jet.term(better.id(), k);
    result.push_back(ops::is_literal(term, 0) ? autodiff::zeros_like(y.expr) : term);
  }
  return jet.settled(result);
}

}  // namespace actinium
