// Cases 7 to 11 by hand. See hand.hpp.
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

// ---- 7
// ---------------------------------------------------------------------------------------------------------------
namespace {

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

template <Functions F>
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n) {
  using S = Set<F>;
  V wv[9];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  for (std::ptrdiff_t i = 0; i < n; i += 16) {
    V c[3], t[3];
    load_columns(x + 3 * i, c);
    for (int k = 0; k < 3; ++k)
      t[k] = S::tanh(S::tanh_begun(fma(c[2], wv[6 + k], fma(c[1], wv[3 + k], mul(c[0], wv[k])))));
    stream_columns(y + 3 * i, t);
  }
  _mm_sfence();
}

template <Functions F>
float narrow_gradient(const float* x, const float* w, float* dx, float* dw, std::ptrdiff_t n) {
  V wv[9];
  for (int i = 0; i < 9; ++i) wv[i] = all(w[i]);
  double sum = 0, dws[9] = {};
  for (std::ptrdiff_t start = 0; start < n; start += block) {  // sums in f32 are that long
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

// ---- 12
// --------------------------------------------------------------------------------------------------------------
namespace {

/// The sums of student() over numbers among which is one so large, or none, that log1p's plain path does not take it.
[[gnu::noinline, gnu::cold]] void student_beyond(const double* x, std::ptrdiff_t n, double mu, double scale, double nu,
                                                 double* sums) {
  sums[0] = sums[1] = sums[2] = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double z = (x[i] - mu) / scale, q = z * z;
    sums[0] += std::log1p(q / nu);
    sums[1] += q / (nu + q);
    sums[2] += z / (nu + q);
  }
}

}  // namespace

// With y = z / sqrt(nu), z^2 / (nu + z^2) is y^2 / (1 + y^2): the sum is log1p's too.
void student(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums) {
  using namespace bounded;
  constexpr int group = 2;  // vectors interleaved
  const double root = std::sqrt(nu);
  const D centre = all_d(mu), factor = all_d(1 / (scale * root));
  sums[0] = sums[1] = sums[2] = 0;
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    __mmask8 beyond = 0;
    D a[group], b[group], c[group];
    for (int j = 0; j < group; ++j) a[j] = b[j] = c[j] = all_d(0);
    for (std::ptrdiff_t i = start; i < stop; i += 8 * group) {
      for (int j = 0; j < group; ++j) {
        const D y = _mm512_mul_pd(_mm512_sub_pd(_mm512_loadu_pd(x + i + 8 * j), centre), factor);
        const D t = _mm512_mul_pd(y, y), r = _mm512_div_pd(all_d(1), _mm512_add_pd(all_d(1), t));
        beyond |= _mm512_cmp_pd_mask(t, all_d(0x1p900), _CMP_NLT_UQ);
        a[j] = _mm512_add_pd(a[j], log1p(t));
        b[j] = fma(t, r, b[j]);
        c[j] = fma(y, r, c[j]);
      }
    }
    double s[3] = {};
    for (int j = 0; j < group; ++j) {
      s[0] += _mm512_reduce_add_pd(a[j]);
      s[1] += _mm512_reduce_add_pd(b[j]);
      s[2] += _mm512_reduce_add_pd(c[j]) / root;
    }
    if (beyond) [[unlikely]]
      student_beyond(x + start, stop - start, mu, scale, nu, s);
    for (int k = 0; k < 3; ++k) sums[k] += s[k];
  }
}

// ---- 11
// --------------------------------------------------------------------------------------------------------------
namespace {

/// A row of a softmax: its terms from its largest logit, their sums in two vectors, and what comes of those.
template <Functions>
struct Row;

template <>
struct Row<Functions::moderate> {
  float largest, total = 0;
  V sums[4] = {all(0), all(0), all(0), all(0)};

  explicit Row(float m) : largest(m) {}
  V term(V x, int j, Mask mask = 0xffff) {
    const V e = _mm512_maskz_mov_ps(mask, exp(sub(x, all(largest))));
    sums[j] = add(sums[j], e);
    return e;
  }
  float inverse_sum() {
    total = _mm512_reduce_add_ps(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
    return 1 / total;
  }
  /// What the gradient is at the label, where the term is e, over the inverse sum.
  float at_label(float e) const { return e - total; }
  /// exp(x - largest) summed over all but one of the largest.
  float others() const { return total - 1; }
  /// Of 16 rows, from logits at the label.
  static V losses(V x, V m, V others) { return sub(hand::log1p(others), sub(x, m)); }
};

/// exp(x) with a power of two that brings the largest term near 1: no difference from the largest is rounded. That is
/// counted apart from the rest, next to which it would be lost in the logarithm and at the label.
template <>
struct Row<Functions::bounded> {
  float largest, shift, top = 0, rest = 0;
  V twos, sums[4] = {all(0), all(0), all(0), all(0)};
  int ties = 0;

