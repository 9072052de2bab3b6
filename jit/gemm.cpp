// The MatmulKernel: what is particular to a kernel, the place of each task in the operands and the epilogue. The work
// of a task is in jit/gemm_tasks.cpp. Start reading at MatmulEmitter::emit_main.
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <memory>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/gemm_kit.hpp"
#include "jit/gemm_plan.hpp"
#include "jit/gemm_tasks.hpp"
#include "jit/kernel.hpp"

namespace actinium::jit {
namespace {

using program::Access;
using program::MatmulKernel;

/// Rows that an epilogue fetches ahead, of arrays larger than this.
constexpr std::int64_t epilogue_ahead = 4, epilogue_near_bytes = std::int64_t{128} << 10;

class MatmulEmitter {
 public:
  MatmulEmitter(ModuleEmitter& module, const MatmulKernel& kernel, const std::string& symbol)
      : m(module),
        kernel_(kernel),
        symbol_(symbol),
        plan_(std::make_shared<GemmPlan>(make_plan(kernel, module.target))),
        layout_(plan_->layout()),
        kit_(module, *plan_),
        parts_(kernel, *plan_) {}

  EmittedKernel emit() {
    emit_epilogue();
    emit_main();
    EmittedKernel result{.main = symbol_,
                         .finish = {},
                         .prepare = {},
                         .pack_constant = {},
                         .context = plan_,
                         .scratch_bytes = gemm_scratch_bytes,
                         .main_tasks = gemm_tasks};
    if (parts_.packed) {
      emit_prepare();
      result.prepare = symbol_ + "_prepare";
      result.shared_bytes = gemm_shared_bytes;
      result.prepare_tasks = gemm_prepare_tasks;
    }
    if (parts_.packed && kernel_.constant_b) {
      emit_pack_constant();
      result.pack_constant = symbol_ + "_pack_constant";
      result.constant_bytes = gemm_constant_bytes;
    }
    return result;
  }

 private:
  ModuleEmitter& m;
  const MatmulKernel& kernel_;
  std::string symbol_;
  std::shared_ptr<GemmPlan> plan_;
  GemmPlan::Layout layout_;
  GemmKit kit_;
  /// Ways that some call may take: sizes that are known leave out the others, and their compilation.
  struct Parts {
    bool narrow, thin, tiled, packed;
    Parts(const MatmulKernel& kernel, const GemmPlan& plan) {
      const std::int64_t any = std::int64_t{1} << 20;  // as good as unlimited, and products of two do not overflow
      const auto least = [&](const Dim& d) { return d.is_constant() ? std::min(d.constant(), any) : std::int64_t{0}; };
      const auto most = [&](const Dim& d) { return d.is_constant() ? std::min(d.constant(), any) : any; };
      const bool wide = most(kernel.n) > program::narrow_columns;
      narrow = least(kernel.n) <= program::narrow_columns;
      thin = wide && least(kernel.m) <= thin_rows;
      packed = !is_small(plan, most(kernel.m), most(kernel.n), most(kernel.k));
      tiled = wide && is_small(plan, least(kernel.m), least(kernel.n), least(kernel.k));
    }
  };
  Parts parts_;
  llvm::Function* epilogue_ = nullptr;

  int stride_index(int operand, int dim) const { return operand * (plan_->rank + 2) + dim; }
  bool is_index(int access) const {
    return kernel_.accesses[static_cast<std::size_t>(access)].buffer == program::no_buffer;
  }
  /// Bytes of an element; an index counts in ones.
  std::int64_t unit(int access) const {
    return is_index(access)
               ? 1
               : static_cast<std::int64_t>(size_of(kernel_.accesses[static_cast<std::size_t>(access)].dtype));
  }

  /// Whether the epilogue stores the product to one place, as it is, and no more.
  bool stores_only() const {
    const program::Stage& s = kernel_.epilogue;
    return s.steps.size() == 1 && s.steps[0].kind == program::Step::Kind::product && s.stores.size() == 1 &&
           kernel_.accesses.size() == 1 && !is_index(0);
  }

