// Code of LoopKernels: elementwise loops, reductions along the vector axis, and rows of several stages. Start at
// emit_loop.
#include <algorithm>

#include "actinium/error.h"
#include "jit/caches.hpp"
#include "jit/picked.hpp"
#include "jit/segment.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

using program::LoopKernel;
using program::Stage;
using program::ValueId;

namespace {

constexpr std::int64_t chunk_elements = program::chunk_elements;

/// Rows of several stages that take turns are at most so many.
constexpr std::int64_t most_rows = 8;

/// A thread's scratch memory: staging slots, rows of kept values, results of chunks.
struct Layout {
  int rank;  ///< outer dimensions
  std::int64_t staging;
  std::vector<std::int64_t> kept_sizes;  ///< bytes of an element
  std::int64_t reductions = 0;           ///< most of any stage
  bool splits;
  std::int64_t first_elements = 0;       ///< so many of a row, with all that is made of them, fit half the first cache

  std::int64_t rows(std::int64_t inner) const {
    return std::clamp<std::int64_t>(first_elements / std::max<std::int64_t>(inner, 1), 1, most_rows);
  }
  static std::int64_t kept_bytes(std::int64_t inner, std::int64_t size) { return round_up(inner * size + 128, 64); }
  std::int64_t bytes(std::int64_t inner) const {
    std::int64_t total = staging;
    for (std::int64_t size : kept_sizes) total += rows(inner) * kept_bytes(inner, size);
    return total + (splits ? 0 : reductions * 8 * ((inner + chunk_elements - 1) / chunk_elements + 1));
  }
};

std::int64_t scratch_bytes(const void* context, const std::int64_t* extents) {
  const auto& layout = *static_cast<const Layout*>(context);
  return layout.bytes(extents[layout.rank]);
}

class LoopEmitter {
 public:
  LoopEmitter(ModuleEmitter& m, const LoopKernel& kernel) : m_(m), kernel_(kernel), b_(m.context) {
    picked_.resize(kernel.stages.size());
    for (std::size_t i = 0; i < kernel.stages.size() && !kernel.splits(); ++i)
      picked_[i] = take_picked(kernel_, kernel_.stages[i]);
    for (const Stage& stage : kernel_.stages) {
      codes_.push_back(lower_stage(stage, kernel.values, wanted_later(stage), Calls::in_long_code));
      layout_.reductions = std::max(layout_.reductions, static_cast<std::int64_t>(stage.reductions.size()));
      for (ValueId id : stage.kept) {
        kept_.push_back(id);
        layout_.kept_sizes.push_back(static_cast<std::int64_t>(size_of(kernel.values[index(id)])));
      }
    }
    layout_.rank = static_cast<int>(kernel.outer.size());
    layout_.staging = Staging(kernel.accesses, kernel.stages).bytes;
    layout_.splits = kernel.splits();
    std::int64_t bytes = 1;
    for (const program::Access& access : kernel.accesses) {
      const bool moves = access.buffer != program::no_buffer && access.dims.back().axis >= 0;
      if (moves) bytes += static_cast<std::int64_t>(size_of(access.dtype));
    }
    for (std::int64_t size : layout_.kept_sizes) bytes += size;
    layout_.first_elements = caches().first / 2 / bytes;
    find_groups();
  }

  EmittedKernel emit(const std::string& symbol) {
    EmittedKernel result;
    result.main = symbol;
    begin(result.main);
    if (kernel_.elementwise()) {
      elementwise();
    } else if (kernel_.splits()) {
      chunks_of_reductions();
    } else {
      rows();
    }
    b_.CreateRetVoid();
    if (kernel_.splits()) {
      result.finish = symbol + "_finish";
      begin(result.finish);
      finish();
      b_.CreateRetVoid();
    }
    result.context = std::make_shared<const Layout>(layout_);
    result.scratch_bytes = scratch_bytes;
    return result;
  }

 private:
  ModuleEmitter& m_;
  LoopKernel kernel_;
  std::vector<std::vector<Picked>> picked_;  ///< by stage: reductions that are not in kernel_
  llvm::IRBuilder<> b_;
  std::vector<StageCode> codes_;  ///< by stage
  /// Stages that one row goes through before the next begins: one, and those once a row behind it.
  struct Group {
    std::size_t begin, end;
    std::vector<ValueId> uses;  ///< scalars of groups before
  };
  std::vector<Group> groups_;
  std::vector<ValueId> carried_;  ///< all that groups use of those before
  std::vector<ValueId> kept_;
  Layout layout_{};
  // Of the function being emitted:
  llvm::Function* function_ = nullptr;
  std::optional<ArgsView> args_;
  std::optional<RowEmitter> row_;
  std::vector<llvm::Value*> extents_;  ///< of the outer dimensions
  llvm::Value* inner_ = nullptr;
  llvm::Value* chunks_ = nullptr;
  std::vector<llvm::Value*> accumulators_;  ///< memory, by reduction of a stage

