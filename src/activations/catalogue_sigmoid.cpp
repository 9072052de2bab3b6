// Sigmoid and tanh activations. h = exp(-|z|/2) enters twice where its square would already be subnormal while the
// result is a normal number: silu(-740) is -3.1e-319, and silu(-90) in f32 is -7.4e-38.
#include "activations/formula.hpp"
#include "activations/textbook.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

using ops::Op;

Expr sigmoid(const Expr& x) { return primitive(Op::sigmoid, x); }
Expr tanh(const Expr& x) { return primitive(Op::tanh, x); }

/// x - tanh(x): below 1 Lambert's continued fraction as a quotient of polynomials in x*x, all terms positive.
Expr tanh_shrink(const Terms& t) {
  const Expr &x = t.x, u = x * x;
  const auto polynomial = [&](std::initializer_list<double> highest_first) {
    Expr sum = 0;
    for (double c : highest_first) sum = is(sum, 0) ? Expr(c) : c + u * sum;
    return sum;
  };
  const bool single = x.dtype() == DType::f32;
  const Expr p = single ? polynomial({1, 189, 3465}) : polynomial({44, 12870, 810810, 11486475});
  const Expr q = single ? polynomial({1, 210, 4725, 10395}) : polynomial({45, 13860, 945945, 16216200, 34459425});
  return where(abs(x) < 1, x * (u * p / q), x - tanh(x));
}

/// What silu and its derivatives share: z = beta*x, exp(-|z|) in two halves of which the second makes good the rounding
/// of z, and x and z limited to where it is not yet 0.
struct Swish {
  Expr x, z, h, g, d;  ///< h*g = exp(-|z|), d = 1 + h*g
  Expr w;              ///< g less what the rounding of d left: h*w/d = sigmoid(-|z|); g where that is good enough
};
/// `low` is what is left of -|z|.
Swish swish_of(const Expr& x, const Expr& z, const Expr& h, const Expr& low) {
  const Expr g = corrected(h, low), e = h * g, d = 1.0 + e;
  // 1.4567 - d/2 is 1/d, near enough.
  return {x, z, h, g, d, is(low, 0) ? g : h + h * (low - (e - (d - 1.0)) * (1.4567 - 0.5 * d))};
}
Swish swish(const Expr& beta, const Expr& x) {
  const double end = far(x);
  const Product p = product(beta, x);
  const Expr z = limited(p.value, -end, end);
  const Expr xc = is(beta, 1) ? z : where(abs(p.value) > end, z / beta, x);
  return swish_of(xc, z, exp(-0.5 * abs(z)), is(p.low, 0) ? Expr(0) : where(z < 0, p.low, -p.low));
}
Expr value_of(const Swish& s, const Expr& x) { return where(s.z >= 0, x, (s.x * s.h) * s.w) / s.d; }
Expr slope_of(const Swish& s) {
  const Expr e = s.h * s.g;
  return where(s.z >= 0, s.d + s.z * e, (((1.0 + s.z) + e) * s.h) * s.g) / (s.d * s.d);
}
/// sigmoid'(z) (2 - z tanh(z/2)), with e = exp(-|z|) in tanh: 2 - |z| is exact near the zero.
Expr curvature_of(const Swish& s, const Expr& beta) {
  const Expr a = abs(s.z), bracket = fma(s.h * s.g, 2.0 + a, 2.0 - a);
  return beta * (((bracket * s.h) * s.g) / (s.d * s.d * s.d));
}
/// silu where beta*x is exact, by e = exp(-z) scaled so that it is finite and 1/(1 + e) normal wherever the result is
/// not 0: no sign of x to tell apart, and no exp in halves.
struct PlainSwish {
  Expr z, unit, e, s;  ///< unit: the scale; s = sigmoid(z)/unit
};
PlainSwish plain_swish(const Expr& z) {
  const bool single = z.dtype() == DType::f32;
  const Expr unit = number(z, single ? 0x1p-32 : 0x1p-64), zc = limited(z, single ? -109 : -752, single ? 109 : 752);
  const Expr e = primitive(Op::exp_scaled, -zc);
  return {zc, unit, e, 1.0 / (unit + e)};
}
std::optional<Expr> exact_product(const Expr& beta, const Expr& x) {
  const Product p = product(beta, x);
  return is(p.low, 0) ? std::optional(p.value) : std::nullopt;
}
Expr silu(const Terms& t) {
  const auto z = exact_product(t[0], t.x);
  if (!z) return value_of(swish(t[0], t.x), t.x);
  const PlainSwish s = plain_swish(*z);
  const Expr xc = is(t[0], 1) ? s.z : where(*z < s.z, s.z / t[0], t.x);
  return where(*z > 40, t.x, (xc * s.s) * s.unit);
}
/// sigmoid(z)^2 (1 + e (1 + z)), in which 1 + z is exact near the zero.
Expr silu_slope(const Terms& t) {
  const auto z = exact_product(t[0], t.x);
  if (!z) return slope_of(swish(t[0], t.x));
  const PlainSwish s = plain_swish(*z);
  return (muladd(s.e, muladd(s.z, s.unit, s.unit), s.unit * s.unit) * s.s) * s.s;
}

