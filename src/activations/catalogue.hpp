// The catalogue: one Entry an activation, which holds all there is to know of it. To add one, add an Entry to the
// catalogue_*.cpp of its family and its name to include/actinium/activations.h; tests, tool and documentation pick it
// up. Start reading at Entry. The parser's way in is find() and apply().
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actinium/activations.h"
#include "ops/kink.hpp"
#include "ops/unit.hpp"

namespace actinium::exact {
class Series;
}

namespace actinium::activations {

/// What a parameter takes. Numbers, arrays and masks become operands of the node; the others are options in its ints.
enum class Takes : std::uint8_t {
  number,   ///< an expression that broadcasts to x; a literal is checked against the domain
  array,    ///< an expression, required (labels, the value beside a gate)
  mask,     ///< a bool expression that broadcasts to x, or none
  integer,  ///< a literal integer
  flag,     ///< true or false
  text,     ///< one of `choices`
  name,     ///< the name of an activation, as ac::activation() takes it
  kink,     ///< by name alone: what the derivative is at a kink
  axis,     ///< one axis
  axes,     ///< one, several, or "all"
};
constexpr bool is_operand(Takes t) { return t == Takes::number || t == Takes::array || t == Takes::mask; }

struct Parameter {
  std::string name;
  std::optional<double> fallback =
      std::nullopt;  ///< default of a number or option (index of a choice); axes without one: all
  std::vector<std::string> aliases = {};
  Takes takes = Takes::number;
  std::string domain = {};          ///< what a literal must be, in words: "at least 0"
  bool (*valid)(double) = nullptr;  ///< whether it is
  std::vector<std::string> choices = {};
  const char* exact = nullptr;  ///< the default in more digits than a double has: what the truth is measured with
  bool required() const { return takes == Takes::array || (!fallback && takes != Takes::mask && takes != Takes::axes); }
};

/// Another name, with parameters preset, and perhaps fewer of them or in another order.
struct Alias {
  std::string name;
  std::vector<Argument> presets = {};
  /// Parameters by position, "name" or "alias=name"; empty: the entry's own.
  std::vector<std::string> order = {};
};

/// One application: what a formula sees.
struct Terms {
  Expr x;
  std::vector<Expr> parameters;  ///< operands in order of declaration; defaults are unbound constants
  std::optional<Expr> mask;
  std::vector<std::int64_t> options;  ///< in order of declaration, axes last
  ops::Kink kink = ops::Kink::strict;
  std::vector<Activation> names = {};  ///< of composed entries: what parameters of Takes::name say
  const Expr& operator[](std::size_t i) const { return parameters[i]; }
};
using Formula = Expr (*)(const Terms&);
using ParameterFormula = Expr (*)(const Terms&, int parameter);

/// What an activation is, as a textbook writes it, for two readers: `certify` evaluates it in proven precision as the
/// truth, and compiles it as it stands as the naive form to compare with. Written once, by ACTINIUM_TEXTBOOK.
struct Textbook {
  Expr (*naive)(const Terms&) = nullptr;
  exact::Series (*exact)(const exact::Series& x, std::span<const exact::Series> parameters) = nullptr;
};

enum class Kind : std::uint8_t {
  unit,       ///< elementwise, a node of its own: differentiates order by order, expanded by `decompose`
  primitive,  ///< elementwise, written at once as expressions whose own derivatives are stable
  axis,       ///< works along axes, a node of its own with its own vjp and jvp
  composed,   ///< written at once as other nodes (glu, hardmax, ...)
};

/// Where the one-sided derivatives differ, and what they are there.
struct Corner {
  Expr at;  ///< the condition
  Expr left, right;
};

/// How an axis-wise entry behaves: the methods of ops::Unit, with the terms sorted out.
struct AxisRule {
  ops::TypedShape (*shape)(const Terms& terms, const Location& where, std::string_view name);
  /// Cotangent of operand i (0 is x).
  Expr (*vjp)(const Expr& y, const Terms& terms, int i, const Expr& cotangent);
  Expr (*jvp)(const Expr& y, const Terms& terms, std::span<const Expr> tangents);
};

/// A definition traced into a graph of its own, once for each floating type, over inputs "x" and the parameters' names.
struct Traced {
  /// As the user wrote it, and repaired (src/passes/recognise.hpp) where the graph that it is used in allows it.
  struct Forms {
    Module written;
    Module closed;    ///< what derivatives are generated from
    Module computed;  ///< what values are computed by
    const Module& chosen(bool recognises, bool differentiated) const {
      return !recognises ? written : differentiated ? closed : computed;
    }
  };
  std::array<Forms, 2> value;                      ///< f32, f64
  std::optional<std::array<Forms, 2>> derivative;  ///< with respect to x, if the user gave one
  std::vector<Repair> repairs;
  std::string text;  ///< of the value, as the parser reads it
  std::string derivative_text;
  Location where;
};

/// Everything about one activation.
struct Facts {
  std::string name;
  std::vector<Alias> aliases = {};
  std::vector<Parameter> parameters = {};
  std::string formula = {};        ///< plain mathematics
  std::string documentation = {};  ///< one line: what it is, conventions at kinks
  std::string source = {};         ///< paper or framework
  std::string advice = {};         ///< when to use it
  Kind kind = Kind::unit;
  /// f, f', f'' in stable form; a missing one is differentiated from the one before it.
  std::array<Formula, 3> value = {};
  /// The same over nodes whose derivatives are stable in turn: what orders beyond 2 and derivatives in the parameters
  /// are generated from; missing ones are `value`.
  std::array<Formula, 3> closed = {};
  /// f differentiated by a parameter, where the generated one is not what is wanted (ties, cancellation).
  ParameterFormula parameter = nullptr;
  const AxisRule* axis = nullptr;
  const AxisRule* axis_slope = nullptr;  ///< of order 1, if the derivative in x is a node of its own too: value[1]
  int zero_from = 99;     ///< derivatives in x of this order and above are 0 everywhere
  bool integers = false;  ///< maps integers to integers
  bool indexes = false;   ///< an integer first parameter holds indices along the axis options[0]: checked at the call
  std::string operand = "x";
  /// A call that is better another node (a primitive, another entry) because of its literal parameters and options.
  std::optional<Expr> (*special)(const Terms&, int order, std::source_location where) = nullptr;
  /// What is wrong with literal parameters taken together, or "".
  std::string (*check)(const Terms&) = nullptr;
  /// What explain() says of a node that hardly means what it says, or "".
  std::string (*remark)(const Terms&) = nullptr;
  std::vector<double> kinks = {};  ///< at the default parameters: tests and plots mark them
  /// Kinks of the first derivative; with them comes the parameter `kink`, which says what it is there.
  std::vector<Corner> (*corners)(const Terms&) = nullptr;
  Textbook textbook = {};          ///< of an elementwise one
  /// The error in ulp that is promised at x for the derivative of this order, where it is not 4.
  double (*promised)(double x, int order) = nullptr;
};

class Entry final : public ops::Unit, public std::enable_shared_from_this<Entry> {
 public:
  explicit Entry(Facts facts);
  Entry(Facts facts, Traced traced) : facts_(std::move(facts)), traced_(std::move(traced)) {}

