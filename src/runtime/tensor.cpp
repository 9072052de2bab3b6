// Tensor: creation, copies, conversion, comparison and text. Start reading at Tensor::empty.
#include "actinium/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>

#include "actinium/error.h"
#include "runtime/memory.hpp"

namespace actinium {
namespace {

/// Calls f with a value of the element type's C++ type.
template <class F>
decltype(auto) with_type(DType t, F&& f) {
  switch (t) {
    case DType::b8: return f(bool{});
    case DType::i32: return f(std::int32_t{});
    case DType::i64: return f(std::int64_t{});
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
  }
  throw InternalError("an element type that does not exist");
}

template <class To, class From>
To converted(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From{};
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (std::isnan(x)) return 0;
    constexpr From bound = -static_cast<From>(std::numeric_limits<To>::min());
    if (x >= bound) return std::numeric_limits<To>::max();
    if (x < -bound) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

std::string text_of(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::int64_t count_of(std::span<const std::int64_t> shape) {
  std::int64_t n = 1;
  for (std::int64_t extent : shape) n *= extent;
  return n;
}

std::vector<std::int64_t> sizes_of(const Shape& shape) {
  if (!shape.is_constant()) throw ShapeError(fmt::format("a tensor needs sizes that are numbers, not {}", shape.str()));
  return shape.evaluate({});
}

/// Visits the elements of a strided array in row-major order, a row of the last axis at a time.
template <class F>
void for_each_row(const ArrayRef& a, F&& row) {
  const int rank = a.rank();
  if (a.size() == 0) return;
  if (rank == 0) return row(std::int64_t{0}, std::int64_t{1}, std::int64_t{1});
  std::array<std::int64_t, max_rank> index{};
  for (;;) {
    std::int64_t offset = 0;
    for (int d = 0; d + 1 < rank; ++d) offset += index[static_cast<std::size_t>(d)] * a.stride(d);
    row(offset, a.extent(rank - 1), a.stride(rank - 1));
    int d = rank - 2;
    for (; d >= 0; --d) {
      if (++index[static_cast<std::size_t>(d)] < a.extent(d)) break;
      index[static_cast<std::size_t>(d)] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace

void ArrayRef::fail_rank(std::size_t rank) {
  throw ShapeError(fmt::format("an array of rank {}: the limit is {}", rank, max_rank));
}
void ArrayRef::fail_strides(std::size_t rank, std::size_t strides) {
  throw ShapeError(fmt::format("a view of rank {} has {} strides", rank, strides));
}

Tensor::Tensor() : rank_(1) {}

Tensor Tensor::empty(DType dtype, std::span<const std::int64_t> shape) {
  if (shape.size() > static_cast<std::size_t>(max_rank))
    throw ShapeError(fmt::format("a tensor of rank {}: the limit is {}", shape.size(), max_rank));
  Tensor t;
  t.dtype_ = dtype;
  t.rank_ = static_cast<std::uint8_t>(shape.size());
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) throw ShapeError(fmt::format("a tensor of shape {}", text_of(shape)));
    t.shape_[i] = shape[i];
    if (__builtin_mul_overflow(bytes, shape[i], &bytes))
      throw ShapeError(fmt::format("a tensor of shape {} is too large", text_of(shape)));
  }
  t.owner_ = runtime::allocate_shared(static_cast<std::size_t>(bytes));
  t.data_ = t.owner_.get();
  return t;
}

Tensor Tensor::empty(const Shape& shape, DType dtype) { return empty(dtype, sizes_of(shape)); }

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  Tensor t = empty(shape, dtype);
  std::memset(t.data_, 0, t.bytes());
  return t;
}

Tensor Tensor::ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor t = empty(shape, dtype);
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(static_cast<T*>(t.data_), t.size(), converted<T>(value));
  });
  return t;
}

Tensor Tensor::scalar(double value, DType dtype) { return full({}, value, dtype); }

Tensor Tensor::arange(std::int64_t n, DType dtype) {
  Tensor t = empty(dtype, std::array{n});
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(t.data_)[i] = converted<T>(i);
  });
  return t;
}

Tensor Tensor::zeros_like(const Tensor& other) {
  Tensor t = empty(other.dtype(), other.shape());
  std::memset(t.data_, 0, t.bytes());
  return t;
}

