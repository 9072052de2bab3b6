// Convolutions and pooling against plain loops over windows, their derivatives, and sizes of run time.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "actinium/actinium.h"
#include "support/derivatives.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

using reference::Array;
using Sizes = std::vector<std::int64_t>;
using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// Windows along the spatial axes of one image [sizes..., channels], as every tap's place or -1 in the padding.
struct Geometry {
  Sizes sizes, taps, strides, dilations;
  Pairs padding;
  std::int64_t count(std::size_t d) const {
    return (sizes[d] + padding[d].first + padding[d].second - (taps[d] - 1) * dilations[d] - 1) / strides[d] + 1;
  }
  /// Where tap t of window w lies along axis d.
  std::int64_t place(std::size_t d, std::int64_t w, std::int64_t t) const {
    const std::int64_t at = w * strides[d] + t * dilations[d] - padding[d].first;
    return at < 0 || at >= sizes[d] ? -1 : at;
  }
};

/// The padding that `same` means: ceil(size / stride) windows, the odd element behind.
Pairs same_padding(const Sizes& sizes, const Sizes& taps, const Sizes& strides, const Sizes& dilations) {
  Pairs list;
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    const std::int64_t windows = (sizes[d] + strides[d] - 1) / strides[d];
    const std::int64_t total =
        std::max<std::int64_t>((windows - 1) * strides[d] + (taps[d] - 1) * dilations[d] + 1 - sizes[d], 0);
    list.emplace_back(total / 2, total - total / 2);
  }
  return list;
}

struct Case {
  std::string name;
  Sizes x, filter;  ///< [leading, spatial..., channels], [spatial..., in, out]; for pools `filter` is the window
  Sizes strides, dilations;
  Padding padding = Padding::valid;
  std::int64_t groups = 1;

  std::size_t spatial() const { return strides.size(); }
  Geometry geometry() const {
    Geometry g{Sizes(x.end() - 1 - static_cast<std::ptrdiff_t>(spatial()), x.end() - 1),
               Sizes(filter.begin(), filter.begin() + static_cast<std::ptrdiff_t>(spatial())), strides, dilations,
               padding.pairs()};
    if (padding.kind() == Padding::valid) g.padding.assign(spatial(), {0, 0});
    if (padding.kind() == Padding::same) g.padding = same_padding(g.sizes, g.taps, strides, dilations);
    if (g.padding.size() == 1) g.padding.assign(spatial(), g.padding[0]);
    return g;
  }
  ConvOptions options() const { return {strides, padding, dilations, groups}; }
};

/// f(image, first window, second window, channel) for every place of the result; one spatial axis counts as two, the
/// first of size 1.
struct Two {
  Geometry g;
  std::int64_t images, channels;
  explicit Two(const Case& c) : g(c.geometry()), images(1), channels(c.x.back()) {
    for (std::size_t i = 0; i + 1 + c.spatial() < c.x.size(); ++i) images *= c.x[i];
    if (c.spatial() == 2) return;
    const auto front = [](auto& list, auto value) { list.insert(list.begin(), value); };
    front(g.sizes, 1), front(g.taps, 1), front(g.strides, 1), front(g.dilations, 1);
    g.padding.insert(g.padding.begin(), {0, 0});
  }
  std::size_t at(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) const {
    return static_cast<std::size_t>(((n * g.sizes[0] + h) * g.sizes[1] + w) * channels + c);
  }
  template <class F>
  void each(std::int64_t outputs, F&& f) const {
    for (std::int64_t n = 0; n < images; ++n)
      for (std::int64_t h = 0; h < g.count(0); ++h)
        for (std::int64_t w = 0; w < g.count(1); ++w)
          for (std::int64_t c = 0; c < outputs; ++c) f(n, h, w, c);
  }
  /// f(row, column, place of x) for the taps of a window that lie in x.
  template <class F>
  void taps(std::int64_t h, std::int64_t w, F&& f) const {
    for (std::int64_t i = 0; i < g.taps[0]; ++i)
      for (std::int64_t j = 0; j < g.taps[1]; ++j)
        if (const auto y = g.place(0, h, i), x = g.place(1, w, j); y >= 0 && x >= 0) f(i, j, y, x);
  }
};

