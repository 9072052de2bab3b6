// Rows, segments, and the vector loop.
#include "jit/segment.hpp"

#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "actinium/error.h"
#include "jit/support.hpp"

namespace actinium::jit {

using machine::Type;
using program::Access;
using program::Stage;
using program::ValueId;

namespace {

/// Bodies up to this many instructions are emitted twice (without and with a mask): more would cost compile time and
/// bring nothing.
constexpr std::size_t small_body = 40;
/// Rows of fewer vectors take each by itself: filling a pipeline takes as long as that.
constexpr int least_pipelined = 6;
/// Vectors that a loop computes at once if its body has from `least_taking_turns` operations: all up to
/// `most_taking_long_turns`, two up to `most_taking_turns`.
constexpr std::ptrdiff_t least_taking_turns = 10, most_taking_long_turns = 72, most_taking_turns = 300;

bool is_index(const Access& access) { return access.buffer == program::no_buffer; }
/// Whether a dimension of the loop leaves it where it is.
bool is_still(const Access& access, const program::AxisMap& d) {
  return is_index(access) ? d.multiplier.is(0) : d.axis < 0;
}
/// The same element for every point of the loop.
bool is_scalar(const Access& access) {
  return std::all_of(access.dims.begin(), access.dims.end(), [&](const auto& d) { return is_still(access, d); });
}

/// Whether all that the code does with an input is to take its lower half, so that the input may come without the other.
bool only_narrowed(const machine::Code& code, std::size_t input) {
  const auto& insts = code.insts;
  const auto at = std::find_if(insts.begin(), insts.end(), [&](const machine::Inst& inst) {
    return inst.op == machine::Op::input && inst.imm == input;
  });
  const auto number = static_cast<machine::Value>(at - insts.begin());
  if (at == insts.end() || std::find(code.outputs.begin(), code.outputs.end(), number) != code.outputs.end()) return false;
  return std::all_of(insts.begin(), insts.end(), [&](const machine::Inst& inst) {
    if (inst.a != number && inst.b != number && inst.c != number) return true;
    return inst.op == machine::Op::resize && inst.type == Type::i32;
  });
}

}  // namespace

Staging::Staging(const std::vector<Access>& accesses, std::span<const Stage> stages) {
  groups = find_interleaved(accesses);
  // Vectors of memory order are stored whole: all of a group in one loop, or each by itself.
  std::erase_if(groups, [&](const Interleaved& group) {
    return std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) {
      const auto stored = std::count_if(stage.stores.begin(), stage.stores.end(), [&](const program::Store& store) {
        return std::find(group.accesses.begin(), group.accesses.end(), static_cast<int>(store.access)) !=
               group.accesses.end();
      });
      return stored != 0 && stored != static_cast<std::ptrdiff_t>(group.accesses.size());
    });
  });
  group_of.assign(accesses.size(), -1);
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (int access : groups[g].accesses) group_of[static_cast<std::size_t>(access)] = static_cast<int>(g);
  // A vector's worth more: the loop works in full vectors.
  const auto slot = [](const Access& a) { return staged_elements * static_cast<std::int64_t>(size_of(a.dtype)) + 128; };
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    const bool never = is_index(accesses[i]);
    offset.push_back(never ? -1 : bytes);
    if (!never) bytes += slot(accesses[i]);
  }
  for (const Interleaved& group : groups) {
    for (int access : group.accesses) offset[static_cast<std::size_t>(access)] = bytes;
    bytes += static_cast<std::int64_t>(group.accesses.size()) * slot(accesses[static_cast<std::size_t>(group.accesses[0])]);
  }
  std::size_t together = 1;
  for (const Interleaved& group : groups) together = std::max(together, group.accesses.size());
  sink = round_up(bytes, 64);
  ends = sink + static_cast<std::int64_t>(together) * last_vector_bytes;
  bytes = ends + static_cast<std::int64_t>(accesses.size()) * last_vector_bytes;
}

