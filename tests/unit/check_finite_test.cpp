// CompileOptions::check_finite: what it finds, what it says, what it lets pass, in both engines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include "actinium/actinium.h"

namespace actinium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double inf = std::numeric_limits<double>::infinity();

/// What a call throws; nothing if it returns.
std::optional<NonFiniteError> thrown(const std::function<void()>& call) {
  try {
    call();
  } catch (const NonFiniteError& e) {
    return e;
  }
  return std::nullopt;
}

class CheckFinite : public testing::TestWithParam<Engine> {
 protected:
  Graph g{f64};
  CompileOptions options{.engine = GetParam(), .check_finite = true};
  int line = __LINE__;

  template <class... A>
  std::optional<NonFiniteError> calling(const ExprList& inputs, const Expr& y, const A&... arguments) {
    const auto f = compile(inputs, {y}, options);
    const auto plain = compile(inputs, {y}, {.engine = GetParam()});
    std::optional<Tensor> result;
    auto error = thrown([&] { result = f(arguments...); });
    // What passes has the bits it would have had.
    if (result) {
      EXPECT_TRUE(same_bits(*result, plain(arguments...)));
    }
    return error;
  }
};

#define HERE ("check_finite_test.cpp:" + std::to_string(__LINE__))

TEST_P(CheckFinite, SaysOperationElementOperandsAndLine) {
  const Expr x = g.input("x", {"n", 2});
  const std::string place = HERE;  const Expr y = log(x - 1);
  const auto e = calling({x}, y * 2, Tensor{{3.0, 2.0}, {1.5, 1.0}});
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "log");
  EXPECT_THAT(e->found().index, ElementsAre(1, 1));
  EXPECT_THAT(e->found().operands, ElementsAre(0));
  EXPECT_EQ(e->found().result, -inf);
  EXPECT_THAT(e->found().place, testing::EndsWith(place));
  EXPECT_FALSE(e->found().in_derivative);
  EXPECT_THAT(e->what(), HasSubstr(place + ": [log] -inf of finite numbers at [1, 1]: log(x - 1.0) where (x - 1.0)[1, 1] = 0 (the logarithm of 0"));
}

TEST_P(CheckFinite, EachOperationHasItsMessage) {
  struct Row {
    std::function<Expr(const Expr&, const Expr&)> f;
    double x, y;
    const char* op;
    const char* says;
  };
  const Row rows[] = {
      {[](Expr x, Expr y) { return x / y; }, 0, 0, "div", "NaN of finite numbers: x / y where x = 0, y = 0 (0/0"},
      {[](Expr x, Expr y) { return x / y; }, 2, 0, "div", "(division by 0"},
      {[](Expr x, Expr y) { return x / y; }, 1e300, 1e-300, "div", "(the largest f64"},
      {[](Expr x, Expr) { return exp(x); }, 710, 0, "exp", "exp overflows above 709.78"},
      {[](Expr x, Expr) { return sqrt(x); }, -1e-17, 0, "sqrt", "where x = -1e-17 (the root of a negative number"},
      {[](Expr x, Expr) { return log(x); }, -1, 0, "log", "(the logarithm of a negative number)"},
      {[](Expr x, Expr y) { return x * y; }, 1e200, -1e200, "mul", "-inf of finite numbers: x * y where x = 1e+200, y = -1e+200"},
      {[](Expr x, Expr y) { return pow(x, y); }, -8, 1.0 / 3, "pow", "exponent is no integer"},
      {[](Expr x, Expr y) { return pow(x, y); }, 0, -2, "pow", "a negative power of 0"},
      {[](Expr x, Expr) { return acos(x); }, 1 + 0x1p-52, 0, "acos", "x = 1.0000000000000002 (its argument is beyond"},
      {[](Expr x, Expr) { return cast(x, f32); }, 1e39, 0, "cast", "beyond 3.4028235e+38, the largest f32"},
      {[](Expr x, Expr) { return atanh(x); }, 1, 0, "atanh", "infinite at -1 and 1"},
      {[](Expr x, Expr) { return log1p(x); }, -1, 0, "log1p", "log1p(-1)"},
      {[](Expr x, Expr) { return reciprocal(x); }, 0, 0, "reciprocal", "(1/0)"},
      {[](Expr x, Expr) { return cosh(x); }, 711, 0, "cosh", "overflows beyond 710.4"},
      {[](Expr x, Expr) { return gelu(x) * softplus(x); }, 1e200, 0, "mul", "gelu(x) * softplus(x)"},
  };
  const Expr x = g.input("x", {}), y = g.input("y", {});
  for (const Row& row : rows) {
    const auto e = calling({x, y}, row.f(x, y), row.x, row.y);
    ASSERT_TRUE(e) << row.says;
    EXPECT_EQ(e->found().op, row.op);
    EXPECT_THAT(e->what(), HasSubstr(row.says));
    EXPECT_FALSE(calling({x, y}, row.f(x, y), 0.5, 0.5)) << row.says;
  }
}

