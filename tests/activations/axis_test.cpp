// Activations along axes: values, masks, infinities, gradients, against plain sums in hundreds of bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<Real> softmax_reference(const std::vector<double>& x) {
  std::vector<Real> y;
  Real sum;
  for (double v : x) sum = sum + exp(Real(v));
  for (double v : x) y.push_back(exp(Real(v)) / sum);
  return y;
}

/// Rows of many kinds: close, far apart, large, with ties.
std::vector<std::vector<double>> sample_rows(DType type) {
  std::vector<std::vector<double>> rows{
      {0, 0, 0}, {40, 0}, {1000, 0, -1000}, {-1000, -1000}, {0, -40}, {1e4, 1e4 - 1, 1e4 - 20}, {5, 5, -30}, {3.25}};
  std::mt19937_64 random(11);
  for (double scale : {0.1, 1.0, 10.0, 80.0, 300.0}) {
    std::vector<double> row(9);
    for (double& v : row) v = rounded(type, std::uniform_real_distribution(-scale, scale)(random));
    rows.push_back(row);
  }
  return rows;
}

double bound(std::size_t n) { return 4.0 + static_cast<double>(n); }
Format format_of(DType t) { return t == f32 ? f32_format : f64_format; }

class Softmax : public ::testing::TestWithParam<DType> {
 protected:
  Graph g{GetParam()};
  Array run(const Expr& e, const std::vector<double>& x) {
    return evaluate(e, {{"x", array(GetParam(), {static_cast<std::int64_t>(x.size())}, x)}});
  }
  void expect(double got, const Real& exact, std::size_t n, const std::string& what) {
    const double error = abs(Real(got) - exact).to_double();
    const Format f = format_of(GetParam());
    if (error <= 4 * std::ldexp(1.0, f.min_exponent - f.bits + 1)) return;
    EXPECT_LE(distance(got, exact, f), bound(n)) << what << ": " << got << " instead of " << exact.to_double();
  }
};

TEST_P(Softmax, Values) {
  const Real::Precision precision(4000);
  for (const auto& row : sample_rows(GetParam())) {
    Graph own(GetParam());
    const Expr x = own.input("x", {row.size()});
    const auto exact = softmax_reference(row);
    const Array y = run(softmax(x), row), l = run(log_softmax(x), row), lse = run(logsumexp(x), row);
    Real sum;
    for (double v : row) sum = sum + exp(Real(v));
    for (std::size_t i = 0; i < row.size(); ++i) {
      expect(y[i], exact[i], row.size(), "softmax");
      expect(l[i], log(exact[i]), row.size(), "log_softmax");
    }
    expect(lse[0], log(sum), row.size(), "logsumexp");
  }
}

TEST_P(Softmax, JacobianEntries) {
  const Real::Precision precision(4000);
  for (const auto& row : sample_rows(GetParam())) {
    Graph own(GetParam());
    const int n = static_cast<int>(row.size());
    const Expr x = own.input("x", {n});
    const auto y = softmax_reference(row);
    for (int i = 0; i < n; ++i) {
      const Array d = run(grad(sum(slice(softmax(x), i, i + 1)), x), row),
                  dl = run(grad(sum(slice(log_softmax(x), i, i + 1)), x), row);
      for (int j = 0; j < n; ++j) {
        const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
        Real others;
        for (std::size_t k = 0; k < row.size(); ++k)
          if (k != b) others = others + y[k];
        expect(d[b], i == j ? y[a] * others : -(y[a] * y[b]), row.size(), "d softmax");
        expect(dl[b], i == j ? others : -y[b], row.size(), "d log_softmax");
      }
      const Array t = run(jvp(log_softmax(x), x, one_hot(own.constant(i, i64), n)), row);
      for (int j = 0; j < n; ++j) {
        Real others;
        for (int k = 0; k < n; ++k)
          if (k != i) others = others + y[static_cast<std::size_t>(k)];
        expect(t[static_cast<std::size_t>(j)], i == j ? others : -y[static_cast<std::size_t>(i)], row.size(),
               "jvp of log_softmax");
      }
    }
    const Array slope = run(grad(logsumexp(x), x), row);
    for (int j = 0; j < n; ++j)
      expect(slope[static_cast<std::size_t>(j)], y[static_cast<std::size_t>(j)], row.size(), "d logsumexp");
  }
}

