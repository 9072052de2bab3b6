// Exact fma for targets without the instruction (x86-64-v2). The error of a product, most of what src/math asks for,
// takes the short way. f32: the product is exact in f64, the sum is rounded to
// odd there and then to f32. f64: error-free transformations while all lanes are far from under- and overflow,
// otherwise integers.
#include <array>

#include "jit/machine_emitter.hpp"

namespace actinium::jit {

using machine::Type;

namespace {

using IR = llvm::IRBuilder<>;

struct Pair {
  llvm::Value *high, *low;
};

/// high + low = a + x exactly (Knuth).
Pair two_sum(IR& b, llvm::Value* a, llvm::Value* x) {
  llvm::Value* s = b.CreateFAdd(a, x);
  llvm::Value* t = b.CreateFSub(s, a);
  return {s, b.CreateFAdd(b.CreateFSub(a, b.CreateFSub(s, t)), b.CreateFSub(x, t))};
}

/// high + low = a * x exactly (Dekker, with Veltkamp's splitting) if nothing under- or overflows. f64.
Pair two_product(IR& b, llvm::Value* a, llvm::Value* x) {
  llvm::Value* splitter = llvm::ConstantFP::get(a->getType(), 134217729.0);  // 2^27 + 1
  const auto split = [&](llvm::Value* v) {
    llvm::Value* t = b.CreateFMul(v, splitter);
    llvm::Value* high = b.CreateFSub(t, b.CreateFSub(t, v));
    return Pair{high, b.CreateFSub(v, high)};
  };
  llvm::Value* p = b.CreateFMul(a, x);
  const Pair as = split(a), xs = split(x);
  llvm::Value* e = b.CreateFSub(b.CreateFMul(as.high, xs.high), p);
  e = b.CreateFAdd(e, b.CreateFMul(as.high, xs.low));
  e = b.CreateFAdd(e, b.CreateFMul(as.low, xs.high));
  return {p, b.CreateFAdd(e, b.CreateFMul(as.low, xs.low))};
}

/// a + x rounded to odd: of the two f64 neighbours of an inexact sum the one with an odd last bit, so that a later
/// rounding to two bits less is right (Boldo and Melquiond, 2008). inf and NaN pass.
llvm::Value* sum_to_odd(IR& b, llvm::Value* a, llvm::Value* x) {
  const Pair s = two_sum(b, a, x);
  llvm::Type* real = a->getType();
  auto* integer = llvm::VectorType::getInteger(llvm::cast<llvm::VectorType>(real));
  llvm::Value* zero = llvm::ConstantFP::getZero(real);
  llvm::Value* one = llvm::ConstantInt::get(integer, 1);
  llvm::Value* bits = b.CreateBitCast(s.high, integer);
  llvm::Value* even = b.CreateICmpEQ(b.CreateAnd(bits, one), llvm::ConstantInt::get(integer, 0));
  llvm::Value* adjust = b.CreateAnd(b.CreateFCmpONE(s.low, zero), even);
  llvm::Value* outward = b.CreateICmpEQ(b.CreateFCmpOGT(s.low, zero), b.CreateFCmpOGT(s.high, zero));
  llvm::Value* moved = b.CreateSelect(outward, b.CreateAdd(bits, one), b.CreateSub(bits, one));
  return b.CreateBitCast(b.CreateSelect(adjust, moved, bits), real);
}

/// What a * x lost by rounding, exactly: f64 holds the product of two f32 and all of the difference.
llvm::Value* product_error32(VectorEmitter& v, llvm::Value* a, llvm::Value* x) {
  IR& b = v.b;
  llvm::Type* wide = v.type(Type::f64);
  llvm::Value* exact = b.CreateFMul(b.CreateFPExt(a, wide), b.CreateFPExt(x, wide));
  return b.CreateFPTrunc(b.CreateFSub(exact, b.CreateFPExt(b.CreateFMul(a, x), wide)), v.type(Type::f32));
}

llvm::Value* fma32(VectorEmitter& v, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  IR& b = v.b;
  llvm::Type* wide = v.type(Type::f64);
  llvm::Value* product = b.CreateFMul(b.CreateFPExt(a, wide), b.CreateFPExt(x, wide));
  return b.CreateFPTrunc(sum_to_odd(b, product, b.CreateFPExt(c, wide)), v.type(Type::f32));
}

/// A finite number that is not 0 as mantissa (bit 52 set) * 2^exponent.
struct Parts {
  llvm::Value *mantissa, *exponent, *negative;
};

Parts take_apart(IR& b, llvm::Value* number) {
  llvm::Type* i64 = b.getInt64Ty();
  const auto field = [&](llvm::Value* bits) { return b.CreateAnd(b.CreateLShr(bits, 52), b.getInt64(0x7ff)); };
  llvm::Value* bits = b.CreateBitCast(number, i64);
  llvm::Value* subnormal = b.CreateICmpEQ(field(bits), b.getInt64(0));
  llvm::Value* scaled = b.CreateBitCast(b.CreateFMul(number, llvm::ConstantFP::get(number->getType(), 0x1p64)), i64);
  llvm::Value* normal = b.CreateSelect(subnormal, scaled, bits);
  llvm::Value* exponent =
      b.CreateSub(field(normal), b.CreateSelect(subnormal, b.getInt64(1075 + 64), b.getInt64(1075)));
  llvm::Value* mantissa = b.CreateOr(b.CreateAnd(normal, b.getInt64((1ull << 52) - 1)), b.getInt64(1ull << 52));
  return {mantissa, exponent, b.CreateICmpSLT(bits, b.getInt64(0))};
}

/// value >> count (0 <= count), where bits that fall out leave a 1 in the last place.
llvm::Value* shift_sticky(IR& b, llvm::Value* value, llvm::Value* count) {
  llvm::Type* wide = b.getInt128Ty();
  llvm::Value* n = b.CreateZExt(b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count, b.getInt64(127)), wide);
  llvm::Value* shifted = b.CreateLShr(value, n);
  llvm::Value* lost = b.CreateICmpNE(b.CreateShl(shifted, n), value);
  return b.CreateOr(shifted, b.CreateZExt(lost, wide));
}

/// a*x + c for finite a, x, c other than 0, one rounding, subnormal results too.
llvm::Value* fma_finite(IR& b, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  llvm::Type* wide = b.getInt128Ty();
  const Parts pa = take_apart(b, a), px = take_apart(b, x), pc = take_apart(b, c);
  llvm::Value* negative = b.CreateXor(pa.negative, px.negative);
  // Both terms with their leading bit at 124 or 125: room for the carry above, and bits below that only matter as
  // sticky ones.
  llvm::Value* product = b.CreateShl(b.CreateMul(b.CreateZExt(pa.mantissa, wide), b.CreateZExt(px.mantissa, wide)), 20);
  llvm::Value* addend = b.CreateShl(b.CreateZExt(pc.mantissa, wide), 72);
  llvm::Value* product_exponent = b.CreateSub(b.CreateAdd(pa.exponent, px.exponent), b.getInt64(20));
  llvm::Value* addend_exponent = b.CreateSub(pc.exponent, b.getInt64(72));
  llvm::Value* distance = b.CreateSub(addend_exponent, product_exponent);
  llvm::Value* zero = b.getInt64(0);
  product = shift_sticky(b, product, b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, distance, zero));
  addend = shift_sticky(b, addend, b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateNeg(distance), zero));
  llvm::Value* exponent = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, addend_exponent, product_exponent);
  llvm::Value* difference = b.CreateSub(product, addend);
  llvm::Value* opposite = b.CreateXor(negative, pc.negative);
  llvm::Value* addend_wins = b.CreateICmpSLT(difference, llvm::ConstantInt::get(wide, 0));
  llvm::Value* sum = b.CreateSelect(opposite, b.CreateSelect(addend_wins, b.CreateNeg(difference), difference),
                                    b.CreateAdd(product, addend));
  negative = b.CreateXor(negative, b.CreateAnd(opposite, addend_wins));

  llvm::Value* leading =
      b.CreateTrunc(b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, sum, b.getFalse()), b.getInt64Ty());
  leading =
      b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, leading, b.getInt64(127));  // a sum of 0 is handled at the end
  sum = b.CreateShl(sum, b.CreateZExt(leading, wide));
  exponent = b.CreateSub(b.CreateAdd(exponent, b.getInt64(127)), leading);  // of the leading bit, now bit 127
  llvm::Value* below = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateSub(b.getInt64(-1022), exponent), zero);
  sum = shift_sticky(b, sum, below);
  llvm::Value* mantissa = b.CreateTrunc(b.CreateLShr(sum, 75), b.getInt64Ty());
  llvm::Value* rest = b.CreateAnd(sum, llvm::ConstantInt::get(wide, llvm::APInt::getLowBitsSet(128, 75)));
  llvm::Value* half = llvm::ConstantInt::get(wide, llvm::APInt::getOneBitSet(128, 74));
  llvm::Value* odd = b.CreateICmpNE(b.CreateAnd(mantissa, b.getInt64(1)), zero);
  llvm::Value* up = b.CreateOr(b.CreateICmpUGT(rest, half), b.CreateAnd(b.CreateICmpEQ(rest, half), odd));
  llvm::Value* field = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, b.CreateAdd(exponent, b.getInt64(1022)), zero);
  // The leading bit of a normal mantissa, and a carry out of the rounding, add one to the exponent field.
  llvm::Value* bits = b.CreateAdd(b.CreateAdd(b.CreateShl(field, 52), mantissa), b.CreateZExt(up, b.getInt64Ty()));
  bits = b.CreateSelect(b.CreateICmpSGT(exponent, b.getInt64(1023)), b.getInt64(0x7ffull << 52), bits);
  bits = b.CreateOr(bits, b.CreateShl(b.CreateZExt(negative, b.getInt64Ty()), 63));
  bits = b.CreateSelect(b.CreateICmpEQ(sum, llvm::ConstantInt::get(wide, 0)), zero, bits);
  return b.CreateBitCast(bits, b.getDoubleTy());
}

