// `actinium check`: its table, its JSON, and what its exit status says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tool.hpp"

namespace actinium::contract {
namespace {

using nlohmann::json;

TEST(Check, PrintsATableOfInputs) {
  const Outcome o =
      run_tool({"check", "gelu(x @ W + b)", "--shape", "x=nx3", "--shape", "W=3x2", "--size", "n=4", "b=[1,2]"});
  ASSERT_EQ(o.status, 0) << o.err << o.out;
  for (const char* part : {"input ", "x      [4, 3]", "W      [3, 2]", "b      [2]", "  ok\n",
                           "forward and reverse mode agree in 3 directions\n"})
    EXPECT_NE(o.out.find(part), std::string::npos) << part << " is missing in\n" << o.out;
  EXPECT_EQ(o.out.find("WRONG"), std::string::npos);
}

/// At a tie of an operand with itself the derivatives must not be added.
TEST(Check, AWrongGradientIsStatusOne) {
  const Outcome o = run_tool({"check", "maximum(x, x, kink='sum') + y", "x=[1,2]", "y=3", "--json"});
  ASSERT_EQ(o.status, 1) << o.err << o.out;
  const json j = json::parse(o.out);
  EXPECT_FALSE(j.at("ok"));
  const json& x = j.at("inputs").at(0);
  EXPECT_EQ(x.at("input"), "x");
  EXPECT_EQ(x.at("shape"), json({2}));
  EXPECT_EQ(x.at("checked"), 2);
  EXPECT_EQ(x.at("wrong"), 2);
  EXPECT_NEAR(x.at("worst").at("analytic").get<double>() / x.at("worst").at("numerical").get<double>(), 2, 1e-6);
  EXPECT_EQ(j.at("inputs").at(1).at("wrong"), 0);
  EXPECT_EQ(j.at("wrong").size(), 2u);
  const Outcome one =
      run_tool({"check", "maximum(x, x, kink='sum') + y", "x=[1,2]", "y=3", "--inputs", "y", "--directions", "0"});
  EXPECT_EQ(one.status, 0) << one.out;
}

TEST(Check, SaysThatAPointIsAKink) {
  const Outcome o = run_tool({"check", "abs(x)", "x=[0,1]", "--directions", "0"});
  ASSERT_EQ(o.status, 0) << o.err << o.out;
  EXPECT_NE(o.out.find("x[0] is at a kink: -"), std::string::npos) << o.out;
}

TEST(Check, ChecksDerivativesOfDerivatives) {
  for (const char* option : {"--derivative", "--grad"}) {
    const Outcome o = run_tool({"check", "-sin(x * y)", "x=0.5", "y=2", option, "x", "--seed", "7"});
    EXPECT_EQ(o.status, 0) << o.err << o.out;
  }
}

TEST(Check, WrongUseIsStatusTwo) {
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  const Row rows[] = {{{"check", "x + y", "x=1"}, "y=DIMxDIM"},
                      {{"check", "x", "x=1", "--inputs", "y"}, "'y'"},
                      {{"check", "log(x)", "x=-1"}, "the function is nan"},
                      {{"check", "x > 0", "x=1"}, "bool"},
                      {{"check", "x", "--shape", "x=n"}, "--size n=N"},
                      {{"check", "x", "x=1", "--tolerance", "-1"}, "tolerance"},
                      {{"check", "sin(x", "x=1"}, "^"}};
  for (const Row& row : rows) {
    const Outcome o = run_tool(row.arguments);
    EXPECT_EQ(o.status, 2) << o.out;
    EXPECT_NE(o.err.find(row.says), std::string::npos) << o.err;
    EXPECT_TRUE(o.out.empty());
  }
}

}  // namespace
}  // namespace actinium::contract
