// The shared pieces of lowering.hpp.
#include "math/lowering.hpp"

#include <bit>

namespace actinium::math {

namespace {

/// c[first] + c[first + step] x + c[first + 2 step] x^2 + ... by Horner's rule.
Var horner(Var x, std::span<const double> c, std::size_t first, std::size_t step) {
  std::size_t i = first + (c.size() - 1 - first) / step * step;
  Var sum = like(x, c[i]);
  while (i >= step + first) sum = muladd(sum, x, c[i -= step]);
  return sum;
}

Var in_chains(Var x, std::span<const double> c) {
  if (c.size() <= 4) return horner(x, c, 0, 1);
  const Var x2 = x * x;
  if (c.size() <= 9) return muladd(horner(x2, c, 1, 2), x, horner(x2, c, 0, 2));
  const Var x4 = x2 * x2;
  const Var low = muladd(horner(x4, c, 1, 4), x, horner(x4, c, 0, 4));
  const Var high = muladd(horner(x4, c, 3, 4), x, horner(x4, c, 2, 4));
  return muladd(high, x2, low);
}

}  // namespace

// The leading steps stay Horner's, whose error is smallest: what comes before shrinks by |x| with each.
Var polynomial(Var x, std::span<const double> c) {
  if (c.size() <= (is_single(x) ? 9u : 5u)) return horner(x, c, 0, 1);
  const std::size_t lead = is_single(x) ? 4 : 1;
  Var sum = in_chains(x, c.subspan(lead));
  for (std::size_t i = lead; i-- > 0;) sum = muladd(sum, x, c[i]);
  return sum;
}

machine::Table table_of(Type t, std::span<const double> values, double factor) {
  machine::Table table{t, {}};
  for (double v : values)
    table.bits.push_back(t == Type::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(v * factor))
                                        : std::bit_cast<std::uint64_t>(v * factor));
  return table;
}

Rounded round_product(Var x, double factor) {
  const double magic = pick(x, 0x1.8p23, 0x1.8p52);
  const Var shifted = muladd(x, factor, magic);
  return {shifted - magic, bits(shifted)};
}

Var normal_power_of_two(const Rounded& n) { return from_bits(shl(n.bits + 1023, 52)); }

Pair fast_two_sum(Var a, Var b) {
  const Var sum = a + b;
  return {sum, b - (sum - a)};
}

Pair two_product(Var a, Var b) {
  const Var product = a * b;
  return {product, fma(a, b, -product)};
}

Pair divide(Pair numerator, Pair denominator) {
  const Var inverse = 1.0 / denominator.high;
  const Var quotient = numerator.high * inverse;
  const Pair back = two_product(quotient, denominator.high);
  const Var rest = ((numerator.high - back.high) - back.low) + (numerator.low - quotient * denominator.low);
  return {quotient, rest * inverse};
}

Var leading_half(Var x) {
  return from_bits(bits(x) & (is_single(x) ? 0xfffff000ll : static_cast<std::int64_t>(0xfffffffff8000000ull)));
}

}  // namespace actinium::math
