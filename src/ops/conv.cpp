// Convolutions and pooling on the other ops: strided slices beside each other, then a product, or an element-by-element
// maximum or sum. Start reading at convolve and folded.
#include "actinium/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "actinium/graph.h"
#include "ops/error.hpp"
#include "ops/windows.hpp"

namespace actinium {
namespace ops {
namespace {

Location place_of(const At& x) { return place(x.expr.graph().get(), x.where); }
std::string text_of(const Expr& e) { return describe(*e.graph(), e.id()); }

void check_bound(const At& x, std::string_view op) {
  if (!x.expr.is_bound()) fail<ShapeError>(place_of(x), op, "a number has no axes");
}

std::vector<Dim> leading(const Expr& x, int count) { return {x.shape().begin(), x.shape().begin() + count}; }

/// One convolution: its operands checked, then written as products.
class Convolution {
 public:
  Convolution(std::string_view op, int spatial, const At& x, const At& filter, const ConvOptions& options)
      : op_(op), x_(x.expr), filter_(filter.expr), spatial_(spatial), groups_(options.groups), where_(place_of(x)) {
    check_operands();
    first_ = x_.rank() - 1 - spatial;
    const WindowOptions window{options.stride, options.padding, options.dilation};
    windows_ = plan_windows(where_, op, x_, first_, taps(), window);
  }

  Expr build() const {
    const std::vector<Expr> slices = taps_of_windows();
    if (groups_ == 1) {
      const Dim columns = Dim(static_cast<std::int64_t>(slices.size())) * filter_.shape()[spatial_];
      return matmul(concat(slices, -1), reshape(filter_, {columns, filter_.shape()[spatial_ + 1]}));
    }
    return filter_.shape()[spatial_].is(1) ? depthwise(slices) : grouped(slices);
  }

 private:
  std::string_view op_;
  const Expr &x_, &filter_;
  int spatial_, first_ = 0;
  std::int64_t groups_;
  Location where_;
  std::vector<Windows> windows_;

  template <class E>
  [[noreturn]] void fail(std::string_view message) const {
    ops::fail<E>(where_, op_, message);
  }

  void check_operands() const {
    if (x_.graph() != filter_.graph())
      fail<GraphError>(fmt::format("operands of two graphs: {} and {}", text_of(x_), text_of(filter_)));
    if (x_.dtype() != filter_.dtype())
      fail<TypeError>(fmt::format("types differ: {} is {}, the filter {} is {}", text_of(x_), name_of(x_.dtype()),
                                  text_of(filter_), name_of(filter_.dtype())));
    if (!is_float(x_.dtype()))
      fail<TypeError>(fmt::format("needs f32 or f64: {} is {}", text_of(x_), name_of(x_.dtype())));
    const std::string_view axes = spatial_ == 1 ? "length" : "height, width";
    if (x_.rank() < spatial_ + 1) fail<ShapeError>(fmt::format("{} must be [..., {}, channels]", text_of(x_), axes));
    if (filter_.rank() != spatial_ + 2)
      fail<ShapeError>(fmt::format("the filter {} must be [{}, channels in, channels out]", text_of(filter_), axes));
    for (const std::int64_t n : taps())
      if (n == 0) fail<ShapeError>(fmt::format("the filter {} is empty", text_of(filter_)));
    if (groups_ < 1) fail<ValueError>(fmt::format("{} groups: there must be one at least", groups_));
    const Dim &has = x_.shape()[x_.rank() - 1], &takes = filter_.shape()[spatial_],
              &gives = filter_.shape()[spatial_ + 1];
    if (has != takes * Dim(groups_))
      fail<ShapeError>(fmt::format("{} has {} channels, the filter {} takes {}{}", text_of(x_), has.str(),
                                   text_of(filter_), takes.str(),
                                   groups_ == 1 ? "" : fmt::format(" in each of {} groups", groups_)));
    if (!gives.divided_by(Dim(groups_)))
      fail<ShapeError>(
          fmt::format("the {} filters of {} do not divide into {} groups", gives.str(), text_of(filter_), groups_));
  }

