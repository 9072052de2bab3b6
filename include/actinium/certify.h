// certify(): how far an expression, or its derivatives, are from the mathematical truth, in ulp, over all of a type's
// numbers. judge(): the same of results that somebody else computed. Start reading at certify.
#pragma once
#include <actinium/activations.h>
#include <actinium/array.h>
#include <actinium/function.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace actinium {

struct CertifyOptions {
  /// Measure the derivatives up to this order too: 0 to 8.
  int derivatives = 0;
  /// How many arguments to try, spread over all numbers of the type and jittered, besides every edge (powers of two,
  /// infinities, kinks, and where results overflow or vanish). 0: all 2^32 numbers of f32; two million of f64.
  std::uint64_t samples = 0;
  /// The error in ulp that must hold. Without it, builtin activations and primitives hold the library's own promise,
  /// anything else only has to be free of wrong NaNs, zeros, infinities and signs.
  std::optional<double> bound = std::nullopt;
  /// Measure the textbook formula of builtin activations as well (other expressions are what they are), differentiated
  /// as written.
  bool against_naive = false;
  /// Engine, threads, ISA. All cores by default.
  CompileOptions compile = {};
  /// Called now and then with the fraction that is done, from one thread at a time.
  std::function<void(double)> progress = {};
};

/// A point and what came there.
struct Witness {
  double x = 0, result = 0, truth = 0;
};
/// How often something happened, and where first (the smallest |x|).
struct Sightings {
  std::uint64_t count = 0;
  std::optional<Witness> first = std::nullopt;
};

/// What was found of one order of derivative.
struct Accuracy {
  int order = 0;
  std::uint64_t judged = 0, unjudged = 0;  ///< unjudged: poles, and limits that do not exist
  /// Of all numbers, those passed over where neighbours have nothing in common (sin of huge ones): one in 251 is judged.
  std::uint64_t skipped = 0;
  double worst_ulp = 0;                    ///< the largest error outside of the zones around real zeros
  Witness worst = {};
  /// Errors of at most 1, 2, 4 ulp, and of more.
  std::uint64_t within[4] = {};
  /// Real zeros of a derivative, other than 0, around which (+-0.2) errors count in units of 2^-24 or 2^-53 and not of
  /// the vanishing result.
  std::vector<double> zeros = {};
  double worst_near_zeros = 0;  ///< in these units
  Witness worst_near_zeros_at = {};
  Sightings wrong_nan;        ///< NaN where the truth is a number
  Sightings missing_nan;      ///< a number where there is no truth
  Sightings wrong_zero;       ///< 0 where the truth is a normal number
  Sightings wrong_infinity;   ///< infinite where the truth is far inside the range
  Sightings wrong_sign;       ///< of a normal number
  Sightings backward_steps;   ///< between neighbouring arguments tried, where the truth goes the other way
  Sightings broken;           ///< errors beyond the bound
  std::optional<double> bound = std::nullopt;  ///< in ulp, where one is promised or asked for
  std::optional<Witness> first_overflow = std::nullopt;  ///< the smallest |x| with an infinite result
  bool holds = true;  ///< no wrong NaN, missing NaN, zero, infinity or sign, and none beyond the bound
};

struct ACTINIUM_API Certificate {
  std::string expression;
  DType dtype = DType::f32;
  bool exhaustive = false;       ///< all numbers of the type were tried
  double seconds = 0;
  std::string reference;         ///< in words: what the results were compared with, and how exact that is
  std::vector<Accuracy> orders;  ///< value, first derivative, ...
  std::vector<Accuracy> naive;   ///< the same of the textbook formula, if asked for
  bool holds() const;
  /// A table in words.
  std::string text() const;
};

/// Measures an elementwise expression of one floating input against real arithmetic with proven bounds. Constants are
/// what their type holds; parameters of activations likewise. The derivatives measured are those that grad() gives.
/// ValueError if `e` is not elementwise or has not one input; TypeError if that is not f32 or f64.
ACTINIUM_API Certificate certify(const Expr& e, const CertifyOptions& options = {});
/// Of an activation at its default parameters.
ACTINIUM_API Certificate certify(const Activation& f, DType dtype = DType::f32, const CertifyOptions& options = {});

/// Results that anything else computed, another library say, measured as certify() measures ours: results[i] is that of
/// the expression, or of its derivative of an order from 0 to 8, at x[i]. Both are arrays of any shape with elements of
/// the expression's type; x comes in any order. orders[0] is what was found; nothing but options.bound, threads and
/// progress counts, and without a bound `holds` asks only for no wrong NaN, zero, infinity or sign. Errors as certify()
/// has them, TypeError for other elements, ShapeError for arrays of different sizes.
ACTINIUM_API Certificate judge(const Expr& e, const ArrayRef& x, const ArrayRef& results, int order = 0,
                               const CertifyOptions& options = {});

/// |result - truth| in ulp at each x, of the expression or its derivative of an order from 0 to 8. Infinite where the
/// result is NaN or infinite and the truth is neither; NaN where there is no truth or it cannot be told (poles). Around
/// real zeros too it is relative to the vanishing truth. Errors as certify() has them.
ACTINIUM_API std::vector<double> errors_in_ulp(const Expr& e, std::span<const double> xs, int order = 0,
                                               const CompileOptions& compile = {});

}  // namespace actinium
