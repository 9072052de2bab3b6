// Losses: softmax_cross_entropy with its smoothing, kl_divergence, limits of the elementwise ones; their gradients by
// the targets. (accuracy_test.cpp holds the elementwise ones to a few ulp.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "actinium/parse.h"
#include "actinium/random.h"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
using Row = std::vector<double>;

Format format_of(DType t) { return t == f32 ? f32_format : f64_format; }
double ulp_of(double size, Format f) {
  const int exponent = size == 0 ? f.min_exponent : std::max(std::ilogb(size), f.min_exponent);
  return std::ldexp(1.0, exponent - f.bits + 1);
}

/// -sum q log y and, by each x, y sum(q) - q, with y = softmax(x): exact, each with the summed size of its terms.
struct Entropy {
  Real loss;
  std::vector<Real> slope, slope_size, log_y;
  Entropy(const Row& x, const std::vector<Real>& q) {
    std::vector<Real> e;
    Real sum;
    for (double v : x) e.push_back(exp(Real(v))), sum = sum + e.back();
    for (std::size_t i = 0; i < x.size(); ++i) {
      Real others;
      for (std::size_t j = 0; j < x.size(); ++j)
        if (j != i) others = others + e[j];
      log_y.push_back(log(e[i] / sum));
      if (!q[i].is_zero()) loss = loss - q[i] * log_y[i];
      Real rest;
      for (std::size_t j = 0; j < x.size(); ++j)
        if (j != i) rest = rest + q[j];
      slope.push_back(rest * e[i] / sum - q[i] * others / sum);
      slope_size.push_back(abs(rest) * e[i] / sum + abs(q[i]) * others / sum);
    }
  }
};

Tensor mask(std::int64_t rows, std::int64_t n) {
  Tensor t = Tensor::zeros({rows, n}, boolean);
  for (std::int64_t i = 0; i < t.size(); ++i) static_cast<bool*>(t.raw())[i] = i % 3 != 1;
  return t;
}

class CrossEntropy : public ::testing::TestWithParam<DType> {
 protected:
  const DType type = GetParam();
  const Format format = format_of(type);
  Array row(const Row& v) { return array(type, {static_cast<std::int64_t>(v.size())}, v); }
  void near(double got, const Real& exact, const Real& size, std::size_t n, const std::string& what) {
    const double error = abs(Real(got) - exact).to_double();
    if (error <= 4 * std::ldexp(1.0, format.min_exponent - format.bits + 1)) return;
    EXPECT_LE(error / ulp_of(size.to_double(), format), 4.0 + static_cast<double>(n))
        << what << ": " << got << " instead of " << exact.to_double();
  }
};

const std::vector<Row> logits{{0, 0, 0},    {40, 0, -3},   {-700, 20, 0}, {1e4, 1e4 - 1, 1e4 - 20},
                              {-1, 2, 0.5}, {0, -30, -60}, {5, 5, -30},   {0.25, 0, -0.125}};

TEST_P(CrossEntropy, SmoothedLabels) {
  const Real::Precision precision(3000);
  for (const Row& x_ : logits)
    for (double s_ : {0.0, 0.125, 0.1, 0.9})
      for (int label = 0; label < 3; ++label) {
        const double s = rounded(type, s_);
        Row x = x_;
        for (double& v : x) v = rounded(type, v);
        std::vector<Real> q(3, Real(s) / Real(3));
        q[static_cast<std::size_t>(label)] = q[0] + Real(1) - Real(s);
        const Entropy exact(x, q);
        Graph g(type);
        const Expr in = g.input("x", {3}), smoothing = g.input("s", {});
        const Inputs inputs{{"x", row(x)}, {"s", array(type, {}, {s})}};
        for (const Expr& loss : {softmax_cross_entropy(in, g.constant(label, i64), -1, s),
                                 softmax_cross_entropy(in, g.constant(label, i32), -1, smoothing),
                                 softmax_cross_entropy(in, one_hot(g.constant(label, i64), 3), 0, smoothing)}) {
          near(evaluate(loss, inputs)[0], exact.loss, exact.loss, 3, "loss");
          const Array d = evaluate(grad(loss, in), inputs), t = evaluate(jvp(loss, in, g.constant(1.0) * in), inputs);
          Real directional, size;
          for (std::size_t i = 0; i < 3; ++i) {
            near(d[i], exact.slope[i], exact.slope_size[i], 3, "gradient");
            directional = directional + exact.slope[i] * Real(x[i]);
            size = size + exact.slope_size[i] * abs(Real(x[i]));
          }
          near(t[0], directional, size, 3, "tangent");
        }
        // By the smoothing: sum (p - 1/3) log y.
        Real slope, size;
        for (std::size_t i = 0; i < 3; ++i) {
          const Real c = (i == static_cast<std::size_t>(label) ? Real(1) : Real(0)) - Real(1) / Real(3);
          slope = slope + c * exact.log_y[i], size = size + abs(c * exact.log_y[i]);
        }
        const Expr loss = softmax_cross_entropy(in, g.constant(label, i64), -1, smoothing);
        near(evaluate(grad(loss, smoothing), inputs)[0], slope, size, 3, "by the smoothing");
        near(evaluate(jvp(loss, smoothing, g.constant(1.0)), inputs)[0], slope, size, 3, "by the smoothing, forward");
      }
}

