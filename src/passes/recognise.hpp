// The pass `recognise`: formulas as textbooks write them become what computes them well, value and derivatives. The rules are a
// table of algebra (recognise_rules.cpp); this is how they are written. Start reading at Rule, then recognised().
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "actinium/expr.h"
#include "graph/graph.hpp"

namespace actinium::passes {

/// What a rule is written in. Letters stand for any expression, the numbers for what a type holds of them, or (`exact`) for
/// themselves, where the truth is computed.
struct Letters {
  Expr x, y;
  Axes axes;          ///< of reductions
  bool keep = false;  ///< whether they keep their axes
  Expr sqrt2, pi;
  bool exact = false;
  /// p/q as one number.
  Expr ratio(double p, double q) const;
};
using Formula = Expr (*)(const Letters&);

/// What a rule may be used for.
enum class Use : std::uint8_t {
  always,  ///< before differentiation too: the derivatives of `to` are at least as accurate as those of `from`
  values,  ///< when compiling alone: `from` differentiates well as it is, `to` does not
};

/// How a rule is tried out, where x alone over all numbers does not say enough.
struct Trial {
  std::vector<double> y = {};  ///< values of y, if it occurs
  /// For reductions: x is a row of a number and then these, and the truth, of a row's first element, in that number.
  std::vector<double> row = {};
  Formula truth = nullptr;
};

/// One rewrite: an expression of letters for another. `from` is matched in any order and association of sums and products, under
/// any factor, and with letters negated or scaled by powers of two.
struct Rule {
  std::string_view name;
  Use use;
  std::string_view from, to;  ///< as text
  std::string_view why;       ///< what is avoided
  Formula naive, stable;
  Trial trial = {};
  bool alone = false;  ///< not under a factor, nor beside others
};
std::span<const Rule> recognition_rules();

/// `roots` as recognise leaves them, in the same graph. It is remembered (in GraphData::recognised), so the next call does
/// nothing again.
std::vector<NodeId> recognised(const GraphPtr& graph, std::span<const NodeId> roots);

}  // namespace actinium::passes
