// docs/activations.md and its pictures, from the catalogue: `actinium activations --markdown` and `--pictures`. Start
// reading at activations_markdown.
#include <actinium/activations.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>

#include "command.hpp"
#include "figure.hpp"

namespace actinium::cli {
namespace {

constexpr std::string_view head =
    R"md(<!-- Written by ./dev docs from the catalogue (src/activations/catalogue_*.cpp); a test compares the two. -->
# Activations

Every activation of the catalogue, with its value (blue), first (orange) and second derivative (green), all with their own
stable formulas. At a jump a full circle is the value that is taken, an open one the limit on the other side.
[choosing.md](choosing.md) says which to take.

A name can be written in C++ (`ac::relu(x)`), as text (`ac::activation("relu")`) and on the command line
(`actinium eval "relu(x)" x=-1`), parameters by position or by name, aliases likewise. Where another framework means something
else by a name, *elsewhere* says what; `--compat` and `ac::compat` choose it. What has a kink takes `kink=` too: the derivative
there is `strict` (ours: of the branch that the strict comparison takes), `right` (the limit from the right), `mean` (of both
limits), `sum` or `zero`.

)md";

/// What a picture shows: the plot of an expression in x.
struct Shown {
  std::string expression;
  std::vector<std::string> values;
  std::string caption;  ///< of what is no plain function of a number
  Interval range = {-5, 5};
};

/// Whether it is a function of x, with a value at 1/4.
bool has_value(const Shown& shown) {
  Options options;
  options.expression = shown.expression;
  options.values = shown.values;
  try {
    Problem p = read_function(options, 0);
    p.values.front() = Tensor::scalar(0.25, p.graph.dtype());
    return std::isfinite(compile(p.inputs, p.outputs, {.engine = Engine::interpret})(p.values)[0].item());
  } catch (const Error&) {
    return false;
  }
}

/// A function of one number for each entry: itself, with 0.25 for parameters that have no default; for what takes more
/// than a number, the first of these forms that has a meaning.
std::optional<Shown> shown_of(const Activation& a) {
  const std::string& n = a.name();
  if (a.info().elementwise) {
    std::vector<std::string> required;
    for (const ParameterInfo& p : a.parameters())
      if (p.fallback.empty()) required.push_back(fmt::format("{}=0.25", p.name));
    if (required.empty()) return Shown{n + "(x)", {}, ""};
    const std::string list = fmt::format("{}", fmt::join(required, ", "));
    const std::string call = fmt::format("{}(x, {})", n, list);
    return Shown{call, {}, fmt::format("`{}`", call)};
  }
  const std::vector<std::string> row{"a=[1,0,0]", "b=[0,0,1]"};
  const std::array forms{
      Shown{n + "(x, 1)", {}, fmt::format("`{}(x, 1)`", n)},
      Shown{fmt::format("sum({}(x*a + b)*a)", n), row, "its first element for x, 0 and 1"},
      Shown{fmt::format("{}(x*a + b, argmax(a))", n), row,
            "the loss for logits x, 0 and 1, the first class being right"},
      Shown{fmt::format("{}(x*a + (1 - x)*b, 0.5*(a + b))", n),
            {"a=[1,0]", "b=[0,1]"},
            "its value for the probabilities x and 1 - x against one half each",
            {0, 1}},
      Shown{fmt::format("sum({}(x*a + b, 3))", n), row, "its value for x, 0 and 1"},
      Shown{fmt::format("sum({}(x*a + b))", n), row, "the sum of its elements for x, 0 and 1"},
      Shown{fmt::format("sum({}(x*a + b))", n), {"a=[0,1]", "b=[1,0]"}, "its value for 1 and x"},
  };
  const auto found = std::find_if(forms.begin(), forms.end(), has_value);
  return found == forms.end() ? std::nullopt : std::optional(*found);
}

/// Text as Markdown shows it unchanged.
std::string prose(std::string_view text) {
  std::string out;
  bool code = false;
  for (const char c : text) {
    code = code != (c == '`');
    out += code || (c != '*' && c != '<' && c != '|') ? std::string(1, c) : c == '<' ? "&lt;" : std::string{'\\', c};
  }
  return out;
}

std::string signature(const Activation& a) {
  std::vector<std::string> list{a.info().operand};
  for (const ParameterInfo& p : a.parameters())
    if (p.name != "kink") list.push_back(p.fallback.empty() ? p.name : fmt::format("{}={}", p.name, p.fallback));
  return fmt::format("{}({})", a.name(), fmt::join(list, ", "));
}

std::string parameter_table(const Activation& a) {
  std::string rows;
  for (const ParameterInfo& p : a.parameters()) {
    if (p.name == "kink") continue;
    rows += fmt::format("| `{}`", p.name);
    for (const std::string& alias : p.aliases) rows += fmt::format(", `{}`", alias);
    rows += fmt::format(" | {} | {} |\n", p.fallback.empty() ? "required" : fmt::format("`{}`", p.fallback),
                        prose(p.domain));
  }
  return rows.empty() ? "" : "\n| parameter | default | takes |\n|---|---|---|\n" + rows;
}

std::string section(const Activation& a) {
  const ActivationInfo info = a.info();
  std::string text = fmt::format("## {}\n\n", a.name());
  if (const auto shown = shown_of(a)) {
    text += fmt::format("![{}](images/activations/{}.svg)\n\n", a.name(), a.name());
    if (!shown->caption.empty()) text += fmt::format("The picture shows {}.\n\n", shown->caption);
  }
  text += fmt::format("`{}`", signature(a));
  if (!a.aliases().empty()) text += fmt::format(", also `{}`", fmt::join(a.aliases(), "`, `"));
  text += fmt::format("\n\n```\n{}\n```\n", info.formula);
  if (!info.conventions.empty()) text += prose(info.conventions) + "\n";
  text += fmt::format("\n**When to use it.** {}\n", prose(info.advice));
  text += parameter_table(a);
  std::vector<std::string> systems;
  for (const SystemDefaults& d : a.differences())
    systems.push_back(fmt::format("{}{} {}", name_of(d.system), d.name == a.name() ? "" : fmt::format(" `{}`", d.name),
                                  d.parameters.empty() ? "as here" : fmt::format("`{}`", d.parameters)));
  if (!systems.empty()) text += fmt::format("\nElsewhere: {}.\n", fmt::join(systems, "; "));
  if (!info.source.empty()) text += fmt::format("\nSource: {}.\n", prose(info.source));
  return text + "\n";
}

}  // namespace

std::string activations_markdown() {
  std::string text(head);
  std::vector<std::string> links;
  for (const Activation& a : catalogue())
    if (!a.is_defined()) links.push_back(fmt::format("[{0}](#{0})", a.name()));
  text += fmt::format("{}\n\n", fmt::join(links, " \u00b7 "));
  for (const Activation& a : catalogue())
    if (!a.is_defined()) text += section(a);
  text.pop_back();
  return text;
}

void draw_activations(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const Activation& a : catalogue()) {
    const auto shown = shown_of(a);
    if (!shown || a.is_defined()) continue;
    Interval range = shown->range;
    for (const double k : a.info().kinks) range = {std::min(range.low, k - 2), std::max(range.high, k + 2)};
    Options options;
    options.outputs = {fmt::format("{}/{}.svg", directory, a.name())};
    PlotOptions plot;
    plot.texts = shown->values;
    plot.texts.insert(plot.texts.begin(), shown->expression);
    plot.range = fmt::format("{}:{}", range.low, range.high);
    plot.title = a.name();
    plot.derivatives = 2;
    plot.size = "560x350";
    run_plot(options, plot);
  }
}

}  // namespace actinium::cli
