// A loop's tangents: the loop of its step beside the step's tangent. Start reading at loop_tangents.
#include <algorithm>

#include "actinium/autodiff.h"
#include "autodiff/loop_rules.hpp"
#include "autodiff/trace.hpp"
#include "ops/cotangent.hpp"

namespace actinium::autodiff {
namespace {

using ops::Loop;
using ops::Phase;

std::vector<Expr> variables_like(const std::vector<Expr>& list) {
  std::vector<Expr> result;
  for (const Expr& e : list) result.push_back(variable(e.graph(), e.dtype(), e.shape()));
  return result;
}

/// The step and its tangent: each list of inputs and outputs followed by the tangents of what is marked in it.
Phase with_tangent(const Loop& loop, const OpenStep& s, const Marks& marks, std::size_t p) {
  std::vector<Expr> inputs, x, directions;
  const auto take = [&](const std::vector<Expr>& list, const std::vector<char>& marks_of_list) {
    const std::vector<Expr> active = marked(list, marks_of_list), tangents = variables_like(active);
    append(inputs, list), append(inputs, tangents);
    append(x, active), append(directions, tangents);
  };
  take(s.constants, marks.constants);
  take(s.carries, marks.carries[p]);
  take(s.slices, marks.slices[p]);
  std::vector<Expr> y = marked(s.next, marks.carries[p]);
  const std::size_t carried = y.size();
  append(y, marked(s.emits, marks.emits[p]));
  std::vector<Expr> tangents = x.empty() ? std::vector<Expr>{} : detail::jvp(y, x, directions, std::source_location());
  std::vector<Expr> outputs = s.next;
  outputs.insert(outputs.end(), tangents.begin(), tangents.begin() + static_cast<std::ptrdiff_t>(carried));
  append(outputs, s.emits);
  outputs.insert(outputs.end(), tangents.begin() + static_cast<std::ptrdiff_t>(carried), tangents.end());
  const Phase& old = loop.phases[p];
  return {close(s.graph, inputs, outputs), old.carries + carried, old.reverse, {}};
}

/// For each of a list of old things, followed by the tangents of the marked ones: where they are now, from `first` on.
struct Places {
  std::vector<std::size_t> own, tangent;  ///< npos: none
  std::size_t end = 0;
};
constexpr std::size_t npos = static_cast<std::size_t>(-1);
void place(Places& places, const std::vector<char>& marks) {
  for (std::size_t i = 0; i < marks.size(); ++i) places.own.push_back(places.end++);
  for (const char m : marks) places.tangent.push_back(m ? places.end++ : npos);
}

}  // namespace

std::vector<Expr> loop_tangents(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) {
  const GraphPtr& graph = y.graph();
  const ops::LoopPtr old = ops::loop_of(*graph, y.id());
  std::vector<char> given;
  for (const Expr& t : tangents) given.push_back(!ops::is_literal(t, 0));
  Marks marks = marks_of(*old, given);
  std::vector<OpenStep> steps;
  for (std::size_t p = 0; p < old->phases.size(); ++p) steps.push_back(open_step(*old, p));
  spread(*old, steps, marks, true);

  Loop loop;
  Places operand_places, result_places, streams;
  place(operand_places, marks.constants);
  loop.constants = operand_places.end;
  loop.length = old->length;
  for (std::size_t p = 0; p < steps.size(); ++p) {
    loop.phases.push_back(with_tangent(*old, steps[p], marks, p));
    place(operand_places, marks.carries[p]);
    place(result_places, marks.carries[p]);
    place(streams, marks.emits[p]);
  }
  if (old->is_scan()) {
    place(operand_places, marks.slices[0]);
    place(result_places, marks.emits[0]);
  } else {
    for (std::size_t p = 0; p < steps.size(); ++p) {
      const auto& reads = old->phases[p].reads;
      for (std::size_t r : reads) loop.phases[p].reads.push_back(streams.own[r]);
      for (std::size_t i = 0; i < reads.size(); ++i)
        if (marks.slices[p][i]) loop.phases[p].reads.push_back(streams.tangent[reads[i]]);
    }
    const Body condition = open(old->condition);
    std::vector<Expr> inputs(condition.inputs.begin(), condition.inputs.begin() + static_cast<std::ptrdiff_t>(old->constants));
    append(inputs, variables_like(marked(inputs, marks.constants)));
    std::vector<Expr> carries(condition.inputs.begin() + static_cast<std::ptrdiff_t>(old->constants), condition.inputs.end());
    append(inputs, carries);
    append(inputs, variables_like(marked(carries, marks.carries[0])));
    loop.condition = close(condition.graph, inputs, condition.outputs);
  }
  add_part(loop, old, operand_places.own, result_places.own);

  std::vector<Expr> all(operand_places.end);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    all[operand_places.own[i]] = operands[i];
    if (const std::size_t at = operand_places.tangent[i]; at != npos)
      all[at] = given[i] ? tangents[i] : zeros_like(ops::type_of(*graph, operands[i].id()), graph);
  }
  const Expr node = ops::make_loop(graph, std::make_shared<const Loop>(std::move(loop)), all);
  std::vector<Expr> result;
  for (const std::size_t at : result_places.tangent) result.push_back(at == npos ? Expr() : ops::result_of(node, at));
  return result;
}

}  // namespace actinium::autodiff
