// The MatmulKernel: tasks, the blocking of each, and the epilogue. Results do not depend on any choice made here: every element
// of C is summed in the order of program.hpp. Start reading at emit_matmul, then MatmulEmitter::emit_main.
#include <llvm/IR/Constants.h>

#include <array>
#include <memory>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/gemm_kit.hpp"
#include "jit/gemm_plan.hpp"
#include "jit/kernel.hpp"

namespace actinium::jit {
namespace {

using program::Access;
using program::MatmulKernel;

/// What the code of one task works on.
struct Task {
  llvm::Value *a, *b;  ///< first element of the task's rows of A, of its columns of B
  Num a_row, a_k, b_k, b_column;
  Num rows, columns, depth;
  Num chunks, pitch;
  llvm::Value *scratch, *zeros, *product, *panel, *packed_a, *levels;
};

class MatmulEmitter {
 public:
  MatmulEmitter(ModuleEmitter& module, const MatmulKernel& kernel, const std::string& symbol)
      : m(module), kernel_(kernel), symbol_(symbol), plan_(std::make_shared<GemmPlan>(make_plan(kernel, module.target))),
        layout_(plan_->layout()), kit_(module, *plan_) {}

  EmittedKernel emit() {
    emit_epilogue();
    emit_main();
    return {.main = symbol_, .finish = {}, .prepare = {}, .context = plan_, .scratch_bytes = gemm_scratch_bytes, .main_tasks = gemm_tasks};
  }

 private:
  ModuleEmitter& m;
  const MatmulKernel& kernel_;
  std::string symbol_;
  std::shared_ptr<GemmPlan> plan_;
  GemmPlan::Layout layout_;
  GemmKit kit_;
  llvm::Function* epilogue_ = nullptr;

  int stride_index(int operand, int dim) const { return operand * (plan_->rank + 2) + dim; }
  bool is_index(int access) const { return kernel_.accesses[static_cast<std::size_t>(access)].buffer == program::no_buffer; }
  /// Bytes of an element; an index counts in ones.
  std::int64_t unit(int access) const {
    return is_index(access) ? 1 : static_cast<std::int64_t>(size_of(kernel_.accesses[static_cast<std::size_t>(access)].dtype));
  }

  void emit_main();
  void emit_task(Emitter& e, const ArgsView& args, llvm::Value* raw_args, llvm::Value* scratch, const Grid<Num>& g, Num m_extent,
                 Num n_extent, Num k_extent, Num index);
  void emit_tiled(Emitter& e, const Task& t, llvm::Value* args);
  void emit_thin(Emitter& e, const Task& t);
  void emit_narrow(Emitter& e, const Task& t);
  void emit_panel(Emitter& e, const Task& t, llvm::Value* args, llvm::Value* a, Num a_row, Num a_k, Num k, Num depth, Flag first,
                  Flag last, Num column, Num width);
  template <class Block>
  void each_block(Emitter& e, const Task& t, std::int64_t size, Block&& block);
  void call_tile(Emitter& e, Num width, llvm::ArrayRef<llvm::Value*> arguments);
  void call_epilogue(Emitter& e, llvm::Value* args, const Task& t, llvm::Value* sums, Num row, Num rows, Num column, Num columns);

