// Cases 1 to 3: gelu(X W + b), 256 x 1024 x 1024, with W known; the same layer trained, in f32 and f64.
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t m = 256, k = 1024, n = 1024;
constexpr double product_flops = 2.0 * m * k * n;

Row inference(const Settings& settings) {
  Row row;
  row.goals = {{"limit", 0.95}, {"oneDNN", 1}, {"JAX", 1}};
  row.limit = fma_limit(product_flops, ac::f32, settings.threads);
  const auto x = row.input("X", ac::random_normal(1, {m, k}));
  const auto w = row.input("W", ac::random_normal(2, {k, n}, 0, 1.0 / 32));
  const auto b = row.input("b", ac::random_normal(3, {n}, 0, 0.1));
  ac::Graph g;
  const auto xe = g.input("X", {"batch", k});
  const auto y = gelu(matmul(xe, g.constant("W", w)) + g.constant("b", b));
  row.contenders.push_back(ours(ac::compile({xe}, y, settings.options()), {x}, {ac::Tensor::zeros({m, n})}));
  return row;
}

Row training(const Settings& settings, ac::DType dtype) {
  Row row;
  row.goals = {{"limit", 0.94}, {"JAX", 1}};
  row.tolerance = dtype == ac::f64 ? 1e-11 : 2e-4;
  row.limit = fma_limit(3 * product_flops, dtype, settings.threads);
  const auto x = row.input("X", ac::random_normal(1, {m, k}, 0, 1, dtype));
  const auto w = row.input("W", ac::random_normal(2, {k, n}, 0, 1.0 / 32, dtype));
  const auto b = row.input("b", ac::random_normal(3, {n}, 0, 0.1, dtype));
  const auto c = row.input("C", ac::random_normal(4, {m, n}, 0, 1, dtype));
  ac::Graph g(dtype);
  const auto xe = g.input("X", {"batch", k}), we = g.input("W", {k, n}), be = g.input("b", {n}),
             ce = g.input("C", {"batch", n});
  const auto value = sum(gelu(matmul(xe, we) + be) * ce);
  const auto [dx, dw, db] = ac::grad(value, xe, we, be);
  const auto f = ac::compile({xe, we, be, ce}, {value, dx, dw, db}, settings.options());
  std::vector<ac::Tensor> out{ac::Tensor::zeros({}, dtype), ac::Tensor::zeros({m, k}, dtype),
                              ac::Tensor::zeros({k, n}, dtype), ac::Tensor::zeros({n}, dtype)};
  row.contenders.push_back(ours(f, {x, w, b, c}, out));
  return row;
}

}  // namespace

void add_layer(std::vector<Entry>& entries) {
  entries.push_back({1, "1", "gelu(X W + b), f32, 256x1024x1024, W constant", inference});
  entries.push_back(
      {2, "2", "the same trained: forward, dX, dW, db", [](const Settings& s) { return training(s, ac::f32); }});
  entries.push_back({3, "3", "the same trained in f64", [](const Settings& s) { return training(s, ac::f64); }});
}

}  // namespace bench
