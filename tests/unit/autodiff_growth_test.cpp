// How much larger a derivative is than its function: nodes after simplification and operations of a call, for every
// primitive and activation, and through many layers and orders.
#include <gtest/gtest.h>

#include <functional>

#include "actinium/actinium.h"
#include "math/functions.hpp"
#include "ops/rules.hpp"
#include "passes/pass.hpp"

namespace actinium {
namespace {

using ops::Op;
using Build = std::function<Expr(const std::vector<Expr>&)>;

/// Nodes that are neither inputs nor numbers, after simplification.
std::size_t nodes_of(const std::vector<Expr>& y) {
  Module m{y[0].graph(), y[0].graph()->inputs(), {}};
  for (const Expr& e : y) m.outputs.push_back(e.id());
  m = passes::simplify(m);
  const std::vector<char> needed = reachable(*m.graph, m.outputs);
  std::size_t n = 0;
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    n += needed[i] && ops::kind_of(m.graph->op(NodeId{i})) != ops::Kind::leaf;
  return n;
}

/// Machine operations of a call: of an elementwise node those of its body, so that an exp counts as what it is.
double work_of(const std::vector<Expr>& y) {
  Module m{y[0].graph(), y[0].graph()->inputs(), {}};
  for (const Expr& e : y) m.outputs.push_back(e.id());
  m = passes::run(m, passes::pipeline(false));
  const GraphData& g = *m.graph;
  const std::vector<char> needed = reachable(g, m.outputs);
  double total = 0;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    const auto elements = [&](NodeId n) { return static_cast<double>(g.shape(n).size().constant()); };
    const Op op = g.op(id);
    switch (ops::kind_of(op)) {
      case ops::Kind::leaf:
      case ops::Kind::structure: break;
      case ops::Kind::elementwise: {
        const NodeId of = g.operand(id, op == Op::select ? 1 : 0);
        const bool logic = g.dtype(of) == DType::b8;
        total +=
            elements(id) * (logic ? 1 : static_cast<double>(math::body(op, g.dtype(of), g.dtype(id)).insts.size()));
        break;
      }
      case ops::Kind::reduction:
      case ops::Kind::scan: total += elements(g.operand(id, 0)); break;
      case ops::Kind::product:
        total += 2 * elements(id) * static_cast<double>(g.shape(g.operand(id, 0)).dims().back().constant());
        break;
      case ops::Kind::loop:
      case ops::Kind::unit: ADD_FAILURE() << "an activation or a loop"; break;
    }
  }
  return total;
}

struct Case {
  std::string name;
  std::vector<Shape> inputs;
  Build f;
  std::size_t granted_nodes = 0;
  double granted_work = 0;
};

std::vector<Case> primitives() {
  std::vector<Case> all;
  for (const auto& info : ops::op_table) {
    if (info.kind != ops::Kind::elementwise || info.arity != 1) continue;
    const Op op = info.op;
    const bool other = op == Op::logical_not || op == Op::isnan || op == Op::cast || op == Op::raw_max ||
                       op == Op::raw_min || op == Op::normtail || op == Op::exp_scaled;
    if (!other) all.push_back({std::string(info.name), {{1000}}, [op](const auto& x) { return ops::unary(op, x[0]); }});
  }
  const Shape v{1000}, m{20, 30}, n{30, 20}, s{};
  const auto add = [&](std::string name, std::vector<Shape> in, Build f) {
    all.push_back({std::move(name), std::move(in), std::move(f)});
  };
  add("add", {v, v}, [](const auto& x) { return x[0] + x[1]; });
  add("sub", {v, v}, [](const auto& x) { return x[0] - x[1]; });
  add("mul", {v, v}, [](const auto& x) { return x[0] * x[1]; });
  add("div", {v, v}, [](const auto& x) { return x[0] / x[1]; });
  add("pow", {v, v}, [](const auto& x) { return pow(x[0], x[1]); });
  add("pow_number", {v}, [](const auto& x) { return pow(x[0], 2.5); });
  add("maximum", {v, v}, [](const auto& x) { return max(x[0], x[1]); });
  add("minimum", {v, v}, [](const auto& x) { return min(x[0], x[1]); });
  add("atan2", {v, v}, [](const auto& x) { return atan2(x[0], x[1]); });
  add("hypot", {v, v}, [](const auto& x) { return hypot(x[0], x[1]); });
  add("copysign", {v, v}, [](const auto& x) { return copysign(x[0], x[1]); });
  add("where", {v, v}, [](const auto& x) { return where(x[0] > x[1], x[0], x[1]); });
  add("clamp", {v, v, v}, [](const auto& x) { return clamp(x[0], x[1], x[2]); });
  add("fma", {v, v, v}, [](const auto& x) { return fma(x[0], x[1], x[2]); });
  add("sum", {m}, [](const auto& x) { return sum(x[0], 1); });
  add("mean", {m}, [](const auto& x) { return mean(x[0], 1); });
  // Exact with any number of zeros, and so are its derivatives: each element has a product of all others, by a tree.
  add("prod", {m}, [](const auto& x) { return prod(x[0], 1); });
  all.back().granted_nodes = 5 * 10, all.back().granted_work = 600 * 4;
  add("prod_long", {{1000}}, [](const auto& x) { return prod(x[0]); });
  all.back().granted_nodes = 10 * 10, all.back().granted_work = 1000 * 4;
  add("reduce_max", {m}, [](const auto& x) { return reduce_max(x[0], 1); });
  add("reduce_min", {m}, [](const auto& x) { return reduce_min(x[0], 1); });
  add("cumsum", {m}, [](const auto& x) { return cumsum(x[0], 1); });
  add("sort", {m}, [](const auto& x) { return sort(x[0], 1); });
  add("matmul", {m, n}, [](const auto& x) { return matmul(x[0], x[1]); });
  add("matmul_vector", {m, {30}}, [](const auto& x) { return matmul(x[0], x[1]); });
  add("broadcast_to", {{30}}, [](const auto& x) { return broadcast_to(x[0], {20, 30}); });
  add("reshape", {m}, [](const auto& x) { return reshape(x[0], {600}); });
  add("transpose", {m}, [](const auto& x) { return transpose(x[0]); });
  add("slice", {m}, [](const auto& x) { return slice(x[0], 1, 9, 1, 1); });
  add("slice_step", {m}, [](const auto& x) { return slice(x[0], 0, 30, 3, 1); });
  add("pad", {m, s}, [](const auto& x) { return pad(x[0], {1, 2}, {3, 4}, x[1]); });
  add("concat", {m, m}, [](const auto& x) { return concat({x[0], x[1]}, 1); });
  add("gather", {m}, [](const auto& x) { return gather(x[0], cast(Graph(x[0].graph()).iota({7}), i32), 0); });
  add("scatter_add", {m, {7, 30}},
      [](const auto& x) { return scatter_add(x[0], cast(Graph(x[0].graph()).iota({7}), i32), x[1], 0); });
  add("flip", {m}, [](const auto& x) { return flip(x[0], 1); });
  add("einsum", {{4, 5, 6}, {4, 6, 7}, {7, 3}}, [](const auto& x) { return einsum("bij,bjk,kl->bil", x); });
  add("conv1d", {{2, 20, 3}, {3, 3, 4}}, [](const auto& x) { return conv1d(x[0], x[1]); });
  add("conv2d", {{2, 12, 12, 3}, {3, 3, 3, 4}},
      [](const auto& x) { return conv2d(x[0], x[1], {.padding = Padding::same}); });
  add("depthwise", {{2, 12, 12, 3}, {3, 3, 1, 3}}, [](const auto& x) { return conv2d(x[0], x[1], {.groups = 3}); });
  add("max_pool", {{2, 12, 12, 3}}, [](const auto& x) { return max_pool(x[0], {2, 2}); });
  add("avg_pool", {{2, 12, 12, 3}},
      [](const auto& x) { return avg_pool(x[0], {3, 3}, {.stride = 1, .padding = Padding::same}); });
  return all;
}

std::vector<Case> activations() {
  std::vector<Case> all;
  for (const Activation& a : catalogue()) {
    Graph g{f64};
    const Expr x = g.input("x", {8, 50});
    try {
      if (!is_float(a(x).dtype())) continue;
    } catch (const Error&) {
      continue;  // more than one operand: the losses, see below
    }
    all.push_back({a.name(), {{8, 50}}, [a](const auto& in) { return a(in[0]); }});
  }
  return all;
}

class GradientGrowth : public testing::TestWithParam<Case> {};

/// Value and gradient together, for any cotangent.
TEST_P(GradientGrowth, ADerivativeIsAFewTimesItsFunction) {
  const Case& c = GetParam();
  Graph g{f64};
  std::vector<Expr> x;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) x.push_back(g.input("x" + std::to_string(i), c.inputs[i]));
  const Expr y = c.f(x);
  std::vector<Expr> both = vjp(y, x, g.input("ct", y.shape()));
  both.push_back(y);
  double elements = static_cast<double>(y.shape().size().constant());
  for (const Expr& e : x) elements += static_cast<double>(e.shape().size().constant());
  // What one node becomes has a constant size: hypot, with its limits at infinity, has the largest.
  EXPECT_LE(nodes_of(both), 4 * nodes_of({y}) + 24 + c.granted_nodes);
  // Masks and the product with the cotangent count where the function is one instruction.
  EXPECT_LE(work_of(both), 4 * work_of({y}) + 5 * elements + c.granted_work);
}

