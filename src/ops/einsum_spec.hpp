// What an einsum says, read from its text and checked against the operands: every axis gets an index. Start reading at
// read_einsum.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::ops {

/// An index by number; at most 52 letters and 8 axes of an ellipsis.
using Index = int;

struct EinsumSpec {
  std::vector<std::vector<Index>> operands;  ///< the index of every axis; an index may repeat
  std::vector<Index> output;
  std::vector<Dim> sizes;  ///< of each index
};

/// Axes of size 1 whose index is larger elsewhere keep their index: they are the caller's to stretch.
EinsumSpec read_einsum(std::string_view text, std::span<const Expr> operands, const Location& where);

}  // namespace actinium::ops
