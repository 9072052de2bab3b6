// Tokens of the expression language, one at a time. Start reading at Lexer::next.
#pragma once
#include <cstdint>
#include <string_view>

namespace actinium::parse_detail {

enum class Token : std::uint8_t {
  end,
  number,
  name,
  text,
  let,
  in,
  and_,
  or_,
  not_,
  true_,
  false_,
  none,
  plus,
  minus,
  star,
  slash,
  power,
  at,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  assign,
  comma,
  dot,
  open,
  close,
  open_list,
  close_list,
};

/// What messages call a token: "')'", "a name".
std::string_view describe(Token t);

class Lexer {
 public:
  explicit Lexer(std::string_view text);

  Token token() const { return token_; }
  /// Of the current token, in bytes.
  std::size_t offset() const { return offset_; }
  /// The token as written; the inside of a string.
  std::string_view lexeme() const { return lexeme_; }
  /// Value of a number, and whether it was written without point or exponent.
  double number() const { return number_; }
  bool integral() const { return integral_; }
  std::string_view text() const { return text_; }

  /// Moves to the next token; ParseError for a character that begins none.
  void next();
  /// True, and moves on, if the current token is t.
  bool accept(Token t);
  /// ParseError that says what was expected, unless the current token is t. `insert` stands for {} in `after`.
  void expect(Token t, std::string_view after, std::string_view insert = {});

 private:
  std::string_view text_;
  std::size_t offset_ = 0, end_ = 0;
  Token token_ = Token::end;
  std::string_view lexeme_;
  double number_ = 0;
  bool integral_ = false;

  void read_number();
  void read_name();
  void read_text(char quote);
  bool read_operator();
  void take(Token t, std::size_t length);
};

}  // namespace actinium::parse_detail
