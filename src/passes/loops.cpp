// Loops before anything else: those that another one computes besides are not run again, what nobody reads is not carried, and
// bodies go through the same passes. Start reading at tidy_loops.
#include <algorithm>
#include <map>
#include <set>

#include "actinium/error.h"
#include "ops/loop.hpp"
#include "passes/pass.hpp"

namespace actinium::passes {
namespace {

using ops::Loop;
using ops::LoopPtr;
using ops::Op;
using ops::Phase;

std::vector<NodeId> loop_nodes(const Module& m) {
  const std::vector<char> needed = reachable(*m.graph, m.outputs);
  std::vector<NodeId> list;
  for (std::uint32_t i = 0; i < needed.size(); ++i)
    if (needed[i] && m.graph->op(NodeId{i}) == Op::loop) list.push_back(NodeId{i});
  return list;
}

// --- One loop instead of two ---

bool same_loop(const Loop& a, const Loop& b);

bool same_attributes(Op op, const Attributes& a, const Attributes& b) {
  if (op != Op::loop) return a == b;
  return a.object == b.object || same_loop(*static_cast<const Loop*>(a.object.get()), *static_cast<const Loop*>(b.object.get()));
}

/// As deep as loops nest.
bool same_module(const Module& a, const Module& b) {
  if (a.graph == b.graph) return a.inputs == b.inputs && a.outputs == b.outputs;
  const GraphData &ga = *a.graph, &gb = *b.graph;
  if (ga.size() != gb.size() || a.inputs != b.inputs || a.outputs != b.outputs) return false;
  for (std::uint32_t i = 0; i < ga.size(); ++i) {
    const NodeId id{i};
    const auto oa = ga.operands(id), ob = gb.operands(id);
    if (ga.op(id) != gb.op(id) || ga.dtype(id) != gb.dtype(id) || !(ga.shape(id) == gb.shape(id)) ||
        !same_attributes(ga.op(id), ga.attributes(id), gb.attributes(id)) || !std::equal(oa.begin(), oa.end(), ob.begin(), ob.end()))
      return false;
  }
  return true;
}

bool same_loop(const Loop& a, const Loop& b) {
  if (a.constants != b.constants || a.length != b.length || a.phases.size() != b.phases.size()) return false;
  for (std::size_t p = 0; p < a.phases.size(); ++p) {
    const Phase &pa = a.phases[p], &pb = b.phases[p];
    if (pa.carries != pb.carries || pa.reverse != pb.reverse || pa.reads != pb.reads || !same_module(pa.step, pb.step)) return false;
  }
  return a.is_scan() || same_module(a.condition, b.condition);
}

/// Result i of one loop is result `results[i]` of another.
struct Replacement {
  NodeId loop, by;
  std::vector<std::size_t> results;
};

/// All that could be, the loops that compute most first.
std::vector<Replacement> candidates(const Module& m) {
  const GraphData& g = *m.graph;
  using Operands = std::vector<NodeId>;
  std::map<Operands, std::vector<NodeId>> all, by_operands;
  const std::vector<NodeId> loops = loop_nodes(m);
  for (NodeId id : loops) all[{g.operands(id).begin(), g.operands(id).end()}].push_back(id);
  std::vector<Replacement> list;
  Operands operands;
  for (std::size_t k = loops.size(); k-- > 0;) {
    const NodeId by = loops[k];
    for (const Loop::Part& part : ops::loop_of(g, by)->parts) {
      operands.clear();
      for (const std::size_t i : part.operands) operands.push_back(g.operand(by, static_cast<int>(i)));
      const auto found = all.find(operands);
      if (found == all.end()) continue;
      for (NodeId a : found->second) {
        const LoopPtr own = ops::loop_of(g, a);
        if (a != by && (own == part.loop || same_loop(*own, *part.loop))) list.push_back({a, by, part.results});
      }
    }
  }
  for (NodeId id : loops) {
    auto& alike = by_operands[{g.operands(id).begin(), g.operands(id).end()}];
    const LoopPtr own = ops::loop_of(g, id);
    const auto same = std::find_if(alike.begin(), alike.end(), [&](NodeId other) { return same_loop(*ops::loop_of(g, other), *own); });
    if (same == alike.end()) {
      alike.push_back(id);
      continue;
    }
    list.push_back({id, *same, {}});
    for (std::size_t i = 0; i < own->results(); ++i) list.back().results.push_back(i);
  }
  return list;
}

/// Those that can be done together. A loop that needs results of another cannot give them: none that is chosen needs a loop that
/// was chosen before it to be replaced, so no circle arises.
std::map<NodeId, Replacement> chosen(const Module& m) {
  std::map<NodeId, Replacement> result;
  std::set<NodeId> givers;
  for (Replacement& r : candidates(m)) {
    if (result.contains(r.loop) || result.contains(r.by) || givers.contains(r.loop)) continue;
    const std::vector<char> needed = reachable(*m.graph, std::span(&r.by, 1));
    const auto needs = [&](NodeId loop) { return index(loop) < needed.size() && needed[index(loop)]; };
    if (needs(r.loop) || std::any_of(result.begin(), result.end(), [&](const auto& other) { return needs(other.first); })) continue;
    givers.insert(r.by);
    result.emplace(r.loop, std::move(r));
  }
  return result;
}

/// The module with results of loops taken from others, which may stand after them: nodes are made when they are needed.
Module replace(const Module& in, const std::map<NodeId, Replacement>& replacements) {
  const GraphData& g = *in.graph;
  Module out{std::make_shared<GraphData>(g.default_dtype()), {}, {}};
  out.graph->recognises = g.recognises;
  std::vector<NodeId> image(g.size(), no_node), operands, stack;
  const auto source = [&](NodeId id) -> const Replacement* {
    if (g.op(id) != Op::result) return nullptr;
    const auto found = replacements.find(g.operand(id, 0));
    return found == replacements.end() ? nullptr : &found->second;
  };
  const auto make = [&](NodeId root) {
    stack.push_back(root);
    while (!stack.empty()) {
      const NodeId id = stack.back();
      if (image[index(id)] != no_node) {
        stack.pop_back();
        continue;
      }
      const Replacement* other = source(id);
      operands.clear();
      bool ready = true;
      const auto need = [&](NodeId o) {
        if (image[index(o)] == no_node) {
          stack.push_back(o);
          ready = false;
        }
        operands.push_back(image[index(o)]);
      };
      if (other != nullptr) {
        need(other->by);
      } else {
        for (NodeId o : g.operands(id)) need(o);
      }
      if (!ready) continue;
      out.graph->ambient = out.graph->intern_location(g.location(id));
      const std::size_t before = out.graph->size();
      if (other != nullptr) {
        const std::size_t number_there = other->results[static_cast<std::size_t>(g.attributes(id).ints[0])];
        const Attributes number{{static_cast<std::int64_t>(number_there)}, {}, {}, {}};
        image[index(id)] = out.graph->intern(Op::result, g.dtype(id), g.shape(id), operands, number, out.graph->ambient);
      } else {
        image[index(id)] = copy_node(*out.graph, g, id, operands);
      }
      if (g.is_derived(id)) out.graph->mark_derived(before);
      if (const auto name = g.name(id); !name.empty()) out.graph->set_name(image[index(id)], std::string(name));
    }
    return image[index(root)];
  };
  for (NodeId id : in.inputs) out.inputs.push_back(make(id));
  for (NodeId id : in.outputs) out.outputs.push_back(make(id));
  out.graph->ambient = no_location;
  return out;
}

// --- What nobody reads ---

/// What is left of a loop: by role, and by operand and result.
struct Live {
  std::vector<char> constants;
  std::vector<std::vector<char>> carries, slices, emits;
};

class Pruner {
 public:
  Pruner(const Loop& loop, const std::vector<char>& results) : loop_(loop) {
    live_.constants.assign(loop.constants, 0);
    for (const Phase& p : loop.phases) {
      live_.carries.emplace_back(p.carries, 0);
      live_.slices.emplace_back(p.slices(loop.constants), 0);
      live_.emits.emplace_back(p.emits(), 0);
    }
    std::size_t next = 0;
    for (auto& carries : live_.carries)
      for (char& c : carries) c = results[next++];
    if (loop.is_scan())
      for (char& c : live_.emits[0]) c = results[next++];
    spread();
  }

