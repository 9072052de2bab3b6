// The classifier 64-64-64-10 of cases 4 and 13, with its parameters as a struct.
#pragma once
#include "row.hpp"

namespace bench {

template <class T>
struct Dense {
  BOOST_HANA_DEFINE_STRUCT(Dense, (T, weight), (T, bias));
};
template <class T>
struct Mlp {
  BOOST_HANA_DEFINE_STRUCT(Mlp, (Dense<T>, first), (Dense<T>, second), (Dense<T>, out));
};

inline ac::Expr mlp_loss(const Mlp<ac::Expr>& p, const ac::Expr& x, const ac::Expr& label) {
  const auto h1 = silu(matmul(x, p.first.weight) + p.first.bias);
  const auto h2 = silu(matmul(h1, p.second.weight) + p.second.bias);
  return mean(softmax_cross_entropy(matmul(h2, p.out.weight) + p.out.bias, label));
}

inline Mlp<ac::Tensor> mlp_parameters() {
  return {{ac::random_normal(11, {64, 64}, 0, 0.125), ac::random_normal(12, {64}, 0, 0.1)},
          {ac::random_normal(13, {64, 64}, 0, 0.125), ac::random_normal(14, {64}, 0, 0.1)},
          {ac::random_normal(15, {64, 10}, 0, 0.125), ac::random_normal(16, {10}, 0, 0.1)}};
}

inline auto compile_mlp(const ac::CompileOptions& options, const Mlp<ac::Tensor>& parameters) {
  return ac::compile_with(options, ac::value_and_grad(mlp_loss), parameters, ac::spec({"batch", 64}),
                          ac::spec({"batch"}, ac::i32));
}

inline ac::Tensor random_labels(std::uint64_t seed, std::int64_t count, std::uint64_t classes) {
  ac::Philox random(seed);
  auto labels = ac::Tensor::zeros({count}, ac::i32);
  for (std::int32_t& l : labels.span<std::int32_t>()) l = static_cast<std::int32_t>(random.below(classes));
  return labels;
}

/// Leaves in the order of declaration.
inline std::vector<ac::Tensor> leaves(const Mlp<ac::Tensor>& p) {
  return {p.first.weight, p.first.bias, p.second.weight, p.second.bias, p.out.weight, p.out.bias};
}

}  // namespace bench
