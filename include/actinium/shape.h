// Dimensions and shapes. A dimension is a polynomial in named symbols with integer coefficients, in canonical form, so that
// "batch", 2*batch+1 and batch*seq are all sizes; a symbol is bound to a number when a compiled function is called.
#pragma once
#include <actinium/export.h>

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actinium {

/// Values of symbols at a call.
using Bindings = std::map<std::string, std::int64_t, std::less<>>;

/// A size: constant or symbolic. `Dim{64}`, `Dim{"batch"}`, `2 * Dim{"batch"} + 1`.
class ACTINIUM_API Dim {
 public:
  Dim() = default;
  Dim(std::int64_t value) : constant_(value) {}
  Dim(int value) : constant_(value) {}
  Dim(std::size_t value) : constant_(static_cast<std::int64_t>(value)) {}
  /// A symbol: a name of letters, digits, '_' and '.', not starting with a digit; ShapeError otherwise.
  Dim(std::string_view symbol);
  Dim(const char* symbol) : Dim(std::string_view(symbol)) {}
  Dim(const std::string& symbol) : Dim(std::string_view(symbol)) {}

  bool is_constant() const { return terms_.empty(); }
  /// The value of a constant dimension; InternalError if symbolic.
  std::int64_t constant() const;
  /// True for a constant dimension with this value.
  bool is(std::int64_t value) const { return terms_.empty() && constant_ == value; }
  /// The symbol, if the polynomial is just that.
  std::optional<std::string> symbol() const;
  /// All symbols, sorted.
  std::vector<std::string> symbols() const;
  /// The value under `bindings`; ShapeError names an unbound symbol or an overflow.
  std::int64_t evaluate(const Bindings& bindings) const;
  /// This divided by `divisor` if the division leaves no remainder as polynomials.
  std::optional<Dim> divided_by(const Dim& divisor) const;
  /// "64", "batch", "2*batch + 1".
  std::string str() const;
  std::size_t hash() const;

  friend ACTINIUM_API Dim operator+(const Dim& a, const Dim& b);
  friend ACTINIUM_API Dim operator-(const Dim& a, const Dim& b);
  friend ACTINIUM_API Dim operator*(const Dim& a, const Dim& b);
  friend bool operator==(const Dim&, const Dim&) = default;

 private:
  struct Term {
    std::vector<std::string> factors;  ///< sorted symbols, repeated for powers; never empty
    std::int64_t coefficient;          ///< never 0
    friend bool operator==(const Term&, const Term&) = default;
  };
  std::int64_t constant_ = 0;
  std::vector<Term> terms_;  ///< sorted by degree (descending), then factors
  void add_term(const std::vector<std::string>& factors, std::int64_t coefficient);
};

inline constexpr int max_rank = 8;

/// The sizes of an array, outermost first. Rank 0 is a scalar.
class ACTINIUM_API Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<Dim> dims);
  explicit Shape(std::vector<Dim> dims);  ///< ShapeError beyond max_rank or for a negative constant

  int rank() const { return static_cast<int>(dims_.size()); }
  const Dim& operator[](int axis) const { return dims_[static_cast<std::size_t>(axis)]; }
  const std::vector<Dim>& dims() const { return dims_; }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }
  /// Product of the dimensions.
  Dim size() const;
  bool is_constant() const;
  std::vector<std::int64_t> evaluate(const Bindings& bindings) const;
  /// "[batch, 64]".
  std::string str() const;
  std::size_t hash() const;
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::vector<Dim> dims_;
};

/// NumPy broadcasting: sizes align at the right, a constant 1 stretches; nothing if they do not fit. A symbol is never 1.
ACTINIUM_API std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace actinium
