// Elements of arrays by number. A run of elements is one vector; the same element in all lanes comes from memory, which
// broadcasts for nothing; what is the same in all steps is put together once, before the loop.
#include "jit/step_arrays.hpp"

#include <algorithm>

#include "actinium/error.h"
#include "jit/support.hpp"

namespace actinium::jit {

using program::BufferId;

namespace {

bool is_run(std::span<const std::int64_t> elements, int used) {
  for (int i = 1; i < used; ++i)
    if (elements[static_cast<std::size_t>(i)] != elements[0] + i) return false;
  return true;
}
bool is_one(std::span<const std::int64_t> elements, int used) {
  return std::all_of(elements.begin(), elements.begin() + used, [&](std::int64_t e) { return e == elements[0]; });
}

}  // namespace

llvm::Constant* lanes_below(llvm::LLVMContext& context, int used, int width) {
  std::vector<llvm::Constant*> lanes;
  for (int i = 0; i < width; ++i) lanes.push_back(llvm::ConstantInt::getBool(context, i < used));
  return llvm::ConstantVector::get(lanes);
}

// --- Before the loop ---

void LoopRoom::begin_loop(int registers) {
  registers_ = registers;
  llvm::Function* f = b_.GetInsertBlock()->getParent();
  for (llvm::Instruction** end : {&packing_, &loads_}) {
    llvm::BasicBlock* block = m_.block(f);
    b_.CreateBr(block);
    b_.SetInsertPoint(block);
    llvm::BasicBlock* behind = m_.block(f);
    *end = b_.CreateBr(behind);
    b_.SetInsertPoint(behind);
  }
}

void LoopRoom::finish_loop() {
  const llvm::IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(packing_);
  for (const Packed& p : packed_) call_pack(m_, b_, memory_, p.from, p.rows, size_of(p.dtype));
  packed_.clear();
}

bool LoopRoom::take_registers(int count) {
  if (registers_ < count) return false;
  registers_ -= count;
  return true;
}

std::int64_t LoopRoom::pack(const StepArray& a, std::span<const std::int64_t> elements) {
  const auto size = static_cast<std::int64_t>(size_of(a.dtype));
  const std::int64_t to = allocate(static_cast<std::int64_t>(elements.size()) * size);
  auto found = std::find_if(packed_.begin(), packed_.end(), [&](const Packed& p) { return p.from == a.memory; });
  if (found == packed_.end()) found = packed_.insert(packed_.end(), {a.dtype, a.memory, {}});
  // Rows of elements that are equally far from each other.
  for (std::size_t i = 0; i < elements.size();) {
    const std::int64_t step = i + 1 < elements.size() ? elements[i + 1] - elements[i] : 0;
    std::size_t end = i + 1;
    while (end < elements.size() && elements[end] - elements[end - 1] == step) ++end;
    for (const std::int64_t number :
         {to + static_cast<std::int64_t>(i) * size, elements[i], step, static_cast<std::int64_t>(end - i)})
      found->rows.push_back(number);
    i = end;
  }
  return to;
}

// --- Memory ---

llvm::Value* ArrayMemory::address(std::int64_t element) const {
  return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), memory,
                                      static_cast<std::uint64_t>(element * static_cast<std::int64_t>(size_of(dtype))));
}

llvm::Value* ArrayMemory::scalar(std::int64_t element) const {
  return VectorEmitter(m, b, 1).load_scalar(dtype, address(element));
}

llvm::Value* ArrayMemory::load(std::int64_t first, int width, int used) const {
  VectorEmitter v(m, b, width);
  if (used == width || (padded >= 0 && first % width == 0)) return v.load(dtype, address(first));
  if (!m.target.avx512) {
    llvm::Value* value = v.splat(scalar(first));
    for (int i = 1; i < used; ++i)
      value = b.CreateInsertElement(value, scalar(first + i), static_cast<std::uint64_t>(i));
    return value;
  }
  std::vector<int> lanes;
  for (int i = 0; i < width; ++i) lanes.push_back(i < used ? i : 0);
  return b.CreateShuffleVector(v.load(dtype, address(first), lanes_below(m.context, used, width)), lanes);
}

