// ORC with JITLink. Code is generated outside of ORC (any thread, a TargetMachine from a pool); ORC only links, each
// object into a JITDylib of its own, so that symbol names repeat among programs and the string pool does not grow.
#include "jit/session.hpp"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetOptions.h>

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "actinium/error.h"
#include "jit/llvm_compat.hpp"
#include "jit/scheduling.hpp"
#include "jit/support.hpp"

namespace actinium::jit {
namespace {

/// Keeps the first error of a context.
class Diagnostics final : public llvm::DiagnosticHandler {
 public:
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() == llvm::DS_Error && message.empty()) {
      llvm::raw_string_ostream out(message);
      llvm::DiagnosticPrinterRawOStream printer(out);
      info.print(printer);
    }
    return true;
  }
  std::string message;
};

/// Passes of the code generator that take a fifth of its time and find nothing to do in code that is emitted in its
/// final form. LLVM is linked privately, so its switches are ours.
void switch_off_passes() {
  for (const char* name : {"disable-lsr", "disable-post-ra"}) {
    auto& options = llvm::cl::getRegisteredOptions();
    const auto found = options.find(name);
    if (found != options.end()) static_cast<llvm::cl::opt<bool>*>(found->second)->setValue(true);
  }
}

void initialize_llvm() {
  static const bool done = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    switch_off_passes();
    return true;
  }();
  static_cast<void>(done);
}

llvm::CodeGenOptLevel level_of(Effort effort) {
  switch (effort) {
    case Effort::kernel: return llvm::CodeGenOptLevel::Default;
    case Effort::shared: return llvm::CodeGenOptLevel::Less;
    case Effort::quick: return llvm::CodeGenOptLevel::None;
  }
  return llvm::CodeGenOptLevel::Default;
}

std::unique_ptr<llvm::TargetMachine> make_machine(const Target& target, Effort effort) {
  initialize_llvm();
  std::string error;
  const llvm::Target* found = compat::lookup_target(target.triple, error);
  if (found == nullptr) throw CompileError(fmt::format("no code generator for {}: {}", target.triple, error));
  llvm::TargetOptions options;
  // A fused operation is only ever what machine::Code asks for.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(
      found->createTargetMachine(compat::triple_argument(target.triple), target.cpu, target.features, options,
                                 llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                 level_of(effort),
                                 /*JIT=*/true));
  if (!machine) throw CompileError(fmt::format("no code generator for {} on {}", target.cpu, target.triple));
  return machine;
}

/// TargetMachines are not thread-safe and take 0.2 ms to make: each compile borrows one.
class MachinePool {
  using Kind = std::pair<std::string, Effort>;

 public:
  class Loan {
   public:
    Loan(MachinePool& pool, const Target& target, Effort effort)
        : pool_(pool), kind_(target.isa, effort), machine_(pool.take(target, effort)) {}
    ~Loan() { pool_.give(kind_, std::move(machine_)); }
    llvm::TargetMachine& operator*() const { return *machine_; }

   private:
    MachinePool& pool_;
    const Kind kind_;
    std::unique_ptr<llvm::TargetMachine> machine_;
  };

 private:
  std::mutex mutex_;
  std::map<Kind, std::vector<std::unique_ptr<llvm::TargetMachine>>> idle_;

  std::unique_ptr<llvm::TargetMachine> take(const Target& target, Effort effort) {
    {
      const std::lock_guard lock(mutex_);
      auto& machines = idle_[{target.isa, effort}];
      if (!machines.empty()) {
        std::unique_ptr<llvm::TargetMachine> machine = std::move(machines.back());
        machines.pop_back();
        return machine;
      }
    }
    return make_machine(target, effort);
  }
  void give(const Kind& kind, std::unique_ptr<llvm::TargetMachine> machine) {
    const std::lock_guard lock(mutex_);
    idle_[kind].push_back(std::move(machine));
  }
};

/// Lives until the process ends: functions may be destroyed after static objects are.
MachinePool& machine_pool() {
  static auto* pool = new MachinePool;
  return *pool;
}

llvm::SmallVector<char, 0> generate(llvm::Module& module, const Target& target, Effort effort,
                                    llvm::CodeGenFileType type) {
#ifndef NDEBUG
  std::string text;
  llvm::raw_string_ostream out(text);
  if (llvm::verifyModule(module, &out)) throw InternalError("jit: invalid LLVM module: " + text);
#endif
  const MachinePool::Loan machine(machine_pool(), target, effort);
  const KeptOrder order(module);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if ((*machine).addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true)) {
    throw InternalError("jit: LLVM cannot emit this kind of file");
  }
  passes.run(module);
  const auto* diagnostics = static_cast<const Diagnostics*>(module.getContext().getDiagHandlerPtr());
  if (!diagnostics->message.empty()) throw InternalError("jit: " + diagnostics->message);
  return bytes;
}

