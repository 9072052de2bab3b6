// Making a Plan: sizes, loops, places in the workspace, tasks. Start reading at Planner::run.
#include "runtime/plan.hpp"

#include <tbb/info.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <unordered_map>

#include "actinium/error.h"
#include "math/functions.hpp"
#include "runtime/iteration.hpp"
#include "runtime/loops.hpp"
#include "runtime/memory.hpp"

namespace actinium::runtime {
namespace {

using namespace program;

constexpr std::int64_t alignment = 64;
/// Estimated nanoseconds below which a kernel stays on one thread: waking others costs some tens of microseconds.
constexpr double parallel_threshold = 50'000;

std::int64_t round_up(std::int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }
std::int64_t chunks_of(std::int64_t n) { return (n + chunk_elements - 1) / chunk_elements; }
std::int64_t product(std::span<const std::int64_t> list) {
  return std::accumulate(list.begin(), list.end(), std::int64_t{1}, std::multiplies<>());
}

/// Where a buffer lives during this call.
struct Place {
  enum class Kind : std::uint8_t { external, workspace, constant } kind = Kind::workspace;
  std::size_t external = 0;
  std::int64_t offset = 0;  ///< in the workspace, known after planning
  const void* constant = nullptr;
  std::vector<std::int64_t> shape, strides;
};

/// First fit over a line of memory: pieces live from one kernel to another.
class Workspace {
 public:
  std::int64_t allocate(std::int64_t bytes, std::size_t first, std::size_t last) {
    std::erase_if(pieces_, [&](const Piece& p) { return p.last < first; });
    bytes = round_up(std::max<std::int64_t>(bytes, 1));
    std::int64_t offset = 0;
    auto at = pieces_.begin();
    for (; at != pieces_.end() && at->offset - offset < bytes; ++at) offset = at->offset + at->bytes;
    pieces_.insert(at, {offset, bytes, last});
    size_ = std::max(size_, offset + bytes);
    return offset;
  }
  std::int64_t size() const { return size_; }

 private:
  struct Piece {
    std::int64_t offset, bytes;
    std::size_t last;
  };
  std::vector<Piece> pieces_;  ///< by offset
  std::int64_t size_ = 0;
};

class Planner {
 public:
  Planner(const Prepared& prepared, std::span<const ArrayRef> inputs,
          std::optional<std::span<const MutableArrayRef>> outputs)
      : prepared_(prepared), program_(*prepared.program), plan_(std::make_unique<Plan>()) {
    plan_->resolved = resolve(prepared.inputs, prepared.outputs, inputs, outputs, prepared.size_rules);
    plan_->given_inputs.assign(inputs.begin(), inputs.end());
    plan_->allocates = !outputs.has_value();
    if (outputs) plan_->given_outputs.assign(outputs->begin(), outputs->end());
  }

  Planner(const Prepared& prepared, const Bindings& sizes)
      : prepared_(prepared), program_(*prepared.program), plan_(std::make_unique<Plan>()) {
    plan_->resolved.sizes = sizes;
    const auto whole = [&](const ArgumentInfo& info) {
      std::vector<std::int64_t> shape = info.shape.evaluate(sizes), strides = contiguous_strides(shape);
      return ResolvedArray{std::move(shape), std::move(strides)};
    };
    for (const ArgumentInfo& info : prepared.inputs) plan_->resolved.inputs.push_back(whole(info));
    for (const ArgumentInfo& info : prepared.outputs) plan_->resolved.outputs.push_back(whole(info));
  }

  std::unique_ptr<Plan> run() {
    place_buffers();
    find_lives();
    for (std::size_t k = 0; k < program_.kernels.size(); ++k) {
      for (std::uint32_t b : first_use_[k]) allocate(b, k);
      std::visit([&](const auto& body) { add(body, k); }, program_.kernels[k].body);
    }
    finish();
    return std::move(plan_);
  }

 private:
  // --- buffers ---

