// From syntax to expressions. A Formula first finds out what is called and what each name is used for (resolve, mark), both loops
// over the syntax; build is one more loop, in which every error gets its place. Start reading at Formula::build.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "activations/catalogue.hpp"
#include "actinium/parse.h"
#include "graph/graph.hpp"
#include "parse/functions.hpp"
#include "parse/syntax.hpp"

namespace actinium::parse_detail {
namespace {

/// What the value of a syntax node is used for; a node may have several uses.
enum Role : std::uint8_t { role_value = 1, role_index = 2, role_condition = 4, role_fixed = 8, role_size = 16 };
constexpr std::uint8_t built_roles = role_value | role_index | role_condition;

/// What a call node calls. `parameter` has, for each operand, the index of the function's parameter, or -1 for one of any number.
struct Target {
  const Function* function = nullptr;
  std::optional<activations::Found> activation;
  std::vector<int> parameter;
};

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
    case Takes::dtype: return role_fixed;
    case Takes::size:
    case Takes::sizes: return role_size;
  }
  return role_value;
}

/// Labels are class indices: the one place where an activation asks for integers.
bool takes_labels(const activations::Parameter& p) { return p.name == "labels"; }

std::uint8_t role_of(const activations::Parameter& p) {
  switch (p.takes) {
    case activations::Takes::number: return role_value;
    case activations::Takes::array: return takes_labels(p) ? role_index : role_value;
    case activations::Takes::mask: return role_condition;
    case activations::Takes::integer:
    case activations::Takes::flag:
    case activations::Takes::text:
    case activations::Takes::axis:
    case activations::Takes::axes: return role_fixed;
  }
  return role_value;
}

/// The parameter that operand `position` (after x) or `keyword` means; null if the entry has none.
const activations::Parameter* parameter_of(const activations::Found& found, std::size_t position, std::string_view keyword) {
  const auto& parameters = found.entry->facts().parameters;
  std::string_view name = keyword;
  for (std::size_t i = 0; i < found.order.size(); ++i) {
    const std::string_view entry = found.order[i];
    const std::size_t equals = entry.find('=');
    const std::string_view alias = entry.substr(0, equals), own = equals == std::string_view::npos ? entry : entry.substr(equals + 1);
    if (keyword.empty() ? i == position : alias == keyword) name = own;
  }
  if (name.empty()) return position < parameters.size() ? &parameters[position] : nullptr;
  for (const auto& p : parameters)
    if (p.name == name || std::find(p.aliases.begin(), p.aliases.end(), name) != p.aliases.end()) return &p;
  return nullptr;
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

std::string did_you_mean(std::string_view name, std::span<const std::string> names) {
  const auto near = near_names(name, names);
  return near.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(near, ", "));
}

template <class E>
[[noreturn]] void fail_at(std::string_view text, std::size_t offset, std::string_view message) {
  throw E(with_caret(fmt::format("text:{}: {}", offset + 1, message), text, offset + 1));
}

}  // namespace
}  // namespace actinium::parse_detail

namespace actinium {
using namespace parse_detail;

struct Formula::Data {
  std::string text;
  compat system;
  Syntax syntax;
  std::unordered_map<SyntaxId, Target> targets;
  std::vector<std::uint8_t> roles;
  std::vector<FreeName> names;
  std::unordered_map<SyntaxId, std::size_t> name_of_node;

  Data(std::string_view t, compat c) : text(t), system(c), syntax(read_syntax(text)) {
    roles.assign(syntax.nodes.size(), 0);
    roles[syntax.root] = role_value;
    for (SyntaxId id = static_cast<SyntaxId>(syntax.nodes.size()); id-- > 0;)
      if (roles[id] != 0) mark_operands(id);
    list_names();
  }

 private:
  template <class E>
  [[noreturn]] void fail(std::size_t offset, std::string_view message) const {
    fail_at<E>(text, offset, message);
  }

