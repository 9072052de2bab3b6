// Fusion: which kernels an expression becomes, read off the Program. Orders and bits are tested where engines run.
#include <gtest/gtest.h>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "graph/graph.hpp"
#include "program/program.hpp"

namespace actinium::program {
namespace {

Program lowered(const Graph& graph, const std::vector<Expr>& outputs) {
  Module module{graph.data(), graph.data()->inputs(), {}};
  for (const Expr& e : outputs) module.outputs.push_back(e.id());
  Program program = lower(compact(module));
  verify(program);
  return program;
}

template <class K>
const K& kernel(const Program& program, std::size_t i) {
  return std::get<K>(program.kernels.at(i).body);
}

struct Layer {
  Graph g;
  Expr x = g.input("x", {"batch", 64}), w = g.input("w", {64, 10}), b = g.input("b", {10});
  Expr z = matmul(x, w) + b;
};

TEST(Lower, BiasAndActivationJoinTheProduct) {
  Layer l;
  const Program p = lowered(l.g, {1.0 / (1.0 + exp(-l.z)), l.z});
  ASSERT_EQ(p.kernels.size(), 1u);
  const auto& k = kernel<MatmulKernel>(p, 0);
  EXPECT_EQ(k.epilogue.stores.size(), 2u);
  EXPECT_EQ(k.k, Dim(64));
  EXPECT_EQ(k.m, Dim("batch"));
}

/// What backward needs of a layer is computed where the layer is, not the product stored and its exp computed again.
TEST(Lower, ADerivativeIsStoredByTheProductThatItFollowsFrom) {
  Graph g;
  const Expr x = g.input("x", {"batch", 64}), w1 = g.input("w1", {64, 32}), w2 = g.input("w2", {32, 16});
  const Expr z = matmul(x, w1);
  const Expr h = z / (1.0 + exp(-z)), slope = exp(-z) * (1.0 + z) / square(1.0 + exp(-z));
  const Expr y = matmul(h, w2);
  const Expr dz = matmul(y, transpose(w2)) * slope;
  const Program p = lowered(g, {dz});
  ASSERT_EQ(p.kernels.size(), 3u);
  EXPECT_EQ(kernel<MatmulKernel>(p, 0).epilogue.stores.size(), 2u);
  const auto& last = kernel<MatmulKernel>(p, 2);
  EXPECT_EQ(last.accesses.size(), 2u);  // the slope, dz
  for (const Step& step : last.epilogue.steps) EXPECT_NE(step.op, ops::Op::exp);
  EXPECT_TRUE(p.recomputed.empty());
}

TEST(Lower, SoftmaxIsOneKernelOfThreeLoopsThatKeepsTheExponential) {
  Graph g;
  const Expr x = g.input("x", {"rows", 100});
  const Expr e = exp(x - reduce_max(x, -1, true));
  const Program p = lowered(g, {e / sum(e, -1, true)});
  ASSERT_EQ(p.kernels.size(), 1u);
  const auto& k = kernel<LoopKernel>(p, 0);
  ASSERT_EQ(k.stages.size(), 3u);
  EXPECT_EQ(k.stages[1].kept.size(), 1u);
  EXPECT_FALSE(k.splits());
  EXPECT_FALSE(k.elementwise());
}

TEST(Lower, OneLongRowIsNotKeptInCache) {
  Graph g;
  const Expr x = g.input("x", {"n"});
  const Program p = lowered(g, {exp(x) / sum(exp(x))});
  ASSERT_EQ(p.kernels.size(), 2u);
  EXPECT_TRUE(kernel<LoopKernel>(p, 0).splits());
  EXPECT_TRUE(kernel<LoopKernel>(p, 1).elementwise());
}

TEST(Lower, ElementwiseOutputAndItsColumnSumAreOnePass) {
  Graph g;
  const Expr y = exp(g.input("x", {"batch", 64})) * 2.0;
  const Program p = lowered(g, {y, sum(y, 0)});
  ASSERT_EQ(p.kernels.size(), 1u);
  EXPECT_EQ(kernel<ColumnKernel>(p, 0).body.stores.size(), 1u);
}

TEST(Lower, SumOverEverythingIsOneRunInTheOrderOfTheAxes) {
  Graph g;
  const Program p = lowered(g, {sum(exp(g.input("x", {"batch", 64})))});
  ASSERT_EQ(p.kernels.size(), 1u);
  EXPECT_EQ(kernel<LoopKernel>(p, 0).inner, Dim("batch") * Dim(64));
  EXPECT_TRUE(p.buffers[0].contiguous) << "a strided argument has to be staged";
}

TEST(Lower, BroadcastInsideAMergedRunIsPutInMemory) {
  Graph g;
  const Expr x = g.input("x", {"batch", 64}), b = g.input("b", {64});
  const Program p = lowered(g, {sum(x + b)});
  ASSERT_EQ(p.kernels.size(), 2u);
  EXPECT_TRUE(kernel<LoopKernel>(p, 0).elementwise());
}

TEST(Lower, ReductionOverSeveralAxesGoesFromTheLastRunToTheFirst) {
  Graph g;
  const Program p = lowered(g, {sum(g.input("x", {4, 5, 6, 7}), {0, 2, 3})});
  ASSERT_EQ(p.kernels.size(), 2u);
  EXPECT_EQ(kernel<LoopKernel>(p, 0).inner, Dim(42));
  EXPECT_EQ(kernel<ColumnKernel>(p, 1).reduced, Dim(4));
}

TEST(Lower, TransposedOperandsAreReadInPlace) {
  Layer l;
  const Program p = lowered(l.g, {matmul(l.x.T(), l.z)});
  ASSERT_EQ(p.kernels.size(), 2u);
  const auto& k = kernel<MatmulKernel>(p, 1);
  EXPECT_EQ(k.a.dims[0].axis, 1);
  EXPECT_EQ(k.a.dims[1].axis, 0);
}

TEST(Lower, UnbatchedRightOperandMergesTheBatchIntoRows) {
  Graph g;
  const Expr x = g.input("x", {"batch", "seq", 64}), w = g.input("w", {64, 10});
  const Program p = lowered(g, {exp(matmul(x, w))});
  const auto& k = kernel<MatmulKernel>(p, 0);
  EXPECT_TRUE(k.batch.empty());
  EXPECT_EQ(k.m, Dim("batch") * Dim("seq"));
}

TEST(Lower, ConcatIsWrittenRegionByRegion) {
  Graph g;
  const Expr x = g.input("x", {"batch", 3}), y = g.input("y", {"batch", 4});
  const Program p = lowered(g, {concat({exp(x), y * 2.0}, 1)});
  ASSERT_EQ(p.kernels.size(), 2u);
  const auto& second = kernel<LoopKernel>(p, 1);
  EXPECT_EQ(second.accesses[second.stages[0].stores[0].access].start[1], Dim(3));
}

TEST(Lower, AStackOfValuesOfOneShapeIsOneKernel) {
  for (const Shape& shape : {Shape{}, Shape{"n"}, Shape{"n", 4}}) {
    Graph g(f64);
    const Expr x = g.input("x", shape), y = g.input("y", shape);
    const Expr c = cos(x) * sin(y), s = sin(c) * exp(c);
    const Program p = lowered(g, {stack({c * s, c + s, s, x}), stack({s, c})});
    ASSERT_EQ(p.kernels.size(), 1u) << print(p);
    EXPECT_EQ(kernel<LoopKernel>(p, 0).stages[0].stores.size(), 6u);
  }
}

TEST(Lower, LayersOfTheSameFormShareTheirCode) {
  Graph g;
  Expr h = g.input("x", {"batch", 64});
  std::vector<Expr> outputs;
  for (int i = 0; i < 3; ++i) {
    h = exp(matmul(h, g.input("w" + std::to_string(i), {64, 64})) + g.input("b" + std::to_string(i), {64}));
    outputs.push_back(h);
  }
  outputs.push_back(exp(matmul(h, g.input("v", {64, 32}))));
  const Program p = lowered(g, outputs);
  ASSERT_EQ(p.kernels.size(), 4u) << print(p);
  const std::vector<std::size_t> first = distinct(p);
  EXPECT_EQ(first, (std::vector<std::size_t>{0, 0, 0, 3})) << print(p);
}

TEST(Lower, KernelsThatReadOneBufferTwiceAreNotThoseThatReadTwo) {
  Graph g;
  const Expr x = g.input("x", {"n"}), y = g.input("y", {"n"}), z = g.input("z", {"n", 5});
  const Program p = lowered(g, {slice(x, 0, 3) + slice(x, 1, 4), slice(x, 0, 3) + slice(y, 1, 4), sum(z, 0)});
  const std::vector<std::size_t> first = distinct(p);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i], i) << print(p);
}