Expr silu_closed(const Expr& beta, const Expr& x) { return x * sigmoid(beta * x); }
Expr silu_closed_slope(const Expr& beta, const Expr& x) {
  const Expr z = limited(beta * x, -far(x), far(x));
  return sigmoid(z) * (1.0 + z * sigmoid(-z));
}
Expr silu_closed_curvature(const Expr& beta, const Expr& x) {
  const Expr z = limited(beta * x, -far(x), far(x));
  return beta * (logistic_pdf(z) * (2.0 - z * tanh(0.5 * z)));
}
/// quick_gelu's 1.702 is the decimal number: what its rounding leaves enters as the product's error does.
Swish quick(const Expr& x) {
  const bool single = x.dtype() == DType::f32;
  const double beta = single ? static_cast<double>(1.702f) : 1.702,
               rest = single ? 1.702 - beta : 4.2632564145606011e-17;
  const double end = far(x);
  const Expr z = beta * x, zc = limited(z, -end, end), low = fma(beta, x, -z) + rest * x;
  return swish_of(where(abs(z) > end, zc / beta, x), zc, exp(-0.5 * abs(zc)),
                  where(abs(z) > end, 0, where(z < 0, low, -low)));
}

/// beta = 0: x/2, at infinity too.
std::optional<Expr> silu_special(const Terms& t, int order, std::source_location) {
  if (!is(t[0], 0)) return std::nullopt;
  if (order == 0) return 0.5 * t.x;
  const double slope = order == 1 ? 0.5 : 0;
  return t.x.is_bound() ? ops::filled(t.x, slope, t.x.shape()) : Expr(slope);
}

Expr silu_parameter(const Terms& t, int) {
  const Swish s = swish(t[0], t.x);
  return (s.x * s.h / s.d) * (s.x * s.g / s.d);
}

/// x * tanh(softplus(x)) as a rational function of e = exp(-|x|): for x < 0 of exp(x), for x >= 0 of exp(-x).
struct Mish {
  Expr right, x, h, e;  ///< left h*h = e, so that tails keep their digits; right h = e, whose tail is e*e alone
};
Mish mish_parts(const Expr& x, const Expr& minus_abs) {
  const double end = far(x);
  const Expr right = x >= 0, m = at_least(minus_abs, -end), h = exp(where(right, m, 0.5 * m));
  return {right, limited(x, -end, end), h, where(right, h, h * h)};
}
Expr mish(const Terms& t) {
  const Mish m = mish_parts(t.x, -abs(t.x));
  const Expr n = 1.0 + 2.0 * m.e, d = where(m.right, n + 2.0 * m.e * m.e, 2.0 + m.e * (2.0 + m.e));
  // (2 + e)/d as what is missing to 1, which rounds once
  return where(m.right, t.x * (n / d), ((m.x * m.h) * m.h) * (1.0 - fma(m.e, m.e, m.e) / d));
}
Expr mish_slope(const Terms& t) {
  const Mish m = mish_parts(t.x, -abs(t.x));
  const Expr &e = m.e, n = 1.0 + 2.0 * e, d = where(m.right, n + 2.0 * e * e, 2.0 + e * (2.0 + e));
  const Expr bend = 4.0 * m.x * (1.0 + e) / d;
  const Expr left = fma(e, 6.0 + 4.0 * m.x + e * (4.0 + e), 4.0 * (1.0 + m.x));  // ((2 + e) + bend) d, 1 + x exact
  return where(m.right, n + e * e * bend, ((left / d) * m.h) * m.h) / d;
}
Expr mish_curvature_of(const Expr& x, const Expr& minus_abs) {
  const Mish m = mish_parts(x, minus_abs);
  const Expr &e = m.e, d = where(m.right, fma(2.0 * e, 1.0 + e, 1.0), fma(e, 2.0 + e, 2.0));
  // Sorted by powers of e; the first term is exact near the zero.
  const Expr right =
      fma(e, fma(e, fma(e, 4.0 + 2.0 * m.x, 8.0 + 2.0 * m.x), 6.0 - 3.0 * m.x), 2.0 * (1.0 - m.x));
  const Expr left = fma(e, fma(e, fma(e, 2.0 - 2.0 * m.x, 6.0 - 3.0 * m.x), 8.0 + 2.0 * m.x), 2.0 * (2.0 + m.x));
  return 4.0 * where(m.right, right, left) / (d * d * d) * m.h * m.h;
}
/// -|x| with the slope of x's own side at 0 as well, so that all derivatives there are right.
Expr minus_abs_smooth(const Expr& x) { return where(x >= 0, -x, x); }

