// Calls: what is accepted as an argument, how symbols are found, strides, staging, aliasing, threads and steady state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <Eigen/Dense>
#include <atomic>
#include <numeric>
#include <thread>

#include "actinium/actinium.h"
#include "support/allocations.hpp"
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace actinium {
namespace {

using testing::ElementsAre;

std::vector<double> counting(std::size_t n, double first = 1) {
  std::vector<double> v(n);
  std::iota(v.begin(), v.end(), first);
  return v;
}

class Calls : public testing::TestWithParam<Engine> {
 protected:
  CompileOptions options() const { return {.engine = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(RuntimeCall, Calls, testing::Values(Engine::interpret, Engine::automatic),
                         [](const auto& info) { return info.param == Engine::interpret ? "interpret" : "automatic"; });

TEST_P(Calls, EveryKindOfArray) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", "n"}), b = g.input("b", {"n"}), s = g.input("s", {});
  const auto f = compile({x, b, s}, {x * s + b}, options());
  const std::vector<double> flat = counting(6);
  const Tensor expected{{10.0, 30.0, 50.0}, {40.0, 60.0, 80.0}};
  const std::vector<double> bs{0, 10, 20};
  const Tensor tensor(flat, {2, 3});
  EXPECT_EQ(f(tensor, bs, 10.0), expected);
  EXPECT_EQ(f(flat, bs, 10.0), expected) << "m divides out";
  EXPECT_EQ(f(view(flat.data(), {2, 3}), std::span(bs), 10), expected);
  EXPECT_EQ(f(flat, std::array{0.0, 10.0, 20.0}, 10.0f), expected);
  double c_array[2][3] = {{1, 2, 3}, {4, 5, 6}};
  EXPECT_EQ(f(c_array, bs, Tensor::scalar(10)), expected);
  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  const Eigen::VectorXd v = Eigen::Vector3d(0, 10, 20);
  EXPECT_EQ(f(m, v, 10.0), expected);
  EXPECT_EQ(f(m, v.transpose().eval(), 10.0), expected);
  const Eigen::Matrix<double, 2, 3, Eigen::RowMajor> rows = m;
  EXPECT_EQ(f(rows, v, 10.0), expected);
  Eigen::MatrixXd big = Eigen::MatrixXd::Constant(5, 5, -1);
  big.block(1, 2, 2, 3) = m;
  EXPECT_EQ(f(big.block(1, 2, 2, 3), v, 10.0), expected);
  // Backwards, and with a broadcast axis.
  const std::vector<double> reversed(flat.rbegin(), flat.rend());
  EXPECT_EQ(f(view(reversed.data() + 5, {2, 3}, {-3, -1}), bs, 10.0), expected);
  EXPECT_EQ(f(view(flat.data(), {2, 3}, {0, 1}), bs, 10.0), (Tensor{{10.0, 30.0, 50.0}, {10.0, 30.0, 50.0}}));
  const std::vector<Tensor> list{tensor, Tensor(bs), Tensor::scalar(10)};
  EXPECT_EQ(f(list), expected);
  EXPECT_EQ(f.by_name({{"s", 10.0}, {"x", tensor}, {"b", bs}}), expected);
}

/// The members of std::mdspan that the library looks at.
struct Span2 {
  using element_type = double;
  double* data;
  std::size_t rows, columns, step;
  static constexpr std::size_t rank() { return 2; }
  std::size_t extent(std::size_t i) const { return i == 0 ? rows : columns; }
  std::size_t stride(std::size_t i) const { return i == 0 ? step : 1; }
  double* data_handle() const { return data; }
};

TEST_P(Calls, AnythingLikeMdspan) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", "n"});
  const auto f = compile({x}, {x * 2.0}, options());
  std::vector<double> xs = counting(8), ys(8);
  EXPECT_EQ(f(Span2{xs.data(), 2, 3, 4}), (Tensor{{2.0, 4.0, 6.0}, {10.0, 12.0, 14.0}}));
  f.call({Span2{xs.data(), 2, 3, 4}}, {Span2{ys.data(), 2, 3, 5}});
  EXPECT_THAT(ys, ElementsAre(2, 4, 6, 0, 0, 10, 12, 14));
}

TEST_P(Calls, ConstantsOfTheGraph) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", 2});
  const Expr w = g.constant("w", Tensor{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  const auto f = compile({x}, {matmul(x, w), w, sum(w, 0)}, options());
  const auto [y, same, s] = f(Tensor{{1.0, 1.0}});
  EXPECT_EQ(y, (Tensor{{5.0, 7.0, 9.0}}));
  EXPECT_EQ(same, (Tensor{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}));
  EXPECT_EQ(s, (Tensor{5.0, 7.0, 9.0}));
}

TEST_P(Calls, OutputsOfTheCaller) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", "n"});
  const auto f = compile({x}, {x * 2.0, sum(x, 0), transpose(x) + 1.0}, options());
  const std::vector<double> xs = counting(6);
  Eigen::MatrixXd column_major(2, 3);
  std::vector<double> sums(3);
  std::vector<double> wide(12, -1.0);
  f.call({view(xs.data(), {2, 3})}, {column_major, sums, view(wide.data(), {3, 2}, {4, 2})});
  EXPECT_EQ(column_major, (Eigen::MatrixXd(2, 3) << 2, 4, 6, 8, 10, 12).finished());
  EXPECT_THAT(sums, ElementsAre(5, 7, 9));
  EXPECT_THAT(wide, ElementsAre(2, -1, 5, -1, 3, -1, 6, -1, 4, -1, 7, -1));
}

TEST_P(Calls, ArraysThatAKernelWantsContiguousAreStaged) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", 3}), i = g.input("i", {"k"}, i64);
  const auto f = compile({x, i}, {reshape(x, {-1}) * 2.0, gather(x, i), sort(x, 0), cumsum(x, 1)}, options());
  Eigen::MatrixXd m(4, 3);
  m << 9, 2, 3, 4, 5, 1, 7, 8, 6, 0, 11, 12;
  const std::vector<std::int64_t> indices{2, -1};
  const auto plain = f(Tensor(m), indices);
  const auto staged = f(m, indices);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(plain[k], staged[k]) << k;
  EXPECT_EQ(plain[1], (Tensor{{7.0, 8.0, 6.0}, {0.0, 11.0, 12.0}}));
  EXPECT_EQ(plain[3](1, 2), 10);
  Eigen::MatrixXd sorted(4, 3), running(4, 3);
  Eigen::VectorXd doubled(24);
  Eigen::MatrixXd gathered(2, 3);
  f.call({m, indices},
         {Eigen::Map<Eigen::VectorXd, 0, Eigen::InnerStride<2>>(doubled.data(), 12), gathered, sorted, running});
  EXPECT_EQ(Tensor(sorted), plain[2]);
  EXPECT_EQ(Tensor(gathered), plain[1]);
  EXPECT_EQ(doubled[2], 4);
}

TEST_P(Calls, SymbolsAreSolvedFromForms) {
  Graph g{f64};
  const Dim n{"n"}, m{"m"};
  const Expr a = g.input("a", {2 * n + 1}), b = g.input("b", {n * m}), c = g.input("c", {n, m});
  const auto f = compile({a, b}, {sum(a) + sum(b), cast(g.size(m), f64)}, options());
  const auto [s, size] = f(counting(7), counting(12));
  EXPECT_EQ(s.item(), 28 + 78);
  EXPECT_EQ(size.item(), 4);
  const auto h = compile({b, c}, {reshape(b, {n, m}) + c}, options());
  EXPECT_EQ(h(counting(6), Tensor::zeros({2, 3}, f64)), (Tensor{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}));
}

TEST_P(Calls, EmptyArrays) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", "n"});
  const auto f = compile({x}, {exp(x), sum(x, 0), sum(x, 1), matmul(x, transpose(x)), sum(x)}, options());
  const auto none = f(Tensor::zeros({0, 3}, f64));
  EXPECT_EQ(none[1], Tensor::zeros({3}, f64));
  EXPECT_EQ(none[4].item(), 0);
  const auto narrow = f(Tensor::zeros({2, 0}, f64));
  EXPECT_EQ(narrow[2], Tensor::zeros({2}, f64));
  EXPECT_EQ(narrow[3], Tensor::zeros({2, 2}, f64));
}

TEST_P(Calls, NumbersOfTheGraphAndUnusedInputs) {
  Graph g{f32};
  const Expr x = g.input("x", {"n"}), unused = g.input("unused", {3});
  const auto f = compile({x, unused}, {x + 1.0, Expr(2.5), x}, options());
  const auto [y, c, same] = f(std::vector<float>{1, 2}, std::vector<float>{0, 0, 0});
  EXPECT_EQ(y, (Tensor{2.0f, 3.0f}));
  EXPECT_EQ(c.item(), 2.5);
  EXPECT_EQ(same, (Tensor{1.0f, 2.0f}));
  const std::vector<Expr> list{x * x};
  const Function<> many = compile(std::vector<Expr>{x}, list, options());
  EXPECT_EQ(many(std::vector<float>{3})[0], (Tensor{9.0f}));
}

TEST_P(Calls, BoundStepsSeeNewValues) {
  Graph g{f64};
  const Expr x = g.input("x", {"n"}), s = g.input("s", {});
  const auto f = compile({x, s}, {x * s}, options());
  std::vector<double> xs{1, 2, 3}, ys(3);
  double scale = 2;
  const Bound step = f.bind({xs, scale}, {ys});
  step();
  EXPECT_THAT(ys, ElementsAre(2, 4, 6));
  scale = 10;
  xs[1] = 7;
  step();
  EXPECT_THAT(ys, ElementsAre(10, 70, 30));
}

TEST_P(Calls, SteadyStateAllocatesNothing) {
  Graph g{f64};
  const Expr x = g.input("x", {"batch", 20}), w = g.input("w", {20, 8}), i = g.input("i", {"batch"}, i32);
  const Expr h = exp(matmul(x, w)), y = h / sum(h, 1, true);
  const auto f = compile({x, w, i}, {y, sum(y, 0), gather(y, i), sort(y, 0)}, options());
  for (std::int64_t batch : {3, 50}) {
    const Tensor xs = Tensor::full({batch, 20}, 0.1, f64), ws = Tensor::full({20, 8}, 0.2, f64);
    const std::vector<std::int32_t> is(static_cast<std::size_t>(batch), 1);
    Tensor a = Tensor::empty({batch, 8}, f64), b = Tensor::empty({8}, f64), c = Tensor::empty({batch, 8}, f64),
           d = Tensor::empty({batch, 8}, f64);
    f.call({xs, ws, is}, {a, b, c, d});
    const long before = support::allocations();
    for (int k = 0; k < 10; ++k) f.call({xs, ws, is}, {a, b, c, d});
    EXPECT_EQ(support::allocations(), before);
    EXPECT_DOUBLE_EQ(a(0, 0), 0.125);
  }
  // Both sizes are still planned for.
  const Tensor xs = Tensor::full({3, 20}, 0.1, f64), ws = Tensor::full({20, 8}, 0.2, f64);
  const std::vector<std::int32_t> is(3, 1);
  Tensor a = Tensor::empty({3, 8}, f64), b = Tensor::empty({8}, f64), c = Tensor::empty({3, 8}, f64),
         d = Tensor::empty({3, 8}, f64);
  const long before = support::allocations();
  f.call({xs, ws, is}, {a, b, c, d});
  EXPECT_EQ(support::allocations(), before);
}

TEST_P(Calls, ThreadsChangeNoBit) {
  Graph g{f32};
  const Expr x = g.input("x", {"m", "k"}), w = g.input("w", {"k", "n"});
  const Expr h = matmul(x, w);
  const std::vector<Expr> outputs{h, exp(-abs(h)), sum(h, 0), sum(h, 1), h / sum(abs(h), 1, true), sum(h)};
  CompileOptions one = options(), four = options();
  one.threads = 1;
  four.threads = 4;
  const auto f = compile({x, w}, outputs, one), q = compile({x, w}, outputs, four);
  Tensor xs = Tensor::empty({300, 400}), ws = Tensor::empty({400, 500});
  for (std::int64_t i = 0; i < xs.size(); ++i)
    xs.data<float>()[i] = static_cast<float>((i * 2654435761u % 1000)) * 1e-3f - 0.5f;
  for (std::int64_t i = 0; i < ws.size(); ++i)
    ws.data<float>()[i] = static_cast<float>((i * 40503u % 777)) * 1e-3f - 0.4f;
  const auto a = f(xs, ws), b = q(xs, ws);
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(same_bits(a[i], b[i])) << i;
}

TEST_P(Calls, ManyThreadsCallOneFunction) {
  Graph g{f64};
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {sum(x * x), exp(x)}, options());
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<double> xs(static_cast<std::size_t>(100 + 50 * t), 2.0);
      for (int i = 0; i < 200; ++i) {
        const auto [s, e] = f(xs);
        if (s.item() != 4.0 * static_cast<double>(xs.size()) || e.size() != static_cast<std::int64_t>(xs.size()))
          ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  tbb::parallel_for(0, 64, [&](int) {
    if (std::get<0>(f(std::vector<double>(300'000, 1.0))).item() != 300'000) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

#if defined(__x86_64__)
TEST_P(Calls, TheFloatEnvironmentOfTheCallerChangesNothing) {
  Graph g{f32};
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {x * 0.5, x / 3.0}, options());
  const std::vector<float> xs{1e-39f, 1.17549435e-38f, 1.0f};
  const auto plain = f(xs);
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040 | 0x6000);  // flush to zero, denormals are zero, round toward zero
  const unsigned odd = _mm_getcsr();
  const auto flushed = f(xs);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(after & 0xffc0u, odd & 0xffc0u);
  EXPECT_TRUE(same_bits(plain[0], flushed[0]));
  EXPECT_TRUE(same_bits(plain[1], flushed[1]));
  EXPECT_NE(plain[0].data<float>()[0], 0.0f);
}
#endif

TEST_P(Calls, StatsCountOneCall) {
  Graph g{f64};
  const Expr x = g.input("x", {"m", 64}), w = g.input("w", {64, 32});
  const auto f = compile({x, w}, {matmul(x, w)}, options());
  EXPECT_EQ(f.stats().flops, 0);
  EXPECT_EQ(f.stats({{"m", 10}}).flops, 2.0 * 10 * 64 * 32);
  f(Tensor::zeros({5, 64}, f64), Tensor::zeros({64, 32}, f64));
  const Stats stats = f.stats();
  EXPECT_EQ(stats.flops, 2.0 * 5 * 64 * 32);
  EXPECT_EQ(stats.bytes, 8.0 * (5 * 64 + 64 * 32 + 5 * 32));
  EXPECT_EQ(stats.kernels, 1u);
  EXPECT_GT(stats.compile_seconds, 0);
}

TEST(RuntimeCall, EvalNeedsNoCompile) {
  Graph g{f64};
  const Expr x = g.input("x", {"n"});
  const std::vector<double> xs{1, 2, 3};
  EXPECT_EQ(eval(sum(x * x), {{x, xs}}).item(), 14);
  EXPECT_EQ(eval(Expr(3.0)).item(), 3);
  const auto [a, b] = eval(std::array{x + 1.0, x * 2.0}, {{x, xs}});
  EXPECT_EQ(a, (Tensor{2.0, 3.0, 4.0}));
  EXPECT_EQ(b, (Tensor{2.0, 4.0, 6.0}));
}

TEST(RuntimeCall, ShowsEveryStage) {
  Graph g{f64};
  const Expr x = g.input("x", {"n"});
  const auto f = compile({x}, {exp(x) + 1.0}, {.engine = Engine::interpret});
  for (Stage stage : {Stage::graph, Stage::simplified, Stage::decomposed}) EXPECT_THAT(f.show(stage), testing::HasSubstr("exp"));
  EXPECT_THAT(f.show(Stage::kernels), testing::HasSubstr("kernel 0"));
  EXPECT_THAT(f.explain(), testing::HasSubstr("1 kernel"));
}

TEST(RuntimeCall, CompilesAnewWithoutTheCache) {
  const auto seconds = [](bool cache, const Tensor& expected) {
    Graph g{f64};
    const Expr x = g.input("x", {"n"});
    const auto f = compile({x}, erf(exp(x) * tanh(x)), {.cache = cache});
    const Tensor y = f(Tensor{0.25, 0.5, 1.0});
    EXPECT_TRUE(expected.size() == 0 || same_bits(y, expected));
    return std::pair{f.stats().engine_seconds, y};
  };
  const Tensor expected = seconds(true, {}).second;
  double cached = 1e9, anew = 1e9;
  for (int i = 0; i < 5; ++i) {
    cached = std::min(cached, seconds(true, expected).first);
    anew = std::min(anew, seconds(false, expected).first);
  }
  EXPECT_LT(2 * cached, anew);
}

}  // namespace
}  // namespace actinium
