// Parameters other than the defaults; derivatives with respect to parameters; derivatives beyond the second.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Setting {
  std::string name;
  std::vector<double> parameters;
  double ulp = 4;
};

const std::vector<double> xs{-1e3, -745, -100, -88, -40, -20, -7.3, -2.9, -1.1, -0.7, -0.3, -1e-3, -1e-8,
                             1e-8, 1e-3, 0.3,  0.7, 1.1, 2.9, 7.3,  20,   40,   100,  745,  1e3};

class Settings : public ::testing::TestWithParam<Setting> {};

TEST_P(Settings, ValueAndDerivatives) {
  const auto& [name, parameters, bound] = GetParam();
  Reference reference = references().at(name);
  reference.conventions.clear();
  for (DType type : {f32, f64}) {
    std::vector<double> x;
    for (double v : xs) x.push_back(rounded(type, v));
    Graph g(type);
    std::vector<Argument> arguments{Argument("", g.input("x", {x.size()}))};
    std::vector<double> own;
    for (double p : parameters) arguments.emplace_back("", rounded(type, p)), own.push_back(rounded(type, p));
    const Format format = type == f32 ? f32_format : f64_format;
    for (int order = 0; order < 3; ++order) {
      const Array y = evaluate(activations::apply(*activations::find(name), arguments, {}, order),
                               {{"x", array(type, {static_cast<std::int64_t>(x.size())}, x)}});
      for (std::size_t i = 0; i < x.size(); ++i) {
        const Real exact = reference_value(reference, own, x[i], order);
        const double error = abs(Real(y[i]) - exact).to_double(),
                     smallest = std::ldexp(1.0, format.min_exponent - format.bits + 1);
        if (error <= (4 + std::abs(x[i])) * smallest ||
            (reference.smooth_zero[order] && error <= 4 * std::ldexp(1.0, -format.bits)))
          continue;
        EXPECT_LE(distance(y[i], exact, format), bound) << name_of(type) << " order " << order << " at " << x[i] << ": "
                                                        << y[i] << " instead of " << exact.to_double();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Catalogue, Settings,
    ::testing::Values(Setting{"linear", {2, -3}}, Setting{"relu", {0.1, 3, 1}}, Setting{"relu", {0, infinity, -2.5}},
                      Setting{"relu", {0.5, 6, -2.5}}, Setting{"step", {0.5, 0.25}}, Setting{"threshold", {-2.5, 7}},
                      Setting{"hard_sigmoid", {0.2, 0.5}}, Setting{"hard_sigmoid", {-0.25, 0.4}},
                      Setting{"hard_silu", {0.2, 0.4}}, Setting{"selu", {1.5, 1.2}}, Setting{"leaky_relu", {0.2}},
                      Setting{"leaky_relu", {1.5}}, Setting{"leaky_relu", {0}}, Setting{"rrelu", {0.1, 0.4}},
                      Setting{"hard_tanh", {-2, 3.5}}, Setting{"hard_shrink", {0.25}}, Setting{"soft_shrink", {1}},
                      Setting{"shrink", {0.4, 0.2}}, Setting{"smelu", {2.5}}, Setting{"elu", {0.7}},
                      Setting{"elu", {-0.5}}, Setting{"celu", {0.7}}, Setting{"celu", {3}}, Setting{"celu", {-1.5}},
                      Setting{"softplus", {2, 5}}, Setting{"softplus", {0.7, infinity}},
                      Setting{"softplus", {-1, infinity}}, Setting{"softplus", {3.3, infinity}},
                      Setting{"squareplus", {0.5}}, Setting{"silu", {1.702}}, Setting{"silu", {-0.6}},
                      Setting{"silu", {0}}, Setting{"scaled_tanh", {1.7159, 2.0 / 3}}, Setting{"snake", {0.5}, 6},
                      Setting{"snake", {0.7}, 6}, Setting{"sigmoid_cross_entropy", {0, 1}},
                      Setting{"sigmoid_cross_entropy", {1, 1}}, Setting{"sigmoid_cross_entropy", {0.75, 2.5}},
                      Setting{"huber", {0, 0.5}}, Setting{"huber", {-2, 3}}, Setting{"smooth_l1", {0, 0.5}},
                      Setting{"kl_div", {1}}, Setting{"isru", {0.3}}, Setting{"isrlu", {2.5}}),
    [](const auto& info) { return info.param.name + "_" + std::to_string(info.index); });

/// The derivative by parameter k, which has the value `at`, at all of xs: within a few ulp of a difference quotient.
int check_by_parameter(const std::shared_ptr<const activations::Entry>& entry, std::size_t k, double at, DType type) {
  const std::string& name = entry->facts().name;
  const Reference& reference = references().at(name);
  std::vector<double> x, own;
  for (double v : xs) x.push_back(rounded(type, v));
  Graph g(type);
  const Expr input = g.input("x", {x.size()}), p = g.input("p", {});
  std::vector<Argument> arguments{Argument("", input)};
  for (std::size_t i = 0; i < reference.parameters.size(); ++i) {
    own.push_back(rounded(type, i == k ? at : reference.parameters[i]));
    arguments.emplace_back("", i == k ? p : Expr(reference.parameters[i]));
  }
  const Expr tangent = jvp(activations::apply({entry}, arguments, {}), p, g.constant(1.0));
  const Array got = evaluate(
      tangent, {{"x", array(type, {static_cast<std::int64_t>(x.size())}, x)}, {"p", array(type, {}, {own[k]})}});
  const Format format = type == f32 ? f32_format : f64_format;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] < reference.domain) continue;
    const Real::Precision precision(2600);
    std::vector<Real> up(own.begin(), own.end()), down = up;
    const Real h = Real::power_of_two(-300);
    up[k] = Real(own[k]) + h;
    down[k] = Real(own[k]) - h;
    const Real exact = (reference.f(x[i], up) - reference.f(x[i], down)) / (Real(2) * h);
    const double error = abs(Real(got[i]) - exact).to_double();
    if (error <= (4 + std::abs(x[i])) * std::ldexp(1.0, format.min_exponent - format.bits + 1)) continue;
    if ((name == "snake" || name == "kl_div") && error <= 4 * std::ldexp(1.0 + std::abs(x[i]), -format.bits))
      continue;  // it has zeros
    EXPECT_LE(distance(got[i], exact, format), 6) << name << " by parameter " << k << " = " << own[k] << " at " << x[i]
                                                  << ": " << got[i] << " instead of " << exact.to_double();
  }
  return static_cast<int>(x.size());
}

