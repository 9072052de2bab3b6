// Sparse Jacobians of one small function over many examples. The block of an example, dense and in the order of its
// entries, is an expression like any other; as a batch it is the values, and what is left is arithmetic of indices.
// Start reading at detail::sparse_jacobian.
#include "actinium/sparse.h"

#include <fmt/format.h>

#include <limits>

#include "actinium/graph.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using detail::SparseOperand;
using detail::SparseTrace;
using ops::fail;
using ops::Op;

/// Arrays of so many elements an example are taken apart, so that an element that is not read has no derivative to
/// compute.
constexpr std::int64_t most_scalars = 64;
/// So many sweeps are written one after the other; more are a batch of directions.
constexpr std::int64_t most_sweeps = 32;

std::string text_of(const Expr& e) { return describe(*e.graph(), e.id()); }

/// Has columns.
bool is_unknown(const SparseOperand& o) {
  return is_float(o.array.dtype()) && o.array.graph()->op(o.array.id()) != Op::stop_gradient;
}

/// The shape of what one example reads.
Shape example_shape(const SparseOperand& o) {
  if (o.shared) return o.array.shape();
  return Shape({o.array.shape().begin() + 1, o.array.shape().end()});
}

const Dim& examples_of(const SparseOperand& o) { return o.index ? o.index->shape()[0] : o.array.shape()[0]; }

void check_operand(const SparseOperand& o, const SparseOperand& first, const std::source_location& where) {
  if (!o.array.is_bound())
    fail<GraphError>(ops::location_of(where), "sparse_jacobian",
                     "an argument is a number without a graph: declare it with Graph::constant");
  const Location at = ops::place(o.array.graph().get(), where);
  if (o.array.graph() != first.array.graph())
    fail<GraphError>(at, "sparse_jacobian",
                     fmt::format("{} and {} are of two graphs", text_of(first.array), text_of(o.array)));
  if (o.shared) return;
  if (o.array.rank() == 0)
    fail<ShapeError>(
        at, "sparse_jacobian",
        fmt::format("{} is a scalar: it has no row for each example; write shared(...)", text_of(o.array)));
  if (!o.index) return;
  if (!o.index->is_bound() || !is_integer(o.index->dtype()))
    fail<TypeError>(at, "sparse_jacobian",
                    fmt::format("rows of {} are chosen by i32 or i64, {} is {}", text_of(o.array),
                                o.index->is_bound() ? text_of(*o.index) : "a number", name_of(o.index->dtype())));
  if (o.index->rank() != 1)
    fail<ShapeError>(at, "sparse_jacobian",
                     fmt::format("one index an example is expected, [n]: {} chooses rows of {}", text_of(*o.index),
                                 text_of(o.array)));
}

/// How many examples there are, which all that runs over them agrees on.
Dim count_examples(std::span<const SparseOperand> operands, const std::source_location& where) {
  const Expr* first = nullptr;
  Dim count = 0;
  for (const SparseOperand& o : operands) {
    check_operand(o, operands[0], where);
    if (o.shared) continue;
    const Expr& runs = o.index ? *o.index : o.array;
    if (first != nullptr && examples_of(o) != count)
      fail<ShapeError>(ops::place(runs.graph().get(), where), "sparse_jacobian",
                       fmt::format("numbers of examples differ: {} has {}, {} has {}", text_of(*first), count.str(),
                                   text_of(runs), examples_of(o).str()));
    if (first == nullptr) first = &runs, count = examples_of(o);
  }
  if (first == nullptr)
    fail<ValueError>(ops::location_of(where), "sparse_jacobian", "no argument runs over examples: jacobian is meant");
  return count;
}

// --- The block of one example ---

/// Element i of y, without the arrays that it was put into.
Expr element(Expr y, std::int64_t i) {
  const GraphPtr& graph = y.graph();
  for (;;) {
    const Op op = graph->op(y.id());
    if (op == Op::reshape) {
      y = Expr(graph, graph->operand(y.id(), 0));
      continue;
    }
    if (op != Op::concat || y.rank() != 1) break;
    for (NodeId part : graph->operands(y.id())) {
      const std::int64_t size = graph->shape(part).size().constant();
      y = Expr(graph, part);
      if (i < size) break;
      i -= size;
    }
  }
  return reshape(y.shape().size().is(1) ? y : slice(flatten(y), i, i + 1), {});
}

/// Rows of the Jacobian one after the other, one sweep a row.
Expr by_rows(const At& y, std::span<const Expr> scalars) {
  std::vector<Expr> entries;
  for (std::int64_t r = 0; r < y.expr.shape().size().constant(); ++r)
    for (Expr& e : detail::vjp({element(y.expr, r), y.where}, scalars, 1)) entries.push_back(std::move(e));
  return stack(entries, 0, y.where);
}

