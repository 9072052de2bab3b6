// einsum: sums of products of arrays, written with an index for every axis.
#pragma once
#include <actinium/expr.h>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace actinium {

/// The text of an einsum and the place it was passed.
struct Subscripts {
  std::string_view text;
  std::source_location where;
  Subscripts(const char* t, std::source_location w = std::source_location::current()) : text(t), where(w) {}
  Subscripts(std::string_view t, std::source_location w = std::source_location::current()) : text(t), where(w) {}
  Subscripts(const std::string& t, std::source_location w = std::source_location::current()) : text(t), where(w) {}
};

/// The sum over all indices that the output does not have of the product of the operands, in NumPy's language:
/// `einsum("bqd,bkd->bqk", Q, K)`. A letter is an index, a comma separates operands; without `->` the output has the
/// indices that occur once, in alphabetical order. `...` stands for axes that broadcast, and come first if there is no
/// `->`. An index twice in one operand takes the diagonal. An axis of size 1 stretches to the size that its index has
/// elsewhere.
///
/// It becomes transposes, products of matrices (sums and element-by-element products where there is nothing to
/// contract) and sums: there is no primitive behind it. Several operands are contracted two at a time, in the order
/// with the fewest multiplications (up to eight operands; beyond that the smallest results first), where a run-time
/// size counts as 256.
///
/// Operands have one type, f32, f64, i32 or i64, which is the result's. ValueError for text that is none, ShapeError
/// for operands that do not fit it, TypeError for mixed types; each names the text, the place in it and the operand.
/// Meaning: https://numpy.org/doc/stable/reference/generated/numpy.einsum.html
ACTINIUM_API Expr einsum(Subscripts subscripts, const std::vector<Expr>& operands);
template <class... X>
  requires(sizeof...(X) > 0 && (... && std::convertible_to<X, Expr>))
Expr einsum(Subscripts subscripts, const X&... operands) {
  return einsum(subscripts, std::vector<Expr>{Expr(operands)...});
}

}  // namespace actinium
