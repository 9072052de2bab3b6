// `actinium eval`: compile, run, then print, write or compare.
#include <actinium/io.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "command.hpp"

namespace actinium::cli {
namespace {

/// Floating numbers as integers in the same order, so that neighbours differ by one; -0 and 0 are one.
template <class T, class Bits>
std::int64_t ordinal(T x) {
  const auto bits = std::bit_cast<Bits>(x);
  constexpr Bits sign = Bits{1} << (sizeof(Bits) * 8 - 1);
  const auto magnitude = static_cast<std::int64_t>(bits & ~sign);
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

/// Units in the last place between a and b; infinite between a NaN and a number, or unlike integers.
template <class T>
double ulps(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    if (std::isnan(a) || std::isnan(b))
      return std::isnan(a) && std::isnan(b) ? 0 : std::numeric_limits<double>::infinity();
    return std::abs(static_cast<double>(ordinal<T, Bits>(a)) - static_cast<double>(ordinal<T, Bits>(b)));
  } else {
    return a == b ? 0 : std::numeric_limits<double>::infinity();
  }
}

struct Worst {
  double ulp = 0;
  std::int64_t at = 0;
};

template <class T>
Worst worst_of(const Tensor& a, const Tensor& b) {
  Worst w;
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (const double d = ulps(a.data<T>()[i], b.data<T>()[i]); d > w.ulp) w = {d, i};
  return w;
}

Worst worst_of(const Tensor& a, const Tensor& b) {
  switch (a.dtype()) {
    case DType::b8: return worst_of<bool>(a, b);
    case DType::i32: return worst_of<std::int32_t>(a, b);
    case DType::i64: return worst_of<std::int64_t>(a, b);
    case DType::f32: return worst_of<float>(a, b);
    case DType::f64: return worst_of<double>(a, b);
  }
  return {};
}

std::string element_text(const Tensor& t, std::int64_t i) {
  return to_text(t.reshape(std::vector<std::int64_t>{t.size()})[i]);
}

/// What is wrong between a result and its reference; empty if they are within `limit`.
std::string difference(const Tensor& result, const std::string& path, double limit) {
  const Tensor read = load_npy(path);
  if (!std::equal(read.shape().begin(), read.shape().end(), result.shape().begin(), result.shape().end()))
    throw ShapeError(fmt::format("{} has shape [{}], the result [{}]", path, fmt::join(read.shape(), ", "),
                                 fmt::join(result.shape(), ", ")));
  const Tensor reference = read.dtype() == result.dtype() ? read : read.cast(result.dtype());
  const Worst w = worst_of(result, reference);
  if (w.ulp <= limit) return {};
  std::vector<std::int64_t> index(result.shape().size());
  std::int64_t rest = w.at;
  for (std::size_t d = index.size(); d-- > 0; rest /= result.shape()[d]) index[d] = rest % result.shape()[d];
  return fmt::format("{}: worst difference {} ulp at [{}]: {}, expected {}", path, w.ulp, fmt::join(index, ", "),
                     element_text(result, w.at), element_text(reference, w.at));
}

}  // namespace

int run_eval(const Options& options) {
  const CompileOptions compiled = compile_options(options);
  const Problem p = read_problem(options);
  const std::vector<Range> ranges = read_ranges(options, p);
  for (const auto* list : {&options.outputs, &options.expected})
    if (!list->empty() && list->size() != p.outputs.size())
      throw ValueError(fmt::format("{} has {} file{}, the outputs are {}", list == &options.outputs ? "-o" : "--expect",
                                   list->size(), list->size() == 1 ? "" : "s", p.outputs.size()));
  const auto f = compile(p.inputs, p.outputs, compiled);
  const std::vector<Tensor> results = f(p.values);

  std::string differences;
  for (std::size_t i = 0; i < options.expected.size(); ++i)
    if (const std::string d = difference(results[i], options.expected[i], options.ulp); !d.empty())
      differences += (differences.empty() ? "" : "\n") + d;
  if (!differences.empty()) throw Mismatch{differences};

  if (options.outputs.empty()) {
    std::string text;
    for (const Tensor& t : results) text += to_text(t) + '\n';
    print(text);
  } else {
    std::vector<std::pair<std::string, Tensor>> files;
    for (std::size_t i = 0; i < results.size(); ++i) files.emplace_back(options.outputs[i], results[i]);
    save_npy(files);
  }
  if (options.explain) std::fputs(f.explain().c_str(), stderr);
  if (options.warnings) std::fputs(warnings_text(f, ranges).c_str(), stderr);
  return 0;
}

}  // namespace actinium::cli
