// Graph, where expressions live: declares inputs, constants and options.
#pragma once
#include <actinium/expr.h>

namespace actinium {

class Tensor;

struct GraphOptions {
  /// Formulas as textbooks write them (log(1 + exp(x)), a sigmoid times one minus it, ...) become what computes them well before
  /// they are differentiated and when they are compiled: docs/recognise.md. false: everything is computed as written.
  bool recognise = true;
};

/// An expression graph. A copy is another handle to the same graph. Built by one thread at a time.
class ACTINIUM_API Graph {
 public:
  /// `dtype`: the default type of inputs, f32 unless said otherwise.
  explicit Graph(DType dtype = DType::f32, const GraphOptions& options = {});
  explicit Graph(std::shared_ptr<GraphData> data) : data_(std::move(data)) {}

  /// A named input; a name in its shape is a run-time size. The same declaration again gives the same input;
  /// another one under the name is a NameError.
  Expr input(std::string_view name, const Shape& shape, std::optional<DType> dtype = std::nullopt,
             std::source_location where = std::source_location::current());
  /// A number as a rank-0 constant of the graph's type, or of `dtype`.
  Expr constant(double value, std::optional<DType> dtype = std::nullopt,
                std::source_location where = std::source_location::current());
  /// An array known now (copied). Compiled functions pack it once.
  Expr constant(std::string_view name, const Tensor& value, std::source_location where = std::source_location::current());
  /// 0, 1, 2, ... along `axis` of `shape`.
  Expr iota(const Shape& shape, int axis = 0, std::optional<DType> dtype = std::nullopt,
            std::source_location where = std::source_location::current());
  /// The value of a size at the call, as a rank-0 number of the graph's type, or of `dtype`.
  Expr size(const Dim& dim, std::optional<DType> dtype = std::nullopt,
            std::source_location where = std::source_location::current());

  DType dtype() const;
  std::size_t node_count() const;
  /// Inputs in the order of declaration.
  std::vector<Expr> inputs() const;
  /// All nodes, one a line / as a DOT digraph.
  std::string str() const;
  std::string dot() const;
  const std::shared_ptr<GraphData>& data() const { return data_; }

 private:
  std::shared_ptr<GraphData> data_;
};

/// For its lifetime, expressions built in the graph are named "name.op" (nested scopes join with '.').
class ACTINIUM_API Scope {
 public:
  Scope(const Graph& graph, std::string_view name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::shared_ptr<GraphData> graph_;
};

}  // namespace actinium
