// See peers.hpp.
#include "peers.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace bench {

using Json = nlohmann::json;

namespace {

/// The column of a library.
std::string column_of(const std::string& library) {
  if (library == "jax") return "JAX";
  if (library == "drjit") return "Dr.Jit";
  if (library == "casadi") return "CasADi";
  return library;
}

}  // namespace

struct PythonPeers::Process {
  std::string library;
  pid_t id = -1;
  FILE *to = nullptr, *from = nullptr;

  Process(const std::filesystem::path& python, const std::filesystem::path& script, const std::string& name)
      : library(name) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe to " + name);
    id = fork();
    if (id == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      // Freed memory is kept: without this, large results pay for a page fault every 4 KiB.
      setenv("MALLOC_MMAP_MAX_", "0", 1);
      setenv("MALLOC_TRIM_THRESHOLD_", "17179869184", 1);
      setenv("MALLOC_TOP_PAD_", "268435456", 1);
      setenv("PYTHONWARNINGS", "ignore", 1);
      execl(python.c_str(), python.c_str(), script.c_str(), name.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to = fdopen(in[1], "w");
    from = fdopen(out[0], "r");
  }
  ~Process() {
    if (to) std::fclose(to);  // the end of its input ends it
    if (from) std::fclose(from);
    if (id > 0) waitpid(id, nullptr, 0);
  }
  Json read() {
    std::string line;
    for (int c; (c = std::fgetc(from)) != EOF && c != '\n';) line.push_back(static_cast<char>(c));
    if (line.empty()) throw std::runtime_error(library + " ended");
    return Json::parse(line);
  }
  Json ask(const Json& request) {
    std::fprintf(to, "%s\n", request.dump().c_str());
    std::fflush(to);
    Json answer = read();
    if (answer.contains("failure")) throw std::runtime_error(answer["failure"].get<std::string>());
    return answer;
  }
};

PythonPeers::PythonPeers(const std::filesystem::path& python, const std::filesystem::path& script,
                         const std::vector<std::string>& libraries, const Settings& settings)
    : settings_(settings) {
  signal(SIGPIPE, SIG_IGN);
  char name[] = "/tmp/actinium-bench-XXXXXX";
  if (mkdtemp(name) == nullptr) throw std::runtime_error("no directory for the peers' arrays in /tmp");
  directory_ = name;
  for (const std::string& library : libraries) {
    try {
      auto process = std::make_shared<Process>(python, script, library);
      process->read();
      processes_.push_back(std::move(process));
    } catch (const std::exception& e) {
      std::cerr << "without " << column_of(library) << ": " << e.what() << "\n";
    }
  }
}

PythonPeers::~PythonPeers() {
  processes_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void PythonPeers::add(const std::string& key, Row& row) {
  const std::filesystem::path place = directory_ / key;
  std::filesystem::create_directory(place);
  for (const auto& [name, tensor] : row.inputs) ac::save_npy((place / (name + ".npy")).string(), tensor);
  for (const auto& process : processes_) {
    const std::string column = column_of(process->library);
    try {
      const Json answer = process->ask(
          {{"do", "prepare"}, {"row", key}, {"directory", place.string()}, {"threads", settings_.threads}});
      for (std::size_t i = 0; i < answer["variants"].size(); ++i) {
        const Json& variant = answer["variants"][i];
        Contender c{column, variant["name"], {}};
        if (variant.contains("failure")) {
          c.sample = [why = variant["failure"].get<std::string>()](int) -> double { throw std::runtime_error(why); };
        } else {
          for (int k = 0; k < variant["outputs"].get<int>(); ++k) {
            c.outputs.push_back(ac::load_npy(
                (place / ("_" + process->library + "_" + std::to_string(i) + "_" + std::to_string(k) + ".npy"))
                    .string()));
          }
          c.sample = [process, i, clock = settings_.cpu_time ? "process" : "wall"](int count) {
            return process->ask({{"do", "time"}, {"variant", i}, {"count", count}, {"clock", clock}})["seconds"]
                .get<double>();
          };
        }
        row.contenders.push_back(std::move(c));
      }
    } catch (const std::exception& e) {
      row.contenders.push_back(
          {column, "", {}, {}, [why = std::string(e.what())](int) -> double { throw std::runtime_error(why); }});
    }
  }
  std::filesystem::remove_all(place);
}

}  // namespace bench
