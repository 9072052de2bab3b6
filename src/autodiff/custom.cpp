// custom_vjp, custom_jvp and checkpoint: rules over expressions. Each mode follows from the other by transposing a linear map,
// and a batch of examples from one. Start reading at Traced.
#include <fmt/format.h>

#include <functional>

#include "actinium/transforms.h"
#include "autodiff/body.hpp"
#include "autodiff/sweep.hpp"
#include "autodiff/trace.hpp"
#include "ops/cotangent.hpp"
#include "ops/custom.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using autodiff::substitute;
using autodiff::variable;
using List = std::vector<Expr>;
using Operands = std::span<const Expr>;

Expr variable_like(const Expr& x) { return variable(x.graph(), x.dtype(), x.shape()); }

/// All rules here are batched in one way.
class Rule : public ops::CustomRule {
 public:
  std::shared_ptr<const CustomRule> batched(const Dim& size, std::span<const char> has) const final;
};

/// The batched form of any rule: the rule for one example, traced with variables and made again for the batch. Rules within
/// are batched in turn, so this nests.
class Batched final : public Rule {
 public:
  Batched(std::shared_ptr<const CustomRule> inner, Dim size, std::span<const char> has) : inner_(std::move(inner)), size_(std::move(size)), has_(has.begin(), has.end()) {}

  Expr vjp(const Expr& y, Operands x, std::size_t i, const Expr& cotangent) const override {
    Example e = example(y, x);
    e.own.push_back(one(y));
    e.all.push_back(cotangent);
    const Expr ct = inner_->vjp(e.y, e.x, i, e.own.back());
    if (ops::is_literal(ct, 0)) return ct;
    const Expr all = autodiff::batch(std::span(&ct, 1), e.own, e.all, size_, std::source_location())[0];
    return has_[i] ? all : sum(all, 0);
  }

  Expr jvp(const Expr& y, Operands x, Operands tangents) const override {
    Example e = example(y, x);
    List directions;
    for (std::size_t i = 0; i < x.size(); ++i) {
      directions.push_back(tangents[i]);
      if (ops::is_literal(tangents[i], 0) || !has_[i]) continue;
      directions.back() = one(x[i]);
      e.own.push_back(directions.back());
      e.all.push_back(tangents[i]);
    }
    const Expr t = inner_->jvp(e.y, e.x, directions);
    if (ops::is_literal(t, 0)) return t;
    return autodiff::batch(std::span(&t, 1), e.own, e.all, size_, std::source_location())[0];
  }

  std::vector<NodeId> nodes() const override { return inner_->nodes(); }
  std::vector<NodeId> variables() const override { return inner_->variables(); }
  std::shared_ptr<const CustomRule> moved(std::span<const NodeId> images) const override {
    return std::make_shared<Batched>(inner_->moved(images), size_, has_);
  }

 private:
  struct Example {
    Expr y;
    List x;         ///< variables for what has the batch axis
    List own, all;  ///< variables, and what they run over
  };
  static Expr one(const Expr& all) {
    const auto& dims = all.shape().dims();
    return variable(all.graph(), all.dtype(), Shape(std::vector<Dim>(dims.begin() + 1, dims.end())));
  }
  Example example(const Expr& y, Operands x) const {
    Example e{one(y), {}, {}, {}};
    e.own.push_back(e.y);
    e.all.push_back(y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      e.x.push_back(has_[i] ? one(x[i]) : x[i]);
      if (!has_[i]) continue;
      e.own.push_back(e.x.back());
      e.all.push_back(x[i]);
    }
    return e;
  }

  std::shared_ptr<const CustomRule> inner_;
  Dim size_;
  std::vector<char> has_;
};

std::shared_ptr<const ops::CustomRule> Rule::batched(const Dim& size, std::span<const char> has) const {
  return std::make_shared<Batched>(shared_from_this(), size, has);
}

/// What a user's rule gave, as it must be.
Expr checked(std::string_view transform, Expr given, const Expr& like, std::string_view what, const std::source_location& where) {
  if (!given.is_bound()) return given.literal() == 0 ? given : ops::filled(like, given.literal(), like.shape());
  const Location at = ops::place(like.graph().get(), where);
  if (given.graph() != like.graph()) ops::fail<GraphError>(at, transform, fmt::format("{} is of another graph", what));
  if (given.dtype() != like.dtype())
    ops::fail<TypeError>(at, transform, fmt::format("{} is {}, not {}", what, name_of(given.dtype()), name_of(like.dtype())));
  const auto both = broadcast_shapes(given.shape(), like.shape());
  if (!both || *both != like.shape())
    ops::fail<ShapeError>(at, transform, fmt::format("{} has the shape {}, not {}", what, given.shape().str(), like.shape().str()));
  return ops::stretch(given, like.shape());
}

/// Expressions of a graph that the rule itself belongs to, by id: a handle would keep the graph alive for ever.
struct Ids {
  std::vector<NodeId> list;
  explicit Ids(Operands all) {
    for (const Expr& e : all) list.push_back(e.is_bound() ? e.id() : no_node);
  }
  explicit Ids(std::span<const NodeId> ids) : list(ids.begin(), ids.end()) {}
  List in(const GraphPtr& graph) const {
    List result;
    for (NodeId id : list) result.push_back(id == no_node ? Expr() : Expr(graph, id));
    return result;
  }
};

