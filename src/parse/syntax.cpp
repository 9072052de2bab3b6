// The reader: precedence climbing with Python's levels. Chains of operators are loops; only nesting recurses, to a
// fixed depth.
#include "parse/syntax.hpp"

#include <fmt/format.h>

#include <limits>
#include <unordered_map>

#include "actinium/parse.h"
#include "parse/lexer.hpp"

namespace actinium::parse_detail {
namespace {

// Python's precedence, loosest first. The unary signs bind looser than ** on their right: -x ** 2 is -(x ** 2).
enum Level : int {
  level_any,
  level_or,
  level_and,
  level_not,
  level_compare,
  level_sum,
  level_product,
  level_sign,
  level_power
};

/// As Python: stacks are small in some threads.
constexpr int max_depth = 200;

struct Infix {
  SyntaxKind kind;
  int level;
};

/// The operator that a token is between operands; level_any if it is none.
Infix infix_of(Token t) {
  switch (t) {
    case Token::or_: return {SyntaxKind::or_, level_or};
    case Token::and_: return {SyntaxKind::and_, level_and};
    case Token::less: return {SyntaxKind::less, level_compare};
    case Token::less_equal: return {SyntaxKind::less_equal, level_compare};
    case Token::greater: return {SyntaxKind::greater, level_compare};
    case Token::greater_equal: return {SyntaxKind::greater_equal, level_compare};
    case Token::equal: return {SyntaxKind::equal, level_compare};
    case Token::not_equal: return {SyntaxKind::not_equal, level_compare};
    case Token::plus: return {SyntaxKind::add, level_sum};
    case Token::minus: return {SyntaxKind::sub, level_sum};
    case Token::star: return {SyntaxKind::mul, level_product};
    case Token::slash: return {SyntaxKind::div, level_product};
    case Token::at: return {SyntaxKind::matmul, level_product};
    case Token::power: return {SyntaxKind::pow, level_power};
    case Token::end:
    case Token::number:
    case Token::name:
    case Token::text:
    case Token::let:
    case Token::in:
    case Token::not_:
    case Token::true_:
    case Token::false_:
    case Token::none:
    case Token::assign:
    case Token::comma:
    case Token::dot:
    case Token::open:
    case Token::close:
    case Token::open_list:
    case Token::close_list: return {SyntaxKind::none, level_any};
  }
  return {SyntaxKind::none, level_any};
}

class Reader {
 public:
  explicit Reader(std::string_view text) : lexer_(text) {}

  Syntax read() {
    if (lexer_.token() == Token::end) fail("the expression is empty");
    syntax_.root = expression(level_any);
    if (lexer_.token() == Token::close || lexer_.token() == Token::close_list)
      fail("there is nothing open to close here");
    if (lexer_.token() == Token::comma) fail("one expression only: a ',' separates arguments inside a call");
    if (lexer_.token() == Token::name && (lexer_.lexeme() == "if" || lexer_.lexeme() == "else"))
      fail("write where(condition, a, b) instead of a if condition else b");
    if (lexer_.token() != Token::end) fail("expected an operator, found {}", describe(lexer_.token()));
    return std::move(syntax_);
  }

 private:
  Lexer lexer_;
  Syntax syntax_;
  int depth_ = 0;
  std::unordered_map<std::string_view, SyntaxId> free_names_;
  std::unordered_map<std::string_view, std::vector<SyntaxId>> scopes_;  // names of `let`, innermost last

  /// `insert` stands for {} in the message. Never inlined: buffers for text would swell every frame of the recursion.
  [[noreturn, gnu::noinline]] void fail(std::string_view message, std::string_view insert = {}) const {
    fail_at(lexer_.offset(), message, insert);
  }
  [[noreturn, gnu::noinline]] void fail_at(std::size_t offset, std::string_view message,
                                           std::string_view insert = {}) const {
    fail_parse(fmt::format(fmt::runtime(message), insert), lexer_.text(), offset);
  }

  SyntaxId add(SyntaxNode node, std::span<const Operand> operands = {}) {
    node.first = static_cast<std::uint32_t>(syntax_.arguments.size());
    node.count = static_cast<std::uint32_t>(operands.size());
    syntax_.arguments.insert(syntax_.arguments.end(), operands.begin(), operands.end());
    syntax_.nodes.push_back(node);
    return static_cast<SyntaxId>(syntax_.nodes.size() - 1);
  }
  SyntaxId unary(SyntaxKind kind, std::uint32_t offset, SyntaxId x) {
    const Operand operands[] = {{x, offset, {}}};
    return add({.kind = kind, .offset = offset}, operands);
  }
  SyntaxId binary(SyntaxKind kind, std::uint32_t offset, SyntaxId a, SyntaxId b) {
    const Operand operands[] = {{a, offset, {}}, {b, offset, {}}};
    return add({.kind = kind, .offset = offset}, operands);
  }
  std::uint32_t offset() const { return static_cast<std::uint32_t>(lexer_.offset()); }

