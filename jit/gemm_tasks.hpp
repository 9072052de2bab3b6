// One task of a matrix product as a function of generated code that knows no kernel: what is particular to a kernel
// comes in a GemmTask. These functions are compiled once a process for each dtype and instruction set. Start reading at
// GemmTask.
#pragma once
#include <array>
#include <string>

#include "jit/gemm_kit.hpp"
#include "jit/gemm_plan.hpp"

namespace actinium::jit {

/// A task in memory: one slot of 8 bytes each.
enum class GemmSlot : std::uint8_t {
  args,      ///< KernelArgs, passed on to the epilogue
  scratch,   ///< passed on too
  epilogue,  ///< void(args, scratch, sums, pitch, row, rows, column, columns): rows and columns from the task's first
  a,         ///< first element of the task's rows of A
  b,         ///< of its columns of B
  a_row,     ///< strides, in elements
  a_k,
  b_k,
  b_column,
  rows,  ///< of the task
  columns,
  depth,   ///< k
  chunks,  ///< of k, at least 1
  pitch,   ///< from one row of sums to the next
  zeros,   ///< memory as GemmPlan::Layout has it
  product,
  panel,
  packed_a,
  lanes,
  levels,
  level_pitch,  ///< in elements
  whole_a,      ///< the task's rows of A, packed before; or null: the task packs them
  group_pitch,  ///< of packed A: elements from one group of rows to the next, from one block of k to the next
  block_pitch,
  whole_b,        ///< B packed for good: blocks of k one after the other, in each the panels; or null
  whole_b_pitch,  ///< packed_pitch()
  first_column,   ///< of the task
  beyond,         ///< columns of B to the right of the task's
  direct,         ///< where an epilogue that stores the product and no more stores it, if side by side; or null
  direct_pitch,   ///< elements from one row there to the next
  // Memory to be fetched into the cache while tiles are computed: rows of a panel's width, `fetch_stride` apart (bytes),
  // the next one and the end. A tile fetches a row each 2^fetch_shift steps of k.
  fetch_from,
  fetch_stride,
  fetch_next,
  fetch_end,
  fetch_shift,
  count,
};
static_assert(static_cast<std::int64_t>(GemmSlot::count) * 8 <= gemm_task_bytes);

/// Which way a task goes.
enum class GemmPart : std::uint8_t {
  tiled,   ///< register tiles over operands as they lie
  packed,  ///< register tiles over packed operands
  pack,    ///< no product: packs rows of A to `whole_a`
  pack_b,  ///< no product: packs all of B to `whole_b`
  thin,    ///< few rows, and rows of B contiguous
  narrow,  ///< few columns: virtual lanes along k
};

/// The function void(task) of this part, for a call from `m`: compiled now if this process has not got it yet.
llvm::Function* gemm_function(ModuleEmitter& m, DType dtype, GemmPart part);

}  // namespace actinium::jit
