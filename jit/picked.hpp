// Reductions that are one element of the row: sum(where(i == label, x, 0)) along i, which loss functions with labels
// are full of. They need no loop. Start reading at take_picked.
#pragma once
#include <vector>

#include "program/program.hpp"

namespace actinium::jit {

/// The sum is element number `label` of access `element`, or 0 if the row has none.
struct Picked {
  program::Reduction reduction;
  int element, label;  ///< accesses
};

/// Takes such reductions out of `stage`, a loop of `kernel`. What they alone needed stays among its steps.
std::vector<Picked> take_picked(const program::LoopKernel& kernel, program::Stage& stage);

}  // namespace actinium::jit
