// Tensor: creation, sharing, conversion, comparison, text; and its memory.
#include "actinium/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <sstream>

#include "runtime/memory.hpp"

namespace actinium {
namespace {

using testing::ElementsAre;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Tensor, FromBraces) {
  const Tensor v{1, 2, 3};
  EXPECT_EQ(v.dtype(), i32);
  EXPECT_THAT(v.shape(), ElementsAre(3));
  const Tensor m{{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}};
  EXPECT_EQ(m.dtype(), f64);
  EXPECT_THAT(m.shape(), ElementsAre(3, 2));
  EXPECT_EQ(m(2, 0), 5);
  EXPECT_EQ(m(-1, -1), 6);
  const Tensor c{{{1.0f, 2.0f}}, {{3.0f, 4.0f}}};
  EXPECT_THAT(c.shape(), ElementsAre(2, 1, 2));
  EXPECT_EQ(c(1, 0, 1), 4);
  EXPECT_THROW((Tensor{{1.0, 2.0}, {3.0}}), ShapeError);
}

TEST(Tensor, FromArrays) {
  const std::vector<float> flat{1, 2, 3, 4, 5, 6};
  EXPECT_THAT(Tensor(flat).shape(), ElementsAre(6));
  const Tensor shaped(flat, {2, 3});
  EXPECT_EQ(shaped(1, 0), 4);
  EXPECT_THROW(Tensor(flat, {4, 2}), ShapeError);
  Eigen::MatrixXd m(2, 2);
  m << 1, 2, 3, 4;
  EXPECT_EQ(Tensor(m), (Tensor{{1.0, 2.0}, {3.0, 4.0}}));
  EXPECT_THAT(Tensor(Eigen::Vector3f(1, 2, 3)).shape(), ElementsAre(3));
  EXPECT_EQ(Tensor(view(flat.data() + 5, {3, 2}, {-2, -1})), (Tensor{{6.0f, 5.0f}, {4.0f, 3.0f}, {2.0f, 1.0f}}));
  EXPECT_EQ(Tensor(2.5).rank(), 0);
}

TEST(Tensor, Factories) {
  EXPECT_EQ(Tensor::zeros({2}), (Tensor{0.0f, 0.0f}));
  EXPECT_EQ(Tensor::full({2}, 2.9, i32), (Tensor{2, 2}));
  EXPECT_EQ(Tensor::arange(3), (Tensor{std::int64_t{0}, std::int64_t{1}, std::int64_t{2}}));
  EXPECT_EQ(Tensor::scalar(1.5).item(), 1.5);
  const std::size_t n = 3;
  EXPECT_EQ(Tensor::ones({n, 4}).size(), 12);
  EXPECT_THROW(Tensor::zeros({"batch", 2}), ShapeError);
  EXPECT_THROW(Tensor::empty({std::int64_t{1} << 40, std::int64_t{1} << 40}), ShapeError);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a{1.0, 2.0, 3.0, 4.0};
  Tensor b = a, c = a.clone();
  b.at<double>(0) = 9;
  EXPECT_EQ(a(0), 9);
  EXPECT_EQ(c(0), 1);
  Tensor m = a.reshape({2, -1});
  m.at<double>(1, 1) = 7;
  EXPECT_EQ(a(3), 7);
  EXPECT_EQ(m[1], (Tensor{3.0, 7.0}));
  EXPECT_EQ(m[-1].raw(), static_cast<const char*>(a.raw()) + 16);
  EXPECT_THROW(a.reshape({3, -1}), ShapeError);
}

TEST(Tensor, Misuse) {
  Tensor a{{1.0, 2.0}};
  EXPECT_THROW(a.data<float>(), TypeError);
  EXPECT_THROW(a(0), ShapeError);
  EXPECT_THROW(a(0, 2), ShapeError);
  EXPECT_THROW(a.item(), ShapeError);
  EXPECT_THROW(a.extent(2), ShapeError);
  EXPECT_THROW(a[1], ShapeError);
}

TEST(Tensor, Casts) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Tensor a{1.9, -1.9, nan, inf, -inf, 3e9};
  EXPECT_EQ(a.cast(i32), (Tensor{1, -1, 0, 2147483647, -2147483647 - 1, 2147483647}));
  EXPECT_EQ((Tensor{0, 3}.cast(boolean)), (Tensor{false, true}));
  EXPECT_EQ((Tensor{0.1}.cast(f32)), (Tensor{0.1f}));
}

