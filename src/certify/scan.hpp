// Runs a compiled function over arguments and tallies its errors: all numbers of f32 with polynomials as the truth, or a
// list of points one by one. Start reading at scan.
#pragma once
#include "actinium/certify.h"
#include "certify/tally.hpp"

namespace actinium::exact {

struct Scan {
  const Reference& reference;
  FunctionBase function;     ///< x [n] to the value and derivatives, [n] each
  std::vector<Terms> terms;  ///< an order each
  DType dtype;
  int threads = 0;
  std::vector<double> kinks = {};
  std::function<void(double)> progress = {};
};

/// All 2^32 numbers of f32, or one of every `stride` (a power of two) and the edges.
std::vector<Accuracy> scan_everything(const Scan& scan, std::uint32_t stride);
/// About `samples` numbers of either type, and the edges.
std::vector<Accuracy> scan_samples(const Scan& scan, std::uint64_t samples);
/// What somebody else computed, y[i] at x[i], of the one order in scan.terms; the function is not needed.
std::vector<Accuracy> scan_results(const Scan& scan, const ArrayRef& x, const ArrayRef& y);

}  // namespace actinium::exact
