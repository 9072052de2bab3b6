// Every elementwise function is within its bound in ulp of the exact value, whether muladd is fused or not: f32 on bit
// patterns over the whole range against functions of double, f64 on structured points against MPFR. Start reading at
// `functions`.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "interpret/vector_program.hpp"
#include "math/functions.hpp"

namespace actinium::math {
namespace {

using Exact1 = int (*)(mpfr_t, mpfr_srcptr, mpfr_rnd_t);
using Exact2 = int (*)(mpfr_t, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);
using Double1 = double (*)(double);

struct Function {
  ops::Op op;
  double bound_f32, bound_f64;  ///< ulp
  Double1 in_double;            ///< good to an ulp of double
  Exact1 exact;
  std::vector<double> edges;  ///< where the lowering changes its path, or the result its kind
};

int reciprocal(mpfr_t y, mpfr_srcptr x, mpfr_rnd_t mode) { return mpfr_ui_div(y, 1, x, mode); }
/// mpfr_rec_sqrt(-0) is +inf; IEEE 754 has 1/sqrt(-0) = -inf.
int reciprocal_root(mpfr_t y, mpfr_srcptr x, mpfr_rnd_t mode) {
  return mpfr_zero_p(x) ? mpfr_ui_div(y, 1, x, mode) : mpfr_rec_sqrt(y, x, mode);
}

const std::vector<double> quarter_turns{0.785398163, 1.570796327,          3.141592654,           51471,
                                        1.68663e9,   0x1.921fb54442d18p+0, 0x1.6ac5b262ca1ffp+849};

const std::vector<Function> functions{
    {ops::Op::exp,
     1,
     1.5,
     std::exp,
     mpfr_exp,
     {88.7228, -87.3365, -103.972, 709.7827, -708.3964, -745.1332, 0.34657, 1.0397}},
    {ops::Op::exp2, 1, 1.5, std::exp2, mpfr_exp2, {128, -126, -149, -150, 1024, -1022, -1074, -1075, 0.5, 1}},
    {ops::Op::expm1,
     1,
     1.5,
     std::expm1,
     mpfr_expm1,
     {88.7228, 709.7827, -17.3, -37.4, 17.1, 37.2, 0.4852, 0.6931, 1e-8}},
    {ops::Op::log, 1, 1.5, std::log, mpfr_log, {1, 0.70711, 1.41421, 1.17549435e-38, 2.2250738585072014e-308}},
    {ops::Op::log2, 1, 1.5, std::log2, mpfr_log2, {1, 2, 0.70711, 1.41421, 1.17549435e-38, 2.2250738585072014e-308}},
    {ops::Op::log10,
     1,
     1.5,
     std::log10,
     mpfr_log10,
     {1, 10, 1000, 0.70711, 1.41421, 1.17549435e-38, 2.2250738585072014e-308}},
    {ops::Op::log1p, 1, 1.5, std::log1p, mpfr_log1p, {-1, -0.25, 0.5, 2, 2.55e38, 3.40282e38, 1.35e308}},
    {ops::Op::sqrt, 0.5, 0.5, std::sqrt, mpfr_sqrt, {1, 4}},
    {ops::Op::rsqrt, 1, 1.5, [](double x) { return 1 / std::sqrt(x); }, reciprocal_root, {1, 4}},
    {ops::Op::cbrt, 1, 1.5, std::cbrt, mpfr_cbrt, {1, 8, 0x1p-60, 0x1p-900}},
    {ops::Op::square, 0.5, 0.5, [](double x) { return x * x; }, mpfr_sqr, {1}},
    {ops::Op::reciprocal, 0.5, 0.5, [](double x) { return 1 / x; }, reciprocal, {1}},
    {ops::Op::sin, 1, 1.5, std::sin, mpfr_sin, quarter_turns},
    {ops::Op::cos, 1, 1.5, std::cos, mpfr_cos, quarter_turns},
    {ops::Op::tan, 1, 1.5, std::tan, mpfr_tan, quarter_turns},
    {ops::Op::asin, 1, 1.5, std::asin, mpfr_asin, {0.5, 1}},
    {ops::Op::acos, 1, 1.5, std::acos, mpfr_acos, {0.5, 1}},
    {ops::Op::atan, 1, 1.5, std::atan, mpfr_atan, {1, 0.92}},
    {ops::Op::sinh, 1, 1.5, std::sinh, mpfr_sinh, {1.04, 89.416, 710.4758}},
    {ops::Op::cosh, 1, 1.5, std::cosh, mpfr_cosh, {0.34657, 1.0397, 89.416, 710.4758}},
    {ops::Op::tanh, 1, 1.5, std::tanh, mpfr_tanh, {0.2031, 0.2344, 0.5625, 9.01, 19.06}},
    {ops::Op::asinh, 1, 1.5, std::asinh, mpfr_asinh, {0.4, 8192, 0x1p28}},
    {ops::Op::acosh, 1, 1.5, std::acosh, mpfr_acosh, {1, 1.07, 8192, 0x1p28}},
    {ops::Op::atanh, 1, 1.5, std::atanh, mpfr_atanh, {0.2, 1}},
    {ops::Op::erf, 1, 1.5, std::erf, mpfr_erf, {0.9375, 1, 3.92, 5.92}},
    {ops::Op::erfc, 1, 1.5, std::erfc, mpfr_erfc, {0.5, 1.3, 9.19, 10.05, 26.54, 27.22}},
    {ops::Op::floor,
     0,
     0,
     std::floor,
     [](mpfr_t y, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_floor(y, x); },
     {1, 0x1p23, 0x1p52}},
    {ops::Op::ceil,
     0,
     0,
     std::ceil,
     [](mpfr_t y, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_ceil(y, x); },
     {1, 0x1p23, 0x1p52}},
    {ops::Op::trunc,
     0,
     0,
     std::trunc,
     [](mpfr_t y, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_trunc(y, x); },
     {1, 0x1p23, 0x1p52}},
    {ops::Op::round,
     0,
     0,
     std::nearbyint,
     [](mpfr_t y, mpfr_srcptr x, mpfr_rnd_t) { return mpfr_rint(y, x, MPFR_RNDN); },
     {0.5, 1.5, 2.5}},
};

/// Runs a body over arrays by the interpreter's vectors.
class Runner {
 public:
  Runner(ops::Op op, DType dtype, bool fused)
      : program_(body(op, dtype), inputs_of(body(op, dtype)), fused), frame_(program_.frame_bytes() + 64) {}

