// Primitives that move or select elements, and the leaves: shape rules, derivatives, batching, one entry an op. An adjoint is written
// with the other ops of this file. Start reading at the tables at the end.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "ops/cotangent.hpp"
#include "ops/error.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {
namespace {

using Operands = std::span<const Expr>;

const Attributes& attributes_of(const Expr& y) { return y.graph()->attributes(y.id()); }
const Shape& shape_of(const BuildContext& c, std::size_t i) { return c.graph.shape(c.operands[i]); }
DType type_of(const BuildContext& c, std::size_t i) { return c.graph.dtype(c.operands[i]); }

const TypedShape& given(const BuildContext& c, const TypedShape* requested) {
  if (requested == nullptr) throw InternalError(fmt::format("{} without a shape", name_of(c.op)));
  return *requested;
}

void check_same_type(const BuildContext& c, std::size_t i, std::size_t j) {
  if (type_of(c, i) != type_of(c, j))
    fail<TypeError>(c, fmt::format("types differ: {}: {} is not {}", describe_operands(c), name_of(type_of(c, i)), name_of(type_of(c, j))));
}
void check_indices(const BuildContext& c, std::size_t i) {
  if (!is_integer(type_of(c, i)))
    fail<TypeError>(c, fmt::format("indices are i32 or i64, {} is {}", describe(c.graph, c.operands[i]), name_of(type_of(c, i))));
}

// --- Leaves ---

TypedShape given_shape(const BuildContext& c, const TypedShape* requested) { return given(c, requested); }

TypedShape iota_shape(const BuildContext& c, const TypedShape* requested) {
  const TypedShape& t = given(c, requested);
  if (t.dtype == DType::b8) fail<TypeError>(c, "counts in a number type, not bool");
  normal_axis(c.where, "iota", static_cast<int>(c.attributes.ints[0]), t.shape.rank());
  return t;
}

// --- Broadcast, reshape, transpose, flip ---

TypedShape broadcast_shape(const BuildContext& c, const TypedShape* requested) {
  const TypedShape& t = given(c, requested);
  const auto both = broadcast_shapes(shape_of(c, 0), t.shape);
  if (!both || *both != t.shape)
    fail<ShapeError>(c, fmt::format("{} does not broadcast to {}", describe_operands(c), t.shape.str()));
  return {type_of(c, 0), t.shape};
}
Expr broadcast_vjp(const Expr&, Operands x, int, const Expr& ct) { return sum_to(ct, x[0].shape()); }
Expr broadcast_jvp(const Expr& y, Operands, Operands t) { return stretch(t[0], y.shape()); }

TypedShape reshape_shape(const BuildContext& c, const TypedShape* requested) {
  const TypedShape& t = given(c, requested);
  const Dim from = shape_of(c, 0).size(), to = t.shape.size();
  if (from != to)
    fail<ShapeError>(c, fmt::format("sizes differ: {} to {}: {} is not {}", describe_operands(c), t.shape.str(), from.str(), to.str()));
  return {type_of(c, 0), t.shape};
}
Expr reshape_vjp(const Expr&, Operands x, int, const Expr& ct) {
  return rearranged(ct, [&](const Expr& g) { return reshape(g, x[0].shape().dims()); });
}
Expr reshape_jvp(const Expr& y, Operands, Operands t) { return reshape(t[0], y.shape().dims()); }

TypedShape transpose_shape(const BuildContext& c, const TypedShape*) {
  const Shape& x = shape_of(c, 0);
  std::vector<std::int64_t> sorted = c.attributes.ints;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> all(static_cast<std::size_t>(x.rank()));
  std::iota(all.begin(), all.end(), 0);
  if (sorted != all)
    fail<ShapeError>(c, fmt::format("the permutation of {} must name each of its {} axes once", describe_operands(c), x.rank()));
  std::vector<Dim> dims;
  for (auto axis : c.attributes.ints) dims.push_back(x[static_cast<int>(axis)]);
  return {type_of(c, 0), make_shape(c, std::move(dims))};
}
std::vector<int> permutation_of(const Expr& y, bool inverse) {
  const auto& p = attributes_of(y).ints;
  std::vector<int> result(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (inverse)
      result[static_cast<std::size_t>(p[i])] = static_cast<int>(i);
    else
      result[i] = static_cast<int>(p[i]);
  }
  return result;
}
Expr transpose_vjp(const Expr& y, Operands, int, const Expr& ct) {
  return rearranged(ct, [&](const Expr& g) { return transpose(g, permutation_of(y, true)); });
}
Expr transpose_jvp(const Expr& y, Operands, Operands t) { return transpose(t[0], permutation_of(y, false)); }

TypedShape same_shape(const BuildContext& c, const TypedShape*) { return {type_of(c, 0), shape_of(c, 0)}; }
Expr flip_like(const Expr& y, const Expr& x) {
  const auto& axes = attributes_of(y).ints;
  return flip(x, std::vector<int>(axes.begin(), axes.end()));
}
Expr flip_vjp(const Expr& y, Operands, int, const Expr& ct) { return flip_like(y, ct); }
Expr flip_jvp(const Expr& y, Operands, Operands t) { return flip_like(y, t[0]); }

// --- Slice and pad ---

TypedShape slice_shape(const BuildContext& c, const TypedShape* requested) {
  const TypedShape& t = given(c, requested);
  const Shape& x = shape_of(c, 0);
  if (t.shape.rank() != x.rank()) throw InternalError("slice changes the rank");
  for (int i = 0; i < x.rank(); ++i) {
    const Dim& start = c.attributes.dims[static_cast<std::size_t>(i)];
    const std::int64_t step = c.attributes.ints[static_cast<std::size_t>(i)];
    if (step == 0) fail<ShapeError>(c, "the step is 0");
    if (!start.is_constant() || !t.shape[i].is_constant() || !x[i].is_constant() || t.shape[i].is(0)) continue;
    const std::int64_t first = start.constant(), last = first + (t.shape[i].constant() - 1) * step;
    if (std::min(first, last) < 0 || std::max(first, last) >= x[i].constant())
      fail<ShapeError>(c, fmt::format("elements {} to {} are outside axis {} of {}", first, last, i, describe_operands(c)));
  }
  return {type_of(c, 0), t.shape};
}

Expr slice_like(const Expr& y, const Expr& x) {
  const TypedShape shape{x.dtype(), y.shape()};
  const std::array operand{x};
  return build(x.graph(), Op::slice, operand, attributes_of(y), {}, &shape);
}

/// Puts step - 1 zeros after every element of `axis`.
Expr spread(const Expr& x, int axis, std::int64_t step) {
  std::vector<Dim> dims = x.shape().dims();
  dims.insert(dims.begin() + axis + 1, Dim(1));
  std::vector<Dim> none(dims.size(), Dim(0)), after = none;
  after[static_cast<std::size_t>(axis) + 1] = step - 1;
  const Expr padded = pad(reshape(x, dims), none, after);
  dims = x.shape().dims();
  dims[static_cast<std::size_t>(axis)] = dims[static_cast<std::size_t>(axis)] * Dim(step);
  return reshape(padded, dims);
}

/// Where each element came from: reversed and spread as the steps say, then padded to the operand's shape.
Expr slice_vjp(const Expr& y, Operands x, int, const Expr& cotangent) {
  const Attributes& a = attributes_of(y);
  const Shape& full = x[0].shape();
  Expr ct = cotangent;
  std::vector<Dim> before, after;
  for (int axis = 0; axis < full.rank(); ++axis) {
    Dim start = a.dims[static_cast<std::size_t>(axis)];
    const Dim count = y.shape()[axis];
    std::int64_t step = a.ints[static_cast<std::size_t>(axis)];
    if (count.is(0)) return filled(ct, 0, full);
    if (step < 0) {
      ct = flip(ct, axis);
      start = start + (count - 1) * Dim(step);
      step = -step;
    }
    Dim rest = full[axis] - start - count * Dim(step);
    if (step != 1) {
      ct = spread(ct, axis, step);
      if (rest.is_constant() && rest.constant() < 0) {  // zeros spread beyond the end
        ct = slice(ct, 0, full[axis] - start, 1, axis);
        rest = 0;
      }
    }
    before.push_back(start);
    after.push_back(rest);
  }
  return pad(ct, before, after);
}
Expr slice_jvp(const Expr& y, Operands, Operands t) { return slice_like(y, t[0]); }

TypedShape pad_shape(const BuildContext& c, const TypedShape*) {
  check_same_type(c, 0, 1);
  const Shape& x = shape_of(c, 0);
  if (shape_of(c, 1).rank() != 0) fail<ShapeError>(c, fmt::format("the value {} is not a scalar", describe(c.graph, c.operands[1])));
  std::vector<Dim> dims;
  for (int i = 0; i < x.rank(); ++i) {
    const Dim& lo = c.attributes.dims[static_cast<std::size_t>(i)];
    const Dim& hi = c.attributes.dims[static_cast<std::size_t>(i + x.rank())];
    for (const Dim& d : {lo, hi})
      if (d.is_constant() && d.constant() < 0) fail<ShapeError>(c, fmt::format("padding by {} along axis {} is negative", d.str(), i));
    dims.push_back(x[i] + lo + hi);
  }
  return {type_of(c, 0), make_shape(c, std::move(dims))};
}
Expr pad_like(const Expr& y, const Expr& x, const Expr& value) {
  const std::array operands{x, value};
  return build(y.graph(), Op::pad, operands, attributes_of(y), {});
}
Expr pad_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  if (i == 0) {
    const auto& dims = attributes_of(y).dims;
    const auto rank = static_cast<std::size_t>(y.rank());
    Attributes a{std::vector<std::int64_t>(rank, 1), {dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(rank)}, {}, {}};
    const TypedShape shape{ct.dtype(), x[0].shape()};
    const std::array operand{ct};
    return build(ct.graph(), Op::slice, operand, a, {}, &shape);
  }
  const Expr inside = broadcast_to(Expr(y.graph(), y.graph()->number(DType::b8, 0)), x[0].shape());
  return sum(masked(pad_like(y, inside, Expr(y.graph(), y.graph()->number(DType::b8, 1))), false, ct));
}
Expr pad_jvp(const Expr& y, Operands x, Operands t) {
  return pad_like(y, is_literal(t[0], 0) ? filled(x[0], 0, x[0].shape()) : t[0], t[1]);
}

