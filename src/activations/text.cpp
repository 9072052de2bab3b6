// Look-up by text: "leaky_relu(negative_slope=0.2)". A name and literal arguments: the small grammar of presets.
#include <fmt/format.h>

#include <cctype>
#include <charconv>

#include "activations/catalogue.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace {

/// The text between two positions; a cursor over literals.
class Presets {
 public:
  Presets(std::string_view text, Location where) : text_(text), where_(where) {}

  std::string_view name() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  bool eat(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip();
    return at_ == text_.size();
  }
  [[noreturn]] void fail(std::string_view expected) const {
    ops::fail<ParseError>(where_, "activation",
                          fmt::format("{} expected\n  {}\n  {}^", expected, text_, std::string(at_, ' ')));
  }

  Argument argument() {
    const std::size_t begin = at_;
    const std::string_view word = name();
    const bool keyword = !word.empty() && eat('=');
    if (!keyword) at_ = begin;
    return value(keyword ? word : std::string_view{});
  }

 private:
  std::string_view text_;
  Location where_;
  std::size_t at_ = 0;

  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  double number() {
    skip();
    double v = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), v);
    if (error != std::errc{}) fail("a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return v;
  }

  Argument value(std::string_view key) {
    skip();
    if (at_ == text_.size()) fail("a value");
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      const std::size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) fail("a closing quote");
      const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return {key, inside};
    }
    if (c == '(' || c == '[') {
      ++at_;
      std::vector<int> axes;
      const char close = c == '(' ? ')' : ']';
      while (!eat(close)) {
        axes.push_back(static_cast<int>(number()));
        if (!eat(',') && text_.substr(at_, 1) != std::string_view(&close, 1)) fail("',' or a closing bracket");
      }
      return {key, Axes(std::move(axes))};
    }
    const std::size_t begin = at_;
    const std::string_view word = name();
    if (word == "true" || word == "True") return {key, true};
    if (word == "false" || word == "False") return {key, false};
    if (word == "none" || word == "None") return {key, std::nullopt};
    at_ = begin;
    return {key, number()};
  }
};

}  // namespace

Activation activation(std::string_view text, compat system, std::source_location at) {
  const Location where = ops::location_of(at);
  Presets presets(text, where);
  const std::string_view name = presets.name();
  if (name.empty() && !presets.at_end()) presets.fail("the name of an activation");
  auto found = activations::find(name, system);
  if (!found)
    ops::fail<NameError>(where, "activation",
                         fmt::format("unknown activation '{}'{}", name.substr(0, 80), activations::suggestions(name)));
  if (presets.eat('(')) {
    int position = 0;
    while (!presets.eat(')')) {
      Argument argument = presets.argument();
      const bool positional = argument.name.empty();
      activations::preset(*found, std::move(argument), position, where);
      position += positional;
      if (!presets.eat(',') && presets.at_end()) presets.fail("')'");
    }
    activations::check_presets(*found, where);
  }
  if (!presets.at_end()) presets.fail("the end");
  return {std::make_shared<const activations::Found>(std::move(*found)), 0};
}

}  // namespace actinium
