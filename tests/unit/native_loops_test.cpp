// Loops whose steps are small arrays of known sizes become one native loop: what it computes, on every instruction set, beside the
// executor's steps in the interpreter, bit by bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "actinium/actinium.h"

namespace actinium {
namespace {

/// What a step does: with the state h [n], a slice x [n] and a matrix W [n, n] from outside; gives the next state and an output.
struct Case {
  const char* name;
  std::function<std::pair<Expr, Expr>(const Expr& h, const Expr& x, const Expr& W, Graph& g)> step;
};

Expr row(const Expr& h) { return expand_dims(h, 0); }

const std::vector<Case> cases{
    {"row times matrix", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { const Expr y = tanh(matmul(h, W) + x); return std::pair{y, y * x}; }},
    {"matrix times column", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { const Expr y = tanh(matmul(W, h) + x); return std::pair{y, sum(y)}; }},
    {"transposed", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { return std::pair{sin(matmul(transpose(W), h) - x), matmul(h, transpose(W))}; }},
    {"outer product", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { return std::pair{cos(h + x), matmul(transpose(row(h)), row(x)) * W}; }},
    {"a dot product", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { const Expr d = matmul(h, x); return std::pair{tanh(h * d) + sum(W), d}; }},
    {"softmax", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { const Expr p = softmax(h * x); return std::pair{p - 0.5 * h, logsumexp(matmul(W, p), 0)}; }},
    {"rows of a matrix", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { return std::pair{reduce_max(W * row(h), 1) - 0.5 * x, prod(W + 1, 1) + sum(W * row(x), 1)}; }},
    {"columns of a matrix", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { return std::pair{tanh(sum(W * row(h), 0)), reduce_min(W * row(x), 0)}; }},
    {"means", [](const Expr& h, const Expr& x, const Expr&, Graph&) { const Expr d = h - mean(h); return std::pair{d * rsqrt(mean(square(d)) + 0.1) + x, mean(x)}; }},
    {"flipped and shifted", [](const Expr& h, const Expr& x, const Expr& W, Graph&) {
       const Expr turned = concat({slice(h, 1), slice(h, 0, 1)}, 0);
       return std::pair{0.9 * turned + flip(x), flip(W, 1) * row(h)};
     }},
    {"padded", [](const Expr& h, const Expr& x, const Expr&, Graph&) { return std::pair{h * 0.5 + slice(pad(x, {1}, {0}), 0, x.shape()[0]), pad(h, {2}, {1}, 3.0)}; }},
    {"chosen", [](const Expr& h, const Expr& x, const Expr& W, Graph&) { return std::pair{where(h > x, h - x, x * 0.5), where(W > row(h), W, 0.0)}; }},
    {"a truth value", [](const Expr& h, const Expr& x, const Expr&, Graph&) { return std::pair{h * 0.9 + x, h > x}; }},
    {"numbered", [](const Expr& h, const Expr& x, const Expr&, Graph& g) {
       const Expr i = g.iota(h.shape(), 0, i64);
       return std::pair{h + x * cast(i, h.dtype()), i * 2};
     }},
    {"constants", [](const Expr& h, const Expr& x, const Expr&, Graph&) { return std::pair{x * 0 + 0.25, h}; }},
    {"element by element", [](const Expr& h, const Expr& x, const Expr&, Graph&) {
       std::vector<Expr> parts;
       const auto n = h.shape()[0].constant();
       for (int i = 0; i < std::min<std::int64_t>(n, 3); ++i) parts.push_back(slice(h, i, i + 1) * slice(x, n - 1 - i, n - i) + (0.1 * i));
       if (n > 3) parts.push_back(slice(h, 3));
       return std::pair{concat(parts, 0), sum(h) * 2};
     }},
};

Tensor some(std::uint64_t seed, const std::vector<std::int64_t>& shape, DType t, double scale = 0.7) {
  return random_normal(seed, Shape(std::vector<Dim>(shape.begin(), shape.end())), 0, scale, t);
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> list;
  for (const char* isa : {"native", "x86-64-v3", "x86-64-v2"}) {
    try {
      Graph g(f32);
      const Expr x = g.input("x", {});
      compile({x}, x + 1, {.engine = Engine::jit, .isa = isa});
      list.emplace_back(isa);
    } catch (const CompileError&) {
    }
  }
  return list;
}

void expect_same(const std::vector<Expr>& inputs, const std::vector<Expr>& outputs, const std::vector<std::vector<Tensor>>& data, bool native = true) {
  for (const std::string& isa : instruction_sets()) {
    SCOPED_TRACE(isa);
    const auto slow = compile(inputs, outputs, {.engine = Engine::interpret, .isa = isa});
    const auto fast = compile(inputs, outputs, {.engine = Engine::jit, .isa = isa});
    for (const std::vector<Tensor>& arguments : data) {
      const auto want = slow(arguments), got = fast(arguments);
      for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_TRUE(same_bits(want[i], got[i])) << "output " << i;
    }
    if (!native) continue;
    const std::string code = fast.show(Stage::llvm);
    EXPECT_TRUE(code.find("_scan(") != std::string::npos || code.find("_while(") != std::string::npos);
  }
}

class NativeLoops : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Types, NativeLoops, ::testing::Values(f32, f64), [](const auto& p) { return std::string(name_of(p.param)); });

TEST_P(NativeLoops, StepsOfEveryKind) {
  const DType t = GetParam();
  for (const Case& c : cases)
    for (const std::int64_t n : t == f32 ? std::vector<std::int64_t>{1, 3, 16, 32, 40} : std::vector<std::int64_t>{2, 7, 24, 33}) {
      SCOPED_TRACE(testing::Message() << c.name << ", " << n);
      Graph g(t);
      const Expr W = g.input("W", {n, n}), h = g.input("h", {n}), xs = g.input("xs", {"steps", n});
      std::vector<Expr> outputs;
      for (const bool reverse : {false, true}) {
        const auto [last, all] = scan([&](const Expr& s, const Expr& x) { return c.step(s, x, W, g); }, h, xs, {.reverse = reverse});
        outputs.insert(outputs.end(), {last, all});
      }
      std::vector<std::vector<Tensor>> data;
      for (const std::int64_t steps : {0, 1, 6}) data.push_back({some(1, {n, n}, t), some(2, {n}, t), some(3, {steps, n}, t)});
      expect_same({W, h, xs}, outputs, data, n < 20);
    }
}

TEST_P(NativeLoops, TheirDerivatives) {
  const DType t = GetParam();
  for (const Case& c : cases)
    for (const std::int64_t n : t == f32 ? std::vector<std::int64_t>{3, 17} : std::vector<std::int64_t>{8}) {
      SCOPED_TRACE(testing::Message() << c.name << ", " << n);
      Graph g(t);
      const Expr W = g.input("W", {n, n}), h = g.input("h", {n}), xs = g.input("xs", {4, n});
      const auto [last, all] = scan([&](const Expr& s, const Expr& x) { return c.step(s, x, W, g); }, h, xs);
      const Expr loss = sum(square(last)) + (is_float(all.dtype()) ? sum(sin(all)) : Expr(0));
      const std::vector<Expr> in{W, h, xs};
      std::vector<Expr> outputs = grad(loss, in);
      outputs.push_back(jvp(loss, in, {cos(W), sin(h), xs * xs}));
      outputs.push_back(loss);
      expect_same(in, outputs, {{some(1, {n, n}, t), some(2, {n}, t), some(3, {4, n}, t)}});
    }
}

/// A state of several arrays, of which some are matrices, integers and truth values; records of vectors.
TEST_P(NativeLoops, WhileWithArrays) {
  const DType t = GetParam();
  for (const std::int64_t n : {2, 5, 16}) {
    SCOPED_TRACE(n);
    Graph g(t);
    const Expr W = g.input("W", {n, n}), h = g.input("h", {n}), limit = g.input("limit", {});
    using State = std::tuple<Expr, Expr, Expr, Expr>;
    const State end = while_loop([&](const State& s) { return sum(square(std::get<0>(s))) < limit && std::get<2>(s) < 150; },
                                 [&](const State& s) {
                                   const auto& [x, m, i, odd] = s;
                                   const Expr next = 1.02 * x + 0.01 * tanh(matmul(m, x));
                                   return State{where(odd, next, x * 1.01), m * 0.99 + matmul(transpose(row(x)), row(next)) * 0.001, i + 1, !odd};
                                 },
                                 State{h, W, g.constant(0, i64), h > 0});
    const Expr y = sum(std::get<0>(end)) + sum(sin(std::get<1>(end)));
    std::vector<Expr> outputs = grad(y, std::vector{W, h});
    outputs.insert(outputs.end(), {std::get<0>(end), std::get<1>(end), cast(std::get<2>(end), t), jvp(y, std::vector{h}, {cos(h)})});
    std::vector<std::vector<Tensor>> data;
    for (const double l : {0.0, 1.0, 30.0}) data.push_back({some(1, {n, n}, t), some(2, {n}, t, 0.15), Tensor::scalar(l, t)});
    expect_same({W, h, limit}, outputs, data);
  }
}

/// Loops of examples, and loops within steps.
TEST_P(NativeLoops, InABatchAndNested) {
  const DType t = GetParam();
  for (const std::int64_t n : {3, 17}) {
    SCOPED_TRACE(n);
    Graph g(t);
    const Expr W = g.input("W", {n, n}), hs = g.input("hs", {4, n}), xs = g.input("xs", {5, n});
    const auto flat = [&](const Expr& h) {
      return sum(scan([&](const Expr& s, const Expr& x) { return tanh(matmul(s, W) + x * sum(s)); }, h, xs));
    };
    const auto open = [&](const Expr& h) {
      return sum(while_loop([](const Expr& s) { return sum(square(s)) < 9; }, [&](const Expr& s) { return 1.1 * s + 0.1 * sqrt(abs(matmul(W, s))); }, h));
    };
    const auto nested = [&](const Expr& h) {
      return sum(scan([&](const Expr& s, const Expr& x) {
        const Expr inner = scan([&](const Expr& r, const Expr& y) { return 0.5 * sin(matmul(W, r)) + y; }, s, xs);
        return while_loop([](const Expr& r) { return sum(square(r)) > 1; }, [&](const Expr& r) { return r * 0.7; }, inner * x);
      }, h, xs));
    };
    const std::vector<std::vector<Tensor>> data{{some(1, {n, n}, t), some(2, {4, n}, t), some(3, {5, n}, t)}};
    for (const std::function<Expr(const Expr&)>& f : {std::function<Expr(const Expr&)>(flat), {open}, {nested}})
      expect_same({W, hs, xs}, {vmap(f)(hs), vmap(grad(f))(hs), grad(sum(vmap(f)(hs)), W), jvp(vmap(f)(hs), hs, cos(hs))}, data, false);
  }
}

/// Steps made of what comes: ops, views and reductions in any order, of several shapes.
class RandomStep {
 public:
  explicit RandomStep(std::uint64_t seed) : state_(seed) {}
  std::pair<Expr, Expr> operator()(const Expr& h, const Expr& x, const Expr& W, Graph& g) {
    all_ = {h, x, W, matmul(W, x), g.constant(0.5)};
    for (int i = 0; i < 14; ++i) all_.push_back(bounded(made()));
    // Back to the carry's shape.
    Expr next = h * 0.3;
    for (std::size_t i = all_.size() - 4; i < all_.size(); ++i) next = next + (all_[i].shape() == h.shape() ? all_[i] * 0.2 : mean(all_[i]) * 0.1);
    return {tanh(next), all_[all_.size() - 1 - pick(3)]};
  }