TEST(Tensor, AsOtherTypes) {
  const Tensor m{{1.0f, 2.0f, 3.0f}, {4.0f, 5.0f, 6.0f}};
  EXPECT_EQ(m.as<Eigen::MatrixXd>()(1, 0), 4);
  EXPECT_EQ((m.as<Eigen::Matrix<float, 2, 3>>()(0, 2)), 3);
  EXPECT_THROW(m.as<Eigen::Matrix2d>(), ShapeError);
  const Tensor v{1.0, 2.0, 3.0};
  EXPECT_EQ(v.as<Eigen::Vector3d>()(2), 3);
  EXPECT_EQ(v.as<Eigen::RowVectorXf>()(1), 2);
  EXPECT_THAT(v.as<std::vector<float>>(), ElementsAre(1, 2, 3));
  EXPECT_EQ(Tensor::scalar(4).as<int>(), 4);
}

TEST(Tensor, Comparisons) {
  EXPECT_EQ((Tensor{nan, 0.0}), (Tensor{nan, -0.0}));
  EXPECT_FALSE(same_bits(Tensor{nan, 0.0}, Tensor{nan, -0.0}));
  EXPECT_TRUE(same_bits(Tensor{nan, 0.0}, Tensor{-nan, 0.0}));
  EXPECT_NE((Tensor{1.0}), (Tensor{1.0f}));
  EXPECT_NE((Tensor{1.0}), (Tensor{{1.0}}));
  EXPECT_EQ(max_difference(Tensor{1.0, nan}, Tensor{1.5, nan}), 0.5);
  EXPECT_TRUE(std::isinf(max_difference(Tensor{nan}, Tensor{1.0})));
  EXPECT_TRUE(all_close(Tensor{1.0, nan}, Tensor{1.000001, nan}));
  EXPECT_FALSE(all_close(Tensor{1.0}, Tensor{1.1}));
  EXPECT_FALSE(all_close(Tensor{1.0}, Tensor{std::numeric_limits<double>::infinity()}));
}

TEST(Tensor, Text) {
  std::ostringstream out;
  out << Tensor{{1.0, 2.5}, {3.0, -4.0}};
  EXPECT_EQ(out.str(), "[[1, 2.5], [3, -4]] f64 [2, 2]");
  EXPECT_EQ(Tensor::scalar(1).str(), "1 f64 []");
  EXPECT_EQ(Tensor().str(), "[] f32 [0]");
  EXPECT_EQ(Tensor::arange(100, i32).str(), "[0, 1, 2, 3, ..., 96, 97, 98, 99] i32 [100]");
  EXPECT_EQ(Tensor::arange(100, i32).reshape({50, 2}).str(),
            "[[0, 1], [2, 3], [4, 5], [6, 7], ..., [92, 93], [94, 95], [96, 97], [98, 99]] i32 [50, 2]");
}

TEST(Memory, LargeTensorsReuseTheirMemory) {
  const void* address = nullptr;
  {
    const Tensor a = Tensor::empty({1 << 20});
    address = a.raw();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(address) % 64, 0u);
  }
  EXPECT_GE(runtime::pooled_bytes(), std::size_t{4} << 20);
  EXPECT_EQ(Tensor::empty({(1 << 20) - 10}).raw(), address);
}

TEST(Memory, ABlockGrows) {
  runtime::Block block;
  EXPECT_TRUE(block.reserve(1000));
  EXPECT_FALSE(block.reserve(900));
  const char* first = block.data();
  EXPECT_TRUE(block.reserve(100'000));
  EXPECT_NE(block.data(), first);
  EXPECT_GE(block.capacity(), 100'000u);
}

}  // namespace
}  // namespace actinium
