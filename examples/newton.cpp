// Newton's method on a small fit: a logistic curve a/(1 + exp(-b (t - c))) through noisy points. Once with the whole Hessian, once
// with Hessian-vector products and conjugate gradients, which never form it.
#include <actinium/actinium.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;
using ac::Expr;

constexpr int n = 3;
using Vector = std::array<double, n>;

/// Solves H d = r by elimination with pivots.
Vector solve(std::array<Vector, n> h, Vector r) {
  for (int k = 0; k < n; ++k) {
    int pivot = k;
    for (int i = k + 1; i < n; ++i)
      if (std::fabs(h[i][k]) > std::fabs(h[pivot][k])) pivot = i;
    std::swap(h[k], h[pivot]);
    std::swap(r[k], r[pivot]);
    for (int i = k + 1; i < n; ++i) {
      const double factor = h[i][k] / h[k][k];
      for (int j = k; j < n; ++j) h[i][j] -= factor * h[k][j];
      r[i] -= factor * r[k];
    }
  }
  for (int k = n; k-- > 0;) {
    for (int j = k + 1; j < n; ++j) r[k] -= h[k][j] * r[j];
    r[k] /= h[k][k];
  }
  return r;
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

int main() {
  ac::Graph g{ac::f64};
  const auto p = g.input("p", {n}), v = g.input("v", {n}), t = g.input("t", {"points"}), y = g.input("y", {"points"});
  const auto parameter = [&](int i) { return squeeze(slice(p, i, i + 1)); };
  const Expr error = mean(square(parameter(0) * sigmoid(parameter(1) * (t - parameter(2))) - y));
  const auto newton = ac::compile({p, t, y}, {error, ac::grad(error, p), ac::hessian(error, p)});
  const auto product = ac::compile({p, v, t, y}, ac::hvp(error, p, v));

  compiled("value, gradient and Hessian", newton);
  compiled("Hessian times vector", product);

  std::vector<double> ts, ys;
  const ac::Tensor noise = ac::random_uniform(7, {40}, 0, 1, ac::f64);
  for (int i = 0; i < 40; ++i) {
    ts.push_back(0.25 * i - 3);
    ys.push_back(2.5 / (1 + std::exp(-1.3 * (ts.back() - 1.1))) + 0.02 * (noise(i) - 0.5));
  }
  const Vector start{2.3, 1.1, 0.9};

  for (const bool whole : {true, false}) {
    std::printf(whole ? "with the Hessian\n" : "with Hessian-vector products\n");
    Vector at = start;
    for (int i = 0; i < 8; ++i) {
      const auto [value, slope, curvature] = newton(at, ts, ys);
      Vector r;
      for (int k = 0; k < n; ++k) r[k] = -slope(k);
      std::printf("  step %d  error %.12f  |gradient| %.1e\n", i, value.item(), std::sqrt(dot(r, r)));
      if (dot(r, r) < 1e-24) break;
      Vector d{};
      if (whole) {
        std::array<Vector, n> h;
        for (int k = 0; k < n; ++k)
          for (int j = 0; j < n; ++j) h[k][j] = curvature(k, j);
        d = solve(h, r);
      } else {  // conjugate gradients: exact after as many products as there are parameters
        Vector direction = r;
        for (int k = 0; k < n && dot(r, r) > 1e-30; ++k) {
          const ac::Tensor hd = product(at, direction, ts, ys);
          const Vector h{hd(0), hd(1), hd(2)};
          const double before = dot(r, r), step = before / dot(direction, h);
          for (int j = 0; j < n; ++j) d[j] += step * direction[j], r[j] -= step * h[j];
          for (int j = 0; j < n; ++j) direction[j] = r[j] + dot(r, r) / before * direction[j];
        }
      }
      for (int k = 0; k < n; ++k) at[k] += d[k];
    }
    std::printf("  a %.3f  b %.3f  c %.3f (from 2.5, 1.3, 1.1)\n", at[0], at[1], at[2]);
  }
}
