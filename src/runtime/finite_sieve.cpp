// Which operations can make non-finite numbers, and the graph that counts whether they did. Start reading at sieve.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "actinium/expr.h"
#include "autodiff/body.hpp"
#include "ops/loop.hpp"
#include "ops/unit.hpp"
#include "passes/recognise.hpp"
#include "runtime/finite.hpp"

namespace actinium::runtime {

using ops::Op;

Birth birth(const GraphData& g, NodeId id) {
  if (!is_float(g.dtype(id))) return Birth::never;
  switch (g.op(id)) {
    case Op::input:
    case Op::constant:
    case Op::tensor:
    case Op::dim_size:
    case Op::iota:
    case Op::variable: return Birth::never;
    case Op::neg:
    case Op::abs:
    case Op::sign:
    case Op::cbrt:
    case Op::atan:
    case Op::asinh:
    case Op::tanh:
    case Op::erf:
    case Op::erfc:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::round:
    case Op::isnan:
    case Op::logical_not:
    case Op::sech2:
    case Op::sigmoid:
    case Op::logistic_pdf:
    case Op::softplus:
    case Op::gauss:
    case Op::normpdf:
    case Op::normcdf:
    case Op::stop_gradient:
    case Op::again:
    case Op::max:
    case Op::min:
    case Op::atan2:
    case Op::copysign:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::equal:
    case Op::not_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_xor:
    case Op::select:
    case Op::clamp:
    case Op::raw_min:
    case Op::raw_max:
    case Op::normtail: return Birth::never;
    case Op::exp:
    case Op::exp2:
    case Op::expm1:
    case Op::log:
    case Op::log2:
    case Op::log10:
    case Op::log1p:
    case Op::sqrt:
    case Op::rsqrt:
    case Op::square:
    case Op::reciprocal:
    case Op::sin:
    case Op::cos:
    case Op::tan:
    case Op::asin:
    case Op::acos:
    case Op::sinh:
    case Op::cosh:
    case Op::acosh:
    case Op::atanh:
    case Op::cast:
    case Op::log1mexp:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::pow:
    case Op::hypot:
    case Op::fma:
    case Op::muladd:
    case Op::exp_scaled:
    case Op::exp_of_sum: return Birth::element;
    case Op::ldexp_exp: return Birth::element;
    case Op::broadcast:
    case Op::reshape:
    case Op::transpose:
    case Op::slice:
    case Op::pad:
    case Op::concat:
    case Op::gather:
    case Op::flip:
    case Op::one_hot:
    case Op::stack:
    case Op::custom: return Birth::never;
    case Op::scatter_add:
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::dot:
    case Op::cumsum:
    case Op::matmul: return Birth::group;
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::argmax:
    case Op::argmin:
    case Op::sort:
    case Op::argsort: return Birth::never;
    case Op::loop:
    case Op::result: return Birth::never;
    case Op::activation: return ops::unit_of(g, id).is_pointwise() ? Birth::element : Birth::group;
  }
  return Birth::never;
}

std::vector<char> constant_nodes(const Module& m) {
  const GraphData& g = *m.graph;
  std::vector<char> constant(g.size(), 0);
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId id{i};
    const Op op = g.op(id);
    bool all = op != Op::input && op != Op::variable;
    for (NodeId o : g.operands(id)) all = all && constant[index(o)];
    constant[i] = all;
  }
  return constant;
}

namespace {
bool is_nan(const GraphData& g, NodeId id) {
  while (g.op(id) == Op::broadcast) id = g.operand(id, 0);
  const auto value = g.constant_value(id);
  return value && std::isnan(*value);
}

NodeId without_broadcasts(const GraphData& g, NodeId id) {
  while (g.op(id) == Op::broadcast) id = g.operand(id, 0);
  return id;
}

/// Whether a node is made of another, seen through a few.
bool is_of(const GraphData& g, NodeId id, NodeId part) {
  std::vector<NodeId> seen{id};
  for (std::size_t i = 0; i < seen.size() && i < 16; ++i) {
    if (seen[i] == part) return true;
    for (NodeId o : g.operands(seen[i])) seen.push_back(o);
  }
  return false;
}

/// where(x < 0, nan, f(x)), as the rules have it.
bool is_nan_below_zero(const GraphData& g, NodeId select) {
  const NodeId condition = without_broadcasts(g, g.operand(select, 0));
  if (g.op(condition) != Op::less || !is_nan(g, g.operand(select, 1))) return false;
  const auto bound = g.constant_value(without_broadcasts(g, g.operand(condition, 1)));
  return bound && *bound == 0 && is_of(g, g.operand(select, 2), without_broadcasts(g, g.operand(condition, 0)));
}
}  // namespace

