// Passes: named pure functions from module to module, run in one visible list, verified after each in debug builds.
// Start reading at pipeline in src/passes/pipeline.cpp.
#pragma once
#include <functional>
#include <span>
#include <string_view>

#include "graph/graph.hpp"

namespace actinium::passes {

/// Formulas as textbooks write them, made well (src/passes/recognise.hpp).
Module recognise(const Module& in);
/// IEEE-safe algebra: every value keeps its bits, or comes nearer to the true one where the table says so.
Module simplify(const Module& in);
/// The same with rewrites that lose zeros' signs, NaN and infinities: under the option fast_math alone.
Module simplify_fast(const Module& in);
/// Activations and the stable families expanded into base functions (src/passes/decompose.cpp).
Module decompose(const Module& in);

/// Each loop once, without what nobody reads, its bodies through `body` (src/passes/loops.cpp).
Module tidy_loops(const Module& in, const std::function<Module(const Module&)>& body);

struct Pass {
  std::string_view name;
  Module (*run)(const Module&);
};

/// Called with each stage's name and result, the first being "graph".
using Observer = std::function<void(std::string_view, const Module&)>;

/// All passes in order.
std::span<const Pass> pipeline(bool fast_math);
/// Runs `passes`; debug builds verify after each.
Module run(const Module& in, std::span<const Pass> passes, const Observer& observer = {});

}  // namespace actinium::passes