std::vector<NodeId> joined(const Ids& a, const Ids& b) {
  std::vector<NodeId> all = a.list;
  all.insert(all.end(), b.list.begin(), b.list.end());
  return all;
}

/// A rule whose state is two lists of nodes: what it was traced with, of which the last `own` are variables, and what that gave.
template <class Kind>
class Traced : public Rule {
 public:
  Traced(Ids from, Ids to, std::size_t own) : from_(std::move(from)), to_(std::move(to)), own_(own) {}
  std::vector<NodeId> nodes() const final { return joined(from_, to_); }
  std::vector<NodeId> variables() const final {
    return {from_.list.end() - static_cast<std::ptrdiff_t>(own_), from_.list.end()};
  }
  std::shared_ptr<const CustomRule> moved(std::span<const NodeId> images) const final {
    const std::size_t count = from_.list.size();
    return std::make_shared<Kind>(Ids(images.first(count)), Ids(images.subspan(count)), own_);
  }

 protected:
  Ids from_, to_;

 private:
  std::size_t own_;
};

/// What a rule was traced with: y, x and the variables of directions. Where x is y (a function that gives its argument), x counts.
List places(const Expr& y, Operands x, Operands directions) {
  List all{y};
  all.insert(all.end(), x.begin(), x.end());
  all.insert(all.end(), directions.begin(), directions.end());
  return all;
}

/// What does not depend on a variable of ours, but may have it as an operand: of a loop, whose other results do.
Expr without(const Expr& y, const Expr& variable) {
  if (!y.is_bound() || !autodiff::depends_on(y, std::span(&variable, 1))) return y;
  const Expr zero = ops::filled(variable, 0, variable.shape());
  return substitute(std::span(&y, 1), std::span(&variable, 1), std::span(&zero, 1))[0];
}

/// A user's vjp: cotangents of x, traced for a variable as cotangent of y. jvp is its transpose.
class OwnVjp final : public Traced<OwnVjp> {
 public:
  using Traced::Traced;
  OwnVjp(const Expr& y, Operands x, const Expr& ct, Operands cotangents)
      : Traced(Ids(places(y, x, std::span(&ct, 1))), Ids(cotangents), 1) {}

  Expr vjp(const Expr& y, Operands x, std::size_t i, const Expr& cotangent) const override {
    const Expr traced = to_.in(y.graph())[i];
    if (!traced.is_bound()) return traced;
    return substitute(std::span(&traced, 1), from_.in(y.graph()), places(y, x, std::span(&cotangent, 1)))[0];
  }

  /// d/dct of sum(vjp(ct) * t), which is linear in ct.
  Expr jvp(const Expr& y, Operands x, Operands tangents) const override {
    const Expr ct = variable_like(y);
    Expr total;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (ops::is_literal(tangents[i], 0)) continue;
      const Expr own = vjp(y, x, i, ct);
      if (ops::is_literal(own, 0)) continue;
      const Expr part = without(detail::vjp(own, std::span(&ct, 1), tangents[i])[0], ct);
      total = ops::is_literal(total, 0) ? part : total + part;
    }
    return total;
  }
};

/// A user's jvp: the tangent of y, traced for variables as tangents of x. vjp is its transpose.
class OwnJvp final : public Traced<OwnJvp> {
 public:
  using Traced::Traced;
  OwnJvp(const Expr& y, Operands x, Operands tangents, const Expr& tangent)
      : Traced(Ids(places(y, x, tangents)), Ids(std::span(&tangent, 1)), tangents.size()) {}

  Expr jvp(const Expr& y, Operands x, Operands tangents) const override {
    const Expr traced = to_.in(y.graph())[0];
    if (!traced.is_bound()) return traced;
    List all;
    for (std::size_t i = 0; i < x.size(); ++i) all.push_back(ops::is_literal(tangents[i], 0) ? ops::filled(x[i], 0, x[i].shape()) : tangents[i]);
    return substitute(std::span(&traced, 1), from_.in(y.graph()), places(y, x, all))[0];
  }

  Expr vjp(const Expr& y, Operands x, std::size_t i, const Expr& cotangent) const override {
    if (!is_float(x[i].dtype())) return {};
    List tangents(x.size());
    tangents[i] = variable_like(x[i]);
    const Expr tangent = jvp(y, x, tangents);
    if (!tangent.is_bound()) return tangent;
    return without(detail::vjp(tangent, std::span(&tangents[i], 1), cotangent)[0], tangents[i]);
  }
};

/// Computes the body again from what went into it, behind `again`, when cotangents come: nothing of it is kept till then.
class Recompute final : public Traced<Recompute> {
 public:
  using Traced::Traced;
  Recompute(const Expr& body, Operands from) : Traced(Ids(from), Ids(std::span(&body, 1)), 0) {}