NodeId WrittenAsNan::other_branch(const GraphData& g, NodeId select, std::string_view* formula) const {
  if (g.op(select) != Op::select || !is_float(g.dtype(select))) return no_node;
  if (!is_nan_below_zero(g, select) || is_nan(g, g.operand(select, 2))) return no_node;
  for (const Repair& repair : repairs_) {
    if (!(repair.place == g.location(select))) continue;
    for (const passes::Rule& rule : passes::recognition_rules())
      if (rule.name == repair.rule && rule.to.find("nan") != std::string_view::npos) {
        if (formula != nullptr) *formula = rule.from;
        return g.operand(select, 2);
      }
  }
  return no_node;
}

namespace {

Expr is_finite(const Expr& e) {
  const double largest = e.dtype() == DType::f32 ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
  return abs(e) <= largest;
}

/// Where a loop's results are once each phase has one more carry, after its own.
std::size_t moved_result(const ops::Loop& loop, std::size_t i) {
  std::size_t phase = 0;
  while (phase < loop.phases.size() && i >= loop.first_final(phase) + loop.phases[phase].carries) ++phase;
  return i + phase;
}

class Sieve {
 public:
  explicit Sieve(const WrittenAsNan& nans) : nans_(nans) {}

  /// The module with one more output: 0, or another number (NaN too) if some node may have made a non-finite one. `infinite`: inputs
  /// may be made of infinite constants.
  Module counted(const Module& in, bool infinite = false) const {
    const GraphData& g = *in.graph;
    const std::vector<char> constant = constant_nodes(in), masks = may_be_infinite(in, infinite);
    Expr total;  // as it grows, so that no kernel has to keep values for later
    const auto count = [&](const Expr& c) { total = total.is_bound() ? total + c : c; };
    std::map<NodeId, std::shared_ptr<const ops::Loop>> loops;
    Module out = rebuild(in, [&](GraphData& graph, NodeId id, std::span<const NodeId> operands) {
      const GraphPtr shared = graph.shared_from_this();
      if (g.op(id) == Op::loop) {
        loops[id] = ops::loop_of(g, id);
        return counting_loop(shared, *loops[id], operands, masks[index(id)] != 0, count).id();
      }
      if (g.op(id) == Op::result) {
        const std::size_t i = moved_result(*loops.at(g.operand(id, 0)), static_cast<std::size_t>(g.attributes(id).ints[0]));
        return ops::result_of(Expr(shared, operands[0]), i).id();
      }
      const NodeId y = copy_node(graph, g, id, operands);
      if (constant[index(id)]) return y;
      if (masks[index(id)]) {
        if (const Expr wrong = suspicion(shared, g, id, y); wrong.is_bound()) count(sum(cast(wrong, DType::f32)));
      } else if (birth(g, id) != Birth::never) {
        count(nothing(Expr(shared, y)));
      }
      return y;
    });
    if (!total.is_bound()) total = Expr(out.graph, out.graph->number(DType::f32, 0));
    out.outputs.push_back(total.id());
    return out;
  }

 private:
  const WrittenAsNan& nans_;

  /// 0 if all elements are finite, else NaN: one operation for each.
  static Expr nothing(const Expr& e) {
    const Expr zero(e.graph(), e.graph()->number(e.dtype(), 0));
    const Expr total = e.rank() == 0 ? e * zero : sum(e * zero);
    return total.dtype() == DType::f32 ? total : cast(total, DType::f32);
  }

  /// By node: whether infinite constants of the user's, which are meant, go into it; then each element is looked at with its operands.
  std::vector<char> may_be_infinite(const Module& m, bool inputs) const {
    const GraphData& g = *m.graph;
    std::vector<char> result(g.size(), 0);
    for (std::uint32_t i = 0; i < g.size(); ++i) {
      const NodeId id{i};
      const auto number = g.constant_value(id);
      bool infinite = (number && !std::isfinite(*number)) || (g.op(id) == Op::tensor && !finite_tensor(g, id)) || (inputs && g.op(id) == Op::input);
      if (g.op(id) == Op::loop)
        ops::for_each_body(*ops::loop_of(g, id), [&](const Module& body) {
          for (std::uint32_t k = 0; k < body.graph->size(); ++k)
            if (const auto v = body.graph->constant_value(NodeId{k}); v && !std::isfinite(*v)) infinite = true;
        });
      for (NodeId o : g.operands(id)) infinite = infinite || result[index(o)];
      result[i] = infinite;
    }
    return result;
  }
  static bool finite_tensor(const GraphData& g, NodeId id) {
    if (!is_float(g.dtype(id))) return true;
    const std::int64_t n = g.shape(id).size().constant();
    const void* data = g.attributes(id).object.get();
    const auto all = [&](const auto* v) { return std::all_of(v, v + n, [](auto x) { return std::isfinite(x); }); };
    return g.dtype(id) == DType::f32 ? all(static_cast<const float*>(data)) : all(static_cast<const double*>(data));
  }

