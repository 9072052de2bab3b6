// Matching of recognise. Patterns are small, so the recursion over them is shallow; a node is looked at a few levels deep.
#include "passes/recognise_pattern.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "actinium/error.h"
#include "ops/unit.hpp"

namespace actinium::passes::flat {
namespace {

using ops::Op;

/// The number that every element of a floating node is.
std::optional<double> number_of(const GraphData& g, NodeId id) {
  if (!is_float(g.dtype(id))) return std::nullopt;
  if (g.op(id) == Op::broadcast) id = g.operand(id, 0);
  return g.constant_value(id);
}

bool is_power_of_two(double v) {
  int exponent = 0;
  return std::abs(std::frexp(v, &exponent)) == 0.5 && std::abs(exponent) < 10;
}

/// An integer literal exponent that products are written with.
int small_power(const GraphData& g, NodeId exponent) {
  const auto n = number_of(g, exponent);
  return n && std::abs(*n) >= 1 && std::abs(*n) <= 4 && *n == std::trunc(*n) ? static_cast<int>(*n) : 0;
}

bool is_reduction(Op op) { return op == Op::reduce_sum || op == Op::reduce_max; }

bool is_commutative(Op op) {
  return op == Op::max || op == Op::min || op == Op::hypot || op == Op::equal || op == Op::logical_and || op == Op::logical_or;
}

bool is_even(Op op) { return op == Op::abs || op == Op::hypot || op == Op::cos || op == Op::cosh || op == Op::square; }

template <class Views>
Views opaque(NodeId id) {
  Views v;
  if constexpr (std::is_same_v<Views, Product>)
    v.factors.add({id, 1});
  else
    v.terms.add({1, id});
  return v;
}

}  // namespace

std::uint64_t bit_of(const GraphData& graph, NodeId id) {
  if (graph.op(id) == Op::reshape) id = graph.operand(id, 0);
  return bit_of(graph.op(id));
}

Product product_of(const GraphData& g, NodeId id) {
  Product p;
  Few<Factor, 8> open;
  open.add({id, 1});
  for (int steps = 0; open.count > 0; ++steps) {
    const Factor o = open[--open.count];
    if (const auto c = number_of(g, o.base)) {
      p.scale *= std::pow(*c, o.power);
      continue;
    }
    const auto x = g.operands(o.base);
    const bool room = steps < 16 && p.factors.count + open.count + 2 <= 6;
    int power = 0;
    switch (room ? g.op(o.base) : Op::input) {
      case Op::neg:
        if (o.power % 2 != 0) p.scale = -p.scale;
        power = 1;
        break;
      case Op::mul: open.add({x[1], o.power}), power = 1; break;
      case Op::div:
        if (mean_of(g, o.base).node == no_node) open.add({x[1], -o.power}), power = 1;
        break;
      case Op::reciprocal: power = -1; break;
      case Op::square: power = 2; break;
      case Op::pow: power = small_power(g, x[1]); break;
      default: break;  // NOLINT
    }
    if (power != 0) {
      open.add({x[0], power * o.power});
      continue;
    }
    const auto same = std::find_if(p.factors.items.begin(), p.factors.items.begin() + p.factors.count,
                                   [&](const Factor& f) { return f.base == o.base; });
    if (same == p.factors.items.begin() + p.factors.count) {
      if (p.factors.full()) return opaque<Product>(id);
      p.factors.add(o);
    } else if ((same->power += o.power) == 0) {
      return opaque<Product>(id);
    }
  }
  if (p.scale == 0 || !std::isfinite(p.scale)) return opaque<Product>(id);
  return p;
}

Sum sum_of(const GraphData& g, NodeId id) {
  Sum s;
  Few<Scaled, 8> open;
  open.add({1, id});
  const auto is_sum = [&](NodeId n) {  // perhaps under constant factors
    for (int depth = 0; depth < 3; ++depth) {
      const Op op = g.op(n);
      if (op == Op::add || op == Op::sub) return true;
      const bool left = op == Op::mul && number_of(g, g.operand(n, 0));
      if (op != Op::neg && !left && ((op != Op::mul && op != Op::div) || !number_of(g, g.operand(n, 1)))) return false;
      n = g.operand(n, left ? 1 : 0);
    }
    return false;
  };
  while (open.count > 0) {
    const Scaled o = open[--open.count];
    if (const auto c = number_of(g, o.node)) {
      s.constant += o.scale * *c;
      if (++s.constants > 1 || !std::isfinite(s.constant)) return opaque<Sum>(id);
      continue;
    }
    const auto x = g.operands(o.node);
    const Op op = s.terms.count + open.count + 2 <= 4 ? g.op(o.node) : Op::input;
    if (op == Op::add || op == Op::sub) {
      open.add({op == Op::add ? o.scale : -o.scale, x[1]});
      open.add({o.scale, x[0]});
      continue;
    }
    if (op == Op::neg) {
      open.add({-o.scale, x[0]});
      continue;
    }
    if (op == Op::mul || op == Op::div) {
      const auto left = number_of(g, x[0]), right = number_of(g, x[1]);
      if (right && is_sum(x[0])) {
        open.add({op == Op::mul ? o.scale * *right : o.scale / *right, x[0]});
        continue;
      }
      if (op == Op::mul && left && is_sum(x[1])) {
        open.add({o.scale * *left, x[1]});
        continue;
      }
    }
    const auto same = std::find_if(s.terms.items.begin(), s.terms.items.begin() + s.terms.count,
                                   [&](const Scaled& t) { return t.node == o.node; });
    if (same == s.terms.items.begin() + s.terms.count) {
      if (s.terms.full()) return opaque<Sum>(id);
      s.terms.add(o);
    } else if ((same->scale += o.scale) == 0) {
      return opaque<Sum>(id);
    }
  }
  return s;
}

Reduction reduction_of(const GraphData& g, NodeId id) {
  if (is_reduction(g.op(id))) return {id, g.shape(id).rank() == 0};
  if (g.op(id) != Op::reshape || !is_reduction(g.op(g.operand(id, 0)))) return {};
  const NodeId inner = g.operand(id, 0);
  const Shape &from = g.shape(g.operand(inner, 0)), &to = g.shape(id);
  const auto& axes = g.attributes(inner).ints;
  if (from.rank() != to.rank()) return {};
  for (int i = 0; i < to.rank(); ++i)
    if (std::binary_search(axes.begin(), axes.end(), i) ? !to[i].is(1) : to[i] != from[i]) return {};
  return {inner, true};
}

Reduction mean_of(const GraphData& g, NodeId id) {
  if (g.op(id) != Op::div) return {};
  const Reduction r = reduction_of(g, g.operand(id, 0));
  if (r.node == no_node || g.op(r.node) != Op::reduce_sum) return {};
  const NodeId count = g.operand(id, 1);
  Dim n = 1;
  for (auto axis : g.attributes(r.node).ints) n = n * g.shape(g.operand(r.node, 0))[static_cast<int>(axis)];
  const bool counts = g.op(count) == Op::dim_size ? g.attributes(count).dims[0] == n
                                                  : n.is_constant() && number_of(g, count) == static_cast<double>(n.constant());
  return counts ? r : Reduction{};
}

// --- Patterns ---

namespace {

/// Calls first: letters are found once something has told what they are.
void sort(std::vector<Pattern::Part>& parts) {
  std::stable_sort(parts.begin(), parts.end(), [](const Pattern::Part& a, const Pattern::Part& b) {
    const auto rank = [](const Pattern::Part& p) { return p.pattern.kind == Pattern::Kind::letter ? 2 - (std::abs(p.power) > 1) : 0; };
    return rank(a) < rank(b);
  });
}

/// The innermost pattern of a node that is its own and only factor or term.
Pattern leaf_of(const GraphData& g, NodeId id, std::span<const NodeId> letters) {
  Pattern p;
  if (const auto c = number_of(g, id)) {
    p.kind = Pattern::Kind::number;
    p.scale = *c;
    return p;
  }
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] != id) continue;
    p.letter = static_cast<int>(i);
    return p;
  }
  const Reduction mean = mean_of(g, id), reduction = mean.node != no_node ? mean : reduction_of(g, id);
  if (reduction.node != no_node) {
    p.kind = mean.node != no_node ? Pattern::Kind::mean : Pattern::Kind::reduction;
    p.op = g.op(reduction.node);
    p.kept = reduction.kept;
    p.parts.push_back({pattern_of(g, g.operand(reduction.node, 0), letters, false)});
    return p;
  }
  p.kind = Pattern::Kind::call;
  p.op = g.op(id);
  p.object = g.attributes(id).object.get();
  if (p.op == Op::activation) {
    const auto& ints = g.attributes(id).ints;
    p.options.assign(ints.begin() + 1, ints.end() - (ops::unit_of(g, id).is_pointwise() ? 0 : 1));  // patterns reduce over one axis
  }
  for (NodeId o : g.operands(id)) p.parts.push_back({pattern_of(g, o, letters, false)});
  return p;
}

}  // namespace

