// Products of a few columns and terms, taken apart element by element: one kernel with their gradients, one answer by every
// engine, and the numbers of plain loops.
#include <gtest/gtest.h>

#include <cmath>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

double number(const ac::Tensor& t, std::initializer_list<std::int64_t> at) {
  std::int64_t i = 0;
  int axis = 0;
  for (std::int64_t index : at) i = i * t.extent(axis++) + index;
  return t.dtype() == ac::f64 ? t.data<double>()[i] : t.data<float>()[i];
}

struct Case {
  std::int64_t points, k, n;
};

class Strips : public testing::TestWithParam<ac::DType> {
 protected:
  static std::vector<ac::Expr> outputs(const ac::Expr& x, const ac::Expr& w, const ac::Expr& b) {
    const auto y = tanh(matmul(x, w) + b);
    const auto loss = sum(y * y);
    const auto gradients = ac::grad(loss, {x, w, b});
    std::vector<ac::Expr> all{y, loss, reduce_max(y, -1), softmax(y)};
    all.insert(all.end(), gradients.begin(), gradients.end());
    return all;
  }
};

const Case cases[] = {{0, 3, 3},   {1, 3, 3},   {5, 1, 4},   {16, 2, 2},   {17, 3, 3},  {33, 4, 1},
                      {100, 4, 4}, {515, 2, 3}, {700, 3, 2}, {1025, 3, 3}, {40000, 3, 3}};

TEST_P(Strips, TheInterpreterIsTheTwinOfEveryInstructionSet) {
  int compared = 0;
  for (const Case& c : cases) {
    ac::Graph g(GetParam());
    const auto x = g.input("x", {"points", c.k}), w = g.input("w", {c.k, c.n}), b = g.input("b", {c.n});
    const std::vector<ac::Expr> inputs{x, w, b}, wanted = outputs(x, w, b);
    const std::vector<ac::Tensor> arguments{ac::random_normal(1, {c.points, c.k}, 0, 1, GetParam()),
                                            ac::random_normal(2, {c.k, c.n}, 0, 1, GetParam()),
                                            ac::random_normal(3, {c.n}, 0, 1, GetParam())};
    for (const char* isa : {"native", "x86-64-v3", "x86-64-v2"}) {
      std::vector<ac::Tensor> jit;
      try {
        jit = ac::compile(inputs, wanted, {.engine = ac::Engine::jit, .isa = isa})(arguments);
      } catch (const ac::CompileError&) {
        continue;  // the host cannot run it
      }
      const auto interpreted = ac::compile(inputs, wanted, {.engine = ac::Engine::interpret, .isa = isa})(arguments);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_TRUE(ac::same_bits(interpreted[i], jit[i])) << isa << ", " << c.points << " points, " << c.k << "x" << c.n << ", output " << i;
      ++compared;
    }
  }
  EXPECT_GE(compared, static_cast<int>(std::size(cases)));
}

TEST_P(Strips, TheNumbersOfPlainLoops) {
  const double tolerance = GetParam() == ac::f64 ? 1e-13 : 2e-5;
  for (const Case& c : cases) {
    ac::Graph g(GetParam());
    const auto x = g.input("x", {"points", c.k}), w = g.input("w", {c.k, c.n}), b = g.input("b", {c.n});
    const auto xs = ac::random_normal(1, {c.points, c.k}, 0, 1, GetParam()), ws = ac::random_normal(2, {c.k, c.n}, 0, 1, GetParam()),
               bs = ac::random_normal(3, {c.n}, 0, 1, GetParam());
    const auto results = ac::compile(std::vector<ac::Expr>{x, w, b}, outputs(x, w, b))(std::vector<ac::Tensor>{xs, ws, bs});
    std::vector<double> dw(static_cast<std::size_t>(c.k * c.n), 0.0);
    for (std::int64_t p = 0; p < c.points; ++p) {
      std::vector<double> slope;
      for (std::int64_t j = 0; j < c.n; ++j) {
        double z = number(bs, {j});
        for (std::int64_t k = 0; k < c.k; ++k) z += number(xs, {p, k}) * number(ws, {k, j});
        const double y = std::tanh(z);
        ASSERT_NEAR(number(results[0], {p, j}), y, tolerance) << c.points << " points, point " << p;
        slope.push_back(2 * y * (1 - y * y));
        for (std::int64_t k = 0; k < c.k; ++k) dw[static_cast<std::size_t>(k * c.n + j)] += number(xs, {p, k}) * slope.back();
      }
      for (std::int64_t k = 0; k < c.k; ++k) {
        double dx = 0;
        for (std::int64_t j = 0; j < c.n; ++j) dx += slope[static_cast<std::size_t>(j)] * number(ws, {k, j});
        ASSERT_NEAR(number(results[4], {p, k}), dx, 4 * tolerance) << c.points << " points, point " << p;
      }
    }
    for (std::int64_t k = 0; k < c.k; ++k)
      for (std::int64_t j = 0; j < c.n; ++j)
        EXPECT_NEAR(number(results[5], {k, j}), dw[static_cast<std::size_t>(k * c.n + j)],
                    tolerance * static_cast<double>(10 + c.points / 10));
  }
}

