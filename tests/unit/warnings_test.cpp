// Function::warnings: each kind appears where it should, with its number and its line, and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "actinium/actinium.h"
#include "activations/catalogue.hpp"
#include "passes/recognise.hpp"

namespace actinium {
namespace {

using testing::HasSubstr;
using Kind = Warning::Kind;

std::vector<Warning> warnings_of(const Expr& y, std::initializer_list<Range> ranges = {}) {
  const Graph g(y.graph());
  std::vector<Expr> inputs = g.inputs();
  return compile(inputs, y, {.engine = Engine::interpret}).warnings(ranges);
}

std::string text_of(const std::vector<Warning>& list) {
  std::string text;
  for (const Warning& w : list) text += w.place + ": " + std::string(name_of(w.kind)) + " in " + w.expression + ": " + w.message + "\n";
  return text;
}

const Warning* find(const std::vector<Warning>& list, Kind kind) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const Warning& w) { return w.kind == kind; });
  return at == list.end() ? nullptr : &*at;
}

/// Rules grow in number: these formulas stay as they are.
const GraphOptions as_written{.recognise = false};

struct Row {
  std::function<Expr(const Expr&)> f;
  Kind kind;
  const char* expression;
  const char* at;
  const char* says;
};

const Row rows[] = {
    {[](const Expr& x) { return x - sin(x); }, Kind::cancellation, "x - sin(x)", "x = 0.0001", "7 of 7 digits are lost at x = 0.0001: 0 instead of 1.666666"},
    {[](const Expr& x) { return 1 + x * x - 1; }, Kind::cancellation, "1.0 + x * x - 1.0", "x = 0.0001", "7 of 7 digits are lost"},
    {[](const Expr& x) { return x * x - 2 * x + 1; }, Kind::cancellation, "x * x - 2.0 * x + 1.0", "x = 1.0001", "digits are lost at x = 1.0001"},
    {[](const Expr& x) { return tan(x) - sin(x); }, Kind::cancellation, "tan(x) - sin(x)", "x = 0.0001", "digits are lost at x = 0.0001"},
    {[](const Expr& x) { return (x - 1) / (pow(x, 3) - 1); }, Kind::indeterminate, "(x - 1.0) / (x ** 3.0 - 1.0)", "x = 1", "0 / 0 is NaN, at x = 1"},
    {[](const Expr& x) { return tan(x - 3) / (x - 3); }, Kind::indeterminate, "tan(x - 3.0) / (x - 3.0)", "x = 3", "0 / 0 is NaN, at x = 3"},
    {[](const Expr& x) { return exp(x) / (2 * exp(x) + 5); }, Kind::indeterminate, "", "x = 100", "inf / inf is NaN, at x = 100"},
    {[](const Expr& x) { return exp(x * x) - exp(2 * x); }, Kind::indeterminate, "exp(x * x) - exp(2.0 * x)", "x = 100", "inf - inf is NaN"},
    {[](const Expr& x) { return x * log(abs(x)); }, Kind::infinite_slope, "log(abs(x))", "x = 0", "where the value is -inf"},
    {[](const Expr& x) { return x * exp(1 / (x * x)); }, Kind::indeterminate, "", "x = 0", "0 * inf is NaN, at x = 0"},
    {[](const Expr& x) { return sqrt(x); }, Kind::infinite_slope, "sqrt(x)", "x = 0", "infinite or NaN at x = 0, where the value is 0"},
    {[](const Expr& x) { return sqrt(abs(x - 2)); }, Kind::infinite_slope, "sqrt(abs(x - 2.0))", "x = 2", "at x = 2"},
    {[](const Expr& x) { return log(x); }, Kind::infinite_slope, "log(x)", "x = 0", "where the value is -inf"},
    {[](const Expr& x) { return pow(abs(x), 0.3); }, Kind::infinite_slope, "abs(x) ** 0.3", "x = 0", "where the value is 0"},
    {[](const Expr& x) { return acos(x); }, Kind::infinite_slope, "acos(x)", "x = 1", "where the value is 0"},
    {[](const Expr& x) { return where(x > 0, sqrt(x), 0); }, Kind::masked, "where(x > 0.0, sqrt(x), 0.0)", "x = -1", "sqrt(x) is NaN at x = -1, where the other branch"},
    {[](const Expr& x) { return where(x == 0, 1, tan(x) / x); }, Kind::masked, "", "x = 0", "is NaN at x = 0"},
    {[](const Expr& x) { return where(x * x >= 0, x, -x); }, Kind::dead_branch, "where(x * x >= 0.0, x, -x)", "", "x * x >= 0.0 always holds: -x is never taken, but for NaN"},
    {[](const Expr& x) { return where(abs(tanh(x)) > 1, x, 2 * x); }, Kind::dead_branch, "", "", "never holds: x is never taken"},
};

