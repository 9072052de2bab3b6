// Case 12: the log-likelihood of a million numbers under Student's t with location mu, scale exp(s) and nu degrees of
// freedom, and its three derivatives, from the plain formula.
#include "row.hpp"

namespace bench {
namespace {

/// log Gamma(z), z > 0, by Stirling's series ten steps up, where its truncation is below 1e-14. (There is no such
/// primitive.)
ac::Expr log_gamma(const ac::Expr& z) {
  ac::Expr product = z;
  for (int i = 1; i < 10; ++i) product = product * (z + i);
  const ac::Expr w = z + 10.0, r = 1.0 / (w * w);
  const ac::Expr series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) / w;
  return (w - 0.5) * log(w) - w + 0.91893853320467274178 + series - log(product);
}

Row likelihood(const Settings& settings) {
  constexpr std::int64_t count = 1'000'000;
  constexpr double pi = 3.14159265358979323846;
  Row row;
  row.goals = {{"libmvec", 1.25}, {"torch", 3}};
  row.tolerance = 1e-9;
  const auto normal = ac::random_normal(1, {count, 6}, 0, 1, ac::f64);
  auto x = ac::Tensor::zeros({count}, ac::f64);
  for (std::int64_t i = 0; i < count;
       ++i) {  // Student's t of 5 degrees of freedom: a normal over the root of a chi squared
    double chi = 0;
    for (int j = 1; j < 6; ++j) chi += normal.at<double>(i, j) * normal.at<double>(i, j);
    x.at<double>(i) = 0.3 + 1.5 * normal.at<double>(i, 0) / __builtin_sqrt(chi / 5);
  }
  row.input("x", x);
  const auto theta = row.input("theta", ac::Tensor{0.25, 0.336472236621213, 4.5});
  const auto mu = ac::Tensor::scalar(theta(0)), scale = ac::Tensor::scalar(theta(1)),
             freedom = ac::Tensor::scalar(theta(2));
  ac::Graph g(ac::f64);
  const auto xe = g.input("x", {"n"}), m = g.input("mu", {}), s = g.input("s", {}), nu = g.input("nu", {});
  const auto z = (xe - m) * exp(-s);
  const auto constant = log_gamma((nu + 1.0) / 2.0) - log_gamma(nu / 2.0) - 0.5 * log(nu * pi) - s;
  const auto value = g.size("n") * constant - (nu + 1.0) / 2.0 * sum(log1p(z * z / nu));
  const auto [dm, ds, dnu] = ac::grad(value, m, s, nu);
  const auto f = ac::compile({xe, m, s, nu}, {value, dm, ds, dnu}, settings.options());
  std::vector<ac::Tensor> out;
  for (int i = 0; i < 4; ++i) out.push_back(ac::Tensor::scalar(0));
  row.contenders.push_back(ours(f, {x, mu, scale, freedom}, out));
  return row;
}

}  // namespace

void add_student(std::vector<Entry>& entries) {
  entries.push_back({12, "12", "Student-t log-likelihood of 1,000,000 f64 and 3 gradients", likelihood});
}

}  // namespace bench
