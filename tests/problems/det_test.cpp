// det: a determinant by expansion along the first row, and its gradient.
#include <gtest/gtest.h>

#include <map>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

/// By definition: as it is written in textbooks, minor for minor.
Real reference(const Reals& a, int n) {
  if (n == 1) return a[0];
  Real total = 0;
  for (int j = 0; j < n; ++j) {
    Reals minor;
    for (int r = 1; r < n; ++r)
      for (int c = 0; c < n; ++c)
        if (c != j) minor.push_back(a[static_cast<std::size_t>(r * n + c)]);
    const Real term = a[static_cast<std::size_t>(j)] * reference(minor, n - 1);
    total += j % 2 == 0 ? term : Real(-term);
  }
  return total;
}

/// The minor of the last rows in the columns of a bit mask occurs in many expansions, and is one expression.
Expr determinant(const Expr& a, int n) {
  const auto element = [&](int row, int column) { return at(at(a, row), column); };
  std::map<unsigned, Expr> minors;
  for (int j = 0; j < n; ++j) minors[1u << j] = element(n - 1, j);
  for (int row = n - 2; row >= 0; --row) {
    std::map<unsigned, Expr> larger;
    for (const auto& [columns, unused] : minors) {
      for (int extra = 0; extra < n; ++extra) {
        const unsigned set = columns | 1u << extra;
        if (set == columns || larger.contains(set)) continue;
        Expr total;
        int place = 0;
        for (int j = 0; j < n; ++j) {
          if ((set >> j & 1u) == 0) continue;
          const Expr term = element(row, j) * minors.at(set & ~(1u << j));
          total = place == 0 ? term : place % 2 == 0 ? total + term : total - term;
          ++place;
        }
        larger[set] = total;
      }
    }
    minors = std::move(larger);
  }
  return minors.begin()->second;
}

TEST(Problems, Det) {
  for (const int n : {1, 2, 5, 6}) {
    SCOPED_TRACE(n);
    const auto size = static_cast<std::size_t>(n * n);
    Doubles as = uniform(size, 21);
    if (n == 6) std::fill(as.begin(), as.begin() + 6, 0.0);  // the minors of a row of zeros are its gradient
    Graph g{f64};
    const Expr a = g.input("A", {n, n});
    const auto [y, da] = value_and_grad(determinant(a, n), a);
    const auto got = run({a}, {y, da}, {Tensor(as, {n, n})});
    const auto f = [rows = n](const Reals& v) { return Reals{reference(v, rows)}; };
    expect_close("primal", got[0], f(reals(as)));
    expect_close("gradient", got[1], jacobian_of(f, reals(as)));
  }
}

/// n 2^(n-1) products for the value instead of (e - 1) n!, and a few times that with the gradient.
TEST(Problems, DetSharesMinors) {
  const auto nodes = [](int n) {
    Graph g{f64};
    const Expr a = g.input("A", {n, n});
    grad(determinant(a, n), a);
    return g.node_count();
  };
  EXPECT_LT(nodes(8), 20u * 8 * 128);
}

}  // namespace
}  // namespace actinium::problems
