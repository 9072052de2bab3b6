// Matrix products of the JIT, bit by bit against plain loops in the order of program.hpp: shapes, layouts, batches,
// epilogues, instruction sets, and any split into tasks. Start reading at expected_product.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "jit/target.hpp"
#include "math/functions.hpp"
#include "unit/jit_support.hpp"

namespace actinium {
namespace {

using program::AxisMap;
using program::MatmulKernel;
using testing::Body;
using testing::Numbers;
using testing::Operand;

enum class Layout { rows, columns, spaced, reversed };

struct Case {
  DType dtype;
  std::int64_t m, n, k;
  Layout a = Layout::rows, b = Layout::rows, c = Layout::rows;
  std::int64_t batch = 1;
  bool share_a = false, share_b = false;  ///< the same matrix for the whole batch
  std::int64_t sum_step = 0;              ///< sums of B's columns too, so far apart; 0: none
};

/// A matrix in the layout, with unused elements between and after; dimensions batch, rows, columns.
Operand matrix(DType dtype, std::int64_t batch, std::int64_t rows, std::int64_t columns, Layout layout,
               Numbers* numbers) {
  Operand o{.dtype = dtype, .bytes = {}, .start = 0, .strides = {}, .index = false};
  std::int64_t size = rows * columns;
  switch (layout) {
    case Layout::rows: o.strides = {size, columns, 1}; break;
    case Layout::columns: o.strides = {size, 1, rows}; break;
    case Layout::spaced: size = rows * (3 * columns + 5), o.strides = {size, 3 * columns + 5, 3}; break;
    case Layout::reversed: o.strides = {size, -columns, -1}, o.start = std::max<std::int64_t>(size - 1, 0); break;
  }
  o.bytes.assign(static_cast<std::size_t>(std::max<std::int64_t>(size * batch, 1)) * size_of(dtype), 0);
  for (std::int64_t i = 0; numbers != nullptr && i < size * batch; ++i) {
    const double x = numbers->moderate();
    o.set(i,
          dtype == DType::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(x)) : std::bit_cast<std::uint64_t>(x));
  }
  return o;
}

std::int64_t element(const Operand& o, std::int64_t batch, std::int64_t i, std::int64_t j) {
  return o.start + batch * o.strides[0] + i * o.strides[1] + j * o.strides[2];
}
template <class T>
T value(const Operand& o, std::int64_t batch, std::int64_t i, std::int64_t j) {
  T x;
  std::memcpy(&x, o.bytes.data() + static_cast<std::size_t>(element(o, batch, i, j)) * sizeof(T), sizeof(T));
  return x;
}

template <class T>
T tree(std::vector<T> parts) {
  while (parts.size() > 1) {
    std::vector<T> next;
    for (std::size_t i = 0; i < parts.size(); i += 2)
      next.push_back(i + 1 < parts.size() ? parts[i] + parts[i + 1] : parts[i]);
    parts = next;
  }
  return parts.empty() ? T(0) : parts[0];
}

/// One element of A @ B as program.hpp defines it.
template <class T>
T expected_product(const Case& c, bool fused, const Operand& a, const Operand& b, std::int64_t batch, std::int64_t i,
                   std::int64_t j) {
  const auto muladd = [&](T sum, std::int64_t k) {
    const T x = value<T>(a, batch, i, k), y = value<T>(b, batch, k, j);
    return fused ? std::fma(x, y, sum) : x * y + sum;
  };
  const std::size_t lane_count = static_cast<std::size_t>(program::reduction_lanes(c.dtype));
  std::vector<T> chunks;
  for (std::int64_t start = 0; start < c.k; start += program::chunk_elements) {
    const std::int64_t end = std::min(c.k, start + program::chunk_elements);
    if (c.n <= program::narrow_columns) {
      std::vector<T> lanes(lane_count, T(0));
      for (std::int64_t k = start; k < end; ++k) {
        T& lane = lanes[static_cast<std::size_t>(k - start) % lane_count];
        lane = muladd(lane, k);
      }
      for (std::size_t half = lane_count / 2; half > 0; half /= 2) {
        for (std::size_t l = 0; l < half; ++l) lanes[l] = lanes[l] + lanes[l + half];
      }
      chunks.push_back(lanes[0]);
      continue;
    }
    T chunk = 0;
    for (std::int64_t block = start; block < end; block += program::block_elements) {
      T sum = 0;
      for (std::int64_t k = block; k < std::min(end, block + program::block_elements); ++k) sum = muladd(sum, k);
      chunk = block == start ? sum : chunk + sum;
    }
    chunks.push_back(chunk);
  }
  return tree(chunks);
}

/// The sum of a column of B as a ColumnKernel would give it.
template <class T>
T expected_column_sum(const Case& c, const Operand& b, std::int64_t batch, std::int64_t j) {
  std::vector<T> chunks;
  for (std::int64_t start = 0; start < c.k; start += program::chunk_elements) {
    const std::int64_t end = std::min(c.k, start + program::chunk_elements);
    T chunk = 0;
    for (std::int64_t block = start; block < end; block += program::block_elements) {
      T sum = 0;
      for (std::int64_t k = block; k < std::min(end, block + program::block_elements); ++k)
        sum = sum + value<T>(b, batch, k, j);
      chunk = block == start ? sum : chunk + sum;
    }
    chunks.push_back(chunk);
  }
  return tree(chunks);
}

template <class T>
std::uint64_t bits_of(T x) {
  if constexpr (sizeof(T) == 4) {
    return std::bit_cast<std::uint32_t>(x);
  } else {
    return std::bit_cast<std::uint64_t>(x);
  }
}

/// A product with its operands: a, b, then the epilogue's.
struct Product {
  MatmulKernel kernel;
  std::vector<Operand> operands;
  std::vector<std::int64_t> extents;
};

program::Access access(const Operand& o) {
  program::Access result{
      .buffer = o.index ? program::no_buffer : program::BufferId{0}, .dtype = o.dtype, .dims = {}, .start = {}};
  for (std::size_t d = 0; d < o.strides.size(); ++d)
    result.dims.push_back(o.strides[d] == 0 ? AxisMap{} : AxisMap{static_cast<int>(d), 1});
  return result;
}

Product make_product(const Case& c, std::uint64_t seed) {
  Numbers numbers(seed);
  Product p;
  p.operands.push_back(matrix(c.dtype, c.share_a ? 1 : c.batch, c.m, c.k, c.a, &numbers));
  p.operands.push_back(matrix(c.dtype, c.share_b ? 1 : c.batch, c.k, c.n, c.b, &numbers));
  if (c.share_a) p.operands[0].strides[0] = 0;
  if (c.share_b) p.operands[1].strides[0] = 0;
  p.kernel = {.batch = {Dim("batch")},
              .m = Dim("m"),
              .n = Dim("n"),
              .k = Dim("k"),
              .a = {},
              .b = {},
              .dtype = c.dtype,
              .accesses = {},
              .epilogue = {},
              .values = {}};
  p.extents = {c.batch, c.m, c.n, c.k};
  return p;
}

void finish(Product& p, const Body& body) {
  // Axis numbers order a matrix's dimensions by stride, as a transposed view of a buffer would.
  const auto view = [&](const Operand& o) {
    program::Access result = access(o);
    if (std::abs(o.strides[2]) > std::abs(o.strides[1])) result.dims[1] = AxisMap{2, 1}, result.dims[2] = AxisMap{1, 1};
    return result;
  };
  p.kernel.a = view(p.operands[0]);
  p.kernel.b = view(p.operands[1]);
  for (std::size_t o = 2; o < p.operands.size(); ++o) p.kernel.accesses.push_back(access(p.operands[o]));
  p.kernel.values = body.values;
}

/// Memory as the executor gives it, full of a pattern; what lies behind it must stay as it is.
struct Guarded {
  explicit Guarded(std::int64_t bytes)
      : size(static_cast<std::size_t>(bytes + 127) / 64 * 64),
        memory(static_cast<std::uint8_t*>(std::aligned_alloc(64, size))) {
    std::fill(memory.get(), memory.get() + size, 0xa5);
  }
  bool intact() const {
    return std::all_of(memory.get() + size - 63, memory.get() + size, [](std::uint8_t x) { return x == 0xa5; });
  }
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::size_t size;
  std::unique_ptr<std::uint8_t, Free> memory;
};

std::shared_ptr<const runtime::Executable> compile(const Product& p, const std::string& isa, bool interpreted) {
  auto program = std::make_shared<program::Program>();
  program->kernels.push_back({.body = p.kernel, .name = "product"});
  program->fused = runtime::jit_engine().fused({.isa = isa});
  return interpreted ? runtime::interpret(program) : runtime::jit_engine().compile(program, {.isa = isa});
}

std::vector<Operand> run(const Product& p, const runtime::Executable& executable, std::int64_t grain) {
  const runtime::CompiledKernel& kernel = executable.kernel(0);
  std::vector<Operand> operands = p.operands;
  std::vector<void*> pointers;
  std::vector<std::int64_t> strides;
  for (Operand& o : operands) {
    pointers.push_back(o.index ? reinterpret_cast<void*>(o.start)
                               : o.bytes.data() + o.start * static_cast<std::int64_t>(size_of(o.dtype)));
    strides.insert(strides.end(), o.strides.begin(), o.strides.end());
  }
  const Guarded scratch(kernel.scratch_bytes(kernel.context, p.extents.data()));
  const Guarded shared(kernel.shared_bytes == nullptr ? 0 : kernel.shared_bytes(kernel.context, p.extents.data()));
  const runtime::KernelArgs args{pointers.data(), strides.data(), p.extents.data(), nullptr, shared.memory.get()};
  const auto go = [&](std::int64_t tasks, runtime::CompiledKernel::Run run) {
    for (std::int64_t end = tasks; end > 0; end -= grain) {  // backwards: no order is taken for granted
      const std::int64_t begin = std::max<std::int64_t>(end - grain, 0);
      run(kernel.context, &args, begin, end, scratch.memory.get());
    }
  };
  if (kernel.prepare_tasks != nullptr)
    go(kernel.prepare_tasks(kernel.context, p.extents.data()), kernel.run_prepare);
  go(kernel.main_tasks(kernel.context, p.extents.data()), kernel.run);
  EXPECT_TRUE(scratch.intact()) << "scratch overrun";
  EXPECT_TRUE(shared.intact()) << "shared memory overrun";
  return operands;
}

/// Stores the product; compares with plain loops.
template <class T>
void expect_product(const Case& c, const std::string& isa, std::int64_t grain = 3) {
  SCOPED_TRACE(::testing::Message() << isa << " " << name_of(c.dtype) << " " << c.batch << "x" << c.m << "x" << c.n
                                    << "x" << c.k << " layouts " << static_cast<int>(c.a) << static_cast<int>(c.b)
                                    << static_cast<int>(c.c));
  Product p = make_product(c, 7);
  p.operands.push_back(matrix(c.dtype, c.batch, c.m, c.n, c.c, nullptr));
  Body body;
  const program::ValueId product = body.fresh(c.dtype);
  p.kernel.epilogue.steps.push_back({.kind = program::Step::Kind::product, .result = product});
  p.kernel.epilogue.stores = {{product, 0}};
  if (c.sum_step != 0) {
    p.operands.push_back(matrix(c.dtype, c.batch, 1, c.n * c.sum_step, Layout::rows, nullptr));
    p.operands.back().strides = {c.n * c.sum_step, 0, c.sum_step};
    p.kernel.column_sums = 1;
  }
  finish(p, body);

  std::vector<Operand> wanted = p.operands;
  for (std::int64_t batch = 0; c.sum_step != 0 && c.m != 0 && batch < c.batch; ++batch) {
    for (std::int64_t j = 0; j < c.n; ++j)
      wanted[3].set(element(wanted[3], batch, 0, j), bits_of(expected_column_sum<T>(c, p.operands[1], batch, j)));
  }
  const bool fused = runtime::jit_engine().fused({.isa = isa});
  for (std::int64_t batch = 0; batch < c.batch; ++batch) {
    for (std::int64_t i = 0; i < c.m; ++i) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        wanted[2].set(element(wanted[2], batch, i, j),
                      bits_of(expected_product<T>(c, fused, p.operands[0], p.operands[1], batch, i, j)));
      }
    }
  }
  // One compile serves all sizes and strides: they are arguments.
  static std::map<std::string, std::shared_ptr<const runtime::Executable>> compiled;
  auto& executable = compiled[isa + (p.kernel.a.dims[2].axis < p.kernel.a.dims[1].axis ? " transposed" : "") +
                              (p.kernel.column_sums ? " sums" : "")];
  if (executable == nullptr) executable = compile(p, isa, false);
  EXPECT_EQ(testing::difference(wanted, run(p, *executable, grain)), "");
  if (p.kernel.column_sums) {
    EXPECT_EQ(testing::difference(wanted, run(p, *compile(p, isa, true), grain)), "") << "interpreter";
  }
}

