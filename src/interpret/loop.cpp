// LoopKernel: rows, their stages and the fixed order of their reductions. Start reading at PreparedLoop::run.
#include <algorithm>

#include "actinium/error.h"
#include "interpret/kernels.hpp"

namespace actinium::interpret {
namespace {

using program::chunk_elements;
using program::LoopKernel;

constexpr std::size_t lanes_bytes = 64 * 8;
constexpr std::size_t tree_entries = 56;

class PreparedLoop final : public PreparedKernel {
  struct Work {
    StageMemory memory;
    char* lanes;   ///< of each reduction of a stage
    char* factors; ///< a uniform factor, element by element
    char* merges;  ///< frame for merging
    char* trees;   ///< of each reduction
  };

  static auto merge_one(const PreparedStage::Reduce& reduce, const Work& work) {
    return [&reduce, &work](void* acc, const void* x) { reduce.combiner.merge(acc, x, 1, work.merges); };
  }

 public:
  PreparedLoop(const LoopKernel& kernel, bool fused)
      : accesses_(kernel.accesses),
        outer_(static_cast<int>(kernel.outer.size())),
        elementwise_(kernel.elementwise()),
        splits_(kernel.splits()) {
    if (outer_ + 1 > Cursor::max_loops) throw InternalError("interpret: too many loop dimensions");
    PrepareOptions options{.fused = fused, .uniform = {}};
    for (const program::Access& access : accesses_) options.uniform.push_back(is_uniform(access));
    std::vector<const program::Stage*> stages;
    for (const program::Stage& stage : kernel.stages) stages.push_back(&stage);
    all_ = prepare(stages, accesses_, kernel.values, options);
  }

  void run(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const override {
    const std::int64_t inner = args.extents[outer_];
    if (inner == 0 && (elementwise_ || splits_)) return;
    const Work work = work_memory(args, scratch);
    Cursor cursor(args, accesses_, outer_, outer_ + 1);
    if (elementwise_ || splits_) {
      run_chunks(args, cursor, begin, end, work);
    } else {
      cursor.seek(begin);
      for (std::int64_t row = begin; row < end; ++row, cursor.next()) run_row(cursor, inner, work);
    }
  }

  void finish(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const override {
    const std::int64_t chunks = chunk_count(args.extents[outer_]);
    const Work work = work_memory(args, scratch);
    Cursor cursor(args, accesses_, outer_, outer_ + 1);
    cursor.seek(begin);
    const PreparedStage& stage = all_.stages[0];
    const std::int64_t reductions = static_cast<std::int64_t>(stage.reductions.size());
    for (std::int64_t row = begin; row < end; ++row, cursor.next()) {
      for (std::int64_t r = 0; r < reductions; ++r) {
        const PreparedStage::Reduce& reduce = stage.reductions[static_cast<std::size_t>(r)];
        PairTree tree(work.trees, 8);
        const char* partials = static_cast<const char*>(args.partials) + (row * reductions + r) * chunks * 8;
        for (std::int64_t c = 0; c < chunks; ++c) {
          std::copy_n(partials + c * 8, 8, tree.next());
          tree.push(merge_one(reduce, work));
        }
        set_result(reduce, tree.finish(merge_one(reduce, work)), work);
      }
      if (all_.stages.size() == 2) run_once(all_.stages[1], all_, cursor, work.memory);
    }
  }

  bool has_finish() const override { return splits_; }

  std::size_t scratch_bytes(const std::int64_t* extents) const override {
    Carver carver(nullptr);
    layout(carver, extents[outer_]);
    return carver.used();
  }

  std::int64_t main_tasks(const std::int64_t*) const override { return 0; }

 private:
  static std::int64_t chunk_count(std::int64_t inner) { return (inner + chunk_elements - 1) / chunk_elements; }

  /// Elementwise loops may come with their dimensions in any order, so nothing but a scalar is known to be uniform.
  bool is_uniform(const program::Access& access) const {
    const auto fixed = [&](const program::AxisMap& map) {
      return access.buffer == program::no_buffer ? map.multiplier.is(0) : map.axis < 0;
    };
    if (!elementwise_) return fixed(access.dims.back());
    return std::all_of(access.dims.begin(), access.dims.end(), fixed);
  }

  Work layout(Carver& carver, std::int64_t inner) const {
    Work work;
    work.memory.frame = carver.take(all_.frame_bytes);
    work.memory.values = carver.take(all_.value_slots * slot_bytes);
    work.memory.value_bytes = slot_bytes;
    work.memory.spread = carver.take(512 * 8);
    work.factors = carver.take(512 * 8);
    work.memory.sources = reinterpret_cast<Source*>(carver.take(all_.max_inputs * sizeof(Source)));
    work.lanes = carver.take(all_.max_reductions * lanes_bytes);
    work.trees = carver.take(std::max<std::size_t>(1, all_.max_reductions) * tree_entries * 8);
    work.merges = carver.take(all_.frame_bytes);
    work.memory.kept = carver.take(kept_bytes(all_, inner));
    work.memory.kept_extent = inner;
    return work;
  }
  Work work_memory(const KernelArgs& args, char* scratch) const {
    Carver carver(scratch);
    return layout(carver, args.extents[outer_]);
  }

  void set_result(const PreparedStage::Reduce& reduce, const void* result, const Work& work) const {
    alignas(8) char identity[8];
    if (result == nullptr) {
      reduce.combiner.fill_identity(identity, 1);
      result = identity;
    }
    splat(reduce.combiner.type(), result, work.memory.values + reduce.slot * slot_bytes);
  }

  void run_chunks(const KernelArgs& args, Cursor& cursor, std::int64_t begin, std::int64_t end,
                  const Work& work) const {
    const std::int64_t inner = args.extents[outer_], chunks = chunk_count(inner);
    const PreparedStage& stage = all_.stages[0];
    std::int64_t row = begin / chunks, chunk = begin % chunks;
    cursor.seek(row);
    bool entered = false;
    for (std::int64_t task = begin; task < end; ++task) {
      if (!entered) {
        begin_row(stage, all_, cursor, 0, nullptr, work.memory);
        entered = true;
      }
      run_chunk(stage, cursor, chunk * chunk_elements, std::min(inner, (chunk + 1) * chunk_elements), work);
      const auto reductions = static_cast<std::int64_t>(stage.reductions.size());
      for (std::int64_t r = 0; r < reductions; ++r) {
        char* const slot = static_cast<char*>(args.partials) + ((row * reductions + r) * chunks + chunk) * 8;
        std::copy_n(work.lanes + static_cast<std::size_t>(r) * lanes_bytes, 8, slot);
      }
      if (++chunk == chunks) {
        chunk = 0;
        ++row;
        cursor.next();
        entered = false;
      }
    }
  }

  /// Elements [from, to) of the row, at most one chunk; the results of its reductions are then in lane 0.
  void run_chunk(const PreparedStage& stage, const Cursor& cursor, std::int64_t from, std::int64_t to,
                 const Work& work) const {
    for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
      stage.reductions[r].combiner.fill_identity(work.lanes + r * lanes_bytes, 64);
    }
    const int width = stage.program->width();
    for (std::int64_t start = from; start < to; start += width) {
      const int n = static_cast<int>(std::min<std::int64_t>(width, to - start));
      run_piece(stage, all_, cursor, 0, start, n, work.memory);
      for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
        const Combiner& combiner = stage.reductions[r].combiner;
        const PreparedStage::Reduce& reduce = stage.reductions[r];
        const auto* x = static_cast<const char*>(elements(stage, reduce.output, n, work.memory));
        StageMemory beside = work.memory;
        beside.spread = work.factors;
        const auto* y = reduce.factor ? static_cast<const char*>(elements(stage, *reduce.factor, n, beside)) : x;
        const int lanes = program::reduction_lanes(machine::dtype_of(combiner.type()));
        for (int i = 0; i < n; i += lanes) {
          const std::size_t offset = static_cast<std::size_t>(i) * combiner.size();
          char* const sums = work.lanes + r * lanes_bytes;
          const int count = std::min(lanes, n - i);
          if (reduce.factor) {
            reduce.dot(sums, x + offset, y + offset, count);
          } else {
            combiner.merge(sums, x + offset, count, work.merges);
          }
        }
      }
    }
    for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
      const Combiner& combiner = stage.reductions[r].combiner;
      combiner.fold(work.lanes + r * lanes_bytes, program::reduction_lanes(machine::dtype_of(combiner.type())),
                    work.merges);
    }
  }