  void mark_operands(SyntaxId id) {
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

  static std::uint8_t role_in_call(const Target& target, std::span<const Operand> operands, std::size_t i) {
    if (target.function != nullptr) {
      const int p = target.parameter[i];
      return p < 0 ? std::uint8_t{role_value} : role_of(target.function->parameters[static_cast<std::size_t>(p)].takes);
    }
    if (i == 0 && operands[0].keyword.empty()) return role_value;
    const activations::Parameter* p = parameter_of(*target.activation, i - 1, operands[i].keyword);
    return p == nullptr ? std::uint8_t{role_value} : role_of(*p);
  }

  Target resolve(const SyntaxNode& node) const {
    const auto operands = syntax.operands(node);
    const auto by_position = static_cast<std::size_t>(
        std::count_if(operands.begin(), operands.end(), [](const Operand& o) { return o.keyword.empty(); }));
    Target target;
    target.function = find_function(node.text, by_position, by_position != operands.size());
    if (target.function != nullptr) {
      target.parameter = match(node, *target.function, operands);
      return target;
    }
    target.activation = activations::find(node.text, system);
    if (!target.activation) {
      const std::size_t dot = node.text.find('.');
      const std::string hint = dot == std::string_view::npos
                                   ? did_you_mean(node.text, all_callable())
                                   : fmt::format("; write {}({}, ...)", node.text.substr(dot + 1), node.text.substr(0, dot));
      fail<NameError>(node.offset, fmt::format("'{}' is no function or activation{}", node.text, hint));
    }
    if (operands.empty()) fail<TypeError>(node.offset, fmt::format("[{}] takes an operand", node.text));
    return target;
  }

  /// Which parameter each operand is for.
  std::vector<int> match(const SyntaxNode& node, const Function& f, std::span<const Operand> operands) const {
    std::vector<int> parameter;
    std::vector<char> given(f.parameters.size(), 0);
    std::size_t next = 0;
    for (const Operand& o : operands) {
      if (o.keyword.empty() && f.variadic) {
        parameter.push_back(-1);
        continue;
      }
      const std::size_t p = o.keyword.empty() ? next++ : keyword_index(node, f, o);
      if (p >= f.parameters.size())
        fail<TypeError>(o.offset, fmt::format("[{}] takes at most {} arguments: {}", node.text, f.parameters.size(), f.signature()));
      if (given[p] != 0) fail<TypeError>(o.offset, fmt::format("[{}] '{}' is given twice", node.text, f.parameters[p].names.front()));
      given[p] = 1;
      parameter.push_back(static_cast<int>(p));
    }
    for (std::size_t p = 0; p < f.parameters.size(); ++p)
      if (given[p] == 0 && f.parameters[p].required)
        fail<TypeError>(node.offset, fmt::format("[{}] '{}' is missing: {}", node.text, f.parameters[p].names.front(), f.signature()));
    if (f.variadic && (operands.empty() || !operands[0].keyword.empty()))
      fail<TypeError>(node.offset, fmt::format("[{}] takes operands: {}", node.text, f.signature()));
    return parameter;
  }

  std::size_t keyword_index(const SyntaxNode& node, const Function& f, const Operand& o) const {
    std::vector<std::string> names;
    for (std::size_t p = 0; p < f.parameters.size(); ++p)
      for (const std::string_view n : f.parameters[p].names) {
        if (n == o.keyword) return p;
        names.emplace_back(n);
      }
    fail<NameError>(o.offset, fmt::format("[{}] has no argument '{}'{}: {}", node.text, o.keyword, did_you_mean(o.keyword, names), f.signature()));
  }

  void list_names() {
    for (SyntaxId id = 0; id < syntax.nodes.size(); ++id) {
      const SyntaxNode& node = syntax.nodes[id];
      if (node.kind != SyntaxKind::name || (roles[id] & built_roles) == 0) continue;
      name_of_node.emplace(id, names.size());
      names.push_back({std::string(node.text), node.offset + std::size_t{1}, (roles[id] & role_value) != 0,
                       (roles[id] & role_index) != 0, (roles[id] & role_condition) != 0});
    }
  }
};

namespace {

/// One run over the syntax. Values are unbound or bound expressions; tuples, strings and such have none and are read where a
/// parameter takes them.
class Builder {
 public:
  Builder(const Graph& graph, const ParseOptions& options, const std::string& text, const Syntax& syntax,
          const std::unordered_map<SyntaxId, Target>& targets, std::span<const std::uint8_t> roles,
          std::span<const FreeName> names, const std::unordered_map<SyntaxId, std::size_t>& name_of_node)
      : graph_(graph), data_(*graph.data()), options_(options), text_(text), syntax_(syntax), targets_(targets), roles_(roles),
        names_(names), name_of_node_(name_of_node), values_(syntax.nodes.size()), saved_(data_.ambient) {}
  ~Builder() { data_.ambient = saved_; }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Expr run() {
    try {
      for (SyntaxId id = 0; id < syntax_.nodes.size(); ++id) {
        if (roles_[id] == 0) continue;
        place(syntax_.nodes[id].offset);
        if ((roles_[id] & role_size) != 0) build_size(id);
        if ((roles_[id] & ~role_size) != 0) values_[id] = build(id);
      }
      const Expr root = value(syntax_.root);
      return root.is_bound() ? root : graph_.constant(root.literal());
    } catch (const ShapeError& e) {
      rethrow<ShapeError>(e);
    } catch (const TypeError& e) {
      rethrow<TypeError>(e);
    } catch (const NameError& e) {
      rethrow<NameError>(e);
    } catch (const ValueError& e) {
      rethrow<ValueError>(e);
    } catch (const GraphError& e) {
      rethrow<GraphError>(e);
    }
  }

