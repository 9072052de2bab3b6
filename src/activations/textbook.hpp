// How the catalogue's textbook formulas are written: once, for Exprs and for exact series alike. Start reading at
// ACTINIUM_TEXTBOOK.
#pragma once
#include <cstdlib>
#include <span>

#include "activations/catalogue.hpp"
#include "certify/series.hpp"

namespace actinium::activations {

/// The parameters and constants of a textbook formula: p[0], p("0.044715"), p.pi().
struct NaiveNumbers {
  const Terms& terms;
  const Expr& operator[](std::size_t i) const { return terms.parameters[i]; }
  Expr operator()(const char* decimal) const { return {std::strtod(decimal, nullptr)}; }
  Expr pi() const { return {3.14159265358979323846}; }
};
struct ExactNumbers {
  std::span<const exact::Series> parameters;
  const exact::Series& operator[](std::size_t i) const { return parameters[i]; }
  exact::Series operator()(const char* decimal) const { return exact::Series::decimal(decimal); }
  exact::Series pi() const { return exact::Series::pi(); }
};

/// sqrt(x*x + b) with far |x| taken out, so that bounds over intervals stay tight.
inline exact::Series root_of_square_plus(const exact::Series& x, const exact::Series& b) {
  return where(abs(x) > 1, abs(x) * sqrt(1 + b / square(x)), sqrt(square(x) + b));
}
/// x/sqrt(1 + x*x) likewise: a quotient would leave derivatives as differences of nearly equal terms.
inline exact::Series over_root_of_square_plus_one(const exact::Series& x) {
  return where(abs(x) > 1, sign(x) / sqrt(1 + 1 / square(x)), x / sqrt(1 + square(x)));
}

}  // namespace actinium::activations

#define ACTINIUM_TEXTBOOK_NAIVE(expression)                             \
  [](const ::actinium::activations::Terms& t) -> ::actinium::Expr {     \
    [[maybe_unused]] const ::actinium::Expr& x = t.x;                   \
    [[maybe_unused]] const ::actinium::activations::NaiveNumbers p{t};  \
    return expression;                                                  \
  }
#define ACTINIUM_TEXTBOOK_EXACT(expression)                                            \
  [](const ::actinium::exact::Series& x,                                               \
     std::span<const ::actinium::exact::Series> q) -> ::actinium::exact::Series {      \
    [[maybe_unused]] const ::actinium::activations::ExactNumbers p{q};                 \
    return expression;                                                                 \
  }
/// A Textbook from expressions of x and p: the exact one apart, where the textbook's cancels so much that bounds on it
/// are hard to come by.
#define ACTINIUM_TEXTBOOK_APART(naive, exact) \
  ::actinium::activations::Textbook { ACTINIUM_TEXTBOOK_NAIVE(naive), ACTINIUM_TEXTBOOK_EXACT(exact) }
/// A Textbook from one expression of x and p.
#define ACTINIUM_TEXTBOOK(expression) ACTINIUM_TEXTBOOK_APART(expression, expression)
