// What code is generated for: an instruction set by the name a user asked for, checked against the host.
#pragma once
#include <string>

#include "actinium/dtype.h"

namespace actinium::jit {

struct Target {
  std::string isa;  ///< as asked: "native", "x86-64-v3", ...
  std::string triple;
  std::string cpu;       ///< LLVM's name
  std::string features;  ///< LLVM's list: "+avx512f,..."
  int vector_bits = 128;
  bool x86 = false;
  bool fma = false;  ///< has fused multiply-add, so muladd fuses
  bool avx2 = false;
  bool avx512 = false;  ///< F, BW, DQ and VL: masks, vscalef and permutations of two registers at every width

  /// Elements of `bytes` each that fill a vector register.
  int lanes(int bytes) const { return vector_bits / (8 * bytes); }
};

/// The target with this name; CompileError for an unknown name and for one whose instructions the host lacks. The
/// reference stays valid for the life of the process.
const Target& find_target(const std::string& isa);

/// CPU name, vector features and LLVM's version, for people.
std::string describe_host();

}  // namespace actinium::jit
