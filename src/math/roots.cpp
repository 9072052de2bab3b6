// rsqrt, cbrt and hypot: a first value, then one correction by the exactly computed residue.
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {

namespace k = coefficients;

Var rsqrt(Var x) {
  const Var y = 1.0 / sqrt(x);
  const Pair p = two_product(x, y), q = two_product(p.high, y);
  const Var residue = ((1.0 - q.high) - q.low) - p.low * y;
  const Var correction = y * 0.5 * residue;
  return select(correction == correction, y + correction, y);  // NaN at 0 and infinity, where y is right
}

namespace {

/// a^(-1/3) to 4 %, for positive a: 4/3 of the bits of 1 less a third of those of a, less 3 % of an octave to centre
/// the error. The leading bits are divided as a float whose low bits are an integer.
Var inverse_cube_root_guess(Var a) {
  constexpr double third = 1.0 / 3;
  if (is_single(a)) {
    const Var top = to_float(bits(a), Type::f32);
    return from_bits(shl(bits(muladd(top, -third * 0x1p-9, 0x54a21d2a * 0x1p-9 + 0x1p23)), 9));
  }
  const Var top = from_bits(lshr(bits(a), 32) | 0x4330000000000000ll);  // 2^52 + the upper half
  return from_bits(shl(bits(muladd(top, -third, 0x1p52 * (4 * third) + 0x553ef0ff)), 32));
}

}  // namespace

// r = a^(-1/3), refined as r (1 - h)^(-1/3) with h = 1 - a r^3, gives y = a r^2, and a step of Newton the rest.
Var cbrt(Var x) {
  const bool single = is_single(x);
  const Var magnitude = abs(x);
  const Var is_tiny = magnitude < (single ? 0x1p-60 : 0x1p-900);
  const Var a = select(is_tiny, magnitude * (single ? 0x1p60 : 0x1p600), magnitude);
  const auto error = [&](Var r) { return muladd(-(a * r * r), r, 1.0); };
  Var r = inverse_cube_root_guess(a);
  Var h = error(r);
  r = muladd(r * h, polynomial(h, pick(a, k::cbrt_r_f32, k::cbrt_r_f64)), r);
  if (!single) {
    h = error(r);
    r = muladd(r * h, 1.0 / 3, r);
  }
  const Var y = a * r * r;
  const Pair square = two_product(y, y);
  const Var residue = muladd(square.low, y, fma(square.high, y, -a));
  const Var root = muladd(residue, r * r * (-1.0 / 3), y);
  const Var scaled = select(is_tiny, root * (single ? 0x1p-20 : 0x1p-200), root);
  return copysign(select(magnitude < infinity, scaled, magnitude), x);
}

// In units of a power of two that puts the larger argument in [2, 4), where no square under- or overflows that counts;
// the root is corrected by its residue over twice the root, for which 3 % will do.
Var hypot(Var x, Var y) {
  const bool single = is_single(x);
  const Var ax = abs(x), ay = abs(y);
  const Var a = max(ax, ay), b = min(ax, ay);
  const std::int64_t exponents = single ? 0x7f800000ll : 0x7ff0000000000000ll;
  const Var exponent = bits(max(a, like(x, single ? 0x1p-126 : 0x1p-1022))) & exponents;
  const Var unit = from_bits(exponent), per_unit = from_bits(exponents - exponent);  // the inverse, doubled
  const Var scaled_a = a * per_unit, scaled_b = b * per_unit;
  const Pair aa = two_product(scaled_a, scaled_a), bb = two_product(scaled_b, scaled_b);
  const Pair sum = fast_two_sum(aa.high, bb.high);
  const Var root = sqrt(sum.high);
  const Pair square = two_product(root, root);
  const Var residue = ((sum.high - square.high) - square.low) + (sum.low + (aa.low + bb.low));
  const Var refined = muladd(residue, polynomial(root, k::hypot_r_f32), root);
  const Var result = select(is_nan(ax), ax, refined * 0.5 * unit);
  return select((ax == infinity) | (ay == infinity), infinity, result);
}

}  // namespace actinium::math