TEST(Warnings, EachAppearsWithItsNumberAndLine) {
  for (const Row& row : rows) {
    Graph g(f32, as_written);
    const Expr x = g.input("x", {"n"});
    const auto list = warnings_of(row.f(x));
    const Warning* w = find(list, row.kind);
    ASSERT_NE(w, nullptr) << row.expression << " " << row.says << "\n" << text_of(list);
    EXPECT_THAT(w->expression, HasSubstr(row.expression));
    EXPECT_EQ(w->at, row.at) << w->message;
    EXPECT_THAT(w->message, HasSubstr(row.says));
    EXPECT_THAT(w->place, HasSubstr("warnings_test.cpp:"));
    // In f64 the same goes wrong, further on.
    Graph h(f64, as_written);
    EXPECT_NE(find(warnings_of(row.f(h.input("x", {}))), row.kind), nullptr) << row.says;
  }
}

TEST(Warnings, TheLineIsTheOperations) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {});
  const int line = __LINE__ + 1;
  const Expr difference = x - sin(x);
  const Expr y = exp(difference) * 2;
  const auto list = warnings_of(y);
  ASSERT_EQ(list.size(), 1u) << text_of(list);
  EXPECT_EQ(list[0].place, "warnings_test.cpp:" + std::to_string(line));
}

TEST(Warnings, RangesSayWhatCannotHappen) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {"n"});
  const std::pair<Expr, Range> quiet[] = {{sqrt(x), {x, 0.1, 5}}, {log(x), {x, 1e-3, 1}},       {x - sin(x), {x, 1, 3}},           {(x - 1) / (x * x - 1), {x, 2, 3}},
                                          {exp(x) - exp(x * x), {x, 2, 5}}, {where(x > 0, sqrt(x), 0), {x, -3, -1}}};
  for (std::size_t i = 0; i + 1 < std::size(quiet); ++i) {
    EXPECT_FALSE(warnings_of(quiet[i].first).empty()) << i;
    EXPECT_TRUE(warnings_of(quiet[i].first, {quiet[i].second}).empty()) << text_of(warnings_of(quiet[i].first, {quiet[i].second}));
  }
  const auto dead = warnings_of(quiet[5].first, {quiet[5].second});
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].kind, Kind::dead_branch);
  const auto f = compile({x}, x, {.engine = Engine::interpret});
  EXPECT_THROW((void)f.warnings({{g.input("y", {}), 0, 1}}), ValueError);
  EXPECT_THROW((void)f.warnings({{x, 1, 0}}), ValueError);
  EXPECT_THROW((void)f.warnings({{x, 0, std::numeric_limits<double>::quiet_NaN()}}), ValueError);
}

TEST(Warnings, GuardsAgainstWhatNoRangeKeepsOut) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {3}), y = g.input("y", {3}), d = g.input("d", {3}, f64);
  constexpr double most = std::numeric_limits<float>::max(), inf = std::numeric_limits<double>::infinity();
  // Inputs may be NaN and infinite.
  for (const Expr& guarded : {where(isnan(x), 0, x), where(x == x, x, 0), where(abs(x) < inf, x, 0), where(abs(x) <= most, x, 0), where(isnan(x - x), 0, x)})
    EXPECT_EQ(find(warnings_of(guarded), Kind::dead_branch), nullptr) << text_of(warnings_of(guarded));
  EXPECT_NE(find(warnings_of(where(isnan(x), 0, x), {{x, 0, 1}}), Kind::dead_branch), nullptr);
  EXPECT_NE(find(warnings_of(where(abs(x) < inf, x, 0), {{x, -1, 1}}), Kind::dead_branch), nullptr);
  // f32 overflows, and infinities make NaN, where f64 does not.
  const std::pair<Expr, std::vector<Range>> overflowing[] = {{where(exp(x) < inf, 1, x), {{x, 100, 200}}},
                                                             {where(x * x < inf, 1, x), {{x, 0, 1e30}}},
                                                             {where(isnan(x * x - y * y), x, 1), {{x, 0, 1e30}, {y, 0, 1e30}}},
                                                             {where(isnan(exp(x) * y), x, 1), {{x, 0, 100}, {y, 0, 1}}},
                                                             {where(isnan(exp(x) / exp(y)), x, 1), {{x, 0, 100}, {y, 0, 100}}},
                                                             {where(isnan(sum(x * 1e30)), 0, x), {{x, -3e38, 3e38}}},
                                                             {where(cast(d, f32) < inf, x, 0), {{d, 0, 1e50}}}};
  for (const auto& [e, ranges] : overflowing) {
    const auto list = compile({x, y, d}, e, {.engine = Engine::interpret}).warnings(ranges);
    EXPECT_EQ(find(list, Kind::dead_branch), nullptr) << text_of(list);
  }
  EXPECT_NE(find(warnings_of(where(exp(x) < inf, 1, x), {{x, 0, 80}}), Kind::dead_branch), nullptr);
}