 private:
  mutable Graph graph_;  // a handle
  GraphData& data_;
  const ParseOptions& options_;
  const std::string& text_;
  const Syntax& syntax_;
  const std::unordered_map<SyntaxId, Target>& targets_;
  std::span<const std::uint8_t> roles_;
  std::span<const FreeName> names_;
  const std::unordered_map<SyntaxId, std::size_t>& name_of_node_;
  std::vector<Expr> values_;
  std::unordered_map<SyntaxId, Dim> sizes_;
  LocationId saved_;
  std::size_t offset_ = 0;

  void place(std::size_t offset) {
    offset_ = offset;
    data_.ambient = data_.intern_location({"text", 0, static_cast<std::uint32_t>(offset + 1)});
  }
  template <class E>
  [[noreturn]] void rethrow(const E& e) const {
    const std::string_view what = e.what();
    throw E(with_caret(what.starts_with("text:") ? std::string(what) : fmt::format("text:{}: {}", offset_ + 1, what), text_, offset_ + 1));
  }
  /// An error about a part of what is being built; run() adds the caret.
  template <class E>
  [[noreturn]] void fail(std::size_t offset, std::string_view message) {
    offset_ = offset;
    throw E(fmt::format("text:{}: {}", offset + 1, message));
  }

  const SyntaxNode& node(SyntaxId id) const { return syntax_.nodes[id]; }
  static std::string_view described(SyntaxKind kind) {
    if (kind == SyntaxKind::tuple || kind == SyntaxKind::list) return "a list";
    if (kind == SyntaxKind::text) return "a string";
    return kind == SyntaxKind::none ? "none" : "a name";
  }
  bool has_value(SyntaxId id) const {
    const SyntaxKind kind = node(id).kind;
    return kind != SyntaxKind::tuple && kind != SyntaxKind::list && kind != SyntaxKind::text && kind != SyntaxKind::none &&
           !(kind == SyntaxKind::name && !name_of_node_.contains(id));
  }
  const Expr& value(SyntaxId id) {
    if (!has_value(id)) fail<TypeError>(node(id).offset, fmt::format("{} is no value to compute with", described(node(id).kind)));
    return values_[id];
  }

