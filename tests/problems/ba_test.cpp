// ba: bundle adjustment: errors of reprojection, and their sparse Jacobian in CSR.
#include <gtest/gtest.h>

#include <array>

#include "problems/real.hpp"

namespace actinium::problems {
namespace {

// --- Scalar by scalar. ---

Reals rotated(const Real* r, const Reals& y) {
  const Real square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
  const auto cross = [&](const Reals& a) {
    return Reals{a[1] * y[2] - a[2] * y[1], a[2] * y[0] - a[0] * y[2], a[0] * y[1] - a[1] * y[0]};
  };
  Reals result;
  if (square == 0) {
    const Reals turn = cross({r[0], r[1], r[2]});
    for (std::size_t i = 0; i < 3; ++i) result.push_back(y[i] + turn[i]);
    return result;
  }
  const Real angle = sqrt(square);
  const Reals w{r[0] / angle, r[1] / angle, r[2] / angle}, turn = cross(w);
  const Real along = (w[0] * y[0] + w[1] * y[1] + w[2] * y[2]) * (1 - cos(angle));
  for (std::size_t i = 0; i < 3; ++i) result.push_back(y[i] * cos(angle) + turn[i] * sin(angle) + w[i] * along);
  return result;
}

/// v: camera (11), point (3), weight.
Reals reference(const Reals& v, const Reals& feature) {
  const Real* camera = v.data();
  Reals from_centre;
  for (std::size_t i = 0; i < 3; ++i) from_centre.push_back(v[11 + i] - camera[3 + i]);
  const Reals y = rotated(camera, from_centre);
  const Real a = y[0] / y[2], b = y[1] / y[2], square = a * a + b * b;
  const Real distorted = 1 + camera[9] * square + camera[10] * square * square;
  return {v[14] * (a * distorted * camera[6] + camera[7] - feature[0]),
          v[14] * (b * distorted * camera[6] + camera[8] - feature[1]), 1 - v[14] * v[14]};
}

// --- As an expression. ---

using Vector = std::array<Expr, 3>;

Vector elements(const Expr& x, int first) { return {at(x, first), at(x, first + 1), at(x, first + 2)}; }
Expr dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// Rodrigues' formula; for no rotation, what it tends to.
Vector rotated(const Vector& r, const Vector& y) {
  const Expr square = dot(r, r), none = square == 0.0, angle = sqrt(where(none, 1.0, square));
  const Expr c = cos(angle), s = sin(angle);
  const Vector w{r[0] / angle, r[1] / angle, r[2] / angle}, turn = cross(w, y), small = cross(r, y);
  const Expr along = dot(w, y) * (1.0 - c);
  Vector result;
  for (std::size_t i = 0; i < 3; ++i) result[i] = where(none, y[i] + small[i], y[i] * c + turn[i] * s + w[i] * along);
  return result;
}

std::pair<Expr, Expr> residual(const Expr& camera, const Expr& point, const Expr& weight, const Expr& feature) {
  const Vector centre = elements(camera, 3), x = elements(point, 0);
  const Vector y = rotated(elements(camera, 0), {x[0] - centre[0], x[1] - centre[1], x[2] - centre[2]});
  const Expr a = y[0] / y[2], b = y[1] / y[2], square = a * a + b * b;
  const Expr distorted = 1.0 + at(camera, 9) * square + at(camera, 10) * square * square, focal = at(camera, 6);
  const auto error = [&](const Expr& e, int i) {
    return weight * (e * distorted * focal + at(camera, 7 + i) - at(feature, i));
  };
  return {stack({error(a, 0), error(b, 1)}), 1.0 - weight * weight};
}

struct Data {
  std::int64_t n, m, p;
  Doubles cameras, points, weights, features;
};

Data data() {
  Data d{2, 3, 5, {}, {}, {}, {}};
  d.cameras = uniform(22, 31, 0.1, 1);
  for (std::size_t i : {11u, 12u, 13u}) d.cameras[i] = 0;  // the second camera is not rotated
  d.points = uniform(9, 32, 2, 3);
  d.weights = uniform(5, 33, 0.5, 1);
  d.features = uniform(10, 34);
  return d;
}

/// Rows, columns and values as the problem asks for them, observation by observation.
struct Matrix {
  std::vector<std::int32_t> rows{0}, columns;
  Reals values;
};

Matrix expected(const Data& d, Reals& errors, Reals& regular) {
  Matrix matrix;
  std::vector<std::int32_t> last_columns;
  Reals last_values;
  for (std::int64_t i = 0; i < d.p; ++i) {
    const std::int64_t c = i % d.n, t = i % d.m;
    Doubles v(d.cameras.begin() + 11 * c, d.cameras.begin() + 11 * (c + 1));
    v.insert(v.end(), d.points.begin() + 3 * t, d.points.begin() + 3 * (t + 1));
    v.push_back(d.weights[static_cast<std::size_t>(i)]);
    const Doubles seen(d.features.begin() + 2 * i, d.features.begin() + 2 * (i + 1));
    const auto f = [&](const Reals& at) { return reference(at, reals(seen)); };
    const Reals value = f(reals(v)), slopes = jacobian_of(f, reals(v));
    errors.insert(errors.end(), value.begin(), value.begin() + 2);
    regular.push_back(value[2]);
    for (std::int64_t row = 0; row < 2; ++row) {
      for (std::int64_t j = 0; j < 11; ++j) matrix.columns.push_back(static_cast<std::int32_t>(11 * c + j));
      for (std::int64_t j = 0; j < 3; ++j) matrix.columns.push_back(static_cast<std::int32_t>(11 * d.n + 3 * t + j));
      matrix.columns.push_back(static_cast<std::int32_t>(11 * d.n + 3 * d.m + i));
      matrix.rows.push_back(static_cast<std::int32_t>(matrix.columns.size()));
    }
    matrix.values.insert(matrix.values.end(), slopes.begin(), slopes.begin() + 30);
    last_columns.push_back(static_cast<std::int32_t>(11 * d.n + 3 * d.m + i));
    last_values.push_back(slopes.back());
  }
  for (std::size_t i = 0; i < last_columns.size(); ++i) {
    matrix.columns.push_back(last_columns[i]);
    matrix.values.push_back(last_values[i]);
    matrix.rows.push_back(static_cast<std::int32_t>(matrix.columns.size()));
  }
  return matrix;
}

TEST(Problems, Ba) {
  const Data d = data();
  Graph g{f64};
  const Expr cameras = g.input("cameras", {"n", 11}), points = g.input("points", {"m", 3}),
             weights = g.input("weights", {"p"});
  const Expr features = g.input("features", {"p", 2}), camera = g.input("camera", {"p"}, i32),
             point = g.input("point", {"p"}, i32);
  const auto J =
      sparse_jacobian(residual)(rows(cameras, camera), rows(points, point), weights, stop_gradient(features));
  std::vector<std::int32_t> camera_of, point_of;
  for (std::int64_t i = 0; i < d.p; ++i)
    camera_of.push_back(static_cast<std::int32_t>(i % d.n)), point_of.push_back(static_cast<std::int32_t>(i % d.m));
  const auto got = run({cameras, points, weights, features, camera, point},
                       {J.value.first, J.value.second, J.values, J.columns, J.row_pointers},
                       {Tensor(d.cameras, {d.n, 11}), Tensor(d.points, {d.m, 3}), Tensor(d.weights),
                        Tensor(d.features, {d.p, 2}), Tensor(camera_of), Tensor(point_of)});
  Reals errors, regular;
  const Matrix want = expected(d, errors, regular);
  expect_close("reprojection errors", got[0], errors);
  expect_close("weight errors", got[1], regular);
  expect_close("values", got[2], want.values);
  EXPECT_EQ(got[3], Tensor(want.columns));
  EXPECT_EQ(got[4], Tensor(want.rows));
}

}  // namespace
}  // namespace actinium::problems
