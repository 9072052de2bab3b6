// Loops over steps whose steps are scalar graphs: one native loop each, carries in registers. What is not so simple is run by the
// executor, step by step. Start reading at IterationEmitter::emit.
#include <map>

#include "jit/kernel.hpp"
#include "jit/point_emitter.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

using program::BufferId;
using program::IterationKernel;
using program::Program;

namespace {

/// Steps that a stream has room for at first.
constexpr std::int64_t first_room = 64;

/// Kernels of one element each, of elements that no index of the call decides.
bool is_scalar(const Program& step) {
  for (const program::Kernel& kernel : step.kernels) {
    const auto* loop = std::get_if<program::LoopKernel>(&kernel.body);
    if (loop == nullptr || !is_point(*loop)) return false;
    for (const program::Access& a : loop->accesses) {
      const bool known = a.buffer == program::no_buffer ? a.start.empty() || a.start[0].is_constant()
                                                        : step.buffers[program::index(a.buffer)].shape.size().is(1) &&
                                                              step.buffers[program::index(a.buffer)].kind != program::Buffer::Kind::constant;
      if (!known) return false;
    }
  }
  const auto one = [&](BufferId id) { return step.buffers[program::index(id)].shape.size().is(1); };
  return std::all_of(step.inputs.begin(), step.inputs.end(), one) && std::all_of(step.outputs.begin(), step.outputs.end(), one);
}

/// The elements of a step's buffers, as they become known.
class Elements final : public PointPlaces {
 public:
  Elements(llvm::IRBuilder<>& b, const Program& step) : b_(b), step_(step) {}
  llvm::Value* load(const program::Access& access, std::size_t) override {
    if (access.buffer == program::no_buffer) return b_.getInt64(static_cast<std::uint64_t>(access.start.empty() ? 0 : access.start[0].constant()));
    return values_.at(access.buffer);
  }
  void store(const program::Access& access, std::size_t, llvm::Value* value) override { values_[access.buffer] = value; }

  void set_input(std::size_t i, llvm::Value* value) { values_[step_.inputs[i]] = value; }
  llvm::Value* output(std::size_t i) const { return values_.at(step_.outputs[i]); }

 private:
  llvm::IRBuilder<>& b_;
  const Program& step_;
  std::map<BufferId, llvm::Value*> values_;
};

class IterationEmitter {
 public:
  IterationEmitter(ModuleEmitter& m, const IterationKernel& kernel) : m_(m), kernel_(kernel), b_(m.context), scalar_(m, b_, 1) {}

  EmittedKernel emit(const std::string& symbol) {
    function_ = m_.kernel_function(symbol, b_);
    const ArgsView args(m_, b_, function_->getArg(0));
    args_ = &args;
    failed_ = m_.block(function_);
    for (std::size_t i = 0; i < kernel_.constants; ++i) constants_.push_back(operand(i, input_type(0, i)));
    count_ = kernel_.length ? args.extent(b_, 0) : nullptr;
    for (std::size_t p = 0; p < kernel_.phases.size(); ++p) phase(p);
    b_.CreateStore(b_.getInt64(0), args.partials);
    b_.CreateRetVoid();
    b_.SetInsertPoint(failed_);
    b_.CreateStore(b_.getInt64(1), args.partials);
    b_.CreateRetVoid();
    EmittedKernel result;
    result.main = symbol;
    return result;
  }

 private:
  ModuleEmitter& m_;
  const IterationKernel& kernel_;
  llvm::IRBuilder<> b_;
  VectorEmitter scalar_;
  llvm::Function* function_ = nullptr;
  const ArgsView* args_ = nullptr;
  llvm::BasicBlock* failed_ = nullptr;
  std::vector<llvm::Value*> constants_;
  llvm::Value* count_ = nullptr;        ///< steps, known once phase 0 has ended
  std::vector<llvm::Value*> streams_;   ///< of a while: addresses, of the phases that have ended
  std::vector<DType> stream_types_;
  std::size_t first_carry_ = 0;

