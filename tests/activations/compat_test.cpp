// Other systems' meaning of names: their defaults, and the derivatives that they take at kinks, as tables. What they do
// is documented with the table in src/activations/compat.cpp; here every cell is a row.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "actinium/parse.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double selu_scale = 1.0507009873554805, selu_product = 1.7580993408473769;
const double selu_onnx_scale = 1.05070102214813232421875,
             selu_onnx_product = 1.67326319217681884765625 * selu_onnx_scale,
             hard_swish_onnx = static_cast<double>(1.0f / 6.0f);
constexpr compat every_system[] = {compat::ours, compat::keras, compat::keras2, compat::torch,
                                   compat::jax,  compat::onnx,  compat::mlx};

/// f and f' with respect to `a` at one point, in ours, Keras 3, Keras 2, PyTorch, JAX, ONNX, MLX.
struct KinkRow {
  const char* text;
  double a;
  double value;
  double slope[7];
};

const KinkRow kinks[] = {
    // ours, keras, keras2, torch, jax, onnx, mlx
    {"relu(a)", 0, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"relu(a, grad_at_zero=1)", 0, 0, {1, 1, 1, 1, 1, 1, 1}},
    {"leaky_relu(a, 0.1)", 0, 0, {0.1, 0.1, 0.1, 0.1, 1, 0.1, 1}},
    {"LeakyReLU(a, 0.1)", 0, 0, {0.1, 0.1, 0.1, 0.1, 1, 0.1, 1}},
    {"prelu(a, 0.1)", 0, 0, {0.1, 0, 0, 0.1, 0.1, 0.1, 1.1}},
    {"relu6(a)", 0, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"relu6(a)", 6, 6, {0, 0, 0, 0, 0, 0, 0}},
    {"clip(a, -2, 3)", -2, -2, {0, 0, 0, 1, 0.5, 0, 0}},
    {"clip(a, -2, 3)", 3, 3, {0, 0, 0, 1, 0.5, 0, 0}},
    {"clamp(a, -2, 3)", 1, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"clamp(a, -2, 3)", 4, 3, {0, 0, 0, 0, 0, 0, 0}},
    {"clip(a, -2)", -2, -2, {0, 0, 0, 1, 0.5, 0, 0}},
    {"hard_tanh(a)", -1, -1, {0, 0, 0, 0, 1, 0, 0}},
    {"hard_tanh(a)", 1, 1, {0, 0, 0, 0, 1, 0, 0}},
    {"hard_tanh(a, -2, 5)", 5, 5, {0, 0, 0, 0, 1, 0, 0}},
    {"hard_tanh(a, -2, 5)", 1, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"hard_sigmoid(a, 1/6, 0.5)", -3, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_sigmoid(a, 1/6, 0.5)", 3, 1, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_sigmoid(a, 0.25, 0.5)", -2, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_silu(a, 1/6, 0.5)", -3, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_silu(a, 1/6, 0.5)", 3, 3, {1, 1, 1, 1, 1, 1, 1}},
    {"elu(a, 0.7)", 0, 0, {0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7}},
    {"selu(a)",
     0,
     0,
     {selu_product, selu_scale, selu_scale, selu_product, selu_product, selu_onnx_product, 1.67326 * 1.0507}},
    {"soft_shrink(a, 0.5)", 0.5, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"soft_shrink(a, 0.5)", -0.5, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_shrink(a, 0.5)", 0.5, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"hard_shrink(a, 0.5)", -0.5, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"threshold(a, 0.5, 7)", 0.5, 7, {0, 0, 0, 0, 0, 0, 0}},
    {"sparse_sigmoid(a)", -1, 0, {0, 0, 0, 0, 0.25, 0, 0}},
    {"sparse_sigmoid(a)", 1, 1, {0, 0, 0, 0, 0.25, 0, 0}},
    {"sparse_plus(a)", -1, 0, {0, 0, 0, 0, 0, 0, 0}},
    {"sparse_plus(a)", 1, 1, {1, 1, 1, 1, 1, 1, 1}},
    {"abs(a)", 0, 0, {0, 0, 0, 0, 1, 0, 0}},
    {"abs(a)", -2, 2, {-1, -1, -1, -1, -1, -1, -1}},
    {"max(a, b)", 2, 2, {0, 0, 0, 0.5, 0.5, 0, 0}},  // b is 2
    {"max(b, a)", 2, 2, {1, 1, 1, 0.5, 0.5, 1, 1}},
    {"maximum(a, b)", 1, 2, {0, 0, 0, 0, 0, 0, 0}},
    {"min(a, b)", 2, 2, {0, 0, 0, 0.5, 0.5, 0, 0}},
    {"min(b, a)", 2, 2, {1, 1, 1, 0.5, 0.5, 1, 1}},
    {"max(a, 0)", 0, 0, {0, 0, 0, 0.5, 0.5, 0, 0}},  // ours: a literal takes the tie
    {"max(0, a)", 0, 0, {0, 0, 0, 0.5, 0.5, 0, 1}},
    {"reduce_max(stack(a, b, a))", 2, 2, {1, 1, 1, 2 / 3., 2 / 3., 1, 1}},
    {"max(stack(b, a), axis=0)", 2, 2, {0, 0, 0, 0.5, 0.5, 0, 0}},
    {"sum(amin(stack(b, a), axis=0, keepdims=true))", 2, 2, {0, 0, 0, 0.5, 0.5, 0, 0}},
    {"max(stack(b, a, b))", 3, 3, {1, 1, 1, 1, 1, 1, 1}},
    {"step(a)", 0, 1, {0, 0, 0, 0, 0, 0, 0}},
};

TEST(Compat, DerivativesAtKinks) {
  for (const KinkRow& row : kinks)
    for (std::size_t s = 0; s < std::size(every_system); ++s) {
      SCOPED_TRACE(std::string(row.text) + " at " + std::to_string(row.a) + " in " +
                   std::string(name_of(every_system[s])));
      Graph g(f64);
      const Expr a = g.input("a", {}), b = g.input("b", {});
      const Expr y = Formula(row.text, every_system[s]).build(g);
      const Inputs at{{"a", array(f64, {}, {row.a})}, {"b", array(f64, {}, {2})}};
      EXPECT_EQ(evaluate(y, at)[0], row.value);
      EXPECT_DOUBLE_EQ(evaluate(grad(y, a), at)[0], row.slope[s]) << "reverse";
      EXPECT_DOUBLE_EQ(evaluate(jvp(y, a, g.constant(1.0)), at)[0], row.slope[s]) << "forward";
      // What is printed means the same.
      EXPECT_TRUE(parse(g, to_string(y)).same_as(y)) << to_string(y);
    }
}

/// The value at one point in every system, by text and by handle.
struct DefaultRow {
  const char* name;
  double x;
  double value[7];
};
const double nan = std::numeric_limits<double>::quiet_NaN();

const DefaultRow defaults[] = {
    // ours, keras, keras2, torch, jax, onnx, mlx; nan: a parameter that must be given
    {"leaky_relu", -1, {-0.01, -0.2, -0.2, -0.01, -0.01, -0.01, -0.01}},
    {"LeakyReLU", -1, {-0.01, -0.3, -0.3, -0.01, -0.01, -0.01, -0.01}},
    {"LeakyRelu", -1, {-0.01, -0.2, -0.2, -0.01, -0.01, -0.01, -0.01}},
    {"prelu", -1, {nan, 0, 0, -0.25, nan, nan, -0.25}},
    {"PReLU", -1, {nan, 0, 0, -0.25, nan, nan, -0.25}},
    {"hard_sigmoid", 1, {4 / 6., 4 / 6., 0.7, 4 / 6., 4 / 6., 0.7, 4 / 6.}},
    {"HardSigmoid", 1, {4 / 6., 4 / 6., 0.7, 4 / 6., 4 / 6., 0.7, 4 / 6.}},
    {"hard_sigmoid_keras2", 1, {0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7}},
    {"hard_silu", 1, {4 / 6., 4 / 6., 4 / 6., 4 / 6., 4 / 6., hard_swish_onnx + 0.5, 4 / 6.}},
    {"HardSwish", 1, {4 / 6., 4 / 6., 4 / 6., 4 / 6., 4 / 6., hard_swish_onnx + 0.5, 4 / 6.}},
    {"gelu",
     1,
     {0.84134474606854293, 0.84134474606854293, 0.84134474606854293, 0.84134474606854293, 0.84119199060827676,
      0.84134474606854293, 0.84134474606854293}},
    {"selu", 1, {selu_scale, selu_scale, selu_scale, selu_scale, selu_scale, selu_onnx_scale, 1.0507}},
    {"softplus",
     20.5,
     {20.500000001250153, 20.500000001250153, 20.500000001250153, 20.5, 20.500000001250153, 20.500000001250153,
      20.500000001250153}},
    {"Softplus",
     20.5,
     {20.500000001250153, 20.500000001250153, 20.500000001250153, 20.5, 20.500000001250153, 20.500000001250153,
      20.500000001250153}},
};

TEST(Compat, Defaults) {
  for (const DefaultRow& row : defaults)
    for (std::size_t s = 0; s < std::size(every_system); ++s) {
      const compat system = every_system[s];
      SCOPED_TRACE(std::string(row.name) + " in " + std::string(name_of(system)));
      Graph g(f64);
      const Expr x = g.input("x", {});
      const Activation f = activation(row.name, system);
      if (std::isnan(row.value[s])) {
        EXPECT_THROW(f(x), ValueError);
        continue;
      }
      const Expr y = f(x), z = Formula(std::string(row.name) + "(x)", system).build(g);
      EXPECT_DOUBLE_EQ(evaluate(y, {{"x", array(f64, {}, {row.x})}})[0], row.value[s]);
      EXPECT_TRUE(y.same_as(z));
    }
}

TEST(Compat, WhatIsWrittenWins) {
  Graph g(f64);
  const Expr x = g.input("x", {});
  EXPECT_TRUE(activation("leaky_relu(0.5)", compat::keras)(x).same_as(leaky_relu(x, 0.5)));
  EXPECT_TRUE(activation("leaky_relu", compat::keras)(x, 0.5).same_as(leaky_relu(x, 0.5)));
  EXPECT_TRUE(activation("leaky_relu(kink='strict')", compat::jax)(x).same_as(leaky_relu(x)));
  EXPECT_TRUE(activation("gelu(approximate=false)", compat::jax)(x).same_as(gelu(x)));
  EXPECT_TRUE(Formula("abs(x, kink='strict')", compat::jax).build(g).same_as(abs(x)));
}

TEST(Compat, RanksAndShapes) {
  Graph g(f64);
  const Expr row = g.input("row", {5}), rows = g.input("rows", {2, 5});
  for (compat system : every_system) {
    const Activation softmax_of = activation("softmax", system), logsumexp_of = activation("logsumexp", system);
    if (system == compat::keras2)
      EXPECT_THROW(softmax_of(row), ShapeError);
    else
      EXPECT_NO_THROW(softmax_of(row));
    EXPECT_NO_THROW(softmax_of(rows));
    EXPECT_EQ(logsumexp_of(rows).rank(), system == compat::onnx ? 2 : 0);
  }
}

TEST(Compat, TellsWhereSystemsDiffer) {
  std::string all;
  for (const SystemDefaults& d : activation("leaky_relu").differences())
    all += std::string(name_of(d.system)) + " " + d.name + " " + d.parameters + "; ";
  EXPECT_EQ(all,
            "keras leaky_relu negative_slope=0.2; keras LeakyReLU negative_slope=0.3; "
            "keras2 leaky_relu negative_slope=0.2; keras2 LeakyReLU negative_slope=0.3; "
            "jax leaky_relu kink=\"right\"; mlx leaky_relu kink=\"right\"; ");
  EXPECT_TRUE(activation("tanh").differences().empty());
}

/// Every kink of every entry: the one-sided derivatives that it states are those of the reference, and each rule puts
/// what it says between them.
TEST(Kinks, LieBetweenTheOneSidedDerivatives) {
  int checked = 0;
  for (const auto& entry : activations::all()) {
    const activations::Facts& facts = entry->facts();
    if (facts.corners == nullptr) continue;
    const Reference& reference = references().at(facts.name);
    std::vector<double> at = facts.kinks;
    if (facts.name == "threshold") at = {0.5};
    ASSERT_FALSE(at.empty()) << facts.name;
    for (double x : at) {
      SCOPED_TRACE(facts.name + " at " + std::to_string(x));
      const Real::Precision precision(400);
      const std::vector<Real> p(reference.parameters.begin(), reference.parameters.end());
      const Real h = Real::power_of_two(-120), k(x);
      const auto side = [&](int sign) {  // both points beside the kink: the function itself may jump there
        const Real s(sign);
        return ((reference.f(k + s * (h + h), p) - reference.f(k + s * h, p)) / (s * h)).to_double();
      };
      const double left = side(-1), right = side(1);
      Graph g(f64);
      std::vector<Argument> arguments{Argument("", g.input("x", {}))};
      for (double v : reference.parameters) arguments.emplace_back("", v);
      const auto slope = [&](const char* kink) {
        auto with = arguments;
        with.emplace_back("kink", kink);
        const Expr y = activations::apply({entry}, with, {}, 1);
        return evaluate(y, {{"x", array(f64, {}, {x})}})[0];
      };
      EXPECT_DOUBLE_EQ(slope("right"), right);
      EXPECT_DOUBLE_EQ(slope("mean"), (left + right) / 2);
      EXPECT_DOUBLE_EQ(slope("sum"), left + right);
      EXPECT_DOUBLE_EQ(slope("zero"), 0);
      ++checked;
    }
  }
  EXPECT_GT(checked, 20);
}

TEST(Kinks, Errors) {
  Graph g(f64);
  const Expr x = g.input("x", {});
  EXPECT_THROW(leaky_relu(x, {{"kink", "left"}}), ValueError);
  EXPECT_THROW(leaky_relu(x, {{"kink", "second"}}), ValueError);
  EXPECT_THROW(tanh(x, {{"kink", "mean"}}), NameError);
  EXPECT_THROW(leaky_relu(x, 0.1, 0.2), ValueError);  // not by position
  EXPECT_THROW(parse(g, "abs(x, kink='up')"), ValueError);
  EXPECT_THROW(parse(g, "abs(x, 'right')"), TypeError);
  EXPECT_THROW(parse(g, "clamp(x, 0, 1, kink='second')"), ValueError);
  EXPECT_NO_THROW(parse(g, "maximum(x, 1, kink='second')"));
}

}  // namespace
}  // namespace actinium::testing