  void place_buffers() {
    const Bindings& sizes = plan_->resolved.sizes;
    places_.resize(program_.buffers.size());
    for (std::size_t b = 0; b < program_.buffers.size(); ++b) {
      const Buffer& buffer = program_.buffers[b];
      Place& place = places_[b];
      if (buffer.kind == Buffer::Kind::input || buffer.kind == Buffer::Kind::output) continue;
      place.shape = buffer.shape.evaluate(sizes);
      place.strides = contiguous_strides(place.shape);
      if (buffer.kind == Buffer::Kind::constant) {
        place.kind = Place::Kind::constant;
        place.constant = buffer.data.get();
      }
    }
    for (std::size_t i = 0; i < program_.inputs.size(); ++i)
      place_external(program_.inputs[i], i, plan_->resolved.inputs[i]);
    for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
      place_external(program_.outputs[i], program_.inputs.size() + i, plan_->resolved.outputs[i]);
    }
    for (const IndexCheck& check : program_.index_checks) plan_->index_bounds.push_back(check.bound.evaluate(sizes));
  }

  void place_external(BufferId id, std::size_t external, const ResolvedArray& array) {
    const Buffer& buffer = program_.buffers[index(id)];
    Place& place = places_[index(id)];
    plan_->externals.push_back({buffer.dtype, extent_of(array, buffer.dtype), array.converts});
    place.shape = array.shape;
    place.strides = array.strides;
    place.external = external;
    place.kind = Place::Kind::external;
    if (!buffer.contiguous || is_contiguous(array)) {
      if (buffer.contiguous) place.strides = contiguous_strides(array.shape);
      return;
    }
    place.kind = Place::Kind::workspace;
    place.strides = contiguous_strides(array.shape);
  }

  bool is_staged(std::size_t b) const {
    const Buffer::Kind kind = program_.buffers[b].kind;
    return places_[b].kind == Place::Kind::workspace && (kind == Buffer::Kind::input || kind == Buffer::Kind::output);
  }

  template <class F>
  static void for_each_buffer(const Kernel& kernel, F&& use) {
    const auto accesses = [&](const std::vector<Access>& list) {
      for (const Access& a : list) use(a.buffer);
    };
    std::visit(
        [&](const auto& body) {
          using T = std::decay_t<decltype(body)>;
          if constexpr (std::is_same_v<T, LibraryKernel>) {
            for (BufferId id : body.operands) use(id);
            use(body.result);
          } else if constexpr (std::is_same_v<T, IterationKernel>) {
            for (BufferId id : body.operands) use(id);
            for (BufferId id : body.results) use(id);
          } else {
            accesses(body.accesses);
            if constexpr (std::is_same_v<T, MatmulKernel>) {
              use(body.a.buffer);
              use(body.b.buffer);
            }
          }
        },
        kernel.body);
  }

  /// A staged input lives from the start, a staged output to the end.
  void find_lives() {
    const std::size_t kernels = program_.kernels.size();
    std::vector<std::size_t> first(places_.size(), kernels);
    last_use_.assign(places_.size(), 0);
    for (std::size_t k = 0; k < kernels; ++k) {
      for_each_buffer(program_.kernels[k], [&](BufferId id) {
        if (id == no_buffer || places_[index(id)].kind != Place::Kind::workspace) return;
        first[index(id)] = std::min(first[index(id)], k);
        last_use_[index(id)] = k;
      });
    }
    first_use_.resize(kernels + 1);
    for (std::uint32_t b = 0; b < places_.size(); ++b) {
      if (places_[b].kind != Place::Kind::workspace || first[b] == kernels) continue;
      if (program_.buffers[b].kind == Buffer::Kind::input) first[b] = 0;
      if (program_.buffers[b].kind == Buffer::Kind::output) last_use_[b] = kernels;
      first_use_[first[b]].push_back(b);
    }
  }