INSTANTIATE_TEST_SUITE_P(Primitives, GradientGrowth, testing::ValuesIn(primitives()),
                         [](const auto& i) { return i.param.name; });
INSTANTIATE_TEST_SUITE_P(Activations, GradientGrowth, testing::ValuesIn(activations()),
                         [](const auto& i) { return i.param.name; });

// --- Layers and orders. ---

/// A network of so many layers, and the k-th derivative of its value in the direction of its own gradients: gradients
/// of sums of squares of gradients.
std::size_t nested_nodes(int layers, int order) {
  Graph g{f64};
  Expr h = g.input("x", {"n", 4});
  const Expr x = h, W = g.input("W", {4, 4}), b = g.input("b", {4});
  for (int i = 0; i < layers; ++i) h = tanh(matmul(h, W) + b);
  Expr y = sum(h);
  for (int k = 0; k < order; ++k) y = sum(square(grad(y, x)));
  return nodes_of({y});
}

TEST(GrowthOfLayers, IsLinear) {
  for (const int order : {0, 1, 2, 3}) {
    const std::size_t a = nested_nodes(50, order), b = nested_nodes(100, order), c = nested_nodes(200, order);
    EXPECT_EQ(c - b, 2 * (b - a)) << "order " << order;
  }
}

TEST(GrowthOfLayers, IsAtMostFourfoldWithEachOrder) {
  std::size_t before = nested_nodes(200, 0);
  for (const int order : {1, 2, 3}) {
    const std::size_t now = nested_nodes(200, order);
    EXPECT_LE(now, 4 * before) << "order " << order;
    before = now;
  }
}

