// The rules of `loop` and `result`, and the analysis that forward derivative, reverse derivative and batching share.
#include "autodiff/loop_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "actinium/error.h"
#include "ops/error.hpp"

namespace actinium::autodiff {

using ops::Loop;
using ops::LoopPtr;
using ops::Phase;

OpenStep open_step(const Loop& loop, std::size_t phase) {
  const Phase& p = loop.phases[phase];
  const Body body = open(p.step);
  OpenStep s{body.graph, {}, {}, {}, {}, {}};
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    auto& list = i < loop.constants ? s.constants : i < loop.constants + p.carries ? s.carries : s.slices;
    list.push_back(body.inputs[i]);
  }
  for (std::size_t i = 0; i < body.outputs.size(); ++i) (i < p.carries ? s.next : s.emits).push_back(body.outputs[i]);
  return s;
}

Marks no_marks(const Loop& loop) {
  Marks m;
  m.constants.assign(loop.constants, 0);
  for (const Phase& p : loop.phases) {
    m.carries.emplace_back(p.carries, 0);
    m.slices.emplace_back(p.slices(loop.constants), 0);
    m.emits.emplace_back(p.emits(), 0);
  }
  return m;
}

Marks marks_of(const Loop& loop, std::span<const char> operands) {
  Marks m = no_marks(loop);
  std::size_t next = 0;
  for (char& c : m.constants) c = operands[next++];
  for (auto& phase : m.carries)
    for (char& c : phase) c = operands[next++];
  if (loop.is_scan())
    for (char& c : m.slices[0]) c = operands[next++];
  return m;
}

void spread(const Loop& loop, const std::vector<OpenStep>& steps, Marks& marks, bool differentiable) {
  std::vector<char*> streams;
  for (auto& phase : marks.emits)
    for (char& c : phase) streams.push_back(&c);
  for (std::size_t p = 0; p < steps.size(); ++p) {
    const OpenStep& s = steps[p];
    const auto reached = [&](const Expr& y, std::span<const Expr> x) {
      return differentiable ? is_float(y.dtype()) && varies_with(y, x) : depends_on(y, x);
    };
    if (!loop.is_scan())
      for (std::size_t i = 0; i < s.slices.size(); ++i) marks.slices[p][i] = *streams[loop.phases[p].reads[i]];
    const auto concerned = [&] {
      std::vector<Expr> list;
      const auto add = [&](const std::vector<Expr>& all, const std::vector<char>& marked) {
        for (std::size_t i = 0; i < all.size(); ++i)
          if (marked[i]) list.push_back(all[i]);
      };
      add(s.constants, marks.constants);
      add(s.carries, marks.carries[p]);
      add(s.slices, marks.slices[p]);
      return list;
    };
    for (bool changed = true; changed;) {
      changed = false;
      const std::vector<Expr> x = concerned();
      for (std::size_t i = 0; i < s.next.size(); ++i) {
        if (marks.carries[p][i] || !reached(s.next[i], x)) continue;
        marks.carries[p][i] = 1;
        changed = true;
      }
    }
    const std::vector<Expr> x = concerned();
    for (std::size_t i = 0; i < s.emits.size(); ++i) marks.emits[p][i] = reached(s.emits[i], x);
  }
}

namespace {
/// By result of the loop: whether it depends on marked operands.
std::vector<char> dependent_results(const Loop& loop, std::span<const char> operands) {
  std::vector<OpenStep> steps;
  for (std::size_t p = 0; p < loop.phases.size(); ++p) steps.push_back(open_step(loop, p));
  Marks marks = marks_of(loop, operands);
  spread(loop, steps, marks, false);
  if (!loop.is_scan()) {
    const Body condition = open(loop.condition);
    std::vector<char> own = marks.constants;
    own.insert(own.end(), marks.carries[0].begin(), marks.carries[0].end());
    // How many steps there are decides on everything.
    if (depends_on(condition.outputs[0], marked(condition.inputs, own))) return std::vector<char>(loop.results(), 1);
  }
  std::vector<char> result;
  for (const auto& carries : marks.carries) result.insert(result.end(), carries.begin(), carries.end());
  if (loop.is_scan()) result.insert(result.end(), marks.emits[0].begin(), marks.emits[0].end());
  return result;
}
}  // namespace

