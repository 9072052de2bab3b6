// Start reading at the block form of Tally::add: a loop that the compiler vectorises finds the errors, and only what is
// remarkable goes point by point.
#include "certify/tally.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace actinium::exact {
namespace {

void note(Sightings& s, const Witness& w) {
  ++s.count;
  if (!s.first || std::abs(w.x) < std::abs(s.first->x)) s.first = w;
}
void merge_into(Sightings& a, const Sightings& b) {
  a.count += b.count;
  if (b.first && (!a.first || std::abs(b.first->x) < std::abs(a.first->x))) a.first = b.first;
}

/// |result - truth| in ulp of an f32; infinities are 2**128. NaN if either is.
inline double error_of(float result, double truth) {
  constexpr double end = 0x1p128;
  const double t = truth > end ? end : truth < -end ? -end : truth;
  const double y = static_cast<double>(result) > end    ? end
                   : static_cast<double>(result) < -end ? -end
                                                        : static_cast<double>(result);
  const auto bits = std::bit_cast<std::uint64_t>(t) & 0x7ff0000000000000u;
  constexpr std::uint64_t least = std::uint64_t{1023 - 126} << 52, most = std::uint64_t{1023 + 127} << 52;
  const std::uint64_t exponent = bits < least ? least : bits > most ? most : bits;
  // 2**(23 - e) from the exponent field: 2046 - field is that of 2**-e.
  const double scale = std::bit_cast<double>((std::uint64_t{2046 + 23} << 52) - exponent);
  return std::abs(y - t) * scale;
}

constexpr double smallest_normal = 0x1p-126;

}  // namespace

void Tally::note_overflow(double x, double result, double truth) {
  if (!found_.first_overflow || std::abs(x) < std::abs(found_.first_overflow->x))
    found_.first_overflow = Witness{x, result, truth};
}

void Tally::note_special(double x, double result, const Judgement& j) {
  const Witness w{x, result, j.truth};
  const double normal = std::ldexp(1.0, terms_->format.min_exponent);
  if (j.kind == Judgement::Kind::undefined) {
    if (!std::isnan(result) && !(std::isnan(x) && terms_->is_piecewise_constant)) note(found_.missing_nan, w);
    return;
  }
  if (std::isnan(result)) note(found_.wrong_nan, {x, std::abs(result), j.truth});  // without a sign
  // Around a zero of a derivative, 0 and the other sign are errors like any other.
  const bool tiny_error = terms_->is_oscillating || terms_->near_zero(x);
  const bool matters = !(tiny_error && std::ldexp(j.absolute, terms_->format.bits) <= Terms::near_zero_units);
  if (result == 0 && std::abs(j.truth) >= normal && matters) note(found_.wrong_zero, w);
  if (std::isinf(result)) {
    note_overflow(x, result, j.truth);
    if (std::abs(j.truth) < std::ldexp(1.0, terms_->format.max_exponent)) note(found_.wrong_infinity, w);
  }
  if (matters && std::abs(j.truth) >= normal && ((result < 0 && j.truth > 0) || (result > 0 && j.truth < 0)))
    note(found_.wrong_sign, w);
}

bool Tally::is_broken(double x, const Judgement& j) const {
  if (!terms_->promise || !(j.ulp > terms_->promise(x, terms_->order))) return false;
  if (terms_->is_asked) return true;
  const Format& f = terms_->format;
  // A subnormal result has lost digits that a factor x may have had.
  if (std::abs(j.truth) < std::ldexp(1.0, f.min_exponent) && j.ulp <= 4 + std::abs(x)) return false;
  return !(terms_->is_oscillating || terms_->near_zero(x)) || std::ldexp(j.absolute, f.bits) > Terms::near_zero_units;
}

void Tally::note_step(double x, double result, double truth) {
  if (has_last_ && ((result < last_result_ && truth > last_truth_) || (result > last_result_ && truth < last_truth_)))
    note(found_.backward_steps, {x, result, truth});
  has_last_ = true;
  last_result_ = result;
  last_truth_ = truth;
}

void Tally::add(double x, double result, const Judgement& j) {
  if (j.kind == Judgement::Kind::unjudged) {
    ++found_.unjudged;
    has_last_ = false;
    return;
  }
  ++found_.judged;
  note_special(x, result, j);
  if (j.kind == Judgement::Kind::undefined || std::isnan(result)) {
    has_last_ = false;
    return;
  }
  note_step(x, result, j.truth);
  if (terms_->near_zero(x)) {
    const double units = std::ldexp(j.absolute, terms_->format.bits);
    if (units > found_.worst_near_zeros) {
      found_.worst_near_zeros = units;
      found_.worst_near_zeros_at = {x, result, j.truth};
    }
    if (is_broken(x, j)) note(found_.broken, {x, result, j.truth});
    return;
  }
  ++found_.within[j.ulp <= 1 ? 0 : j.ulp <= 2 ? 1 : j.ulp <= 4 ? 2 : 3];
  if (j.ulp > found_.worst_ulp) {
    found_.worst_ulp = j.ulp;
    found_.worst = {x, result, j.truth};
  }
  if (is_broken(x, j)) note(found_.broken, {x, result, j.truth});
}

#define ACTINIUM_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))

