// `actinium activations` and `actinium info`.
#include <actinium/activations.h>
#include <actinium/version.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.hpp"

namespace actinium::cli {
namespace {

std::string parameters_text(const Activation& a) {
  std::vector<std::string> list;
  for (const ParameterInfo& p : a.parameters())
    list.push_back(p.fallback.empty() ? p.name : fmt::format("{}={}", p.name, p.fallback));
  return list.empty() ? "" : fmt::format("({})", fmt::join(list, ", "));
}

std::string entry_text(const Activation& a) {
  std::string text = fmt::format("{}{}\n", a.name(), parameters_text(a));
  if (!a.aliases().empty()) text += fmt::format("also: {}\n", fmt::join(a.aliases(), ", "));
  for (const ParameterInfo& p : a.parameters()) {
    text += fmt::format("  {}", p.name);
    if (!p.aliases.empty()) text += fmt::format(" ({})", fmt::join(p.aliases, ", "));
    text += p.fallback.empty() ? ": required" : fmt::format(": default {}", p.fallback);
    text += p.domain.empty() ? "\n" : fmt::format("; {}\n", p.domain);
  }
  text += a.documentation();
  for (const SystemDefaults& d : a.differences())
    text += fmt::format("\n{}{}: {}", name_of(d.system), d.name == a.name() ? "" : fmt::format(" {}", d.name),
                        d.parameters.empty() ? "as here" : d.parameters);
  return text.ends_with('\n') ? text : text + '\n';
}

}  // namespace

int run_activations(const std::string& name) {
  if (!name.empty()) {
    print(entry_text(activation(name, compat::ours, std::source_location{})));
    return 0;
  }
  std::string text;
  for (const Activation& a : catalogue()) {
    const std::string head = a.name() + parameters_text(a);
    text += a.aliases().empty() ? head + '\n' : fmt::format("{:<48}  {}\n", head, fmt::join(a.aliases(), " "));
  }
  print(text);
  return 0;
}

int run_info() {
  print(fmt::format("actinium {}\nLLVM {}\n{}cache: compiled code is kept in memory, none on disk\n", version(),
                    llvm_version(), host_description()));
  return 0;
}

}  // namespace actinium::cli
