// Each machine operation as LLVM IR. No fast-math flag is ever set, and nothing here may become a call of a library
// function.
#include "jit/machine_emitter.hpp"

#include <fmt/format.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "actinium/error.h"
#include "jit/library.hpp"

namespace actinium::jit {

using machine::Inst;
using machine::Op;
using machine::Type;
using machine::Value;

namespace {

int bits_of(Type t) {
  switch (t) {
    case Type::b1: return 1;
    case Type::i32:
    case Type::f32: return 32;
    case Type::i64:
    case Type::f64: return 64;
  }
  return 0;
}

/// The identity of a callee for the name of its function: equal code gives one function.
std::uint64_t fingerprint(const machine::Code& code) {
  std::uint64_t h = 0xcbf29ce484222325u;
  const auto mix = [&](std::uint64_t x) { h = (h ^ x) * 0x9e3779b97f4a7c15u, h ^= h >> 31; };
  for (const Inst& inst : code.insts) {
    mix(static_cast<std::uint64_t>(inst.op) << 8 | static_cast<std::uint64_t>(inst.type));
    mix(static_cast<std::uint64_t>(inst.a) << 32 | static_cast<std::uint64_t>(inst.b));
    mix(static_cast<std::uint64_t>(inst.c)), mix(inst.imm);
  }
  for (const machine::Table& table : code.tables) {
    mix(static_cast<std::uint64_t>(table.type));
    for (std::uint64_t bits : table.bits) mix(bits);
  }
  for (const auto& callee : code.callees) mix(fingerprint(*callee));
  for (Value v : code.outputs) mix(static_cast<std::uint64_t>(v));
  return h;
}

}  // namespace

llvm::Type* VectorEmitter::scalar_type(Type t) const {
  switch (t) {
    case Type::b1: return b.getInt1Ty();
    case Type::i32: return b.getInt32Ty();
    case Type::i64: return b.getInt64Ty();
    case Type::f32: return b.getFloatTy();
    case Type::f64: return b.getDoubleTy();
  }
  return nullptr;
}

llvm::Constant* VectorEmitter::scalar_constant(Type t, std::uint64_t bits) const {
  const llvm::APInt value(static_cast<unsigned>(bits_of(t)),
                          bits_of(t) == 64 ? bits : bits & ((1ull << bits_of(t)) - 1));
  if (t == Type::f32) return llvm::ConstantFP::get(m.context, llvm::APFloat(llvm::APFloat::IEEEsingle(), value));
  if (t == Type::f64) return llvm::ConstantFP::get(m.context, llvm::APFloat(llvm::APFloat::IEEEdouble(), value));
  return llvm::ConstantInt::get(m.context, value);
}

llvm::Constant* VectorEmitter::constant(Type t, std::uint64_t bits) const {
  if (lanes == 1) return scalar_constant(t, bits);
  return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(lanes)),
                                        scalar_constant(t, bits));
}

llvm::Value* VectorEmitter::splat(llvm::Value* scalar) {
  return lanes == 1 ? scalar : b.CreateVectorSplat(static_cast<unsigned>(lanes), scalar);
}

llvm::Value* VectorEmitter::repeated(llvm::Value* vector) {
  const int from = static_cast<int>(llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements());
  if (from == lanes) return vector;
  std::vector<int> numbers;
  for (int i = 0; i < lanes; ++i) numbers.push_back(i % from);
  return b.CreateShuffleVector(vector, numbers);
}

llvm::Value* VectorEmitter::joined(std::vector<llvm::Value*> parts) {
  for (; parts.size() > 1; parts.resize(parts.size() / 2)) {
    std::vector<int> all(static_cast<std::size_t>(lanes) / (parts.size() / 2));
    std::iota(all.begin(), all.end(), 0);
    for (std::size_t i = 0; 2 * i < parts.size(); ++i)
      parts[i] = b.CreateShuffleVector(parts[2 * i], parts[2 * i + 1], all);
  }
  return parts[0];
}

llvm::Value* VectorEmitter::part(llvm::Value* vector, int first) {
  if (static_cast<int>(llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements()) == lanes) return vector;
  std::vector<int> numbers(static_cast<std::size_t>(lanes));
  std::iota(numbers.begin(), numbers.end(), first);
  return b.CreateShuffleVector(vector, numbers);
}

llvm::Constant* VectorEmitter::lane_numbers(Type integer) const {
  std::vector<llvm::Constant*> numbers;
  for (int i = 0; i < lanes; ++i) numbers.push_back(scalar_constant(integer, static_cast<std::uint64_t>(i)));
  return llvm::ConstantVector::get(numbers);
}

