// Case 4: a classifier 64-64-64-10 with silu and softmax cross-entropy, a batch of 32: loss and all gradients.
#include "eigen.hpp"
#include "hand.hpp"
#include "network.hpp"

namespace bench {
namespace {

constexpr std::int64_t batch = 32;

/// in: the leaves, x and labels; out: the loss and the leaves' gradients.
NetworkStep operands(const std::vector<ac::Tensor>& in, std::vector<ac::Tensor>& out) {
  NetworkStep s{};
  for (std::size_t i = 0; i < 3; ++i) {
    s.w[i] = in[2 * i].data<float>(), s.b[i] = in[2 * i + 1].data<float>();
    s.dw[i] = out[2 * i + 1].data<float>(), s.db[i] = out[2 * i + 2].data<float>();
  }
  s.x = in[6].data<float>(), s.y = in[7].data<std::int32_t>(), s.loss = out[0].data<float>();
  return s;
}

void native(Row& row, const std::vector<ac::Tensor>& in, std::vector<ac::Tensor> out) {
  const NetworkStep s = operands(in, out);
  if (hand::available()) {
    using enum hand::Functions;
    row.contenders.push_back({"hand", "AVX-512", [s, in] { hand::network_step<moderate>(s); }, out});
    row.contenders.push_back({hand_bounds, "AVX-512", [s, in] { hand::network_step<bounded>(s); }, out});
  }
  if (eigen::available()) row.contenders.push_back({"Eigen", "fixed sizes", [s, in] { eigen::network_step(s); }, out});
}

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
  if (settings.native) native(row, in, same_shapes(out));
  return row;
}

}  // namespace

void add_mlp(std::vector<Entry>& entries) {
  entries.push_back({4, "4", "MLP 64-64-64-10, silu, cross-entropy, batch 32: loss and gradients", step});
}

}  // namespace bench