/// The same by one sweep a column.
Expr by_columns(const At& y, std::span<const Expr> scalars) {
  std::vector<Expr> elements;
  for (std::int64_t r = 0; r < y.expr.shape().size().constant(); ++r) elements.push_back(element(y.expr, r));
  std::vector<Expr> entries(elements.size() * scalars.size());
  const Expr one = 1;
  for (std::size_t c = 0; c < scalars.size(); ++c) {
    const std::vector<Expr> column = detail::jvp(elements, scalars.subspan(c, 1), std::span(&one, 1), y.where);
    for (std::size_t r = 0; r < column.size(); ++r) entries[r * scalars.size() + c] = column[r];
  }
  return stack(entries, 0, y.where);
}

/// An argument's leaf on which a result depends.
struct Factor {
  std::size_t operand;
  Dim size;
};

/// The entries of an example for one result, flat: a row for each of its elements, in it the elements of every factor.
Expr block(const At& y, const SparseTrace& trace, std::span<const Factor> factors, const Dim& width, Mode mode) {
  const Dim height = y.expr.shape().size();
  const bool known = height.is_constant() && width.is_constant();
  if (mode == Mode::automatic) mode = known && width.constant() < height.constant() ? Mode::forward : Mode::reverse;
  bool apart = known && (mode == Mode::reverse ? height : width).constant() <= most_sweeps;
  std::vector<Expr> scalars, blocks;
  for (const Factor& f : factors) {
    const auto& variables = trace.variables[f.operand];
    apart = apart && f.size.is(static_cast<std::int64_t>(variables.size()));
    scalars.insert(scalars.end(), variables.begin(), variables.end());
  }
  if (apart) return mode == Mode::reverse ? by_rows(y, scalars) : by_columns(y, scalars);
  const Expr flat = flatten(y);
  for (const Factor& f : factors)
    blocks.push_back(reshape(jacobian({flat, y.where}, trace.leaves[f.operand], mode), {height, f.size}));
  return flatten(concat(blocks, 1, y.where));
}

// --- Indices ---

/// Arithmetic of indices in one type.
class Indices {
 public:
  Indices(const GraphPtr& graph, DType type) : graph_(graph), type_(type) {}
  /// 0, 1, 2, ... along `axis`.
  Expr counting(const Shape& shape, int axis) { return graph_.iota(shape, axis, type_); }
  Expr size(const Dim& d) {
    return d.is_constant() ? graph_.constant(static_cast<double>(d.constant()), type_) : graph_.size(d, type_);
  }
  /// The row that example i reads of `o`: [n, 1, 1].
  Expr row(const SparseOperand& o, const Dim& examples) {
    const Shape shape{examples, 1, 1};
    if (!o.index) return counting(shape, 0);
    const Expr given = reshape(cast(*o.index, type_), shape.dims()), extent = size(o.array.shape()[0]);
    return min(max(where(given < 0, given + extent, given), 0), extent - 1);
  }

 private:
  Graph graph_;
  DType type_;
};

/// Where each array's columns begin, and how many there are in all.
struct Layout {
  std::vector<Dim> first;
  Dim columns = 0;
};
Layout layout_of(std::span<const SparseOperand> operands) {
  Layout layout;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    std::optional<Dim> earlier;
    for (std::size_t i = 0; i < k && !earlier; ++i)
      if (operands[i].array.same_as(operands[k].array)) earlier = layout.first[i];
    layout.first.push_back(earlier.value_or(layout.columns));
    if (!earlier && is_unknown(operands[k])) layout.columns = layout.columns + operands[k].array.shape().size();
  }
  return layout;
}

/// One result of the function, and its part of the matrix.
struct Part {
  Dim height, width;
  std::vector<Factor> factors;
};

/// [n, height, width] flat: columns of all entries of one result.
Expr columns_of(const Part& part, std::span<const SparseOperand> operands, const Layout& layout, const Dim& examples,
                Indices& indices) {
  std::vector<Expr> list;
  for (const Factor& f : part.factors) {
    const SparseOperand& o = operands[f.operand];
    Expr column = indices.counting({1, 1, f.size}, 2);
    if (!o.shared) column = column + indices.row(o, examples) * indices.size(f.size);
    if (!layout.first[f.operand].is(0)) column = column + indices.size(layout.first[f.operand]);
    list.push_back(broadcast_to(column, {examples, part.height, f.size}));
  }
  return actinium::flatten(At(concat(list, 2)));
}

void check_entries(const Dim& entries, const Layout& layout, DType type, const Location& at) {
  if (type != i32 && type != i64)
    fail<TypeError>(at, "sparse_jacobian", fmt::format("columns are i32 or i64, not {}", name_of(type)));
  for (const Dim& d : {entries, layout.columns})
    if (type == i32 && d.is_constant() && d.constant() > std::numeric_limits<std::int32_t>::max())
      fail<ValueError>(at, "sparse_jacobian",
                       fmt::format("{} {} are too many for i32: take .index = i64", d.str(),
                                   &d == &entries ? "entries" : "columns"));
}

