// Time to build, differentiate, lower and compile, against the number of nodes; cold compiles of what people write.
#include <actinium/actinium.h>
#include <benchmark/benchmark.h>

namespace ac = actinium;

namespace {

ac::Expr chain(const ac::Expr& x, std::int64_t n) {
  ac::Expr y = x;
  for (std::int64_t i = 0; i < n; ++i) y = i % 3 == 0 ? sin(y) : i % 3 == 1 ? y * 0.5 : y + x;
  return y;
}

void build(benchmark::State& state) {
  for (auto _ : state) {
    ac::Graph g(ac::f64);
    benchmark::DoNotOptimize(chain(g.input("x", {}), state.range(0)));
  }
  state.SetComplexityN(state.range(0));
}

void differentiate(benchmark::State& state) {
  for (auto _ : state) {
    ac::Graph g(ac::f64);
    const auto x = g.input("x", {});
    benchmark::DoNotOptimize(ac::grad(chain(x, state.range(0)), x));
  }
  state.SetComplexityN(state.range(0));
}

/// Passes and fusion without code generation.
void lower(benchmark::State& state) {
  ac::Graph g(ac::f64);
  const auto x = g.input("x", {});
  const auto dx = ac::grad(chain(x, state.range(0)), x);
  for (auto _ : state) benchmark::DoNotOptimize(ac::compile({x}, dx, {.engine = ac::Engine::interpret}));
  state.SetComplexityN(state.range(0));
}

void compile_scalar_graph(benchmark::State& state) {
  ac::Graph g(ac::f64);
  const auto x = g.input("x", {});
  const auto dx = ac::grad(chain(x, state.range(0)), x);
  for (auto _ : state) benchmark::DoNotOptimize(ac::compile({x}, dx));
  state.SetComplexityN(state.range(0));
}

void cold_elementwise(benchmark::State& state) {
  for (auto _ : state) {
    ac::Graph g;
    const auto x = g.input("x", {"n"}), dy = g.input("dy", {"n"});
    benchmark::DoNotOptimize(ac::compile({x, dy}, ac::vjp(silu(x), x, dy)));
  }
}

/// The training step of examples/digits: value and gradients of a 64-64-64-10 network.
void cold_digits_step(benchmark::State& state) {
  for (auto _ : state) {
    ac::Graph g;
    const auto x = g.input("x", {"batch", 64}), label = g.input("label", {"batch"}, ac::i32);
    const auto w1 = g.input("w1", {64, 64}), b1 = g.input("b1", {64}), w2 = g.input("w2", {64, 64}), b2 = g.input("b2", {64});
    const auto w3 = g.input("w3", {64, 10}), b3 = g.input("b3", {10});
    const auto h = silu(matmul(silu(matmul(x, w1) + b1), w2) + b2);
    const auto loss = mean(softmax_cross_entropy(matmul(h, w3) + b3, label));
    const auto [dw1, db1, dw2, db2, dw3, db3] = ac::grad(loss, w1, b1, w2, b2, w3, b3);
    benchmark::DoNotOptimize(ac::compile({x, label, w1, b1, w2, b2, w3, b3}, {loss, dw1, db1, dw2, db2, dw3, db3}));
  }
}

}  // namespace

BENCHMARK(cold_elementwise)->Unit(benchmark::kMillisecond);
BENCHMARK(cold_digits_step)->Unit(benchmark::kMillisecond);
BENCHMARK(build)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond)->Complexity(benchmark::oN);
BENCHMARK(differentiate)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond)->Complexity(benchmark::oN);
BENCHMARK(lower)->RangeMultiplier(10)->Range(10000, 1000000)->Unit(benchmark::kMillisecond)->Complexity(benchmark::oN);
BENCHMARK(compile_scalar_graph)->RangeMultiplier(10)->Range(100, 10000)->Unit(benchmark::kMillisecond)->Complexity(benchmark::oN);
BENCHMARK_MAIN();