RowEmitter::RowEmitter(ModuleEmitter& m_, llvm::IRBuilder<>& b_, int lanes, const std::vector<Access>& accesses,
                       std::span<const Stage> stages, const ArgsView& args, llvm::Value* scratch, int dimensions,
                       bool any_order, std::span<const DType> types)
    : m(m_),
      b(b_),
      v(m_, b_, lanes),
      values(types.size()),
      rows(types.size()),
      accesses_(accesses),
      args_(args),
      scratch_(scratch),
      dimensions_(dimensions),
      any_order_(any_order),
      types_(types),
      staging_(accesses, stages),
      address_(accesses.size()) {
  llvm::Value* staged = b.getFalse();
  std::vector<int> strided;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    const auto& dims = accesses[i].dims;
    broadcasts_ |= std::any_of(dims.begin(), dims.end(), [](const program::AxisMap& d) { return d.axis < 0; });
    const int access = static_cast<int>(i);
    if (is_index(accesses[i]) || stands_still(access) || staging_.group_of[i] >= 0) continue;
    strided.push_back(access);
  }
  for (const Interleaved& group : staging_.groups) {
    const int first = group.accesses[0];
    const std::size_t size = size_of(accesses[static_cast<std::size_t>(first)].dtype);
    llvm::Value* whole = b.CreateICmpEQ(inner_stride(first), b.getInt64(group.accesses.size()));
    for (std::size_t k = 1; k < group.accesses.size(); ++k) {
      llvm::Value* apart = b.CreatePtrDiff(b.getInt8Ty(), args.pointer(b, group.accesses[k]), args.pointer(b, first));
      whole = b.CreateAnd(whole, b.CreateICmpEQ(apart, b.getInt64(k * size)));
    }
    together_.push_back(whole);
    staged = b.CreateOr(staged, b.CreateNot(whole));
  }
  for (int access : strided) {
    llvm::Value* step = inner_stride(access);
    // A load that stands still takes one vector of its slot, whatever the length.
    llvm::Value* other = may_stand() ? b.CreateICmpUGT(step, b.getInt64(1)) : b.CreateICmpNE(step, b.getInt64(1));
    staged = b.CreateOr(staged, other);
  }
  limit_ = b.CreateSelect(staged, b.getInt64(staged_elements), b.getInt64(std::int64_t{1} << 62));
}

bool RowEmitter::stands_still(int access) const {
  const Access& a = accesses_[static_cast<std::size_t>(access)];
  return any_order_ ? is_scalar(a) : is_still(a, a.dims.back());
}

void RowEmitter::set_row(std::span<llvm::Value* const> indices) {
  for (std::size_t i = 0; i < accesses_.size(); ++i) {
    const Access& access = accesses_[i];
    const int number = static_cast<int>(i);
    llvm::Value* offset = nullptr;
    for (std::size_t d = 0; d < indices.size(); ++d) {
      if (is_scalar(access)) break;
      llvm::Value* part = b.CreateMul(indices[d], stride(number, static_cast<int>(d)));
      offset = offset == nullptr ? part : b.CreateAdd(offset, part);
    }
    llvm::Value* base = args_.pointer(b, number);
    if (is_index(access)) {
      base = b.CreatePtrToInt(base, b.getInt64Ty());
      address_[i] = offset == nullptr ? base : b.CreateAdd(base, offset);
    } else {
      address_[i] = offset == nullptr ? base : element(base, offset, size_of(access.dtype));
    }
  }
}

llvm::Value* RowEmitter::element(llvm::Value* pointer, llvm::Value* i, std::size_t size) {
  return b.CreateGEP(b.getIntNTy(static_cast<unsigned>(8 * size)), pointer, i);
}

llvm::Value* RowEmitter::scratch(std::int64_t offset) {
  return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), scratch_, static_cast<std::uint64_t>(offset));
}

void RowEmitter::run(const Stage& stage, const StageCode& code, llvm::Value* begin, llvm::Value* end,
                     std::span<const Accumulators> reductions) {
  Loop segments(b, begin, end);
  llvm::Value* rest = b.CreateSub(end, segments.index());
  llvm::Value* count = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, rest, limit_);
  if (!m.target.avx512) {
    // Without masked memory instructions the last vector makes a segment of its own, which goes through scratch memory.
    llvm::Value* whole = b.CreateAnd(count, b.getInt64(static_cast<std::uint64_t>(-v.lanes)));
    count = b.CreateSelect(b.CreateICmpEQ(whole, b.getInt64(0)), count, whole);
  }
  Segment s{.stage = stage,
            .code = code,
            .position = segments.index(),
            .count = count,
            .reductions = reductions,
            .loads = {},
            .fixed = {},
            .known = {},
            .stores = {},
            .registers = {}};
  emit_segment(s);
  segments.finish(count);
}

