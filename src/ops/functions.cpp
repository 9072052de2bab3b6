// The public functions over axes and shapes: they put arguments into normal form and make nodes through ops::build.
#include <fmt/format.h>

#include <algorithm>

#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/rules.hpp"

namespace actinium {

using ops::build;
using ops::fail;
using ops::make_shape;
using ops::normal_axes;
using ops::normal_axis;
using ops::Op;
using ops::TypedShape;

namespace {

using List = std::vector<std::int64_t>;

Location place(const At& x) { return ops::place(x.expr.graph().get(), x.where); }

Expr make(Op op, const At& x, Attributes attributes, const TypedShape* requested = nullptr) {
  const std::array operands{x.expr};
  return build(nullptr, op, operands, attributes, x.where, requested);
}

/// The axes put back with size 1.
Expr kept(const Expr& reduced, const At& x, const List& axes) {
  std::vector<Dim> dims = x.expr.shape().dims();
  for (auto axis : axes) dims[static_cast<std::size_t>(axis)] = 1;
  return reshape({reduced, x.where}, dims);
}

/// A reduction is one node; a number without a graph is its own sum.
Expr reduce(Op op, const At& x, const Axes& axes, bool keepdims) {
  const List list = normal_axes(place(x), ops::user_name(op), axes, x.expr.rank());
  if (list.empty()) return x.expr;
  const Expr y = make(op, x, {list, {}, {}, {}});
  return keepdims ? kept(y, x, list) : y;
}

Expr find(Op op, const At& x, std::optional<int> axis, bool keepdims) {
  if (!axis) {
    const int rank = x.expr.rank();
    const Expr y = make(op, {flatten(x), x.where}, {{0}, {}, {}, {}});
    return keepdims ? reshape({y, x.where}, std::vector<Dim>(static_cast<std::size_t>(rank), Dim(1))) : y;
  }
  const List list{normal_axis(place(x), name_of(op), *axis, x.expr.rank())};
  const Expr y = make(op, x, {list, {}, {}, {}});
  return keepdims ? kept(y, x, list) : y;
}

/// The number of elements that `axes` hold.
Expr count(const At& x, const List& axes, DType type) {
  Dim n = 1;
  for (auto axis : axes) n = n * x.expr.shape()[static_cast<int>(axis)];
  if (n.is_constant()) return static_cast<double>(n.constant());
  const TypedShape scalar{type, {}};
  return build(x.expr.graph(), Op::dim_size, {}, {{}, {n}, {}, {}}, x.where, &scalar);
}

}  // namespace

// --- Reductions and scans ---

Expr sum(At x, const Axes& axes, bool keepdims) { return reduce(Op::reduce_sum, x, axes, keepdims); }
Expr prod(At x, const Axes& axes, bool keepdims) { return reduce(Op::reduce_prod, x, axes, keepdims); }
Expr reduce_max(At x, const Axes& axes, bool keepdims) { return reduce(Op::reduce_max, x, axes, keepdims); }
Expr reduce_min(At x, const Axes& axes, bool keepdims) { return reduce(Op::reduce_min, x, axes, keepdims); }
Expr max(At x) { return reduce_max(x); }
Expr min(At x) { return reduce_min(x); }

Expr mean(At x, const Axes& axes, bool keepdims) {
  const List list = normal_axes(place(x), "mean", axes, x.expr.rank());
  if (is_integer(x.expr.dtype()) && x.expr.is_bound())
    fail<TypeError>(place(x), "mean", fmt::format("integers have no /: {} is {}; convert it with cast",
                                                   describe(*x.expr.graph(), x.expr.id()), name_of(x.expr.dtype())));
  if (list.empty()) return x.expr;
  const Expr total = sum(x, axes, keepdims);
  return At{total, x.where} / At{count(x, list, total.dtype()), x.where};
}

Expr argmax(At x, std::optional<int> axis, bool keepdims) { return find(Op::argmax, x, axis, keepdims); }
Expr argmin(At x, std::optional<int> axis, bool keepdims) { return find(Op::argmin, x, axis, keepdims); }

Expr cumsum(At x, int axis, bool reverse) {
  return make(Op::cumsum, x, {{normal_axis(place(x), "cumsum", axis, x.expr.rank()), reverse}, {}, {}, {}});
}
Expr sort(At x, int axis) { return make(Op::sort, x, {{normal_axis(place(x), "sort", axis, x.expr.rank())}, {}, {}, {}}); }
Expr argsort(At x, int axis) {
  return make(Op::argsort, x, {{normal_axis(place(x), "argsort", axis, x.expr.rank())}, {}, {}, {}});
}

// --- Shapes ---

Expr broadcast_to(At x, const Shape& shape) {
  if (x.expr.is_bound() && x.expr.shape() == shape) return x.expr;
  const TypedShape requested{x.expr.dtype(), shape};
  return make(Op::broadcast, x, {}, &requested);
}

Expr reshape(At x, const std::vector<Dim>& shape) {
  std::vector<Dim> dims = shape;
  Dim known = 1;
  std::ptrdiff_t open = -1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (!dims[i].is(-1)) {
      known = known * dims[i];
      continue;
    }
    if (open >= 0) fail<ShapeError>(place(x), "reshape", "two sizes are -1: one at most can be what is left");
    open = static_cast<std::ptrdiff_t>(i);
  }
  if (open >= 0) {
    const auto left = x.expr.shape().size().divided_by(known);
    if (!left)
      fail<ShapeError>(place(x), "reshape",
                       fmt::format("the size {} of {} does not divide by {}", x.expr.shape().size().str(), x.expr.shape().str(), known.str()));
    dims[static_cast<std::size_t>(open)] = *left;
  }
  const Attributes none;
  const std::array<NodeId, 0> no_operands{};
  const GraphData* graph = x.expr.graph().get();
  if (graph == nullptr) fail<GraphError>(place(x), "reshape", "an expression without a graph: declare it with Graph::constant");
  const TypedShape requested{x.expr.dtype(), make_shape({*graph, Op::reshape, no_operands, none, place(x)}, std::move(dims))};
  return requested.shape == x.expr.shape() ? x.expr : make(Op::reshape, x, {}, &requested);
}

