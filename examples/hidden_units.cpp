// What an activation does to a network, measured: how much of the gradient is left after 20 layers, and how many units
// die when a layer learns in steps that are too large. docs/choosing.md quotes the figures.
#include <actinium/actinium.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;

/// Weights that keep the size of a layer's values: He's for those that drop or damp negative values, LeCun's for the
/// others.
ac::Tensor initial(const std::string& name, std::uint64_t seed, int in, int out) {
  const bool bounded = name == "sigmoid" || name == "tanh" || name == "softsign" || name == "selu";
  return bounded ? ac::lecun_normal(seed, in, out) : ac::he_normal(seed, in, out);
}

struct Passed {
  double first, last;  // root mean square of the gradients of the first and last layer's weights
  double size;         // and of the last layer's values
};

/// A batch through 20 dense layers of 64 units, as they are before training.
Passed through_layers(const std::string& name) {
  constexpr int layers = 20, width = 64;
  const auto f = ac::activation(name);
  ac::Graph g;
  const auto x = g.input("x", {"batch", width}), target = g.input("target", {"batch", width});
  std::vector<ac::Expr> weights;
  auto h = x;
  for (int i = 0; i < layers; ++i) {
    weights.push_back(g.input("W" + std::to_string(i), {width, width}));
    h = f(matmul(h, weights.back()));
  }
  const auto size = [](const ac::Expr& e) { return sqrt(mean(square(e))); };
  const auto gradients = ac::grad(mean(square(h - target)), weights);

  std::vector<ac::Expr> inputs{x, target};
  std::vector<ac::Tensor> values{ac::random_normal(1, {256, width}), ac::random_normal(2, {256, width})};
  for (int i = 0; i < layers; ++i) {
    inputs.push_back(weights[static_cast<std::size_t>(i)]);
    values.push_back(initial(name, 10 + static_cast<std::uint64_t>(i), width, width));
  }
  const auto measure = ac::compile(inputs, std::vector{size(gradients.front()), size(gradients.back()), size(h)},
                                   {.engine = ac::Engine::interpret});  // one call: not worth code of its own
  const auto results = measure(values);
  return {results[0].item(), results[1].item(), results[2].item()};
}

template <class T>
struct Net {
  BOOST_HANA_DEFINE_STRUCT(Net, (T, weight), (T, bias), (T, out), (T, constant));
};

struct Learned {
  double loss;
  int dead;  // units of 64 that pass no gradient for any of 512 inputs
};

/// One hidden layer fitted to sin(2 x0) + x1 x2 by 300 steps of Adam.
Learned after_steps(const std::string& name, double rate) {
  constexpr int features = 8, units = 64;
  const auto f = ac::activation(name);
  const auto loss = [&](const Net<ac::Expr>& p, ac::Expr x) {
    const auto column = [&](int i) { return slice(x, i, ac::Dim(i + 1), 1, 1); };
    const auto truth = sin(2 * column(0)) + column(1) * column(2);
    return mean(square(matmul(f(matmul(x, p.weight) + p.bias), p.out) + p.constant - truth));
  };
  Net<ac::Tensor> params{initial(name, 4, features, units), ac::Tensor::zeros({units}), initial(name, 5, units, 1),
                         ac::Tensor::zeros({1})};
  ac::AdamState<Net<ac::Tensor>> state;
  const auto step = ac::compile(ac::value_and_grad(loss), params, ac::spec({"batch", features}));
  compiled("a step of learning", step);
  const auto xs = ac::random_normal(3, {512, features});
  Learned learned{};
  for (int i = 0; i < 300; ++i) {
    const auto [value, gradients] = step(params, xs);
    learned = {value.item(), 0};
    for (const float g : gradients.bias.template span<float>()) learned.dead += g == 0;
    ac::adam(params, gradients, state, {.learning_rate = rate});
  }
  return learned;
}

int main() {
  std::puts(
      "20 layers of 64 units: gradient of the first weights as a share of the last ones', and the size of the output");
  for (const char* name :
       {"sigmoid", "tanh", "softsign", "relu", "leaky_relu", "elu", "selu", "silu", "gelu", "mish"}) {
    const Passed p = through_layers(name);
    std::printf("  %-10s  %8.1e  %8.1e\n", name, p.first / p.last, p.size);
  }
  std::puts("64 hidden units after 300 steps: units without a gradient, and the loss");
  for (const char* name : {"relu", "leaky_relu", "elu", "silu", "gelu", "tanh"})
    for (const double rate : {0.01, 0.1, 0.5}) {
      const Learned l = after_steps(name, rate);
      std::printf("  %-10s  rate %4.2f  dead %2d  loss %.3f\n", name, rate, l.dead, l.loss);
    }
}
