// Functions over expressions as graphs: variables to call them with, and their bodies made again for other arguments, as they
// are (substitute) or with a batch axis in front (batch). Start reading at batch.
#pragma once
#include <source_location>
#include <span>
#include <vector>

#include "graph/graph.hpp"
#include "ops/rules.hpp"

namespace actinium::autodiff {

/// A fresh variable: equal to nothing else, until something is substituted for it.
Expr variable(const GraphPtr& graph, DType dtype, const Shape& shape);

/// `y` with `images` in place of `x`, of the same shapes. What does not depend on x stays the node that it is.
std::vector<Expr> substitute(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> images);

/// `y` for each of `size` examples: images[i] is [size, shape of x[i]], results are [size, shape of y].
std::vector<Expr> batch(std::span<const Expr> y, std::span<const Expr> x, std::span<const Expr> images, const Dim& size,
                        const std::source_location& where);

/// Expressions outside the cone from x to y that nodes in it read, in the order of their ids.
std::vector<Expr> captured(std::span<const Expr> y, std::span<const Expr> x);

/// Throws GraphError if y still needs one of the `variables`.
void check_free(std::string_view transform, std::span<const Expr> y, std::span<const Expr> variables, std::string_view what,
                const std::source_location& where);

}  // namespace actinium::autodiff
