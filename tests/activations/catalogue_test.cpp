// The catalogue itself: names, aliases, look-up by text, errors of calls, definitions, and that the header and it
// agree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "actinium/actinium.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <class E, class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "another error: " << e.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

std::set<std::string> header_names() {
  std::set<std::string> names{"maxout", "softmax_cross_entropy", "kl_divergence"};  // with signatures of their own
#define X(name) names.insert(#name);
  ACTINIUM_ACTIVATIONS(X)
  ACTINIUM_MASKED_ACTIVATIONS(X)
  ACTINIUM_REDUCING_ACTIVATIONS(X)
  ACTINIUM_AXIS_ACTIVATIONS(X)
#undef X
  return names;
}

TEST(Catalogue, EveryEntryIsAFunctionOfTheHeader) {
  const std::set<std::string> primitives{"erf", "sin", "cos", "normcdf"};  // functions of expr.h
  std::set<std::string> names = header_names();
  for (const auto& e : activations::all()) {
    if (e->traced()) continue;
    const std::string& name = e->facts().name;
    EXPECT_TRUE(names.erase(name) == 1 || primitives.contains(name)) << name << " is not in activations.h";
  }
  EXPECT_TRUE(names.empty()) << *names.begin() << " is not in the catalogue";
}

TEST(Catalogue, EveryEntryIsDescribed) {
  for (const Activation& a : catalogue()) {
    EXPECT_FALSE(a.documentation().empty()) << a.name();
    if (!a.is_defined()) {
      EXPECT_FALSE(a.info().formula.empty()) << a.name();
      EXPECT_FALSE(a.info().advice.empty()) << a.name() << ": when is it to be used?";
    }
    for (const ParameterInfo& p : a.parameters()) EXPECT_FALSE(p.domain.empty()) << a.name() << " " << p.name;
    EXPECT_EQ(activation(a.name()).name(), a.name());
    for (const std::string& alias : a.aliases()) EXPECT_EQ(activation(alias).name(), a.name()) << alias;
  }
}

TEST(LookUp, SuggestsNearNames) {
  EXPECT_THAT(message<NameError>([] { activation("leaky_rellu"); }), HasSubstr("did you mean leaky_relu"));
  EXPECT_THAT(message<NameError>([] { activation("sigmiod"); }), HasSubstr("sigmoid"));
  EXPECT_THAT(message<NameError>([] { activation("RELU"); }), HasSubstr("relu"));
  EXPECT_THAT(message<NameError>([] { activation("no_such_thing_at_all"); }), HasSubstr("unknown activation"));
  EXPECT_THAT(message<NameError>([] { activation("leaky_rellu"); }), HasSubstr("catalogue_test.cpp:"));
}

struct Calls : ::testing::Test {
  Graph g{f64};
  Expr x = g.input("x", {5});
  std::vector<double> run(const Expr& e) {
    const Array a = evaluate(e, {{"x", array(f64, {5}, {-10, -5, 0, 5, 10})}});
    std::vector<double> all;
    for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i]);
    return all;
  }
};

TEST_F(Calls, TextPresetsParameters) {
  EXPECT_TRUE(activation("leaky_relu(negative_slope=0.2)")(x).same_as(leaky_relu(x, 0.2)));
  EXPECT_TRUE(activation("leaky_relu(0.2)")(x).same_as(leaky_relu(x, 0.2)));
  EXPECT_TRUE(activation("leaky_relu(0.2)")(x, 0.3).same_as(leaky_relu(x, 0.3)));
  EXPECT_TRUE(activation("gelu(approximate='tanh')")(x).same_as(gelu_tanh(x)));
  EXPECT_TRUE(activation("gelu(approximate=true)")(x).same_as(gelu_tanh(x)));
  EXPECT_TRUE(activation("softmax(axis=(0,))")(x).same_as(softmax(x)));
  EXPECT_TRUE(activation("gelu_d1")(x).same_as(activation("gelu").derivative()(x)));
  EXPECT_TRUE(activation("thresholded_relu")(x).same_as(threshold(x, 1.0, 0.0)));
  EXPECT_TRUE(activation("thresholded_relu")(x, 2.0).same_as(threshold(x, 2.0, 0.0)));
  EXPECT_TRUE(activation("heaviside")(x, 0.5).same_as(step(x, 0.0, 0.5)));
  EXPECT_TRUE(activation("hard_sigmoid_keras2")(x).same_as(hard_sigmoid(x, 0.2)));
  EXPECT_THROW(activation("leaky_relu(negative_slop=0.2)"), NameError);
  EXPECT_THROW(activation("leaky_relu(0.1, 0.2)"), ValueError);
  EXPECT_THROW(activation("leaky_relu(0.1"), ParseError);
  EXPECT_THROW(activation("leaky_relu 0.1"), ParseError);
  EXPECT_THROW(activation("soft_shrink(-1)"), ValueError);
}

