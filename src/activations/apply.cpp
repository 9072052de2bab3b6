// The call of an activation: arguments by position and name become terms, checked. Start reading at apply.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "activations/catalogue.hpp"
#include "activations/formula.hpp"
#include "ops/error.hpp"

namespace actinium::activations {
namespace {

/// Parameters that may be passed by position.
std::size_t count_positional(const Found& found) {
  if (!found.order.empty()) return found.order.size();
  const auto& all = found.entry->facts().parameters;
  return all.size() - (!all.empty() && all.back().takes == Takes::kink);
}

/// One call being bound: which argument each parameter got.
class Binder {
 public:
  Binder(const Found& found, std::span<const Argument> arguments, const Location& where)
      : facts_(found.entry->facts()), found_(found), where_(where), given_(facts_.parameters.size(), nullptr) {
    assign(arguments);
    for (const Argument& a : found.presets) {
      const std::size_t i = require(a.name);
      if (given_[i] == nullptr) given_[i] = &a;
    }
  }

  /// Checks what is given, where all that a call needs is not.
  void check() {
    Terms ignored;
    for (std::size_t i = 0; i < given_.size(); ++i) {
      const Takes takes = facts_.parameters[i].takes;
      if (given_[i] != nullptr && takes != Takes::axis && takes != Takes::axes)
        add(ignored, facts_.parameters[i], given_[i]);
    }
  }

  Terms terms() {
    if (x_ == nullptr) fail<ValueError>(fmt::format("needs {}", facts_.operand));
    if (x_->kind != Argument::Kind::expr)
      fail<TypeError>(fmt::format("{} must be an expression or a number", facts_.operand));
    Terms t{x_->expr, {}, {}, {}};
    for (std::size_t i = 0; i < facts_.parameters.size(); ++i) add(t, facts_.parameters[i], given_[i]);
    t.options.insert(t.options.end(), axes_.begin(), axes_.end());
    if (facts_.check != nullptr)
      if (const std::string wrong = facts_.check(t); !wrong.empty()) fail<ValueError>(wrong);
    return t;
  }

 private:
  const Facts& facts_;
  const Found& found_;
  Location where_;
  const Argument* x_ = nullptr;
  std::vector<const Argument*> given_;
  std::vector<std::int64_t> axes_;  // a list without an end, so it stands last among the options

  template <class E>
  [[noreturn]] void fail(std::string_view text) const {
    ops::fail<E>(place(), facts_.name, text);
  }
  Location place() const {
    if (x_ == nullptr || !x_->expr.is_bound()) return where_;
    const GraphData& graph = *x_->expr.graph();
    return graph.ambient != no_location ? graph.location(graph.ambient) : where_;
  }

  std::optional<std::size_t> index_of(std::string_view name) const {
    for (const std::string& o : found_.order) {  // "alias=name"
      const auto equals = o.find('=');
      if (equals != std::string::npos && std::string_view(o).substr(0, equals) == name)
        name = std::string_view(o).substr(equals + 1);
    }
    for (std::size_t i = 0; i < facts_.parameters.size(); ++i) {
      const Parameter& p = facts_.parameters[i];
      if (p.name == name || std::find(p.aliases.begin(), p.aliases.end(), name) != p.aliases.end()) return i;
    }
    return std::nullopt;
  }

  std::size_t require(std::string_view name) const {
    if (const auto i = index_of(name)) return *i;
    std::vector<std::string> names;
    for (const Parameter& p : facts_.parameters) names.push_back(p.name);
    fail<NameError>(names.empty() ? fmt::format("has no parameter '{}'; it takes {} alone", name, facts_.operand)
                                  : fmt::format("has no parameter '{}'; it takes {}", name, fmt::join(names, ", ")));
  }

  /// The parameter at a position after x.
  std::size_t positional(std::size_t position, std::size_t count) const {
    if (!found_.order.empty()) {
      if (position < found_.order.size())
        return require(std::string_view(found_.order[position]).substr(0, found_.order[position].find('=')));
    } else if (position < count_positional(found_)) {
      return position;
    }
    const std::size_t most = count_positional(found_);
    fail<ValueError>(fmt::format("takes {} and at most {} parameter{}; {} were passed", facts_.operand, most,
                                 most == 1 ? "" : "s", count));
  }

