// What fusion and emission ask of groups and nodes: views of loops, costs, which operations are special. Declared in
// fuse.hpp.
#include <algorithm>

#include "program/fuse.hpp"

namespace actinium::program {

using ops::Op;

namespace {

std::vector<int> axes_upto(int rank) {
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

}  // namespace

bool Group::has_reduction(const GraphData& graph) const {
  return std::any_of(anchors.begin(), anchors.end(),
                     [&](NodeId n) { return ops::kind_of(graph.op(n)) == ops::Kind::reduction; });
}

View source_view(const GraphData& graph, const Part& part) {
  const Shape& shape = graph.shape(part.source);
  if (shape.rank() == 0) return View{std::vector<DimMap>(part.axes.size()), {}, false};  // also the value of a pad
  return view_of(shape, part.axes);
}

View target_view(const GraphData& graph, const Part& part) {
  View view = view_of(graph.shape(part.output >= 0 ? part.source : part.target), part.axes);
  view.start = part.start;
  return view;
}

View full_view(const Group& group) {
  const int rank = group.shape.rank();
  if (rank == 0) return view_of(group.shape, std::vector<int>{-1});
  std::vector<int> axes = axes_upto(rank);
  if (group.kind == Group::Kind::columns) {
    axes.erase(axes.begin() + group.axis);
    axes.insert(axes.end() - 1, group.axis);
  }
  return view_of(group.shape, axes);
}

std::optional<View> row_view(const Group& group, const Shape& shape) {
  const int rank = group.shape.rank();
  if (rank == 0) return std::nullopt;
  const int axis = group.kind == Group::Kind::columns ? group.axis : rank - 1;
  const bool keeps = shape.rank() == rank;
  if (!keeps && shape.rank() != rank - 1) return std::nullopt;
  std::vector<int> map;  // axis of `shape` for each axis of the group
  for (int i = 0; i < rank; ++i) {
    const int own = keeps ? i : (i < axis ? i : i - 1);
    if (i == axis) {
      if (keeps && !shape[i].is(1)) return std::nullopt;
      map.push_back(-1);
    } else {
      if (!(shape[own] == group.shape[i])) return std::nullopt;
      map.push_back(own);
    }
  }
  if (group.kind == Group::Kind::columns) {
    const int reduced = map[static_cast<std::size_t>(axis)];
    map.erase(map.begin() + axis);
    map.insert(map.end() - 1, reduced);
  }
  return view_of(shape, map);
}

bool is_assembled(Op op) { return op == Op::concat || op == Op::pad; }

const Shape& loop_shape(const GraphData& graph, NodeId node) {
  return graph.shape(graph.op(node) == Op::stack ? graph.operand(node, 0) : node);
}

bool is_library(const GraphData& graph, NodeId node) {
  const Op op = graph.op(node);
  return ops::kind_of(op) == ops::Kind::loop || op == Op::gather || op == Op::scatter_add || op == Op::cumsum || op == Op::sort || op == Op::argsort ||
         op == Op::argmax || op == Op::argmin || (op == Op::matmul && !is_float(graph.dtype(node)));
}

Peeled peel(const GraphData& graph, ViewPool& views, const std::vector<char>& anchor, NodeId node, ViewId view) {
  while (!anchor[index(node)] && is_view(graph.op(node))) {
    const auto next = views.through(graph, node, 0, view);
    if (!next) break;
    node = graph.operand(node, 0);
    view = *next;
  }
  return {node, view};
}

View matrix_view(const Shape& shape) { return view_of(shape, axes_upto(shape.rank())); }

}  // namespace actinium::program
