// The call path. Start reading at Context::call: plan, addresses, checks, kernels.
#include "runtime/executor.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include "actinium/error.h"
#include "runtime/finite.hpp"
#include "runtime/float_environment.hpp"
#include "runtime/iteration.hpp"

extern "C" int omp_in_parallel() __attribute__((weak));

namespace actinium::runtime {
namespace {

constexpr std::size_t plan_limit = 16;
/// Rows whose main and finish follow each other.
constexpr std::int64_t row_block = 256;

bool same_form(const ArrayRef& a, const ArrayRef& b) {
  if (a.dtype() != b.dtype() || a.form() != b.form() || a.rank() != b.rank()) return false;
  for (int d = 0; d < a.rank(); ++d) {
    if (a.extent(d) != b.extent(d) || a.stride(d) != b.stride(d)) return false;
  }
  return true;
}

template <class List>
bool same_forms(const std::vector<ArrayRef>& a, const List& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same_form(a[i], b[i])) return false;
  }
  return true;
}

std::string name_of_external(const Prepared& prepared, std::size_t external) {
  const std::size_t inputs = prepared.inputs.size();
  if (external < inputs) return prepared.inputs[external].name;
  const std::string& name = prepared.outputs[external - inputs].name;
  return name.empty() ? fmt::format("output {}", external - inputs)
                      : fmt::format("output {} ({})", external - inputs, name);
}

const ResolvedArray& array_of(const Plan& plan, std::size_t external) {
  const std::size_t inputs = plan.resolved.inputs.size();
  return external < inputs ? plan.resolved.inputs[external] : plan.resolved.outputs[external - inputs];
}

// --- addresses ---

void check_address(const Prepared& prepared, const Plan& plan, std::size_t external, const void* address) {
  const Plan::External& e = plan.externals[external];
  if (e.extent.low == e.extent.high || e.converts) return;
  if (address == nullptr) throw CallError(fmt::format("{}: the address is null", name_of_external(prepared, external)));
  if (reinterpret_cast<std::uintptr_t>(address) % size_of(e.dtype) != 0) {
    throw CallError(fmt::format("{}: the address is not aligned to {} bytes, the size of {}",
                                name_of_external(prepared, external), size_of(e.dtype), name_of(e.dtype)));
  }
}

/// No output may share memory with an input or another output.
void check_aliases(const Prepared& prepared, const Plan& plan, std::span<const void* const> addresses) {
  const auto low = [&](std::size_t i) { return static_cast<const char*>(addresses[i]) + plan.externals[i].extent.low; };
  const auto high = [&](std::size_t i) {
    return static_cast<const char*>(addresses[i]) + plan.externals[i].extent.high;
  };
  const std::size_t inputs = plan.resolved.inputs.size();
  for (std::size_t o = inputs; o < addresses.size(); ++o) {
    if (low(o) == high(o)) continue;
    for (std::size_t i = 0; i < o; ++i) {
      if (high(i) <= low(o) || high(o) <= low(i)) continue;
      const std::ptrdiff_t apart = static_cast<const char*>(addresses[o]) - static_cast<const char*>(addresses[i]);
      if (!may_overlap(array_of(plan, i), plan.externals[i].dtype, array_of(plan, o), plan.externals[o].dtype, apart))
        continue;
      throw CallError(
          fmt::format("{} shares memory with {}", name_of_external(prepared, o), name_of_external(prepared, i)));
    }
  }
}

template <class From>
std::uint64_t number_bits(From x, DType to) {
  std::uint64_t bits = 0;
  const auto put = [&](auto value) { std::memcpy(&bits, &value, sizeof value); };
  switch (to) {
    case DType::b8: put(x != From{}); break;
    case DType::i32: put(static_cast<std::int32_t>(x)); break;
    case DType::i64: put(static_cast<std::int64_t>(x)); break;
    case DType::f32: put(static_cast<float>(x)); break;
    case DType::f64: put(static_cast<double>(x)); break;
  }
  return bits;
}

