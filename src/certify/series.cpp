// Start reading at Impl and apply. Everything rigorous is Arb's; what is ours is which formula is used where.
#include "certify/series.hpp"

#include <arb.h>
#include <arb_hypgeom.h>
#include <arb_poly.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace actinium::exact {

/// A polynomial, or what is known instead.
struct Series::Impl {
  enum class State : char { known, undefined, unknown };
  State state = State::known;
  arb_poly_t polynomial;
  Impl() { arb_poly_init(polynomial); }
  ~Impl() { arb_poly_clear(polynomial); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

namespace {

using Impl = Series::Impl;
using State = Impl::State;
thread_local int current_length = 1;
thread_local long current_precision = 64;

/// A ball with its own lifetime.
struct Number {
  arb_t v;
  Number() { arb_init(v); }
  explicit Number(double d) : Number() { arb_set_d(v, d); }
  ~Number() { arb_clear(v); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
};

void constant_of(arb_t out, const Impl& a) { arb_poly_get_coeff_arb(out, a.polynomial, 0); }

State worst(State a, State b) {
  if (a == State::unknown || b == State::unknown) return State::unknown;
  return a == State::undefined || b == State::undefined ? State::undefined : State::known;
}

/// Every finite polynomial is known.
void settle(Impl& r) {
  for (slong i = 0; i < arb_poly_length(r.polynomial); ++i)
    if (!arb_is_finite(arb_poly_get_coeff_ptr(r.polynomial, i))) {
      r.state = State::unknown;
      return;
    }
}

}  // namespace

Series::Context::Context(int length, long precision) : length_(current_length), precision_(current_precision) {
  current_length = length;
  current_precision = precision;
}
Series::Context::~Context() {
  current_length = length_;
  current_precision = precision_;
}
int Series::length() { return current_length; }
long Series::precision() { return current_precision; }

namespace {

/// A new series from `fill`, which is called if the operands are known.
template <class Fill>
std::shared_ptr<const Impl> made(State operands, Fill&& fill) {
  auto r = std::make_shared<Impl>();
  r->state = operands;
  if (operands == State::known) {
    fill(*r);
    if (r->state == State::known) settle(*r);
  }
  return r;
}

}  // namespace

Series::Series(double number) {
  impl_ = made(std::isnan(number) ? State::undefined : State::known, [&](Impl& r) {
    // Infinity as a parameter ("no limit") is compared with and never calculated with: larger than anything will do.
    Number n(std::isinf(number) ? std::copysign(1.0, number) : number);
    if (std::isinf(number)) arb_mul_2exp_si(n.v, n.v, 1L << 40);
    arb_poly_set_coeff_arb(r.polynomial, 0, n.v);
  });
}

Series Series::decimal(const char* text) {
  return Series(made(State::known, [&](Impl& r) {
    Number n;
    arb_set_str(n.v, text, current_precision);
    arb_poly_set_coeff_arb(r.polynomial, 0, n.v);
  }));
}

Series Series::pi() {
  return Series(made(State::known, [&](Impl& r) {
    Number n;
    arb_const_pi(n.v, current_precision);
    arb_poly_set_coeff_arb(r.polynomial, 0, n.v);
  }));
}

Series Series::variable(double low, double high) {
  return Series(made(State::known, [&](Impl& r) {
    Number a(low), b(high), n;
    if (low == high)
      arb_set(n.v, a.v);
    else
      arb_union(n.v, a.v, b.v, std::max(current_precision, 64L));
    arb_poly_set_coeff_arb(r.polynomial, 0, n.v);
    if (current_length > 1) arb_poly_set_coeff_si(r.polynomial, 1, 1);
  }));
}

Series Series::variable_at_power(int sign, long exponent) {
  return Series(made(State::known, [&](Impl& r) {
    Number n(sign);
    arb_mul_2exp_si(n.v, n.v, exponent);
    arb_poly_set_coeff_arb(r.polynomial, 0, n.v);
    if (current_length > 1) arb_poly_set_coeff_si(r.polynomial, 1, 1);
  }));
}

Series Series::unknown() {
  return Series(made(State::unknown, [](Impl&) {}));
}

bool Series::is_known() const { return impl_->state == State::known; }
bool Series::is_undefined() const { return impl_->state == State::undefined; }

Series::Ball Series::coefficient(int i, long scale) const {
  Number c;
  arb_poly_get_coeff_arb(c.v, impl_->polynomial, i);
  arb_mul_2exp_si(c.v, c.v, scale);
  const double middle = arf_get_d(arb_midref(c.v), ARF_RND_NEAR);
  if (!std::isfinite(middle)) return {middle, INFINITY};
  // What the rounding to a double left out is a part of the radius.
  const Number rounded(middle);
  arb_sub(c.v, c.v, rounded.v, 64);
  mag_t bound;
  mag_init(bound);
  arb_get_mag(bound, c.v);
  const double radius = mag_get_d(bound);
  mag_clear(bound);
  return {middle, radius};
}

double Series::radius(int i, long scale) const {
  Number c;
  arb_poly_get_coeff_arb(c.v, impl_->polynomial, i);
  arb_mul_2exp_si(c.v, c.v, scale);
  return mag_get_d(arb_radref(c.v));
}

Series::Magnitude Series::magnitude(int i) const {
  Number c;
  arb_poly_get_coeff_arb(c.v, impl_->polynomial, i);
  Magnitude m{vanishing, vanishing};
  arf_t low, high;
  arf_init(low);
  arf_init(high);
  arb_get_abs_lbound_arf(low, c.v, 30);
  arb_get_abs_ubound_arf(high, c.v, 30);
  fmpz_t e;
  fmpz_init(e);
  arf_abs_bound_lt_2exp_fmpz(e, low);
  if (!arf_is_zero(low)) m.low = fmpz_get_d(e) - 1;
  arf_abs_bound_le_2exp_fmpz(e, high);
  if (!arf_is_zero(high)) m.high = fmpz_get_d(e);
  fmpz_clear(e);
  arf_clear(low);
  arf_clear(high);
  return m;
}

int Series::sign(int i) const {
  Number c;
  arb_poly_get_coeff_arb(c.v, impl_->polynomial, i);
  return arb_is_zero(c.v) ? 0 : arb_is_positive(c.v) ? 1 : arb_is_negative(c.v) ? -1 : 2;
}

Series Series::derivative(int k) const {
  if (k == 0) return *this;
  return Series(made(impl_->state, [&](Impl& r) {
    arb_poly_set(r.polynomial, impl_->polynomial);
    for (int i = 0; i < k; ++i) arb_poly_derivative(r.polynomial, r.polynomial, current_precision);
  }));
}

Series Series::as_variable() const {
  return Series(made(impl_->state, [&](Impl& r) {
    Number c;
    constant_of(c.v, *impl_);
    arb_poly_set_coeff_arb(r.polynomial, 0, c.v);
    if (current_length > 1) arb_poly_set_coeff_si(r.polynomial, 1, 1);
  }));
}

Series Series::composed(const Series& outer) const {
  return Series(made(worst(impl_->state, outer.impl_->state), [&](Impl& r) {
    arb_poly_t inner;
    arb_poly_init(inner);
    arb_poly_set(inner, impl_->polynomial);
    arb_poly_set_coeff_si(inner, 0, 0);
    arb_poly_compose_series(r.polynomial, outer.impl_->polynomial, inner, current_length, current_precision);
    arb_poly_clear(inner);
  }));
}

// ---- algebra ---------------------------------------------------------------------------------------------------------

Series operator+(const Series& a, const Series& b) {
  return Series(made(worst(a.impl_->state, b.impl_->state), [&](Impl& r) {
    arb_poly_add(r.polynomial, a.impl_->polynomial, b.impl_->polynomial, current_precision);
  }));
}
Series operator-(const Series& a, const Series& b) {
  return Series(made(worst(a.impl_->state, b.impl_->state), [&](Impl& r) {
    arb_poly_sub(r.polynomial, a.impl_->polynomial, b.impl_->polynomial, current_precision);
  }));
}
Series operator*(const Series& a, const Series& b) {
  return Series(made(worst(a.impl_->state, b.impl_->state), [&](Impl& r) {
    arb_poly_mullow(r.polynomial, a.impl_->polynomial, b.impl_->polynomial, current_length, current_precision);
  }));
}
Series operator/(const Series& a, const Series& b) {
  return Series(made(worst(a.impl_->state, b.impl_->state), [&](Impl& r) {
    Number c;
    constant_of(c.v, *b.impl_);
    if (arb_contains_zero(c.v))
      r.state = State::unknown;
    else
      arb_poly_div_series(r.polynomial, a.impl_->polynomial, b.impl_->polynomial, current_length, current_precision);
  }));
}

Truth operator<(const Series& a, const Series& b) {
  if (worst(a.impl_->state, b.impl_->state) != State::known)
    return worst(a.impl_->state, b.impl_->state) == State::undefined ? Truth::no : Truth::unknown;
  Number x, y;
  constant_of(x.v, *a.impl_);
  constant_of(y.v, *b.impl_);
  return arb_lt(x.v, y.v) ? Truth::yes : arb_ge(x.v, y.v) ? Truth::no : Truth::unknown;
}

Truth equal(const Series& a, const Series& b) {
  const Truth below = a < b, above = b < a;
  return !below && !above;
}

Series where(Truth condition, const Series& a, const Series& b) {
  return condition == Truth::yes ? a : condition == Truth::no ? b : Series::unknown();
}

// ---- functions -------------------------------------------------------------------------------------------------------

namespace {

/// Where a function of a ball c is defined: 1 everywhere in it, 0 nowhere, -1 partly.
int inside(bool all, bool none) { return all ? 1 : none ? 0 : -1; }
int above(const Number& c, double bound) {
  const Number b(bound);
  return inside(arb_gt(c.v, b.v) != 0, arb_lt(c.v, b.v) != 0);
}
/// -1 < c < 1.
int within_one(const Number& c) {
  Number a;
  arb_abs(a.v, c.v);
  const Number one(1);
  return inside(arb_lt(a.v, one.v) != 0, arb_gt(a.v, one.v) != 0);
}

/// Sets the constant coefficient to a sharper enclosure.
template <class F>
void sharpen(Impl& r, const Number& c, F&& function) {
  Number v;
  function(v.v, c.v, current_precision);
  arb_poly_set_coeff_arb(r.polynomial, 0, v.v);
}

/// The integral of `slope` with the constant coefficient left 0.
void integrate(Impl& r, const arb_poly_t slope) {
  arb_poly_integral(r.polynomial, slope, current_precision);
  arb_poly_truncate(r.polynomial, current_length);
}

struct Polynomial {
  arb_poly_t v;
  Polynomial() { arb_poly_init(v); }
  ~Polynomial() { arb_poly_clear(v); }
  Polynomial(const Polynomial&) = delete;
  Polynomial& operator=(const Polynomial&) = delete;
};

/// r = integral of h' / sqrt(s*(1 + t*h*h)): the inverse hyperbolic functions.
void inverse_hyperbolic(Impl& r, const arb_poly_t h, int constant, int square) {
  Polynomial q, d;
  arb_poly_mullow(q.v, h, h, current_length, current_precision);
  if (square < 0) arb_poly_neg(q.v, q.v);
  Number c, k(constant);
  arb_poly_get_coeff_arb(c.v, q.v, 0);
  arb_add(c.v, c.v, k.v, current_precision);
  arb_poly_set_coeff_arb(q.v, 0, c.v);
  arb_poly_derivative(d.v, h, current_precision);
  if (square > 0) {
    arb_poly_rsqrt_series(q.v, q.v, current_length, current_precision);
    arb_poly_mullow(d.v, d.v, q.v, current_length, current_precision);
  } else {
    arb_poly_div_series(d.v, d.v, q.v, current_length, current_precision);
  }
  integrate(r, d.v);
}

/// 1 - 2u/(1+u) with u = exp(-2h) for h > 0 and its mirror: keeps the derivatives' relative precision in the tails.
void hyperbolic_tangent(Impl& r, const arb_poly_t h, const Number& c) {
  const bool negative = arf_sgn(arb_midref(c.v)) < 0;
  Polynomial u, d;
  arb_poly_scalar_mul_2exp_si(u.v, h, 1);
  if (!negative) arb_poly_neg(u.v, u.v);
  arb_poly_exp_series(u.v, u.v, current_length, current_precision);
  arb_poly_set(d.v, u.v);
  Number k, one(1);
  arb_poly_get_coeff_arb(k.v, d.v, 0);
  arb_add(k.v, k.v, one.v, current_precision);
  arb_poly_set_coeff_arb(d.v, 0, k.v);
  arb_poly_div_series(r.polynomial, u.v, d.v, current_length, current_precision);
  arb_poly_scalar_mul_2exp_si(r.polynomial, r.polynomial, 1);
  if (!negative) arb_poly_neg(r.polynomial, r.polynomial);
  sharpen(r, c, arb_tanh);
}

void cube_root(Impl& r, const arb_poly_t h, const Number& c) {
  const bool negative = arb_is_negative(c.v) != 0;
  Polynomial a;
  arb_poly_set(a.v, h);
  if (negative) arb_poly_neg(a.v, a.v);
  Number third(1);
  arb_div_ui(third.v, third.v, 3, current_precision);
  arb_poly_pow_arb_series(r.polynomial, a.v, third.v, current_length, current_precision);
  if (negative) arb_poly_neg(r.polynomial, r.polynomial);
}

/// A function that is constant between whole numbers.
template <class F>
void steps(Impl& r, const Number& c, F&& function) {
  Number v;
  function(v.v, c.v);
  if (arb_is_exact(v.v))
    arb_poly_set_coeff_arb(r.polynomial, 0, v.v);
  else
    r.state = State::unknown;
}

void nearest_even(arb_t v, const arb_t c) {
  if (!arb_is_exact(c)) {  // decided unless a half lies inside
    Number half(0.5), shifted;
    arb_add(shifted.v, c, half.v, current_precision);
    arb_floor(v, shifted.v, current_precision);
    return;
  }
  fmpz_t n;
  fmpz_init(n);
  arf_get_fmpz(n, arb_midref(c), ARF_RND_NEAR);
  arb_set_fmpz(v, n);
  fmpz_clear(n);
}

/// r from the series and the constant coefficient of `a`, where the function is defined.
template <class F>
std::shared_ptr<const Impl> apply(const std::shared_ptr<const Impl>& a, F&& function) {
  return made(a->state, [&](Impl& r) {
    Number c;
    constant_of(c.v, *a);
    const int domain = function(r, a->polynomial, c);
    if (domain == 0) r.state = State::undefined;
    if (domain < 0) r.state = State::unknown;
  });
}

}  // namespace

#define FUNCTION(name, body)                                                                                        \
  Series name(const Series& a) {                                                                                    \
    return Series(apply(a.impl_, [](Impl & r, [[maybe_unused]] const arb_poly_t h, [[maybe_unused]] const Number& c) \
                                     -> int { body }));                                                             \
  }
#define ENTIRE(name, call) FUNCTION(name, call; return 1;)

ENTIRE(exp, arb_poly_exp_series(r.polynomial, h, current_length, current_precision))
ENTIRE(expm1, arb_poly_exp_series(r.polynomial, h, current_length, current_precision); sharpen(r, c, arb_expm1))
ENTIRE(sin, arb_poly_sin_series(r.polynomial, h, current_length, current_precision))
ENTIRE(cos, arb_poly_cos_series(r.polynomial, h, current_length, current_precision))
ENTIRE(tan, arb_poly_tan_series(r.polynomial, h, current_length, current_precision))
ENTIRE(atan, arb_poly_atan_series(r.polynomial, h, current_length, current_precision))
ENTIRE(sinh, arb_poly_sinh_series(r.polynomial, h, current_length, current_precision); sharpen(r, c, arb_sinh))
ENTIRE(cosh, arb_poly_cosh_series(r.polynomial, h, current_length, current_precision))
ENTIRE(tanh, hyperbolic_tangent(r, h, c))
ENTIRE(asinh, inverse_hyperbolic(r, h, 1, 1); sharpen(r, c, arb_asinh))
ENTIRE(erf, arb_hypgeom_erf_series(r.polynomial, h, current_length, current_precision); sharpen(r, c, arb_hypgeom_erf))
ENTIRE(erfc, arb_hypgeom_erfc_series(r.polynomial, h, current_length, current_precision);
       sharpen(r, c, arb_hypgeom_erfc))
ENTIRE(square, arb_poly_mullow(r.polynomial, h, h, current_length, current_precision))

FUNCTION(log, const int domain = above(c, 0); if (domain == 1)
         arb_poly_log_series(r.polynomial, h, current_length, current_precision); return domain;)
FUNCTION(log1p, const int domain = above(c, -1); if (domain == 1)
         arb_poly_log1p_series(r.polynomial, h, current_length, current_precision); return domain;)
FUNCTION(sqrt, if (arb_is_zero(c.v) && current_length == 1) return 1; const int domain = above(c, 0); if (domain == 1)
         arb_poly_sqrt_series(r.polynomial, h, current_length, current_precision); return domain;)
FUNCTION(cbrt, if (arb_is_zero(c.v) && current_length == 1) return 1; if (arb_contains_zero(c.v)) return -1;
         cube_root(r, h, c); return 1;)
FUNCTION(asin, const int domain = within_one(c); if (domain == 1)
         arb_poly_asin_series(r.polynomial, h, current_length, current_precision); return domain;)
FUNCTION(acos, const int domain = within_one(c); if (domain == 1)
         arb_poly_acos_series(r.polynomial, h, current_length, current_precision); return domain;)
FUNCTION(acosh, const int domain = above(c, 1); if (domain == 1) {
  inverse_hyperbolic(r, h, -1, 1);
  sharpen(r, c, arb_acosh);
} return domain;)
FUNCTION(atanh, const int domain = within_one(c); if (domain == 1) {
  inverse_hyperbolic(r, h, 1, -1);
  sharpen(r, c, arb_atanh);
} return domain;)
FUNCTION(abs, if (arb_is_zero(c.v)) return 1; if (arb_contains_zero(c.v)) return -1;
         arb_is_negative(c.v) ? arb_poly_neg(r.polynomial, h) : arb_poly_set(r.polynomial, h); return 1;)
FUNCTION(sign, if (arb_is_zero(c.v)) return 1; if (arb_contains_zero(c.v)) return -1;
         arb_poly_set_coeff_si(r.polynomial, 0, arb_is_negative(c.v) ? -1 : 1); return 1;)
ENTIRE(floor, steps(r, c, [](arb_t v, const arb_t x) { arb_floor(v, x, current_precision + 2000); }))
ENTIRE(ceil, steps(r, c, [](arb_t v, const arb_t x) { arb_ceil(v, x, current_precision + 2000); }))
ENTIRE(trunc, steps(r, c, [](arb_t v, const arb_t x) {
         arf_sgn(arb_midref(x)) < 0 ? arb_ceil(v, x, current_precision + 2000)
                                    : arb_floor(v, x, current_precision + 2000);
         if (!arb_is_exact(x) && arb_contains_zero(x)) arb_zero(v);  // steps() would not know 0 from -0
       }))
ENTIRE(round, steps(r, c, nearest_even))

Series pow(const Series& a, const Series& b) {
  Number x, y;
  const bool constant = b.is_known() && arb_poly_length(b.impl_->polynomial) <= 1;
  if (b.is_known()) constant_of(y.v, *b.impl_);
  if (constant && arb_is_int(y.v) && arf_cmpabs_2exp_si(arb_midref(y.v), 20) < 0) {
    const slong n = arf_get_si(arb_midref(y.v), ARF_RND_NEAR);
    const Series power = Series(made(a.impl_->state, [&](Impl& r) {
      arb_poly_pow_ui_trunc_binexp(r.polynomial, a.impl_->polynomial, static_cast<ulong>(n < 0 ? -n : n), current_length,
                                   current_precision);
    }));
    return n < 0 ? Series(1) / power : power;
  }
  return Series(made(worst(a.impl_->state, b.impl_->state), [&](Impl& r) {
    constant_of(x.v, *a.impl_);
    const int domain = above(x, 0);
    if (domain == 1)
      arb_poly_pow_series(r.polynomial, a.impl_->polynomial, b.impl_->polynomial, current_length, current_precision);
    else
      r.state = domain == 0 ? State::undefined : State::unknown;
  }));
}

/// The angle's slope is (x y' - y x') / (x^2 + y^2).
Series atan2(const Series& y, const Series& x) {
  return Series(made(worst(y.impl_->state, x.impl_->state), [&](Impl& r) {
    Polynomial a, b, d;
    const auto &py = y.impl_->polynomial, &px = x.impl_->polynomial;
    arb_poly_derivative(a.v, py, current_precision);
    arb_poly_mullow(a.v, a.v, px, current_length, current_precision);
    arb_poly_derivative(b.v, px, current_precision);
    arb_poly_mullow(b.v, b.v, py, current_length, current_precision);
    arb_poly_sub(a.v, a.v, b.v, current_precision);
    arb_poly_mullow(d.v, px, px, current_length, current_precision);
    arb_poly_mullow(b.v, py, py, current_length, current_precision);
    arb_poly_add(d.v, d.v, b.v, current_precision);
    Number c, cx, cy;
    arb_poly_get_coeff_arb(c.v, d.v, 0);
    if (arb_contains_zero(c.v)) {
      r.state = State::unknown;
      return;
    }
    arb_poly_div_series(a.v, a.v, d.v, current_length, current_precision);
    integrate(r, a.v);
    constant_of(cx.v, *x.impl_);
    constant_of(cy.v, *y.impl_);
    arb_atan2(c.v, cy.v, cx.v, current_precision);
    arb_poly_set_coeff_arb(r.polynomial, 0, c.v);
  }));
}

}  // namespace actinium::exact
