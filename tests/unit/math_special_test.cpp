// Special values of the elementwise bodies: NaN, infinities, zeros and their signs, casts, integers, and which types an
// op takes.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <thread>

#include "actinium/error.h"
#include "math/functions.hpp"

namespace actinium::math {
namespace {

using ops::Op;

template <class T>
std::uint64_t encode(T x) {
  if constexpr (sizeof(T) == 1)
    return x ? 1 : 0;
  else if constexpr (sizeof(T) == 4)
    return std::bit_cast<std::uint32_t>(x);
  else
    return std::bit_cast<std::uint64_t>(x);
}
template <class T>
T decode(std::uint64_t bits) {
  if constexpr (sizeof(T) == 1)
    return bits != 0;
  else if constexpr (sizeof(T) == 4)
    return std::bit_cast<T>(static_cast<std::uint32_t>(bits));
  else
    return std::bit_cast<T>(bits);
}

/// The op on arguments of one type, by the scalar evaluator; the same whether muladd is fused.
template <class R, class... T>
R apply(Op op, DType dtype, T... arguments) {
  const std::array bits{encode(arguments)...};
  const machine::Code& code = body(op, dtype, dtype_of<R>);
  return decode<R>(machine::evaluate(code, bits, true)[0]);
}
double f(Op op, double x) { return apply<double>(op, DType::f64, x); }
double f(Op op, double x, double y) { return apply<double>(op, DType::f64, x, y); }
double f(Op op, double x, double y, double z) { return apply<double>(op, DType::f64, x, y, z); }

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double tiny = std::numeric_limits<double>::denorm_min();

/// Equal, zeros with their signs; NaNs are one value.
testing::AssertionResult same(double actual, double expected) {
  if (std::isnan(expected) ? std::isnan(actual) : actual == expected && std::signbit(actual) == std::signbit(expected))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << actual << " instead of " << expected;
}

struct Value {
  Op op;
  double x, expected;
};

TEST(MathSpecial, FunctionsAtTheirEnds) {
  const std::array values{
      Value{Op::exp, inf, inf},
      Value{Op::exp, -inf, 0},
      Value{Op::exp, -0.0, 1},
      Value{Op::exp, tiny, 1},
      Value{Op::exp, -1e300, 0},
      Value{Op::exp, 1e300, inf},
      Value{Op::exp2, 10, 1024},
      Value{Op::exp2, -1074, tiny},
      Value{Op::exp2, -1080, 0},
      Value{Op::exp2, 1024, inf},
      Value{Op::expm1, -inf, -1},
      Value{Op::expm1, inf, inf},
      Value{Op::expm1, -0.0, -0.0},
      Value{Op::expm1, tiny, tiny},
      Value{Op::log, 0, -inf},
      Value{Op::log, -0.0, -inf},
      Value{Op::log, 1, 0},
      Value{Op::log, inf, inf},
      Value{Op::log, -1, nan},
      Value{Op::log, -inf, nan},
      Value{Op::log, -tiny, nan},
      Value{Op::log2, 8, 3},
      Value{Op::log2, 0x1p-1074, -1074},
      Value{Op::log2, 0, -inf},
      Value{Op::log10, 1000, 3},
      Value{Op::log10, 1e-5, -5},
      Value{Op::log10, -2, nan},
      Value{Op::log1p, -1, -inf},
      Value{Op::log1p, -1.5, nan},
      Value{Op::log1p, -0.0, -0.0},
      Value{Op::log1p, inf, inf},
      Value{Op::log1p, -inf, nan},
      Value{Op::log1p, tiny, tiny},
      Value{Op::sqrt, -0.0, -0.0},
      Value{Op::sqrt, -1, nan},
      Value{Op::rsqrt, 0, inf},
      Value{Op::rsqrt, inf, 0},
      Value{Op::rsqrt, -1, nan},
      Value{Op::rsqrt, 4, 0.5},
      Value{Op::cbrt, -27, -3},
      Value{Op::cbrt, -0.0, -0.0},
      Value{Op::cbrt, -inf, -inf},
      Value{Op::cbrt, 0x1p-1074, 0x1p-358},
      Value{Op::reciprocal, 0, inf},
      Value{Op::reciprocal, -inf, -0.0},
      Value{Op::square, -inf, inf},
      Value{Op::sin, -0.0, -0.0},
      Value{Op::sin, inf, nan},
      Value{Op::sin, tiny, tiny},
      Value{Op::cos, -inf, nan},
      Value{Op::cos, 0, 1},
      Value{Op::tan, -0.0, -0.0},
      Value{Op::tan, inf, nan},
      Value{Op::asin, -0.0, -0.0},
      Value{Op::asin, 1, M_PI_2},
      Value{Op::asin, 1.0000001, nan},
      Value{Op::acos, 1, 0},
      Value{Op::acos, -1, M_PI},
      Value{Op::acos, -2, nan},
      Value{Op::atan, -0.0, -0.0},
      Value{Op::atan, inf, M_PI_2},
      Value{Op::atan, -inf, -M_PI_2},
      Value{Op::atan, tiny, tiny},
      Value{Op::sinh, -0.0, -0.0},
      Value{Op::sinh, -inf, -inf},
      Value{Op::sinh, tiny, tiny},
      Value{Op::cosh, -inf, inf},
      Value{Op::cosh, 0, 1},
      Value{Op::tanh, inf, 1},
      Value{Op::tanh, -0.0, -0.0},
      Value{Op::tanh, -tiny, -tiny},
      Value{Op::asinh, -0.0, -0.0},
      Value{Op::asinh, -inf, -inf},
      Value{Op::asinh, tiny, tiny},
      Value{Op::acosh, 1, 0},
      Value{Op::acosh, 0.99, nan},
      Value{Op::acosh, inf, inf},
      Value{Op::acosh, -inf, nan},
      Value{Op::atanh, 1, inf},
      Value{Op::atanh, -1, -inf},
      Value{Op::atanh, 1.1, nan},
      Value{Op::atanh, -0.0, -0.0},
      Value{Op::atanh, tiny, tiny},
      Value{Op::erf, inf, 1},
      Value{Op::erf, -inf, -1},
      Value{Op::erf, -0.0, -0.0},
      Value{Op::erfc, inf, 0},
      Value{Op::erfc, -inf, 2},
      Value{Op::erfc, 0, 1},
      Value{Op::floor, -0.5, -1},
      Value{Op::ceil, -0.5, -0.0},
      Value{Op::trunc, -1.7, -1},
      Value{Op::round, 2.5, 2},
      Value{Op::round, 3.5, 4},
      Value{Op::round, -0.5, -0.0},
      Value{Op::sign, -0.0, -0.0},
      Value{Op::sign, -tiny, -1},
      Value{Op::sign, inf, 1},
      Value{Op::abs, -0.0, 0},
      Value{Op::abs, -inf, inf},
      Value{Op::neg, 0, -0.0},
  };
  for (const Value& v : values) {
    EXPECT_TRUE(same(f(v.op, v.x), v.expected)) << ops::name_of(v.op) << "(" << v.x << ") in f64";
    const auto x = static_cast<float>(v.x);
    // What is special in f32 too: f64's subnormals and its own range are not.
    if (static_cast<double>(x) != v.x && !std::isnan(v.x)) continue;
    EXPECT_TRUE(same(static_cast<double>(apply<float>(v.op, DType::f32, x)),
                     static_cast<double>(static_cast<float>(v.expected))))
        << ops::name_of(v.op) << "(" << v.x << ") in f32";
  }
}

bool is_smooth(Op op) { return op != Op::isnan && op != Op::logical_not && op != Op::cast; }

TEST(MathSpecial, NanInNanOut) {
  for (const ops::OpInfo& info : ops::op_table) {
    if (info.kind != ops::Kind::elementwise || info.arity != 1 || !is_smooth(info.op) ||
        (info.op >= Op::sech2 && info.op <= Op::log1mexp))
      continue;
    EXPECT_TRUE(std::isnan(f(info.op, nan))) << info.name;
    EXPECT_TRUE(std::isnan(apply<float>(info.op, DType::f32, static_cast<float>(nan)))) << info.name << " in f32";
  }
  for (Op op : {Op::max, Op::min, Op::add, Op::atan2, Op::hypot, Op::pow}) {
    EXPECT_TRUE(std::isnan(f(op, nan, 2))) << ops::name_of(op);
    EXPECT_TRUE(std::isnan(f(op, 2, nan))) << ops::name_of(op);
  }
  EXPECT_TRUE(std::isnan(apply<double>(Op::clamp, DType::f64, nan, 0.0, 1.0)));
}

// normcdf(x) itself has no digits left at -14 in f32.
TEST(MathSpecial, TheTailOfTheNormalKeepsItsDigits) {
  struct Tail {
    double x, single, twice;  ///< times 2^32, times 2^64
  };
  const Tail tails[] = {
      {0, 2147483648.0, 9.2233720368547758e+18},
      {0.5, 1325158638.4164472, 5.6915130140105301e+18},
      {0.75, 973357066.83771678, 4.1805367693984797e+18},
      {3.25, 2478303.6860413581, 10644233281103885.0},
      {5.875, 9.0804917654390935, 39000415164.15821},
      {6, 4.2373616700745702, 18199329794.294221},
      {10, 3.2727019539096157e-14, 0.00014056147861597099},
      {14.25, 9.6267664664697498e-37, 4.1346647139717056e-27},
  };
  for (const Tail& t : tails) {
    const auto expected = static_cast<float>(t.single);
    const float ulp = std::nextafter(expected, INFINITY) - expected;
    EXPECT_NEAR(apply<float>(Op::normtail, DType::f32, static_cast<float>(-t.x)), expected, ulp) << t.x;
    for (double x : {t.x, -t.x})
      EXPECT_NEAR(f(Op::normtail, x), t.twice, 1.5 * (std::nextafter(t.twice, INFINITY) - t.twice)) << x;
  }
  EXPECT_NEAR(f(Op::normtail, -38.5), 2.5976381507192462e-305, 7e-321);
  EXPECT_LT(apply<float>(Op::normtail, DType::f32, 6.0f), 0x1p5f);  // beside 1 in 32 bits
}

TEST(MathSpecial, ScaledExpIsFiniteWhereItsReciprocalIsNormal) {
  for (double x : {-60.0, -17.3, -1.0, -0.01, 0.0, 0.3, 2.0, 40.0, 88.9, 109.0}) {
    const auto expected = static_cast<float>(std::ldexp(std::exp(static_cast<double>(static_cast<float>(x))), -32));
    EXPECT_NEAR(apply<float>(Op::exp_scaled, DType::f32, static_cast<float>(x)), expected,
                2 * (std::nextafter(expected, INFINITY) - expected))
        << x;
  }
  for (double x : {-600.0, -17.3, -1.0, 0.0, 0.3, 40.0, 709.9, 752.0}) {
    const auto expected = static_cast<double>(std::ldexp(std::exp(static_cast<long double>(x)), -64));
    EXPECT_NEAR(f(Op::exp_scaled, x), expected, 2 * (std::nextafter(expected, INFINITY) - expected)) << x;
  }
  EXPECT_EQ(f(Op::exp_scaled, -inf), 0);
  EXPECT_EQ(f(Op::exp_scaled, inf), inf);
  EXPECT_TRUE(std::isnan(f(Op::exp_scaled, nan)));
  EXPECT_TRUE(std::isnan(apply<float>(Op::exp_scaled, DType::f32, static_cast<float>(nan))));
}

TEST(MathSpecial, ExpOfASumKnowsTheLowPart) {
  for (double x : {-80.3, -20.1, -1.3, -0.7, 0.0}) {
    const auto high = static_cast<float>(x);
    const float low = 0.5f * (std::nextafter(high, -INFINITY) - high), factor = -1.5f;
    const double truth = static_cast<double>(factor) * std::exp(static_cast<double>(high) + static_cast<double>(low));
    const auto expected = static_cast<float>(truth);
    EXPECT_NEAR(static_cast<double>(apply<float>(Op::exp_of_sum, DType::f32, high, low, factor)), truth,
                1.5 * static_cast<double>(std::nextafter(expected, -INFINITY) - expected) * -1)
        << x;
  }
  for (double x : {-700.3, -20.1, -1.3, -0.7, 0.0}) {
    const double low = 0.5 * (std::nextafter(x, -INFINITY) - x);
    const auto expected =
        static_cast<double>(-1.5L * std::exp(static_cast<long double>(x) + static_cast<long double>(low)));
    EXPECT_NEAR(f(Op::exp_of_sum, x, low, -1.5), expected, 2 * (expected - std::nextafter(expected, -INFINITY))) << x;
  }
}

/// The factor comes in before the twos: exp(-88.5) and exp(-709) are subnormal, 40 times as much is not.
TEST(MathSpecial, ExpOfASumHasNoSubnormalInBetween) {
  const double truth = 40 * std::exp(-88.5);
  EXPECT_NEAR(static_cast<double>(apply<float>(Op::exp_of_sum, DType::f32, -88.5f, 0.0f, 40.0f)), truth, truth * 0x1p-23);
  const auto expected = static_cast<double>(40 * std::exp(-709.5L));
  EXPECT_NEAR(f(Op::exp_of_sum, -709.5, 0, 40), expected, expected * 0x1p-51);
  EXPECT_EQ(f(Op::exp_of_sum, -1600, 0, 40), 0);
  EXPECT_EQ(apply<float>(Op::exp_of_sum, DType::f32, -1600.0f, 0.0f, 40.0f), 0);
  EXPECT_TRUE(std::isnan(f(Op::exp_of_sum, nan, 0, 1)));
  EXPECT_TRUE(std::isnan(apply<float>(Op::exp_of_sum, DType::f32, static_cast<float>(nan), 0.0f, 1.0f)));
}

TEST(MathSpecial, ExpTakesARowsPowerOfTwo) {
  const auto ulps = [](double got, double expected, double ulp) { return std::abs(got - expected) / ulp; };
  for (double m : {-207.9, -88.0, -3.5, 0.0, 1e-30, 17.25, 90.0, 207.9}) {
    const auto top = static_cast<float>(m);
    const float twos = -std::rint(top * 1.44269504f);
    for (float below : {0.0f, 1e-6f, 0.1f, 1.0f, 20.0f, 60.5f, 87.0f, 100.0f, 103.0f, 120.0f, 1e30f}) {
      const float x = top - below, got = apply<float>(Op::ldexp_exp, DType::f32, x, twos);
      const auto expected = static_cast<float>(std::ldexp(std::exp(static_cast<long double>(x)), static_cast<int>(twos)));
      EXPECT_LE(ulps(got, expected, std::nextafter(expected, 4.0f) - expected), 1.5) << m << " " << below;
    }
  }
  for (double m : {-1491.9, -745.0, 3.5, 709.0, 1491.9}) {
    const double twos = -std::rint(m * 1.4426950408889634);
    for (double below : {0.0, 1e-9, 1.0, 300.0, 700.0, 744.0, 800.0, 1e300}) {
      const double got = f(Op::ldexp_exp, m - below, twos);
      const auto expected = static_cast<double>(std::ldexp(std::exp(static_cast<long double>(m - below)), static_cast<int>(twos)));
      EXPECT_LE(ulps(got, expected, std::nextafter(expected, 4.0) - expected), 1.5) << m << " " << below;
    }
  }
  EXPECT_EQ(f(Op::ldexp_exp, -inf, 3), 0);
  EXPECT_TRUE(std::isnan(f(Op::ldexp_exp, nan, 3)));
  EXPECT_TRUE(std::isnan(apply<float>(Op::ldexp_exp, DType::f32, static_cast<float>(nan), 3.0f)));
}

TEST(MathSpecial, OddFunctionsAreOddToTheBit) {
  for (Op op : {Op::sin, Op::tan, Op::asin, Op::atan, Op::sinh, Op::tanh, Op::asinh, Op::atanh, Op::erf, Op::cbrt}) {
    for (double x : {1e-310, 1e-9, 0.1, 0.3, 0.49, 0.51, 0.62, 0.63, 0.93, 1.1, 2.7, 30.0, 1e5, 1e10, 1e300}) {
      EXPECT_TRUE(same(f(op, -x), -f(op, x))) << ops::name_of(op) << "(" << x << ")";
      const auto y = static_cast<float>(x);
      EXPECT_TRUE(same(static_cast<double>(apply<float>(op, DType::f32, -y)),
                       -static_cast<double>(apply<float>(op, DType::f32, y))))
          << ops::name_of(op) << "(" << y << ") in f32";
    }
  }
}

TEST(MathSpecial, PowFollowsIeee754) {
  const double cases[][3] = {{0, 0, 1},        {nan, 0, 1},      {1, nan, 1},
                             {1, inf, 1},      {-1, inf, 1},     {-1, -inf, 1},
                             {0, -1, inf},     {-0.0, -1, -inf}, {-0.0, -2, inf},
                             {-0.0, 3, -0.0},  {-0.0, 0.5, 0},   {0.5, inf, 0},
                             {2, inf, inf},    {0.5, -inf, inf}, {-0.5, inf, 0},
                             {-inf, 3, -inf},  {-inf, 2, inf},   {-inf, -3, -0.0},
                             {-inf, 0.5, inf}, {inf, -1, 0},     {-2, 3, -8},
                             {-2, 0.5, nan},   {-1, nan, nan},   {2, 10, 1024},
                             {2, -1074, tiny}, {2, -1076, 0},    {2, 1024, inf},
                             {-2, 1025, -inf}, {3, 2, 9},        {-3, 3, -27},
                             {10, 2, 100},     {tiny, 2, 0},     {-1, 9007199254740993.0, 1}};
  for (const auto& [x, y, expected] : cases) {
    EXPECT_TRUE(same(f(Op::pow, x, y), expected)) << x << "**" << y;
    const auto fx = static_cast<float>(x), fy = static_cast<float>(y);
    if ((std::isnan(x) || static_cast<double>(fx) == x) && (std::isnan(y) || static_cast<double>(fy) == y)) {
      EXPECT_TRUE(same(static_cast<double>(apply<float>(Op::pow, DType::f32, fx, fy)),
                       static_cast<double>(static_cast<float>(expected))))
          << x << "**" << y << " in f32";
    }
  }
}

TEST(MathSpecial, Atan2AndHypot) {
  const double quarter = M_PI_4;
  const double cases[][3] = {{0, 1, 0},
                             {-0.0, 1, -0.0},
                             {0, -1, M_PI},
                             {-0.0, -1, -M_PI},
                             {0, 0, 0},
                             {0, -0.0, M_PI},
                             {-0.0, -0.0, -M_PI},
                             {1, 0, M_PI_2},
                             {-1, 0, -M_PI_2},
                             {inf, inf, quarter},
                             {inf, -inf, 3 * quarter},
                             {-inf, 1, -M_PI_2},
                             {1, inf, 0},
                             {1, -inf, M_PI},
                             {tiny, tiny, quarter},
                             {1e300, 1e300, quarter}};
  for (const auto& [y, x, expected] : cases)
    EXPECT_TRUE(same(f(Op::atan2, y, x), expected)) << "atan2(" << y << ", " << x << ")";
  EXPECT_EQ(f(Op::hypot, 3, -4), 5);
  EXPECT_EQ(f(Op::hypot, inf, nan), inf);
  EXPECT_EQ(f(Op::hypot, nan, -inf), inf);
  EXPECT_EQ(f(Op::hypot, 3e300, 4e300), 5e300);
  EXPECT_EQ(f(Op::hypot, 3 * tiny, 4 * tiny), 5 * tiny);
  EXPECT_EQ(f(Op::hypot, 1e308, 1.7e308), inf);
}

TEST(MathSpecial, ExtremesPassNanAndRawOnesAreOneInstruction) {
  EXPECT_EQ(f(Op::max, 1, 2), 2);
  EXPECT_EQ(f(Op::min, 1, -inf), -inf);
  EXPECT_EQ(apply<double>(Op::clamp, DType::f64, 5.0, -1.0, 1.0), 1);
  EXPECT_EQ(apply<double>(Op::clamp, DType::f64, -inf, -1.0, 1.0), -1);
  EXPECT_EQ(f(Op::raw_max, nan, 2), 2);
  EXPECT_TRUE(std::isnan(f(Op::raw_max, 2, nan)));
  EXPECT_EQ(body(Op::raw_max, DType::f32).insts.size(), 3u);
}

TEST(MathSpecial, Casts) {
  EXPECT_EQ((apply<std::int32_t>(Op::cast, DType::f32, 3e9f)), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ((apply<std::int64_t>(Op::cast, DType::f64, -1e30)), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ((apply<std::int32_t>(Op::cast, DType::f64, nan)), 0);
  EXPECT_EQ((apply<std::int32_t>(Op::cast, DType::f64, -2.9)), -2);
  EXPECT_TRUE((apply<bool>(Op::cast, DType::f64, nan)));
  EXPECT_FALSE((apply<bool>(Op::cast, DType::f64, -0.0)));
  EXPECT_TRUE((apply<bool>(Op::cast, DType::i64, std::int64_t{1} << 40)));
  EXPECT_EQ((apply<std::int32_t>(Op::cast, DType::i64, (std::int64_t{1} << 32) + 7)), 7);
  EXPECT_EQ((apply<std::int64_t>(Op::cast, DType::i32, -7)), -7);
  EXPECT_EQ((apply<float>(Op::cast, DType::b8, true)), 1.0f);
  EXPECT_EQ((apply<double>(Op::cast, DType::f32, 0.1f)), static_cast<double>(0.1f));
  EXPECT_EQ((apply<float>(Op::cast, DType::f64, 1e300)), std::numeric_limits<float>::infinity());
  EXPECT_EQ((apply<float>(Op::cast, DType::i64, std::int64_t{9007199791611905})), 0x1p53f + 0x1p30f) << "rounded once";
}

TEST(MathSpecial, Integers) {
  constexpr std::int32_t low = std::numeric_limits<std::int32_t>::min(),
                         high = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ((apply<std::int32_t>(Op::abs, DType::i32, -5)), 5);
  EXPECT_EQ((apply<std::int32_t>(Op::abs, DType::i32, low)), low) << "wraps";
  EXPECT_EQ((apply<std::int32_t>(Op::sign, DType::i32, -5)), -1);
  EXPECT_EQ((apply<std::int32_t>(Op::add, DType::i32, high, 1)), low);
  EXPECT_EQ((apply<std::int32_t>(Op::max, DType::i32, -3, 2)), 2);
  EXPECT_EQ((apply<std::int64_t>(Op::clamp, DType::i64, std::int64_t{9}, std::int64_t{-1}, std::int64_t{3})), 3);
  EXPECT_EQ((apply<std::int32_t>(Op::round, DType::i32, 7)), 7);
  const std::int64_t powers[][3] = {
      {3, 0, 1},    {0, 0, 1},      {3, 5, 243}, {-2, 63, std::numeric_limits<std::int64_t>::min()},
      {7, 1, 7},    {-1, 1001, -1}, {2, 64, 0},  {5, -1, 0},
      {-1, -3, -1}, {1, -9, 1},     {0, -1, 0},  {3, 100, -2984622845537545263}};
  for (const auto& [x, y, expected] : powers)
    EXPECT_EQ((apply<std::int64_t>(Op::pow, DType::i64, x, y)), expected) << x << "**" << y;
  EXPECT_EQ((apply<std::int32_t>(Op::pow, DType::i32, -3, 3)), -27);
}

TEST(MathSpecial, Predicates) {
  EXPECT_TRUE((apply<bool>(Op::less, DType::f64, 1.0, 2.0)));
  EXPECT_FALSE((apply<bool>(Op::greater_equal, DType::f64, nan, 2.0)));
  EXPECT_TRUE((apply<bool>(Op::not_equal, DType::f64, nan, nan)));
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      EXPECT_EQ((apply<bool>(Op::less, DType::b8, a, b)), a < b);
      EXPECT_EQ((apply<bool>(Op::less_equal, DType::b8, a, b)), a <= b);
      EXPECT_EQ((apply<bool>(Op::greater, DType::b8, a, b)), a > b);
      EXPECT_EQ((apply<bool>(Op::greater_equal, DType::b8, a, b)), a >= b);
      EXPECT_EQ((apply<bool>(Op::equal, DType::b8, a, b)), a == b);
      EXPECT_EQ((apply<bool>(Op::not_equal, DType::b8, a, b)), a != b);
      EXPECT_EQ((apply<bool>(Op::max, DType::b8, a, b)), a || b);
      EXPECT_EQ((apply<bool>(Op::min, DType::b8, a, b)), a && b);
      EXPECT_EQ((apply<bool>(Op::logical_xor, DType::b8, a, b)), a != b);
    }
  }
  EXPECT_TRUE((apply<bool>(Op::isnan, DType::f64, nan)));
  EXPECT_FALSE((apply<bool>(Op::isnan, DType::i32, 3)));
  EXPECT_TRUE((apply<bool>(Op::logical_and, DType::f64, 0.5, -2.0))) << "a number is true unless it is 0";
}

TEST(MathSpecial, OpsWithoutABodyAreRejected) {
  EXPECT_THROW(body(Op::sigmoid, DType::f32), InternalError);
  EXPECT_THROW(body(Op::matmul, DType::f32), InternalError);
  EXPECT_THROW(body(Op::exp, DType::i32), InternalError);
  EXPECT_THROW(body(Op::div, DType::i64), InternalError);
  EXPECT_THROW(body(Op::add, DType::b8), InternalError);
}

TEST(MathSpecial, ThreadsShareOneBody) {
  std::array<const machine::Code*, 8> seen{};
  std::vector<std::thread> threads;
  for (auto& s : seen) threads.emplace_back([&s] { s = &body(Op::atanh, DType::f64); });
  for (auto& t : threads) t.join();
  for (const auto* s : seen) EXPECT_EQ(s, seen[0]);
}

}  // namespace
}  // namespace actinium::math
