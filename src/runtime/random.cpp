// Philox and what is made of it.
#include "actinium/random.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "actinium/error.h"
#include "math/functions.hpp"
#include "math/machine.hpp"

namespace actinium {
namespace {

/// One of our own functions on one number: std's differ from system to system.
double apply(ops::Op op, double x) {
  const std::array<std::uint64_t, 1> argument{std::bit_cast<std::uint64_t>(x)};
  return std::bit_cast<double>(machine::evaluate(math::body(op, DType::f64, DType::f64), argument, true)[0]);
}

/// Fills a tensor of a float type from a generator of doubles.
template <class Next>
Tensor fill(const Shape& shape, DType dtype, Next&& next) {
  if (!is_float(dtype)) throw TypeError(fmt::format("random numbers are floats, {} is asked for", name_of(dtype)));
  Tensor t = Tensor::empty(shape, dtype);
  for (std::int64_t i = 0; i < t.size(); ++i) {
    const double value = next();
    if (dtype == DType::f32) {
      t.data<float>()[i] = static_cast<float>(value);
    } else {
      t.data<double>()[i] = value;
    }
  }
  return t;
}

}  // namespace

std::array<std::uint32_t, 4> Philox::block(std::uint64_t position) const {
  // Multipliers and Weyl constants of the paper's table 2.
  std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32),
                                 static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)};
  auto k0 = static_cast<std::uint32_t>(key_), k1 = static_cast<std::uint32_t>(key_ >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

std::uint32_t Philox::next() {
  if (used_ == 4) {
    words_ = block(position_++);
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

std::uint64_t Philox::below(std::uint64_t n) {
  if (n == 0) throw ValueError("Philox::below: the range is empty");
  // Rejection: the largest multiple of n is the limit.
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;
  std::uint64_t word = 0;
  do {
    const std::uint64_t high = next();
    word = high << 32 | next();
  } while (word >= limit);
  return word % n;
}

double Philox::uniform() {
  const std::uint64_t high = next() >> 5, low = next() >> 6;
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

Tensor random_uniform(std::uint64_t seed, const Shape& shape, double lo, double hi, DType dtype) {
  if (!(lo <= hi) || !std::isfinite(lo) || !std::isfinite(hi))
    throw ValueError(fmt::format("random_uniform: the range {} to {} is not one of finite numbers, low to high", lo, hi));
  Philox random(seed);
  const double top = dtype == DType::f32 ? std::nextafter(static_cast<float>(hi), -INFINITY) : std::nextafter(hi, -INFINITY);
  return fill(shape, dtype, [&] {
    const double value = lo + (hi - lo) * random.uniform();
    return lo < hi ? std::min(value, top) : lo;
  });
}

Tensor random_normal(std::uint64_t seed, const Shape& shape, double mean, double deviation, DType dtype) {
  if (!(deviation >= 0) || !std::isfinite(deviation) || !std::isfinite(mean))
    throw ValueError(fmt::format("random_normal: mean {} and deviation {} must be finite, and the deviation not negative", mean, deviation));
  Philox random(seed);
  bool have = false;
  double spare = 0;
  return fill(shape, dtype, [&] {
    if (have) {
      have = false;
      return mean + deviation * spare;
    }
    const double radius = std::sqrt(-2 * apply(ops::Op::log, 1 - random.uniform()));
    const double angle = 2 * std::numbers::pi * random.uniform();
    spare = radius * apply(ops::Op::sin, angle);
    have = true;
    return mean + deviation * (radius * apply(ops::Op::cos, angle));
  });
}

std::vector<std::int64_t> random_permutation(std::uint64_t seed, std::int64_t n) {
  if (n < 0) throw ValueError(fmt::format("random_permutation of {} elements", n));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  Philox random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

Tensor glorot_uniform(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype) {
  const double limit = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  return random_uniform(seed, {fan_in, fan_out}, -limit, limit, dtype);
}

Tensor lecun_normal(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype) {
  return random_normal(seed, {fan_in, fan_out}, 0, std::sqrt(1.0 / static_cast<double>(fan_in)), dtype);
}

Tensor he_normal(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype) {
  return random_normal(seed, {fan_in, fan_out}, 0, std::sqrt(2.0 / static_cast<double>(fan_in)), dtype);
}

}  // namespace actinium
