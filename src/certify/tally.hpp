// Counts what is found, point by point or block by block; tallies of parts are merged in order. Start reading at Tally.
#pragma once
#include <cmath>
#include <span>

#include "actinium/certify.h"
#include "certify/reference.hpp"

namespace actinium::exact {

/// What is promised: an error in ulp at x.
struct Promise {
  std::optional<double> constant;
  double (*at)(double x, int order) = nullptr;
  double operator()(double x, int order) const { return at != nullptr ? at(x, order) : *constant; }
  double least() const { return at != nullptr ? 4 : *constant; }
  explicit operator bool() const { return at != nullptr || constant.has_value(); }
};

/// What the tallies of one order share.
struct Terms {
  int order = 0;
  Format format = f32_format;
  Promise promise = {};
  std::vector<double> zeros = {};
  bool is_oscillating = false;         ///< a derivative with zeros without number: errors are absolute everywhere
  bool is_piecewise_constant = false;  ///< a derivative that may take a side at NaN
  bool is_asked = false;               ///< the promise is the user's: it holds as it stands
  bool counts = true;                  ///< what is wrong here breaks the certificate
  /// Around a real zero errors are absolute.
  static constexpr double zone = 0.2, near_zero_units = 4;
  bool near_zero(double x) const {
    for (double z : zeros)
      if (std::abs(x - z) < zone) return true;
    return false;
  }
};

class Tally {
 public:
  explicit Tally(const Terms& terms) : terms_(&terms) { found_.order = terms.order; }

  /// One point, judged in whatever way. Points come in ascending order of x within one tally.
  void add(double x, double result, const Judgement& j);
  /// A block of f32: `truth` is NaN where there is none; nothing in it is unjudged.
  void add(std::span<const float> x, std::span<const float> results, std::span<const double> truth);
  /// A point that is not looked at.
  void skip() {
    ++found_.skipped;
    has_last_ = false;
  }
  /// What comes after this one in x.
  void merge(const Tally& next);
  /// Everything that was found, zeros and promise included.
  Accuracy result() const;

 private:
  void note_overflow(double x, double result, double truth);
  void note_special(double x, double result, const Judgement& j);
  bool is_broken(double x, const Judgement& j) const;
  void note_step(double x, double result, double truth);
  const Terms* terms_;
  Accuracy found_;
  bool has_last_ = false;
  double last_result_ = 0, last_truth_ = 0;
};

}  // namespace actinium::exact
