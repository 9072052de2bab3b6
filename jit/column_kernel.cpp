// Code of ColumnKernels: a task reduces up to 64 columns over up to 16384 rows, in blocks of 256. Start at emit_column.
#include <algorithm>
#include <array>

#include "jit/segment.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

using program::ColumnKernel;
using program::ValueId;

namespace {

constexpr std::int64_t columns = program::column_block;

std::int64_t scratch_bytes(const void* context, const std::int64_t*) {
  return *static_cast<const std::int64_t*>(context);
}

class ColumnEmitter {
 public:
  ColumnEmitter(ModuleEmitter& m, const ColumnKernel& kernel)
      : m_(m),
        kernel_(kernel),
        b_(m.context),
        body_(lower_stage(kernel.body, kernel.values, {}, Calls::in_long_code)),
        finish_(lower_stage(kernel.finish, kernel.values, {}, Calls::in_long_code)),
        rank_(static_cast<int>(kernel.outer.size())) {}

  EmittedKernel emit(const std::string& symbol) {
    EmittedKernel result;
    result.main = symbol;
    begin(result.main, 2);
    main();
    b_.CreateRetVoid();
    result.finish = symbol + "_finish";
    begin(result.finish, 1);
    finish();
    b_.CreateRetVoid();
    result.context = std::make_shared<const std::int64_t>(Staging(kernel_.accesses, stages()).bytes);
    result.scratch_bytes = scratch_bytes;
    return result;
  }

 private:
  ModuleEmitter& m_;
  const ColumnKernel& kernel_;
  llvm::IRBuilder<> b_;
  StageCode body_, finish_;
  const int rank_;
  // Of the function being emitted:
  llvm::Function* function_ = nullptr;
  std::optional<ArgsView> args_;
  std::optional<RowEmitter> row_;
  std::vector<llvm::Value*> outer_;  ///< extents, and the number of blocks of columns behind them
  llvm::Value *reduced_ = nullptr, *inner_ = nullptr, *chunks_ = nullptr;
  std::vector<std::vector<llvm::Value*>> memory_;  ///< by reduction: rows of 64 columns on the stack

  std::array<program::Stage, 2> stages() const { return {kernel_.body, kernel_.finish}; }
  std::size_t reductions() const { return kernel_.body.reductions.size(); }
  DType dtype(std::size_t r) const { return kernel_.values[index(kernel_.body.reductions[r].value)]; }
  program::Combine combine(std::size_t r) const { return kernel_.body.reductions[r].combine; }
  llvm::Type* scalar(std::size_t r) { return row_->v.scalar_type(machine::type_of(dtype(r))); }

  void begin(const std::string& name, int rows_on_stack) {
    function_ = m_.kernel_function(name, b_);
    memory_.assign(reductions(), {});
    for (auto& rows : memory_) {
      for (int i = 0; i < rows_on_stack; ++i) {
        llvm::AllocaInst* memory = b_.CreateAlloca(b_.getInt64Ty(), b_.getInt64(columns));
        memory->setAlignment(llvm::Align(64));
        rows.push_back(memory);
      }
    }
    args_.emplace(m_, b_, function_->getArg(0));
    outer_.clear();
    for (int d = 0; d < rank_; ++d) outer_.push_back(args_->extent(b_, d));
    reduced_ = args_->extent(b_, rank_);
    inner_ = args_->extent(b_, rank_ + 1);
    outer_.push_back(divide_up(inner_, columns));
    chunks_ = divide_up(reduced_, program::chunk_elements);
    row_.emplace(m_, b_, vector_lanes(m_.target, kernel_.values), kernel_.accesses, stages(), *args_, function_->getArg(3),
                 rank_ + 2, false, kernel_.values);
    row_->pipelines = false;
  }

