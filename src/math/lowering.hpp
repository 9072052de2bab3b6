// What the lowerings share: polynomials, choice by type, double-word arithmetic; and the list of lowerings. Each takes
// Vars of one float type and appends its instructions. Start reading at the list at the end; a family stands in the
// file of its name.
#pragma once
#include <limits>
#include <span>

#include "math/var.hpp"

namespace actinium::math {

using machine::Type;
using machine::Var;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// --- choice by type ---

inline bool is_single(Var x) { return x.type() == Type::f32; }
inline double pick(Var x, double single, double twice) { return is_single(x) ? single : twice; }
inline std::span<const double> pick(Var x, std::span<const double> single, std::span<const double> twice) {
  return is_single(x) ? single : twice;
}
inline int mantissa_bits(Var x) { return is_single(x) ? 23 : 52; }
inline std::int64_t sign_mask(Var x) { return is_single(x) ? 0x80000000ll : std::numeric_limits<std::int64_t>::min(); }

// --- polynomials ---

/// c[0] + c[1] x + c[2] x^2 + ... Long ones in two or four chains: one chain's latency, not its work, would set the
/// pace.
Var polynomial(Var x, std::span<const double> c);

/// For lookup: the numbers of a float type, times a factor.
machine::Table table_of(Type t, std::span<const double> values, double factor = 1);

// --- rounding to an integer by adding a large number, which leaves the integer in the low bits ---

struct Rounded {
  Var value;  ///< the integral value
  Var bits;   ///< an integer whose low bits are those of the value (two's complement)
};
/// The integer nearest to x * factor, for |x * factor| < 2^21 (f32), 2^50 (f64).
Rounded round_product(Var x, double factor);
/// 2^n for an f64 n in [-1022, 1023].
Var normal_power_of_two(const Rounded& n);

// --- double-word arithmetic: high + low, |low| <= ulp(high)/2 or nearly ---

struct Pair {
  Var high, low;
};
Pair fast_two_sum(Var a, Var b);  ///< a + b exactly, for |a| >= |b| or a = 0
Pair two_product(Var a, Var b);   ///< a * b exactly (short of underflow)
/// The quotient of two pairs, from the reciprocal of the denominator; low may reach an ulp of high.
Pair divide(Pair numerator, Pair denominator);
/// The leading half of x's bits, so that products of two such are exact.
Var leading_half(Var x);

// --- the lowerings ---

Var exp(Var x);
Var exp_scaled(Var x);  ///< exp(x) 2^-32 (f32), 2^-64 (f64)
Var exp_of_sum(Var x, Var low, Var factor);  ///< factor exp(x + low)
Var ldexp_exp(Var x, Var twos);  ///< exp(x) 2^twos; NaN, 0 from x = -330 (f32), -2250 (f64) down
Var exp2(Var x);
Var expm1(Var x);
Var sinh(Var x);
Var cosh(Var x);
Var tanh(Var x);
Var sech2_single(Var x);  ///< f32
Var log(Var x);
Var log2(Var x);
Var log10(Var x);
Var log1p(Var x);
Var asinh(Var x);
Var acosh(Var x);
Var atanh(Var x);
Var sin(Var x);
Var cos(Var x);
Var tan(Var x);
Var asin(Var x);
Var acos(Var x);
Var atan(Var x);
Var atan2(Var y, Var x);
Var erf(Var x);
Var erfc(Var x);
Var normtail(Var x);
/// normtail has a factor of so many twos.
inline int normtail_twos(Var x) { return is_single(x) ? 32 : 64; }
Var rsqrt(Var x);
Var cbrt(Var x);
Var hypot(Var x, Var y);
Var pow(Var x, Var y);  ///< floats
Var integer_pow(Var x,
                Var y);     ///< integers, wrapping; a negative exponent gives the quotient towards zero (0 for x = 0)
Var sign(Var x);            ///< floats and integers; keeps zeros and NaN
Var absolute(Var x);        ///< floats and integers
Var maximum(Var x, Var y);  ///< NaN if either is; floats and integers
Var minimum(Var x, Var y);
Var clamp(Var x, Var low, Var high);  ///< NaN if x is
Var cast(Var x, Type to);

// --- pieces that other families use ---

/// exp of x in [-745, 709], without care for the edges.
Var exp_in_range(Var x);
/// log(1 + h + l) for h > -1, |l| <= ulp(h), h finite; l may be without value.
Var log1p_of_pair(Var h, Var l, Var extra_twos);

}  // namespace actinium::math
