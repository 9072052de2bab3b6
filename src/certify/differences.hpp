// Derivatives of a function of one number from its values alone. Start reading at slope_of.
#pragma once
#include <functional>

namespace actinium::differences {

/// The change of a function between two arguments, with a bound on its rounding error.
struct Change {
  double value = 0, noise = 0;
};
/// f(b) - f(a).
using ChangeOf = std::function<Change(double a, double b)>;

struct Slope {
  double value = 0;
  double truncation = 0;        ///< estimate of the error of the differences, besides
  double noise = 0;             ///< rounding
  bool kink = false;            ///< the two sides do not agree
  double below = 0, above = 0;  ///< the slopes of the two sides, at a kink; infinite at a jump, NaN beyond an edge
};

/// f'(0). Central differences at h and h / 2, extrapolated (Richardson); h shrinks from `scale` / 128 until they settle
/// to `tolerance`. With a `step`, that is h.
Slope slope_of(const ChangeOf& f, double scale, double step, double tolerance);

}  // namespace actinium::differences