/// A C++ number as an element of another type: arguments.cpp lets only those through that convert.
std::uint64_t converted_bits(const void* data, DType from, DType to) {
  switch (from) {
    case DType::b8: return number_bits(*static_cast<const bool*>(data), to);
    case DType::i32: return number_bits(*static_cast<const std::int32_t*>(data), to);
    case DType::i64: return number_bits(*static_cast<const std::int64_t*>(data), to);
    case DType::f32: return number_bits(*static_cast<const float*>(data), to);
    case DType::f64: return number_bits(*static_cast<const double*>(data), to);
  }
  return 0;
}

// --- before and after the kernels ---

/// Visits every element in row-major order: f(offset in the strided array, offset in a contiguous one).
template <class F>
void for_each_element(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides, F&& f) {
  std::array<std::int64_t, max_rank> index{};
  std::int64_t strided = 0, contiguous = 0;
  const int rank = static_cast<int>(shape.size());
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  for (;;) {
    f(strided, contiguous++);
    int d = rank - 1;
    for (; d >= 0; --d) {
      const auto at = static_cast<std::size_t>(d);
      strided += strides[at];
      if (++index[at] < shape[at]) break;
      strided -= strides[at] * shape[at];
      index[at] = 0;
    }
    if (d < 0) return;
  }
}

template <class T>
void copy_staged(const Staging& s, T* strided, T* contiguous, bool in) {
  if (in) {
    for_each_element(s.shape, s.strides, [&](std::int64_t a, std::int64_t b) { contiguous[b] = strided[a]; });
  } else {
    for_each_element(s.shape, s.strides, [&](std::int64_t a, std::int64_t b) { strided[a] = contiguous[b]; });
  }
}

void copy_staged(const Staging& s, void* strided, void* contiguous, bool in) {
  switch (s.element) {
    case 1: return copy_staged(s, static_cast<std::uint8_t*>(strided), static_cast<std::uint8_t*>(contiguous), in);
    case 4: return copy_staged(s, static_cast<std::uint32_t*>(strided), static_cast<std::uint32_t*>(contiguous), in);
    default: return copy_staged(s, static_cast<std::uint64_t*>(strided), static_cast<std::uint64_t*>(contiguous), in);
  }
}

template <class T>
void check_indices_of(const Prepared& prepared, const Plan& plan, const program::IndexCheck& check, std::int64_t bound) {
  const ResolvedArray& array = plan.resolved.inputs[check.input];
  const T* data = static_cast<const T*>(plan.bound[check.input]);
  const std::int64_t least = check.from_end ? -bound : 0;
  if (array.shape.size() == 1 && array.strides[0] == 1) {
    bool outside = false;
    for (std::int64_t i = 0; i < array.shape[0]; ++i) outside |= data[i] < least || data[i] >= bound;
    if (!outside) return;
  }
  for_each_element(array.shape, array.strides, [&](std::int64_t at, std::int64_t number) {
    const std::int64_t i = data[at];
    if (i >= least && i < bound) return;
    throw CallError(fmt::format("{}: element {} is {}, used as an index ({}) into {} elements: it must be in [{}, {})",
                                prepared.inputs[check.input].name, number, i, check.message, bound, least, bound));
  });
}

// --- kernels ---

thread_local int parallel_depth = 0;

enum class Phase : std::uint8_t { prepare, main, finish };

void run_phase(const PlannedKernel& kernel, Phase phase, std::int64_t begin, std::int64_t end, char* scratch) {
  const CompiledKernel& c = *kernel.compiled;
  const KernelFunction native = phase == Phase::main     ? c.native
                                : phase == Phase::finish ? c.native_finish
                                                         : nullptr;
  if (native != nullptr) return native(&kernel.args, begin, end, scratch);
  const CompiledKernel::Run run = phase == Phase::main ? c.run : phase == Phase::finish ? c.run_finish : c.run_prepare;
  run(c.context, &kernel.args, begin, end, scratch);
}

