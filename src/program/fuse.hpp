// Fusion: which nodes are in memory (anchors) and which anchors one kernel computes (groups). emit.cpp turns groups into kernels.
// Start reading at Group, then fuse() in fuse.cpp.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ops/cost.hpp"
#include "program/view.hpp"

namespace actinium::program {

/// A region of a concat or pad, or a copy into an output: every element of `source` goes into `target` from `start` on. Loop i of
/// the group moves along axis axes[i] of both (-1: along none).
struct Part {
  NodeId source, target = no_node;
  std::vector<Dim> start;
  std::vector<int> axes;
  int output = -1;  ///< copies into this output instead of `target`
};

/// A kernel in the making. Its loops run over `shape`: for rows outer..., last axis; for columns outer..., reduced axis, last
/// axis; for a product the result.
struct Group {
  enum class Kind : std::uint8_t {
    rows,     ///< elementwise and reductions over the last axis
    columns,  ///< reductions over another axis
    product,  ///< matmul and its epilogue
    library,  ///< a routine
  };
  Kind kind;
  Shape shape;
  int axis = -1;  ///< columns: the reduced one
  std::vector<NodeId> anchors;
  std::vector<std::uint32_t> dependencies;  ///< groups that must run before
  std::vector<Part> parts;                  ///< of rows: stored besides
  std::unordered_set<std::uint64_t> steps;  ///< what it computes: node and view

  bool has_reduction(const GraphData& graph) const;
};

struct Read {
  NodeId node;  ///< an anchor, input or tensor
  ViewId view;
};

struct Plan {
  Module module;  ///< canonical
  ViewPool views;
  std::vector<char> anchor;             ///< by node
  std::vector<std::uint32_t> group_of;  ///< by node; of anchors
  std::vector<Group> groups;
  std::vector<std::uint32_t> order;  ///< of groups
};

Plan fuse(Module canonical, bool sums_beside_products);

/// Sums over another axis that a product's kernel may compute besides, because it reads the same array as its right operand: a
/// bias gradient, dZ summed over the batch, falls out of the gradient of the weights, X' dZ. (column_sums.cpp)
struct SumsBesideProducts {
  std::unordered_map<std::uint32_t, NodeId> product;  ///< by node of the sum; it depends on none of these sums
  std::vector<NodeId> order;                          ///< of all anchors: sums, and what follows from them, after products
};
SumsBesideProducts sums_beside_products(Plan& plan, bool any);
/// Whether the sum of what is read is left to the product's kernel: not if the loop that computes it can sum it.
bool sum_falls_out(const Plan& plan, NodeId product, const std::vector<Read>& reads);
/// The view of a product's loops under which such a sum is stored.
View column_sum_view(const Shape& product, const Shape& sum);

inline constexpr std::uint32_t no_group = 0xffffffffu;

/// Views of a group's loops: of a node with the group's full shape, and of one without its reduced axis (or with 1 there).
View full_view(const Group& group);
std::optional<View> row_view(const Group& group, const Shape& shape);
/// Where a part's source is read, and where it is stored.
View source_view(const GraphData& graph, const Part& part);
View target_view(const GraphData& graph, const Part& part);
using ops::weight;
bool is_assembled(ops::Op op);  ///< concat, pad
/// Axes of the loops that compute an anchor element by element: the node's, or those of each element of a stack.
const Shape& loop_shape(const GraphData& graph, NodeId node);
bool is_library(const GraphData& graph, NodeId node);
/// Follows view operations down to what is in memory; nothing if the view cannot be affine.
struct Peeled {
  NodeId node;
  ViewId view;
};
Peeled peel(const GraphData& graph, ViewPool& views, const std::vector<char>& anchor, NodeId node, ViewId view);
/// Loops batch..., row, column of a matrix operand.
View matrix_view(const Shape& shape);

}  // namespace actinium::program
