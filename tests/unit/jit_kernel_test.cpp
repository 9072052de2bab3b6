// Loop and column kernels at every instruction set: sizes, strides, broadcasting, stages, and the order of reductions.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "unit/jit_support.hpp"

namespace actinium::testing {
namespace {

using ops::Op;
using program::ColumnKernel;
using program::Combine;
using program::LoopKernel;
using program::Stage;
using program::ValueId;

void expect_same(const Bench& bench, std::int64_t grain = 3) {
  const std::vector<Operand> fused = evaluate(bench, true), separate = evaluate(bench, false);
  for (const std::string& isa : host_isas()) {
    SCOPED_TRACE(isa);
    EXPECT_EQ(difference(runtime::jit_engine().fused({.isa = isa}) ? fused : separate, run(bench, isa, grain)), "");
  }
}

template <class... Moves>
Operand filled(DType dtype, const std::vector<std::int64_t>& extents, Numbers* numbers, Moves... moves) {
  const bool flags[] = {moves...};
  return contiguous(dtype, extents, flags, numbers);
}

/// Spreads the elements of an operand: strides times `factor` (negative: backwards) along every dimension.
Operand spread(const Operand& o, const std::vector<std::int64_t>& extents, std::int64_t factor) {
  Operand result = o;
  const std::int64_t size = static_cast<std::int64_t>(o.bytes.size() / size_of(o.dtype)), step = std::abs(factor);
  result.bytes.assign(static_cast<std::size_t>(size * step) * size_of(o.dtype), 0);
  for (std::int64_t i = 0; i < size; ++i) result.set(i * step, o.get(i));
  for (std::size_t d = 0; d < extents.size(); ++d) {
    result.strides[d] = o.strides[d] * step;
    if (factor < 0 && extents[d] > 0) {
      result.start += result.strides[d] * (extents[d] - 1);
      result.strides[d] = -result.strides[d];
    }
  }
  return result;
}

/// z = exp(x) * y + x, and whether x < y, over [rows, n].
Bench elementwise(std::int64_t rows, std::int64_t n, DType t, std::array<bool, 2> y_moves = {true, true}) {
  Numbers numbers(static_cast<std::uint64_t>(n));
  Bench bench{.kernel = {}, .operands = {}, .extents = {rows, n}};
  LoopKernel kernel{.outer = {Dim("rows")}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
  kernel.accesses = {Bench::access(t, {true, true}), Bench::access(t, {y_moves[0], y_moves[1]}),
                     Bench::access(t, {true, true}), Bench::access(DType::b8, {true, true})};
  Body body;
  Stage& s = kernel.stages[0];
  const ValueId x = body.load(s, 0, t), y = body.load(s, 1, t);
  const ValueId product = body.op(s, Op::mul, t, {body.op(s, Op::exp, t, {x}), y});
  s.stores = {{body.op(s, Op::add, t, {product, x}), 2}, {body.op(s, Op::less, DType::b8, {x, y}), 3}};
  kernel.values = body.values;
  bench.kernel = kernel;
  bench.operands = {
      filled(t, bench.extents, &numbers, true, true), filled(t, bench.extents, &numbers, y_moves[0], y_moves[1]),
      filled(t, bench.extents, nullptr, true, true), filled(DType::b8, bench.extents, nullptr, true, true)};
  return bench;
}

std::vector<std::int64_t> odd_sizes() {
  std::vector<std::int64_t> sizes{0, 1, 2, 63, 64, 65, 511, 512, 513, 1023, 1025, 16383, 16384, 16385};
  for (std::int64_t n = 3; n <= 33; ++n) sizes.push_back(n);
  return sizes;
}

TEST(JitLoop, AnySize) {
  for (std::int64_t n : odd_sizes()) {
    SCOPED_TRACE(n);
    expect_same(elementwise(n < 100 ? 5 : 1, n, n % 2 == 0 ? DType::f64 : DType::f32));
  }
  expect_same(elementwise(1, 100003, DType::f32), 4);
}

TEST(JitLoop, AnyStride) {
  for (std::int64_t n : {1, 7, 16, 40, 513, 1100}) {
    for (std::int64_t factor : {2, -1, -3, 5}) {
      for (std::size_t which : {0u, 1u, 2u, 3u}) {
        SCOPED_TRACE(::testing::Message() << n << " elements, stride " << factor << " of operand " << which);
        Bench bench = elementwise(3, n, DType::f32);
        bench.operands[which] = spread(bench.operands[which], bench.extents, factor);
        expect_same(bench);
      }
    }
  }
}

TEST(JitLoop, BroadcastsAlongEitherDimension) {
  for (std::array<bool, 2> moves : {std::array{true, false}, std::array{false, true}, std::array{false, false}}) {
    for (std::int64_t n : {1, 10, 33, 700}) {
      SCOPED_TRACE(::testing::Message() << moves[0] << moves[1] << " of " << n);
      expect_same(elementwise(6, n, DType::f32, moves));
    }
  }
}

/// The executor may turn the loop nest of an elementwise kernel round, so that what stood still now moves and the
/// reverse.
TEST(JitLoop, DimensionsMayComeInAnotherOrder) {
  for (std::array<bool, 2> moves : {std::array{true, false}, std::array{false, true}, std::array{true, true}}) {
    Bench bench = elementwise(600, 20, DType::f32, moves);
    std::swap(bench.extents[0], bench.extents[1]);
    for (Operand& o : bench.operands) std::swap(o.strides[0], o.strides[1]);
    expect_same(bench);
  }
}

TEST(JitLoop, ManyDimensionsAndTypes) {
  Numbers numbers(3);
  Bench bench{.kernel = {}, .operands = {}, .extents = {2, 3, 1, 4, 19}};
  LoopKernel kernel{.outer = {2, 3, 1, 4}, .inner = 19, .accesses = {}, .stages = {Stage{}}, .values = {}};
  const std::vector<bool> all(5, true);
  kernel.accesses = {Bench::access(DType::i64, all, true), Bench::access(DType::i64, all),
                     Bench::access(DType::b8, all), Bench::access(DType::f64, all), Bench::access(DType::f32, all)};
  Body body;
  Stage& s = kernel.stages[0];
  const ValueId number = body.load(s, 0, DType::i64), label = body.load(s, 1, DType::i64),
                flag = body.load(s, 2, DType::b8);
  const ValueId sum = body.op(s, Op::add, DType::i64, {number, label});
  const ValueId chosen = body.op(s, Op::select, DType::i64, {flag, sum, number});
  s.stores = {{body.op(s, Op::cast, DType::f64, {chosen}), 3}, {body.op(s, Op::cast, DType::f32, {label}), 4}};
  kernel.values = body.values;
  bench.kernel = kernel;
  const Operand iota{.dtype = DType::i64, .bytes = {}, .start = -100, .strides = {1000, 100, 7, 10, 3}, .index = true};
  bench.operands = {iota, filled(DType::i64, bench.extents, &numbers, true, true, true, true, true),
                    filled(DType::b8, bench.extents, &numbers, true, true, true, true, true),
                    filled(DType::f64, bench.extents, nullptr, true, true, true, true, true),
                    filled(DType::f32, bench.extents, nullptr, true, true, true, true, true)};
  expect_same(bench);
  bench.operands[2] = spread(bench.operands[2], bench.extents, -2);
  bench.operands[3] = spread(bench.operands[3], bench.extents, 3);
  expect_same(bench, 1);
}

/// Several vectors of such a body are computed at once, whose lanes number different elements.
TEST(JitLoop, IndicesInLongBodies) {
  for (std::int64_t n : {5, 64, 131, 1027}) {
    SCOPED_TRACE(n);
    Bench bench{.kernel = {}, .operands = {}, .extents = {2, n}};
    LoopKernel kernel{.outer = {2}, .inner = Dim("n"), .accesses = {}, .stages = {Stage{}}, .values = {}};
    kernel.accesses = {Bench::access(DType::i64, {true, true}, true), Bench::access(DType::f32, {true, true})};
    Body body;
    Stage& s = kernel.stages[0];
    const ValueId number = body.op(s, Op::cast, DType::f32, {body.load(s, 0, DType::i64)});
    s.stores = {{body.op(s, Op::sin, DType::f32, {body.op(s, Op::tanh, DType::f32, {number})}), 1}};
    kernel.values = body.values;
    bench.kernel = kernel;
    const Operand iota{.dtype = DType::i64, .bytes = {}, .start = -70, .strides = {1000, 3}, .index = true};
    bench.operands = {iota, filled(DType::f32, bench.extents, nullptr, true, true)};
    expect_same(bench);
  }
}

/// A long chain, whose bodies become subroutines: sums of sin, tanh and pow of each other.
TEST(JitLoop, LongBodiesCallSubroutines) {
  Numbers numbers(8);
  for (DType t : {DType::f32, DType::f64}) {
    Bench bench{.kernel = {}, .operands = {}, .extents = {37}};
    LoopKernel kernel{.outer = {},
                      .inner = 37,
                      .accesses = {Bench::access(t, {true}), Bench::access(t, {true})},
                      .stages = {Stage{}},
                      .values = {}};
    Body body;
    Stage& s = kernel.stages[0];
    ValueId x = body.load(s, 0, t), y = x;
    for (int i = 0; i < 12; ++i) {
      const ValueId p = body.op(s, Op::pow, t, {body.op(s, Op::abs, t, {y}), x});
      y = body.op(s, Op::add, t, {body.op(s, Op::sin, t, {y}), body.op(s, Op::tanh, t, {p})});
    }
    s.stores = {{y, 1}};
    kernel.values = body.values;
    bench.kernel = kernel;
    bench.operands = {filled(t, bench.extents, &numbers, true), filled(t, bench.extents, nullptr, true)};
    for (std::int64_t i = 0; i < 37; ++i) {
      const double value = numbers.moderate();
      bench.operands[0].set(i, t == DType::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(value))
                                               : std::bit_cast<std::uint64_t>(value));
    }
    expect_same(bench);
  }
}

/// One reduction over the rows of [rows, n], its result times two stored, and if `keeps` x*x stored along the way.
Bench row_reduction(std::int64_t rows, std::int64_t n, DType t, Combine combine, bool heavy, bool keeps) {
  Numbers numbers(static_cast<std::uint64_t>(n) + 17);
  Bench bench{.kernel = {}, .operands = {}, .extents = {rows, n}};
  LoopKernel kernel{.outer = {Dim("rows")},
                    .inner = Dim("n"),
                    .accesses = {},
                    .stages = {Stage{}, Stage{.once = true, .steps = {}, .stores = {}, .reductions = {}, .kept = {}}},
                    .values = {}};
  kernel.accesses = {Bench::access(t, {true, true}), Bench::access(t, {true, false}), Bench::access(t, {true, true})};
  Body body;
  Stage &loop = kernel.stages[0], &once = kernel.stages[1];
  const ValueId x = body.load(loop, 0, t);
  const ValueId value = heavy ? body.op(loop, Op::tanh, t, {x}) : x;
  const ValueId result = body.fresh(t);
  loop.reductions = {{combine, value, result}};
  if (keeps) loop.stores = {{body.op(loop, Op::mul, t, {x, x}), 2}};
  once.stores = {{body.op(once, Op::add, t, {result, result}), 1}};
  kernel.values = body.values;
  bench.kernel = kernel;
  bench.operands = {filled(t, bench.extents, &numbers, true, true), filled(t, bench.extents, nullptr, true, false),
                    filled(t, bench.extents, nullptr, true, true)};
  return bench;
}

TEST(JitReduction, AnySizeTypeAndKind) {
  for (std::int64_t n : odd_sizes()) {
    for (Combine combine : {Combine::sum, Combine::prod, Combine::max, Combine::min}) {
      SCOPED_TRACE(::testing::Message() << n << " combine " << static_cast<int>(combine));
      const DType t = std::array{DType::f32, DType::f64, DType::i32, DType::i64}[static_cast<std::size_t>(n) % 4];
      expect_same(row_reduction(n < 100 ? 4 : 2, n, t, combine, false, n % 3 == 0));
    }
  }
}

TEST(JitReduction, ManyChunks) {
  for (Combine combine : {Combine::sum, Combine::max}) {
    expect_same(row_reduction(1, 100003, DType::f32, combine, false, false));
    expect_same(row_reduction(2, 5 * 16384, DType::f64, combine, false, true), 4);
  }
  expect_same(row_reduction(1, 50001, DType::f32, Combine::sum, true, false));
}

TEST(JitReduction, StridedRowsAndLargeBodies) {
  for (std::int64_t factor : {-1, 3}) {
    for (std::int64_t n : {5, 100, 1300}) {
      Bench bench = row_reduction(3, n, DType::f32, Combine::sum, n != 100, true);
      bench.operands[0] = spread(bench.operands[0], bench.extents, factor);
      bench.operands[1] = spread(bench.operands[1], bench.extents, -2);
      expect_same(bench);
    }
  }
}

/// Softmax over [rows, n]: maximum; exp(x - max), kept, and its sum; quotient. The logarithm of the sum is stored once
/// a row.
Bench softmax(std::int64_t rows, std::int64_t n, DType t) {
  Numbers numbers(static_cast<std::uint64_t>(n) + 5);
  Bench bench{.kernel = {}, .operands = {}, .extents = {rows, n}};
  LoopKernel kernel{
      .outer = {Dim("rows")}, .inner = Dim("n"), .accesses = {}, .stages = std::vector<Stage>(4), .values = {}};
  kernel.accesses = {Bench::access(t, {true, true}), Bench::access(t, {true, true}), Bench::access(t, {true, false}),
                     Bench::access(t, {true, false})};
  Body body;
  const ValueId largest = body.fresh(t), total = body.fresh(t);
  Stage &first = kernel.stages[0], &second = kernel.stages[1], &once = kernel.stages[2], &last = kernel.stages[3];
  first.reductions = {{Combine::max, body.load(first, 0, t), largest}};
  const ValueId e = body.op(second, Op::exp, t, {body.op(second, Op::sub, t, {body.load(second, 0, t), largest})});
  const ValueId positive = body.op(second, Op::greater, DType::b8, {e, body.constant(second, t, 0)});
  second.reductions = {{Combine::sum, e, total}};
  second.kept = {e, positive};
  once.once = true;
  const ValueId inverse = body.op(once, Op::reciprocal, t, {body.op(once, Op::add, t, {total, body.load(once, 3, t)})});
  once.stores = {{body.op(once, Op::log, t, {total}), 2}};
  last.stores = {{body.op(last, Op::select, t, {positive, body.op(last, Op::mul, t, {e, inverse}), largest}), 1}};
  kernel.values = body.values;
  bench.kernel = kernel;
  bench.operands = {filled(t, bench.extents, nullptr, true, true), filled(t, bench.extents, nullptr, true, true),
                    filled(t, bench.extents, nullptr, true, false), filled(t, bench.extents, &numbers, true, false)};
  Operand& x = bench.operands[0];
  for (std::int64_t i = 0; i < rows * n; ++i) {
    const double value = numbers.moderate() * 20;
    x.set(i, t == DType::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(value))
                             : std::bit_cast<std::uint64_t>(value));
  }
  return bench;
}

TEST(JitStages, Softmax) {
  for (std::int64_t n : {0, 1, 2, 10, 16, 17, 100, 640, 1000, 16385, 40000}) {
    for (DType t : {DType::f32, DType::f64}) {
      SCOPED_TRACE(n);
      expect_same(softmax(n < 1000 ? 7 : 2, n, t));
    }
  }
  Bench strided = softmax(3, 1100, DType::f32);
  strided.operands[0] = spread(strided.operands[0], strided.extents, -2);
  strided.operands[1] = spread(strided.operands[1], strided.extents, 3);
  expect_same(strided);
}

/// Many rows at once where their length is known to be small, and those that are left over.
TEST(JitStages, ShortRowsOfKnownLength) {
  for (std::int64_t n : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 50, 64}) {
    for (DType t : {DType::f32, DType::f64}) {
      SCOPED_TRACE(n);
      Bench bench = softmax(43, n, t);
      std::get<LoopKernel>(bench.kernel).inner = n;
      for (std::int64_t grain : {100, 11, 3}) expect_same(bench, grain);
      bench.operands[0] = spread(bench.operands[0], bench.extents, -2);
      bench.operands[1] = spread(bench.operands[1], bench.extents, 3);
      expect_same(bench, 100);
    }
  }
}

