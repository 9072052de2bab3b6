// What run-time sizes must satisfy beyond fitting the arguments: no size is negative, no slice leaves its axis. Rules
// are found when a function is compiled and checked when it meets new sizes.
#pragma once
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace actinium::runtime {

/// `value` must not be negative, unless `extent` says that there is nothing to reach.
struct SizeRule {
  Dim value;
  Dim extent = 1;
  std::string message;  ///< what is wrong otherwise
};

/// Only rules that depend on symbols: constants were checked when the expression was built.
std::vector<SizeRule> size_rules(const Module& module);
/// CallError names the first rule that is broken, with the place in the user's source.
void check(const std::vector<SizeRule>& rules, const Bindings& sizes);

}  // namespace actinium::runtime
