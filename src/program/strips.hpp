// Strips: arrays whose last axis has up to four elements (points in space, small products) as one value an element of
// that axis, so that a loop over the axes before it holds whole points in registers. Start reading at Strips::product.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.hpp"

namespace actinium::program {

/// Rewrites of canonical(): each gives the node to use, or nothing if the node is none of a strip's. What is a strip
/// depends on the expression alone: a product by at most `widest` columns with at most `widest` terms is one, and so is
/// what is computed from it element by element.
class Strips {
 public:
  explicit Strips(GraphData& out) : g_(out) {}

  /// [..., m, k] @ [..., k, n] with k and n at most `widest`: element by element, in ascending order of k. With m and n
  /// at most `widest` and a strip among the operands: sums along k.
  std::optional<NodeId> product(DType dtype, const Shape& shape, NodeId a, NodeId b);
  /// An elementwise operation on a strip.
  std::optional<NodeId> elementwise(const GraphData& in, NodeId node, std::span<const NodeId> operands);
  /// A reduction of a strip over `axes`, one of which is the last or the one before it. `reduce` makes that of an element
  /// over axes of its own.
  using Reduce = std::function<NodeId(const Shape& shape, NodeId operand, std::span<const std::int64_t> axes)>;
  std::optional<NodeId> reduction(ops::Op op, DType dtype, const Shape& shape, NodeId operand,
                                  std::span<const std::int64_t> axes, const Reduce& reduce);

 private:
  static constexpr std::int64_t widest = 4;

  static bool narrow(const Dim& d);
  bool is_strip(NodeId n) const;
  NodeId make(ops::Op op, DType dtype, const Shape& shape, std::initializer_list<NodeId> operands,
              const Attributes& attributes = {});
  NodeId reshape(NodeId x, const Shape& shape);
  NodeId slice(NodeId x, int axis, std::int64_t i);
  NodeId stack(DType dtype, const Shape& shape, std::span<const NodeId> elements);
  NodeId element(NodeId x, std::int64_t i);
  NodeId row(NodeId x, std::int64_t i);
  bool gives_rows(NodeId x) const;
  NodeId terms(DType dtype, const Shape& shape, NodeId a, NodeId b);
  NodeId dots(DType dtype, const Shape& shape, NodeId a, NodeId b);
  NodeId fold(ops::Op op, DType dtype, const Shape& shape, std::span<const NodeId> elements);

  GraphData& g_;
};

}  // namespace actinium::program
