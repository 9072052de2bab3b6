// The forms of grad, vjp, jvp and hvp, what they give for inputs out of reach, and long chains.
#include <gtest/gtest.h>

#include <cmath>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "passes/pass.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

class Api : public testing::Test {
 protected:
  Graph g{f64};
  Expr W = g.input("W", {2, 3}), b = g.input("b", {3}), x = g.input("x", {2}), s = g.input("s", {});
};

TEST_F(Api, OneArrayOrList) {
  const Expr y = sum(matmul(x, W) + b);
  const Expr one = grad(y, W);
  const auto [dW, db] = grad(y, W, b);
  const std::vector<Expr> list = grad(y, std::vector{W, b, x});
  const auto [value, pair] = value_and_grad(y, W, b);
  EXPECT_TRUE(one.same_as(dW));
  EXPECT_TRUE(list[1].same_as(db));
  EXPECT_TRUE(value.same_as(y));
  EXPECT_TRUE(pair[1].same_as(db));
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(one.shape(), W.shape());
}

TEST_F(Api, OutOfReachIsZeros) {
  const Expr d = grad(sum(b), W);
  EXPECT_EQ(d.shape(), W.shape());
  EXPECT_EQ(reference::evaluate(d, {}).data, std::vector<double>(6, 0.0));
  EXPECT_EQ(jvp(b, s, 1).shape(), b.shape());
  EXPECT_EQ(grad(Expr(3.0), W).shape(), W.shape());
}

TEST_F(Api, WithRespectToAnyExpression) {
  const Expr h = exp(s), y = h * h * s;
  const auto [dh, ds] = grad(y, h, s);
  const reference::Inputs at{{"s", {{}, {0.5}}}};
  EXPECT_NEAR(reference::evaluate(dh, at).data[0], 2 * std::exp(0.5) * 0.5, 1e-14);
  EXPECT_NEAR(reference::evaluate(ds, at).data[0], std::exp(1.0) * (1 + 2 * 0.5), 1e-14);
}

TEST_F(Api, HessianVectorProducts) {
  const Expr y = sum(square(matmul(x, W) + b)) * s;
  const Expr v = g.input("v", {2, 3});
  const auto [HW, Hb] = hvp(y, {W, b}, {v, b});
  EXPECT_EQ(HW.shape(), W.shape());
  EXPECT_EQ(Hb.shape(), b.shape());
  // H_bb b + H_bW v = 2 s (b + x v).
  const reference::Inputs at{{"W", {{2, 3}, {1, 2, 3, 4, 5, 6}}}, {"b", {{3}, {1, -1, 2}}}, {"x", {{2}, {3, 5}}}, {"s", {{}, {2}}}, {"v", {{2, 3}, {1, 0, 0, 0, 1, 0}}}};
  EXPECT_EQ(reference::evaluate(Hb, at).data, (std::vector<double>{16, 16, 8}));
  EXPECT_TRUE(hvp(s * s * s, s, 1.0).is_bound());
}

TEST_F(Api, DerivativesOfAnyOrder) {
  const reference::Inputs at{{"b", {{3}, {0.1, 0.2, 0.3}}}};
  for (int n = 0; n < 8; ++n) {
    const auto got = reference::evaluate(derivative(sin(b), b, n), at).data;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], std::sin(at.at("b").data[i] + n * M_PI / 2), 1e-13) << n;
  }
}

TEST_F(Api, PlacesAreThoseOfTheUser) {
  const Expr y = sin(b) * b;
  const Location where = g.data()->location(y.id());
  const Expr d = vjp(y, b, 1.0);
  EXPECT_EQ(g.data()->location(d.id()).line, g.data()->location(y.id()).line);
  EXPECT_STREQ(where.file, __FILE__);
}

/// Linear time and no deep stacks: built, differentiated both ways, simplified, verified, printed, destroyed.
TEST(AutodiffChain, AMillionNodes) {
  Graph g{f64};
  const Expr x = g.input("x", {"batch"});
  Expr y = x;
  for (int i = 0; i < 1'000'000; ++i) y = i % 2 ? sin(y) : y * 1.5;
  const Expr d = grad(sum(y), x), t = jvp(y, x, 1.0);
  const Module simple = passes::simplify(Module{g.data(), g.data()->inputs(), {d.id(), t.id()}});
  verify(simple);
  EXPECT_GT(simple.graph->size(), 2'000'000u);
  EXPECT_LT(g.node_count(), 5'000'000u);
  const std::string text = print_text(*simple.graph, simple.outputs[0]);
  EXPECT_LT(text.size(), 100'000'000u);
  EXPECT_EQ(text.substr(0, 4), "let ");
}

}  // namespace
}  // namespace actinium
