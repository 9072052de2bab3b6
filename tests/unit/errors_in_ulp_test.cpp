// errors_in_ulp: known errors at known points, and what has none.
#include <gtest/gtest.h>

#include <cmath>

#include "actinium/actinium.h"
#include "actinium/certify.h"

namespace actinium {
namespace {

TEST(ErrorsInUlp, AreThoseOfTheResults) {
  for (const DType type : {f32, f64}) {
    Graph g(type, {.recognise = false});
    const Expr x = g.input("x", {"n"}, type);
    // Exact, and rounded once: x + 2^-30 (f32) is x for x = 1, and the truth lies 2^-7 of a last place away.
    for (const double error : errors_in_ulp(2 * x, std::vector{1.0, -0.375, 1e10})) EXPECT_EQ(error, 0);
    const double tiny = type == f32 ? 0x1p-30 : 0x1p-59;
    EXPECT_EQ(errors_in_ulp(x + tiny, std::vector{1.0})[0], 0x1p-7);
    // What cancels: few digits are left in f64, none in f32.
    EXPECT_GT(errors_in_ulp(1 - sigmoid(x), std::vector{20.0})[0], 1e5);
    for (int order = 0; order <= 2; ++order)
      for (const double error : errors_in_ulp(sigmoid(x), std::vector{-30.0, -1.0, 0.5, 3.0, 30.0}, order))
        EXPECT_LE(error, 4) << order;
    EXPECT_TRUE(std::isinf(errors_in_ulp(exp(x) / exp(x), std::vector{1000.0})[0])) << "NaN for 1";
    EXPECT_TRUE(std::isnan(errors_in_ulp(log(x), std::vector{-1.0})[0])) << "no truth";
  }
}

TEST(ErrorsInUlp, RefusesWhatHasNoTruth) {
  Graph g;
  const Expr x = g.input("x", {"n"}), y = g.input("y", {"n"});
  EXPECT_THROW(errors_in_ulp(x + y, std::vector{1.0}), ValueError);
  EXPECT_THROW(errors_in_ulp(softmax(x), std::vector{1.0}), ValueError);
  EXPECT_THROW(errors_in_ulp(x, std::vector{1.0}, 9), ValueError);
}

}  // namespace
}  // namespace actinium