Pattern pattern_of(const GraphData& g, NodeId id, std::span<const NodeId> letters, bool root) {
  if (root && g.op(id) == Op::pow) return leaf_of(g, id, letters);
  const Sum sum = sum_of(g, id);
  if (sum.terms.count > 1 || sum.constants > 0) {
    Pattern p;
    if (sum.terms.count == 0) return leaf_of(g, id, letters);
    p.kind = Pattern::Kind::sum;
    p.scale = sum.constant;
    for (const Scaled& t : sum.terms) p.parts.push_back({pattern_of(g, t.node, letters, false), 1, t.scale});
    sort(p.parts);
    return p;
  }
  const Product product = product_of(g, id);
  const bool single = product.scale == 1 && product.factors.count == 1 && product.factors[0].power == 1 && product.factors[0].base == id;
  if (single) return leaf_of(g, id, letters);
  Pattern p;
  p.kind = Pattern::Kind::product;
  p.scale = product.scale;
  for (const Factor& f : product.factors) p.parts.push_back({pattern_of(g, f.base, letters, false), f.power});
  sort(p.parts);
  return p;
}

// --- Matching ---

bool Matcher::near(double value, double wanted) const {
  if (static_cast<double>(static_cast<float>(wanted)) == wanted) return value == wanted;
  const double places = type_ == DType::f32 ? 0x1p-23 : 0x1p-52;
  return std::abs(value - wanted) <= places * std::abs(wanted);
}

