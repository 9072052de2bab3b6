// ArrayRef: any array of the caller's, seen as address, type, shape and strides, without a copy. Start reading at
// ArrayRef; array_like lists what converts to it.
#pragma once
#include <actinium/dtype.h>
#include <actinium/export.h>
#include <actinium/shape.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

namespace actinium {

class ArrayRef;

namespace detail {

template <class T>
using element_of = std::remove_cvref_t<std::remove_pointer_t<decltype(std::declval<T&>().data())>>;

template <class T>
concept eigen_like = requires(const std::remove_cvref_t<T>& m) {
  typename std::remove_cvref_t<T>::Scalar;
  m.rows();
  m.cols();
  m.outerStride();
  m.innerStride();
  m.data();
  std::remove_cvref_t<T>::IsRowMajor;
} && Element<typename std::remove_cvref_t<T>::Scalar>;

template <class T>
concept mdspan_like = requires(const std::remove_cvref_t<T>& m) {
  typename std::remove_cvref_t<T>::element_type;
  m.rank();
  m.extent(0);
  m.stride(0);
  m.data_handle();
} && Element<std::remove_cv_t<typename std::remove_cvref_t<T>::element_type>>;

template <class T>
concept shaped_like = requires(const std::remove_cvref_t<T>& t) {
  { t.array() } -> std::same_as<ArrayRef>;
};

/// std::vector, std::span, std::array and their kin: elements in a row, no shape.
template <class T>
concept flat_like = !eigen_like<T> && !mdspan_like<T> && !shaped_like<T> && requires(const std::remove_cvref_t<T>& v) {
  { v.size() } -> std::convertible_to<std::size_t>;
  requires std::is_pointer_v<decltype(v.data())>;
} && Element<element_of<T>>;

template <class T>
concept c_array_like = std::is_bounded_array_v<std::remove_reference_t<T>> &&
                       Element<std::remove_cv_t<std::remove_all_extents_t<std::remove_reference_t<T>>>>;

template <class T>
concept scalar_like = Element<std::remove_cvref_t<T>>;

/// True for what refers to memory that something else owns, so that a temporary of it may be kept.
template <class T>
inline constexpr bool is_view = false;
template <class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;
template <mdspan_like T>
inline constexpr bool is_view<T> = true;
template <eigen_like T>
inline constexpr bool is_view<T> = requires { typename T::PlainObject; } && !std::same_as<T, typename T::PlainObject>;

}  // namespace detail

/// What a call accepts for an array: a number, std::vector, std::span, std::array, a C array, ac::Tensor, Eigen's dense
/// matrices, maps and blocks, anything with mdspan's members, and ac::view(pointer, shape, strides).
template <class T>
concept array_like =
    detail::scalar_like<T> || detail::flat_like<T> || detail::c_array_like<T> || detail::eigen_like<T> ||
    detail::mdspan_like<T> || detail::shaped_like<T> || std::derived_from<std::remove_cvref_t<T>, ArrayRef>;

/// A reference to an array that may be read. It owns nothing: what it refers to must live as long as it is used.
class ArrayRef {
 public:
  /// What the source says about its shape.
  enum class Form : std::uint8_t {
    shaped,
    flat,    ///< so many elements in a row: fits any shape of that size
    vector,  ///< rank 2 with one extent fixed at 1, as Eigen's vectors: fits rank 1 too
    scalar,  ///< a C++ number: converts to the type of the input
  };

  /// C-contiguous.
  ArrayRef(const void* data, DType dtype, std::span<const std::int64_t> shape) : ArrayRef(data, dtype, Form::shaped) {
    set_shape(shape);
  }
  /// Strides in elements; they may be negative or 0.
  ArrayRef(const void* data, DType dtype, std::span<const std::int64_t> shape, std::span<const std::int64_t> strides)
      : ArrayRef(data, dtype, Form::shaped) {
    set_shape(shape);
    if (strides.size() != shape.size()) fail_strides(shape.size(), strides.size());
    for (std::size_t i = 0; i < strides.size(); ++i) strides_[i] = strides[i];
  }

  template <class T>
    requires detail::scalar_like<T>
  ArrayRef(const T& x) : ArrayRef(&x, dtype_of<T>, Form::scalar) {}

