// Loops over steps at run time: the plans of their steps, and the memory that moves from step to step. Start reading at
// run_iteration.
#pragma once
#include <memory>
#include <vector>

#include "runtime/plan.hpp"

namespace actinium::runtime {

/// An array that gains an element a step.
class Record {
 public:
  explicit Record(std::int64_t element) : element_(element) {}
  std::int64_t element() const { return element_; }
  char* data() const { return static_cast<char*>(memory_.get()); }
  /// Makes room for `steps` elements; what is there stays. CallError (false) if there is no memory.
  void reserve(std::int64_t steps);
  bool try_reserve(std::int64_t steps) noexcept;
  /// Between two runs: memory that is large, and of which neither this run nor the one before needed a quarter, goes back.
  void settle() noexcept;
  std::int64_t bytes() const { return capacity_ * element_; }

 private:
  std::int64_t element_;
  std::int64_t capacity_ = 0, needed_ = 0, needed_before_ = 0;  ///< steps
  std::shared_ptr<void> memory_;
};

/// One IterationKernel of a plan. If the engine made native code of it, that is called once with KernelArgs::pointers =
/// operands, results (not to be written where nobody reads them), Records of a while's streams; extents = {length}; shared = as
/// much as it asks for; partials = an i64 that it sets: 0, or 1 if there was no memory for a stream. Otherwise its steps are plans.
struct Iteration {
  /// An address in a step's plan that is set anew for every step: from[step % 2] + place * stride.
  struct Moving {
    void** pointer;
    const char* from[2];
    std::int64_t stride;
  };
  struct Step {
    std::unique_ptr<Plan> plan;
    std::int64_t workspace;      ///< offset in the kernel's memory
    std::vector<Moving> moving;  ///< from and stride are set when the phase starts
  };

  const program::IterationKernel* kernel = nullptr;
  std::int64_t length = 0;  ///< of a scan
  std::vector<Step> steps;  ///< by phase
  Step condition;           ///< of a while
  std::vector<std::int64_t> carry_bytes;   ///< by carry, through all phases
  std::vector<std::int64_t> carry_memory;  ///< offset of the first of its two places
  std::vector<std::int64_t> emit_bytes;    ///< by emission, through all phases
  std::vector<std::int64_t> emit_memory;   ///< of a scan: offset where an emission goes that nobody reads
  std::vector<std::int64_t> slice_bytes;   ///< of a scan
  std::vector<Record> records;             ///< of a while: its streams
  std::vector<void*> pointers;             ///< of native code

  std::int64_t memory = 0;  ///< bytes the kernel needs beside its arrays
  std::size_t scratch_bytes = 0;
  bool parallel = false;
  double flops = 0, bytes = 0;  ///< of a while: of one step
};

/// `programs`: as Prepared::loops has them; none if the loop is native.
std::unique_ptr<Iteration> plan_iteration(const program::IterationKernel& kernel, const std::vector<std::shared_ptr<const Prepared>>* programs,
                                          const Bindings& sizes);

/// All steps of all phases.
void run_iteration(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes);

}  // namespace actinium::runtime