TEST_P(Strips, HoweverTheArrayLies) {
  ac::Graph g(GetParam());
  const auto x = g.input("x", {"points", 3}), w = g.input("w", {3, 3}), b = g.input("b", {3});
  const auto f = ac::compile(std::vector<ac::Expr>{x, w, b}, outputs(x, w, b));
  const std::int64_t points = 1033;
  const auto lying = ac::random_normal(1, {3, points}, 0, 1, GetParam());
  const ac::Tensor ws = ac::random_normal(2, {3, 3}, 0, 1, GetParam()), bs = ac::random_normal(3, {3}, 0, 1, GetParam());
  const std::int64_t shape[] = {points, 3}, strides[] = {1, points};
  const ac::ArrayRef turned(lying.raw(), GetParam(), shape, strides);
  const ac::Tensor plain = ac::Tensor::copy(turned);
  const auto expected = f(std::vector<ac::ArrayRef>{plain, ws, bs}), results = f(std::vector<ac::ArrayRef>{turned, ws, bs});
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(ac::same_bits(expected[i], results[i])) << "output " << i;
}

TEST_P(Strips, OneKernelComputesValueAndGradients) {
  ac::Graph g(GetParam());
  const auto x = g.input("x", {"points", 3}), w = g.input("w", {3, 3});
  const auto loss = sum(tanh(matmul(x, w)));
  EXPECT_EQ(ac::compile({x, w}, {loss, ac::grad(loss, x), ac::grad(loss, w)}).stats({{"points", 100}}).kernels, 1u);
}

TEST_P(Strips, ThreadsAndBatchesChangeNoBit) {
  ac::Graph g(GetParam());
  const auto x = g.input("x", {"batch", "points", 3}), w = g.input("w", {3, 2});
  const auto y = silu(matmul(x, w)), loss = sum(y);
  const std::vector<ac::Expr> inputs{x, w}, wanted{y, ac::grad(loss, x), ac::grad(loss, w), sum(y, {1, 2})};
  const auto xs = ac::random_normal(1, {3, 50000, 3}, 0, 1, GetParam()), ws = ac::random_normal(2, {3, 2}, 0, 1, GetParam());
  const std::vector<ac::Tensor> arguments{xs, ws};
  const auto one = ac::compile(inputs, wanted, {.threads = 1})(arguments), two = ac::compile(inputs, wanted, {.threads = 2})(arguments);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(ac::same_bits(one[i], two[i])) << "output " << i;
  const std::vector<ac::Tensor> first{ac::Tensor::copy(xs[0]).reshape(std::vector<std::int64_t>{1, 50000, 3}), ws};
  const auto alone = ac::compile(inputs, wanted)(first);
  EXPECT_TRUE(ac::same_bits(alone[0][0], one[0][0]));
  EXPECT_TRUE(ac::same_bits(alone[1][0], one[1][0]));
}

INSTANTIATE_TEST_SUITE_P(Types, Strips, testing::Values(ac::f32, ac::f64), [](const auto& info) { return std::string(ac::name_of(info.param)); });

}  // namespace
