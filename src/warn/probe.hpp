// Parts of a graph as functions of a few numbers, evaluated at many points at once: where something happens, and at which numbers.
// Start reading at Probe.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actinium/function.h"
#include "actinium/tensor.h"
#include "graph/graph.hpp"
#include "warn/ranges.hpp"

namespace actinium::warn {

/// Nodes computed element by element from `variables`: inputs, or what is computed otherwise (products, reductions, elements moved),
/// which counts as a variable of its own.
class Probe {
 public:
  enum class Type : std::uint8_t {
    own,     ///< as the graph computes
    wide,    ///< f64 throughout
    narrow,  ///< f32 throughout
  };
  /// Nothing for nodes of more than `most` variables.
  static std::optional<Probe> of(const Module& module, std::span<const NodeId> targets, std::size_t most = 4);

  const std::vector<NodeId>& variables() const { return variables_; }
  std::size_t size() const { return size_; }  ///< nodes
  /// Values of the targets, as doubles, at points: points[variable][i].
  std::vector<std::vector<double>> at(const std::vector<std::vector<double>>& points, Type type = Type::own) const;
  /// Numbers that the nodes contain.
  const std::vector<double>& constants() const { return constants_; }

 private:
  const Module* module_ = nullptr;
  std::vector<NodeId> variables_, targets_;
  std::vector<char> inside_;
  std::size_t size_ = 0;
  std::vector<double> constants_;
  mutable std::vector<Function<>> functions_ = std::vector<Function<>>(3);

  Function<> function(Type type) const;
};

using Points = std::vector<std::vector<double>>;  ///< [variable][point]

/// Points worth a look within the ranges of the variables, the plainest numbers first: 0, 1, -1, ..., powers of ten, constants of the
/// formula, random ones. `f32`: of that type.
Points points_for(const Probe& probe, std::span<const Interval> ranges, bool f32);
/// Points at which target `target` changes its sign: on either side of it, next to each other, or where it is 0.
Points roots_of(const Probe& probe, std::size_t target, const Points& points, bool f32);
void append(Points& to, const Points& more);

}  // namespace actinium::warn
