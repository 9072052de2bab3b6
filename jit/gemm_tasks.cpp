// The three ways of a task. Start reading at Tasks::emit_tiled.
#include "jit/gemm_tasks.hpp"

#include <llvm/IR/Constants.h>
#include <llvm/IR/LLVMContext.h>

#include <array>

#include "jit/library.hpp"

namespace actinium::jit {
namespace {

/// A GemmTask, loaded at a function's entry.
struct Task {
  llvm::Value *args, *scratch, *epilogue, *a, *b;
  Num a_row, a_k, b_k, b_column, rows, columns, depth, chunks, pitch;
  llvm::Value *zeros, *product, *panel, *packed_a, *lanes, *levels;
  Num level_pitch;
  llvm::Value* whole_a;
  Num group_pitch, block_pitch, beyond, whole_b_pitch, first_column;
  llvm::Value *whole_b, *direct;
  Num direct_pitch;
  llvm::Value* memory;

  Task(Emitter& e, llvm::Value* memory_)
      : args(pointer(e, memory_, GemmSlot::args)),
        scratch(pointer(e, memory_, GemmSlot::scratch)),
        epilogue(pointer(e, memory_, GemmSlot::epilogue)),
        a(pointer(e, memory_, GemmSlot::a)),
        b(pointer(e, memory_, GemmSlot::b)),
        a_row(number(e, memory_, GemmSlot::a_row)),
        a_k(number(e, memory_, GemmSlot::a_k)),
        b_k(number(e, memory_, GemmSlot::b_k)),
        b_column(number(e, memory_, GemmSlot::b_column)),
        rows(number(e, memory_, GemmSlot::rows)),
        columns(number(e, memory_, GemmSlot::columns)),
        depth(number(e, memory_, GemmSlot::depth)),
        chunks(number(e, memory_, GemmSlot::chunks)),
        pitch(number(e, memory_, GemmSlot::pitch)),
        zeros(pointer(e, memory_, GemmSlot::zeros)),
        product(pointer(e, memory_, GemmSlot::product)),
        panel(pointer(e, memory_, GemmSlot::panel)),
        packed_a(pointer(e, memory_, GemmSlot::packed_a)),
        lanes(pointer(e, memory_, GemmSlot::lanes)),
        levels(pointer(e, memory_, GemmSlot::levels)),
        level_pitch(number(e, memory_, GemmSlot::level_pitch)),
        whole_a(pointer(e, memory_, GemmSlot::whole_a)),
        group_pitch(number(e, memory_, GemmSlot::group_pitch)),
        block_pitch(number(e, memory_, GemmSlot::block_pitch)),
        beyond(number(e, memory_, GemmSlot::beyond)),
        whole_b_pitch(number(e, memory_, GemmSlot::whole_b_pitch)),
        first_column(number(e, memory_, GemmSlot::first_column)),
        whole_b(pointer(e, memory_, GemmSlot::whole_b)),
        direct(pointer(e, memory_, GemmSlot::direct)),
        direct_pitch(number(e, memory_, GemmSlot::direct_pitch)),
        memory(memory_) {}

 private:
  static llvm::Value* load(Emitter& e, llvm::Type* type, llvm::Value* memory, GemmSlot slot) {
    return e.b.CreateLoad(type, e.bytes(memory, static_cast<std::int64_t>(slot) * 8));
  }
  static llvm::Value* pointer(Emitter& e, llvm::Value* memory, GemmSlot slot) {
    return load(e, e.b.getPtrTy(), memory, slot);
  }
  static Num number(Emitter& e, llvm::Value* memory, GemmSlot slot) {
    return e.num(load(e, e.b.getInt64Ty(), memory, slot));
  }
};

class Tasks {
 public:
  Tasks(ModuleEmitter& module, DType dtype) : m(module), plan_(make_plan(dtype, module.target)), kit_(module, plan_) {}

