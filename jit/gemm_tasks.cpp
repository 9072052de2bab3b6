// See gemm_tasks.hpp. Start reading at gemm_run, then Task::tiled.
#include "jit/gemm_tasks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "actinium/error.h"

namespace actinium::jit {
namespace {

using N = std::int64_t;
using program::block_elements;
using program::chunk_elements;

/// The operands of a call: a, b, then the epilogue's accesses.
struct Operands {
  const GemmContext& context;
  const runtime::KernelArgs& args;
  N batch = 1, rows, columns, depth;

  Operands(const void* context_, const runtime::KernelArgs* args_)
      : context(*static_cast<const GemmContext*>(context_)), args(*args_) {
    const int rank = context.rank;
    for (int d = 0; d < rank; ++d) batch *= args.extents[d];
    rows = args.extents[rank], columns = args.extents[rank + 1], depth = args.extents[rank + 2];
  }
  /// `dim` counts from the end: 2 is the matrix's first, 1 its second.
  N stride(int operand, int dim) const { return args.strides[operand * (context.rank + 2) + context.rank + 2 - dim]; }
  /// The element where the operand's matrix number `index` begins.
  N matrix(int operand, N index) const {
    N offset = 0;
    for (int d = context.rank - 1; d >= 0; --d) {
      offset += index % args.extents[d] * args.strides[operand * (context.rank + 2) + d];
      index /= args.extents[d];
    }
    return offset;
  }
};

/// -> out: panels of GemmPlan::packed_columns() columns, each k by k; a last one of one vector if that is enough, and
/// +0 in columns that are not there.
template <class T>
void pack_columns(const GemmContext& plan, const T* source, N k_stride, N column_stride, T* out, N depth, N columns) {
  const N width = plan.packed_columns(), lanes = plan.lanes;
  for (N column = 0; column < columns; column += width) {
    const N left = columns - column, pitch = left <= lanes ? lanes : width;
    const T* from = source + column * column_stride;
    T* to = out + column * depth;
    // Whole panels of a B that is contiguous along k, by squares as wide as a vector.
    const N done = k_stride == 1 && column_stride != 1 && width <= left ? depth / lanes * lanes : 0;
    if (done > 0) plan.code.squares(from, column_stride, to, width, done, width);
    plan.code.pack(from + done * k_stride, k_stride, column_stride, to + done * pitch, pitch, depth - done,
                   std::min(left, width));
    // pack() fills up the last vector; there may be more.
    const N filled = quotient_up(left, lanes) * lanes;
    for (N k = 0; pitch == width && filled < width && k < depth; ++k)
      std::fill(to + k * width + filled, to + (k + 1) * width, T{0});
  }
}

void copy_elements(N size, const char* from, N from_step, char* to, N to_step, N count) {
  for (N i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, static_cast<std::size_t>(size));
}

bool is_strided(const GemmContext::Place& place, const GemmLine& line) {
  return !place.index && place.moves && (place.read || place.written) && line.column_step != place.size;
}

/// A row of -0, to which a first block is added: x + -0 is x for every x.
template <class T>
struct Zeros {
  alignas(64) T row[GemmPlan::widest_row];
  constexpr Zeros() : row() { std::fill_n(row, GemmPlan::widest_row, T{-0.0}); }
};
template <class T>
constexpr Zeros<T> row_of_zeros;

/// A piece of C, and the memory to compute it in.
template <class T>
struct Task {
  static constexpr const T* zeros = row_of_zeros<T>.row;
  const GemmContext& plan;
  const GemmCode& code;
  const runtime::KernelArgs* args;
  char* scratch;
  N a_row, a_k, b_k, b_column, depth, chunks, pitch;  ///< `pitch`: from one row of sums to the next
  N group_pitch = 0, block_pitch = 0, matrix_pitch = 0, whole_b_pitch = 0;  ///< of what is packed
  T *product, *panel, *packed_a, *lanes, *levels;
  N level_pitch;
  // Of each task.
  const T *a = nullptr, *b = nullptr;
  N rows = 0, columns = 0, first_column = 0;
  N beyond = 0;                ///< columns of B to the right of the task's
  const T* whole_a = nullptr;  ///< the task's rows of A, packed before; or null: the task packs them
  const T* whole_b = nullptr;  ///< B packed for good: blocks of k one after the other, in each the panels; or null
  GemmLine* lines;             ///< of each access: of the task, of a call of the epilogue, and in staging memory
  bool strided = false;        ///< some access does not lie side by side
  bool sums = false;           ///< the task sums its columns of B
  T* direct = nullptr;         ///< where C lies if it is stored as it is, side by side; or null
  N direct_pitch = 0;
  GemmFetch fetch{};
  const T* packed_source = nullptr;  ///< what `panel` has since the last task, if tiles read it
  N packed_depth = 0;

