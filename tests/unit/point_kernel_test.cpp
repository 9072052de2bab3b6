// Scalar graphs: straight-line code with functions packed into lanes gives what the interpreter gives, for every
// instruction set.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

using Expr = ac::Expr;

/// More functions than a register has lanes, on several levels, beside arithmetic, comparisons and integers.
std::vector<Expr> formulas(const std::vector<Expr>& x) {
  std::vector<Expr> y;
  for (const Expr& e : x) {
    y.push_back(sin(e) * cos(e));
    y.push_back(where(e > 0.5, exp(-abs(e)), atan2(e, x[0])));
  }
  for (std::size_t i = 0; i + 1 < x.size(); ++i) y.push_back(tanh(y[2 * i] + sin(y[2 * i + 2]) * x[i]));
  y.push_back(cos(x[1]) + pow(abs(x[2]), x[3]) / sqrt(square(x[4]) + 1.0));
  y.push_back(fma(x[0], x[1], x[2]) - min(x[3], x[4]));
  y.push_back(cast(x[5] < x[6], x[0].dtype()) + cast(cast(clamp(x[5], -1e3, 1e3), ac::i32) * 3, x[0].dtype()));
  y.push_back(erf(log1p(abs(y.front()))) + floor(x[1]));
  return y;
}

class PointKernel : public testing::TestWithParam<ac::DType> {};

TEST_P(PointKernel, EveryInstructionSetGivesTheInterpretersBits) {
  ac::Graph g(GetParam());
  std::vector<Expr> x;
  for (int i = 0; i < 11; ++i) x.push_back(g.input("x" + std::to_string(i), {}));
  std::vector<Expr> y = formulas(x);
  Expr total = 0.0;
  for (const Expr& e : y) total = total + e;
  const std::vector<Expr> gradient = ac::grad(total, x);
  y.insert(y.end(), gradient.begin(), gradient.end());
  y.push_back(ac::stack(gradient));
  y.push_back(x[0] > x[1]);
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<double>> points{
      {.1, -.2, .3, .4, -.5, .6, .7, .8, .9, 1, 1.1},
      {1e4, -1e6, 3e20, 1e30, -7e9, 2e5, 1e3, 1e-40, -0.0, 0, 5},
      {infinity, -infinity, std::nan(""), 1, 2, infinity, 0, 1e38, 88, -104, 0.5},
  };
  for (const char* isa : {"x86-64-v2", "x86-64-v3", "x86-64-v4", "native"}) {
    ac::Function<> f, reference;
    try {
      f = ac::compile(x, y, {.isa = isa});
    } catch (const ac::CompileError&) {
      continue;  // not on this machine
    }
    reference = ac::compile(x, y, {.engine = ac::Engine::interpret, .isa = isa});
    for (const auto& point : points) {
      std::vector<ac::Tensor> in;
      for (double v : point) in.push_back(ac::Tensor::scalar(v, GetParam()));
      const auto ours = f(in), expected = reference(in);
      for (std::size_t i = 0; i < y.size(); ++i)
        EXPECT_TRUE(ac::same_bits(ours[i], expected[i])) << isa << ", output " << i;
    }
  }
}

/// A point of a batch and the same point alone.
TEST_P(PointKernel, IsARowOfABatch) {
  const auto build = [&](bool batched) {
    ac::Graph g(GetParam());
    const Expr q = g.input("q", batched ? ac::Shape{7, "n"} : ac::Shape{7});
    std::vector<Expr> x;
    for (int i = 0; i < 7; ++i) x.push_back(squeeze(slice(q, i, i + 1), 0));
    std::vector<Expr> y = formulas(x);
    return ac::compile({q}, ac::stack(y));
  };
  const auto one = build(false), many = build(true);
  const ac::Tensor q = ac::random_uniform(1, {5, 7}, -3, 3, GetParam());
  auto columns = ac::Tensor::zeros({7, 5}, GetParam());
  for (std::int64_t i = 0; i < 5; ++i)
    for (std::int64_t k = 0; k < 7; ++k) {
      if (GetParam() == ac::f32) columns.data<float>()[k * 5 + i] = q.data<float>()[i * 7 + k];
      if (GetParam() == ac::f64) columns.data<double>()[k * 5 + i] = q.data<double>()[i * 7 + k];
    }
  const ac::Tensor all = many(columns);
  for (std::int64_t i = 0; i < 5; ++i) {
    const ac::Tensor row = one(q[i]);
    for (std::int64_t k = 0; k < row.size(); ++k) EXPECT_TRUE(ac::same_bits(row[k], all[k][i])) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, PointKernel, testing::Values(ac::f32, ac::f64),
                         [](const auto& info) { return std::string(ac::name_of(info.param)); });

}  // namespace
