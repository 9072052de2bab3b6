// Counts, types, shapes and symbols of a call's arguments. Start reading at resolve(), then Solver.
#include "runtime/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "actinium/error.h"

namespace actinium::runtime {
namespace {

using Form = ArrayRef::Form;

std::string name_of_output(std::span<const ArgumentInfo> outputs, std::size_t i) {
  return outputs[i].name.empty() ? fmt::format("output {}", i) : fmt::format("output {} ({})", i, outputs[i].name);
}

void check_count(const char* what, std::span<const ArgumentInfo> declared, std::size_t given) {
  if (declared.size() == given) return;
  std::vector<std::string> names;
  for (const ArgumentInfo& argument : declared)
    names.push_back(argument.name.empty() ? argument.shape.str() : argument.name);
  throw CallError(fmt::format("{} {} expected ({}), {} given", declared.size(),
                              declared.size() == 1 ? what : std::string(what) + "s", fmt::join(names, ", "), given));
}

/// Whether a C++ number of one type may stand for an input of another: a float anywhere among floats, an integer where
/// it fits.
bool number_fits(const ArrayRef& number, DType wanted) {
  if (number.dtype() == wanted) return true;
  if (is_float(wanted)) return true;
  if (is_float(number.dtype()) || wanted == DType::b8) return false;
  if (number.dtype() != DType::i64 || wanted == DType::i64) return true;
  const auto value = *static_cast<const std::int64_t*>(number.data());
  return value == static_cast<std::int32_t>(value);
}

void check_type(const std::string& name, DType declared, const ArrayRef& given) {
  if (given.dtype() == declared) return;
  if (given.form() == Form::scalar && number_fits(given, declared)) return;
  const bool floats = is_float(declared) && is_float(given.dtype());
  throw CallError(fmt::format("{} is {}, the argument is {}: {}convert the argument", name, name_of(declared),
                              name_of(given.dtype()),
                              floats ? fmt::format("declare Graph g{{ac::{}}} or ", name_of(given.dtype())) : ""));
}

/// Values of symbols, found one after the other: a size that is linear in one unknown symbol gives it.
class Solver {
 public:
  Bindings sizes;

  std::vector<std::string> unknown(const Shape& shape) const {
    std::vector<std::string> names;
    for (const Dim& dim : shape) {
      for (const std::string& s : dim.symbols()) {
        if (!sizes.contains(s) && std::find(names.begin(), names.end(), s) == names.end()) names.push_back(s);
      }
    }
    return names;
  }

  /// True if `dim` = `value` gives a symbol that was unknown.
  bool solve(const Dim& dim, std::int64_t value) {
    std::vector<std::string> open;
    for (const std::string& s : dim.symbols()) {
      if (!sizes.contains(s)) open.push_back(s);
    }
    if (open.size() != 1) return false;
    Bindings trial = sizes;
    const auto at = [&](std::int64_t x) {
      trial[open[0]] = x;
      return dim.evaluate(trial);
    };
    const std::int64_t constant = at(0), slope = at(1) - constant;
    if (slope == 0 || at(2) - constant != 2 * slope) return false;
    if ((value - constant) % slope != 0) return false;  // the check of all sizes says what is wrong
    const std::int64_t x = (value - constant) / slope;
    if (x < 0) return false;
    sizes[open[0]] = x;
    return true;
  }
};

std::string text_of(const Shape& shape, const Bindings& sizes) {
  std::vector<std::string> known;
  for (const Dim& dim : shape) {
    for (const std::string& s : dim.symbols()) {
      const auto found = sizes.find(s);
      const std::string text = found == sizes.end() ? "" : fmt::format("{} = {}", s, found->second);
      if (!text.empty() && std::find(known.begin(), known.end(), text) == known.end()) known.push_back(text);
    }
  }
  return shape.str() + (known.empty() ? "" : fmt::format(" with {}", fmt::join(known, ", ")));
}

[[noreturn]] void fail_shape(const std::string& name, const Shape& declared, const Bindings& sizes,
                             std::span<const std::int64_t> given) {
  throw CallError(fmt::format("{} is {}, the argument is {}", name, text_of(declared, sizes), text_of_sizes(given)));
}

/// The given shape without the axis of size 1 that a vector of Eigen's has too much.
ResolvedArray as_given(const ArrayRef& array, int rank) {
  ResolvedArray result{
      {array.shape().begin(), array.shape().end()}, {array.strides().begin(), array.strides().end()}, false};
  if (array.form() == Form::vector && rank == 1) {
    const std::ptrdiff_t dropped = result.shape[0] == 1 && result.shape[1] != 1 ? 0 : 1;
    result.shape.erase(result.shape.begin() + dropped);
    result.strides.erase(result.strides.begin() + dropped);
  }
  return result;
}

class Resolver {
 public:
  Resolver(std::span<const ArgumentInfo> inputs, std::span<const ArrayRef> given) : inputs_(inputs), given_(given) {}