/// double fma64(double a, double x, double c)
llvm::Function* scalar_fma64(ModuleEmitter& m, IR& outer) {
  llvm::Type* real = outer.getDoubleTy();
  return m.helper("fma64", llvm::FunctionType::get(real, {real, real, real}, false), [&](llvm::Function* f, IR& b) {
    f->addFnAttr(llvm::Attribute::NoInline);
    llvm::Value *a = f->getArg(0), *x = f->getArg(1), *c = f->getArg(2);
    llvm::Value* zero = llvm::ConstantFP::getZero(real);
    const auto special = [&](llvm::Value* v) {  // 0, inf or NaN
      llvm::Value* magnitude = b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v);
      return b.CreateOr(b.CreateFCmpOEQ(v, zero),
                        b.CreateNot(b.CreateFCmpOLT(magnitude, llvm::ConstantFP::getInfinity(real))));
    };
    llvm::BasicBlock *factor = m.block(f), *test = m.block(f), *addend = m.block(f), *finite = m.block(f);
    b.CreateCondBr(b.CreateOr(special(a), special(x)), factor, test);
    b.SetInsertPoint(factor);  // the product is exact, or NaN
    b.CreateRet(b.CreateFAdd(b.CreateFMul(a, x), c));
    b.SetInsertPoint(test);
    b.CreateCondBr(special(c), addend, finite);
    b.SetInsertPoint(addend);
    b.CreateRet(b.CreateSelect(b.CreateFCmpOEQ(c, zero), b.CreateFMul(a, x), c));
    b.SetInsertPoint(finite);
    b.CreateRet(fma_finite(b, a, x, c));
  });
}

