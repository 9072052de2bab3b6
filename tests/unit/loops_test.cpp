// Loops: scan, repeat and while_loop, their values beside the same steps written out, their derivatives in all orders and under
// vmap, nesting, and what goes wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "actinium/actinium.h"
#include "graph/graph.hpp"
#include "passes/pass.hpp"
#include "runtime/iteration.hpp"

namespace actinium {
namespace {

std::vector<double> values(const Tensor& t) {
  const auto s = t.span<double>();
  return {s.begin(), s.end()};
}
void expect_near(const std::vector<double>& got, const std::vector<double>& want, double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << i;
}
std::vector<double> numbers(std::size_t n, double seed = 0.3) {
  std::vector<double> list;
  for (std::size_t i = 0; i < n; ++i) list.push_back(std::sin(seed + 1.7 * static_cast<double>(i)));
  return list;
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

/// The outputs by the interpreter and by the JIT: the same bits.
std::vector<std::vector<double>> run(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs, const std::vector<std::vector<double>>& data) {
  std::vector<ArrayRef> arguments(data.begin(), data.end());
  std::vector<std::vector<double>> result;
  const Function<> slow = compile(inputs, outputs, {.engine = Engine::interpret});
  const std::vector<Tensor> expected = slow(arguments);
  const Function<> fast = compile(inputs, outputs);
  for (int call = 0; call < 2; ++call) {
    const std::vector<Tensor> got = fast(arguments);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], expected[i]) << "output " << i << " call " << call;
  }
  for (const Tensor& t : expected) result.push_back(values(t));
  return result;
}

/// A recurrence written as a scan and as plain steps.
struct Cell {
  Expr W, h0, xs;
  Expr step(const Expr& h, const Expr& x) const { return tanh(matmul(h, W) + x) * 0.9; }
  std::pair<Expr, Expr> looped(bool reverse = false) const {
    return scan([&](const Expr& h, const Expr& x) {
      const Expr next = step(h, x);
      return std::pair{next, next * x};
    }, h0, xs, {.reverse = reverse});
  }
  std::pair<Expr, Expr> unrolled(int steps, bool reverse = false) const {
    Expr h = h0;
    std::vector<Expr> ys(static_cast<std::size_t>(steps));
    for (int i = 0; i < steps; ++i) {
      const int t = reverse ? steps - 1 - i : i;
      const Expr x = squeeze(slice(xs, t, t + 1, 1, 0), 0);
      h = step(h, x);
      ys[static_cast<std::size_t>(t)] = h * x;
    }
    return {h, stack(ys, 0)};
  }
};

class Recurrence : public ::testing::Test {
 protected:
  Graph g{f64};
  Expr W = g.input("W", {3, 3}), h0 = g.input("h0", {3}), xs = g.input("xs", {5, 3});
  Cell cell{W, h0, xs};
  std::vector<Expr> inputs{W, h0, xs};
  std::vector<std::vector<double>> data{numbers(9), numbers(3, 1), numbers(15, 2)};

