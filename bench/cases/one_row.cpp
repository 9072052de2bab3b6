// Cases 5 and 6: inference of one row, where reading the weights is the work.
#include "row.hpp"

namespace bench {
namespace {

Row two_layers(const Settings& settings) {
  constexpr std::int64_t n = 1024;
  Row row;
  row.goals = {{"hand", 1}, {"JAX", 1.3}};
  const auto x = row.input("x", ac::random_normal(1, {1, n}));
  const auto w1 = row.input("W1", ac::random_normal(2, {n, n}, 0, 1.0 / 32)),
             w2 = row.input("W2", ac::random_normal(3, {n, n}, 0, 1.0 / 32));
  const auto b1 = row.input("b1", ac::random_normal(4, {n}, 0, 0.1)),
             b2 = row.input("b2", ac::random_normal(5, {n}, 0, 0.1));
  row.limit = read_limit({w1, w2});
  ac::Graph g;
  const auto xe = g.input("x", {"batch", n});
  const auto h = relu(matmul(xe, g.constant("W1", w1)) + g.constant("b1", b1));
  const auto y = relu(matmul(h, g.constant("W2", w2)) + g.constant("b2", b2));
  row.contenders.push_back(ours(ac::compile({xe}, y, settings.options()), {x}, {ac::Tensor::zeros({1, n})}));
  return row;
}

Row one_layer(const Settings& settings) {
  constexpr std::int64_t n = 4096;
  Row row;
  row.goals = {{"JAX", 1}};
  const auto w = row.input("W", ac::random_normal(1, {n, n}, 0, 1.0 / 64));
  const auto x = row.input("x", ac::random_normal(2, {n})), b = row.input("b", ac::random_normal(3, {n}, 0, 0.1));
  row.limit = read_limit({w});
  ac::Graph g;
  const auto we = g.input("W", {n, n}), xe = g.input("x", {n}), be = g.input("b", {n});
  const auto f = ac::compile({we, xe, be}, sigmoid(matmul(we, xe) + be), settings.options());
  row.contenders.push_back(ours(f, {w, x, b}, {ac::Tensor::zeros({n})}));
  return row;
}

}  // namespace

void add_one_row(std::vector<Entry>& entries) {
  entries.push_back({5, "5", "batch 1, two 1024x1024 layers, relu", two_layers});
  entries.push_back({6, "6", "batch 1, 4096x4096, sigmoid", one_layer});
}

}  // namespace bench
