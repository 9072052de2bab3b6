// Two loops over the syntax: calls are resolved and uses handed down from users to operands; then the free names are
// listed.
#include "parse/resolve.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace actinium::parse_detail {
namespace {

std::uint8_t role_of(Takes t) {
  switch (t) {
    case Takes::value:
    case Takes::smooth: return role_value;
    case Takes::index: return role_index;
    case Takes::condition: return role_condition;
    case Takes::integer:
    case Takes::axes:
    case Takes::flag:
    case Takes::integers:
    case Takes::dtype:
    case Takes::text:
    case Takes::padding:
    case Takes::kink: return role_fixed;
    case Takes::size:
    case Takes::sizes: return role_size;
  }
  return role_value;
}

std::uint8_t role_of(const activations::Found& found, const activations::Parameter& p) {
  switch (p.takes) {
    case activations::Takes::number: return role_value;
    case activations::Takes::array: return takes_labels(found, p) ? role_index : role_value;
    case activations::Takes::mask: return role_condition;
    case activations::Takes::integer:
    case activations::Takes::flag:
    case activations::Takes::text:
    case activations::Takes::name:
    case activations::Takes::kink:
    case activations::Takes::axis:
    case activations::Takes::axes: return role_fixed;
  }
  return role_value;
}

std::vector<std::string> all_callable() {
  std::vector<std::string> names;
  for (const Function& f : functions()) names.insert(names.end(), f.names.begin(), f.names.end());
  for (const auto& entry : activations::all()) {
    names.push_back(entry->facts().name);
    for (const auto& alias : entry->facts().aliases) names.push_back(alias.name);
  }
  return names;
}

/// Parameters that may be passed by position.
std::size_t count_positional(const Function& f) {
  return static_cast<std::size_t>(std::count_if(f.parameters.begin(), f.parameters.end(),
                                                [](const Parameter& p) { return p.takes != Takes::kink; }));
}

/// The name of a function in the table of kinks: max is the elementwise one or the reduction.
std::string_view kinked_name(const Function& f) {
  const std::string_view name = f.names.front();
  if (name == "max") return f.elementwise ? "maximum" : "reduce_max";
  if (name == "min") return f.elementwise ? "minimum" : "reduce_min";
  return name;
}

}  // namespace

const activations::Parameter* parameter_of(const activations::Found& found, std::size_t position,
                                           std::string_view keyword) {
  const auto& parameters = found.entry->facts().parameters;
  std::string_view name = keyword;
  for (std::size_t i = 0; i < found.order.size(); ++i) {
    const std::string_view entry = found.order[i];
    const std::size_t equals = entry.find('=');
    const std::string_view alias = entry.substr(0, equals),
                           own = equals == std::string_view::npos ? entry : entry.substr(equals + 1);
    if (keyword.empty() ? i == position : alias == keyword) name = own;
  }
  if (name.empty()) return position < parameters.size() ? &parameters[position] : nullptr;
  for (const auto& p : parameters)
    if (p.name == name || std::find(p.aliases.begin(), p.aliases.end(), name) != p.aliases.end()) return &p;
  return nullptr;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> names) {
  const auto near = near_names(name, names);
  return near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", "));
}

Resolved::Resolved(std::string_view t, compat c) : text(t), system(c), syntax(read_syntax(text)) {
  roles.assign(syntax.nodes.size(), 0);
  roles[syntax.root] = role_value;
  for (SyntaxId id = static_cast<SyntaxId>(syntax.nodes.size()); id-- > 0;)
    if (roles[id] != 0) mark_operands(id);
  list_names();
}

template <class E>
void Resolved::fail(std::size_t offset, std::string_view message) const {
  throw E(with_caret(fmt::format("text:{}: {}", offset + 1, message), text, offset + 1));
}

void Resolved::mark_operands(SyntaxId id) {
  const SyntaxNode& node = syntax.nodes[id];
  const auto operands = syntax.operands(node);
  if (node.kind == SyntaxKind::call) {
    const Target& target = targets.emplace(id, resolve(node)).first->second;
    for (std::size_t i = 0; i < operands.size(); ++i) roles[operands[i].node] |= role_in_call(target, operands, i);
    return;
  }
  const bool passes = node.kind == SyntaxKind::tuple || node.kind == SyntaxKind::list;
  const bool logic = node.kind == SyntaxKind::and_ || node.kind == SyntaxKind::or_ || node.kind == SyntaxKind::not_;
  std::uint8_t role = roles[id];
  if (!passes) {
    const std::uint8_t computed = logic ? role_condition : role_value;
    role = (role & (role_fixed | role_size)) | ((role & built_roles) == 0 ? std::uint8_t{0} : computed);
  }
  for (const Operand& o : operands) roles[o.node] |= role;
}