  DType input_type(std::size_t p, std::size_t i) const {
    const Program& step = *kernel_.phases[p].step;
    return step.buffers[program::index(step.inputs[i])].dtype;
  }
  DType output_type(std::size_t p, std::size_t i) const {
    const Program& step = *kernel_.phases[p].step;
    return step.buffers[program::index(step.outputs[i])].dtype;
  }
  llvm::Value* operand(std::size_t i, DType type) { return scalar_.load_scalar(type, args_->pointer(b_, static_cast<int>(i))); }
  llvm::Value* element(llvm::Value* base, DType type, llvm::Value* place) {
    return b_.CreateGEP(b_.getInt8Ty(), base, b_.CreateMul(place, b_.getInt64(size_of(type))));
  }

  /// Runs a step's kernels on elements.
  void compute(const Program& step, Elements& elements) {
    for (const program::Kernel& kernel : step.kernels) emit_point(m_, b_, std::get<program::LoopKernel>(kernel.body), elements);
  }

  /// The address of stream i of this phase once it has room for `steps`.
  llvm::Value* with_room(std::size_t stream, llvm::Value* steps) {
    const int record = static_cast<int>(kernel_.operands.size() + kernel_.results.size() + stream);
    llvm::Value* data = call_reserve(m_, b_, args_->pointer(b_, record), steps);
    llvm::BasicBlock* go_on = m_.block(function_);
    b_.CreateCondBr(b_.CreateIsNull(data), failed_, go_on);
    b_.SetInsertPoint(go_on);
    return data;
  }

  void phase(std::size_t p) {
    const IterationKernel::Phase& own = kernel_.phases[p];
    const Program& step = *own.step;
    const std::size_t emits = step.outputs.size() - own.carries, first_stream = streams_.size();
    const bool counts = p == 0 && !kernel_.length;
    std::vector<llvm::Value*> start, written;
    for (std::size_t i = 0; i < own.carries; ++i)
      start.push_back(operand(kernel_.constants + first_carry_ + i, input_type(p, kernel_.constants + i)));
    const std::size_t first_emit = kernel_.results.size() - (kernel_.length ? emits : 0);
    for (std::size_t i = 0; i < emits; ++i)
      written.push_back(kernel_.length ? args_->pointer(b_, static_cast<int>(kernel_.operands.size() + first_emit + i))
                                       : with_room(first_stream + i, counts ? b_.getInt64(first_room) : at_least_one()));

    // head: as long as there are steps; body: one.
    llvm::BasicBlock *before = b_.GetInsertBlock(), *head = m_.block(function_), *exit = m_.block(function_);
    b_.CreateBr(head);
    b_.SetInsertPoint(head);
    const auto moving = [&](llvm::Value* from) {
      llvm::PHINode* phi = b_.CreatePHI(from->getType(), 2);
      phi->addIncoming(from, before);
      return phi;
    };
    llvm::PHINode* n = moving(b_.getInt64(0));
    std::vector<llvm::PHINode*> carries, addresses;
    for (llvm::Value* v : start) carries.push_back(moving(v));
    llvm::PHINode* room = nullptr;
    if (counts && emits > 0) {
      room = moving(b_.getInt64(first_room));
      for (llvm::Value*& v : written) addresses.push_back(moving(v)), v = addresses.back();
    }
    llvm::Value* goes_on = counts ? condition(carries) : b_.CreateICmpSLT(n, count_);
    llvm::BasicBlock* body = m_.block(function_);
    b_.CreateCondBr(goes_on, body, exit);
    b_.SetInsertPoint(body);

    llvm::Value* next_room = room;
    if (room != nullptr) next_room = grow(n, room, written, first_stream);
    llvm::Value* place = own.reverse ? b_.CreateSub(b_.CreateSub(count_, b_.getInt64(1)), n) : n;
    Elements elements(b_, step);
    for (std::size_t i = 0; i < kernel_.constants; ++i) elements.set_input(i, constants_[i]);
    for (std::size_t i = 0; i < own.carries; ++i) elements.set_input(kernel_.constants + i, carries[i]);
    for (std::size_t i = kernel_.constants + own.carries; i < step.inputs.size(); ++i) {
      const std::size_t slice = i - kernel_.constants - own.carries;
      llvm::Value* base = kernel_.length ? args_->pointer(b_, static_cast<int>(kernel_.constants + own.carries + slice)) : streams_[own.reads[slice]];
      elements.set_input(i, scalar_.load_scalar(input_type(p, i), element(base, input_type(p, i), place)));
    }
    compute(step, elements);
    for (std::size_t i = 0; i < emits; ++i) {
      if (kernel_.length && kernel_.results[first_emit + i] == program::no_buffer) continue;
      const DType type = output_type(p, own.carries + i);
      scalar_.store(type, elements.output(own.carries + i), element(written[i], type, place));
    }
    llvm::BasicBlock* latch = b_.GetInsertBlock();
    n->addIncoming(b_.CreateAdd(n, b_.getInt64(1)), latch);
    for (std::size_t i = 0; i < own.carries; ++i) carries[i]->addIncoming(elements.output(i), latch);
    if (room != nullptr) {
      room->addIncoming(next_room, latch);
      for (std::size_t i = 0; i < emits; ++i) addresses[i]->addIncoming(written[i], latch);
    }
    b_.CreateBr(head);

    b_.SetInsertPoint(exit);
    if (counts) count_ = n;
    for (std::size_t i = 0; i < own.carries; ++i)
      if (kernel_.results[first_carry_ + i] != program::no_buffer)
        scalar_.store(output_type(p, i), carries[i], args_->pointer(b_, static_cast<int>(kernel_.operands.size() + first_carry_ + i)));
    // Addresses as they are when the phase ends: those of the head.
    for (std::size_t i = 0; i < emits && !kernel_.length; ++i) streams_.push_back(room != nullptr ? addresses[i] : written[i]);
    first_carry_ += own.carries;
  }

