// The derivative rules of every primitive: reverse mode against central differences of the plain reference, forward against
// reverse, and the same once more for the second derivative.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "actinium/actinium.h"
#include "ops/rules.hpp"
#include "support/derivatives.hpp"

namespace actinium {
namespace {

using derivatives::Domain;
using ops::Op;
using reference::Array;
using Arguments = std::vector<Expr>;

struct Case {
  std::string name;
  std::vector<Domain> inputs;
  std::function<Expr(const Arguments&)> f;
  bool twice = true;  ///< also check second derivatives
};

std::vector<Case> cases() {
  std::vector<Case> all;
  auto one = [&](Op op, double lo, double hi) {
    all.push_back({std::string(ops::name_of(op)), {{{7}, lo, hi}}, [op](const Arguments& x) { return ops::unary(op, x[0]); }});
  };
  for (Op op : {Op::neg, Op::exp, Op::exp2, Op::expm1, Op::square, Op::sin, Op::cos, Op::atan, Op::sinh, Op::cosh, Op::asinh, Op::tanh,
                Op::erf, Op::erfc, Op::sech2, Op::sigmoid, Op::logistic_pdf, Op::softplus, Op::gauss, Op::normpdf, Op::normcdf})
    one(op, -2, 2);
  for (Op op : {Op::log, Op::log2, Op::log10, Op::log1p, Op::sqrt, Op::rsqrt, Op::cbrt, Op::reciprocal, Op::log1mexp, Op::abs, Op::sign, Op::floor,
                Op::ceil, Op::trunc, Op::round})
    one(op, 0.6, 0.95);
  for (Op op : {Op::asin, Op::acos, Op::atanh, Op::tan}) one(op, -0.8, 0.8);
  one(Op::acosh, 1.5, 3);
  const Domain v{{3, 4}, 0.3, 2}, w{{4}, 0.4, 1.7}, s{{}, 0.5, 2}, m{{3, 4}, -2, 2}, n{{4, 5}, -2, 2};
  auto add = [&](std::string name, std::vector<Domain> in, std::function<Expr(const Arguments&)> f, bool twice = true) {
    all.push_back({std::move(name), std::move(in), std::move(f), twice});
  };
  add("add", {v, w}, [](const Arguments& x) { return x[0] + x[1]; });
  add("sub", {w, v}, [](const Arguments& x) { return x[0] - x[1]; });
  add("mul", {v, s}, [](const Arguments& x) { return x[0] * x[1]; });
  add("div", {v, w}, [](const Arguments& x) { return x[0] / x[1]; });
  add("pow", {v, w}, [](const Arguments& x) { return pow(x[0], x[1]); });
  add("pow_literals", {v}, [](const Arguments& x) { return pow(x[0], 3) + pow(x[0], -2) * pow(-x[0], 2) + pow(x[0], 1.5) + pow(x[0], 0) + pow(x[0], 1); });
  add("max", {v, w}, [](const Arguments& x) { return max(x[0], x[1]); });
  add("min", {v, w}, [](const Arguments& x) { return min(x[0], x[1]); });
  add("atan2", {m, w}, [](const Arguments& x) { return atan2(x[0], x[1]); });
  add("hypot", {m, w}, [](const Arguments& x) { return hypot(x[0], x[1]); });
  add("copysign", {v, m}, [](const Arguments& x) { return copysign(x[0], x[1]); });
  add("select", {v, w}, [](const Arguments& x) { return where(x[0] > x[1], square(x[0]), x[0] * x[1]); });
  add("clamp", {v, w}, [](const Arguments& x) { return clamp(square(x[0]), x[1], x[1] + 0.7); });
  add("fma", {v, w, s}, [](const Arguments& x) { return fma(x[0], x[1], x[2]); });
  add("cast", {v}, [](const Arguments& x) { return cast(cast(x[0], f64), f64) * x[0]; });
  add("stop_gradient", {v}, [](const Arguments& x) { return x[0] + 0 * stop_gradient(x[0]); });
  add("broadcast", {w}, [](const Arguments& x) { return broadcast_to(x[0], {2, 3, 4}); });
  add("reshape", {v}, [](const Arguments& x) { return reshape(sin(x[0]), {2, -1}); });
  add("transpose", {{{2, 3, 4}, -1, 1}}, [](const Arguments& x) { return sin(transpose(x[0], {2, 0, 1})); });
  add("slice", {m}, [](const Arguments& x) { return slice(sin(x[0]), 1, 3, 1, 1); });
  add("slice_step", {{{9, 2}, -1, 1}}, [](const Arguments& x) { return square(slice(x[0], 1, 8, 3, 0)); });
  add("slice_step_to_end", {{{10}, -1, 1}}, [](const Arguments& x) { return square(slice(x[0], 0, std::nullopt, 4, 0)); });
  add("slice_backwards", {{{9, 2}, -1, 1}}, [](const Arguments& x) { return square(slice(x[0], 7, 0, -2, 0)); });
  add("slice_empty", {m}, [](const Arguments& x) { return concat({slice(x[0], 2, 2), x[0]}); });
  add("pad", {m, s}, [](const Arguments& x) { return square(pad(x[0], {1, 0}, {0, 2}, x[1])); });
  add("concat", {m, v}, [](const Arguments& x) { return square(concat({x[0], x[1], x[0]}, 1)); });
  add("stack", {w, w}, [](const Arguments& x) { return square(stack({x[0], x[1]}, 1)); });
  add("gather", {n}, [](const Arguments& x) {
    const Expr i = cast(5.0 * reduce_max(slice(x[0], 0, 3, 1, 1) * 0, 1) + 1.0, i32);
    return square(gather(x[0], i - 1, 1));
  });
  add("scatter_add", {{{5}, -1, 1}, {{3, 2}, -1, 1}}, [](const Arguments& x) {
    Graph g(x[0].graph());
    const Expr i = cast(g.iota({3, 2}, 0), i64) * 2 - 2;  // -2 counts from the end; 0 and 2 occur twice each
    return square(scatter_add(x[0], i, x[1]));
  });
  // Indices outside: gather reads the nearest element, scatter_add drops the update.
  add("gather_outside", {{{3, 5}, -1, 1}}, [](const Arguments& x) {
    return square(gather(x[0], cast(Graph(x[0].graph()).iota({5}), i32) * 4 - 9, 1));  // -9, -5, -1, 3, 7
  });
  add("scatter_outside", {{{5, 2}, -1, 1}, {{2, 5, 2}, -1, 1}}, [](const Arguments& x) {
    return square(scatter_add(x[0], cast(Graph(x[0].graph()).iota({2, 5}, 1), i64) * 4 - 9, x[1])) * x[0];
  });
  add("gather_constant", {{{3, 5}, -1, 1}}, [](const Arguments& x) {
    Graph g(x[0].graph());
    return square(gather(x[0], g.constant("i", Tensor(std::vector<std::int64_t>{7, -1, 0}, {3})), 1)) + gather(x[0], g.constant("j", Tensor{4, -5, 2}), 1);
  });
  add("scatter_constant", {{{5}, -1, 1}, {{4}, -1, 1}}, [](const Arguments& x) {
    Graph g(x[0].graph());
    return square(scatter_add(x[0], g.constant("i", Tensor{4, -6, 0, 5}), x[1])) * scatter_add(x[0], g.constant("j", Tensor{4, -5, 0, 4}), x[1]);
  });
  add("scatter_outside_axis", {{{2, 5, 2}, -1, 1}, {{2, 3, 2}, -1, 1}}, [](const Arguments& x) {
    return square(scatter_add(x[0], cast(Graph(x[0].graph()).iota({3}), i64) * 5 - 1, x[1], 1)) * x[0];
  });
  add("elements", {{{7}, -1, 1}}, [](const Arguments& x) {  // taken apart, one twice and one never
    const auto at = [&](int i) { return squeeze(slice(x[0], i, i + 1)); };
    return stack({at(0) * at(2), sin(at(4)) * at(0), at(5) * at(6) * at(1)}) * at(2);
  });
  add("pieces", {{{8, 3}, -1, 1}}, [](const Arguments& x) {  // ranges that overlap, along two axes, and the whole
    const auto from = [&](int first, int last, int axis = 0) { return slice(x[0], first, last, 1, axis); };
    return sum(from(0, 3) * from(5, 8)) * sum(from(2, 6)) + sum(square(from(1, 3, 1))) * from(4, 5) + sum(x[0] * x[0]);
  });
  add("flip", {m}, [](const Arguments& x) { return square(flip(x[0], 1)) * flip(x[0]); });
  add("sum", {m}, [](const Arguments& x) { return square(sum(x[0], 1)); });
  add("sum_keepdims", {m}, [](const Arguments& x) { return x[0] * sum(square(x[0]), {0, 1}, true); });
  add("mean", {m}, [](const Arguments& x) { return exp(mean(x[0], 0)); });
  add("prod", {m}, [](const Arguments& x) { return prod(x[0], 1); });
  add("prod_long", {{{2, 11}, 0.5, 1.5}}, [](const Arguments& x) { return prod(x[0], 1); });
  add("prod_all", {{{3, 4}, 0.5, 1.5}}, [](const Arguments& x) { return prod(x[0]); });
  add("prod_axes", {{{2, 3, 2}, -1, 1}}, [](const Arguments& x) { return prod(x[0], {0, 2}); });
  add("reduce_max", {m}, [](const Arguments& x) { return square(reduce_max(x[0], 0)); });
  add("reduce_max_axes", {{{2, 3, 2}, -1, 1}}, [](const Arguments& x) { return square(reduce_max(x[0], {0, 2})); });
  add("reduce_min", {m}, [](const Arguments& x) { return square(min(x[0])); });
  add("cumsum", {m}, [](const Arguments& x) { return square(cumsum(x[0], 0)) + square(cumsum(x[0], 1, true)); });
  add("sort", {m}, [](const Arguments& x) { return square(sort(x[0], 0)) * sort(x[0], 1); });
  add("matmul", {m, n}, [](const Arguments& x) { return square(matmul(x[0], x[1])); });
  add("matmul_vectors", {w, n, {{5}, -1, 1}}, [](const Arguments& x) { return square(matmul(matmul(x[0], x[1]), x[2])); });
  add("matmul_batched", {{{2, 3, 4}, -1, 1}, {{4, 2}, -1, 1}, {{2, 2, 3}, -1, 1}},
      [](const Arguments& x) { return matmul(matmul(x[0], x[1]), x[2]); });
  add("matmul_broadcast", {{{3, 4}, -1, 1}, {{2, 4, 2}, -1, 1}}, [](const Arguments& x) { return square(matmul(x[0], x[1])); });
  add("checkpoint", {v, w}, [](const Arguments& x) {
    const Expr scale = exp(x[1]);
    return checkpoint([&](const Expr& a) { return scale * sin(square(a)); })(x[0]);
  });
  add("matmul_row", {w, {{4, 5}, -2, 2}}, [](const Arguments& x) { return square(matmul(x[0], x[1])); });
  add("matmul_column", {{{5, 4}, -2, 2}, w}, [](const Arguments& x) { return square(matmul(x[0], x[1])); });
  add("gather_rows", {{{3, 4, 2}, -1, 1}, {{2, 2}, 0, 3.9}}, [](const Arguments& x) { return x[1] * sum(gather(x[0], cast(x[1] - 2.0, i32), 1), {0, 3}); });
  add("scatter_axis", {{{2, 5}, -1, 1}, {{2, 3}, -1, 1}, {{3}, -2, 2}}, [](const Arguments& x) {
    return square(scatter_add(x[0], cast(2 * sin(x[2]), i64), x[1] * x[2], 1));
  });
  add("one_hot", {{{3}, 0, 3.9}, {{3, 4}, -1, 1}}, [](const Arguments& x) { return square(x[1]) * one_hot(cast(x[0], i32), 4, 1, f64) * x[1]; });
  add("argsort", {m}, [](const Arguments& x) { return cast(argsort(x[0], 1), f64) * x[0] + expand_dims(cast(argmax(x[0], 1) + argmin(x[0], 1), f64), 1) * x[0]; }, false);
  add("norm", {m}, [](const Arguments& x) { return sqrt(sum(square(x[0]), 1)); });
  return all;
}

class Rules : public testing::TestWithParam<Case>, protected derivatives::Problem {
 protected:
  Rules() : derivatives::Problem(GetParam().inputs) {}
};

TEST_P(Rules, FirstDerivative) { check_first(GetParam().f); }

TEST_P(Rules, SecondDerivative) {
  if (!GetParam().twice) GTEST_SKIP();
  check_second(GetParam().f);
}

/// For every choice of inputs that are batches: the function of the batch is the function of each example, and so is its gradient.
TEST_P(Rules, Batched) {
  const std::size_t count = x.size();
  const int examples = 3;
  const auto f = [&](const Arguments& arguments) { return GetParam().f(arguments); };
  const auto value_and_slope = [&](const Arguments& a) {
    Arguments all{f(a)};
    for (const Expr& d : grad(sum(f(a) * (1.0 + f(a))), a)) all.push_back(d);
    return all;
  };
  for (unsigned chosen = 1; chosen < 1u << count; ++chosen) {
    Arguments all, shared;
    std::vector<std::optional<int>> axes;
    for (std::size_t i = 0; i < count; ++i) {
      const bool has = (chosen >> i & 1) != 0;
      const int axis = has ? static_cast<int>(i) % (x[i].rank() + 1) : 0;
      axes.push_back(has ? std::optional<int>(axis) : std::nullopt);
      if (!has) {
        all.push_back(x[i]);
        continue;
      }
      std::vector<Dim> dims = x[i].shape().dims();
      dims.insert(dims.begin() + axis, Dim(examples));
      const std::string name = "b" + std::to_string(i) + "_" + std::to_string(axis);
      all.push_back(g.input(name, Shape(dims)));
      std::vector<std::int64_t> extents(dims.size());
      for (std::size_t k = 0; k < dims.size(); ++k) extents[k] = dims[k].constant();
      values[name] = reference::random(extents, GetParam().inputs[i].lo, GetParam().inputs[i].hi, static_cast<unsigned>(i) + 40);
    }
    const auto here = std::source_location::current();
    const Arguments one_of = detail::examples(all, axes, here);
    const Arguments got = detail::vmap(value_and_slope(one_of), one_of, all, axes, 0, here);
    for (int b = 0; b < examples; ++b) {
      Arguments one;
      for (std::size_t i = 0; i < count; ++i)
        one.push_back(axes[i] ? squeeze(slice(all[i], b, b + 1, 1, *axes[i]), *axes[i]) : all[i]);
      const Arguments want = value_and_slope(one);
      for (std::size_t k = 0; k < got.size(); ++k) {
        verify(Module{g.data(), g.data()->inputs(), {got[k].id()}});
        const Array mine = reference::evaluate(squeeze(slice(got[k], b, b + 1), 0), values), truth = reference::evaluate(want[k], values);
        ASSERT_EQ(mine.shape, truth.shape) << "batched inputs " << chosen << ", result " << k;
        for (std::size_t e = 0; e < truth.data.size(); ++e)
          EXPECT_NEAR(mine.data[e], truth.data[e], 1e-12 * std::max(1.0, std::abs(truth.data[e])))
              << "batched inputs " << chosen << ", result " << k << "[" << e << "] of example " << b << "\n" << got[k];
      }
    }
  }
}

/// Value, gradient and a Hessian-vector product: near the reference, and the same bits.
TEST_P(Rules, Engines) { check_engines(GetParam().f); }

INSTANTIATE_TEST_SUITE_P(Autodiff, Rules, testing::ValuesIn(cases()), [](const auto& i) { return i.param.name; });

/// Every op with a derivative occurs in the table above.
TEST(AutodiffRules, CoverEveryPrimitive) {
  std::set<Op> seen;
  for (const Case& c : cases()) {
    Graph g{f64};
    Arguments x;
    for (std::size_t i = 0; i < c.inputs.size(); ++i)
      x.push_back(g.input("x" + std::to_string(i), Shape(std::vector<Dim>(c.inputs[i].shape.begin(), c.inputs[i].shape.end()))));
    const Expr y = c.f(x);
    grad(sum(y), x);  // the adjoint of a checkpoint is made of `again`
    for (std::uint32_t i = 0; i < g.node_count(); ++i) seen.insert(g.data()->op(NodeId{i}));
  }
  for (const auto& info : ops::op_table) {
    const ops::Rule& rule = ops::rule(info.op);
    const bool lowered = info.op == Op::raw_min || info.op == Op::raw_max || info.op == Op::muladd ||
                         info.op == Op::normtail || info.op == Op::exp_scaled || info.op == Op::ldexp_exp ||
                         info.op == Op::activation;
    if ((rule.partial != nullptr || rule.vjp != nullptr) && !lowered) {
      EXPECT_TRUE(seen.contains(info.op)) << info.name;
    }
  }
}

}  // namespace
}  // namespace actinium