/// Of the gradient alone, the root itself is not computed.
TEST(Warnings, GradientsHaveThePolesOfWhatTheyAreOf) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {"n"});
  for (const Expr& y : {sqrt(x), acos(x), pow(x, 0.4)}) {
    const auto list = warnings_of(grad(sum(y), x));
    ASSERT_EQ(list.size(), 1u) << text_of(list);
    EXPECT_EQ(list[0].kind, Kind::infinite_slope);
    EXPECT_THAT(list[0].at, testing::AnyOf("x = 0", "x = 1"));
    EXPECT_THAT(list[0].place, HasSubstr("warnings_test.cpp:"));
  }
  for (const Expr& y : {where(x > 0, sqrt(x), x), sqrt(x * x + 1e-6), asin(0.5 * tanh(x)), sqrt(1 + exp(x))}) {
    const auto list = warnings_of(grad(sum(y), x));
    EXPECT_EQ(find(list, Kind::infinite_slope), nullptr) << text_of(list);
  }
  // Value and gradient together: once.
  const Expr y = sum(sqrt(x));
  EXPECT_EQ(compile({x}, {y, grad(y, x)}, {.engine = Engine::interpret}).warnings().size(), 1u);
}

TEST(Warnings, SumsThatCancel) {
  for (const DType type : {f32, f64}) {
    Graph g(type, as_written);
    const Expr x = g.input("x", {"n", 6});
    const auto list = warnings_of(mean(x * x, 1) - square(mean(x, 1)));
    const Warning* w = find(list, Kind::cancellation);
    ASSERT_NE(w, nullptr) << text_of(list);
    EXPECT_THAT(w->at, HasSubstr("x = 100"));
    // As it is repaired, and as it should be written.
    Graph h(type);
    const Expr z = h.input("x", {"n", 6});
    EXPECT_TRUE(warnings_of(mean(z * z, 1) - square(mean(z, 1))).empty());
    const Expr centred = x - mean(x, 1, true);
    EXPECT_TRUE(warnings_of(mean(centred * centred, 1)).empty()) << text_of(warnings_of(mean(centred * centred, 1)));
  }
}

TEST(Warnings, SumsOverSlicesOfSymbolicSizes) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {"n"});
  EXPECT_NO_THROW((void)warnings_of(mean(x) * mean(x) * 1.1 - mean(slice(x, 0, 50))));
  const Expr part = slice(x, 10, 60);
  EXPECT_NE(find(warnings_of(mean(part * part) - square(mean(part))), Kind::cancellation), nullptr);
  // No size is large enough that is tried.
  const Expr far = slice(x, 90000, 90060);
  EXPECT_EQ(find(warnings_of(mean(far * far) - square(mean(far))), Kind::cancellation), nullptr);
}

TEST(Warnings, WhatIsBadForItsInputsAloneIsNoFaultOfTheFormula) {
  Graph g;
  const Expr x = g.input("x", {}), y = g.input("y", {}), a = g.input("a", {});
  for (const Expr& e : {x - y, sigmoid(x) - y, x * x - y, y * y - 4 * x * a, 1 - x * x, x * y - a, sin(x) - y, square(sigmoid(x * a) - y)})
    EXPECT_EQ(find(warnings_of(e), Kind::cancellation), nullptr) << text_of(warnings_of(e));
}

