// A third opinion beside both engines: evaluates a decomposed graph element by element with the scalar meaning of the
// machine code of each primitive, and plain loops for everything else.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::testing {

/// Row-major, elements as bits of the type.
struct Array {
  DType dtype = DType::f64;
  std::vector<std::int64_t> shape;
  std::vector<std::uint64_t> bits;
  std::size_t size() const { return bits.size(); }
  /// An element as a double (integers and bools too).
  double operator[](std::size_t i) const;
};

Array array(DType dtype, std::vector<std::int64_t> shape, const std::vector<double>& values);
/// The value rounded to the type.
double rounded(DType dtype, double value);

using Inputs = std::map<std::string, Array>;

/// `e`, decomposed and evaluated, with muladd fused or, as x86-64-v2 has it, not.
Array evaluate(const Expr& e, const Inputs& inputs, const Bindings& sizes = {}, bool fused = true);

}  // namespace actinium::testing