std::optional<Match> Matcher::match(const Pattern& p, const Product& view, DType type) {
  binding_ = {}, even_ = false, type_ = type;
  std::optional<double> ratio;
  Product rest;
  if (!product(p, 0, view, ratio, &rest) || rest.factors.count > 2) return std::nullopt;
  if (!is_power_of_two(*ratio))  // x*sigmoid(3 x) as silu(3 x)/3 would round more often
    for (const Scaled& l : binding_.letters)
      if (l.node != no_node && !is_power_of_two(product_of(graph_, l.node).scale)) return std::nullopt;
  return Match{binding_, *ratio, rest.factors};
}

std::optional<Match> Matcher::match(const Pattern& p, const Sum& view, DType type) {
  binding_ = {}, even_ = false, type_ = type;
  std::optional<double> ratio;
  if (!begin_sum(p, view, ratio) || !sum(p, 0, view, ratio)) return std::nullopt;
  return Match{binding_, *ratio, {}};
}

std::optional<Match> Matcher::match(const Pattern& p, NodeId id) {
  binding_ = {}, even_ = false, type_ = graph_.dtype(id);
  if (!leaf(p, id)) return std::nullopt;
  return Match{binding_, 1, {}};
}

/// Whether s is the pattern itself, no multiple of it.
bool Matcher::scaled(const Pattern& p, Scaled s) {
  switch (p.kind) {
    case Pattern::Kind::letter: return letter(p.letter, s);
    case Pattern::Kind::number: {
      const auto c = number_of(graph_, s.node);
      return c && near(*c * s.scale, p.scale);
    }
    case Pattern::Kind::product: {
      if (p.parts.size() == 1 && p.parts[0].power == 1 && p.parts[0].pattern.kind == Pattern::Kind::letter)
        return multiple(p.scale, p.parts[0].pattern.letter, s);
      Product view = product_of(graph_, s.node);
      view.scale *= s.scale;
      std::optional<double> one = 1;
      return product(p, 0, view, one, nullptr);
    }
    case Pattern::Kind::sum: {
      const bool outer = std::exchange(even_, false);
      const bool same = whole_sum(p, s);
      even_ = outer;
      return same;
    }
    case Pattern::Kind::call:
    case Pattern::Kind::reduction:
    case Pattern::Kind::mean: break;
  }
  if (s.scale == 1 && leaf(p, s.node)) return true;
  const Product view = product_of(graph_, s.node);
  return view.factors.count == 1 && view.factors[0].power == 1 && view.scale * s.scale == 1 && view.factors[0].base != s.node &&
         leaf(p, view.factors[0].base);
}

