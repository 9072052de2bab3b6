// Prepares what is measured: a graph of its own with x [n] in place of the input, its derivatives, and the promises.
// Start reading at certify.
#include "actinium/certify.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <bit>
#include <chrono>
#include <cmath>

#include "activations/catalogue.hpp"
#include "activations/differentiate.hpp"
#include "activations/families.hpp"
#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "certify/scan.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

using exact::Promise;
using ops::Op;

/// The expression as a function of one input.
Module function_of(const Expr& e) {
  if (!e.is_bound()) throw ValueError("certify: an expression of one input is needed, this is a number");
  const GraphPtr graph = e.graph();
  const NodeId root = e.id();
  const std::vector<char> needed = reachable(*graph, std::span<const NodeId>(&root, 1));
  Module m{graph, {}, {root}};
  std::string names;
  for (NodeId input : graph->inputs()) {
    if (index(input) >= needed.size() || !needed[index(input)]) continue;
    m.inputs.push_back(input);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", graph->input_name(input));
  }
  const auto fail = [&]<class E>(E*, std::string_view text) { ops::fail<E>(graph->location(root), "certify", text); };
  if (m.inputs.size() != 1)
    fail(static_cast<ValueError*>(nullptr),
         m.inputs.empty() ? std::string("the expression has no input: one free variable is needed")
                          : fmt::format("the expression has the inputs {}: one free variable is needed", names));
  const DType type = graph->dtype(m.inputs[0]);
  if (!is_float(type) || graph->dtype(root) != type)
    fail(static_cast<TypeError*>(nullptr), fmt::format("needs a function from f32 to f32 or f64 to f64, this is from {} to {}",
                                                       name_of(type), name_of(graph->dtype(root))));
  return m;
}

/// The catalogue's entry behind a node, also behind a primitive that has one.
std::shared_ptr<const activations::Entry> entry_of(const GraphData& g, NodeId id) {
  if (g.op(id) == Op::activation) {
    const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, id));
    return g.attributes(id).ints[0] == 0 ? entry.shared_from_this() : nullptr;
  }
  if (g.operands(id).size() != 1) return nullptr;
  const auto found = activations::find(ops::name_of(g.op(id)));
  return found ? found->entry : nullptr;
}

/// The textbook formula in the place of everything that has one.
Expr textbook_of(const Module& m, const Expr& x) {
  const Module naive = rebuild(m, [&](GraphData& out, NodeId id, std::span<const NodeId> operands) {
    const GraphData& in = *m.graph;
    const auto entry = entry_of(in, id);
    if (!entry || entry->facts().textbook.naive == nullptr) return copy_node(out, in, id, operands);
    const GraphPtr graph = std::const_pointer_cast<GraphData>(out.shared_from_this());
    std::vector<Expr> operand;
    for (NodeId o : operands) operand.emplace_back(graph, o);
    const bool unit = in.op(id) == Op::activation;
    activations::Terms terms = unit ? entry->terms(in.attributes(id), operand) : activations::Terms{operand[0], {}, {}, {}};
    for (const activations::Parameter& p : entry->facts().parameters)
      if (!unit) terms.parameters.emplace_back(p.fallback.value_or(0));
    const Expr e = entry->facts().textbook.naive(terms);
    return e.is_bound() ? e.id() : out.number(in.dtype(id), e.literal());
  });
  return activations::instantiate(naive, std::span(&x, 1));
}

/// A primitive that is an activation by itself: its derivatives are promised like any activation's.
bool is_activation(Op op) { return activations::find(ops::name_of(op)).has_value(); }
/// A derivative of a primitive that is none: measured, but what it does at its edges is the formula's affair.
bool is_unpromised(const Module& m, int order) {
  const GraphData& g = *m.graph;
  const NodeId root = m.outputs[0];
  return order > 0 && ops::kind_of(g.op(root)) == ops::Kind::elementwise && ops::info(g.op(root)).arity == 1 &&
         g.operand(root, 0) == m.inputs[0] && !is_activation(g.op(root));
}