/// Every number among an entry's parameters, at its default and beside it.
TEST(Parameters, DerivativesMatchTheReference) {
  int checked = 0;
  for (const auto& entry : activations::all()) {
    const std::string& name = entry->facts().name;
    if (!entry->is_elementwise() || entry->traced()) continue;
    const std::vector<double>& defaults = references().at(name).parameters;
    for (std::size_t k = 0; k < defaults.size(); ++k) {
      if (!std::isfinite(defaults[k]) || name == "relu" || name == "step" || name == "threshold")
        continue;  // jumps: below
      // Forms of their own at the default, which is no double.
      const bool special = name == "hard_sigmoid" || name == "hard_silu" || name == "selu";
      for (double factor : {1.0, 0.9, 1.7})
        for (DType type : {f32, f64})
          if (!special || factor != 1) checked += check_by_parameter(entry, k, defaults[k] * factor, type);
    }
  }
  EXPECT_GT(checked, 3000);
}

double by_parameter(const char* text, double x, std::vector<double> parameters, int wrt) {
  Graph g(f64);
  std::vector<Argument> arguments{Argument("", g.constant(x))};
  std::vector<Expr> inputs;
  Inputs values;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    inputs.push_back(g.input("p" + std::to_string(i), {}));
    arguments.emplace_back("", inputs.back());
    values["p" + std::to_string(i)] = array(f64, {}, {parameters[i]});
  }
  const Expr y = activations::apply(*activations::find(text), arguments, {});
  return evaluate(jvp(y, inputs[static_cast<std::size_t>(wrt)], g.constant(1.0)), values)[0];
}

