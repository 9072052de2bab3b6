// What this machine can do, measured in the same run as what is compared with it: FMA peak and bandwidth.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace bench {

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Fastest of several runs, in seconds.
template <class F>
double best_of(int runs, F&& f) {
  double best = 1e300;
  for (int i = 0; i < runs; ++i) {
    const double start = now();
    f();
    best = std::min(best, now() - start);
  }
  return best;
}

namespace detail {
// 12 independent chains hide the latency of 4 cycles at two a cycle.
__attribute__((target("avx512f"))) inline float peak512f(std::int64_t n) {
  __m512 a[12];
  for (auto& x : a) x = _mm512_set1_ps(1);
  const __m512 b = _mm512_set1_ps(0.999f), c = _mm512_set1_ps(0.001f);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) a[j] = _mm512_fmadd_ps(a[j], b, c);
  }
  __m512 s = a[0];
  for (int j = 1; j < 12; ++j) s = _mm512_add_ps(s, a[j]);
  return _mm512_reduce_add_ps(s);
}
__attribute__((target("avx512f"))) inline double peak512d(std::int64_t n) {
  __m512d a[12];
  for (auto& x : a) x = _mm512_set1_pd(1);
  const __m512d b = _mm512_set1_pd(0.999), c = _mm512_set1_pd(0.001);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) a[j] = _mm512_fmadd_pd(a[j], b, c);
  }
  __m512d s = a[0];
  for (int j = 1; j < 12; ++j) s = _mm512_add_pd(s, a[j]);
  return _mm512_reduce_add_pd(s);
}
__attribute__((target("avx2,fma"))) inline float peak256f(std::int64_t n) {
  __m256 a[12];
  for (auto& x : a) x = _mm256_set1_ps(1);
  const __m256 b = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(0.001f);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) a[j] = _mm256_fmadd_ps(a[j], b, c);
  }
  alignas(32) float s[8];
  __m256 t = a[0];
  for (int j = 1; j < 12; ++j) t = _mm256_add_ps(t, a[j]);
  _mm256_store_ps(s, t);
  return s[0];
}
__attribute__((target("avx2,fma"))) inline double peak256d(std::int64_t n) {
  __m256d a[12];
  for (auto& x : a) x = _mm256_set1_pd(1);
  const __m256d b = _mm256_set1_pd(0.999), c = _mm256_set1_pd(0.001);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) a[j] = _mm256_fmadd_pd(a[j], b, c);
  }
  alignas(32) double s[4];
  __m256d t = a[0];
  for (int j = 1; j < 12; ++j) t = _mm256_add_pd(t, a[j]);
  _mm256_store_pd(s, t);
  return s[0];
}
__attribute__((target("avx512f"))) inline void copy_streaming512(const char* from, char* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
  _mm_sfence();
}
inline void copy_streaming128(const char* from, char* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 16)
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
  _mm_sfence();
}
inline volatile double sink;
}  // namespace detail

/// GFLOP/s of fused multiply-adds on one core at the host's full width (a fused multiply-add is two).
inline double fma_peak(bool f64) {
  const bool wide = __builtin_cpu_supports("avx512f");
  const std::int64_t n = 4'000'000;
  const double lanes = (wide ? 64.0 : 32.0) / (f64 ? 8 : 4);
  const double seconds = best_of(7, [&] {
    if (wide) {
      detail::sink = f64 ? detail::peak512d(n) : detail::peak512f(n);
    } else {
      detail::sink = f64 ? detail::peak256d(n) : detail::peak256f(n);
    }
  });
  return 12 * lanes * 2 * static_cast<double>(n) / seconds * 1e-9;
}

/// GB/s of a copy of `bytes` (read plus written), one core, the better of normal and non-temporal stores.
inline double copy_bandwidth(std::size_t bytes) {
  bytes &= ~std::size_t{63};
  std::unique_ptr<char[]> memory(new char[2 * bytes + 128]);
  char* from = memory.get() + (64 - reinterpret_cast<std::uintptr_t>(memory.get()) % 64);
  char* to = from + bytes;
  std::memset(from, 1, 2 * bytes);
  const double plain = best_of(7, [&] { std::memcpy(to, from, bytes); });
  const bool wide = __builtin_cpu_supports("avx512f");
  const double streaming = best_of(7, [&] { wide ? detail::copy_streaming512(from, to, bytes) : detail::copy_streaming128(from, to, bytes); });
  return 2 * static_cast<double>(bytes) / std::min(plain, streaming) * 1e-9;
}

}  // namespace bench
