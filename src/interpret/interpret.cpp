// The interpreter as an engine: an Executable whose kernels are PreparedKernels. Start reading at interpret().
#include <type_traits>

#include "interpret/kernels.hpp"

namespace actinium::runtime {
namespace {

using interpret::PreparedKernel;

const PreparedKernel& prepared(const void* context) { return *static_cast<const PreparedKernel*>(context); }

class Interpreter final : public Executable {
 public:
  explicit Interpreter(std::shared_ptr<const program::Program> program) : program_(std::move(program)) {
    for (const program::Kernel& kernel : program_->kernels) {
      kernels_.push_back(std::visit(
          [&](const auto& body) -> std::unique_ptr<PreparedKernel> {
            using Body = std::decay_t<decltype(body)>;
            if constexpr (std::is_same_v<Body, program::LibraryKernel> || std::is_same_v<Body, program::IterationKernel>) {
              return nullptr;  // the executor's
            } else {
              return interpret::prepare(body, program_->fused);
            }
          },
          kernel.body));
      compiled_.push_back(describe(kernels_.back().get()));
    }
  }

  const CompiledKernel& kernel(std::size_t i) const override { return compiled_[i]; }

 private:
  static CompiledKernel describe(const PreparedKernel* kernel) {
    CompiledKernel result;
    if (kernel == nullptr) return result;
    result.context = kernel;
    result.run = [](const void* context, const KernelArgs* args, std::int64_t begin, std::int64_t end, void* scratch) {
      prepared(context).run(*args, begin, end, static_cast<char*>(scratch));
    };
    if (kernel->has_finish()) {
      result.run_finish = [](const void* context, const KernelArgs* args, std::int64_t begin, std::int64_t end,
                             void* scratch) {
        prepared(context).finish(*args, begin, end, static_cast<char*>(scratch));
      };
    }
    result.scratch_bytes = [](const void* context, const std::int64_t* extents) {
      return static_cast<std::int64_t>(prepared(context).scratch_bytes(extents));
    };
    result.main_tasks = [](const void* context, const std::int64_t* extents) {
      return prepared(context).main_tasks(extents);
    };
    return result;
  }

  std::shared_ptr<const program::Program> program_;
  std::vector<std::unique_ptr<PreparedKernel>> kernels_;
  std::vector<CompiledKernel> compiled_;
};

}  // namespace

std::shared_ptr<const Executable> interpret(std::shared_ptr<const program::Program> program) {
  return std::make_shared<const Interpreter>(std::move(program));
}

}  // namespace actinium::runtime
