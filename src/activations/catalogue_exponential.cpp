// Exponential-linear activations and the softplus family. exp(x) - 1 is expm1, and derivatives are written from x,
// never from the value: elu'(-40) is exp(-40), which 1 + elu(-40) has lost.
#include "activations/formula.hpp"
#include "activations/textbook.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

using ops::Op;

constexpr double selu_scale = 1.0507009873554804934193349852946, selu_alpha = 1.6732632423543772848170429916717;
/// scale * alpha, rounded once where both are the usual.
Expr selu_product(const Terms& t) {
  const bool usual = is(t[0], selu_alpha) && is(t[1], selu_scale);
  return usual ? Expr(1.7580993408473768599402175208123) : t[0] * t[1];
}

/// v = min(x, 0)/alpha and exp of the exact quotient: the division's error, |v| ulp after exp, enters as a factor.
struct Quotient {
  Expr value, low;
};
Quotient quotient(const Expr& x, const Expr& alpha) {
  const Expr n = negative_part(x), v = n / alpha;
  if (is(alpha, 1)) return {n, 0};
  const Expr low = fma(-v, alpha, n) / alpha;
  return {v, where(abs(low) < 1, low, 0)};
}
/// exp of the exact quotient; for alpha < 0 it may be infinite, which e + e * low would make nan.
Expr exp_of(const Quotient& v) { return is(v.low, 0) ? exp(v.value) : exp(v.value) * (1.0 + v.low); }
Expr celu(const Terms& t) {
  const Quotient v = quotient(t.x, t[0]);
  const Expr m = expm1(v.value);
  const bool grows = literal(t[0]).value_or(-1) < 0;  // then the quotient's error counts
  return where(t.x > 0, t.x, t[0] * (grows ? m * (1.0 + v.low) + v.low : m));
}
Expr celu_slope(const Terms& t) { return where(t.x > 0, 1, exp_of(quotient(t.x, t[0]))); }
Expr celu_curvature(const Terms& t) { return where(t.x > 0, 0, exp_of(quotient(t.x, t[0])) / t[0]); }
/// expm1(v) - v exp(v) = -exp(v) (exp(w) - 1 - w), w = -v: near 0 by the series of the bracket, whose terms are all
/// positive where alpha is.
Expr celu_parameter(const Terms& t, int) {
  const Quotient q = quotient(t.x, t[0]);
  const Expr v = limited(q.value, -far(t.x), far(t.x)), w = -limited(q.value, -1, 1);
  const Expr e = exp_of({v, q.low});
  double factorial = 1;
  std::vector<double> inverse;  // 1/2!, 1/3!, ...
  for (int n = 2; n <= (t.x.dtype() == DType::f32 ? 11 : 18); ++n) inverse.push_back(1 / (factorial *= n));
  Expr series = inverse.back();
  for (auto c = inverse.rbegin() + 1; c != inverse.rend(); ++c) series = *c + w * series;
  return where(t.x > 0, 0, where(abs(v) < 1, -e * (w * w * series), (1.0 - v) * e - 1.0));
}