std::vector<double> plain_conv(const Case& c, const Array& x, const Array& filter) {
  const Two two(c);
  const std::int64_t in = c.filter[c.spatial()], out = c.filter[c.spatial() + 1];
  std::vector<double> y;
  two.each(out, [&](auto n, auto h, auto w, auto f) {
    double total = 0;
    const std::int64_t group = f / (out / c.groups);
    two.taps(h, w, [&](auto i, auto j, auto row, auto column) {
      for (std::int64_t k = 0; k < in; ++k)
        total += x.data[two.at(n, row, column, group * in + k)] *
                 filter.data[static_cast<std::size_t>(((i * two.g.taps[1] + j) * in + k) * out + f)];
    });
    y.push_back(total);
  });
  return y;
}

std::vector<double> plain_pool(const Case& c, const Array& x, bool largest, bool count_padding) {
  const Two two(c);
  std::vector<double> y;
  two.each(two.channels, [&](auto n, auto h, auto w, auto k) {
    double best = -std::numeric_limits<double>::infinity(), total = 0, count = 0;
    two.taps(h, w, [&](auto, auto, auto row, auto column) {
      const double v = x.data[two.at(n, row, column, k)];
      best = std::max(best, v);
      total += v;
      ++count;
    });
    if (count_padding) count = static_cast<double>(two.g.taps[0] * two.g.taps[1]);
    y.push_back(largest ? best : total / count);
  });
  return y;
}

void expect_near(const Array& got, const std::vector<double>& want) {
  ASSERT_EQ(got.data.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got.data[i], want[i], 1e-12) << i;
}

const std::vector<Case> convolutions{
    {"plain1", {2, 6, 3}, {3, 3, 2}, {1}, {1}},
    {"no_batch1", {6, 3}, {3, 3, 2}, {1}, {1}},
    {"one_tap1", {2, 4, 3}, {1, 3, 2}, {1}, {1}},
    {"one_channel1", {2, 7, 1}, {3, 1, 1}, {1}, {1}},
    {"stride1", {2, 8, 2}, {3, 2, 2}, {2}, {1}},
    {"stride_over_window1", {1, 9, 2}, {2, 2, 1}, {3}, {1}},
    {"same1", {2, 5, 2}, {3, 2, 2}, {1}, {1}, Padding::same},
    {"same_even1", {2, 5, 2}, {4, 2, 2}, {1}, {1}, Padding::same},
    {"same_stride1", {2, 5, 2}, {3, 2, 2}, {2}, {1}, Padding::same},
    {"same_short_window1", {2, 7, 2}, {1, 2, 2}, {3}, {1}, Padding::same},
    {"causal1", {2, 5, 2}, {3, 2, 2}, {1}, {2}, Pairs{{4, 0}}},
    {"longer_than_x1", {2, 2, 2}, {5, 2, 2}, {1}, {1}, Padding::same},
    {"groups1", {2, 5, 4}, {3, 2, 6}, {1}, {1}, Padding::valid, 2},
    {"depthwise1", {2, 5, 3}, {3, 1, 3}, {1}, {1}, Padding::same, 3},
    {"nothing1", {0, 5, 3}, {3, 3, 2}, {1}, {1}},
    {"plain2", {2, 5, 6, 3}, {3, 2, 3, 2}, {1, 1}, {1, 1}},
    {"no_batch2", {5, 6, 3}, {3, 2, 3, 2}, {1, 1}, {1, 1}},
    {"two_leading2", {2, 2, 4, 4, 1}, {3, 3, 1, 2}, {1, 1}, {1, 1}},
    {"strides2", {1, 6, 7, 2}, {3, 3, 2, 2}, {2, 3}, {1, 1}},
    {"dilations2", {1, 6, 7, 2}, {2, 3, 2, 2}, {1, 1}, {3, 2}},
    {"same2", {1, 4, 5, 2}, {3, 3, 2, 2}, {1, 1}, {1, 1}, Padding::same},
    {"same_strides2", {1, 5, 6, 2}, {3, 2, 2, 2}, {2, 2}, {1, 1}, Padding::same},
    {"given2", {1, 4, 3, 2}, {3, 3, 2, 2}, {1, 2}, {1, 1}, Pairs{{2, 0}, {1, 3}}},
    {"around2", {1, 4, 3, 2}, {3, 3, 2, 2}, {1, 1}, {1, 1}, 1},
    {"groups2", {1, 4, 4, 4}, {2, 2, 2, 4}, {1, 1}, {1, 1}, Padding::valid, 2},
    {"depthwise2", {1, 4, 4, 2}, {3, 3, 1, 4}, {1, 1}, {1, 1}, Padding::same, 2},
    {"whole_image2", {2, 3, 3, 2}, {3, 3, 2, 2}, {1, 1}, {1, 1}},
};

