// The derivative rules over shapes: every way to broadcast, reduce, slice, pad, permute and index small arrays, empty
// ones and axes of size 1 among them. Values of derivatives against differences, first and second order, both modes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "actinium/actinium.h"
#include "support/derivatives.hpp"

namespace actinium {
namespace {

using derivatives::Problem;
using Extents = std::vector<std::int64_t>;
using Arguments = std::vector<Expr>;

Shape shape_of(const Extents& e) { return Shape(std::vector<Dim>(e.begin(), e.end())); }
std::string text_of(const Extents& e) { return shape_of(e).str(); }

TEST(AutodiffShapes, BroadcastInAllRanks) {
  const std::vector<Extents> shapes{{},        {1},       {3},       {1, 1}, {1, 3}, {2, 1}, {2, 3},
                                    {2, 1, 1}, {1, 2, 3}, {2, 2, 3}, {0},    {0, 3}, {2, 0}, {0, 1}};
  const std::vector<std::pair<const char*, derivatives::Build>> functions{
      {"mul", [](const Arguments& x) { return x[0] * x[1]; }},
      {"div", [](const Arguments& x) { return x[0] / x[1]; }},
      {"pow", [](const Arguments& x) { return pow(x[0], x[1]); }},
      {"max", [](const Arguments& x) { return max(x[0], x[1]) * x[0]; }},
      {"where", [](const Arguments& x) { return where(x[0] > x[1], x[0] * x[0], x[1]); }},
      {"fma", [](const Arguments& x) { return fma(x[0], x[1], x[0]); }},
      {"hypot", [](const Arguments& x) { return hypot(x[0], x[1]); }},
  };
  for (const Extents& a : shapes)
    for (const Extents& b : shapes) {
      if (!broadcast_shapes(shape_of(a), shape_of(b))) continue;
      for (const auto& [name, f] : functions) {
        SCOPED_TRACE(std::string(name) + " of " + text_of(a) + " and " + text_of(b));
        Problem({a, b}, 0.5, 2).check_rules(f);
      }
    }
}

TEST(AutodiffShapes, ReduceOverAllSetsOfAxes) {
  const std::vector<Extents> shapes{{}, {4}, {1}, {2, 3}, {1, 3}, {3, 1}, {2, 1, 3}, {2, 3, 2}, {0}, {2, 0}, {0, 3}};
  using Reduction = std::function<Expr(const Expr&, const Axes&, bool)>;
  const std::vector<std::pair<const char*, Reduction>> reductions{
      {"sum", [](const Expr& x, const Axes& a, bool k) { return sum(x * x, a, k); }},
      {"mean", [](const Expr& x, const Axes& a, bool k) { return mean(x * x, a, k); }},
      {"prod", [](const Expr& x, const Axes& a, bool k) { return prod(x, a, k); }},
      {"reduce_max", [](const Expr& x, const Axes& a, bool k) { return reduce_max(x * x, a, k); }},
      {"reduce_min", [](const Expr& x, const Axes& a, bool k) { return reduce_min(x * x, a, k); }},
      {"log_sum_exp", [](const Expr& x, const Axes& a, bool k) { return log(1.0 + sum(exp(x), a, k)); }},
  };
  for (const Extents& s : shapes)
    for (unsigned set = 0; set < 1u << s.size(); ++set) {
      std::vector<int> axes;
      bool empty = false;
      for (std::size_t i = 0; i < s.size(); ++i)
        if ((set >> i & 1) != 0)
          axes.push_back(i % 2 == 0 ? static_cast<int>(i) : static_cast<int>(i) - static_cast<int>(s.size())),
              empty = empty || s[i] == 0;
      for (const auto& [name, reduce] : reductions) {
        const std::string_view n = name;
        if (empty && (n == "mean" || n == "reduce_max" || n == "reduce_min")) continue;  // there is none
        for (const bool keep : {false, true}) {
          SCOPED_TRACE(std::string(name) + " of " + text_of(s) + " over " + std::to_string(set) +
                       (keep ? ", kept" : ""));
          Problem p({s}, 0.3, 1.5);
          p.check_rules([&](const Arguments& x) {
            const Expr y = reduce(x[0], axes, keep);
            EXPECT_EQ(y.rank(), static_cast<int>(s.size()) - (keep ? 0 : static_cast<int>(axes.size())));
            return y;
          });
        }
      }
    }
}

TEST(AutodiffShapes, MultiplyMatricesOfAllRanks) {
  const std::vector<Extents> left{{3},       {2, 3},       {1, 3}, {4, 2, 3}, {1, 2, 3},
                                  {4, 1, 3}, {2, 1, 2, 3}, {0, 3}, {0, 2, 3}};
  const std::vector<Extents> right{{3},       {3, 2},       {3, 1}, {4, 3, 2}, {1, 3, 2},
                                   {4, 3, 1}, {2, 4, 3, 2}, {3, 0}, {0, 3, 2}};
  for (const Extents& a : left)
    for (const Extents& b : right) {
      const auto leading = [](const Extents& e) {
        return shape_of(e.size() < 3 ? Extents{} : Extents(e.begin(), e.end() - 2));
      };
      if (!broadcast_shapes(leading(a), leading(b))) continue;
      SCOPED_TRACE(text_of(a) + " @ " + text_of(b));
      Problem({a, b}).check_rules([](const Arguments& x) { return matmul(x[0], x[1]); });
    }
  SCOPED_TRACE("nothing to sum");
  Problem({{2, 0}, {0, 3}}).check_rules([](const Arguments& x) { return matmul(x[0], x[1]); });
}

TEST(AutodiffShapes, SliceInAllWays) {
  using Stop = std::optional<Dim>;
  for (const std::int64_t n : {0, 1, 5})
    for (const std::int64_t start : {-6, -2, 0, 1, 4, 5})
      for (const Stop& stop : {Stop(), Stop(-1), Stop(0), Stop(2), Stop(5), Stop(7)})
        for (const std::int64_t step : {1, 2, 3, -1, -2}) {
          SCOPED_TRACE(std::to_string(n) + ": " + std::to_string(start) + ":" + (stop ? stop->str() : "") + ":" +
                       std::to_string(step));
          Problem({{2, n}}).check_rules([&](const Arguments& x) { return sin(slice(x[0], start, stop, step, -1)); });
        }
}

TEST(AutodiffShapes, PadFlipAndPermute) {
  for (const std::int64_t a : {0, 2})
    for (const std::int64_t b : {0, 1})
      for (const std::int64_t rows : {0, 1, 3}) {
        SCOPED_TRACE(std::to_string(a) + ", " + std::to_string(b) + " around " + std::to_string(rows));
        Problem({{rows, 2}, {}}).check_rules([&](const Arguments& x) { return sin(pad(x[0], {a, b}, {b, a}, x[1])); });
      }
  for (const Extents& s : {Extents{2, 3, 4}, Extents{1, 3, 1}, Extents{2, 0, 3}}) {
    std::vector<int> order{0, 1, 2};
    do {
      SCOPED_TRACE(text_of(s));
      Problem({s}).check_rules([&](const Arguments& x) { return sin(transpose(x[0], order)); });
      Problem({s}).check_rules([&](const Arguments& x) {
        return sin(flip(x[0], std::vector<int>(order.begin(), order.begin() + order[0])));
      });
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(AutodiffShapes, ScanAndSortAlongEveryAxis) {
  for (const Extents& s :
       {Extents{5}, Extents{1}, Extents{0}, Extents{2, 3}, Extents{3, 1}, Extents{0, 2}, Extents{2, 2, 3}})
    for (int axis = -static_cast<int>(s.size()); axis < static_cast<int>(s.size()); ++axis) {
      SCOPED_TRACE(text_of(s) + " along " + std::to_string(axis));
      for (const bool reverse : {false, true})
        Problem({s}).check_rules([&](const Arguments& x) { return sin(cumsum(x[0], axis, reverse)); });
      Problem({s}).check_rules([&](const Arguments& x) { return sin(sort(x[0], axis)); });
    }
}

TEST(AutodiffShapes, JoinParts) {
  for (const int axis : {0, 1, -1}) {
    const auto part = [&](std::int64_t n) { return axis == 0 ? Extents{n, 3} : Extents{3, n}; };
    Problem({part(2), part(0), part(1)}).check_rules([&](const Arguments& x) {
      return sin(concat({x[0], x[1], x[2], x[0]}, axis));
    });
    Problem({part(2), part(2)}).check_rules([&](const Arguments& x) { return sin(stack({x[0], x[1], x[0]}, axis)); });
  }
}

/// Repeated indices, negative ones, none, and indices of any rank.
TEST(AutodiffShapes, GatherAndScatter) {
  const std::vector<Tensor> indices{Tensor::scalar(1).cast(i64),
                                    Tensor(std::vector<std::int64_t>{0}, {1}),
                                    Tensor(std::vector<std::int64_t>{1, 0, 1, -1, 1}, {5}),
                                    Tensor(std::vector<std::int64_t>{-1, 1, 1, 0}, {2, 2}),
                                    Tensor::zeros({0}, i64),
                                    Tensor(std::vector<std::int64_t>{1, -2, 0}, {3}).cast(i32)};
  for (const Tensor& i : indices)
    for (int axis = 0; axis < 3; ++axis) {
      Extents s{2, 3, 2}, updates(s.begin(), s.begin() + axis);
      updates.insert(updates.end(), i.shape().begin(), i.shape().end());
      updates.insert(updates.end(), s.begin() + axis + 1, s.end());
      SCOPED_TRACE("indices " + to_text(i) + " along " + std::to_string(axis));
      Problem p({s}), q({s, updates});
      const Expr at = p.g.constant("i", i), to = q.g.constant("i", i);
      p.check_rules([&](const Arguments& x) { return sin(gather(x[0], at, axis)); });
      q.check_rules([&](const Arguments& x) { return sin(scatter_add(x[0], to, x[1], axis)); });
    }
}

TEST(AutodiffShapes, IntegersAndBoolsAreConstants) {
  Problem p({{2, 3}}, 0.5, 2);
  const Expr i = p.g.constant("i", Tensor(std::vector<std::int32_t>{-1, 0, 2, 3, 1, 0}, {2, 3}));
  p.check_rules([&](const Arguments& x) {
    const Expr bit = i > 0, number = cast(i, f64);
    return where(bit, x[0] * number, bit * x[0]) + cast(cast(x[0] * 0.1, i32), f64) +
           pow(x[0], number) * one_hot(argmax(x[0], 1), 3, -1, f64);
  });
}

/// Sizes of run time give the same derivatives as numbers.
TEST(AutodiffShapes, RunTimeSizes) {
  const std::vector<std::pair<const char*, derivatives::Build>> functions{
      {"normalised", [](const Arguments& x) { return exp(x[0] + x[1]) / sum(exp(x[0]), 1, true); }},
      {"mean", [](const Arguments& x) { return mean(x[0] * x[1], 0) * mean(x[0], 1, true); }},
      {"max", [](const Arguments& x) { return reduce_max(x[0], 0) * max(x[1]); }},
      {"prod", [](const Arguments& x) { return prod(x[0], 1) + prod(x[1]); }},
      {"matmul", [](const Arguments& x) { return matmul(matmul(x[0], transpose(x[0])), matmul(x[0], x[1])); }},
      {"merge", [](const Arguments& x) { return square(reshape(transpose(x[0]), {-1})); }},
      {"slice",
       [](const Arguments& x) {
         return square(slice(x[0], 1, std::nullopt, 1, 1)) * slice(x[1], 0, x[1].shape()[0] - 1);
       }},
      {"backwards",
       [](const Arguments& x) { return square(slice(x[0], x[0].shape()[1] - 1, std::nullopt, -1, 1)) * x[1]; }},
      {"pad", [](const Arguments& x) { return square(pad(x[0], {x[0].shape()[1], 0}, {1, x[0].shape()[0]}, 0.5)); }},
      {"concat", [](const Arguments& x) { return square(concat({x[0], expand_dims(x[1], 0), x[0]}, 0)); }},
      {"cumsum", [](const Arguments& x) { return square(cumsum(x[0], 0)) * cumsum(x[1], 0, true); }},
      {"sort", [](const Arguments& x) { return sort(x[0], 1) * x[1]; }},
      {"gather", [](const Arguments& x) { return square(gather(x[0], argsort(x[1]), 1)); }},
      {"flip", [](const Arguments& x) { return flip(x[0]) * x[0]; }},
      {"broadcast",
       [](const Arguments& x) { return square(broadcast_to(x[1], {2, x[0].shape()[0], x[0].shape()[1]})); }},
  };
  const Extents rows{3, 4}, row{4};
  const reference::Inputs values{{"x0", reference::random(rows, 0.5, 2, 1)}, {"x1", reference::random(row, 0.5, 2, 2)}};
  for (const auto& [name, f] : functions) {
    SCOPED_TRACE(name);
    const auto gradients = [&](const Shape& a, const Shape& b, const Bindings& sizes) {
      Graph g{f64};
      const Arguments x{g.input("x0", a), g.input("x1", b)};
      const Expr y = f(x);
      const Expr first = sum(y * y);
      std::vector<reference::Array> all;
      for (const Expr& d : grad(first, x)) {
        all.push_back(reference::evaluate(d, values, sizes));
        for (const Expr& dd : grad(sum(square(d)), x)) all.push_back(reference::evaluate(dd, values, sizes));
      }
      return all;
    };
    const auto fixed = gradients(shape_of(rows), shape_of(row), {}),
               free = gradients({"n", "m"}, {"m"}, {{"n", 3}, {"m", 4}});
    ASSERT_EQ(fixed.size(), free.size());
    for (std::size_t i = 0; i < fixed.size(); ++i) {
      EXPECT_EQ(free[i].shape, fixed[i].shape);
      ASSERT_EQ(free[i].data.size(), fixed[i].data.size());
      for (std::size_t k = 0; k < fixed[i].data.size(); ++k)
        EXPECT_NEAR(free[i].data[k], fixed[i].data[k], 1e-12 * (1 + std::abs(fixed[i].data[k])));
    }
  }
}

}  // namespace
}  // namespace actinium