  Task(const Operands& o, void* scratch_, N pitch_, Grid::Way way)
      : plan(o.context),
        code(o.context.code),
        args(&o.args),
        scratch(static_cast<char*>(scratch_)),
        a_row(o.stride(0, 2)),
        a_k(o.stride(0, 1)),
        b_k(o.stride(1, 2)),
        b_column(o.stride(1, 1)),
        depth(o.depth),
        chunks(std::max<N>(quotient_up(o.depth, chunk_elements), 1)),
        pitch(pitch_),
        product(memory(plan.at.product)),
        panel(memory(plan.at.b)),
        packed_a(memory(plan.at.a)),
        lanes(memory(plan.at.lanes)),
        levels(memory(plan.at.levels)),
        level_pitch(plan.at.level_bytes / N{sizeof(T)}) {
    lines = reinterpret_cast<GemmLine*>(scratch + plan.at.lines);
    if (way != Grid::Way::packed) return;
    const PackedRows packed = packed_rows(plan, o.rows, o.depth);
    group_pitch = packed.group_pitch, block_pitch = packed.block_pitch, matrix_pitch = packed.matrix;
    whole_b_pitch = packed_pitch(plan, o.columns);
  }
  T* memory(N offset) const { return reinterpret_cast<T*>(scratch + offset); }

  void tiled();
  void packed();
  void thin();
  void row_panels();
  void narrow();
  void sum_columns();

 private:
  /// A row of A is read along k; `a` begins at the block.
  struct Block {
    const T* a;
    N a_row, a_k, k, depth;
    bool first, last;
  };
  void tile_panel(const Block& block, N column, std::size_t shape);
  /// A block of k, its rows and panels packed.
  struct PackedBlock {
    const T *a, *b, *after;  ///< `after`: what is used after the last panel
    T* panels;
    N copied;  ///< columns whose panels are packed by the first tile that reads them
    N depth, depth_after;
    bool first, last, straight;
  };
  PackedBlock packed_block(N k, N block_depth, bool first);
  void packed_rows_of(const PackedBlock& block, N row, N count, T* sums);
  N packed_panel(const T* a_rows, const T* source, T* packed, bool copies, N block_depth, bool first, T* sums, T* to,
                 N to_pitch, N row_count, N column);
  void fetch_rows(const T* from, N stride, N count, N row_count);
  void along_k();
  void lanes_of(const T* a_rows, N a_pitch, const T* b_columns, N b_pitch, N k_count, N row, N row_count, bool first);

