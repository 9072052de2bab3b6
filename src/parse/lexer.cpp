// Tokens of the expression language. Python's operators that are not offered are refused here, with what to write
// instead.
#include "parse/lexer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "parse/syntax.hpp"

namespace actinium::parse_detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || is_digit(c); }

struct Spelling {
  std::string_view text;
  Token token;
};
constexpr std::array keywords{
    Spelling{"let", Token::let},    Spelling{"in", Token::in},        Spelling{"and", Token::and_},
    Spelling{"or", Token::or_},     Spelling{"not", Token::not_},     Spelling{"true", Token::true_},
    Spelling{"True", Token::true_}, Spelling{"false", Token::false_}, Spelling{"False", Token::false_},
    Spelling{"none", Token::none},  Spelling{"None", Token::none},
};
// Longest first.
constexpr std::array operators{
    Spelling{"**", Token::power},     Spelling{"<=", Token::less_equal}, Spelling{">=", Token::greater_equal},
    Spelling{"==", Token::equal},     Spelling{"!=", Token::not_equal},  Spelling{"+", Token::plus},
    Spelling{"-", Token::minus},      Spelling{"*", Token::star},        Spelling{"/", Token::slash},
    Spelling{"@", Token::at},         Spelling{"<", Token::less},        Spelling{">", Token::greater},
    Spelling{"=", Token::assign},     Spelling{",", Token::comma},       Spelling{".", Token::dot},
    Spelling{"(", Token::open},       Spelling{")", Token::close},       Spelling{"[", Token::open_list},
    Spelling{"]", Token::close_list},
};

struct Refusal {
  std::string_view text, message;
};
constexpr std::array refusals{
    Refusal{"//", "'//' is not offered: write floor(a / b)"},
    Refusal{"%", "'%' is not offered: write a - b * floor(a / b)"},
    Refusal{"&&", "write 'and'"},
    Refusal{"||", "write 'or'"},
    Refusal{"&", "bitwise operators are not offered: 'and' is elementwise"},
    Refusal{"|", "bitwise operators are not offered: 'or' is elementwise"},
    Refusal{"^", "'^' is not offered: a power is x ** y"},
    Refusal{"~", "'~' is not offered: write 'not'"},
    Refusal{"<<", "shifts are not offered"},
    Refusal{">>", "shifts are not offered"},
    Refusal{"!=", ""},
    Refusal{"!", "write 'not'"},
    Refusal{"?", "write where(condition, a, b)"},
    Refusal{":", "write slice(x, start, stop) for x[start:stop]"},
};

}  // namespace

std::string_view describe(Token t) {
  switch (t) {
    case Token::end: return "the end of the text";
    case Token::number: return "a number";
    case Token::name: return "a name";
    case Token::text: return "a string";
    case Token::let: return "'let'";
    case Token::in: return "'in'";
    case Token::and_: return "'and'";
    case Token::or_: return "'or'";
    case Token::not_: return "'not'";
    case Token::true_: return "'true'";
    case Token::false_: return "'false'";
    case Token::none: return "'none'";
    case Token::plus: return "'+'";
    case Token::minus: return "'-'";
    case Token::star: return "'*'";
    case Token::slash: return "'/'";
    case Token::power: return "'**'";
    case Token::at: return "'@'";
    case Token::less: return "'<'";
    case Token::less_equal: return "'<='";
    case Token::greater: return "'>'";
    case Token::greater_equal: return "'>='";
    case Token::equal: return "'=='";
    case Token::not_equal: return "'!='";
    case Token::assign: return "'='";
    case Token::comma: return "','";
    case Token::dot: return "'.'";
    case Token::open: return "'('";
    case Token::close: return "')'";
    case Token::open_list: return "'['";
    case Token::close_list: return "']'";
  }
  return "?";
}

Lexer::Lexer(std::string_view text) : text_(text) { next(); }

