// Fifteen formulas as textbooks write them, where they go wrong in double precision: what they give as written, what Actinium
// computes once it has recognised them, and the truth (from mpmath, 400 digits). The library says itself which rule it used.
#include <actinium/actinium.h>

#include <cmath>
#include <cstdio>
#include <string>

namespace ac = actinium;
using ac::Expr;

struct Formula {
  const char* text;
  Expr (*of)(const Expr& x);
  double at, value, slope;  ///< the truth
};

const Formula formulas[] = {
    {"log(1 + exp(x))", [](const Expr& x) { return log(1 + exp(x)); }, 800, 800, 1},
    {"1 / (1 + exp(-x))", [](const Expr& x) { return 1 / (1 + exp(-x)); }, -720, 2.0322308024242932e-313, 2.0322308024242932e-313},
    {"s * (1 - s), s = 1/(1 + exp(-x))", [](const Expr& x) { const Expr s = 1 / (1 + exp(-x)); return s * (1 - s); }, 40,
     4.248354255291589e-18, -4.2483542552915889e-18},
    {"1 - tanh(x)^2", [](const Expr& x) { return 1 - tanh(x) * tanh(x); }, 25, 7.7149993918556711e-22, -1.5429998783711342e-21},
    {"x / (1 + exp(-x))", [](const Expr& x) { return x / (1 + exp(-x)); }, -712, -4.313292185103229e-307, -4.3072341904612301e-307},
    {"x/2 * (1 + erf(x/sqrt(2)))", [](const Expr& x) { return 0.5 * x * (1 + erf(x / std::sqrt(2.0))); }, -10, -7.6198530241605261e-23,
     -7.6184000964648141e-22},
    {"x * tanh(log(1 + exp(x)))", [](const Expr& x) { return x * tanh(log(1 + exp(x))); }, -40, -1.6993417021166356e-16,
     -1.6568581595637197e-16},
    {"log(1 - exp(-x))", [](const Expr& x) { return log(1 - exp(-x)); }, 0x1p-60, -41.588830833596719, 1.152921504606847e+18},
    {"exp(x) - 1", [](const Expr& x) { return exp(x) - 1; }, 0x1p-60, 8.6736173798840355e-19, 1},
    {"1 - cos(x)", [](const Expr& x) { return 1 - cos(x); }, 0x1p-30, 4.3368086899420177e-19, 9.3132257461547852e-10},
    {"sqrt(1 + x) - 1", [](const Expr& x) { return sqrt(1 + x) - 1; }, 0x1p-60, 4.3368086899420177e-19, 0.5},
    {"sqrt(x^2 + 1)", [](const Expr& x) { return sqrt(x * x + 1); }, 1e200, 1e200, 1},
    {"log(x + sqrt(x^2 + 1))", [](const Expr& x) { return log(x + sqrt(x * x + 1)); }, -1e9, -21.416413017506356, 1e-9},
    {"x - tanh(x)", [](const Expr& x) { return x - tanh(x); }, 0x1p-20, 2.8912057932936267e-19, 9.0949470177237678e-13},
    {"x / (1 + |x|)", [](const Expr& x) { return x / (1 + abs(x)); }, 1e12, 0.999999999999, 9.99999999998e-25},
};

struct Result {
  double value, slope;
  std::string rule;
};

Result evaluate(const Formula& formula, bool recognise) {
  ac::Graph g(ac::f64, {.recognise = recognise});
  const Expr x = g.input("x", {}), y = formula.of(x);
  const auto f = ac::compile({x}, {y, grad(y, x)});
  const auto [value, slope] = f(formula.at);
  std::string rules;
  for (const ac::Recognition& r : f.recognised()) rules += (rules.empty() ? "" : ", ") + r.rule;
  return {value.item<double>(), slope.item<double>(), rules};
}

bool right(double result, double truth) { return std::abs(result - truth) <= 4 * 0x1p-52 * std::abs(truth) + 0x1p-1074; }

void print(const char* what, double written, double recognised, double truth) {
  written = std::isnan(written) ? std::abs(written) : written;  // a NaN's sign means nothing
  std::printf("  %-10s  as written %-22.15g recognised %-22.15g truth %.15g\n", what, written, recognised, truth);
}

int main() {
  int wrong = 0;
  for (const Formula& formula : formulas) {
    const Result naive = evaluate(formula, false), repaired = evaluate(formula, true);
    std::printf("%s at x = %.9g: %s\n", formula.text, formula.at, repaired.rule.c_str());
    print("value", naive.value, repaired.value, formula.value);
    print("derivative", naive.slope, repaired.slope, formula.slope);
    wrong += !right(repaired.value, formula.value) + !right(repaired.slope, formula.slope);
    if (right(naive.value, formula.value) && right(naive.slope, formula.slope)) ++wrong;  // it has nothing to show
  }
  std::printf("%d of %d repaired\n", static_cast<int>(std::size(formulas)) - wrong, static_cast<int>(std::size(formulas)));
  return wrong == 0 ? 0 : 1;
}