  void allocate(std::uint32_t b, std::size_t k) {
    Place& place = places_[b];
    const Buffer& buffer = program_.buffers[b];
    place.offset =
        workspace_.allocate(product(place.shape) * static_cast<std::int64_t>(size_of(buffer.dtype)), k, last_use_[b]);
    if (!is_staged(b)) return;
    const bool input = buffer.kind == Buffer::Kind::input;
    const ResolvedArray& array = input ? plan_->resolved.inputs[buffer.slot] : plan_->resolved.outputs[buffer.slot];
    (input ? plan_->before : plan_->after)
        .push_back({place.external, place.offset, size_of(buffer.dtype), array.shape, array.strides});
  }

  // --- numbers and pointers; kernels get their addresses when all are known ---

  std::int64_t evaluate(const Dim& dim) const {
    return dim.is_constant() ? dim.constant() : dim.evaluate(plan_->resolved.sizes);
  }

  std::vector<std::int64_t> evaluate(const std::vector<Dim>& dims) const {
    std::vector<std::int64_t> values;
    for (const Dim& dim : dims) values.push_back(evaluate(dim));
    return values;
  }

  struct Numbers {
    std::size_t extents, strides, pointers;  ///< positions in the plan's vectors
  };

  void add_pointer(const Access& access) {
    const auto pointer = static_cast<std::uint32_t>(plan_->pointers.size());
    plan_->pointers.push_back(nullptr);
    if (access.buffer == no_buffer) {
      plan_->pointers.back() =
          reinterpret_cast<void*>(static_cast<std::intptr_t>(access.start.empty() ? 0 : evaluate(access.start[0])));
      return;
    }
    const Place& place = places_[index(access.buffer)];
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < access.start.size(); ++d) offset += evaluate(access.start[d]) * place.strides[d];
    add_address(pointer, place,
                offset * static_cast<std::int64_t>(size_of(program_.buffers[index(access.buffer)].dtype)));
  }

  void add_address(std::uint32_t pointer, const Place& place, std::int64_t bytes) {
    switch (place.kind) {
      case Place::Kind::external:
        plan_->patches.push_back({pointer, static_cast<std::uint32_t>(place.external), bytes});
        break;
      case Place::Kind::workspace: workspace_pointers_.push_back({pointer, place.offset + bytes}); break;
      case Place::Kind::constant:
        plan_->pointers[pointer] = const_cast<char*>(static_cast<const char*>(place.constant)) + bytes;
        break;
    }
  }

  std::vector<std::int64_t> strides_of(const Access& access) const {
    std::vector<std::int64_t> strides;
    for (const AxisMap& map : access.dims) {
      const std::int64_t multiplier = map.axis < 0 && access.buffer != no_buffer ? 0 : evaluate(map.multiplier);
      const bool moves = access.buffer != no_buffer && map.axis >= 0;
      strides.push_back(moves ? multiplier * places_[index(access.buffer)].strides[static_cast<std::size_t>(map.axis)]
                              : multiplier);
    }
    return strides;
  }

  LoopNest nest_of(std::vector<std::int64_t> extents, std::span<const Access> accesses) const {
    LoopNest nest{std::move(extents), {}, {}};
    for (const Access& access : accesses) {
      nest.strides.push_back(strides_of(access));
      nest.element.push_back(access.buffer == no_buffer ? 0 : static_cast<int>(size_of(access.dtype)));
    }
    return nest;
  }

  /// Bytes that an access moves: each element once, however often a broadcast repeats it.
  double traffic(const LoopNest& nest) const {
    double bytes = 0;
    for (std::size_t a = 0; a < nest.strides.size(); ++a) {
      double count = nest.element[a];
      for (std::size_t d = 0; d < nest.extents.size(); ++d)
        count *= nest.strides[a][d] == 0 ? 1.0 : static_cast<double>(nest.extents[d]);
      bytes += count;
    }
    return bytes;
  }