// --- Concat, gather, scatter_add, one_hot ---

TypedShape concat_shape(const BuildContext& c, const TypedShape*) {
  const Shape& first = shape_of(c, 0);
  const auto axis = static_cast<int>(c.attributes.ints[0]);
  std::vector<Dim> dims = first.dims();
  for (std::size_t i = 1; i < c.operands.size(); ++i) {
    const Shape& part = shape_of(c, i);
    check_same_type(c, 0, i);
    bool fits = part.rank() == first.rank();
    for (int k = 0; fits && k < part.rank(); ++k) fits = k == axis || part[k] == first[k];
    if (!fits)
      fail<ShapeError>(c, fmt::format("parts differ beside axis {}: {} and {}", axis, describe(c.graph, c.operands[0]),
                                      describe(c.graph, c.operands[i])));
    dims[static_cast<std::size_t>(axis)] = dims[static_cast<std::size_t>(axis)] + part[axis];
  }
  return {type_of(c, 0), make_shape(c, std::move(dims))};
}
Expr concat_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  const auto axis = static_cast<int>(attributes_of(y).ints[0]);
  Dim start = 0;
  for (int k = 0; k < i; ++k) start = start + x[static_cast<std::size_t>(k)].shape()[axis];
  return slice(ct, start, start + x[static_cast<std::size_t>(i)].shape()[axis], 1, axis);
}
Expr concat_jvp(const Expr& y, Operands x, Operands t) {
  std::vector<Expr> parts;
  for (std::size_t i = 0; i < x.size(); ++i) parts.push_back(is_literal(t[i], 0) ? filled(x[i], 0, x[i].shape()) : t[i]);
  return concat(parts, static_cast<int>(attributes_of(y).ints[0]));
}

