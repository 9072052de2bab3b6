// What `actinium eval` promises: values in, values out, for both engines. Expected values are plain mathematics.
#include <gtest/gtest.h>

#include <algorithm>

#include "tool.hpp"

namespace actinium::contract {
namespace {

struct Row {
  std::vector<std::string> arguments;  ///< after eval
  const char* out;
};
class Eval : public testing::TestWithParam<Row> {};

TEST_P(Eval, Prints) {
  for (const char* engine : {"interpret", "jit"}) {
    std::vector<std::string> arguments{"eval"};
    arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    arguments.insert(arguments.end(), {"--engine", engine});
    const Outcome o = run_tool(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.out, GetParam().out) << GetParam().arguments[0] << " by " << engine;
    EXPECT_EQ(o.err, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, Eval,
    testing::Values(Row{{"x", "x=3"}, "3\n"}, Row{{"x", "x=0.1"}, "0.1\n"},
                    Row{{"x", "x=0.1", "--dtype", "f64"}, "0.1\n"}, Row{{"x", "x=-0"}, "-0\n"},
                    Row{{"x", "x=[nan, inf, -inf]"}, "[nan, inf, -inf]\n"}, Row{{"x", "x=[]"}, "[]\n"},
                    Row{{"x", "x=zeros(2,0,4)"}, "[[], []]\n"}, Row{{"x", "x=ones(2,2)"}, "[[1, 1], [1, 1]]\n"},
                    Row{{"x", "x=arange(-3,5)"}, "[-3, -2, -1, 0, 1, 2, 3, 4]\n"},
                    Row{{"x", "x=arange(0, 1, 0.25)"}, "[0, 0.25, 0.5, 0.75]\n"},
                    Row{{"x", "x=linspace(-1,1,5)"}, "[-1, -0.5, 0, 0.5, 1]\n"},
                    Row{{"x < y", "x=[1,2]", "y=2"}, "[true, false]\n"}, Row{{"x", "x=true"}, "true\n"},
                    Row{{"1 + 2 * 3"}, "7\n"}, Row{{"1 < 2 and not false"}, "true\n"},
                    Row{{"one_hot(1, 3)"}, "[0, 1, 0]\n"}, Row{{"sum(3)"}, "3\n"}, Row{{"sigmoid(0)"}, "0.5\n"},
                    Row{{"1 / 3", "--dtype", "f64"}, "0.3333333333333333\n"}, Row{{"1 / 3"}, "0.33333334\n"},
                    Row{{"x + y", "x=1e40", "y=1", "--dtype", "f64"}, "1e+40\n"}, Row{{"x", "x=1e40"}, "inf\n"},
                    Row{{"-x ** 2", "x=3"}, "-9\n"}, Row{{"x * 16777217", "x=1", "--dtype", "f64"}, "16777217\n"}));

INSTANTIATE_TEST_SUITE_P(
    Operations, Eval,
    testing::Values(
        Row{{"x @ w", "x=[[1,2],[3,4]]", "w=[[5],[6]]"}, "[[17], [39]]\n"},
        Row{{"x.T", "x=[[1,2],[3,4]]"}, "[[1, 3], [2, 4]]\n"},
        Row{{"reshape(x, (2,1,2)) @ broadcast_to(z, (2,2,3))", "x=arange(4)", "z=[1,2,3]"},
            "[[[1, 2, 3]], [[5, 10, 15]]]\n"},
        Row{{"reshape(x, (2,1,2)) @ broadcast_to(z, (2,2,2))", "x=arange(4)", "z=[[1],[2]]"}, "[[[2, 2]], [[8, 8]]]\n"},
        Row{{"max(x)", "x=[3,1,2]"}, "3\n"}, Row{{"max(x, 2)", "x=[3,1,2]"}, "[3, 2, 2]\n"},
        Row{{"sum(x, axis=0)", "x=[[1,2],[3,4]]"}, "[4, 6]\n"},
        Row{{"sum(x, axis=2, keepdims=true)", "x=zeros(2,0,4)"}, "[[], []]\n"}, Row{{"sum(x)", "x=zeros(0)"}, "0\n"},
        Row{{"prod(x)", "x=zeros(0)"}, "1\n"}, Row{{"mean(x)", "x=zeros(0)"}, "nan\n"},
        Row{{"logsumexp(x)", "x=zeros(0)"}, "-inf\n"}, Row{{"argmax(x, axis=1)", "x=[[1,5,5],[2,0,1]]"}, "[1, 0]\n"},
        Row{{"one_hot(i, 3)", "i=[2,0]"}, "[[0, 0, 1], [1, 0, 0]]\n"},
        Row{{"gather(x, i)", "x=[10,20,30]", "i=[2,-1,0]"}, "[30, 30, 10]\n"},
        Row{{"cumsum(x)", "x=[1,2,3]"}, "[1, 3, 6]\n"}, Row{{"sort(x)", "x=[3,nan,1]"}, "[1, 3, nan]\n"},
        Row{{"where(m, x, -x)", "m=[1,0]", "x=[5,6]"}, "[5, -6]\n"},
        Row{{"where(m, x, -x)", "m=[true,false]", "x=[5,6]"}, "[5, -6]\n"},
        Row{{"softmax(x, where=m)", "m=[0,0]", "x=[5,6]"}, "[0, 0]\n"}, Row{{"relu(x)", "x=[-1,0,2]"}, "[0, 0, 2]\n"},
        Row{{"let h = x + 1, k = h * h in k - h", "x=2"}, "6\n"},
        Row{{"concat(x, y)", "x=[1]", "y=[2,3]"}, "[1, 2, 3]\n"},
        Row{{"reshape(x, (2, -1))", "x=arange(4)"}, "[[0, 1], [2, 3]]\n"},
        Row{{"0 < x < 2", "x=[0,1,2]"}, "[false, true, false]\n"}, Row{{"x ** 0", "x=[0,nan]"}, "[1, 1]\n"},
        Row{{"softmax_cross_entropy(x, t)", "x=[[0,0],[0,0]]", "t=[0,1]", "--dtype", "f64"},
            "[0.6931471805599453, 0.6931471805599453]\n"},
        Row{{"softmax_cross_entropy(x, t)", "x=[[0,0],[0,0]]", "t=[[1,0],[0,1]]", "--dtype", "f64"},
            "[0.6931471805599453, 0.6931471805599453]\n"},
        Row{{"softmax_cross_entropy(x, t, label_smoothing=0.5)", "x=[[0,0],[0,0]]", "t=[0,1]", "--dtype", "f64"},
            "[0.6931471805599453, 0.6931471805599453]\n"},
        Row{{"sigmoid_cross_entropy(x, z)", "x=[0,800,-800]", "z=[0.5,1,1]", "--dtype", "f64"},
            "[0.6931471805599453, 0, 800]\n"},
        Row{{"mse(x, t)", "x=[1,2]", "t=[3,2]"}, "[4, 0]\n"},
        Row{{"huber(x, t)", "x=[1,2,5]", "t=[0,2,2]"}, "[0.5, 0, 2.5]\n"},
        Row{{"smooth_l1(x, t, beta=0.5)", "x=[1,2]", "t=[0,2.25]"}, "[0.75, 0.0625]\n"},
        Row{{"kl_divergence(p, q)", "p=[[1,0],[0.5,0.5]]", "q=[[1,0],[1,0]]"}, "[0, inf]\n"},
        Row{{"kl_div(x, p)", "x=[-1,-1]", "p=[0,1]"}, "[0, 1]\n"}));

INSTANTIATE_TEST_SUITE_P(
    Derivatives, Eval,
    testing::Values(Row{{"x * y", "x=3", "y=4", "--grad", "y,x"}, "3\n4\n"},
                    Row{{"x * y", "x=[1,2]", "y=4", "--value-and-grad", "x,y"}, "12\n[4, 4]\n3\n"},
                    Row{{"x @ y", "x=ones(2,1,3)", "y=ones(2,3,1)", "--grad", "x,y"},
                        "[[[1, 1, 1]], [[1, 1, 1]]]\n[[[1], [1], [1]], [[1], [1], [1]]]\n"},
                    Row{{"x ** 3", "x=[1,2]", "--derivative", "x"}, "[3, 12]\n"},
                    Row{{"x ** 3", "x=[1,2]", "--derivative", "x", "--derivative", "x"}, "[6, 12]\n"},
                    Row{{"x ** 2 * y", "x=3", "y=5", "--derivative", "x", "--grad", "y"}, "6\n"},
                    Row{{"x", "x=1", "z=[1,2]", "--grad", "z"}, "[0, 0]\n"},
                    Row{{"x ** 1.5", "x=0", "--derivative", "x"}, "0\n"},
                    Row{{"relu(x)", "x=[-1,0,1]", "--grad", "x"}, "[0, 0, 1]\n"},
                    Row{{"sigmoid(x)", "x=40", "--dtype", "f64", "--grad", "x"}, "4.248354255291589e-18\n"}));

TEST(Values, RandomNumbersComeFromTheirSeed) {
  const Outcome a = run_tool({"eval", "x", "x=normal(7, 2, 3)"}), b = run_tool({"eval", "x", "x=normal(7,2,3)"}),
                c = run_tool({"eval", "x", "x=normal(8, 2, 3)"});
  EXPECT_EQ(a.status, 0) << a.err;
  EXPECT_EQ(a.out, b.out);
  EXPECT_NE(a.out, c.out);
  const Outcome u =
      run_tool({"eval", "(min(x) >= -2) and (max(x) < 3) and abs(mean(x) - 0.5) < 0.1", "x=uniform(1, -2, 3, 10000)"});
  EXPECT_EQ(u.out, "true\n") << u.err;
  const Outcome n = run_tool({"eval", "abs(mean(x)) < 0.05 and abs(mean(x * x) - 1) < 0.05", "x=normal(1, 10000)"});
  EXPECT_EQ(n.out, "true\n") << n.err;
}

TEST(Eval, ExpressionsMayBeginWithAMinus) {
  EXPECT_EQ(run_tool({"eval", "-x", "x=2"}).out, "-2\n");
  EXPECT_EQ(run_tool({"eval", "--x", "x=2"}).out, "2\n");
  EXPECT_EQ(run_tool({"eval", "--grad", "x", "-x * x", "x=2"}).out, "-4\n");
}

}  // namespace
}  // namespace actinium::contract
