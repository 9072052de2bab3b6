// gmm: the log posterior of a mixture of Gaussians with a Wishart prior, and its gradient in all parameters.
#include <gtest/gtest.h>

#include <array>
#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

struct Sizes {
  int d, k, n, m;
  double gamma;
  std::int64_t triangle() const { return d * (d - 1) / 2; }
};

template <class T>
struct Mixture {
  BOOST_HANA_DEFINE_STRUCT(Mixture, (T, alpha), (T, mu), (T, q), (T, l));
};

/// What the prior's normalization adds for each component.
template <class T>
T wishart_constant(const Sizes& s) {
  using std::log;  // before the one of expressions, which takes any number
  const T pi = boost::math::constants::pi<T>();
  const int dof = s.d + s.m + 1;
  T log_gammas = T(s.d * (s.d - 1)) / 4 * log(pi);
  for (int j = 1; j <= s.d; ++j) log_gammas += boost::math::lgamma(T(dof + 1 - j) / 2);
  return T(dof * s.d) * (log(T(s.gamma)) - log(T(2)) / 2) - log_gammas;
}

// --- Scalar by scalar. ---

Real logsumexp_of(const Reals& x) {
  Real sum = 0;
  for (const Real& e : x) sum += exp(e);
  return log(sum);
}

/// |Q (x - mu)|^2, where the columns of Q below its diagonal stand in l one after the other.
Real distance(const Reals& difference, const Real* q, const Real* l) {
  const std::size_t d = difference.size();
  Reals image(d);
  std::size_t next = 0;
  for (std::size_t column = 0; column < d; ++column) {
    image[column] += exp(q[column]) * difference[column];
    for (std::size_t row = column + 1; row < d; ++row) image[row] += l[next++] * difference[column];
  }
  Real total = 0;
  for (const Real& e : image) total += e * e;
  return total;
}

/// v: alpha, mu, q, l.
Real reference(const Reals& x, const Reals& v, const Sizes& s) {
  const auto d = static_cast<std::size_t>(s.d), k = static_cast<std::size_t>(s.k), n = static_cast<std::size_t>(s.n);
  const Real *mu = &v[k], *q = mu + k * d, *l = q + k * d;
  Real total = -Real(s.n * s.d) / 2 * log(2 * boost::math::constants::pi<Real>());
  for (std::size_t i = 0; i < n; ++i) {
    Reals terms;
    for (std::size_t c = 0; c < k; ++c) {
      Reals difference;
      Real scale = 0;
      for (std::size_t j = 0; j < d; ++j) {
        difference.push_back(x[i * d + j] - mu[c * d + j]);
        scale += q[c * d + j];
      }
      terms.push_back(v[c] + scale -
                      distance(difference, q + c * d, l + c * static_cast<std::size_t>(s.triangle())) / 2);
    }
    total += logsumexp_of(terms);
  }
  total -= s.n * logsumexp_of(Reals(v.begin(), v.begin() + s.k));
  for (std::size_t c = 0; c < k; ++c) {
    Real squares = 0, scale = 0;
    for (std::size_t j = 0; j < d; ++j) {
      squares += exp(2 * q[c * d + j]);
      scale += q[c * d + j];
    }
    for (std::size_t j = 0; j < static_cast<std::size_t>(s.triangle()); ++j)
      squares += l[c * static_cast<std::size_t>(s.triangle()) + j] * l[c * static_cast<std::size_t>(s.triangle()) + j];
    total -= Real(s.gamma) * s.gamma / 2 * squares - s.m * scale;
  }
  return total + s.k * wishart_constant<Real>(s);
}

// --- As an expression. ---

/// [d, d]: where in l, with a zero behind its end, each element of a lower triangle stands.
Expr triangle_index(Graph& g, const Sizes& s) {
  std::vector<std::int32_t> place(static_cast<std::size_t>(s.d * s.d), static_cast<std::int32_t>(s.triangle()));
  std::int32_t next = 0;
  for (int column = 0; column < s.d; ++column)
    for (int row = column + 1; row < s.d; ++row) place[static_cast<std::size_t>(row * s.d + column)] = next++;
  return g.constant("triangle", Tensor(place, {s.d, s.d}));
}

Expr objective(Graph& g, const Expr& x, const Mixture<Expr>& p, const Sizes& s) {
  const Expr index = triangle_index(g, s), on_diagonal = g.iota({s.d, s.d}, 0, i32) == g.iota({s.d, s.d}, 1, i32);
  const auto component = [&](const Mixture<Expr>& c) {
    const Expr below = gather(pad(c.l, {0}, {1}), index);
    const Expr factor = where(on_diagonal, exp(c.q), below);
    return c.alpha + sum(c.q) - 0.5 * sum(square(matmul(x - c.mu, factor.T())), 1);
  };
  const Expr terms = vmap(component)(p);  // [k, n]
  const Expr normal = -0.5 * s.n * s.d * std::log(2 * boost::math::constants::pi<double>());
  const Expr wishart = 0.5 * s.gamma * s.gamma * (sum(square(exp(p.q))) + sum(square(p.l))) - s.m * sum(p.q);
  return normal + sum(logsumexp(terms, {{"axis", 0}})) - static_cast<double>(s.n) * logsumexp(p.alpha) - wishart +
         s.k * wishart_constant<double>(s);
}

TEST(Problems, Gmm) {
  for (const Sizes& s : {Sizes{2, 3, 10, 0, 1}, Sizes{4, 3, 7, 2, 0.7}, Sizes{1, 2, 4, 0, 1}}) {
    SCOPED_TRACE(s.d);
    const auto count = [](std::int64_t a, std::int64_t b = 1) { return static_cast<std::size_t>(a * b); };
    const Doubles xs = uniform(count(s.n, s.d), 1, -2, 2), alphas = uniform(count(s.k), 2, -1, 1),
                  mus = uniform(count(s.k, s.d), 3);
    const Doubles qs = uniform(count(s.k, s.d), 4, -1, 1), ls = uniform(count(s.k, s.triangle()), 5, -1, 1);
    Graph g{f64};
    const Expr x = g.input("x", {s.n, s.d});
    const Mixture<Expr> p{g.input("alpha", {s.k}), g.input("mu", {s.k, s.d}), g.input("q", {s.k, s.d}),
                          g.input("l", {s.k, s.triangle()})};
    const auto [y, slopes] = value_and_grad([&](const Mixture<Expr>& at) { return objective(g, x, at, s); })(p);
    const auto got = run({x, p.alpha, p.mu, p.q, p.l}, {y, slopes.alpha, slopes.mu, slopes.q, slopes.l},
                         {Tensor(xs, {s.n, s.d}), Tensor(alphas, {s.k}), Tensor(mus, {s.k, s.d}),
                          Tensor(qs, {s.k, s.d}), Tensor(ls, {s.k, s.triangle()})});
    Reals v;
    for (const Doubles* part : {&alphas, &mus, &qs, &ls}) v.insert(v.end(), part->begin(), part->end());
    const auto f = [&](const Reals& at) { return Reals{reference(reals(xs), at, s)}; };
    const Reals want = jacobian_of(f, v);
    expect_close("objective", got[0], f(v));
    auto from = want.begin();
    for (std::size_t i = 1; i < 5; ++i) {
      const auto to = from + got[i].size();
      expect_close(std::array{"", "alpha", "mu", "q", "l"}[i], got[i], Reals(from, to));
      from = to;
    }
  }
}

}  // namespace
}  // namespace actinium::problems
