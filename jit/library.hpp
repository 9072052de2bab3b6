// Functions of generated code that know no kernel: compiled once a process for all Programs. Start reading at
// library_code.
#pragma once
#include <functional>
#include <string>

#include "jit/module_emitter.hpp"
#include "jit/session.hpp"

namespace actinium::jit {

/// The module that `emit` fills, compiled for `target` if this process has not got it yet: `name` tells all else that
/// it depends on. Any thread.
const LinkedCode& library_code(const Target& target, bool fused, const std::string& name, Effort effort,
                               const std::function<void(ModuleEmitter&)>& emit);

/// The function `name` for calls from `m`. If this process has not got it yet, `emit` defines it, in a module of its
/// own and under the symbol that it is given. The name tells all that the code depends on, but for the target and what
/// muladd means. Any thread.
llvm::Function* library_function(ModuleEmitter& m, const std::string& name, llvm::FunctionType* type, Effort effort,
                                 const std::function<void(ModuleEmitter&, const std::string& symbol)>& emit);

}  // namespace actinium::jit
