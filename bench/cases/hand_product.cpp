// Cases 4 and 5 by hand: products of the sizes of one small network, and of one row. See hand.hpp.
#include <cmath>

#include "hand.hpp"
#include "vec512.hpp"
#include "vec512_bounds.hpp"

namespace bench::hand {

// ---- 5
// ---------------------------------------------------------------------------------------------------------------
void pack_panels(const float* w, float* packed, int n) {
  for (int panel = 0; panel < n; panel += 256) {
    for (int k = 0; k < n; ++k) {
      for (int j = 0; j < 256; ++j) *packed++ = w[static_cast<std::ptrdiff_t>(k) * n + panel + j];
    }
  }
}

void layer_panels(const float* x, const float* packed, const float* b, float* y, int n) {
  for (int panel = 0; panel < n; panel += 256) {
    V s[16];
    for (int j = 0; j < 16; ++j) s[j] = _mm512_loadu_ps(b + panel + 16 * j);
    for (int k = 0; k < n; ++k, packed += 256) {
      const V xk = all(x[k]);
#pragma GCC unroll 16
      for (int j = 0; j < 16; ++j) {
        _mm_prefetch(packed + 2048 + 16 * j, _MM_HINT_T0);
        s[j] = fma(xk, _mm512_loadu_ps(packed + 16 * j), s[j]);
      }
    }
    for (int j = 0; j < 16; ++j) _mm512_storeu_ps(y + panel + 16 * j, _mm512_max_ps(s[j], all(0)));
  }
}

void layer_dots(const float* v, const float* x, const float* b, float* y, int n) {
  for (int row = 0; row < n; row += 8) {
    const float* p = v + static_cast<std::ptrdiff_t>(row) * n;
    V s[8];
    for (V& e : s) e = all(0);
    for (int k = 0; k < n; k += 16) {
      const V xk = _mm512_loadu_ps(x + k);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) s[j] = fma(xk, _mm512_loadu_ps(p + static_cast<std::ptrdiff_t>(j) * n + k), s[j]);
    }
    for (int j = 0; j < 8; ++j) {
      const float z = _mm512_reduce_add_ps(s[j]) + b[row + j];
      y[row + j] = z > 0 ? z : 0;
    }
  }
}

// ---- 4
// ---------------------------------------------------------------------------------------------------------------
namespace {

constexpr int batch = 32, width = 64, classes = 10;

/// Rows x (16 Columns) of A B in registers; A by its strides, so that its transpose is as good.
template <int Rows, int Columns, int K>
inline void tile(const float* a, int row_stride, int k_stride, const float* b, int ldb, V (&s)[Rows][Columns]) {
  for (auto& row : s) {
    for (V& v : row) v = all(0);
  }
  for (int k = 0; k < K; ++k) {
    V bk[Columns];
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) bk[j] = _mm512_load_ps(b + k * ldb + 16 * j);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const V ai = all(a[i * row_stride + k * k_stride]);
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) s[i][j] = fma(ai, bk[j], s[i][j]);
    }
  }
}

/// f(row, column, vector) for A B, whose width is 64: six rows at a time, then what is left.
template <int M, int K, class F>
inline void product64(const float* a, int row_stride, int k_stride, const float* b, F f) {
  constexpr int sixes = M / 6, rest = M % 6;
  V s[6][4];
  for (int i = 0; i < 6 * sixes; i += 6) {
    tile<6, 4, K>(a + i * row_stride, row_stride, k_stride, b, width, s);
    for (int r = 0; r < 6; ++r) {
      for (int j = 0; j < 4; ++j) f(i + r, 16 * j, s[r][j]);
    }
  }
  if constexpr (rest > 0) {
    V t[rest][4];
    tile<rest, 4, K>(a + 6 * sixes * row_stride, row_stride, k_stride, b, width, t);
    for (int r = 0; r < rest; ++r) {
      for (int j = 0; j < 4; ++j) f(6 * sixes + r, 16 * j, t[r][j]);
    }
  }
}

