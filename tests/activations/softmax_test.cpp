// softmax, log_softmax and logsumexp over rows of 1 to a million elements, with first and second derivatives in both
// modes, against sums of exact exponentials: at most 4 + n ulp of the result, of derivatives 4 + n ulp of the summed
// size of their terms. ACTINIUM_ACCURACY=1 in the environment prints the worst errors found. Start reading at Rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

using Row = std::vector<double>;

Real larger(const Real& a, const Real& b) { return a > b ? a : b; }
Format format_of(DType t) { return t == f32 ? f32_format : f64_format; }

/// What a row looks like: elements at offset - spread * u.
struct Look {
  double offset, spread;
  bool peaked = false;  ///< one element at the offset, all others at the far end
};

Row make_row(DType type, std::size_t n, const Look& look, std::mt19937_64& random) {
  std::uniform_real_distribution u(0.0, 1.0);
  Row x(n);
  for (double& v : x) v = rounded(type, look.offset - look.spread * (look.peaked ? 1 - u(random) / 16 : u(random)));
  x[random() % n] = rounded(type, look.offset);
  return x;
}

/// One-hot at the largest, one-hot elsewhere, or random.
Row make_weights(DType type, const Row& x, int kind, std::mt19937_64& random) {
  Row w(x.size(), 0);
  const auto top = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
  if (kind == 0) w[top] = 1;
  if (kind == 1) w[(top + 1) % x.size()] = 1;
  if (kind == 2)
    for (double& v : w) v = rounded(type, std::uniform_real_distribution(-1.0, 1.0)(random));
  return w;
}

struct Exact {
  std::vector<Real> y, others;  ///< softmax, 1 - softmax
  std::vector<Real> log_y;
  Real lse;

  explicit Exact(const Row& x) {
    const auto top = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
    std::vector<Real> e;
    Real sum, rest;
    for (std::size_t i = 0; i < x.size(); ++i) {
      e.push_back(exp(Real(x[i]) - Real(x[top])));
      sum = sum + e[i];
      if (i != top) rest = rest + e[i];
    }
    const Real log_sum = log1p(rest);
    lse = Real(x[top]) + log_sum;
    for (std::size_t i = 0; i < x.size(); ++i) {
      y.push_back(e[i] / sum);
      others.push_back((sum - e[i]) / sum);
      log_y.push_back(Real(x[i]) - Real(x[top]) - log_sum);
    }
  }
};

struct Worst {
  double ulp = 0;
  std::string where;
};
/// By what is measured; reports each error beyond `bound`.
struct Meter {
  Format format;
  std::map<std::string, Worst> worst = {};

  void check(const std::string& what, double got, const Real& exact, const Real& size, double bound,
             const std::string& where) {
    const double error = abs(Real(got) - exact).to_double();
    if (error <= 4 * std::ldexp(1.0, format.min_exponent - format.bits + 1)) return;  // of subnormal results
    const double ulp = std::isfinite(got) ? error / unit(size.to_double()) : 1e300;
    Worst& w = worst[what];
    if (ulp > w.ulp) w = {ulp, where};
    EXPECT_LE(ulp, bound) << what << " " << where << ": " << got << " instead of " << exact.to_double();
  }
  double unit(double size) const {
    const int exponent = std::max(std::ilogb(size), format.min_exponent);
    return std::ldexp(1.0, exponent - format.bits + 1);
  }
  void print(const std::string& title) const {
    if (std::getenv("ACTINIUM_ACCURACY") == nullptr) return;
    for (const auto& [what, w] : worst)
      std::printf("%-10s %-28s %8.3f ulp at %s\n", title.c_str(), what.c_str(), w.ulp, w.where.c_str());
  }
};