  const Facts& facts() const { return facts_; }
  const std::optional<Traced>& traced() const { return traced_; }
  std::string_view name() const override { return facts_.name; }
  bool is_elementwise() const { return facts_.kind == Kind::unit || facts_.kind == Kind::primitive; }
  bool is_pointwise() const override { return facts_.axis == nullptr; }

  ops::TypedShape shape(const ops::BuildContext& context) const override;
  Expr partial(const Expr& y, std::span<const Expr> operands, int i) const override;
  Expr vjp(const Expr& y, std::span<const Expr> operands, int i, const Expr& cotangent) const override;
  Expr jvp(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents) const override;
  Expr batch(const Expr& y, std::span<const Expr> operands, const ops::Batch& batch) const override;
  std::string text(const Attributes& attributes, std::span<const std::string> operands) const override;
  std::optional<ops::IndexUse> index_use(const Attributes& attributes) const override;
  std::string remark(const Attributes& attributes, std::span<const Expr> operands) const override;

  /// The terms of a node of this entry.
  Terms terms(const Attributes& attributes, std::span<const Expr> operands) const;
  /// The value of order k written in expressions: what `decompose` puts in the node's place.
  Expr expand(int order, const Terms& terms) const;
  /// The node of order k (or what stands for it).
  Expr make(int order, const Terms& terms, std::source_location where) const;
  /// The derivative of the form of this order with respect to x (wrt = 0) or the parameter wrt - 1, generated.
  Expr generated(int order, const Terms& terms, int wrt) const;

