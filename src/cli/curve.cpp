// Bisection among floats. Start reading at trace.
#include "curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace actinium::cli {
namespace {

constexpr double visible = 0.002;                  // of the height of the picture: about a pixel
constexpr std::size_t most_evaluations = 100'000;  // of a curve, beyond its samples: noise has no end
constexpr std::size_t most_ends = 24;              // circles at jumps: with more of them they hide the curve

/// Floats as integers in the same order, neighbours differing by one.
template <class T, class Bits>
Bits ordinal(T x) {
  const Bits bits = std::bit_cast<Bits>(x + T{0});  // -0 is 0
  return bits < 0 ? std::numeric_limits<Bits>::min() - bits : bits;
}
template <class T, class Bits>
T from_ordinal(Bits n) {
  return std::bit_cast<T>(n < 0 ? std::numeric_limits<Bits>::min() - n : n);
}
template <class T, class Bits>
double halfway(T a, T b) {
  const Bits i = ordinal<T, Bits>(a), j = ordinal<T, Bits>(b);
  return static_cast<double>(from_ordinal<T, Bits>((i & j) + ((i ^ j) >> 1)));  // cannot overflow
}
/// The float in the middle of those between a and b; a itself if there is none.
double halfway(double a, double b, DType dtype) {
  return dtype == DType::f32 ? halfway<float, std::int32_t>(static_cast<float>(a), static_cast<float>(b))
                             : halfway<double, std::int64_t>(a, b);
}

template <class T, class Bits>
double moved(T x, int floats) {
  return static_cast<double>(from_ordinal<T, Bits>(ordinal<T, Bits>(x) + floats));
}
/// So many floats further.
double moved(double x, int floats, DType dtype) {
  return dtype == DType::f32 ? moved<float, std::int32_t>(static_cast<float>(x), floats)
                             : moved<double, std::int64_t>(x, floats);
}

/// How long a number is when written: the shorter of two adjacent floats is where a definition puts its kink.
std::size_t length_of(double x, DType dtype) {
  return dtype == DType::f32 ? fmt::formatted_size("{}", static_cast<float>(x)) : fmt::formatted_size("{}", x);
}

class Tracer {
 public:
  Tracer(const Evaluate& f, const Samples& samples, const TraceOptions& options) : f_(f), options_(options) {
    low_ = options.y_scale.forward(options.y_range.low);
    high_ = options.y_scale.forward(options.y_range.high);
    for (std::size_t i = 0; i < samples.xs.size(); ++i) points_.push_back({samples.xs[i], samples.ys[i]});
  }

  Curve run() {
    bisect();
    std::sort(found_.begin(), found_.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    std::vector<Point> merged(points_.size() + found_.size());
    std::merge(points_.begin(), points_.end(), found_.begin(), found_.end(), merged.begin(),
               [](const Point& a, const Point& b) { return a.x < b.x; });
    return assemble(merged);
  }

 private:
  struct Pair {
    Point a, b;
    std::size_t sample;  ///< the interval between samples that it lies in
  };
  const Evaluate& f_;
  const TraceOptions& options_;
  double low_, high_;
  std::vector<Point> points_, found_;
  std::set<double> jumps_;  ///< the left one of two adjacent floats

  /// The height in the picture, with what lies outside of it put a little above or below.
  double height(double y) const {
    const double margin = 0.1 * (high_ - low_);
    return std::clamp(options_.y_scale.forward(y), low_ - margin, high_ + margin);
  }
  bool differ(double a, double b) const {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) != std::isnan(b);
    return std::abs(height(a) - height(b)) > visible * (high_ - low_);
  }

  /// Whether adjacent floats lie on a slope that goes on to their left and right, as that of log(1 - x) near 1, where a
  /// float more makes a visible difference: no jump.
  bool is_steep(const Point& a, const Point& b) const {
    constexpr int further = 8;
    const std::array xs{moved(a.x, -further, options_.dtype), moved(b.x, further, options_.dtype)};
    std::array<double, 2> ys{};
    f_(xs, ys);
    const double jump = b.y - a.y;
    int sides = 0, steep = 0;
    for (const double slope : {xs[0] >= points_.front().x ? a.y - ys[0] : std::nan(""),
                               xs[1] <= points_.back().x ? ys[1] - b.y : std::nan("")}) {
      sides += std::isfinite(slope);
      steep += std::isfinite(slope) && slope * jump > 0 && std::abs(slope) >= 0.5 * std::abs(jump);
    }
    return std::isfinite(jump) && sides > 0 && steep == sides;
  }

