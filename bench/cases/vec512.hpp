// Functions of 16 floats in registers, for hand_*.cpp alone. Coefficients are least-maximum fits of the relative error.
#pragma once
#include <immintrin.h>

namespace bench::hand {
namespace {

using V = __m512;
using Mask = __mmask16;

inline V all(float x) { return _mm512_set1_ps(x); }
inline V add(V a, V b) { return _mm512_add_ps(a, b); }
inline V sub(V a, V b) { return _mm512_sub_ps(a, b); }
inline V mul(V a, V b) { return _mm512_mul_ps(a, b); }
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
inline V nearest(V x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline __m512i bits(V x) { return _mm512_castps_si512(x); }
inline V floats(__m512i x) { return _mm512_castsi512_ps(x); }

/// 2^n (1 + r + r^2 q(r)), r the rest modulo log 2; scalef takes care of the ends.
inline V exp(V x) {
  const V n = nearest(mul(x, all(1.44269504f)));
  V r = fnma(n, all(0.693147182464599609375f), x);
  r = fnma(n, all(-1.904654290582768e-9f), r);
  V q = fma(r, all(0.008312494497354724f), all(0.04189015200950964f));
  q = fma(q, r, all(0.16667114853020037f));
  q = fma(q, r, all(0.4999923153833477f));
  return _mm512_scalef_ps(fma(fma(q, r, all(1)), r, all(1)), n);
}

/// 1 / (1 + exp(-x)). A division is faster here than an estimate and a step of Newton's.
inline V sigmoid(V x) { return _mm512_div_ps(all(1), add(all(1), exp(sub(_mm512_setzero_ps(), x)))); }

/// x P(x^2) / Q(x^2), to where the result is 1.
inline V tanh(V x) {
  const V limit = all(9.01f);
  x = _mm512_min_ps(_mm512_max_ps(x, sub(_mm512_setzero_ps(), limit)), limit);
  const V u = mul(x, x);
  V p = fma(u, all(1.3318598934983519e-08f), all(2.0583159303609576e-05f));
  V q = fma(u, all(7.76183121375868e-07f), all(0.0003283061777793577f));
  p = fma(p, u, all(0.003494016035873924f));
  q = fma(q, u, all(0.025871003926011705f));
  p = fma(p, u, all(0.13379702735579196f));
  q = fma(q, u, all(0.4671301798978897f));
  p = fma(p, u, all(0.9999999790615702f));
  q = fma(q, u, all(1));
  return _mm512_div_ps(mul(x, p), q);
}

/// sin of moderate x, by one polynomial over half a period.
inline V sin(V x) {
  const V n = nearest(mul(x, all(0.318309886f)));
  V r = fnma(n, all(3.1415927410125732421875f), x);
  r = fnma(n, all(-8.742277657347586e-08f), r);
  const V u = mul(r, r);
  V p = fma(u, all(2.605772681550829e-06f), all(-0.00019809599540431032f));
  p = fma(p, u, all(0.008333066203762377f));
  p = fma(p, u, all(-0.16666659548934798f));
  const __m512i odd = _mm512_slli_epi32(_mm512_cvtps_epi32(n), 31);
  return floats(_mm512_xor_si512(bits(fma(mul(p, u), r, r)), odd));
}

/// sin and cos together, over quarters of a period.
inline void sincos(V x, V& s, V& c) {
  const V n = nearest(mul(x, all(0.636619772f)));
  V r = fnma(n, all(1.57079637050628662109375f), x);
  r = fnma(n, all(-4.371138828673793e-08f), r);
  const V u = mul(r, r);
  V ps = fma(u, all(-0.00019514431721314503f), all(0.008332154607958461f));
  ps = fma(ps, u, all(-0.1666665451426235f));
  ps = fma(mul(ps, u), r, r);
  V pc = fma(u, all(2.4432187272050853e-05f), all(-0.001388730792824001f));
  pc = fma(pc, u, all(0.04166664551546349f));
  pc = fma(fma(pc, u, all(-0.5f)), u, all(1));
  const __m512i quarter = _mm512_cvtps_epi32(n);
  const Mask swap = _mm512_test_epi32_mask(quarter, _mm512_set1_epi32(1));
  const __m512i sign_s = _mm512_slli_epi32(_mm512_srli_epi32(quarter, 1), 31);
  const __m512i sign_c = _mm512_slli_epi32(_mm512_srli_epi32(_mm512_add_epi32(quarter, _mm512_set1_epi32(1)), 1), 31);
  s = floats(_mm512_xor_si512(bits(_mm512_mask_blend_ps(swap, ps, pc)), sign_s));
  c = floats(_mm512_xor_si512(bits(_mm512_mask_blend_ps(swap, pc, ps)), sign_c));
}

/// log(1 + a), a >= 0: the significand, in [3/4, 3/2), divided by the nearest sixteenth, whose logarithm is in a table.
inline V log1p(V a) {
  const V reciprocals =
      _mm512_setr_ps(1.33333337f, 1.23076928f, 1.14285719f, 1.06666672f, 1.0f, 0.941176474f, 0.888888896f, 0.842105269f,
                     0.800000012f, 0.761904776f, 0.727272749f, 0.695652187f, 0.666666687f, 0, 0, 0);
  const V logarithms =
      _mm512_setr_ps(-0.287682110f, -0.207639370f, -0.133531416f, -0.0645385683f, 0, 0.0606246181f, 0.117783032f,
                     0.171850260f, 0.223143533f, 0.271933675f, 0.318453699f, 0.362905443f, 0.405465066f, 0, 0, 0);
  const V u = add(all(1), a);
  const V lost = sub(a, sub(u, all(1)));  // by rounding 1 + a
  const V m = _mm512_getmant_ps(u, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
  const V e = _mm512_getexp_ps(mul(u, all(1.33333337f)));  // the exponent that goes with it
  const __m512i index = _mm512_sub_epi32(_mm512_cvtps_epi32(mul(m, all(16))), _mm512_set1_epi32(12));
  const V r = _mm512_fmsub_ps(m, _mm512_permutexvar_ps(index, reciprocals), all(1));
  V p = fma(r, all(0.20039398243829623f), all(-0.2503463908188966f));
  p = fma(p, r, all(0.33333307399013884f));
  p = fma(p, r, all(-0.49999985682789405f));
  p = fma(mul(p, r), r, r);
  V y = add(_mm512_permutexvar_ps(index, logarithms), p);
  y = fma(e, all(0.693147180559945f), y);
  return fma(lost, _mm512_rcp14_ps(u), y);
}

}  // namespace
}  // namespace bench::hand
