// relu on numbers and integers, its derivative over a range, and what to say about the derivative at 0.
#include <actinium/actinium.h>

#include <cstdio>
#include <iostream>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;

int main() {
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"n"});
  const auto y = relu(x);

  const std::vector<double> numbers{2, 0, 0.1, -3};
  const auto values = ac::eval(y, {{x, numbers}});
  for (int i = 0; i < 4; ++i) std::printf("relu(%g) = %g\n", numbers[static_cast<std::size_t>(i)], values(i));

  // Integers stay integers.
  const auto k = g.input("k", {"m"}, ac::i32);
  const auto integers = ac::eval(relu(k), {{k, std::vector<std::int32_t>{2, 0, -3}}});
  std::cout << "on integers: " << integers << "\n";

  // The derivative is another expression.
  const auto dy = ac::derivative(y, x);
  const auto f = ac::compile({x}, {y, dy});
  compiled("relu and its derivative", f);
  std::vector<double> range;
  for (int i = -3; i < 5; ++i) range.push_back(i);
  const auto [ys, dys] = f(range);
  std::printf("\n%6s %6s %12s\n", "x", "relu", "derivative");
  for (int i = 0; i < 8; ++i) std::printf("%6g %6g %12g\n", range[static_cast<std::size_t>(i)], ys(i), dys(i));

  // At 0 the function has a corner. Three conventions:
  const auto ours = ac::eval(ac::derivative(relu(x), x), {{x, std::vector<double>{0}}});
  const auto one = ac::eval(ac::derivative(relu(x, {{"grad_at_zero", 1}}), x), {{x, std::vector<double>{0}}});
  std::printf("\nat 0 the derivative is\n");
  std::printf("  undefined: the slope is 0 from the left and 1 from the right\n");
  std::printf("  %g, where the formula says x >= 0: relu(x, {{\"grad_at_zero\", 1}})\n", one(0));
  std::printf("  %g, our default: the smallest subgradient, as the other systems have it\n", ours(0));
}