TEST_P(CheckFinite, FindsWhatNoResultShows) {
  const Expr x = g.input("x", {"n"});
  const std::pair<Expr, const char*> rows[] = {{3 / (1 / x), "div"}, {where(x > 0, log(x), 0), "log"}, {clamp(exp(1000 * x), 0, 1), "exp"}, {atan(1 / x), "div"}};
  for (const auto& [y, op] : rows) {
    const Tensor xs{1.0, -0.0, 2.0};
    for (const double v : compile({x}, y, {.engine = GetParam()})(xs).span<double>()) EXPECT_TRUE(std::isfinite(v));
    const auto e = calling({x}, y, xs);
    ASSERT_TRUE(e) << op;
    EXPECT_EQ(e->found().op, op);
  }
}

TEST_P(CheckFinite, TheFirstOperationIsNamed) {
  const Expr x = g.input("x", {});
  const Expr y = exp(x), z = sqrt(log(y) - y);  // exp overflows, then inf - inf
  const auto e = calling({x}, z, 1000.0);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "exp");
}

TEST_P(CheckFinite, RecognisedFormulasAreJudgedAsTheyAreComputed) {
  const Expr x = g.input("x", {"n"});
  const Tensor xs{-800.0, 800.0, 0.0};
  EXPECT_FALSE(calling({x}, log(1 + exp(x)), xs));
  EXPECT_FALSE(calling({x}, 1 / (1 + exp(-x)), xs));
  EXPECT_FALSE(calling({x}, grad(sum(log(sum(exp(x)))), x), xs));
  Graph h(f64, {.recognise = false});
  const Expr z = h.input("x", {"n"});
  const auto e = calling({z}, log(1 + exp(z)), xs);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "exp");
  EXPECT_THAT(e->found().index, ElementsAre(1));
  // exp(y log x) is a power, and NaN where its logarithm is: nobody wrote that NaN.
  const auto power = calling({x}, exp(x * log(x)), Tensor{3.0, -2.0});
  ASSERT_TRUE(power);
  EXPECT_TRUE(std::isnan(power->found().result));
  EXPECT_THAT(power->found().index, ElementsAre(1));
  EXPECT_THAT(power->found().operands, ElementsAre(-2));
  EXPECT_THAT(power->what(), HasSubstr("NaN of finite numbers at [1]: exp(y * log(x)) where x[1] = -2"));
}

TEST_P(CheckFinite, WhatComesInIsNotItsFault) {
  const Expr x = g.input("x", {"n"});
  const Tensor xs{1.0, inf, -inf, std::nan("")};
  EXPECT_FALSE(calling({x}, exp(x) * x - x, xs));
  EXPECT_FALSE(calling({x}, sum(x * x), xs));
  EXPECT_FALSE(calling({x}, softmax(x), xs));
  // Elements for themselves: the fault of one is found beside another's NaN.
  const auto e = calling({x}, log(x), Tensor{std::nan(""), inf, 0.0});
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().index, ElementsAre(2));
}

