// Values node by node, steps of loops one after the other. Start reading at Walk::module.
#include "runtime/finite_hunt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "actinium/error.h"
#include "ops/error.hpp"
#include "ops/loop.hpp"
#include "passes/pass.hpp"
#include "runtime/function_impl.hpp"

namespace actinium::runtime {

using ops::Op;

// --- A node alone ---

namespace {

/// Instead of an operand's number: the input is 0, added to an index so that nobody checks it at the call.
constexpr std::size_t zero = static_cast<std::size_t>(-1);

/// The node over inputs of the types and shapes of its operands; numbers stay numbers. `operands`: which operand each input is.
struct Alone {
  Expr node;
  std::vector<Expr> inputs;
  std::vector<std::size_t> operands;
};

Alone alone(const GraphPtr& graph, const GraphData& g, NodeId id) {
  Alone a;
  const auto operands = g.operands(id);
  std::vector<NodeId> images;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const NodeId o = operands[i];
    if (const auto bits = g.constant_bits(o)) {
      images.push_back(graph->constant(g.dtype(o), *bits));
      continue;
    }
    const auto before = std::find(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(i), o);
    if (const auto first = static_cast<std::size_t>(before - operands.begin()); first < i) {
      images.push_back(images[first]);
      continue;
    }
    const std::string name = fmt::format("{}: {} {}", i, name_of(g.dtype(o)), g.shape(o).str());
    const NodeId input = graph->add_input(name, g.shape(o), g.dtype(o), no_location);
    a.inputs.emplace_back(graph, input);
    a.operands.push_back(i);
    images.push_back(input);
    if (!is_integer(g.dtype(o)) || g.op(o) == Op::input) continue;
    const NodeId nought = graph->add_input(fmt::format("0: {}", name_of(g.dtype(o))), Shape{}, g.dtype(o), no_location);
    if (std::find_if(a.inputs.begin(), a.inputs.end(), [&](const Expr& e) { return e.id() == nought; }) == a.inputs.end()) {
      a.inputs.emplace_back(graph, nought);
      a.operands.push_back(zero);
    }
    images.back() = graph->intern(Op::add, g.dtype(o), g.shape(o), std::array{input, nought}, {}, no_location);
  }
  a.node = Expr(graph, graph->intern(g.op(id), g.dtype(id), g.shape(id), images, g.attributes(id), no_location));
  return a;
}

std::vector<std::string> symbols_of(const GraphData& g, NodeId id) {
  std::set<std::string> names;
  const auto add = [&](const Dim& dim) {
    for (const std::string& s : dim.symbols()) names.insert(s);
  };
  for (const Dim& dim : g.shape(id)) add(dim);
  for (const Dim& dim : g.attributes(id).dims) add(dim);
  for (NodeId o : g.operands(id))
    for (const Dim& dim : g.shape(o)) add(dim);
  return {names.begin(), names.end()};
}

}  // namespace

Hunter::NodeFunction Hunter::function_of(const GraphData& g, NodeId id) const {
  const std::scoped_lock lock(mutex_);
  NodeFunction& known = known_[{&g, id}];
  if (known.function != nullptr) return known;
  const NodeId key = alone(keys_, g, id).node.id();
  if (const auto equal = functions_.find(key); equal != functions_.end()) return known = equal->second;
  const auto graph = std::make_shared<GraphData>(g.default_dtype());
  graph->recognises = false;
  Alone a = alone(graph, g, id);
  NodeFunction made{nullptr, a.operands, symbols_of(g, id)};
  for (const std::string& s : made.symbols)
    a.inputs.emplace_back(graph, graph->add_input("as many as " + s, Shape{Dim(s)}, DType::b8, no_location));
  CompileOptions options;
  options.engine = Engine::interpret;
  options.threads = threads_;
  made.function = compile(a.inputs, std::span(&a.node, 1), options);
  return known = functions_[key] = made;
}

// --- All nodes ---

class Walk {
 public:
  Walk(const Hunter& hunter, const Bindings& sizes, bool inputs_finite) : hunter_(hunter), sizes_(sizes), inputs_finite_(inputs_finite) {}

  /// The outputs for these arguments.
  std::vector<Tensor> module(const Module& m, std::vector<Tensor> arguments);

