// See measure.hpp. Google Benchmark runs one program after the other, which a drifting clock turns into a difference;
// here a round takes one sample of each contender, and rounds go on until the time is up.
#include "measure.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <exception>

#include "../machine.hpp"

namespace bench {
namespace {

constexpr double sample_seconds = 3e-4;
/// Calls shorter than this are made untimed before a sample, to bring back what other contenders drove out of the
/// caches: once, and again until so much time is up. Weights of some MiB are back in the third cache after several
/// passes only; a contender that shares its arrays with others would gain a fifth by that. Of longer arrays, too, the
/// last part may be found there by whom comes next.
constexpr double warmed_below = 0.1, warm_seconds = 1e-3;

/// What takes longer has one sample.
constexpr double slow = 0.5;

struct Lane {
  const Contender* contender;
  Timing timing;
  double estimate = 0;
  std::vector<double> samples = {};
};

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double timed(const Contender& c, int count, bool cpu_time) {
  if (c.sample) return c.sample(count);
  const double start = cpu_time ? thread_seconds() : now();
  for (int i = 0; i < count; ++i) c.run();
  return (cpu_time ? thread_seconds() : now()) - start;
}

double relative_difference(const ac::Tensor& ours, const ac::Tensor& theirs) {
  const ac::Tensor a = ours.cast(ac::f64), b = theirs.cast(ac::f64);
  if (a.size() != b.size()) return INFINITY;
  const double *p = a.data<double>(), *q = b.data<double>();
  double largest = 1e-300, difference = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (std::isnan(p[i]) != std::isnan(q[i])) return INFINITY;
    largest = std::max(largest, std::fabs(p[i]));
    difference = std::max(difference, std::fabs(p[i] - q[i]));
  }
  return difference / largest;
}

void compare(Lane& lane, const Contender& ours, double tolerance) {
  const std::vector<ac::Tensor>& theirs = lane.contender->outputs;
  if (theirs.empty()) return;
  for (std::size_t i = 0; i < theirs.size() && i < ours.outputs.size(); ++i) {
    lane.timing.error = std::max(lane.timing.error, relative_difference(ours.outputs[i], theirs[i]));
  }
  if (!(lane.timing.error <= tolerance)) lane.timing.failure = "the results differ from ours";
}

void prepare(Lane& lane, const Row& row, bool cpu_time) {
  const Contender& c = *lane.contender;
  lane.timing = {c.name, c.detail};
  try {
    timed(c, 1, cpu_time);
    compare(lane, row.contenders.front(), row.tolerance);
    lane.estimate = timed(c, 1, cpu_time);
    if (lane.estimate < slow) lane.estimate = std::min(lane.estimate, timed(c, 1, cpu_time));
  } catch (const std::exception& e) {
    lane.timing.failure = e.what();
  }
}

void sample(Lane& lane, bool cpu_time) {
  const double t = std::max(lane.estimate, 1e-9);
  const int count = t >= sample_seconds ? 1 : static_cast<int>(std::min(1e6, sample_seconds / t)) + 1;
  if (t < warmed_below && !lane.contender->sample) {
    const double until = now() + warm_seconds;
    do lane.contender->run();
    while (now() < until);
  }
  lane.samples.push_back(timed(*lane.contender, count, cpu_time) / count);
}

void summarise(Lane& lane) {
  std::vector<double>& s = lane.samples;
  if (s.empty()) return;
  std::sort(s.begin(), s.end());
  lane.timing.best = s.front();
  lane.timing.median = s[s.size() / 2];
  lane.timing.upper = s[std::min(s.size() - 1, s.size() * 9 / 10)];
  lane.timing.samples = static_cast<int>(s.size());
}

/// Keeps the thread on one core while rows of one thread are measured.
class Pin {
 public:
  explicit Pin(bool wanted) : wanted_(wanted) {
    if (!wanted_) return;
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~Pin() {
    if (wanted_) sched_setaffinity(0, sizeof before_, &before_);
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  bool wanted_;
  cpu_set_t before_;
};

}  // namespace

Measured measure(const Entry& entry, Row row, const Settings& settings) {
  Measured result{entry.number, entry.key, entry.what};
  result.divide = row.divide;
  result.goals = row.goals;
  Contender probe;
  if (row.limit) {
    result.limit_name = row.limit->name;
    probe = {"limit", row.limit->name, row.limit->probe};
  }
  // Rows that are not pinned use other threads, which the thread's own clock does not see.
  const bool cpu_time = settings.cpu_time && settings.threads == 1 && row.pinned;
  const Pin pin(settings.threads == 1 && row.pinned);
  std::vector<Lane> lanes;
  for (const Contender& c : row.contenders) lanes.push_back({&c, {}});
  if (row.limit) lanes.push_back({&probe, {}});
  for (Lane& lane : lanes) prepare(lane, row, cpu_time);
  const double until = now() + settings.seconds * static_cast<double>(lanes.size());
  for (std::size_t round = 0; round < 5 || now() < until; ++round) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      Lane& lane = lanes[(i + round) % lanes.size()];
      if (lane.timing.failure.empty() && (round == 0 || lane.estimate < slow)) sample(lane, cpu_time);
    }
  }
  for (Lane& lane : lanes) {
    summarise(lane);
    if (lane.contender == &probe) {
      result.limit = lane.timing.best * row.limit->scale;
    } else {
      result.timings.push_back(std::move(lane.timing));
    }
  }
  return result;
}

}  // namespace bench