TEST_P(CrossEntropy, Distributions) {
  const Real::Precision precision(3000);
  for (const Row& x_ : logits)
    for (const Row& p_ : {Row{0.5, 0.25, 0.25}, Row{1, 0, 0}, Row{0, 0, 1}, Row{0.1, 0.2, 0.7}, Row{2, 0, 1e-3}}) {
      Row x = x_, p = p_;
      for (double& v : x) v = rounded(type, v);
      for (double& v : p) v = rounded(type, v);
      const Entropy exact(x, {Real(p[0]), Real(p[1]), Real(p[2])});
      Graph g(type);
      const Expr in = g.input("x", {3}), labels = g.input("p", {3}), loss = softmax_cross_entropy(in, labels);
      const Inputs inputs{{"x", row(x)}, {"p", row(p)}};
      near(evaluate(loss, inputs)[0], exact.loss, exact.loss, 3, "loss");
      const Array d = evaluate(grad(loss, in), inputs), by_label = evaluate(grad(loss, labels), inputs);
      for (std::size_t i = 0; i < 3; ++i) {
        near(d[i], exact.slope[i], exact.slope_size[i], 3, "gradient");
        near(by_label[i], -exact.log_y[i], exact.log_y[i], 3, "by the labels");
      }
    }
}

/// The Hessian of the loss at one label is that of logsumexp: diag(y) - y y'.
TEST_P(CrossEntropy, SecondDerivatives) {
  const Real::Precision precision(3000);
  for (const Row& x_ : logits) {
    Row x = x_;
    for (double& v : x) v = rounded(type, v);
    std::vector<Real> e;
    Real sum;
    for (double v : x) e.push_back(exp(Real(v))), sum = sum + e.back();
    Graph g(type);
    const Expr in = g.input("x", {3}), v = g.input("v", {3});
    for (int label = 0; label < 3; ++label)
      for (double smoothing : {0.0, 0.25})
        for (std::size_t j = 0; j < 3; ++j) {
          Row direction(3, 0);
          direction[j] = 1;
          const Inputs inputs{{"x", row(x)}, {"v", row(direction)}};
          const Expr loss = softmax_cross_entropy(in, g.constant(label, i64), -1, smoothing);
          const Array forward = evaluate(jvp(grad(loss, in), in, v), inputs),
                      reverse = evaluate(grad(actinium::sum(grad(loss, in) * v), in), inputs);
          for (std::size_t i = 0; i < 3; ++i) {
            Real others;
            for (std::size_t k = 0; k < 3; ++k)
              if (k != i) others = others + e[k];
            const Real exact = i == j ? e[i] * others / (sum * sum) : -(e[i] * e[j]) / (sum * sum);
            near(forward[i], exact, exact, 3, "forward");
            near(reverse[i], exact, exact, 3, "reverse");
          }
        }
  }
}

TEST_P(CrossEntropy, ImpossibleClasses) {
  Graph g(type);
  const Expr x = g.input("x", {3}), p = g.input("p", {3});
  const Inputs inputs{{"x", row({0, 0, -inf})}, {"p", row({0.5, 0.5, 0})}};
  const Expr loss = softmax_cross_entropy(x, p);
  const double log2 = rounded(type, std::log(2));
  EXPECT_EQ(evaluate(loss, inputs)[0], log2);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(evaluate(grad(loss, x), inputs)[i], 0);
  const Expr one = softmax_cross_entropy(x, g.constant(1, i64));
  EXPECT_EQ(evaluate(one, inputs)[0], log2);
  EXPECT_EQ(evaluate(grad(one, x), inputs)[0], 0.5);
  EXPECT_EQ(evaluate(grad(one, x), inputs)[1], -0.5);
  EXPECT_EQ(evaluate(grad(one, x), inputs)[2], 0);
  EXPECT_EQ(evaluate(softmax_cross_entropy(x, g.constant(2, i64)), inputs)[0], inf);
  EXPECT_EQ(evaluate(softmax_cross_entropy(x, g.constant(0, i64), -1, 0.5), inputs)[0], inf);
}

