// From what the caller passes to sizes: matches arrays with declarations and solves for symbols. Start reading at
// resolve().
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actinium/array.h"
#include "actinium/function.h"
#include "runtime/size_rules.hpp"

namespace actinium::runtime {

/// An array with the shape that the declaration gives it; the address is the caller's.
struct ResolvedArray {
  std::vector<std::int64_t> shape, strides;
  bool converts = false;  ///< a C++ number of another type
};

struct Resolved {
  Bindings sizes;
  std::vector<ResolvedArray> inputs;
  std::vector<ResolvedArray> outputs;  ///< C-contiguous where the caller gave none
};

/// CallError if something does not fit. Without `outputs` (as opposed to an empty list) they are to be made.
Resolved resolve(std::span<const ArgumentInfo> inputs, std::span<const ArgumentInfo> outputs,
                 std::span<const ArrayRef> given_inputs, std::optional<std::span<const MutableArrayRef>> given_outputs,
                 const std::vector<SizeRule>& rules);

/// Whether two arrays, as bytes, may share an element; exact for rows, columns and blocks of one matrix.
struct Extent {
  std::int64_t low = 0, high = 0;  ///< first byte and the one after the last, relative to the address
};
Extent extent_of(const ResolvedArray& array, DType dtype);
bool may_overlap(const ResolvedArray& a, DType a_type, const ResolvedArray& b, DType b_type, std::ptrdiff_t b_minus_a);
/// Whether two indices of one array may mean the same element.
bool overlaps_itself(const ResolvedArray& array);

std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape);
bool is_contiguous(const ResolvedArray& array);
std::string text_of_sizes(std::span<const std::int64_t> sizes);

}  // namespace actinium::runtime
