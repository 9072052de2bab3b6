// Sparse Jacobians: the matrix that the three arrays describe against the dense Jacobian, entry by entry; the pattern;
// misuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "actinium/actinium.h"
#include "graph/graph.hpp"

namespace actinium {
namespace {

template <class T>
struct Camera {
  BOOST_HANA_DEFINE_STRUCT(Camera, (T, rotation), (T, focal));
};

Expr at(const Expr& x, int i) { return squeeze(slice(x, i, i + 1)); }

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

/// So many doubles without a pattern.
std::vector<double> numbers(std::size_t count, double phase = 0) {
  std::vector<double> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(1.3 * std::sin(1.7 * static_cast<double>(i) + phase) + 0.2);
  return list;
}

std::vector<std::int64_t> integers(const Tensor& t) {
  std::vector<std::int64_t> list;
  for (std::int64_t i = 0; i < t.size(); ++i)
    list.push_back(t.dtype() == i32 ? t.span<std::int32_t>()[static_cast<std::size_t>(i)]
                                    : t.span<std::int64_t>()[static_cast<std::size_t>(i)]);
  return list;
}

/// A function of the array inputs and the integer inputs, and what feeds them.
struct Problem {
  std::vector<Expr> arrays;
  std::vector<Feed> feeds;
};

/// The matrix as it is described, entries of one place added up. Checks that the description is one.
template <class J>
std::vector<double> dense(const J& j, const Problem& p, std::int64_t rows, std::int64_t columns) {
  std::vector<Expr> inputs;
  std::vector<ArrayRef> data;
  for (const Feed& f : p.feeds) inputs.push_back(f.input), data.push_back(f.array);
  const std::vector<Tensor> got = compile(inputs, std::vector<Expr>{j.values, j.columns, j.row_pointers})(data);
  const auto column = integers(got[1]), pointers = integers(got[2]);
  const auto values = got[0].template span<double>();
  EXPECT_EQ(static_cast<std::int64_t>(pointers.size()), rows + 1);
  EXPECT_EQ(pointers.front(), 0);
  EXPECT_EQ(pointers.back(), got[0].size());
  EXPECT_EQ(column.size(), values.size());
  std::vector<double> matrix(static_cast<std::size_t>(rows * columns), 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    EXPECT_LE(pointers[static_cast<std::size_t>(r)], pointers[static_cast<std::size_t>(r) + 1]);
    for (auto k = static_cast<std::size_t>(pointers[static_cast<std::size_t>(r)]);
         k < static_cast<std::size_t>(pointers[static_cast<std::size_t>(r) + 1]); ++k) {
      EXPECT_GE(column[k], 0);
      EXPECT_LT(column[k], columns);
      matrix[static_cast<std::size_t>(r * columns + column[k])] += values[k];
    }
  }
  return matrix;
}

/// `rows` by the elements of p.arrays, by the dense Jacobian of each result.
template <class J>
void expect_dense(const J& j, const std::vector<Expr>& results, const Problem& p, std::int64_t rows,
                  std::int64_t columns) {
  const std::vector<double> got = dense(j, p, rows, columns);
  std::vector<double> want;
  std::vector<Expr> inputs;
  std::vector<ArrayRef> data;
  for (const Feed& f : p.feeds) inputs.push_back(f.input), data.push_back(f.array);
  for (const Expr& y : results) {
    std::vector<Expr> blocks;
    for (const Expr& x : p.arrays)
      blocks.push_back(reshape(jacobian(flatten(y), x, Mode::reverse), {y.shape().size(), x.shape().size()}));
    const Tensor t = compile(inputs, {concat(blocks, 1)})(data);
    want.insert(want.end(), t.span<double>().begin(), t.span<double>().end());
  }
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], want[i], 1e-13 * std::max(1.0, std::abs(want[i])))
        << "row " << i / static_cast<std::size_t>(columns) << " column " << i % static_cast<std::size_t>(columns);
}

