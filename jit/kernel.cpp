// KernelArgs as IR sees them, and the choice of a vector length.
#include "jit/kernel.hpp"

#include <algorithm>
#include <cstddef>

namespace actinium::jit {

ArgsView::ArgsView(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* args) {
  const auto field = [&](std::size_t offset) {
    return b.CreateLoad(m.pointer(), b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), args, offset));
  };
  pointers = field(offsetof(runtime::KernelArgs, pointers));
  strides = field(offsetof(runtime::KernelArgs, strides));
  extents = field(offsetof(runtime::KernelArgs, extents));
  partials = field(offsetof(runtime::KernelArgs, partials));
  shared = field(offsetof(runtime::KernelArgs, shared));
  constant = field(offsetof(runtime::KernelArgs, constant));
}

llvm::Value* ArgsView::pointer(llvm::IRBuilder<>& b, int i) const {
  return b.CreateLoad(b.getPtrTy(),
                      b.CreateConstInBoundsGEP1_64(b.getPtrTy(), pointers, static_cast<std::uint64_t>(i)));
}
llvm::Value* ArgsView::stride(llvm::IRBuilder<>& b, int i) const {
  return b.CreateLoad(b.getInt64Ty(),
                      b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), strides, static_cast<std::uint64_t>(i)));
}
llvm::Value* ArgsView::extent(llvm::IRBuilder<>& b, int i) const {
  return b.CreateLoad(b.getInt64Ty(),
                      b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), extents, static_cast<std::uint64_t>(i)));
}

int vector_lanes(const Target& target, std::span<const DType> values) {
  const auto has = [&](DType t) { return std::find(values.begin(), values.end(), t) != values.end(); };
  // 64-bit integers beside 32-bit values are indices and labels: they may take several registers.
  const bool narrow = has(DType::f32) || has(DType::i32);
  const bool wide = has(DType::f64) || (has(DType::i64) && !narrow);
  return target.lanes(wide ? 8 : 4);
}

}  // namespace actinium::jit
