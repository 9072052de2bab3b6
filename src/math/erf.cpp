// erf, erfc and the tail of the normal distribution. erf is a polynomial near 0 and 1 - exp(polynomial) beyond; erfc is
// exp(-x^2) times a function that varies slowly; the tail in f32 is a polynomial about the nearest of 32 anchors.
#include <bit>
#include <numbers>

#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {

namespace k = coefficients;

Var erf(Var x) {
  const Var a = abs(x), z = x * x;
  const Var small = muladd(a, polynomial(z - 0.5, pick(x, k::erf_p_f32, k::erf_p_f64)), a);
  const Var inside = min(like(x, pick(x, 3.95, 5.95)), a);
  const Var large = 1.0 - exp_in_range(-polynomial(inside - pick(x, 0.9375, 1.0), pick(x, k::erf_q_f32, k::erf_q_f64)));
  return copysign(select(a < pick(x, 0.9375, 1.0), small, large), x);
}

namespace {

// In f64, to be rounded once: the double words that relative accuracy down to 1e-45 takes in f32 cost more, here and in
// compiling.
Var erfc_tail(Var a) {
  const Var square = a * a;
  const Rounded n = round_product(square, -k::inverse_ln2);
  const Var r = muladd(n.value, -(k::ln2_f64[0] + k::ln2_f64[1]), -square);
  const Var p = muladd(r * r, polynomial(r, k::erfcf_exp_q_f64), r);
  const Var inverse = 1.0 / (a + 4.0);
  const Var factor = inverse * polynomial(muladd(inverse, -8.0, 1.0), k::erfcf_g_f64);
  return muladd(p, factor, factor) * normal_power_of_two(n);
}

Var erfc_single(Var x) {
  const Var positive = resize(erfc_tail(resize(min(like(x, 10.1), abs(x)), Type::f64)), Type::f32);
  return select(x < 0.0, 2.0 - positive, positive);
}

/// 2^twos exp(-square) (1 + g)/(1 + slope) in double words, g between -0.15 and 0.08: erfc(c a) for square = (c a)^2,
/// slope = 3/2 c a, shift = 4/c.
Var scaled_erfc(Var a, Pair square, Pair slope, double shift, int twos) {
  const auto ln2 = std::span<const double>(k::ln2_f64);
  // exp(-square) = 2^n (e.high + e.low)
  const Var n = round_product(square.high, -k::inverse_ln2).value;
  const Var r_high = muladd(n, -ln2[0], -square.high), r_low = muladd(n, -ln2[1], -square.low);
  const Var r = r_high + r_low;
  const Pair one_more = fast_two_sum(like(a, 1.0), r_high);
  const Pair e{one_more.high, one_more.low + muladd(r * r, polynomial(r, k::exp_q_f64), r_low)};
  // One division for v = 2a/(a + shift), where a few ulp do no harm, and for 1/(1 + slope), which is corrected.
  const Pair plus_one = fast_two_sum(max(slope.high, like(a, 1.0)), min(like(a, 1.0), slope.high));
  const Pair d{plus_one.high, plus_one.low + slope.low};
  const Var sum = a + shift;
  const Var inverse_both = 1.0 / (sum * d.high);
  const Var v = (a + a) * (d.high * inverse_both);
  const Var inverse = sum * inverse_both;
  const Pair back = two_product(inverse, d.high);
  const Var inverse_low = inverse * (((1.0 - back.high) - back.low) - inverse * d.low);
  const Var g = v * polynomial(v - 1.0, k::erfc_f_f64);
  const Pair product = two_product(e.high, inverse);
  const Var rest = muladd(e.low, inverse, muladd(e.high, inverse_low, product.low));
  return scale(product.high + muladd(product.high + rest, g, rest), twos == 0 ? n : n + twos);
}

Var erfc_double(Var x) {
  const Var a = min(like(x, 27.3), abs(x));
  const Var positive = scaled_erfc(a, two_product(a, a), fast_two_sum(a, a * 0.5), 4, 0);
  return select(x < 0.0, 2.0 - positive, positive);
}

// Anchors 3/16 apart at which the tail is almost an f32, so that the rounding of the last sum is nearly all there is.
// They reach 5.9; further down is a rare callee, further up the tail vanishes beside 1.
Var normtail_single(Var x) {
  constexpr double end = 5.9;
  const auto entry = [](const double* values, Var index) {
    machine::Table t{Type::f32, {}};
    for (int i = 0; i < k::normtail_anchors; ++i)
      t.bits.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(values[i])));
    return lookup(t, index);
  };
  const Var a = min(like(x, end), abs(x));
  const Var index = bits(muladd(a, 16.0 / 3, 0x1.8p23)) & (k::normtail_anchors - 1);  // in range for NaN too
  const Var r = a - entry(k::normtail_anchor, index);
  std::size_t i = std::size(k::normtail_c) - 1;
  Var sum = entry(k::normtail_c[i], index);
  while (i-- > 0) sum = muladd(sum, r, entry(k::normtail_c[i], index));
  machine::Builder b;
  const Var any = b.input(Type::f32);
  const Var far = min(like(any, 15.0), abs(any));
  const Var result = resize(0x1p31 * erfc_tail(resize(far, Type::f64) * (1 / std::numbers::sqrt2)), Type::f32);
  const auto callee = std::make_shared<const machine::Code>(b.finish({&result, 1}));
  return rare(x < -end, sum, x, callee);
}

Var normtail_double(Var x) {
  const Var a = min(like(x, 39.0), abs(x));
  const Pair square = two_product(a, a);
  const auto factor = std::span<const double>(k::normtail_slope_f64);
  Pair slope = two_product(a, like(a, factor[0]));
  slope.low = muladd(a, factor[1], slope.low);
  return scaled_erfc(a, {0.5 * square.high, 0.5 * square.low}, slope, 4 * std::numbers::sqrt2, normtail_twos(x) - 1);
}

}  // namespace

Var erfc(Var x) { return is_single(x) ? erfc_single(x) : erfc_double(x); }

Var normtail(Var x) { return is_single(x) ? normtail_single(x) : normtail_double(x); }

}  // namespace actinium::math
