// Numbers of thousands of bits with the operators of algebra: the references are written in them as in a textbook.
#pragma once
#include <mpfr.h>

#include <utility>

namespace actinium::testing {

/// An MPFR number. Its precision is that in force when it was made (Real::Precision).
class Real {
 public:
  /// Sets the precision for its lifetime.
  class Precision {
   public:
    explicit Precision(long bits) : saved_(mpfr_get_default_prec()) { mpfr_set_default_prec(bits); }
    ~Precision() { mpfr_set_default_prec(saved_); }
    Precision(const Precision&) = delete;
    Precision& operator=(const Precision&) = delete;

   private:
    mpfr_prec_t saved_;
  };

  Real() : Real(0.0) {}
  Real(double v) { mpfr_init_set_d(v_, v, MPFR_RNDN); }
  Real(const Real& o) { mpfr_init_set(v_, o.v_, MPFR_RNDN); }
  Real& operator=(const Real& o) {
    if (this != &o) {
      mpfr_set_prec(v_, mpfr_get_prec(o.v_));
      mpfr_set(v_, o.v_, MPFR_RNDN);
    }
    return *this;
  }
  ~Real() { mpfr_clear(v_); }
  /// A decimal number, exactly as written.
  static Real decimal(const char* text) {
    Real r;
    mpfr_set_str(r.v_, text, 10, MPFR_RNDN);
    return r;
  }
  static Real pi() {
    Real r;
    mpfr_const_pi(r.v_, MPFR_RNDN);
    return r;
  }
  /// 2**exponent.
  static Real power_of_two(long exponent) {
    Real r(1.0);
    mpfr_mul_2si(r.v_, r.v_, exponent, MPFR_RNDN);
    return r;
  }

  double to_double() const { return mpfr_get_d(v_, MPFR_RNDN); }
  bool is_nan() const { return mpfr_nan_p(v_) != 0; }
  bool is_inf() const { return mpfr_inf_p(v_) != 0; }
  bool is_zero() const { return mpfr_zero_p(v_) != 0; }
  /// e with 2**(e-1) <= |x| < 2**e.
  long exponent() const { return mpfr_get_exp(v_); }
  mpfr_srcptr raw() const { return v_; }

#define ACTINIUM_REAL_BINARY(symbol, function)                \
  friend Real operator symbol(const Real& a, const Real& b) { \
    Real r;                                                   \
    function(r.v_, a.v_, b.v_, MPFR_RNDN);                    \
    return r;                                                 \
  }
  ACTINIUM_REAL_BINARY(+, mpfr_add)
  ACTINIUM_REAL_BINARY(-, mpfr_sub)
  ACTINIUM_REAL_BINARY(*, mpfr_mul)
  ACTINIUM_REAL_BINARY(/, mpfr_div)
#undef ACTINIUM_REAL_BINARY
  friend Real operator-(const Real& a) { return Real(0.0) - a; }
  friend bool operator<(const Real& a, const Real& b) { return mpfr_less_p(a.v_, b.v_) != 0; }
  friend bool operator>(const Real& a, const Real& b) { return b < a; }
  friend bool operator<=(const Real& a, const Real& b) { return mpfr_lessequal_p(a.v_, b.v_) != 0; }
  friend bool operator>=(const Real& a, const Real& b) { return b <= a; }
  friend bool operator==(const Real& a, const Real& b) { return mpfr_equal_p(a.v_, b.v_) != 0; }

#define ACTINIUM_REAL_UNARY(name)       \
  friend Real name(const Real& a) {     \
    Real r;                             \
    mpfr_##name(r.v_, a.v_, MPFR_RNDN); \
    return r;                           \
  }
  ACTINIUM_REAL_UNARY(exp)
  ACTINIUM_REAL_UNARY(log)
  ACTINIUM_REAL_UNARY(log1p)
  ACTINIUM_REAL_UNARY(tanh)
  ACTINIUM_REAL_UNARY(erf)
  ACTINIUM_REAL_UNARY(sin)
  ACTINIUM_REAL_UNARY(cos)
  ACTINIUM_REAL_UNARY(atan)
  ACTINIUM_REAL_UNARY(sqrt)
  ACTINIUM_REAL_UNARY(abs)
#undef ACTINIUM_REAL_UNARY

 private:
  mpfr_t v_;
};

}  // namespace actinium::testing