  Expr build(SyntaxId id) {
    const SyntaxNode& n = node(id);
    const auto operands = syntax_.operands(n);
    const auto a = [&]() -> const Expr& { return value(operands[0].node); };
    switch (n.kind) {
      case SyntaxKind::number: return n.integral && std::abs(n.number) < 0x1p53 ? Expr(static_cast<std::int64_t>(n.number)) : Expr(n.number);
      case SyntaxKind::truth: return Expr(n.number != 0);
      case SyntaxKind::name: return has_value(id) ? resolve(names_[name_of_node_.at(id)]) : Expr{};
      case SyntaxKind::text:
      case SyntaxKind::none:
      case SyntaxKind::tuple:
      case SyntaxKind::list: return {};
      case SyntaxKind::plus: return a();
      case SyntaxKind::neg: return -a();
      case SyntaxKind::not_: return !a();
      case SyntaxKind::transposed: return a().T();
      case SyntaxKind::call: return call(n, targets_.at(id));
      case SyntaxKind::add:
      case SyntaxKind::sub:
      case SyntaxKind::mul:
      case SyntaxKind::div:
      case SyntaxKind::matmul:
      case SyntaxKind::pow:
      case SyntaxKind::less:
      case SyntaxKind::less_equal:
      case SyntaxKind::greater:
      case SyntaxKind::greater_equal:
      case SyntaxKind::equal:
      case SyntaxKind::not_equal:
      case SyntaxKind::and_:
      case SyntaxKind::or_: return infix(n.kind, a(), value(operands[1].node));
    }
    throw InternalError("syntax node of no kind");
  }

  Expr infix(SyntaxKind kind, Expr a, Expr b) {
    Expr* const both[] = {&a, &b};
    if (kind == SyntaxKind::div) both_smooth(both);
    else harmonise(both);
    switch (kind) {
      case SyntaxKind::add: return a + b;
      case SyntaxKind::sub: return a - b;
      case SyntaxKind::mul: return a * b;
      case SyntaxKind::div: return a / b;
      case SyntaxKind::matmul: return matmul(a, b);
      case SyntaxKind::pow: return pow(a, b);
      case SyntaxKind::less: return a < b;
      case SyntaxKind::less_equal: return a <= b;
      case SyntaxKind::greater: return a > b;
      case SyntaxKind::greater_equal: return a >= b;
      case SyntaxKind::equal: return a == b;
      case SyntaxKind::not_equal: return a != b;
      case SyntaxKind::and_: return a && b;
      case SyntaxKind::or_: return a || b;
      case SyntaxKind::number:
      case SyntaxKind::name:
      case SyntaxKind::text:
      case SyntaxKind::none:
      case SyntaxKind::truth:
      case SyntaxKind::plus:
      case SyntaxKind::neg:
      case SyntaxKind::not_:
      case SyntaxKind::tuple:
      case SyntaxKind::list:
      case SyntaxKind::call:
      case SyntaxKind::transposed: break;
    }
    throw InternalError("no infix operator");
  }

  Expr resolve(const FreeName& name) const {
    if (options_.resolve) return options_.resolve(name);
    const NodeId id = data_.find_input(name.name);
    if (id != no_node) return {graph_.data(), id};
    std::vector<std::string> inputs;
    for (const NodeId input : data_.inputs()) inputs.emplace_back(data_.input_name(input));
    throw NameError(fmt::format("'{}' is no input of the graph{}; it has {}", name.name, did_you_mean(name.name, inputs),
                                inputs.empty() ? "none" : fmt::format("{}", fmt::join(inputs, ", "))));
  }

  // --- Integers that meet floats, where promotion is asked for. ---

