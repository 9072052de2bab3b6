// Emits machine::Code as vector IR, one value of `lanes` elements for each instruction: the other implementation of
// machine::evaluate. Start reading at VectorEmitter::emit.
#pragma once
#include <llvm/IR/IRBuilder.h>

#include <cstdint>
#include <span>
#include <vector>

#include "actinium/dtype.h"
#include "jit/module_emitter.hpp"
#include "jit/session.hpp"
#include "math/machine.hpp"

namespace actinium::jit {

/// A body that is called instead of being repeated: its arguments are values of the calling code.
struct Call {
  const machine::Code* body;  ///< of math::body, so it lives on
  std::vector<machine::Value> arguments;
};

/// Values are vectors of `lanes` elements (of several registers at will), or scalars if that is 1; a predicate (b1) is a vector of i1, and a
/// byte 0 or 1 in memory. Subroutines take `unit` of them at a time.
class VectorEmitter {
 public:
  VectorEmitter(ModuleEmitter& module_, llvm::IRBuilder<>& builder_, int lanes_)
      : VectorEmitter(module_, builder_, lanes_, lanes_) {}
  VectorEmitter(ModuleEmitter& module_, llvm::IRBuilder<>& builder_, int lanes_, int unit_)
      : m(module_), b(builder_), lanes(lanes_), unit(unit_) {}

  ModuleEmitter& m;
  llvm::IRBuilder<>& b;
  const int lanes, unit;

  llvm::Type* scalar_type(machine::Type type) const;
  llvm::Type* type(machine::Type type) const { return of_lanes(scalar_type(type), lanes); }
  llvm::Constant* scalar_constant(machine::Type type, std::uint64_t bits) const;
  llvm::Constant* constant(machine::Type type, std::uint64_t bits) const;
  llvm::Value* splat(llvm::Value* scalar);
  /// A vector of fewer lanes, repeated.
  llvm::Value* repeated(llvm::Value* vector);
  /// Equal parts of a vector, a power of two of them, side by side.
  llvm::Value* joined(std::vector<llvm::Value*> parts);
  /// `lanes` elements of a longer vector, from `first` on.
  llvm::Value* part(llvm::Value* vector, int first);
  /// 0, 1, 2, ... as i32 or i64.
  llvm::Constant* lane_numbers(machine::Type integer) const;
  /// Lanes below `count` (an i64, not negative).
  llvm::Value* first_lanes(llvm::Value* count);

  /// Elements from memory at `pointer`; lanes outside `mask` (null: all are in) are not touched and read as zero.
  llvm::Value* load(DType dtype, llvm::Value* pointer, llvm::Value* mask = nullptr);
  void store(DType dtype, llvm::Value* value, llvm::Value* pointer, llvm::Value* mask = nullptr);
  /// A whole vector past the caches; the pointer is aligned to its size.
  void stream(DType dtype, llvm::Value* value, llvm::Value* pointer);
  /// One element, and back from lane 0. The scalar of a predicate is an i1.
  llvm::Value* load_scalar(DType dtype, llvm::Value* pointer);
  void store_lane0(DType dtype, llvm::Value* value, llvm::Value* pointer);

  /// a * x + c as Op::muladd has it.
  llvm::Value* muladd(DType dtype, llvm::Value* a, llvm::Value* x, llvm::Value* c);
  /// The outputs of `code` on these inputs. May add blocks (for `rare`): the builder ends in the last one. Inputs of
  /// the code beyond `inputs` are results of `calls`, in order. What is `known` (by instruction of the adapted code, or
  /// null) is not computed.
  std::vector<llvm::Value*> emit(const machine::Code& code, std::span<llvm::Value* const> inputs,
                                 std::span<const Call> calls = {}, std::span<llvm::Value* const> known = {});
  /// The code with operands as this target's instructions take them: what they do to an operand themselves (the floor of an
  /// exponent, the mask of an index) is left out.
  machine::Code adapted(machine::Code code) const;
  /// One instruction of adapted `code`, which is no input; `values` of those before it.
  llvm::Value* emit_instruction(const machine::Code& code, const machine::Inst& inst,
                                std::span<llvm::Value* const> values);
  /// Whether any lane of a predicate is true, as an i1; of several predicates of equal length.
  llvm::Value* any_lane(llvm::Value* predicate);
  llvm::Value* any_lane(llvm::ArrayRef<llvm::Value*> predicates);
  /// Op::rare where the branch is taken if `any` (an i1): `ask` then gives the predicate and the argument.
  struct Question {
    llvm::Value *predicate, *argument;
  };
  llvm::Value* rare(const machine::Code& callee, llvm::Value* any, llvm::Value* fallback,
                    llvm::function_ref<Question()> ask);
  /// The code's subroutine (of one output), as often as `lanes` need.
  llvm::Value* call(const machine::Code& code, llvm::ArrayRef<llvm::Value*> arguments);
  /// All outputs of the code's subroutine; `lanes` is `unit`.
  std::vector<llvm::Value*> call_all(const machine::Code& code, llvm::ArrayRef<llvm::Value*> arguments);

 private:
  llvm::Value* fused(machine::Type type, llvm::Value* a, llvm::Value* x, llvm::Value* c);
  llvm::Value* scale(machine::Type type, llvm::Value* a, llvm::Value* exponent);
  llvm::Value* lookup(const machine::Table& table, llvm::Value* index);
  bool permutes_by_low_bits(const machine::Table& table) const;
  llvm::Value* permute_lookup(const machine::Table& table, llvm::Value* index);
  llvm::Value* permute_eights(const machine::Table& table, llvm::Value* index);
  static llvm::Type* of_lanes(llvm::Type* scalar, int lanes) {
    return lanes == 1 ? scalar : llvm::FixedVectorType::get(scalar, static_cast<unsigned>(lanes));
  }
  void call_together(std::span<const Call> calls, std::size_t first, std::span<llvm::Value* const> values,
                     std::span<llvm::Value*> results);
  llvm::FunctionType* signature(const machine::Code& code) const;
  void define(const machine::Code& code, const std::string& symbol);
  llvm::Function* subroutine(const machine::Code& code);
  llvm::FunctionType* rare_signature(const machine::Code& code) const;
  llvm::Function* rare_subroutine(const machine::Code& code);
  void define_rare(const machine::Code& code, const std::string& symbol);
  llvm::Value* answered(const machine::Code& callee, llvm::Value* predicate, llvm::Value* argument,
                        llvm::Value* fallback);
  llvm::Value* unary(llvm::Intrinsic::ID id, llvm::Value* a);
  /// operation(emitter of half the lanes, halves of `values`), twice; joined. For instructions of one register.
  template <class Operation>
  llvm::Value* in_halves(llvm::ArrayRef<llvm::Value*> values, Operation&& operation);
};

/// fma for targets without the instruction, exact for all values (jit/soft_fma.cpp).
llvm::Value* emit_soft_fma(VectorEmitter& v, machine::Type type, llvm::Value* a, llvm::Value* x, llvm::Value* c);

}  // namespace actinium::jit
