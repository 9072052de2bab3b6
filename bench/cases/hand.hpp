// What an expert writes by hand for one case each, with AVX-512 intrinsics: hand_*.cpp. Sizes are multiples of 16, of
// elementwise work of 64. Plain pointers alone: these files are compiled for AVX-512, and nothing inline of theirs may
// end up in code that others run.
#pragma once
#include <cstddef>
#include <cstdint>

#include "step.hpp"

namespace bench::hand {

/// Whether this processor runs them.
bool available();

/// Whose functions a kernel takes: those of vec512.hpp, good to 2 to 4 ulp on the ranges of the cases and without care
/// for special values, or those of vec512_bounds.hpp, which keep the bounds of docs/accuracy.md for every input as ours
/// do. The loops are the same.
enum class Functions { moderate, bounded };

template <Functions>
void wave(const float* x, float* y, std::ptrdiff_t n);
template <Functions>
void wave_gradient(const float* x, float* y, float* dx, std::ptrdiff_t n);
/// `streaming`: stores past the caches.
template <Functions>
void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n, bool streaming);

/// tanh(X W), X n x 3, and the gradients of its sum. n is a multiple of 16.
template <Functions>
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n);
template <Functions>
float narrow_gradient(const float* x, const float* w, float* dx, float* dw, std::ptrdiff_t n);

/// The sums of loops::student, with log1p at our bounds.
void student(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums);

/// Mean softmax cross-entropy of rows of `classes` logits, and its gradient.
template <Functions>
float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes);

/// W n x n in panels of 256 columns, each row after row.
void pack_panels(const float* w, float* packed, int n);
/// y = relu(x W + b), from panels.
void layer_panels(const float* x, const float* packed, const float* b, float* y, int n);
/// y = relu(V x + b), V = W transposed: eight rows at a time.
void layer_dots(const float* v, const float* x, const float* b, float* y, int n);

template <Functions>
void network_step(const NetworkStep& net);

}  // namespace bench::hand