TEST_F(Calls, CompatibilityTables) {
  EXPECT_TRUE(activation("hard_sigmoid", compat::keras2)(x).same_as(hard_sigmoid(x, 0.2)));
  EXPECT_TRUE(activation("leaky_relu", compat::keras)(x).same_as(leaky_relu(x, 0.2)));
  EXPECT_TRUE(activation("LeakyReLU", compat::keras)(x).same_as(leaky_relu(x, 0.3)));
  EXPECT_TRUE(activation("gelu", compat::jax)(x).same_as(gelu_tanh(x)));
  EXPECT_TRUE(activation("gelu", compat::torch)(x).same_as(gelu(x)));
  EXPECT_THROW(activation("softmax", compat::keras2)(x), ShapeError);
}

TEST_F(Calls, KerasReluTable) {
  const std::vector<double> half{-5, -2.5, 0, 5, 10}, five{0, 0, 0, 5, 5}, above{0, 0, 0, 0, 10}, both{0, 0, 0, 0, 5},
      all{-7.5, -5, -2.5, 0, 5};
  EXPECT_EQ(run(relu(x, 0.5)), half);
  EXPECT_EQ(run(relu(x, {{"alpha", 0.5}})), half);
  EXPECT_EQ(run(relu(x, {{"max_value", 5.0}})), five);
  EXPECT_EQ(run(relu(x, {{"threshold", 5.0}})), above);
  EXPECT_EQ(run(relu(x, {{"threshold", 5.0}, {"max_value", 5.0}})), both);
  EXPECT_EQ(run(relu(x, 0.5, 5.0, 5.0)), all);
  EXPECT_EQ(run(derivative(relu(x), x)), (std::vector<double>{0, 0, 0, 1, 1}));
  EXPECT_EQ(run(derivative(relu(x, {{"grad_at_zero", 1}}), x)), (std::vector<double>{0, 0, 1, 1, 1}));
}

TEST_F(Calls, IntegersStayIntegers) {
  const Expr i = g.input("i", {4}, i32);
  const Array y = evaluate(relu(i), {{"i", array(i32, {4}, {2, 0, 7, -3})}});
  EXPECT_EQ(y.dtype, i32);
  EXPECT_EQ(y[0], 2);
  EXPECT_EQ(y[3], 0);
  EXPECT_THAT(message<TypeError>([&] { sigmoid(i); }), HasSubstr("i32"));
  EXPECT_THAT(message<TypeError>([&] { gelu(i); }), HasSubstr("convert it with cast"));
  EXPECT_THROW(relu(i > 0), TypeError);
}