Expr transpose(At x, const std::vector<int>& permutation) {
  List order;
  const int rank = x.expr.rank();
  if (permutation.empty())
    for (int i = rank; i-- > 0;) order.push_back(i);
  else
    for (int axis : permutation) order.push_back(normal_axis(place(x), "transpose", axis, rank));
  if (static_cast<int>(order.size()) == rank && std::is_sorted(order.begin(), order.end()) &&
      std::adjacent_find(order.begin(), order.end()) == order.end())
    return x.expr;
  return make(Op::transpose, x, {order, {}, {}, {}});
}

Expr expand_dims(At x, int axis) {
  std::vector<Dim> dims = x.expr.shape().dims();
  const int at = normal_axis(place(x), "expand_dims", axis, x.expr.rank() + 1);
  dims.insert(dims.begin() + at, Dim(1));
  return reshape(x, dims);
}

Expr squeeze(At x, const Axes& axes) {
  const Shape& shape = x.expr.shape();
  List drop;
  if (axes.all()) {
    for (int i = 0; i < shape.rank(); ++i)
      if (shape[i].is(1)) drop.push_back(i);
  } else {
    drop = normal_axes(place(x), "squeeze", axes, shape.rank());
  }
  std::vector<Dim> dims;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!std::binary_search(drop.begin(), drop.end(), i)) {
      dims.push_back(shape[i]);
    } else if (!shape[i].is(1)) {
      fail<ShapeError>(place(x), "squeeze", fmt::format("axis {} of {} has size {}, not 1", i, shape.str(), shape[i].str()));
    }
  }
  return reshape(x, dims);
}

Expr flatten(At x) { return reshape(x, {x.expr.shape().size()}); }

Expr flip(At x, const Axes& axes) {
  const List list = normal_axes(place(x), "flip", axes, x.expr.rank());
  return list.empty() ? x.expr : make(Op::flip, x, {list, {}, {}, {}});
}

// --- Slice, pad, concat ---

namespace {

/// Where x[start:stop:step] begins and how many elements it has, by NumPy's rules (clamped where sizes are known).
struct Range {
  Dim first, count;
};

Dim from_end(const Dim& i, const Dim& extent) { return i.is_constant() && i.constant() < 0 ? extent + i : i; }

Range range_of(const At& x, const Dim& start, const std::optional<Dim>& stop, std::int64_t step, const Dim& extent) {
  if (step == 0) fail<ShapeError>(place(x), "slice", "the step is 0");
  Dim first = from_end(start, extent);
  Dim last = stop ? from_end(*stop, extent) : step > 0 ? extent : Dim(-1);
  if (extent.is_constant()) {
    const std::int64_t n = extent.constant(), lo = step > 0 ? 0 : -1, hi = step > 0 ? n : n - 1;
    if (first.is_constant()) first = std::clamp(first.constant(), lo, hi);
    if (last.is_constant()) last = std::clamp(last.constant(), lo, hi);
  }
  const Dim length = step > 0 ? last - first : first - last;
  const std::int64_t stride = step > 0 ? step : -step;
  if (length.is_constant()) return {first, length.constant() <= 0 ? Dim(0) : Dim((length.constant() + stride - 1) / stride)};
  const auto count = length.divided_by(Dim(stride));
  if (!count)
    fail<ShapeError>(place(x), "slice", fmt::format("{} elements in steps of {} have no exact number", length.str(), stride));
  return {first, *count};
}

/// The part of a concat along `axis` that has the whole range, which then counts from the part's beginning; otherwise x.
/// What an element of a stack depends on is then that element alone, for derivatives too.
Expr part_with(Expr x, int axis, Range& range) {
  while (x.graph()->op(x.id()) == Op::concat && x.graph()->attributes(x.id()).ints[0] == axis && range.first.is_constant() &&
         range.count.is_constant()) {
    Dim start = 0;
    NodeId found = no_node;
    for (NodeId part : x.graph()->operands(x.id())) {
      const Dim& size = x.graph()->shape(part)[axis];
      if (!size.is_constant() || start.constant() > range.first.constant()) break;
      const Dim stop = start + size;
      if (range.first.constant() + range.count.constant() <= stop.constant()) {
        found = part;
        break;
      }
      start = stop;
    }
    if (found == no_node) break;
    x = Expr(x.graph(), found);
    range.first = range.first - start;
  }
  return x;
}

}  // namespace

