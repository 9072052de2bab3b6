// sum(where(i == label, f(x), 0)): f is computed once a row, for the label's x, and is 0 where no element has the label.
#include <gtest/gtest.h>

#include <cmath>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

struct Case {
  std::int64_t rows, n;
};

class Pick : public testing::TestWithParam<Case> {};

TEST_P(Pick, IsTheSum) {
  const auto [rows, n] = GetParam();
  ac::Graph g(ac::f64);
  const auto x = g.input("x", {"rows", "n"}), scale = g.input("scale", {"rows"}), label = g.input("label", {"rows"}, ac::i32);
  const auto here = g.iota(x.shape(), 1, ac::i32) == ac::expand_dims(label, 1);
  const auto f = exp(x) * ac::expand_dims(scale, 1) - x * 3.0;
  const auto picked = sum(where(here, f, 0), 1);
  const std::vector<ac::Expr> inputs{x, scale, label}, outputs{picked, sum(f, 1), ac::grad(sum(picked), x)};
  const auto xs = ac::random_normal(1, {rows, n}, 0, 1, ac::f64), scales = ac::random_normal(2, {rows}, 0, 1, ac::f64);
  ac::Tensor labels = ac::Tensor::zeros({rows}, ac::i32);
  for (std::int64_t r = 0; r < rows; ++r) labels.data<std::int32_t>()[r] = static_cast<std::int32_t>(r % (n + 3) - 1);  // out of range too
  const std::vector<ac::Tensor> arguments{xs, scales, labels};
  const auto jit = ac::compile(inputs, outputs)(arguments);
  const auto interpreted = ac::compile(inputs, outputs, {.engine = ac::Engine::interpret})(arguments);
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(ac::same_bits(jit[i], interpreted[i])) << "output " << i;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t at = labels.data<std::int32_t>()[r];
    const bool inside = at >= 0 && at < n;
    const double v = inside ? xs.data<double>()[r * n + at] : 0;
    const double expected = inside ? std::exp(v) * scales.data<double>()[r] - 3 * v : 0;
    EXPECT_NEAR(jit[0].data<double>()[r], expected, 1e-13 * (1 + std::abs(expected))) << "row " << r;
    for (std::int64_t i = 0; i < n; ++i)
      ASSERT_NEAR(jit[2].data<double>()[r * n + i], i == at ? std::exp(v) * scales.data<double>()[r] - 3 : 0.0, 1e-12) << r << ", " << i;
  }
}

TEST(Pick, AnElementThatIsNotTheLabelsMayBeAnything) {
  ac::Graph g(ac::f64);
  const auto x = g.input("x", {"n"});
  const auto y = sum(where(g.iota(x.shape(), 0, ac::i64) == 2, log(x) + 1.0, 0));
  const double xs[] = {-1, 0, 1, std::nan(""), INFINITY};
  EXPECT_EQ(ac::compile(x, y)(ac::ArrayRef(xs)).item<double>(), 1.0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Pick, testing::Values(Case{7, 1}, Case{9, 5}, Case{40, 33}, Case{3, 20000}));

}  // namespace
