// What both sweeps share: which nodes matter, and the places new nodes take. Start reading at Cone.
#pragma once
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "ops/rules.hpp"

namespace actinium::autodiff {

/// The nodes through which some x reaches some y, by id from `first` to `last`.
struct Cone {
  std::uint32_t first = 0, last = 0;
  std::vector<char> active;  ///< indexed by id - first
  bool contains(NodeId id) const { return index(id) >= first && index(id) <= last && active[index(id) - first] != 0; }
};
/// Through ops that have a derivative.
Cone cone(const GraphData& graph, std::span<const Expr> y, std::span<const Expr> x);
/// Through any op and type.
Cone dependents(const GraphData& graph, std::span<const Expr> y, std::span<const Expr> x);

/// The graph of x and y; GraphError, TypeError for what cannot be differentiated. Null if y is a number without a graph.
void check(std::string_view name, std::span<const Expr> y, std::span<const Expr> x, const std::source_location& where);
/// A cotangent or tangent of `like`: a number stretched, an expression checked for shape and type.
Expr seed(std::string_view name, const Expr& given, const Expr& like, const std::source_location& where);

Expr zeros_like(const Expr& x);

/// Cotangents of x from those of several y: `seeds`, of their shapes.
std::vector<Expr> reverse_sweep(std::span<const Expr> y, std::span<const Expr> seeds, std::span<const Expr> x, const std::source_location& where);

/// The tangent of node y by its op's rule; an unbound 0 for none.
Expr tangent_of(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents);

/// The operands of a node as expressions, in a vector that is used again.
void operands_of(const GraphPtr& graph, NodeId id, std::vector<Expr>& operands);

/// Gives new nodes the location of the node being differentiated, or that of the call if it has none.
class Ambient {
 public:
  Ambient(GraphData& graph, const std::source_location& where);
  ~Ambient() { graph_.ambient = saved_; }
  Ambient(const Ambient&) = delete;
  Ambient& operator=(const Ambient&) = delete;
  void at(NodeId id) { graph_.ambient = graph_[id].location != no_location ? graph_[id].location : call_; }

 private:
  GraphData& graph_;
  LocationId saved_, call_;
};

/// y, made well before it is differentiated in x (src/passes/recognise.hpp): formulas that hold an x that is no input keep it.
std::vector<Expr> recognised(std::span<const Expr> y, std::span<const Expr> x);

/// Marks the nodes made in its lifetime as derived.
class Marked {
 public:
  explicit Marked(GraphData& graph) : graph_(graph), first_(graph.size()) {}
  ~Marked() { graph_.mark_derived(first_); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

 private:
  GraphData& graph_;
  std::size_t first_;
};

}  // namespace actinium::autodiff
