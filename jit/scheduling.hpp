// Functions whose instructions stay where the emitter has put them: LLVM knows neither that a loop is pipelined nor
// what a processor that looks far ahead does by itself, and would take registers for constants that memory gives as
// fast.
#pragma once
#include <llvm/IR/OptBisect.h>

#include <set>
#include <string>

namespace llvm {
class Function;
class LLVMContext;
class Module;
}  // namespace llvm

namespace actinium::jit {

/// No pass moves instructions of f between or in its blocks.
void keep_order(llvm::Function* f);

/// Makes passes leave out the functions of keep_order, in the context of the module for as long as this lives.
class KeptOrder final : public llvm::OptPassGate {
 public:
  explicit KeptOrder(llvm::Module& module);
  ~KeptOrder() override;
  KeptOrder(const KeptOrder&) = delete;
  KeptOrder& operator=(const KeptOrder&) = delete;
  bool isEnabled() const override { return !functions_.empty(); }
  // One of the two overrides: it became const in some version of LLVM.
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef description) { return runs(pass, description); }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef description) const { return runs(pass, description); }

 private:
  llvm::LLVMContext& context_;
  std::set<std::string, std::less<>> functions_;  ///< as descriptions

  bool runs(llvm::StringRef pass, llvm::StringRef description) const;
};

}  // namespace actinium::jit
