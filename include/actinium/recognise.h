// What recognise knows: the table of rules by which textbook formulas become what computes them well, and how much each is worth,
// measured against the truth. docs/recognise.md is written from it. Start reading at recognition_rules.
#pragma once
#include <actinium/certify.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace actinium {

/// One rule: `from`, in any spelling, is computed as `to`.
struct RecognitionRule {
  std::string name, from, to;
  std::string why;              ///< what `from` does wrong
  bool differentiated = false;  ///< false: `from` is differentiated as written, its value alone is computed as `to`
};
/// In the order of the table.
ACTINIUM_API std::vector<RecognitionRule> recognition_rules();

/// What a rule does to the value (or the derivative in x) of its formula.
struct RuleAccuracy {
  double before = 0, after = 0;  ///< worst error in ulp; infinite for NaN, infinities and numbers where they are wrong
  Witness worst_before = {}, worst_after = {};
  /// At any one point, by how many ulp `to` is worse than `from`; and where.
  double worse_by = 0;
  Witness worse_at = {};
  std::uint64_t worse = 0;  ///< at how many numbers by more than 1 ulp
  /// The same, but where `from` happens to be nearer than its own roundings let it be, those count: by how many ulp `to` is worse than
  /// `from` and than what its roundings may add up to (first-order error analysis of its operations). Not where the truth is subnormal.
  double beyond_rounding = 0;
  Witness beyond_at = {};
  std::uint64_t judged = 0;
};
struct RuleCertificate {
  RecognitionRule rule;
  DType dtype = DType::f32;
  bool fired = false;    ///< `from` was recognised at all
  std::string spelling;  ///< `from` as it was measured
  std::array<RuleAccuracy, 2> orders;
};

struct RuleOptions {
  std::uint64_t samples = 2000;  ///< random arguments, besides the edges
  std::uint64_t seed = 1;        ///< of the arguments
  /// Other than 0: the formula is spelled at random, commuted, associated, with other signs, quotients and powers, its argument
  /// negated or scaled by 2, under a factor.
  std::uint64_t spelling = 0;
  int threads = 0;  ///< 0: all cores
};

/// Measures `from` and `to`, and their derivatives in x as grad() gives them, at every edge of the type (powers of two, infinities,
/// the numbers around constants) and `samples` more numbers, against real arithmetic with proven bounds. NameError for no rule.
ACTINIUM_API RuleCertificate certify_rule(std::string_view name, DType dtype = DType::f32, const RuleOptions& options = {});

}  // namespace actinium
