// The MatmulKernel: its epilogue, all that is generated for it alone. The rest is in jit/gemm_tasks.cpp and the pieces
// of jit/gemm_kit.hpp. Start reading at MatmulEmitter::emit.
#include <fmt/format.h>
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/gemm_kit.hpp"
#include "jit/gemm_tasks.hpp"
#include "jit/kernel.hpp"

namespace actinium::jit {
namespace {

using program::MatmulKernel;

class MatmulEmitter {
 public:
  MatmulEmitter(ModuleEmitter& module, const MatmulKernel& kernel, const std::string& symbol)
      : m(module),
        kernel_(kernel),
        symbol_(symbol),
        context_(std::make_shared<GemmContext>(make_plan(kernel, module.target))),
        scalar_(kernel.dtype == DType::f64 ? llvm::Type::getDoubleTy(module.context)
                                           : llvm::Type::getFloatTy(module.context)) {
    context_->along_rows = kernel.n.is_constant() && kernel.n.constant() == 1;
    if (kernel.column_sums) {
      context_->column_sums = static_cast<int>(*kernel.column_sums);
      context_->stored = *kernel.column_sums == 0 ? 1 : 0;
    }
    for (std::size_t a = 0; a < kernel.accesses.size(); ++a) {
      const auto size = static_cast<std::int64_t>(size_of(kernel.accesses[a].dtype));
      context_->places.push_back({size, is_index(a), moves(a), is_read(a), is_written(a)});
    }
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
    if (kernel_.column_sums) add_sum_code(context_->code, m.target, m.fused, *context_);
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
    if ((ways.packed || ways.thin) && kernel_.constant_b) {
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

  bool is_index(std::size_t access) const { return kernel_.accesses[access].buffer == program::no_buffer; }
  /// Whether it moves from one element of a vector to the next.
  bool moves(std::size_t access) const {
    const auto& dims = kernel_.accesses[access].dims;
    return (context_->along_rows ? dims[dims.size() - 2] : dims.back()).axis >= 0;
  }
  bool is_read(std::size_t access) const {
    return std::any_of(kernel_.epilogue.steps.begin(), kernel_.epilogue.steps.end(), [&](const program::Step& step) {
      return step.kind == program::Step::Kind::load && step.number == access;
    });
  }
  bool is_written(std::size_t access) const {
    return std::any_of(kernel_.epilogue.stores.begin(), kernel_.epilogue.stores.end(),
                       [&](const program::Store& store) { return store.access == access; });
  }

  /// Whether the epilogue stores the product to one place, as it is, and no more.
  bool stores_only() const {
    const program::Stage& s = kernel_.epilogue;
    return s.steps.size() == 1 && s.steps[0].kind == program::Step::Kind::product && s.stores.size() == 1 &&
           kernel_.accesses.size() == (kernel_.column_sums ? 2 : 1) && !is_index(s.stores[0].access);
  }

  int epilogue_lanes() const {
    return std::min(vector_lanes(m.target, kernel_.values), context_->lanes) * context_->epilogue_registers;
  }
  /// Whether columns are known to fill all vectors: tasks and panels are as wide as several.
  bool whole_vectors() const {
    return kernel_.n.is_constant() && kernel_.n.constant() % epilogue_lanes() == 0 && !context_->along_rows;
  }
  std::string form_of_epilogue() const;
  std::string epilogue();
  void emit_epilogue();
  /// An access of the epilogue, in its generated code.
  struct Line {
    std::size_t access;
    llvm::PHINode* now;  ///< its element in the row's first column
    Num row_step, column_step, ahead;
    llvm::Value* same = nullptr;  ///< all columns have this element
  };
  void fetch_ahead(Emitter& e, const Line& line, Num columns);
  void emit_columns(Emitter& e, const StageCode& stage, std::span<const Line> lines, llvm::Value* sums, Num column,
                    int lanes, llvm::Value* mask);
};

/// All that the epilogue's code depends on.
std::string MatmulEmitter::form_of_epilogue() const {
  std::string form = fmt::format("{}{}", name_of(kernel_.dtype), whole_vectors() ? " whole" : "");
  for (DType t : kernel_.values) form += fmt::format(" {}", name_of(t));
  for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) {
    form += fmt::format("; {} {} {}", name_of(kernel_.accesses[a].dtype), is_index(a), moves(a));
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

/// A GemmEpilogue: rolled loops over rows and columns, so that its size does not depend on the tiles.
void MatmulEmitter::emit_epilogue() {
  auto* p = m.pointer();
  auto* n = m.int64();
  llvm::Function* f = m.function(llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, p, n, n, n}, false),
                                 symbol_ + "_epilogue", true);
  llvm::IRBuilder<> b(m.block(f));
  Emitter e(m, b);
  const StageCode stage = lower_stage(kernel_.epilogue, kernel_.values);
  const int lanes = epilogue_lanes();
  const Num pitch = e.num(f->getArg(2)), columns = e.num(f->getArg(4));

  std::vector<llvm::Value*> first;
  std::vector<Line> lines;
  for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) {
    if (!is_read(a) && !is_written(a)) continue;
    llvm::Value* line = e.bytes(f->getArg(0), static_cast<std::int64_t>(a * sizeof(GemmLine)));
    const auto number = [&](std::size_t offset) {
      return e.num(b.CreateLoad(n, e.bytes(line, static_cast<std::int64_t>(offset))));
    };
    first.push_back(b.CreateLoad(p, e.bytes(line, offsetof(GemmLine, first))));
    lines.push_back({a, nullptr, number(offsetof(GemmLine, row_step)), number(offsetof(GemmLine, column_step)),
                     number(offsetof(GemmLine, ahead))});
  }
  Loop rows(b, b.getInt64(0), f->getArg(3));
  for (std::size_t l = 0; l < lines.size(); ++l) lines[l].now = rows.carry(first[l]);
  llvm::PHINode* sums = rows.carry(f->getArg(1));
  VectorEmitter vectors(m, b, lanes);
  for (Line& line : lines) {
    if (is_index(line.access) || moves(line.access)) continue;
    line.same = vectors.splat(vectors.load_scalar(kernel_.accesses[line.access].dtype, line.now));
  }
  for (const Line& line : lines) fetch_ahead(e, line, columns);
  e.each(e.num(0), columns, lanes, [&](Num column) {
    const auto piece = [&](llvm::Value* mask) { emit_columns(e, stage, lines, sums, column, lanes, mask); };
    if (whole_vectors()) return piece(nullptr);
    if (m.target.avx512) return piece(vectors.first_lanes(columns - column));
    // Masks are slow here: whole vectors do without.
    e.when(column + lanes <= columns, [&] { piece(nullptr); }, [&] { piece(vectors.first_lanes(columns - column)); });
  });
  for (const Line& line : lines) rows.next(line.now, e.at(b.getInt8Ty(), line.now, line.row_step));
  rows.next(sums, e.at(scalar_, sums, pitch));
  rows.finish(1);
  b.CreateRetVoid();
}

/// The same columns of a row further down: on their way while these are computed, if they are far.
void MatmulEmitter::fetch_ahead(Emitter& e, const Line& line, Num columns) {
  if (is_index(line.access) || line.same != nullptr) return;
  e.when(!(line.ahead == 0), [&] {
    llvm::Value* soon = e.at(e.b.getInt8Ty(), line.now, line.ahead);
    e.each(
        e.num(0), columns * static_cast<std::int64_t>(size_of(kernel_.accesses[line.access].dtype)), cache_line,
        [&](Num at) { emit_prefetch(e.b, e.at(e.b.getInt8Ty(), soon, at), is_written(line.access), /*near=*/true); });
  });
}

/// Columns column .. column + lanes of a row, those that `mask` has: the others are not touched.
void MatmulEmitter::emit_columns(Emitter& e, const StageCode& stage, std::span<const Line> lines, llvm::Value* sums,
                                 Num column, int lanes, llvm::Value* mask) {
  llvm::IRBuilder<>& b = e.b;
  VectorEmitter vectors(m, b, lanes);
  const auto line_of = [&](std::uint64_t access) -> const Line& {
    return *std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.access == access; });
  };
  const auto place = [&](const Line& line) {
    return e.at(b.getInt8Ty(), line.now,
                column * static_cast<std::int64_t>(size_of(kernel_.accesses[line.access].dtype)));
  };
  std::vector<llvm::Value*> inputs;
  for (const StageCode::Input& input : stage.inputs) {
    switch (input.kind) {
      case StageCode::Input::Kind::load: {
        const Line& line = line_of(input.number);
        if (is_index(line.access)) {
          llvm::Value* start =
              b.CreateAdd(b.CreatePtrToInt(line.now, b.getInt64Ty()), (column * line.column_step).value);
          llvm::Value* steps =
              b.CreateMul(vectors.lane_numbers(machine::Type::i64), vectors.splat(line.column_step.value));
          inputs.push_back(b.CreateAdd(vectors.splat(start), steps));
        } else {
          inputs.push_back(line.same != nullptr ? line.same
                                                : vectors.load(kernel_.accesses[line.access].dtype, place(line), mask));
        }
        break;
      }
      case StageCode::Input::Kind::product:
        // Beyond the columns is whatever was there: harmless, but no reason to take a rare path.
        inputs.push_back(vectors.load(context_->dtype, e.at(scalar_, sums, column), mask));
        break;
      case StageCode::Input::Kind::value: throw InternalError("jit: an epilogue uses a value of another stage");
    }
  }
  const std::vector<llvm::Value*> outputs = vectors.emit(stage.code, inputs);
  for (const program::Store& store : kernel_.epilogue.stores) {
    const Line& line = line_of(store.access);
    vectors.store(kernel_.accesses[line.access].dtype, outputs[stage.output(store.value)], place(line), mask);
  }
}

}  // namespace

EmittedKernel emit_matmul(ModuleEmitter& m, const MatmulKernel& kernel, const std::string& symbol) {
  return MatmulEmitter(m, kernel, symbol).emit();
}

}  // namespace actinium::jit
