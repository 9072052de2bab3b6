// Which elements of an expression depend on which elements of another, as the graph says it. Start reading at
// pattern_of.
#pragma once
#include <cstdint>
#include <vector>

#include "actinium/expr.h"

namespace actinium::sparse {

/// Of each element of y, the elements of x that it may depend on, ascending.
using Pattern = std::vector<std::vector<std::uint32_t>>;

/// All sizes on the way from x to y must be known. What an op does to elements is found out by letting it move their
/// numbers, so that nothing is written here twice; ops that mix elements in other ways depend on all.
Pattern pattern_of(const Expr& y, const Expr& x);

/// A colour for each of `count` columns of a pattern, so that no row has two columns of one colour: columns of one
/// colour can be differentiated in one sweep (Curtis, Powell, Reid 1974).
std::vector<std::uint32_t> colours_of(const Pattern& rows, std::size_t count);

}  // namespace actinium::sparse