  llvm::Value* at_least_one() {
    return b_.CreateSelect(b_.CreateICmpSGT(count_, b_.getInt64(0)), count_, b_.getInt64(1));
  }

  llvm::Value* condition(const std::vector<llvm::PHINode*>& carries) {
    Elements elements(b_, *kernel_.condition);
    for (std::size_t i = 0; i < kernel_.constants; ++i) elements.set_input(i, constants_[i]);
    for (std::size_t i = 0; i < carries.size(); ++i) elements.set_input(kernel_.constants + i, carries[i]);
    compute(*kernel_.condition, elements);
    return elements.output(0);
  }

  /// Doubles the room of the streams if step n has none; gives it, and addresses in `written`.
  llvm::Value* grow(llvm::Value* n, llvm::Value* room, std::vector<llvm::Value*>& written, std::size_t first_stream) {
    llvm::BasicBlock *full = m_.block(function_), *join = m_.block(function_), *from = b_.GetInsertBlock();
    b_.CreateCondBr(b_.CreateICmpEQ(n, room), full, join);
    b_.SetInsertPoint(full);
    llvm::Value* doubled = b_.CreateShl(room, 1);
    std::vector<llvm::Value*> fresh;
    for (std::size_t i = 0; i < written.size(); ++i) fresh.push_back(with_room(first_stream + i, doubled));
    llvm::BasicBlock* grown = b_.GetInsertBlock();
    b_.CreateBr(join);
    b_.SetInsertPoint(join);
    const auto either = [&](llvm::Value* a, llvm::Value* c) {
      llvm::PHINode* phi = b_.CreatePHI(a->getType(), 2);
      phi->addIncoming(a, from);
      phi->addIncoming(c, grown);
      return phi;
    };
    llvm::Value* result = either(room, doubled);
    for (std::size_t i = 0; i < written.size(); ++i) written[i] = either(written[i], fresh[i]);
    return result;
  }
};

}  // namespace

bool is_scalar_iteration(const IterationKernel& kernel) {
  if (kernel.condition != nullptr && !is_scalar(*kernel.condition)) return false;
  return std::all_of(kernel.phases.begin(), kernel.phases.end(), [](const IterationKernel::Phase& p) { return is_scalar(*p.step); });
}

EmittedKernel emit_iteration(ModuleEmitter& m, const IterationKernel& kernel, const std::string& symbol) {
  return IterationEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
