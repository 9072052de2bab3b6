// Names of instruction sets, and what the host has of them.
#include "jit/target.hpp"

#include <fmt/format.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "actinium/error.h"

namespace actinium::jit {
namespace {

struct Level {
  std::string_view name;
  int vector_bits;
  std::vector<std::string_view> needs;  ///< beyond the level before
};

const std::array<Level, 3>& levels() {
  static const std::array<Level, 3> all{
      Level{"x86-64-v2", 128, {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt"}},
      Level{"x86-64-v3", 256, {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}},
      Level{"x86-64-v4", 512, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
  };
  return all;
}

const llvm::StringMap<bool>& host_features() {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  return features;
}
bool host_has(std::string_view feature) {
  return host_features().lookup(llvm::StringRef(feature.data(), feature.size()));
}

bool host_is_x86() { return llvm::Triple(llvm::sys::getProcessTriple()).getArch() == llvm::Triple::x86_64; }

/// The first feature of `level` (and those below it) that the host lacks, or nothing.
std::string_view missing_feature(std::size_t level) {
  for (std::size_t i = 0; i <= level; ++i) {
    for (std::string_view feature : levels()[i].needs) {
      if (!host_has(feature)) return feature;
    }
  }
  return {};
}

void set_level(Target& target, std::size_t level) {
  target.x86 = true;
  target.vector_bits = levels()[level].vector_bits;
  target.avx2 = target.fma = level >= 1;
  target.avx512 = level >= 2;
}

Target native_target() {
  Target target{.isa = "native",
                .triple = llvm::sys::getProcessTriple(),
                .cpu = llvm::sys::getHostCPUName().str(),
                .features = {}};
  std::vector<std::string> features;
  for (const auto& feature : host_features()) features.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(features.begin(), features.end());
  target.features = fmt::format("{}", fmt::join(features, ","));
  if (!host_is_x86()) {
    target.fma = true;  // every 64-bit architecture but x86-64-v1 and v2 has it
    return target;
  }
  set_level(target, 0);
  if (missing_feature(1).empty()) set_level(target, 1);
  if (missing_feature(2).empty()) set_level(target, 2);
  return target;
}

}  // namespace

const Target& find_target(const std::string& isa) {
  static const std::map<std::string, Target, std::less<>> targets = [] {
    std::map<std::string, Target, std::less<>> all;
    all.emplace("native", native_target());
    for (std::size_t i = 0; i < levels().size(); ++i) {
      Target target{.isa = std::string(levels()[i].name),
                    .triple = llvm::sys::getProcessTriple(),
                    .cpu = std::string(levels()[i].name),
                    .features = {}};
      set_level(target, i);
      all.emplace(target.isa, target);
    }
    return all;
  }();
  const auto found = targets.find(isa);
  if (found == targets.end()) {
    throw CompileError(
        fmt::format("unknown instruction set \"{}\": known are native, x86-64-v2, x86-64-v3, x86-64-v4", isa));
  }
  if (isa == "native") return found->second;
  if (!host_is_x86())
    throw CompileError(fmt::format("instruction set {}: this machine is {}", isa, llvm::sys::getProcessTriple()));
  const auto level = static_cast<std::size_t>(isa.back() - '2');
  if (const std::string_view feature = missing_feature(level); !feature.empty()) {
    throw CompileError(
        fmt::format("instruction set {}: this machine ({}) lacks {}", isa, find_target("native").cpu, feature));
  }
  return found->second;
}

std::string describe_host() {
  const Target& host = find_target("native");
  const std::string_view level = host.avx512 ? "x86-64-v4"
                                 : host.avx2 ? "x86-64-v3"
                                 : host.x86  ? "x86-64-v2"
                                             : "generic";
  return fmt::format("{} ({}, vectors of {} bits, {}), LLVM {}", host.cpu, level, host.vector_bits,
                     host.fma ? "fused multiply-add" : "no fused multiply-add", LLVM_VERSION_STRING);
}

}  // namespace actinium::jit
