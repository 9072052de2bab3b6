// One LLVM module being filled for one Program: its functions, and helper functions that its kernels share.
#pragma once
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "jit/target.hpp"

namespace actinium::jit {

class ModuleEmitter {
 public:
  /// `fused`: what muladd means in this Program.
  ModuleEmitter(const Target& target_, bool fused_, llvm::Module& module_)
      : target(target_), fused(fused_), context(module_.getContext()), module(module_) {}

  const Target& target;
  const bool fused;
  llvm::LLVMContext& context;
  llvm::Module& module;
  /// Symbols of functions that several kernels may use, by all that their code depends on.
  std::map<std::string, std::string> shared_symbols;

  /// A function with the target's attributes. External ones are what the engine looks up; the others take the fast
  /// convention.
  llvm::Function* function(llvm::FunctionType* type, const std::string& name, bool external);
  /// void name(const KernelArgs*, i64 begin, i64 end, ptr scratch), external; the builder is placed at its entry.
  llvm::Function* kernel_function(const std::string& name, llvm::IRBuilder<>& builder);

  /// For what hardly runs, or only calls what does: the code generator takes half the time and the code is longer.
  static void make_quickly(llvm::Function* f);

  /// The internal function `name`, filled when it is first asked for: fill(function, builder at its entry).
  template <class Fill>
  llvm::Function* helper(const std::string& name, llvm::FunctionType* type, Fill&& fill);
  llvm::CallInst* call(llvm::IRBuilder<>& builder, llvm::Function* callee, llvm::ArrayRef<llvm::Value*> arguments);

  llvm::Type* pointer() { return llvm::PointerType::get(context, 0); }
  llvm::Type* int64() { return llvm::Type::getInt64Ty(context); }
  llvm::BasicBlock* block(llvm::Function* f) { return llvm::BasicBlock::Create(context, "", f); }
  /// A private constant array, one for equal values.
  llvm::GlobalVariable* global(llvm::Constant* value, llvm::Align align);

 private:
  std::map<std::pair<llvm::Constant*, std::uint64_t>, llvm::GlobalVariable*> globals_;
};

template <class Fill>
llvm::Function* ModuleEmitter::helper(const std::string& name, llvm::FunctionType* type, Fill&& fill) {
  if (llvm::Function* existing = module.getFunction(name)) return existing;
  llvm::Function* f = function(type, name, false);
  llvm::IRBuilder<> builder(block(f));
  fill(f, builder);
  return f;
}

/// A counted loop being emitted: for (i = begin; i < end; i += step). Made at its head; finish(step) closes it and
/// leaves the builder behind it. Loop-carried values: carry() right after the construction, next() before finish().
class Loop {
 public:
  /// `skippable`: whether begin >= end may occur, so that the body must not run.
  Loop(llvm::IRBuilder<>& builder, llvm::Value* begin, llvm::Value* end, bool skippable = true);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  llvm::Value* index() const { return index_; }
  /// Where code that is invariant in the loop may go: before this instruction.
  llvm::Instruction* preheader() const { return preheader_->getTerminator(); }
  llvm::PHINode* carry(llvm::Value* initial);
  void next(llvm::PHINode* carried, llvm::Value* value) { carried_.emplace_back(carried, value); }
  void finish(llvm::Value* step);
  void finish(std::int64_t step) {
    finish(llvm::ConstantInt::get(index_->getType(), static_cast<std::uint64_t>(step)));
  }
  /// After finish(): the value of a carried variable behind the loop (also if the body never ran).
  llvm::Value* result(llvm::PHINode* carried);

 private:
  llvm::IRBuilder<>& builder_;
  llvm::Value* end_;
  llvm::BasicBlock *preheader_, *body_, *exit_, *latch_ = nullptr;
  llvm::PHINode* index_;
  bool skippable_;
  std::vector<std::pair<llvm::PHINode*, llvm::Value*>> carried_;
  std::map<llvm::PHINode*, llvm::PHINode*> results_;
};

/// Emits `then` under a condition; the builder ends behind it.
template <class Then>
void emit_if(llvm::IRBuilder<>& builder, llvm::Value* condition, Then&& then) {
  llvm::Function* f = builder.GetInsertBlock()->getParent();
  auto* yes = llvm::BasicBlock::Create(builder.getContext(), "", f);
  auto* join = llvm::BasicBlock::Create(builder.getContext(), "", f);
  builder.CreateCondBr(condition, yes, join);
  builder.SetInsertPoint(yes);
  then();
  builder.CreateBr(join);
  builder.SetInsertPoint(join);
}

}  // namespace actinium::jit
