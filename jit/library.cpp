// The table of the functions that this process has got.
#include "jit/library.hpp"

#include <llvm/IR/LLVMContext.h>

#include <map>
#include <memory>
#include <mutex>

namespace actinium::jit {
namespace {

/// Lives until the process ends: functions may be compiled while static objects are destroyed.
class Library {
 public:
  static Library& instance() {
    static auto* library = new Library;
    return *library;
  }
  /// Made by `make` unless it is there. It may require others: each entry waits for itself alone.
  const LinkedCode& require(const std::string& name, const std::function<std::unique_ptr<LinkedCode>()>& make) {
    Entry& entry = find(name);
    std::call_once(entry.once, [&] { entry.code = make(); });
    return *entry.code;
  }

 private:
  struct Entry {
    std::once_flag once;
    std::unique_ptr<LinkedCode> code;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;

  Entry& find(const std::string& symbol) {
    const std::lock_guard lock(mutex_);
    return entries_[symbol];
  }
};

std::string full_name(const Target& target, bool fused, const std::string& name) {
  return "actinium_" + name + "_" + target.isa + (fused ? "" : "_unfused");
}

std::unique_ptr<LinkedCode> compile(const Target& target, bool fused, Effort effort,
                                    const std::function<void(ModuleEmitter&)>& emit) {
  const auto context = make_context();
  const auto module = make_module(*context, target);
  ModuleEmitter emitter(target, fused, *module);
  emit(emitter);
  return link(*compile_object(*module, target, effort));
}

}  // namespace

const LinkedCode& library_code(const Target& target, bool fused, const std::string& name, Effort effort,
                               const std::function<void(ModuleEmitter&)>& emit) {
  return Library::instance().require(full_name(target, fused, name),
                                     [&] { return compile(target, fused, effort, emit); });
}

llvm::Function* library_function(ModuleEmitter& m, const std::string& name, llvm::FunctionType* type, Effort effort,
                                 const std::function<void(ModuleEmitter&, const std::string& symbol)>& emit) {
  const std::string symbol = full_name(m.target, m.fused, name);
  if (llvm::Function* existing = m.module.getFunction(symbol)) return existing;
  Library::instance().require(symbol, [&] {
    auto code = compile(m.target, m.fused, effort, [&](ModuleEmitter& emitter) { emit(emitter, symbol); });
    provide(symbol, code->address(symbol));
    return code;
  });
  return m.function(type, symbol, true);
}

}  // namespace actinium::jit
