// MatmulKernel: tiles of 64 rows by 64 columns, in the order of k that program.hpp fixes. Start reading at
// PreparedMatmul::run.
#include <algorithm>
#include <cstring>

#include "actinium/error.h"
#include "interpret/kernels.hpp"

namespace actinium::interpret {
namespace {

using program::block_elements;
using program::chunk_elements;
using program::column_block;
using program::MatmulKernel;

constexpr std::int64_t tile = column_block;

class PreparedMatmul final : public PreparedKernel {
 public:
  PreparedMatmul(const MatmulKernel& kernel, bool fused)
      : accesses_(kernel.accesses),
        column_sums_(kernel.column_sums),
        batch_(static_cast<int>(kernel.batch.size())),
        type_(machine::type_of(kernel.dtype)),
        size_(size_of(type_)),
        sum_(program::Combine::sum, kernel.dtype, fused),
        dot_(vector_ops().dot(type_, fused)),
        block_(vector_ops().block(type_, fused)) {
    if (batch_ + 2 > Cursor::max_loops) throw InternalError("interpret: too many loop dimensions");
    PrepareOptions options{.fused = fused, .uniform = {}};
    for (const program::Access& access : accesses_) {
      const program::AxisMap& map = access.dims.back();
      options.uniform.push_back(access.buffer == program::no_buffer ? map.multiplier.is(0) : map.axis < 0);
    }
    const std::vector<const program::Stage*> stages{&kernel.epilogue};
    all_ = prepare(stages, accesses_, kernel.values, options);
  }

  void run(const KernelArgs& args, std::int64_t begin, std::int64_t end, char* scratch) const override {
    const Extents e = extents_of(args.extents);
    Carver carver(scratch);
    const Work work = layout(carver, e);
    // The operands stand before the epilogue's accesses.
    const KernelArgs rest{args.pointers + 2, args.strides + 2 * (batch_ + 2), args.extents, nullptr, nullptr};
    Cursor cursor(rest, accesses_, batch_, batch_ + 2);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t column = task % e.column_tiles * tile, row = task / e.column_tiles % e.row_tiles * tile;
      const std::int64_t batch = task / e.column_tiles / e.row_tiles;
      cursor.seek(batch);
      const Tile t{row, column, std::min(tile, e.m - row), std::min(tile, e.n - column)};
      const Operand a = operand(args, 0, batch, row), b = operand(args, 1, batch, 0);
      if (row == 0 && column_sums_) store_column_sums(rest, e, t, b, batch, work);
      const char* const product = e.n <= program::narrow_columns ? narrow(e, t, a, b, work) : wide(e, t, a, b, work);
      for (std::int64_t i = 0; i < t.rows; ++i) {
        cursor.set(batch_, row + i);
        begin_row(all_.stages[0], all_, cursor, column, product + static_cast<std::size_t>(i * tile) * size_,
                  work.memory);
        run_piece(all_.stages[0], all_, cursor, column, 0, static_cast<int>(t.columns), work.memory);
      }
    }
  }

  void finish(const KernelArgs&, std::int64_t, std::int64_t, char*) const override {}
  bool has_finish() const override { return false; }

  std::size_t scratch_bytes(const std::int64_t* extents) const override {
    Carver carver(nullptr);
    layout(carver, extents_of(extents));
    return carver.used();
  }

  std::int64_t main_tasks(const std::int64_t* extents) const override {
    const Extents e = extents_of(extents);
    std::int64_t tasks = e.row_tiles * e.column_tiles;
    for (int d = 0; d < batch_; ++d) tasks *= extents[d];
    return tasks;
  }

 private:
  struct Extents {
    std::int64_t m, n, k, row_tiles, column_tiles, chunks;
  };
  struct Tile {
    std::int64_t row, column, rows, columns;
  };
  struct Operand {
    const char* data;
    std::int64_t row_stride, column_stride;  ///< a: m, k; b: k, n
  };
  struct Work {
    StageMemory memory;
    char* row;    ///< one row of a tile
    char* panel;  ///< a block of b, tile columns
    char* trees;  ///< tiles
  };

  Extents extents_of(const std::int64_t* extents) const {
    const std::int64_t m = extents[batch_], n = extents[batch_ + 1], k = extents[batch_ + 2];
    return {m, n, k, (m + tile - 1) / tile, (n + tile - 1) / tile, (k + chunk_elements - 1) / chunk_elements};
  }

  std::size_t tile_bytes() const { return static_cast<std::size_t>(tile * tile) * size_; }

  Work layout(Carver& carver, const Extents& e) const {
    Work work;
    work.memory.frame = carver.take(all_.frame_bytes);
    work.memory.values = nullptr;
    work.memory.value_bytes = 0;
    work.memory.spread = nullptr;
    work.memory.sources = reinterpret_cast<Source*>(carver.take(all_.max_inputs * sizeof(Source)));
    work.memory.kept = nullptr;
    work.memory.kept_extent = 0;
    work.row = carver.take(static_cast<std::size_t>(tile) * size_);
    // The narrow path keeps two runs of k there instead.
    work.panel = carver.take(static_cast<std::size_t>(block_elements * tile) * size_);
    work.trees = carver.take(static_cast<std::size_t>(PairTree::depth(e.chunks)) * tile_bytes());
    return work;
  }

  Operand operand(const KernelArgs& args, int which, std::int64_t batch, std::int64_t row) const {
    const std::int64_t* strides = args.strides + which * (batch_ + 2);
    std::int64_t offset = row * strides[batch_];
    for (int d = batch_; d-- > 0;) {
      offset += batch % args.extents[d] * strides[d];
      batch /= args.extents[d];
    }
    const char* data = static_cast<const char*>(args.pointers[which]) + offset * static_cast<std::int64_t>(size_);
    return {data, strides[batch_], strides[batch_ + 1]};
  }

