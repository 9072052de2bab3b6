// How a matrix product is cut into tasks, blocks and register tiles. Nothing here touches a value: the order of every
// sum is in program.hpp. Start reading at GemmPlan, then grid().
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "jit/target.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// Register tiles `vectors` wide, one variant for each number of rows, most rows first; any number of rows up to the
/// first is run by the smallest variant that holds it. Few variants: each costs time to compile.
struct TileShape {
  int vectors;
  std::vector<int> rows;
  int max_rows() const { return rows.front(); }
};

struct GemmPlan {
  DType dtype = DType::f32;
  int rank = 0;      ///< batch dimensions
  int accesses = 0;  ///< of the epilogue
  int lanes = 0;     ///< elements of a vector
  /// Vectors that the epilogue works on at once: independent chains hide the latency of long bodies.
  int epilogue_registers = 1;
  std::vector<TileShape> tiles;  ///< widest first; the last is one vector wide
  std::int64_t row_block = 0;    ///< rows of a task at most
  std::int64_t column_block = 0;

  std::int64_t element() const { return static_cast<std::int64_t>(size_of(dtype)); }
  /// Columns of the widest tile.
  std::int64_t tile_columns() const { return tiles.front().vectors * lanes; }
  std::int64_t tile_rows() const { return tiles.front().max_rows(); }

  // Offsets in scratch, in bytes; what a task keeps there at one time.
  struct Layout {
    std::int64_t task;     ///< a GemmTask
    std::int64_t bases;    ///< address of each access at the task's first element
    std::int64_t staging;  ///< one vector of an access that is not contiguous
    std::int64_t zeros;    ///< a row of -0: x + -0 is x for every x
    std::int64_t product;  ///< sums of the task's elements of C
    std::int64_t b;        ///< packed panel of B, or the sums of a block of k
    std::int64_t a;        ///< packed rows of A
    std::int64_t lanes;    ///< virtual lanes of narrow products
    std::int64_t levels;   ///< sums of chunks, one product block a level of the tree
    std::int64_t level_bytes;
  };
  Layout layout() const;
};

/// Rows of products with few rows, whose rows of B are streamed, so many rows of A at a time; columns of a task at
/// least and at most.
inline constexpr std::int64_t thin_rows = 8, stream_rows = 4;
inline constexpr std::int64_t thin_columns_min = 256, thin_columns_max = 1024;
/// Of products with at most program::narrow_columns columns: rows of a task, elements of k at a time, rows packed at a
/// time.
inline constexpr std::int64_t narrow_rows = 64, narrow_depth = 1024, narrow_packed_rows = 8;
/// Rows whose tiles are finished, epilogue and all, before the next are begun: their C stays in L1.
inline constexpr std::int64_t group_rows = 48;

/// Room for a GemmTask (jit/gemm_tasks.hpp).
inline constexpr std::int64_t gemm_task_bytes = 192;

/// What depends on dtype and target alone: lanes and tiles.
GemmPlan make_plan(DType dtype, const Target& target);
GemmPlan make_plan(const program::MatmulKernel& kernel, const Target& target);

// What grid() is written in; jit/gemm_kit.hpp has the same for numbers of the generated code.
inline std::int64_t number(std::int64_t, std::int64_t value) { return value; }
inline std::int64_t least(std::int64_t a, std::int64_t b) { return std::min(a, b); }
inline std::int64_t greatest(std::int64_t a, std::int64_t b) { return std::max(a, b); }
inline std::int64_t pick(bool condition, std::int64_t a, std::int64_t b) { return condition ? a : b; }
template <class A, class B>
A quotient_up(A a, B b) {
  return (a + (b - 1)) / b;
}

/// The tasks of one product: blocks of rows times blocks of columns, columns fastest.
template <class N>
struct Grid {
  N row_block, column_block;    ///< rows and columns of a task
  N row_blocks, column_blocks;  ///< and how many of them
  N pitch;                      ///< elements from one row of the task's sums to the next
};

/// Written once, for the engine's counts (N = int64) and for the generated code (N = Num).
template <class N>
Grid<N> grid(const GemmPlan& plan, N batch, N m, N n) {
  const auto constant = [&](std::int64_t value) { return number(m, value); };
  const auto narrow = n <= program::narrow_columns;
  const auto thin = m <= thin_rows;
  // Enough tasks for several threads, but not so few rows that packing B is not repaid.
  const N cells = greatest(batch * quotient_up(n, plan.column_block), constant(1));
  const N wanted = least(quotient_up(constant(8), cells), m / group_rows);
  const N blocks = greatest(greatest(quotient_up(m, plan.row_block), wanted), constant(1));
  const N rows = quotient_up(greatest(quotient_up(m, blocks), constant(1)), plan.tile_rows()) * plan.tile_rows();
  const N share = quotient_up(n, 8 * plan.tile_columns()) * plan.tile_columns();
  const N columns = least(greatest(share, constant(thin_columns_min)), constant(thin_columns_max));
  const N row_block = pick(narrow, constant(narrow_rows), pick(thin, constant(thin_rows), rows));
  const N column_block =
      pick(narrow, constant(program::narrow_columns), pick(thin, columns, constant(plan.column_block)));
  return {row_block, column_block, quotient_up(m, row_block), quotient_up(n, column_block),
          pick(narrow, constant(program::narrow_columns),
               pick(thin, constant(thin_columns_max), constant(plan.column_block)))};
}

/// The callbacks of runtime::CompiledKernel; `context` is the GemmPlan.
std::int64_t gemm_tasks(const void* context, const std::int64_t* extents);
std::int64_t gemm_scratch_bytes(const void* context, const std::int64_t* extents);

}  // namespace actinium::jit