llvm::Value* VectorEmitter::first_lanes(llvm::Value* count) {
  llvm::Value* clipped =
      b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count, b.getInt64(static_cast<std::uint64_t>(lanes)));
  return b.CreateICmpULT(lane_numbers(Type::i32), splat(b.CreateTrunc(clipped, b.getInt32Ty())));
}

llvm::Value* VectorEmitter::load(DType dtype, llvm::Value* pointer, llvm::Value* mask) {
  const bool boolean = dtype == DType::b8;
  llvm::Type* memory = of_lanes(boolean ? b.getInt8Ty() : scalar_type(machine::type_of(dtype)), lanes);
  const llvm::Align align(size_of(dtype));
  llvm::Value* value = mask == nullptr
                           ? static_cast<llvm::Value*>(b.CreateAlignedLoad(memory, pointer, align))
                           : b.CreateMaskedLoad(memory, pointer, align, mask, llvm::Constant::getNullValue(memory));
  return boolean ? b.CreateICmpNE(value, llvm::Constant::getNullValue(memory)) : value;
}

void VectorEmitter::store(DType dtype, llvm::Value* value, llvm::Value* pointer, llvm::Value* mask) {
  if (dtype == DType::b8)
    value = b.CreateZExt(value, of_lanes(b.getInt8Ty(), lanes));
  const llvm::Align align(size_of(dtype));
  if (mask == nullptr) {
    b.CreateAlignedStore(value, pointer, align);
  } else {
    b.CreateMaskedStore(value, pointer, align, mask);
  }
}

void VectorEmitter::stream(DType dtype, llvm::Value* value, llvm::Value* pointer) {
  if (dtype == DType::b8)
    value = b.CreateZExt(value, llvm::FixedVectorType::get(b.getInt8Ty(), static_cast<unsigned>(lanes)));
  llvm::StoreInst* store =
      b.CreateAlignedStore(value, pointer, llvm::Align(size_of(dtype) * static_cast<std::size_t>(unit)));
  store->setMetadata(llvm::LLVMContext::MD_nontemporal,
                     llvm::MDNode::get(m.context, llvm::ConstantAsMetadata::get(b.getInt32(1))));
}

llvm::Value* VectorEmitter::load_scalar(DType dtype, llvm::Value* pointer) {
  if (dtype == DType::b8) return b.CreateICmpNE(b.CreateLoad(b.getInt8Ty(), pointer), b.getInt8(0));
  return b.CreateAlignedLoad(scalar_type(machine::type_of(dtype)), pointer, llvm::Align(size_of(dtype)));
}

void VectorEmitter::store_lane0(DType dtype, llvm::Value* value, llvm::Value* pointer) {
  llvm::Value* scalar = b.CreateExtractElement(value, std::uint64_t{0});
  if (dtype == DType::b8) scalar = b.CreateZExt(scalar, b.getInt8Ty());
  b.CreateAlignedStore(scalar, pointer, llvm::Align(size_of(dtype)));
}

template <class Operation>
llvm::Value* VectorEmitter::in_halves(llvm::ArrayRef<llvm::Value*> values, Operation&& operation) {
  VectorEmitter half(m, b, lanes / 2, std::min(unit, lanes / 2));
  std::vector<int> both(static_cast<std::size_t>(lanes));
  std::iota(both.begin(), both.end(), 0);
  const auto part = [&](std::size_t from) {
    std::vector<llvm::Value*> parts;
    const llvm::ArrayRef<int> numbers = llvm::ArrayRef(both).slice(from, both.size() / 2);
    for (llvm::Value* value : values) parts.push_back(b.CreateShuffleVector(value, numbers));
    return operation(half, parts);
  };
  llvm::Value* low = part(0);
  return b.CreateShuffleVector(low, part(both.size() / 2), both);
}

machine::Code VectorEmitter::adapted(machine::Code code) const {
  const auto at = [&](Value v) -> const Inst& { return code.insts[static_cast<std::uint32_t>(v)]; };
  for (Inst& inst : code.insts) {
    // vscalef takes the floor of its exponent itself.
    if (inst.op == Op::scale && m.target.avx512 && lanes > 1)
      while (at(inst.b).op == Op::floor) inst.b = at(inst.b).a;
    if (inst.op != Op::lookup || !permutes_by_low_bits(code.tables[inst.imm])) continue;
    const auto is_mask = [&](Value v) {
      return at(v).op == Op::constant && at(v).imm + 1 == code.tables[inst.imm].bits.size();
    };
    for (const Inst* index = &at(inst.a); index->op == Op::iand && (is_mask(index->a) || is_mask(index->b)); index = &at(inst.a))
      inst.a = is_mask(index->b) ? index->a : index->b;
  }
  return code;
}

