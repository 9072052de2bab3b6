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
