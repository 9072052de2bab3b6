// Loops over steps as nodes. A `loop` node runs graphs of its own, closed over operands: scan a known number of steps, while as
// long as its condition holds. Its object is a std::shared_ptr<const Loop>; its results are nodes of their own, `result`.
// Start reading at Loop.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ops/rules.hpp"

namespace actinium::ops {

/// One pass over the steps. Inputs of `step`: the loop's constants, the phase's carries, its slices; outputs: the carries after
/// the step, then what the step emits.
struct Phase {
  Module step;
  std::size_t carries = 0;
  bool reverse = false;             ///< from the last step to the first
  std::vector<std::size_t> reads;  ///< of a while: the stream that each slice is read from

  std::size_t slices(std::size_t constants) const { return step.inputs.size() - constants - carries; }
  std::size_t emits() const { return step.outputs.size() - carries; }
};

/// Operands: constants, then the carries that each phase starts with, then the slices of all steps, [length, ...] each (scan).
/// Results: the carries that each phase ends with, then what all steps emitted, [length, ...] each (scan).
///
/// scan: `length` and one phase; what a phase of another scan needs goes through the graph as an array. while: no length, as
/// many steps as `condition` says of the carries of phase 0; as the number of steps is known to the loop alone, phases that
/// go back over them are within it, and read what earlier ones emitted, from streams numbered through all phases. So is the
/// reverse derivative of a while a while of twice as many phases.
struct Loop {
  std::size_t constants = 0;
  std::optional<Dim> length;
  Module condition;  ///< of a while: from constants and carries of phase 0 to one truth value
  std::vector<Phase> phases;

  /// A loop that this one computes besides: its operand (result) i is this one's operands[i] (results[i]).
  struct Part {
    std::shared_ptr<const Loop> loop;
    std::vector<std::size_t> operands, results;
  };
  std::vector<Part> parts;

  bool is_scan() const { return length.has_value(); }
  std::size_t carries() const;
  /// Places among the operands and among the results.
  std::size_t first_carry(std::size_t phase) const { return constants + first_final(phase); }
  std::size_t first_slice() const { return constants + carries(); }
  std::size_t first_final(std::size_t phase) const;
  std::size_t first_emit() const { return carries(); }
  std::size_t operands() const;
  std::size_t results() const;
  /// The stream that emission i of a phase goes to.
  std::size_t first_stream(std::size_t phase) const;
  TypedShape result_type(std::size_t i) const;
  TypedShape operand_type(std::size_t i) const;
};
using LoopPtr = std::shared_ptr<const Loop>;

/// The type and shape of a node.
TypedShape type_of(const GraphData& graph, NodeId id);

/// The loop of a `loop` node.
LoopPtr loop_of(const GraphData& graph, NodeId node);

/// f(body) for the loop's graphs and those of the loops in them.
void for_each_body(const Loop& loop, const std::function<void(const Module&)>& f);

/// The node, and its result number i.
Expr make_loop(const GraphPtr& graph, LoopPtr loop, std::span<const Expr> operands);
Expr result_of(const Expr& loop, std::size_t i);

}  // namespace actinium::ops
