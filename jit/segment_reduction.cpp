// Reductions of a segment: accumulators in memory, and in registers over whole sets of lanes. Start reading at
// RowEmitter::unrolled_reduction.
#include <algorithm>
#include <numeric>

#include "jit/segment.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

using machine::Type;

namespace {

/// Copies of a small body that a reduction is unrolled to have at most this many instructions in all: more would cost
/// compile time and bring nothing.
constexpr std::size_t unrolled_body = 160;

/// A choice between x and 0 as one between x and -0, which makes one addition with a mask of it: sums begin with +0 and
/// are never -0.
llvm::Value* with_identity(VectorEmitter& v, llvm::Value* value) {
  auto* choice = llvm::dyn_cast<llvm::SelectInst>(value);
  if (choice == nullptr || !value->getType()->isFPOrFPVectorTy()) return value;
  auto* zero = llvm::dyn_cast<llvm::Constant>(choice->getFalseValue());
  if (zero == nullptr || !zero->isZeroValue()) return value;
  llvm::Constant* identity = llvm::ConstantFP::get(value->getType(), -0.0);
  return v.b.CreateSelect(choice->getCondition(), choice->getTrueValue(), identity);
}

llvm::Value* combined(VectorEmitter& v, const Accumulators& a, llvm::Value* total, llvm::Value* value,
                      llvm::Value* factor) {
  if (factor != nullptr) return v.muladd(a.dtype, value, factor, total);
  if (a.combine == program::Combine::sum) value = with_identity(v, value);
  return emit_combine(v, a.combine, a.dtype, total, value);
}

}  // namespace

void RowEmitter::accumulate(VectorEmitter& v_, const Accumulators& a, llvm::Value* value, llvm::Value* factor,
                            llvm::Value* lane, llvm::Value* mask) {
  llvm::Value* p = element(a.memory, lane, size_of(a.dtype));
  // Other lanes combine with the identity, which changes nothing: LLVM would make a masked store of a choice between
  // totals, and what reads that next waits until it has reached the cache. (0 * 0 is added to a sum, which is never -0.)
  const auto masked = [&](llvm::Value* x, std::uint64_t other) {
    return mask == nullptr ? x : b.CreateSelect(mask, x, v_.constant(machine::type_of(a.dtype), other));
  };
  value = masked(value, identity_bits(a.combine, a.dtype));
  if (factor != nullptr) factor = masked(factor, 0);
  v_.store(a.dtype, combined(v_, a, v_.load(a.dtype, p), value, factor), p);
}

/// Adds an element to the accumulators that copy number `copy` of an unrolled body has in registers.
void RowEmitter::accumulate_in_registers(VectorEmitter& v_, Segment& s, std::size_t reduction, llvm::Value* value,
                                         llvm::Value* factor, int copy) {
  const Accumulators& a = s.reductions[reduction];
  auto& registers = s.registers[reduction];
  llvm::Value*& total = registers[static_cast<std::size_t>(copy) % registers.size()];
  llvm::Value*& greatest = s.greatest[reduction];
  total = greatest == nullptr ? combined(v_, a, total, value, factor)
                              : combined_beside_nan(v_, a, total, value, greatest);
}

llvm::Value* RowEmitter::combined_beside_nan(VectorEmitter& v_, const Accumulators& a, llvm::Value* total,
                                             llvm::Value* value, llvm::Value*& greatest) {
  for (int k = 0; k < v_.lanes; k += v.lanes) {
    std::vector<int> numbers(static_cast<std::size_t>(v.lanes));
    std::iota(numbers.begin(), numbers.end(), k);
    llvm::Value* bits = b.CreateBitCast(b.CreateShuffleVector(value, numbers), greatest->getType());
    greatest = b.CreateBinaryIntrinsic(llvm::Intrinsic::umax, greatest, b.CreateAdd(bits, bits));
  }
  const bool is_max = a.combine == program::Combine::max;
  llvm::Value* better = is_max ? b.CreateFCmpOGT(value, total) : b.CreateFCmpOLT(value, total);
  return b.CreateSelect(better, value, total);
}