/// Observations of points by cameras, as in bundle adjustment: two results, one of which depends on one argument alone.
TEST(SparseJacobian, OfObservationsAgainstTheDenseOne) {
  for (const Mode mode : {Mode::automatic, Mode::forward, Mode::reverse}) {
    Graph g{f64};
    const Expr cameras = g.input("cameras", {"n", 4}), points = g.input("points", {"m", 3}),
               weights = g.input("weights", {"p"});
    const Expr seen = g.input("seen", {"p", 2}), camera = g.input("camera", {"p"}, i32),
               point = g.input("point", {"p"}, i64);
    const auto f = [](const Expr& c, const Expr& x, const Expr& w, const Expr& see) {
      const Expr depth = at(x, 2) * at(c, 2) + 3.0;
      const Expr u = at(c, 3) * (at(x, 0) + sin(at(c, 0))) / depth, v = at(c, 3) * (at(x, 1) * at(c, 1)) / depth;
      return std::pair{w * (stack({u, v}) - see), 1.0 - w * w};
    };
    const auto j =
        sparse_jacobian(f, {.mode = mode})(rows(cameras, camera), rows(points, point), weights, stop_gradient(seen));
    EXPECT_EQ(j.values.shape().str(), "[17*p]");
    EXPECT_EQ(j.shape.str(), "[3*p, 3*m + 4*n + p]");
    const auto [errors, regular] = vmap(f)(gather(cameras, camera), gather(points, point), weights, seen);
    const std::vector<double> cs = numbers(8), ps = numbers(9, 1), ws = numbers(5, 2), ss = numbers(10, 3);
    const std::vector<std::int32_t> which_camera{0, 1, 0, -1, 1};
    const std::vector<std::int64_t> which_point{2, 2, 0, 1, 2};
    const Problem p{
        {cameras, points, weights},
        {{cameras, cs}, {points, ps}, {weights, ws}, {seen, ss}, {camera, which_camera}, {point, which_point}}};
    expect_dense(j, {errors, regular}, p, 15, 22);
    // Value beside derivative: what vmap gives, to the bit.
    const auto want = compile({cameras, points, weights, seen, camera, point}, {errors, regular})(
        cs, ps, ws, ss, which_camera, which_point);
    const auto got = compile({cameras, points, weights, seen, camera, point}, {j.value.first, j.value.second})(
        cs, ps, ws, ss, which_camera, which_point);
    EXPECT_EQ(got[0], want[0]);
    EXPECT_EQ(got[1], want[1]);
    // The arrays themselves, as a reader of CSR expects them.
    const auto pattern = compile({cameras, points, weights, camera, point}, {j.columns, j.row_pointers})(
        cs, ps, ws, which_camera, which_point);
    const std::vector<std::int64_t> columns = integers(pattern[0]), first{0, 1, 2, 3, 14, 15, 16, 17};
    EXPECT_TRUE(std::equal(first.begin(), first.end(), columns.begin()));
    EXPECT_TRUE(std::equal(first.begin(), first.end(), columns.begin() + 8));
    EXPECT_EQ(std::vector<std::int64_t>(columns.end() - 5, columns.end()),
              (std::vector<std::int64_t>{17, 18, 19, 20, 21}));
    EXPECT_EQ(integers(pattern[1]),
              (std::vector<std::int64_t>{0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 81, 82, 83, 84, 85}));
    EXPECT_EQ(pattern[0].dtype(), i32);
  }
}

/// Both ends of a spring are rows of one array, and may be the same.
TEST(SparseJacobian, RowsOfOneArrayTwice) {
  Graph g{f64};
  const Expr nodes = g.input("nodes", {4, 2}), from = g.input("from", {3}, i32), to = g.input("to", {3}, i32),
             k = g.input("k", {2});
  const auto force = [](const Expr& a, const Expr& b, const Expr& stiffness) {
    return stiffness * (a - b) * exp(sum(a * b));
  };
  const auto j = sparse_jacobian(force, {.index = i64})(rows(nodes, from), rows(nodes, to), shared(k));
  EXPECT_EQ(j.shape.str(), "[6, 10]");
  EXPECT_EQ(j.columns.dtype(), i64);
  const std::vector<double> xs = numbers(8), ks{1.5, -0.5};
  const std::vector<std::int32_t> is{3, 0, 2}, js{1, 2, 2};
  const Expr y = vmap(force, {{0, 0, std::nullopt}})(gather(nodes, from), gather(nodes, to), k);
  expect_dense(j, {y}, {{nodes, k}, {{nodes, xs}, {from, is}, {to, js}, {k, ks}}}, 6, 10);
}