 private:
  std::uint64_t state_;
  std::vector<Expr> all_;
  std::size_t pick(std::size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % n;
  }
  const Expr& any() { return all_[pick(all_.size())]; }
  static Expr bounded(const Expr& e) { return e.shape().size().constant() > 0 ? clamp(e, -3, 3) : e; }
  Expr made() {
    const Expr& a = any();
    const int rank = a.rank();
    switch (pick(12)) {
      case 0: return rank > 0 ? sum(a, static_cast<int>(pick(static_cast<std::size_t>(rank)))) : a * 2;
      case 1: return rank > 0 ? reduce_max(a, static_cast<int>(pick(static_cast<std::size_t>(rank)))) : -a;
      case 2: return rank == 2 ? transpose(a) : exp(-square(a));
      case 3: return rank > 0 ? flip(a, static_cast<int>(pick(static_cast<std::size_t>(rank)))) : sin(a);
      case 4: return rank > 0 && a.shape()[0].constant() > 1 ? slice(a, 1) : cos(a);
      case 5: return rank > 0 ? concat({a, a * 0.5}, rank - 1) : sqrt(abs(a));
      case 6: return rank == 2 ? matmul(a, transpose(a)) : a * a;
      case 7: return rank > 0 ? softmax(a) : a;
      case 8: return where(a > 0.1, a, 0.3 * a - 1.0);
      case 9: return rank == 1 ? expand_dims(a, static_cast<int>(pick(2))) * a : log1p(abs(a));
      default: {
        const Expr& b = any();
        return broadcast_shapes(a.shape(), b.shape()) ? (pick(2) == 0 ? a + b : a * b) : sigmoid(a);
      }
    }
  }
};

TEST_P(NativeLoops, RandomSteps) {
  const DType t = GetParam();
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(seed);
    const std::int64_t n = 1 + static_cast<std::int64_t>(seed * 7 % 23);
    Graph g(t);
    const Expr W = g.input("W", {n, n}), h = g.input("h", {n}), xs = g.input("xs", {3, n});
    RandomStep step(seed);
    const auto [last, all] = scan([&](const Expr& s, const Expr& x) { return step(s, x, W, g); }, h, xs);
    const Expr loss = sum(last) + mean(all);
    std::vector<Expr> outputs{last, all};
    if (seed % 2 == 0)
      for (const Expr& e : grad(loss, std::vector{W, h, xs})) outputs.push_back(e);
    expect_same({W, h, xs}, outputs, {{some(1, {n, n}, t), some(2, {n}, t), some(3, {3, n}, t)}}, false);
  }
}

}  // namespace
}  // namespace actinium
