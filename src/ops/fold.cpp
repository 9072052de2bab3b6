// Constant arithmetic.
#include "ops/fold.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>

#include "activations/families.hpp"
#include "math/functions.hpp"
#include "ops/error.hpp"

namespace actinium::ops {
namespace {

Expr truth(bool value) { return value ? 1 : 0; }
Expr number(double value, bool integral) {
  const bool whole = integral && std::abs(value) < 0x1p53 && value == std::trunc(value);
  return whole ? Expr(static_cast<std::int64_t>(value)) : Expr(value);
}

/// One value, whatever the target: that of its machine code.
bool is_settled(Op op, DType type) { return op != Op::muladd && math::has_body(op, type); }

}  // namespace

std::optional<std::uint64_t> fold(Op op, DType result, std::span<const DType> types, std::span<const std::uint64_t> bits) {
  if (op == Op::stop_gradient) return bits[0];
  if (op == Op::again) return std::nullopt;
  if (!is_settled(op, types.back())) return std::nullopt;
  // Machine code of a function fuses where targets do, and all but the oldest do.
  const machine::Code& code = math::body(op, types.back(), result);
  return machine::evaluate(code, bits, true)[0];
}

Expr fold_unbound(Op op, std::span<const Expr> x, const TypedShape* requested, const std::source_location& where) {
  bool integral = true;
  for (const Expr& e : x) integral = integral && e.literal_is_integral();
  auto v = [&](std::size_t i) { return x[i].literal(); };
  switch (op) {
    case Op::neg: return number(-v(0), integral && v(0) != 0);
    case Op::abs: return number(std::abs(v(0)), integral);
    case Op::square: return number(v(0) * v(0), integral);
    case Op::isnan: return truth(v(0) != v(0));
    case Op::stop_gradient:
    case Op::again: return x[0];
    case Op::logical_not: return truth(v(0) == 0);
    case Op::add: return number(v(0) + v(1), integral);
    case Op::sub: return number(v(0) - v(1), integral);
    case Op::mul: return number(v(0) * v(1), integral);
    case Op::div: return v(0) / v(1);
    case Op::max: return v(1) > v(0) || v(1) != v(1) ? x[1] : x[0];
    case Op::min: return v(1) < v(0) || v(1) != v(1) ? x[1] : x[0];
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
    default: break;  // NOLINT: the others as their machine code says
  }
  if (is_settled(op, DType::f64) && op != Op::cast) {
    std::array<std::uint64_t, 3> bits{};
    const std::array types{DType::f64, DType::f64, DType::f64};
    for (std::size_t i = 0; i < x.size(); ++i) bits[i] = std::bit_cast<std::uint64_t>(v(i));
    return std::bit_cast<double>(*fold(op, DType::f64, std::span(types).first(x.size()), std::span(bits).first(x.size())));
  }
  if (activations::is_family(op)) return activations::expand_family(op, x[0]);
  fail<GraphError>(location_of(where), user_name(op), "an expression without a graph: declare it with Graph::constant or Graph::input");
}

}  // namespace actinium::ops
