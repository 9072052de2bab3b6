// Derivatives of one's own: a quantiser that gradients pass through as if it were not there, gradients limited where they go back,
// and a root found by Newton's method whose derivative comes from the implicit function theorem instead of from the iterations.
#include <actinium/actinium.h>

#include <iostream>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;
using ac::Expr;

int main() {
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"n"});
  const std::vector<double> xs{-1.6, -0.2, 0.4, 2.7};
  const auto show = [&](const char* name, const Expr& e) { std::cout << name << ac::to_text(ac::eval(e, {{x, xs}})) << "\n"; };

  // Straight through (Bengio et al. 2013): round has slope 0 everywhere, the estimator takes 1.
  const auto quantise = ac::custom_vjp([](const Expr& a) { return round(a); },                                    // the value
                                       [](const Expr& ct, const Expr& /*y*/, const Expr& /*a*/) { return ct; });  // its cotangent
  show("round(x):                 ", quantise(x));
  show("d sum(round(x)^2):        ", ac::grad(sum(square(round(x))), x));
  show("the same straight through:", ac::grad(sum(square(quantise(x))), x));

  // The identity, whose gradient is limited: what has gone through it cannot explode.
  const auto limited = ac::custom_vjp([](const Expr& a) { return a; },
                                      [](const Expr& ct, const Expr&, const Expr&) { return 2.0 * tanh(ct / 2.0); });
  try {
    show("limited: ", ac::grad(sum(exp(3.0 * limited(x))), x));
  } catch (const ac::Error& error) {
    std::cout << "a rule must be linear in the cotangent: " << error.what() << "\n";
  }

  // y with y + exp(y) = x. Ten steps of Newton's method find it; its derivative is 1/(1 + exp(y)), whatever the steps were.
  const auto root = ac::custom_jvp(
      [](const Expr& a) {
        Expr y = 0.5 * a;
        for (int i = 0; i < 10; ++i) y = y - (y + exp(y) - a) / (1.0 + exp(y));
        return y;
      },
      [](const Expr& y, const Expr& /*a*/, const Expr& tangent) { return tangent / (1.0 + exp(y)); });
  const Expr y = root(x);
  const auto f = ac::compile({x}, {y + exp(y) - x, ac::grad(sum(y), x), ac::derivative(y, x, 2), -exp(y) / (1.0 + exp(y)) / square(1.0 + exp(y))});
  const auto [left, slope, curvature, by_hand] = f(xs);
  std::cout << "y + exp(y) - x:           " << ac::to_text(left) << "\n";
  std::cout << "dy/dx, reverse:           " << ac::to_text(slope) << "\n";
  std::cout << "d2y/dx2:                  " << ac::to_text(curvature) << "\n";
  std::cout << "by hand:                  " << ac::to_text(by_hand) << "\n";
  compiled("the root and its derivatives", f);
}
