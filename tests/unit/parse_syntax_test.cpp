// The parser against Python's rules: each row pairs a text with the same expression written with all its parentheses.
// Interning makes equal expressions one node, so that same_as decides.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/parse.h"

namespace actinium {
namespace {

struct Inputs {
  Graph g{f64};
  Expr x = g.input("x", {3, 4}), y = g.input("y", {3, 4}), w = g.input("w", {4, 3}), s = g.input("s", {});
  Expr i = g.input("i", {5}, i64), m = g.input("m", {3, 4}, boolean), q = g.input("q", {4, 4});
  Expr operator()(std::string_view text) { return parse(g, text); }
};

struct Same {
  const char *text, *explicit_text;
};
class Precedence : public testing::TestWithParam<Same> {};

TEST_P(Precedence, IsThatOfPython) {
  Inputs in;
  EXPECT_TRUE(in(GetParam().text).same_as(in(GetParam().explicit_text))) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Precedence,
    testing::Values(
        Same{"x + y * s", "x + (y * s)"}, Same{"x - y - s", "(x - y) - s"}, Same{"x / y / s", "(x / y) / s"},
        Same{"x / y * s", "(x / y) * s"}, Same{"x * y @ w", "(x * y) @ w"}, Same{"-x ** 2", "-(x ** 2)"},
        Same{"x ** -y", "x ** (-y)"}, Same{"x ** y ** s", "x ** (y ** s)"}, Same{"x ** -y ** s", "x ** (-(y ** s))"},
        Same{"-x * y", "(-x) * y"}, Same{"- - x", "-(-x)"}, Same{"+x", "x"}, Same{"x - -y", "x - (-y)"},
        Same{"not x < y", "not (x < y)"}, Same{"not m and m", "(not m) and m"},
        Same{"m or m and x < y", "m or (m and (x < y))"}, Same{"x + y < s", "(x + y) < s"},
        Same{"s < x < y", "(s < x) and (x < y)"}, Same{"s < x <= y != s", "((s < x) and (x <= y)) and (y != s)"},
        Same{"x.T", "transpose(x, (1, 0))"}, Same{"-x.T", "-(x.T)"}, Same{"x.T ** 2", "(x.T) ** 2"},
        Same{"let h = x + y in h * h", "(x + y) * (x + y)"}, Same{"let h = x, k = h * y in k + h", "(x * y) + x"},
        Same{"2 * let h = x in h + y", "2 * (x + y)"}, Same{"(let h = x in h) + y", "x + y"},
        Same{"let h = x in let h = h + y in h * h", "(x + y) * (x + y)"},
        Same{"sum(let h = x in h * h, axis=0)", "sum(x * x, axis=0)"}, Same{"x\n  + y", "x + y"}, Same{"(x)", "x"},
        Same{"x*.5", "x * 0.5"}, Same{"x*5e-1", "x * 0.5"}, Same{"x*1.", "x * 1.0"}, Same{"x < inf", "x < 1e999"},
        Same{"x*pi", "x * 3.141592653589793"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, Precedence,
    testing::Values(
        Same{"clip(x, 0, 1)", "clamp(x, lo=0, hi=1)"}, Same{"arctan2(x, y)", "atan2(x, y)"},
        Same{"arcsin(x)", "asin(x)"}, Same{"maximum(x, y)", "max(x, y)"}, Same{"minimum(x, y)", "min(x, y)"},
        Same{"max(x, y, 0)", "max(max(x, y), 0)"}, Same{"clip(x, max=y)", "min(x, y)"},
        Same{"clip(x, none, 1)", "min(x, 1)"}, Same{"max(x, axis=0)", "reduce_max(x, 0)"},
        Same{"max(x)", "reduce_max(x, axis=\"all\")"}, Same{"min(x, keepdims=true)", "reduce_min(x, none, True)"},
        Same{"sum(x, axis=(0, 1))", "sum(x)"}, Same{"sum(x, axis=[0, 1])", "sum(x, axis='all')"},
        Same{"sum(x, axis=-1)", "sum(x, 1)"},
        Same{"mean(x, axis=0, keepdims=True)", "reduce_mean(x, axes=(0,), keepdims=true)"}, Same{"neg(x)", "-x"},
        Same{"select(m, x, y)", "where(m, x, y)"}, Same{"concat(x, y, axis=1)", "concatenate([x, y], axis=2 - 1)"},
        Same{"reshape(x, (2, 6))", "reshape(x, [2, -1])"}, Same{"gather(x, i)", "take(x, indices=i, axis=0)"},
        Same{"one_hot(i, 3)", "one_hot(i, num_classes=3, axis=-1)"}, Same{"cast(x, f32)", "cast(x, \"f32\")"},
        Same{"pad(x, 1)", "pad(x, (1, 1), (1, 1), 0.0)"}, Same{"pad(x, ((1, 2), (0, 3)))", "pad(x, (1, 0), (2, 3))"},
        Same{"transpose(x)", "x.T"}, Same{"slice(x, 1)", "slice(x, 1, 3)"},
        Same{"slice(x, 0, 3, 2)", "slice(x, 0, step=2)"},
        Same{"leaky_relu(x, 0.2)", "leaky_relu(x, negative_slope=0.2)"}, Same{"softmax(x)", "softmax(x, axis=-1)"},
        Same{"Mish(x)", "mish(x)"}, Same{"softmax(x, mask=m)", "softmax(x, where=m)"}, Same{"swish(x)", "silu(x)"},
        Same{"sqrt(2) * s", "1.4142135623730951 * s"}));

TEST(Parse, BuildsWhatTheLibraryBuilds) {
  Inputs in;
  EXPECT_TRUE(in("x @ w").same_as(matmul(in.x, in.w)));
  EXPECT_TRUE(in("sigmoid(x * 2 + y)").same_as(sigmoid(in.x * 2 + in.y)));
  EXPECT_TRUE(in("where(x > 0, x, -x)").same_as(where(in.x > 0, in.x, -in.x)));
  EXPECT_TRUE(in("x == y and not m").same_as((in.x == in.y) && !in.m));
  EXPECT_TRUE(in("fma(x, y, s)").same_as(fma(in.x, in.y, in.s)));
  EXPECT_TRUE(in("stop_gradient(x)").same_as(stop_gradient(in.x)));
}

TEST(Parse, SymbolicSizes) {
  Graph g;
  const Expr x = g.input("x", {"batch", 6});
  EXPECT_EQ(parse(g, "reshape(x, (3 * batch, 2))").shape(), Shape({Dim(3) * Dim("batch"), 2}));
  EXPECT_EQ(parse(g, "broadcast_to(1.0, (batch + 1, 2))").shape(), Shape({Dim("batch") + Dim(1), 2}));
  EXPECT_EQ(parse(g, "dim_size(batch)").rank(), 0);
}

TEST(Parse, DottedNames) {
  Graph g;
  const Expr w = g.input("hidden.weight", {2, 3});
  EXPECT_TRUE(parse(g, "hidden.weight.T * 2").same_as(w.T() * 2));
}

TEST(Parse, NodesKnowTheirColumn) {
  Inputs in;
  try {
    in("x + (x @ y)");
    FAIL();
  } catch (const ShapeError& e) {
    const std::string what = e.what();
    EXPECT_TRUE(what.starts_with("text:8: [matmul]")) << what;
    EXPECT_TRUE(what.ends_with("\n  x + (x @ y)\n         ^")) << what;
  }
}

TEST(Parse, NamesAndTheirUses) {
  const Formula f("let k = i in where(m, x, gather(x, k)) + one_hot(j, n) * j + cast(z, f64)");
  struct Use {
    const char* name;
    bool value, index, condition;
  };
  const Use expected[] = {{"i", false, true, false},
                          {"m", false, false, true},
                          {"x", true, false, false},
                          {"j", true, true, false},
                          {"z", true, false, false}};
  ASSERT_EQ(f.names().size(), std::size(expected));  // n is a size, f64 a type
  for (std::size_t k = 0; k < std::size(expected); ++k) {
    EXPECT_EQ(f.names()[k].name, expected[k].name);
    EXPECT_EQ(f.names()[k].as_value, expected[k].value) << expected[k].name;
    EXPECT_EQ(f.names()[k].as_index, expected[k].index) << expected[k].name;
    EXPECT_EQ(f.names()[k].as_condition, expected[k].condition) << expected[k].name;
  }
  EXPECT_TRUE(Formula("softmax_cross_entropy(x, t)").names()[1].as_index);
  EXPECT_TRUE(Formula("softmax(x, where=t)").names()[1].as_condition);
}

TEST(Parse, IntegersPromoteOnlyOnRequest) {
  Graph g;
  const Expr n = g.input("n", {3}, i64), x = g.input("x", {3});
  const ParseOptions promoting{.resolve = {}, .promote_integers = f32};
  for (const char* text :
       {"exp(n)", "n / n", "n * 0.5", "n + x", "sigmoid(n)", "mean(n)", "n ** 0.5", "leaky_relu(n, 0.5)"}) {
    EXPECT_EQ(parse(g, text, promoting).dtype(), f32) << text;
    EXPECT_THROW(parse(g, text), TypeError) << text;
  }
  for (const char* text : {"n + 1", "n * n", "relu(n)", "abs(n)", "sum(n)", "max(n, 0)"})
    EXPECT_EQ(parse(g, text, promoting).dtype(), i64) << text;
}

TEST(Parse, PrintedTextReadsBack) {
  const char* texts[] = {
      "x + y * s - x / y",
      "-x ** 2",
      "(-x) ** 2",
      "(x ** y) ** s",
      "(x < y) == m",
      "not (m and m) or m",
      "x.T @ y",
      "(x + y).T",
      "where(x > 0, x, exp(x) * s)",
      "sum(x, axis=0)",
      "sum(x)",
      "reduce_max(x, axis=1)",
      "max(x, y)",
      "max(x, 0.0)",
      "mean(x, axis=(0, 1))",
      "argmax(x, axis=1)",
      "cumsum(x, axis=0, reverse=true)",
      "sort(x, axis=0)",
      "argsort(x)",
      "reshape(x, (2, 6))",
      "reshape(x, (12,))",
      "broadcast_to(s, (2, 3))",
      "slice(x, 1, 3, axis=1)",
      "slice(x, none, none, -1)",
      "pad(x, (1, 0), (2, 3), 7.0)",
      "concat(x, y, axis=1)",
      "gather(x, i, axis=1)",
      "scatter_add(x, i, gather(x, i, axis=1), axis=1)",
      "flip(x, axis=(0, 1))",
      "one_hot(i, 7)",
      "one_hot(i, 7, axis=0, dtype=f32)",
      "cast(x, i32)",
      "iota((3, 4), axis=1)",
      "clamp(x, -1, 1)",
      "fma(x, y, s)",
      "leaky_relu(x, 0.2)",
      "elu(x) + celu(x, 0.5)",
      "softmax(x)",
      "softmax(x, axis=0, where=m)",
      "logsumexp(x, axis=0, keepdims=true)",
      "gelu(x)",
      "gelu(x, approximate=\"tanh\")",
      "relu(x, max_value=6)",
      "x * nan",
      "x + inf",
      "x - 1e-300",
      "let h = tanh(x) in h * h + h",
      "2 ** x",
      "softmax_cross_entropy(q, slice(i, 0, 4))",
      "isnan(x)",
      "erfc(x) + normcdf(x)",
      "sum(sum(sum(x * 2, axis=0, keepdims=true)))",
  };
  for (const char* text : texts) {
    Inputs in;
    Expr e;
    try {
      e = in(text);
    } catch (const Error& error) {
      ADD_FAILURE() << text << ": " << error.what();
      continue;
    }
    const std::string printed = to_string(e);
    try {
      EXPECT_TRUE(in(printed).same_as(e)) << text << " printed as " << printed;
    } catch (const Error& error) {
      ADD_FAILURE() << text << " printed as " << printed << ": " << error.what();
    }
  }
}

TEST(Parse, DerivativesReadBack) {
  for (const char* text :
       {"sum(silu(x))", "sum(tanh(x) ** 2)", "sum(softmax(x) * y)", "sum(prelu(x, s))", "logsumexp(x * y)"}) {
    Inputs in;
    const Expr e = grad(in(text), in.x);
    const std::string printed = to_string(e);
    try {
      EXPECT_TRUE(in(printed).same_as(e)) << text << " printed as " << printed;
    } catch (const Error& error) {
      ADD_FAILURE() << text << " printed as " << printed << ": " << error.what();
    }
  }
}

TEST(Parse, TheManualNamesEveryFunction) {
  std::ifstream file(ACTINIUM_SOURCE_DIR "/docs/language.md");
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(manual.empty());
  for (const std::string& signature : text_functions()) {
    const std::regex name("\\b" + signature.substr(0, signature.find('(')) + "\\b");
    EXPECT_TRUE(std::regex_search(manual, name)) << signature;
  }
}

TEST(Parse, LongTextTakesLinearTime) {
  Graph g;
  const Expr x = g.input("x", {});
  std::string text = "x";
  while (text.size() < 10'000'000) text += " + x * 2";
  EXPECT_EQ(parse(g, text).rank(), 0);
  std::string signs(500'000, '-');
  EXPECT_EQ(parse(g, signs + "x").rank(), 0);
}

}  // namespace
}  // namespace actinium