  void promote(Expr& e, DType type) const {
    if (e.is_bound() && is_integer(e.dtype())) e = cast(e, type);
  }
  void both_smooth(std::span<Expr* const> operands) const {
    if (!options_.promote_integers) return;
    DType type = *options_.promote_integers;
    for (const Expr* e : operands)
      if (e->is_bound() && is_float(e->dtype())) type = e->dtype();
    for (Expr* e : operands) promote(*e, type);
  }
  /// Integers become floats if a float is among the operands, or a number that is no integer.
  void harmonise(std::span<Expr* const> operands) const {
    if (!options_.promote_integers) return;
    const bool meets_float = std::any_of(operands.begin(), operands.end(), [](const Expr* e) {
      return e->is_bound() ? is_float(e->dtype()) : !e->literal_is_integral();
    });
    if (meets_float) both_smooth(operands);
  }

  // --- Calls. ---

  Expr call(const SyntaxNode& n, const Target& target) {
    return target.function != nullptr ? call_function(n, *target.function, target.parameter) : call_activation(n, *target.activation);
  }

  Expr call_function(const SyntaxNode& n, const Function& f, std::span<const int> parameter) {
    const auto operands = syntax_.operands(n);
    std::vector<Bound> bound(f.parameters.size());
    std::vector<Expr> rest;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Operand& o = operands[i];
      if (parameter[i] < 0) {
        append(rest, o.node);
        continue;
      }
      const auto p = static_cast<std::size_t>(parameter[i]);
      bound[p] = bind(n.text, f.parameters[p], o);
    }
    std::vector<Expr*> values, smooth;
    for (Expr& e : rest) values.push_back(&e);
    for (std::size_t p = 0; p < bound.size(); ++p) {
      if (!bound[p].given) continue;
      if (f.parameters[p].takes == Takes::value) values.push_back(&bound[p].expr);
      if (f.parameters[p].takes == Takes::smooth) smooth.push_back(&bound[p].expr);
    }
    harmonise(values);
    both_smooth(smooth);
    if (!f.elementwise) {
      for (Expr* e : values) join(*e);
      for (Expr* e : smooth) join(*e);
    }
    place(n.offset);
    return f.build({graph_, bound, rest});
  }

  /// What is not elementwise needs a graph.
  void join(Expr& e) const {
    if (!e.is_bound()) e = graph_.constant(e.literal());
  }

  void append(std::vector<Expr>& list, SyntaxId id) {
    if (node(id).kind != SyntaxKind::tuple && node(id).kind != SyntaxKind::list) {
      list.push_back(value(id));
      return;
    }
    for (const Operand& o : syntax_.operands(node(id))) list.push_back(value(o.node));
  }

  Bound bind(std::string_view function, const Parameter& p, const Operand& o) {
    Bound b;
    const SyntaxKind kind = node(o.node).kind;
    if (kind == SyntaxKind::none && !p.required) return b;
    b.given = true;
    const std::string what = fmt::format("[{}] '{}'", function, p.names.front());
    switch (p.takes) {
      case Takes::value:
      case Takes::smooth:
      case Takes::index:
      case Takes::condition: b.expr = value(o.node); break;
      case Takes::integer: b.integer = integer(o.node, what); break;
      case Takes::axes: b.axes = axes(o.node, what); break;
      case Takes::flag: b.flag = flag(o.node, what); break;
      case Takes::integers: b.integers = integers(o.node, what); break;
      case Takes::dtype: b.dtype = dtype(o.node, what); break;
      case Takes::size: b.sizes = {size(o.node, what)}; break;
      case Takes::sizes: read_sizes(o.node, what, b); break;
    }
    return b;
  }

  std::int64_t integer(SyntaxId id, std::string_view what) {
    const bool known = has_value(id) && node(id).kind != SyntaxKind::truth && !values_[id].is_bound();
    if (!known || !values_[id].literal_is_integral()) fail<TypeError>(node(id).offset, fmt::format("{} takes an integer that is known now", what));
    const double x = values_[id].literal();
    if (std::abs(x) > 0x1p31) fail<ValueError>(node(id).offset, fmt::format("{} is out of range", what));
    return static_cast<std::int64_t>(x);
  }

