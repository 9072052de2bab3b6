// ColumnKernel: reductions along an axis that is not the last, a block of columns at a time. Start reading at
// PreparedColumn::run.
#include <algorithm>

#include "actinium/error.h"
#include "interpret/kernels.hpp"

namespace actinium::interpret {
namespace {

using program::block_elements;
using program::chunk_elements;
using program::column_block;
using program::ColumnKernel;

constexpr std::size_t columns_bytes = column_block * 8;
constexpr std::size_t tree_entries = 56;

class PreparedColumn final : public PreparedKernel {
 public:
  PreparedColumn(const ColumnKernel& kernel, bool fused)
      : accesses_(kernel.accesses), outer_(static_cast<int>(kernel.outer.size())) {
    if (outer_ + 2 > Cursor::max_loops) throw InternalError("interpret: too many loop dimensions");
    PrepareOptions options{.fused = fused, .uniform = {}, .columns = true};
    for (const program::Access& access : accesses_) {
      const program::AxisMap& map = access.dims.back();
      options.uniform.push_back(access.buffer == program::no_buffer ? map.multiplier.is(0) : map.axis < 0);
    }
    const std::vector<const program::Stage*> stages{&kernel.body, &kernel.finish};
    all_ = prepare(stages, accesses_, kernel.values, options);
  }

  void run(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const override {
    const Shape shape = shape_of(args);
    const Work work = work_memory(scratch);
    Cursor cursor(args, accesses_, outer_, outer_ + 2);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t chunk = task % shape.chunks, block = task / shape.chunks % shape.blocks;
      const std::int64_t outer = task / shape.chunks / shape.blocks;
      cursor.seek(outer);
      run_chunk(shape, cursor, chunk, block, work);
      write_partials(args, shape, outer, chunk, block, work);
    }
  }

  void finish(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const override {
    const Shape shape = shape_of(args);
    const Work work = work_memory(scratch);
    Cursor cursor(args, accesses_, outer_, outer_ + 2);
    const std::vector<PreparedStage::Reduce>& reductions = all_.stages[0].reductions;
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t outer = task / shape.blocks, first = task % shape.blocks * column_block;
      const std::int64_t columns = std::min(column_block, shape.inner - first);
      cursor.seek(outer);
      for (std::size_t r = 0; r < reductions.size(); ++r) {
        const Combiner& combiner = reductions[r].combiner;
        const std::size_t size = combiner.size();
        const auto merge = [&](void* acc, const void* x) { combiner.merge(acc, x, columns, work.merges); };
        PairTree tree(work.trees, columns_bytes);
        for (std::int64_t c = 0; c < shape.chunks; ++c) {
          std::copy_n(partial(args, shape, outer, r, c, first, size), static_cast<std::size_t>(columns) * size,
                      tree.next());
          tree.push(merge);
        }
        char* const slot = work.memory.values + reductions[r].slot * columns_bytes;
        if (const char* result = tree.finish(merge)) {
          std::copy_n(result, static_cast<std::size_t>(columns) * size, slot);
        } else {
          combiner.fill_identity(slot, columns);
        }
      }
      begin_row(all_.stages[1], all_, cursor, first, nullptr, work.memory);
      run_piece(all_.stages[1], all_, cursor, first, 0, static_cast<int>(columns), work.memory);
    }
  }

  bool has_finish() const override { return true; }
  std::int64_t main_tasks(const std::int64_t*) const override { return 0; }

  std::size_t scratch_bytes(const std::int64_t*) const override {
    Carver carver(nullptr);
    layout(carver);
    return carver.used();
  }

 private:
  struct Shape {
    std::int64_t reduced, inner, chunks, blocks, reductions;
  };
  struct Work {
    StageMemory memory;
    char* block;  ///< of each reduction: one accumulator a column
    char* chunk;
    char* trees;
    char* merges;
  };

