// Tracing loops: the body is called once with variables, then closed over what it takes from outside. Start reading at
// LoopTrace::scan.
#include "actinium/loops.h"

#include <fmt/format.h>

#include "autodiff/loop_rules.hpp"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/error.hpp"

namespace actinium::detail {
namespace {

using ops::fail;
using List = std::vector<Expr>;

/// The graph that all share.
GraphPtr graph_of(std::string_view name, const List& start, const List& slices, const std::source_location& where) {
  GraphPtr graph;
  for (const List* list : {&start, &slices})
    for (const Expr& e : *list) {
      if (!e.is_bound()) continue;
      if (graph != nullptr && e.graph() != graph) fail<GraphError>(ops::place(graph.get(), where), name, "the start and the slices are of two graphs");
      graph = e.graph();
    }
  if (graph == nullptr)
    fail<GraphError>(ops::location_of(where), name, "the start and the slices are numbers without a graph: declare one with Graph::constant");
  return graph;
}

Expr bound(const GraphPtr& graph, const Expr& e, DType dtype) { return e.is_bound() ? e : Expr(graph, graph->number(dtype, e.literal())); }

std::string named(const std::string& path, std::size_t i) { return path.empty() ? fmt::format("{}", i) : fmt::format("{} ({})", i, path); }

}  // namespace

LoopTrace::LoopTrace(std::string_view name, List start, std::vector<std::string> paths, List slices, std::optional<Dim> length,
                     const std::source_location& where)
    : name_(name), where_(where), start_(std::move(start)), arrays_(std::move(slices)), paths_(std::move(paths)), length_(std::move(length)) {
  const GraphPtr graph = graph_of(name_, start_, arrays_, where_);
  const Location at = ops::place(graph.get(), where_);
  for (std::size_t i = 0; i < start_.size(); ++i) {
    const bool counter = name_ == "repeat" && i + 1 == start_.size();
    start_[i] = bound(graph, start_[i], counter ? DType::i64 : graph->default_dtype());
    carries_.push_back(autodiff::variable(graph, start_[i].dtype(), start_[i].shape()));
  }
  const bool counted = length_.has_value();
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    const std::string& path = paths_[start_.size() + i];
    if (!arrays_[i].is_bound() || arrays_[i].rank() == 0)
      fail<ShapeError>(at, name_, fmt::format("array {} has no axis of steps: expected [length, ...]", named(path, i)));
    const Expr& x = arrays_[i];
    if (!length_) length_ = x.shape()[0];
    if (x.shape()[0] != *length_)
      fail<ShapeError>(at, name_, fmt::format("array {}, {}, has {} slices, {} {}", named(path, i), describe(*graph, x.id()), x.shape()[0].str(),
                                              counted ? "the length is" : "the first has", length_->str()));
    std::vector<Dim> dims(x.shape().begin() + 1, x.shape().end());
    slices_.push_back(autodiff::variable(graph, x.dtype(), Shape(std::move(dims))));
  }
  if (length_ && length_->is_constant() && length_->constant() < 0) fail<ValueError>(at, name_, fmt::format("{} steps", length_->str()));
}

/// Binds what the step gave; every carry must stay what it is.
void LoopTrace::check_step(const GraphPtr& graph, List& next) const {
  const Location at = ops::place(graph.get(), where_);
  if (next.size() != carries_.size())
    fail<ValueError>(at, name_, fmt::format("the step gives {} carries, the start has {}", next.size(), carries_.size()));
  for (std::size_t i = 0; i < next.size(); ++i) {
    next[i] = bound(graph, next[i], carries_[i].dtype());
    if (next[i].graph() != graph) fail<GraphError>(at, name_, fmt::format("the step gives carry {} in another graph", named(paths_[i], i)));
    if (next[i].dtype() != carries_[i].dtype())
      fail<TypeError>(at, name_, fmt::format("carry {} starts as {}, the step gives {}: its type must stay", named(paths_[i], i),
                                             name_of(carries_[i].dtype()), name_of(next[i].dtype())));
    const auto both = broadcast_shapes(next[i].shape(), carries_[i].shape());
    if (!both || *both != carries_[i].shape())
      fail<ShapeError>(at, name_, fmt::format("carry {} starts as {}, the step gives {}: its shape must stay", named(paths_[i], i),
                                              carries_[i].shape().str(), next[i].shape().str()));
    next[i] = ops::stretch(next[i], carries_[i].shape());
  }
}