  void bisect() {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i + 1 < points_.size(); ++i)
      if (differ(points_[i].y, points_[i + 1].y)) pairs.push_back({points_[i], points_[i + 1], i});
    std::vector<std::pair<std::size_t, Point>> visited;  // with their intervals
    std::set<std::size_t> broken;
    while (!pairs.empty()) {
      std::vector<double> xs(pairs.size()), ys(pairs.size());
      for (std::size_t i = 0; i < pairs.size(); ++i) xs[i] = halfway(pairs[i].a.x, pairs[i].b.x, options_.dtype);
      f_(xs, ys);
      std::vector<Pair> next;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const Pair& p = pairs[i];
        const Point middle{xs[i], ys[i]};
        if (middle.x <= p.a.x || middle.x >= p.b.x) {
          if (is_steep(p.a, p.b)) continue;
          jumps_.insert(p.a.x);
          broken.insert(p.sample);
          continue;
        }
        visited.emplace_back(p.sample, middle);
        if (differ(p.a.y, middle.y)) next.push_back({p.a, middle, p.sample});
        if (differ(middle.y, p.b.y)) next.push_back({middle, p.b, p.sample});
      }
      pairs = visited.size() + next.size() > most_evaluations ? std::vector<Pair>{} : std::move(next);
    }
    // Between sparse samples the curve is a chord, as the samples have it, except where it breaks.
    for (const auto& [sample, point] : visited)
      if (options_.dense || broken.contains(sample)) found_.push_back(point);
  }

  Curve assemble(const std::vector<Point>& merged) const {
    Curve curve;
    std::vector<Point> piece;
    const auto finish = [&] {
      if (piece.size() == 1) curve.ends.push_back({piece.front(), true});
      if (piece.size() > 1) curve.pieces.push_back(std::move(piece));
      piece.clear();
    };
    for (std::size_t i = 0; i < merged.size(); ++i) {
      if (std::isfinite(merged[i].y)) piece.push_back(merged[i]);
      const bool jump = jumps_.contains(merged[i].x) && i + 1 < merged.size();
      if (!std::isfinite(merged[i].y) || jump) finish();
      if (jump) add_ends(curve, merged[i], merged[i + 1]);
    }
    finish();
    if (curve.ends.size() > most_ends) curve.ends.clear();
    return curve;
  }

  void add_ends(Curve& curve, const Point& a, const Point& b) const {
    const auto seen = [&](double y) { return y >= options_.y_range.low && y <= options_.y_range.high; };
    if (!seen(a.y) || !seen(b.y)) return;
    const bool left = length_of(a.x, options_.dtype) <= length_of(b.x, options_.dtype);
    curve.ends.push_back({a, left});
    curve.ends.push_back({b, !left});
  }
};

/// The largest of sign * y that can be found around the largest sample; infinite at a pole.
double peak(const Evaluate& f, const Samples& samples, double sign) {
  const auto higher = [&](double a, double b) { return !(sign * a >= sign * b); };
  std::size_t top = samples.ys.size();
  for (std::size_t i = 0; i < samples.ys.size(); ++i)
    if (std::isfinite(samples.ys[i]) && (top == samples.ys.size() || higher(samples.ys[top], samples.ys[i]))) top = i;
  if (top == samples.ys.size()) return std::numeric_limits<double>::quiet_NaN();
  constexpr std::size_t steps = 64;
  double left = samples.xs[top == 0 ? 0 : top - 1], right = samples.xs[std::min(top + 1, samples.xs.size() - 1)];
  double best = samples.ys[top];
  std::vector<double> xs(steps + 1), ys(steps + 1);
  for (int zoom = 0; zoom < 3; ++zoom) {
    for (std::size_t i = 0; i <= steps; ++i)
      xs[i] = left + (right - left) * (static_cast<double>(i) / static_cast<double>(steps));
    f(xs, ys);
    std::size_t at = 0;
    for (std::size_t i = 0; i <= steps; ++i) {
      if (sign * ys[i] == std::numeric_limits<double>::infinity()) return ys[i];
      if (!std::isnan(ys[i]) && higher(std::isnan(ys[at]) ? -sign * HUGE_VAL : ys[at], ys[i])) at = i;
    }
    if (!std::isnan(ys[at]) && higher(best, ys[at])) best = ys[at];
    left = xs[at == 0 ? 0 : at - 1];
    right = xs[std::min(at + 1, steps)];
  }
  return best;
}

}  // namespace

Interval reach(const Evaluate& f, const Samples& samples, bool dense) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> sorted;
  std::copy_if(samples.ys.begin(), samples.ys.end(), std::back_inserter(sorted),
               [](double y) { return std::isfinite(y); });
  if (sorted.empty()) return {std::nan(""), std::nan("")};
  std::sort(sorted.begin(), sorted.end());
  const Interval all{sorted.front(), sorted.back()};
  if (!dense) return all;
  const auto quantile = [&](double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
  };
  const double middle = quantile(0.5), size = all.high - all.low;
  // One end of the interval: what is beyond most values by far and grows the closer one looks is a pole.
  const auto end = [&](double sign, double extreme, double most) {
    const bool inf = std::find(samples.ys.begin(), samples.ys.end(), sign * infinity) != samples.ys.end();
    const double closest = inf ? sign * infinity : peak(f, samples, sign);
    if (std::abs(closest - extreme) <= 50 * size) return closest;
    return std::abs(extreme - middle) <= 4 * std::abs(most - middle) ? extreme : most;
  };
  return {end(-1, all.low, quantile(0.04)), end(1, all.high, quantile(0.96))};
}

Curve trace(const Evaluate& f, const Samples& samples, const TraceOptions& options) {
  return Tracer(f, samples, options).run();
}

}  // namespace actinium::cli
