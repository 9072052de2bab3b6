// Case 4: a classifier 64-64-64-10 with silu and softmax cross-entropy, a batch of 32: loss and all gradients.
#include "network.hpp"

namespace bench {
namespace {

constexpr std::int64_t batch = 32;

Row step(const Settings& settings) {
  Row row;
  row.goals = {{"limit", 0.76}, {"hand", 1}, {"JAX", 3}};
  // Forward and weight gradients need all three products, the gradients of hidden values two.
  const double products = 64 * 64 + 64 * 64 + 64 * 10, hidden = 64 * 64 + 64 * 10;
  row.limit = fma_limit(2.0 * batch * (2 * products + hidden), ac::f32, settings.threads);
  const auto parameters = mlp_parameters();
  std::vector<ac::Tensor> in = leaves(parameters);
  const char* names[] = {"W0", "b0", "W1", "b1", "W2", "b2"};
  for (std::size_t i = 0; i < in.size(); ++i) row.input(names[i], in[i]);
  in.push_back(row.input("X", ac::random_normal(17, {batch, 64})));
  in.push_back(row.input("y", random_labels(18, batch, 10)));
  std::vector<ac::Tensor> out{ac::Tensor::zeros({})};
  for (const ac::Tensor& t : leaves(parameters)) out.push_back(ac::Tensor::zeros_like(t));
  const auto f = compile_mlp(settings.options(), parameters);
  row.contenders.push_back(ours(f, in, out));
  row.contenders.push_back(ours_bound(f, in, same_shapes(out)));
  return row;
}

}  // namespace

void add_mlp(std::vector<Entry>& entries) {
  entries.push_back({4, "4", "MLP 64-64-64-10, silu, cross-entropy, batch 32: loss and gradients", step});
}

}  // namespace bench
