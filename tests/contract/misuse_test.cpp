// What the user may get wrong on the command line: status 2, one message on stderr, nothing on stdout.
#include <gtest/gtest.h>

#include <algorithm>

#include "tool.hpp"

namespace actinium::contract {
namespace {

struct Row {
  std::vector<std::string> arguments;
  const char* part;
};
class Misuse : public testing::TestWithParam<Row> {};

TEST_P(Misuse, IsExplained) {
  const Outcome o = run_tool(GetParam().arguments);
  EXPECT_EQ(o.status, 2) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find(GetParam().part), std::string::npos) << o.err;
  EXPECT_EQ(o.err.find(".cpp:"), std::string::npos) << "a line of ours: " << o.err;
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, Misuse,
    testing::Values(Row{{}, "subcommand"}, Row{{"flatter", "x"}, "eval, show, bench, plot, certify, check, activations, recognise and info"},
                    Row{{"eval"}, "EXPR"}, Row{{"eval", "x", "--nonsense"}, "nonsense"},
                    Row{{"eval", "x"}, "no value for x"}, Row{{"eval", "x + y * z", "y=1"}, "x, z"},
                    Row{{"bench", "x", "--shape", "x=nx3"}, "--size n=N"},
                    Row{{"bench", "x", "--shape", "x=n", "--size", "n=-1"}, "NAME=N"},
                    Row{{"bench", "x", "--shape", "x=n", "--size", "n=4k"}, "NAME=N"},
                    Row{{"eval", "x", "x"}, "NAME=VALUE"}, Row{{"eval", "x", "x=1", "x=2"}, "twice"},
                    Row{{"eval", "x", "x=[1,[2]]"}, "^"}, Row{{"eval", "x", "x="}, "empty"},
                    Row{{"eval", "x", "x=abc"}, "no number"}, Row{{"eval", "x", "x=absent.npy"}, "absent.npy"},
                    Row{{"eval", "x", "x=zeros(-1)"}, "negative"}, Row{{"eval", "x", "x=zeros(1e12)"}, "too large"},
                    Row{{"eval", "x", "x=cauchy(3)"}, "normal"},
                    Row{{"eval", "x", "x=uniform(1,2)"}, "uniform(seed, lo, hi"},
                    Row{{"eval", "x", "x=1", "--dtype", "f16"}, "f32 or f64"},
                    Row{{"eval", "x", "x=1", "--engine", "gpu"}, "jit or interpret"},
                    Row{{"eval", "x", "x=1", "--threads", "-1"}, "--threads"},
                    Row{{"eval", "x", "x=1", "--isa", "z80"}, "z80"},
                    Row{{"eval", "x", "x=1", "--compat", "caffe"}, "caffe"},
                    Row{{"eval", "x", "x=1", "--grad", "z"}, "'z' is no input"},
                    Row{{"eval", "x", "x=1", "--derivative", "z"}, "'z' is no input"},
                    Row{{"eval", "x", "x=1", "--grad", ""}, "--grad"},
                    Row{{"eval", "x", "x=1", "--grad", "x", "--value-and-grad", "x"}, "exclude"},
                    Row{{"eval", "gather(x, i)", "x=[1,2]", "i=[1]", "--grad", "i"}, "i64"},
                    Row{{"eval", "x > 0", "x=1", "--grad", "x"}, "bool"},
                    Row{{"eval", "x", "x=1", "-o", "/no/such/f.npy"}, "/no/such/f.npy"},
                    Row{{"eval", "x", "x=1", "--expect", "none.npy"}, "none.npy"},
                    Row{{"eval", "x", "x=1", "--load"}, "--load needs"}, Row{{"info", "--load", "none.activations"}, "none.activations"},
                    Row{{"activations", "sigmiod"}, "sigmoid"}, Row{{"show", "x"}, "no shape for x"},
                    Row{{"show", "x", "--shape", "x=2x3", "--stage", "soul"}, "graph, recognised, gradient"},
                    Row{{"show", "x", "--shape", "x=2x-3"}, "-3"}));

INSTANTIATE_TEST_SUITE_P(
    Certify, Misuse,
    testing::Values(Row{{"certify", "exp(x)", "--order", "1"}, "goes with --judge"},
                    Row{{"certify", "exp(x)", "--judge", "x.csv"}, "X.npy:Y.npy"},
                    Row{{"certify", "exp(x)", "--judge", "absent.npy:y.npy"}, "absent.npy"},
                    Row{{"certify", "exp(x)", "--judge", "x.npy:y.npy", "--derivatives", "1"}, "without --derivatives"}));

INSTANTIATE_TEST_SUITE_P(
    Plots, Misuse,
    testing::Values(Row{{"plot"}, "EXPR"}, Row{{"plot", "x"}, "-o F.svg"},
                    Row{{"plot", "a=2", "-o", "f.csv"}, "needs an expression"},
                    Row{{"plot", "x", "-o", "f.gif"}, ".svg, .png or .csv"},
                    Row{{"plot", "x", "-o", "f"}, ".svg, .png or .csv"},
                    Row{{"plot", "x", "-o", "/no/such/f.csv"}, "/no/such/f.csv"},
                    Row{{"plot", "x", "-o", "/.csv"}, ".svg"}, Row{{"plot", "x +", "-o", "f.csv"}, "  x +\n     ^"},
                    Row{{"plot", "x", "sigmiod(x)", "-o", "f.csv"}, "  sigmiod(x)\n  ^"},
                    Row{{"plot", "a * x", "-o", "f.csv"}, "write a=VALUE\n  a * x\n  ^"},
                    Row{{"plot", "x * a", "-o", "f.csv"}, "write a=VALUE\n  x * a\n      ^"},
                    Row{{"plot", "x * a", "x=1", "a=1", "-o", "f.csv"}, "every name has a value"},
                    Row{{"plot", "x", "t", "x=[1]", "t=[2]", "-o", "f.csv"}, "different points"},
                    Row{{"plot", "a * x", "a=[1,2]", "-o", "f.csv"}, "one number"},
                    Row{{"plot", "softmax(x)", "-o", "f.csv"}, "softmax"},
                    Row{{"plot", "x @ x", "-o", "f.csv"}, "  x @ x\n    ^"},
                    Row{{"plot", "x > 0", "--derivatives", "1", "-o", "f.csv"}, "bool"},
                    Row{{"plot", "x", "--derivatives", "-1", "-o", "f.csv"}, "--derivatives"},
                    Row{{"plot", "x", "--derivatives", "9", "-o", "f.csv"}, "--derivatives takes 0 to 8"},
                    Row{{"plot", "x", "--samples", "1", "-o", "f.csv"}, "--samples takes 2"},
                    Row{{"plot", "x", "--range", "2:1", "-o", "f.csv"}, "LO:HI"},
                    Row{{"plot", "x", "--range", "1", "-o", "f.csv"}, "LO:HI"},
                    Row{{"plot", "x", "--range", "1:1", "-o", "f.csv"}, "LO:HI"},
                    Row{{"plot", "x", "--range", "nan:1", "-o", "f.csv"}, "LO:HI"},
                    Row{{"plot", "x", "--range", "0:inf", "-o", "f.csv"}, "LO:HI"},
                    Row{{"plot", "x", "--range", "0:1e39", "--dtype", "f32", "-o", "f.csv"}, "f32"},
                    Row{{"plot", "x", "--range", "-1e308:1e308", "-o", "f.csv"}, "--symlog x"},
                    Row{{"plot", "x", "--range", "0:1", "x=[1,2]", "-o", "f.csv"}, "--range and --samples"},
                    Row{{"plot", "x", "x=[1,inf]", "-o", "f.csv"}, "finite"},
                    Row{{"plot", "x", "--symlog", "z", "-o", "f.csv"}, "x, y or xy"},
                    Row{{"plot", "x", "--symlog", "y:-1", "-o", "f.csv"}, "THRESHOLD"},
                    Row{{"plot", "x", "--size", "9x9", "-o", "f.png"}, "--size"},
                    Row{{"plot", "x", "--dtype", "f16", "-o", "f.csv"}, "f32 or f64"},
                    Row{{"plot", "x", "--compat", "caffe", "-o", "f.csv"}, "caffe"},
                    Row{{"plot", "x", "--derivative", "z", "-o", "f.csv"}, "'z' is no input"},
                    Row{{"plot", "softmax(x)", "--error", "-o", "f.csv"}, "softmax"},
                    Row{{"plot", "x * a", "--error", "-o", "f.csv"}, "write a=VALUE"},
                    Row{{"plot", "a * x", "a=1", "--derivative", "a", "--error", "-o", "f.csv"}, "respect to x"},
                    Row{{"plot", "x", "--nonsense", "-o", "f.csv"}, "nonsense"}));

INSTANTIATE_TEST_SUITE_P(
    Expressions, Misuse,
    testing::Values(
        Row{{"eval", "x +", "x=1"}, "  x +\n     ^"}, Row{{"eval", "", "x=1"}, "empty"},
        Row{{"eval", "x @ y", "x=[[1,2]]", "y=[[1,2]]"}, "  x @ y\n    ^"},
        Row{{"eval", "sigmiod(x)", "x=1"}, "did you mean sigmoid"}, Row{{"eval", "x % 2", "x=1"}, "floor(a / b)"},
        Row{{"eval", "softmax(x)", "x=1"}, "softmax"}, Row{{"eval", "softmax(x, axis=10)", "x=[[1]]"}, "axis 10"},
        Row{{"eval", "soft_shrink(x, -0.5)", "x=[1]"}, "soft_shrink"}, Row{{"eval", "max(x)", "x=zeros(0)"}, "max"},
        Row{{"eval", "reshape(x, (2, 3))", "x=[1,2]"}, "reshape"}, Row{{"eval", "gather(x, x)", "x=[1.5]"}, "gather"},
        Row{{"eval", "clamp(1, 2, 0)"}, "clamp"}, Row{{"eval", "1 @ 2"}, "matmul"},
        Row{{"eval", "softmax(1)"}, "softmax"}, Row{{"eval", "concat(x, y)", "x=[[1]]", "y=[1]"}, "concat"}));

TEST(Misuse, MessagesHaveOnePlaceAndOneCaret) {
  const Outcome o = run_tool({"eval", "a + (b @ c)", "a=1", "b=[[1,2]]", "c=[[1,2]]"});
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '^'), 1) << o.err;
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 3) << o.err;
}