void RowEmitter::run_once(const Stage& stage, const StageCode& code) {
  std::vector<llvm::Value*> inputs;
  for (const StageCode::Input& input : code.inputs) {
    if (input.kind == StageCode::Input::Kind::value) {
      inputs.push_back(values[input.number]);
    } else if (const Access& access = accesses_[input.number]; is_index(access)) {
      inputs.push_back(v.splat(address_[input.number]));
    } else {
      inputs.push_back(v.splat(v.load_scalar(access.dtype, address_[input.number])));
    }
  }
  const std::vector<llvm::Value*> outputs = v.emit(code.code, inputs, code.calls);
  for (std::size_t i = 0; i < outputs.size(); ++i) values[index(code.outputs[i])] = outputs[i];
  for (const program::Store& store : stage.stores) {
    v.store_lane0(accesses_[store.access].dtype, outputs[code.output(store.value)], address_[store.access]);
  }
}

llvm::Value* RowEmitter::picked(int access, int label, llvm::Value* elements) {
  const auto dtype_of = [&](int number) { return accesses_[static_cast<std::size_t>(number)].dtype; };
  // Negative ones lie beyond every row.
  llvm::Value* number = v.load_scalar(dtype_of(label), address_[static_cast<std::size_t>(label)]);
  number = b.CreateZExt(number, b.getInt64Ty());
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::BasicBlock *before = b.GetInsertBlock(), *inside = m.block(f), *join = m.block(f);
  b.CreateCondBr(b.CreateICmpULT(number, elements), inside, join);
  b.SetInsertPoint(inside);
  const DType dtype = dtype_of(access);
  llvm::Value* offset = b.CreateMul(number, inner_stride(access));
  llvm::Value* x = v.load_scalar(dtype, element(address_[static_cast<std::size_t>(access)], offset, size_of(dtype)));
  llvm::Constant* zero = llvm::ConstantFP::get(x->getType(), 0);
  x = b.CreateFAdd(x, zero);
  b.CreateBr(join);
  b.SetInsertPoint(join);
  llvm::PHINode* result = b.CreatePHI(x->getType(), 2);
  result->addIncoming(zero, before);
  result->addIncoming(x, inside);
  return result;
}

RowEmitter::Place RowEmitter::place_load(int access, llvm::Value* position, llvm::Value* count) {
  const DType dtype = accesses_[static_cast<std::size_t>(access)].dtype;
  const std::size_t size = size_of(dtype);
  llvm::Value* step = inner_stride(access);
  llvm::Value* source = element(address_[static_cast<std::size_t>(access)], b.CreateMul(position, step), size);
  llvm::Value* buffer = slot(access);
  llvm::Value* direct = b.CreateICmpEQ(step, b.getInt64(1));
  if (!m.target.avx512)
    direct = b.CreateAnd(direct, b.CreateICmpUGE(count, b.getInt64(static_cast<std::uint64_t>(v.lanes))));
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::BasicBlock *before = b.GetInsertBlock(), *other = m.block(f), *join = m.block(f);
  b.CreateCondBr(direct, join, other);
  b.SetInsertPoint(other);
  llvm::BasicBlock* still = nullptr;
  if (may_stand()) {
    still = m.block(f);
    llvm::BasicBlock* strided = m.block(f);
    b.CreateCondBr(b.CreateICmpEQ(step, b.getInt64(0)), still, strided);
    b.SetInsertPoint(still);
    VectorEmitter widest(m, b, most_vectors * v.lanes);
    widest.store(dtype, widest.splat(v.load_scalar(dtype, source)), buffer);
    b.CreateBr(join);
    b.SetInsertPoint(strided);
  }
  call_gather(m, b, buffer, source, step, count, size);
  llvm::BasicBlock* gathered = b.GetInsertBlock();
  b.CreateBr(join);
  b.SetInsertPoint(join);
  llvm::PHINode* pointer = b.CreatePHI(m.pointer(), 3);
  pointer->addIncoming(source, before);
  pointer->addIncoming(buffer, gathered);
  if (may_stand()) pointer->addIncoming(buffer, still);
  llvm::Value* mask =
      may_stand() ? b.CreateSelect(b.CreateICmpEQ(step, b.getInt64(0)), b.getInt64(0), b.getInt64(-1)) : nullptr;
  return {.pointer = pointer, .mask = mask};
}

