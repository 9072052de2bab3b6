// OpenBLAS, if it was found. Row-major; C = op(A) op(B).
#pragma once

namespace bench::blas {

bool available();
void threads(int count);
void gemm(bool ta, bool tb, int m, int n, int k, const float* a, const float* b, float* c);
void gemm(bool ta, bool tb, int m, int n, int k, const double* a, const double* b, double* c);
/// y = op(A) x, A m x n.
void gemv(bool ta, int m, int n, const float* a, const float* x, float* y);

}  // namespace bench::blas