TEST_P(CrossEntropy, Errors) {
  Graph g(type);
  const Expr x = g.input("x", {2, 3}), t = g.input("t", {2}, i64), s = g.input("s", {2});
  EXPECT_THROW(softmax_cross_entropy(x, t, -1, 1.0), ValueError);
  EXPECT_THROW(softmax_cross_entropy(x, t, -1, -0.1), ValueError);
  EXPECT_THROW(softmax_cross_entropy(x, t, -1, s), ShapeError);
  EXPECT_THROW(softmax_cross_entropy(x, t, 0), ShapeError);
  EXPECT_THROW(softmax_cross_entropy(x, s), ShapeError);
  EXPECT_TRUE(softmax_cross_entropy(x, t, -1, 0.0).same_as(softmax_cross_entropy(x, t)));
  EXPECT_TRUE(softmax_cross_entropy(x, t, {{"label_smoothing", 0.1}}).same_as(softmax_cross_entropy(x, t, -1, 0.1)));
  EXPECT_TRUE(activation("cross_entropy")(x, t).same_as(softmax_cross_entropy(x, t, 1)));
}

INSTANTIATE_TEST_SUITE_P(Types, CrossEntropy, ::testing::Values(f32, f64),
                         [](const auto& info) { return std::string(name_of(info.param)); });

/// Values, gradients and second derivatives of everything along axes, of rows from one element to several vectors: one
/// answer from the interpreter, the JIT and the JIT for narrower vectors.
TEST(AlongRows, EnginesGiveTheSameBits) {
  const std::vector<std::pair<std::string, std::function<Expr(const Expr&, const Expr&, const Expr&, const Expr&)>>>
      table{{"softmax", [](auto& x, auto&, auto&, auto&) { return softmax(x); }},
            {"softmax of columns", [](auto& x, auto&, auto&, auto&) { return softmax(x, 0); }},
            {"masked softmax", [](auto& x, auto&, auto&, auto& m) { return softmax(x, -1, m); }},
            {"log_softmax", [](auto& x, auto&, auto&, auto&) { return log_softmax(x); }},
            {"log_softmax of all", [](auto& x, auto&, auto&, auto&) { return log_softmax(x, all_axes); }},
            {"softmin", [](auto& x, auto&, auto&, auto&) { return softmin(x); }},
            {"logsumexp", [](auto& x, auto&, auto&, auto&) { return logsumexp(x, -1, true); }},
            {"masked logsumexp", [](auto& x, auto&, auto&, auto& m) { return logsumexp(x, -1, true, m); }},
            {"logmeanexp", [](auto& x, auto&, auto&, auto&) { return logmeanexp(x, -1, true); }},
            {"standardize", [](auto& x, auto&, auto&, auto&) { return standardize(x); }},
            {"sparsemax", [](auto& x, auto&, auto&, auto&) { return sparsemax(x); }},
            {"hardmax", [](auto& x, auto&, auto&, auto&) { return hardmax(x); }},
            {"entropy", [](auto& x, auto&, auto& l, auto&) { return softmax_cross_entropy(x, l); }},
            {"smoothed entropy", [](auto& x, auto&, auto& l, auto&) { return softmax_cross_entropy(x, l, -1, 0.1); }},
            {"entropy of a distribution",
             [](auto& x, auto& p, auto&, auto&) { return softmax_cross_entropy(x, p, -1, 0.1); }},
            {"sigmoid entropy", [](auto& x, auto& p, auto&, auto&) { return sigmoid_cross_entropy(x, p, 2.0); }},
            {"huber", [](auto& x, auto& p, auto&, auto&) { return huber(x, p, 0.5); }},
            {"smooth_l1", [](auto& x, auto& p, auto&, auto&) { return smooth_l1(x, p, 0.5); }},
            {"mse", [](auto& x, auto& p, auto&, auto&) { return mse(x, p); }},
            {"kl_divergence", [](auto& x, auto& p, auto&, auto&) { return kl_divergence(softmax(x), p); }},
            {"kl_div", [](auto& x, auto& p, auto&, auto&) { return kl_div(log_softmax(x), p); }}};
  for (DType type : {f32, f64})
    for (const auto& [name, f] : table) {
      SCOPED_TRACE(name + " " + std::string(name_of(type)));
      Graph g(type);
      const Expr x = g.input("x", {"rows", "n"}), p = g.input("p", {"rows", "n"}), l = g.input("l", {"rows"}, i32),
                 m = g.input("m", {"rows", "n"}, boolean);
      const Expr y = f(x, p, l, m), d = grad(sum(y * y), x);
      const std::vector<Expr> outputs{y, d, jvp(y, x, p), jvp(d, x, p), grad(sum(d * p), x), grad(sum(y * y), p)};
      const auto reference = compile({x, p, l, m}, outputs, {.engine = Engine::interpret}),
                 jit = compile({x, p, l, m}, outputs, {.engine = Engine::jit}),
                 narrow = compile({x, p, l, m}, outputs, {.engine = Engine::jit, .isa = "x86-64-v3"});
      for (std::int64_t n : {1, 2, 7, 8, 9, 16, 17, 33, 64, 65, 130}) {
        const std::vector<Tensor> in{random_normal(1, {3, n}, 0, 9, type), random_uniform(2, {3, n}, 0.01, 1, type),
                                     Tensor::zeros({3}, i32), mask(3, n)};
        const auto expected = reference(in), got = jit(in), other = narrow(in);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
          EXPECT_EQ(got[k], expected[k]) << "output " << k << " of " << n;
          EXPECT_EQ(other[k], expected[k]) << "output " << k << " of " << n << ", narrower";
        }
      }
    }
}

