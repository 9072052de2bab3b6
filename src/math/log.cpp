// The logarithms and the inverse hyperbolic functions. Start reading at Parts: x = 2^e (1 + f), f exact, and
// log(1 + f) = f + rest.
#include <bit>

#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

namespace k = coefficients;

struct Parts {
  Var e;       ///< as a float, in f32 times 2^23: its bits are at hand in their place
  Var f;       ///< in [-0.293, 0.4143], for log1p in [-1/4, 1/2]
  Var square;  ///< f^2
  Var rest;    ///< log(1 + f) - f, in f32 over f^2
  Var low;     ///< a tiny term to add, or nothing
};

double unit_of_e(Var x) { return pick(x, 0x1p-23, 1); }

/// A polynomial in f32; in f64 the odd series of s = f/(2 + f) takes half the terms.
void expand(Parts& p, std::span<const double> single) {
  const Var f = p.f;
  p.square = f * f;
  if (is_single(f)) {
    p.rest = muladd(f, polynomial(f, single), -0.5);
    return;
  }
  const Var s = f / (f + 2.0);
  const Var z = s * s;
  const Var half_square = p.square * 0.5;
  p.rest = muladd(s, muladd(z, polynomial(z, k::log_r_f64), half_square), -half_square);
}

/// log(1 + f) - f + x.
Var rest_and(const Parts& p, Var x) { return is_single(x) ? muladd(p.square, p.rest, x) : p.rest + x; }
Var rest_of(const Parts& p) { return is_single(p.f) ? p.square * p.rest : p.rest; }

/// What f^2 loses. f64 has error to spare for it.
Var square_low(Var f) { return two_product(f, f).low; }

/// The exponent of x as an integer, still in place, counted from the binade [m, 2m) whose first number has these bits.
Var exponent_in_place(Var x, std::int64_t first) {
  const std::int64_t field = is_single(x) ? 0xff800000ll : static_cast<std::int64_t>(0xfff0000000000000ull);
  return (bits(x) - first) & field;
}

/// Parts::e of an exponent field in place.
Var exponent_value(Var in_place, Type t) {
  if (t == Type::f32) return to_float(in_place, t);
  // The biased exponent as the low bits of 2^52: cheaper than a conversion from i64, which AVX2 lacks.
  const Var biased = lshr(in_place + 0x4000000000000000ll, 52);
  return from_bits(biased | 0x4330000000000000ll) - (0x1p52 + 1024);
}

Parts parts_of_normal(Var x, std::span<const double> single) {
  const Var in_place = exponent_in_place(x, is_single(x) ? 0x3f350000ll : 0x3fe6a00000000000ll);
  Parts p;
  p.f = from_bits(bits(x) - in_place) - 1.0;
  p.e = exponent_value(in_place, x.type());
  expand(p, single);
  return p;
}

/// Parts of any positive finite x, subnormal too.
Parts parts_of_positive(Var x, std::span<const double> single) {
  const auto small = x < pick(x, 0x1p-126, 0x1p-1022);
  const double shift = pick(x, 0x1p23 * 24, 54);
  Parts p = parts_of_normal(select(small, x * pick(x, 0x1p24, 0x1p54), x), single);
  p.e = p.e - select(small, like(x, shift), like(x, 0.0));
  return p;
}

/// Not a positive normal finite number. One unsigned comparison, as a signed one after a shift of the range.
Var is_special(Var x) {
  if (is_single(x))
    return bits(x) + (0x80000000ll - 0x00800000ll) >= static_cast<std::int64_t>(static_cast<std::int32_t>(0xff000000u));
  constexpr std::uint64_t first = 0x0010000000000000u, count = 0x7fe0000000000000u, flip = 0x8000000000000000u;
  return bits(x) + static_cast<std::int64_t>(flip - first) >= static_cast<std::int64_t>(flip + count);
}

/// e log 2 + (f + rest), the leading terms added exactly and the tiny ones first.
Var natural(const Parts& p) {
  const auto ln2 = pick(p.f, k::ln2_f32, k::ln2_f64);
  const double unit = unit_of_e(p.f);
  const Pair sum = fast_two_sum(p.e * (ln2[0] * unit), p.f);
  const Var tiny = p.low.value() == machine::no_value ? sum.low : sum.low + p.low;
  return sum.high + rest_and(p, muladd(p.e, ln2[1] * unit, tiny));
}

