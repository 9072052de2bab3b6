// Further activations over the same base functions.
#include "activations/formula.hpp"
#include "activations/textbook.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

using ops::Op;

Expr tanh(const Expr& x) { return primitive(Op::tanh, x); }
Expr softplus(const Expr& x) { return primitive(Op::softplus, x); }
Expr sigmoid(const Expr& x) { return primitive(Op::sigmoid, x); }

/// x (1 + q/2 sign(x)), q = |x|/(1 + hypot(x, 1)): (sqrt(x*x + 1) - 1)/2 cancels near 0 and overflows.
Expr bent_identity(const Terms& t) {
  const Expr a = abs(t.x), big = where(a > 1.0, a, 1.0);
  const Expr q = where(a > 1.0, 1.0 / (1.0 / big + hypot(1.0, 1.0 / big)), a / (1.0 + hypot(a, 1.0)));
  return t.x * (1.0 + copysign(0.5 * q, t.x));
}
/// 1 + x/(2 hypot(x, 1)), where x = inf gives 1.5.
Expr bent_slope(const Terms& t) {
  const Expr xc = limited(t.x, -1e18, 1e18);
  return 1.0 + 0.5 * xc / hypot(xc, 1.0);
}
Expr bent_curvature(const Terms& t) {
  const Expr square = fma(t.x, t.x, 1.0);
  return 0.5 / square / sqrt(square);
}

/// x/sqrt(1 + a x*x) by hypot, which does not overflow.
Expr isru_scale(const Terms& t) { return hypot(1.0, sqrt(t[0]) * t.x); }
Expr isru(const Terms& t) {
  const Expr h = isru_scale(t), s = sqrt(t[0]);
  return where(abs(t.x) == infinity, copysign(1.0 / s, t.x), t.x / h);
}
Expr isru_square(const Terms& t) { return fma(t[0] * t.x, t.x, 1.0); }
Expr isru_slope(const Terms& t) { return 1.0 / isru_square(t) / sqrt(isru_square(t)); }
/// -3 a x/s**2.5, s = 1 + a x*x, whose rounding enters two and a half times and is made good.
Expr isru_curvature(const Terms& t) {
  const double end = t.x.dtype() == DType::f32 ? 1e18 : 1e150;
  const Expr xc = limited(t.x, -end, end), ax = t[0] * xc, s = fma(ax, xc, 1.0), low = fma(ax, xc, 1.0 - s);
  const Expr y = (-3.0 * ax / s) / (s * sqrt(s));
  return y - y * (2.5 * low / s);
}

/// sin and cos of the exact product a*x: to second order in what its rounding leaves.
struct Wave {
  Expr sine, cosine;
};
Wave wave(const Terms& t) {
  const Product z = product(t[0], t.x);
  const Expr s = sin(z.value), c = cos(z.value);
  if (is(z.low, 0)) return {s, c};
  const Expr half = 0.5 * (z.low * z.low);
  return {s + (z.low * c - half * s), c - (z.low * s + half * c)};
}
Expr snake(const Terms& t) { return t.x + square(wave(t).sine) / t[0]; }
/// 1 + sin(2 a x), where 2 a x may overflow.
Expr snake_slope(const Terms& t) {
  const Wave w = wave(t);
  return 1.0 + 2.0 * (w.sine * w.cosine);
}
Expr snake_curvature(const Terms& t) {
  const Wave w = wave(t);
  return 2.0 * t[0] * ((w.cosine - w.sine) * (w.cosine + w.sine));
}
Expr snake_parameter(const Terms& t, int) {
  const Wave w = wave(t);
  return w.sine * (2.0 * t.x * w.cosine - w.sine / t[0]) / t[0];
}

Expr arctan_slope(const Terms& t) { return square(1.0 / hypot(t.x, 1.0)); }
Expr arctan_curvature(const Terms& t) {
  const double end = t.x.dtype() == DType::f32 ? 1e18 : 1e150;
  const Expr xc = limited(t.x, -end, end), s = fma(xc, xc, 1.0);
  return -2.0 * xc / s / s;
}

