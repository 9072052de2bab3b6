// Builds StageCode: each step's body comes from src/math, and the machine builder merges what they share.
#include "jit/body_emitter.hpp"

#include <algorithm>
#include <array>

#include "actinium/error.h"
#include "math/functions.hpp"
#include "math/var.hpp"

namespace actinium::jit {

using machine::Var;
using program::Step;
using program::ValueId;

namespace {

/// The environment of a stage being lowered: which Var each value is.
class Lowering {
 public:
  Lowering(std::span<const DType> values) : values_(values), vars_(values.size()), defined_(values.size()) {}

  void run(const Step& step) {
    switch (step.kind) {
      case Step::Kind::load: define(step.result, input({StageCode::Input::Kind::load, step.number}, type(step.result))); return;
      case Step::Kind::product: define(step.result, input({StageCode::Input::Kind::product, 0}, type(step.result))); return;
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
    result.code = builder_.finish(outputs);
    drop_unused_inputs(result);
    return result;
  }

 private:
  std::span<const DType> values_;
  machine::Builder builder_;
  std::vector<Var> vars_;
  std::vector<char> defined_;
  std::vector<StageCode::Input> inputs_;
  std::vector<Var> input_vars_;

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
  Var apply(const Step& step) {
    std::array<Var, 3> arguments;
    const auto arity = static_cast<std::size_t>(step.arity);
    for (std::size_t i = 0; i < arity; ++i) arguments[i] = var(step.operands[i]);
    const DType operands = values_[index(step.operands[step.op == ops::Op::select ? 1 : 0])];
    const machine::Code& code = math::body(step.op, operands, values_[index(step.result)]);
    return builder_.inline_call(code, std::span(arguments.data(), arity))[0];
  }
  void drop_unused_inputs(StageCode& result) {
    std::vector<machine::Type> types;
    for (machine::Inst& inst : result.code.insts) {
      if (inst.op != machine::Op::input) continue;
      types.push_back(inst.type);
      result.inputs.push_back(inputs_[inst.imm]);
      inst.imm = types.size() - 1;
    }
    result.code.inputs = std::move(types);
  }
};

}  // namespace

std::size_t StageCode::output(ValueId value) const {
  const auto found = std::find(outputs.begin(), outputs.end(), value);
  if (found == outputs.end()) throw InternalError("jit: a value that its stage does not give");
  return static_cast<std::size_t>(found - outputs.begin());
}

StageCode lower_stage(const program::Stage& stage, std::span<const DType> values, std::span<const ValueId> also) {
  Lowering lowering(values);
  for (const Step& step : stage.steps) lowering.run(step);
  std::vector<ValueId> wanted;
  for (const program::Store& store : stage.stores) wanted.push_back(store.value);
  for (const program::Reduction& reduction : stage.reductions) wanted.push_back(reduction.value);
  wanted.insert(wanted.end(), stage.kept.begin(), stage.kept.end());
  wanted.insert(wanted.end(), also.begin(), also.end());
  return lowering.finish(wanted);
}

}  // namespace actinium::jit