  /// The filter's size along each spatial axis.
  std::vector<std::int64_t> taps() const {
    std::vector<std::int64_t> list;
    for (int i = 0; i < spatial_; ++i) {
      if (!filter_.shape()[i].is_constant())
        fail<ShapeError>(fmt::format("axis {} of the filter {} must be a number known now", i, text_of(filter_)));
      list.push_back(filter_.shape()[i].constant());
    }
    return list;
  }

  /// x under each tap of the filter, row by row.
  std::vector<Expr> taps_of_windows() const {
    std::vector<Expr> slices{padded(x_, windows_, 0.0)};
    for (const Windows& w : windows_) {
      std::vector<Expr> next;
      for (const Expr& part : slices)
        for (std::int64_t t = 0; t < w.taps; ++t) next.push_back(tap_of(part, w, t));
      slices = std::move(next);
    }
    return slices;
  }

  /// All axes of the result but the channels.
  std::vector<Dim> places() const {
    std::vector<Dim> dims = leading(x_, first_);
    for (const Windows& w : windows_) dims.push_back(w.count);
    return dims;
  }

  /// One channel a group: nothing to multiply as matrices.
  Expr depthwise(const std::vector<Expr>& slices) const {
    const Dim taps = static_cast<std::int64_t>(slices.size()),
              each = *filter_.shape()[spatial_ + 1].divided_by(Dim(groups_));
    const Expr weights = reshape(filter_, {taps, groups_, each});
    Expr y;
    for (std::size_t t = 0; t < slices.size(); ++t) {
      const Expr w = reshape(slice(weights, t, Dim(t + 1)), {groups_, each});
      const Expr term = expand_dims(slices[t], -1) * w;
      y = t == 0 ? term : y + term;
    }
    std::vector<Dim> dims = places();
    dims.push_back(filter_.shape()[spatial_ + 1]);
    return reshape(y, dims);
  }

  /// One product a group: [groups, places, taps * channels] @ [groups, taps * channels, filters].
  Expr grouped(const std::vector<Expr>& slices) const {
    const Dim channels = filter_.shape()[spatial_], each = *filter_.shape()[spatial_ + 1].divided_by(Dim(groups_));
    const Dim taps = static_cast<std::int64_t>(slices.size());
    std::vector<Dim> dims = places();
    const Dim rows = Shape(dims).size();
    std::vector<Expr> parts;
    for (const Expr& s : slices) parts.push_back(reshape(s, {rows, groups_, channels}));
    const Expr patches = transpose(concat(parts, -1), {1, 0, 2});
    const Expr weights = reshape(transpose(reshape(filter_, {taps, channels, groups_, each}), {2, 0, 1, 3}),
                                 {groups_, taps * channels, each});
    dims.push_back(filter_.shape()[spatial_ + 1]);
    return reshape(transpose(matmul(patches, weights), {1, 0, 2}), dims);
  }
};

Expr convolve(std::string_view op, int spatial, const At& x, const At& filter, const ConvOptions& options) {
  check_bound(x, op);
  check_bound(filter, op);
  const Placed placed(*x.expr.graph(), x.where);
  return Convolution(op, spatial, x, filter, options).build();
}

// --- Pooling ---

struct Pool {
  std::string_view op;
  const At& x;
  const std::vector<std::int64_t>& window;
  const PerAxis& stride;
  const Padding& padding;