void expect_product(const Case& c, const std::string& isa, std::int64_t grain = 3) {
  c.dtype == DType::f64 ? expect_product<double>(c, isa, grain) : expect_product<float>(c, isa, grain);
}

class Gemm : public ::testing::TestWithParam<std::string> {};

TEST_P(Gemm, Shapes) {
  const std::vector<std::array<std::int64_t, 3>> shapes{
      {0, 5, 7},      {5, 0, 7},      {5, 7, 0},       {3, 3, 0},      {1, 9, 0},       {1, 1, 1},       {1, 5, 1},
      {2, 6, 2},      {3, 7, 3},      {4, 8, 4},       {5, 9, 5},      {6, 10, 6},      {7, 15, 7},      {8, 16, 8},
      {9, 17, 9},     {11, 31, 31},   {13, 33, 33},    {16, 40, 64},   {17, 47, 65},    {33, 48, 100},   {49, 49, 17},
      {64, 64, 64},   {65, 65, 65},   {100, 100, 100}, {97, 130, 20},  {127, 129, 131}, {12, 70, 255},   {12, 70, 256},
      {12, 70, 257},  {20, 33, 511},  {20, 33, 513},   {1, 300, 70},   {2, 1100, 9},    {3, 64, 300},    {4, 2500, 5},
      {5, 600, 70},   {8, 1030, 300}, {1, 1, 63},      {1, 1, 64},     {1, 1, 65},      {9, 2, 1023},    {70, 3, 1025},
      {130, 4, 200},  {600, 20, 9},   {1100, 66, 3},   {300, 300, 3},  {1100, 70, 30},  {260, 300, 600}, {110, 33, 20},
      {200, 33, 260}, {45, 700, 70},  {1, 2600, 70},   {1, 4100, 260}, {7, 1, 2000},    {70, 1, 1100},
      {64, 64, 600},  {61, 35, 900},  {100, 130, 2000}, {130, 70, 1400}};
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const auto& [m, n, k] : shapes) expect_product({.dtype = dtype, .m = m, .n = n, .k = k}, GetParam());
    // Tasks side by side, joined.
    for (std::int64_t m : {1, 3}) expect_product({.dtype = dtype, .m = m, .n = 2600, .k = 260}, GetParam(), 100);
  }
}

