// Plan: everything about a call that depends on sizes and strides but not on addresses: arguments of each kernel,
// tasks, workspace, copies. A repeated call patches addresses into it and runs. Start reading at Plan.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "program/program.hpp"
#include "runtime/arguments.hpp"
#include "runtime/engine.hpp"
#include "runtime/library.hpp"

namespace actinium::runtime {

/// What a kernel costs for each point, known when the program is: for the choice between one thread and several, and
/// for stats.
struct KernelCost {
  double instructions = 0;  ///< machine instructions for an element
  double operations = 0;    ///< arithmetic operations as a user counts them
};

class FiniteCheck;

/// Unchanging properties of a compiled function that plans refer to.
struct Prepared {
  std::shared_ptr<const program::Program> program;
  std::shared_ptr<const Executable> executable;
  std::vector<ArgumentInfo> inputs, outputs;
  std::vector<SizeRule> size_rules;
  std::vector<KernelCost> costs;
  int threads = 0;  ///< 0: all
  bool interpreted = false;
  std::shared_ptr<const FiniteCheck> finite;  ///< looks at every call before it runs; null unless asked for

  /// Constant operands of products, packed by the first plan that wants them and kept as long as the function.
  struct Constants {
    std::mutex mutex;
    /// By kernel and size: an engine may pack differently for different extents, into memory of another size.
    std::map<std::pair<std::size_t, std::int64_t>, std::shared_ptr<void>> by_kernel;
  };
  std::unique_ptr<Constants> constants = std::make_unique<Constants>();

  /// The Programs of a loop, by number of its kernel: one for each phase, then that of a while's condition;
  /// none for a loop that the engine has made native code of.
  std::map<std::size_t, std::vector<std::shared_ptr<const Prepared>>> loops;
};
std::vector<KernelCost> costs_of(const program::Program& program);

struct Iteration;

/// One kernel of a plan.
struct PlannedKernel {
  PlannedKernel();
  PlannedKernel(PlannedKernel&&) noexcept;
  PlannedKernel& operator=(PlannedKernel&&) noexcept;
  ~PlannedKernel();

  const CompiledKernel* compiled = nullptr;
  KernelArgs args{};
  std::int64_t prepare_tasks = 0, main_tasks = 0, finish_tasks = 0;
  /// Rows whose reductions have one chunk: main and finish of some rows follow each other, so that partials stay in the
  /// cache.
  bool row_by_row = false;
  bool parallel = false;
  double flops = 0, bytes = 0;
  // A library routine instead:
  const program::LibraryKernel* library = nullptr;
  std::vector<LibraryArray> arrays;  ///< operands, result; addresses are those of args.pointers
  // Or a loop, whose args.pointers are operands and results and whose args.shared is memory of its own.
  std::unique_ptr<Iteration> iteration;
};

/// A copy between a caller's array and a contiguous one of the workspace.
struct Staging {
  std::size_t external;
  std::int64_t offset;  ///< in the workspace
  std::size_t element;
  std::vector<std::int64_t> shape, strides;
};

struct Plan {
  // What it was made for.
  std::vector<ArrayRef> given_inputs, given_outputs;
  bool allocates = false;  ///< outputs are made by the call
  Resolved resolved;

  /// Addresses of externals (inputs, then outputs) that kernels' pointers derive from.
  struct Patch {
    std::uint32_t pointer;
    std::uint32_t external;
    std::int64_t offset;  ///< bytes
  };
  struct Internal {
    void** pointer;
    std::int64_t offset;  ///< in the workspace
  };
  std::vector<Patch> patches;
  std::vector<Internal> internals;
  std::vector<void*> pointers;
  std::vector<std::int64_t> numbers;  ///< extents and strides of all kernels
  std::vector<std::int64_t> library_shapes;
  std::vector<PlannedKernel> kernels;
  std::vector<Staging> before, after;
  std::vector<std::int64_t> index_bounds;  ///< of the program's index checks

  std::size_t workspace_bytes = 0;
  std::size_t scratch_bytes = 0;  ///< for each worker
  int workers = 1;
  double flops = 0, bytes = 0;

  // Of externals: size of the element, bytes covered, whether there is any element.
  struct External {
    DType dtype;
    Extent extent;
    bool converts;
  };
  std::vector<External> externals;
  std::vector<const void*> bound;                ///< addresses that the pointers hold at present
  std::vector<std::uint64_t> numbers_converted;  ///< C++ numbers of another type, converted
  const char* workspace = nullptr;               ///< address that the pointers hold at present
};

/// Builds the plan for these sizes and strides.
std::unique_ptr<Plan> make_plan(const Prepared& prepared, std::span<const ArrayRef> inputs,
                                std::optional<std::span<const MutableArrayRef>> outputs);

/// A plan for sizes that are known, all arrays C-contiguous: of a loop's step.
std::unique_ptr<Plan> make_plan(const Prepared& prepared, const Bindings& sizes);

}  // namespace actinium::runtime
