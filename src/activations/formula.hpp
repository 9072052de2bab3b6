// Small pieces that the catalogue's formulas are made of.
#pragma once
#include <cmath>
#include <limits>
#include <optional>

#include "activations/catalogue.hpp"
#include "activations/families.hpp"

namespace actinium::activations {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The value of an unbound or bound constant.
inline std::optional<double> literal(const Expr& e) {
  return e.is_bound() ? e.graph()->constant_value(e.id()) : std::optional<double>(e.literal());
}
inline bool is(const Expr& e, double value) { return literal(e) == value; }

/// A primitive of one operand; of an unbound constant, what it computes.
inline Expr primitive(ops::Op op, const Expr& x) {
  return ops::build(nullptr, op, std::span<const Expr>(&x, 1));
}
inline Expr ldexp_exp(const Expr& x, const Expr& twos) {
  const Expr terms[] = {x, twos};
  return ops::build(nullptr, ops::Op::ldexp_exp, terms);
}
/// a*b + c, fused where the target fuses: where the rounding of the product does not matter.
inline Expr muladd(const Expr& a, const Expr& b, const Expr& c) {
  const Expr terms[] = {a, b, c};
  if (!a.is_bound() && !b.is_bound() && !c.is_bound()) return a * b + c;
  return ops::build(nullptr, ops::Op::muladd, terms);
}
inline Expr sech2(const Expr& x) { return primitive(ops::Op::sech2, x); }
inline Expr logistic_pdf(const Expr& x) { return primitive(ops::Op::logistic_pdf, x); }
inline Expr gauss(const Expr& x) { return primitive(ops::Op::gauss, x); }
inline Expr normpdf(const Expr& x) { return primitive(ops::Op::normpdf, x); }
inline Expr normcdf(const Expr& x) { return primitive(ops::Op::normcdf, x); }

/// A number of the type of x.
inline Expr number(const Expr& x, double value) {
  return x.is_bound() ? Expr(x.graph(), x.graph()->number(x.dtype(), value)) : Expr(value);
}
/// where(condition, a, b) of the type of x, also if both are literals.
inline Expr pick(const Expr& x, const Expr& condition, const Expr& a, const Expr& b) {
  return where(condition, a.is_bound() ? a : number(x, a.literal()), b);
}

/// 0 below 0; NaN and -0 pass.
inline Expr positive_part(const Expr& x) { return where(x < 0, 0, x); }
inline Expr negative_part(const Expr& x) { return where(x > 0, 0, x); }
/// x limited from below / on both sides; NaN passes.
inline Expr at_least(const Expr& x, double low) { return where(x < low, low, x); }
inline Expr limited(const Expr& x, const Expr& low, const Expr& high) { return clamp(x, low, high); }
/// Where exp(-|x|) has vanished and taken all that it multiplies with it.
inline double far(const Expr& x) { return x.dtype() == DType::f32 ? 200 : 1000; }

/// beta * x and the rounding error that the product left: exp(z + low) = exp(z) * (1 + low) keeps exp of a large
/// product right.
struct Product {
  Expr value, low;
};
inline Product product(const Expr& beta, const Expr& x) {
  int exponent = 0;
  if (const auto b = literal(beta); b && std::abs(std::frexp(*b, &exponent)) == 0.5)  // a power of two
    return {*b == 1 ? x : beta * x, Expr(0)};
  const Expr z = beta * x, low = fma(beta, x, -z);
  return {z, where(abs(low) < 1, low, 0)};
}
/// e * (1 + low).
inline Expr corrected(const Expr& e, const Expr& low) { return is(low, 0) ? e : e + e * low; }

inline bool positive(double v) { return v > 0 && std::isfinite(v); }
inline bool not_negative(double v) { return v >= 0; }
inline bool nonzero(double v) { return v != 0 && std::isfinite(v); }
inline bool finite(double v) { return std::isfinite(v); }

}  // namespace actinium::activations

// A formula as one expression of x and the terms t.
#define ACTINIUM_FORMULA(expression)                                \
  [](const ::actinium::activations::Terms& t) -> ::actinium::Expr { \
    [[maybe_unused]] const ::actinium::Expr& x = t.x;               \
    return expression;                                              \
  }
