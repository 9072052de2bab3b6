// See blas.hpp.
#include "blas.hpp"

#ifdef BENCH_OPENBLAS
#include <cblas.h>

namespace bench::blas {
namespace {
CBLAS_TRANSPOSE op(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
}  // namespace

bool available() { return true; }
void threads(int count) { openblas_set_num_threads(count); }
void gemm(bool ta, bool tb, int m, int n, int k, const float* a, const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, op(ta), op(tb), m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c, n);
}
void gemm(bool ta, bool tb, int m, int n, int k, const double* a, const double* b, double* c) {
  cblas_dgemm(CblasRowMajor, op(ta), op(tb), m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c, n);
}
void gemv(bool ta, int m, int n, const float* a, const float* x, float* y) {
  cblas_sgemv(CblasRowMajor, op(ta), m, n, 1, a, n, x, 1, 0, y, 1);
}

}  // namespace bench::blas
#else
namespace bench::blas {
bool available() { return false; }
void threads(int) {}
void gemm(bool, bool, int, int, int, const float*, const float*, float*) {}
void gemm(bool, bool, int, int, int, const double*, const double*, double*) {}
void gemv(bool, int, int, const float*, const float*, float*) {}
}  // namespace bench::blas
#endif