  void emit_epilogue();
  llvm::Value* load_access(Emitter& e, int access, llvm::Value* base, Num column_stride, Num column, Num columns, llvm::Value* staging, int lanes);
  void store_access(Emitter& e, int access, llvm::Value* base, Num column_stride, Num column, Num columns, llvm::Value* staging, int lanes, llvm::Value* value);
};

// --- Tasks ---

void MatmulEmitter::emit_main() {
  llvm::IRBuilder<> b(m.context);
  llvm::Function* f = m.kernel_function(symbol_, b);
  Emitter e(m, b);
  const ArgsView args(m, b, f->getArg(0));
  llvm::Value* scratch = f->getArg(3);
  Num batch = e.num(1);
  for (int d = 0; d < plan_->rank; ++d) batch = batch * e.num(args.extent(b, d));
  const Num rows = e.num(args.extent(b, plan_->rank)), columns = e.num(args.extent(b, plan_->rank + 1));
  const Num depth = e.num(args.extent(b, plan_->rank + 2));
  const Grid<Num> g = grid(*plan_, batch, rows, columns);
  llvm::Value* zeros = e.bytes(scratch, layout_.zeros);
  for (int v = 0; v < plan_->tiles.front().vectors; ++v) {
    kit_.store(b, kit_.constant(kit_.vector(), -0.0), e.at(kit_.scalar(), zeros, e.num(v * plan_->lanes)));
  }
  e.each(e.num(f->getArg(1)), e.num(f->getArg(2)), 1,
         [&](Num index) { emit_task(e, args, f->getArg(0), scratch, g, rows, columns, depth, index); });
  b.CreateRetVoid();
}

void MatmulEmitter::emit_task(Emitter& e, const ArgsView& args, llvm::Value* raw_args, llvm::Value* scratch, const Grid<Num>& g,
                              Num m_extent, Num n_extent, Num k_extent, Num index) {
  llvm::IRBuilder<>& b = e.b;
  const int rank = plan_->rank;
  const Num first_column = index % g.column_blocks * g.column_block;
  const Num rest = index / g.column_blocks;
  const Num first_row = rest % g.row_blocks * g.row_block;
  Num batch = rest / g.row_blocks;
  // Where the task begins, in elements of each operand.
  std::vector<Num> offset(static_cast<std::size_t>(plan_->accesses) + 2, e.num(0));
  const auto stride = [&](int operand, int dim) { return e.num(args.stride(b, stride_index(operand, dim))); };
  for (int d = rank - 1; d >= 0; --d) {
    const Num extent = e.num(args.extent(b, d));
    const Num i = batch % extent;
    batch = batch / extent;
    for (int o = 0; o < plan_->accesses + 2; ++o) offset[static_cast<std::size_t>(o)] = offset[static_cast<std::size_t>(o)] + i * stride(o, d);
  }
  offset[0] = offset[0] + first_row * stride(0, rank);
  offset[1] = offset[1] + first_column * stride(1, rank + 1);
  for (int access = 0; access < plan_->accesses; ++access) {
    const int o = access + 2;
    const Num element = offset[static_cast<std::size_t>(o)] + first_row * stride(o, rank) + first_column * stride(o, rank + 1);
    llvm::Value* base = b.CreateGEP(b.getInt8Ty(), args.pointer(b, o), (element * unit(access)).value);
    b.CreateStore(base, b.CreateConstGEP1_64(b.getPtrTy(), e.bytes(scratch, layout_.bases), static_cast<std::uint64_t>(access)));
  }
  const Task task{.a = e.at(kit_.scalar(), args.pointer(b, 0), offset[0]),
                  .b = e.at(kit_.scalar(), args.pointer(b, 1), offset[1]),
                  .a_row = stride(0, rank),
                  .a_k = stride(0, rank + 1),
                  .b_k = stride(1, rank),
                  .b_column = stride(1, rank + 1),
                  .rows = least(g.row_block, m_extent - first_row),
                  .columns = least(g.column_block, n_extent - first_column),
                  .depth = k_extent,
                  .chunks = greatest(quotient_up(k_extent, program::chunk_elements), e.num(1)),
                  .pitch = g.pitch,
                  .scratch = scratch,
                  .zeros = e.bytes(scratch, layout_.zeros),
                  .product = e.bytes(scratch, layout_.product),
                  .panel = e.bytes(scratch, layout_.b),
                  .packed_a = e.bytes(scratch, layout_.a),
                  .levels = e.bytes(scratch, layout_.levels)};
  const Flag narrow = n_extent <= program::narrow_columns;
  const Flag thin = (m_extent <= thin_rows) & (task.b_column == 1);
  const auto whole = [&] { call_epilogue(e, raw_args, task, task.product, e.num(0), task.rows, e.num(0), task.columns); };
  e.when(narrow, [&] { emit_narrow(e, task), whole(); },
         [&] {
           e.when(thin, [&] { emit_thin(e, task), whole(); },
                  [&] {
                    emit_tiled(e, task, raw_args);
                    e.when(number(task.chunks, 1) < task.chunks, whole);
                  });
         });
}

/// block(k, depth, first): blocks of `size` along k, at least one; after each chunk its sums go into the tree.
template <class Block>
void MatmulEmitter::each_block(Emitter& e, const Task& t, std::int64_t size, Block&& block) {
  e.each(e.num(0), t.chunks, 1, [&](Num chunk) {
    const Num begin = chunk * program::chunk_elements;
    const Num end = least(begin + program::chunk_elements, t.depth);
    e.each(begin, greatest(end, begin + 1), size, [&](Num k) { block(k, least(end - k, e.num(size)), k == begin); });
    e.when(number(t.chunks, 1) < t.chunks, [&] {
      m.call(e.b, kit_.combine(),
             {t.product, t.levels, e.num(layout_.level_bytes / plan_->element()), quotient_up(t.rows * t.pitch, plan_->lanes) * plan_->lanes,
              chunk, t.chunks});
    });
  });
}

// --- Register tiles ---

void MatmulEmitter::emit_tiled(Emitter& e, const Task& t, llvm::Value* args) {
  const Flag pack_a = !(t.a_k == 1) & (number(t.rows, 8) < t.rows);
  each_block(e, t, program::block_elements, [&](Num k, Num depth, Flag first) {
    llvm::Value* a = e.at(kit_.scalar(), t.a, k * t.a_k);
    e.when(pack_a, [&] {
      m.call(e.b, kit_.pack(), {a, t.a_row, t.a_k, t.packed_a, e.num(program::block_elements), t.rows, depth});
    });
    a = e.b.CreateSelect(pack_a, t.packed_a, a);
    const Num a_row = pick(pack_a, e.num(program::block_elements), t.a_row), a_k = pick(pack_a, e.num(1), t.a_k);
    const Flag last = (t.chunks == 1) & (t.depth <= k + program::block_elements);
    e.advance(t.columns, [&](Num column) {
      // The narrowest shape that the rest fills or nearly fills: 40 columns are 32 and 8 rather than 64.
      const Num left = t.columns - column;
      Num width = e.num(plan_->tiles.back().vectors * plan_->lanes);
      for (std::size_t s = plan_->tiles.size() - 1; s-- > 0;) {
        const Num columns = e.num(plan_->tiles[s].vectors * plan_->lanes);
        width = pick(left <= columns - plan_->lanes, width, columns);
      }
      emit_panel(e, t, args, a, a_row, a_k, k, depth, first, last, column, width);
      return width;
    });
  });
}

void MatmulEmitter::emit_panel(Emitter& e, const Task& t, llvm::Value* args, llvm::Value* a, Num a_row, Num a_k, Num k, Num depth,
                               Flag first, Flag last, Num column, Num width) {
  const Num left = t.columns - column;
  llvm::Value* source = e.at(kit_.scalar(), t.b, k * t.b_k + column * t.b_column);
  // Rows of B that lie close together, or that few rows of A use, are read where they are.
  const Flag in_place = (t.b_column == 1) & (width <= left) & ((t.rows <= 32) | (t.b_k <= 1024 / plan_->element()));
  e.when(!in_place, [&] { m.call(e.b, kit_.pack(), {source, t.b_k, t.b_column, t.panel, width, depth, least(left, width)}); });
  llvm::Value* panel = e.b.CreateSelect(in_place, source, t.panel);
  const Num panel_pitch = pick(in_place, t.b_k, width);
  const Flag single = t.depth <= program::block_elements;
  e.advance(t.rows, [&](Num row) {
    const Num rest = t.rows - row;
    const Num rows = pick(number(rest, 2 * group_rows) <= rest, number(rest, group_rows), pick(rest <= group_rows, rest, (rest + 1) / 2));
    llvm::Value* sums = e.at(kit_.scalar(), t.product, pick(single, e.num(0), row * t.pitch + column));
    call_tile(e, width, {e.at(kit_.scalar(), a, row * a_row), a_row, a_k, panel, panel_pitch, depth, sums, t.pitch,
                         e.b.CreateSelect(first, t.zeros, sums), pick(first, e.num(0), t.pitch), rows});
    e.when(last, [&] { call_epilogue(e, args, t, sums, row, rows, column, least(left, width)); });
    return rows;
  });
}

void MatmulEmitter::call_tile(Emitter& e, Num width, llvm::ArrayRef<llvm::Value*> arguments) {
  llvm::Function* f = e.b.GetInsertBlock()->getParent();
  llvm::BasicBlock* join = m.block(f);
  llvm::BasicBlock* widest = m.block(f);
  llvm::SwitchInst* shapes = e.b.CreateSwitch(width.value, widest);
  for (std::size_t s = 0; s < plan_->tiles.size(); ++s) {
    const TileShape& shape = plan_->tiles[s];
    llvm::BasicBlock* block = s == 0 ? widest : m.block(f);
    if (s != 0) shapes->addCase(e.b.getInt64(static_cast<std::uint64_t>(shape.vectors * plan_->lanes)), block);
    e.b.SetInsertPoint(block);
    m.call(e.b, kit_.tile(shape), arguments);
    e.b.CreateBr(join);
  }
  e.b.SetInsertPoint(join);
}

// --- Few rows, few columns ---

void MatmulEmitter::emit_thin(Emitter& e, const Task& t) {
  each_block(e, t, program::block_elements, [&](Num k, Num depth, Flag first) {
    const std::array<llvm::Value*, 10> arguments{e.at(kit_.scalar(), t.a, k * t.a_k), t.a_row, t.a_k, e.at(kit_.scalar(), t.b, k * t.b_k),
                                                 t.b_k, depth, t.columns, t.panel, t.pitch, t.rows};
    e.when(t.rows == 1, [&] { m.call(e.b, kit_.stream(1, 8), arguments); },
           [&] { m.call(e.b, kit_.stream(thin_rows, 4), arguments); });
    e.each(e.num(0), t.rows, 1, [&](Num row) {
      e.each(e.num(0), t.columns, plan_->lanes, [&](Num column) {
        const Num i = row * t.pitch + column;
        llvm::Value* place = e.at(kit_.scalar(), t.product, i);
        llvm::Value* earlier = e.b.CreateSelect(first, kit_.constant(kit_.vector(), -0.0), kit_.load(e.b, kit_.vector(), place));
        kit_.store(e.b, e.b.CreateFAdd(earlier, kit_.load(e.b, kit_.vector(), e.at(kit_.scalar(), t.panel, i))), place);
      });
    });
  });
}

void MatmulEmitter::emit_narrow(Emitter& e, const Task& t) {
  const std::int64_t lane_count = program::reduction_lanes(plan_->dtype), row_lanes = program::narrow_columns * lane_count;
  llvm::Value* state = e.bytes(t.scratch, layout_.lanes);
  llvm::Value* spare = e.at(kit_.scalar(), state, e.num(narrow_rows * row_lanes));
  const Num end = t.depth;
  each_block(e, t, narrow_depth, [&](Num k, Num depth, Flag first) {
    llvm::Value* b_columns = e.at(kit_.scalar(), t.b, k * t.b_k);
    const Flag pack_b = !(t.b_k == 1), pack_a = !(t.a_k == 1);
    const Num packed_pitch = e.num(narrow_depth);
    e.when(pack_b, [&] { m.call(e.b, kit_.pack(), {b_columns, t.b_column, t.b_k, t.panel, packed_pitch, t.columns, depth}); });
    b_columns = e.b.CreateSelect(pack_b, t.panel, b_columns);
    const Num b_pitch = pick(pack_b, packed_pitch, t.b_column);
    e.each(e.num(0), t.rows, narrow_packed_rows, [&](Num group) {
      const Num rows = least(t.rows - group, e.num(narrow_packed_rows));
      llvm::Value* a = e.at(kit_.scalar(), t.a, group * t.a_row + k * t.a_k);
      e.when(pack_a, [&] { m.call(e.b, kit_.pack(), {a, t.a_row, t.a_k, t.packed_a, packed_pitch, rows, depth}); });
      a = e.b.CreateSelect(pack_a, t.packed_a, a);
      const Num a_pitch = pick(pack_a, packed_pitch, t.a_row);
      e.each(e.num(0), rows, 1, [&](Num row) {
        llvm::Value* own = e.at(kit_.scalar(), state, (group + row) * row_lanes);
        const std::array<llvm::Value*, 8> arguments{e.at(kit_.scalar(), a, row * a_pitch), b_columns, b_pitch, depth, own, t.columns,
                                                    first, spare};
        e.when(t.columns == 1, [&] { m.call(e.b, kit_.lanes(1), arguments); },
               [&] { m.call(e.b, kit_.lanes(static_cast<int>(program::narrow_columns)), arguments); });
      });
    });
    // At the end of a chunk the lanes become sums.
    const Num next = k + narrow_depth;
    e.when((next % program::chunk_elements == 0) | (end <= next), [&] {
      e.each(e.num(0), t.rows, 1, [&](Num row) {
        e.each(e.num(0), t.columns, 1, [&](Num column) {
          llvm::Value* sum = m.call(e.b, kit_.lane_sum(), {e.at(kit_.scalar(), state, row * row_lanes + column * lane_count)});
          kit_.store(e.b, sum, e.at(kit_.scalar(), t.product, row * t.pitch + column));
        });
      });
    });
  });
}

// --- The epilogue ---

void MatmulEmitter::call_epilogue(Emitter& e, llvm::Value* args, const Task& t, llvm::Value* sums, Num row, Num rows, Num column,
                                  Num columns) {
  m.call(e.b, epilogue_, {args, t.scratch, sums, t.pitch, row, rows, column, columns});
}

/// (args, scratch, sums, pitch, row, rows, column, columns): row and column count from the task's first. One rolled loop, so
/// that its size does not depend on the tiles.
void MatmulEmitter::emit_epilogue() {
  auto* p = m.pointer();
  auto* n = m.int64();
  epilogue_ = m.function(llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, p, p, n, n, n, n, n}, false), symbol_ + ".epilogue", false);
  llvm::Function* f = epilogue_;
  llvm::IRBuilder<> b(m.block(f));
  Emitter e(m, b);
  const StageCode stage = lower_stage(kernel_.epilogue, kernel_.values);
  const int lanes = std::min(vector_lanes(m.target, kernel_.values), plan_->lanes);
  VectorEmitter vectors(m, b, lanes);
  const ArgsView args(m, b, f->getArg(0));
  llvm::Value* scratch = f->getArg(1);
  llvm::Value* staging = e.bytes(scratch, layout_.staging);
  const Num pitch = e.num(f->getArg(3)), first_row = e.num(f->getArg(4)), rows = e.num(f->getArg(5));
  const Num first_column = e.num(f->getArg(6)), columns = e.num(f->getArg(7));

