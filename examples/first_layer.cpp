// The first thing to write: one layer with a sigmoid, evaluated and differentiated.
#include <actinium/actinium.h>

#include <iostream>

#include "compiled.hpp"

namespace ac = actinium;

/// A nested list in brackets, as NumPy writes one.
std::string list(const ac::Tensor& t) { return ac::to_text(t); }

int main() {
  ac::Graph g;
  const auto x = g.input("x", {1, 10});                                   // the data
  const auto W = g.input("W", {10, 5}), b = g.input("b", {5});            // what is learned
  const auto h = matmul(x, W) + b;
  const auto y = sigmoid(h);

  std::cout << "graph: " << y << "\n";

  // Values: x in [0, 1), W in [-0.1, 0.1), b zero.
  const auto xs = ac::random_uniform(1, {1, 10}), Ws = ac::random_uniform(2, {10, 5}, -0.1, 0.1), bs = ac::Tensor::zeros({5});

  const auto [dW, db] = ac::grad(sum(y), W, b);
  const auto f = ac::compile({x, W, b}, {y, dW, db});
  const auto [ys, dWs, dbs] = f(xs, Ws, bs);
  compiled("the layer with its gradients", f);

  std::cout << "y_eval:" << list(ys) << "\n";
  std::cout << "gradient of sum(y) with respect to W:\n";
  for (int i = 0; i < 10; ++i) std::cout << "  " << list(dWs[i]) << "\n";
  std::cout << "gradient of sum(y) with respect to b:\n  " << list(dbs) << "\n";

  // The interpreter needs no compile and gives the same bits.
  const auto interpreted = ac::eval(y, {{x, xs}, {W, Ws}, {b, bs}});
  std::cout << "interpreted, the same bits: " << (ac::same_bits(interpreted, ys) ? "yes" : "no") << "\n";
}
