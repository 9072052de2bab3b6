// The four lines on Eigen matrices, in double: column-major, in place, nothing copied; and a Hessian-vector product.
#include <actinium/actinium.h>

#include <Eigen/Dense>
#include <iostream>

#include "compiled.hpp"

namespace ac = actinium;

int main() {
  ac::Graph g{ac::f64};
  const auto x = g.input("x", {"batch", 3});
  const auto W = g.input("W", {3, 2}), b = g.input("b", {2});
  const auto y = sigmoid(matmul(x, W) + b);
  const auto [dW, db] = ac::grad(sum(y), W, b);
  const auto f = ac::compile({x, W, b}, {y, dW, db});

  compiled("the layer with its gradients", f);

  Eigen::MatrixXd xs(2, 3), Ws(3, 2), ys(2, 2), dWs(3, 2);
  xs << 1, 2, 3, 4, 5, 6;
  Ws << 0.1, -0.2, 0.3, 0.4, -0.5, 0.6;
  Eigen::VectorXd bs(2), dbs(2);
  bs << 0.5, -0.5;
  f.call({xs, Ws, bs}, {ys, dWs, dbs});  // reads and writes Eigen's own memory

  const Eigen::MatrixXd expected = (1.0 + (-((xs * Ws).rowwise() + bs.transpose()).array()).exp()).inverse();
  const Eigen::IOFormat rows(6, 0, ", ", "\n", "  [", "]");
  std::cout << "y:\n" << ys.format(rows) << "\ndW:\n" << dWs.format(rows) << "\ndb:\n" << dbs.transpose().format(rows) << "\n";
  std::cout << "as Eigen computes y: " << ((ys - expected).norm() < 1e-14 ? "yes" : "no") << "\n";

  // A block of a larger matrix is an argument too: any strides.
  Eigen::MatrixXd big = Eigen::MatrixXd::Zero(4, 5);
  big.block(1, 1, 2, 3) = xs;
  const ac::Tensor again = f(big.block(1, 1, 2, 3), Ws, bs)[0];
  std::cout << "from a block: " << (again.as<Eigen::MatrixXd>() == ys ? "the same bits" : "other bits") << "\n";

  // Hessian-vector product of a quartic: H = 12 diag(t^2) + 2.
  const auto t = g.input("t", {3}), v = g.input("v", {3});
  const auto energy = sum(t * t * t * t) + square(sum(t));
  const auto hv = ac::compile({t, v}, ac::hvp(energy, t, v));
  Eigen::VectorXd ts(3), vs(3), hvs(3);
  ts << 1, 2, 3;
  vs << 1, 0, -1;
  hv.call({ts, vs}, {hvs});
  std::cout << "H v: " << hvs.transpose() << "\n";
}