TEST_P(CheckFinite, RowsForThemselves) {
  const Expr x = g.input("x", {"n", 2});
  const Tensor xs{{inf, 1.0}, {1e308, 1e308}};
  struct Row {
    Expr y;
    const char* op;
    std::vector<std::int64_t> index;
  };
  const Expr w = g.constant("w", Tensor{{1.0, 2.0}, {1.0, 2.0}});
  const Row rows[] = {{sum(x, 1), "sum", {1}}, {prod(x, 1), "prod", {1}}, {cumsum(x, 1), "cumsum", {1, 1}}, {matmul(x, w), "matmul", {1, 0}}};
  for (const Row& row : rows) {
    const auto e = calling({x}, row.y, xs);
    ASSERT_TRUE(e) << row.op;
    EXPECT_EQ(e->found().op, row.op);
    EXPECT_EQ(e->found().index, row.index);
  }
  EXPECT_THAT(calling({x}, sum(x, 1), xs)->what(), HasSubstr("the largest element of x is 1e+308 at [1, 0]"));
  EXPECT_THAT(calling({x}, matmul(x, w), xs)->what(), HasSubstr("x[1, 0] = 1e+308, w[0, 0] = 1"));
  const Tensor column{{1e308}, {1e308}};
  EXPECT_FALSE(calling({x}, sum(x, 1), Tensor{{inf, 1.0}, {1e307, 1e308}}));
}

TEST_P(CheckFinite, MasksOfInfinitiesAreMeant) {
  const Expr x = g.input("x", {2, 3}), m = g.input("m", {2, 3}, boolean);
  const Expr scores = where(m, x, -inf);
  const Tensor xs{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, some{{true, false, true}, {true, true, true}}, none{{true, true, true}, {false, false, false}};
  EXPECT_FALSE(calling({x, m}, softmax(scores), xs, some));
  EXPECT_FALSE(calling({x, m}, grad(sum(square(softmax(scores))), x), xs, some));
  EXPECT_FALSE(calling({x, m}, logsumexp(scores, {{"axis", 1}}), xs, some));
  EXPECT_FALSE(calling({x, m}, reduce_max(scores, 1), xs, none));
  // A row of which nothing is left: NaN, of no NaN.
  const auto e = calling({x, m}, softmax(scores), xs, none);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "softmax");
  EXPECT_THAT(e->found().index, ElementsAre(1, 0));
  EXPECT_THAT(e->what(), HasSubstr("NaN of infinities at [1, 0]"));
}

TEST_P(CheckFinite, DerivativesNameWhatTheyAreOf) {
  const Expr x = g.input("x", {"n"});
  const std::string place = HERE;  const Expr y = sqrt(x);
  const auto e = calling({x}, grad(sum(y), x), Tensor{4.0, 0.0});
  ASSERT_TRUE(e);
  EXPECT_TRUE(e->found().in_derivative);
  EXPECT_THAT(e->found().place, testing::EndsWith(place));
  EXPECT_THAT(e->found().index, ElementsAre(1));
  EXPECT_THAT(e->what(), HasSubstr("in the derivative of sqrt(x)"));
  // The condition and what the root goes into stand on the same line.
  const Expr s = g.input("s", {});
  const auto root = calling({x, s}, grad(where(s > 0, sum(x * sqrt(s)), 0.0), s), Tensor{4.0, 1.0}, 0.0);
  ASSERT_TRUE(root);
  EXPECT_THAT(root->what(), HasSubstr("in the derivative of sqrt(s): 0.5 / sqrt(s)"));
  // Numbers stand without brackets.
  const Expr rows = gather(x, g.input("i", {2}, i64));
  const Expr twice = grad(sum(rows * rows), x);
  const auto slope = calling(Graph(x.graph()).inputs(), twice, Tensor{1e308, 1.0}, 0.0, Tensor(std::vector<std::int64_t>{0, 1}));
  ASSERT_TRUE(slope);
  EXPECT_THAT(slope->what(), testing::Not(HasSubstr("(1.0)")));
  // A mask stands outermost and keeps the infinite slope from the gradient.
  EXPECT_FALSE(calling({x}, grad(sum(where(x > 0, sqrt(x), 0)), x), Tensor{4.0, 0.0}));
  EXPECT_TRUE(calling({x}, grad(sum(where(x >= 0, sqrt(x), 0)), x), Tensor{4.0, 0.0}));
}