std::vector<llvm::Value*> VectorEmitter::emit(const machine::Code& given, std::span<llvm::Value* const> inputs,
                                              std::span<const Call> calls, std::span<llvm::Value* const> known) {
  if (inputs.size() + calls.size() != given.inputs.size())
    throw InternalError("jit: code with a wrong number of inputs");
  const machine::Code code = adapted(given);
  std::vector<llvm::Value*> values(code.insts.size()), results(calls.size());
  const auto call_of = [&](const Inst& inst) {
    return inst.op == Op::input && inst.imm >= inputs.size() ? &calls[inst.imm - inputs.size()] : nullptr;
  };
  const auto result_of = [&](const Inst& inst) {
    const std::size_t call = inst.imm - inputs.size();
    if (results[call] == nullptr) call_together(calls, call, values, results);
    return results[call];
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const Inst& inst = code.insts[i]; inst.op == Op::input && call_of(inst) == nullptr) values[i] = inputs[inst.imm];
  }
  // Calls that wait for nothing come first, when no other values are in registers, which they would all overwrite.
  for (const Inst& inst : code.insts) {
    const Call* c = call_of(inst);
    const auto ready = [&](Value v) { return values[static_cast<std::uint32_t>(v)] != nullptr; };
    if (c != nullptr && std::all_of(c->arguments.begin(), c->arguments.end(), ready)) result_of(inst);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Inst& inst = code.insts[i];
    if (i < known.size() && known[i] != nullptr) {
      values[i] = repeated(known[i]);
      continue;
    }
    if (inst.op != Op::input) values[i] = emit_instruction(code, inst, values);
    if (call_of(inst) != nullptr) values[i] = result_of(inst);
  }
  std::vector<llvm::Value*> outputs;
  for (Value v : code.outputs) outputs.push_back(values[static_cast<std::uint32_t>(v)]);
  return outputs;
}

/// Functions of the same arguments are one subroutine: sin and cos share most of what they do.
void VectorEmitter::call_together(std::span<const Call> calls, std::size_t first, std::span<llvm::Value* const> values,
                                  std::span<llvm::Value*> results) {
  std::vector<llvm::Value*> arguments;
  for (Value v : calls[first].arguments) arguments.push_back(values[static_cast<std::uint32_t>(v)]);
  std::vector<std::size_t> members{first};
  for (std::size_t i = first + 1; i < calls.size(); ++i) {
    const bool same = calls[i].arguments == calls[first].arguments && calls[i].body->inputs == calls[first].body->inputs;
    if (same) members.push_back(i);
  }
  if (lanes != unit || members.size() == 1) {
    results[first] = call(*calls[first].body, arguments);
    return;
  }
  machine::Builder builder;
  std::vector<machine::Var> inputs, outputs;
  for (Type t : calls[first].body->inputs) inputs.push_back(builder.input(t));
  for (std::size_t i : members) outputs.push_back(builder.inline_call(*calls[i].body, inputs)[0]);
  const std::vector<llvm::Value*> all = call_all(builder.finish(outputs), arguments);
  for (std::size_t k = 0; k < members.size(); ++k) results[members[k]] = all[k];
}

llvm::Value* VectorEmitter::call(const machine::Code& code, llvm::ArrayRef<llvm::Value*> arguments) {
  if (lanes > unit) {
    return in_halves(arguments,
                     [&](VectorEmitter& v, llvm::ArrayRef<llvm::Value*> parts) { return v.call(code, parts); });
  }
  return m.call(b, subroutine(code), arguments);
}

std::vector<llvm::Value*> VectorEmitter::call_all(const machine::Code& code, llvm::ArrayRef<llvm::Value*> arguments) {
  llvm::Value* all = m.call(b, subroutine(code), arguments);
  if (code.outputs.size() == 1) return {all};
  std::vector<llvm::Value*> results;
  for (unsigned i = 0; i < code.outputs.size(); ++i) results.push_back(b.CreateExtractValue(all, i));
  return results;
}

/// From `lanes` lanes of each input to those of the output, or of all outputs in a struct.
llvm::FunctionType* VectorEmitter::signature(const machine::Code& code) const {
  std::vector<llvm::Type*> inputs, outputs;
  for (Type t : code.inputs) inputs.push_back(type(t));
  for (Value v : code.outputs) outputs.push_back(type(code.type(v)));
  llvm::Type* result = outputs.size() == 1 ? outputs[0] : llvm::StructType::get(m.context, outputs);
  return llvm::FunctionType::get(result, inputs, false);
}

