// Composition of affine views with structural operations.
#include "program/view.hpp"

#include "actinium/error.h"

namespace actinium::program {
namespace {

using ops::Op;

std::size_t mix(std::size_t h, std::size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull + (h >> 29); }

/// Operand stretched by broadcasting, aligned at the right.
std::optional<View> through_stretch(const Shape& shape, const Shape& operand, const View& view) {
  const int shift = shape.rank() - operand.rank();
  auto absent = [&](int axis) { return axis < shift || (operand[axis - shift].is(1) && !shape[axis].is(1)); };
  View result;
  for (const DimMap& d : view.dims) {
    if (d.first < 0) {
      result.dims.push_back({});
      continue;
    }
    int first = -1, last = -1;
    bool any_absent = false;
    for (int axis = d.first; axis <= d.last; ++axis) {
      if (shape[axis].is(1)) continue;
      if (absent(axis)) {
        any_absent = true;
        continue;
      }
      if (first < 0) first = axis;
      last = axis;
    }
    if (first < 0) {
      result.dims.push_back({});
    } else if (any_absent) {
      return std::nullopt;
    } else {
      result.dims.push_back({first - shift, last - shift, d.multiplier});
    }
  }
  if (view.contiguous)
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (absent(axis) && !shape[axis].is(1)) return std::nullopt;
  for (int axis = 0; axis < operand.rank(); ++axis)
    result.start.push_back(absent(axis + shift) ? Dim(0) : view.start[static_cast<std::size_t>(axis + shift)]);
  result.contiguous = view.contiguous;
  return result;
}

std::optional<View> through_transpose(const std::vector<std::int64_t>& permutation, const View& view) {
  View result;
  for (const DimMap& d : view.dims) {
    if (d.first < 0) {
      result.dims.push_back({});
      continue;
    }
    const auto from = static_cast<int>(permutation[static_cast<std::size_t>(d.first)]);
    for (int axis = d.first; axis <= d.last; ++axis)
      if (permutation[static_cast<std::size_t>(axis)] != from + (axis - d.first)) return std::nullopt;
    result.dims.push_back({from, from + d.last - d.first, d.multiplier});
  }
  result.start.resize(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i)
    result.start[static_cast<std::size_t>(permutation[i])] = view.start[i];
  if (view.contiguous) return std::nullopt;
  return result;
}

std::optional<View> through_slice(const Shape& shape, const Shape& operand, const Attributes& attributes, const View& view) {
  if (view.contiguous) return std::nullopt;
  View result = view;
  auto whole = [&](int axis) { return attributes.ints[static_cast<std::size_t>(axis)] == 1 && shape[axis] == operand[axis]; };
  for (DimMap& d : result.dims) {
    if (d.first < 0) continue;
    const Dim step = attributes.ints[static_cast<std::size_t>(d.first)];
    if (d.first == d.last) {
      d.multiplier = d.multiplier * step;
      continue;
    }
    if (!step.is(1)) return std::nullopt;
    for (int axis = d.first + 1; axis <= d.last; ++axis)
      if (!whole(axis)) return std::nullopt;
  }
  for (std::size_t axis = 0; axis < result.start.size(); ++axis)
    result.start[axis] = attributes.dims[axis] + Dim(attributes.ints[axis]) * view.start[axis];
  return result;
}

std::optional<View> through_flip(const Shape& shape, const Attributes& attributes, const View& view) {
  if (view.contiguous) return std::nullopt;
  View result = view;
  for (std::int64_t flipped : attributes.ints) {
    const auto axis = static_cast<int>(flipped);
    for (DimMap& d : result.dims) {
      if (axis < d.first || axis > d.last) continue;
      if (d.first != d.last) return std::nullopt;
      d.multiplier = Dim(0) - d.multiplier;
    }
    Dim& start = result.start[static_cast<std::size_t>(axis)];
    start = shape[axis] - 1 - start;
  }
  return result;
}

/// Axes in0..in1 of the operand hold the same elements as axes out0..out1 of the result (half-open).
struct Match {
  int in0, in1, out0, out1;
};

std::vector<Match> match_axes(const Shape& in, const Shape& out) {
  std::vector<Match> matches;
  int i = 0, j = 0;
  while (i < in.rank() || j < out.rank()) {
    Match m{i, i, j, j};
    Dim pi = 1, pj = 1;
    do {
      const bool can_i = i < in.rank(), can_j = j < out.rank();
      // Grow the side that has to catch up; where that cannot be told, the shorter prefix.
      const bool grow_i = can_i && (!can_j || (pi == pj ? i - m.in0 <= j - m.out0 : pj.divided_by(pi).has_value()));
      if (grow_i) {
        pi = pi * in[i++];
      } else if (can_j) {
        pj = pj * out[j++];
      } else {
        break;
      }
    } while (!(pi == pj));
    m.in1 = i;
    m.out1 = j;
    matches.push_back(m);
  }
  return matches;
}

std::optional<View> through_reshape(const Shape& in, const Shape& out, const View& view) {
  if (view.contiguous) return std::nullopt;
  const std::vector<Match> matches = match_axes(in, out);
  auto match_of = [&](int axis) {
    for (const Match& m : matches)
      if (axis >= m.out0 && axis < m.out1) return m;
    throw InternalError("reshape: axis without a match");
  };
  /// First and last axis of size other than 1 in in0..in1, or -1.
  auto run = [&](int in0, int in1) {
    int first = -1, last = -1;
    for (int a = in0; a < in1; ++a) {
      if (in[a].is(1)) continue;
      if (first < 0) first = a;
      last = a;
    }
    return std::pair(first, last);
  };
  View result;
  for (const DimMap& d : view.dims) {
    if (d.first < 0) {
      result.dims.push_back({});
      continue;
    }
    const Match a = match_of(d.first), b = match_of(d.last);
    const auto [first, last] = run(a.in0, b.in1);
    if (first < 0) {
      result.dims.push_back({});
      continue;
    }
    Dim multiplier = d.multiplier;
    for (int axis = d.last + 1; axis < b.out1; ++axis) multiplier = multiplier * out[axis];
    result.dims.push_back({first, last, multiplier});
  }
  result.start.assign(static_cast<std::size_t>(in.rank()), Dim(0));
  for (const Match& m : matches) {
    Dim linear = 0;
    for (int axis = m.out0; axis < m.out1; ++axis) linear = linear * out[axis] + view.start[static_cast<std::size_t>(axis)];
    if (linear.is(0)) continue;
    const auto [first, last] = run(m.in0, m.in1);
    if (first < 0) continue;
    result.start[static_cast<std::size_t>(last)] = linear;
    if (first != last) result.contiguous = true;
  }
  return result;
}

}  // namespace

std::size_t View::hash() const {
  std::size_t h = dims.size() + (contiguous ? 77 : 0);
  for (const DimMap& d : dims) h = mix(mix(h, static_cast<std::size_t>(d.first * 16 + d.last)), d.multiplier.hash());
  for (const Dim& s : start) h = mix(h, s.hash());
  return h;
}

View view_of(const Shape& shape, std::span<const int> axis_of_loop) {
  View view;
  for (int axis : axis_of_loop) view.dims.push_back(axis < 0 ? DimMap{} : DimMap{axis, axis, 1});
  view.start.assign(static_cast<std::size_t>(shape.rank()), Dim(0));
  return view;
}

bool is_view(Op op) {
  return op == Op::broadcast || op == Op::reshape || op == Op::transpose || op == Op::slice || op == Op::flip;
}

std::optional<View> through(const GraphData& graph, NodeId node, int i, const View& view) {
  const Shape& shape = graph.shape(node);
  const Shape& operand = graph.shape(graph.operand(node, i));
  const Op op = graph.op(node);
  if (op == Op::transpose) return through_transpose(graph.attributes(node).ints, view);
  if (op == Op::slice) return through_slice(shape, operand, graph.attributes(node), view);
  if (op == Op::flip) return through_flip(shape, graph.attributes(node), view);
  if (op == Op::reshape) return through_reshape(operand, shape, view);
  if (op == Op::broadcast || ops::kind_of(op) == ops::Kind::elementwise) return through_stretch(shape, operand, view);
  throw InternalError("through: not an elementwise or view operation: " + std::string(ops::name_of(op)));
}

ViewId ViewPool::intern(const View& view) {
  const std::size_t h = view.hash();
  for (auto [at, end] = index_.equal_range(h); at != end; ++at)
    if (views_[at->second] == view) return ViewId{at->second};
  const auto id = static_cast<std::uint32_t>(views_.size());
  views_.push_back(view);
  index_.emplace(h, id);
  return ViewId{id};
}

std::optional<ViewId> ViewPool::through(const GraphData& graph, NodeId node, int i, ViewId view) {
  const NodeId operand = graph.operand(node, i);
  const bool stretches = ops::kind_of(graph.op(node)) == ops::Kind::elementwise || graph.op(node) == Op::broadcast;
  if (!stretches) {
    const auto result = program::through(graph, node, i, (*this)[view]);
    return result ? std::optional(intern(*result)) : std::nullopt;
  }
  const ShapeId shape = graph[node].shape, operand_shape = graph[operand].shape;
  if (shape == operand_shape) return view;
  const std::uint64_t key = static_cast<std::uint64_t>(view) << 42 ^ static_cast<std::uint64_t>(shape) << 21 ^
                            static_cast<std::uint64_t>(operand_shape);
  const auto known = stretched_.find(key);
  if (known != stretched_.end()) return known->second;
  const auto result = program::through(graph, node, i, (*this)[view]);
  const auto id = result ? std::optional(intern(*result)) : std::nullopt;
  stretched_.emplace(key, id);
  return id;
}

}  // namespace actinium::program
