// From resolved syntax to expressions: one loop, in which every error gets its place. Start reading at Builder::run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "graph/graph.hpp"
#include "parse/resolve.hpp"

namespace actinium::parse_detail {
namespace {

/// One run over the syntax. Values are unbound or bound expressions; tuples, strings and such have none and are read
/// where a parameter takes them.
class Builder {
 public:
  Builder(const Graph& graph, const ParseOptions& options, const Resolved& r)
      : graph_(graph),
        data_(*graph.data()),
        options_(options),
        text_(r.text),
        syntax_(r.syntax),
        targets_(r.targets),
        roles_(r.roles),
        names_(r.names),
        name_of_node_(r.name_of_node),
        values_(r.syntax.nodes.size()),
        saved_(data_.ambient) {}
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
      if (root.is_bound()) return root;
      return graph_.constant(root.literal(), is_truth(node(syntax_.root).kind) ? std::optional(boolean) : std::nullopt);
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
    throw E(with_caret(what.starts_with("text:") ? std::string(what) : fmt::format("text:{}: {}", offset_ + 1, what),
                       text_, offset_ + 1));
  }
  /// An error about a part of what is being built; run() adds the caret.
  template <class E>
  [[noreturn]] void fail(std::size_t offset, std::string_view message) {
    offset_ = offset;
    throw E(fmt::format("text:{}: {}", offset + 1, message));
  }

  /// Whether what is built of numbers alone is a bool.
  static bool is_truth(SyntaxKind kind) {
    return kind == SyntaxKind::truth || kind == SyntaxKind::not_ ||
           (kind >= SyntaxKind::less && kind <= SyntaxKind::or_);
  }
  const SyntaxNode& node(SyntaxId id) const { return syntax_.nodes[id]; }
  static std::string_view described(SyntaxKind kind) {
    if (kind == SyntaxKind::tuple || kind == SyntaxKind::list) return "a list";
    if (kind == SyntaxKind::text) return "a string";
    return kind == SyntaxKind::none ? "none" : "a name";
  }
  bool has_value(SyntaxId id) const {
    const SyntaxKind kind = node(id).kind;
    return kind != SyntaxKind::tuple && kind != SyntaxKind::list && kind != SyntaxKind::text &&
           kind != SyntaxKind::none && !(kind == SyntaxKind::name && !name_of_node_.contains(id));
  }
  const Expr& value(SyntaxId id) {
    if (!has_value(id))
      fail<TypeError>(node(id).offset, fmt::format("{} is no value to compute with", described(node(id).kind)));
    return values_[id];
  }

