// The contract between the runtime and an engine: what a compiled kernel is called with. Start reading at KernelArgs.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace actinium::runtime {

/// What the executor resolves for one kernel at one call. All numbers in elements.
///
/// LoopKernel: extents = outer... (rank of them; the executor merges dimensions where all strides allow and fills up with
/// leading 1s), inner. strides[access * (rank + 1) + d]. pointers[access]: address of the first element; for an index access the
/// start value itself, as an integer.
/// ColumnKernel: the same with dimensions outer..., reduced, inner (rank + 2).
/// Elementwise LoopKernels: dimensions may come in another order than the Kernel's, merged or not: the engine must not
/// assume that an access is contiguous, or that a row is a row of the array.
/// MatmulKernel: extents = batch..., m, n, k; pointers and strides (rank + 2 each): a, b, then the epilogue's accesses.
/// LibraryKernel: run by the executor itself (src/runtime/library.hpp); engines give an empty CompiledKernel for it.
struct KernelArgs {
  void* const* pointers;
  const std::int64_t* strides;
  const std::int64_t* extents;
  /// Splitting reductions: partials[((row * reductions + r) * chunks) + chunk] for LoopKernel,
  /// [(((outer * reductions + r) * chunks + chunk) * inner) + column] for ColumnKernel; slots of 8 bytes for LoopKernel and of
  /// the element's size for ColumnKernel, each reduction in its value's type at the start of its slot.
  void* partials;
  /// Engine's memory that lives from main's first task to its last and is shared by them (packed operands), or null.
  void* shared;
  /// A product's constant right operand as pack_constant left it, once for all calls, or null.
  void* constant = nullptr;
};

/// Tasks of LoopKernel: row * chunks + chunk if elementwise() or splits(), else row, where chunks = ceil(inner / chunk_elements)
/// (0 if inner is 0) and rows are counted over `outer` in row-major order; `finish`: row.
/// Tasks of ColumnKernel: (outer * blocks + block of columns) * chunks + chunk of reduced; `finish`: outer * blocks + block.
/// `finish` is called for every row or block even if there are no chunks. scratch, partials and shared are aligned to 64 bytes.
/// `finish` of some rows may run before main of others: only main of the same rows is complete.
/// Runs tasks [begin, end). `scratch` belongs to the calling thread for the duration: Engine says how much it wants.
using KernelFunction = void (*)(const KernelArgs* args, std::int64_t begin, std::int64_t end, void* scratch);

/// One kernel as an engine made it ready. `context` is passed back.
struct CompiledKernel {
  using Run = void (*)(const void* context, const KernelArgs* args, std::int64_t begin, std::int64_t end, void* scratch);
  /// If `native` is set it is called, otherwise run(context, ...).
  KernelFunction native = nullptr, native_finish = nullptr;
  Run run = nullptr, run_finish = nullptr, run_prepare = nullptr;
  const void* context = nullptr;
  /// Bytes of scratch one thread needs, given this call's extents.
  std::int64_t (*scratch_bytes)(const void* context, const std::int64_t* extents) = nullptr;
  /// Bytes of KernelArgs::shared and tasks of `prepare` (e.g. packing, run before main), given the extents; null: none.
  std::int64_t (*shared_bytes)(const void* context, const std::int64_t* extents) = nullptr;
  std::int64_t (*prepare_tasks)(const void* context, const std::int64_t* extents) = nullptr;
  /// Bytes of KernelArgs::constant at these extents (0: of no use), and what fills them: one task.
  std::int64_t (*constant_bytes)(const void* context, const std::int64_t* extents) = nullptr;
  Run run_pack_constant = nullptr;
  /// Tasks of main for a MatmulKernel, given the extents (LoopKernel and ColumnKernel: as program.hpp says).
  std::int64_t (*main_tasks)(const void* context, const std::int64_t* extents) = nullptr;
};

/// A Program made ready by an engine: kernels in the Program's order, alive as long as this object.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const CompiledKernel& kernel(std::size_t i) const = 0;
};

/// The interpreter: src/interpret. Never null.
std::shared_ptr<const Executable> interpret(std::shared_ptr<const program::Program> program);

struct JitOptions {
  std::string isa = "native";  ///< x86-64-v2, x86-64-v3, x86-64-v4, native
  bool fast_math = false;
  bool cache = true;  ///< whether code made before for the same kernels may be used again
};
/// The JIT, defined by the library that has LLVM: jit/. The core library reaches it through this pointer, which that library
/// sets when it is loaded, so that the core links without LLVM.
struct JitEngine {
  std::shared_ptr<const Executable> (*compile)(std::shared_ptr<const program::Program> program, const JitOptions& options) = nullptr;
  /// Whether muladd fuses for this ISA: decides Program::fused.
  bool (*fused)(const JitOptions& options) = nullptr;
  std::string (*llvm_ir)(std::shared_ptr<const program::Program> program, const JitOptions& options) = nullptr;
  std::string (*assembly)(std::shared_ptr<const program::Program> program, const JitOptions& options) = nullptr;
  std::string (*describe_host)() = nullptr;  ///< CPU name, features, LLVM version
};
JitEngine& jit_engine();

}  // namespace actinium::runtime
