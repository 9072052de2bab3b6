// Case 15: the arm of a robot with seven joints (Franka Emika's Panda): the position of its flange and the 6 x 7
// Jacobian, for one configuration and for 100,000.
#include <array>

#include "row.hpp"

namespace bench {
namespace {

using Matrix = std::array<std::array<ac::Expr, 4>, 4>;

/// Denavit-Hartenberg after Craig: length a, offset d, twist alpha (a multiple of a right angle), rotation theta.
struct Joint {
  double a, d;
  int twist;  ///< sine of alpha; its cosine is 0 unless this is 0
};
constexpr std::array<Joint, 7> panda{
    {{0, 0.333, 0}, {0, 0, -1}, {0, 0.316, 1}, {0.0825, 0, 1}, {-0.0825, 0.384, -1}, {0, 0, 1}, {0.088, 0, 1}}};
constexpr double flange = 0.107;

bool is(const ac::Expr& e, double number) { return !e.is_bound() && e.literal() == number; }

/// Zeros and ones of the structure are left out, as CasADi's sparse matrices do: 0 * x is no constant in IEEE
/// arithmetic.
ac::Expr times(const ac::Expr& x, const ac::Expr& y) {
  if (is(x, 0) || is(y, 0)) return 0.0;
  if (is(x, 1)) return y;
  return is(y, 1) ? x : is(y, -1) ? -x : x * y;
}

Matrix link(const Joint& joint, const ac::Expr& theta) {
  const ac::Expr c = cos(theta), s = sin(theta);
  const double sa = joint.twist, ca = joint.twist == 0 ? 1 : 0;
  return {{{c, -s, 0.0, joint.a},
           {s * ca, c * ca, -sa, -joint.d * sa},
           {s * sa, c * sa, ca, joint.d * ca},
           {0.0, 0.0, 0.0, 1.0}}};
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix r;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t l = 0; l < 4; ++l) {
        const ac::Expr term = times(a[i][l], b[l][j]);
        if (!is(term, 0)) r[i][j] = is(r[i][j], 0) ? term : r[i][j] + term;
      }
    }
  }
  return r;
}

/// Of the shape of q, also what does not depend on it: the first joint's axis never moves.
ac::Expr spread(ac::Graph& g, const ac::Expr& e, const ac::Expr& q) {
  return broadcast_to(e.is_bound() ? e : g.constant(e.literal()), q.shape());
}

/// q: a list of 7 angles, all numbers or all rows of points. Gives the position (3) and the Jacobian (6 x 7) in
/// row-major order.
std::pair<std::vector<ac::Expr>, std::vector<ac::Expr>> kinematics(ac::Graph& g, const std::vector<ac::Expr>& q) {
  Matrix t;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) t[i][j] = i == j ? 1.0 : 0.0;
  }
  std::vector<std::vector<ac::Expr>> turns(3);  // axes of the joints: what turns the flange
  for (std::size_t i = 0; i < q.size(); ++i) {
    t = product(t, link(panda[i], q[i]));
    for (std::size_t k = 0; k < 3; ++k) turns[k].push_back(t[k][2]);
  }
  std::vector<ac::Expr> position, jacobian;
  for (std::size_t k = 0; k < 3; ++k) position.push_back(t[k][3] + flange * t[k][2]);
  for (const ac::Expr& p : position) {
    for (const ac::Expr& d : ac::grad(sum(p), q)) jacobian.push_back(d);
  }
  for (const auto& row : turns) jacobian.insert(jacobian.end(), row.begin(), row.end());
  for (ac::Expr& e : jacobian) e = spread(g, e, q[0]);
  return {position, jacobian};
}

struct Arm {
  ac::Expr q;
  ac::Expr position, jacobian;
};

/// q: [7] or [7, points]; position [3, ...], Jacobian [42, ...].
Arm arm(ac::Graph& g, bool batched) {
  Arm result;
  result.q = g.input("q", batched ? ac::Shape{7, "points"} : ac::Shape{7});
  std::vector<ac::Expr> q;
  for (int i = 0; i < 7; ++i) q.push_back(squeeze(slice(result.q, i, i + 1), 0));
  const auto [p, j] = kinematics(g, q);
  result.position = ac::stack(p);
  result.jacobian = ac::stack(j);
  return result;
}

Row one_call(const Settings& settings) {
  Row row;
  row.goals = {{"CasADi", 1}, {"CasADi", 1, 0, "ours bound"}};
  row.tolerance = 1e-12;
  const auto q = row.input("q", ac::Tensor{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7});
  ac::Graph g(ac::f64);
  const Arm a = arm(g, false);
  const auto f = ac::compile({a.q}, {a.position, a.jacobian}, settings.options());
  const std::vector<ac::Tensor> out{ac::Tensor::zeros({3}, ac::f64), ac::Tensor::zeros({42}, ac::f64)};
  row.contenders.push_back(ours(f, {q}, out));
  row.contenders.push_back(ours_bound(f, {q}, same_shapes(out)));
  return row;
}

Row batched(const Settings& settings) {
  constexpr std::int64_t points = 100'000;
  Row row;
  row.scales = true;
  row.goals = {{"heyoka", 1 / 0.7}};
  row.tolerance = 1e-12;
  row.divide = points;
  const auto q = row.input("q", ac::random_uniform(1, {7, points}, -3, 3, ac::f64));
  ac::Graph g(ac::f64);
  const Arm a = arm(g, true);
  const auto f = ac::compile({a.q}, {a.position, a.jacobian}, settings.options());
  row.contenders.push_back(
      ours(f, {q}, {ac::Tensor::zeros({3, points}, ac::f64), ac::Tensor::zeros({42, points}, ac::f64)}));
  return row;
}

Row compile(const Settings& settings) {
  Row row;
  row.pinned = false;
  row.goals = {{"seconds", 20e-3}};
  ac::CompileOptions options = settings.options();
  options.cache = false;
  row.contenders.push_back({"ours", "expression, Jacobian and machine code", [options] {
                              ac::Graph g(ac::f64);
                              const Arm a = arm(g, false);
                              ac::compile({a.q}, {a.position, a.jacobian}, options);
                            }});
  return row;
}

}  // namespace

void add_arm(std::vector<Entry>& entries) {
  entries.push_back({15, "15", "arm of 7 joints, position and 6x7 Jacobian, f64: one call", one_call});
  entries.push_back({15, "15.c", "the same: cold compile", compile});
  entries.push_back({15, "15.b", "the same for 100,000 configurations, each", batched});
}

}  // namespace bench
