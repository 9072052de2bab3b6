// Cases 11 and 12 by hand. See hand.hpp.
#include <cmath>

#include "hand.hpp"
#include "vec512.hpp"
#include "vec512_bounds.hpp"

namespace bench::hand {

// ---- 11
// --------------------------------------------------------------------------------------------------------------
namespace {

/// A row of a softmax: its terms from its largest logit, their sums in two vectors, and what comes of those.
template <Functions>
struct Row;

template <>
struct Row<Functions::moderate> {
  float largest, total = 0;
  V sums[4] = {all(0), all(0), all(0), all(0)};

  explicit Row(float m) : largest(m) {}
  V term(V x, int j, Mask mask = 0xffff) {
    const V e = _mm512_maskz_mov_ps(mask, exp(sub(x, all(largest))));
    sums[j] = add(sums[j], e);
    return e;
  }
  float inverse_sum() {
    total = _mm512_reduce_add_ps(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
    return 1 / total;
  }
  /// What the gradient is at the label, where the term is e, over the inverse sum.
  float at_label(float e) const { return e - total; }
  /// exp(x - largest) summed over all but one of the largest.
  float others() const { return total - 1; }
  /// Of 16 rows, from logits at the label.
  static V losses(V x, V m, V others) { return sub(hand::log1p(others), sub(x, m)); }
};

/// exp(x) with a power of two that brings the largest term near 1: no difference from the largest is rounded. That is
/// counted apart from the rest, next to which it would be lost in the logarithm and at the label.
template <>
struct Row<Functions::bounded> {
  float largest, shift, top = 0, rest = 0;
  V twos, sums[4] = {all(0), all(0), all(0), all(0)};
  int ties = 0;

  /// Far out the difference is exact wherever it counts.
  explicit Row(float m) : largest(m) {
    const bool near = std::fabs(m) < 208;
    shift = near ? 0 : m;
    twos = near ? nearest(mul(all(m), all(-1.44269504f))) : all(0);
  }
  V term(V x, int j, Mask mask = 0xffff) {
    const V e = bounded::ldexp_exp(sub(x, all(shift)), twos);
    const Mask is_largest = _mm512_mask_cmp_ps_mask(mask, x, all(largest), _CMP_EQ_OQ);
    ties += __builtin_popcount(is_largest);
    sums[j] = _mm512_mask_add_ps(sums[j], static_cast<Mask>(mask & ~is_largest), sums[j], e);
    return e;
  }
  float inverse_sum() {
    rest = _mm512_reduce_add_ps(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
    top = _mm512_cvtss_f32(bounded::ldexp_exp(all(largest - shift), twos));
    return 1 / std::fma(static_cast<float>(ties), top, rest);
  }
  float at_label(float e) const {
    const float others = static_cast<float>(e == top ? ties - 1 : ties);
    return -std::fma(others, top, e == top ? rest : rest - e);
  }
  float others() const { return static_cast<float>(ties - 1) + rest / top; }
  static V losses(V x, V m, V others) {
    const V d = sub(x, m), back = sub(d, x), low = sub(sub(x, sub(d, back)), add(m, back));
    return sub(sub(bounded::log1p(others), d), bounded::min(low, all(1)));
  }
};

}  // namespace

template <Functions F>
float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes) {
  const int whole = classes / 16 * 16;
  const Mask rest = static_cast<Mask>((1u << (classes - whole)) - 1);
  const float share = 1 / static_cast<float>(rows);
  double loss = 0;
  alignas(64) float at_labels[16] = {}, largest[16] = {}, others[16] = {};  // of rows whose logarithms wait
  for (int r = 0; r < rows; ++r) {
    const float* l = logits + static_cast<std::ptrdiff_t>(r) * classes;
    float* g = gradient + static_cast<std::ptrdiff_t>(r) * classes;
    V m[4];
    for (V& v : m) v = all(-INFINITY);
    int i = 0;
    for (; i + 64 <= whole; i += 64) {
      for (int j = 0; j < 4; ++j) m[j] = _mm512_max_ps(m[j], _mm512_loadu_ps(l + i + 16 * j));
    }
    for (; i < whole; i += 16) m[0] = _mm512_max_ps(m[0], _mm512_loadu_ps(l + i));
    m[1] = _mm512_mask_max_ps(m[1], rest, m[1], _mm512_maskz_loadu_ps(rest, l + whole));
    Row<F> row(_mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(m[0], m[1]), _mm512_max_ps(m[2], m[3]))));
    for (i = 0; i + 64 <= whole; i += 64) {
      V e[4];
      for (int j = 0; j < 4; ++j) e[j] = _mm512_loadu_ps(l + i + 16 * j);
      for (int j = 0; j < 4; ++j) e[j] = row.term(e[j], j);
      for (int j = 0; j < 4; ++j) _mm512_storeu_ps(g + i + 16 * j, e[j]);
    }
    for (; i < classes; i += 16) {
      const Mask mask = i < whole ? static_cast<Mask>(0xffff) : rest;
      _mm512_mask_storeu_ps(g + i, mask, row.term(_mm512_maskz_loadu_ps(mask, l + i), 0, mask));
    }
    const float inverse = row.inverse_sum(), at_label = row.at_label(g[labels[r]]);
    const V scale = all(inverse * share);
    for (i = 0; i < whole; i += 16) _mm512_storeu_ps(g + i, mul(_mm512_loadu_ps(g + i), scale));
    _mm512_mask_storeu_ps(g + i, rest, mul(_mm512_maskz_loadu_ps(rest, g + i), scale));
    g[labels[r]] = at_label * inverse * share;
    at_labels[r % 16] = l[labels[r]], largest[r % 16] = row.largest, others[r % 16] = row.others();
    if (r % 16 < 15 && r + 1 < rows) continue;
    const V losses = Row<F>::losses(_mm512_load_ps(at_labels), _mm512_load_ps(largest), _mm512_load_ps(others));
    loss += static_cast<double>(_mm512_mask_reduce_add_ps(static_cast<Mask>((2u << r % 16) - 1), losses));
  }
  return static_cast<float>(loss / rows);
}

