// check_gradient: right derivatives pass wherever they are hard to measure, wrong ones are named, kinks are told from
// mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "actinium/actinium.h"
#include "certify/differences.hpp"
#include "ops/custom.hpp"

namespace actinium {
namespace {

// --- Differences. ---

struct Curve {
  const char* name;
  std::function<double(double)> f;
  double slope;
};

class SmoothSlopes : public testing::TestWithParam<Curve> {};

differences::ChangeOf change_of(const std::function<double(double)>& f) {
  return [f](double a, double b) {
    const double from = f(a), to = f(b);
    return differences::Change{to - from, from == to ? 0 : (std::abs(from) + std::abs(to)) * 0x1p-52};
  };
}

TEST_P(SmoothSlopes, SlopesAreFoundWithinWhatTheySay) {
  const differences::Slope s = differences::slope_of(change_of(GetParam().f), 1, 0, 1e-6);
  EXPECT_FALSE(s.kink);
  EXPECT_NEAR(s.value, GetParam().slope, s.truncation + 4 * s.noise);
  EXPECT_NEAR(s.value, GetParam().slope, 1e-6 * std::abs(GetParam().slope) + 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Certify, SmoothSlopes,
                         testing::Values(Curve{"line", [](double t) { return 3 * t - 2; }, 3},
                                         Curve{"flat", [](double) { return 7.0; }, 0},
                                         Curve{"sine", [](double t) { return std::sin(1 + t); }, std::cos(1.0)},
                                         Curve{"square_at_its_minimum", [](double t) { return t * t; }, 0},
                                         Curve{"steep", [](double t) { return std::exp(200 * t); }, 200},
                                         Curve{"wave", [](double t) { return std::sin(1e4 * t); }, 1e4},
                                         Curve{"near_an_edge", [](double t) { return std::log(1e-6 + t); }, 1e6},
                                         Curve{"near_a_kink", [](double t) { return std::abs(t + 1e-5); }, 1},
                                         Curve{"on_a_hill", [](double t) { return 1e6 + t; }, 1}),
                         [](const auto& i) { return i.param.name; });

struct Corner {
  const char* name;
  std::function<double(double)> f;
  double below, above;
};

class CornerSlopes : public testing::TestWithParam<Corner> {};

TEST_P(CornerSlopes, AreSeen) {
  const Corner& c = GetParam();
  const differences::Slope s = differences::slope_of(change_of(c.f), 1, 0, 1e-6);
  ASSERT_TRUE(s.kink);
  const auto same = [](double got, double want) {
    return std::isfinite(want) ? std::abs(got - want) < 1e-6 : got == want || (got != got && want != want);
  };
  EXPECT_TRUE(same(s.below, c.below)) << s.below;
  EXPECT_TRUE(same(s.above, c.above)) << s.above;
}

INSTANTIATE_TEST_SUITE_P(
    Certify, CornerSlopes,
    testing::Values(Corner{"abs", [](double t) { return std::abs(t); }, -1, 1},
                    Corner{"bent", [](double t) { return std::sin(t) + 0.01 * std::abs(t); }, 0.99, 1.01},
                    Corner{"jump", [](double t) { return t >= 0 ? 1.0 : 0.0; }, double{INFINITY}, 0},
                    Corner{"fall", [](double t) { return t > 0 ? -1 + t : t; }, 1, -double{INFINITY}},
                    Corner{"root", [](double t) { return std::sqrt(t); }, std::nan(""), double{INFINITY}},
                    Corner{"edge", [](double t) { return t >= 0 ? t : std::nan(""); }, std::nan(""), 1}),
    [](const auto& i) { return i.param.name; });

// --- Right derivatives. ---

TEST(CheckGradient, PassesWhatIsRight) {
  for (const DType dtype : {f32, f64}) {
    Graph g{dtype};
    const Expr x = g.input("x", {"n", 3}), W = g.input("W", {3, 4}), b = g.input("b", {4}),
               label = g.input("label", {"n"}, i32);
    const Expr loss = mean(softmax_cross_entropy(gelu(matmul(x, W) + b), label));
    const auto r = check_gradient(loss, {{x, random_normal(1, {5, 3}, 0, 1, dtype)},
                                         {W, random_normal(2, {3, 4}, 0, 1, dtype)},
                                         {b, random_normal(3, {4}, 0, 1, dtype)},
                                         {label, Tensor{0, 3, 1, 2, 2}}});
    EXPECT_TRUE(r.ok()) << r.text();
    ASSERT_EQ(r.inputs.size(), 3u);  // labels have no gradient
    EXPECT_EQ(r.inputs[0].input, "x");
    EXPECT_EQ(r.inputs[0].checked, 15);
    EXPECT_EQ(r.inputs[0].shape, (std::vector<std::int64_t>{5, 3}));
    EXPECT_EQ(r.directions.size(), 3u);
    EXPECT_LT(r.worst().difference, 1e-8);
  }
}

/// Read before any test defines one of its own.
const auto builtin_activations = catalogue();

/// Every activation of the catalogue with one operand, at random points and at 0, where many have a kink.
TEST(CheckGradient, PassesTheCatalogue) {
  const Tensor points{0.0, -0.3, 0.7, 1.6, -2.2, 3.3};
  int checked = 0;
  for (const Activation& a : builtin_activations) {
    Graph g{f32};
    const Expr x = g.input("x", {6});
    Expr y;
    try {
      y = a(x);
    } catch (const Error&) {
      continue;  // needs more than one operand, or another shape
    }
    if (!is_float(y.dtype())) continue;
    GradientReport r;
    try {
      r = check_gradient(y, {{x, points}}, {.directions = 1, .compile = {.engine = Engine::interpret}});
    } catch (const ValueError&) {
      continue;  // not finite at one of them
    }
    EXPECT_TRUE(r.ok()) << a.name() << "\n" << r.text();
    ++checked;
  }
  EXPECT_GT(checked, 50);
}

TEST(CheckGradient, TakesSeveralOutputsAndShapes) {
  Graph g{f64};
  const Expr x = g.input("x", {2, 3}), s = g.input("s", {});
  const auto r = check_gradient({softmax(x), s * sum(square(x)), cumsum(x, 0)},
                                {{x, random_normal(1, {2, 3}, 0, 1, f64)}, {s, 1.5}});
  EXPECT_TRUE(r.ok()) << r.text();
  EXPECT_EQ(r.inputs[1].checked, 1);
  EXPECT_TRUE(r.inputs[1].worst.index.empty());
}

TEST(CheckGradient, HoldsWhatIsStoppedFixed) {
  Graph g{f64};
  const Expr x = g.input("x", {3});
  const Expr y = x * stop_gradient(exp(x) + stop_gradient(x * x)), straight = x + stop_gradient(round(x) - x);
  for (const Expr& e : {y, straight}) {
    const auto r = check_gradient(e, {{x, Tensor{0.4, -1.2, 2.0}}});
    EXPECT_TRUE(r.ok()) << r.text();
  }
}

TEST(CheckGradient, TakesFunctionsOverStructs) {
  const auto f = [](const std::pair<Expr, Expr>& p, const Expr& x) { return sum(tanh(matmul(x, p.first) + p.second)); };
  const std::pair params{random_normal(1, {3, 2}, 0, 1, f64), random_normal(2, {2}, 0, 1, f64)};
  const auto r = check_gradient(f, std::tuple{params, random_normal(3, {4, 3}, 0, 1, f64)});
  EXPECT_TRUE(r.ok()) << r.text();
  ASSERT_EQ(r.inputs.size(), 3u);
  EXPECT_EQ(r.inputs[1].input, "1");
  EXPECT_EQ(r.inputs[2].input, "input1");
  const auto one = check_gradient([](const Expr& x) { return sum(sin(x)); }, Tensor{1.0, 2.0});
  EXPECT_TRUE(one.ok()) << one.text();
}

TEST(CheckGradient, TakesAsManyEntriesAsAskedFor) {
  Graph g{f64};
  const Expr x = g.input("x", {40, 40}), y = g.input("y", {3});
  const Expr f = sum(square(x)) + 1e6 * square(slice(flatten(x), 1234, 1235)) + sum(y);
  const auto run = [&](std::int64_t entries) {
    return check_gradient(f, {{x, random_normal(1, {40, 40}, 0, 1, f64)}, {y, Tensor{1.0, 2.0, 3.0}}},
                          {.entries = entries, .inputs = {"x"}});
  };
  const auto some = run(7);
  ASSERT_EQ(some.inputs.size(), 1u);
  EXPECT_EQ(some.inputs[0].checked, 7);
  EXPECT_EQ(run(0).inputs[0].checked, 1600);
}

// --- Wrong derivatives. ---

TEST(CheckGradient, NamesAWrongDerivativeOfAnActivation) {
  const auto bad =
      define("wrongly_squared", [](Expr x) { return x * x; }, {}, {.derivative = [](Expr x) { return 3.0 * x; }});
  for (const DType dtype : {f32, f64}) {
    Graph g{dtype};
    const Expr x = g.input("x", {2, 2});
    const auto r = check_gradient(sum(bad(x)), {{x, Tensor{{0.5, 0.0}, {-4.0, 1.0}}}});
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(r.inputs[0].wrong, 3);  // 3 x and 2 x agree at 0
    EXPECT_EQ(r.wrong.size(), 3u);
    for (const GradientEntry& e : r.wrong) EXPECT_NEAR(e.analytic / e.numerical, 1.5, 1e-6);
    EXPECT_EQ(r.worst().input, "x");
    EXPECT_THAT(r.text(), testing::HasSubstr("WRONG, 3 of 4"));
  }
}

TEST(CheckGradient, NamesTheWorstEntry) {
  const auto f = custom_vjp([](const Expr& x) { return sin(x); },
                            [](const Expr& ct, const Expr&, const Expr& x) {
                              Graph g(x.graph());
                              return ct * cos(x) *
                                     (1.0 + 1e-3 * (g.iota({5, 2}, 0, f64) == 3.0) * (g.iota({5, 2}, 1, f64) == 1.0));
                            });
  Graph g{f64};
  const Expr x = g.input("x", {5, 2}), y = g.input("y", {2});
  const auto r = check_gradient(sum(f(x) * y), {{x, random_normal(1, {5, 2}, 0, 1, f64)}, {y, Tensor{1.0, 2.0}}});
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.worst().input, "x");
  EXPECT_EQ(r.worst().index, (std::vector<std::int64_t>{3, 1}));
  EXPECT_NEAR(r.worst().difference, 1e-3 * std::abs(r.worst().numerical), 1e-8);
  EXPECT_EQ(r.wrong.size(), 1u);
  EXPECT_EQ(r.inputs[1].wrong, 0);
}

TEST(CheckGradient, NamesADerivativeThatIsMissingOrNaN) {
  const auto none = custom_vjp([](const Expr& x) { return exp(x); },
                               [](const Expr& ct, const Expr&, const Expr&) { return 0.0 * ct; });
  const auto nan = custom_vjp([](const Expr& x) { return exp(x); },
                              [](const Expr& ct, const Expr&, const Expr&) { return std::nan("") * ct; });
  Graph g{f64};
  const Expr x = g.input("x", {300});
  for (const Expr& y : {none(x), nan(x), where(g.iota({300}) == 217.0, nan(x), x)}) {
    const auto r = check_gradient(sum(y), {{x, random_normal(1, {300}, 0, 1, f64)}}, {.entries = 5});
    EXPECT_FALSE(r.ok()) << y;
    EXPECT_GE(r.wrong.size(), 1u);
  }
}

/// A rule whose forward mode is not the transpose of its reverse mode.
class Torn final : public ops::CustomRule {
 public:
  Expr vjp(const Expr&, std::span<const Expr> x, std::size_t, const Expr& ct) const override { return ct * cos(x[0]); }
  Expr jvp(const Expr&, std::span<const Expr> x, std::span<const Expr> t) const override {
    return t[0] * cos(x[0]) * 1.0001;
  }
  std::shared_ptr<const CustomRule> batched(const Dim&, std::span<const char>) const override { return nullptr; }
  std::vector<NodeId> nodes() const override { return {}; }
  std::vector<NodeId> variables() const override { return {}; }
  std::shared_ptr<const CustomRule> moved(std::span<const NodeId>) const override { return std::make_shared<Torn>(); }
};

TEST(CheckGradient, ComparesTheModes) {
  Graph g{f64};
  const Expr x = g.input("x", {5});
  const auto r = check_gradient(ops::with_rule(sin(x), std::array{x}, std::make_shared<Torn>()),
                                {{x, random_normal(1, {5}, 0, 1, f64)}});
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.inputs[0].wrong, 0);
  for (const DirectionReport& d : r.directions) {
    EXPECT_FALSE(d.ok);
    EXPECT_TRUE(d.entry.ok);
    EXPECT_NEAR(d.forward, 1.0001 * d.entry.analytic, 1e-12);
  }
  EXPECT_THAT(r.text(), testing::HasSubstr("forward mode gives"));
}

// --- Kinks. ---

struct Kink {
  const char* name;
  std::function<Expr(const Expr&)> f;
  double x, below, above;
};

class GradientKinks : public testing::TestWithParam<Kink> {};

TEST_P(GradientKinks, AreSaidToBeSo) {
  const Kink& k = GetParam();
  Graph g{f64};
  const Expr x = g.input("x", {2});
  const auto r = check_gradient(k.f(x), {{x, Tensor{k.x, k.x + 0.37}}}, {.directions = 0});
  EXPECT_TRUE(r.ok()) << r.text();
  EXPECT_EQ(r.inputs[0].kinks, 1) << r.text();
  ASSERT_EQ(r.kinks.size(), 1u);
  EXPECT_EQ(r.kinks[0].index, std::vector<std::int64_t>{0});
  EXPECT_FALSE(r.inputs[0].worst.kink) << "what is no kink comes first";
  const double weight = std::isfinite(k.above) && k.above != 0   ? r.kinks[0].above / k.above
                        : std::isfinite(k.below) && k.below != 0 ? r.kinks[0].below / k.below
                                                                 : 1;
  EXPECT_THAT(weight, testing::AllOf(testing::Ge(0.5), testing::Le(1.5)));  // of the output in the sum
  const auto same = [&](double got, double want) {
    return std::isfinite(want) ? std::abs(got - weight * want) < 1e-6 : got == want || (got != got && want != want);
  };
  EXPECT_TRUE(same(r.kinks[0].below, k.below)) << r.kinks[0].below;
  EXPECT_TRUE(same(r.kinks[0].above, k.above)) << r.kinks[0].above;
  EXPECT_THAT(r.text(), testing::HasSubstr("x[0] is at a kink"));
}

INSTANTIATE_TEST_SUITE_P(
    Autodiff, GradientKinks,
    testing::Values(Kink{"relu", [](const Expr& x) { return relu(x); }, 0, 0, 1},
                    Kink{"abs", [](const Expr& x) { return abs(x); }, 0, -1, 1},
                    Kink{"leaky", [](const Expr& x) { return leaky_relu(x); }, 0, 0.01, 1},
                    Kink{"maximum", [](const Expr& x) { return maximum(2.0 * x, 1.0); }, 0.5, 0, 2},
                    Kink{"clamp", [](const Expr& x) { return clamp(x, -1.0, 1.0); }, -1, 0, 1},
                    Kink{"floor", [](const Expr& x) { return floor(x); }, 2, double{INFINITY}, 0},
                    Kink{"sqrt", [](const Expr& x) { return sqrt(x); }, 0, std::nan(""), double{INFINITY}}),
    [](const auto& i) { return i.param.name; });

TEST(CheckGradient, ADerivativeBesideItsKinkIsWrong) {
  const auto f =
      custom_vjp([](const Expr& x) { return abs(x); },
                 [](const Expr& ct, const Expr&, const Expr& x) { return ct * (sign(x) + 2.0 * (x == 0.0)); });
  Graph g{f64};
  const Expr x = g.input("x", {});
  const auto r = check_gradient(f(x), {{x, 0.0}}, {.directions = 0});
  EXPECT_FALSE(r.ok());
  EXPECT_TRUE(r.worst().kink);
  EXPECT_THAT(r.text(), testing::HasSubstr("the derivative is 2, which is none between them: WRONG"));
}

TEST(CheckGradient, TakesAStep) {
  Graph g{f64};
  const Expr x = g.input("x", {});
  // A step of 0.5 does not see the wave; the one chosen does.
  const Expr y = x + 1e-3 * sin(4 * M_PI * x);
  EXPECT_NEAR(check_gradient(y, {{x, 0.25}}, {.step = 0.5}).worst().numerical, 1, 1e-12);
  EXPECT_TRUE(check_gradient(y, {{x, 0.25}}).ok());
}

// --- Wrong use. ---

TEST(CheckGradient, SaysWhatIsWrong) {
  Graph g{f32}, other{f32};
  const Expr x = g.input("x", {3}), i = g.input("i", {3}, i32), z = other.input("z", {});
  const Tensor v{1.0, 2.0, 3.0}, n{0, 1, 2};
  const auto says = [](auto&& run, const std::string& what) {
    try {
      run();
      ADD_FAILURE() << "nothing was thrown: " << what;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr(what));
    }
  };
  says([&] { check_gradient(log(x - 2.0), {{x, v}}); }, "check_gradient: the function is nan at this point");
  says([&] { check_gradient(argmax(x), {{x, v}}); }, "is i64 and has no derivative");
  says([&] { check_gradient(Expr(2.0), {{x, v}}); }, "a number without a graph");
  says([&] { check_gradient(ExprList(), {{x, v}}); }, "there is no output");
  says([&] { check_gradient(x, {{x, v}}, {.inputs = {"y"}}); }, "no value is given to an input 'y'");
  says([&] { check_gradient(x * cast(i, f32), {{x, v}, {i, n}}, {.inputs = {"i"}}); }, "i is i32 and has no gradient");
  says([&] { check_gradient(cast(i, f32), {{i, n}}); }, "no input of a floating type");
  says([&] { check_gradient(x, {{x * 2.0, v}}); }, "an expression that is no input");
  says([&] { check_gradient(x, {{x, v}, {z, 1.0}}); }, "another graph");
  says([&] { check_gradient(x * cast(i, f32), {{x, v}}); }, "needs the input i");
  says([&] { check_gradient(x, {{x, Tensor{1.0, 2.0}}}); }, "x");
  says([&] { check_gradient(x, {{x, v}}, {.step = -1}); }, "the step -1 is not positive");
  says([&] { check_gradient(x, {{x, v}}, {.tolerance = 0}); }, "the tolerance 0 is not positive");
  says([&] { check_gradient(x, {{x, v}}, {.entries = -2}); }, "-2 entries");
  says([&] { check_gradient(x, {{x, v}}, {.directions = -2}); }, "-2 directions");
}

}  // namespace
}  // namespace actinium