  std::vector<int> integers(SyntaxId id, std::string_view what) {
    std::vector<int> list;
    if (node(id).kind != SyntaxKind::tuple && node(id).kind != SyntaxKind::list) return {static_cast<int>(integer(id, what))};
    for (const Operand& o : syntax_.operands(node(id))) list.push_back(static_cast<int>(integer(o.node, what)));
    return list;
  }

  Axes axes(SyntaxId id, std::string_view what) {
    if (node(id).kind == SyntaxKind::none || (node(id).kind == SyntaxKind::text && node(id).text == "all")) return all_axes;
    if (node(id).kind == SyntaxKind::text) fail<ValueError>(node(id).offset, fmt::format("{} takes integers or \"all\"", what));
    return Axes(integers(id, what));
  }

  bool flag(SyntaxId id, std::string_view what) {
    if (node(id).kind == SyntaxKind::truth) return node(id).number != 0;
    if (node(id).kind == SyntaxKind::number && (node(id).number == 0 || node(id).number == 1)) return node(id).number != 0;
    fail<TypeError>(node(id).offset, fmt::format("{} takes true or false", what));
  }

  DType dtype(SyntaxId id, std::string_view what) {
    const SyntaxNode& n = node(id);
    if (n.kind == SyntaxKind::text || n.kind == SyntaxKind::name)
      for (const DType t : all_dtypes)
        if (name_of(t) == n.text) return t;
    fail<TypeError>(n.offset, fmt::format("{} takes f32, f64, i32, i64 or bool", what));
  }

  // --- Sizes: polynomials in symbols. ---

  void build_size(SyntaxId id) {
    const SyntaxNode& n = node(id);
    const auto operands = syntax_.operands(n);
    const auto known = [&](std::size_t i) -> const Dim* {
      const auto found = sizes_.find(operands[i].node);
      return found == sizes_.end() ? nullptr : &found->second;
    };
    if (n.kind == SyntaxKind::number && n.integral && n.number < 0x1p53) sizes_.emplace(id, Dim(static_cast<std::int64_t>(n.number)));
    if (n.kind == SyntaxKind::name) sizes_.emplace(id, Dim(n.text));
    if (operands.empty() || operands.size() > 2) return;
    const Dim *a = known(0), *b = known(operands.size() - 1);
    if (a == nullptr || b == nullptr) return;
    if (n.kind == SyntaxKind::neg) sizes_.emplace(id, Dim(0) - *a);
    if (n.kind == SyntaxKind::plus) sizes_.emplace(id, *a);
    if (n.kind == SyntaxKind::add) sizes_.emplace(id, *a + *b);
    if (n.kind == SyntaxKind::sub) sizes_.emplace(id, *a - *b);
    if (n.kind == SyntaxKind::mul) sizes_.emplace(id, *a * *b);
  }

  Dim size(SyntaxId id, std::string_view what) {
    const auto found = sizes_.find(id);
    if (found == sizes_.end()) fail<TypeError>(node(id).offset, fmt::format("{} takes a size: an integer, a name, or sums and products of them", what));
    return found->second;
  }

  void read_sizes(SyntaxId id, std::string_view what, Bound& b) {
    if (node(id).kind != SyntaxKind::tuple && node(id).kind != SyntaxKind::list) {
      b.sizes = {size(id, what)};
      return;
    }
    for (const Operand& o : syntax_.operands(node(id))) {
      const SyntaxKind kind = node(o.node).kind;
      const bool pair = kind == SyntaxKind::tuple || kind == SyntaxKind::list;
      if ((pair && node(o.node).count != 2) || (!b.sizes.empty() && pair != b.pairs))
        fail<TypeError>(node(o.node).offset, fmt::format("{} takes sizes or pairs of sizes", what));
      b.pairs = pair;
      if (!pair) b.sizes.push_back(size(o.node, what));
      else
        for (const Operand& inner : syntax_.operands(node(o.node))) b.sizes.push_back(size(inner.node, what));
    }
  }

