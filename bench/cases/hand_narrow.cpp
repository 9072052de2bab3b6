// Case 7 by hand. See hand.hpp.
#include "hand.hpp"
#include "vec512.hpp"
#include "vec512_bounds.hpp"

namespace bench::hand {
namespace {

/// What the kernels take of either set.
template <Functions>
struct Set;
template <>
struct Set<Functions::moderate> {
  using TanhBegun = V;
  static V tanh_begun(V x) { return x; }
  static V tanh(V x) { return hand::tanh(x); }
  static V tanh(V x, V& slope) {
    const V t = hand::tanh(x);
    slope = fnma(t, t, all(1));
    return t;
  }
  static void correct_slopes(const V*, V*) {}
};
template <>
struct Set<Functions::bounded> {
  using TanhBegun = bounded::Anchored;
  static TanhBegun tanh_begun(V x) { return bounded::anchored(x); }
  static V tanh(const TanhBegun& t) { return bounded::tanh(t); }
  static V tanh(const TanhBegun& t, V& slope) { return bounded::tanh(t, slope); }
  /// Slopes of tanh at three vectors, where 1 - tanh^2 is too small for the path above.
  static void correct_slopes(const V* x, V* slopes) {
    Mask far[3];
    for (int k = 0; k < 3; ++k)
      far[k] = _mm512_cmp_ps_mask(_mm512_abs_ps(x[k]), all(bounded::moderate_slope), _CMP_GE_OQ);
    if (far[0] | far[1] | far[2]) [[unlikely]] {
      for (int k = 0; k < 3; ++k) slopes[k] = _mm512_mask_mov_ps(slopes[k], far[k], bounded::far_slope(x[k]));
    }
  }
};

constexpr std::ptrdiff_t block = 8192;  // sums in f32 are that long

/// 48 floats in three vectors are 16 rows of three columns. As 3 and 16 have no common divisor, a column has each lane
/// of one of the vectors: blends gather them, and a permutation puts them in order.
struct Shuffles {
  Mask of[3][3];                              // lanes of vector v that belong to column k
  alignas(64) int front[3][16], back[3][16];  // lanes of column k in order, and back
};
constexpr Shuffles shuffles = [] {
  Shuffles s{};
  for (int k = 0; k < 3; ++k) {
    for (int row = 0; row < 16; ++row) {
      const int element = 3 * row + k;
      s.of[element / 16][k] = static_cast<Mask>(s.of[element / 16][k] | 1 << element % 16);
      s.front[k][row] = element % 16;
      s.back[k][element % 16] = row;
    }
  }
  return s;
}();

inline V gathered(const V* v, Mask second, Mask third) {
  return _mm512_mask_mov_ps(_mm512_mask_mov_ps(v[0], second, v[1]), third, v[2]);
}
inline void load_columns(const float* p, V* columns) {
  V v[3] = {_mm512_loadu_ps(p), _mm512_loadu_ps(p + 16), _mm512_loadu_ps(p + 32)};
  for (V& each : v) asm("" : "+v"(each));  // keeps gcc from masked loads, several times slower from beyond L2
  for (int k = 0; k < 3; ++k) {
    columns[k] =
        _mm512_permutexvar_ps(_mm512_load_si512(shuffles.front[k]), gathered(v, shuffles.of[1][k], shuffles.of[2][k]));
  }
}
inline void stream_columns(float* p, const V* columns) {
  V c[3];
  for (int k = 0; k < 3; ++k) c[k] = _mm512_permutexvar_ps(_mm512_load_si512(shuffles.back[k]), columns[k]);
  for (int v = 0; v < 3; ++v) _mm512_stream_ps(p + 16 * v, gathered(c, shuffles.of[v][1], shuffles.of[v][2]));
}

}  // namespace

/// Numbers of one iteration are begun in the one before.
template <Functions F>
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n) {
  using S = Set<F>;
  V wv[9], t[3];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  typename S::TanhBegun begun[3];
  const auto begin = [&](std::ptrdiff_t i) __attribute__((always_inline)) {
    V c[3];
    load_columns(x + 3 * i, c);
    for (int k = 0; k < 3; ++k) begun[k] = S::tanh_begun(fma(c[2], wv[6 + k], fma(c[1], wv[3 + k], mul(c[0], wv[k]))));
  };
  const auto end = [&]() __attribute__((always_inline)) {
    for (int k = 0; k < 3; ++k) t[k] = S::tanh(begun[k]);
  };
  begin(0);
  for (std::ptrdiff_t i = 16; i < n; i += 16) {
    end();
    begin(i);
    stream_columns(y + 3 * (i - 16), t);
  }
  end();
  stream_columns(y + 3 * (n - 16), t);
  _mm_sfence();
}

template <Functions F>
float narrow_gradient(const float* x, const float* w, float* dx, float* dw, std::ptrdiff_t n) {
  V wv[9];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  double sum = 0, dws[9] = {};
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    V s = all(0), d[9];
    for (V& v : d) v = all(0);
    for (std::ptrdiff_t i = start; i < stop; i += 16) {
      V c[3], z[3], g[3], out[3];
      load_columns(x + 3 * i, c);
      for (int k = 0; k < 3; ++k) {
        z[k] = fma(c[2], wv[6 + k], fma(c[1], wv[3 + k], mul(c[0], wv[k])));
        s = add(s, Set<F>::tanh(Set<F>::tanh_begun(z[k]), g[k]));
      }
      Set<F>::correct_slopes(z, g);
      for (int k = 0; k < 3; ++k) {
        for (int j = 0; j < 3; ++j) d[3 * j + k] = fma(c[j], g[k], d[3 * j + k]);
      }
      for (int j = 0; j < 3; ++j) out[j] = fma(g[2], wv[3 * j + 2], fma(g[1], wv[3 * j + 1], mul(g[0], wv[3 * j])));
      stream_columns(dx + 3 * i, out);
    }
    sum += _mm512_reduce_add_ps(s);
    for (int k = 0; k < 9; ++k) dws[k] += _mm512_reduce_add_ps(d[k]);
  }
  _mm_sfence();
  for (int k = 0; k < 9; ++k) dw[k] = static_cast<float>(dws[k]);
  return static_cast<float>(sum);
}

template void narrow<Functions::moderate>(const float*, const float*, float*, std::ptrdiff_t);
template void narrow<Functions::bounded>(const float*, const float*, float*, std::ptrdiff_t);
template float narrow_gradient<Functions::moderate>(const float*, const float*, float*, float*, std::ptrdiff_t);
template float narrow_gradient<Functions::bounded>(const float*, const float*, float*, float*, std::ptrdiff_t);

}  // namespace bench::hand
