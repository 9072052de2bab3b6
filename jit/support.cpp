// The routines, and how to call them from IR.
#include "jit/support.hpp"

#include <array>
#include <cstring>
#include <string>

#include "jit/reduction.hpp"
#include "math/functions.hpp"
#include "runtime/iteration.hpp"

namespace actinium::jit {

using program::Combine;

namespace {

template <class T>
void gather(void* to, const void* from, std::int64_t stride, std::int64_t count) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i) target[i] = source[i * stride];
  // The last vector may be read whole: its unused lanes have a value.
  std::memset(target + count, 0, 64);
}
template <class T>
void scatter(void* to, const void* from, std::int64_t stride, std::int64_t count) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i) target[i * stride] = source[i];
}

/// target[i * step] = source[i * stride], and zero for the `clear` elements behind.
template <class T>
void copy(void* to, std::int64_t step, const void* from, std::int64_t stride, std::int64_t count, std::int64_t clear) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i) target[i * step] = source[i * stride];
  for (std::int64_t i = count; i < count + clear; ++i) target[i * step] = 0;
}

template <class T>
void pack(char* to, const T* from, const std::int64_t* rows, std::int64_t count) {
  for (const std::int64_t* row = rows; row < rows + 4 * count; row += 4)
    for (std::int64_t i = 0; i < row[3]; ++i) std::memcpy(to + row[0] + i * static_cast<std::int64_t>(sizeof(T)), from + row[1] + i * row[2], sizeof(T));
}

/// Generated code has no way for exceptions to pass.
void* reserve(void* record, std::int64_t steps) noexcept {
  auto& own = *static_cast<runtime::Record*>(record);
  return own.try_reserve(steps) ? own.data() : nullptr;
}

std::uint64_t load(const unsigned char* slot, DType dtype) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, slot, size_of(dtype));
  return bits;
}

/// The tree over results of chunks, on the bits of values: it is rare enough for the scalar evaluator.
std::uint64_t chunk_tree(std::int64_t kind, void* slots, std::int64_t count, std::int64_t stride) {
  const auto combine = static_cast<Combine>(kind >> 8);
  const auto dtype = static_cast<DType>(kind & 0xff);
  auto* const bytes = static_cast<unsigned char*>(slots);
  if (count == 0) return identity_bits(combine, dtype);
  const machine::Code& code = combine_code(combine, dtype);
  for (std::int64_t distance = 1; distance < count; distance *= 2) {
    for (std::int64_t i = 0; i + distance < count; i += 2 * distance) {
      const std::array arguments{load(bytes + i * stride, dtype), load(bytes + (i + distance) * stride, dtype)};
      const std::uint64_t combined = machine::evaluate(code, arguments, true)[0];
      std::memcpy(bytes + i * stride, &combined, size_of(dtype));
    }
  }
  return load(bytes, dtype);
}

llvm::Value* call(ModuleEmitter& m, llvm::IRBuilder<>& b, const std::string& name, llvm::Type* result,
                  llvm::ArrayRef<llvm::Value*> arguments) {
  std::vector<llvm::Type*> types;
  for (llvm::Value* v : arguments) types.push_back(v->getType());
  const llvm::FunctionCallee callee = m.module.getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  llvm::CallInst* call = b.CreateCall(callee, arguments);
  call->setDoesNotThrow();
  return call;
}

}  // namespace