  void assign(std::span<const Argument> arguments) {
    std::size_t count = 0;
    for (const Argument& a : arguments) count += a.name.empty();
    std::size_t position = 0;
    for (const Argument& a : arguments) {
      const bool is_x = a.name.empty() ? position == 0 : a.name == facts_.operand && !index_of(a.name);
      if (is_x) {
        if (x_ != nullptr) fail<ValueError>(fmt::format("{} is given twice", facts_.operand));
        x_ = &a;
        position += a.name.empty();
        continue;
      }
      const std::size_t i = a.name.empty() ? positional(position++ - 1, count - 1) : require(a.name);
      if (given_[i] != nullptr) fail<ValueError>(fmt::format("{} is given twice", facts_.parameters[i].name));
      given_[i] = &a;
    }
  }

  void add(Terms& t, const Parameter& p, const Argument* a) {
    if (a != nullptr && a->kind == Argument::Kind::none) a = nullptr;
    if (a == nullptr && p.required()) fail<ValueError>(fmt::format("needs {}", p.name));
    switch (p.takes) {
      case Takes::number:
      case Takes::array: return t.parameters.push_back(operand(p, a));
      case Takes::mask:
        if (a != nullptr) t.mask = mask(p, *a);
        return;
      case Takes::integer: return t.options.push_back(integer(p, a));
      case Takes::flag: return t.options.push_back(flag(p, a));
      case Takes::text: return t.options.push_back(choice(p, a));
      case Takes::kink: t.kink = static_cast<ops::Kink>(choice(p, a)); return;
      case Takes::name: return t.names.push_back(named(p, a));
      case Takes::axis:
        return t.options.push_back(ops::normal_axis(place(), facts_.name, static_cast<int>(integer(p, a)), t.x.rank()));
      case Takes::axes: axes_ = axes(p, a, t.x.rank()); return;
    }
  }

  Expr operand(const Parameter& p, const Argument* a) const {
    if (a == nullptr) return Expr(*p.fallback);
    if (a->kind != Argument::Kind::expr) fail<TypeError>(fmt::format("{} must be a number or an expression", p.name));
    const auto value = literal(a->expr);
    const bool good = !value || (p.valid == nullptr ? !std::isnan(*value) : p.valid(*value));
    if (!good)
      fail<ValueError>(fmt::format("{} must be {}, not {}", p.name, p.domain.empty() ? "a number" : p.domain, *value));
    return a->expr;
  }

  Expr mask(const Parameter& p, const Argument& a) const {
    if (a.kind == Argument::Kind::expr && a.expr.is_bound() && a.expr.dtype() == DType::b8) return a.expr;
    const bool numbers = a.kind == Argument::Kind::expr && a.expr.is_bound();
    fail<TypeError>(fmt::format("{} must be a bool expression{}", p.name, numbers ? "; compare it, as in m != 0" : ""));
  }

  std::int64_t integer(const Parameter& p, const Argument* a) const {
    if (a == nullptr) return static_cast<std::int64_t>(*p.fallback);
    std::optional<double> value;
    if (a->kind == Argument::Kind::expr) value = literal(a->expr);
    if (a->kind == Argument::Kind::axes && !a->axes.all() && a->axes.list().size() == 1) value = a->axes.list()[0];
    if (!value || *value != std::floor(*value) || std::abs(*value) > 1e9)
      fail<TypeError>(fmt::format("{} must be a literal integer", p.name));
    if (p.valid != nullptr && !p.valid(*value))
      fail<ValueError>(fmt::format("{} must be {}, not {}", p.name, p.domain, *value));
    return static_cast<std::int64_t>(*value);
  }

  std::int64_t flag(const Parameter& p, const Argument* a) const {
    if (a == nullptr) return static_cast<std::int64_t>(*p.fallback);
    const auto value =
        a->kind == Argument::Kind::expr || a->kind == Argument::Kind::flag ? literal(a->expr) : std::nullopt;
    if (value != 0 && value != 1) fail<TypeError>(fmt::format("{} must be true or false", p.name));
    return *value == 1;
  }