  /// What a kernel's functions know of the product from their arguments.
  struct Extents {
    Num batch, rows, columns, depth;
  };
  Extents extents(Emitter& e, const ArgsView& args) const;
  /// The element where A's matrix number `batch` begins, and those of the other operands.
  std::vector<Num> batch_offsets(Emitter& e, const ArgsView& args, Num batch) const;
  void set_packing(Emitter& e, llvm::Value* task, const PackedRows<Num>& packed);
  void emit_prepare();
  void emit_pack_constant();
  void emit_main();
  void emit_task(Emitter& e, const ArgsView& args, llvm::Value* task, const Grid<Num>& g, const Extents& x, Num index,
                 Num count);
  void set(Emitter& e, llvm::Value* task, GemmSlot slot, llvm::Value* value) {
    e.b.CreateStore(value, e.bytes(task, static_cast<std::int64_t>(slot) * 8));
  }

  void emit_epilogue();
  /// Columns of a row that the epilogue works on at once.
  struct Columns {
    Num first, end;
    llvm::Value* mask;  ///< those before `end`
    int lanes;
  };
  llvm::Value* load_access(Emitter& e, int access, llvm::Value* base, Num column_stride, const Columns& at,
                           llvm::Value* staging);
  void store_access(Emitter& e, int access, llvm::Value* base, Num column_stride, const Columns& at,
                    llvm::Value* staging, llvm::Value* value);
};

// --- Tasks ---

void MatmulEmitter::emit_main() {
  llvm::IRBuilder<> b(m.context);
  llvm::Function* f = m.kernel_function(symbol_, b);
  m.make_quickly(f);
  Emitter e(m, b);
  const ArgsView args(m, b, f->getArg(0));
  llvm::Value* scratch = f->getArg(3);
  const int rank = plan_->rank;
  const Extents x = extents(e, args);
  const Grid<Num> g = grid(*plan_, x.batch, x.rows, x.columns, x.depth);
  llvm::Value* zeros = e.bytes(scratch, layout_.zeros);
  for (std::int64_t at = 0; at < plan_->widest(); at += plan_->lanes)
    kit_.store(b, kit_.constant(kit_.vector(), -0.0), e.at(kit_.scalar(), zeros, e.num(at)));
  // What all tasks have in common.
  llvm::Value* task = e.bytes(scratch, layout_.task);
  const auto stride = [&](int operand, int dim) { return args.stride(b, stride_index(operand, dim)); };
  llvm::Value* b_column = stride(1, rank + 1);
  set(e, task, GemmSlot::args, f->getArg(0));
  set(e, task, GemmSlot::scratch, scratch);
  set(e, task, GemmSlot::epilogue, epilogue_);
  set(e, task, GemmSlot::a_row, stride(0, rank));
  set(e, task, GemmSlot::a_k, stride(0, rank + 1));
  set(e, task, GemmSlot::b_k, stride(1, rank));
  set(e, task, GemmSlot::b_column, b_column);
  set(e, task, GemmSlot::depth, x.depth);
  set(e, task, GemmSlot::chunks, greatest(quotient_up(x.depth, program::chunk_elements), e.num(1)));
  set(e, task, GemmSlot::pitch, g.pitch);
  set(e, task, GemmSlot::zeros, zeros);
  set(e, task, GemmSlot::product, e.bytes(scratch, layout_.product));
  set(e, task, GemmSlot::panel, e.bytes(scratch, layout_.b));
  set(e, task, GemmSlot::packed_a, e.bytes(scratch, layout_.a));
  set(e, task, GemmSlot::lanes, e.bytes(scratch, layout_.lanes));
  set(e, task, GemmSlot::levels, e.bytes(scratch, layout_.levels));
  set(e, task, GemmSlot::level_pitch, e.num(layout_.level_bytes / plan_->element()));
  set(e, task, GemmSlot::direct, llvm::Constant::getNullValue(m.pointer()));
  set_packing(e, task, packed_rows(*plan_, x.rows, x.depth));
  llvm::Value* way = nullptr;
  const auto add = [&](bool possible, Flag condition, GemmPart part) {
    if (!possible) return;
    llvm::Value* function = gemm_function(m, plan_->dtype, part);
    way = way == nullptr ? function : b.CreateSelect(condition, function, way);
  };
  add(parts_.tiled, g.packed == 0, GemmPart::tiled);
  add(parts_.packed, !(g.packed == 0), GemmPart::packed);
  add(parts_.thin, (x.rows <= thin_rows) & (e.num(b_column) == 1), GemmPart::thin);
  add(parts_.narrow, x.columns <= program::narrow_columns, GemmPart::narrow);
  auto* type = llvm::FunctionType::get(b.getVoidTy(), {m.pointer()}, false);
  // Tasks of few rows are joined.
  const Num most = pick(x.rows == 1, e.num(thin_columns_one), e.num(thin_columns_max)) / g.column_block;
  const Flag thin = (x.rows <= thin_rows) & !(x.columns <= program::narrow_columns);
  const Num joined = pick(thin, greatest(most, e.num(1)), e.num(1));
  const Num end = e.num(f->getArg(2));
  Loop loop(b, f->getArg(1), end.value);
  const Num index = e.num(loop.index());
  const Num count = least(joined, least(end - index, g.column_blocks - index % g.column_blocks));
  emit_task(e, args, task, g, x, index, count);
  b.CreateCall(type, way, {task});
  loop.finish(count.value);
  b.CreateRetVoid();
}

MatmulEmitter::Extents MatmulEmitter::extents(Emitter& e, const ArgsView& args) const {
  const int rank = plan_->rank;
  Num batch = e.num(1);
  for (int d = 0; d < rank; ++d) batch = batch * e.num(args.extent(e.b, d));
  return {batch, e.num(args.extent(e.b, rank)), e.num(args.extent(e.b, rank + 1)), e.num(args.extent(e.b, rank + 2))};
}

std::vector<Num> MatmulEmitter::batch_offsets(Emitter& e, const ArgsView& args, Num batch) const {
  std::vector<Num> offset(static_cast<std::size_t>(plan_->accesses) + 2, e.num(0));
  for (int d = plan_->rank - 1; d >= 0; --d) {
    const Num extent = e.num(args.extent(e.b, d));
    const Num i = batch % extent;
    batch = batch / extent;
    for (int o = 0; o < plan_->accesses + 2; ++o) {
      Num& sum = offset[static_cast<std::size_t>(o)];
      sum = sum + i * e.num(args.stride(e.b, stride_index(o, d)));
    }
  }
  return offset;
}

void MatmulEmitter::set_packing(Emitter& e, llvm::Value* task, const PackedRows<Num>& packed) {
  set(e, task, GemmSlot::group_pitch, packed.group_pitch);
  set(e, task, GemmSlot::block_pitch, packed.block_pitch);
}

/// Packs all of A into shared memory: tasks are pieces of packed_chunk rows.
void MatmulEmitter::emit_prepare() {
  llvm::IRBuilder<> b(m.context);
  llvm::Function* f = m.kernel_function(symbol_ + "_prepare", b);
  m.make_quickly(f);
  Emitter e(m, b);
  const ArgsView args(m, b, f->getArg(0));
  const int rank = plan_->rank;
  const Extents x = extents(e, args);
  const PackedRows<Num> packed = packed_rows(*plan_, x.rows, x.depth);
  llvm::Value* task = e.bytes(f->getArg(3), layout_.task);
  const Num a_row = e.num(args.stride(b, stride_index(0, rank)));
  set(e, task, GemmSlot::a_row, a_row);
  set(e, task, GemmSlot::a_k, args.stride(b, stride_index(0, rank + 1)));
  set(e, task, GemmSlot::depth, x.depth);
  set_packing(e, task, packed);
  llvm::Function* pack = gemm_function(m, plan_->dtype, GemmPart::pack);
  const Num chunks = quotient_up(x.rows, packed_chunk);
  e.each(e.num(f->getArg(1)), e.num(f->getArg(2)), 1, [&](Num index) {
    const Num batch = index / chunks, row = index % chunks * packed_chunk;
    const Num offset = batch_offsets(e, args, batch)[0] + row * a_row;
    set(e, task, GemmSlot::a, e.at(kit_.scalar(), args.pointer(b, 0), offset));
    set(e, task, GemmSlot::rows, least(x.rows - row, e.num(packed_chunk)));
    const Num to = batch * packed.matrix + row / packed_group * packed.group_pitch;
    set(e, task, GemmSlot::whole_a, e.at(kit_.scalar(), args.shared, to));
    b.CreateCall(pack, {task});
  });
  b.CreateRetVoid();
}

/// Packs B into KernelArgs::constant, once for all calls.
void MatmulEmitter::emit_pack_constant() {
  llvm::IRBuilder<> b(m.context);
  llvm::Function* f = m.kernel_function(symbol_ + "_pack_constant", b);
  Emitter e(m, b);
  const ArgsView args(m, b, f->getArg(0));
  const int rank = plan_->rank;
  const Extents x = extents(e, args);
  llvm::Value* task = e.bytes(f->getArg(3), layout_.task);
  set(e, task, GemmSlot::b, args.pointer(b, 1));
  set(e, task, GemmSlot::b_k, args.stride(b, stride_index(1, rank)));
  set(e, task, GemmSlot::b_column, args.stride(b, stride_index(1, rank + 1)));
  set(e, task, GemmSlot::depth, x.depth);
  set(e, task, GemmSlot::columns, x.columns);
  set(e, task, GemmSlot::whole_b, args.constant);
  set(e, task, GemmSlot::whole_b_pitch, packed_pitch(*plan_, x.columns));
  b.CreateCall(gemm_function(m, plan_->dtype, GemmPart::pack_b), {task});
  b.CreateRetVoid();
}

/// Where the task begins, and how much it is: `count` blocks of columns.
void MatmulEmitter::emit_task(Emitter& e, const ArgsView& args, llvm::Value* task, const Grid<Num>& g, const Extents& x,
                              Num index, Num count) {
  llvm::IRBuilder<>& b = e.b;
  const int rank = plan_->rank;
  const Num first_column = index % g.column_blocks * g.column_block;
  const Num rest = index / g.column_blocks;
  const Num first_row = rest % g.row_blocks * g.row_block;
  const Num batch = rest / g.row_blocks;
  const std::vector<Num> offset = batch_offsets(e, args, batch);  // in elements of each operand
  const auto stride = [&](int operand, int dim) { return e.num(args.stride(b, stride_index(operand, dim))); };
  const PackedRows<Num> packed = packed_rows(*plan_, x.rows, x.depth);
  llvm::Value* whole =
      e.at(kit_.scalar(), args.shared, batch * packed.matrix + first_row / packed_group * packed.group_pitch);
  set(e, task, GemmSlot::whole_a, b.CreateSelect(g.packed == 2, whole, llvm::Constant::getNullValue(m.pointer())));
  set(e, task, GemmSlot::a, e.at(kit_.scalar(), args.pointer(b, 0), offset[0] + first_row * stride(0, rank)));
  set(e, task, GemmSlot::b, e.at(kit_.scalar(), args.pointer(b, 1), offset[1] + first_column * stride(1, rank + 1)));
  set(e, task, GemmSlot::rows, least(g.row_block, x.rows - first_row));
  set(e, task, GemmSlot::columns, least(g.column_block * count, x.columns - first_column));
  set(e, task, GemmSlot::whole_b, args.constant);
  set(e, task, GemmSlot::whole_b_pitch, packed_pitch(*plan_, x.columns));
  set(e, task, GemmSlot::first_column, first_column);
  set(e, task, GemmSlot::beyond, greatest(x.columns - first_column - g.column_block, e.num(0)));
  for (int access = 0; access < plan_->accesses; ++access) {
    const int o = access + 2;
    const Num element =
        offset[static_cast<std::size_t>(o)] + first_row * stride(o, rank) + first_column * stride(o, rank + 1);
    llvm::Value* base = b.CreateGEP(b.getInt8Ty(), args.pointer(b, o), (element * unit(access)).value);
    b.CreateStore(base, e.bytes(task, layout_.bases - layout_.task + 8 * access));
    if (stores_only()) {
      llvm::Value* none = llvm::Constant::getNullValue(m.pointer());
      set(e, task, GemmSlot::direct, b.CreateSelect(stride(o, rank + 1) == 1, base, none));
      set(e, task, GemmSlot::direct_pitch, stride(o, rank));
    }
  }
}

// --- The epilogue ---

/// (args, scratch, sums, pitch, row, rows, column, columns): row and column count from the task's first. One rolled
/// loop, so that its size does not depend on the tiles.
void MatmulEmitter::emit_epilogue() {
  auto* p = m.pointer();
  auto* n = m.int64();
  epilogue_ = m.function(llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, p, p, n, n, n, n, n}, false),
                         symbol_ + ".epilogue", false);
  epilogue_->setCallingConv(llvm::CallingConv::C);  // called from code compiled elsewhere
  llvm::Function* f = epilogue_;
  llvm::IRBuilder<> b(m.block(f));
  Emitter e(m, b);
  const StageCode stage = lower_stage(kernel_.epilogue, kernel_.values);
  const int lanes = std::min(vector_lanes(m.target, kernel_.values), plan_->lanes) * plan_->epilogue_registers;
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
  std::vector<Flag> fetched;  // what does not fit into the second cache, and lies side by side
  const Num all_rows = e.num(args.extent(b, plan_->rank));
  for (int access : used) {
    row_stride.push_back(e.num(args.stride(b, stride_index(access + 2, plan_->rank))));
    column_stride.push_back(e.num(args.stride(b, stride_index(access + 2, plan_->rank + 1))));
    llvm::Value* first =
        b.CreateLoad(p, b.CreateConstGEP1_64(p, e.bytes(scratch, layout_.bases), static_cast<std::uint64_t>(access)));
    base.push_back(b.CreateGEP(b.getInt8Ty(), first, (first_column * column_stride.back() * unit(access)).value));
    const Num bytes = all_rows * row_stride.back() * unit(access);
    fetched.push_back((column_stride.back() == 1) & !(bytes <= epilogue_near_bytes));
  }
  e.each(e.num(0), rows, 1, [&](Num row) {
    std::vector<llvm::Value*> line;
    for (std::size_t s = 0; s < used.size(); ++s) {
      line.push_back(b.CreateGEP(b.getInt8Ty(), base[s], ((first_row + row) * row_stride[s] * unit(used[s])).value));
    }
    // The row after the next few: on its way while these are computed.
    const Num ahead = first_row + least(row + epilogue_ahead, rows - 1);
    for (std::size_t s = 0; s < used.size(); ++s) {
      if (is_index(used[s])) continue;
      const bool written =
          std::any_of(kernel_.epilogue.stores.begin(), kernel_.epilogue.stores.end(),
                      [&](const program::Store& store) { return static_cast<int>(store.access) == used[s]; });
      e.when(fetched[s], [&] {
        llvm::Value* next = b.CreateGEP(b.getInt8Ty(), base[s], (ahead * row_stride[s] * unit(used[s])).value);
        e.each(e.num(0), columns * unit(used[s]), cache_line,
               [&](Num at) { emit_prefetch(b, e.at(b.getInt8Ty(), next, at), written, /*near=*/true); });
      });
    }
    llvm::Value* sums = e.at(kit_.scalar(), f->getArg(2), row * pitch);
    e.each(e.num(0), columns, lanes, [&](Num column) {
      const Columns at{column, columns, vectors.first_lanes(columns - column), lanes};
      std::vector<llvm::Value*> inputs;
      for (const StageCode::Input& input : stage.inputs) {
        switch (input.kind) {
          case StageCode::Input::Kind::load: {
            const std::size_t s = slot(static_cast<int>(input.number));
            inputs.push_back(load_access(e, used[s], line[s], column_stride[s], at, staging));
            break;
          }
          case StageCode::Input::Kind::product:
            // Beyond the columns is whatever was there: harmless, but no reason to take a rare path.
            inputs.push_back(
                vectors.load(plan_->dtype, e.at(kit_.scalar(), sums, column), m.target.avx512 ? at.mask : nullptr));
            break;
          case StageCode::Input::Kind::value: throw InternalError("jit: an epilogue uses a value of another stage");
        }
      }
      const std::vector<llvm::Value*> outputs = vectors.emit(stage.code, inputs);
      for (const program::Store& store : kernel_.epilogue.stores) {
        const std::size_t s = slot(static_cast<int>(store.access));
        store_access(e, used[s], line[s], column_stride[s], at, staging, outputs[stage.output(store.value)]);
      }
    });
  });
  b.CreateRetVoid();
}