/// How many numbers note_special has to look at.
ACTINIUM_CLONES static std::uint64_t errors_of(const float* __restrict results, const double* __restrict truth,
                                               float* __restrict errors, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) errors[i] = static_cast<float>(error_of(results[i], truth[i]));
  std::uint64_t special = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double y = results[i], t = truth[i];
    // Infinite together is as it should be.
    const bool odd = (y != y) | (t != t) | ((std::abs(y) > 0x1.fffffep127) & !((std::abs(t) >= 0x1p128) & (y * t > 0)));
    special += (odd | ((std::abs(t) >= smallest_normal) & (y * t <= 0))) ? 1u : 0u;
  }
  return special;
}

namespace {
struct Counts {
  float worst = 0;
  unsigned in1 = 0, in2 = 0, in4 = 0, backward = 0;
};
}  // namespace
ACTINIUM_CLONES static Counts count(const float* __restrict y, const double* __restrict t, const float* __restrict errors,
                                    std::size_t n) {
  Counts c;
  // Errors are not negative, so their bits compare as they do.
  std::uint32_t worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(errors[i]);
    worst = bits > worst ? bits : worst;
    c.in1 += bits <= std::bit_cast<std::uint32_t>(1.0f) ? 1u : 0u;
    c.in2 += bits <= std::bit_cast<std::uint32_t>(2.0f) ? 1u : 0u;
    c.in4 += bits <= std::bit_cast<std::uint32_t>(4.0f) ? 1u : 0u;
  }
  c.worst = std::bit_cast<float>(worst);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double moved = static_cast<double>(y[i + 1]) - static_cast<double>(y[i]), meant = t[i + 1] - t[i];
    c.backward += ((moved < 0) & (meant > 0)) | ((moved > 0) & (meant < 0)) ? 1u : 0u;
  }
  return c;
}

void Tally::add(std::span<const float> x, std::span<const float> results, std::span<const double> truth) {
  constexpr std::size_t part = 2048;
  std::array<float, part> errors;
  for (std::size_t from = 0; from < x.size(); from += part) {
    const std::size_t n = std::min(part, x.size() - from);
    const float *xs = x.data() + from, *ys = results.data() + from;
    const double* ts = truth.data() + from;
    bool special = errors_of(ys, ts, errors.data(), n) != 0;
    // Magnitudes ascend within a block.
    if (std::isinf(ys[n - 1]) && !special)
      note_overflow(*std::find_if(xs, xs + n, [&](const float& v) { return std::isinf(ys[&v - xs]); }), ys[n - 1], ts[n - 1]);
    const Counts c = count(ys, ts, errors.data(), n);
    for (double z : terms_->zeros) {
      const double low = std::min(xs[0], xs[n - 1]), high = std::max(xs[0], xs[n - 1]);
      special = special || (high > z - Terms::zone && low < z + Terms::zone);
    }
    if (special || c.backward != 0 || (terms_->promise && static_cast<double>(c.worst) > terms_->promise.least())) {
      for (std::size_t i = 0; i < n; ++i) {
        Judgement j{std::isnan(ts[i]) ? Judgement::Kind::undefined : Judgement::Kind::value, ts[i],
                    error_of(ys[i], ts[i]), std::abs(static_cast<double>(ys[i]) - ts[i])};
        add(static_cast<double>(xs[i]), static_cast<double>(ys[i]), j);
      }
      continue;
    }
    found_.judged += n;
    found_.within[0] += c.in1;
    found_.within[1] += c.in2 - c.in1;
    found_.within[2] += c.in4 - c.in2;
    found_.within[3] += n - c.in4;
    if (static_cast<double>(c.worst) > found_.worst_ulp) {
      const std::size_t i = static_cast<std::size_t>(std::find(errors.begin(), errors.begin() + n, c.worst) - errors.begin());
      found_.worst_ulp = error_of(ys[i], ts[i]);
      found_.worst = {xs[i], ys[i], ts[i]};
    }
    note_step(xs[0], ys[0], ts[0]);
    last_result_ = ys[n - 1];
    last_truth_ = ts[n - 1];
  }
}

void Tally::merge(const Tally& next) {
  const Accuracy& b = next.found_;
  Accuracy& a = found_;
  a.judged += b.judged;
  a.unjudged += b.unjudged;
  a.skipped += b.skipped;
  for (int i = 0; i < 4; ++i) a.within[i] += b.within[i];
  if (b.worst_ulp > a.worst_ulp) a.worst_ulp = b.worst_ulp, a.worst = b.worst;
  if (b.worst_near_zeros > a.worst_near_zeros)
    a.worst_near_zeros = b.worst_near_zeros, a.worst_near_zeros_at = b.worst_near_zeros_at;
  merge_into(a.wrong_nan, b.wrong_nan);
  merge_into(a.missing_nan, b.missing_nan);
  merge_into(a.wrong_zero, b.wrong_zero);
  merge_into(a.wrong_infinity, b.wrong_infinity);
  merge_into(a.wrong_sign, b.wrong_sign);
  merge_into(a.backward_steps, b.backward_steps);
  merge_into(a.broken, b.broken);
  if (b.first_overflow && (!a.first_overflow || std::abs(b.first_overflow->x) < std::abs(a.first_overflow->x)))
    a.first_overflow = b.first_overflow;
}

Accuracy Tally::result() const {
  Accuracy a = found_;
  a.zeros = terms_->zeros;
  a.bound = terms_->promise.constant;
  a.holds = !terms_->counts ||
            a.wrong_nan.count + a.missing_nan.count + a.wrong_zero.count + a.wrong_infinity.count + a.wrong_sign.count +
                a.broken.count == 0;
  return a;
}

}  // namespace actinium::exact