/// The row that is read is the nearest one, and that is where the entry stands.
TEST(SparseJacobian, OfRowsBeyondTheEnds) {
  Graph g{f64};
  const Expr x = g.input("x", {3, 2}), given = g.input("given", {4}, i64), which = given * 2 - 1;
  const auto f = [](const Expr& v) { return sin(v) * sum(v); };
  const auto j = sparse_jacobian(f)(rows(x, which));
  const std::vector<double> xs = numbers(6);
  const std::vector<std::int64_t> numbers_given{4, -4, -1, 2};  // 7, -9, -3, 3
  expect_dense(j, {vmap(f)(gather(x, which))}, {{x}, {{x, xs}, {given, numbers_given}}}, 8, 6);
  const Tensor columns = eval(j.columns, {{x, xs}, {given, numbers_given}});
  EXPECT_EQ(integers(columns), (std::vector<std::int64_t>{4, 5, 4, 5, 0, 1, 0, 1, 0, 1, 0, 1, 4, 5, 4, 5}));
}

TEST(SparseJacobian, OfStructsByRow) {
  Graph g{f64};
  const Camera<Expr> cameras{g.input("rotation", {3, 2, 2}), g.input("focal", {3})};
  const Expr which = g.input("which", {4}, i32);
  const auto f = [](const Camera<Expr>& c) {
    return std::vector<Expr>{matmul(c.rotation, c.rotation) * c.focal, square(c.focal)};
  };
  const auto j = sparse_jacobian(f)(rows(cameras, which));
  const std::vector<double> rs = numbers(12), fs = numbers(3, 1);
  const std::vector<std::int32_t> ws{2, 0, 0, 1};
  const auto y = vmap(f)(Camera<Expr>{gather(cameras.rotation, which), gather(cameras.focal, which)});
  EXPECT_EQ(j.values.shape().str(), "[84]");
  expect_dense(j, y, {{cameras.rotation, cameras.focal}, {{cameras.rotation, rs}, {cameras.focal, fs}, {which, ws}}},
               20, 15);
}

/// Too large for one sweep after the other: a batch of directions.
TEST(SparseJacobian, OfLargeBlocks) {
  for (const Mode mode : {Mode::automatic, Mode::forward, Mode::reverse}) {
    Graph g{f64};
    const Expr x = g.input("x", {2, 70}), s = g.input("s", {"k"}), m = g.input("m", {40, 70});
    const auto f = [](const Expr& v, const Expr& all, const Expr& matrix) {
      return tanh(matmul(matrix, v)) * sum(all);
    };
    const auto j = sparse_jacobian(f, {.mode = mode})(x, shared(s), shared(stop_gradient(m)));
    EXPECT_EQ(j.values.shape().str(), "[80*k + 5600]");
    const std::vector<double> xs = numbers(140), ss = numbers(3, 1), ms = numbers(2800, 2);
    const Expr y = vmap(f, {{0, std::nullopt, std::nullopt}})(x, s, m);
    expect_dense(j, {y}, {{x, s}, {{x, xs}, {s, ss}, {m, ms}}}, 80, 143);
  }
}

