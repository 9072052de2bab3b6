// A Stage of a kernel made ready: its steps as one VectorProgram, and where inputs come from and results go. Also
// Combiner, which merges accumulators, and PairTree, the order in which chunks combine. Start reading at PreparedStage.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "interpret/vector_program.hpp"
#include "program/program.hpp"

namespace actinium::interpret {

/// acc op= x for the accumulators of a reduction.
class Combiner {
 public:
  Combiner(program::Combine combine, DType dtype, bool fused);
  machine::Type type() const { return type_; }
  std::size_t size() const { return interpret::size_of(type_); }
  std::size_t frame_bytes() const { return program_ ? program_->frame_bytes() : 0; }
  void fill_identity(void* acc, std::int64_t n) const;
  void merge(void* acc, const void* x, std::int64_t n, void* frame) const;
  /// The tree over lanes: the result is lane 0.
  void fold(void* lanes, int count, void* frame) const;

 private:
  program::Combine combine_;
  machine::Type type_;
  std::uint64_t identity_;
  MergeFunction merge_;
  std::unique_ptr<VectorProgram> program_;  ///< max and min
};

/// Combines a sequence as adjacent pairs, repeatedly, an odd one passing up: a binary counter. Entries of `bytes` each
/// live in `stack`, which has room for depth(count) of them.
class PairTree {
 public:
  PairTree(void* stack, std::size_t bytes) : stack_(static_cast<char*>(stack)), bytes_(bytes) {}
  static int depth(std::int64_t count) {
    int levels = 1;
    for (; count > 0; count >>= 1) ++levels;
    return levels;
  }
  /// The place of the next entry: fill it, then push.
  char* next() { return stack_ + static_cast<std::size_t>(top_) * bytes_; }
  template <class Merge>
  void push(Merge&& merge) {
    ++top_;
    for (std::int64_t bits = count_++; (bits & 1) != 0; bits >>= 1) pop(merge);
  }
  /// The result, or null if nothing was pushed.
  template <class Merge>
  char* finish(Merge&& merge) {
    while (top_ > 1) pop(merge);
    return top_ == 0 ? nullptr : stack_;
  }

 private:
  template <class Merge>
  void pop(Merge&& merge) {
    --top_;
    merge(stack_ + static_cast<std::size_t>(top_ - 1) * bytes_, stack_ + static_cast<std::size_t>(top_) * bytes_);
  }
  char* stack_;
  std::size_t bytes_;
  int top_ = 0;
  std::int64_t count_ = 0;
};

struct PreparedStage {
  enum class From : std::uint8_t {
    access,   ///< number: which access
    value,    ///< a value slot: one for a row
    column,   ///< a value slot that holds one element a column
    kept,     ///< number: which kept row
    product,  ///< the row of the matrix product
  };
  struct In {
    From from;
    std::uint32_t number;
    machine::Type type;
  };
  struct Out {
    std::uint32_t output;  ///< of the program
    std::uint32_t number;  ///< access, value slot, kept row
    machine::Type type;
  };
  struct Reduce {
    std::uint32_t output;
    std::uint32_t slot;  ///< value slot of the result
    Combiner combiner;
    std::optional<std::uint32_t> factor = {};  ///< output: elements are added by `dot`
    DotFunction dot = nullptr;
  };

  bool once = false;
  std::vector<In> inputs;
  std::vector<Out> stores, kept, exports;
  std::vector<Reduce> reductions;
  std::unique_ptr<VectorProgram> program;
};

/// All stages of a kernel, and what they share.
struct PreparedStages {
  std::vector<PreparedStage> stages;
  std::uint32_t value_slots = 0;
  std::vector<machine::Type> kept;  ///< type of each kept row
  std::size_t frame_bytes = 0;      ///< for the program and for merging, whichever is larger
  std::size_t max_inputs = 0, max_reductions = 0;
};

struct PrepareOptions {
  bool fused = true;
  /// For each access: the same along the vector axis.
  std::vector<char> uniform;
  /// The last stage runs once for each column, over columns (ColumnKernel).
  bool columns = false;
};
PreparedStages prepare(std::span<const program::Stage* const> stages, std::span<const program::Access> accesses,
                       std::span<const DType> values, const PrepareOptions& options);

}  // namespace actinium::interpret
