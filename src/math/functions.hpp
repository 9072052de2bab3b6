// The body of every elementwise primitive as machine Code: what both engines run. Start reading at body().
#pragma once
#include "math/machine.hpp"
#include "ops/op.hpp"

namespace actinium::math {

/// The code of an elementwise op on operands of type `dtype` (of select: of its branches; its condition is a
/// predicate). `to` is the result's type of a cast, and ignored otherwise: comparisons, logic and isnan give a
/// predicate, all else `dtype`. One input per operand, one output. Built once, then shared; any thread may call. Throws
/// InternalError for an op that the graph expands before (sigmoid and its kin), that is not elementwise, or that does
/// not take the type.
const machine::Code& body(ops::Op op, DType dtype, DType to = DType::f32);
/// Whether there is one: of elementwise ops on types they take, all but those families that the graph expands.
bool has_body(ops::Op op, DType dtype);

}  // namespace actinium::math