  std::vector<int> used;  // accesses, each once
  const auto slot = [&](int access) {
    const auto found = std::find(used.begin(), used.end(), access);
    if (found == used.end()) used.push_back(access);
    return static_cast<std::size_t>(found - used.begin());
  };
  for (const StageCode::Input& input : stage.inputs) {
    if (input.kind == StageCode::Input::Kind::load) slot(static_cast<int>(input.number));
  }
  for (const program::Store& s : kernel_.epilogue.stores) slot(static_cast<int>(s.access));
  std::vector<Num> row_stride, column_stride;
  std::vector<llvm::Value*> base;
  for (int access : used) {
    row_stride.push_back(e.num(args.stride(b, stride_index(access + 2, plan_->rank))));
    column_stride.push_back(e.num(args.stride(b, stride_index(access + 2, plan_->rank + 1))));
    llvm::Value* first = b.CreateLoad(p, b.CreateConstGEP1_64(p, e.bytes(scratch, layout_.bases), static_cast<std::uint64_t>(access)));
    base.push_back(b.CreateGEP(b.getInt8Ty(), first, (first_column * column_stride.back() * unit(access)).value));
  }
  e.each(e.num(0), rows, 1, [&](Num row) {
    std::vector<llvm::Value*> line;
    for (std::size_t s = 0; s < used.size(); ++s) {
      line.push_back(b.CreateGEP(b.getInt8Ty(), base[s], ((first_row + row) * row_stride[s] * unit(used[s])).value));
    }
    llvm::Value* sums = e.at(kit_.scalar(), f->getArg(2), row * pitch);
    e.each(e.num(0), columns, lanes, [&](Num column) {
      std::vector<llvm::Value*> inputs;
      for (const StageCode::Input& input : stage.inputs) {
        switch (input.kind) {
          case StageCode::Input::Kind::load: {
            const std::size_t s = slot(static_cast<int>(input.number));
            inputs.push_back(load_access(e, used[s], line[s], column_stride[s], column, columns, staging, lanes));
            break;
          }
          case StageCode::Input::Kind::product:
            inputs.push_back(vectors.load(plan_->dtype, e.at(kit_.scalar(), sums, column)));
            break;
          case StageCode::Input::Kind::value: throw InternalError("jit: an epilogue uses a value of another stage");
        }
      }
      const std::vector<llvm::Value*> outputs = vectors.emit(stage.code, inputs);
      for (const program::Store& store : kernel_.epilogue.stores) {
        const std::size_t s = slot(static_cast<int>(store.access));
        store_access(e, used[s], line[s], column_stride[s], column, columns, staging, lanes, outputs[stage.output(store.value)]);
      }
    });
  });
  b.CreateRetVoid();
}