/// exp(-|beta x|), with the rounding of the product made good.
struct Decay {
  Expr z, t;
};
Decay decay(const Expr& beta, const Expr& x) {
  const Product z = product(beta, x);
  const Expr e = exp(-abs(z.value));
  return {z.value, is(z.low, 0) ? e : corrected(e, where(z.value < 0, z.low, -z.low))};
}
/// PyTorch's switch to x beyond a threshold of beta * x.
Expr switched(const Terms& t, const Expr& z, const Expr& beyond, const Expr& otherwise) {
  return is(t[1], infinity) ? otherwise : where(z > t[1], beyond, otherwise);
}
Expr softplus(const Terms& t) {
  const Decay d = decay(t[0], t.x);
  const auto beta = literal(t[0]);
  const Expr part = !beta       ? where(t[0] > 0, positive_part(t.x), negative_part(t.x))
                    : *beta > 0 ? positive_part(t.x)
                                : negative_part(t.x);
  return switched(t, d.z, t.x, part + log1p(d.t) / t[0]);
}
Expr softplus_slope(const Terms& t) {
  const Decay d = decay(t[0], t.x);
  return switched(t, d.z, 1, where(d.z >= 0, 1, d.t) / (1.0 + d.t));
}
Expr softplus_curvature(const Terms& t) {
  const Decay d = decay(t[0], t.x);
  const Expr n = 1.0 + d.t;
  return switched(t, d.z, 0, t[0] * (d.t / (n * n)));
}
Expr softplus_parameter(const Terms& t, int i) {
  if (i == 1) return 0;
  const Decay d = decay(t[0], t.x);
  const Expr z = limited(abs(d.z), 0, far(t.x));
  return switched(t, d.z, 0, -((log1p(d.t) + z * d.t / (1.0 + d.t)) / t[0]) / t[0]);
}
std::optional<Expr> softplus_special(const Terms& t, int order, std::source_location) {
  if (order > 0 || !is(t[0], 1) || !is(t[1], infinity)) return std::nullopt;
  return primitive(Op::softplus, t.x);
}

/// (x + sqrt(x*x + b))/2; for x < 0 its conjugate, which does not cancel.
Expr squareplus(const Terms& t) {
  const Expr r = 0.5 * hypot(t.x, sqrt(t[0])), a = 0.5 * abs(t.x);
  return where(t.x >= 0, a + r, 0.25 * t[0] / (r + a));
}
Expr squareplus_slope(const Terms& t) {
  const Expr r = hypot(t.x, sqrt(t[0]));
  const Expr g = (0.25 * t[0] / r) / (0.5 * r + 0.5 * abs(t.x));
  return where(t.x >= 0, 1.0 - g, g);
}
Expr squareplus_curvature(const Terms& t) {
  const Expr square = fma(t.x, t.x, t[0]);
  return 0.5 * t[0] / square / sqrt(square);
}
Expr squareplus_smooth_slope(const Terms& t) { return 0.5 + 0.5 * t.x / hypot(t.x, sqrt(t[0])); }
std::optional<Expr> squareplus_special(const Terms& t, int order, std::source_location where) {
  if (!is(t[0], 0)) return std::nullopt;
  const Terms relu{t.x, {Expr(0.0), Expr(infinity), Expr(0.0)}, {}, {0}};
  return find("relu")->entry->make(order, relu, where);
}

Expr softsign(const Terms& t) {
  const Expr a = abs(t.x);
  return where(a > 1.0, 1.0 / (copysign(1.0, t.x) + 1.0 / t.x), t.x / (1.0 + a));
}
Expr softsign_slope(const Terms& t) { return square(1.0 / (1.0 + abs(t.x))); }
/// -2 sign(x)/d**3, d = 1 + |x|, whose rounding enters three times and is made good.
Expr softsign_curvature(const Terms& t) {
  const Expr a = abs(t.x), d = 1.0 + a, y = -2.0 * sign(t.x) / d / (d * d);
  const Expr low = where(a < 1, a - (d - 1.0), where(a < 1e18, 1.0 - (d - a), 0));
  return y - y * (3.0 * low / d);
}

/// Like the function itself, NaN below 0.
Expr log1mexp_slope(const Terms& t) { return where(t.x < 0, nan, exp(-t.x) / (0.0 - expm1(-t.x))); }
Expr log1mexp_curvature(const Terms& t) { return where(t.x < 0, nan, -exp(-t.x) / square(expm1(-t.x))); }