  Numbers add_numbers(const LoopNest& nest, std::span<const std::int64_t> extents) {
    Numbers at{plan_->numbers.size(), 0, plan_->pointers.size()};
    plan_->numbers.insert(plan_->numbers.end(), extents.begin(), extents.end());
    at.strides = plan_->numbers.size();
    for (const auto& strides : nest.strides)
      plan_->numbers.insert(plan_->numbers.end(), strides.begin(), strides.end());
    return at;
  }

  PlannedKernel& add_kernel(std::size_t k, const Numbers& at) {
    PlannedKernel planned;
    planned.compiled = &prepared_.executable->kernel(k);
    plan_->kernels.push_back(std::move(planned));
    numbers_.push_back(at);
    return plan_->kernels.back();
  }

  /// Memory of the engine's for this kernel alone.
  void add_memory(std::size_t k, std::span<const std::int64_t> extents, std::int64_t partial_bytes) {
    const CompiledKernel& compiled = *plan_->kernels.back().compiled;
    memory_.push_back({});
    if (partial_bytes > 0) memory_.back().partials = workspace_.allocate(partial_bytes, k, k);
    if (compiled.shared_bytes != nullptr) {
      const std::int64_t shared = compiled.shared_bytes(compiled.context, extents.data());
      if (shared > 0) memory_.back().shared = workspace_.allocate(shared, k, k);
    }
    if (compiled.prepare_tasks != nullptr)
      plan_->kernels.back().prepare_tasks = compiled.prepare_tasks(compiled.context, extents.data());
    if (compiled.scratch_bytes != nullptr) {
      plan_->scratch_bytes = std::max(
          plan_->scratch_bytes, static_cast<std::size_t>(compiled.scratch_bytes(compiled.context, extents.data())));
    }
  }

  void estimate(PlannedKernel& kernel, double points, double bytes, const KernelCost& cost, double extra_flops = 0) {
    kernel.flops = points * cost.operations + extra_flops;
    kernel.bytes = bytes;
    plan_->flops += kernel.flops;
    plan_->bytes += bytes;
    const double slower = prepared_.interpreted ? 4 : 1;
    const double nanoseconds = bytes / 8 + slower * (points * cost.instructions / 16 + extra_flops / 64);
    kernel.parallel = nanoseconds >= parallel_threshold && std::max(kernel.main_tasks, kernel.prepare_tasks) > 1;
  }

  // --- kernels ---

  void add(const LoopKernel& kernel, std::size_t k) {
    std::vector<std::int64_t> extents = evaluate(kernel.outer);
    extents.push_back(evaluate(kernel.inner));
    LoopNest nest = nest_of(extents, kernel.accesses);
    const double points = static_cast<double>(product(extents)), bytes = traffic(nest);
    if (kernel.elementwise()) {
      arrange(nest);
    } else {
      merge_outer(nest, 1);
    }
    // A single element lies side by side with itself: the fast path.
    for (auto& strides : nest.strides)
      if (nest.extents.back() == 1 && strides.back() == 0) strides.back() = 1;
    const Numbers at = add_numbers(nest, nest.extents);
    for (const Access& access : kernel.accesses) add_pointer(access);
    PlannedKernel& planned = add_kernel(k, at);
    const std::int64_t inner = nest.extents.back();
    const std::int64_t rows = product(std::span(nest.extents).first(nest.extents.size() - 1));
    std::int64_t partials = 0;
    planned.main_tasks = kernel.elementwise() || kernel.splits() ? rows * chunks_of(inner) : rows;
    if (kernel.splits()) {
      planned.finish_tasks = rows;
      planned.row_by_row = chunks_of(inner) == 1;
      partials = rows * static_cast<std::int64_t>(kernel.stages[0].reductions.size()) * chunks_of(inner) * 8;
    }
    add_memory(k, nest.extents, partials);
    estimate(planned, points, bytes, prepared_.costs[k]);
  }