TEST(Warnings, ABranchThatIsNotTakenLosesNothing) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {});
  const Expr series = x * x * x / 6;
  EXPECT_TRUE(warnings_of(where(abs(x) < 0.7, series, x - sin(x))).empty()) << text_of(warnings_of(where(abs(x) < 0.7, series, x - sin(x))));
  EXPECT_FALSE(warnings_of(where(abs(x) > 0.7, series, x - sin(x))).empty());
}

TEST(Warnings, NoneForAPlainNetwork) {
  for (const DType type : {f32, f64}) {
    Graph g(type);
    const Expr x = g.input("x", {"batch", 8}), label = g.input("label", {"batch"}, i32);
    const Expr W = g.input("W", {8, 16}), b = g.input("b", {16}), V = g.input("V", {16, 4}), c = g.input("c", {4});
    for (const char* name : {"relu", "gelu", "silu", "tanh", "mish", "softplus"}) {
      const Expr logits = matmul(activation(name)(matmul(x, W) + b), V) + c;
      const Expr loss = mean(softmax_cross_entropy(logits, label));
      const auto [dW, db, dV, dc] = grad(loss, W, b, V, c);
      const auto list = compile({x, label, W, b, V, c}, {loss, dW, db, dV, dc}, {.engine = Engine::interpret}).warnings();
      EXPECT_TRUE(list.empty()) << name << "\n" << text_of(list);
    }
    // By hand it is the same, once recognised.
    const Expr logits = matmul(relu(matmul(x, W) + b), V) + c, y = one_hot(label, 4);
    const Expr by_hand = -mean(sum(y * log(exp(logits) / sum(exp(logits), 1, true)), 1));
    EXPECT_TRUE(warnings_of(by_hand).empty()) << text_of(warnings_of(by_hand));
  }
}

TEST(Warnings, NoneForBuiltinActivations) {
  int judged = 0;
  for (const auto& entry : activations::all()) {
    const std::string name = entry->facts().name;
    Graph g;
    const Expr x = g.input("x", {4, 6});
    Expr y;
    try {
      y = activation(name)(x);
      if (!y.is_bound() || !is_float(y.dtype())) continue;
    } catch (const Error&) {
      continue;  // it needs more than x
    }
    ++judged;
    const auto list = compile({x}, {y, grad(sum(y), x)}, {.engine = Engine::interpret}).warnings();
    // Roots and logarithms are what they are.
    const auto bad = std::count_if(list.begin(), list.end(), [](const Warning& w) { return w.kind != Kind::infinite_slope; });
    EXPECT_EQ(bad, 0) << name << "\n" << text_of(list);
  }
  EXPECT_GT(judged, 50);
}

TEST(Warnings, NoneForRepairedFormulas) {
  for (const passes::Rule& rule : passes::recognition_rules()) {
    for (const DType type : {f32, f64}) {
      Graph g(type);
      passes::Letters letters;
      letters.x = g.input("x", {"n", 4}), letters.y = g.input("y", {"n", 4});
      letters.axes = Axes(1);
      letters.sqrt2 = 1.4142135623730951, letters.pi = 3.141592653589793;
      const Expr y = rule.naive(letters);
      if (!y.is_bound()) continue;
      for (const Warning& w : warnings_of(y)) EXPECT_EQ(w.kind, Kind::infinite_slope) << rule.name << ": " << rule.from << "\n" << text_of({w});
    }
  }
}

TEST(Warnings, Definitions) {
  const auto gap = define("gap_of_tan", [](Expr x, Expr beta) { return tan(beta * x) - sin(beta * x); }, {{"beta", 1.0}});
  Graph g(f32, as_written);
  const Expr x = g.input("x", {"n"});
  const auto list = warnings_of(gap(x) + gap(2 * x));
  ASSERT_EQ(list.size(), 1u) << text_of(list);
  EXPECT_EQ(list[0].kind, Kind::cancellation);
  EXPECT_THAT(list[0].place, HasSubstr("warnings_test.cpp:"));
  EXPECT_THAT(list[0].message, HasSubstr("(in gap_of_tan)"));
}

TEST(Warnings, StepsOfLoops) {
  Graph g(f32, as_written);
  const Expr x = g.input("x", {}), xs = g.input("xs", {"n"});
  const Expr y = scan([](const Expr& c, const Expr& s) { return c + (s - sin(s)); }, x, xs);
  const auto list = warnings_of(y);
  const Warning* w = find(list, Kind::cancellation);
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->at, "slice = 0.0001");
  EXPECT_THAT(w->place, HasSubstr("warnings_test.cpp:"));
}

}  // namespace
}  // namespace actinium
