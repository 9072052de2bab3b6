// Functions, loops and constants of a module.
#include "jit/module_emitter.hpp"

namespace actinium::jit {

llvm::Function* ModuleEmitter::function(llvm::FunctionType* type, const std::string& name, bool external) {
  auto* f = llvm::Function::Create(type, external ? llvm::Function::ExternalLinkage : llvm::Function::InternalLinkage,
                                   name, module);
  f->addFnAttr(llvm::Attribute::NoUnwind);
  f->addFnAttr("target-cpu", target.cpu);
  if (!target.features.empty()) f->addFnAttr("target-features", target.features);
  // Without these 512-bit vectors are split in two on processors that LLVM thinks prefer 256 bits.
  f->addFnAttr("prefer-vector-width", std::to_string(target.vector_bits));
  f->addFnAttr("min-legal-vector-width", std::to_string(target.vector_bits));
  if (!external) f->setCallingConv(llvm::CallingConv::Fast);
  return f;
}

llvm::Function* ModuleEmitter::kernel_function(const std::string& name, llvm::IRBuilder<>& builder) {
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), {pointer(), int64(), int64(), pointer()}, false);
  llvm::Function* f = function(type, name, true);
  f->addParamAttr(0, llvm::Attribute::NoAlias);
  f->addParamAttr(3, llvm::Attribute::NoAlias);
  // Registers that are spilled lie in one cache line each: LLVM aligns their places only where the frame is aligned
  // for another reason.
  if (target.x86 && target.vector_bits > 128) f->addFnAttr("stackrealign");
  builder.SetInsertPoint(block(f));
  return f;
}

void ModuleEmitter::make_quickly(llvm::Function* f) {
  f->addFnAttr(llvm::Attribute::OptimizeNone);
  f->addFnAttr(llvm::Attribute::NoInline);
}

llvm::CallInst* ModuleEmitter::call(llvm::IRBuilder<>& builder, llvm::Function* callee,
                                    llvm::ArrayRef<llvm::Value*> arguments) {
  llvm::CallInst* result = builder.CreateCall(callee, arguments);
  result->setCallingConv(callee->getCallingConv());
  return result;
}

llvm::GlobalVariable* ModuleEmitter::global(llvm::Constant* value, llvm::Align align) {
  llvm::GlobalVariable*& variable = globals_[{value, align.value()}];
  if (variable != nullptr) return variable;
  variable = new llvm::GlobalVariable(module, value->getType(), true, llvm::GlobalValue::PrivateLinkage, value);
  variable->setAlignment(align);
  variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return variable;
}

Loop::Loop(llvm::IRBuilder<>& builder, llvm::Value* begin, llvm::Value* end, bool skippable)
    : builder_(builder), end_(end), preheader_(builder.GetInsertBlock()), skippable_(skippable) {
  llvm::Function* f = preheader_->getParent();
  body_ = llvm::BasicBlock::Create(builder.getContext(), "", f);
  exit_ = llvm::BasicBlock::Create(builder.getContext(), "", f);
  if (skippable) {
    builder.CreateCondBr(builder.CreateICmpSLT(begin, end), body_, exit_);
  } else {
    builder.CreateBr(body_);
  }
  builder.SetInsertPoint(body_);
  index_ = builder.CreatePHI(begin->getType(), 2);
  index_->addIncoming(begin, preheader_);
}

llvm::PHINode* Loop::carry(llvm::Value* initial) {
  llvm::PHINode* phi = builder_.CreatePHI(initial->getType(), 2);
  phi->addIncoming(initial, preheader_);
  return phi;
}

void Loop::finish(llvm::Value* step) {
  llvm::BasicBlock* latch = builder_.GetInsertBlock();
  llvm::Value* next = builder_.CreateAdd(index_, step, "", /*NUW=*/false, /*NSW=*/true);
  index_->addIncoming(next, latch);
  for (auto& [phi, value] : carried_) phi->addIncoming(value, latch);
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, end_), body_, exit_);
  builder_.SetInsertPoint(exit_);
  latch_ = latch;
}

llvm::Value* Loop::result(llvm::PHINode* carried) {
  llvm::PHINode*& result = results_[carried];
  if (result != nullptr) return result;
  const llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  builder_.SetInsertPoint(exit_, exit_->begin());
  result = builder_.CreatePHI(carried->getType(), 2);
  result->addIncoming(carried->getIncomingValueForBlock(latch_), latch_);
  if (skippable_) result->addIncoming(carried->getIncomingValueForBlock(preheader_), preheader_);
  return result;
}

}  // namespace actinium::jit