  bool all() const {
    const auto whole = [](const std::vector<char>& list) { return std::count(list.begin(), list.end(), 0) == 0; };
    bool result = whole(live_.constants);
    for (const auto* lists : {&live_.carries, &live_.slices, &live_.emits})
      for (const auto& list : *lists) result = result && whole(list);
    return result;
  }

  /// By operand of the loop.
  std::vector<char> operands() const { return joined(live_.constants, live_.carries, loop_.is_scan() ? live_.slices[0] : std::vector<char>{}); }
  std::vector<char> results() const { return joined({}, live_.carries, loop_.is_scan() ? live_.emits[0] : std::vector<char>{}); }

  Loop loop() const {
    Loop result;
    result.length = loop_.length;
    result.constants = static_cast<std::size_t>(std::count(live_.constants.begin(), live_.constants.end(), 1));
    std::vector<std::size_t> stream;  // by old number
    std::size_t streams = 0;
    for (const auto& emits : live_.emits)
      for (const char e : emits) stream.push_back(e ? streams++ : 0);
    for (std::size_t p = 0; p < loop_.phases.size(); ++p) result.phases.push_back(phase(p, stream));
    if (!loop_.is_scan()) result.condition = with_inputs(loop_.condition, joined(live_.constants, {live_.carries[0]}, {}));
    return result;
  }