TEST_P(Softmax, CrossEntropyAndItsGradient) {
  const Real::Precision precision(4000);
  for (const auto& row : sample_rows(GetParam())) {
    Graph own(GetParam());
    const int n = static_cast<int>(row.size());
    const Expr x = own.input("x", {n});
    const auto y = softmax_reference(row);
    for (int label = 0; label < n; ++label) {
      for (DType kind : {i32, i64}) {
        const Expr loss = softmax_cross_entropy(x, own.constant(label, kind));
        expect(run(loss, row)[0], -log(y[static_cast<std::size_t>(label)]), row.size(), "cross entropy");
        const Array d = run(grad(loss, x), row);
        for (int j = 0; j < n; ++j) {
          Real others;
          for (int k = 0; k < n; ++k)
            if (k != j) others = others + y[static_cast<std::size_t>(k)];
          expect(d[static_cast<std::size_t>(j)], j == label ? -others : y[static_cast<std::size_t>(j)], row.size(),
                 "d cross entropy");
        }
      }
      const Expr distribution = one_hot(own.constant(label, i64), n);
      expect(run(softmax_cross_entropy(x, distribution), row)[0], -log(y[static_cast<std::size_t>(label)]), row.size(),
             "cross entropy of a distribution");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Softmax, ::testing::Values(f32, f64),
                         [](const auto& info) { return std::string(name_of(info.param)); });

struct Axis : ::testing::Test {
  Graph g{f64};
  Expr x = g.input("x", {2, 3}), m = g.input("m", {2, 3}, boolean);
  std::vector<double> run(const Expr& e, const std::vector<double>& xs,
                          const std::vector<double>& ms = {1, 1, 1, 1, 1, 1}) {
    const Array a = evaluate(e, {{"x", array(f64, {2, 3}, xs)}, {"m", array(boolean, {2, 3}, ms)}});
    std::vector<double> all;
    for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i]);
    return all;
  }
  static void same(const std::vector<double>& a, const std::vector<double>& b, double tolerance = 0) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::isnan(b[i]))
        EXPECT_TRUE(std::isnan(a[i])) << i;
      else if (std::isinf(b[i]))
        EXPECT_EQ(a[i], b[i]) << i;
      else
        EXPECT_NEAR(a[i], b[i], tolerance) << i;
    }
  }
};

TEST_F(Axis, InfinitiesAndNan) {
  same(run(softmax(x), {-inf, 0, 0, -inf, -inf, -inf}), {0, 0.5, 0.5, nan, nan, nan});
  same(run(softmax(x), {inf, 0, 0, nan, 1, 2}), {nan, nan, nan, nan, nan, nan});
  same(run(log_softmax(x), {-inf, 0, 0, 1, nan, 2}), {-inf, -std::log(2), -std::log(2), nan, nan, nan}, 1e-16);
  same(run(logsumexp(x, 1), {-inf, -inf, -inf, inf, 0, 0}), {-inf, inf});
  same(run(logsumexp(x, 1), {nan, -inf, -inf, inf, 0, nan}), {nan, nan});
  same(run(grad(sum(logsumexp(x, 1)), x), {-inf, -inf, -inf, 0, 0, -inf}), {0, 0, 0, 0.5, 0.5, 0});
}

TEST_F(Axis, Masks) {
  const std::vector<double> xs{1, 2, 1, 3, 4, 5}, ms{1, 0, 1, 0, 0, 0};
  same(run(softmax(x, -1, m), xs, ms), {0.5, 0, 0.5, 0, 0, 0});
  same(run(log_softmax(x, -1, m), xs, ms), {-std::log(2), -inf, -std::log(2), -inf, -inf, -inf}, 1e-16);
  same(run(logsumexp(x, -1, false, m), xs, ms), {1 + std::log(2), -inf}, 1e-15);
  same(run(logmeanexp(x, -1, false, m), xs, ms), {1, -inf}, 1e-15);
  same(run(grad(sum(softmax(x, -1, m) * x), x), xs, ms), {0.5, 0, 0.5, 0, 0, 0}, 1e-15);
  same(run(grad(sum(logsumexp(x, -1, false, m)), x), xs, ms), {0.5, 0, 0.5, 0, 0, 0}, 1e-15);
  same(run(grad(sum(where(m, log_softmax(x, -1, m), 0)), x), xs, ms), {0, 0, 0, 0, 0, 0}, 1e-15);
  same(run(softmax(x, {{"mask", m}}), {nan, inf, 0, 1, 1, 1}, {0, 0, 1, 1, 1, 0}), {0, 0, 1, 0.5, 0.5, 0});
}

