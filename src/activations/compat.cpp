// What names mean elsewhere: one table of the defaults and the derivatives at kinks that other systems have where ours
// differ. Start reading at differences.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "activations/catalogue.hpp"

namespace actinium::activations {
namespace {

/// A line: the systems; names, separated by spaces (a canonical one stands for all names of the entry that have no line
/// of their own); what they preset there.
struct Difference {
  std::vector<compat> systems;
  std::string_view names;
  std::vector<Argument> presets;
};

const std::vector<Difference>& differences() {
  using enum compat;
  static const std::vector<Difference> all{
      // Defaults.
      {{keras, keras2}, "leaky_relu", {{"negative_slope", 0.2}}},
      {{keras, keras2}, "LeakyReLU", {{"negative_slope", 0.3}}},  // the layer
      {{jax, mlx}, "leaky_relu", {{"kink", "right"}}},
      {{keras, keras2}, "prelu", {{"slope", 0.0}, {"kink", "zero"}}},  // relu(x) - a*relu(-x)
      {{torch}, "prelu", {{"slope", 0.25}}},
      {{mlx}, "prelu", {{"slope", 0.25}, {"kink", "sum"}}},  // max(x, 0) + a*min(x, 0)
      {{keras2, onnx}, "hard_sigmoid", {{"alpha", 0.2}, {"beta", 0.5}}},
      {{onnx}, "hard_silu", {{"alpha", static_cast<double>(1.0f / 6.0f)}, {"beta", 0.5}}},
      {{jax}, "gelu", {{"approximate", "tanh"}}},
      {{keras, keras2}, "selu", {{"kink", "right"}}},
      {{onnx}, "selu", {{"alpha", 1.67326319217681884765625}, {"scale", 1.05070102214813232421875}}},
      {{mlx}, "selu", {{"alpha", 1.67326}, {"scale", 1.0507}}},
      {{torch}, "softplus", {{"threshold", 20.0}}},
      {{keras2}, "softmax", {{"strict_rank", true}}},
      {{onnx}, "logsumexp", {{"keepdims", true}}},
      // Kinks alone.
      {{jax}, "hard_tanh", {{"kink", "sum"}}},
      {{jax}, "sparse_sigmoid", {{"kink", "mean"}}},
      {{jax}, "abs", {{"kink", "right"}}},
      {{jax}, "clamp clip Clip clip_v2", {{"kink", "mean"}}},
      {{torch}, "clamp clip Clip clip_v2", {{"kink", "sum"}}},
      {{jax, torch}, "maximum minimum reduce_max reduce_min", {{"kink", "mean"}}},
      {{mlx}, "maximum minimum", {{"kink", "second"}}},
  };
  return all;
}

bool lists(std::string_view names, std::string_view name) {
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(' ', begin), names.size());
    if (names.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

const Difference* line_of(std::string_view name, compat system) {
  for (const Difference& d : differences())
    if (std::find(d.systems.begin(), d.systems.end(), system) != d.systems.end() && lists(d.names, name)) return &d;
  return nullptr;
}

std::string text_of(const Argument& a) {
  switch (a.kind) {
    case Argument::Kind::none: return "none";
    case Argument::Kind::expr: return fmt::format("{}", a.expr.literal());
    case Argument::Kind::flag: return a.expr.literal() != 0 ? "true" : "false";
    case Argument::Kind::text: return fmt::format("\"{}\"", a.text);
    case Argument::Kind::axes: return a.axes.all() ? "\"all\"" : fmt::format("({},)", fmt::join(a.axes.list(), ", "));
  }
  return "";
}

}  // namespace

std::vector<Argument> presets_of(std::string_view name, std::string_view canonical, compat system) {
  const Difference* line = line_of(name, system);
  if (line == nullptr) line = line_of(canonical, system);
  return line == nullptr ? std::vector<Argument>{} : line->presets;
}

ops::Kink kink_of_function(std::string_view name, compat system) {
  const Difference* line = line_of(name, system);
  return line == nullptr ? ops::Kink::strict : ops::kink_named(line->presets.front().text).value_or(ops::Kink::strict);
}

std::string text_of(std::span<const Argument> presets) {
  std::string text;
  for (const Argument& a : presets) text += fmt::format("{}{}={}", text.empty() ? "" : ", ", a.name, text_of(a));
  return text;
}

}  // namespace actinium::activations

namespace actinium {

std::string_view name_of(compat system) {
  switch (system) {
    case compat::ours: return "ours";
    case compat::keras: return "keras";
    case compat::keras2: return "keras2";
    case compat::torch: return "torch";
    case compat::jax: return "jax";
    case compat::onnx: return "onnx";
    case compat::mlx: return "mlx";
  }
  return "";
}

std::vector<SystemDefaults> Activation::differences() const {
  std::vector<SystemDefaults> list;
  for (compat system : all_systems) {
    const auto common = activations::text_of(activations::presets_of(name(), name(), system));
    if (!common.empty()) list.push_back({system, name(), common});
    for (const std::string& alias : aliases()) {
      const auto own = activations::text_of(activations::presets_of(alias, name(), system));
      if (own != common) list.push_back({system, alias, own});
    }
  }
  return list;
}

}  // namespace actinium
