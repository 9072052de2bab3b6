// From the command line to expressions: types of inputs, the expression built, derivatives taken. Start reading at
// read_problem.
#include <actinium/parse.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "command.hpp"
#include "values.hpp"

namespace actinium::cli {
namespace {

// What the library builds for the tool has no line of the user's.
constexpr std::source_location nowhere{};

std::optional<DType> dtype_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "f32") return f32;
  if (text == "f64") return f64;
  throw ValueError(fmt::format("--dtype takes f32 or f64, not '{}'", text));
}

compat compat_option(const std::string& text) {
  if (text.empty()) return compat::ours;
  for (const compat system : all_systems)
    if (name_of(system) == text) return system;
  throw ValueError(fmt::format("--compat takes keras, keras2, torch, jax, onnx or mlx, not '{}'", text));
}

std::map<std::string, Value> read_values(const std::vector<std::string>& texts) {
  std::map<std::string, Value> values;
  for (const std::string& text : texts) {
    const Assignment a = split_assignment(text);
    try {
      if (!values.emplace(a.name, Value(a.value)).second) throw ValueError(fmt::format("{} is given twice", a.name));
    } catch (const ValueError& e) {
      throw ValueError(fmt::format("{}: {}", a.name, e.what()));
    }
  }
  return values;
}

/// --dtype; else that of the floating files; else `fallback`. Files keep their type, so they must agree.
DType choose_dtype(const Options& options, const std::map<std::string, Value>& values, DType fallback = f32) {
  const auto asked = dtype_option(options.dtype);
  std::string first;
  std::optional<DType> files;
  for (const auto& [name, value] : values) {
    const Tensor* t = value.from_file();
    if (t == nullptr || !is_float(t->dtype())) continue;
    if (files && *files != t->dtype())
      throw TypeError(fmt::format("{} is {} and {} is {}: .npy inputs must agree", first, name_of(*files), name,
                                  name_of(t->dtype())));
    files = t->dtype();
    first = name;
  }
  return asked ? *asked : files.value_or(fallback);
}

/// Numbers are read as the floating type, but integers where the expression needs integers, and 0 and 1 where it needs
/// bools.
DType type_of(const Value& value, const FreeName* use, DType floating) {
  if (value.from_file() != nullptr) return value.written();
  if (value.written() == DType::b8) return DType::b8;
  if (use == nullptr || value.written() != DType::i64) return floating;
  if (use->as_index) return DType::i64;
  return use->as_condition && !use->as_value ? DType::b8 : floating;
}

const FreeName* find(const std::vector<FreeName>& names, std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const FreeName& n) { return n.name == name; });
  return found == names.end() ? nullptr : &*found;
}

void require_all(const Formula& formula, const std::vector<std::string>& given, std::string_view what) {
  std::vector<std::string> missing;
  std::size_t column = 0;
  for (const FreeName& n : formula.names()) {
    if (std::find(given.begin(), given.end(), n.name) != given.end()) continue;
    if (missing.empty()) column = n.column;
    missing.push_back(n.name);
  }
  if (missing.empty()) return;
  throw NameError(with_caret(fmt::format("no {} for {}: write {}", what, fmt::join(missing, ", "),
                                         what == "value" ? fmt::format("{}=VALUE", missing[0])
                                                         : fmt::format("--shape {}=DIMxDIM", missing[0])),
                             formula.text(), column));
}

Expr input_named(const Problem& p, const std::string& name, std::string_view option) {
  const auto found = std::find(p.names.begin(), p.names.end(), name);
  if (found == p.names.end())
    throw NameError(
        fmt::format("{}: '{}' is no input; {}", option, name,
                    p.names.empty() ? "there are none" : fmt::format("there is {}", fmt::join(p.names, ", "))));
  const Expr x = p.inputs[static_cast<std::size_t>(found - p.names.begin())];
  if (!is_float(x.dtype()))
    throw TypeError(
        fmt::format("{}: '{}' is {}: only floating inputs have derivatives", option, name, name_of(x.dtype())));
  return x;
}