 private:
  /// What is known of a module before any value is.
  struct Layout {
    std::vector<char> needed, constant;
    std::vector<std::uint32_t> last_use;
    std::vector<char> condition;  ///< of a select
  };
  /// A non-finite number of a derivative, which a mask may keep from all results.
  struct Candidate {
    Finding finding;
    std::vector<char> wrong;
  };

  /// A loop as it runs.
  struct LoopRun {
    const ops::Loop& loop;
    std::span<const Tensor> operands;
    std::vector<Tensor> results;
    std::vector<std::vector<Tensor>> streams;  ///< of all phases, an element a step
    std::int64_t count;                        ///< of steps; -1: not known yet
  };
  /// Which elements of nodes are read, by node.
  using Read = std::map<NodeId, std::vector<char>>;

  const Hunter& hunter_;
  const Bindings& sizes_;
  bool inputs_finite_;
  std::map<const GraphData*, Layout> layouts_;
  std::vector<std::int64_t> steps_;
  std::vector<std::string> loops_;
  std::vector<Names> names_{Names{}};

  const Layout& layout(const Module& m);
  Tensor value(const GraphData& g, NodeId id, std::span<const Tensor> operands);
  std::vector<Tensor> loop(const GraphData& g, NodeId id, std::span<const Tensor> operands);
  void phase(LoopRun& run, std::size_t p);
  static void emit(LoopRun& run, const ops::Phase& phase, std::size_t first_stream, std::size_t i, std::int64_t at, const Tensor& value);
  void judge(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::vector<Candidate>& candidates);
  void judge_select(const GraphData& g, NodeId id, NodeId other, std::span<const Tensor> operands, const std::vector<Tensor>& values);
  bool is_news(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::int64_t at, bool& of_infinities) const;
  void settle(const Module& m, const std::vector<Candidate>& candidates, const std::vector<Tensor>& values);
  Read demand(const Module& m, const std::vector<Candidate>& candidates, const std::vector<Tensor>& values);
  void spread(const GraphData& g, NodeId user, const std::vector<Tensor>& values, Read& read) const;
};

const Walk::Layout& Walk::layout(const Module& m) {
  const auto [at, fresh] = layouts_.try_emplace(m.graph.get());
  Layout& l = at->second;
  if (!fresh) return l;
  const GraphData& g = *m.graph;
  l.needed = reachable(g, m.outputs);
  l.constant = constant_nodes(m);
  l.last_use.assign(g.size(), 0);
  l.condition.assign(g.size(), 0);
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    if (!l.needed[i]) continue;
    for (NodeId o : g.operands(NodeId{i})) l.last_use[index(o)] = i;
    if (g.op(NodeId{i}) != Op::select) continue;
    const NodeId condition = g.operand(NodeId{i}, 0);
    l.condition[index(condition)] = 1;
    if (hunter_.nans_.other_branch(g, NodeId{i}) != no_node)
      for (NodeId o : g.operands(condition)) l.last_use[index(o)] = std::max(l.last_use[index(o)], i);
  }
  for (NodeId o : m.outputs) l.last_use[index(o)] = static_cast<std::uint32_t>(g.size());
  return l;
}

std::vector<Tensor> Walk::module(const Module& m, std::vector<Tensor> arguments) {
  const GraphData& g = *m.graph;
  const Layout& l = layout(m);
  std::vector<Tensor> values(g.size());
  std::map<NodeId, std::vector<Tensor>> results;  // of loops
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < m.inputs.size(); ++i) values[index(m.inputs[i])] = std::move(arguments[i]);
  std::vector<Tensor> operands;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId id{i};
    if (!l.needed[i] || g.op(id) == Op::input) continue;
    if (g.op(id) == Op::result) {
      values[i] = results.at(g.operand(id, 0))[static_cast<std::size_t>(g.attributes(id).ints[0])];
      continue;
    }
    operands.clear();
    for (NodeId o : g.operands(id)) operands.push_back(values[index(o)]);
    if (g.op(id) == Op::loop) {
      results[id] = loop(g, id, operands);
    } else {
      values[i] = value(g, id, operands);
      const NodeId other = hunter_.nans_.other_branch(g, id);
      if (other != no_node) judge_select(g, id, other, operands, values);
      if (other == no_node && !l.constant[i]) judge(g, id, operands, values[i], candidates);
    }
    const auto release = [&](NodeId o) {
      if (l.last_use[index(o)] == i && !l.condition[index(o)]) values[index(o)] = Tensor();
    };
    for (NodeId o : g.operands(id)) {
      release(o);
      if (g.op(id) == Op::select)
        for (NodeId tested : g.operands(o)) release(tested);
    }
  }
  settle(m, candidates, values);
  std::vector<Tensor> outputs;
  for (NodeId o : m.outputs) outputs.push_back(values[index(o)]);
  return outputs;
}

