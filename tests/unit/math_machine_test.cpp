// Building, folding, evaluating, printing and verifying machine Code.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "actinium/error.h"
#include "math/var.hpp"

namespace actinium::machine {
namespace {

std::uint64_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }
std::uint64_t bits_of(std::int32_t x) { return static_cast<std::uint32_t>(x); }
std::uint64_t bits_of(std::int64_t x) { return static_cast<std::uint64_t>(x); }

Code finish(Builder& b, Var output) { return b.finish({&output, 1}); }

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr std::int32_t low32 = std::numeric_limits<std::int32_t>::min(),
                       high32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t low64 = std::numeric_limits<std::int64_t>::min(),
                       high64 = std::numeric_limits<std::int64_t>::max();

struct Meaning {
  const char* name;
  Op op;
  Type type;  ///< of the result
  std::vector<Type> operands;
  std::vector<std::uint64_t> values;
  std::uint64_t expected;
};

const std::vector<Meaning> meanings{
    {"min takes b on NaN in a",
     Op::min,
     Type::f32,
     {Type::f32, Type::f32},
     {bits_of(nan), bits_of(2.0f)},
     bits_of(2.0f)},
    {"min takes b on NaN in b",
     Op::min,
     Type::f32,
     {Type::f32, Type::f32},
     {bits_of(2.0f), bits_of(nan)},
     bits_of(nan)},
    {"max of equal zeros is b",
     Op::max,
     Type::f32,
     {Type::f32, Type::f32},
     {bits_of(0.0f), bits_of(-0.0f)},
     bits_of(-0.0f)},
    {"rint ties to even", Op::rint, Type::f64, {Type::f64}, {bits_of(2.5)}, bits_of(2.0)},
    {"rint keeps -0", Op::rint, Type::f64, {Type::f64}, {bits_of(-0.25)}, bits_of(-0.0)},
    {"fma rounds once",
     Op::fma,
     Type::f32,
     {Type::f32, Type::f32, Type::f32},
     {bits_of(0x1.000002p0f), bits_of(0x1.000002p0f), bits_of(-0x1.000004p0f)},
     bits_of(0x1p-46f)},
    {"scale into the subnormals",
     Op::scale,
     Type::f32,
     {Type::f32, Type::f32},
     {bits_of(1.5f), bits_of(-149.0f)},
     bits_of(0x1p-148f)},
    {"scale rounds once",
     Op::scale,
     Type::f64,
     {Type::f64, Type::f64},
     {bits_of(1.25), bits_of(-1074.0)},
     bits_of(0x1p-1074)},
    {"scale overflows", Op::scale, Type::f32, {Type::f32, Type::f32}, {bits_of(1.0f), bits_of(128.0f)}, bits_of(inf)},
    {"iadd wraps", Op::iadd, Type::i32, {Type::i32, Type::i32}, {bits_of(high32), bits_of(1)}, bits_of(low32)},
    {"imul wraps",
     Op::imul,
     Type::i64,
     {Type::i64, Type::i64},
     {bits_of(low64), bits_of(std::int64_t{-1})},
     bits_of(low64)},
    {"ashr keeps the sign", Op::ashr, Type::i32, {Type::i32, Type::i32}, {bits_of(-8), bits_of(1)}, bits_of(-4)},
    {"lshr does not", Op::lshr, Type::i32, {Type::i32, Type::i32}, {bits_of(-8), bits_of(28)}, bits_of(15)},
    {"shl drops bits", Op::shl, Type::i32, {Type::i32, Type::i32}, {bits_of(3), bits_of(31)}, bits_of(low32)},
    {"lt is false on NaN", Op::lt, Type::b1, {Type::f32, Type::f32}, {bits_of(nan), bits_of(1.0f)}, 0},
    {"ge is false on NaN", Op::ge, Type::b1, {Type::f32, Type::f32}, {bits_of(nan), bits_of(1.0f)}, 0},
    {"ne is true on NaN", Op::ne, Type::b1, {Type::f32, Type::f32}, {bits_of(nan), bits_of(nan)}, 1},
    {"zeros are equal", Op::eq, Type::b1, {Type::f32, Type::f32}, {bits_of(0.0f), bits_of(-0.0f)}, 1},
    {"integers compare signed", Op::lt, Type::b1, {Type::i32, Type::i32}, {bits_of(-1), bits_of(0)}, 1},
    {"select", Op::select, Type::i32, {Type::b1, Type::i32, Type::i32}, {1, bits_of(4), bits_of(5)}, bits_of(4)},
    {"lnot", Op::lnot, Type::b1, {Type::b1}, {0}, 1},
    {"bits", Op::bits, Type::i32, {Type::f32}, {bits_of(1.0f)}, 0x3f800000},
    {"to_int of NaN", Op::to_int, Type::i32, {Type::f32}, {bits_of(nan)}, 0},
    {"to_int saturates above", Op::to_int, Type::i32, {Type::f64}, {bits_of(1e10)}, bits_of(high32)},
    {"to_int saturates below", Op::to_int, Type::i64, {Type::f32}, {bits_of(-inf)}, bits_of(low64)},
    {"to_int at the bound", Op::to_int, Type::i64, {Type::f64}, {bits_of(0x1p63)}, bits_of(high64)},
    {"to_int truncates", Op::to_int, Type::i32, {Type::f64}, {bits_of(-2.9)}, bits_of(-2)},
    {"to_float rounds to even", Op::to_float, Type::f32, {Type::i32}, {bits_of(16777217)}, bits_of(16777216.0f)},
    {"resize rounds", Op::resize, Type::f32, {Type::f64}, {bits_of(1 + 0x1p-30)}, bits_of(1.0f)},
    {"resize wraps", Op::resize, Type::i32, {Type::i64}, {bits_of(std::int64_t{0x1ffffffff})}, bits_of(-1)},
    {"resize extends the sign", Op::resize, Type::i64, {Type::i32}, {bits_of(-5)}, bits_of(std::int64_t{-5})},
};

TEST(MathMachine, OperationsMeanWhatTheyMean) {
  for (const Meaning& m : meanings) {
    SCOPED_TRACE(m.name);
    Builder b;
    std::array<Var, 3> operands;
    for (std::size_t i = 0; i < m.operands.size(); ++i) operands[i] = b.input(m.operands[i]);
    const Code code = finish(b, b.emit(m.op, m.type, operands[0], operands[1], operands[2]));
    verify(code);
    EXPECT_EQ(evaluate(code, m.values, true)[0], m.expected);
    // The same from constants, folded as it is built.
    Builder folding;
    for (std::size_t i = 0; i < m.operands.size(); ++i) operands[i] = folding.constant(m.operands[i], m.values[i]);
    const Var folded = folding.emit(m.op, m.type, operands[0], operands[1], operands[2]);
    ASSERT_EQ(folding.code().insts[static_cast<std::size_t>(folded.value())].op, Op::constant);
    EXPECT_EQ(folding.code().insts[static_cast<std::size_t>(folded.value())].imm, m.expected);
  }
}

TEST(MathMachine, MuladdFusesWhereTheTargetDoes) {
  Builder b;
  const Var x = b.input(Type::f32);
  const Code code = finish(b, muladd(x, x, -0x1.000004p0));
  const std::uint64_t argument = bits_of(0x1.000002p0f);
  EXPECT_EQ(evaluate(code, {&argument, 1}, true)[0], bits_of(0x1p-46f));
  EXPECT_EQ(evaluate(code, {&argument, 1}, false)[0], bits_of(0.0f));
}

TEST(MathMachine, AMuladdThatDependsOnTheTargetIsNotFolded) {
  Builder b;
  const Var x = b.number(Type::f32, 0x1.000002p0);
  const Var depends = muladd(x, x, -0x1.000004p0), does_not = muladd(x, 2.0, 1.0);
  EXPECT_EQ(b.code().insts[static_cast<std::size_t>(depends.value())].op, Op::muladd);
  EXPECT_EQ(b.code().insts[static_cast<std::size_t>(does_not.value())].op, Op::constant);
}

TEST(MathMachine, EqualInstructionsMerge) {
  Builder b;
  const Var x = b.input(Type::f64), y = b.input(Type::f64);
  EXPECT_EQ((x * y).value(), (y * x).value());
  EXPECT_EQ(muladd(x, y, 1.0).value(), muladd(y, x, 1.0).value());
  EXPECT_NE((x - y).value(), (y - x).value());
  EXPECT_NE(min(x, y).value(), min(y, x).value()) << "min is not commutative: NaN and zeros tell";
  EXPECT_NE(b.number(Type::f64, 0.0).value(), b.number(Type::f64, -0.0).value());
  const std::size_t count = b.code().insts.size();
  for (int i = 1000; i < 2000; ++i) x + i;
  for (int i = 1000; i < 2000; ++i) x + i;
  EXPECT_EQ(b.code().insts.size(), count + 2000)
      << "1000 constants and 1000 sums, each once, through several growths of the index";
}

TEST(MathMachine, AMinOrMaxThatSignsDecideIsLeftOut) {
  Builder b;
  const Var x = b.input(Type::f32), y = b.input(Type::f32);
  const Var below = -abs(x), above = x * x;
  EXPECT_EQ(min(b.number(Type::f32, 89.0), below).value(), below.value());
  EXPECT_EQ(min(above, below * 0.5).value(), (below * 0.5).value());
  EXPECT_EQ(max(b.number(Type::f32, -105.0), above).value(), above.value());
  EXPECT_EQ(max(below, max(above, sqrt(y))).value(), max(above, sqrt(y)).value());
  for (Var kept : {min(below, above), max(above, below), min(b.number(Type::f32, -1.0), below),
                   min(b.number(Type::f32, 89.0), x * y), max(b.number(Type::f32, 1.0), above)}) {
    const Op op = b.code().insts[static_cast<std::size_t>(kept.value())].op;
    EXPECT_TRUE(op == Op::min || op == Op::max);
  }
}

TEST(MathMachine, AFactorOfOneIsLeftOut) {
  for (Type t : {Type::f32, Type::f64}) {
    Builder b;
    const Var x = b.input(t);
    EXPECT_EQ((x * 1.0).value(), x.value());
    EXPECT_EQ((1.0 * x).value(), x.value());
    EXPECT_NE((x * -1.0).value(), x.value());
    EXPECT_NE((x * 0x1.000002p0).value(), x.value());
  }
}

TEST(MathMachine, FinishDropsWhatNoOutputNeeds) {
  Builder b;
  const Var x = b.input(Type::f32), unused = b.input(Type::f32);
  lookup(Table{Type::f32, {0, 0}}, bits(x) & 1);
  const Var y = lookup(Table{Type::f32, {bits_of(3.0f), bits_of(4.0f)}}, bits(x) & 1);
  sqrt(unused);
  const Code code = finish(b, y);
  verify(code);
  EXPECT_EQ(code.inputs.size(), 2u);
  EXPECT_EQ(code.tables.size(), 1u);
  EXPECT_EQ(code.insts.size(), 5u);
  const std::array arguments{bits_of(std::bit_cast<float>(1u)), bits_of(0.0f)};
  EXPECT_EQ(evaluate(code, arguments, true)[0], bits_of(4.0f));
}

TEST(MathMachine, RareCallsOnlyWhereAsked) {
  Builder inner;
  const Var argument = inner.input(Type::f32);
  const auto callee = std::make_shared<const Code>(finish(inner, argument * 100.0));
  Builder b;
  const Var x = b.input(Type::f32);
  const Code code = finish(b, rare(x > 10.0, x + 1.0, x, callee));
  verify(code);
  const std::uint64_t small = bits_of(2.0f), large = bits_of(20.0f);
  EXPECT_EQ(evaluate(code, {&small, 1}, true)[0], bits_of(3.0f));
  EXPECT_EQ(evaluate(code, {&large, 1}, true)[0], bits_of(2000.0f));
  // Inlined elsewhere it takes its callee and its meaning along.
  Builder outer;
  const std::array arguments{outer.input(Type::f32) + 9.0};
  const Code moved = finish(outer, outer.inline_call(code, arguments)[0]);
  verify(moved);
  EXPECT_EQ(evaluate(moved, {&small, 1}, true)[0], bits_of(1100.0f));
}

TEST(MathMachine, PrintsOneLineAnInstruction) {
  Builder b;
  const Var x = b.input(Type::f32);
  const Var negative = x < 0.0;
  const Var square = x * x;
  EXPECT_EQ(print(finish(b, select(negative, 0.5, square))),
            "%0 = input f32 0\n"
            "%1 = constant f32 0\n"
            "%2 = lt b1 %0 %1\n"
            "%3 = mul f32 %0 %0\n"
            "%4 = constant f32 0.5\n"
            "%5 = select f32 %2 %4 %3\n"
            "return %5\n");
}

TEST(MathMachine, VerifyNamesTheInstructionThatIsWrong) {
  const auto message = [](Code code) -> std::string {
    try {
      verify(code);
    } catch (const InternalError& e) {
      return e.what();
    }
    return "";
  };
  Builder b;
  const Var x = b.input(Type::f32);
  const Code good = finish(b, sqrt(x + 1.0));
  EXPECT_EQ(message(good), "");
  Code code = good;
  code.insts[2].type = Type::f64;
  EXPECT_EQ(message(code), "machine: %2 = add f64: operands and result must be one float type");
  code = good;
  code.insts[2].b = Value{3};
  EXPECT_EQ(message(code), "machine: %2 = add f32: an operand that is not defined before");
  code = good;
  code.insts[3].op = Op::bits;
  EXPECT_EQ(message(code), "machine: %3 = bits f32: bits of a float are an integer as wide");
}

TEST(MathMachine, LiteralsMustFitIntegers) {
  Builder b;
  const Var i = b.input(Type::i32);
  EXPECT_THROW(i + 0.5, InternalError);
  EXPECT_THROW(i + 0x100000000ll, InternalError);
  EXPECT_NO_THROW(i + 0xffffffffll) << "an unsigned pattern of 32 bits is one";
}

}  // namespace
}  // namespace actinium::machine
