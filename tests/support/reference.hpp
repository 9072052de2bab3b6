// A plain evaluator of graphs for tests: one double an element, textbook loops, the C++ library's functions. It shares nothing
// with the engines, so it can judge rules, passes and engines alike.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::reference {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> data;
  std::int64_t size() const;
};

using Inputs = std::map<std::string, Array>;

/// All outputs. f32 results are rounded to f32 after every operation; activation nodes are not known here.
std::vector<Array> evaluate(const Module& module, const Inputs& inputs, const Bindings& sizes = {});
Array evaluate(const Expr& e, const Inputs& inputs, const Bindings& sizes = {});

/// Elements from lo to hi in an order fixed by `seed`.
Array random(std::vector<std::int64_t> shape, double lo, double hi, unsigned seed);

}  // namespace actinium::reference
