// What check_finite says: operation, element, operands, line, and what to do about it. Start reading at report.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "actinium/error.h"
#include "activations/catalogue.hpp"
#include "graph/brief.hpp"
#include "ops/error.hpp"
#include "ops/unit.hpp"
#include "runtime/finite_hunt.hpp"

namespace actinium::runtime {
namespace {

using ops::Op;

/// An element of an operand that a message names.
struct Entry {
  int operand;
  std::int64_t at;
  double value;
  bool alone;  ///< all that the result's element is made of, of this operand
};

/// In the digits of its type; a NaN's sign means nothing.
std::string text_of(double v, DType type) {
  if (std::isnan(v)) return "NaN";
  return type == DType::f32 ? fmt::format("{}", static_cast<float>(v)) : fmt::format("{}", v);
}

std::string name_of_operation(const GraphData& g, NodeId id) {
  return std::string(g.op(id) == Op::activation ? ops::unit_of(g, id).name() : ops::user_name(g.op(id)));
}

/// The element of a box that weighs most: NaN, then the largest.
Entry heaviest(const Box& box, const Tensor& t) {
  std::vector<std::int64_t> index;
  std::int64_t size = 1;
  for (const auto& [low, high] : box.ranges) {
    index.push_back(low);
    size *= high - low;
  }
  Entry best{box.operand, 0, 0, size == 1};
  for (std::int64_t n = 0; n < size; ++n) {
    const std::int64_t at = flat(index, t.shape());
    const double v = element(t, at);
    if (n == 0 || std::isnan(v) || std::abs(v) > std::abs(best.value)) best.at = at, best.value = v;
    if (std::isnan(v)) break;
    for (std::size_t d = index.size(); d-- > 0; index[d] = box.ranges[d].first)
      if (++index[d] < box.ranges[d].second) break;
  }
  return best;
}

/// Of a product: the pair of factors that gives the largest term.
std::vector<Entry> heaviest_term(const Finding& f, const std::vector<Box>& boxes) {
  const Tensor &a = f.operands[0], &b = f.operands[1];
  const std::size_t row = boxes[0].ranges.size() - 1, column = boxes[1].ranges.size() - 2;
  std::vector<std::int64_t> ia, ib;
  for (const auto& r : boxes[0].ranges) ia.push_back(r.first);
  for (const auto& r : boxes[1].ranges) ib.push_back(r.first);
  std::vector<Entry> best;
  for (std::int64_t k = 0; k < boxes[0].ranges[row].second; ++k) {
    ia[row] = ib[column] = k;
    const Entry x{0, flat(ia, a.shape()), element(a, flat(ia, a.shape())), false}, y{1, flat(ib, b.shape()), element(b, flat(ib, b.shape())), false};
    const double term = x.value * y.value;
    if (best.empty() || std::isnan(term) || std::abs(term) > std::abs(best[0].value * best[1].value)) best = {x, y};
  }
  return best;
}

std::vector<Entry> entries(const Finding& f) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const Tensor& t : f.operands) shapes.emplace_back(t.shape().begin(), t.shape().end());
  shapes.emplace_back(f.result.shape().begin(), f.result.shape().end());
  const std::vector<Box> boxes = sources(*f.graph, f.node, shapes, f.at);
  if (f.graph->op(f.node) == Op::matmul) return heaviest_term(f, boxes);
  std::vector<Entry> list;
  for (const Box& box : boxes) list.push_back(heaviest(box, f.operands[static_cast<std::size_t>(box.operand)]));
  return list;
}

std::string index_text(std::int64_t at, std::span<const std::int64_t> shape) {
  return shape.empty() ? std::string() : fmt::format("[{}]", fmt::join(coordinates(at, shape), ", "));
}

/// "x[3]", "(x - 1.0)[3]", "sqrt(x)[3]".
std::string indexed(const std::string& what, const std::string& at) {
  int depth = 0;
  bool apart = false;
  for (const char c : what) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    apart = apart || (depth == 0 && c == ' ');
  }
  return apart && !at.empty() ? fmt::format("({}){}", what, at) : what + at;
}

/// Operations whose slope is a quotient.
bool has_pole(Op op) {
  switch (op) {
    case Op::sqrt:
    case Op::rsqrt:
    case Op::cbrt:
    case Op::log:
    case Op::log2:
    case Op::log10:
    case Op::log1p:
    case Op::div:
    case Op::reciprocal:
    case Op::pow:
    case Op::hypot:
    case Op::asin:
    case Op::acos:
    case Op::acosh:
    case Op::atanh: return true;
    default: return false;  // NOLINT
  }
}