TEST_F(Calls, Errors) {
  EXPECT_THAT(message<NameError>([&] { relu(x, {{"slope_", 1.0}}); }),
              HasSubstr("negative_slope, max_value, threshold"));
  EXPECT_THAT(message<ValueError>([&] { leaky_relu(x, 0.1, 0.2); }), HasSubstr("at most 1 parameter"));
  EXPECT_THAT(message<ValueError>([&] { prelu(x); }), HasSubstr("needs slope"));
  EXPECT_THAT(message<ValueError>([&] { soft_shrink(x, -0.5); }), HasSubstr("at least 0"));
  EXPECT_THAT(message<ValueError>([&] { celu(x, 0.0); }), HasSubstr("nonzero"));
  EXPECT_THAT(message<ValueError>([&] { softplus(x, 0.0); }), HasSubstr("nonzero"));
  EXPECT_THAT(message<ValueError>([&] { hard_tanh(x, 1.0, -1.0); }), HasSubstr("less than"));
  EXPECT_THAT(message<ValueError>([&] { gelu(x, {{"approximate", "cubic"}}); }), HasSubstr("'none', 'tanh'"));
  EXPECT_THAT(message<ShapeError>([&] { prelu(x, g.input("w", {3})); }), HasSubstr("[3]"));
  EXPECT_THAT(message<ShapeError>([&] { softmax(x, 1); }), HasSubstr("axis 1"));
  EXPECT_THAT(message<ShapeError>([&] { softmax(g.input("s", {})); }), HasSubstr("scalar"));
  EXPECT_THAT(message<TypeError>([&] { softmax(x, -1, x); }), HasSubstr("bool"));
  EXPECT_THAT(message<ShapeError>([&] { softmax(x, -1, g.input("big", {2, 5}, boolean)); }), HasSubstr("[2, 5]"));
  EXPECT_THAT(message<TypeError>([&] { leaky_relu(x, g.input("single", {}, f32)); }), HasSubstr("f32"));
  EXPECT_THAT(message<ShapeError>([&] { softmax_cross_entropy(x, g.input("l", {5}, i64)); }), HasSubstr("do not fit"));
  EXPECT_THAT(message<ValueError>([&] { activation("softmax").derivative(); }), HasSubstr("axis"));
  EXPECT_THAT(message<ValueError>([&] { relu(x, {{"grad_at_zero", 2}}); }), HasSubstr("0 or 1"));
  EXPECT_THAT(message<ValueError>([&] { soft_shrink(x, -0.5); }), HasSubstr("catalogue_test.cpp:"));
}

TEST_F(Calls, UnboundConstantsAreComputed) {
  EXPECT_EQ(relu(-3.0).literal(), 0);
  EXPECT_EQ(leaky_relu(-2.0, 0.5).literal(), -1);
  EXPECT_EQ(actinium::sigmoid(0.0).literal(), 0.5);
  EXPECT_NEAR(actinium::gelu(1.0).literal(), 0.84134474606854293, 1e-15);
}

TEST_F(Calls, Identities) {
  const Expr pair = stack({x, 0.0 * x}, 1);
  const auto two = run(softmax(pair)), one = run(sigmoid(x)), other = run(sigmoid(-x));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(two[2 * i], one[i], 2e-16 * one[i]);
    EXPECT_NEAR(one[i] + other[i], 1, 3e-16);
  }
}

// --- Definitions ---

TEST_F(Calls, DefinedActivations) {
  const auto swoosh = define("swoosh_t", [](Expr z, Expr beta) { return softplus(beta * z - 4.0) - 0.08 * z - 0.035; },
                             {{"beta", 1.0}});
  EXPECT_TRUE(swoosh(x).same_as(activation("swoosh_t")(x)));
  EXPECT_TRUE(swoosh(x, {{"beta", 2.0}}).same_as(swoosh(x, 2.0)));
  EXPECT_THAT(to_string(swoosh(x, 2.0)), HasSubstr("swoosh_t(x, beta=2"));
  const auto y = run(swoosh(x)), plain = run(softplus(x - 4.0) - 0.08 * x - 0.035);
  EXPECT_EQ(y, plain);
  const auto d = run(derivative(swoosh(x), x)), d_plain = run(sigmoid(x - 4.0) - 0.08),
             d2 = run(swoosh.derivative(2)(x)), d2_plain = run(logistic_pdf(x - 4.0));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(d[i], d_plain[i], 1e-16);
    EXPECT_NEAR(d2[i], d2_plain[i], 1e-17);
  }
  const Expr b = g.input("beta_in", {});
  const Array by_beta = evaluate(grad(sum(swoosh(x, b)), b),
                                 {{"x", array(f64, {5}, {-10, -5, 0, 5, 10})}, {"beta_in", array(f64, {}, {1})}});
  double expected = 0;
  for (double v : {-10.0, -5.0, 0.0, 5.0, 10.0}) expected += v / (1 + std::exp(4 - v));
  EXPECT_NEAR(by_beta[0], expected, 1e-13);
  EXPECT_TRUE(swoosh.is_defined());
}

