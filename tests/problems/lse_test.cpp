// lse: the logarithm of a sum of exponentials, from its parts, and its gradient.
#include <gtest/gtest.h>

#include <algorithm>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

Reals reference(const Reals& x) {
  Real sum = 0;
  for (const Real& e : x) sum += exp(e);
  return {log(sum)};
}

Expr objective(const Expr& x) {
  const Expr largest = stop_gradient(max(x));
  return log(sum(exp(x - largest))) + largest;
}

TEST(Problems, Lse) {
  for (const auto& [n, lo, hi] : {std::tuple{37, 0.0, 1.0}, std::tuple{5, -700.0, 700.0}, std::tuple{1, 3.0, 4.0}}) {
    SCOPED_TRACE(n);
    const Doubles xs = uniform(static_cast<std::size_t>(n), 11, lo, hi);
    Graph g{f64};
    const Expr x = g.input("x", {"n"});
    const auto [y, dx] = value_and_grad(objective(x), x);
    const auto got = run({x}, {y, dx}, {Tensor(xs, {n})});
    expect_close("primal", got[0], reference(reals(xs)));
    expect_close("gradient", got[1], jacobian_of(reference, reals(xs)));
  }
}

}  // namespace
}  // namespace actinium::problems