bool Matcher::whole_sum(const Pattern& p, Scaled s) {
      if (p.parts.size() == 1 && p.parts[0].pattern.kind == Pattern::Kind::letter && shifted(p, s)) return true;
      Sum view = sum_of(graph_, s.node);
      view.constant *= s.scale;
      for (int i = 0; i < view.terms.count; ++i) view.terms[i].scale *= s.scale;
      std::optional<double> one = 1;
      return begin_sum(p, view, one) && sum(p, 0, view, one);
}

/// scale * letter: solved for the letter, if that is exact.
bool Matcher::multiple(double scale, int number, Scaled s) {
  if (is_power_of_two(scale)) return letter(number, {s.scale / scale, s.node});
  const auto solved = [&](double factor, NodeId node) {
    const double ratio = factor / scale, power = std::exp2(std::round(std::log2(std::abs(ratio))));
    return near(std::abs(factor) / power, std::abs(scale)) && letter(number, {std::copysign(power, ratio), node});
  };
  const Op op = graph_.op(s.node);
  if (op == Op::mul || op == Op::div) {
    const auto x = graph_.operands(s.node);
    const auto left = number_of(graph_, x[0]), right = number_of(graph_, x[1]);
    if (right && solved(op == Op::mul ? s.scale * *right : s.scale / *right, x[0])) return true;
    if (op == Op::mul && left && solved(s.scale * *left, x[1])) return true;
  }
  const Product view = product_of(graph_, s.node);
  return view.factors.count == 1 && view.factors[0].power == 1 && solved(view.scale * s.scale, view.factors[0].base);
}

/// constant + letter where the sum says which is which.
bool Matcher::shifted(const Pattern& p, Scaled s) {
  const Op op = graph_.op(s.node);
  if (op != Op::add && op != Op::sub) return false;
  const auto x = graph_.operands(s.node);
  const double sign = op == Op::add ? 1 : -1;
  const Binding saved = binding_;
  const auto solved = [&](std::optional<double> constant, Scaled rest) {
    if (constant && near(*constant, p.scale) && letter(p.parts[0].pattern.letter, {rest.scale / p.parts[0].scale, rest.node})) return true;
    binding_ = saved;
    return false;
  };
  const auto times = [](std::optional<double> c, double f) { return c ? std::optional(*c * f) : c; };
  return solved(times(number_of(graph_, x[0]), s.scale), {sign * s.scale, x[1]}) ||
         solved(times(number_of(graph_, x[1]), sign * s.scale), {s.scale, x[0]});
}