  // --- Activations: the catalogue checks names, kinds and domains. ---

  Expr call_activation(const SyntaxNode& n, const activations::Found& found) {
    const auto operands = syntax_.operands(n);
    std::vector<Argument> arguments;
    for (const Operand& o : operands) {
      const bool is_x = o.keyword == found.entry->facts().operand;
      Argument a = argument(is_x ? std::string_view{} : o.keyword, o.node);
      if (is_x) arguments.insert(arguments.begin(), std::move(a));
      else arguments.push_back(std::move(a));
    }
    if (arguments[0].kind != Argument::Kind::expr || !arguments[0].name.empty())
      fail<TypeError>(n.offset, fmt::format("[{}] the operand comes first", n.text));
    promote_operands(found, arguments);
    if (!arguments[0].expr.is_bound()) {
      const auto bound = std::find_if(arguments.begin(), arguments.end(), [](const Argument& a) { return a.kind == Argument::Kind::expr && a.expr.is_bound(); });
      const bool typed = bound != arguments.end() && is_float(bound->expr.dtype());
      arguments[0].expr = graph_.constant(arguments[0].expr.literal(), typed ? std::optional(bound->expr.dtype()) : std::nullopt);
    }
    place(n.offset);
    return activations::apply(found, arguments, std::source_location::current());
  }

  Argument argument(std::string_view keyword, SyntaxId id) {
    const SyntaxNode& n = node(id);
    switch (n.kind) {
      case SyntaxKind::none: return {keyword, std::nullopt};
      case SyntaxKind::truth: return {keyword, n.number != 0};
      case SyntaxKind::text: return {keyword, n.text};
      case SyntaxKind::tuple:
      case SyntaxKind::list: return {keyword, Axes(integers(id, keyword.empty() ? "a list" : fmt::format("'{}'", keyword)))};
      default: return {keyword, value(id)};  // NOLINT: all others are values
    }
  }

  void promote_operands(const activations::Found& found, std::vector<Argument>& arguments) const {
    if (!options_.promote_integers) return;
    std::vector<Expr*> operands;
    Expr* labels = nullptr;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      Argument& a = arguments[i];
      if (a.kind != Argument::Kind::expr) continue;
      const activations::Parameter* p = i == 0 ? nullptr : parameter_of(found, i - 1, a.name);
      if (p != nullptr && takes_labels(*p)) labels = &a.expr;
      else if (i == 0 || (p != nullptr && (p->takes == activations::Takes::number || p->takes == activations::Takes::array))) operands.push_back(&a.expr);
    }
    if (found.entry->facts().integers) harmonise(operands);
    else both_smooth(operands);
    // Integers of the logits' own shape are no labels but a distribution written without points.
    if (labels != nullptr && labels->is_bound() && arguments[0].expr.is_bound() && labels->shape() == arguments[0].expr.shape())
      promote(*labels, arguments[0].expr.dtype());
  }
};

}  // namespace

Formula::Formula(std::string_view text, compat system) : data_(std::make_shared<const Data>(text, system)) {}
const std::string& Formula::text() const { return data_->text; }
const std::vector<FreeName>& Formula::names() const { return data_->names; }

Expr Formula::build(const Graph& graph, const ParseOptions& options) const {
  const Data& d = *data_;
  return Builder(graph, options, d.text, d.syntax, d.targets, d.roles, d.names, d.name_of_node).run();
}

Expr parse(const Graph& graph, std::string_view text, const ParseOptions& options) { return Formula(text).build(graph, options); }

}  // namespace actinium
