// A loop's cotangents: its steps once more in the opposite direction, each with what it needs of the step forward, which is
// either kept (emitted by the forward loop) or computed again. Start reading at loop_cotangents.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "autodiff/loop_rules.hpp"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/cost.hpp"
#include "ops/cotangent.hpp"
#include "ops/error.hpp"

namespace actinium::autodiff {
namespace {

using ops::Loop;
using ops::Op;
using ops::Phase;
using List = std::vector<Expr>;

// --- What a step keeps for the way back ---

/// Whether to compute it again from its operands costs about as little as to read it.
bool is_cheap(Op op) {
  return ops::weight(op) == 1 || op == Op::broadcast || op == Op::reshape || op == Op::transpose || op == Op::slice || op == Op::flip;
}

/// Bytes of a value; an unknown size counts as 64.
double bytes_of(const GraphData& g, NodeId id) {
  double bytes = static_cast<double>(size_of(g.dtype(id)));
  for (const Dim& d : g.shape(id)) {
    Bindings sizes;
    for (const std::string& s : d.symbols()) sizes[s] = 64;
    bytes *= static_cast<double>(d.evaluate(sizes));
  }
  return bytes;
}

/// Chooses among the values of a step which to keep: the fewest bytes, where what is cheap is computed again.
class Keeper {
 public:
  /// `first`: nodes from here on are of the way back. Slices are read by both ways anyway.
  Keeper(const GraphData& graph, std::uint32_t first, const List& slices, const List& carries) : g_(graph), first_(first) {
    varies_.assign(first, 0);
    for (const List* list : {&slices, &carries})
      for (const Expr& e : *list) varies_[index(e.id())] = 1;
    for (std::uint32_t i = 0; i < first; ++i)
      for (NodeId o : g_.operands(NodeId{i})) varies_[i] = varies_[i] || varies_[index(o)];
    for (const Expr& e : slices) have_.insert(e.id());
  }

  /// The values of the step that `outputs` need, oldest first.
  List choose(const GraphPtr& graph, std::span<const Expr> outputs) {
    for (const NodeId id : frontier(outputs)) take(id);
    List result;
    for (NodeId id : kept_) result.emplace_back(graph, id);
    return result;
  }

 private:
  /// Values of the step that nodes of the way back read.
  std::set<NodeId> frontier(std::span<const Expr> outputs) const {
    std::vector<NodeId> roots;
    for (const Expr& e : outputs) roots.push_back(e.id());
    std::vector<char> needed = reachable(g_, roots);
    std::set<NodeId> result;
    for (const NodeId id : roots)
      if (index(id) < first_) result.insert(id);
    for (std::uint32_t i = first_; i < needed.size(); ++i) {
      if (!needed[i]) continue;
      for (NodeId o : g_.operands(NodeId{i}))
        if (index(o) < first_) result.insert(o);
    }
    return result;
  }

  void take(NodeId root) {
    std::set<NodeId> seen, sources;
    std::vector<NodeId> stack{root};
    while (!stack.empty()) {
      const NodeId id = stack.back();
      stack.pop_back();
      if (!varies_[index(id)] || have_.contains(id) || kept_.contains(id) || !seen.insert(id).second) continue;
      if (!is_cheap(g_.op(id))) {
        sources.insert(id);
        continue;
      }
      for (NodeId o : g_.operands(id)) stack.push_back(o);
    }
    const double bytes = std::accumulate(sources.begin(), sources.end(), 0.0, [&](double sum, NodeId id) { return sum + bytes_of(g_, id); });
    if (bytes > bytes_of(g_, root)) {
      kept_.insert(root);
    } else {
      kept_.insert(sources.begin(), sources.end());
    }
  }

