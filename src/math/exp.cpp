// exp, exp2, expm1 and the hyperbolic functions. Start reading at exp(): x = n log 2 + r, a polynomial in r, scaled by
// 2^n.
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

namespace k = coefficients;

/// x - n log 2 = high - low; high is exact.
Pair without_twos(Var x, Var n) {
  const auto ln2 = pick(x, k::ln2_f32, k::ln2_f64);
  return {muladd(n, -ln2[0], x), n * ln2[1]};
}

/// NaN passes through a clamp when it is the second operand of min and max.
Var clamped(Var x, double low, double high) { return max(like(x, low), min(like(x, high), x)); }

struct Halves {
  Var up, down;               ///< 2^n/2, 2^-n/2
  Pair sinh_twos, cosh_twos;  ///< their difference and sum: of n log 2
  Var high, rest;             ///< sinh of r: the exact part of r, and all else
  Var cosh_less_one;          ///< cosh(r) - 1
};

/// The parts of sinh(a + b) = sinh a cosh b + cosh a sinh b with a = n log 2; n = 0 up to `first`.
Halves hyperbolic_parts(Var magnitude, double first) {
  const Var a = min(like(magnitude, pick(magnitude, 90, 712)), magnitude);
  const Rounded twos = round_product(a, k::inverse_ln2);
  const Var n = min(like(a, pick(a, 128, 1024)), first > 0 ? select(a < first, 0.0, twos.value) : twos.value);
  const Pair r = without_twos(a, n);
  const Var reduced = r.high - r.low;
  const Var z = reduced * reduced;
  Halves h;
  h.high = r.high;
  h.rest = muladd(reduced * z, polynomial(z, pick(a, k::sinh_s_f32, k::sinh_s_f64)), -r.low);
  h.cosh_less_one = z * polynomial(z, pick(a, k::cosh_c_f32, k::cosh_c_f64));
  h.up = scale(like(a, 0.5), n);
  h.down = scale(like(a, 0.5), -n);
  h.sinh_twos = fast_two_sum(h.up, -h.down);
  h.cosh_twos = fast_two_sum(h.up, h.down);
  return h;
}

// 2^floor(n) 2^(i/16) e^r, n = floor(n) + i/16 the sixteenth nearest to x / log 2: r is so small that two coefficients
// do, and the rounding of 2^(i/16), unless its low part is added, is half the error.
enum class Roots { high, both };
struct Sixteenths {
  Var n, i;  ///< n, and its i
};
Sixteenths sixteenths_of(Var x) {
  const Var shifted = muladd(x, k::inverse_ln2, 0x1.8p19);
  return {shifted - 0x1.8p19, bits(shifted) & 15};
}
/// factor 2^(i/16) e^r.
Var power_single(Var i, Var r, double factor, Roots roots) {
  const Var root = lookup(table_of(Type::f32, k::sixteenth_powers, factor), i);
  const Var rest = muladd(polynomial(r, k::exp_t_f32), r, 1.0);
  const Var step =
      roots == Roots::high ? root * r : muladd(root, r, lookup(table_of(Type::f32, k::sixteenth_powers_low, factor), i));
  return muladd(rest, step, root);
}
struct Exponential {
  Var value, twos;  ///< value 2^twos
};
/// Of x + low; low may be without value.
Exponential exponential_single(Var x, Var low, double factor, Roots roots) {
  const auto [n, i] = sixteenths_of(x);
  const Var high = muladd(n, -k::ln2_half_f32[0], x);
  const Var r = low.value() == machine::no_value ? muladd(n, -k::ln2_half_f32[1], high)
                                                 : high + muladd(n, -k::ln2_half_f32[1], low);
  return {power_single(i, r, factor, roots), floor(n)};
}
Var exp_single(Var x, double factor, Roots roots) {
  const Exponential e = exponential_single(x, {}, factor, roots);
  return scale(e.value, e.twos);
}