void VectorEmitter::define(const machine::Code& code, const std::string& symbol) {
  llvm::Function* f = m.function(signature(code), symbol, true);
  f->setCallingConv(llvm::CallingConv::Fast);
  b.SetInsertPoint(m.block(f));
  std::vector<llvm::Value*> arguments;
  for (llvm::Argument& argument : f->args()) arguments.push_back(&argument);
  const std::vector<llvm::Value*> outputs = emit(code, arguments);
  llvm::Value* result = outputs[0];
  if (outputs.size() > 1) result = llvm::PoisonValue::get(f->getReturnType());
  for (unsigned i = 0; i < outputs.size() && outputs.size() > 1; ++i)
    result = b.CreateInsertValue(result, outputs[i], i);
  b.CreateRet(result);
}

/// The code as a function of `unit` lanes in the process's library.
llvm::Function* VectorEmitter::subroutine(const machine::Code& code) {
  const std::string name = fmt::format("body_{:016x}_{}", fingerprint(code), unit);
  llvm::FunctionType* type = VectorEmitter(m, b, unit).signature(code);
  llvm::Function* f =
      library_function(m, name, type, Effort::shared, [&](ModuleEmitter& library, const std::string& symbol) {
        llvm::IRBuilder<> builder(library.context);
        VectorEmitter(library, builder, unit).define(code, symbol);
      });
  f->setCallingConv(llvm::CallingConv::Fast);
  return f;
}

/// (arguments, fallback, bits of the lanes that ask) to the branch's result.
llvm::FunctionType* VectorEmitter::rare_signature(const machine::Code& code) const {
  llvm::Type* result = type(code.type(code.outputs[0]));
  return llvm::FunctionType::get(result, {type(code.inputs[0]), result, b.getInt32Ty()}, false);
}

/// Leaves all registers as they are, so that the code it interrupts has none to save.
void preserve_registers(const ModuleEmitter& m, llvm::Function* f) {
  f->setCallingConv(llvm::CallingConv::Fast);
  f->addFnAttr(llvm::Attribute::Cold);
  if (!m.target.x86) return;
  f->addFnAttr("no_caller_saved_registers");
  // LLVM would put vzeroupper before the return of a function without full registers among its arguments, and so clear the
  // upper halves of those that it has just restored.
  const llvm::StringRef features = f->getFnAttribute("target-features").getValueAsString();
  f->addFnAttr("target-features", (features + (features.empty() ? "" : ",") + "-vzeroupper").str());
}

llvm::Function* VectorEmitter::rare_subroutine(const machine::Code& code) {
  const std::string name = fmt::format("rare_{:016x}_{}", fingerprint(code), unit);
  llvm::FunctionType* type = VectorEmitter(m, b, unit).rare_signature(code);
  llvm::Function* f =
      library_function(m, name, type, Effort::quick, [&](ModuleEmitter& library, const std::string& symbol) {
        llvm::IRBuilder<> builder(library.context);
        VectorEmitter(library, builder, unit).define_rare(code, symbol);
      });
  preserve_registers(m, f);
  return f;
}

void VectorEmitter::define_rare(const machine::Code& code, const std::string& symbol) {
  llvm::Function* f = m.function(rare_signature(code), symbol, true);
  preserve_registers(m, f);
  llvm::BasicBlock *entry = m.block(f), *none = m.block(f), *some = m.block(f);
  llvm::Value *argument = f->getArg(0), *fallback = f->getArg(1), *asking = f->getArg(2);
  b.SetInsertPoint(entry);
  b.CreateCondBr(b.CreateICmpEQ(asking, b.getInt32(0)), none, some);
  b.SetInsertPoint(none);
  b.CreateRet(fallback);
  b.SetInsertPoint(some);
  if (lanes > 1) {
    // The code is made for lanes that ask for it, look-ups in range included: the others get the argument of one that
    // does.
    llvm::Value* predicate =
        b.CreateBitCast(b.CreateTrunc(asking, b.getIntNTy(static_cast<unsigned>(lanes))), type(Type::b1));
    llvm::Value* first = b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, asking, b.getTrue());
    argument = b.CreateSelect(predicate, argument, splat(b.CreateExtractElement(argument, first)));
    b.CreateRet(b.CreateSelect(predicate, emit(code, {&argument, 1})[0], fallback));
  } else {
    b.CreateRet(emit(code, {&argument, 1})[0]);
  }
}

