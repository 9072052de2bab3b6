// Activations of the normal distribution. Factors of exp(-x*x) enter it before its twos do (times_gauss), so that a tail
// keeps its digits down to the smallest normal number.
#include "activations/formula.hpp"
#include "activations/textbook.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

using ops::Op;

/// x * normcdf(x) = max(x, 0) - |x| normcdf(-|x|), of a tail scaled such that it is normal where the result is. Beyond 40
/// the tail has no say.
Expr gelu(const Terms& t) {
  const Expr& x = t.x;
  const Expr size = abs(x), a = where(size > 40, 40, size);
  return where(x < 0, -0.0, x) - (a * small_tail(x)) * tail_unit(x);
}
/// Where the normal distribution has not yet vanished.
Expr tail(const Expr& x) { return limited(x, -40, 40); }
Expr gelu_slope(const Terms& t) {
  return normcdf(t.x) + times_normpdf(tail(t.x), t.x);
}
Expr gelu_curvature(const Terms& t) {
  const Expr x = tail(t.x);
  return times_normpdf(fma(-x, x, 2.0), t.x);
}

/// x * sigmoid(z), z = x (A + B x*x) = 2 sqrt(2/pi) (x + 0.044715 x**3); x is limited to where exp(-|z|) has vanished.
/// exp turns the error of z into |z| times as much: z is computed in double words, what is left over corrects h.
struct TanhForm {
  Expr x, z, slope;
  Expr h, g, d;               ///< h*g = exp(-|z|), in two halves far out and with g = 1 elsewhere; d = 1 + h*g
  Expr slope_low;             ///< what the rounding of slope = dz/dx left
  /// What the rounding of d left, relative to d: 1.4567 - d/2 is 1/d, near enough.
  Expr lost() const { return (h * g - (d - 1.0)) * (1.4567 - 0.5 * d); }
};
struct Constant {
  double high, low;
};
constexpr Constant form_a{1.5957691216057308, -9.9693088091109203e-17},
    form_b{0.07135481627260025, -6.1751499181553155e-19};
TanhForm tanh_form(const Expr& x) {
  const bool single = x.dtype() == DType::f32;
  const double end = single ? 14 : 30;
  const auto constant = [&](Constant c) {
    const auto high = single ? static_cast<double>(static_cast<float>(c.high)) : c.high;
    return Constant{high, (c.high - high) + c.low};
  };
  const Constant a = constant(form_a), b = constant(form_b);
  const Expr xc = limited(x, -end, end), u = xc * xc, v = b.high * u, w = a.high + v, z = xc * w;
  const Expr v_low = fma(b.high, u, -v) + (b.high * fma(xc, xc, -u) + b.low * u), back = w - a.high;
  const Expr w_low = ((a.high - (w - back)) + (v - back)) + (v_low + a.low), z_low = fma(xc, w, -z) + xc * w_low;
  const Expr tail = abs(z) > (single ? 64.0 : 512.0), e = exp(-where(tail, 0.5 * abs(z), abs(z)));
  const Expr h = corrected(e, where(z < 0, z_low, -z_low)), g = where(tail, e, 1);
  const Expr v3 = 3.0 * v, slope = a.high + v3, from = slope - a.high;
  const Expr slope_low = ((a.high - (slope - from)) + (v3 - from)) + (fma(3.0, v, -v3) + 3.0 * v_low + a.low);
  return {xc, z, slope, h, g, 1.0 + h * g, slope_low};
}
Expr gelu_tanh(const Terms& t) {
  const TanhForm s = tanh_form(t.x);
  return where(t.x >= 0, t.x, (s.x * s.h) * s.g) / s.d;
}
Expr gelu_tanh_slope(const Terms& t) {
  const TanhForm s = tanh_form(t.x);
  const Expr w = s.x * s.slope, e = s.h * s.g, more = fma(s.x, s.slope, 1.0);
  // What the rounding of d left enters d*d twice.
  const Expr bracket = more + (fma(s.x, s.slope_low, e) - (more + e) * (2.0 * s.lost()));
  return where(t.x >= 0, 1.0 + w * e / s.d, (bracket * s.h) * s.g / s.d) / s.d;
}
Expr gelu_tanh_bracket(const Expr& x, const Expr& z, const Expr& slope) {
  return 2.0 * slope + x * (6 * form_b.high * x) - x * slope * slope * primitive(Op::tanh, 0.5 * z);
}
Expr gelu_tanh_curvature(const Terms& t) {
  const TanhForm s = tanh_form(t.x);
  // 2 - x slope tanh(z/2) in terms of e = exp(-|z|): n/d, n = (2 - p) + e (2 + p), p = |x| slope in double words.
  const Expr a = abs(s.x), p = a * s.slope, p_low = fma(a, s.slope, -p) + a * s.slope_low, e = s.h * s.g;
  const Expr n = fma(e, 2.0 + p, 2.0 - p) - p_low * (1.0 - e);
  const Expr bracket = fma(s.slope, n, (6 * form_b.high * s.x) * s.x * s.d);
  // What the rounding of d left enters d**3 three times.
  return (((bracket - bracket * (3.0 * s.lost())) * s.h) * s.g) / (s.d * s.d * s.d);
}
Expr gelu_tanh_closed_curvature(const Terms& t) {
  const TanhForm s = tanh_form(t.x);
  return logistic_pdf(s.z) * gelu_tanh_bracket(s.x, s.z, s.slope);
}