  llvm::Value* divide_up(llvm::Value* n, std::int64_t by) {
    return b_.CreateUDiv(b_.CreateAdd(n, b_.getInt64(static_cast<std::uint64_t>(by - 1))),
                         b_.getInt64(static_cast<std::uint64_t>(by)));
  }
  llvm::Value* lesser(llvm::Value* a, llvm::Value* x) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, a, x); }

  /// Columns [begin, end) of a task.
  std::pair<llvm::Value*, llvm::Value*> range(llvm::Value* block) {
    llvm::Value* first = b_.CreateMul(block, b_.getInt64(columns));
    return {first, lesser(b_.CreateAdd(first, b_.getInt64(columns)), inner_)};
  }

  /// First of the partial results of reduction r: of column 0, chunk 0.
  llvm::Value* partials(std::size_t r, std::span<llvm::Value* const> outer) {
    llvm::Value* row = b_.getInt64(0);
    for (std::size_t d = 0; d < outer.size(); ++d) row = b_.CreateAdd(b_.CreateMul(row, outer_[d]), outer[d]);
    llvm::Value* number = b_.CreateAdd(b_.CreateMul(row, b_.getInt64(reductions())), b_.getInt64(r));
    // Slots are of the element's size, whatever reduction stands beside: all of one array, in bytes of the widest.
    return b_.CreateGEP(slot_type(), args_->partials, b_.CreateMul(b_.CreateMul(number, chunks_), inner_));
  }
  llvm::Type* slot_type() {
    std::size_t bytes = 0;
    for (std::size_t r = 0; r < reductions(); ++r) bytes = std::max(bytes, size_of(dtype(r)));
    return b_.getIntNTy(static_cast<unsigned>(8 * bytes));
  }

  /// total (combine)= addend, on all 64 columns.
  void add_rows(std::size_t r, llvm::Value* total, llvm::Value* addend) {
    VectorEmitter v(m_, b_, m_.target.lanes(static_cast<int>(size_of(dtype(r)))));
    Loop loop(b_, b_.getInt64(0), b_.getInt64(columns), /*skippable=*/false);
    llvm::Value* p = b_.CreateGEP(scalar(r), total, loop.index());
    llvm::Value* q = b_.CreateGEP(scalar(r), addend, loop.index());
    v.store(dtype(r), emit_combine(v, combine(r), dtype(r), v.load(dtype(r), p), v.load(dtype(r), q)), p);
    loop.finish(v.lanes);
  }
  void copy_row(std::size_t r, llvm::Value* to, llvm::Value* from) {
    VectorEmitter v(m_, b_, m_.target.lanes(static_cast<int>(size_of(dtype(r)))));
    Loop loop(b_, b_.getInt64(0), b_.getInt64(columns), /*skippable=*/false);
    v.store(dtype(r), v.load(dtype(r), b_.CreateGEP(scalar(r), from, loop.index())),
            b_.CreateGEP(scalar(r), to, loop.index()));
    loop.finish(v.lanes);
  }

  void main() {
    for_each_task(m_, b_, function_->getArg(1), function_->getArg(2), outer_, chunks_,
                  [&](llvm::Value*, auto indices, llvm::Value* chunk) {
                    const auto outer = indices.first(indices.size() - 1);
                    const auto [first, last] = range(indices.back());
                    llvm::Value* start = b_.CreateMul(chunk, b_.getInt64(program::chunk_elements));
                    llvm::Value* stop = lesser(b_.CreateAdd(start, b_.getInt64(program::chunk_elements)), reduced_);
                    Loop blocks(b_, start, stop, /*skippable=*/false);
                    block_of_rows(outer, blocks.index(), stop, first, last);
                    llvm::Function* f = function_;
                    llvm::BasicBlock *starts = m_.block(f), *adds = m_.block(f), *join = m_.block(f);
                    b_.CreateCondBr(b_.CreateICmpEQ(blocks.index(), start), starts, adds);
                    b_.SetInsertPoint(starts);
                    for (std::size_t r = 0; r < reductions(); ++r) copy_row(r, memory_[r][1], memory_[r][0]);
                    b_.CreateBr(join);
                    b_.SetInsertPoint(adds);
                    for (std::size_t r = 0; r < reductions(); ++r) add_rows(r, memory_[r][1], memory_[r][0]);
                    b_.CreateBr(join);
                    b_.SetInsertPoint(join);
                    blocks.finish(program::block_elements);
                    for (std::size_t r = 0; r < reductions(); ++r) {
                      llvm::Value* to = b_.CreateGEP(slot_type(), partials(r, outer),
                                                     b_.CreateAdd(b_.CreateMul(chunk, inner_), first));
                      write_partials(r, to, b_.CreateSub(last, first));
                    }
                  });
  }

  /// Accumulates up to 256 rows from `row` on into memory_[r][0].
  void block_of_rows(std::span<llvm::Value* const> outer, llvm::Value* row, llvm::Value* stop, llvm::Value* first,
                     llvm::Value* last) {
    std::vector<Accumulators> accumulators;
    for (std::size_t r = 0; r < reductions(); ++r) {
      accumulators.push_back(
          {combine(r), dtype(r), kernel_.body.reductions[r].value, memory_[r][0], static_cast<int>(columns),
           std::nullopt, false});
      emit_identities(row_->v, combine(r), dtype(r), memory_[r][0], 0, static_cast<int>(columns));
    }
    llvm::Value* end = lesser(b_.CreateAdd(row, b_.getInt64(program::block_elements)), stop);
    Loop rows(b_, row, end, /*skippable=*/false);
    std::vector<llvm::Value*> indices(outer.begin(), outer.end());
    indices.push_back(rows.index());
    row_->set_row(indices);
    row_->run(kernel_.body, body_, first, last, accumulators);
    rows.finish(1);
  }

  void write_partials(std::size_t r, llvm::Value* to, llvm::Value* count) {
    Loop loop(b_, b_.getInt64(0), count);
    llvm::Value* value = b_.CreateLoad(scalar(r), b_.CreateGEP(scalar(r), memory_[r][1], loop.index()));
    b_.CreateAlignedStore(value, b_.CreateGEP(slot_type(), to, loop.index()), llvm::Align(size_of(dtype(r))));
    loop.finish(1);
  }

  void finish() {
    for_each_task(m_, b_, function_->getArg(1), function_->getArg(2), outer_, nullptr,
                  [&](llvm::Value*, auto indices, llvm::Value*) {
                    const auto outer = indices.first(indices.size() - 1);
                    const auto [first, last] = range(indices.back());
                    for (std::size_t r = 0; r < reductions(); ++r) {
                      llvm::Value* column = b_.CreateGEP(slot_type(), partials(r, outer), first);
                      Loop loop(b_, b_.getInt64(0), b_.CreateSub(last, first));
                      llvm::Value* slot_bytes = llvm::ConstantExpr::getSizeOf(slot_type());
                      llvm::Value* result =
                          call_chunk_tree(m_, b_, combine(r), dtype(r), b_.CreateGEP(slot_type(), column, loop.index()),
                                          chunks_, b_.CreateMul(inner_, slot_bytes));
                      b_.CreateStore(result, b_.CreateGEP(scalar(r), memory_[r][0], loop.index()));
                      loop.finish(1);
                      // The stage finds the result of column c at element c of a row.
                      llvm::Value* back = b_.CreateNeg(first);
                      row_->rows[index(kernel_.body.reductions[r].result)] =
                          b_.CreateGEP(scalar(r), memory_[r][0], back);
                    }
                    std::vector<llvm::Value*> indices_of_row(outer.begin(), outer.end());
                    indices_of_row.push_back(b_.getInt64(0));
                    row_->set_row(indices_of_row);
                    row_->run(kernel_.finish, finish_, first, last, {});
                  });
  }
};

}  // namespace

EmittedKernel emit_column(ModuleEmitter& m, const ColumnKernel& kernel, const std::string& symbol) {
  return ColumnEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
