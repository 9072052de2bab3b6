// One answer: a row alone and in a batch, one thread and two, vectors of 128, 256 and 512 bits, strided and contiguous arguments.
#include <gtest/gtest.h>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

ac::Expr network(const ac::Expr& x, const ac::Expr& w1, const ac::Expr& w2, const ac::Expr& b) {
  return log_softmax(matmul(gelu(matmul(x, w1) + b), w2));
}

struct Network {
  explicit Network(ac::DType dtype, std::int64_t in = 37, std::int64_t hidden = 301, std::int64_t out = 19)
      : g(dtype), x(g.input("x", {"batch", in})), w1(g.input("w1", {in, hidden})), w2(g.input("w2", {hidden, out})), b(g.input("b", {hidden})),
        w1s(ac::random_normal(1, {in, hidden}, 0, 0.2, dtype)), w2s(ac::random_normal(2, {hidden, out}, 0, 0.2, dtype)),
        bs(ac::random_normal(3, {hidden}, 0, 1, dtype)), y(network(x, w1, w2, b)) {}
  ac::Graph g;
  ac::Expr x, w1, w2, b;
  ac::Tensor w1s, w2s, bs;
  ac::Expr y;
};

class OneAnswer : public testing::TestWithParam<ac::DType> {};

TEST_P(OneAnswer, ARowAloneAndTheSameRowInABatch) {
  const Network n(GetParam());
  const auto f = ac::compile({n.x, n.w1, n.w2, n.b}, n.y);
  const std::int64_t batch = 67;
  const ac::Tensor xs = ac::random_normal(4, {batch, 37}, 0, 2, GetParam());
  const ac::Tensor all = f(xs, n.w1s, n.w2s, n.bs);
  for (std::int64_t i = 0; i < batch; ++i) {
    const ac::Tensor row = f(xs[i].reshape(std::vector<std::int64_t>{1, 37}), n.w1s, n.w2s, n.bs);
    ASSERT_TRUE(ac::same_bits(row[0], all[i])) << "row " << i;
  }
}

TEST_P(OneAnswer, AnEmptyBatch) {
  const Network n(GetParam());
  const auto [y, dw] = ac::compile({n.x, n.w1, n.w2, n.b}, {n.y, ac::grad(sum(n.y), n.w1)})(ac::Tensor::zeros({0, 37}, GetParam()), n.w1s, n.w2s, n.bs);
  EXPECT_EQ(y.extent(0), 0);
  EXPECT_TRUE(ac::same_bits(dw, ac::Tensor::zeros({37, 301}, GetParam())));
}

