// Arrays as text: nested lists. Numbers go through from_chars and to_chars, so that each is rounded once and reads back
// exactly.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "actinium/io.h"
#include "actinium/parse.h"

namespace actinium {
namespace {

template <class T>
void append_number(std::string& out, T x) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(x)) {  // whose sign means nothing
      out += "nan";
      return;
    }
  }
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x).ptr;
  out.append(buffer, end);
}

void append_element(std::string& out, const Tensor& t, std::size_t i) {
  switch (t.dtype()) {
    case DType::b8: out += t.data<bool>()[i] ? "true" : "false"; return;
    case DType::i32: return append_number(out, t.data<std::int32_t>()[i]);
    case DType::i64: return append_number(out, t.data<std::int64_t>()[i]);
    case DType::f32: return append_number(out, t.data<float>()[i]);
    case DType::f64: return append_number(out, t.data<double>()[i]);
  }
}

void append_list(std::string& out, const Tensor& t, int axis, std::size_t& next) {  // recursion to max_rank
  if (axis == t.rank()) return append_element(out, t, next++);
  out += '[';
  const std::int64_t n = t.shape()[static_cast<std::size_t>(axis)];
  // Axes beyond an empty one have nothing to show.
  for (std::int64_t i = 0; i < n; ++i) {
    if (i != 0) out += ", ";
    append_list(out, t, axis + 1, next);
  }
  out += ']';
}

/// The elements of a nested list, as written.
struct Elements {
  std::string_view text;
  std::vector<std::int64_t> shape;
  std::vector<std::string_view> items;

  [[noreturn]] static void fail(std::string_view text, std::size_t offset, std::string_view message) {
    throw ValueError(with_caret(message, text, offset + 1));
  }

  explicit Elements(std::string_view t) : text(t) {
    if (skip(0) == text.size()) fail(text, text.size(), "the value is empty");
    std::size_t at = skip(0);
    if (text[at] != '[') {
      at = element(at);
    } else {
      at = list(at);
    }
    if (skip(at) != text.size()) fail(text, skip(at), "the value ends before this");
  }

 private:
  std::size_t skip(std::size_t at) const {
    while (at < text.size() && (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r'))) ++at;
    return at;
  }
  std::size_t element(std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && std::string_view(" \t\r\n\v\f,[]").find(text[end]) == std::string_view::npos) ++end;
    if (end == at) fail(text, at, "a number is missing here");
    items.push_back(text.substr(at, end - at));
    return end;
  }
  void close_extent(std::size_t depth, std::int64_t n, std::size_t at) {
    if (shape[depth] < 0)
      shape[depth] = n;
    else if (shape[depth] != n)
      fail(text, at, fmt::format("lists of unlike length: {} and {}", shape[depth], n));
  }
  /// A stack of counts instead of recursion. Extents are -1 until a list of that depth closes.
  std::size_t list(std::size_t at) {
    std::vector<std::int64_t> counts;
    bool separated = true;   // an element or a list may come
    std::size_t leaves = 0;  // depth of numbers, once one came
    do {
      at = skip(at);
      if (at == text.size()) fail(text, at, "']' is missing");
      if (text[at] == ',') {
        if (separated) fail(text, at, "a number is missing here");
        separated = true;
        ++at;
      } else if (text[at] == ']') {
        close_extent(counts.size() - 1, counts.back(), at);
        counts.pop_back();
        separated = false;
        ++at;
      } else {
        if (!separated) fail(text, at, "',' is missing");
        if (!counts.empty()) ++counts.back();
        if (text[at] == '[') {
          if (leaves != 0 && counts.size() >= leaves) fail(text, at, "a list stands where the others have a number");
          counts.push_back(0);
          if (counts.size() > static_cast<std::size_t>(max_rank))
            fail(text, at, fmt::format("nested more than {} deep", max_rank));
          if (counts.size() > shape.size()) shape.push_back(-1);
          ++at;
        } else {
          if (leaves == 0) leaves = counts.size();
          if (leaves != counts.size() || leaves != shape.size())
            fail(text, at, "a number stands where the others have a list");
          separated = false;
          at = element(at);
        }
      }
    } while (!counts.empty());
    return at;
  }
};

bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((text[i] | 0x20) != word[i]) return false;
  return true;
}