  const GraphData& g_;
  std::uint32_t first_;
  std::vector<char> varies_;  ///< from step to step
  std::set<NodeId> have_, kept_;
};

// --- A phase and its way back ---

/// Marks what reaches a result (a later phase) that has a cotangent.
void spread_back(const Loop& loop, const std::vector<OpenStep>& steps, Marks& marks) {
  std::vector<char*> streams;
  for (auto& phase : marks.emits)
    for (char& c : phase) streams.push_back(&c);
  for (std::size_t p = steps.size(); p-- > 0;) {
    const OpenStep& s = steps[p];
    const auto reaches = [&](const Expr& x) {
      if (!is_float(x.dtype())) return false;
      const auto one = std::span(&x, 1);
      for (std::size_t i = 0; i < s.next.size(); ++i)
        if (marks.carries[p][i] && varies_with(s.next[i], one)) return true;
      for (std::size_t i = 0; i < s.emits.size(); ++i)
        if (marks.emits[p][i] && varies_with(s.emits[i], one)) return true;
      return false;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < s.carries.size(); ++i) {
        if (marks.carries[p][i] || !reaches(s.carries[i])) continue;
        marks.carries[p][i] = 1;
        changed = true;
      }
    }
    for (std::size_t i = 0; i < s.slices.size(); ++i) {
      marks.slices[p][i] = reaches(s.slices[i]);
      if (!loop.is_scan() && marks.slices[p][i]) *streams[loop.phases[p].reads[i]] = 1;
    }
    for (std::size_t i = 0; i < s.constants.size(); ++i) marks.constants[i] = marks.constants[i] || reaches(s.constants[i]);
  }
}

void both(std::vector<char>& a, const std::vector<char>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] && b[i];
}

/// The phase with what it keeps as further emissions, and its way back: carries are the cotangents of marked carries, then sums
/// for marked constants; slices are the phase's own, what was kept, then cotangents of marked emissions, `parts[i]` summands
/// each; emissions are the cotangents of marked slices.
struct TwoWays {
  Phase there, back;
  std::size_t kept = 0;
};

TwoWays two_ways(const Loop& loop, OpenStep s, const Marks& marks, std::size_t p, const std::vector<std::size_t>& parts) {
  const auto like = [](const Expr& e) { return variable(e.graph(), e.dtype(), e.shape()); };
  const auto first = static_cast<std::uint32_t>(s.graph->size());
  const List carries = marked(s.carries, marks.carries[p]), constants = marked(s.constants, marks.constants),
             slices = marked(s.slices, marks.slices[p]), emits = marked(s.emits, marks.emits[p]);
  List y = marked(s.next, marks.carries[p]), seeds, sums, summands;
  for (const Expr& e : y) seeds.push_back(like(e));
  const List carried = seeds;
  for (const Expr& e : constants) sums.push_back(like(e));
  for (std::size_t i = 0; i < emits.size(); ++i) {
    Expr seed;
    for (std::size_t k = 0; k < parts[i]; ++k) {
      summands.push_back(like(emits[i]));
      seed = k == 0 ? summands.back() : seed + summands.back();
    }
    y.push_back(emits[i]);
    seeds.push_back(seed);
  }
  List x = carries;
  append(x, constants), append(x, slices);
  List outputs = x.empty() ? List{} : reverse_sweep(y, seeds, x, std::source_location());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    Expr& ct = outputs[carries.size() + i];
    ct = sums[i] + ct;
  }
  const List kept = Keeper(*s.graph, first, s.slices, s.carries).choose(s.graph, outputs);

  TwoWays result;
  const Phase& old = loop.phases[p];
  List inputs = s.constants;
  append(inputs, s.carries), append(inputs, s.slices);
  List there = s.next;
  append(there, s.emits), append(there, kept);
  result.there = {close(s.graph, inputs, there), old.carries, old.reverse, old.reads};
  inputs = s.constants;
  append(inputs, carried), append(inputs, sums), append(inputs, s.slices), append(inputs, kept), append(inputs, summands);
  result.back = {close(s.graph, inputs, outputs), carried.size() + sums.size(), !old.reverse, {}};
  result.kept = kept.size();
  return result;
}

/// Where cotangents of carries and constants start: those of the results, and zeros.
void add_starts(List& operands, const Loop& loop, const Marks& marks, std::size_t p, std::span<const Expr> results, const GraphPtr& graph) {
  for (std::size_t i = 0; i < loop.phases[p].carries; ++i) {
    if (!marks.carries[p][i]) continue;
    const std::size_t at = loop.first_final(p) + i;
    const bool given = at < results.size() && !ops::is_literal(results[at], 0);
    operands.push_back(given ? results[at] : zeros_like(loop.result_type(at), graph));
  }
  for (std::size_t i = 0; i < loop.constants; ++i)
    if (marks.constants[i]) operands.push_back(zeros_like(loop.operand_type(i), graph));
}

