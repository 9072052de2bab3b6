// vmap: an expression of one example made again for a batch of them.
#include <fmt/format.h>

#include "actinium/autodiff.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using autodiff::batch;
using ops::fail;
using ops::moved;

Location place(const Expr& x, const std::source_location& where) { return ops::place(x.graph().get(), where); }

/// The size that all mapped arguments have along their axes.
Dim batch_size(std::span<const Expr> xs, std::span<const std::optional<int>> axes, const std::source_location& where) {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!axes[i]) continue;
    const Dim& size = xs[i].shape()[*axes[i]];
    if (first && xs[*first].shape()[*axes[*first]] != size)
      fail<ShapeError>(place(xs[i], where), "vmap",
                       fmt::format("batches differ: {} has {} along axis {}, {} has {} along axis {}", describe(*xs[*first].graph(), xs[*first].id()),
                                   xs[*first].shape()[*axes[*first]].str(), *axes[*first], describe(*xs[i].graph(), xs[i].id()), size.str(), *axes[i]));
    if (!first) first = i;
  }
  if (!first) fail<ValueError>(ops::location_of(where), "vmap", "no argument is mapped: there is no batch");
  return xs[*first].shape()[*axes[*first]];
}

/// Checks arguments; negative axes become positive.
std::vector<std::optional<int>> normal(std::span<const Expr> xs, std::span<const std::optional<int>> axes, const std::source_location& where) {
  std::vector<std::optional<int>> result(axes.begin(), axes.end());
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!axes[i]) continue;
    if (!xs[i].is_bound()) fail<ShapeError>(ops::location_of(where), "vmap", fmt::format("argument {} is a number: it has no axis to map", i));
    if (xs[i].graph() != xs[0].graph() && xs[0].is_bound())
      fail<GraphError>(place(xs[i], where), "vmap", fmt::format("{} and {} are of two graphs", describe(*xs[0].graph(), xs[0].id()), describe(*xs[i].graph(), xs[i].id())));
    if (xs[i].rank() == 0)
      fail<ShapeError>(place(xs[i], where), "vmap", fmt::format("{} is a scalar: it has no axis to map", describe(*xs[i].graph(), xs[i].id())));
    result[i] = ops::normal_axis(place(xs[i], where), "vmap", *axes[i], xs[i].rank());
  }
  return result;
}

Shape without(const Shape& shape, int axis) {
  std::vector<Dim> dims = shape.dims();
  dims.erase(dims.begin() + axis);
  return Shape(std::move(dims));
}

}  // namespace

namespace detail {

std::vector<Expr> examples(std::span<const Expr> xs, std::span<const std::optional<int>> axes, const std::source_location& where) {
  const auto at = normal(xs, axes, where);
  batch_size(xs, at, where);
  std::vector<Expr> result;
  for (std::size_t i = 0; i < xs.size(); ++i)
    result.push_back(at[i] ? autodiff::variable(xs[i].graph(), xs[i].dtype(), without(xs[i].shape(), *at[i])) : xs[i]);
  return result;
}

std::vector<Expr> vmap(std::span<const Expr> y, std::span<const Expr> variables, std::span<const Expr> xs,
                       std::span<const std::optional<int>> axes, int out_axis, const std::source_location& where) {
  const auto at = normal(xs, axes, where);
  const Dim size = batch_size(xs, at, where);
  std::vector<Expr> x, images;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!at[i]) continue;
    x.push_back(variables[i]);
    images.push_back(moved(xs[i], *at[i], 0));
  }
  for (const Expr& e : y)
    if (e.is_bound() && e.graph() != x[0].graph()) fail<GraphError>(place(x[0], where), "vmap", "the function gave an expression of another graph");
  std::vector<Expr> result = batch(y, x, images, size, where);
  for (Expr& e : result) e = moved(e, 0, ops::normal_axis(place(e, where), "vmap", out_axis, e.rank()));
  return result;
}

}  // namespace detail

Expr vmap(At y, const Expr& x, const Expr& xs, int axis) { return vmap(y, std::vector{x}, std::vector{xs}, axis); }

Expr vmap(At y, const std::vector<Expr>& x, const std::vector<Expr>& xs, int axis) {
  if (x.size() != xs.size() || x.empty())
    fail<ValueError>(ops::location_of(y.where), "vmap", fmt::format("{} expressions run over {} batches: one batch each is expected", x.size(), xs.size()));
  const std::vector<std::optional<int>> axes(xs.size(), axis), at = normal(xs, axes, y.where);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x[i].is_bound()) fail<GraphError>(ops::location_of(y.where), "vmap", "a number cannot run over a batch: give an expression of a graph");
    if (x[i].dtype() != xs[i].dtype())
      fail<TypeError>(place(xs[i], y.where), "vmap", fmt::format("{} is {}, its batch {} is {}", describe(*x[i].graph(), x[i].id()), name_of(x[i].dtype()),
                                                             describe(*xs[i].graph(), xs[i].id()), name_of(xs[i].dtype())));
    if (without(xs[i].shape(), *at[i]) != x[i].shape())
      fail<ShapeError>(place(xs[i], y.where), "vmap", fmt::format("{} without axis {} is {}, not the shape {} of {}", describe(*xs[i].graph(), xs[i].id()), *at[i],
                                                              without(xs[i].shape(), *at[i]).str(), x[i].shape().str(), describe(*x[i].graph(), x[i].id())));
  }
  return detail::vmap(std::span(&y.expr, 1), x, xs, axes, 0, y.where)[0];
}

}  // namespace actinium
