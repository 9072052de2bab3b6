// The table of costs.
#include "ops/cost.hpp"

namespace actinium::ops {

int weight(Op op) {
  switch (op) {
    case Op::neg:
    case Op::abs:
    case Op::sign:
    case Op::square:
    case Op::isnan:
    case Op::logical_not:
    case Op::cast:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::round:
    case Op::stop_gradient:
    case Op::again:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::max:
    case Op::min:
    case Op::copysign:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::equal:
    case Op::not_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::select:
    case Op::clamp:
    case Op::fma:
    case Op::raw_min:
    case Op::raw_max:
    case Op::muladd: return 1;
    case Op::sqrt:
    case Op::rsqrt:
    case Op::reciprocal:
    case Op::div: return 6;
    case Op::exp:
    case Op::exp2:
    case Op::exp_scaled:
    case Op::exp_of_sum:
    case Op::ldexp_exp:
    case Op::expm1:
    case Op::log:
    case Op::log2:
    case Op::log10:
    case Op::log1p:
    case Op::cbrt:
    case Op::sin:
    case Op::cos:
    case Op::tan:
    case Op::asin:
    case Op::acos:
    case Op::atan:
    case Op::sinh:
    case Op::cosh:
    case Op::asinh:
    case Op::acosh:
    case Op::atanh:
    case Op::tanh:
    case Op::erf:
    case Op::erfc:
    case Op::normtail:
    case Op::sech2:
    case Op::sigmoid:
    case Op::logistic_pdf:
    case Op::softplus:
    case Op::gauss:
    case Op::normpdf:
    case Op::normcdf:
    case Op::log1mexp:
    case Op::pow:
    case Op::atan2:
    case Op::hypot: return 20;
    case Op::input:
    case Op::constant:
    case Op::tensor:
    case Op::dim_size:
    case Op::variable:
    case Op::iota:
    case Op::broadcast:
    case Op::reshape:
    case Op::transpose:
    case Op::slice:
    case Op::pad:
    case Op::concat:
    case Op::gather:
    case Op::scatter_add:
    case Op::flip:
    case Op::one_hot:
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::argmax:
    case Op::argmin:
    case Op::cumsum:
    case Op::sort:
    case Op::argsort:
    case Op::matmul:
    case Op::stack:
    case Op::dot:
    case Op::custom:
    case Op::loop:
    case Op::result:
    case Op::activation: return 0;
  }
  return 0;
}

bool is_exact(Op op) {
  switch (op) {
    case Op::neg:
    case Op::abs:
    case Op::sign:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::round:
    case Op::max:
    case Op::min:
    case Op::raw_max:
    case Op::raw_min:
    case Op::clamp:
    case Op::select:
    case Op::copysign:
    case Op::stop_gradient:
    case Op::again:
    case Op::broadcast:
    case Op::cast: return true;
    default: return false;  // NOLINT
  }
}

}  // namespace actinium::ops
