// `actinium check`: the derivatives of an expression against differences of it. Start reading at run_check.
#include <actinium/check.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace actinium::cli {
namespace {

using nlohmann::json;

/// JSON has no infinities and no NaN: they become text.
json number(double v) { return std::isfinite(v) ? json(v) : json(fmt::format("{}", v)); }

json describe(const GradientEntry& e) {
  json j{{"index", e.index},
         {"analytic", number(e.analytic)},
         {"numerical", number(e.numerical)},
         {"difference", number(e.difference)},
         {"allowed", number(e.allowed)},
         {"kink", e.kink},
         {"ok", e.ok}};
  if (!e.input.empty()) j["input"] = e.input;
  if (e.kink) j["slopes"] = {number(e.below), number(e.above)};
  return j;
}

std::string as_json(const GradientReport& r) {
  json j{{"ok", r.ok()},
         {"inputs", json::array()},
         {"directions", json::array()},
         {"wrong", json::array()},
         {"kinks", json::array()}};
  for (const InputReport& i : r.inputs) {
    json one{{"input", i.input}, {"shape", i.shape}, {"checked", i.checked}, {"kinks", i.kinks}, {"wrong", i.wrong}};
    if (i.checked > 0) one["worst"] = describe(i.worst);
    j["inputs"].push_back(one);
  }
  for (const DirectionReport& d : r.directions) {
    json one = describe(d.entry);
    one["forward"] = number(d.forward);
    one["ok"] = d.ok;
    j["directions"].push_back(one);
  }
  for (const GradientEntry& e : r.wrong) j["wrong"].push_back(describe(e));
  for (const GradientEntry& e : r.kinks) j["kinks"].push_back(describe(e));
  return j.dump(2) + "\n";
}

}  // namespace

int run_check(const Options& options, const CheckChoices& choices) {
  GradientCheckOptions checked;
  checked.step = choices.step;
  checked.tolerance = choices.tolerance;
  checked.entries = choices.entries;
  checked.directions = choices.directions;
  checked.seed = choices.seed;
  checked.compile = compile_options(options);
  if (choices.inputs) checked.inputs = split_names(*choices.inputs, "--inputs");
  const Problem p = read_shapes(options, f64);
  const std::vector<Tensor> values = random_inputs(p, options, choices.seed);
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < p.inputs.size(); ++i) feeds.push_back({p.inputs[i], values[i].array()});
  const GradientReport report = check_gradient(p.outputs, std::span<const Feed>(feeds), checked);
  print(choices.as_json ? as_json(report) : report.text());
  return report.ok() ? 0 : 1;
}

}  // namespace actinium::cli
