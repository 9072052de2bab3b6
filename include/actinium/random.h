// Random numbers that are a function of a seed alone: the same on every machine, for any number of threads.
#pragma once
#include <actinium/tensor.h>

#include <cstdint>
#include <vector>

namespace actinium {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011): 128 random bits from a
/// 64 bit key and a 128 bit counter.
class ACTINIUM_API Philox {
 public:
  explicit Philox(std::uint64_t key, std::uint64_t stream = 0) : key_(key), stream_(stream) {}
  /// The four words at a position; any order, no state.
  std::array<std::uint32_t, 4> block(std::uint64_t position) const;
  /// The next 32 bits.
  std::uint32_t next();
  /// Uniform in [0, n) without bias; ValueError for n = 0.
  std::uint64_t below(std::uint64_t n);
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();

 private:
  std::uint64_t key_, stream_, position_ = 0;
  std::array<std::uint32_t, 4> words_{};
  int used_ = 4;
};

/// Uniform in [lo, hi), of shape `shape`. ValueError unless lo <= hi, both finite.
ACTINIUM_API Tensor random_uniform(std::uint64_t seed, const Shape& shape, double lo = 0, double hi = 1, DType dtype = f32);
/// Normal with this mean and standard deviation (Box-Muller over our own log, sin and cos).
ACTINIUM_API Tensor random_normal(std::uint64_t seed, const Shape& shape, double mean = 0, double deviation = 1, DType dtype = f32);
/// 0 ... n-1 in random order (Fisher-Yates), i64.
ACTINIUM_API std::vector<std::int64_t> random_permutation(std::uint64_t seed, std::int64_t n);

/// Initial weights of shape [fan_in, fan_out]: uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010).
ACTINIUM_API Tensor glorot_uniform(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype = f32);
/// Normal with variance 1 / fan_in: what selu is meant to be used with (Klambauer et al. 2017).
ACTINIUM_API Tensor lecun_normal(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype = f32);
/// Normal with variance 2 / fan_in, for relu and its kin (He et al. 2015).
ACTINIUM_API Tensor he_normal(std::uint64_t seed, std::int64_t fan_in, std::int64_t fan_out, DType dtype = f32);

}  // namespace actinium