  void emit(const std::string& name, GemmPart part) {
    llvm::Function* f =
        m.function(llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {m.pointer()}, false), name, true);
    llvm::IRBuilder<> b(m.block(f));
    Emitter e(m, b);
    const Task task(e, f->getArg(0));
    switch (part) {
      case GemmPart::tiled: emit_tiled(e, task); break;
      case GemmPart::packed: emit_packed(e, task); break;
      case GemmPart::pack: emit_pack(e, task); break;
      case GemmPart::pack_b: emit_pack_b(e, task); break;
      case GemmPart::thin: emit_thin(e, task); break;
      case GemmPart::narrow: emit_narrow(e, task); break;
    }
    b.CreateRetVoid();
  }

 private:
  ModuleEmitter& m;
  GemmPlan plan_;
  GemmKit kit_;

  void emit_tiled(Emitter& e, const Task& t);
  void emit_panel(Emitter& e, const Task& t, llvm::Value* a, Num a_row, Num a_k, Num k, Num depth, Flag first,
                  Flag last, Num column, Num width);
  void emit_packed(Emitter& e, const Task& t);
  /// One panel of B, before the first rows that use it and after.
  struct Panel {
    llvm::Value *source, *packed;  ///< where it lies in B, and packed
    Flag copies;                   ///< whether its first tile packs it
  };
  Num emit_packed_panel(Emitter& e, const Task& t, llvm::Value* a, const Panel& panel, Num depth, Flag first,
                        llvm::Value* sums, llvm::Value* to, Num to_pitch, Num rows, Num column);
  void fetch_rows(Emitter& e, const Task& t, llvm::Value* from, Num pitch, Num count, Num rows);
  void emit_pack(Emitter& e, const Task& t);
  void emit_pack_b(Emitter& e, const Task& t);
  void emit_thin(Emitter& e, const Task& t);
  void emit_narrow(Emitter& e, const Task& t);
  void emit_along_k(Emitter& e, const Task& t);
  template <class Block>
  void each_block(Emitter& e, const Task& t, Num size, Block&& block);
  void call_tile(Emitter& e, Num width, llvm::ArrayRef<llvm::Value*> arguments);
  void call_epilogue(Emitter& e, const Task& t, llvm::Value* sums, Num row, Num rows, Num column, Num columns);
  void finish_all(Emitter& e, const Task& t) { call_epilogue(e, t, t.product, e.num(0), t.rows, e.num(0), t.columns); }
};

/// block(k, depth, first): blocks of `size` along k, at least one; after each chunk its sums go into the tree.
template <class Block>
void Tasks::each_block(Emitter& e, const Task& t, Num size, Block&& block) {
  e.each(e.num(0), t.chunks, 1, [&](Num chunk) {
    const Num begin = chunk * program::chunk_elements;
    const Num end = least(begin + program::chunk_elements, t.depth);
    Loop loop(e.b, begin.value, greatest(end, begin + 1).value);
    const Num k = e.num(loop.index());
    block(k, least(end - k, size), k == begin);
    loop.finish(size.value);
    e.when(!(t.chunks == 1), [&] {
      const Num count = quotient_up(t.rows * t.pitch, plan_.lanes) * plan_.lanes;
      m.call(e.b, kit_.combine(), {t.product, t.levels, t.level_pitch, count, chunk, t.chunks});
    });
  });
}

void Tasks::call_epilogue(Emitter& e, const Task& t, llvm::Value* sums, Num row, Num rows, Num column, Num columns) {
  llvm::Type *p = m.pointer(), *n = m.int64();
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, p, p, n, n, n, n, n}, false);
  e.b.CreateCall(type, t.epilogue, {t.args, t.scratch, sums, t.pitch, row, rows, column, columns});
}

// --- Register tiles ---

