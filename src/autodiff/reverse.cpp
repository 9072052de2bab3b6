// The reverse sweep: cotangents from y back to x, one forward-numbered arena walked backwards. Start reading at reverse_sweep.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace autodiff {
namespace {

Expr operand_cotangent(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) {
  const ops::Rule& rule = ops::rule(y.graph()->op(y.id()));
  if (rule.vjp != nullptr) return rule.vjp(y, operands, i, cotangent);
  return ops::vjp_from_partial(operands[static_cast<std::size_t>(i)], i, cotangent,
                               [&](int k) { return rule.partial(y, operands, k); });
}

/// A contribution that is zero but for a range along one axis, as the adjoint of a slice is.
struct Piece {
  Expr inside;
  int axis;
  std::int64_t first, last;  ///< half-open
};
std::optional<Piece> piece_of(const Expr& e) {
  const GraphData& g = *e.graph();
  if (g.op(e.id()) != ops::Op::pad || g.constant_value(g.operand(e.id(), 1)).value_or(1) != 0) return std::nullopt;
  const auto& dims = g.attributes(e.id()).dims;
  const auto rank = static_cast<std::size_t>(e.rank());
  std::optional<Piece> piece;
  for (std::size_t i = 0; i < rank; ++i) {
    if (dims[i].is(0) && dims[rank + i].is(0)) continue;
    const Expr inside(e.graph(), g.operand(e.id(), 0));
    const Dim& size = inside.shape()[static_cast<int>(i)];
    if (piece || !dims[i].is_constant() || !size.is_constant()) return std::nullopt;
    piece = Piece{inside, static_cast<int>(i), dims[i].constant(), dims[i].constant() + size.constant()};
  }
  return piece;
}

/// Pieces along one axis, ascending and apart, with zeros between them.
Expr joined(std::span<const Piece> pieces, const Shape& shape) {
  const int axis = pieces[0].axis;
  std::vector<Expr> parts;
  Dim at = 0;
  const auto zeros = [&](const Dim& until) {
    if (until == at) return;
    std::vector<Dim> dims = shape.dims();
    dims[static_cast<std::size_t>(axis)] = until - at;
    parts.push_back(ops::filled(pieces[0].inside, 0, Shape(std::move(dims))));
  };
  for (const Piece& p : pieces) {
    zeros(p.first);
    parts.push_back(p.inside);
    at = p.last;
  }
  zeros(shape[axis]);
  return concat(parts, axis);
}

/// Contributions to one node, of which some are pieces. Those that do not overlap become one array, instead of a sum of
/// arrays that are mostly zero: linear for an array that is taken apart element by element.
Expr assembled(std::vector<NodeId>& parts, const GraphPtr& graph) {
  std::vector<std::pair<Piece, std::size_t>> pieces;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (const auto p = piece_of({graph, parts[i]}); p && (pieces.empty() || p->axis == pieces[0].first.axis))
      pieces.emplace_back(*p, i);
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.first.last < b.first.last; });
  while (pieces.size() > 1) {
    std::vector<Piece> row;
    std::vector<std::size_t> taken;
    std::vector<std::pair<Piece, std::size_t>> rest;
    for (const auto& [piece, i] : pieces) {
      if (!row.empty() && piece.first < row.back().last) {
        rest.emplace_back(piece, i);
        continue;
      }
      row.push_back(piece);
      taken.push_back(i);
    }
    if (row.size() == 1) break;
    const NodeId whole = joined(row, graph->shape(parts[taken[0]])).id();
    for (std::size_t i : taken) parts[i] = no_node;
    parts[*std::min_element(taken.begin(), taken.end())] = whole;
    pieces = std::move(rest);
  }
  Expr sum;
  for (NodeId id : parts)
    if (id != no_node) sum = ops::accumulate(sum, {graph, id});
  return sum;
}

/// Cotangents as they come, by node; those of a node with several results, by result.
class Cotangents {
 public:
  Cotangents(const GraphPtr& graph, const Cone& active) : graph_(graph), active_(active), of_(active.active.size(), no_node) {}

  bool has(NodeId id) const { return active_.contains(id) && of_[index(id) - active_.first] != no_node; }
  Expr operator[](NodeId id) const { return {graph_, of_[index(id) - active_.first]}; }
  void add(NodeId id, const Expr& part) {
    if (!active_.contains(id) || ops::is_literal(part, 0)) return;
    NodeId& slot = of_[index(id) - active_.first];
    auto parts = pending_.find(index(id));
    if (parts == pending_.end() && piece_of(part)) {
      parts = pending_.try_emplace(index(id)).first;
      if (slot != no_node) parts->second.push_back(slot);
    }
    if (parts != pending_.end()) parts->second.push_back(part.id());
    slot = slot == no_node || parts != pending_.end() ? part.id() : ops::accumulate({graph_, slot}, part).id();
  }
  /// All contributions to the node have come.
  void settle(NodeId id) {
    if (const auto parts = pending_.find(index(id)); parts != pending_.end())
      of_[index(id) - active_.first] = assembled(parts->second, graph_).id();
  }
  /// That of the node result(y) goes to y, which is visited once all have come.
  void add_result(NodeId result) {
    const NodeId y = graph_->operand(result, 0);
    const auto number = static_cast<std::size_t>(graph_->attributes(result).ints[0]);
    auto& list = results_[y];
    list.resize(std::max(list.size(), number + 1));
    list[number] = (*this)[result];
    of_[index(y) - active_.first] = list[number].id();
  }
  const std::vector<Expr>& results(NodeId y) { return results_[y]; }