Expr slice(At x, const Dim& start, const std::optional<Dim>& stop, std::int64_t step, int axis) {
  const Shape& shape = x.expr.shape();
  const int at = normal_axis(place(x), "slice", axis, shape.rank());
  const auto index = static_cast<std::size_t>(at);
  Range range = range_of(x, start, stop, step, shape[at]);
  if (step == 1 && x.expr.is_bound())
    if (Expr part = part_with(x.expr, at, range); !part.same_as(x.expr)) return slice({part, x.where}, range.first, range.first + range.count, 1, at);
  std::vector<Dim> dims = shape.dims();
  dims[index] = range.count;
  if (step == 1 && dims == shape.dims()) return x.expr;
  Attributes a{List(dims.size(), 1), std::vector<Dim>(dims.size(), Dim(0)), {}, {}};
  a.ints[index] = step;
  a.dims[index] = range.count.is(0) ? Dim(0) : range.first;
  const TypedShape requested{x.expr.dtype(), Shape(std::move(dims))};
  return make(Op::slice, x, a, &requested);
}

Expr pad(At x, const std::vector<Dim>& before, const std::vector<Dim>& after, At value) {
  const auto rank = static_cast<std::size_t>(x.expr.rank());
  if (before.size() != rank || after.size() != rank)
    fail<ShapeError>(place(x), "pad", fmt::format("{} and {} amounts for the {} axes of {}", before.size(), after.size(), rank, x.expr.shape().str()));
  auto zero = [](const Dim& d) { return d.is(0); };
  if (std::all_of(before.begin(), before.end(), zero) && std::all_of(after.begin(), after.end(), zero)) return x.expr;
  std::vector<Dim> dims = before;
  dims.insert(dims.end(), after.begin(), after.end());
  const std::array operands{x.expr, value.expr};
  return build(nullptr, Op::pad, operands, {{}, dims, {}, {}}, x.where);
}

Expr concat(const std::vector<Expr>& parts, int axis, std::source_location where) {
  if (parts.empty()) fail<ShapeError>(ops::location_of(where), "concat", "no parts are given");
  const Location at = ops::place(parts[0].graph().get(), where);
  const int rank = parts[0].rank();
  if (rank == 0) fail<ShapeError>(at, "concat", "scalars have no axis to join: use stack");
  const int along = normal_axis(at, "concat", axis, rank);
  if (parts.size() == 1) return parts[0];
  return build(nullptr, Op::concat, parts, {{along}, {}, {}, {}}, where);
}

Expr stack(const std::vector<Expr>& parts, int axis, std::source_location where) {
  if (parts.empty()) fail<ShapeError>(ops::location_of(where), "stack", "no parts are given");
  GraphPtr graph;
  DType type = DType::f32;
  for (const Expr& e : parts)
    if (e.is_bound()) graph = e.graph(), type = e.dtype();
  std::vector<Expr> rows;
  for (const Expr& e : parts)  // a number becomes a constant: it has no axis yet
    rows.push_back(expand_dims({e.is_bound() || !graph ? e : Expr(graph, graph->number(type, e.literal())), where}, axis));
  return concat(rows, axis, where);
}

// --- Indices ---

Expr gather(At x, At indices, int axis) {
  const int at = normal_axis(place(x), "gather", axis, x.expr.rank());
  const std::array operands{x.expr, indices.expr};
  return build(nullptr, Op::gather, operands, {{at}, {}, {}, {}}, x.where);
}

Expr scatter_add(At base, At indices, At updates, int axis) {
  const int at = normal_axis(place(base), "scatter_add", axis, base.expr.rank());
  const std::array operands{base.expr, indices.expr, updates.expr};
  return build(nullptr, Op::scatter_add, operands, {{at}, {}, {}, {}}, base.where);
}

Expr one_hot(At indices, const Dim& n, int axis, std::optional<DType> dtype) {
  const Expr& x = indices.expr;
  if (!x.is_bound()) fail<GraphError>(ops::location_of(indices.where), "one_hot", "an index without a graph: declare it with Graph::constant");
  const int at = normal_axis(place(indices), "one_hot", axis, x.rank() + 1);
  std::vector<Dim> dims = x.shape().dims();
  dims.insert(dims.begin() + at, n);
  const TypedShape requested{dtype.value_or(x.graph()->default_dtype()), Shape(std::move(dims))};
  return make(Op::one_hot, indices, {{at}, {}, {}, {}}, &requested);
}

}  // namespace actinium
