// Elementwise functions on arrays in L1, in cycles an element: ours, SLEEF's (1 ulp versions) and glibc's libmvec (4
// ulp), where the machine has these libraries. After Google Benchmark's own lines comes a table. Start reading at
// `functions`.
#include <actinium/actinium.h>
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "machine.hpp"

namespace ac = actinium;

namespace {

struct Function {
  const char* name;
  double low, high;                               ///< of the arguments
  std::function<ac::Expr(ac::Expr, ac::Expr)> f;  ///< the second argument of functions of two
  const char* sleef = "";                         ///< the accuracy in SLEEF's name; empty: SLEEF has none
  int arity = 1;
};

#define UNARY(name) [](const ac::Expr& x, const ac::Expr&) { return ac::name(x); }
#define BINARY(name) [](const ac::Expr& x, const ac::Expr& y) { return ac::name(x, y); }
const std::vector<Function> functions{
    {"exp", -20, 20, UNARY(exp), "u10"},
    {"exp2", -20, 20, UNARY(exp2), "u10"},
    {"expm1", -4, 4, UNARY(expm1), "u10"},
    {"log", 0.001, 100, UNARY(log), "u10"},
    {"log2", 0.001, 100, UNARY(log2), "u10"},
    {"log10", 0.001, 100, UNARY(log10), "u10"},
    {"log1p", -0.9, 20, UNARY(log1p), "u10"},
    {"pow", 0.1, 10, BINARY(pow), "u10", 2},
    {"sqrt", 0.001, 100, UNARY(sqrt), "u05"},
    {"rsqrt", 0.001, 100, UNARY(rsqrt)},
    {"cbrt", -100, 100, UNARY(cbrt), "u10"},
    {"hypot", -10, 10, BINARY(hypot), "u05", 2},
    {"sin", -30, 30, UNARY(sin), "u10"},
    {"cos", -30, 30, UNARY(cos), "u10"},
    {"tan", -30, 30, UNARY(tan), "u10"},
    {"asin", -1, 1, UNARY(asin), "u10"},
    {"acos", -1, 1, UNARY(acos), "u10"},
    {"atan", -10, 10, UNARY(atan), "u10"},
    {"atan2", -10, 10, BINARY(atan2), "u10", 2},
    {"sinh", -5, 5, UNARY(sinh), "u10"},
    {"cosh", -5, 5, UNARY(cosh), "u10"},
    {"tanh", -5, 5, UNARY(tanh), "u10"},
    {"asinh", -10, 10, UNARY(asinh), "u10"},
    {"acosh", 1, 20, UNARY(acosh), "u10"},
    {"atanh", -1, 1, UNARY(atanh), "u10"},
    {"erf", -4, 4, UNARY(erf), "u10"},
    {"erfc", -4, 8, UNARY(erfc), "u15"},
    {"sigmoid", -10, 10, UNARY(sigmoid)},
    {"logistic_pdf", -10, 10, UNARY(logistic_pdf)},
    {"sech2", -10, 10, UNARY(sech2)},
    {"softplus", -10, 10, UNARY(softplus)},
    {"gauss", -5, 5, UNARY(gauss)},
    {"normpdf", -5, 5, UNARY(normpdf)},
    {"normcdf", -8, 8, UNARY(normcdf)},
    {"log1mexp", 0.001, 10, UNARY(log1mexp)},
    {"silu", -10, 10, UNARY(silu)},
    {"gelu", -8, 8, UNARY(gelu)},
    {"gelu_near", -5, 5, UNARY(gelu)},  // beyond -5.9 f32 takes the tail of another function
};
#undef UNARY
#undef BINARY

// --- loops over the peers' vector functions ---

using Loop = void (*)(void* f, const void* x, const void* y, void* z, std::int64_t n);

template <class F>
F as(void* f) {
  return reinterpret_cast<F>(f);
}

#define LOOP(NAME, TARGET, VECTOR, SCALAR, PREFIX, SUFFIX)                                                        \
  __attribute__((target(TARGET))) void NAME##_1(void* f, const void* x, const void*, void* z, std::int64_t n) {   \
    const auto function = as<VECTOR (*)(VECTOR)>(f);                                                              \
    const auto* from = static_cast<const SCALAR*>(x);                                                             \
    for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(sizeof(VECTOR) / sizeof(SCALAR)))              \
      PREFIX##_storeu_##SUFFIX(static_cast<SCALAR*>(z) + i, function(PREFIX##_loadu_##SUFFIX(from + i)));         \
  }                                                                                                               \
  __attribute__((target(TARGET))) void NAME##_2(void* f, const void* x, const void* y, void* z, std::int64_t n) { \
    const auto function = as<VECTOR (*)(VECTOR, VECTOR)>(f);                                                      \
    const auto *a = static_cast<const SCALAR*>(x), *b = static_cast<const SCALAR*>(y);                            \
    for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(sizeof(VECTOR) / sizeof(SCALAR)))              \
      PREFIX##_storeu_##SUFFIX(static_cast<SCALAR*>(z) + i,                                                       \
                               function(PREFIX##_loadu_##SUFFIX(a + i), PREFIX##_loadu_##SUFFIX(b + i)));         \
  }
LOOP(wide_f32, "avx512f", __m512, float, _mm512, ps)
LOOP(wide_f64, "avx512f", __m512d, double, _mm512, pd)
LOOP(narrow_f32, "avx2,fma", __m256, float, _mm256, ps)
LOOP(narrow_f64, "avx2,fma", __m256d, double, _mm256, pd)
#undef LOOP

bool has_wide() { return __builtin_cpu_supports("avx512f"); }

enum Peer : int { ours, sleef, libmvec };
constexpr std::array<const char*, 3> peer_names{"actinium", "sleef", "libmvec"};