  Resolved run() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) begin(i);
    solve_shaped();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (is_flat(i)) solve_flat(i);
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i) check(i);
    return {std::move(solver_.sizes), std::move(arrays_), {}};
  }

 private:
  bool is_flat(std::size_t i) const { return given_[i].form() == Form::flat && inputs_[i].shape.rank() != 1; }

  void begin(std::size_t i) {
    const ArgumentInfo& input = inputs_[i];
    check_type(input.name, input.dtype, given_[i]);
    arrays_.push_back(as_given(given_[i], input.shape.rank()));
    arrays_.back().converts = given_[i].dtype() != input.dtype;
    if (!is_flat(i) && arrays_.back().shape.size() != static_cast<std::size_t>(input.shape.rank())) {
      fail_shape(input.name, input.shape, {}, given_[i].shape());
    }
  }

  /// In order, again as long as that finds something: batch*seq waits until one of them is known.
  void solve_shaped() {
    for (bool found = true; found;) {
      found = false;
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        if (is_flat(i)) continue;
        for (int d = 0; d < inputs_[i].shape.rank(); ++d) {
          found = solver_.solve(inputs_[i].shape[d], arrays_[i].shape[static_cast<std::size_t>(d)]) || found;
        }
      }
    }
  }

  void solve_flat(std::size_t i) {
    const Shape& shape = inputs_[i].shape;
    const std::int64_t count = given_[i].extent(0);
    const std::vector<std::string> open = solver_.unknown(shape);
    if (open.size() > 1) {
      throw CallError(fmt::format(
          "{} is {} and the argument has no shape, just {} elements: {} are unknown; pass a Tensor or ac::view(pointer, {{sizes}})",
          inputs_[i].name, text_of(shape, solver_.sizes), count, fmt::join(open, ", ")));
    }
    if (open.size() == 1 && !solver_.solve(shape.size(), count)) {
      throw CallError(fmt::format("{} is {}, the argument has {} elements: no {} fits", inputs_[i].name,
                                  text_of(shape, solver_.sizes), count, open[0]));
    }
  }

  void check(std::size_t i) {
    const ArgumentInfo& input = inputs_[i];
    if (const auto open = solver_.unknown(input.shape); !open.empty()) {
      throw CallError(fmt::format("{} is {}, the argument is {}: no {} fits", input.name,
                                  text_of(input.shape, solver_.sizes), text_of_sizes(given_[i].shape()), open[0]));
    }
    const std::vector<std::int64_t> wanted = input.shape.evaluate(solver_.sizes);
    if (is_flat(i)) {
      const std::int64_t size = std::accumulate(wanted.begin(), wanted.end(), std::int64_t{1}, std::multiplies<>());
      if (size != given_[i].extent(0)) {
        throw CallError(fmt::format("{} is {}, {} elements; the argument has {}", input.name,
                                    text_of(input.shape, solver_.sizes), size, given_[i].extent(0)));
      }
      arrays_[i].shape = wanted;
      arrays_[i].strides = contiguous_strides(wanted);
    } else if (arrays_[i].shape != wanted) {
      fail_shape(input.name, input.shape, solver_.sizes, given_[i].shape());
    }
  }

  std::span<const ArgumentInfo> inputs_;
  std::span<const ArrayRef> given_;
  Solver solver_;
  std::vector<ResolvedArray> arrays_;
};

ResolvedArray resolve_output(std::span<const ArgumentInfo> outputs, std::size_t i, const ArrayRef& given,
                             const Bindings& sizes) {
  const ArgumentInfo& output = outputs[i];
  const std::string name = name_of_output(outputs, i);
  if (given.dtype() != output.dtype)
    check_type(name, output.dtype, ArrayRef(given.data(), given.dtype(), given.shape(), given.strides()));
  const std::vector<std::int64_t> wanted = output.shape.evaluate(sizes);
  ResolvedArray result = as_given(given, output.shape.rank());
  if (given.form() == Form::flat && wanted.size() != 1) {
    const std::int64_t size = std::accumulate(wanted.begin(), wanted.end(), std::int64_t{1}, std::multiplies<>());
    if (size != given.extent(0)) {
      throw CallError(fmt::format("{} is {}, {} elements; the argument has {}", name, text_of(output.shape, sizes),
                                  size, given.extent(0)));
    }
    return {wanted, contiguous_strides(wanted), false};
  }
  if (result.shape != wanted) fail_shape(name, output.shape, sizes, given.shape());
  if (overlaps_itself(result))
    throw CallError(
        fmt::format("{}: strides {} let elements of the array share memory", name, text_of_sizes(result.strides)));
  return result;
}