  /// Values of a once stage that later stages use.
  std::vector<ValueId> wanted_later(const Stage& stage) const {
    std::vector<ValueId> wanted;
    if (!stage.once) return wanted;
    for (const Stage* later = &stage + 1; later < kernel_.stages.data() + kernel_.stages.size(); ++later) {
      const auto add = [&](ValueId id) {
        const bool here = std::any_of(stage.steps.begin(), stage.steps.end(),
                                      [&](const program::Step& step) { return step.result == id; });
        if (here) wanted.push_back(id);
      };
      for (const program::Step& step : later->steps) {
        for (int i = 0; i < step.arity; ++i) add(step.operands[static_cast<std::size_t>(i)]);
      }
      for (const program::Store& store : later->stores) add(store.value);
      for (const program::Reduction& reduction : later->reductions) {
        add(reduction.value);
        if (reduction.factor) add(*reduction.factor);
      }
    }
    return wanted;
  }

  llvm::Value* chunk_count(llvm::Value* inner) {
    return b_.CreateLShr(b_.CreateAdd(inner, b_.getInt64(chunk_elements - 1)), b_.getInt64(14));
  }

  void begin(const std::string& name) {
    static_assert(chunk_elements == 1 << 14);
    function_ = m_.kernel_function(name, b_);
    accumulators_.clear();
    for (std::int64_t r = 0; r < layout_.reductions; ++r) {
      llvm::AllocaInst* memory = b_.CreateAlloca(b_.getInt64Ty(), b_.getInt64(64));
      memory->setAlignment(llvm::Align(64));
      accumulators_.push_back(memory);
    }
    args_.emplace(m_, b_, function_->getArg(0));
    extents_.clear();
    for (int d = 0; d < layout_.rank; ++d) extents_.push_back(args_->extent(b_, d));
    inner_ = args_->extent(b_, layout_.rank);
    chunks_ = chunk_count(inner_);
    row_.emplace(m_, b_, vector_lanes(m_.target, kernel_.values), kernel_.accesses, kernel_.stages, *args_, function_->getArg(3),
                 layout_.rank + 1, kernel_.elementwise(), kernel_.values);
    // Rows of several stages are often of a thousand elements: filling and draining a pipeline takes a tenth of that.
    row_->pipelines = kernel_.elementwise() || kernel_.splits();
  }

  llvm::Value* end_of_chunk(llvm::Value* start) {
    return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b_.CreateAdd(start, b_.getInt64(chunk_elements)), inner_);
  }
  llvm::Value* start_of_chunk(llvm::Value* chunk) { return b_.CreateShl(chunk, 14); }

  /// Results beyond the size of caches are streamed: reading each line before it is overwritten would cost a third of
  /// the time.
  void stream_large_results() {
    std::uint64_t bytes = 0;
    for (const program::Store& store : kernel_.stages[0].stores) bytes += size_of(kernel_.accesses[store.access].dtype);
    if (!m_.target.x86 || bytes == 0) return;
    llvm::Value* elements = inner_;
    for (llvm::Value* extent : extents_) elements = b_.CreateMul(elements, extent);
    // What the third cache does not hold passes all of them by.
    const auto held = static_cast<std::uint64_t>(caches().third) / bytes;
    row_->stream_stores(b_.CreateICmpUGT(elements, b_.getInt64(held)));
  }