/// Gives the cotangents with which a way back ends to the operands of the loop.
void take_ends(List& result, const Loop& loop, const Marks& marks, std::size_t p, const Expr& back, std::size_t& next) {
  for (std::size_t i = 0; i < loop.phases[p].carries; ++i)
    if (marks.carries[p][i]) result[loop.first_carry(p) + i] = ops::result_of(back, next++);
  for (std::size_t i = 0; i < loop.constants; ++i) {
    if (!marks.constants[i]) continue;
    const Expr ct = ops::result_of(back, next++);
    result[i] = ops::is_literal(result[i], 0) ? ct : ops::accumulate(result[i], ct);
  }
}

std::vector<std::size_t> counted(std::size_t n) {
  std::vector<std::size_t> list(n);
  std::iota(list.begin(), list.end(), std::size_t{0});
  return list;
}

// --- scan: two loops, and arrays between them ---

/// What is kept of every step has an axis more.
void check_kept(const Loop& loop, std::size_t emitted) {
  const Phase& p = loop.phases[0];
  for (std::size_t i = p.carries + emitted; i < p.step.outputs.size(); ++i) {
    const GraphData& g = *p.step.graph;
    if (g.shape(p.step.outputs[i]).rank() >= max_rank)
      ops::fail<ShapeError>(g.location(p.step.outputs[i]), "scan",
                            fmt::format("the reverse derivative keeps an array of {} axes of every step: there is no room for one more, of steps", max_rank));
  }
}

/// Takes away the constants and slices that a scan's step does not read: the loop does not depend on them.
void drop_unread(Loop& loop, List& operands) {
  Phase& p = loop.phases[0];
  const std::vector<char> needed = reachable(*p.step.graph, p.step.outputs);
  std::vector<NodeId> inputs;
  List kept;
  std::size_t constants = 0;
  for (std::size_t i = 0; i < p.step.inputs.size(); ++i) {
    const bool carry = i >= loop.constants && i < loop.constants + p.carries;
    if (!carry && !(index(p.step.inputs[i]) < needed.size() && needed[index(p.step.inputs[i])])) continue;
    inputs.push_back(p.step.inputs[i]);
    kept.push_back(operands[i]);
    constants += i < loop.constants;
  }
  loop.constants = constants;
  p.step.inputs = std::move(inputs);
  operands = std::move(kept);
}

List scan_cotangents(const GraphPtr& graph, const ops::LoopPtr& old, std::vector<OpenStep> steps, const Marks& marks,
                     std::span<const Expr> operands, std::span<const Expr> results) {
  const std::size_t emitted = steps[0].emits.size();
  const std::size_t marked_emits = static_cast<std::size_t>(std::count(marks.emits[0].begin(), marks.emits[0].end(), 1));
  TwoWays ways = two_ways(*old, std::move(steps[0]), marks, 0, std::vector<std::size_t>(marked_emits, 1));
  const auto slices = operands.subspan(old->first_slice());
  List given(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(old->constants));
  add_starts(given, *old, marks, 0, results, graph);
  given.insert(given.end(), slices.begin(), slices.end());
  if (ways.kept > 0) {
    Loop there = *old;
    there.parts.clear();
    there.phases[0] = std::move(ways.there);
    check_kept(there, emitted);
    add_part(there, old, counted(old->operands()), counted(old->results()));
    const std::size_t first = there.first_emit() + emitted;
    const Expr node = ops::make_loop(graph, std::make_shared<const Loop>(std::move(there)), operands);
    for (std::size_t i = 0; i < ways.kept; ++i) given.push_back(ops::result_of(node, first + i));
  }
  for (std::size_t i = 0; i < emitted; ++i)
    if (marks.emits[0][i]) given.push_back(results[old->first_emit() + i]);
  Loop back;
  back.constants = old->constants;
  back.length = old->length;
  back.phases.push_back(std::move(ways.back));
  drop_unread(back, given);
  const Expr node = ops::make_loop(graph, std::make_shared<const Loop>(std::move(back)), given);
  List result(operands.size());
  std::size_t next = 0;
  take_ends(result, *old, marks, 0, node, next);
  for (std::size_t i = 0; i < slices.size(); ++i)
    if (marks.slices[0][i]) result[old->first_slice() + i] = ops::result_of(node, next++);
  return result;
}

// --- while: one loop, which goes back over its own steps ---

