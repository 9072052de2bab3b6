// erf and erfc. erf is a polynomial near 0 and 1 - exp(polynomial) beyond; erfc is exp(-x^2) (1 + g)/(1 + 3/2 |x|) in double words, g
// between -0.15 and 0.08.
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

Var erfc(Var x) {
  const auto ln2 = pick(x, k::ln2_f32, k::ln2_f64);
  const Var a = min(like(x, pick(x, 10.1, 27.3)), abs(x));
  // exp(-a^2) = 2^n (e.high + e.low)
  const Pair square = two_product(a, a);
  const Var n = round_product(square.high, -k::inverse_ln2).value;
  const Var r_high = muladd(n, -ln2[0], -square.high), r_low = muladd(n, -ln2[1], -square.low);
  const Pair r = fast_two_sum(r_high, r_low);
  const Var linear_low = is_single(x) ? muladd(r.high, r.low, r_low) : r_low;
  const Pair one_more = fast_two_sum(like(x, 1.0), r_high);
  // fma here and in g, so that f32 stays within an ulp where muladd is not fused; fma is at work in any case.
  const Var quadratic = fma(r.high * r.high, polynomial(r.high, pick(x, k::exp_q_f32, k::exp_q_f64)), linear_low);
  const Pair e{one_more.high, one_more.low + quadratic};
  // One division for v = 2a/(a + shift), and for 1/(1 + 3/2 a), then corrected (v in f32 alone).
  const double shift = 4;
  const Pair slope = fast_two_sum(a, a * 0.5);
  const Pair plus_one = fast_two_sum(max(slope.high, like(x, 1.0)), min(like(x, 1.0), slope.high));
  const Pair d{plus_one.high, plus_one.low + slope.low};
  const Var sum = a + shift;
  const Var inverse_both = 1.0 / (sum * d.high);
  const Var twice = a + a, inverse_sum = d.high * inverse_both;
  Var v = twice * inverse_sum;
  if (is_single(x)) {
    const Pair v_back = two_product(v, sum);
    const Var sum_low = a - (sum - shift);
    v = muladd(muladd(-v, sum_low, (twice - v_back.high) - v_back.low), inverse_sum, v);
  }
  const Var inverse = sum * inverse_both;
  const Pair back = two_product(inverse, d.high);
  const Var inverse_low = inverse * (((1.0 - back.high) - back.low) - inverse * d.low);
  const auto f = pick(x, k::erfc_f_f32, k::erfc_f_f64);
  const Var g = v * fma(polynomial(v - 1.0, f.subspan(1)), v - 1.0, f[0]);
  const Pair product = two_product(e.high, inverse);
  const Var rest = muladd(e.low, inverse, muladd(e.high, inverse_low, product.low));
  const Var positive = scale(product.high + muladd(product.high + rest, g, rest), n);
  return select(x < 0.0, 2.0 - positive, positive);
}

}  // namespace actinium::math