/// Rows whose reductions have one chunk each: a task of main is a row, as one of finish is.
void run_rows(const PlannedKernel& kernel, std::int64_t begin, std::int64_t end, char* scratch) {
  for (std::int64_t row = begin; row < end; row += row_block) {
    const std::int64_t stop = std::min(end, row + row_block);
    run_phase(kernel, Phase::main, row, stop, scratch);
    run_phase(kernel, Phase::finish, row, stop, scratch);
  }
}

/// Hands out [0, tasks) in pieces to workers; which worker runs what changes no bit.
template <class Work>
void in_parallel(int workers, std::int64_t tasks, char* scratch, std::size_t scratch_bytes, Work&& work) {
  const auto team = static_cast<int>(std::min<std::int64_t>(workers, tasks));
  const std::int64_t piece = std::max<std::int64_t>(1, tasks / (std::int64_t{team} * 4));
  std::atomic<std::int64_t> next{0};
  tbb::parallel_for(
      0, team, 1,
      [&](int worker) {
        const FloatEnvironment environment;
        ++parallel_depth;
        for (std::int64_t begin; (begin = next.fetch_add(piece, std::memory_order_relaxed)) < tasks;) {
          work(begin, std::min(tasks, begin + piece), scratch + static_cast<std::size_t>(worker) * scratch_bytes);
        }
        --parallel_depth;
      },
      tbb::simple_partitioner());
}

void run_phases(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes) {
  const auto each = [&](std::int64_t tasks, auto&& work) {
    if (tasks == 0) return;
    if (workers > 1 && tasks > 1) {
      in_parallel(workers, tasks, scratch, scratch_bytes, work);
    } else {
      work(std::int64_t{0}, tasks, scratch);
    }
  };
  const auto phase = [&](Phase p) {
    return
        [&kernel, p](std::int64_t begin, std::int64_t end, char* memory) { run_phase(kernel, p, begin, end, memory); };
  };
  each(kernel.prepare_tasks, phase(Phase::prepare));
  if (kernel.row_by_row) {
    each(kernel.main_tasks,
         [&](std::int64_t begin, std::int64_t end, char* memory) { run_rows(kernel, begin, end, memory); });
    return;
  }
  each(kernel.main_tasks, phase(Phase::main));
  each(kernel.finish_tasks, phase(Phase::finish));
}

void run_library(const PlannedKernel& kernel, char* scratch) {
  std::array<LibraryArray, 4> arrays;
  const std::size_t count = kernel.arrays.size();
  for (std::size_t i = 0; i < count; ++i) {
    arrays[i] = kernel.arrays[i];
    arrays[i].data = kernel.args.pointers[i];
  }
  library(kernel.library->op, kernel.library->ints, std::span(arrays).first(count - 1), arrays[count - 1], scratch);
}

}  // namespace

bool in_parallel_region() {
  if (parallel_depth > 0) return true;
  if (omp_in_parallel != nullptr && omp_in_parallel() != 0) return true;
  return tbb::task::current_context() != nullptr;
}

Plan& Context::plan_for(std::span<const ArrayRef> inputs, const std::span<const MutableArrayRef>* outputs) {
  const auto fits = [&](const Plan& plan) {
    return plan.allocates == (outputs == nullptr) && same_forms(plan.given_inputs, inputs) &&
           (outputs == nullptr || same_forms(plan.given_outputs, *outputs));
  };
  if (current_ != nullptr && fits(*current_)) return *current_;
  for (const auto& plan : plans_) {
    if (fits(*plan)) return *(current_ = plan.get());
  }
  auto plan = make_plan(prepared_, inputs, outputs == nullptr ? std::nullopt : std::optional(*outputs));
  if (plans_.size() < plan_limit) {
    plans_.push_back(std::move(plan));
    return *(current_ = plans_.back().get());
  }
  oldest_ = (oldest_ + 1) % plan_limit;
  current_ = nullptr;
  plans_[oldest_] = std::move(plan);
  return *(current_ = plans_[oldest_].get());
}

