// The floating-point environment of a call: round to nearest, subnormals kept, nothing trapped, whatever the caller
// set.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace actinium::runtime {

/// For its lifetime the environment is the default one. Costs one read if it is already.
class FloatEnvironment {
 public:
#if defined(__x86_64__)
  FloatEnvironment() : saved_(_mm_getcsr()) {
    if ((saved_ & control) != standard) [[unlikely]] {
      _mm_setcsr(standard);
      changed_ = true;
    }
  }
  ~FloatEnvironment() {
    if (changed_) [[unlikely]]
      _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned control = 0xffc0, standard = 0x1f80;  // all but the sticky flags; exceptions masked
  unsigned saved_;
#elif defined(__aarch64__)
  FloatEnvironment() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    if ((saved_ & control) != 0) [[unlikely]] {
      asm volatile("msr fpcr, %0" : : "r"(saved_ & ~control));
      changed_ = true;
    }
  }
  ~FloatEnvironment() {
    if (changed_) [[unlikely]]
      asm volatile("msr fpcr, %0" : : "r"(saved_));
  }

 private:
  static constexpr std::uint64_t control = 0x7c09f00;  // AHP, DN, FZ, RMode, FZ16, traps
  std::uint64_t saved_;
#else
  FloatEnvironment() = default;

 private:
#endif
  bool changed_ = false;

 public:
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;
};

}  // namespace actinium::runtime