Tensor Tensor::copy(const ArrayRef& array) {
  // A C++ vector of Eigen's is rank 1 here, as it is to its user.
  if (array.form() == ArrayRef::Form::vector) {
    const int axis = array.extent(0) == 1 ? 1 : 0;
    return copy(ArrayRef(array.data(), array.dtype(), array.shape().subspan(static_cast<std::size_t>(axis), 1),
                         array.strides().subspan(static_cast<std::size_t>(axis), 1)));
  }
  Tensor t = empty(array.dtype(), array.shape());
  with_type(array.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = static_cast<T*>(t.data_);
    const T* from = static_cast<const T*>(array.data());
    for_each_row(array, [&](std::int64_t offset, std::int64_t n, std::int64_t stride) {
      for (std::int64_t i = 0; i < n; ++i) *to++ = from[offset + i * stride];
    });
  });
  return t;
}

Tensor Tensor::wrap(std::shared_ptr<void> owner, void* data, DType dtype, std::span<const std::int64_t> shape) {
  if (shape.size() > static_cast<std::size_t>(max_rank))
    throw ShapeError(fmt::format("a tensor of rank {}: the limit is {}", shape.size(), max_rank));
  Tensor t;
  t.owner_ = std::move(owner);
  t.data_ = data;
  t.dtype_ = dtype;
  t.rank_ = static_cast<std::uint8_t>(shape.size());
  std::copy(shape.begin(), shape.end(), t.shape_.begin());
  return t;
}

std::int64_t Tensor::extent(int axis) const {
  const int i = axis < 0 ? axis + rank_ : axis;
  if (i < 0 || i >= rank_) throw ShapeError(fmt::format("axis {} of a tensor of rank {}", axis, rank_));
  return shape_[static_cast<std::size_t>(i)];
}

std::int64_t Tensor::size() const { return count_of(shape()); }

void Tensor::check_type(DType asked) const {
  if (asked != dtype_) throw TypeError(fmt::format("the tensor is {}, not {}", name_of(dtype_), name_of(asked)));
}

void Tensor::check_row(std::size_t length, std::size_t expected) const {
  if (length != expected) throw ShapeError(fmt::format("rows of unlike length: {} and {}", expected, length));
}

std::int64_t Tensor::offset(std::span<const std::int64_t> index) const {
  if (index.size() != rank_)
    throw ShapeError(fmt::format("{} indices into a tensor of shape {}", index.size(), text_of(shape())));
  std::int64_t sum = 0;
  for (std::size_t d = 0; d < index.size(); ++d) {
    const std::int64_t i = index[d] < 0 ? index[d] + shape_[d] : index[d];
    if (i < 0 || i >= shape_[d])
      throw ShapeError(fmt::format("index {} of axis {} in a tensor of shape {}", index[d], d, text_of(shape())));
    sum = sum * shape_[d] + i;
  }
  return sum;
}

std::int64_t Tensor::item_offset() const {
  if (size() != 1)
    throw ShapeError(fmt::format("item() of a tensor of shape {}: it has {} elements", text_of(shape()), size()));
  return 0;
}

Tensor Tensor::operator[](std::int64_t i) const {
  if (rank_ == 0) throw ShapeError("a tensor of rank 0 has no parts");
  const std::int64_t at = i < 0 ? i + shape_[0] : i;
  if (at < 0 || at >= shape_[0])
    throw ShapeError(fmt::format("index {} of axis 0 in a tensor of shape {}", i, text_of(shape())));
  const std::span<const std::int64_t> rest = shape().subspan(1);
  const std::int64_t bytes = count_of(rest) * static_cast<std::int64_t>(size_of(dtype_));
  return wrap(owner_, static_cast<char*>(data_) + at * bytes, dtype_, rest);
}

Tensor Tensor::reshape(const std::vector<Dim>& shape) const {
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : shape) {
    if (!dim.is_constant()) throw ShapeError(fmt::format("a tensor needs sizes that are numbers, not {}", dim.str()));
    sizes.push_back(dim.constant());
  }
  return with_shape(sizes);
}

Tensor Tensor::with_shape(std::span<const std::int64_t> asked) const {
  std::vector<std::int64_t> sizes(asked.begin(), asked.end());
  const auto open = std::find(sizes.begin(), sizes.end(), -1);
  if (open != sizes.end()) {
    *open = 1;
    const std::int64_t rest = count_of(sizes);
    *open = rest == 0 ? 0 : size() / rest;
  }
  if (count_of(sizes) != size() || std::any_of(sizes.begin(), sizes.end(), [](std::int64_t n) { return n < 0; })) {
    throw ShapeError(
        fmt::format("{} elements, shape {}, do not have shape {}", size(), text_of(shape()), text_of(asked)));
  }
  return wrap(owner_, data_, dtype_, sizes);
}

Tensor Tensor::clone() const { return copy(array()); }

