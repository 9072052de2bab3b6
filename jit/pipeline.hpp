// Software pipelining: a loop whose body is a long chain of dependent operations works on several vectors at once, each
// in another stage of the body, so that the processor finds work that does not wait. plan_pipeline() says which
// instruction belongs to which stage; RowEmitter::pipelined_loop (pipelined_loop.cpp) emits it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "math/machine.hpp"

namespace actinium::jit {

struct Pipeline {
  int vectors = 1;  ///< registers that make a value, its parts
  int stages = 1;   ///< iterations between the first and the last operation on a vector, and one
  struct Step {
    machine::Value value;
    int part;
  };
  /// What one iteration computes, in this order: all parts at once, but for what they read from memory. `rare` stands
  /// at the end, for all parts in one (as part 0).
  std::vector<Step> order;
  std::vector<std::vector<int>> stage;  ///< by part and by instruction, or `invariant`; parts differ in inputs alone
  static constexpr int invariant = -1;
  int store_stage = 0;  ///< of all stores
  /// By instruction: of a `rare`, those that give its predicate and its argument from inputs, if they are few. They are
  /// computed again behind the branch, and all that is carried to its stage is whether any lane asks for it.
  std::vector<std::vector<machine::Value>> slice;
};

/// What a loop reads of `code`.
struct PipelineInput {
  bool fixed = false;  ///< the same for all iterations
  bool first = false;  ///< is read in stage 0
  bool again = false;  ///< is read again in the stages from the second after its own on, not carried there
};

/// At most `most_vectors` of the target's `registers` make a value. `stored` are outputs that go to memory which inputs
/// may come from: no input is first read in a later stage, nor in the same if the last vector overlaps the one before.
Pipeline plan_pipeline(const machine::Code& code, std::span<const PipelineInput> inputs,
                       std::span<const machine::Value> stored, int most_vectors, bool overlaps = false,
                       int registers = 32);

/// Whether a predicate is computed anew in a later stage than its own, not carried there: mask registers are few.
bool is_repeated(const machine::Code& code, machine::Value value);

}  // namespace actinium::jit