/// factor * exp(x) far left, where exp(x) may be subnormal and the product not.
Expr times_exp(const Expr& factor, const Expr& x) {
  const Expr h = exp(0.5 * limited(x, -far(x), 0));
  return (factor * h) * h;
}
double tail_start(const Expr& x) { return x.dtype() == DType::f32 ? -20 : -40; }
/// Left of tail_start each of these activations is factor * x * exp(x); its derivative of this order.
Expr left_tail(const Expr& x, int order, double factor = 1) {
  const Expr xc = limited(x, -far(x), 0), sum = order == 0 ? xc : xc + order;
  return times_exp(factor == 1 ? sum : factor * sum, x);
}

/// For f32 where terms of many roundings cancel beside a zero: computed in f64.
Expr in_f64(Formula formula, const Terms& t) {
  return cast(formula({cast(t.x, DType::f64), {}, {}, {}}), DType::f32);
}

constexpr double two_by_sqrt_pi = 1.1283791670955126;
Expr serf(const Terms& t) {
  return where(t.x < tail_start(t.x), left_tail(t.x, 0, two_by_sqrt_pi), t.x * erf(softplus(t.x)));
}
/// s = softplus(x), s*s and what their roundings leave of the exact square.
struct SoftSquare {
  Expr x, s, square, low, q;  ///< q = sigmoid(x)
};
SoftSquare soft_square(const Expr& x) {
  const Expr xc = limited(x, -far(x), 40), s = softplus(xc);
  const Expr rest = where(xc > 1.0, log1p(exp(-abs(xc))) - (s - xc), 0.0);
  const Expr square = s * s, low = fma(s, s, -square) + 2.0 * (s * rest);
  return {xc, s, square, low, sigmoid(xc)};
}
/// erf(s) + c x q exp(-s*s), c = 2/sqrt(pi). Left of its zero the two nearly cancel: there p = x*q is kept in double
/// words, and exp(-s*s) as 1 + m.
Expr serf_slope(const Terms& t) {
  const SoftSquare v = soft_square(t.x);
  const Expr n = negative_part(v.x), e = exp(n), d = 1.0 + e, q = e / d;
  const Expr q_low = (fma(-q, d, e) - q * (e - (d - 1.0))) / d, p = n * q, p_low = fma(n, q, -p) + n * q_low;
  const auto c = static_cast<double>(static_cast<float>(two_by_sqrt_pi));
  const double c_low = t.x.dtype() == DType::f32 ? two_by_sqrt_pi - c : 1.5335459613165881e-17;
  const Expr value = erf(v.s), m = expm1(-v.square), g = exp(-v.square);
  const Expr left = fma(two_by_sqrt_pi, p, value) + (two_by_sqrt_pi * (p * m + p_low) + c_low * p);
  return where(t.x < tail_start(t.x), left_tail(t.x, 1, two_by_sqrt_pi),
               where(t.x < 0, left, fma((two_by_sqrt_pi * v.x) * v.q, g - g * v.low, value)));
}
/// 2 + x (1 - q - 2 s q), written so that 2 + x, near the left zero exact, comes in whole.
Expr serf_curvature(const Terms& t) {
  if (t.x.dtype() == DType::f32) return in_f64(serf_curvature, t);
  const SoftSquare v = soft_square(t.x);
  const Expr bracket = fma(-v.x * v.q, 1.0 + 2.0 * v.s, 2.0 + v.x), h = exp(-0.5 * v.square);
  return where(t.x < tail_start(t.x), left_tail(t.x, 2, two_by_sqrt_pi),
               (((two_by_sqrt_pi * bracket) * v.q) * h) * (h - h * v.low));
}
Expr serf_closed_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 40), s = softplus(t.x);
  return erf(s) + two_by_sqrt_pi * (xc * (gauss(s) * sigmoid(xc)));
}
Expr serf_closed_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 40), s = softplus(xc), q = sigmoid(xc);
  return two_by_sqrt_pi * (gauss(s) * (2.0 * q + xc * (logistic_pdf(xc) - 2.0 * (s * (q * q)))));
}

