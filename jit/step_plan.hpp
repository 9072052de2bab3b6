// Steps of loops whose arrays have known sizes, small enough to be written out: where the elements of each view lie,
// what lives in registers, what it all costs. Start reading at StepPlan.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "jit/target.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// A view whose sizes are known: the element at a point of the kernel's loops is base + the sum of steps * indices. Of
/// an index (no_buffer) that is its value.
struct StepView {
  program::BufferId buffer = program::no_buffer;
  DType dtype = DType::f32;
  std::int64_t base = 0;
  std::vector<std::int64_t> steps;
};
StepView step_view(const program::Program& program, const program::Access& access);

/// A kernel's loops, and their points in row-major order.
struct Nest {
  std::vector<std::int64_t> extents;
  std::int64_t points() const;
  /// Elements of a view at points first, first + 1, ...; behind the last point those of `first` again.
  std::vector<std::int64_t> elements(const StepView& view, std::int64_t first, int count) const;
};

/// A kernel's loops of which some stay loops: code for one iteration of those, whose dimensions have extent 1 in
/// `nest`.
struct RolledNest {
  Nest nest;
  std::vector<std::size_t> dims;      ///< that are loops
  std::vector<std::int64_t> extents;  ///< of these
  std::optional<std::size_t> split;   ///< this dimension of the kernel's became two, of `split_extent` and the rest
  std::int64_t split_extent = 0;
  std::int64_t iterations() const;
  StepView split_view(StepView view) const;
};

class StepPlan {
 public:
  /// Nothing if sizes are not known, a kernel is none of rows, columns and products, or code would become too long.
  static std::optional<StepPlan> make(const program::Program& program, const Target& target);

  const program::Program& program() const { return *program_; }
  /// Elements of the vectors in which n points are computed, or an array of n elements is kept: a power of two.
  int width(std::int64_t n) const;
  /// Of the parts in which an array is kept in registers; 0: it is in memory.
  int register_width(program::BufferId id) const { return widths_[program::index(id)]; }
  std::int64_t count(program::BufferId id) const { return counts_[program::index(id)]; }
  /// Whether kernel k has loops: one along the columns of a ColumnKernel; else those which its nest (rows: but for its
  /// last dimension) becomes.
  bool is_rolled(std::size_t k) const { return rolled_[k]; }
  std::optional<RolledNest> roll(const Nest& nest, bool rows) const;
  /// Whether an output may be written over an input: one kernel alone reads that, each element just before it writes
  /// it.
  bool in_place(program::BufferId input, program::BufferId output) const;

 private:
  /// How an array is written.
  struct Written {
    int stores = 0;
    bool rolled = false;  ///< by a kernel that has loops
    bool whole = true;    ///< each store: element i by point i, of a kernel that writes them all
    std::size_t kernel = 0;
  };
  const program::Program* program_ = nullptr;
  int lanes_ = 1, least_ = 1;  ///< of a vector
  std::vector<std::int64_t> counts_;
  std::vector<int> widths_;
  std::vector<Written> written_;
  std::vector<char> rolled_;    ///< by kernel
  double cost_ = 0, work_ = 0;  ///< about how many instructions the code has, and a step runs

  StepPlan() = default;
  bool measure(const Target& target);
  bool add(std::size_t k, const program::LoopKernel& kernel);
  bool add(std::size_t k, const program::ColumnKernel& kernel);
  bool add(std::size_t k, const program::MatmulKernel& kernel);
  bool add(std::size_t, const program::LibraryKernel&) { return false; }
  bool add(std::size_t, const program::IterationKernel&) { return false; }
  void add_stores(std::size_t k, const program::Stage& stage, const std::vector<program::Access>& accesses,
                  const Nest& nest, bool all);
  void add_cost(std::size_t k, double cost, const Nest& nest, bool rows);
  void choose_widths();
};

}  // namespace actinium::jit