class Session {
 public:
  static Session& instance() {
    static auto* session = new Session;  // never destroyed, as above
    return *session;
  }
  llvm::orc::LLJIT& jit() { return *jit_; }
  llvm::orc::JITDylib& provided() { return *provided_; }
  /// ORC locks itself, but linking from several threads at once has been buggy; it takes 0.1 ms.
  std::mutex& mutex() { return mutex_; }
  void define(const std::string& name, void* address) {
    const llvm::orc::ExecutorSymbolDef symbol(llvm::orc::ExecutorAddr::fromPtr(address),
                                              llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable);
    check(provided_->define(llvm::orc::absoluteSymbols({{jit_->mangleAndIntern(name), symbol}})), "providing " + name);
  }
  std::string next_name() { return fmt::format("p{}", counter_++); }

 private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  llvm::orc::JITDylib* provided_ = nullptr;  ///< support routines, and what provide() made known
  std::mutex mutex_;
  std::atomic<std::uint64_t> counter_{0};

  Session() {
    initialize_llvm();
    const Target& host = find_target("native");
    llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(host.triple)};
    builder.setCPU(host.cpu);
    jit_ = unwrap(llvm::orc::LLJITBuilder()
                      .setJITTargetMachineBuilder(std::move(builder))
                      .setLinkProcessSymbolsByDefault(false)
                      .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                      .create(),
                  "starting the session");
    auto& execution = jit_->getExecutionSession();
    execution.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
    provided_ = &execution.createBareJITDylib("provided");
    for (const SupportRoutine& routine : support_routines()) define(routine.name, routine.address);
  }
};

class Linked final : public LinkedCode {
 public:
  explicit Linked(const llvm::MemoryBuffer& object) {
    Session& session = Session::instance();
    const std::lock_guard lock(session.mutex());
    auto& execution = session.jit().getExecutionSession();
    library_ = &execution.createBareJITDylib(session.next_name());
    library_->addToLinkOrder(session.provided());
    if (llvm::Error error = session.jit().addObjectFile(
            *library_, llvm::MemoryBuffer::getMemBufferCopy(object.getBuffer(), object.getBufferIdentifier()))) {
      remove();
      throw_llvm(std::move(error), "loading an object");
    }
  }
  ~Linked() override {
    const std::lock_guard lock(Session::instance().mutex());
    remove();
  }
  void* address(const std::string& symbol) const override {
    Session& session = Session::instance();
    const std::lock_guard lock(session.mutex());
    return unwrap(session.jit().lookup(*library_, symbol), "linking " + symbol).toPtr<void*>();
  }

 private:
  llvm::orc::JITDylib* library_;

  void remove() {
    auto& execution = Session::instance().jit().getExecutionSession();
    llvm::consumeError(execution.removeJITDylib(*library_));
    // Names of kernels stay in ORC's pool of strings until someone asks.
    static int removed = 0;
    if (++removed % 256 == 0) execution.getSymbolStringPool()->clearDeadEntries();
  }
};

}  // namespace

void throw_llvm(llvm::Error error, std::string_view doing) {
  throw InternalError(fmt::format("jit: {}: {}", doing, llvm::toString(std::move(error))));
}
void check(llvm::Error error, std::string_view doing) {
  if (error) throw_llvm(std::move(error), doing);
}

std::unique_ptr<llvm::LLVMContext> make_context() {
  auto context = std::make_unique<llvm::LLVMContext>();
  context->setDiagnosticHandler(std::make_unique<Diagnostics>());
  context->setDiscardValueNames(true);
  return context;
}

std::unique_ptr<llvm::Module> make_module(llvm::LLVMContext& context, const Target& target) {
  auto module = std::make_unique<llvm::Module>("actinium", context);
  const MachinePool::Loan machine(machine_pool(), target, Effort::kernel);
  compat::set_triple(*module, target.triple);
  module->setDataLayout((*machine).createDataLayout());
  return module;
}

std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, const Target& target, Effort effort) {
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(generate(module, target, effort, llvm::CodeGenFileType::ObjectFile),
                                                         "actinium",
                                                         /*RequiresNullTerminator=*/false);
}

std::string compile_assembly(llvm::Module& module, const Target& target) {
  const llvm::SmallVector<char, 0> bytes = generate(module, target, Effort::kernel, llvm::CodeGenFileType::AssemblyFile);
  return {bytes.data(), bytes.size()};
}

void provide(const std::string& name, void* address) {
  Session& session = Session::instance();
  const std::lock_guard lock(session.mutex());
  session.define(name, address);
}

std::unique_ptr<LinkedCode> link(const llvm::MemoryBuffer& object) { return std::make_unique<Linked>(object); }

}  // namespace actinium::jit
