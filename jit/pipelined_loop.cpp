// The loop of a Pipeline: iteration j computes stage k of the vector j - k. There is no code before or behind the loop:
// the first and the last iterations compute stages of vectors that do not exist, from whatever is there, and what they
// would write goes to scratch memory.
#include <algorithm>

#include "jit/pipeline.hpp"
#include "jit/scheduling.hpp"
#include "jit/segment.hpp"

namespace actinium::jit {

using machine::Inst;
using machine::Op;
using machine::Type;
using machine::Value;

/// The values of a pipelined body, of this and of earlier iterations.
class RowEmitter::Pipelined {
 public:
  /// `whole`: of all registers of a value. `v`: of one.
  Pipelined(RowEmitter& row, VectorEmitter& whole, VectorEmitter& v, Segment& s, const Pipeline& plan)
      : row_(row), whole_(whole), v_(v), s_(s), plan_(plan), code_(v.adapted(s.code.code)), b_(row.b) {
    const std::size_t n = code_.insts.size();
    parts_.resize(plan.stage.size());
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      Part& p = parts_[k];
      p.stage = plan.stage[k];
      p.first = static_cast<int>(k) * v.lanes;
      p.values.resize(n), p.carried.resize(n), p.environment.resize(n), p.repeated.resize(n), p.distance.resize(n);
      p.points.resize(row.staging_.groups.size());
    }
    asked_.resize(n), asked_now_.resize(n);
    part_ = parts_.data();
  }

  /// Over [begin, end), a vector or more: the last one overlaps the one before if they do not end there.
  void emit(llvm::Value* begin, llvm::Value* end) {
    begin_ = begin, end_ = end;
    invariants();
    for_each_part([&] { measure(); });
    if (row_.may_overlap(s_)) keep_last();
    llvm::Value* drain = b_.getInt64(static_cast<std::uint64_t>((plan_.stages - 1) * whole_.lanes));
    Loop loop(b_, begin, b_.CreateSelect(b_.CreateICmpSLT(begin, end), b_.CreateAdd(end, drain), begin));
    carry(loop);
    index_ = loop.index();
    for (const auto& [v, part] : plan_.order) {
      part_ = &parts_[static_cast<std::size_t>(part)];
      step(v);
      ask(v);
    }
    outputs();
    hand_on(loop);
    loop.finish(whole_.lanes);
  }

 private:
  RowEmitter& row_;
  VectorEmitter &whole_, &v_;
  Segment& s_;
  const Pipeline& plan_;
  const machine::Code code_;
  llvm::IRBuilder<>& b_;
  /// What one register of each value is.
  struct Part {
    std::vector<int> stage;                            ///< by instruction, of Pipeline
    int first = 0;                                     ///< number of its first element
    std::vector<llvm::Value*> values;                  ///< by instruction: of this iteration
    std::vector<std::vector<llvm::PHINode*>> carried;  ///< by instruction: of 1, 2, ... iterations before
    std::vector<std::vector<llvm::Value*>> repeated;   ///< by instruction and stage
    std::vector<llvm::Value*> environment;             ///< operands of the instruction being emitted
    std::vector<int> distance;                         ///< by instruction: iterations until its last use
    std::vector<std::vector<llvm::Value*>> points;     ///< Segment::points
  };
  std::vector<Part> parts_;
  Part* part_ = nullptr;  ///< being emitted
  /// By instruction: of a rare branch, whether a lane of earlier iterations asks for it, and of this one.
  std::vector<std::vector<llvm::PHINode*>> asked_;
  std::vector<llvm::Value*> asked_now_;
  llvm::Value *begin_ = nullptr, *end_ = nullptr, *index_ = nullptr;
  std::vector<std::pair<llvm::Value*, llvm::Value*>> positions_;  ///< by stage: of its vector; whether it exists

  static std::size_t index(Value v) { return static_cast<std::size_t>(v); }
  /// The first in which all parts have it.
  int stage(Value v) const {
    int last = 0;
    for (const Part& p : parts_) last = std::max(last, p.stage[index(v)]);
    return last;
  }
  template <class Fn>
  void for_each_part(Fn&& fn) {
    for (Part& p : parts_) {
      part_ = &p;
      fn();
    }
  }

  /// Indices of which only the low half is used are narrow from the start.
  Type emitted_type(const Inst& inst) const {
    if (inst.op != Op::input || inst.type != Type::i64) return inst.type;
    const llvm::Value* lanes = s_.loads[inst.imm].mask;
    const bool narrow =
        lanes != nullptr && lanes->getType()->isVectorTy() && lanes->getType()->getScalarType()->isIntegerTy(32);
    return narrow ? Type::i32 : Type::i64;
  }