  template <class T>
    requires detail::flat_like<T>
  ArrayRef(const T& v) : ArrayRef(v.data(), dtype_of<detail::element_of<const T>>, Form::flat) {
    set_extent(0, static_cast<std::int64_t>(v.size()), 1);
  }

  template <class T>
    requires detail::c_array_like<T>
  ArrayRef(const T& a)
      : ArrayRef(&a, dtype_of<std::remove_cv_t<std::remove_all_extents_t<T>>>,
                 std::rank_v<T> == 1 ? Form::flat : Form::shaped) {
    std::array<std::int64_t, std::rank_v<T>> shape{};
    fill_extents<T>(shape, std::make_index_sequence<std::rank_v<T>>{});
    set_shape(shape);
  }

  template <class T>
    requires detail::eigen_like<T>
  ArrayRef(const T& m)
      : ArrayRef(m.data(), dtype_of<typename T::Scalar>, T::IsVectorAtCompileTime ? Form::vector : Form::shaped) {
    const auto inner = static_cast<std::int64_t>(m.innerStride()), outer = static_cast<std::int64_t>(m.outerStride());
    set_extent(0, static_cast<std::int64_t>(m.rows()), T::IsRowMajor ? outer : inner);
    set_extent(1, static_cast<std::int64_t>(m.cols()), T::IsRowMajor ? inner : outer);
  }

  template <class T>
    requires detail::mdspan_like<T>
  ArrayRef(const T& m) : ArrayRef(m.data_handle(), dtype_of<std::remove_cv_t<typename T::element_type>>, Form::shaped) {
    if (m.rank() > static_cast<std::size_t>(max_rank)) fail_rank(m.rank());
    for (std::size_t i = 0; i < m.rank(); ++i) {
      set_extent(static_cast<int>(i), static_cast<std::int64_t>(m.extent(i)), static_cast<std::int64_t>(m.stride(i)));
    }
  }

  template <class T>
    requires detail::shaped_like<T>
  ArrayRef(const T& t) : ArrayRef(t.array()) {}

  const void* data() const { return data_; }
  DType dtype() const { return dtype_; }
  Form form() const { return form_; }
  int rank() const { return rank_; }
  std::int64_t extent(int axis) const { return shape_[static_cast<std::size_t>(axis)]; }
  /// In elements.
  std::int64_t stride(int axis) const { return strides_[static_cast<std::size_t>(axis)]; }
  std::span<const std::int64_t> shape() const { return {shape_, rank_}; }
  std::span<const std::int64_t> strides() const { return {strides_, rank_}; }
  std::int64_t size() const {
    std::int64_t n = 1;
    for (std::int64_t extent : shape()) n *= extent;
    return n;
  }
  bool is_contiguous() const {
    std::int64_t expected = 1;
    for (std::size_t i = rank_; i-- > 0;) {
      if (shape_[i] != 1 && strides_[i] != expected) return size() == 0;
      expected *= shape_[i];
    }
    return true;
  }

 protected:
  ArrayRef(const void* data, DType dtype, Form form) : data_(data), dtype_(dtype), form_(form), rank_(0) {}

  void set_extent(int axis, std::int64_t extent, std::int64_t stride) {
    shape_[axis] = extent;
    strides_[axis] = stride;
    rank_ = static_cast<std::uint8_t>(axis + 1);
  }
  void set_shape(std::span<const std::int64_t> shape) {
    if (shape.size() > static_cast<std::size_t>(max_rank)) fail_rank(shape.size());
    rank_ = static_cast<std::uint8_t>(shape.size());
    std::int64_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
      shape_[i] = shape[i];
      strides_[i] = stride;
      stride *= shape[i];
    }
  }

 private:
  template <class T, std::size_t... I>
  static void fill_extents(std::array<std::int64_t, sizeof...(I)>& shape, std::index_sequence<I...>) {
    ((shape[I] = static_cast<std::int64_t>(std::extent_v<T, I>)), ...);
  }
  [[noreturn]] ACTINIUM_API static void fail_rank(std::size_t rank);
  [[noreturn]] ACTINIUM_API static void fail_strides(std::size_t rank, std::size_t strides);