std::uint8_t Resolved::role_in_call(const Target& target, std::span<const Operand> operands, std::size_t i) {
  if (target.function != nullptr) {
    const int p = target.parameter[i];
    return p < 0 ? std::uint8_t{role_value} : role_of(target.function->parameters[static_cast<std::size_t>(p)].takes);
  }
  if (i == 0 && operands[0].keyword.empty()) return role_value;
  const activations::Parameter* p = parameter_of(*target.activation, i - 1, operands[i].keyword);
  return p == nullptr ? std::uint8_t{role_value} : role_of(*target.activation, *p);
}

Target Resolved::resolve(const SyntaxNode& node) const {
  const auto operands = syntax.operands(node);
  const auto by_position = static_cast<std::size_t>(
      std::count_if(operands.begin(), operands.end(), [](const Operand& o) { return o.keyword.empty(); }));
  Target target;
  target.function = find_function(node.text, by_position, by_position != operands.size());
  if (target.function != nullptr) {
    target.parameter = match(node, *target.function, operands);
    target.kink = activations::kink_of_function(kinked_name(*target.function), system);
    return target;
  }
  target.activation = activations::find(node.text, system);
  if (!target.activation) {
    const std::size_t dot = node.text.find('.');
    const std::string hint =
        dot == std::string_view::npos
            ? did_you_mean(node.text, all_callable())
            : fmt::format("; write {}({}, ...)", node.text.substr(dot + 1), node.text.substr(0, dot));
    fail<NameError>(node.offset, fmt::format("'{}' is no function or activation{}", node.text, hint));
  }
  if (operands.empty()) fail<TypeError>(node.offset, fmt::format("[{}] takes an operand", node.text));
  return target;
}

/// Which parameter each operand is for.
std::vector<int> Resolved::match(const SyntaxNode& node, const Function& f, std::span<const Operand> operands) const {
  std::vector<int> parameter;
  std::vector<char> given(f.parameters.size(), 0);
  std::size_t next = 0;
  for (const Operand& o : operands) {
    if (o.keyword.empty() && f.variadic && next >= f.leading) {
      parameter.push_back(-1);
      continue;
    }
    const std::size_t p = o.keyword.empty() ? next++ : keyword_index(node, f, o);
    const bool by_name_alone = p < f.parameters.size() && f.parameters[p].takes == Takes::kink && o.keyword.empty();
    if (p >= f.parameters.size() || by_name_alone)
      fail<TypeError>(
          o.offset, fmt::format("[{}] takes at most {} arguments: {}", node.text, count_positional(f), f.signature()));
    if (given[p] != 0)
      fail<TypeError>(o.offset, fmt::format("[{}] '{}' is given twice", node.text, f.parameters[p].names.front()));
    given[p] = 1;
    parameter.push_back(static_cast<int>(p));
  }
  for (std::size_t p = 0; p < f.parameters.size(); ++p)
    if (given[p] == 0 && f.parameters[p].required)
      fail<TypeError>(node.offset,
                      fmt::format("[{}] '{}' is missing: {}", node.text, f.parameters[p].names.front(), f.signature()));
  if (f.variadic && std::find(parameter.begin(), parameter.end(), -1) == parameter.end())
    fail<TypeError>(node.offset, fmt::format("[{}] takes operands: {}", node.text, f.signature()));
  return parameter;
}

std::size_t Resolved::keyword_index(const SyntaxNode& node, const Function& f, const Operand& o) const {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < f.parameters.size(); ++p)
    for (const std::string_view n : f.parameters[p].names) {
      if (n == o.keyword) return p;
      names.emplace_back(n);
    }
  fail<NameError>(o.offset, fmt::format("[{}] has no argument '{}'{}: {}", node.text, o.keyword,
                                        did_you_mean(o.keyword, names), f.signature()));
}

void Resolved::list_names() {
  for (SyntaxId id = 0; id < syntax.nodes.size(); ++id) {
    const SyntaxNode& node = syntax.nodes[id];
    if (node.kind != SyntaxKind::name || (roles[id] & built_roles) == 0) continue;
    name_of_node.emplace(id, names.size());
    names.push_back({std::string(node.text), node.offset + std::size_t{1}, (roles[id] & role_value) != 0,
                     (roles[id] & role_index) != 0, (roles[id] & role_condition) != 0});
  }
}

}  // namespace actinium::parse_detail
