// What there is to say about the machine.
#include <actinium/version.h>
#include <fmt/format.h>
#include <tbb/info.h>

#include "runtime/engine.hpp"

namespace actinium {

std::string host_description() {
  const runtime::JitEngine& jit = runtime::jit_engine();
  const std::string host = jit.describe_host != nullptr
                               ? jit.describe_host()
                               : std::string("no JIT in this library: the interpreter runs everything");
  return fmt::format("{}{}threads: {}\n", host, host.ends_with('\n') ? "" : "\n", tbb::info::default_concurrency());
}

}  // namespace actinium
