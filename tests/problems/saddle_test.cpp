// saddle: the least value over x of the greatest over y, by an optimiser whose objective is an optimiser; the outer
// gradient goes through the inner one.
#include <gtest/gtest.h>

#include "problems/optimiser.hpp"
#include "problems/real.hpp"

namespace actinium::problems {
namespace {

template <class T>
T height(const std::vector<T>& x, const std::vector<T>& y) {
  return x[0] * x[0] + x[1] * x[1] - (y[0] * y[0] + y[1] * y[1]);
}

/// The y of the greatest height for this x, from (1, 1).
template <class T>
std::vector<T> highest(const std::vector<T>& x) {
  const auto falling = [&](const auto& y) {
    using U = std::decay_t<decltype(y[0])>;
    return U(T(-1)) * height(std::vector<U>(x.begin(), x.end()), y);
  };
  return argmin<T>(falling, [&](const std::vector<T>& y) { return gradient_by_duals<T>(falling, y); }, {T(1), T(1)});
}

/// The objective of the outer optimiser.
template <class T>
T reference(const std::vector<T>& x) {
  return height(x, highest(x));
}

/// x of the least greatest height, and its y.
template <class T>
std::vector<T> solution() {
  using Point = std::vector<T>;
  const auto objective = [](const auto& x) { return reference(x); };
  Point x = argmin<T>(objective, [&](const Point& at) { return gradient_by_duals<T>(objective, at); }, {T(1), T(1)});
  const Point y = highest(x);
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

// --- As an expression. ---

enum class Way : std::uint8_t { forward, reverse };
Expr slope_of(const Expr& y, const Expr& x, Way way) { return way == Way::reverse ? grad(y, x) : jacobian(y, x, Mode::forward); }

/// The optimiser of optimiser.hpp as a loop in the graph: f and its gradient are expressions of x.
template <class F, class Gradient>
Expr lowest(const F& f, const Gradient& gradient, const Expr& start) {
  const auto norm = [](const Expr& x) { return sqrt(sum(square(x))); };
  struct Names {
    enum : std::size_t { x, slope, best, step, successes, done };
  };
  using State = std::vector<Expr>;
  const auto next = [&](const State& s) {
    const Expr doubling = s[Names::successes] == 10.0;
    const Expr x = s[Names::x] - s[Names::step] * s[Names::slope], small = norm(s[Names::x] - x) <= 1e-5;
    const Expr value = f(x), better = !doubling && !small && value < s[Names::best], worse = !doubling && !small && !better;
    return State{where(better, x, s[Names::x]),
                 where(better, gradient(x), s[Names::slope]),
                 where(better, value, s[Names::best]),
                 where(doubling, s[Names::step] * 2.0, where(worse, s[Names::step] / 2.0, s[Names::step])),
                 where(better, s[Names::successes] + 1.0, 0.0),
                 !doubling && small};
  };
  const Expr none = 0.0 * sum(start);
  const State end = while_loop([&](const State& s) { return norm(s[Names::slope]) > 1e-5 && !s[Names::done]; }, next,
                               State{start, gradient(start), f(start), none + 1e-5, none, none > 0.0});
  return end[Names::x];
}

Expr height_of(const Expr& x, const Expr& y) { return sum(square(x)) - sum(square(y)); }

Expr highest_of(const Expr& x, const Expr& start, Way inner) {
  const auto falling = [&](const Expr& y) { return -height_of(x, y); };
  return lowest(falling, [&](const Expr& y) { return slope_of(falling(y), y, inner); }, start);
}

TEST(Problems, Saddle) {
  for (const Way outer : {Way::forward, Way::reverse})
    for (const Way inner : {Way::forward, Way::reverse}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(outer) << " over " << static_cast<int>(inner));
      Graph g{f64};
      const Expr x = g.input("x", {2}), ones = broadcast_to(g.constant(1.0), {2});
      const auto objective = [&](const Expr& at) { return height_of(at, highest_of(at, ones, inner)); };
      const auto gradient = [&](const Expr& at) { return slope_of(objective(at), at, outer); };
      const Expr y = objective(x), slope = gradient(x);
      for (const Doubles& at : {Doubles{1, 1}, Doubles{0.3, -0.7}}) {
        const auto got = run({x}, {y, slope}, {Tensor(at, {2})});
        expect_close("objective", got[0], {reference(reals(at))});
        expect_close("gradient", got[1], gradient_by_duals<Real>([](const auto& v) { return reference(v); }, reals(at)));
      }
      // The whole problem in one graph: a loop whose body has the gradient of a loop whose body has a gradient.
      const Expr least = lowest(objective, gradient, x);
      const auto got = run({x}, {least, highest_of(least, ones, inner)}, {Tensor(Doubles{1, 1}, {2})});
      const std::vector<double> want = solution<double>();
      for (std::size_t i = 0; i < 4; ++i)
        EXPECT_NEAR(got[i / 2].span<double>()[i % 2], want[i], 1e-12) << i;
    }
}

/// The two ways to the reference's derivative agree, and so does what the problem has for its solution.
TEST(Problems, SaddleReference) {
  const auto objective = [](const auto& x) { return reference(x); };
  for (const Reals& x : {Reals{1, 1}, Reals{Real("0.3"), Real("-0.7")}}) {
    const Reals exact = gradient_by_duals<Real>(objective, x),
                difference = jacobian_of([&](const Reals& at) { return Reals{objective(at)}; }, x);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_LT(abs(exact[i] - difference[i]), abs(exact[i]) * Real("1e-40"));
  }
  for (const double e : solution<double>()) EXPECT_NEAR(e, 8.2463e-6, 1e-9);
}

}  // namespace
}  // namespace actinium::problems