  Expr vjp(const Expr& y, Operands x, std::size_t i, const Expr& cotangent) const override {
    if (!is_float(x[i].dtype())) return {};
    List kept;
    for (const Expr& e : x) kept.push_back(ops::unary(ops::Op::again, e));
    const Expr once_more = substitute(to_.in(y.graph()), from_.in(y.graph()), kept)[0];
    return detail::vjp(once_more, std::span(&kept[i], 1), cotangent)[0];
  }

  Expr jvp(const Expr& y, Operands x, Operands tangents) const override {
    const Expr value = substitute(to_.in(y.graph()), from_.in(y.graph()), x)[0];
    List along, directions;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (ops::is_literal(tangents[i], 0)) continue;
      along.push_back(x[i]);
      directions.push_back(tangents[i]);
    }
    return detail::jvp(std::span(&value, 1), along, directions, std::source_location())[0];
  }
};

bool has_inputs(const GraphData& graph, NodeId root) {
  const std::vector<char> needed = reachable(graph, std::span(&root, 1));
  for (std::uint32_t i = 0; i <= index(root); ++i)
    if (needed[i] && (graph.op(NodeId{i}) == ops::Op::input || graph.op(NodeId{i}) == ops::Op::variable)) return true;
  return false;
}

/// A gradient that would silently be lost is an error.
void check_captured(std::string_view transform, const Expr& y, Operands x, const std::source_location& where) {
  const GraphData& graph = *y.graph();
  for (const Expr& e : autodiff::captured(std::span(&y, 1), x)) {
    if (!is_float(e.dtype()) || graph.op(e.id()) == ops::Op::stop_gradient || !has_inputs(graph, e.id())) continue;
    ops::fail<GraphError>(ops::place(&graph, where), transform,
                          fmt::format("the function uses {}, which is not among its arguments: its gradient would be lost; pass it, or stop_gradient of it",
                                      describe(graph, e.id())));
  }
}

/// Arguments and result of a custom function; null if there is nothing to differentiate.
bool check_call(std::string_view transform, const Expr& y, const List& x, const std::source_location& where) {
  List bound;
  for (const Expr& e : x)
    if (e.is_bound()) bound.push_back(e);
  if (!y.is_bound() || bound.empty()) return false;
  if (bound.size() != x.size())
    ops::fail<GraphError>(ops::place(y.graph().get(), where), transform, "an argument is a number without a graph: declare it with Graph::constant");
  for (const Expr& e : x)
    if (e.graph() != y.graph()) ops::fail<GraphError>(ops::place(y.graph().get(), where), transform, "arguments and result are of two graphs");
  return true;
}

}  // namespace

namespace detail {

Expr with_custom_vjp(const Expr& y, const List& x, const std::function<List(const Expr&)>& rule, const std::source_location& where) {
  if (!check_call("custom_vjp", y, x, where)) return y;
  check_captured("custom_vjp", y, x, where);
  const Expr ct = variable_like(y);
  List cotangents = rule(ct);
  if (cotangents.size() != x.size())
    ops::fail<ValueError>(ops::place(y.graph().get(), where), "custom_vjp",
                          fmt::format("the rule gives {} cotangents for {} arguments: one each is expected", cotangents.size(), x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    cotangents[i] = is_float(x[i].dtype()) ? checked("custom_vjp", cotangents[i], x[i], fmt::format("the cotangent of argument {}", i), where) : Expr();
    if (!cotangents[i].is_bound()) continue;
    const Expr slope = vjp({cotangents[i], where}, std::span(&ct, 1), 1)[0];
    autodiff::check_free("custom_vjp", std::span(&slope, 1), std::span(&ct, 1), "the rule is not linear in the cotangent", where);
  }
  return ops::with_rule(y, x, std::make_shared<OwnVjp>(y, x, ct, cotangents));
}

Expr with_custom_jvp(const Expr& y, const List& x, const std::function<Expr(const List&)>& rule, const std::source_location& where) {
  if (!check_call("custom_jvp", y, x, where)) return y;
  check_captured("custom_jvp", y, x, where);
  List tangents;
  for (const Expr& e : x) tangents.push_back(variable_like(e));
  const Expr tangent = checked("custom_jvp", rule(tangents), y, "the tangent", where);
  if (tangent.is_bound()) {
    List real;
    for (const Expr& t : tangents)
      if (is_float(t.dtype())) real.push_back(t);
    for (const Expr& slope : vjp({tangent, where}, real, 1))
      autodiff::check_free("custom_jvp", std::span(&slope, 1), tangents, "the rule is not linear in the tangents", where);
  }
  return ops::with_rule(y, x, std::make_shared<OwnJvp>(y, x, tangents, tangent));
}

Expr checkpointed(const Expr& y, const List& x, const std::source_location& where) {
  if (!check_call("checkpoint", y, x, where)) return y;
  // What the body uses besides its arguments has derivatives too. Constants stay where they are.
  List all = x;
  for (const Expr& e : autodiff::captured(std::span(&y, 1), x))
    if (is_float(e.dtype()) && has_inputs(*y.graph(), e.id())) all.push_back(e);
  return ops::with_rule(y, all, std::make_shared<Recompute>(y, all));
}

}  // namespace detail
}  // namespace actinium
