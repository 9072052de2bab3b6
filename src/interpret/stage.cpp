// From Steps to machine Code: bodies are inlined into one Code for each stage, so that equal work merges. Start reading
// at prepare().
#include "interpret/stage.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_map>

#include "actinium/error.h"
#include "math/functions.hpp"

namespace actinium::interpret {
namespace {

using machine::Type;
using program::Combine;
using program::Stage;
using program::Step;
using program::ValueId;

std::uint64_t identity_of(Combine combine, Type type) {
  const auto bits = [type](double as_float, std::int64_t as_integer) -> std::uint64_t {
    switch (type) {
      case Type::f32: return std::bit_cast<std::uint32_t>(static_cast<float>(as_float));
      case Type::f64: return std::bit_cast<std::uint64_t>(as_float);
      case Type::i32: return static_cast<std::uint32_t>(as_integer);
      case Type::i64: return static_cast<std::uint64_t>(as_integer);
      case Type::b1: return static_cast<std::uint64_t>(as_integer & 1);
    }
    return 0;
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const bool narrow = type == Type::i32;
  switch (combine) {
    case Combine::sum: return bits(0, 0);
    case Combine::prod: return bits(1, 1);
    case Combine::max:
      return bits(-infinity,
                  narrow ? std::numeric_limits<std::int32_t>::min() : std::numeric_limits<std::int64_t>::min());
    case Combine::min:
      return bits(infinity,
                  narrow ? std::numeric_limits<std::int32_t>::max() : std::numeric_limits<std::int64_t>::max());
  }
  return 0;
}

/// Gives every stage its Builder in turn and remembers what crosses stages.
class Preparation {
 public:
  Preparation(std::span<const Stage* const> stages, std::span<const program::Access> accesses,
              std::span<const DType> values, const PrepareOptions& options)
      : stages_(stages), accesses_(accesses), values_(values), options_(options) {}

  PreparedStages run() {
    find_crossing();
    for (std::size_t s = 0; s < stages_.size(); ++s) result_.stages.push_back(prepare_stage(s));
    return std::move(result_);
  }

 private:
  struct Building {
    machine::Builder builder;
    std::unordered_map<std::uint32_t, machine::Var> vars;  ///< by ValueId
    std::vector<VectorProgram::Input> inputs;
    PreparedStage stage;
    bool vector_of_columns;
  };

  Type type_of(ValueId v) const { return machine::type_of(values_[program::index(v)]); }

  /// Which values a later stage uses, and the constants, which any stage may use.
  void find_crossing() {
    std::unordered_map<std::uint32_t, std::size_t> defined;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      const auto use = [&](ValueId v) {
        const auto found = defined.find(program::index(v));
        if (found != defined.end() && found->second < s) crossing_.insert({program::index(v), 0});
      };
      for (const Step& step : stages_[s]->steps) {
        for (int i = 0; i < step.arity; ++i) use(step.operands[static_cast<std::size_t>(i)]);
        defined[program::index(step.result)] = s;
        if (step.kind == Step::Kind::constant) constants_[program::index(step.result)] = step.number;
      }
      for (const program::Store& store : stages_[s]->stores) use(store.value);
      for (const program::Reduction& r : stages_[s]->reductions) {
        use(r.value);
        if (r.factor) use(*r.factor);
      }
    }
  }

  machine::Var input(Building& b, PreparedStage::From from, std::uint32_t number, Type type, bool uniform, bool index) {
    b.stage.inputs.push_back({from, number, type});
    b.inputs.push_back({type, uniform, index});
    return b.builder.input(type);
  }

  machine::Var value(Building& b, ValueId v) {
    const std::uint32_t id = program::index(v);
    if (const auto found = b.vars.find(id); found != b.vars.end()) return found->second;
    machine::Var var;
    if (const auto constant = constants_.find(id); constant != constants_.end()) {
      var = b.builder.constant(type_of(v), constant->second);
    } else if (const auto slot = slots_.find(id); slot != slots_.end()) {
      const auto from = b.vector_of_columns ? PreparedStage::From::column : PreparedStage::From::value;
      var = input(b, from, slot->second, type_of(v), !b.vector_of_columns, false);
    } else if (const auto row = kept_.find(id); row != kept_.end()) {
      var = input(b, PreparedStage::From::kept, row->second, type_of(v), false, false);
    } else {
      throw InternalError("interpret: a step uses a value that is not defined for it");
    }
    b.vars.emplace(id, var);
    return var;
  }

  machine::Var evaluate(Building& b, const Step& step) {
    switch (step.kind) {
      case Step::Kind::constant: return b.builder.constant(type_of(step.result), step.number);
      case Step::Kind::product: return input(b, PreparedStage::From::product, 0, type_of(step.result), false, false);
      case Step::Kind::load: {
        const program::Access& access = accesses_[step.number];
        const bool uniform = b.stage.once && !b.vector_of_columns ? true : options_.uniform[step.number] != 0;
        return input(b, PreparedStage::From::access, static_cast<std::uint32_t>(step.number),
                     machine::type_of(access.dtype), uniform, access.buffer == program::no_buffer);
      }
      case Step::Kind::op: break;
    }
    std::vector<machine::Var> operands;
    for (int i = 0; i < step.arity; ++i) {
      operands.push_back(value(b, step.operands[static_cast<std::size_t>(i)]));
    }
    const ValueId typed = step.operands[step.op == ops::Op::select ? 1 : 0];
    const machine::Code& code =
        math::body(step.op, values_[program::index(typed)], values_[program::index(step.result)]);
    return b.builder.inline_call(code, operands)[0];
  }

  PreparedStage prepare_stage(std::size_t s) {
    const Stage& in = *stages_[s];
    Building b;
    b.stage.once = in.once;
    b.vector_of_columns = options_.columns && s + 1 == stages_.size();
    for (const Step& step : in.steps) {
      if (b.vars.contains(program::index(step.result))) continue;
      b.vars.emplace(program::index(step.result), evaluate(b, step));
    }
    std::vector<machine::Var> outputs;
    const auto output = [&](ValueId v) {
      outputs.push_back(value(b, v));
      return static_cast<std::uint32_t>(outputs.size() - 1);
    };
    for (const program::Store& store : in.stores)
      b.stage.stores.push_back({output(store.value), store.access, type_of(store.value)});
    for (const program::Reduction& r : in.reductions) {
      const std::uint32_t slot = result_.value_slots++;
      b.stage.reductions.push_back(
          {output(r.value), slot, Combiner(r.combine, values_[program::index(r.value)], options_.fused)});
      if (r.factor) {
        b.stage.reductions.back().factor = output(*r.factor);
        b.stage.reductions.back().dot = vector_ops().dot(type_of(r.value), options_.fused);
      }
      new_slots_.push_back({program::index(r.result), slot});
    }
    for (ValueId v : in.kept) {
      const auto row = static_cast<std::uint32_t>(result_.kept.size());
      result_.kept.push_back(type_of(v));
      b.stage.kept.push_back({output(v), row, type_of(v)});
      kept_[program::index(v)] = row;
    }
    if (in.once) export_values(b, in, output);
    for (const auto& [id, slot] : new_slots_) slots_[id] = slot;
    new_slots_.clear();
    finish(b, outputs);
    return std::move(b.stage);
  }

  template <class Output>
  void export_values(Building& b, const Stage& in, Output&& output) {
    for (const Step& step : in.steps) {
      if (!crossing_.contains(program::index(step.result)) || constants_.contains(program::index(step.result)))
        continue;
      const std::uint32_t slot = result_.value_slots++;
      b.stage.exports.push_back({output(step.result), slot, type_of(step.result)});
      new_slots_.push_back({program::index(step.result), slot});
    }
  }

  /// Inputs that nothing needs any more still have their place in the Code.
  void finish(Building& b, const std::vector<machine::Var>& outputs) {
    b.stage.program = std::make_unique<VectorProgram>(b.builder.finish(outputs), b.inputs, options_.fused);
    std::size_t merge_bytes = 0;
    for (const PreparedStage::Reduce& r : b.stage.reductions)
      merge_bytes = std::max(merge_bytes, r.combiner.frame_bytes());
    result_.frame_bytes = std::max(result_.frame_bytes, b.stage.program->frame_bytes() + merge_bytes);
    result_.max_inputs = std::max(result_.max_inputs, b.stage.inputs.size());
    result_.max_reductions = std::max(result_.max_reductions, b.stage.reductions.size());
  }

  std::span<const Stage* const> stages_;
  std::span<const program::Access> accesses_;
  std::span<const DType> values_;
  const PrepareOptions& options_;
  PreparedStages result_;
  std::unordered_map<std::uint32_t, int> crossing_;
  std::unordered_map<std::uint32_t, std::uint64_t> constants_;
  std::unordered_map<std::uint32_t, std::uint32_t> slots_, kept_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> new_slots_;
};

}  // namespace

Combiner::Combiner(Combine combine, DType dtype, bool fused)
    : combine_(combine),
      type_(machine::type_of(dtype)),
      identity_(identity_of(combine, type_)),
      merge_(vector_ops().merge(combine, type_)) {
  if (merge_ != nullptr) return;
  if (combine == Combine::sum || combine == Combine::prod) throw InternalError("interpret: a sum or product of bools");
  const ops::Op op = combine == Combine::max ? ops::Op::max : ops::Op::min;
  const machine::Code& code = math::body(op, dtype);
  program_ = std::make_unique<VectorProgram>(code, std::vector<VectorProgram::Input>{{type_}, {type_}}, fused);
}

void Combiner::fill_identity(void* acc, std::int64_t n) const {
  switch (size()) {
    case 1: std::fill_n(static_cast<std::uint8_t*>(acc), n, static_cast<std::uint8_t>(identity_)); break;
    case 4: std::fill_n(static_cast<std::uint32_t*>(acc), n, static_cast<std::uint32_t>(identity_)); break;
    default: std::fill_n(static_cast<std::uint64_t*>(acc), n, identity_);
  }
}

void Combiner::merge(void* acc, const void* x, std::int64_t n, void* frame) const {
  if (merge_ != nullptr) {
    merge_(acc, x, n);
    return;
  }
  const Source sources[2] = {{acc, 1, 0}, {x, 1, 0}};
  program_->begin_row(sources, frame);
  for (std::int64_t i = 0; i < n; i += program_->width()) {
    const int count = static_cast<int>(std::min<std::int64_t>(program_->width(), n - i));
    program_->run(sources, i, count, frame);
    store(program_->output(0, frame), type_, static_cast<char*>(acc) + static_cast<std::size_t>(i) * size(), 1, count);
  }
}

void Combiner::fold(void* lanes, int count, void* frame) const {
  for (int half = count / 2; half > 0; half /= 2)
    merge(lanes, static_cast<char*>(lanes) + static_cast<std::size_t>(half) * size(), half, frame);
}

PreparedStages prepare(std::span<const Stage* const> stages, std::span<const program::Access> accesses,
                       std::span<const DType> values, const PrepareOptions& options) {
  return Preparation(stages, accesses, values, options).run();
}

}  // namespace actinium::interpret
