// What a text says, before it means anything: an arena of syntax nodes, operands before users, where names of `let` are
// already replaced by what they stand for. Start reading at Syntax; read_syntax is in syntax.cpp, the tokens in
// lexer.hpp.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actinium::parse_detail {

enum class SyntaxKind : std::uint8_t {
  number,
  name,
  text,
  none,
  truth,  // leaves; truth: true or false
  plus,
  neg,
  not_,  // one operand
  add,
  sub,
  mul,
  div,
  matmul,
  pow,  // two operands
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  and_,
  or_,
  tuple,
  list,
  call,
  transposed,  // any number; transposed: one
};

using SyntaxId = std::uint32_t;

/// One operand. `keyword` is empty for operands by position.
struct Operand {
  SyntaxId node;
  std::uint32_t offset;
  std::string_view keyword;
};

struct SyntaxNode {
  SyntaxKind kind;
  bool integral = false;     ///< number: written without point or exponent
  std::uint32_t offset = 0;  ///< where the caret goes
  std::uint32_t first = 0;   ///< operands: arguments[first, first + count)
  std::uint32_t count = 0;
  double number = 0;           ///< number; truth: 0 or 1
  std::string_view text = {};  ///< name, text, call: the function
};

struct Syntax {
  std::vector<SyntaxNode> nodes;  ///< operands first; the last is not always the root
  std::vector<Operand> arguments;
  SyntaxId root = 0;
  std::span<const Operand> operands(const SyntaxNode& n) const { return {arguments.data() + n.first, n.count}; }
};

/// Views in the result point into `text`, which must outlive it. ParseError; linear time.
Syntax read_syntax(std::string_view text);

/// "text:5: message", the line and a caret.
[[noreturn]] void fail_parse(std::string_view message, std::string_view text, std::size_t offset);

}  // namespace actinium::parse_detail
