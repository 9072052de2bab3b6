// Files of activations: "swoosh(x, beta=1) = softplus(beta * x - 4) - ...", and "swoosh' = ..." below it for a derivative of its own.
// What Activation::save writes. Start reading at load_activations.
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <mutex>
#include <set>

#include "actinium/activations.h"
#include "actinium/parse.h"
#include "activations/catalogue.hpp"

namespace actinium {
namespace {

/// Text of the file with the line it begins at.
struct Part {
  std::string text;
  int line = 0;
};

struct Written {
  std::string name, documentation;
  int line;
  Part value = {}, derivative = {};
  std::vector<DefinedParameter> parameters = {};
};

std::string_view trimmed(std::string_view s) {
  const auto begin = s.find_first_not_of(" \t\r"), end = s.find_last_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view{} : s.substr(begin, end - begin + 1);
}

/// Places keep pointers to the names of files.
const char* kept(const std::string& path) {
  static std::mutex mutex;
  static std::set<std::string> names;
  const std::lock_guard lock(mutex);
  return names.insert(path).first->c_str();
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  void line(std::string_view raw) {
    ++line_;
    const std::string_view text = trimmed(raw);
    const bool indented = !raw.empty() && (raw[0] == ' ' || raw[0] == '\t');
    if (text.empty()) {
      documentation_.clear(), open_ = nullptr;
    } else if (text[0] == '#') {
      const std::string_view said = trimmed(text.substr(1));
      documentation_ += fmt::format("{}{}", documentation_.empty() ? "" : "\n", said);
    } else if (indented && open_ != nullptr) {
      *open_ += fmt::format(" {}", text);
    } else {
      definition(text);
      documentation_.clear();
    }
  }

  std::vector<Written> definitions;

 private:
  std::string path_, documentation_;
  std::string* open_ = nullptr;  ///< what an indented line continues
  int line_ = 0;

  [[noreturn]] void fail(std::string_view what) const { throw ParseError(fmt::format("{}:{}: {}", path_, line_, what)); }

  void definition(std::string_view text) {
    const auto close = text.find(')'), prime = text.find('\'');
    if (prime != std::string_view::npos && prime < close) return derivative(text, prime);
    const auto open = text.find('(');
    if (open == std::string_view::npos || close == std::string_view::npos)
      fail("name(x, parameter=default, ...) = expression expected");
    Written w{std::string(trimmed(text.substr(0, open))), documentation_, line_};
    w.value = {body(text.substr(close + 1)), line_};
    parameters(w, text.substr(open + 1, close - open - 1));
    definitions.push_back(std::move(w));
    open_ = &definitions.back().value.text;
  }

  std::string body(std::string_view rest) const {
    rest = trimmed(rest);
    if (rest.empty() || rest[0] != '=') fail("'=' and an expression expected");
    return std::string(trimmed(rest.substr(1)));
  }

  void derivative(std::string_view text, std::size_t prime) {
    if (definitions.empty() || definitions.back().name != trimmed(text.substr(0, prime)))
      fail("a derivative stands below its activation");
    definitions.back().derivative = {body(text.substr(prime + 1)), line_};
    open_ = &definitions.back().derivative.text;
  }

  void parameters(Written& w, std::string_view list) const {
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
        w.parameters.push_back(std::move(p));
      }
      first = false;
    }
  }
};

/// `make()`, whose errors get the place in the file, unless they have one.
template <class Make>
auto at(const std::string& path, int line, Make&& make) {
  const std::string place = fmt::format("{}:{}: ", path, line);
  const auto again = [&]<class E>(const E& e) { throw E(place + e.what()); };
  try {
    return make();
  } catch (const ParseError& e) {
    again(e);
  } catch (const ShapeError& e) {
    again(e);
  } catch (const TypeError& e) {
    again(e);
  } catch (const NameError& e) {
    again(e);
  } catch (const ValueError& e) {
    again(e);
  } catch (const GraphError& e) {
    again(e);
  }
  throw InternalError(place + "an error of an unknown kind");
}

Definition definition(const std::string& path, const Part& part, std::size_t parameters) {
  if (part.line == 0) return {};
  return at(path, part.line, [&] {
    return Definition(parameters + 1, [formula = Formula(part.text), path, line = part.line](const Expr* operands) {
      return at(path, line, [&] { return formula.build(Graph(operands[0].graph())); });
    });
  });
}

}  // namespace

std::vector<Activation> load_activations(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw IoError(fmt::format("cannot read {}", path));
  Reader reader(path);
  for (std::string line; std::getline(in, line);) reader.line(line);
  if (in.bad()) throw IoError(fmt::format("cannot read {}", path));
  std::vector<Activation> loaded;
  std::vector<std::shared_ptr<const activations::Entry>> fresh;
  try {
    for (const Written& w : reader.definitions) {
      const bool known = activations::find(w.name).has_value();
      const DefineOptions options{definition(path, w.derivative, w.parameters.size()), w.documentation};
      loaded.push_back(activations::define(w.name, definition(path, w.value, w.parameters.size()), w.parameters, options,
                                           {kept(path), static_cast<std::uint32_t>(w.line)}));
      if (!known) fresh.push_back(activations::find(w.name)->entry);
    }
  } catch (...) {
    for (const auto& entry : fresh) activations::forget(*entry);
    throw;
  }
  return loaded;
}

}  // namespace actinium