std::optional<Expr> gelu_special(const Terms& t, int order, std::source_location where) {
  if (t.options[0] == 0) return std::nullopt;
  return find("gelu_tanh")->entry->make(order, {t.x, {}, {}, {}}, where);
}

Facts distribution(std::string name, std::vector<Alias> aliases, std::string formula, std::string documentation,
                   std::string advice, Formula value, Textbook textbook) {
  Facts f{std::move(name), std::move(aliases)};
  f.formula = std::move(formula);
  f.documentation = std::move(documentation);
  f.advice = std::move(advice);
  f.kind = Kind::primitive;
  f.value = {value};
  f.textbook = textbook;
  return f;
}

}  // namespace

std::vector<Facts> gaussian_entries() {
  std::vector<Facts> list;
  Facts f{"gelu", {{"GELU"}, {"Gelu"}, {"gelu_erf"}}};
  f.parameters = {{"approximate", 0.0, {"approx"}, Takes::text, "", nullptr, {"none", "tanh", "precise"}}};
  f.formula = "x*normcdf(x) = x/2*(1 + erf(x/sqrt(2)))";
  f.textbook = ACTINIUM_TEXTBOOK(x / 2 * (1 + erf(x / sqrt(p("2")))));
  f.documentation = "Exact; approximate=\"tanh\" (or true) is gelu_tanh. Minimum -0.17 at -0.7518.";
  f.source = "Hendrycks and Gimpel 2016; JAX and Keras ops default to the tanh form";
  f.advice = "Hidden layers of transformers (BERT, ViT).";
  f.value = {gelu, gelu_slope, gelu_curvature};
  f.closed = {F(tail(x) * normcdf(x)), F(normcdf(x) + tail(x) * normpdf(x)), F((2.0 - square(tail(x))) * normpdf(x))};
  f.special = gelu_special;
  list.push_back(f);

  f = {"gelu_tanh", {{"gelu_approx"}, {"gelu_new"}, {"GELUTanh"}}};
  f.formula = "x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))";
  f.textbook = ACTINIUM_TEXTBOOK(x / 2 * (1 + tanh(sqrt(2 / p.pi()) * (x + p("0.044715") * x * x * x))));
  f.documentation = "The tanh form of gelu.";
  f.source = "Hendrycks and Gimpel 2016; PyTorch GELU(approximate='tanh')";
  f.advice =
      "Checkpoints trained with it (GPT-2, and what JAX calls gelu); otherwise gelu, from which it is 0.0005 away at most.";
  f.value = {gelu_tanh, gelu_tanh_slope, gelu_tanh_curvature};
  f.promised = [](double x, int) { return 4 + 2 * std::abs(2 * 0.7978845608028654 * (x + 0.044715 * x * x * x)); };
  f.closed[2] = gelu_tanh_closed_curvature;
  list.push_back(f);

  f = {"gaussian", {{"Gaussian"}}};
  f.formula = "exp(-x**2)";
  f.textbook = ACTINIUM_TEXTBOOK(exp(-x * x));
  f.documentation = "Accurate in the tails: the rounding of x**2 is made good.";
  f.advice = "Radial basis functions. No gradient far from 0.";
  f.value = {F(gauss(x)), F(times_gauss(-2.0 * tail(x), x, 1)),
             F(times_gauss(fma(4.0 * tail(x), tail(x), -2.0), x, 1))};
  f.closed = {nullptr, F(-2.0 * tail(x) * gauss(x)), F((4.0 * square(tail(x)) - 2.0) * gauss(x))};
  list.push_back(f);

  list.push_back(distribution("normcdf", {}, "(1 + erf(x/sqrt(2)))/2",
                              "Distribution function of the standard normal, accurate in the tails.",
                              "Probabilities of a probit model.", F(normcdf(x)),
                              ACTINIUM_TEXTBOOK((1 + erf(x / sqrt(p("2")))) / 2)));
  list.push_back(distribution("erf", {{"Erf"}}, "2/sqrt(pi) * integral of exp(-t**2) from 0 to x",
                              "The error function.", "A steeper tanh, tied to the normal distribution.", F(erf(x)),
                              ACTINIUM_TEXTBOOK(erf(x))));
  return list;
}

}  // namespace actinium::activations