  /// Tasks that are neighbours in a row make one loop: starting anew for each costs more than what a chunk's first
  /// elements wait for.
  void elementwise() {
    stream_large_results();
    for_each_row(m_, b_, function_->getArg(1), function_->getArg(2), extents_, chunks_,
                 [&](auto indices, llvm::Value* chunk, llvm::Value* chunks) {
                   row_->set_row(indices);
                   llvm::Value* end = b_.CreateShl(b_.CreateAdd(chunk, chunks), 14);
                   end = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, end, inner_);
                   row_->run(kernel_.stages[0], codes_[0], start_of_chunk(chunk), end, {});
                 });
    row_->finish_streaming();
  }

  /// One chunk of a loop with reductions: gives the scalar result of each.
  std::vector<llvm::Value*> reduce_chunk(std::size_t stage, llvm::Value* start) {
    const Stage& s = kernel_.stages[stage];
    std::vector<Accumulators> reductions;
    for (std::size_t r = 0; r < s.reductions.size(); ++r) {
      const DType dtype = kernel_.values[index(s.reductions[r].value)];
      reductions.push_back(
          {s.reductions[r].combine, dtype, s.reductions[r].value, accumulators_[r], program::reduction_lanes(dtype),
           s.reductions[r].factor});
    }
    llvm::Value *end = end_of_chunk(start), *count = b_.CreateSub(end, start);
    emit_identities(reductions, count);
    row_->run(s, codes_[stage], start, end, reductions);
    std::vector<llvm::Value*> results;
    for (const Accumulators& a : reductions)
      results.push_back(emit_lane_tree(m_, b_, a.combine, a.dtype, a.memory, count));
    return results;
  }

  /// Of all accumulators, or of those of one vector if `count` elements reach no others.
  void emit_identities(const std::vector<Accumulators>& reductions, llvm::Value* count) {
    int least = chunk_elements;
    const auto width = [&](const Accumulators& a) { return m_.target.lanes(static_cast<int>(size_of(a.dtype))); };
    for (const Accumulators& a : reductions) {
      jit::emit_identities(row_->v, a.combine, a.dtype, a.memory, 0, width(a));
      least = std::min(least, width(a));
    }
    emit_if(b_, b_.CreateICmpUGT(count, b_.getInt64(static_cast<std::uint64_t>(least))), [&] {
      for (const Accumulators& a : reductions)
        jit::emit_identities(row_->v, a.combine, a.dtype, a.memory, width(a), a.lanes);
    });
  }

  llvm::Value* slot(llvm::Value* memory, llvm::Value* number) { return b_.CreateGEP(b_.getInt64Ty(), memory, number); }

  void chunks_of_reductions() {
    const auto count = static_cast<std::int64_t>(kernel_.stages[0].reductions.size());
    stream_large_results();
    for_each_task(m_, b_, function_->getArg(1), function_->getArg(2), extents_, chunks_,
                  [&](llvm::Value* row, auto indices, llvm::Value* chunk) {
                    row_->set_row(indices);
                    const std::vector<llvm::Value*> results = reduce_chunk(0, start_of_chunk(chunk));
                    llvm::Value* first = b_.CreateMul(row, b_.getInt64(static_cast<std::uint64_t>(count)));
                    for (std::size_t r = 0; r < results.size(); ++r) {
                      llvm::Value* number =
                          b_.CreateAdd(b_.CreateMul(b_.CreateAdd(first, b_.getInt64(r)), chunks_), chunk);
                      b_.CreateStore(results[r], slot(args_->partials, number));
                    }
                  });
    row_->finish_streaming();
  }

  void finish() {
    const Stage& loop = kernel_.stages[0];
    for_each_task(
        m_, b_, function_->getArg(1), function_->getArg(2), extents_, nullptr,
        [&](llvm::Value* row, auto indices, llvm::Value*) {
          row_->set_row(indices);
          llvm::Value* first = b_.CreateMul(row, b_.getInt64(loop.reductions.size()));
          for (std::size_t r = 0; r < loop.reductions.size(); ++r) {
            const program::Reduction& reduction = loop.reductions[r];
            llvm::Value* partials = slot(args_->partials, b_.CreateMul(b_.CreateAdd(first, b_.getInt64(r)), chunks_));
            define(reduction, call_chunk_tree(m_, b_, reduction.combine, kernel_.values[index(reduction.value)],
                                              partials, chunks_, b_.getInt64(8)));
          }
          if (kernel_.stages.size() == 2) row_->run_once(kernel_.stages[1], codes_[1]);
        });
  }

  void define(const program::Reduction& reduction, llvm::Value* scalar) {
    row_->values[index(reduction.result)] = row_->v.splat(scalar);
  }

  bool is_kept(ValueId id) const { return std::find(kept_.begin(), kept_.end(), id) != kept_.end(); }

  void find_groups() {
    for (std::size_t i = 0; i < kernel_.stages.size(); ++i) {
      if (i == 0 || !kernel_.stages[i].once) groups_.push_back({i, i, {}});
      groups_.back().end = i + 1;
    }
    for (Group& group : groups_) {
      std::vector<ValueId> own;
      for (std::size_t i = group.begin; i < group.end; ++i) {
        for (const StageCode::Input& input : codes_[i].inputs) {
          const auto id = static_cast<ValueId>(input.number);
          const auto is_in = [&](const std::vector<ValueId>& list) {
            return std::find(list.begin(), list.end(), id) != list.end();
          };
          if (input.kind != StageCode::Input::Kind::value || is_kept(id) || is_in(own) || is_in(group.uses)) continue;
          group.uses.push_back(id);
          if (!is_in(carried_)) carried_.push_back(id);
        }
        if (kernel_.stages[i].once) own.insert(own.end(), codes_[i].outputs.begin(), codes_[i].outputs.end());
        for (const program::Reduction& reduction : kernel_.stages[i].reductions) own.push_back(reduction.result);
        for (const Picked& picked : picked_[i]) own.push_back(picked.reduction.result);
      }
    }
  }

  /// A few rows go through each group of stages before the next: a row's stage ends with a chain of dependent
  /// operations (a tree over lanes, what is computed once a row), which the next row's work fills.
  void rows() {
    llvm::Value* most = b_.CreateUDiv(b_.getInt64(static_cast<std::uint64_t>(layout_.first_elements)),
                                      b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, inner_, b_.getInt64(1)));
    most = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, most, b_.getInt64(most_rows));
    most = b_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, most, b_.getInt64(1));
    llvm::Value* memory = b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), function_->getArg(3),
                                                        static_cast<std::uint64_t>(layout_.staging));
    std::vector<std::pair<llvm::Value*, llvm::Value*>> kept;  ///< the first row, and how far the next is
    for (std::int64_t size : layout_.kept_sizes) {
      llvm::Value* bytes = b_.CreateMul(inner_, b_.getInt64(static_cast<std::uint64_t>(size)));
      bytes = b_.CreateAnd(b_.CreateAdd(bytes, b_.getInt64(128 + 63)), b_.getInt64(~63ull));
      kept.emplace_back(memory, bytes);
      memory = b_.CreateGEP(b_.getInt8Ty(), memory, b_.CreateMul(most, bytes));
    }
    llvm::Value* scalars = b_.CreateAlloca(b_.getInt64Ty(), b_.getInt64(carried_.size() * most_rows));
    llvm::Value* end = function_->getArg(2);
    Loop blocks(b_, function_->getArg(1), end);
    llvm::Value* first = blocks.index();
    llvm::Value* stop = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b_.CreateAdd(first, most), end);
    for (const Group& group : groups_) {
      for_each_task(m_, b_, first, stop, extents_, nullptr, [&](llvm::Value* row, auto indices, llvm::Value*) {
        llvm::Value* number = b_.CreateSub(row, first);
        const auto scalar = [&](std::size_t k) { return slot(scalars, b_.CreateAdd(number, b_.getInt64(k * most_rows))); };
        const auto type = [&](ValueId id) { return kernel_.values[index(id)]; };
        row_->set_row(indices);
        for (std::size_t k = 0; k < kept.size(); ++k)
          row_->rows[index(kept_[k])] = b_.CreateGEP(b_.getInt8Ty(), kept[k].first, b_.CreateMul(number, kept[k].second));
        for (std::size_t k = 0; k < carried_.size(); ++k) {
          const ValueId id = carried_[k];
          const bool used = std::find(group.uses.begin(), group.uses.end(), id) != group.uses.end();
          row_->values[index(id)] = used ? row_->v.splat(row_->v.load_scalar(type(id), scalar(k))) : nullptr;
        }
        for (std::size_t i = group.begin; i < group.end; ++i) run_stage(i, memory);
        for (std::size_t k = 0; k < carried_.size(); ++k) {
          const ValueId id = carried_[k];
          const bool used = std::find(group.uses.begin(), group.uses.end(), id) != group.uses.end();
          llvm::Value* value = row_->values[index(id)];
          if (value != nullptr && !used) row_->v.store_lane0(type(id), value, scalar(k));
        }
      });
    }
    blocks.finish(most);
  }

  void run_stage(std::size_t i, llvm::Value* memory) {
    const Stage& stage = kernel_.stages[i];
    if (stage.once) {
      row_->run_once(stage, codes_[i]);
    } else if (!stage.reductions.empty()) {
      reduce_row(i, memory);
    } else if (!stage.stores.empty() || !stage.kept.empty()) {
      row_->run(stage, codes_[i], b_.getInt64(0), inner_, {});
    }
    for (const Picked& picked : picked_[i])
      define(picked.reduction, row_->picked(picked.element, picked.label, inner_));
  }

  /// All chunks of the row in order; their results combine in the same tree as if they had been tasks.
  void reduce_row(std::size_t stage, llvm::Value* memory) {
    const auto& reductions = kernel_.stages[stage].reductions;
    Loop loop(b_, b_.getInt64(0), chunks_);
    const std::vector<llvm::Value*> results = reduce_chunk(stage, start_of_chunk(loop.index()));
    const auto part = [&](std::size_t r) { return slot(memory, b_.CreateMul(b_.getInt64(r), chunks_)); };
    for (std::size_t r = 0; r < results.size(); ++r) b_.CreateStore(results[r], slot(part(r), loop.index()));
    loop.finish(1);
    for (std::size_t r = 0; r < results.size(); ++r) {
      const DType dtype = kernel_.values[index(reductions[r].value)];
      define(reductions[r], call_chunk_tree(m_, b_, reductions[r].combine, dtype, part(r), chunks_, b_.getInt64(8)));
    }
  }
};

}  // namespace

EmittedKernel emit_loop(ModuleEmitter& m, const LoopKernel& kernel, const std::string& symbol) {
  return LoopEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
