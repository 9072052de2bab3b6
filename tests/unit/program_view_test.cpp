// Views compose: what a chain of rearrangements reads is compared with following every element through the operations.
#include <gtest/gtest.h>

#include "actinium/graph.h"
#include "graph/graph.hpp"
#include "program/view.hpp"

namespace actinium::program {
namespace {

using Point = std::vector<std::int64_t>;

std::int64_t at(const Point& p, int axis) { return p[static_cast<std::size_t>(axis)]; }

std::int64_t row_major(const Shape& shape, const Point& point) {
  std::int64_t linear = 0;
  for (int i = 0; i < shape.rank(); ++i) linear = linear * shape[i].constant() + at(point, i);
  return linear;
}

Point from_row_major(const Shape& shape, std::int64_t linear) {
  Point point(static_cast<std::size_t>(shape.rank()), 0);
  for (int i = shape.rank() - 1; i >= 0; --i) {
    point[static_cast<std::size_t>(i)] = linear % shape[i].constant();
    linear /= shape[i].constant();
  }
  return point;
}

/// Position in a C-contiguous input that `view` gives for a point of the loops.
std::int64_t position(const Shape& shape, const View& view, const Point& point) {
  Point stride(static_cast<std::size_t>(shape.rank()), 1);
  for (int i = shape.rank() - 2; i >= 0; --i)
    stride[static_cast<std::size_t>(i)] = at(stride, i + 1) * shape[i + 1].constant();
  std::int64_t sum = 0;
  for (int i = 0; i < shape.rank(); ++i) sum += view.start[static_cast<std::size_t>(i)].constant() * at(stride, i);
  for (std::size_t i = 0; i < view.dims.size(); ++i)
    if (view.dims[i].first >= 0) sum += point[i] * view.dims[i].multiplier.constant() * at(stride, view.dims[i].last);
  return sum;
}

/// The element of operand 0 that element `point` of `node` is.
Point source(const GraphData& g, NodeId node, const Point& point) {
  const Shape &shape = g.shape(node), &from = g.shape(g.operand(node, 0));
  const Attributes& attributes = g.attributes(node);
  Point next(static_cast<std::size_t>(from.rank()), 0);
  if (g.op(node) == ops::Op::transpose) {
    for (std::size_t i = 0; i < point.size(); ++i) next[static_cast<std::size_t>(attributes.ints[i])] = point[i];
  } else if (g.op(node) == ops::Op::slice) {
    for (std::size_t i = 0; i < point.size(); ++i) next[i] = attributes.dims[i].constant() + attributes.ints[i] * point[i];
  } else if (g.op(node) == ops::Op::flip) {
    next = point;
    for (auto axis : attributes.ints) {
      auto& index = next[static_cast<std::size_t>(axis)];
      index = shape[static_cast<int>(axis)].constant() - 1 - index;
    }
  } else if (g.op(node) == ops::Op::reshape) {
    next = from_row_major(from, row_major(shape, point));
  } else {
    const int shift = shape.rank() - from.rank();
    for (int i = 0; i < from.rank(); ++i) next[static_cast<std::size_t>(i)] = from[i].is(1) ? 0 : at(point, i + shift);
  }
  return next;
}

struct ViewCase {
  const char* name;
  Expr (*build)(const Expr& x);
};

class Views : public testing::TestWithParam<ViewCase> {};

TEST_P(Views, ReadTheElementsThatTheOperationsName) {
  Graph graph;
  const Expr x = graph.input("x", {4, 6, 5});
  const Expr y = GetParam().build(x);
  const GraphData& g = *graph.data();
  std::vector<int> axes;
  for (int i = 0; i < y.rank(); ++i) axes.push_back(i);
  std::optional<View> view = view_of(y.shape(), axes);
  for (NodeId n = y.id(); view && g.op(n) != ops::Op::input; n = g.operand(n, 0)) view = through(g, n, 0, *view);
  ASSERT_TRUE(view);
  const std::int64_t size = y.shape().size().constant();
  ASSERT_GT(size, 0);
  for (std::int64_t i = 0; i < size; ++i) {
    Point point = from_row_major(y.shape(), i), element = point;
    for (NodeId n = y.id(); g.op(n) != ops::Op::input; n = g.operand(n, 0)) element = source(g, n, element);
    ASSERT_EQ(position(x.shape(), *view, point), row_major(x.shape(), element)) << "element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Chains, Views,
    testing::Values(
        ViewCase{"transpose", [](const Expr& x) { return transpose(x, {2, 0, 1}); }},
        ViewCase{"slice", [](const Expr& x) { return slice(x, 1, Dim(6), 2, 1); }},
        ViewCase{"flip", [](const Expr& x) { return flip(x, {0, 2}); }},
        ViewCase{"merge", [](const Expr& x) { return reshape(x, {24, 5}); }},
        ViewCase{"split", [](const Expr& x) { return reshape(x, {2, 2, 3, 2, 5}); }},
        ViewCase{"regroup", [](const Expr& x) { return reshape(x, {8, 3, 5}); }},
        ViewCase{"flatten_and_split", [](const Expr& x) { return reshape(reshape(x, {120}), {3, 40}); }},
        ViewCase{"slice_of_merge", [](const Expr& x) { return slice(reshape(x, {24, 5}), 2, Dim(23), 3, 0); }},
        ViewCase{"split_of_transpose", [](const Expr& x) { return reshape(transpose(x, {1, 0, 2}), {2, 3, 4, 5}); }},
        ViewCase{"broadcast", [](const Expr& x) { return broadcast_to(reshape(x, {4, 1, 30}), {3, 4, 7, 30}); }},
        ViewCase{"flip_of_slice", [](const Expr& x) { return flip(slice(x, 1, Dim(4), 1, 0), {0}); }}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Views, AMergeOfTransposedAxesIsNotAffine) {
  Graph graph;
  const Expr x = graph.input("x", {4, 6, 5});
  const Expr y = reshape(transpose(x, {1, 0, 2}), {24, 5});
  const GraphData& g = *graph.data();
  const std::vector<int> axes{0, 1};
  const auto merged = through(g, y.id(), 0, view_of(y.shape(), axes));
  ASSERT_TRUE(merged);
  EXPECT_FALSE(through(g, g.operand(y.id(), 0), 0, *merged));
}

}  // namespace
}  // namespace actinium::program
