// Further activations over the same base functions.
#include "activations/formula.hpp"

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
  const Expr h = hypot(t.x, 1.0);
  return 0.5 / h / h / h;
}

/// x/sqrt(1 + a x*x) by hypot, which does not overflow.
Expr isru_scale(const Terms& t) { return hypot(1.0, sqrt(t[0]) * t.x); }
Expr isru(const Terms& t) {
  const Expr h = isru_scale(t), s = sqrt(t[0]);
  return where(abs(t.x) == infinity, copysign(1.0 / s, t.x), t.x / h);
}
Expr isru_slope(const Terms& t) {
  const Expr h = isru_scale(t);
  return 1.0 / h / h / h;
}
Expr isru_curvature(const Terms& t) {
  const Expr h = isru_scale(t), xc = limited(t.x, -1e18, 1e18);
  return -3.0 * t[0] * xc / h / h / h / h / h;
}

Expr snake_slope(const Terms& t) { return 1.0 + sin(2.0 * t[0] * t.x); }

/// x tanh(exp(x)); far left it is x exp(x), where exp(x) may be subnormal and x exp(x) not.
Expr tanhexp(const Terms& t) {
  const Expr xc = at_least(t.x, -far(t.x)), h = exp(0.5 * where(xc > 0, 0, xc)), e = exp(where(t.x > 4.0, 4.0, xc));
  return where(t.x < -20.0, (xc * h) * h, t.x * tanh(e));
}
Expr tanhexp_slope(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), 4.0), e = exp(xc);
  return tanh(e) + xc * e * sech2(e);
}

/// lisht: tanh and sech2 take care of themselves; x is limited so that inf * 0 does not arise.
Expr lisht_slope(const Terms& t) { return tanh(t.x) + limited(t.x, -far(t.x), far(t.x)) * sech2(t.x); }
Expr lisht_curvature(const Terms& t) {
  const Expr xc = limited(t.x, -far(t.x), far(t.x));
  return 2.0 * sech2(t.x) * (1.0 - xc * tanh(t.x));
}

Facts extra(std::string name, std::string formula, std::string source, std::array<Formula, 3> value) {
  Facts f{std::move(name)};
  f.formula = std::move(formula);
  f.source = std::move(source);
  f.value = value;
  return f;
}

}  // namespace

std::vector<Facts> extra_entries() {
  std::vector<Facts> list;
  list.push_back(extra("bent_identity", "x + (sqrt(x**2 + 1) - 1)/2", "", {bent_identity, bent_slope, bent_curvature}));

  Facts f = extra("snake", "x + sin(a*x)**2/a", "Ziyin et al. 2020", {F(x + square(sin(t[0] * x)) / t[0]), snake_slope, F(2.0 * t[0] * cos(2.0 * t[0] * x))});
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "nonzero", nonzero}};
  list.push_back(f);

  list.push_back(extra("lisht", "x*tanh(x)", "Roy et al. 2019", {F(x * tanh(x)), lisht_slope, lisht_curvature}));
  list.push_back(extra("tanhexp", "x*tanh(exp(x))", "Liu and Di 2020", {tanhexp, tanhexp_slope, nullptr}));
  list.push_back(extra("serf", "x*erf(log(1 + exp(x)))", "Nag and Bhattacharyya 2021", {F(at_least(x, -far(x)) * erf(softplus(x))), nullptr, nullptr}));

  f = extra("isru", "x/sqrt(1 + a*x**2)", "Carlile et al. 2017", {isru, isru_slope, isru_curvature});
  f.closed[0] = F(x / isru_scale(t));
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "positive", positive}};
  list.push_back(f);
  f = extra("isrlu", "x > 0 ? x : x/sqrt(1 + a*x**2)", "Carlile et al. 2017",
            {F(where(x > 0, x, isru(t))), F(where(x > 0, 1, isru_slope(t))), F(where(x > 0, 0, isru_curvature(t)))});
  f.closed[0] = F(where(x > 0, x, x / isru_scale(t)));
  f.parameters = {{"a", 1.0, {"alpha"}, Takes::number, "positive", positive}};
  f.kinks = {0};
  list.push_back(f);

  list.push_back(extra("arctan", "atan(x)", "", {F(atan(x)), nullptr, nullptr}));
  list.push_back(extra("sin", "sin(x)", "Sitzmann et al. 2020, SIREN", {F(sin(x)), nullptr, nullptr}));
  list.push_back(extra("cos", "cos(x)", "", {F(cos(x)), nullptr, nullptr}));
  for (std::size_t i = list.size() - 3; i < list.size(); ++i) list[i].kind = Kind::primitive;

  list.push_back(extra("phish", "x*tanh(gelu(x))", "Naveen 2022", {F(at_least(x, -far(x)) * tanh(at_least(x, -far(x)) * normcdf(x))), nullptr, nullptr}));
  list.push_back(extra("logish", "x*log(1 + sigmoid(x))", "Zhu et al. 2021", {F(at_least(x, -far(x)) * log1p(sigmoid(x))), nullptr, nullptr}));
  return list;
}

}  // namespace actinium::activations