  void add(const ColumnKernel& kernel, std::size_t k) {
    std::vector<std::int64_t> extents = evaluate(kernel.outer);
    extents.push_back(evaluate(kernel.reduced));
    extents.push_back(evaluate(kernel.inner));
    LoopNest nest = nest_of(extents, kernel.accesses);
    const double points = static_cast<double>(product(extents)), bytes = traffic(nest);
    merge_outer(nest, 2);
    const Numbers at = add_numbers(nest, nest.extents);
    for (const Access& access : kernel.accesses) add_pointer(access);
    PlannedKernel& planned = add_kernel(k, at);
    const std::size_t rank = nest.extents.size();
    const std::int64_t outer = product(std::span(nest.extents).first(rank - 2));
    const std::int64_t chunks = chunks_of(nest.extents[rank - 2]), inner = nest.extents[rank - 1];
    const std::int64_t blocks = (inner + column_block - 1) / column_block;
    planned.main_tasks = outer * blocks * chunks;
    planned.finish_tasks = outer * blocks;
    std::int64_t size = 0;
    for (const Reduction& r : kernel.body.reductions) {
      size = std::max(size, static_cast<std::int64_t>(size_of(kernel.values[index(r.value)])));
    }
    add_memory(k, nest.extents,
               outer * static_cast<std::int64_t>(kernel.body.reductions.size()) * chunks * inner * size);
    estimate(planned, points, bytes, prepared_.costs[k]);
  }

  void add(const MatmulKernel& kernel, std::size_t k) {
    std::vector<std::int64_t> extents = evaluate(kernel.batch);
    extents.push_back(evaluate(kernel.m));
    extents.push_back(evaluate(kernel.n));
    std::vector<Access> accesses{kernel.a, kernel.b};
    accesses.insert(accesses.end(), kernel.accesses.begin(), kernel.accesses.end());
    LoopNest nest = nest_of(extents, accesses);
    merge_outer(nest, 2);
    std::vector<std::int64_t> with_k = nest.extents;
    with_k.push_back(evaluate(kernel.k));
    const Numbers at = add_numbers(nest, with_k);
    for (const Access& access : accesses) add_pointer(access);
    PlannedKernel& planned = add_kernel(k, at);
    planned.main_tasks = planned.compiled->main_tasks(planned.compiled->context, with_k.data());
    add_memory(k, with_k, 0);
    if (kernel.constant_b) planned.args.constant = packed_constant(k, planned, at);
    const double points = static_cast<double>(product(nest.extents)), depth = static_cast<double>(with_k.back());
    const double rows = static_cast<double>(with_k[with_k.size() - 3]),
                 columns = static_cast<double>(with_k[with_k.size() - 2]);
    LoopNest rest{
        nest.extents, {nest.strides.begin() + 2, nest.strides.end()}, {nest.element.begin() + 2, nest.element.end()}};
    const double batches = rows * columns == 0 ? 0 : points / (rows * columns);
    const double bytes =
        traffic(rest) + batches * (rows + columns) * depth * static_cast<double>(size_of(kernel.dtype));
    estimate(planned, points, bytes, prepared_.costs[k], 2 * points * depth);
  }

  /// The right operand as the engine packs it: it depends on nothing that changes from call to call.
  void* packed_constant(std::size_t k, const PlannedKernel& planned, const Numbers& at) {
    const CompiledKernel& compiled = *planned.compiled;
    const std::int64_t* extents = plan_->numbers.data() + at.extents;
    const std::int64_t bytes =
        compiled.constant_bytes == nullptr ? 0 : compiled.constant_bytes(compiled.context, extents);
    if (bytes == 0) return nullptr;
    const std::lock_guard lock(prepared_.constants->mutex);
    std::shared_ptr<void>& memory = prepared_.constants->by_kernel[{k, bytes}];
    if (memory == nullptr) {
      std::shared_ptr<void> fresh = allocate_shared(static_cast<std::size_t>(bytes));
      const auto scratch =
          allocate_shared(static_cast<std::size_t>(compiled.scratch_bytes(compiled.context, extents)));
      const KernelArgs args{plan_->pointers.data() + at.pointers, plan_->numbers.data() + at.strides, extents, nullptr,
                            nullptr, fresh.get()};
      compiled.run_pack_constant(compiled.context, &args, 0, 1, scratch.get());
      memory = std::move(fresh);
    }
    return memory.get();
  }

