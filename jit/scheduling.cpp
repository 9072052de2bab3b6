// Which passes are left out.
#include "jit/scheduling.hpp"

#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <array>

namespace actinium::jit {
namespace {

constexpr const char* attribute = "actinium-as-emitted";

/// By the names that LLVM asks with: short ones from some version on.
constexpr std::array<llvm::StringLiteral, 6> movers{"machine-scheduler", "Machine Instruction Scheduler",
                                                    "machine-sink",      "Machine code sinking",
                                                    "early-machinelicm", "Early Machine Loop Invariant Code Motion"};

}  // namespace

void keep_order(llvm::Function* f) { f->addFnAttr(attribute); }

KeptOrder::KeptOrder(llvm::Module& module) : context_(module.getContext()) {
  for (const llvm::Function& f : module) {
    if (f.hasFnAttribute(attribute)) functions_.insert("function (" + f.getName().str() + ")");
  }
  context_.setOptPassGate(*this);
}

KeptOrder::~KeptOrder() {
  static llvm::OptPassGate open;
  context_.setOptPassGate(open);
}

bool KeptOrder::runs(llvm::StringRef pass, llvm::StringRef description) const {
  return std::find(movers.begin(), movers.end(), pass) == movers.end() ||
         !functions_.contains(std::string_view(description.data(), description.size()));
}

}  // namespace actinium::jit
