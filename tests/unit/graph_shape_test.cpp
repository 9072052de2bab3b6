// Dimensions, shapes, and the arena: canonical forms, interning, names and places.
#include <gtest/gtest.h>

#include "actinium/error.h"
#include "actinium/graph.h"
#include "graph/graph.hpp"

namespace actinium {
namespace {

const Dim n = "n", m = "m";

TEST(Dim, HasACanonicalForm) {
  EXPECT_EQ((n + m) * (n - m), n * n - m * m);
  EXPECT_EQ((2 * n + 1).str(), "2*n + 1");
  EXPECT_EQ((n * m - 3).str(), "m*n - 3");
  EXPECT_EQ((n - n), Dim(0));
  EXPECT_EQ((n - n).hash(), Dim(0).hash());
  EXPECT_EQ((1 - n).str(), "-n + 1");
}

TEST(Dim, DividesExactlyOrNot) {
  EXPECT_EQ((6 * n * m).divided_by(2 * n), 3 * m);
  EXPECT_EQ((n * n - 1).divided_by(n - 1), n + 1);
  EXPECT_FALSE((6 * n + 1).divided_by(3));
  EXPECT_FALSE(n.divided_by(m));
  EXPECT_FALSE(n.divided_by(0));
}

TEST(Dim, EvaluatesUnderBindings) {
  EXPECT_EQ((2 * n * m + 1).evaluate({{"n", 3}, {"m", 4}}), 25);
  EXPECT_THROW((2 * n).evaluate({}), ShapeError);
  EXPECT_THROW((n * n).evaluate({{"n", 1ll << 40}}), ShapeError);
  EXPECT_THROW(Dim("2n"), ShapeError);
}

TEST(Shape, Broadcasts) {
  EXPECT_EQ(broadcast_shapes({n, 1, 4}, {3, 1}), Shape({n, 3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {2}), Shape({2}));
  EXPECT_EQ(broadcast_shapes({0}, {1}), Shape({0}));
  EXPECT_FALSE(broadcast_shapes({n}, {m}));
  EXPECT_FALSE(broadcast_shapes({n}, {3}));
  EXPECT_FALSE(broadcast_shapes({2}, {3}));
}

TEST(Graph, MergesEqualNodes) {
  Graph g;
  const Expr x = g.input("x", {"batch", 3});
  const Expr a = exp(x) + 1.0, b = exp(x) + 1.0;
  EXPECT_TRUE(a.same_as(b));
  EXPECT_FALSE(a.same_as(exp(x) + 2.0));
  EXPECT_FALSE((x + 0.0).same_as(x + -0.0)) << "constants differ by their bits";
  EXPECT_EQ(g.node_count(), 10u);
  EXPECT_TRUE(x.same_as(g.input("x", {"batch", 3})));
}

TEST(Graph, KnowsWhereNodesWereWritten) {
  Graph g;
  const Expr x = g.input("x", {3});
  const auto line = static_cast<unsigned>(__LINE__) + 1;
  const Expr y = x * 2.0;
  const Location where = g.data()->location(y.id());
  EXPECT_EQ(where.line, line);
  EXPECT_EQ(where.str(), "graph_shape_test.cpp:" + std::to_string(line));
  const Expr again = x * 2.0;
  EXPECT_EQ(g.data()->location(again.id()).line, line) << "the first writer wins";
}

TEST(Graph, ScopesAndNames) {
  Graph g;
  const Expr x = g.input("x", {3});
  Expr y, z;
  {
    Scope outer(g, "encoder");
    Scope inner(g, "2");
    y = exp(x);
  }
  z = sin(x).named("hidden");
  EXPECT_EQ(g.data()->name(y.id()), "encoder.2.exp");
  EXPECT_EQ(g.data()->name(z.id()), "hidden");
  EXPECT_EQ(describe(*g.data(), z.id()), "hidden [3]");
}

TEST(Graph, ManyOperandsSpill) {
  Graph g;
  std::vector<Expr> parts;
  for (int i = 0; i < 100; ++i) parts.push_back(g.input("x" + std::to_string(i), {1}));
  const Expr y = concat(parts);
  EXPECT_EQ(y.shape(), Shape({100}));
  const auto operands = g.data()->operands(y.id());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(operands[i], parts[i].id());
  EXPECT_TRUE(y.same_as(concat(parts)));
}

TEST(Graph, OutlivesItsHandle) {
  Expr y;
  {
    Graph g;
    y = exp(g.input("x", {2}));
  }
  EXPECT_EQ((y + 1).shape(), Shape({2}));
}

TEST(Verify, FindsWhatIsWrong) {
  Graph g{f64};
  const Expr x = g.input("x", {2, 3});
  GraphData& data = *g.data();
  const std::array operand{x.id()};
  const NodeId wrong = data.intern(ops::Op::exp, DType::f64, Shape{3, 2}, operand, {}, no_location);
  EXPECT_THROW(verify(Module{g.data(), {}, {wrong}}), InternalError);
  Graph h{f64};
  const Expr y = h.input("y", {2});
  EXPECT_NO_THROW(verify(Module{h.data(), {y.id()}, {exp(y).id()}}));
  EXPECT_THROW(verify(Module{h.data(), {exp(y).id()}, {}}), InternalError);
  EXPECT_THROW(verify(Module{h.data(), {}, {NodeId{99}}}), InternalError);
}

}  // namespace
}  // namespace actinium
