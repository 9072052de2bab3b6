// Every rule of recognise in random spellings, value and first derivative, as written and as recognised, against the truth: it is
// found, and makes nothing worse. ACTINIUM_FUZZ_SEED and ACTINIUM_FUZZ_RUNS (spellings of each rule) choose what is run,
// ACTINIUM_FUZZ_SAMPLES how many numbers each is tried at besides the edges.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "actinium/actinium.h"
#include "actinium/recognise.h"

namespace ac = actinium;

namespace {

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

TEST(Fuzz, RecognitionMakesNothingWorse) {
  const std::uint64_t seed = setting("ACTINIUM_FUZZ_SEED", 1), runs = setting("ACTINIUM_FUZZ_RUNS", 1), samples = setting("ACTINIUM_FUZZ_SAMPLES", 20);
  std::uint64_t judged = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    for (const ac::RecognitionRule& rule : ac::recognition_rules()) {
      for (ac::DType type : {ac::f32, ac::f64}) {
        const std::uint64_t spelling = (seed + run) * 1000003 + (type == ac::f32);
        SCOPED_TRACE("actinium recognise " + rule.name + " --seed " + std::to_string(spelling) + " --spelling " + std::to_string(spelling));
        const ac::RuleCertificate c = ac::certify_rule(rule.name, type, {samples, spelling, spelling, 0});
        EXPECT_TRUE(c.fired) << c.spelling << " is not recognised";
        for (std::size_t k = 0; k < 2; ++k) {
          const ac::RuleAccuracy& a = c.orders[k];
          judged += a.judged;
          EXPECT_GT(a.judged, 0u);
          // A subnormal number has few digits, and a factor after it multiplies what it lost.
          const bool subnormal = std::abs(a.worst_after.truth) < (type == ac::f32 ? 0x1p-126 : 0x1p-1022);
          EXPECT_LE(a.after, std::max(a.before, 1.0) + (subnormal ? 3 : 1)) << c.spelling << " order " << k << " at " << a.worst_after.x;
          EXPECT_LE(a.beyond_rounding, 1) << c.spelling << " order " << k << " at " << a.beyond_at.x << ": " << a.beyond_at.result
                                          << " instead of " << a.beyond_at.truth;
        }
      }
    }
  }
  std::printf("%llu numbers judged\n", static_cast<unsigned long long>(judged));
}

}  // namespace