/// What the callee gives for the lanes that ask for it, and `fallback` for the others.
llvm::Value* VectorEmitter::answered(const machine::Code& callee, llvm::Value* predicate, llvm::Value* argument,
                                     llvm::Value* fallback) {
  if (lanes > unit) {
    return in_halves({predicate, argument, fallback}, [&](VectorEmitter& v, llvm::ArrayRef<llvm::Value*> parts) {
      return v.answered(callee, parts[0], parts[1], parts[2]);
    });
  }
  llvm::Function* f = rare_subroutine(callee);
  llvm::Value* asking = lanes == 1 ? predicate : b.CreateBitCast(predicate, b.getIntNTy(static_cast<unsigned>(lanes)));
  llvm::CallInst* result = m.call(b, f, {argument, fallback, b.CreateZExt(asking, b.getInt32Ty())});
  if (m.target.x86) result->addFnAttr(llvm::Attribute::get(m.context, "no_caller_saved_registers"));
  return result;
}

llvm::Value* VectorEmitter::unary(llvm::Intrinsic::ID id, llvm::Value* a) { return b.CreateUnaryIntrinsic(id, a); }

llvm::Value* VectorEmitter::emit_instruction(const machine::Code& code, const Inst& inst,
                                             std::span<llvm::Value* const> values) {
  const auto at = [&](Value v) { return values[static_cast<std::uint32_t>(v)]; };
  llvm::Value* a = inst.a == machine::no_value ? nullptr : at(inst.a);
  llvm::Value* x = inst.b == machine::no_value ? nullptr : at(inst.b);
  llvm::Value* c = inst.c == machine::no_value ? nullptr : at(inst.c);
  const bool on_floats = a != nullptr && a->getType()->isFPOrFPVectorTy();
  const auto compare = [&](llvm::CmpInst::Predicate floats, llvm::CmpInst::Predicate integers) {
    return on_floats ? b.CreateFCmp(floats, a, x) : b.CreateICmp(integers, a, x);
  };
  using P = llvm::CmpInst;
  switch (inst.op) {
    case Op::input: throw InternalError("jit: input");
    case Op::constant: return constant(inst.type, inst.imm);
    case Op::add: return b.CreateFAdd(a, x);
    case Op::sub: return b.CreateFSub(a, x);
    case Op::mul: return b.CreateFMul(a, x);
    case Op::div: return b.CreateFDiv(a, x);
    case Op::sqrt: return unary(llvm::Intrinsic::sqrt, a);
    case Op::fma: return fused(inst.type, a, x, c);
    case Op::muladd: return muladd(machine::dtype_of(inst.type), a, x, c);
    case Op::neg: return b.CreateFNeg(a);
    case Op::abs: return unary(llvm::Intrinsic::fabs, a);
    case Op::copysign: return b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, a, x);
    case Op::min: return b.CreateSelect(b.CreateFCmpOLT(a, x), a, x);
    case Op::max: return b.CreateSelect(b.CreateFCmpOGT(a, x), a, x);
    case Op::rint: return unary(llvm::Intrinsic::nearbyint, a);
    case Op::floor: return unary(llvm::Intrinsic::floor, a);
    case Op::ceil: return unary(llvm::Intrinsic::ceil, a);
    case Op::trunc: return unary(llvm::Intrinsic::trunc, a);
    case Op::scale: return scale(inst.type, a, x);
    case Op::iadd: return b.CreateAdd(a, x);
    case Op::isub: return b.CreateSub(a, x);
    case Op::imul: return b.CreateMul(a, x);
    case Op::iand:
    case Op::land: return b.CreateAnd(a, x);
    case Op::ior:
    case Op::lor: return b.CreateOr(a, x);
    case Op::ixor:
    case Op::lxor: return b.CreateXor(a, x);
    case Op::shl: return b.CreateShl(a, x);
    case Op::lshr: return b.CreateLShr(a, x);
    case Op::ashr: return b.CreateAShr(a, x);
    case Op::lt: return compare(P::FCMP_OLT, P::ICMP_SLT);
    case Op::le: return compare(P::FCMP_OLE, P::ICMP_SLE);
    case Op::gt: return compare(P::FCMP_OGT, P::ICMP_SGT);
    case Op::ge: return compare(P::FCMP_OGE, P::ICMP_SGE);
    case Op::eq: return compare(P::FCMP_OEQ, P::ICMP_EQ);
    case Op::ne: return compare(P::FCMP_UNE, P::ICMP_NE);
    case Op::lnot: return b.CreateNot(a);
    case Op::select: return b.CreateSelect(a, x, c);
    case Op::bits:
    case Op::from_bits: return b.CreateBitCast(a, type(inst.type));
    case Op::to_int: return b.CreateIntrinsic(llvm::Intrinsic::fptosi_sat, {type(inst.type), a->getType()}, {a});
    case Op::to_float: return b.CreateSIToFP(a, type(inst.type));
    case Op::resize:
      switch (inst.type) {
        case Type::f32: return b.CreateFPTrunc(a, type(inst.type));
        case Type::f64: return b.CreateFPExt(a, type(inst.type));
        case Type::i32: return b.CreateTrunc(a, type(inst.type));  // or narrow already
        case Type::i64: return b.CreateSExt(a, type(inst.type));
        case Type::b1: break;
      }
      throw InternalError("jit: resize to a predicate");
    case Op::lookup: return lookup(code.tables[inst.imm], a);
    case Op::rare:
      return rare(*code.callees[inst.imm], any_lane(a), x, [&] {
        // Compared anew, so that what the branch needs is all that stands before it.
        if (auto* compare = llvm::dyn_cast<llvm::CmpInst>(a)) return Question{b.Insert(compare->clone()), c};
        return Question{a, c};
      });
  }
  throw InternalError("jit: unknown machine operation");
}

