// Plain loops that the compiler vectorises with glibc's vector functions (libmvec): loops.cpp, compiled with
// -ffast-math for this processor. Plain pointers alone, as in hand.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bench::loops {

// gelu(z + b) in place, m x n; with the sum of gelu(z + b) c, and c gelu'(z + b) in place of z, summed over rows into
// db.
void gelu(float* z, const float* b, std::ptrdiff_t m, std::ptrdiff_t n);
float gelu_backward(float* z, const float* b, const float* c, float* db, std::ptrdiff_t m, std::ptrdiff_t n);
double gelu_backward(double* z, const double* b, const double* c, double* db, std::ptrdiff_t m, std::ptrdiff_t n);
void relu(float* z, const float* b, std::ptrdiff_t n);
void sigmoid(float* z, const float* b, std::ptrdiff_t n);
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n);
void wave(const float* x, float* y, std::ptrdiff_t n);
void wave_gradient(const float* x, float* y, float* dx, std::ptrdiff_t n);
void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n);
float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes);
/// Sums over z = (x - mu) / s of log(1 + z^2/nu), z^2/(nu + z^2) and z/(nu + z^2); the logarithm of each, or of
/// products of 8.
void student(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums);
void student_products(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums);

}  // namespace bench::loops
