// The stable families (sigmoid, softplus, normcdf, ...) written in base functions: what `decompose` puts in their
// place, and what an operation on an unbound constant computes.
#pragma once
#include "actinium/expr.h"
#include "ops/op.hpp"

namespace actinium::activations {

/// True for the families. In a type in which one has a body of machine code (math::has_body), `decompose` leaves it.
bool is_family(ops::Op op);
/// The family's value in base functions. Equal parts are equal nodes: sigmoid, logistic_pdf and softplus share
/// exp(-|x|).
Expr expand_family(ops::Op op, const Expr& x);

/// normcdf(-|x|) / tail_unit(x), with all digits down to where x*normcdf(x) underflows.
Expr small_tail(const Expr& x);
double tail_unit(const Expr& x);

/// factor * exp(-scale*x*x), scale a power of two, with the rounding of x*x made good and no subnormal in between; 0 from
/// |x| = 40 on. Equal x and scale share the exp. Can be differentiated.
Expr times_gauss(const Expr& factor, const Expr& x, double scale);
/// factor * normpdf(x), likewise.
Expr times_normpdf(const Expr& factor, const Expr& x);

}  // namespace actinium::activations