llvm::Value* VectorEmitter::muladd(DType dtype, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  return m.fused ? fused(machine::type_of(dtype), a, x, c) : b.CreateFAdd(b.CreateFMul(a, x), c);
}

llvm::Value* VectorEmitter::fused(Type t, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  if (!m.target.fma && lanes == 1) {
    VectorEmitter pair(m, b, 16 * 8 / bits_of(t));
    return b.CreateExtractElement(pair.fused(t, pair.splat(a), pair.splat(x), pair.splat(c)), std::uint64_t{0});
  }
  if (!m.target.fma) return emit_soft_fma(*this, t, a, x, c);
  return b.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, x, c});
}

llvm::Value* VectorEmitter::scale(Type t, llvm::Value* a, llvm::Value* exponent) {
  const int width = lanes * bits_of(t);
  if (m.target.avx512 && width > 512) {
    return in_halves({a, exponent}, [t](VectorEmitter& v, llvm::ArrayRef<llvm::Value*> parts) {
      return v.scale(t, parts[0], parts[1]);
    });
  }
  if (m.target.avx512 && (width == 128 || width == 256 || width == 512)) {
    const bool single = t == Type::f32;
    const llvm::Intrinsic::ID id =
        width == 512
            ? (single ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_512 : llvm::Intrinsic::x86_avx512_mask_scalef_pd_512)
        : width == 256
            ? (single ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_256 : llvm::Intrinsic::x86_avx512_mask_scalef_pd_256)
            : (single ? llvm::Intrinsic::x86_avx512_mask_scalef_ps_128
                      : llvm::Intrinsic::x86_avx512_mask_scalef_pd_128);
    llvm::Value* all = lanes == 16 ? static_cast<llvm::Value*>(b.getInt16(0xffff)) : b.getInt8(0xff);
    std::vector<llvm::Value*> arguments{a, exponent, llvm::Constant::getNullValue(a->getType()), all};
    if (width == 512) arguments.push_back(b.getInt32(4));  // rounding as MXCSR has it
    return b.CreateIntrinsic(id, {}, arguments);
  }
  // a * 2^h * 2^(b - h), h = b/2 rounded. In scale's domain the first product is exact whenever the result is not 0 or
  // inf, so there is one rounding. b + 1.5 * 2^52 has b in its low bits; shifted up, b plus the bias becomes the
  // exponent field.
  const bool single = t == Type::f32;
  const auto number = [&](double value) { return llvm::ConstantFP::get(a->getType(), value); };
  const double limit = single ? 252 : 2044, magic = single ? 0x1.8p23 : 0x1.8p52;
  const int bias = single ? 127 : 1023, shift = single ? 23 : 52;
  const auto power = [&](llvm::Value* e) {
    llvm::Value* field = b.CreateBitCast(b.CreateFAdd(e, number(magic + bias)), type(machine::integer_of(t)));
    return b.CreateBitCast(b.CreateShl(field, constant(machine::integer_of(t), static_cast<std::uint64_t>(shift))),
                           a->getType());
  };
  llvm::Value* e = b.CreateSelect(b.CreateFCmpOLT(exponent, number(limit)), exponent, number(limit));
  e = b.CreateSelect(b.CreateFCmpOGT(e, number(-limit)), e, number(-limit));
  llvm::Value* half = b.CreateFSub(b.CreateFAdd(b.CreateFMul(e, number(0.5)), number(magic)), number(magic));
  return b.CreateFMul(b.CreateFMul(a, power(half)), power(b.CreateFSub(e, half)));
}

/// Whether permute_lookup takes of an index just the bits that number the table's entries.
bool VectorEmitter::permutes_by_low_bits(const machine::Table& table) const {
  const int bits = bits_of(table.type), width = std::min(lanes * bits, m.target.vector_bits);
  const auto entries = static_cast<int>(table.bits.size());
  if (!m.target.avx512 || !is_float(table.type)) return false;
  return (width == 512 && entries == width / bits) || ((width == 512 || width == 256) && entries == 2 * width / bits);
}