std::vector<Expr> LoopTrace::scan(List next, List outputs, bool reverse) {
  if (carries_.empty() && slices_.empty()) fail<ValueError>(ops::location_of(where_), name_, "there is nothing to carry and nothing to read");
  const GraphPtr& graph = carries_.empty() ? slices_[0].graph() : carries_[0].graph();
  const ops::Placed placed(*graph, where_);
  const Location at = ops::place(graph.get(), where_);
  if (!length_) fail<ValueError>(at, name_, "the number of steps is unknown: give arrays to read slices of, or ScanOptions::length");
  check_step(graph, next);
  for (Expr& e : outputs) {
    e = bound(graph, e, graph->default_dtype());
    if (e.graph() != graph) fail<GraphError>(at, name_, "the step gives an output in another graph");
    if (e.rank() >= max_rank) fail<ShapeError>(at, name_, fmt::format("an output has {} axes already: there is no room for one more, of steps", max_rank));
  }
  List variables = carries_, results = next;
  variables.insert(variables.end(), slices_.begin(), slices_.end());
  results.insert(results.end(), outputs.begin(), outputs.end());
  results = autodiff::recognised(results, variables);
  List inputs = autodiff::captures(graph, variables, results), operands = inputs;
  ops::Loop loop;
  loop.constants = inputs.size();
  loop.length = *length_;
  inputs.insert(inputs.end(), variables.begin(), variables.end());
  loop.phases.push_back({autodiff::close(graph, inputs, results), carries_.size(), reverse, {}});
  operands.insert(operands.end(), start_.begin(), start_.end());
  operands.insert(operands.end(), arrays_.begin(), arrays_.end());
  const Expr node = ops::make_loop(graph, std::make_shared<const ops::Loop>(std::move(loop)), operands);
  List all;
  for (std::size_t i = 0; i < results.size(); ++i) all.push_back(ops::result_of(node, i));
  return all;
}

std::vector<Expr> LoopTrace::while_loop(const Expr& condition, List next) {
  if (carries_.empty()) fail<ValueError>(ops::location_of(where_), name_, "there is nothing to carry");
  const GraphPtr& graph = carries_[0].graph();
  const ops::Placed placed(*graph, where_);
  const Location at = ops::place(graph.get(), where_);
  if (!condition.is_bound())
    fail<TypeError>(at, name_, fmt::format("the condition is the number {}, which no step changes", condition.literal()));
  if (condition.graph() != graph) fail<GraphError>(at, name_, "the condition is of another graph");
  if (condition.dtype() != DType::b8)
    fail<TypeError>(at, name_, fmt::format("the condition is {}: a truth value, as of x > 0, is expected", name_of(condition.dtype())));
  if (condition.rank() != 0)
    fail<ShapeError>(at, name_, fmt::format("the condition has the shape {}: one truth value is expected (for examples of a batch, use vmap)", condition.shape().str()));
  check_step(graph, next);
  List results = next;
  results.push_back(condition);
  results = autodiff::recognised(results, carries_);
  List inputs = autodiff::captures(graph, carries_, results), operands = inputs;
  ops::Loop loop;
  loop.constants = inputs.size();
  inputs.insert(inputs.end(), carries_.begin(), carries_.end());
  loop.condition = autodiff::close(graph, inputs, std::span(&results.back(), 1));
  loop.phases.push_back({autodiff::close(graph, inputs, std::span(results).first(next.size())), carries_.size(), false, {}});
  operands.insert(operands.end(), start_.begin(), start_.end());
  const Expr node = ops::make_loop(graph, std::make_shared<const ops::Loop>(std::move(loop)), operands);
  List all;
  for (std::size_t i = 0; i < next.size(); ++i) all.push_back(ops::result_of(node, i));
  return all;
}

}  // namespace actinium::detail
