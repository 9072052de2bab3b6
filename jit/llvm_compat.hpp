// Differences among LLVM 19 to 22 that jit/ meets, in one place.
#pragma once
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Triple.h>

#include <string>

namespace actinium::jit::compat {

#if LLVM_VERSION_MAJOR >= 21
inline llvm::Triple triple_argument(const std::string& triple) { return llvm::Triple(triple); }
#else
inline const std::string& triple_argument(const std::string& triple) { return triple; }
#endif

inline const llvm::Target* lookup_target(const std::string& triple, std::string& error) {
#if LLVM_VERSION_MAJOR >= 22
  return llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), error);
#else
  return llvm::TargetRegistry::lookupTarget(triple, error);
#endif
}

inline void set_triple(llvm::Module& module, const std::string& triple) {
  module.setTargetTriple(triple_argument(triple));
}

}  // namespace actinium::jit::compat
