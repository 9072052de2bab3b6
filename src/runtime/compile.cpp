// compile(): which graph, which inputs, the passes, the engine. Start reading at runtime::compile.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "actinium/error.h"
#include "ops/loop.hpp"
#include "passes/pass.hpp"
#include "runtime/finite.hpp"
#include "runtime/float_environment.hpp"
#include "runtime/function_impl.hpp"

namespace actinium::runtime {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The graph that all expressions share; numbers without a graph join it.
GraphPtr graph_of(const std::vector<Expr>& inputs, std::span<const Expr> outputs) {
  GraphPtr graph;
  const auto look = [&](const Expr& e) {
    if (!e.is_bound()) return;
    if (graph != nullptr && graph != e.graph()) throw GraphError("compile: the expressions belong to two graphs");
    graph = e.graph();
  };
  for (const Expr& e : outputs) look(e);
  for (const Expr& e : inputs) look(e);
  return graph != nullptr ? graph : std::make_shared<GraphData>(DType::f64);
}

Module module_of(const std::vector<Expr>& inputs, std::span<const Expr> outputs) {
  Module module{graph_of(inputs, outputs), {}, {}};
  GraphData& graph = *module.graph;
  std::set<NodeId> seen;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].is_bound() || graph.op(inputs[i].id()) != ops::Op::input) {
      const std::string what = inputs[i].is_bound() ? describe(graph, inputs[i].id()) : "a number";
      throw GraphError(fmt::format("compile: input {} of the list is {}, no input of the graph", i, what));
    }
    if (!seen.insert(inputs[i].id()).second)
      throw GraphError(fmt::format("compile: input {} is listed twice", graph.input_name(inputs[i].id())));
    module.inputs.push_back(inputs[i].id());
  }
  for (const Expr& e : outputs) {
    module.outputs.push_back(e.is_bound() ? e.id()
                                          : graph.number(e.literal_is_integral() && !is_float(graph.default_dtype())
                                                             ? DType::i64
                                                             : graph.default_dtype(),
                                                         e.literal()));
  }
  return module;
}

/// Every input that an output needs is listed, and every size that occurs can be read from a listed input.
void check_inputs(const Module& module) {
  const GraphData& graph = *module.graph;
  const std::vector<char> needed = reachable(graph, module.outputs);
  const std::set<NodeId> listed(module.inputs.begin(), module.inputs.end());
  std::set<std::string> known;
  for (NodeId input : module.inputs) {
    for (const Dim& dim : graph.shape(input)) {
      for (std::string& s : dim.symbols()) known.insert(std::move(s));
    }
  }
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (!needed[i]) continue;
    const NodeId id{i};
    if (graph.op(id) == ops::Op::input && !listed.contains(id)) {
      const Location where = graph.location(id);
      throw GraphError(fmt::format("compile: an output needs the input {}{}, which is not listed", describe(graph, id),
                                   where.str().empty() ? "" : fmt::format(" ({})", where.str())));
    }
    if (graph.op(id) == ops::Op::variable)
      throw GraphError(fmt::format("compile: an output needs a variable {} of vmap, jacobian or another transform, which was kept outside the function "
                                   "that it is an argument of", graph.shape(id).str()));
    const auto check = [&](const Dim& dim) {
      for (const std::string& s : dim.symbols()) {
        if (!known.contains(s))
          throw GraphError(fmt::format("compile: an output needs the size {}, which no listed input has", s));
      }
    };
    for (const Dim& dim : graph.shape(id)) check(dim);
    for (const Dim& dim : graph.attributes(id).dims) check(dim);
    if (graph.op(id) != ops::Op::loop) continue;
    ops::for_each_body(*ops::loop_of(graph, id), [&](const Module& body) {
      for (std::uint32_t n = 0; n < body.graph->size(); ++n) {
        for (const Dim& dim : body.graph->shape(NodeId{n})) check(dim);
        for (const Dim& dim : body.graph->attributes(NodeId{n}).dims) check(dim);
      }
    });
    if (const ops::LoopPtr loop = ops::loop_of(graph, id); loop->length) check(*loop->length);
  }
}

std::vector<ArgumentInfo> describe_arguments(const Module& module, const std::vector<NodeId>& nodes) {
  std::vector<ArgumentInfo> result;
  for (NodeId id : nodes) {
    const GraphData& graph = *module.graph;
    const std::string_view name = graph.op(id) == ops::Op::input ? graph.input_name(id) : graph.name(id);
    result.push_back({std::string(name), graph.dtype(id), graph.shape(id)});
  }
  return result;
}

