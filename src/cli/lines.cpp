// Expressions of the command line, compiled. Start reading at read_lines.
#include "lines.hpp"

#include <actinium/certify.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace actinium::cli {
namespace {

/// Compiled: one output of a Problem from read_function.
template <class T>
Evaluate evaluator(const Problem& p, std::size_t output, const CompileOptions& options) {
  auto f = compile(p.inputs, {p.outputs[output]}, options);
  return [f, values = p.values](std::span<const double> xs, std::span<double> ys) {
    T x{}, y{};
    constexpr std::span<const std::int64_t> number;
    std::vector<ArrayRef> inputs{ArrayRef(&x, dtype_of<T>, number)};
    for (std::size_t i = 1; i < values.size(); ++i) inputs.push_back(values[i].array());
    const MutableArrayRef result(&y, dtype_of<T>, number);
    const Bound call = f.bind(inputs, std::span(&result, 1));
    for (std::size_t i = 0; i < xs.size(); ++i) {
      x = static_cast<T>(xs[i]);
      call();
      ys[i] = static_cast<double>(y);
    }
  };
}

std::string column_of(const std::string& text, const std::vector<std::string>& derivatives) {
  std::string name = text;
  for (const std::string& d : derivatives) name = fmt::format("d/d{} {}", d, name);
  return name;
}

bool is_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || text.substr(equals, 2) == "==") return false;
  const auto name_end = text.find_last_not_of(' ', equals == 0 ? 0 : equals - 1) + 1;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(name_end),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; });
}

std::vector<double> doubles(const Tensor& t) {
  const Tensor wide = t.dtype() == DType::f64 ? t : t.cast(DType::f64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

/// One expression of the plot, before its derivatives are told apart.
struct Source {
  std::string variable;
  DType dtype;
  std::vector<double> points;
  std::function<Evaluate(int)> line;  ///< of a derivative's order
};

Source values_of(const Options& options, const PlotOptions& plot, const CompileOptions& compiled) {
  const Problem p = read_function(options, plot.derivatives);
  return {p.names.front(), p.graph.dtype(), doubles(p.values.front()), [p, compiled](int k) {
            const auto output = static_cast<std::size_t>(k);
            return p.graph.dtype() == DType::f32 ? evaluator<float>(p, output, compiled)
                                                 : evaluator<double>(p, output, compiled);
          }};
}

/// The error in ulp of the expression or its derivative, in the place of their values.
Source errors_of(const Options& options, const CompileOptions& compiled) {
  const Problem p = read_univariate(options);
  const auto first = static_cast<int>(options.derivatives.size());
  for (const std::string& d : options.derivatives)
    if (d != p.names.front())
      throw ValueError(fmt::format("--error: derivatives are taken with respect to {}, not {}", p.names.front(), d));
  return {p.names.front(), p.graph.dtype(), {}, [e = p.outputs.front(), first, compiled](int k) -> Evaluate {
            return [e, order = first + k, compiled](std::span<const double> xs, std::span<double> ys) {
              std::ranges::copy(errors_in_ulp(e, xs, order, compiled), ys.begin());
            };
          }};
}

}  // namespace

std::string derived(const std::string& text, const std::string& variable, int order) {
  constexpr std::string_view primes[] = {"", "\u2032", "\u2033", "\u2034"};
  const std::string mark = order < 4 ? std::string(primes[order]) : fmt::format("\u207d{}\u207e", order);
  const std::string call = "(" + variable + ")";
  const bool named = text.ends_with(call) &&
                     std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(call.size()),
                                 [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  if (order == 0) return text;
  return named ? text.substr(0, text.size() - call.size()) + mark + call : "(" + text + ")" + mark;
}

Lines read_lines(Options& options, const PlotOptions& plot) {
  const CompileOptions compiled = compile_options(options);
  std::vector<std::string> expressions;
  for (const std::string& text : plot.texts) {
    const std::string trimmed = text.substr(std::min(text.find_first_not_of(' '), text.size()));
    (is_value(trimmed) ? options.values : expressions).push_back(trimmed);
  }
  if (expressions.empty()) throw ValueError("plot needs an expression");
  Lines lines;
  for (std::size_t e = 0; e < expressions.size(); ++e) {
    options.expression = expressions[e];
    const Source source = plot.error ? errors_of(options, compiled) : values_of(options, plot, compiled);
    const std::string& variable = source.variable;
    if (e > 0 && source.points != lines.points)
      throw ValueError(fmt::format("{} and {} have different points", lines.variable, variable));
    lines.points = source.points;
    lines.dtype = source.dtype;
    lines.variable = e == 0 || lines.variable == variable ? variable : "x";
    std::vector<std::string> derivatives = options.derivatives;
    const bool own = std::all_of(derivatives.begin(), derivatives.end(), [&](const auto& d) { return d == variable; });
    for (int k = 0; k <= plot.derivatives; ++k) {
      const int order = k + static_cast<int>(options.derivatives.size());
      const std::string column = column_of(options.expression, derivatives);
      derivatives.push_back(variable);
      lines.list.push_back({own ? derived(options.expression, variable, order) : column,
                            plot.error ? "ulp of " + column : column,
                            expressions.size() == 1 ? k : static_cast<int>(e),
                            k,
                            source.line(k),
                            {}});
    }
  }
  return lines;
}

}  // namespace actinium::cli
