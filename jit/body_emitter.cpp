// Builds StageCode: each step's body comes from src/math, and the machine builder merges what they share.
#include "jit/body_emitter.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "actinium/error.h"
#include "math/functions.hpp"
#include "math/var.hpp"

namespace actinium::jit {

using machine::Var;
using program::Step;
using program::ValueId;

namespace {

/// Stages of more instructions than this call bodies of at least `called_body` instructions that occur `repeats` times.
constexpr std::size_t long_stage = 1500;
constexpr std::size_t called_body = 16;
constexpr int repeats = 3;

/// The environment of a stage being lowered: which Var each value is.
class Lowering {
 public:
  Lowering(std::span<const DType> values) : values_(values), vars_(values.size()), defined_(values.size()) {}

  void run(const Step& step) {
    switch (step.kind) {
      case Step::Kind::load:
        define(step.result, input({StageCode::Input::Kind::load, step.number}, type(step.result)));
        return;
      case Step::Kind::product:
        define(step.result, input({StageCode::Input::Kind::product, 0}, type(step.result)));
        return;
      case Step::Kind::constant: define(step.result, builder_.constant(type(step.result), step.number)); return;
      case Step::Kind::op: define(step.result, apply(step)); return;
    }
  }
  Var var(ValueId id) {
    if (!defined_[index(id)]) define(id, input({StageCode::Input::Kind::value, index(id)}, type(id)));
    return vars_[index(id)];
  }
  StageCode finish(std::span<const ValueId> wanted) {
    StageCode result;
    std::vector<Var> outputs;
    for (ValueId id : wanted) {
      if (std::find(result.outputs.begin(), result.outputs.end(), id) != result.outputs.end()) continue;
      result.outputs.push_back(id);
      outputs.push_back(var(id));
    }
    // Arguments of calls must outlive finish(): they are outputs for the time being.
    for (const PendingCall& call : calls_) outputs.insert(outputs.end(), call.arguments.begin(), call.arguments.end());
    result.code = builder_.finish(outputs);
    number_inputs(result);
    result.code.outputs.resize(result.outputs.size());
    return result;
  }
  /// Decides which bodies are called.
  void plan_calls(const program::Stage& stage, Calls calls) {
    if (calls == Calls::never) return;
    std::map<const machine::Code*, int> count;
    std::size_t total = 0;
    for (const Step& step : stage.steps) {
      if (step.kind != Step::Kind::op) continue;
      const machine::Code& body = body_of(step);
      ++count[&body];
      total += body.insts.size();
    }
    const bool always = calls == Calls::always;
    if (!always && total < long_stage) return;
    for (const auto& [body, n] : count) {
      if ((always || n >= repeats) && body->insts.size() >= called_body) called_.insert(body);
    }
  }

 private:
  std::span<const DType> values_;
  machine::Builder builder_;
  std::vector<Var> vars_;
  std::vector<char> defined_;
  std::vector<StageCode::Input> inputs_;
  std::vector<Var> input_vars_;
  struct PendingCall {
    const machine::Code* body;
    std::vector<Var> arguments;
    Var result;
  };
  std::set<const machine::Code*> called_;
  std::vector<PendingCall> calls_;