// tanh(a + b) = tanh a + (1 - tanh^2 a) tanh b / (1 + tanh a tanh b), a the anchor of |x|: 0, then eight an octave of
// |x| + 5/8, so that the change is small against tanh a, and b against 1.
struct Steep {
  Var tanh_a, sech2_a, change;
};
Steep steep(Var x) {
  const Var magnitude = min(like(x, 9.2), abs(x));
  const Var index = lshr(bits(magnitude + 0.625) - 0x3f200000ll, 20) & 31;
  const Var tanh_a = lookup(table_of(Type::f32, k::tanh_of_anchor), index), sech2_a = lookup(table_of(Type::f32, k::sech2_of_anchor), index);
  const Var b = magnitude - lookup(table_of(Type::f32, k::tanh_anchor), index);
  const Var z = b * b;
  const Var tanh_b = muladd(b * z, polynomial(z, k::tanh_s_f32), b);
  return {tanh_a, sech2_a, sech2_a * tanh_b / muladd(tanh_a, tanh_b, 1.0)};
}

Var tanh_single(Var x) {
  const Steep s = steep(x);
  return copysign(s.tanh_a + s.change, x);
}

// A rational function up to 0.5625, then 1 - 2/(exp(2a) + 1), with one division.
Var tanh_double(Var x) {
  const Var a = abs(x), z = x * x;
  const Var is_small = a < 0.5625;
  const Var e = exp_in_range(min(like(x, 40.0), a + a));
  const Var numerator = select(is_small, a * z * polynomial(z, k::tanh_r_p_f64), -2.0);
  const Var denominator = select(is_small, polynomial(z, k::tanh_r_q_f64), e + 1.0);
  return copysign(select(is_small, a, 1.0) + numerator / denominator, x);
}

}  // namespace

Var exp_in_range(Var x) {
  if (is_single(x)) return exp_single(x, 1, Roots::both);
  const Rounded n = round_product(x, k::inverse_ln2);
  const Pair parts = without_twos(x, n.value);
  const Var r = parts.high - parts.low;
  return scale(muladd(r * r, polynomial(r, k::exp_q_f64), r) + 1.0, n.value);
}

// The factor comes in before the twos, so that what is not subnormal in the end never is.
Var exp_of_sum(Var x, Var low, Var factor) {
  if (is_single(x)) {
    const Exponential e = exponential_single(x, low, 1, Roots::both);
    return scale(e.value * factor, e.twos);
  }
  const Rounded n = round_product(x, k::inverse_ln2);
  const Pair parts = without_twos(x, n.value);
  const Var r = parts.high - (parts.low - low);
  return scale((muladd(r * r, polynomial(r, k::exp_q_f64), r) + 1.0) * factor, n.value);
}

Var exp(Var x) { return exp_in_range(is_single(x) ? clamped(x, -105, 89) : clamped(x, -746, 710)); }

Var exp_scaled(Var x) {
  if (is_single(x)) return exp_single(clamped(x, -170, 170), 0x1p-32, Roots::high);
  const Var inside = clamped(x, -1400, 1400);
  const Rounded n = round_product(inside, k::inverse_ln2);
  const Pair parts = without_twos(inside, n.value);
  const Var r = parts.high - parts.low;
  return scale(muladd(r * r, polynomial(r, k::exp_q_f64), r) + 1.0, n.value - 64.0);
}

// Far out, where n takes up to 13 (f32), 12 (f64) bits: the leading part of log 2 is as much shorter.
Var ldexp_exp(Var x, Var twos) {
  if (is_single(x)) {
    const Var inside = max(like(x, -330.0), x);
    const auto [n, i] = sixteenths_of(inside);
    const Var r = muladd(n, -k::ln2_short_f32[1], muladd(n, -k::ln2_short_f32[0], inside));
    return scale(power_single(i, r, 1, Roots::high), floor(n + twos));
  }
  const Var inside = max(like(x, -2250.0), x);
  const Rounded n = round_product(inside, k::inverse_ln2);
  const Var r = muladd(n.value, -k::ln2_half_f64[1], muladd(n.value, -k::ln2_half_f64[0], inside));
  return scale(muladd(r * r, polynomial(r, k::exp_q_f64), r) + 1.0, n.value + twos);
}