TEST_P(CheckFinite, DefinitionsAreLookedInto) {
  const std::string inside = HERE;  const auto shifted = define("shifted_log", [](Expr x, Expr by) { return 2 * log(x + by); }, {{"by", 1.0}});
  const Expr x = g.input("x", {"n"});
  const std::string place = HERE;  const Expr y = shifted(x);
  const auto e = calling({x}, y, Tensor{1.0, -3.0});
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "shifted_log");
  EXPECT_THAT(e->found().place, testing::EndsWith(place));
  EXPECT_THAT(e->what(), HasSubstr("[shifted_log] NaN of finite numbers at [1]: shifted_log(x) where x[1] = -3 ("));
  EXPECT_THAT(e->what(), HasSubstr(inside + ": [log] NaN of finite numbers: log(x + by) where x + by = -2 (the logarithm of a negative number)"));
  EXPECT_FALSE(calling({x}, y, Tensor{1.0, 3.0}));
  const auto slope = calling({x}, grad(sum(shifted(x, {{"by", 2.0}})), x), Tensor{1.0, -2.0});
  ASSERT_TRUE(slope);
  EXPECT_TRUE(slope->found().in_derivative);
  // A rule of the user's own.
  const Expr own = custom_vjp([](const Expr& v) { return square(v); }, [](const Expr& ct, const Expr&, const Expr& v) { return ct / v; })(x);
  EXPECT_FALSE(calling({x}, own, Tensor{1.0, 0.0}));
  const auto rule = calling({x}, grad(sum(own), x), Tensor{1.0, 0.0});
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->found().op, "div");
}

TEST_P(CheckFinite, LoopsNameTheStep) {
  const Expr x = g.input("x", {}), xs = g.input("xs", {"n"});
  const auto [last, all] = scan([](const Expr& c, const Expr& s) { const Expr y = c / s; return std::pair{y, y}; }, x, xs);
  auto e = calling({x, xs}, last + sum(all), 1.0, Tensor{1.0, 2.0, 0.0, 3.0});
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "div");
  EXPECT_THAT(e->found().steps, ElementsAre(2));
  EXPECT_THAT(e->found().operands, ElementsAre(0.5, 0));
  EXPECT_THAT(e->what(), HasSubstr("in step 2 of the scan ("));
  EXPECT_FALSE(calling({x, xs}, last + sum(all), 1.0, Tensor{1.0, 2.0, 0.5, 3.0}));
  e = calling({x, xs}, grad(sum(sqrt(all)), x), 0.0, Tensor{1.0, 2.0});
  ASSERT_TRUE(e);
  EXPECT_TRUE(e->found().in_derivative);

  const auto loop = [&](auto&& condition, auto&& step) { return while_loop(condition, step, x); };
  const Expr logs = loop([](const Expr& c) { return c > -10; }, [](const Expr& c) { return log(c); });
  e = calling({x}, logs, 3.0);
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().steps, ElementsAre(3));
  EXPECT_EQ(e->found().op, "log");
  const Expr poles = loop([](const Expr& c) { return 1 / c > 0.1; }, [](const Expr& c) { return c - 1; });
  e = calling({x}, poles, 2.0);
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().steps, ElementsAre(2));
  EXPECT_THAT(e->found().place, HasSubstr("check_finite_test.cpp"));
  EXPECT_FALSE(calling({x}, poles, 2.5));
  const Expr roots = loop([](const Expr& c) { return c > 2; }, [](const Expr& c) { return sqrt(c); });
  EXPECT_FALSE(calling({x}, grad(roots, x), 100.0));
  const Expr differences = loop([](const Expr& c) { return c > 0; }, [](const Expr& c) { return sqrt(c - 1) - 1; });
  e = calling({x}, grad(differences, x), 5.0);  // 5, 1, and the slope of the root of 0
  ASSERT_TRUE(e);
  EXPECT_TRUE(e->found().in_derivative);
  EXPECT_THAT(e->found().steps, ElementsAre(1));
}

TEST_P(CheckFinite, LoopsInLoops) {
  const Expr xs = g.input("xs", {3, 4});
  const Expr y = scan([](const Expr& total, const Expr& row) {
    return total + scan([](const Expr& c, const Expr& v) { return c + log(v); }, sum(row) * 0, row);
  }, g.constant(0.0), xs);
  Tensor values = Tensor::ones({3, 4}, f64);
  EXPECT_FALSE(calling({xs}, y, values));
  values.at<double>(1, 2) = 0;
  const auto e = calling({xs}, y, values);
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().steps, ElementsAre(1, 2));
}

