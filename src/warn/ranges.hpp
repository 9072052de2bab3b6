// What the elements of every node lie between, proven by intervals: so that a warning is not given where nothing can go wrong, and a
// branch is called dead only if it is. Start reading at ranges_of.
#pragma once
#include <limits>
#include <vector>

#include "graph/graph.hpp"

namespace actinium::warn {

struct Interval {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool nan = true;  ///< may be NaN
  bool contains(double v) const { return low <= v && v <= high; }
  bool is(double v) const { return low == v && high == v && !nan; }
};

/// By node, from those of the module's inputs (in their order). Of a bool: within 0 to 1.
std::vector<Interval> ranges_of(const Module& module, const std::vector<Interval>& inputs);

}  // namespace actinium::warn
