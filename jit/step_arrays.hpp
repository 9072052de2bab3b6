// Arrays of a loop's step while its code is emitted: vectors in registers, or memory, read and written by lists of
// elements that are known when the code is made. Start reading at StepArrays::take.
#pragma once
#include <map>
#include <utility>
#include <vector>

#include "jit/machine_emitter.hpp"
#include "jit/step_plan.hpp"

namespace actinium::jit {

struct StepArray {
  DType dtype = DType::f32;
  std::int64_t count = 0;
  int width = 0;                    ///< of the parts; 0: the array is in memory alone
  std::vector<llvm::Value*> parts;  ///< vectors (elements, if the width is 1)
  llvm::Value* memory = nullptr;    ///< where it lies, if it does
  bool padded = false;              ///< memory goes on to whole vectors
  bool invariant = false;           ///< the same in all steps, and in memory
};

/// What the steps of a native loop share: memory of the kernel's own, and what is made before the loop of what stays
/// the same.
class LoopRoom {
 public:
  LoopRoom(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* memory) : m_(m), b_(b), memory_(memory) {}

  /// The builder is where the loop begins; it stays there, behind what will be made before.
  void begin_loop(int registers);
  /// All that has to be made is known. The builder's place does not matter.
  void finish_loop();

  std::int64_t allocate(std::int64_t bytes) {
    constexpr std::int64_t line = 64;
    const std::int64_t at = bytes_;
    bytes_ += (bytes + line - 1) / line * line;
    return at;
  }
  /// The address of what was allocated, computed where the builder is.
  llvm::Value* address(std::int64_t offset) {
    return b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), memory_, static_cast<std::uint64_t>(offset));
  }
  std::int64_t bytes() const { return bytes_; }

  /// f() emits code before the loop.
  template <class F>
  void before(F&& f) {
    const llvm::IRBuilder<>::InsertPointGuard guard(b_);
    b_.SetInsertPoint(loads_);
    f();
  }
  /// Before that, elements of an array are put side by side; gives where.
  std::int64_t pack(const struct StepArray& a, std::span<const std::int64_t> elements);
  /// Takes registers for a value that is made before, if there are any left.
  bool take_registers(int count);

 private:
  struct Packed {
    DType dtype;
    llvm::Value* from;
    std::vector<std::int64_t> rows;  ///< of support's packing
  };
  ModuleEmitter& m_;
  llvm::IRBuilder<>& b_;
  llvm::Value* memory_;
  std::int64_t bytes_ = 0;
  int registers_ = 0;
  llvm::Instruction *packing_ = nullptr, *loads_ = nullptr;  ///< ends of the blocks for either
  std::vector<Packed> packed_;
};

/// Elements side by side in memory, as vectors. Nothing behind element `first + used` is touched, unless there is
/// nothing but padding.
struct ArrayMemory {
  ModuleEmitter& m;
  llvm::IRBuilder<>& b;
  DType dtype;
  llvm::Value* memory;
  std::int64_t padded = -1;  ///< of an array of so many elements, which goes on to whole vectors; -1: it does not

  llvm::Value* address(std::int64_t element) const;
  llvm::Value* scalar(std::int64_t element) const;
  /// Lanes behind the first `used` are like lane 0, or whatever is there.
  llvm::Value* load(std::int64_t first, int width, int used) const;
  void store(std::int64_t first, int used, llvm::Value* value) const;
  /// All parts of an array of `count` elements.
  std::vector<llvm::Value*> load_parts(std::int64_t count, int width) const;
  void store_parts(const StepArray& a) const;
};

/// A loop of a kernel, as a view moves in it.
struct Rolled {
  llvm::Value* index;
  std::int64_t extent, step;
};

class StepArrays {
 public:
  StepArrays(ModuleEmitter& m, llvm::IRBuilder<>& b, LoopRoom& room, const StepPlan& plan);

  StepArray& operator[](program::BufferId id) { return arrays_[program::index(id)]; }

  /// A vector of these elements, of which the first `used` are wanted: the others are like them, or zero. One element:
  /// a scalar.
  llvm::Value* take(program::BufferId id, std::span<const std::int64_t> elements, int used);
  void put(program::BufferId id, std::span<const std::int64_t> elements, int used, llvm::Value* value);

  // Within loops of a kernel: elements are those of the loops' first iterations; what moves is in memory.
  llvm::Value* take(program::BufferId id, std::span<const std::int64_t> elements, int used,
                    std::span<const Rolled> loops);
  void put(program::BufferId id, std::span<const std::int64_t> elements, int used, std::span<const Rolled> loops,
           llvm::Value* value);
  /// Gives an array in registers a place in memory too.
  void place(StepArray& a);
  /// f() emits loops: what is taken in them is not there behind them.
  template <class F>
  void in_loops(F&& f) {
    const auto before = taken_;
    f();
    taken_ = before;
  }

 private:
  using Key = std::pair<std::uint32_t, std::vector<std::int64_t>>;  ///< buffer; elements, and how many are wanted
  struct Kept {
    llvm::Value* value = nullptr;  ///< in registers
    std::int64_t packed = -1;      ///< or where it is
  };
  ModuleEmitter& m_;
  llvm::IRBuilder<>& b_;
  LoopRoom& room_;
  const StepPlan& plan_;
  std::vector<StepArray> arrays_;  ///< by buffer
  std::map<Key, llvm::Value*> taken_;
  std::map<Key, Kept> kept_;
  std::map<std::pair<Key, std::vector<std::int64_t>>, std::int64_t>
      packed_;  ///< by elements, then extents and steps of loops

  ArrayMemory memory_of(const StepArray& a) const { return {m_, b_, a.dtype, a.memory, a.padded ? a.count : -1}; }
  ArrayMemory moved(const StepArray& a, std::span<const Rolled> loops);
  llvm::Value* scalar(const StepArray& a, std::int64_t element);
  llvm::Value* gather(StepArray& a, std::span<const std::int64_t> elements, int used);
  llvm::Value* invariant(StepArray& a, const Key& key, int used);
  llvm::Value* one_by_one(const StepArray& a, std::span<const std::int64_t> elements, int used);
};

/// Lanes [0, used) of `width`.
llvm::Constant* lanes_below(llvm::LLVMContext& context, int used, int width);

}  // namespace actinium::jit
