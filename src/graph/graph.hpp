// GraphData: the arena of immutable, hash-consed nodes that everything works on. Operands stand before their users, so a pass is
// a forward loop with a vector as side table. Start reading at Node, then GraphData::intern.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actinium/dtype.h"
#include "actinium/shape.h"
#include "ops/op.hpp"

namespace actinium {

enum class NodeId : std::uint32_t {};
enum class ShapeId : std::uint32_t {};
enum class AttributesId : std::uint32_t {};
enum class LocationId : std::uint32_t {};
inline constexpr NodeId no_node{0xffffffffu};
inline constexpr LocationId no_location{0};
constexpr std::uint32_t index(NodeId id) { return static_cast<std::uint32_t>(id); }

/// What distinguishes nodes of one op beyond operands, dtype and shape; src/ops/op.hpp says which field means what.
struct Attributes {
  std::vector<std::int64_t> ints;
  std::vector<Dim> dims;
  std::string text;
  std::shared_ptr<const void> object;  ///< catalogue entry or constant tensor; compared by identity
  friend bool operator==(const Attributes&, const Attributes&) = default;
  std::size_t hash() const;
};

/// Where the user wrote it. `file` is a literal, so it outlives every graph; for parsed text `column` counts from 1.
struct Location {
  const char* file = nullptr;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend bool operator==(const Location&, const Location&) = default;
  /// "model.cpp:42", "text:17" for parsed text, or "" if unknown.
  std::string str() const;
};

struct Node {
  ops::Op op;
  DType dtype;
  std::uint16_t arity;
  ShapeId shape;
  AttributesId attributes;
  std::array<std::uint32_t, 3> operands;  ///< ids; with arity > 3, operands[0] is an offset into the spill pool
  LocationId location;                    ///< outside identity: the first writer wins
};
static_assert(sizeof(Node) == 28);

/// What `recognise` (src/passes) did to a formula: the rule, and where the user wrote it.
struct Repair {
  std::string_view rule;
  Location place;
  friend bool operator==(const Repair&, const Repair&) = default;
};

/// One arena. Built by one thread at a time; nodes are never changed or removed.
class GraphData : public std::enable_shared_from_this<GraphData> {
 public:
  explicit GraphData(DType default_dtype = DType::f32);

  /// The node with these properties, existing or new: the only way nodes are made. No rules are checked here (ops::build does).
  NodeId intern(ops::Op op, DType dtype, const Shape& shape, std::span<const NodeId> operands, const Attributes& attributes,
                LocationId location);
  NodeId intern(ops::Op op, DType dtype, ShapeId shape, std::span<const NodeId> operands, AttributesId attributes,
                LocationId location);

  std::size_t size() const { return nodes_.size(); }
  const Node& operator[](NodeId id) const { return nodes_[index(id)]; }
  std::span<const NodeId> operands(NodeId id) const;
  NodeId operand(NodeId id, int i) const { return operands(id)[static_cast<std::size_t>(i)]; }
  const Shape& shape(NodeId id) const { return shapes_[static_cast<std::uint32_t>(nodes_[index(id)].shape)]; }
  const Shape& shape(ShapeId id) const { return shapes_[static_cast<std::uint32_t>(id)]; }
  const Attributes& attributes(AttributesId id) const { return attributes_[static_cast<std::uint32_t>(id)]; }
  const Attributes& attributes(NodeId id) const { return attributes_[static_cast<std::uint32_t>(nodes_[index(id)].attributes)]; }
  DType dtype(NodeId id) const { return nodes_[index(id)].dtype; }
  ops::Op op(NodeId id) const { return nodes_[index(id)].op; }
  Location location(LocationId id) const { return locations_[static_cast<std::uint32_t>(id)]; }
  Location location(NodeId id) const { return locations_[static_cast<std::uint32_t>(nodes_[index(id)].location)]; }

  ShapeId intern_shape(const Shape& shape);
  AttributesId intern_attributes(const Attributes& attributes);
  LocationId intern_location(const Location& location);

  /// A rank-0 constant. Bits as machine::Code has them (zero extended).
  NodeId constant(DType dtype, std::uint64_t bits);
  /// A rank-0 constant of `value` rounded once to `dtype`; TypeError if an integer type cannot hold it.
  NodeId number(DType dtype, double value);
  /// Bits of a scalar constant, or nothing.
  std::optional<std::uint64_t> constant_bits(NodeId id) const;
  /// Its value as a double (f64 and f32 exactly), or nothing.
  std::optional<double> constant_value(NodeId id) const;

  DType default_dtype() const { return default_dtype_; }

  /// Inputs in the order of their creation, by unique name.
  const std::vector<NodeId>& inputs() const { return inputs_; }
  NodeId find_input(std::string_view name) const;  ///< no_node if absent
  /// A new input; NameError if the name is taken by another shape or type (the same again gives the same node).
  NodeId add_input(const std::string& name, const Shape& shape, DType dtype, LocationId location);
  std::string_view input_name(NodeId id) const { return attributes(id).text; }