void Tasks::emit_tiled(Emitter& e, const Task& t) {
  // A row of A is read along k; if A is contiguous along its other dimension, its block is copied as it lies unless its
  // elements of one row lie close together, else transposed.
  const Flag as_it_lies = t.a_row == 1;
  const Flag in_place = (t.a_k == 1) | (t.rows <= 8) | (as_it_lies & (t.a_k <= 1024 / plan_.element()));
  const Flag pack_a = !in_place;
  const Num depth_pitch = e.num(program::block_elements), rows_pitch = quotient_up(t.rows, plan_.lanes) * plan_.lanes;
  const Num a_row = pick(pack_a, pick(as_it_lies, t.a_row, depth_pitch), t.a_row);
  const Num a_k = pick(pack_a, pick(as_it_lies, rows_pitch, e.num(1)), t.a_k);
  each_block(e, t, e.num(program::block_elements), [&](Num k, Num depth, Flag first) {
    llvm::Value* a = e.at(kit_.scalar(), t.a, k * t.a_k);
    e.when(pack_a, [&] {
      m.call(e.b, kit_.pack(),
             {a, pick(as_it_lies, t.a_k, t.a_row), pick(as_it_lies, t.a_row, t.a_k), t.packed_a,
              pick(as_it_lies, rows_pitch, depth_pitch), pick(as_it_lies, depth, t.rows),
              pick(as_it_lies, t.rows, depth)});
    });
    a = e.b.CreateSelect(pack_a, t.packed_a, a);
    const Flag last = (t.chunks == 1) & (t.depth <= k + program::block_elements);
    e.advance(t.columns, [&](Num column) {
      // The narrowest shape that the rest fills or nearly fills: 40 columns are 32 and 8 rather than 64.
      const Num left = t.columns - column;
      Num width = e.num(plan_.tiles.back().vectors * plan_.lanes);
      for (std::size_t s = plan_.tiles.size() - 1; s-- > 0;) {
        const Num columns = e.num(plan_.tiles[s].vectors * plan_.lanes);
        width = pick(left <= columns - plan_.lanes, width, columns);
      }
      emit_panel(e, t, a, a_row, a_k, k, depth, first, last, column, width);
      return width;
    });
  });
  e.when(!(t.chunks == 1), [&] { finish_all(e, t); });
}

void Tasks::emit_panel(Emitter& e, const Task& t, llvm::Value* a, Num a_row, Num a_k, Num k, Num depth, Flag first,
                       Flag last, Num column, Num width) {
  const Num left = t.columns - column;
  llvm::Value* source = e.at(kit_.scalar(), t.b, k * t.b_k + column * t.b_column);
  // Rows of B that lie close together, or that few rows of A use, are read where they are.
  const Flag in_place = (t.b_column == 1) & (width <= left) & ((t.rows <= 32) | (t.b_k <= 1024 / plan_.element()));
  e.when(!in_place,
         [&] { m.call(e.b, kit_.pack(), {source, t.b_k, t.b_column, t.panel, width, depth, least(left, width)}); });
  llvm::Value* panel = e.b.CreateSelect(in_place, source, t.panel);
  const Num panel_pitch = pick(in_place, t.b_k, width);
  const Flag single = t.depth <= program::block_elements;
  const Flag direct = last & (width <= left) & Flag{&e.b, e.b.CreateIsNotNull(t.direct)};
  e.advance(t.rows, [&](Num row) {
    const Num rest = t.rows - row;
    const Num rows = least(rest, e.num(group_rows));
    llvm::Value* sums = e.at(kit_.scalar(), t.product, pick(single, e.num(0), row * t.pitch + column));
    llvm::Value* out = e.b.CreateSelect(direct, e.at(kit_.scalar(), t.direct, row * t.direct_pitch + column), sums);
    call_tile(e, width,
              {e.at(kit_.scalar(), a, row * a_row), a_row, a_k, panel, panel_pitch, depth, out,
               pick(direct, t.direct_pitch, t.pitch), e.b.CreateSelect(first, t.zeros, sums),
               pick(first, e.num(0), t.pitch), rows});
    e.when(last & !direct, [&] { call_epilogue(e, t, sums, row, rows, column, least(left, width)); });
    return rows;
  });
}

