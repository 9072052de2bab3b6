// Measures a row: contenders take turns in short samples, so that a clock that drifts or a busy neighbour meets all of
// them.
#pragma once
#include <string>
#include <vector>

#include "row.hpp"

namespace bench {

/// Seconds of one call.
struct Timing {
  std::string name = {}, detail = {};
  double best = 0, median = 0, upper = 0;  ///< fastest, middle and 90 % of the samples
  int samples = 0;
  double error = -1;         ///< largest difference from ours, relative; negative: not compared
  std::string failure = {};  ///< why it has no time
};

struct Measured {
  int number = 0;
  std::string key = {}, what = {}, limit_name = {};
  double divide = 1;
  std::vector<Goal> goals = {};
  std::vector<Timing> timings = {};  ///< ours first
  double limit = 0;                  ///< seconds; 0: none
};

Measured measure(const Entry& entry, Row row, const Settings& settings);

}  // namespace bench
