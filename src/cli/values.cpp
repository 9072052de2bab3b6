// Reading values. The generators are a table; random ones depend on their seed alone.
#include "values.hpp"

#include <actinium/io.h>
#include <actinium/parse.h>
#include <actinium/random.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <vector>

namespace actinium::cli {
namespace {

[[noreturn]] void fail(std::string_view text, std::string_view message) {
  throw ValueError(fmt::format("{}: {}", text.substr(0, 100), message));
}

/// A call such as uniform(7, -1, 1, 2, 3).
struct Call {
  std::string_view text, name;
  std::vector<double> arguments;

  std::int64_t integer(std::size_t i) const {
    const double x = arguments[i];
    if (x != std::floor(x) || std::abs(x) > 0x1p53) fail(text, "an integer is expected");
    return static_cast<std::int64_t>(x);
  }
  /// Arguments from `first` on, as a shape.
  Shape shape(std::size_t first) const {
    std::vector<Dim> dims;
    double size = 1;
    for (std::size_t i = first; i < arguments.size(); ++i) {
      if (integer(i) < 0) fail(text, "a size is negative");
      dims.emplace_back(integer(i));
      size *= std::max(1.0, arguments[i]);
    }
    if (size > 0x1p36) fail(text, "the array is too large");
    return Shape(std::move(dims));
  }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(integer(0)); }
};

Tensor from_doubles(const std::vector<double>& values, DType dtype) {
  Tensor t = Tensor::empty(DType::f64, std::array{static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), t.data<double>());
  return dtype == DType::f64 ? t : t.cast(dtype);
}

Tensor arange(const Call& c, DType dtype) {
  const double start = c.arguments.size() > 1 ? c.arguments[0] : 0, stop = c.arguments[c.arguments.size() > 1 ? 1 : 0];
  const double step = c.arguments.size() > 2 ? c.arguments[2] : 1;
  if (!(step != 0) || !std::isfinite(start) || !std::isfinite(stop) || !std::isfinite(step))
    fail(c.text, "takes start, stop, step: finite, step not 0");
  const double count = std::max(0.0, std::ceil((stop - start) / step));
  if (count > 0x1p36) fail(c.text, "the array is too large");
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * step;
  return from_doubles(values, dtype);
}

Tensor linspace(const Call& c, DType dtype) {
  const double lo = c.arguments[0], hi = c.arguments[1];
  const std::int64_t n = c.arguments.size() > 2 ? c.integer(2) : 50;
  if (n < 0 || n > std::int64_t{1} << 36) fail(c.text, "takes start, stop and a number of points");
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    values[static_cast<std::size_t>(i)] =
        i + 1 == n && n > 1 ? hi : lo + (hi - lo) * (n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0);
  return from_doubles(values, dtype);
}

struct Generator {
  std::string_view name, form;
  std::size_t least, most;  ///< arguments
  bool integral;            ///< integers if its arguments are
  Tensor (*make)(const Call&, DType);
};
constexpr std::size_t any = static_cast<std::size_t>(max_rank);
const Generator generators[] = {
    {"zeros", "zeros(size, ...)", 0, any, true, [](const Call& c, DType t) { return Tensor::zeros(c.shape(0), t); }},
    {"ones", "ones(size, ...)", 0, any, true, [](const Call& c, DType t) { return Tensor::ones(c.shape(0), t); }},
    {"arange", "arange(start, stop, step)", 1, 3, true, arange},
    {"linspace", "linspace(start, stop, points)", 2, 3, false, linspace},
    {"normal", "normal(seed, size, ...)", 1, any + 1, false,
     [](const Call& c, DType t) { return random_normal(c.seed(), c.shape(1), 0, 1, t); }},
    {"uniform", "uniform(seed, lo, hi, size, ...)", 3, any + 3, false,
     [](const Call& c, DType t) { return random_uniform(c.seed(), c.shape(3), c.arguments[1], c.arguments[2], t); }},
};

const Generator* find_generator(std::string_view name) {
  for (const Generator& g : generators)
    if (g.name == name) return &g;
  return nullptr;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t' || s.front() == '\n')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\n')) s.remove_suffix(1);
  return s;
}

Call read_call(std::string_view text) {
  const std::size_t open = text.find('(');
  Call c{text, trim(text.substr(0, open)), {}};
  const Generator* g = find_generator(c.name);
  if (g == nullptr)
    fail(text, "no value: write a number, a list, FILE.npy, zeros, ones, arange, linspace, normal or uniform(...)");
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  // zeros((2,3)) is understood as zeros(2,3).
  if (const auto t = trim(inside); t.starts_with('(') && t.ends_with(')')) inside = t.substr(1, t.size() - 2);
  while (!trim(inside).empty()) {
    const std::size_t comma = inside.find(',');
    std::string_view item = trim(inside.substr(0, comma));
    if (item.starts_with('+')) item.remove_prefix(1);
    double x = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), x);
    if (item.empty() || end != item.data() + item.size() || error != std::errc{})
      fail(text, fmt::format("'{}' is no number", item));
    c.arguments.push_back(x);
    inside = comma == std::string_view::npos ? std::string_view{} : inside.substr(comma + 1);
  }
  if (c.arguments.size() < g->least || c.arguments.size() > g->most) fail(text, fmt::format("write {}", g->form));
  return c;
}

bool all_integral(const Call& c) {
  return std::all_of(c.arguments.begin(), c.arguments.end(), [](double x) { return x == std::floor(x); });
}

bool is_path(const std::string& text) {
  std::error_code error;
  return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") ||
         std::filesystem::is_regular_file(text, error);
}

}  // namespace

Assignment split_assignment(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trim(text.substr(0, equals));
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const bool good = !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || c == '.' || (c >= '0' && c <= '9');
  });
  if (equals == std::string_view::npos || !good) fail(text, "expected NAME=VALUE");
  return {std::string(name), std::string(text.substr(equals + 1))};
}

Value::Value(std::string_view text) : text_(trim(text)) {
  const char first = text_.empty() ? '\0' : text_[0];
  if (text_.ends_with(".npy")) {
    form_ = Form::file;
    tensor_ = load_npy(text_);
    written_ = tensor_.dtype();
  } else if (text_.ends_with(')') && first >= 'a' && first <= 'z') {
    form_ = Form::generator;
    const Call c = read_call(text_);
    written_ = find_generator(c.name)->integral && all_integral(c) ? DType::i64 : DType::f64;
  } else if (is_path(text_)) {
    fail(text_, "only .npy files are read");
  } else {
    written_ = written_type(text_);
  }
}

Tensor Value::as(DType dtype) const {
  switch (form_) {
    case Form::file: return tensor_;
    case Form::text: return from_text(text_, dtype);
    case Form::generator: break;
  }
  const Call c = read_call(text_);
  const Generator& g = *find_generator(c.name);
  if (is_float(dtype) || g.integral) return g.make(c, dtype);
  return g.make(c, DType::f64).cast(dtype);
}

}  // namespace actinium::cli