  const void* data_;
  DType dtype_;
  Form form_;
  std::uint8_t rank_;
  std::int64_t shape_[max_rank];
  std::int64_t strides_[max_rank];
};

namespace detail {

/// What a call may write into: not const, and elements not const.
template <class T>
concept writable = array_like<T> && !std::is_const_v<std::remove_reference_t<T>> && [] {
  using U = std::remove_reference_t<T>;
  if constexpr (eigen_like<U>) {
    return !std::is_const_v<std::remove_pointer_t<decltype(std::declval<U&>().data())>>;
  } else if constexpr (mdspan_like<U>) {
    return !std::is_const_v<typename U::element_type>;
  } else if constexpr (c_array_like<U>) {
    return !std::is_const_v<std::remove_all_extents_t<U>>;
  } else if constexpr (flat_like<U>) {
    return !std::is_const_v<std::remove_pointer_t<decltype(std::declval<U&>().data())>>;
  } else {
    return !std::derived_from<U, ArrayRef>;
  }
}();

/// An array that outlives the expression it is named in, as far as its type says.
template <class T>
concept lasting = std::is_lvalue_reference_v<T> || is_view<std::remove_cvref_t<T>> ||
                  std::derived_from<std::remove_cvref_t<T>, ArrayRef>;

}  // namespace detail

/// A reference to an array that may be written: never from something const.
class MutableArrayRef : public ArrayRef {
 public:
  MutableArrayRef(void* data, DType dtype, std::span<const std::int64_t> shape) : ArrayRef(data, dtype, shape) {}
  MutableArrayRef(void* data, DType dtype, std::span<const std::int64_t> shape, std::span<const std::int64_t> strides)
      : ArrayRef(data, dtype, shape, strides) {}
  template <class T>
    requires detail::writable<T> && (detail::lasting<T> || detail::shaped_like<T>)
  MutableArrayRef(T&& x) : ArrayRef(static_cast<const std::remove_reference_t<T>&>(x)) {}

  void* data() const { return const_cast<void*>(ArrayRef::data()); }
};

namespace detail {
template <class T>
inline constexpr bool is_view<const T> = is_view<T>;

/// Arguments of bind: references that are kept, so temporaries are refused.
struct Kept : ArrayRef {
  template <class T>
    requires array_like<T> && lasting<T>
  Kept(T&& x) : ArrayRef(static_cast<const std::remove_reference_t<T>&>(x)) {}
  template <class T>
    requires array_like<T> && (!lasting<T>)
  Kept(T&&) = delete;  // bind keeps references: name the array, a temporary would be gone at the first step
};
struct KeptMutable : MutableArrayRef {
  template <class T>
    requires writable<T> && lasting<T>
  KeptMutable(T&& x) : MutableArrayRef(x) {}
  KeptMutable(const MutableArrayRef& x) : MutableArrayRef(x) {}
  template <class T>
    requires array_like<T> && (!lasting<T>)
  KeptMutable(T&&) = delete;  // bind keeps references: name the array, a temporary would be gone at the first step
};
}  // namespace detail

/// Memory of the caller's with a shape, and strides in elements if it is not C-contiguous.
template <Element T>
MutableArrayRef view(T* data, std::initializer_list<std::int64_t> shape) {
  return {data, dtype_of<T>, std::span(shape.begin(), shape.size())};
}
template <Element T>
ArrayRef view(const T* data, std::initializer_list<std::int64_t> shape) {
  return {data, dtype_of<T>, std::span(shape.begin(), shape.size())};
}
template <Element T>
MutableArrayRef view(T* data, std::initializer_list<std::int64_t> shape, std::initializer_list<std::int64_t> strides) {
  return {data, dtype_of<T>, std::span(shape.begin(), shape.size()), std::span(strides.begin(), strides.size())};
}
template <Element T>
ArrayRef view(const T* data, std::initializer_list<std::int64_t> shape, std::initializer_list<std::int64_t> strides) {
  return {data, dtype_of<T>, std::span(shape.begin(), shape.size()), std::span(strides.begin(), strides.size())};
}

}  // namespace actinium