bool truly_depends_on(const Expr& y, std::span<const Expr> x) {
  if (!depends_on(y, x)) return false;
  const GraphData& g = *y.graph();
  std::vector<char> dependent(index(y.id()) + 1, 0), operands;
  std::map<std::uint32_t, std::vector<char>> results;  // of loops
  for (const Expr& e : x)
    if (index(e.id()) < dependent.size()) dependent[index(e.id())] = 1;
  const std::vector<char> needed = reachable(g, std::vector<NodeId>{y.id()});
  for (std::uint32_t i = 0; i < dependent.size(); ++i) {
    if (dependent[i] || !needed[i]) continue;
    const NodeId id{i};
    operands.clear();
    for (const NodeId o : g.operands(id)) operands.push_back(dependent[index(o)]);
    if (std::count(operands.begin(), operands.end(), 1) == 0) continue;
    if (g.op(id) == ops::Op::loop) {
      results[i] = dependent_results(*ops::loop_of(g, id), operands);
      dependent[i] = 1;
    } else if (g.op(id) == ops::Op::result) {
      dependent[i] = results[index(g.operand(id, 0))][static_cast<std::size_t>(g.attributes(id).ints[0])];
    } else {
      dependent[i] = 1;
    }
  }
  return dependent.back() != 0;
}

void add_part(Loop& loop, const LoopPtr& part, std::vector<std::size_t> operands, std::vector<std::size_t> results) {
  for (const Loop::Part& inner : part->parts) {
    Loop::Part own{inner.loop, {}, {}};
    for (std::size_t i : inner.operands) own.operands.push_back(operands[i]);
    for (std::size_t i : inner.results) own.results.push_back(results[i]);
    loop.parts.push_back(std::move(own));
  }
  loop.parts.push_back({part, std::move(operands), std::move(results)});
}

Expr zeros_like(const ops::TypedShape& type, const GraphPtr& graph) {
  return ops::stretch(Expr(graph, graph->number(type.dtype, 0)), type.shape);
}

std::vector<Expr> marked(const std::vector<Expr>& list, const std::vector<char>& marks) {
  std::vector<Expr> result;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (marks[i]) result.push_back(list[i]);
  return result;
}

namespace {

using Operands = std::span<const Expr>;
using ops::TypedShape;

TypedShape loop_shape(const ops::BuildContext& c, const TypedShape*) {
  const Loop& loop = *static_cast<const Loop*>(c.attributes.object.get());
  if (c.operands.size() != loop.operands())
    throw InternalError(fmt::format("loop: {} operands for {}", c.operands.size(), loop.operands()));
  for (std::size_t i = 0; i < c.operands.size(); ++i) {
    const TypedShape wanted = loop.operand_type(i), given = ops::type_of(c.graph, c.operands[i]);
    if (given.dtype != wanted.dtype || given.shape != wanted.shape)
      throw InternalError(fmt::format("loop: operand {} is {} {}, its step takes {} {}", i, name_of(given.dtype), given.shape.str(),
                                      name_of(wanted.dtype), wanted.shape.str()));
  }
  // A float if any result is one: differentiation goes through floats alone.
  DType dtype = DType::b8;
  for (std::size_t i = 0; i < loop.results(); ++i)
    if (const DType t = loop.result_type(i).dtype; !is_float(dtype) && (i == 0 || is_float(t))) dtype = t;
  return {dtype, {}};
}

TypedShape result_shape(const ops::BuildContext& c, const TypedShape*) {
  return ops::loop_of(c.graph, c.operands[0])->result_type(static_cast<std::size_t>(c.attributes.ints[0]));
}

/// The batched loop's result, with the batch in front: steps are in front of what was emitted.
Expr result_batch(const Expr& y, Operands operands, const ops::Batch& batch) {
  const auto i = static_cast<std::size_t>(y.graph()->attributes(y.id()).ints[0]);
  const Expr result = ops::result_of(operands[0], i);
  if (result.rank() == y.rank()) return ops::with_batch(result, false, batch.size);
  const LoopPtr loop = ops::loop_of(*operands[0].graph(), operands[0].id());
  return i >= loop->first_emit() ? ops::moved(result, 1, 0) : result;
}

const ops::Entry entries[] = {
    {ops::Op::loop, {.shape = loop_shape, .batch = loop_batch, .cotangents = loop_cotangents, .tangents = loop_tangents}},
    {ops::Op::result, {.shape = result_shape, .batch = result_batch}},
};

}  // namespace
}  // namespace actinium::autodiff

namespace actinium::ops {
std::span<const Entry> loop_entries() { return autodiff::entries; }
}  // namespace actinium::ops