/// A is too large to be packed as a whole: each task packs its own rows.
TEST_P(Gemm, LargeA) { expect_product({.dtype = DType::f32, .m = 1030, .n = 34, .k = 16500}, GetParam()); }

TEST_P(Gemm, Layouts) {
  const std::array layouts{Layout::rows, Layout::columns, Layout::spaced, Layout::reversed};
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const auto& [m, n, k] :
         {std::array<std::int64_t, 3>{1, 70, 300}, {4, 37, 19}, {50, 75, 270}, {21, 3, 1100}, {67, 1, 40}}) {
      for (Layout a : layouts) {
        for (Layout b : layouts) expect_product({.dtype = dtype, .m = m, .n = n, .k = k, .a = a, .b = b}, GetParam());
      }
      for (Layout c : layouts) expect_product({.dtype = dtype, .m = m, .n = n, .k = k, .c = c}, GetParam());
    }
  }
}

TEST_P(Gemm, Batches) {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const auto& [m, n, k] :
         {std::array<std::int64_t, 3>{1, 20, 30}, {5, 6, 7}, {60, 70, 10}, {8, 2, 90}, {5, 0, 3}, {45, 70, 300}}) {
      for (bool share_a : {false, true}) {
        for (bool share_b : {false, true}) {
          const Case c{.dtype = dtype, .m = m, .n = n, .k = k, .batch = 5, .share_a = share_a, .share_b = share_b};
          expect_product(c, GetParam(), 1);
          expect_product(c, GetParam(), 100);
        }
      }
    }
  }
}

