// The algebra of simplify, one line a rewrite with its floating-point licence. Commutative ops match both ways round; a number
// matches a constant of any type, a zero with its sign. What is missing is missing on purpose: x + 0.0 loses -0, x * 0 and x - x
// lose NaN and infinities, (x * a) * b rounds twice.
#include <array>

#include "passes/algebra.hpp"

namespace actinium::passes {

using ops::Op;

Pattern variable(int number) {
  Pattern p;
  p.variable = number;
  return p;
}

namespace {

#define UNARY(name) \
  Pattern name(const Pattern& a) { return {Op::name, {a}}; }
#define BINARY(name) \
  Pattern name(const Pattern& a, const Pattern& b) { return {Op::name, {a, b}}; }
UNARY(abs) UNARY(square) UNARY(reciprocal) UNARY(floor) UNARY(ceil) UNARY(trunc) UNARY(round) UNARY(sign) UNARY(stop_gradient)
BINARY(max) BINARY(min) BINARY(copysign) BINARY(pow) BINARY(logical_xor)
#undef UNARY
#undef BINARY
Pattern operator+(const Pattern& a, const Pattern& b) { return {Op::add, {a, b}}; }
Pattern operator-(const Pattern& a, const Pattern& b) { return {Op::sub, {a, b}}; }
Pattern operator*(const Pattern& a, const Pattern& b) { return {Op::mul, {a, b}}; }
Pattern operator/(const Pattern& a, const Pattern& b) { return {Op::div, {a, b}}; }
Pattern operator-(const Pattern& a) { return {Op::neg, {a}}; }
Pattern operator&(const Pattern& a, const Pattern& b) { return {Op::logical_and, {a, b}}; }
Pattern operator|(const Pattern& a, const Pattern& b) { return {Op::logical_or, {a, b}}; }
Pattern operator!(const Pattern& a) { return {Op::logical_not, {a}}; }
Pattern operator==(const Pattern& a, const Pattern& b) { return {Op::equal, {a, b}}; }
Pattern operator!=(const Pattern& a, const Pattern& b) { return {Op::not_equal, {a, b}}; }
Pattern where(const Pattern& c, const Pattern& a, const Pattern& b) { return {Op::select, {c, a, b}}; }
Pattern fma(const Pattern& a, const Pattern& b, const Pattern& c) { return {Op::fma, {a, b, c}}; }

const std::vector<Rewrite>& table() {
  static const Pattern x = variable(0), y = variable(1), c = variable(2), d = variable(3);
  static const double yes = 1, no = 0;
  using enum Licence;
  static const std::vector<Rewrite> all{
      // Neutral elements.
      {x * 1.0, x, exact},
      {x / 1.0, x, exact},
      {x - 0.0, x, exact},
      {x + -0.0, x, exact},
      {x + 0.0, x, integers},
      {x + 0.0, x, fast_math},  // loses -0.0
      {x * 0.0, 0.0, integers},
      {x * 0.0, 0.0, fast_math},  // loses NaN and infinities
      {x - x, 0.0, integers},
      {x - x, 0.0, fast_math},
      {fma(x, 1.0, y), x + y, exact},
      {fma(x, y, -0.0), x * y, exact},
      // Signs.
      {-(-x), x, exact},
      {x * -1.0, -x, exact},
      {x / -1.0, -x, exact},
      {-0.0 - x, -x, exact},
      {x + -y, x - y, exact},
      {x - -y, x + y, exact},
      {-x * -y, x * y, exact},
      {-x / -y, x / y, exact},
      {abs(-x), abs(x), exact},
      {abs(abs(x)), abs(x), exact},
      {abs(square(x)), square(x), exact},
      {square(-x), square(x), exact},
      {square(abs(x)), square(x), exact},
      {copysign(x, x), x, exact},
      {copysign(-x, y), copysign(x, y), exact},
      {copysign(abs(x), y), copysign(x, y), exact},
      // Powers. x ** 0.5 stays: it is +0 at -0 and +inf at -inf, sqrt is not.
      {pow(x, 0.0), 1.0, exact},
      {pow(x, 1.0), x, accurate},
      {pow(x, 2.0), square(x), accurate},
      {pow(x, -1.0), reciprocal(x), accurate},
      {reciprocal(reciprocal(x)), x, fast_math},
      // Selection.
      {where(yes, x, y), x, exact},
      {where(no, x, y), y, exact},
      {where(c, x, x), x, exact},
      {where(!c, x, y), where(c, y, x), exact},
      {where(c, where(c, x, d), y), where(c, x, y), exact},
      {where(c, x, where(c, d, y)), where(c, x, y), exact},
      {max(x, x), x, exact},
      {min(x, x), x, exact},
      // Rounding twice.
      {floor(floor(x)), floor(x), exact},
      {ceil(ceil(x)), ceil(x), exact},
      {trunc(trunc(x)), trunc(x), exact},
      {round(round(x)), round(x), exact},
      {sign(sign(x)), sign(x), exact},
      // Logic. !(x < y) stays: it is true for NaN, x >= y is not.
      {!(!c), c, exact},
      {!(x == y), x != y, exact},
      {!(x != y), x == y, exact},
      {c & yes, c, exact},
      {c & no, no, exact},
      {c & c, c, exact},
      {c | no, c, exact},
      {c | yes, yes, exact},
      {c | c, c, exact},
      {logical_xor(c, no), c, exact},
      {logical_xor(c, yes), !c, exact},
      // After differentiation only its value is left.
      {stop_gradient(x), x, exact},
  };
  return all;
}

}  // namespace

std::span<const Rewrite> rewrites() { return table(); }

std::span<const Rewrite* const> rewrites_of(Op op) {
  static const auto index = [] {
    std::array<std::vector<const Rewrite*>, ops::op_table.size()> by_op;
    for (const Rewrite& r : table()) by_op[static_cast<std::size_t>(r.from.op)].push_back(&r);
    return by_op;
  }();
  return index[static_cast<std::size_t>(op)];
}

}  // namespace actinium::passes
