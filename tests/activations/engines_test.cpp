// The whole catalogue through both engines and every instruction set that the host runs: value and two derivatives give
// the bits of the scalar meaning of the machine code, and activations along axes the same bits in both.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "actinium/autodiff.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

struct Case {
  std::string name;
  DType type;
  Engine engine;
  std::string isa = "native";
};
std::string label(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name + "_" + std::string(name_of(info.param.type)) +
         (info.param.engine == Engine::jit ? "_jit" : "_interpret") +
         (info.param.isa == "native" ? "" : "_" + info.param.isa.substr(info.param.isa.size() - 2));
}
std::vector<Case> cases(bool elementwise) {
  std::vector<Case> all;
  for (const auto& entry : activations::all())
    if (entry->is_elementwise() == elementwise)
      for (DType t : {f32, f64})
        for (Engine engine : {Engine::interpret, Engine::jit}) all.push_back({entry->facts().name, t, engine});
  return all;
}

/// The JIT at each level of instructions.
std::vector<Case> levels() {
  std::vector<Case> all;
  for (const Case& c : cases(true))
    if (c.engine == Engine::jit)
      for (const char* isa : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) all.push_back({c.name, c.type, c.engine, isa});
  return all;
}
bool runs(const std::string& isa) {
  Graph g(f32);
  const Expr x = g.input("x", {});
  try {
    compile({x}, {x + 1.0}, {.engine = Engine::jit, .isa = isa})(std::vector{Tensor::scalar(1, f32)});
    return true;
  } catch (const CompileError&) {
    return false;
  }
}

Tensor tensor(const Array& a) {
  Tensor t = Tensor::empty(a.dtype, a.shape);
  for (std::size_t i = 0; i < a.size(); ++i)
    std::memcpy(static_cast<char*>(t.raw()) + i * size_of(a.dtype), &a.bits[i], size_of(a.dtype));
  return t;
}
bool same_bits(const Tensor& t, const Array& a, std::size_t i) {
  if (std::isnan(a[i])) {
    const double got = t.dtype() == f32 ? static_cast<double>(t.data<float>()[i]) : t.data<double>()[i];
    return std::isnan(got);
  }
  return std::memcmp(static_cast<const char*>(t.raw()) + i * size_of(a.dtype), &a.bits[i], size_of(a.dtype)) == 0;
}

class Elementwise : public ::testing::TestWithParam<Case> {};

TEST_P(Elementwise, GivesTheBitsOfTheMachineCode) {
  const auto& [name, type, engine, isa] = GetParam();
  if (isa != "native" && !runs(isa)) GTEST_SKIP() << "the host does not run " << isa;
  const bool fused = isa != "x86-64-v2";
  const auto found = activations::find(name);
  const std::vector<double> points = special_points(type, found->entry->facts().kinks);
  Graph g(type);
  const Expr x = g.input("x", {"n"});
  std::vector<Argument> arguments{Argument("", x)};
  for (double p : references().at(name).parameters) arguments.emplace_back("", p);
  std::vector<Expr> outputs;
  for (int order = 0; order < 3; ++order)
    outputs.push_back(activations::apply(*found, arguments, std::source_location::current(), order));
  const Array xs = array(type, {static_cast<std::int64_t>(points.size())}, points);
  const auto results = compile({x}, outputs, {.engine = engine, .isa = isa})(std::vector{tensor(xs)});
  for (int order = 0; order < 3; ++order) {
    const Array expected = evaluate(outputs[static_cast<std::size_t>(order)], {{"x", xs}}, {{"n", xs.shape[0]}}, fused);
    const Tensor& got = results[static_cast<std::size_t>(order)];
    ASSERT_EQ(got.size(), static_cast<std::int64_t>(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_TRUE(same_bits(got, expected, i))
          << "order " << order << " at " << points[i] << ": "
          << (type == f32 ? static_cast<double>(got.data<float>()[i]) : got.data<double>()[i]) << " is not "
          << expected[i];
  }
}
INSTANTIATE_TEST_SUITE_P(Catalogue, Elementwise, ::testing::ValuesIn(cases(true)), label);
INSTANTIATE_TEST_SUITE_P(Levels, Elementwise, ::testing::ValuesIn(levels()), label);

class AlongAxes : public ::testing::TestWithParam<Case> {};

/// The sums' order is the engines' own affair: the evaluator's plain order is near, the interpreter's bits are the
/// JIT's.
TEST_P(AlongAxes, EnginesAgree) {
  const auto& [name, type, engine, isa] = GetParam();
  const auto found = activations::find(name);
  Graph g(type);
  const Expr x = g.input("x", {"rows", 6}), other = g.input("other", {"rows", 6}),
             label = g.input("label", {"rows"}, i64);
  std::vector<Argument> arguments{Argument("", x)};
  for (const activations::Parameter& p : found->entry->facts().parameters)
    if (p.required())
      arguments.emplace_back(p.name, p.name == "labels"                       ? label
                                     : p.takes == activations::Takes::integer ? Expr(2)
                                                                              : other);
  const Expr y = activations::apply(*found, arguments, std::source_location::current());
  const std::vector<Expr> outputs{y, grad(sum(y * y), x)};
  std::vector<double> values, others;
  const bool probabilities = name == "kl_divergence";
  for (int i = 0; i < 30; ++i) {
    const double v = 3 * std::sin(i * i), o = std::cos(i);
    values.push_back(rounded(type, probabilities ? 0.1 + std::abs(v) : v));
    others.push_back(rounded(type, probabilities ? 0.1 + std::abs(o) : o));
  }
  const Inputs inputs{{"x", array(type, {5, 6}, values)},
                      {"other", array(type, {5, 6}, others)},
                      {"label", array(i64, {5}, {0, 5, 2, 3, 3})}};
  const std::vector<Tensor> in{tensor(inputs.at("x")), tensor(inputs.at("other")), tensor(inputs.at("label"))};
  const auto got = compile({x, other, label}, outputs, {.engine = engine})(in),
             reference = compile({x, other, label}, outputs, {.engine = Engine::interpret})(in);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(got[k], reference[k]);
    const Array expected = evaluate(outputs[k], inputs, {{"rows", 5}});
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double value = type == f32 ? static_cast<double>(got[k].data<float>()[i]) : got[k].data<double>()[i];
      EXPECT_NEAR(value, expected[i], (type == f32 ? 1e-5 : 1e-14) * (1 + std::abs(expected[i]))) << k << " " << i;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Catalogue, AlongAxes, ::testing::ValuesIn(cases(false)), label);

}  // namespace
}  // namespace actinium::testing
