// The warnings of one graph, node by node. Start reading at Analysis::run.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actinium/function.h"
#include "graph/brief.hpp"
#include "warn/probe.hpp"

namespace actinium::warn {

class Analysis {
 public:
  /// `module`: as recognised. `inputs`: their ranges, where the user has said some. `written`: whether a node is the user's, and not of a formula that recognise
  /// has put there: those are certified (src/certify/rules.cpp).
  Analysis(const Module& module, const std::vector<std::optional<Interval>>& inputs, std::function<bool(const GraphData&, NodeId)> written);
  /// What inputs are called, where they have no names of the user's.
  void set_names(Names names) { names_ = std::move(names); }

  std::vector<Warning> run();

 private:
  using Kind = Warning::Kind;
  /// A `where` that takes a node, or what is made of it, only if its condition is so.
  struct Guard {
    NodeId condition;
    bool holds;
  };
  /// A node's surroundings at many points: targets, then guards; `taken[i]`: point i satisfies them.
  struct Scene {
    Probe probe;
    Points points, values;
    std::vector<char> taken;
  };

  const Module& module_;
  const GraphData& g_;
  const std::function<bool(const GraphData&, NodeId)> written_;
  std::vector<Interval> ranges_;    ///< of finite inputs
  std::vector<Interval> extended_;  ///< of infinite ones too
  std::vector<Interval> possible_;  ///< of NaN too
  std::vector<char> needed_, inexact_, overflows_;
  std::vector<std::vector<NodeId>> users_;
  Names names_;
  std::vector<Warning> list_;
  mutable std::int64_t effort_ = 10000;  ///< nodes to be evaluated yet: a large graph is looked at in part
  std::set<NodeId> cancelled_;  ///< nodes that have lost digits, and what is made of them

  void add(Kind kind, NodeId node, std::string at, std::string message);
  std::vector<Guard> guards(NodeId node) const;
  /// `roots`: targets whose zeros are looked for besides.
  std::optional<Scene> scene(std::vector<NodeId> targets, const std::vector<Guard>& guards, std::span<const std::size_t> roots) const;
  void take(Scene& scene, std::size_t targets, const std::vector<Guard>& guards) const;
  std::string at(const Scene& scene, std::size_t point) const;
  std::string text(double value, DType type) const;
  std::string text(NodeId node) const { return brief(g_, node, names_); }
  bool single(NodeId node) const { return g_.dtype(node) == DType::f32; }

  void look_at_where(NodeId node);
  bool look_for_dead_branch(NodeId node);
  void look_for_nan(NodeId node);
  void look_for_slope(NodeId node);
  void look_for_pole(NodeId node);
  void look_for_cancellation(NodeId node);
  void look_for_cancellation_of_sums(NodeId node);
  void look_for_cancellation_of_sums(NodeId node, std::int64_t symbolic_extent);
  bool may_cancel(NodeId node) const;
  bool share_variables(NodeId a, NodeId b) const;
};

}  // namespace actinium::warn