std::vector<Facts> elu_entries() {
  std::vector<Facts> list;
  Facts f{"exponential", {{"exp"}, {"Exp"}, {"Exponential"}}};
  f.formula = "exp(x)";
  f.textbook = ACTINIUM_TEXTBOOK(exp(x));
  f.documentation = "Overflows beyond 709.78 (f64), 88.72 (f32).";
  f.source = "Keras exponential, ONNX Exp";
  f.advice =
      "Positive outputs with a multiplicative meaning, such as the rate of a Poisson regression. softplus grows more slowly and does not overflow.";
  f.kind = Kind::primitive;
  f.value = {F(exp(x))};
  list.push_back(f);

  f = {"elu", {{"ELU"}, {"Elu"}}};
  f.parameters = {{"alpha", 1.0, {}, Takes::number, "finite", finite}};
  f.formula = "x > 0 ? x : alpha*(exp(x) - 1)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x, p[0] * (exp(x) - 1)));
  f.documentation = "Derivative at 0: alpha.";
  f.source = "Clevert et al. 2015";
  f.advice = "Hidden layers without batch normalization: outputs have a mean near 0. Very negative inputs saturate.";
  f.value = {F(where(x > 0, x, t[0] * expm1(negative_part(x)))), F(where(x > 0, 1, t[0] * exp(negative_part(x)))),
             F(where(x > 0, 0, t[0] * exp(negative_part(x))))};
  f.parameter = [](const Terms& t, int) -> Expr { return where(t.x > 0, 0, expm1(negative_part(t.x))); };
  f.kinks = {0};
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == 0, t[0], 1}}; };
  list.push_back(f);

  f = {"celu", {{"CELU"}, {"Celu"}}};
  f.parameters = {{"alpha", 1.0, {}, Takes::number, "nonzero", nonzero}};
  f.formula = "x > 0 ? x : alpha*(exp(x/alpha) - 1)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x, p[0] * (exp(x / p[0]) - 1)));
  f.documentation = "Derivative at 0: 1. Second derivative at 0: 1/alpha.";
  f.source = "Barron 2017";
  f.advice = "elu whose derivative is continuous for every alpha.";
  f.value = {celu, celu_slope, celu_curvature};
  f.parameter = celu_parameter;
  f.kinks = {0};
  list.push_back(f);

  f = {"selu", {{"SELU"}, {"Selu"}}};
  f.parameters = {{"alpha", selu_alpha, {}, Takes::number, "finite", finite},
                  {"scale", selu_scale, {"gamma"}, Takes::number, "finite", finite}};
  f.parameters[0].exact = "1.6732632423543772848170429916717";
  f.parameters[1].exact = "1.0507009873554804934193349852946";
  f.formula = "scale * (x > 0 ? x : alpha*(exp(x) - 1)), scale 1.0507009873554805, alpha 1.6732632423543773";
  f.textbook = ACTINIUM_TEXTBOOK(p[1] * where(x > 0, x, p[0] * (exp(x) - 1)));
  f.documentation =
      "Derivative at 0: scale*alpha = 1.7580993408473769. Meant for LeCun-normal weights and alpha dropout.";
  f.source = "Klambauer et al. 2017; the constants in full precision (ONNX rounds them to f32)";
  f.advice = "Deep dense networks without normalization layers; only with LeCun-normal weights and alpha dropout.";
  f.value = {F(where(x > 0, t[1] * x, selu_product(t) * expm1(negative_part(x)))),
             F(pick(x, x > 0, t[1], selu_product(t) * exp(negative_part(x)))),
             F(where(x > 0, 0, selu_product(t) * exp(negative_part(x))))};
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == 0, selu_product(t), t[1]}}; };
  f.kinks = {0};
  list.push_back(f);
  return list;
}

