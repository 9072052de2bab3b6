// The orders of reductions and products that program.hpp fixes, against plain loops that state them again.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "actinium/actinium.h"
#include "program/program.hpp"

namespace actinium {
namespace {

template <class T>
std::vector<T> noise(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(static_cast<std::size_t>(n));
  for (T& x : values) x = static_cast<T>(normal(random) * std::exp2(static_cast<double>(random() % 20) - 10));
  return values;
}

/// Adjacent pairs, repeatedly; an odd one passes up.
template <class T>
T pairs(std::vector<T> list) {
  if (list.empty()) return T(0);
  while (list.size() > 1) {
    std::vector<T> next;
    for (std::size_t i = 0; i + 1 < list.size(); i += 2) next.push_back(list[i] + list[i + 1]);
    if (list.size() % 2 == 1) next.push_back(list.back());
    list = std::move(next);
  }
  return list[0];
}

/// Chunks of 16384, virtual lanes, a tree over lanes. `term(acc, i)` accumulates element i.
template <class T, class Term>
T along_last(std::int64_t n, Term&& term) {
  const std::size_t lanes = sizeof(T) == 8 ? 32 : 64;
  std::vector<T> chunks;
  for (std::int64_t from = 0; from < n; from += 16384) {
    std::vector<T> acc(lanes, T(0));
    for (std::int64_t i = from; i < std::min(n, from + 16384); ++i) {
      T& lane = acc[static_cast<std::size_t>(i - from) % lanes];
      lane = term(lane, i);
    }
    for (std::size_t half = lanes / 2; half > 0; half /= 2) {
      for (std::size_t l = 0; l < half; ++l) acc[l] = acc[l] + acc[l + half];
    }
    chunks.push_back(acc[0]);
  }
  return pairs(chunks);
}

/// Blocks of 256 ascending, added in order in chunks of 16384.
template <class T, class Term>
T along_other(std::int64_t n, Term&& term) {
  std::vector<T> chunks;
  for (std::int64_t from = 0; from < n; from += 16384) {
    T chunk = T(0);
    const std::int64_t end = std::min(n, from + 16384);
    for (std::int64_t block = from; block < end; block += 256) {
      T sum = T(0);
      for (std::int64_t i = block; i < std::min(end, block + 256); ++i) sum = term(sum, i);
      chunk = block == from ? sum : chunk + sum;
    }
    chunks.push_back(chunk);
  }
  return pairs(chunks);
}

template <class T>
auto bits(T x) {
  return std::bit_cast<std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>>(x);
}

const CompileOptions by_interpreter{.engine = Engine::interpret};

template <class T>
class InterpretOrders : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(InterpretOrders, Floats);

TYPED_TEST(InterpretOrders, SumOverTheLastAxis) {
  using T = TypeParam;
  Graph g{dtype_of<T>};
  const Expr x = g.input("x", {"rows", "n"});
  const auto f = compile({x}, {sum(x, -1), sum(x * x, 1)}, by_interpreter);
  for (std::int64_t n : {0, 1, 3, 31, 32, 65, 511, 512, 513, 1000, 16384, 16385, 40000, 70001}) {
    const std::int64_t rows = n > 1000 ? 2 : 5;
    const std::vector<T> xs = noise<T>(rows * n, 1);
    const auto [s, q] = f(view(xs.data(), {rows, n}));
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* row = xs.data() + r * n;
      ASSERT_EQ(bits(s.template data<T>()[r]),
                bits(along_last<T>(n, [&](T acc, std::int64_t i) { return acc + row[i]; })))
          << n;
      ASSERT_EQ(bits(q.template data<T>()[r]),
                bits(along_last<T>(n, [&](T acc, std::int64_t i) { return acc + row[i] * row[i]; })))
          << n;
    }
  }
}

TYPED_TEST(InterpretOrders, SumOverAnotherAxis) {
  using T = TypeParam;
  Graph g{dtype_of<T>};
  const Expr x = g.input("x", {"n", "columns"});
  const auto f = compile({x}, {sum(x, 0)}, by_interpreter);
  for (std::int64_t n : {0, 1, 2, 255, 256, 257, 1000, 16384, 16641, 33000}) {
    const std::int64_t columns = n > 1000 ? 3 : 130;
    const std::vector<T> xs = noise<T>(n * columns, 2);
    const Tensor s = f(view(xs.data(), {n, columns}));
    for (std::int64_t c = 0; c < columns; ++c) {
      const T expected =
          along_other<T>(n, [&](T acc, std::int64_t i) { return acc + xs[static_cast<std::size_t>(i * columns + c)]; });
      ASSERT_EQ(bits(s.template data<T>()[c]), bits(expected)) << n << " column " << c;
    }
  }
}

TYPED_TEST(InterpretOrders, Product) {
  using T = TypeParam;
  Graph g{dtype_of<T>};
  const Expr a = g.input("a", {"m", "k"}), b = g.input("b", {"k", "n"});
  const auto f = compile({a, b}, {matmul(a, b)}, by_interpreter);
  struct Case {
    std::int64_t m, k, n;
  };
  for (const Case& c : {Case{1, 1, 1},
                        {3, 5, 7},
                        {65, 300, 70},
                        {2, 0, 6},
                        {2, 16384 + 300, 5},
                        {1, 40000, 9},
                        {4, 1000, 4},
                        {3, 20000, 1},
                        {70, 33, 2}}) {
    const std::vector<T> as = noise<T>(c.m * c.k, 3), bs = noise<T>(c.k * c.n, 4);
    const Tensor y = f(view(as.data(), {c.m, c.k}), view(bs.data(), {c.k, c.n}));
    for (std::int64_t i = 0; i < c.m; ++i) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        const auto term = [&](T acc, std::int64_t k) {
          return std::fma(as[static_cast<std::size_t>(i * c.k + k)], bs[static_cast<std::size_t>(k * c.n + j)], acc);
        };
        const T expected = c.n <= 4 ? along_last<T>(c.k, term) : along_other<T>(c.k, term);
        ASSERT_EQ(bits(y.template data<T>()[i * c.n + j]), bits(expected))
            << c.m << " x " << c.k << " x " << c.n << " at " << i << ", " << j;
      }
    }
  }
}