template <class T>
std::optional<T> special(std::string_view s) {
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  if (is_word(s, "nan")) return std::numeric_limits<T>::quiet_NaN();
  if (is_word(s, "inf") || is_word(s, "infinity"))
    return negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  return std::nullopt;
}

[[noreturn]] void fail_item(const Elements& e, std::string_view item, std::string_view what) {
  Elements::fail(e.text, static_cast<std::size_t>(item.data() - e.text.data()),
                 fmt::format("'{}' is {}", item.substr(0, 60), what));
}

/// Too large for T is infinite, too small is zero, as in Python.
template <class T>
T beyond_range(std::string_view s) {
  const std::size_t e = s.find_first_of("eE");
  const bool small = e != std::string_view::npos ? s[e + 1] == '-'
                                                 : s.find_first_not_of("0.") == std::string_view::npos ||
                                                       s.starts_with("0.") || s.starts_with('.');
  return small ? T{0} : std::numeric_limits<T>::infinity();
}

template <class T>
T read_item(const Elements& e, std::string_view item) {
  std::string_view s = item;
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  const char* const end = s.data() + s.size();
  T x{};
  if constexpr (std::is_floating_point_v<T>) {
    if (const auto value = special<T>(item)) return *value;
    if (is_word(item, "true") || is_word(item, "false")) return is_word(item, "true") ? T{1} : T{0};
    const bool signed_again = s.starts_with('-');
    const auto [last, error] = std::from_chars(s.data(), end, x);
    if (last != end || s.empty() || signed_again || error == std::errc::invalid_argument)
      fail_item(e, item, "no number");
    if (error == std::errc::result_out_of_range) x = beyond_range<T>(s);
    return negative ? -x : x;
  } else {
    if (is_word(item, "true") || is_word(item, "false")) return is_word(item, "true") ? T{1} : T{0};
    if (item.starts_with('+')) item.remove_prefix(1);
    const auto [last, error] = std::from_chars(item.data(), item.data() + item.size(), x);
    if (last == item.data() + item.size() && error == std::errc{}) return x;
    fail_item(e, item, error == std::errc::result_out_of_range ? "too large for the integer type" : "no integer");
  }
}

template <class T>
void fill(Tensor& t, const Elements& e) {
  T* out = t.data<T>();
  for (const std::string_view item : e.items) *out++ = read_item<T>(e, item);
}

void fill_bools(Tensor& t, const Elements& e) {
  bool* out = t.data<bool>();
  for (const std::string_view item : e.items) {
    if (is_word(item, "true") || item == "1")
      *out++ = true;
    else if (is_word(item, "false") || item == "0")
      *out++ = false;
    else
      fail_item(e, item, "neither true nor false");
  }
}

}  // namespace

std::string to_text(const Tensor& tensor) {
  std::string out;
  std::size_t next = 0;
  append_list(out, tensor, 0, next);
  return out;
}

Tensor from_text(std::string_view text, DType dtype) {
  const Elements e(text);
  Tensor t = Tensor::empty(dtype, e.shape);
  switch (dtype) {
    case DType::b8: fill_bools(t, e); break;
    case DType::i32: fill<std::int32_t>(t, e); break;
    case DType::i64: fill<std::int64_t>(t, e); break;
    case DType::f32: fill<float>(t, e); break;
    case DType::f64: fill<double>(t, e); break;
  }
  return t;
}

DType written_type(std::string_view text) {
  const Elements e(text);
  bool bools = !e.items.empty(), integers = true;
  for (std::string_view item : e.items) {
    const bool truth = is_word(item, "true") || is_word(item, "false");
    bools = bools && truth;
    if (item.starts_with('-') || item.starts_with('+')) item.remove_prefix(1);
    integers = integers && !truth && item.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return bools ? DType::b8 : integers ? DType::i64 : DType::f64;
}

}  // namespace actinium
