// The interpreter's loops for any processor, and the choice among instruction sets.
#include "interpret/vector_ops.hpp"

namespace actinium::interpret::baseline {
#include "interpret/vector_ops.inl"
}  // namespace actinium::interpret::baseline

namespace actinium::interpret {

const VectorOps& vector_ops() {
#if defined(__x86_64__)
  static const VectorOps& chosen = []() -> const VectorOps& {
    __builtin_cpu_init();
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool wide = fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return wide ? avx512::ops : fma ? avx2::ops : baseline::ops;
  }();
  return chosen;
#else
  return baseline::ops;
#endif
}

}  // namespace actinium::interpret