Tensor Walk::value(const GraphData& g, NodeId id, std::span<const Tensor> operands) {
  if (const auto number = g.constant_value(id); number && g.dtype(id) != DType::i64) return Tensor::full(Shape{}, *number, g.dtype(id));
  const Hunter::NodeFunction f = hunter_.function_of(g, id);
  static const bool byte = false;
  static const std::int64_t nought = 0;
  std::vector<ArrayRef> arrays;
  for (const std::size_t i : f.operands) arrays.push_back(i == zero ? ArrayRef(nought) : operands[i].array());
  for (const std::string& s : f.symbols) {
    const std::int64_t n = sizes_.find(s)->second, stride = 0;
    arrays.emplace_back(&byte, DType::b8, std::span(&n, 1), std::span(&stride, 1));
  }
  Tensor result;
  ContextPool::Lease(f.function->pool)->call(arrays, std::span(&result, 1));
  return result;
}

// --- Loops: as src/runtime/iteration.cpp runs them ---

std::vector<Tensor> Walk::loop(const GraphData& g, NodeId id, std::span<const Tensor> operands) {
  LoopRun run{*ops::loop_of(g, id), operands, {}, {}, -1};
  const std::string place = g.location(id).str();
  loops_.push_back(fmt::format("{}{}", run.loop.is_scan() ? "scan" : "while", place.empty() ? "" : fmt::format(" ({})", place)));
  steps_.push_back(0);
  names_.push_back(names_in_step(g, id));
  run.results.resize(run.loop.results());
  if (run.loop.is_scan()) {
    run.count = run.loop.length->evaluate(sizes_);
    for (std::size_t i = run.loop.first_emit(); i < run.results.size(); ++i) {
      const ops::TypedShape type = run.loop.result_type(i);
      run.results[i] = Tensor::empty(type.dtype, type.shape.evaluate(sizes_));
    }
  }
  for (std::size_t p = 0; p < run.loop.phases.size(); ++p) phase(run, p);
  steps_.pop_back();
  names_.pop_back();
  loops_.pop_back();
  return std::move(run.results);
}

void Walk::phase(LoopRun& run, std::size_t p) {
  const ops::Loop& loop = run.loop;
  const ops::Phase& phase = loop.phases[p];
  const std::size_t first_stream = run.streams.size();
  if (!loop.is_scan()) run.streams.resize(first_stream + phase.emits());
  const auto constants = run.operands.first(loop.constants), start = run.operands.subspan(loop.first_carry(p), phase.carries);
  std::vector<Tensor> carries(start.begin(), start.end());
  for (std::int64_t n = 0;; ++n) {
    const std::int64_t at = phase.reverse ? run.count - 1 - n : n;
    steps_.back() = at;
    std::vector<Tensor> arguments(constants.begin(), constants.end());
    arguments.insert(arguments.end(), carries.begin(), carries.end());
    if (p == 0 && !loop.is_scan() && module(loop.condition, arguments)[0].item<double>() == 0) run.count = n;
    if (n == run.count) break;
    for (std::size_t i = 0; i < phase.slices(loop.constants); ++i)
      arguments.push_back(loop.is_scan() ? run.operands[loop.first_slice() + i][at] : run.streams[phase.reads[i]][static_cast<std::size_t>(at)]);
    std::vector<Tensor> outputs = module(phase.step, std::move(arguments));
    for (std::size_t i = phase.carries; i < outputs.size(); ++i) emit(run, phase, first_stream, i - phase.carries, at, outputs[i]);
    outputs.resize(phase.carries);
    carries = std::move(outputs);
  }
  for (std::size_t i = 0; i < phase.carries; ++i) run.results[loop.first_final(p) + i] = carries[i];
}

/// Emission i of a step goes to its place.
void Walk::emit(LoopRun& run, const ops::Phase& phase, std::size_t first_stream, std::size_t i, std::int64_t at, const Tensor& value) {
  if (run.loop.is_scan()) {
    char* all = static_cast<char*>(run.results[run.loop.first_emit() + i].raw());
    if (value.bytes() > 0) std::memcpy(all + static_cast<std::size_t>(at) * value.bytes(), value.raw(), value.bytes());
    return;
  }
  std::vector<Tensor>& stream = run.streams[first_stream + i];
  stream.resize(std::max(stream.size(), static_cast<std::size_t>(phase.reverse ? run.count : at + 1)));
  stream[static_cast<std::size_t>(at)] = value;
}

