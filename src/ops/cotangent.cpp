// Masks of cotangents, and the two ways shapes follow broadcasting backwards.
#include "ops/cotangent.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace actinium::ops {
namespace {

struct Mask {
  Expr condition;
  bool negated;  ///< the cotangent is 0 where the condition holds
  Expr value;
};

bool is_zero(const Expr& e) {
  if (!e.is_bound()) return e.literal() == 0;
  const auto value = e.graph()->constant_value(e.id());
  return value && *value == 0;
}

std::optional<Mask> mask_of(const Expr& e) {
  if (!e.is_bound() || e.graph()->op(e.id()) != Op::select) return std::nullopt;
  const GraphPtr& g = e.graph();
  const auto operands = g->operands(e.id());
  const Expr condition{g, operands[0]}, a{g, operands[1]}, b{g, operands[2]};
  if (is_zero(b)) return Mask{condition, false, a};
  if (is_zero(a)) return Mask{condition, true, b};
  return std::nullopt;
}

Expr choose(const Expr& condition, bool negated, const Expr& value) {
  return negated ? where(condition, Expr(0), value) : where(condition, value, Expr(0));
}

/// The first node that sweeps have made behind what is differentiated; none outside a sweep.
thread_local std::uint32_t first_derived = 0xffffffffu;

/// A product of cotangents and partials taken apart: constant along the loops, or not.
class Factors {
 public:
  explicit Factors(const Expr& product) : product_(product) {
    for (Expr rest = product; take(rest);) {
    }
  }
  /// Whether something can leave a sum over all elements, and something stays.
  bool useful() const { return (!outside_.empty() || !divisors_.empty()) && !inside_.empty(); }
  /// The sum with the constant factors applied to it: fewer roundings, and less work for each element.
  Expr sum_of_all() const {
    Expr varying = inside_.back();
    for (std::size_t i = inside_.size() - 1; i-- > 0;) varying = varying * inside_[i];
    Expr total = sum(stretch(varying, product_.shape()));
    for (std::size_t i = outside_.size(); i-- > 0;) total = total * outside_[i];
    for (std::size_t i = divisors_.size(); i-- > 0;) total = total / divisors_[i];
    return negative_ ? -total : total;
  }

 private:
  /// Takes one factor off `rest`; false if that was the last.
  bool take(Expr& rest) {
    const GraphPtr& g = product_.graph();
    if (const auto number = constant(rest)) {
      outside_.push_back(*number);
      return false;
    }
    const bool derived = index(rest.id()) >= first_derived;
    const auto operand = [&](std::size_t i) { return Expr(g, g->operands(rest.id())[i]); };
    const Op op = derived ? g->op(rest.id()) : Op::input;
    if (op == Op::neg) {
      negative_ = !negative_;
      rest = operand(0);
    } else if (op == Op::add && operand(0).same_as(operand(1))) {
      outside_.push_back(Expr(2));
      rest = operand(0);
    } else if (op == Op::div && constant(operand(1))) {
      divisors_.push_back(*constant(operand(1)));
      rest = operand(0);
    } else if (op == Op::mul) {
      // The cotangent is the first operand, a partial the second: a product of its own, but a short one.
      Expr partial = operand(1);
      rest = operand(0);
      partials(partial);
    } else {
      inside_.push_back(rest);
      return false;
    }
    return true;
  }
  void partials(Expr e) {
    const GraphPtr& g = product_.graph();
    while (!constant(e) && index(e.id()) >= first_derived) {
      const Op op = g->op(e.id());
      const Expr first(g, g->operands(e.id()).empty() ? e.id() : g->operands(e.id())[0]);
      if (op == Op::neg) {
        negative_ = !negative_;
      } else if (op == Op::div && constant(Expr(g, g->operands(e.id())[1]))) {
        divisors_.push_back(*constant(Expr(g, g->operands(e.id())[1])));
      } else {
        break;
      }
      e = first;
    }
    (constant(e) ? outside_ : inside_).push_back(constant(e).value_or(e));
  }
  /// The number that every element is.
  static std::optional<Expr> constant(const Expr& e) {
    if (e.rank() == 0) return e;
    if (e.graph()->op(e.id()) != Op::broadcast) return std::nullopt;
    return constant(Expr(e.graph(), e.graph()->operands(e.id())[0]));
  }

  const Expr& product_;
  std::vector<Expr> inside_, outside_, divisors_;
  bool negative_ = false;
};

}  // namespace

Derived::Derived(std::uint32_t first) : saved_(first_derived) { first_derived = first; }
Derived::~Derived() { first_derived = saved_; }

Expr masked(const Expr& condition, bool negated, const Expr& cotangent) {
  if (is_literal(cotangent, 0)) return cotangent;
  const auto inner = mask_of(cotangent);
  if (!inner) return choose(condition, negated, cotangent);
  if (inner->condition.same_as(condition) && inner->negated == negated) return cotangent;
  const Expr outer = negated ? logical_not(condition) : condition;
  const Expr both = logical_and(outer, inner->negated ? logical_not(inner->condition) : inner->condition);
  return choose(both, false, inner->value);
}

Expr apply(const Expr& cotangent, const std::function<Expr(const Expr&)>& f) {
  if (is_literal(cotangent, 0)) return cotangent;
  if (const auto mask = mask_of(cotangent)) return choose(mask->condition, mask->negated, f(mask->value));
  return f(cotangent);
}

Expr scaled(const Expr& cotangent, const Expr& factor) {
  if (is_literal(factor, 0)) return Expr{};
  if (is_literal(factor, 1)) return cotangent;
  if (is_literal(factor, -1)) return apply(cotangent, [](const Expr& g) { return -g; });
  return apply(cotangent, [&](const Expr& g) { return g * factor; });
}

Expr accumulate(const Expr& a, const Expr& b) {
  if (is_literal(a, 0)) return b;
  if (is_literal(b, 0)) return a;
  const auto ma = mask_of(a), mb = mask_of(b);
  if (ma && mb && ma->negated == mb->negated && ma->condition.same_as(mb->condition))
    return choose(ma->condition, ma->negated, ma->value + mb->value);
  return a + b;
}

Expr rearranged(const Expr& cotangent, const std::function<Expr(const Expr&)>& f) {
  const auto mask = mask_of(cotangent);
  if (!mask) return f(cotangent);
  const Shape& shape = cotangent.shape();
  return choose(f(stretch(mask->condition, shape)), mask->negated, f(stretch(mask->value, shape)));
}

Expr stretch(const Expr& x, const Shape& shape) { return x.is_bound() && x.shape() == shape ? x : broadcast_to(x, shape); }

Expr sum_to(const Expr& cotangent, const Shape& shape) {
  if (!cotangent.is_bound() || cotangent.shape() == shape) return cotangent;
  const Shape& from = cotangent.shape();
  if (shape.rank() == 0)
    if (const Factors factors(cotangent); factors.useful()) return factors.sum_of_all();
  const int extra = from.rank() - shape.rank();
  std::vector<int> axes;
  for (int i = 0; i < from.rank(); ++i)
    if (i < extra || (shape[i - extra].is(1) && !from[i].is(1))) axes.push_back(i);
  const Expr summed = axes.empty() ? cotangent : sum(cotangent, axes);
  return summed.shape() == shape ? summed : reshape(summed, shape.dims());
}

}  // namespace actinium::ops