TEST_F(Calls, DefinedDerivativeIsUsed) {
  const auto straight =
      define("straight_t", [](Expr z) { return round(z); }, {}, {.derivative = [](Expr z) { return 0.0 * z + 1.0; }});
  EXPECT_EQ(run(derivative(straight(x), x)), (std::vector<double>(5, 1.0)));
  EXPECT_EQ(run(derivative(round(x), x)), (std::vector<double>(5, 0.0)));
}

TEST_F(Calls, DefinitionsKeepFullPrecisionInBothTypes) {
  const auto third = define("third_t", [](Expr z) { return z * (1.0 / 3); });
  Graph single(f32);
  const Expr z = single.input("z", {});
  EXPECT_EQ(evaluate(third(z), {{"z", array(f32, {}, {1})}})[0], static_cast<double>(1.0f / 3));
  const Expr w = g.input("w1", {});
  EXPECT_EQ(evaluate(third(w), {{"w1", array(f64, {}, {1})}})[0], 1.0 / 3);
}

TEST_F(Calls, DefinitionErrors) {
  const auto f = [](Expr z) { return z * sigmoid(z); };
  define("same_t", f);
  EXPECT_NO_THROW(define("same_t", f));
  EXPECT_THAT(message<NameError>([] { define("same_t", [](Expr z) { return z + 1.0; }); }),
              HasSubstr("already defined otherwise at catalogue_test.cpp:"));
  EXPECT_THAT(message<NameError>([&] { define("relu", f); }), HasSubstr("builtin"));
  EXPECT_THAT(message<NameError>([&] { define("not a name", f); }), HasSubstr("no name"));
  EXPECT_THAT(message<ShapeError>([] { define("sums_t", [](Expr z) { return sum(z); }); }), HasSubstr("elementwise"));
  EXPECT_THAT(message<TypeError>([] { define("casts_t", [](Expr z) { return z > 0; }); }), HasSubstr("bool"));
  EXPECT_THAT(message<GraphError>([&] { define("other_t", [this](Expr) { return x; }); }), HasSubstr("another graph"));
  EXPECT_THAT(message<ValueError>([&] { define("count_t", f, {{"beta", 1.0}}); }), HasSubstr("0 parameters"));
  EXPECT_THROW(activation("sums_t"), NameError);
}

TEST_F(Calls, SavesDefinitionsAsText) {
  const auto a = define("saved_t", [](Expr z, Expr k) { return tanh(k * z); }, {{"k", 2.0}});
  const std::string path = ::testing::TempDir() + "saved.activations";
  a.save(path);
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("saved_t(x, k=2) = tanh("));
  EXPECT_THROW(a.save("/no/such/directory/x"), IoError);
  EXPECT_TRUE(load_activations(path).at(0)(x).same_as(a(x)));  // the same definition again
  EXPECT_THROW(activation("relu").save(path), ValueError);
}

std::string written(const std::string& text) {
  const std::string path = ::testing::TempDir() + "loaded.activations";
  std::ofstream(path) << text;
  return path;
}

TEST_F(Calls, LoadsDefinitions) {
  const auto loaded = load_activations(written(
      "# two of them\nbump_t(x, width=2) = exp(-square(x / width))\nstair_t(x) = floor(x)\nstair_t' = 1 + 0 * x\n"));
  ASSERT_EQ(loaded.size(), 2u);
  const Expr square_of = x / 2.0;
  EXPECT_EQ(run(loaded[0](x)), run(exp(-square(square_of))));
  EXPECT_EQ(run(derivative(activation("stair_t")(x), x)), (std::vector<double>(5, 1.0)));
  EXPECT_THROW(load_activations("/no/such/file"), IoError);
  EXPECT_TRUE(loaded[0].documentation().starts_with("exp(-square(x / width))\ntwo of them\nDefined at loaded.activations:2"));
  EXPECT_THROW(load_activations(written("bad_t(y) = y")), ParseError);
  EXPECT_THROW(load_activations(written("bad_t(x, k) = x")), ParseError);
  EXPECT_THROW(load_activations(written("bad_t(x) x")), ParseError);
  EXPECT_THROW(load_activations(written("bad_t(x) = x +")), ParseError);
  EXPECT_THROW(load_activations(written("other_t' = x")), ParseError);
}

