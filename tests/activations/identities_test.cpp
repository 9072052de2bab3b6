// What must hold whatever the bits are: symmetries bit for bit, identities between activations, monotone functions that
// never step back over dense samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "actinium/activations.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

/// Both zeros, infinities, and magnitudes of every exponent, densest around 1; ascending.
template <class T>
std::vector<T> sample(std::size_t n) {
  std::mt19937_64 random(11);
  constexpr bool single = sizeof(T) == 4;
  std::uniform_real_distribution<double> near(-6, 5), all(single ? -103 : -744, single ? 88.7 : 709.7);
  std::vector<T> x{0, std::numeric_limits<T>::infinity(), std::numeric_limits<T>::max(),
                   std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::min()};
  for (std::size_t i = 0; i < n; ++i) x.push_back(static_cast<T>(std::exp(i % 4 == 0 ? all(random) : near(random))));
  // Neighbours around 1, where forms switch.
  for (T v = T(0.999); v < T(1.001); v = std::nextafter(v, T(2)) + T(1e-6)) x.push_back(v);
  const std::size_t positive = x.size();
  for (std::size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  std::sort(x.begin(), x.end());
  return x;
}

template <class T>
std::vector<T> run(const Expr& x, const Expr& y, const std::vector<T>& at) {
  Tensor in = Tensor::empty({at.size()}, dtype_of<T>);
  std::copy(at.begin(), at.end(), in.data<T>());
  const Tensor out = compile({x}, {y})(std::vector{in});
  return {out.data<T>(), out.data<T>() + at.size()};
}
template <class T>
std::vector<T> derivative_of(const char* name, int order, const std::vector<T>& at) {
  Graph g(dtype_of<T>);
  const Expr x = g.input("x", {"n"});
  return run(x, activation(name).derivative(order)(x), at);
}

/// f^(order)(-x) = sign * f^(order)(x), bit for bit (but for the sign of zeros and nan).
template <class T>
void check_symmetry(const char* name, int order, int sign) {
  const std::vector<T> x = sample<T>(4000);
  std::vector<T> mirrored;
  for (T v : x) mirrored.push_back(-v);
  const auto y = derivative_of(name, order, x), z = derivative_of(name, order, mirrored);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_TRUE(y[i] == static_cast<T>(sign) * z[i] || (std::isnan(y[i]) && std::isnan(z[i])))
        << name << " order " << order << " at " << x[i] << ": " << y[i] << " and " << z[i];
}

TEST(Identities, Symmetries) {
  const char* odd[] = {"linear", "hard_tanh",   "hard_shrink", "soft_shrink", "softsign", "tanh",
                       "isru",   "tanh_shrink", "scaled_tanh", "erf",         "arctan",   "sin"};
  const char* even[] = {"gaussian", "lisht", "cos"};
  for (int order = 0; order < 3; ++order) {
    const int alternating = order % 2 == 0 ? 1 : -1;
    for (const char* name : odd)
      check_symmetry<float>(name, order, -alternating), check_symmetry<double>(name, order, -alternating);
    for (const char* name : even)
      check_symmetry<float>(name, order, alternating), check_symmetry<double>(name, order, alternating);
  }
  for (const char* name : {"sigmoid", "softplus"}) {  // sigma' is even
    const int order = name[1] == 'i' ? 1 : 2;
    check_symmetry<float>(name, order, 1), check_symmetry<double>(name, order, 1);
  }
  check_symmetry<float>("gelu", 2, 1);
  check_symmetry<double>("gelu", 2, 1);
}

template <class T>
void check_identities() {
  Graph g(dtype_of<T>);
  const Expr x = g.input("x", {"n"});
  const std::vector<T> at = sample<T>(4000);
  const Format format = dtype_of<T> == f32 ? f32_format : f64_format;
  const auto close = [&](const char* what, const Expr& a, const Expr& b, double ulp) {
    const auto p = run(x, a, at), q = run(x, b, at);
    for (std::size_t i = 0; i < at.size(); ++i)
      EXPECT_LE(distance(static_cast<double>(p[i]), Real(static_cast<double>(q[i])), format), ulp)
          << what << " at " << at[i] << ": " << p[i] << " and " << q[i];
  };
  const auto same = [&](const char* what, const Expr& a, const Expr& b) {
    const auto p = run(x, a, at), q = run(x, b, at);
    for (std::size_t i = 0; i < at.size(); ++i)
      EXPECT_TRUE(p[i] == q[i] || (std::isnan(p[i]) && std::isnan(q[i])))
          << what << " at " << at[i] << ": " << p[i] << " and " << q[i];
  };
  close("sigmoid(x) + sigmoid(-x) = 1", sigmoid(x) + sigmoid(-x), g.constant(1.0) + 0.0 * sigmoid(x), 2);
  same("sigmoid' = sigmoid(x) sigmoid(-x) in order", activation("sigmoid").derivative()(x), logistic_pdf(x));
  same("log_sigmoid(x) = -softplus(-x)", log_sigmoid(x), -softplus(-x));
  same("log_sigmoid'(x) = sigmoid(-x)", activation("log_sigmoid").derivative()(x), sigmoid(-x));
  same("swish is silu", activation("swish")(x), silu(x));
  same("silu(beta = 0) = x/2", silu(x, 0.0), 0.5 * x);
  same("relu6 = relu(max_value = 6)", relu6(x), relu(x, {{"max_value", 6.0}}));
  same("relu2 = relu squared", relu2(x), square(relu(x)));
  same("elu(1) = celu(1)", elu(x), celu(x));
  same("hard_tanh = clamp", hard_tanh(x), clamp(x, -1.0, 1.0));
  same("shrink(bias = threshold) = soft_shrink", shrink(x, 0.5, 0.5), soft_shrink(x));
  same("shrink(bias = 0) = hard_shrink", shrink(x), hard_shrink(x));
  close("smelu(1) = sparse_plus", smelu(x), sparse_plus(x), 1);
  same("softplus(beta = -1) = log_sigmoid", softplus(x, -1.0), log_sigmoid(x));
  same("sparse_plus' = sparse_sigmoid", activation("sparse_plus").derivative()(x), sparse_sigmoid(x));
  same("tanh_shrink' = tanh squared", activation("tanh_shrink").derivative()(x), square(tanh(x)));
}
TEST(Identities, BetweenActivations) {
  check_identities<float>();
  check_identities<double>();
}

TEST(Identities, SigmoidIsTheFirstOfASoftmaxWithZero) {
  for (DType type : {f32, f64}) {
    Graph g(type);
    const Expr x = g.input("x", {"n"}), zero = 0.0 * sigmoid(x);  // of x's shape, without nan
    const Expr first = slice(softmax(stack({x, zero}, 1)), 0, 1, 1, 1);
    std::vector<double> points = sample<double>(500);
    std::erase_if(points,
                  [&](double v) { return std::abs(v) > (type == f32 ? 3e38 : 1e308); });  // inf: nan by definition
    const auto n = points.size();
    Tensor in = Tensor::empty({n}, type);
    for (std::size_t i = 0; i < n; ++i) {
      if (type == f32)
        in.data<float>()[i] = static_cast<float>(points[i]);
      else
        in.data<double>()[i] = points[i];
    }
    const auto out = compile({x}, {first, sigmoid(x)})(std::vector{in});
    for (std::size_t i = 0; i < n; ++i) {
      const auto value = [&](const Tensor& t) {
        return type == f32 ? static_cast<double>(t.data<float>()[i]) : t.data<double>()[i];
      };
      EXPECT_LE(distance(value(out[0]), Real(value(out[1])), type == f32 ? f32_format : f64_format), 8)
          << name_of(type) << " at " << points[i];
    }
  }
}

/// Functions that never fall: over ascending samples neither may the values, by more than so many ulp.
template <class T>
void check_monotone(const char* name, double ulp) {
  const std::vector<T> x = sample<T>(20000);
  const auto y = derivative_of(name, 0, x);
  for (std::size_t i = 1; i < x.size(); ++i) {
    const double back = y[i] >= y[i - 1] ? 0
                                         : distance(static_cast<double>(y[i]), Real(static_cast<double>(y[i - 1])),
                                                    sizeof(T) == 4 ? f32_format : f64_format);
    EXPECT_LE(back, ulp) << name << " from " << x[i - 1] << " to " << x[i];
  }
}
TEST(Identities, MonotoneFunctionsNeverStepBack) {
  for (const char* name : {"linear",      "step",           "relu",          "relu6",       "relu2",       "leaky_relu",
                           "rrelu",       "hard_tanh",      "hard_sigmoid",  "hard_shrink", "soft_shrink", "smelu",
                           "sparse_plus", "sparse_sigmoid", "exponential",   "elu",         "celu",        "selu",
                           "tanh",        "squareplus",     "softsign",      "sigmoid",     "tanh_shrink", "normcdf",
                           "erf",         "isru",           "bent_identity", "isrlu",       "arctan"}) {
    check_monotone<float>(name, 0);
    check_monotone<double>(name, 0);
  }
  // Sums of two rounded terms, which may step back by one unit.
  for (const char* name : {"softplus", "log_sigmoid"}) {
    check_monotone<float>(name, 1);
    check_monotone<double>(name, 1);
  }
}

}  // namespace
}  // namespace actinium::testing
