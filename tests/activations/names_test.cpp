// Every spelling that other systems have for an activation, by system, and what it stands for here; then what calls
// accept and refuse: domains, integers, gates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "actinium/activations.h"
#include "actinium/graph.h"
#include "actinium/parse.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"

namespace actinium::testing {
namespace {

using ::testing::HasSubstr;

struct Spelling {
  const char* system;
  std::vector<std::pair<const char*, const char*>> names;  ///< theirs, ours
};

// clang-format off
const Spelling spellings[] = {
    {"Keras 3, the whole registry",
     {{"relu", "relu"}, {"leaky_relu", "leaky_relu"}, {"relu6", "relu6"}, {"softmax", "softmax"}, {"celu", "celu"},
      {"elu", "elu"}, {"selu", "selu"}, {"softplus", "softplus"}, {"softsign", "softsign"},
      {"squareplus", "squareplus"}, {"soft_shrink", "soft_shrink"}, {"sparse_plus", "sparse_plus"}, {"silu", "silu"},
      {"gelu", "gelu"}, {"glu", "glu"}, {"tanh", "tanh"}, {"tanh_shrink", "tanh_shrink"}, {"threshold", "threshold"},
      {"sigmoid", "sigmoid"}, {"sparse_sigmoid", "sparse_sigmoid"}, {"exponential", "exponential"},
      {"hard_sigmoid", "hard_sigmoid"}, {"hard_silu", "hard_silu"}, {"hard_tanh", "hard_tanh"},
      {"hard_shrink", "hard_shrink"}, {"linear", "linear"}, {"mish", "mish"}, {"log_softmax", "log_softmax"},
      {"log_sigmoid", "log_sigmoid"}, {"sparsemax", "sparsemax"}, {"swish", "silu"}, {"hard_swish", "hard_silu"},
      {"None", "linear"}, {"", "linear"}}},
    {"Keras layers and tf.keras",
     {{"ReLU", "relu"}, {"LeakyReLU", "leaky_relu"}, {"PReLU", "prelu"}, {"ELU", "elu"}, {"Softmax", "softmax"},
      {"ThresholdedReLU", "threshold"}, {"hard_sigmoid_keras2", "hard_sigmoid"}, {"crelu", "crelu"}}},
    {"PyTorch classes",
     {{"Identity", "linear"}, {"ReLU", "relu"}, {"ReLU6", "relu6"}, {"LeakyReLU", "leaky_relu"}, {"PReLU", "prelu"},
      {"RReLU", "rrelu"}, {"ELU", "elu"}, {"CELU", "celu"}, {"SELU", "selu"}, {"Sigmoid", "sigmoid"},
      {"LogSigmoid", "log_sigmoid"}, {"Hardsigmoid", "hard_sigmoid"}, {"Tanh", "tanh"}, {"Hardtanh", "hard_tanh"},
      {"Tanhshrink", "tanh_shrink"}, {"Softshrink", "soft_shrink"}, {"Hardshrink", "hard_shrink"},
      {"Threshold", "threshold"}, {"Softplus", "softplus"}, {"Softsign", "softsign"}, {"SiLU", "silu"},
      {"Hardswish", "hard_silu"}, {"GELU", "gelu"}, {"Mish", "mish"}, {"GLU", "glu"}, {"Softmax", "softmax"},
      {"LogSoftmax", "log_softmax"}, {"Softmin", "softmin"}, {"Softmax2d", "softmax"}}},
    {"PyTorch functional",
     {{"rrelu", "rrelu"}, {"exp", "exponential"}, {"logsigmoid", "log_sigmoid"}, {"hardsigmoid", "hard_sigmoid"},
      {"hardtanh", "hard_tanh"}, {"tanhshrink", "tanh_shrink"}, {"softshrink", "soft_shrink"},
      {"hardshrink", "hard_shrink"}, {"hardswish", "hard_silu"}, {"softmin", "softmin"}, {"logsumexp", "logsumexp"},
      {"heaviside", "step"}}},
    {"JAX",
     {{"identity", "linear"}, {"soft_sign", "softsign"}, {"logmeanexp", "logmeanexp"}, {"log1mexp", "log1mexp"},
      {"standardize", "standardize"}, {"swish", "silu"}, {"hard_swish", "hard_silu"}}},
    {"ONNX",
     {{"Identity", "linear"}, {"Relu", "relu"}, {"Clip", "hard_tanh"}, {"LeakyRelu", "leaky_relu"}, {"PRelu", "prelu"},
      {"Elu", "elu"}, {"Celu", "celu"}, {"Selu", "selu"}, {"Exp", "exponential"}, {"Sigmoid", "sigmoid"},
      {"HardSigmoid", "hard_sigmoid"}, {"Tanh", "tanh"}, {"Shrink", "shrink"}, {"ThresholdedRelu", "threshold"},
      {"Softplus", "softplus"}, {"Softsign", "softsign"}, {"Swish", "silu"}, {"HardSwish", "hard_silu"},
      {"Gelu", "gelu"}, {"Mish", "mish"}, {"SwiGLU", "swiglu"}, {"Softmax", "softmax"}, {"LogSoftmax", "log_softmax"},
      {"Hardmax", "hardmax"}, {"ReduceLogSumExp", "logsumexp"}, {"Affine", "linear"}, {"ScaledTanh", "scaled_tanh"},
      {"Erf", "erf"}}},
    {"MLX",
     {{"relu2", "relu2"}, {"step", "step"}, {"softshrink", "soft_shrink"}, {"hard_shrink", "hard_shrink"},
      {"hardswish", "hard_silu"}, {"gelu_approx", "gelu_tanh"}, {"gelu_fast_approx", "quick_gelu"},
      {"softmin", "softmin"}, {"log_sigmoid", "log_sigmoid"}, {"hard_tanh", "hard_tanh"}}},
    {"oneDNN",
     {{"linear", "linear"}, {"clip", "hard_tanh"}, {"clip_v2", "hard_tanh"}, {"exp", "exponential"},
      {"logistic", "sigmoid"}, {"soft_relu", "softplus"}, {"hardsigmoid", "hard_sigmoid"}, {"hardswish", "hard_silu"},
      {"swish", "silu"}, {"gelu_erf", "gelu"}, {"gelu_tanh", "gelu_tanh"}, {"mish", "mish"}}},
    {"others",
     {{"binary_step", "step"}, {"squared_relu", "relu2"}, {"reglu", "reglu"}, {"geglu", "geglu"}, {"swiglu", "swiglu"},
      {"bilinear", "bilinear"}, {"maxout", "maxout"}, {"normcdf", "normcdf"}, {"bent_identity", "bent_identity"},
      {"snake", "snake"}, {"lisht", "lisht"}, {"tanhexp", "tanhexp"}, {"serf", "serf"}, {"isru", "isru"},
      {"isrlu", "isrlu"}, {"arctan", "arctan"}, {"sin", "sin"}, {"cos", "cos"}, {"phish", "phish"},
      {"logish", "logish"}, {"smelu", "smelu"}, {"softmax2d", "softmax"}, {"thresholded_relu", "threshold"}}},
};

/// Aliases that preset, rename or reorder parameters: a call of theirs, and one of ours that is the same.
const std::pair<const char*, const char*> calls[] = {
    {"clip_v2(x, 0, 6)", "hard_tanh(x, 0, 6)"},
    {"clip_v2(x, alpha=0, beta=6)", "hard_tanh(x, 0, 6)"},
    {"Clip(x, min=0, max=6)", "hard_tanh(x, 0, 6)"},
    {"soft_relu(x, 2)", "softplus(x, beta=2)"},
    {"soft_relu(x, alpha=-1)", "softplus(x, beta=-1)"},
    {"swish(x, 2)", "silu(x, beta=2)"},
    {"Swish(x, alpha=2)", "silu(x, beta=2)"},
    {"Affine(x, alpha=2, beta=3)", "linear(x, 2, 3)"},
    {"linear(x, 2, 3)", "fma(2, x, 3)"},
    {"linear(x)", "x"},
    {"ScaledTanh(x, 2, 3)", "scaled_tanh(x, alpha=2, beta=3)"},
    {"ThresholdedRelu(x)", "threshold(x, 1, 0)"},
    {"ThresholdedRelu(x, alpha=2)", "threshold(x, 2, 0)"},
    {"ThresholdedReLU(x, theta=2)", "threshold(x, 2, 0)"},
    {"thresholded_relu(x, 2)", "threshold(x, 2, 0)"},
    {"Shrink(x, bias=0.1, lambd=0.2)", "shrink(x, 0.2, 0.1)"},
    {"Shrink(x, 0.1, 0.2)", "shrink(x, 0.2, 0.1)"},
    {"Softmax2d(y)", "softmax(y, axis=-3)"},
    {"Threshold(x, 1, default_value=2)", "threshold(x, threshold=1, value=2)"},
    {"Selu(x, alpha=1.5, gamma=2)", "selu(x, alpha=1.5, scale=2)"},
    {"hardswish(x, 0.2, 0.5)", "hard_silu(x, alpha=0.2, beta=0.5)"},
    {"Softshrink(x, lambd=2)", "soft_shrink(x, threshold=2)"},
    {"hard_sigmoid_keras2(x)", "hard_sigmoid(x, 0.2, 0.5)"},
    {"heaviside(x, 0.5)", "step(x, 0, value_at_threshold=0.5)"},
    {"GELU(x, approximate='tanh')", "gelu_tanh(x)"},
    {"gelu(x, approximate=true)", "gelu_tanh(x)"},
    {"gelu(x, approximate='none')", "gelu_erf(x)"},
    {"relu(x, alpha=0.1)", "relu(x, negative_slope=0.1)"},
    {"GLU(y, dim=1)", "glu(y, axis=1)"},
    {"PRelu(x, 0.2)", "prelu(x, slope=0.2)"},
};
// clang-format on

TEST(Names, OfEverySystem) {
  for (const Spelling& s : spellings)
    for (const auto& [theirs, ours] : s.names) EXPECT_EQ(activation(theirs).name(), ours) << s.system << ": " << theirs;
}

TEST(Names, AliasesRenameAndPreset) {
  Graph g(f64);
  g.input("x", {4});
  g.input("y", {2, 4, 4});
  for (const auto& [theirs, ours] : calls) EXPECT_TRUE(parse(g, theirs).same_as(parse(g, ours))) << theirs;
}

/// Literals outside a parameter's domain, by call, text and handle.
TEST(Names, DomainsAreChecked) {
  struct Wrong {
    const char* name;
    const char* arguments;
    const char* message;
  };
  const Wrong wrong[] = {
      {"hard_shrink", "-0.5", "at least 0"},
      {"soft_shrink", "-1", "at least 0"},
      {"soft_shrink", "lambd=-1", "at least 0"},
      {"shrink", "-1", "at least 0"},
      {"hard_tanh", "1, 1", "less than"},
      {"hard_tanh", "2, -2", "less than"},
      {"clip_v2", "2, 1", "less than"},
      {"rrelu", "0.5, 0.1", "at most upper"},
      {"celu", "0", "nonzero"},
      {"celu", "inf", "nonzero"},
      {"softplus", "0", "nonzero"},
      {"softplus", "nan", "nonzero"},
      {"squareplus", "-1", "at least 0"},
      {"snake", "0", "nonzero"},
      {"smelu", "0", "positive"},
      {"isru", "-1", "positive"},
      {"isrlu", "0", "positive"},
      {"elu", "inf", "finite"},
      {"selu", "nan", "finite"},
      {"leaky_relu", "nan", "a number"},
      {"relu", "grad_at_zero=2", "0 or 1"},
      {"gelu", "approximate='cubic'", "'none'"},
      {"leaky_relu", "kink='up'", "'strict'"},
  };
  Graph g(f64);
  g.input("x", {4});
  for (const Wrong& w : wrong) {
    const std::string call = std::string(w.name) + "(x, " + w.arguments + ")",
                      handle = std::string(w.name) + "(" + w.arguments + ")";
    for (const auto& make : {std::function([&] { parse(g, call); }), std::function([&] { activation(handle); })}) {
      try {
        make();
        ADD_FAILURE() << call << " is accepted";
      } catch (const ValueError& e) {
        EXPECT_THAT(e.what(), HasSubstr(w.message)) << call;
        EXPECT_THAT(e.what(), HasSubstr(activation(w.name).name())) << call;
      }
    }
  }
  EXPECT_NO_THROW(activation("hard_tanh(2, 5)"));
  EXPECT_NO_THROW(activation("rrelu(0.4, 0.5)"));
  // Expressions follow the formula.
  EXPECT_NO_THROW(parse(g, "soft_shrink(x, -abs(x))"));
  EXPECT_THROW(activation("prelu(slop=1)"), NameError);
  EXPECT_THROW(activation("threshold(1, value='a')"), TypeError);
}

TEST(Names, IntegersStayIntegers) {
  const double most = std::numeric_limits<std::int32_t>::max();
  struct Row {
    const char* text;
    std::vector<double> expected;  ///< of -3, 0, 2, 7, the largest
  };
  const Row rows[] = {
      {"relu(i)", {0, 0, 2, 7, most}},
      {"relu(i, max_value=5)", {0, 0, 2, 5, 5}},
      {"relu(i, threshold=2)", {0, 0, 0, 7, most}},
      {"relu(i, negative_slope=2, threshold=1)", {-8, -2, 2, 7, most}},
      {"relu6(i)", {0, 0, 2, 6, 6}},
      {"step(i)", {0, 1, 1, 1, 1}},
      {"linear(i)", {-3, 0, 2, 7, most}},
      {"abs(i)", {3, 0, 2, 7, most}},
      {"sign(i)", {-1, 0, 1, 1, 1}},
      {"clamp(i, 0, 5)", {0, 0, 2, 5, 5}},
      {"max(i, 1)", {1, 1, 2, 7, most}},
  };
  for (const Row& row : rows) {
    Graph g(f64);
    g.input("i", {5}, i32);
    const Expr y = parse(g, row.text);
    EXPECT_EQ(y.dtype(), i32) << row.text;
    const Array got = evaluate(y, {{"i", array(i32, {5}, {-3, 0, 2, 7, most})}});
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(got[i], row.expected[i]) << row.text << " " << i;
  }
  Graph g(f64);
  const Expr i = g.input("i", {5}, i32);
  EXPECT_THROW(relu(i, 0.5), TypeError);
  for (const char* smooth : {"sigmoid", "gelu", "softplus", "hard_sigmoid", "elu", "softsign"})
    EXPECT_THROW(activation(smooth)(i), TypeError) << smooth;
}

TEST(Names, GatesAreAnyActivation) {
  Graph g(f64);
  const Expr x = g.input("x", {2, 6}), a = slice(x, 0, 3, 1, 1), b = slice(x, 3, 6, 1, 1);
  EXPECT_TRUE(glu(x).same_as(a * sigmoid(b)));
  EXPECT_TRUE(glu(x, {{"act", "tanh"}}).same_as(a * tanh(b)));
  EXPECT_TRUE(glu(x, {{"act", "leaky_relu(0.2)"}}).same_as(a * leaky_relu(b, 0.2)));
  EXPECT_TRUE(glu(x, {{"act", "gelu"}, {"gate", "first"}}).same_as(gelu(a) * b));
  EXPECT_TRUE(parse(g, "glu(x, act='mish')").same_as(a * mish(b)));
  EXPECT_THROW(glu(x, {{"act", "no_such_gate"}}), NameError);
  EXPECT_THROW(glu(x, {{"act", 1.0}}), TypeError);
  EXPECT_THROW(glu(x, {{"gate", "third"}}), ValueError);
  EXPECT_THROW(glu(g.input("odd", {2, 5})), ShapeError);
  EXPECT_THROW(glu(x, 2), ShapeError);
  EXPECT_THROW(crelu(x, -3), ShapeError);
  EXPECT_EQ(crelu(x, 0).shape(), (Shape{4, 6}));
  EXPECT_THROW(maxout(x, 4), ShapeError);
  EXPECT_EQ(maxout(x, 3).shape(), (Shape{2, 2}));
  EXPECT_THROW(activation("maxout(0)"), ValueError);
  EXPECT_THROW(activation("swiglu")(x, g.input("other", {2, 1})), ShapeError);
}

}  // namespace
}  // namespace actinium::testing
