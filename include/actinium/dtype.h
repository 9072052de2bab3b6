// Element types and their traits: the one place that knows them all.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace actinium {

/// Element type of an expression or an array. `b8` is a bool stored as one byte, 0 or 1.
enum class DType : std::uint8_t { b8, i32, i64, f32, f64 };

inline constexpr DType f32 = DType::f32;
inline constexpr DType f64 = DType::f64;
inline constexpr DType i32 = DType::i32;
inline constexpr DType i64 = DType::i64;
inline constexpr DType boolean = DType::b8;

inline constexpr std::array<DType, 5> all_dtypes{DType::b8, DType::i32, DType::i64, DType::f32, DType::f64};

/// Bytes of one element.
constexpr std::size_t size_of(DType t) {
  switch (t) {
    case DType::b8: return 1;
    case DType::i32:
    case DType::f32: return 4;
    case DType::i64:
    case DType::f64: return 8;
  }
  return 0;
}

constexpr bool is_float(DType t) { return t == DType::f32 || t == DType::f64; }
constexpr bool is_integer(DType t) { return t == DType::i32 || t == DType::i64; }

/// "f32", "f64", "i32", "i64" or "bool".
constexpr std::string_view name_of(DType t) {
  switch (t) {
    case DType::b8: return "bool";
    case DType::i32: return "i32";
    case DType::i64: return "i64";
    case DType::f32: return "f32";
    case DType::f64: return "f64";
  }
  return "?";
}

/// The DType of a C++ type; `dtype_of<T>` exists for bool, 32 and 64 bit signed integers, float and double.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::b8;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<long long> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <class T>
concept Element = requires { DTypeOf<T>::value; };

}  // namespace actinium