/// logish' = log1p(sigmoid(x)) + x r and logish'' = r (2 - x (tanh(x/2) + r)), r = logistic_pdf(x)/(1 + sigmoid(x)),
/// as rational functions of e = h*h = exp(-|x|).
struct Logish {
  Expr x, h, e, d;  ///< r = e/d
};
Logish logish_parts(const Expr& x) {
  const Expr xc = limited(x, -far(x), far(x)), h = exp(-0.5 * abs(xc)), e = h * h;
  return {xc, h, e, (1.0 + e) * where(x >= 0, 2.0 + e, 1.0 + 2.0 * e)};
}
Expr logish(const Terms& t) { return where(t.x < tail_start(t.x), left_tail(t.x, 0), t.x * log1p(sigmoid(t.x))); }
Expr logish_slope(const Terms& t) {
  if (t.x.dtype() == DType::f32) return in_f64(logish_slope, t);
  const Logish v = logish_parts(t.x);
  return where(t.x < tail_start(t.x), left_tail(t.x, 1), fma(v.x, v.e / v.d, log1p(sigmoid(v.x))));
}
Expr logish_curvature(const Terms& t) {
  const Logish v = logish_parts(t.x);
  const Expr a = abs(v.x), n = 3.0 + where(t.x >= 0, 2.0, 4.0) * v.e;
  return ((fma(a, v.e * n / v.d, 2.0 - a) / v.d) * v.h) * v.h;
}
Expr logish_closed_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x)), q = sigmoid(xc);
  return log1p(q) + xc * (logistic_pdf(xc) / (1.0 + q));
}
Expr logish_closed_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x)), r = logistic_pdf(xc) / (1.0 + sigmoid(xc));
  return r * (2.0 - xc * (tanh(0.5 * xc) + r));
}

