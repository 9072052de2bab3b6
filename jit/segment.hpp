// A segment: consecutive elements of one row of a loop, in one vector loop. Strides are known at run time only, so
// whatever does not lie side by side is first gathered into scratch memory (and scattered from there behind the loop).
// Start reading at RowEmitter::run, which cuts a row into segments.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "jit/body_emitter.hpp"
#include "jit/interleave.hpp"
#include "jit/kernel.hpp"
#include "jit/machine_emitter.hpp"
#include "jit/pipeline.hpp"
#include "jit/reduction.hpp"

namespace actinium::jit {

/// Elements of a segment if some access has to go through scratch memory.
inline constexpr std::int64_t staged_elements = 512;
/// Registers that a value of a loop may take.
inline constexpr int most_vectors = 4;

inline constexpr std::int64_t last_vector_bytes = std::int64_t{most_vectors} * 64;

/// Where each access of a kernel has its staging slot: the beginning of a thread's scratch.
struct Staging {
  std::vector<std::int64_t> offset;  ///< by access; -1: never staged. Of a group that of its first access
  std::int64_t sink = 0;             ///< where a pipelined loop stores what does not exist
  std::int64_t ends = 0;             ///< and keeps the last vector of each access
  std::int64_t bytes = 0;
  std::vector<Interleaved> groups;
  std::vector<int> group_of;  ///< by access; -1: none
  Staging(const std::vector<program::Access>& accesses, std::span<const program::Stage> stages);
};

/// A reduction in progress: `lanes` accumulators in memory, element `position` goes to number position mod lanes. For
/// loops that are pipelined there is memory for most_vectors registers more, which nothing reads.
struct Accumulators {
  program::Combine combine;
  DType dtype;
  program::ValueId value;
  llvm::Value* memory;
  int lanes;
  std::optional<program::ValueId> factor = {};  ///< elements are value * factor, added by muladd
  bool one_result = true;                       ///< all accumulators combine in the end; otherwise each is a result
};

/// What a kernel's loops have at hand while one row is emitted.
class RowEmitter {
 public:
  /// `dimensions`: of the loop nest, the vector axis included, which is the last. `any_order`: the executor may have
  /// permuted dimensions, so that the Kernel does not tell which accesses stand still along the vector axis.
  RowEmitter(ModuleEmitter& m_, llvm::IRBuilder<>& b_, int lanes, const std::vector<program::Access>& accesses,
             std::span<const program::Stage> stages, const ArgsView& args, llvm::Value* scratch, int dimensions,
             bool any_order, std::span<const DType> types);

  ModuleEmitter& m;
  llvm::IRBuilder<>& b;
  VectorEmitter v;
  /// Splat values of once stages and reductions, by ValueId.
  std::vector<llvm::Value*> values;
  /// Rows of scratch memory of kept values, and rows that a loop's inputs come from (results of column reductions), by
  /// ValueId.
  std::vector<llvm::Value*> rows;
  /// Whether rows are long enough for loops to be pipelined.
  bool pipelines = true;

  /// Whole vectors are stored past the caches if `condition`: results that no cache would hold.
  void stream_stores(llvm::Value* condition) { stream_ = condition; }
  /// Behind all rows: streamed stores are visible to other threads before what this one stores later.
  void finish_streaming();
  /// Moves to the row with these indices of the dimensions before the vector axis.
  void set_row(std::span<llvm::Value* const> indices);
  /// One loop of `stage` over elements [begin, end) of the row.
  void run(const program::Stage& stage, const StageCode& code, llvm::Value* begin, llvm::Value* end,
           std::span<const Accumulators> reductions);
  /// One evaluation for the row: defines all outputs of `code` in `values`.
  void run_once(const program::Stage& stage, const StageCode& code);
  /// The row's element, a scalar, with the number that access `label` has there; +0 if it has no such element. -0 becomes +0.
  llvm::Value* picked(int access, int label, llvm::Value* elements);

 private:
  /// A load or store as the vector loop sees it: element i is at pointer + (i & mask) * size (no mask: + i * size). Of
  /// an index access pointer is its number at i = 0.
  struct Place {
    llvm::Value* pointer = nullptr;
    llvm::Value* mask = nullptr;
    llvm::Value* step = nullptr;               ///< of an index access: from one element to the next, of its type
    std::vector<llvm::Value*> numbers = {};  ///< of an index access: by register, numbers of its lanes less that at i
    llvm::Value* staged = nullptr;  ///< of a store: whether to scatter behind the loop
  };
  struct Segment {
    const program::Stage& stage;
    const StageCode& code;
    llvm::Value *position, *count;  ///< in the row
    std::span<const Accumulators> reductions;
    std::vector<Place> loads;         ///< by input of the code
    std::vector<llvm::Value*> fixed;  ///< by input: a splat, or null
    std::vector<llvm::Value*> known;  ///< by instruction: what is the same for all elements, or null
    std::vector<Place> stores;        ///< by store of the stage
    /// Accumulators of reduction r that are kept in registers, or empty.
    std::vector<std::vector<llvm::Value*>> registers;
    /// Then, of a maximum or minimum of floats, which may miss NaN: the greatest of its elements' bits without the sign,
    /// by lane of one register; or null. It is found beside the chain of accumulators, not in it.
    std::vector<llvm::Value*> greatest = {};
    llvm::Value* streams = nullptr;  ///< whether the loop being emitted stores past the caches (null: it does not)
    std::vector<std::vector<llvm::Value*>> points = {};  ///< by group: what the body has read of it
  };