TEST_P(CheckFinite, BatchesSizesAndIndices) {
  const Expr x = g.input("x", {2}), xs = g.input("xs", {"batch", 2}), i = g.input("i", {"k"}, i32);
  const auto e = calling({xs}, vmap(log(x), x, xs), Tensor{{1.0, 1.0}, {0.0, 1.0}});
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().index, ElementsAre(1, 0));
  // Sizes that no operand of a node has, and indices that the graph computes.
  const Expr n = g.size("batch"), table = broadcast_to(n, {"k", "batch"}), picked = gather(xs, cast(sum(table) * 0, i64) + 1, 0);
  const Expr y = sum(1 / gather(picked, i, 0)) + sum(g.iota({"batch"}, 0, f64));
  const std::vector<std::int32_t> is{0, 1, -1};
  EXPECT_FALSE(calling({xs, i}, y, Tensor{{1.0, 1.0}, {2.0, 1.0}}, is));
  const auto zero = calling({xs, i}, y, Tensor{{1.0, 1.0}, {2.0, 0.0}}, is);
  ASSERT_TRUE(zero);
  EXPECT_THAT(zero->found().index, ElementsAre(1));
  EXPECT_THROW(calling({xs, i}, y, Tensor{{1.0, 1.0}, {2.0, 0.0}}, std::vector<std::int32_t>{5}), CallError);
}

TEST_P(CheckFinite, WithFastMathToo) {
  const Expr x = g.input("x", {"n"});
  options.fast_math = true;
  EXPECT_TRUE(thrown([&] { compile({x}, {log(x)}, options)(Tensor{1.0, -1.0}); }));
  EXPECT_TRUE(thrown([&] { compile({x}, {3 / (1 / x)}, options)(Tensor{1.0, 0.0}); }));
  EXPECT_FALSE(thrown([&] { compile({x}, {log(x)}, options)(Tensor{1.0, 2.0}); }));
}

TEST_P(CheckFinite, GroupsOfNoElementsAreNoNews) {
  const Expr x = g.input("x", {"n"}), y = g.input("y", {}), m = g.input("m", {"k", 2});
  const Tensor none = Tensor::zeros({0}, f64);
  EXPECT_FALSE(calling({x}, logsumexp(x), none));
  EXPECT_FALSE(calling({x}, logmeanexp(x), none));
  const auto e = calling({m, y}, logsumexp(m, 0) + log(y), Tensor::zeros({0, 2}, f64), -1.0);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "log");
}

