// What users of Keras expect of activations: parameters of relu, softmax along an axis, three ways to use an activation that give
// the same bits, custom ones, and layers with a learned slope.
#include <actinium/actinium.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;

// --- Layers, as little as the point needs ---

/// Takes expressions and gives expressions; learned arrays are inputs of the graph.
struct Layer {
  virtual ~Layer() = default;
  virtual ac::Expr operator()(const ac::Expr& x) const = 0;
};

/// What `activation=` accepts: a function or a name. A layer has state, and stands in the model by itself.
class ActivationArgument {
 public:
  ActivationArgument(const char* name) : function_([a = ac::activation(name)](const ac::Expr& x) { return a(x); }) {}
  ActivationArgument(const ac::Activation& a) : function_([a](const ac::Expr& x) { return a(x); }) {}
  ActivationArgument(std::function<ac::Expr(const ac::Expr&)> function) : function_(std::move(function)) {}
  ActivationArgument(const std::shared_ptr<Layer>&) {
    throw ac::TypeError("activation= takes a function or a name, and this is a layer: add the layer after this one instead");
  }
  ac::Expr operator()(const ac::Expr& x) const { return function_(x); }

 private:
  std::function<ac::Expr(const ac::Expr&)> function_;
};

/// No weights; the shape stays.
struct ActivationLayer : Layer {
  explicit ActivationLayer(ActivationArgument a) : activation(std::move(a)) {}
  ac::Expr operator()(const ac::Expr& x) const override { return activation(x); }
  ActivationArgument activation;
};

struct DenseLayer : Layer {
  DenseLayer(ac::Expr W, ac::Expr b, ActivationArgument a = "linear") : weight(W), bias(b), activation(std::move(a)) {}
  ac::Expr operator()(const ac::Expr& x) const override { return activation(matmul(x, weight) + bias); }
  ac::Expr weight, bias;
  ActivationArgument activation;
};

/// relu with a fixed slope for negative inputs.
struct LeakyReLU : Layer {
  explicit LeakyReLU(double slope) : slope(slope) {
    if (!(slope >= 0)) throw ac::ValueError("LeakyReLU: negative_slope is a number >= 0, not " + std::to_string(slope));
  }
  ac::Expr operator()(const ac::Expr& x) const override { return leaky_relu(x, slope); }
  double slope;
};

/// The slope is learned: one for each feature.
struct PReLU : Layer {
  explicit PReLU(ac::Expr alpha) : alpha(alpha) {}
  ac::Expr operator()(const ac::Expr& x) const override { return prelu(x, alpha); }
  ac::Expr alpha;
};

// --- Printing ---

void line(const std::string& title, const ac::Tensor& t) { std::printf("%-34s %s\n", title.c_str(), ac::to_text(t).c_str()); }