  std::vector<Windows> windows() const {
    const Expr& e = x.expr;
    const Location where = place_of(x);
    const auto spatial = static_cast<int>(window.size());
    if (window.empty()) fail<ShapeError>(where, op, "the window has no axes");
    if (e.rank() < spatial + 1)
      fail<ShapeError>(where, op,
                       fmt::format("{} has no {} spatial ax{} before its channels", text_of(e), spatial,
                                   spatial == 1 ? "is" : "es"));
    for (const std::int64_t n : window)
      if (n < 1) fail<ValueError>(where, op, fmt::format("the window {} is not positive", n));
    const PerAxis own = window, one = 1;
    const auto list = plan_windows(where, op, e, e.rank() - 1 - spatial, window,
                                   {stride.list().empty() ? own : stride, padding, one});
    for (const Windows& w : list)
      if (std::max(w.before.constant(), w.after.constant()) >= w.taps)
        fail<ValueError>(where, op,
                         fmt::format("padding by {} and {}: a window of {} would hold padding alone", w.before.str(),
                                     w.after.str(), w.taps));
    return list;
  }
};

/// f over the elements of each window, innermost axis first: windows share what they have in common along it.
template <class F>
Expr folded(Expr x, std::span<const Windows> windows, F&& f) {
  for (std::size_t i = windows.size(); i-- > 0;) {
    Expr y = tap_of(x, windows[i], 0);
    for (std::int64_t t = 1; t < windows[i].taps; ++t) y = f(y, tap_of(x, windows[i], t));
    x = y;
  }
  return x;
}

double lowest(DType dtype) {
  switch (dtype) {
    case DType::i32: return std::numeric_limits<std::int32_t>::min();
    case DType::i64: return static_cast<double>(std::numeric_limits<std::int64_t>::min());
    case DType::f32:
    case DType::f64: return -std::numeric_limits<double>::infinity();
    case DType::b8: break;
  }
  throw InternalError("no lowest bool");
}

/// How many elements of x each window along one axis holds, shaped to broadcast.
Expr real_elements(const Expr& x, const Windows& w) {
  Graph g(x.graph());
  const Expr first = g.iota({w.count}, 0, i64) * Expr(w.stride) - g.size(w.before, i64);
  const Expr size = g.size(x.shape()[w.axis], i64);
  const Expr count = minimum(first + Expr(w.taps), size) - maximum(first, 0);
  std::vector<Dim> dims(static_cast<std::size_t>(x.rank() - w.axis), Dim(1));
  dims[0] = w.count;
  return reshape(cast(count, x.dtype()), dims);
}

}  // namespace
}  // namespace ops

Expr conv1d(At x, At filter, const ConvOptions& options) { return ops::convolve("conv1d", 1, x, filter, options); }
Expr conv2d(At x, At filter, const ConvOptions& options) { return ops::convolve("conv2d", 2, x, filter, options); }

Expr max_pool(At x, const std::vector<std::int64_t>& window, const PoolOptions& options) {
  using namespace ops;
  check_bound(x, "max_pool");
  const Placed placed(*x.expr.graph(), x.where);
  if (x.expr.dtype() == DType::b8)
    fail<TypeError>(place_of(x), "max_pool", fmt::format("{} is bool: convert it with cast", text_of(x.expr)));
  const auto windows = Pool{"max_pool", x, window, options.stride, options.padding}.windows();
  // At a tie max(a, b) is b, so the earlier element stands there.
  return folded(padded(x.expr, windows, lowest(x.expr.dtype())), windows,
                [](const Expr& y, const Expr& next) { return maximum(next, y); });
}

Expr avg_pool(At x, const std::vector<std::int64_t>& window, const AvgPoolOptions& options) {
  using namespace ops;
  check_bound(x, "avg_pool");
  const Placed placed(*x.expr.graph(), x.where);
  if (!is_float(x.expr.dtype()))
    fail<TypeError>(
        place_of(x), "avg_pool",
        fmt::format("integers have no /: {} is {}; convert it with cast", text_of(x.expr), name_of(x.expr.dtype())));
  const auto windows = Pool{"avg_pool", x, window, options.stride, options.padding}.windows();
  const Expr total =
      folded(padded(x.expr, windows, 0.0), windows, [](const Expr& y, const Expr& next) { return y + next; });
  std::int64_t full = 1;
  Expr real;
  for (const Windows& w : windows) {
    if (!w.padded() || options.count_padding) {
      full *= w.taps;
    } else {
      real = real.is_bound() ? real * real_elements(x.expr, w) : real_elements(x.expr, w);
    }
  }
  if (!real.is_bound()) return full == 1 ? total : total / Expr(static_cast<double>(full));
  return total / (full == 1 ? real : real * Expr(static_cast<double>(full)));
}

}  // namespace actinium