// --- What is wrong ---

namespace {

/// The place of a box of one element.
std::int64_t first_of(const Box& box, const Extents& shape) {
  Extents index;
  for (const auto& r : box.ranges) index.push_back(r.first);
  return flat(index, shape);
}

/// Whether a condition holds at an index of what it chooses for.
bool takes_first(const Tensor& condition, const Extents& index) {
  const Extents shape = extents_of(condition);
  return condition.data<bool>()[first_of(broadcast_element(0, shape, index), shape)];
}

}  // namespace

/// An operand that is not finite excuses a result that is not. But if all that came in was finite, infinities are constants of the
/// user's, and NaN made of them is no more meant than any other.
bool Walk::is_news(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::int64_t at, bool& of_infinities) const {
  std::vector<Extents> shapes;
  for (const Tensor& t : operands) shapes.push_back(extents_of(t));
  shapes.push_back(extents_of(result));
  bool finite = true, nan = false;
  for (const Box& box : sources(g, id, shapes, at)) {
    if (is_empty(box)) return false;  // of no elements: -inf is what their logsumexp is
    const Tensor& t = operands[static_cast<std::size_t>(box.operand)];
    for_each(box, t.shape(), [&](std::int64_t i) {
      const double v = element(t, i);
      finite = finite && std::isfinite(v);
      nan = nan || std::isnan(v);
      return !nan;
    });
  }
  of_infinities = !finite;
  return finite || (inputs_finite_ && !nan && std::isnan(element(result, at)));
}

void Walk::judge(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::vector<Candidate>& candidates) {
  if (birth(g, id) == Birth::never || all_finite(result)) return;
  std::vector<char> wrong;
  Finding finding{&g, id, {}, result, -1, steps_, loops_, names_.back()};
  finding.single = hunter_.single_;
  for (std::int64_t at = 0; at < result.size(); ++at) {
    if (std::isfinite(element(result, at))) continue;
    bool of_infinities = false;
    if (!is_news(g, id, operands, result, at, of_infinities)) continue;
    if (finding.at < 0) {
      finding.at = at;
      finding.operands.assign(operands.begin(), operands.end());
      finding.of_infinities = of_infinities;
    }
    if (!g.is_derived(id)) report(finding);
    wrong.resize(static_cast<std::size_t>(result.size()), 0);
    wrong[static_cast<std::size_t>(at)] = 1;
  }
  if (finding.at >= 0) candidates.push_back({std::move(finding), std::move(wrong)});
}

void Walk::judge_select(const GraphData& g, NodeId id, NodeId other, std::span<const Tensor> operands, const std::vector<Tensor>& values) {
  const Tensor &result = values[index(id)], &branch = operands[g.operand(id, 1) == other ? 1 : 2];
  if (all_finite(result)) return;
  Finding finding{&g, id, {operands.begin(), operands.end()}, result, -1, steps_, loops_, names_.back()};
  finding.single = hunter_.single_;
  hunter_.nans_.other_branch(g, id, &finding.formula);
  const NodeId condition = g.operand(id, 0);
  finding.tested = g.operands(condition).empty() ? id : g.operand(condition, 0);
  finding.tested_value = values[index(finding.tested)];
  const Extents shape = extents_of(branch);
  for (std::int64_t at = 0; at < result.size(); ++at) {
    if (!std::isnan(element(result, at))) continue;
    const Box box = broadcast_element(0, shape, coordinates(at, result.shape()));
    if (!for_each(box, shape, [&](std::int64_t k) { return !std::isnan(element(branch, k)); })) continue;
    finding.at = at;
    report(finding);
  }
}

/// A derivative's infinity that a mask keeps from all results is none: masks stand outermost for that (src/ops/cotangent.hpp).
void Walk::settle(const Module& m, const std::vector<Candidate>& candidates, const std::vector<Tensor>& values) {
  if (candidates.empty()) return;
  const Read demanded = demand(m, candidates, values);
  for (const Candidate& c : candidates) {
    const std::vector<char>& read = demanded.at(c.finding.node);
    for (std::size_t at = 0; at < c.wrong.size(); ++at) {
      if (!c.wrong[at] || !read[at]) continue;
      Finding finding = c.finding;
      finding.at = static_cast<std::int64_t>(at);
      report(finding);
    }
  }
}