int main() {
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"n"});
  const std::vector<double> five{-10, -5, 0, 5, 10}, wide{-20, -1, 0, 1, 20};
  auto at = [&](const ac::Expr& y, const std::vector<double>& values) { return ac::eval(y, {{x, values}}); };

  std::cout << "relu at -10, -5, 0, 5, 10\n";
  line("relu(x)", at(relu(x), five));
  line("relu(x, alpha=0.5)", at(relu(x, {{"alpha", 0.5}}), five));
  line("relu(x, max_value=5)", at(relu(x, {{"max_value", 5}}), five));
  line("relu(x, threshold=5)", at(relu(x, {{"threshold", 5}}), five));
  line("all three", at(relu(x, {{"alpha", 0.5}, {"max_value", 5}, {"threshold", 5}}), five));

  std::cout << "\nsigmoid at -20, -1, 0, 1, 20\n";
  line("sigmoid(x)", at(sigmoid(x), wide));
  const auto two = softmax(ac::stack({x, 0.0 * x}, 1));  // the second logit is 0
  line("softmax([x, 0])[0]", at(reshape(slice(two, 0, ac::Dim(1), 1, 1), {-1}), wide));

  std::cout << "\nsoftmax along an axis: each vector sums to 1\n";
  const auto m = g.input("m", {2, 3});
  const ac::Tensor matrix{{1.0, 2.0, 3.0}, {1.0, 1.0, 1.0}};
  line("softmax(m)", ac::eval(softmax(m), {{m, matrix}}));
  line("sum(softmax(m), axis=-1)", ac::eval(sum(softmax(m), -1), {{m, matrix}}));
  line("softmax(m, axis=0)", ac::eval(softmax(m, 0), {{m, matrix}}));
  try {
    softmax(x, {{"strict_rank", true}});
  } catch (const ac::ShapeError& error) {
    std::cout << "rank 1 under strict_rank: " << error.what() << "\n";
  }

  std::cout << "\nthe others at -20, -1, 0, 1, 20\n";
  for (const char* name : {"softplus", "softsign", "tanh", "selu", "elu", "exponential"}) line(name, at(ac::activation(name)(x), wide));

  std::cout << "\nby string, by function and as a layer: the same bits\n";
  const auto W = g.input("W", {3, 4}), b = g.input("b", {4}), in = g.input("in", {"batch", 3});
  const auto xs = ac::random_normal(1, {5, 3}, 0, 1, ac::f64), Ws = ac::random_normal(2, {3, 4}, 0, 1, ac::f64);
  const auto bs = ac::random_normal(3, {4}, 0, 1, ac::f64);
  auto value = [&](const ac::Expr& y) { return ac::eval(y, {{in, xs}, {W, Ws}, {b, bs}}); };
  const std::vector<std::pair<const char*, ac::Expr (*)(const ac::Expr&)>> functions{
      {"softplus", [](const ac::Expr& v) { return softplus(v); }}, {"softsign", [](const ac::Expr& v) { return softsign(v); }},
      {"tanh", [](const ac::Expr& v) { return tanh(v); }},         {"selu", [](const ac::Expr& v) { return selu(v); }},
      {"elu", [](const ac::Expr& v) { return elu(v); }},           {"exponential", [](const ac::Expr& v) { return exponential(v); }},
      {"sigmoid", [](const ac::Expr& v) { return sigmoid(v); }},   {"relu", [](const ac::Expr& v) { return relu(v); }}};
  for (const auto& [name, function] : functions) {
    const auto by_string = value(DenseLayer(W, b, name)(in));
    const auto by_function = value(DenseLayer(W, b, std::function<ac::Expr(const ac::Expr&)>(function))(in));
    const auto as_layer = value(ActivationLayer(name)(DenseLayer(W, b)(in)));
    const bool same = ac::same_bits(by_string, by_function) && ac::same_bits(by_string, as_layer);
    std::printf("  %-12s %s\n", name, same ? "equal" : "DIFFERENT");
  }

  std::cout << "\na custom activation is any function of expressions\n";
  const auto cube = ac::define("soft_cube", [](ac::Expr v) { return v * v * v / (1.0 + v * v); });
  line("soft_cube", at(cube(x), wide));
  line("through DenseLayer", value(sum(DenseLayer(W, b, cube)(in), 0)));

  std::cout << "\nlayers with a slope\n";
  line("LeakyReLU(0.3)", at(LeakyReLU(0.3)(x), five));
  const auto alpha = g.input("alpha", {4});
  const auto h = PReLU(alpha)(DenseLayer(W, b)(in));
  // Learn the slopes: drive sum(h^2) down for a few steps of gradient descent.
  const auto loss = mean(square(h));
  const auto learn = ac::compile({in, W, b, alpha}, {loss, ac::grad(loss, alpha)});
  compiled("the loss with its gradient", learn);
  ac::Tensor slopes = ac::Tensor::full({4}, 0.25, ac::f64);
  double first = 0, last = 0;
  for (int i = 0; i < 100; ++i) {
    const auto [l, d] = learn(xs, Ws, bs, slopes);
    (i == 0 ? first : last) = l.item();
    for (int j = 0; j < 4; ++j) slopes.at<double>(j) -= 0.5 * d(j);
  }
  std::printf("PReLU: the loss falls from %.4f to %.4f while the slopes are learned\n", first, last);
  try {
    const std::shared_ptr<Layer> layer = std::make_shared<PReLU>(alpha);
    DenseLayer(W, b, layer);
  } catch (const ac::TypeError& error) {
    std::cout << "a layer as activation=: " << error.what() << "\n";
  }
}