  template <class T>
  std::vector<T> run(const std::vector<std::vector<T>>& arguments) {
    std::vector<interpret::Source> sources;
    for (const auto& a : arguments) sources.push_back({a.data(), 1, 0});
    const std::size_t n = arguments[0].size();
    void* frame = reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(frame_.data()) + 63) / 64 * 64);
    std::vector<T> result(n);
    program_.begin_row(sources.data(), frame);
    for (std::size_t start = 0; start < n; start += static_cast<std::size_t>(program_.width())) {
      const std::size_t count = std::min(n - start, static_cast<std::size_t>(program_.width()));
      program_.run(sources.data(), static_cast<std::int64_t>(start), static_cast<int>(count), frame);
      std::copy_n(static_cast<const T*>(program_.output(0, frame).data), count,
                  result.begin() + static_cast<std::ptrdiff_t>(start));
    }
    return result;
  }

 private:
  static std::vector<interpret::VectorProgram::Input> inputs_of(const machine::Code& code) {
    std::vector<interpret::VectorProgram::Input> inputs;
    for (machine::Type t : code.inputs) inputs.push_back({.type = t});
    return inputs;
  }
  interpret::VectorProgram program_;
  std::vector<char> frame_;
};

constexpr double wrong = std::numeric_limits<double>::infinity();

/// Distance in ulp of the exact value; infinite for a wrong NaN, a wrong zero's sign, or an overflow that is none.
double ulps(float actual, double exact) {
  if (std::isnan(exact) || std::isnan(actual)) return std::isnan(exact) == std::isnan(actual) ? 0 : wrong;
  if (exact == 0 || std::isinf(exact))
    return actual == static_cast<float>(exact) && std::signbit(actual) == std::signbit(exact) ? 0 : wrong;
  const double value = std::isinf(actual) ? std::copysign(0x1p128, actual) : static_cast<double>(actual);
  if (std::isinf(actual) && std::fabs(exact) > 0x1p128) return std::signbit(actual) == std::signbit(exact) ? 0 : wrong;
  return std::fabs(value - exact) / std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
}

