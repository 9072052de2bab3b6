// erf and erfc. erf is a polynomial near 0 and 1 - exp(polynomial) beyond; erfc is exp(-x^2) times a function that
// varies slowly.
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

// In f64 and rounded once: the double words that relative accuracy down to 1e-45 takes in f32 cost more, here and in
// compiling.
Var erfc_single(Var x) {
  const Var a = resize(min(like(x, 10.1), abs(x)), Type::f64);
  const Var square = a * a;
  const Rounded n = round_product(square, -k::inverse_ln2);
  const Var r = muladd(n.value, -(k::ln2_f64[0] + k::ln2_f64[1]), -square);
  const Var p = muladd(r * r, polynomial(r, k::erfcf_exp_q_f64), r);
  const Var inverse = 1.0 / (a + 4.0);
  const Var factor = inverse * polynomial(muladd(inverse, -8.0, 1.0), k::erfcf_g_f64);
  const Var positive = resize(muladd(p, factor, factor) * normal_power_of_two(n), Type::f32);
  return select(x < 0.0, 2.0 - positive, positive);
}

// exp(-x^2) (1 + g)/(1 + 3/2 |x|) in double words, g between -0.15 and 0.08.
Var erfc_double(Var x) {
  const auto ln2 = std::span<const double>(k::ln2_f64);
  const Var a = min(like(x, 27.3), abs(x));
  // exp(-a^2) = 2^n (e.high + e.low)
  const Pair square = two_product(a, a);
  const Var n = round_product(square.high, -k::inverse_ln2).value;
  const Var r_high = muladd(n, -ln2[0], -square.high), r_low = muladd(n, -ln2[1], -square.low);
  const Var r = r_high + r_low;
  const Pair one_more = fast_two_sum(like(x, 1.0), r_high);
  const Pair e{one_more.high, one_more.low + muladd(r * r, polynomial(r, k::exp_q_f64), r_low)};
  // One division for v = 2a/(a + shift), where a few ulp do no harm, and for 1/(1 + 3/2 a), which is corrected.
  const double shift = 4;
  const Pair slope = fast_two_sum(a, a * 0.5);
  const Pair plus_one = fast_two_sum(max(slope.high, like(x, 1.0)), min(like(x, 1.0), slope.high));
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
  const Var positive = scale(product.high + muladd(product.high + rest, g, rest), n);
  return select(x < 0.0, 2.0 - positive, positive);
}

}  // namespace

Var erfc(Var x) { return is_single(x) ? erfc_single(x) : erfc_double(x); }

}  // namespace actinium::math