bool Matcher::leaf(const Pattern& p, NodeId id) {
  if (p.kind == Pattern::Kind::call) return call(p, id);
  if (p.kind == Pattern::Kind::reduction || p.kind == Pattern::Kind::mean) return reduction(p, id);
  return scaled(p, {1, id});
}

bool Matcher::call(const Pattern& p, NodeId id) {
  if (graph_.op(id) != p.op) return false;
  const auto x = graph_.operands(id);
  if (x.size() != p.parts.size()) return false;
  const Attributes& a = graph_.attributes(id);
  if (p.op == Op::activation) {
    if (a.object.get() != p.object || a.ints[0] != 0 || !a.text.empty()) return false;
    const bool pointwise = ops::unit_of(a).is_pointwise();
    if (pointwise && !std::equal(a.ints.begin() + 1, a.ints.end(), p.options.begin(), p.options.end())) return false;
    if (!pointwise && !along(p, id, a.ints)) return false;
  } else if (!a.text.empty()) {
    return false;  // a kink of its own
  }
  const Binding saved = binding_;
  const bool outer = std::exchange(even_, is_even(p.op));
  bool same = true;
  for (std::size_t i = 0; same && i < x.size(); ++i) same = scaled(p.parts[i].pattern, {1, x[i]});
  if (!same) binding_ = saved;
  if (!same && is_commutative(p.op)) {
    same = scaled(p.parts[0].pattern, {1, x[1]}) && scaled(p.parts[1].pattern, {1, x[0]});
    if (!same) binding_ = saved;
  }
  even_ = outer;
  return same;
}

/// The options of an axis-wise activation: {order, keeps its axes or nothing, axes...}.
bool Matcher::along(const Pattern& p, NodeId id, std::span<const std::int64_t> ints) {
  const std::size_t first = 1 + p.options.size();
  if (ints.size() < first || p.options.size() > 1) return false;
  if (p.options.size() == 1 && p.options[0] != 0 && ints[1] == 0 && graph_.shape(id).rank() != 0) return false;
  if (p.options.size() == 1 && p.options[0] == 0 && !keeps(ints[1] != 0)) return false;
  return axes({ints.begin() + static_cast<std::ptrdiff_t>(first), ints.end()});
}

bool Matcher::keeps(bool keep) {
  if (binding_.knows_keep) return binding_.keep == keep;
  binding_.knows_keep = true, binding_.keep = keep;
  return true;
}

bool Matcher::axes(std::vector<std::int64_t> list) {
  if (binding_.has_axes) return binding_.axes == list;
  binding_.axes = std::move(list);
  return binding_.has_axes = true;
}

bool Matcher::reduction(const Pattern& p, NodeId id) {
  const Reduction r = p.kind == Pattern::Kind::mean ? mean_of(graph_, id) : reduction_of(graph_, id);
  if (r.node == no_node || graph_.op(r.node) != p.op) return false;
  if (p.kept && !r.kept) return false;
  const NodeId total = p.kind == Pattern::Kind::mean ? graph_.operand(id, 0) : id;
  if (!p.kept && !keeps(graph_.op(total) == Op::reshape)) return false;
  return axes(graph_.attributes(r.node).ints) && scaled(p.parts[0].pattern, {1, graph_.operand(r.node, 0)});
}

bool Matcher::letter(int number, Scaled s) {
  Scaled& bound = binding_.letters[static_cast<std::size_t>(number)];
  bool& is_unsigned = binding_.unsigned_letters[static_cast<std::size_t>(number)];
  if (bound.node != no_node) {
    if (equal(bound, s)) return even_ || !(is_unsigned = false);
    const Scaled other{-bound.scale, bound.node};
    if ((!even_ && !is_unsigned) || !equal(other, s)) return false;
    if (!even_) bound = other, is_unsigned = false;
    return true;
  }
  if (graph_.dtype(s.node) != type_ || !is_power_of_two(s.scale)) return false;
  bound = s;
  is_unsigned = even_;
  return true;
}

