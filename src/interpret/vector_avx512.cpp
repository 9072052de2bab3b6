// The interpreter's loops for processors with AVX-512 (F, DQ, BW, VL).
#include "interpret/vector_ops.hpp"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")
#endif

namespace actinium::interpret::avx512 {
#include "interpret/vector_ops.inl"
}  // namespace actinium::interpret::avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
