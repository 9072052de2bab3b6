// What a text means before it is built: what each call calls, what each node is used for, which names are free. Start
// reading at Resolved.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actinium/parse.h"
#include "activations/catalogue.hpp"
#include "parse/functions.hpp"
#include "parse/syntax.hpp"

namespace actinium::parse_detail {

/// What the value of a syntax node is used for; a node may have several uses.
enum Role : std::uint8_t { role_value = 1, role_index = 2, role_condition = 4, role_fixed = 8, role_size = 16 };
constexpr std::uint8_t built_roles = role_value | role_index | role_condition;

/// What a call node calls. `parameter` has, for each operand, the index of the function's parameter, or -1 for one of
/// any number.
struct Target {
  const Function* function = nullptr;
  std::optional<activations::Found> activation;
  std::vector<int> parameter;
  ops::Kink kink = ops::Kink::strict;  ///< of a function, in the system whose meaning is followed
};

/// Class labels: the one place where an activation asks for integers.
inline bool takes_labels(const activations::Found& found, const activations::Parameter& p) {
  const activations::Facts& facts = found.entry->facts();
  return facts.indexes && &p == &facts.parameters.front();
}

/// The parameter that operand `position` (after x) or `keyword` means; null if the entry has none.
const activations::Parameter* parameter_of(const activations::Found& found, std::size_t position,
                                           std::string_view keyword);

/// "; did you mean a, b?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> names);

/// A text, read and resolved. NameError and TypeError for calls that fit nothing.
struct Resolved {
  std::string text;
  compat system;
  Syntax syntax;                                 ///< its views point into `text`
  std::unordered_map<SyntaxId, Target> targets;  ///< of calls
  std::vector<std::uint8_t> roles;               ///< 0: not needed
  std::vector<FreeName> names;
  std::unordered_map<SyntaxId, std::size_t> name_of_node;  ///< into names

  Resolved(std::string_view t, compat c);
  Resolved(const Resolved&) = delete;
  Resolved& operator=(const Resolved&) = delete;

 private:
  template <class E>
  [[noreturn]] void fail(std::size_t offset, std::string_view message) const;
  void mark_operands(SyntaxId id);
  static std::uint8_t role_in_call(const Target& target, std::span<const Operand> operands, std::size_t i);
  Target resolve(const SyntaxNode& node) const;
  std::vector<int> match(const SyntaxNode& node, const Function& f, std::span<const Operand> operands) const;
  std::size_t keyword_index(const SyntaxNode& node, const Function& f, const Operand& o) const;
  void list_names();
};

}  // namespace actinium::parse_detail
