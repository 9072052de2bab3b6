// Derivatives where a formula alone would not say what they are: kinks, ties, singular points, branches not taken.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "ops/rules.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
using Function = std::function<Expr(const Expr&)>;

struct Kink {
  std::string name;
  Function f;
  double x;
  double want;
  int order = 1;
};

Expr tanh(const Expr& x) { return ops::unary(ops::Op::tanh, x); }
Expr softplus(const Expr& x) { return ops::unary(ops::Op::softplus, x); }

const std::vector<Kink> kinks{
    {"abs", [](const Expr& x) { return abs(x); }, 0, 0},
    {"abs_negative_zero", [](const Expr& x) { return abs(x); }, -0.0, 0},
    {"max_literal_right", [](const Expr& x) { return max(x, 0); }, 0, 0},
    {"max_literal_left", [](const Expr& x) { return max(0, x); }, 0, 0},
    {"max_literal_above", [](const Expr& x) { return max(0, x); }, 2, 1},
    {"min_literal_right", [](const Expr& x) { return min(x, 1.0); }, 1, 0},
    {"min_literal_left", [](const Expr& x) { return min(1.0, x); }, 1, 0},
    {"max_tie_goes_second", [](const Expr& x) { return max(3 * x, x * x + 2); }, 1, 2},
    {"min_tie_goes_second", [](const Expr& x) { return min(3 * x, x * x + 2); }, 2, 4},
    {"clamp_low", [](const Expr& x) { return clamp(x, -1, 1); }, -1, 0},
    {"clamp_high", [](const Expr& x) { return clamp(x, -1, 1); }, 1, 0},
    {"clamp_inside", [](const Expr& x) { return clamp(x, -1, 1); }, 0.5, 1},
    {"clamp_bound_moves", [](const Expr& x) { return clamp(5.0, -x, x); }, 2, 1},
    {"where_log", [](const Expr& x) { return where(x > 0, log(x), 0); }, 0, 0},
    {"where_log_negative", [](const Expr& x) { return where(x > 0, log(x) * sqrt(x), x); }, -1, 1},
    {"where_nested", [](const Expr& x) { return where(x < 0, where(x < -1, sqrt(-x - 1), x * x), sqrt(x)); }, -0.5, -1},
    {"where_division", [](const Expr& x) { return where(x == 0, 1.0, sin(x) / x); }, 0, 0},
    {"where_sum", [](const Expr& x) { return where(x > 0, sum(log(broadcast_to(x, {3}))), x); }, 0, 1},
    {"where_overflow", [](const Expr& x) { return where(x > 0, x, expm1(x) * exp(-x)); }, 1000, 1},
    {"where_second", [](const Expr& x) { return where(x > 0, log(x), x * x); }, 0, 2, 2},
    {"pow_zero_exponent", [](const Expr& x) { return pow(x, 0); }, 0, 0},
    {"pow_one_at_zero", [](const Expr& x) { return pow(x, 1); }, 0, 1},
    {"pow_square_at_zero", [](const Expr& x) { return pow(x, 2); }, 0, 2, 2},
    {"pow_cube_at_negative", [](const Expr& x) { return pow(x, 3); }, -2, 12},
    {"pow_cube_third", [](const Expr& x) { return pow(x, 3); }, 0, 6, 3},
    {"pow_inverse_at_negative", [](const Expr& x) { return pow(x, -1); }, -2, -0.25},
    {"pow_three_halves_at_zero", [](const Expr& x) { return pow(x, 1.5); }, 0, 0},
    {"pow_exponent_at_zero_base", [](const Expr& y) { return pow(0.0 * y, stop_gradient(y)) + pow(stop_gradient(0 * y), y); }, 2, 0},
    {"pow_corner", [](const Expr& x) { return pow(x, stop_gradient(x)); }, 0, 0},
    {"hypot_zero", [](const Expr& x) { return hypot(x, 0.0); }, 0, 0},
    {"hypot_zero_second_operand", [](const Expr& x) { return hypot(0 * x, x); }, 0, 0},
    {"norm_zero", [](const Expr& x) { return sqrt(sum(square(broadcast_to(x, {3})))); }, 0, 0},
    {"norm_products_zero", [](const Expr& x) { return sqrt(x * x + (2 * x) * (2 * x)); }, 0, 0},
    {"root_mean_square_zero", [](const Expr& x) { return sqrt(mean(pow(broadcast_to(x, {3}), 2))); }, 0, 0},
    {"sqrt_zero_is_infinite", [](const Expr& x) { return sqrt(x); }, 0, inf},
    {"atan2_zero", [](const Expr& x) { return atan2(x, 0 * x); }, 0, 0},
    {"sign", [](const Expr& x) { return sign(x) + floor(x) + round(x); }, 0, 0},
    {"gauss_infinity", [](const Expr& x) { return gauss(x); }, inf, 0},
    {"gauss_infinity_second", [](const Expr& x) { return gauss(x); }, -inf, 0, 2},
    {"normcdf_infinity_second", [](const Expr& x) { return normcdf(x); }, inf, 0, 2},
    {"expm1_tail", [](const Expr& x) { return expm1(x); }, -40, std::exp(-40.0)},
    {"tanh_tail", [](const Expr& x) { return tanh(x); }, 20, 4 * std::exp(-40.0)},
    {"softplus_zero", [](const Expr& x) { return softplus(x); }, 0, 0.5},
    {"softplus_zero_second", [](const Expr& x) { return softplus(x); }, 0, 0.25, 2},
    {"atan_huge", [](const Expr& x) { return atan(x); }, 1e100, 1e-200},
    {"atan_huge_second", [](const Expr& x) { return atan(x); }, 1e100, -2e-300, 2},
    {"acosh_huge", [](const Expr& x) { return acosh(x); }, 1e200, 1e-200},
    {"asinh_huge", [](const Expr& x) { return asinh(x); }, -1e200, 1e-200},
    {"stop_gradient", [](const Expr& x) { return x * stop_gradient(x); }, 3, 3},
    {"cast_round_trip", [](const Expr& x) { return cast(3.0 * cast(x, f32), f64); }, 0.5, 3},
    {"cast_to_integer", [](const Expr& x) { return x + cast(cast(x, i32), f64); }, 2.5, 1},
};

