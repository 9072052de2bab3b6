// Texts that are refused: the kind of the error, what it says, and the column under the caret.
#include <gtest/gtest.h>

#include <string>

#include "actinium/parse.h"

namespace actinium {
namespace {

enum class Kind { parse, name, type, shape, value };

struct Row {
  const char* text;
  Kind kind;
  const char* part;    ///< of the message
  std::size_t column;  ///< of the caret, from 1
};
class Refused : public testing::TestWithParam<Row> {};

template <class E>
std::string message_of(const char* text) {
  Graph g;
  g.input("x", {3, 4});
  g.input("y", {3, 4});
  g.input("i", {5}, i64);
  try {
    parse(g, text);
  } catch (const E& e) {
    return e.what();
  }
  return "no error";
}

std::string message_of(const Row& row) {
  switch (row.kind) {
    case Kind::parse: return message_of<ParseError>(row.text);
    case Kind::name: return message_of<NameError>(row.text);
    case Kind::type: return message_of<TypeError>(row.text);
    case Kind::shape: return message_of<ShapeError>(row.text);
    case Kind::value: return message_of<ValueError>(row.text);
  }
  return {};
}

TEST_P(Refused, SaysWhatAndWhere) {
  const std::string message = message_of(GetParam());
  EXPECT_NE(message.find(GetParam().part), std::string::npos) << message;
  const std::size_t last = message.rfind('\n');
  ASSERT_NE(last, std::string::npos) << message;
  EXPECT_EQ(message.substr(last + 1), std::string(GetParam().column + 1, ' ') + "^") << message;
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, Refused,
    testing::Values(Row{"", Kind::parse, "empty", 1}, Row{"x +", Kind::parse, "the end of the text", 4},
                    Row{"(x", Kind::parse, "not closed", 1}, Row{"x)", Kind::parse, "nothing open", 2},
                    Row{"[x", Kind::parse, "not closed", 1}, Row{"x y", Kind::parse, "expected an operator", 3},
                    Row{"x % y", Kind::parse, "'%' is not offered", 3}, Row{"x // y", Kind::parse, "floor(a / b)", 3},
                    Row{"x ^ 2", Kind::parse, "x ** y", 3}, Row{"x && y", Kind::parse, "write 'and'", 3},
                    Row{"!x", Kind::parse, "write 'not'", 1}, Row{"x[0]", Kind::parse, "slice(x", 2},
                    Row{"x if y else 1", Kind::parse, "where(condition, a, b)", 3},
                    Row{"x ? 1 : 2", Kind::parse, "where(condition, a, b)", 3},
                    Row{"let h in x", Kind::parse, "'='", 7}, Row{"let h = x", Kind::parse, "'in'", 10},
                    Row{"let pi = 3 in pi", Kind::parse, "constant", 5},
                    Row{"let = x in x", Kind::parse, "expected a name", 5}, Row{"sum(x", Kind::parse, "')'", 6},
                    Row{"sum(axis=0, x)", Kind::parse, "follows one by keyword", 13},
                    Row{"x, y", Kind::parse, "one expression only", 2}, Row{"1e", Kind::parse, "follows the number", 2},
                    Row{"0x10", Kind::parse, "follows the number", 2}, Row{"x $ y", Kind::parse, "unexpected '$'", 3},
                    Row{"x + \x01", Kind::parse, "byte 0x01", 5}, Row{"x + 'abc", Kind::parse, "not closed", 5},
                    Row{"x = 3", Kind::parse, "expected an operator, found '='", 3},
                    Row{"x == not y", Kind::parse, "parentheses", 6}, Row{"x **", Kind::parse, "end of the text", 5},
                    Row{"sin(x)(y)", Kind::parse, "only a function's name", 7},
                    Row{"x . T . q", Kind::parse, "only attribute", 9}));

INSTANTIATE_TEST_SUITE_P(
    Meaning, Refused,
    testing::Values(
        Row{"z + 1", Kind::name, "'z' is no input", 1}, Row{"sigmiod(x)", Kind::name, "did you mean sigmoid", 1},
        Row{"expp(x)", Kind::name, "exp", 1}, Row{"x.mean(0)", Kind::name, "write mean(x", 1},
        Row{"sum(x, axes2=0)", Kind::name, "did you mean axes", 8}, Row{"softmax(x, axs=1)", Kind::name, "axs", 1},
        Row{"sum()", Kind::type, "'x' is missing", 1}, Row{"sin(x, y)", Kind::type, "at most 1", 8},
        Row{"sum(x, 0, axis=0)", Kind::type, "given twice", 11}, Row{"sum(x, axis=y)", Kind::type, "known now", 13},
        Row{"sum(x, axis=1.5)", Kind::type, "known now", 13},
        Row{"sum(x, keepdims=2)", Kind::type, "true or false", 17},
        Row{"x + (1, 2)", Kind::type, "a list is no value", 5}, Row{"x + 'a'", Kind::type, "a string is no value", 5},
        Row{"x + none", Kind::type, "none is no value", 5}, Row{"cast(x, f16)", Kind::type, "f32, f64", 9},
        Row{"reshape(x, 'a')", Kind::type, "takes a size", 12}, Row{"sigmoid()", Kind::type, "takes an operand", 1},
        Row{"x @ y", Kind::shape, "inner dimensions", 3}, Row{"x + sum(x, axis=1)", Kind::shape, "broadcast", 3},
        Row{"softmax(x, axis=2)", Kind::shape, "axis 2", 1}, Row{"sum(x, axis=5)", Kind::shape, "axis 5", 1},
        Row{"gather(x, y)", Kind::type, "gather", 1}, Row{"x and y", Kind::type, "and", 3},
        Row{"einsum(x, y)", Kind::type, "takes a string", 8}, Row{"einsum('ij')", Kind::type, "takes operands: einsum(subscripts, a, b, ...)", 1},
        Row{"einsum('ij,jk', x, y)", Kind::shape, "\"ij,jk\": index j is", 1},
        Row{"max_pool(x, 1, padding='some')", Kind::value, "takes \"valid\", \"same\"", 24},
        Row{"max_pool(x, 1, padding=(1, 2, 3))", Kind::value, "a pair of integers for each axis", 24},
        Row{"soft_shrink(x, -0.5)", Kind::value, "soft_shrink", 1}, Row{"clamp(x, 1, 0)", Kind::value, "clamp", 1}));

TEST(ParseLimits, DeepNestingIsRefusedNotACrash) {
  Graph g;
  g.input("x", {});
  const std::string deep(100'000, '(');
  EXPECT_THROW(parse(g, deep + "x" + std::string(100'000, ')')), ParseError);
  EXPECT_THROW(parse(g, deep), ParseError);
  EXPECT_THROW(parse(g, std::string(100'000, '[')), ParseError);
  std::string calls, powers = "x", lets;
  for (int i = 0; i < 50'000; ++i) calls += "sin(", powers += "**x", lets += "let a = x in ";
  EXPECT_THROW(parse(g, calls), ParseError);
  EXPECT_THROW(parse(g, powers), ParseError);
  EXPECT_THROW(parse(g, lets + "a"), ParseError);
  const std::string fine(190, '(');
  EXPECT_EQ(parse(g, fine + "x" + std::string(190, ')')).rank(), 0);
}

TEST(ParseLimits, TooLongIsRefused) {
  Graph g;
  EXPECT_THROW(parse(g, std::string(100'000'000, ' ')), ParseError);
}

TEST(ParseLimits, LongLinesShowTheirPlace) {
  Graph g;
  g.input("x", {});
  std::string text = "x";
  for (int i = 0; i < 1000; ++i) text += " + x";
  try {
    parse(g, text + " + * " + text);
    FAIL();
  } catch (const ParseError& e) {
    const std::string what = e.what();
    EXPECT_LT(what.size(), 400u);
    EXPECT_NE(what.find("..."), std::string::npos);
  }
}

}  // namespace
}  // namespace actinium