  void add(const LibraryKernel& kernel, std::size_t k) {
    const Numbers at{plan_->numbers.size(), plan_->numbers.size(), plan_->pointers.size()};
    PlannedKernel& planned = add_kernel(k, at);
    planned.library = &kernel;
    memory_.push_back({});
    std::vector<BufferId> ids = kernel.operands;
    ids.push_back(kernel.result);
    for (BufferId id : ids) {
      const auto pointer = static_cast<std::uint32_t>(plan_->pointers.size());
      plan_->pointers.push_back(nullptr);
      const Place& place = places_[index(id)];
      add_address(pointer, place, 0);
      planned.arrays.push_back({nullptr, program_.buffers[index(id)].dtype, place.shape});
      planned.bytes +=
          static_cast<double>(product(place.shape)) * static_cast<double>(size_of(program_.buffers[index(id)].dtype));
    }
    planned.flops =
        static_cast<double>(product(places_[index(kernel.operands[0])].shape)) * prepared_.costs[k].operations;
    plan_->bytes += planned.bytes;
    plan_->flops += planned.flops;
    plan_->scratch_bytes =
        std::max(plan_->scratch_bytes,
                 library_scratch(kernel.op, kernel.ints, std::span(planned.arrays).first(kernel.operands.size())));
  }

  void add(const IterationKernel& kernel, std::size_t k) {
    const Numbers at{plan_->numbers.size(), plan_->numbers.size(), plan_->pointers.size()};
    PlannedKernel& planned = add_kernel(k, at);
    for (const std::vector<BufferId>* ids : {&kernel.operands, &kernel.results})
      for (BufferId id : *ids) {
        const auto pointer = static_cast<std::uint32_t>(plan_->pointers.size());
        plan_->pointers.push_back(nullptr);
        if (id != no_buffer) add_address(pointer, places_[index(id)], 0);
      }
    planned.iteration = plan_iteration(kernel, planned.compiled->native != nullptr ? nullptr : &prepared_.loops.at(k), plan_->resolved.sizes);
    const Iteration& own = *planned.iteration;
    planned.parallel = own.parallel;
    planned.flops = own.flops;
    planned.bytes = own.bytes;
    plan_->flops += own.flops;
    plan_->bytes += own.bytes;
    memory_.push_back({});
    const CompiledKernel& compiled = *planned.compiled;
    const std::int64_t memory = compiled.native != nullptr ? compiled.shared_bytes(compiled.context, nullptr) : own.memory;
    memory_.back().shared = workspace_.allocate(memory, k, k);
    plan_->scratch_bytes = std::max(plan_->scratch_bytes, own.scratch_bytes);
  }

  // --- the end: vectors no longer move ---

