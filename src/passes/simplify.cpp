// The pass `simplify`: constant folding, the table of rewrites, and the rules about shapes that no pattern can say. Nodes are
// made over simplified operands, in order, so one sweep suffices. Start reading at Simplifier::make.
#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "actinium/error.h"
#include "ops/fold.hpp"
#include "ops/rules.hpp"
#include "passes/algebra.hpp"
#include "passes/pass.hpp"

namespace actinium::passes {
namespace {

using ops::Op;

bool is_commutative(Op op) {
  switch (op) {
    case Op::add:
    case Op::mul:
    case Op::max:
    case Op::min:
    case Op::equal:
    case Op::not_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor: return true;
    default: return false;  // NOLINT
  }
}

/// A node about to be made, its operands already in the new graph.
struct Draft {
  Op op;
  DType dtype;
  ShapeId shape;
  std::span<const NodeId> operands;
  AttributesId attributes;
};

class Simplifier {
 public:
  Simplifier(GraphData& out, bool fast_math) : out_(out), fast_math_(fast_math) {}

  NodeId make(const Draft& d) {
    if (const auto node = ops::kind_of(d.op) == ops::Kind::elementwise ? elementwise(d) : structure(d)) return *node;
    return intern(d);
  }

 private:
  struct Binding {
    std::array<NodeId, pattern_variables> nodes{no_node, no_node, no_node, no_node};
  };

  GraphData& out_;
  bool fast_math_;

  NodeId intern(const Draft& d) { return out_.intern(d.op, d.dtype, d.shape, d.operands, d.attributes, out_.ambient); }

  /// The scalar that every element of the node is, if it is a constant or one stretched.
  NodeId uniform(NodeId id) const {
    if (out_.op(id) == Op::broadcast) id = out_.operand(id, 0);
    return out_.op(id) == Op::constant ? id : no_node;
  }

  NodeId stretched(NodeId id, ShapeId shape) {
    if (out_[id].shape == shape) return id;
    const std::array operand{id};
    return make({Op::broadcast, out_.dtype(id), shape, operand, AttributesId{0}});
  }

  // --- Elementwise ---

  std::optional<NodeId> elementwise(const Draft& d) {
    if (const auto node = strip_broadcasts(d)) return node;
    if (const auto node = fold(d)) return node;
    if (const auto node = rewrite(d)) return node;
    if (d.op == Op::cast) return cast(d);
    if (d.op == Op::div) return divide(d);
    return std::nullopt;
  }

  ShapeId broadcast_of(std::span<const NodeId> operands) {
    ShapeId result = out_[operands[0]].shape;
    for (NodeId o : operands.subspan(1)) {
      const ShapeId s = out_[o].shape;
      if (s == result || s == ShapeId{0}) continue;
      if (result == ShapeId{0}) {
        result = s;
        continue;
      }
      const auto both = broadcast_shapes(out_.shape(result), out_.shape(s));
      if (!both) throw InternalError("simplify: operands do not broadcast");
      result = out_.intern_shape(*both);
    }
    return result;
  }

  /// Operands stretch by themselves; what remains to be stretched is the result.
  std::optional<NodeId> strip_broadcasts(const Draft& d) {
    std::array<NodeId, 3> bare{};
    bool any = false;
    for (std::size_t i = 0; i < d.operands.size(); ++i) {
      bare[i] = d.operands[i];
      if (out_.op(bare[i]) != Op::broadcast) continue;
      bare[i] = out_.operand(bare[i], 0);
      any = true;
    }
    if (!any) return std::nullopt;
    const std::span<const NodeId> operands{bare.data(), d.operands.size()};
    return stretched(make({d.op, d.dtype, broadcast_of(operands), operands, d.attributes}), d.shape);
  }

  std::optional<NodeId> fold(const Draft& d) {
    std::array<std::uint64_t, 3> bits{};
    std::array<DType, 3> types{};
    for (std::size_t i = 0; i < d.operands.size(); ++i) {
      const auto value = out_.constant_bits(d.operands[i]);
      if (!value) return std::nullopt;
      bits[i] = *value;
      types[i] = out_.dtype(d.operands[i]);
    }
    const auto result = ops::fold(d.op, d.dtype, {types.data(), d.operands.size()}, {bits.data(), d.operands.size()});
    if (!result) return std::nullopt;
    return stretched(out_.constant(d.dtype, *result), d.shape);
  }

  bool allowed(Licence licence, DType type) const {
    switch (licence) {
      case Licence::exact:
      case Licence::accurate: return true;
      case Licence::integers: return !is_float(type);
      case Licence::fast_math: return fast_math_;
    }
    return false;
  }

  std::optional<NodeId> rewrite(const Draft& d) {
    for (const Rewrite* r : rewrites_of(d.op)) {
      if (!allowed(r->licence, d.dtype)) continue;
      Binding binding;
      if (!match_operands(r->from, d.operands, binding)) continue;
      return stretched(instantiate(r->to, d.dtype, binding), d.shape);
    }
    return std::nullopt;
  }