  Shape shape_of(const KernelArgs& args) const {
    const std::int64_t reduced = args.extents[outer_], inner = args.extents[outer_ + 1];
    return {reduced, inner, (reduced + chunk_elements - 1) / chunk_elements, (inner + column_block - 1) / column_block,
            static_cast<std::int64_t>(all_.stages[0].reductions.size())};
  }

  Work layout(Carver& carver) const {
    Work work;
    work.memory.frame = carver.take(all_.frame_bytes);
    work.memory.values = carver.take(all_.value_slots * columns_bytes);
    work.memory.value_bytes = columns_bytes;
    work.memory.spread = carver.take(512 * 8);
    work.memory.sources = reinterpret_cast<Source*>(carver.take(all_.max_inputs * sizeof(Source)));
    work.memory.kept = nullptr;
    work.memory.kept_extent = 0;
    work.block = carver.take(all_.max_reductions * columns_bytes);
    work.chunk = carver.take(all_.max_reductions * columns_bytes);
    work.trees = carver.take(tree_entries * columns_bytes);
    work.merges = carver.take(all_.frame_bytes);
    return work;
  }
  Work work_memory(char* scratch) const {
    Carver carver(scratch);
    return layout(carver);
  }

  static char* partial(const KernelArgs& args, const Shape& shape, std::int64_t outer, std::size_t r,
                       std::int64_t chunk, std::int64_t column, std::size_t size) {
    const std::int64_t slot =
        ((outer * shape.reductions + static_cast<std::int64_t>(r)) * shape.chunks + chunk) * shape.inner + column;
    return static_cast<char*>(args.partials) + slot * static_cast<std::int64_t>(size);
  }

  /// Blocks of rows, each from the identity, added in order.
  void run_chunk(const Shape& shape, Cursor& cursor, std::int64_t chunk, std::int64_t block, const Work& work) const {
    const PreparedStage& stage = all_.stages[0];
    const std::int64_t first = block * column_block;
    const int columns = static_cast<int>(std::min(column_block, shape.inner - first));
    const std::int64_t end = std::min(shape.reduced, (chunk + 1) * chunk_elements);
    for (std::int64_t from = chunk * chunk_elements; from < end; from += block_elements) {
      for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
        stage.reductions[r].combiner.fill_identity(work.block + r * columns_bytes, columns);
      }
      for (std::int64_t row = from; row < std::min(end, from + block_elements); ++row) {
        cursor.set(outer_, row);
        begin_row(stage, all_, cursor, first, nullptr, work.memory);
        run_piece(stage, all_, cursor, first, 0, columns, work.memory);
        for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
          const PreparedStage::Reduce& reduce = stage.reductions[r];
          reduce.combiner.merge(work.block + r * columns_bytes, elements(stage, reduce.output, columns, work.memory),
                                columns, work.merges);
        }
      }
      const bool starts = from == chunk * chunk_elements;
      for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
        const char* sum = work.block + r * columns_bytes;
        if (starts) {
          std::copy_n(sum, columns_bytes, work.chunk + r * columns_bytes);
        } else {
          stage.reductions[r].combiner.merge(work.chunk + r * columns_bytes, sum, columns, work.merges);
        }
      }
    }
  }

  void write_partials(const KernelArgs& args, const Shape& shape, std::int64_t outer, std::int64_t chunk,
                      std::int64_t block, const Work& work) const {
    const std::int64_t first = block * column_block;
    const std::int64_t columns = std::min(column_block, shape.inner - first);
    for (std::size_t r = 0; r < all_.stages[0].reductions.size(); ++r) {
      const std::size_t size = all_.stages[0].reductions[r].combiner.size();
      std::copy_n(work.chunk + r * columns_bytes, static_cast<std::size_t>(columns) * size,
                  partial(args, shape, outer, r, chunk, first, size));
    }
  }

  std::vector<program::Access> accesses_;
  int outer_;
  PreparedStages all_;
};

}  // namespace

std::unique_ptr<PreparedKernel> prepare(const ColumnKernel& kernel, bool fused) {
  return std::make_unique<PreparedColumn>(kernel, fused);
}

}  // namespace actinium::interpret
