// The arena: interning of nodes, shapes, attributes and locations.
#include "graph/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "actinium/error.h"

namespace actinium {
namespace {

constexpr std::uint32_t empty_slot = 0xffffffffu;

std::size_t mix(std::size_t h, std::size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull + (h >> 29); }

template <class T, class Container>
std::uint32_t intern_in(Container& pool, std::unordered_multimap<std::size_t, std::uint32_t>& by_hash, const T& value,
                        std::size_t hash) {
  for (auto [at, end] = by_hash.equal_range(hash); at != end; ++at)
    if (pool[at->second] == value) return at->second;
  const auto id = static_cast<std::uint32_t>(pool.size());
  pool.push_back(value);
  by_hash.emplace(hash, id);
  return id;
}

}  // namespace

std::size_t Attributes::hash() const {
  std::size_t h = ints.size() * 31 + dims.size();
  for (auto i : ints) h = mix(h, static_cast<std::size_t>(i));
  for (const auto& d : dims) h = mix(h, d.hash());
  h = mix(h, std::hash<std::string>{}(text));
  return mix(h, reinterpret_cast<std::size_t>(object.get()));
}

std::string Location::str() const {
  if (file == nullptr || *file == '\0') return {};
  if (line == 0) return fmt::format("{}:{}", file, column);
  const char* slash = std::strrchr(file, '/');
  return fmt::format("{}:{}", slash ? slash + 1 : file, line);
}

GraphData::GraphData(DType default_dtype) : table_(64, empty_slot), default_dtype_(default_dtype) {
  locations_.push_back({});
  intern_attributes({});
  intern_shape({});
}

std::span<const NodeId> GraphData::operands(NodeId id) const {
  static_assert(sizeof(NodeId) == sizeof(std::uint32_t));
  const Node& n = nodes_[index(id)];
  if (n.arity > 3) return {spill_.data() + n.operands[0], n.arity};
  return {reinterpret_cast<const NodeId*>(n.operands.data()), n.arity};
}

std::size_t GraphData::hash(const Node& n, std::span<const NodeId> operands) const {
  std::size_t h = (static_cast<std::size_t>(n.op) << 16) ^ (static_cast<std::size_t>(n.dtype) << 8) ^ n.arity;
  h = mix(h, static_cast<std::size_t>(n.shape) << 32 | static_cast<std::uint32_t>(n.attributes));
  for (NodeId o : operands) h = mix(h, index(o));
  return h ^ (h >> 32);
}

void GraphData::grow_table() {
  std::vector<std::uint32_t> bigger(table_.size() * 2, empty_slot);
  const std::size_t mask = bigger.size() - 1;
  for (std::uint32_t id : table_) {
    if (id == empty_slot) continue;
    std::size_t at = hash(nodes_[id], operands(NodeId{id})) & mask;
    while (bigger[at] != empty_slot) at = (at + 1) & mask;
    bigger[at] = id;
  }
  table_ = std::move(bigger);
}

NodeId GraphData::intern(ops::Op op, DType dtype, const Shape& shape, std::span<const NodeId> operands,
                         const Attributes& attributes, LocationId location) {
  return intern(op, dtype, intern_shape(shape), operands, intern_attributes(attributes), location);
}

NodeId GraphData::intern(ops::Op op, DType dtype, ShapeId shape, std::span<const NodeId> operands, AttributesId attributes,
                         LocationId location) {
  if (operands.size() > 0xffff) throw InternalError("a node with more than 65535 operands");
  Node node{op, dtype, static_cast<std::uint16_t>(operands.size()), shape, attributes, {0, 0, 0}, location};
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash(node, operands) & mask;
  for (; table_[at] != empty_slot; at = (at + 1) & mask) {
    const Node& other = nodes_[table_[at]];
    if (other.op != op || other.dtype != dtype || other.shape != shape || other.attributes != attributes) continue;
    const auto theirs = this->operands(NodeId{table_[at]});
    if (std::equal(theirs.begin(), theirs.end(), operands.begin(), operands.end())) return NodeId{table_[at]};
  }
  if (nodes_.size() >= empty_slot - 1) throw ShapeError("a graph holds at most 2^32 - 2 nodes");
  if (node.location == no_location || ambient != no_location) node.location = ambient;
  if (operands.size() > 3) {
    node.operands[0] = static_cast<std::uint32_t>(spill_.size());
    spill_.insert(spill_.end(), operands.begin(), operands.end());
  } else {
    for (std::size_t i = 0; i < operands.size(); ++i) node.operands[i] = index(operands[i]);
  }
  const auto id = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(node);
  table_[at] = id;
  if (nodes_.size() * 10 > table_.size() * 7) grow_table();
  if (!scopes.empty()) names_[id] = fmt::format("{}.{}", scopes.back(), ops::name_of(op));
  return NodeId{id};
}

ShapeId GraphData::intern_shape(const Shape& shape) {
  return ShapeId{intern_in(shapes_, shape_index_, shape, shape.hash())};
}

AttributesId GraphData::intern_attributes(const Attributes& attributes) {
  return AttributesId{intern_in(attributes_, attributes_index_, attributes, attributes.hash())};
}

LocationId GraphData::intern_location(const Location& location) {
  if (location.file == nullptr) return no_location;
  const std::size_t h = mix(mix(reinterpret_cast<std::size_t>(location.file), location.line), location.column);
  return LocationId{intern_in(locations_, location_index_, location, h)};
}

NodeId GraphData::constant(DType dtype, std::uint64_t bits) {
  return intern(ops::Op::constant, dtype, Shape{}, {}, Attributes{{static_cast<std::int64_t>(bits)}, {}, {}, {}}, no_location);
}

NodeId GraphData::number(DType dtype, double value) {
  switch (dtype) {
    case DType::f32: return constant(dtype, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
    case DType::f64: return constant(dtype, std::bit_cast<std::uint64_t>(value));
    case DType::b8:
      if (value == 0 || value == 1) return constant(dtype, static_cast<std::uint64_t>(value));
      break;
    case DType::i32:
      if (value == std::trunc(value) && std::abs(value) <= 2147483648.0 && value != 2147483648.0)
        return constant(dtype, static_cast<std::uint32_t>(static_cast<std::int32_t>(value)));
      break;
    case DType::i64:
      if (value == std::trunc(value) && value >= -9223372036854775808.0 && value < 9223372036854775808.0)
        return constant(dtype, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
      break;
  }
  throw TypeError(fmt::format("the number {} is not an {}", value, name_of(dtype)));
}

std::optional<std::uint64_t> GraphData::constant_bits(NodeId id) const {
  if (op(id) != ops::Op::constant) return std::nullopt;
  return static_cast<std::uint64_t>(attributes(id).ints[0]);
}

std::optional<double> GraphData::constant_value(NodeId id) const {
  const auto bits = constant_bits(id);
  if (!bits) return std::nullopt;
  switch (dtype(id)) {
    case DType::b8: return static_cast<double>(*bits);
    case DType::i32: return static_cast<double>(static_cast<std::int32_t>(*bits));
    case DType::i64: return static_cast<double>(static_cast<std::int64_t>(*bits));
    case DType::f32: return std::bit_cast<float>(static_cast<std::uint32_t>(*bits));
    case DType::f64: return std::bit_cast<double>(*bits);
  }
  return std::nullopt;
}

NodeId GraphData::find_input(std::string_view name) const {
  const auto at = input_index_.find(std::string(name));
  return at == input_index_.end() ? no_node : at->second;
}

NodeId GraphData::add_input(const std::string& name, const Shape& shape, DType dtype, LocationId location) {
  if (const NodeId old = find_input(name); old != no_node) {
    if (this->shape(old) == shape && this->dtype(old) == dtype) return old;
    throw NameError(fmt::format("{}{}the input '{}' exists as {} {} and cannot become {} {}",
                                locations_[static_cast<std::uint32_t>(location)].str(),
                                location == no_location ? "" : ": ", name, name_of(this->dtype(old)),
                                this->shape(old).str(), name_of(dtype), shape.str()));
  }
  const NodeId id = intern(ops::Op::input, dtype, shape, {}, Attributes{{}, {}, name, {}}, location);
  inputs_.push_back(id);
  input_index_.emplace(name, id);
  return id;
}

std::string_view GraphData::name(NodeId id) const {
  if (op(id) == ops::Op::input) return input_name(id);
  const auto at = names_.find(index(id));
  return at == names_.end() ? std::string_view{} : std::string_view(at->second);
}

std::vector<char> reachable(const GraphData& graph, std::span<const NodeId> roots) {
  std::vector<char> mark(graph.size(), 0);
  for (NodeId r : roots) mark[index(r)] = 1;
  for (std::size_t i = graph.size(); i-- > 0;)
    if (mark[i])
      for (NodeId o : graph.operands(NodeId{static_cast<std::uint32_t>(i)})) mark[index(o)] = 1;
  return mark;
}

NodeId copy_node(GraphData& out, const GraphData& in, NodeId node, std::span<const NodeId> operands) {
  if (in.op(node) == ops::Op::input)
    return out.add_input(std::string(in.input_name(node)), in.shape(node), in.dtype(node), out.ambient);
  return out.intern(in.op(node), in.dtype(node), in.shape(node), operands, in.attributes(node), out.ambient);
}

Module compact(const Module& in) {
  return rebuild(in, [&](GraphData& out, NodeId node, std::span<const NodeId> operands) {
    return copy_node(out, *in.graph, node, operands);
  });
}

}  // namespace actinium
