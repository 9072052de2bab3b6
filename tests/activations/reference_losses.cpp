// The elementwise losses as textbooks have them, at targets that leave residuals exact.
#include <limits>

#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

using P = std::vector<Real>;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Real log_logistic(const Real& x) { return x < Real(-1e6) ? x : -log(Real(1) + exp(-x)); }
Real sigmoid_entropy(const Real& x, const P& p) {
  return -(p[1] * p[0] * log_logistic(x)) - (Real(1) - p[0]) * log_logistic(-x);
}
Real huber(const Real& x, const P& p) {
  const Real d = abs(x - p[0]);
  return d <= p[1] ? d * d / Real(2) : p[1] * (d - p[1] / Real(2));
}
Real smooth_l1(const Real& x, const P& p) { return huber(x, p) / p[1]; }

}  // namespace

void add_losses(std::map<std::string, Reference>& r) {
  r["sigmoid_cross_entropy"] = {sigmoid_entropy, {0.25, 1}, {{inf, {inf, 0.75, 0}}, {-inf, {inf, -0.25, 0}}}};
  r["sigmoid_cross_entropy"].smooth_zero[1] = true;
  r["mse"] = {[](const Real& x, const P& p) { return (x - p[0]) * (x - p[0]); },
              {0.25},
              {{inf, {inf, inf, 2}}, {-inf, {inf, -inf, 2}}}};
  r["huber"] = {
      huber, {0.25, 1}, {{1.25, {0.5, 1, 0}}, {-0.75, {0.5, -1, 0}}, {inf, {inf, 1, 0}}, {-inf, {inf, -1, 0}}}};
  r["smooth_l1"] = {
      smooth_l1, {0.25, 2}, {{2.25, {1, 1, 0}}, {-1.75, {1, -1, 0}}, {inf, {inf, 1, 0}}, {-inf, {inf, -1, 0}}}};
  r["relative_entropy"] = {[](const Real& x, const P& p) { return x.is_zero() ? x : x * log(x / p[0]); },
                           {0.25},
                           {{0, {0, -inf, inf}}, {inf, {inf, inf, 0}}, {-inf, {nan, nan, nan}}}};
  r["relative_entropy"].smooth_zero[1] = true;
  r["relative_entropy"].domain = 0;
  r["kl_div"] = {[](const Real& x, const P& p) { return p[0] * (log(p[0]) - x); },
                 {0.25},
                 {{inf, {-inf, -0.25, 0}}, {-inf, {inf, -0.25, 0}}}};
  r["kl_div"].smooth_zero[0] = true;
}

}  // namespace actinium::testing
