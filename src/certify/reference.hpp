// The truth: an elementwise expression of one variable, or its derivatives, evaluated on real numbers with proven
// bounds. Start reading at Reference::evaluate and Reference::at.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "actinium/dtype.h"
#include "certify/series.hpp"
#include "graph/graph.hpp"

namespace actinium::exact {

/// A binary floating-point format.
struct Format {
  int bits;          ///< of the significand, with the leading one
  int min_exponent;  ///< of the smallest normal number
  int max_exponent;  ///< of the largest number
  /// Of the last place of a number of magnitude 2**exponent <= |x| < 2**(exponent + 1).
  int last_place(double exponent) const {
    return static_cast<int>(exponent < min_exponent ? min_exponent : exponent > max_exponent ? max_exponent : exponent) -
           bits + 1;
  }
};
inline constexpr Format f32_format{24, -126, 127}, f64_format{53, -1022, 1023};
inline Format format_of(DType t) { return t == DType::f32 ? f32_format : f64_format; }

/// A reference is within this many ulp of the truth.
inline constexpr int reference_error_exponent = -10;

/// How far a result is from the truth at one point.
struct Judgement {
  enum class Kind : char {
    value,      ///< the truth is a real number
    undefined,  ///< there is none (log of a negative number)
    unjudged,   ///< a pole, or not decided at the highest precision
  };
  Kind kind = Kind::unjudged;
  double truth = 0;  ///< as a double; beyond the doubles infinite
  double ulp = 0;    ///< |result - truth|
  double absolute = 0;
};

class Reference {
 public:
  /// `module` has one output and at most one input. ValueError names what is not elementwise or has no meaning for reals.
  explicit Reference(const Module& module);

  /// The expression at (or over) x, in the Context of the thread.
  Series evaluate(const Series& x) const;
  /// The derivative of this order of the expression: `length` coefficients.
  Series evaluate(double low, double high, int order, int length, long precision) const;
  /// Judges one result at x: finite, or an infinity, where the truth is the limit.
  Judgement at(double x, double result, int order, Format format) const;
  /// Real zeros of the derivative of this order other than 0 itself; nothing if there are more than a few.
  std::optional<std::vector<double>> zeros(int order, Format format) const;
  /// The C library's function of double, if the expression is sin, cos or tan of its input: within an ulp of double,
  /// which is 2**-29 of f32, and quick where numbers have to be judged one by one.
  double (*direct() const)(double) { return direct_; }
  /// There is a sin, cos or tan in it.
  bool oscillates() const { return has_no_limits_; }
  /// The derivative of this order is made of constants.
  bool is_piecewise_constant(int order) const;

 private:
  Module module_;
  double (*direct_)(double) = nullptr;
  bool has_no_limits_ = false;  ///< sin and its kin at infinity
  Series node(NodeId id, const std::vector<Series>& values, const std::vector<Truth>& truths, Truth& truth) const;
  Judgement far_out(double x, double result, int order, Format format) const;
  Judgement at_infinity(int sign, double result, int order, Format format) const;
};

}  // namespace actinium::exact
