// A loop under a batch: the loop of its batched steps. Examples of a while may take different numbers of steps: it goes on as
// long as one of them does, and the others keep what they have. Start reading at loop_batch.
#include <algorithm>

#include "actinium/expr.h"
#include "autodiff/loop_rules.hpp"
#include "autodiff/trace.hpp"

namespace actinium::autodiff {
namespace {

using ops::Loop;
using ops::Phase;
using List = std::vector<Expr>;

Expr variable_in(const Expr& like, const Shape& shape) { return variable(like.graph(), like.dtype(), shape); }

/// Inputs as the batched step has them: variables with the batch in front for the marked ones.
struct Inputs {
  List all;         ///< as they are now
  List own, batch;  ///< the marked ones, and what stands for them
  void add(const List& list, const std::vector<char>& marks, const Dim& size) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      all.push_back(list[i]);
      if (!marks[i]) continue;
      all.back() = variable_in(list[i], ops::in_front(size, list[i].shape()));
      own.push_back(list[i]);
      batch.push_back(all.back());
    }
  }
};

/// The batched forms of the marked, the others as they are.
List batched(const List& list, const std::vector<char>& marks, const Inputs& inputs, const Dim& size) {
  List some;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (marks[i]) some.push_back(list[i]);
  if (!some.empty() && !inputs.own.empty()) some = batch(some, inputs.own, inputs.batch, size, std::source_location());
  List result = list;
  std::size_t next = 0;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (marks[i]) result[i] = inputs.own.empty() ? ops::with_batch(some[next++], false, size) : some[next++];
  return result;
}

/// [B] against [B, ...].
Expr chosen(const Expr& goes_on, const Expr& a, const Expr& b) {
  return where(ops::align(goes_on, true, a.rank() - 1), a, b);
}

/// One of the examples that go on, as an axis of truth values of which one is true.
Expr one_of(const Expr& goes_on) {
  const ops::TypedShape numbers{DType::i64, goes_on.shape()};
  const Expr number = ops::build(goes_on.graph(), ops::Op::iota, {}, Attributes{{0}, {}, {}, {}}, std::source_location(), &numbers);
  return number == reduce_max(where(goes_on, number, -1));
}

/// An example that has ended still takes steps, which nobody sees: those of one that goes on, since its own might not end, or
/// have slopes of which even nothing at all is NaN. No derivative comes back this way.
Expr lent(const Expr& goes_on, const Expr& one, const Expr& all) {
  const bool truth = all.dtype() == DType::b8;
  const Expr numbers = truth ? cast(all, DType::i64) : all;
  Expr other = sum(chosen(one, numbers, Expr(0)), 0);
  if (truth) other = other > 0;
  return chosen(goes_on, all, ops::with_batch(stop_gradient(other), false, goes_on.shape()[0]));
}

class Batcher {
 public:
  Batcher(const ops::LoopPtr& old, const ops::Batch& batch) : old_(*old), size_(batch.size), marks_(marks_of(old_, batch.has)) {
    for (std::size_t p = 0; p < old_.phases.size(); ++p) steps_.push_back(open_step(old_, p));
    spread(old_, steps_, marks_, false);
    if (!old_.is_scan() && condition_varies()) {
      // An example that has ended keeps its carries: they differ from now on.
      masked_ = true;
      for (auto& carries : marks_.carries) std::fill(carries.begin(), carries.end(), char{1});
      spread(old_, steps_, marks_, false);
    }
  }

  Loop loop() {
    Loop result;
    result.constants = old_.constants;
    result.length = old_.length;
    for (std::size_t p = 0; p < steps_.size(); ++p) result.phases.push_back(phase(p));
    if (!old_.is_scan()) result.condition = condition();
    if (masked_) shift_reads(result);
    return result;
  }

  const Marks& marks() const { return marks_; }

 private:
  const Loop& old_;
  const Dim& size_;
  Marks marks_;
  std::vector<OpenStep> steps_;
  bool masked_ = false;

  /// The condition's inputs, of which the first are the constants.
  Inputs inputs_of(const Body& condition) const {
    const auto middle = condition.inputs.begin() + static_cast<std::ptrdiff_t>(old_.constants);
    Inputs inputs;
    inputs.add({condition.inputs.begin(), middle}, marks_.constants, size_);
    inputs.add({middle, condition.inputs.end()}, marks_.carries[0], size_);
    return inputs;
  }

  bool condition_varies() const {
    const Body body = open(old_.condition);
    return depends_on(body.outputs[0], inputs_of(body).own);
  }

  Module condition() const {
    const Body body = open(old_.condition);
    const Inputs inputs = inputs_of(body);
    List outputs = body.outputs;
    if (masked_) {
      const Expr all = batched(outputs, {1}, inputs, size_)[0];
      outputs[0] = sum(cast(all, DType::i64)) > 0;
    }
    return close(body.graph, inputs.all, outputs);
  }

