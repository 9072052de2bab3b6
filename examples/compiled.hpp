// What every example says of its compile: the size of what was compiled, and the time it took.
#pragma once
#include <actinium/function.h>

#include <cstdio>

inline void compiled(const char* what, const actinium::FunctionBase& f) {
  const actinium::Stats s = f.stats();
  std::printf("compiled %s: %zu nodes, %zu kernels, %.1f ms\n", what, s.nodes, s.kernels, 1e3 * s.compile_seconds);
  std::fflush(stdout);
}
