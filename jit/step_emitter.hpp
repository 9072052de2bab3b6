// The kernels of a loop's step as straight-line code, if a StepPlan says so: jit/iteration_kernel.cpp puts the loop
// around it. Start reading at emit_step.
#pragma once
#include "jit/step_arrays.hpp"

namespace actinium::jit {

/// Runs all kernels of the step at the builder, which ends behind them. Inputs are in `arrays`; so are outputs
/// afterwards.
void emit_step(ModuleEmitter& m, llvm::IRBuilder<>& b, const StepPlan& plan, StepArrays& arrays);

}  // namespace actinium::jit