  static Expr loss(const std::pair<Expr, Expr>& r) { return sum(square(r.first)) + sum(sin(r.second)); }
  void expect_same(const std::vector<Expr>& looped, const std::vector<Expr>& unrolled, double tolerance = 1e-12) {
    std::vector<Expr> all = looped;
    all.insert(all.end(), unrolled.begin(), unrolled.end());
    const auto got = run(inputs, all, data);
    for (std::size_t i = 0; i < looped.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(looped[i].shape(), unrolled[i].shape());
      expect_near(got[i], got[looped.size() + i], tolerance);
    }
  }
};

TEST_F(Recurrence, IsTheStepsWrittenOut) {
  for (const bool reverse : {false, true}) {
    const auto [h, ys] = cell.looped(reverse);
    const auto [h2, ys2] = cell.unrolled(5, reverse);
    EXPECT_EQ(ys.shape().str(), "[5, 3]");
    expect_same({h, ys}, {h2, ys2}, 0);
  }
}

TEST_F(Recurrence, ReverseDerivative) {
  for (const bool reverse : {false, true}) {
    const auto looped = grad(loss(cell.looped(reverse)), inputs), unrolled = grad(loss(cell.unrolled(5, reverse)), inputs);
    expect_same(looped, unrolled);
  }
}

TEST_F(Recurrence, ForwardDerivative) {
  const std::vector<Expr> directions{cos(W), sin(h0), xs * xs};
  const auto tangent = [&](const std::pair<Expr, Expr>& r) { return std::vector<Expr>{jvp(r.first, inputs, directions), jvp(r.second, inputs, directions)}; };
  expect_same(tangent(cell.looped()), tangent(cell.unrolled(5)));
}

TEST_F(Recurrence, SecondDerivativesInAllFourOrders) {
  const auto all = [&](const std::pair<Expr, Expr>& r) {
    const Expr y = loss(r);
    const std::vector<Expr> v{cos(W), sin(h0), xs * xs};
    const Expr forward = jvp(y, inputs, v);
    std::vector<Expr> result = hvp(y, inputs, v);          // forward over reverse
    result.push_back(jvp(forward, inputs, v));             // forward over forward
    for (const Expr& e : grad(forward, inputs)) result.push_back(e);  // reverse over forward
    const std::vector<Expr> first = grad(y, inputs);
    Expr dot = sum(first[0] * v[0]) + sum(first[1] * v[1]) + sum(first[2] * v[2]);
    for (const Expr& e : grad(dot, inputs)) result.push_back(e);  // reverse over reverse
    return result;
  };
  expect_same(all(cell.looped()), all(cell.unrolled(5)), 1e-10);
}

TEST_F(Recurrence, Jacobians) {
  for (const Mode mode : {Mode::forward, Mode::reverse}) {
    const auto all = [&](const std::pair<Expr, Expr>& r) { return std::vector<Expr>{jacobian(r.first, h0, mode), jacobian(r.second, h0, mode)}; };
    expect_same(all(cell.looped()), all(cell.unrolled(5)));
  }
  const auto second = [&](const std::pair<Expr, Expr>& r) { return std::vector<Expr>{hessian(loss(r), h0)}; };
  expect_same(second(cell.looped()), second(cell.unrolled(5)), 1e-10);
}

TEST(Loops, UnderABatch) {
  Graph g{f64};
  const Expr W = g.input("W", {3, 3}), Ws = g.input("Ws", {4, 3, 3}), h = g.input("h", {4, 3}), xs = g.input("xs", {5, 3}), all = g.input("all", {4, 5, 3});
  const auto looped = [](const Expr& w, const Expr& start, const Expr& x) { return (Cell{w, start, x}.looped()); };
  const auto unrolled = [](const Expr& w, const Expr& start, const Expr& x) { return (Cell{w, start, x}.unrolled(5)); };
  const std::vector<std::vector<double>> data{numbers(9), numbers(36, 3), numbers(12, 1), numbers(15, 2), numbers(60, 4)};
  const auto check = [&](const std::vector<Expr>& a, const std::vector<Expr>& b) {
    std::vector<Expr> both = a;
    both.insert(both.end(), b.begin(), b.end());
    const auto got = run({W, Ws, h, xs, all}, both, data);
    for (std::size_t i = 0; i < a.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(a[i].shape(), b[i].shape());
      expect_near(got[i], got[a.size() + i]);
    }
  };
  const std::optional<int> none;
  for (const VmapAxes& axes : {VmapAxes{{0, 0, 0}}, VmapAxes{{none, 0, none}}, VmapAxes{{0, none, none}}, VmapAxes{{none, none, 0}}}) {
    const Expr w = axes.in[0] ? Ws : W, start = axes.in[1] ? h : squeeze(slice(h, 0, 1), 0), x = axes.in[2] ? all : xs;
    const auto [a, b] = vmap(looped, axes)(w, start, x);
    const auto [c, d] = vmap(unrolled, axes)(w, start, x);
    check({a, b}, {c, d});
    const auto loss = [](const auto& f) {
      return [f](const Expr& w2, const Expr& s2, const Expr& x2) {
        const auto [p, q] = f(w2, s2, x2);
        return sum(square(p)) + sum(sin(q));
      };
    };
    const Expr da = vmap(grad(loss(looped)), axes)(w, start, x), db = vmap(grad(loss(unrolled)), axes)(w, start, x);
    check({da}, {db});
    const auto [ea, eb] = grad(sum(vmap(loss(looped), axes)(w, start, x)), w, start);
    const auto [fa, fb] = grad(sum(vmap(loss(unrolled), axes)(w, start, x)), w, start);
    check({ea, eb}, {fa, fb});
  }
}

// --- while ---

/// Newton's square root, written as a loop whose number of steps depends on a.
Expr root(const Expr& a) {
  return while_loop([&](const Expr& x) { return abs(x * x - a) > 1e-14 * a; }, [&](const Expr& x) { return 0.5 * (x + a / x); }, a);
}

TEST(While, TakesAsManyStepsAsItNeeds) {
  Graph g{f64};
  const Expr a = g.input("a", {});
  const auto counted = while_loop([](const std::pair<Expr, Expr>& c) { return c.first < 100; },
                                  [](const std::pair<Expr, Expr>& c) { return std::pair{c.first * 2, c.second + 1}; }, std::pair{a, Expr(a * 0)});
  for (const double start : {1.0, 3.0, 100.0, 1e9, 99.0}) {
    const auto got = run({a}, {counted.first, counted.second}, {{start}});
    double x = start, n = 0;
    for (; x < 100; x *= 2) ++n;
    EXPECT_EQ(got[0][0], x);
    EXPECT_EQ(got[1][0], n);
  }
}

TEST(While, DerivativesInAllFourOrders) {
  Graph g{f64};
  const Expr a = g.input("a", {}), y = root(a);
  const Expr forward = jvp(y, a, 1), reverse = grad(y, a);
  for (const double at : {2.0, 10.0, 0.3}) {
    const auto got = run({a}, {y, forward, reverse, jvp(forward, a, 1), jvp(reverse, a, 1), grad(forward, a), grad(reverse, a), grad(grad(reverse, a), a)}, {{at}});
    const double s = std::sqrt(at);
    expect_near(got[0], {s}, 1e-14);
    for (const std::size_t i : {1, 2}) expect_near(got[i], {0.5 / s}, 1e-7);
    for (const std::size_t i : {3, 4, 5, 6}) expect_near(got[i], {got[3][0]}, 1e-10);
  }
}

/// Steps that do not settle, so that derivatives of all orders are of the steps themselves: x <- sin(x) * k until x < 0.2.
Expr wander(const Expr& k, const Expr& x0) {
  return while_loop([](const Expr& x) { return x > 0.2; }, [&](const Expr& x) { return sin(x) * k; }, x0);
}
Expr written_out(const Expr& k, Expr x, int steps) {
  for (int i = 0; i < steps; ++i) x = sin(x) * k;
  return x;
}
int steps_of(double k, double x) {
  int n = 0;
  for (; x > 0.2; ++n) x = std::sin(x) * k;
  return n;
}

TEST(While, DerivativesAreThoseOfTheStepsTaken) {
  Graph g{f64};
  const Expr k = g.input("k", {}), x = g.input("x", {});
  const std::vector<Expr> in{k, x};
  const auto all = [&](const Expr& y) {
    const std::vector<Expr> v{x * 2, k};
    std::vector<Expr> result{y, jvp(y, in, v)};
    for (const Expr& e : grad(y, in)) result.push_back(e);
    for (const Expr& e : hvp(y, in, v)) result.push_back(e);
    for (const Expr& e : grad(result[1], in)) result.push_back(e);
    result.push_back(jvp(result[1], in, v));
    const auto first = grad(y, in);
    for (const Expr& e : grad(first[0] * v[0] + first[1] * v[1], in)) result.push_back(e);
    result.push_back(grad(grad(grad(y, k), x), k));
    return result;
  };
  for (const auto& [ks, start] : {std::pair{0.8, 1.5}, std::pair{0.95, 0.7}, std::pair{0.5, 0.1}, std::pair{0.99, 2.0}}) {
    const int steps = steps_of(ks, start);
    std::vector<Expr> both = all(wander(k, x));
    const std::size_t count = both.size();
    for (const Expr& e : all(written_out(k, x, steps))) both.push_back(e);
    const auto got = run(in, both, {{ks}, {start}});
    for (std::size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(testing::Message() << "steps " << steps << " output " << i);
      expect_near(got[i], got[count + i], 1e-10);
    }
  }
}

/// Scalar steps are native code of their own: records grow, truth values and integers are carried, both widths.
TEST(While, OfScalarsWithManySteps) {
  for (const DType t : {f64, f32}) {
    Graph g{t};
    const Expr a = g.input("a", {}), n = g.input("n", {}, i64);
    using State = std::tuple<Expr, Expr, Expr>;
    const State end = while_loop([&](const State& s) { return std::get<1>(s) < n && !std::get<2>(s); },
                                 [&](const State& s) {
                                   const auto& [x, i, done] = s;
                                   const Expr next = where(x > 0.5, x * a, x + sin(x) * 0.01);
                                   return State{next, i + 1, next > 100.0};
                                 },
                                 State{a * 0.9, n * 0, a > 10.0});
    const Expr y = std::get<0>(end), slope = grad(y, a);
    const std::vector<Expr> outputs{y, slope, jvp(y, a, 1), grad(slope, a), jvp(slope, a, 1), cast(std::get<1>(end), t)};
    const Function<> slow = compile(std::vector{a, n}, outputs, {.engine = Engine::interpret}), fast = compile(std::vector{a, n}, outputs);
    for (const std::int64_t steps : {0, 1, 63, 64, 65, 1000}) {
      const Tensor start = Tensor::scalar(0.999, t), count = Tensor::full({}, static_cast<double>(steps), i64);
      const std::vector<Tensor> want = slow(std::vector<ArrayRef>{start, count}), got = fast(std::vector<ArrayRef>{start, count});
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], want[i]) << steps << " steps, output " << i;
      EXPECT_EQ(got[5].item<double>(), static_cast<double>(steps));
      EXPECT_NEAR(got[1].item<double>(), got[2].item<double>(), (t == f64 ? 1e-11 : 1e-3) * std::max(1.0, std::abs(got[1].item<double>())));
    }
  }
}

