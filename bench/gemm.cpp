// Matrix products alone, one thread: GFLOP/s and share of the FMA peak of the same run. Squares, few rows, few columns,
// transposed operands, small K; bench/layer.cpp has the fused layer.
#include <actinium/actinium.h>
#include <benchmark/benchmark.h>

#include "machine.hpp"

namespace ac = actinium;

namespace {

enum class Operands { plain, a_transposed, b_transposed };

void product(benchmark::State& state, ac::DType dtype, Operands operands) {
  static const double peak32 = bench::fma_peak(false), peak64 = bench::fma_peak(true);
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const bool at = operands == Operands::a_transposed, bt = operands == Operands::b_transposed;
  ac::Graph g(dtype);
  // Sizes are symbols: what is timed is the code for any shape.
  const auto a = at ? g.input("a", {"k", "m"}) : g.input("a", {"m", "k"});
  const auto b = bt ? g.input("b", {"n", "k"}) : g.input("b", {"k", "n"});
  const auto c = ac::matmul(at ? ac::transpose(a) : a, bt ? ac::transpose(b) : b);
  const auto f = ac::compile({a, b}, c, {.threads = 1});
  const auto as = ac::random_normal(1, at ? ac::Shape{k, m} : ac::Shape{m, k}, 0, 1, dtype);
  const auto bs = ac::random_normal(2, bt ? ac::Shape{n, k} : ac::Shape{k, n}, 0, 1, dtype);
  auto cs = ac::Tensor::empty({m, n}, dtype);
  const auto step = f.bind({as, bs}, {cs});
  for (auto _ : state) step();
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const double bytes = static_cast<double>(m * k + k * n + m * n) * static_cast<double>(ac::size_of(dtype));
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, rate);
  state.counters["share of peak"] = benchmark::Counter(flops * 1e-9 / (dtype == ac::f32 ? peak32 : peak64), rate);
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, rate);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (std::int64_t s : {16, 32, 64, 100, 128, 256, 512, 768, 1000, 1024}) b->Args({s, s, s});
  b->Args({32, 64, 64})->Args({1024, 1024, 4});
  for (std::int64_t m : {1, 2, 4, 8, 16, 32}) b->Args({m, 1024, 1024});
  for (std::int64_t n : {1, 4, 10}) b->Args({4096, n, 256});
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}
void large(benchmark::internal::Benchmark* b) {
  b->Args({512, 512, 512})
      ->Args({1024, 1024, 1024})
      ->Args({1024, 1024, 256})
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

}  // namespace

BENCHMARK_CAPTURE(product, f32, ac::f32, Operands::plain)->Apply(shapes);
BENCHMARK_CAPTURE(product, f64, ac::f64, Operands::plain)->Apply(shapes);
BENCHMARK_CAPTURE(product, f32_a_transposed, ac::f32, Operands::a_transposed)->Apply(large);
BENCHMARK_CAPTURE(product, f64_a_transposed, ac::f64, Operands::a_transposed)->Apply(large);
BENCHMARK_CAPTURE(product, f32_b_transposed, ac::f32, Operands::b_transposed)->Apply(large);
BENCHMARK_CAPTURE(product, f64_b_transposed, ac::f64, Operands::b_transposed)->Apply(large);
BENCHMARK_MAIN();
