// Adam on one leaf: plain loops of IEEE operations in a fixed order.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "actinium/error.h"
#include "actinium/structs.h"

namespace actinium::detail {
namespace {

template <class T>
void update(Tensor& param, const Tensor& gradient, Tensor& first, Tensor& second, const AdamStep& step) {
  const AdamOptions& o = step.options;
  const auto beta1 = static_cast<T>(o.beta1), beta2 = static_cast<T>(o.beta2);
  const auto rest1 = static_cast<T>(1 - o.beta1), rest2 = static_cast<T>(1 - o.beta2);
  const auto rate = static_cast<T>(o.learning_rate / step.correction1);
  const auto scale = static_cast<T>(1 / step.correction2);
  const auto epsilon = static_cast<T>(o.epsilon), decay = static_cast<T>(1 - o.learning_rate * o.weight_decay);
  T *__restrict p = param.data<T>(), *__restrict m = first.data<T>(), *__restrict v = second.data<T>();
  const T* __restrict g = gradient.data<T>();
  const std::int64_t n = param.size();
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = beta1 * m[i] + rest1 * g[i];
    v[i] = beta2 * v[i] + rest2 * (g[i] * g[i]);
    p[i] = decay * p[i] - rate * m[i] / (std::sqrt(scale * v[i]) + epsilon);
  }
}

}  // namespace

void adam_leaf(const std::string& path, Tensor& param, const Tensor& gradient, Tensor& first, Tensor& second, const AdamStep& step) {
  auto fits = [&](const Tensor& t, const char* what) {
    if (t.dtype() != param.dtype())
      throw TypeError(fmt::format("[adam] {} is {}, its {} is {}", path, name_of(param.dtype()), what, name_of(t.dtype())));
    if (!std::ranges::equal(t.shape(), param.shape()))
      throw ShapeError(fmt::format("[adam] {} has {} elements and its {} {}: their shapes differ", path, param.size(), what, t.size()));
  };
  fits(gradient, "gradient");
  fits(first, "state");
  fits(second, "state");
  if (param.dtype() == DType::f32) {
    update<float>(param, gradient, first, second, step);
  } else if (param.dtype() == DType::f64) {
    update<double>(param, gradient, first, second, step);
  } else {
    throw TypeError(fmt::format("[adam] {} is {}: parameters are floats", path, name_of(param.dtype())));
  }
}

}  // namespace actinium::detail