/// Tables that fit two registers, by a permutation; null if the table or the vector does not fit.
llvm::Value* VectorEmitter::permute_lookup(const machine::Table& table, llvm::Value* index) {
  const bool single = table.type == Type::f32;
  const int width = lanes * bits_of(table.type);
  if (!m.target.avx512 || !is_float(table.type) || (width != 512 && width != 256)) return nullptr;
  const auto entries = static_cast<int>(table.bits.size());
  if (entries > 4 * lanes) return nullptr;
  const auto part = [&](int from) {
    std::vector<llvm::Constant*> values;
    for (int i = from; i < from + lanes; ++i)
      values.push_back(scalar_constant(table.type, i < entries ? table.bits[static_cast<std::size_t>(i)] : 0));
    return llvm::ConstantVector::get(values);
  };
  const llvm::Intrinsic::ID id =
      width == 512
          ? (single ? llvm::Intrinsic::x86_avx512_vpermi2var_ps_512 : llvm::Intrinsic::x86_avx512_vpermi2var_pd_512)
          : (single ? llvm::Intrinsic::x86_avx512_vpermi2var_ps_256 : llvm::Intrinsic::x86_avx512_vpermi2var_pd_256);
  llvm::Value* i = b.CreateSExtOrTrunc(index, type(machine::integer_of(table.type)));
  if (entries <= lanes && width == 512) {
    return single ? b.CreateIntrinsic(llvm::Intrinsic::x86_avx512_permvar_sf_512, {}, {part(0), i})
                  : b.CreateIntrinsic(llvm::Intrinsic::x86_avx512_permvar_df_512, {}, {part(0), i});
  }
  if (entries <= 2 * lanes) return b.CreateIntrinsic(id, {}, {part(0), i, part(lanes)});
  llvm::Value* low = b.CreateIntrinsic(id, {}, {part(0), i, part(lanes)});
  llvm::Value* high = b.CreateIntrinsic(id, {}, {part(2 * lanes), i, part(3 * lanes)});
  llvm::Value* in_low =
      b.CreateICmpULT(i, constant(machine::integer_of(table.type), static_cast<std::uint64_t>(2 * lanes)));
  return b.CreateSelect(in_low, low, high);
}

/// AVX2: f32 tables of few entries by permutations of eight and a choice among them. A gather takes several times as
/// long.
llvm::Value* VectorEmitter::permute_eights(const machine::Table& table, llvm::Value* index) {
  const auto entries = static_cast<int>(table.bits.size());
  if (!m.target.avx2 || table.type != Type::f32 || lanes != 8 || entries > 32) return nullptr;
  llvm::Value* i = b.CreateSExtOrTrunc(index, type(Type::i32));
  llvm::Value* result = nullptr;
  for (int from = 0; from < entries; from += 8) {
    std::vector<llvm::Constant*> values;
    for (int k = from; k < from + 8; ++k)
      values.push_back(scalar_constant(table.type, k < entries ? table.bits[static_cast<std::size_t>(k)] : 0));
    llvm::Value* part = b.CreateIntrinsic(llvm::Intrinsic::x86_avx2_permps, {}, {llvm::ConstantVector::get(values), i});
    llvm::Value* before = b.CreateICmpSLT(i, constant(Type::i32, static_cast<std::uint64_t>(from)));
    result = result == nullptr ? part : b.CreateSelect(before, result, part);
  }
  return result;
}

llvm::Value* VectorEmitter::lookup(const machine::Table& table, llvm::Value* index) {
  if (m.target.avx2 && lanes * bits_of(table.type) > m.target.vector_bits) {
    return in_halves({index},
                     [&](VectorEmitter& v, llvm::ArrayRef<llvm::Value*> parts) { return v.lookup(table, parts[0]); });
  }
  if (llvm::Value* permuted = permute_lookup(table, index)) return permuted;
  if (llvm::Value* permuted = permute_eights(table, index)) return permuted;
  std::vector<llvm::Constant*> entries;
  for (std::uint64_t bits : table.bits) entries.push_back(scalar_constant(table.type, bits));
  auto* array = llvm::ConstantArray::get(llvm::ArrayType::get(scalar_type(table.type), entries.size()), entries);
  const llvm::Align align(static_cast<std::uint64_t>(bits_of(table.type)) / 8);
  llvm::GlobalVariable* memory = m.global(array, llvm::Align(64));
  if (lanes == 1) {
    llvm::Value* place = b.CreateGEP(scalar_type(table.type), memory, index);
    return b.CreateAlignedLoad(scalar_type(table.type), place, align);
  }
  if (m.target.avx2) {
    return b.CreateMaskedGather(type(table.type), b.CreateGEP(scalar_type(table.type), memory, index), align);
  }
  llvm::Value* result = llvm::PoisonValue::get(type(table.type));
  for (int lane = 0; lane < lanes; ++lane) {
    llvm::Value* i = b.CreateExtractElement(index, static_cast<std::uint64_t>(lane));
    llvm::Value* entry =
        b.CreateAlignedLoad(scalar_type(table.type), b.CreateGEP(scalar_type(table.type), memory, i), align);
    result = b.CreateInsertElement(result, entry, static_cast<std::uint64_t>(lane));
  }
  return result;
}

