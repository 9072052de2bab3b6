// Scales and ticks.
#include "figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace actinium::cli {
namespace {

constexpr std::string_view minus = "\u2212";

/// 10 to the n-th in raised digits.
std::string power_of_ten(int n) {
  static constexpr std::string_view raised[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                                "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = "10";
  if (n < 0) text += "\u207b";
  for (const char c : fmt::format("{}", std::abs(n))) text += raised[c - '0'];
  return text;
}

std::string signed_text(double value, int decimals) {
  const std::string digits = fmt::format("{:.{}f}", std::abs(value), decimals);
  const bool negative = value < 0 && digits.find_first_not_of("0.") != std::string::npos;
  return negative ? std::string(minus) + digits : digits;
}

/// The least of 1, 2, 5 times a power of ten that is at least `raw`.
double round_step(double raw) {
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0})
    if (m * power >= raw * (1 - 1e-9)) return m * power;
  return 10 * power;
}

Ticks linear_ticks(const Interval& range, int wanted) {
  Ticks ticks;
  const double step = round_step((range.high - range.low) / wanted);
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  if (step < 1e-14 * largest) {  // between neighbouring floats there are no round numbers
    ticks.list = {{range.low, fmt::format("{}", range.low)}, {range.high, fmt::format("{}", range.high)}};
    return ticks;
  }
  int exponent = static_cast<int>(std::floor(std::log10(largest)));
  if (exponent > -4 && exponent < 5) exponent = 0;
  if (exponent != 0) ticks.factor = "\u00d7" + power_of_ten(exponent);
  const double unit = std::pow(10, exponent);
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step / unit) + 1e-9)));
  for (double k = std::ceil(range.low / step - 1e-9); k <= range.high / step + 1e-9; ++k)
    ticks.list.push_back({k * step, k == 0 ? "0" : signed_text(k * step / unit, decimals)});
  return ticks;
}

/// Zero and powers of ten on both sides, every n-th so that there are not too many.
Ticks log_ticks(const Axis& axis, int wanted) {
  const Interval& range = axis.range;
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  const int first = static_cast<int>(std::ceil(std::log10(axis.scale.threshold) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
  const int sides = (range.low < 0 ? 1 : 0) + (range.high > 0 ? 1 : 0);
  const int stride = std::max(1, (sides * (last - first + 1) + wanted - 1) / wanted);
  Ticks ticks;
  const auto add = [&](double value, std::string label) {
    if (value >= range.low && value <= range.high) ticks.list.push_back({value, std::move(label)});
  };
  add(0, "0");
  for (int k = first; k <= last; ++k) {
    if (k % stride != 0) continue;
    add(std::pow(10, k), power_of_ten(k));
    add(-std::pow(10, k), std::string(minus) + power_of_ten(k));
  }
  std::sort(ticks.list.begin(), ticks.list.end(), [](const Tick& a, const Tick& b) { return a.value < b.value; });
  return ticks;
}

}  // namespace

double Scale::forward(double value) const {
  if (!is_log()) return value;
  const double size = std::abs(value);  // whose ratio to the threshold may overflow
  return std::copysign(size <= threshold ? size / threshold : 1 + (std::log10(size) - std::log10(threshold)), value);
}

double Scale::backward(double position) const {
  if (!is_log()) return position;
  const double distance = std::abs(position);
  const double size = distance <= 1 ? threshold * distance : std::pow(10, distance - 1 + std::log10(threshold));
  return std::copysign(std::min(size, std::numeric_limits<double>::max()), position);
}

Ticks ticks_of(const Axis& axis, int wanted) {
  return axis.scale.is_log() ? log_ticks(axis, wanted) : linear_ticks(axis.range, wanted);
}

}  // namespace actinium::cli
