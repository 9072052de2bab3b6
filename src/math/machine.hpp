// Machine primitives: the closed set of operations with exact IEEE meaning that every function is written in, once.
// `Code` is straight-line SSA over them; the interpreter evaluates it over chunks, the JIT emits it over vectors, and
// evaluate() here is the scalar meaning. Start reading at Op, then Code, then Var (the algebra the lowerings are
// written in).
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actinium/dtype.h"

namespace actinium::machine {

/// Type of a machine value. b1 is a predicate (a mask lane); in memory a bool is one byte.
enum class Type : std::uint8_t { b1, i32, i64, f32, f64 };

constexpr Type type_of(DType t) { return static_cast<Type>(t); }
constexpr DType dtype_of(Type t) { return static_cast<DType>(t); }
constexpr bool is_float(Type t) { return t == Type::f32 || t == Type::f64; }
/// The integer type of the same width: what bits() gives.
constexpr Type integer_of(Type t) { return t == Type::f64 || t == Type::i64 ? Type::i64 : Type::i32; }
constexpr Type float_of(Type t) { return t == Type::f64 || t == Type::i64 ? Type::f64 : Type::f32; }

enum class Op : std::uint8_t {
  input,     ///< imm: index of the argument
  constant,  ///< imm: bits of the value, zero extended
  // Floating point, round to nearest even, subnormals kept.
  add,
  sub,
  mul,
  div,
  sqrt,
  fma,     ///< a*b + c with one rounding, on every target
  muladd,  ///< a*b + c: fused where the target fuses, otherwise mul then add
  neg,
  abs,
  copysign,  ///< magnitude of a, sign of b
  min,       ///< a < b ? a : b  (so b if either is NaN): one x86 instruction
  max,       ///< a > b ? a : b
  rint,      ///< to an integer, ties to even
  floor,
  ceil,
  trunc,
  scale,  ///< a * 2^b, one rounding, subnormal results kept; b is of a's type and integral. Exact meaning for a = 0,
          ///< inf, NaN (then b is anything) and |a| in [2^-90, 2^90], |b| <= 252 (f32), 2044 (f64): vscalef, or two
          ///< products
  // Integers, wrapping.
  iadd,
  isub,
  imul,
  iand,
  ior,
  ixor,
  shl,   ///< b in [0, width)
  lshr,  ///< logical
  ashr,  ///< arithmetic
  // Comparisons give b1. Floats: ordered, so false on NaN, except ne, which is true. Integers: signed.
  lt,
  le,
  gt,
  ge,
  eq,
  ne,
  land,
  lor,
  lxor,
  lnot,
  select,     ///< a (b1) ? b : c, any type
  bits,       ///< float to the integer of the same width, unchanged bits
  from_bits,  ///< and back
  to_int,     ///< float to `type` (i32, i64): truncates, saturates, NaN gives 0
  to_float,   ///< integer to `type` (f32, f64), round to nearest even
  resize,     ///< float to float or integer to integer of the other width (rounds; integers wrap / sign extend)
  lookup,     ///< table imm at index a (an integer in range by construction)
  rare,       ///< a (b1) ? callee imm applied to (c) : b. Engines may skip the callee when no lane asks for it.
};

/// Index of an instruction in its Code: the value it defines.
enum class Value : std::uint32_t {};
inline constexpr Value no_value{0xffffffffu};

struct Inst {
  Op op;
  Type type;  ///< of the result
  Value a = no_value, b = no_value, c = no_value;
  std::uint64_t imm = 0;  ///< input index, constant bits, table or callee index
  friend bool operator==(const Inst&, const Inst&) = default;
};

/// A small constant table (at most 256 entries), as bits of `type`.
struct Table {
  Type type;
  std::vector<std::uint64_t> bits;
  friend bool operator==(const Table&, const Table&) = default;
};

/// Straight-line SSA: operands stand before their users.
struct Code {
  std::vector<Inst> insts;
  std::vector<Type> inputs;
  std::vector<Value> outputs;
  std::vector<Table> tables;
  std::vector<std::shared_ptr<const Code>> callees;  ///< of `rare`: one input, one output each

  Type type(Value v) const { return insts[static_cast<std::uint32_t>(v)].type; }
};

class Builder;

/// A value in a Builder, with the operators of algebra: what lowerings are written in. Number literals on either side
/// take the type of the Var.
class Var {
 public:
  Var() = default;
  Var(Builder& b, Value v) : builder_(&b), value_(v) {}
  Builder& builder() const { return *builder_; }
  Value value() const { return value_; }
  Type type() const;

 private:
  Builder* builder_ = nullptr;
  Value value_ = no_value;
};

/// Appends instructions, merging equal ones and folding operations among constants by evaluate() (except a muladd whose
/// value depends on the target). Operands of commutative operations are put in order of definition. A factor of 1 is left
/// out, and so is a min or max that the signs of its operands decide: exp(-|x|) needs no upper end.
class Builder {
 public:
  Var input(Type t);  ///< the next argument
  Var constant(Type t, std::uint64_t bits);
  Var number(Type t, double value);  ///< rounded once to a float type; must be exact for an integer type
  Var integer(Type t, std::int64_t value);
  Var emit(Op op, Type type, Var a, Var b = {}, Var c = {}, std::uint64_t imm = 0);
  Var lookup(const Table& table, Var index);
  Var rare(Var predicate, Var fallback, Var argument, std::shared_ptr<const Code> callee);
  /// The body of `code` on these arguments; returns its outputs.
  std::vector<Var> inline_call(const Code& code, std::span<const Var> arguments);
  Code finish(std::span<const Var> outputs);  ///< drops what no output needs
  const Code& code() const { return code_; }

 private:
  Code code_;
  /// What a float may be, if it is no NaN.
  struct Range {
    double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  };
  std::vector<Range> ranges_;         // of each instruction
  std::vector<std::uint32_t> index_;  // open addressing over insts (index + 1, 0 is free), for merging
  Range range_of(const Inst& inst) const;
  Value intern(const Inst& inst);
  void rehash();
  bool is_constant(Value v) const { return code_.insts[static_cast<std::uint32_t>(v)].op == Op::constant; }
};

/// The scalar meaning. Arguments and results as bits (zero extended; b1 is 0 or 1). `fused`: what muladd means.
std::vector<std::uint64_t> evaluate(const Code& code, std::span<const std::uint64_t> arguments, bool fused);

/// One line an instruction, for reading and golden tests.
std::string print(const Code& code);
/// Throws InternalError naming the first instruction with a wrong operand or type.
void verify(const Code& code);

}  // namespace actinium::machine
