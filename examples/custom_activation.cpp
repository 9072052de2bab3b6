// An activation of one's own: an expression with a name. It fuses into the product's epilogue, forward and backward, and is from
// then on like any builtin one.
#include <actinium/actinium.h>

#include <cstdio>
#include <iostream>

#include "compiled.hpp"

namespace ac = actinium;

int main() {
  const auto swoosh = ac::define("swoosh", [](ac::Expr x, ac::Expr beta) { return softplus(beta * x - 4.0) - 0.08 * x - 0.035; },
                                 {{"beta", 1.0}});

  ac::Graph g;
  const auto x = g.input("x", {"batch", 8});
  const auto W = g.input("W", {8, 4}), b = g.input("b", {4});
  const auto h = swoosh(matmul(x, W) + b);
  const auto f = ac::compile({x, W, b}, h);
  std::cout << "h = " << h << "\n";
  compiled("the layer", f);
  std::cout << "h at ones: " << ac::to_text(f(ac::Tensor::ones({1, 8}), ac::Tensor::ones({8, 4}), ac::Tensor::zeros({4}))) << "\n";

  // Parameters by keyword, for builtin and defined ones alike; a parameter may be an expression, and learned.
  ac::Graph s{ac::f64};
  const auto z = s.input("z", {"n"}), beta = s.input("beta", {});
  const std::vector<double> zs{-2, 0, 2, 8};
  const auto k = swoosh(z, {{"beta", 2.0}}), r = relu(z, {{"max_value", 6.0}});
  std::cout << "swoosh(z, beta=2): " << ac::to_text(ac::eval(k, {{z, zs}})) << "\n";
  std::cout << "relu(z, max_value=6): " << ac::to_text(ac::eval(r, {{z, zs}})) << "\n";
  const auto dbeta = ac::grad(sum(swoosh(z, beta)), beta);
  std::cout << "d sum(swoosh) / d beta at 1: " << ac::to_text(ac::eval(dbeta, {{z, zs}, {beta, 1.0}})) << "\n";

  // Derivatives are generated, and are activations again.
  const auto d1 = swoosh.derivative(1), d2 = swoosh.derivative(2);
  std::cout << "swoosh': " << ac::to_text(ac::eval(d1(z), {{z, zs}})) << "\n";
  std::cout << "swoosh'': " << ac::to_text(ac::eval(d2(z), {{z, zs}})) << "\n";

  // Look-up by text finds builtin and defined ones.
  const auto leaky = ac::activation("leaky_relu(negative_slope=0.2)");
  std::cout << "leaky: " << ac::to_text(ac::eval(leaky(z), {{z, zs}})) << "\n";
  std::cout << "found by name: " << ac::activation("swoosh").name() << "\n";

  try {
    ac::define("swoosh", [](ac::Expr x) { return x * x; });
  } catch (const ac::NameError& error) {
    std::cout << "a second definition under the name is refused\n";
  }
  try {
    ac::activation("swosh");
  } catch (const ac::NameError& error) {
    std::cout << error.what() << "\n";
  }
}
