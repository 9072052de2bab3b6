// The hunt of check_finite: the graph node by node, each by the interpreter, until one makes a non-finite number of finite ones.
// Start reading at Hunter::run.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actinium/tensor.h"
#include "graph/brief.hpp"
#include "runtime/finite.hpp"
#include "runtime/finite_boxes.hpp"

namespace actinium::runtime {

/// A node with the values around it, and the element that is wrong.
struct Finding {
  const GraphData* graph;
  NodeId node;
  std::vector<Tensor> operands;
  Tensor result;
  std::int64_t at;
  std::vector<std::int64_t> steps;   ///< of the loops around it
  std::vector<std::string> loops;    ///< "scan (model.cpp:42)"
  Names names;                       ///< of the inputs of the innermost one's step
  bool of_infinities = false;        ///< some operand is infinite
  bool single = false;               ///< there is but one element, and no index to be named
  /// Of a NaN that nobody wrote: the formula, and what its condition looks at.
  std::string_view formula = {};
  NodeId tested = no_node;
  Tensor tested_value = {};
};
/// The error that it is (src/runtime/finite_report.cpp).
[[noreturn]] void report(const Finding& finding);

class Hunter {
 public:
  /// `single`: all arrays have one element, and messages name no index.
  Hunter(const Module& module, const WrittenAsNan& nans, int threads, bool single = false)
      : module_(module), nans_(nans), threads_(threads), single_(single) {}

  /// Throws what it finds.
  void run(std::span<const ArrayRef> inputs, const Bindings& sizes) const;

 private:
  friend class Walk;
  /// A node as a function of its operands, and of a byte for each element of a size that they may not have.
  struct NodeFunction {
    std::shared_ptr<const FunctionImpl> function;
    std::vector<std::size_t> operands;
    std::vector<std::string> symbols;
  };
  NodeFunction function_of(const GraphData& graph, NodeId id) const;

  const Module& module_;
  const WrittenAsNan& nans_;
  int threads_;
  bool single_;
  mutable std::mutex mutex_;
  const GraphPtr keys_ = std::make_shared<GraphData>();  ///< equal nodes over equal operands are one
  mutable std::map<NodeId, NodeFunction> functions_;
  mutable std::map<std::pair<const GraphData*, NodeId>, NodeFunction> known_;  ///< of graphs that are as old as this
};

}  // namespace actinium::runtime