  void carry(Loop& loop) {
    for (std::size_t i = 0; i < code_.insts.size(); ++i) {
      const Type t = emitted_type(code_.insts[i]);
      // 1 takes no rare branch.
      const std::uint64_t one = t == Type::f32 ? 0x3f800000u : t == Type::f64 ? 0x3ff0000000000000u : 0;
      for (Part& p : parts_) {
        for (int k = 0; k < p.distance[i]; ++k) p.carried[i].push_back(loop.carry(v_.constant(t, one)));
      }
      for (int k = 0; k < asked_distance(i); ++k) asked_[i].push_back(loop.carry(b_.getFalse()));
    }
  }
  void hand_on(Loop& loop) {
    const auto next = [&](const std::vector<llvm::PHINode*>& earlier, llvm::Value* now) {
      for (std::size_t k = 0; k < earlier.size(); ++k)
        loop.next(earlier[k], k == 0 ? now : static_cast<llvm::Value*>(earlier[k - 1]));
    };
    for (std::size_t i = 0; i < code_.insts.size(); ++i) {
      for (const Part& p : parts_) next(p.carried[i], p.values[i]);
      next(asked_[i], asked_now_[i]);
    }
  }

  void invariants() {
    for (std::size_t i = 0; i < code_.insts.size(); ++i) {
      if (part_->stage[i] != Pipeline::invariant) continue;
      const Inst& inst = code_.insts[i];
      llvm::Value* value = inst.op == Op::input ? row_.input(v_, s_, inst.imm, b_.getInt64(0), nullptr)
                                                : v_.emit_instruction(code_, inst, part_->values);
      for (Part& p : parts_) p.values[i] = value;
    }
  }

  /// The last vector is read again when the one before, which it overlaps, may have been stored over it.
  void keep_last() {
    for (std::size_t n = 0; n < s_.code.inputs.size(); ++n) {
      if (!row_.is_moving_load(s_, n)) continue;
      const std::uint32_t access = s_.code.inputs[n].number;
      llvm::Value* last = b_.CreateSub(end_, b_.getInt64(static_cast<std::uint64_t>(whole_.lanes)));
      whole_.store(row_.accesses_[access].dtype, row_.input(whole_, s_, n, last, nullptr), row_.last_vector(access));
    }
  }

  /// Distances: how far each value is carried.
  void measure() {
    for (std::size_t i = 0; i < code_.insts.size(); ++i) {
      if (part_->stage[i] != Pipeline::invariant) need_operands(code_.insts[i], part_->stage[i]);
    }
    for (Value v : code_.outputs) need(v, stage_of_output(v));
  }
  void need_operands(const Inst& inst, int k) {
    if (is_sliced(inst)) return need(inst.b, k);
    for (Value v : {inst.a, inst.b, inst.c}) {
      if (v != machine::no_value) need(v, k);
    }
  }
  void need(Value v, int k) {
    const int own = part_->stage[index(v)];
    if (own == Pipeline::invariant || own == k) return;
    if (is_read_again(v) && k > own + 1) return;
    if (is_repeated(code_, v)) return need_operands(code_.insts[index(v)], k);
    part_->distance[index(v)] = std::max(part_->distance[index(v)], k - own);
  }

  /// The value as stage k sees it.
  llvm::Value* at(Value v, int k) {
    const int own = part_->stage[index(v)];
    if (own == Pipeline::invariant || own == k) return part_->values[index(v)];
    const bool read = is_read_again(v) && k > own + 1;
    if (!read && !is_repeated(code_, v)) return part_->carried[index(v)][static_cast<std::size_t>(k - own - 1)];
    auto& repeated = part_->repeated[index(v)];
    repeated.resize(static_cast<std::size_t>(plan_.stages));
    llvm::Value*& again = repeated[static_cast<std::size_t>(k)];
    if (again == nullptr) again = read ? read_again(code_.insts[index(v)], k) : compute(code_.insts[index(v)], k);
    return again;
  }

  void step(Value v) {
    const Inst& inst = code_.insts[index(v)];
    const int k = part_->stage[index(v)];
    if (inst.op == Op::rare) return branch(inst, k);
    std::swap(s_.points, part_->points);
    part_->values[index(v)] = compute(inst, k);
    std::swap(s_.points, part_->points);
  }

