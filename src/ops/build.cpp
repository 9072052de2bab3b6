// Making nodes: operands join one graph and one type, the op's rule is checked, the node is interned. Start reading at build.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/error.hpp"
#include "ops/fold.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {
namespace {

std::string inputs_of(const GraphData& graph) {
  std::string text;
  for (NodeId id : graph.inputs()) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", graph.input_name(id));
  return text.empty() ? "no inputs" : "the inputs " + text;
}

/// The graph that all bound operands share; null if there is none.
GraphPtr common_graph(GraphPtr graph, Op op, std::span<const Expr> operands, const std::source_location& where) {
  for (const Expr& e : operands) {
    if (!e.is_bound()) continue;
    if (!graph) graph = e.graph();
    if (graph != e.graph())
      fail<GraphError>(place(graph.get(), where), user_name(op),
                       fmt::format("operands of two graphs: one has {}, the other {}", inputs_of(*graph), inputs_of(*e.graph())));
  }
  return graph;
}

/// Whether operand i shares its type with the others (conditions and indices do not).
bool shares_type(Op op, std::size_t i) {
  switch (op) {
    case Op::select: return i > 0;
    case Op::gather: return i == 0;
    case Op::scatter_add: return i != 1;
    case Op::one_hot:
    case Op::stack:
    case Op::dot:
    case Op::loop:
    case Op::result: return false;
    default: return true;  // NOLINT: all others are homogeneous
  }
}

bool takes_bool(Op op) {
  switch (op) {
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::logical_not:
    case Op::equal:
    case Op::not_equal:
    case Op::cast:
    case Op::stop_gradient:
    case Op::again: return true;
    default: return kind_of(op) == Kind::structure || op == Op::select;  // NOLINT
  }
}

/// The type that literals and bools take: that of the first operand with a number type; bool if the op works on bools and
/// all are; otherwise the graph's.
DType common_type(const GraphData& graph, Op op, std::span<const Expr> operands) {
  bool bools = false;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].is_bound() || !shares_type(op, i)) continue;
    const DType t = graph.dtype(operands[i].id());
    if (t != DType::b8) return t;
    bools = true;
  }
  if (!bools || !takes_bool(op)) return graph.default_dtype();
  for (const Expr& e : operands)
    if (!e.is_bound() && e.literal() != 0 && e.literal() != 1) return graph.default_dtype();
  return DType::b8;
}

NodeId join(GraphData& graph, Op op, const Expr& e, bool shared, DType type, const std::source_location& where) {
  if (e.is_bound()) {
    if (!shared || type == DType::b8 || graph.dtype(e.id()) != DType::b8 || op == Op::activation || op == Op::cast) return e.id();
    const bool logic = op == Op::logical_and || op == Op::logical_or || op == Op::logical_xor || op == Op::logical_not;
    if (logic) return e.id();
    const NodeId id = e.id();
    const std::array operand{id};
    return graph.intern(Op::cast, type, graph[id].shape, operand, AttributesId{0}, graph.intern_location(place(&graph, where)));
  }
  const DType t = op == Op::select && !shared ? DType::b8 : shared ? type : DType::i64;
  try {
    return graph.number(t, e.literal());
  } catch (const TypeError&) {
    fail<TypeError>(place(&graph, where), user_name(op),
                    fmt::format("the number {} does not fit the type {} of the other operand", e.literal(), name_of(t)));
  }
}