  machine::Type type(ValueId id) const { return machine::type_of(values_[index(id)]); }
  void define(ValueId id, Var v) {
    vars_[index(id)] = v;
    defined_[index(id)] = 1;
  }
  Var input(StageCode::Input what, machine::Type t) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i] == what) return input_vars_[i];
    }
    inputs_.push_back(what);
    input_vars_.push_back(builder_.input(t));
    return input_vars_.back();
  }
  const machine::Code& body_of(const Step& step) const {
    const DType operands = values_[index(step.operands[step.op == ops::Op::select ? 1 : 0])];
    return math::body(step.op, operands, values_[index(step.result)]);
  }
  Var apply(const Step& step) {
    std::vector<Var> arguments;
    for (int i = 0; i < step.arity; ++i) arguments.push_back(var(step.operands[static_cast<std::size_t>(i)]));
    const machine::Code& body = body_of(step);
    if (!called_.contains(&body)) return builder_.inline_call(body, arguments)[0];
    calls_.push_back({&body, arguments, builder_.input(type(step.result))});
    return calls_.back().result;
  }
  /// Numbers the inputs that are used: the stage's own, then the results of calls. Calls find their arguments.
  void number_inputs(StageCode& result) {
    std::vector<std::size_t> own(builder_.code().inputs.size(), inputs_.size());  // by number in the builder
    for (std::size_t i = 0; i < inputs_.size(); ++i) own[number_of(input_vars_[i])] = i;
    std::vector<std::size_t> called(own.size(), calls_.size()), argument(calls_.size());
    std::size_t next = result.outputs.size();
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      called[number_of(calls_[i].result)] = i;
      argument[i] = next;
      next += calls_[i].arguments.size();
    }
    std::vector<machine::Type> types;
    const auto number = [&](machine::Inst& inst) {
      types.push_back(inst.type);
      inst.imm = types.size() - 1;
    };
    std::vector<machine::Inst*> of_calls;
    for (machine::Inst& inst : result.code.insts) {
      if (inst.op != machine::Op::input) continue;
      if (own[inst.imm] == inputs_.size()) {
        of_calls.push_back(&inst);
        continue;
      }
      result.inputs.push_back(inputs_[own[inst.imm]]);
      number(inst);
    }
    for (machine::Inst* of_call : of_calls) {
      machine::Inst& inst = *of_call;
      const std::size_t i = called[inst.imm];
      const auto first = result.code.outputs.begin() + static_cast<std::ptrdiff_t>(argument[i]);
      result.calls.push_back(
          {calls_[i].body, {first, first + static_cast<std::ptrdiff_t>(calls_[i].arguments.size())}});
      number(inst);
    }
    result.code.inputs = std::move(types);
  }
  std::size_t number_of(Var input) const {
    return builder_.code().insts[static_cast<std::uint32_t>(input.value())].imm;
  }
};

}  // namespace

std::size_t StageCode::output(ValueId value) const {
  const auto found = std::find(outputs.begin(), outputs.end(), value);
  if (found == outputs.end()) throw InternalError("jit: a value that its stage does not give");
  return static_cast<std::size_t>(found - outputs.begin());
}

StageCode lower_stage(const program::Stage& stage, std::span<const DType> values, std::span<const ValueId> also,
                      Calls calls) {
  Lowering lowering(values);
  lowering.plan_calls(stage, calls);
  for (const Step& step : stage.steps) lowering.run(step);
  std::vector<ValueId> wanted;
  for (const program::Store& store : stage.stores) wanted.push_back(store.value);
  for (const program::Reduction& reduction : stage.reductions) {
    wanted.push_back(reduction.value);
    if (reduction.factor) wanted.push_back(*reduction.factor);
  }
  wanted.insert(wanted.end(), stage.kept.begin(), stage.kept.end());
  wanted.insert(wanted.end(), also.begin(), also.end());
  return lowering.finish(wanted);
}

std::vector<program::ValueId> used_later(const program::LoopKernel& kernel, std::size_t number) {
  std::vector<char> used(kernel.values.size(), 0);
  for (std::size_t later = number + 1; later < kernel.stages.size(); ++later) {
    const program::Stage& stage = kernel.stages[later];
    for (const program::Step& step : stage.steps) {
      for (int i = 0; i < step.arity; ++i) used[index(step.operands[static_cast<std::size_t>(i)])] = 1;
    }
    for (const program::Store& store : stage.stores) used[index(store.value)] = 1;
    for (const program::Reduction& reduction : stage.reductions) {
      used[index(reduction.value)] = 1;
      if (reduction.factor) used[index(*reduction.factor)] = 1;
    }
  }
  std::vector<program::ValueId> wanted;
  for (const program::Step& step : kernel.stages[number].steps)
    if (used[index(step.result)]) wanted.push_back(step.result);
  return wanted;
}

}  // namespace actinium::jit
