// Function::warnings: the analysis of a function's graph as recognised, and of its loops' steps. Start reading at FunctionBase::warnings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "actinium/error.h"
#include "activations/catalogue.hpp"
#include "graph/brief.hpp"
#include "ops/loop.hpp"
#include "passes/pass.hpp"
#include "runtime/float_environment.hpp"
#include "runtime/function_impl.hpp"
#include "warn/analysis.hpp"

namespace actinium {

std::string_view name_of(Warning::Kind kind) {
  switch (kind) {
    case Warning::Kind::cancellation: return "cancellation";
    case Warning::Kind::indeterminate: return "indeterminate";
    case Warning::Kind::infinite_slope: return "infinite slope";
    case Warning::Kind::masked: return "masked";
    case Warning::Kind::dead_branch: return "dead branch";
  }
  return "?";
}

namespace warn {
namespace {

using ops::Op;

/// How many nodes of an op stand at a place, in a graph and in the steps of its loops; at which places something is differentiated.
struct Census {
  std::map<std::pair<std::string, Op>, int> counts;
  std::set<std::string> derived;

  explicit Census(const Module& m) {
    add(m);
    for (std::uint32_t i = 0; i < m.graph->size(); ++i)
      if (m.graph->op(NodeId{i}) == Op::loop) ops::for_each_body(*ops::loop_of(*m.graph, NodeId{i}), [this](const Module& body) { add(body); });
  }
  int count(const std::string& place, Op op) const {
    const auto found = counts.find({place, op});
    return found == counts.end() ? 0 : found->second;
  }

 private:
  void add(const Module& m) {
    for (std::uint32_t i = 0; i < m.graph->size(); ++i) {
      const std::string place = m.graph->location(NodeId{i}).str();
      if (m.graph->is_derived(NodeId{i}))
        derived.insert(place);
      else
        ++counts[{place, m.graph->op(NodeId{i})}];
    }
  }
};

/// At a place where something was recognised: nodes are the user's if there are no more of their op than the user has written, and if
/// the user's formula has not been put aside before it was differentiated.
class Written {
 public:
  Written(const Module& source, const Module& recognised, const std::vector<Repair>& repairs) : before_(source), after_(recognised) {
    for (const Repair& r : repairs) repaired_.insert(r.place.str());
  }
  bool operator()(const GraphData& g, NodeId id) const {
    const std::string place = g.location(id).str();
    if (!repaired_.contains(place)) return true;
    return !before_.derived.contains(place) && after_.count(place, g.op(id)) <= before_.count(place, g.op(id));
  }

 private:
  Census before_, after_;
  std::set<std::string> repaired_;
};

void add_loops(const Module& m, const std::function<bool(const GraphData&, NodeId)>& written, std::vector<Warning>& list) {
  const GraphData& g = *m.graph;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    if (g.op(NodeId{i}) != Op::loop || g.is_derived(NodeId{i})) continue;
    const ops::LoopPtr loop = ops::loop_of(g, NodeId{i});
    const ops::Phase& phase = loop->phases[0];
    Analysis analysis(phase.step, std::vector<std::optional<Interval>>(phase.step.inputs.size()), written);
    analysis.set_names(names_in_step(g, NodeId{i}));
    for (Warning& w : analysis.run()) list.push_back(std::move(w));
    add_loops(phase.step, written, list);
  }
}

/// What stands in activations that the user has defined, each once.
void add_definitions(const Module& m, std::set<const activations::Entry*>& seen, std::vector<Warning>& list) {
  const GraphData& g = *m.graph;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId id{i};
    if (g.op(id) == Op::loop) ops::for_each_body(*ops::loop_of(g, id), [&](const Module& body) { add_definitions(body, seen, list); });
    if (g.op(id) != Op::activation) continue;
    const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, id));
    if (!entry.traced() || !seen.insert(&entry).second) continue;
    const auto& forms = entry.traced()->value[g.dtype(id) == DType::f32 ? 0 : 1];
    const Module& body = forms.chosen(g.recognises, false);
    const std::vector<std::optional<Interval>> inputs(body.inputs.size());
    const auto written = std::make_shared<const Written>(forms.written, body, entry.traced()->repairs);
    for (Warning& w : Analysis(body, inputs, [written](const GraphData& graph, NodeId node) { return (*written)(graph, node); }).run()) {
      if (w.place.empty() || w.place.starts_with("text:")) w.place = entry.traced()->where.str();
      w.message += fmt::format(" (in {})", entry.name());
      list.push_back(std::move(w));
    }
    add_definitions(body, seen, list);
  }
}

}  // namespace
}  // namespace warn

std::vector<Warning> FunctionBase::warnings(std::span<const Range> ranges) const {
  if (impl() == nullptr) throw CallError("an empty Function: it was never given a compiled one");
  const runtime::FloatEnvironment environment;
  const runtime::FunctionImpl& f = *impl();
  const Module m = compact(passes::run(f.source, passes::pipeline(f.options.fast_math).first(1)));
  const auto written = std::make_shared<const warn::Written>(f.source, m, f.repairs);
  const auto is_written = [written](const GraphData& g, NodeId id) { return (*written)(g, id); };
  std::vector<std::optional<warn::Interval>> inputs(m.inputs.size());
  for (const Range& range : ranges) {
    const std::string name = range.input.is_bound() ? std::string(range.input.graph()->name(range.input.id())) : "a number";
    const auto found = std::find_if(f.prepared.inputs.begin(), f.prepared.inputs.end(), [&](const ArgumentInfo& a) { return a.name == name; });
    if (found == f.prepared.inputs.end()) throw ValueError(fmt::format("warnings: a range for {}, which is no input of this function", name));
    if (!(range.low <= range.high)) throw ValueError(fmt::format("warnings: the range of {} is {} to {}: the first must not be larger", name, range.low, range.high));
    inputs[static_cast<std::size_t>(found - f.prepared.inputs.begin())] = warn::Interval{range.low, range.high, false};
  }
  std::vector<Warning> list = warn::Analysis(m, inputs, is_written).run();
  warn::add_loops(m, is_written, list);
  std::set<const activations::Entry*> seen;
  warn::add_definitions(m, seen, list);
  return list;
}

}  // namespace actinium