  /// An expression of operators that bind at least as tightly as `level`.
  SyntaxId expression(int level) {
    if (++depth_ > max_depth) fail("nested too deeply: at most 200 levels");
    SyntaxId left = signs(level);
    while (true) {
      const auto [kind, binds] = infix_of(lexer_.token());
      if (binds == level_any || binds < level) break;
      if (binds == level_compare) {
        left = comparisons(left);
        continue;
      }
      const std::uint32_t at = offset();
      lexer_.next();
      // Python's power takes a signed operand on its right and groups to the right; all others group to the left.
      const SyntaxId right = expression(binds == level_power ? level_sign : binds + 1);
      left = binary(kind, at, left, right);
    }
    --depth_;
    return left;
  }

  /// a < b <= c means a < b and b <= c, b being one node.
  SyntaxId comparisons(SyntaxId left) {
    SyntaxId all = 0;
    for (bool first = true; infix_of(lexer_.token()).level == level_compare; first = false) {
      const auto kind = infix_of(lexer_.token()).kind;
      const std::uint32_t at = offset();
      lexer_.next();
      const SyntaxId right = expression(level_compare + 1);
      const SyntaxId one = binary(kind, at, left, right);
      all = first ? one : binary(SyntaxKind::and_, at, all, one);
      left = right;
    }
    return all;
  }

  /// Any number of leading signs and `not`s, then an operand.
  SyntaxId signs(int level) {
    struct Sign {
      SyntaxKind kind;
      std::uint32_t offset;
    };
    std::vector<Sign> signs;
    while (lexer_.token() == Token::not_) {
      if (level > level_not) fail("put this 'not' and its operand in parentheses");
      signs.push_back({SyntaxKind::not_, offset()});
      lexer_.next();
    }
    SyntaxId x;
    if (!signs.empty()) {
      x = expression(level_not + 1);
    } else {
      while (lexer_.token() == Token::minus || lexer_.token() == Token::plus) {
        signs.push_back({lexer_.token() == Token::minus ? SyntaxKind::neg : SyntaxKind::plus, offset()});
        lexer_.next();
      }
      x = signs.empty() ? postfix() : expression(level_power);
    }
    for (std::size_t i = signs.size(); i-- > 0;) x = unary(signs[i].kind, signs[i].offset, x);
    return x;
  }

  SyntaxId postfix() {
    SyntaxId x = operand();
    while (true) {
      const std::uint32_t at = offset();
      if (lexer_.token() == Token::open_list)
        fail("indexing is not offered: write slice(x, start, stop) or gather(x, i)");
      if (lexer_.token() == Token::open) fail("only a function's name can be called");
      if (!lexer_.accept(Token::dot)) return x;
      lexer_.expect(Token::name, "after '.'");
      if (lexer_.lexeme() != "T")
        fail("'.{}' is not offered: '.T' is the only attribute; functions are written f(x)", lexer_.lexeme());
      lexer_.next();
      x = unary(SyntaxKind::transposed, at, x);
    }
  }

  SyntaxId operand() {
    const std::uint32_t at = offset();
    switch (lexer_.token()) {
      case Token::number: {
        const SyntaxId x =
            add({.kind = SyntaxKind::number, .integral = lexer_.integral(), .offset = at, .number = lexer_.number()});
        lexer_.next();
        return x;
      }
      case Token::text: return leaf({.kind = SyntaxKind::text, .offset = at, .text = lexer_.lexeme()});
      case Token::none: return leaf({.kind = SyntaxKind::none, .offset = at});
      case Token::true_: return leaf({.kind = SyntaxKind::truth, .offset = at, .number = 1});
      case Token::false_: return leaf({.kind = SyntaxKind::truth, .offset = at, .number = 0});
      case Token::name: return name_or_call();
      case Token::let: return let();
      case Token::open: return parenthesis();
      case Token::open_list: return list();
      case Token::end:
      case Token::in:
      case Token::and_:
      case Token::or_:
      case Token::not_:
      case Token::plus:
      case Token::minus:
      case Token::star:
      case Token::slash:
      case Token::power:
      case Token::at:
      case Token::less:
      case Token::less_equal:
      case Token::greater:
      case Token::greater_equal:
      case Token::equal:
      case Token::not_equal:
      case Token::assign:
      case Token::comma:
      case Token::dot:
      case Token::close:
      case Token::close_list: break;
    }
    fail("expected a number, a name or '(', found {}", describe(lexer_.token()));
  }

  SyntaxId leaf(const SyntaxNode& node) {
    lexer_.next();
    return add(node);
  }

  SyntaxId name_or_call() {
    const std::string_view name = lexer_.lexeme();
    const std::uint32_t at = offset();
    lexer_.next();
    if (lexer_.token() == Token::open) return call(name, at);
    if (const auto bound = scopes_.find(name); bound != scopes_.end() && !bound->second.empty())
      return bound->second.back();
    if (const auto constant = constant_named(name))
      return add({.kind = SyntaxKind::number, .offset = at, .number = *constant});
    const auto [place, fresh] = free_names_.try_emplace(name, 0);
    if (fresh) place->second = add({.kind = SyntaxKind::name, .offset = at, .text = name});
    return place->second;
  }

