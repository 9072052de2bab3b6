// `actinium show`: an expression at one stage of its way to machine code.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>

#include "command.hpp"

namespace actinium::cli {
namespace {

struct Shown {
  std::string_view name;
  std::optional<Stage> stage;  ///< nothing: of the graph as built
};
constexpr std::array stages{
    Shown{"graph", std::nullopt},     Shown{"recognised", Stage::recognised}, Shown{"gradient", std::nullopt}, Shown{"optimized", Stage::decomposed},
    Shown{"kernels", Stage::kernels}, Shown{"llvm", Stage::llvm},      Shown{"asm", Stage::assembly},
    Shown{"dot", std::nullopt},
};

const Shown& find_stage(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Shown& s : stages) {
    if (s.name == name) return s;
    names.push_back(s.name);
  }
  throw ValueError(fmt::format("--stage takes {}, not '{}'", fmt::join(names, ", "), name));
}

/// The gradients in all floating inputs, unless derivatives are asked for already.
void with_gradients(Options& options) {
  if (options.grad || options.value_and_grad || !options.derivatives.empty()) return;
  const Problem p = read_shapes(options);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < p.names.size(); ++i)
    if (is_float(p.inputs[i].dtype())) names.push_back(p.names[i]);
  if (names.empty()) throw ValueError("--stage gradient: there is no floating input");
  options.grad = fmt::format("{}", fmt::join(names, ","));
}

std::string texts(const Problem& p) {
  std::string text;
  for (const Expr& e : p.outputs) text += to_string(e) + '\n';
  return text;
}

}  // namespace

int run_show(const Options& given) {
  Options options = given;
  CompileOptions compiled = compile_options(options);
  const Shown& shown = find_stage(options.stage);
  const bool machine_code = shown.stage == Stage::llvm || shown.stage == Stage::assembly;
  if (!machine_code && compiled.engine == Engine::automatic)
    compiled.engine = Engine::interpret;  // generates no code for nothing
  if (shown.name == "gradient") with_gradients(options);
  const Problem p = read_shapes(options);
  const std::vector<Range> ranges = read_ranges(options, p);
  std::string text;
  if (shown.stage)
    text = compile(p.inputs, p.outputs, compiled).show(*shown.stage);
  else if (shown.name == "dot")
    text = p.graph.dot();
  else
    text = texts(p);
  if (!text.ends_with('\n')) text += '\n';
  print(text);
  if (options.explain) std::fputs(compile(p.inputs, p.outputs, compiled).explain().c_str(), stderr);
  if (options.warnings) {
    compiled.engine = Engine::interpret;
    std::fputs(warnings_text(compile(p.inputs, p.outputs, compiled), ranges).c_str(), stderr);
  }
  return 0;
}

}  // namespace actinium::cli
