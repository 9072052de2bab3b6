// Jacobians and Hessians: a sweep for one direction, made again for the identity as a batch of directions. Start reading at
// jacobian.
#include <fmt/format.h>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"

namespace actinium {
namespace {

using ops::Op;

Expr counting(const GraphPtr& graph, const Shape& shape, int axis) {
  const ops::TypedShape requested{DType::i64, shape};
  return ops::build(graph, Op::iota, {}, Attributes{{axis}, {}, {}, {}}, std::source_location(), &requested);
}

/// Element i of the first axis is the direction of element i of x: [n] + the shape of x.
Expr directions(const Expr& x) {
  const Dim n = x.shape().size();
  const Shape square{n, n};
  const Expr unit = where(counting(x.graph(), square, 0) == counting(x.graph(), square, 1), ops::filled(x, 1, square), 0);
  return reshape(unit, ops::in_front(n, x.shape()).dims());
}

std::vector<Dim> joined(const Shape& a, const Shape& b) {
  std::vector<Dim> dims = a.dims();
  dims.insert(dims.end(), b.begin(), b.end());
  return dims;
}

/// y[i] depends on x[i] alone: every node between them works element by element on arrays of this one shape.
bool is_elementwise(const Expr& y, const Expr& x) {
  const GraphData& graph = *x.graph();
  if (y.shape() != x.shape() || y.rank() == 0) return false;
  const autodiff::Cone cone = autodiff::cone(graph, std::span(&y, 1), std::span(&x, 1));
  for (std::uint32_t n = cone.first; n <= cone.last; ++n) {
    const NodeId id{n};
    if (!cone.contains(id) || id == x.id()) continue;
    const bool pointwise = ops::kind_of(graph.op(id)) == ops::Kind::elementwise ||
                           (graph.op(id) == Op::activation && ops::unit_of(graph, id).is_pointwise());
    if (!pointwise || graph.shape(id) != x.shape()) return false;
  }
  return true;
}

/// `slope` along the diagonal of an array of its shape twice.
Expr diagonal(const Expr& slope) {
  const Dim n = slope.shape().size();
  const Shape square{n, n};
  const Expr on = counting(slope.graph(), square, 0) == counting(slope.graph(), square, 1);
  return reshape(where(on, reshape(slope, {n, Dim(1)}), 0), joined(slope.shape(), slope.shape()));
}

Expr reverse(const At& y, const Expr& x) {
  const Expr ct = autodiff::variable(y.expr.graph(), y.expr.dtype(), y.expr.shape());
  const Expr row = detail::vjp(y, std::span(&x, 1), ct)[0], seeds = directions(y.expr);
  const Expr rows = autodiff::batch(std::span(&row, 1), std::span(&ct, 1), std::span(&seeds, 1), y.expr.shape().size(), y.where)[0];
  return reshape(rows, joined(y.expr.shape(), x.shape()));
}

Expr forward(const At& y, const Expr& x) {
  const Expr tangent = autodiff::variable(x.graph(), x.dtype(), x.shape());
  const Expr column = detail::jvp(std::span(&y.expr, 1), std::span(&x, 1), std::span(&tangent, 1), y.where)[0], seeds = directions(x);
  const Expr columns = autodiff::batch(std::span(&column, 1), std::span(&tangent, 1), std::span(&seeds, 1), x.shape().size(), y.where)[0];
  std::vector<int> order;
  for (int i = 1; i < columns.rank(); ++i) order.push_back(i);
  order.push_back(0);
  return reshape(transpose(columns, order), joined(y.expr.shape(), x.shape()));
}

/// Fewer sweeps; where sizes are symbols, fewer as far as that can be told.
bool prefers_forward(const Expr& y, const Expr& x) {
  const Dim rows = y.shape().size(), columns = x.shape().size();
  if (rows.is_constant() && columns.is_constant()) return columns.constant() <= rows.constant();
  return columns.is_constant() || columns == rows;
}

Expr one(const At& y, const Expr& x, Mode mode) {
  if (y.expr.rank() + x.rank() > max_rank)
    ops::fail<ShapeError>(ops::place(x.graph().get(), y.where), "jacobian",
                          fmt::format("of {} with respect to {} has {} axes, more than {}", describe(*y.expr.graph(), y.expr.id()),
                                      describe(*x.graph(), x.id()), y.expr.rank() + x.rank(), max_rank));
  if (y.expr.rank() == 0 && mode != Mode::forward) return detail::vjp(y, std::span(&x, 1), 1)[0];
  if (mode == Mode::automatic && is_elementwise(y.expr, x)) return diagonal(detail::vjp(y, std::span(&x, 1), 1)[0]);
  const bool forwards = mode == Mode::forward || (mode == Mode::automatic && prefers_forward(y.expr, x));
  return forwards ? forward(y, x) : reverse(y, x);
}

}  // namespace

std::vector<Expr> jacobian(At y, const std::vector<Expr>& x, Mode mode) {
  autodiff::check("jacobian", std::span(&y.expr, 1), x, y.where);
  std::vector<Expr> result;
  for (const Expr& e : x) {
    const At bound{y.expr.is_bound() ? y.expr : Expr(e.graph(), e.graph()->number(e.dtype(), y.expr.literal())), y.where};
    result.push_back(one(bound, e, mode));
  }
  return result;
}

Expr jacobian(At y, const Expr& x, Mode mode) { return jacobian(y, std::vector{x}, mode)[0]; }

std::vector<std::vector<Expr>> hessian(At y, const std::vector<Expr>& x) {
  autodiff::check("hessian", std::span(&y.expr, 1), x, y.where);
  std::vector<std::vector<Expr>> blocks;
  for (const Expr& slope : detail::grad(y, x)) {
    blocks.emplace_back();
    for (const Expr& e : x) {
      const bool may_be_diagonal = slope.rank() > 0 && slope.shape() == e.shape();  // forward too if it is none
      blocks.back().push_back(jacobian({slope, y.where}, e, may_be_diagonal ? Mode::automatic : Mode::forward));
    }
  }
  return blocks;
}

Expr hessian(At y, const Expr& x) { return hessian(y, std::vector{x})[0][0]; }

}  // namespace actinium
