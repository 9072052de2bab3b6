// Building, checking and printing machine Code. Start reading at Builder::emit.
#include "math/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "actinium/error.h"
#include "math/meaning.hpp"

namespace actinium::machine {
namespace {

std::uint32_t index_of(Value v) { return static_cast<std::uint32_t>(v); }

std::string_view name_of(Type t) { return t == Type::b1 ? "b1" : actinium::name_of(dtype_of(t)); }

std::string_view name_of(Op op) {
  switch (op) {
    case Op::input: return "input";
    case Op::constant: return "constant";
    case Op::add: return "add";
    case Op::sub: return "sub";
    case Op::mul: return "mul";
    case Op::div: return "div";
    case Op::sqrt: return "sqrt";
    case Op::fma: return "fma";
    case Op::muladd: return "muladd";
    case Op::neg: return "neg";
    case Op::abs: return "abs";
    case Op::copysign: return "copysign";
    case Op::min: return "min";
    case Op::max: return "max";
    case Op::rint: return "rint";
    case Op::floor: return "floor";
    case Op::ceil: return "ceil";
    case Op::trunc: return "trunc";
    case Op::scale: return "scale";
    case Op::iadd: return "iadd";
    case Op::isub: return "isub";
    case Op::imul: return "imul";
    case Op::iand: return "iand";
    case Op::ior: return "ior";
    case Op::ixor: return "ixor";
    case Op::shl: return "shl";
    case Op::lshr: return "lshr";
    case Op::ashr: return "ashr";
    case Op::lt: return "lt";
    case Op::le: return "le";
    case Op::gt: return "gt";
    case Op::ge: return "ge";
    case Op::eq: return "eq";
    case Op::ne: return "ne";
    case Op::land: return "land";
    case Op::lor: return "lor";
    case Op::lxor: return "lxor";
    case Op::lnot: return "lnot";
    case Op::select: return "select";
    case Op::bits: return "bits";
    case Op::from_bits: return "from_bits";
    case Op::to_int: return "to_int";
    case Op::to_float: return "to_float";
    case Op::resize: return "resize";
    case Op::lookup: return "lookup";
    case Op::rare: return "rare";
  }
  return "?";
}

bool is_commutative(Op op) {
  return op == Op::add || op == Op::mul || op == Op::fma || op == Op::muladd || op == Op::iadd || op == Op::imul ||
         op == Op::iand || op == Op::ior || op == Op::ixor || op == Op::eq || op == Op::ne || op == Op::land ||
         op == Op::lor || op == Op::lxor;
}

bool is_integer(Type t) { return t == Type::i32 || t == Type::i64; }

int operand_count(Op op) {
  switch (op) {
    case Op::input:
    case Op::constant: return 0;
    case Op::sqrt:
    case Op::neg:
    case Op::abs:
    case Op::rint:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::lnot:
    case Op::bits:
    case Op::from_bits:
    case Op::to_int:
    case Op::to_float:
    case Op::resize:
    case Op::lookup: return 1;
    case Op::fma:
    case Op::muladd:
    case Op::select:
    case Op::rare: return 3;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::copysign:
    case Op::min:
    case Op::max:
    case Op::scale:
    case Op::iadd:
    case Op::isub:
    case Op::imul:
    case Op::iand:
    case Op::ior:
    case Op::ixor:
    case Op::shl:
    case Op::lshr:
    case Op::ashr:
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
    case Op::eq:
    case Op::ne:
    case Op::land:
    case Op::lor:
    case Op::lxor: return 2;
  }
  return 0;
}

std::uint64_t hash_of(const Inst& inst) {
  std::uint64_t h = static_cast<std::uint64_t>(inst.op) * 8 + static_cast<std::uint64_t>(inst.type);
  for (std::uint64_t x :
       {std::uint64_t{index_of(inst.a)}, std::uint64_t{index_of(inst.b)}, std::uint64_t{index_of(inst.c)}, inst.imm}) {
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
  }
  return h;
}

/// What is wrong with the instruction at `i`, or nothing.
std::string_view complaint(const Code& code, std::size_t i) {
  const Inst& inst = code.insts[i];
  const std::array operands{inst.a, inst.b, inst.c};
  const int count = operand_count(inst.op);
  for (int k = 0; k < 3; ++k) {
    if (k >= count && operands[k] != no_value) return "too many operands";
    if (k < count && index_of(operands[k]) >= i) return "an operand that is not defined before";
  }
  const auto type = [&](int k) { return code.type(operands[k]); };
  const auto all_are = [&](Type t) {
    for (int k = 0; k < count; ++k) {
      if (type(k) != t) return false;
    }
    return true;
  };
  if (is_float_op(inst.op))
    return is_float(inst.type) && all_are(inst.type) ? "" : "operands and result must be one float type";
  if (is_integer_op(inst.op))
    return is_integer(inst.type) && all_are(inst.type) ? "" : "operands and result must be one integer type";
  if (is_compare(inst.op))
    return inst.type == Type::b1 && type(0) != Type::b1 && all_are(type(0)) ? "" : "compares two numbers of one type";
  if (is_logic(inst.op))
    return inst.type == Type::b1 && all_are(Type::b1) ? "" : "operands and result must be predicates";
  switch (inst.op) {
    case Op::input: return inst.imm < code.inputs.size() && code.inputs[inst.imm] == inst.type ? "" : "no such input";
    case Op::constant: return inst.type != Type::b1 || inst.imm <= 1 ? "" : "a predicate is 0 or 1";
    case Op::select:
      return type(0) == Type::b1 && type(1) == inst.type && type(2) == inst.type ? "" : "select of unlike types";
    case Op::bits:
      return is_float(type(0)) && inst.type == integer_of(type(0)) ? "" : "bits of a float are an integer as wide";
    case Op::from_bits:
      return is_integer(type(0)) && inst.type == float_of(type(0)) ? "" : "from_bits gives a float as wide";
    case Op::to_int: return is_float(type(0)) && is_integer(inst.type) ? "" : "to_int takes a float to an integer";
    case Op::to_float: return is_integer(type(0)) && is_float(inst.type) ? "" : "to_float takes an integer to a float";
    case Op::resize:
      return type(0) != inst.type && type(0) != Type::b1 && inst.type != Type::b1 &&
                     is_float(type(0)) == is_float(inst.type)
                 ? ""
                 : "resize changes the width alone";
    case Op::lookup:
      return is_integer(type(0)) && inst.imm < code.tables.size() && code.tables[inst.imm].type == inst.type
                 ? ""
                 : "no such table";
    case Op::rare: {
      if (inst.imm >= code.callees.size()) return "no such callee";
      const Code& callee = *code.callees[inst.imm];
      if (callee.inputs.size() != 1 || callee.outputs.size() != 1) return "a rare callee has one input and one output";
      return type(0) == Type::b1 && type(1) == inst.type && callee.type(callee.outputs[0]) == inst.type &&
                     callee.inputs[0] == type(2)
                 ? ""
                 : "rare with unlike types";
    }
    default: return "";
  }
}

std::string print_constant(const Inst& inst) {
  switch (inst.type) {
    case Type::b1: return inst.imm != 0 ? "true" : "false";
    case Type::i32: return fmt::format("{}", decode<std::int32_t>(inst.imm));
    case Type::i64: return fmt::format("{}", decode<std::int64_t>(inst.imm));
    case Type::f32: return fmt::format("{}", decode<float>(inst.imm));
    case Type::f64: return fmt::format("{}", decode<double>(inst.imm));
  }
  return "?";
}

}  // namespace

Var Builder::input(Type t) {
  code_.inputs.push_back(t);
  return {*this, intern({.op = Op::input, .type = t, .imm = code_.inputs.size() - 1})};
}

Var Builder::constant(Type t, std::uint64_t bits) {
  return {*this, intern({.op = Op::constant, .type = t, .imm = bits})};
}

Var Builder::number(Type t, double value) {
  switch (t) {
    case Type::f32: return constant(t, encode(static_cast<float>(value)));
    case Type::f64: return constant(t, encode(value));
    case Type::b1:
    case Type::i32:
    case Type::i64: break;
  }
  if (!(std::fabs(value) < 0x1p63) || std::trunc(value) != value)
    throw InternalError(fmt::format("machine: {} is no integer", value));
  return integer(t, static_cast<std::int64_t>(value));
}

Var Builder::integer(Type t, std::int64_t value) {
  // An i32 may also be written as its unsigned bit pattern.
  const bool fits = t == Type::i64 ||
                    (t == Type::i32 && value >= std::numeric_limits<std::int32_t>::min() && value <= 0xffffffffll) ||
                    (t == Type::b1 && (value == 0 || value == 1));
  if (!fits) throw InternalError(fmt::format("machine: {} is no {}", value, name_of(t)));
  return constant(t,
                  t == Type::i32 ? static_cast<std::uint64_t>(value) & 0xffffffffu : static_cast<std::uint64_t>(value));
}

Var Builder::emit(Op op, Type type, Var a, Var b, Var c, std::uint64_t imm) {
  Inst inst{.op = op, .type = type, .a = a.value(), .b = b.value(), .c = c.value(), .imm = imm};
  if (is_commutative(op) && inst.b < inst.a) std::swap(inst.a, inst.b);
  if (op == Op::resize && code_.type(inst.a) == type) return a;
  if (op == Op::select && inst.b == inst.c) return b;
  if ((op == Op::select || op == Op::rare) && is_constant(inst.a)) {
    const bool taken = code_.insts[index_of(inst.a)].imm != 0;
    if (op == Op::select) return taken ? b : c;
    if (!taken) return b;
  }
  if (op == Op::min || op == Op::max) {
    // The second operand wins unless the first is beyond it.
    const Range x = ranges_[index_of(inst.a)], y = ranges_[index_of(inst.b)];
    if (op == Op::min ? x.low >= y.high : x.high <= y.low) return b;
  }
  const int count = operand_count(op);
  const std::array operands{inst.a, inst.b, inst.c};
  bool foldable = count > 0;
  std::array<std::uint64_t, 3> bits{};
  for (int k = 0; k < count; ++k) {
    if (index_of(operands[k]) >= code_.insts.size())
      throw InternalError(fmt::format("machine: {} lacks an operand", name_of(op)));
    foldable = foldable && is_constant(operands[k]);
    bits[k] = code_.insts[index_of(operands[k])].imm;
  }
  // The operands are in order of their definition by now.
  const auto is_one = [&](int k) { return is_constant(operands[k]) && bits[k] == (type == Type::f32 ? encode(1.0f) : encode(1.0)); };
  if (op == Op::mul && is_one(0)) return {*this, inst.b};
  if (op == Op::mul && is_one(1)) return {*this, inst.a};
  if (foldable) {
    const std::uint64_t fused = apply(code_, inst, bits[0], bits[1], bits[2], true);
    if (fused == apply(code_, inst, bits[0], bits[1], bits[2], false)) return constant(type, fused);
  }
  return {*this, intern(inst)};
}

Var Builder::lookup(const Table& table, Var index) {
  const auto found = std::find(code_.tables.begin(), code_.tables.end(), table);
  const auto number = static_cast<std::uint64_t>(found - code_.tables.begin());
  if (found == code_.tables.end()) code_.tables.push_back(table);
  return emit(Op::lookup, table.type, index, {}, {}, number);
}

Var Builder::rare(Var predicate, Var fallback, Var argument, std::shared_ptr<const Code> callee) {
  const auto found = std::find(code_.callees.begin(), code_.callees.end(), callee);
  const auto number = static_cast<std::uint64_t>(found - code_.callees.begin());
  if (found == code_.callees.end()) code_.callees.push_back(std::move(callee));
  return emit(Op::rare, fallback.builder().code().type(fallback.value()), predicate, fallback, argument, number);
}

std::vector<Var> Builder::inline_call(const Code& code, std::span<const Var> arguments) {
  if (arguments.size() != code.inputs.size()) throw InternalError("machine: call with a wrong number of arguments");
  std::vector<Var> values;
  values.reserve(code.insts.size());
  const auto at = [&](Value v) { return v == no_value ? Var{} : values[index_of(v)]; };
  for (const Inst& inst : code.insts) {
    switch (inst.op) {
      case Op::input: values.push_back(arguments[inst.imm]); break;
      case Op::constant: values.push_back(constant(inst.type, inst.imm)); break;
      case Op::lookup: values.push_back(lookup(code.tables[inst.imm], at(inst.a))); break;
      case Op::rare: values.push_back(rare(at(inst.a), at(inst.b), at(inst.c), code.callees[inst.imm])); break;
      default: values.push_back(emit(inst.op, inst.type, at(inst.a), at(inst.b), at(inst.c), inst.imm));
    }
  }
  std::vector<Var> outputs;
  for (Value v : code.outputs) outputs.push_back(at(v));
  return outputs;
}

Code Builder::finish(std::span<const Var> outputs) {
  std::vector<bool> live(code_.insts.size());
  for (Var v : outputs) live[index_of(v.value())] = true;
  for (std::size_t i = code_.insts.size(); i-- > 0;) {
    if (!live[i]) continue;
    for (Value v : {code_.insts[i].a, code_.insts[i].b, code_.insts[i].c}) {
      if (v != no_value) live[index_of(v)] = true;
    }
  }
  Code result;
  result.inputs = code_.inputs;
  std::vector<Value> renamed(code_.insts.size(), no_value);
  std::vector<std::uint64_t> tables(code_.tables.size(), ~0ull), callees(code_.callees.size(), ~0ull);
  for (std::size_t i = 0; i < code_.insts.size(); ++i) {
    if (!live[i]) continue;
    Inst inst = code_.insts[i];
    for (Value* v : {&inst.a, &inst.b, &inst.c}) {
      if (*v != no_value) *v = renamed[index_of(*v)];
    }
    const auto keep = [&](auto& numbers, auto& from, auto& to) {
      std::uint64_t& number = numbers[inst.imm];
      if (number == ~0ull) {
        number = to.size();
        to.push_back(from[inst.imm]);
      }
      inst.imm = number;
    };
    if (inst.op == Op::lookup) keep(tables, code_.tables, result.tables);
    if (inst.op == Op::rare) keep(callees, code_.callees, result.callees);
    renamed[i] = Value{static_cast<std::uint32_t>(result.insts.size())};
    result.insts.push_back(inst);
  }
  for (Var v : outputs) result.outputs.push_back(renamed[index_of(v.value())]);
  return result;
}

Value Builder::intern(const Inst& inst) {
  if (2 * (code_.insts.size() + 1) > index_.size()) rehash();
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = hash_of(inst) & mask;
  while (index_[slot] != 0) {
    if (code_.insts[index_[slot] - 1] == inst) return Value{index_[slot] - 1};
    slot = (slot + 1) & mask;
  }
  code_.insts.push_back(inst);
  ranges_.push_back(range_of(inst));
  index_[slot] = static_cast<std::uint32_t>(code_.insts.size());
  return Value{index_[slot] - 1};
}

Builder::Range Builder::range_of(const Inst& inst) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!is_float(inst.type)) return {};
  const auto of = [&](Value v) { return ranges_[index_of(v)]; };
  // Rounding is monotone, so the rounded product of the ends bounds the rounded products. 0 * inf is NaN, or 0.
  const auto times = [&](double x, double y) {
    const double exact = x == 0 || y == 0 ? 0 : x * y;
    return inst.type == Type::f32 ? static_cast<double>(static_cast<float>(exact)) : exact;
  };
  const auto product = [&](Range x, Range y) {
    const std::array ends{times(x.low, y.low), times(x.low, y.high), times(x.high, y.low), times(x.high, y.high)};
    return Range{*std::min_element(ends.begin(), ends.end()), *std::max_element(ends.begin(), ends.end())};
  };
  switch (inst.op) {
    case Op::constant: {
      const double value = inst.type == Type::f32
                               ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(inst.imm)))
                               : std::bit_cast<double>(inst.imm);
      return value == value ? Range{value, value} : Range{};
    }
    case Op::abs: {
      const Range x = of(inst.a);
      return {std::max({0.0, x.low, -x.high}), std::max(-x.low, x.high)};
    }
    case Op::sqrt: return {0, infinity};
    case Op::neg: return {-of(inst.a).high, -of(inst.a).low};
    case Op::mul: {
      const Range x = product(of(inst.a), of(inst.b));
      return inst.a == inst.b ? Range{std::max(0.0, x.low), x.high} : x;
    }
    // If the first operand may be NaN, the second stands unbounded by it.
    case Op::min: {
      const Range x = of(inst.a), y = of(inst.b);
      return {std::min(x.low, y.low), is_constant(inst.a) ? std::min(x.high, y.high) : y.high};
    }
    case Op::max: {
      const Range x = of(inst.a), y = of(inst.b);
      return {is_constant(inst.a) ? std::max(x.low, y.low) : y.low, std::max(x.high, y.high)};
    }
    default: return {};  // NOLINT: all others may be anything
  }
}