llvm::Value* VectorEmitter::any_lane(llvm::Value* predicate) {
  if (lanes <= unit) return any_lane(llvm::ArrayRef(predicate));
  VectorEmitter one(m, b, unit);
  const auto parts_of = [&](llvm::Value* whole) {
    std::vector<llvm::Value*> parts;
    for (int first = 0; first < lanes; first += unit) parts.push_back(one.part(whole, first));
    return parts;
  };
  auto* compare = llvm::dyn_cast<llvm::ICmpInst>(predicate);
  if (compare == nullptr) return any_lane(parts_of(predicate));
  std::vector<llvm::Value*> predicates;
  const auto left = parts_of(compare->getOperand(0)), right = parts_of(compare->getOperand(1));
  for (std::size_t k = 0; k < left.size(); ++k)
    predicates.push_back(b.CreateICmp(compare->getPredicate(), left[k], right[k]));
  return any_lane(predicates);
}

/// Of several registers that are compared with one integer, only the maximum is.
llvm::Value* VectorEmitter::any_lane(llvm::ArrayRef<llvm::Value*> predicates) {
  if (predicates[0]->getType()->isIntegerTy(1)) return predicates[0];
  std::vector<llvm::Value*> most;
  llvm::Value* limit = nullptr;
  for (llvm::Value* predicate : predicates) {
    auto* compare = llvm::dyn_cast<llvm::ICmpInst>(predicate);
    const bool fits = compare != nullptr && compare->getPredicate() == llvm::CmpInst::ICMP_SGE &&
                      llvm::isa<llvm::Constant>(compare->getOperand(1)) &&
                      (limit == nullptr || limit == compare->getOperand(1));
    if (!fits) break;
    limit = compare->getOperand(1);
    most.push_back(compare->getOperand(0));
  }
  const auto reduced = [](std::vector<llvm::Value*> values, auto&& combine) {
    for (; values.size() > 1; values.resize(values.size() / 2)) {
      for (std::size_t i = 0; 2 * i < values.size(); ++i) values[i] = combine(values[2 * i], values[2 * i + 1]);
    }
    return values[0];
  };
  llvm::Value* any = nullptr;
  if (predicates.size() > 1 && most.size() == predicates.size()) {
    any = reduced(most,
                  [&](llvm::Value* x, llvm::Value* y) { return b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, x, y); });
    any = b.CreateICmpSGE(any, limit);
  } else {
    any = reduced(predicates.vec(), [&](llvm::Value* x, llvm::Value* y) { return b.CreateOr(x, y); });
  }
  llvm::Type* mask_type = b.getIntNTy(llvm::cast<llvm::FixedVectorType>(any->getType())->getNumElements());
  return b.CreateICmpNE(b.CreateBitCast(any, mask_type), llvm::ConstantInt::get(mask_type, 0));
}

/// The callee is a function behind a branch that is taken if any lane asks for it.
llvm::Value* VectorEmitter::rare(const machine::Code& callee, llvm::Value* any, llvm::Value* fallback,
                                 llvm::function_ref<Question()> ask) {
  llvm::Function* here = b.GetInsertBlock()->getParent();
  llvm::BasicBlock *before = b.GetInsertBlock(), *taken = m.block(here), *join = m.block(here);
  b.CreateCondBr(any, taken, join, llvm::MDBuilder(m.context).createBranchWeights(1, 1 << 20));
  b.SetInsertPoint(taken);
  const auto [predicate, argument] = ask();
  llvm::Value* merged = answered(callee, predicate, argument, fallback);
  b.CreateBr(join);
  b.SetInsertPoint(join);
  llvm::PHINode* result = b.CreatePHI(fallback->getType(), 2);
  result->addIncoming(fallback, before);
  result->addIncoming(merged, taken);
  return result;
}

}  // namespace actinium::jit
