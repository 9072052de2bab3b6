// Plain scalar code of the two problems that optimise: numbers with one tangent, and the optimiser of both, for any
// number type.
#pragma once
#include <cmath>
#include <functional>
#include <vector>

namespace actinium::problems {

/// A value and its derivative in one direction. Duals of duals give derivatives within derivatives.
template <class T>
struct Dual {
  T value = 0, tangent = 0;
  Dual() = default;
  Dual(const T& v, const T& t = T(0)) : value(v), tangent(t) {}

  friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.tangent + b.tangent}; }
  friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.tangent - b.tangent}; }
  friend Dual operator-(const Dual& a) { return {-a.value, -a.tangent}; }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    const T quotient = a.value / b.value;
    return {quotient, (a.tangent - quotient * b.tangent) / b.value};
  }
  friend Dual sqrt(const Dual& a) {
    using std::sqrt;
    const T root = sqrt(a.value);
    return {root, a.tangent / (T(2) * root)};
  }
  friend bool operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend bool operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
};

/// The gradient of f at x.
template <class T, class F>
std::vector<T> gradient_by_duals(const F& f, const std::vector<T>& x) {
  std::vector<T> result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::vector<Dual<T>> seeded(x.begin(), x.end());
    seeded[i].tangent = T(1);
    result.push_back(f(seeded).tangent);
  }
  return result;
}

template <class T>
T norm_of(const std::vector<T>& x) {
  using std::sqrt;
  T square(0);
  for (const T& e : x) square = square + e * e;
  return square <= T(0) ? T(0) : T(sqrt(square));
}

/// Gradient descent with a step that doubles after ten successes and halves after a failure.
template <class T>
std::vector<T> argmin(const std::function<T(const std::vector<T>&)>& f,
                      const std::function<std::vector<T>(const std::vector<T>&)>& gradient, std::vector<T> x) {
  T best = f(x), step(1e-5);
  std::vector<T> slope = gradient(x);
  for (int successes = 0;;) {
    if (norm_of(slope) <= T(1e-5)) return x;
    if (successes == 10) {
      step = step * T(2);
      successes = 0;
      continue;
    }
    std::vector<T> next, move;
    for (std::size_t i = 0; i < x.size(); ++i) {
      next.push_back(x[i] - step * slope[i]);
      move.push_back(x[i] - next[i]);
    }
    if (norm_of(move) <= T(1e-5)) return x;
    const T value = f(next);
    if (value < best) {
      x = next;
      best = value;
      slope = gradient(x);
      ++successes;
    } else {
      step = step / T(2);
      successes = 0;
    }
  }
}

}  // namespace actinium::problems
