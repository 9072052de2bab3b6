// The JIT as the runtime knows it: compiles a Program's kernels, in parts side by side, and keeps the code. Start at
// compile().
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cctype>
#include <span>
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
      if (is_point(k)) return emit_point(m, k, symbol);
      if (has_rows_in_lanes(m.target, k)) return emit_rows_in_lanes(m, k, symbol);
      return is_short_row(m.target, k) ? emit_short_rows(m, k, symbol) : emit_loop(m, k, symbol);
    }
    EmittedKernel operator()(const program::ColumnKernel& k) const { return emit_column(m, k, symbol); }
    EmittedKernel operator()(const program::MatmulKernel& k) const { return emit_matmul(m, k, symbol); }
    EmittedKernel operator()(const program::LibraryKernel&) const { return {}; }
    EmittedKernel operator()(const program::IterationKernel& k) const {
      return is_native_iteration(k, m.target) ? emit_iteration(m, k, symbol) : EmittedKernel{};
    }
  };
  return std::visit(Visitor{m, symbol}, kernel.body);
}

/// Some kernels of a Program in one module.
struct Unit {
  std::unique_ptr<llvm::LLVMContext> context = make_context();
  std::unique_ptr<llvm::Module> module;
  std::vector<EmittedKernel> kernels;

  Unit(const Program& program, const Target& target, std::span<const std::size_t> numbers)
      : module(make_module(*context, target)) {
    ModuleEmitter emitter(target, program.fused, *module);
    for (std::size_t i : numbers) {
      kernels.push_back(emit_kernel(emitter, program.kernels[i], symbol_of(i, program.kernels[i].name)));
    }
  }
  bool has_code() const {
    return std::any_of(kernels.begin(), kernels.end(), [](const EmittedKernel& k) { return !k.main.empty() || !k.epilogue.empty(); });
  }
};

/// The kernels that have code of their own.
std::vector<std::size_t> distinct_kernels(const Program& program) {
  const std::vector<std::size_t> first = program::distinct(program);
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] == i) numbers.push_back(i);
  }
  return numbers;
}

/// About how many instructions a kernel is before the code generator.
std::size_t size_of_code(const program::Kernel& kernel) {
  const auto stage = [](const program::Stage& s) { return 50 + 8 * s.steps.size() + 40 * s.reductions.size(); };
  struct Visitor {
    decltype(stage)& size;
    std::size_t operator()(const program::LoopKernel& k) const {
      std::size_t sum = 50 + 20 * k.accesses.size();
      for (const program::Stage& s : k.stages) sum += size(s);
      return sum;
    }
    std::size_t operator()(const program::ColumnKernel& k) const {
      return 150 + 20 * k.accesses.size() + size(k.body) + size(k.finish);
    }
    std::size_t operator()(const program::MatmulKernel& k) const {
      return 20 * k.accesses.size() + size(k.epilogue);
    }
    std::size_t operator()(const program::LibraryKernel&) const { return 0; }
    std::size_t operator()(const program::IterationKernel& k) const {
      return k.phases.size() * 500;
    }
  };
  return std::visit(Visitor{stage}, kernel.body);
}

/// A Program is compiled in parts side by side, one for each core, unless parts would become very long. A part costs
/// about as much as a third of a kernel; equal shares: the largest kernels are handed out first, each to the smallest
/// part.
constexpr std::size_t longest_part = 16;
std::vector<std::vector<std::size_t>> parts_of(const Program& program, std::vector<std::size_t> numbers) {
  const auto cores = static_cast<std::size_t>(std::max(1, tbb::this_task_arena::max_concurrency()));
  const std::size_t count =
      std::max(std::min(cores, (numbers.size() + 1) / 2), (numbers.size() + longest_part - 1) / longest_part);
  std::stable_sort(numbers.begin(), numbers.end(), [&](std::size_t a, std::size_t b) {
    return size_of_code(program.kernels[a]) > size_of_code(program.kernels[b]);
  });
  std::vector<std::vector<std::size_t>> parts(count);
  std::vector<std::size_t> sizes(count, 0);
  for (std::size_t i : numbers) {
    const auto least = static_cast<std::size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
    parts[least].push_back(i);
    sizes[least] += size_of_code(program.kernels[i]);
  }
  for (auto& part : parts) std::sort(part.begin(), part.end());
  return parts;
}

class JitExecutable final : public runtime::Executable {
 public:
  JitExecutable(std::shared_ptr<const Program> program, const Target& target, bool cache)
      : program_(std::move(program)), cache_(cache) {
    kernels_.resize(program_->kernels.size());
    const std::vector<std::vector<std::size_t>> numbers = parts_of(*program_, distinct_kernels(*program_));
    parts_.resize(numbers.size());
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          std::size_t{0}, parts_.size(), std::size_t{1},
          [&](std::size_t i) { compile_part(parts_[i], target, numbers[i]); }, tbb::simple_partitioner());
    });
    const std::vector<std::size_t> first = program::distinct(*program_);
    for (std::size_t i = 0; i < kernels_.size(); ++i) kernels_[i] = kernels_[first[i]];
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

  void compile_part(Part& part, const Target& target, std::span<const std::size_t> numbers) {
    Unit unit(*program_, target, numbers);
    if (unit.has_code()) {
      part.code = cache_ ? link(*compiled_object(*unit.module, target))
                         : link(*compile_object(*unit.module, target, Effort::kernel));
    }
    part.emitted = std::move(unit.kernels);
    for (std::size_t n = 0; n < numbers.size(); ++n) kernels_[numbers[n]] = resolve(part.emitted[n], part.code.get());
  }

  static CompiledKernel resolve(const EmittedKernel& k, const LinkedCode* code) {
    const auto function = [&](const std::string& symbol) {
      return symbol.empty() ? nullptr : reinterpret_cast<runtime::KernelFunction>(code->address(symbol));
    };
    CompiledKernel result;
    result.native = function(k.main);
    result.native_finish = function(k.finish);
    result.run = k.run;
    result.run_prepare = k.run_prepare;
    result.run_pack_constant = k.run_pack_constant;
    if (!k.epilogue.empty()) k.bind_epilogue(code->address(k.epilogue));
    result.context = k.context.get();
    result.scratch_bytes = k.scratch_bytes;
    result.shared_bytes = k.shared_bytes;
    result.prepare_tasks = k.prepare_tasks;
    result.constant_bytes = k.constant_bytes;
    result.main_tasks = k.main_tasks;
    return result;
  }
};

std::shared_ptr<const runtime::Executable> compile(std::shared_ptr<const Program> program, const JitOptions& options) {
  return std::make_shared<JitExecutable>(std::move(program), find_target(options.isa), options.cache);
}

bool fused(const JitOptions& options) { return find_target(options.isa).fma; }

std::string llvm_ir(std::shared_ptr<const Program> program, const JitOptions& options) {
  const Unit unit(*program, find_target(options.isa), distinct_kernels(*program));
  std::string text;
  llvm::raw_string_ostream out(text);
  unit.module->print(out, nullptr);
  return text;
}

std::string assembly(std::shared_ptr<const Program> program, const JitOptions& options) {
  const Unit unit(*program, find_target(options.isa), distinct_kernels(*program));
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
