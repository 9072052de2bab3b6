// For the tests of generated kernels: builds kernels by hand, runs them task by task as the executor would, and
// evaluates them element by element as program.hpp defines them. Start reading at Bench.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "actinium/error.h"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace actinium::testing {

/// Instruction sets that this machine runs.
std::vector<std::string> host_isas();

/// An array in memory, and how a kernel's loop dimensions move in it.
struct Operand {
  DType dtype = DType::f32;
  std::vector<std::uint8_t> bytes;
  std::int64_t start = 0;             ///< element of the first index
  std::vector<std::int64_t> strides;  ///< by loop dimension
  bool index = false;                 ///< the number of the element itself: start + sum of strides * index

  std::uint64_t get(std::int64_t element) const;
  void set(std::int64_t element, std::uint64_t bits);
};

/// Steps of stages by name of op.
class Body {
 public:
  std::vector<DType> values;
  program::ValueId load(program::Stage& stage, std::uint32_t access, DType dtype);
  program::ValueId constant(program::Stage& stage, DType dtype, std::uint64_t bits);
  program::ValueId op(program::Stage& stage, ops::Op op, DType result, std::vector<program::ValueId> operands);
  program::ValueId fresh(DType dtype);
};

/// One kernel of loops, its operands (one an access) and its extents.
struct Bench {
  std::variant<program::LoopKernel, program::ColumnKernel> kernel;
  std::vector<Operand> operands;
  std::vector<std::int64_t> extents;

  /// An access along all dimensions: moving along those whose flag is set.
  static program::Access access(DType dtype, std::vector<bool> moves, bool index = false);
};

/// Runs a compiled kernel on copies of the operands, `grain` tasks at a time; gives the operands afterwards.
/// `in_place`: the last operand is the memory of the first.
std::vector<Operand> run(const Bench& bench, const std::string& isa, std::int64_t grain = 3, bool in_place = false);
/// The meaning, by machine::evaluate on one element after the other.
std::vector<Operand> evaluate(const Bench& bench, bool fused);

/// Compares operand by operand, bit by bit; NaNs are one value. "" or a description of the first difference.
std::string difference(const std::vector<Operand>& expected, const std::vector<Operand>& actual);

/// Random bits of a type: mostly moderate numbers, some of every magnitude, some special ones.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t value(DType dtype);
  double moderate() { return static_cast<double>(static_cast<std::int64_t>(next())) * 0x1p-61; }

 private:
  std::uint64_t state_;
};
/// Zeros, subnormals, limits, infinities, NaN and neighbours of 1, as bits.
std::vector<std::uint64_t> special_values(DType dtype);

/// An operand with contiguous elements for these extents (0 where a dimension does not move), filled from `numbers`.
Operand contiguous(DType dtype, std::span<const std::int64_t> extents, std::span<const bool> moves, Numbers* numbers);

}  // namespace actinium::testing