/// x[:axis] + indices + x[axis + 1:].
std::vector<Dim> gathered(const Shape& x, const Shape& indices, int axis) {
  std::vector<Dim> dims(x.begin(), x.begin() + axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), x.begin() + axis + 1, x.end());
  return dims;
}
TypedShape gather_shape(const BuildContext& c, const TypedShape*) {
  check_indices(c, 1);
  const auto axis = static_cast<int>(c.attributes.ints[0]);
  return {type_of(c, 0), make_shape(c, gathered(shape_of(c, 0), shape_of(c, 1), axis))};
}

/// `extent` as a number of integer type.
Expr extent_of(const GraphPtr& g, DType type, const Dim& extent) {
  const TypedShape scalar{type, {}};
  return extent.is_constant() ? Expr(g, g->number(type, static_cast<double>(extent.constant())))
                              : build(g, Op::dim_size, {}, Attributes{{}, {extent}, {}, {}}, {}, &scalar);
}
template <class T>
bool all_inside(const void* data, std::int64_t count, std::int64_t n) {
  const T* i = static_cast<const T*>(data);
  return std::all_of(i, i + count, [&](T at) { return at >= -n && at < n; });
}
/// Whether indices are known to be of elements of an axis of this size. Those that are inputs are checked at the call.
bool always_inside(const Expr& indices, const Dim& n) {
  const GraphPtr& g = indices.graph();
  if (indices.dtype() == DType::i32 && n.is_constant() && n.constant() > std::numeric_limits<std::int32_t>::max()) return true;
  NodeId id = indices.id();
  const auto rearranges = [&](Op op) { return op == Op::reshape || op == Op::broadcast || op == Op::transpose || op == Op::slice || op == Op::flip; };
  while (rearranges(g->op(id)) || (g->op(id) == Op::cast && is_integer(g->dtype(g->operand(id, 0))))) id = g->operand(id, 0);
  const auto fits = [&](const Dim& d) { return d == n || (d.is_constant() && n.is_constant() && d.constant() <= n.constant()); };
  const auto axis = [&] { return static_cast<int>(g->attributes(id).ints[0]); };
  switch (g->op(id)) {
    case Op::input: return true;
    case Op::tensor: {
      const void* data = g->attributes(id).object.get();
      const std::int64_t count = g->shape(id).size().constant();
      if (!n.is_constant()) return false;
      return g->dtype(id) == DType::i32 ? all_inside<std::int32_t>(data, count, n.constant()) : all_inside<std::int64_t>(data, count, n.constant());
    }
    case Op::iota: return fits(g->shape(id)[axis()]);
    case Op::argsort:
    case Op::argmax:
    case Op::argmin: return fits(g->shape(g->operand(id, 0))[axis()]);
    default: return false;  // NOLINT
  }
}
/// Indices outside read the nearest element, and that is whose cotangent they give.
Expr gather_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  if (i == 1) return {};
  const auto axis = static_cast<int>(attributes_of(y).ints[0]);
  const Dim& n = x[0].shape()[axis];
  Expr nearest = x[1];
  if (!always_inside(nearest, n)) {
    const Expr extent = extent_of(x[1].graph(), x[1].dtype(), n);
    nearest = min(max(x[1], -extent), extent - 1);
  }
  return scatter_add(filled(ct, 0, x[0].shape()), nearest, ct, axis);
}
Expr gather_jvp(const Expr& y, Operands x, Operands t) { return gather(t[0], x[1], static_cast<int>(attributes_of(y).ints[0])); }