Tensor tensor(DType type, const std::vector<Row>& rows) {
  const Array a = [&] {
    Row all;
    for (const Row& r : rows) all.insert(all.end(), r.begin(), r.end());
    return array(type, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size())}, all);
  }();
  Tensor t = Tensor::empty(type, a.shape);
  for (std::size_t i = 0; i < a.size(); ++i)
    std::memcpy(static_cast<char*>(t.raw()) + i * size_of(type), &a.bits[i], size_of(type));
  return t;
}
double at(const Tensor& t, std::size_t i) {
  return t.dtype() == f32 ? static_cast<double>(t.data<float>()[i]) : t.data<double>()[i];
}

struct Case {
  DType type;
  std::size_t n;
  CompileOptions options = {.engine = Engine::interpret};
};
std::string label(const ::testing::TestParamInfo<Case>& info) {
  const bool own = info.param.options.engine == Engine::interpret;
  return std::string(name_of(info.param.type)) + "_" + std::to_string(info.param.n) + (own ? "" : "_without_fma");
}

std::vector<Look> looks(std::size_t n) {
  if (n >= 100'000) return {{1e4, 20}, {0, 3}};
  std::vector<Look> all;
  for (double offset : {0.0, -3.0, 1e4, 1e30})
    for (double spread : {0.0, 1e-3, 1.0, 17.0, 40.0, 100.0, 800.0, 1e4}) {
      if (n >= 1000 && (offset == -3 || spread == 1e-3)) continue;
      all.push_back({offset, spread});
      if (spread >= 1) all.push_back({offset, spread, true});
    }
  return all;
}

class Rows : public ::testing::TestWithParam<Case> {};

TEST_P(Rows, ValuesAndFirstDerivatives) {
  const auto& [type, n, options] = GetParam();
  const Real::Precision precision(n >= 100'000 ? 200 : 1300);
  Graph g(type);
  const Expr x = g.input("x", {"rows", "n"}), w = g.input("w", {"rows", "n"});
  const Expr y = softmax(x), l = log_softmax(x), lse = logsumexp(x, -1);
  const auto f =
      compile({x, w}, std::vector{y, l, lse, vjp(y, x, w), jvp(y, x, w), vjp(l, x, w), jvp(l, x, w), grad(sum(lse), x)},
              options);
  std::mt19937_64 random(n);
  Meter meter{format_of(type)};
  const double bound = 4 + static_cast<double>(n);
  for (const Look& look : looks(n)) {
    const Row row = make_row(type, n, look, random);
    std::vector<Row> xs, ws;
    for (int kind = 0; kind < 3; ++kind) xs.push_back(row), ws.push_back(make_weights(type, row, kind, random));
    const auto got = f(std::vector{tensor(type, xs), tensor(type, ws)});
    const Exact exact(row);
    const double largest = *std::max_element(row.begin(), row.end());
    const std::size_t step = n > 1000 ? n / 997 : 1;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto where = [&](std::size_t i) {
        return "offset " + std::to_string(look.offset) + " spread " + std::to_string(look.spread) +
               (look.peaked ? " peaked" : "") + " weights " + std::to_string(k) + " [" + std::to_string(i) +
               "] = " + std::to_string(row[i]);
      };
      // Sums over all: w, |w|, y w, y |w|.
      Real s, size, ys, ysize;
      for (std::size_t i = 0; i < n; ++i) {
        const Real wi(ws[k][i]);
        s = s + wi, size = size + abs(wi), ys = ys + exact.y[i] * wi, ysize = ysize + exact.y[i] * abs(wi);
      }
      if (k == 0)
        meter.check("logsumexp", at(got[2], 0), exact.lse, larger(abs(exact.lse), abs(Real(largest))), bound, where(0));
      for (std::size_t i = 0; i < n; ++i) {
        if (i % step != 0 && row[i] != largest) continue;
        const Real &yi = exact.y[i], wi(ws[k][i]), &oi = exact.others[i], awi = abs(wi);
        const std::size_t p = k * n + i;
        if (k == 0) {
          meter.check("softmax", at(got[0], p), yi, yi, bound, where(i));
          meter.check("log_softmax", at(got[1], p), exact.log_y[i], exact.log_y[i], bound, where(i));
          meter.check("grad logsumexp", at(got[7], p), yi, yi, bound, where(i));
        }
        const Real c = wi * oi - (ys - yi * wi), c_size = awi * oi + (ysize - yi * awi);
        meter.check("vjp softmax", at(got[3], p), yi * c, yi * c_size, bound, where(i));
        meter.check("jvp softmax", at(got[4], p), yi * c, yi * c_size, bound, where(i));
        meter.check("vjp log_softmax", at(got[5], p), wi * oi - yi * (s - wi), awi * oi + yi * (size - awi), bound,
                    where(i));
        meter.check("jvp log_softmax", at(got[6], p), c, c_size, bound, where(i));
      }
    }
    if (HasFailure()) break;
  }
  meter.print(std::string(name_of(type)) + " " + std::to_string(n));
}

std::vector<Case> row_cases() {
  std::vector<Case> all;
  for (DType t : {f32, f64})
    for (std::size_t n : {1u, 2u, 3u, 10u, 17u, 64u, 1000u, 100'000u, 1'000'000u}) all.push_back({t, n});
  for (DType t : {f32, f64})
    for (std::size_t n : {3u, 64u}) all.push_back({t, n, {.engine = Engine::jit, .isa = "x86-64-v2"}});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Sizes, Rows, ::testing::ValuesIn(row_cases()), label);

class SecondDerivatives : public ::testing::TestWithParam<Case> {};

/// d2 f_i / dx_j dx_l and the summed size of its terms, where none is taken to be 1 - y.
struct Tensor3 {
  std::vector<Real> value, size;
  std::size_t n;
  template <class F>
  Tensor3(std::size_t n_, F&& f) : n(n_) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t l = 0; l < n; ++l) {
          const auto [v, s] = f(i, j, l);
          value.push_back(v), size.push_back(s);
        }
  }
};

TEST_P(SecondDerivatives, OfEveryMode) {
  const auto& [type, n, options] = GetParam();
  const Real::Precision precision(2600);
  Graph g(type);
  const Expr x = g.input("x", {1, n}), w = g.input("w", {1, n}), v = g.input("v", {1, n});
  const std::vector<std::pair<std::string, Expr>> functions{
      {"softmax", softmax(x)}, {"log_softmax", log_softmax(x)}, {"logsumexp", broadcast_to(logsumexp(x), {1, n})}};
  std::vector<Expr> outputs;
  for (const auto& [name, y] : functions) {
    outputs.push_back(grad(sum(vjp(y, x, w) * v), x));
    outputs.push_back(jvp(vjp(y, x, w), x, v));
    outputs.push_back(vjp(jvp(y, x, v), x, w));
    outputs.push_back(jvp(jvp(y, x, v), x, w));
  }
  const auto f = compile({x, w, v}, outputs, options);
  static constexpr const char* modes[] = {"reverse over reverse", "forward over reverse", "reverse over forward",
                                          "forward over forward"};
  std::mt19937_64 random(n);
  Meter meter{format_of(type)};
  for (const Look& look : looks(n)) {
    if (look.offset == 1e30) continue;
    const Row row = make_row(type, n, look, random);
    const Exact e(row);
    const auto off = [&](std::size_t i, std::size_t j) { return i == j ? e.others[i] : -e.y[j]; };  // delta - y
    const Tensor3 tensors[] = {
        {n,
         [&](auto i, auto j, auto l) {
           const Real a = e.y[i] * off(i, j) * off(i, l), b = -(e.y[i] * e.y[j] * off(j, l));
           return std::pair{a + b, abs(a) + abs(b)};
         }},
        {n, [&](auto, auto j, auto l) { return std::pair{-(e.y[j] * off(j, l)), abs(e.y[j] * off(j, l))}; }},
        {n, [&](auto, auto j, auto l) { return std::pair{e.y[j] * off(j, l), abs(e.y[j] * off(j, l))}; }}};
    for (int kind = 0; kind < 9; ++kind) {
      const Row ws = make_weights(type, row, kind % 3, random), vs = make_weights(type, row, kind / 3, random);
      const auto got = f(std::vector{tensor(type, {row}), tensor(type, {ws}), tensor(type, {vs})});
      for (std::size_t k = 0; k < functions.size(); ++k)
        for (int mode = 0; mode < 4; ++mode)
          for (std::size_t out = 0; out < n; ++out) {
            // The last mode gives f_out in directions v and w; the others f weighted by w, in direction v, by x_out.
            Real exact, size;
            for (std::size_t a = 0; a < n; ++a)
              for (std::size_t b = 0; b < n; ++b) {
                const std::size_t p = mode == 3 ? (out * n + a) * n + b : (b * n + a) * n + out;
                const Real factor = Real(vs[a]) * Real(ws[b]);
                exact = exact + factor * tensors[k].value[p];
                size = size + abs(factor) * tensors[k].size[p];
              }
            meter.check(functions[k].first + " " + modes[mode], at(got[k * 4 + static_cast<std::size_t>(mode)], out),
                        exact, size, 4 + static_cast<double>(n),
                        "offset " + std::to_string(look.offset) + " spread " + std::to_string(look.spread) +
                            (look.peaked ? " peaked" : "") + " weights " + std::to_string(kind) + " [" +
                            std::to_string(out) + "]");
          }
    }
    if (HasFailure()) break;
  }
  meter.print(std::string(name_of(type)) + " " + std::to_string(n));
}

std::vector<Case> small_cases() {
  std::vector<Case> all;
  for (DType t : {f32, f64})
    for (std::size_t n : {1u, 2u, 3u, 10u}) all.push_back({t, n});
  return all;
}
/// softmax([x, 0]) begins with sigmoid(x), and so do derivatives: the reference is that of sigmoid.
TEST(SoftmaxOfTwo, IsSigmoidToTheThirdDerivative) {
  for (DType type : {f32, f64}) {
    Graph g(type);
    const Expr x = g.input("x", {"n", 2}), along = g.input("along", {"n", 2});
    std::vector<Expr> forward{softmax(x)}, reverse{softmax(x)};
    for (int order = 0; order < 3; ++order) {
      forward.push_back(jvp(forward.back(), x, along));
      reverse.push_back(grad(sum(reverse.back() * along), x));
    }
    forward.insert(forward.end(), reverse.begin() + 1, reverse.end());
    const auto f = compile({x, along}, forward);
    std::vector<double> points;
    for (double v : {-80.0, -40.0, -20.5, -8.0, -3.0, -0.5, -0.01, 0.01, 0.5, 3.0, 8.0, 20.5, 40.0, 80.0})
      points.push_back(rounded(type, v));
    std::vector<Row> xs, ones;
    for (double v : points) xs.push_back({v, 0}), ones.push_back({1, 0});
    const auto got = f(std::vector{tensor(type, xs), tensor(type, ones)});
    const Real::Precision precision(2600);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Real t = exp(-abs(Real(points[i]))), p = t / ((Real(1) + t) * (Real(1) + t)),
                 h = (Real(1) - t) / (Real(1) + t) * Real(points[i] > 0 ? 1 : -1);  // tanh(x/2)
      const Real exact[] = {(points[i] > 0 ? Real(1) : t) / (Real(1) + t), p, -(p * h), p * (h * h - p - p)},
                 size[] = {exact[0], p, p, p};
      Meter meter{format_of(type)};
      for (std::size_t order = 0; order < 4; ++order)
        for (std::size_t k : {order, order == 0 ? order : order + 3})
          meter.check("order " + std::to_string(order), at(got[k], 2 * i), exact[order], size[order], 6,
                      std::to_string(points[i]) + (k == order ? "" : " reverse"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, SecondDerivatives, ::testing::ValuesIn(small_cases()), label);

}  // namespace
}  // namespace actinium::testing
