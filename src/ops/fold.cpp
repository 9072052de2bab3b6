// Constant arithmetic.
#include "ops/fold.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ops/error.hpp"

namespace actinium::ops {
namespace {

Expr truth(bool value) { return value ? 1 : 0; }
Expr number(double value, bool integral) {
  const bool whole = integral && std::abs(value) < 0x1p53 && value == std::trunc(value);
  return whole ? Expr(static_cast<std::int64_t>(value)) : Expr(value);
}

}  // namespace

std::optional<std::uint64_t> fold(Op, DType, std::span<const DType>, std::span<const std::uint64_t>) { return std::nullopt; }

Expr fold_unbound(Op op, std::span<const Expr> x, const TypedShape* requested, const std::source_location& where) {
  bool integral = true;
  for (const Expr& e : x) integral = integral && e.literal_is_integral();
  auto v = [&](std::size_t i) { return x[i].literal(); };
  switch (op) {
    case Op::neg: return number(-v(0), integral && v(0) != 0);
    case Op::abs: return number(std::abs(v(0)), integral);
    case Op::square: return number(v(0) * v(0), integral);
    case Op::sqrt: return std::sqrt(v(0));
    case Op::reciprocal: return 1.0 / v(0);
    case Op::isnan: return truth(v(0) != v(0));
    case Op::stop_gradient: return x[0];
    case Op::logical_not: return truth(v(0) == 0);
    case Op::add: return number(v(0) + v(1), integral);
    case Op::sub: return number(v(0) - v(1), integral);
    case Op::mul: return number(v(0) * v(1), integral);
    case Op::div: return v(0) / v(1);
    case Op::max: return v(0) > v(1) || v(0) != v(0) ? x[0] : x[1];
    case Op::min: return v(0) < v(1) || v(0) != v(0) ? x[0] : x[1];
    case Op::less: return truth(v(0) < v(1));
    case Op::less_equal: return truth(v(0) <= v(1));
    case Op::greater: return truth(v(0) > v(1));
    case Op::greater_equal: return truth(v(0) >= v(1));
    case Op::equal: return truth(v(0) == v(1));
    case Op::not_equal: return truth(v(0) != v(1));
    case Op::logical_and: return truth(v(0) != 0 && v(1) != 0);
    case Op::logical_or: return truth(v(0) != 0 || v(1) != 0);
    case Op::logical_xor: return truth((v(0) != 0) != (v(1) != 0));
    case Op::select: return v(0) != 0 ? x[1] : x[2];
    case Op::cast:
      if (requested != nullptr && is_float(requested->dtype)) return v(0);
      break;
    default: break;  // NOLINT: the others need their machine code
  }
  fail<GraphError>(location_of(where), user_name(op), "an expression without a graph: declare it with Graph::constant or Graph::input");
}

}  // namespace actinium::ops