TEST_F(Axis, AxesAndReductions) {
  const std::vector<double> xs{1, 2, 3, 4, 5, 6};
  const auto all = run(softmax(x, {0, 1}), xs), keyword = run(softmax(x, {{"axis", "all"}}), xs);
  double total = 0;
  for (double v : all) total += v;
  EXPECT_NEAR(total, 1, 1e-15);
  EXPECT_EQ(all, keyword);
  same(run(softmax(x, 0), xs),
       {0.04742587317756678, 0.04742587317756678, 0.04742587317756678, 0.9525741268224334, 0.9525741268224334,
        0.9525741268224334},
       1e-15);
  same(run(softmin(-x), xs), run(softmax(x), xs));
  EXPECT_EQ(logsumexp(x).rank(), 0);
  EXPECT_EQ(logsumexp(x, 0, true).shape(), (Shape{1, 3}));
  same(run(logmeanexp(x), {2, 2, 2, 2, 2, 2}), {2}, 1e-15);
  same(run(hardmax(x), {1, 3, 3, 2, 1, 0}), {0, 1, 0, 1, 0, 0});
  same(run(grad(sum(hardmax(x)), x), xs), {0, 0, 0, 0, 0, 0});
  same(run(maxout(x, 3), xs), {3, 6});
  same(run(crelu(x), {-1, 2, -3, 4, 0, 1}), {0, 2, 0, 1, 0, 3, 4, 0, 1, 0, 0, 0});
}

TEST_F(Axis, SparsemaxAndStandardize) {
  same(run(sparsemax(x), {0, 0.5, 1, -inf, 2, 2}), {0, 0.25, 0.75, 0, 0.5, 0.5}, 1e-16);
  same(run(sparsemax(x, 0), {0, 0, 0.25, 0, -1, 1}), {0.5, 1, 0.125, 0.5, 0, 0.875}, 1e-16);
  same(run(hardmax(x, 0), {0, 1, 0, 0, 2, -1}), {1, 0, 1, 0, 1, 0});
  same(run(sparsemax(x), {1e15, 1e15 - 0.5, 0, -3e5, -3e5 + 0.25, -4e5}), {0.75, 0.25, 0, 0.375, 0.625, 0}, 1e-16);
  same(run(grad(sum(sparsemax(x) * x), x), {0, 0.5, 1, -5, 2, 2}), {0, 0, 1, 0, 0.5, 0.5}, 1e-15);
  same(run(standardize(x, {{"epsilon", 0.0}}), {1, 2, 3, 1e8, 1e8 + 1, 1e8 + 2}),
       {-std::sqrt(1.5), 0, std::sqrt(1.5), -std::sqrt(1.5), 0, std::sqrt(1.5)}, 1e-15);
  // sum(y) is constant and sum(y*y) nearly so: their gradients vanish.
  same(run(grad(sum(standardize(x)), x), {1, 2, 4, 0, 1, 0}), {0, 0, 0, 0, 0, 0}, 1e-15);
  same(run(grad(sum(square(standardize(x, {{"epsilon", 0.0}}))), x), {1, 2, 4, 0, 1, 0}), {0, 0, 0, 0, 0, 0}, 1e-14);
}

/// One infinite logit makes the row nan, in softmax and log_softmax alike; logsumexp is that infinity.
TEST_F(Axis, InfiniteLogits) {
  const std::vector<double> xs{inf, 0, -inf, 0, -inf, 1}, all(3, nan);
  const double s = 1 / (1 + std::exp(1)), t = 1 / (1 + std::exp(-1)), l = -std::log1p(std::exp(1)),
               k = -std::log1p(std::exp(-1));
  same(run(softmax(x), xs), {nan, nan, nan, s, 0, t}, 1e-16);
  same(run(log_softmax(x), xs), {nan, nan, nan, l, -inf, k}, 1e-15);
  same(run(logsumexp(x, 1), xs), {inf, 1 - k}, 1e-15);
  same(run(softmin(x), {0, inf, 1, nan, 0, 0}), {t, 0, s, nan, nan, nan}, 1e-16);
  same(run(grad(sum(where(x == -inf, 0, log_softmax(x))), x), {0, -inf, 1, 0, -inf, 0}),
       {1 - 2 * s, 0, 1 - 2 * t, 0, 0, 0}, 1e-15);
  same(run(hardmax(x), {nan, 1, 2, -inf, -inf, -inf}), {nan, nan, nan, 1, 0, 0});
  same(run(maxout(x, 3), {nan, 1, 2, 1, inf, 0}), {nan, inf});
  same(run(sparsemax(x), {nan, 1, 2, inf, 1, 0}), {nan, nan, nan, nan, nan, nan});
  same(run(crelu(x), {nan, inf, -inf, 0, 0, 0}), {nan, inf, 0, nan, 0, inf, 0, 0, 0, 0, 0, 0});
  same(run(standardize(x), {nan, 1, 2, 3, 3, 3}), {nan, nan, nan, 0, 0, 0});
}