/// What the library promises of this node itself applied to the input: primitives 1 ulp in f32 and 1.5 in f64,
/// activations 5, their derivatives and the stable families 6 and 5, and 12 where a derivative has a real zero.
Promise promise_of(const Module& m, int order, bool has_zeros) {
  const GraphData& g = *m.graph;
  const NodeId root = m.outputs[0];
  const bool single = g.dtype(root) == DType::f32;
  if (order > 2) return {};
  const double smooth = has_zeros ? 12 : single && order > 0 ? 6 : 5;
  if (g.op(root) == Op::activation) {
    const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, root));
    if (g.operand(root, 0) != m.inputs[0] || entry.traced()) return {};
    if (entry.facts().promised != nullptr) return {std::nullopt, entry.facts().promised};
    return {smooth};
  }
  if (ops::kind_of(g.op(root)) != ops::Kind::elementwise || ops::info(g.op(root)).arity != 1 ||
      g.operand(root, 0) != m.inputs[0])
    return {};
  if (order == 0 && !activations::is_family(g.op(root))) return {single ? 1.0 : 1.5};
  return order == 0 || is_activation(g.op(root)) ? Promise{smooth} : Promise{};
}

struct Measured {
  std::vector<Accuracy> orders;
  bool exhaustive = false;
};

/// What is asked of the derivative of an order; with a promise if the library has given one.
exact::Terms terms_of(const Module& m, const exact::Reference& reference, int order, const CertifyOptions& options,
                      bool promised) {
  const exact::Format format = exact::format_of(m.graph->dtype(m.inputs[0]));
  const auto zeros = order == 0 ? std::optional(std::vector<double>{}) : reference.zeros(order, format);
  exact::Terms t{order, format, {}, zeros.value_or(std::vector<double>{})};
  t.is_oscillating = order > 0 && (!zeros || reference.oscillates());
  t.is_piecewise_constant = order > 0 && reference.is_piecewise_constant(order);
  t.is_asked = options.bound.has_value();
  t.counts = t.is_asked || !promised || !is_unpromised(m, order);
  if (options.bound)
    t.promise = {options.bound};
  else if (promised)
    t.promise = promise_of(m, order, !zeros || !zeros->empty());
  return t;
}

/// Measures `build(x)` of the input, and its derivatives, against the reference.
template <class Build>
Measured measure(const Module& m, const exact::Reference& reference, const CertifyOptions& options, bool promised,
                 const std::vector<double>& kinks, bool recognise, Build&& build) {
  const DType type = m.graph->dtype(m.inputs[0]);
  Graph graph(type, {.recognise = recognise});
  const Expr x = graph.input("x", {"n"}, type);
  std::vector<Expr> y{build(x)};
  if (!y[0].is_bound()) y[0] = y[0] + 0 * x;
  for (int k = 1; k <= options.derivatives; ++k) y.push_back(vjp(y.back(), x, 1));
  CompileOptions compiled = options.compile;
  compiled.threads = 1;  // the scan is parallel
  exact::Scan scan{reference, compile({x}, y, compiled), {}, type, options.compile.threads, kinks, options.progress};
  for (int k = 0; k <= options.derivatives; ++k) scan.terms.push_back(terms_of(m, reference, k, options, promised));
  Measured result;
  result.exhaustive = type == DType::f32 && options.samples == 0;
  // Polynomials pay from some hundred thousand numbers on.
  constexpr std::uint64_t all = std::uint64_t{1} << 32, usual = 2'000'000, many = 400'000;
  const bool by_cells = type == DType::f32 && (result.exhaustive || options.samples >= many);
  const std::uint64_t stride = result.exhaustive ? 1 : std::bit_floor(std::max<std::uint64_t>(all / std::max<std::uint64_t>(options.samples, 1), 1));
  result.orders = by_cells ? exact::scan_everything(scan, static_cast<std::uint32_t>(stride))
                           : exact::scan_samples(scan, options.samples == 0 ? usual : options.samples);
  return result;
}

std::vector<double> kinks_of(const Module& m) {
  std::vector<double> all;
  const GraphData& g = *m.graph;
  const std::vector<char> needed = reachable(g, m.outputs);
  for (std::uint32_t i = 0; i < needed.size(); ++i) {
    const NodeId id{i};
    if (!needed[i]) continue;
    if (g.op(id) == Op::activation) {
      const auto& kinks = static_cast<const activations::Entry&>(ops::unit_of(g, id)).facts().kinks;
      all.insert(all.end(), kinks.begin(), kinks.end());
    }
    if (const auto c = g.constant_value(id); c && is_float(g.dtype(id))) all.insert(all.end(), {*c, -*c});
  }
  return all;
}

