// The public handle, definitions by the user, look-up by text. Start reading at define.
#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <fstream>

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

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > 200 || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (char c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  return true;
}

/// One run of the user's function over placeholders of a floating type.
Module trace(std::string_view name, const Definition& function, const std::vector<DefinedParameter>& parameters,
             DType type, const Location& where) {
  Module m{std::make_shared<GraphData>(type), {}, {}};
  std::vector<Expr> operands;
  const auto input = [&](const std::string& n, const Shape& shape) {
    m.inputs.push_back(m.graph->add_input(n, shape, type, no_location));
    operands.emplace_back(m.graph, m.inputs.back());
  };
  const Shape shape{Dim("rows"), Dim("columns")};
  input("x", shape);
  for (const DefinedParameter& p : parameters) input(p.name, Shape{});
  Expr y = function(operands.data());
  if (!y.is_bound()) y = ops::filled(operands[0], y.literal(), shape);
  const auto fail = [&]<class E>(std::type_identity<E>, std::string_view text) {
    ops::fail<E>(where, "define", fmt::format("{} {}", name, text));
  };
  if (y.graph() != m.graph)
    fail(std::type_identity<GraphError>{}, "uses expressions of another graph: pass them as parameters");
  if (y.dtype() != type)
    fail(std::type_identity<TypeError>{},
         fmt::format("changes the type: {} becomes {}", name_of(type), name_of(y.dtype())));
  if (y.shape() != shape && y.rank() != 0)
    fail(std::type_identity<ShapeError>{},
         fmt::format("changes the shape: {} becomes {}", shape.str(), y.shape().str()));
  m.outputs.push_back(y.id());
  const std::vector<char> needed = reachable(*m.graph, m.outputs);
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    const ops::Op op = m.graph->op(NodeId{i});
    if (!needed[i] || op == ops::Op::input || op == ops::Op::constant) continue;
    const bool elementwise =
        ops::kind_of(op) == ops::Kind::elementwise || op == ops::Op::broadcast ||
        (op == ops::Op::activation && m.graph->shape(NodeId{i}) == m.graph->shape(m.graph->operand(NodeId{i}, 0)) &&
         static_cast<const Entry&>(ops::unit_of(*m.graph, NodeId{i})).is_elementwise());
    if (!elementwise)
      fail(std::type_identity<ShapeError>{}, fmt::format("is not elementwise: it uses {}", ops::name_of(op)));
  }
  return m;
}

std::string printed(const Module& m) { return print_text(*m.graph, m.outputs[0]); }

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

void Activation::save(const std::string& path) const {
  const auto& traced = found_->entry->traced();
  if (!traced) throw ValueError(fmt::format("[save] '{}' is a builtin activation", name()));
  std::string head = name() + "(x";
  for (const Parameter& p : found_->entry->facts().parameters) head += fmt::format(", {}={}", p.name, *p.fallback);
  std::ofstream out(path);
  out << head << ") = " << traced->text << "\n";
  if (traced->derivative) out << name() << "' = " << traced->derivative_text << "\n";
  out.close();
  if (!out) throw IoError(fmt::format("[save] cannot write {}", path));
}

Activation define(std::string_view name, const Definition& function, const std::vector<DefinedParameter>& parameters,
                  const DefineOptions& options, std::source_location at) {
  const Location where = ops::location_of(at);
  if (!is_identifier(name))
    ops::fail<NameError>(
        where, "define",
        fmt::format("'{}' is no name: letters, digits and '_', not starting with a digit", name.substr(0, 80)));
  for (const Definition* d : {&function, &options.derivative})
    if (d->arity() != 0 && d->arity() != parameters.size() + 1)
      ops::fail<ValueError>(where, "define",
                            fmt::format("{}: a function takes {} parameters besides x, {} are declared", name,
                                        d->arity() - 1, parameters.size()));
  if (function.arity() == 0) ops::fail<ValueError>(where, "define", fmt::format("{} has no function", name));
  Facts facts{std::string(name)};
  facts.documentation = fmt::format("Defined at {}.", where.str());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!is_identifier(parameters[i].name) || parameters[i].name == "x")
      ops::fail<NameError>(where, "define",
                           fmt::format("{}: '{}' cannot be the name of a parameter", name, parameters[i].name));
    for (std::size_t j = 0; j < i; ++j)
      if (parameters[j].name == parameters[i].name)
        ops::fail<NameError>(where, "define",
                             fmt::format("{}: two parameters are called {}", name, parameters[i].name));
    facts.parameters.push_back({parameters[i].name, parameters[i].fallback});
  }
  const auto both = [&](const Definition& f) {
    return std::array{trace(name, f, parameters, DType::f32, where), trace(name, f, parameters, DType::f64, where)};
  };
  activations::Traced traced{both(function), std::nullopt, "", "", where};
  traced.text = printed(traced.value[1]);
  facts.formula = traced.text;
  if (options.derivative.arity() != 0) {
    traced.derivative = both(options.derivative);
    traced.derivative_text = printed((*traced.derivative)[1]);
  }
  const auto entry = activations::add(std::make_shared<const Entry>(std::move(facts), std::move(traced)));
  return {std::make_shared<const Found>(Found{entry}), 0};
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