class Kinks : public testing::TestWithParam<Kink> {};

TEST_P(Kinks, Reverse) {
  const Kink& k = GetParam();
  Graph g{f64};
  const Expr x = g.input("x", {});
  const double got = reference::evaluate(derivative(k.f(x), x, k.order), {{"x", {{}, {k.x}}}}).data[0];
  if (std::isinf(k.want)) {
    EXPECT_EQ(got, k.want);
  } else {
    EXPECT_NEAR(got, k.want, 1e-13 * std::abs(k.want));
  }
}

TEST_P(Kinks, Forward) {
  const Kink& k = GetParam();
  Graph g{f64};
  const Expr x = g.input("x", {});
  Expr y = k.f(x);
  for (int i = 0; i < k.order; ++i) y = jvp(y, x, 1);
  // Forward mode masks branches at every step, but a norm at 0 needs only its own convention.
  const double got = reference::evaluate(y, {{"x", {{}, {k.x}}}}).data[0];
  if (std::isinf(k.want)) {
    EXPECT_EQ(got, k.want);
  } else {
    EXPECT_NEAR(got, k.want, 1e-13 * std::abs(k.want));
  }
}

INSTANTIATE_TEST_SUITE_P(Autodiff, Kinks, testing::ValuesIn(kinks), [](const auto& i) { return i.param.name; });

using reference::Array;

Array gradient_of(const Function& f, const Array& at) {
  Graph g{f64};
  const Expr x = g.input("x", Shape(std::vector<Dim>(at.shape.begin(), at.shape.end())));
  return reference::evaluate(grad(f(x), x), {{"x", at}});
}

TEST(AutodiffTies, ReductionsGiveTheFirst) {
  EXPECT_EQ(gradient_of([](const Expr& x) { return max(x); }, {{4}, {1, 3, 3, 2}}).data, (std::vector<double>{0, 1, 0, 0}));
  EXPECT_EQ(gradient_of([](const Expr& x) { return min(x); }, {{4}, {1, 3, 1, 1}}).data, (std::vector<double>{1, 0, 0, 0}));
  EXPECT_EQ(gradient_of([](const Expr& x) { return sum(reduce_max(x, 0)); }, {{2, 2}, {1, 5, 1, 5}}).data, (std::vector<double>{1, 1, 0, 0}));
}

TEST(AutodiffTies, ProductsWithZeros) {
  const Function f = [](const Expr& x) { return prod(x); };
  EXPECT_EQ(gradient_of(f, {{3}, {2, 3, 5}}).data, (std::vector<double>{15, 10, 6}));
  EXPECT_EQ(gradient_of(f, {{3}, {2, 0, 5}}).data, (std::vector<double>{0, 10, 0}));
  EXPECT_EQ(gradient_of(f, {{3}, {0, 0, 5}}).data, (std::vector<double>{0, 0, 0}));
  // Of many elements, by a tree.
  for (const int zeros : {0, 1, 2}) {
    std::vector<double> x{2, 1, 3, 1, 1, 2, 1, 5, 1, 2, 1}, others;
    for (int i = 0; i < zeros; ++i) x[static_cast<std::size_t>(10 - 5 * i)] = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      others.push_back(1);
      for (std::size_t j = 0; j < x.size(); ++j)
        if (j != i) others.back() *= x[j];
    }
    EXPECT_EQ(gradient_of(f, {{11}, x}).data, others) << zeros;
  }
  // Second derivatives too: d2/dx0 dx1 of x0 x1 x2 is x2, whatever is zero.
  const Function second = [](const Expr& x) { return slice(grad(prod(x), x), 0, 1); };
  EXPECT_EQ(gradient_of([&](const Expr& x) { return sum(second(x)); }, {{3}, {0, 0, 5}}).data, (std::vector<double>{0, 5, 0}));
}

TEST(AutodiffTies, SortIsStable) {
  const Function f = [](const Expr& x) { return sum(sort(x) * cumsum(broadcast_to(stop_gradient(0 * sum(x) + 1), {3}))); };
  EXPECT_EQ(gradient_of(f, {{3}, {2, 1, 1}}).data, (std::vector<double>{3, 1, 2}));
}

}  // namespace
}  // namespace actinium