  /// Patterns are a few ops deep, so this recursion is too.
  bool match(const Pattern& p, NodeId id, Binding& binding) const {
    switch (p.kind) {
      case Pattern::Kind::variable: {
        NodeId& bound = binding.nodes[static_cast<std::size_t>(p.variable)];
        if (bound != no_node) return bound == id;
        bound = id;
        return true;
      }
      case Pattern::Kind::number: {
        const NodeId scalar = uniform(id);
        if (scalar == no_node) return false;
        const double value = *out_.constant_value(scalar);
        return value == p.number && std::signbit(value) == (is_float(out_.dtype(id)) && std::signbit(p.number));
      }
      case Pattern::Kind::op: return out_.op(id) == p.op && match_operands(p, out_.operands(id), binding);
    }
    return false;
  }

  bool match_operands(const Pattern& p, std::span<const NodeId> operands, Binding& binding) const {
    const Binding saved = binding;
    bool same = true;
    for (std::size_t i = 0; same && i < operands.size(); ++i) same = match(p.operands[i], operands[i], binding);
    if (same) return true;
    binding = saved;
    if (!is_commutative(p.op)) return false;
    if (match(p.operands[0], operands[1], binding) && match(p.operands[1], operands[0], binding)) return true;
    binding = saved;
    return false;
  }

  NodeId instantiate(const Pattern& p, DType type, const Binding& binding) {
    switch (p.kind) {
      case Pattern::Kind::variable: return binding.nodes[static_cast<std::size_t>(p.variable)];
      case Pattern::Kind::number: return out_.number(type, p.number);
      case Pattern::Kind::op: break;
    }
    std::array<NodeId, 3> operands{};
    for (std::size_t i = 0; i < p.operands.size(); ++i) operands[i] = instantiate(p.operands[i], type, binding);
    const std::span<const NodeId> list{operands.data(), p.operands.size()};
    return make({p.op, type, broadcast_of(list), list, AttributesId{0}});
  }

  /// Whether every value of `from` is one of `to`.
  static bool widens(DType from, DType to) {
    if (from == to || from == DType::b8) return true;
    if (from == DType::i32) return to == DType::i64 || to == DType::f64;
    return from == DType::f32 && to == DType::f64;
  }

  std::optional<NodeId> cast(const Draft& d) {
    const NodeId x = d.operands[0];
    if (out_.dtype(x) == d.dtype) return x;
    if (out_.op(x) != Op::cast) return std::nullopt;
    const NodeId inner = out_.operand(x, 0);
    if (!widens(out_.dtype(inner), out_.dtype(x))) return std::nullopt;
    const std::array operand{inner};
    return make({Op::cast, d.dtype, d.shape, operand, d.attributes});
  }

  /// Division by a power of two is a product: both round the same real number once.
  std::optional<NodeId> divide(const Draft& d) {
    const auto value = out_.constant_value(d.operands[1]);
    if (!value || *value == 0 || !std::isfinite(*value)) return std::nullopt;
    int exponent = 0;
    if (std::abs(std::frexp(*value, &exponent)) != 0.5) return std::nullopt;
    const int limit = d.dtype == DType::f32 ? 126 : 1022;
    if (exponent > limit || exponent < -limit + 2) return std::nullopt;
    const std::array operands{d.operands[0], out_.number(d.dtype, 1 / *value)};
    return make({Op::mul, d.dtype, d.shape, operands, d.attributes});
  }

  // --- Structure and reductions ---

  std::optional<NodeId> structure(const Draft& d) {
    switch (d.op) {
      case Op::broadcast: return broadcast(d);
      case Op::reshape: return reshape(d);
      case Op::transpose: return transpose(d);
      case Op::slice:
      case Op::flip: return moved(d);
      case Op::reduce_sum:
      case Op::reduce_prod:
      case Op::reduce_max:
      case Op::reduce_min: return reduction(d);
      default: return std::nullopt;  // NOLINT
    }
  }

  /// Elements that are all alike may be moved at will.
  std::optional<NodeId> moved(const Draft& d) {
    if (const NodeId scalar = uniform(d.operands[0]); scalar != no_node) return stretched(scalar, d.shape);
    return std::nullopt;
  }

  NodeId bare_broadcast(NodeId x, ShapeId shape) {
    const std::array operand{x};
    return intern({Op::broadcast, out_.dtype(x), shape, operand, AttributesId{0}});
  }

  std::optional<NodeId> broadcast(const Draft& d) {
    const NodeId x = d.operands[0];
    if (out_[x].shape == d.shape) return x;
    if (out_.op(x) == Op::broadcast) return bare_broadcast(out_.operand(x, 0), d.shape);
    return std::nullopt;
  }

  /// `to` is `from` with axes of size 1 put before it.
  static bool prepends_ones(const Shape& from, const Shape& to) {
    const int extra = to.rank() - from.rank();
    if (extra < 0) return false;
    for (int i = 0; i < to.rank(); ++i)
      if (i < extra ? !to[i].is(1) : to[i] != from[i - extra]) return false;
    return true;
  }