/// The other sign of a letter, if nothing has settled it.
bool Matcher::flip(int number) {
  const auto i = static_cast<std::size_t>(number);
  binding_.letters[i].scale = -binding_.letters[i].scale;
  return std::exchange(binding_.unsigned_letters[i], false);
}

/// The power of two (and sign) that `value` is of `wanted`, or 1.
double Matcher::power_of_two_in(double value, double wanted) const {
  const double ratio = value / wanted, power = std::exp2(std::round(std::log2(std::abs(ratio))));
  return near(std::abs(value) / power, std::abs(wanted)) ? std::copysign(power, ratio) : 1;
}

/// base ** power under `scale` as a letter ** power: (2 x) ** 2 is 4 x ** 2.
bool Matcher::root(int number, int power, double scale, NodeId base, Product& view) {
  if (scale < 0 && power % 2 == 0) return false;
  const double size = std::exp2(std::log2(std::abs(scale)) / power), s = std::copysign(size, power % 2 == 0 ? 1 : scale);
  if (!is_power_of_two(s)) return false;
  const bool saved = std::exchange(even_, even_ || power % 2 == 0);
  const bool fits = letter(number, {s, base});
  even_ = saved;
  view.scale /= std::pow(s, power);
  return fits;
}

bool Matcher::product(const Pattern& p, std::size_t part, Product view, std::optional<double>& ratio, Product* rest) {
  if (part == p.parts.size()) {
    if (!rest && (view.factors.count > 0 || !near(view.scale / *ratio, p.scale))) return false;
    if (rest) {
      ratio = view.scale / p.scale;
      if (near(view.scale, p.scale)) ratio = 1;
      *rest = view;
    }
    return true;
  }
  const Pattern::Part& q = p.parts[part];
  const bool is_letter = q.pattern.kind == Pattern::Kind::letter;
  if (is_letter && binding_.letters[static_cast<std::size_t>(q.pattern.letter)].node != no_node)
    return divide(view, binding_.letters[static_cast<std::size_t>(q.pattern.letter)], q.power) && product(p, part + 1, view, ratio, rest);
  const Binding saved = binding_;
  const double left_over = rest ? 1 : power_of_two_in(view.scale / *ratio, p.scale);
  for (int i = 0; i < view.factors.count; ++i) {
    const Factor f = view.factors[i];
    if ((f.power > 0) != (q.power > 0) || std::abs(f.power) < std::abs(q.power)) continue;
    if (!rest && f.power != q.power) continue;
    Product left = view;
    if (is_letter ? root(q.pattern.letter, q.power, left_over, f.base, left) : scaled(q.pattern, {1, f.base})) {
      if (f.power == q.power)
        left.factors.remove(i);
      else
        left.factors[i].power -= q.power;
      if (product(p, part + 1, left, ratio, rest)) return true;
    }
    binding_ = saved;
    if (q.pattern.kind == Pattern::Kind::sum && f.power == q.power && scaled(q.pattern, {-1, f.base})) {
      left = view;
      left.factors.remove(i);
      if (q.power % 2 != 0) left.scale = -left.scale;
      if (product(p, part + 1, left, ratio, rest)) return true;
    }
    binding_ = saved;
  }
  return false;
}

bool Matcher::begin_sum(const Pattern& p, const Sum& view, std::optional<double>& ratio) const {
  if ((p.scale != 0) != (view.constants == 1)) return false;
  if (p.scale == 0) return true;
  if (!ratio) ratio = view.constant / p.scale;
  return *ratio != 0 && near(view.constant / *ratio, p.scale);
}

