// What a primitive means beyond its name: one Rule an op, looked up by rule(op). Rules are written in the public algebra of Expr;
// the elementwise ones by partial derivatives, from which both modes follow. Start reading at Rule.
#pragma once
#include <span>
#include <vector>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::ops {

struct TypedShape {
  DType dtype;
  Shape shape;
};

/// Operands and attributes of a node about to be made, for shape rules and their messages.
struct BuildContext {
  const GraphData& graph;
  Op op;
  std::span<const NodeId> operands;
  const Attributes& attributes;
  /// Throw `Kind` with "where: [op] message".
  Location where;
};

/// A batch axis of this size, and which operands have it, as axis 0.
struct Batch {
  Dim size;
  std::span<const char> has;
};

/// One primitive. A null `vjp` and `jvp` with `partials` set is elementwise; all null means the derivative is zero everywhere
/// (comparisons, rounding, integers).
struct Rule {
  /// Elementwise ops: the type of the result; the shape is the operands' broadcast together.
  DType (*type)(const BuildContext& context, const TypedShape* requested) = nullptr;
  /// The others: type and shape of the result from the operands; throws the user's errors. Ops whose shape is given (input,
  /// reshape, broadcast, slice, iota, ...) check `requested` and return it.
  TypedShape (*shape)(const BuildContext& context, const TypedShape* requested) = nullptr;
  /// Partial derivative of node y with respect to operand i, as an expression that broadcasts to y's shape.
  Expr (*partial)(const Expr& y, std::span<const Expr> operands, int i) = nullptr;
  /// Cotangent of operand i, already of the operand's shape (elementwise ops use the shared one built from `partial`);
  /// an unbound 0 says that it is zero.
  Expr (*vjp)(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) = nullptr;
  /// Tangent of y from tangents of the operands (unbound 0 for none).
  Expr (*jvp)(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) = nullptr;
  /// Node y once more for operands of which some have a batch axis in front; the result has it in front too. Null for
  /// elementwise ops, which align shapes alone.
  Expr (*batch)(const Expr& y, std::span<const Expr> operands, const Batch& batch) = nullptr;

  // Ops with several results, which are the nodes result(y); unbound 0 for none throughout.
  /// Cotangents of the operands that are `wanted` from those of the results.
  std::vector<Expr> (*cotangents)(const Expr& y, std::span<const Expr> operands, std::span<const char> wanted,
                                  std::span<const Expr> results) = nullptr;
  /// Tangents of the results from those of the operands.
  std::vector<Expr> (*tangents)(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) = nullptr;
};

const Rule& rule(Op op);

/// Joins the operands (one graph; unbound constants and bools take the others' type), checks the op's rule and interns the
/// node: how the public functions, rules and passes make nodes. `graph` may be null: then it is the operands'; elementwise
/// operations of unbound constants alone give an unbound constant. `requested` for ops whose result shape or type is given.
/// `where` is used unless the graph has an ambient location.
Expr build(const GraphPtr& graph, Op op, std::span<const Expr> operands, const Attributes& attributes = {},
           std::source_location where = std::source_location::current(), const TypedShape* requested = nullptr);

/// Node y of any op under a batch: its rule, or alignment.
Expr batched(const Expr& y, std::span<const Expr> operands, const Batch& batch);
/// [B, s] as [B, 1, ..., s] of rank 1 + `rank`, so that broadcasting meets the other axes; without a batch axis, x.
Expr align(const Expr& x, bool has, int rank);
/// x with a batch axis in front, stretched if it has none.
Expr with_batch(const Expr& x, bool has, const Dim& size);
/// `size` in front of the shape.
Shape in_front(const Dim& size, const Shape& shape);

/// Families of rules, one file each; rule() joins them.
struct Entry {
  Op op;
  Rule rule;
};
std::span<const Entry> elementwise_entries();
std::span<const Entry> structure_entries();
std::span<const Entry> reduction_entries();
std::span<const Entry> product_entries();
std::span<const Entry> leaf_entries();
std::span<const Entry> unit_entries();
std::span<const Entry> custom_entries();
std::span<const Entry> loop_entries();

/// The public functions that are entries of the activation catalogue (tanh, sigmoid, ...) as the primitives they are here.
Expr unary(Op op, const Expr& x);

/// Sums `cotangent` over the axes along which `shape` was broadcast, giving exactly `shape`.
Expr sum_to(const Expr& cotangent, const Shape& shape);
/// A constant of this shape, in the graph and type of `like`.
Expr filled(const Expr& like, double value, const Shape& shape);
/// `axes` of x brought to the end and merged into one: [rest..., n]; and back from there to x's shape.
Expr to_last(const Expr& x, std::span<const std::int64_t> axes);
Expr from_last(const Expr& merged, const Shape& shape, std::span<const std::int64_t> axes);
/// `x` without `axes`, with those axes put back as size 1.
Expr keep_axes(const Expr& x, const Shape& full, std::span<const std::int64_t> axes);
/// x with the axis `from` at the place `to`.
Expr moved(const Expr& x, int from, int to);
/// The expression stretched to `shape` (no node if it has it already).
Expr stretch(const Expr& x, const Shape& shape);

}  // namespace actinium::ops
