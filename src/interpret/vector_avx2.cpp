// The interpreter's loops for processors with AVX2 and FMA.
#include "interpret/vector_ops.hpp"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace actinium::interpret::avx2 {
#include "interpret/vector_ops.inl"
}  // namespace actinium::interpret::avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
