// A function of one number sampled so that its curve can be drawn: jumps, poles and the edges of its domain are found
// to the float, by bisection among floats. Start reading at trace.
#pragma once
#include <actinium/dtype.h>

#include <functional>
#include <span>
#include <vector>

#include "figure.hpp"

namespace actinium::cli {

/// ys[i] = f(xs[i]); xs are values of the floating type that is plotted.
using Evaluate = std::function<void(std::span<const double> xs, std::span<double> ys)>;

/// A function's values at some points, ascending.
struct Samples {
  std::vector<double> xs, ys;
};

/// The values that a picture should show: all of them, or most where there is a pole. With `dense`, the neighbourhoods
/// of the largest values are looked at more closely, so that a narrow peak is told from a pole. NaNs if none is finite.
Interval reach(const Evaluate& f, const Samples& samples, bool dense);

/// What trace found.
struct Curve {
  std::vector<std::vector<Point>> pieces;
  std::vector<End> ends;  ///< of jumps between finite values, and points that stand alone
};

struct TraceOptions {
  DType dtype = DType::f64;
  Scale y_scale;
  Interval y_range;    ///< what will be seen
  bool dense = false;  ///< samples lie closer than the eye sees: what bisection evaluates belongs to the curve
};

/// The curve through the samples, in pieces. Where neighbours differ visibly they are bisected; a difference that is
/// still there between two adjacent floats is a jump, and nothing is drawn across it.
Curve trace(const Evaluate& f, const Samples& samples, const TraceOptions& options);

}  // namespace actinium::cli
