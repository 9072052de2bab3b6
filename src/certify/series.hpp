// Truncated power series whose coefficients are balls (a number and a bound on its error): functions and all their
// derivatives at a point, or over an interval, with proven bounds. What the truth that we are judged by is computed in.
// Start reading at Series.
#pragma once
#include <memory>

namespace actinium::exact {

/// The answer to a question about balls.
enum class Truth : char { no, yes, unknown };
inline Truth operator!(Truth a) { return a == Truth::unknown ? a : a == Truth::yes ? Truth::no : Truth::yes; }
inline Truth operator&&(Truth a, Truth b) {
  if (a == Truth::no || b == Truth::no) return Truth::no;
  return a == Truth::yes && b == Truth::yes ? Truth::yes : Truth::unknown;
}
inline Truth operator||(Truth a, Truth b) { return !(!a && !b); }

/// f(c + e) as a polynomial in e up to the Context's length. Immutable; a copy shares.
class Series {
 public:
  /// How many coefficients, and bits of each, in this thread for its lifetime.
  class Context {
   public:
    Context(int length, long precision);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

   private:
    int length_;
    long precision_;
  };
  static int length();
  static long precision();

  /// Exactly this number; NaN is undefined.
  Series(double number);
  Series(int number) : Series(static_cast<double>(number)) {}
  /// A decimal number, as exactly as the precision allows.
  static Series decimal(const char* text);
  static Series pi();
  /// The variable at the centre of [low, high]; at a point if they are equal.
  static Series variable(double low, double high);
  /// The variable at sign * 2**exponent: far beyond the numbers of any format.
  static Series variable_at_power(int sign, long exponent);
  /// Nothing is known of its value.
  static Series unknown();

  /// False: outside of its domain (sqrt of a negative number), or not bounded at this precision and width.
  bool is_known() const;
  /// It is certain that there is no value here.
  bool is_undefined() const;

  /// The coefficient of e**i as the nearest double, and a bound on |coefficient - that double|. Both are scaled by
  /// 2**scale first.
  struct Ball {
    double middle, radius;
  };
  Ball coefficient(int i, long scale = 0) const;
  /// The ball's own radius, without the rounding to a double; scaled by 2**scale.
  double radius(int i, long scale) const;
  /// The largest and smallest magnitude of coefficient i as exponents of two: 2**low <= |c| <= 2**high; low is
  /// `vanishing` if it may be 0.
  struct Magnitude {
    double low, high;
  };
  static constexpr double vanishing = -1e300;
  Magnitude magnitude(int i) const;
  /// -1, 0 (exactly zero) or 1; 2 if unknown.
  int sign(int i) const;
  /// The k-th derivative's series: shorter by k.
  Series derivative(int k) const;
  /// f(this), where `outer` is f around this series' constant coefficient.
  Series composed(const Series& outer) const;
  /// This series' constant coefficient as a variable of its own.
  Series as_variable() const;

  friend Series operator+(const Series& a, const Series& b);
  friend Series operator-(const Series& a, const Series& b);
  friend Series operator*(const Series& a, const Series& b);
  friend Series operator/(const Series& a, const Series& b);
  friend Series operator-(const Series& a) { return Series(0) - a; }
  friend Truth operator<(const Series& a, const Series& b);
  friend Truth operator>(const Series& a, const Series& b) { return b < a; }
  friend Truth operator<=(const Series& a, const Series& b) { return !(b < a); }
  friend Truth operator>=(const Series& a, const Series& b) { return !(a < b); }
  friend Truth equal(const Series& a, const Series& b);
  friend Series where(Truth condition, const Series& a, const Series& b);

#define ACTINIUM_SERIES_FUNCTIONS(X)                                                                              \
  X(exp) X(expm1) X(log) X(log1p) X(sqrt) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh)   \
  X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(abs) X(sign) X(floor) X(ceil) X(trunc) X(round) X(cbrt) X(square)
#define X(name) friend Series name(const Series& a);
  ACTINIUM_SERIES_FUNCTIONS(X)
#undef X
  friend Series pow(const Series& a, const Series& b);
  friend Series atan2(const Series& y, const Series& x);

  struct Impl;

 private:
  explicit Series(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

#define X(name) Series name(const Series& a);
ACTINIUM_SERIES_FUNCTIONS(X)
#undef X
Series where(Truth condition, const Series& a, const Series& b);
Series pow(const Series& a, const Series& b);
Series atan2(const Series& y, const Series& x);
Truth equal(const Series& a, const Series& b);

}  // namespace actinium::exact