/// Rows of many chunks: the JIT's tree is the interpreter's.
TEST(AlongRows, LongRowsGiveTheSameBits) {
  for (DType type : {f32, f64}) {
    Graph g(type);
    const Expr x = g.input("x", {"rows", "n"}), line = g.input("line", {"n"}), l = g.input("l", {"rows"}, i32);
    const std::vector<Expr> outputs{softmax(x),
                                    log_softmax(x),
                                    grad(sum(square(log_softmax(x))), x),
                                    grad(sum(softmax_cross_entropy(x, l)), x),
                                    softmax(line),
                                    logsumexp(line),
                                    grad(sum(square(log_softmax(line))), line)};
    const auto reference = compile({x, line, l}, outputs, {.engine = Engine::interpret}),
               jit = compile({x, line, l}, outputs, {.threads = 2, .engine = Engine::jit});
    for (std::int64_t n : {16384, 16385, 50'007}) {
      const std::vector<Tensor> in{random_normal(1, {2, n}, 0, 9, type), random_normal(2, {n}, 5, 3, type),
                                   Tensor::zeros({2}, i32)};
      const auto expected = reference(in), got = jit(in);
      for (std::size_t k = 0; k < outputs.size(); ++k) EXPECT_EQ(got[k], expected[k]) << k << " of " << n;
    }
  }
}

/// Value, gradient and second derivative stay few nodes and one kernel.
TEST(AlongRows, DerivativesStaySmall) {
  struct Size {
    const char* text;
    std::size_t value, gradient, second;
  };
  for (const Size& size :
       {Size{"softmax(x)", 27, 38, 54}, Size{"log_softmax(x)", 39, 58, 74}, Size{"logsumexp(x, axis=-1)", 35, 41, 53},
        Size{"logmeanexp(x, axis=-1)", 56, 62, 74}, Size{"softmax_cross_entropy(x, l)", 52, 69, 83},
        Size{"softmax_cross_entropy(x, w, label_smoothing=0.1)", 50, 71, 88},
        Size{"sigmoid_cross_entropy(x, w)", 23, 33, 39}, Size{"huber(x, w)", 13, 15, 19},
        Size{"kl_divergence(x, w)", 31, 33, 36}}) {
    Graph g(f32);
    const Expr x = g.input("x", {"rows", "n"}), w = g.input("w", {"rows", "n"}), l = g.input("l", {"rows"}, i32);
    const Expr y = parse(g, size.text), d = grad(sum(y), x), second = grad(sum(d * w), x);
    const std::size_t most[] = {size.value, size.gradient, size.second};
    const std::vector<Expr> outputs{y, d, second};
    for (std::size_t k = 0; k < 3; ++k) {
      const std::vector<Expr> some(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(k) + 1);
      const Stats stats = compile({x, w, l}, some, {.engine = Engine::interpret}).stats();
      EXPECT_LE(stats.nodes, most[k]) << size.text << " " << k;
      EXPECT_EQ(stats.kernels, 1) << size.text << " " << k;
    }
  }
}

struct Losses : ::testing::Test {
  Graph g{f64};
  Expr x = g.input("x", {}), t = g.input("t", {}), w = g.input("w", {});
  double run(const Expr& e, double xs, double ts, double ws = 1) {
    return evaluate(e, {{"x", array(f64, {}, {xs})}, {"t", array(f64, {}, {ts})}, {"w", array(f64, {}, {ws})}})[0];
  }
};

TEST_F(Losses, SigmoidCrossEntropyInItsTails) {
  const Expr loss = sigmoid_cross_entropy(x, t), d = grad(loss, x), by_label = grad(loss, t);
  EXPECT_EQ(run(loss, 800, 1), 0);
  EXPECT_NEAR(run(loss, 700, 1) / std::exp(-700), 1, 1e-15);
  EXPECT_NEAR(run(loss, -700, 0) / std::exp(-700), 1, 1e-15);
  EXPECT_NEAR(run(d, 700, 1) / -std::exp(-700), 1, 1e-15);
  EXPECT_NEAR(run(d, -700, 0) / std::exp(-700), 1, 1e-15);
  EXPECT_EQ(run(loss, inf, 1), 0);
  EXPECT_EQ(run(loss, -inf, 0), 0);
  EXPECT_EQ(run(loss, inf, 0), inf);
  EXPECT_EQ(run(loss, -1e300, 0.5), 5e299);
  EXPECT_EQ(run(by_label, 1e-12, 0.3), -1e-12);
  EXPECT_EQ(run(grad(by_label, x), 2, 0.3), -1);
  const Expr weighed = sigmoid_cross_entropy(x, t, w);
  EXPECT_NEAR(run(weighed, 2, 0.25, 3), 0.75 * std::log1p(std::exp(-2)) + 0.75 * (2 + std::log1p(std::exp(-2))), 1e-15);
  EXPECT_NEAR(run(grad(weighed, w), 2, 0.25, 3), 0.25 * std::log1p(std::exp(-2)), 1e-16);
  EXPECT_NEAR(run(grad(weighed, t), 2, 0.25, 3), 2 * std::log1p(std::exp(-2)) - 2, 1e-15);
  EXPECT_THROW(sigmoid_cross_entropy(x, t, -1.0), ValueError);
}

TEST_F(Losses, KinksOfHuber) {
  for (double delta : {0.5, 2.0}) {
    const Expr loss = huber(x, t, delta), d = grad(loss, x);
    EXPECT_EQ(run(loss, 1 + delta, 1), delta * delta / 2);
    EXPECT_EQ(run(d, 1 + delta, 1), delta);
    EXPECT_EQ(run(d, 9, 1), delta);
    EXPECT_EQ(run(d, -9, 1), -delta);
    EXPECT_EQ(run(d, 1.25, 1), 0.25);
    EXPECT_EQ(run(grad(d, x), 1 + delta, 1), 0);
    EXPECT_EQ(run(grad(d, x), 1.25, 1), 1);
    EXPECT_EQ(run(grad(d, t), 1.25, 1), -1);
    EXPECT_EQ(run(grad(loss, t), 9, 1), -delta);
    EXPECT_TRUE(smooth_l1(x, t, delta).same_as(activation("SmoothL1Loss")(x, {{"targets", t}, {"beta", delta}})));
    EXPECT_EQ(run(smooth_l1(x, t, delta), 9, 1), 8 - delta / 2);
    EXPECT_EQ(run(smooth_l1(x, t, delta), 1.25, 1), 0.03125 / delta);
    EXPECT_EQ(run(grad(smooth_l1(x, t, delta), x), 9, 1), 1);
  }
  EXPECT_EQ(run(smooth_l1(x, t, 0.0), 3, 1), 2);
  EXPECT_EQ(run(grad(smooth_l1(x, t, 0.0), x), 1, 1), 0);
  EXPECT_EQ(run(grad(huber(x, t, w), w), 9, 1, 2), 6);
  EXPECT_EQ(run(grad(huber(x, t, w), w), 2, 1, 2), 0);
  EXPECT_THROW(huber(x, t, 0.0), ValueError);
  EXPECT_THROW(smooth_l1(x, t, -1.0), ValueError);
}

TEST_F(Losses, MeanSquaredErrorIsTheCallers) {
  const Expr a = g.input("a", {3}), b = g.input("b", {3}), loss = mean(mse(a, b));
  const Inputs in{{"a", array(f64, {3}, {1, 2, 4})}, {"b", array(f64, {3}, {1, 0, 1})}};
  EXPECT_NEAR(evaluate(loss, in)[0], 13.0 / 3, 1e-15);
  EXPECT_EQ(evaluate(grad(loss, a), in)[2], 2);
  EXPECT_EQ(evaluate(grad(loss, b), in)[2], -2);
  EXPECT_THROW(mse(g.input("c", {3}), g.input("d", {2, 3})), ShapeError);  // the operand is not stretched
}

TEST_F(Losses, DivergenceOfProbabilities) {
  const Expr e = relative_entropy(x, t), by_p = grad(e, x), by_q = grad(e, t);
  EXPECT_EQ(run(e, 0, 0.5), 0);
  EXPECT_EQ(run(e, 0, 0), 0);
  EXPECT_EQ(run(e, 0.5, 0), inf);
  EXPECT_EQ(run(by_q, 0, 0.5), 0);
  EXPECT_EQ(run(by_q, 0, 0), 0);
  EXPECT_EQ(run(by_q, 0.5, 0.25), -2);
  EXPECT_EQ(run(by_p, 0, 0.5), -inf);
  EXPECT_TRUE(std::isnan(run(e, 0, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(run(grad(by_p, x), 0.25, 0.5), 4);
  EXPECT_EQ(run(grad(by_p, t), 0.25, 0.5), -2);
  EXPECT_EQ(run(grad(by_q, t), 0.25, 0.5), 1);
  // log(p/q) near p = q, and where p/q leaves the range.
  const Real::Precision precision(300);
  for (const auto& [p, q] :
       {std::pair{0.3, std::nextafter(0.3, 1)}, std::pair{0.3, 0.3001}, std::pair{0.5, 0.26}, std::pair{1e-300, 1e-301},
        std::pair{1.0, 5e-324}, std::pair{1e-320, 0.7}, std::pair{0.9, 1e-310}, std::pair{3e-310, 2.9e-310}}) {
    const Real exact = Real(p) * log(Real(p) / Real(q));
    EXPECT_LE(distance(run(e, p, q), exact, f64_format), 4) << p << " " << q;
    const Real slope = log(Real(p) / Real(q)) + Real(1);
    EXPECT_LE(distance(run(by_p, p, q), slope, f64_format), 4) << p << " " << q;
  }
  const Expr p = g.input("p", {2, 2}), q = g.input("q", {2, 2});
  const Inputs in{{"p", array(f64, {2, 2}, {0.5, 0.5, 1, 0})}, {"q", array(f64, {2, 2}, {0.25, 0.75, 0.5, 0.5})}};
  const Array rows = evaluate(kl_divergence(p, q), in), all = evaluate(kl_divergence(p, q, all_axes), in);
  EXPECT_NEAR(rows[0], 0.5 * std::log(4.0 / 3), 1e-16);
  EXPECT_NEAR(rows[1], std::log(2), 1e-16);
  EXPECT_NEAR(all[0], rows[0] + rows[1], 1e-16);
}

TEST_F(Losses, DivergenceFromLogarithms) {
  const Expr plain = kl_div(x, t), logs = kl_div(x, {{"target", t}, {"log_target", true}});
  EXPECT_EQ(run(plain, -1, 0), 0);
  EXPECT_NEAR(run(plain, -1, 0.25), 0.25 * (std::log(0.25) + 1), 1e-16);
  EXPECT_NEAR(run(logs, -1, std::log(0.25)), 0.25 * (std::log(0.25) + 1), 1e-16);
  EXPECT_EQ(run(grad(plain, x), -1, 0.25), -0.25);
  EXPECT_NEAR(run(grad(logs, x), -1, std::log(0.25)), -0.25, 1e-16);
  EXPECT_NEAR(run(grad(plain, t), -1, 0.25), std::log(0.25) + 2, 1e-15);
  EXPECT_NEAR(run(grad(logs, t), -1, std::log(0.25)), 0.25 * (std::log(0.25) + 2), 1e-15);
}

}  // namespace
}  // namespace actinium::testing
