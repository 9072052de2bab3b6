// Activation nodes: every question goes to the catalogue entry. Defaults are those of an elementwise entry.
#include "ops/unit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/error.hpp"

namespace actinium::ops {
namespace {

TypedShape unit_shape(const BuildContext& c, const TypedShape*) { return unit_of(c.attributes).shape(c); }
Expr unit_vjp(const Expr& y, std::span<const Expr> x, int i, const Expr& ct) {
  return unit_of(*y.graph(), y.id()).vjp(y, x, i, ct);
}
Expr unit_jvp(const Expr& y, std::span<const Expr> x, std::span<const Expr> t) { return unit_of(*y.graph(), y.id()).jvp(y, x, t); }

Expr unit_batch(const Expr& y, std::span<const Expr> x, const Batch& b) { return unit_of(*y.graph(), y.id()).batch(y, x, b); }

const Entry entries[] = {{Op::activation, {nullptr, unit_shape, nullptr, unit_vjp, unit_jvp, unit_batch}}};

}  // namespace

std::span<const Entry> unit_entries() { return entries; }

TypedShape Unit::shape(const BuildContext& c) const {
  const DType type = c.graph.dtype(c.operands[0]);
  Shape shape;
  for (NodeId o : c.operands) {
    if (c.graph.dtype(o) != type || !is_float(type))
      fail<TypeError>(c.where, name(), fmt::format("needs one of f32, f64: {} is {}", describe(c.graph, o), actinium::name_of(c.graph.dtype(o))));
    const auto both = broadcast_shapes(shape, c.graph.shape(o));
    if (!both) fail<ShapeError>(c.where, name(), "shapes do not broadcast: " + describe_operands(c));
    shape = *both;
  }
  return {type, shape};
}

Expr Unit::partial(const Expr&, std::span<const Expr>, int) const {
  throw InternalError(fmt::format("{} has neither a partial derivative nor rules of its own", name()));
}

Expr Unit::vjp(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) const {
  return vjp_from_partial(operands[static_cast<std::size_t>(i)], i, cotangent, [&](int k) { return partial(y, operands, k); });
}

Expr Unit::jvp(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) const {
  return jvp_from_partials(tangents, [&](int k) { return partial(y, operands, k); });
}

Expr Unit::batch(const Expr& y, std::span<const Expr> operands, const Batch& batch) const {
  std::vector<Expr> aligned;
  for (std::size_t i = 0; i < operands.size(); ++i) aligned.push_back(align(operands[i], batch.has[i] != 0, y.rank()));
  return build(y.graph(), Op::activation, aligned, y.graph()->attributes(y.id()));
}

std::string Unit::text(const Attributes&, std::span<const std::string> operands) const {
  return fmt::format("{}({})", name(), fmt::join(operands, ", "));
}

}  // namespace actinium::ops
