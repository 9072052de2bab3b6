// Tensor: a C-contiguous array with shared ownership of its memory. Start reading at Tensor.
#pragma once
#include <actinium/array.h>
#include <actinium/error.h>

#include <array>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace actinium {

/// A C-contiguous array. A copy is another handle to the same memory (clone() copies elements). Memory is aligned to 64
/// bytes and returns to a pool.
class ACTINIUM_API Tensor {
 public:
  /// No elements: shape [0], f32.
  Tensor();
  /// Elements as written: `Tensor{{1.0, 2.0}, {3.0, 4.0}}` is f64 [2, 2], `Tensor{1, 2, 3}` is i32 [3]. Rows of unlike
  /// length are a ShapeError.
  template <Element T>
  Tensor(std::initializer_list<T> values);
  template <Element T>
  Tensor(std::initializer_list<std::initializer_list<T>> rows);
  template <Element T>
  Tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>> planes);
  /// A copy of any array: a vector becomes rank 1, a number rank 0, an Eigen matrix rank 2 (its vectors rank 1).
  template <class A>
    requires array_like<A> && (!detail::shaped_like<A>)
  explicit Tensor(const A& array) : Tensor(copy(ArrayRef(array))) {}
  /// A copy of a flat array, with this shape; ShapeError if sizes differ.
  template <class A>
    requires detail::flat_like<A>
  Tensor(const A& values, const Shape& shape) : Tensor(copy(ArrayRef(values)).reshape(shape)) {}

  /// Elements unspecified. A symbolic shape is a ShapeError.
  static Tensor empty(const Shape& shape, DType dtype = DType::f32);
  static Tensor empty(DType dtype, std::span<const std::int64_t> shape);
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32);
  static Tensor ones(const Shape& shape, DType dtype = DType::f32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
  static Tensor scalar(double value, DType dtype = DType::f64);
  /// 0, 1, 2, ... in a row.
  static Tensor arange(std::int64_t n, DType dtype = DType::i64);
  static Tensor zeros_like(const Tensor& other);
  static Tensor copy(const ArrayRef& array);
  /// Memory of somebody else's, C-contiguous, alive while `owner` is.
  static Tensor wrap(std::shared_ptr<void> owner, void* data, DType dtype, std::span<const std::int64_t> shape);

  DType dtype() const { return dtype_; }
  int rank() const { return rank_; }
  std::span<const std::int64_t> shape() const { return {shape_.data(), rank_}; }
  std::int64_t extent(int axis) const;  ///< negative axes count from the end; ShapeError beyond the rank
  std::int64_t size() const;            ///< number of elements
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * size_of(dtype_); }

  void* raw() { return data_; }
  const void* raw() const { return data_; }
  /// TypeError unless T is exactly the element type.
  template <Element T>
  T* data() {
    check_type(dtype_of<T>);
    return static_cast<T*>(data_);
  }
  template <Element T>
  const T* data() const {
    check_type(dtype_of<T>);
    return static_cast<const T*>(data_);
  }
  template <Element T>
  std::span<T> span() {
    return {data<T>(), static_cast<std::size_t>(size())};
  }
  template <Element T>
  std::span<const T> span() const {
    return {data<T>(), static_cast<std::size_t>(size())};
  }

  /// The one element, converted to T; ShapeError if there are more.
  template <Element T = double>
  T item() const {
    return number<T>(item_offset());
  }
  /// An element converted to double; ShapeError unless there is one index an axis, each in range (negative from the
  /// end).
  template <std::integral... I>
  double operator()(I... index) const {
    const std::array<std::int64_t, sizeof...(I)> list{static_cast<std::int64_t>(index)...};
    return number<double>(offset(list));
  }
  /// An element in place, of exactly its type.
  template <Element T, std::integral... I>
  T& at(I... index) {
    const std::array<std::int64_t, sizeof...(I)> list{static_cast<std::int64_t>(index)...};
    return data<T>()[offset(list)];
  }
  template <Element T, std::integral... I>
  const T& at(I... index) const {
    return const_cast<Tensor*>(this)->at<T>(index...);
  }
  /// The part at an index of the first axis: shares memory.
  Tensor operator[](std::int64_t index) const;
  /// Another shape of the same size; one extent may be -1. Shares memory.
  Tensor reshape(const std::vector<Dim>& shape) const;
  template <std::same_as<Shape> S>
  Tensor reshape(const S& shape) const {
    return reshape(shape.dims());
  }
  template <class S>
    requires std::convertible_to<const S&, std::span<const std::int64_t>>
  Tensor reshape(const S& shape) const {
    return with_shape(shape);
  }
  /// Its own memory.
  Tensor clone() const;
  /// Converted as ac::cast does. A copy even if the type is the same.
  Tensor cast(DType dtype) const;

  /// A copy as another type: a number, std::vector<T>, Eigen's matrices and vectors, converting elements.
  template <class M>
  M as() const;

  /// What calls see.
  ArrayRef array() const { return {data_, dtype_, shape()}; }

  /// Same type, shape and elements; NaN equals NaN, 0 equals -0.
  friend ACTINIUM_API bool operator==(const Tensor& a, const Tensor& b);
  /// "[[1, 2], [3, 4]] f64 [2, 2]"; long ones are shortened.
  std::string str() const;
  friend ACTINIUM_API std::ostream& operator<<(std::ostream& out, const Tensor& t);

 private:
  Tensor with_shape(std::span<const std::int64_t> shape) const;
  void check_type(DType asked) const;
  std::int64_t offset(std::span<const std::int64_t> index) const;
  std::int64_t item_offset() const;
  template <class T>
  T number(std::int64_t i) const {
    switch (dtype_) {
      case DType::b8: return static_cast<T>(static_cast<const bool*>(data_)[i]);
      case DType::i32: return static_cast<T>(static_cast<const std::int32_t*>(data_)[i]);
      case DType::i64: return static_cast<T>(static_cast<const std::int64_t*>(data_)[i]);
      case DType::f32: return static_cast<T>(static_cast<const float*>(data_)[i]);
      case DType::f64: return static_cast<T>(static_cast<const double*>(data_)[i]);
    }
    return T{};
  }
  void check_row(std::size_t length, std::size_t expected) const;

  std::shared_ptr<void> owner_;
  void* data_ = nullptr;
  std::array<std::int64_t, max_rank> shape_{};
  DType dtype_ = DType::f32;
  std::uint8_t rank_ = 0;
};