void Tasks::call_tile(Emitter& e, Num width, llvm::ArrayRef<llvm::Value*> arguments) {
  llvm::Function* f = e.b.GetInsertBlock()->getParent();
  llvm::BasicBlock* join = m.block(f);
  llvm::BasicBlock* widest = m.block(f);
  llvm::SwitchInst* shapes = e.b.CreateSwitch(width.value, widest);
  for (std::size_t s = 0; s < plan_.tiles.size(); ++s) {
    const TileShape& shape = plan_.tiles[s];
    llvm::BasicBlock* block = s == 0 ? widest : m.block(f);
    if (s != 0) shapes->addCase(e.b.getInt64(static_cast<std::uint64_t>(shape.vectors * plan_.lanes)), block);
    e.b.SetInsertPoint(block);
    m.call(e.b, kit_.tile(shape), arguments);
    e.b.CreateBr(join);
  }
  e.b.SetInsertPoint(join);
}

// --- Packed register tiles ---

void Tasks::emit_pack(Emitter& e, const Task& t) {
  e.each(e.num(0), t.depth, program::block_elements, [&](Num k) {
    llvm::Value* to = e.at(kit_.scalar(), t.whole_a, k / program::block_elements * t.block_pitch);
    m.call(e.b, kit_.pack_rows(),
           {e.at(kit_.scalar(), t.a, k * t.a_k), t.a_row, t.a_k, to, t.group_pitch, t.rows,
            least(t.depth - k, e.num(program::block_elements))});
  });
}

void Tasks::emit_pack_b(Emitter& e, const Task& t) {
  e.each(e.num(0), t.depth, program::block_elements, [&](Num k) {
    m.call(e.b, kit_.pack_columns(),
           {e.at(kit_.scalar(), t.b, k * t.b_k), t.b_k, t.b_column, e.at(kit_.scalar(), t.whole_b, k * t.whole_b_pitch),
            least(t.depth - k, e.num(program::block_elements)), t.columns});
  });
}

