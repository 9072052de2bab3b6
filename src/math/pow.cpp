// pow: exp2(y log2 |x|), the logarithm in f64 for f32 and in two words for f64; then the special cases of IEEE 754.
// Start reading at pow().
#include "math/coefficients.hpp"
#include "math/lowering.hpp"

namespace actinium::math {
namespace {

namespace k = coefficients;

struct Split {
  Var e, m;  ///< x = 2^e m, m in [0.7071, 1.4142]
};

/// Of a positive normal f64.
Split split(Var x) {
  const Var in_place = (bits(x) - 0x3fe6a09e00000000ll) & static_cast<std::int64_t>(0xfff0000000000000ull);
  const Var biased = lshr(in_place + 0x4000000000000000ll, 52);
  return {from_bits(biased | 0x4330000000000000ll) - (0x1p52 + 1024), from_bits(bits(x) - in_place)};
}

/// |x|^y in f64 with a relative error below 2^-30, x and y from f32.
Var magnitude_single(Var x, Var y) {
  const Var wide_x = resize(x, Type::f64), wide_y = resize(y, Type::f64);
  const Split p = split(wide_x);
  const Var f = p.m - 1.0;
  const Var s = f / (f + 2.0);
  const Var z = s * s;
  const Var log = muladd(s * z, polynomial(z, k::powf_log_r_f64), s + s);
  const Var log2 = muladd(log, k::inverse_ln2, p.e);
  // Zero and infinity have infinite logarithms.
  const Var log2_of_any = select(x == 0.0, like(log2, -infinity), select(x < infinity, log2, wide_x));
  const Var product = max(like(log2, -200.0), min(like(log2, 200.0), wide_y * log2_of_any));
  const Rounded n = round_product(product, 1);
  const Var r = product - n.value;
  return resize(muladd(r, polynomial(r, k::powf_exp2_p_f64), 1.0) * normal_power_of_two(n), Type::f32);
}

/// log2 of a positive finite f64, in two words, relative error about 2^-66.
Pair log2_pair(Var x) {
  const Var is_tiny = x < 0x1p-1022;
  const Split p = split(select(is_tiny, x * 0x1p54, x));
  const Var e = p.e - select(is_tiny, like(x, 54.0), like(x, 0.0));
  const Var f = p.m - 1.0;
  const Pair s = divide({f, like(f, 0.0)}, fast_two_sum(like(f, 2.0), f));
  // log m = 2s + 2/3 s^3 + s^5 tail(s^2).
  const Pair square = two_product(s.high, s.high);
  const Var square_low = muladd(s.high + s.high, s.low, square.low);
  const Pair cube = two_product(square.high, s.high);
  const Var cube_low = muladd(square.high, s.low, muladd(square_low, s.high, cube.low));
  const Pair third = two_product(cube.high, like(x, k::two_thirds_f64[0]));
  const Var tail = square.high * cube.high * polynomial(square.high, k::pow_log_t_f64);
  const Var third_low = muladd(cube_low, k::two_thirds_f64[0], muladd(cube.high, k::two_thirds_f64[1], third.low));
  const Pair sum = fast_two_sum(s.high + s.high, third.high);
  const Pair log = fast_two_sum(sum.high, sum.low + (muladd(s.low, 2.0, third_low) + tail));
  const Pair scaled = two_product(log.high, like(x, k::log2e_wide_f64[0]));
  const Var scaled_low = muladd(log.low, k::log2e_wide_f64[0], muladd(log.high, k::log2e_wide_f64[1], scaled.low));
  const Pair total = fast_two_sum(e, scaled.high);
  return fast_two_sum(total.high, total.low + scaled_low);
}

Var magnitude_double(Var x, Var y) {
  const Pair log2 = log2_pair(x);
  const Var log2_of_any = select(x == 0.0, like(x, -infinity), select(x < infinity, log2.high, x));
  const Pair product = two_product(y, log2_of_any);
  const Var inside = max(like(x, -1080.0), min(like(x, 1030.0), product.high));
  const Var low = select(inside == product.high, muladd(y, log2.low, product.low), 0.0);
  const Rounded n = round_product(inside, 1);
  const Var r = (inside - n.value) + low;
  return scale(muladd(r, muladd(r, polynomial(r, k::exp2_q_f64), k::ln2_f64[0] + k::ln2_f64[1]), 1.0), n.value);
}

}  // namespace

Var pow(Var x, Var y) {
  const Var a = abs(x);
  const Var magnitude = is_single(x) ? magnitude_single(a, y) : magnitude_double(a, y);
  const Var half = y * 0.5;
  const Var is_integer = rint(y) == y;
  const Var is_odd = is_integer & (rint(half) != half);
  const Var value = select((y == 0.0) | (a == 1.0), 1.0, magnitude);
  // 1 with a NaN is right for y = 0 and for x = 1 alone.
  const Var with_sign = from_bits(bits(value) ^ select(is_odd, bits(x) & sign_mask(x), 0));
  return select((x < 0.0) & (a < infinity) & !is_integer, nan, with_sign);
}

Var integer_pow(Var x, Var y) {
  Var result = like(x, 1), square = x;
  const int width = x.type() == Type::i32 ? 31 : 63;
  for (int i = 0; i < width; ++i) {
    result = select((lshr(y, i) & 1) == 0, result, result * square);
    square = square * square;
  }
  const Var inverse = select(x == 1, 1, select(x == -1, select((y & 1) == 0, like(x, 1), like(x, -1)), like(x, 0)));
  return select(y < 0, inverse, result);
}

}  // namespace actinium::math
