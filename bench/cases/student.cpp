// Case 12: the log-likelihood of a million numbers under Student's t with location mu, scale exp(s) and nu degrees of
// freedom, and its three derivatives, from the plain formula.
#include <cmath>

#include "hand.hpp"
#include "loops.hpp"
#include "row.hpp"

namespace bench {
namespace {

constexpr double pi = 3.14159265358979323846;

/// log Gamma(z), z > 0, by Stirling's series ten steps up, where its truncation is below 1e-14. (There is no such
/// primitive.)
ac::Expr log_gamma(const ac::Expr& z) {
  ac::Expr product = z;
  for (int i = 1; i < 10; ++i) product = product * (z + i);
  const ac::Expr w = z + 10.0, r = 1.0 / (w * w);
  const ac::Expr series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) / w;
  return (w - 0.5) * log(w) - w + 0.91893853320467274178 + series - log(product);
}

double digamma(double z) {
  double down = 0;
  for (; z < 10; z += 1) down += 1 / z;
  const double r = 1 / (z * z);
  return std::log(z) - 0.5 / z - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132)))) - down;
}

using Sums = void (*)(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums);

/// The value and its derivatives, as somebody works them out on paper, from three sums over x.
void by_hand(Sums sums, const ac::Tensor& x, const double* theta, const std::vector<double*>& out) {
  const double mu = theta[0], scale = std::exp(theta[1]), nu = theta[2], n = static_cast<double>(x.size());
  double s[3];
  sums(x.data<double>(), x.size(), mu, scale, nu, s);
  *out[0] =
      n * (std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5 * std::log(nu * pi) - theta[1]) - (nu + 1) / 2 * s[0];
  *out[1] = (nu + 1) / scale * s[2];
  *out[2] = -n + (nu + 1) * s[1];
  *out[3] = n * 0.5 * (digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu) - 0.5 * s[0] + (nu + 1) / (2 * nu) * s[1];
}

void native(Row& row, const ac::Tensor& x, const ac::Tensor& theta, std::vector<ac::Tensor> out) {
  std::vector<double*> p;
  for (ac::Tensor& t : out) p.push_back(t.data<double>());
  row.contenders.push_back(
      {"libmvec", "loop with log1p", [=] { by_hand(loops::student, x, theta.data<double>(), p); }, out});
  row.contenders.push_back({"hand", "loop with logarithms of products of 8",
                            [=] { by_hand(loops::student_products, x, theta.data<double>(), p); }, out});
  if (hand::available())
    row.contenders.push_back(
        {hand_bounds, "AVX-512, log1p", [=] { by_hand(hand::student, x, theta.data<double>(), p); }, out});
}

Row likelihood(const Settings& settings) {
  constexpr std::int64_t count = 1'000'000;
  Row row;
  row.scales = true;
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
  if (settings.native) native(row, x, theta, same_shapes(out));
  return row;
}

}  // namespace

void add_student(std::vector<Entry>& entries) {
  entries.push_back({12, "12", "Student-t log-likelihood of 1,000,000 f64 and 3 gradients", likelihood});
}

}  // namespace bench
