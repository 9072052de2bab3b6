// Convolutions and pooling over one or more spatial axes, channels last. Start reading at conv2d.
//
// Layout: images are [..., height, width, channels], filters [height, width, channels in, channels out], as
// TensorFlow's and Keras's. With the channels last, the patch under a window is a row of a matrix whose columns are the
// filter's own memory: the product needs no transposition, and bias and activation broadcast along the axis that the
// product writes.
#pragma once
#include <actinium/expr.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace actinium {

/// A number for each spatial axis, or one for all: `2`, `{2, 1}`.
class ACTINIUM_API PerAxis {
 public:
  PerAxis(std::int64_t all) : list_{all} {}
  PerAxis(std::initializer_list<std::int64_t> list) : list_(list) {}
  PerAxis(std::vector<std::int64_t> list) : list_(std::move(list)) {}
  const std::vector<std::int64_t>& list() const { return list_; }

 private:
  std::vector<std::int64_t> list_;
};

/// What stands around the spatial axes.
class ACTINIUM_API Padding {
 public:
  enum Kind : std::uint8_t {
    valid,  ///< nothing: every window lies inside
    same,   ///< as much as gives ceil(size / stride) windows; an odd one stands behind, as in TensorFlow
    given,
  };
  Padding(Kind kind) : kind_(kind) {}
  /// So many elements on either side of every axis.
  Padding(int around) : kind_(given), pairs_{{around, around}} {}
  /// So many before and after each axis: `{{1, 1}, {0, 2}}`; one pair is for all axes.
  Padding(std::initializer_list<std::pair<std::int64_t, std::int64_t>> pairs) : kind_(given), pairs_(pairs) {}
  Padding(std::vector<std::pair<std::int64_t, std::int64_t>> pairs) : kind_(given), pairs_(std::move(pairs)) {}
  Kind kind() const { return kind_; }
  const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs() const { return pairs_; }

 private:
  Kind kind_;
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs_;
};

struct ConvOptions {
  PerAxis stride = 1;
  Padding padding = Padding::valid;
  PerAxis dilation = 1;     ///< from one tap of the filter to the next
  std::int64_t groups = 1;  ///< channels are cut into so many parts, each with its own part of the filters
};

/// The correlation (as every deep-learning library's "convolution") of x [..., length, channels] with filter [taps,
/// channels / groups, filters]: [..., windows, filters]. It is strided slices of x beside each other and one product
/// with the filter; a group of a single channel is a sum of products of elements. Leading axes are free, none is fine.
///
/// f32 or f64 (TypeError). ShapeError names the axis, the sizes and the window if they do not fit, or if the number of
/// windows along a run-time size is no polynomial of it; ValueError for a stride, dilation or padding out of range.
ACTINIUM_API Expr conv1d(At x, At filter, const ConvOptions& options = {});
/// The same over x [..., height, width, channels] with filter [height, width, channels / groups, filters].
ACTINIUM_API Expr conv2d(At x, At filter, const ConvOptions& options = {});

struct PoolOptions {
  PerAxis stride = std::vector<std::int64_t>{};  ///< the window's sizes, if not given
  Padding padding = Padding::valid;
};
struct AvgPoolOptions {
  PerAxis stride = std::vector<std::int64_t>{};
  Padding padding = Padding::valid;
  bool count_padding = false;  ///< divide by the window's size even where it holds padding, as PyTorch does
};

/// The largest element of each window. `window` has the size along each spatial axis, which are the axes before the
/// last: `max_pool(x, {2, 2})` takes x [..., height, width, channels]. Padding never wins; NaN does; of equal elements
/// the first (row by row) takes the gradient. f32, f64, i32 or i64. Errors are those of conv2d; padding as long as the
/// window is a ValueError.
ACTINIUM_API Expr max_pool(At x, const std::vector<std::int64_t>& window, const PoolOptions& options = {});
/// The mean of each window of f32 or f64, over its elements of x alone, as in Keras and TensorFlow, unless
/// `count_padding`.
ACTINIUM_API Expr avg_pool(At x, const std::vector<std::int64_t>& window, const AvgPoolOptions& options = {});

}  // namespace actinium
