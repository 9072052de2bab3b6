// rsqrt, cbrt and hypot: a first value, then one correction by the exactly computed residue.
#include "math/lowering.hpp"

namespace actinium::math {

Var rsqrt(Var x) {
  const Var y = 1.0 / sqrt(x);
  const Pair p = two_product(x, y), q = two_product(p.high, y);
  const Var residue = ((1.0 - q.high) - q.low) - p.low * y;
  const Var correction = y * 0.5 * residue;
  return select(correction == correction, y + correction, y);  // NaN at 0 and infinity, where y is right
}

// r near a^(-1/3) from the bits of a, refined by r (1 + h/3 + 2h^2/9 + 14h^3/81), h = 1 - a r^3, then y = a r^2.
Var cbrt(Var x) {
  const bool single = is_single(x);
  const Var magnitude = abs(x);
  const Var is_tiny = magnitude < (single ? 0x1p-60 : 0x1p-900);
  const Var a = select(is_tiny, magnitude * (single ? 0x1p60 : 0x1p600), magnitude);
  // 4/3 of the bits of 1 less a third of those of a, less 3 % of an octave to centre the error.
  Var guess;
  if (single) {
    guess = 0x54a21d2a - to_int(to_float(bits(a), Type::f32) * (1.0 / 3), Type::i32);
  } else {
    guess = shl(0x553ef0ff - lshr(lshr(bits(a), 32) * 0x55555556ll, 32), 32);
  }
  Var r = from_bits(guess);
  for (int i = 0; i < (single ? 2 : 3); ++i) {
    const Var h = 1.0 - (a * r) * r * r;
    r = muladd(r * h, muladd(h, muladd(h, 14.0 / 81, 2.0 / 9), 1.0 / 3), r);
  }
  const Var y = a * r * r;
  // A quarter of y^3 - a, which cannot overflow.
  const Pair square = two_product(y, y * 0.25), cube = two_product(square.high, y);
  const Var residue = ((cube.high - a * 0.25) + cube.low) + square.low * y;
  const Var root = y - residue * (r * r * (4.0 / 3));
  const Var scaled = select(is_tiny, root * (single ? 0x1p-20 : 0x1p-200), root);
  return copysign(select(magnitude < infinity, select(magnitude > 0.0, scaled, magnitude), magnitude), x);
}

Var hypot(Var x, Var y) {
  const bool single = is_single(x);
  const Var ax = abs(x), ay = abs(y);
  const Var a = max(ax, ay), b = min(ax, ay);
  const Var is_huge = a > (single ? 0x1p62 : 0x1p500), is_tiny = a < (single ? 0x1p-40 : 0x1p-450);
  const double down = single ? 0x1p-66 : 0x1p-600, up = single ? 0x1p90 : 0x1p600;
  const Var factor = select(is_huge, down, select(is_tiny, like(x, up), like(x, 1.0)));
  const Var back = select(is_huge, 1 / down, select(is_tiny, like(x, 1 / up), like(x, 1.0)));
  const Pair aa = two_product(a * factor, a * factor), bb = two_product(b * factor, b * factor);
  const Pair sum = fast_two_sum(aa.high, bb.high);
  const Var root = sqrt(sum.high);
  const Pair square = two_product(root, root);
  const Var residue = ((sum.high - square.high) - square.low) + (sum.low + (aa.low + bb.low));
  const Var refined = root + residue * (0.5 / max(root, like(x, single ? 0x1p-60 : 0x1p-500)));
  const Var result = select(is_nan(ax), ax, refined * back);
  return select((ax == infinity) | (ay == infinity), infinity, result);
}

}  // namespace actinium::math
