// A child process with its output in two files.
#include "tool.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace actinium::contract {
namespace {

std::string contents(int file) {
  std::string text;
  char buffer[4096];
  ::lseek(file, 0, SEEK_SET);
  for (ssize_t n; (n = ::read(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  ::close(file);
  return text;
}

int temporary() {
  char name[] = "/tmp/actinium_contract_XXXXXX";
  const int file = ::mkstemp(name);
  if (file < 0) std::abort();
  ::unlink(name);
  return file;
}

}  // namespace

Outcome run_tool(const std::vector<std::string>& arguments) {
  const int out = temporary(), err = temporary();
  std::vector<char*> argv{const_cast<char*>(ACTINIUM_TOOL)};
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execv(ACTINIUM_TOOL, argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out), contents(err)};
}

}  // namespace actinium::contract