/// x minus the element of its row that a label names: sum(where(i == label, x, 0)), perhaps beside a maximum, is no loop.
Bench picked(std::int64_t n, DType t, DType label_type, bool beside_maximum) {
  const std::vector<std::int64_t> labels = {0, n - 1, n, -1, n / 2, std::numeric_limits<std::int32_t>::min(), 3};
  Numbers numbers(static_cast<std::uint64_t>(n) + 6);
  Bench bench{.kernel = {}, .operands = {}, .extents = {static_cast<std::int64_t>(labels.size()), n}};
  LoopKernel kernel{
      .outer = {Dim("rows")}, .inner = Dim("n"), .accesses = {}, .stages = std::vector<Stage>(2), .values = {}};
  kernel.accesses = {Bench::access(t, {true, true}), Bench::access(label_type, {true, false}),
                     Bench::access(DType::i64, {false, true}, true), Bench::access(t, {true, true})};
  kernel.accesses[2].start = {Dim(0)};
  Body body;
  const ValueId largest = body.fresh(t), chosen = body.fresh(t);
  Stage &first = kernel.stages[0], &last = kernel.stages[1];
  const ValueId x = body.load(first, 0, t), label = body.load(first, 1, label_type);
  ValueId number = body.load(first, 2, DType::i64);
  if (label_type != DType::i64) number = body.op(first, Op::cast, label_type, {number});
  const ValueId same = body.op(first, Op::equal, DType::b8, {number, label});
  first.reductions = {{Combine::sum, body.op(first, Op::select, t, {same, x, body.constant(first, t, 0)}), chosen}};
  if (beside_maximum) first.reductions.push_back({Combine::max, x, largest});
  ValueId result = body.op(last, Op::sub, t, {body.load(last, 0, t), chosen});
  if (beside_maximum) result = body.op(last, Op::add, t, {result, largest});
  last.stores = {{result, 3}};
  kernel.values = body.values;
  bench.kernel = kernel;
  const Operand iota{.dtype = DType::i64, .bytes = {}, .start = 0, .strides = {0, 1}, .index = true};
  bench.operands = {filled(t, bench.extents, &numbers, true, true), filled(label_type, bench.extents, nullptr, true, false),
                    iota, filled(t, bench.extents, nullptr, true, true)};
  for (std::size_t i = 0; i < labels.size(); ++i)
    bench.operands[1].set(static_cast<std::int64_t>(i), static_cast<std::uint64_t>(labels[i]));
  if (n > 3) bench.operands[0].set(6 * n + 3, t == DType::f32 ? 0x80000000u : 0x8000000000000000u);  // -0 sums to +0
  return bench;
}