  void run_row(const Cursor& cursor, std::int64_t inner, const Work& work) const {
    for (const PreparedStage& stage : all_.stages) {
      if (stage.once) {
        run_once(stage, all_, cursor, work.memory);
        continue;
      }
      begin_row(stage, all_, cursor, 0, nullptr, work.memory);
      run_stage(stage, cursor, inner, work);
    }
  }

  /// All chunks of a row; each reduction has its tree.
  void run_stage(const PreparedStage& stage, const Cursor& cursor, std::int64_t inner, const Work& work) const {
    const std::size_t reductions = stage.reductions.size();
    const std::int64_t chunks = chunk_count(inner);
    // Trees advance together, so that one is enough if its entries hold a value of every reduction.
    PairTree tree(work.trees, 8 * std::max<std::size_t>(1, reductions));
    const auto merge = [&](char* acc, const char* x) {
      for (std::size_t r = 0; r < reductions; ++r)
        stage.reductions[r].combiner.merge(acc + 8 * r, x + 8 * r, 1, work.merges);
    };
    for (std::int64_t c = 0; c < chunks; ++c) {
      run_chunk(stage, cursor, c * chunk_elements, std::min(inner, (c + 1) * chunk_elements), work);
      char* const entry = tree.next();
      for (std::size_t r = 0; r < reductions; ++r) std::copy_n(work.lanes + r * lanes_bytes, 8, entry + 8 * r);
      tree.push(merge);
    }
    const char* const result = tree.finish(merge);
    for (std::size_t r = 0; r < reductions; ++r) {
      set_result(stage.reductions[r], result == nullptr ? nullptr : result + 8 * r, work);
    }
  }

  std::vector<program::Access> accesses_;
  int outer_;
  bool elementwise_, splits_;
  PreparedStages all_;
};

}  // namespace

std::unique_ptr<PreparedKernel> prepare(const LoopKernel& kernel, bool fused) {
  return std::make_unique<PreparedLoop>(kernel, fused);
}

}  // namespace actinium::interpret
