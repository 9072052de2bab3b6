// Sizes of the host's caches: blocks and thresholds are made of them, never results. Start reading at caches().
#pragma once
#include <cstdint>

namespace actinium::jit {

/// In bytes; those of data alone, or of both.
struct Caches {
  std::int64_t first = std::int64_t{32} << 10;
  std::int64_t second = std::int64_t{512} << 10;
  std::int64_t third = std::int64_t{16} << 20;
};

/// Read when it is first asked for; what the system does not tell is as above.
const Caches& caches();

}  // namespace actinium::jit