TEST_P(OneAnswer, OneThreadAndTwoOnLargeWork) {
  const Network n(GetParam(), 129, 700, 131);
  const ac::Tensor xs = ac::random_normal(4, {1037, 129}, 0, 2, GetParam());
  const auto gradients = ac::grad(mean(n.y * n.y), std::vector<ac::Expr>{n.w1, n.w2, n.b});
  std::vector<ac::Expr> outputs{n.y, sum(n.x), sum(n.x, 0), reduce_max(n.x, 1)};
  outputs.insert(outputs.end(), gradients.begin(), gradients.end());
  const std::vector<ac::Expr> inputs{n.x, n.w1, n.w2, n.b};
  const std::vector<ac::Tensor> arguments{xs, n.w1s, n.w2s, n.bs};
  const auto reference = ac::compile(inputs, outputs, {.threads = 1})(arguments);
  for (int threads : {2, 3}) {
    const auto results = ac::compile(inputs, outputs, {.threads = threads})(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(ac::same_bits(reference[i], results[i])) << threads << " threads, output " << i;
  }
}

TEST_P(OneAnswer, TheInterpreterIsTheTwinOfEveryInstructionSet) {
  const Network n(GetParam());
  const ac::Tensor xs = ac::random_normal(4, {33, 37}, 0, 2, GetParam());
  const std::vector<ac::Expr> outputs{n.y, ac::grad(sum(n.y * n.y), n.w1)};
  int compared = 0;
  for (const char* isa : {"native", "x86-64-v4", "x86-64-v3", "x86-64-v2"}) {
    std::vector<ac::Tensor> jit;
    try {
      jit = ac::compile({n.x, n.w1, n.w2, n.b}, outputs, {.engine = ac::Engine::jit, .isa = isa})(xs, n.w1s, n.w2s, n.bs);
    } catch (const ac::CompileError&) {
      continue;  // the host cannot run it
    }
    const auto interpreted = ac::compile({n.x, n.w1, n.w2, n.b}, outputs, {.engine = ac::Engine::interpret, .isa = isa})(xs, n.w1s, n.w2s, n.bs);
    for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(ac::same_bits(interpreted[i], jit[i])) << isa << ", output " << i;
    ++compared;
  }
  EXPECT_GE(compared, 2);
}

/// A constant matrix is packed once for all calls, an input at every call; batches of any size use what the first one packed.
TEST_P(OneAnswer, AConstantMatrixIsAsGoodAsAnInput) {
  const ac::DType t = GetParam();
  const std::int64_t k = 520, n = 403;
  for (const bool transposed : {false, true}) {
    for (const char* isa : {"native", "x86-64-v3"}) {
      const ac::Tensor ws = ac::random_normal(1, transposed ? ac::Shape{n, k} : ac::Shape{k, n}, 0, 1, t);
      ac::Graph g(t), h(t);
      const auto product = [&](const ac::Expr& x, const ac::Expr& w) { return matmul(x, transposed ? transpose(w) : w); };
      const ac::Expr x = g.input("x", {"batch", k}), w = g.input("w", {ws.shape()[0], ws.shape()[1]});
      const ac::Expr y = h.input("x", {"batch", k}), c = h.constant("w", ws);
      const auto of_input = ac::compile({x, w}, product(x, w), {.engine = ac::Engine::interpret, .isa = isa});
      const auto f = ac::compile({y}, product(y, c), {.threads = 2, .engine = ac::Engine::jit, .isa = isa});
      for (const std::int64_t batch : {150, 1, 40, 33, 151}) {
        const ac::Tensor xs = ac::random_normal(static_cast<std::uint64_t>(batch), {batch, k}, 0, 1, t);
        for (int call = 0; call < 2; ++call) ASSERT_TRUE(ac::same_bits(of_input(xs, ws), f(xs))) << isa << " " << batch << " " << transposed;
      }
    }
  }
}

/// One row reads a constant matrix in panels; several chunks of k combine as ever.
TEST_P(OneAnswer, AConstantMatrixForOneLongRow) {
  const ac::DType t = GetParam();
  const std::int64_t k = 16700, n = 70;
  const ac::Tensor ws = ac::random_normal(1, {k, n}, 0, 1, t), xs = ac::random_normal(2, {1, k}, 0, 1, t);
  ac::Graph g(t);
  const ac::Expr x = g.input("x", {"batch", k}), y = matmul(x, g.constant("w", ws));
  const auto expected = ac::compile({x}, y, {.engine = ac::Engine::interpret})(xs);
  for (const char* isa : {"native", "x86-64-v3"}) {
    const auto f = ac::compile({x}, y, {.engine = ac::Engine::jit, .isa = isa});
    EXPECT_TRUE(ac::same_bits(expected, f(xs))) << isa;
  }
}

/// Epilogues of a product with a single column run along its rows.
TEST_P(OneAnswer, ASingleColumnWithItsNeighbours) {
  const ac::DType t = GetParam();
  const std::int64_t k = 70;
  ac::Graph g(t);
  const ac::Expr x = g.input("x", {"batch", k}), w = g.input("w", {k, 1}), b = g.input("b", {1});
  const ac::Expr scale = g.input("scale", {"batch", 1}), z = matmul(x, w) + b;
  const std::vector<ac::Expr> outputs{tanh(z) * scale, z * matmul(transpose(w), w)};
  const auto expected = ac::compile({x, w, b, scale}, outputs, {.engine = ac::Engine::interpret});
  const auto f = ac::compile({x, w, b, scale}, outputs, {.engine = ac::Engine::jit});
  for (const std::int64_t batch : {1, 5, 64, 131}) {
    const ac::Tensor xs = ac::random_normal(3, {batch, k}, 0, 1, t), ws = ac::random_normal(4, {k, 1}, 0, 1, t);
    const ac::Tensor bs = ac::random_normal(5, {1}, 0, 1, t), wide = ac::random_normal(6, {batch, 3}, 0, 1, t);
    const std::array<std::int64_t, 2> shape{batch, 1}, every_third{3, 1};
    const ac::ArrayRef column(wide.raw(), t, shape, every_third);
    const auto a = expected(xs, ws, bs, column), c = f(xs, ws, bs, column);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(ac::same_bits(a[i], c[i])) << batch << " output " << i;
  }
}

TEST_P(OneAnswer, StridesDoNotMatter) {
  const Network n(GetParam());
  const std::int64_t batch = 21;
  const ac::Tensor xs = ac::random_normal(4, {batch, 37}, 0, 2, GetParam());
  // The same numbers column by column, and every second of a longer row.
  ac::Tensor columns = ac::Tensor::zeros({37, batch}, GetParam()), wide = ac::Tensor::zeros({batch, 74}, GetParam());
  for (std::int64_t i = 0; i < batch; ++i)
    for (std::int64_t j = 0; j < 37; ++j) {
      if (GetParam() == ac::f32) {
        columns.at<float>(j, i) = wide.at<float>(i, 2 * j) = xs.at<float>(i, j);
      } else {
        columns.at<double>(j, i) = wide.at<double>(i, 2 * j) = xs.at<double>(i, j);
      }
    }
  const std::array<std::int64_t, 2> shape{batch, 37}, by_column{1, batch}, by_two{74, 2};
  const auto f = ac::compile({n.x, n.w1, n.w2, n.b}, {n.y, exp(n.x) * 2.0, sum(n.x)});
  const auto expected = f(xs, n.w1s, n.w2s, n.bs);
  for (const ac::ArrayRef& view : {ac::ArrayRef(columns.raw(), GetParam(), shape, by_column), ac::ArrayRef(wide.raw(), GetParam(), shape, by_two)}) {
    const auto results = f(view, n.w1s, n.w2s, n.bs);
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_TRUE(ac::same_bits(expected[i], results[i])) << "output " << i;
  }
}

/// Many rows at once, in lanes, and the few that are left over.
TEST_P(OneAnswer, ShortRowsOfAnyLengthAndStride) {
  for (std::int64_t n : {1, 2, 3, 5, 8, 10, 16, 17, 24, 31, 33, 64, 65}) {
    ac::Graph g(GetParam());
    const auto x = g.input("x", {"batch", n}), w = g.input("w", {"batch", n});
    const auto label = g.input("label", {"batch"}, ac::i32);
    const auto loss = softmax_cross_entropy(x, label);
    const std::vector<ac::Expr> outputs{loss, ac::grad(sum(loss), x), softmax(x) * w, reduce_max(x, 1) - reduce_min(exp(x), 1),
                                        x / sqrt(mean(square(x), 1, true) + 1e-3), prod(x, 1, true) + w};
    const auto jit = ac::compile({x, w, label}, outputs);
    const auto reference = ac::compile({x, w, label}, outputs, {.engine = ac::Engine::interpret});
    for (std::int64_t batch : {1, 5, 23, 32, 41}) {
      const ac::Tensor xs = ac::random_normal(1, {n, batch}, 0, 3, GetParam()), ws = ac::random_normal(2, {batch, n}, 0, 1, GetParam());
      auto labels = ac::Tensor::zeros({batch}, ac::i32);
      for (std::int64_t i = 0; i < batch; ++i) labels.data<std::int32_t>()[i] = static_cast<std::int32_t>(i % n);
      // x is given by columns, then by rows.
      auto rows = ac::Tensor::zeros({batch, n}, GetParam());
      const auto copy = [&]<class T>(T* to, const T* from) {
        for (std::int64_t i = 0; i < batch * n; ++i) to[i / batch + i % batch * n] = from[i];
      };
      GetParam() == ac::f32 ? copy(rows.data<float>(), xs.data<float>()) : copy(rows.data<double>(), xs.data<double>());
      const std::int64_t shape[] = {batch, n}, strides[] = {1, batch};
      const ac::ArrayRef by_columns(xs.array().data(), GetParam(), shape, strides);
      const auto a = jit(by_columns, ws, labels), b = jit(rows, ws, labels), c = reference(rows, ws, labels);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        EXPECT_TRUE(ac::same_bits(a[i], c[i])) << batch << " rows of " << n << " elements by columns, output " << i;
        EXPECT_TRUE(ac::same_bits(b[i], c[i])) << batch << " rows of " << n << " elements by rows, output " << i;
      }
    }
  }
}

