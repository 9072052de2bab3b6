// Sparse Jacobians: of a small function that runs over many examples, each of which reads a few rows of larger arrays
// (residuals of observations, springs between nodes, elements of a mesh). Start reading at sparse_jacobian.
#pragma once
#include <actinium/transforms.h>

namespace actinium {

/// Example i reads row `index[i]` of each array: with `index` of shape [n], an argument of sparse_jacobian.
template <class A>
struct Rows {
  A of;
  Expr index;
};
/// Arrays of which example i reads row index[i], along axis 0. A negative index counts from the end; one that was
/// computed and is outside reads the nearest row, an input that is outside is a CallError.
template <class A>
Rows<A> rows(A arrays, Expr index) {
  return {std::move(arrays), std::move(index)};
}

/// Arrays that every example reads as a whole, an argument of sparse_jacobian.
template <class A>
struct Shared {
  A of;
};
template <class A>
Shared<A> shared(A arrays) {
  return {std::move(arrays)};
}

struct SparseOptions {
  Mode mode = Mode::automatic;  ///< automatic: reverse if a result has no more elements than the arguments
  DType index = i32;            ///< of columns and row pointers: i32 or i64
};

/// A Jacobian in compressed sparse rows (CSR): the entries of row r are values[row_pointers[r]] to
/// values[row_pointers[r + 1] - 1], and entry k stands in column columns[k].
template <class R>
struct SparseJacobian {
  R value;            ///< what the function gives for all examples, as vmap does
  Expr values;        ///< [entries]
  Expr columns;       ///< [entries]; depends on the indices and sizes alone: compile it apart, and compute it once
  Expr row_pointers;  ///< [rows + 1]; depends on the sizes alone
  Shape shape;        ///< [rows, columns]
};

/// The Jacobian of an expression whose elements depend on few elements of x each (discretised differential equations,
/// chains, grids), as the graph says it: each entry is there that may be other than zero. Columns that share no row are
/// differentiated in one sweep (rows, in reverse), so that a banded matrix takes as many sweeps as it is wide. Columns
/// ascend within a row, and they and the row pointers are constants. All sizes must be known; ShapeError otherwise.
/// What goes through indices that are known at the call alone, through softmax and its like, or through rules of one's
/// own counts as depending on all that it reads.
ACTINIUM_API SparseJacobian<Expr> sparse_jacobian(At y, const Expr& x, SparseOptions options = {});

namespace detail {

/// One leaf of an argument: an array, and how examples read it.
struct SparseOperand {
  Expr array;
  std::optional<Expr> index = {};
  bool shared = false;
};
/// What the function of one example is called with: `leaves` in its place, made of `variables`.
struct SparseTrace {
  std::vector<Expr> leaves;
  std::vector<std::vector<Expr>> variables;
  Dim examples = 0;
};
ACTINIUM_API SparseTrace sparse_trace(std::span<const SparseOperand> operands, const std::source_location& where);
ACTINIUM_API SparseJacobian<std::vector<Expr>> sparse_jacobian(std::span<const Expr> y,
                                                               std::span<const SparseOperand> operands,
                                                               const SparseTrace& trace, const SparseOptions& options,
                                                               const std::source_location& where);

template <class A>
const A& arrays_of(const A& argument) {
  return argument;
}
template <class A>
const A& arrays_of(const Rows<A>& argument) {
  return argument.of;
}
template <class A>
const A& arrays_of(const Shared<A>& argument) {
  return argument.of;
}

template <class A>
void append_operands(const A& argument, std::vector<SparseOperand>& list) {
  walk("", [&](const std::string&, const Expr& e) { list.push_back({e}); }, argument);
}
template <class A>
void append_operands(const Rows<A>& argument, std::vector<SparseOperand>& list) {
  walk("", [&](const std::string&, const Expr& e) { list.push_back({e, argument.index}); }, argument.of);
}
template <class A>
void append_operands(const Shared<A>& argument, std::vector<SparseOperand>& list) {
  walk("", [&](const std::string&, const Expr& e) { list.push_back({e, std::nullopt, true}); }, argument.of);
}

}  // namespace detail

/// The Jacobian of f for every example, in CSR: `auto J = sparse_jacobian(f)(rows(cameras, camera_of), rows(points,
/// point_of), weights)`.
///
/// Arguments are Exprs or structs of them, as examples read them: `rows(arrays, index)`, `shared(arrays)`, or arrays of
/// which example i reads row i. f takes one example's: a row of `cameras` [n, 11] is [11]. Its results (an Expr, or a
/// struct, pair, tuple or array of them) have an own shape each.
///
/// Rows: for each result of f in order, for each example, for each element of the result. Columns: the elements of the
/// arrays, one array after the other in the order of the arguments (as ravel has them); an array that is given twice
/// has one set of columns. Integers and what is given as stop_gradient(x) have none. An entry is there for every
/// element that the example reads of an array on which the result depends. In a row, entries stand in the order of the
/// arguments, hence by ascending column, except that several rows of one array stand in the order they are given in; if
/// they are one row, its entries are there twice, and add up.
///
/// The pattern costs nothing at run time: values are computed in the order they are stored in. ShapeError if the
/// numbers of examples differ, ValueError if nothing runs over examples or the index type is too small for the entries.
template <detail::traceable F>
auto sparse_jacobian(F function, SparseOptions options = {},
                     std::source_location where = std::source_location::current()) {
  return [function = std::move(function), options, where](const auto&... arguments) {
    std::vector<detail::SparseOperand> operands;
    (detail::append_operands(arguments, operands), ...);
    const detail::SparseTrace trace = detail::sparse_trace(operands, where);
    auto result = std::apply(function, detail::all_with_leaves(trace.leaves, detail::arrays_of(arguments)...));
    auto all = detail::sparse_jacobian(detail::flatten(result), operands, trace, options, where);
    return SparseJacobian<decltype(result)>{detail::with_leaves(result, all.value), all.values, all.columns,
                                            all.row_pointers, all.shape};
  };
}

}  // namespace actinium
