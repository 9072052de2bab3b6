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

inline constexpr int row_panel_vectors = 4;

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
  bool masks = false;            ///< whether parts of vectors are read and written as fast as whole ones
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
  std::int64_t fetched_bytes = 0;  ///< an epilogue fetches arrays ahead that are larger
  /// And those of so few rows, and the columns of one tile, however deep: each element of A is read once.
  std::int64_t single_rows = 0;

  std::int64_t element() const { return static_cast<std::int64_t>(size_of(dtype)); }
  /// Columns of the widest tile.
  std::int64_t tile_columns() const { return tiles.front().vectors * lanes; }
  std::int64_t tile_rows() const { return tiles.front().max_rows(); }
  std::int64_t packed_columns() const { return packed_tiles.front().vectors * lanes; }
  std::int64_t packed_rows() const { return packed_tiles.front().max_rows(); }
  /// Columns of any tile at most.
  static constexpr std::int64_t widest_row = 64;
  /// Elements that packing handles at once.
  std::int64_t pack_width() const { return std::max<std::int64_t>(lanes, 4); }

  // Offsets in scratch, in bytes; what a task keeps there at one time.
  struct Layout {
    std::int64_t lines;    ///< of each access three GemmLines
    std::int64_t staging;  ///< staged_columns of each access, for those that do not lie side by side
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
/// Vectors of rows side by side in memory that are multiplied with a vector at once.
inline constexpr int upright_vectors = 4;
/// Columns of a row that go through staging memory at once; rows that an epilogue fetches ahead; room for a GemmLine.
inline constexpr std::int64_t staged_columns = 256;
inline constexpr std::int64_t epilogue_ahead = 4;
inline constexpr std::int64_t gemm_line_bytes = 32;
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

/// What depends on dtype and target alone: lanes and tiles.
GemmPlan make_plan(DType dtype, const Target& target);
GemmPlan make_plan(const program::MatmulKernel& kernel, const Target& target);

/// Of numbers that are not negative; jit/gemm_kit.hpp has numbers of the generated code.
template <class A, class B>
A quotient_up(A a, B b) {
  return (a + (b - 1)) / b;
}

/// How A is packed as a whole: blocks of k one after the other, in each the groups of rows.
struct PackedRows {
  std::int64_t group_pitch, block_pitch,
      matrix;  ///< elements from a group to the next, a block of k, a matrix of the batch
};
PackedRows packed_rows(const GemmPlan& plan, std::int64_t m, std::int64_t k);

/// Columns of B packed as a whole, up to full panels: elements from one k to the next, taken over all panels of a
/// block.
inline std::int64_t packed_pitch(const GemmPlan& plan, std::int64_t n) {
  return quotient_up(n, plan.packed_columns()) * plan.packed_columns();
}

/// Whether tiles read operands as they lie: few rows or columns, or the first caches hold what is read again and again.
bool is_small(const GemmPlan& plan, std::int64_t m, std::int64_t n, std::int64_t k);

/// A constant B for a single row: panels row_panel_vectors wide, each with all of k, read from one end to the other;
/// bytes behind them, which also tell this form from the packed one.
inline constexpr std::int64_t row_panel_room = 64;
inline std::int64_t row_panel_columns(const GemmPlan& plan) { return std::int64_t{row_panel_vectors} * plan.lanes; }

/// The tasks of one product: blocks of rows times blocks of columns, columns fastest.
struct Grid {
  std::int64_t row_block, column_block;    ///< rows and columns of a task
  std::int64_t row_blocks, column_blocks;  ///< and how many of them
  std::int64_t pitch;                      ///< elements from one row of the task's sums to the next
  enum class Way : std::uint8_t { narrow, thin, tiled, packed } way;
  bool whole;  ///< the packed way with all of A packed before
};
Grid grid(const GemmPlan& plan, std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k);

/// The callbacks of runtime::CompiledKernel; `context` is a GemmContext (jit/gemm_tasks.hpp).
std::int64_t gemm_tasks(const void* context, const std::int64_t* extents);
std::int64_t gemm_scratch_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_constant_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_shared_bytes(const void* context, const std::int64_t* extents);
std::int64_t gemm_prepare_tasks(const void* context, const std::int64_t* extents);

}  // namespace actinium::jit
