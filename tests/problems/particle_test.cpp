// particle: where a charged particle lands, whose acceleration is a gradient taken in every step of a loop that ends
// when it has; and the position of a charge for which it lands at the origin.
#include <gtest/gtest.h>

#include <array>

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

// --- As an expression. ---

/// A derivative in the only way asked for: reverse, or forward in each coordinate.
enum class Way : std::uint8_t { forward, reverse };
std::array<Expr, 2> slopes(const Expr& y, const std::array<Expr, 2>& x, Way way) {
  if (way == Way::reverse) return grad(y, x);
  return {jvp(y, x[0], 1), jvp(y, x[1], 1)};
}

struct Flight {
  std::array<Expr, 2> place, speed, speed_before;
};
std::array<Expr, 6> leaves(const Flight& f) { return {f.place[0], f.place[1], f.speed[0], f.speed[1], f.speed_before[0], f.speed_before[1]}; }
Flight flight(const std::array<Expr, 6>& l) { return {{l[0], l[1]}, {l[2], l[3]}, {l[4], l[5]}}; }

Expr landing(Graph& g, const Expr& w, Way inner) {
  const auto potential = [&](const std::array<Expr, 2>& at) {
    const auto near = [&](const Expr& x, const Expr& y) { return 1.0 / sqrt(square(at[0] - x) + square(at[1] - y)); };
    return near(g.constant(10.0), 10.0 - w) + near(g.constant(10.0), g.constant(0.0));
  };
  const auto step = [&](const std::array<Expr, 6>& state) {
    const Flight f = flight(state);
    const auto pull = slopes(potential(f.place), f.place, inner);
    Flight next{{}, {}, f.speed};
    for (std::size_t i = 0; i < 2; ++i) {
      next.place[i] = f.place[i] + 0.1 * f.speed[i];
      next.speed[i] = f.speed[i] - 0.1 * pull[i];
    }
    return leaves(next);
  };
  const Expr zero = g.constant(0.0), fast = g.constant(0.75);
  const std::array<Expr, 6> start{zero, g.constant(8.0), fast, zero, fast, zero};
  const Flight last = flight(while_loop([](const std::array<Expr, 6>& state) { return state[1] > 0.0; }, step, start));
  return square(last.place[0] - last.place[1] / last.speed_before[1] * last.speed_before[0]);
}

TEST(Problems, Particle) {
  for (const Way outer : {Way::forward, Way::reverse})
    for (const Way inner : {Way::forward, Way::reverse}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(outer) << " over " << static_cast<int>(inner));
      Graph g{f64};
      const Expr w = g.input("w", {}), y = landing(g, w, inner), slope = outer == Way::reverse ? grad(y, w) : jvp(y, w, 1);
      for (const double at : {0.0, 0.1, 0.5}) {
        const auto got = run({w}, {y, slope}, {Tensor::scalar(at, f64)});
        expect_close("objective", got[0], {reference(Real(at))}, 1e-12);
        expect_close("gradient", got[1], {reference(Dual<Real>(Real(at), Real(1))).tangent}, 1e-12);
      }
      const auto f = compile({w}, {y, slope});
      const auto of = [&](int i) {
        return [&f, i](const Doubles& at) { return f(at[0])[static_cast<std::size_t>(i)].item<double>(); };
      };
      const Doubles found = argmin<double>(of(0), [&](const Doubles& at) { return Doubles{of(1)(at)}; }, {0.0});
      EXPECT_NEAR(found[0], 0.2071918746, 1e-9);
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
