// Richardson's extrapolation of differences, and one-sided ones where the two sides look unlike. Start reading at
// slope_of.
#include "certify/differences.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace actinium::differences {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double error_of(const Slope& s) { return s.truncation + s.noise; }

/// Central differences at h and h / 2. `bend` is how far the two sides' slopes are apart, which halves with h where f
/// is smooth.
struct Round {
  Slope slope;
  bool bends;
};
Round round_at(const ChangeOf& f, double h) {
  const Change right = f(0, h), left = f(-h, 0), near_right = f(0, h / 2), near_left = f(-h / 2, 0);
  const double wide = (right.value + left.value) / (2 * h), close = (near_right.value + near_left.value) / h;
  const double bend = std::abs(right.value - left.value) / h,
               near_bend = std::abs(near_right.value - near_left.value) / (h / 2);
  Slope s;
  s.value = close + (close - wide) / 3;
  s.truncation = std::abs(close - wide);  // more than is left, even where only the first order vanishes
  s.noise = (right.noise + left.noise + near_right.noise + near_left.noise) / h;
  if (!std::isfinite(s.value)) s.truncation = infinity;
  const bool bends = !(near_bend < 0.75 * bend) && !(near_bend <= 1e-6 * std::abs(s.value) + 4 * s.noise);
  return {s, bends};
}

/// The slope to one side of 0, from steps that shrink sixteenfold: settled, growing without bound, or none.
double side_slope(const ChangeOf& f, double scale, double sign) {
  std::array<double, 4> slopes;
  std::array<double, 4> noises;
  double h = std::ldexp(scale, -10);
  for (std::size_t i = 0; i < slopes.size(); ++i, h /= 16) {
    const auto quotient = [&](double d) {
      const Change c = sign > 0 ? f(0, d) : f(-d, 0);
      noises[i] = 4 * c.noise / d;
      return c.value / d;
    };
    slopes[i] = 2 * quotient(h / 2) - quotient(h);
  }
  for (std::size_t i = slopes.size(); i-- > 1;)
    if (std::abs(slopes[i] - slopes[i - 1]) <= 1e-4 * std::abs(slopes[i]) + noises[i]) return slopes[i];
  bool grows = true;
  for (std::size_t i = 1; i < slopes.size(); ++i) grows = grows && std::abs(slopes[i]) > 2 * std::abs(slopes[i - 1]);
  return grows ? std::copysign(infinity, slopes.back()) : nan;
}

void look_at_sides(const ChangeOf& f, double scale, Slope& s) {
  const double below = side_slope(f, scale, -1), above = side_slope(f, scale, 1);
  if (std::isnan(below) && std::isnan(above)) return;
  const double apart = std::abs(above - below), size = std::max(std::abs(above), std::abs(below));
  const bool agree = std::isfinite(below) && std::isfinite(above) && apart <= 1e-3 * size + 8 * s.noise;
  if (agree) return;
  s.kink = true;
  s.below = below;
  s.above = above;
}

}  // namespace

Slope slope_of(const ChangeOf& f, double scale, double step, double tolerance) {
  Slope best;
  best.truncation = infinity;
  bool bends = false;
  double h = step > 0 ? step * scale : std::ldexp(scale, -7);
  for (int k = 0; k < (step > 0 ? 1 : 12); ++k, h /= 8) {
    const Round r = round_at(f, h);
    if (!std::isfinite(r.slope.value)) {
      bends = bends || !std::isfinite(best.truncation);
      continue;
    }
    if (error_of(r.slope) < error_of(best)) {
      best = r.slope;
      bends = r.bends;
    } else if (r.slope.noise > 8 * error_of(best)) {
      break;  // smaller steps only add rounding
    }
    if (best.truncation <= 0.1 * tolerance * std::abs(best.value) + best.noise) break;
  }
  if (!std::isfinite(best.truncation)) best.value = nan;
  if (bends || !std::isfinite(best.value) || best.truncation > 1e-3 * std::abs(best.value) + 8 * best.noise)
    look_at_sides(f, step > 0 ? std::min(scale, step * scale * 128) : scale, best);
  return best;
}

}  // namespace actinium::differences