/// A scan of scalars reads and writes its arrays from the first to the last or back.
TEST(Loops, ScansOfScalars) {
  Graph g{f64};
  const Expr a = g.input("a", {}), xs = g.input("xs", {"n"});
  for (const bool reverse : {false, true}) {
    const auto [last, all] = scan([&](const Expr& c, const Expr& x) {
      const Expr next = tanh(c * a + x);
      return std::pair{next, next * x};
    }, a * 0.1, xs, {.reverse = reverse});
    const Expr y = last + sum(all * all);
    const auto slopes = grad(y, std::vector{a, xs});
    for (const std::size_t n : {0, 1, 5, 200}) {
      const std::vector<double> data = numbers(n);
      const Tensor x = Tensor::copy(ArrayRef(data.data(), f64, std::vector<std::int64_t>{static_cast<std::int64_t>(n)}));
      const std::vector<Expr> outputs{last, all, slopes[0], slopes[1], jvp(slopes[0], a, 1)};
      const std::vector<Tensor> want = compile(std::vector{a, xs}, outputs, {.engine = Engine::interpret})(std::vector<ArrayRef>{0.7, x});
      const std::vector<Tensor> got = compile(std::vector{a, xs}, outputs)(std::vector<ArrayRef>{0.7, x});
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], want[i]) << n << " output " << i;
      double c = 0.07;
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t t = reverse ? n - 1 - i : i;
        c = std::tanh(c * 0.7 + data[t]);
        EXPECT_NEAR(got[1].span<double>()[t], c * data[t], 1e-14);
      }
      EXPECT_NEAR(got[0].item<double>(), c, 1e-14);
    }
  }
}

TEST(While, UnderABatchEachExampleTakesItsOwnSteps) {
  Graph g{f64};
  const Expr k = g.input("k", {4}), x = g.input("x", {4});
  const std::vector<double> ks{0.8, 0.95, 0.5, 0.99}, starts{1.5, 0.7, 0.1, 2.0};
  const Expr y = vmap(wander)(k, x);
  const auto per_example = vmap(grad(wander))(k, x);
  const std::vector<Expr> whole = grad(sum(y), std::vector{k, x});
  const Expr second = vmap(grad(grad(wander)))(k, x), crossed = grad(sum(whole[0]), k);
  const auto got = run({k, x}, {y, per_example, whole[0], whole[1], second, crossed}, {ks, starts});
  for (std::size_t i = 0; i < 4; ++i) {
    Graph one{f64};
    const Expr k1 = one.input("k", {}), x1 = one.input("x", {}), y1 = written_out(k1, x1, steps_of(ks[i], starts[i]));
    const auto [dk, dx] = grad(y1, k1, x1);
    const auto want = run({k1, x1}, {y1, dk, dx, grad(dk, k1)}, {{ks[i]}, {starts[i]}});
    SCOPED_TRACE(i);
    EXPECT_EQ(got[0][i], want[0][0]);
    expect_near({got[1][i], got[2][i], got[3][i], got[4][i], got[5][i]}, {want[1][0], want[1][0], want[2][0], want[3][0], want[3][0]}, 1e-10);
  }
}

