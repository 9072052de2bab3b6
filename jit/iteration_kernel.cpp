// Loops over steps of known, small sizes: one native loop each, with carries, and what stays the same, in registers as
// far as they go. What is larger, or unknown, is run by the executor, step by step. Start reading at
// IterationEmitter::emit.
#include <algorithm>

#include "jit/kernel.hpp"
#include "jit/step_emitter.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

using program::BufferId;
using program::IterationKernel;
using program::Program;

namespace {

/// Steps that a stream has room for at first.
constexpr std::int64_t first_room = 64;
/// Vector registers for what carries and constants hold, of 32 and of 16 that there are.
constexpr int many_registers = 20, few_registers = 8;

/// What the kernel's steps are like; of a while the last is the condition.
struct IterationPlan {
  std::vector<StepPlan> steps;
  static std::optional<IterationPlan> make(const IterationKernel& kernel, const Target& target) {
    IterationPlan plan;
    std::vector<const Program*> programs;
    for (const IterationKernel::Phase& p : kernel.phases) programs.push_back(p.step.get());
    if (kernel.condition != nullptr) programs.push_back(kernel.condition.get());
    for (const Program* program : programs) {
      auto step = StepPlan::make(*program, target);
      if (!step) return std::nullopt;
      plan.steps.push_back(std::move(*step));
    }
    return plan;
  }
};

class IterationEmitter {
 public:
  IterationEmitter(ModuleEmitter& m, const IterationKernel& kernel)
      : m_(m), kernel_(kernel), plan_(*IterationPlan::make(kernel, m.target)), b_(m.context) {}

  EmittedKernel emit(const std::string& symbol) {
    function_ = m_.kernel_function(symbol, b_);
    const ArgsView args(m_, b_, function_->getArg(0));
    args_ = &args;
    LoopRoom room(m_, b_, args.shared);
    room_ = &room;
    failed_ = m_.block(function_);
    for (std::size_t i = 0; i < kernel_.constants; ++i) {
      constants_.push_back(in_memory(0, i, operand(i)));
      constants_.back().invariant = constants_.back().memory != nullptr;
    }
    count_ = kernel_.length ? args.extent(b_, 0) : nullptr;
    for (std::size_t p = 0; p < kernel_.phases.size(); ++p) phase(p);
    b_.CreateStore(b_.getInt64(0), args.partials);
    b_.CreateRetVoid();
    b_.SetInsertPoint(failed_);
    b_.CreateStore(b_.getInt64(1), args.partials);
    b_.CreateRetVoid();
    EmittedKernel result;
    result.main = symbol;
    result.context = std::make_shared<const std::int64_t>(room.bytes());
    result.shared_bytes = [](const void* context, const std::int64_t*) {
      return *static_cast<const std::int64_t*>(context);
    };
    return result;
  }

 private:
  ModuleEmitter& m_;
  const IterationKernel& kernel_;
  const IterationPlan plan_;
  llvm::IRBuilder<> b_;
  LoopRoom* room_ = nullptr;
  llvm::Function* function_ = nullptr;
  const ArgsView* args_ = nullptr;
  llvm::BasicBlock* failed_ = nullptr;
  std::vector<StepArray> constants_;
  llvm::Value* count_ = nullptr;       ///< steps, known once phase 0 has ended
  std::vector<llvm::Value*> streams_;  ///< of a while: addresses, of the phases that have ended
  std::size_t first_carry_ = 0;

  const program::Buffer& input(std::size_t p, std::size_t i) const {
    const Program& step = *kernel_.phases[p].step;
    return step.buffers[program::index(step.inputs[i])];
  }
  BufferId output(std::size_t p, std::size_t i) const { return kernel_.phases[p].step->outputs[i]; }
  DType output_type(std::size_t p, std::size_t i) const {
    return kernel_.phases[p].step->buffers[program::index(output(p, i))].dtype;
  }
  std::int64_t output_bytes(std::size_t p, std::size_t i) const {
    return plan_.steps[p].count(output(p, i)) * static_cast<std::int64_t>(size_of(output_type(p, i)));
  }
  llvm::Value* operand(std::size_t i) { return args_->pointer(b_, static_cast<int>(i)); }
  llvm::Value* result(std::size_t i) { return args_->pointer(b_, static_cast<int>(kernel_.operands.size() + i)); }
  bool is_read(std::size_t result) const { return kernel_.results[result] != program::no_buffer; }
  llvm::Value* element(llvm::Value* base, std::int64_t bytes, llvm::Value* place) {
    return b_.CreateGEP(b_.getInt8Ty(), base, b_.CreateMul(place, b_.getInt64(static_cast<std::uint64_t>(bytes))));
  }

