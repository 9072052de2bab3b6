// The `actinium` tool: reads the command line and reports errors. Exit status 2 for what the user wrote, 1 for a
// failure of the tool or of a comparison. Start reading at main; each subcommand has a
// file.
#include <actinium/activations.h>
#include <actinium/parse.h>
#include <actinium/version.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <new>

#include "command.hpp"

namespace actinium::cli {
namespace {

constexpr std::string_view usage =
    "the subcommands are eval, show, bench, plot, certify, check, activations, recognise and info; actinium --help";

void add_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& list, const std::string& help) {
  app.add_option(name, list, help)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_common(CLI::App& app, Options& o) {
  app.add_option("EXPR", o.expression, "the expression, with Python's operators")->required();
  app.add_option("--grad", o.grad, "NAME,NAME: gradients of sum(EXPR)");
  add_repeated(app, "--derivative", o.derivatives, "NAME: EXPR becomes d sum(EXPR) / d NAME; repeatable");
  app.add_option("--value-and-grad", o.value_and_grad, "NAME,NAME: sum(EXPR), then its gradients");
  app.add_option("--dtype", o.dtype, "f32 or f64: the type of numbers");
  app.add_option("--compat", o.compat, "keras, keras2, torch, jax, onnx or mlx: whose defaults activations have");
  app.add_option("--engine", o.engine, "jit or interpret");
  app.add_option("--threads", o.threads, "at most so many; 0: all cores");
  app.add_option("--isa", o.isa, "x86-64-v2, x86-64-v3, x86-64-v4 or native");
  app.add_flag("--no-cache", o.no_cache, "compile anew");
  app.add_flag("--explain", o.explain, "say on stderr what was recognised, fused and kept");
  app.add_flag("--no-recognise", o.no_recognise, "compute formulas as they are written");
}

void add_warnings(CLI::App& app, Options& o) {
  app.add_flag("--warnings", o.warnings, "say on stderr what may go wrong, and at which numbers");
  add_repeated(app, "--range", o.ranges, "NAME=LO:HI: numbers that an input takes, for --warnings; repeatable");
}

void add_check_finite(CLI::App& app, Options& o) {
  app.add_flag("--check-finite", o.check_finite, "fail at the first operation that makes NaN or an infinity of finite numbers");
}

void add_plot(CLI::App& app, Options& o, PlotOptions& p) {
  app.add_option("EXPR", p.texts,
                 "expressions of one free name each, and NAME=VALUE for other names; a list as the value of the free "
                 "name, x=linspace(-10,10,50), gives the points")
      ->required();
  app.add_option("--range", p.range, "LO:HI along x; -5:5 unless given");
  app.add_option("--yrange", p.y_range, "LO:HI along y; found from the values unless given");
  app.add_option("--derivatives", p.derivatives, "so many derivatives beside each function");
  add_repeated(app, "--derivative", o.derivatives, "NAME: EXPR becomes d EXPR / d NAME; repeatable");
  app.add_option("--samples", p.samples, "so many points from end to end, joined up");
  app.add_flag("--markers", p.markers, "a dot at each sample");
  app.add_flag("--error", p.error,
               "the error in ulp instead of the function, as certify measures it; in f32 unless given");
  app.add_option("--symlog", p.symlog, "x, y or xy: logarithmic on both sides of 0; x:1e-6 is linear within 1e-6");
  app.add_option("--title", p.title, "above the figure; the expression unless given");
  app.add_option("--xlabel", p.x_label, "below the x axis; the free name unless given");
  app.add_option("--ylabel", p.y_label, "beside the y axis");
  app.add_option("--size", p.size, "WIDTHxHEIGHT in pixels");
  app.add_option("--dtype", o.dtype, "f32 or f64: the type it is evaluated in; f64 unless given");
  app.add_option("--compat", o.compat, "keras, keras2, torch, jax, onnx or mlx: whose defaults activations have");
  app.add_option("--engine", o.engine, "jit or interpret");
  app.add_option("--isa", o.isa, "x86-64-v2, x86-64-v3, x86-64-v4 or native");
  app.add_flag("--no-recognise", o.no_recognise, "compute formulas as they are written");
  add_repeated(app, "-o", o.outputs, "FILE.svg, FILE.png or FILE.csv; repeatable");
}

void add_certify(CLI::App& app, Options& o, CertifyChoices& c) {
  app.add_option("EXPR", o.expression, "the expression; every name but one needs a value")->required();
  app.add_option("VALUES", o.values, "NAME=NUMBER");
  app.add_option("--dtype", o.dtype, "f32 (all 2^32 numbers) or f64 (structured points)");
  app.add_option("--derivatives", c.derivatives, "measure derivatives up to this order too");
  app.add_option("--samples", c.samples, "so many arguments, and the edges, instead of all");
  app.add_option("--bound", c.bound, "ULP that must hold; builtin functions have one");
  app.add_option("--against", c.against, "naive: measure the textbook formula too");
  app.add_option("--judge", c.judged,
                 "X.npy:Y.npy: measure the results Y at X, computed by something else, instead of our own");
  app.add_option("--order", c.order, "for --judge: Y is the derivative of this order");
  app.add_flag("--json", c.as_json, "print one JSON object");
  app.add_option("--compat", o.compat, "keras, keras2, torch, jax, onnx or mlx: whose defaults activations have");
  app.add_option("--engine", o.engine, "jit or interpret");
  app.add_option("--threads", o.threads, "at most so many; 0: all cores");
  app.add_option("--isa", o.isa, "x86-64-v2, x86-64-v3, x86-64-v4 or native");
  app.add_flag("--no-recognise", o.no_recognise, "compute formulas as they are written");
}

void add_check(CLI::App& app, Options& o, CheckChoices& c) {
  add_common(app, o);
  add_check_finite(app, o);
  app.add_option("VALUES", o.values, "NAME=VALUE; inputs with a --shape alone are random");
  add_repeated(app, "--shape", o.shapes, "NAME=DIMxDIM: sizes are numbers, or names that --size tells");
  add_repeated(app, "--size", o.sizes, "NAME=N: the number for a name in --shape");
  app.add_option("--inputs", c.inputs, "NAME,NAME: check these; all unless given");
  app.add_option("--seed", c.seed, "of random inputs, of the entries chosen and of the directions");
  app.add_option("--step", c.step, "of the differences, relative to max(1, |x|); chosen for each entry unless given");
  app.add_option("--tolerance", c.tolerance, "relative difference that is allowed; 1e-6 unless given");
  app.add_option("--entries", c.entries, "at most so many of each input; 0: all; 100 unless given");
  app.add_option("--directions", c.directions, "random ones in which both modes are compared; 3 unless given");
  app.add_flag("--json", c.as_json, "print one JSON object");
}

/// The arguments, last first, as CLI11 wants them. An expression may begin with a minus, which CLI11 would take for an
/// option: the first argument that is neither an option nor the value of one (for plot, any such argument that begins
/// with one minus) gets a blank in front, which run() takes away again; and "--range -3:3" becomes "--range=-3:3".
std::vector<std::string> for_parser(std::vector<std::string> arguments) {
  static constexpr std::string_view flags[] = {"--no-cache", "--explain", "--no-recognise", "--help", "-h", "--check-finite", "--warnings",
                                               "--markers",  "--error",   "--json", "--profile"};
  static constexpr std::string_view valued[] = {
      "--grad",  "--derivative", "--value-and-grad", "--dtype",   "--compat", "--engine", "--threads", "--isa",
      "--shape", "--stage",      "--expect",         "--ulp",     "-o",       "--range",  "--yrange",  "--symlog",
      "--size",  "--title",      "--derivatives",    "--samples", "--xlabel", "--ylabel", "--bound",   "--against",
      "--judge", "--order",      "--inputs",         "--seed",    "--step",   "--entries", "--tolerance",
      "--directions"};
  const auto among = [](std::string_view name, const auto& list) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
  };
  const bool plot = !arguments.empty() && arguments[0] == "plot";
  static constexpr std::string_view taking[] = {"eval", "show", "bench", "plot", "certify", "check"};
  const bool takes = !arguments.empty() && among(arguments[0], taking);
  for (std::size_t i = 1; takes && i < arguments.size(); ++i) {
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    if (among(name, flags)) continue;
    if (among(name, valued)) {
      if (name.size() < arguments[i].size() || i + 1 == arguments.size()) continue;
      if (arguments[i + 1].starts_with('-') && name.starts_with("--")) {
        arguments[i] += '=' + arguments[i + 1];
        arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      } else {
        ++i;
      }
    } else if (!plot) {
      arguments[i].insert(0, 1, ' ');
      break;
    } else if (arguments[i].starts_with('-') && !arguments[i].starts_with("--")) {
      arguments[i].insert(0, 1, ' ');
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

/// The files of `--load FILE` and `--load=FILE`, which may stand anywhere, taken out of the arguments.
std::vector<std::string> take_files(std::vector<std::string>& arguments) {
  constexpr std::string_view load = "--load";
  std::vector<std::string> files, others;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& a = arguments[i];
    if (a.starts_with("--load=")) {
      files.push_back(a.substr(load.size() + 1));
    } else if (a == load) {
      if (i + 1 == arguments.size()) throw ValueError("--load needs the name of a file of activations");
      files.push_back(arguments[++i]);
    } else {
      others.push_back(a);
    }
  }
  arguments = std::move(others);
  return files;
}

/// A message about a place in the expression gets the line and a caret, if it has none yet.
std::string located(std::string_view message, std::string_view expression) {
  std::size_t column = 0;
  if (!message.starts_with("text:") || message.find('\n') != std::string_view::npos) return std::string(message);
  std::from_chars(message.data() + 5, message.data() + message.size(), column);
  return column == 0 ? std::string(message) : with_caret(message, expression, column);
}

int report(std::string_view message, int status) {
  std::fputs(fmt::format("actinium: {}\n", message).c_str(), stderr);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{"Actinium: automatic differentiation of expressions, compiled as they run"};
  app.set_version_flag("--version", std::string(version()));
  app.require_subcommand(1);
  std::vector<std::string> files;
  add_repeated(app, "--load", files, "FILE of activations, as docs/language.md describes; anywhere; repeatable");
  Options options;
  std::string activation;
  CLI::App& eval = *app.add_subcommand("eval", "evaluate an expression");
  add_common(eval, options);
  add_check_finite(eval, options);
  add_warnings(eval, options);
  eval.add_option("VALUES", options.values,
                  "NAME=VALUE: a number, a list, FILE.npy, zeros(2,3), ones, arange, linspace, normal, uniform");
  add_repeated(eval, "--expect", options.expected, "REF.npy: fail if the output differs by more than --ulp");
  eval.add_option("--ulp", options.ulp, "for --expect");
  add_repeated(eval, "-o", options.outputs, "FILE.npy: write instead of printing; one an output");
  CLI::App& show = *app.add_subcommand("show", "print an expression at a stage of compilation");
  add_common(show, options);
  add_warnings(show, options);
  show.add_option("VALUES", options.values, "NAME=VALUE, instead of --shape");
  add_repeated(show, "--shape", options.shapes, "NAME=DIMxDIM: sizes are numbers or names");
  show.add_option("--stage", options.stage, "graph, recognised, gradient, optimized, kernels, llvm, asm or dot");
  BenchChoices timing;
  CLI::App& bench = *app.add_subcommand("bench", "measure how long an expression takes to compile and to call");
  add_common(bench, options);
  add_check_finite(bench, options);
  bench.add_option("VALUES", options.values, "NAME=VALUE, instead of --shape");
  add_repeated(bench, "--shape", options.shapes, "NAME=DIMxDIM: sizes are numbers, or names that --size tells");
  add_repeated(bench, "--size", options.sizes, "NAME=N: the number for a name in --shape; code is compiled for any");
  bench.add_flag("--json", timing.as_json, "print one JSON object");
  bench.add_flag("--profile", timing.profile, "the time of each kernel too");
  PlotOptions figure;
  CLI::App& plot = *app.add_subcommand("plot", "draw functions of one number, and their derivatives");
  add_plot(plot, options, figure);
  CertifyChoices choices;
  CLI::App& certify = *app.add_subcommand("certify", "measure how far a function of one number is from the truth");
  add_certify(certify, options, choices);
  CheckChoices checks;
  CLI::App& check = *app.add_subcommand("check", "compare derivatives with differences; exit status 1 if one is wrong");
  add_check(check, options, checks);
  CLI::App& activations = *app.add_subcommand("activations", "list the catalogue, or one entry of it");
  activations.add_option("NAME", activation, "an activation or an alias");
  bool markdown = false;
  std::string pictures;
  activations.add_flag("--markdown", markdown, "all of it as Markdown: docs/activations.md");
  activations.add_option("--pictures", pictures, "DIRECTORY for the svg files that the Markdown shows");
  RecogniseChoices rules;
  CLI::App& recognise = *app.add_subcommand("recognise", "the rules by which textbook formulas are repaired, or what one is worth");
  recognise.add_option("NAME", rules.name, "a rule to measure against the truth, or all");
  recognise.add_flag("--markdown", rules.markdown, "all rules, measured, as Markdown: docs/recognise.md");
  recognise.add_option("--samples", rules.samples, "so many random arguments, and the edges; 2000 unless given");
  recognise.add_option("--seed", rules.seed, "of the random arguments");
  recognise.add_option("--spelling", rules.spelling, "a seed: the formula is spelled at random");
  recognise.add_option("--threads", rules.threads, "at most so many; 0: all cores");
  CLI::App& info = *app.add_subcommand("info", "version, LLVM, host, threads, cache");

  try {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    files = take_files(arguments);
    if (arguments.empty()) return report(fmt::format("a subcommand is missing: {}", usage), 2);
    const std::string& first = arguments[0];
    const auto all = app.get_subcommands([](CLI::App*) { return true; });
    const bool known = std::any_of(all.begin(), all.end(), [&](const CLI::App* a) { return a->get_name() == first; });
    if (!first.starts_with('-') && !known) return report(fmt::format("unknown subcommand '{}': {}", first, usage), 2);
    app.parse(for_parser(std::move(arguments)));
    for (const std::string& file : files) load_activations(file);
    if (options.expression.starts_with(' ')) options.expression.erase(0, 1);
    if (eval.parsed()) return run_eval(options);
    if (show.parsed()) return run_show(options);
    if (bench.parsed()) return run_bench(options, timing);
    if (plot.parsed()) return run_plot(options, figure);
    if (certify.parsed()) return run_certify(options, choices);
    if (check.parsed()) return run_check(options, checks);
    if (activations.parsed()) {
      if (!pictures.empty()) draw_activations(pictures);
      if (markdown) print(activations_markdown());
      return markdown || !pictures.empty() ? 0 : run_activations(activation);
    }
    if (recognise.parsed()) return run_recognise(rules);
    if (info.parsed()) return run_info();
    return 0;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return report(e.what(), 2);
  } catch (const NonFiniteError& e) {
    return report(located(e.what(), options.expression), 1);
  } catch (const Error& e) {
    return report(located(e.what(), options.expression), 2);
  } catch (const Mismatch& m) {
    return report(m.message, 1);
  } catch (const std::bad_alloc&) {
    return report("out of memory", 1);
  } catch (const std::exception& e) {
    return report(e.what(), 1);
  }
}

}  // namespace

void print(std::string_view text) {
  const std::size_t n = std::fwrite(text.data(), 1, text.size(), stdout);
  if (n != text.size() || std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
}

}  // namespace actinium::cli

int main(int argc, char** argv) { return actinium::cli::run(argc, argv); }
