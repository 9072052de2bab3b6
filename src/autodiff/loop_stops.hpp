// What stands under stop_gradient in the steps of scans, brought out of them.
#pragma once
#include <span>
#include <vector>

#include "actinium/expr.h"

namespace actinium::autodiff {

/// y, where every scan reads the values that its steps stop from an array, which is a stop_gradient of what the same scan gave
/// when it computed them. That of a while stays: nobody knows how many steps there are.
std::vector<Expr> without_stops(std::span<const Expr> y);

}  // namespace actinium::autodiff
