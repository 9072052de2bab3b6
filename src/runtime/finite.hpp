// CompileOptions::check_finite: before each call, the first operation that makes NaN or an infinity of finite operands is looked for.
// A sieve, compiled like the function itself, tells whether there may be one at all; the hunt, node by node, finds it. Both work on
// the graph as recognised, where activations are still one operation each. Start reading at FiniteCheck.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "actinium/array.h"
#include "actinium/function.h"
#include "graph/graph.hpp"

namespace actinium::runtime {

class FunctionImpl;

/// How a node's result can be NaN or infinite although its operands are finite: never, element by element, or where a result is made
/// of many elements.
enum class Birth : std::uint8_t { never, element, group };
Birth birth(const GraphData& graph, NodeId id);
/// By node: whether it is made of constants alone. What is wrong with these the user has written, and it is no news.
std::vector<char> constant_nodes(const Module& module);

/// NaN that nobody wrote: recognise puts it in a `where` for those numbers at which the formula as written had it (exp(log(x)) for
/// x < 0).
class WrittenAsNan {
 public:
  explicit WrittenAsNan(std::vector<Repair> repairs) : repairs_(std::move(repairs)) {}
  /// The operand of such a `where` that is not NaN, or no_node; the formula. One of the user's own on the same line is none.
  NodeId other_branch(const GraphData& graph, NodeId select, std::string_view* formula = nullptr) const;

 private:
  std::vector<Repair> repairs_;
};

/// A module of the same inputs whose one output, an f32, is other than 0 if some node may have made a non-finite number; loops
/// count what happens in their steps.
Module sieve(const Module& module, const WrittenAsNan& nans);

class Hunter;

class FiniteCheck {
 public:
  /// `source`: what is compiled; `repairs`: what was recognised in it.
  FiniteCheck(const Module& source, const std::vector<Repair>& repairs, const CompileOptions& options);
  ~FiniteCheck();
  /// Throws NonFiniteError, or returns.
  void operator()(std::span<const ArrayRef> inputs, const Bindings& sizes) const;

 private:
  Module module_;
  WrittenAsNan nans_;
  std::shared_ptr<const FunctionImpl> sieve_;
  std::unique_ptr<const Hunter> hunter_;
};

}  // namespace actinium::runtime
