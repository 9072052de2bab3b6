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

/// One primitive. A null `vjp` and `jvp` with `partials` set is elementwise; all null means the derivative is zero everywhere
/// (comparisons, rounding, integers).
struct Rule {
  /// Type and shape of the result from the operands; throws the user's errors. Ops whose shape is given (input, reshape,
  /// broadcast, slice, iota, ...) check `requested` and return it.
  TypedShape (*shape)(const BuildContext& context, const TypedShape* requested) = nullptr;
  /// Partial derivative of node y with respect to operand i, as an expression that broadcasts to y's shape.
  Expr (*partial)(const Expr& y, std::span<const Expr> operands, int i) = nullptr;
  /// Cotangent of operand i, already of the operand's shape (elementwise ops use the shared one built from `partial`);
  /// an unbound 0 says that it is zero.
  Expr (*vjp)(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) = nullptr;
  /// Tangent of y from tangents of the operands (unbound 0 for none).
  Expr (*jvp)(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) = nullptr;
};

const Rule& rule(Op op);

/// Checks the op's rule and interns the node: how the public functions, rules and passes make nodes. `requested` for ops whose
/// result shape or type is given. `where` is used unless the graph has an ambient location.
Expr build(const GraphPtr& graph, Op op, std::span<const Expr> operands, const Attributes& attributes = {},
           std::source_location where = std::source_location::current(), const TypedShape* requested = nullptr);

/// Sums `cotangent` over the axes along which `shape` was broadcast, giving exactly `shape`.
Expr sum_to(const Expr& cotangent, const Shape& shape);
/// The expression stretched to `shape` (no node if it has it already).
Expr stretch(const Expr& x, const Shape& shape);

}  // namespace actinium::ops