/// Which elements of the candidates some output may depend on: those that no `where` leaves out, seen through operations by element.
Walk::Read Walk::demand(const Module& m, const std::vector<Candidate>& candidates, const std::vector<Tensor>& values) {
  const GraphData& g = *m.graph;
  const Layout& l = layout(m);
  std::vector<char> depends(g.size(), 0);
  Read asked;
  for (const Candidate& c : candidates) depends[index(c.finding.node)] = 1, asked[c.finding.node];
  const std::uint32_t first = index(asked.begin()->first);
  for (std::uint32_t i = first; i < g.size(); ++i)
    for (NodeId o : g.operands(NodeId{i})) depends[i] = depends[i] || (l.needed[i] && depends[index(o)]);
  Read read;
  for (std::uint32_t i = first; i < g.size(); ++i)
    if (depends[i]) read[NodeId{i}].assign(static_cast<std::size_t>(g.shape(NodeId{i}).size().evaluate(sizes_)), 0);
  for (NodeId o : m.outputs)
    if (depends[index(o)]) std::fill(read[o].begin(), read[o].end(), 1);
  for (auto i = static_cast<std::uint32_t>(g.size()); i-- > first;) {
    if (!depends[i]) continue;
    if (const auto at = asked.find(NodeId{i}); at != asked.end()) at->second = read[NodeId{i}];
    spread(g, NodeId{i}, values, read);
  }
  return asked;
}

/// From a user to its operands.
void Walk::spread(const GraphData& g, NodeId user, const std::vector<Tensor>& values, Read& read) const {
  const std::vector<char> own = std::move(read[user]);
  const Op op = g.op(user);
  const bool by_element = ops::kind_of(op) == ops::Kind::elementwise || op == Op::broadcast || op == Op::reshape;
  const Extents shape = g.shape(user).evaluate(sizes_);
  const auto operands = g.operands(user);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const auto found = read.find(operands[k]);
    if (found == read.end()) continue;
    std::vector<char>& mask = found->second;
    if (!by_element) std::fill(mask.begin(), mask.end(), 1);
    const Extents theirs = g.shape(operands[k]).evaluate(sizes_);
    for (std::size_t e = 0; by_element && e < own.size(); ++e) {
      if (!own[e]) continue;
      const Extents at = coordinates(static_cast<std::int64_t>(e), shape);
      if (op == Op::select && k > 0 && takes_first(values[index(operands[0])], at) != (k == 1)) continue;
      const std::int64_t place = op == Op::reshape ? static_cast<std::int64_t>(e) : first_of(broadcast_element(0, theirs, at), theirs);
      mask[static_cast<std::size_t>(place)] = 1;
    }
  }
}

void Hunter::run(std::span<const ArrayRef> inputs, const Bindings& sizes) const {
  std::vector<Tensor> arguments;
  bool finite = true;
  for (const ArrayRef& a : inputs) {
    arguments.push_back(Tensor::copy(a));
    if (is_float(a.dtype())) finite = finite && all_finite(arguments.back());
  }
  Walk(*this, sizes, finite).module(module_, std::move(arguments));
}

// --- The check ---

FiniteCheck::FiniteCheck(const Module& source, const std::vector<Repair>& repairs, const CompileOptions& options)
    : module_(compact(passes::run(source, passes::pipeline(options.fast_math).first(1)))), nans_(repairs) {
  const Module m = sieve(module_, nans_);
  std::vector<Expr> inputs;
  for (NodeId id : m.inputs) inputs.emplace_back(m.graph, id);
  CompileOptions own = options;
  own.check_finite = false;
  own.fast_math = false;  // which holds that a number times 0 is 0
  const Expr count(m.graph, m.outputs[0]);
  sieve_ = compile(inputs, std::span(&count, 1), own);
  hunter_ = std::make_unique<const Hunter>(module_, nans_, options.threads);
}

FiniteCheck::~FiniteCheck() = default;

void FiniteCheck::operator()(std::span<const ArrayRef> inputs, const Bindings& sizes) const {
  Tensor count;
  ContextPool::Lease(sieve_->pool)->call(inputs, std::span(&count, 1));
  if (!(count.item<double>() == 0)) hunter_->run(inputs, sizes);
}

}  // namespace actinium::runtime
