// Start reading at references(): one row an activation, as its formula stands in a book.
#include "activations/reference.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "activations/evaluator.hpp"

namespace actinium::testing {
namespace {

using X = const Real&;
using P = const std::vector<Real>&;
using Table = std::map<std::string, Reference>;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Real max(X a, X b) { return a > b ? a : b; }
Real min(X a, X b) { return a < b ? a : b; }
Real clip(X x, X lo, X hi) { return min(max(x, lo), hi); }
Real logistic(X x) { return 1 / (1 + exp(-x)); }
/// Beyond 1e6 thousands of bits hold nothing but x.
Real softplus(X x) { return x > 1e6 ? x : log(1 + exp(x)); }
Real gelu(X x) { return x / 2 * (1 + erf(x / sqrt(Real(2)))); }
/// A parameter that is the default rounded to a type stands for the default itself.
Real meant(X p, X exact) { return abs(p - exact) < 1e-7 ? exact : p; }
Real unit_clip(X x, P p) { return clip(meant(p[0], Real(1) / 6) * x + p[1], 0, 1); }

// Rows: {name, {f, parameters, {{x, {f, f', f''}}, ...}}}: conventions at kinks and limits at infinity.

Table piecewise() {
  const auto leaky = [](X x, P p) { return x > 0 ? x : p[0] * x; };
  return {
      {"linear", {[](X x, P p) { return p[0] * x + p[1]; }, {1, 0}, {{inf, {inf, 1, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"step",
       {[](X x, P p) { return x > p[0]    ? Real(1)
                              : x == p[0] ? p[1]
                                          : Real(0); },
        {0, 1},
        {{0, {1, 0, 0}}, {inf, {1, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"relu",
       {[](X x, P p) { return x > p[2] ? min(x, p[1]) : p[0] * (x - p[2]); },
        {0, inf, 0},
        {{0, {0, 0, 0}}, {inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"relu6",
       {[](X x, P) { return clip(x, 0, 6); },
        {},
        {{0, {0, 0, 0}}, {6, {6, 0, 0}}, {inf, {6, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"relu2",
       {[](X x, P) { return max(x, 0) * max(x, 0); }, {}, {{0, {0, 0, 0}}, {inf, {inf, inf, 2}}, {-inf, {0, 0, 0}}}}},
      {"leaky_relu", {leaky, {0.01}, {{0, {0, 0.01, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 0.01, 0}}}}},
      {"prelu", {leaky, {0.25}, {{0, {0, 0.25, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 0.25, 0}}}}},
      {"rrelu",
       {[](X x, P p) { return x > 0 ? x : (p[0] + p[1]) / 2 * x; },
        {1.0 / 8, 1.0 / 3},
        {{0, {0, 11.0 / 48, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 11.0 / 48, 0}}}}},
      {"hard_tanh",
       {[](X x, P p) { return clip(x, p[0], p[1]); },
        {-1, 1},
        {{-1, {-1, 0, 0}}, {1, {1, 0, 0}}, {inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
      {"hard_sigmoid",
       {unit_clip, {1.0 / 6, 0.5}, {{-3, {0, 0, 0}}, {3, {1, 0, 0}}, {inf, {1, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"hard_silu",
       {[](X x, P p) { return x * unit_clip(x, p); },
        {1.0 / 6, 0.5},
        {{-3, {0, 0, 0}}, {3, {3, 1, 0}}, {inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"hard_shrink",
       {[](X x, P p) { return abs(x) > p[0] ? x : 0; },
        {0.5},
        {{-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"soft_shrink",
       {[](X x, P p) { return x > p[0]    ? x - p[0]
                              : x < -p[0] ? x + p[0]
                                          : 0; },
        {0.5},
        {{-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"shrink",
       {[](X x, P p) { return x > p[0]    ? x - p[1]
                              : x < -p[0] ? x + p[1]
                                          : 0; },
        {0.5, 0},
        {{-0.5, {0, 0, 0}}, {0.5, {0, 0, 0}}, {inf, {inf, 1, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"threshold",
       {[](X x, P p) { return x > p[0] ? x : p[1]; },
        {0.5, 2},
        {{0.5, {2, 0, 0}}, {inf, {inf, 1, 0}}, {-inf, {2, 0, 0}}}}},
      {"sparse_plus",
       {[](X x, P) { return x <= -1  ? 0
                            : x >= 1 ? x
                                     : (x + 1) * (x + 1) / 4; },
        {},
        {{-1, {0, 0, 0}}, {1, {1, 1, 0}}, {inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"sparse_sigmoid",
       {[](X x, P) { return clip((x + 1) / 2, 0, 1); },
        {},
        {{-1, {0, 0, 0}}, {1, {1, 0, 0}}, {inf, {1, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"smelu",
       {[](X x, P p) { return abs(x) <= p[0] ? (x + p[0]) * (x + p[0]) / (4 * p[0]) : max(x, 0); },
        {1},
        {{-1, {0, 0, 0}}, {1, {1, 1, 0}}, {inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
  };
}

Table exponential() {
  Table table{
      {"exponential", {[](X x, P) { return exp(x); }, {}, {{inf, {inf, inf, inf}}, {-inf, {0, 0, 0}}}}},
      {"elu",
       {[](X x, P p) { return x > 0 ? x : p[0] * (exp(x) - 1); },
        {1},
        {{0, {0, 1, 1}}, {inf, {inf, 1, 0}}, {-inf, {-1, 0, 0}}}}},
      {"celu",
       {[](X x, P p) { return x > 0 ? x : p[0] * (exp(x / p[0]) - 1); },
        {1},
        {{0, {0, 1, 1}}, {inf, {inf, 1, 0}}, {-inf, {-1, 0, 0}}}}},
      {"selu",
       {[](X x, P p) {
          const Real alpha = meant(p[0], Real::decimal("1.6732632423543772848170429916717"));
          return meant(p[1], Real::decimal("1.0507009873554804934193349852946")) * (x > 0 ? x : alpha * (exp(x) - 1));
        },
        {1.6732632423543773, 1.0507009873554805},
        {{0, {0, 1.7580993408473768, 1.7580993408473768}},
         {inf, {inf, 1.0507009873554805, 0}},
         {-inf, {-1.7580993408473768, 0, 0}}}}},
      {"softplus",
       {[](X x, P p) { return p[0] * x > p[1] ? x : softplus(p[0] * x) / p[0]; },
        {1, inf},
        {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"log_sigmoid", {[](X x, P) { return -softplus(-x); }, {}, {{inf, {0, 0, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"squareplus",
       {[](X x, P p) { return (x + sqrt(x * x + p[0])) / 2; }, {4}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"softsign",
       {[](X x, P) { return x / (1 + abs(x)); }, {}, {{0, {0, 1, 0}}, {inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
      {"log1mexp",
       {[](X x, P) { return log(1 - exp(-x)); },
        {},
        {{0, {-inf, inf, -inf}}, {inf, {0, 0, 0}}, {-inf, {nan, nan, nan}}}}},
  };
  return table;
}

Table sigmoid() {
  Table table{
      {"sigmoid", {[](X x, P) { return logistic(x); }, {}, {{inf, {1, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"tanh", {[](X x, P) { return tanh(x); }, {}, {{inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
      {"scaled_tanh", {[](X x, P p) { return p[0] * tanh(p[1] * x); }, {1, 1}, {{inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
      {"tanh_shrink", {[](X x, P) { return x - tanh(x); }, {}, {{inf, {inf, 1, 0}}, {-inf, {-inf, 1, 0}}}}},
      {"silu", {[](X x, P p) { return x / (1 + exp(-p[0] * x)); }, {1}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"quick_gelu",
       {[](X x, P) { return x / (1 + exp(-Real::decimal("1.702") * x)); },
        {},
        {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"mish", {[](X x, P) { return x * tanh(softplus(x)); }, {}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
  };
  for (const char* name : {"silu", "quick_gelu", "mish"})
    table[name].smooth_zero[1] = table[name].smooth_zero[2] = true;
  return table;
}

Table gaussian() {
  Table table{
      {"gelu", {[](X x, P) { return gelu(x); }, {}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"gelu_tanh",
       {[](X x, P) { return x / 2 * (1 + tanh(sqrt(2 / Real::pi()) * (x + Real::decimal("0.044715") * x * x * x))); },
        {},
        {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"gaussian", {[](X x, P) { return exp(-x * x); }, {}, {{inf, {0, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"normcdf", {[](X x, P) { return (1 + erf(x / sqrt(Real(2)))) / 2; }, {}, {{inf, {1, 0, 0}}, {-inf, {0, 0, 0}}}}},
      {"erf", {[](X x, P) { return erf(x); }, {}, {{inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
  };
  for (const char* name : {"gelu", "gelu_tanh"}) table[name].smooth_zero[1] = table[name].smooth_zero[2] = true;
  table["gaussian"].smooth_zero[2] = true;
  return table;
}

Table extra() {
  const auto isru = [](X x, P p) { return x / sqrt(1 + p[0] * x * x); };
  constexpr double half_pi = 1.5707963267948966, ln2 = 0.69314718055994531;
  Table table{
      {"bent_identity",
       {[](X x, P) { return x + (sqrt(x * x + 1) - 1) / 2; }, {}, {{inf, {inf, 1.5, 0}}, {-inf, {-inf, 0.5, 0}}}}},
      {"snake",
       {[](X x, P p) { return x + sin(p[0] * x) * sin(p[0] * x) / p[0]; },
        {1},
        {{inf, {nan, nan, nan}}, {-inf, {nan, nan, nan}}}}},
      {"lisht", {[](X x, P) { return x * tanh(x); }, {}, {{inf, {inf, 1, 0}}, {-inf, {inf, -1, 0}}}}},
      {"tanhexp", {[](X x, P) { return x * tanh(exp(x)); }, {}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"serf", {[](X x, P) { return x * erf(softplus(x)); }, {}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"isru", {isru, {1}, {{inf, {1, 0, 0}}, {-inf, {-1, 0, 0}}}}},
      {"isrlu",
       {[=](X x, P p) { return x > 0 ? x : isru(x, p); },
        {1},
        {{0, {0, 1, 0}}, {inf, {inf, 1, 0}}, {-inf, {-1, 0, 0}}}}},
      {"arctan", {[](X x, P) { return atan(x); }, {}, {{inf, {half_pi, 0, 0}}, {-inf, {-half_pi, 0, 0}}}}},
      {"sin", {[](X x, P) { return sin(x); }, {}, {{inf, {nan, nan, nan}}, {-inf, {nan, nan, nan}}}}},
      {"cos", {[](X x, P) { return cos(x); }, {}, {{inf, {nan, nan, nan}}, {-inf, {nan, nan, nan}}}}},
      {"phish", {[](X x, P) { return x * tanh(gelu(x)); }, {}, {{inf, {inf, 1, 0}}, {-inf, {0, 0, 0}}}}},
      {"logish", {[](X x, P) { return x * log(1 + logistic(x)); }, {}, {{inf, {inf, ln2, 0}}, {-inf, {0, 0, 0}}}}},
  };
  for (const char* name : {"snake", "lisht", "tanhexp", "serf", "phish", "logish"})
    table[name].smooth_zero[1] = table[name].smooth_zero[2] = true;
  for (const char* name : {"snake", "phish"}) table[name].ulp[2] = 6;  // zeros everywhere, and g'' of gelu
  return table;
}

}  // namespace

const Table& references() {
  static const Table all = [] {
    Table r;
    for (auto family : {piecewise, exponential, sigmoid, gaussian, extra}) r.merge(family());
    add_losses(r);
    return r;
  }();
  return all;
}

std::vector<double> special_points(DType type, const std::vector<double>& kinks, int random_points) {
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
  for (int i = 0; i < random_points; ++i)
    magnitudes.push_back(std::exp(std::uniform_real_distribution(-5.0, 4.0)(random)));
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
  const double size = std::abs(x);  // where nothing is tiny, differences need few bits
  const Real::Precision precision(size > 1e-3 && size < 6 ? 800 : size < 1e-10 && x != 0 ? 4000 : 2600);
  const std::vector<Real> p(parameters.begin(), parameters.end());
  const Real at(x);
  if (order == 0) return reference.f(at, p);
  const Real h = x == 0 ? Real::power_of_two(-560) : (size > 1 ? Real(1) : abs(at)) * Real::power_of_two(-100);
  const Real right = reference.f(at + h, p), left = reference.f(at - h, p), middle = reference.f(at, p);
  const Real difference = order == 1 ? right - left : right - 2 * middle + left;
  if (difference.is_nan())
    return std::isinf(x) ? difference : reference_value(reference, parameters, x > 0 ? inf : -inf, order);
  // What rounding alone may leave of a derivative that is 0.
  const Real noise = (1 + abs(right) + abs(left)) * Real::power_of_two(8 - mpfr_get_default_prec());
  if (abs(difference) < noise) return 0;
  return difference / (order == 1 ? 2 * h : h * h);
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
