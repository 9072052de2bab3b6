// Definitions of activations as text: "swoosh(x, beta=1) = softplus(beta * x - 4) - ...", and "swoosh' = ..." below it
// for a derivative of its own. What Activation::save writes. Start reading at load_activations.
#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "actinium/activations.h"
#include "actinium/parse.h"

namespace actinium {
namespace {

struct Entry {
  std::string name, text, derivative;
  std::vector<DefinedParameter> parameters;
};

std::string_view trimmed(std::string_view s) {
  const auto begin = s.find_first_not_of(" \t\r"), end = s.find_last_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view{} : s.substr(begin, end - begin + 1);
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  void line(std::string_view text) {
    ++line_;
    text = trimmed(text);
    if (text.empty() || text[0] == '#') return;
    const auto close = text.find(')'), prime = text.find('\'');
    if (prime != std::string_view::npos && prime < close) return derivative(text, prime);
    const auto open = text.find('(');
    if (open == std::string_view::npos || close == std::string_view::npos)
      fail("name(x, parameter=default, ...) = expression expected");
    Entry e{std::string(trimmed(text.substr(0, open))), std::string(body(text.substr(close + 1))), "", {}};
    parameters(e, text.substr(open + 1, close - open - 1));
    entries.push_back(std::move(e));
  }

  std::vector<Entry> entries;

 private:
  std::string path_;
  int line_ = 0;

  [[noreturn]] void fail(std::string_view what) const {
    throw ParseError(fmt::format("{}:{}: {}", path_, line_, what));
  }

  std::string_view body(std::string_view rest) const {
    rest = trimmed(rest);
    if (rest.empty() || rest[0] != '=') fail("'=' and an expression expected");
    return trimmed(rest.substr(1));
  }

  void derivative(std::string_view text, std::size_t prime) {
    if (entries.empty() || entries.back().name != trimmed(text.substr(0, prime)))
      fail("a derivative stands below its activation");
    entries.back().derivative = body(text.substr(prime + 1));
  }

  void parameters(Entry& e, std::string_view list) const {
    bool first = true;
    while (first || !list.empty()) {
      const auto comma = list.find(',');
      const std::string_view item = trimmed(list.substr(0, comma));
      list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
      if (first && item != "x") fail("the first operand is x");
      if (!first) {
        const auto equals = item.find('=');
        const std::string_view value = equals == std::string_view::npos ? item : trimmed(item.substr(equals + 1));
        DefinedParameter p{std::string(trimmed(item.substr(0, equals))), 0};
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), p.fallback);
        if (equals == std::string_view::npos || error != std::errc{} || end != value.data() + value.size())
          fail("parameter=number expected");
        e.parameters.push_back(std::move(p));
      }
      first = false;
    }
  }
};

Definition definition(const std::string& text, std::size_t parameters) {
  if (text.empty()) return {};
  return {parameters + 1,
          [formula = Formula(text)](const Expr* operands) { return formula.build(Graph(operands[0].graph())); }};
}

}  // namespace

std::vector<Activation> load_activations(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw IoError(fmt::format("cannot read {}", path));
  Reader reader(path);
  for (std::string line; std::getline(in, line);) reader.line(line);
  std::vector<Activation> loaded;
  for (const Entry& e : reader.entries)
    loaded.push_back(define(e.name, definition(e.text, e.parameters.size()), e.parameters,
                            {.derivative = definition(e.derivative, e.parameters.size())}));
  return loaded;
}

}  // namespace actinium
