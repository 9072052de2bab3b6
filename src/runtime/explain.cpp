// What happened to a function on its way to kernels, in words and stage by stage. Start reading at explain().
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "actinium/error.h"
#include "ops/unit.hpp"
#include "passes/recognise.hpp"
#include "runtime/function_impl.hpp"

namespace actinium::runtime {
namespace {

using program::Kernel;

std::string kind_of(const Kernel& kernel) {
  if (const auto* loop = std::get_if<program::LoopKernel>(&kernel.body)) {
    if (loop->elementwise()) return "an elementwise loop";
    const auto passes =
        std::count_if(loop->stages.begin(), loop->stages.end(), [](const program::Stage& s) { return !s.once; });
    return fmt::format("rows over {}, {} {} over each", loop->inner.str(), passes, passes == 1 ? "pass" : "passes");
  }
  if (const auto* column = std::get_if<program::ColumnKernel>(&kernel.body))
    return fmt::format("a reduction of {} rows to one", column->reduced.str());
  if (const auto* matmul = std::get_if<program::MatmulKernel>(&kernel.body)) {
    const auto work = std::count_if(matmul->epilogue.steps.begin(), matmul->epilogue.steps.end(),
                                    [](const program::Step& s) { return s.kind == program::Step::Kind::op; });
    const std::string size =
        fmt::format("a product [{}, {}] @ [{}, {}]{}", matmul->m.str(), matmul->k.str(), matmul->k.str(),
                    matmul->n.str(), matmul->column_sums ? " and the sums of the latter's columns" : "");
    return work == 0 ? size
                     : fmt::format("{}, then {} operations on each element while it is in registers", size, work);
  }
  return "a routine";
}

std::vector<std::string> texts_of(const std::vector<Location>& places) {
  std::vector<std::string> texts;
  for (const Location& place : places) texts.push_back(place.str());
  return texts;
}

std::string describe_buffers(const program::Program& program) {
  std::string text;
  std::vector<std::string> saved;
  for (const program::Buffer& b : program.buffers) {
    if (b.kind == program::Buffer::Kind::temporary)
      saved.push_back(fmt::format("{} {}{}", name_of(b.dtype), b.shape.str(), b.name.empty() ? "" : " " + b.name));
  }
  if (!saved.empty()) text += fmt::format("Between kernels, in memory: {}.\n", fmt::join(saved, "; "));
  std::vector<std::string> staged;
  for (const program::Buffer& b : program.buffers) {
    if (b.contiguous && b.kind == program::Buffer::Kind::input) staged.push_back(b.name);
  }
  if (!staged.empty()) text += fmt::format("Copied first if not C-contiguous: {}.\n", fmt::join(staged, ", "));
  return text;
}

/// Nodes that more than one kernel computes: cheaper than to store and read them.
std::string describe_recomputed(const program::Program& program) {
  std::map<std::string_view, int> ops;
  for (ops::Op op : program.recomputed) ++ops[ops::name_of(op)];
  if (ops.empty()) return {};
  std::vector<std::string> list;
  for (const auto& [name, count] : ops) list.push_back(count == 1 ? std::string(name) : fmt::format("{} {}", count, name));
  return fmt::format("Computed again rather than saved: {}.\n", fmt::join(list, ", "));
}

/// What the catalogue has to say of activations as they are used.
std::string remarks(const Module& module) {
  const GraphData& g = *module.graph;
  const std::vector<char> needed = reachable(g, module.outputs);
  std::string text;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId node{i};
    if (!needed[i] || g.op(node) != ops::Op::activation) continue;
    std::vector<Expr> operands;
    for (NodeId o : g.operands(node)) operands.emplace_back(module.graph, o);
    const ops::Unit& unit = ops::unit_of(g, node);
    if (const std::string remark = unit.remark(g.attributes(node), operands); !remark.empty())
      text += fmt::format("{}: {} {}.\n", g.location(node).str(), unit.name(), remark);
  }
  return text;
}

std::string describe_recognised(const FunctionImpl& function) {
  std::string text;
  for (const Recognition& r : recognised(function))
    text += fmt::format("{}{}{} is computed as {} ({}): {}.\n", r.place, r.place.empty() ? "" : ": ", r.from, r.to, r.rule, r.why);
  if (!text.empty()) text += "As written instead: Graph g(type, {.recognise = false}), --no-recognise in the tool.\n";
  return text;
}

}  // namespace

std::vector<Recognition> recognised(const FunctionImpl& function) {
  std::vector<Recognition> list;
  for (const Repair& repair : function.repairs)
    for (const passes::Rule& rule : passes::recognition_rules())
      if (rule.name == repair.rule)
        list.push_back({std::string(rule.name), std::string(rule.from), std::string(rule.to), std::string(rule.why), repair.place.str()});
  return list;
}

std::string explain(const FunctionImpl& function) {
  const program::Program& program = *function.prepared.program;
  const GraphData& graph = *function.decomposed.graph;
  std::string text = fmt::format("{} nodes as written, {} after simplification and expansion of activations, {} {}.\n",
                                 function.source.graph->size(), graph.size(), program.kernels.size(),
                                 program.kernels.size() == 1 ? "kernel" : "kernels");
  for (std::size_t k = 0; k < program.kernels.size(); ++k) {
    const Kernel& kernel = program.kernels[k];
    text += fmt::format("Kernel {}, {}: {}", k, kernel.name, kind_of(kernel));
    if (kernel.nodes > 1) text += fmt::format("; {} nodes in one", kernel.nodes);
    if (const auto places = texts_of(kernel.places); !places.empty()) text += fmt::format(" (from {})", fmt::join(places, ", "));
    text += ".\n";
  }
  text += describe_recognised(function);
  text += describe_buffers(program);
  text += describe_recomputed(program);
  return text + remarks(function.source);
}

std::string show(const FunctionImpl& function, Stage stage) {
  if (stage == Stage::kernels) return program::print(*function.prepared.program);
  if (stage == Stage::decomposed) return print_list(function.decomposed);
  if (stage == Stage::llvm || stage == Stage::assembly) {
    const auto print = stage == Stage::llvm ? jit_engine().llvm_ir : jit_engine().assembly;
    if (print == nullptr) throw CompileError("show: this library was built without the JIT");
    return print(function.prepared.program, function.jit);
  }
  std::string text = print_list(function.source);
  bool simplified = false;
  run_passes(function.source, function.options, [&](std::string_view pass, const Module& module) {
    if (pass == "recognise" && stage == Stage::recognised) text = print_list(module);
    if (pass == "simplify" && stage == Stage::simplified && !simplified) {
      text = print_list(module);
      simplified = true;
    }
  });
  return text;
}

}  // namespace actinium::runtime
