// kmeans: the sum of squared distances to the nearest centroid, and Newton's direction, the gradient over the diagonal
// of the Hessian.
#include <gtest/gtest.h>

#include <algorithm>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

struct Sizes {
  int k, n, d;
};

Reals reference(const Reals& points, const Reals& centroids, const Sizes& s) {
  Real total = 0;
  for (int i = 0; i < s.n; ++i) {
    Real nearest = -1;
    for (int j = 0; j < s.k; ++j) {
      Real distance = 0;
      for (int a = 0; a < s.d; ++a) {
        const Real difference =
            points[static_cast<std::size_t>(i * s.d + a)] - centroids[static_cast<std::size_t>(j * s.d + a)];
        distance += difference * difference;
      }
      if (nearest < 0 || distance < nearest) nearest = distance;
    }
    total += nearest;
  }
  return {total};
}

/// As it is written.
Expr least(const Expr& points, const Expr& centroids) {
  const auto distance = [](const Expr& p, const Expr& c) { return sum(square(p - c)); };
  const auto all = vmap(vmap(distance, {{std::nullopt, 0}}), {{0, std::nullopt}})(points, centroids);
  return sum(reduce_min(all, 1));
}

/// The same for many centroids: a product finds the nearest ones, and only they have a derivative.
Expr of_nearest(const Expr& points, const Expr& centroids) {
  const Expr nearest = argmin(sum(square(centroids), 1) - 2.0 * matmul(points, centroids.T()), 1);
  return sum(square(points - gather(centroids, nearest)));
}

TEST(Problems, Kmeans) {
  for (const Sizes s : {Sizes{3, 20, 2}, Sizes{5, 24, 8}}) {
    const Doubles ps = uniform(static_cast<std::size_t>(s.n * s.d), 3);
    const Doubles cs(ps.end() - s.k * s.d, ps.end());  // the last points
    Graph g{f64};
    const Expr points = g.input("points", {"n", s.d}), centroids = g.input("centroids", {s.k, s.d});
    const auto f = [&](const Reals& c) { return reference(reals(ps), c, s); };
    Reals direction = jacobian_of(f, reals(cs));
    const Reals curvatures = curvatures_of(f, reals(cs));
    for (std::size_t i = 0; i < direction.size(); ++i) direction[i] /= curvatures[i];
    for (const auto& cost : {least, of_nearest}) {
      const Expr y = cost(points, centroids), newton = grad(y, centroids) / hvp(y, centroids, 1);
      const auto got = run({points, centroids}, {y, newton}, {Tensor(ps, {s.n, s.d}), Tensor(cs, {s.k, s.d})});
      expect_close("cost", got[0], f(reals(cs)));
      expect_close("direction", got[1], direction);
    }
  }
}

}  // namespace
}  // namespace actinium::problems