/// A group's memory as the loop sees it: the array itself, or scratch memory where its elements lie side by side.
RowEmitter::Place RowEmitter::place_group(const Interleaved& group, const Segment& s, bool load) {
  const int first = group.accesses[0];
  const std::size_t size = size_of(accesses_[static_cast<std::size_t>(first)].dtype);
  llvm::Value* count = b.getInt64(group.accesses.size());
  llvm::Value* staged = b.CreateNot(together_[static_cast<std::size_t>(staging_.group_of[static_cast<std::size_t>(first)])]);
  if (!m.target.avx512)
    staged = b.CreateOr(staged, b.CreateICmpULT(s.count, b.getInt64(static_cast<std::uint64_t>(v.lanes))));
  const auto start = [&](int access) {
    return element(address_[static_cast<std::size_t>(access)], b.CreateMul(s.position, inner_stride(access)), size);
  };
  if (load) {
    emit_if(b, staged, [&] {
      for (std::size_t k = 0; k < group.accesses.size(); ++k)
        call_copy(m, b, {element(slot(first), b.getInt64(k), size), count},
                  {start(group.accesses[k]), inner_stride(group.accesses[k])}, s.count, b.getInt64(64 / size), size);
    });
  }
  return {.pointer = b.CreateSelect(staged, slot(first), start(first)), .staged = staged};
}

void RowEmitter::place_inputs(Segment& s) {
  std::vector<Place> groups(staging_.groups.size());
  for (const StageCode::Input& input : s.code.inputs) {
    Place place;
    llvm::Value* fixed = nullptr;
    if (input.kind == StageCode::Input::Kind::value) {
      if (llvm::Value* row = rows[input.number]) {
        place.pointer = element(row, s.position, size_of(types_[input.number]));
      } else {
        fixed = values[input.number];
      }
      if (place.pointer == nullptr && fixed == nullptr)
        throw InternalError("jit: a loop uses a value that no stage before it kept");
    } else if (input.kind == StageCode::Input::Kind::load) {
      const int access = static_cast<int>(input.number);
      const Access& a = accesses_[input.number];
      if (is_index(a) && stands_still(access)) {
        fixed = v.splat(address_[input.number]);
      } else if (is_index(a)) {
        // The number of lane 0 at i = 0 stands in pointer.
        place.pointer = b.CreateAdd(address_[input.number], b.CreateMul(s.position, inner_stride(access)));
        const Type type = only_narrowed(s.code.code, s.loads.size()) ? Type::i32 : Type::i64;
        llvm::Value* step = b.CreateTrunc(inner_stride(access), v.scalar_type(type));
        place.mask = b.CreateMul(v.lane_numbers(type), v.splat(step));
        place.step = step;
        for (int k = 0; k < most_vectors; ++k) {
          llvm::Value* apart = b.CreateMul(step, llvm::ConstantInt::get(step->getType(), static_cast<std::uint64_t>(k * v.lanes)));
          place.numbers.push_back(b.CreateAdd(place.mask, v.splat(apart)));
        }
      } else if (stands_still(access)) {
        fixed = v.splat(v.load_scalar(a.dtype, address_[input.number]));
      } else if (const int g = staging_.group_of[input.number]; g >= 0) {
        Place& of_group = groups[static_cast<std::size_t>(g)];
        if (of_group.pointer == nullptr) of_group = place_group(staging_.groups[static_cast<std::size_t>(g)], s, true);
        place = of_group;
      } else {
        place = place_load(access, s.position, s.count);
      }
    } else {
      throw InternalError("jit: a matrix product's element in a loop kernel");
    }
    s.loads.push_back(place);
    s.fixed.push_back(fixed);
  }
}