/// Checks addresses and writes them into the plan's pointers; nothing to do if they are those of the last call.
void Context::set_addresses(Plan& plan, std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) {
  bool changed = false;
  const auto take = [&](std::size_t external, const void* address) {
    if (plan.bound[external] == address && address != nullptr) return;
    check_address(prepared_, plan, external, address);
    changed = true;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (plan.externals[i].converts) {
      plan.numbers_converted[i] = converted_bits(inputs[i].data(), inputs[i].dtype(), plan.externals[i].dtype);
      take(i, &plan.numbers_converted[i]);
    } else {
      take(i, inputs[i].data());
    }
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) take(inputs.size() + i, outputs[i].data());
  if (!changed) return;
  // From here to the end of the check the plan belongs to no call, so that a refused call leaves no half of its
  // addresses.
  for (std::size_t i = 0; i < inputs.size(); ++i)
    plan.bound[i] = plan.externals[i].converts ? &plan.numbers_converted[i] : inputs[i].data();
  for (std::size_t i = 0; i < outputs.size(); ++i) plan.bound[inputs.size() + i] = outputs[i].data();
  try {
    check_aliases(prepared_, plan, plan.bound);
  } catch (...) {
    std::fill(plan.bound.begin(), plan.bound.end(), nullptr);
    throw;
  }
  for (const Plan::Patch& patch : plan.patches) {
    plan.pointers[patch.pointer] =
        const_cast<char*>(static_cast<const char*>(plan.bound[patch.external])) + patch.offset;
  }
}

void Context::check_indices(const Plan& plan) const {
  for (std::size_t i = 0; i < plan.index_bounds.size(); ++i) {
    const program::IndexCheck& check = prepared_.program->index_checks[i];
    if (plan.externals[check.input].dtype == DType::i32) {
      check_indices_of<std::int32_t>(prepared_, plan, check, plan.index_bounds[i]);
    } else {
      check_indices_of<std::int64_t>(prepared_, plan, check, plan.index_bounds[i]);
    }
  }
}

/// What a call does before its kernels; gives the number of threads.
int Context::begin(Plan& plan) {
  const int workers = plan.workers > 1 && !in_parallel_region() ? plan.workers : 1;
  scratch_.reserve(plan.scratch_bytes * static_cast<std::size_t>(workers));
  workspace_.reserve(plan.workspace_bytes);
  if (plan.workspace != workspace_.data()) {
    plan.workspace = workspace_.data();
    for (const Plan::Internal& internal : plan.internals) *internal.pointer = workspace_.data() + internal.offset;
  }
  for (const Staging& s : plan.before)
    copy_staged(s, const_cast<void*>(plan.bound[s.external]), workspace_.data() + s.offset, true);
  return workers;
}

void run_planned(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes) {
  if (kernel.iteration != nullptr) return run_iteration(kernel, kernel.parallel ? workers : 1, scratch, scratch_bytes);
  if (kernel.library != nullptr) return run_library(kernel, scratch);
  run_phases(kernel, kernel.parallel ? workers : 1, scratch, scratch_bytes);
}

void Context::run_kernel(const Plan& plan, const PlannedKernel& kernel, int workers) {
  run_planned(kernel, workers, scratch_.data(), plan.scratch_bytes);
}

void Context::end(const Plan& plan) {
  for (const Staging& s : plan.after)
    copy_staged(s, const_cast<void*>(plan.bound[s.external]), workspace_.data() + s.offset, false);
}

/// The call's inputs by themselves, before anything is written.
void Context::check_finite(const Plan& plan) const {
  std::vector<ArrayRef> inputs;
  for (std::size_t i = 0; i < prepared_.inputs.size(); ++i) {
    const ResolvedArray& a = plan.resolved.inputs[i];
    inputs.emplace_back(plan.bound[i], plan.externals[i].dtype, a.shape, a.strides);
  }
  (*prepared_.finite)(inputs, plan.resolved.sizes);
}