  Expr build(SyntaxId id) {
    const SyntaxNode& n = node(id);
    const auto operands = syntax_.operands(n);
    const auto a = [&]() -> const Expr& { return value(operands[0].node); };
    switch (n.kind) {
      case SyntaxKind::number:
        return n.integral && std::abs(n.number) < 0x1p53 ? Expr(static_cast<std::int64_t>(n.number)) : Expr(n.number);
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
    if (kind == SyntaxKind::div)
      both_smooth(both);
    else
      harmonise(both);
    if (kind == SyntaxKind::matmul) join(a);
    const At x{a, std::source_location{}}, y{b, std::source_location{}};  // bound operands have their place in the text
    switch (kind) {
      case SyntaxKind::add: return x + y;
      case SyntaxKind::sub: return x - y;
      case SyntaxKind::mul: return x * y;
      case SyntaxKind::div: return x / y;
      case SyntaxKind::matmul: return matmul(x, y);
      case SyntaxKind::pow: return pow(x, y);
      case SyntaxKind::less: return x < y;
      case SyntaxKind::less_equal: return x <= y;
      case SyntaxKind::greater: return x > y;
      case SyntaxKind::greater_equal: return x >= y;
      case SyntaxKind::equal: return x == y;
      case SyntaxKind::not_equal: return x != y;
      case SyntaxKind::and_: return logical_and(x, y);
      case SyntaxKind::or_: return logical_or(x, y);
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
    throw NameError(fmt::format("'{}' is no input of the graph{}; it has {}", name.name,
                                did_you_mean(name.name, inputs),
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
    return target.function != nullptr ? call_function(n, target) : call_activation(n, *target.activation);
  }

  Expr call_function(const SyntaxNode& n, const Target& target) {
    const Function& f = *target.function;
    const auto operands = syntax_.operands(n);
    std::vector<Bound> bound(f.parameters.size());
    std::vector<Expr> rest;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Operand& o = operands[i];
      if (target.parameter[i] < 0) {
        append(rest, o.node);
        continue;
      }
      const auto p = static_cast<std::size_t>(target.parameter[i]);
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
    for (std::size_t p = 0; p < bound.size(); ++p)
      if (f.parameters[p].takes == Takes::index && !bound[p].expr.is_bound())
        bound[p].expr = graph_.constant(bound[p].expr.literal(), i64);
    ops::Kink kink = target.kink;
    for (std::size_t p = 0; p < bound.size(); ++p)
      if (f.parameters[p].takes == Takes::kink && bound[p].given) kink = bound[p].kink;
    place(n.offset);
    return f.build({graph_, bound, rest, kink});
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
      case Takes::text: b.text = text(o.node, what); break;
      case Takes::padding: b.padding = padding(o.node, what); break;
      case Takes::kink: b.kink = kink(function, o.node, what); break;
      case Takes::size: b.sizes = {size(o.node, what)}; break;
      case Takes::sizes: read_sizes(o.node, what, b); break;
    }
    return b;
  }

  std::int64_t integer(SyntaxId id, std::string_view what) {
    const bool known = has_value(id) && node(id).kind != SyntaxKind::truth && !values_[id].is_bound();
    if (!known || !values_[id].literal_is_integral())
      fail<TypeError>(node(id).offset, fmt::format("{} takes an integer that is known now", what));
    const double x = values_[id].literal();
    if (std::abs(x) > 0x1p31) fail<ValueError>(node(id).offset, fmt::format("{} is out of range", what));
    return static_cast<std::int64_t>(x);
  }

  std::vector<int> integers(SyntaxId id, std::string_view what) {
    std::vector<int> list;
    if (node(id).kind != SyntaxKind::tuple && node(id).kind != SyntaxKind::list)
      return {static_cast<int>(integer(id, what))};
    for (const Operand& o : syntax_.operands(node(id))) list.push_back(static_cast<int>(integer(o.node, what)));
    return list;
  }

  Axes axes(SyntaxId id, std::string_view what) {
    if (node(id).kind == SyntaxKind::none || (node(id).kind == SyntaxKind::text && node(id).text == "all"))
      return all_axes;
    if (node(id).kind == SyntaxKind::text)
      fail<ValueError>(node(id).offset, fmt::format("{} takes integers or \"all\"", what));
    return Axes(integers(id, what));
  }

  bool flag(SyntaxId id, std::string_view what) {
    if (node(id).kind == SyntaxKind::truth) return node(id).number != 0;
    if (node(id).kind == SyntaxKind::number && (node(id).number == 0 || node(id).number == 1))
      return node(id).number != 0;
    fail<TypeError>(node(id).offset, fmt::format("{} takes true or false", what));
  }

  DType dtype(SyntaxId id, std::string_view what) {
    const SyntaxNode& n = node(id);
    if (n.kind == SyntaxKind::text || n.kind == SyntaxKind::name)
      for (const DType t : all_dtypes)
        if (name_of(t) == n.text) return t;
    fail<TypeError>(n.offset, fmt::format("{} takes f32, f64, i32, i64 or bool", what));
  }

  std::string_view text(SyntaxId id, std::string_view what) {
    if (node(id).kind != SyntaxKind::text) fail<TypeError>(node(id).offset, fmt::format("{} takes a string", what));
    return node(id).text;
  }

  Padding padding(SyntaxId id, std::string_view what) {
    const SyntaxNode& n = node(id);
    if (n.kind == SyntaxKind::text && (n.text == "valid" || n.text == "VALID")) return Padding::valid;
    if (n.kind == SyntaxKind::text && (n.text == "same" || n.text == "SAME")) return Padding::same;
    if (n.kind != SyntaxKind::text && n.kind != SyntaxKind::tuple && n.kind != SyntaxKind::list)
      return static_cast<int>(integer(id, what));
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    if (n.kind != SyntaxKind::text)
      for (const Operand& o : syntax_.operands(n)) {
        const std::vector<int> pair = integers(o.node, what);
        if (pair.size() == 2) pairs.emplace_back(pair[0], pair[1]);
      }
    if (pairs.empty() || pairs.size() != syntax_.operands(n).size())
      fail<ValueError>(n.offset, fmt::format("{} takes \"valid\", \"same\", an integer, or a pair of integers for each axis", what));
    return pairs;
  }

  ops::Kink kink(std::string_view function, SyntaxId id, std::string_view what) {
    const SyntaxNode& n = node(id);
    const bool pair = function == "maximum" || function == "minimum";
    const auto names = std::span(ops::kink_names).first(ops::kink_names.size() - (pair ? 0 : 1));
    for (const std::string_view name : names)
      if (n.kind == SyntaxKind::text && n.text == name) return *ops::kink_named(name);
    fail<ValueError>(n.offset, fmt::format("{} must be one of '{}'", what, fmt::join(names, "', '")));
  }

  // --- Sizes: polynomials in symbols. ---

  void build_size(SyntaxId id) {
    const SyntaxNode& n = node(id);
    const auto operands = syntax_.operands(n);
    const auto known = [&](std::size_t i) -> const Dim* {
      const auto found = sizes_.find(operands[i].node);
      return found == sizes_.end() ? nullptr : &found->second;
    };
    if (n.kind == SyntaxKind::number && n.integral && n.number < 0x1p53)
      sizes_.emplace(id, Dim(static_cast<std::int64_t>(n.number)));
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
    if (found == sizes_.end())
      fail<TypeError>(node(id).offset,
                      fmt::format("{} takes a size: an integer, a name, or sums and products of them", what));
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
      if (!pair)
        b.sizes.push_back(size(o.node, what));
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
      if (is_x)
        arguments.insert(arguments.begin(), std::move(a));
      else
        arguments.push_back(std::move(a));
    }
    if (arguments[0].kind != Argument::Kind::expr || !arguments[0].name.empty())
      fail<TypeError>(n.offset, fmt::format("[{}] the operand comes first", n.text));
    promote_operands(found, arguments);
    if (!arguments[0].expr.is_bound()) {
      const auto bound = std::find_if(arguments.begin(), arguments.end(), [](const Argument& a) {
        return a.kind == Argument::Kind::expr && a.expr.is_bound();
      });
      const bool typed = bound != arguments.end() && is_float(bound->expr.dtype());
      arguments[0].expr =
          graph_.constant(arguments[0].expr.literal(), typed ? std::optional(bound->expr.dtype()) : std::nullopt);
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
      case SyntaxKind::list:
        return {keyword, Axes(integers(id, keyword.empty() ? "a list" : fmt::format("'{}'", keyword)))};
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
      if (p != nullptr && takes_labels(found, *p))
        labels = &a.expr;
      else if (i == 0 ||
               (p != nullptr && (p->takes == activations::Takes::number || p->takes == activations::Takes::array)))
        operands.push_back(&a.expr);
    }
    if (found.entry->facts().integers)
      harmonise(operands);
    else
      both_smooth(operands);
    // Integers of the logits' own shape are no labels but a distribution written without points.
    if (labels != nullptr && labels->is_bound() && arguments[0].expr.is_bound() &&
        labels->shape() == arguments[0].expr.shape())
      promote(*labels, arguments[0].expr.dtype());
  }
};

}  // namespace
}  // namespace actinium::parse_detail

namespace actinium {

struct Formula::Data : parse_detail::Resolved {
  using Resolved::Resolved;
};

Formula::Formula(std::string_view text, compat system) : data_(std::make_shared<const Data>(text, system)) {}
const std::string& Formula::text() const { return data_->text; }
const std::vector<FreeName>& Formula::names() const { return data_->names; }

Expr Formula::build(const Graph& graph, const ParseOptions& options) const {
  return parse_detail::Builder(graph, options, *data_).run();
}

Expr parse(const Graph& graph, std::string_view text, const ParseOptions& options) {
  return Formula(text).build(graph, options);
}

}  // namespace actinium