/// What each layer adds, for every activation that keeps a matrix's shape: value and all gradients.
TEST(GrowthOfLayers, IsAFewNodesForEveryActivation) {
  for (const Case& c : activations()) {
    const auto nodes = [&](int layers, bool derivatives) {
      Graph g{f64};
      Expr h = g.input("x", {"n", 4});
      const Expr x = h, W = g.input("W", {4, 4}), b = g.input("b", {4});
      for (int i = 0; i < layers; ++i) h = c.f({matmul(h, W) + b});
      if (h.shape() != x.shape()) return std::size_t{0};
      std::vector<Expr> y{sum(h)};
      if (derivatives)
        for (const Expr& d : grad(y[0], std::vector<Expr>{x, W, b})) y.push_back(d);
      return nodes_of(y);
    };
    if (nodes(1, false) == 0) continue;
    const std::size_t value = nodes(30, false) - nodes(20, false), all = nodes(30, true) - nodes(20, true);
    EXPECT_EQ(nodes(40, true) - nodes(30, true), all) << c.name;
    EXPECT_LE(all, 4 * value + 10 * 24) << c.name;
  }
}

// --- What is compiled: nodes and kernels of a value with its gradient are linear in what the user wrote. ---

struct Size {
  std::size_t nodes, kernels;
};
Size compiled_size(const Expr& x, const std::vector<Expr>& outputs) {
  const Stats s = compile(x, outputs, {.engine = Engine::interpret}).stats();
  return {s.nodes, s.kernels};
}
/// With its gradient.
Size size_of(const Expr& x, const Expr& y) { return compiled_size(x, {y, grad(y, x)}); }

void expect_linear(const std::function<Size(int)>& size, int n) {
  const Size a = size(n), b = size(2 * n), c = size(4 * n);
  EXPECT_EQ(c.nodes - b.nodes, 2 * (b.nodes - a.nodes));
  EXPECT_LE(static_cast<double>(c.kernels - b.kernels), 1.05 * 2 * static_cast<double>(b.kernels - a.kernels) + 2);
}

TEST(GrowthOfCompiledCode, IsLinearInTheStepsOfAnUnrolledLoop) {
  expect_linear(
      [](int steps) {
        Graph g{f64};
        const Expr x = g.input("x", {"n"});
        Expr y = x;
        for (int i = 0; i < steps; ++i) {
          const Expr middle = y + 0.05 * x * pad(slice(y, 0, -1), {1}, {0}, 1.0);
          y = y + 0.1 * x * pad(slice(middle, 0, -1), {1}, {0}, 1.0);
        }
        return size_of(x, sum(y));
      },
      10);
}

TEST(GrowthOfCompiledCode, IsLinearInTheElementsOfAnArrayTakenApart) {
  const auto chain = [](int n) {
    Graph g{f64};
    const Expr x = g.input("x", {n});
    Expr y = 0;
    for (int i = 0; i + 1 < n; ++i) y = y + sin(squeeze(slice(x, i, i + 1))) * squeeze(slice(x, i + 1, i + 2));
    return std::pair{x, y};
  };
  expect_linear(
      [&](int n) {
        const auto [x, y] = chain(n);
        return size_of(x, y);
      },
      16);
  // And so is the work: no sum of arrays that are zero but for one element.
  const auto work = [&](int n) {
    const auto [x, y] = chain(n);
    return work_of({grad(y, x)});
  };
  EXPECT_LE(work(128) - work(64), 1.01 * 2 * (work(64) - work(32)));
}

TEST(GrowthOfCompiledCode, IsLinearInTheOutputsOfASparseBlock) {
  expect_linear(
      [](int n) {
        Graph g{f64};
        const Expr x = g.input("x", {"p", 3});
        const auto f = [&](const Expr& v) {
          std::vector<Expr> y;
          for (int i = 0; i < n; ++i) y.push_back(sum(sin(v * static_cast<double>(i + 1))));
          return stack(y);
        };
        return compiled_size(x, {sparse_jacobian(f)(x).values});
      },
      4);
}

}  // namespace
}  // namespace actinium
