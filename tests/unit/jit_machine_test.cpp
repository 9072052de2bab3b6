// Every elementwise op at every instruction set gives the bits of machine::evaluate.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "math/functions.hpp"
#include "unit/jit_support.hpp"

namespace actinium::testing {
namespace {

using program::Stage;
using program::ValueId;

struct Case {
  ops::Op op;
  DType dtype;
  DType to;
};

bool has_body(ops::Op op, DType dtype, DType to) {
  if (ops::kind_of(op) != ops::Kind::elementwise) return false;
  try {
    math::body(op, dtype, to);
    return true;
  } catch (const InternalError&) {
    return false;
  }
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const ops::OpInfo& info : ops::op_table) {
    for (DType dtype : all_dtypes) {
      for (DType to : all_dtypes) {
        if (info.op != ops::Op::cast && to != DType::f32) continue;
        if (has_body(info.op, dtype, to)) cases.push_back({info.op, dtype, to});
      }
    }
  }
  return cases;
}

Bench bench_of(const Case& c, std::int64_t n, Numbers& numbers) {
  const machine::Code& code = math::body(c.op, c.dtype, c.to);
  Body body;
  program::LoopKernel kernel{.outer = {}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
  Bench bench{.kernel = {}, .operands = {}, .extents = {n}};
  std::vector<ValueId> operands;
  const bool moves[1] = {true};
  for (std::size_t i = 0; i < code.inputs.size(); ++i) {
    const DType t = machine::dtype_of(code.inputs[i]);
    kernel.accesses.push_back(Bench::access(t, {true}));
    operands.push_back(body.load(kernel.stages[0], static_cast<std::uint32_t>(i), t));
    Operand o = contiguous(t, bench.extents, moves, &numbers);
    const std::vector<std::uint64_t> special = special_values(t);
    const auto count = static_cast<std::int64_t>(special.size());
    // All combinations of special values where they fit, in mixed radix.
    std::int64_t period = 1;
    for (std::size_t k = 0; k < i; ++k) period *= count;
    for (std::int64_t k = 0; k < std::min<std::int64_t>(n / 2, period * count * 8); ++k)
      o.set(k, special[static_cast<std::size_t>(k / period % count)]);
    bench.operands.push_back(o);
  }
  const DType result = machine::dtype_of(code.type(code.outputs[0]));
  const ValueId value = body.op(kernel.stages[0], c.op, result, operands);
  kernel.stages[0].stores.push_back({value, static_cast<std::uint32_t>(kernel.accesses.size())});
  kernel.accesses.push_back(Bench::access(result, {true}));
  bench.operands.push_back(contiguous(result, bench.extents, moves, nullptr));
  kernel.values = body.values;
  bench.kernel = kernel;
  return bench;
}

/// exp_of_sum takes a number that is not large, a rounding error of it, and a factor that is not far from 1; ldexp_exp
/// one below a limit, and twos that leave a result of at most about 2.
void restrict_to_domain(const Case& c, Bench& bench) {
  const bool of_sum = c.op == ops::Op::exp_of_sum;
  if (!of_sum && c.op != ops::Op::ldexp_exp) return;
  const bool single = c.dtype == DType::f32;
  const auto encoded = [&](double v) {
    return single ? std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(v))} : std::bit_cast<std::uint64_t>(v);
  };
  for (std::int64_t i = 0; i < bench.extents[0]; ++i) {
    const double limit = of_sum ? 0 : single ? 207 : 1491;
    const double x = i % 100 == 0             ? std::nan("")
                     : i % 100 == 1 && !of_sum ? -INFINITY
                                               : limit - 0.2 * static_cast<double>(i);
    bench.operands[0].set(i, encoded(x));
    if (of_sum) {
      bench.operands[1].set(i, encoded(x * 0x1p-26));
      bench.operands[2].set(i, encoded(std::ldexp(static_cast<double>(i % 7 - 3) / 3, static_cast<int>(i % 61) - 30)));
    } else {
      const double top = std::isfinite(x) ? std::max(x, -limit) : 0;
      bench.operands[1].set(i, encoded(-std::ceil(top * 1.4427) - static_cast<double>(i % 7 * 20)));
    }
  }
}

class JitOps : public ::testing::TestWithParam<Case> {};

TEST_P(JitOps, GivesTheBitsOfEvaluate) {
  const Case& c = GetParam();
  Numbers numbers(static_cast<std::uint64_t>(c.op) * 7 + 1);
  const std::size_t arity = math::body(c.op, c.dtype, c.to).inputs.size();
  Bench bench = bench_of(c, arity == 1 ? 1501 : 8003, numbers);
  restrict_to_domain(c, bench);
  const std::vector<Operand> fused = evaluate(bench, true), separate = evaluate(bench, false);
  for (const std::string& isa : host_isas()) {
    SCOPED_TRACE(isa);
    EXPECT_EQ(difference(runtime::jit_engine().fused({.isa = isa}) ? fused : separate, run(bench, isa)), "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, JitOps, ::testing::ValuesIn(all_cases()), [](const auto& info) {
  const Case& c = info.param;
  std::string name = std::string(ops::name_of(c.op)) + "_" + std::string(name_of(c.dtype));
  return c.op == ops::Op::cast ? name + "_to_" + std::string(name_of(c.to)) : name;
});

/// Machine operations that no body uses, or not on all their domain: straight through a Code of one instruction would
/// need an op, so they are reached through fma (exact on every target) on operands that cancel, underflow and overflow.
TEST(JitFma, IsExactWhereProductsCancelAndVanish) {
  Numbers numbers(99);
  for (DType t : {DType::f32, DType::f64}) {
    const Case c{ops::Op::fma, t, t};
    Bench bench = bench_of(c, 9000, numbers);
    const bool single = t == DType::f32;
    for (std::int64_t i = 0; i < 9000; ++i) {
      const auto random = [&](int spread) {
        const std::uint64_t mantissa = numbers.next(),
                            exponent = numbers.next() % static_cast<std::uint64_t>(2 * spread + 1);
        const auto e = static_cast<std::uint64_t>((single ? 127 : 1023) - spread) + exponent;
        return single ? (mantissa & 0x807fffff) | e << 23 : (mantissa & 0x800fffffffffffff) | e << 52;
      };
      const int spread = i % 3 == 0 ? 2 : i % 3 == 1 ? (single ? 60 : 500) : (single ? 126 : 1022);
      const std::uint64_t a = random(spread), b = random(spread);
      bench.operands[0].set(i, a);
      bench.operands[1].set(i, b);
      // Every other time the rounded product with its sign turned, so that the result is the rounding error.
      const std::uint64_t product = machine::evaluate(math::body(ops::Op::mul, t), std::array{a, b}, true)[0];
      bench.operands[2].set(i, i % 2 == 0 ? product ^ (single ? 1ull << 31 : 1ull << 63) : random(spread));
    }
    const std::vector<Operand> expected = evaluate(bench, true);
    for (const std::string& isa : host_isas()) {
      SCOPED_TRACE(isa);
      EXPECT_EQ(difference(expected, run(bench, isa)), "");
    }
  }
}

}  // namespace
}  // namespace actinium::testing
