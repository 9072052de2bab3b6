// Work that people do, as a share of what the machine can do in the same run: the fused layer, sigmoid and its gradient over
// large arrays, the call itself.
#include <actinium/actinium.h>
#include <benchmark/benchmark.h>

#include "machine.hpp"

namespace ac = actinium;

namespace {

/// gelu(x @ W + b), W known: one thread. Share of the FMA peak.
void fused_layer(benchmark::State& state, ac::DType dtype) {
  static const double peak32 = bench::fma_peak(false), peak64 = bench::fma_peak(true);
  const std::int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  ac::Graph g(dtype);
  const auto x = g.input("x", {"batch", k});
  const auto w = g.constant("W", ac::random_normal(1, {k, n}, 0, 0.02, dtype));
  const auto b = g.input("b", {n});
  const auto f = ac::compile({x, b}, gelu(matmul(x, w) + b), {.threads = 1});
  const auto xs = ac::random_normal(2, {m, k}, 0, 1, dtype), bs = ac::random_normal(3, {n}, 0, 1, dtype);
  auto ys = ac::Tensor::empty({m, n}, dtype);
  const auto step = f.bind({xs, bs}, {ys});
  for (auto _ : state) step();
  const double flops = 2.0 * static_cast<double>(m * k * n);
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["share of peak"] = benchmark::Counter(flops * 1e-9 / (dtype == ac::f32 ? peak32 : peak64),
                                                       benchmark::Counter::kIsIterationInvariantRate);
}

/// y = sigmoid(x), or dx = dy * sigmoid'(x): bytes moved as a share of a copy of the same size.
void sigmoid_stream(benchmark::State& state, bool gradient) {
  const std::int64_t n = state.range(0);
  static const double copy = bench::copy_bandwidth(std::size_t{1} << 26);
  ac::Graph g;
  const auto x = g.input("x", {"n"}), dy = g.input("dy", {"n"});
  const auto y = sigmoid(x);
  const auto f = gradient ? ac::compile({x, dy}, ac::vjp(y, x, dy), {.threads = 1}) : ac::compile({x, dy}, y, {.threads = 1});
  const auto xs = ac::random_uniform(1, {n}, -8, 8), dys = ac::random_uniform(2, {n}, -1, 1);
  auto ys = ac::Tensor::zeros({n});
  const auto step = f.bind({xs, dys}, {ys});
  for (auto _ : state) step();
  const double bytes = static_cast<double>(n) * (gradient ? 12 : 8);
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  if (n >= 1 << 22)
    state.counters["share of copy"] = benchmark::Counter(bytes * 1e-9 / copy, benchmark::Counter::kIsIterationInvariantRate);
}

/// A bound step, call into memory, and the call that gives tensors, on 4 elements.
void call_overhead(benchmark::State& state, int how) {
  ac::Graph g;
  const auto x = g.input("x", {"n"});
  const auto f = ac::compile({x}, x + 1.0, {.threads = 1});
  const std::vector<float> xs{1, 2, 3, 4};
  std::vector<float> ys(4);
  const auto step = f.bind({xs}, {ys});
  for (auto _ : state) {
    if (how == 0) step();
    if (how == 1) f.call({xs}, {ys});
    if (how == 2) benchmark::DoNotOptimize(f(xs));
  }
}

}  // namespace

BENCHMARK_CAPTURE(fused_layer, f32, ac::f32)->Args({256, 1024, 1024})->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(fused_layer, f64, ac::f64)->Args({256, 1024, 1024})->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(sigmoid_stream, value, false)->Arg(1 << 24)->Arg(1 << 12)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(sigmoid_stream, gradient, true)->Arg(1 << 24)->Arg(1 << 12)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(call_overhead, bound, 0)->UseRealTime();
BENCHMARK_CAPTURE(call_overhead, call, 1)->UseRealTime();
BENCHMARK_CAPTURE(call_overhead, tensors, 2)->UseRealTime();
BENCHMARK_MAIN();
