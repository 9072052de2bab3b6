// sin, cos and tan. Start reading at Turned: x = q pi/2 + r with r in two parts, for moderate arguments by constants in two
// or three parts, and by an integer product with the bits of 2/pi (Payne and Hanek) for huge ones, which is the rare path.
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

namespace k = coefficients;

struct Turned {
  Var quadrant;  ///< an integer; its two low bits count
  Pair r;        ///< in [-pi/4, pi/4]
};

/// What sin and cos need of r: first + low, and that rounded. `low` may be the larger where they nearly cancel, as they do if
/// x is near a multiple of pi/2: it is rounded itself, so such x are for the rare path, as are those of many turns.
struct Angle {
  Var quadrant, first, low, r;
};
Angle angle(Var x) {
  const auto turn = pick(x, k::turn_f32, k::turn_f64);
  const Rounded q = round_product(x, k::inverse_half_pi);
  const Var first = fma(q.value, -turn[0], x);  // exact
  const Var low = q.value * -turn[1];
  return {q.bits, first, low, first + low};
}
Angle angle(const Turned& t) { return {t.quadrant, t.r.high, t.r.low, t.r.high}; }

/// x, positive, is 2^23 (f32), 2^40 times |r| or more: the rounding errors of its parts matter, which are 0.4 ulp of r at
/// most otherwise (f32). Or x is 2^17 (f32), 2^34 or more.
Var lacks_bits(Var x, const Angle& a) {
  const std::int64_t factor = is_single(x) ? 23ll << 23 : 40ll << 52;
  return bits(x) - factor > bits(min(like(x, 0x1p-6), abs(a.r)));
}

/// The largest |x| that turned() takes: q has at most 15 bits in f32, so that r hardly leaves [-pi/4, pi/4]; 30 in f64.
double moderate(Var x) { return pick(x, 51471, 1686629712); }

/// With all its bits, for tan.
Turned turned(Var x) {
  const auto turn = pick(x, k::turn_f32, k::turn_f64);
  const Rounded q = round_product(x, k::inverse_half_pi);
  const Var first = fma(q.value, -turn[0], x);  // exact
  const Var high = first - q.value * turn[1];
  const Var lost = fma(q.value, -turn[1], first - high);  // what high has not taken of first is exact
  return {q.bits, {high, muladd(q.value, -turn[2], lost)}};
}

struct Window {
  std::vector<Var> limbs;  ///< 32 bits each, most significant first: those bits of 2/pi that count for x
  Var mantissa;            ///< |x| = mantissa * 2^k, k an integer
};

Var bits_of_inverse_half_pi(Var index) {
  machine::Table t{Type::i64, {}};
  for (std::uint64_t word : k::inverse_half_pi_bits) t.bits.push_back(word);
  return lookup(t, index);
}

/// mantissa * limbs = |x| 2/pi modulo 4, the point standing after the two leading bits of the limbs.
Window window_of(Var a, int limbs) {
  const bool single = is_single(a);
  const Var wide = single ? resize(bits(a), Type::i64) : bits(a);
  const Var exponent = lshr(wide, single ? 23 : 52);
  const std::int64_t implied = single ? 0x800000ll : 0x10000000000000ll;
  // With 64 zeros before the bits of 2/pi, the first bit that counts has index k - 2 + 64. (inf, NaN: any place will
  // do.)
  const Var start = exponent - ((single ? 150 : 1075) - 62);
  const Var word = select(exponent < (single ? 255 : 2047), lshr(start, 5), 0), offset = start & 31;
  Window w;
  w.mantissa = (wide & (implied - 1)) | implied;
  for (int i = 0; i < limbs; ++i) {
    const Var pair = shl(bits_of_inverse_half_pi(word + i), 32) | bits_of_inverse_half_pi(word + (i + 1));
    w.limbs.push_back(lshr(shl(pair, offset), 32));
  }
  return w;
}

struct Fraction {
  Var quadrant;  ///< of the nearest multiple of pi/2
  Var high;      ///< what remains, signed, in units of 2^-62 of pi/2
};
Fraction split(Var turns) {
  const Var quadrant = lshr(turns + (std::int64_t{1} << 61), 62);
  return {quadrant, turns - shl(quadrant, 62)};
}

/// In f64, without a low part: 62 bits of fraction leave 2^-31 relative to the smallest r that an f32 can have.
Turned turned_huge_single(Var a) {
  const Window w = window_of(a, 3);
  const Fraction f =
      split(shl(w.mantissa * w.limbs[0], 32) + w.mantissa * w.limbs[1] + lshr(w.mantissa * w.limbs[2], 32));
  const Var r = to_float(f.high, Type::f64) * (k::half_pi_f64[0] * 0x1p-62);
  return {f.quadrant, {r, like(r, 0.0)}};
}

/// The leading 128 bits modulo 4 of mantissa * limbs, in two words.
struct Words {
  Var high, low;
};
Words product_words(const Window& w) {
  const Var m0 = w.mantissa & 0xffffffffll, m1 = lshr(w.mantissa, 32);
  // Column c gathers what counts 2^(32 c); the mantissa has limbs m1, m0, and limbs[i] counts 2^(32 (5 - i)).
  std::vector<std::vector<Var>> columns(6);
  const auto gather = [&](Var m, int place) {
    for (int i = 0; i < 6; ++i) {
      const int c = 5 - i + place;
      const Var product = m * w.limbs[i];
      if (c >= 2 && c < 6) columns[c].push_back(product & 0xffffffffll);
      if (c >= 1 && c < 5) columns[c + 1].push_back(lshr(product, 32));
    }
  };
  gather(m0, 0);
  gather(m1, 1);
  std::vector<Var> digits;
  Var carry = w.mantissa & 0;
  for (int c = 2; c < 6; ++c) {
    for (Var v : columns[c]) carry = carry + v;
    digits.push_back(carry & 0xffffffffll);
    carry = lshr(carry, 32);
  }
  return {shl(digits[3], 32) | digits[2], shl(digits[1], 32) | digits[0]};
}

