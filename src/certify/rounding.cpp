// One gradient with respect to every node that rounds. Start reading at rounding_of.
#include "certify/rounding.hpp"

#include <cmath>

#include "actinium/autodiff.h"
#include "activations/families.hpp"
#include "ops/cost.hpp"
#include "ops/rules.hpp"

namespace actinium::exact {
namespace {

using ops::Op;

/// The relative error of an op's result in units of half an ulp: 1 where it is rounded correctly, 0 where it is exact.
double half_ulps(Op op, bool single) {
  if (ops::is_exact(op)) return 0;
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::fma:
    case Op::sqrt:
    case Op::square:
    case Op::reciprocal: return 1;
    case Op::muladd: return 2;
    case Op::activation: return 5;
    default: break;  // NOLINT: by kind
  }
  switch (ops::kind_of(op)) {
    case ops::Kind::leaf:
    case ops::Kind::structure: return 0;
    case ops::Kind::reduction:
    case ops::Kind::scan:
    case ops::Kind::product: return op == Op::reduce_max || op == Op::reduce_min || op == Op::sort ? 0 : 2;
    case ops::Kind::elementwise: return activations::is_family(op) ? 5 : single ? 2 : 3;
    case ops::Kind::loop:
    case ops::Kind::unit: return 5;
  }
  return 0;
}

/// A constant that a type holds only rounded: the op that takes it errs by half an ulp more.
bool is_rounded(const GraphData& g, NodeId id, bool single) {
  const auto value = g.constant_value(id);
  if (!value || !is_float(g.dtype(id)) || !std::isfinite(*value)) return false;
  if (single) return static_cast<double>(static_cast<float>(*value)) != *value;
  int exponent = 0;
  const double digits = std::ldexp(std::frexp(*value, &exponent), 40);
  return digits != std::nearbyint(digits);
}

}  // namespace

Expr rounding_of(const Expr& y, DType type) {
  const GraphPtr graph = y.graph();
  const bool single = type == DType::f32;
  const NodeId root = y.id();
  const std::vector<char> needed = reachable(*graph, std::span(&root, 1));
  std::vector<Expr> nodes;
  std::vector<double> units;
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    const NodeId id{i};
    if (!needed[i] || !is_float(graph->dtype(id)) || graph->shape(id).rank() == 0) continue;
    double u = half_ulps(graph->op(id), single);
    for (NodeId o : graph->operands(id)) u += u > 0 && is_rounded(*graph, o, single) ? 1 : 0;
    if (u > 0) nodes.emplace_back(graph, id), units.push_back(u);
  }
  const std::vector<Expr> adjoints = vjp(y, nodes, 1);
  const double half_ulp = std::ldexp(1.0, single ? -24 : -53), least = std::ldexp(1.0, single ? -150 : -1074);
  Expr sum;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Expr size = units[i] * half_ulp * abs(nodes[i]) + least;
    // An infinite node has no rounding, and where nothing depends on a node its adjoint is 0.
    Expr e = where(adjoints[i] == 0, 0, abs(adjoints[i]) * size);
    if (e.rank() == 2) e = actinium::sum(e, Axes(1));
    sum = sum.is_bound() ? sum + e : e;
  }
  return sum.is_bound() ? sum : 0 * y;
}

}  // namespace actinium::exact