Expr activation(const char* name, const Expr& x, int order = 0) {
  const auto entry = find(name)->entry;
  return entry->expand(order, {x, {}, {}, std::vector<std::int64_t>(entry->facts().parameters.size(), 0)});
}
/// phish = x tanh(g), g = gelu(x), by the orders of gelu itself.
struct Phish {
  Expr x, tanh, d1, d2;  ///< tanh of g, and the derivatives of g
  Expr h, k, q;          ///< h*k = exp(-2 |g|), sech(g)**2 = 4 h*k/q
};
/// For x > 0, g = x - w, w = -gelu(-x): what the rounding of g leaves is made good in k.
Phish phish_parts(const Expr& x) {
  const Expr xc = limited(x, -40, far(x)), w = -activation("gelu", -abs(xc)), g = where(x > 0, xc - w, w);  // |gelu|
  const Expr low = where(x > 0, (xc - g) - w, 0.0), h = exp(-g), k = h - h * (2.0 * low), d = 1.0 + h * k;
  return {xc, tanh(where(x > 0, g, -g)), activation("gelu", xc, 1), activation("gelu", xc, 2), h, k, d * d};
}
/// Far left tanh(g) is g, and the derivatives of x*g are normpdf(x) times polynomials of x and Mills' ratio, by
/// its asymptotic series: normcdf(x) = -normpdf(x)/x (1 - u + 3 u**2 - ...), u = 1/x**2.
double phish_tail_start(const Expr& x) { return x.dtype() == DType::f32 ? -12.9 : -37.4; }
Expr phish_tail(const Expr& x, int order) {
  const Expr xc = limited(x, -40, -10), u = 1.0 / (xc * xc);
  Expr ratio = 10395.0;  // x * normcdf/normpdf = -ratio
  for (const double c : {945.0, 105.0, 15.0, 3.0, 1.0, 1.0}) ratio = c - u * ratio;
  const Expr factor = order == 0   ? -xc * ratio
                      : order == 1 ? fma(xc, xc, -2.0 * ratio)
                                   : xc * (4.0 - xc * xc) - 2.0 * ratio / xc;
  return times_normpdf(factor, x);
}
Expr phish(const Terms& t) {
  return where(t.x < phish_tail_start(t.x), phish_tail(t.x, 0), at_least(t.x, -40) * tanh(activation("gelu", t.x)));
}
/// For x < 0, where x gelu'(x) cancels with tanh(g), its positive term x*x normpdf(x) is added last.
Expr phish_slope(const Terms& t) {
  if (t.x.dtype() == DType::f32) return in_f64(phish_slope, t);
  const Phish v = phish_parts(t.x);
  const Expr s = fma(-v.tanh, v.tanh, 1.0), n = -abs(v.x);
  return where(t.x < phish_tail_start(t.x), phish_tail(t.x, 1),
               where(t.x < 0, fma(n * n * normpdf(n), s, fma(activation("gelu", n), s, v.tanh)),
                     v.tanh + (((4.0 * v.x) * v.d1 / v.q) * v.h) * v.k));
}
Expr phish_curvature(const Terms& t) {
  if (t.x.dtype() == DType::f32) return in_f64(phish_curvature, t);
  const Phish v = phish_parts(t.x);
  const Expr bracket = fma(v.x, v.d2, 2.0 * v.d1 * fma(-v.x * v.tanh, v.d1, 1.0));
  return where(t.x < phish_tail_start(t.x), phish_tail(t.x, 2), ((4.0 * bracket / v.q) * v.h) * v.k);
}
Expr phish_closed_slope(const Terms& t) {
  const Expr g = activation("gelu", t.x);
  return tanh(g) + limited(t.x, -40, 40) * (sech2(g) * activation("gelu", t.x, 1));
}
Expr phish_closed_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -40, 40), g = activation("gelu", t.x), d = activation("gelu", t.x, 1);
  return sech2(g) * (2.0 * d + xc * (activation("gelu", t.x, 2) - 2.0 * (tanh(g) * (d * d))));
}

/// x tanh(exp(x)).
Expr tanhexp(const Terms& t) {
  return where(t.x < -20.0, left_tail(t.x, 0), t.x * tanh(exp(limited(t.x, -far(t.x), 4.0))));
}
/// tanh(e) + x e sech(e)**2, e = exp(x); for x < 0 as (1 + x) e less small terms, where 1 + x is exact near the zero.
Expr tanhexp_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 6.7), e = exp(xc), left = exp(negative_part(xc)), th = tanh(left);
  const Expr small = activation("tanh_shrink", left) + xc * left * (th * th);
  return where(t.x < tail_start(t.x), left_tail(t.x, 1),
               where(t.x < 0, fma(left, 1.0 + xc, -small), tanh(e) + xc * e * sech2(e)));
}
/// What exp(x) leaves of the exact value, for 1 < x < 6.7 in f64: exp(x/512) in double words, squared nine times.
Expr exp_rest(const Expr& x, const Expr& e) {
  const Expr r = limited(x, 1.0, 6.7) * (1.0 / 512), square = r * r;
  Expr series = 1.0 / 40320;
  for (const double c : {5040.0, 720.0, 120.0, 24.0, 6.0}) series = 1.0 / c + r * series;
  Expr high = 1.0 + r, low = (r - (high - 1.0)) + 0.5 * fma(r, r, -square);
  const auto add = [&](const Expr& term) {
    const Expr sum = high + term;
    low = low + (term - (sum - high));
    high = sum;
  };
  add(0.5 * square);
  add(r * square * series);
  for (int i = 0; i < 9; ++i) {
    const Expr p = high * high;
    low = fma(high, high, -p) + 2.0 * (high * low);
    high = p;
    const Expr sum = high + low;
    low = low - (sum - high);
    high = sum;
  }
  return where(x > 1.0, (high - e) + low, 0.0);
}
/// e sech(e)**2 (2 + x (1 - 2 e tanh(e))), e = exp(x). sech(e)**2 makes e's rounding up to 740 times as large: f64 has
/// it made good, f32 is computed in f64, which costs less than double words would.
Expr tanhexp_curvature(const Terms& t) {
  const bool single = t.x.dtype() == DType::f32;
  const Expr x = single ? cast(t.x, DType::f64) : t.x, xc = limited(x, -far(x), 6.7), e = exp(xc), h = exp(-e);
  const Expr g = single ? h : h - h * (2.0 * exp_rest(xc, e)), d = 1.0 + h * g;
  const Expr bracket = fma(-2.0 * xc * e, tanh(e), 2.0 + xc), y = (((4.0 * e) * bracket / (d * d)) * h) * g;
  return single ? cast(y, DType::f32) : where(x < tail_start(x), left_tail(x, 2), y);
}
Expr tanhexp_closed_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 6.7), e = exp(xc);
  return tanh(e) + xc * e * sech2(e);
}
Expr tanhexp_closed_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 6.7), e = exp(xc);
  return (e * sech2(e)) * (2.0 + xc * (1.0 - 2.0 * (e * tanh(e))));
}

