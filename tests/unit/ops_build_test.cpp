// Building expressions: shapes and types of every public function, weak literals, unbound constants.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "actinium/graph.h"
#include "ops/rules.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

struct Inputs {
  Graph g{f32};
  Expr x = g.input("x", {"batch", 3, 4}), row = g.input("row", {4}), W = g.input("W", {4, 5}), s = g.input("s", {});
  Expr i = g.input("i", {"batch"}, i32), p = g.input("p", {"batch", 3, 4}, boolean), a = g.input("a", {3, 4});
};

struct Case {
  const char* name;
  std::function<Expr(Inputs&)> f;
  Shape shape;
  DType dtype = f32;
};

const Dim batch = "batch";
const std::vector<Case> cases{
    {"broadcast", [](Inputs& in) { return in.x + in.row; }, {batch, 3, 4}},
    {"scalar", [](Inputs& in) { return in.s * in.x; }, {batch, 3, 4}},
    {"literal", [](Inputs& in) { return 2 * in.x; }, {batch, 3, 4}},
    {"integers", [](Inputs& in) { return 2 * in.i - 1; }, {batch}, i32},
    {"whole_double_in_integers", [](Inputs& in) { return 2.0 * in.i; }, {batch}, i32},
    {"integer_power", [](Inputs& in) { return pow(in.i, 2); }, {batch}, i32},
    {"comparison", [](Inputs& in) { return in.x < in.row; }, {batch, 3, 4}, boolean},
    {"bool_takes_the_other_type", [](Inputs& in) { return in.p * in.x; }, {batch, 3, 4}},
    {"bool_with_literal", [](Inputs& in) { return in.p * 2; }, {batch, 3, 4}},
    {"bools_compare", [](Inputs& in) { return in.p == true; }, {batch, 3, 4}, boolean},
    {"logic", [](Inputs& in) { return (!in.p && in.x > 0) || false; }, {batch, 3, 4}, boolean},
    {"where", [](Inputs& in) { return where(in.p, in.row, 0); }, {batch, 3, 4}},
    {"where_literals", [](Inputs& in) { return where(in.p, 1, 0); }, {batch, 3, 4}},
    {"where_bools", [](Inputs& in) { return where(in.p, in.p, false); }, {batch, 3, 4}, boolean},
    {"cast", [](Inputs& in) { return cast(in.p, i64); }, {batch, 3, 4}, i64},
    {"isnan", [](Inputs& in) { return isnan(in.x); }, {batch, 3, 4}, boolean},
    {"sum_all", [](Inputs& in) { return sum(in.x); }, {}},
    {"sum_axis", [](Inputs& in) { return sum(in.x, -1); }, {batch, 3}},
    {"sum_axes", [](Inputs& in) { return sum(in.x, {2, 0}); }, {3}},
    {"sum_keepdims", [](Inputs& in) { return sum(in.x, {0, 2}, true); }, {1, 3, 1}},
    {"sum_of_scalar", [](Inputs& in) { return sum(in.s); }, {}},
    {"mean_of_bools", [](Inputs& in) { return mean(in.p); }, {}},
    {"mean_symbolic", [](Inputs& in) { return mean(in.x, 0); }, {3, 4}},
    {"max_of_all", [](Inputs& in) { return max(in.x); }, {}},
    {"max_of_two", [](Inputs& in) { return max(in.x, 0); }, {batch, 3, 4}},
    {"reduce_min", [](Inputs& in) { return reduce_min(in.i, 0); }, {}, i32},
    {"argmax", [](Inputs& in) { return argmax(in.x, 1); }, {batch, 4}, i64},
    {"argmax_all", [](Inputs& in) { return argmax(in.x); }, {}, i64},
    {"argmax_keepdims", [](Inputs& in) { return argmax(in.x, std::nullopt, true); }, {1, 1, 1}, i64},
    {"cumsum", [](Inputs& in) { return cumsum(in.x, 0); }, {batch, 3, 4}},
    {"argsort", [](Inputs& in) { return argsort(in.x); }, {batch, 3, 4}, i64},
    {"matmul", [](Inputs& in) { return matmul(in.x, in.W); }, {batch, 3, 5}},
    {"matmul_row", [](Inputs& in) { return matmul(in.row, in.W); }, {5}},
    {"matmul_column", [](Inputs& in) { return matmul(in.x, in.row); }, {batch, 3}},
    {"matmul_dot", [](Inputs& in) { return matmul(in.row, in.row); }, {}},
    {"matmul_batched", [](Inputs& in) { return matmul(in.a, transpose(in.x, {0, 2, 1})); }, {batch, 3, 3}},
    {"broadcast_to", [](Inputs& in) { return broadcast_to(in.row, {batch, 4}); }, {batch, 4}},
    {"reshape", [](Inputs& in) { return reshape(in.x, {-1, 6}); }, {2 * batch, 6}},
    {"flatten", [](Inputs& in) { return flatten(in.x); }, {12 * batch}},
    {"transpose", [](Inputs& in) { return transpose(in.x, {1, 0, -1}); }, {3, batch, 4}},
    {"T", [](Inputs& in) { return in.x.T(); }, {4, 3, batch}},
    {"expand_dims", [](Inputs& in) { return expand_dims(in.a, -1); }, {3, 4, 1}},
    {"squeeze", [](Inputs& in) { return squeeze(reshape(in.a, {1, 3, 1, 4})); }, {3, 4}},
    {"slice", [](Inputs& in) { return slice(in.x, 1, 3, 1, -1); }, {batch, 3, 2}},
    {"slice_from_end", [](Inputs& in) { return slice(in.x, -2, std::nullopt, 1, 2); }, {batch, 3, 2}},
    {"slice_step", [](Inputs& in) { return slice(in.row, 0, 4, 3); }, {2}},
    {"slice_backwards", [](Inputs& in) { return slice(in.row, -1, std::nullopt, -1); }, {4}},
    {"slice_clamps", [](Inputs& in) { return slice(in.row, 2, 100); }, {2}},
    {"slice_empty", [](Inputs& in) { return slice(in.row, 3, 1); }, {0}},
    {"slice_symbolic", [](Inputs& in) { return slice(in.x, 1, batch); }, {batch - 1, 3, 4}},
    {"pad", [](Inputs& in) { return pad(in.a, {1, 0}, {0, batch}); }, {4, batch + 4}},
    {"pad_integers", [](Inputs& in) { return pad(in.i, {1}, {1}); }, {batch + 2}, i32},
    {"concat", [](Inputs& in) { return concat({in.x, in.x}); }, {2 * batch, 3, 4}},
    {"stack", [](Inputs& in) { return stack({in.row, in.row, in.row}, -1); }, {4, 3}},
    {"stack_numbers", [](Inputs& in) { return stack({in.s, 1, 2}); }, {3}},
    {"gather", [](Inputs& in) { return gather(in.a, in.i, 1); }, {3, batch}},
    {"scatter_add", [](Inputs& in) { return scatter_add(in.a, in.i, broadcast_to(in.row, {batch, 4})); }, {3, 4}},
    {"flip", [](Inputs& in) { return flip(in.x, {0, 1}); }, {batch, 3, 4}},
    {"one_hot", [](Inputs& in) { return one_hot(in.i, 10); }, {batch, 10}},
    {"one_hot_front", [](Inputs& in) { return one_hot(in.i, 10, 0, i64); }, {10, batch}, i64},
    {"iota", [](Inputs& in) { return in.g.iota({2, batch}, 1, i64); }, {2, batch}, i64},
    {"size", [](Inputs& in) { return in.g.size(2 * batch); }, {}},
};