/// Columns first .. first + lanes of a row; what is beyond the end is not touched.
llvm::Value* MatmulEmitter::load_access(Emitter& e, int access, llvm::Value* base, Num column_stride, const Columns& at,
                                        llvm::Value* staging) {
  llvm::IRBuilder<>& b = e.b;
  const auto& [column, columns, mask, lanes] = at;
  VectorEmitter vectors(m, b, lanes);
  const Access& view = kernel_.accesses[static_cast<std::size_t>(access)];
  if (is_index(access)) {
    llvm::Value* start = b.CreateAdd(b.CreatePtrToInt(base, b.getInt64Ty()), (column * column_stride).value);
    llvm::Value* steps = b.CreateMul(vectors.lane_numbers(machine::Type::i64), vectors.splat(column_stride.value));
    return b.CreateAdd(vectors.splat(start), steps);
  }
  if (view.dims.back().axis < 0) return vectors.splat(vectors.load_scalar(view.dtype, base));
  llvm::Type* element = view.dtype == DType::b8 ? b.getInt8Ty() : vectors.scalar_type(machine::type_of(view.dtype));
  llvm::Value *near = nullptr, *far = nullptr, *whole = nullptr;
  llvm::BasicBlock *near_end = nullptr, *far_end = nullptr, *whole_end = nullptr;
  e.when(
      column_stride == 1,
      [&] {
        llvm::Value* place = e.at(element, base, column);
        if (m.target.avx512) {
          near = vectors.load(view.dtype, place, mask);
          near_end = b.GetInsertBlock();
          return;
        }
        // Masks are slow here: a whole vector does without.
        e.when(
            column + lanes <= columns, [&] { whole = vectors.load(view.dtype, place), whole_end = b.GetInsertBlock(); },
            [&] { near = vectors.load(view.dtype, place, mask), near_end = b.GetInsertBlock(); });
        llvm::PHINode* both = b.CreatePHI(near->getType(), 2);
        both->addIncoming(whole, whole_end);
        both->addIncoming(near, near_end);
        near = both, near_end = b.GetInsertBlock();
      },
      [&] {
        const Num count = least(columns - column, e.num(lanes));
        e.each(e.num(0), count, 1, [&](Num l) {
          b.CreateStore(b.CreateLoad(element, e.at(element, base, (column + l) * column_stride)),
                        e.at(element, staging, l));
        });
        far = vectors.load(view.dtype, staging), far_end = b.GetInsertBlock();
      });
  llvm::PHINode* value = b.CreatePHI(near->getType(), 2);
  value->addIncoming(near, near_end);
  value->addIncoming(far, far_end);
  return value;
}

