// The MatmulKernel: its epilogue, all that is generated for it alone. The rest is in jit/gemm_tasks.cpp and the pieces
// of jit/gemm_kit.hpp. Start reading at MatmulEmitter::emit.
#include <fmt/format.h>
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <memory>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/gemm_kit.hpp"
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
        context_(std::make_shared<GemmContext>(make_plan(kernel, module.target))),
        scalar_(kernel.dtype == DType::f64 ? llvm::Type::getDoubleTy(module.context)
                                           : llvm::Type::getFloatTy(module.context)) {
    for (int access = 0; access < context_->accesses; ++access) context_->units.push_back(unit(access));
  }

  EmittedKernel emit() {
    EmittedKernel result;
    if (!stores_only()) result.epilogue = epilogue();
    const Ways ways(kernel_, *context_);
    const auto require = [&](bool some, Grid::Way way) {
      if (some) add_gemm_code(context_->code, m.target, m.fused, *context_, way);
    };
    require(ways.narrow, Grid::Way::narrow);
    require(ways.thin, Grid::Way::thin);
    require(ways.tiled, Grid::Way::tiled);
    require(ways.packed, Grid::Way::packed);
    result.context = context_;
    result.bind_epilogue = [context = context_](void* address) {
      context->epilogue = reinterpret_cast<GemmEpilogue*>(address);
    };
    result.scratch_bytes = gemm_scratch_bytes;
    result.main_tasks = gemm_tasks;
    result.run = gemm_run;
    if (ways.packed) {
      result.run_prepare = gemm_prepare;
      result.shared_bytes = gemm_shared_bytes;
      result.prepare_tasks = gemm_prepare_tasks;
    }
    if (ways.packed && kernel_.constant_b) {
      result.run_pack_constant = gemm_pack_constant;
      result.constant_bytes = gemm_constant_bytes;
    }
    return result;
  }

 private:
  ModuleEmitter& m;
  const MatmulKernel& kernel_;
  std::string symbol_;
  std::shared_ptr<GemmContext> context_;
  llvm::Type* scalar_;
  /// Ways that some call may take: sizes that are known leave out the others, and their compilation.
  struct Ways {
    bool narrow, thin, tiled, packed;
    Ways(const MatmulKernel& kernel, const GemmPlan& plan) {
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

  int stride_index(int operand, int dim) const { return operand * (context_->rank + 2) + dim; }
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

  std::string form_of_epilogue() const;
  std::string epilogue();
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

/// All that the epilogue's code depends on.
std::string MatmulEmitter::form_of_epilogue() const {
  std::string form = fmt::format("{} {}", name_of(kernel_.dtype), context_->rank);
  for (DType t : kernel_.values) form += fmt::format(" {}", name_of(t));
  for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) {
    const Access& access = kernel_.accesses[a];
    form +=
        fmt::format("; {} {} {}", name_of(access.dtype), is_index(static_cast<int>(a)), access.dims.back().axis < 0);
  }
  for (const program::Step& step : kernel_.epilogue.steps) {
    form += fmt::format("; {} {} {} {}", static_cast<int>(step.kind), static_cast<int>(step.op), index(step.result),
                        step.number);
    for (int i = 0; i < step.arity; ++i) form += fmt::format(" {}", index(step.operands[static_cast<std::size_t>(i)]));
  }
  for (const program::Store& store : kernel_.epilogue.stores)
    form += fmt::format("; {} {}", index(store.value), store.access);
  return form;
}

/// The epilogue's symbol: kernels of a module whose epilogues are the same share it.
std::string MatmulEmitter::epilogue() {
  std::string& symbol = m.shared_symbols[form_of_epilogue()];
  if (symbol.empty()) {
    symbol = symbol_ + "_epilogue";
    emit_epilogue();
  }
  return symbol;
}

/// A GemmEpilogue: one rolled loop, so that its size does not depend on the tiles.
void MatmulEmitter::emit_epilogue() {
  auto* p = m.pointer();
  auto* n = m.int64();
  llvm::Function* f =
      m.function(llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, p, p, n, n, n, n, n}, false),
                 symbol_ + "_epilogue", true);
  llvm::IRBuilder<> b(m.block(f));
  Emitter e(m, b);
  const StageCode stage = lower_stage(kernel_.epilogue, kernel_.values);
  const int lanes = std::min(vector_lanes(m.target, kernel_.values), context_->lanes) * context_->epilogue_registers;
  VectorEmitter vectors(m, b, lanes);
  const ArgsView args(m, b, f->getArg(0));
  llvm::Value* scratch = f->getArg(1);
  llvm::Value* staging = e.bytes(scratch, context_->at.staging);
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
  const Num all_rows = e.num(args.extent(b, context_->rank));
  for (int access : used) {
    row_stride.push_back(e.num(args.stride(b, stride_index(access + 2, context_->rank))));
    column_stride.push_back(e.num(args.stride(b, stride_index(access + 2, context_->rank + 1))));
    llvm::Value* first = b.CreateLoad(
        p, b.CreateConstGEP1_64(p, e.bytes(scratch, context_->at.bases), static_cast<std::uint64_t>(access)));
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
    llvm::Value* sums = e.at(scalar_, f->getArg(2), row * pitch);
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
                vectors.load(context_->dtype, e.at(scalar_, sums, column), m.target.avx512 ? at.mask : nullptr));
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
