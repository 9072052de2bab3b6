// VectorProgram: machine Code made ready to run over a row of elements, `width` at a time, in registers that are
// arrays. Start reading at VectorProgram::run.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "interpret/vector_ops.hpp"
#include "math/machine.hpp"

namespace actinium::interpret {

/// Where an input's elements come from: memory (a bool is a byte), or numbers start, start + stride, ... .
struct Source {
  const void* data = nullptr;
  std::int64_t stride = 0;  ///< in elements
  std::int64_t start = 0;   ///< of an index: the number at element 0
};

/// A value in a frame: `step` elements on for each group (0: the same everywhere).
struct VectorValue {
  const void* data;
  std::ptrdiff_t step;
};

class VectorProgram {
 public:
  struct Input {
    machine::Type type;
    bool uniform = false;  ///< one value for a whole row: what depends on such inputs alone is computed once
    bool index = false;    ///< counts instead of reading memory
  };

  VectorProgram(const machine::Code& code, std::vector<Input> inputs, bool fused);

  /// Elements at a time: a multiple of 64.
  int width() const { return width_; }
  /// Memory that a run needs, aligned to 64 bytes.
  std::size_t frame_bytes() const { return frame_bytes_; }

  /// Once for a row, before its run(): evaluates what is uniform.
  void begin_row(const Source* sources, void* frame) const;
  /// Elements [start, start + n), n <= width().
  void run(const Source* sources, std::int64_t start, int n, void* frame) const;
  VectorValue output(std::size_t i, const void* frame) const;
  machine::Type output_type(std::size_t i) const { return output_types_[i]; }

 private:
  /// Offset in the frame, or in the constants.
  struct Place {
    std::uint32_t offset = 0;
    bool constant = false;
    bool uniform = false;
  };
  struct Inst {
    OpFunction run = nullptr;  ///< null: a load, or a `rare`
    Place result = {}, a = {}, b = {}, c = {};
    std::int32_t input = -1;
    std::int32_t callee = -1;
    machine::Type type;
  };

  class Allocation;
  void build(const machine::Code& code);
  Place constant(machine::Type type, std::uint64_t bits);
  Place table(const machine::Table& table);
  void execute(const Inst& inst, const Source* sources, std::int64_t start, int n, void* frame) const;
  void execute_rare(const Inst& inst, const Operands& operands, int n, void* frame) const;
  const char* address(const Place& place, const void* frame) const {
    return place.constant ? constants_.data() + place.offset : static_cast<const char*>(frame) + place.offset;
  }

  std::vector<Input> inputs_;
  std::vector<Inst> uniform_, loop_;
  std::vector<Place> outputs_;
  std::vector<machine::Type> output_types_;
  std::vector<std::unique_ptr<VectorProgram>> callees_;
  std::vector<char> constants_;
  std::uint32_t callee_frame_ = 0;
  std::size_t frame_bytes_ = 0;
  int width_ = 512;
  bool fused_;
};

/// Bytes of an element in a register and in memory.
constexpr std::size_t size_of(machine::Type t) { return actinium::size_of(machine::dtype_of(t)); }

/// n elements of a value to memory.
void store(const VectorValue& value, machine::Type type, void* to, std::int64_t stride, int n);
/// One element from anywhere into a whole group.
void splat(machine::Type type, const void* element, void* to);

}  // namespace actinium::interpret
