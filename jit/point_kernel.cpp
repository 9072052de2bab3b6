// Code of LoopKernels that have one point: scalar graphs, written element by element. Arithmetic is scalar and
// straight-line; functions that wait for nothing but each other are packed into the lanes of one vector. Start reading
// at PointEmitter::emit.
#include <algorithm>
#include <bit>
#include <map>

#include "jit/body_emitter.hpp"
#include "jit/kernel.hpp"
#include "jit/point_emitter.hpp"

namespace actinium::jit {

using machine::Inst;
using machine::Op;
using machine::Value;

namespace {

/// Packs of more instructions than this in all are called, each function by itself, instead of being repeated.
constexpr std::size_t most_inlined = 1500;

/// Calls of the same functions, each on its own arguments: a lane each.
struct Pack {
  std::vector<const machine::Code*> bodies;
  std::vector<std::vector<Value>> arguments;  ///< by lane
};

class PointEmitter {
 public:
  PointEmitter(ModuleEmitter& m, llvm::IRBuilder<>& b, const program::LoopKernel& kernel, PointPlaces& places)
      : m_(m), kernel_(kernel), stage_(kernel.stages[0]), b_(b), places_(places), scalar_(m, b_, 1) {
    code_ = lower_stage(stage_, kernel.values, {}, Calls::always);
    find_calls();
  }

  void emit() {
    values_.assign(code_.code.insts.size(), nullptr);
    for (std::size_t level = 0; level < calls_.size(); ++level) {
      for (std::size_t i : calls_[level]) {
        for (Value argument : call_of(code_.code.insts[i]).arguments) compute(argument);
      }
      emit_calls(calls_[level]);
    }
    for (const program::Store& store : stage_.stores) {
      const Value result = code_.code.outputs[code_.output(store.value)];
      compute(result);
      places_.store(kernel_.accesses[store.access], store.access, values_[number(result)]);
    }
  }

 private:
  ModuleEmitter& m_;
  const program::LoopKernel& kernel_;
  const program::Stage& stage_;
  llvm::IRBuilder<>& b_;
  PointPlaces& places_;
  VectorEmitter scalar_;
  StageCode code_;
  /// Instructions that are calls, and wait for each other from one list to the next.
  std::vector<std::vector<std::size_t>> calls_;
  std::vector<llvm::Value*> values_;  ///< of each instruction, if it has been emitted

  static std::size_t number(Value v) { return static_cast<std::uint32_t>(v); }
  bool is_call(const Inst& inst) const { return inst.op == Op::input && inst.imm >= code_.inputs.size(); }
  const Call& call_of(const Inst& inst) const { return code_.calls[inst.imm - code_.inputs.size()]; }

  void find_calls() {
    std::vector<std::size_t> levels;  // of each instruction: how many calls it waits for, one after the other
    for (std::size_t i = 0; i < code_.code.insts.size(); ++i) {
      const Inst& inst = code_.code.insts[i];
      std::size_t level = 0;
      const auto after = [&](Value v) {
        if (v != machine::no_value) level = std::max(level, levels[number(v)]);
      };
      after(inst.a), after(inst.b), after(inst.c);
      if (is_call(inst)) {
        for (Value v : call_of(inst).arguments) after(v);
        if (calls_.size() <= level) calls_.resize(level + 1);
        calls_[level++].push_back(i);
      }
      levels.push_back(level);
    }
  }

  /// Emits the instruction and those before it that it needs, depth first: what one result needs comes together, and
  /// few values wait for their use.
  void compute(Value root) {
    std::vector<std::size_t> stack{number(root)};
    while (!stack.empty()) {
      const std::size_t i = stack.back();
      const Inst& inst = code_.code.insts[i];
      const std::size_t height = stack.size();
      for (Value v : {inst.a, inst.b, inst.c}) {
        if (v != machine::no_value && values_[number(v)] == nullptr) stack.push_back(number(v));
      }
      if (stack.size() != height) continue;
      stack.pop_back();
      if (values_[i] != nullptr) continue;
      if (inst.op == Op::input) {
        const std::size_t access = code_.inputs[inst.imm].number;
        values_[i] = places_.load(kernel_.accesses[access], access);
      } else {
        values_[i] = scalar_.emit_instruction(code_.code, inst, values_);
      }
    }
  }

  // --- Packs ---

  using Members = std::map<std::pair<const machine::Code*, std::vector<Value>>, std::vector<std::size_t>>;

  /// The functions wanted of each list of arguments, in the order they come; lists that want the same share packs.
  std::vector<Pack> packs_of(const std::vector<std::size_t>& calls, Members& members) const {
    std::vector<Pack> wanted;  // of one lane
    std::map<std::vector<Value>, std::size_t> index;
    for (std::size_t i : calls) {
      const Call& call = call_of(code_.code.insts[i]);
      auto& own = members[{call.body, call.arguments}];
      own.push_back(i);
      if (own.size() > 1) continue;
      const auto [at, fresh] = index.emplace(call.arguments, wanted.size());
      if (fresh) wanted.push_back({{}, {call.arguments}});
      wanted[at->second].bodies.push_back(call.body);
    }
    // Those that want most come first, so that one that wants less finds a lane beside them.
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const Pack& a, const Pack& b) { return a.bodies.size() > b.bodies.size(); });
    std::vector<Pack> packs;
    for (Pack& one : wanted) {
      const auto takes = [&](const Pack& pack) {
        return pack.arguments.size() < lanes_of(pack) &&
               std::all_of(
                   one.bodies.begin(), one.bodies.end(),
                   [&](auto* body) {
                     return std::find(pack.bodies.begin(), pack.bodies.end(), body) != pack.bodies.end();
                   });
      };
      const auto found = std::find_if(packs.begin(), packs.end(), takes);
      if (found == packs.end()) {
        packs.push_back(std::move(one));
      } else {
        found->arguments.push_back(std::move(one.arguments[0]));
      }
    }
    return packs;
  }