TEST(Parameters, KinksFollowTheBranchTaken) {
  const std::vector<double> relu{0.5, 6, 1};  // slope, max_value, threshold
  EXPECT_EQ(by_parameter("relu", -3, relu, 0), -4);
  EXPECT_EQ(by_parameter("relu", 1, relu, 0), 0);
  EXPECT_EQ(by_parameter("relu", 6, relu, 1), 1);
  EXPECT_EQ(by_parameter("relu", 5, relu, 1), 0);
  EXPECT_EQ(by_parameter("relu", -3, relu, 2), -0.5);
  EXPECT_EQ(by_parameter("threshold", 0.5, {0.5, 2}, 1), 1);
  EXPECT_EQ(by_parameter("threshold", 0.6, {0.5, 2}, 1), 0);
  EXPECT_EQ(by_parameter("soft_shrink", 0.5, {0.5}, 0), 0);
  EXPECT_EQ(by_parameter("soft_shrink", 0.6, {0.5}, 0), -1);
  EXPECT_EQ(by_parameter("hard_sigmoid", 1.5, {0.2, 0.5}, 0), 1.5);
  EXPECT_EQ(by_parameter("hard_sigmoid", 2.5, {0.2, 0.5}, 0), 0);
  EXPECT_EQ(by_parameter("hard_tanh", -1, {-1, 1}, 0), 1);
  EXPECT_EQ(by_parameter("step", 0, {0, 0.5}, 1), 1);
}

/// Orders 3 and 4 where the function is smooth, at 0 too, against differences of the reference.
TEST(HigherOrders, AreGeneratedFromClosedForms) {
  for (const char* name : {"sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "quick_gelu", "mish", "gelu",
                           "gelu_tanh", "gaussian", "squareplus", "tanh_shrink", "lisht", "logish"}) {
    Reference reference = references().at(name);
    reference.conventions.clear();
    std::vector<double> parameters = reference.parameters;
    Graph g(f64);
    const std::vector<double> grid{-30, -8, -2.5, -1, -0.3, -1e-8, 0, 1e-8, 0.3, 1, 2.5, 8, 30};
    std::vector<Argument> arguments{Argument("", g.input("x", {grid.size()}))};
    for (int order : {3, 4}) {
      const Array got = evaluate(activations::apply(*activations::find(name), arguments, {}, order),
                                 {{"x", array(f64, {static_cast<std::int64_t>(grid.size())}, grid)}});
      for (std::size_t i = 0; i < grid.size(); ++i) {
        const Real::Precision precision(2600);
        const std::vector<Real> p(parameters.begin(), parameters.end());
        const Real x(grid[i]), h = Real::power_of_two(-250), two(2);
        const auto f = [&](int steps) { return reference.f(x + Real(steps) * h, p); };
        const Real third = (f(2) - two * f(1) + two * f(-1) - f(-2)) / (two * h * h * h);
        const Real fourth = (f(2) - Real(4) * f(1) + Real(6) * f(0) - Real(4) * f(-1) + f(-2)) / (h * h * h * h);
        const double exact = (order == 3 ? third : fourth).to_double();
        EXPECT_NEAR(got[i], exact, 1e-12 * std::abs(exact) + 1e-15 * std::exp(-std::abs(grid[i])))
            << name << " order " << order << " at " << grid[i];
      }
    }
  }
}

TEST(HigherOrders, RepeatedDerivativeIsTheSame) {
  Graph g(f64);
  const Expr x = g.input("x", {5});
  const Inputs inputs{{"x", array(f64, {5}, {-3, -0.5, 0, 0.5, 3})}};
  for (const char* name : {"silu", "gelu", "elu", "relu2", "tanh", "mish"}) {
    const Activation f = activation(name);
    const Array once = evaluate(f.derivative(2)(x), inputs),
                twice = evaluate(derivative(derivative(f(x), x), x), inputs);
    EXPECT_EQ(once.bits, twice.bits) << name;
  }
}

}  // namespace
}  // namespace actinium::testing
