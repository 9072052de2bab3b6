// Every base function and every activation, value and first two derivatives, at every 4096th f32 and all edges and at
// structured points of f64, hold what is promised of them. The exhaustive run is `./dev accuracy`.
#include <gtest/gtest.h>

#include <ostream>

#include "actinium/actinium.h"
#include "activations/catalogue.hpp"

namespace actinium::testing {
namespace {

struct Case {
  std::string text, name;
  DType type;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }
std::string label(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name + "_" + std::string(name_of(info.param.type));
}

std::vector<Case> cases() {
  std::vector<std::pair<std::string, std::string>> list;
  for (const char* name : {"exp",   "exp2", "expm1", "log",   "log2",  "log10",        "log1p", "sqrt",  "rsqrt",
                           "cbrt",  "sin",  "cos",   "tan",   "asin",  "acos",         "atan",  "sinh",  "cosh",
                           "tanh",  "asinh", "acosh", "atanh", "erf",   "erfc",         "square", "reciprocal",
                           "sech2", "gauss", "normpdf", "logistic_pdf"})
    list.emplace_back(std::string(name) + "(x)", name);
  list.insert(list.end(), {{"pow(abs(x), 0.3)", "pow_of"}, {"pow(1.7, x)", "pow_to"}, {"hypot(x, 1)", "hypot"},
                           {"atan2(x, 1)", "atan2"}});
  for (const auto& entry : activations::all()) {
    bool complete = entry->is_elementwise() && !entry->traced();
    for (const activations::Parameter& p : entry->facts().parameters) complete = complete && !p.required();
    if (complete && entry->facts().name != "sin" && entry->facts().name != "cos" && entry->facts().name != "tanh" &&
        entry->facts().name != "erf")
      list.emplace_back(entry->facts().name + "(x)", entry->facts().name);
  }
  std::vector<Case> all;
  for (const auto& [text, name] : list)
    for (DType t : {DType::f32, DType::f64}) all.push_back({text, name, t});
  return all;
}

class Certified : public ::testing::TestWithParam<Case> {};

TEST_P(Certified, HoldsItsPromise) {
  const auto& [text, name, type] = GetParam();
  Graph graph(type);
  const Expr x = graph.input("x", {"n"});
  CertifyOptions options;
  options.derivatives = 2;
  // Where sin winds on, numbers are judged one by one, which takes its time.
  const bool winds = name == "sin" || name == "cos" || name == "tan" || name == "snake";
  options.samples = type == DType::f32 && !winds ? std::uint64_t{1} << 20 : 20000;
  if (text.find(',') != std::string::npos) {  // of two operands: 2 ulp for pow, 1 and 1.5 for others
    options.derivatives = 0;
    options.bound = name.starts_with("pow") ? 2 : type == DType::f32 ? 1 : 1.5;
  }
  options.compile.threads = 1;                      // tests run side by side
  const Certificate c = certify(parse(graph, text), options);
  EXPECT_TRUE(c.holds()) << c.text();
  for (const Accuracy& a : c.orders) ASSERT_GT(a.judged, options.samples / 2);
}

INSTANTIATE_TEST_SUITE_P(All, Certified, ::testing::ValuesIn(cases()), label);

}  // namespace
}  // namespace actinium::testing