/// What fixed inputs alone decide is computed before the loop: LLVM leaves divisions and conversions in it. Predicates
/// stay where they are used, as mask registers are few.
void RowEmitter::find_known(Segment& s) {
  const machine::Code code = v.adapted(s.code.code);
  s.known.assign(code.insts.size(), nullptr);
  std::vector<llvm::Value*> values(code.insts.size());
  for (std::size_t i = 0; i < code.insts.size(); ++i) {
    const machine::Inst& inst = code.insts[i];
    if (inst.op == machine::Op::constant) values[i] = v.emit_instruction(code, inst, values);
    if (inst.op == machine::Op::input && inst.imm < s.fixed.size()) values[i] = s.fixed[inst.imm];
    if (inst.op == machine::Op::constant || inst.op == machine::Op::input || inst.op == machine::Op::rare) continue;
    bool all = inst.type != Type::b1;
    for (machine::Value operand : {inst.a, inst.b, inst.c})
      all = all && (operand == machine::no_value || values[static_cast<std::size_t>(operand)] != nullptr);
    if (all) values[i] = s.known[i] = v.emit_instruction(code, inst, values);
  }
}

void RowEmitter::place_stores(Segment& s) {
  std::vector<Place> groups(staging_.groups.size());
  for (const program::Store& store : s.stage.stores) {
    if (const int g = staging_.group_of[store.access]; g >= 0) {
      Place& place = groups[static_cast<std::size_t>(g)];
      if (place.pointer == nullptr) place = place_group(staging_.groups[static_cast<std::size_t>(g)], s, false);
      s.stores.push_back(place);
      continue;
    }
    const auto access = static_cast<int>(store.access);
    llvm::Value* step = inner_stride(access);
    llvm::Value* target =
        element(address_[store.access], b.CreateMul(s.position, step), size_of(accesses_[store.access].dtype));
    llvm::Value* staged = b.CreateICmpNE(step, b.getInt64(1));
    if (!m.target.avx512)
      staged = b.CreateOr(staged, b.CreateICmpULT(s.count, b.getInt64(static_cast<std::uint64_t>(v.lanes))));
    s.stores.push_back({.pointer = b.CreateSelect(staged, slot(access), target), .staged = staged});
  }
}

void RowEmitter::scatter_stores(Segment& s) {
  for (std::size_t i = 0; i < s.stores.size(); ++i) {
    const std::uint32_t access = s.stage.stores[i].access;
    emit_if(b, s.stores[i].staged, [&] {
      const std::size_t size = size_of(accesses_[access].dtype);
      llvm::Value* step = inner_stride(static_cast<int>(access));
      llvm::Value* target = element(address_[access], b.CreateMul(s.position, step), size);
      llvm::Value* source = slot(static_cast<int>(access));
      if (const int g = staging_.group_of[access]; g >= 0) {
        const auto& members = staging_.groups[static_cast<std::size_t>(g)].accesses;
        const auto k = std::find(members.begin(), members.end(), static_cast<int>(access)) - members.begin();
        call_copy(m, b, {target, step}, {element(source, b.getInt64(k), size), b.getInt64(members.size())}, s.count,
                  b.getInt64(0), size);
      } else {
        call_scatter(m, b, target, source, step, s.count, size);
      }
    });
  }
}

/// Whether the whole vectors of a segment's stores may be streamed: asked for, in place, and aligned.
llvm::Value* RowEmitter::may_stream(const Segment& s) {
  llvm::Value* result = stream_;
  for (std::size_t n = 0; n < s.stores.size(); ++n) {
    const std::size_t bytes = size_of(accesses_[s.stage.stores[n].access].dtype) * static_cast<std::size_t>(v.lanes);
    llvm::Value* rest = b.CreateAnd(b.CreatePtrToInt(s.stores[n].pointer, b.getInt64Ty()), b.getInt64(bytes - 1));
    result = b.CreateAnd(result, b.CreateAnd(b.CreateNot(s.stores[n].staged), b.CreateICmpEQ(rest, b.getInt64(0))));
  }
  return result;
}

void RowEmitter::finish_streaming() {
  if (stream_ != nullptr)
    emit_if(b, stream_, [&] {
      b.CreateIntrinsic(llvm::Intrinsic::x86_sse_sfence, llvm::ArrayRef<llvm::Type*>{}, llvm::ArrayRef<llvm::Value*>{});
    });
}

