// See eigen.hpp.
#include "eigen.hpp"

#ifdef BENCH_EIGEN
#include <math.h>

#include <Eigen/Dense>

namespace bench::eigen {
namespace {
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Map = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>>;
using Array = Eigen::Map<Eigen::ArrayXf>;
using ConstArray = Eigen::Map<const Eigen::ArrayXf>;

template <class T>
void multiply(bool ta, bool tb, int m, int n, int k, const T* a, const T* b, T* c) {
  Map<T> out(c, m, n);
  if (ta) {
    out.noalias() = ConstMap<T>(a, k, m).transpose() * ConstMap<T>(b, k, n);
  } else if (tb) {
    out.noalias() = ConstMap<T>(a, m, k) * ConstMap<T>(b, n, k).transpose();
  } else {
    out.noalias() = ConstMap<T>(a, m, k) * ConstMap<T>(b, k, n);
  }
}
}  // namespace

bool available() { return true; }

void gelu_layer(const float* x, const float* w, const float* b, float* y, int m, int n, int k) {
  Map<float> out(y, m, n);
  out.noalias() = ConstMap<float>(x, m, k) * ConstMap<float>(w, k, n);
  out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(b, n);
  out.array() = 0.5f * out.array() * (1.0f + (out.array() * 0.70710678f).unaryExpr([](float v) { return erff(v); }));
}
void product(bool ta, bool tb, int m, int n, int k, const double* a, const double* b, double* c) {
  multiply(ta, tb, m, n, k, a, b, c);
}
void product(bool ta, bool tb, int m, int n, int k, const float* a, const float* b, float* c) {
  multiply(ta, tb, m, n, k, a, b, c);
}
void sigmoid_layer(const float* w, const float* x, const float* b, float* y, int n) {
  Eigen::Map<Eigen::VectorXf> out(y, n);
  out.noalias() = ConstMap<float>(w, n, n) * Eigen::Map<const Eigen::VectorXf>(x, n);
  out.array() = 1.0f / (1.0f + (-(out.array() + ConstArray(b, n))).exp());
}
void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;
  Eigen::Map<Rows> out(y, n, 3);
  out.noalias() =
      Eigen::Map<const Rows>(x, n, 3).lazyProduct(Eigen::Map<const Eigen::Matrix<float, 3, 3, Eigen::RowMajor>>(w));
  Array flat(y, 3 * n);
  flat = flat.tanh();
}
void wave(const float* x, float* y, std::ptrdiff_t n) {
  const ConstArray v(x, n);
  Array(y, n) = (-v * v).exp() * v.sin() + v.abs().log1p();
}
void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n) {
  const ConstArray v(x, n), d(dy, n);
  const auto s = 1.0f / (1.0f + (-v).exp());
  Array(dx, n) = d * s * (1.0f + v * (1.0f - s));
}

void network_step(const NetworkStep& net) {
  using namespace Eigen;
  using H = Eigen::Matrix<float, 32, 64, RowMajor>;
  using W = Eigen::Matrix<float, 64, 64, RowMajor>;
  using Out = Eigen::Matrix<float, 64, 10, RowMajor>;
  using Logits = Eigen::Matrix<float, 32, 10, RowMajor>;
  using Row = Eigen::Matrix<float, 1, 64>;
  using OutRow = Eigen::Matrix<float, 1, 10>;
  struct State {
    H z[2], s[2], h[2], g[2];
    Logits l;
  };
  static thread_local State t;
  const Eigen::Map<const H> x(net.x);
  const Eigen::Map<const Out> w2(net.w[2]);
  for (int i = 0; i < 2; ++i) {
    t.z[i].noalias() =
        (i == 0 ? Eigen::Map<const H>(net.x) : Eigen::Map<const H>(t.h[0].data())) * Eigen::Map<const W>(net.w[i]);
    t.z[i].rowwise() += Eigen::Map<const Row>(net.b[i]);
    t.s[i] = (1.0f / (1.0f + (-t.z[i].array()).exp())).matrix();
    t.h[i] = t.z[i].cwiseProduct(t.s[i]);
  }
  t.l.noalias() = t.h[1] * w2;
  t.l.rowwise() += Eigen::Map<const OutRow>(net.b[2]);
  float loss = 0;
  for (int r = 0; r < 32; ++r) {
    const float top = t.l.row(r).maxCoeff();
    const OutRow e = (t.l.row(r).array() - top).exp();
    const float sum = e.sum();
    loss -= t.l(r, net.y[r]) - top - logf(sum);
    t.l.row(r) = e / (32 * sum);
    t.l(r, net.y[r]) -= 1.0f / 32;
  }
  *net.loss = loss / 32;
  Eigen::Map<Out>(net.dw[2]).noalias() = t.h[1].transpose() * t.l;
  Eigen::Map<OutRow>(net.db[2]) = t.l.colwise().sum();
  t.g[1].noalias() = t.l * w2.transpose();
  for (int i = 1; i >= 0; --i) {
    t.g[i].array() *= t.s[i].array() * (1.0f + t.z[i].array() * (1.0f - t.s[i].array()));
    Eigen::Map<Row>(net.db[i]) = t.g[i].colwise().sum();
    if (i == 1) {
      Eigen::Map<W>(net.dw[1]).noalias() = t.h[0].transpose() * t.g[1];
      t.g[0].noalias() = t.g[1] * Eigen::Map<const W>(net.w[1]).transpose();
    } else {
      Eigen::Map<W>(net.dw[0]).noalias() = x.transpose() * t.g[0];
    }
  }
}

}  // namespace bench::eigen
#else
namespace bench::eigen {
bool available() { return false; }
void gelu_layer(const float*, const float*, const float*, float*, int, int, int) {}
void product(bool, bool, int, int, int, const double*, const double*, double*) {}
void product(bool, bool, int, int, int, const float*, const float*, float*) {}
void sigmoid_layer(const float*, const float*, const float*, float*, int) {}
void narrow(const float*, const float*, float*, std::ptrdiff_t) {}
void wave(const float*, float*, std::ptrdiff_t) {}
void silu_backward(const float*, const float*, float*, std::ptrdiff_t) {}
void network_step(const NetworkStep&) {}
}  // namespace bench::eigen
#endif
