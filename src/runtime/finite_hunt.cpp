// Values node by node, steps of loops one after the other. Start reading at Walk::module.
#include "runtime/finite_hunt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "actinium/error.h"
#include "activations/catalogue.hpp"
#include "ops/error.hpp"
#include "ops/loop.hpp"
#include "passes/pass.hpp"
#include "runtime/function_impl.hpp"

namespace actinium::runtime {

using ops::Op;

// --- Where an element comes from ---

std::vector<std::int64_t> coordinates(std::int64_t at, std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0; at /= shape[d]) index[d] = at % shape[d];
  return index;
}

namespace {

using Extents = std::vector<std::int64_t>;

Box whole(int operand, const Extents& shape) {
  Box box{operand, {}};
  for (const std::int64_t n : shape) box.ranges.emplace_back(0, n);
  return box;
}

/// The element that broadcasting puts at `index`.
Box broadcast_element(int operand, const Extents& shape, const Extents& index) {
  Box box{operand, {}};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::int64_t i = shape[d] == 1 ? 0 : index[index.size() - shape.size() + d];
    box.ranges.emplace_back(i, i + 1);
  }
  return box;
}

/// The axes that an activation works along.
std::set<int> axes_of(const GraphData& g, NodeId id) {
  const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, id));
  const auto& ints = g.attributes(id).ints;
  std::set<int> axes;
  std::size_t option = 1;
  for (const activations::Parameter& p : entry.facts().parameters) {
    if (activations::is_operand(p.takes) || p.takes == activations::Takes::kink || p.takes == activations::Takes::axes) continue;
    if (p.takes == activations::Takes::axis && option < ints.size()) axes.insert(static_cast<int>(ints[option]));
    ++option;
  }
  for (; option < ints.size(); ++option) axes.insert(static_cast<int>(ints[option]));
  return axes;
}

/// All along `axes`; the others as the result has them, which may have dropped those axes.
Box along(int operand, const Extents& shape, const Extents& index, const std::set<int>& axes) {
  Box box = whole(operand, shape);
  const bool kept = index.size() == shape.size();
  std::size_t next = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (axes.contains(static_cast<int>(d))) {
      next += kept;
      continue;
    }
    if (next < index.size()) box.ranges[d] = {index[next], index[next] + 1};
    ++next;
  }
  return box;
}

}  // namespace

std::vector<Box> sources(const GraphData& g, NodeId id, const std::vector<Extents>& shapes, std::int64_t at) {
  const Extents index = coordinates(at, shapes.back());
  const auto operands = g.operands(id);
  const auto& ints = g.attributes(id).ints;
  const Op op = g.op(id);
  const bool by_element = birth(g, id) != Birth::group;
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!is_float(g.dtype(operands[i]))) continue;
    const Extents& shape = shapes[i];
    const int number = static_cast<int>(i);
    Box box = whole(number, shape);
    if (by_element) {
      box = broadcast_element(number, shape, index);
    } else if (ops::kind_of(op) == ops::Kind::reduction) {
      box = along(number, shape, index, {ints.begin(), ints.end()});
    } else if (op == Op::cumsum) {
      for (std::size_t d = 0; d < shape.size(); ++d) box.ranges[d] = {index[d], index[d] + 1};
      auto& range = box.ranges[static_cast<std::size_t>(ints[0])];
      range = ints[1] != 0 ? std::pair{range.first, shape[static_cast<std::size_t>(ints[0])]} : std::pair{std::int64_t{0}, range.second};
    } else if (op == Op::matmul) {
      const std::size_t rank = shape.size();
      for (std::size_t d = 0; d + 2 < rank; ++d) box.ranges[d] = {index[d], index[d] + 1};
      const std::size_t free = i == 0 ? rank - 2 : rank - 1;
      box.ranges[free] = {index[free], index[free] + 1};
    } else if (op == Op::activation && (i == 0 || shape == shapes[0])) {
      box = along(number, shape, index, axes_of(g, id));
    }
    boxes.push_back(std::move(box));
  }
  return boxes;
}

namespace {

/// f(flat place) for the elements of a box, until it says false.
template <class F>
bool for_each(const Box& box, std::span<const std::int64_t> shape, F&& f) {
  std::vector<std::int64_t> index;
  for (const auto& [low, high] : box.ranges) {
    if (low >= high) return true;
    index.push_back(low);
  }
  for (;;) {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < index.size(); ++d) at = at * shape[d] + index[d];
    if (!f(at)) return false;
    std::size_t d = index.size();
    while (d > 0 && ++index[d - 1] == box.ranges[d - 1].second) --d, index[d] = box.ranges[d].first;
    if (d == 0) return true;
  }
}