[[noreturn]] void fail_broadcast(const BuildContext& context, const Shape& a, const Shape& b) {
  const int rank = std::min(a.rank(), b.rank());
  std::string detail;
  for (int i = 1; i <= rank; ++i) {
    const Dim &da = a[a.rank() - i], &db = b[b.rank() - i];
    if (da == db || da.is(1) || db.is(1)) continue;
    detail = fmt::format("{} is not {}", da.str(), db.str());
    break;
  }
  const bool product = context.op == Op::mul && a.rank() >= 1 && b.rank() >= 1 && a[a.rank() - 1] == b[std::max(0, b.rank() - 2)];
  if (product) {
    auto name = [&](int i, const char* otherwise) {
      const auto n = context.graph.name(context.operands[static_cast<std::size_t>(i)]);
      return n.empty() ? std::string(otherwise) : std::string(n);
    };
    detail += fmt::format("; did you mean matmul({}, {})?", name(0, "a"), name(1, "b"));
  }
  fail<ShapeError>(context, fmt::format("shapes do not broadcast: {}: {}", describe_operands(context), detail));
}

/// The operands' shapes broadcast together. Equal shapes and scalars, nearly all there is, need no look at dimensions.
ShapeId broadcast_operands(GraphData& graph, const BuildContext& context) {
  ShapeId result{0};  // rank 0
  for (NodeId id : context.operands) {
    const ShapeId s = graph[id].shape;
    if (s == result || s == ShapeId{0}) continue;
    if (result == ShapeId{0}) {
      result = s;
      continue;
    }
    const auto both = broadcast_shapes(graph.shape(result), graph.shape(s));
    if (!both) fail_broadcast(context, graph.shape(result), graph.shape(s));
    result = graph.intern_shape(*both);
  }
  return result;
}

void check_arity(Op op, std::size_t count) {
  if (info(op).arity >= 0 && static_cast<std::size_t>(info(op).arity) != count)
    throw InternalError(fmt::format("{} with {} operands", name_of(op), count));
}

}  // namespace

Expr build(const GraphPtr& given, Op op, std::span<const Expr> operands, const Attributes& attributes, std::source_location where,
           const TypedShape* requested) {
  check_arity(op, operands.size());
  const GraphPtr graph = common_graph(given, op, operands, where);
  if (!graph) {
    if (kind_of(op) == Kind::elementwise) return fold_unbound(op, operands, requested, where);
    fail<GraphError>(location_of(where), user_name(op), "an expression without a graph: declare it with Graph::constant or Graph::input");
  }
  GraphData& g = *graph;
  std::array<NodeId, 3> few;
  std::vector<NodeId> many;
  if (operands.size() > few.size()) many.resize(operands.size());
  const std::span<NodeId> ids{operands.size() > few.size() ? many.data() : few.data(), operands.size()};
  const DType type = operands.empty() ? g.default_dtype() : common_type(g, op, operands);
  for (std::size_t i = 0; i < operands.size(); ++i) ids[i] = join(g, op, operands[i], shares_type(op, i), type, where);

  const LocationId location = g.ambient != no_location ? g.ambient : g.intern_location(location_of(where));
  const BuildContext context{g, op, ids, attributes, g.location(location)};
  const Rule& r = rule(op);
  const bool plain = attributes.ints.empty() && attributes.dims.empty() && attributes.text.empty() && !attributes.object;
  const AttributesId attributes_id = plain ? AttributesId{0} : g.intern_attributes(attributes);
  if (r.type != nullptr) {
    const DType result = r.type(context, requested);
    return {graph, g.intern(op, result, broadcast_operands(g, context), ids, attributes_id, location)};
  }
  const TypedShape result = r.shape(context, requested);
  return {graph, g.intern(op, result.dtype, g.intern_shape(result.shape), ids, attributes_id, location)};
}

const Rule& rule(Op op) {
  static const auto table = [] {
    std::array<Rule, op_table.size()> all{};
    for (const auto family : {leaf_entries(), elementwise_entries(), structure_entries(), reduction_entries(), product_entries(), unit_entries(),
                              custom_entries(), loop_entries()})
      for (const Entry& e : family) all[static_cast<std::size_t>(e.op)] = e.rule;
    return all;
  }();
  const Rule& r = table[static_cast<std::size_t>(op)];
  if (r.type == nullptr && r.shape == nullptr) throw InternalError(fmt::format("{} has no rule", name_of(op)));
  return r;
}

}  // namespace actinium::ops
