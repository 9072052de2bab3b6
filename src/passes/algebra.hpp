// Patterns that read as algebra: what the table of rewrites in simplify_rules.cpp is written in. Start reading at Rewrite.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "ops/op.hpp"

namespace actinium::passes {

/// When a rewrite may be used.
enum class Licence : std::uint8_t {
  exact,     ///< same bits for every operand (NaN payloads aside)
  integers,  ///< exact for integers and bools, wrong for some floats
  accurate,  ///< at least as near to the true value, special values alike
  fast_math, ///< loses the sign of a zero, NaN or infinities
};

/// A variable, a number, or an op on patterns. A variable that occurs twice must match one node.
struct Pattern {
  enum class Kind : std::uint8_t { variable, number, op };
  Kind kind = Kind::variable;
  ops::Op op = ops::Op::add;
  int variable = 0;
  double number = 0;
  std::vector<Pattern> operands;

  Pattern() = default;
  Pattern(double value) : kind(Kind::number), number(value) {}
  Pattern(ops::Op o, std::vector<Pattern> list) : kind(Kind::op), op(o), operands(std::move(list)) {}
};

struct Rewrite {
  Pattern from, to;
  Licence licence;
};

inline constexpr int pattern_variables = 4;
Pattern variable(int number);

/// The table, and what of it begins with an op.
std::span<const Rewrite> rewrites();
std::span<const Rewrite* const> rewrites_of(ops::Op op);

}  // namespace actinium::passes
