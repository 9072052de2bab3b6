// Stable forms of the families. Each needs only exp of a non-positive argument; a NaN reaches exp.
#include "activations/families.hpp"

#include <cmath>
#include <numbers>

#include "activations/formula.hpp"

namespace actinium::activations {
namespace {

using ops::Op;

constexpr double inv_sqrt_2pi = 0.39894228040143267793994605993438;

/// (1 + q)^2, q from 0 to 1, rounded twice instead of thrice.
Expr square_of_one_plus(const Expr& q) { return muladd(q, 2.0 + q, 1.0); }

Expr sech2_of(const Expr& x) {
  const Expr q = exp(-2.0 * abs(x));
  return 4.0 * q / square_of_one_plus(q);
}

Expr normcdf_of(const Expr& x) {
  const Expr tail = small_tail(x) * tail_unit(x);
  return where(x < 0, tail, 1.0 - tail);
}

Expr log1mexp_of(const Expr& x) { return where(x < std::numbers::ln2, log(-expm1(-x)), log1p(-exp(-x))); }

}  // namespace

Expr small_tail(const Expr& x) { return primitive(Op::normtail, x); }
double tail_unit(const Expr& x) { return x.dtype() == DType::f32 ? 0x1p-32 : 0x1p-64; }

Expr times_gauss(const Expr& factor, const Expr& x, double scale) {
  const Expr size = abs(x), a = where(size > 40.0, 40.0, size), h = a * a;
  const Expr terms[] = {-scale * h, -scale * fma(a, a, -h), factor};
  return ops::build(nullptr, Op::exp_of_sum, terms);
}
Expr times_normpdf(const Expr& factor, const Expr& x) { return times_gauss(inv_sqrt_2pi * factor, x, 0.5); }

bool is_family(Op op) {
  return op == Op::sech2 || op == Op::sigmoid || op == Op::logistic_pdf || op == Op::softplus || op == Op::gauss ||
         op == Op::normpdf || op == Op::normcdf || op == Op::log1mexp;
}

Expr expand_family(Op op, const Expr& x) {
  const auto t = [&] { return exp(-abs(x)); };
  switch (op) {
    case Op::sech2: return sech2_of(x);
    case Op::sigmoid: return where(x >= 0, 1, t()) / (1.0 + t());
    case Op::logistic_pdf: return t() / square_of_one_plus(t());
    case Op::softplus: return positive_part(x) + log1p(t());
    case Op::gauss: return times_gauss(1, x, 1);
    case Op::normpdf: return times_normpdf(1, x);
    case Op::normcdf: return normcdf_of(x);
    case Op::log1mexp: return log1mexp_of(x);
    default: throw InternalError("not a family: " + std::string(ops::name_of(op)));  // NOLINT
  }
}

}  // namespace actinium::activations