double element(const Tensor& t, std::int64_t at) {
  return t.dtype() == DType::f32 ? static_cast<double>(t.data<float>()[at]) : t.data<double>()[at];
}

template <class T>
bool all_finite(std::span<const T> values) {
  // Branchless, as vectors do it: a number times 0 is 0.
  T sum = 0;
  for (const T v : values) sum += v * T{0};
  return sum == 0;
}
bool all_finite(const Tensor& t) { return t.dtype() == DType::f32 ? all_finite(t.span<float>()) : all_finite(t.span<double>()); }

}  // namespace

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
  void judge(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::vector<Candidate>& candidates);
  void judge_select(const GraphData& g, NodeId id, NodeId other, std::span<const Tensor> operands, const std::vector<Tensor>& values);
  bool is_news(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::int64_t at, bool& of_infinities) const;
  void settle(const Module& m, const std::vector<Candidate>& candidates, const std::vector<Tensor>& values);
  std::vector<char> demand(const Module& m, NodeId node, const std::vector<Tensor>& values);
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
  const ops::LoopPtr loop = ops::loop_of(g, id);
  const std::string place = g.location(id).str();
  loops_.push_back(fmt::format("{}{}", loop->is_scan() ? "scan" : "while", place.empty() ? "" : fmt::format(" ({})", place)));
  steps_.push_back(0);
  names_.push_back(names_in_step(g, id));
  std::int64_t count = loop->length ? loop->length->evaluate(sizes_) : 0;
  const std::vector<Tensor> constants(operands.begin(), operands.begin() + static_cast<std::ptrdiff_t>(loop->constants));
  std::vector<Tensor> results(loop->results());
  std::vector<std::vector<Tensor>> streams;  // of all phases, one element a step
  if (loop->is_scan())
    for (std::size_t i = loop->first_emit(); i < results.size(); ++i)
      results[i] = Tensor::empty(loop->result_type(i).dtype, loop->result_type(i).shape.evaluate(sizes_));
  for (std::size_t p = 0; p < loop->phases.size(); ++p) {
    const ops::Phase& phase = loop->phases[p];
    const std::size_t first_stream = streams.size();
    if (!loop->is_scan()) streams.resize(first_stream + phase.emits());
    std::vector<Tensor> carries(operands.begin() + static_cast<std::ptrdiff_t>(loop->first_carry(p)),
                                operands.begin() + static_cast<std::ptrdiff_t>(loop->first_carry(p) + phase.carries));
    for (std::int64_t n = 0;; ++n) {
      const std::int64_t at = phase.reverse ? count - 1 - n : n;
      steps_.back() = at;
      std::vector<Tensor> arguments = constants;
      arguments.insert(arguments.end(), carries.begin(), carries.end());
      if (p == 0 && !loop->is_scan()) {
        const Tensor goes_on = module(loop->condition, arguments)[0];
        if (goes_on.item<double>() == 0) {
          count = n;
          break;
        }
      } else if (n == count) {
        break;
      }
      for (std::size_t i = 0; i < phase.slices(loop->constants); ++i)
        arguments.push_back(loop->is_scan() ? operands[loop->first_slice() + i][at] : streams[phase.reads[i]][static_cast<std::size_t>(at)]);
      std::vector<Tensor> outputs = module(phase.step, std::move(arguments));
      for (std::size_t i = phase.carries; i < outputs.size(); ++i) {
        if (!loop->is_scan()) {
          auto& stream = streams[first_stream + i - phase.carries];
          if (phase.reverse && stream.empty()) stream.resize(static_cast<std::size_t>(count));
          phase.reverse ? void(stream[static_cast<std::size_t>(at)] = outputs[i]) : stream.push_back(outputs[i]);
        } else if (outputs[i].bytes() > 0) {
          std::memcpy(static_cast<char*>(results[loop->first_emit() + i - phase.carries].raw()) + static_cast<std::size_t>(at) * outputs[i].bytes(),
                      outputs[i].raw(), outputs[i].bytes());
        }
      }
      outputs.resize(phase.carries);
      carries = std::move(outputs);
    }
    for (std::size_t i = 0; i < phase.carries; ++i) results[loop->first_final(p) + i] = carries[i];
  }
  steps_.pop_back();
  names_.pop_back();
  loops_.pop_back();
  return results;
}

