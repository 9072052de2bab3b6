// The functions that text can call, besides the catalogue's activations: names, parameters, how to build them. Start
// reading at Function; the table is in functions.cpp.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actinium/conv.h"
#include "actinium/graph.h"
#include "ops/kink.hpp"

namespace actinium::parse_detail {

/// What a parameter takes, which also decides what its names may be used for.
enum class Takes : std::uint8_t {
  value,      ///< an expression
  smooth,     ///< an expression of a floating type: integers promote where promotion is asked for
  index,      ///< an expression of an integer type
  condition,  ///< an expression of type bool
  integer,    ///< a number known now
  axes,       ///< an integer, several, "all" or none
  flag,       ///< true or false
  size,       ///< a size: a number, a symbol, sums and products of them
  sizes,      ///< one size or several, or pairs of them
  integers,   ///< one integer or several
  dtype,      ///< f32, f64, i32, i64 or bool, as a name or a string
  text,       ///< a string
  padding,    ///< "valid", "same", an integer, or pairs of integers
  kink,       ///< the derivative at a kink: a string of ops::kink_names
};
constexpr bool is_expression(Takes t) {
  return t == Takes::value || t == Takes::smooth || t == Takes::index || t == Takes::condition;
}

/// One actual argument after conversion; the field that Takes says is set.
struct Bound {
  bool given = false;
  Expr expr;
  std::int64_t integer = 0;
  Axes axes;
  bool flag = false;
  std::vector<Dim> sizes;
  bool pairs = false;  ///< sizes were written as pairs
  std::vector<int> integers;
  DType dtype = DType::f32;
  std::string text;
  Padding padding = Padding::valid;
  ops::Kink kink = ops::Kink::strict;
};

/// All actual arguments of a call, in the order of the parameters.
struct Call {
  Graph& graph;
  std::span<const Bound> arguments;
  std::span<const Expr> rest;          ///< of a variadic function
  ops::Kink kink = ops::Kink::strict;  ///< of the function's `kink`, or the system's whose meaning is followed

  /// Without a line of ours: bound operands have their place in the text.
  At expr(std::size_t i) const { return {arguments[i].expr, std::source_location{}}; }
  bool given(std::size_t i) const { return arguments[i].given; }
  int integer(std::size_t i, int otherwise = 0) const {
    return given(i) ? static_cast<int>(arguments[i].integer) : otherwise;
  }
  bool flag(std::size_t i) const { return arguments[i].flag; }
  const Axes& axes(std::size_t i) const { return arguments[i].axes; }
  PerAxis per_axis(std::size_t i, PerAxis otherwise) const {
    if (!given(i)) return otherwise;
    return std::vector<std::int64_t>(arguments[i].integers.begin(), arguments[i].integers.end());
  }
};

struct Parameter {
  std::vector<std::string_view> names;  ///< the first is ours, the others are also understood
  Takes takes;
  bool required;
};

struct Function {
  std::vector<std::string_view> names;  ///< the first is ours
  std::vector<Parameter> parameters;
  Expr (*build)(const Call&);
  bool elementwise;
  bool variadic = false;    ///< any number of operands by position come before the parameters,
  std::size_t leading = 0;  ///< but for so many
  /// "clamp(x, lo, hi)".
  std::string signature() const;
};

/// By any of its names, with `positional` operands given by position (max and min of several are elementwise); null if
/// unknown.
const Function* find_function(std::string_view name, std::size_t positional, bool keywords);
std::span<const Function> functions();
/// Those of `names` close to `name`, nearest first, three at most.
std::vector<std::string> near_names(std::string_view name, std::span<const std::string> names);

}  // namespace actinium::parse_detail
