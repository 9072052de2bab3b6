// Cases 7 to 11 by hand. See hand.hpp.
#include <cmath>

#include "hand.hpp"
#include "vec512.hpp"

namespace bench::hand {

bool available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

// ---- 8
// ---------------------------------------------------------------------------------------------------------------
void wave(const float* x, float* y, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < n; i += 16) {
    const V v = _mm512_load_ps(x + i);
    const V e = exp(sub(_mm512_setzero_ps(), mul(v, v)));
    _mm512_stream_ps(y + i, fma(e, sin(v), log1p(_mm512_abs_ps(v))));
  }
  _mm_sfence();
}

void wave_gradient(const float* x, float* y, float* dx, std::ptrdiff_t n) {
  const __m512i sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  for (std::ptrdiff_t i = 0; i < n; i += 16) {
    const V v = _mm512_load_ps(x + i), a = _mm512_abs_ps(v);
    V s, c;
    sincos(v, s, c);
    const V e = exp(sub(_mm512_setzero_ps(), mul(v, v)));
    _mm512_stream_ps(y + i, fma(e, s, log1p(a)));
    V d = _mm512_div_ps(all(1), add(all(1), a));
    d = floats(_mm512_ternarylogic_epi32(bits(d), bits(v), sign, 0xD8));  // with the sign of x
    _mm512_stream_ps(dx + i, fma(e, fnma(mul(all(2), v), s, c), d));
  }
  _mm_sfence();
}

// ---- 9, 10
// -----------------------------------------------------------------------------------------------------------
namespace {
inline V silu_slope(V x, V dy) {
  const V s = sigmoid(x), t = mul(x, s);
  return mul(dy, add(s, fnma(t, s, t)));
}
}  // namespace

void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n, bool streaming) {
  if (streaming) {
    for (std::ptrdiff_t i = 0; i < n; i += 16)
      _mm512_stream_ps(dx + i, silu_slope(_mm512_load_ps(x + i), _mm512_load_ps(dy + i)));
    _mm_sfence();
  } else {
    for (std::ptrdiff_t i = 0; i < n; i += 16)
      _mm512_store_ps(dx + i, silu_slope(_mm512_load_ps(x + i), _mm512_load_ps(dy + i)));
  }
}

// ---- 7
// ---------------------------------------------------------------------------------------------------------------
namespace {

/// Where element j of column k of 16 rows lies in three vectors of rows, and back.
struct Shuffles {
  alignas(64) int first[3][16], second[3][16];  // columns from vectors: of the first two, then with the third
  alignas(64) int front[3][16], back[3][16];    // vectors from columns: of the first two, then with the third
};
constexpr Shuffles shuffles = [] {
  Shuffles s{};
  for (int k = 0; k < 3; ++k) {
    for (int j = 0; j < 16; ++j) {
      const int from = 3 * j + k;
      s.first[k][j] = from < 32 ? from : 0;
      s.second[k][j] = from < 32 ? j : 16 + from - 32;
      const int element = 16 * k + j, column = element % 3, row = element / 3;
      s.front[k][j] = column == 1 ? 16 + row : row;
      s.back[k][j] = column == 2 ? 16 + row : j;
    }
  }
  return s;
}();

inline void load_columns(const float* p, V* columns) {
  const V a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + 16), c = _mm512_loadu_ps(p + 32);
  for (int k = 0; k < 3; ++k) {
    const V ab = _mm512_permutex2var_ps(a, _mm512_load_si512(shuffles.first[k]), b);
    columns[k] = _mm512_permutex2var_ps(ab, _mm512_load_si512(shuffles.second[k]), c);
  }
}
inline void stream_columns(float* p, const V* columns) {
  for (int k = 0; k < 3; ++k) {
    const V ab = _mm512_permutex2var_ps(columns[0], _mm512_load_si512(shuffles.front[k]), columns[1]);
    _mm512_stream_ps(p + 16 * k, _mm512_permutex2var_ps(ab, _mm512_load_si512(shuffles.back[k]), columns[2]));
  }
}

}  // namespace