/// The same for a width of 16: sixteen rows at a time.
template <int M, int K, class F>
inline void product16(const float* a, int row_stride, int k_stride, const float* b, F f) {
  V s[16][1];
  for (int i = 0; i < M; i += 16) {
    tile<16, 1, K>(a + i * row_stride, row_stride, k_stride, b, 16, s);
    for (int r = 0; r < 16; ++r) f(i + r, s[r][0]);
  }
}

/// 16 x 16 from rows of `from` to rows of `to`, as four rounds of merging pairs.
inline void transpose16(const float* from, int ld_from, float* to, int ld_to) {
  __m512d q[16];
  for (int i = 0; i < 16; i += 2) {
    const V a = _mm512_load_ps(from + i * ld_from), b = _mm512_load_ps(from + (i + 1) * ld_from);
    q[i] = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    q[i + 1] = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
  }
  V r[16];
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(q[i], q[i + 2]));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(q[i], q[i + 2]));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(q[i + 1], q[i + 3]));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(q[i + 1], q[i + 3]));
  }
  for (int k = 0; k < 4; ++k) {
    const V a = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), b = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xdd);
    const V c = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88), d = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xdd);
    _mm512_store_ps(to + k * ld_to, _mm512_shuffle_f32x4(a, c, 0x88));
    _mm512_store_ps(to + (4 + k) * ld_to, _mm512_shuffle_f32x4(b, d, 0x88));
    _mm512_store_ps(to + (8 + k) * ld_to, _mm512_shuffle_f32x4(a, c, 0xdd));
    _mm512_store_ps(to + (12 + k) * ld_to, _mm512_shuffle_f32x4(b, d, 0xdd));
  }
}

constexpr Mask ten = 0x3ff;

struct alignas(64) Workspace {
  float h[2][batch * width], slope[2][batch * width], g[2][batch * width];
  float logits[batch * 16], w_padded[width * 16], transposed[width * width], w_out[16 * width];
};

template <Functions>
struct Set;

template <>
struct Set<Functions::moderate> {
  static V silu(V z, V& slope) {
    const V s = sigmoid(z), t = mul(z, s);
    slope = fma(t, sub(all(1), s), s);
    return t;
  }
  static float output_gradient(float* logits, const float* b, const std::int32_t* labels, float* db) {
    const V bias = _mm512_maskz_loadu_ps(ten, b);
    V sum = all(0);
    float loss = 0;
    for (int i = 0; i < batch; ++i) {
      alignas(64) float z[16];
      const V v = add(_mm512_load_ps(logits + 16 * i), bias);
      _mm512_store_ps(z, v);
      const float top = _mm512_mask_reduce_max_ps(ten, v);
      V e = _mm512_maskz_mov_ps(ten, exp(sub(v, all(top))));
      const float total = _mm512_reduce_add_ps(e);
      loss -= z[labels[i]] - top - std::log(total);
      e = mul(e, all(1 / (total * batch)));
      e = _mm512_mask_sub_ps(e, static_cast<Mask>(1u << labels[i]), e, all(1.0f / batch));
      _mm512_store_ps(logits + 16 * i, e);
      sum = add(sum, e);
    }
    _mm512_mask_storeu_ps(db, ten, sum);
    return loss / batch;
  }
};

