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
  /// Rows of a product with a single column that are read at once.
  int narrow_rows_at_once = 1;
  std::vector<TileShape> tiles;  ///< widest first; the last is one vector wide
  /// The same for A packed in groups: heights are multiples of packed_group.
  std::vector<TileShape> packed_tiles;
  std::int64_t row_block = 0;  ///< rows of a task at most
  std::int64_t column_block = 0;
  /// Products with at most so many rows, columns or elements of k take operands as they lie.
  std::int64_t small_rows = 0, small_columns = 0, small_depth = 0;
  /// And those that fit into the first caches, or whose right operand does with rows of the left one so short that
  /// packing them is not repaid.
  std::int64_t small_bytes = 0;
  std::int64_t near_depth = 0, near_bytes = 0;

  std::int64_t element() const { return static_cast<std::int64_t>(size_of(dtype)); }
  /// Columns of the widest tile.
  std::int64_t tile_columns() const { return tiles.front().vectors * lanes; }
  std::int64_t tile_rows() const { return tiles.front().max_rows(); }
  std::int64_t packed_columns() const { return packed_tiles.front().vectors * lanes; }
  std::int64_t packed_rows() const { return packed_tiles.front().max_rows(); }
  std::int64_t widest() const { return std::max(tile_columns(), packed_columns()); }
  /// Elements that packing handles at once.
  std::int64_t pack_width() const { return std::max<std::int64_t>(lanes, 4); }

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
/// least. Tasks side by side that fall to one thread are joined up to so many columns, for one row of A and for more:
/// long runs of memory are read faster than short ones. From one row of sums to the next.
inline constexpr std::int64_t thin_rows = 8, stream_rows = 4;
inline constexpr std::int64_t thin_columns_min = 256, thin_columns_one = 2048, thin_columns_max = 1024;
inline constexpr std::int64_t thin_pitch = thin_columns_one + 16;
/// Of products with at most program::narrow_columns columns: rows of a task, elements of k at a time, rows packed at a
/// time.
inline constexpr std::int64_t narrow_rows = 64, narrow_depth = 1024, narrow_packed_rows = 16;
/// Rows whose tiles are finished, epilogue and all, before the next are begun: their C stays in L1.
inline constexpr std::int64_t group_rows = 48;

/// Rows of A that lie together when it is packed, k by k.
inline constexpr std::int64_t packed_group = 4;
/// Rows that a task of `prepare` packs; room behind a group's elements, so that groups begin in different sets of a
/// cache; bytes of A up to which it is packed as a whole, before the tasks, rather than by each for itself.
inline constexpr std::int64_t packed_chunk = 64;
inline constexpr std::int64_t whole_bytes = std::int64_t{64} << 20;
/// Rows of a task at most if all of A is packed, and if the task packs its own; bytes of its sums.
inline constexpr std::int64_t whole_rows = 1020, own_rows = 252;
inline constexpr std::int64_t product_bytes = std::int64_t{1} << 20;

/// Rows that all panels of a block of B are multiplied with before the next rows are begun, and their epilogue.
inline constexpr std::int64_t packed_rows_at_once = 96;

/// Room for a GemmTask (jit/gemm_tasks.hpp).
inline constexpr std::int64_t gemm_task_bytes = 384;

/// What depends on dtype and target alone: lanes and tiles.
GemmPlan make_plan(DType dtype, const Target& target);
GemmPlan make_plan(const program::MatmulKernel& kernel, const Target& target);

// What grid() is written in; jit/gemm_kit.hpp has the same for numbers of the generated code.
inline std::int64_t number(std::int64_t, std::int64_t value) { return value; }
inline std::int64_t least(std::int64_t a, std::int64_t b) { return std::min(a, b); }
inline std::int64_t greatest(std::int64_t a, std::int64_t b) { return std::max(a, b); }
inline std::int64_t pick(bool condition, std::int64_t a, std::int64_t b) { return condition ? a : b; }
/// Of numbers that are not negative.
template <class A, class B>
A quotient_up(A a, B b) {
  return (a + (b - 1)) / b;
}