/// What a load of a group reads; the first one reads for all of them.
llvm::Value* RowEmitter::point(VectorEmitter& v_, Segment& s, std::size_t number, llvm::Value* i, llvm::Value* mask) {
  const std::uint32_t access = s.code.inputs[number].number;
  const auto g = static_cast<std::size_t>(staging_.group_of[access]);
  const auto& members = staging_.groups[g].accesses;
  if (s.points[g].empty()) {
    llvm::Value* rest = mask != nullptr && m.target.avx512 ? b.CreateSub(s.count, i) : nullptr;
    const DType dtype = accesses_[access].dtype;
    llvm::Value* first = b.CreateMul(i, b.getInt64(members.size()));
    s.points[g] = load_interleaved(v_, dtype, element(s.loads[number].pointer, first, size_of(dtype)),
                                   static_cast<int>(members.size()), rest);
  }
  return s.points[g][static_cast<std::size_t>(std::find(members.begin(), members.end(), static_cast<int>(access)) -
                                              members.begin())];
}

llvm::Value* RowEmitter::input(VectorEmitter& v_, Segment& s, std::size_t number, llvm::Value* i,
                               llvm::Value* mask) {
  if (s.fixed[number] != nullptr) return v_.repeated(s.fixed[number]);
  const StageCode::Input& what = s.code.inputs[number];
  const Place& place = s.loads[number];
  const bool is_load = what.kind == StageCode::Input::Kind::load;
  if (is_load && is_index(accesses_[what.number])) {
    // place.mask: how far the lanes of one register are apart.
    llvm::Type* integer = place.step->getType();
    llvm::Value* first = b.CreateAdd(b.CreateTrunc(place.pointer, integer), b.CreateMul(b.CreateTrunc(i, integer), place.step));
    std::vector<llvm::Value*> parts;
    for (int k = 0; k < v_.lanes / v.lanes; ++k)
      parts.push_back(b.CreateAdd(v.splat(first), place.numbers[static_cast<std::size_t>(k)]));
    return v_.joined(parts);
  }
  if (is_load && staging_.group_of[what.number] >= 0) return point(v_, s, number, i, mask);
  const DType dtype = is_load ? accesses_[what.number].dtype : types_[what.number];
  if (place.mask != nullptr) i = b.CreateAnd(i, place.mask);
  return v_.load(dtype, element(place.pointer, i, size_of(dtype)), m.target.avx512 && is_load ? mask : nullptr);
}

/// The code on the vector at i. `unrolled`: number of this copy in an unrolled reduction, whose accumulators are in
/// registers, or -1.
void RowEmitter::body(VectorEmitter& v_, Segment& s, llvm::Value* i, llvm::Value* mask, int unrolled) {
  std::vector<llvm::Value*> inputs;
  s.points.assign(staging_.groups.size(), {});
  for (std::size_t n = 0; n < s.code.inputs.size(); ++n) inputs.push_back(input(v_, s, n, i, mask));
  const std::vector<llvm::Value*> outputs = v_.emit(s.code.code, inputs, s.code.calls, s.known);
  store_values(v_, s, outputs, i, m.target.avx512 ? mask : nullptr);
  store_kept(v_, s, outputs, i);
  for (std::size_t r = 0; r < s.reductions.size(); ++r) {
    const Accumulators& a = s.reductions[r];
    llvm::Value* value = outputs[s.code.output(a.value)];
    llvm::Value* factor = a.factor ? outputs[s.code.output(*a.factor)] : nullptr;
    if (unrolled >= 0) {
      accumulate_in_registers(v_, s, r, value, factor, unrolled);
      continue;
    }
    llvm::Value* lane = b.CreateAnd(b.CreateAdd(s.position, i), b.getInt64(static_cast<std::uint64_t>(a.lanes - 1)));
    accumulate(v_, a, value, factor, lane, mask);
  }
}

/// Rows of scratch memory have room for a whole vector at their end.
void RowEmitter::store_kept(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i) {
  for (ValueId id : s.stage.kept) {
    const DType dtype = types_[index(id)];
    v_.store(dtype, outputs[s.code.output(id)], element(rows[index(id)], b.CreateAdd(s.position, i), size_of(dtype)));
  }
}

void RowEmitter::store_values(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i,
                              llvm::Value* mask) {
  if (s.streams == nullptr || mask != nullptr || s.stores.empty()) return store_values(v_, s, outputs, i, mask, false);
  // One loop for both, as its branch always goes the same way.
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::BasicBlock *past = m.block(f), *plain = m.block(f), *join = m.block(f);
  b.CreateCondBr(s.streams, past, plain);
  for (llvm::BasicBlock* block : {past, plain}) {
    b.SetInsertPoint(block);
    store_values(v_, s, outputs, i, nullptr, block == past);
    b.CreateBr(join);
  }
  b.SetInsertPoint(join);
}