/// What the user wrote of which a node is the derivative: of the same place; best a node whose result or operand it reads, or that is
/// near; a quotient is the slope of what has such slopes. Of equals the outermost.
NodeId differentiated(const GraphData& g, NodeId derived) {
  std::vector<NodeId> near{derived};
  for (std::size_t i = 0; i < near.size() && i < 16; ++i)
    for (NodeId o : g.operands(near[i]))
      if (g.op(o) != Op::constant) near.push_back(o);
  const auto is_in = [](std::span<const NodeId> list, NodeId id) { return std::find(list.begin(), list.end(), id) != list.end(); };
  const auto touches = [&](std::span<const NodeId> list, NodeId id) {
    const auto operands = g.operands(id);
    return is_in(list, id) || std::any_of(operands.begin(), operands.end(), [&](NodeId o) { return g.op(o) != Op::constant && is_in(list, o); });
  };
  const bool quotient = has_pole(g.op(derived));
  NodeId best = no_node;
  int most = -1;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId id{i};
    if (g.is_derived(id) || g.operands(id).empty() || !is_float(g.dtype(id)) || !(g.location(id) == g.location(derived))) continue;
    const bool close = touches(near, id);
    const int score = 4 * (close && quotient && has_pole(g.op(id))) + 2 * touches(g.operands(derived), id) + close;
    if (score < most) continue;
    best = id;
    most = score;
  }
  return best;
}

/// "x = 0, y - 1 = 0"; numbers say themselves what they are.
std::string operands_text(const Finding& f, const std::vector<Entry>& list) {
  const GraphData& g = *f.graph;
  std::vector<std::string> parts;
  std::vector<NodeId> said;
  for (const Entry& e : list) {
    const NodeId id = g.operand(f.node, e.operand);
    if (g.op(id) == Op::constant || std::find(said.begin(), said.end(), id) != said.end()) continue;
    if (e.alone || g.op(f.node) != Op::matmul) said.push_back(id);
    const Tensor& t = f.operands[static_cast<std::size_t>(e.operand)];
    const std::string what = brief(g, id, f.names), at = f.single ? "" : index_text(e.at, t.shape()), value = text_of(e.value, t.dtype());
    if (!e.alone && g.op(f.node) != Op::matmul)
      parts.push_back(fmt::format("the largest element of {} is {} at {}", what, value, at));
    else
      parts.push_back(fmt::format("{} = {}", indexed(what, at), value));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

double largest(DType type) { return type == DType::f32 ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max(); }

std::string overflow(DType type) {
  return type == DType::f32 ? "the largest f32 is 3.4028235e+38, an f64 reaches 1.8e+308" : "the largest f64 is 1.7976931348623157e+308";
}

/// Inside of an activation that the user has defined: the first operation there, at the same numbers.
std::string within_definition(const Finding& f) {
  const GraphData& g = *f.graph;
  const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, f.node));
  if (!entry.traced() || g.attributes(f.node).ints[0] != 0) return {};
  const Module& body = entry.traced()->value[g.dtype(f.node) == DType::f32 ? 0 : 1].chosen(g.recognises, false);
  const std::vector<Entry> list = entries(f);
  Bindings sizes;
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    const Shape& shape = body.graph->shape(body.inputs[i]);
    for (const Dim& dim : shape)
      for (const std::string& symbol : dim.symbols()) sizes.emplace(symbol, 1);
    const std::vector<std::int64_t> extents = shape.evaluate(sizes);
    const double value = i < list.size() ? list[i].value : i > 0 ? entry.facts().parameters[i - 1].fallback.value_or(0) : 0;
    values.push_back(Tensor::full(Shape(std::vector<Dim>(extents.begin(), extents.end())), value, body.graph->dtype(body.inputs[i])));
  }
  const WrittenAsNan nans(entry.traced()->repairs);
  std::vector<ArrayRef> arrays;
  for (const Tensor& t : values) arrays.push_back(t.array());
  try {
    Hunter(body, nans, 1, true).run(arrays, sizes);
  } catch (const NonFiniteError& e) {
    std::string text = e.what();
    if (text.starts_with("text:")) text.erase(0, text.find('['));  // of a definition in a file, columns say nothing
    return text;
  }
  return {};
}

