// What the emitter of one kernel gives to the engine. One emit function for each kind of kernel; jit/engine.cpp calls
// them.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "jit/module_emitter.hpp"
#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace actinium::jit {

/// Symbols of the emitted functions (empty: none), and the callbacks of runtime::CompiledKernel with their context.
struct EmittedKernel {
  std::string main, finish;
  /// Of a product: to be called by `run`, which finds it in its context.
  std::string epilogue;
  std::function<void(void*)> bind_epilogue = {};
  std::shared_ptr<const void> context;
  runtime::CompiledKernel::Run run = nullptr, run_prepare = nullptr, run_pack_constant = nullptr;
  decltype(runtime::CompiledKernel::scratch_bytes) scratch_bytes = nullptr;
  decltype(runtime::CompiledKernel::shared_bytes) shared_bytes = nullptr;
  decltype(runtime::CompiledKernel::prepare_tasks) prepare_tasks = nullptr;
  decltype(runtime::CompiledKernel::constant_bytes) constant_bytes = nullptr;
  decltype(runtime::CompiledKernel::main_tasks) main_tasks = nullptr;
};

/// `symbol`: prefix of the functions' names, unique in the module.
EmittedKernel emit_loop(ModuleEmitter& m, const program::LoopKernel& kernel, const std::string& symbol);
/// One element in all, known to be one; and its code.
bool is_point(const program::LoopKernel& kernel);
EmittedKernel emit_point(ModuleEmitter& m, const program::LoopKernel& kernel, const std::string& symbol);
/// Rows of several stages that are known to be short, many at once in the lanes of vectors; and their code.
bool has_rows_in_lanes(const Target& target, const program::LoopKernel& kernel);
EmittedKernel emit_rows_in_lanes(ModuleEmitter& m, const program::LoopKernel& kernel, const std::string& symbol);
/// Rows of several stages that are known to fit a vector; and their code, row by row.
bool is_short_row(const Target& target, const program::LoopKernel& kernel);
EmittedKernel emit_short_rows(ModuleEmitter& m, const program::LoopKernel& kernel, const std::string& symbol);
/// A loop whose steps have small arrays of known sizes; and its code, called as runtime/iteration.hpp says.
bool is_native_iteration(const program::IterationKernel& kernel, const Target& target);
EmittedKernel emit_iteration(ModuleEmitter& m, const program::IterationKernel& kernel, const std::string& symbol);
EmittedKernel emit_column(ModuleEmitter& m, const program::ColumnKernel& kernel, const std::string& symbol);
EmittedKernel emit_matmul(ModuleEmitter& m, const program::MatmulKernel& kernel, const std::string& symbol);

/// Fields of runtime::KernelArgs, loaded at a kernel's entry.
struct ArgsView {
  llvm::Value *pointers, *strides, *extents, *partials, *shared, *constant;
  ArgsView(ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* args);
  /// Element i of the arrays.
  llvm::Value* pointer(llvm::IRBuilder<>& b, int i) const;
  llvm::Value* stride(llvm::IRBuilder<>& b, int i) const;
  llvm::Value* extent(llvm::IRBuilder<>& b, int i) const;
};

/// Lanes of a kernel whose values have these types: of a 4-byte type, or of an 8-byte one if any f64 is computed with.
int vector_lanes(const Target& target, std::span<const DType> values);

/// The common multiple of both, for allocating.
constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace actinium::jit
