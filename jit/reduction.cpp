// Helper functions of a module that combine accumulators: each is emitted once and shared by the kernels.
#include "jit/reduction.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "actinium/error.h"
#include "math/functions.hpp"

namespace actinium::jit {

using machine::Type;
using program::Combine;

namespace {

std::string_view name_of(Combine combine) {
  switch (combine) {
    case Combine::sum: return "sum";
    case Combine::prod: return "prod";
    case Combine::max: return "max";
    case Combine::min: return "min";
  }
  return "?";
}

}  // namespace

std::uint64_t identity_bits(Combine combine, DType dtype) {
  const auto pick = [&](std::uint64_t i32, std::uint64_t i64, std::uint64_t f32, std::uint64_t f64) {
    switch (dtype) {
      case DType::i32: return i32;
      case DType::i64: return i64;
      case DType::f32: return f32;
      case DType::f64: return f64;
      case DType::b8: break;
    }
    throw InternalError("jit: a reduction of predicates");
  };
  switch (combine) {
    case Combine::sum: return 0;
    case Combine::prod: return pick(1, 1, 0x3f800000, 0x3ff0000000000000);
    case Combine::max: return pick(0x80000000, 1ull << 63, 0xff800000, 0xfff0000000000000);
    case Combine::min: return pick(0x7fffffff, ~0ull >> 1, 0x7f800000, 0x7ff0000000000000);
  }
  return 0;
}

const machine::Code& combine_code(Combine combine, DType dtype) {
  switch (combine) {
    case Combine::sum: return math::body(ops::Op::add, dtype);
    case Combine::prod: return math::body(ops::Op::mul, dtype);
    case Combine::max: return math::body(ops::Op::max, dtype);
    case Combine::min: return math::body(ops::Op::min, dtype);
  }
  throw InternalError("jit: unknown reduction");
}

llvm::Value* emit_combine(VectorEmitter& v, Combine combine, DType dtype, llvm::Value* a, llvm::Value* x) {
  const std::array arguments{a, x};
  return v.emit(combine_code(combine, dtype), arguments)[0];
}

void emit_identities(VectorEmitter& v, Combine combine, DType dtype, llvm::Value* pointer, int begin, int end) {
  const Type type = machine::type_of(dtype);
  for (int i = begin; i < end; i += v.lanes) {
    llvm::Value* p = v.b.CreateConstInBoundsGEP1_64(v.scalar_type(type), pointer, static_cast<std::uint64_t>(i));
    v.store(dtype, v.constant(type, identity_bits(combine, dtype)), p);
  }
}

llvm::Value* emit_lane_tree(ModuleEmitter& m, llvm::IRBuilder<>& b, Combine combine, DType dtype, llvm::Value* pointer,
                            llvm::Value* count) {
  const int width = m.target.lanes(static_cast<int>(size_of(dtype)));
  llvm::Type* scalar = VectorEmitter(m, b, 1).scalar_type(machine::type_of(dtype));
  auto* signature = llvm::FunctionType::get(scalar, {m.pointer(), b.getInt64Ty()}, false);
  llvm::Function* tree = m.helper(
      fmt::format("lanes_{}_{}", name_of(combine), actinium::name_of(dtype)), signature,
      [&](llvm::Function* f, llvm::IRBuilder<>& inner) {
        f->addFnAttr(llvm::Attribute::NoInline);
        VectorEmitter whole(m, inner, width);
        const auto load = [&](int first) {
          return whole.load(dtype,
                            inner.CreateConstInBoundsGEP1_64(scalar, f->getArg(0), static_cast<std::uint64_t>(first)));
        };
        llvm::BasicBlock *start = inner.GetInsertBlock(), *full = m.block(f), *join = m.block(f);
        llvm::Value* first = load(0);
        inner.CreateCondBr(inner.CreateICmpUGT(f->getArg(1), inner.getInt64(static_cast<std::uint64_t>(width))), full,
                           join);
        inner.SetInsertPoint(full);
        std::vector<llvm::Value*> vectors{first};
        for (int i = width; i < program::reduction_lanes(dtype); i += width) vectors.push_back(load(i));
        for (std::size_t half = vectors.size() / 2; half > 0; half /= 2) {
          for (std::size_t i = 0; i < half; ++i)
            vectors[i] = emit_combine(whole, combine, dtype, vectors[i], vectors[i + half]);
        }
        llvm::BasicBlock* end = inner.GetInsertBlock();
        inner.CreateBr(join);
        inner.SetInsertPoint(join);
        llvm::PHINode* last_vector = inner.CreatePHI(first->getType(), 2);
        last_vector->addIncoming(first, start);
        last_vector->addIncoming(vectors[0], end);
        llvm::Value* last = last_vector;
        for (int half = width / 2; half > 0; half /= 2) {
          std::vector<int> low, high;
          for (int i = 0; i < half; ++i) low.push_back(i), high.push_back(i + half);
          VectorEmitter part(m, inner, half);
          last = emit_combine(part, combine, dtype, inner.CreateShuffleVector(last, low),
                              inner.CreateShuffleVector(last, high));
        }
        inner.CreateRet(inner.CreateExtractElement(last, std::uint64_t{0}));
      });
  return m.call(b, tree, {pointer, count});
}

}  // namespace actinium::jit
