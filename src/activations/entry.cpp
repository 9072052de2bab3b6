// An entry as a node: types and shapes, expansion, derivatives, printing. Start reading at Entry::expand and
// Entry::partial.
#include <fmt/format.h>

#include <algorithm>

#include "activations/catalogue.hpp"
#include "activations/differentiate.hpp"
#include "activations/formula.hpp"
#include "ops/error.hpp"

namespace actinium::activations {
namespace {

std::size_t count_operands(const Facts& f, bool masks) {
  std::size_t n = 0;
  for (const Parameter& p : f.parameters) n += is_operand(p.takes) && (masks || p.takes != Takes::mask);
  return n;
}

/// A shape that the operand at `name` must stretch to without stretching it.
void check_fits(const ops::BuildContext& c, std::string_view entry, std::string_view name, NodeId operand,
                const Shape& shape) {
  const auto both = broadcast_shapes(c.graph.shape(operand), shape);
  if (both && *both == shape) return;
  ops::fail<ShapeError>(c.where, entry,
                        fmt::format("{} {} does not broadcast to the operand's shape {}", name,
                                    c.graph.shape(operand).str(), shape.str()));
}

std::string option_text(const Parameter& p, std::int64_t value) {
  switch (p.takes) {
    case Takes::flag: return value != 0 ? "true" : "false";
    case Takes::text: return fmt::format("\"{}\"", p.choices.at(static_cast<std::size_t>(value)));
    case Takes::integer:
    case Takes::axis: return std::to_string(value);
    case Takes::number:
    case Takes::array:
    case Takes::mask:
    case Takes::name:
    case Takes::kink:
    case Takes::axes: break;
  }
  throw InternalError("an option that is none: " + p.name);
}

}  // namespace

Entry::Entry(Facts facts) : facts_(std::move(facts)) {
  if (facts_.corners == nullptr) return;
  Parameter kink{"kink", 0, {}, Takes::kink};
  for (std::string_view name : ops::kink_names)
    if (name != ops::name_of(ops::Kink::second)) kink.choices.emplace_back(name);
  facts_.parameters.push_back(std::move(kink));
}

Terms Entry::terms(const Attributes& attributes, std::span<const Expr> operands) const {
  Terms t{operands[0], {}, {}, {attributes.ints.begin() + 1, attributes.ints.end()}};
  if (!attributes.text.empty()) t.kink = ops::kink_named(attributes.text).value_or(ops::Kink::strict);
  std::size_t next = 1;
  for (const Parameter& p : facts_.parameters) {
    if (!is_operand(p.takes)) continue;
    if (p.takes == Takes::mask) {
      if (next < operands.size()) t.mask = operands[next++];
    } else {
      t.parameters.push_back(next < operands.size() ? operands[next++] : Expr(p.fallback.value_or(0)));
    }
  }
  return t;
}

ops::TypedShape Entry::elementwise_shape(const ops::BuildContext& c) const {
  const NodeId x = c.operands[0];
  const DType type = c.graph.dtype(x);
  if (!is_float(type) && !(facts_.integers && is_integer(type)))
    ops::fail<TypeError>(c.where, facts_.name,
                         fmt::format("needs f32 or f64{}, {} is {}; convert it with cast",
                                     facts_.integers ? " or an integer" : "", describe(c.graph, x), name_of(type)));
  std::size_t i = 1;
  for (const Parameter& p : facts_.parameters) {
    if (!is_operand(p.takes) || i >= c.operands.size()) continue;
    const NodeId operand = c.operands[i++];
    if (c.graph.dtype(operand) != type)
      ops::fail<TypeError>(c.where, facts_.name,
                           fmt::format("{} is {}, {} is {}; convert one with cast", p.name,
                                       name_of(c.graph.dtype(operand)), describe(c.graph, x), name_of(type)));
    check_fits(c, facts_.name, p.name, operand, c.graph.shape(x));
  }
  return {type, c.graph.shape(x)};
}

ops::TypedShape Entry::shape(const ops::BuildContext& c) const {
  if (facts_.axis == nullptr) return elementwise_shape(c);
  const GraphPtr graph = std::const_pointer_cast<GraphData>(c.graph.shared_from_this());
  std::vector<Expr> operands;
  for (NodeId id : c.operands) operands.emplace_back(graph, id);
  const Terms t = terms(c.attributes, operands);
  if (!is_float(t.x.dtype()))
    ops::fail<TypeError>(c.where, facts_.name,
                         fmt::format("needs f32 or f64, {} is {}; convert it with cast",
                                     describe(c.graph, c.operands[0]), name_of(t.x.dtype())));
  if (t.mask) {
    if (t.mask->dtype() != DType::b8)
      ops::fail<TypeError>(c.where, facts_.name,
                           fmt::format("the mask is {}, not bool; compare it, as in m != 0", name_of(t.mask->dtype())));
    check_fits(c, facts_.name, "the mask", t.mask->id(), t.x.shape());
  }
  return axis_rule(c.attributes).shape(t, c.where, facts_.name);
}

const AxisRule& Entry::axis_rule(const Attributes& attributes) const {
  return attributes.ints[0] == 0 ? *facts_.axis : *facts_.axis_slope;
}

/// The best form to differentiate.
Expr Entry::form(int order, const Terms& t) const {
  if (order < 3 && facts_.closed[static_cast<std::size_t>(order)] != nullptr)
    return facts_.closed[static_cast<std::size_t>(order)](t);
  return traced_ ? plain(order, t, true) : expand(order, t);
}

Expr Entry::expand(int order, const Terms& t) const {
  Expr y = plain(order, t);
  if (order != 1 || t.kink == ops::Kink::strict) return y;
  for (const Corner& c : facts_.corners(t)) y = pick(t.x, c.at, ops::between(t.kink, c.left, c.right), y);
  return y;
}

/// The value of order k with our kinks.
Expr Entry::plain(int order, const Terms& t, bool differentiated) const {
  if (order >= facts_.zero_from) return 0;
  if (order < 3 && facts_.value[static_cast<std::size_t>(order)] != nullptr)
    return facts_.value[static_cast<std::size_t>(order)](t);
  if (traced_ && order == 0) return traced_form(traced_->value, t, differentiated);
  if (traced_ && order == 1 && traced_->derivative) return traced_form(*traced_->derivative, t, differentiated);
  return generated(order - 1, t, 0);
}

Expr Entry::traced_form(const std::array<Traced::Forms, 2>& forms, const Terms& t, bool differentiated) const {
  std::vector<Expr> operands{t.x};
  operands.insert(operands.end(), t.parameters.begin(), t.parameters.end());
  bool recognises = true;
  for (const Expr& e : operands) recognises = recognises && (!e.is_bound() || e.graph()->recognises);
  const std::size_t type = t.x.is_bound() && t.x.dtype() == DType::f32 ? 0 : 1;
  return instantiate(forms[type].chosen(recognises, differentiated), operands);
}

Expr Entry::generated(int order, const Terms& t, int wrt) const {
  if (wrt == 0 && order + 1 >= facts_.zero_from) return 0;
  // A graph of its own, so that what x or a parameter is made of cannot be taken for a part of the formula.
  const DType type = t.x.is_bound() ? t.x.dtype() : DType::f64;
  const auto scratch = std::make_shared<GraphData>(type);
  if (t.x.is_bound()) scratch->recognises = t.x.graph()->recognises;
  Module m{scratch, {}, {}};
  std::vector<Expr> actual;
  const auto placeholder = [&](const std::string& name, const Expr& value) {
    m.inputs.push_back(scratch->add_input(name, Shape{}, type, no_location));
    actual.push_back(value);
    return Expr(scratch, m.inputs.back());
  };
  Terms s{placeholder("x", t.x), {}, {}, t.options, t.kink};
  for (std::size_t i = 0; i < t.parameters.size(); ++i) {
    const auto constant = literal(t.parameters[i]);
    const bool varies = wrt == static_cast<int>(i) + 1 || !constant;
    s.parameters.push_back(varies ? placeholder(fmt::format("p{}", i), t.parameters[i]) : Expr(*constant));
  }
  const Expr y = form(order, s);
  const Expr d = differentiate(y, wrt == 0 ? s.x : s.parameters[static_cast<std::size_t>(wrt) - 1]);
  if (!d.is_bound()) return d;
  m.outputs.push_back(d.id());
  return instantiate(m, actual);
}

Expr Entry::make(int order, const Terms& t, std::source_location where) const {
  if (facts_.kind == Kind::composed) return facts_.value[0](t);
  // Integers have no nodes of their own: an infinite limit among the parameters has no integer to stand for it.
  const bool fixed = std::none_of(t.parameters.begin(), t.parameters.end(), [](const Expr& p) { return p.is_bound(); });
  if (order == 0 && t.x.is_bound() && is_integer(t.x.dtype()) && facts_.integers && fixed) return plain(0, t);
  bool bound = t.x.is_bound();
  for (const Expr& p : t.parameters) bound = bound || p.is_bound();
  if (!bound) {
    if (facts_.kind == Kind::axis)
      ops::fail<GraphError>(ops::location_of(where), facts_.name,
                            "an expression without a graph: declare it with Graph::constant or Graph::input");
    return expand(order, t);
  }
  if (order >= facts_.zero_from && t.x.is_bound()) return ops::filled(t.x, 0, t.x.shape());
  if (facts_.kind == Kind::primitive || order > 2) {
    const Expr y = expand(order, t);
    if (!t.x.is_bound()) return y;
    return y.is_bound() ? ops::stretch(y, t.x.shape()) : ops::filled(t.x, y.literal(), t.x.shape());
  }
  std::vector<Expr> operands{t.x};
  std::size_t needed = 1, i = 0;
  for (const Parameter& p : facts_.parameters) {
    if (!is_operand(p.takes) || p.takes == Takes::mask) continue;
    operands.push_back(t.parameters[i++]);
    if (operands.back().is_bound() || !p.fallback || operands.back().literal() != *p.fallback) needed = operands.size();
  }
  operands.resize(t.mask ? operands.size() : needed, 0);
  if (t.mask) operands.push_back(*t.mask);
  Attributes attributes;
  attributes.ints.push_back(order);
  attributes.ints.insert(attributes.ints.end(), t.options.begin(), t.options.end());
  if (t.kink != ops::Kink::strict) attributes.text = ops::name_of(t.kink);
  attributes.object = std::shared_ptr<const ops::Unit>(shared_from_this());
  return ops::build(nullptr, ops::Op::activation, operands, attributes, where);
}

Expr Entry::partial(const Expr& y, std::span<const Expr> operands, int i) const {
  const Attributes& attributes = y.graph()->attributes(y.id());
  const Terms t = terms(attributes, operands);
  const int order = static_cast<int>(attributes.ints[0]);
  if (i > 0) return order == 0 && facts_.parameter != nullptr ? facts_.parameter(t, i - 1) : generated(order, t, i);
  if (order + 1 >= facts_.zero_from) return 0;
  return order < 2 ? make(order + 1, t, {}) : generated(order, t, 0);
}

Expr Entry::vjp(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) const {
  if (facts_.axis == nullptr) return Unit::vjp(y, operands, i, cotangent);
  const Attributes& attributes = y.graph()->attributes(y.id());
  return axis_rule(attributes).vjp(y, terms(attributes, operands), i, cotangent);
}

Expr Entry::jvp(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) const {
  if (facts_.axis == nullptr) return Unit::jvp(y, operands, tangents);
  const Attributes& attributes = y.graph()->attributes(y.id());
  return axis_rule(attributes).jvp(y, terms(attributes, operands), tangents);
}

/// The axes among the options stand one further. x has the batch axis whatever else does, for the others broadcast to it;
/// an array along axes (labels) has one if x has.
Expr Entry::batch(const Expr& y, std::span<const Expr> operands, const ops::Batch& b) const {
  const GraphPtr& graph = y.graph();
  Attributes attributes = graph->attributes(y.id());
  std::size_t option = 1;
  bool list = false;
  for (const Parameter& p : facts_.parameters) {
    list = list || p.takes == Takes::axes;
    if (is_operand(p.takes) || p.takes == Takes::kink || p.takes == Takes::name || p.takes == Takes::axes) continue;
    attributes.ints[option++] += p.takes == Takes::axis;
  }
  for (std::size_t i = option; list && i < attributes.ints.size(); ++i) ++attributes.ints[i];  // a list of axes stands last
  const int rank = graph->shape(graph->operand(y.id(), 0)).rank();
  std::vector<Expr> aligned{ops::with_batch(operands[0], b.has[0] != 0, b.size)};
  std::size_t next = 1;
  for (const Parameter& p : facts_.parameters) {
    if (!is_operand(p.takes) || next >= operands.size()) continue;
    const bool along = facts_.axis != nullptr && p.takes == Takes::array, has = b.has[next] != 0;
    aligned.push_back(along ? ops::with_batch(operands[next], has, b.size) : ops::align(operands[next], has, rank));
    ++next;
  }
  return ops::build(graph, ops::Op::activation, aligned, attributes);
}

std::string Entry::remark(const Attributes& attributes, std::span<const Expr> operands) const {
  return facts_.remark == nullptr ? "" : facts_.remark(terms(attributes, operands));
}

std::optional<ops::IndexUse> Entry::index_use(const Attributes& attributes) const {
  // ints[0] is the derivative order, then come the options.
  if (!facts_.indexes) return std::nullopt;
  return ops::IndexUse{1, static_cast<int>(attributes.ints[1]), false};
}

std::string Entry::text(const Attributes& attributes, std::span<const std::string> operands) const {
  const auto order = attributes.ints[0];
  std::string out = facts_.name + (order > 0 ? fmt::format("_d{}", order) : "") + "(" + operands[0];
  std::size_t operand = 1, option = 1, scalars = 1;
  for (const Parameter& p : facts_.parameters)
    scalars += !is_operand(p.takes) && p.takes != Takes::axes && p.takes != Takes::kink;
  for (const Parameter& p : facts_.parameters) {
    if (p.takes == Takes::mask && count_operands(facts_, true) + 1 > operands.size()) continue;
    if (is_operand(p.takes)) {
      if (operand < operands.size()) out += fmt::format(", {}={}", p.name, operands[operand++]);
    } else if (p.takes == Takes::axes) {
      std::string list;
      for (std::size_t k = scalars; k < attributes.ints.size(); ++k)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", attributes.ints[k]);
      const bool one = attributes.ints.size() == scalars + 1;
      out += one ? fmt::format(", {}={}", p.name, list) : fmt::format(", {}=({})", p.name, list);
    } else if (p.takes == Takes::kink) {
      if (!attributes.text.empty()) out += fmt::format(", kink=\"{}\"", attributes.text);
    } else {
      const auto value = attributes.ints[option++];
      if (p.takes == Takes::axis || !p.fallback || static_cast<double>(value) != *p.fallback)
        out += fmt::format(", {}={}", p.name, option_text(p, value));
    }
  }
  return out + ")";
}

}  // namespace actinium::activations
