// The shared pieces of lowering.hpp.
#include "math/lowering.hpp"

namespace actinium::math {

Var horner(Var x, std::span<const double> c) {
  Var sum = like(x, c.back());
  for (std::size_t i = c.size() - 1; i-- > 0;) sum = muladd(sum, x, c[i]);
  return sum;
}

Rounded round_product(Var x, double factor) {
  const double magic = pick(x, 0x1.8p23, 0x1.8p52);
  const Var shifted = muladd(x, factor, magic);
  return {shifted - magic, bits(shifted)};
}

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

Var leading_half(Var x) { return from_bits(bits(x) & (is_single(x) ? 0xfffff000ll : static_cast<std::int64_t>(0xfffffffff8000000ull))); }

}  // namespace actinium::math
