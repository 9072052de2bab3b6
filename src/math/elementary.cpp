// The functions of a few instructions: signs, extremes with the rule for NaN, casts.
#include "math/lowering.hpp"

namespace actinium::math {

using machine::is_float;

Var sign(Var x) {
  if (!is_float(x.type())) return select(x > 0, like(x, 1), select(x < 0, like(x, -1), like(x, 0)));
  return select(abs(x) > 0.0, copysign(like(x, 1.0), x), x);
}

Var absolute(Var x) { return is_float(x.type()) ? abs(x) : select(x < 0, -x, x); }

Var maximum(Var x, Var y) {
  if (x.type() == Type::b1) return x | y;
  if (!is_float(x.type())) return select(x > y, x, y);
  return select(is_nan(y), y, max(y, x));  // max gives x if x is NaN; in a reduction only max waits for x
}

Var minimum(Var x, Var y) {
  if (x.type() == Type::b1) return x & y;
  if (!is_float(x.type())) return select(x < y, x, y);
  return select(is_nan(y), y, min(y, x));
}

Var clamp(Var x, Var low, Var high) {
  if (!is_float(x.type())) return select(x < low, low, select(x > high, high, x));
  return max(low, min(high, x));  // either gives x if x is NaN
}

Var cast(Var x, Type to) {
  const Type from = x.type();
  if (from == to) return x;
  if (to == Type::b1) return x != 0;
  if (from == Type::b1) return select(x, literal(x.builder(), to, 1), literal(x.builder(), to, 0));
  if (is_float(from) == is_float(to)) return resize(x, to);
  return is_float(from) ? to_int(x, to) : to_float(x, to);
}

}  // namespace actinium::math
