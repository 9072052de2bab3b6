// The one ORC session of the process: turns LLVM modules into objects and objects into running code. Thread-safe.
// Start reading at compile_object, then Session.
#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Support/Error.h>
#include <llvm/Support/MemoryBuffer.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "jit/target.hpp"

namespace actinium::jit {

/// The value, or an InternalError that says what was being done and LLVM's message.
template <class T>
T unwrap(llvm::Expected<T> value, std::string_view doing);
void check(llvm::Error error, std::string_view doing);

/// A context that reports LLVM's diagnostics as `compile_object`'s exception, never on stderr.
std::unique_ptr<llvm::LLVMContext> make_context();
/// An empty module for `target`; its context is from make_context and outlives it.
std::unique_ptr<llvm::Module> make_module(llvm::LLVMContext& context, const Target& target);

/// What the code generator does for a module.
enum class Effort : std::uint8_t {
  kernel,
  shared,  ///< constants are hoisted out of all loops: for products; in long bodies it spills them
  quick,   ///< less time, more instructions: for what hardly runs
};

/// The module as a relocatable object or as assembly text. Any thread, one module each.
std::unique_ptr<llvm::MemoryBuffer> compile_object(llvm::Module& module, const Target& target, Effort effort);
std::string compile_assembly(llvm::Module& module, const Target& target);

/// Code in memory: lives as long as this object. Its pages are never writable and executable at once.
class LinkedCode {
 public:
  virtual ~LinkedCode() = default;
  /// Address of an external symbol of the object.
  virtual void* address(const std::string& symbol) const = 0;
};

/// Loads an object into the process. Outside itself it may refer to jit/support.hpp and what was provided: a call of
/// libm is an InternalError.
std::unique_ptr<LinkedCode> link(const llvm::MemoryBuffer& object);

/// From now on objects may refer to `name`, for the life of the process: code that all of them share. Once for each
/// name.
void provide(const std::string& name, void* address);

[[noreturn]] void throw_llvm(llvm::Error error, std::string_view doing);

template <class T>
T unwrap(llvm::Expected<T> value, std::string_view doing) {
  if (!value) throw_llvm(value.takeError(), doing);
  return std::move(*value);
}

}  // namespace actinium::jit