  const std::vector<program::Access>& accesses_;
  const ArgsView& args_;
  llvm::Value* scratch_;
  const int dimensions_;
  const bool any_order_;
  std::span<const DType> types_;
  Staging staging_;
  bool broadcasts_ = false;
  llvm::Value* limit_;                 ///< elements of a segment
  std::vector<llvm::Value*> together_;  ///< by group: whether its accesses lie side by side in memory
  llvm::Value* stream_ = nullptr;      ///< whether stores pass the caches by (null: never)
  std::vector<llvm::Value*> address_;  ///< of each access at element 0 of the row; of an index access its number there

  llvm::Value* stride(int access, int dimension) { return args_.stride(b, access * dimensions_ + dimension); }
  llvm::Value* inner_stride(int access) { return stride(access, dimensions_ - 1); }
  bool stands_still(int access) const;
  /// Whether an access may turn out to stand still along the vector axis when it is called.
  bool may_stand() const { return any_order_ && broadcasts_; }
  llvm::Value* element(llvm::Value* pointer, llvm::Value* i, std::size_t size);
  llvm::Value* scratch(std::int64_t offset);
  llvm::Value* slot(int access) { return scratch(staging_.offset[static_cast<std::size_t>(access)]); }
  void emit_segment(Segment& s);
  void place_inputs(Segment& s);
  void find_known(Segment& s);
  void place_stores(Segment& s);
  Place place_load(int access, llvm::Value* position, llvm::Value* count);
  Place place_group(const Interleaved& group, const Segment& s, bool load);
  llvm::Value* point(VectorEmitter& v_, Segment& s, std::size_t number, llvm::Value* i, llvm::Value* mask);
  void store_values(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i,
                    llvm::Value* mask);
  void store_values(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i,
                    llvm::Value* mask, bool streams);
  void store_kept(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i);
  /// Adds an element (times a factor, or null) to the accumulators from `lane` on.
  void accumulate(VectorEmitter& v_, const Accumulators& a, llvm::Value* value, llvm::Value* factor, llvm::Value* lane,
                  llvm::Value* mask);
  void scatter_stores(Segment& s);
  llvm::Value* may_stream(const Segment& s);
  llvm::Value* input(VectorEmitter& v_, Segment& s, std::size_t number, llvm::Value* i, llvm::Value* mask);
  void body(VectorEmitter& v_, Segment& s, llvm::Value* i, llvm::Value* mask, int unrolled);
  void loop_over_whole(VectorEmitter& v_, Segment& s, llvm::Value* begin, llvm::Value* end);
  void one_loop(int vectors, Segment& s);
  int vectors_at_once(const Segment& s) const;
  class Pipelined;
  bool may_overlap(const Segment& s) const;
  /// Whether input `number` is read from memory, from another place in each iteration.
  bool is_moving_load(const Segment& s, std::size_t number) const;
  /// Where a pipelined loop keeps the last vector of an access.
  llvm::Value* last_vector(std::uint32_t access) { return scratch(staging_.ends + access * last_vector_bytes); }
  Pipeline plan(const Segment& s) const;
  void pipelined_loop(VectorEmitter& v_, Segment& s, const Pipeline& plan, llvm::Value* begin, llvm::Value* end);
  void pipelined_to_the_end(VectorEmitter& v_, Segment& s, const Pipeline& plan);
  void accumulate_in_registers(VectorEmitter& v_, Segment& s, std::size_t reduction, llvm::Value* value,
                               llvm::Value* factor, int copy);
  llvm::Value* combined_beside_nan(VectorEmitter& v_, const Accumulators& a, llvm::Value* total, llvm::Value* value,
                                   llvm::Value*& greatest);
  void unrolled_reduction(VectorEmitter& v_, Segment& s, llvm::Value*& begin);
};

/// The index of each outer dimension of a row.
std::vector<llvm::Value*> row_indices(llvm::IRBuilder<>& b, llvm::Value* row, std::span<llvm::Value* const> extents);

/// For every task in [begin, end): fn(indices of `extents` outer dimensions, chunk); task = row * chunks + chunk in
/// row-major order. `chunks` null: one a row.
void for_each_task(
    ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* begin, llvm::Value* end, std::span<llvm::Value* const> extents,
    llvm::Value* chunks,
    const std::function<void(llvm::Value* row, std::span<llvm::Value* const> indices, llvm::Value* chunk)>& fn);

/// The same, with the tasks of a row at once: fn(indices, first chunk, how many).
void for_each_row(
    ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* begin, llvm::Value* end, std::span<llvm::Value* const> extents,
    llvm::Value* chunks,
    const std::function<void(std::span<llvm::Value* const> indices, llvm::Value* chunk, llvm::Value* chunks)>& fn);

}  // namespace actinium::jit