/// Boldo and Melquiond's fma: exact while all intermediate results are normal.
llvm::Value* fma64_fast(IR& b, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  const Pair p = two_product(b, a, x);
  const Pair u = two_sum(b, c, p.low);
  const Pair t = two_sum(b, p.high, u.high);
  return b.CreateFAdd(t.high, sum_to_odd(b, t.low, u.low));
}

/// low < |n| < high.
llvm::Value* within(IR& b, llvm::Value* n, double low, double high) {
  llvm::Value* magnitude = b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, n);
  return b.CreateAnd(b.CreateFCmpOGT(magnitude, llvm::ConstantFP::get(n->getType(), low)),
                     b.CreateFCmpOLT(magnitude, llvm::ConstantFP::get(n->getType(), high)));
}

/// The body of an internal function of f64 vectors: `fast` if every lane is easy, else fma lane by lane.
void fast_or_by_lane(VectorEmitter& v, llvm::Function* f, IR& b, std::array<llvm::Value*, 3> in, llvm::Value* easy,
                     llvm::Value* (*fast)(IR&, llvm::Value*, llvm::Value*, llvm::Value*)) {
  const auto lanes = static_cast<unsigned>(v.lanes);
  llvm::BasicBlock *plain = v.m.block(f), *slow = v.m.block(f);
  b.CreateCondBr(
      b.CreateICmpEQ(b.CreateBitCast(easy, b.getIntNTy(lanes)), llvm::Constant::getAllOnesValue(b.getIntNTy(lanes))),
      plain, slow);
  b.SetInsertPoint(plain);
  b.CreateRet(fast(b, in[0], in[1], in[2]));
  b.SetInsertPoint(slow);
  llvm::Function* scalar = scalar_fma64(v.m, b);
  llvm::Value* result = llvm::PoisonValue::get(in[0]->getType());
  for (std::uint64_t lane = 0; lane < lanes; ++lane) {
    const auto element = [&](std::size_t i) { return b.CreateExtractElement(in[i], lane); };
    result = b.CreateInsertElement(result, v.m.call(b, scalar, {element(0), element(1), element(2)}), lane);
  }
  b.CreateRet(result);
}