/// alpha*tanh(beta*x) and the error of the product, which tanh' scales.
Expr scaled_tanh(const Terms& t) {
  const Product z = product(t[1], t.x);
  return t[0] * (is(z.low, 0) ? tanh(z.value) : tanh(z.value) + z.low * sech2(z.value));
}
Expr scaled_sech2(const Terms& t) {
  const Product z = product(t[1], t.x);
  const Expr s = sech2(z.value);
  return is(z.low, 0) ? s : s - 2.0 * z.low * tanh(z.value) * s;
}
Expr scaled_tanh_slope(const Terms& t) { return t[0] * t[1] * scaled_sech2(t); }
Expr scaled_tanh_curvature(const Terms& t) {
  return -2.0 * t[0] * t[1] * t[1] * scaled_tanh({t.x, {Expr(1.0), t[1]}, {}, {}}) * scaled_sech2(t);
}
/// By alpha, and by beta: x*sech2, which an infinite x must not make nan.
Expr scaled_tanh_parameter(const Terms& t, int i) {
  if (i == 0) return scaled_tanh({t.x, {Expr(1.0), t[1]}, {}, {}});
  return where(abs(t[1] * t.x) == infinity, 0, t[0] * (t.x * scaled_sech2(t)));
}

std::vector<Facts> tanh_entries() {
  std::vector<Facts> list;
  Facts f{"tanh", {{"Tanh"}}};
  f.formula = "(exp(x) - exp(-x))/(exp(x) + exp(-x))";
  f.textbook = ACTINIUM_TEXTBOOK((exp(x) - exp(-x)) / (exp(x) + exp(-x)));
  f.documentation = "Derivative sech(x)**2, right where 1 - tanh(x)**2 is 0.";
  f.source = "all";
  f.advice =
      "Recurrent cells, and outputs between -1 and 1. Its slope is 1 at 0 only: in deep networks gradients fade.";
  f.kind = Kind::primitive;
  f.value = {F(tanh(x))};
  list.push_back(f);

  f = {"scaled_tanh", {{"ScaledTanh"}}};
  f.parameters = {{"alpha", 1.0}, {"beta", 1.0}};
  f.formula = "alpha*tanh(beta*x)";
  f.textbook = ACTINIUM_TEXTBOOK(p[0] * tanh(p[1] * x));
  f.documentation = "LeCun's 1.7159*tanh(2*x/3) with alpha=1.7159, beta=2/3.";
  f.source = "LeCun 1998; ONNX ScaledTanh";
  f.advice = "Networks after LeCun's recipe: inputs and targets of unit variance.";
  f.value = {scaled_tanh, scaled_tanh_slope, scaled_tanh_curvature};
  f.closed = {F(t[0] * tanh(t[1] * x)), F(t[0] * t[1] * sech2(t[1] * x)),
              F(-2.0 * t[0] * t[1] * t[1] * tanh(t[1] * x) * sech2(t[1] * x))};
  f.parameter = scaled_tanh_parameter;
  list.push_back(f);

  f = {"tanh_shrink", {{"tanhshrink"}, {"Tanhshrink"}, {"TanhShrink"}}};
  f.formula = "x - tanh(x)";
  f.textbook = ACTINIUM_TEXTBOOK(x - tanh(x));
  f.documentation = "x**3/3 near 0, to full precision; derivative tanh(x)**2.";
  f.source = "PyTorch Tanhshrink, Keras tanh_shrink";
  f.advice = "Denoising and sparse codes. Flat at 0: nothing starts there.";
  f.value = {tanh_shrink, F(square(tanh(x))), F(2.0 * tanh(x) * sech2(x))};
  list.push_back(f);
  return list;
}