  llvm::Value* compute(const Inst& inst, int k) {
    if (inst.op == Op::input) return row_.input(v_, s_, inst.imm, at_part(position(k).first), nullptr);
    std::array<std::pair<Value, llvm::Value*>, 3> operands{};
    std::size_t count = 0;
    for (Value v : {inst.a, inst.b, inst.c}) {
      if (v != machine::no_value) operands[count++] = {v, at(v, k)};
    }
    for (std::size_t i = 0; i < count; ++i) part_->environment[index(operands[i].first)] = operands[i].second;
    return v_.emit_instruction(code_, inst, part_->environment);
  }

  // --- rare branches ---

  std::size_t number(const Inst& inst) const { return static_cast<std::size_t>(&inst - code_.insts.data()); }
  bool is_sliced(const Inst& inst) const { return !plan_.slice[number(inst)].empty(); }
  int asked_distance(std::size_t rare) const {
    return plan_.slice[rare].empty() ? 0 : stage(static_cast<Value>(rare)) - stage(code_.insts[rare].a);
  }
  llvm::Value* any_lane(Value predicate, int k) {
    std::vector<llvm::Value*> predicates;
    for_each_part([&] { predicates.push_back(at(predicate, k)); });
    return whole_.any_lane(predicates);
  }
  /// What asks for rare branches is known now, of all parts.
  void ask(Value predicate) {
    if (part_ != &parts_.back()) return;
    for (std::size_t i = 0; i < code_.insts.size(); ++i) {
      if (!plan_.slice[i].empty() && code_.insts[i].a == predicate)
        asked_now_[i] = any_lane(predicate, stage(predicate));
    }
  }
  void branch(const Inst& rare, int k) {
    const std::size_t i = number(rare);
    llvm::Value* any = asked_[i].empty() ? asked_now_[i] : asked_[i].back();
    if (!is_sliced(rare)) any = any_lane(rare.a, k);
    position(k);  // so that what is known of it does not stand behind the branch alone
    llvm::Value* result = whole_.rare(*code_.callees[rare.imm], any, output(rare.b, k), [&] {
      std::vector<llvm::Value*> predicates, arguments;
      for_each_part([&] {
        if (is_sliced(rare)) {
          slice(i, k);
          predicates.push_back(part_->environment[index(rare.a)]);
          arguments.push_back(part_->environment[index(rare.c)]);
        } else {
          predicates.push_back(at(rare.a, k));
          arguments.push_back(is_read_again(rare.c) ? read_again(code_.insts[index(rare.c)], k) : at(rare.c, k));
        }
      });
      return VectorEmitter::Question{whole_.joined(predicates), whole_.joined(arguments)};
    });
    for (Part& p : parts_) p.values[i] = v_.part(result, p.first);
  }
  /// Computes the slice of a rare branch for a part.
  void slice(std::size_t rare, int k) {
    std::vector<std::vector<llvm::Value*>> points(row_.staging_.groups.size());
    std::swap(s_.points, points);
    for (Value v : plan_.slice[rare]) {
      const Inst& inst = code_.insts[index(v)];
      for (Value operand : {inst.a, inst.b, inst.c}) {
        if (operand != machine::no_value && part_->stage[index(operand)] == Pipeline::invariant)
          part_->environment[index(operand)] = part_->values[index(operand)];
      }
      part_->environment[index(v)] =
          inst.op == Op::input ? read_again(inst, k) : v_.emit_instruction(code_, inst, part_->environment);
    }
    std::swap(s_.points, points);
  }
  /// What is read ahead is carried to the next stage, or it would be read where it is used, in a row with others.
  bool is_read_again(Value v) const {
    const Inst& inst = code_.insts[index(v)];
    return inst.op == Op::input && row_.is_moving_load(s_, inst.imm);
  }
  llvm::Value* read_again(const Inst& inst, int k) {
    llvm::Value* first = position(k).first;
    if (!row_.is_moving_load(s_, inst.imm) || !row_.may_overlap(s_) || k < plan_.store_stage)
      return row_.input(v_, s_, inst.imm, at_part(first), nullptr);
    const std::uint32_t access = s_.code.inputs[inst.imm].number;
    const DType dtype = row_.accesses_[access].dtype;
    const Place& place = s_.loads[inst.imm];
    llvm::Value* i = place.mask == nullptr ? first : b_.CreateAnd(first, place.mask);
    llvm::Value* here = row_.element(place.pointer, i, size_of(dtype));
    llvm::Value* last = b_.CreateSub(end_, b_.getInt64(static_cast<std::uint64_t>(whole_.lanes)));
    llvm::Value* from = b_.CreateSelect(b_.CreateICmpEQ(first, last), row_.last_vector(access), here);
    const auto offset = b_.getInt64(static_cast<std::uint64_t>(part_->first));
    return v_.load(dtype, row_.element(from, offset, size_of(dtype)));
  }

