// Text that the parser reads back, lists and DOT.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "actinium/graph.h"
#include "graph/graph.hpp"

namespace actinium {
namespace {

struct Case {
  const char* name;
  std::function<Expr(const Expr& x, const Expr& y, const Expr& i)> f;
  const char* want;
};

const std::vector<Case> cases{
    {"precedence", [](auto x, auto y, auto) { return (x + y) * x - y / (x - y); }, "(x + y) * x - y / (x - y)"},
    {"left_to_right", [](auto x, auto y, auto) { return x - (y - x) - y; }, "x - (y - x) - y"},
    {"minus_and_power", [](auto x, auto, auto) { return -pow(x, 2) + pow(-x, -2); }, "-x ** 2.0 + (-x) ** -2.0"},
    {"power_of_power", [](auto x, auto y, auto) { return pow(pow(x, y), y); }, "(x ** y) ** y"},
    {"comparisons", [](auto x, auto y, auto) { return (x < y) == (y < x); }, "(x < y) == (y < x)"},
    {"logic", [](auto x, auto y, auto) { return !(x < y) && (x > 1 || y == 0); }, "not x < y and (x > 1.0 or y == 0.0)"},
    {"product", [](auto x, auto y, auto) { return matmul(x, (x + y).T()); }, "x @ (x + y).T"},
    {"literals", [](auto x, auto, auto) { return x * 0.1 + 1e30 - 3; }, "x * 0.1 + 1e+30 - 3.0"},
    {"negative_literals", [](auto x, auto, auto) { return -2 * x + -0.0; }, "-2.0 * x + -0.0"},
    {"infinity", [](auto x, auto, auto) { return min(x, 1 / Expr(0.0)); }, "min(x, inf)"},
    {"integers", [](auto, auto, auto i) { return i * 2 - 1; }, "i * 2 - 1"},
    {"where", [](auto x, auto y, auto) { return where(x > 0, x, y); }, "where(x > 0.0, x, y)"},
    {"sum_all", [](auto x, auto, auto) { return sum(x); }, "sum(x)"},
    {"sum_axis", [](auto x, auto, auto) { return sum(x, 1) + reduce_max(x, -1); }, "sum(x, axis=1) + reduce_max(x, axis=1)"},
    {"sum_keepdims", [](auto x, auto, auto) { return sum(x, 1, true); }, "reshape(sum(x, axis=1), (batch, 1))"},
    {"transpose", [](auto x, auto, auto) { return transpose(reshape(x, {"batch", 2, 2}), {0, 2, 1}); }, "transpose(reshape(x, (batch, 2, 2)), (0, 2, 1))"},
    {"slice", [](auto x, auto, auto) { return slice(slice(x, 3, std::nullopt, -1, 1), 1, "batch"); }, "slice(slice(x, 3, none, -1, axis=1), 1, batch, 1, axis=0)"},
    {"concat", [](auto x, auto y, auto) { return concat({x, y}, 1); }, "concat(x, y, axis=1)"},
    {"cast", [](auto x, auto, auto) { return cast(x, i32); }, "cast(x, \"i32\")"},
    {"one_hot", [](auto, auto, auto i) { return one_hot(i, 10); }, "one_hot(i, 10, axis=1, dtype=\"f32\")"},
    {"cumsum", [](auto x, auto, auto) { return cumsum(x, 0, true); }, "cumsum(x, axis=0, reverse=true)"},
    {"one_let", [](auto x, auto, auto) { return exp(x) * exp(x); }, "let t0 = exp(x) in t0 * t0"},
    {"lets", [](auto x, auto, auto) { const Expr a = exp(x), b = a * a; return b / (b + 1); }, "let t0 = exp(x),\n    t1 = t0 * t0\nin t1 / (t1 + 1.0)"},
    {"named", [](auto x, auto, auto) { return exp(sin(x).named("hidden")); }, "let hidden = sin(x) in exp(hidden)"},
    {"mean", [](auto x, auto, auto) { return mean(x, 0); }, "sum(x, axis=0) / dim_size(batch)"},
};

class Print : public testing::TestWithParam<Case> {};
TEST_P(Print, Text) {
  Graph g;
  const Expr e = GetParam().f(g.input("x", {"batch", 4}), g.input("y", {"batch", 4}), g.input("i", {"batch"}, i32));
  std::ostringstream out;
  out << e;
  EXPECT_EQ(out.str(), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Graph, Print, testing::ValuesIn(cases), [](const auto& i) { return i.param.name; });

TEST(PrintNames, AvoidThoseOfInputs) {
  Graph g;
  const Expr t0 = g.input("t0", {2}), e = exp(t0);
  EXPECT_EQ(to_string(e * e), "let t1 = exp(t0) in t1 * t1");
}

TEST(PrintDeep, ChainsAreCutByLet) {
  Graph g;
  Expr y = g.input("x", {});
  for (int i = 0; i < 100; ++i) y = sin(y);
  const std::string text = to_string(y);
  EXPECT_LT(text.size(), 1000u);
  EXPECT_EQ(text.substr(0, 9), "let t0 = ");
  int depth = 0, deepest = 0;
  for (char c : text) deepest = std::max(deepest, depth += c == '(' ? 1 : c == ')' ? -1 : 0);
  EXPECT_LE(deepest, 14);
}

TEST(PrintList, OneNodeALine) {
  Graph g;
  const Expr x = g.input("x", {"batch", 4});
  const Expr y = sum(exp(x) * 2.0, 1);
  static_cast<void>(y);
  const std::string text = g.str();
  EXPECT_NE(text.find("%0 = input x : f32 [batch, 4]"), std::string::npos) << text;
  EXPECT_NE(text.find("= constant 2.0 : f32 []"), std::string::npos) << text;
  EXPECT_NE(text.find("= reduce_sum {1} %"), std::string::npos) << text;
  EXPECT_NE(text.find("graph_print_test.cpp:"), std::string::npos) << text;
  EXPECT_NE(text.find("return %"), std::string::npos) << text;
}

TEST(PrintDot, IsADigraph) {
  Graph g;
  const Expr y = exp(g.input("x", {2})) + 1.0;
  static_cast<void>(y);
  const std::string text = g.dot();
  EXPECT_EQ(text.substr(0, 18), "digraph actinium {");
  EXPECT_NE(text.find("n0 -> n1;"), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 2), "}\n");
}

}  // namespace
}  // namespace actinium
