// Case 14: a step of a physics-informed network: u(t, x) by an MLP 2-64-64-64-1 with tanh, the residual of Burgers'
// equation u_t + u u_x - nu u_xx at 1024 points, its mean square and the gradients of all parameters.
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t points = 1024;
constexpr std::int64_t widths[] = {2, 64, 64, 64, 1};

ac::Expr residual(const std::vector<ac::Expr>& p, const ac::Expr& t, const ac::Expr& x) {
  ac::Expr h = ac::concat({t, x}, 1);
  for (std::size_t i = 0; i + 2 < p.size(); i += 2) h = tanh(matmul(h, p[i]) + p[i + 1]);
  const auto u = matmul(h, p[6]) + p[7];
  const auto ux = ac::jvp(u, x, 1.0), uxx = ac::jvp(ux, x, 1.0), ut = ac::jvp(u, t, 1.0);
  return ut + u * ux - 0.01 / 3.14159265358979323846 * uxx;
}

Row burgers(const Settings& settings) {
  Row row;
  row.scales = true;
  row.goals = {{"limit", 0.75}, {"JAX", 1.8}};
  row.limit = fma_limit(206e6, ac::f32, settings.threads);
  row.tolerance = 2e-3;
  const auto xs = row.input("X", ac::random_uniform(1, {points, 2}, -1, 1));
  std::vector<ac::Tensor> in, out{ac::Tensor::zeros({})};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string number = std::to_string(i);
    const double deviation = 1 / __builtin_sqrt(static_cast<double>(widths[i]));
    in.push_back(row.input("W" + number, ac::random_normal(2 + i, {widths[i], widths[i + 1]}, 0, deviation)));
    in.push_back(row.input("b" + number, ac::Tensor::zeros({widths[i + 1]})));
  }
  for (const ac::Tensor& t : in) out.push_back(ac::Tensor::zeros_like(t));
  ac::Graph g;
  std::vector<ac::Expr> inputs;
  for (std::size_t i = 0; i < 4; ++i) {
    inputs.push_back(g.input("W" + std::to_string(i), {widths[i], widths[i + 1]}));
    inputs.push_back(g.input("b" + std::to_string(i), {widths[i + 1]}));
  }
  const std::vector<ac::Expr> parameters = inputs;
  inputs.push_back(g.input("X", {"points", 2}));
  in.push_back(xs);
  const auto t = slice(inputs.back(), 0, 1, 1, 1), x = slice(inputs.back(), 1, 2, 1, 1);
  const auto loss = mean(square(residual(parameters, t, x)));
  std::vector<ac::Expr> outputs = ac::grad(loss, parameters);
  outputs.insert(outputs.begin(), loss);
  row.contenders.push_back(ours(ac::compile(inputs, outputs, settings.options()), in, out));
  return row;
}

}  // namespace

void add_burgers(std::vector<Entry>& entries) {
  entries.push_back(
      {14, "14", "physics-informed step: MLP 2-64-64-64-1, Burgers, 1024 points: loss and gradients", burgers});
}

}  // namespace bench
