// `actinium certify`: how far an expression of one variable is from the truth, in ulp. Start reading at run_certify.
#include <actinium/certify.h>
#include <actinium/io.h>
#include <actinium/parse.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace actinium::cli {
namespace {

using nlohmann::json;

/// JSON has no infinities and no NaN: they become text.
json number(double v) { return std::isfinite(v) ? json(v) : json(fmt::format("{}", v)); }
json witness(const Witness& w) { return {{"x", number(w.x)}, {"result", number(w.result)}, {"truth", number(w.truth)}}; }
json sightings(const Sightings& s) {
  json j{{"count", s.count}};
  if (s.first) j["first"] = witness(*s.first);
  return j;
}

json describe(const Accuracy& a) {
  json j{{"order", a.order},
         {"judged", a.judged},
         {"unjudged", a.unjudged},
         {"skipped", a.skipped},
         {"worst_ulp", number(a.worst_ulp)},
         {"worst", witness(a.worst)},
         {"within",
          {{"1", a.within[0]}, {"2", a.within[1]}, {"4", a.within[2]}, {"more", a.within[3]}}},
         {"wrong_nan", sightings(a.wrong_nan)},
         {"missing_nan", sightings(a.missing_nan)},
         {"wrong_zero", sightings(a.wrong_zero)},
         {"wrong_infinity", sightings(a.wrong_infinity)},
         {"wrong_sign", sightings(a.wrong_sign)},
         {"backward_steps", sightings(a.backward_steps)},
         {"broken", sightings(a.broken)},
         {"holds", a.holds}};
  if (a.bound) j["bound"] = *a.bound;
  if (a.first_overflow) j["first_overflow"] = witness(*a.first_overflow);
  if (!a.zeros.empty()) {
    j["zeros"] = a.zeros;
    j["worst_near_zeros"] = number(a.worst_near_zeros);
    j["worst_near_zeros_at"] = witness(a.worst_near_zeros_at);
  }
  return j;
}

std::string as_json(const Certificate& c) {
  json j{{"expression", c.expression}, {"dtype", name_of(c.dtype)},   {"exhaustive", c.exhaustive},
         {"seconds", c.seconds},       {"reference", c.reference},    {"holds", c.holds()},
         {"orders", json::array()}};
  for (const Accuracy& a : c.orders) j["orders"].push_back(describe(a));
  for (const Accuracy& a : c.naive) j["naive"].push_back(describe(a));
  return j.dump(2) + "\n";
}

/// A line on stderr that overwrites itself, if somebody watches.
class Progress {
 public:
  void operator()(double done) {
    if (!shown_) return;
    constexpr int width = 40;
    const int filled = static_cast<int>(done * width);
    std::fputs(fmt::format("\r[{:<{}}] {:3.0f} %", std::string(static_cast<std::size_t>(filled), '#'), width, 100 * done).c_str(),
               stderr);
    std::fflush(stderr);
  }
  ~Progress() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  bool shown_ = isatty(2) != 0;
};

/// --judge measures one order of what is in files: options about our own results say nothing there.
void check(const CertifyChoices& choices) {
  if (choices.judged.empty()) {
    if (choices.order != 0) throw ValueError("--order goes with --judge; --derivatives 2 measures up to the second");
    return;
  }
  if (choices.derivatives != 0 || choices.samples != 0 || !choices.against.empty())
    throw ValueError("--judge measures the numbers in its files, without --derivatives, --samples and --against");
}

Certificate judge_files(const Problem& p, const CertifyChoices& choices, const CertifyOptions& options) {
  const std::size_t colon = choices.judged.find(".npy:");
  if (colon == std::string::npos)
    throw ValueError(fmt::format("--judge takes X.npy:Y.npy, not '{}'", choices.judged));
  const Tensor x = load_npy(choices.judged.substr(0, colon + 4)), y = load_npy(choices.judged.substr(colon + 5));
  return judge(p.outputs[0], x, y, choices.order, options);
}

}  // namespace

int run_certify(const Options& options, const CertifyChoices& choices) {
  CertifyOptions certified;
  certified.derivatives = choices.derivatives;
  certified.samples = choices.samples;
  certified.bound = choices.bound;
  if (choices.against == "naive")
    certified.against_naive = true;
  else if (!choices.against.empty())
    throw ValueError(fmt::format("--against takes naive, not '{}'", choices.against));
  certified.compile = compile_options(options);
  check(choices);
  const Problem p = read_univariate(options);
  Certificate c;
  {
    Progress progress;
    certified.progress = [&progress](double done) { progress(done); };
    c = choices.judged.empty() ? certify(p.outputs[0], certified) : judge_files(p, choices, certified);
  }
  print(choices.as_json ? as_json(c) : c.text());
  return c.holds() ? 0 : 1;
}

}  // namespace actinium::cli
