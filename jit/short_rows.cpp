// Code of LoopKernels of several stages whose rows fit one vector, row by row: a row stays in registers from its first
// stage to its last, the shortest chain for a single one (rows_in_lanes.cpp has many). Start reading at
// ShortRowEmitter::row.
#include <algorithm>
#include <bit>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/kernel.hpp"
#include "jit/machine_emitter.hpp"
#include "jit/reduction.hpp"
#include "jit/segment.hpp"

namespace actinium::jit {

using program::Access;
using program::LoopKernel;
using program::Stage;
using program::ValueId;

namespace {

class ShortRowEmitter {
 public:
  ShortRowEmitter(ModuleEmitter& m, const LoopKernel& kernel)
      : m_(m),
        kernel_(kernel),
        count_(kernel.inner.constant()),
        b_(m.context),
        v_(m, b_, vector_lanes(m.target, kernel.values)),
        values_(kernel.values.size()) {
    for (std::size_t i = 0; i < kernel.stages.size(); ++i) {
      codes_.push_back(lower_stage(kernel.stages[i], kernel.values, used_later(kernel, i), Calls::in_long_code));
    }
  }

  EmittedKernel emit(const std::string& symbol) {
    llvm::Function* f = m_.kernel_function(symbol, b_);
    const ArgsView args(m_, b_, f->getArg(0));
    const int rank = static_cast<int>(kernel_.outer.size());
    std::vector<llvm::Value*> extents;
    for (int d = 0; d < rank; ++d) extents.push_back(args.extent(b_, d));
    for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) {
      pointers_.push_back(args.pointer(b_, static_cast<int>(a)));
      strides_.emplace_back();
      for (int d = 0; d <= rank; ++d) strides_.back().push_back(args.stride(b_, static_cast<int>(a) * (rank + 1) + d));
    }
    mask_ = mask();
    for_each_task(m_, b_, f->getArg(1), f->getArg(2), extents, nullptr,
                  [&](llvm::Value*, auto indices, llvm::Value*) { row(indices); });
    b_.CreateRetVoid();
    EmittedKernel result;
    result.main = symbol;
    return result;
  }

 private:
  ModuleEmitter& m_;
  const LoopKernel& kernel_;
  const std::int64_t count_;
  llvm::IRBuilder<> b_;
  VectorEmitter v_;
  std::vector<StageCode> codes_;
  std::vector<llvm::Value*> pointers_;              ///< by access
  std::vector<std::vector<llvm::Value*>> strides_;  ///< by access and dimension
  std::vector<llvm::Value*> values_;                ///< vectors, by ValueId
  llvm::Constant* mask_ = nullptr;                  ///< lanes that are elements
  // Of the row being emitted:
  std::vector<llvm::Value*> address_;  ///< of element 0 of each access; of an index its number there
  std::vector<llvm::Value*> loaded_;   ///< by access: what an earlier stage loaded of memory that no stage writes

  llvm::Constant* mask() const {
    std::vector<llvm::Constant*> lanes;
    for (std::int64_t i = 0; i < v_.lanes; ++i) lanes.push_back(llvm::ConstantInt::getBool(m_.context, i < count_));
    return llvm::ConstantVector::get(lanes);
  }
  bool is_index(std::size_t access) const { return kernel_.accesses[access].buffer == program::no_buffer; }
  bool stands_still(std::size_t access) const { return kernel_.accesses[access].dims.back().axis < 0; }

  void row(std::span<llvm::Value* const> indices) {
    address_.clear();
    for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) address_.push_back(begin_of_row(a, indices));
    loaded_.assign(kernel_.accesses.size(), nullptr);
    for (std::size_t i = 0; i < kernel_.stages.size(); ++i) stage(kernel_.stages[i], codes_[i]);
  }

  llvm::Value* begin_of_row(std::size_t a, std::span<llvm::Value* const> indices) {
    llvm::Value* offset = b_.getInt64(0);
    for (std::size_t d = 0; d < indices.size(); ++d) {
      if (is_index(a) || kernel_.accesses[a].dims[d].axis >= 0)
        offset = b_.CreateAdd(offset, b_.CreateMul(indices[d], strides_[a][d]));
    }
    if (is_index(a)) return b_.CreateAdd(b_.CreatePtrToInt(pointers_[a], b_.getInt64Ty()), offset);
    return b_.CreateGEP(v_.scalar_type(machine::type_of(kernel_.accesses[a].dtype)), pointers_[a], offset);
  }

  void stage(const Stage& s, const StageCode& code) {
    std::vector<llvm::Value*> inputs;
    for (const StageCode::Input& input : code.inputs) {
      inputs.push_back(input.kind == StageCode::Input::Kind::value ? values_[input.number]
                                                                   : load(input.number, s.once));
      if (inputs.back() == nullptr) throw InternalError("jit: a stage uses a value that none before it gives");
    }
    const std::vector<llvm::Value*> outputs = v_.emit(code.code, inputs, code.calls);
    for (std::size_t i = 0; i < outputs.size(); ++i) values_[index(code.outputs[i])] = outputs[i];
    for (const program::Store& store : s.stores) {
      llvm::Value* value = outputs[code.output(store.value)];
      if (s.once) {
        v_.store_lane0(kernel_.accesses[store.access].dtype, value, address_[store.access]);
      } else {
        this->store(store.access, value);
      }
    }
    for (const program::Reduction& r : s.reductions) {
      const DType dtype = kernel_.values[index(r.value)];
      llvm::Value* x = outputs[code.output(r.value)];
      if (r.factor) x = v_.muladd(dtype, x, outputs[code.output(*r.factor)], v_.constant(machine::type_of(dtype), 0));
      values_[index(r.result)] = reduce(r.combine, dtype, x);
    }
  }