  /// block(k, depth, first): blocks of `size` along k, at least one; after each chunk, if there are several, its sums
  /// go into the tree: of the product, or what done(chunk) does.
  template <class F>
  void each_block(N size, F&& block) {
    each_block(size, block, [&](N chunk) { combine(chunk, product, rows * pitch, levels, level_pitch); });
  }
  template <class F, class Done>
  void each_block(N size, F&& block, Done&& done) {
    for (N chunk = 0; chunk < chunks; ++chunk) {
      const N begin = chunk * chunk_elements, end = std::min(begin + chunk_elements, depth);
      N k = begin;
      do {
        block(k, std::min(end - k, size), k == begin);
        k += size;
      } while (k < end);
      if (chunks != 1) done(chunk);
    }
  }
  void combine(N chunk, T* total, N count, T* waiting, N waiting_pitch);
  void store(const T* sums, N row_count, N column_count);
  void finish_strided(const T* sums, N row_count, N column_count);
  void finish(T* sums, N row, N row_count, N column, N column_count);
  void finish_all() { finish(product, 0, rows, 0, columns); }
};

/// The sums of a chunk, in `total`, enter the binary counter `waiting`; after the last chunk `total` is the sum of all.
template <class T>
void Task<T>::combine(N chunk, T* total, N count, T* waiting, N waiting_pitch) {
  // As many levels are full below this chunk as chunk + 1 has zeros at its end.
  const int full = std::countr_zero(static_cast<std::uint64_t>(chunk + 1));
  for (int l = 0; l < full; ++l) code.add(total, waiting + l * waiting_pitch, count);
  if (chunk + 1 < chunks) {
    std::copy_n(total, count, waiting + full * waiting_pitch);
    return;
  }
  for (int l = full + 1; l < 64; ++l) {
    if ((static_cast<std::uint64_t>(chunks) >> l & 1) != 0) code.add(total, waiting + l * waiting_pitch, count);
  }
}

/// The epilogue. What it sees as rows and columns depends on the kernel.
template <class T>
void Task<T>::finish(T* sums, N row, N row_count, N column, N column_count) {
  if (plan.along_rows) std::swap(row, column), std::swap(row_count, column_count);
  GemmLine* now = lines + plan.accesses;
  for (int a = 0; a < plan.accesses; ++a) {
    now[a] = lines[a];
    now[a].first += row * lines[a].row_step + column * lines[a].column_step;
  }
  if (plan.epilogue == nullptr) {
    store(sums, row_count, column_count);
  } else if (strided) {
    finish_strided(sums, row_count, column_count);
  } else {
    plan.epilogue(now, sums, pitch, row_count, column_count);
  }
}

/// Short rows are copied here: the library's function takes longer to be called than to copy them.
template <class T>
void copy_row(const T* from, T* to, N count) {
  constexpr N piece = 16 / N{sizeof(T)};
  N i = 0;
  if (count > 16 * piece) return static_cast<void>(std::copy_n(from, count, to));
  for (; i + piece <= count; i += piece) std::memcpy(to + i, from + i, 16);
  for (; i < count; ++i) to[i] = from[i];
}

/// Stores sums as they are.
template <class T>
void Task<T>::store(const T* sums, N row_count, N column_count) {
  const GemmLine& to = lines[plan.accesses + plan.stored];
  for (N r = 0; r < row_count; ++r, sums += pitch) {
    T* line = reinterpret_cast<T*>(to.first + r * to.row_step);
    if (to.column_step == N{sizeof(T)}) {
      copy_row(sums, line, column_count);
    } else {
      const N step = to.column_step / N{sizeof(T)};
      for (N c = 0; c < column_count; ++c) line[c * step] = sums[c];
    }
  }
}

/// Row by row, by way of memory where elements lie side by side.
template <class T>
void Task<T>::finish_strided(const T* sums, N row_count, N column_count) {
  const GemmLine* from = lines + plan.accesses;
  GemmLine* staged = lines + 2 * plan.accesses;
  for (N r = 0; r < row_count; ++r) {
    for (N c = 0; c < column_count; c += staged_columns) {
      const N count = std::min(column_count - c, staged_columns);
      const auto each_strided = [&](auto&& visit) {
        for (std::size_t a = 0; a < plan.places.size(); ++a) {
          char* place = from[a].first + r * from[a].row_step + c * from[a].column_step;
          if (is_strided(plan.places[a], from[a])) {
            visit(plan.places[a], a, place, from[a].column_step);
          } else {
            staged[a] = {place, from[a].row_step, from[a].column_step, 0};
          }
        }
      };
      each_strided([&](const GemmContext::Place& p, std::size_t a, const char* place, N step) {
        char* memory = scratch + plan.at.staging + static_cast<N>(a) * staged_columns * 8;
        staged[a] = {memory, 0, p.size, 0};
        if (p.read) copy_elements(p.size, place, step, memory, p.size, count);
      });
      plan.epilogue(staged, sums + r * pitch + c, pitch, 1, count);
      each_strided([&](const GemmContext::Place& p, std::size_t a, char* place, N step) {
        if (p.written) copy_elements(p.size, staged[a].first, p.size, place, step, count);
      });
    }
  }
}

// --- Register tiles ---

template <class T>
void Task<T>::tiled() {
  // If A is contiguous along its rows, its block is copied as it lies unless its elements of one row lie close
  // together, else transposed.
  constexpr N near = 1024 / N{sizeof(T)};
  const bool as_it_lies = a_row == 1;
  const bool in_place = a_k == 1 || rows <= 8 || (as_it_lies && a_k <= near);
  const N rows_pitch = quotient_up(rows, N{plan.lanes}) * plan.lanes;
  each_block(block_elements, [&](N k, N block_depth, bool first) {
    Block block{a + k * a_k, a_row, a_k, k, block_depth, first, chunks == 1 && depth <= k + block_elements};
    if (!in_place) {
      if (as_it_lies) {
        code.pack(block.a, a_k, a_row, packed_a, rows_pitch, block_depth, rows);
        block.a_k = rows_pitch;
      } else {
        code.pack(block.a, a_row, a_k, packed_a, block_elements, rows, block_depth);
        block.a_row = block_elements, block.a_k = 1;
      }
      block.a = packed_a;
    }
    for (N column = 0; column < columns;) {
      // The narrowest shape that the rest fills or nearly fills: 40 columns are 32 and 8 rather than 64.
      std::size_t shape = 0;
      while (shape + 1 < plan.tiles.size() && columns - column <= (plan.tiles[shape].vectors - 1) * plan.lanes) ++shape;
      tile_panel(block, column, shape);
      column += plan.tiles[shape].vectors * plan.lanes;
    }
  });
  if (chunks != 1) finish_all();
}

template <class T>
void Task<T>::tile_panel(const Block& block, N column, std::size_t shape) {
  const N width = plan.tiles[shape].vectors * plan.lanes, left = columns - column;
  const T* source = b + block.k * b_k + column * b_column;
  N source_pitch = b_k;
  // Rows of B that lie close together, or that few rows of A use, are read where they are.
  const bool masked = plan.masks && width == plan.lanes;
  if (b_column != 1 || (width > left && !masked) || (rows > 32 && b_k > 1024 / N{sizeof(T)})) {
    if (source != packed_source || block.depth != packed_depth) {
      // A B that is contiguous along k, by squares as wide as a vector.
      if (b_k == 1 && b_column != 1 && width <= left && block.depth % plan.lanes == 0) {
        code.squares(source, b_column, panel, width, block.depth, width);
      } else {
        code.pack(source, b_k, b_column, panel, width, block.depth, std::min(left, width));
      }
    }
    packed_source = source, packed_depth = block.depth;
    source = panel, source_pitch = width;
  }
  const bool straight = block.last && (width <= left || masked) && direct != nullptr;
  for (N row = 0; row < rows; row += group_rows) {
    const N count = std::min(rows - row, group_rows);
    T* sums = depth <= block_elements ? product : product + row * pitch + column;
    T* out = straight ? direct + row * direct_pitch + column : sums;
    const N out_pitch = straight ? direct_pitch : pitch, before_pitch = block.first ? 0 : pitch;
    const T *a_rows = block.a + row * block.a_row, *before = block.first ? zeros : sums;
    if (masked) {
      code.masked_tile(a_rows, block.a_row, block.a_k, source, source_pitch, block.depth, out, out_pitch, before,
                       before_pitch, count, std::min(left, width));
    } else {
      code.tiles[shape](a_rows, block.a_row, block.a_k, source, source_pitch, block.depth, out, out_pitch, before,
                        before_pitch, count);
    }
    if (block.last && !straight) finish(sums, row, count, column, std::min(left, width));
  }
}

// --- Packed register tiles ---

template <class T>
void Task<T>::packed() {
  each_block(block_elements, [&](N k, N block_depth, bool first) {
    const PackedBlock block = packed_block(k, block_depth, first);
    for (N row = 0; row < rows; row += packed_rows_at_once) {
      const N count = std::min(rows - row, packed_rows_at_once);
      // The sums of a single block of k are finished before the next rows are begun.
      packed_rows_of(block, row, count, depth <= block_elements ? product : product + row * pitch);
    }
  });
  if (chunks != 1) finish_all();
}

/// Packs what has to be packed before any tile reads it.
template <class T>
typename Task<T>::PackedBlock Task<T>::packed_block(N k, N block_depth, bool first) {
  const N panel_columns = plan.packed_columns();
  PackedBlock block{};
  block.depth = block_depth, block.first = first, block.b = b + k * b_k;
  if (whole_a == nullptr) code.pack_rows(a + k * a_k, a_row, a_k, packed_a, group_pitch, rows, block_depth);
  block.a = whole_a == nullptr ? packed_a : whole_a + k / block_elements * block_pitch;
  // Whole panels of a B that is contiguous are packed by the first tile that reads them.
  const bool copies = whole_b == nullptr && b_column == 1 && rows >= plan.packed_rows();
  block.copied = copies ? columns / panel_columns * panel_columns : 0;
  if (whole_b == nullptr && block.copied < columns) {
    pack_columns(plan, block.b + block.copied * b_column, b_k, b_column, panel + block.copied * block_depth,
                 block_depth, columns - block.copied);
  }
  // A constant B is only read.
  block.panels = whole_b == nullptr ? panel : const_cast<T*>(whole_b) + k * whole_b_pitch + first_column * block_depth;
  block.last = chunks == 1 && depth <= k + block_elements;
  // Whole tiles go straight to where an epilogue would only copy them.
  block.straight =
      block.last && direct != nullptr && columns % panel_columns == 0 && rows % packed_group == 0 && chunks == 1;
  // After the last panel of this block: the first one of the block below, or of the next task.
  const N deeper = depth - k - block_depth;
  block.depth_after = deeper > 0 ? std::min(deeper, block_elements) : beyond <= 0 ? 0 : std::min(depth, block_elements);
  if (whole_b != nullptr) {
    block.after = whole_b + (deeper > 0 ? (k + block_depth) * whole_b_pitch : 0) +
                  (first_column + (deeper > 0 ? 0 : columns)) * block.depth_after;
  } else {
    block.after = b + (deeper > 0 ? (k + block_depth) * b_k : columns * b_column);
  }
  return block;
}

template <class T>
void Task<T>::packed_rows_of(const PackedBlock& block, N row, N count, T* sums) {
  const N panel_columns = plan.packed_columns();
  for (N column = 0; column < columns;) {
    // The first rows that use a panel bring the next one into the cache.
    const N next = column + panel_columns;
    const bool right = next + panel_columns <= columns;
    const bool fetches = row == 0 && (whole_b != nullptr || column < block.copied);
    const T* wanted = !right ? block.after : whole_b != nullptr ? block.panels + next * block.depth : block.b + next;
    const N wanted_rows = right ? block.depth : block.depth_after;
    fetch_rows(wanted, whole_b != nullptr ? panel_columns : b_k, fetches ? wanted_rows : 0, count);
    column += packed_panel(block.a + row / packed_group * group_pitch, block.b + column,
                           block.panels + column * block.depth, row == 0 && column < block.copied, block.depth,
                           block.first, sums, block.straight ? direct + row * direct_pitch : sums,
                           block.straight ? direct_pitch : pitch, count, column);
  }
  if (block.last && !block.straight) finish(sums, row, count, 0, columns);
}

/// One panel of B for `row_count` rows: from `source`, packing it, if it `copies`, else packed. Gives its width.
template <class T>
N Task<T>::packed_panel(const T* a_rows, const T* source, T* packed, bool copies, N block_depth, bool first, T* sums,
                        T* to, N to_pitch, N row_count, N column) {
  const bool single = columns - column <= plan.lanes;
  const N width = single ? plan.lanes : plan.packed_columns(), before_pitch = first ? 0 : pitch;
  T* out = to + column;
  const T* before = first ? zeros : sums + column;
  N done = 0;
  if (copies) {
    code.copying(a_rows, group_pitch, source, b_k, block_depth, out, to_pitch, before, before_pitch, packed, &fetch);
    done = plan.packed_rows();
  }
  if (done < row_count) {
    (single ? code.packed_single : code.packed_wide)(
        a_rows + done / packed_group * group_pitch, group_pitch, packed, width, block_depth, out + done * to_pitch,
        to_pitch, before + done * before_pitch, before_pitch, row_count - done, &fetch);
  }
  return width;
}

/// While the tiles of a panel are computed for `row_count` rows, `count` rows from here on come into the cache: all of
/// them by the last tile.
template <class T>
void Task<T>::fetch_rows(const T* from, N stride, N count, N row_count) {
  const N height = plan.packed_rows();
  fetch = {from, stride * N{sizeof(T)}, 0, count, row_count < 4 * height ? 1 : row_count < 8 * height ? 2 : 3};
}

// --- Few rows, few columns ---

/// One row and a constant B in panels, each of which is read from one end to the other.
template <class T>
void Task<T>::row_panels() {
  const N width = row_panel_columns(plan);
  for (N chunk = 0; chunk < chunks; ++chunk) {
    const N begin = chunk * chunk_elements, end = std::min(begin + chunk_elements, depth);
    for (N column = 0; column < columns; column += width) {
      const T* b_panel = whole_b + (first_column + column) * depth;
      T* sums = product + column;
      for (N k = begin; k == begin || k < end; k += block_elements) {
        code.row_panel(a + k * a_k, a_k, b_panel + k * width, std::min(end - k, block_elements), sums,
                       k == begin ? zeros : sums);
      }
    }
    if (chunks != 1) combine(chunk, product, rows * pitch, levels, level_pitch);
  }
  finish_all();
}

template <class T>
void Task<T>::thin() {
  if (whole_b != nullptr) return row_panels();
  each_block(block_elements, [&](N k, N block_depth, bool first) {
    for (N group = 0; group < rows; group += stream_rows) {
      const N count = std::min(rows - group, stream_rows);
      T* sums = product + group * pitch;
      T* out = first ? sums : panel;
      (count == 1 ? code.stream_one : code.stream_rows)(a + group * a_row + k * a_k, a_row, a_k, b + k * b_k, b_k,
                                                        block_depth, columns, out, pitch, count);
      if (first) continue;
      for (N row = 0; row < count; ++row) code.add(sums + row * pitch, panel + row * pitch, columns);
    }
  });
  finish_all();
}

template <class T>
void Task<T>::narrow() {
  // A matrix whose rows are columns in memory, times a vector.
  if (columns == 1 && a_row == 1 && a_k != 1) {
    const N width = upright_vectors * plan.lanes;
    each_block(chunk_elements, [&](N k, N block_depth, bool) {
      for (N row = 0; row < rows; row += width) {
        code.upright(a + row + k * a_k, a_k, b + k * b_k, b_k, block_depth, lanes, product + row * pitch, pitch,
                     rows - row);
      }
    });
  } else {
    along_k();
  }
  finish_all();
}

template <class T>
void Task<T>::along_k() {
  const N lane_count = program::reduction_lanes(plan.dtype), row_lanes = program::narrow_columns * lane_count;
  // Rows that are read as they lie are read from one end to the other, several at once.
  const bool pack_b = b_k != 1, pack_a = a_k != 1;
  const N size = pack_a || columns != 1 ? narrow_depth : chunk_elements;
  each_block(size, [&](N k, N block_depth, bool first) {
    const T* b_columns = b + k * b_k;
    if (pack_b) {
      code.pack(b_columns, b_column, b_k, panel, size, columns, block_depth);
      b_columns = panel;
    }
    for (N group = 0; group < rows; group += narrow_packed_rows) {
      const N count = std::min(rows - group, narrow_packed_rows);
      const T* a_rows = a + group * a_row + k * a_k;
      if (pack_a) {
        code.pack(a_rows, a_row, a_k, packed_a, size, count, block_depth);
        a_rows = packed_a;
      }
      lanes_of(a_rows, pack_a ? size : a_row, b_columns, pack_b ? size : b_column, block_depth, group, count, first);
    }
    // At the end of a chunk the lanes become sums.
    const N next = k + size;
    if (next % chunk_elements != 0 && next < depth) return;
    for (N row = 0; row < rows; ++row) {
      for (N column = 0; column < columns; ++column)
        code.lane_sum(lanes + row * row_lanes + column * lane_count, product + row * pitch + column);
    }
  });
}

/// The lanes of `row_count` rows, the first of them the task's row number `row`.
template <class T>
void Task<T>::lanes_of(const T* a_rows, N a_pitch, const T* b_columns, N b_pitch, N k_count, N row, N row_count,
                       bool first) {
  const N row_lanes = program::narrow_columns * program::reduction_lanes(plan.dtype);
  T* state = lanes + row * row_lanes;
  const N at_once = plan.narrow_rows_at_once, together = columns == 1 ? row_count / at_once * at_once : 0;
  for (N r = 0; r < row_count;) {
    const bool several = r < together;
    GemmCode::Lanes* piece = several ? code.lanes_rows : columns == 1 ? code.lanes_one : code.lanes_columns;
    piece(a_rows + r * a_pitch, a_pitch, b_columns, b_pitch, k_count, state + r * row_lanes, columns, first ? 1 : 0);
    r += several ? at_once : 1;
  }
}

// --- Sums of columns ---

/// Of B, a strip of columns at a time: what a row of ones in A would give.
template <class T>
void Task<T>::sum_columns() {
  constexpr N width = program::column_block;
  const GemmLine& to = lines[plan.column_sums];
  // Narrow products alone have virtual lanes.
  T *const block = lanes, *const strip = lanes + width, *const waiting = lanes + 2 * width;
  for (N column = 0; column < columns; column += width) {
    const N count = std::min(columns - column, width);
    T* out = reinterpret_cast<T*>(to.first + column * to.column_step);
    const bool straight = to.column_step == N{sizeof(T)} && depth <= block_elements;
    T* total = straight ? out : strip;
    each_block(
        block_elements,
        [&](N k, N block_depth, bool first) {
          const T* source = b + k * b_k + column * b_column;
          N source_pitch = b_k;
          if (b_column != 1) {
            code.pack(source, b_k, b_column, panel, width, block_depth, count);
            source = panel, source_pitch = width, packed_source = nullptr;
          }
          code.sum_columns(source, source_pitch, block_depth, count, first ? total : block);
          if (first) return;
          code.add(block, total, count);
          std::copy_n(block, count, total);
        },
        [&](N chunk) { combine(chunk, total, count, waiting, width); });
    for (N c = 0; !straight && c < count; ++c)
      std::memcpy(to.first + (column + c) * to.column_step, total + c, sizeof(T));
  }
}

// --- Tasks of a call ---

template <class T>
void place_task(Task<T>& task, const Operands& o, const Grid& g, N index, N count) {
  N first_column = 0, first_row = 0, batch = 0;
  if (index != 0) {
    first_column = index % g.column_blocks * g.column_block;
    batch = index / g.column_blocks / g.row_blocks;
    first_row = index / g.column_blocks % g.row_blocks * g.row_block;
  }
  const GemmContext& plan = o.context;
  const auto* a = static_cast<const T*>(o.args.pointers[0]);
  const auto* b = static_cast<const T*>(o.args.pointers[1]);
  task.a = a + o.matrix(0, batch) + first_row * task.a_row;
  task.b = b + o.matrix(1, batch) + first_column * task.b_column;
  if (g.whole)
    task.whole_a =
        static_cast<const T*>(o.args.shared) + batch * task.matrix_pitch + first_row / packed_group * task.group_pitch;
  task.whole_b = static_cast<const T*>(o.args.constant);
  task.rows = std::min(g.row_block, o.rows - first_row);
  task.columns = std::min(g.column_block * count, o.columns - first_column);
  task.first_column = first_column;
  task.beyond = std::max<N>(o.columns - first_column - g.column_block, 0);
  task.strided = false;
  for (int access = 0; access < plan.accesses; ++access) {
    const GemmContext::Place& place = plan.places[static_cast<std::size_t>(access)];
    const N unit = place.index ? 1 : place.size;
    const N row_step = o.stride(access + 2, 2) * unit, column_step = o.stride(access + 2, 1) * unit;
    GemmLine& line = task.lines[access];
    line = plan.along_rows ? GemmLine{nullptr, column_step, row_step, 0} : GemmLine{nullptr, row_step, column_step, 0};
    line.first = static_cast<char*>(o.args.pointers[access + 2]) + o.matrix(access + 2, batch) * unit +
                 first_row * row_step + first_column * column_step;
    if (!plan.along_rows && o.rows * row_step > plan.fetched_bytes) line.ahead = epilogue_ahead * line.row_step;
    task.strided = task.strided || is_strided(place, line);
  }
  const GemmLine& stored = task.lines[plan.stored];
  if (plan.epilogue == nullptr && !plan.along_rows && stored.column_step == N{sizeof(T)}) {
    task.direct = reinterpret_cast<T*>(stored.first);
    task.direct_pitch = stored.row_step / N{sizeof(T)};
  }
  task.sums = plan.column_sums >= 0 && first_row == 0;
}

template <class T>
void run(const Operands& o, N begin, N end, void* scratch) {
  const GemmContext& plan = o.context;
  const Grid g = grid(plan, o.batch, o.rows, o.columns, o.depth);
  Task<T> task(o, scratch, g.pitch, g.way);
  // Tasks of few rows are joined.
  const N joined = g.way == Grid::Way::thin
                       ? std::max<N>((o.rows == 1 ? thin_columns_one : thin_columns_max) / g.column_block, 1)
                       : 1;
  for (N index = begin; index < end;) {
    const N count = joined == 1 ? 1 : std::min({joined, end - index, g.column_blocks - index % g.column_blocks});
    place_task(task, o, g, index, count);
    switch (g.way) {
      case Grid::Way::narrow: task.narrow(); break;
      // Rows of B that are not side by side cannot be streamed.
      case Grid::Way::thin: task.b_column == 1 || task.whole_b != nullptr ? task.thin() : task.tiled(); break;
      case Grid::Way::tiled: task.tiled(); break;
      case Grid::Way::packed: task.packed(); break;
    }
    if (task.sums) task.sum_columns();
    index += count;
  }
}

template <class T>
void prepare(const Operands& o, N begin, N end) {
  const GemmPlan& plan = o.context;
  const PackedRows packed = packed_rows(plan, o.rows, o.depth);
  const N a_row = o.stride(0, 2), a_k = o.stride(0, 1), chunks = quotient_up(o.rows, packed_chunk);
  for (N index = begin; index < end; ++index) {
    const N batch = index / chunks, row = index % chunks * packed_chunk;
    const T* a = static_cast<const T*>(o.args.pointers[0]) + o.matrix(0, batch) + row * a_row;
    T* to = static_cast<T*>(o.args.shared) + batch * packed.matrix + row / packed_group * packed.group_pitch;
    for (N k = 0; k < o.depth; k += block_elements) {
      o.context.code.pack_rows(a + k * a_k, a_row, a_k, to + k / block_elements * packed.block_pitch,
                               packed.group_pitch, std::min(o.rows - row, packed_chunk),
                               std::min(o.depth - k, block_elements));
    }
  }
}

template <class T>
void pack_row_panels(const Operands& o) {
  const N b_k = o.stride(1, 2), b_column = o.stride(1, 1), width = row_panel_columns(o.context);
  T* to = static_cast<T*>(o.args.constant);
  for (N column = 0; column < o.columns; column += width) {
    const T* from = static_cast<const T*>(o.args.pointers[1]) + column * b_column;
    const N count = std::min(width, o.columns - column);
    for (N k = 0; k < o.depth; ++k, to += width) {
      for (N c = 0; c < width; ++c) to[c] = c < count ? from[k * b_k + c * b_column] : T{0};
    }
  }
}

template <class T>
void pack_constant(const Operands& o) {
  if (o.rows == 1) return pack_row_panels<T>(o);
  const N pitch = packed_pitch(o.context, o.columns);
  const N b_k = o.stride(1, 2), b_column = o.stride(1, 1);
  for (N k = 0; k < o.depth; k += block_elements) {
    pack_columns(o.context, static_cast<const T*>(o.args.pointers[1]) + k * b_k, b_k, b_column,
                 static_cast<T*>(o.args.constant) + k * pitch, std::min(o.depth - k, block_elements), o.columns);
  }
}

}  // namespace

void gemm_run(const void* context, const runtime::KernelArgs* args, N begin, N end, void* scratch) {
  const Operands o(context, args);
  if (begin >= end) return;
  if (o.context.dtype == DType::f64) return run<double>(o, begin, end, scratch);
  run<float>(o, begin, end, scratch);
}

void gemm_prepare(const void* context, const runtime::KernelArgs* args, N begin, N end, void*) {
  const Operands o(context, args);
  if (o.context.dtype == DType::f64) return prepare<double>(o, begin, end);
  prepare<float>(o, begin, end);
}

void gemm_pack_constant(const void* context, const runtime::KernelArgs* args, N, N, void*) {
  const Operands o(context, args);
  if (o.context.dtype == DType::f64) return pack_constant<double>(o);
  pack_constant<float>(o);
}

}  // namespace actinium::jit