  /// Where node y, the image of `id`, may have made a non-finite number; unbound: nowhere.
  Expr suspicion(const GraphPtr& graph, const GraphData& g, NodeId id, NodeId y) const {
    const Expr value(graph, y);
    const Birth kind = birth(g, id);
    if (const NodeId other = nans_.other_branch(g, id); other != no_node) {
      const int i = g.operand(id, 1) == other ? 1 : 2;
      return isnan(value) && !isnan(Expr(graph, graph->operand(y, i)));
    }
    if (kind == Birth::never) return {};
    if (kind == Birth::group) return !is_finite(value);
    Expr finite, nan;
    const std::vector<NodeId> operands(graph->operands(y).begin(), graph->operands(y).end());
    for (NodeId o : operands) {
      const auto number = graph->constant_value(o);
      if (!is_float(graph->dtype(o)) || (number && std::isfinite(*number))) continue;
      const Expr e(graph, o);
      finite = finite.is_bound() ? finite && is_finite(e) : is_finite(e);
      nan = nan.is_bound() ? nan || isnan(e) : isnan(e);
    }
    if (!finite.is_bound()) return !is_finite(value);
    return (!is_finite(value) && finite) || (isnan(value) && !nan);
  }

  Expr counting_loop(const GraphPtr& graph, const ops::Loop& loop, std::span<const NodeId> operands, bool infinite,
                     const std::function<void(const Expr&)>& count) const {
    auto counting = std::make_shared<ops::Loop>(loop);
    counting->parts.clear();
    const Expr zero(graph, graph->number(DType::f32, 0));
    std::vector<Expr> arguments;
    for (std::size_t i = 0; i < loop.constants; ++i) arguments.emplace_back(graph, operands[i]);
    for (std::size_t p = 0; p < loop.phases.size(); ++p) {
      for (std::size_t i = 0; i < loop.phases[p].carries; ++i) arguments.emplace_back(graph, operands[loop.first_carry(p) + i]);
      arguments.push_back(zero);
    }
    for (std::size_t i = loop.first_slice(); i < operands.size(); ++i) arguments.emplace_back(graph, operands[i]);
    Module condition;
    if (!loop.is_scan()) {
      condition = counted(loop.condition, infinite);
      // The condition is looked at once before the first step, and after each one.
      const std::span<const Expr> first = std::span(arguments).first(loop.constants + loop.phases[0].carries);
      count(autodiff::apply(condition, graph, first).back());
      counting->condition = while_nothing(with_count(loop.condition, loop.condition.inputs.size()));
    }
    for (std::size_t p = 0; p < loop.phases.size(); ++p) counting->phases[p] = counting_phase(loop, p, condition, infinite);
    const Expr node = ops::make_loop(graph, counting, arguments);
    for (std::size_t p = 0; p < loop.phases.size(); ++p)
      count(ops::result_of(node, loop.first_final(p) + loop.phases[p].carries + p));
    return node;
  }

  /// A copy with the input "count" at this place.
  static Module with_count(const Module& in, std::size_t at) {
    Module m = compact(in);
    m.inputs.insert(m.inputs.begin() + static_cast<std::ptrdiff_t>(at), m.graph->add_input("count", Shape{}, DType::f32, no_location));
    return m;
  }

  /// Until something is counted, NaN too: for ever may be what the loop goes on then.
  static Module while_nothing(Module condition) {
    const Expr count(condition.graph, condition.inputs.back()), goes_on(condition.graph, condition.outputs[0]);
    condition.outputs[0] = (goes_on && count == 0.0).id();
    return condition;
  }

  ops::Phase counting_phase(const ops::Loop& loop, std::size_t p, const Module& condition, bool infinite) const {
    ops::Phase phase = loop.phases[p];
    Module step = with_count(counted(phase.step, infinite), loop.constants + phase.carries);
    const auto expr = [&](NodeId id) { return Expr(step.graph, id); };
    Expr total = expr(step.inputs[loop.constants + phase.carries]) + expr(step.outputs.back());
    step.outputs.pop_back();
    if (p == 0 && condition.graph != nullptr) {
      std::vector<Expr> next;
      for (std::size_t i = 0; i < loop.constants; ++i) next.push_back(expr(step.inputs[i]));
      for (std::size_t i = 0; i < phase.carries; ++i) next.push_back(expr(step.outputs[i]));
      total = total + autodiff::apply(condition, step.graph, next).back();
    }
    step.outputs.insert(step.outputs.begin() + static_cast<std::ptrdiff_t>(phase.carries), total.id());
    phase.step = std::move(step);
    ++phase.carries;
    return phase;
  }
};

}  // namespace

Module sieve(const Module& module, const WrittenAsNan& nans) {
  Module m = Sieve(nans).counted(module);
  m.outputs.erase(m.outputs.begin(), m.outputs.end() - 1);
  m.graph->recognises = false;
  return compact(m);
}

}  // namespace actinium::runtime