TypedShape scatter_shape(const BuildContext& c, const TypedShape*) {
  check_indices(c, 1);
  check_same_type(c, 0, 2);
  const auto axis = static_cast<int>(c.attributes.ints[0]);
  const Shape expected = make_shape(c, gathered(shape_of(c, 0), shape_of(c, 1), axis));
  if (shape_of(c, 2) != expected)
    fail<ShapeError>(c, fmt::format("the updates {} must have the shape {}", describe(c.graph, c.operands[2]), expected.str()));
  return {type_of(c, 0), shape_of(c, 0)};
}
Expr scatter_vjp(const Expr& y, Operands x, int i, const Expr& ct) {
  if (i == 0) return ct;
  if (i == 1) return {};
  const auto axis = static_cast<int>(attributes_of(y).ints[0]);
  const Expr read = gather(ct, x[1], axis);
  const Dim& n = x[0].shape()[axis];
  if (always_inside(x[1], n)) return read;
  // An update at an index outside is dropped, and gather would read the nearest element.
  const Expr extent = extent_of(x[1].graph(), x[1].dtype(), n);
  std::vector<Dim> dims = x[1].shape().dims();
  dims.resize(dims.size() + static_cast<std::size_t>(ct.rank() - axis - 1), Dim(1));
  return masked(reshape(x[1] >= -extent && x[1] < extent, dims), false, read);
}
Expr scatter_jvp(const Expr& y, Operands x, Operands t) {
  const Expr base = is_literal(t[0], 0) ? filled(x[0], 0, x[0].shape()) : t[0];
  if (is_literal(t[2], 0)) return base;
  return scatter_add(base, x[1], t[2], static_cast<int>(attributes_of(y).ints[0]));
}

