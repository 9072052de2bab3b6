// Importing nodes from graph to graph: one forward loop, since operands stand before their users.
#include "autodiff/body.hpp"

#include <algorithm>
#include <string>

#include "actinium/error.h"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/custom.hpp"

namespace actinium::autodiff {
namespace {

using ops::Op;

const ops::CustomRule* rule_of(const GraphData& graph, NodeId id) {
  return graph.op(id) == Op::custom ? static_cast<const ops::CustomRule*>(graph.attributes(id).object.get()) : nullptr;
}

/// What a node is made of: its operands, and what its own rule is written in.
void sources(const GraphData& graph, NodeId id, std::vector<NodeId>& list) {
  const auto operands = graph.operands(id);
  list.assign(operands.begin(), operands.end());
  if (const auto* rule = rule_of(graph, id))
    for (NodeId n : rule->nodes())
      if (n != no_node) list.push_back(n);
}

/// Marks what `roots` are made of, down to nodes marked in `ends`.
std::vector<char> needed_for(const GraphData& graph, std::span<const NodeId> roots, const std::vector<char>& ends) {
  std::uint32_t count = 0;
  for (NodeId id : roots) count = std::max(count, index(id) + 1);
  std::vector<char> needed(count, 0);
  for (NodeId id : roots) needed[index(id)] = 1;
  std::vector<NodeId> list;
  for (std::uint32_t i = count; i-- > 0;) {
    if (!needed[i] || (i < ends.size() && ends[i])) continue;
    sources(graph, NodeId{i}, list);
    for (NodeId n : list) needed[index(n)] = 1;
  }
  return needed;
}

/// Cheaper to make again than to hand over.
bool is_plain(Op op) {
  return op == Op::constant || op == Op::dim_size || op == Op::iota || op == Op::broadcast || op == Op::reshape ||
         op == Op::cast || op == Op::neg;
}

/// Makes nodes of `in` again in `out`; `image` has those that are there already.
void import(const GraphData& in, GraphData& out, std::span<const NodeId> roots, std::vector<NodeId>& image) {
  std::vector<char> ends(image.size(), 0);
  for (std::size_t i = 0; i < image.size(); ++i) ends[i] = image[i] != no_node;
  const std::vector<char> needed = needed_for(in, roots, ends);
  const LocationId saved = out.ambient;
  std::vector<NodeId> operands;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    if (!needed[i] || image[i] != no_node) continue;
    const NodeId id{i};
    if (in.op(id) == Op::input) throw InternalError("a body needs " + describe(in, id) + ", which it was not closed over");
    operands.clear();
    for (NodeId o : in.operands(id)) operands.push_back(image[index(o)]);
    out.ambient = out.intern_location(in.location(id));
    const std::size_t before = out.size();
    if (const auto* rule = rule_of(in, id)) {
      std::vector<NodeId> moved = rule->nodes();
      for (NodeId& n : moved)
        if (n != no_node) n = image[index(n)];
      const Attributes attributes{{}, {}, {}, rule->moved(moved)};
      image[i] = out.intern(Op::custom, in.dtype(id), in.shape(id), operands, attributes, out.ambient);
    } else {
      image[i] = copy_node(out, in, id, operands);
    }
    if (in.is_derived(id)) out.mark_derived(before);
    if (const auto name = in.name(id); !name.empty() && out.name(image[i]).empty()) out.set_name(image[i], std::string(name));
  }
  out.ambient = saved;
}

std::vector<NodeId> ids_of(std::span<const Expr> list) {
  std::vector<NodeId> ids;
  for (const Expr& e : list) ids.push_back(e.id());
  return ids;
}

}  // namespace

std::vector<Expr> captures(const GraphPtr& graph, std::span<const Expr> variables, std::span<const Expr> outputs) {
  const GraphData& g = *graph;
  const std::vector<NodeId> roots = ids_of(outputs);
  const std::vector<char> needed = needed_for(g, roots, {});
  std::vector<char> inside(needed.size(), 0), plain(needed.size(), 0), seed(needed.size(), 0), taken(needed.size(), 0);
  const auto bind = [&](NodeId id) {
    if (index(id) < seed.size()) seed[index(id)] = inside[index(id)] = 1;
  };
  for (const Expr& e : variables) bind(e.id());
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (const auto* rule = needed[i] ? rule_of(g, NodeId{i}) : nullptr)
      for (NodeId n : rule->variables())
        if (n != no_node) bind(n);
  std::vector<NodeId> list;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    if (!needed[i] || seed[i]) continue;
    sources(g, NodeId{i}, list);
    bool all_plain = is_plain(g.op(NodeId{i}));
    for (NodeId n : list) {
      inside[i] = inside[i] || inside[index(n)];
      all_plain = all_plain && plain[index(n)];
    }
    plain[i] = all_plain && !inside[i];
    if (!inside[i]) continue;
    for (NodeId n : list)
      if (!inside[index(n)] && !plain[index(n)]) taken[index(n)] = 1;
  }
  for (NodeId id : roots)
    if (!inside[index(id)] && !plain[index(id)]) taken[index(id)] = 1;
  std::vector<Expr> result;
  for (std::uint32_t i = 0; i < taken.size(); ++i)
    if (taken[i]) result.emplace_back(graph, NodeId{i});
  return result;
}

Module close(const GraphPtr& graph, std::span<const Expr> inputs, std::span<const Expr> outputs) {
  Module module{std::make_shared<GraphData>(graph->default_dtype()), {}, {}};
  module.graph->recognises = graph->recognises;
  std::vector<NodeId> image(graph->size(), no_node);
  for (const Expr& e : inputs) {
    const LocationId where = module.graph->intern_location(graph->location(e.id()));
    module.inputs.push_back(module.graph->add_input("v" + std::to_string(module.inputs.size()), e.shape(), e.dtype(), where));
    image[index(e.id())] = module.inputs.back();
  }
  const std::vector<NodeId> roots = ids_of(outputs);
  import(*graph, *module.graph, roots, image);
  for (NodeId id : roots) module.outputs.push_back(image[index(id)]);
  return module;
}

std::vector<Expr> apply(const Module& module, const GraphPtr& graph, std::span<const Expr> arguments) {
  std::vector<NodeId> image(module.graph->size(), no_node);
  for (std::size_t i = 0; i < arguments.size(); ++i) image[index(module.inputs[i])] = arguments[i].id();
  import(*module.graph, *graph, module.outputs, image);
  std::vector<Expr> result;
  for (NodeId id : module.outputs) result.emplace_back(graph, image[index(id)]);
  return result;
}

Body open(const Module& module) {
  Body body{std::make_shared<GraphData>(module.graph->default_dtype()), {}, {}};
  body.graph->recognises = module.graph->recognises;
  // Variables, not inputs: nobody checks at a call what is in them.
  for (const NodeId id : module.inputs) body.inputs.push_back(variable(body.graph, module.graph->dtype(id), module.graph->shape(id)));
  body.outputs = apply(module, body.graph, body.inputs);
  return body;
}

bool varies_with(const Expr& y, std::span<const Expr> x) {
  return !x.empty() && cone(*y.graph(), std::span(&y, 1), x).contains(y.id());
}
bool depends_on(const Expr& y, std::span<const Expr> x) {
  return !x.empty() && dependents(*y.graph(), std::span(&y, 1), x).contains(y.id());
}

}  // namespace actinium::autodiff