  static const double* constant_named(std::string_view name) {
    static constexpr double infinity = std::numeric_limits<double>::infinity(),
                            pi = 3.141592653589793238462643383279503;
    static constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    if (name == "inf") return &infinity;
    if (name == "nan") return &not_a_number;
    return name == "pi" ? &pi : nullptr;
  }

  SyntaxId call(std::string_view function, std::uint32_t at) {
    std::vector<Operand> arguments;
    lexer_.next();
    while (lexer_.token() != Token::close) {
      arguments.push_back(argument());
      if (arguments.size() > 1 && arguments.back().keyword.empty() && !arguments[arguments.size() - 2].keyword.empty())
        fail_at(arguments.back().offset, "an argument by position follows one by keyword");
      if (!lexer_.accept(Token::comma)) break;
    }
    lexer_.expect(Token::close, "or ',' in the arguments of {}", function);
    lexer_.next();
    return add({.kind = SyntaxKind::call, .offset = at, .text = function}, arguments);
  }

  Operand argument() {
    Operand a{0, offset(), {}};
    if (lexer_.token() == Token::name) {
      Lexer ahead = lexer_;
      ahead.next();
      if (ahead.token() == Token::assign) {
        a.keyword = lexer_.lexeme();
        ahead.next();
        lexer_ = ahead;
      }
    }
    a.node = expression(level_any);
    return a;
  }

  SyntaxId let() {
    std::vector<std::string_view> names;
    do {
      lexer_.next();
      if (lexer_.token() != Token::name) fail("expected a name in 'let', found {}", describe(lexer_.token()));
      const std::string_view name = lexer_.lexeme();
      if (constant_named(name) != nullptr) fail("'{}' is a constant and cannot be another name", name);
      lexer_.next();
      lexer_.expect(Token::assign, "after 'let {}'", name);
      lexer_.next();
      const SyntaxId value = expression(level_any);
      scopes_[name].push_back(value);  // the next binding sees it
      names.push_back(name);
    } while (lexer_.token() == Token::comma);
    lexer_.expect(Token::in, "after the names of 'let'");
    lexer_.next();
    const SyntaxId body = expression(level_any);
    for (const std::string_view name : names) scopes_[name].pop_back();
    return body;
  }

  SyntaxId parenthesis() {
    const std::uint32_t at = offset();
    lexer_.next();
    std::vector<Operand> items;
    bool tuple = lexer_.token() == Token::close;
    while (lexer_.token() != Token::close) {
      items.push_back({expression(level_any), at, {}});
      if (!lexer_.accept(Token::comma)) break;
      tuple = true;
    }
    close(Token::close, at);
    return tuple ? add({.kind = SyntaxKind::tuple, .offset = at}, items) : items.front().node;
  }

  SyntaxId list() {
    const std::uint32_t at = offset();
    lexer_.next();
    std::vector<Operand> items;
    while (lexer_.token() != Token::close_list) {
      items.push_back({expression(level_any), at, {}});
      if (!lexer_.accept(Token::comma)) break;
    }
    close(Token::close_list, at);
    return add({.kind = SyntaxKind::list, .offset = at}, items);
  }

  void close(Token t, std::uint32_t opened) {
    if (lexer_.token() == Token::end) fail_at(opened, "{} is missing: this is not closed", describe(t));
    lexer_.expect(t, "or an operator");
    lexer_.next();
  }
};

}  // namespace

Syntax read_syntax(std::string_view text) {
  constexpr std::size_t limit = std::size_t{64} << 20;
  if (text.size() > limit)
    throw ParseError(fmt::format("text: {} bytes are too long for an expression: at most {}", text.size(), limit));
  return Reader(text).read();
}

void fail_parse(std::string_view message, std::string_view text, std::size_t offset) {
  throw ParseError(with_caret(fmt::format("text:{}: {}", offset + 1, message), text, offset + 1));
}

}  // namespace actinium::parse_detail

namespace actinium {

std::string with_caret(std::string_view message, std::string_view text, std::size_t column) {
  constexpr std::size_t reach = 60;  // bytes shown on either side
  const std::size_t place = std::min(column == 0 ? 0 : column - 1, text.size());
  const auto continues = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  std::size_t begin = place, end = place;
  while (begin > 0 && text[begin - 1] != '\n' && place - begin < reach) --begin;
  while (end < text.size() && text[end] != '\n' && end - place < reach) ++end;
  while (begin < place && continues(begin)) ++begin;
  while (end > place && end < text.size() && continues(end)) --end;
  const bool cut_left = begin > 0 && text[begin - 1] != '\n', cut_right = end < text.size() && text[end] != '\n';
  std::string line = cut_left ? "..." : "", caret(line.size(), ' ');
  for (std::size_t i = begin; i < end; ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    line += c < ' ' ? ' ' : text[i];
    if (i < place && !continues(i)) caret += ' ';
  }
  return fmt::format("{}\n  {}{}\n  {}^", message, line, cut_right ? "..." : "", caret);
}

}  // namespace actinium