List while_cotangents(const GraphPtr& graph, const ops::LoopPtr& old, std::vector<OpenStep> steps, const Marks& marks,
                      std::span<const Expr> operands, std::span<const Expr> results) {
  const std::size_t count = steps.size();
  Loop loop = *old;
  loop.parts.clear();
  add_part(loop, old, counted(old->operands()), counted(old->results()));
  // Streams of the new loop: those of the phases there, each followed by what it keeps, then those of the ways back.
  std::vector<std::vector<std::size_t>> summands(old->first_stream(count));  // by old stream: streams of cotangents of it
  std::vector<std::size_t> own(summands.size());                             // by old stream: its new number
  std::vector<Phase> backs;
  std::vector<std::size_t> kept(count);
  std::vector<std::vector<std::vector<std::size_t>>> wanted(count);  // by phase, marked emission: numbers in `cotangent_streams`
  std::vector<std::size_t> before(count);                            // emissions of ways back before this phase's
  std::size_t emitted_back = 0;
  for (std::size_t p = count; p-- > 0;) {
    std::vector<std::size_t> parts;
    for (std::size_t i = 0; i < steps[p].emits.size(); ++i) {
      if (!marks.emits[p][i]) continue;
      wanted[p].push_back(summands[old->first_stream(p) + i]);
      parts.push_back(wanted[p].back().size());
    }
    TwoWays ways = two_ways(*old, std::move(steps[p]), marks, p, parts);
    before[p] = emitted_back;
    for (std::size_t i = 0; i < marks.slices[p].size(); ++i)
      if (marks.slices[p][i]) summands[old->phases[p].reads[i]].push_back(emitted_back++);
    kept[p] = ways.kept;
    loop.phases[p] = std::move(ways.there);
    backs.push_back(std::move(ways.back));
  }
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t i = 0; i < old->phases[p].emits(); ++i) own[old->first_stream(p) + i] = loop.first_stream(p) + i;
  const std::size_t first_back = loop.first_stream(count);
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t& r : loop.phases[p].reads) r = own[r];
  for (std::size_t p = count; p-- > 0;) {
    Phase& back = backs[count - 1 - p];
    back.reads = loop.phases[p].reads;
    for (std::size_t i = 0; i < kept[p]; ++i) back.reads.push_back(loop.first_stream(p) + old->phases[p].emits() + i);
    for (const auto& streams : wanted[p])
      for (const std::size_t s : streams) back.reads.push_back(first_back + s);
  }
  List given(operands.begin(), operands.end());
  for (std::size_t p = count; p-- > 0;) add_starts(given, *old, marks, p, results, graph);
  loop.phases.insert(loop.phases.end(), backs.begin(), backs.end());
  const Expr node = ops::make_loop(graph, std::make_shared<const Loop>(std::move(loop)), given);
  List result(operands.size());
  std::size_t next = old->carries();
  for (std::size_t p = count; p-- > 0;) take_ends(result, *old, marks, p, node, next);
  return result;
}

}  // namespace

std::vector<Expr> loop_cotangents(const Expr& y, std::span<const Expr> operands, std::span<const char> wanted, std::span<const Expr> results) {
  const GraphPtr& graph = y.graph();
  const ops::LoopPtr old = ops::loop_of(*graph, y.id());
  std::vector<OpenStep> steps;
  for (std::size_t p = 0; p < old->phases.size(); ++p) steps.push_back(open_step(*old, p));
  Marks marks = marks_of(*old, wanted), back = no_marks(*old);
  spread(*old, steps, marks, true);
  const auto given = [&](std::size_t i) { return i < results.size() && !ops::is_literal(results[i], 0); };
  for (std::size_t p = 0; p < steps.size(); ++p)
    for (std::size_t i = 0; i < back.carries[p].size(); ++i) back.carries[p][i] = given(old->first_final(p) + i);
  if (old->is_scan())
    for (std::size_t i = 0; i < back.emits[0].size(); ++i) back.emits[0][i] = given(old->first_emit() + i);
  spread_back(*old, steps, back);
  both(marks.constants, back.constants);
  bool any = std::count(marks.constants.begin(), marks.constants.end(), 1) > 0;
  for (std::size_t p = 0; p < steps.size(); ++p) {
    both(marks.carries[p], back.carries[p]);
    both(marks.slices[p], back.slices[p]);
    both(marks.emits[p], back.emits[p]);
    for (const auto* list : {&marks.carries[p], &marks.slices[p]}) any = any || std::count(list->begin(), list->end(), 1) > 0;
  }
  if (!any) return List(operands.size());
  return old->is_scan() ? scan_cotangents(graph, old, std::move(steps), marks, operands, results)
                        : while_cotangents(graph, old, std::move(steps), marks, operands, results);
}

}  // namespace actinium::autodiff