std::vector<Facts> swish_entries() {
  std::vector<Facts> list;
  Facts f{"silu", {{"swish"}, {"SiLU"}, {"Swish"}, {"Silu"}}};
  f.parameters = {{"beta", 1.0, {"alpha"}}};
  f.formula = "x/(1 + exp(-beta*x))";
  f.textbook = ACTINIUM_TEXTBOOK(x / (1 + exp(-p[0] * x)));
  f.documentation = "Minimum -0.2785 at -1.2785.";
  f.source = "Elfwing et al. 2017; beta: Ramachandran et al. 2017, ONNX Swish(alpha)";
  f.advice = "Hidden layers of deep convolutional networks and transformers: smooth, and a negative unit still learns.";
  f.value = {silu, silu_slope, F(curvature_of(swish(t[0], x), t[0]))};
  f.closed = {F(silu_closed(t[0], x)), F(silu_closed_slope(t[0], x)), F(silu_closed_curvature(t[0], x))};
  f.parameter = silu_parameter;
  f.special = silu_special;
  list.push_back(f);

  f = {"quick_gelu", {{"gelu_fast_approx"}, {"QuickGELU"}, {"QuickGelu"}}};
  f.formula = "x/(1 + exp(-1.702*x))";
  f.textbook = ACTINIUM_TEXTBOOK(x / (1 + exp(-p("1.702") * x)));
  f.documentation = "Sigmoid form of gelu, within 0.0204 of it.";
  f.source = "Hendrycks and Gimpel 2016; MLX gelu_fast_approx";
  f.advice = "Checkpoints trained with it (CLIP); otherwise gelu.";
  f.value = {F(value_of(quick(x), x)), F(slope_of(quick(x))), F(curvature_of(quick(x), 1.702))};
  f.closed = {F(silu_closed(1.702, x)), F(silu_closed_slope(1.702, x)), F(silu_closed_curvature(1.702, x))};
  list.push_back(f);

  f = {"mish", {{"Mish"}}};
  f.formula = "x*tanh(log(1 + exp(x)))";
  f.textbook = ACTINIUM_TEXTBOOK(x * tanh(log(1 + exp(x))));
  f.documentation = "Minimum -0.3088 at -1.1924.";
  f.source = "Misra 2019";
  f.advice = "As silu, a little steeper at 0; detectors (YOLOv4). It costs more.";
  f.value = {mish, mish_slope, F(mish_curvature_of(x, -abs(x)))};
  f.closed[2] = F(mish_curvature_of(x, minus_abs_smooth(x)));
  list.push_back(f);
  return list;
}

}  // namespace

std::vector<Facts> sigmoid_entries() {
  std::vector<Facts> all;
  Facts f{"sigmoid", {{"Sigmoid"}, {"logistic"}, {"Logistic"}}};
  f.formula = "1/(1 + exp(-x))";
  f.textbook = ACTINIUM_TEXTBOOK(1 / (1 + exp(-x)));
  f.documentation = "Derivative exp(-x)/(1 + exp(-x))**2, never s*(1 - s), which is 0 above 37.";
  f.source = "all";
  f.advice =
      "The probability of a yes or no, several at once if they do not exclude each other; gates. Not for deep hidden layers: its slope is at most 1/4, and gradients vanish layer by layer.";
  f.kind = Kind::primitive;
  f.value = {F(sigmoid(x))};
  all.push_back(f);
  for (auto part : {tanh_entries, swish_entries})
    for (Facts& e : part()) all.push_back(std::move(e));
  return all;
}

}  // namespace actinium::activations