 private:
  Expr form(int order, const Terms& terms) const;
  Expr plain(int order, const Terms& terms, bool differentiated = false) const;
  Expr traced_form(const std::array<Traced::Forms, 2>& forms, const Terms& terms, bool differentiated) const;
  const AxisRule& axis_rule(const Attributes& attributes) const;
  ops::TypedShape elementwise_shape(const ops::BuildContext& context) const;
  Facts facts_;
  std::optional<Traced> traced_;
};

/// What a name stands for: an entry, perhaps through an alias or with presets from text.
struct Found {
  std::shared_ptr<const Entry> entry;
  std::vector<Argument> presets = {};
  std::vector<std::string> order = {};  ///< see Alias::order
  int derivative = 0;                   ///< "gelu_d1" is the first derivative of gelu: how such a node prints
};

/// Every entry, builtin ones first.
std::vector<std::shared_ptr<const Entry>> all();
/// By canonical name or alias, case-sensitive; nothing if unknown.
std::optional<Found> find(std::string_view name, compat system = compat::ours);
/// "; did you mean relu, prelu?" or "": names at a small edit distance from `name`.
std::string suggestions(std::string_view name);
/// Adds a user's entry; returns the registered one. NameError if the name is taken by another definition.
std::shared_ptr<const Entry> add(std::shared_ptr<const Entry> entry);
/// Takes a user's entry away again, if it is the one of that name: a file of definitions is loaded as a whole or not at all.
void forget(const Entry& entry);
/// actinium::define, for a definition that stands at `where`.
Activation define(std::string_view name, const Definition& function, const std::vector<DefinedParameter>& parameters,
                  const DefineOptions& options, const Location& where);

/// The call of an activation: arguments[0] is x (positional), the others by position or name. Checks names, kinds and
/// literal domains (NameError, TypeError, ValueError, ShapeError at `where`), fills in defaults, makes the node.
/// `order`: the derivative of that order with respect to x instead.
Expr apply(const Found& found, std::span<const Argument> arguments, std::source_location where, int order = 0);

/// Presets an argument; `position` counts positional ones.
void preset(Found& found, Argument argument, int position, const Location& where);
/// Checks presets as a call does: names, kinds, and the domains of literals.
void check_presets(const Found& found, const Location& where);

/// What names mean elsewhere (compat.cpp): the parameters that a system presets, ours first.
std::vector<Argument> presets_of(std::string_view name, std::string_view canonical, compat system);
/// The kink of one of the parser's functions (abs, clamp, maximum, reduce_max, ...) in a system.
ops::Kink kink_of_function(std::string_view name, compat system);
/// "negative_slope=0.2, kink=\"right\"".
std::string text_of(std::span<const Argument> presets);

// The families, one list a file.
std::vector<Facts> piecewise_entries();
std::vector<Facts> exponential_entries();
std::vector<Facts> sigmoid_entries();
std::vector<Facts> gaussian_entries();
std::vector<Facts> gated_entries();
std::vector<Facts> axis_entries();
std::vector<Facts> extra_entries();
std::vector<Facts> losses_entries();

}  // namespace actinium::activations