llvm::Value* fma64(VectorEmitter& v, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  llvm::Type* real = v.type(Type::f64);
  auto* signature = llvm::FunctionType::get(real, {real, real, real}, false);
  llvm::Function* whole = v.m.helper("fma64_" + std::to_string(v.lanes), signature, [&](llvm::Function* f, IR& b) {
    const std::array<llvm::Value*, 3> in{f->getArg(0), f->getArg(1), f->getArg(2)};
    llvm::Value* zero_addend = b.CreateFCmpOEQ(in[2], llvm::ConstantFP::getZero(real));
    llvm::Value* easy = b.CreateAnd(within(b, in[0], 0x1p-300, 0x1p400), within(b, in[1], 0x1p-300, 0x1p400));
    easy = b.CreateAnd(easy, b.CreateOr(within(b, in[2], 0x1p-700, 0x1p900), zero_addend));
    fast_or_by_lane(v, f, b, in, easy, fma64_fast);
  });
  return v.m.call(v.b, whole, {a, x, c});
}

/// What a * x lost by rounding.
llvm::Value* product_error64(VectorEmitter& v, llvm::Value* a, llvm::Value* x) {
  llvm::Type* real = v.type(Type::f64);
  auto* signature = llvm::FunctionType::get(real, {real, real}, false);
  llvm::Function* whole =
      v.m.helper("product_error64_" + std::to_string(v.lanes), signature, [&](llvm::Function* f, IR& b) {
        llvm::Value *p = f->getArg(0), *q = f->getArg(1), *zero = llvm::ConstantFP::getZero(real);
        const auto easy = [&](llvm::Value* n) {
          return b.CreateOr(within(b, n, 0x1p-300, 0x1p400), b.CreateFCmpOEQ(n, zero));
        };
        fast_or_by_lane(
            v, f, b, {p, q, b.CreateFNeg(b.CreateFMul(p, q))}, b.CreateAnd(easy(p), easy(q)),
            [](IR& builder, llvm::Value* l, llvm::Value* r, llvm::Value*) { return two_product(builder, l, r).low; });
      });
  return v.m.call(v.b, whole, {a, x});
}

/// Whether c is -(a * x).
bool is_minus_product(llvm::Value* c, llvm::Value* a, llvm::Value* x) {
  const auto* negation = llvm::dyn_cast<llvm::UnaryOperator>(c);
  if (negation == nullptr || negation->getOpcode() != llvm::Instruction::FNeg) return false;
  const auto* product = llvm::dyn_cast<llvm::BinaryOperator>(negation->getOperand(0));
  return product != nullptr && product->getOpcode() == llvm::Instruction::FMul &&
         ((product->getOperand(0) == a && product->getOperand(1) == x) ||
          (product->getOperand(0) == x && product->getOperand(1) == a));
}

}  // namespace

llvm::Value* emit_soft_fma(VectorEmitter& v, Type type, llvm::Value* a, llvm::Value* x, llvm::Value* c) {
  const bool single = type == Type::f32;
  if (is_minus_product(c, a, x)) return single ? product_error32(v, a, x) : product_error64(v, a, x);
  return single ? fma32(v, a, x, c) : fma64(v, a, x, c);
}

}  // namespace actinium::jit
