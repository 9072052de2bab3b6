// Windows that slide along axes of an array, as strided slices of it: what convolutions and pooling share. Start
// reading at plan_windows.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "actinium/conv.h"
#include "graph/graph.hpp"

namespace actinium::ops {

/// The windows along one axis.
struct Windows {
  int axis;
  std::int64_t taps, stride, dilation;
  Dim before, after;  ///< padding
  Dim count;          ///< of windows
  bool padded() const { return !before.is(0) || !after.is(0); }
};

struct WindowOptions {
  const PerAxis& stride;
  const Padding& padding;
  const PerAxis& dilation;
};

/// The windows of `taps` elements along the axes of x from `first` on; throws the user's errors.
std::vector<Windows> plan_windows(const Location& where, std::string_view op, const Expr& x, int first,
                                  std::span<const std::int64_t> taps, const WindowOptions& options);
/// x with the padding of its windows.
Expr padded(const Expr& x, std::span<const Windows> windows, const Expr& value);
/// Element `tap` of every window along one axis.
Expr tap_of(const Expr& x, const Windows& windows, std::int64_t tap);

/// d / by rounded down, for by > 0; nothing if that is no polynomial.
std::optional<Dim> floor_divide(const Dim& d, std::int64_t by);

}  // namespace actinium::ops