void Context::run(Plan& plan) {
  const FloatEnvironment environment;
  check_indices(plan);
  if (prepared_.finite != nullptr) check_finite(plan);
  const int workers = begin(plan);
  for (const PlannedKernel& kernel : plan.kernels) run_kernel(plan, kernel, workers);
  end(plan);
}

std::vector<double> Context::profile_bound(int runs) {
  using Clock = std::chrono::steady_clock;
  const FloatEnvironment environment;
  Plan& plan = *current_;
  check_indices(plan);
  std::vector<double> best(plan.kernels.size(), std::numeric_limits<double>::infinity());
  for (int r = 0; r < runs; ++r) {
    const int workers = begin(plan);
    for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
      const Clock::time_point start = Clock::now();
      run_kernel(plan, plan.kernels[k], workers);
      best[k] = std::min(best[k], std::chrono::duration<double>(Clock::now() - start).count());
    }
    end(plan);
  }
  return best;
}

void Context::call(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) {
  Plan& plan = plan_for(inputs, &outputs);
  set_addresses(plan, inputs, outputs);
  run(plan);
}

void Context::call(std::span<const ArrayRef> inputs, std::span<Tensor> results) {
  Plan& plan = plan_for(inputs, nullptr);
  for (std::size_t i = 0; i < results.size(); ++i)
    results[i] = Tensor::empty(prepared_.outputs[i].dtype, plan.resolved.outputs[i].shape);
  const std::size_t count = inputs.size();
  for (std::size_t i = 0; i < count; ++i) {
    const void* address = inputs[i].data();
    if (plan.externals[i].converts) {
      plan.numbers_converted[i] = converted_bits(address, inputs[i].dtype(), plan.externals[i].dtype);
      address = &plan.numbers_converted[i];
    }
    check_address(prepared_, plan, i, address);
    plan.bound[i] = address;
  }
  // New memory overlaps nothing.
  for (std::size_t i = 0; i < results.size(); ++i) plan.bound[count + i] = results[i].raw();
  for (const Plan::Patch& patch : plan.patches) {
    plan.pointers[patch.pointer] =
        const_cast<char*>(static_cast<const char*>(plan.bound[patch.external])) + patch.offset;
  }
  run(plan);
}

void Context::bind(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) {
  Plan& plan = plan_for(inputs, &outputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!plan.externals[i].converts) continue;
    throw CallError(
        fmt::format("{} is {}, the number bound to it is {}: bind keeps a reference, so that the type must be the same",
                    prepared_.inputs[i].name, name_of(plan.externals[i].dtype), name_of(inputs[i].dtype())));
  }
  set_addresses(plan, inputs, outputs);
}

void Context::run_bound() { run(*current_); }

ContextPool::~ContextPool() {
  for (auto& slot : free_) delete slot.load(std::memory_order_acquire);
}

namespace {
/// Threads start looking at different slots, so that each finds its own context again.
std::size_t first_slot() {
  static std::atomic<std::size_t> count{0};
  thread_local const std::size_t mine = count.fetch_add(1, std::memory_order_relaxed);
  return mine;
}
}  // namespace

Context* ContextPool::take() {
  const std::size_t first = first_slot();
  for (std::size_t i = 0; i < slots; ++i) {
    std::atomic<Context*>& slot = free_[(first + i) % slots];
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    if (Context* context = slot.exchange(nullptr, std::memory_order_acquire)) return context;
  }
  return new Context(prepared_);
}

void ContextPool::give(Context* context) {
  const std::size_t first = first_slot();
  for (std::size_t i = 0; i < slots; ++i) {
    Context* expected = nullptr;
    if (free_[(first + i) % slots].compare_exchange_strong(expected, context, std::memory_order_release,
                                                           std::memory_order_relaxed))
      return;
  }
  delete context;
}

}  // namespace actinium::runtime