Tensor Tensor::cast(DType dtype) const {
  Tensor t = empty(dtype, shape());
  with_type(dtype_, [&](auto from_zero) {
    using From = decltype(from_zero);
    with_type(dtype, [&](auto to_zero) {
      using To = decltype(to_zero);
      const From* from = static_cast<const From*>(data_);
      std::transform(from, from + size(), static_cast<To*>(t.data_), converted<To, From>);
    });
  });
  return t;
}

bool operator==(const Tensor& a, const Tensor& b) {
  if (a.dtype_ != b.dtype_ || !std::ranges::equal(a.shape(), b.shape())) return false;
  return with_type(a.dtype_, [&](auto zero) {
    using T = decltype(zero);
    const T* x = static_cast<const T*>(a.data_);
    const T* y = static_cast<const T*>(b.data_);
    return std::equal(x, x + a.size(), y, [](T p, T q) { return p == q || (p != p && q != q); });
  });
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (!(a == b)) return false;
  if (!is_float(a.dtype())) return true;
  return with_type(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = static_cast<const T*>(a.raw());
    const T* y = static_cast<const T*>(b.raw());
    if constexpr (std::is_floating_point_v<T>) {
      return std::equal(x, x + a.size(), y, [](T p, T q) { return p != p || std::signbit(p) == std::signbit(q); });
    } else {
      return std::equal(x, x + a.size(), y);
    }
  });
}

namespace {
void check_same_shape(const Tensor& a, const Tensor& b, const char* what) {
  if (!std::ranges::equal(a.shape(), b.shape())) {
    throw ShapeError(fmt::format("{}: shapes {} and {} differ", what, text_of(a.shape()), text_of(b.shape())));
  }
}
std::vector<double> doubles(const Tensor& t) { return t.as<std::vector<double>>(); }
}  // namespace

double max_difference(const Tensor& a, const Tensor& b) {
  check_same_shape(a, b, "max_difference");
  const std::vector<double> x = doubles(a), y = doubles(b);
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    const double d = std::fabs(x[i] - y[i]);
    largest = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(largest, d);
  }
  return largest;
}

bool all_close(const Tensor& a, const Tensor& b, double rtol, double atol) {
  check_same_shape(a, b, "all_close");
  const std::vector<double> x = doubles(a), y = doubles(b);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    if (!(std::fabs(x[i] - y[i]) <= atol + rtol * std::fabs(y[i])) || std::isinf(y[i])) return false;
  }
  return true;
}

std::string Tensor::str() const {
  constexpr std::int64_t edge = 4, limit = 64;
  const bool shorten = size() > limit;
  std::string text;
  const auto element = [&](std::int64_t i) {
    with_type(dtype_, [&](auto zero) {
      using T = decltype(zero);
      text += fmt::format("{}", static_cast<const T*>(data_)[i]);
    });
  };
  // One pass over the elements in order; brackets open and close where indices wrap.
  std::array<std::int64_t, max_rank> index{};
  const std::int64_t n = size();
  for (std::int64_t i = 0; i < n;) {
    int opened = 0;
    for (int d = rank_; d-- > 0 && index[static_cast<std::size_t>(d)] == 0;) ++opened;
    text.append(static_cast<std::size_t>(opened), '[');
    element(i);
    ++i;
    int d = rank_ - 1;
    const bool skip = shorten && rank_ > 0 && index[static_cast<std::size_t>(d)] == edge - 1 &&
                      shape_[static_cast<std::size_t>(d)] > 2 * edge;
    if (skip) {
      const std::int64_t jump = shape_[static_cast<std::size_t>(d)] - 2 * edge;
      text += ", ...";
      i += jump;
      index[static_cast<std::size_t>(d)] += jump;
    }
    for (; d >= 0 && ++index[static_cast<std::size_t>(d)] == shape_[static_cast<std::size_t>(d)]; --d) {
      index[static_cast<std::size_t>(d)] = 0;
      text += ']';
    }
    if (i < n) text += ", ";
    const bool rows_skipped = shorten && rank_ >= 2 && d == rank_ - 2 && index[static_cast<std::size_t>(d)] == edge &&
                              shape_[static_cast<std::size_t>(d)] > 2 * edge;
    if (rows_skipped) {
      const std::int64_t jump = shape_[static_cast<std::size_t>(d)] - 2 * edge;
      text += "..., ";
      i += jump * shape_[static_cast<std::size_t>(rank_ - 1)];
      index[static_cast<std::size_t>(d)] += jump;
    }
  }
  if (n == 0) text = "[]";
  return fmt::format("{} {} {}", text, name_of(dtype_), text_of(shape()));
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << t.str(); }

}  // namespace actinium