TEST(Lower, AStackIsReadOnlyWhenItIsComplete) {
  Graph g(f64);
  const Expr x = g.input("x", {"n"});
  const Expr inner = stack({sin(x), cos(x)});
  const Program p = lowered(g, {stack({sum(inner, 0), exp(x)}), stack({inner, inner * 2.0})});
  std::vector<char> written(p.buffers.size(), 0);
  for (const Kernel& k : p.kernels) {
    std::vector<BufferId> stores;
    const auto look = [&](const auto& body, const std::vector<const Stage*>& stages) {
      for (const Stage* stage : stages) {
        for (const Step& step : stage->steps) {
          if (step.kind != Step::Kind::load) continue;
          const BufferId read = body.accesses[step.number].buffer;
          if (p.buffers[index(read)].kind == Buffer::Kind::input) continue;
          EXPECT_TRUE(written[index(read)]) << print(p);
        }
        for (const Store& store : stage->stores) stores.push_back(body.accesses[store.access].buffer);
      }
    };
    if (const auto* loop = std::get_if<LoopKernel>(&k.body)) {
      std::vector<const Stage*> stages;
      for (const Stage& stage : loop->stages) stages.push_back(&stage);
      look(*loop, stages);
    } else {
      const auto& column = std::get<ColumnKernel>(k.body);
      look(column, {&column.body, &column.finish});
    }
    for (BufferId id : stores) written[index(id)] = 1;
  }
}

