// Rules about symbolic sizes, from the graph as written. Start reading at size_rules().
#include "runtime/size_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "actinium/error.h"
#include "ops/loop.hpp"

namespace actinium::runtime {
namespace {

class Collector {
 public:
  explicit Collector(const Module& module) : graph_(*module.graph) {}

  /// Of the module and of the bodies of its loops.
  static std::vector<SizeRule> all(const Module& module) {
    std::vector<SizeRule> rules = Collector(module).run();
    const auto add = [&](const Module& body) {
      const std::vector<SizeRule> more = Collector(body).run();
      rules.insert(rules.end(), more.begin(), more.end());
    };
    for (std::uint32_t i = 0; i < module.graph->size(); ++i)
      if (module.graph->op(NodeId{i}) == ops::Op::loop) ops::for_each_body(*ops::loop_of(*module.graph, NodeId{i}), add);
    return rules;
  }

 private:
  std::vector<SizeRule> run() {
    for (std::uint32_t i = 0; i < graph_.size(); ++i) {
      const NodeId id{i};
      for (const Dim& dim : graph_.shape(id)) add_size(id, dim);
      if (graph_.op(id) == ops::Op::pad) {
        for (const Dim& dim : graph_.attributes(id).dims) add_size(id, dim);
      }
      if (graph_.op(id) == ops::Op::slice) add_slice(id);
      if (graph_.op(id) == ops::Op::loop)
        if (const ops::LoopPtr loop = ops::loop_of(graph_, id); loop->is_scan()) add_size(id, *loop->length);
    }
    return std::move(rules_);
  }

  std::string place(NodeId id) const {
    const std::string where = graph_.location(id).str();
    return fmt::format("{}{}[{}]", where, where.empty() ? "" : ": ", ops::name_of(graph_.op(id)));
  }

  /// A symbol is a size of an argument, so it is not negative by itself.
  void add_size(NodeId id, const Dim& dim) {
    if (dim.is_constant() || dim.symbol() || !seen_.insert(dim.str()).second) return;
    rules_.push_back({dim, 1, fmt::format("{} the size {} would be negative", place(id), dim.str())});
  }

  void add_slice(NodeId id) {
    const Attributes& attributes = graph_.attributes(id);
    const Shape &from = graph_.shape(graph_.operand(id, 0)), &to = graph_.shape(id);
    for (int axis = 0; axis < from.rank(); ++axis) {
      const auto d = static_cast<std::size_t>(axis);
      const Dim first = attributes.dims[d], last = first + (to[axis] - 1) * attributes.ints[d];
      if (from[axis].is_constant() && first.is_constant() && last.is_constant()) continue;
      const std::string message = fmt::format("{} elements {} to {} of an axis of size {}", place(id), first.str(),
                                              last.str(), from[axis].str());
      const Dim &lowest = attributes.ints[d] > 0 ? first : last, &highest = attributes.ints[d] > 0 ? last : first;
      add_reach(lowest, to[axis], message);
      add_reach(from[axis] - 1 - highest, to[axis], message);
    }
  }
  void add_reach(const Dim& value, const Dim& extent, const std::string& message) {
    if (value.is_constant() && value.constant() >= 0) return;
    rules_.push_back({value, extent, message});
  }

  const GraphData& graph_;
  std::vector<SizeRule> rules_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<SizeRule> size_rules(const Module& module) { return Collector::all(module); }

void check(const std::vector<SizeRule>& rules, const Bindings& sizes) {
  for (const SizeRule& rule : rules) {
    if (rule.extent.evaluate(sizes) == 0 || rule.value.evaluate(sizes) >= 0) continue;
    std::set<std::string> names;
    for (const Dim* dim : {&rule.value, &rule.extent}) {
      for (std::string& s : dim->symbols()) names.insert(std::move(s));
    }
    std::vector<std::string> known;
    for (const std::string& name : names) known.push_back(fmt::format("{} = {}", name, sizes.find(name)->second));
    throw CallError(fmt::format("{}: {}", rule.message, fmt::join(known, ", ")));
  }
}

}  // namespace actinium::runtime
