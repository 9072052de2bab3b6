// Polynomial dimensions in canonical form, and shapes over them.
#include "actinium/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "actinium/error.h"

namespace actinium {
namespace {

std::int64_t checked(bool overflow, std::int64_t value) {
  if (overflow) throw ShapeError("a dimension exceeds the range of a 64 bit integer");
  return value;
}
std::int64_t add(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool o = __builtin_add_overflow(a, b, &r);
  return checked(o, r);
}
std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  const bool o = __builtin_mul_overflow(a, b, &r);
  return checked(o, r);
}

std::size_t mix(std::size_t h, std::size_t v) { return (h ^ v) * 0x9e3779b97f4a7c15ull + (h >> 29); }

bool is_name(std::string_view s) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !s.empty() && letter(s[0]) &&
         std::all_of(s.begin(), s.end(), [&](char c) { return letter(c) || digit(c) || c == '.'; });
}

/// `factors` with `divisor` removed, if it divides.
std::optional<std::vector<std::string>> quotient(const std::vector<std::string>& factors,
                                                 const std::vector<std::string>& divisor) {
  if (!std::includes(factors.begin(), factors.end(), divisor.begin(), divisor.end())) return std::nullopt;
  std::vector<std::string> rest;
  std::set_difference(factors.begin(), factors.end(), divisor.begin(), divisor.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace

Dim::Dim(std::string_view symbol) {
  if (!is_name(symbol)) throw ShapeError(fmt::format("'{}' is not a name of a dimension: use letters, digits, '_' or '.'", symbol));
  terms_.push_back({{std::string(symbol)}, 1});
}

void Dim::add_term(const std::vector<std::string>& factors, std::int64_t coefficient) {
  if (coefficient == 0) return;
  if (factors.empty()) {
    constant_ = add(constant_, coefficient);
    return;
  }
  auto before = [](const Term& t, const std::vector<std::string>& f) {
    return t.factors.size() != f.size() ? t.factors.size() > f.size() : t.factors < f;
  };
  auto at = std::lower_bound(terms_.begin(), terms_.end(), factors, before);
  if (at == terms_.end() || at->factors != factors) {
    terms_.insert(at, {factors, coefficient});
    return;
  }
  at->coefficient = add(at->coefficient, coefficient);
  if (at->coefficient == 0) terms_.erase(at);
}

std::int64_t Dim::constant() const {
  if (!is_constant()) throw InternalError("Dim::constant of the symbolic " + str());
  return constant_;
}

std::optional<std::string> Dim::symbol() const {
  if (constant_ != 0 || terms_.size() != 1 || terms_[0].coefficient != 1 || terms_[0].factors.size() != 1) return std::nullopt;
  return terms_[0].factors[0];
}

std::vector<std::string> Dim::symbols() const {
  std::vector<std::string> all;
  for (const Term& t : terms_) all.insert(all.end(), t.factors.begin(), t.factors.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::int64_t Dim::evaluate(const Bindings& bindings) const {
  std::int64_t sum = constant_;
  for (const Term& t : terms_) {
    std::int64_t product = t.coefficient;
    for (const std::string& name : t.factors) {
      const auto at = bindings.find(name);
      if (at == bindings.end()) throw ShapeError(fmt::format("the size '{}' is not bound", name));
      product = multiply(product, at->second);
    }
    sum = add(sum, product);
  }
  return sum;
}

std::optional<Dim> Dim::divided_by(const Dim& divisor) const {
  // Long division by the leading term; the order of terms is a monomial order (degree first), so it terminates.
  if (divisor.terms_.empty() && divisor.constant_ == 0) return std::nullopt;
  const bool constant_divisor = divisor.terms_.empty();
  const std::vector<std::string> none;
  const auto& lead_factors = constant_divisor ? none : divisor.terms_[0].factors;
  const std::int64_t lead = constant_divisor ? divisor.constant_ : divisor.terms_[0].coefficient;
  Dim rest = *this, result;
  while (!rest.is(0)) {
    const auto& factors = rest.terms_.empty() ? none : rest.terms_[0].factors;
    const std::int64_t coefficient = rest.terms_.empty() ? rest.constant_ : rest.terms_[0].coefficient;
    const auto q = quotient(factors, lead_factors);
    if (!q || coefficient % lead != 0) return std::nullopt;
    Dim term;
    term.add_term(*q, coefficient / lead);
    result = result + term;
    rest = rest - term * divisor;
  }
  return result;
}

std::string Dim::str() const {
  if (terms_.empty()) return std::to_string(constant_);
  std::string s;
  for (const Term& t : terms_) {
    std::int64_t c = t.coefficient;
    if (!s.empty()) {
      s += c < 0 ? " - " : " + ";
      c = c < 0 ? -c : c;
    }
    if (c == -1) {
      s += '-';
    } else if (c != 1) {
      s += std::to_string(c) + "*";
    }
    s += fmt::format("{}", fmt::join(t.factors, "*"));
  }
  if (constant_ > 0) s += " + " + std::to_string(constant_);
  if (constant_ < 0) s += " - " + std::to_string(-constant_);
  return s;
}

std::size_t Dim::hash() const {
  std::size_t h = mix(0x51ed, static_cast<std::size_t>(constant_));
  for (const Term& t : terms_) {
    h = mix(h, static_cast<std::size_t>(t.coefficient));
    for (const auto& f : t.factors) h = mix(h, std::hash<std::string>{}(f));
  }
  return h;
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim r = a;
  r.constant_ = add(r.constant_, b.constant_);
  for (const auto& t : b.terms_) r.add_term(t.factors, t.coefficient);
  return r;
}

Dim operator-(const Dim& a, const Dim& b) { return a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  Dim r(multiply(a.constant_, b.constant_));
  for (const auto& t : a.terms_) r.add_term(t.factors, multiply(t.coefficient, b.constant_));
  for (const auto& u : b.terms_) {
    r.add_term(u.factors, multiply(u.coefficient, a.constant_));
    for (const auto& t : a.terms_) {
      std::vector<std::string> f;
      std::merge(t.factors.begin(), t.factors.end(), u.factors.begin(), u.factors.end(), std::back_inserter(f));
      r.add_term(f, multiply(t.coefficient, u.coefficient));
    }
  }
  return r;
}

Shape::Shape(std::initializer_list<Dim> dims) : Shape(std::vector<Dim>(dims)) {}

Shape::Shape(std::vector<Dim> dims) : dims_(std::move(dims)) {
  if (rank() > max_rank) throw ShapeError(fmt::format("rank {} is above the limit of {}", rank(), max_rank));
  for (const Dim& d : dims_)
    if (d.is_constant() && d.constant() < 0) throw ShapeError(fmt::format("the size {} in {} is negative", d.str(), str()));
}

Dim Shape::size() const {
  Dim n = 1;
  for (const Dim& d : dims_) n = n * d;
  return n;
}

bool Shape::is_constant() const {
  return std::all_of(dims_.begin(), dims_.end(), [](const Dim& d) { return d.is_constant(); });
}

std::vector<std::int64_t> Shape::evaluate(const Bindings& bindings) const {
  std::vector<std::int64_t> sizes;
  for (const Dim& d : dims_) sizes.push_back(d.evaluate(bindings));
  return sizes;
}

std::string Shape::str() const {
  std::vector<std::string> parts;
  for (const Dim& d : dims_) parts.push_back(d.str());
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::size_t Shape::hash() const {
  std::size_t h = 0x5a;
  for (const Dim& d : dims_) h = mix(h, d.hash());
  return h;
}

std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<Dim> dims(static_cast<std::size_t>(rank), Dim(1));
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const Dim one = 1;
    const Dim& da = ia < 0 ? one : a[ia];
    const Dim& db = ib < 0 ? one : b[ib];
    if (da == db || db.is(1)) {
      dims[static_cast<std::size_t>(i)] = da;
    } else if (da.is(1)) {
      dims[static_cast<std::size_t>(i)] = db;
    } else {
      return std::nullopt;
    }
  }
  return Shape(std::move(dims));
}

}  // namespace actinium
