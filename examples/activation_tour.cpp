// The classic activations in turn: their values, a table, the vanishing gradient in numbers, and which to choose when.
#include <actinium/actinium.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;

/// One number through an activation, in double.
double apply(const ac::Activation& activation, double value) {
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {});
  return ac::eval(activation(x), {{x, value}}).item();
}

/// To one decimal, never as -0.0.
std::string one_decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", std::round(value * 10) / 10 + 0.0);
  return text[0] == '-' && std::atof(text) == 0 ? text + 1 : text;
}

void show(const char* title, const ac::Activation& activation, const std::vector<double>& values) {
  for (double value : values) {
    std::printf("Applying %s Activation on (%s) gives %s\n", title, one_decimal(value).c_str(),
                one_decimal(apply(activation, value)).c_str());
  }
  std::printf("\n");
}

int main() {
  const auto sigmoid = ac::activation("sigmoid"), relu = ac::activation("relu"), tanh = ac::activation("tanh");
  const auto leaky = ac::activation("leaky_relu(negative_slope=0.01)");
  show("Step", ac::activation("step"), {1, -10, 0, 15, -2});
  show("Linear", ac::activation("linear"), {1, -10, 0, 15, -2});
  show("Sigmoid", sigmoid, {1, -10, 0, 15, -2});
  show("Relu", relu, {1, -10, 0, 15, -20});
  show("Leaky Relu", leaky, {1, -10, 0, 15, -20});
  show("Tanh", tanh, {1, -10, 0, 15, -2});

  // softmax works on a vector: what it gives sums to 1.
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"n"});
  const auto probabilities = ac::eval(softmax(x), {{x, std::vector<double>{1, 2, 3}}});
  std::printf("Applying Softmax Activation on (1.0, 2.0, 3.0) gives %.4f %.4f %.4f\n\n", probabilities(0), probabilities(1), probabilities(2));

  std::vector<double> points;
  for (int i = 0; i < 50; ++i) points.push_back(-10 + 20.0 * i / 49);
  const auto f = ac::compile({x}, {sigmoid(x), relu(x), leaky(x), tanh(x), ac::derivative(sigmoid(x), x)});
  compiled("four activations and a derivative", f);
  const auto [s, r, l, t, ds] = f(points);
  std::printf("%9s %9s %9s %9s %9s\n", "x", "sigmoid", "relu", "leaky", "tanh");
  for (int i = 0; i < 50; ++i) std::printf("%9.4f %9.6f %9.4f %9.4f %9.6f\n", points[static_cast<std::size_t>(i)], s(i), r(i), l(i), t(i));

  std::printf("\nThe gradient of sigmoid vanishes: it is at most 0.25, and\n");
  const auto slope = sigmoid.derivative();
  for (double value : {0.0, 2.0, 5.0, 10.0, 20.0, 40.0}) std::printf("  at %2g it is %.3e\n", value, apply(slope, value));
  std::printf("Through ten layers of sigmoids it shrinks to at most %.1e of what it was.\n", std::pow(apply(slope, 0), 10));

  std::printf(
      "\nWhich to choose:\n"
      "  hidden layers            relu; leaky relu if units die (their gradient stays 0); silu or gelu where smoothness helps\n"
      "  one probability          sigmoid\n"
      "  probabilities of classes softmax, and train on softmax_cross_entropy\n"
      "  any real number          linear\n"
      "  values from -1 to 1      tanh\n");
}