  /// Far out the difference is exact wherever it counts.
  explicit Row(float m) : largest(m) {
    const bool near = std::fabs(m) < 208;
    shift = near ? 0 : m;
    twos = near ? nearest(mul(all(m), all(-1.44269504f))) : all(0);
  }
  V term(V x, int j, Mask mask = 0xffff) {
    const V e = bounded::ldexp_exp(sub(x, all(shift)), twos);
    const Mask is_largest = _mm512_mask_cmp_ps_mask(mask, x, all(largest), _CMP_EQ_OQ);
    ties += __builtin_popcount(is_largest);
    sums[j] = _mm512_mask_add_ps(sums[j], static_cast<Mask>(mask & ~is_largest), sums[j], e);
    return e;
  }
  float inverse_sum() {
    rest = _mm512_reduce_add_ps(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
    top = _mm512_cvtss_f32(bounded::ldexp_exp(all(largest - shift), twos));
    return 1 / std::fma(static_cast<float>(ties), top, rest);
  }
  float at_label(float e) const {
    const float others = static_cast<float>(e == top ? ties - 1 : ties);
    return -std::fma(others, top, e == top ? rest : rest - e);
  }
  float others() const { return static_cast<float>(ties - 1) + rest / top; }
  static V losses(V x, V m, V others) {
    const V d = sub(x, m), back = sub(d, x), low = sub(sub(x, sub(d, back)), add(m, back));
    return sub(sub(bounded::log1p(others), d), bounded::min(low, all(1)));
  }
};

}  // namespace

template <Functions F>
float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes) {
  const int whole = classes / 16 * 16;
  const Mask rest = static_cast<Mask>((1u << (classes - whole)) - 1);
  const float share = 1 / static_cast<float>(rows);
  double loss = 0;
  alignas(64) float at_labels[16] = {}, largest[16] = {}, others[16] = {};  // of rows whose logarithms wait
  for (int r = 0; r < rows; ++r) {
    const float* l = logits + static_cast<std::ptrdiff_t>(r) * classes;
    float* g = gradient + static_cast<std::ptrdiff_t>(r) * classes;
    V m[4];
    for (V& v : m) v = all(-INFINITY);
    int i = 0;
    for (; i + 64 <= whole; i += 64) {
      for (int j = 0; j < 4; ++j) m[j] = _mm512_max_ps(m[j], _mm512_loadu_ps(l + i + 16 * j));
    }
    for (; i < whole; i += 16) m[0] = _mm512_max_ps(m[0], _mm512_loadu_ps(l + i));
    m[1] = _mm512_mask_max_ps(m[1], rest, m[1], _mm512_maskz_loadu_ps(rest, l + whole));
    Row<F> row(_mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(m[0], m[1]), _mm512_max_ps(m[2], m[3]))));
    for (i = 0; i + 64 <= whole; i += 64) {
      V e[4];
      for (int j = 0; j < 4; ++j) e[j] = _mm512_loadu_ps(l + i + 16 * j);
      for (int j = 0; j < 4; ++j) e[j] = row.term(e[j], j);
      for (int j = 0; j < 4; ++j) _mm512_storeu_ps(g + i + 16 * j, e[j]);
    }
    for (; i < classes; i += 16) {
      const Mask mask = i < whole ? static_cast<Mask>(0xffff) : rest;
      _mm512_mask_storeu_ps(g + i, mask, row.term(_mm512_maskz_loadu_ps(mask, l + i), 0, mask));
    }
    const float inverse = row.inverse_sum(), at_label = row.at_label(g[labels[r]]);
    const V scale = all(inverse * share);
    for (i = 0; i < whole; i += 16) _mm512_storeu_ps(g + i, mul(_mm512_loadu_ps(g + i), scale));
    _mm512_mask_storeu_ps(g + i, rest, mul(_mm512_maskz_loadu_ps(rest, g + i), scale));
    g[labels[r]] = at_label * inverse * share;
    at_labels[r % 16] = l[labels[r]], largest[r % 16] = row.largest, others[r % 16] = row.others();
    if (r % 16 < 15 && r + 1 < rows) continue;
    const V losses = Row<F>::losses(_mm512_load_ps(at_labels), _mm512_load_ps(largest), _mm512_load_ps(others));
    loss += static_cast<double>(_mm512_mask_reduce_add_ps(static_cast<Mask>((2u << r % 16) - 1), losses));
  }
  return static_cast<float>(loss / rows);
}

template float cross_entropy<Functions::moderate>(const float*, const std::int32_t*, float*, int, int);
template float cross_entropy<Functions::bounded>(const float*, const std::int32_t*, float*, int, int);

}  // namespace bench::hand