void RowEmitter::store_values(VectorEmitter& v_, Segment& s, std::span<llvm::Value* const> outputs, llvm::Value* i,
                              llvm::Value* mask, bool streams) {
  std::vector<std::vector<llvm::Value*>> points(staging_.groups.size());
  for (std::size_t n = 0; n < s.stores.size(); ++n) {
    const program::Store& store = s.stage.stores[n];
    const DType dtype = accesses_[store.access].dtype;
    llvm::Value* value = outputs[s.code.output(store.value)];
    if (const int g = staging_.group_of[store.access]; g >= 0) {
      const auto& members = staging_.groups[static_cast<std::size_t>(g)].accesses;
      auto& values = points[static_cast<std::size_t>(g)];
      values.resize(members.size());
      const auto k = std::find(members.begin(), members.end(), static_cast<int>(store.access)) - members.begin();
      values[static_cast<std::size_t>(k)] = value;
      if (std::find(values.begin(), values.end(), nullptr) != values.end()) continue;
      llvm::Value* p = element(s.stores[n].pointer, b.CreateMul(i, b.getInt64(members.size())), size_of(dtype));
      store_interleaved(v_, dtype, values, p, mask == nullptr ? nullptr : b.CreateSub(s.count, i), streams);
      continue;
    }
    llvm::Value* p = element(s.stores[n].pointer, i, size_of(dtype));
    if (streams) {
      v_.stream(dtype, value, p);
    } else {
      v_.store(dtype, value, p, mask);
    }
  }
}

void RowEmitter::loop_over_whole(VectorEmitter& v_, Segment& s, llvm::Value* begin, llvm::Value* end) {
  Loop loop(b, begin, end);
  body(v_, s, loop.index(), nullptr, -1);
  loop.finish(v_.lanes);
}

/// One copy of a long body: the last elements take masked loads and stores in a branch. Masks that are always full would
/// make stores that miss the caches several times as slow.
void RowEmitter::one_loop(int vectors, Segment& s) {
  VectorEmitter several(m, b, vectors * v.lanes, v.lanes);
  if (stream_ != nullptr) s.streams = may_stream(s);
  Loop loop(b, b.getInt64(0), s.count);
  llvm::Value* i = loop.index();
  llvm::Value* rest = b.CreateSub(s.count, i);
  llvm::Value* ends = b.CreateICmpSLT(rest, b.getInt64(static_cast<std::uint64_t>(several.lanes)));
  const auto either = [&](auto&& with_mask) {
    llvm::Function* f = b.GetInsertBlock()->getParent();
    llvm::BasicBlock *last = m.block(f), *whole = m.block(f), *join = m.block(f);
    b.CreateCondBr(ends, last, whole, llvm::MDBuilder(m.context).createBranchWeights(1, 64));
    b.SetInsertPoint(last);
    with_mask(several.first_lanes(rest));
    b.CreateBr(join);
    last = b.GetInsertBlock();
    b.SetInsertPoint(whole);
    with_mask(nullptr);
    b.CreateBr(join);
    whole = b.GetInsertBlock();
    b.SetInsertPoint(join);
    return std::pair(last, whole);
  };
  std::vector<llvm::Value*> inputs(s.code.inputs.size());
  std::vector<std::size_t> loads;
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    const StageCode::Input& what = s.code.inputs[n];
    if (what.kind == StageCode::Input::Kind::load && s.fixed[n] == nullptr && !is_index(accesses_[what.number])) {
      loads.push_back(n);
    } else {
      inputs[n] = input(several, s, n, i, nullptr);
    }
  }
  std::vector<llvm::Value*> loaded;  // first with a mask
  const auto [last, whole] = either([&](llvm::Value* mask) {
    for (std::size_t n : loads) loaded.push_back(input(several, s, n, i, mask));
  });
  for (std::size_t k = 0; k < loads.size(); ++k) {
    llvm::PHINode* phi = b.CreatePHI(loaded[k]->getType(), 2);
    phi->addIncoming(loaded[k], last);
    phi->addIncoming(loaded[k + loads.size()], whole);
    inputs[loads[k]] = phi;
  }
  const std::vector<llvm::Value*> outputs = several.emit(s.code.code, inputs, s.code.calls, s.known);
  either([&](llvm::Value* mask) { store_values(several, s, outputs, i, mask); });
  store_kept(several, s, outputs, i);
  loop.finish(several.lanes);
}

