// High derivatives in Taylor mode: each order is built of the lower ones, so the expression grows with the square of the order.
// Differentiating again and again roughly doubles it each time.
#include <actinium/actinium.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;
using ac::Expr;

int main() {
  constexpr int order = 10;
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"n"});
  const Expr y = tanh(sin(x) * x);

  const std::vector<Expr> d = ac::jet(y, x, order);
  std::printf("tanh(sin(x)*x) and %d derivatives: %zu nodes\n", order, g.node_count());
  for (int k : {2, 4, 6}) {
    ac::Graph nested{ac::f64}, taylor{ac::f64};
    const auto a = nested.input("x", {"n"}), b = taylor.input("x", {"n"});
    ac::derivative(tanh(sin(a) * a), a, k);
    ac::jet(tanh(sin(b) * b), b, k);
    std::printf("order %d: %zu nodes by jet, %zu by differentiating %d times\n", k, taylor.node_count(), nested.node_count(), k);
  }

  // All orders in one function. The Taylor polynomial around 0.7 meets the function beside it.
  const auto f = ac::compile({x}, d);
  const double at = 0.7, step = 0.1;
  const std::vector<ac::Tensor> values = f(std::vector<double>{at});
  compiled("all orders", f);
  std::printf("derivatives at %.1f:\n", at);
  double sum = 0, power = 1;
  for (int k = 0; k <= order; ++k) {
    const double value = values[static_cast<std::size_t>(k)].item();
    sum += value * power;
    power *= step / (k + 1);
    std::printf("%3d  %22.14g\n", k, value);
  }
  std::printf("Taylor polynomial at %.1f: %.15f\n", at + step, sum);
  std::printf("tanh(sin(x)*x) there:   %.15f\n", std::tanh(std::sin(at + step) * (at + step)));
}