void check_bound(std::string_view what, const CertifyOptions& options) {
  if (options.bound && !(*options.bound >= 0))
    throw ValueError(fmt::format("{}: the bound is a number of ulp from 0 on, not {}", what, *options.bound));
}

constexpr std::string_view point_by_point = "ball arithmetic with proven bounds: within 2^-10 ulp of the truth";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Certificate certify(const Expr& e, const CertifyOptions& options) {
  if (options.derivatives < 0 || options.derivatives > 8)
    throw ValueError(fmt::format("certify: derivatives is 0 to 8, not {}", options.derivatives));
  check_bound("certify", options);
  const auto start = std::chrono::steady_clock::now();
  const Module m = function_of(e);
  const exact::Reference reference(m);
  const std::vector<double> kinks = kinks_of(m);
  Certificate c;
  c.expression = to_string(e);
  c.dtype = m.graph->dtype(m.inputs[0]);
  Measured own = measure(m, reference, options, true, kinks, m.graph->recognises,
                         [&](const Expr& x) { return activations::instantiate(m, std::span(&x, 1)); });
  c.orders = std::move(own.orders);
  c.exhaustive = own.exhaustive;
  if (options.against_naive)
    c.naive = measure(m, reference, options, false, kinks, false, [&](const Expr& x) { return textbook_of(m, x); }).orders;
  c.reference = c.exhaustive ? "Taylor polynomials with bounds from ball arithmetic, within 2^-10 ulp of the truth"
                             : point_by_point;
  c.seconds = seconds_since(start);
  return c;
}

Certificate certify(const Activation& f, DType dtype, const CertifyOptions& options) {
  Graph graph(dtype);
  return certify(f(graph.input("x", {"n"}, dtype)), options);
}

Certificate judge(const Expr& e, const ArrayRef& x, const ArrayRef& results, int order, const CertifyOptions& options) {
  if (order < 0 || order > 8) throw ValueError(fmt::format("judge: order is 0 to 8, not {}", order));
  check_bound("judge", options);
  const auto start = std::chrono::steady_clock::now();
  const Module m = function_of(e);
  const DType type = m.graph->dtype(m.inputs[0]);
  for (const auto& [name, array] : {std::pair("x", &x), std::pair("results", &results)})
    if (array->dtype() != type)
      throw TypeError(
          fmt::format("judge: {} is {}, the expression is {}", name, name_of(array->dtype()), name_of(type)));
  if (x.size() != results.size())
    throw ShapeError(fmt::format("judge: {} results at {} numbers x", results.size(), x.size()));
  const exact::Reference reference(m);
  exact::Scan scan{reference, {}, {terms_of(m, reference, order, options, false)}, type, options.compile.threads, {},
                   options.progress};
  Certificate c;
  c.expression = to_string(e);
  c.dtype = type;
  c.orders = exact::scan_results(scan, x, results);
  c.reference = point_by_point;
  c.seconds = seconds_since(start);
  return c;
}

namespace {

/// f of each number, computed in T.
template <class T>
std::vector<double> results_of(const FunctionBase& f, std::span<const double> xs) {
  const std::vector<T> x(xs.begin(), xs.end());
  std::vector<T> y(xs.size());
  f.call({x}, {y});
  return {y.begin(), y.end()};
}

}  // namespace