// --- Nesting ---

TEST(Loops, NestInEachOther) {
  Graph g{f64};
  const Expr k = g.input("k", {}), xs = g.input("xs", {6});
  // A scan whose step holds a while, whose number of steps depends on the slice.
  const auto nested = [](const Expr& kk, const Expr& all) {
    return scan([&](const Expr& c, const Expr& x) { return c * 0.5 + wander(kk, abs(x) + c * c); }, kk * 0, all);
  };
  const std::vector<double> data = numbers(6);
  const auto by_hand = [&](double kv, const std::vector<double>& v) {
    double c = 0;
    for (const double x : v) {
      double w = std::abs(x) + c * c;
      while (w > 0.2) w = std::sin(w) * kv;
      c = c * 0.5 + w;
    }
    return c;
  };
  const Expr y = nested(k, xs), dk = grad(y, k), dx = grad(y, xs), tk = jvp(y, k, 1);
  const auto got = run({k, xs}, {y, dk, dx, tk, grad(dk, k), jvp(tk, k, 1)}, {{0.9}, data});
  expect_near(got[0], {by_hand(0.9, data)}, 1e-14);
  const double h = 1e-6, slope = (by_hand(0.9 + h, data) - by_hand(0.9 - h, data)) / (2 * h);
  expect_near(got[1], {slope}, 1e-7);
  expect_near(got[3], got[1], 1e-12);
  expect_near(got[4], got[5], 1e-9);
  for (std::size_t i = 0; i < data.size(); ++i) {
    auto up = data, down = data;
    up[i] += h, down[i] -= h;
    EXPECT_NEAR(got[2][i], (by_hand(0.9, up) - by_hand(0.9, down)) / (2 * h), 1e-7);
  }
  // A gradient in a loop's body, and the gradient through that.
  const auto descent = [](const Expr& rate) {
    return while_loop([](const Expr& x) { return abs(x) > 0.1; },
                      [&](const Expr& x) { return x - rate * grad(exp(x * x) - 1, x) * 0.1; }, rate * 0 + 1.0);
  };
  const auto descend = [](double rate) {
    double x = 1;
    while (std::abs(x) > 0.1) x -= rate * 2 * x * std::exp(x * x) * 0.1;
    return x;
  };
  const Expr z = descent(k);
  const auto end = run({k}, {z, grad(z, k), jvp(z, k, 1)}, {{0.9}});
  expect_near(end[0], {descend(0.9)}, 1e-13);
  expect_near(end[1], {(descend(0.9 + h) - descend(0.9 - h)) / (2 * h)}, 1e-6);
  expect_near(end[2], end[1], 1e-12);
}

/// A while whose body holds a scan, in a batch, with gradients in and around it.
TEST(Loops, NestInABatch) {
  Graph g{f64};
  const Expr k = g.input("k", {3}), xs = g.input("xs", {3, 4}), shared = g.input("shared", {4});
  const auto nested = [&](const Expr& kk, const Expr& x) {
    return while_loop([](const Expr& c) { return c < 3.0; },
                      [&](const Expr& c) {
                        return c + 0.4 + scan([&](const Expr& s, const Expr& pair) { return sin(s) * kk + pair * c; }, c * 0.1, x * shared) * 0.1;
                      }, kk * 0.0);
  };
  const auto by_hand = [](double kk, const double* x, const std::vector<double>& w, int& steps) {
    double c = 0;
    for (steps = 0; c < 3; ++steps) {
      double s = c * 0.1;
      for (int i = 0; i < 4; ++i) s = std::sin(s) * kk + x[i] * w[static_cast<std::size_t>(i)] * c;
      c = c + 0.4 + s * 0.1;
    }
    return c;
  };
  const std::vector<double> ks{0.5, 0.9, 1.4}, data = numbers(12), w = numbers(4, 5);
  const Expr y = vmap(nested)(k, xs), each = vmap(grad(nested))(k, xs);
  const auto whole = grad(sum(y), std::vector{k, xs, shared});
  const Expr second = vmap(grad(grad(nested)))(k, xs), forward = jvp(whole[0], k, 1);
  const auto got = run({k, xs, shared}, {y, each, whole[0], whole[1], whole[2], second, forward}, {ks, data, w});
  const double h = 1e-6;
  std::vector<double> shared_slope(4, 0);
  for (std::size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    int steps = 0, same = 0;
    EXPECT_NEAR(got[0][i], by_hand(ks[i], &data[4 * i], w, steps), 1e-13);
    const double slope = (by_hand(ks[i] + h, &data[4 * i], w, same) - by_hand(ks[i] - h, &data[4 * i], w, same)) / (2 * h);
    ASSERT_EQ(steps, same);
    EXPECT_NEAR(got[1][i], slope, 1e-7);
    EXPECT_NEAR(got[2][i], got[1][i], 1e-12);
    EXPECT_NEAR(got[5][i], got[6][i], 1e-10);
    for (std::size_t j = 0; j < 4; ++j) {
      auto up = data, down = data;
      up[4 * i + j] += h, down[4 * i + j] -= h;
      EXPECT_NEAR(got[3][4 * i + j], (by_hand(ks[i], &up[4 * i], w, same) - by_hand(ks[i], &down[4 * i], w, same)) / (2 * h), 1e-7);
      auto more = w, less = w;
      more[j] += h, less[j] -= h;
      shared_slope[j] += (by_hand(ks[i], &data[4 * i], more, same) - by_hand(ks[i], &data[4 * i], less, same)) / (2 * h);
    }
  }
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(got[4][j], shared_slope[j], 1e-7);
}

