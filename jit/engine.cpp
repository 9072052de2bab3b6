// The JIT as the runtime knows it: compiles a Program's kernels, in parts side by side, and keeps the code. Start at
// compile().
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "actinium/error.h"
#include "jit/kernel.hpp"
#include "jit/object_cache.hpp"
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
    EmittedKernel operator()(const program::LoopKernel& k) const {
      return is_point(k) ? emit_point(m, k, symbol) : emit_loop(m, k, symbol);
    }
    EmittedKernel operator()(const program::ColumnKernel& k) const { return emit_column(m, k, symbol); }
    EmittedKernel operator()(const program::MatmulKernel& k) const { return emit_matmul(m, k, symbol); }
    EmittedKernel operator()(const program::LibraryKernel&) const { return {}; }
  };
  return std::visit(Visitor{m, symbol}, kernel.body);
}

/// Kernels [begin, end) of a Program in one module.
struct Unit {
  std::unique_ptr<llvm::LLVMContext> context = make_context();
  std::unique_ptr<llvm::Module> module;
  std::vector<EmittedKernel> kernels;

  Unit(const Program& program, const Target& target, std::size_t begin, std::size_t end)
      : module(make_module(*context, target)) {
    ModuleEmitter emitter(target, program.fused, *module);
    for (std::size_t i = begin; i < end; ++i) {
      kernels.push_back(emit_kernel(emitter, program.kernels[i], symbol_of(i, program.kernels[i].name)));
    }
  }
  Unit(const Program& program, const Target& target) : Unit(program, target, 0, program.kernels.size()) {}
  bool has_code() const {
    return std::any_of(kernels.begin(), kernels.end(), [](const EmittedKernel& k) { return !k.main.empty(); });
  }
};

/// A Program is compiled in parts of this many kernels, side by side: a part costs about as much as a third of a
/// kernel.
constexpr std::size_t kernels_in_part = 4;

class JitExecutable final : public runtime::Executable {
 public:
  JitExecutable(std::shared_ptr<const Program> program, const Target& target, bool cache)
      : program_(std::move(program)), cache_(cache) {
    const std::size_t count = program_->kernels.size();
    parts_.resize((count + kernels_in_part - 1) / kernels_in_part);
    kernels_.resize(count);
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(std::size_t{0}, parts_.size(), [&](std::size_t i) {
        compile_part(parts_[i], target, i * kernels_in_part, std::min(count, (i + 1) * kernels_in_part));
      });
    });
  }
  const CompiledKernel& kernel(std::size_t i) const override { return kernels_.at(i); }

 private:
  struct Part {
    std::vector<EmittedKernel> emitted;
    std::unique_ptr<LinkedCode> code;
  };
  std::shared_ptr<const Program> program_;
  bool cache_;
  std::vector<Part> parts_;
  std::vector<CompiledKernel> kernels_;

  void compile_part(Part& part, const Target& target, std::size_t begin, std::size_t end) {
    Unit unit(*program_, target, begin, end);
    if (unit.has_code()) {
      part.code = cache_ ? link(*compiled_object(*unit.module, target)) : link(*compile_object(*unit.module, target));
    }
    part.emitted = std::move(unit.kernels);
    for (std::size_t i = begin; i < end; ++i) kernels_[i] = resolve(part.emitted[i - begin], part.code.get());
  }

  static CompiledKernel resolve(const EmittedKernel& k, const LinkedCode* code) {
    const auto function = [&](const std::string& symbol) {
      return symbol.empty() ? nullptr : reinterpret_cast<runtime::KernelFunction>(code->address(symbol));
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
  return std::make_shared<JitExecutable>(std::move(program), find_target(options.isa), options.cache);
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
  runtime::jit_engine() = {
      .compile = compile, .fused = fused, .llvm_ir = llvm_ir, .assembly = assembly, .describe_host = describe_host};
  return true;
}();

}  // namespace
}  // namespace actinium::jit
