// particle: where a charged particle lands, whose acceleration is a gradient taken in every step of a loop that ends
// when it has; and the position of a charge for which it lands at the origin.
#include <gtest/gtest.h>

#include "problems/optimiser.hpp"
#include "problems/real.hpp"

namespace actinium::problems {
namespace {

/// The square of the place of landing. The potential is the sum of 1/distance from the charges, so the acceleration
/// points away from them by 1/distance^2: here by that formula, not by differentiating.
template <class T>
T reference(const T& w) {
  using std::sqrt;
  T x(0), y(8), u(0.75), v(0);
  const T charges[2][2] = {{T(10), T(10) - w}, {T(10), T(0)}}, dt(Real(1) / 10);
  for (;;) {
    T ax(0), ay(0);
    for (const auto& charge : charges) {
      const T dx = x - charge[0], dy = y - charge[1], square = dx * dx + dy * dy, cube = square * sqrt(square);
      ax = ax + dx / cube;
      ay = ay + dy / cube;
    }
    x = x + dt * u;
    y = y + dt * v;
    if (y <= T(0)) {
      const T landing = x - y / v * u;
      return landing * landing;
    }
    u = u + dt * ax;
    v = v + dt * ay;
  }
}

/// The two ways to the reference's derivative agree, and so does what the problem has for its solution.
TEST(Problems, ParticleReference) {
  for (const char* w : {"0", "0.1", "0.2071918746", "0.5"}) {
    const Real exact = reference(Dual<Real>(Real(w), Real(1))).tangent;
    const Real difference = jacobian_of([](const Reals& v) { return Reals{reference(v[0])}; }, {Real(w)})[0];
    EXPECT_LT(abs(exact - difference), abs(exact) * Real("1e-40")) << w;
  }
  using Point = std::vector<Real>;
  const Point solution =
      argmin<Real>([](const Point& w) { return reference(w[0]); },
                   [](const Point& w) { return Point{reference(Dual<Real>(w[0], Real(1))).tangent}; }, {Real(0)});
  EXPECT_NEAR(static_cast<double>(solution[0]), 0.2071918746, 1e-9);
}

}  // namespace
}  // namespace actinium::problems
