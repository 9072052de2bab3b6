// Where windows lie: their number and padding by the rules of TensorFlow, over constant and run-time sizes.
#include "ops/windows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ops/error.hpp"

namespace actinium::ops {
namespace {

/// The checks and sums for one operation.
class Planner {
 public:
  Planner(const Location& where, std::string_view op, const Expr& x, std::size_t spatial)
      : where_(where), op_(op), x_(x), spatial_(spatial) {}

  /// One number for each spatial axis, at least `least`.
  std::vector<std::int64_t> per_axis(const PerAxis& given, std::string_view what) const {
    std::vector<std::int64_t> list = given.list();
    if (list.size() == 1) list.assign(spatial_, list[0]);
    if (list.size() != spatial_)
      fail<ShapeError>(
          fmt::format("{} {}s for {} spatial ax{}", list.size(), what, spatial_, spatial_ == 1 ? "is" : "es"));
    for (const std::int64_t n : list)
      if (n < 1) fail<ValueError>(fmt::format("the {} {} is not positive", what, n));
    return list;
  }

  std::vector<std::pair<std::int64_t, std::int64_t>> pairs(const Padding& padding) const {
    auto list = padding.pairs();
    if (padding.kind() != Padding::given) list.assign(spatial_, {0, 0});
    if (list.size() == 1) list.assign(spatial_, list[0]);
    if (list.size() != spatial_)
      fail<ShapeError>(
          fmt::format("{} pairs of padding for {} spatial ax{}", list.size(), spatial_, spatial_ == 1 ? "is" : "es"));
    for (const auto& [before, after] : list)
      if (before < 0 || after < 0) fail<ValueError>(fmt::format("the padding {} is negative", std::min(before, after)));
    return list;
  }

  /// The number of windows, and the padding if it is `same`.
  void place(Windows& w, bool same) const {
    const Dim& size = x_.shape()[w.axis];
    const std::int64_t extent = (w.taps - 1) * w.dilation + 1;
    if (same) {
      w.count = divided(size + Dim(w.stride - 1), w);
      // Constant, since the symbols of `size` divide by the stride.
      const std::int64_t total =
          std::max<std::int64_t>(((w.count - 1) * Dim(w.stride) + Dim(extent) - size).constant(), 0);
      w.before = total / 2;
      w.after = total - total / 2;
      return;
    }
    const Dim room = size + w.before + w.after - Dim(extent);
    if (room.is_constant() && room.constant() < 0)
      fail<ShapeError>(fmt::format("the window of {} is longer than axis {}, {}{}", extent, w.axis, size.str(),
                                   w.padded() ? fmt::format(" and {} of padding", (w.before + w.after).str()) : ""));
    w.count = divided(room, w) + 1;
  }

 private:
  const Location& where_;
  std::string_view op_;
  const Expr& x_;
  std::size_t spatial_;

  template <class E>
  [[noreturn]] void fail(std::string_view message) const {
    ops::fail<E>(where_, op_, fmt::format("{}: {}", describe(*x_.graph(), x_.id()), message));
  }

  Dim divided(const Dim& room, const Windows& w) const {
    if (const auto count = floor_divide(room, w.stride)) return *count;
    fail<ShapeError>(fmt::format("windows along axis {}, of size {}, in steps of {} have no exact number", w.axis,
                                 x_.shape()[w.axis].str(), w.stride));
  }
};

}  // namespace

std::optional<Dim> floor_divide(const Dim& d, std::int64_t by) {
  Bindings zero;
  for (const std::string& s : d.symbols()) zero[s] = 0;
  const std::int64_t constant = d.evaluate(zero);
  const std::int64_t rest = ((constant % by) + by) % by;
  return (d - Dim(rest)).divided_by(Dim(by));
}

std::vector<Windows> plan_windows(const Location& where, std::string_view op, const Expr& x, int first,
                                  std::span<const std::int64_t> taps, const WindowOptions& options) {
  const Planner planner(where, op, x, taps.size());
  const auto strides = planner.per_axis(options.stride, "stride"),
             dilations = planner.per_axis(options.dilation, "dilation");
  const auto pairs = planner.pairs(options.padding);
  std::vector<Windows> list;
  for (std::size_t i = 0; i < taps.size(); ++i) {
    Windows w{first + static_cast<int>(i), taps[i], strides[i], dilations[i], pairs[i].first, pairs[i].second, 0};
    planner.place(w, options.padding.kind() == Padding::same);
    list.push_back(w);
  }
  return list;
}

Expr padded(const Expr& x, std::span<const Windows> windows, const Expr& value) {
  std::vector<Dim> before(static_cast<std::size_t>(x.rank()), Dim(0)), after = before;
  for (const Windows& w : windows) {
    before[static_cast<std::size_t>(w.axis)] = w.before;
    after[static_cast<std::size_t>(w.axis)] = w.after;
  }
  return pad(x, before, after, value);
}

Expr tap_of(const Expr& x, const Windows& w, std::int64_t tap) {
  const Dim start = tap * w.dilation;
  // Up to the last element if that is known; a run-time number of windows divides by the stride exactly.
  Dim length = w.count * Dim(w.stride);
  if (length.is_constant()) length = w.count.is(0) ? Dim(0) : length - Dim(w.stride - 1);
  return slice(x, start, start + length, w.stride, w.axis);
}

}  // namespace actinium::ops
