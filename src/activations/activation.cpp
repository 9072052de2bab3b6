// The public handle of an activation: what it is called, takes and means. Definitions by the user: define.cpp; look-up by text: text.cpp.
#include <fmt/format.h>

#include "activations/catalogue.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using activations::Entry;
using activations::Facts;
using activations::Found;
using activations::Parameter;
using activations::Takes;

std::string default_text(const Parameter& p) {
  if (p.required()) return "";
  switch (p.takes) {
    case Takes::number:
    case Takes::integer:
    case Takes::axis: return fmt::format("{}", *p.fallback);
    case Takes::flag: return *p.fallback != 0 ? "true" : "false";
    case Takes::text:
    case Takes::name:
    case Takes::kink: return p.choices.at(static_cast<std::size_t>(*p.fallback));
    case Takes::axes: return p.fallback ? fmt::format("{}", *p.fallback) : "all";
    case Takes::array:
    case Takes::mask: return "none";
  }
  return "";
}

std::string domain_text(const Parameter& p) {
  if (!p.domain.empty()) return p.domain;
  switch (p.takes) {
    case Takes::number: return "any number or expression";
    case Takes::array: return "an expression";
    case Takes::mask: return "a bool expression that broadcasts to the operand";
    case Takes::integer: return "an integer";
    case Takes::flag: return "true or false";
    case Takes::name: return "the name of an activation";
    case Takes::text:
    case Takes::kink: return fmt::format("one of '{}'", fmt::join(p.choices, "', '"));
    case Takes::axis: return "an axis";
    case Takes::axes: return "an axis, a list of axes or \"all\"";
  }
  return "";
}

}  // namespace

const std::string& Activation::name() const { return found_->entry->facts().name; }

std::vector<ParameterInfo> Activation::parameters() const {
  std::vector<ParameterInfo> list;
  for (const Parameter& p : found_->entry->facts().parameters)
    list.push_back({p.name, p.aliases, default_text(p), domain_text(p)});
  return list;
}

std::vector<std::string> Activation::aliases() const {
  std::vector<std::string> list;
  for (const activations::Alias& a : found_->entry->facts().aliases) list.push_back(a.name);
  return list;
}

ActivationInfo Activation::info() const {
  const Facts& f = found_->entry->facts();
  return {f.formula, f.documentation, f.source, f.advice, f.operand, found_->entry->is_elementwise(), f.kinks};
}

std::string Activation::documentation() const {
  const Facts& f = found_->entry->facts();
  std::string text = f.formula;
  for (const std::string& line : {f.documentation, f.source, f.advice})
    if (!line.empty()) text += (text.empty() ? "" : "\n") + line;
  return text;
}

Activation Activation::derivative(int n) const {
  if (n < 0 || n > 64)
    throw ValueError(fmt::format("[{}] the order of a derivative must be 0 to 64, not {}", name(), n));
  if (n > 0 && !found_->entry->is_elementwise())
    throw ValueError(fmt::format("[{}] works along an axis: differentiate with grad or jacobian", name()));
  return {found_, order_ + n};
}

bool Activation::is_defined() const { return found_->entry->traced().has_value(); }

Expr Activation::call(At x, std::vector<Argument> parameters) const {
  parameters.insert(parameters.begin(), Argument("", x.expr));
  return activations::apply(*found_, parameters, x.where, order_);
}

std::vector<Activation> catalogue() {
  std::vector<Activation> list;
  for (const auto& e : activations::all()) list.emplace_back(std::make_shared<const Found>(Found{e}), 0);
  return list;
}

namespace detail {

Expr activate(std::string_view name, At x, std::vector<Argument> parameters) {
  const auto found = activations::find(name);
  if (!found) throw InternalError(fmt::format("no activation {}", name));
  parameters.insert(parameters.begin(), Argument("", x.expr));
  return activations::apply(*found, parameters, x.where);
}

}  // namespace detail
}  // namespace actinium