void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n) {
  V wv[9];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  for (std::ptrdiff_t i = 0; i < n; i += 16) {
    V c[3], t[3];
    load_columns(x + 3 * i, c);
    for (int k = 0; k < 3; ++k) t[k] = tanh(fma(c[2], wv[6 + k], fma(c[1], wv[3 + k], mul(c[0], wv[k]))));
    stream_columns(y + 3 * i, t);
  }
  _mm_sfence();
}

float narrow_gradient(const float* x, const float* w, float* dx, float* dw, std::ptrdiff_t n) {
  V wv[9];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  double sum = 0, dws[9] = {};
  constexpr std::ptrdiff_t block = 8192;  // sums in f32 are that long
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    V s = all(0), d[9];
    for (V& v : d) v = all(0);
    for (std::ptrdiff_t i = start; i < stop; i += 16) {
      V c[3], g[3], out[3];
      load_columns(x + 3 * i, c);
      for (int k = 0; k < 3; ++k) {
        const V t = tanh(fma(c[2], wv[6 + k], fma(c[1], wv[3 + k], mul(c[0], wv[k]))));
        s = add(s, t);
        g[k] = fnma(t, t, all(1));
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

// ---- 11
// --------------------------------------------------------------------------------------------------------------
float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes) {
  const int whole = classes / 16 * 16;
  const Mask rest = static_cast<Mask>((1u << (classes - whole)) - 1);
  double loss = 0;
  for (int row = 0; row < rows; ++row) {
    const float* l = logits + static_cast<std::ptrdiff_t>(row) * classes;
    float* g = gradient + static_cast<std::ptrdiff_t>(row) * classes;
    V m[4];
    for (V& v : m) v = all(-INFINITY);
    int i = 0;
    for (; i + 64 <= whole; i += 64) {
      for (int j = 0; j < 4; ++j) m[j] = _mm512_max_ps(m[j], _mm512_loadu_ps(l + i + 16 * j));
    }
    for (; i < whole; i += 16) m[0] = _mm512_max_ps(m[0], _mm512_loadu_ps(l + i));
    m[1] = _mm512_mask_max_ps(m[1], rest, m[1], _mm512_maskz_loadu_ps(rest, l + whole));
    const float top = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(m[0], m[1]), _mm512_max_ps(m[2], m[3])));
    V s0 = all(0), s1 = all(0);
    for (i = 0; i + 32 <= whole; i += 32) {
      const V a = exp(sub(_mm512_loadu_ps(l + i), all(top))), b = exp(sub(_mm512_loadu_ps(l + i + 16), all(top)));
      _mm512_storeu_ps(g + i, a);
      _mm512_storeu_ps(g + i + 16, b);
      s0 = add(s0, a);
      s1 = add(s1, b);
    }
    for (; i < classes; i += 16) {
      const Mask mask = i < whole ? static_cast<Mask>(0xffff) : rest;
      const V a = _mm512_maskz_mov_ps(mask, exp(sub(_mm512_maskz_loadu_ps(mask, l + i), all(top))));
      _mm512_mask_storeu_ps(g + i, mask, a);
      s0 = add(s0, a);
    }
    const float total = _mm512_reduce_add_ps(add(s0, s1)), scale = 1 / (total * static_cast<float>(rows));
    for (i = 0; i < whole; i += 16) _mm512_storeu_ps(g + i, mul(_mm512_loadu_ps(g + i), all(scale)));
    _mm512_mask_storeu_ps(g + i, rest, mul(_mm512_maskz_loadu_ps(rest, g + i), all(scale)));
    g[labels[row]] -= 1 / static_cast<float>(rows);
    loss -= static_cast<double>(l[labels[row]] - top) - static_cast<double>(std::log(total));
  }
  return static_cast<float>(loss / rows);
}

}  // namespace bench::hand