  /// Text; true and false stand for the second and the first choice.
  std::int64_t choice(const Parameter& p, const Argument* a) const {
    if (a == nullptr) return static_cast<std::int64_t>(*p.fallback);
    if (a->kind == Argument::Kind::flag) return *literal(a->expr) == 1;
    const auto at = std::find(p.choices.begin(), p.choices.end(), a->text);
    if (a->kind == Argument::Kind::text && at != p.choices.end()) return at - p.choices.begin();
    fail<ValueError>(fmt::format("{} must be one of '{}'{}", p.name, fmt::join(p.choices, "', '"),
                                 a->kind == Argument::Kind::text ? fmt::format(", not '{}'", a->text) : ""));
  }

  Activation named(const Parameter& p, const Argument* a) const {
    if (a == nullptr) return {std::make_shared<const Found>(*find(p.choices.front())), 0};
    if (a->kind != Argument::Kind::text) fail<TypeError>(fmt::format("{} must be the name of an activation", p.name));
    try {
      return activation(a->text, compat::ours, std::source_location{});
    } catch (const NameError& e) {
      fail<NameError>(fmt::format("{}: {}", p.name, e.what()));
    }
  }

  std::vector<std::int64_t> axes(const Parameter& p, const Argument* a, int rank) const {
    if (a == nullptr && p.fallback)
      return ops::normal_axes(place(), facts_.name, Axes(static_cast<int>(*p.fallback)), rank);
    if (a == nullptr || (a->kind == Argument::Kind::text && a->text == "all"))
      return ops::normal_axes(place(), facts_.name, all_axes, rank);
    if (a->kind == Argument::Kind::axes) return ops::normal_axes(place(), facts_.name, a->axes, rank);
    if (a->kind == Argument::Kind::expr)
      return ops::normal_axes(place(), facts_.name, Axes(static_cast<int>(integer(p, a))), rank);
    fail<TypeError>(fmt::format("{} must be an axis, a list of axes or \"all\"", p.name));
  }
};

}  // namespace

void preset(Found& found, Argument argument, int position, const Location& where) {
  const Facts& facts = found.entry->facts();
  if (argument.name.empty()) {
    const std::size_t i = static_cast<std::size_t>(position);
    const std::size_t most = count_positional(found);
    if (i >= most)
      ops::fail<ValueError>(where, facts.name, fmt::format("takes at most {} parameter{}", most, most == 1 ? "" : "s"));
    argument.name =
        found.order.empty() ? facts.parameters[i].name : found.order[i].substr(found.order[i].find('=') + 1);
  }
  // The newest stands first: the binder takes the first preset of a parameter.
  found.presets.insert(found.presets.begin(), std::move(argument));
}

void check_presets(const Found& found, const Location& where) {
  const std::array probe{Argument("", 0.0)};
  Binder binder(found, probe, where);
  const auto& parameters = found.entry->facts().parameters;
  const bool complete = std::none_of(parameters.begin(), parameters.end(), [](auto& p) { return p.required(); });
  if (complete && found.entry->is_elementwise())
    binder.terms();
  else
    binder.check();
}

Expr apply(const Found& found, std::span<const Argument> arguments, std::source_location where, int order) {
  const Entry& entry = *found.entry;
  order += found.derivative;
  const Terms terms = Binder(found, arguments, ops::location_of(where)).terms();
  if (entry.facts().special != nullptr)
    if (const auto special = entry.facts().special(terms, order, where)) return *special;
  if (order > (entry.facts().axis_slope != nullptr ? 1 : 0) && !entry.is_elementwise())
    ops::fail<ValueError>(ops::place(terms.x.graph().get(), where), entry.facts().name,
                          "works along an axis: differentiate with grad or jacobian");
  if (entry.is_elementwise() && terms.x.is_bound() && terms.x.dtype() == DType::b8)
    ops::fail<TypeError>(ops::place(terms.x.graph().get(), where), entry.facts().name,
                         "needs a number, the operand is bool; convert it with cast");
  const GraphPtr graph = terms.x.graph();
  const std::size_t before = graph != nullptr ? graph->size() : 0;
  const Expr y = entry.make(order, terms, where);
  // Derivatives that the catalogue writes have their roundings weighed: recognise leaves them.
  if (graph != nullptr && order > 0) graph->mark_derived(before);
  return y;
}

}  // namespace actinium::activations
