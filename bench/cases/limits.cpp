// Probes of what the machine allows, run among the contenders of a row.
#include <memory>
#include <stdexcept>
#include <thread>

#include "../machine.hpp"
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t probe_steps = 20'000;  // of 12 vectors: some 60 microseconds

double probe_flops(ac::DType dtype) {
  const double lanes = (__builtin_cpu_supports("avx512f") ? 64.0 : 32.0) / static_cast<double>(ac::size_of(dtype));
  return 2 * 12 * lanes * static_cast<double>(probe_steps);
}

void run_fma(ac::DType dtype) {
  const bool wide = __builtin_cpu_supports("avx512f");
  if (dtype == ac::f64) {
    detail::sink = wide ? detail::peak512d(probe_steps) : detail::peak256d(probe_steps);
  } else {
    detail::sink = wide ? detail::peak512f(probe_steps) : detail::peak256f(probe_steps);
  }
}

__attribute__((target("avx512f"))) void read512(const char* p, std::size_t bytes) {
  __m512i sum[8]{};
  for (std::size_t i = 0; i + 512 <= bytes; i += 512) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) sum[j] = _mm512_or_si512(sum[j], _mm512_loadu_si512(p + i + 64 * j));
  }
  for (int j = 1; j < 8; ++j) sum[0] = _mm512_or_si512(sum[0], sum[j]);
  detail::sink = static_cast<double>(_mm512_reduce_or_epi32(sum[0]));
}
void read128(const char* p, std::size_t bytes) {
  __m128i sum[8]{};
  for (std::size_t i = 0; i + 128 <= bytes; i += 128) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j)
      sum[j] = _mm_or_si128(sum[j], _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i + 16 * j)));
  }
  for (int j = 1; j < 8; ++j) sum[0] = _mm_or_si128(sum[0], sum[j]);
  detail::sink = _mm_cvtsi128_si32(sum[0]);
}

/// to[i] = the or of from..., past the caches.
__attribute__((target("avx512f"))) void stream512(char* const* to, int writes, const char* const* from, int reads,
                                                  std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) {
    __m512i v = _mm512_load_si512(from[0] + i);
    for (int r = 1; r < reads; ++r) v = _mm512_or_si512(v, _mm512_load_si512(from[r] + i));
    for (int w = 0; w < writes; ++w) _mm512_stream_si512(reinterpret_cast<__m512i*>(to[w] + i), v);
  }
  _mm_sfence();
}
void stream128(char* const* to, int writes, const char* const* from, int reads, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 16) {
    __m128i v = _mm_load_si128(reinterpret_cast<const __m128i*>(from[0] + i));
    for (int r = 1; r < reads; ++r) v = _mm_or_si128(v, _mm_load_si128(reinterpret_cast<const __m128i*>(from[r] + i)));
    for (int w = 0; w < writes; ++w) _mm_stream_si128(reinterpret_cast<__m128i*>(to[w] + i), v);
  }
  _mm_sfence();
}

}  // namespace

Limit fma_limit(double flops, ac::DType dtype, int threads) {
  // Cores run at their own pace: n of them are taken as n times one.
  return {dtype == ac::f64 ? "FMA f64" : "FMA f32", [dtype] { run_fma(dtype); }, flops / probe_flops(dtype) / threads};
}

Limit read_limit(std::vector<ac::Tensor> arrays) {
  auto probe = [arrays] {
    for (const ac::Tensor& t : arrays) {
      const char* p = static_cast<const char*>(t.raw());
      __builtin_cpu_supports("avx512f") ? read512(p, t.bytes()) : read128(p, t.bytes());
    }
  };
  return {"read", probe};
}

Limit stream_limit(int reads, int writes, std::size_t bytes) {
  struct Arrays {
    std::vector<ac::Tensor> memory;
    std::vector<const char*> from;
    std::vector<char*> to;
  };
  auto a = std::make_shared<Arrays>();
  bytes = (bytes + 63) / 64 * 64;
  for (int i = 0; i < reads + writes; ++i) {
    a->memory.push_back(ac::Tensor::zeros({static_cast<std::int64_t>(bytes / 4)}));
    char* p = static_cast<char*>(a->memory.back().raw());
    i < reads ? a->from.push_back(p) : a->to.push_back(p);
  }
  auto probe = [a, reads, writes, bytes] {
    (__builtin_cpu_supports("avx512f") ? stream512 : stream128)(a->to.data(), writes, a->from.data(), reads, bytes);
  };
  return {"memory", probe};
}

}  // namespace bench