  /// Names given with Expr::named and Scope: for messages, kernels and printing.
  void set_name(NodeId id, std::string name) { names_[index(id)] = std::move(name); }
  std::string_view name(NodeId id) const;
  std::vector<std::string> scopes;  ///< the active ac::Scope prefix

  /// While set, new nodes take this location: rules and passes hand on the user's line (see Origin).
  LocationId ambient = no_location;

  /// The user's switch for recognise; what it put in place of each node that it has seen (no_node: not yet); what it did.
  bool recognises = true;
  std::vector<NodeId> recognised;
  std::vector<Repair> repairs;

  /// What differentiation makes is written with roundings in mind: recognise leaves it as it is.
  bool is_derived(NodeId id) const { return index(id) < derived_.size() && derived_[index(id)]; }
  /// All nodes from `first` on.
  void mark_derived(std::size_t first) {
    derived_.resize(nodes_.size(), 0);
    for (std::size_t i = first; i < nodes_.size(); ++i) derived_[i] = 1;
  }

 private:
  std::vector<char> derived_;
  std::vector<Node> nodes_;
  std::vector<NodeId> spill_;
  std::vector<std::uint32_t> table_;  // open addressing over nodes_
  std::deque<Shape> shapes_;
  std::deque<Attributes> attributes_;
  std::vector<Location> locations_;
  std::unordered_multimap<std::size_t, std::uint32_t> shape_index_, attributes_index_, location_index_;
  std::vector<NodeId> inputs_;
  std::unordered_map<std::string, NodeId> input_index_;
  std::unordered_map<std::uint32_t, std::string> names_;
  DType default_dtype_;

  std::size_t hash(const Node& node, std::span<const NodeId> operands) const;
  void grow_table();
};

using GraphPtr = std::shared_ptr<GraphData>;

/// For its lifetime, nodes made in `graph` take the location of `node`.
class Origin {
 public:
  Origin(GraphData& graph, NodeId node) : graph_(graph), saved_(graph.ambient) { graph.ambient = graph[node].location; }
  ~Origin() { graph_.ambient = saved_; }
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

 private:
  GraphData& graph_;
  LocationId saved_;
};

/// A graph seen as a function: what passes take and give.
struct Module {
  GraphPtr graph;
  std::vector<NodeId> inputs;
  std::vector<NodeId> outputs;
};

/// Marks the nodes that `roots` need (indexed by node id).
std::vector<char> reachable(const GraphData& graph, std::span<const NodeId> roots);

/// Rebuilds the part of `in` that its outputs need, node by node in order, through `rewrite(out, node, operands)`, which gets the
/// operands' images and returns the image of `node`. Locations and names are handed on.
template <class Rewrite>
Module rebuild(const Module& in, Rewrite&& rewrite);
/// Only what outputs and inputs need, renumbered: how every pass ends.
Module compact(const Module& in);
/// The unchanged copy of a node: the default of a rewrite.
NodeId copy_node(GraphData& out, const GraphData& in, NodeId node, std::span<const NodeId> operands);

/// Structural checks (operands before users, shapes and types as the ops' rules say); InternalError on the first failure.
void verify(const Module& module);

// Printing (src/graph/print.cpp): never an expanded tree.
/// `let a = ..., b = ... in ...` that the text parser reads back; one expression per output.
std::string print_text(const GraphData& graph, NodeId root);
/// One node a line: id, op, operands, type, shape, location.
std::string print_list(const Module& module);
std::string print_dot(const Module& module);
/// "x [batch, 10]" or "[batch, 10]": how messages name an operand.
std::string describe(const GraphData& graph, NodeId id);

template <class Rewrite>
Module rebuild(const Module& in, Rewrite&& rewrite) {
  const GraphData& graph = *in.graph;
  Module out{std::make_shared<GraphData>(graph.default_dtype()), {}, {}};
  out.graph->recognises = graph.recognises;
  std::vector<NodeId> image(graph.size(), no_node);
  std::vector<NodeId> roots = in.outputs;
  roots.insert(roots.end(), in.inputs.begin(), in.inputs.end());
  const std::vector<char> needed = reachable(graph, roots);
  std::vector<NodeId> operands;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    operands.clear();
    for (NodeId o : graph.operands(id)) operands.push_back(image[index(o)]);
    out.graph->ambient = out.graph->intern_location(graph.location(id));
    const std::size_t before = out.graph->size();
    image[i] = rewrite(*out.graph, id, std::span<const NodeId>(operands));
    if (graph.is_derived(id)) out.graph->mark_derived(before);
    if (const auto name = graph.name(id); !name.empty()) out.graph->set_name(image[i], std::string(name));
  }
  out.graph->ambient = no_location;
  for (NodeId id : in.inputs) out.inputs.push_back(image[index(id)]);
  for (NodeId id : in.outputs) out.outputs.push_back(image[index(id)]);
  return out;
}

}  // namespace actinium