  /// Where the vector of stage k lies, or one that does if there is none; and whether there is.
  std::pair<llvm::Value*, llvm::Value*> position(int k) {
    positions_.resize(static_cast<std::size_t>(plan_.stages));
    auto& known = positions_[static_cast<std::size_t>(k)];
    if (known.first != nullptr) return known;
    llvm::Value* i = b_.CreateSub(index_, b_.getInt64(static_cast<std::uint64_t>(k * whole_.lanes)));
    llvm::Value* last = b_.CreateSub(end_, b_.getInt64(static_cast<std::uint64_t>(whole_.lanes)));
    llvm::Value* exists = b_.CreateICmpULT(b_.CreateSub(i, begin_), b_.CreateSub(end_, begin_));
    if (k > 0) i = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, i, begin_);
    i = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, i, last);
    return known = {i, exists};
  }

  /// Of elements from `first` on, where those of the part begin that is being emitted.
  llvm::Value* at_part(llvm::Value* first) {
    return part_->first == 0 ? first : b_.CreateAdd(first, b_.getInt64(static_cast<std::uint64_t>(part_->first)));
  }

  bool is_stored(Value v) const {
    const auto is = [&](program::ValueId id) { return code_.outputs[s_.code.output(id)] == v; };
    return std::any_of(s_.stage.stores.begin(), s_.stage.stores.end(),
                       [&](const auto& store) { return is(store.value); }) ||
           std::any_of(s_.stage.kept.begin(), s_.stage.kept.end(), is);
  }
  int stage_of_reduction(const Accumulators& a) const {
    const auto own = [&](program::ValueId id) { return stage(code_.outputs[s_.code.output(id)]); };
    return a.factor ? std::max(own(a.value), own(*a.factor)) : own(a.value);
  }
  /// The last stage that uses it as an output.
  int stage_of_output(Value v) const {
    int last = is_stored(v) ? plan_.store_stage : stage(v);
    for (const Accumulators& a : s_.reductions) {
      const auto is = [&](program::ValueId id) { return code_.outputs[s_.code.output(id)] == v; };
      if (is(a.value) || (a.factor && is(*a.factor))) last = std::max(last, stage_of_reduction(a));
    }
    return last;
  }

  /// An output as stage k sees it, of all registers.
  llvm::Value* output(Value v, int k) {
    std::vector<llvm::Value*> registers;
    for_each_part([&] { registers.push_back(at(v, k)); });
    return whole_.joined(registers);
  }

  void outputs() {
    for (const Accumulators& a : s_.reductions) accumulate(a, stage_of_reduction(a));
    if (s_.stage.stores.empty() && s_.stage.kept.empty()) return;
    const int k = plan_.store_stage;
    const auto [i, exists] = position(k);
    std::vector<llvm::Value*> values;
    for (Value v : code_.outputs) values.push_back(is_stored(v) ? output(v, k) : nullptr);
    row_.store_kept(whole_, s_, values, i);
    std::vector<Place> places = s_.stores;
    for (std::size_t n = 0; n < places.size(); ++n) {
      s_.stores[n].pointer = b_.CreateSelect(exists, places[n].pointer, row_.scratch(row_.staging_.sink));
    }
    llvm::Value* streams = s_.streams;
    if (streams != nullptr && row_.may_overlap(s_)) {
      llvm::Value* within = b_.CreateAnd(i, b_.getInt64(static_cast<std::uint64_t>(row_.v.lanes - 1)));
      s_.streams = b_.CreateAnd(streams, b_.CreateICmpEQ(within, b_.getInt64(0)));
    }
    row_.store_values(whole_, s_, values, b_.CreateSelect(exists, i, b_.getInt64(0)), nullptr);
    s_.stores = std::move(places);
    s_.streams = streams;
  }

  /// Behind the accumulators there is room for what does not count.
  void accumulate(const Accumulators& a, int k) {
    const auto [i, exists] = position(k);
    llvm::Value* lane =
        b_.CreateAnd(b_.CreateAdd(s_.position, i), b_.getInt64(static_cast<std::uint64_t>(a.lanes - 1)));
    lane = b_.CreateSelect(exists, lane, b_.getInt64(static_cast<std::uint64_t>(a.lanes)));
    const auto of = [&](program::ValueId id) { return output(code_.outputs[s_.code.output(id)], k); };
    row_.accumulate(whole_, a, of(a.value), a.factor ? of(*a.factor) : nullptr, lane, nullptr);
  }
};

