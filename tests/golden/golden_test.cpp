// Printed stages compared with files in tests/golden/data: what a reader of `show` sees, and a change of fusion or of a lowering
// as a diff. ACTINIUM_REGENERATE=1 writes the files anew; read the diff before committing it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

struct Golden {
  const char* name;
  ac::DType dtype;
  std::vector<std::pair<const char*, ac::Shape>> inputs;
  std::vector<const char*> outputs;
  std::vector<const char*> gradients;  ///< of the sum of the first output
};

std::ostream& operator<<(std::ostream& out, const Golden& g) { return out << g.name; }

const Golden cases[] = {
    {"dense", ac::f32, {{"x", {"batch", 64}}, {"W", {64, 10}}, {"b", {10}}}, {"sigmoid(x @ W + b)"}, {"W", "b"}},
    {"softmax", ac::f32, {{"x", {"rows", "n"}}}, {"softmax(x)"}, {"x"}},
    {"log_softmax", ac::f64, {{"x", {"rows", 10}}}, {"log_softmax(x)"}, {}},
    {"silu_derivatives", ac::f32, {{"x", {"n"}}}, {"silu(x)"}, {"x"}},
    {"normalise", ac::f32, {{"x", {"rows", 100}}}, {"(x - mean(x, axis=1, keepdims=true)) / sqrt(mean(x**2, axis=1, keepdims=true) + 1e-5)"}, {}},
    {"student_t", ac::f64, {{"x", {"n"}}, {"m", {}}, {"s", {}}}, {"sum(log1p(((x - m) / s)**2))"}, {"m", "s"}},
    {"structure", ac::f32, {{"x", {"n", 6}}, {"y", {"n", 2}}}, {"concat(x, y, axis=1).T", "sum(flip(x, axis=0), axis=0)", "gather(x, argmax(y, axis=0), axis=0)"}, {}},
};

class Stages : public testing::TestWithParam<Golden> {};

TEST_P(Stages, PrintAsRecorded) {
  const Golden& golden = GetParam();
  ac::Graph g(golden.dtype);
  std::vector<ac::Expr> inputs, outputs;
  for (const auto& [name, shape] : golden.inputs) inputs.push_back(g.input(name, shape));
  for (const char* text : golden.outputs) outputs.push_back(ac::parse(g, text));
  std::vector<ac::Expr> with_respect_to;
  for (const char* name : golden.gradients) with_respect_to.push_back(ac::parse(g, name));
  if (!with_respect_to.empty())
    for (const ac::Expr& d : ac::grad(sum(outputs[0]), with_respect_to)) outputs.push_back(d);

  std::ostringstream text;
  for (const ac::Expr& e : outputs) text << e << "\n";
  const auto f = ac::compile(inputs, outputs, {.engine = ac::Engine::interpret});
  for (ac::Stage stage : {ac::Stage::decomposed, ac::Stage::kernels}) text << "\n== " << ac::name_of(stage) << "\n" << f.show(stage);

  const std::string path = std::string(ACTINIUM_SOURCE_DIR "/tests/golden/data/") + golden.name + ".txt";
  if (std::getenv("ACTINIUM_REGENERATE") != nullptr) {
    std::ofstream(path) << text.str();
    return;
  }
  std::ifstream file(path);
  std::ostringstream recorded;
  recorded << file.rdbuf();
  ASSERT_FALSE(recorded.str().empty()) << path << " is missing: run with ACTINIUM_REGENERATE=1";
  EXPECT_EQ(text.str(), recorded.str()) << "if the change is meant, run with ACTINIUM_REGENERATE=1 and read the diff";
}

INSTANTIATE_TEST_SUITE_P(Golden, Stages, testing::ValuesIn(cases), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