 private:
  const GraphPtr& graph_;
  const Cone& active_;
  std::vector<NodeId> of_;
  std::unordered_map<std::uint32_t, std::vector<NodeId>> pending_;  ///< once a piece has come: all contributions, in order
  std::map<NodeId, std::vector<Expr>> results_;
};

/// All operands of a node with several results at once.
void add_all(Cotangents& cotangents, const Expr& node, std::span<const Expr> operands, const Cone& active) {
  std::vector<char> wanted;
  for (const Expr& o : operands) wanted.push_back(active.contains(o.id()));
  const auto parts = ops::rule(node.graph()->op(node.id())).cotangents(node, operands, wanted, cotangents.results(node.id()));
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (wanted[i]) cotangents.add(operands[i].id(), parts[i]);
}

}  // namespace

/// Contributions add up in one order, whatever the caller asked for: users by descending id, operands from left to right.
std::vector<Expr> reverse_sweep(std::span<const Expr> y, std::span<const Expr> seeds, std::span<const Expr> x, const std::source_location& where) {
  const GraphPtr& graph = x[0].graph();
  const Cone active = cone(*graph, y, x);
  Ambient ambient(*graph, where);
  const Marked marked(*graph);
  const ops::Derived derived(active.last + 1);
  Cotangents cotangents(graph, active);
  for (std::size_t i = 0; i < y.size(); ++i) cotangents.add(y[i].id(), seeds[i]);
  std::vector<Expr> operands;
  for (std::uint32_t n = active.last + 1; n-- > active.first;) {
    const NodeId id{n};
    if (!cotangents.has(id)) continue;
    ambient.at(id);
    cotangents.settle(id);
    operands_of(graph, id, operands);
    if (graph->op(id) == ops::Op::result) {
      if (active.contains(operands[0].id())) cotangents.add_result(id);
      continue;
    }
    const Expr node{graph, id};
    if (ops::rule(graph->op(id)).cotangents != nullptr) {
      add_all(cotangents, node, operands, active);
      continue;
    }
    const Expr own = cotangents[id];
    for (std::size_t i = 0; i < operands.size(); ++i)
      if (active.contains(operands[i].id()))
        cotangents.add(operands[i].id(), operand_cotangent(node, operands, static_cast<int>(i), own));
  }
  std::vector<Expr> result;
  for (const Expr& e : x) result.push_back(cotangents.has(e.id()) ? cotangents[e.id()] : zeros_like(e));
  return result;
}

}  // namespace autodiff

namespace detail {

std::vector<Expr> grad(const At& y, std::span<const Expr> x) {
  autodiff::check("grad", std::span(&y.expr, 1), x, y.where);
  if (y.expr.rank() != 0)
    ops::fail<ShapeError>(ops::place(y.expr.graph().get(), y.where), "grad",
                          fmt::format("{} is no scalar: take the gradient of sum(...), or use vjp",
                                      describe(*y.expr.graph(), y.expr.id())));
  return vjp(y, x, 1);
}

std::vector<Expr> vjp(const At& y, std::span<const Expr> x, const Expr& cotangent) {
  autodiff::check("vjp", std::span(&y.expr, 1), x, y.where);
  if (x.empty()) return {};
  if (y.expr.is_bound()) {
    const Expr seed = autodiff::seed("vjp", cotangent, y.expr, y.where);
    const Expr better = autodiff::recognised(std::span(&y.expr, 1), x)[0];
    return autodiff::reverse_sweep(std::span(&better, 1), std::span(&seed, 1), x, y.where);
  }
  std::vector<Expr> zeros;
  for (const Expr& e : x) zeros.push_back(autodiff::zeros_like(e));
  return zeros;
}

}  // namespace detail

Expr derivative(At y, const Expr& x, int n) {
  if (n < 0)
    ops::fail<ValueError>(ops::place(x.graph().get(), y.where), "derivative",
                          fmt::format("of order {}: 0 or more is expected", n));
  Expr result = y.expr;
  for (int i = 0; i < n; ++i) result = detail::vjp({result, y.where}, std::span(&x, 1), 1)[0];
  return result;
}

}  // namespace actinium