void ArrayMemory::store(std::int64_t first, int used, llvm::Value* value) const {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  const int width = type == nullptr ? 1 : static_cast<int>(type->getNumElements());
  VectorEmitter v(m, b, width);
  if (used == width || (first + used == padded && first % width == 0)) return v.store(dtype, value, address(first));
  if (m.target.avx512) return v.store(dtype, value, address(first), lanes_below(m.context, used, width));
  VectorEmitter one(m, b, 1);
  for (int i = 0; i < used; ++i)
    one.store(dtype, b.CreateExtractElement(value, static_cast<std::uint64_t>(i)), address(first + i));
}

std::vector<llvm::Value*> ArrayMemory::load_parts(std::int64_t count, int width) const {
  std::vector<llvm::Value*> parts;
  for (std::int64_t at = 0; at < count; at += width)
    parts.push_back(width == 1 ? scalar(at)
                               : load(at, width, static_cast<int>(std::min<std::int64_t>(width, count - at))));
  return parts;
}

void ArrayMemory::store_parts(const StepArray& a) const {
  for (std::size_t i = 0; i < a.parts.size(); ++i) {
    if (a.parts[i] == nullptr) throw InternalError("jit: an array of a step is not written as a whole");
    const std::int64_t first = static_cast<std::int64_t>(i) * a.width;
    store(first, static_cast<int>(std::min<std::int64_t>(a.width, a.count - first)), a.parts[i]);
  }
}

// --- Arrays ---

StepArrays::StepArrays(ModuleEmitter& m, llvm::IRBuilder<>& b, LoopRoom& room, const StepPlan& plan)
    : m_(m), b_(b), room_(room), plan_(plan), arrays_(plan.program().buffers.size()) {
  for (std::uint32_t i = 0; i < arrays_.size(); ++i) {
    const program::Buffer& buffer = plan.program().buffers[i];
    StepArray& a = arrays_[i];
    a.dtype = buffer.dtype;
    a.count = plan.count(BufferId{i});
    if (buffer.kind == program::Buffer::Kind::input) continue;
    if (buffer.kind == program::Buffer::Kind::constant) {
      const llvm::StringRef bytes(static_cast<const char*>(buffer.data.get()),
                                  static_cast<std::size_t>(a.count) * size_of(a.dtype));
      a.memory = m.global(llvm::ConstantDataArray::getString(m.context, bytes, false), llvm::Align(64));
      a.invariant = true;
      continue;
    }
    a.width = plan.register_width(BufferId{i});
    if (a.width > 0) a.parts.assign(static_cast<std::size_t>((a.count + a.width - 1) / a.width), nullptr);
  }
}

llvm::Value* StepArrays::scalar(const StepArray& a, std::int64_t element) {
  if (a.width == 0) return memory_of(a).scalar(element);
  llvm::Value* part = a.parts[static_cast<std::size_t>(element / a.width)];
  if (part == nullptr) throw InternalError("jit: an element of a step is read before it is written");
  return a.width == 1 ? part : b_.CreateExtractElement(part, static_cast<std::uint64_t>(element % a.width));
}

llvm::Value* StepArrays::take(BufferId id, std::span<const std::int64_t> elements, int used) {
  // Lanes that are not wanted may hold anything: not what another list that goes on in the same way wants.
  Key key{program::index(id), {elements.begin(), elements.begin() + used}};
  key.second.resize(elements.size(), elements[0]);
  key.second.push_back(used);
  if (const auto found = taken_.find(key); found != taken_.end()) return found->second;
  StepArray& a = (*this)[id];
  llvm::Value* value = a.invariant            ? invariant(a, key, used)
                       : elements.size() == 1 ? scalar(a, elements[0])
                                              : gather(a, elements, used);
  taken_.emplace(std::move(key), value);
  return value;
}

