// The last rewriting before fusion: every reduction over one axis, every product over as few dimensions as it has.
#include <algorithm>

#include "program/pick.hpp"
#include "program/strips.hpp"
#include "program/view.hpp"

namespace actinium::program {
namespace {

using ops::Op;

/// Makes nodes of one output graph whose shapes are known.
struct Maker {
  GraphData& out;

  NodeId make(Op op, DType dtype, const Shape& shape, std::initializer_list<NodeId> operands, const Attributes& attributes = {}) {
    return out.intern(op, dtype, shape, std::span(operands.begin(), operands.size()), attributes, out.ambient);
  }
  NodeId reshape(NodeId x, std::vector<Dim> dims) {
    Shape shape(std::move(dims));
    return out.shape(x) == shape ? x : make(Op::reshape, out.dtype(x), shape, {x});
  }
};

/// The reduction as reductions over one axis each: consecutive axes merge into one, and the last run goes first.
NodeId split_reduction(Maker m, Op op, DType dtype, const Shape& result, NodeId operand, std::vector<std::int64_t> axes) {
  while (!axes.empty()) {
    std::size_t run = 1;
    while (run < axes.size() && axes[axes.size() - run - 1] == axes[axes.size() - run] - 1) ++run;
    const auto first = static_cast<int>(axes[axes.size() - run]), last = static_cast<int>(axes.back());
    const Shape& shape = m.out.shape(operand);
    std::vector<Dim> merged, rest;
    Dim extent = 1;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (axis < first || axis > last) {
        merged.push_back(shape[axis]);
        rest.push_back(shape[axis]);
        continue;
      }
      extent = extent * shape[axis];
      if (axis == last) merged.push_back(extent);
    }
    operand = m.make(op, dtype, Shape(std::move(rest)), {m.reshape(operand, std::move(merged))}, Attributes{{first}, {}, {}, {}});
    axes.resize(axes.size() - run);
  }
  return m.reshape(operand, result.dims());
}

/// One-hot as the comparison of the index with 0, 1, 2, ... along the new axis.
NodeId expand_one_hot(Maker m, const GraphData& in, NodeId node, NodeId indices) {
  const Shape& shape = in.shape(node);
  const auto axis = static_cast<int>(in.attributes(node).ints[0]);
  std::vector<Dim> dims = m.out.shape(indices).dims();
  dims.insert(dims.begin() + axis, Dim(1));
  std::vector<Dim> line(static_cast<std::size_t>(shape.rank()), Dim(1));
  line[static_cast<std::size_t>(axis)] = shape[axis];
  const DType type = m.out.dtype(indices);
  const NodeId numbers = m.make(Op::iota, type, Shape(line), {}, Attributes{{axis}, {}, {}, {}});
  const NodeId same = m.make(Op::equal, DType::b8, shape, {m.reshape(indices, std::move(dims)), numbers});
  return in.dtype(node) == DType::b8 ? same : m.make(Op::cast, in.dtype(node), shape, {same});
}

/// Batched A @ B with the same B for the whole batch is one product with more rows.
NodeId merge_product(Maker m, const GraphData& in, NodeId node, NodeId a, NodeId b) {
  const Shape& shape = in.shape(node);
  const int rank = shape.rank();
  auto copy = [&] { return m.make(Op::matmul, in.dtype(node), shape, {a, b}); };
  if (rank < 3) return copy();
  NodeId source = b;
  if (m.out.op(b) == Op::broadcast) source = m.out.operand(b, 0);
  const Shape& source_shape = m.out.shape(source);
  for (int axis = 0; axis + 2 < source_shape.rank(); ++axis)
    if (!source_shape[axis].is(1)) return copy();
  const Shape& left = m.out.shape(a);
  Dim rows = 1;
  for (int axis = 0; axis + 1 < rank; ++axis) rows = rows * left[axis];
  // The source may be stretched inside the matrix too: a row, a column or a number.
  const Shape matrix{left[rank - 1], shape[rank - 1]};
  const auto& dims = source_shape.dims();
  NodeId flat_b = m.reshape(source, {dims.end() - std::min<std::ptrdiff_t>(2, source_shape.rank()), dims.end()});
  if (m.out.shape(flat_b) != matrix) flat_b = m.make(Op::broadcast, in.dtype(node), matrix, {flat_b});
  const NodeId flat_a = m.reshape(a, {rows, left[rank - 1]});
  const NodeId product = m.make(Op::matmul, in.dtype(node), Shape{rows, shape[rank - 1]}, {flat_a, flat_b});
  return m.reshape(product, shape.dims());
}

}  // namespace

Module canonical(const Module& in) {
  const GraphData& graph = *in.graph;
  const Module out = rebuild(in, [&](GraphData& target, NodeId node, std::span<const NodeId> operands) {
    const Op op = graph.op(node);
    const Maker m{target};
    const bool reduces = op == Op::reduce_sum || op == Op::reduce_prod || op == Op::reduce_max || op == Op::reduce_min;
    Strips strips(target);
    const Shape& shape = graph.shape(node);
    const DType dtype = graph.dtype(node);
    if (reduces) {
      const auto split = [&](const Shape& result, NodeId operand, std::span<const std::int64_t> axes) {
        return split_reduction(m, op, dtype, result, operand, {axes.begin(), axes.end()});
      };
      const auto& axes = graph.attributes(node).ints;
      if (const auto strip = strips.reduction(op, dtype, shape, operands[0], axes, split)) return *strip;
      if (op == Op::reduce_sum && axes.size() == 1 && axes[0] == target.shape(operands[0]).rank() - 1)
        if (const auto picked = picked_sum(target, operands[0], shape)) return *picked;
      return split(shape, operands[0], axes);
    }
    if (ops::kind_of(op) == ops::Kind::elementwise && op != Op::stop_gradient)
      if (const auto strip = strips.elementwise(graph, node, operands)) return *strip;
    if (op == Op::one_hot) return expand_one_hot(m, graph, node, operands[0]);
    if (op == Op::matmul) {
      if (const auto strip = strips.product(dtype, shape, operands[0], operands[1])) return *strip;
      return merge_product(m, graph, node, operands[0], operands[1]);
    }
    if (op == Op::stop_gradient) return operands[0];
    return copy_node(target, graph, node, operands);
  });
  return compact(out);
}

}  // namespace actinium::program
