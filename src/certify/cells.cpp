// Taylor's polynomial around the middle of a cell, with a bound on the rest from the next coefficient over all of it; a
// cell is halved until that bound is small enough.
#include "certify/cells.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace actinium::exact {
namespace {

constexpr int degree = Cell::degree;
constexpr std::uint32_t smallest = 8;  ///< numbers in a cell below which a polynomial does not pay

/// A power of two as an exponent: the half width of a cell.
int half_width(std::uint32_t first, std::uint32_t count) {
  const int exponent = std::max<int>(static_cast<int>(first >> 23 & 0xff), 1);
  return exponent - 127 - 23 + std::countr_zero(count) - 1;
}

/// Balls of a great width have lost one end of exp, so far out they say nothing. There a function is beyond every f32,
/// below the smallest, or a straight line to within 2**-100, and that is read off points across the cell.
bool is_asymptotic(Cell& cell, const Reference& reference, int order, double low, double high) {
  constexpr double extreme = 4.0 * 127, straight = -100;
  constexpr int steps = 8;
  const Series::Context context(1, 640);
  std::vector<Series> at;
  int side = 2;
  bool same_side = true;
  for (int i = 0; i <= steps; ++i) {
    const double x = low + (high - low) * i / steps;
    at.push_back(reference.evaluate(x, x, order, 1, 640));
    if (at.back().is_undefined() && (i == 0 || at[0].is_undefined())) continue;
    if (!at.back().is_known()) return false;
    const Series::Magnitude m = at.back().magnitude(0);
    const int here = m.high < -extreme ? 0 : m.low > extreme ? at.back().sign(0) : 2;
    same_side = same_side && here != 2 && (i == 0 || here == side);
    side = here;
  }
  if (at[0].is_undefined() && at[steps].is_undefined()) {
    cell.kind = Cell::Kind::undefined;
    return true;
  }
  if (at[0].is_undefined() || at[steps].is_undefined()) return false;
  cell.kind = Cell::Kind::polynomial;
  if (same_side) {
    cell.coefficients[0] = side * 1e300;
    return true;
  }
  if (std::min(std::abs(low), std::abs(high)) < 0x1p10) return false;  // kinks and bends are nearer
  const Series slope = (at[steps] - at[0]) / Series(high - low);
  for (int i = 1; i < steps; ++i) {
    const Series line = at[0] + slope * Series((high - low) * i / steps);
    if ((line - at[static_cast<std::size_t>(i)]).magnitude(0).high > line.magnitude(0).low + straight) return false;
  }
  cell.coefficients[0] = (at[0] + slope * (Series(cell.centre) - Series(low))).coefficient(0).middle;
  cell.coefficients[1] = (slope / Series(cell.inverse_width)).coefficient(0).middle;
  return true;
}

/// The bound on |f - polynomial|: the rest of the series, what its coefficients left out, and the rounding of its evaluation.
bool fill_polynomial(Cell& cell, const Reference& reference, int order, double low, double high, int width) {
  const Series over = reference.evaluate(low, high, order, degree + 2, 320);
  if (over.is_undefined()) {
    cell.kind = Cell::Kind::undefined;
    return true;
  }
  if (!over.is_known()) return false;
  const double rest_exponent = over.magnitude(degree + 1).high + (degree + 1.0) * width;
  const double rest = rest_exponent < -1000 ? 0 : std::exp2(rest_exponent);
  if (!std::isfinite(rest)) return false;
  // As much precision as it takes to know the leading coefficients against cancellation.
  for (long precision = 128; precision <= 1024; precision *= 2) {
    const Series at = reference.evaluate(cell.centre, cell.centre, order, degree + 1, precision);
    if (!at.is_known()) continue;
    double sum = 0, loose = rest;
    for (int i = 0; i <= degree; ++i) {
      const Series::Ball c = at.coefficient(i, static_cast<long>(i) * width);
      cell.coefficients[static_cast<std::size_t>(i)] = c.middle;
      loose += c.radius;
      if (i > 0) sum += std::abs(c.middle);
    }
    const double leading = std::abs(cell.coefficients[0]);
    const double least = std::max(leading - sum - loose, 0.0);
    const double allowed =
        std::ldexp(1.0, f32_format.last_place(least > 0 ? std::ilogb(least) : -2000) + reference_error_exponent);
    if (least > std::ldexp(1.0, f32_format.max_exponent + 3)) {  // infinite as f32 whatever its digits are
      cell.kind = Cell::Kind::polynomial;
      return loose < least;
    }
    if (rest > allowed / 2) return false;
    if (loose + (leading + sum) * 0x1p-49 <= allowed) {
      cell.kind = Cell::Kind::polynomial;
      return true;
    }
    if ((leading + sum) * 0x1p-49 > allowed / 2) return false;
  }
  return false;
}

bool fill(Cell& cell, const Reference& reference, int order) {
  const double a = std::bit_cast<float>(cell.first), b = std::bit_cast<float>(cell.first + cell.count - 1);
  const int width = half_width(cell.first, cell.count);
  cell.inverse_width = std::ldexp(1.0, -width);
  cell.centre = a + std::copysign(std::ldexp(1.0, width), std::signbit(std::bit_cast<float>(cell.first)) ? -1.0 : 1.0);
  cell.coefficients.fill(0);
  if (fill_polynomial(cell, reference, order, std::min(a, b), std::max(a, b), width)) return true;
  cell.coefficients.fill(0);
  return std::abs(a) >= 16 && is_asymptotic(cell, reference, order, std::min(a, b), std::max(a, b));
}

/// Neighbouring numbers have nothing to do with each other here (sin of huge ones): not even a few of them fit.
bool is_wild(const Reference& reference, int order, std::uint32_t first, std::uint32_t count) {
  constexpr std::uint32_t few = 256, places = 5;
  if (count < 64 * few) return false;
  for (std::uint32_t i = 0; i < places; ++i) {
    Cell cell{first + count / places * i / few * few, few};
    if (fill(cell, reference, order)) return false;
  }
  return true;
}

__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"))) void sum_up(
    const float* __restrict x, double* __restrict truth, std::size_t n, double centre, double scale,
    const std::array<double, degree + 1>& c) {
  for (std::size_t i = 0; i < n; ++i) {
    const double t = (static_cast<double>(x[i]) - centre) * scale;
    const double low = (c[1] * t + c[0]) + (c[3] * t + c[2]) * (t * t);
    const double high = (c[5] * t + c[4]) + (c[7] * t + c[6]) * (t * t);
    truth[i] = low + high * ((t * t) * (t * t));
  }
}

}  // namespace

void Cell::evaluate(std::span<const float> x, double* truth) const {
  sum_up(x.data(), truth, x.size(), centre, inverse_width, coefficients);
}

std::vector<Cell> cover(const Reference& reference, int order, std::uint32_t first, std::uint32_t count) {
  std::vector<Cell> cells;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open{{first, count}};
  if (is_wild(reference, order, first, count)) return {Cell{first, count}};
  while (!open.empty()) {
    const auto [from, n] = open.back();
    open.pop_back();
    Cell cell{from, n};
    if (n > smallest && !fill(cell, reference, order)) {
      open.emplace_back(from + n / 2, n / 2);
      open.emplace_back(from, n / 2);
      continue;
    }
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace actinium::exact
