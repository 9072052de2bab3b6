// `actinium bench`: how long an expression takes to compile, to call for the first time, and to call. Start reading at
// run_bench.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "command.hpp"

namespace actinium::cli {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Calls are timed in groups that take at least this long, so that reading the clock does not count.
constexpr double shortest_group = 5e-6;
/// Measuring ends after so many groups or so long.
constexpr std::size_t most_groups = 1000;
constexpr double longest = 1.0;

struct Times {
  double least = 0, median = 0, p95 = 0;  ///< seconds of one call
  std::size_t runs = 0;
};

template <class Call>
Times measure(Call&& call) {
  const Clock::time_point begin = Clock::now();
  call();
  const double once = seconds_since(begin);
  const auto group = static_cast<std::size_t>(std::max(1.0, std::ceil(shortest_group / std::max(once, 1e-9))));
  std::vector<double> samples;
  while (samples.size() < 3 || (samples.size() < most_groups && seconds_since(begin) < longest)) {
    const Clock::time_point start = Clock::now();
    for (std::size_t i = 0; i < group; ++i) call();
    samples.push_back(seconds_since(start) / static_cast<double>(group));
  }
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double q) {
    return samples[static_cast<std::size_t>(q * static_cast<double>(samples.size() - 1))];
  };
  return {samples.front(), at(0.5), at(0.95), samples.size() * group};
}

int threads_of(const CompileOptions& options) {
  return options.threads > 0 ? options.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::string table(const json& result) {
  const auto number = [&](const char* key) { return result[key].get<double>(); };
  std::string text = fmt::format("compile        {:.3f} ms\nfirst call     {:.2f} us\n", number("compile_ms"),
                                 number("first_call_us"));
  const json& call = result["call_us"];
  text +=
      fmt::format("call           {:.3f} us (median {:.3f}, 95 % below {:.3f}; {} runs, {} thread{})\n",
                  call["min"].get<double>(), call["median"].get<double>(), call["p95"].get<double>(),
                  result["runs"].get<std::size_t>(), result["threads"].get<int>(), result["threads"] == 1 ? "" : "s");
  text += fmt::format("work           {:.4g} flop, {:.4g} bytes: {:.2f} GFLOP/s, {:.2f} GB/s\n", number("flops"),
                      number("bytes"), number("gflops"), number("gbps"));
  text += fmt::format("memory         {} bytes of workspace, {} kernels\n",
                      result["workspace_bytes"].get<std::size_t>(), result["kernels"].get<std::size_t>());
  if (!result.contains("profile")) return text;
  double total = 0;
  for (const json& k : result["profile"]) total += k["us"].get<double>();
  text += fmt::format("\n{:>10} {:>6} {:>9} {:>9}  kernel\n", "us", "share", "GFLOP/s", "GB/s");
  for (const json& k : result["profile"]) {
    text += fmt::format("{:10.3f} {:5.1f}% {:9.2f} {:9.2f}  {}\n", k["us"].get<double>(),
                        100 * k["us"].get<double>() / total, k["gflops"].get<double>(), k["gbps"].get<double>(),
                        k["name"].get<std::string>());
  }
  return text;
}

}  // namespace

int run_bench(const Options& options, const BenchChoices& choices) {
  CompileOptions compiled = compile_options(options);
  compiled.cache = false;
  const Problem p = read_shapes(options);
  const Bindings sizes = read_sizes(options, p);
  const std::vector<Tensor> in = random_inputs(p, options);

  const Clock::time_point compile_start = Clock::now();
  const auto f = compile(p.inputs, p.outputs, compiled);
  const double compile_seconds = seconds_since(compile_start);
  const Clock::time_point first_start = Clock::now();
  std::vector<Tensor> out = f(in);
  const double first = seconds_since(first_start);

  const std::vector<ArrayRef> given(in.begin(), in.end());
  const std::vector<MutableArrayRef> written(out.begin(), out.end());
  const Times times =
      measure([&] { f.call(std::span<const ArrayRef>(given), std::span<const MutableArrayRef>(written)); });
  const Stats stats = f.stats(sizes);
  json result{{"compile_ms", compile_seconds * 1e3},
              {"first_call_us", first * 1e6},
              {"call_us", {{"min", times.least * 1e6}, {"median", times.median * 1e6}, {"p95", times.p95 * 1e6}}},
              {"runs", times.runs},
              {"threads", threads_of(compiled)},
              {"flops", stats.flops},
              {"bytes", stats.bytes},
              {"gflops", stats.flops * 1e-9 / times.median},
              {"gbps", stats.bytes * 1e-9 / times.median},
              {"workspace_bytes", stats.workspace},
              {"kernels", stats.kernels}};
  if (choices.profile) {
    const auto runs = static_cast<int>(std::clamp(0.2 / times.median, 3.0, 1000.0));
    const Bound step = f.bind(std::span<const ArrayRef>(given), std::span<const MutableArrayRef>(written));
    json kernels = json::array();
    for (const KernelTime& k : step.profile(runs)) {
      kernels.push_back({{"name", k.name},
                         {"us", k.seconds * 1e6},
                         {"flops", k.flops},
                         {"bytes", k.bytes},
                         {"gflops", k.flops * 1e-9 / k.seconds},
                         {"gbps", k.bytes * 1e-9 / k.seconds}});
    }
    result["profile"] = std::move(kernels);
  }
  print(choices.as_json ? result.dump() + '\n' : table(result));
  if (options.explain) std::fputs(f.explain().c_str(), stderr);
  return 0;
}

}  // namespace actinium::cli
