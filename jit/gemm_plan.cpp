// Sizes of tiles and blocks for a target, and the counts that the engine asks for.
#include "jit/gemm_plan.hpp"

#include <algorithm>
#include <bit>

#include "actinium/error.h"
#include "jit/caches.hpp"
#include "jit/gemm_tasks.hpp"

namespace actinium::jit {
namespace {

constexpr std::int64_t line = 64;
std::int64_t aligned(std::int64_t bytes) { return (bytes + line - 1) / line * line; }

/// True if k is not the last axis of A's buffer: then its rows are likely strided and will be packed.
bool is_transposed(const program::MatmulKernel& kernel) {
  const std::size_t rank = kernel.a.dims.size();
  return kernel.a.dims[rank - 1].axis < kernel.a.dims[rank - 2].axis;
}

/// quotient_up, without a division where there is one block: small products are as short as a few of these.
std::int64_t blocks_of(std::int64_t total, std::int64_t size) {
  return total <= size ? std::int64_t{total > 0} : quotient_up(total, size);
}

/// What a call's extents say.
struct Product {
  const GemmPlan& plan;
  std::int64_t batch = 1, m, n, k;

  Product(const void* context, const std::int64_t* extents) : plan(*static_cast<const GemmContext*>(context)) {
    for (int d = 0; d < plan.rank; ++d) batch *= extents[d];
    m = extents[plan.rank], n = extents[plan.rank + 1], k = extents[plan.rank + 2];
  }
  Grid grid() const { return jit::grid(plan, batch, m, n, k); }
};

}  // namespace

GemmPlan make_plan(DType dtype, const Target& target) {
  GemmPlan plan;
  plan.dtype = dtype;
  plan.lanes = target.lanes(static_cast<int>(plan.element()));
  if (target.avx512) {
    // 32 registers: 24 accumulators, 4 vectors of B, and the element of A.
    plan.epilogue_registers = 2;
    plan.narrow_rows_at_once = 4;
    plan.masks = true;
    plan.tiles = {{4, {6, 4, 2}}, {2, {8, 4, 2}}, {1, {8, 2}}};
    plan.packed_tiles = {{2, {12, 8, 4}}, {1, {12, 4}}};
  } else {
    plan.packed_tiles = {{target.fma ? 3 : 2, {4}}, {1, {8, 4}}};
    plan.tiles = {{2, target.fma ? std::vector{6, 4, 2} : std::vector{4, 2}}, {1, {8, 2}}};
  }
  plan.small_rows = 32;
  plan.small_columns = plan.packed_columns();
  plan.small_depth = 16;
  plan.small_bytes = caches().second / 10;
  plan.single_rows = 64;
  plan.near_depth = 128;
  plan.near_bytes = caches().first * 2 / 3;
  plan.fetched_bytes = caches().second / 8;
  return plan;
}

GemmPlan make_plan(const program::MatmulKernel& kernel, const Target& target) {
  GemmPlan plan = make_plan(kernel.dtype, target);
  plan.rank = static_cast<int>(kernel.batch.size());
  plan.accesses = static_cast<int>(kernel.accesses.size());
  const bool transposed = is_transposed(kernel);
  // A block of A is read once for each panel of B, and B once for each block of rows. If A is packed, that is repaid by
  // more columns, and the packed block has to stay in L2.
  const bool wide = plan.element() == 8;
  plan.row_block = transposed ? (wide ? 192 : 240) : (wide ? 384 : 504);
  plan.column_block = transposed ? (wide ? 128 : 256) : 64;
  return plan;
}

GemmPlan::Layout GemmPlan::layout() const {
  const std::int64_t size = element();
  if (std::max({tile_columns(), packed_columns(), std::int64_t{row_panel_vectors} * lanes}) > widest_row)
    throw InternalError("jit: a tile is wider than the widest");
  const std::int64_t product = std::max(
      {row_block * column_block, product_bytes / size, thin_rows * thin_pitch, narrow_rows * program::narrow_columns});
  const std::int64_t panel =
      std::max({program::block_elements * std::max(tile_columns(), 16 * packed_columns()), stream_rows * thin_pitch,
                program::narrow_columns * narrow_depth, program::chunk_elements});
  const std::int64_t own = jit::packed_rows(*this, own_rows, program::block_elements).matrix;
  const std::int64_t packed_a =
      std::max({(row_block + lanes) * program::block_elements, own, narrow_packed_rows * narrow_depth});
  const std::int64_t virtual_lanes = (narrow_rows + 2) * program::narrow_columns * program::reduction_lanes(dtype);
  Layout at{};
  at.lines = 0;
  at.staging = aligned(3 * accesses * gemm_line_bytes);
  at.product = at.staging + accesses * staged_columns * 8;
  at.b = at.product + aligned(product * size);
  at.a = at.b + aligned(panel * size);
  at.lanes = at.a + aligned(packed_a * size);
  at.levels = at.lanes + aligned(virtual_lanes * size);
  at.level_bytes = aligned(product * size);
  return at;
}

PackedRows packed_rows(const GemmPlan& plan, std::int64_t m, std::int64_t k) {
  const std::int64_t depth = std::min(k, program::block_elements);
  const std::int64_t group_pitch =
      quotient_up(depth, plan.pack_width()) * (plan.pack_width() * packed_group) + 64 / plan.element();
  const std::int64_t block_pitch = quotient_up(m, packed_chunk) * (packed_chunk / packed_group) * group_pitch;
  return {group_pitch, block_pitch, quotient_up(k, program::block_elements) * block_pitch};
}

bool is_small(const GemmPlan& plan, std::int64_t m, std::int64_t n, std::int64_t k) {
  return m <= plan.small_rows || n <= plan.small_columns || k <= plan.small_depth ||
         m * k + k * n + m * n <= plan.small_bytes / plan.element() ||
         (k <= plan.near_depth && k * n <= plan.near_bytes / plan.element()) ||
         (m <= plan.single_rows && n <= plan.tile_columns());
}

Grid grid(const GemmPlan& plan, std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k) {
  const auto made = [&](Grid::Way way, std::int64_t rows, std::int64_t columns, std::int64_t pitch,
                        bool whole = false) {
    return Grid{rows, columns, blocks_of(m, rows), blocks_of(n, columns), pitch, way, whole};
  };
  constexpr std::int64_t one = 1;
  if (n <= program::narrow_columns)
    return made(Grid::Way::narrow, narrow_rows, program::narrow_columns, n == 1 ? 1 : program::narrow_columns);
  if (m <= thin_rows) {
    const std::int64_t share = quotient_up(n, 8 * plan.tile_columns()) * plan.tile_columns();
    return made(Grid::Way::thin, thin_rows, std::clamp(share, thin_columns_min, thin_columns_max), thin_pitch);
  }
  if (is_small(plan, m, n, k)) {
    if (m < std::min(plan.row_block, 2 * group_rows))
      return made(Grid::Way::tiled, std::max(m, one), plan.column_block, plan.column_block);
    // Enough tasks for several threads, but not so few rows that packing B is not repaid.
    const std::int64_t cells = std::max(batch * blocks_of(n, plan.column_block), one);
    const std::int64_t wanted = std::min(quotient_up(std::int64_t{8}, cells), m / group_rows);
    const std::int64_t blocks = std::max({quotient_up(m, plan.row_block), wanted, one});
    const std::int64_t rows = quotient_up(std::max(quotient_up(m, blocks), one), plan.tile_rows()) * plan.tile_rows();
    return made(Grid::Way::tiled, rows, plan.column_block, plan.column_block);
  }
  const bool whole = batch * packed_rows(plan, m, k).matrix <= whole_bytes / plan.element();
  const std::int64_t even = quotient_up(m, std::max(quotient_up(m, whole ? whole_rows : own_rows), one));
  const std::int64_t rows = quotient_up(std::max(even, one), plan.packed_rows()) * plan.packed_rows();
  const std::int64_t columns = (whole ? 4 : 16) * plan.packed_columns();
  return made(Grid::Way::packed, rows, columns, columns, whole);
}

std::int64_t gemm_tasks(const void* context, const std::int64_t* extents) {
  const Product p(context, extents);
  const Grid g = p.grid();
  return p.batch * g.row_blocks * g.column_blocks;
}

std::int64_t gemm_shared_bytes(const void* context, const std::int64_t* extents) {
  const Product p(context, extents);
  if (!p.grid().whole) return 0;
  return p.batch * packed_rows(p.plan, p.m, p.k).matrix * p.plan.element();
}

std::int64_t gemm_constant_bytes(const void* context, const std::int64_t* extents) {
  const Product p(context, extents);
  const Grid::Way way = p.grid().way;
  if (way == Grid::Way::packed) return p.k * packed_pitch(p.plan, p.n) * p.plan.element();
  if (way != Grid::Way::thin || p.m != 1) return 0;
  const std::int64_t width = row_panel_columns(p.plan);
  return quotient_up(p.n, width) * width * p.k * p.plan.element() + row_panel_room;
}

std::int64_t gemm_prepare_tasks(const void* context, const std::int64_t* extents) {
  const Product p(context, extents);
  return p.grid().whole ? p.batch * quotient_up(p.m, packed_chunk) : 0;
}

std::int64_t gemm_scratch_bytes(const void* context, const std::int64_t* extents) {
  const auto& plan = *static_cast<const GemmContext*>(context);
  const GemmPlan::Layout& at = plan.at;
  const std::int64_t chunks = quotient_up(extents[plan.rank + 2], program::chunk_elements);
  const int levels = chunks > 1 ? std::bit_width(static_cast<std::uint64_t>(chunks)) : 0;
  return at.levels + levels * at.level_bytes;
}

}  // namespace actinium::jit