 private:
  const Loop& loop_;
  Live live_;

  static std::vector<char> joined(std::vector<char> a, const std::vector<std::vector<char>>& b, const std::vector<char>& c) {
    for (const auto& list : b) a.insert(a.end(), list.begin(), list.end());
    a.insert(a.end(), c.begin(), c.end());
    return a;
  }

  static Module with_inputs(const Module& m, const std::vector<char>& live) {
    Module result{m.graph, {}, m.outputs};
    for (std::size_t i = 0; i < live.size(); ++i)
      if (live[i]) result.inputs.push_back(m.inputs[i]);
    return compact(result);
  }

  Phase phase(std::size_t p, const std::vector<std::size_t>& stream) const {
    const Phase& old = loop_.phases[p];
    Module step{old.step.graph, old.step.inputs, {}};
    const std::vector<char> outputs = joined(live_.carries[p], {live_.emits[p]}, {});
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i]) step.outputs.push_back(old.step.outputs[i]);
    Phase result{with_inputs(step, joined(live_.constants, {live_.carries[p]}, live_.slices[p])), 0, old.reverse, {}};
    result.carries = static_cast<std::size_t>(std::count(live_.carries[p].begin(), live_.carries[p].end(), 1));
    for (std::size_t i = 0; i < old.reads.size(); ++i)
      if (live_.slices[p][i]) result.reads.push_back(stream[old.reads[i]]);
    return result;
  }

  /// Marks the inputs that the marked outputs of a step need; true if that is news about carries.
  bool spread(std::size_t p) {
    const Phase& phase = loop_.phases[p];
    std::vector<NodeId> roots;
    for (std::size_t i = 0; i < phase.step.outputs.size(); ++i)
      if (i < phase.carries ? live_.carries[p][i] : live_.emits[p][i - phase.carries]) roots.push_back(phase.step.outputs[i]);
    const std::vector<char> needed = reachable(*phase.step.graph, roots);
    bool news = false;
    for (std::size_t i = 0; i < phase.step.inputs.size(); ++i) {
      if (index(phase.step.inputs[i]) >= needed.size() || !needed[index(phase.step.inputs[i])]) continue;
      if (i < loop_.constants) {
        live_.constants[i] = 1;
      } else if (i < loop_.constants + phase.carries) {
        char& mark = live_.carries[p][i - loop_.constants];
        news = news || !mark;
        mark = 1;
      } else {
        live_.slices[p][i - loop_.constants - phase.carries] = 1;
      }
    }
    return news;
  }

