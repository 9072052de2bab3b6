// Steps of loops: each is a plan whose arrays move. Carries have two places, which a step reads and writes in turn; slices and
// emissions advance by an element a step.
#include "runtime/iteration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

#include "actinium/error.h"
#include "runtime/executor.hpp"
#include "runtime/memory.hpp"

namespace actinium::runtime {

using program::IterationKernel;

bool Record::try_reserve(std::int64_t steps) noexcept {
  needed_ = std::max(needed_, steps);
  if (steps <= capacity_) return true;
  constexpr std::int64_t least = 64;
  const std::int64_t capacity = std::max({steps, least, 2 * capacity_});
  try {
    std::shared_ptr<void> memory = allocate_shared(static_cast<std::size_t>(std::max<std::int64_t>(1, capacity * element_)));
    if (capacity_ > 0) std::memcpy(memory.get(), memory_.get(), static_cast<std::size_t>(capacity_ * element_));
    memory_ = std::move(memory);
  } catch (const std::bad_alloc&) {
    return false;
  }
  capacity_ = capacity;
  return true;
}

void Record::settle() noexcept {
  constexpr std::int64_t large = std::int64_t{1} << 20;
  if (bytes() > large && capacity_ > 4 * std::max(needed_, needed_before_)) {
    memory_.reset();
    capacity_ = 0;
  }
  needed_before_ = needed_;
  needed_ = 0;
}

namespace {
[[noreturn]] void no_memory() {
  throw CallError("while: there is no memory for the record of its steps, which the reverse derivative needs");
}
}  // namespace

void Record::reserve(std::int64_t steps) {
  if (!try_reserve(steps)) no_memory();
}

namespace {

constexpr std::int64_t alignment = 64;

std::int64_t bytes_of(const ArgumentInfo& info, const Bindings& sizes) {
  std::int64_t bytes = static_cast<std::int64_t>(size_of(info.dtype));
  for (const std::int64_t n : info.shape.evaluate(sizes)) bytes *= n;
  return bytes;
}

/// Its memory is the engine's, and streams.
void plan_native(Iteration& own, const Bindings& sizes) {
  for (const IterationKernel::Phase& p : own.kernel->phases) {
    const double times = own.kernel->length ? static_cast<double>(own.length) : 1;
    for (std::size_t i = p.carries; i < p.step->outputs.size() && !own.kernel->length; ++i) {
      const program::Buffer& buffer = p.step->buffers[program::index(p.step->outputs[i])];
      own.records.emplace_back(bytes_of({.name = {}, .dtype = buffer.dtype, .shape = buffer.shape}, sizes));
    }
    for (const KernelCost& cost : costs_of(*p.step)) own.flops += times * cost.operations;
  }
}

}  // namespace

std::unique_ptr<Iteration> plan_iteration(const IterationKernel& kernel, const std::vector<std::shared_ptr<const Prepared>>* programs,
                                          const Bindings& sizes) {
  auto own = std::make_unique<Iteration>();
  own->kernel = &kernel;
  if (kernel.length) own->length = kernel.length->evaluate(sizes);
  if (programs == nullptr) {
    plan_native(*own, sizes);
    return own;
  }
  const auto take = [&](std::int64_t bytes) {
    const std::int64_t at = own->memory;
    own->memory += (std::max<std::int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    return at;
  };
  const auto add_step = [&](const Prepared& prepared) {
    Iteration::Step step{make_plan(prepared, sizes), 0, {}};
    step.workspace = take(static_cast<std::int64_t>(step.plan->workspace_bytes));
    own->scratch_bytes = std::max(own->scratch_bytes, step.plan->scratch_bytes);
    own->parallel = own->parallel || step.plan->workers > 1;
    const double times = kernel.length ? static_cast<double>(own->length) : 1;
    own->flops += times * step.plan->flops;
    own->bytes += times * step.plan->bytes;
    return step;
  };
  for (std::size_t p = 0; p < kernel.phases.size(); ++p) {
    const Prepared& prepared = *(*programs)[p];
    own->steps.push_back(add_step(prepared));
    const std::size_t carries = kernel.phases[p].carries;
    for (std::size_t i = 0; i < prepared.outputs.size(); ++i) {
      const std::int64_t bytes = bytes_of(prepared.outputs[i], sizes);
      if (i < carries) {
        own->carry_bytes.push_back(bytes);
        own->carry_memory.push_back(take(bytes));
        take(bytes);
      } else {
        own->emit_bytes.push_back(bytes);
        own->emit_memory.push_back(kernel.length ? take(bytes) : 0);
        if (!kernel.length) own->records.emplace_back(bytes);
      }
    }
    if (kernel.length)
      for (std::size_t i = kernel.constants + carries; i < prepared.inputs.size(); ++i)
        own->slice_bytes.push_back(bytes_of(prepared.inputs[i], sizes));
  }
  if (kernel.condition) own->condition = add_step(*programs->back());
  return own;
}

namespace {

/// One call of a loop.
class Run {
 public:
  Run(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes)
      : own_(*kernel.iteration), kernel_(*own_.kernel), memory_(static_cast<char*>(kernel.args.shared)), operands_(kernel.args.pointers),
        results_(kernel.args.pointers + kernel_.operands.size()), workers_(workers), scratch_(scratch), scratch_bytes_(scratch_bytes) {}

  void run() {
    start_carries();
    std::int64_t count = kernel_.length ? own_.length : 0;
    for (std::size_t p = 0; p < own_.steps.size(); ++p) {
      begin(p, count);
      if (p == 0 && kernel_.condition) {
        count = run_while();
      } else {
        run_counted(p, count);
      }
      first_carry_ += kernel_.phases[p].carries;
      first_emit_ += emits(p);
    }
    finish(count);
  }

 private:
  Iteration& own_;
  const IterationKernel& kernel_;
  char* memory_;
  void* const* operands_;
  void* const* results_;
  int workers_;
  char* scratch_;
  std::size_t scratch_bytes_;
  std::size_t first_carry_ = 0, first_emit_ = 0;
  unsigned char goes_on_ = 0;

  std::size_t emits(std::size_t p) const { return own_.steps[p].plan->resolved.outputs.size() - kernel_.phases[p].carries; }

  /// Where a carry is before an even (odd) step.
  char* carry(std::size_t i, int parity) const {
    const std::int64_t bytes = (std::max<std::int64_t>(own_.carry_bytes[i], 1) + alignment - 1) / alignment * alignment;
    return memory_ + own_.carry_memory[i] + parity * bytes;
  }

  void start_carries() {
    for (std::size_t i = 0; i < own_.carry_bytes.size(); ++i)
      std::memcpy(carry(i, 0), operands_[kernel_.constants + i], static_cast<std::size_t>(own_.carry_bytes[i]));
  }

  void finish(std::int64_t count) {
    for (std::size_t i = 0; i < own_.carry_bytes.size(); ++i)
      if (kernel_.results[i] != program::no_buffer)
        std::memcpy(results_[i], carry(i, static_cast<int>(count % 2)), static_cast<std::size_t>(own_.carry_bytes[i]));
  }

  /// Gives the plan its memory, and its externals their addresses or ways to move.
  template <class Place>
  void bind(Iteration::Step& step, Place&& place) {
    Plan& plan = *step.plan;
    if (char* base = memory_ + step.workspace; plan.workspace != base) {
      plan.workspace = base;
      for (const Plan::Internal& internal : plan.internals) *internal.pointer = base + internal.offset;
    }
    step.moving.clear();
    for (const Plan::Patch& patch : plan.patches) {
      Iteration::Moving m{&plan.pointers[patch.pointer], {nullptr, nullptr}, 0};
      place(patch.external, m);
      for (const char*& from : m.from) from += patch.offset;
      *m.pointer = const_cast<char*>(m.from[0]);
      if (m.stride != 0 || m.from[0] != m.from[1]) step.moving.push_back(m);
    }
  }

  static void fixed(Iteration::Moving& m, const void* address) { m.from[0] = m.from[1] = static_cast<const char*>(address); }

  void place_input(std::size_t p, std::size_t external, Iteration::Moving& m) const {
    const std::size_t carries = kernel_.phases[p].carries;
    if (external < kernel_.constants) return fixed(m, operands_[external]);
    external -= kernel_.constants;
    if (external < carries) {
      for (int parity : {0, 1}) m.from[parity] = carry(first_carry_ + external, parity);
      return;
    }
    external -= carries;
    if (kernel_.length) {
      fixed(m, operands_[kernel_.constants + own_.carry_bytes.size() + external]);
      m.stride = own_.slice_bytes[external];
    } else {
      const Record& record = own_.records[kernel_.phases[p].reads[external]];
      fixed(m, record.data());
      m.stride = record.element();
    }
  }

  void place_output(std::size_t p, std::size_t output, Iteration::Moving& m) const {
    const std::size_t carries = kernel_.phases[p].carries;
    if (output < carries) {
      for (int parity : {0, 1}) m.from[parity] = carry(first_carry_ + output, 1 - parity);
      return;
    }
    const std::size_t i = first_emit_ + output - carries;
    if (!kernel_.length) {
      fixed(m, own_.records[i].data());
      m.stride = own_.records[i].element();
    } else if (const std::size_t result = own_.carry_bytes.size() + i; kernel_.results[result] != program::no_buffer) {
      fixed(m, results_[result]);
      m.stride = own_.emit_bytes[i];
    } else {
      fixed(m, memory_ + own_.emit_memory[i]);
    }
  }

  void bind_step(std::size_t p) {
    const std::size_t inputs = own_.steps[p].plan->resolved.inputs.size();
    bind(own_.steps[p], [&](std::size_t external, Iteration::Moving& m) {
      if (external < inputs) {
        place_input(p, external, m);
      } else {
        place_output(p, external - inputs, m);
      }
    });
  }

  void begin(std::size_t p, std::int64_t count) {
    reserve(p, std::max<std::int64_t>(count, 1));
    bind_step(p);
    if (p > 0 || !kernel_.condition) return;
    const std::size_t inputs = own_.condition.plan->resolved.inputs.size();
    bind(own_.condition, [&](std::size_t external, Iteration::Moving& m) {
      if (external < inputs) {
        place_input(0, external, m);
      } else {
        fixed(m, &goes_on_);
      }
    });
  }

  /// Room in the streams that a phase writes; true if they moved.
  bool reserve(std::size_t p, std::int64_t steps) {
    if (kernel_.length) return false;
    bool moved = false;
    for (std::size_t i = 0; i < emits(p); ++i) {
      Record& record = own_.records[first_emit_ + i];
      const char* before = record.data();
      record.reserve(steps);
      moved = moved || record.data() != before;
    }
    return moved;
  }

  void step(Iteration::Step& s, std::int64_t number, std::int64_t place) {
    for (const Iteration::Moving& m : s.moving) *m.pointer = const_cast<char*>(m.from[number & 1]) + place * m.stride;
    for (const PlannedKernel& kernel : s.plan->kernels) run_planned(kernel, workers_, scratch_, scratch_bytes_);
  }

  void run_counted(std::size_t p, std::int64_t count) {
    const bool reverse = kernel_.phases[p].reverse;
    for (std::int64_t n = 0; n < count; ++n) step(own_.steps[p], n, reverse ? count - 1 - n : n);
  }

  std::int64_t run_while() {
    std::int64_t n = 0;
    for (;; ++n) {
      step(own_.condition, n, 0);
      if (goes_on_ == 0) return n;
      if (reserve(0, n + 1)) bind_step(0);
      step(own_.steps[0], n, n);
    }
  }
};

}  // namespace

namespace {

void run_native(const PlannedKernel& kernel) {
  Iteration& own = *kernel.iteration;
  const std::size_t operands = own.kernel->operands.size(), results = own.kernel->results.size();
  own.pointers.assign(kernel.args.pointers, kernel.args.pointers + operands + results);
  for (std::size_t i = 0; i < results; ++i)
    if (own.kernel->results[i] == program::no_buffer) own.pointers[operands + i] = kernel.args.shared;
  for (Record& r : own.records) own.pointers.push_back(&r);
  std::int64_t failed = 0;
  KernelArgs args = kernel.args;
  args.pointers = own.pointers.data();
  args.extents = &own.length;
  args.partials = &failed;
  kernel.compiled->native(&args, 0, 1, nullptr);
  if (failed != 0) no_memory();
}

}  // namespace

void run_iteration(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes) {
  if (kernel.compiled->native != nullptr) {
    run_native(kernel);
  } else {
    Run(kernel, workers, scratch, scratch_bytes).run();
  }
  for (Record& r : kernel.iteration->records) r.settle();
}

}  // namespace actinium::runtime