/// A body's chain of dependent operations takes longer than a processor can look ahead, so several vectors take turns.
/// Longer bodies gain less and cost more time to compile.
int RowEmitter::vectors_at_once(const Segment& s) const {
  const std::vector<machine::Inst>& insts = s.code.code.insts;
  const auto is_work = [](const machine::Inst& inst) {
    return inst.op != machine::Op::constant && inst.op != machine::Op::input;
  };
  auto work = std::count_if(insts.begin(), insts.end(), is_work);
  // Numbers of elements are made from one for all vectors.
  const bool counts = std::any_of(s.code.inputs.begin(), s.code.inputs.end(), [&](const StageCode::Input& input) {
    const bool is_load = input.kind == StageCode::Input::Kind::load;
    return is_load && is_index(accesses_[input.number]) && !stands_still(static_cast<int>(input.number));
  });
  if (counts) work = std::max(work, least_taking_turns);
  if (!m.target.fma || !s.code.calls.empty() || work < least_taking_turns || work > most_taking_turns) return 1;
  int vectors = work > most_taking_long_turns ? 2 : most_vectors;
  for (const Accumulators& a : s.reductions) vectors = std::min(vectors, a.lanes / v.lanes);
  return vectors;
}

void RowEmitter::emit_segment(Segment& s) {
  place_inputs(s);
  find_known(s);
  place_stores(s);
  llvm::Value* begin = b.getInt64(0);
  const auto whole_from = [&](llvm::Value* first, int lanes) {
    llvm::Value* rest = b.CreateSub(s.count, first);
    return b.CreateAdd(first, b.CreateAnd(rest, b.getInt64(static_cast<std::uint64_t>(-lanes))));
  };
  const bool reduces = !s.reductions.empty();
  const bool masks = m.target.avx512 || reduces;
  const bool small = s.code.code.insts.size() <= small_body;
  int vectors = vectors_at_once(s);
  std::optional<Pipeline> pipeline;
  if (vectors > 1 && pipelines) {
    pipeline = plan(s);
    if (pipeline->stages > 1) vectors = pipeline->vectors;
  }
  if (reduces) {
    const bool in_turns = !pipeline || pipeline->stages <= 1;
    VectorEmitter several(m, b, (in_turns ? vectors : 1) * v.lanes, v.lanes);
    unrolled_reduction(several, s, begin);
  }
  // Masks of whole points cost several operations for each register of them.
  const bool points = !staging_.groups.empty();
  const bool pipelined = pipeline && pipeline->stages > 1;
  if (m.target.avx512 && !small && !reduces && !points && !pipelined) {
    one_loop(vectors, s);
    scatter_stores(s);
    return;
  }
  if (pipelined && may_overlap(s)) {
    VectorEmitter several(m, b, vectors * v.lanes, v.lanes);
    pipelined_to_the_end(several, s, *pipeline);
    scatter_stores(s);
    return;
  }
  if (vectors > 1 || pipelined || (masks && ((small && !reduces) || points))) {
    VectorEmitter several(m, b, vectors * v.lanes, v.lanes);
    llvm::Value* end = whole_from(begin, several.lanes);
    if (pipelined && masks && !reduces) {
      llvm::Value* least = b.getInt64(static_cast<std::uint64_t>(least_pipelined * several.lanes));
      end = b.CreateSelect(b.CreateICmpSLT(s.count, least), begin, end);
    }
    if (stream_ != nullptr) s.streams = may_stream(s);
    if (pipelined) {
      pipelined_loop(several, s, *pipeline, begin, end);
    } else {
      loop_over_whole(several, s, begin, end);
    }
    s.streams = nullptr;
    begin = end;
  }
  if (vectors == 1 && masks && small && !reduces) {
    emit_if(b, b.CreateICmpSLT(begin, s.count),
            [&] { body(v, s, begin, v.first_lanes(b.CreateSub(s.count, begin)), -1); });
  } else {
    Loop loop(b, begin, s.count);
    body(v, s, loop.index(), masks ? v.first_lanes(b.CreateSub(s.count, loop.index())) : nullptr, -1);
    loop.finish(v.lanes);
  }
  scatter_stores(s);
}

}  // namespace actinium::jit
