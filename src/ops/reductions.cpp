// Reductions and scans: shape rules and derivatives, one entry an op. Start reading at the table at the end.
#include <fmt/format.h>

#include <algorithm>

#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/kink.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {
namespace {

using Operands = std::span<const Expr>;
using List = std::vector<std::int64_t>;

const List& ints_of(const Expr& y) { return y.graph()->attributes(y.id()).ints; }
std::vector<int> axes_of(const Expr& y) { return {ints_of(y).begin(), ints_of(y).end()}; }

std::vector<Dim> remaining(const Shape& x, const List& axes) {
  std::vector<Dim> dims;
  for (int i = 0; i < x.rank(); ++i)
    if (!std::binary_search(axes.begin(), axes.end(), i)) dims.push_back(x[i]);
  return dims;
}

TypedShape reduced(const BuildContext& c, const TypedShape*) {
  const NodeId x = c.operands[0];
  if (c.graph.dtype(x) == DType::b8) fail<TypeError>(c, fmt::format("a number is expected, {} is bool", describe(c.graph, x)));
  return {c.graph.dtype(x), make_shape(c, remaining(c.graph.shape(x), c.attributes.ints))};
}
void check_not_empty(const BuildContext& c) {
  const Shape& x = c.graph.shape(c.operands[0]);
  for (auto axis : c.attributes.ints)
    if (x[static_cast<int>(axis)].is(0))
      fail<ShapeError>(c, fmt::format("axis {} of {} is empty, and no element is the {}", axis, describe_operands(c),
                                      c.op == Op::reduce_max || c.op == Op::argmax ? "largest" : "smallest"));
}
TypedShape extremum(const BuildContext& c, const TypedShape* r) { return check_not_empty(c), reduced(c, r); }
TypedShape position(const BuildContext& c, const TypedShape* r) { return {DType::i64, extremum(c, r).shape}; }

TypedShape scanned(const BuildContext& c, const TypedShape*) {
  const NodeId x = c.operands[0];
  if (c.graph.dtype(x) == DType::b8) fail<TypeError>(c, fmt::format("a number is expected, {} is bool", describe(c.graph, x)));
  return {c.graph.dtype(x), c.graph.shape(x)};
}
TypedShape order(const BuildContext& c, const TypedShape* r) { return {DType::i64, scanned(c, r).shape}; }

/// A cotangent of the result at every element that was reduced.
Expr spread_back(const Expr& y, const Expr& x, const Expr& ct) {
  const List& axes = ints_of(y);
  const bool leading = axes.back() + 1 == static_cast<std::int64_t>(axes.size());  // broadcasting aligns at the right by itself
  return rearranged(ct, [&](const Expr& g) { return stretch(leading ? g : keep_axes(g, x.shape(), axes), x.shape()); });
}

Expr sum_vjp(const Expr& y, Operands x, int, const Expr& ct) { return spread_back(y, x[0], ct); }
Expr sum_jvp(const Expr& y, Operands, Operands t) { return sum(t[0], axes_of(y)); }

/// The products of all elements of the last axis but one, each by itself: n squared of them.
Expr each_without_one(const Expr& row) {
  const int last = row.rank() - 1;
  const Dim n = row.shape()[last];
  auto counting = [&](int axis) {
    const TypedShape shape{DType::i64, Shape{n, n}};
    return build(row.graph(), Op::iota, {}, Attributes{{axis}, {}, {}, {}}, {}, &shape);
  };
  return prod(where(counting(0) == counting(1), Expr(1), expand_dims(row, last)), -1);  // [rest..., n, n]
}

/// The same by a tree of products of neighbours: an element's others are its neighbour and the others of the two. 3 n products.
Expr all_without_one(const Expr& row) {
  const int last = row.rank() - 1;
  struct Level {
    Expr even, odd;
    std::int64_t size;
  };
  std::vector<Level> levels;
  for (Expr x = row; !x.shape()[last].is(1); x = levels.back().even * levels.back().odd) {
    const std::int64_t size = x.shape()[last].constant();
    std::vector<Dim> none(static_cast<std::size_t>(x.rank()), Dim(0)), one = none;
    one.back() = 1;
    if (size % 2 != 0) x = pad(x, none, one, 1.0);
    levels.push_back({slice(x, 0, std::nullopt, 2, last), slice(x, 1, std::nullopt, 2, last), size});
  }
  Expr others = 1;
  for (; !levels.empty(); levels.pop_back()) {
    const Level& l = levels.back();
    std::vector<Dim> dims = l.even.shape().dims();
    dims.back() = dims.back() * 2;
    const Expr pairs = stack({others * l.odd, others * l.even}, last + 1);
    others = slice(reshape(pairs, dims), 0, l.size, 1, last);
  }
  return others;
}

/// The product of all elements but one, for each one: exact whatever number of them is zero, and so are its own derivatives,
/// which dividing the product by the element would not be.
Expr products_of_others(const Expr& y, const Expr& x) {
  constexpr std::int64_t few = 8;
  const Expr row = to_last(x, ints_of(y));  // [rest..., n]
  const Dim& n = row.shape()[row.rank() - 1];
  const bool tree = n.is_constant() && n.constant() > few;
  return from_last(tree ? all_without_one(row) : each_without_one(row), x.shape(), ints_of(y));
}
Expr prod_vjp(const Expr& y, Operands x, int, const Expr& ct) {
  return scaled(spread_back(y, x[0], ct), products_of_others(y, x[0]));
}
Expr prod_jvp(const Expr& y, Operands x, Operands t) { return sum(t[0] * products_of_others(y, x[0]), axes_of(y)); }

/// True at the first of the largest (smallest) elements.
Expr first_extreme(const Expr& y, const Expr& x) {
  const Expr row = to_last(x, ints_of(y));
  const int last = row.rank() - 1;
  const bool largest = x.graph()->op(y.id()) == Op::reduce_max;
  const Expr winner = largest ? argmax(row, last, true) : argmin(row, last, true);
  const TypedShape shape{DType::i64, Shape{row.shape()[last]}};
  const Expr place = build(x.graph(), Op::iota, {}, Attributes{{0}, {}, {}, {}}, {}, &shape);
  return from_last(place == winner, x.shape(), ints_of(y));
}
/// With another kink than ours: every element that ties for the extremum, and what each takes of the derivative.
struct Ties {
  Expr among, share;
};
Ties ties(const Expr& y, const Expr& x) {
  const Expr among = x == spread_back(y, x, y);
  if (kink_of(y) != Kink::mean) return {among, between(kink_of(y), 0, 1)};
  const Expr one = filled(x, 1, x.shape());
  return {among, 1.0 / spread_back(y, x, sum(where(among, one, 0), axes_of(y)))};
}
Expr extremum_vjp(const Expr& y, Operands x, int, const Expr& ct) {
  const Expr spread = spread_back(y, x[0], ct);
  if (kink_of(y) == Kink::strict || !is_float(y.dtype())) return masked(first_extreme(y, x[0]), false, spread);
  const Ties t = ties(y, x[0]);
  return where(t.among, t.share * spread, 0);
}
Expr extremum_jvp(const Expr& y, Operands x, Operands t) {
  if (kink_of(y) == Kink::strict || !is_float(y.dtype()))
    return sum(where(first_extreme(y, x[0]), t[0], Expr(0)), axes_of(y));
  const Ties all = ties(y, x[0]);
  return sum(where(all.among, all.share * t[0], Expr(0)), axes_of(y));
}

Expr cumsum_vjp(const Expr& y, Operands, int, const Expr& ct) {
  return cumsum(ct, static_cast<int>(ints_of(y)[0]), ints_of(y)[1] == 0);
}
Expr cumsum_jvp(const Expr& y, Operands, Operands t) { return cumsum(t[0], static_cast<int>(ints_of(y)[0]), ints_of(y)[1] != 0); }

/// Positions that sorting along the axis takes its elements from, in the array with that axis last and flattened.
Expr sorted_places(const Expr& y, const Expr& x) {
  const Expr row = to_last(x, ints_of(y));
  const Dim n = row.shape()[row.rank() - 1], size = row.shape().size();
  const Expr within = flatten(argsort(row, -1));
  const Dim rows = size.divided_by(n).value_or(Dim(0));  // n is 0: there is nothing to sort
  const TypedShape start_shape{DType::i64, Shape{rows, n}}, size_shape{DType::i64, Shape{}};
  const Expr start = build(x.graph(), Op::iota, {}, Attributes{{0}, {}, {}, {}}, {}, &start_shape);
  const Expr extent = n.is_constant() ? Expr(n.constant()) : build(x.graph(), Op::dim_size, {}, Attributes{{}, {n}, {}, {}}, {}, &size_shape);
  return flatten(start * extent) + within;
}
Expr sort_vjp(const Expr& y, Operands x, int, const Expr& ct) {
  const Expr row = to_last(ct, ints_of(y));
  const Expr zero = filled(ct, 0, Shape{row.shape().size()});
  const Expr moved = scatter_add(zero, sorted_places(y, x[0]), flatten(row));
  return from_last(reshape(moved, row.shape().dims()), x[0].shape(), ints_of(y));
}
Expr sort_jvp(const Expr& y, Operands x, Operands t) {
  const Expr row = to_last(t[0], ints_of(y));
  return from_last(reshape(gather(flatten(row), sorted_places(y, x[0])), row.shape().dims()), x[0].shape(), ints_of(y));
}

/// The axes stand one further (the flag of cumsum, which is none, does not).
Expr axes_batch(const Expr& y, Operands x, const Batch&) {
  Attributes a = y.graph()->attributes(y.id());
  const bool cumulative = y.graph()->op(y.id()) == Op::cumsum;
  for (std::size_t i = 0; i < (cumulative ? 1 : a.ints.size()); ++i) ++a.ints[i];
  return build(y.graph(), y.graph()->op(y.id()), x, a);
}

const Entry entries[] = {
    {Op::reduce_sum, {nullptr, reduced, nullptr, sum_vjp, sum_jvp, axes_batch}},
    {Op::reduce_prod, {nullptr, reduced, nullptr, prod_vjp, prod_jvp, axes_batch}},
    {Op::reduce_max, {nullptr, extremum, nullptr, extremum_vjp, extremum_jvp, axes_batch}},
    {Op::reduce_min, {nullptr, extremum, nullptr, extremum_vjp, extremum_jvp, axes_batch}},
    {Op::argmax, {nullptr, position, nullptr, nullptr, nullptr, axes_batch}},
    {Op::argmin, {nullptr, position, nullptr, nullptr, nullptr, axes_batch}},
    {Op::cumsum, {nullptr, scanned, nullptr, cumsum_vjp, cumsum_jvp, axes_batch}},
    {Op::sort, {nullptr, scanned, nullptr, sort_vjp, sort_jvp, axes_batch}},
    {Op::argsort, {nullptr, order, nullptr, nullptr, nullptr, axes_batch}},
};

/// The order of axes that puts `axes` last.
std::vector<int> axes_last(int rank, std::span<const std::int64_t> axes) {
  std::vector<int> order;
  for (int i = 0; i < rank; ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) order.push_back(i);
  for (auto axis : axes) order.push_back(static_cast<int>(axis));
  return order;
}

}  // namespace

std::span<const Entry> reduction_entries() { return entries; }

Expr keep_axes(const Expr& x, const Shape& full, std::span<const std::int64_t> axes) {
  std::vector<Dim> dims = full.dims();
  for (auto axis : axes) dims[static_cast<std::size_t>(axis)] = 1;
  return reshape(x, dims);
}

Expr to_last(const Expr& x, std::span<const std::int64_t> axes) {
  const Expr moved = transpose(x, axes_last(x.rank(), axes));
  const auto rest = static_cast<std::size_t>(x.rank()) - axes.size();
  std::vector<Dim> dims(moved.shape().begin(), moved.shape().begin() + static_cast<std::ptrdiff_t>(rest));
  Dim n = 1;
  for (int i = static_cast<int>(rest); i < moved.rank(); ++i) n = n * moved.shape()[i];
  dims.push_back(n);
  return reshape(moved, dims);
}

Expr from_last(const Expr& merged, const Shape& shape, std::span<const std::int64_t> axes) {
  const std::vector<int> order = axes_last(shape.rank(), axes);
  std::vector<Dim> dims;
  std::vector<int> inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    dims.push_back(shape[order[i]]);
    inverse[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  }
  return transpose(reshape(merged, dims), inverse);
}

}  // namespace actinium::ops
