// Start reading at between.
#include "ops/kink.hpp"

#include "ops/rules.hpp"

namespace actinium::ops {

Expr between(Kink kink, const Expr& left, const Expr& right) {
  switch (kink) {
    case Kink::strict: break;
    case Kink::right: return right;
    case Kink::mean: return 0.5 * (left + right);
    case Kink::sum: return left + right;
    case Kink::zero: return 0;
    case Kink::second: break;
  }
  throw InternalError("a kink without a rule for both sides");
}

Kink kink_of(const Expr& node) {
  const std::string& text = node.graph()->attributes(node.id()).text;
  return text.empty() ? Kink::strict : kink_named(text).value_or(Kink::strict);
}

Expr with_kink(const Expr& e, Kink kink) {
  if (kink == Kink::strict || !e.is_bound()) return e;
  const GraphData& g = *e.graph();
  std::vector<Expr> operands;
  for (NodeId o : g.operands(e.id())) operands.emplace_back(e.graph(), o);
  const Op op = g.op(e.id());
  if (op == Op::reshape) {
    const Expr inner = with_kink(operands[0], kink);
    return inner.same_as(operands[0]) ? e : reshape(inner, e.shape().dims());
  }
  if (op != Op::abs && op != Op::clamp && op != Op::max && op != Op::min && op != Op::reduce_max &&
      op != Op::reduce_min)
    return e;
  Attributes attributes = g.attributes(e.id());
  attributes.text = name_of(kink);
  return build(e.graph(), op, operands, attributes);
}

}  // namespace actinium::ops