TEST(Tool, ListsTheCatalogue) {
  const Outcome all = run_tool({"activations"});
  EXPECT_EQ(all.status, 0);
  for (const char* name : {"relu(", "gelu(", "softmax(", "mish", "softmax_cross_entropy("})
    EXPECT_NE(all.out.find(name), std::string::npos) << name;
  const Outcome one = run_tool({"activations", "LeakyReLU"});
  EXPECT_EQ(one.status, 0);
  for (const char* part : {"leaky_relu", "negative_slope", "0.01"})
    EXPECT_NE(one.out.find(part), std::string::npos) << one.out;
}

TEST(Tool, ShowsStages) {
  struct Stage {
    const char *name, *part;
  };
  for (const Stage s :
       {Stage{"graph", "sigmoid(x @ w)"}, Stage{"gradient", ".T @"}, Stage{"optimized", "matmul"},
        Stage{"kernels", "matmul"}, Stage{"llvm", "define"}, Stage{"asm", "vfmadd"}, Stage{"dot", "digraph"}}) {
    const Outcome o =
        run_tool({"show", "sigmoid(x @ w)", "--shape", "x=batchx8", "--shape", "w=8x4", "--stage", s.name});
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_NE(o.out.find(s.part), std::string::npos) << s.name << ":\n" << o.out;
  }
}

TEST(Tool, SaysWhatItIs) {
  const Outcome o = run_tool({"info"});
  EXPECT_EQ(o.status, 0);
  for (const char* part : {"actinium ", "LLVM ", "threads", "cache"})
    EXPECT_NE(o.out.find(part), std::string::npos) << o.out;
  EXPECT_EQ(run_tool({"--help"}).status, 0);
  EXPECT_EQ(run_tool({"eval", "--help"}).status, 0);
  EXPECT_EQ(run_tool({"--version"}).status, 0);
}

}  // namespace
}  // namespace actinium::contract