TypedShape one_hot_shape(const BuildContext& c, const TypedShape* requested) {
  check_indices(c, 0);
  return given(c, requested);
}

// --- Under a batch axis in front: the other axes stand one further ---

/// Node y with other attributes over x, of the shape that is given or follows.
Expr remade(const Expr& y, Operands x, const Attributes& attributes, const Shape& shape) {
  const TypedShape requested{y.dtype(), shape};
  return build(y.graph(), y.graph()->op(y.id()), x, attributes, {}, &requested);
}
Attributes shifted(const Expr& y) {
  Attributes a = attributes_of(y);
  for (std::int64_t& axis : a.ints) ++axis;
  return a;
}

Expr broadcast_batch(const Expr& y, Operands x, const Batch& b) {
  return stretch(align(x[0], true, y.rank()), in_front(b.size, y.shape()));
}
Expr reshape_batch(const Expr& y, Operands x, const Batch& b) { return reshape(x[0], in_front(b.size, y.shape()).dims()); }
Expr transpose_batch(const Expr& y, Operands x, const Batch&) {
  std::vector<int> order{0};
  for (int axis : permutation_of(y, false)) order.push_back(axis + 1);
  return transpose(x[0], order);
}
Expr flip_batch(const Expr& y, Operands x, const Batch&) { return remade(y, x, shifted(y), {}); }
Expr slice_batch(const Expr& y, Operands x, const Batch& b) {
  Attributes a = attributes_of(y);
  a.ints.insert(a.ints.begin(), 1);
  a.dims.insert(a.dims.begin(), Dim(0));
  return remade(y, x, a, in_front(b.size, y.shape()));
}
Expr pad_batch(const Expr& y, Operands x, const Batch& b) {
  Attributes a = attributes_of(y);
  a.dims.insert(a.dims.begin() + y.rank(), Dim(0));
  a.dims.insert(a.dims.begin(), Dim(0));
  const Expr inside = with_batch(x[0], b.has[0] != 0, b.size);
  if (!b.has[1]) return remade(y, std::array{inside, x[1]}, a, {});
  // A value for each: the node takes one alone, so it marks where the values go.
  const GraphPtr& g = y.graph();
  const auto flag = [&](double v) { return Expr(g, g->number(DType::b8, v)); };
  const Expr around = remade(y, std::array{stretch(flag(0), inside.shape()), flag(1)}, a, {});
  const Expr padded = remade(y, std::array{inside, Expr(g, g->number(y.dtype(), 0))}, a, {});
  return where(around, align(x[1], true, y.rank()), padded);
}
Expr concat_batch(const Expr& y, Operands x, const Batch& b) {
  std::vector<Expr> parts;
  for (std::size_t i = 0; i < x.size(); ++i) parts.push_back(with_batch(x[i], b.has[i] != 0, b.size));
  return remade(y, parts, shifted(y), {});
}

