// ac::Graph and ac::Scope: the public handle to an arena.
#include "actinium/graph.h"

#include "actinium/tensor.h"
#include "ops/error.hpp"
#include "ops/rules.hpp"

namespace actinium {

using ops::Op;
using ops::TypedShape;

Graph::Graph(DType dtype, const GraphOptions& options) : data_(std::make_shared<GraphData>(dtype)) {
  data_->recognises = options.recognise;
  if (!is_float(dtype)) throw TypeError("the type of a graph is f32 or f64, not " + std::string(name_of(dtype)));
}

Expr Graph::input(std::string_view name, const Shape& shape, std::optional<DType> dtype, std::source_location where) {
  const Location at = ops::place(data_.get(), where);
  if (name.empty()) ops::fail<NameError>(at, "input", "the name is empty");
  return {data_, data_->add_input(std::string(name), shape, dtype.value_or(data_->default_dtype()), data_->intern_location(at))};
}

Expr Graph::constant(double value, std::optional<DType> dtype, std::source_location where) {
  try {
    return {data_, data_->number(dtype.value_or(data_->default_dtype()), value)};
  } catch (const TypeError& e) {
    ops::fail<TypeError>(ops::place(data_.get(), where), "constant", e.what());
  }
}

Expr Graph::constant(std::string_view name, const Tensor& value, std::source_location where) {
  const Location at = ops::place(data_.get(), where);
  if (name.empty()) ops::fail<NameError>(at, "constant", "the name is empty");
  if (data_->find_input(name) != no_node)
    ops::fail<NameError>(at, "constant", "the name '" + std::string(name) + "' is taken by an input");
  const auto own = std::make_shared<Tensor>(value.clone());
  const Attributes attributes{{}, {}, std::string(name), std::shared_ptr<const void>(own, own->raw())};
  const TypedShape requested{own->dtype(), Shape(std::vector<Dim>(own->shape().begin(), own->shape().end()))};
  const Expr e = ops::build(data_, Op::tensor, {}, attributes, where, &requested);
  data_->set_name(e.id(), std::string(name));
  return e;
}

Expr Graph::iota(const Shape& shape, int axis, std::optional<DType> dtype, std::source_location where) {
  const TypedShape requested{dtype.value_or(data_->default_dtype()), shape};
  const int at = ops::normal_axis(ops::place(data_.get(), where), "iota", axis, shape.rank());
  return ops::build(data_, Op::iota, {}, {{at}, {}, {}, {}}, where, &requested);
}

Expr Graph::size(const Dim& dim, std::optional<DType> dtype, std::source_location where) {
  const DType type = dtype.value_or(data_->default_dtype());
  if (dim.is_constant()) return constant(static_cast<double>(dim.constant()), type, where);
  const TypedShape requested{type, {}};
  return ops::build(data_, Op::dim_size, {}, {{}, {dim}, {}, {}}, where, &requested);
}

DType Graph::dtype() const { return data_->default_dtype(); }
std::size_t Graph::node_count() const { return data_->size(); }

std::vector<Expr> Graph::inputs() const {
  std::vector<Expr> all;
  for (NodeId id : data_->inputs()) all.emplace_back(data_, id);
  return all;
}

namespace {
/// The whole arena as a module: every node that nothing uses is an output.
Module whole(const GraphPtr& graph) {
  std::vector<char> used(graph->size(), 0);
  Module all{graph, graph->inputs(), {}};
  for (std::uint32_t i = 0; i < graph->size(); ++i)
    for (NodeId o : graph->operands(NodeId{i})) used[index(o)] = 1;
  for (std::uint32_t i = 0; i < graph->size(); ++i)
    if (!used[i]) all.outputs.push_back(NodeId{i});
  return all;
}
}  // namespace

std::string Graph::str() const { return print_list(whole(data_)); }
std::string Graph::dot() const { return print_dot(whole(data_)); }

Scope::Scope(const Graph& graph, std::string_view name) : graph_(graph.data()) {
  auto& scopes = graph_->scopes;
  scopes.push_back(scopes.empty() ? std::string(name) : scopes.back() + "." + std::string(name));
}
Scope::~Scope() { graph_->scopes.pop_back(); }

}  // namespace actinium