TEST(Loops, CustomRulesAndCheckpointsInABody) {
  Graph g{f64};
  const Expr a = g.input("a", {}), xs = g.input("xs", {4});
  const auto tripled = custom_vjp([](const Expr& x) { return sin(x); }, [](const Expr& ct, const Expr&, const Expr& x) { return 3 * ct * cos(x); });
  const auto same = checkpoint([](const Expr& x) { return exp(-x * x); });
  const Expr y = scan([&](const Expr& c, const Expr& x) { return tripled(c) + same(c * x); }, a, xs);
  const auto step = [&](double c, double x, double& d) {
    d *= 3 * std::cos(c) - 2 * c * x * x * std::exp(-c * x * c * x);
    return std::sin(c) + std::exp(-c * x * c * x);
  };
  const std::vector<double> data = numbers(4);
  double c = 0.4, d = 1;
  for (const double x : data) c = step(c, x, d);
  const auto got = run({a, xs}, {y, grad(y, a), jvp(y, a, 1)}, {{0.4}, data});
  expect_near(got[0], {c});
  expect_near(got[1], {d});
  expect_near(got[2], {d});
}

TEST(Loops, TaylorModeAndCheckedGradients) {
  Graph g{f64};
  const Expr a = g.input("a", {}), xs = g.input("xs", {4});
  const Expr y = scan([](const Expr& c, const Expr& x) { return sin(c) + x * c; }, a, xs);
  Expr written = a;
  for (int i = 0; i < 4; ++i) written = sin(written) + squeeze(slice(xs, i, i + 1)) * written;
  std::vector<Expr> both = jet(y, a, 3);
  for (const Expr& e : jet(written, a, 3)) both.push_back(e);
  const auto got = run({a, xs}, both, {{0.4}, numbers(4)});
  for (std::size_t i = 0; i < 4; ++i) expect_near(got[i], got[4 + i]);
  for (const DType t : {f32, f64}) {
    Graph h{t};
    const Expr b = h.input("b", {3}), zs = h.input("zs", {4, 3});
    const Expr z = sum(scan([](const Expr& c, const Expr& x) { return tanh(c + x) * 0.7; }, b, zs));
    const auto report = check_gradient(z, {{b, random_normal(1, {3}, 0, 1, t)}, {zs, random_normal(2, {4, 3}, 0, 1, t)}});
    EXPECT_TRUE(report.ok()) << report.text();
  }
}

/// A formula that overflows when it is computed as written is repaired in a body as it is outside.
TEST(Loops, BodiesAreRecognised) {
  Graph g{f64};
  const Expr a = g.input("a", {}), xs = g.input("xs", {2}), v = g.input("v", {3});
  const Expr y = scan([](const Expr& c, const Expr& x) { return c + log(1.0 + exp(x * 400.0)); }, a, xs);
  const Expr z = sum(scan([](const Expr& c) { return 1.0 / (1.0 + exp(-c)) + c; }, v, {.length = 2}));
  const auto got = run({a, xs, v}, {y, grad(y, xs), z, grad(z, v)}, {{0}, {2, -3}, {-800, 0, 40}});
  EXPECT_EQ(got[0][0], 800);
  expect_near(got[1], {400, 0});
  const auto step = [](double c) { return 1 / (1 + std::exp(-c)) + c; };
  expect_near(got[2], {step(step(-800)) + step(step(0)) + step(step(40))});
  for (const double d : got[3]) EXPECT_TRUE(std::isfinite(d));
}

// --- Lengths ---

TEST(Loops, SymbolicLengthsAndNoSteps) {
  Graph g{f64};
  const Expr a = g.input("a", {2}), xs = g.input("xs", {"n", 2});
  const auto [last, sums] = scan([](const Expr& c, const Expr& x) {
    const Expr next = c * 0.5 + x;
    return std::pair{next, sum(next)};
  }, a, xs);
  const Expr total = sum(last * last) + sum(sums * sums);
  const std::vector<Expr> slopes = grad(total, std::vector{a, xs});
  const Function<> f = compile(std::vector{a, xs}, std::vector{last, sums, slopes[0], slopes[1]});
  for (const std::int64_t n : {0, 1, 2, 7}) {
    const std::vector<double> data = numbers(static_cast<std::size_t>(2 * n)), start{1, -2};
    const Tensor x = n == 0 ? Tensor::empty(f64, std::vector<std::int64_t>{0, 2}) : Tensor::copy(ArrayRef(data.data(), f64, std::vector<std::int64_t>{n, 2}));
    const std::vector<Tensor> got = f(std::vector<ArrayRef>{start, x});
    double c0 = 1, c1 = -2;
    for (std::int64_t t = 0; t < n; ++t) {
      const auto i = static_cast<std::size_t>(2 * t);
      c0 = c0 * 0.5 + data[i], c1 = c1 * 0.5 + data[i + 1];
      EXPECT_EQ(got[1].span<double>()[static_cast<std::size_t>(t)], c0 + c1);
    }
    expect_near(values(got[0]), {c0, c1});
    EXPECT_EQ(got[3].shape()[0], n);
    if (n == 0) expect_near(values(got[2]), {2 * c0, 2 * c1});
  }
}