bool Matcher::sum(const Pattern& p, std::size_t part, Sum view, std::optional<double>& ratio) {
  if (part == p.parts.size()) return view.terms.count == 0 && ratio && (p.scale != 0 || view.constants == 0);
  const Pattern::Part& q = p.parts[part];
  const bool is_letter = q.pattern.kind == Pattern::Kind::letter;
  if (is_letter && ratio && binding_.letters[static_cast<std::size_t>(q.pattern.letter)].node != no_node) {
    Scaled s = binding_.letters[static_cast<std::size_t>(q.pattern.letter)];
    s.scale *= *ratio * q.scale;
    const Sum whole = view;
    if (subtract(view, s)) {
      binding_.unsigned_letters[static_cast<std::size_t>(q.pattern.letter)] = false;
      return sum(p, part + 1, view, ratio);
    }
    s.scale = -s.scale, view = whole;
    return flip(q.pattern.letter) && subtract(view, s) && sum(p, part + 1, view, ratio);
  }
  const Binding saved = binding_;
  for (int i = 0; i < view.terms.count; ++i) {
    const Scaled t = view.terms[i];
    const std::optional<double> before = ratio;
    if (!ratio) {  // the first part tells what all is a multiple by
      const double inner = q.pattern.kind == Pattern::Kind::product ? q.pattern.scale : 1;
      ratio = is_letter ? t.scale / q.scale : t.scale * product_of(graph_, t.node).scale / (q.scale * inner);
    }
    Sum left = view;
    left.terms.remove(i);
    if (scaled(q.pattern, {t.scale / (*ratio * q.scale), t.node}) && sum(p, part + 1, left, ratio)) return true;
    binding_ = saved;
    ratio = before;
  }
  return false;
}

/// view / by**power, if it is a factor of it.
bool Matcher::divide(Product& view, const Scaled& by, int power) const {
  Product d = product_of(graph_, by.node);
  d.scale *= by.scale;
  return divide(view, d, power);
}

bool Matcher::divide(Product& view, const Product& d, int power) const {
  view.scale /= std::pow(d.scale, power);
  for (const Factor& f : d.factors) {
    const int wanted = f.power * power;
    int i = 0;
    while (i < view.factors.count && view.factors[i].base != f.base) ++i;
    if (i == view.factors.count) return false;
    const int has = view.factors[i].power;
    if ((has > 0) != (wanted > 0) || std::abs(has) < std::abs(wanted)) return false;
    if (has == wanted)
      view.factors.remove(i);
    else
      view.factors[i].power -= wanted;
  }
  return true;
}

bool Matcher::subtract(Sum& view, Scaled s) const {
  const Sum d = sum_of(graph_, s.node);
  if (d.constants > 0) {
    if (view.constants != 1 || view.constant != s.scale * d.constant) return false;
    view.constant = 0, view.constants = 0;
  }
  for (const Scaled& t : d.terms) {
    int i = 0;
    while (i < view.terms.count && !equal(view.terms[i], {s.scale * t.scale, t.node})) ++i;
    if (i == view.terms.count) return false;
    view.terms.remove(i);
  }
  return true;
}

bool Matcher::equal(Scaled a, Scaled b) const {
  if (a.node == b.node) return near(a.scale, b.scale);
  Product p = product_of(graph_, a.node), q = product_of(graph_, b.node);
  p.scale *= a.scale, q.scale *= b.scale;
  const double wanted = q.scale;
  if (divide(q, p, 1) && q.factors.count == 0) return near(p.scale, wanted);
  Sum s = sum_of(graph_, b.node);
  const Sum t = sum_of(graph_, a.node);
  if (s.terms.count < 2 && s.constants == 0) return false;
  if (s.terms.count != t.terms.count || s.constants != t.constants || s.constant * b.scale != t.constant * a.scale) return false;
  for (const Scaled& u : t.terms) {
    int i = 0;
    while (i < s.terms.count && (s.terms[i].node != u.node || s.terms[i].scale * b.scale != u.scale * a.scale)) ++i;
    if (i == s.terms.count) return false;
    s.terms.remove(i);
  }
  return true;
}

}  // namespace actinium::passes::flat