/// Reductions run with all accumulators in registers over whole sets of lanes, if the copies of the body for that are
/// small or one. Moves `begin` behind what that covered.
void RowEmitter::unrolled_reduction(VectorEmitter& v_, Segment& s, llvm::Value*& begin) {
  int lanes = 0;
  for (const Accumulators& a : s.reductions) lanes = std::max(lanes, a.lanes);
  const int copies = lanes / v_.lanes;
  const std::size_t size = s.code.code.insts.size() + s.code.inputs.size() + 2 * s.reductions.size();
  if (copies > 1 && copies * size > unrolled_body) return;
  llvm::Value* end = b.CreateAnd(s.count, b.getInt64(static_cast<std::uint64_t>(-lanes)));
  emit_if(b, b.CreateICmpSGT(end, b.getInt64(0)), [&] {
    std::vector<std::vector<llvm::Value*>> initial(s.reductions.size());
    const auto memory = [&](const Accumulators& a, std::size_t k) {
      return element(a.memory, b.getInt64(k * static_cast<std::size_t>(v_.lanes)), size_of(a.dtype));
    };
    for (std::size_t r = 0; r < s.reductions.size(); ++r) {
      const Accumulators& a = s.reductions[r];
      for (int k = 0; k < a.lanes / v_.lanes; ++k)
        initial[r].push_back(v_.load(a.dtype, memory(a, static_cast<std::size_t>(k))));
    }
    Loop loop(b, b.getInt64(0), end, /*skippable=*/false);
    std::vector<std::vector<llvm::PHINode*>> carried(s.reductions.size());
    std::vector<llvm::PHINode*> greatest(s.reductions.size());
    s.registers.assign(s.reductions.size(), {});
    s.greatest.assign(s.reductions.size(), nullptr);
    for (std::size_t r = 0; r < s.reductions.size(); ++r) {
      const Accumulators& a = s.reductions[r];
      const bool extreme = a.combine == program::Combine::max || a.combine == program::Combine::min;
      if (extreme && a.one_result && m.target.avx512 && machine::is_float(machine::type_of(a.dtype))) {
        greatest[r] = loop.carry(v.constant(machine::integer_of(machine::type_of(a.dtype)), 0));
        s.greatest[r] = greatest[r];
      }
      for (llvm::Value* value : initial[r]) {
        carried[r].push_back(loop.carry(value));
        s.registers[r].push_back(carried[r].back());
      }
    }
    for (int k = 0; k < copies; ++k)
      body(v_, s, b.CreateAdd(loop.index(), b.getInt64(static_cast<std::uint64_t>(k * v_.lanes))), nullptr, k);
    for (std::size_t r = 0; r < s.reductions.size(); ++r) {
      for (std::size_t k = 0; k < carried[r].size(); ++k) loop.next(carried[r][k], s.registers[r][k]);
      if (greatest[r] != nullptr) loop.next(greatest[r], s.greatest[r]);
    }
    loop.finish(lanes);
    for (std::size_t r = 0; r < s.reductions.size(); ++r) {
      for (std::size_t k = 0; k < carried[r].size(); ++k)
        v_.store(s.reductions[r].dtype, loop.result(carried[r][k]), memory(s.reductions[r], k));
      if (greatest[r] == nullptr) continue;
      const Type type = machine::type_of(s.reductions[r].dtype);
      llvm::Value* infinity = v.constant(machine::integer_of(type), 2 * identity_bits(program::Combine::min, s.reductions[r].dtype));
      emit_if(b, b.CreateOrReduce(b.CreateICmpUGT(loop.result(greatest[r]), infinity)), [&] {
        b.CreateStore(llvm::ConstantFP::getNaN(v.scalar_type(type)), s.reductions[r].memory);
      });
    }
  });
  begin = end;
}

}  // namespace actinium::jit