TEST_P(CheckFinite, LoopsThatNeverEndForWhatIsWrong) {
  const Expr x = g.input("x", {});
  const Expr root = while_loop([](const Expr& v) { return abs(v * v - 2) > 1e-3; }, [](const Expr& v) { return 0.5 * (v + 2 / v); }, x);
  EXPECT_FALSE(calling({x}, root, 1.0));
  const auto f = compile({x}, {root}, options);
  const auto e = thrown([&] { f(0.0); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->found().op, "div");
  EXPECT_THAT(e->found().steps, ElementsAre(0));
}

TEST_P(CheckFinite, EndedExamplesOfABatchTakeNoSteps) {
  const Expr w = g.input("w", {3});
  const Expr y = vmap([](const Expr& e) { return while_loop([](const Expr& c) { return c > 1.0; }, [](const Expr& c) { return log(c); }, e); })(w);
  EXPECT_FALSE(calling({w}, y, Tensor{-2.0, 0.5, 30.0}));
}

TEST_P(CheckFinite, ANaNOfTheUsersBesideARecognisedFormula) {
  const Expr w = g.input("w", {3}), s = g.input("s", {});
  const Expr y = exp(log(w)) + where(w > 1.5, w, std::nan(""));
  EXPECT_FALSE(calling({w}, y, Tensor{0.0, 1.0, 2.0}));
  EXPECT_TRUE(calling({w}, y, Tensor{0.0, -1.0, 2.0}));
  // Half and twice the power, in a batch.
  EXPECT_TRUE(calling({w}, exp(0.5 * log(w)), Tensor{0.0, -1.0, 2.0}));
  EXPECT_TRUE(calling({w, s}, exp(s * log(w * 2)), Tensor{0.0, -1.0, 2.0}, 2.0));
  EXPECT_TRUE(calling({w, s}, vmap([&s](const Expr& e) { return exp(s * log(-e)); })(w), Tensor{0.0, 1.0, 2.0}, 2.0));
}

TEST_P(CheckFinite, TrapsOfTheCallersAreNoneOfIts) {
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {log(x)}, options);
  const Tensor bad{1.0, 0.0}, good{1.0, 2.0};
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  const auto e = thrown([&] { f(bad); });
  const auto none = thrown([&] { f(good); });
  const int still = fegetexcept();
  const auto list = f.warnings();
  fedisableexcept(FE_ALL_EXCEPT);
  EXPECT_TRUE(e);
  EXPECT_FALSE(none);
  EXPECT_EQ(still, FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  EXPECT_FALSE(list.empty());
}

TEST_P(CheckFinite, IndicesAreCheckedFirstAndByTheirName) {
  const Expr x = g.input("x", {3}), i = g.input("i", {1}, i64), y = g.input("y", {});
  const auto f = compile({x, i, y}, {where(gather(x, i) > 0, log(y), 0)}, options);
  try {
    f(Tensor{1.0, 2.0, 3.0}, Tensor(std::vector<std::int64_t>{5}), -1.0);
    FAIL();
  } catch (const CallError& e) {
    EXPECT_THAT(e.what(), testing::StartsWith("i: element 0 is 5"));
  }
}

/// Best of three calls of the gradient of `terms` masked roots, at an infinite slope of each.
double seconds_masked(int terms) {
  Graph g{f64};
  const Expr x = g.input("x", {});
  Expr y = x;
  for (int k = 0; k < terms; ++k) y = y + where(x * (1.0 + k) > 0.5, sqrt(x * (1.0 + k)), 0);
  const auto f = compile({x}, {grad(y, x)}, {.threads = 1, .engine = Engine::interpret, .check_finite = true});
  double best = inf;
  for (int run = 0; run < 3; ++run) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(f(0.0).template item<double>(), 1);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

TEST(CheckFiniteHunt, MasksOfManySlopesAreFollowedAtOnce) {
  // Six times the terms: six times the time, and 36 if each slope were followed by itself.
  EXPECT_LT(seconds_masked(3000), 18 * seconds_masked(500));
}

TEST_P(CheckFinite, ARefusedCallHasWrittenNothing) {
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {x + 1, log(x)}, options);
  Tensor a = Tensor::full({2}, 7, f64), b = Tensor::full({2}, 7, f64), in{1.0, 0.0};
  EXPECT_THROW(f.call({in}, {a, b}), NonFiniteError);
  EXPECT_EQ(a, Tensor::full({2}, 7, f64));
  EXPECT_EQ(b, Tensor::full({2}, 7, f64));
  const auto step = f.bind({in}, {a, b});
  EXPECT_THROW(step(), ValueError);
  in.at<double>(1) = 1;
  step();
  EXPECT_EQ(a(1), 2);
  EXPECT_THROW(f.by_name({{"x", std::vector{0.0}}}), Error);
  EXPECT_THROW(f(std::vector{0.0, 1.0}), NonFiniteError);
}

TEST_P(CheckFinite, SeveralThreadsAtOnce) {
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {sum(log(x))}, options);
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        std::vector<double> xs(50, 1.0);
        xs[static_cast<std::size_t>(t)] = 0;
        const auto e = thrown([&] { (void)f(xs); });
        right += e && e->found().index == std::vector<std::int64_t>{t};
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(right, 80);
}

TEST_P(CheckFinite, ViewsAreReadAsTheyLie) {
  const Expr x = g.input("x", {"n", 2});
  const Tensor xs{{1.0, 2.0}, {0.0, 3.0}};
  const std::array<std::int64_t, 2> shape{2, 2}, strides{1, 2};
  const auto f = compile({x}, {log(x)}, options);
  const auto e = thrown([&] { (void)f(ArrayRef(xs.raw(), f64, shape, strides)); });
  ASSERT_TRUE(e);
  EXPECT_THAT(e->found().index, ElementsAre(0, 1));
}

INSTANTIATE_TEST_SUITE_P(Engines, CheckFinite, testing::Values(Engine::jit, Engine::interpret),
                         [](const auto& info) { return info.param == Engine::jit ? "jit" : "interpret"; });

}  // namespace
}  // namespace actinium