TEST(Loops, WithoutSlices) {
  Graph g{f64};
  const Expr a = g.input("a", {2});
  const auto [last, all] = scan([](const Expr& c) { return std::pair{c * 0.5, sum(c)}; }, a, {.length = 3});
  const Expr alone = scan([](const Expr& c) { return c * c; }, a, {.length = 3});
  const auto got = run({a}, {last, all, alone}, {{1, 2}});
  expect_near(got[0], {0.125, 0.25});
  expect_near(got[1], {3, 1.5, 0.75});
  expect_near(got[2], {1, 256});
}

TEST(Loops, RepeatCounts) {
  Graph g{f64};
  const Expr a = g.input("a", {}), like = g.input("like", {"n"});
  const Expr y = repeat([](const Expr& c, const Expr& i) { return c + cast(i, f64) * c; }, a, Dim("n"));
  (void)like;
  const auto got = run({a, like}, {y, grad(y, a)}, {{2}, numbers(4)});
  double want = 1;
  for (int i = 0; i < 4; ++i) want *= 1 + i;
  expect_near(got[0], {2 * want});
  expect_near(got[1], {want});
}

// --- Under a batch, examples that have ended ---

/// Each example as it is alone: its value, derivatives in both modes, and those of what all share.
void expect_examples(const std::function<Expr(const Expr&, const Expr&)>& f, const std::vector<double>& xs, double shared) {
  const auto n = static_cast<std::int64_t>(xs.size());
  Graph g{f64};
  const Expr x = g.input("x", {n}), w = g.input("w", {});
  const VmapAxes axes{.in = {0, std::nullopt}};
  const auto both = grad(sum(vmap(f, axes)(x, w)), std::vector{x, w});
  const auto got = run({x, w}, {vmap(f, axes)(x, w), vmap(grad(f), axes)(x, w), both[0], both[1], jvp(vmap(f, axes)(x, w), x, cos(x))}, {xs, {shared}});
  double total = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    SCOPED_TRACE(i);
    Graph one{f64};
    const Expr a = one.input("a", {}), v = one.input("v", {}), y = f(a, v);
    const auto alone = run({a, v}, {y, grad(y, a), grad(y, v)}, {{xs[i]}, {shared}});
    expect_near({got[0][i], got[1][i], got[2][i], got[4][i]}, {alone[0][0], alone[1][0], alone[1][0], alone[1][0] * std::cos(xs[i])}, 1e-10);
    total += alone[2][0];
  }
  expect_near(got[3], {total}, 1e-10);
}

TEST(While, AnExampleThatHasEndedGivesNoNaN) {
  // Where it ends the next step would have no slope, or none that is a number.
  expect_examples([](const Expr& x, const Expr& w) {
    return while_loop([](const Expr& c) { return c > 0.2; }, [&](const Expr& c) { return sqrt(c - 0.2) * w; }, x);
  }, {0.9, 0.3, 0.1, 0.6, 0.2}, 0.8);
  expect_examples([](const Expr& x, const Expr& w) {
    return while_loop([](const Expr& c) { return c < 1; }, [&](const Expr& c) { return c + log(2 - c) * w + 1 / (1.7 - c) - 0.5; }, x);
  }, {0.0, 1.7, 3.0, -2.0}, 0.3);
}

TEST(While, WithinAnotherEndsForThoseThatAreDone) {
  // The inner loop would never end for what the outer one ends with.
  expect_examples([](const Expr& x, const Expr& w) {
    return while_loop([](const Expr& c) { return c < 50; }, [&](const Expr& c) {
      const Expr inner = while_loop([](const Expr& d) { return abs(d) > 0.5 ; }, [&](const Expr& d) { return where(d < 50, d * w, d); }, c);
      return c * 3 + inner;
    }, x);
  }, {1.0, 20.0, 60.0, 0.4, 49.0}, 0.6);
}

// --- Rules and checks ---

TEST(Loops, ARuleMayKeepWhatItsStepsNeed) {
  Graph g{f64};
  const Expr x = g.input("x", {3});
  // The cotangent times the product of cos of all: a scan that is linear in it, whose derivative needs what each step computed.
  const auto product = [](const Expr& start, const Expr& a) { return scan([](const Expr& c, const Expr& s) { return c * cos(s) * exp(s); }, start, a); };
  const auto f = custom_vjp([](const Expr& a) { return sum(sin(a)); },
                            [&](const Expr& ct, const Expr&, const Expr& a) { return product(ct, a) + 0 * a; });
  const auto h = custom_jvp([](const Expr& a) { return sum(sin(a)); }, [&](const Expr&, const Expr& a, const Expr& t) { return product(sum(t), a); });
  const std::vector<double> at{0.1, 0.2, 0.3};
  double slope = 1;
  for (const double v : at) slope *= std::cos(v) * std::exp(v);
  const auto got = run({x}, {grad(f(x), x), jvp(f(x), x, x), grad(h(x), x), jvp(h(x), x, x), vmap(grad(f))(stack({x, x}, 0)), hessian(f(x), x)}, {at});
  for (const std::size_t i : {0, 2}) expect_near(got[i], {slope, slope, slope});
  for (const std::size_t i : {1, 3}) expect_near(got[i], {slope * 0.6});
  expect_near(got[4], std::vector<double>(6, slope));
  for (std::size_t i = 0; i < 9; ++i) expect_near({got[5][i]}, {slope * (1 - std::tan(at[i % 3]))});
  EXPECT_NE(message([&] {
              custom_vjp([](const Expr& a) { return sum(a); }, [](const Expr& ct, const Expr&, const Expr& a) {
                return scan([](const Expr& c, const Expr& s) { return c * sin(c) * s; }, ct, a) * a;
              })(x);
            }).find("the rule is not linear"), std::string::npos);
  // How many steps there are depends on the cotangent.
  EXPECT_NE(message([&] {
              custom_vjp([](const Expr& a) { return sum(a); }, [](const Expr& ct, const Expr&, const Expr& a) {
                return while_loop([](const Expr& c) { return sum(c) < 1; }, [](const Expr& c) { return 2 * c; }, ct) * a;
              })(x);
            }).find("the rule is not linear"), std::string::npos);
}

