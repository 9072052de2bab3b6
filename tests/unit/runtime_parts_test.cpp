// The parts of the runtime by themselves: loop nests, overlap of arrays, library routines, parallel regions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <cmath>
#include <limits>

#include "runtime/arguments.hpp"
#include "runtime/executor.hpp"
#include "runtime/library.hpp"
#include "runtime/loops.hpp"

namespace actinium::runtime {
namespace {

using testing::ElementsAre;

TEST(RuntimeLoops, ContiguousArraysBecomeOneLoop) {
  LoopNest nest{{4, 5, 6}, {{30, 6, 1}, {30, 6, 1}}, {4, 4}};
  arrange(nest);
  EXPECT_THAT(nest.extents, ElementsAre(1, 1, 120));
  EXPECT_THAT(nest.strides[1], ElementsAre(0, 0, 1));
}

TEST(RuntimeLoops, ColumnMajorArraysBecomeOneLoop) {
  LoopNest nest{{4, 5, 6}, {{1, 4, 20}, {1, 4, 20}}, {4, 4}};
  arrange(nest);
  EXPECT_THAT(nest.extents, ElementsAre(1, 1, 120));
  EXPECT_THAT(nest.strides[0], ElementsAre(0, 0, 1));
}

TEST(RuntimeLoops, ABroadcastRowKeepsItsLoop) {
  LoopNest nest{{2, 4, 5}, {{20, 5, 1}, {0, 0, 1}}, {4, 4}};
  arrange(nest);
  EXPECT_THAT(nest.extents, ElementsAre(1, 8, 5));
  EXPECT_THAT(nest.strides[0], ElementsAre(0, 5, 1));
  EXPECT_THAT(nest.strides[1], ElementsAre(0, 0, 1));
}

TEST(RuntimeLoops, AnIndexMergesOnlyWhereItCountsOn) {
  LoopNest nest{{4, 5}, {{5, 1}, {5, 1}}, {4, 0}};
  arrange(nest);
  EXPECT_THAT(nest.extents, ElementsAre(1, 20));
  LoopNest rows{{4, 5}, {{5, 1}, {1, 0}}, {4, 0}};
  arrange(rows);
  EXPECT_THAT(rows.extents, ElementsAre(4, 5));
}

TEST(RuntimeLoops, InnerDimensionsOfReductionsStay) {
  LoopNest nest{{3, 1, 4, 5}, {{20, 20, 5, 1}, {4, 4, 1, 0}}, {4, 4}};
  merge_outer(nest, 1);
  EXPECT_THAT(nest.extents, ElementsAre(1, 1, 12, 5));
  EXPECT_THAT(nest.strides[1], ElementsAre(0, 0, 1, 0));
}

ResolvedArray array(std::vector<std::int64_t> shape, std::vector<std::int64_t> strides) {
  return {std::move(shape), std::move(strides), false};
}

TEST(RuntimeOverlap, OfArrays) {
  const ResolvedArray column = array({4}, {3}), run = array({4}, {1}), block = array({4, 2}, {6, 1});
  EXPECT_TRUE(may_overlap(run, f64, run, f64, 24));
  EXPECT_FALSE(may_overlap(run, f64, run, f64, 32));
  EXPECT_FALSE(may_overlap(column, f64, column, f64, 8)) << "two columns of a matrix";
  EXPECT_TRUE(may_overlap(column, f64, column, f64, 24));
  EXPECT_FALSE(may_overlap(block, f32, block, f32, 8)) << "two blocks side by side";
  EXPECT_TRUE(may_overlap(block, f32, block, f32, 4));
  EXPECT_TRUE(may_overlap(array({4}, {-1}), f64, run, f64, -24)) << "the same, backwards";
  EXPECT_FALSE(may_overlap(array({0}, {1}), f64, run, f64, 0)) << "nothing in it";
  EXPECT_TRUE(overlaps_itself(array({2, 3}, {0, 1})));
  EXPECT_TRUE(overlaps_itself(array({3, 3}, {1, 1})));
  EXPECT_FALSE(overlaps_itself(array({3, 3}, {-1, 3})));
}

/// Runs a routine on vectors.
template <class R, class... A>
std::vector<R> routine(ops::Op op, std::vector<std::int64_t> ints, std::vector<std::int64_t> result_shape,
                       std::vector<std::vector<std::int64_t>> shapes, std::vector<A>... operands) {
  std::vector<LibraryArray> arrays;
  std::size_t i = 0;
  (arrays.push_back({operands.data(), dtype_of<A>, shapes[i++]}), ...);
  std::int64_t size = 1;
  for (std::int64_t n : result_shape) size *= n;
  std::vector<R> result(static_cast<std::size_t>(size));
  std::vector<char> scratch(library_scratch(op, ints, arrays) + 64);
  library(op, ints, arrays, {result.data(), dtype_of<R>, result_shape}, scratch.data());
  return result;
}

using Ints = std::vector<std::int32_t>;
using Doubles = std::vector<double>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(RuntimeLibrary, Gather) {
  const Doubles x{1, 2, 3, 4, 5, 6};
  EXPECT_THAT((routine<double>(ops::Op::gather, {1}, {2, 2}, {{2, 3}, {2}}, x, Ints{-1, 0})), ElementsAre(3, 1, 6, 4));
  EXPECT_THAT((routine<double>(ops::Op::gather, {0}, {1, 3}, {{2, 3}, {1}}, x, Ints{7})), ElementsAre(4, 5, 6))
      << "the nearest";
}

TEST(RuntimeLibrary, ScatterAdd) {
  EXPECT_THAT((routine<double>(ops::Op::scatter_add, {0}, {3}, {{3}, {4}, {4}}, Doubles{1, 1, 1}, Ints{0, -1, 0, 9},
                               Doubles{10, 20, 30, 40})),
              ElementsAre(41, 1, 21));
  // Ascending: (1 + 1e16) - 1e16, not 1 + (1e16 - 1e16).
  EXPECT_THAT(
      (routine<double>(ops::Op::scatter_add, {0}, {1}, {{1}, {2}, {2}}, Doubles{1}, Ints{0, 0}, Doubles{1e16, -1e16})),
      ElementsAre(0));
}

TEST(RuntimeLibrary, Cumsum) {
  EXPECT_THAT((routine<double>(ops::Op::cumsum, {1, 0}, {2, 3}, {{2, 3}}, Doubles{1, 2, 3, 4, 5, 6})),
              ElementsAre(1, 3, 6, 4, 9, 15));
  EXPECT_THAT((routine<double>(ops::Op::cumsum, {0, 1}, {2, 3}, {{2, 3}}, Doubles{1, 2, 3, 4, 5, 6})),
              ElementsAre(5, 7, 9, 4, 5, 6));
  EXPECT_THAT((routine<std::int32_t>(ops::Op::cumsum, {0, 0}, {2}, {{2}}, Ints{2147483647, 1})),
              ElementsAre(2147483647, -2147483647 - 1));
}

TEST(RuntimeLibrary, SortPutsNaNLastAndIsStable) {
  const Doubles x{nan, 2, 0.0, -0.0, -1, nan, 2};
  const Doubles sorted = routine<double>(ops::Op::sort, {0}, {7}, {{7}}, x);
  EXPECT_EQ(sorted[0], -1);
  EXPECT_FALSE(std::signbit(sorted[1]));
  EXPECT_TRUE(std::signbit(sorted[2]));
  EXPECT_EQ(sorted[4], 2);
  EXPECT_TRUE(std::isnan(sorted[5]) && std::isnan(sorted[6]));
  EXPECT_THAT((routine<std::int64_t>(ops::Op::argsort, {0}, {7}, {{7}}, x)), ElementsAre(4, 2, 3, 1, 6, 0, 5));
  EXPECT_THAT((routine<double>(ops::Op::sort, {0}, {2, 2}, {{2, 2}}, Doubles{3, 1, 2, 4})), ElementsAre(2, 1, 3, 4));
}

TEST(RuntimeLibrary, ArgmaxTakesTheFirst) {
  const Doubles x{1, 3, 3, nan, 5, nan};
  EXPECT_THAT((routine<std::int64_t>(ops::Op::argmax, {1}, {2}, {{2, 3}}, x)), ElementsAre(1, 0));
  EXPECT_THAT((routine<std::int64_t>(ops::Op::argmin, {0}, {3}, {{2, 3}}, x)), ElementsAre(1, 0, 1));
}

TEST(RuntimeLibrary, IntegerProductsWrap) {
  EXPECT_THAT(
      (routine<std::int32_t>(ops::Op::matmul, {}, {2, 1}, {{2, 2}, {2, 1}}, Ints{1, 2, 65536, 65536}, Ints{3, 65537})),
      ElementsAre(131077, static_cast<std::int32_t>(65536u * 3u + 65536u * 65537u)));
}

TEST(RuntimeParallel, RegionsAreSeen) {
  EXPECT_FALSE(in_parallel_region());
  std::atomic<int> outside{0};
  tbb::parallel_for(0, 16, [&](int) { outside += in_parallel_region() ? 0 : 1; });
  EXPECT_EQ(outside, 0);
  EXPECT_FALSE(in_parallel_region());
}

}  // namespace
}  // namespace actinium::runtime