class Convolutions : public testing::TestWithParam<Case> {};

Expr build(const Case& c, const std::vector<Expr>& x) {
  return c.spatial() == 1 ? conv1d(x[0], x[1], c.options()) : conv2d(x[0], x[1], c.options());
}

TEST_P(Convolutions, AreSumsOverWindows) {
  const Case& c = GetParam();
  derivatives::Problem p({c.x, c.filter});
  expect_near(reference::evaluate(build(c, p.x), p.values), plain_conv(c, p.values["x0"], p.values["x1"]));
}

TEST_P(Convolutions, Derivatives) {
  const Case& c = GetParam();
  derivatives::Problem p({c.x, c.filter});
  p.check([&](const std::vector<Expr>& x) { return build(c, x); });
}

/// The batch, and along the spatial axes multiples of the stride, known at run time.
TEST_P(Convolutions, TakeRunTimeSizes) {
  const Case& c = GetParam();
  const Geometry geometry = c.geometry();
  Graph g{f64};
  std::vector<Dim> dims;
  Bindings sizes;
  const std::size_t first = c.x.size() - 1 - c.spatial();
  for (std::size_t i = 0; i + 1 < c.x.size(); ++i) {
    const std::int64_t step = i < first ? 1 : c.strides[i - first];
    const std::string symbol = "s" + std::to_string(i);
    dims.push_back(Dim(step) * Dim(symbol) + Dim(c.x[i] % step));
    sizes[symbol] = c.x[i] / step;
  }
  dims.emplace_back(c.x.back());
  const Expr x = g.input("x", Shape(dims)),
             filter = g.input("f", Shape(std::vector<Dim>(c.filter.begin(), c.filter.end())));
  const reference::Inputs values{{"x", reference::random(c.x, -1, 1, 1)}, {"f", reference::random(c.filter, -1, 1, 2)}};
  const Expr y = build(c, {x, filter});
  expect_near(reference::evaluate(y, values, sizes), plain_conv(c, values.at("x"), values.at("f")));
  for (std::size_t d = 0; d < c.spatial(); ++d)
    EXPECT_EQ(y.shape()[static_cast<int>(first + d)].evaluate(sizes), geometry.count(d));
  // The gradient has the shapes and, where sizes are multiples, the values of the one for numbers.
  const Expr dx = grad(sum(square(y)), x);
  ASSERT_EQ(dx.shape(), x.shape());
  Graph fixed{f64};
  const Expr x2 = fixed.input("x", Shape(std::vector<Dim>(c.x.begin(), c.x.end()))),
             f2 = fixed.input("f", filter.shape());
  expect_near(reference::evaluate(dx, values, sizes),
              reference::evaluate(grad(sum(square(build(c, {x2, f2}))), x2), values).data);
}

INSTANTIATE_TEST_SUITE_P(Ops, Convolutions, testing::ValuesIn(convolutions),
                         [](const auto& i) { return i.param.name; });

const std::vector<Case> pools{
    {"pairs1", {2, 6, 3}, {2}, {2}, {1}},
    {"overlapping1", {2, 6, 3}, {3}, {1}, {1}},
    {"rest1", {2, 7, 3}, {2}, {2}, {1}},
    {"one1", {2, 7, 3}, {1}, {1}, {1}},
    {"same1", {2, 7, 3}, {3}, {2}, {1}, Padding::same},
    {"no_batch1", {6, 3}, {2}, {2}, {1}},
    {"squares2", {2, 4, 6, 3}, {2, 2}, {2, 2}, {1, 1}},
    {"overlapping2", {1, 5, 5, 2}, {3, 2}, {1, 2}, {1, 1}},
    {"same2", {1, 5, 4, 2}, {3, 2}, {2, 2}, {1, 1}, Padding::same},
    {"given2", {1, 4, 4, 2}, {3, 3}, {2, 1}, {1, 1}, Pairs{{2, 1}, {0, 2}}},
    {"around2", {1, 4, 4, 2}, {3, 3}, {1, 1}, {1, 1}, 1},
    {"whole_image2", {2, 3, 4, 2}, {3, 4}, {1, 1}, {1, 1}},
    {"nothing2", {0, 4, 4, 2}, {2, 2}, {2, 2}, {1, 1}},
};