/// Differences of neighbouring large numbers are exact: twice the largest finite one away, and at it.
TEST_F(Axis, LargestNumbers) {
  const double most = std::numeric_limits<double>::max();
  same(run(softmax(x), {most, -most, most, -most, -most, 0}), {0.5, 0, 0.5, 0, 0, 1});
  same(run(log_softmax(x), {most, -most, most, -most, -most, 0}), {-std::log(2), -inf, -std::log(2), -most, -most, 0},
       1e-16);
  same(run(logsumexp(x, 1), {most, -most, most, -most, -most, -most}), {most, -most});
}

/// A mask that broadcasts, and what stands under it: nothing of it is seen, not even nan, by values or gradients.
TEST_F(Axis, WhatIsMaskedIsNotSeen) {
  const Expr column = g.input("column", {2, 1}, boolean), line = g.input("line", {3}, boolean);
  const auto with = [&](const Expr& e, const std::vector<double>& xs) {
    const Array a = evaluate(e, {{"x", array(f64, {2, 3}, xs)},
                                 {"column", array(boolean, {2, 1}, {1, 0})},
                                 {"line", array(boolean, {3}, {1, 0, 1})}});
    std::vector<double> all;
    for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i]);
    return all;
  };
  const std::vector<double> xs{0, nan, 0, inf, -inf, nan};
  same(with(softmax(x, -1, line), xs), {0.5, 0, 0.5, nan, 0, nan});
  same(with(softmax(x, -1, column && line), xs), {0.5, 0, 0.5, 0, 0, 0});
  same(with(log_softmax(x, -1, column && line), xs), {-std::log(2), -inf, -std::log(2), -inf, -inf, -inf}, 1e-16);
  same(with(logsumexp(x, -1, false, column && line), xs), {std::log(2), -inf}, 1e-16);
  int which = 0;
  for (const Expr& y :
       {softmax(x, -1, column && line), softmax(x, -1, column && line) * square(softmax(x, -1, line && column)),
        where(column && line, log_softmax(x, -1, column && line), 0), logsumexp(x, -1, true, column && line)}) {
    SCOPED_TRACE(which++);
    const Expr d = grad(sum(y * y), x);
    for (double v : with(d, xs)) EXPECT_TRUE(std::isfinite(v));
    for (std::size_t i : {1u, 3u, 4u, 5u}) EXPECT_EQ(with(d, xs)[i], 0);
    for (double v : with(grad(sum(d * d), x), xs)) EXPECT_TRUE(std::isfinite(v));
    for (double v : with(jvp(d, x, 1.0), xs)) EXPECT_TRUE(std::isfinite(v));
  }
  EXPECT_THROW(softmax(x, -1, g.input("wide", {5, 2, 3}, boolean)), ShapeError);
  EXPECT_THROW(softmax(x, -1, x), TypeError);
}