  void finish() {
    Plan& plan = *plan_;
    for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
      KernelArgs& args = plan.kernels[k].args;
      args.pointers = plan.pointers.data() + numbers_[k].pointers;
      args.extents = plan.numbers.data() + numbers_[k].extents;
      args.strides = plan.numbers.data() + numbers_[k].strides;
      if (memory_[k].partials >= 0) plan.internals.push_back({&args.partials, memory_[k].partials});
      if (memory_[k].shared >= 0) plan.internals.push_back({&args.shared, memory_[k].shared});
    }
    for (const auto& [pointer, offset] : workspace_pointers_)
      plan.internals.push_back({plan.pointers.data() + pointer, offset});
    keep_shapes();
    plan.workspace_bytes = static_cast<std::size_t>(workspace_.size());
    plan.scratch_bytes = static_cast<std::size_t>(round_up(static_cast<std::int64_t>(plan.scratch_bytes)));
    plan.bound.assign(plan.externals.size(), nullptr);
    plan.numbers_converted.assign(plan.externals.size(), 0);
    const int available = prepared_.threads > 0 ? prepared_.threads : tbb::info::default_concurrency();
    for (const PlannedKernel& kernel : plan.kernels) {
      if (kernel.parallel) plan.workers = std::max(1, available);
    }
  }

  /// The shapes of routines' arrays are those of places_, which go away.
  void keep_shapes() {
    std::size_t total = 0;
    for (const PlannedKernel& kernel : plan_->kernels) {
      for (const LibraryArray& array : kernel.arrays) total += array.shape.size();
    }
    plan_->library_shapes.reserve(total);
    for (PlannedKernel& kernel : plan_->kernels) {
      for (LibraryArray& array : kernel.arrays) {
        const std::size_t at = plan_->library_shapes.size();
        plan_->library_shapes.insert(plan_->library_shapes.end(), array.shape.begin(), array.shape.end());
        array.shape = std::span(plan_->library_shapes).subspan(at, array.shape.size());
      }
    }
  }

  struct Memory {
    std::int64_t partials = -1, shared = -1;
  };

  const Prepared& prepared_;
  const Program& program_;
  std::unique_ptr<Plan> plan_;
  std::vector<Place> places_;
  std::vector<std::vector<std::uint32_t>> first_use_;  ///< buffers by the kernel that uses them first
  std::vector<std::size_t> last_use_;
  Workspace workspace_;
  std::vector<Numbers> numbers_;
  std::vector<Memory> memory_;
  std::vector<std::pair<std::uint32_t, std::int64_t>> workspace_pointers_;
};

/// Steps of a stage, as instructions of their bodies and as operations.
KernelCost cost_of(const program::Stage& stage, const std::vector<DType>& values) {
  KernelCost cost;
  for (const Step& step : stage.steps) {
    if (step.kind != Step::Kind::op) continue;
    const ValueId typed = step.operands[step.op == ops::Op::select ? 1 : 0];
    cost.instructions +=
        static_cast<double>(math::body(step.op, values[index(typed)], values[index(step.result)]).insts.size());
    cost.operations += 1;
  }
  cost.instructions += static_cast<double>(stage.reductions.size());
  cost.operations += static_cast<double>(stage.reductions.size());
  return cost;
}

}  // namespace

std::vector<KernelCost> costs_of(const Program& program) {
  std::vector<KernelCost> costs;
  for (const Kernel& kernel : program.kernels) {
    KernelCost cost;
    const auto add = [&](const program::Stage& stage, const std::vector<DType>& values) {
      if (stage.once) return;
      const KernelCost c = cost_of(stage, values);
      cost.instructions += c.instructions;
      cost.operations += c.operations;
    };
    if (const auto* loop = std::get_if<LoopKernel>(&kernel.body)) {
      for (const program::Stage& stage : loop->stages) add(stage, loop->values);
    } else if (const auto* column = std::get_if<ColumnKernel>(&kernel.body)) {
      add(column->body, column->values);
    } else if (const auto* matmul = std::get_if<MatmulKernel>(&kernel.body)) {
      add(matmul->epilogue, matmul->values);
    } else {
      cost.operations = 1;
    }
    costs.push_back(cost);
  }
  return costs;
}

PlannedKernel::PlannedKernel() = default;
PlannedKernel::PlannedKernel(PlannedKernel&&) noexcept = default;
PlannedKernel& PlannedKernel::operator=(PlannedKernel&&) noexcept = default;
PlannedKernel::~PlannedKernel() = default;

std::unique_ptr<Plan> make_plan(const Prepared& prepared, const Bindings& sizes) { return Planner(prepared, sizes).run(); }

std::unique_ptr<Plan> make_plan(const Prepared& prepared, std::span<const ArrayRef> inputs,
                                std::optional<std::span<const MutableArrayRef>> outputs) {
  return Planner(prepared, inputs, outputs).run();
}

}  // namespace actinium::runtime
