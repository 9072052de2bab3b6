// What stands behind Function and Bound: the compiled program, its contexts and its history. Start reading at
// FunctionImpl.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actinium/function.h"
#include "graph/graph.hpp"
#include "runtime/executor.hpp"

namespace actinium::runtime {

class FunctionImpl {
 public:
  Prepared prepared;
  mutable ContextPool pool{prepared};
  CompileOptions options;
  JitOptions jit;
  Module source;      ///< what was compiled, compact
  Module decomposed;  ///< what the program computes
  std::vector<Repair> repairs;  ///< what recognise did, here and when it was differentiated
  double passes_seconds = 0, engine_seconds = 0, seconds = 0;
};

class BoundImpl {
 public:
  explicit BoundImpl(std::shared_ptr<const FunctionImpl> f) : function(std::move(f)), context(function->prepared) {}
  std::shared_ptr<const FunctionImpl> function;
  Context context;
};

/// src/runtime/compile.cpp: from expressions to a FunctionImpl.
std::shared_ptr<const FunctionImpl> compile(const std::vector<Expr>& inputs, std::span<const Expr> outputs,
                                            const CompileOptions& options);
/// The module after each pass that `options` ask for, first "graph".
Module run_passes(const Module& source, const CompileOptions& options,
                  const std::function<void(std::string_view, const Module&)>& observer = {});

/// src/runtime/explain.cpp
std::string explain(const FunctionImpl& function);
std::vector<Recognition> recognised(const FunctionImpl& function);
std::string show(const FunctionImpl& function, Stage stage);

}  // namespace actinium::runtime
