// Arrays as text: shortest numbers, nested lists, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "actinium/error.h"
#include "actinium/io.h"

namespace actinium {
namespace {

TEST(TensorText, IsTheShortestThatReadsBack) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_text(Tensor::scalar(0.1)), "0.1");
  EXPECT_EQ(to_text(Tensor::scalar(0.1, f32)), "0.1");
  EXPECT_EQ(to_text(Tensor::scalar(47, f32)), "47");
  EXPECT_EQ(to_text(Tensor::scalar(-0.0)), "-0");
  EXPECT_EQ(to_text(Tensor::scalar(5e-324)), "5e-324");
  EXPECT_EQ(to_text(Tensor{infinity, -infinity, std::nan("")}), "[inf, -inf, nan]");
  EXPECT_EQ(to_text(Tensor::scalar(1, boolean)), "true");
  EXPECT_EQ(to_text(Tensor{{1, 2}, {3, 4}}), "[[1, 2], [3, 4]]");
  EXPECT_EQ(to_text(Tensor::zeros({2, 0, 4})), "[[], []]");
  EXPECT_EQ(to_text(Tensor::zeros({0})), "[]");
  EXPECT_EQ(to_text(Tensor::zeros({0, 3})), "[]");
  EXPECT_EQ(to_text(Tensor{std::int64_t{9007199254740993}}), "[9007199254740993]");
}

TEST(TensorText, ReadsBackExactly) {
  std::uint64_t state = 88172645463325252u;
  for (int i = 0; i < 20000; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    const Tensor d = Tensor::scalar(std::bit_cast<double>(state));
    EXPECT_TRUE(same_bits(from_text(to_text(d), f64), d)) << to_text(d);
    Tensor f = Tensor::zeros({}, f32);
    *f.data<float>() = std::bit_cast<float>(static_cast<std::uint32_t>(state >> 16));
    EXPECT_TRUE(same_bits(from_text(to_text(f), f32), f)) << to_text(f);
  }
}

TEST(TensorText, Lists) {
  EXPECT_EQ(from_text(" [ [1, 2.5] , [-3e2, nan] ] ", f64), (Tensor{{1.0, 2.5}, {-300.0, std::nan("")}}));
  EXPECT_EQ(from_text("[1,2,]", i32), (Tensor{1, 2}));
  EXPECT_EQ(from_text("[]", f32).shape().size(), 1u);
  EXPECT_EQ(from_text("[[],[]]", f32), Tensor::zeros({2, 0}));
  EXPECT_EQ(from_text("[[[]],[[]]]", f32), Tensor::zeros({2, 1, 0}));
  EXPECT_EQ(from_text("[true, False]", boolean)(0), 1);
  EXPECT_EQ(from_text("[-inf, +inf, Infinity]", f32)(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(from_text("1e999", f64).item(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(from_text("1e-999", f64).item(), 0);
  EXPECT_EQ(from_text("9223372036854775807", i64).item<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
  // Rounded once: by way of f64 this would be the float below.
  EXPECT_EQ(from_text("1.00000017881393432617187499", f32).item<float>(), 1.0000001f);
  EXPECT_EQ(written_type("[1, 2]"), i64);
  EXPECT_EQ(written_type("[1, 2.0]"), f64);
  EXPECT_EQ(written_type("[true, false]"), boolean);
  EXPECT_EQ(written_type("[1, nan]"), f64);
}

TEST(TensorText, RefusesWhatIsNoArray) {
  for (const char* text : {"",
                           " ",
                           "[",
                           "]",
                           "[1",
                           "[1,,2]",
                           "[,1]",
                           "[1 2]",
                           "[1,[2]]",
                           "[[1],2]",
                           "[[1],[2,3]]",
                           "[[],[1]]",
                           "[[1],[]]",
                           "[[1],[[2]]]",
                           "1 2",
                           "1,2",
                           "[1]]",
                           "abc",
                           "1.2.3",
                           "--1",
                           "1e",
                           "[[[[[[[[[1]]]]]]]]]",
                           "0x1"})
    EXPECT_THROW(from_text(text, f64), ValueError) << text;
  EXPECT_THROW(from_text("1.5", i64), ValueError);
  EXPECT_THROW(from_text("9223372036854775808", i64), ValueError);
  EXPECT_THROW(from_text("2147483648", i32), ValueError);
  EXPECT_THROW(from_text(std::string(1'000'000, '['), f64), ValueError);
}

}  // namespace
}  // namespace actinium