void Tasks::emit_packed(Emitter& e, const Task& t) {
  const Flag fixed{&e.b, e.b.CreateIsNotNull(t.whole_b)};
  const Flag own{&e.b, e.b.CreateIsNull(t.whole_a)};
  // Whole tiles go straight to where an epilogue would only copy them.
  const Flag whole = Flag{&e.b, e.b.CreateIsNotNull(t.direct)} & (t.columns % plan_.packed_columns() == 0) &
                     (t.rows % packed_group == 0) & (t.chunks == 1);
  each_block(e, t, e.num(program::block_elements), [&](Num k, Num depth, Flag first) {
    e.when(own, [&] {
      m.call(e.b, kit_.pack_rows(),
             {e.at(kit_.scalar(), t.a, k * t.a_k), t.a_row, t.a_k, t.packed_a, t.group_pitch, t.rows, depth});
    });
    llvm::Value* a =
        e.b.CreateSelect(own, t.packed_a, e.at(kit_.scalar(), t.whole_a, k / program::block_elements * t.block_pitch));
    // Whole panels of a B that is contiguous are packed by the first tile that reads them.
    llvm::Value* b = e.at(kit_.scalar(), t.b, k * t.b_k);
    const Num copied = pick((!fixed) & (t.b_column == 1) & (number(t.rows, plan_.packed_rows()) <= t.rows),
                            t.columns / plan_.packed_columns() * plan_.packed_columns(), e.num(0));
    e.when(!fixed, [&] {
      m.call(e.b, kit_.pack_columns(),
             {e.at(kit_.scalar(), b, copied * t.b_column), t.b_k, t.b_column,
              e.at(kit_.scalar(), t.panel, copied * depth), depth, t.columns - copied});
    });
    llvm::Value* panels =
        e.b.CreateSelect(fixed, e.at(kit_.scalar(), t.whole_b, k * t.whole_b_pitch + t.first_column * depth), t.panel);
    const Flag last = (t.chunks == 1) & (t.depth <= k + program::block_elements);
    const Flag straight = last & whole;
    // After the last panel of this block: the first one of the block below, or of the next task.
    const Num deeper = t.depth - k - depth;
    const Flag ends = deeper <= 0;
    const Num depth_after = pick(ends, pick(t.beyond <= 0, e.num(0), least(t.depth, e.num(program::block_elements))),
                                 least(deeper, e.num(program::block_elements)));
    llvm::Value* source_after =
        e.at(kit_.scalar(), t.b, pick(ends, t.columns * t.b_column, (k + depth) * t.b_k));
    llvm::Value* packed_after =
        e.at(kit_.scalar(), t.whole_b, pick(ends, e.num(0), (k + depth) * t.whole_b_pitch) +
                                           (t.first_column + pick(ends, t.columns, e.num(0))) * depth_after);
    e.advance(t.rows, [&](Num row) {
      const Num rows = least(t.rows - row, e.num(packed_rows_at_once));
      // The sums of a single block of k are finished before the next rows are begun.
      llvm::Value* sums =
          e.at(kit_.scalar(), t.product, pick(t.depth <= program::block_elements, e.num(0), row * t.pitch));
      llvm::Value* group = e.at(kit_.scalar(), a, row / packed_group * t.group_pitch);
      e.advance(t.columns, [&](Num column) {
        // The first rows that use a panel bring the next one into the cache.
        const Num next = column + plan_.packed_columns();
        const Flag right = next + plan_.packed_columns() <= t.columns, fetches = (row == 0) & (fixed | (column < copied));
        llvm::Value* source = e.b.CreateSelect(right, e.at(kit_.scalar(), b, next), source_after);
        llvm::Value* packed = e.b.CreateSelect(right, e.at(kit_.scalar(), panels, next * depth), packed_after);
        fetch_rows(e, t, e.b.CreateSelect(fixed, packed, source), pick(fixed, e.num(plan_.packed_columns()), t.b_k),
                   pick(fetches, pick(right, depth, depth_after), e.num(0)), rows);
        const Panel panel{e.at(kit_.scalar(), b, column), e.at(kit_.scalar(), panels, column * depth),
                          (row == 0) & (column < copied)};
        llvm::Value* out = e.b.CreateSelect(straight, e.at(kit_.scalar(), t.direct, row * t.direct_pitch), sums);
        return emit_packed_panel(e, t, group, panel, depth, first, sums, out, pick(straight, t.direct_pitch, t.pitch),
                                 rows, column);
      });
      e.when(last & !straight, [&] { call_epilogue(e, t, sums, row, rows, e.num(0), t.columns); });
      return rows;
    });
  });
  e.when(!(t.chunks == 1), [&] { finish_all(e, t); });
}

Num Tasks::emit_packed_panel(Emitter& e, const Task& t, llvm::Value* a, const Panel& panel, Num depth, Flag first,
                             llvm::Value* sums, llvm::Value* to, Num to_pitch, Num rows, Num column) {
  const TileShape &wide = plan_.packed_tiles.front(), &single = plan_.packed_tiles.back();
  const Num width = pick(t.columns - column <= plan_.lanes, e.num(plan_.lanes), e.num(plan_.packed_columns()));
  llvm::Value* out = e.at(kit_.scalar(), to, column);
  llvm::Value* before = e.b.CreateSelect(first, t.zeros, e.at(kit_.scalar(), sums, column));
  const Num before_pitch = pick(first, e.num(0), t.pitch);
  e.when(panel.copies, [&] {
    m.call(e.b, kit_.copying_tile(wide),
           {a, t.group_pitch, panel.source, t.b_k, depth, out, to_pitch, before, before_pitch, panel.packed, t.memory});
  });
  const Num done = pick(panel.copies, e.num(plan_.packed_rows()), e.num(0));
  const std::array<llvm::Value*, 11> arguments{e.at(kit_.scalar(), a, done / packed_group * t.group_pitch),
                                               t.group_pitch,
                                               panel.packed,
                                               width,
                                               depth,
                                               e.at(kit_.scalar(), out, done * to_pitch),
                                               to_pitch,
                                               e.at(kit_.scalar(), before, done * before_pitch),
                                               before_pitch,
                                               rows - done,
                                               t.memory};
  e.when(done < rows, [&] {
    e.when(
        width == plan_.lanes, [&] { m.call(e.b, kit_.packed_tile(single), arguments); },
        [&] { m.call(e.b, kit_.packed_tile(wide), arguments); });
  });
  return width;
}

