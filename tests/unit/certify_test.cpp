// certify: its truth against MPFR, its polynomials against its points, what it counts, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "actinium/actinium.h"
#include "activations/real.hpp"
#include "certify/cells.hpp"
#include "certify/tally.hpp"

namespace actinium {
namespace {

using ::testing::HasSubstr;
using testing::Real;
constexpr double inf = std::numeric_limits<double>::infinity();

struct Formulas {
  Graph graph{f32};
  Expr x = graph.input("x", {"n"}, f32);
  Module module(const std::string& text) {
    const Expr e = parse(graph, text);
    return {e.graph(), {x.id()}, {e.id()}};
  }
};

TEST(CertifyReference, AgreesWithMpfrOnFunctions) {
  Formulas f;
  const Real::Precision precision(2000);
  const std::vector<std::pair<std::string, Real (*)(const Real&)>> functions{
      {"exp(x)", [](const Real& x) { return exp(x); }},
      {"tanh(x)", [](const Real& x) { return tanh(x); }},
      {"erf(x)", [](const Real& x) { return erf(x); }},
      {"atan(x)", [](const Real& x) { return atan(x); }},
      {"sigmoid(x)", [](const Real& x) { return Real(1) / (Real(1) + exp(-x)); }},
      {"x - tanh(x)", [](const Real& x) { return x - tanh(x); }},
      {"gelu(x)", [](const Real& x) { return x / Real(2) * (Real(1) + erf(x / sqrt(Real(2)))); }},
      {"sech2(x)", [](const Real& x) { return Real(1) - tanh(x) * tanh(x); }},
  };
  for (const auto& [text, function] : functions) {
    const exact::Reference reference(f.module(text));
    for (double x : {-30.0, -3.3, -0.5, -1e-3, 1e-6, 0.25, 1.0, 7.5, 20.0}) {
      const double truth = function(Real(x)).to_double();
      const exact::Judgement j = reference.at(x, truth, 0, exact::f64_format);
      EXPECT_EQ(j.kind, exact::Judgement::Kind::value) << text << " at " << x;
      EXPECT_LE(j.ulp, 0.5) << text << " at " << x;
    }
  }
}

TEST(CertifyReference, DerivativesAreThoseOfTheSeries) {
  Formulas f;
  const exact::Reference reference(f.module("x * x * x * exp(x)"));
  const double e = std::exp(1.0);
  EXPECT_NEAR(reference.at(1, 0, 1, exact::f64_format).truth, 4 * e, 1e-14);
  EXPECT_NEAR(reference.at(1, 0, 2, exact::f64_format).truth, 13 * e, 1e-13);
  EXPECT_NEAR(reference.at(1, 0, 3, exact::f64_format).truth, 34 * e, 1e-13);
}

TEST(CertifyReference, LimitsAtInfinityAndUndefinedPoints) {
  Formulas f;
  const auto at = [&](const std::string& text, double x) {
    return exact::Reference(f.module(text)).at(x, 0.0, 0, exact::f32_format);
  };
  EXPECT_EQ(at("silu(x)", -inf).truth, 0);
  EXPECT_EQ(at("silu(x)", inf).truth, inf);
  EXPECT_EQ(at("sigmoid(x)", inf).truth, 1);
  EXPECT_EQ(at("softsign(x)", -inf).truth, -1);
  EXPECT_EQ(at("log(x)", inf).truth, inf);
  EXPECT_EQ(at("x / (1 + exp(-x))", -1e38).truth, 0);
  EXPECT_EQ(at("log(x)", -1).kind, exact::Judgement::Kind::undefined);
  EXPECT_EQ(at("sin(x)", inf).kind, exact::Judgement::Kind::unjudged);
  EXPECT_EQ(at("1 / x", 0).kind, exact::Judgement::Kind::unjudged);
}

TEST(CertifyCells, PolynomialsAreWithinTheirBoundOfThePoints) {
  Formulas f;
  for (const std::string text : {"exp(x)", "tanh_shrink(x)", "mish(x)", "gelu(x)", "elu(x)", "log(x)", "erfc(x)",
                                 "hard_silu(x)", "x / (1 + exp(-x))", "sqrt(x*x + 1) - x", "sin(x)"}) {
    const exact::Reference reference(f.module(text));
    for (int order : {0, 1, 2})
      for (float start : {1e-40f, 1e-20f, 0.03125f, 2.0f, 24.0f, 64.0f, 4096.0f, 1e10f})
        for (std::uint32_t side : {0u, 0x80000000u}) {
          constexpr std::uint32_t count = 1u << 14;
          const std::uint32_t first = (std::bit_cast<std::uint32_t>(start) / count * count) | side;
          std::uint32_t next = first;
          for (const exact::Cell& cell : exact::cover(reference, order, first, count)) {
            EXPECT_EQ(cell.first, next);
            next += cell.count;
            if (cell.kind != exact::Cell::Kind::polynomial) continue;
            for (std::uint32_t i : {0u, cell.count / 3, cell.count - 1}) {
              const float x = std::bit_cast<float>(cell.first + i);
              double truth = 0;
              cell.evaluate(std::span(&x, 1), &truth);
              if (std::abs(truth) > 3e38) continue;
              const exact::Judgement j = reference.at(static_cast<double>(x), truth, order, exact::f32_format);
              EXPECT_LE(j.ulp, 0x1p-9) << text << " order " << order << " at " << x;
            }
          }
          EXPECT_EQ(next, first + count);
        }
  }
}

TEST(CertifyTally, BlocksAndPointsFindTheSame) {
  std::vector<float> x, y;
  std::vector<double> truth;
  for (int i = 0; i < 5000; ++i) {
    x.push_back(static_cast<float>(i) / 512);
    truth.push_back(std::sin(i / 512.0));
    y.push_back(static_cast<float>(truth.back() * (1 + (i % 7) * 1e-7)));
  }
  y[100] = std::nanf("");
  y[200] = 0;
  y[300] = -y[300];
  y[400] = std::numeric_limits<float>::infinity();
  truth[500] = std::nan("");
  const exact::Terms terms{0, exact::f32_format, {3.0}};
  exact::Tally blocks(terms), points(terms);
  blocks.add(x, y, truth);
  for (std::size_t i = 0; i < x.size(); ++i) {
    exact::Tally one(terms);
    const std::span<const float> xs(x), ys(y);
    one.add(xs.subspan(i, 1), ys.subspan(i, 1), std::span<const double>(truth).subspan(i, 1));
    points.merge(one);
  }
  const Accuracy a = blocks.result(), b = points.result();
  EXPECT_EQ(a.judged, 5000u);
  EXPECT_EQ(a.judged, b.judged);
  EXPECT_EQ(a.worst_ulp, b.worst_ulp);
  EXPECT_EQ(a.broken.count, b.broken.count);
  EXPECT_GT(a.broken.count, 0u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(a.within[i], b.within[i]);
  EXPECT_EQ(a.wrong_nan.count, 1u);
  EXPECT_EQ(a.wrong_zero.count, 1u);
  EXPECT_EQ(a.wrong_sign.count, 1u);
  EXPECT_EQ(a.wrong_infinity.count, 1u);
  EXPECT_EQ(a.missing_nan.count, 1u);
  EXPECT_EQ(a.wrong_nan.first->x, 100.0 / 512);
  EXPECT_FALSE(a.holds);
}

CertifyOptions few(int derivatives = 0) {
  CertifyOptions o;
  o.samples = 4000;
  o.derivatives = derivatives;
  return o;
}

TEST(Certify, BuiltinFunctionsHoldTheirPromise) {
  Graph g32(f32), g64(f64);
  for (const char* text : {"exp(x)", "sigmoid(x)", "gelu(x)", "tanh_shrink(x)"})
    for (Graph* g : {&g32, &g64}) {
      const Certificate c = certify(parse((g->input("x", {"n"}), *g), text), few(1));
      EXPECT_TRUE(c.holds()) << c.text();
      EXPECT_FALSE(c.exhaustive);
      EXPECT_EQ(c.orders.size(), 2u);
      EXPECT_GT(c.orders[0].judged, 4000u);
    }
}

TEST(Certify, FindsWhatTheTextbookFormulaLoses) {
  CertifyOptions o = few(2);
  o.against_naive = true;
  const Certificate c = certify(activation("gelu"), f32, o);
  ASSERT_EQ(c.naive.size(), 3u);
  EXPECT_GT(c.naive[0].worst_ulp, 1e5);
  EXPECT_GT(c.naive[0].wrong_zero.count, 0u);
  EXPECT_GT(c.naive[0].wrong_nan.count, 0u);
  EXPECT_LT(c.orders[0].worst_ulp, 4);
  EXPECT_THAT(c.text(), HasSubstr("textbook"));
}

TEST(Certify, UserExpressionsAndTheirBounds) {
  Graph g(f32, {.recognise = false}), repairing(f32);
  const Expr x = g.input("x", {"n"});
  CertifyOptions o = few(1);
  EXPECT_TRUE(certify(x * x * 3.0, o).holds());
  EXPECT_TRUE(certify(log(1.0 + exp(repairing.input("x", {"n"}))), o).holds()) << "recognised";
  const Certificate naive = certify(log(1.0 + exp(x)), o);
  EXPECT_FALSE(naive.holds()) << "0 far left, infinite far right";
  EXPECT_GT(naive.orders[0].wrong_zero.count + naive.orders[0].wrong_infinity.count, 0u);
  o.bound = 0.4;
  EXPECT_FALSE(certify(exp(x), o).holds());
}

TEST(Certify, AWrongDerivativeIsFound) {
  const Activation f = define("certify_wrong_slope", [](const Expr& x) { return x * x; }, {},
                              {[](const Expr& x) { return 2.002 * x; }});
  CertifyOptions o = few(1);
  o.bound = 12;
  const Certificate c = certify(f, f32, o);
  EXPECT_TRUE(c.orders[0].holds);
  EXPECT_FALSE(c.orders[1].holds);
  EXPECT_GT(c.orders[1].worst_ulp, 1000);
}

TEST(Certify, ThreadsAndEnginesFindTheSame) {
  CertifyOptions one = few(1), two = few(1);
  one.compile.threads = 1;
  two.compile.engine = Engine::interpret;
  const Certificate a = certify(activation("mish"), f64, one), b = certify(activation("mish"), f64, two);
  for (int k : {0, 1}) {
    const auto i = static_cast<std::size_t>(k);
    EXPECT_EQ(a.orders[i].worst_ulp, b.orders[i].worst_ulp);
    EXPECT_EQ(a.orders[i].backward_steps.count, b.orders[i].backward_steps.count);
  }
}

TEST(Judge, FindsWhatIsWrongWithResultsOfOthers) {
  Graph g(f32);
  const Expr x = g.input("x", {"n"});
  // Rounded once from a double.
  constexpr std::size_t n = 5000;
  std::vector<float> at(n), results(n);
  for (std::size_t i = 0; i < n; ++i) {
    at[(i * 7) % n] = static_cast<float>(i) / 64 - 40;
    results[(i * 7) % n] = static_cast<float>(std::exp(static_cast<double>(static_cast<float>(i) / 64 - 40)));
  }
  const Certificate good = judge(exp(x), at, results);
  EXPECT_TRUE(good.holds()) << good.text();
  ASSERT_EQ(good.orders.size(), 1u);
  EXPECT_EQ(good.orders[0].judged, n);
  EXPECT_EQ(good.orders[0].within[0], n);
  EXPECT_GT(good.orders[0].worst_ulp, 0.4);
  EXPECT_LE(good.orders[0].worst_ulp, 0.501);
  EXPECT_EQ(good.orders[0].backward_steps.count, 0u) << "any order of x";

  results[10] = std::nanf("");
  results[20] = 0;
  results[30] = -results[30];
  results[40] = std::numeric_limits<float>::infinity();
  results[50] = results[50] * (1 + 0x1p-20f);
  at[60] = std::nanf("");
  results[60] = 1;
  for (int threads : {1, 2}) {
    CertifyOptions o;
    o.compile.threads = threads;
    o.bound = 4;
    const Accuracy a = judge(exp(x), at, results, 1, o).orders[0];
    EXPECT_EQ(a.order, 1);
    EXPECT_FALSE(a.holds);
    EXPECT_EQ(a.wrong_nan.count, 1u);
    EXPECT_EQ(a.wrong_nan.first->x, static_cast<double>(at[10]));
    EXPECT_EQ(a.wrong_zero.count, 1u);
    EXPECT_EQ(a.wrong_zero.first->x, static_cast<double>(at[20]));
    EXPECT_EQ(a.wrong_sign.count, 1u);
    EXPECT_EQ(a.wrong_infinity.count, 1u);
    EXPECT_EQ(a.missing_nan.count, 1u);
    EXPECT_EQ(a.broken.count, 4u) << "0, the sign, infinity, and 8 to 16 ulp";
    EXPECT_EQ(a.within[3], 4u);
  }
}

TEST(Judge, DerivativesInDoublePrecisionAndStrides) {
  Graph g(f64);
  const Expr x = g.input("x", {"n"});
  // f'' = 6 x, at every second number of two rows, the last first.
  const std::vector<double> at{1, -7, 0.25, 100, -3, 5, 0x1p-900, 0};
  std::vector<double> results(at.size());
  for (std::size_t i = 0; i < at.size(); ++i) results[i] = 6 * at[i];
  const ArrayRef xs = view(at.data() + 6, {2, 2}, {-4, -2}), ys = view(results.data() + 6, {2, 2}, {-4, -2});
  const Certificate c = judge(x * x * x, xs, ys, 2);
  EXPECT_TRUE(c.holds()) << c.text();
  EXPECT_EQ(c.orders[0].judged, 4u);
  EXPECT_EQ(c.orders[0].worst_ulp, 0);
  results[2] = 2;
  const Accuracy wrong = judge(x * x * x, xs, ys, 2).orders[0];
  EXPECT_EQ(wrong.worst.x, 0.25);
  EXPECT_EQ(wrong.worst.truth, 1.5);
  results[2] = 1.5;
  results[3] = 0;
  EXPECT_EQ(judge(x * x * x, xs, ys, 2).orders[0].worst_ulp, 0) << "not one of the four";
}

TEST(Judge, RefusesWhatDoesNotFit) {
  Graph g(f32);
  const Expr x = g.input("x", {"n"});
  const std::vector<float> three{1, 2, 3}, two{1, 2};
  const std::vector<double> doubles{1, 2, 3};
  EXPECT_THROW(judge(exp(x), three, two), ShapeError);
  EXPECT_THROW(judge(exp(x), doubles, three), TypeError);
  EXPECT_THROW(judge(exp(x), three, doubles), TypeError);
  EXPECT_THROW(judge(exp(x), three, three, 9), ValueError);
  EXPECT_THROW(judge(exp(x), three, three, -1), ValueError);
  CertifyOptions o;
  o.bound = -1;
  EXPECT_THROW(judge(exp(x), three, three, 0, o), ValueError);
  EXPECT_THROW(judge(softmax(x), three, three), ValueError);
}

TEST(Certify, RefusesWhatItCannotJudge) {
  Graph g(f32);
  const Expr x = g.input("x", {"n"}), y = g.input("y", {"n"});
  const auto message = [](const Expr& e, CertifyOptions o = {}) -> std::string {
    try {
      certify(e, o);
    } catch (const ValueError& error) {
      return error.what();
    } catch (const TypeError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(sum(x)), HasSubstr("reduce_sum is not a function of one real number"));
  EXPECT_THAT(message(softmax(x)), HasSubstr("softmax is not a function of one real number"));
  EXPECT_THAT(message(x + y), HasSubstr("inputs x, y: one free variable is needed"));
  EXPECT_THAT(message(Expr(2.0)), HasSubstr("this is a number"));
  EXPECT_THAT(message(x > 0), HasSubstr("from f32 to bool"));
  CertifyOptions o;
  o.derivatives = 9;
  EXPECT_THAT(message(x, o), HasSubstr("0 to 8, not 9"));
}

}  // namespace
}  // namespace actinium
