// The list of passes between differentiation and the Program.
#include "passes/pass.hpp"

#include <array>

namespace actinium::passes {
namespace {

constexpr std::array exact{Pass{"recognise", recognise}, Pass{"simplify", simplify}, Pass{"decompose", decompose}, Pass{"simplify", simplify}};
constexpr std::array fast{Pass{"recognise", recognise}, Pass{"simplify", simplify_fast}, Pass{"decompose", decompose}, Pass{"simplify", simplify_fast}};

/// Values in place of what only differentiation reads: derivative rules of the user's own.
Module settle(const Module& in) {
  const std::vector<char> needed = reachable(*in.graph, in.outputs);
  bool any = false;
  for (std::uint32_t i = 0; i < needed.size(); ++i) any = any || (needed[i] && in.graph->op(NodeId{i}) == ops::Op::custom);
  if (!any) return in;
  return compact(rebuild(in, [&](GraphData& out, NodeId node, std::span<const NodeId> operands) {
    return in.graph->op(node) == ops::Op::custom ? operands[0] : copy_node(out, *in.graph, node, operands);
  }));
}

void check([[maybe_unused]] const Module& module) {
#ifndef NDEBUG
  verify(module);
#endif
}

}  // namespace

std::span<const Pass> pipeline(bool fast_math) { return fast_math ? std::span<const Pass>(fast) : std::span<const Pass>(exact); }

Module run(const Module& in, std::span<const Pass> passes, const Observer& observer) {
  check(in);
  if (observer) observer("graph", in);
  // Loops go one way through the passes together with their bodies, which have no observer.
  Module current = tidy_loops(settle(in), [&](const Module& body) { return run(body, passes); });
  for (const Pass& pass : passes) {
    current = pass.run(current);
    check(current);
    if (observer) observer(pass.name, current);
  }
  return current;
}

}  // namespace actinium::passes
