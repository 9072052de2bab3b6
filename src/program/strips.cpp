// Arrays with a narrow last axis, taken apart element by element.
#include "program/strips.hpp"

#include "actinium/error.h"

namespace actinium::program {

using ops::Op;

namespace {

/// The axes before the last `count`.
Shape before(const Shape& shape, int count) { return Shape({shape.begin(), shape.end() - count}); }

Op step_of(Op reduction) {
  if (reduction == Op::reduce_prod) return Op::mul;
  if (reduction == Op::reduce_max) return Op::max;
  if (reduction == Op::reduce_min) return Op::min;
  return Op::add;
}

}  // namespace

bool Strips::narrow(const Dim& d) { return d.is_constant() && d.constant() >= 1 && d.constant() <= widest; }

/// A stack along one axis; those of two (small matrices of sums) are left in memory.
bool Strips::is_strip(NodeId n) const {
  return g_.op(n) == Op::stack && g_.shape(n).rank() >= 2 &&
         g_.shape(n).rank() == g_.shape(g_.operand(n, 0)).rank() + 1;
}

NodeId Strips::make(Op op, DType dtype, const Shape& shape, std::initializer_list<NodeId> operands,
                    const Attributes& attributes) {
  return g_.intern(op, dtype, shape, std::span(operands.begin(), operands.size()), attributes, g_.ambient);
}

NodeId Strips::reshape(NodeId x, const Shape& shape) {
  return g_.shape(x) == shape ? x : make(Op::reshape, g_.dtype(x), shape, {x});
}

/// Number i along `axis`, with that axis removed.
NodeId Strips::slice(NodeId x, int axis, std::int64_t i) {
  const Shape& shape = g_.shape(x);
  const auto at = static_cast<std::size_t>(axis);
  std::vector<Dim> one(shape.begin(), shape.end()), rest = one;
  one[at] = 1;
  rest.erase(rest.begin() + axis);
  Attributes where{std::vector<std::int64_t>(one.size(), 1), std::vector<Dim>(one.size(), Dim(0)), {}, {}};
  where.dims[at] = i;
  const NodeId cut = shape[axis].is(1) ? x : make(Op::slice, g_.dtype(x), Shape(one), {x}, where);
  return reshape(cut, Shape(std::move(rest)));
}

NodeId Strips::stack(DType dtype, const Shape& shape, std::span<const NodeId> elements) {
  return g_.intern(Op::stack, dtype, shape, elements, {}, g_.ambient);
}

/// Element i of the last axis, for loops over the axes before it; a shorter operand is stretched as in broadcasting.
NodeId Strips::element(NodeId x, std::int64_t i) {
  const Shape& shape = g_.shape(x);
  if (shape.rank() == 0) return x;
  const int last = shape.rank() - 1;
  if (shape[last].is(1)) i = 0;
  return is_strip(x) ? g_.operand(x, static_cast<int>(i)) : slice(x, last, i);
}

bool Strips::gives_rows(NodeId x) const {
  if (g_.op(x) != Op::transpose || !is_strip(g_.operand(x, 0))) return false;
  const auto& order = g_.attributes(x).ints;
  for (std::size_t i = 0; i + 2 < order.size(); ++i)
    if (order[i] != static_cast<std::int64_t>(i)) return false;
  return order[order.size() - 1] == static_cast<std::int64_t>(order.size()) - 2;
}

/// Row i of a matrix.
NodeId Strips::row(NodeId x, std::int64_t i) {
  return gives_rows(x) ? g_.operand(g_.operand(x, 0), static_cast<int>(i)) : slice(x, g_.shape(x).rank() - 2, i);
}

std::optional<NodeId> Strips::product(DType dtype, const Shape& shape, NodeId a, NodeId b) {
  const int rank = shape.rank();
  if (!is_float(dtype) || !narrow(shape[rank - 1])) return std::nullopt;
  if (narrow(g_.shape(a)[rank - 1])) return terms(dtype, shape, a, b);
  if (narrow(shape[rank - 2]) && (gives_rows(a) || is_strip(b))) return dots(dtype, shape, a, b);
  return std::nullopt;
}

NodeId Strips::terms(DType dtype, const Shape& shape, NodeId a, NodeId b) {
  const int rank = shape.rank();
  const Shape rows = before(shape, 1);
  std::vector<NodeId> columns;
  const NodeId zero = g_.constant(dtype, 0);
  for (std::int64_t j = 0; j < shape[rank - 1].constant(); ++j) {
    NodeId sum = zero;
    for (std::int64_t k = 0; k < g_.shape(a)[rank - 1].constant(); ++k) {
      // A number of the whole matrix, or one for each of the batch.
      NodeId factor = slice(slice(b, rank - 2, k), rank - 2, j);
      if (rank > 2) {
        std::vector<Dim> dims = g_.shape(factor).dims();
        dims.push_back(1);
        factor = reshape(factor, Shape(std::move(dims)));
      }
      sum = make(Op::muladd, dtype, rows, {element(a, k), factor, sum});
    }
    columns.push_back(sum);
  }
  return stack(dtype, shape, columns);
}

NodeId Strips::dots(DType dtype, const Shape& shape, NodeId a, NodeId b) {
  const int rank = shape.rank();
  std::vector<NodeId> sums;
  for (std::int64_t i = 0; i < shape[rank - 2].constant(); ++i)
    for (std::int64_t j = 0; j < shape[rank - 1].constant(); ++j)
      sums.push_back(make(Op::dot, dtype, before(shape, 2), {row(a, i), element(b, j)}, Attributes{{rank - 2}, {}, {}, {}}));
  return stack(dtype, shape, sums);
}

std::optional<NodeId> Strips::elementwise(const GraphData& in, NodeId node, std::span<const NodeId> operands) {
  const Shape& shape = in.shape(node);
  const int rank = shape.rank();
  if (rank < 2 || !narrow(shape[rank - 1])) return std::nullopt;
  bool any = false;
  for (NodeId o : operands) any = any || is_strip(o);
  if (!any) return std::nullopt;
  std::vector<NodeId> elements;
  for (std::int64_t j = 0; j < shape[rank - 1].constant(); ++j) {
    std::vector<NodeId> parts;
    for (NodeId o : operands) parts.push_back(element(o, j));
    elements.push_back(
        g_.intern(in.op(node), in.dtype(node), before(shape, 1), parts, in.attributes(node), g_.ambient));
  }
  return stack(in.dtype(node), shape, elements);
}

/// Along the strip itself, ascending; a sum starts at +0.
NodeId Strips::fold(Op op, DType dtype, const Shape& shape, std::span<const NodeId> elements) {
  NodeId total = elements[0];
  if (op == Op::reduce_sum) total = make(Op::add, dtype, shape, {total, g_.constant(dtype, 0)});
  for (NodeId e : elements.subspan(1)) total = make(step_of(op), dtype, shape, {total, e});
  return total;
}

std::optional<NodeId> Strips::reduction(Op op, DType dtype, const Shape& shape, NodeId operand,
                                        std::span<const std::int64_t> axes, const Reduce& reduce) {
  if (!is_strip(operand) || !is_float(dtype) || axes.empty()) return std::nullopt;
  const int last = g_.shape(operand).rank() - 1;
  const bool along = axes.back() == last;
  if (along) axes = axes.first(axes.size() - 1);
  std::vector<NodeId> elements(g_.operands(operand).begin(), g_.operands(operand).end());
  if (axes.empty()) return fold(op, dtype, shape, elements);
  // Only sums over points that lie one behind the other.
  if (axes.back() != last - 1) return std::nullopt;
  const Shape points = along ? shape : before(shape, 1);
  for (NodeId& e : elements) e = reduce(points, e, axes);
  return along ? fold(op, dtype, shape, elements) : stack(dtype, shape, elements);
}

}  // namespace actinium::program