/// From registers as long as there are any; else from memory: as it lies, if that is a vector or one element, else
/// packed before.
llvm::Value* StepArrays::invariant(StepArray& a, const Key& key, int used) {
  const std::span<const std::int64_t> elements(key.second.data(), key.second.size() - 1);
  const auto width = static_cast<int>(elements.size());
  VectorEmitter v(m_, b_, width);
  auto [at, is_new] = kept_.emplace(key, Kept{});
  Kept& kept = at->second;
  const auto load = [&] {
    if (kept.packed >= 0) return v.load(a.dtype, room_.address(kept.packed));
    return width == 1 ? scalar(a, elements[0]) : gather(a, elements, used);
  };
  if (is_new) {
    const bool direct = is_one(elements, used) || (is_run(elements, used) && used == width);
    if (!direct) kept.packed = room_.pack(a, elements);
    const auto bits = static_cast<int>(static_cast<std::size_t>(width) * size_of(a.dtype) * 8);
    if (room_.take_registers(std::max(1, bits / m_.target.vector_bits))) room_.before([&] { kept.value = load(); });
  }
  return kept.value != nullptr ? kept.value : load();
}

llvm::Value* StepArrays::gather(StepArray& a, std::span<const std::int64_t> elements, int used) {
  const auto width = static_cast<int>(elements.size());
  const std::int64_t first = elements[0];
  if (is_one(elements, used)) {
    if (a.width > 1) place(a);
    return VectorEmitter(m_, b_, width).splat(a.memory != nullptr ? memory_of(a).scalar(first) : scalar(a, first));
  }
  const bool together = is_run(elements, used);
  if (a.width == width && together && first % width == 0) {
    llvm::Value* part = a.parts[static_cast<std::size_t>(first / width)];
    if (part == nullptr) throw InternalError("jit: a part of a step's array is read before it is written");
    return part;
  }
  if (a.memory != nullptr && together) return memory_of(a).load(first, width, used);
  if (a.width == width) {
    std::vector<std::int64_t> parts;
    for (const std::int64_t e : elements)
      if (std::find(parts.begin(), parts.end(), e / width) == parts.end()) parts.push_back(e / width);
    if (parts.size() <= 2) {
      std::vector<int> mask;
      for (const std::int64_t e : elements)
        mask.push_back(static_cast<int>(e % width) + (e / width == parts[0] ? 0 : width));
      return b_.CreateShuffleVector(a.parts[static_cast<std::size_t>(parts.front())],
                                    a.parts[static_cast<std::size_t>(parts.back())], mask);
    }
  }
  return one_by_one(a, elements, used);
}

llvm::Value* StepArrays::one_by_one(const StepArray& a, std::span<const std::int64_t> elements, int used) {
  llvm::Value* value = VectorEmitter(m_, b_, static_cast<int>(elements.size())).splat(scalar(a, elements[0]));
  for (int i = 1; i < used; ++i)
    value =
        b_.CreateInsertElement(value, scalar(a, elements[static_cast<std::size_t>(i)]), static_cast<std::uint64_t>(i));
  return value;
}

void StepArrays::place(StepArray& a) {
  if (a.memory != nullptr) return;
  a.memory = room_.address(room_.allocate(static_cast<std::int64_t>(a.parts.size()) * a.width *
                                          static_cast<std::int64_t>(size_of(a.dtype))));
  a.padded = true;
  memory_of(a).store_parts(a);
}

ArrayMemory StepArrays::moved(const StepArray& a, std::span<const Rolled> loops) {
  llvm::Value* memory = a.memory;
  if (memory == nullptr) throw InternalError("jit: a loop of a step moves in an array that is in registers");
  for (const Rolled& r : loops) {
    const std::int64_t bytes = r.step * static_cast<std::int64_t>(size_of(a.dtype));
    memory =
        b_.CreateGEP(b_.getInt8Ty(), memory, b_.CreateMul(r.index, b_.getInt64(static_cast<std::uint64_t>(bytes))));
  }
  return {m_, b_, a.dtype, memory};
}

