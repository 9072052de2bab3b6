// exp, exp2, expm1 and the hyperbolic functions. Start reading at exp(): x = n log 2 + r, a polynomial in r, scaled by 2^n.
#include <bit>

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
  Var sinh_twos, cosh_twos;  ///< of n log 2
  Var high, rest;            ///< sinh of r: the exact part of r, and all else
  Var cosh_less_one;         ///< cosh(r) - 1
};

/// The parts of sinh(a + b) = sinh a cosh b + cosh a sinh b with a = n log 2. n = 0 up to 1.04, so nothing cancels.
Halves hyperbolic_parts(Var a) {
  const Rounded twos = round_product(min(like(a, pick(a, 90, 712)), a), k::inverse_ln2);
  const Var n = min(like(a, pick(a, 128, 1024)), select(a < 1.04, 0.0, twos.value));
  const Pair r = without_twos(a, n);
  const Var reduced = r.high - r.low;
  const Var z = reduced * reduced;
  Halves h;
  h.high = r.high;
  h.rest = muladd(reduced * z, horner(z, pick(a, k::sinh_s_f32, k::sinh_s_f64)), -r.low);
  h.cosh_less_one = z * horner(z, pick(a, k::cosh_c_f32, k::cosh_c_f64));
  const Var up = scale(like(a, 0.5), n), down = scale(like(a, 0.5), -n);
  h.sinh_twos = up - down;
  h.cosh_twos = up + down;
  return h;
}

// tanh(a + b) = tanh a + (1 - tanh^2 a) tanh b / (1 + tanh a tanh b), a the nearest multiple of 19/32, |b| < 0.3.
Var tanh_single(Var x) {
  const auto table = [](std::span<const double> values) {
    machine::Table t{Type::f32, {}};
    for (double v : values) t.bits.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(v)));
    return t;
  };
  const Var a = min(like(x, 9.2), abs(x));
  const Rounded step = round_product(a, 32.0 / 19);
  const Var b = muladd(step.value, -19.0 / 32, a);
  const Var z = b * b;
  const Var tanh_b = muladd(b * z, horner(z, k::tanh_s_f32), b);
  const Var index = step.bits & 15;
  const Var tanh_a = lookup(table(k::tanh_anchor), index), tanh_a_low = lookup(table(k::tanh_anchor_low), index);
  const Var product = tanh_a * tanh_b;
  const Var change = muladd(-product, tanh_a, tanh_b) / (1.0 + product);
  return copysign(tanh_a + (change + tanh_a_low), x);
}

// A polynomial up to 0.625, then 1 - 2/(exp(2a) + 1).
Var tanh_double(Var x) {
  const Var a = abs(x), z = x * x;
  const Var small = muladd(a * z, horner(z, k::tanh_s_f64), a);
  const Var doubled = min(like(x, 40.0), a + a);
  const Var large = 1.0 - 2.0 / (exp_in_range(doubled) + 1.0);
  return copysign(select(a < 0.625, small, large), x);
}

}  // namespace

Var exp_in_range(Var x) {
  const Rounded n = round_product(x, k::inverse_ln2);
  const Pair parts = without_twos(x, n.value);
  const Var r = parts.high - parts.low;
  const Var p = muladd(r * r, horner(r, pick(x, k::exp_q_f32, k::exp_q_f64)), r);
  return scale(p + 1.0, n.value);
}

Var exp(Var x) { return exp_in_range(is_single(x) ? clamped(x, -105, 89) : clamped(x, -746, 710)); }

Var exp2(Var x) {
  const Var inside = is_single(x) ? clamped(x, -151, 129) : clamped(x, -1076, 1025);
  const Rounded n = round_product(inside, 1);
  const Var r = inside - n.value;
  return scale(muladd(r, horner(r, pick(x, k::exp2_p_f32, k::exp2_p_f64)), 1.0), n.value);
}

// n is rounded towards zero, so that 2^n - 1 and 2^n (e^r - 1) have one sign and nothing cancels.
Var expm1(Var x) {
  const Var inside = is_single(x) ? clamped(x, -18, 89) : clamped(x, -40, 710);
  const Var n = trunc(inside * k::inverse_ln2);
  const Pair parts = without_twos(inside, n);
  const Var r = parts.high - parts.low;
  const Var rest = muladd(r * r, horner(r, pick(x, k::expm1_q_f32, k::expm1_q_f64)), -parts.low);
  const Var p = parts.high + rest;
  return copysign(scale(p + (1.0 - scale(like(x, 1.0), -n)), n), x);
}

Var sinh(Var x) {
  const Halves h = hyperbolic_parts(abs(x));
  const Var rest = muladd(h.cosh_twos, h.rest, h.sinh_twos * h.cosh_less_one);
  return copysign(h.sinh_twos + muladd(h.cosh_twos, h.high, rest), x);
}

Var cosh(Var x) {
  const Halves h = hyperbolic_parts(abs(x));
  const Var rest = muladd(h.sinh_twos, h.rest, h.cosh_twos * h.cosh_less_one);
  return h.cosh_twos + muladd(h.sinh_twos, h.high, rest);
}

Var tanh(Var x) { return is_single(x) ? tanh_single(x) : tanh_double(x); }

}  // namespace actinium::math