void MatmulEmitter::store_access(Emitter& e, int access, llvm::Value* base, Num column_stride, const Columns& at,
                                 llvm::Value* staging, llvm::Value* value) {
  llvm::IRBuilder<>& b = e.b;
  const auto& [column, columns, mask, lanes] = at;
  VectorEmitter vectors(m, b, lanes);
  const DType dtype = kernel_.accesses[static_cast<std::size_t>(access)].dtype;
  llvm::Type* element = dtype == DType::b8 ? b.getInt8Ty() : vectors.scalar_type(machine::type_of(dtype));
  e.when(
      column_stride == 1,
      [&] {
        llvm::Value* place = e.at(element, base, column);
        if (m.target.avx512) return vectors.store(dtype, value, place, mask);
        e.when(
            column + lanes <= columns, [&] { vectors.store(dtype, value, place); },
            [&] { vectors.store(dtype, value, place, mask); });
      },
      [&] {
        vectors.store(dtype, value, staging);
        e.each(e.num(0), least(columns - column, e.num(lanes)), 1, [&](Num l) {
          b.CreateStore(b.CreateLoad(element, e.at(element, staging, l)),
                        e.at(element, base, (column + l) * column_stride));
        });
      });
}

}  // namespace

EmittedKernel emit_matmul(ModuleEmitter& m, const MatmulKernel& kernel, const std::string& symbol) {
  return MatmulEmitter(m, kernel, symbol).emit();
}

}  // namespace actinium::jit