  /// Elements of a register of the widest type in any of the bodies.
  std::size_t lanes_of(const Pack& pack) const { return static_cast<std::size_t>(m_.target.lanes(widest(pack))); }
  static int widest(const Pack& pack) {
    int bytes = 4;
    for (const machine::Code* body : pack.bodies) {
      for (const Inst& inst : body->insts)
        if (inst.type == machine::Type::f64 || inst.type == machine::Type::i64) bytes = 8;
    }
    return bytes;
  }

  void emit_calls(const std::vector<std::size_t>& calls) {
    Members members;
    std::size_t size = 0;
    const std::vector<Pack> packs = packs_of(calls, members);
    for (const Pack& pack : packs) {
      for (const machine::Code* body : pack.bodies) size += body->insts.size();
    }
    emitted_ += size;
    for (const Pack& pack : packs) {
      // The least register that has a lane for each.
      int lanes = 16 / widest(pack);
      while (static_cast<std::size_t>(lanes) < pack.arguments.size()) lanes *= 2;
      VectorEmitter v(m_, b_, lanes);
      std::vector<llvm::Value*> inputs;
      for (std::size_t i = 0; i < pack.arguments[0].size(); ++i) inputs.push_back(gather(v, pack, i));
      const std::vector<llvm::Value*> results = emit_bodies(v, pack, inputs);
      for (std::size_t k = 0; k < results.size(); ++k) {
        for (std::size_t lane = 0; lane < pack.arguments.size(); ++lane) {
          const auto found = members.find({pack.bodies[k], pack.arguments[lane]});
          if (found == members.end()) continue;
          llvm::Value* element = b_.CreateExtractElement(results[k], lane);
          for (std::size_t i : found->second) values_[i] = element;
        }
      }
    }
  }

  std::size_t emitted_ = 0;

  /// Argument i of every lane; lanes that are left over repeat the first, so that they take no rare path of their own.
  llvm::Value* gather(VectorEmitter& v, const Pack& pack, std::size_t i) {
    llvm::Value* vector = v.splat(values_[number(pack.arguments[0][i])]);
    for (std::size_t lane = 1; lane < pack.arguments.size(); ++lane)
      vector = b_.CreateInsertElement(vector, values_[number(pack.arguments[lane][i])], lane);
    return vector;
  }

  /// In one piece, so that sin and cos share what they have in common.
  std::vector<llvm::Value*> emit_bodies(VectorEmitter& v, const Pack& pack, const std::vector<llvm::Value*>& inputs) {
    std::vector<llvm::Value*> results;
    if (emitted_ > most_inlined) {
      for (const machine::Code* body : pack.bodies) results.push_back(v.call(*body, inputs));
      return results;
    }
    machine::Builder builder;
    std::vector<machine::Var> arguments, outputs;
    for (machine::Type t : pack.bodies[0]->inputs) arguments.push_back(builder.input(t));
    for (const machine::Code* body : pack.bodies) outputs.push_back(builder.inline_call(*body, arguments)[0]);
    return v.call_all(builder.finish(outputs), inputs);
  }
};

/// Elements in memory, as the executor passes them.
class Arguments final : public PointPlaces {
 public:
  Arguments(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* args) : b_(b), args_(m, b, args), scalar_(m, b, 1) {}
  llvm::Value* load(const program::Access& access, std::size_t number) override {
    llvm::Value* pointer = args_.pointer(b_, static_cast<int>(number));
    if (access.buffer == program::no_buffer) return b_.CreatePtrToInt(pointer, b_.getInt64Ty());
    return scalar_.load(access.dtype, pointer);
  }
  void store(const program::Access& access, std::size_t number, llvm::Value* value) override {
    scalar_.store(access.dtype, value, args_.pointer(b_, static_cast<int>(number)));
  }

 private:
  llvm::IRBuilder<>& b_;
  ArgsView args_;
  VectorEmitter scalar_;
};

}  // namespace

bool is_point(const program::LoopKernel& kernel) {
  return kernel.elementwise() && kernel.inner.is(1) &&
         std::all_of(kernel.outer.begin(), kernel.outer.end(), [](const Dim& d) { return d.is(1); });
}

void emit_point(ModuleEmitter& m, llvm::IRBuilder<>& b, const program::LoopKernel& kernel, PointPlaces& places) {
  PointEmitter(m, b, kernel, places).emit();
}

EmittedKernel emit_point(ModuleEmitter& m, const program::LoopKernel& kernel, const std::string& symbol) {
  llvm::IRBuilder<> b(m.context);
  llvm::Function* f = m.kernel_function(symbol, b);
  ModuleEmitter::make_quickly(f);  // the functions, where the time goes, are called
  Arguments arguments(m, b, f->getArg(0));
  emit_point(m, b, kernel, arguments);
  b.CreateRetVoid();
  EmittedKernel result;
  result.main = symbol;
  return result;
}

}  // namespace actinium::jit