/// Any axes at all give what the last axis gives of the array rearranged.
TEST_F(Axis, AnyAxes) {
  const Expr a = g.input("a", {2, 3, 4, 5});
  std::vector<double> values(120);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 9 * std::sin(static_cast<double>(i * i));
  const Tensor array = Tensor::wrap(nullptr, values.data(), f64, std::vector<std::int64_t>{2, 3, 4, 5});
  const auto rest = [](const std::vector<int>& axes) {
    std::vector<int> order;
    for (int i = 0; i < 4; ++i)
      if (std::find(axes.begin(), axes.end(), i) == axes.end()) order.push_back(i);
    return order;
  };
  for (const std::vector<int>& axes :
       {std::vector{0}, {1}, {2}, {3}, {0, 1}, {0, 3}, {1, 2}, {1, 3}, {0, 2, 3}, {0, 1, 2, 3}}) {
    std::vector<int> order = rest(axes);
    const int kept = static_cast<int>(order.size());
    order.insert(order.end(), axes.begin(), axes.end());
    std::vector<Dim> dims;
    for (int i = 0; i < kept; ++i) dims.push_back(a.shape()[order[static_cast<std::size_t>(i)]]);
    std::int64_t n = 1;
    for (int i : axes) n *= a.shape()[i].constant();
    dims.push_back(n);
    const Expr moved = transpose(a, order), flat = reshape(moved, dims);
    const auto back = [&](const Expr& e) { return reshape(e, moved.shape().dims()); };
    const auto slope = [&](const Expr& y) { return grad(sum(square(y)), a); };
    const auto result = compile(
        {a}, std::vector{transpose(softmax(a, axes), order), back(softmax(flat)),
                         transpose(log_softmax(a, axes), order), back(log_softmax(flat)), logsumexp(a, axes),
                         logsumexp(flat, -1), slope(softmax(a, axes)), slope(softmax(flat))})(std::vector{array});
    for (std::size_t k = 0; k < result.size(); k += 2)
      for (std::int64_t i = 0; i < result[k].size(); ++i)
        EXPECT_NEAR(result[k].data<double>()[i], result[k + 1].data<double>()[i], 1e-14) << k;
  }
  EXPECT_TRUE(activation("softmax2d")(a).same_as(softmax(a, -3)));
  EXPECT_TRUE(activation("softmax(axis='all')")(a).same_as(softmax(a, {0, 1, 2, 3})));
  EXPECT_TRUE(softmax(a, {0, 1, 2, 3}).same_as(softmax(a, all_axes)));
  EXPECT_THROW(softmax(a, 4), ShapeError);
  EXPECT_THROW(softmax(a, {1, -3}), ShapeError);
}

/// Rows that are constant but for little: logsumexp(x) - log(n) would keep the digits of log(n).
TEST_F(Axis, LogMeanOfNearlyConstantRows) {
  const Real::Precision precision(300);
  for (const std::vector<double>& xs : {std::vector{1e-10, 2e-10, 4e-10, -1e-20, -3e-20, -1e-20},
                                        {2.0, 2.0, 2.0, 1e-3, 0, 3e-3},
                                        {0.5, 0.25, 0.75, 1, 2, -1},
                                        {-700, 0.5, -800, 30, -30, -20},
                                        {1e4, 1e4 - 1e-8, 1e4, 0, 0, 0}}) {
    const std::vector<double> got = run(logmeanexp(x, 1), xs),
                              masked = run(logmeanexp(x, 1, false, m), xs, {1, 0, 1, 1, 1, 0});
    for (std::size_t row = 0; row < 2; ++row) {
      const double *v = &xs[row * 3], *end = v + 3;
      const Real all = log((exp(Real(v[0])) + exp(Real(v[1])) + exp(Real(v[2]))) / Real(3)),
                 two = log((exp(Real(v[0])) + exp(Real(v[row == 0 ? 2 : 1]))) / Real(2));
      const double largest = std::max(std::abs(*std::max_element(v, end)), std::abs(all.to_double()));
      const auto bound = [&](const Real& exact) { return 7 * std::max(1.0, largest / std::abs(exact.to_double())); };
      EXPECT_LE(distance(got[row], all, f64_format), bound(all)) << got[row] << " " << row << " " << xs[0];
      EXPECT_LE(distance(masked[row], two, f64_format), bound(two)) << masked[row] << " " << row << " " << xs[0];
    }
  }
  same(run(grad(sum(logmeanexp(x, 1)), x), {0, 0, 0, 1, 1, -inf}), {1.0 / 3, 1.0 / 3, 1.0 / 3, 0.5, 0.5, 0}, 1e-16);
}

TEST_F(Axis, ExplainSaysThatOneElementDecidesNothing) {
  const Expr one = g.input("one", {"rows", 1});
  for (const Expr& y : {softmax(one), log_softmax(one)})
    EXPECT_NE(compile({one}, y, {.engine = Engine::interpret}).explain().find("works along one element"),
              std::string::npos);
  EXPECT_EQ(compile({x}, softmax(x), {.engine = Engine::interpret}).explain().find("works along"), std::string::npos);
}

