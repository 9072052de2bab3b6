// Cases 8 to 10 by hand. See hand.hpp.
#include <cmath>

#include "hand.hpp"
#include "vec512.hpp"
#include "vec512_bounds.hpp"

namespace bench::hand {

bool available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

namespace {

/// What the kernels take of either set.
template <Functions>
struct Set;
template <>
struct Set<Functions::moderate> {
  static Mask beyond(V) { return 0; }
  static V gauss(V a) { return exp(sub(_mm512_setzero_ps(), mul(a, a))); }
  static V sin(V x) { return hand::sin(x); }
  static void sincos(V x, V& s, V& c) { hand::sincos(x, s, c); }
  static V log1p(V a) { return hand::log1p(a); }
  static V inverse(V u, V) { return _mm512_div_ps(all(1), u); }
  static V silu_slope(V x) {
    const V s = sigmoid(x), t = mul(x, s);
    return add(s, fnma(t, s, t));
  }
};
template <>
struct Set<Functions::bounded> {
  /// Where |x| is too large for the plain paths here, or none.
  static Mask beyond(V a) { return _mm512_cmp_ps_mask(a, all(bounded::moderate_angle), _CMP_NLE_UQ); }
  static V gauss(V a) { return bounded::gauss(a); }
  static V sin(V x) { return bounded::sin(x); }
  static void sincos(V x, V& s, V& c) { bounded::sincos(x, s, c); }
  static V log1p(V a) { return bounded::log1p(a); }
  /// 1 / u, 0 where a is: sign(x) is a factor of it.
  static V inverse(V u, V a) {
    return _mm512_maskz_div_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_UQ), all(1), u);
  }
  static V silu_slope(V x) { return bounded::silu_slope(bounded::silu_parts(x)); }
};

// ---- 8
// ---------------------------------------------------------------------------------------------------------------
/// Calls in a loop would keep constants out of registers, so vectors that hold such a number are noted, and these
/// numbers done again after a block. exp(-x^2) is 0 there, or x is none.
constexpr std::ptrdiff_t block = 8192;
[[gnu::noinline, gnu::cold]] void wave_beyond(const float* x, float* y, float* dx, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(x[i]), a = std::fabs(v);
    if (a <= static_cast<double>(bounded::moderate_angle)) continue;
    const double nothing = 0 * std::sin(v);
    y[i] = static_cast<float>(nothing + std::log1p(a));
    if (dx) dx[i] = static_cast<float>(nothing + std::copysign(1 / (1 + a), v));
  }
}

}  // namespace

template <Functions F>
void wave(const float* x, float* y, std::ptrdiff_t n) {
  using S = Set<F>;
  constexpr int group = 2;  // vectors interleaved
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    Mask beyond = 0;
    for (std::ptrdiff_t i = start; i < stop; i += 16 * group) {
      V v[group], value[group];
      for (int j = 0; j < group; ++j) v[j] = _mm512_load_ps(x + i + 16 * j);
      for (int j = 0; j < group; ++j) {
        const V a = _mm512_abs_ps(v[j]);
        beyond |= S::beyond(a);
        value[j] = fma(S::gauss(a), S::sin(v[j]), S::log1p(a));
      }
      for (int j = 0; j < group; ++j) _mm512_stream_ps(y + i + 16 * j, value[j]);
    }
    if (beyond) [[unlikely]]
      wave_beyond(x + start, y + start, nullptr, stop - start);
  }
  _mm_sfence();
}

template <Functions F>
void wave_gradient(const float* x, float* y, float* dx, std::ptrdiff_t n) {
  using S = Set<F>;
  constexpr int group = 2;  // vectors interleaved
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    Mask beyond = 0;
    for (std::ptrdiff_t i = start; i < stop; i += 16 * group) {
      V v[group], value[group], slope[group];
      for (int j = 0; j < group; ++j) v[j] = _mm512_load_ps(x + i + 16 * j);
      for (int j = 0; j < group; ++j) {
        const V a = _mm512_abs_ps(v[j]);
        beyond |= S::beyond(a);
        V s, c;
        S::sincos(v[j], s, c);
        const V e = S::gauss(a);
        value[j] = fma(e, s, S::log1p(a));
        V d = S::inverse(add(all(1), a), a);
        d = floats(_mm512_ternarylogic_epi32(bits(d), bits(v[j]), sign, 0xD8));  // with the sign of x
        slope[j] = fma(e, fnma(mul(all(2), v[j]), s, c), d);
      }
      for (int j = 0; j < group; ++j) _mm512_stream_ps(y + i + 16 * j, value[j]);
      for (int j = 0; j < group; ++j) _mm512_stream_ps(dx + i + 16 * j, slope[j]);
    }
    if (beyond) [[unlikely]]
      wave_beyond(x + start, y + start, dx + start, stop - start);
  }
  _mm_sfence();
}

template void wave<Functions::moderate>(const float*, float*, std::ptrdiff_t);
template void wave<Functions::bounded>(const float*, float*, std::ptrdiff_t);
template void wave_gradient<Functions::moderate>(const float*, float*, float*, std::ptrdiff_t);
template void wave_gradient<Functions::bounded>(const float*, float*, float*, std::ptrdiff_t);

// ---- 9, 10
// -----------------------------------------------------------------------------------------------------------
template <Functions F>
void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n, bool streaming) {
  constexpr int group = 4;  // vectors interleaved
  const auto slopes = [&](std::ptrdiff_t i, V* d) {
    for (int j = 0; j < group; ++j) d[j] = _mm512_load_ps(x + i + 16 * j);
    for (int j = 0; j < group; ++j) d[j] = Set<F>::silu_slope(d[j]);
    for (int j = 0; j < group; ++j) d[j] = mul(_mm512_load_ps(dy + i + 16 * j), d[j]);
  };
  V d[group];
  if (streaming) {
    for (std::ptrdiff_t i = 0; i < n; i += 16 * group) {
      slopes(i, d);
      for (int j = 0; j < group; ++j) _mm512_stream_ps(dx + i + 16 * j, d[j]);
    }
    _mm_sfence();
  } else {
    for (std::ptrdiff_t i = 0; i < n; i += 16 * group) {
      slopes(i, d);
      for (int j = 0; j < group; ++j) _mm512_store_ps(dx + i + 16 * j, d[j]);
    }
  }
}

template void silu_backward<Functions::moderate>(const float*, const float*, float*, std::ptrdiff_t, bool);
template void silu_backward<Functions::bounded>(const float*, const float*, float*, std::ptrdiff_t, bool);

}  // namespace bench::hand