/// Columns column .. column + lanes of a row; what is beyond `columns` is not touched.
llvm::Value* MatmulEmitter::load_access(Emitter& e, int access, llvm::Value* base, Num column_stride, Num column, Num columns,
                                        llvm::Value* staging, int lanes) {
  llvm::IRBuilder<>& b = e.b;
  VectorEmitter vectors(m, b, lanes);
  const Access& view = kernel_.accesses[static_cast<std::size_t>(access)];
  if (is_index(access)) {
    llvm::Value* start = b.CreateAdd(b.CreatePtrToInt(base, b.getInt64Ty()), (column * column_stride).value);
    llvm::Value* steps = b.CreateMul(vectors.lane_numbers(machine::Type::i64), vectors.splat(column_stride.value));
    return b.CreateAdd(vectors.splat(start), steps);
  }
  if (view.dims.back().axis < 0) return vectors.splat(vectors.load_scalar(view.dtype, base));
  llvm::Type* element = view.dtype == DType::b8 ? b.getInt8Ty() : vectors.scalar_type(machine::type_of(view.dtype));
  llvm::Value* mask = vectors.first_lanes(columns - column);
  llvm::Value *near = nullptr, *far = nullptr, *whole = nullptr;
  llvm::BasicBlock *near_end = nullptr, *far_end = nullptr, *whole_end = nullptr;
  e.when(column_stride == 1,
         [&] {
           llvm::Value* place = e.at(element, base, column);
           if (m.target.avx512) {
             near = vectors.load(view.dtype, place, mask);
             near_end = b.GetInsertBlock();
             return;
           }
           // Masks are slow here: a whole vector does without.
           e.when(column + lanes <= columns,
                  [&] { whole = vectors.load(view.dtype, place), whole_end = b.GetInsertBlock(); },
                  [&] { near = vectors.load(view.dtype, place, mask), near_end = b.GetInsertBlock(); });
           llvm::PHINode* both = b.CreatePHI(near->getType(), 2);
           both->addIncoming(whole, whole_end);
           both->addIncoming(near, near_end);
           near = both, near_end = b.GetInsertBlock();
         },
         [&] {
           const Num count = least(columns - column, e.num(lanes));
           e.each(e.num(0), count, 1, [&](Num l) {
             b.CreateStore(b.CreateLoad(element, e.at(element, base, (column + l) * column_stride)), e.at(element, staging, l));
           });
           far = vectors.load(view.dtype, staging), far_end = b.GetInsertBlock();
         });
  llvm::PHINode* value = b.CreatePHI(near->getType(), 2);
  value->addIncoming(near, near_end);
  value->addIncoming(far, far_end);
  return value;
}

