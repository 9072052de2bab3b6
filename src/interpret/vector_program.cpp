// Registers, loads and the loop over instructions. Start reading at Allocation, then execute().
#include "interpret/vector_program.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "actinium/error.h"

namespace actinium::interpret {
namespace {

using machine::Op;
using machine::Type;

constexpr std::size_t group_bytes = group * 8;
constexpr std::uint32_t none = ~0u;

std::uint32_t index_of(machine::Value v) { return static_cast<std::uint32_t>(v); }

/// Registers one page apart would compete for the same cache sets.
constexpr std::size_t register_bytes(int width) { return static_cast<std::size_t>(width) * 8 + 64; }

template <class T>
void load_as(const void* from, std::int64_t stride, void* to, int n, int padded) {
  const T* source = static_cast<const T*>(from);
  T* result = static_cast<T*>(to);
  if (stride == 1) {
    std::memcpy(result, source, static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (int i = 0; i < n; ++i) result[i] = source[i * stride];
  }
  // What fills the last group up must be an ordinary value: garbage could be slow (subnormal) or ask for a rare path.
  for (int i = n; i < padded; ++i) result[i] = source[0];
}

void load(Type type, const void* from, std::int64_t stride, void* to, int n, int padded) {
  switch (size_of(type)) {
    case 1: return load_as<std::uint8_t>(from, stride, to, n, padded);
    case 4: return load_as<std::uint32_t>(from, stride, to, n, padded);
    default: return load_as<std::uint64_t>(from, stride, to, n, padded);
  }
}

void count(std::int64_t first, std::int64_t stride, void* to, int padded) {
  std::int64_t* result = static_cast<std::int64_t*>(to);
  for (int i = 0; i < padded; ++i) result[i] = first + i * stride;
}

template <class T>
void store_as(const VectorValue& value, void* to, std::int64_t stride, int n) {
  const T* source = static_cast<const T*>(value.data);
  T* result = static_cast<T*>(to);
  if (value.step == 0) {
    for (int i = 0; i < n; ++i) result[i * stride] = source[0];
  } else if (stride == 1) {
    std::memcpy(result, source, static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (int i = 0; i < n; ++i) result[i * stride] = source[i];
  }
}

template <class T>
void splat_as(const void* element, void* to) {
  T x;
  std::memcpy(&x, element, sizeof x);
  std::fill_n(static_cast<T*>(to), group, x);
}

constexpr int round_up(int n) { return (n + group - 1) / group * group; }

}  // namespace

void store(const VectorValue& value, Type type, void* to, std::int64_t stride, int n) {
  switch (size_of(type)) {
    case 1: return store_as<std::uint8_t>(value, to, stride, n);
    case 4: return store_as<std::uint32_t>(value, to, stride, n);
    default: return store_as<std::uint64_t>(value, to, stride, n);
  }
}

void splat(Type type, const void* element, void* to) {
  switch (size_of(type)) {
    case 1: return splat_as<std::uint8_t>(element, to);
    case 4: return splat_as<std::uint32_t>(element, to);
    default: return splat_as<std::uint64_t>(element, to);
  }
}

VectorProgram::VectorProgram(const machine::Code& code, std::vector<Input> inputs, bool fused)
    : inputs_(std::move(inputs)), fused_(fused) {
  if (inputs_.size() != code.inputs.size()) throw InternalError("interpret: a program with a wrong number of inputs");
  for (const auto& callee : code.callees) {
    callees_.push_back(std::make_unique<VectorProgram>(*callee, std::vector<Input>{{callee->inputs[0]}}, fused));
  }
  build(code);
  std::size_t callee_bytes = 0;
  for (const auto& callee : callees_) callee_bytes = std::max(callee_bytes, callee->frame_bytes());
  callee_frame_ = static_cast<std::uint32_t>(frame_bytes_);
  if (!callees_.empty()) frame_bytes_ += group_bytes + static_cast<std::size_t>(width_) * 8 + callee_bytes;
}

VectorProgram::Place VectorProgram::constant(Type type, std::uint64_t bits) {
  const Place place{static_cast<std::uint32_t>(constants_.size()), true, true};
  constants_.resize(constants_.size() + group_bytes);
  splat(type, &bits, constants_.data() + place.offset);  // little endian: the low bytes come first
  return place;
}

VectorProgram::Place VectorProgram::table(const machine::Table& table) {
  const Place place{static_cast<std::uint32_t>(constants_.size()), true, true};
  const std::size_t size = size_of(table.type);
  constants_.resize(constants_.size() + (table.bits.size() * size + 63) / 64 * 64);
  for (std::size_t i = 0; i < table.bits.size(); ++i)
    std::memcpy(constants_.data() + place.offset + i * size, &table.bits[i], size);
  return place;
}

/// Where values of a Code live: constants in constants_, uniform values in one group each, the rest in registers, which
/// are free again after a value's last use. No result shares a register with an operand of its instruction: sizes may
/// differ.
class VectorProgram::Allocation {
 public:
  Allocation(VectorProgram& program, const machine::Code& code) : program_(program), code_(code) {}

  std::vector<Place> run() {
    find_last_uses();
    places_.resize(code_.insts.size());
    numbers_.assign(code_.insts.size(), none);
    for (std::uint32_t i = 0; i < code_.insts.size(); ++i) place(i);
    const int width = registers_ <= 48 ? 512 : 128;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (numbers_[i] != none)
        places_[i].offset = static_cast<std::uint32_t>(uniform_bytes_ + numbers_[i] * register_bytes(width));
    }
    program_.width_ = width;
    program_.frame_bytes_ = uniform_bytes_ + registers_ * register_bytes(width);
    return std::move(places_);
  }

 private:
  static std::array<machine::Value, 3> operands(const machine::Inst& inst) { return {inst.a, inst.b, inst.c}; }

  void find_last_uses() {
    last_use_.resize(code_.insts.size());
    for (std::uint32_t i = 0; i < code_.insts.size(); ++i) {
      last_use_[i] = i;
      for (machine::Value v : operands(code_.insts[i])) {
        if (v != machine::no_value) last_use_[index_of(v)] = i;
      }
    }
    for (machine::Value v : code_.outputs) last_use_[index_of(v)] = none;
  }

  void place(std::uint32_t i) {
    const machine::Inst& inst = code_.insts[i];
    if (inst.op == Op::constant) {
      places_[i] = program_.constant(inst.type, inst.imm);
      return;
    }
    bool uniform = inst.op != Op::input || program_.inputs_[inst.imm].uniform;
    for (machine::Value v : operands(inst))
      uniform = uniform && (v == machine::no_value || places_[index_of(v)].uniform);
    if (uniform) {
      places_[i] = {static_cast<std::uint32_t>(uniform_bytes_), false, true};
      uniform_bytes_ += group_bytes;
    } else {
      if (free_.empty()) free_.push_back(registers_++);
      numbers_[i] = free_.back();
      free_.pop_back();
    }
    for (machine::Value v : operands(inst)) {
      if (v != machine::no_value) release(index_of(v), i);
    }
    release(i, i);
  }

  void release(std::uint32_t value, std::uint32_t user) {
    if (numbers_[value] == none || last_use_[value] != user) return;
    free_.push_back(numbers_[value]);
    last_use_[value] = none;  // an operand that occurs twice is freed once
  }

  VectorProgram& program_;
  const machine::Code& code_;
  std::vector<std::uint32_t> last_use_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> numbers_, free_;  ///< registers, by number until the width is known
  std::uint32_t registers_ = 0;
  std::size_t uniform_bytes_ = 0;
};

void VectorProgram::build(const machine::Code& code) {
  std::vector<Place> tables;
  for (const machine::Table& t : code.tables) tables.push_back(table(t));
  const std::vector<Place> places = Allocation(*this, code).run();
  const auto place_of = [&](machine::Value v) { return v == machine::no_value ? Place{} : places[index_of(v)]; };
  for (std::size_t i = 0; i < code.insts.size(); ++i) {
    const machine::Inst& in = code.insts[i];
    if (in.op == Op::constant) continue;
    Inst out{.result = places[i], .a = place_of(in.a), .b = place_of(in.b), .c = place_of(in.c), .type = in.type};
    if (in.op == Op::lookup) out.b = tables[in.imm];
    if (in.op == Op::input) {
      out.input = static_cast<std::int32_t>(in.imm);
    } else if (in.op == Op::rare) {
      out.callee = static_cast<std::int32_t>(in.imm);
    } else {
      out.run = vector_ops().find(in.op, in.type, in.a == machine::no_value ? in.type : code.type(in.a), fused_);
      if (out.run == nullptr) throw InternalError("interpret: an operation without a loop");
    }
    (places[i].uniform ? uniform_ : loop_).push_back(out);
  }
  for (machine::Value v : code.outputs) {
    outputs_.push_back(places[index_of(v)]);
    output_types_.push_back(code.type(v));
  }
}

void VectorProgram::begin_row(const Source* sources, void* frame) const {
  for (const Inst& inst : uniform_) execute(inst, sources, 0, group, frame);
}

void VectorProgram::run(const Source* sources, std::int64_t start, int n, void* frame) const {
  for (const Inst& inst : loop_) execute(inst, sources, start, n, frame);
}

void VectorProgram::execute(const Inst& inst, const Source* sources, std::int64_t start, int n, void* frame) const {
  const auto step = [](const Place& place) -> std::ptrdiff_t { return place.uniform ? 0 : group; };
  const Operands operands{static_cast<char*>(frame) + inst.result.offset,
                          address(inst.a, frame),
                          address(inst.b, frame),
                          address(inst.c, frame),
                          step(inst.a),
                          step(inst.b),
                          step(inst.c)};
  if (inst.run != nullptr) {
    inst.run(operands, inst.result.uniform ? 1 : round_up(n) / group);
  } else if (inst.callee >= 0) {
    execute_rare(inst, operands, n, frame);
  } else {
    const Source& source = sources[inst.input];
    const auto input = static_cast<std::size_t>(inst.input);
    const bool uniform = inst.result.uniform;
    if (inputs_[input].index) {
      count(source.start + start * source.stride, uniform ? 0 : source.stride, operands.result, round_up(n));
    } else if (uniform) {
      splat(inst.type, source.data, operands.result);
    } else {
      const char* first =
          static_cast<const char*>(source.data) + start * source.stride * static_cast<std::int64_t>(size_of(inst.type));
      load(inst.type, first, source.stride, operands.result, n, round_up(n));
    }
  }
}

/// result = a ? callee(c) : b. If any lane asks for it, the callee runs over the whole vector; the other lanes get the
/// argument of one that asks, since a callee need not bear arguments outside its domain (its look-ups would leave their
/// tables).
void VectorProgram::execute_rare(const Inst& inst, const Operands& operands, int n, void* frame) const {
  const auto* wanted = static_cast<const std::uint8_t*>(operands.a);
  const std::uint8_t* const end = wanted + (operands.step_a == 0 ? 1 : n);
  const std::uint8_t* const first = std::find_if(wanted, end, [](std::uint8_t w) { return w != 0; });
  const int groups = inst.result.uniform ? 1 : round_up(n) / group;
  const OpFunction select = vector_ops().find(Op::select, inst.type, Type::b1, fused_);
  if (first == end) {
    select({operands.result, operands.a, operands.b, operands.b, operands.step_a, operands.step_b, operands.step_b},
           groups);
    return;
  }
  const VectorProgram& callee = *callees_[static_cast<std::size_t>(inst.callee)];
  char* const substitute = static_cast<char*>(frame) + callee_frame_;
  char* const arguments = substitute + group_bytes;
  char* const callee_frame = arguments + static_cast<std::size_t>(width_) * 8;
  const std::size_t size = size_of(inst.type), argument_size = size_of(callee.inputs_[0].type);
  splat(callee.inputs_[0].type,
        static_cast<const char*>(operands.c) +
            (operands.step_c == 0 ? 0 : static_cast<std::size_t>(first - wanted) * argument_size),
        substitute);
  vector_ops().find(Op::select, callee.inputs_[0].type, Type::b1, fused_)(
      {arguments, operands.a, operands.c, substitute, operands.step_a, operands.step_c, 0}, groups);
  const Source source{arguments, 1, 0};
  callee.begin_row(&source, callee_frame);
  for (int start = 0; start < groups * group; start += callee.width()) {
    const int count = std::min(callee.width(), groups * group - start);
    callee.run(&source, start, count, callee_frame);
    const VectorValue value = callee.output(0, callee_frame);
    const auto at = [&](const void* p, std::ptrdiff_t step, std::size_t bytes) {
      return static_cast<const char*>(p) + (step == 0 ? 0 : static_cast<std::size_t>(start) * bytes);
    };
    select({static_cast<char*>(operands.result) + static_cast<std::size_t>(start) * size,
            at(operands.a, operands.step_a, 1), value.data, at(operands.b, operands.step_b, size), operands.step_a,
            value.step, operands.step_b},
           count / group);
  }
}

VectorValue VectorProgram::output(std::size_t i, const void* frame) const {
  return {address(outputs_[i], frame), outputs_[i].uniform ? 0 : group};
}

}  // namespace actinium::interpret