/// sum(y), which is y itself at rank 0.
Expr total(const Expr& y, std::string_view option) {
  if (!is_float(y.dtype()))
    throw TypeError(fmt::format("{}: the expression is {} and has no derivative", option, name_of(y.dtype())));
  return y.rank() == 0 ? y : sum(At(y, nowhere));
}

std::vector<Expr> inputs_named(const Problem& p, const std::string& names, std::string_view option) {
  std::vector<Expr> list;
  for (const std::string& name : split_names(names, option)) list.push_back(input_named(p, name, option));
  return list;
}

void differentiate(Problem& p, const Options& options) {
  Expr y = p.outputs.front();
  for (const std::string& name : options.derivatives)
    y = grad(At(total(y, "--derivative"), nowhere), input_named(p, name, "--derivative"));
  p.outputs = {y};
  if (options.grad && options.value_and_grad) throw ValueError("--grad and --value-and-grad exclude each other");
  if (options.grad) {
    const auto inputs = inputs_named(p, *options.grad, "--grad");
    p.outputs = grad(At(total(y, "--grad"), nowhere), inputs);
  }
  if (options.value_and_grad) {
    const auto inputs = inputs_named(p, *options.value_and_grad, "--value-and-grad");
    const Expr value = total(y, "--value-and-grad");
    p.outputs = grad(At(value, nowhere), inputs);
    p.outputs.insert(p.outputs.begin(), value);
  }
}

void declare(Problem& p, const std::string& name, const Shape& shape, DType dtype) {
  p.names.push_back(name);
  p.inputs.push_back(p.graph.input(name, shape, dtype, nowhere));
}

void build(Problem& p, const Formula& formula, const Options& options) {
  ParseOptions parse_options;
  parse_options.promote_integers = p.graph.dtype();
  p.outputs = {formula.build(p.graph, parse_options)};
  differentiate(p, options);
}

Shape shape_of(const Tensor& t) {
  std::vector<Dim> dims;
  for (const std::int64_t n : t.shape()) dims.emplace_back(n);
  return Shape(std::move(dims));
}

/// "64x32", "batchx64", "batch,64", "" for rank 0.
Shape read_shape(const std::string& text) {
  const char by = text.find(',') != std::string::npos ? ',' : 'x';
  std::vector<Dim> dims;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool number = !part.empty() && part.size() < 18 && part.find_first_not_of("0123456789") == std::string::npos;
    dims.push_back(number ? Dim(static_cast<std::int64_t>(std::stoll(part))) : Dim(part));
    begin = end + 1;
  }
  return Shape(std::move(dims));
}

}  // namespace

std::vector<std::string> split_names(const std::string& text, std::string_view option) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    std::string name = text.substr(begin, comma - begin);
    std::erase(name, ' ');
    if (name.empty()) throw ValueError(fmt::format("{} takes names separated by commas", option));
    names.push_back(std::move(name));
    if (comma == text.size()) return names;
    begin = comma + 1;
  }
}

Problem read_problem(const Options& options) {
  const Formula formula(options.expression, compat_option(options.compat));
  const auto values = read_values(options.values);
  std::vector<std::string> given;
  for (const auto& [name, value] : values) given.push_back(name);
  require_all(formula, given, "value");

  const DType floating = choose_dtype(options, values);
  Problem p{Graph(floating, {.recognise = !options.no_recognise}), {}, {}, {}, {}};
  for (const auto& [name, value] : values) {
    Tensor t;
    try {
      t = value.as(type_of(value, find(formula.names(), name), floating));
    } catch (const ValueError& e) {
      throw ValueError(fmt::format("{}: {}", name, e.what()));
    }
    declare(p, name, shape_of(t), t.dtype());
    p.values.push_back(std::move(t));
  }
  build(p, formula, options);
  return p;
}