  /// Input i of phase p, at `memory`; if it is one element, in a register.
  StepArray in_memory(std::size_t p, std::size_t i, llvm::Value* memory) {
    const program::Buffer& buffer = input(p, i);
    StepArray a{buffer.dtype, plan_.steps[p].count(kernel_.phases[p].step->inputs[i]), 0, {}, memory, false, false};
    if (a.count != 1) return a;
    a.parts = {ArrayMemory{m_, b_, a.dtype, memory}.scalar(0)};
    a.width = 1;
    a.memory = nullptr;
    return a;
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

  /// A carry from step to step: parts in registers; or memory, which is written in place, or in turn with another.
  struct Carry {
    DType dtype;
    std::int64_t count = 0;
    int width = 0;
    bool in_place = false, in_result = false;
    std::vector<llvm::Value*> start;  ///< parts before the first step
    llvm::Value *memory = nullptr, *to = nullptr,
                *then = nullptr;  ///< where it is, where the next and the one after that go
    // In the loop:
    std::vector<llvm::PHINode*> parts = {};
    llvm::PHINode *at = nullptr, *next = nullptr, *after = nullptr;

    StepArray array() const {
      return {dtype, count, width, {parts.begin(), parts.end()}, in_place ? memory : at, false, false};
    }
  };

  Carry start_of(std::size_t p, std::size_t i) {
    const StepPlan& plan = plan_.steps[p];
    const BufferId from = kernel_.phases[p].step->inputs[kernel_.constants + i], to = output(p, i);
    Carry c{output_type(p, i),
            plan.count(to),
            plan.register_width(to),
            false,
            false,
            {},
            operand(kernel_.constants + first_carry_ + i)};
    const std::int64_t bytes = output_bytes(p, i) + 64;
    if (c.width > 0) {
      c.start = ArrayMemory{m_, b_, c.dtype, c.memory}.load_parts(c.count, c.width);
    } else if (plan.in_place(from, to)) {
      // A while may fail for want of memory, and leaves results as they were.
      c.in_result = kernel_.length && is_read(first_carry_ + i);
      llvm::Value* place = c.in_result ? result(first_carry_ + i) : place_for(bytes);
      copy(c, c.memory, place);
      c.memory = place;
      c.in_place = true;
    } else {
      c.to = place_for(bytes);
      c.then = place_for(bytes);
    }
    return c;
  }

  void copy(const Carry& c, llvm::Value* from, llvm::Value* to) {
    const auto size = static_cast<std::int64_t>(size_of(c.dtype));
    const int width = std::max(1, m_.target.lanes(static_cast<int>(size)));
    const std::int64_t whole = c.count / width * width;
    VectorEmitter v(m_, b_, width), one(m_, b_, 1);
    if (whole > 0) {
      Loop loop(b_, b_.getInt64(0), b_.getInt64(static_cast<std::uint64_t>(whole)), false);
      v.store(c.dtype, v.load(c.dtype, element(from, size, loop.index())), element(to, size, loop.index()));
      loop.finish(width);
    }
    for (std::int64_t i = whole; i < c.count; ++i) {
      llvm::Value* place = b_.getInt64(static_cast<std::uint64_t>(i));
      one.store(c.dtype, one.load_scalar(c.dtype, element(from, size, place)), element(to, size, place));
    }
  }

  /// A phase while it is emitted.
  struct Running {
    std::size_t number, emits, first_stream, first_emit;
    bool counts;  ///< as long as the condition holds
    std::vector<Carry> carries = {};
    std::vector<llvm::Value*> written = {};  ///< by emission: where those of all steps begin
    llvm::BasicBlock* before = nullptr;
    llvm::PHINode *n = nullptr, *room = nullptr;  ///< steps done; steps that the streams have room for
    std::vector<llvm::PHINode*> addresses = {};   ///< of streams that grow, by emission
  };

  void phase(std::size_t p) {
    Running r = start(p);
    llvm::BasicBlock *head = m_.block(function_), *body = m_.block(function_), *exit = m_.block(function_);
    int registers = m_.target.avx512 ? many_registers : few_registers;
    for (const Carry& c : r.carries) registers -= static_cast<int>(c.start.size());
    room_->begin_loop(registers);
    r.before = b_.GetInsertBlock();
    b_.CreateBr(head);
    b_.SetInsertPoint(head);
    make_moving(r);
    b_.CreateCondBr(r.counts ? condition(r.carries) : b_.CreateICmpSLT(r.n, count_), body, exit);
    b_.SetInsertPoint(body);
    one_step(r);
    b_.CreateBr(head);
    room_->finish_loop();
    b_.SetInsertPoint(exit);
    finish(r);
  }

  Running start(std::size_t p) {
    const IterationKernel::Phase& own = kernel_.phases[p];
    Running r{.number = p,
              .emits = own.step->outputs.size() - own.carries,
              .first_stream = streams_.size(),
              .first_emit = 0,
              .counts = p == 0 && !kernel_.length};
    for (std::size_t i = 0; i < own.carries; ++i) r.carries.push_back(start_of(p, i));
    r.first_emit = kernel_.results.size() - (kernel_.length ? r.emits : 0);
    for (std::size_t i = 0; i < r.emits; ++i) {
      if (!kernel_.length) {
        r.written.push_back(with_room(r.first_stream + i, r.counts ? b_.getInt64(first_room) : at_least_one()));
      } else {
        r.written.push_back(is_read(r.first_emit + i) ? result(r.first_emit + i)
                                                      : place_for(output_bytes(p, own.carries + i)));
      }
    }
    return r;
  }

  void make_moving(Running& r) {
    const auto moving = [&](llvm::Value* from) {
      llvm::PHINode* phi = b_.CreatePHI(from->getType(), 2);
      phi->addIncoming(from, r.before);
      return phi;
    };
    r.n = moving(b_.getInt64(0));
    for (Carry& c : r.carries) {
      for (llvm::Value* v : c.start) c.parts.push_back(moving(v));
      if (c.width > 0 || c.in_place) continue;
      c.at = moving(c.memory), c.next = moving(c.to), c.after = moving(c.then);
    }
    if (!r.counts || r.emits == 0) return;
    r.room = moving(b_.getInt64(first_room));
    for (llvm::Value*& v : r.written) r.addresses.push_back(moving(v)), v = r.addresses.back();
  }

  void set_inputs(StepArrays& arrays, const Program& step, const std::vector<Carry>& carries) {
    for (std::size_t i = 0; i < kernel_.constants; ++i) arrays[step.inputs[i]] = constants_[i];
    for (std::size_t i = 0; i < carries.size(); ++i) arrays[step.inputs[kernel_.constants + i]] = carries[i].array();
  }

  /// Memory for what is in memory and is no output; it may be that of any step.
  void place_temporaries(StepArrays& arrays, const Program& step) {
    for (std::uint32_t i = 0; i < step.buffers.size(); ++i) {
      StepArray& a = arrays[BufferId{i}];
      if (step.buffers[i].kind != program::Buffer::Kind::temporary || a.width > 0) continue;
      a.memory = place_for(a.count * static_cast<std::int64_t>(size_of(a.dtype)) + 64);
      a.padded = true;
    }
  }

  /// Emits the body up to its branch back.
  void one_step(Running& r) {
    const IterationKernel::Phase& own = kernel_.phases[r.number];
    const Program& step = *own.step;
    std::vector<llvm::Value*> streams = r.written;
    llvm::Value* next_room = r.room != nullptr ? grow(r.n, r.room, streams, r.first_stream) : nullptr;
    llvm::Value* place = own.reverse ? b_.CreateSub(b_.CreateSub(count_, b_.getInt64(1)), r.n) : r.n;
    StepArrays arrays(m_, b_, *room_, plan_.steps[r.number]);
    set_inputs(arrays, step, r.carries);
    for (std::size_t i = kernel_.constants + own.carries; i < step.inputs.size(); ++i) {
      const std::size_t slice = i - kernel_.constants - own.carries;
      llvm::Value* base =
          kernel_.length ? operand(kernel_.constants + own.carries + slice) : streams_[own.reads[slice]];
      const std::int64_t bytes =
          plan_.steps[r.number].count(step.inputs[i]) * static_cast<std::int64_t>(size_of(input(r.number, i).dtype));
      arrays[step.inputs[i]] = in_memory(r.number, i, element(base, bytes, place));
    }
    for (std::size_t i = 0; i < own.carries; ++i) {
      const Carry& c = r.carries[i];
      if (c.width == 0) arrays[output(r.number, i)].memory = c.in_place ? c.memory : c.next;
    }
    std::vector<llvm::Value*> to;
    for (std::size_t i = 0; i < r.emits; ++i) {
      // What nobody reads has one place for all steps.
      const bool moves = !kernel_.length || is_read(r.first_emit + i);
      to.push_back(moves ? element(streams[i], output_bytes(r.number, own.carries + i), place) : streams[i]);
      if (StepArray& a = arrays[output(r.number, own.carries + i)]; a.width == 0) a.memory = to.back();
    }
    place_temporaries(arrays, step);
    emit_step(m_, b_, plan_.steps[r.number], arrays);
    for (std::size_t i = 0; i < r.emits; ++i) {
      const StepArray& a = arrays[output(r.number, own.carries + i)];
      if (a.width > 0 && (!kernel_.length || is_read(r.first_emit + i)))
        ArrayMemory{m_, b_, a.dtype, to[i]}.store_parts(a);
    }
    llvm::BasicBlock* latch = b_.GetInsertBlock();
    r.n->addIncoming(b_.CreateAdd(r.n, b_.getInt64(1)), latch);
    for (std::size_t i = 0; i < own.carries; ++i) {
      const Carry& c = r.carries[i];
      const StepArray& a = arrays[output(r.number, i)];
      for (std::size_t k = 0; k < c.parts.size(); ++k) c.parts[k]->addIncoming(a.parts[k], latch);
      if (c.at != nullptr)
        c.at->addIncoming(c.next, latch), c.next->addIncoming(c.after, latch), c.after->addIncoming(c.next, latch);
    }
    if (r.room == nullptr) return;
    r.room->addIncoming(next_room, latch);
    for (std::size_t i = 0; i < r.emits; ++i) r.addresses[i]->addIncoming(streams[i], latch);
  }

  void finish(const Running& r) {
    if (r.counts) count_ = r.n;
    for (std::size_t i = 0; i < r.carries.size(); ++i) {
      const Carry& c = r.carries[i];
      if (!is_read(first_carry_ + i) || c.in_result) continue;
      llvm::Value* to = result(first_carry_ + i);
      if (c.width > 0) {
        ArrayMemory{m_, b_, c.dtype, to}.store_parts(c.array());
      } else {
        copy(c, c.in_place ? c.memory : c.at, to);
      }
    }
    // Addresses as they are when the phase ends: those of the head.
    if (!kernel_.length) streams_.insert(streams_.end(), r.written.begin(), r.written.end());
    first_carry_ += r.carries.size();
  }

  llvm::Value* place_for(std::int64_t bytes) { return room_->address(room_->allocate(bytes)); }
  llvm::Value* at_least_one() {
    return b_.CreateSelect(b_.CreateICmpSGT(count_, b_.getInt64(0)), count_, b_.getInt64(1));
  }

  llvm::Value* condition(const std::vector<Carry>& carries) {
    const Program& program = *kernel_.condition;
    StepArrays arrays(m_, b_, *room_, plan_.steps.back());
    set_inputs(arrays, program, carries);
    place_temporaries(arrays, program);
    emit_step(m_, b_, plan_.steps.back(), arrays);
    return arrays[program.outputs[0]].parts[0];
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

bool is_native_iteration(const IterationKernel& kernel, const Target& target) {
  return IterationPlan::make(kernel, target).has_value();
}

EmittedKernel emit_iteration(ModuleEmitter& m, const IterationKernel& kernel, const std::string& symbol) {
  return IterationEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