TEST(JitStages, PickedElements) {
  for (std::int64_t n : {1, 5, 16, 130, 1000, 16390}) {
    for (DType t : {DType::f32, DType::f64}) {
      for (DType label : {DType::i32, DType::i64}) {
        SCOPED_TRACE(n);
        for (bool beside_maximum : {true, false}) expect_same(picked(n, t, label, beside_maximum));
      }
    }
  }
  Bench strided = picked(700, DType::f32, DType::i32, true);
  strided.operands[0] = spread(strided.operands[0], strided.extents, -2);
  expect_same(strided);
}

/// Sum of x*w and maximum of x over the rows of [outer, reduced, inner]; w has no columns. x*w is stored, too.
Bench columns(std::int64_t outer, std::int64_t reduced, std::int64_t inner, DType t) {
  Numbers numbers(static_cast<std::uint64_t>(reduced * 31 + inner));
  Bench bench{.kernel = {}, .operands = {}, .extents = {outer, reduced, inner}};
  ColumnKernel kernel{.outer = {Dim("o")},
                      .reduced = Dim("r"),
                      .inner = Dim("i"),
                      .accesses = {},
                      .body = {},
                      .finish = {},
                      .values = {}};
  kernel.accesses = {Bench::access(t, {true, true, true}),  Bench::access(t, {true, true, false}),
                     Bench::access(t, {true, true, true}),  Bench::access(t, {true, false, true}),
                     Bench::access(t, {true, false, true}), Bench::access(t, {true, false, true})};
  Body body;
  const ValueId x = body.load(kernel.body, 0, t), w = body.load(kernel.body, 1, t),
                product = body.op(kernel.body, Op::mul, t, {x, w});
  const ValueId sum = body.fresh(t), largest = body.fresh(t);
  kernel.body.reductions = {{Combine::sum, product, sum}, {Combine::max, x, largest}};
  kernel.body.stores = {{product, 2}};
  kernel.finish.once = true;
  kernel.finish.stores = {{body.op(kernel.finish, Op::sub, t, {sum, body.load(kernel.finish, 5, t)}), 3}, {largest, 4}};
  kernel.values = body.values;
  bench.kernel = kernel;
  bench.operands = {
      filled(t, bench.extents, &numbers, true, true, true), filled(t, bench.extents, &numbers, true, true, false),
      filled(t, bench.extents, nullptr, true, true, true),  filled(t, bench.extents, nullptr, true, false, true),
      filled(t, bench.extents, nullptr, true, false, true), filled(t, bench.extents, &numbers, true, false, true)};
  return bench;
}

TEST(JitColumns, AnySize) {
  for (std::int64_t reduced : {0, 1, 2, 255, 256, 257, 700}) {
    for (std::int64_t inner : {1, 3, 8, 10, 16, 33, 63, 64, 65, 130}) {
      SCOPED_TRACE(::testing::Message() << reduced << " rows of " << inner);
      expect_same(columns(2, reduced, inner, (reduced + inner) % 2 == 0 ? DType::f32 : DType::f64));
    }
  }
}

TEST(JitColumns, ManyChunks) {
  expect_same(columns(1, 3 * 16384 + 300, 5, DType::f32), 1);
  expect_same(columns(1, 16384, 17, DType::f64), 1);
}

TEST(JitColumns, Strided) {
  for (std::size_t which : {0u, 2u, 3u}) {
    for (std::int64_t factor : {-1, 3}) {
      Bench bench = columns(2, 300, 70, DType::f32);
      bench.operands[which] = spread(bench.operands[which], bench.extents, factor);
      expect_same(bench);
    }
  }
}

}  // namespace
}  // namespace actinium::testing