Problem read_shapes(const Options& options, DType fallback) {
  const Formula formula(options.expression, compat_option(options.compat));
  const auto values = read_values(options.values);
  const DType floating = choose_dtype(options, values, fallback);
  Problem p{Graph(floating, {.recognise = !options.no_recognise}), {}, {}, {}, {}};
  for (const auto& [name, value] : values) {
    const Tensor t = value.as(type_of(value, find(formula.names(), name), floating));
    declare(p, name, shape_of(t), t.dtype());
    p.values.push_back(t);
  }
  for (const std::string& text : options.shapes) {
    const Assignment a = split_assignment(text);
    if (std::find(p.names.begin(), p.names.end(), a.name) != p.names.end())
      throw ValueError(fmt::format("{} is given twice", a.name));
    const FreeName* use = find(formula.names(), a.name);
    const bool condition = use != nullptr && use->as_condition && !use->as_value;
    declare(p, a.name, read_shape(a.value), use != nullptr && use->as_index ? i64 : condition ? boolean : floating);
  }
  require_all(formula, p.names, "shape");
  build(p, formula, options);
  return p;
}

namespace {

/// The one name of `formula` that no value fixes; failing that, the one whose value is a list.
std::string variable_of(const Formula& formula, const std::map<std::string, Tensor>& values) {
  std::vector<const FreeName*> open, listed;
  for (const FreeName& n : formula.names()) {
    const auto given = values.find(n.name);
    if (given == values.end())
      open.push_back(&n);
    else if (given->second.rank() == 1)
      listed.push_back(&n);
  }
  const auto& candidates = open.empty() ? listed : open;
  if (candidates.size() == 1) return candidates.front()->name;
  if (formula.names().empty()) return "x";
  if (candidates.empty())
    throw NameError(with_caret("every name has a value: one is to vary", formula.text(), formula.names()[0].column));
  std::vector<std::string> names;
  for (const FreeName* n : candidates) names.push_back(n->name);
  // Most likely x is the one to vary.
  const FreeName& other = *candidates[candidates[0]->name == "x" ? 1 : 0];
  const std::string all = fmt::format("{}", fmt::join(names, ", "));
  throw NameError(with_caret(open.empty()
                                 ? fmt::format("{} are lists: one name is to vary", all)
                                 : fmt::format("no value for {}: one name is to vary, write {}=VALUE", all, other.name),
                             formula.text(), other.column));
}

}  // namespace

Problem read_function(const Options& options, int derivatives) {
  const Formula formula(options.expression, compat_option(options.compat));
  const auto written = read_values(options.values);
  const DType floating = choose_dtype(options, written, f64);
  std::map<std::string, Tensor> values;
  for (const auto& [name, value] : written)
    values.emplace(name, value.as(type_of(value, find(formula.names(), name), floating)));
  const std::string variable = variable_of(formula, values);

  Problem p{Graph(floating, {.recognise = !options.no_recognise}), {}, {}, {}, {}};
  declare(p, variable, Shape(std::vector<Dim>{}), floating);
  const auto points = values.find(variable);
  p.values.push_back(points == values.end() ? Tensor::zeros(Shape{0}, floating) : points->second.cast(floating));
  for (const auto& [name, value] : values) {
    if (name == variable) continue;
    declare(p, name, shape_of(value), value.dtype());
    p.values.push_back(value);
  }
  build(p, formula, options);
  Expr y = p.outputs.front();
  if (y.rank() != 0)
    throw ShapeError(with_caret(
        fmt::format("the expression gives {} where {} is a number: plot needs one number", y.shape().str(), variable),
        formula.text(), 1));
  for (int k = 0; k < derivatives; ++k) {
    y = grad(At(total(y, "--derivatives"), nowhere), p.inputs.front());
    p.outputs.push_back(y);
  }
  for (Expr& e : p.outputs)
    if (e.dtype() != floating) e = cast(At(e, nowhere), floating);
  return p;
}

Problem read_univariate(const Options& options) {
  const Formula formula(options.expression, compat_option(options.compat));
  const DType floating = dtype_option(options.dtype).value_or(f32);
  std::map<std::string, Tensor> values;
  for (const auto& [name, value] : read_values(options.values)) {
    values.emplace(name, value.as(floating));
    if (values.at(name).rank() != 0) throw ShapeError(fmt::format("{}: a number is needed, not a list", name));
  }
  const std::string variable = variable_of(formula, values);
  if (values.contains(variable)) throw ValueError(fmt::format("{} has a value: one name must be free", variable));
  Problem p{Graph(floating, {.recognise = !options.no_recognise}), {}, {}, {}, {}};
  declare(p, variable, Shape({Dim("n")}), floating);
  ParseOptions parse_options;
  parse_options.promote_integers = floating;
  parse_options.resolve = [&](const FreeName& n) -> Expr {
    return n.name == variable ? p.inputs[0] : p.graph.constant(values.at(n.name).item(), std::nullopt, nowhere);
  };
  p.outputs = {formula.build(p.graph, parse_options)};
  return p;
}