/// What recognise did to formulas of which something is still in the module, before it or in it.
std::vector<Repair> repairs_of(const Module& source, const std::vector<Repair>& earlier, const std::vector<Repair>& now) {
  std::set<std::pair<std::string, std::uint32_t>> places;
  const auto visit = [&](const Module& module) {
    for (std::uint32_t i = 0; i < module.graph->size(); ++i) {
      const Location at = module.graph->location(NodeId{i});
      if (at.file != nullptr) places.emplace(at.file, at.line != 0 ? at.line : at.column);
    }
  };
  if (!earlier.empty()) {
    visit(source);
    for (std::uint32_t i = 0; i < source.graph->size(); ++i)
      if (source.graph->op(NodeId{i}) == ops::Op::loop) ops::for_each_body(*ops::loop_of(*source.graph, NodeId{i}), visit);
  }
  std::vector<Repair> list;
  const auto add = [&](const Repair& r) {
    if (std::find(list.begin(), list.end(), r) == list.end()) list.push_back(r);
  };
  for (const Repair& r : earlier)
    if (r.place.file == nullptr || places.contains({r.place.file, r.place.line != 0 ? r.place.line : r.place.column})) add(r);
  for (const Repair& r : now) add(r);
  return list;
}

bool use_jit(const CompileOptions& options) {
  const bool available = jit_engine().compile != nullptr;
  if (options.engine == Engine::jit && !available)
    throw CompileError("compile: this library was built without the JIT");
  return options.engine != Engine::interpret && available;
}

std::vector<ArgumentInfo> describe_buffers(const program::Program& program, const std::vector<program::BufferId>& ids) {
  std::vector<ArgumentInfo> result;
  for (const program::BufferId id : ids) {
    const program::Buffer& b = program.buffers[program::index(id)];
    result.push_back({b.name, b.dtype, b.shape});
  }
  return result;
}

/// The Program made ready by an engine, with those of its loops.
void make_ready(Prepared& prepared, std::shared_ptr<const program::Program> program, const CompileOptions& options, const JitOptions& jit) {
  prepared.program = program;
  prepared.costs = costs_of(*program);
  prepared.threads = options.threads;
  prepared.interpreted = !use_jit(options);
  prepared.executable = prepared.interpreted ? interpret(program) : jit_engine().compile(program, jit);
  std::map<const program::Program*, std::shared_ptr<const Prepared>> made;
  const auto step = [&](const std::shared_ptr<const program::Program>& inner) {
    std::shared_ptr<const Prepared>& known = made[inner.get()];
    if (known != nullptr) return known;
    auto own = std::make_shared<Prepared>();
    own->inputs = describe_buffers(*inner, inner->inputs);
    own->outputs = describe_buffers(*inner, inner->outputs);
    make_ready(*own, inner, options, jit);
    return known = own;
  };
  for (std::size_t k = 0; k < program->kernels.size(); ++k) {
    const auto* loop = std::get_if<program::IterationKernel>(&program->kernels[k].body);
    if (loop == nullptr || prepared.executable->kernel(k).native != nullptr) continue;
    for (const auto& phase : loop->phases) prepared.loops[k].push_back(step(phase.step));
    if (loop->condition != nullptr) prepared.loops[k].push_back(step(loop->condition));
  }
}

}  // namespace

JitEngine& jit_engine() {
  static JitEngine engine;
  return engine;
}

Module run_passes(const Module& source, const CompileOptions& options, const std::function<void(std::string_view, const Module&)>& observer) {
  return passes::run(source, passes::pipeline(options.fast_math), observer);
}

std::shared_ptr<const FunctionImpl> compile(const std::vector<Expr>& inputs, std::span<const Expr> outputs,
                                            const CompileOptions& options) {
  if (options.threads < 0) throw ValueError(fmt::format("compile: {} threads", options.threads));
  const FloatEnvironment environment;  // passes fold constants
  const Clock::time_point start = Clock::now();
  const Module whole = module_of(inputs, outputs);
  check_inputs(whole);
  auto function = std::make_shared<FunctionImpl>();
  function->options = options;
  function->jit = {options.isa, options.fast_math, options.cache};
  function->source = compact(whole);
  function->decomposed = run_passes(function->source, options, [&](std::string_view pass, const Module& module) {
    if (pass == "recognise") function->repairs = repairs_of(function->source, whole.graph->repairs, module.graph->repairs);
  });
  function->passes_seconds = seconds_since(start);

  program::LowerOptions lowering;
  lowering.written = &function->source;
  if (jit_engine().fused != nullptr) lowering.fused = jit_engine().fused(function->jit);
  auto program = std::make_shared<const program::Program>(program::lower(function->decomposed, lowering));
  Prepared& prepared = function->prepared;
  prepared.inputs = describe_arguments(function->source, function->source.inputs);
  prepared.outputs = describe_arguments(function->source, function->source.outputs);
  prepared.size_rules = size_rules(function->source);
  const Clock::time_point engine_start = Clock::now();
  make_ready(prepared, std::move(program), options, function->jit);
  function->engine_seconds = seconds_since(engine_start);
  if (options.check_finite) prepared.finite = std::make_shared<const FiniteCheck>(function->source, function->repairs, options);
  function->seconds = seconds_since(start);
  return function;
}

}  // namespace actinium::runtime