TEST(SparseJacobian, OfNoExamplesAndOfConstants) {
  Graph g{f64};
  const Expr x = g.input("x", {"n", 2}), i = g.input("i", {"p"}, i32);
  const auto j = sparse_jacobian([](const Expr& v) { return v * 2.0; })(rows(x, i));
  const std::vector<double> xs{1, 2};
  const Tensor none = Tensor(std::vector<std::int32_t>{}, {0});
  const auto got = compile({x, i}, {j.values, j.columns, j.row_pointers})(Tensor(xs, {1, 2}), none);
  EXPECT_EQ(got[0].size(), 0);
  EXPECT_EQ(got[1].size(), 0);
  EXPECT_EQ(integers(got[2]), (std::vector<std::int64_t>{0}));
  // A row with no entries is a row.
  const auto c = sparse_jacobian([](const Expr& v) { return std::pair{floor(at(v, 0)), Expr(2.5)}; })(x);
  EXPECT_EQ(c.values.shape().str(), "[0]");
  const auto rest = compile({x}, {c.columns, c.row_pointers, c.value.second})(Tensor(xs, {1, 2}));
  EXPECT_EQ(rest[0].size(), 0);
  EXPECT_EQ(integers(rest[1]), (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_EQ(rest[2], Tensor(std::vector<double>{2.5}, {1}));
}

/// Where the branch not taken divides by zero, there is no NaN; what an element does not depend on gives exact zeros.
TEST(SparseJacobian, StaysFiniteBesideABranchNotTaken) {
  Graph g{f64};
  const Expr x = g.input("x", {3, 2});
  const auto f = [](const Expr& v) {
    return stack({where(at(v, 0) == 0.0, at(v, 1), sqrt(at(v, 0)) / at(v, 0)), at(v, 1) * log(at(v, 1))});
  };
  for (const Mode mode : {Mode::forward, Mode::reverse}) {
    const auto j = sparse_jacobian(f, {.mode = mode})(x);
    const Tensor t = eval(j.values, {{x, std::vector<double>{0, 1, 4, 1, 0, 2}}});
    const std::vector<double> got(t.span<double>().begin(), t.span<double>().end()),
        want{0, 1, 0, 1, -0.0625, 0, 0, 1, 0, 1, 0, std::log(2.0) + 1};
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_DOUBLE_EQ(got[i], want[i]) << i;
  }
}

TEST(SparseJacobian, GrowsWithTheFunctionAndNotWithTheExamples) {
  const auto nodes = [](const Dim& examples) {
    Graph g{f64};
    const Expr x = g.input("x", {examples, 3});
    const auto j = sparse_jacobian([](const Expr& v) { return stack({at(v, 0) * at(v, 1), sin(at(v, 2))}); })(x);
    const std::vector<char> needed = reachable(*g.data(), std::array{j.values.id()});
    return std::count(needed.begin(), needed.end(), 1);
  };
  EXPECT_EQ(nodes(10), nodes(100000));
  EXPECT_LT(nodes(10), 40);
}

// --- Of expressions: the pattern comes from the graph. ---

struct Structured {
  std::string name;
  std::function<Expr(const Expr&)> f;
  std::int64_t entries;  ///< of a matrix of 12 columns
};

class SparseExpression : public testing::TestWithParam<Structured> {};

/// Exactly the entries that can be other than zero, in order, with the values of the dense Jacobian.
TEST_P(SparseExpression, IsTheDenseJacobian) {
  for (const Mode mode : {Mode::automatic, Mode::forward, Mode::reverse}) {
    Graph g{f64};
    const Expr x = g.input("x", {3, 4}), y = GetParam().f(x);
    const auto j = sparse_jacobian(y, x, {.mode = mode});
    EXPECT_EQ(j.values.shape().str(), "[" + std::to_string(GetParam().entries) + "]");
    const std::vector<double> xs = numbers(12);
    const Problem p{{x}, {{x, xs}}};
    expect_dense(j, {y}, p, y.shape().size().constant(), 12);
    const auto columns = integers(eval(j.columns)), pointers = integers(eval(j.row_pointers));
    for (std::size_t r = 0; r + 1 < pointers.size(); ++r)
      for (auto k = pointers[r] + 1; k < pointers[r + 1]; ++k) EXPECT_LT(columns[static_cast<std::size_t>(k) - 1], columns[static_cast<std::size_t>(k)]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, SparseExpression,
    testing::Values(
        Structured{"elementwise", [](const Expr& x) { return sin(x) * x; }, 12},
        Structured{"neighbours", [](const Expr& x) { return square(slice(x, 1, 3)) - slice(x, 0, 2) * 2.0; }, 16},
        Structured{"padded", [](const Expr& x) { return x * pad(slice(x, 0, -1, 1, 1), {0, 1}, {0, 0}, 1.0); }, 21},
        Structured{"rows", [](const Expr& x) { return x * sum(x, 1, true); }, 48},
        Structured{"columns", [](const Expr& x) { return prod(x, 0); }, 12},
        Structured{"all", [](const Expr& x) { return sum(x * x); }, 12},
        Structured{"product", [](const Expr& x) { return matmul(x, x.T()); }, 60},
        Structured{"product_by_a_constant", [](const Expr& x) { return matmul(x, Graph(x.graph()).iota({4, 2})); }, 24},
        Structured{"running_sums", [](const Expr& x) { return cumsum(x, 1) * cumsum(x, 0, true); }, 42},
        Structured{"sorted", [](const Expr& x) { return sort(x, 1); }, 48},
        Structured{"turned", [](const Expr& x) { return flip(x.T(), 0) * reshape(x, {4, 3}); }, 24},
        Structured{"joined", [](const Expr& x) { return concat({x, square(slice(x, 0, 1)), Graph(x.graph()).iota({1, 4})}, 0); }, 16},
        Structured{"gathered", [](const Expr& x) { return gather(x, Graph(x.graph()).constant("i", Tensor{2, 2, -1}), 1) * 3.0; }, 9},
        Structured{"scattered", [](const Expr& x) { return scatter_add(sin(x), Graph(x.graph()).constant("i", Tensor{1, 1, 0}), x, 0); }, 20},
        Structured{"branches", [](const Expr& x) { return where(x > 0.1, square(x), flip(x, 1)); }, 24},
        Structured{"softmax", [](const Expr& x) { return softmax(slice(x, 0, 1)); }, 16},
        Structured{"nothing", [](const Expr& x) { return floor(x); }, 0}),
    [](const auto& i) { return i.param.name; });

/// A tridiagonal matrix takes three sweeps, whatever its size.
TEST(SparseExpressions, ABandTakesAsManySweepsAsItIsWide) {
  const auto compile_of = [](std::int64_t n) {
    Graph g{f64};
    const Expr u = g.input("u", {n}), inner = slice(u, 1, -1);
    const Expr residual = slice(u, 2) - 2.0 * inner + slice(u, 0, -2) + exp(inner);
    const auto j = sparse_jacobian(residual, u);
    EXPECT_EQ(j.values.shape().size().constant(), 3 * (n - 2));
    return compile(u, {j.values}, {.engine = Engine::interpret}).stats({});
  };
  EXPECT_EQ(compile_of(50).nodes, compile_of(1000).nodes);
  EXPECT_LT(compile_of(1000).workspace, 40u * 1000 * sizeof(double));
}

TEST(SparseExpressions, Misuse) {
  Graph g{f64};
  const Expr x = g.input("x", {"n", 2}), i = g.input("i", {3}, i32);
  EXPECT_NE(message([&] { sparse_jacobian(sin(x), x); }).find("[sparse_jacobian] the pattern of an expression needs sizes that are known when it is built: x [n, 2]"), std::string::npos)
      << message([&] { sparse_jacobian(sin(x), x); });
  EXPECT_NE(message([&] { sparse_jacobian(i * 2, i); }).find("[sparse_jacobian]"), std::string::npos);
}

TEST(SparseJacobian, Misuse) {
  Graph g{f64};
  const Expr x = g.input("x", {3, 2}), y = g.input("y", {4, 2}), s = g.input("s", {}), i = g.input("i", {3}, i32),
             table = g.input("table", {3, 1}, i32);
  const auto add = [](const Expr& a, const Expr& b) { return a + b; };
  const auto same = [](const Expr& a) { return a; };
  const auto says = [](const std::string& text, auto&& f) {
    EXPECT_NE(message(f).find(text), std::string::npos) << message(f);
  };
  says("[sparse_jacobian] numbers of examples differ: x [3, 2] has 3, y [4, 2] has 4",
       [&] { sparse_jacobian(add)(x, y); });
  says("numbers of examples differ: i [3] has 3, y [4, 2] has 4", [&] { sparse_jacobian(add)(rows(x, i), y); });
  says("no argument runs over examples: jacobian is meant", [&] { sparse_jacobian(same)(shared(x)); });
  says("s [] is a scalar: it has no row for each example; write shared(...)", [&] { sparse_jacobian(add)(x, s); });
  says("rows of x [3, 2] are chosen by i32 or i64, y [4, 2] is f64", [&] { sparse_jacobian(same)(rows(x, y)); });
  says("one index an example is expected, [n]: table [3, 1] chooses rows of x [3, 2]",
       [&] { sparse_jacobian(same)(rows(x, table)); });
  says("which is no float", [&] { sparse_jacobian([](const Expr& a) { return a > 0.0; })(x); });
  says("columns are i32 or i64, not f32", [&] { sparse_jacobian(same, {.index = f32})(x); });
  const Expr large = g.input("large", {60000, 60000});
  says("3600000000 columns are too many for i32: take .index = i64",
       [&] { sparse_jacobian([](const Expr& a) { return sum(a); })(large); });
  Graph other{f64};
  const Expr z = other.input("z", {3, 2});
  says("are of two graphs", [&] { sparse_jacobian(add)(x, z); });
  Expr kept;
  sparse_jacobian([&](const Expr& a) { return kept = exp(a); })(x);
  says("kept outside the function", [&] { compile({x}, {kept}); });
}

}  // namespace
}  // namespace actinium
