// recognise: which spellings are found and which must not be, that nothing else changes, and that the rules keep their promises.
#include "passes/recognise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "actinium/actinium.h"
#include "actinium/parse.h"
#include "actinium/recognise.h"
#include "certify/rounding.hpp"

namespace actinium {
namespace {

/// The rules that fire when `text` over x [n, 3], y [n, 3] is compiled, in order.
std::vector<std::string> rules_of(const std::string& text, DType type) {
  Graph g(type);
  const Expr x = g.input("x", {"n", 3}), y = g.input("y", {"n", 3});
  const Expr e = parse(g, text);
  std::vector<std::string> names;
  for (const Recognition& r : compile({x, y}, {e}, {.engine = Engine::interpret}).recognised()) names.push_back(r.rule);
  return names;
}

struct Spelling {
  const char* text;
  const char* rule;  ///< the last that fires; "" for none
};

class Spellings : public testing::TestWithParam<Spelling> {};

TEST_P(Spellings, AreRecognisedInBothTypes) {
  for (DType type : {f32, f64}) {
    const auto rules = rules_of(GetParam().text, type);
    EXPECT_EQ(rules.empty() ? "" : rules.back(), GetParam().rule) << GetParam().text << " in " << name_of(type);
  }
}

INSTANTIATE_TEST_SUITE_P(Recognise, Spellings, testing::Values(
    // One formula, many hands.
    Spelling{"1/(1+exp(-x))", "sigmoid"}, Spelling{"1/(exp(-x)+1)", "sigmoid"}, Spelling{"reciprocal(1+exp(-x))", "sigmoid"},
    Spelling{"(1+exp(-x))**-1", "sigmoid"}, Spelling{"3/(1+exp(-x))", "sigmoid"}, Spelling{"y/(exp(-2*x)+1)", "sigmoid"},
    Spelling{"1/(1+exp(-(x-y)))", "sigmoid"}, Spelling{"1/(1+exp(y-x))", "sigmoid"}, Spelling{"1/(1+exp(-x/y))", "sigmoid"},
    Spelling{"let e = exp(-x) in 1/(1+e)", "sigmoid"}, Spelling{"let e = exp(x) in e/(1+e)", "sigmoid-of-exp"},
    Spelling{"let e = exp(x) in e*(1/(e+1))", "exp-times-sigmoid"}, Spelling{"0.5*(1+tanh(x/2))", "tanh-plus-one"},
    Spelling{"0.5+0.5*tanh(0.5*x)", "tanh-plus-one"}, Spelling{"(tanh(x/2)+1)/2", "tanh-plus-one"},
    Spelling{"let s = 1/(1+exp(-x)) in s*(1-s)", "sigmoid-slope"}, Spelling{"let s = sigmoid(x) in y*s*(1-s)", "sigmoid-slope"},
    Spelling{"sigmoid(x)-sigmoid(x)**2", "sigmoid-slope-of-square"}, Spelling{"1-tanh(x)**2", "tanh-slope"},
    Spelling{"-(tanh(x)*tanh(x)-1)", "tanh-slope"}, Spelling{"(1-tanh(x))*(1+tanh(x))", "sigmoid-slope"},
    // softplus and logarithms.
    Spelling{"log(1+exp(x))", "softplus"}, Spelling{"log(exp(-x)+1)", "softplus"}, Spelling{"log1p(exp(3*x))", "softplus-of-log1p"},
    Spelling{"maximum(0,x)+log1p(exp(-abs(x)))", "softplus-by-max"}, Spelling{"log(1/(1+exp(-x)))", "log-sigmoid"},
    Spelling{"-log(sigmoid(x))", "log-sigmoid"}, Spelling{"log(1-sigmoid(x))", "log-sigmoid"},
    Spelling{"softplus(x)-x", "softplus-minus-x"}, Spelling{"softplus(x)-softplus(-x)", "softplus-difference"},
    Spelling{"log(exp(x)+exp(y))", "logaddexp"}, Spelling{"log(exp(x)-1)", "log-of-expm1"}, Spelling{"log(1-exp(-x))", "log1mexp"},
    Spelling{"log(1-exp(x))", "log1mexp"}, Spelling{"log(1+x)", "log1p"}, Spelling{"log(1-x)", "log1p"},
    Spelling{"log((x*y)+1)", "log1p"}, Spelling{"exp(x)-1", "expm1"}, Spelling{"1-exp(-x)", "expm1"},
    Spelling{"0.5*exp(x)-0.5", "expm1"}, Spelling{"log(x**2)", "log-of-square"}, Spelling{"log(reciprocal(x))", "log-of-reciprocal"},
    // Activations.
    Spelling{"x/(1+exp(-x))", "silu"}, Spelling{"x*sigmoid(x)", "silu"}, Spelling{"(x*y)*sigmoid(x*y)", "silu"},
    Spelling{"(x+y)*sigmoid(x+y)", "silu"}, Spelling{"2*x*sigmoid(2*x)", "silu"}, Spelling{"x*tanh(log(1+exp(x)))", "mish"},
    Spelling{"0.5*x*(1+erf(x/sqrt(2)))", "gelu"}, Spelling{"x*0.5*(erf(x*0.7071067811865476)+1)", "gelu"},
    Spelling{"x*(1+erf(x/1.4142135623730951))/2", "gelu"}, Spelling{"0.5*x*erfc(-x/sqrt(2))", "gelu"},
    Spelling{"0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x**3)))", "gelu-tanh"},
    Spelling{"0.5*x*(1+tanh(0.7978845608028654*(x+0.044715*x*x*x)))", "gelu-tanh"},
    Spelling{"x/(1+exp(-1.702*x))", "quick-gelu"}, Spelling{"x-tanh(x)", "tanh-shrink"}, Spelling{"(x+y)-tanh(x+y)", "tanh-shrink"},
    Spelling{"x/(abs(x)+1)", "softsign"}, Spelling{"where(x>0,x,exp(x)-1)", "elu"},
    Spelling{"1-exp(-x*x)", "one-minus-gauss"}, Spelling{"log(1-exp(-x**2))", "log-of-one-minus-gauss"},
    Spelling{"-log(exp(-0.5*x*x)/sqrt(2*pi))", "log-of-normpdf"}, Spelling{"log(0.5*(1+erf(x/sqrt(2))))", "log-of-normcdf"},
    Spelling{"log(exp(-x**2))", "log-of-gauss"}, Spelling{"log(sigmoid(x)*(1-sigmoid(x)))", "log-of-logistic-pdf"},
    // Removable singularities and what is left of a series.
    Spelling{"(exp(x)-1)/x", "exp-slope"}, Spelling{"x/(exp(x)-1)", "bernoulli"}, Spelling{"2*x/(exp(2*x)-1)", "bernoulli"},
    Spelling{"exp(x)-1-x", "exp-minus-line"}, Spelling{"x-log(1+x)", "x-minus-log1p"}, Spelling{"log1p(x)-x", "x-minus-log1p"},
    Spelling{"x-sin(x)", "x-minus-sin"}, Spelling{"sin(x*y)/(x*y)", "sinc"}, Spelling{"log(x/(1-x))", "logit"},
    Spelling{"log(x)-log(1-x)", "logit-of-logs"},
    // Along axes.
    Spelling{"exp(x)/sum(exp(x),axis=-1,keepdims=true)", "softmax"}, Spelling{"exp(x)/sum(exp(x))", "softmax"},
    Spelling{"let e = exp(x-reduce_max(x,axis=1,keepdims=true)) in e/sum(e,axis=1,keepdims=true)", "softmax-of-difference"},
    Spelling{"log(sum(exp(x),axis=0))", "logsumexp"}, Spelling{"log(mean(exp(x),axis=-1))", "logmeanexp"},
    Spelling{"log(exp(x)/sum(exp(x),axis=-1,keepdims=true))", "log-softmax"},
    Spelling{"x-log(sum(exp(x),axis=-1,keepdims=true))", "log-softmax-of-logsumexp"},
    Spelling{"-sum(y*log(softmax(x)))", "log-softmax"}, Spelling{"mean(x*x,axis=0)-mean(x,axis=0)**2", "variance"},
    Spelling{"sum(x*x,axis=-1)**0.5", "norm-by-power"},
    Spelling{"log(gather(softmax(x),iota((2,),axis=0,dtype=\"i64\"),axis=1))", "log-softmax"}, Spelling{"log(slice(transpose(softmax(x),(1,0)),1,2))", "log-softmax"},
    Spelling{"-log(reshape(sigmoid(x),(3*n,)))", "log-sigmoid"}, Spelling{"log(flip(x,axis=0))", ""},
    // Roots, powers, hyperbolic and circular functions.
    Spelling{"sqrt(x*x+y*y)", "hypot"}, Spelling{"sqrt(x**2+1)", "hypot-1"}, Spelling{"4*(sqrt(1+(x/2)**2)-1)", "hypot-minus-one"}, Spelling{"sqrt(1+x*x)-x", "squareplus-of-hypot"},
    Spelling{"cosh(x)-1", "cosh-minus-one"}, Spelling{"2/(exp(x)+exp(-x))", "sech"}, Spelling{"1/cosh(x)", "sech"},
    Spelling{"sqrt(1+x)-sqrt(1-x)", "root-difference-across-one"}, Spelling{"sqrt(x*x)", "abs"},
    Spelling{"log(x+sqrt(x**2+1))", "asinh"}, Spelling{"log(sqrt(x*x-1)+x)", "acosh"}, Spelling{"x**2-y**2", "difference-of-squares"},
    Spelling{"sqrt(x+1)-sqrt(x)", "root-difference"}, Spelling{"sqrt(1+x)-1", "root-minus-one"}, Spelling{"1/(1+x*x)", "lorentzian"},
    Spelling{"x/abs(x)", "sign"}, Spelling{"x**0.5", "power-one-half"}, Spelling{"-x*log(x)", "xlogx"},
    Spelling{"(exp(x)-exp(-x))/2", "sinh"}, Spelling{"(exp(x)-exp(-x))/(exp(x)+exp(-x))", "tanh"},
    Spelling{"(exp(2*x)-1)/(exp(2*x)+1)", "tanh-of-exp"}, Spelling{"(1-exp(-x))/(1+exp(-x))", "tanh-of-exp"},
    Spelling{"0.5*log((1+x)/(1-x))", "atanh"}, Spelling{"log(cosh(x))", "log-of-cosh"}, Spelling{"1-cos(x)", "one-minus-cos"},
    Spelling{"cos(x)-1", "one-minus-cos"}, Spelling{"sin(x)/cos(x)", "tan"}, Spelling{"exp(-x*x)", "gauss"},
    Spelling{"exp(-0.5*x**2)/sqrt(2*pi)", "normpdf"}, Spelling{"exp(y*log(x))", "power-by-exp"}));

INSTANTIATE_TEST_SUITE_P(LeftAlone, Spellings, testing::Values(
    // Other functions that look alike.
    Spelling{"1/(2+exp(-x))", ""}, Spelling{"log(2+exp(x))", ""}, Spelling{"x*sigmoid(y)", ""}, Spelling{"x-tanh(y)", ""},
    Spelling{"0.5*x*(1+erf(y/sqrt(2)))", "normcdf"}, Spelling{"erfc(x/1.4)/2", ""}, Spelling{"exp(x)/sum(exp(y))", ""},
    Spelling{"x*sigmoid(1.7*x)", ""}, Spelling{"sqrt(x*x-y*y)", "difference-of-squares"}, Spelling{"softplus(x)-softplus(y)", ""},
    Spelling{"exp(x)/sum(exp(x),axis=0)", ""},  // divides by the sum of the first column, then of the second
    // Sums are not taken apart: y may be -1 nearly.
    Spelling{"exp(x)+y-1", ""}, Spelling{"1+(y+tanh(x))", ""}, Spelling{"log(1+exp(x)+y)", ""},
    // What would overflow in between.
    Spelling{"1e-10/exp(x)", ""}, Spelling{"y/exp(x)", ""},
    // Kinks are what they are.
    Spelling{"where(x>=0,x,0)", ""}, Spelling{"maximum(x,0)", ""}, Spelling{"maximum(x,-x)", ""},
    // A constant that is not the one.
    Spelling{"0.5*x*(1+tanh(0.7979*(x+0.044715*x**3)))", "tanh-plus-one"}, Spelling{"x+y", ""}, Spelling{"x*y", ""}));

/// Compiles and calls a function of one number.
template <class T>
std::vector<T> call(const Graph& g, const Expr& x, const Expr& e, std::vector<T> at) {
  std::vector<T> y(at.size());
  static_cast<void>(g);
  compile({x}, {e}, {.engine = Engine::interpret}).call({at}, {y});
  return y;
}

TEST(Recognise, RepairsValueAndDerivatives) {
  Graph g;
  const Expr x = g.input("x", {"n"}), y = log(1 + exp(x));
  const std::vector<float> at{100, -100, 20};
  EXPECT_EQ(call(g, x, y, at), (std::vector<float>{100, 3.7835059e-44f, 20}));
  EXPECT_EQ(call(g, x, derivative(y, x), at), (std::vector<float>{1, 3.7835059e-44f, 1}));
  EXPECT_EQ(call(g, x, derivative(y, x, 2), at), call(g, x, logistic_pdf(x), at));
  EXPECT_EQ(call(g, x, jvp(y, x, 1), at), call(g, x, sigmoid(x), at));
  EXPECT_EQ(call(g, x, jet(y, x, 1)[1], at), call(g, x, sigmoid(x), at));
}

TEST(Recognise, IsAnOptionOfTheGraph) {
  Graph g(f32, {.recognise = false});
  const Expr x = g.input("x", {"n"}), y = log(1 + exp(x));
  EXPECT_EQ(call<float>(g, x, y, {100, -100}), (std::vector<float>{std::numeric_limits<float>::infinity(), 0}));
  EXPECT_TRUE(std::isnan(call<float>(g, x, derivative(y, x), {100})[0]));
  EXPECT_TRUE(compile({x}, {y}).recognised().empty());
  EXPECT_EQ(compile({x}, {y}).explain().find("is computed as"), std::string::npos);
}

TEST(Recognise, SaysWhatItDidAndWhere) {
  Graph g;
  const Expr x = g.input("x", {"n"});
  const int line = __LINE__ + 1;
  const Expr y = log(1 + exp(x));
  const std::string place = "recognise_test.cpp:" + std::to_string(line);
  for (const Expr& e : {y, derivative(y, x)}) {
    const auto f = compile({x}, {e});
    ASSERT_EQ(f.recognised().size(), 1u);
    const Recognition r = f.recognised()[0];
    EXPECT_EQ(r.rule, "softplus");
    EXPECT_EQ(r.place, place);
    EXPECT_NE(f.explain().find(place + ": log(1 + exp(x)) is computed as softplus(x) (softplus): overflowed from 88.7"), std::string::npos)
        << f.explain();
    EXPECT_NE(f.explain().find("{.recognise = false}"), std::string::npos);
  }
  EXPECT_TRUE(compile({x}, {sin(x)}).recognised().empty()) << "of another formula";
}

TEST(Recognise, LeavesWhatADerivativeIsAskedFor) {
  Graph g(f64);
  const Expr x = g.input("x", {}), h = exp(x), y = log(1 + h);
  EXPECT_DOUBLE_EQ(call<double>(g, x, grad(y, h), {1.0})[0], 1 / (1 + std::exp(1.0)));
  EXPECT_DOUBLE_EQ(call<double>(g, x, grad(y, x), {1.0})[0], 1 / (1 + std::exp(-1.0)));
}

TEST(Recognise, LeavesWhatDifferentiationMade) {
  for (DType type : {f32, f64}) {
    std::vector<std::string> seen;
    for (bool on : {true, false}) {
      Graph g(type, {.recognise = on});
      const Expr x = g.input("x", {"n"}), d = derivative(gauss(x), x, 2);
      seen.push_back(compile({x}, {d}, {.engine = Engine::interpret}).show(Stage::decomposed));
      const Expr column = g.input("c", {2}), whole = jacobian(gauss(column), column, Mode::reverse);
      seen.back() += compile({column}, {whole}, {.engine = Engine::interpret}).show(Stage::decomposed);
    }
    EXPECT_EQ(seen[0], seen[1]);
  }
}

/// What is recognised is not recognised again: the rules that hold before differentiation lead to an end.
TEST(Recognise, IsIdempotent) {
  for (const passes::Rule& rule : passes::recognition_rules()) {
    if (rule.use == passes::Use::values) continue;
    Graph g(f64);
    passes::Letters v;
    v.x = g.input("x", {"n", 3}), v.y = g.input("y", {"n", 3}), v.axes = Axes(1);
    v.sqrt2 = std::sqrt(2.0), v.pi = 3.14159265358979323846;
    const NodeId root = rule.naive(v).id();
    const NodeId once = passes::recognised(g.data(), std::array{root})[0];
    EXPECT_NE(once, root) << rule.name;
    const std::size_t count = g.data()->repairs.size();
    EXPECT_EQ(passes::recognised(g.data(), std::array{once})[0], once) << rule.name;
    g.data()->recognised.assign(g.data()->size(), no_node);  // all is forgotten
    EXPECT_EQ(passes::recognised(g.data(), std::array{once})[0], once) << rule.name;
    EXPECT_EQ(g.data()->repairs.size(), count) << rule.name;
  }
}

TEST(Recognise, KeepsNamesAndShapes) {
  Graph g;
  const Expr x = g.input("x", {"n", 1}), w = g.input("w", {1, 4}), y = (w / (1 + exp(-x))).named("gate");
  const auto f = compile({x, w}, {y});
  EXPECT_EQ(f.outputs()[0].shape, (Shape{"n", 4}));
  EXPECT_NE(f.show(Stage::recognised).find("sigmoid"), std::string::npos);
}

TEST(Recognise, IsLinearInTheNodes) {
  Graph g(f64);
  const Expr x = g.input("x", {}), y = g.input("y", {});
  Expr e = x;
  for (int i = 0; i < 250'000; ++i) e = (i % 3 == 0 ? e + y : e * 0.5) - x;  // half a million sums and products
  e = log(1 + exp(e));
  const std::size_t before = g.node_count();
  const NodeId root = e.id();
  const NodeId better = passes::recognised(g.data(), std::array{root})[0];
  EXPECT_EQ(g.data()->op(better), ops::Op::softplus);
  EXPECT_LT(g.node_count(), before + 10);
}

TEST(Recognise, RulesHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const RecognitionRule& r : recognition_rules()) {
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
    EXPECT_FALSE(r.why.empty()) << r.name;
  }
  EXPECT_GE(names.size(), 50u);
}

/// First-order error analysis: what f32 really loses stays within it, and it is not far above.
TEST(Rounding, BoundsWhatIsLost) {
  for (const char* text : {"(1+x)-1", "x*x-2*x+1", "exp(x)-1", "1-cos(x)", "log(1+exp(x))", "x*sigmoid(x)", "sqrt(x*x+1)-x", "exp(sin(x)*3)/x",
                           "log1p(x*0.1)*tanh(x)", "where(x>1,x*0.3,expm1(x))", "1/(1+x*x)", "max(x*1.1,x/0.7)"}) {
    const auto build = [&](DType type) {
      Graph g(type, {.recognise = false});
      const Expr x = g.input("x", {"n"});
      return std::pair{x, parse(g, text)};
    };
    std::vector<float> narrow;
    for (int i = 1; i <= 4000; ++i) narrow.push_back(static_cast<float>(i) * 0.00117f);
    const std::vector<double> wide(narrow.begin(), narrow.end());
    const auto [x, y] = build(f32);
    const auto [X, Y] = build(f64);
    const auto got = call(Graph(x.graph()), x, y, narrow);
    const auto truth = call(Graph(X.graph()), X, Y, wide), bound = call(Graph(X.graph()), X, exact::rounding_of(Y, f32), wide);
    double closest = 0;
    for (std::size_t i = 0; i < wide.size(); ++i) {
      const double error = std::abs(static_cast<double>(got[i]) - truth[i]);
      EXPECT_LE(error, 1.001 * bound[i]) << text << " at " << wide[i];
      closest = std::max(closest, error / bound[i]);
    }
    EXPECT_GT(closest, 0.15) << text;
  }
}

}  // namespace
}  // namespace actinium