/// What the operation does at such operands, and what helps.
std::string hint(const Finding& f, const std::vector<Entry>& list) {
  const GraphData& g = *f.graph;
  const DType type = g.dtype(f.node);
  const double r = element(f.result, f.at), x = list.empty() ? 0 : list[0].value, y = list.size() < 2 ? 0 : list[1].value;
  const bool single = type == DType::f32;
  const bool pole = (g.op(f.node) == Op::div && y == 0) || ((g.op(f.node) == Op::rsqrt || g.op(f.node) == Op::reciprocal) && x == 0);
  if (g.is_derived(f.node) && pole)
    return "the slope is infinite here: keep the argument away from this point, or choose another where the result is masked, as "
           "sqrt(where(x > 0, x, 1)) does";
  switch (g.op(f.node)) {
    case Op::log:
    case Op::log2:
    case Op::log10:
      return x == 0 ? "the logarithm of 0: keep its argument above 0, as log(max(x, 1e-30)) does; x*log(x) as one product is 0 there, and a probability is "
                      "better kept as a logarithm throughout (log_softmax, log_sigmoid)"
                    : "the logarithm of a negative number";
    case Op::log1p: return x == -1 ? "log1p(-1) is the logarithm of 0" : "log1p below -1 is the logarithm of a negative number";
    case Op::log1mexp: return "the logarithm of 1 - exp(-x) needs x above 0";
    case Op::sqrt: return "the root of a negative number: a difference that should be 0 may round to less, max(x, 0) keeps it";
    case Op::rsqrt: return x == 0 ? "1/sqrt(0): add a small number, as in rsqrt(x + 1e-6)" : "the root of a negative number";
    case Op::reciprocal: return x == 0 ? "1/0" : overflow(type);
    case Op::div:
      if (y == 0) return fmt::format("{}: keep the denominator from 0, where(d == 0, 1, d), or add a small number to it", x == 0 ? "0/0" : "division by 0");
      return overflow(type);
    case Op::exp:
      return fmt::format("exp overflows above {}: subtract the largest argument first, or stay with logarithms (logsumexp, softplus, log_sigmoid)",
                         single ? "88.72284" : "709.782712893384");
    case Op::exp2: return fmt::format("exp2 overflows from {} on", single ? 128 : 1024);
    case Op::expm1: return fmt::format("expm1 overflows above {}", single ? "88.72284" : "709.782712893384");
    case Op::sinh:
    case Op::cosh: return fmt::format("it overflows beyond {}", single ? "89.41599" : "710.475860073944");
    case Op::pow:
      if (std::isnan(r)) return "a power of a negative number whose exponent is no integer";
      return x == 0 ? "a negative power of 0" : overflow(type);
    case Op::asin:
    case Op::acos: return "its argument is beyond -1 to 1: clamp(x, -1, 1) keeps what rounds out of it";
    case Op::acosh: return "its argument is below 1";
    case Op::atanh: return std::abs(x) == 1 ? "it is infinite at -1 and 1" : "its argument is beyond -1 to 1";
    case Op::cast: return fmt::format("the number is beyond {}, the largest {}", text_of(largest(type), type), actinium::name_of(type));
    case Op::select: return "NaN as written, and kept so";
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::cumsum:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::square:
    case Op::hypot:
    case Op::fma:
    case Op::matmul: return f.of_infinities ? (g.op(f.node) == Op::mul ? "0 times an infinity" : "infinities of opposite signs") : overflow(type);
    case Op::activation: return within_definition(f);
    default: return {};  // NOLINT: the others have nothing to add
  }
}

/// "[1, 2] of its result", or where in its loop.
std::string where_text(const Finding& f) {
  std::string text;
  if (f.result.rank() > 0 && !f.single) text = " at " + index_text(f.at, f.result.shape());
  for (std::size_t i = f.loops.size(); i-- > 0;) text += fmt::format(", in step {} of the {}", f.steps[i], f.loops[i]);
  return text;
}

/// What the condition of a `where` looks at, at the place of the element.
Entry tested(const Finding& f) {
  const std::vector<std::int64_t> index = coordinates(f.at, f.result.shape());
  const auto shape = f.tested_value.shape();
  std::int64_t at = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) at = at * shape[d] + (shape[d] == 1 ? 0 : index[index.size() - shape.size() + d]);
  return {0, at, element(f.tested_value, at), true};
}

/// The same for a NaN that recognise has written.
std::string formula_text(const Finding& f, const Entry& e) {
  const GraphData& g = *f.graph;
  NodeId id = f.tested;  // recognise may keep it from a special value
  while (g.op(id) == Op::select && g.op(g.operand(id, 1)) == Op::constant) id = g.operand(id, 2);
  return fmt::format("{} where {} = {}", f.formula, indexed(brief(g, id, f.names), f.single ? "" : index_text(e.at, f.tested_value.shape())), text_of(e.value, g.dtype(f.tested)));
}

}  // namespace

void report(const Finding& f) {
  const GraphData& g = *f.graph;
  const std::vector<Entry> list = f.formula.empty() ? entries(f) : std::vector<Entry>{tested(f)};
  NonFinite found;
  found.op = name_of_operation(g, f.node);
  found.index = coordinates(f.at, f.result.shape());
  for (const Entry& e : list) found.operands.push_back(e.value);
  found.result = element(f.result, f.at);
  found.place = g.location(f.node).str();
  found.in_derivative = g.is_derived(f.node);
  found.steps = f.steps;
  std::string text = fmt::format("{} of {}{}", text_of(found.result, f.result.dtype()), f.of_infinities ? "infinities" : "finite numbers", where_text(f));
  if (found.in_derivative) {
    const NodeId of = differentiated(g, f.node);
    text += fmt::format(", in the derivative of {}", of == no_node ? "what stands on this line" : brief(g, of, f.names));
  }
  if (!f.formula.empty()) {
    text += fmt::format(": {}", formula_text(f, list[0]));
  } else {
    text += fmt::format(": {}", brief(g, f.node, f.names));
    if (const std::string operands = operands_text(f, list); !operands.empty()) text += fmt::format(" where {}", operands);
  }
  if (const std::string advice = hint(f, list); !advice.empty()) text += fmt::format(" ({})", advice);
  throw NonFiniteError(ops::message(g.location(f.node), found.op, text), found);
}

}  // namespace actinium::runtime
