// The stable families (sigmoid, softplus, normcdf, ...) written in base functions: what `decompose` puts in their
// place, and what an operation on an unbound constant computes.
#pragma once
#include "actinium/expr.h"
#include "ops/op.hpp"

namespace actinium::activations {

/// True for the families. Two have a body of machine code (src/math): gauss, and sech2 in f32.
bool is_family(ops::Op op);
/// The family's value in base functions. Equal parts are equal nodes: sigmoid, logistic_pdf and softplus share
/// exp(-|x|).
Expr expand_family(ops::Op op, const Expr& x);

/// normcdf(-|x|) / tail_unit(x), with all digits down to where x*normcdf(x) underflows.
Expr small_tail(const Expr& x);
double tail_unit(const Expr& x);

/// exp(-x*x/4) with the rounding error of x*x, both for x limited to where exp(-x*x/2) is not yet 0.
struct HalfGauss {
  Expr x, e, low;  ///< exp(-x*x/2) = e * e * (1 - low/2)
};
HalfGauss half_gauss(const Expr& x);
/// factor * normpdf(x), without a subnormal in between.
Expr times_normpdf(const Expr& factor, const HalfGauss& g);

}  // namespace actinium::activations
