// The whole catalogue at special points and many others, value and first two derivatives, f32 and f64, against the
// references. ACTINIUM_ACCURACY=1000 in the environment takes so many points more and prints the worst errors found.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "actinium/activations.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

Format format_of(DType t) { return t == DType::f32 ? f32_format : f64_format; }

struct Case {
  std::string name;
  DType type;
};
std::string label(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name + "_" + std::string(name_of(info.param.type));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& entry : activations::all())
    if (entry->is_elementwise())
      for (DType t : {DType::f32, DType::f64}) all.push_back({entry->facts().name, t});
  return all;
}

class Accuracy : public ::testing::TestWithParam<Case> {};

struct Worst {
  double ulp = 0, x = 0;
};

/// The largest error of one order over the points; each beyond its bound is reported.
Worst compare(const Reference& reference, const std::vector<Real>& truth, const std::vector<double>& x, const Array& y,
              int order) {
  const Format format = format_of(y.dtype);
  const double smallest = std::ldexp(1.0, format.min_exponent - format.bits + 1), unit = std::ldexp(1.0, -format.bits);
  Worst worst;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool flat =
        std::isnan(x[i]) && order > 0 && !std::isnan(y[i]);  // piecewise constant derivatives may take a side
    if (flat || (order > 0 && x[i] < reference.domain)) continue;
    const Real& exact = truth[i];
    const double ulp = distance(y[i], exact, format);
    const double error =
        exact.is_nan() || exact.is_inf() || std::isinf(y[i]) ? inf : abs(Real(y[i]) - exact).to_double();
    const bool subnormal =
        error <= (4 + std::abs(x[i])) * smallest && std::abs(y[i]) < std::ldexp(1.0, format.min_exponent);
    const bool near_zero = reference.smooth_zero[order] && error <= 4 * unit;
    if (subnormal || near_zero) continue;
    if (ulp > worst.ulp) worst = {ulp, x[i]};
    EXPECT_LE(ulp, reference.ulp[order]) << "at " << x[i] << ": " << y[i] << " instead of " << exact.to_double();
  }
  return worst;
}

TEST_P(Accuracy, ValueAndDerivatives) {
  const auto& [name, type] = GetParam();
  ASSERT_TRUE(references().contains(name)) << "an activation without a reference";
  const Reference& reference = references().at(name);
  const auto found = activations::find(name);
  std::vector<double> kinks = found->entry->facts().kinks;
  for (const Convention& c : reference.conventions) kinks.push_back(c.x);
  const char* more = std::getenv("ACTINIUM_ACCURACY");
  const std::vector<double> x = special_points(type, kinks, 100 + (more != nullptr ? std::atoi(more) : 0));
  std::vector<double> parameters;
  Graph graph(type);
  std::vector<Argument> arguments{Argument("", graph.input("x", {x.size()}))};
  for (double p : reference.parameters) {
    parameters.push_back(rounded(type, p));
    arguments.emplace_back("", p);
  }
  const Inputs inputs{{"x", array(type, {static_cast<std::int64_t>(x.size())}, x)}};
  for (int order = 0; order < 3; ++order) {
    SCOPED_TRACE("order " + std::to_string(order));
    const Expr e = activations::apply(*found, arguments, std::source_location::current(), order);
    ASSERT_EQ(e.dtype(), type);
    const Real::Precision precision(200);  // of copies; the truth itself is computed with more
    std::vector<Real> truth;
    for (double at : x) truth.push_back(reference_value(reference, parameters, at, order));
    const Worst worst = compare(reference, truth, x, evaluate(e, inputs), order);
    SCOPED_TRACE("without fused multiply-add");
    const Worst without = compare(reference, truth, x, evaluate(e, inputs, {}, false), order);
    if (more != nullptr)
      std::printf("%-16s %s order %d: %7.3f ulp at %.9g; unfused %7.3f at %.9g\n", name.c_str(),
                  std::string(name_of(type)).c_str(), order, worst.ulp, worst.x, without.ulp, without.x);
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Accuracy, ::testing::ValuesIn(cases()), label);

}  // namespace
}  // namespace actinium::testing