/// e * twos + (f + rest) * factor, both in two parts.
Var scaled(const Parts& p, double twos, double twos_low, std::span<const double> factor) {
  const double unit = unit_of_e(p.f);
  const Var rest = rest_of(p);
  const Var high = leading_half(p.f), low = p.f - high;
  const Pair sum = fast_two_sum(p.e * (twos * unit), high * factor[0]);
  Var tiny = muladd(low, factor[0], muladd(p.f + rest, factor[1], muladd(p.e, twos_low * unit, sum.low)));
  if (is_single(p.f)) tiny = muladd(square_low(p.f), -0.5 * factor[0], tiny);
  // fma: log2 in f32 has not even the rounding of this product to spare where muladd is not fused.
  return sum.high + fma(rest, factor[0], tiny);
}

Var natural_log(const Parts& p) { return natural(p); }
Var binary_log(const Parts& p) { return scaled(p, 1, 0, pick(p.f, k::log2e_f32, k::log2e_f64)); }
Var decimal_log(const Parts& p) {
  const auto twos = pick(p.f, k::log10_2_f32, k::log10_2_f64);
  return scaled(p, twos[0], twos[1], pick(p.f, k::log10e_f32, k::log10e_f64));
}

/// The logarithm that `join` makes of parts, log(1 + f) of an f32 being this polynomial: the plain path for positive
/// normal numbers, all others in a rare callee.
Var logarithm(Var x, Var (*join)(const Parts&), std::span<const double> single) {
  machine::Builder b;
  const Var any = b.input(x.type());
  const Var positive = select(any < infinity, join(parts_of_positive(any, single)), any);
  const Var result = select(any > 0.0, positive, select(any == 0.0, like(any, -infinity), like(any, nan)));
  const auto callee = std::make_shared<const machine::Code>(b.finish({&result, 1}));
  return rare(is_special(x), join(parts_of_normal(x, single)), x, callee);
}

Var odd(Var x, Var a, Var value) { return copysign(select(a < infinity, value, a), x); }

/// From here up asinh and acosh are log(2a).
double huge(Var x) { return pick(x, 0x1p13, 0x1p28); }

}  // namespace

Var log(Var x) { return logarithm(x, natural_log, k::ln_q_f32); }
Var log2(Var x) { return logarithm(x, binary_log, k::log_q_f32); }
Var log10(Var x) { return logarithm(x, decimal_log, k::log_q_f32); }

// f = (1 + h) 2^-e - 1 = h 2^-e + (2^-e - 1) is exact if 1 + f is in [3/4, 3/2). A quarter of 1 + h is taken apart, so
// that the largest h still has a normal 2^(2-e).
Var log1p_of_pair(Var h, Var l, Var extra_twos) {
  const Var in_place = exponent_in_place(muladd(h, 0.25, 0.25), is_single(h) ? 0x3e400000ll : 0x3fc8000000000000ll);
  const Var down = from_bits((is_single(h) ? 0x40800000ll : 0x4010000000000000ll) - in_place) * 0.25;
  Parts p;
  p.f = muladd(h, down, down - 1.0);
  p.e = exponent_value(in_place, h.type());
  expand(p, k::log1p_q_f32);
  if (extra_twos.value() != machine::no_value) p.e = p.e + extra_twos * (1 / unit_of_e(h));
  // log(1 + f + l) = log(1 + f) + l/(1 + f), the quotient to 3 %.
  if (l.value() != machine::no_value) {
    p.low = l * down * muladd(p.f, polynomial(p.f, k::inverse_p_f32), 1.0);
    if (is_single(h)) p.low = muladd(square_low(p.f), -0.5, p.low);
  }
  return natural(p);
}

namespace {

// 1 + h = 2^e (1 + f) as in log1p_of_pair, and log(1 + f) = log(1 + g) - log c with a factor c for each sixteenth of the
// range, 1 beside 1: g = h d + (d - 1), d = c 2^-e. c has so few bits that d - 1 is exact, short of e so large that its
// rounding does not matter; -log c and e times the high part of log 2 so few that their sum is exact.
Var log1p_by_table(Var h, double twos) {
  const bool single = is_single(h);
  const int shift = mantissa_bits(h);
  // The exponent, 1024 more in f64, in its place, and behind it four bits that number the sixteenth.
  const Var offset = bits(h + 1.0) - (single ? 0x3f400000ll : 0x3fe8000000000000ll - 0x4000000000000000ll);
  const Var in_place = offset & (single ? 0xff800000ll : static_cast<std::int64_t>(0xfff0000000000000ull));
  const Var index = lshr(offset, shift - 4) & 15;
  const Var factor = lookup(table_of(h.type(), pick(h, k::log_factor_f32, k::log_factor_f64)), index);
  const Var log_factor = lookup(table_of(h.type(), pick(h, k::log_of_factor_f32, k::log_of_factor_f64)), index);
  const Var d = from_bits((single ? bits(factor) : bits(factor) + 0x4000000000000000ll) - in_place);
  const Var g = fma(h, d, d - 1.0);
  // The low bits of 2^52 are cheaper than a conversion from i64, which AVX2 lacks.
  Var e = single ? to_float(in_place, h.type())
                 : from_bits(lshr(offset, shift) | 0x4330000000000000ll) - (0x1p52 + 1024);
  if (twos != 0) e = e + twos / unit_of_e(h);
  const auto ln2 = pick(h, k::ln2_f32, k::ln2_f64);
  const Var rest = muladd(g * g, polynomial(g, pick(h, k::log1p_t_f32, k::log1p_t_f64)),
                          muladd(e, ln2[1] * unit_of_e(h), g));
  return muladd(e, ln2[0] * unit_of_e(h), log_factor) + rest;
}

}  // namespace

