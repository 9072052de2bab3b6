// The sparse Jacobian of an expression: its pattern, colours, one sweep a colour as one batch, and the entries picked
// from it. Start reading at sparse_jacobian.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "actinium/graph.h"
#include "actinium/sparse.h"
#include "actinium/tensor.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"
#include "sparse/pattern.hpp"

namespace actinium {
namespace {

using sparse::Pattern;

/// A table without a name.
Expr table(const GraphPtr& graph, const Tensor& values) {
  const auto own = std::make_shared<Tensor>(values.clone());
  const ops::TypedShape requested{own->dtype(), Shape(std::vector<Dim>(own->shape().begin(), own->shape().end()))};
  const Attributes attributes{{}, {}, {}, std::shared_ptr<const void>(own, own->raw())};
  return ops::build(graph, ops::Op::tensor, {}, attributes, std::source_location(), &requested);
}
Expr table(const GraphPtr& graph, const std::vector<std::int64_t>& values, DType type) {
  const Tensor wide(values, {static_cast<std::int64_t>(values.size())});
  return table(graph, type == i64 ? wide
                                  : Tensor(std::vector<std::int32_t>(values.begin(), values.end()),
                                           {static_cast<std::int64_t>(values.size())}));
}

Pattern transposed(const Pattern& rows, std::size_t columns) {
  Pattern result(columns);
  for (std::uint32_t r = 0; r < rows.size(); ++r)
    for (std::uint32_t c : rows[r]) result[c].push_back(r);
  return result;
}

std::size_t count_of(const std::vector<std::uint32_t>& colours) {
  return colours.empty() ? 0 : std::size_t{1} + *std::max_element(colours.begin(), colours.end());
}

/// [colours, shape of `like`]: for each colour, 1 at the elements that have it.
Expr seeds(const Expr& like, const std::vector<std::uint32_t>& colours) {
  Graph graph(like.graph());
  const auto count = static_cast<std::int64_t>(count_of(colours)), size = static_cast<std::int64_t>(colours.size());
  const Expr colour = table(like.graph(), std::vector<std::int64_t>(colours.begin(), colours.end()), i32);
  const Expr unit = where(colour == graph.iota({count, size}, 0, i32), ops::filled(like, 1, {count, size}), 0);
  return reshape(unit, ops::in_front(count, like.shape()).dims());
}

/// [colours, elements]: sweeps for all colours of x's elements (forward) or y's (reverse) at once.
Expr compressed(const At& y, const Expr& x, bool forward, const std::vector<std::uint32_t>& colours) {
  const Expr& from = forward ? x : y.expr;
  const Expr direction = autodiff::variable(from.graph(), from.dtype(), from.shape());
  const Expr one = forward ? detail::jvp(std::span(&y.expr, 1), std::span(&x, 1), std::span(&direction, 1), y.where)[0]
                           : detail::vjp(y, std::span(&x, 1), direction)[0];
  const Expr images = seeds(from, colours);
  return autodiff::batch(std::span(&one, 1), std::span(&direction, 1), std::span(&images, 1),
                         Dim(static_cast<std::int64_t>(count_of(colours))), y.where)[0];
}

void check(const At& y, const Expr& x, DType index) {
  autodiff::check("sparse_jacobian", std::span(&y.expr, 1), std::span(&x, 1), y.where);
  const Location at = ops::place(x.graph().get(), y.where);
  if (index != i32 && index != i64)
    ops::fail<TypeError>(at, "sparse_jacobian", fmt::format("columns are i32 or i64, not {}", name_of(index)));
  const autodiff::Cone cone = autodiff::cone(*x.graph(), std::span(&y.expr, 1), std::span(&x, 1));
  const auto known = [&](NodeId id) {
    if (x.graph()->shape(id).size().is_constant()) return;
    ops::fail<ShapeError>(at, "sparse_jacobian",
                          fmt::format("the pattern of an expression needs sizes that are known when it is built: {}",
                                      describe(*x.graph(), id)));
  };
  known(x.id()), known(y.expr.id());
  for (std::uint32_t n = cone.first; n <= cone.last; ++n)
    if (cone.contains(NodeId{n})) known(NodeId{n});
}

}  // namespace

SparseJacobian<Expr> sparse_jacobian(At given, const Expr& x, SparseOptions options) {
  const At y{given.expr.is_bound()
                 ? given.expr
                 : Expr(x.graph(), x.graph()->number(x.graph()->default_dtype(), given.expr.literal())),
             given.where};
  check(y, x, options.index);
  const GraphPtr& graph = x.graph();
  const Pattern rows = sparse::pattern_of(y.expr, x);
  const auto columns = static_cast<std::size_t>(x.shape().size().constant());
  const std::vector<std::uint32_t> of_columns = sparse::colours_of(rows, columns),
                                   of_rows = sparse::colours_of(transposed(rows, columns), rows.size());
  const bool forward =
      options.mode == Mode::forward || (options.mode == Mode::automatic && count_of(of_columns) <= count_of(of_rows));
  std::vector<std::int64_t> column, pointers{0}, places;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::uint32_t c : rows[r]) {
      column.push_back(c);
      places.push_back(forward ? static_cast<std::int64_t>(of_columns[c] * rows.size() + r)
                               : static_cast<std::int64_t>(of_rows[r] * columns + c));
    }
    pointers.push_back(static_cast<std::int64_t>(column.size()));
  }
  const Shape shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)};
  const Expr values = places.empty() ? ops::filled(y.expr, 0, {0})
                                     : gather(flatten(compressed(y, x, forward, forward ? of_columns : of_rows)),
                                              table(graph, places, i64));
  return {y.expr, values, table(graph, column, options.index), table(graph, pointers, options.index), shape};
}

}  // namespace actinium