TEST(Loops, DifferencesHoldWhatAStepStops) {
  Graph g{f64};
  const Expr w = g.input("w", {}), xs = g.input("xs", {4});
  const auto step = [&](const Expr& c, const Expr& x) { return 0.3 * (sin(c * w + x) + stop_gradient(c * x) * c + stop_gradient(stop_gradient(c) * w)); };
  const Expr once = scan(step, w, xs), nested = scan([&](const Expr& c, const Expr& x) { return scan(step, c * x, xs); }, w, xs);
  for (const Expr& y : {once, nested}) {
    const GradientReport report = check_gradient(y, {{w, 0.7}, {xs, std::vector<double>{0.4, 0.9, 0.3, 0.6}}});
    EXPECT_TRUE(report.ok()) << report.text();
  }
}

TEST(While, ARecordGivesBackWhatIsNotNeededAnyMore) {
  constexpr std::int64_t element = 8, many = 1 << 20, few = 10;
  runtime::Record record(element);
  record.reserve(many);
  record.settle();
  record.reserve(few);
  record.settle();  // the run before needed it
  EXPECT_GE(record.bytes(), many * element);
  record.reserve(few);
  record.settle();
  EXPECT_EQ(record.bytes(), 0);
  record.reserve(few);
  EXPECT_GE(record.bytes(), few * element);
  EXPECT_LT(record.bytes(), many);
}

// --- What is compiled ---

std::size_t loops_in(const Module& m) {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < m.graph->size(); ++i) count += m.graph->op(NodeId{i}) == ops::Op::loop;
  return count;
}
Module compiled(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs) {
  Module m{inputs[0].graph(), {}, {}};
  for (const Expr& e : inputs) m.inputs.push_back(e.id());
  for (const Expr& e : outputs) m.outputs.push_back(e.id());
  return passes::run(compact(m), passes::pipeline(false));
}

TEST_F(Recurrence, ValueAndGradientShareTheForwardLoop) {
  const Expr y = loss(cell.looped());
  std::vector<Expr> outputs = grad(y, inputs);
  outputs.push_back(y);
  EXPECT_EQ(loops_in(compiled(inputs, outputs)), 2u);
  // The value, its tangent and the value that the tangent needs: one loop.
  const std::vector<Expr> v{W, h0, xs};
  EXPECT_EQ(loops_in(compiled(inputs, {y, jvp(y, inputs, v)})), 1u);
  // Gradients asked for one by one.
  EXPECT_EQ(loops_in(compiled(inputs, {y, grad(y, W), grad(y, W)})), 2u);
  // Nobody reads the loop.
  EXPECT_EQ(loops_in(compiled(inputs, {W * 2})), 0u);
}

TEST_F(Recurrence, TheGraphDoesNotGrowWithTheSteps) {
  std::vector<std::size_t> sizes;
  for (const int n : {5, 500}) {
    Graph h{f64};
    const Expr w = h.input("W", {3, 3}), s = h.input("h0", {3}), x = h.input("xs", {n, 3});
    const Expr y = loss(Cell{w, s, x}.looped());
    sizes.push_back(compiled({w, s, x}, grad(y, std::vector{w, s, x})).graph->size());
  }
  EXPECT_EQ(sizes[0], sizes[1]);
}

TEST(Loops, DerivativeLoopsReadWhatTheyNeed) {
  Graph g{f64};
  const Expr x = g.input("x", {3});
  // A rule with a loop in it, linear in its direction: the derivative loop in the direction does not read the direction.
  const auto f = custom_jvp([](const Expr& a) { return sin(a); },
                            [](const Expr&, const Expr& a, const Expr& t) {
                              return scan([](const std::vector<Expr>& none, const std::pair<Expr, Expr>& s) {
                                return std::pair{none, s.first * s.second};
                              }, std::vector<Expr>{}, std::pair{t, cos(a)}).second;
                            });
  const auto got = run({x}, {f(x), grad(sum(f(x)), x)}, {{0.1, 0.2, 0.3}});
  expect_near(got[1], {std::cos(0.1), std::cos(0.2), std::cos(0.3)});
}

TEST(Loops, ShareUnderABatchAndWhenTheyNest) {
  Graph g{f64};
  const Expr x = g.input("x", {4}), w = g.input("w", {});
  const auto inner = [&](const Expr& c) { return scan([&](const Expr& d) { return sin(d * w); }, c, {.length = 3}); };
  const auto flat = [&](const Expr& a) { return scan([&](const Expr& c) { return sin(c) * w; }, a, {.length = 3}); };
  const auto nested = [&](const Expr& a) { return scan([&](const Expr& c) { return inner(c) * w; }, a, {.length = 2}); };
  const auto open = [&](const Expr& a) { return while_loop([](const Expr& c) { return c > 0.1; }, [&](const Expr& c) { return sin(c) * 0.5; }, a); };
  // The value of the batch and its gradients: there, and back.
  EXPECT_EQ(loops_in(compiled({x, w}, {vmap(flat)(x), vmap(grad(flat))(x)})), 2u);
  EXPECT_EQ(loops_in(compiled({x, w}, {vmap(nested)(x), vmap(grad(nested))(x)})), 2u);
  EXPECT_EQ(loops_in(compiled({x, w}, {vmap(open)(x), vmap(grad(open))(x)})), 1u);
  // Twice the same, traced twice.
  EXPECT_EQ(loops_in(compiled({x, w}, {nested(w), nested(w) * 2})), 1u);
}