TEST_P(Gemm, LongSums) {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (std::int64_t k : {16383, 16384, 16385, 40000, 16384 * 5, 16384 * 7 + 300}) {
      for (const auto& [m, n] : {std::array<std::int64_t, 2>{1, 1}, {3, 4}, {1, 5}, {4, 70}, {7, 9}, {5, 1}}) {
        expect_product({.dtype = dtype, .m = m, .n = n, .k = k}, GetParam());
      }
    }
  }
  for (std::int64_t m : {1, 5, 20, 130}) {
    for (std::int64_t k : {0, 3, 64, 1100, 40000}) {
      for (DType dtype : {DType::f32, DType::f64})
        expect_product({.dtype = dtype, .m = m, .n = 1, .k = k, .a = Layout::columns}, GetParam());
    }
  }
  expect_product({.dtype = DType::f32, .m = 70, .n = 80, .k = 20000}, GetParam());
  expect_product({.dtype = DType::f32, .m = 7, .n = 70, .k = 40000, .a = Layout::columns, .b = Layout::columns},
                 GetParam());
}

/// Beside products that go each way; columns up to several strips; rows up to several chunks.
TEST_P(Gemm, SumsOfColumns) {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const auto& [m, n, k] :
         {std::array<std::int64_t, 3>{1, 9, 300}, {3, 1100, 20}, {64, 10, 32}, {64, 64, 32}, {40, 130, 600}, {130, 70, 1400},
          {64, 5, 0}, {20, 33, 40000}, {7, 70, 16384 * 5 + 300}, {300, 300, 300}}) {
      expect_product({.dtype = dtype, .m = m, .n = n, .k = k, .sum_step = 1}, GetParam());
      expect_product({.dtype = dtype, .m = m, .n = n, .k = k, .a = Layout::columns, .b = Layout::columns, .sum_step = 3},
                     GetParam());
    }
    for (Layout b : {Layout::spaced, Layout::reversed}) {
      expect_product({.dtype = dtype, .m = 20, .n = 70, .k = 300, .b = b, .c = b, .batch = 3, .sum_step = 1}, GetParam());
      expect_product({.dtype = dtype, .m = 200, .n = 170, .k = 300, .b = b, .c = b, .batch = 3, .sum_step = 2}, GetParam());
    }
  }
}

