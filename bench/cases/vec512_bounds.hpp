// Functions of 16 floats in registers that keep the bounds of docs/accuracy.md, for hand_*.cpp alone: the algorithms of
// src/math with its coefficients, as one writes them for AVX-512, to the same bits. Ranges are said where a function
// does not take all numbers; kernels see to the others. Start reading at sixteenths, then exp_by_roots.
#pragma once
#include <cstddef>
#include <cstdint>

#include "math/coefficients.hpp"
#include "vec512.hpp"

/// Calls would cost more than what they call.
#define INLINE [[gnu::always_inline]] inline

namespace bench::hand {
namespace {
namespace bounded {

namespace k = actinium::math::coefficients;
using I = __m512i;

template <std::size_t N>
struct alignas(64) Table {
  float at[N];
};
template <std::size_t N>
constexpr Table<N> table_of(const double (&values)[N], double factor = 1) {
  Table<N> t{};
  for (std::size_t i = 0; i < N; ++i) t.at[i] = static_cast<float>(values[i] * factor);
  return t;
}

/// Entry i modulo 16, or modulo 32: no more bits of i are looked at.
INLINE V entry(const Table<16>& t, I i) { return _mm512_permutexvar_ps(i, _mm512_load_ps(t.at)); }
INLINE V entry(const Table<32>& t, I i) {
  return _mm512_permutex2var_ps(_mm512_load_ps(t.at), i, _mm512_load_ps(t.at + 16));
}

INLINE V all(double x) { return _mm512_set1_ps(static_cast<float>(x)); }
INLINE I ints(std::uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
INLINE V zero() { return _mm512_setzero_ps(); }
/// Both give b if one is NaN.
INLINE V min(V a, V b) { return _mm512_min_ps(a, b); }
INLINE V max(V a, V b) { return _mm512_max_ps(a, b); }
/// magnitude of a, sign of b.
INLINE V copysign(V a, V b) { return floats(_mm512_ternarylogic_epi32(bits(a), bits(b), ints(0x80000000u), 0xD8)); }

/// c[0] + c[1] x + ...
template <std::size_t N>
INLINE V polynomial(V x, const double (&c)[N]) {
  V sum = all(c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) sum = fma(sum, x, all(c[i]));
  return sum;
}

constexpr auto powers = table_of(k::sixteenth_powers), powers_low = table_of(k::sixteenth_powers_low);
constexpr auto powers_small = table_of(k::sixteenth_powers, 0x1p-32);

/// exp(x) = 2^floor(n) 2^(i/16) e^r, n = floor(n) + i/16 the sixteenth nearest to x / log 2.
struct Sixteenths {
  V n, high;  ///< high: x - n log 2 but for the low part of log 2
  I i;
};
INLINE Sixteenths sixteenths(V x) {
  const V shifted = fma(x, all(k::inverse_ln2), all(0x1.8p19)), n = sub(shifted, all(0x1.8p19));
  return {n, fnma(n, all(k::ln2_half_f32[0]), x), bits(shifted)};
}
/// With the low part of the power. scalef rounds n down by itself.
INLINE V exp_by_roots(const Sixteenths& s, V r) {
  const V root = entry(powers, s.i);
  const V rest = fma(polynomial(r, k::exp_t_f32), r, all(1));
  return _mm512_scalef_ps(fma(rest, fma(root, r, entry(powers_low, s.i)), root), s.n);
}

/// exp(x), x in [-105, 89] or NaN.
INLINE V exp_in_range(V x) {
  const Sixteenths s = sixteenths(x);
  return exp_by_roots(s, fnma(s.n, all(k::ln2_half_f32[1]), s.high));
}

/// exp(-a^2) of a not negative, with what the rounding of the square leaves.
INLINE V gauss(V a) {
  a = min(all(40), a);
  const V square = mul(a, a), less = _mm512_fnmadd_ps(a, a, square);  // square - a^2
  const Sixteenths s = sixteenths(sub(zero(), square));
  return exp_by_roots(s, add(s.high, fma(s.n, all(-k::ln2_half_f32[1]), less)));
}

/// x = q pi/2 + high + low. |x| up to `moderate_angle`.
constexpr float moderate_angle = 51471;
struct Turned {
  I quadrant;  ///< its two low bits count
  V high, low;
};
INLINE Turned turned(V x) {
  const V shifted = fma(x, all(k::inverse_half_pi), all(0x1.8p23)), q = sub(shifted, all(0x1.8p23));
  const V first = fnma(q, all(k::turn_f32[0]), x);
  const V high = sub(first, mul(q, all(k::turn_f32[1])));
  const V lost = fnma(q, all(k::turn_f32[1]), sub(first, high));
  return {bits(shifted), high, fnma(q, all(k::turn_f32[2]), lost)};
}
/// Sine and cosine of high + low, the signs of zeros aside.
INLINE void quarter(const Turned& t, V& s, V& c) {
  const V z = fma(t.high, t.high, mul(add(t.high, t.high), t.low));
  s = add(t.high, fma(mul(t.high, z), polynomial(z, k::sin_s_f32), t.low));
  c = fma(z, fma(z, polynomial(z, k::cos_c_f32), all(-0.5)), all(1));
}
/// x with the sign flipped by bit 1 of q.
INLINE V flipped(V x, I q) {
  return floats(_mm512_ternarylogic_epi32(bits(x), _mm512_slli_epi32(q, 30), ints(0x80000000u), 0x78));
}
INLINE V sin(V x) {
  const Turned t = turned(x);
  V s, c;
  quarter(t, s, c);
  return flipped(_mm512_mask_mov_ps(s, _mm512_test_epi32_mask(t.quadrant, ints(1)), c), t.quadrant);
}
INLINE void sincos(V x, V& sine, V& cosine) {
  const Turned t = turned(x);
  V s, c;
  quarter(t, s, c);
  const Mask odd = _mm512_test_epi32_mask(t.quadrant, ints(1));
  sine = flipped(_mm512_mask_mov_ps(s, odd, c), t.quadrant);
  cosine = flipped(_mm512_mask_mov_ps(c, odd, s), _mm512_add_epi32(t.quadrant, ints(1)));
}

constexpr auto factors = table_of(k::log_factor_f32), logs_of_factors = table_of(k::log_of_factor_f32);

/// log(1 + h), 1 + h in [2^-24, 2^100]; the sign of h = -0 is lost.
INLINE V log1p(V h) {
  const V u = add(all(1), h);
  const I offset = _mm512_sub_epi32(bits(u), ints(0x3f400000));
  const I in_place = _mm512_and_si512(offset, ints(0xff800000u)), index = _mm512_srli_epi32(offset, 19);
  const V down = floats(_mm512_sub_epi32(ints(0x3f800000), in_place));
  const V factor = entry(factors, index);
  const V f = fma(h, down, sub(down, all(1))), g = fma(f, factor, sub(factor, all(1)));
  const V e = _mm512_cvtepi32_ps(in_place);
  const V rest = fma(mul(g, g), polynomial(g, k::log1p_t_f32), fma(e, all(k::ln2_f32[1] * 0x1p-23), g));
  return add(fma(e, all(k::ln2_f32[0] * 0x1p-23), entry(logs_of_factors, index)), rest);
}

/// Look-ups take the low five bits of what is counted from here, so that nothing need be subtracted.
template <std::size_t N>
constexpr Table<N> counted_from(std::size_t first, const Table<N>& t) {
  Table<N> r{};
  for (std::size_t i = 0; i < N; ++i) r.at[(first + i) % N] = t.at[i];
  return r;
}
constexpr auto anchors = counted_from(0x3f2, table_of(k::tanh_anchor));
constexpr auto tanh_of_anchor = counted_from(0x3f2, table_of(k::tanh_of_anchor));
constexpr auto sech2_of_anchor = counted_from(0x3f2, table_of(k::sech2_of_anchor));

/// |x| = a + b, a the anchor: eight an octave of |x| + 5/8.
struct Anchored {
  V x, tanh_a, sech2_a, b;
};
INLINE Anchored anchored(V x) {
  const V magnitude = min(all(9.2), _mm512_abs_ps(x));
  const I index = _mm512_srli_epi32(bits(add(magnitude, all(0.625))), 20);
  return {x, entry(tanh_of_anchor, index), entry(sech2_of_anchor, index), sub(magnitude, entry(anchors, index))};
}
/// tanh(a + b) - tanh a.
INLINE V change(const Anchored& s) {
  const V z = mul(s.b, s.b), tanh_b = fma(mul(s.b, z), polynomial(z, k::tanh_s_f32), s.b);
  return _mm512_div_ps(mul(s.sech2_a, tanh_b), fma(s.tanh_a, tanh_b, all(1)));
}
INLINE V tanh(const Anchored& s) { return copysign(add(s.tanh_a, change(s)), s.x); }
/// With its derivative, |x| being less than `moderate_slope`; further out that is far_slope.
constexpr float moderate_slope = 7.374f;
INLINE V tanh(const Anchored& s, V& slope) {
  const V d = change(s), t = add(s.tanh_a, d);
  slope = fnma(d, add(s.tanh_a, t), s.sech2_a);
  return copysign(t, s.x);
}
INLINE V far_slope(V x) {
  const V a = _mm512_abs_ps(x);
  Sixteenths s = sixteenths(max(all(-150), sub(zero(), add(a, a))));
  const V r = fnma(s.n, all(k::ln2_half_f32[1]), s.high);
  s.n = add(s.n, all(2));
  const V e = exp_by_roots(s, r);
  return fma(e, mul(e, all(-0.5)), e);
}

/// exp(-x) 2^-32, |x| up to 170: a sum with 2^-32 and squares stay in range. The rounding of the power is half the
/// error.
INLINE V exp_scaled_of_minus(V x) {
  const V shifted = fnma(x, all(k::inverse_ln2), all(0x1.8p19)), n = sub(shifted, all(0x1.8p19));
  const V high = _mm512_fnmsub_ps(n, all(k::ln2_half_f32[0]), x), r = fnma(n, all(k::ln2_half_f32[1]), high);
  const V root = entry(powers_small, bits(shifted));
  return _mm512_scalef_ps(fma(fma(polynomial(r, k::exp_t_f32), r, all(1)), mul(root, r), root), n);
}
/// silu(x) = x / (1 + exp(-x)) and its derivative from one division.
struct Silu {
  V x, t, inverse;
};
INLINE Silu silu_parts(V x) {
  x = max(all(-109), min(all(109), x));
  const V t = exp_scaled_of_minus(x);
  return {x, t, _mm512_div_ps(all(1), add(t, all(0x1p-32)))};
}
INLINE V silu_slope(const Silu& s) {
  const V sum = fma(s.t, fma(s.x, all(0x1p-32), all(0x1p-32)), all(0x1p-64));
  return mul(mul(sum, s.inverse), s.inverse);
}
/// The value, x being where the parts are from.
INLINE V silu(const Silu& s, V x) {
  const V y = mul(mul(s.x, s.inverse), all(0x1p-32));
  return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, all(40), _CMP_GT_OQ), x);
}

/// Terms exp(x - m) of a softmax, m the largest x: x - m in two parts, the low one as a factor 1 + low. The largest
/// terms are apart from the rest, which a sum with a 1 would swallow.
struct Terms {
  V d, low, e;
  V rest;  ///< e, 0 (or NaN) where x is m
  Mask largest;
};
INLINE Terms terms(V x, V m) {
  Terms t;
  t.d = sub(x, m);
  const V back = sub(t.d, x);
  t.low = min(sub(sub(x, sub(t.d, back)), add(m, back)), all(1));  // NaN where x is -inf; e is 0 there
  const V e = exp_in_range(max(all(-105), floats(_mm512_or_si512(bits(t.d), ints(0x80000000u)))));
  t.e = fma(e, t.low, e);
  t.largest = _mm512_cmp_ps_mask(x, m, _CMP_EQ_OQ);
  t.rest = _mm512_mask_mov_ps(t.e, t.largest, t.d);
  return t;
}

/// exp(x) 2^twos for x up to 330, where n takes 13 bits: the leading part of log 2 is as much shorter.
constexpr double ln2_short[] = {0x1.63p-1, -0x1.bd0106p-13};
INLINE V ldexp_exp(V x, V twos) {
  x = max(all(-330), x);
  const V shifted = fma(x, all(k::inverse_ln2), all(0x1.8p19)), n = sub(shifted, all(0x1.8p19));
  const V r = fnma(n, all(ln2_short[1]), fnma(n, all(ln2_short[0]), x));
  const V root = entry(powers, bits(shifted));
  return _mm512_scalef_ps(fma(fma(polynomial(r, k::exp_t_f32), r, all(1)), mul(root, r), root), add(n, twos));
}

// --- eight doubles ---

using D = __m512d;
INLINE D all_d(double x) { return _mm512_set1_pd(x); }
INLINE D fma(D a, D b, D c) { return _mm512_fmadd_pd(a, b, c); }
INLINE I longs(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
INLINE D entry(const double (&t)[16], I i) {
  return _mm512_permutex2var_pd(_mm512_loadu_pd(t), i, _mm512_loadu_pd(t + 8));
}

/// log(1 + h), 1 + h in [2^-53, 2^900]; the sign of h = -0 is lost.
INLINE D log1p(D h) {
  const I offset = _mm512_add_epi64(_mm512_castpd_si512(_mm512_add_pd(all_d(1), h)), longs(0x0018000000000000));
  const I in_place = _mm512_and_si512(offset, longs(0xfff0000000000000));
  const D down = _mm512_castsi512_pd(_mm512_sub_epi64(longs(0x7ff0000000000000), in_place));
  const I index = _mm512_srli_epi64(offset, 48);
  const D factor = entry(k::log_factor_f64, index);
  const D f = fma(h, down, _mm512_sub_pd(down, all_d(1))), g = fma(f, factor, _mm512_sub_pd(factor, all_d(1)));
  const I biased = _mm512_or_si512(_mm512_srli_epi64(offset, 52), longs(0x4330000000000000));  // of 2^52 + 1024 + e
  const D e = _mm512_sub_pd(_mm512_castsi512_pd(biased), all_d(0x1p52 + 1024));
  const D square = _mm512_mul_pd(g, g);
  const auto& c = k::log1p_t_f64;
  D even = all_d(c[7]), odd = all_d(c[8]);
  for (int i = 5; i > 0; i -= 2) {
    even = fma(even, square, all_d(c[i]));
    odd = fma(odd, square, all_d(c[i + 1]));
  }
  const D p = fma(fma(odd, g, even), g, all_d(c[0]));
  const D rest = fma(square, p, fma(e, all_d(k::ln2_f64[1]), g));
  return _mm512_add_pd(fma(e, all_d(k::ln2_f64[0]), entry(k::log_of_factor_f64, index)), rest);
}

}  // namespace bounded
}  // namespace
}  // namespace bench::hand

#undef INLINE