class Number {
 public:
  explicit Number(mpfr_prec_t bits) { mpfr_init2(x_, bits); }
  ~Number() { mpfr_clear(x_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  operator mpfr_ptr() { return x_; }

 private:
  mpfr_t x_;
};

double ulps(double actual, mpfr_srcptr exact, Number& difference) {
  if (mpfr_nan_p(exact) || std::isnan(actual)) return (mpfr_nan_p(exact) != 0) == std::isnan(actual) ? 0 : wrong;
  if (mpfr_zero_p(exact) || mpfr_inf_p(exact)) {
    return actual == mpfr_get_d(exact, MPFR_RNDN) && std::signbit(actual) == (mpfr_signbit(exact) != 0) ? 0 : wrong;
  }
  const auto exponent = mpfr_get_exp(exact) - 1;
  if (std::isinf(actual)) {
    if (std::signbit(actual) != (mpfr_signbit(exact) != 0)) return wrong;
    if (exponent >= 1024) return 0;
    mpfr_set_si_2exp(difference, std::signbit(actual) ? -1 : 1, 1024, MPFR_RNDN);
  } else {
    mpfr_set_d(difference, actual, MPFR_RNDN);
  }
  mpfr_sub(difference, difference, exact, MPFR_RNDN);
  mpfr_mul_2si(difference, difference, 52 - std::max<mpfr_exp_t>(exponent, -1022), MPFR_RNDN);
  return std::fabs(mpfr_get_d(difference, MPFR_RNDN));
}

struct Worst {
  double ulps = 0, x = 0, y = 0, result = 0;
  void see(double u, double at, double and_at, double value) {
    if (u > ulps) *this = {u, at, and_at, value};
  }
};

void check(const Worst& worst, double bound, bool fused) {
  EXPECT_LE(worst.ulps, bound) << (fused ? "fused" : "not fused") << ", at " << testing::PrintToString(worst.x) << " ("
                               << std::hexfloat << worst.x << ", " << worst.y << ") gives " << worst.result;
  testing::Test::RecordProperty(fused ? "ulp_fused" : "ulp_not_fused", std::to_string(worst.ulps));
}

template <class T>
void neighbours(std::vector<T>& points, double centre, int count) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const Bits bits = std::bit_cast<Bits>(static_cast<T>(centre));
  for (int i = -count; i <= count; ++i) {
    const T x = std::bit_cast<T>(bits + static_cast<Bits>(i));
    points.push_back(x);
    points.push_back(-x);
  }
}

/// On both sides of 1, closer and closer: where logarithms, acosh and acos vanish.
template <class T>
void around_one(std::vector<T>& points) {
  for (int k = 1; k < 52; ++k) {
    for (double u : {1.0, 1.23, 1.47, 1.81}) {
      for (double sign : {1.0, -1.0}) {
        points.push_back(static_cast<T>(1 + std::ldexp(sign * u, -k)));
        points.push_back(static_cast<T>(-1 + std::ldexp(sign * u, -k)));
      }
    }
  }
}

std::vector<float> points_f32(const Function& f) {
  std::vector<float> points{
      0.0f, -0.0f, INFINITY, -INFINITY, NAN, std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()};
  constexpr std::uint64_t stride = 2039;  // a prime
  for (std::uint64_t bits = 1; bits < (1ull << 32); bits += stride)
    points.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (double edge : f.edges) {
    if (std::fabs(edge) < 3.4e38) neighbours(points, edge, 2000);
  }
  around_one(points);
  return points;
}

std::vector<double> points_f64(const std::vector<double>& edges, std::mt19937_64& random) {
  std::vector<double> points{
      0.0, -0.0, INFINITY, -INFINITY, NAN, std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()};
  for (std::uint64_t exponent = 0; exponent < 2047; ++exponent) {
    for (std::uint64_t mantissa : std::initializer_list<std::uint64_t>{0, (1ull << 52) - 1, random() >> 12}) {
      for (std::uint64_t sign : std::initializer_list<std::uint64_t>{0, 1})
        points.push_back(std::bit_cast<double>(sign << 63 | exponent << 52 | mantissa));
    }
  }
  for (double edge : edges) neighbours(points, edge, 150);
  around_one(points);
  for (double width : {0.5, 2.0, 30.0, 750.0}) {
    std::uniform_real_distribution<double> uniform(-width, width);
    for (int i = 0; i < 4000; ++i) points.push_back(uniform(random));
  }
  return points;
}

class MathAccuracy : public testing::TestWithParam<Function> {};

TEST_P(MathAccuracy, F32) {
  const Function& f = GetParam();
  const std::vector<float> points = points_f32(f);
  const std::vector<float> fused = Runner(f.op, DType::f32, true).run<float>({points});
  const std::vector<float> separate = Runner(f.op, DType::f32, false).run<float>({points});
  Worst with, without;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double exact = f.in_double(static_cast<double>(points[i]));
    with.see(ulps(fused[i], exact), points[i], 0, fused[i]);
    without.see(ulps(separate[i], exact), points[i], 0, separate[i]);
  }
  check(with, f.bound_f32, true);
  check(without, f.bound_f32, false);
}

