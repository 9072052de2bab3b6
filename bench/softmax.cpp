// Rows of softmax: as it is, exp(x) with a row's power of two; the same row kernel of exp(x - max), which is wrong by up
// to 128 ulp far from the largest; and a copy of the same memory. "over plain" is what the accuracy costs: the time of
// ours by that of the plain kernel, measured in turn.
#include <actinium/actinium.h>
#include <benchmark/benchmark.h>

#include "machine.hpp"

namespace ac = actinium;

namespace {

ac::Expr plain_softmax(const ac::Expr& x) {
  const auto e = exp(x - ac::reduce_max(x, -1, true));
  return e / ac::sum(e, -1, true);
}
ac::Expr plain_log_softmax(const ac::Expr& x) {
  const auto d = x - ac::reduce_max(x, -1, true);
  return d - log(ac::sum(exp(d), -1, true));
}

/// The gradient of a classifier's loss by its logits, and the same in textbook form.
ac::Expr plain_loss_gradient(const ac::Expr& x, const ac::Expr& label) {
  return plain_softmax(x) - ac::one_hot(label, x.shape()[1], -1, x.dtype());
}

enum class Kind { softmax, log_softmax, loss };

void rows(benchmark::State& state, Kind kind, ac::DType dtype) {
  const std::int64_t n = state.range(0), count = std::max<std::int64_t>(1, (1 << 15) / n);
  ac::Graph g(dtype);
  const auto x = g.input("x", {"rows", "n"}), label = g.input("label", {"rows"}, ac::i32);
  const auto make = [&](bool ours) -> ac::Expr {
    if (kind == Kind::loss) return ours ? grad(sum(softmax_cross_entropy(x, label)), x) : plain_loss_gradient(x, label);
    if (kind == Kind::softmax) return ours ? softmax(x) : plain_softmax(x);
    return ours ? log_softmax(x) : plain_log_softmax(x);
  };
  const auto xs = ac::random_normal(1, {count, n}, 0, 3, dtype), labels = ac::Tensor::zeros({count}, ac::i32);
  auto ys = ac::Tensor::empty({count, n}, dtype);
  const auto ours = ac::compile({x, label}, make(true), {.threads = 1}),
             plain = ac::compile({x, label}, make(false), {.threads = 1});
  const auto step = ours.bind({xs, labels}, {ys}), other = plain.bind({xs, labels}, {ys});
  const double ratio = [&] {
    double a = 1e300, b = 1e300;
    for (int i = 0; i < 60; ++i)
      a = std::min(a, bench::best_of(2, [&] { step(); })), b = std::min(b, bench::best_of(2, [&] { other(); }));
    state.counters["plain row"] = b / static_cast<double>(count);
    return a / b;
  }();
  for (auto _ : state) step();
  const double elements = static_cast<double>(n * count),
               bytes = 2 * elements * static_cast<double>(ac::size_of(dtype));
  state.counters["row"] = benchmark::Counter(
      static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["over plain"] = ratio;
  state.counters["share of copy"] =
      benchmark::Counter(bytes * 1e-9 / bench::copy_bandwidth(static_cast<std::size_t>(bytes) / 2),
                         benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

#define ROWS(name, kind, dtype) \
  BENCHMARK_CAPTURE(rows, name, kind, dtype)->Arg(10)->Arg(100)->Arg(1000)->Arg(100'000)->UseRealTime()
ROWS(softmax_f32, Kind::softmax, ac::f32);
ROWS(softmax_f64, Kind::softmax, ac::f64);
ROWS(log_softmax_f32, Kind::log_softmax, ac::f32);
ROWS(log_softmax_f64, Kind::log_softmax, ac::f64);
ROWS(loss_gradient_f32, Kind::loss, ac::f32);
ROWS(loss_gradient_f64, Kind::loss, ac::f64);
BENCHMARK_MAIN();