void Builder::rehash() {
  index_.assign(std::max<std::size_t>(64, 2 * index_.size()), 0);
  const std::size_t mask = index_.size() - 1;
  for (std::size_t i = 0; i < code_.insts.size(); ++i) {
    std::size_t slot = hash_of(code_.insts[i]) & mask;
    while (index_[slot] != 0) slot = (slot + 1) & mask;
    index_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

std::string print(const Code& code) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < code.insts.size(); ++i) {
    const Inst& inst = code.insts[i];
    fmt::format_to(out, "%{} = {} {}", i, name_of(inst.op), name_of(inst.type));
    if (inst.op == Op::input) fmt::format_to(out, " {}", inst.imm);
    if (inst.op == Op::constant) fmt::format_to(out, " {}", print_constant(inst));
    if (inst.op == Op::lookup) fmt::format_to(out, " table{}", inst.imm);
    if (inst.op == Op::rare) fmt::format_to(out, " callee{}", inst.imm);
    for (Value v : {inst.a, inst.b, inst.c}) {
      if (v != no_value) fmt::format_to(out, " %{}", index_of(v));
    }
    text += '\n';
  }
  text += "return";
  for (Value v : code.outputs) fmt::format_to(out, " %{}", index_of(v));
  text += '\n';
  for (std::size_t i = 0; i < code.tables.size(); ++i) {
    fmt::format_to(out, "table{} {}", i, name_of(code.tables[i].type));
    for (std::uint64_t bits : code.tables[i].bits) fmt::format_to(out, " {:#x}", bits);
    text += '\n';
  }
  // Callees have no callees of their own (verify), so this prints each once without depth.
  for (std::size_t i = 0; i < code.callees.size(); ++i)
    fmt::format_to(out, "callee{}:\n{}", i, print(*code.callees[i]));
  return text;
}

void verify(const Code& code) {
  for (std::size_t i = 0; i < code.insts.size(); ++i) {
    const std::string_view text = complaint(code, i);
    if (!text.empty())
      throw InternalError(
          fmt::format("machine: %{} = {} {}: {}", i, name_of(code.insts[i].op), name_of(code.insts[i].type), text));
  }
  for (Value v : code.outputs) {
    if (index_of(v) >= code.insts.size()) throw InternalError("machine: an output that is not defined");
  }
  for (const Table& table : code.tables) {
    if (table.bits.empty() || table.bits.size() > 256) throw InternalError("machine: a table has 1 to 256 entries");
  }
  for (const auto& callee : code.callees) {
    if (!callee->callees.empty()) throw InternalError("machine: a rare callee has callees of its own");
    verify(*callee);
  }
}

}  // namespace actinium::machine