class Pools : public testing::TestWithParam<Case> {
 protected:
  const Case& c = GetParam();
  Expr largest(const Expr& x) const { return max_pool(x, c.filter, {c.strides, c.padding}); }
  Expr average(const Expr& x) const { return avg_pool(x, c.filter, {c.strides, c.padding}); }
};

TEST_P(Pools, AreOverWindows) {
  derivatives::Problem p({c.x});
  const Array& x = p.values["x0"];
  expect_near(reference::evaluate(largest(p.x[0]), p.values), plain_pool(c, x, true, false));
  expect_near(reference::evaluate(average(p.x[0]), p.values), plain_pool(c, x, false, false));
  const Expr all = avg_pool(p.x[0], c.filter, {c.strides, c.padding, true});
  expect_near(reference::evaluate(all, p.values), plain_pool(c, x, false, true));
}

TEST_P(Pools, Derivatives) {
  derivatives::Problem p({c.x}), q({c.x});
  p.check([&](const std::vector<Expr>& x) { return largest(x[0]); });
  q.check([&](const std::vector<Expr>& x) { return average(x[0]); });
}

TEST_P(Pools, TakeRunTimeSizes) {
  Graph g{f64};
  std::vector<Dim> dims;
  Bindings sizes;
  const std::size_t first = c.x.size() - 1 - c.spatial();
  for (std::size_t i = 0; i + 1 < c.x.size(); ++i) {
    const std::int64_t step = i < first ? 1 : c.strides[i - first];
    dims.push_back(Dim(step) * Dim("s" + std::to_string(i)) + Dim(c.x[i] % step));
    sizes["s" + std::to_string(i)] = c.x[i] / step;
  }
  dims.emplace_back(c.x.back());
  const Expr x = g.input("x", Shape(dims));
  const reference::Inputs values{{"x", reference::random(c.x, -1, 1, 1)}};
  expect_near(reference::evaluate(largest(x), values, sizes), plain_pool(c, values.at("x"), true, false));
  expect_near(reference::evaluate(average(x), values, sizes), plain_pool(c, values.at("x"), false, false));
}

INSTANTIATE_TEST_SUITE_P(Ops, Pools, testing::ValuesIn(pools), [](const auto& i) { return i.param.name; });

TEST(MaxPool, TheFirstOfEqualElementsTakesTheGradient) {
  Graph g{f64};
  const Expr x = g.input("x", {4, 4, 1});
  const Tensor dx = eval(grad(sum(max_pool(x, {2, 2})), x), {{x, Tensor::ones({4, 4, 1}, f64)}});
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 0; j < 4; ++j) EXPECT_EQ(dx(i, j, 0), i % 2 == 0 && j % 2 == 0) << i << ", " << j;
}

TEST(MaxPool, NaNWinsAndPaddingNever) {
  Graph g{f64};
  const Expr x = g.input("x", {4, 1});
  const Tensor low{-1e308, double{-INFINITY}, std::nan(""), 5.0};
  const Tensor y = eval(max_pool(x, {3}, {1, Padding::same}), {{x, low.reshape({4, 1})}});
  EXPECT_EQ(y, (Tensor{-1e308, std::nan(""), std::nan(""), std::nan("")}.reshape({4, 1})));
}

TEST(MaxPool, Integers) {
  Graph g;
  for (const DType type : {i32, i64}) {
    const Expr x = g.input(std::string(name_of(type)), {3, 1}, type);
    const Tensor t = Tensor{-7.0, -9.0, -8.0}.reshape({3, 1}).cast(type);
    EXPECT_EQ(eval(max_pool(x, {2}, {1, Padding::same}), {{x, t}}),
              (Tensor{-7.0, -8.0, -8.0}.reshape({3, 1}).cast(type)));
  }
}

}  // namespace
}  // namespace actinium
