// `actinium bench`: the fields that programs read, and sizes that are not known.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tool.hpp"

namespace actinium::contract {
namespace {

using nlohmann::json;

TEST(Bench, GivesEveryFieldAsJson) {
  const Outcome o = run_tool({"bench", "gelu(x @ W + b)", "--shape", "x=32x64", "--shape", "W=64x16", "--shape", "b=16",
                              "--grad", "W,b", "--threads", "1", "--json"});
  ASSERT_EQ(o.status, 0) << o.err;
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 1);
  const json j = json::parse(o.out);
  for (const char* key :
       {"compile_ms", "first_call_us", "runs", "threads", "flops", "bytes", "gflops", "gbps", "kernels"})
    EXPECT_GT(j.at(key).get<double>(), 0) << key;
  EXPECT_GE(j.at("workspace_bytes").get<double>(), 0);
  EXPECT_EQ(j.at("threads"), 1);
  const json& call = j.at("call_us");
  EXPECT_GT(call.at("min").get<double>(), 0);
  EXPECT_LE(call.at("min"), call.at("median"));
  EXPECT_LE(call.at("median"), call.at("p95"));
  // Two products of 32 x 64 x 16 and what lies between them.
  EXPECT_GT(j.at("flops").get<double>(), 2 * 2 * 32 * 64 * 16);
  EXPECT_LT(j.at("flops").get<double>(), 3 * 2 * 32 * 64 * 16);
}

TEST(Bench, CompilesForNamedSizesAndProfilesKernels) {
  const Outcome o = run_tool(
      {"bench", "sum(exp(x @ y))", "--shape", "x=nx8", "y=ones(8,8)", "--size", "n=16", "--profile", "--json"});
  ASSERT_EQ(o.status, 0) << o.err;
  const json j = json::parse(o.out);
  ASSERT_EQ(j.at("profile").size(), j.at("kernels").get<std::size_t>());
  for (const json& k : j.at("profile")) EXPECT_GT(k.at("us").get<double>(), 0) << k.dump();
}

TEST(Bench, PrintsATable) {
  const Outcome o = run_tool({"bench", "-x", "--shape", "x=100", "--profile"});
  ASSERT_EQ(o.status, 0) << o.err;
  for (const char* part : {"compile", "first call", "median", "GFLOP/s", "kernel"})
    EXPECT_NE(o.out.find(part), std::string::npos) << part << " in " << o.out;
}

}  // namespace
}  // namespace actinium::contract
