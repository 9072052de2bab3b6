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
#include "peers.hpp"
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

/// The text goes between these marks of a page, or is a page of its own.
constexpr std::string_view mark_begin = "<!-- measured -->\n", mark_end = "<!-- end of measured -->\n";

void write_page(const std::string& path, const std::string& text) {
  std::ostringstream old;
  if (std::ifstream file(path); file) old << file.rdbuf();
  std::string page = old.str();
  const std::size_t begin = page.find(mark_begin), end = page.find(mark_end);
  const std::string marked = std::string(mark_begin) + text + std::string(mark_end);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    page = "# Performance\n\n" + marked;
  } else {
    page.replace(begin, end + mark_end.size() - begin, marked);
  }
  std::ofstream file(path);
  file << page;
  if (!file.flush()) throw ac::IoError(path + ": cannot be written");
}

/// With several threads the goals are about what the others add: close to a core each where arithmetic is the limit,
/// and never less than one thread gives (5 % are left to noise).
void beside_one_thread(const Entry& entry, Row& row, Settings settings) {
  const double factor = row.scales ? 0.95 * settings.threads : 0.95;
  settings.threads = 1;
  settings.native = false;
  Contender one = entry.make(settings).contenders.front();
  one.name = "ours, 1 thread";
  row.contenders.insert(row.contenders.begin() + 1, std::move(one));
  row.goals = {{"ours, 1 thread", factor}};
}

struct Options {
  std::vector<std::string> cases;
  std::string peers = "native", json, markdown, python = "build/peers/bin/python";
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
  std::optional<PythonPeers> python;
  if (options.peers == "all") {
    if (!std::filesystem::exists(options.python))
      throw ac::IoError(options.python + ": there is no such program; bench/peers/run makes that environment");
    python.emplace(options.python, BENCH_PEERS, std::vector<std::string>{"jax", "torch", "drjit", "heyoka", "casadi"},
                   settings);
  }
  const std::string machine = machine_text(options.threads);
  std::cerr << machine << "\n";
  std::vector<Measured> all;
  for (const Entry& e : entries) {
    std::cerr << fmt::format("[{}/{}] {}\n", all.size() + 1, entries.size(), e.what);
    Row row = e.make(settings);
    if (settings.threads > 1) beside_one_thread(e, row, settings);
    if (python) python->add(e.key, row);
    all.push_back(measure(e, std::move(row), settings));
    std::cerr << progress_line(all.back()) << "\n";
  }
  print_table(std::cout, all);
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    write_json(file, all, machine, command);
    if (!file.flush()) throw ac::IoError(options.json + ": cannot be written");
  }
  if (!options.markdown.empty()) {
    std::ostringstream text;
    write_markdown(text, all, machine, command);
    write_page(options.markdown, text.str());
  }
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
  app.add_option("--python", o.python, "the interpreter that has them (default build/peers/bin/python)");
  app.add_option("--seconds", o.seconds, "for each contender of a row (default 0.5)")->check(CLI::PositiveNumber);
  app.add_option("--threads", o.threads, "for everybody who can use them (default 1)")->check(CLI::Range(1, 1024));
  app.add_flag("--cpu-time", o.cpu_time,
               "with one thread: count the time that it had a core, for a machine that others use too");
  app.add_option("--json", o.json, "also write what was measured, a line a contender");
  app.add_option("--markdown", o.markdown,
                 "also write the table as Markdown, into the marked part of a page if there is one");
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
