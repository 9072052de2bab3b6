// Runs plans. A Context is what one call at a time works in: plans and workspace. Start reading at Context.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "actinium/tensor.h"
#include "runtime/memory.hpp"
#include "runtime/plan.hpp"

namespace actinium::runtime {

class Context {
 public:
  explicit Context(const Prepared& prepared) : prepared_(prepared) {}

  /// Into the caller's memory.
  void call(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs);
  /// Into new tensors.
  void call(std::span<const ArrayRef> inputs, std::span<Tensor> outputs);
  /// Finds or makes the plan and binds it; run_bound() then repeats.
  void bind(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs);
  void run_bound();
  /// Runs what is bound `runs` times; the least time of each kernel, in seconds.
  std::vector<double> profile_bound(int runs);

  /// The plan of the latest call, or null.
  const Plan* latest() const { return current_; }

 private:
  Plan& plan_for(std::span<const ArrayRef> inputs, const std::span<const MutableArrayRef>* outputs);
  void set_addresses(Plan& plan, std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs);
  void run(Plan& plan);
  void check_indices(const Plan& plan) const;
  void check_finite(const Plan& plan) const;
  int begin(Plan& plan);
  void run_kernel(const Plan& plan, const PlannedKernel& kernel, int workers);
  void end(const Plan& plan);

  const Prepared& prepared_;
  std::vector<std::unique_ptr<Plan>> plans_;  ///< the latest few
  std::size_t oldest_ = 0;
  Plan* current_ = nullptr;
  Block workspace_, scratch_;
};

/// One kernel; `scratch_bytes` of scratch for each of the workers. An iteration runs its own kernels by this.
void run_planned(const PlannedKernel& kernel, int workers, char* scratch, std::size_t scratch_bytes);

/// Contexts not in use: any number of threads take and return them without a lock.
class ContextPool {
 public:
  explicit ContextPool(const Prepared& prepared) : prepared_(prepared) {}
  ~ContextPool();

  class Lease {
   public:
    explicit Lease(ContextPool& pool) : pool_(pool), context_(pool.take()) {}
    ~Lease() { pool_.give(context_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Context& operator*() const { return *context_; }
    Context* operator->() const { return context_; }

   private:
    ContextPool& pool_;
    Context* context_;
  };

 private:
  Context* take();
  void give(Context* context);

  static constexpr std::size_t slots = 64;
  const Prepared& prepared_;
  std::array<std::atomic<Context*>, slots> free_{};
};

/// True on a thread that runs part of some parallel region already: of TBB, of OpenMP, or of ours.
bool in_parallel_region();

}  // namespace actinium::runtime
