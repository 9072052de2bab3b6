// Loop dimensions of a kernel at a call: merged, and for elementwise work permuted, for long inner loops. Start reading
// at LoopNest.
#pragma once
#include <cstdint>
#include <vector>

namespace actinium::runtime {

/// Dimensions, outermost first, and how each access moves along them, in elements.
struct LoopNest {
  std::vector<std::int64_t> extents;
  std::vector<std::vector<std::int64_t>> strides;  ///< by access, then dimension
  std::vector<int> element;                        ///< bytes, by access; 0 for an index
};

/// Merges neighbours among all but the last `fixed` dimensions where every access steps over both as over one; the
/// number of dimensions stays, filled up with leading 1s.
void merge_outer(LoopNest& nest, std::size_t fixed);

/// Elementwise: the order of dimensions is free, so those with small strides go inside, then all that can be are
/// merged.
void arrange(LoopNest& nest);

}  // namespace actinium::runtime
