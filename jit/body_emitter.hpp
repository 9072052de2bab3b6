// From the steps of a program::Stage to machine Code to vectors: shared by loop kernels and by the epilogue of matrix
// products. Start reading at StageCode: lower_stage() once a stage, then emit `code` wherever its inputs' values are at
// hand.
#pragma once
#include <span>
#include <vector>

#include "jit/machine_emitter.hpp"
#include "math/machine.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// One stage as straight-line code: all of its operations' bodies in one, merged and folded.
struct StageCode {
  struct Input {
    enum class Kind : std::uint8_t {
      load,     ///< element of accesses[number]
      value,    ///< ValueId{number}, defined by an earlier stage or a reduction
      product,  ///< the element of the matrix product
    };
    Kind kind;
    std::uint64_t number = 0;
    friend bool operator==(const Input&, const Input&) = default;
  };
  machine::Code code;
  std::vector<Input> inputs;              ///< of `code`, in order; each once, and only those that are used
  std::vector<Call> calls;                ///< the inputs of `code` behind those: for VectorEmitter::emit
  std::vector<program::ValueId> outputs;  ///< of `code`, in order: each value once
  /// Position of a value in `outputs`.
  std::size_t output(program::ValueId value) const;
};

/// Which bodies become calls instead of being repeated: LLVM's time grows faster than the length of straight-line code.
enum class Calls : std::uint8_t {
  never,
  in_long_code,  ///< those that repeat
  always,        ///< all but the shortest
};

/// `values`: the kernel's types. Outputs are the values of stage.stores, reductions and kept, then `also`.
StageCode lower_stage(const program::Stage& stage, std::span<const DType> values,
                      std::span<const program::ValueId> also = {}, Calls calls = Calls::never);

/// Values that a stage of `kernel` computes and later ones use.
std::vector<program::ValueId> used_later(const program::LoopKernel& kernel, std::size_t number);

}  // namespace actinium::jit