TEST(Lower, OutputsThatAreInputsOrTwiceTheSameAreCopied) {
  Graph g;
  const Expr x = g.input("x", {"n"});
  const Expr y = exp(x);
  const Program p = lowered(g, {y, y, x});
  EXPECT_EQ(p.outputs.size(), 3u);
  EXPECT_EQ(p.kernels.size(), 3u);
}

TEST(Lower, LossAndGradientsOfALayerAreFewKernels) {
  Layer l;
  const Expr value = mean(square(l.z));
  const auto [dx, dw, db] = grad(value, l.x, l.w, l.b);
  const Program p = lowered(l.g, {value, dx, dw, db});
  EXPECT_LE(p.kernels.size(), 6u) << print(p);
}

TEST(Lower, ABiasGradientFallsOutOfTheGradientOfTheWeights) {
  Graph g;
  const Expr x = g.input("x", {"batch", 12}), w = g.input("w", {12, 10}), v = g.input("v", {10, 6}),
             b = g.input("b", {10});
  const Expr c = g.input("c", {6});
  const Expr loss = mean(square(matmul(exp(matmul(x, w) + b), v) + c));
  const auto [dw, db, dv, dc] = grad(loss, w, b, v, c);
  const Program p = lowered(g, {loss, dw, db, dv, dc});
  std::size_t sums = 0;
  for (const Kernel& k : p.kernels) {
    EXPECT_FALSE(std::holds_alternative<ColumnKernel>(k.body)) << print(p);
    if (const auto* product = std::get_if<MatmulKernel>(&k.body)) sums += product->column_sums.has_value();
  }
  EXPECT_EQ(sums, 2u) << print(p);
  // What follows from a sum waits for the product that gives it; sums that the product reads do not.
  EXPECT_NO_THROW(verify(lowered(g, {w - dw * 0.1, b - db * 0.1, c - dc / sqrt(sum(dc * dc))})));
  const Expr y = matmul(x, w), total = sum(y, 0, true);
  EXPECT_NO_THROW(verify(lowered(g, {total, matmul(transpose(x * sum(total)), y)})));
}

TEST(Lower, SumsOfFewColumnsHaveAnOrderOfTheirOwn) {
  Graph g;
  const Expr x = g.input("x", {"batch", 12}), w = g.input("w", {12, 4}), b = g.input("b", {4});
  const auto [dw, db] = grad(sum(exp(matmul(x, w) + b)), w, b);
  for (const Kernel& k : lowered(g, {dw, db}).kernels)
    if (const auto* product = std::get_if<MatmulKernel>(&k.body)) EXPECT_FALSE(product->column_sums);
}

TEST(Lower, ALongChainIsCutIntoKernelsWithoutRepetition) {
  Graph g{f64};
  const Expr x = g.input("x", {"n"});
  Expr y = x;
  for (int i = 0; i < 100000; ++i) y = i % 2 == 0 ? y * 0.5 : y + x;
  const Program p = lowered(g, {y});
  std::size_t steps = 0;
  for (const Kernel& k : p.kernels)
    for (const Stage& s : std::get<LoopKernel>(k.body).stages) {
      steps += s.steps.size();
      EXPECT_LT(s.steps.size(), 4000u);
    }
  EXPECT_GE(steps, 100000u);
  EXPECT_LT(steps, 220000u);
}

}  // namespace
}  // namespace actinium::program