/// Largest |a - b|, in double; NaN against NaN is 0, against a number infinity. ShapeError if shapes differ.
ACTINIUM_API double max_difference(const Tensor& a, const Tensor& b);
/// |a - b| <= atol + rtol * |b| everywhere, NaN equal to NaN.
ACTINIUM_API bool all_close(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
/// The same bits everywhere, except that all NaNs are one value: what "one answer" means.
ACTINIUM_API bool same_bits(const Tensor& a, const Tensor& b);

template <Element T>
Tensor::Tensor(std::initializer_list<T> values)
    : Tensor(empty(dtype_of<T>, std::array{static_cast<std::int64_t>(values.size())})) {
  T* out = data<T>();
  for (const T& x : values) *out++ = x;
}

template <Element T>
Tensor::Tensor(std::initializer_list<std::initializer_list<T>> rows) {
  const std::size_t columns = rows.size() == 0 ? 0 : rows.begin()->size();
  *this = empty(dtype_of<T>, std::array{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)});
  T* out = data<T>();
  for (const auto& row : rows) {
    check_row(row.size(), columns);
    for (const T& x : row) *out++ = x;
  }
}

template <Element T>
Tensor::Tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>> planes) {
  const std::size_t rows = planes.size() == 0 ? 0 : planes.begin()->size();
  const std::size_t columns = rows == 0 ? 0 : planes.begin()->begin()->size();
  *this = empty(dtype_of<T>, std::array{static_cast<std::int64_t>(planes.size()), static_cast<std::int64_t>(rows),
                                        static_cast<std::int64_t>(columns)});
  T* out = data<T>();
  for (const auto& plane : planes) {
    check_row(plane.size(), rows);
    for (const auto& row : plane) {
      check_row(row.size(), columns);
      for (const T& x : row) *out++ = x;
    }
  }
}

template <class M>
M Tensor::as() const {
  if constexpr (Element<M>) {
    return item<M>();
  } else if constexpr (detail::eigen_like<M>) {
    using Scalar = typename M::Scalar;
    if (rank_ > 2) throw ShapeError("as: a matrix holds rank 2 at most, the tensor has rank " + std::to_string(rank_));
    const bool row_vector = rank_ == 1 && M::RowsAtCompileTime == 1;
    const std::int64_t rows = rank_ == 0 || row_vector ? 1 : shape_[0];
    const std::int64_t columns = rank_ == 2 ? shape_[1] : row_vector ? shape_[0] : 1;
    if ((M::RowsAtCompileTime > 0 && M::RowsAtCompileTime != rows) ||
        (M::ColsAtCompileTime > 0 && M::ColsAtCompileTime != columns)) {
      throw ShapeError("as: the tensor's shape is not that of the fixed-size matrix");
    }
    M m;
    m.resize(rows, columns);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) m(i, j) = number<Scalar>(i * columns + j);
    }
    return m;
  } else {
    M v(static_cast<std::size_t>(size()));
    for (std::int64_t i = 0; i < size(); ++i) v[static_cast<std::size_t>(i)] = number<typename M::value_type>(i);
    return v;
  }
}

}  // namespace actinium
