// What the tests of the twelve problems share: numbers of 110 digits, derivatives of plain scalar code by central
// differences in them, and the comparison with what compiled expressions give. Start reading at expect_close.
#pragma once
#include <boost/multiprecision/mpfr.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "actinium/actinium.h"

namespace actinium::problems {

using Real =
    boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<110, boost::multiprecision::allocate_stack>,
                                  boost::multiprecision::et_off>;
using Reals = std::vector<Real>;
using Doubles = std::vector<double>;
using Function = std::function<Reals(const Reals&)>;

/// Deterministic numbers from lo to hi.
Doubles uniform(std::size_t count, unsigned seed, double lo = 0, double hi = 1);
inline Reals reals(const Doubles& x) { return {x.begin(), x.end()}; }

/// f, and its Jacobian by central differences (steps of 1e-30: an error of some 1e-60), row-major.
Reals jacobian_of(const Function& f, const Reals& x);
/// Second derivatives of the scalar f along each coordinate.
Reals curvatures_of(const Function& f, const Reals& x);

/// Outputs of compiled expressions, the same bits from both engines.
std::vector<Tensor> run(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs,
                        const std::vector<Tensor>& arrays);

/// Every element to `tolerance` of itself; what is more than four orders smaller than the largest, to that of the
/// largest.
void expect_close(std::string_view what, const Tensor& got, const Reals& want, double tolerance = 1e-12);

/// x[i] of a vector, a scalar.
inline Expr at(const Expr& x, int i) { return squeeze(slice(x, i, i + 1), 0); }

}  // namespace actinium::problems
