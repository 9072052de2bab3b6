// ht: a hand's skeleton moves the vertices of its skin, whose distances from measured points are the errors; their
// Jacobian has two compressed columns, for the place within each point's own triangle, and one for each of 26 angles
// and shifts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

constexpr int bones = 22, thetas = 26;

struct Model {
  std::int64_t vertices, points;
  std::array<int, bones> parents;
  Doubles base_relatives, inverse_base_absolutes;  ///< [bones, 4, 4]
  Doubles base_positions;                          ///< [vertices, 4]
  Doubles weights;                                 ///< [vertices, bones]
  std::vector<std::int32_t> triangles;  ///< [points, 3], or [points] if there are none: the vertices of each point
  Doubles measured;                     ///< [points, 3]
  bool mirrored, simple;
};

Model model(bool simple, bool mirrored) {
  Model m{14, 5, {}, {}, {}, {}, {}, {}, {}, mirrored, simple};
  for (int i = 0; i < bones; ++i) m.parents[static_cast<std::size_t>(i)] = i < 2 ? i - 1 : i % 4 == 2 ? 1 : i - 1;
  const auto affine = [&](unsigned seed) {
    Doubles list = uniform(bones * 16, seed, -1, 1);
    for (std::size_t i = 0; i < list.size(); ++i)
      if (i % 16 >= 12) list[i] = i % 16 == 15;
    return list;
  };
  m.base_relatives = affine(51);
  m.inverse_base_absolutes = affine(52);
  m.base_positions = uniform(static_cast<std::size_t>(m.vertices * 4), 53, -1, 1);
  for (std::size_t i = 3; i < m.base_positions.size(); i += 4) m.base_positions[i] = 1;
  m.weights = uniform(static_cast<std::size_t>(m.vertices * bones), 54, -2, 0.5);
  for (double& w : m.weights) w = std::max(w, 0.0);  // mostly none
  const int corners = simple ? 1 : 3;
  for (int i = 0; i < m.points * corners; ++i) m.triangles.push_back((i * 5 + 3) % 14);
  m.measured = uniform(static_cast<std::size_t>(m.points * 3), 55, -1, 1);
  return m;
}

/// Element of theta that is the angle of bone i about axis 0 (x) or 1 (z); none are about y. Each finger has four.
int angle_of(int bone, int axis) {
  const int column = bone + 3 - 5, finger = column / 4, joint = column % 4;
  if (column < 0 || joint == 3) return -1;
  if (axis == 1) return joint == 0 ? 7 + 4 * finger : -1;
  return 6 + 4 * finger + (joint == 0 ? 0 : joint + 1);
}

// --- Scalar by scalar. ---

