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
  /// Has `make` called unless someone did. It may require other functions: each entry waits for itself alone.
  void require(const std::string& symbol, const std::function<std::unique_ptr<LinkedCode>()>& make) {
    Entry& entry = find(symbol);
    std::call_once(entry.once, [&] {
      entry.code = make();
      provide(symbol, entry.code->address(symbol));
    });
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

}  // namespace

llvm::Function* library_function(ModuleEmitter& m, const std::string& name, llvm::FunctionType* type, Effort effort,
                                 const std::function<void(ModuleEmitter&, const std::string& symbol)>& emit) {
  const std::string symbol = "actinium_" + name + "_" + m.target.isa + (m.fused ? "" : "_unfused");
  if (llvm::Function* existing = m.module.getFunction(symbol)) return existing;
  Library::instance().require(symbol, [&] {
    const auto context = make_context();
    const auto module = make_module(*context, m.target);
    ModuleEmitter emitter(m.target, m.fused, *module);
    emit(emitter, symbol);
    return link(*compile_object(*module, m.target, effort));
  });
  return m.function(type, symbol, true);
}

}  // namespace actinium::jit
