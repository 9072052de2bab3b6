// See loops.hpp. -O3 -ffast-math turns these into calls of _ZGVeN16v_expf and its kin.
#include "loops.hpp"

#include <math.h>

namespace bench::loops {

#define LOOP _Pragma("GCC ivdep")

void gelu(float* z, const float* b, std::ptrdiff_t m, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < m; ++i, z += n) {
    LOOP for (std::ptrdiff_t j = 0; j < n; ++j) {
      const float v = z[j] + b[j];
      z[j] = 0.5f * v * (1.0f + erff(v * 0.70710678f));
    }
  }
}

float gelu_backward(float* z, const float* b, const float* c, float* db, std::ptrdiff_t m, std::ptrdiff_t n) {
  float total = 0;
  for (std::ptrdiff_t j = 0; j < n; ++j) db[j] = 0;
  for (std::ptrdiff_t i = 0; i < m; ++i, z += n, c += n) {
    float s = 0;
    LOOP for (std::ptrdiff_t j = 0; j < n; ++j) {
      const float v = z[j] + b[j], p = 0.5f * (1.0f + erff(v * 0.70710678f));
      s += v * p * c[j];
      z[j] = (p + v * expf(-0.5f * v * v) * 0.39894228f) * c[j];
      db[j] += z[j];
    }
    total += s;
  }
  return total;
}

double gelu_backward(double* z, const double* b, const double* c, double* db, std::ptrdiff_t m, std::ptrdiff_t n) {
  double total = 0;
  for (std::ptrdiff_t j = 0; j < n; ++j) db[j] = 0;
  for (std::ptrdiff_t i = 0; i < m; ++i, z += n, c += n) {
    double s = 0;
    LOOP for (std::ptrdiff_t j = 0; j < n; ++j) {
      const double v = z[j] + b[j], p = 0.5 * (1.0 + erf(v * 0.70710678118654752));
      s += v * p * c[j];
      z[j] = (p + v * exp(-0.5 * v * v) * 0.39894228040143268) * c[j];
      db[j] += z[j];
    }
    total += s;
  }
  return total;
}

void relu(float* z, const float* b, std::ptrdiff_t n) {
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) z[i] = z[i] + b[i] > 0 ? z[i] + b[i] : 0;
}
void sigmoid(float* z, const float* b, std::ptrdiff_t n) {
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) z[i] = 1.0f / (1.0f + expf(-(z[i] + b[i])));
}

void narrow(const float* x, const float* w, float* y, std::ptrdiff_t n) {
  const float a = w[0], b = w[1], c = w[2], d = w[3], e = w[4], f = w[5], g = w[6], h = w[7], k = w[8];
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float p = x[3 * i], q = x[3 * i + 1], r = x[3 * i + 2];
    y[3 * i] = tanhf(p * a + q * d + r * g);
    y[3 * i + 1] = tanhf(p * b + q * e + r * h);
    y[3 * i + 2] = tanhf(p * c + q * f + r * k);
  }
}

void wave(const float* x, float* y, std::ptrdiff_t n) {
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) y[i] = expf(-x[i] * x[i]) * sinf(x[i]) + log1pf(fabsf(x[i]));
}

void wave_gradient(const float* x, float* y, float* dx, std::ptrdiff_t n) {
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) {
    // A sine and a cosine of one argument become a call of the scalar sincosf: hence the other sine.
    const float e = expf(-x[i] * x[i]), s = sinf(x[i]), c = sinf(x[i] + 1.57079633f), a = fabsf(x[i]);
    y[i] = e * s + log1pf(a);
    dx[i] = e * (c - 2 * x[i] * s) + copysignf(1.0f, x[i]) / (1.0f + a);
  }
}

void silu_backward(const float* x, const float* dy, float* dx, std::ptrdiff_t n) {
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float s = 1.0f / (1.0f + expf(-x[i]));
    dx[i] = dy[i] * (s + x[i] * s * (1.0f - s));
  }
}

float cross_entropy(const float* logits, const std::int32_t* labels, float* gradient, int rows, int classes) {
  float loss = 0;
  const float share = 1.0f / static_cast<float>(rows);
  for (int row = 0; row < rows; ++row, logits += classes, gradient += classes) {
    float top = logits[0], sum = 0;
    for (int i = 0; i < classes; ++i) top = logits[i] > top ? logits[i] : top;
    LOOP for (int i = 0; i < classes; ++i) {
      const float e = expf(logits[i] - top);
      gradient[i] = e;
      sum += e;
    }
    for (int i = 0; i < classes; ++i) gradient[i] *= share / sum;
    loss -= logits[labels[row]] - top - logf(sum);
    gradient[labels[row]] -= share;
  }
  return loss * share;
}

void student(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums) {
  double a = 0, b = 0, c = 0;
  const double is = 1 / scale, in = 1 / nu;
  LOOP for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double z = (x[i] - mu) * is, q = z * z, r = 1 / (nu + q);
    a += log1p(q * in);
    b += q * r;
    c += z * r;
  }
  sums[0] = a, sums[1] = b, sums[2] = c;
}

void student_products(const double* x, std::ptrdiff_t n, double mu, double scale, double nu, double* sums) {
  double a = 0, b = 0, c = 0;
  const double is = 1 / scale, in = 1 / nu;
  std::ptrdiff_t i = 0;
  for (; i + 64 <= n; i += 64) {
    double p[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int k = 0; k < 64; k += 8) {
      LOOP for (int j = 0; j < 8; ++j) {
        const double z = (x[i + k + j] - mu) * is, q = z * z, r = 1 / (nu + q);
        p[j] *= 1 + q * in;
        b += q * r;
        c += z * r;
      }
    }
    LOOP for (int j = 0; j < 8; ++j) a += log(p[j]);
  }
  double rest[3];
  student(x + i, n - i, mu, scale, nu, rest);
  sums[0] = a + rest[0], sums[1] = b + rest[1], sums[2] = c + rest[2];
}

}  // namespace bench::loops