Var exp2(Var x) {
  const Var inside = is_single(x) ? clamped(x, -151, 129) : clamped(x, -1076, 1025);
  const Rounded n = round_product(inside, 1);
  const Var r = inside - n.value;
  const auto ln2 = pick(x, k::ln2_half_f32, k::ln2_half_f64);
  const Var half = leading_half(r);  // its product is exact
  const Var rest =
      muladd(r, muladd(r, polynomial(r, pick(x, k::exp2_q_f32, k::exp2_q_f64)), ln2[1]), (r - half) * ln2[0]);
  return scale(1.0 + muladd(half, ln2[0], rest), n.value);
}

// n is rounded towards zero from 0.3 further out, so that 2^n - 1 and 2^n (e^r - 1) have one sign or hardly cancel.
Var expm1(Var x) {
  const Var inside = is_single(x) ? clamped(x, -18, 89) : clamped(x, -40, 710);
  const Var n = trunc(muladd(inside, k::inverse_ln2, copysign(like(x, 0.3), x)));
  const Pair parts = without_twos(inside, n);
  const Var r = parts.high - parts.low;
  const Var square = r * r;
  const Var rest =
      muladd(square * r, polynomial(r, pick(x, k::expm1_q_f32, k::expm1_q_f64)), muladd(square, 0.5, -parts.low));
  const Pair gap = fast_two_sum(like(x, 1.0), -scale(like(x, 1.0), -n));
  // What 1 - 2^-n loses is half an ulp of the result at most, but f32 cannot spare it.
  const Var p = parts.high + (is_single(x) ? rest + gap.low : rest);
  return copysign(scale(p + gap.high, n), x);
}

// The product with `up` is exact. Up to 1.04 n = 0, so nothing cancels, and the sum is simple.
Var sinh(Var x) {
  const Var a = abs(x);
  const Halves h = hyperbolic_parts(a, 1.04);
  const Var rest = muladd(h.cosh_twos.high, h.rest, muladd(h.sinh_twos.high, h.cosh_less_one, h.sinh_twos.low));
  const Var sum = h.sinh_twos.high + muladd(h.up, h.high, muladd(h.down, h.high, rest));
  return copysign(select(a < 1.04, a + h.rest, sum), x);
}

Var cosh(Var x) {
  const Halves h = hyperbolic_parts(abs(x), 0);
  const Var rest = muladd(h.sinh_twos.high, h.rest, muladd(h.cosh_twos.high, h.cosh_less_one, h.cosh_twos.low));
  return h.cosh_twos.high + muladd(h.up, h.high, muladd(-h.down, h.high, rest));
}

// 1 - tanh^2(a + b) = 1 - tanh^2 a - change (2 tanh a + change). Beyond the anchors that are dense enough, in a rare
// callee, 4 e^(-2x) (1 - 2 e^(-2x)).
Var sech2_single(Var x) {
  machine::Builder b;
  const Var far = b.input(x.type());
  const Var e = exp_single(max(like(far, -150.0), -2.0 * far), 4, Roots::both), tail = muladd(e, e * -0.5, e);
  const auto callee = std::make_shared<const machine::Code>(b.finish({&tail, 1}));
  const Steep s = steep(x);
  const Var a = abs(x);
  return rare(a >= 7.374, muladd(-s.change, s.tanh_a + (s.tanh_a + s.change), s.sech2_a), a, callee);
}

Var tanh(Var x) { return is_single(x) ? tanh_single(x) : tanh_double(x); }

}  // namespace actinium::math