/// act = tanh(product + bias[j]) * scale[i], and act > limit[batch], and a cast of the column number, in three layouts.
TEST_P(Gemm, Epilogues) {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (Layout layout : {Layout::rows, Layout::columns, Layout::spaced}) {
      for (const auto& [m, n, k] :
           {std::array<std::int64_t, 3>{1, 40, 20}, {50, 71, 300}, {7, 3, 9}, {70, 1, 100}, {3, 100, 17000}, {5, 9, 0}}) {
        const Case c{.dtype = dtype, .m = m, .n = n, .k = k, .c = layout, .batch = 2};
        Product p = make_product(c, 11);
        Numbers numbers(5);
        const std::array sizes{c.batch, m, n};
        const auto along = [&](DType t, bool batch, bool row, bool column) {
          const std::array moves{batch, row, column};
          return testing::contiguous(t, sizes, moves, &numbers);
        };
        p.operands.push_back(along(dtype, false, false, true));    // 0 bias
        p.operands.push_back(along(dtype, false, true, false));    // 1 scale
        p.operands.push_back(along(dtype, true, false, false));    // 2 limit
        p.operands.push_back(along(DType::b8, true, true, true));  // 3 mask
        p.operands.push_back(
            {.dtype = DType::i64, .bytes = {}, .start = -3, .strides = {100, 10, 1}, .index = true});  // 4
        p.operands.push_back(along(DType::i64, false, true, true));                                    // 5 labels
        p.operands.push_back(matrix(dtype, c.batch, m, n, layout, nullptr));                           // 6
        p.operands.push_back(matrix(DType::b8, c.batch, m, n, layout, nullptr));                       // 7
        p.operands.push_back(matrix(DType::i64, c.batch, m, n, layout, nullptr));                      // 8
        Body body;
        program::Stage& s = p.kernel.epilogue;
        const auto product = body.fresh(dtype);
        s.steps.push_back({.kind = program::Step::Kind::product, .result = product});
        const auto bias = body.load(s, 0, dtype), scale = body.load(s, 1, dtype), limit = body.load(s, 2, dtype);
        const auto mask = body.load(s, 3, DType::b8), number = body.load(s, 4, DType::i64),
                   label = body.load(s, 5, DType::i64);
        const auto tanh = body.op(s, ops::Op::tanh, dtype, {body.op(s, ops::Op::add, dtype, {product, bias})});
        const auto act = body.op(s, ops::Op::mul, dtype, {tanh, scale});
        const auto more = body.op(s, ops::Op::greater, DType::b8, {act, limit});
        const auto both = body.op(s, ops::Op::logical_and, DType::b8, {more, mask});
        const auto sum = body.op(s, ops::Op::add, DType::i64, {number, label});
        s.stores = {{act, 6}, {both, 7}, {sum, 8}};
        finish(p, body);

        const bool fused = runtime::jit_engine().fused({.isa = GetParam()});
        const auto apply = [&](ops::Op op, DType t, std::vector<std::uint64_t> arguments) {
          return machine::evaluate(math::body(op, t), arguments, fused)[0];
        };
        std::vector<Operand> wanted = p.operands;
        for (std::int64_t batch = 0; batch < c.batch; ++batch) {
          for (std::int64_t i = 0; i < m; ++i) {
            for (std::int64_t j = 0; j < n; ++j) {
              const auto in = [&](std::size_t o) { return wanted[o + 2].get(element(wanted[o + 2], batch, i, j)); };
              const auto out = [&](std::size_t o, std::uint64_t bits) {
                wanted[o + 2].set(element(wanted[o + 2], batch, i, j), bits);
              };
              const std::uint64_t x =
                  dtype == DType::f32
                      ? bits_of(expected_product<float>(c, fused, p.operands[0], p.operands[1], batch, i, j))
                      : bits_of(expected_product<double>(c, fused, p.operands[0], p.operands[1], batch, i, j));
              const std::uint64_t y = apply(
                  ops::Op::mul, dtype, {apply(ops::Op::tanh, dtype, {apply(ops::Op::add, dtype, {x, in(0)})}), in(1)});
              out(6, y);
              out(7, apply(ops::Op::greater, dtype, {y, in(2)}) & in(3));
              out(8, static_cast<std::uint64_t>(-3 + 100 * batch + 10 * i + j) + in(5));
            }
          }
        }
        SCOPED_TRACE(::testing::Message()
                     << name_of(dtype) << " " << m << "x" << n << "x" << k << " layout " << static_cast<int>(layout));
        EXPECT_EQ(testing::difference(wanted, run(p, *compile(p, GetParam(), false), 2)), "");
        EXPECT_EQ(testing::difference(wanted, run(p, *compile(p, GetParam(), true), 2)), "") << "interpreter";
        // Known sizes compile less code.
        p.kernel.m = m, p.kernel.n = n, p.kernel.k = k;
        EXPECT_EQ(testing::difference(wanted, run(p, *compile(p, GetParam(), false), 1)), "") << "known sizes";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Gemm, ::testing::ValuesIn(testing::host_isas()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace actinium
