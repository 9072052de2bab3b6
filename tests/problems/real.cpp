// Central differences in 110 digits, and comparison.
#include "problems/real.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace actinium::problems {

Doubles uniform(std::size_t count, unsigned seed, double lo, double hi) {
  std::mt19937_64 bits(seed);
  Doubles list;
  for (std::size_t i = 0; i < count; ++i)
    list.push_back(lo + (hi - lo) * (static_cast<double>(bits() >> 11) * 0x1p-53));
  return list;
}

Reals jacobian_of(const Function& f, const Reals& x) {
  const Real h("1e-30");
  const std::size_t rows = f(x).size();
  Reals result(rows * x.size());
  for (std::size_t j = 0; j < x.size(); ++j) {
    Reals above = x, below = x;
    above[j] += h;
    below[j] -= h;
    const Reals up = f(above), down = f(below);
    for (std::size_t i = 0; i < rows; ++i) result[i * x.size() + j] = (up[i] - down[i]) / (2 * h);
  }
  return result;
}

Reals curvatures_of(const Function& f, const Reals& x) {
  const Real h("1e-25"), middle = f(x)[0];
  Reals result;
  for (std::size_t j = 0; j < x.size(); ++j) {
    Reals above = x, below = x;
    above[j] += h;
    below[j] -= h;
    result.push_back((f(above)[0] - 2 * middle + f(below)[0]) / (h * h));
  }
  return result;
}

std::vector<Tensor> run(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs,
                        const std::vector<Tensor>& arrays) {
  std::vector<Tensor> result = compile(inputs, outputs)(arrays);
  EXPECT_EQ(compile(inputs, outputs, {.engine = Engine::interpret})(arrays), result);
  return result;
}

void expect_close(std::string_view what, const Tensor& got, const Reals& want, double tolerance) {
  SCOPED_TRACE(std::string(what));
  ASSERT_EQ(got.size(), static_cast<std::int64_t>(want.size()));
  Real largest = 0;
  for (const Real& w : want) largest = std::max<Real>(largest, abs(w));
  for (std::size_t i = 0; i < want.size(); ++i) {
    const Real error = abs(Real(got.span<double>()[i]) - want[i]),
               size = std::max<Real>(abs(want[i]), largest * Real("1e-4"));
    // Written so that NaN fails.
    EXPECT_TRUE(error <= size * tolerance)
        << "element " << i << ": " << got.span<double>()[i] << ", not " << want[i].str(17);
  }
}

}  // namespace actinium::problems
