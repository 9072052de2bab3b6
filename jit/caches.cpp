// Reads what Linux knows of the first processor's caches. sysconf would tell the same but for the third: there glibc
// counts the parts of a processor that a virtual machine has no share of.
#include "jit/caches.hpp"

#include <fstream>
#include <string>

namespace actinium::jit {
namespace {

Caches read_caches() {
  Caches found;
  for (int i = 0; i < 16; ++i) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    int level = 0;
    std::string type;
    std::int64_t size = 0;
    char unit = 'B';
    std::ifstream(folder + "level") >> level;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "size") >> size >> unit;
    if (size <= 0 || type == "Instruction") continue;
    size *= unit == 'K' ? 1 << 10 : unit == 'M' ? 1 << 20 : 1;
    if (level == 1) found.first = size;
    if (level == 2) found.second = size;
    if (level == 3) found.third = size;
  }
  return found;
}

}  // namespace

const Caches& caches() {
  static const Caches found = read_caches();
  return found;
}

}  // namespace actinium::jit