void MatmulEmitter::store_access(Emitter& e, int access, llvm::Value* base, Num column_stride, Num column, Num columns,
                                 llvm::Value* staging, int lanes, llvm::Value* value) {
  llvm::IRBuilder<>& b = e.b;
  VectorEmitter vectors(m, b, lanes);
  const DType dtype = kernel_.accesses[static_cast<std::size_t>(access)].dtype;
  llvm::Type* element = dtype == DType::b8 ? b.getInt8Ty() : vectors.scalar_type(machine::type_of(dtype));
  llvm::Value* mask = vectors.first_lanes(columns - column);
  e.when(column_stride == 1,
         [&] {
           llvm::Value* place = e.at(element, base, column);
           if (m.target.avx512) return vectors.store(dtype, value, place, mask);
           e.when(column + lanes <= columns, [&] { vectors.store(dtype, value, place); },
                  [&] { vectors.store(dtype, value, place, mask); });
         },
         [&] {
           vectors.store(dtype, value, staging);
           e.each(e.num(0), least(columns - column, e.num(lanes)), 1, [&](Num l) {
             b.CreateStore(b.CreateLoad(element, e.at(element, staging, l)), e.at(element, base, (column + l) * column_stride));
           });
         });
}

}  // namespace

EmittedKernel emit_matmul(ModuleEmitter& m, const MatmulKernel& kernel, const std::string& symbol) {
  return MatmulEmitter(m, kernel, symbol).emit();
}

}  // namespace actinium::jit
