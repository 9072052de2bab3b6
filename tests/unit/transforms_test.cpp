// Transforms of expressions and of functions: vmap, jacobian, hessian, linearize, rules of one's own, checkpoint, and how they
// compose. The batching rule of every primitive is tested beside its derivative rules (autodiff_rules_test.cpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "actinium/actinium.h"
#include "activations/catalogue.hpp"
#include "certify/series.hpp"
#include "graph/graph.hpp"

namespace actinium {
namespace {

template <class T>
struct Layer {
  BOOST_HANA_DEFINE_STRUCT(Layer, (T, weight), (T, bias));
};

std::vector<double> values(const Expr& e, std::initializer_list<Feed> feeds) {
  const Tensor t = eval(e, feeds);
  const auto s = t.span<double>();
  return {s.begin(), s.end()};
}
void expect_near(const std::vector<double>& got, const std::vector<double>& want, double tolerance = 1e-13) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << i;
}
template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
/// Nodes that `e` needs once simplified.
std::size_t count(const Expr& e) {
  const std::vector<char> needed = reachable(*e.graph(), std::array{e.id()});
  return static_cast<std::size_t>(std::count(needed.begin(), needed.end(), 1));
}

TEST(Vmap, SecondDerivativeOfAFieldAtABatchOfPoints) {
  Graph g{f64};
  const Expr xs = g.input("xs", {"n"});
  const auto u = [](const Expr& x) { return sin(x) * exp(-x); };
  const std::vector<double> at{-1, 0, 0.5, 2};
  std::vector<double> want;
  for (double x : at) want.push_back(-2 * std::cos(x) * std::exp(-x));
  expect_near(values(vmap(grad(grad(u)))(xs), {{xs, at}}), want);
}

TEST(Vmap, SharesParametersAndTakesAxes) {
  Graph g{f64};
  const Expr W = g.input("W", {3, 2}), xs = g.input("xs", {3, "n"});
  const auto f = [](const Expr& w, const Expr& x) { return tanh(matmul(x, w)); };
  const Expr y = vmap(f, {.in = {std::nullopt, 1}, .out = 1})(W, xs);
  EXPECT_EQ(y.shape().str(), "[2, n]");
  const std::vector<double> Ws{1, 2, 3, -1, 0.5, 0.2};
  const Expr by_hand = tanh(matmul(transpose(xs), W)).T();
  const std::vector<double> data{0.1, 0.2, 0.3, 0.4, -0.5, 0.6};
  EXPECT_EQ(eval(y, {{W, Ws}, {xs, data}}), eval(by_hand, {{W, Ws}, {xs, data}}));  // one product for the batch: the same bits
}

TEST(Vmap, NestsToACrossProductOfBatches) {
  Graph g{f64};
  const Expr a = g.input("a", {"n", 3}), b = g.input("b", {"m", 3});
  const auto dot = [](const Expr& x, const Expr& y) { return sum(x * y); };
  const Expr all = vmap(vmap(dot, {{std::nullopt, 0}}), {{0, std::nullopt}})(a, b);
  EXPECT_EQ(all.shape().str(), "[n, m]");
  expect_near(values(all, {{a, std::vector<double>{1, 2, 3, 4, 5, 6}}, {b, std::vector<double>{1, 0, 1}}}), {4, 10});
}

TEST(Vmap, OfStructs) {
  Graph g{f64};
  const Layer<Expr> p{g.input("W", {5, 3, 2}), g.input("b", {5, 2})};
  const Expr x = g.input("x", {3});
  const auto f = [](const Layer<Expr>& l, const Expr& v) { return std::pair{matmul(v, l.weight) + l.bias, l.bias}; };
  const auto [y, bias] = vmap(f, {{0, std::nullopt}})(p, x);
  EXPECT_EQ(y.shape().str(), "[5, 2]");
  EXPECT_TRUE(bias.same_as(p.bias));
  const Layer<Expr> slopes = vmap(grad([](const Layer<Expr>& l, const Expr& v) { return sum(square(matmul(v, l.weight) + l.bias)); }), {{0, std::nullopt}})(p, x);
  EXPECT_EQ(slopes.weight.shape().str(), "[5, 3, 2]");
}

TEST(Vmap, OfAnExpression) {
  Graph g{f64};
  const Expr x = g.input("x", {3}), W = g.input("W", {3, 3}), xs = g.input("xs", {"n", 3});
  const Expr y = matmul(W, sin(x));
  const Expr all = vmap(y, x, xs);
  EXPECT_EQ(all.shape().str(), "[n, 3]");
  const std::vector<double> Ws{1, 2, 3, 4, 5, 6, 7, 8, 10}, at{0.1, 0.2, 0.3, -1, 0.5, 2};
  std::vector<double> want;
  for (std::size_t example : {0u, 3u})
    for (std::size_t row : {0u, 3u, 6u})
      want.push_back(Ws[row] * std::sin(at[example]) + Ws[row + 1] * std::sin(at[example + 1]) + Ws[row + 2] * std::sin(at[example + 2]));
  expect_near(values(all, {{W, Ws}, {xs, at}}), want);
}

TEST(Vmap, WhatDoesNotDependOnTheBatchIsRepeated) {
  Graph g{f64};
  const Expr xs = g.input("xs", {4}), c = g.input("c", {2});
  EXPECT_EQ(vmap([&](const Expr&) { return c; })(xs).shape().str(), "[4, 2]");
  expect_near(values(vmap([](const Expr&) { return Expr(2.5); })(xs), {}), {2.5, 2.5, 2.5, 2.5});
}

TEST(Vmap, EveryActivationForABatch) {
  for (const auto& entry : activations::all()) {
    const std::string name(entry->name());
    Graph g{f64};
    const Expr xs = g.input("xs", {2, 6, 4});
    std::vector<double> data;
    for (int i = 0; i < 48; ++i) data.push_back(std::sin(i * 1.7) * 2.5);
    Expr one_by_one, all;
    try {
      const auto f = [&](const Expr& x) { return activation(name)(x); };
      all = vmap(f)(xs);
      one_by_one = stack({f(squeeze(slice(xs, 0, 1), 0)), f(squeeze(slice(xs, 1, 2), 0))});
    } catch (const ValueError&) {
      continue;  // needs another operand
    }
    EXPECT_EQ(eval(all, {{xs, data}}), eval(one_by_one, {{xs, data}})) << name;
  }
}

TEST(Vmap, CrossEntropyOfABatchOfBatches) {
  Graph g{f64};
  const Expr logits = g.input("logits", {2, 3, 4}), labels = g.input("labels", {2, 3}, i32), s = g.input("s", {2});
  const std::vector<double> l{1, 2, 3, 4, 0, 1, 0, 2, -1, 3, 2, 2, 1, 1, 0, 5, 4, 2, 1, 0, 2, 2, 2, 2};
  const std::vector<int> which{0, 1, 2, 3, 2, 1};
  const std::vector<double> smoothing{0.1, 0.2};
  const auto f = [](const Expr& x, const Expr& y, const Expr& e) { return mean(softmax_cross_entropy(x, y, {{"label_smoothing", e}})); };
  const Expr all = vmap(f)(logits, labels, s);
  const auto one = [&](int i) {
    const auto part = [&](const Expr& e) { return squeeze(slice(e, i, i + 1), 0); };
    return f(part(logits), part(labels), part(s));
  };
  expect_near(values(all, {{logits, l}, {labels, which}, {s, smoothing}}), values(stack({one(0), one(1)}), {{logits, l}, {labels, which}, {s, smoothing}}));
}

TEST(Vmap, Misuse) {
  Graph g;
  const Expr a = g.input("a", {3, 2}), b = g.input("b", {4, 2}), s = g.input("s", {});
  const auto add = [](const Expr& x, const Expr& y) { return x + y; };
  EXPECT_NE(message([&] { vmap(add)(a, b); }).find("[vmap] batches differ: a [3, 2] has 3 along axis 0, b [4, 2] has 4 along axis 0"), std::string::npos);
  EXPECT_NE(message([&] { vmap(add)(a, s); }).find("s [] is a scalar: it has no axis to map"), std::string::npos) << message([&] { vmap(add)(a, s); });
  EXPECT_NE(message([&] { vmap(add, {{std::nullopt}})(a, b); }).find("no argument is mapped"), std::string::npos);
  EXPECT_NE(message([&] { vmap(add, {{2}})(a, b); }).find("axis 2"), std::string::npos);
  EXPECT_NE(message([&] { vmap(s, a, b); }).find("without axis 0 is [2], not the shape [3, 2]"), std::string::npos) << message([&] { vmap(s, a, b); });
  Expr kept;
  vmap([&](const Expr& x) { return kept = exp(x); })(a);
  EXPECT_NE(message([&] { compile({a}, {kept}); }).find("kept outside the function"), std::string::npos);
}

// --- Jacobians ---

TEST(Jacobian, BothModesGiveTheSame) {
  Graph g{f64};
  const Expr x = g.input("x", {3}), W = g.input("W", {2, 3});
  const Expr y = tanh(matmul(W, x)) * sum(x);
  const std::vector<double> xs{0.3, -0.2, 0.9}, Ws{1, 2, 3, -1, 0.5, 0.2};
  const auto at = [&](const Expr& e) { return values(e, {{x, xs}, {W, Ws}}); };
  const auto forward = at(jacobian(y, x, Mode::forward)), reverse = at(jacobian(y, x, Mode::reverse));
  expect_near(forward, reverse);
  const double s = 1.0;
  std::vector<double> want;
  for (int i = 0; i < 2; ++i) {
    double z = 0;
    for (int k = 0; k < 3; ++k) z += Ws[static_cast<std::size_t>(3 * i + k)] * xs[static_cast<std::size_t>(k)];
    const double t = std::tanh(z);
    for (int k = 0; k < 3; ++k) want.push_back((1 - t * t) * Ws[static_cast<std::size_t>(3 * i + k)] * s + t);
  }
  expect_near(forward, want, 1e-12);
  EXPECT_EQ(jacobian(y, W).shape().str(), "[2, 2, 3]");
  expect_near(at(jacobian(y, W, Mode::forward)), at(jacobian(y, W, Mode::reverse)));
}

TEST(Jacobian, OfAnElementwiseMapIsADiagonal) {
  Graph g{f64};
  const Expr x = g.input("x", {2, 2});
  const Expr j = jacobian(sin(x) * x, x);
  EXPECT_EQ(j.shape().str(), "[2, 2, 2, 2]");
  const std::vector<double> at{0.1, 0.2, 0.3, 0.4};
  const std::vector<double> got = values(j, {{x, at}});
  for (std::size_t r = 0; r < 4; ++r)
    for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(got[4 * r + c], r == c ? std::cos(at[r]) * at[r] + std::sin(at[r]) : 0, 1e-15);
  const Expr big = g.input("big", {"n"});
  EXPECT_LT(count(jacobian(tanh(big), big)), 14u);
  EXPECT_LT(count(hessian(sum(tanh(big)), big)), 20u);
}

TEST(Hessian, OfAQuadraticForm) {
  Graph g{f64};
  const Expr x = g.input("x", {3}), A = g.input("A", {3, 3});
  const std::vector<double> As{1, 2, 3, 4, 5, 6, 7, 8, 9}, xs{1, -1, 2};
  expect_near(values(hessian(sum(x * matmul(A, x)), x), {{x, xs}, {A, As}}), {2, 6, 10, 6, 10, 14, 10, 14, 18});
}

TEST(Hessian, BlocksOfSeveralInputs) {
  Graph g{f64};
  const Expr a = g.input("a", {2}), b = g.input("b", {});
  const auto h = hessian(sum(a * a) * b * b, {a, b});
  const auto at = [&](const Expr& e) { return values(e, {{a, std::vector<double>{2, 3}}, {b, 5.0}}); };
  expect_near(at(h[0][0]), {50, 0, 0, 50});
  expect_near(at(h[0][1]), {40, 60});
  expect_near(at(h[1][0]), {40, 60});
  expect_near(at(h[1][1]), {26});
}

TEST(Jacobian, OfFunctions) {
  Graph g{f64};
  const Layer<Expr> p{g.input("W", {3, 2}), g.input("b", {2})};
  const Expr x = g.input("x", {3});
  const auto f = [](const Layer<Expr>& l, const Expr& v) { return matmul(v, l.weight) + l.bias; };
  const Layer<Expr> j = jacobian(f)(p, x);
  EXPECT_EQ(j.weight.shape().str(), "[2, 3, 2]");
  EXPECT_EQ(j.bias.shape().str(), "[2, 2]");
  const Expr batch = g.input("batch", {"n", 3});
  EXPECT_EQ(vmap(hessian([](const Expr& v) { return prod(v) + sum(exp(v)); }))(batch).shape().str(), "[n, 3, 3]");
}

TEST(Linearize, IsBothMaps) {
  Graph g{f64};
  const Expr x = g.input("x", {2}), v = g.input("v", {2});
  const auto [y, df] = linearize([](const Expr& a) { return a * a * a; }, x);
  const std::vector<double> xs{1, 2}, vs{10, 1};
  expect_near(values(df(v), {{x, xs}, {v, vs}}), {30, 12});
  expect_near(values(linearize(y, x).transpose(v)[0], {{x, xs}, {v, vs}}), {30, 12});
  const auto [z, pull] = vjp([](const Expr& a, const Expr& b) { return sum(a * b); }, x, v);
  const auto [da, db] = pull(2.0);
  expect_near(values(da, {{x, xs}, {v, vs}}), {20, 2});
  expect_near(values(db, {{x, xs}, {v, vs}}), {2, 4});
  const auto [w, t] = jvp([](const Expr& a, const Expr& b) { return sum(a * b); }, std::tuple{x, v}, std::tuple{v, x});
  expect_near(values(t, {{x, xs}, {v, vs}}), {106});
}

// --- Taylor mode ---

/// The k-th derivative as the power series has it, with proven bounds.
template <class F>
std::vector<double> truth(F&& f, double x, int order) {
  const exact::Series::Context precision(order + 1, 200);
  const exact::Series y = f(exact::Series::variable(x, x));
  std::vector<double> result;
  double factorial = 1;
  for (int k = 0; k <= order; ++k) {
    result.push_back(y.coefficient(k).middle * factorial);
    factorial *= k + 1;
  }
  return result;
}

struct TaylorCase {
  const char* name;
  Expr (*f)(const Expr&);
  exact::Series (*g)(const exact::Series&);
};
#define CASE(name, expression) \
  { name, [](const Expr& x) -> Expr { return expression; }, [](const exact::Series& x) -> exact::Series { return expression; } }
const TaylorCase taylor[] = {
    CASE("tanh", tanh(sin(x) * x)), CASE("quotient", exp(-x) / (1 + square(x))), CASE("log", log(2 + cos(x)) * sqrt(x)),
    CASE("erf", erf(x) * x * x * x), CASE("atan", atan(x) + log1p(x)), {"softplus", [](const Expr& x) -> Expr { return softplus(3.0 * x) * sigmoid(x); },
     [](const exact::Series& x) -> exact::Series { return log1p(exp(3 * x)) / (1 + exp(-x)); }},
};
#undef CASE

TEST(Jet, TenDerivativesAgainstPowerSeries) {
  for (const TaylorCase& c : taylor) {
    Graph g{f64};
    const Expr x = g.input("x", {2});
    const std::vector<double> at{0.7, 1.3};
    const std::vector<Expr> all = jet(c.f(x), x, 10);
    ASSERT_EQ(all.size(), 11u);
    for (std::size_t e = 0; e < 2; ++e) {
      const std::vector<double> want = truth(c.g, at[e], 10);
      for (std::size_t k = 0; k <= 10; ++k) {
        EXPECT_EQ(all[k].shape(), x.shape());
        EXPECT_NEAR(values(all[k], {{x, at}})[e], want[k], 1e-11 * std::max(1.0, std::abs(want[k]))) << c.name << ", order " << k;
      }
    }
  }
}

TEST(Jet, GrowsWithTheSquareOfTheOrder) {
  Graph g{f64};
  const Expr x = g.input("x", {});
  const Expr y = tanh(sin(x) * x);
  const auto size = [&](int order) {
    const std::vector<Expr> all = jet(y, x, order);
    return count(all.back());
  };
  EXPECT_LT(size(20), 5 * size(10));
  EXPECT_LT(size(10), 800u);
}

TEST(Jet, AlongADirectionThroughEveryKindOfOp) {
  Graph g{f64};
  const Expr x = g.input("x", {3, 4}), v = g.input("v", {3, 4}), W = g.input("W", {4, 3});
  const Expr s = softmax(matmul(x, W)), y = prod(s + 1.0) * sum(sort(x * abs(x), 1)) + logsumexp(matmul(x, sin(x).T())) + max(x) * gelu(sum(x));
  const auto twice = [](const Expr& a) { return custom_vjp([](const Expr& b) { return sin(b); }, [](const Expr& ct, const Expr&, const Expr& b) { return ct * cos(b); })(a); };
  const Expr all = y + sum(twice(x)) + pow(sum(square(x)), 1.5);
  std::vector<double> xs, vs, Ws;
  for (int i = 0; i < 12; ++i) xs.push_back(std::sin(i + 0.3)), vs.push_back(std::cos(2.1 * i)), Ws.push_back(std::sin(0.7 * i));
  const std::vector<Expr> taylor_mode = jet(all, x, 4, v);
  Expr nested = all;
  for (std::size_t k = 1; k <= 4; ++k) {
    nested = jvp(nested, x, v);
    const double got = values(taylor_mode[k], {{x, xs}, {v, vs}, {W, Ws}})[0], want = values(nested, {{x, xs}, {v, vs}, {W, Ws}})[0];
    EXPECT_NEAR(got, want, 1e-11 * std::max(1.0, std::abs(want))) << k;
  }
}

TEST(Jet, OfWhatDoesNotDependOnX) {
  Graph g{f64};
  const Expr x = g.input("x", {2}), y = g.input("y", {3});
  const std::vector<Expr> all = jet(y, x, 2);
  expect_near(values(all[1], {}), {0, 0, 0});
  EXPECT_THROW(jet(y, x, -1), ValueError);
  EXPECT_THROW(jet(y, x, 1, y), ShapeError);
}

// --- Rules of one's own ---

TEST(CustomVjp, ReplacesTheDerivativeInEveryMode) {
  Graph g{f64};
  const Expr x = g.input("x", {3});
  const auto f = custom_vjp([](const Expr& a) { return exp(a); }, [](const Expr& ct, const Expr& y, const Expr&) { return 10.0 * ct * y; });
  const std::vector<double> xs{0, 1, -1};
  const auto at = [&](const Expr& e) { return values(e, {{x, xs}}); };
  std::vector<double> value, slope, curvature;
  for (double v : xs) value.push_back(std::exp(v)), slope.push_back(10 * std::exp(v)), curvature.push_back(100 * std::exp(v));
  expect_near(at(f(x)), value);
  expect_near(at(grad(sum(f(x)), x)), slope);
  expect_near(at(jvp(f(x), x, 1.0)), slope);
  expect_near(at(derivative(f(x), x, 2)), curvature);
  const auto scalar = [&](const Expr& a) { return f(a); };
  expect_near(at(vmap(grad(scalar))(x)), slope);
  expect_near(at(vmap(grad(grad(scalar)))(x)), curvature);
  expect_near(at(grad(sum(vmap(scalar)(x)), x)), slope);
  expect_near(at(jvp(vmap(scalar)(x), x, 1.0)), slope);
}

TEST(CustomVjp, SeveralArgumentsSomeShared) {
  Graph g{f64};
  const Expr xs = g.input("xs", {4}), w = g.input("w", {});
  const auto f = custom_vjp([](const Expr& a, const Expr& b) { return a * b; },
                            [](const Expr& ct, const Expr&, const Expr& a, const Expr& b) { return std::pair{2.0 * ct * b, 3.0 * ct * a}; });
  const Expr total = sum(vmap([&](const Expr& a) { return f(a, w); })(xs));
  const auto at = [&](const Expr& e) { return values(e, {{xs, std::vector<double>{1, 2, 3, 4}}, {w, 5.0}}); };
  expect_near(at(grad(total, xs)), {10, 10, 10, 10});
  expect_near(at(grad(total, w)), {30});
}

TEST(CustomVjp, ReversesGradientsOfTheIdentity) {
  Graph g{f64};
  const Expr x = g.input("x", {2});
  const auto reversed = custom_vjp([](const Expr& a) { return a; }, [](const Expr& ct, const Expr&, const Expr&) { return -ct; });
  expect_near(values(grad(sum(square(reversed(x))), x), {{x, std::vector<double>{1, 2}}}), {-2, -4});
}

TEST(CustomJvp, GivesBothModes) {
  Graph g{f64};
  const Expr x = g.input("x", {2}), y = g.input("y", {2});
  const auto f = custom_jvp([](const Expr& a, const Expr& b) { return a * b; },
                            [](const Expr&, const Expr& a, const Expr& b, const Expr& ta, const Expr& tb) { return 7.0 * (ta * b + a * tb); });
  const auto at = [&](const Expr& e) { return values(e, {{x, std::vector<double>{1, 2}}, {y, std::vector<double>{3, 4}}}); };
  expect_near(at(f(x, y)), {3, 8});
  expect_near(at(jvp(f(x, y), x, 1.0)), {21, 28});
  const auto [dx, dy] = grad(sum(f(x, y)), x, y);
  expect_near(at(dx), {21, 28});
  expect_near(at(dy), {7, 14});
}

TEST(CustomVjp, Misuse) {
  Graph g{f64};
  const Expr x = g.input("x", {3}), w = g.input("w", {3});
  const auto identity = [](const Expr& a) { return a; };
  EXPECT_NE(message([&] { custom_vjp([&](const Expr& a) { return a * w; }, [](const Expr& ct, const Expr&, const Expr&) { return ct; })(x); })
                .find("the function uses w [3], which is not among its arguments: its gradient would be lost"), std::string::npos);
  EXPECT_EQ(message([&] { custom_vjp([&](const Expr& a) { return a * stop_gradient(w); }, [](const Expr& ct, const Expr&, const Expr&) { return ct; })(x); }), "no error");
  EXPECT_NE(message([&] { custom_vjp(identity, [](const Expr& ct, const Expr&, const Expr&) { return ct * ct; })(x); }).find("not linear in the cotangent"), std::string::npos);
  EXPECT_NE(message([&] { custom_vjp(identity, [](const Expr& ct, const Expr&, const Expr&) { return concat({ct, ct}); })(x); })
                .find("the cotangent of argument 0 has the shape [6], not [3]"), std::string::npos);
  EXPECT_NE(message([&] { custom_vjp(identity, [](const Expr& ct, const Expr&, const Expr&) { return std::pair{ct, ct}; })(x); })
                .find("2 cotangents for 1 arguments"), std::string::npos);
}

TEST(CustomVjp, DoesNotKeepItsGraphAlive) {
  std::weak_ptr<GraphData> watch;
  {
    Graph g;
    const Expr x = g.input("x", {3});
    const auto f = checkpoint(custom_vjp([](const Expr& a) { return exp(a); }, [](const Expr& ct, const Expr& y, const Expr&) { return ct * y; }));
    grad(sum(vmap(f)(x)), x);
    watch = g.data();
  }
  EXPECT_TRUE(watch.expired());
}

// --- ravel ---

TEST(Ravel, IsOneVectorOfViews) {
  const Layer<Tensor> p{Tensor{{1.0, 2.0}, {3.0, 4.0}}, Tensor{5.0, 6.0}};
  auto flat = ravel(p);
  EXPECT_EQ(flat, (Tensor{1.0, 2.0, 3.0, 4.0, 5.0, 6.0}));
  Layer<Tensor> back = unravel<Layer>(flat);
  flat.at<double>(4) = 50;
  back.weight.at<double>(0, 1) = 20;
  EXPECT_EQ(back.bias, (Tensor{50.0, 6.0}));
  EXPECT_EQ(flat(1), 20);
  EXPECT_EQ(p.weight(0, 1), 2);  // the struct it was made of is its own
  const Layer<Tensor> other = unravel(Tensor{6.0, 5.0, 4.0, 3.0, 2.0, 1.0}, p);
  EXPECT_EQ(other.bias, (Tensor{2.0, 1.0}));
}

TEST(Ravel, OutlivesTheVector) {
  Layer<Tensor> back;
  {
    const auto flat = ravel(Layer<Tensor>{Tensor{{1.0}}, Tensor{2.0}});
    back = flat.leaves;
  }
  EXPECT_EQ(back.bias, Tensor{2.0});
}

TEST(Ravel, Misuse) {
  EXPECT_THROW(ravel(Layer<Tensor>{Tensor{{1.0}}, Tensor{2}}), TypeError);
  EXPECT_THROW(unravel(Tensor{1.0, 2.0}, Layer<Tensor>{Tensor{{1.0}}, Tensor{2.0, 3.0}}), ShapeError);
}

TEST(Ravel, OfExpressions) {
  Graph g{f64};
  const Layer<Expr> p{g.input("W", {2, 2}), g.input("b", {2})};
  const Expr flat = ravel(detail::flatten(p));
  EXPECT_EQ(flat.shape().str(), "[6]");
  const Layer<Expr> back = unravel(flat * 2.0, p);
  expect_near(values(grad(sum(back.bias * back.bias), p.bias), {{p.weight, std::vector<double>(4)}, {p.bias, std::vector<double>{1, 3}}}), {8, 24});
  EXPECT_THROW(unravel(concat({flat, flat}), p), ShapeError);
}

// --- checkpoint ---

TEST(Checkpoint, SameBitsLessKept) {
  Graph g;
  const Expr x = g.input("x", {4096}), w = g.input("w", {4096});
  const auto body = [&](const Expr& a) {
    Expr h = a;
    for (int i = 0; i < 4; ++i) h = cumsum(sin(h * w) * 0.01);  // routines: every result is in memory
    return h;
  };
  const auto loss = [&](const Expr& y) { return std::vector{sum(square(y)), grad(sum(square(y)), x)}; };
  const auto plain = loss(body(body(x))), again = loss(checkpoint(body)(checkpoint(body)(x)));
  std::vector<float> xs(4096), ws(4096);
  for (std::size_t i = 0; i < xs.size(); ++i) xs[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i))), ws[i] = 1.0f + 0.1f * xs[i];
  for (Engine engine : {Engine::interpret, Engine::jit}) {
    const auto a = compile({x, w}, plain, {.engine = engine}), b = compile({x, w}, again, {.engine = engine});
    const std::vector<Tensor> one = a(std::vector<ArrayRef>{xs, ws}), two = b(std::vector<ArrayRef>{xs, ws});
    EXPECT_EQ(one[0], two[0]);
    EXPECT_EQ(one[1], two[1]);
    EXPECT_LT(b.stats().workspace, a.stats().workspace);
  }
}

}  // namespace
}  // namespace actinium
