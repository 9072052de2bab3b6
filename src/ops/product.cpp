// The matrix product: NumPy's `@` as a node whose operands have equal leading dimensions. Start reading at matmul.
#include <fmt/format.h>

#include <algorithm>

#include "ops/error.hpp"
#include "ops/cotangent.hpp"
#include "ops/rules.hpp"

namespace actinium {
namespace ops {
namespace {

using Operands = std::span<const Expr>;

TypedShape product_shape(const BuildContext& c, const TypedShape*) {
  const Shape &a = c.graph.shape(c.operands[0]), &b = c.graph.shape(c.operands[1]);
  const int rank = a.rank();
  bool fits = rank == b.rank() && rank >= 2;
  for (int i = 0; fits && i < rank - 2; ++i) fits = a[i] == b[i];
  if (!fits || a[rank - 1] != b[rank - 2]) throw InternalError("matmul of " + a.str() + " and " + b.str());
  std::vector<Dim> dims = a.dims();
  dims.back() = b[rank - 1];
  return {c.graph.dtype(c.operands[0]), make_shape(c, std::move(dims))};
}

Expr swap_last(const Expr& x) {
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return transpose(x, order);
}

Expr product_vjp(const Expr&, Operands x, int i, const Expr& ct) {
  return i == 0 ? matmul(ct, swap_last(x[1])) : matmul(swap_last(x[0]), ct);
}
Expr product_jvp(const Expr&, Operands x, Operands t) {
  Expr sum;
  if (!is_literal(t[0], 0)) sum = matmul(t[0], x[1]);
  if (!is_literal(t[1], 0)) sum = accumulate(sum, matmul(x[0], t[1]));
  return sum;
}

/// One matrix for the whole batch is one product of merged rows; B columns times one matrix are rows times its transpose.
Expr product_batch(const Expr& y, Operands x, const Batch& b) {
  const bool plain = y.rank() == 2;
  if (plain && !b.has[0] && x[1].shape()[2].is(1)) {
    const Expr rows = matmul(reshape(x[1], {b.size, x[1].shape()[1]}), swap_last(x[0]));
    return reshape(rows, in_front(b.size, y.shape()).dims());
  }
  if (plain && !b.has[1]) return matmul(x[0], x[1]);
  return matmul(with_batch(x[0], b.has[0] != 0, b.size), with_batch(x[1], b.has[1] != 0, b.size));
}

const Entry entries[] = {{Op::matmul, {nullptr, product_shape, nullptr, product_vjp, product_jvp, product_batch}}};

/// The user's errors, before any axes are added.
void check_product(const BuildContext& c) {
  const Shape &a = c.graph.shape(c.operands[0]), &b = c.graph.shape(c.operands[1]);
  const DType ta = c.graph.dtype(c.operands[0]), tb = c.graph.dtype(c.operands[1]);
  if (a.rank() == 0 || b.rank() == 0)
    fail<ShapeError>(c, fmt::format("a scalar has no rows or columns: {}; write *", describe_operands(c)));
  if (ta != tb)
    fail<TypeError>(c, fmt::format("types differ: {}: {} is not {}", describe_operands(c), name_of(ta), name_of(tb)));
  if (!is_float(ta)) fail<TypeError>(c, fmt::format("needs f32 or f64: {} are {}", describe_operands(c), name_of(ta)));
  const Dim &ka = a[a.rank() - 1], &kb = b[std::max(0, b.rank() - 2)];
  if (ka != kb)
    fail<ShapeError>(c, fmt::format("inner dimensions differ: {}: {} is not {}", describe_operands(c), ka.str(), kb.str()));
}

Expr with_leading(const Expr& x, const std::vector<Dim>& leading) {
  std::vector<Dim> dims = leading;
  dims.insert(dims.end(), x.shape().end() - 2, x.shape().end());
  return stretch(x, Shape(std::move(dims)));
}

Expr flatten_rows(const Expr& x) {
  Dim rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows = rows * x.shape()[i];
  return reshape(x, {rows, x.shape()[x.rank() - 1]});
}

/// Both of rank >= 2.
Expr batched(const Expr& a, const Expr& b, const BuildContext& c, std::source_location where) {
  const std::array operands{a, b};
  const auto la = std::vector<Dim>(a.shape().begin(), a.shape().end() - 2);
  const auto lb = std::vector<Dim>(b.shape().begin(), b.shape().end() - 2);
  if (la == lb) return build(a.graph(), Op::matmul, operands, {}, where);
  if (lb.empty()) {  // one matrix for all rows: one product of merged rows instead of many
    std::vector<Dim> dims = a.shape().dims();
    const std::array merged{flatten_rows(a), b};
    const Expr y = build(a.graph(), Op::matmul, merged, {}, where);
    dims.back() = b.shape()[b.rank() - 1];
    return reshape({y, where}, dims);
  }
  const auto leading = broadcast_shapes(Shape(la), Shape(lb));
  if (!leading) fail<ShapeError>(c, fmt::format("leading dimensions do not broadcast: {}", describe_operands(c)));
  const std::array full{with_leading(a, leading->dims()), with_leading(b, leading->dims())};
  return build(a.graph(), Op::matmul, full, {}, where);
}

}  // namespace

std::span<const Entry> product_entries() { return entries; }

}  // namespace ops

Expr matmul(At a, At b) {
  using namespace ops;
  if (!a.expr.is_bound() || !b.expr.is_bound())
    fail<ShapeError>(location_of(a.where), "matmul", "a number has no rows or columns: write *");
  const std::array both{a.expr, b.expr};
  if (a.expr.graph() != b.expr.graph()) return build(nullptr, Op::matmul, both, {}, a.where);  // reports the two graphs
  const std::array ids{a.expr.id(), b.expr.id()};
  const Attributes none;
  const BuildContext c{*a.expr.graph(), Op::matmul, ids, none, place(a.expr.graph().get(), a.where)};
  check_product(c);
  const bool row = a.expr.rank() == 1, column = b.expr.rank() == 1;
  const Expr left = row ? expand_dims({a.expr, a.where}, 0) : a.expr;
  const Expr right = column ? expand_dims({b.expr, b.where}, 1) : b.expr;
  const Expr y = batched(left, right, c, a.where);
  if (!row && !column) return y;
  std::vector<Dim> dims = y.shape().dims();
  if (column) dims.pop_back();
  if (row) dims.erase(dims.end() - (column ? 1 : 2));
  return reshape({y, a.where}, dims);
}

}  // namespace actinium