// 1 + x up to 2^100 (f32), 2^900 on the plain path, as one unsigned comparison of its bits.
Var log1p(Var x) {
  machine::Builder b;
  const Var any = b.input(x.type());
  const Var large = select(any < infinity, log1p_by_table(any * 0x1p-64, 64), any);
  const Var special = select(any > 0.0, large, select(any == -1.0, like(any, -infinity), like(any, nan)));
  const auto callee = std::make_shared<const machine::Code>(b.finish({&special, 1}));
  const Var bits_of_sum = bits(x + 1.0);
  const Var is_outside =
      is_single(x) ? bits_of_sum + 0x7fffffffll >= static_cast<std::int64_t>(static_cast<std::int32_t>(0xf17fffffu))
                   : bits_of_sum + 0x7fffffffffffffffll >= static_cast<std::int64_t>(0xf82fffffffffffffull);
  return rare(is_outside, copysign(log1p_by_table(x, 0), x), x, callee);
}

// log1p(a + (sqrt(1 + a^2) - 1)), the argument in two parts.
Var asinh(Var x) {
  const Var a = abs(x);
  const Pair square = two_product(a, a);
  const Pair sum = fast_two_sum(max(square.high, like(a, 1.0)), min(square.high, like(a, 1.0)));
  const Var root = sqrt(sum.high);
  const Pair back = two_product(root, root);
  const Var root_low = (((sum.high - back.high) - back.low) + (sum.low + square.low)) / (root + root);
  const Pair argument = fast_two_sum(a, root - 1.0);
  const Var is_huge = a > huge(a);
  const Pair less_one = fast_two_sum(a, like(a, -1.0));
  const Var h = select(is_huge, less_one.high, argument.high);
  const Var l = select(is_huge, less_one.low, argument.low + root_low);
  return odd(x, a, log1p_of_pair(h, l, select(is_huge, like(a, 1.0), like(a, 0.0))));
}

// log1p(t + sqrt(x^2 - 1)) with t = x - 1, the argument in two parts.
Var acosh(Var x) {
  const Pair square = two_product(x, x);
  const Pair difference = fast_two_sum(square.high, like(x, -1.0));
  const Var root = sqrt(difference.high);
  const Pair back = two_product(root, root);
  const Var divisor = max(root + root, like(x, pick(x, 0x1p-40, 0x1p-200)));
  const Var root_low = (((difference.high - back.high) - back.low) + (difference.low + square.low)) / divisor;
  const Pair sum = fast_two_sum(root, x - 1.0);
  const Pair argument = fast_two_sum(sum.high, sum.low + root_low);
  const Var is_huge = x > huge(x);
  const Pair less_one = fast_two_sum(x, like(x, -1.0));
  const Var h = select(is_huge, less_one.high, argument.high);
  const Var l = select(is_huge, less_one.low, argument.low);
  const Var inside = log1p_of_pair(h, l, select(is_huge, like(x, 1.0), like(x, 0.0)));
  return select(x < infinity, select(x >= 1.0, inside, like(x, nan)), x);
}

// log1p(2a/(1 - a))/2, the quotient in two parts.
Var atanh(Var x) {
  const Var a = abs(x);
  const Pair q = divide({a + a, like(a, 0.0)}, fast_two_sum(like(a, 1.0), -a));
  const Var inside = log1p_of_pair(q.high, q.low, {}) * 0.5;
  return copysign(select(a < 1.0, inside, select(a == 1.0, like(a, infinity), like(a, nan))), x);
}

}  // namespace actinium::math