/// Rows whose dimensions do not merge into one, what is the same for some of them, numbers of elements, a fixed count.
TEST_P(OneAnswer, ShortRowsOfSeveralDimensions) {
  constexpr std::int64_t n = 11, a = 3, b = 7;
  for (const bool fixed : {false, true}) {
    ac::Graph g(GetParam());
    const ac::Dim first = fixed ? ac::Dim(a) : ac::Dim("a"), second = fixed ? ac::Dim(b) : ac::Dim("b");
    const auto x = g.input("x", {first, second, n}), row = g.input("row", {first, 1, n}), column = g.input("column", {second, 1});
    const auto number = g.iota(ac::Shape{n}, 0, GetParam());
    const auto y = softmax(x * column + row), best = reduce_max(y * (number + 1.0), 2, true);
    const std::vector<ac::Expr> outputs{y, best, y / best, where(y * 3.0 > best, number, y)};
    const auto jit = ac::compile({x, row, column}, outputs);
    const auto reference = ac::compile({x, row, column}, outputs, {.engine = ac::Engine::interpret});
    const ac::Tensor wide = ac::random_normal(1, {a, b + 2, n}, 0, 3, GetParam());
    const ac::Tensor rows = ac::random_normal(2, {a, 1, n}, 0, 1, GetParam()), columns = ac::random_normal(3, {b, 1}, 0, 1, GetParam());
    const std::int64_t shape[] = {a, b, n}, strides[] = {(b + 2) * n, n, 1};
    const ac::ArrayRef part(wide.array().data(), GetParam(), shape, strides);
    const auto got = jit(part, rows, columns), wanted = reference(part, rows, columns);
    for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(ac::same_bits(got[i], wanted[i])) << "output " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, OneAnswer, testing::Values(ac::f32, ac::f64), [](const auto& info) { return std::string(ac::name_of(info.param)); });

}  // namespace
