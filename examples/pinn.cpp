// Physics-informed networks: the loss is how badly a network solves a differential equation. Its second derivatives are written as
// they are in mathematics, for one point, and vmap makes them one fused computation for all points. Two equations, with their exact
// solutions to compare with: Burgers' (viscous, from a sine) and Poisson's on the unit square. Saves a picture of each solution in the
// directory that is its argument (by default the temporary one).
#include <actinium/actinium.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include "compiled.hpp"

namespace ac = actinium;
using ac::Expr;

constexpr double pi = std::numbers::pi;

template <class T>
struct Dense {
  BOOST_HANA_DEFINE_STRUCT(Dense, (T, weight), (T, bias));
};
template <class T>
struct Net {
  BOOST_HANA_DEFINE_STRUCT(Net, (Dense<T>, first), (Dense<T>, second), (Dense<T>, out));
};

/// A number for one point (a, b).
Expr network(const Net<Expr>& p, const Expr& a, const Expr& b) {
  const Expr h1 = tanh(matmul(ac::stack({a, b}), p.first.weight) + p.first.bias);
  const Expr h2 = tanh(matmul(h1, p.second.weight) + p.second.bias);
  return sum(matmul(h2, p.out.weight) + p.out.bias);
}

/// u_t + u u_x = nu u_xx for x in [-1, 1], t in [0, 1]; u = -sin(pi x) at t = 0, u = 0 at x = -1 and 1, which the ansatz meets.
struct Burgers {
  static constexpr const char* name = "burgers";
  static constexpr double nu = 0.1, low[2] = {0, -1}, high[2] = {1, 1};

  static Expr u(const Net<Expr>& p, const Expr& t, const Expr& x) { return -sin(pi * x) + t * (1.0 - x * x) * network(p, t, x); }
  static Expr residual(const Net<Expr>& p, const Expr& t, const Expr& x) {
    const auto in_t = [&](const Expr& s) { return u(p, s, x); };
    const auto in_x = [&](const Expr& s) { return u(p, t, s); };
    const Expr u_x = ac::grad(in_x)(x), u_xx = ac::grad(ac::grad(in_x))(x);
    return ac::grad(in_t)(t) + in_x(x) * u_x - nu * u_xx;
  }
  /// Cole's and Hopf's integrals (1950, 1951), by the trapezoidal rule, which converges exponentially here.
  static double exact(double t, double x) {
    if (t == 0) return -std::sin(pi * x);
    double above = 0, below = 0;
    const double width = std::sqrt(4 * nu * t);
    for (double z = -6; z <= 6; z += 0.02) {
      const double y = x - width * z, weight = std::exp(-std::cos(pi * y) / (2 * pi * nu) - z * z);
      above -= std::sin(pi * y) * weight;
      below += weight;
    }
    return above / below;
  }
};

/// u_xx + u_yy = -2 pi^2 sin(pi x) sin(pi y) on the unit square, 0 on its edge, which the ansatz meets.
struct Poisson {
  static constexpr const char* name = "poisson";
  static constexpr double low[2] = {0, 0}, high[2] = {1, 1};

  static Expr u(const Net<Expr>& p, const Expr& x, const Expr& y) { return 16.0 * x * (1.0 - x) * y * (1.0 - y) * network(p, x, y); }
  static Expr residual(const Net<Expr>& p, const Expr& x, const Expr& y) {
    const auto in_x = [&](const Expr& s) { return u(p, s, y); };
    const auto in_y = [&](const Expr& s) { return u(p, x, s); };
    return (ac::grad(ac::grad(in_x))(x) + ac::grad(ac::grad(in_y))(y)) / (2 * pi * pi) + sin(pi * x) * sin(pi * y);
  }
  static double exact(double x, double y) { return std::sin(pi * x) * std::sin(pi * y); }
};

