// How the loops of a kernel move through the axes of a node: affine views, and how they pass through structural operations.
// Start reading at View; through() is the whole algebra.
#pragma once
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "graph/graph.hpp"
#include "program/program.hpp"

namespace actinium::program {

/// One loop dimension steps by `multiplier` through the row-major linear index of the axes first..last of a node (first = -1:
/// it does not move). Several axes are one run only where the memory is C-contiguous over them.
struct DimMap {
  int first = -1, last = -1;
  Dim multiplier = 0;
  friend bool operator==(const DimMap&, const DimMap&) = default;
};

/// Which element of a node a point of the loops stands for.
struct View {
  std::vector<DimMap> dims;  ///< one for each loop, outermost first
  std::vector<Dim> start;    ///< along each axis of the node; along the last axis of a run in units of its linear index
  bool contiguous = false;   ///< `start` crosses axes: the memory must be C-contiguous
  friend bool operator==(const View&, const View&) = default;
  std::size_t hash() const;
};

/// Every loop moves along the axis of the same number; -1 for none.
View view_of(const Shape& shape, std::span<const int> axis_of_loop);
/// The view of operand `i` of `node` that `view` of the node asks for, if it is affine. For elementwise and view operations.
std::optional<View> through(const GraphData& graph, NodeId node, int i, const View& view);
/// True for operations that only rearrange: broadcast, reshape, transpose, slice, flip.
bool is_view(ops::Op op);

enum class ViewId : std::uint32_t {};

/// Views by number, so that equal ones compare as integers.
class ViewPool {
 public:
  ViewId intern(const View& view);
  const View& operator[](ViewId id) const { return views_[static_cast<std::uint32_t>(id)]; }
  /// through(), with the fast path for operands of the node's own shape.
  std::optional<ViewId> through(const GraphData& graph, NodeId node, int i, ViewId view);

 private:
  std::vector<View> views_;
  std::unordered_multimap<std::size_t, std::uint32_t> index_;
  std::unordered_map<std::uint64_t, std::optional<ViewId>> stretched_;  ///< by (view, node shape, operand shape)
};

/// Reductions over one axis each (runs of axes merged by reshapes, from the last to the first: this is what fixes the order of a
/// reduction over several axes), one_hot as a comparison, products with an unbatched right operand as one product, small
/// products and what follows from them element by element (strips.hpp).
Module canonical(const Module& in);

}  // namespace actinium::program
