// The routines behind LibraryKernels, shared by both engines: whole C-contiguous arrays in, one out. Start reading at
// library().
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "actinium/dtype.h"
#include "ops/op.hpp"

namespace actinium::runtime {

struct LibraryArray {
  void* data;
  DType dtype;
  std::span<const std::int64_t> shape;
};

/// Runs `op` with the attributes `ints` of its node. An index that is no input's was checked by nobody: gather takes
/// the nearest element, scatter_add leaves it out.
void library(ops::Op op, std::span<const std::int64_t> ints, std::span<const LibraryArray> operands,
             const LibraryArray& result, void* scratch);
/// Scratch memory that it needs.
std::size_t library_scratch(ops::Op op, std::span<const std::int64_t> ints, std::span<const LibraryArray> operands);

}  // namespace actinium::runtime