class Build : public testing::TestWithParam<Case> {};
TEST_P(Build, ShapeAndType) {
  Inputs in;
  const Expr e = GetParam().f(in);
  EXPECT_EQ(e.shape(), GetParam().shape) << e.shape().str();
  EXPECT_EQ(e.dtype(), GetParam().dtype);
  verify(Module{in.g.data(), in.g.data()->inputs(), {e.id()}});
}
INSTANTIATE_TEST_SUITE_P(Ops, Build, testing::ValuesIn(cases), [](const auto& i) { return i.param.name; });

TEST(Unbound, FoldAtOnceInDouble) {
  const Expr a = 0.1, b = 3;
  EXPECT_FALSE((a * b).is_bound());
  EXPECT_EQ((a * b + 1).literal(), 0.1 * 3 + 1);
  EXPECT_EQ((-Expr(0.0)).literal(), 0.0);
  EXPECT_TRUE(std::signbit((-Expr(0)).literal()));
  EXPECT_EQ(where(a < b, b, a).literal(), 3);
  EXPECT_EQ(sqrt(Expr(2.0)).literal(), std::sqrt(2.0));
  EXPECT_NEAR(exp(Expr(1.0)).literal(), M_E, 1e-15);
  EXPECT_EQ((Expr(1) / Expr(2)).literal(), 0.5);
  EXPECT_FALSE(Expr{}.is_bound());
  EXPECT_EQ(sum(Expr(2.5)).literal(), 2.5);
}

TEST(Unbound, JoinTheFirstGraphTheyMeet) {
  Graph g{f64};
  const Expr x = g.input("x", {2});
  Expr total;
  for (int k = 1; k <= 3; ++k) total += k * x;
  EXPECT_EQ(total.dtype(), f64);
  EXPECT_EQ(reference::evaluate(total, {{"x", {{2}, {1, 10}}}}).data, (std::vector<double>{6, 60}));
  EXPECT_TRUE((Expr(0.1) * Expr(3) * x).same_as((0.1 * 3) * x));
}

TEST(Rules, EveryOpHasOne) {
  for (const auto& info : ops::op_table) {
    const ops::Rule& rule = ops::rule(info.op);
    const bool elementwise = info.kind == ops::Kind::elementwise;
    EXPECT_EQ(rule.type != nullptr, elementwise) << info.name;
    EXPECT_EQ(rule.shape != nullptr, !elementwise) << info.name;
    EXPECT_EQ(rule.vjp != nullptr, rule.jvp != nullptr) << info.name;
  }
}

/// Values of what is built of several nodes, against hand-written results.
TEST(Values, OfComposedFunctions) {
  Graph g{f64};
  const Expr a = g.input("a", {2, 3});
  const reference::Inputs at{{"a", {{2, 3}, {1, 2, 3, 4, 5, 6}}}};
  auto values = [&](const Expr& e) { return reference::evaluate(e, at).data; };
  using V = std::vector<double>;
  EXPECT_EQ(values(mean(a, 0)), (V{2.5, 3.5, 4.5}));
  EXPECT_EQ(values(slice(a, 2, std::nullopt, -2, 1)), (V{3, 1, 6, 4}));
  EXPECT_EQ(values(stack({a, a * 2}, 1)), (V{1, 2, 3, 2, 4, 6, 4, 5, 6, 8, 10, 12}));
  EXPECT_EQ(values(matmul(a, a.T())), (V{14, 32, 32, 77}));
  EXPECT_EQ(values(matmul(stack({a, a}), g.iota({3}))), (V{8, 17, 8, 17}));
  EXPECT_EQ(values(pad(a, {0, 1}, {1, 0}, 9)), (V{9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9}));
  EXPECT_EQ(values(argmax(-a, std::nullopt)), (V{0}));
}

}  // namespace
}  // namespace actinium