  std::optional<NodeId> reshape(const Draft& d) {
    const NodeId x = d.operands[0];
    if (out_[x].shape == d.shape) return x;
    if (const auto node = moved(d)) return node;
    if (out_.op(x) == Op::reshape) {
      const std::array operand{out_.operand(x, 0)};
      return make({Op::reshape, d.dtype, d.shape, operand, d.attributes});
    }
    if (prepends_ones(out_.shape(x), out_.shape(d.shape))) return stretched(x, d.shape);
    if (out_.op(x) == Op::broadcast && prepends_ones(out_.shape(out_.operand(x, 0)), out_.shape(x))) {
      const std::array operand{out_.operand(x, 0)};
      return make({Op::reshape, d.dtype, d.shape, operand, d.attributes});
    }
    return std::nullopt;
  }

  std::optional<NodeId> transpose(const Draft& d) {
    if (const auto node = moved(d)) return node;
    const NodeId x = d.operands[0];
    std::vector<std::int64_t> order = out_.attributes(d.attributes).ints;
    NodeId from = x;
    if (out_.op(x) == Op::transpose) {
      from = out_.operand(x, 0);
      for (auto& axis : order) axis = out_.attributes(x).ints[static_cast<std::size_t>(axis)];
    }
    if (std::is_sorted(order.begin(), order.end())) return from;
    const std::array operand{from};
    if (only_ones_move(out_.shape(from), order)) return make({Op::reshape, d.dtype, d.shape, operand, AttributesId{0}});
    if (from == x) return std::nullopt;
    return intern({Op::transpose, d.dtype, d.shape, operand, out_.intern_attributes({order, {}, {}, {}})});
  }

  /// Whether axes other than those of size 1 keep their order.
  static bool only_ones_move(const Shape& from, const std::vector<std::int64_t>& order) {
    std::int64_t last = -1;
    for (auto axis : order) {
      if (from[static_cast<int>(axis)].is(1)) continue;
      if (axis < last) return false;
      last = axis;
    }
    return true;
  }

  /// Axes of size 1 need no reduction. A sum starts at +0, so that of one element still turns -0 into +0.
  std::optional<NodeId> reduction(const Draft& d) {
    const NodeId x = d.operands[0];
    const Shape& shape = out_.shape(x);
    const std::vector<std::int64_t>& given = out_.attributes(d.attributes).ints;
    std::vector<std::int64_t> axes;  // of those left, numbered without those dropped
    std::vector<Dim> dims;
    for (int i = 0; i < shape.rank(); ++i) {
      const bool reduced = std::binary_search(given.begin(), given.end(), i);
      if (reduced && shape[i].is(1)) continue;
      if (reduced) axes.push_back(static_cast<std::int64_t>(dims.size()));
      dims.push_back(shape[i]);
    }
    if (axes.size() == given.size()) return std::nullopt;
    const std::array operand{x};
    const NodeId element = make({Op::reshape, d.dtype, out_.intern_shape(Shape(std::move(dims))), operand, AttributesId{0}});
    const std::array operands{element, out_.number(d.dtype, 0)};
    if (!axes.empty())
      return make({d.op, d.dtype, d.shape, std::span(operands).first(1), out_.intern_attributes({axes, {}, {}, {}})});
    if (d.op != Op::reduce_sum || !is_float(d.dtype)) return element;
    return make({Op::add, d.dtype, d.shape, operands, AttributesId{0}});
  }
};

/// Shapes and attributes of the old graph in the new one, looked up once each.
class Images {
 public:
  Images(const GraphData& in, GraphData& out) : in_(in), out_(out) {}
  ShapeId shape(NodeId id) {
    const auto i = static_cast<std::size_t>(in_[id].shape);
    if (i >= shapes_.size()) shapes_.resize(i + 1);
    if (!shapes_[i]) shapes_[i] = out_.intern_shape(in_.shape(id));
    return *shapes_[i];
  }
  AttributesId attributes(NodeId id) {
    const auto i = static_cast<std::size_t>(in_[id].attributes);
    if (i >= attributes_.size()) attributes_.resize(i + 1);
    if (!attributes_[i]) attributes_[i] = out_.intern_attributes(in_.attributes(id));
    return *attributes_[i];
  }

 private:
  const GraphData& in_;
  GraphData& out_;
  std::vector<std::optional<ShapeId>> shapes_;
  std::vector<std::optional<AttributesId>> attributes_;
};

Module simplified(const Module& in, bool fast_math) {
  const GraphData& graph = *in.graph;
  std::optional<Images> images;
  std::optional<Simplifier> simplifier;
  return compact(rebuild(in, [&](GraphData& out, NodeId id, std::span<const NodeId> operands) {
    if (!images) images.emplace(graph, out), simplifier.emplace(out, fast_math);
    if (operands.empty()) return copy_node(out, graph, id, operands);
    return simplifier->make({graph.op(id), graph.dtype(id), images->shape(id), operands, images->attributes(id)});
  }));
}

}  // namespace

Module simplify(const Module& in) { return simplified(in, false); }
Module simplify_fast(const Module& in) { return simplified(in, true); }

}  // namespace actinium::passes