template <>
struct Set<Functions::bounded> {
  static V silu(V z, V& slope) {
    const bounded::Silu parts = bounded::silu_parts(z);
    slope = bounded::silu_slope(parts);
    return bounded::silu(parts, z);
  }
  /// The largest terms, which are 1, are counted apart from the rest; logarithms wait for a vector of them.
  static float output_gradient(float* logits, const float* b, const std::int32_t* labels, float* db) {
    const V bias = _mm512_maskz_loadu_ps(ten, b);
    V sum = all(0);
    alignas(64) float of_label[batch], less_one[batch];
    for (int i = 0; i < batch; ++i) {
      const Mask label = static_cast<Mask>(1u << labels[i]);
      const V v = add(_mm512_load_ps(logits + 16 * i), bias);
      const bounded::Terms t = bounded::terms(v, all(_mm512_mask_reduce_max_ps(ten, v)));
      const float ties = static_cast<float>(__builtin_popcount(t.largest & ten));
      const float rest = _mm512_reduce_add_ps(_mm512_maskz_mov_ps(ten, t.rest));
      const float e_label = _mm512_mask_reduce_add_ps(label, t.e);
      const float others = e_label == 1 ? (ties - 1) + rest : ties + (rest - e_label);
      of_label[i] = _mm512_mask_reduce_add_ps(label, add(t.d, t.low));
      less_one[i] = (ties - 1) + rest;
      V g = _mm512_mask_mov_ps(_mm512_maskz_mov_ps(ten, t.e), label, all(-others));
      g = mul(mul(g, all(1 / (ties + rest))), all(1.0f / batch));
      _mm512_store_ps(logits + 16 * i, g);
      sum = add(sum, g);
    }
    _mm512_mask_storeu_ps(db, ten, sum);
    V loss = all(0);
    for (int i = 0; i < batch; i += 16)
      loss = add(loss, sub(bounded::log1p(_mm512_load_ps(less_one + i)), _mm512_load_ps(of_label + i)));
    return _mm512_reduce_add_ps(loss) / batch;
  }
};

/// h = silu(x W + b) and its slope.
template <Functions F>
void forward(const float* x, const float* w, const float* b, float* h, float* slope) {
  product64<batch, width>(x, width, 1, w, [&](int i, int j, V z) {
    V s;
    _mm512_store_ps(h + i * width + j, Set<F>::silu(add(z, _mm512_load_ps(b + j)), s));
    _mm512_store_ps(slope + i * width + j, s);
  });
}

/// g = (d W') slope for d of batch x K and W' of K x 64, and its column sums.
template <int K>
void backward(const float* d, int ld, const float* w, const float* slope, float* g, float* db) {
  V sums[4];
  for (V& v : sums) v = all(0);
  product64<batch, K>(d, ld, 1, w, [&](int i, int j, V z) {
    z = mul(z, _mm512_load_ps(slope + i * width + j));
    _mm512_store_ps(g + i * width + j, z);
    sums[j / 16] = add(sums[j / 16], z);
  });
  for (int j = 0; j < 4; ++j) _mm512_store_ps(db + 16 * j, sums[j]);
}

void weight_gradient(const float* x, const float* g, float* dw) {
  product64<width, batch>(x, 1, width, g, [&](int i, int j, V z) { _mm512_store_ps(dw + i * width + j, z); });
}

}  // namespace

template <Functions F>
void network_step(const NetworkStep& net) {
  static thread_local Workspace s;
  for (int k = 0; k < width; ++k)
    _mm512_store_ps(s.w_padded + 16 * k, _mm512_maskz_loadu_ps(ten, net.w[2] + classes * k));
  forward<F>(net.x, net.w[0], net.b[0], s.h[0], s.slope[0]);
  forward<F>(s.h[0], net.w[1], net.b[1], s.h[1], s.slope[1]);
  product16<batch, width>(s.h[1], width, 1, s.w_padded, [&](int i, V z) { _mm512_store_ps(s.logits + 16 * i, z); });
  *net.loss = Set<F>::output_gradient(s.logits, net.b[2], net.y, net.db[2]);
  product16<width, batch>(s.h[1], 1, width, s.logits,
                          [&](int i, V z) { _mm512_mask_storeu_ps(net.dw[2] + classes * i, ten, z); });
  for (int j = 0; j < width; j += 16) transpose16(s.w_padded + 16 * j, 16, s.w_out + j, width);
  backward<classes>(s.logits, 16, s.w_out, s.slope[1], s.g[1], net.db[1]);
  weight_gradient(s.h[0], s.g[1], net.dw[1]);
  for (int i = 0; i < width; i += 16) {
    for (int j = 0; j < width; j += 16)
      transpose16(net.w[1] + i * width + j, width, s.transposed + j * width + i, width);
  }
  backward<width>(s.g[1], width, s.transposed, s.slope[0], s.g[0], net.db[0]);
  weight_gradient(net.x, s.g[0], net.dw[0]);
}

template void network_step<Functions::moderate>(const NetworkStep&);
template void network_step<Functions::bounded>(const NetworkStep&);

}  // namespace bench::hand
