// Pipelined loops: what a plan promises to the emitter, and kernels whose vectors take several iterations, with
// branches that hardly ever are taken, results of several stages, and sums.
#include <gtest/gtest.h>

#include <algorithm>

#include "jit/pipeline.hpp"
#include "math/functions.hpp"
#include "unit/jit_support.hpp"

namespace actinium::testing {
namespace {

using jit::Pipeline;
using jit::PipelineInput;
using machine::Code;
using machine::Inst;
using machine::Value;
using ops::Op;
using program::Combine;
using program::LoopKernel;
using program::Stage;
using program::ValueId;

std::size_t at(Value v) { return static_cast<std::size_t>(v); }

/// A rare result is there in the stage behind its own, every other in its own if it stands before in the order.
void expect_consistent(const Code& code, const Pipeline& plan) {
  ASSERT_EQ(plan.stage.size(), static_cast<std::size_t>(plan.vectors));
  std::vector<std::vector<std::size_t>> places(plan.stage.size(), std::vector<std::size_t>(code.insts.size()));
  for (std::size_t k = 0; k < plan.order.size(); ++k)
    places[static_cast<std::size_t>(plan.order[k].part)][at(plan.order[k].value)] = k;
  for (std::size_t part = 0; part < plan.stage.size(); ++part) {
    const auto &stage = plan.stage[part], &first = plan.stage[0];
    for (std::size_t i = 0; i < code.insts.size(); ++i) {
      const Inst& inst = code.insts[i];
      const bool is_rare = inst.op == machine::Op::rare;
      ASSERT_EQ(stage[i] == Pipeline::invariant, first[i] == Pipeline::invariant);
      if (stage[i] == Pipeline::invariant) continue;
      ASSERT_GE(stage[i], 0);
      ASSERT_LT(stage[i], plan.stages);
      if (is_rare || inst.op != machine::Op::input) {
        ASSERT_EQ(stage[i], first[i]) << i;
      }
      const std::size_t place = places[is_rare ? 0 : part][i];
      for (Value v : {inst.a, inst.b, inst.c}) {
        if (v == machine::no_value || stage[at(v)] == Pipeline::invariant) continue;
        const bool again = !plan.slice[i].empty() && v != inst.b;  // or is tested in its own stage
        const bool rare = code.insts[at(v)].op == machine::Op::rare;
        if (!again || v == inst.a) {
          ASSERT_LE(stage[at(v)] + (rare ? 1 : 0), stage[i]) << i;
        }
        if (!again && stage[at(v)] == stage[i]) {
          ASSERT_LT(places[part][at(v)], place) << i;
        }
      }
    }
  }
}

TEST(JitPipeline, PlansAreConsistent) {
  const std::vector<PipelineInput> varying(2), fixed{{.fixed = true}, {}}, first{{.first = true}, {}},
      again(2, {.again = true});
  for (DType t : {DType::f32, DType::f64}) {
    for (Op op : {Op::sin, Op::log1p, Op::log, Op::tanh, Op::erf, Op::exp, Op::pow, Op::atan2, Op::cbrt, Op::add}) {
      const Code& code = math::body(op, t);
      for (const auto& inputs : {varying, fixed, first, again}) {
        for (int vectors : {1, 4}) {
          SCOPED_TRACE(::testing::Message() << static_cast<int>(op) << " " << vectors);
          const Pipeline plan = jit::plan_pipeline(code, inputs, code.outputs, vectors);
          EXPECT_LE(plan.vectors, vectors);
          EXPECT_GE(plan.store_stage, plan.stage[0][at(code.outputs[0])]);
          expect_consistent(code, plan);
          const Pipeline overlapping = jit::plan_pipeline(code, inputs, code.outputs, vectors, true);
          expect_consistent(code, overlapping);
          for (std::size_t i = 0; i < code.insts.size(); ++i) {
            for (std::size_t part = 0; part < plan.stage.size() && code.insts[i].op == machine::Op::input; ++part) {
              EXPECT_LE(plan.stage[part][i], plan.store_stage);
              if (overlapping.stages == 1 || overlapping.stage[part][i] == Pipeline::invariant) continue;
              EXPECT_LT(overlapping.stage[part][i], overlapping.store_stage);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(jit::plan_pipeline(math::body(Op::sin, DType::f64), varying, {}, 1).stages, 2);
}

/// What a value of several registers reads from memory is spread over the iteration.
TEST(JitPipeline, LoadsStandApart) {
  const std::vector<PipelineInput> inputs(1);
  const Code& code = math::body(Op::exp, DType::f32);
  const Pipeline plan = jit::plan_pipeline(code, inputs, code.outputs, 4);
  ASSERT_EQ(plan.vectors, 4);
  std::vector<std::size_t> loads;
  for (std::size_t k = 0; k < plan.order.size(); ++k)
    if (code.insts[at(plan.order[k].value)].op == machine::Op::input) loads.push_back(k);
  ASSERT_EQ(loads.size(), 4u);
  for (std::size_t k = 1; k < loads.size(); ++k) EXPECT_GT(loads[k] - loads[k - 1], 2u);
}

/// The last vector overlaps the one before, whose results stand where both are read: once more behind branches, and
/// late in the body (the sign of log1p's argument).
TEST(JitPipeline, InPlace) {
  for (std::int64_t n : {1, 16, 63, 64, 65, 70, 127, 129, 200, 1000, 16400}) {
    for (DType t : {DType::f32, DType::f64}) {
      for (Op op : {Op::log1p, Op::tanh, Op::log, Op::exp, Op::sin}) {
        SCOPED_TRACE(::testing::Message() << n << " elements, " << size_of(t) << " bytes, op " << static_cast<int>(op));
        Numbers numbers(static_cast<std::uint64_t>(n) + 3);
        Bench bench{.kernel = {}, .operands = {}, .extents = {n}};
        LoopKernel kernel{.outer = {}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
        kernel.accesses = {Bench::access(t, {true}), Bench::access(t, {true})};
        Body body;
        Stage& s = kernel.stages[0];
        s.stores = {{body.op(s, op, t, {body.load(s, 0, t)}), 1}};
        kernel.values = body.values;
        const bool moves[] = {true};
        bench.operands = {contiguous(t, bench.extents, moves, &numbers), contiguous(t, bench.extents, moves, nullptr)};
        bench.kernel = kernel;
        for (const std::string& isa : host_isas()) {
          SCOPED_TRACE(isa);
          std::vector<Operand> expected = evaluate(bench, runtime::jit_engine().fused({.isa = isa}));
          std::vector<Operand> actual = run(bench, isa, 3, true);
          expected[0].bytes = expected[1].bytes, actual[1].bytes = actual[0].bytes;
          EXPECT_EQ(difference(expected, actual), "");
        }
      }
    }
  }
}

/// Over x, y: s = sin x, l = log(y) + log1p(s y / c), with stores of x < y, s and l; sums of s and of s * l.
Bench branching(std::int64_t n, DType t, bool stores, bool sums) {
  Numbers numbers(static_cast<std::uint64_t>(n) + 7);
  Bench bench{.kernel = {}, .operands = {}, .extents = {2, n}};
  LoopKernel kernel{.outer = {Dim("rows")}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
  kernel.accesses = {Bench::access(t, {true, true}), Bench::access(t, {true, true}), Bench::access(t, {true, false})};
  Body body;
  Stage& s = kernel.stages[0];
  const ValueId x = body.load(s, 0, t), y = body.load(s, 1, t), c = body.load(s, 2, t);
  const ValueId sine = body.op(s, Op::sin, t, {x});
  const ValueId quotient = body.op(s, Op::div, t, {body.op(s, Op::mul, t, {sine, y}), c});
  const ValueId log = body.op(s, Op::add, t, {body.op(s, Op::log, t, {y}), body.op(s, Op::log1p, t, {quotient})});
  const bool moves[] = {true, true}, stands[] = {true, false};
  bench.operands = {contiguous(t, bench.extents, moves, &numbers), contiguous(t, bench.extents, moves, &numbers),
                    contiguous(t, bench.extents, stands, &numbers)};
  if (stores) {
    for (DType stored : {t, t, DType::b8}) {
      kernel.accesses.push_back(Bench::access(stored, {true, true}));
      bench.operands.push_back(contiguous(stored, bench.extents, moves, nullptr));
    }
    s.stores = {{log, 3}, {sine, 4}, {body.op(s, Op::less, DType::b8, {x, y}), 5}};
  }
  if (sums) {
    const auto access = static_cast<std::uint32_t>(kernel.accesses.size());
    kernel.stages.push_back({.once = true, .steps = {}, .stores = {}, .reductions = {}, .kept = {}});
    for (std::uint32_t r = 0; r < 3; ++r) {
      kernel.accesses.push_back(Bench::access(t, {true, false}));
      bench.operands.push_back(contiguous(t, bench.extents, stands, nullptr));
      const ValueId total = body.fresh(t);
      const ValueId value = r == 0 ? sine : r == 1 ? log : y;
      kernel.stages[0].reductions.push_back({r == 2 ? Combine::max : Combine::sum, value, total, {}});
      kernel.stages[1].stores.push_back({total, access + r});
    }
  }
  kernel.values = body.values;
  bench.kernel = kernel;
  return bench;
}

TEST(JitPipeline, AnySizeWithBranchesStoresAndSums) {
  for (std::int64_t n : {0, 1, 15, 16, 17, 31, 64, 100, 129, 1000, 16385}) {
    for (DType t : {DType::f32, DType::f64}) {
      for (auto [stores, sums] : {std::pair{true, false}, {false, true}, {true, true}}) {
        SCOPED_TRACE(::testing::Message() << n << " elements, " << size_of(t) << " bytes, " << stores << sums);
        const Bench bench = branching(n, t, stores, sums);
        const std::vector<Operand> fused = evaluate(bench, true), separate = evaluate(bench, false);
        for (const std::string& isa : host_isas()) {
          SCOPED_TRACE(isa);
          const bool fuses = runtime::jit_engine().fused({.isa = isa});
          EXPECT_EQ(difference(fuses ? fused : separate, run(bench, isa, 3)), "");
        }
      }
    }
  }
}

}  // namespace
}  // namespace actinium::testing
