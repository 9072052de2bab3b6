// What ops cost: how much more it takes to compute a value again than to read it; and which round nothing. Start reading
// at weight.
#pragma once
#include "ops/op.hpp"

namespace actinium::ops {

/// Of one element: 1 is an addition; 0 for what is no arithmetic on elements (views, reductions, products, routines, loops).
int weight(Op op);

/// Elementwise ops (and broadcast) whose float results are exact: what they select, or an operand with another sign or
/// without its fraction.
bool is_exact(Op op);

}  // namespace actinium::ops