llvm::Value* StepArrays::take(BufferId id, std::span<const std::int64_t> elements, int used,
                              std::span<const Rolled> loops) {
  std::vector<Rolled> moving;
  for (const Rolled& r : loops)
    if (r.step != 0) moving.push_back(r);
  if (moving.empty()) return take(id, elements, used);
  const StepArray& a = (*this)[id];
  const auto width = static_cast<int>(elements.size());
  VectorEmitter v(m_, b_, width);
  if (is_one(elements, used)) return v.splat(moved(a, moving).scalar(elements[0]));
  if (is_run(elements, used)) return moved(a, moving).load(elements[0], width, used);
  if (!a.invariant) {
    const ArrayMemory memory = moved(a, moving);
    llvm::Value* value = v.splat(memory.scalar(elements[0]));
    for (int i = 1; i < used; ++i)
      value = b_.CreateInsertElement(value, memory.scalar(elements[static_cast<std::size_t>(i)]),
                                     static_cast<std::uint64_t>(i));
    return value;
  }
  // Packed before, a vector for each iteration.
  std::vector<std::int64_t> form{used}, all(elements.begin(), elements.begin() + used);
  all.resize(elements.size(), elements[0]);
  for (const Rolled& r : moving) form.push_back(r.extent), form.push_back(r.step);
  const auto [found, is_new] = packed_.try_emplace({{program::index(id), all}, form}, 0);
  const std::vector<std::int64_t> one = all;
  if (is_new) {
    std::vector<std::int64_t> list{0};  // what the loops add, iteration by iteration
    for (const Rolled& r : moving) {
      std::vector<std::int64_t> longer;
      for (const std::int64_t offset : list)
        for (std::int64_t i = 0; i < r.extent; ++i) longer.push_back(offset + i * r.step);
      list = std::move(longer);
    }
    all.clear();
    for (const std::int64_t offset : list)
      for (const std::int64_t e : one) all.push_back(offset + e);
    found->second = room_.pack(a, all);
  }
  llvm::Value* number = b_.getInt64(0);
  for (const Rolled& r : moving)
    number = b_.CreateAdd(b_.CreateMul(number, b_.getInt64(static_cast<std::uint64_t>(r.extent))), r.index);
  const auto bytes = static_cast<std::uint64_t>(width) * size_of(a.dtype);
  return v.load(a.dtype,
                b_.CreateGEP(b_.getInt8Ty(), room_.address(found->second), b_.CreateMul(number, b_.getInt64(bytes))));
}

void StepArrays::put(BufferId id, std::span<const std::int64_t> elements, int used, std::span<const Rolled> loops,
                     llvm::Value* value) {
  if (loops.empty()) return put(id, elements, used, value);
  const ArrayMemory memory = moved((*this)[id], loops);
  const auto width = static_cast<int>(elements.size());
  if (is_run(elements, used)) return memory.store(elements[0], used, value);
  VectorEmitter one(m_, b_, 1);
  for (int i = 0; i < used; ++i)
    one.store(memory.dtype, width == 1 ? value : b_.CreateExtractElement(value, static_cast<std::uint64_t>(i)),
              memory.address(elements[static_cast<std::size_t>(i)]));
}

void StepArrays::put(BufferId id, std::span<const std::int64_t> elements, int used, llvm::Value* value) {
  StepArray& a = (*this)[id];
  const auto width = static_cast<int>(elements.size());
  if (a.width > 1 || (a.width == 1 && width == 1)) {
    if (a.width != width || elements[0] % width != 0 || !is_run(elements, used))
      throw InternalError("jit: a step's array is not written in its parts");
    a.parts[static_cast<std::size_t>(elements[0] / width)] = value;
    return;
  }
  const auto lane = [&](int i) {
    return width == 1 ? value : b_.CreateExtractElement(value, static_cast<std::uint64_t>(i));
  };
  if (a.width == 1) {
    for (int i = 0; i < used; ++i) a.parts[static_cast<std::size_t>(elements[static_cast<std::size_t>(i)])] = lane(i);
    return;
  }
  const ArrayMemory memory = memory_of(a);
  if (is_run(elements, used)) return memory.store(elements[0], used, value);
  VectorEmitter one(m_, b_, 1);
  for (int i = 0; i < used; ++i) one.store(a.dtype, lane(i), memory.address(elements[static_cast<std::size_t>(i)]));
}

}  // namespace actinium::jit