/// lisht: tanh and sech2 take care of themselves; x is limited so that inf * 0 does not arise.
Expr lisht_slope(const Terms& t) { return tanh(t.x) + limited(t.x, -far(t.x), far(t.x)) * sech2(t.x); }
/// 2 sech(x)**2 (1 - x tanh(x)), with sech(x)**2 = 4 h*h/(1 + h*h)**2 in two halves: x enters before it is subnormal.
Expr lisht_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x)), h = exp(-abs(xc)), d = 1.0 + h * h;
  return ((8.0 * (1.0 - xc * tanh(xc)) / (d * d)) * h) * h;
}
Expr lisht_closed_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x));
  return 2.0 * sech2(t.x) * (1.0 - xc * tanh(t.x));
}

Facts extra(std::string name, std::string formula, std::string source, std::string advice,
            std::array<Formula, 3> value, Textbook textbook, std::array<Formula, 3> closed = {}) {
  Facts f{std::move(name)};
  f.formula = std::move(formula);
  f.source = std::move(source);
  f.advice = std::move(advice);
  f.value = value;
  f.textbook = textbook;
  f.closed = closed;
  return f;
}

}  // namespace

std::vector<Facts> extra_entries() {
  std::vector<Facts> list;
  list.push_back(extra("bent_identity", "x + (sqrt(x**2 + 1) - 1)/2", "",
                       "Regression: nowhere flat, its slope goes from 1/2 to 3/2.",
                       {bent_identity, bent_slope, bent_curvature}, ACTINIUM_TEXTBOOK_APART(x + (sqrt(x * x + 1) - 1) / 2,
                                               x + (root_of_square_plus(x, 1) - 1) / 2)));

  Facts f = extra("snake", "x + sin(a*x)**2/a", "Ziyin et al. 2020",
                  "Periodic data (audio, time series) that must be continued beyond the training range.",
                  {snake, snake_slope, snake_curvature}, ACTINIUM_TEXTBOOK(x + square(sin(p[0] * x)) / p[0]));
  f.closed[0] = F(x + square(sin(t[0] * x)) / t[0]);
  f.closed[1] = F(1.0 + 2.0 * (sin(t[0] * x) * cos(t[0] * x)));
  f.closed[2] = F(2.0 * t[0] * ((cos(t[0] * x) - sin(t[0] * x)) * (cos(t[0] * x) + sin(t[0] * x))));
  f.parameter = snake_parameter;
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "nonzero", nonzero}};
  list.push_back(f);

  list.push_back(extra("lisht", "x*tanh(x)", "Roy et al. 2019",
                       "Published as an alternative to silu. Even: it forgets the sign.",
                       {F(x * tanh(x)), lisht_slope, lisht_curvature}, ACTINIUM_TEXTBOOK(x * tanh(x)),
                       {nullptr, nullptr, lisht_closed_curvature}));
  list.push_back(extra("tanhexp", "x*tanh(exp(x))", "Liu and Di 2020",
                       "Published as an alternative to mish for small networks.",
                       {tanhexp, tanhexp_slope, tanhexp_curvature}, ACTINIUM_TEXTBOOK(x * tanh(exp(x))),
                       {nullptr, tanhexp_closed_slope, tanhexp_closed_curvature}));
  list.push_back(extra("serf", "x*erf(log(1 + exp(x)))", "Nag and Bhattacharyya 2021",
                       "Published as an alternative to mish; close to it.", {serf, serf_slope, serf_curvature}, ACTINIUM_TEXTBOOK(x * erf(log(1 + exp(x)))),
                       {nullptr, serf_closed_slope, serf_closed_curvature}));

  f = extra("isru", "x/sqrt(1 + a*x**2)", "Carlile et al. 2017", "A tanh without exp, with longer tails.",
            {isru, isru_slope, isru_curvature}, ACTINIUM_TEXTBOOK_APART(x / sqrt(1 + p[0] * x * x), over_root_of_square_plus_one(sqrt(p[0]) * x) / sqrt(p[0])));
  f.closed[0] = F(x / isru_scale(t));
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "positive", positive}};
  list.push_back(f);
  f = extra("isrlu", "x > 0 ? x : x/sqrt(1 + a*x**2)", "Carlile et al. 2017", "elu without exp.",
            {F(where(x > 0, x, isru(t))), F(where(x > 0, 1, isru_slope(t))), F(where(x > 0, 0, isru_curvature(t)))}, ACTINIUM_TEXTBOOK_APART(where(x > 0, x, x / sqrt(1 + p[0] * x * x)),
                                    where(x > 0, x, over_root_of_square_plus_one(sqrt(p[0]) * x) / sqrt(p[0]))));
  f.closed[0] = F(where(x > 0, x, x / isru_scale(t)));
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "positive", positive}};
  f.kinks = {0};
  list.push_back(f);

  list.push_back(
      extra("arctan", "atan(x)", "",
            "A tanh with longer tails, bounded by pi/2; its derivative is a surrogate gradient of spiking networks.",
            {F(atan(x)), arctan_slope, arctan_curvature}, ACTINIUM_TEXTBOOK(atan(x))));
  list.push_back(extra("sin", "sin(x)", "Sitzmann et al. 2020, SIREN",
                       "Networks that represent images and fields (SIREN), with their own initial weights.",
                       {F(sin(x)), nullptr, nullptr}, ACTINIUM_TEXTBOOK(sin(x))));
  list.push_back(
      extra("cos", "cos(x)", "", "Random Fourier features, encodings of position.", {F(cos(x)), nullptr, nullptr}, ACTINIUM_TEXTBOOK(cos(x))));
  for (std::size_t i = list.size() - 2; i < list.size(); ++i) list[i].kind = Kind::primitive;

  list.push_back(extra("phish", "x*tanh(gelu(x))", "Naveen 2022",
                       "Published as an alternative to gelu; compare with it first.",
                       {phish, phish_slope, phish_curvature}, ACTINIUM_TEXTBOOK(x * tanh(x / 2 * (1 + erf(x / sqrt(p("2")))))),
                       {nullptr, phish_closed_slope, phish_closed_curvature}));
  list.push_back(extra("logish", "x*log(1 + sigmoid(x))", "Zhu et al. 2021",
                       "Published as an alternative to silu; compare with it first.",
                       {logish, logish_slope, logish_curvature}, ACTINIUM_TEXTBOOK(x * log(1 + 1 / (1 + exp(-x)))),
                       {nullptr, logish_closed_slope, logish_closed_curvature}));
  return list;
}

}  // namespace actinium::activations