TYPED_TEST(InterpretOrders, TheLayoutOfOperandsChangesNothing) {
  using T = TypeParam;
  Graph g{dtype_of<T>};
  const Expr a = g.input("a", {"m", "k"}), b = g.input("b", {"k", "n"});
  const auto f = compile({a, b}, {matmul(a, b), sum(a, 0), sum(a, 1), exp(a)}, by_interpreter);
  const std::int64_t m = 37, k = 301, n = 66;
  const std::vector<T> as = noise<T>(m * k, 5), bs = noise<T>(k * n, 6);
  std::vector<T> at(as.size()), br(bs.size());
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < k; ++j)
      at[static_cast<std::size_t>(j * m + i)] = as[static_cast<std::size_t>(i * k + j)];
  }
  for (std::int64_t i = 0; i < k * n; ++i)
    br[static_cast<std::size_t>(k * n - 1 - i)] = bs[static_cast<std::size_t>(i)];
  const auto plain = f(view(as.data(), {m, k}), view(bs.data(), {k, n}));
  const auto odd = f(view(at.data(), {m, k}, {1, m}), view(br.data() + k * n - 1, {k, n}, {-n, -1}));
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(same_bits(plain[i], odd[i])) << i;
}

TEST(InterpretOrdersOf, MaximaPassNaNAndEmptySumsAreZero) {
  Graph g{f32};
  const Expr x = g.input("x", {"rows", "n"});
  const auto f = compile({x}, {reduce_max(x, 1), reduce_min(x, 0), sum(x, 1)}, by_interpreter);
  std::vector<float> xs(3 * 700, 1.0f);
  xs[700 + 350] = NAN;
  xs[1400 + 699] = 5.0f;
  xs[1400 + 1] = -7.0f;
  const auto [largest, smallest, total] = f(view(xs.data(), {3, 700}));
  EXPECT_EQ(largest(0), 1);
  EXPECT_TRUE(std::isnan(largest(1)));
  EXPECT_EQ(largest(2), 5);
  EXPECT_TRUE(std::isnan(smallest(350)));
  EXPECT_EQ(smallest(1), -7);
  EXPECT_EQ(smallest(699), 1);
  EXPECT_TRUE(std::isnan(total(1)));
  EXPECT_EQ(total(0), 700);
}

TEST(InterpretOrdersOf, IntegersWrap) {
  Graph g;
  const Expr x = g.input("x", {"n"}, i32);
  const auto f = compile({x}, {sum(x), prod(x), reduce_max(x), x * x}, by_interpreter);
  const auto [s, p, m, q] = f(std::vector<std::int32_t>{2147483647, 1, 65537});
  EXPECT_EQ(s.item<std::int32_t>(), static_cast<std::int32_t>(2147483648u + 65537u));
  EXPECT_EQ(p.item<std::int32_t>(), static_cast<std::int32_t>(2147483647u * 65537u));
  EXPECT_EQ(m.item<std::int32_t>(), 2147483647);
  EXPECT_EQ(q.data<std::int32_t>()[2], static_cast<std::int32_t>(65537u * 65537u));
}

TYPED_TEST(InterpretOrders, SoftmaxKeepsItsRow) {
  using T = TypeParam;
  Graph g{dtype_of<T>, {.recognise = false}};
  const Expr x = g.input("x", {"rows", "n"});
  const Expr e = exp(x - reduce_max(x, -1, true));
  const auto f = compile({x}, {e / sum(e, -1, true)}, by_interpreter);
  for (std::int64_t n : {1, 10, 600, 20000}) {
    const std::vector<T> xs = noise<T>(3 * n, 8);
    const Tensor y = f(view(xs.data(), {3, n}));
    const Tensor parts = eval(exp(x - reduce_max(x, -1, true)), {{x, view(xs.data(), {3, n})}});
    for (std::int64_t r = 0; r < 3; ++r) {
      const T* row = parts.template data<T>() + r * n;
      const T total = along_last<T>(n, [&](T acc, std::int64_t i) { return acc + row[i]; });
      for (std::int64_t i = 0; i < n; ++i)
        ASSERT_EQ(bits(y.template data<T>()[r * n + i]), bits(static_cast<T>(row[i] / total))) << n;
    }
  }
}

}  // namespace
}  // namespace actinium
