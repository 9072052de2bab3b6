// The hook between an `activation` node and its catalogue entry: what differentiation, shape inference and printing ask of it.
// Attributes::object of every activation node is a std::shared_ptr<const Unit> (made from exactly that type, so that the
// way back from const void* is a static_cast). The catalogue (src/activations) derives from Unit; nothing here knows it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ops/cotangent.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {

/// Operand `operand` holds indices along `axis` of operand 0; whether negative ones count from its end.
struct IndexUse {
  int operand;
  int axis;
  bool from_end;
};

/// An activation as a node: one object an entry of the catalogue. ints[0] of the node is its derivative order in x.
class Unit {
 public:
  virtual ~Unit() = default;
  virtual std::string_view name() const = 0;

  /// Type and shape of the result. By default: all operands of one float type, broadcast together.
  virtual TypedShape shape(const BuildContext& context) const;

  /// Elementwise entries: the partial derivative of node y with respect to operand i, as an expression that broadcasts to
  /// y's shape; an unbound 0 says that it is zero. Both modes follow from it.
  virtual Expr partial(const Expr& y, std::span<const Expr> operands, int i) const;
  /// Axis-wise entries override these two instead: the cotangent of operand i (of its shape), the tangent of y.
  virtual Expr vjp(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) const;
  virtual Expr jvp(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) const;

  /// Works element by element.
  virtual bool is_pointwise() const { return true; }

  /// Node y once more under a batch axis in front of some operands. By default: shapes aligned, as elementwise entries need.
  virtual Expr batch(const Expr& y, std::span<const Expr> operands, const Batch& batch) const;

  /// An operand that, if it has an integer type, must index operand 0: inputs used so are checked at the call.
  virtual std::optional<IndexUse> index_use(const Attributes&) const { return std::nullopt; }

  /// What explain() says of a node that is legal but hardly meant, or "".
  virtual std::string remark(const Attributes&, std::span<const Expr>) const { return {}; }

  /// Text that the parser reads back, from that of the operands: "leaky_relu(x, 0.2)" by default.
  virtual std::string text(const Attributes& attributes, std::span<const std::string> operands) const;
};

/// The entry behind an activation node.
inline const Unit& unit_of(const Attributes& attributes) { return *static_cast<const Unit*>(attributes.object.get()); }
inline const Unit& unit_of(const GraphData& graph, NodeId node) { return unit_of(graph.attributes(node)); }

/// The shared form of both modes for anything with partial derivatives: sum_to(cotangent * partial), and the sum of
/// partial * tangent. `partial(i)` may be an unbound constant; tangents may be unbound 0 for none.
template <class Partial>
Expr vjp_from_partial(const Expr& operand, int i, const Expr& cotangent, Partial&& partial);
template <class Partial>
Expr jvp_from_partials(std::span<const Expr> tangents, Partial&& partial);

template <class Partial>
Expr vjp_from_partial(const Expr& operand, int i, const Expr& cotangent, Partial&& partial) {
  const Expr p = partial(i);
  if (is_literal(p, 0)) return Expr{};
  if (is_literal(p, 1)) return sum_to(cotangent, operand.shape());
  return sum_to(scaled(cotangent, p), operand.shape());
}

template <class Partial>
Expr jvp_from_partials(std::span<const Expr> tangents, Partial&& partial) {
  Expr sum;
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    if (is_literal(tangents[i], 0)) continue;
    const Expr p = partial(static_cast<int>(i));
    if (is_literal(p, 0)) continue;
    const Expr term = is_literal(tangents[i], 1) ? p : is_literal(p, 1) ? tangents[i] : is_literal(p, -1) ? -tangents[i] : p * tangents[i];
    sum = is_literal(sum, 0) ? term : sum + term;
  }
  return sum;
}

}  // namespace actinium::ops