TEST_F(Calls, LoadsLinesThatContinueAndTheirDocumentation) {
  const auto loaded = load_activations(written(
      "# of the file\n\n# Half\n# a line.\nhalf_t(x, k=0.5) =\n  where(x > 0,\n\tk * x, 0)\nhalf_t' =\n  k\n\nbare_t(x) = x\n"));
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded[0].info().conventions, "Half\na line.");
  EXPECT_EQ(loaded[1].info().conventions, "");
  EXPECT_EQ(run(loaded[0](x)), run(where(x > 0, 0.5 * x, 0)));
  EXPECT_EQ(run(derivative(loaded[0](x), x)), (std::vector<double>(5, 0.5)));
  const std::string path = ::testing::TempDir() + "again.activations";
  loaded[0].save(path);
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(text.str().starts_with("# Half\n# a line.\nhalf_t(x, k=0.5) = where("));
  EXPECT_TRUE(load_activations(path).at(0)(x).same_as(loaded[0](x)));
}

TEST_F(Calls, LoadsAllOfAFileOrNone) {
  const auto text = [](const std::string& second) {
    return message<Error>([&] { load_activations(written("first_t(x) = tanh(x)\n\n" + second)); });
  };
  EXPECT_THAT(text("second_t(x) = relu(y)"), AllOf(HasSubstr("loaded.activations:3: "), HasSubstr("'y' is no input")));
  EXPECT_THAT(text("second_t(x) =\n  relu("), HasSubstr("loaded.activations:3: "));
  EXPECT_THAT(text("second_t(x) = x\nsecond_t' = sum(x)"), HasSubstr("loaded.activations:3: "));
  EXPECT_THAT(text("relu(x) = x"), AllOf(HasSubstr("loaded.activations:3"), HasSubstr("builtin")));
  EXPECT_THROW(activation("first_t"), NameError);
  EXPECT_THROW(activation("second_t"), NameError);
  EXPECT_NO_THROW(load_activations(written("first_t(x) = tanh(x)")));
  text("second_t(x) = nothing_t(x)");
  EXPECT_NO_THROW(activation("first_t")) << "it was there before";
}

TEST(Definitions, AreRepaired) {
  const auto book = define("book_t", [](Expr x, Expr beta) { return 1.0 / (1.0 + exp(-beta * x)); }, {{"beta", 1.0}});
  for (const bool recognise : {true, false}) {
    Graph g(f32, {.recognise = recognise});
    const Expr x = g.input("x", {}), y = book(x), slope = derivative(y, x), beta = g.input("beta", {});
    const auto at = [&](const Expr& e) { return eval(e, {{x, -100.0}}).item<float>(); };
    EXPECT_EQ(at(y) > 0, recognise);
    EXPECT_EQ(at(slope) > 0, recognise);
    EXPECT_EQ(std::isnan(at(slope)), !recognise);
    EXPECT_EQ(eval(derivative(book(x, {{"beta", beta}}), beta), {{x, -100.0}, {beta, 1.0}}).item<float>() < 0, recognise);
    const auto f = compile({x}, y);
    ASSERT_EQ(f.recognised().size(), recognise ? 1u : 0u);
    if (!recognise) continue;
    EXPECT_EQ(f.recognised()[0].rule, "sigmoid");
    EXPECT_TRUE(f.recognised()[0].place.starts_with("catalogue_test.cpp:")) << f.recognised()[0].place;
    EXPECT_EQ(compile({x}, slope).recognised().size(), 1u) << "its slope is a node of the same definition";
  }
}

}  // namespace
}  // namespace actinium::testing