std::vector<Factor> factors_of(const Expr& y, std::span<const SparseOperand> operands, const SparseTrace& trace) {
  std::vector<Factor> factors;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!is_unknown(operands[k])) continue;
    if (autodiff::cone(*y.graph(), std::span(&y, 1), trace.variables[k]).contains(y.id()))
      factors.push_back({k, example_shape(operands[k]).size()});
  }
  return factors;
}

/// `list` of one example for all: what runs over examples gets its rows, what is shared its arrays.
std::vector<Expr> for_all(std::span<const Expr> list, std::span<const SparseOperand> operands, const SparseTrace& trace,
                          const std::source_location& where) {
  std::vector<Expr> mapped, rows, common, arrays;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const SparseOperand& o = operands[k];
    const auto& variables = trace.variables[k];
    const Expr all = o.index ? gather({o.array, where}, *o.index, 0) : o.array;
    const bool apart = variables[0].shape() != example_shape(o);
    const int axis = o.shared ? 0 : 1;
    std::vector<Dim> flat{example_shape(o).size()};
    if (!o.shared) flat.insert(flat.begin(), trace.examples);
    const Expr table = apart ? reshape(all, flat) : all;
    for (std::size_t j = 0; j < variables.size(); ++j) {
      const auto at = static_cast<std::int64_t>(j);
      (o.shared ? common : mapped).push_back(variables[j]);
      (o.shared ? arrays : rows).push_back(apart ? squeeze(slice(table, at, at + 1, 1, axis), axis) : all);
    }
  }
  const std::vector<Expr> result = autodiff::batch(list, mapped, rows, trace.examples, where);
  return common.empty() ? result : autodiff::substitute(result, common, arrays);
}

}  // namespace

namespace detail {

SparseTrace sparse_trace(std::span<const SparseOperand> operands, const std::source_location& where) {
  SparseTrace trace;
  trace.examples = count_examples(operands, where);
  for (const SparseOperand& o : operands) {
    const GraphPtr& graph = o.array.graph();
    const Shape shape = example_shape(o);
    const Dim size = shape.size();
    std::vector<Expr> variables;
    const bool apart =
        shape.rank() > 0 && size.is_constant() && size.constant() >= 1 && size.constant() <= most_scalars;
    for (std::int64_t j = 0; j < (apart ? size.constant() : 1); ++j)
      variables.push_back(autodiff::variable(graph, o.array.dtype(), apart ? Shape{} : shape));
    trace.leaves.push_back(apart ? reshape(stack(variables, 0, where), shape.dims()) : variables[0]);
    trace.variables.push_back(std::move(variables));
  }
  return trace;
}

SparseJacobian<std::vector<Expr>> sparse_jacobian(std::span<const Expr> y, std::span<const SparseOperand> operands,
                                                  const SparseTrace& trace, const SparseOptions& options,
                                                  const std::source_location& where) {
  const GraphPtr& graph = operands[0].array.graph();
  const Layout layout = layout_of(operands);
  Indices indices(graph, options.index);
  const Dim& n = trace.examples;
  std::vector<Expr> one;  // the function's results, and then their blocks
  std::vector<Part> parts;
  for (const Expr& e : y) {
    one.push_back(e.is_bound() ? e : Expr(graph, graph->number(graph->default_dtype(), e.literal())));
    if (one.back().graph() != graph)
      fail<GraphError>(ops::location_of(where), "sparse_jacobian", "the function gave an expression of another graph");
    if (!is_float(one.back().dtype()))
      fail<TypeError>(ops::place(graph.get(), where), "sparse_jacobian",
                      fmt::format("the function gives {}, which is no float", text_of(one.back())));
    Part part{one.back().shape().size(), 0, factors_of(one.back(), operands, trace)};
    for (const Factor& f : part.factors) part.width = part.width + f.size;
    parts.push_back(std::move(part));
  }
  Dim rows = 0, entries = 0;
  std::vector<Expr> columns, pointers;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    const Dim height = n * part.height;
    pointers.push_back(indices.counting({height}, 0) * indices.size(part.width) + indices.size(entries));
    rows = rows + height, entries = entries + height * part.width;
    if (part.factors.empty()) continue;
    one.push_back(block({one[i], where}, trace, part.factors, part.width, options.mode));
    columns.push_back(columns_of(part, operands, layout, n, indices));
  }
  check_entries(entries, layout, options.index, ops::place(graph.get(), where));
  pointers.push_back(reshape(indices.size(entries), {1}));
  std::vector<Expr> all = for_all(one, operands, trace, where), values;
  for (std::size_t i = y.size(); i < all.size(); ++i) values.push_back(actinium::flatten(At(all[i])));
  if (values.empty())  // nothing depends on anything
    values.push_back(Graph(graph).iota({0}, 0, graph->default_dtype())), columns.push_back(indices.counting({0}, 0));
  all.resize(y.size());
  return {std::move(all), concat(values, 0, where), concat(columns), concat(pointers), Shape{rows, layout.columns}};
}

}  // namespace detail
}  // namespace actinium
