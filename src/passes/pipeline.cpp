// The list of passes between differentiation and the Program.
#include "passes/pass.hpp"

#include <array>

namespace actinium::passes {
namespace {

constexpr std::array exact{Pass{"simplify", simplify}, Pass{"decompose", decompose}, Pass{"simplify", simplify}};
constexpr std::array fast{Pass{"simplify", simplify_fast}, Pass{"decompose", decompose}, Pass{"simplify", simplify_fast}};

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
  Module current = in;
  for (const Pass& pass : passes) {
    current = pass.run(current);
    check(current);
    if (observer) observer(pass.name, current);
  }
  return current;
}

}  // namespace actinium::passes
