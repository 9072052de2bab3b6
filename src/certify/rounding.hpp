// How far the roundings of a formula may carry it from the truth: first-order error analysis on the graph, by one reverse sweep.
#pragma once
#include "actinium/expr.h"

namespace actinium::exact {

/// For y of shape [n] in a graph of f64: the error that the operations of y may add up to, at each of the n, when they are computed in
/// `type`, each with the rounding that its op may have; in absolute terms, to first order. sum |dy/dv| rounding(v) over all nodes v.
Expr rounding_of(const Expr& y, DType type);

}  // namespace actinium::exact