/// An array as bytes: dimensions of more than one element, largest step first.
struct Lattice {
  struct Step {
    std::int64_t stride, extent;
  };
  std::vector<Step> steps;
  std::int64_t size;

  Lattice(const ResolvedArray& array, DType dtype) : size(static_cast<std::int64_t>(size_of(dtype))) {
    for (std::size_t d = 0; d < array.shape.size(); ++d) {
      if (array.shape[d] > 1) steps.push_back({array.strides[d] * size, array.shape[d]});
    }
    std::sort(steps.begin(), steps.end(),
              [](const Step& a, const Step& b) { return std::abs(a.stride) > std::abs(b.stride); });
  }
  /// Common divisor of the first `count` strides.
  std::int64_t divisor(std::size_t count) const {
    std::int64_t g = 0;
    for (std::size_t i = 0; i < count; ++i) g = std::gcd(g, steps[i].stride);
    return g;
  }
  /// Bytes that the steps from `first` on cover.
  Extent cover(std::size_t first) const {
    Extent e{0, size};
    for (std::size_t i = first; i < steps.size(); ++i) {
      const std::int64_t reach = steps[i].stride * (steps[i].extent - 1);
      (reach < 0 ? e.low : e.high) += reach;
    }
    return e;
  }
};

}  // namespace

std::string text_of_sizes(std::span<const std::int64_t> sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

std::vector<std::int64_t> contiguous_strides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

bool is_contiguous(const ResolvedArray& array) {
  std::int64_t stride = 1;
  for (std::size_t i = array.shape.size(); i-- > 0;) {
    if (array.shape[i] == 0) return true;
    if (array.shape[i] != 1 && array.strides[i] != stride) return false;
    stride *= array.shape[i];
  }
  return true;
}

Extent extent_of(const ResolvedArray& array, DType dtype) {
  if (std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end()) return {};
  return Lattice(array, dtype).cover(0);
}

bool may_overlap(const ResolvedArray& a, DType a_type, const ResolvedArray& b, DType b_type, std::ptrdiff_t b_minus_a) {
  const Extent whole_a = extent_of(a, a_type), whole_b = extent_of(b, b_type);
  if (whole_a.low == whole_a.high || whole_b.low == whole_b.high) return false;
  if (whole_a.high <= whole_b.low + b_minus_a || whole_b.high + b_minus_a <= whole_a.low) return false;
  const Lattice x(a, a_type), y(b, b_type);
  // The large steps move by multiples of their divisor g; if what the small ones cover is apart modulo g, so are the
  // arrays.
  for (std::size_t i = 0; i <= x.steps.size(); ++i) {
    for (std::size_t j = 0; j <= y.steps.size(); ++j) {
      const std::int64_t g = std::gcd(x.divisor(i), y.divisor(j));
      if (g == 0) continue;
      const Extent p = x.cover(i), q = y.cover(j);
      const std::int64_t start = ((b_minus_a + q.low - p.low) % g + g) % g;
      if (start >= p.high - p.low && start + (q.high - q.low) <= g) return false;
    }
  }
  return true;
}

bool overlaps_itself(const ResolvedArray& array) {
  if (std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end()) return false;
  const Lattice lattice(array, DType::b8);
  std::int64_t covered = 1;
  for (std::size_t i = lattice.steps.size(); i-- > 0;) {
    const std::int64_t stride = std::abs(lattice.steps[i].stride);
    if (stride < covered) return true;
    covered += stride * (lattice.steps[i].extent - 1);
  }
  return false;
}

Resolved resolve(std::span<const ArgumentInfo> inputs, std::span<const ArgumentInfo> outputs,
                 std::span<const ArrayRef> given_inputs, std::optional<std::span<const MutableArrayRef>> given_outputs,
                 const std::vector<SizeRule>& rules) {
  check_count("input", inputs, given_inputs.size());
  if (given_outputs) check_count("output", outputs, given_outputs->size());
  Resolved result = Resolver(inputs, given_inputs).run();
  check(rules, result.sizes);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (given_outputs) {
      result.outputs.push_back(resolve_output(outputs, i, (*given_outputs)[i], result.sizes));
    } else {
      const std::vector<std::int64_t> shape = outputs[i].shape.evaluate(result.sizes);
      result.outputs.push_back({shape, contiguous_strides(shape), false});
    }
  }
  return result;
}

}  // namespace actinium::runtime
