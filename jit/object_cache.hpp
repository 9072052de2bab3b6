// Objects of modules compiled before, in memory: the same code for the same target is generated once a process.
#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>

#include <memory>

#include "jit/target.hpp"

namespace actinium::jit {

/// As compile_object with the effort of a kernel; the result is shared with the cache. Any thread.
std::shared_ptr<const llvm::MemoryBuffer> compiled_object(llvm::Module& module, const Target& target);

}  // namespace actinium::jit
