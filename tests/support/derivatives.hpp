// What the tests of functions written in primitives share: a function of random inputs, its first and second
// derivatives against central differences of the plain reference, forward against reverse, and the bits of both
// engines.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "actinium/actinium.h"
#include "support/reference.hpp"

namespace actinium::derivatives {

using Build = std::function<Expr(const std::vector<Expr>&)>;

struct Domain {
  std::vector<std::int64_t> shape;
  double lo = -1, hi = 1;
};

struct Problem {
  Graph g{f64};
  std::vector<Expr> x;
  reference::Inputs values;  ///< "x0", "x1", ...

  /// f64 inputs with elements from lo to hi that are apart from one another.
  explicit Problem(const std::vector<Domain>& domains);
  explicit Problem(const std::vector<std::vector<std::int64_t>>& shapes, double lo = -1, double hi = 1);

  /// Gradient and tangent of f; those of its gradient; value, gradient and a Hessian-vector product on both engines.
  void check_first(const Build& f);
  void check_second(const Build& f);
  void check_engines(const Build& f);
  /// All of them; without the engines, for cases by the hundred.
  void check(const Build& f);
  void check_rules(const Build& f);

 private:
  Expr weighted(const Expr& y);
  void check_scalar(const Expr& scalar, double tolerance);
};

}  // namespace actinium::derivatives
