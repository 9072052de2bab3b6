// The tasks of a matrix product in plain C++: loops over blocks of k, panels and rows around pieces of generated code.
// Nothing here is compiled for a kernel; what is particular to one comes in a GemmContext. Start reading at
// GemmContext.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jit/gemm_plan.hpp"
#include "runtime/engine.hpp"

namespace actinium::jit {

/// Memory to be fetched into the cache while tiles are computed: rows of a panel's width, `stride` bytes apart. A tile
/// fetches a row each 2^shift steps of k, from number `next` on, until `end`. Generated tiles read and write it.
struct GemmFetch {
  const void* from;
  std::int64_t stride, next, end, shift;
};

/// Generated code for one dtype and instruction set, compiled once a process; jit/gemm_kit.hpp says what each does. Of
/// the ways that no call of a kernel takes there is none.
struct GemmCode {
  using N = std::int64_t;
  using Tile = void(const void* a, N a_row, N a_k, const void* b, N pitch, N depth, void* out, N out_pitch,
                    const void* before, N before_pitch, N rows);
  using PackedTile = void(const void* a, N group_pitch, const void* b, N pitch, N depth, void* out, N out_pitch,
                          const void* before, N before_pitch, N rows, GemmFetch*);
  using CopyingTile = void(const void* a, N group_pitch, const void* b, N pitch, N depth, void* out, N out_pitch,
                           const void* before, N before_pitch, void* panel, GemmFetch*);
  using Pack = void(const void* source, N row_stride, N column_stride, void* out, N pitch, N rows, N columns);
  using Squares = void(const void* source, N column_stride, void* out, N pitch, N rows, N columns);
  using Stream = void(const void* a, N a_row, N a_k, const void* b, N b_k, N depth, N columns, void* out, N pitch,
                      N rows);
  using RowPanel = void(const void* a, N a_k, const void* b, N depth, void* out, const void* before);
  using Lanes = void(const void* a, N pitch, const void* b, N b_pitch, N depth, void* state, N columns, N first);
  using Upright = void(const void* a, N a_k, const void* x, N stride, N depth, void* state, void* out, N pitch, N rows);

  using MaskedTile = void(const void* a, N a_row, N a_k, const void* b, N pitch, N depth, void* out, N out_pitch,
                          const void* before, N before_pitch, N rows, N columns);

  std::vector<Tile*> tiles;           ///< one for each of GemmPlan::tiles; if it masks
  MaskedTile* masked_tile = nullptr;  ///< this instead of the last
  PackedTile *packed_wide = nullptr, *packed_single = nullptr;
  CopyingTile* copying = nullptr;
  Pack *pack = nullptr, *pack_rows = nullptr;
  Squares* squares = nullptr;
  Stream *stream_one = nullptr, *stream_rows = nullptr;
  RowPanel* row_panel = nullptr;
  Lanes *lanes_one = nullptr, *lanes_rows = nullptr, *lanes_columns = nullptr;
  Upright* upright = nullptr;
  void (*lane_sum)(const void* state, void* out) = nullptr;
  void (*sum_columns)(const void* b, N b_k, N depth, N columns, void* out) = nullptr;
  void (*add)(void* sums, const void* earlier, N count) = nullptr;
};

/// Where an epilogue finds an access, in bytes; an index is a number itself, and moves by ones.
struct GemmLine {
  char* first;
  std::int64_t row_step, column_step;
  std::int64_t ahead;  ///< what lies so far away is used soon, and not in the first caches
};

static_assert(sizeof(GemmLine) == gemm_line_bytes);

/// Computes and stores elements of C; all accesses lie side by side along columns, but indices and those that do not
/// move. Rows and columns change roles in a product with a single column.
using GemmEpilogue = void(const GemmLine* lines, const void* sums, std::int64_t pitch, std::int64_t rows,
                          std::int64_t columns);

/// CompiledKernel::context of a MatmulKernel; the callbacks of gemm_plan.hpp take the plan in it.
struct GemmContext : GemmPlan {
  /// An access of the epilogue.
  struct Place {
    std::int64_t size;  ///< bytes of an element
    bool index, moves;  ///< `moves`: along the columns that the epilogue sees
    bool read, written;
  };
  Layout at{};
  GemmCode code;
  GemmEpilogue* epilogue = nullptr;  ///< null: the product is stored as it is, to the access `stored`
  int stored = 0, column_sums = -1;  ///< numbers of accesses; none: -1
  std::vector<Place> places;
  bool along_rows = false;  ///< a single column: the epilogue sees rows as columns

  explicit GemmContext(GemmPlan plan) : GemmPlan(std::move(plan)), at(layout()) {}
};

/// runtime::CompiledKernel's; `context` is a GemmContext.
void gemm_run(const void* context, const runtime::KernelArgs* args, std::int64_t begin, std::int64_t end,
              void* scratch);
/// Packs A into KernelArgs::shared: tasks are pieces of packed_chunk rows.
void gemm_prepare(const void* context, const runtime::KernelArgs* args, std::int64_t begin, std::int64_t end,
                  void* scratch);
/// Packs B into KernelArgs::constant, once for all calls.
void gemm_pack_constant(const void* context, const runtime::KernelArgs* args, std::int64_t begin, std::int64_t end,
                        void* scratch);

}  // namespace actinium::jit
