// The truth over whole intervals of f32 numbers: a polynomial with a proven error on each. Start reading at cover.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "certify/reference.hpp"

namespace actinium::exact {

/// Numbers with consecutive bit patterns, all of one exponent and sign.
struct Cell {
  static constexpr int degree = 7;
  enum class Kind : char {
    polynomial,
    undefined,  ///< there is no real value anywhere in it
    pointwise,  ///< too wild: numbers are judged one by one
  };
  std::uint32_t first = 0, count = 0;
  Kind kind = Kind::pointwise;
  double centre = 0, inverse_width = 0;       ///< t = (x - centre) * inverse_width is in [-1, 1]
  std::array<double, degree + 1> coefficients{};  ///< in t; within 2**reference_error_exponent ulp of f32

  /// The truth at numbers of a polynomial cell.
  void evaluate(std::span<const float> x, double* truth) const;
};

/// Cells for `count` patterns from `first`, a power of two that divides `first`, at most 2**23, finite and of one sign.
std::vector<Cell> cover(const Reference& reference, int order, std::uint32_t first, std::uint32_t count);

}  // namespace actinium::exact
