// The JIT as the runtime knows it: compiles a Program's kernels into one object, and keeps the code. Start at compile().
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "actinium/error.h"
#include "jit/kernel.hpp"
#include "jit/session.hpp"
#include "runtime/engine.hpp"

namespace actinium::jit {
namespace {

using program::Program;
using runtime::CompiledKernel;
using runtime::JitOptions;

/// "k3_softmax": readable in a profile, and unique.
std::string symbol_of(std::size_t number, const std::string& name) {
  std::string symbol = fmt::format("k{}_", number);
  for (char c : name.substr(0, 40)) symbol += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return symbol;
}

EmittedKernel emit_kernel(ModuleEmitter& m, const program::Kernel& kernel, const std::string& symbol) {
  struct Visitor {
    ModuleEmitter& m;
    const std::string& symbol;
    EmittedKernel operator()(const program::LoopKernel& k) const { return emit_loop(m, k, symbol); }
    EmittedKernel operator()(const program::ColumnKernel& k) const { return emit_column(m, k, symbol); }
    EmittedKernel operator()(const program::MatmulKernel& k) const { return emit_matmul(m, k, symbol); }
    EmittedKernel operator()(const program::LibraryKernel&) const { return {}; }
  };
  return std::visit(Visitor{m, symbol}, kernel.body);
}

/// All kernels of a Program in one module.
struct Unit {
  std::unique_ptr<llvm::LLVMContext> context = make_context();
  std::unique_ptr<llvm::Module> module;
  std::vector<EmittedKernel> kernels;

  Unit(const Program& program, const Target& target) : module(make_module(*context, target)) {
    ModuleEmitter emitter(target, program.fused, *module);
    for (std::size_t i = 0; i < program.kernels.size(); ++i) {
      kernels.push_back(emit_kernel(emitter, program.kernels[i], symbol_of(i, program.kernels[i].name)));
    }
  }
};

class JitExecutable final : public runtime::Executable {
 public:
  JitExecutable(std::shared_ptr<const Program> program, const Target& target) : program_(std::move(program)) {
    Unit unit(*program_, target);
    emitted_ = std::move(unit.kernels);
    const bool any = std::any_of(emitted_.begin(), emitted_.end(), [](const EmittedKernel& k) { return !k.main.empty(); });
    if (any) code_ = link(*compile_object(*unit.module, target));
    for (const EmittedKernel& kernel : emitted_) kernels_.push_back(resolve(kernel));
  }
  const CompiledKernel& kernel(std::size_t i) const override { return kernels_.at(i); }

 private:
  std::shared_ptr<const Program> program_;
  std::vector<EmittedKernel> emitted_;
  std::unique_ptr<LinkedCode> code_;
  std::vector<CompiledKernel> kernels_;

  CompiledKernel resolve(const EmittedKernel& k) const {
    const auto function = [&](const std::string& symbol) {
      return symbol.empty() ? nullptr : reinterpret_cast<runtime::KernelFunction>(code_->address(symbol));
    };
    CompiledKernel result;
    result.native = function(k.main);
    result.native_finish = function(k.finish);
    result.native_prepare = function(k.prepare);
    result.context = k.context.get();
    result.scratch_bytes = k.scratch_bytes;
    result.shared_bytes = k.shared_bytes;
    result.prepare_tasks = k.prepare_tasks;
    result.main_tasks = k.main_tasks;
    return result;
  }
};

std::shared_ptr<const runtime::Executable> compile(std::shared_ptr<const Program> program, const JitOptions& options) {
  return std::make_shared<JitExecutable>(std::move(program), find_target(options.isa));
}

bool fused(const JitOptions& options) { return find_target(options.isa).fma; }

std::string llvm_ir(std::shared_ptr<const Program> program, const JitOptions& options) {
  const Unit unit(*program, find_target(options.isa));
  std::string text;
  llvm::raw_string_ostream out(text);
  unit.module->print(out, nullptr);
  return text;
}

std::string assembly(std::shared_ptr<const Program> program, const JitOptions& options) {
  const Unit unit(*program, find_target(options.isa));
  return compile_assembly(*unit.module, find_target(options.isa));
}

/// When the library that has LLVM is loaded, the runtime knows its JIT.
[[maybe_unused]] const bool registered = [] {
  runtime::jit_engine() = {.compile = compile, .fused = fused, .llvm_ir = llvm_ir, .assembly = assembly, .describe_host = describe_host};
  return true;
}();

}  // namespace
}  // namespace actinium::jit