// --- What is wrong ---

/// An operand that is not finite excuses a result that is not. But if all that came in was finite, infinities are constants of the
/// user's, and NaN made of them is no more meant than any other.
bool Walk::is_news(const GraphData& g, NodeId id, std::span<const Tensor> operands, const Tensor& result, std::int64_t at, bool& of_infinities) const {
  std::vector<Extents> shapes;
  for (const Tensor& t : operands) shapes.emplace_back(t.shape().begin(), t.shape().end());
  shapes.emplace_back(result.shape().begin(), result.shape().end());
  bool finite = true, nan = false;
  for (const Box& box : sources(g, id, shapes, at)) {
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
  const Extents shape(branch.shape().begin(), branch.shape().end());
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
  for (const Candidate& c : candidates) {
    const std::vector<char> read = demand(m, c.finding.node, values);
    for (std::size_t at = 0; at < c.wrong.size(); ++at) {
      if (!c.wrong[at] || !read[at]) continue;
      Finding finding = c.finding;
      finding.at = static_cast<std::int64_t>(at);
      report(finding);
    }
  }
}

/// Which elements of a node some output may depend on: those that no `where` leaves out, seen through operations by element.
std::vector<char> Walk::demand(const Module& m, NodeId node, const std::vector<Tensor>& values) {
  const GraphData& g = *m.graph;
  const Layout& l = layout(m);
  std::vector<char> users(g.size(), 0);
  users[index(node)] = 1;
  for (std::uint32_t i = index(node) + 1; i < g.size(); ++i)
    for (NodeId o : g.operands(NodeId{i})) users[i] = users[i] || (l.needed[i] && users[index(o)]);
  std::map<NodeId, std::vector<char>> read;
  const auto extents = [&](NodeId id) { return g.shape(id).evaluate(sizes_); };
  const auto mask_of = [&](NodeId id) -> std::vector<char>& {
    std::vector<char>& mask = read[id];
    if (mask.empty()) mask.assign(static_cast<std::size_t>(g.shape(id).size().evaluate(sizes_)), 0);
    return mask;
  };
  for (NodeId o : m.outputs)
    if (users[index(o)]) std::fill(mask_of(o).begin(), mask_of(o).end(), 1);
  for (auto i = static_cast<std::uint32_t>(g.size()); i-- > index(node) + 1;) {
    const NodeId user{i};
    if (!users[i]) continue;
    const std::vector<char> own = read.contains(user) ? std::move(read[user]) : std::vector<char>{};
    read.erase(user);
    const Op op = g.op(user);
    const bool by_element = ops::kind_of(op) == ops::Kind::elementwise || op == Op::broadcast;
    if (by_element && std::find(own.begin(), own.end(), 1) == own.end()) continue;
    const auto operands = g.operands(user);
    const Extents shape = by_element ? extents(user) : Extents{};
    for (std::size_t k = 0; k < operands.size(); ++k) {
      if (!users[index(operands[k])]) continue;
      std::vector<char>& mask = mask_of(operands[k]);
      if (!by_element && !(op == Op::reshape && own.size() == mask.size())) {
        std::fill(mask.begin(), mask.end(), 1);
        continue;
      }
      if (op == Op::reshape) {
        for (std::size_t e = 0; e < own.size(); ++e) mask[e] = mask[e] || own[e];
        continue;
      }
      const Extents theirs = extents(operands[k]);
      for (std::size_t e = 0; e < own.size(); ++e) {
        if (!own[e]) continue;
        const Extents at = coordinates(static_cast<std::int64_t>(e), shape);
        if (op == Op::select && k > 0) {
          const Tensor& condition = values[index(operands[0])];
          const Extents of(condition.shape().begin(), condition.shape().end());
          bool holds = false;
          for_each(broadcast_element(0, of, at), of, [&](std::int64_t c) { return holds = condition.data<bool>()[c], false; });
          if (holds != (k == 1)) continue;
        }
        for_each(broadcast_element(0, theirs, at), theirs, [&](std::int64_t c) { return mask[static_cast<std::size_t>(c)] = 1, true; });
      }
    }
  }
  return std::move(mask_of(node));
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