template float cross_entropy<Functions::moderate>(const float*, const std::int32_t*, float*, int, int);
template float cross_entropy<Functions::bounded>(const float*, const std::int32_t*, float*, int, int);

// ---- 12
// --------------------------------------------------------------------------------------------------------------
namespace {

constexpr std::ptrdiff_t block = 8192;

/// The sums of student() over numbers among which is one so large, or none, that log1p's plain path does not take it.
[[gnu::noinline, gnu::cold]] void student_beyond(const double* x, std::ptrdiff_t n, double mu, double scale, double nu,
                                                 double* sums) {
  sums[0] = sums[1] = sums[2] = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double z = (x[i] - mu) / scale, q = z * z;
    sums[0] += std::log1p(q / nu);
    sums[1] += q / (nu + q);
    sums[2] += z / (nu + q);
  }
}

}  // namespace

// With y = z / sqrt(nu), z^2 / (nu + z^2) is y^2 / (1 + y^2): the sum is log1p's too.
void student(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums) {
  using namespace bounded;
  constexpr int group = 2;  // vectors interleaved
  const double root = std::sqrt(nu);
  const D centre = all_d(mu), factor = all_d(1 / (scale * root));
  sums[0] = sums[1] = sums[2] = 0;
  for (std::ptrdiff_t start = 0; start < n; start += block) {
    const std::ptrdiff_t stop = start + block < n ? start + block : n;
    __mmask8 beyond = 0;
    D a[group], b[group], c[group];
    for (int j = 0; j < group; ++j) a[j] = b[j] = c[j] = all_d(0);
    for (std::ptrdiff_t i = start; i < stop; i += 8 * group) {
      for (int j = 0; j < group; ++j) {
        const D y = _mm512_mul_pd(_mm512_sub_pd(_mm512_loadu_pd(x + i + 8 * j), centre), factor);
        const D t = _mm512_mul_pd(y, y), r = _mm512_div_pd(all_d(1), _mm512_add_pd(all_d(1), t));
        beyond |= _mm512_cmp_pd_mask(t, all_d(0x1p900), _CMP_NLT_UQ);
        a[j] = _mm512_add_pd(a[j], log1p(t));
        b[j] = fma(t, r, b[j]);
        c[j] = fma(y, r, c[j]);
      }
    }
    double s[3] = {};
    for (int j = 0; j < group; ++j) {
      s[0] += _mm512_reduce_add_pd(a[j]);
      s[1] += _mm512_reduce_add_pd(b[j]);
      s[2] += _mm512_reduce_add_pd(c[j]) / root;
    }
    if (beyond) [[unlikely]]
      student_beyond(x + start, stop - start, mu, scale, nu, s);
    for (int k = 0; k < 3; ++k) sums[k] += s[k];
  }
}

}  // namespace bench::hand
