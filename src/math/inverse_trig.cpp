// asin, acos, atan and atan2. Each is base + sign * (s + c), s the reduced argument, c a small correction.
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

namespace k = coefficients;

/// (base + tiny) + (large + small), |base| >= |large| or base = 0.
Var joined(Var base, Var tiny, Var large, Var small) {
  const Pair sum = fast_two_sum(base, large);
  return sum.high + (small + (sum.low + tiny));
}

/// (base + base_low) + atan(q + q_low), or less it where `minus`; 0 <= q <= 1, base = 0 or base >= q.
Var plus_atan(Var base, Var base_low, Var minus, Var q, Var q_low) {
  const Pair square = two_product(q, q);
  const Var z = square.high;
  const Var s = select(minus, -q, q), s_low = select(minus, -q_low, q_low);
  // q_low over 1 + q^2, for which 1 - q^2/2 will do.
  Var tiny = muladd(s_low * z, -0.5, s_low);
  // What z lost counts -1/4 q near 1; f64 has error to spare.
  if (is_single(q)) tiny = muladd(s * square.low, -0.25, tiny);
  const Pair sum = fast_two_sum(base, s);
  return sum.high + fma(s * z, polynomial(z - 0.5, pick(q, k::atan_s_f32, k::atan_s_f64)), sum.low + (base_low + tiny));
}

struct Asin {
  Var is_small;  ///< |x| <= 1/2
  /// asin of s is s + rest; s = |x|, or sqrt((1 - |x|)/2), whose asin is half of what asin |x| lacks of pi/2.
  Var s, rest;
};
Asin asin_parts(Var a) {
  Asin p;
  p.is_small = a <= 0.5;
  const Var half = (1.0 - a) * 0.5;
  const Var z = select(p.is_small, a * a, half);
  const Var root = sqrt(half);
  const Pair back = two_product(root, root);
  const Var root_low = ((half - back.high) - back.low) * (0.5 / max(root, like(a, pick(a, 0x1p-40, 0x1p-200))));
  p.s = select(p.is_small, a, root);
  p.rest =
      muladd(p.s * z, polynomial(z, pick(a, k::asin_s_f32, k::asin_s_f64)), select(p.is_small, like(a, 0.0), root_low));
  return p;
}

}  // namespace

Var asin(Var x) {
  const Var a = abs(x);
  const Asin p = asin_parts(a);
  const auto half_pi = pick(x, k::half_pi_f32, k::half_pi_f64);
  const Var near_one = joined(like(a, half_pi[0]), like(a, half_pi[1]), p.s * -2.0, p.rest * -2.0);
  return copysign(select(p.is_small, p.s + p.rest, near_one), x);
}

Var acos(Var x) {
  const Asin p = asin_parts(abs(x));
  const auto half_pi = pick(x, k::half_pi_f32, k::half_pi_f64);
  const auto pi = pick(x, k::pi_f32, k::pi_f64);
  const Var negative = x < 0.0;
  const Var base = select(p.is_small, half_pi[0], select(negative, like(x, pi[0]), like(x, 0.0)));
  const Var base_low = select(p.is_small, half_pi[1], select(negative, like(x, pi[1]), like(x, 0.0)));
  const Var factor = select(p.is_small, copysign(like(x, -1.0), -x), copysign(like(x, 2.0), x));
  return joined(base, base_low, factor * p.s, factor * p.rest);
}

Var atan(Var x) {
  const Var a = abs(x);
  const Var is_large = a > 1.0;
  const Var inverse = 1.0 / a;
  // What the division lost; where 1/a is tiny it does not matter, where a is infinite it is NaN.
  const Pair back = two_product(inverse, a);
  const Var lost = ((1.0 - back.high) - back.low) * inverse;
  const Var inverse_low = select(a < pick(x, 0x1p30, 0x1p60), lost, 0.0);
  const Var q = select(is_large, inverse, a), q_low = select(is_large, inverse_low, 0.0);
  const auto half_pi = pick(x, k::half_pi_f32, k::half_pi_f64);
  const Var base = select(is_large, half_pi[0], like(x, 0.0)), base_low = select(is_large, half_pi[1], like(x, 0.0));
  return copysign(plus_atan(base, base_low, is_large, q, q_low), x);
}

Var atan2(Var y, Var x) {
  const auto half_pi = pick(x, k::half_pi_f32, k::half_pi_f64);
  const auto pi = pick(x, k::pi_f32, k::pi_f64);
  const Var ay = abs(y), ax = abs(x);
  const Var is_steep = ay > ax;
  const Var large = select(is_steep, ay, ax), small = select(is_steep, ax, ay);
  // Scaled up so that the remainder of the division does not underflow.
  const Var up = select(large < pick(x, 0x1p-60, 0x1p-500), like(x, pick(x, 0x1p64, 0x1p600)), like(x, 1.0));
  const Var divisor = large * up, dividend = small * up;
  const Var quotient = dividend / divisor;
  const Pair back = two_product(quotient, divisor);
  const Var lost = ((dividend - back.high) - back.low) / divisor;
  const Var q = select(large == 0.0, 0.0, select(small == infinity, 1.0, quotient));
  const Var q_low = select(q > pick(x, 0x1p-30, 0x1p-60), select(small < infinity, lost, 0.0), 0.0);
  const Var is_left = bits(x) < 0;
  const Var base = select(is_steep, half_pi[0], select(is_left, like(x, pi[0]), like(x, 0.0)));
  const Var base_low = select(is_steep, half_pi[1], select(is_left, like(x, pi[1]), like(x, 0.0)));
  const Var value = plus_atan(base, base_low, is_steep ^ is_left, q, q_low);
  return select(is_nan(x), x, select(is_nan(y), y, copysign(value, y)));
}

}  // namespace actinium::math
