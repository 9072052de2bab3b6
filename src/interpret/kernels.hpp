// Kernels as the interpreter runs them: each is prepared once from its description, then run over tasks with what
// engine.hpp calls KernelArgs. Start reading at PreparedKernel.
#pragma once
#include <memory>

#include "interpret/stage.hpp"
#include "runtime/engine.hpp"

namespace actinium::interpret {

using runtime::KernelArgs;

/// `run` and `finish` as CompiledKernel has them; sizes depend on the extents of the call.
class PreparedKernel {
 public:
  virtual ~PreparedKernel() = default;
  virtual void run(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const = 0;
  virtual void finish(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const = 0;
  virtual bool has_finish() const = 0;
  virtual std::size_t scratch_bytes(const std::int64_t* extents) const = 0;
  /// Tasks of run() for a product.
  virtual std::int64_t main_tasks(const std::int64_t* extents) const = 0;
};

std::unique_ptr<PreparedKernel> prepare(const program::LoopKernel& kernel, bool fused);
std::unique_ptr<PreparedKernel> prepare(const program::ColumnKernel& kernel, bool fused);
std::unique_ptr<PreparedKernel> prepare(const program::MatmulKernel& kernel, bool fused);

/// Takes consecutive pieces of scratch memory, each aligned to 64 bytes; from address 0 it measures.
class Carver {
 public:
  explicit Carver(char* base) : base_(base) {}
  char* take(std::size_t bytes) {
    char* const piece = base_ + used_;
    used_ += (bytes + 63) / 64 * 64;
    return piece;
  }
  std::size_t used() const { return used_; }

 private:
  char* base_;
  std::size_t used_ = 0;
};

inline constexpr std::size_t slot_bytes = group * 8;  ///< a value slot holds one group

/// Where a kernel's accesses stand for one point of the outer dimensions, and how stages run from there.
class Cursor {
 public:
  /// `rank`: loop dimensions of an access; the last is the vector axis, the first `outer` are iterated by seek().
  Cursor(const KernelArgs& args, std::span<const program::Access> accesses, int outer, int rank)
      : args_(args), accesses_(accesses), outer_(outer), rank_(rank) {}

  /// The point number `row` of the outer dimensions, in row-major order.
  void seek(std::int64_t row) {
    for (int d = outer_; d-- > 0;) {
      index_[d] = row % args_.extents[d];
      row /= args_.extents[d];
    }
  }
  void next() {
    for (int d = outer_; d-- > 0;) {
      if (++index_[d] < args_.extents[d]) return;
      index_[d] = 0;
    }
  }
  /// Index of a loop dimension beyond the outer ones (the reduced one).
  void set(int dimension, std::int64_t i) { index_[dimension] = i; }

  std::int64_t stride(std::uint32_t access, int dimension) const {
    return args_.strides[access * static_cast<std::uint32_t>(rank_) + static_cast<std::uint32_t>(dimension)];
  }
  /// Offset of element `start` of the row, in elements.
  std::int64_t offset(std::uint32_t access, std::int64_t start) const {
    std::int64_t sum = start * stride(access, rank_ - 1);
    for (int d = 0; d + 1 < rank_; ++d) sum += index_[d] * stride(access, d);
    return sum;
  }
  char* address(std::uint32_t access, std::int64_t start) const {
    return static_cast<char*>(args_.pointers[access]) +
           offset(access, start) * static_cast<std::int64_t>(actinium::size_of(accesses_[access].dtype));
  }
  Source source(std::uint32_t access, std::int64_t start) const {
    const std::int64_t step = stride(access, rank_ - 1);
    if (accesses_[access].buffer != program::no_buffer) return {address(access, start), step, 0};
    return {nullptr, step, reinterpret_cast<std::intptr_t>(args_.pointers[access]) + offset(access, start)};
  }

  static constexpr int max_loops = 24;

 private:
  const KernelArgs& args_;
  std::span<const program::Access> accesses_;
  int outer_, rank_;
  std::int64_t index_[max_loops] = {};
};

/// Memory that stages work in.
struct StageMemory {
  char* frame;
  char* values;  ///< value slots
  char* spread;  ///< a uniform value written out
  Source* sources;
  char* kept;  ///< kept rows, one after the other
  std::int64_t kept_extent;
  std::int64_t value_bytes;  ///< of a slot: slot_bytes, or that of a column of values
};

/// Sets a stage's sources for the cursor's row, whose element 0 is element `start` of the access, and evaluates what is
/// uniform.
void begin_row(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, std::int64_t start,
               const void* product, const StageMemory& memory);
/// Elements [start, start + n) of the row as begin_row has it: runs, stores (at `base` + start) and keeps.
void run_piece(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, std::int64_t base,
               std::int64_t start, int n, const StageMemory& memory);
/// The elements of a value that run_piece computed, as an array.
const void* elements(const PreparedStage& stage, std::uint32_t output, int n, const StageMemory& memory);
/// A row that is one point: evaluates, stores, and exports to value slots.
void run_once(const PreparedStage& stage, const PreparedStages& all, const Cursor& cursor, const StageMemory& memory);

/// Bytes of all kept rows, each padded to whole groups.
std::size_t kept_bytes(const PreparedStages& all, std::int64_t extent);

}  // namespace actinium::interpret
