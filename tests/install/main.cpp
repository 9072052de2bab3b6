// What a user's first program does, built against the installed package alone: one layer, its gradient, compiled.
#include <actinium/actinium.h>

#include <iostream>
#include <vector>

namespace ac = actinium;

int main() {
  ac::Graph g;
  auto x = g.input("x", {"batch", 2});
  auto w = g.input("W", {2, 1}), b = g.input("b", {1});
  auto y = sigmoid(matmul(x, w) + b);
  auto dw = ac::grad(sum(y), w);
  auto f = ac::compile({x, w, b}, {y, dw});

  // x @ W + b is 0, so y is 0.5 and the gradient a quarter of x.
  std::vector<float> xs{1, 2}, ws{2, -1}, bs{0};
  auto [ys, dws] = f(xs, ws, bs);
  std::cout << "actinium " << ac::version() << ": " << ys.item<double>() << " " << dws(0, 0) << " " << dws(1, 0) << "\n";
}
