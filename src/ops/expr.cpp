// Expr and the elementwise public functions: each makes one node through ops::build.
#include "actinium/expr.h"

#include <fmt/format.h>

#include <ostream>

#include "ops/error.hpp"
#include "ops/rules.hpp"

namespace actinium {

using ops::build;
using ops::Op;

namespace {

Expr make(Op op, const At& x) {
  const std::array operands{x.expr};
  return build(nullptr, op, operands, {}, x.where);
}
Expr make(Op op, const At& a, const At& b) {
  const std::array operands{a.expr, b.expr};
  return build(nullptr, op, operands, {}, a.where);
}
Expr make(Op op, const At& a, const At& b, const At& c) {
  const std::array operands{a.expr, b.expr, c.expr};
  return build(nullptr, op, operands, {}, a.where);
}

}  // namespace

// --- The handle ---

const Shape& Expr::shape() const {
  static const Shape scalar;
  return graph_ ? graph_->shape(id_) : scalar;
}

DType Expr::dtype() const { return graph_ ? graph_->dtype(id_) : integral_ ? DType::i64 : DType::f64; }

Expr Expr::named(std::string_view name) const {
  if (graph_ && graph_->op(id_) != Op::input) graph_->set_name(id_, std::string(name));
  return *this;
}

Expr Expr::T(std::source_location where) const { return transpose({*this, where}); }

bool Expr::same_as(const Expr& other) const {
  if (graph_ != other.graph_) return false;
  return graph_ ? id_ == other.id_ : literal_ == other.literal_ && integral_ == other.integral_;
}

Expr& Expr::operator+=(const Expr& other) { return *this = *this + other; }
Expr& Expr::operator-=(const Expr& other) { return *this = *this - other; }
Expr& Expr::operator*=(const Expr& other) { return *this = *this * other; }
Expr& Expr::operator/=(const Expr& other) { return *this = *this / other; }

// --- Operators ---

Expr operator+(At a, At b) { return make(Op::add, a, b); }
Expr operator-(At a, At b) { return make(Op::sub, a, b); }
Expr operator*(At a, At b) { return make(Op::mul, a, b); }
Expr operator/(At a, At b) { return make(Op::div, a, b); }
Expr operator-(At x) { return make(Op::neg, x); }
Expr operator<(At a, At b) { return make(Op::less, a, b); }
Expr operator<=(At a, At b) { return make(Op::less_equal, a, b); }
Expr operator>(At a, At b) { return make(Op::greater, a, b); }
Expr operator>=(At a, At b) { return make(Op::greater_equal, a, b); }
Expr operator==(At a, At b) { return make(Op::equal, a, b); }
Expr operator!=(At a, At b) { return make(Op::not_equal, a, b); }
Expr operator&&(const Expr& a, At b) { return make(Op::logical_and, {a, b.where}, b); }
Expr operator||(const Expr& a, At b) { return make(Op::logical_or, {a, b.where}, b); }
Expr operator!(const Expr& x) { return make(Op::logical_not, {x, std::source_location{}}); }

// --- Functions ---

#define X(name) \
  Expr name(At x) { return make(Op::name, x); }
ACTINIUM_UNARY_FUNCTIONS(X)
#undef X
Expr neg(At x) { return make(Op::neg, x); }
Expr logical_not(At x) { return make(Op::logical_not, x); }
Expr pow(At x, At y) { return make(Op::pow, x, y); }
Expr max(At a, At b) { return make(Op::max, a, b); }
Expr min(At a, At b) { return make(Op::min, a, b); }
Expr maximum(At a, At b) { return make(Op::max, a, b); }
Expr minimum(At a, At b) { return make(Op::min, a, b); }
Expr atan2(At y, At x) { return make(Op::atan2, y, x); }
Expr hypot(At x, At y) { return make(Op::hypot, x, y); }
Expr copysign(At magnitude, At sign) { return make(Op::copysign, magnitude, sign); }
Expr fma(At a, At b, At c) { return make(Op::fma, a, b, c); }
Expr logical_and(At a, At b) { return make(Op::logical_and, a, b); }
Expr logical_or(At a, At b) { return make(Op::logical_or, a, b); }
Expr logical_xor(At a, At b) { return make(Op::logical_xor, a, b); }
Expr where(At condition, At a, At b) { return make(Op::select, condition, a, b); }

Expr clamp(At x, At lo, At hi) {
  if (!lo.expr.is_bound() && !hi.expr.is_bound() && lo.expr.literal() > hi.expr.literal())
    ops::fail<ValueError>(ops::place(x.expr.graph().get(), x.where), "clamp",
                          fmt::format("the limits are empty: {} is above {}", lo.expr.literal(), hi.expr.literal()));
  return make(Op::clamp, x, lo, hi);
}

Expr cast(At x, DType dtype) {
  if (x.expr.is_bound() && x.expr.dtype() == dtype) return x.expr;
  const ops::TypedShape requested{dtype, {}};
  const std::array operands{x.expr};
  return build(nullptr, Op::cast, operands, {}, x.where, &requested);
}

std::ostream& operator<<(std::ostream& out, const Expr& e) { return out << to_string(e); }

std::string to_string(const Expr& e) {
  if (e.is_bound()) return print_text(*e.graph(), e.id());
  return fmt::format("{}", e.literal());
}

}  // namespace actinium
