// Expressions as text, with Python's operators and precedence: parse for a graph whose inputs are declared; Formula
// when the names decide what inputs to declare. docs/language.md has the grammar and the functions.
#pragma once
#include <actinium/graph.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actinium {

enum class compat : std::uint8_t;  // actinium/activations.h

/// A name that the text leaves free, and what the text uses it for.
struct FreeName {
  std::string name;
  std::size_t column = 1;     ///< of its first use, in bytes from 1
  bool as_value = false;      ///< in arithmetic
  bool as_index = false;      ///< where integers are required: indices, labels
  bool as_condition = false;  ///< where bools are required
};

struct ParseOptions {
  /// The expression that a free name stands for. By default the graph's input of that name; a NameError if there is
  /// none.
  std::function<Expr(const FreeName&)> resolve;
  /// If set, integers that meet floats, `/` or a smooth function are cast to this type; otherwise they are a TypeError.
  std::optional<DType> promote_integers;
};

/// A text that has been read but not yet built into a graph. ParseError has the line and a caret under the place.
class ACTINIUM_API Formula {
 public:
  /// `system`: whose defaults the names of activations have (compat::torch, ...); by default ours.
  explicit Formula(std::string_view text, compat system = {});
  const std::string& text() const;
  /// In the order of first use; names of `let` are not free.
  const std::vector<FreeName>& names() const;
  /// Builds the expression in `graph`. Errors of construction keep their kind and get the line and a caret.
  Expr build(const Graph& graph, const ParseOptions& options = {}) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

/// Reads and builds at once.
ACTINIUM_API Expr parse(const Graph& graph, std::string_view text, const ParseOptions& options = {});

/// All functions that text can call besides the catalogue's activations: one signature each, "clamp(x, lo, hi)",
/// sorted.
ACTINIUM_API std::vector<std::string> text_functions();

/// `message`, then the line of `text` around `column` (bytes from 1) and a caret under it.
ACTINIUM_API std::string with_caret(std::string_view message, std::string_view text, std::size_t column);

}  // namespace actinium
