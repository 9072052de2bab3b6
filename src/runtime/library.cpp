// gather, scatter_add, cumsum, sort, argsort, argmax, argmin and products of integers. Start reading at library().
#include "runtime/library.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "actinium/error.h"

namespace actinium::runtime {
namespace {

using ops::Op;
using Ints = std::span<const std::int64_t>;
using Arrays = std::span<const LibraryArray>;

std::int64_t product(Ints shape) {
  std::int64_t n = 1;
  for (std::int64_t extent : shape) n *= extent;
  return n;
}

/// An array seen around one axis: [before, extent, after].
struct Around {
  Around(Ints shape, std::int64_t axis)
      : before(product(shape.first(static_cast<std::size_t>(axis)))),
        extent(shape[static_cast<std::size_t>(axis)]),
        after(product(shape.subspan(static_cast<std::size_t>(axis) + 1))) {}
  std::int64_t before, extent, after;
};

template <class F>
void with_type(DType t, F&& f) {
  switch (t) {
    case DType::b8: return f(bool{});
    case DType::i32: return f(std::int32_t{});
    case DType::i64: return f(std::int64_t{});
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
  }
}

/// Integers wrap.
template <class T>
T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else {
    return a + b;
  }
}

std::int64_t index_at(const LibraryArray& indices, std::int64_t i) {
  return indices.dtype == DType::i32 ? static_cast<const std::int32_t*>(indices.data)[i]
                                     : static_cast<const std::int64_t*>(indices.data)[i];
}

void gather(Ints ints, const LibraryArray& x, const LibraryArray& indices, const LibraryArray& result) {
  const Around a(x.shape, ints[0]);
  const std::int64_t count = product(indices.shape);
  const std::size_t run = static_cast<std::size_t>(a.after) * size_of(x.dtype);
  const char* from = static_cast<const char*>(x.data);
  char* to = static_cast<char*>(result.data);
  for (std::int64_t b = 0; b < a.before; ++b) {
    for (std::int64_t i = 0; i < count; ++i, to += run) {
      if (a.extent == 0) {
        std::memset(to, 0, run);
        continue;
      }
      const std::int64_t given = index_at(indices, i);
      const std::int64_t at = std::clamp<std::int64_t>(given < 0 ? given + a.extent : given, 0, a.extent - 1);
      std::memcpy(to, from + static_cast<std::size_t>(b * a.extent + at) * run, run);
    }
  }
}

template <class T>
void scatter_add(Ints ints, Arrays operands, const LibraryArray& result) {
  const LibraryArray &base = operands[0], &indices = operands[1], &updates = operands[2];
  const Around a(base.shape, ints[0]);
  const std::int64_t count = product(indices.shape);
  T* to = static_cast<T*>(result.data);
  const T* from = static_cast<const T*>(updates.data);
  std::memcpy(to, base.data, static_cast<std::size_t>(product(base.shape)) * sizeof(T));
  for (std::int64_t b = 0; b < a.before; ++b) {
    for (std::int64_t i = 0; i < count; ++i, from += a.after) {
      const std::int64_t given = index_at(indices, i);
      const std::int64_t at = given < 0 ? given + a.extent : given;
      if (at < 0 || at >= a.extent) continue;
      T* row = to + (b * a.extent + at) * a.after;
      for (std::int64_t j = 0; j < a.after; ++j) row[j] = add(row[j], from[j]);
    }
  }
}

template <class T>
void cumsum(Ints ints, const LibraryArray& x, const LibraryArray& result) {
  const Around a(x.shape, ints[0]);
  const bool reverse = ints.size() > 1 && ints[1] != 0;
  const std::int64_t step = reverse ? -a.after : a.after;
  for (std::int64_t b = 0; b < a.before; ++b) {
    const std::int64_t start = b * a.extent * a.after + (reverse ? (a.extent - 1) * a.after : 0);
    const T* from = static_cast<const T*>(x.data) + start;
    T* to = static_cast<T*>(result.data) + start;
    for (std::int64_t i = 0; i < a.extent; ++i, from += step, to += step) {
      for (std::int64_t j = 0; j < a.after; ++j) to[j] = i == 0 ? add(T{}, from[j]) : add((to - step)[j], from[j]);
    }
  }
}

template <class T>
bool is_nan(T x) {
  return x != x;
}

template <class T>
struct Keyed {
  T value;
  std::int64_t position;
  /// Ascending, NaN last, equal ones in order of position: a total order, so that sorting needs no memory to be stable.
  friend bool operator<(const Keyed& a, const Keyed& b) {
    if (a.value < b.value) return true;
    if (b.value < a.value) return false;
    const bool nan_a = is_nan(a.value), nan_b = is_nan(b.value);
    return nan_a != nan_b ? nan_b : a.position < b.position;
  }
};

template <class T>
void sort(Ints ints, const LibraryArray& x, const LibraryArray& result, bool positions, void* scratch) {
  const Around a(x.shape, ints[0]);
  auto* row = static_cast<Keyed<T>*>(scratch);
  for (std::int64_t b = 0; b < a.before; ++b) {
    for (std::int64_t j = 0; j < a.after; ++j) {
      const std::int64_t start = b * a.extent * a.after + j;
      const T* from = static_cast<const T*>(x.data) + start;
      for (std::int64_t i = 0; i < a.extent; ++i) row[i] = {from[i * a.after], i};
      std::sort(row, row + a.extent);
      for (std::int64_t i = 0; i < a.extent; ++i) {
        if (positions) {
          static_cast<std::int64_t*>(result.data)[start + i * a.after] = row[i].position;
        } else {
          static_cast<T*>(result.data)[start + i * a.after] = row[i].value;
        }
      }
    }
  }
}

/// The first of ties; the first NaN if there is one. New leaders are rare, so one comparison an element is what it takes.
template <class T, bool largest>
std::int64_t arg_extreme(const T* from, std::int64_t count, std::int64_t step) {
  const auto stays = [](T value, T leader) { return largest ? value <= leader : value >= leader; };  // false for NaN
  std::int64_t best = 0;
  T leader = from[0];
  if (is_nan(leader)) return best;
  for (std::int64_t i = 1; i < count; ++i) {
    const T value = from[i * step];
    if (stays(value, leader)) [[likely]] continue;
    best = i;
    leader = value;
    if (is_nan(value)) break;
  }
  return best;
}

template <class T>
void arg_extreme(Ints ints, const LibraryArray& x, const LibraryArray& result, bool largest) {
  const Around a(x.shape, ints[0]);
  auto* to = static_cast<std::int64_t*>(result.data);
  for (std::int64_t b = 0; b < a.before; ++b) {
    for (std::int64_t j = 0; j < a.after; ++j) {
      const T* from = static_cast<const T*>(x.data) + b * a.extent * a.after + j;
      *to++ = largest ? arg_extreme<T, true>(from, a.extent, a.after) : arg_extreme<T, false>(from, a.extent, a.after);
    }
  }
}

template <class T>
void matmul(Arrays operands, const LibraryArray& result) {
  using U = std::conditional_t<std::is_same_v<T, bool>, bool,
                               std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
  const Ints shape = result.shape;
  const std::size_t rank = shape.size();
  const std::int64_t n = shape[rank - 1], m = shape[rank - 2], k = operands[0].shape[rank - 1];
  const std::int64_t batch = product(shape.first(rank - 2));
  const U* a = static_cast<const U*>(operands[0].data);
  const U* b = static_cast<const U*>(operands[1].data);
  U* c = static_cast<U*>(result.data);
  std::fill_n(c, batch * m * n, U{});
  for (std::int64_t t = 0; t < batch; ++t, b += k * n) {
    for (std::int64_t i = 0; i < m; ++i, a += k, c += n) {
      for (std::int64_t p = 0; p < k; ++p) {
        for (std::int64_t j = 0; j < n; ++j) c[j] = static_cast<U>(c[j] + a[p] * b[p * n + j]);
      }
    }
  }
}

}  // namespace

std::size_t library_scratch(Op op, Ints ints, Arrays operands) {
  if (op != Op::sort && op != Op::argsort) return 0;
  return static_cast<std::size_t>(Around(operands[0].shape, ints[0]).extent) * sizeof(Keyed<double>);
}

void library(Op op, Ints ints, Arrays operands, const LibraryArray& result, void* scratch) {
  if (op == Op::matmul && is_float(result.dtype)) throw InternalError("library: a product of floats is a MatmulKernel");
  if (op == Op::gather) return gather(ints, operands[0], operands[1], result);
  with_type(operands[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    switch (op) {
      case Op::scatter_add: return scatter_add<T>(ints, operands, result);
      case Op::cumsum: return cumsum<T>(ints, operands[0], result);
      case Op::sort: return sort<T>(ints, operands[0], result, false, scratch);
      case Op::argsort: return sort<T>(ints, operands[0], result, true, scratch);
      case Op::argmax: return arg_extreme<T>(ints, operands[0], result, true);
      case Op::argmin: return arg_extreme<T>(ints, operands[0], result, false);
      case Op::matmul: return matmul<T>(operands, result);
      default: throw InternalError("library: an op without a routine");
    }
  });
}

}  // namespace actinium::runtime