TEST(Loops, ManyShareWhatTheyCan) {
  Graph g{f64};
  const Expr a = g.input("a", {});
  Expr y = a;
  for (int i = 0; i < 150; ++i) y = while_loop([](const Expr& c) { return c > 1.0; }, [&, i](const Expr& c) { return c * (0.5 + 1e-3 * i); }, y + 1.0);
  const Module m = compiled({a}, {y, grad(y, a)});
  EXPECT_EQ(loops_in(m), 299u);  // but for the last, what a while's reverse derivative starts with depends on its result
  const auto order = [&](int k) {
    const Expr s = scan([](const Expr& c) { return sin(c); }, a, {.length = 3});
    return loops_in(compiled({a}, {derivative(s, a, k)}));
  };
  EXPECT_LE(order(5), 80u);
}

// --- Errors ---

TEST(Loops, SayWhatIsWrong) {
  Graph g{f64};
  const Expr a = g.input("a", {3}), b = g.input("b", {2, 3}), xs = g.input("xs", {5, 3}), ys = g.input("ys", {4}), flag = g.input("flag", {3}, boolean);
  const auto keep = [](const Expr& c, const auto&) { return c; };
  EXPECT_NE(message([&] { scan([&](const Expr& c, const Expr&) { return c + b; }, a, xs); })
                .find("[scan] carry 0 starts as [3], the step gives [2, 3]: its shape must stay"), std::string::npos);
  EXPECT_NE(message([&] { scan([](const Expr& c, const Expr&) { return c > 0; }, a, xs); }).find("carry 0 starts as f64, the step gives bool: its type must stay"),
            std::string::npos)
      << message([&] { scan([](const Expr& c, const Expr&) { return c > 0; }, a, xs); });
  EXPECT_NE(message([&] { scan(keep, a, std::pair{xs, ys}); }).find("has 4 slices, the first has 5"), std::string::npos)
      << message([&] { scan(keep, a, std::pair{xs, ys}); });
  EXPECT_NE(message([&] { scan(keep, a, sum(xs)); }).find("has no axis of steps"), std::string::npos);
  EXPECT_NE(message([&] { scan(keep, a, std::vector<Expr>{}); }).find("the number of steps is unknown"), std::string::npos);
  EXPECT_NE(message([&] { repeat(keep, a, -1); }).find("[repeat] -1 steps"), std::string::npos);
  EXPECT_NE(message([&] { while_loop([](const Expr& x) { return x > 0; }, [](const Expr& x) { return x - 1; }, a); }).find("one truth value is expected"),
            std::string::npos);
  EXPECT_NE(message([&] { while_loop([](const Expr& x) { return sum(x); }, [](const Expr& x) { return x - 1; }, a); }).find("a truth value, as of x > 0, is expected"),
            std::string::npos);
  EXPECT_NE(message([&] { while_loop([](const Expr&) { return Expr(1); }, [](const Expr& x) { return x; }, a); }).find("which no step changes"), std::string::npos);
  Graph h{f64};
  const Expr other = h.input("other", {3});
  EXPECT_NE(message([&] { scan([&](const Expr&, const Expr&) { return other; }, a, xs); }).find("in another graph"), std::string::npos);
  EXPECT_NE(message([&] { repeat([](const Expr& c, const Expr&) { return c; }, Expr(1), 3); }).find("declare one with Graph::constant"), std::string::npos);
  EXPECT_NE(message([&] {
              scan([](const std::vector<Expr>&, const Expr& x) { return std::pair{std::vector<Expr>{x * 2}, x * 3}; }, std::vector<Expr>{}, xs);
            }).find("the step gives 1 carries, the start has 0"), std::string::npos);
  // Indices in the steps of a scan are checked at the call as others are.
  const Expr table = g.input("table", {3}), at = g.input("at", {"n"}, i64);
  const Expr looked = scan([&](const Expr& c, const Expr& i) { return c + gather(table, i); }, sum(table) * 0, at);
  const std::vector<std::int64_t> indices{1, 7};
  const Function<> look = compile(std::vector{table, at}, std::vector{looked});
  EXPECT_NE(message([&] { look(std::vector<ArrayRef>{std::vector<double>{1, 2, 3}, indices}); }).find("element 1 is 7, used as an index"), std::string::npos);
  const Expr deep = g.input("deep", {2, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_NE(message([&] { grad(sum(scan([](const Expr& c) { return sin(c); }, deep, {.length = 3})), deep); }).find("no room for one more, of steps"),
            std::string::npos);
  EXPECT_NE(message([&] {
              const Expr w = g.input("w", {});
              check_gradient(while_loop([](const Expr& c) { return c < 10; }, [](const Expr& c) { return c + stop_gradient(c); }, w), {{w, 0.5}});
            }).find("the step of a while has a stop_gradient"), std::string::npos);
  // A size that no input has.
  const Expr lost = repeat(keep, a, Dim("steps"));
  EXPECT_NE(message([&] { compile(std::vector{a}, std::vector{lost}); }).find("an output needs the size steps"), std::string::npos);
}

}  // namespace
}  // namespace actinium