Bindings read_sizes(const Options& options, const Problem& p) {
  Bindings sizes;
  for (const std::string& text : options.sizes) {
    const std::size_t equals = text.find('=');
    std::int64_t value = -1;
    try {
      std::size_t end = 0;
      value = std::stoll(text.substr(equals + 1), &end);
      if (equals == std::string::npos || equals + 1 + end != text.size()) value = -1;
    } catch (const std::logic_error&) {
    }
    if (value < 0) throw ValueError(fmt::format("--size takes NAME=N, not '{}'", text));
    sizes[text.substr(0, equals)] = value;
  }
  std::set<std::string> missing;
  for (const Expr& input : p.inputs)
    for (const Dim& dim : input.shape())
      for (const std::string& symbol : dim.symbols())
        if (!sizes.contains(symbol)) missing.insert(symbol);
  if (!missing.empty())
    throw ValueError(fmt::format("the size of {} is not known: write --size {}=N, or a number in --shape",
                                 fmt::join(missing, ", "), *missing.begin()));
  return sizes;
}

std::vector<Range> read_ranges(const Options& options, const Problem& p) {
  std::vector<Range> ranges;
  for (const std::string& text : options.ranges) {
    const std::size_t equals = text.find('='), colon = text.find(':', equals == std::string::npos ? 0 : equals);
    const auto number = [&](std::size_t begin, std::size_t end) {
      const std::string part = text.substr(begin, end - begin);
      std::size_t read = 0;
      double v = 0;
      try {
        v = std::stod(part, &read);
      } catch (const std::logic_error&) {
      }
      if (read == 0 || read != part.size()) throw ValueError(fmt::format("--range takes NAME=LO:HI, not '{}'", text));
      return v;
    };
    if (equals == std::string::npos || colon == std::string::npos) throw ValueError(fmt::format("--range takes NAME=LO:HI, not '{}'", text));
    ranges.push_back({input_named(p, text.substr(0, equals), "--range"), number(equals + 1, colon), number(colon + 1, text.size())});
  }
  return ranges;
}

std::string warnings_text(const FunctionBase& f, std::span<const Range> ranges) {
  std::string text;
  for (const Warning& w : f.warnings(ranges))
    text += fmt::format("{}{}warning: {} in {}: {}.\n", w.place, w.place.empty() ? "" : ": ", name_of(w.kind), w.expression, w.message);
  return text.empty() ? "no warnings\n" : text;
}

std::vector<Tensor> random_inputs(const Problem& p, const Options& options, std::uint64_t seed) {
  const Bindings sizes = read_sizes(options, p);
  std::vector<Tensor> list = p.values;
  for (std::size_t i = list.size(); i < p.inputs.size(); ++i) {
    const std::vector<std::int64_t> extents = p.inputs[i].shape().evaluate(sizes);
    const Shape shape(std::vector<Dim>(extents.begin(), extents.end()));
    const DType dtype = p.inputs[i].dtype();
    list.push_back(is_float(dtype) ? random_normal(seed + i + 1, shape, 0, 1, dtype) : Tensor::zeros(shape, dtype));
  }
  return list;
}

CompileOptions compile_options(const Options& options) {
  CompileOptions c;
  if (options.threads < 0) throw ValueError("--threads takes a positive number, or 0 for all cores");
  c.threads = options.threads;
  c.isa = options.isa;
  c.cache = !options.no_cache;
  c.check_finite = options.check_finite;
  if (options.engine == "jit")
    c.engine = Engine::jit;
  else if (options.engine == "interpret")
    c.engine = Engine::interpret;
  else if (!options.engine.empty())
    throw ValueError(fmt::format("--engine takes jit or interpret, not '{}'", options.engine));
  return c;
}

}  // namespace actinium::cli
