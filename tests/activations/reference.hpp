// What each elementwise activation is, as a textbook has it, in thousands of bits. Derivatives come from differences of
// these, conventions at kinks and limits at infinity from tables: nothing here knows the stable forms of the library.
#pragma once
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "actinium/dtype.h"
#include "activations/real.hpp"

namespace actinium::testing {

/// f(x) and its first two derivatives at one point where no difference quotient applies: a kink or an infinity.
struct Convention {
  double x;
  double value[3];
};

struct Reference {
  std::function<Real(const Real& x, const std::vector<Real>& parameters)> f;
  std::vector<double> parameters = {};  ///< the catalogue's defaults, in its order
  std::vector<Convention> conventions = {};
  /// Bounds in ulp for value, first and second derivative. Near a zero of a derivative an absolute error of 4 units of
  /// roundoff of 1 is allowed besides.
  double ulp[3] = {4, 4, 4};
  double domain = -std::numeric_limits<double>::infinity();  ///< derivatives are tested from here on
  bool smooth_zero[3] = {false, false, false};  ///< the derivative has a zero that is no zero of its terms (class R)
};

const std::map<std::string, Reference>& references();
void add_losses(std::map<std::string, Reference>& references);

/// Special points, kinks and their neighbours, and a spread over magnitudes, `random` of them at random.
std::vector<double> special_points(DType type, const std::vector<double>& kinks, int random = 40);

/// The derivative of the given order (0, 1, 2) at x, by convention or central differences.
Real reference_value(const Reference& reference, const std::vector<double>& parameters, double x, int order);

/// |got - exact| in units in the last place of the type with this many bits and smallest exponent.
struct Format {
  int bits;          ///< 24 or 53
  int min_exponent;  ///< of the smallest normal number: -126 or -1022
};
inline constexpr Format f32_format{24, -126}, f64_format{53, -1022};
/// Distance in ulp of the exact result; infinities count as the first number beyond the largest; 0 if both are nan.
double distance(double got, const Real& exact, Format format);

}  // namespace actinium::testing
