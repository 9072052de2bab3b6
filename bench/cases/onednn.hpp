// oneDNN, if it was found: products with packed weights and post-ops.
#pragma once
#include <functional>

#include "row.hpp"

namespace bench::onednn {

enum class Act { none, gelu, relu, sigmoid };

/// y = act(op(A) op(B) + bias) over f32; `pack`: B once into the layout that oneDNN prefers. Empty if oneDNN was not
/// found.
struct Product {
  int m, n, k;
  bool a_transposed = false, b_transposed = false;
  Act act = Act::none;
  bool pack = false;
};
std::function<void()> product(const Product& p, const ac::Tensor& a, const ac::Tensor& b, const ac::Tensor* bias,
                              ac::Tensor c);
bool available();

}  // namespace bench::onednn