std::vector<Facts> softplus_entries() {
  std::vector<Facts> list;
  Facts f{"softplus", {{"Softplus"}, {"SoftPlus"}, {"soft_relu", {}, {"alpha=beta"}}}};
  f.parameters = {{"beta", 1.0, {}, Takes::number, "nonzero", nonzero}, {"threshold", infinity}};
  f.formula = "log(1 + exp(beta*x))/beta";
  f.textbook = ACTINIUM_TEXTBOOK(where(p[0] * x > p[1], x, log(1 + exp(p[0] * x)) / p[0]));
  f.documentation = "Beyond threshold (of beta*x; none by default) it is x, as in PyTorch.";
  f.source = "Dugas et al. 2001; beta and threshold: PyTorch Softplus";
  f.advice =
      "Positive outputs: a variance, a rate. As a hidden activation, a relu without kink and without exact zeros.";
  f.value = {softplus, softplus_slope, softplus_curvature};
  f.closed[2] = F(switched(t, t[0] * x, 0, t[0] * logistic_pdf(t[0] * x)));
  f.parameter = softplus_parameter;
  f.special = softplus_special;
  list.push_back(f);

  f = {"log_sigmoid", {{"logsigmoid"}, {"LogSigmoid"}}};
  f.formula = "log(1/(1 + exp(-x)))";
  f.textbook = ACTINIUM_TEXTBOOK(-log(1 + exp(-x)));
  f.documentation = "-softplus(-x).";
  f.source = "Keras, JAX, PyTorch LogSigmoid";
  f.advice = "The log likelihood of a yes or no, from its logit. log(sigmoid(x)) is -inf where this is -x.";
  f.value = {F(-primitive(Op::softplus, -x)), F(primitive(Op::sigmoid, -x)), F(-logistic_pdf(x))};
  list.push_back(f);

  f = {"squareplus", {{"Squareplus"}}};
  f.parameters = {{"b", 4.0, {}, Takes::number, "at least 0", not_negative}};
  f.formula = "(x + sqrt(x**2 + b))/2";
  f.textbook = ACTINIUM_TEXTBOOK_APART((x + sqrt(x * x + p[0])) / 2, where(x < 0, p[0] / 2 / (root_of_square_plus(x, p[0]) - x),
                                             (x + root_of_square_plus(x, p[0])) / 2));
  f.documentation = "Softplus without exp. b=0 is relu.";
  f.source = "Barron 2021; JAX, Keras";
  f.advice = "softplus without exp and log. Its left tail is b/(4*|x|), so it fades slowly.";
  f.value = {squareplus, squareplus_slope, squareplus_curvature};
  f.closed = {nullptr, squareplus_smooth_slope, nullptr};
  f.parameter = [](const Terms& t, int) -> Expr { return 0.25 / hypot(t.x, sqrt(t[0])); };
  f.special = squareplus_special;
  list.push_back(f);

  f = {"softsign", {{"soft_sign"}, {"Softsign"}, {"SoftSign"}}};
  f.formula = "x/(1 + abs(x))";
  f.textbook = ACTINIUM_TEXTBOOK(x / (1 + abs(x)));
  f.documentation = "Second derivative 0 at 0.";
  f.source = "Bergstra et al. 2009";
  f.advice = "tanh with longer tails: its slope falls as 1/x**2, not exponentially.";
  f.value = {softsign, softsign_slope, softsign_curvature};
  f.kinks = {0};
  list.push_back(f);

  f = {"log1mexp", {{"log1m_exp"}}};
  f.formula = "log(1 - exp(-x))";
  f.textbook = ACTINIUM_TEXTBOOK(log(1 - exp(-x)));
  f.documentation = "For x > 0; -inf at 0, nan below.";
  f.source = "Maechler 2012; JAX";
  f.advice = "log(1 - p) from -log(p): likelihoods kept as logarithms.";
  f.value = {F(primitive(Op::log1mexp, x)), log1mexp_slope, log1mexp_curvature};
  list.push_back(f);
  return list;
}

}  // namespace

std::vector<Facts> exponential_entries() {
  std::vector<Facts> all = elu_entries();
  for (Facts& f : softplus_entries()) all.push_back(std::move(f));
  return all;
}

}  // namespace actinium::activations