Pipeline RowEmitter::plan(const Segment& s) const {
  std::vector<PipelineInput> inputs;
  for (std::size_t n = 0; n < s.code.inputs.size(); ++n) {
    const StageCode::Input& input = s.code.inputs[n];
    const bool grouped = input.kind == StageCode::Input::Kind::load && staging_.group_of[input.number] >= 0;
    inputs.push_back({.fixed = s.fixed[n] != nullptr, .first = grouped, .again = is_moving_load(s, n)});
  }
  std::vector<Value> stored;
  const auto add = [&](program::ValueId id) { stored.push_back(s.code.code.outputs[s.code.output(id)]); };
  for (const program::Store& store : s.stage.stores) add(store.value);
  for (program::ValueId id : s.stage.kept) add(id);
  int most = most_vectors;
  for (const Accumulators& a : s.reductions) most = std::min(most, a.lanes / v.lanes);
  return plan_pipeline(s.code.code, inputs, stored, most, may_overlap(s), m.target.x86 && !m.target.avx512 ? 16 : 32);
}

/// Sums count each element once, and short rows by the million are better off without a pipeline's filling.
bool RowEmitter::may_overlap(const Segment& s) const {
  return m.target.avx512 && s.reductions.empty() && staging_.groups.empty() && dimensions_ == 1;
}

void RowEmitter::pipelined_loop(VectorEmitter& v_, Segment& s, const Pipeline& plan, llvm::Value* begin,
                                llvm::Value* end) {
  llvm::Function* f = b.GetInsertBlock()->getParent();
  keep_order(f);
  // So that spilled registers lie in one cache line each, wherever the stack begins: LLVM itself does not align it once
  // registers are allocated.
  f->addFnAttr(llvm::Attribute::getWithStackAlignment(f->getContext(), llvm::Align(64)));
  Pipelined(*this, v_, v, s, plan).emit(begin, end);
}

bool RowEmitter::is_moving_load(const Segment& s, std::size_t number) const {
  const StageCode::Input& input = s.code.inputs[number];
  return s.fixed[number] == nullptr && input.kind == StageCode::Input::Kind::load &&
         accesses_[input.number].buffer != program::no_buffer && staging_.group_of[input.number] < 0;
}

/// The loop with nothing behind it. Where it does not end with a vector, the last one overlaps the one before, whose
/// results it computes again; less than a vector goes through scratch memory.
void RowEmitter::pipelined_to_the_end(VectorEmitter& v_, Segment& s, const Pipeline& plan) {
  llvm::Value* lanes = b.getInt64(static_cast<std::uint64_t>(v_.lanes));
  llvm::Value* is_short = b.CreateICmpSLT(s.count, lanes);
  if (stream_ != nullptr) s.streams = may_stream(s);
  emit_if(b, is_short, [&] {
    llvm::Value* mask = v_.first_lanes(s.count);
    for (std::size_t n = 0; n < s.loads.size(); ++n) {
      if (!is_moving_load(s, n)) continue;
      const std::uint32_t access = s.code.inputs[n].number;
      const DType dtype = accesses_[access].dtype;
      v_.store(dtype, v_.load(dtype, s.loads[n].pointer, mask), slot(static_cast<int>(access)));
    }
  });
  for (std::size_t n = 0; n < s.loads.size(); ++n) {
    if (!is_moving_load(s, n)) continue;
    s.loads[n].pointer = b.CreateSelect(is_short, slot(static_cast<int>(s.code.inputs[n].number)), s.loads[n].pointer);
  }
  std::vector<llvm::Value*> targets;
  for (std::size_t n = 0; n < s.stores.size(); ++n) {
    targets.push_back(s.stores[n].pointer);
    s.stores[n].pointer = b.CreateSelect(is_short, slot(static_cast<int>(s.stage.stores[n].access)), targets[n]);
  }
  pipelined_loop(v_, s, plan, b.getInt64(0), b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, s.count, lanes));
  emit_if(b, is_short, [&] {
    llvm::Value* mask = v_.first_lanes(s.count);
    for (std::size_t n = 0; n < s.stores.size(); ++n) {
      const DType dtype = accesses_[s.stage.stores[n].access].dtype;
      v_.store(dtype, v_.load(dtype, s.stores[n].pointer), targets[n], mask);
    }
  });
  s.streams = nullptr;
}

}  // namespace actinium::jit
