// Activations by the user: define() traces a function of expressions once, repairs what it holds (src/passes/recognise.hpp) and
// registers it; Activation::save writes it as text, load_activations (src/parse) reads it. Start reading at define.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "activations/catalogue.hpp"
#include "ops/error.hpp"
#include "passes/pass.hpp"
#include "passes/recognise.hpp"

namespace actinium {
namespace activations {
namespace {

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

/// The forms of one type; what was repaired is added to `repairs`.
Traced::Forms forms_of(Module written, const Location& where, std::vector<Repair>& repairs) {
  Traced::Forms forms{std::move(written), {}, {}};
  forms.computed = passes::recognise(forms.written);
  forms.closed = compact(forms.written);
  forms.closed.outputs = passes::recognised(forms.closed.graph, forms.closed.outputs);
  for (Repair r : forms.computed.graph->repairs) {
    if (r.place.line == 0) r.place = where;  // a place in a text that nobody sees
    if (std::find(repairs.begin(), repairs.end(), r) == repairs.end()) repairs.push_back(r);
  }
  return forms;
}

void check_declaration(std::string_view name, const Definition& function, const Definition& derivative,
                       const std::vector<DefinedParameter>& parameters, const Location& where) {
  if (!is_identifier(name))
    ops::fail<NameError>(
        where, "define",
        fmt::format("'{}' is no name: letters, digits and '_', not starting with a digit", name.substr(0, 80)));
  for (const Definition* d : {&function, &derivative})
    if (d->arity() != 0 && d->arity() != parameters.size() + 1)
      ops::fail<ValueError>(where, "define",
                            fmt::format("{}: a function takes {} parameters besides x, {} are declared", name,
                                        d->arity() - 1, parameters.size()));
  if (function.arity() == 0) ops::fail<ValueError>(where, "define", fmt::format("{} has no function", name));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& p = parameters[i].name;
    if (!is_identifier(p) || p == "x")
      ops::fail<NameError>(where, "define", fmt::format("{}: '{}' cannot be the name of a parameter", name, p));
    for (std::size_t j = 0; j < i; ++j)
      if (parameters[j].name == p)
        ops::fail<NameError>(where, "define", fmt::format("{}: two parameters are called {}", name, p));
  }
}

}  // namespace

Activation define(std::string_view name, const Definition& function, const std::vector<DefinedParameter>& parameters,
                  const DefineOptions& options, const Location& where) {
  check_declaration(name, function, options.derivative, parameters, where);
  Facts facts{std::string(name)};
  facts.documentation = options.documentation;
  facts.source = fmt::format("Defined at {}.", where.str());
  for (const DefinedParameter& p : parameters) facts.parameters.push_back({p.name, p.fallback});
  Traced traced;
  traced.where = where;
  const auto both = [&](const Definition& f, std::string& text) {
    std::array<Module, 2> written{trace(name, f, parameters, DType::f32, where), trace(name, f, parameters, DType::f64, where)};
    text = print_text(*written[1].graph, written[1].outputs[0]);
    return std::array{forms_of(std::move(written[0]), where, traced.repairs), forms_of(std::move(written[1]), where, traced.repairs)};
  };
  traced.value = both(function, traced.text);
  if (options.derivative.arity() != 0) traced.derivative = both(options.derivative, traced.derivative_text);
  facts.formula = traced.text;
  const auto entry = add(std::make_shared<const Entry>(std::move(facts), std::move(traced)));
  return {std::make_shared<const Found>(Found{entry}), 0};
}

}  // namespace activations

Activation define(std::string_view name, const Definition& function, const std::vector<DefinedParameter>& parameters,
                  const DefineOptions& options, std::source_location where) {
  return activations::define(name, function, parameters, options, ops::location_of(where));
}

void Activation::save(const std::string& path) const {
  const auto& traced = found_->entry->traced();
  if (!traced) throw ValueError(fmt::format("[save] '{}' is a builtin activation", name()));
  std::string head = name() + "(x";
  for (const activations::Parameter& p : found_->entry->facts().parameters) head += fmt::format(", {}={}", p.name, *p.fallback);
  std::ofstream out(path);
  for (std::string_view rest = found_->entry->facts().documentation; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    out << "# " << rest.substr(0, end) << "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out << head << ") = " << traced->text << "\n";
  if (traced->derivative) out << name() << "' = " << traced->derivative_text << "\n";
  out.close();
  if (!out) throw IoError(fmt::format("[save] cannot write {}", path));
}

}  // namespace actinium
