// hello: x squared, and its derivative, in turns.
#include <gtest/gtest.h>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

TEST(Problems, Hello) {
  Graph g{f64};
  const Expr x = g.input("x", {}), y = x * x;
  const auto f = compile({x}, {y});
  const auto df = compile({x}, {grad(y, x)});
  double chain = 1;
  Real exact = 1;
  for (int i = 0; i < 4; ++i) {
    chain = f(chain).item<double>();
    exact = exact * exact;
    expect_close("square", Tensor::scalar(chain), {exact});
    const Real at = exact;
    chain = df(chain).item<double>();
    exact = jacobian_of([](const Reals& v) { return Reals{v[0] * v[0]}; }, {at})[0];
    expect_close("double", Tensor::scalar(chain), {exact});
  }
  EXPECT_EQ(chain, 32768 / 1.0);
}

}  // namespace
}  // namespace actinium::problems