  // --- Memory: strides are known at run time only; those that are 1 take a masked vector ---

  llvm::Value* load(std::size_t a, bool once) {
    if (loaded_[a] != nullptr) return loaded_[a];
    const Access& access = kernel_.accesses[a];
    if (is_index(a)) {
      llvm::Value* first = v_.splat(address_[a]);
      if (once) return first;
      llvm::Value* steps = b_.CreateMul(v_.lane_numbers(machine::Type::i64), v_.splat(strides_[a].back()));
      return loaded_[a] = b_.CreateAdd(first, steps);
    }
    if (once || stands_still(a)) return loaded_[a] = v_.splat(v_.load_scalar(access.dtype, address_[a]));
    llvm::Value *near = nullptr, *far = nullptr;
    llvm::BasicBlock *near_end = nullptr, *far_end = nullptr;
    by_stride(
        a, [&] { near = v_.load(access.dtype, address_[a], mask_), near_end = b_.GetInsertBlock(); },
        [&] {
          auto* type = llvm::cast<llvm::FixedVectorType>(v_.type(machine::type_of(access.dtype)));
          far = b_.CreateMaskedGather(type, elements(a), llvm::Align(size_of(access.dtype)), mask_,
                                      llvm::Constant::getNullValue(type));
          far_end = b_.GetInsertBlock();
        });
    llvm::PHINode* value = b_.CreatePHI(near->getType(), 2);
    value->addIncoming(near, near_end);
    value->addIncoming(far, far_end);
    return loaded_[a] = value;
  }

  void store(std::size_t a, llvm::Value* value) {
    const DType dtype = kernel_.accesses[a].dtype;
    by_stride(
        a, [&] { v_.store(dtype, value, address_[a], mask_); },
        [&] { b_.CreateMaskedScatter(value, elements(a), llvm::Align(size_of(dtype)), mask_); });
  }

  llvm::Value* elements(std::size_t a) {
    llvm::Value* offsets = b_.CreateMul(v_.lane_numbers(machine::Type::i64), v_.splat(strides_[a].back()));
    return b_.CreateGEP(v_.scalar_type(machine::type_of(kernel_.accesses[a].dtype)), address_[a], offsets);
  }

  template <class Near, class Far>
  void by_stride(std::size_t a, Near&& near, Far&& far) {
    llvm::Function* f = b_.GetInsertBlock()->getParent();
    llvm::BasicBlock *side_by_side = m_.block(f), *apart = m_.block(f), *join = m_.block(f);
    b_.CreateCondBr(b_.CreateICmpEQ(strides_[a].back(), b_.getInt64(1)), side_by_side, apart);
    b_.SetInsertPoint(side_by_side);
    near();
    b_.CreateBr(join);
    b_.SetInsertPoint(apart);
    far();
    b_.CreateBr(join);
    b_.SetInsertPoint(join);
  }

  // --- Reductions ---

  /// The tree of program.hpp, begun where the lanes above hold nothing but identities. In every lane.
  llvm::Value* reduce(program::Combine combine, DType dtype, llvm::Value* value) {
    llvm::Value* identity = v_.constant(machine::type_of(dtype), identity_bits(combine, dtype));
    llvm::Value* total = b_.CreateSelect(mask_, emit_combine(v_, combine, dtype, identity, value), identity);
    const auto lanes = static_cast<std::size_t>(v_.lanes);
    for (std::size_t n = std::bit_ceil(static_cast<std::size_t>(count_)) / 2; n >= 1; n /= 2) {
      std::vector<int> upper;
      for (std::size_t l = 0; l < lanes; ++l) upper.push_back(static_cast<int>(l < n ? l + n : l));
      total = emit_combine(v_, combine, dtype, total, b_.CreateShuffleVector(total, upper));
    }
    return b_.CreateShuffleVector(total, std::vector<int>(lanes, 0));
  }
};

}  // namespace

bool is_short_row(const Target& target, const LoopKernel& kernel) {
  if (!target.avx512 || kernel.elementwise() || kernel.splits() || !kernel.inner.is_constant()) return false;
  const std::int64_t n = kernel.inner.constant();
  if (n < 1 || n > vector_lanes(target, kernel.values)) return false;
  return std::none_of(kernel.accesses.begin(), kernel.accesses.end(),
                      [](const Access& a) { return a.dtype == DType::b8; });
}

EmittedKernel emit_short_rows(ModuleEmitter& m, const LoopKernel& kernel, const std::string& symbol) {
  return ShortRowEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
