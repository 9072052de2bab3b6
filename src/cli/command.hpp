// What the subcommands of the tool share: their options, and how they tell the user. Start reading at Options.
#pragma once
#include <actinium/actinium.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace actinium::cli {

/// Options of eval and show, as written.
struct Options {
  std::string expression;
  std::vector<std::string> values;  ///< NAME=VALUE
  std::vector<std::string> shapes;  ///< NAME=DIMxDIM
  std::vector<std::string> sizes;   ///< NAME=N, of bench
  std::vector<std::string> derivatives;
  std::optional<std::string> grad, value_and_grad;  ///< names, separated by commas
  std::string dtype, engine, isa = "native", compat, stage = "graph";
  int threads = 0;
  bool no_cache = false, explain = false, no_recognise = false, check_finite = false, warnings = false;
  std::vector<std::string> ranges;  ///< NAME=LO:HI, for warnings
  std::vector<std::string> outputs, expected;
  double ulp = 0;
};

/// Options of plot alone, as written; the others are in Options.
struct PlotOptions {
  std::vector<std::string> texts;  ///< expressions and NAME=VALUE
  std::string range, y_range, symlog, size = "960x600";
  std::optional<std::string> title, x_label, y_label;
  int derivatives = 0;
  std::optional<int> samples;
  bool markers = false, error = false;
};

/// An expression with its inputs, derivatives taken: what is compiled.
struct Problem {
  Graph graph;
  std::vector<std::string> names;
  std::vector<Expr> inputs;
  std::vector<Tensor> values;  ///< of the first inputs
  std::vector<Expr> outputs;
};

/// For eval: inputs have values.
Problem read_problem(const Options& options);
/// For show, bench and check: inputs have shapes, or values; those with values come first. `fallback` is the type of numbers
/// if neither --dtype nor a file says one.
Problem read_shapes(const Options& options, DType fallback = f32);
/// NAME=N of --size, for every run-time size in p's shapes.
Bindings read_sizes(const Options& options, const Problem& p);
/// NAME=LO:HI of --range.
std::vector<Range> read_ranges(const Options& options, const Problem& p);
/// One warning a line, "no warnings" if there are none.
std::string warnings_text(const FunctionBase& f, std::span<const Range> ranges);
/// Inputs without a value are normally distributed, integers (labels, indices) and conditions 0.
std::vector<Tensor> random_inputs(const Problem& p, const Options& options, std::uint64_t seed = 0);
/// "a,b" as a list.
std::vector<std::string> split_names(const std::string& text, std::string_view option);
/// For plot: a function of the one name that has no value, or has a list of them. It is inputs[0], of rank 0, and its
/// list is values[0] (which is empty if it has none); outputs are the function and its derivatives, of rank 0.
Problem read_function(const Options& options, int derivatives);
/// For certify: an expression of one name without a value, inputs[0] of shape [n]; the others are constants.
Problem read_univariate(const Options& options);
CompileOptions compile_options(const Options& options);

/// Options of certify alone.
struct CertifyChoices {
  int derivatives = 0;
  std::uint64_t samples = 0;
  std::optional<double> bound;
  std::string against;
  std::string judged;  ///< X.npy:Y.npy
  int order = 0;       ///< of what is in Y.npy
  bool as_json = false;
};

/// Options of check alone.
struct CheckChoices {
  double step = 0, tolerance = 1e-6;
  std::int64_t entries = 100;
  int directions = 3;
  std::uint64_t seed = 1;
  std::optional<std::string> inputs;  ///< names, separated by commas
  bool as_json = false;
};

/// Options of recognise.
struct RecogniseChoices {
  std::string name;
  bool markdown = false;
  std::uint64_t samples = 2000, seed = 1, spelling = 0;
  int threads = 0;
};

/// Options of bench alone.
struct BenchChoices {
  bool as_json = false, profile = false;
};

// The subcommands. They give the exit status; errors are exceptions.
int run_eval(const Options& options);
int run_show(const Options& options);
/// `options.expression` is the one being read when an error is thrown.
int run_plot(Options& options, const PlotOptions& plot);
int run_bench(const Options& options, const BenchChoices& choices);
int run_check(const Options& options, const CheckChoices& choices);
int run_certify(const Options& options, const CertifyChoices& choices);
int run_activations(const std::string& name);
/// docs/activations.md, and the pictures it shows.
std::string activations_markdown();
void draw_activations(const std::string& directory);
/// The rules, or what one (or "all") of them is worth, or docs/recognise.md.
int run_recognise(const RecogniseChoices& choices);
int run_info();

/// A comparison failed: exit status 1.
struct Mismatch {
  std::string message;
};

/// Writes to stdout at once and makes sure that it arrived.
void print(std::string_view text);

}  // namespace actinium::cli