  Phase phase(std::size_t p) {
    const OpenStep& s = steps_[p];
    Inputs inputs;
    inputs.add(s.constants, marks_.constants, size_);
    inputs.add(s.carries, marks_.carries[p], size_);
    inputs.add(s.slices, marks_.slices[p], size_);
    Inputs own = inputs;  // what the steps of all examples are taken from
    Expr goes_on;
    if (masked_) {
      goes_on = p == 0 ? asked(s, inputs) : variable(s.graph, DType::b8, Shape{size_});
      const Expr one = one_of(goes_on);
      for (Expr& e : own.batch) e = lent(goes_on, one, e);
    }
    List next = batched(s.next, marks_.carries[p], own, size_);
    List emits = batched(s.emits, marks_.emits[p], own, size_);
    if (masked_) {
      (p == 0 ? emits : inputs.all).push_back(goes_on);
      for (std::size_t i = 0; i < next.size(); ++i) next[i] = chosen(goes_on, next[i], inputs.all[s.constants.size() + i]);
    }
    List outputs = std::move(next);
    outputs.insert(outputs.end(), emits.begin(), emits.end());
    const Phase& old = old_.phases[p];
    return {close(s.graph, inputs.all, outputs), old.carries, old.reverse, old.reads};
  }

  /// The condition of each example, of phase 0's carries before the step.
  Expr asked(const OpenStep& s, const Inputs& inputs) const {
    List arguments = s.constants;
    arguments.insert(arguments.end(), s.carries.begin(), s.carries.end());
    const List one = apply(old_.condition, s.graph, arguments);
    return batched(one, {1}, inputs, size_)[0];
  }

  /// The last emission of phase 0 is now which examples go on; all later phases read it last.
  void shift_reads(Loop& loop) const {
    const std::size_t mask = old_.phases[0].emits();
    for (std::size_t p = 0; p < loop.phases.size(); ++p) {
      for (std::size_t& r : loop.phases[p].reads) r += r >= mask ? 1 : 0;
      if (p > 0) loop.phases[p].reads.push_back(mask);
    }
  }
};

}  // namespace

namespace {

/// By operand (result) of the loop: whether it has the batch.
std::vector<char> flat(const Loop& loop, const Marks& marks, bool results) {
  std::vector<char> list;
  if (!results) list = marks.constants;
  for (const auto& carries : marks.carries) list.insert(list.end(), carries.begin(), carries.end());
  if (const auto& last = results ? marks.emits[0] : marks.slices[0]; loop.is_scan()) list.insert(list.end(), last.begin(), last.end());
  return list;
}

/// What the loop computes besides, the batch does too: if that has the batch in the same places when it stands alone.
void add_parts(Loop& loop, const Loop& old, const Marks& marks, const ops::Batch& batch) {
  const std::vector<char> operands = flat(old, marks, false), results = flat(old, marks, true);
  for (const Loop::Part& part : old.parts) {
    std::vector<char> has;
    for (const std::size_t i : part.operands) has.push_back(batch.has[i]);
    const ops::Batch alone{batch.size, has};
    Batcher batcher(part.loop, alone);
    const std::vector<char> own_operands = flat(*part.loop, batcher.marks(), false), own_results = flat(*part.loop, batcher.marks(), true);
    bool same = true;
    for (std::size_t i = 0; i < own_operands.size(); ++i) same = same && own_operands[i] == operands[part.operands[i]];
    for (std::size_t i = 0; i < own_results.size(); ++i) same = same && own_results[i] == results[part.results[i]];
    if (same) loop.parts.push_back({std::make_shared<const Loop>(batcher.loop()), part.operands, part.results});
  }
}

}  // namespace

Expr loop_batch(const Expr& y, std::span<const Expr> operands, const ops::Batch& batch) {
  const GraphPtr& graph = y.graph();
  const ops::LoopPtr old = ops::loop_of(*graph, y.id());
  Batcher batcher(old, batch);
  Loop loop = batcher.loop();
  const Marks& marks = batcher.marks();
  add_parts(loop, *old, marks, batch);
  List given(operands.begin(), operands.end());
  std::size_t at = old->constants;
  for (const auto& carries : marks.carries)
    for (const char m : carries) {
      if (m) given[at] = ops::with_batch(given[at], batch.has[at] != 0, batch.size);
      ++at;
    }
  // Steps stand in front of the batch.
  for (; at < given.size(); ++at)
    if (batch.has[at]) given[at] = ops::moved(given[at], 0, 1);
  return ops::make_loop(graph, std::make_shared<const Loop>(std::move(loop)), given);
}

}  // namespace actinium::autodiff
