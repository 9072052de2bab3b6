// erf and erfc. erf is a polynomial near 0 and 1 - exp(polynomial) beyond; erfc is exp(-x^2) (1 + g)/(1 + 2|x|) in double words, g
// below 0.3.
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {

namespace k = coefficients;

Var erf(Var x) {
  const Var a = abs(x), z = x * x;
  const Var small = muladd(a, horner(z, pick(x, k::erf_p_f32, k::erf_p_f64)), a);
  const Var inside = min(like(x, pick(x, 3.95, 5.95)), a);
  const Var large = 1.0 - exp_in_range(-horner(inside - pick(x, 0.9375, 1.0), pick(x, k::erf_q_f32, k::erf_q_f64)));
  return copysign(select(a < pick(x, 0.9375, 1.0), small, large), x);
}

Var erfc(Var x) {
  const auto ln2 = pick(x, k::ln2_f32, k::ln2_f64);
  const Var a = min(like(x, pick(x, 10.1, 27.3)), abs(x));
  // exp(-a^2) = 2^n (e.high + e.low): the square of the leading half is exact.
  const Var half = leading_half(a);
  const Var square = half * half, square_low = (a - half) * (a + half);
  const Var n = round_product(square + square_low, -k::inverse_ln2).value;
  const Var r_high = muladd(n, -ln2[0], -square), r_low = muladd(n, -ln2[1], -square_low);
  const Var r = r_high + r_low;
  const Pair one_more = fast_two_sum(like(x, 1.0), r_high);
  const Pair e{one_more.high, one_more.low + muladd(r * r, horner(r, pick(x, k::exp_q_f32, k::exp_q_f64)), r_low)};
  // One division for v = 2a/(a + shift), where a few ulp do no harm, and for 1/(1 + 2a), which is corrected.
  const double shift = pick(x, 2, 4);
  const Var twice = a + a;
  const Pair d = fast_two_sum(max(twice, like(x, 1.0)), min(like(x, 1.0), twice));
  const Var sum = a + shift;
  const Var inverse_both = 1.0 / (sum * d.high);
  const Var v = twice * (d.high * inverse_both);
  const Var inverse = sum * inverse_both;
  const Pair back = two_product(inverse, d.high);
  const Var inverse_low = inverse * (((1.0 - back.high) - back.low) - inverse * d.low);
  const Var g = v * horner(v - 1.0, pick(x, k::erfc_f_f32, k::erfc_f_f64));
  const Pair product = two_product(e.high, inverse);
  const Var rest = product.low + muladd(e.low, inverse, e.high * inverse_low);
  const Var positive = scale(product.high + muladd(product.high, g, muladd(rest, g, rest)), n);
  return select(x < 0.0, 2.0 - positive, positive);
}

}  // namespace actinium::math