/// A square of values from -1 to 1 as a picture: blue below 0, red above.
void save_picture(const std::string& path, const std::vector<double>& values, int side) {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << side << " " << side << "\n255\n";
  for (int row = side; row-- > 0;) {
    for (int column = 0; column < side; ++column) {
      const double v = std::fmin(std::fmax(values[static_cast<std::size_t>(column * side + row)], -1.0), 1.0);
      const auto fade = static_cast<char>(255 * (1 - std::fabs(v)));
      const char full = static_cast<char>(255);
      const char rgb[3] = {v < 0 ? fade : full, fade, v > 0 ? fade : full};
      file.write(rgb, 3);
    }
  }
  file.close();
  if (!file) throw ac::IoError(path + ": cannot be written");
}

template <class Equation>
void solve(int steps, const std::string& directory) {
  const auto all = [](auto f, const Net<Expr>& p, const Expr& a, const Expr& b) { return ac::vmap(f, {{std::nullopt, 0}})(p, a, b); };
  const auto loss = [&](const Net<Expr>& p, const Expr& a, const Expr& b) { return mean(square(all(Equation::residual, p, a, b))); };
  const auto solution = [&](const Net<Expr>& p, const Expr& a, const Expr& b) { return all(Equation::u, p, a, b); };

  constexpr int width = 24, points = 512;
  Net<ac::Tensor> params{{ac::glorot_uniform(1, 2, width), ac::Tensor::zeros({width})},
                         {ac::glorot_uniform(2, width, width), ac::Tensor::zeros({width})},
                         {ac::glorot_uniform(3, width, 1), ac::Tensor::zeros({1})}};
  const auto point = ac::spec({"points"});
  const auto step = ac::compile(ac::value_and_grad(loss), params, point, point);
  const auto field = ac::compile(solution, params, point, point);
  compiled(Equation::name, step);

  ac::AdamState<Net<ac::Tensor>> state;
  std::vector<float> a(points), b(points);
  for (int i = 0; i < steps; ++i) {
    const ac::Tensor draw = ac::random_uniform(static_cast<std::uint64_t>(100 + i), {2, points});  // new points at every step
    for (int k = 0; k < points; ++k) {
      a[static_cast<std::size_t>(k)] = static_cast<float>(Equation::low[0] + (Equation::high[0] - Equation::low[0]) * draw(0, k));
      b[static_cast<std::size_t>(k)] = static_cast<float>(Equation::low[1] + (Equation::high[1] - Equation::low[1]) * draw(1, k));
    }
    const auto [value, grads] = step(params, a, b);
    ac::adam(params, grads, state, {.learning_rate = 1e-2 * std::pow(0.01, static_cast<double>(i) / steps)});
    if ((i + 1) % (steps / 4) == 0) std::printf("  step %5d  loss %.2e\n", i + 1, value.item());
  }

  constexpr int side = 101;
  std::vector<float> ga, gb;
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      ga.push_back(static_cast<float>(Equation::low[0] + (Equation::high[0] - Equation::low[0]) * i / (side - 1)));
      gb.push_back(static_cast<float>(Equation::low[1] + (Equation::high[1] - Equation::low[1]) * j / (side - 1)));
    }
  const ac::Tensor u = field(params, ga, gb);
  double squares = 0, norm = 0;
  std::vector<double> values;
  for (std::size_t i = 0; i < ga.size(); ++i) {
    const double truth = Equation::exact(ga[i], gb[i]), got = u(static_cast<std::int64_t>(i));
    squares += (got - truth) * (got - truth), norm += truth * truth;
    values.push_back(got);
  }
  const std::string picture = directory + "/pinn_" + Equation::name + ".ppm";
  save_picture(picture, values, side);
  std::printf("  relative error against the exact solution: %.1e; picture: %s\n", std::sqrt(squares / norm), picture.c_str());
  if (!(std::sqrt(squares / norm) < 1e-2)) std::printf("  that is more than 1e-2\n");
}

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp";
  try {
    solve<Burgers>(8000, directory);
    solve<Poisson>(2000, directory);
  } catch (const ac::Error& error) {
    std::fprintf(stderr, "pinn: %s\n", error.what());
    return 1;
  }
}