  void spread() {
    if (!loop_.is_scan()) {
      const Module& c = loop_.condition;
      const std::vector<char> needed = reachable(*c.graph, c.outputs);
      for (std::size_t i = 0; i < c.inputs.size(); ++i) {
        if (index(c.inputs[i]) >= needed.size() || !needed[index(c.inputs[i])]) continue;
        (i < loop_.constants ? live_.constants[i] : live_.carries[0][i - loop_.constants]) = 1;
      }
    }
    std::vector<char*> streams;
    for (auto& emits : live_.emits)
      for (char& c : emits) streams.push_back(&c);
    for (std::size_t p = loop_.phases.size(); p-- > 0;) {
      while (spread(p)) {
      }
      if (loop_.is_scan()) continue;
      for (std::size_t i = 0; i < live_.slices[p].size(); ++i)
        if (live_.slices[p][i]) *streams[loop_.phases[p].reads[i]] = 1;
    }
  }
};

struct Pruned {
  LoopPtr loop;
  std::vector<char> operands, results;
};

/// From the last node to the first: what a loop does not need, loops before it need not give.
std::map<NodeId, Pruned> prune(const Module& m) {
  const GraphData& g = *m.graph;
  std::uint32_t count = 0;
  for (NodeId id : m.outputs) count = std::max(count, index(id) + 1);
  std::vector<char> needed(count, 0);
  for (NodeId id : m.outputs) needed[index(id)] = 1;
  std::map<NodeId, std::vector<char>> results;
  std::map<NodeId, Pruned> pruned;
  for (std::uint32_t i = count; i-- > 0;) {
    if (!needed[i]) continue;
    const NodeId id{i};
    const auto operands = g.operands(id);
    if (g.op(id) == Op::result) {
      auto& own = results[operands[0]];
      own.resize(ops::loop_of(g, operands[0])->results(), 0);
      own[static_cast<std::size_t>(g.attributes(id).ints[0])] = 1;
    }
    if (g.op(id) != Op::loop) {
      for (NodeId o : operands) needed[index(o)] = 1;
      continue;
    }
    const LoopPtr loop = ops::loop_of(g, id);
    auto& own = results[id];
    own.resize(loop->results(), 0);
    const Pruner pruner(*loop, own);
    Pruned& p = pruned[id];
    p = {pruner.all() ? loop : std::make_shared<const Loop>(pruner.loop()), pruner.operands(), pruner.results()};
    for (std::size_t k = 0; k < operands.size(); ++k)
      if (p.operands[k]) needed[index(operands[k])] = 1;
  }
  return pruned;
}

LoopPtr with_bodies(const LoopPtr& loop, const std::function<Module(const Module&)>& body) {
  auto result = std::make_shared<Loop>(*loop);
  result->parts.clear();
  for (Phase& p : result->phases) p.step = body(p.step);
  if (!result->is_scan()) result->condition = body(result->condition);
  return result;
}

}  // namespace

Module tidy_loops(const Module& in, const std::function<Module(const Module&)>& body) {
  if (loop_nodes(in).empty()) return in;
  Module m = in;
  for (auto r = chosen(m); !r.empty(); r = chosen(m)) m = compact(replace(m, r));
  const std::map<NodeId, Pruned> pruned = prune(m);
  const GraphData& g = *m.graph;
  std::map<NodeId, std::vector<std::size_t>> places;  // of a loop's results
  return compact(rebuild(m, [&](GraphData& out, NodeId id, std::span<const NodeId> operands) {
    if (g.op(id) == Op::result) {
      const auto found = places.find(g.operand(id, 0));
      if (found == places.end()) return copy_node(out, g, id, operands);  // nobody reads it
      const Attributes number{{static_cast<std::int64_t>(found->second[static_cast<std::size_t>(g.attributes(id).ints[0])])}, {}, {}, {}};
      return out.intern(Op::result, g.dtype(id), g.shape(id), operands, number, out.ambient);
    }
    const auto found = g.op(id) == Op::loop ? pruned.find(id) : pruned.end();
    if (found == pruned.end()) return copy_node(out, g, id, operands);
    const Pruned& p = found->second;
    std::vector<NodeId> kept;
    for (std::size_t i = 0; i < operands.size(); ++i)
      if (p.operands[i]) kept.push_back(operands[i]);
    std::size_t next = 0;
    for (const char r : p.results) places[id].push_back(r ? next++ : 0);
    return out.intern(Op::loop, g.dtype(id), g.shape(id), kept, Attributes{{}, {}, {}, with_bodies(p.loop, body)}, out.ambient);
  }));
}

}  // namespace actinium::passes