TEST_P(MathAccuracy, F64) {
  const Function& f = GetParam();
  std::mt19937_64 random(3);
  const std::vector<double> points = points_f64(f.edges, random);
  const std::vector<double> fused = Runner(f.op, DType::f64, true).run<double>({points});
  const std::vector<double> separate = Runner(f.op, DType::f64, false).run<double>({points});
  Number x(53), exact(80), difference(120);
  Worst with, without;
  for (std::size_t i = 0; i < points.size(); ++i) {
    mpfr_set_d(x, points[i], MPFR_RNDN);
    f.exact(exact, x, MPFR_RNDN);
    with.see(ulps(fused[i], exact, difference), points[i], 0, fused[i]);
    without.see(ulps(separate[i], exact, difference), points[i], 0, separate[i]);
  }
  check(with, f.bound_f64, true);
  check(without, f.bound_f64, false);
}

INSTANTIATE_TEST_SUITE_P(All, MathAccuracy, testing::ValuesIn(functions),
                         [](const auto& info) { return std::string(ops::name_of(info.param.op)); });

// --- two arguments ---

struct Function2 {
  ops::Op op;
  double bound_f32, bound_f64;
  Exact2 exact;
};
const std::vector<Function2> functions2{
    {ops::Op::pow, 2, 2, mpfr_pow},
    {ops::Op::atan2, 1, 1.5, mpfr_atan2},
    {ops::Op::hypot, 1, 1.5, mpfr_hypot},
};

/// Pairs of special values, and random ones whose result is finite more often than not.
template <class T>
std::vector<std::vector<T>> pairs(ops::Op op, int count) {
  using Limits = std::numeric_limits<T>;
  const std::vector<T> special{0,
                               -T(0),
                               1,
                               -1,
                               2,
                               -2,
                               3,
                               -3,
                               T(0.5),
                               T(-0.5),
                               Limits::infinity(),
                               -Limits::infinity(),
                               Limits::quiet_NaN(),
                               T(1.5),
                               T(-1.5),
                               Limits::denorm_min(),
                               -Limits::denorm_min(),
                               Limits::min(),
                               Limits::max(),
                               Limits::lowest(),
                               T(1e9),
                               T(16777215),
                               T(16777217),
                               T(9007199254740991.0),
                               T(-9007199254740993.0)};
  std::vector<std::vector<T>> result(2);
  const auto add = [&](T x, T y) {
    result[0].push_back(x);
    result[1].push_back(y);
  };
  for (T x : special) {
    for (T y : special) add(x, y);
  }
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> unit(-1, 1);
  const double range = sizeof(T) == 4 ? 85 : 700;
  for (int i = 0; i < count; ++i) {
    const T x = static_cast<T>(std::exp(unit(random) * (i % 3 == 0 ? range : i % 3 == 1 ? 2 : 0.005)));
    if (op == ops::Op::pow) {
      const T y = static_cast<T>(range * 1.2 / std::log(static_cast<double>(x)) * unit(random));
      if (i % 4 == 0)
        add(-x, std::rint(y));
      else
        add(x, y);
    } else {
      const T y = static_cast<T>(static_cast<double>(x) * std::exp(unit(random) * (i % 2 == 0 ? 3 : 60)));
      add(i % 5 == 0 ? -x : x, i % 7 == 0 ? -y : y);
    }
  }
  return result;
}

template <class T>
void test_pairs(const Function2& f, double bound, int count) {
  const std::vector<std::vector<T>> points = pairs<T>(f.op, count);
  Number x(53), y(53), exact(80), difference(120);
  for (bool fused : {true, false}) {
    const std::vector<T> results = Runner(f.op, dtype_of<T>, fused).run<T>(points);
    Worst worst;
    for (std::size_t i = 0; i < results.size(); ++i) {
      mpfr_set_d(x, points[0][i], MPFR_RNDN);
      mpfr_set_d(y, points[1][i], MPFR_RNDN);
      f.exact(exact, x, y, MPFR_RNDN);
      const double u = sizeof(T) == 8 ? ulps(static_cast<double>(results[i]), exact, difference)
                                      : ulps(static_cast<float>(results[i]), mpfr_get_d(exact, MPFR_RNDN));
      worst.see(u, points[0][i], points[1][i], results[i]);
    }
    check(worst, bound, fused);
  }
}

class MathAccuracy2 : public testing::TestWithParam<Function2> {};
TEST_P(MathAccuracy2, F32) { test_pairs<float>(GetParam(), GetParam().bound_f32, 60000); }
TEST_P(MathAccuracy2, F64) { test_pairs<double>(GetParam(), GetParam().bound_f64, 60000); }
INSTANTIATE_TEST_SUITE_P(All, MathAccuracy2, testing::ValuesIn(functions2),
                         [](const auto& info) { return std::string(ops::name_of(info.param.op)); });

}  // namespace
}  // namespace actinium::math
