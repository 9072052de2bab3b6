// Files in and out, and comparison with a reference.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "actinium/io.h"
#include "tool.hpp"

namespace actinium::contract {
namespace {

namespace fs = std::filesystem;

class ToolFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("actinium_tool_" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ / name; }
  std::string saved(const std::string& name, const Tensor& t) const {
    save_npy(path(name), t);
    return path(name);
  }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), {})); }
  fs::path directory_;
};

TEST_F(ToolFiles, FilesDecideTheType) {
  const std::string d = saved("d.npy", Tensor{0.1, 0.2}), f = saved("f.npy", Tensor{0.1f, 0.2f}),
                    i = saved("i.npy", Tensor{1, 2});
  EXPECT_EQ(run_tool({"eval", "x + y", "x=" + d, "y=0.1"}).out, "[0.2, 0.30000000000000004]\n");
  EXPECT_EQ(run_tool({"eval", "x + y", "x=" + f, "y=0.1"}).out, "[0.2, 0.3]\n");
  EXPECT_EQ(run_tool({"eval", "i + i", "i=" + i}).out, "[2, 4]\n");
  EXPECT_EQ(run_tool({"eval", "exp(i) > 2.7", "i=" + i}).out, "[true, true]\n");
  EXPECT_EQ(run_tool({"eval", "i / 2", "i=" + i}).out, "[0.5, 1]\n");
  const Outcome o = run_tool({"eval", "x + y", "x=" + d, "y=" + f});
  EXPECT_EQ(o.status, 2);
  EXPECT_NE(o.err.find("must agree"), std::string::npos) << o.err;
}

TEST_F(ToolFiles, OutputsAreWrittenWhole) {
  const Outcome o = run_tool({"eval", "x * y", "x=[1,2]", "y=3", "--value-and-grad", "x,y", "-o", path("v.npy"), "-o",
                              path("x.npy"), "-o", path("y.npy")});
  EXPECT_EQ(o.status, 0) << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(load_npy(path("x.npy")), (Tensor{3.0f, 3.0f}));
  EXPECT_EQ(load_npy(path("v.npy")).item(), 9);
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(run_tool({"eval", "x", "x=1", "-o", path("a.npy"), "-o", path("b.npy")}).status, 2);
  EXPECT_EQ(
      run_tool({"eval", "x * x", "x=1", "--value-and-grad", "x", "-o", path("a.npy"), "-o", path("no/b.npy")}).status,
      2);
  EXPECT_EQ(count(), 3u);
}

TEST_F(ToolFiles, ComparesInUnitsOfTheLastPlace) {
  const std::string same = saved("same.npy", Tensor{1.0f, 2.0f}), near = saved("near.npy", Tensor{1.0f, 2.0000002f}),
                    shape = saved("shape.npy", Tensor{1.0f});
  EXPECT_EQ(run_tool({"eval", "x", "x=[1,2]", "--expect", same, "--ulp", "0"}).status, 0);
  EXPECT_EQ(run_tool({"eval", "x", "x=[1,2]", "--expect", near, "--ulp", "1"}).status, 0);
  const Outcome o = run_tool({"eval", "x", "x=[1,2]", "--expect", near, "--ulp", "0.5"});
  EXPECT_EQ(o.status, 1);
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("1 ulp at [1]: 2, expected 2.0000002"), std::string::npos) << o.err;
  EXPECT_EQ(run_tool({"eval", "x", "x=[1,2]", "--expect", shape, "--ulp", "1"}).status, 2);
}

}  // namespace
}  // namespace actinium::contract