void Lexer::take(Token t, std::size_t length) {
  token_ = t;
  lexeme_ = text_.substr(offset_, length);
  end_ = offset_ + length;
}

void Lexer::next() {
  offset_ = end_;
  while (offset_ < text_.size() && (text_[offset_] == ' ' || (text_[offset_] >= '\t' && text_[offset_] <= '\r')))
    ++offset_;
  if (offset_ == text_.size()) return take(Token::end, 0);
  const char c = text_[offset_];
  if (begins_name(c)) return read_name();
  if (is_digit(c) || (c == '.' && offset_ + 1 < text_.size() && is_digit(text_[offset_ + 1]))) return read_number();
  if (c == '"' || c == '\'') return read_text(c);
  if (read_operator()) return;
  const bool printable = c > ' ' && c < 127;
  fail_parse(printable ? fmt::format("unexpected '{}'", c)
                       : fmt::format("unexpected character (byte 0x{:02x})", static_cast<unsigned char>(c)),
             text_, offset_);
}

bool Lexer::accept(Token t) {
  if (token_ != t) return false;
  next();
  return true;
}

void Lexer::expect(Token t, std::string_view after, std::string_view insert) {
  if (token_ == t) return;
  const std::string place = fmt::format(fmt::runtime(after), insert);
  fail_parse(fmt::format("expected {} {}, found {}", describe(t), place, describe(token_)), text_, offset_);
}

void Lexer::read_name() {
  // A name may have dots, as "hidden.weight" of a parameter struct; but x.T is the transpose.
  std::size_t end = offset_;
  const auto part = [&] {
    while (end < text_.size() && continues_name(text_[end])) ++end;
  };
  part();
  while (end + 1 < text_.size() && text_[end] == '.' && begins_name(text_[end + 1])) {
    const std::size_t begin = end++;
    part();
    if (text_.substr(begin, end - begin) != ".T") continue;
    end = begin;
    break;
  }
  take(Token::name, end - offset_);
  for (const Spelling& k : keywords)
    if (k.text == lexeme_) token_ = k.token;
}

void Lexer::read_number() {
  const char* const begin = text_.data() + offset_;
  const char* const limit = text_.data() + text_.size();
  const auto [end, error] = std::from_chars(begin, limit, number_);
  take(Token::number, static_cast<std::size_t>(end - begin));
  integral_ = lexeme_.find_first_of(".eE") == std::string_view::npos;
  if (error == std::errc::result_out_of_range) {
    // As Python: too large is infinite, too small is zero. An exponent decides, or else the number of digits does.
    const std::size_t e = lexeme_.find_first_of("eE");
    number_ = e != std::string_view::npos && lexeme_[e + 1] == '-' ? 0.0 : std::numeric_limits<double>::infinity();
    integral_ = false;
  }
  if (end != limit && (continues_name(*end) || *end == '.'))
    fail_parse(fmt::format("'{}' follows the number {} at once", *end, lexeme_), text_, end_);
}

void Lexer::read_text(char quote) {
  const std::size_t close = text_.find_first_of(std::string{quote, '\\', '\n'}, offset_ + 1);
  if (close != std::string_view::npos && text_[close] == '\\') fail_parse("strings have no escapes", text_, close);
  if (close == std::string_view::npos || text_[close] != quote) fail_parse("this string is not closed", text_, offset_);
  take(Token::text, close + 1 - offset_);
  lexeme_ = lexeme_.substr(1, lexeme_.size() - 2);
}

bool Lexer::read_operator() {
  const std::string_view rest = text_.substr(offset_, 2);
  for (const Refusal& r : refusals) {
    if (!rest.starts_with(r.text)) continue;
    if (r.message.empty()) break;
    fail_parse(r.message, text_, offset_);
  }
  for (const Spelling& o : operators) {
    if (!rest.starts_with(o.text)) continue;
    take(o.token, o.text.size());
    return true;
  }
  return false;
}

}  // namespace actinium::parse_detail
