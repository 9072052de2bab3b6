// The cases: what people do with such an engine, beside every peer at hand and what the machine allows. A row is a
// piece of work (row.hpp); its contenders are measured in turns (measure.hpp) and end up in one table (report.hpp).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "../machine.hpp"
#include "blas.hpp"
#include "report.hpp"

namespace bench {
namespace {

std::vector<Entry> all_entries() {
  std::vector<Entry> entries;
  add_layer(entries);
  add_mlp(entries);
  add_one_row(entries);
  add_narrow(entries);
  add_elementwise(entries);
  add_cross_entropy(entries);
  add_student(entries);
  add_compile(entries);
  add_burgers(entries);
  add_arm(entries);
  return entries;
}

/// "4" is all rows of case 4, "8g" that row.
std::vector<Entry> chosen(const std::vector<std::string>& wanted) {
  const std::vector<Entry> entries = all_entries();
  if (wanted.empty()) return entries;
  std::vector<Entry> list;
  for (const Entry& e : entries) {
    for (const std::string& w : wanted) {
      if (w == e.key || w == std::to_string(e.number)) {
        list.push_back(e);
        break;
      }
    }
  }
  for (const std::string& w : wanted) {
    const bool known = std::any_of(entries.begin(), entries.end(),
                                   [&](const Entry& e) { return w == e.key || w == std::to_string(e.number); });
    if (!known) throw CLI::ValidationError("--cases", "there is no case " + w + "; --list shows them");
  }
  return list;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string machine_text(int threads) {
  return fmt::format(
      "{}, {} thread{}, FMA peak {:.0f} GFLOP/s (f32) and {:.0f} (f64) a core, copy {:.0f} GB/s, Actinium {}",
      processor(), threads, threads == 1 ? "" : "s", fma_peak(false), fma_peak(true),
      copy_bandwidth(std::size_t{1} << 26), ac::version());
}

struct Options {
  std::vector<std::string> cases;
  std::string peers = "native", json, markdown;
  double seconds = 0.5;
  int threads = 1;
  bool cpu_time = false;
  bool list = false;
};

int run(const Options& options, const std::string& command) {
  if (options.list) {
    for (const Entry& e : all_entries()) std::cout << fmt::format("{:7} {}\n", e.key, e.what);
    return 0;
  }
  const std::vector<Entry> entries = chosen(options.cases);
  const Settings settings{options.seconds, options.threads, options.cpu_time, options.peers != "none"};
  const std::string machine = machine_text(options.threads);
  std::cerr << machine << "\n";
  std::vector<Measured> all;
  for (const Entry& e : entries) {
    std::cerr << fmt::format("[{}/{}] {}\n", all.size() + 1, entries.size(), e.what);
    all.push_back(measure(e, e.make(settings), settings));
    std::cerr << progress_line(all.back()) << "\n";
  }
  print_table(std::cout, all);
  const auto write = [&](const std::string& path, auto&& content) {
    if (path.empty()) return;
    std::ofstream file(path);
    content(file);
    if (!file.flush()) throw ac::IoError(path + ": cannot be written");
  };
  write(options.json, [&](std::ostream& out) { write_json(out, all, machine, command); });
  write(options.markdown, [&](std::ostream& out) { write_markdown(out, all, machine, command); });
  return 0;
}

/// Libraries read these when they are loaded, so the program starts itself again with them.
void set_environment(int threads, char** argv) {
  if (std::getenv("ACTINIUM_BENCH_STARTED")) return;
  setenv("ACTINIUM_BENCH_STARTED", "1", 1);
  setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);
  // OpenBLAS takes recent processors of AMD's for older ones.
  if (__builtin_cpu_supports("avx512f")) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  execv("/proc/self/exe", argv);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  CLI::App app{"Runs the cases of docs/performance.md and prints one table; progress goes to stderr."};
  bench::Options o;
  app.add_option("--cases", o.cases, "which: 1,4 or rows as 8g (default: all)")->delimiter(',');
  app.add_option("--peers", o.peers, "none, native or all (with those in Python, see bench/peers)")
      ->check(CLI::IsMember({"none", "native", "all"}));
  app.add_option("--seconds", o.seconds, "for each contender of a row (default 0.5)")->check(CLI::PositiveNumber);
  app.add_option("--threads", o.threads, "for everybody who can use them (default 1)")->check(CLI::Range(1, 1024));
  app.add_flag("--cpu-time", o.cpu_time,
               "with one thread: count the time that it had a core, for a machine that others use too");
  app.add_option("--json", o.json, "also write what was measured, a line a contender");
  app.add_option("--markdown", o.markdown, "also write the table as Markdown");
  app.add_flag("--list", o.list, "the rows that there are");
  try {
    app.parse(argc, argv);
    bench::set_environment(o.threads, argv);
    bench::blas::threads(o.threads);
    std::string command = "bench/cases";
    for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
    return bench::run(o, command);
  } catch (const CLI::Error& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::cerr << "cases: " << e.what() << "\n";
    return 1;
  }
}
