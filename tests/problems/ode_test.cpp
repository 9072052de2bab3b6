// ode: a chain of differential equations by classical Runge-Kutta steps, and the gradient of the last component.
#include <gtest/gtest.h>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

Reals slopes(const Reals& x, const Reals& y) {
  Reals result{x[0]};
  for (std::size_t i = 1; i < x.size(); ++i) result.push_back(x[i] * y[i - 1]);
  return result;
}

Reals reference(const Reals& x, int steps) {
  const Real h = Real(2) / steps;
  Reals y(x.size());
  const auto plus = [&](const Reals& k, const Real& factor) {
    Reals sum = y;
    for (std::size_t i = 0; i < y.size(); ++i) sum[i] += factor * k[i];
    return sum;
  };
  for (int s = 0; s < steps; ++s) {
    const Reals k1 = slopes(x, y), k2 = slopes(x, plus(k1, h / 2)), k3 = slopes(x, plus(k2, h / 2)),
                k4 = slopes(x, plus(k3, h));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  return y;
}

/// One step of the size h.
Expr step(const Expr& x, const Expr& y, double h) {
  const auto f = [&](const Expr& at) { return x * pad(slice(at, 0, -1), {1}, {0}, 1.0); };
  const Expr k1 = f(y), k2 = f(y + 0.5 * h * k1), k3 = f(y + 0.5 * h * k2), k4 = f(y + h * k3);
  return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

Expr objective(Graph& g, const Expr& x, int steps) {
  return scan([&](const Expr& y) { return step(x, y, 2.0 / steps); }, broadcast_to(g.constant(0.0), x.shape()), {.length = steps});
}

TEST(Problems, Ode) {
  for (const auto& [n, steps] : {std::pair{5, 1}, std::pair{8, 10}, std::pair{3, 4}}) {
    SCOPED_TRACE(n);
    const Doubles xs = uniform(static_cast<std::size_t>(n), 8);
    Graph g{f64};
    const Expr x = g.input("x", {n}), y = objective(g, x, steps);
    const auto got = run({x}, {y, grad(at(y, n - 1), x)}, {Tensor(xs, {n})});
    const auto f = [&, count = steps](const Reals& v) { return reference(v, count); };
    expect_close("primal", got[0], f(reals(xs)));
    expect_close("gradient", got[1], jacobian_of([&](const Reals& v) { return Reals{f(v).back()}; }, reals(xs)));
  }
}

}  // namespace
}  // namespace actinium::problems
