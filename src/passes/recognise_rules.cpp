// The table of recognise: one line of algebra a rule, as users write it, what is computed instead, and why. Inner formulas are
// recognised before outer ones, so a rule may lean on those above it: `1 + tanh(x)` is twice a sigmoid by the time x times it is
// looked at. tests/fuzz/recognise_test.cpp and `actinium recognise` hold every rule to its promise. Start reading at table.
#include <limits>
#include <numbers>

#include "actinium/activations.h"
#include "passes/recognise.hpp"

namespace actinium::passes {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

#define LETTERS                                                                                        \
  [[maybe_unused]] const Expr &x = v.x, &y = v.y, &sqrt2 = v.sqrt2, &pi = v.pi;                         \
  [[maybe_unused]] const Axes& axes = v.axes;                                                           \
  [[maybe_unused]] const bool keep = v.keep;                                                            \
  [[maybe_unused]] const auto ratio = [&](double p, double q) { return v.ratio(p, q); };
#define F(expression) [](const Letters& v) -> Expr { LETTERS return expression; }
#define RULE(name, from, to, why, ...) Rule{name, Use::always, #from, #to, why, F(from), F(to) __VA_OPT__(, ) __VA_ARGS__}
#define VALUE(name, from, to, why, ...) Rule{name, Use::values, #from, #to, why, F(from), F(to) __VA_OPT__(, ) __VA_ARGS__}
#define Y(...) {.y = {__VA_ARGS__}}
#define ROW(formula) {.row = {-1, 2}, .truth = F(formula)}

// --- What the language has no word for ---

/// log(exp(x) + exp(y)): the larger, and what the other adds; the mean slope where both are equal. The rounding of the difference
/// is made good, or it would cost slopes as many ulp as there are units in it.
Expr logaddexp(const Expr& x, const Expr& y) {
  const Expr most = where(x > y, x, y), least = where(x > y, y, x);
  const Expr d = where(x == y, 0, least - most), back = d - least;  // not inf - inf
  const Expr low = stop_gradient((least - (d - back)) - (most + back)), e = exp(d);
  return where(x == y, 0.5 * x + 0.5 * y + std::numbers::ln2, most + log1p(e + e * where(abs(low) < 1, low, 0)));
}

/// log(exp(x) - 1): large x is itself, nearly.
Expr logexpm1(const Expr& x) {
  const Expr far = x > 1;
  return where(far, x + log1mexp(where(far, x, 1)), log(max(expm1(where(far, 1, x)), -1)));  // max, so that this is not found again
}

/// log(cosh(x)).
Expr logcosh(const Expr& x) {
  return where(abs(x) < 20, log1p(2 * square(sinh(0.5 * x))), abs(x) - std::numbers::ln2);
}

/// x log(x), 0 at 0, where its slope is that at the smallest number.
Expr xlogx(const Expr& x) {
  const double smallest = x.dtype() == DType::f32 ? 0x1p-149 : 0x1p-1074;
  return x * log(where(x == 0, smallest, x));
}

/// x ** 0.5, which is no sqrt at -0 and -inf.
Expr root(const Expr& x) { return where(x == -inf, inf, sqrt(x) + 0.0); }

/// 1/(1 + x*x): far out 1/x twice, whose slope does not vanish before its time.
Expr lorentzian(const Expr& x) {
  const double far = x.dtype() == DType::f32 ? 0x1p13 : 0x1p28;
  return where(abs(x) < far, reciprocal(fma(x, x, 1)), square(reciprocal(x)));
}

bool single(const Expr& x) { return x.dtype() == DType::f32; }

/// The coefficients of a series: reciprocals of factorials.
template <std::size_t Most>
struct Reciprocals {
  std::array<double, Most> of{};
  /// 1/(first)!, sign/(first + step)!, ...
  constexpr Reciprocals(int first, int step, double sign) {
    double factorial = 1, s = 1;
    int k = 1;
    for (std::size_t i = 0; i < Most; ++i, s *= sign) {
      for (; k <= first + static_cast<int>(i) * step; ++k) factorial *= k;
      of[i] = s / factorial;
    }
  }
};

/// sum c[i] u^i over as many terms as the type needs.
template <std::size_t Most>
Expr series(const Expr& u, const Reciprocals<Most>& c, std::size_t few) {
  const std::size_t n = single(u) ? few : Most;
  Expr sum = c.of[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) sum = c.of[i] + u * sum;
  return sum;
}

/// `inside(x)` where |x| < radius, `outside(x, x)` elsewhere; neither is asked, nor differentiated, where it does not hold. The two x
/// of `outside` are different nodes, so that it is not found again.
template <class Inside, class Outside>
Expr near_zero(const Expr& x, double radius, Inside&& inside, Outside&& outside) {
  const Expr near = abs(x) < radius;
  return where(near, inside(where(near, x, 0)), outside(where(near, 1, x), where(near, 2, x)));
}

/// (exp(x) - 1)/x.
Expr exp_slope(const Expr& x) {
  static constexpr Reciprocals<21> c(1, 1, 1);
  return near_zero(x, 1, [](const Expr& v) { return series(v, c, 13); }, [](const Expr& v, const Expr& w) { return expm1(v) / min(w, 1e30); });
}

/// x/(exp(x) - 1), Bernoulli's function.
Expr bernoulli(const Expr& x) {
  static constexpr Reciprocals<21> c(1, 1, 1);
  return near_zero(x, 1, [](const Expr& v) { return 1 / series(v, c, 13); },
                   [](const Expr& v, const Expr& w) { return where(v < 0, -v, min(v, 1e4) * exp(-v)) / -expm1(-abs(w)); });
}

/// exp(x) - 1 - x.
Expr exp_rest(const Expr& x) {
  static constexpr Reciprocals<20> c(2, 1, 1);
  return near_zero(x, 1, [](const Expr& v) { return square(v) * series(v, c, 12); }, [](const Expr& v, const Expr& w) { return expm1(v) - min(w, 1e30); });
}

/// x - log(1 + x): with s = x/(2 + x), log(1 + x) is twice s + s^3/3 + s^5/5 + ..., and x - 2 s is s x.
Expr log_rest(const Expr& x) {
  const auto inside = [](const Expr& v) {
    const Expr s = v / (2 + v), u = square(s);
    const int terms = single(v) ? 9 : 19;
    Expr sum = 1.0 / (2 * terms + 1);
    for (int k = terms - 1; k > 0; --k) sum = 1.0 / (2 * k + 1) + u * sum;
    return s * (v - 2 * (u * sum));
  };
  return near_zero(x, 0.5, inside, [](const Expr& v, const Expr& w) { return v - log1p(min(w, 1e30)); });
}

/// sin(x)/x.
Expr sinc(const Expr& x) {
  static constexpr Reciprocals<11> c(1, 2, -1);
  return near_zero(x, 1, [](const Expr& v) { return series(square(v), c, 7); }, [](const Expr& v, const Expr& w) { return sin(v) / w; });
}

/// x - sin(x).
Expr sin_rest(const Expr& x) {
  static constexpr Reciprocals<10> c(3, 2, -1);
  return near_zero(x, 1, [](const Expr& v) { return v * (square(v) * series(square(v), c, 6)); }, [](const Expr& v, const Expr& w) { return v - sin(w); });
}

/// 1/cosh(x). The inner `where` is there so that it is not found again.
Expr sech(const Expr& x) {
  const Expr near = abs(x) < 20;
  return where(near, 1 / where(near, cosh(where(near, x, 0)), 1), 2 * exp(-abs(x)));
}

/// sqrt(x*x + 1) - x: as it is up to 1; the x there are two nodes, so that it is not found again.
Expr hypot_minus_x(const Expr& x) {
  const Expr small = x < 1, v = where(small, x, 1), w = where(small, x, 2);
  return where(small, hypot(v, 1) - w, squareplus(-2 * where(small, 1, x)));
}

/// log(x/(1 - x)): 2 x - 1 is exact near 1/2, where this is 0.
Expr logit(const Expr& x) {
  const Expr middle = abs(x - 0.5) < 0.25;
  const Expr far = where(middle, 0.125, x), same = where(middle, 0.25, x);  // two nodes, so that this is not found again
  return where(middle, 2 * atanh(where(middle, 2 * x - 1, 0)), log(far) - log1p(-same));
}

/// log(normcdf(x)): far to the left by the asymptotic series of Mills' ratio.
Expr log_normcdf(const Expr& x) {
  const double end = single(x) ? -8 : -20;
  const Expr far = x < end, z = where(far, x, end), u = 1 / square(z);
  const int terms = single(x) ? 8 : 12;  // 1 - u + 3 u^2 - 15 u^3 + ...
  Expr sum = 1;
  for (int k = terms; k > 1; --k) sum = 1 - (2 * k - 1) * u * sum;
  const Expr tail = -0.5 * square(z) - log(-z) + (log1p(-u * sum) - 0.91893853320467274178);
  const Expr near = where(far, end, x), right = near > 0;
  return where(far, tail, where(right, log1p(-normcdf(-near)), log(max(normcdf(near), 0))));  // max, so that this is not found again
}

const std::vector<Rule>& table() {
  static const std::vector<Rule> all{
      // --- exp, log and powers ---
      RULE("expm1", exp(x) - 1, expm1(x), "all digits are lost near 0: exp(1e-20) - 1 is 0"),
      RULE("log1p", log(1 + x), log1p(x), "all digits are lost near 0: log(1 + 1e-20) is 0"),
      RULE("log-of-exp", log(exp(x)), x, "overflowed from 88.7; -inf below -104"),
      RULE("exp-of-log", exp(log(x)), where(x < 0, nan, x), "the rounding of the logarithm costs 60 ulp; slope NaN at 0"),
      RULE("power-by-exp", exp(y * log(x)), where(x < 0, nan, pow(x, y)), "the rounding of the product costs 60 ulp", Y(1.5, -3, 0.25)),
      RULE("reciprocal-of-exp", 1 / exp(x), exp(-x), "few digits from exp(-87.3) on, which is subnormal", {}, true),
      RULE("sqrt-of-exp", sqrt(exp(x)), exp(x / 2), "overflowed from 88.7 instead of 177; 0 below -104"),
      VALUE("log-of-sqrt", log(sqrt(x)), log(x) / 2, "the rounding of the root is all that is left near 1"),
      RULE("log-of-square", log(x * x), 2 * log(abs(x)), "overflowed from 1.8e19; the rounding of the square is all that is left near 1"),
      RULE("log-of-reciprocal", log(1 / x), -log(x), "the rounding of the quotient is all that is left near 1"),
      VALUE("power-one-half", pow(x, 0.5), root(x), "costs a logarithm and an exponential"),
      RULE("abs-by-power", pow(x * x, 0.5), abs(x), "overflowed from 1.8e19, 0 below 2.6e-23; slope NaN there"),
      RULE("hypot-by-power", pow(x * x + y * y, 0.5), hypot(x, y), "overflowed from 1.8e19, 0 below 2.6e-23; slope NaN there", Y(1, -3, 0)),
      RULE("log1mexp", log(1 - exp(-x)), log1mexp(x), "0 from 16.6 on, and digits are lost long before; -inf near 0"),
      RULE("log1mexp-of-log1p", log1p(-exp(-x)), log1mexp(x), "digits are lost near 0, where exp(-x) is nearly 1"),
      RULE("log-of-expm1", log(exp(x) - 1), logexpm1(x), "overflowed from 88.7, where its slope is NaN"),
      RULE("xlogx", x * log(x), xlogx(x), "NaN at 0, where entropies are 0"),
      RULE("exp-slope", expm1(x) / x, exp_slope(x), "NaN at 0; slope with all digits lost near 0"),
      RULE("bernoulli", x / expm1(x), bernoulli(x), "NaN at 0; slope with all digits lost near 0, NaN from 88.7 on"),
      RULE("exp-minus-line", expm1(x) - x, exp_rest(x), "all digits are lost near 0, and those of its slope"),
      RULE("x-minus-log1p", x - log1p(x), log_rest(x), "all digits are lost near 0, and those of its slope"),
      RULE("logit", log(x / (1 - x)), logit(x), "digits are lost near 1/2"),
      VALUE("logit-of-logs", log(x) - log1p(-x), logit(x), "digits are lost near 1/2"),

      // --- Hyperbolic functions ---
      RULE("sinh", exp(x) - exp(-x), 2 * sinh(x), "all digits are lost near 0"),
      RULE("cosh", exp(x) + exp(-x), 2 * cosh(x), "slope with all digits lost near 0"),
      RULE("tanh", sinh(x) / cosh(x), tanh(x), "NaN beyond 89.4: inf/inf"),
      RULE("tanh-of-exp", (exp(x) - 1) / (exp(x) + 1), tanh(0.5 * x), "NaN from 88.7 on: inf/inf"),
      RULE("sech2", 1 / (cosh(x) * cosh(x)), sech2(x), "0 beyond 44.7 where the truth is not, slope NaN"),
      RULE("log-of-cosh", log(cosh(x)), logcosh(x), "overflowed beyond 89.4; all digits are lost near 0"),
      RULE("sech", 1 / cosh(x), sech(x), "0 beyond 89.4 where the truth is not, slope NaN there"),
      VALUE("cosh-minus-one", cosh(x) - 1, 2 * square(sinh(0.5 * x)), "all digits are lost near 0"),
      RULE("atanh", log((1 + x) / (1 - x)), 2 * atanh(x), "all digits are lost near 0"),
      VALUE("atanh-of-logs", log(1 + x) - log(1 - x), 2 * atanh(x), "all digits are lost near 0"),

      // --- Roots and squares ---
      RULE("abs", sqrt(x * x), abs(x), "overflowed from 1.8e19, 0 below 2.6e-23; slope NaN there"),
      RULE("hypot-1", sqrt(1 + x * x), hypot(x, 1), "overflowed from 1.8e19; slope 0 there"),
      RULE("hypot", sqrt(x * x + y * y), hypot(x, y), "overflowed from 1.8e19, 0 below 2.6e-23; slope NaN there", Y(1, -3, 0)),
      RULE("squareplus-of-hypot", hypot(x, 1) - x, hypot_minus_x(x), "all digits are lost for large x, and those of its slope"),
      RULE("asinh", log(x + sqrt(x * x + 1)), asinh(x), "all digits are lost near 0 and for negative x"),
      RULE("acosh", log(x + sqrt(x * x - 1)), acosh(x), "overflowed from 1.8e19; digits are lost near 1"),
      RULE("squareplus", x + sqrt(x * x + 4), 2 * squareplus(x), "all digits are lost for negative x, 0 below -5800"),
      VALUE("hypot-minus-one", hypot(x, 1) - 1, where(abs(x) < 4, x * (x / (hypot(x, 1) + 1)), hypot(x, 1) - 1), "all digits are lost near 0"),
      RULE("isru", x / sqrt(1 + x * x), isru(x), "0 from 1.8e19 on instead of 1; slope cancels"),
      RULE("root-difference", sqrt(x + 1) - sqrt(x), 1 / (sqrt(x + 1) + sqrt(x)), "all digits are lost for large x"),
      VALUE("root-difference-across-one", sqrt(1 + x) - sqrt(1 - x), 2 * x / (sqrt(1 + x) + sqrt(1 - x)), "all digits are lost near 0"),
      VALUE("root-minus-one", sqrt(1 + x) - 1, where(x < 3, x / (sqrt(1 + x) + 1), sqrt(1 + x) - 1), "all digits are lost near 0"),
      VALUE("difference-of-squares", x * x - y * y, (x - y) * (x + y), "all digits are lost where x is nearly y; NaN from 1.8e19", Y(1, -3, 0.75)),
      VALUE("one-minus-square", 1 - x * x, (1 - x) * (1 + x), "digits are lost where x is nearly 1"),
      RULE("lorentzian", 1 / (1 + x * x), lorentzian(x), "slope with no digits from 1e11 on, NaN from 1.8e19"),
      RULE("sign", x / abs(x), sign(x), "NaN at 0, slope noise"),
      RULE("softsign", x / (1 + abs(x)), softsign(x), "NaN at infinity; slope cancels from 10 on, 0 from 1.6e7"),

      // --- sin and cos ---
      RULE("tan", sin(x) / cos(x), tan(x), "rounds three times"),
      RULE("sinc", sin(x) / x, sinc(x), "NaN at 0; slope with all digits lost near 0"),
      RULE("x-minus-sin", x - sin(x), sin_rest(x), "all digits are lost near 0, and those of its slope"),
      VALUE("one-minus-cos", 1 - cos(x), 2 * square(sin(0.5 * x)), "all digits are lost near 0"),

      // --- The logistic function ---
      RULE("sigmoid", 1 / (1 + exp(-x)), sigmoid(x), "0 below -88.7, slope NaN there; slope of s*(1 - s) 0 from 16.6 on"),
      RULE("sigmoid-of-exp", exp(x) / (1 + exp(x)), sigmoid(x), "NaN from 88.7 on: inf/inf"),
      RULE("exp-times-sigmoid", exp(x) * sigmoid(-x), sigmoid(x), "NaN from 104 on: inf*0"),
      RULE("logistic-pdf-of-exp", exp(-x) / ((1 + exp(-x)) * (1 + exp(-x))), logistic_pdf(x), "NaN below -44.4: inf/inf"),
      RULE("one-minus-sigmoid", 1 - sigmoid(x), sigmoid(-x), "0 from 16.6 on, and rounded long before"),
      RULE("tanh-plus-one", 1 + tanh(x), 2 * sigmoid(2 * x), "0 below -9.01, and rounded long before"),
      RULE("one-minus-tanh", 1 - tanh(x), 2 * sigmoid(-2 * x), "0 from 9.01 on, and rounded long before"),
      RULE("tanh-of-sigmoid", 2 * sigmoid(x) - 1, tanh(0.5 * x), "all digits are lost near 0"),
      RULE("sigmoid-slope", sigmoid(x) * (1 - sigmoid(x)), logistic_pdf(x), "0 from 16.6 on, and rounded long before"),
      RULE("sigmoid-slope-of-square", sigmoid(x) - sigmoid(x) * sigmoid(x), logistic_pdf(x), "0 from 16.6 on, and rounded long before"),
      RULE("tanh-slope", 1 - tanh(x) * tanh(x), sech2(x), "0 beyond 9.01, and rounded long before"),

      // --- softplus ---
      RULE("softplus", log(1 + exp(x)), softplus(x), "overflowed from 88.7, slope NaN there; 0 below -16.6"),
      RULE("softplus-of-log1p", log1p(exp(x)), softplus(x), "overflowed from 88.7, slope NaN there"),
      RULE("softplus-by-max", max(x, 0) + log1p(exp(-abs(x))), softplus(x), "slope 0 instead of 1/2 at 0, curvature 0 instead of 1/4", {.truth = F(log(1 + exp(x)))}),
      RULE("softplus-by-relu", relu(x) + log1p(exp(-abs(x))), softplus(x), "slope 0 instead of 1/2 at 0, curvature 0 instead of 1/4", {.truth = F(log(1 + exp(x)))}),
      RULE("softplus-minus-x", softplus(x) - x, softplus(-x), "all digits are lost from 16 on"),
      RULE("softplus-difference", softplus(x) - softplus(-x), x, "rounds where nothing is to be computed"),
      RULE("log-sigmoid", log(sigmoid(x)), log_sigmoid(x), "-inf below -104; 0 from 16.6 on"),
      RULE("log-of-logistic-pdf", log(logistic_pdf(x)), -2 * (logcosh(0.5 * x) + std::numbers::ln2), "-inf beyond 104, slope NaN there"),
      RULE("exp-of-softplus", exp(-softplus(x)), sigmoid(-x), "the rounding of softplus costs 60 ulp"),
      RULE("exp-of-log-sigmoid", exp(log_sigmoid(x)), sigmoid(x), "the rounding of log_sigmoid costs 60 ulp"),
      RULE("logaddexp", log(exp(x) + exp(y)), logaddexp(x, y), "overflowed from 88.7; -inf below -104", Y(0, 3, -50)),

      // --- The normal distribution ---
      RULE("erfc", 1 - erf(x), erfc(x), "0 from 3.92 on, and rounded long before"),
      RULE("erfc-of-sum", 1 + erf(x), erfc(-x), "0 below -3.92, and rounded long before"),
      RULE("erf-of-erfc", 1 - erfc(x), erf(x), "all digits are lost near 0"),
      RULE("normcdf", erfc(-x / sqrt2) / 2, normcdf(x), "the rounding of x/sqrt(2) costs 190 ulp in the tail"),
      RULE("one-minus-normcdf", 1 - normcdf(x), normcdf(-x), "0 from 5.4 on, and rounded long before"),
      RULE("gauss", exp(-x * x), gauss(x), "the rounding of x*x costs 50 ulp in the tail"),
      RULE("normpdf", exp(-x * x / 2) / sqrt(2 * pi), normpdf(x), "the rounding of x*x costs 50 ulp in the tail"),
      VALUE("one-minus-gauss", 1 - gauss(x), -expm1(-x * x), "all digits are lost near 0"),
      VALUE("log-of-one-minus-gauss", log1p(-gauss(x)), where(abs(x) < 1, log(-expm1(-x * x)), log1p(-gauss(x))), "digits are lost near 0"),
      RULE("log-of-gauss", log(gauss(x)), -x * x, "-inf beyond 10.2"),
      RULE("log-of-normpdf", log(normpdf(x)), -x * x / 2 - 0.91893853320467274178, "-inf beyond 14.4"),
      RULE("log-of-normcdf", log(normcdf(x)), log_normcdf(x), "-inf below -14.2, slope NaN there; rounded long before 0"),

      // --- Activations ---
      RULE("silu", x * sigmoid(x), silu(x), "loses the tail below -88; slope cancels around -1.28"),
      RULE("mish", x * tanh(softplus(x)), mish(x), "slope cancels, and loses 1 - tanh*tanh"),
      RULE("gelu", x * normcdf(x), gelu(x), "slope cancels around -0.75"),
      RULE("gelu-tanh", x * sigmoid(2 * sqrt(2 / pi) * (x + ratio(44715, 1000000) * x * x * x)), gelu_tanh(x), "slope NaN from 2.6e12 on: inf*0"),
      RULE("quick-gelu", x * sigmoid(ratio(1702, 1000) * x), quick_gelu(x), "slope cancels around -0.75"),
      RULE("tanh-shrink", x - tanh(x), tanh_shrink(x), "all digits are lost near 0"),
      RULE("lisht", x * tanh(x), lisht(x), "curvature cancels"),
      RULE("serf", x * erf(softplus(x)), serf(x), "slope loses digits"),
      RULE("tanhexp", x * tanh(exp(x)), tanhexp(x), "slope NaN from 88.7 on: inf*0"),
      RULE("elu", where(x > 0, x, exp(x) - 1), elu(x), "all digits are lost below 0"),
      RULE("elu-by-less", where(x < 0, exp(x) - 1, x), elu(x), "all digits are lost below 0"),

      // --- Along axes ---
      RULE("softmax", exp(x) / sum(exp(x), axes, true), softmax(x, axes), "NaN from 88.7 on: inf/inf",
           ROW(exp(x) / (exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("softmax-of-difference", softmax(x - reduce_max(x, axes, true), axes), softmax(x, axes), "the rounding of the difference costs 60 ulp",
           ROW(exp(x) / (exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("logsumexp", log(sum(exp(x), axes, keep)), logsumexp(x, axes, keep), "overflowed from 88.7, slope NaN there; -inf below -104",
           ROW(log(exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("logmeanexp", log(mean(exp(x), axes, keep)), logmeanexp(x, axes, keep), "overflowed from 88.7, slope NaN there; -inf below -104",
           ROW(log((exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))) / 3))),
      RULE("log-softmax", log(softmax(x, axes)), log_softmax(x, axes), "-inf where softmax is 0; 0 for the largest",
           ROW(x - log(exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("log-softmax-of-logsumexp", x - logsumexp(x, axes, true), log_softmax(x, axes), "all digits are lost for the largest",
           ROW(x - log(exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("exp-of-log-softmax", exp(log_softmax(x, axes)), softmax(x, axes), "the rounding of log_softmax costs 60 ulp",
           ROW(exp(x) / (exp(x) + exp(ratio(-1, 1)) + exp(ratio(2, 1))))),
      RULE("norm-by-power", pow(sum(x * x, axes, keep), 0.5), sqrt(sum(x * x, axes, keep)), "slope NaN at 0",
           ROW(sqrt(x * x + 5))),
      VALUE("variance", mean(x * x, axes, keep) - square(mean(x, axes, keep)), mean(square(x - mean(x, axes, true)), axes, keep),
            "all digits are lost where the mean is large, negative even",
            ROW((x * x + 5) / 3 - square((x + 1) / 3))),
  };
  return all;
}

}  // namespace

std::span<const Rule> recognition_rules() { return table(); }

}  // namespace actinium::passes