std::span<const SupportRoutine> support_routines() {
  static const std::array routines{
      SupportRoutine{"actinium_copy4", reinterpret_cast<void*>(&copy<std::uint32_t>)},
      SupportRoutine{"actinium_copy8", reinterpret_cast<void*>(&copy<std::uint64_t>)},
      SupportRoutine{"actinium_pack1", reinterpret_cast<void*>(&pack<std::uint8_t>)},
      SupportRoutine{"actinium_pack4", reinterpret_cast<void*>(&pack<std::uint32_t>)},
      SupportRoutine{"actinium_pack8", reinterpret_cast<void*>(&pack<std::uint64_t>)},
      SupportRoutine{"actinium_gather1", reinterpret_cast<void*>(&gather<std::uint8_t>)},
      SupportRoutine{"actinium_gather4", reinterpret_cast<void*>(&gather<std::uint32_t>)},
      SupportRoutine{"actinium_gather8", reinterpret_cast<void*>(&gather<std::uint64_t>)},
      SupportRoutine{"actinium_scatter1", reinterpret_cast<void*>(&scatter<std::uint8_t>)},
      SupportRoutine{"actinium_scatter4", reinterpret_cast<void*>(&scatter<std::uint32_t>)},
      SupportRoutine{"actinium_scatter8", reinterpret_cast<void*>(&scatter<std::uint64_t>)},
      SupportRoutine{"actinium_reserve", reinterpret_cast<void*>(&reserve)},
      SupportRoutine{"actinium_chunk_tree", reinterpret_cast<void*>(&chunk_tree)},
  };
  return routines;
}

void call_gather(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, llvm::Value* stride,
                 llvm::Value* count, std::size_t size) {
  call(m, b, "actinium_gather" + std::to_string(size), b.getVoidTy(), {to, from, stride, count});
}
void call_scatter(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, llvm::Value* stride,
                  llvm::Value* count, std::size_t size) {
  call(m, b, "actinium_scatter" + std::to_string(size), b.getVoidTy(), {to, from, stride, count});
}

llvm::Value* call_reserve(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* record, llvm::Value* steps) {
  return call(m, b, "actinium_reserve", m.pointer(), {record, steps});
}

void call_copy(ModuleEmitter& m, llvm::IRBuilder<>& b, Run to, Run from, llvm::Value* count, llvm::Value* clear,
               std::size_t size) {
  call(m, b, "actinium_copy" + std::to_string(size), b.getVoidTy(),
       {to.pointer, to.stride, from.pointer, from.stride, count, clear});
}

void call_pack(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* to, llvm::Value* from, std::span<const std::int64_t> rows, std::size_t size) {
  const llvm::ArrayRef<std::uint64_t> numbers(reinterpret_cast<const std::uint64_t*>(rows.data()), rows.size());
  llvm::GlobalVariable* table = m.global(llvm::ConstantDataArray::get(m.context, numbers), llvm::Align(8));
  call(m, b, "actinium_pack" + std::to_string(size), b.getVoidTy(), {to, from, table, b.getInt64(rows.size() / 4)});
}

llvm::Value* call_chunk_tree(ModuleEmitter& m, llvm::IRBuilder<>& b, Combine combine, DType dtype, llvm::Value* pointer,
                             llvm::Value* count, llvm::Value* stride) {
  const auto kind = static_cast<std::uint64_t>(combine) << 8 | static_cast<std::uint64_t>(dtype);
  const machine::Type type = machine::type_of(dtype);
  const VectorEmitter one(m, b, 1);
  llvm::Type* scalar = one.scalar_type(type);
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::BasicBlock *single = m.block(f), *several = m.block(f), *join = m.block(f);
  b.CreateCondBr(b.CreateICmpEQ(count, b.getInt64(1)), single, several);
  b.SetInsertPoint(single);  // the common case
  llvm::Value* only = b.CreateAlignedLoad(scalar, pointer, llvm::Align(size_of(dtype)));
  b.CreateBr(join);
  b.SetInsertPoint(several);
  llvm::Value* bits = call(m, b, "actinium_chunk_tree", b.getInt64Ty(), {b.getInt64(kind), pointer, count, stride});
  llvm::Value* combined =
      b.CreateBitCast(b.CreateZExtOrTrunc(bits, one.scalar_type(machine::integer_of(type))), scalar);
  b.CreateBr(join);
  b.SetInsertPoint(join);
  llvm::PHINode* result = b.CreatePHI(scalar, 2);
  result->addIncoming(only, single);
  result->addIncoming(combined, several);
  return result;
}

}  // namespace actinium::jit