Turned turned_huge_double(Var a) {
  const Words words = product_words(window_of(a, 6));
  const Fraction f = split(words.high);
  const Var leading = to_float(f.high, Type::f64);
  const Var behind =
      to_float(f.high - to_int(leading, Type::i64), Type::f64) + to_float(lshr(words.low, 1), Type::f64) * 0x1p-63;
  const Pair fraction = fast_two_sum(leading, behind);
  const double high = k::half_pi_f64[0] * 0x1p-62, low = k::half_pi_f64[1] * 0x1p-62;
  const Pair r = two_product(fraction.high, like(leading, high));
  return {f.quadrant, fast_two_sum(r.high, r.low + muladd(fraction.high, low, fraction.low * high))};
}

/// sin r as r.high + result.
Var sin_rest(Pair r, Var z) {
  const Var cubic = r.high * z * polynomial(z, pick(z, k::sin_s_f32, k::sin_s_f64));
  return cubic + muladd(z * -0.5, r.low, r.low);
}
/// cos r as high + low, high = fl(1 - z/2); low_half is what z/2 lacks of r.high^2/2.
Pair cos_parts(Pair r, Var z, Var low_half) {
  const Var half = z * 0.5;
  const Var high = 1.0 - half;
  const Var cross = muladd(r.high, r.low, low_half);
  const Var quartic = muladd(z * z, polynomial(z, pick(z, k::cos_c_f32, k::cos_c_f64)), -cross);
  return {high, ((1.0 - high) - half) + quartic};
}

/// The sign bit, where the integer q has bit 1.
Var half_turns(Var q) { return shl(q, q.type() == Type::i32 ? 30 : 62); }
/// value with the sign of the integer s where it is negative.
Var flipped(Var value, Var s) { return from_bits(bits(value) ^ (s & sign_mask(value))); }

/// sin r and cos r with one large rounding each besides that of r^2, in which the low part of r is: cos r = 1 + r^2 c
/// has no sum of two parts then.
struct SinCos {
  Var sin, cos;
};
SinCos sin_and_cos(const Angle& a) {
  const Var z = fma(a.first, a.first, (a.first + a.r) * a.low);
  const Var sin_rest = muladd(a.r * z, polynomial(z, pick(z, k::sin_s_f32, k::sin_s_f64)), a.low);
  const Var cos_rest = muladd(z, polynomial(z, pick(z, k::cos_c_f32, k::cos_c_f64)), -0.5);
  return {a.first + sin_rest, fma(z, cos_rest, 1.0)};
}

// The functions of a reduced |x|, with the sign of x as an integer has it.
Var sin_of(const Angle& a, Var x) {
  const SinCos v = sin_and_cos(a);
  return flipped(select((a.quadrant & 1) == 0, v.sin, v.cos), half_turns(a.quadrant) ^ x);
}
Var cos_of(const Angle& a, Var) {
  const SinCos v = sin_and_cos(a);
  return flipped(select((a.quadrant & 1) == 0, v.cos, v.sin), half_turns(a.quadrant + 1));
}
Var tan_of(const Turned& t, Var x) {
  const Pair square = two_product(t.r.high, t.r.high);
  const Var z = square.high;
  const Pair s = fast_two_sum(t.r.high, sin_rest(t.r, z));
  const Pair parts = cos_parts(t.r, z, square.low * 0.5);
  const Pair c = fast_two_sum(parts.high, parts.low);
  const Var even = (t.quadrant & 1) == 0;
  const Pair q = divide({select(even, s.high, -c.high), select(even, s.low, -c.low)},
                        {select(even, c.high, s.high), select(even, c.low, s.low)});
  return flipped(q.high + q.low, x);
}

/// The rare callee of a function of moderate arguments.
std::shared_ptr<const machine::Code> of_huge(Type t, Var (*function)(const Turned&, Var)) {
  machine::Builder b;
  const Var x = b.input(t), a = abs(x);
  // In f64, where an f32 needs no second part.
  const Var value = is_single(x) ? function(turned_huge_single(a), shl(resize(bits(x), Type::i64), 32))
                                 : function(turned_huge_double(a), bits(x));
  const Var result = select(a < infinity, resize(value, t), like(a, nan));
  return std::make_shared<const machine::Code>(b.finish({&result, 1}));
}

Var of_angle(Var x, Var (*function)(const Angle&, Var), Var (*huge)(const Turned&, Var)) {
  const Var a = abs(x);
  const Angle reduced = angle(a);
  return rare(lacks_bits(a, reduced), function(reduced, bits(x)), x, of_huge(x.type(), huge));
}

}  // namespace

Var sin(Var x) {
  return of_angle(x, sin_of, [](const Turned& t, Var s) { return sin_of(angle(t), s); });
}
Var cos(Var x) {
  return of_angle(x, cos_of, [](const Turned& t, Var s) { return cos_of(angle(t), s); });
}
Var tan(Var x) {
  const Var a = abs(x);
  return rare(a > moderate(a), tan_of(turned(a), bits(x)), x, of_huge(x.type(), tan_of));
}

}  // namespace actinium::math
