// Derivatives of a formula in its own little graph, and putting such a graph in place.
#pragma once
#include <span>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::activations {

/// d y / d leaf of an elementwise expression, by one forward sweep; an unbound 0 if y does not depend on it.
Expr differentiate(const Expr& y, const Expr& leaf);

/// The module's only output with `actual` in place of its inputs, built by the rules: shapes follow from the actual
/// operands. Elementwise operations only.
Expr instantiate(const Module& module, std::span<const Expr> actual);

}  // namespace actinium::activations
