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

/// x exp(x) far left, where exp(x) may be subnormal and x exp(x) not.
Expr left_tail(const Expr& x) {
  const Expr xc = limited(x, -far(x), 0), h = exp(0.5 * xc);
  return (xc * h) * h;
}
double tail_start(const Expr& x) { return x.dtype() == DType::f32 ? -20 : -40; }

constexpr double two_by_sqrt_pi = 1.1283791670955126;
Expr serf(const Terms& t) {
  return where(t.x < tail_start(t.x), two_by_sqrt_pi * left_tail(t.x), t.x * erf(softplus(t.x)));
}
Expr serf_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 40), s = softplus(t.x);
  return erf(s) + two_by_sqrt_pi * (xc * (gauss(s) * sigmoid(xc)));
}
Expr serf_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 40), s = softplus(xc), q = sigmoid(xc);
  return two_by_sqrt_pi * (gauss(s) * (2.0 * q + xc * (logistic_pdf(xc) - 2.0 * (s * (q * q)))));
}

Expr logish(const Terms& t) { return where(t.x < tail_start(t.x), left_tail(t.x), t.x * log1p(sigmoid(t.x))); }
Expr logish_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x)), q = sigmoid(xc);
  return log1p(q) + xc * (logistic_pdf(xc) / (1.0 + q));
}
Expr logish_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x)), r = logistic_pdf(xc) / (1.0 + sigmoid(xc));
  return r * (2.0 - xc * (tanh(0.5 * xc) + r));
}

/// phish = x tanh(g), g = gelu(x), by the orders of gelu itself.
Expr gelu(const Terms& t, int order) { return find("gelu")->entry->expand(order, {t.x, {}, {}, {0}}); }
Expr phish(const Terms& t) { return at_least(t.x, -40) * tanh(gelu(t, 0)); }
Expr phish_slope(const Terms& t) { return tanh(gelu(t, 0)) + limited(t.x, -40, 40) * (sech2(gelu(t, 0)) * gelu(t, 1)); }
Expr phish_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -40, 40), g = gelu(t, 0), d = gelu(t, 1);
  return sech2(g) * (2.0 * d + xc * (gelu(t, 2) - 2.0 * (tanh(g) * (d * d))));
}

/// x tanh(exp(x)).
Expr tanhexp(const Terms& t) {
  return where(t.x < -20.0, left_tail(t.x), t.x * tanh(exp(limited(t.x, -far(t.x), 4.0))));
}
Expr tanhexp_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 6.7), e = exp(xc);
  return tanh(e) + xc * e * sech2(e);
}
Expr tanhexp_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 6.7), e = exp(xc);
  return (e * sech2(e)) * (2.0 + xc * (1.0 - 2.0 * (e * tanh(e))));
}

/// lisht: tanh and sech2 take care of themselves; x is limited so that inf * 0 does not arise.
Expr lisht_slope(const Terms& t) { return tanh(t.x) + limited(t.x, -far(t.x), far(t.x)) * sech2(t.x); }
Expr lisht_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x));
  return 2.0 * sech2(t.x) * (1.0 - xc * tanh(t.x));
}

Facts extra(std::string name, std::string formula, std::string source, std::string advice,
            std::array<Formula, 3> value,
            Textbook textbook) {
  Facts f{std::move(name)};
  f.formula = std::move(formula);
  f.source = std::move(source);
  f.advice = std::move(advice);
  f.value = value;
  f.textbook = textbook;
  return f;
}

}  // namespace

std::vector<Facts> extra_entries() {
  std::vector<Facts> list;
  list.push_back(extra("bent_identity", "x + (sqrt(x**2 + 1) - 1)/2", "",
                       "Regression: nowhere flat, its slope goes from 1/2 to 3/2.",
                       {bent_identity, bent_slope, bent_curvature}, ACTINIUM_TEXTBOOK(x + (sqrt(x * x + 1) - 1) / 2)));

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
                       {F(x * tanh(x)), lisht_slope, lisht_curvature}, ACTINIUM_TEXTBOOK(x * tanh(x))));
  list.push_back(extra("tanhexp", "x*tanh(exp(x))", "Liu and Di 2020",
                       "Published as an alternative to mish for small networks.",
                       {tanhexp, tanhexp_slope, tanhexp_curvature}, ACTINIUM_TEXTBOOK(x * tanh(exp(x)))));
  list.push_back(extra("serf", "x*erf(log(1 + exp(x)))", "Nag and Bhattacharyya 2021",
                       "Published as an alternative to mish; close to it.", {serf, serf_slope, serf_curvature}, ACTINIUM_TEXTBOOK(x * erf(log(1 + exp(x))))));

  f = extra("isru", "x/sqrt(1 + a*x**2)", "Carlile et al. 2017", "A tanh without exp, with longer tails.",
            {isru, isru_slope, isru_curvature}, ACTINIUM_TEXTBOOK(x / sqrt(1 + p[0] * x * x)));
  f.closed[0] = F(x / isru_scale(t));
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "positive", positive}};
  list.push_back(f);
  f = extra("isrlu", "x > 0 ? x : x/sqrt(1 + a*x**2)", "Carlile et al. 2017", "elu without exp.",
            {F(where(x > 0, x, isru(t))), F(where(x > 0, 1, isru_slope(t))), F(where(x > 0, 0, isru_curvature(t)))}, ACTINIUM_TEXTBOOK(where(x > 0, x, x / sqrt(1 + p[0] * x * x))));
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
                       {phish, phish_slope, phish_curvature}, ACTINIUM_TEXTBOOK(x * tanh(x / 2 * (1 + erf(x / sqrt(p("2"))))))));
  list.push_back(extra("logish", "x*log(1 + sigmoid(x))", "Zhu et al. 2021",
                       "Published as an alternative to silu; compare with it first.",
                       {logish, logish_slope, logish_curvature}, ACTINIUM_TEXTBOOK(x * log(1 + 1 / (1 + exp(-x))))));
  return list;
}

}  // namespace actinium::activations