/// The peer's vector function for the host's widest registers; null if it has none.
void* peer_function(const Function& f, ac::DType dtype, Peer peer) {
  static void* const sleef_library = dlopen("libsleef.so.3", RTLD_NOW);
  static void* const libmvec_library = dlopen("libmvec.so.1", RTLD_NOW);
  const bool single = dtype == ac::f32;
  const std::string lanes = std::to_string((has_wide() ? 64 : 32) / (single ? 4 : 8));
  if (peer == libmvec) {
    const std::string arguments(static_cast<std::size_t>(f.arity), 'v');
    const std::string name =
        "_ZGV" + std::string(has_wide() ? "e" : "d") + "N" + lanes + arguments + "_" + f.name + (single ? "f" : "");
    return libmvec_library == nullptr ? nullptr : dlsym(libmvec_library, name.c_str());
  }
  if (sleef_library == nullptr || *f.sleef == '\0') return nullptr;
  const std::string name =
      std::string("Sleef_") + f.name + (single ? "f" : "d") + lanes + "_" + f.sleef + (has_wide() ? "avx512f" : "avx2");
  return dlsym(sleef_library, name.c_str());
}

// --- measuring ---

/// Seconds of a clock cycle: a chain of additions takes one each.
double cycle() {
  constexpr int rounds = 500;
  std::int64_t chain = 1;
  const double seconds = bench::best_of(4, [&] {
    for (int i = 0; i < rounds; ++i)
      asm volatile("add %0, %0\nadd %0, %0\nadd %0, %0\nadd %0, %0\nadd %0, %0\nadd %0, %0\nadd %0, %0\nadd %0, %0"
                   : "+r"(chain));
  });
  return seconds / (8 * rounds);
}

void* memory_of(ac::Tensor& t, ac::DType dtype) {
  return dtype == ac::f32 ? static_cast<void*>(t.data<float>()) : static_cast<void*>(t.data<double>());
}

constexpr std::int64_t array_bytes = 16384;  // input and output together fill most of an L1

/// Fewest cycles an element, by function, type and peer.
std::map<std::string, std::array<std::array<double, 3>, 2>> measured;

void run(benchmark::State& state, const Function& f, ac::DType dtype, Peer peer) {
  const std::int64_t n = array_bytes / (dtype == ac::f32 ? 4 : 8);
  auto xs = ac::random_uniform(1, {n}, f.low, f.high, dtype), ys = ac::random_uniform(2, {n}, f.low, f.high, dtype);
  auto zs = ac::Tensor::zeros({n}, dtype);
  ac::Graph g(dtype);
  const auto x = g.input("x", {"n"}), y = g.input("y", {"n"});
  const auto bound = ac::compile({x, y}, f.f(x, y), {.threads = 1}).bind({xs, ys}, {zs});
  void* const function = peer == ours ? nullptr : peer_function(f, dtype, peer);
  const Loop loop = dtype == ac::f32 ? has_wide()     ? (f.arity == 1 ? wide_f32_1 : wide_f32_2)
                                       : f.arity == 1 ? narrow_f32_1
                                                      : narrow_f32_2
                    : has_wide()     ? (f.arity == 1 ? wide_f64_1 : wide_f64_2)
                    : f.arity == 1   ? narrow_f64_1
                                     : narrow_f64_2;
  void *const px = memory_of(xs, dtype), *const py = memory_of(ys, dtype), *const pz = memory_of(zs, dtype);
  constexpr int repeats = 8;  // so that reading the clock costs nothing
  double best = 1e300;
  for (auto _ : state) {
    // The clock drifts: each sample is divided by a cycle measured beside it.
    const double period = cycle();
    const double seconds = bench::best_of(8,
                                          [&] {
                                            for (int i = 0; i < repeats; ++i)
                                              peer == ours ? bound() : loop(function, px, py, pz, n);
                                          }) /
                           repeats;
    state.SetIterationTime(seconds);
    best = std::min(best, seconds / period / static_cast<double>(n));
  }
  state.counters["cycles/element"] = best;
  measured[f.name][dtype == ac::f32 ? 0 : 1][peer] = best;
}

void print_table() {
  std::printf("\ncycles an element in L1; best peer / ours\n%-14s", "");
  for (const char* type : {"f32", "f64"}) {
    for (const char* name : peer_names) std::printf("%10s", name);
    std::printf("%6s %s  ", "ratio", type);
  }
  std::printf("\n");
  for (const Function& f : functions) {
    const auto found = measured.find(f.name);
    if (found == measured.end()) continue;
    std::printf("%-14s", f.name);
    for (const auto& row : found->second) {
      double best_peer = 1e300;
      for (double value : row) value > 0 ? std::printf("%10.2f", value) : std::printf("%10s", "-");
      for (int peer : {sleef, libmvec})
        if (row[static_cast<std::size_t>(peer)] > 0)
          best_peer = std::min(best_peer, row[static_cast<std::size_t>(peer)]);
      best_peer < 1e300 && row[ours] > 0 ? std::printf("%10.2f  ", best_peer / row[ours]) : std::printf("%10s  ", "-");
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const Function& f : functions) {
    for (ac::DType dtype : {ac::f32, ac::f64}) {
      for (Peer peer : {ours, sleef, libmvec}) {
        if (peer != ours && peer_function(f, dtype, peer) == nullptr) continue;
        const std::string name =
            std::string(f.name) + "/" + (dtype == ac::f32 ? "f32" : "f64") + "/" + peer_names[peer];
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&f, dtype, peer](benchmark::State& state) { run(state, f, dtype, peer); })
            ->UseManualTime()
            ->Iterations(40)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  print_table();
}