/// While the tiles of a panel are computed for `rows`, `count` rows from here on come into the cache: all of them by the
/// last tile.
void Tasks::fetch_rows(Emitter& e, const Task& t, llvm::Value* from, Num pitch, Num count, Num rows) {
  const auto set = [&](GemmSlot slot, llvm::Value* value) {
    e.b.CreateStore(value, e.bytes(t.memory, static_cast<std::int64_t>(slot) * 8));
  };
  set(GemmSlot::fetch_from, from);
  set(GemmSlot::fetch_stride, pitch * plan_.element());
  set(GemmSlot::fetch_next, e.num(0));
  set(GemmSlot::fetch_end, count);
  const std::int64_t height = plan_.packed_rows();
  set(GemmSlot::fetch_shift, pick(rows < 4 * height, e.num(1), pick(rows < 8 * height, e.num(2), e.num(3))));
}

// --- Few rows, few columns ---

void Tasks::emit_thin(Emitter& e, const Task& t) {
  each_block(e, t, e.num(program::block_elements), [&](Num k, Num depth, Flag first) {
    e.each(e.num(0), t.rows, stream_rows, [&](Num group) {
      const Num rows = least(t.rows - group, e.num(stream_rows));
      const std::array<llvm::Value*, 10> arguments{e.at(kit_.scalar(), t.a, group * t.a_row + k * t.a_k),
                                                   t.a_row,
                                                   t.a_k,
                                                   e.at(kit_.scalar(), t.b, k * t.b_k),
                                                   t.b_k,
                                                   depth,
                                                   t.columns,
                                                   t.panel,
                                                   t.pitch,
                                                   rows};
      e.when(
          rows == 1, [&] { m.call(e.b, kit_.stream(1, 4, 4), arguments); },
          [&] { m.call(e.b, kit_.stream(stream_rows, 4, 1), arguments); });
      e.each(e.num(0), rows, 1, [&](Num row) {
        e.each(e.num(0), t.columns, plan_.lanes, [&](Num column) {
          llvm::Value* place = e.at(kit_.scalar(), t.product, (group + row) * t.pitch + column);
          llvm::Value* earlier =
              e.b.CreateSelect(first, kit_.constant(kit_.vector(), -0.0), kit_.load(e.b, kit_.vector(), place));
          llvm::Value* sum = kit_.load(e.b, kit_.vector(), e.at(kit_.scalar(), t.panel, row * t.pitch + column));
          kit_.store(e.b, e.b.CreateFAdd(earlier, sum), place);
        });
      });
    });
  });
  finish_all(e, t);
}

void Tasks::emit_narrow(Emitter& e, const Task& t) {
  // A matrix whose rows are columns in memory, times a vector.
  const Flag upright = (t.columns == 1) & (t.a_row == 1) & !(t.a_k == 1);
  e.when(
      upright,
      [&] {
        each_block(e, t, e.num(program::chunk_elements), [&](Num k, Num depth, Flag) {
          const std::int64_t width = std::int64_t{GemmKit::upright_vectors} * plan_.lanes;
          e.each(e.num(0), t.rows, width, [&](Num row) {
            m.call(e.b, kit_.upright(),
                   {e.at(kit_.scalar(), t.a, row + k * t.a_k), t.a_k, e.at(kit_.scalar(), t.b, k * t.b_k), t.b_k, depth,
                    t.lanes, e.at(kit_.scalar(), t.product, row * t.pitch), t.pitch, t.rows - row});
          });
        });
      },
      [&] { emit_along_k(e, t); });
  finish_all(e, t);
}