using Matrix = std::vector<Reals>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), Reals(b[0].size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b[0].size(); ++j)
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}
Matrix affine_of(const Doubles& list, std::size_t bone) {
  Matrix m(4, Reals(4));
  for (std::size_t i = 0; i < 16; ++i) m[i / 4][i % 4] = list[16 * bone + i];
  return m;
}
Matrix about_x(const Real& a) { return {{1, 0, 0, 0}, {0, cos(a), -sin(a), 0}, {0, sin(a), cos(a), 0}, {0, 0, 0, 1}}; }
Matrix about_z(const Real& a) { return {{cos(a), -sin(a), 0, 0}, {sin(a), cos(a), 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}; }

Matrix global_rotation(const Reals& v) {
  const Real norm = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  if (norm < Real("1e-4")) return {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const Real x = v[0] / norm, y = v[1] / norm, z = v[2] / norm, c = cos(norm), s = sin(norm), rest = 1 - c;
  return {{x * x + (1 - x * x) * c, x * y * rest - z * s, x * z * rest + y * s},
          {x * y * rest + z * s, y * y + (1 - y * y) * c, y * z * rest - x * s},
          {x * z * rest - y * s, z * y * rest + x * s, z * z + (1 - z * z) * c}};
}

/// theta, and then the two coordinates of each point unless the model is simple.
Reals reference(const Reals& v, const Model& m) {
  std::vector<Matrix> absolutes, transforms;
  const auto angle = [&](int bone, int axis) {
    return angle_of(bone, axis) < 0 ? Real(0) : v[static_cast<std::size_t>(angle_of(bone, axis))];
  };
  for (int i = 0; i < bones; ++i) {
    const auto bone = static_cast<std::size_t>(i);
    const Matrix relative =
        product(affine_of(m.base_relatives, bone), product(about_z(angle(i, 1)), about_x(angle(i, 0))));
    absolutes.push_back(m.parents[bone] < 0 ? relative
                                            : product(absolutes[static_cast<std::size_t>(m.parents[bone])], relative));
    transforms.push_back(product(absolutes.back(), affine_of(m.inverse_base_absolutes, bone)));
  }
  const Matrix global = global_rotation({v[0], v[1], v[2]});
  std::vector<Reals> vertices;
  for (std::size_t vertex = 0; vertex < static_cast<std::size_t>(m.vertices); ++vertex) {
    Matrix place(3, Reals(1));
    for (std::size_t bone = 0; bone < bones; ++bone)
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 4; ++j)
          place[i][0] += m.weights[vertex * bones + bone] * transforms[bone][i][j] * m.base_positions[4 * vertex + j];
    if (m.mirrored) place[0][0] = -place[0][0];
    place = product(global, place);
    vertices.push_back({place[0][0] + v[3], place[1][0] + v[4], place[2][0] + v[5]});
  }
  Reals errors;
  for (std::size_t p = 0; p < static_cast<std::size_t>(m.points); ++p) {
    for (std::size_t i = 0; i < 3; ++i) {
      const auto corner = [&](std::size_t k) {
        return vertices[static_cast<std::size_t>(m.triangles[m.simple ? p : 3 * p + k])][i];
      };
      if (m.simple) {
        errors.push_back(m.measured[3 * p + i] - corner(0));
        continue;
      }
      const Real &a = v[thetas + 2 * p], &b = v[thetas + 2 * p + 1];
      errors.push_back(m.measured[3 * p + i] - (a * corner(0) + b * corner(1) + (1 - a - b) * corner(2)));
    }
  }
  return errors;
}

// --- As an expression. ---

/// Rotations of all bones, about x and then about z: [bones, 4, 4].
Expr rotations(Graph& g, const Expr& theta) {
  const auto angles = [&](int axis, const std::string& name) {
    std::vector<std::int32_t> which;
    for (int i = 0; i < bones; ++i) which.push_back(angle_of(i, axis) < 0 ? thetas : angle_of(i, axis));
    return gather(pad(theta, {0}, {1}), g.constant(name, Tensor(which)));
  };
  const Expr x = angles(0, "about x"), z = angles(1, "about z"), o = broadcast_to(g.constant(0.0), {bones}),
             i = o + 1.0;
  const Expr cx = cos(x), sx = sin(x), cz = cos(z), sz = sin(z);
  return reshape(stack({cz, -sz * cx, sz * sx, o, sz, cz * cx, -cz * sx, o, o, sx, cx, o, o, o, o, i}, 1),
                 {bones, 4, 4});
}

Expr rotation(const Expr& v) {
  const Expr square = sum(v * v), none = square < 1e-8, norm = sqrt(where(none, 1.0, square));
  const Expr x = at(v, 0) / norm, y = at(v, 1) / norm, z = at(v, 2) / norm, c = cos(norm), s = sin(norm),
             rest = 1.0 - c;
  const auto entry = [&](const Expr& e, bool diagonal) { return where(none, diagonal ? 1.0 : 0.0, e); };
  const std::vector<Expr> entries{
      entry(x * x * rest + c, true),      entry(x * y * rest - z * s, false), entry(x * z * rest + y * s, false),
      entry(x * y * rest + z * s, false), entry(y * y * rest + c, true),      entry(y * z * rest - x * s, false),
      entry(x * z * rest - y * s, false), entry(y * z * rest + x * s, false), entry(z * z * rest + c, true)};
  return reshape(stack(entries), {3, 3});
}

/// [3, vertices]
Expr skin(Graph& g, const Expr& theta, const Model& m) {
  const auto constant = [&](const std::string& name, const Doubles& list, const Shape& shape) {
    return g.constant(name, Tensor(list, shape));
  };
  const Expr relatives = matmul(constant("base_relatives", m.base_relatives, {bones, 4, 4}), rotations(g, theta));
  std::vector<Expr> absolutes;
  for (int i = 0; i < bones; ++i) {
    const int parent = m.parents[static_cast<std::size_t>(i)];
    absolutes.push_back(parent < 0 ? at(relatives, i)
                                   : matmul(absolutes[static_cast<std::size_t>(parent)], at(relatives, i)));
  }
  const Expr transforms =
      matmul(stack(absolutes), constant("inverse_base_absolutes", m.inverse_base_absolutes, {bones, 4, 4}));
  Expr vertices = einsum("bij,vj,vb->iv", slice(transforms, 0, 3, 1, 1),
                         constant("base_positions", m.base_positions, {m.vertices, 4}),
                         constant("weights", m.weights, {m.vertices, bones}));
  if (m.mirrored) vertices = vertices * g.constant("mirror", Tensor(Doubles{-1, 1, 1}, {3, 1}));
  return matmul(rotation(slice(theta, 0, 3)), vertices) + expand_dims(slice(theta, 3, 6), 1);
}

/// [points, 3]; `place` is [points, 2].
Expr objective(Graph& g, const Expr& theta, const Expr& place, const Model& m) {
  const Expr vertices = transpose(skin(g, theta, m)),
             measured = g.constant("measured", Tensor(m.measured, {m.points, 3}));
  if (m.simple) return measured - gather(vertices, g.constant("correspondences", Tensor(m.triangles)));
  const Expr corners = gather(vertices, g.constant("triangles", Tensor(m.triangles, {m.points, 3})));  // [points, 3, 3]
  const Expr within = concat({place, 1.0 - sum(place, 1, true)}, 1);
  return measured - einsum("pk,pki->pi", within, corners);
}

TEST(Problems, Ht) {
  for (const bool simple : {false, true}) {
    for (const bool turned : {true, false}) {
      SCOPED_TRACE(std::string(simple ? "simple" : "complicated") + (turned ? "" : ", not turned"));
      const Model m = model(simple, !turned);
      Doubles ts = uniform(thetas, 56, -1, 1);
      if (!turned) ts[0] = ts[1] = ts[2] = 0;
      const Doubles us = uniform(static_cast<std::size_t>(2 * m.points), 57);
      Graph g{f64};
      const Expr theta = g.input("theta", {thetas}), place = g.input("place", {m.points, 2});
      const Expr errors = objective(g, theta, place, m);
      std::vector<Expr> columns{reshape(jacobian(errors, theta, Mode::forward), {3 * m.points, thetas})};
      if (!simple)
        for (int i : {1, 0})
          columns.insert(
              columns.begin(),
              reshape(jvp(errors, place, one_hot(broadcast_to(g.constant(i, i32), {m.points}), 2)), {3 * m.points, 1}));
      const auto got = run({theta, place}, {errors, concat(columns, 1)}, {Tensor(ts), Tensor(us, {m.points, 2})});
      Reals v = reals(ts);
      if (!simple) v.insert(v.end(), us.begin(), us.end());
      const auto f = [&](const Reals& x) { return reference(x, m); };
      const Reals full = jacobian_of(f, v);
      Reals want;
      for (std::size_t row = 0; row < static_cast<std::size_t>(3 * m.points); ++row) {
        const Real* from = &full[row * v.size()];
        if (!simple) want.insert(want.end(), from + thetas + row / 3 * 2, from + thetas + row / 3 * 2 + 2);
        want.insert(want.end(), from, from + thetas);
      }
      expect_close("objective", got[0], f(v));
      expect_close("jacobian", got[1], want);
    }
  }
}

}  // namespace
}  // namespace actinium::problems