TEST_F(Axis, Ranks) {
  const Expr scalar = g.input("scalar", {}), line = g.input("line", {4});
  for (const char* name : {"softmax", "log_softmax", "softmin", "sparsemax", "standardize", "hardmax", "crelu"})
    EXPECT_THROW(activation(name)(scalar), ShapeError) << name;
  EXPECT_THROW(softmax(line, {{"strict_rank", true}}), ShapeError);
  EXPECT_THROW(log_softmax(line, {{"strict_rank", true}}), ShapeError);
  EXPECT_THROW(softmin(line, {{"strict_rank", true}}), ShapeError);
  EXPECT_EQ(softmax(x, {{"strict_rank", true}}).shape(), x.shape());
  const Expr one = g.input("one", {2, 1});  // always 1
  const Inputs in{{"one", array(f64, {2, 1}, {-7, 1e300})}};
  EXPECT_EQ(evaluate(softmax(one), in)[1], 1);
  EXPECT_EQ(evaluate(log_softmax(one), in)[1], 0);
  EXPECT_EQ(evaluate(logsumexp(one, 1), in)[1], 1e300);
  EXPECT_EQ(evaluate(grad(sum(square(softmax(one))), one), in)[0], 0);
  EXPECT_EQ(evaluate(grad(sum(square(log_softmax(one))), one), in)[0], 0);
}

/// In f32 a mean is rounded by more than a row's deviations from it: centred once, the result would be off by a
/// percent.
TEST_F(Axis, StandardizeFarFromZero) {
  Graph h(f32);
  const Expr y = standardize(h.input("x", {5}), {{"epsilon", 0.0}});
  const double offset = 123456, step = 0.0078125;
  const Array got = evaluate(
      y, {{"x", array(f32, {5}, {offset, offset + step, offset + 2 * step, offset + 3 * step, offset + 7 * step})}});
  const double mean = 13.0 / 5, sigma = std::sqrt((2.6 * 2.6 + 1.6 * 1.6 + 0.6 * 0.6 + 0.4 * 0.4 + 4.4 * 4.4) / 5);
  const double steps[] = {0, 1, 2, 3, 7};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(got[i], (steps[i] - mean) / sigma, 3e-7) << i;
}

TEST_F(Axis, EmptyAxes) {
  const Expr e = g.input("e", {2, 0});
  EXPECT_EQ(softmax(e).shape(), (Shape{2, 0}));
  EXPECT_EQ(log_softmax(e).shape(), (Shape{2, 0}));
  const Array y = evaluate(logsumexp(e, 1), {{"e", array(f64, {2, 0}, {})}});
  EXPECT_EQ(y[0], -inf);
  EXPECT_EQ(y[1], -inf);
}

TEST_F(Axis, Gates) {
  const Expr a = g.input("a", {4});
  const Inputs inputs{{"a", array(f64, {4}, {3, -2, 0, 40})}};
  const Array y = evaluate(glu(a), inputs), first = evaluate(glu(a, {{"gate", "first"}}), inputs),
              relus = evaluate(glu(a, {{"act", "relu"}}), inputs);
  EXPECT_EQ(y[0], 1.5);
  EXPECT_EQ(y[1], -2);
  EXPECT_EQ(first[0], 0);
  EXPECT_EQ(relus[1], -80);
  const Expr gate = slice(a, 0, 2), value = slice(a, 2, 4);
  EXPECT_EQ(evaluate(reglu(gate, value), inputs)[1], 0);
  EXPECT_EQ(evaluate(bilinear(gate, value), inputs)[1], -80);
  EXPECT_EQ(evaluate(swiglu(gate, value), inputs).bits, evaluate(silu(gate) * value, inputs).bits);
  EXPECT_EQ(evaluate(geglu(gate, value), inputs).bits, evaluate(gelu(gate) * value, inputs).bits);
  EXPECT_THROW(glu(slice(a, 0, 3)), ShapeError);
  EXPECT_THROW(bilinear(gate, a), ShapeError);
}

TEST_F(Axis, OutOfRangeLabelIsNan) {
  const Expr label = g.input("label", {2}, i64);
  const Array y = evaluate(softmax_cross_entropy(x, label),
                           {{"x", array(f64, {2, 3}, {0, 0, 0, 0, 0, 0})}, {"label", array(i64, {2}, {3, -1})}});
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));
}

}  // namespace
}  // namespace actinium::testing