void Tasks::emit_along_k(Emitter& e, const Task& t) {
  const std::int64_t lane_count = program::reduction_lanes(plan_.dtype),
                     row_lanes = program::narrow_columns * lane_count;
  llvm::Value* state = t.lanes;
  llvm::Value* spare = e.at(kit_.scalar(), state, e.num(narrow_rows * row_lanes));
  const Num end = t.depth;
  // Rows that are read as they lie are read from one end to the other, several at once.
  const Flag pack_b = !(t.b_k == 1), pack_a = !(t.a_k == 1), single = t.columns == 1;
  const Num size = pick(pack_a | !single, e.num(narrow_depth), e.num(program::chunk_elements));
  each_block(e, t, size, [&](Num k, Num depth, Flag first) {
    llvm::Value* b_columns = e.at(kit_.scalar(), t.b, k * t.b_k);
    e.when(pack_b, [&] { m.call(e.b, kit_.pack(), {b_columns, t.b_column, t.b_k, t.panel, size, t.columns, depth}); });
    b_columns = e.b.CreateSelect(pack_b, t.panel, b_columns);
    const Num b_pitch = pick(pack_b, size, t.b_column);
    e.each(e.num(0), t.rows, narrow_packed_rows, [&](Num group) {
      const Num rows = least(t.rows - group, e.num(narrow_packed_rows));
      llvm::Value* a = e.at(kit_.scalar(), t.a, group * t.a_row + k * t.a_k);
      e.when(pack_a, [&] { m.call(e.b, kit_.pack(), {a, t.a_row, t.a_k, t.packed_a, size, rows, depth}); });
      a = e.b.CreateSelect(pack_a, t.packed_a, a);
      const Num a_pitch = pick(pack_a, size, t.a_row);
      const auto call = [&](Num row, int row_count, int column_count) {
        llvm::Value* own = e.at(kit_.scalar(), state, (group + row) * row_lanes);
        m.call(
            e.b, kit_.lanes(row_count, column_count),
            {e.at(kit_.scalar(), a, row * a_pitch), a_pitch, b_columns, b_pitch, depth, own, t.columns, first, spare});
      };
      const int at_once = plan_.narrow_rows_at_once;
      const Num together = pick(single, rows / at_once * at_once, e.num(0));
      e.each(e.num(0), together, at_once, [&](Num row) { call(row, at_once, 1); });
      e.each(together, rows, 1, [&](Num row) {
        e.when(single, [&] { call(row, 1, 1); }, [&] { call(row, 1, static_cast<int>(program::narrow_columns)); });
      });
    });
    // At the end of a chunk the lanes become sums.
    const Num next = k + size;
    e.when((next % program::chunk_elements == 0) | (end <= next), [&] {
      e.each(e.num(0), t.rows, 1, [&](Num row) {
        e.each(e.num(0), t.columns, 1, [&](Num column) {
          llvm::Value* sum =
              m.call(e.b, kit_.lane_sum(), {e.at(kit_.scalar(), state, row * row_lanes + column * lane_count)});
          kit_.store(e.b, sum, e.at(kit_.scalar(), t.product, row * t.pitch + column));
        });
      });
    });
  });
}

std::string_view name_of(GemmPart part) {
  switch (part) {
    case GemmPart::tiled: return "tiled";
    case GemmPart::packed: return "packed";
    case GemmPart::pack: return "pack";
    case GemmPart::pack_b: return "pack_b";
    case GemmPart::thin: return "thin";
    case GemmPart::narrow: return "narrow";
  }
  return {};
}

}  // namespace

llvm::Function* gemm_function(ModuleEmitter& m, DType dtype, GemmPart part) {
  const std::string name = "gemm_" + std::string(name_of(part)) + "_" + std::string(actinium::name_of(dtype));
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {m.pointer()}, false);
  return library_function(m, name, type, Effort::shared, [&](ModuleEmitter& emitter, const std::string& symbol) {
    Tasks(emitter, dtype).emit(symbol, part);
  });
}

}  // namespace actinium::jit
