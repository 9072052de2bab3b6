// `--check-finite`, `--warnings` and `--range` of the tool.
#include <gtest/gtest.h>

#include "tool.hpp"

namespace actinium::contract {
namespace {

TEST(Debugging, CheckFiniteNamesTheOperationUnderACaret) {
  for (const char* engine : {"jit", "interpret"}) {
    const Outcome o = run_tool({"eval", "3 + log(x - 1)", "x=[2,1,3]", "--check-finite", "--engine", engine});
    EXPECT_EQ(o.status, 1);
    EXPECT_TRUE(o.out.empty());
    EXPECT_EQ(o.err.find("actinium: text:5: [log] -inf of finite numbers at [1]: log(x - 1.0) where (x - 1.0)[1] = 0 ("), 0u) << o.err;
    EXPECT_NE(o.err.find("\n  3 + log(x - 1)\n      ^"), std::string::npos) << o.err;
    const Outcome fine = run_tool({"eval", "3 + log(x - 1)", "x=[2,1.5,3]", "--check-finite", "--engine", engine});
    EXPECT_EQ(fine.status, 0) << fine.err;
    EXPECT_EQ(fine.out, run_tool({"eval", "3 + log(x - 1)", "x=[2,1.5,3]"}).out);
  }
  // Without it, values are values.
  EXPECT_EQ(run_tool({"eval", "log(x)", "x=0"}).out, "-inf\n");
  const Outcome gradient = run_tool({"eval", "sqrt(x)", "x=0", "--grad", "x", "--check-finite"});
  EXPECT_EQ(gradient.status, 1);
  EXPECT_NE(gradient.err.find("in the derivative of sqrt(x)"), std::string::npos) << gradient.err;
}

TEST(Debugging, NothingIsWritten) {
  const std::string path = testing::TempDir() + "check_finite.npy";
  std::remove(path.c_str());
  EXPECT_EQ(run_tool({"eval", "1 / x", "x=[1,0]", "--check-finite", "-o", path}).status, 1);
  FILE* file = std::fopen(path.c_str(), "rb");
  EXPECT_EQ(file, nullptr);
  if (file != nullptr) std::fclose(file);
}

TEST(Debugging, WarningsGoToStderr) {
  const Outcome o = run_tool({"show", "x - sin(x)", "--shape", "x=n", "--warnings", "--no-recognise"});
  EXPECT_EQ(o.status, 0);
  EXPECT_EQ(o.out, run_tool({"show", "x - sin(x)", "--shape", "x=n"}).out);
  EXPECT_EQ(o.err.find("text:3: warning: cancellation in x - sin(x): 7 of 7 digits are lost at x = 0.0001: 0 instead of 1.66666"), 0u) << o.err;
  const Outcome far = run_tool({"show", "x - sin(x)", "--shape", "x=n", "--warnings", "--no-recognise", "--range", "x=1:3"});
  EXPECT_EQ(far.err, "no warnings\n");
  const Outcome negative = run_tool({"eval", "sqrt(x + 3)", "x=1", "--warnings", "--range", "x=-3:0"});
  EXPECT_EQ(negative.out, "2\n");
  EXPECT_NE(negative.err.find("infinite slope in sqrt(x + 3.0): the gradient is infinite or NaN at x = -3"), std::string::npos) << negative.err;
}

TEST(Debugging, WrongRangesAreStatusTwo) {
  for (const char* range : {"x", "x=1", "x=1:b", "x=:1", "y=0:1", "x=2:1"}) {
    const Outcome o = run_tool({"show", "log(x)", "--shape", "x=n", "--warnings", "--range", range});
    EXPECT_EQ(o.status, 2) << range;
    EXPECT_FALSE(o.err.empty());
  }
}

}  // namespace
}  // namespace actinium::contract
