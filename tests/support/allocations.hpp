// Counts what operator new gives to the whole program: for tests that a path allocates nothing.
#pragma once

namespace actinium::support {

/// Calls of operator new so far, by any thread.
long allocations();

}  // namespace actinium::support
