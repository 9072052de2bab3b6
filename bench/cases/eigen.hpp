// Eigen, if it was found, compiled for this processor. Plain pointers alone, as in hand.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "step.hpp"

namespace bench::eigen {

bool available();
void gelu_layer(const float* x, const float* w, const float* b, float* y, int m, int n, int k);
/// c = op(A) op(B), row-major.
void product(bool ta, bool tb, int m, int n, int k, const double* a, const double* b, double* c);
void product(bool ta, bool tb, int m, int n, int k, const float* a, const float* b, float* c);
/// y = sigmoid(W x + b), W n x n.
void sigmoid_layer(const float* w, const float* x, const float* b, float* y, int n);
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n);
void wave(const float* x, float* y, std::ptrdiff_t n);
void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n);

/// The classifier.
void network_step(const NetworkStep& net);

}  // namespace bench::eigen