/// Both batch axes of rows and indices in one: element (b, i) of x [B, n, ...] is row b*n + i of [B*n, ...]. An index outside
/// stays outside (scatter_add drops it) or goes to the nearest element (gather), and never to another example.
Expr rows_of(const Expr& x) {
  std::vector<Dim> dims(x.shape().begin() + 1, x.shape().end());
  dims[0] = dims[0] * x.shape()[0];
  return reshape(x, dims);
}
Expr row_indices(const Expr& given, const Dim& size, const Dim& n, bool drops) {
  const GraphPtr& g = given.graph();
  const auto extent = [&](const Dim& d) { return extent_of(g, DType::i64, d); };
  const TypedShape counted{DType::i64, given.shape()};
  const Expr i = cast(given, DType::i64), example = build(g, Op::iota, {}, Attributes{{0}, {}, {}, {}}, {}, &counted);
  const Expr count = extent(n), from_start = where(i < 0, i + count, i), base = example * count;
  if (!drops) return base + min(max(from_start, 0), count - 1);
  return where(from_start >= 0 && from_start < count, base + from_start, extent(n * size));
}
Expr gather_batch(const Expr& y, Operands x, const Batch& b) {
  const auto axis = static_cast<int>(attributes_of(y).ints[0]);
  if (!b.has[1]) return gather(x[0], x[1], axis + 1);
  if (!b.has[0]) return moved(gather(x[0], x[1], axis), axis, 0);
  const Expr first = moved(x[0], axis + 1, 1);  // [B, n, ...]
  Expr rows = gather(rows_of(first), row_indices(x[1], b.size, first.shape()[1], false), 0);  // [B, i..., ...]
  for (int k = 0; k < axis; ++k) rows = moved(rows, x[1].rank() + k, 1 + k);
  return rows;
}
Expr scatter_batch(const Expr& y, Operands x, const Batch& b) {
  const auto axis = static_cast<int>(attributes_of(y).ints[0]);
  const Expr base = with_batch(x[0], b.has[0] != 0, b.size), updates = with_batch(x[2], b.has[2] != 0, b.size);
  if (!b.has[1]) return scatter_add(base, x[1], updates, axis + 1);
  const Expr first = moved(base, axis + 1, 1);
  Expr rows = updates;  // [B, before..., i..., after...]: the axes before the indices go behind them
  const int indices = x[1].rank() - 1;
  for (int k = 0; k < axis; ++k) rows = moved(rows, 1, axis + indices);
  const Expr sums = scatter_add(rows_of(first), row_indices(x[1], b.size, first.shape()[1], true), rows, 0);
  return moved(reshape(sums, first.shape().dims()), 1, axis + 1);
}
Expr one_hot_batch(const Expr& y, Operands x, const Batch& b) { return remade(y, x, shifted(y), in_front(b.size, y.shape())); }

const Entry leaves[] = {
    {Op::input, {nullptr, given_shape, nullptr, nullptr, nullptr}},
    {Op::constant, {nullptr, given_shape, nullptr, nullptr, nullptr}},
    {Op::tensor, {nullptr, given_shape, nullptr, nullptr, nullptr}},
    {Op::dim_size, {nullptr, given_shape, nullptr, nullptr, nullptr}},
    {Op::iota, {nullptr, iota_shape, nullptr, nullptr, nullptr}},
    {Op::variable, {nullptr, given_shape, nullptr, nullptr, nullptr}},
};

const Entry entries[] = {
    {Op::broadcast, {nullptr, broadcast_shape, nullptr, broadcast_vjp, broadcast_jvp, broadcast_batch}},
    {Op::reshape, {nullptr, reshape_shape, nullptr, reshape_vjp, reshape_jvp, reshape_batch}},
    {Op::transpose, {nullptr, transpose_shape, nullptr, transpose_vjp, transpose_jvp, transpose_batch}},
    {Op::slice, {nullptr, slice_shape, nullptr, slice_vjp, slice_jvp, slice_batch}},
    {Op::pad, {nullptr, pad_shape, nullptr, pad_vjp, pad_jvp, pad_batch}},
    {Op::concat, {nullptr, concat_shape, nullptr, concat_vjp, concat_jvp, concat_batch}},
    {Op::gather, {nullptr, gather_shape, nullptr, gather_vjp, gather_jvp, gather_batch}},
    {Op::scatter_add, {nullptr, scatter_shape, nullptr, scatter_vjp, scatter_jvp, scatter_batch}},
    {Op::flip, {nullptr, same_shape, nullptr, flip_vjp, flip_jvp, flip_batch}},
    {Op::one_hot, {nullptr, one_hot_shape, nullptr, nullptr, nullptr, one_hot_batch}},
    {Op::stack, {nullptr, given_shape, nullptr, nullptr, nullptr}},
    {Op::dot, {nullptr, given_shape, nullptr, nullptr, nullptr}},
};

}  // namespace

std::span<const Entry> leaf_entries() { return leaves; }
std::span<const Entry> structure_entries() { return entries; }

Expr filled(const Expr& like, double value, const Shape& shape) {
  return stretch(Expr(like.graph(), like.graph()->number(like.dtype(), value)), shape);
}

Expr moved(const Expr& x, int from, int to) {
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != from) order.push_back(i);
  order.insert(order.begin() + to, from);
  return transpose(x, order);
}

}  // namespace actinium::ops
