// Start reading at references().
#include "activations/reference.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "activations/evaluator.hpp"

namespace actinium::testing {
namespace {

using P = std::vector<Real>;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Real max(const Real& a, const Real& b) { return a > b ? a : b; }
Real min(const Real& a, const Real& b) { return a < b ? a : b; }
Real clip(const Real& x, const Real& lo, const Real& hi) { return min(max(x, lo), hi); }
Real logistic(const Real& x) { return Real(1) / (Real(1) + exp(-x)); }
/// Beyond 1e6 thousands of bits hold nothing but x.
Real softplus(const Real& x) { return x > Real(1e6) ? x : log(Real(1) + exp(x)); }
Real gelu(const Real& x) { return x / Real(2) * (Real(1) + erf(x / sqrt(Real(2)))); }

#define F [](const Real& x, [[maybe_unused]] const P& p)->Real

void add_piecewise(std::map<std::string, Reference>& r) { r["linear"] = {F{return x; }
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {-inf, 1, 0} }
}
};
r["step"] = {F{return x >= p[0] ? Real(1) : Real(0);
}
, {0, 1}, {
  {0, {1, 0, 0}}, {inf, {1, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["relu"] = {F{return max(x, Real(0));
}
, {0, inf, 0}, {
  {0, {0, 0, 0}}, {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["relu6"] = {F{return clip(x, 0, 6);
}
, {}, {
  {0, {0, 0, 0}}, {6, {6, 0, 0}}, {inf, {6, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["relu2"] = {F{return max(x, Real(0)) * max(x, Real(0));
}
, {}, {
  {0, {0, 0, 0}}, {inf, {inf, inf, 2}}, { -inf, {0, 0, 0} }
}
}
;
const auto leaky = [](double slope) { return Reference{F{return x > Real(0) ? x : p[0] * x; }, {slope}, {
  {0, {0, slope, 0}}, {inf, {inf, 1, 0}}, { -inf, {-inf, slope, 0} }
}
}
;
}
;
r["leaky_relu"] = leaky(0.01);
r["prelu"] = leaky(0.25);
r["rrelu"] = {F{return x > Real(0) ? x : (p[0] + p[1]) / Real(2) * x;
}
, {1.0 / 8, 1.0 / 3}, {
  {0, {0, 11.0 / 48, 0}}, {inf, {inf, 1, 0}}, { -inf, {-inf, 11.0 / 48, 0} }
}
}
;
r["hard_tanh"] = {F{return clip(x, p[0], p[1]);
}
, {-1, 1}, {
  {-1, {-1, 0, 0}}, {1, {1, 0, 0}}, {inf, {1, 0, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["hard_sigmoid"] = {F{return clip(x + Real(3), 0, 6) / Real(6);
}
, {1.0 / 6, 0.5}, {
  {-3, {0, 0, 0}}, {3, {1, 0, 0}}, {inf, {1, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["hard_silu"] = {F{return x * clip(x + Real(3), 0, 6) / Real(6);
}
, {}, {
  {-3, {0, 0, 0}}, {3, {3, 1, 0}}, {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["hard_shrink"] = {F{return abs(x) > p[0] ? x : Real(0);
}
, {0.5}, {
  {-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, { -inf, {-inf, 1, 0} }
}
}
;
r["soft_shrink"] = {F{return x > p[0] ? x - p[0] : x < -p[0] ? x + p[0] : Real(0);
}
, {0.5}, {
  {-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, { -inf, {-inf, 1, 0} }
}
}
;
r["shrink"] = {F{return x > p[0] ? x - p[1] : x < -p[0] ? x + p[1] : Real(0);
}
, {0.5, 0}, {
  {-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, { -inf, {-inf, 1, 0} }
}
}
;
r["threshold"] = {F{return x > p[0] ? x : p[1];
}
, {0.5, 2}, {
  {0.5, {2, 0, 0}}, {inf, {inf, 1, 0}}, { -inf, {2, 0, 0} }
}
}
;
r["sparse_plus"] = {F{return x <= Real(-1) ? Real(0) : x >= Real(1) ? x : (x + Real(1)) * (x + Real(1)) / Real(4);
}
, {}, {
  {-1, {0, 0, 0}}, {1, {1, 1, 0}}, {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["sparse_sigmoid"] = {F{return clip((x + Real(1)) / Real(2), 0, 1);
}
, {}, {
  {-1, {0, 0, 0}}, {1, {1, 0, 0}}, {inf, {1, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["smelu"] = {F{return abs(x) <= p[0] ? (x + p[0]) * (x + p[0]) / (Real(4) * p[0]) : max(x, Real(0));
}
, {1}, {
  {-1, {0, 0, 0}}, {1, {1, 1, 0}}, {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
}

void add_exponential(std::map<std::string, Reference>& r) { r["exponential"] = {F{return exp(x); }
, {}, {
  {inf, {inf, inf, inf}}, { -inf, {0, 0, 0} }
}
}
;
r["elu"] = {F{return x > Real(0) ? x : p[0] * (exp(x) - Real(1));
}
, {1}, {
  {0, {0, 1, 1}}, {inf, {inf, 1, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["celu"] = {F{return x > Real(0) ? x : p[0] * (exp(x / p[0]) - Real(1));
}
, {1}, {
  {0, {0, 1, 1}}, {inf, {inf, 1, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["selu"] = {F{const Real scale = Real::decimal("1.0507009873554804934193349852946"),
               alpha = Real::decimal("1.6732632423543772848170429916717");
return x > Real(0) ? scale* x : scale * alpha * (exp(x) - Real(1));
}
, {}, {
  {0, {0, 1.7580993408473768, 1.7580993408473768}}, {inf, {inf, 1.0507009873554805, 0}}, {
    -inf, {-1.7580993408473768, 0, 0}
  }
}
}
;
r["softplus"] = {F{return softplus(p[0] * x) / p[0];
}
, {1, inf}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["log_sigmoid"] = {F{return -softplus(-x);
}
, {}, {
  {inf, {0, 0, 0}}, { -inf, {-inf, 1, 0} }
}
}
;
r["squareplus"] = {F{return (x + sqrt(x * x + p[0])) / Real(2);
}
, {4}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["softsign"] = {F{return x / (Real(1) + abs(x));
}
, {}, {
  {0, {0, 1, 0}}, {inf, {1, 0, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["log1mexp"] = {F{return log(Real(1) - exp(-x));
}
, {}, {
  {0, {-inf, inf, -inf}}, {inf, {0, 0, 0}}, {
    -inf, {
      nan, nan, nan
    }
  }
}
}
;
r["log1mexp"].domain = 0;
}

void add_sigmoid(std::map<std::string, Reference>& r) { r["sigmoid"] = {F{return logistic(x); }
, {}, {
  {inf, {1, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["tanh"] = {F{return tanh(x);
}
, {}, {
  {inf, {1, 0, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["scaled_tanh"] = {F{return p[0] * tanh(p[1] * x);
}
, {1, 1}, {
  {inf, {1, 0, 0}}, { -inf, {-1, 0, 0} }
}
}
;
r["tanh_shrink"] = {F{return x - tanh(x);
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {-inf, 1, 0} }
}
}
;
const auto silu = [](const Real& x, const P& p) -> Real { return x / (Real(1) + exp(-p[0] * x)); };
r["silu"] = {silu, {1}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}};
r["quick_gelu"] = {F{return x / (Real(1) + exp(-Real::decimal("1.702") * x));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["mish"] = {F{return x * tanh(softplus(x));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
for (const char* name : {"silu", "quick_gelu", "mish"}) r[name].smooth_zero[1] = r[name].smooth_zero[2] = true;
}

void add_gaussian(std::map<std::string, Reference>& r) { r["gelu"] = {F{return gelu(x); }
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["gelu_tanh"] = {
    F{return x / Real(2) * (Real(1) + tanh(sqrt(Real(2) / Real::pi()) * (x + Real::decimal("0.044715") * x * x * x)));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["gaussian"] = {F{return exp(-x * x);
}
, {}, {
  {inf, {0, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["normcdf"] = {F{return (Real(1) + erf(x / sqrt(Real(2)))) / Real(2);
}
, {}, {
  {inf, {1, 0, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["erf"] = {F{return erf(x);
}
, {}, {
  {inf, {1, 0, 0}}, { -inf, {-1, 0, 0} }
}
}
;
for (const char* name : {"gelu", "gelu_tanh"}) r[name].smooth_zero[1] = r[name].smooth_zero[2] = true;
r["gaussian"].smooth_zero[2] = true;
}

void add_extra(std::map<std::string, Reference>& r) {
  r["bent_identity"] = {F{return x + (sqrt(x * x + Real(1)) - Real(1)) / Real(2);
}
, {}, {
  {inf, {inf, 1.5, 0}}, { -inf, {-inf, 0.5, 0} }
}
}
;
r["snake"] = {F{return x + sin(p[0] * x) * sin(p[0] * x) / p[0];
}
, {1}, {
  {inf, {nan, nan, nan}}, {
    -inf, {
      nan, nan, nan
    }
  }
}
}
;
r["lisht"] = {F{return x * tanh(x);
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {inf, -1, 0} }
}
}
;
r["tanhexp"] = {F{return x * tanh(exp(x));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["serf"] = {F{return x * erf(softplus(x));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
const auto isru = [](const Real& x, const Real& a) { return x / sqrt(Real(1) + a * x * x); };
r["isru"] = {[=](const Real& x, const P& p) { return isru(x, p[0]); }, {1}, {{inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}};
r["isrlu"] = {[=](const Real& x, const P& p) { return x > Real(0) ? x : isru(x, p[0]); },
              {1},
              {{0, {0, 1, 0}}, {inf, {inf, 1, 0}}, {-inf, {-1, 0, 0}}}};
r["arctan"] = {F{return atan(x);
}
, {}, {
  {inf, {1.5707963267948966, 0, 0}}, { -inf, {-1.5707963267948966, 0, 0} }
}
}
;
r["sin"] = {F{return sin(x);
}
, {}, {
  {inf, {nan, nan, nan}}, {
    -inf, {
      nan, nan, nan
    }
  }
}
}
;
r["cos"] = {F{return cos(x);
}
, {}, {
  {inf, {nan, nan, nan}}, {
    -inf, {
      nan, nan, nan
    }
  }
}
}
;
r["phish"] = {F{return x * tanh(gelu(x));
}
, {}, {
  {inf, {inf, 1, 0}}, { -inf, {0, 0, 0} }
}
}
;
r["logish"] = {F{return x * log(Real(1) + logistic(x));
}
, {}, {
  {inf, {inf, 0.69314718055994531, 0}}, { -inf, {0, 0, 0} }
}
}
;
for (const char* name : {"snake", "lisht", "tanhexp", "serf", "phish", "logish"})
  r[name].smooth_zero[1] = r[name].smooth_zero[2] = true;
for (const char* name : {"snake", "phish"}) r[name].ulp[2] = 6;  // zeros everywhere, and g'' of gelu
}

#undef F

}  // namespace

const std::map<std::string, Reference>& references() {
  static const auto all = [] {
    std::map<std::string, Reference> r;
    for (auto add : {add_piecewise, add_exponential, add_sigmoid, add_gaussian, add_extra, add_losses}) add(r);
    return r;
  }();
  return all;
}

std::vector<double> special_points(DType type, const std::vector<double>& kinks) {
  const bool single = type == DType::f32;
  std::vector<double> all{0, -0.0, inf, -inf, std::numeric_limits<double>::quiet_NaN()};
  const double tiny = single ? std::numeric_limits<float>::denorm_min() : std::numeric_limits<double>::denorm_min();
  const double least =
      single ? static_cast<double>(std::numeric_limits<float>::min()) : std::numeric_limits<double>::min();
  const double most =
      single ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  std::vector<double> magnitudes{tiny,  least, most, 1e-30, 1e-20, 1e-8, 1e-4, 1e-3, 0.02, 0.1,  0.25, 0.3,  0.5,
                                 0.69,  0.7,   0.9,  0.99,  1,     1.01, 1.28, 1.5,  2,    2.4,  3,    4,    5.2,
                                 6,     7.6,   8.3,  10,    12.95, 13,   13.1, 14,   16.6, 17.5, 20,   36.8, 37.3,
                                 37.55, 37.6,  38,   40,    64,    88.5, 90,   100,  102,  104,  350,  372,  500,
                                 700,   709,   712,  730,   740,   745,  750,  1e3,  1e4,  1e8,  1e16, 1e20, 1e30};
  std::mt19937_64 random(7);
  for (int i = 0; i < 40; ++i) magnitudes.push_back(std::exp(std::uniform_real_distribution(-5.0, 4.0)(random)));
  if (!single) magnitudes.insert(magnitudes.end(), {1e-160, 1e100, 1e160, 1e200, 1e300});
  for (double m : magnitudes) all.insert(all.end(), {rounded(type, m), rounded(type, -m)});
  for (double k : kinks)
    for (double toward : {-inf, k, inf})
      all.push_back(single ? static_cast<double>(std::nextafter(static_cast<float>(k), static_cast<float>(toward)))
                           : std::nextafter(k, toward));
  return all;
}

Real reference_value(const Reference& reference, const std::vector<double>& parameters, double x, int order) {
  if (std::isnan(x)) return nan;
  for (const Convention& c : reference.conventions)
    if (c.x == x && !std::isnan(c.value[order])) return c.value[order];
  const bool tiny = std::abs(x) < 1e-10;
  const Real::Precision precision(tiny && x != 0 ? 4000 : 2600);
  P p(parameters.begin(), parameters.end());
  const Real at(x);
  if (order == 0) return reference.f(at, p);
  const Real h = x == 0 ? Real::power_of_two(-560) : (std::abs(x) > 1 ? Real(1) : abs(at)) * Real::power_of_two(-100);
  const Real slope = (reference.f(at + h, p) - reference.f(at - h, p)) / (Real(2) * h);
  if (slope.is_nan()) return std::isinf(x) ? slope : reference_value(reference, parameters, x > 0 ? inf : -inf, order);
  if (order == 1) return slope;
  return (reference.f(at + h, p) - Real(2) * reference.f(at, p) + reference.f(at - h, p)) / (h * h);
}

double distance(double got, const Real& exact, Format format) {
  if (exact.is_nan() || std::isnan(got)) return exact.is_nan() && std::isnan(got) ? 0 : inf;
  if (exact.is_inf() && !std::isinf(got)) return inf;
  const Real::Precision precision(200);
  const Real beyond = Real::power_of_two(2 - format.min_exponent);  // the first number beyond the largest
  const auto capped = [&](const Real& v) { return v > beyond ? beyond : v < -beyond ? -beyond : v; };
  const Real e = capped(exact), g = capped(got);
  const long exponent = e.is_zero() ? format.min_exponent : e.exponent() - 1;
  const long unit =
      std::min<long>(std::max<long>(exponent, format.min_exponent), 1 - format.min_exponent) - format.bits + 1;
  return (abs(g - e) / Real::power_of_two(unit)).to_double();
}

}  // namespace actinium::testing