std::vector<double> errors_in_ulp(const Expr& e, std::span<const double> xs, int order, const CompileOptions& options) {
  if (order < 0 || order > 8) throw ValueError(fmt::format("errors_in_ulp: order is 0 to 8, not {}", order));
  const Module m = function_of(e);
  const exact::Reference reference(m);
  const DType type = m.graph->dtype(m.inputs[0]);
  const bool single = type == DType::f32;
  Graph graph(type, {.recognise = m.graph->recognises});
  const Expr x = graph.input("x", {"n"}, type);
  Expr y = activations::instantiate(m, std::span(&x, 1));
  for (int k = 1; k <= order; ++k) y = vjp(y, x, 1);
  const auto f = compile({x}, {y}, options);
  const std::vector<double> results = single ? results_of<float>(f, xs) : results_of<double>(f, xs);
  std::vector<double> errors(xs.size());
  tbb::task_arena arena(options.threads > 0 ? options.threads : tbb::task_arena::automatic);
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, xs.size(), [&](std::size_t i) {
      const double at = single ? static_cast<double>(static_cast<float>(xs[i])) : xs[i];
      const exact::Judgement j = reference.at(at, results[i], order, exact::format_of(type));
      errors[i] = j.kind == exact::Judgement::Kind::value ? j.ulp : std::nan("");
    });
  });
  return errors;
}

bool Certificate::holds() const {
  for (const Accuracy& a : orders)
    if (!a.holds) return false;
  return true;
}

namespace {

std::string title(int order) { return order == 0 ? "value" : order == 1 ? "f'" : order == 2 ? "f''" : fmt::format("f^({})", order); }

void describe_sightings(std::string& out, std::string_view what, const Sightings& s) {
  if (s.count == 0) return;
  out += fmt::format("    {}: {}, first at x = {}: {} instead of {}\n", what, s.count, s.first->x, s.first->result, s.first->truth);
}

void describe(std::string& out, const Accuracy& a, int bits) {
  const std::string worst = a.worst_ulp < 1e6 ? fmt::format("{:.3f}", a.worst_ulp) : fmt::format("{:.3g}", a.worst_ulp);
  out += fmt::format("  {:<6} worst {} ulp at x = {} ({} instead of {})\n", title(a.order), worst, a.worst.x,
                     a.worst.result, a.worst.truth);
  const double all = static_cast<double>(a.within[0] + a.within[1] + a.within[2] + a.within[3]);
  if (all > 0)
    out += fmt::format("    within 1 ulp {:.4f} %, 2 ulp {:.4f} %, 4 ulp {:.4f} %, more: {}\n", 100 * static_cast<double>(a.within[0]) / all,
                       100 * static_cast<double>(a.within[0] + a.within[1]) / all,
                       100 * (all - static_cast<double>(a.within[3])) / all, a.within[3]);
  if (!a.zeros.empty()) {
    std::string zeros;
    for (double z : a.zeros) zeros += fmt::format("{}{:.6g}", zeros.empty() ? "" : ", ", z);
    out += fmt::format("    within 0.2 of its zeros ({}): {:.2f} units of 2^-{} at x = {}\n", zeros, a.worst_near_zeros,
                       bits, a.worst_near_zeros_at.x);
  }
  describe_sightings(out, "NaN where the truth is a number", a.wrong_nan);
  describe_sightings(out, "a number where there is no truth", a.missing_nan);
  describe_sightings(out, "0 where the truth is a normal number", a.wrong_zero);
  describe_sightings(out, "infinite inside the range", a.wrong_infinity);
  describe_sightings(out, "wrong sign", a.wrong_sign);
  describe_sightings(out, "steps against the truth's direction", a.backward_steps);
  if (a.first_overflow) out += fmt::format("    overflows from x = {}\n", a.first_overflow->x);
  if (a.unjudged != 0) out += fmt::format("    not judged (poles, limits that do not exist): {}\n", a.unjudged);
  if (a.skipped != 0) out += fmt::format("    passed over where the function oscillates between neighbours: {}\n", a.skipped);
  if (a.broken.count != 0) describe_sightings(out, a.bound ? fmt::format("beyond {} ulp", *a.bound) : "beyond what is promised", a.broken);
}

}  // namespace

std::string Certificate::text() const {
  std::string out = fmt::format("{} in {}: {} numbers, {:.1f} s\n", expression, name_of(dtype),
                                orders.empty() ? 0 : orders[0].judged + orders[0].unjudged + orders[0].skipped, seconds);
  for (const Accuracy& a : orders) describe(out, a, exact::format_of(dtype).bits);
  if (!naive.empty()) out += "the textbook formula:\n";
  for (const Accuracy& a : naive) describe(out, a, exact::format_of(dtype).bits);
  out += fmt::format("against {}\n", reference);
  return out;
}

}  // namespace actinium