/// How A is packed as a whole: blocks of k one after the other, in each the groups of rows.
template <class N>
struct PackedRows {
  N group_pitch, block_pitch, matrix;  ///< elements from a group to the next, a block of k, a matrix of the batch
};
template <class N>
PackedRows<N> packed_rows(const GemmPlan& plan, N m, N k) {
  const N depth = least(k, number(m, program::block_elements));
  const N group_pitch =
      quotient_up(depth, plan.pack_width()) * (plan.pack_width() * packed_group) + 64 / plan.element();
  const N block_pitch = quotient_up(m, packed_chunk) * (packed_chunk / packed_group) * group_pitch;
  return {group_pitch, block_pitch, quotient_up(k, program::block_elements) * block_pitch};
}

/// Columns of B packed as a whole, up to full panels: elements from one k to the next, taken over all panels of a
/// block.
template <class N>
N packed_pitch(const GemmPlan& plan, N n) {
  return quotient_up(n, plan.packed_columns()) * plan.packed_columns();
}

/// Whether tiles read operands as they lie: few rows or columns, or the first caches hold what is read again and again.
template <class N>
auto is_small(const GemmPlan& plan, N m, N n, N k) {
  return (m <= plan.small_rows) | (n <= plan.small_columns) | (k <= plan.small_depth) |
         (m * k + k * n + m * n <= plan.small_bytes / plan.element()) |
         ((k <= plan.near_depth) & (k * n <= plan.near_bytes / plan.element()));
}

/// The tasks of one product: blocks of rows times blocks of columns, columns fastest.
template <class N>
struct Grid {
  N row_block, column_block;    ///< rows and columns of a task
  N row_blocks, column_blocks;  ///< and how many of them
  N pitch;                      ///< elements from one row of the task's sums to the next
  N packed;                     ///< 1: the packed way; 2: with all of A packed before; else 0
};

/// Written once, for the engine's counts (N = int64) and for the generated code (N = Num).
template <class N>
Grid<N> grid(const GemmPlan& plan, N batch, N m, N n, N k) {
  const auto constant = [&](std::int64_t value) { return number(m, value); };
  const auto narrow = n <= program::narrow_columns;
  const auto thin = m <= thin_rows;
  const auto small = is_small(plan, m, n, k);
  const auto whole = batch * packed_rows(plan, m, k).matrix <= whole_bytes / plan.element();
  const N most_rows = pick(whole, constant(whole_rows), constant(own_rows));
  const N even = quotient_up(m, greatest(quotient_up(m, most_rows), constant(1)));
  const N packed_row_block = quotient_up(greatest(even, constant(1)), plan.packed_rows()) * plan.packed_rows();
  const N packed_columns = pick(whole, constant(4 * plan.packed_columns()), constant(16 * plan.packed_columns()));
  // Enough tasks for several threads, but not so few rows that packing B is not repaid.
  const N cells = greatest(batch * quotient_up(n, plan.column_block), constant(1));
  const N wanted = least(quotient_up(constant(8), cells), m / group_rows);
  const N blocks = greatest(greatest(quotient_up(m, plan.row_block), wanted), constant(1));
  const N rows = quotient_up(greatest(quotient_up(m, blocks), constant(1)), plan.tile_rows()) * plan.tile_rows();
  const N share = quotient_up(n, 8 * plan.tile_columns()) * plan.tile_columns();
  const N columns = least(greatest(share, constant(thin_columns_min)), constant(thin_columns_max));
  const auto choose = [&](N of_narrow, N of_thin, N of_small, N of_packed) {
    return pick(narrow, of_narrow, pick(thin, of_thin, pick(small, of_small, of_packed)));
  };
  const N four = constant(program::narrow_columns);
  const N row_block = choose(constant(narrow_rows), constant(thin_rows), rows, packed_row_block);
  const N column_block = choose(four, columns, constant(plan.column_block), packed_columns);
  return {row_block,
          column_block,
          quotient_up(m, row_block),
          quotient_up(n, column_block),
          choose(four, constant(thin_pitch), constant(plan.column_block), packed_columns),
          choose(constant(0), constant(0), constant(0), pick(whole, constant(2), constant(1)))};
}

/// The callbacks of runtime::CompiledKernel; `context` is the GemmPlan.
std::int64_t gemm_tasks(const void* context, const std::int64_t* extents);
std::int64_t gemm_scratch_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_constant_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_shared_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_prepare_tasks(const void* context, const std::int64_t* extents);

}  // namespace actinium::jit