  auto merge_tiles() const {
    return [this](void* acc, const void* x) { sum_.merge(acc, x, tile * tile, nullptr); };
  }

  const char* wide(const Extents& e, const Tile& t, const Operand& a, const Operand& b, const Work& work) const {
    PairTree tree(work.trees, tile_bytes());
    for (std::int64_t from = 0; from < e.k; from += chunk_elements) {
      char* const sums = tree.next();
      const std::int64_t end = std::min(e.k, from + chunk_elements);
      for (std::int64_t k = from; k < end; k += block_elements) {
        const std::int64_t count = std::min(block_elements, end - k);
        pack(b, k, count, t, work.panel);
        for (std::int64_t i = 0; i < t.rows; ++i) {
          char* const sum = sums + static_cast<std::size_t>(i * tile) * size_;
          block_(k == from ? sum : work.row, element(a, i, k), a.column_stride, work.panel, count);
          if (k != from) sum_.merge(sum, work.row, tile, nullptr);
        }
      }
      tree.push(merge_tiles());
    }
    return finish_tree(tree);
  }

  /// Sums over k of B's columns: what a row of ones gives.
  void store_column_sums(const KernelArgs& args, const Extents& e, const Tile& t, const Operand& b, std::int64_t batch,
                         const Work& work) const {
    const auto ones =
        static_cast<std::uint64_t>(machine::dtype_of(type_) == DType::f64 ? 0x3ff0000000000000 : 0x3f800000);
    const Operand row{reinterpret_cast<const char*>(&ones), 0, 0};
    const char* const sums = wide(e, {0, t.column, 1, t.columns}, row, b, work);
    const Operand to = operand(args, static_cast<int>(*column_sums_), batch, 0);
    for (std::int64_t j = 0; j < t.columns; ++j)
      std::memcpy(const_cast<char*>(element(to, 0, t.column + j)), sums + static_cast<std::size_t>(j) * size_, size_);
  }

  const char* finish_tree(PairTree& tree) const {
    if (char* result = tree.finish(merge_tiles())) return result;
    char* const zeros = tree.next();
    std::memset(zeros, 0, tile_bytes());
    return zeros;
  }

  const char* element(const Operand& x, std::int64_t row, std::int64_t column) const {
    return x.data + (row * x.row_stride + column * x.column_stride) * static_cast<std::int64_t>(size_);
  }

  template <class T>
  static void gather(const T* from, std::int64_t stride, T* to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
  }
  void gather(const char* from, std::int64_t stride, char* to, std::int64_t count) const {
    if (stride == 1) {
      std::memcpy(to, from, static_cast<std::size_t>(count) * size_);
    } else if (size_ == 4) {
      gather(reinterpret_cast<const float*>(from), stride, reinterpret_cast<float*>(to), count);
    } else {
      gather(reinterpret_cast<const double*>(from), stride, reinterpret_cast<double*>(to), count);
    }
  }

  void pack(const Operand& b, std::int64_t k, std::int64_t count, const Tile& t, char* panel) const {
    for (std::int64_t i = 0; i < count; ++i) {
      char* const to = panel + static_cast<std::size_t>(i * tile) * size_;
      gather(element(b, k + i, t.column), b.column_stride, to, t.columns);
      std::memset(to + static_cast<std::size_t>(t.columns) * size_, 0,
                  static_cast<std::size_t>(tile - t.columns) * size_);
    }
  }

  /// At most narrow_columns columns: each element is a sum along k by lanes.
  const char* narrow(const Extents& e, const Tile& t, const Operand& a, const Operand& b, const Work& work) const {
    PairTree tree(work.trees, tile_bytes());
    for (std::int64_t from = 0; from < e.k; from += chunk_elements) {
      char* const sums = tree.next();
      const std::int64_t end = std::min(e.k, from + chunk_elements);
      for (std::int64_t i = 0; i < t.rows; ++i) {
        for (std::int64_t j = 0; j < t.columns; ++j) {
          dot(a, b, i, t.column + j, from, end, work);
          std::memcpy(sums + static_cast<std::size_t>(i * tile + j) * size_, work.row, size_);
        }
      }
      tree.push(merge_tiles());
    }
    return finish_tree(tree);
  }

  void dot(const Operand& a, const Operand& b, std::int64_t i, std::int64_t j, std::int64_t from, std::int64_t end,
           const Work& work) const {
    const std::int64_t lanes = program::reduction_lanes(machine::dtype_of(type_));
    constexpr std::int64_t run = 512;
    char* const xs = work.panel;
    char* const ys = work.panel + run * 8;
    std::memset(work.row, 0, static_cast<std::size_t>(lanes) * size_);
    for (std::int64_t k = from; k < end; k += run) {
      const std::int64_t count = std::min(run, end - k);
      gather(element(a, i, k), a.column_stride, xs, count);
      gather(element(b, k, j), b.row_stride, ys, count);
      for (std::int64_t at = 0; at < count; at += lanes) {
        const std::size_t offset = static_cast<std::size_t>(at) * size_;
        dot_(work.row, xs + offset, ys + offset, std::min(lanes, count - at));
      }
    }
    sum_.fold(work.row, static_cast<int>(lanes), nullptr);
  }

  std::vector<program::Access> accesses_;
  std::optional<std::uint32_t> column_sums_;
  int batch_;
  machine::Type type_;
  std::size_t size_;
  Combiner sum_;
  DotFunction dot_;
  BlockFunction block_;
  PreparedStages all_;
};

}  // namespace

std::unique_ptr<PreparedKernel> prepare(const MatmulKernel& kernel, bool fused) {
  return std::make_unique<PreparedMatmul>(kernel, fused);
}

}  // namespace actinium::interpret
