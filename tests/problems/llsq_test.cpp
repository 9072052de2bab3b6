// llsq: a polynomial fitted to the sign function, and the gradient of its error in the coefficients.
#include <gtest/gtest.h>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

Reals reference(const Reals& x, int n) {
  Real total = 0;
  for (int i = 0; i < n; ++i) {
    const Real t = -1 + Real(2 * i) / (n - 1);
    Real fit = 0, power = 1;
    for (const Real& c : x) {
      fit += c * power;
      power *= t;
    }
    const Real sign = t > 0 ? 1 : t < 0 ? -1 : 0;
    total += (sign - fit) * (sign - fit);
  }
  return {total / 2};
}

/// Horner's scheme: all points at once, coefficient by coefficient.
Expr objective(const Expr& x, int coefficients, const Expr& t) {
  Expr fit = at(x, coefficients - 1);
  for (int j = coefficients - 1; j-- > 0;) fit = fit * t + at(x, j);
  return 0.5 * sum(square(sign(t) - fit));
}

TEST(Problems, Llsq) {
  for (const auto& [m, n] : {std::pair{8, 16}, std::pair{5, 33}, std::pair{1, 4}}) {
    SCOPED_TRACE(m);
    const Doubles xs = uniform(static_cast<std::size_t>(m), 5, -1, 1);
    Graph g{f64};
    const Expr x = g.input("x", {m}), t = -1.0 + g.iota({n}) * 2.0 / static_cast<double>(n - 1);
    const auto [y, dx] = value_and_grad(objective(x, m, t), x);
    const auto got = run({x}, {y, dx}, {Tensor(xs, {m})});
    const auto f = [&, points = n](const Reals& v) { return reference(v, points); };
    expect_close("primal", got[0], f(reals(xs)));
    expect_close("gradient", got[1], jacobian_of(f, reals(xs)));
  }
}

}  // namespace
}  // namespace actinium::problems
