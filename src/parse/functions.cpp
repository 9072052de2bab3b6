// The table of functions. A line is: names, parameters as text ("x, axis|dim: axes?": other names after '|', what it
// takes after
// ':', '?' if it may be left out), and how to build it. NumPy's spellings are the second names.
#include "parse/functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "actinium/einsum.h"
#include "actinium/parse.h"

namespace actinium::parse_detail {
namespace {

struct Line {
  std::string_view names, parameters;
  Expr (*build)(const Call&);
};

#define ONE(name) [](const Call& c) { return name(c.expr(0)); }
#define TWO(name) [](const Call& c) { return name(c.expr(0), c.expr(1)); }
#define THREE(name) [](const Call& c) { return name(c.expr(0), c.expr(1), c.expr(2)); }
#define KINKED(call) [](const Call& c) { return ops::with_kink(call, c.kink); }
#define INFIX(op) [](const Call& c) { return c.expr(0) op c.expr(1); }
#define REDUCE(name) [](const Call& c) { return name(c.expr(0), c.axes(1), c.flag(2)); }
#define REDUCE_KINKED(name) KINKED(name(c.expr(0), c.axes(1), c.flag(2)))

std::optional<int> optional_axis(const Call& c, std::size_t i) {
  return c.given(i) ? std::optional(c.integer(i)) : std::nullopt;
}

Expr build_slice(const Call& c) {
  const int step = c.integer(3, 1);
  const Dim start = c.given(1) ? c.arguments[1].sizes.front() : Dim(step < 0 ? -1 : 0);
  const auto stop = c.given(2) ? std::optional(c.arguments[2].sizes.front()) : std::nullopt;
  return slice(c.expr(0), start, stop, step, c.integer(4));
}

Expr build_one_hot(const Call& c) {
  const auto dtype = c.given(3) ? std::optional(c.arguments[3].dtype) : std::nullopt;
  return one_hot(c.expr(0), c.arguments[1].sizes.front(), c.integer(2, -1), dtype);
}

Expr build_iota(const Call& c) {
  const auto dtype = c.given(2) ? std::optional(c.arguments[2].dtype) : std::nullopt;
  return c.graph.iota(Shape(c.arguments[0].sizes), c.integer(1), dtype);
}

Expr build_dim_size(const Call& c) {
  const auto dtype = c.given(1) ? std::optional(c.arguments[1].dtype) : std::nullopt;
  return c.graph.size(c.arguments[0].sizes.front(), dtype);
}

Expr build_constant(const Call& c) { return c.graph.constant(c.expr(0).expr.literal(), c.arguments[1].dtype); }

Expr build_clamp(const Call& c) {
  if (c.given(1) && c.given(2)) return clamp(c.expr(0), c.expr(1), c.expr(2));
  if (!c.given(1) && !c.given(2)) return c.expr(0).expr;
  return c.given(1) ? max(c.expr(0), c.expr(1)) : min(c.expr(0), c.expr(2));
}

/// pad(x, 1), pad(x, (1, 2)), pad(x, before, after), or NumPy's pairs: pad(x, ((1, 2), (0, 0))).
Expr build_pad(const Call& c) {
  const Expr value = c.given(3) ? c.expr(3).expr : Expr(0.0);
  std::vector<Dim> before = c.arguments[1].sizes, after = c.given(2) ? c.arguments[2].sizes : before;
  if (c.arguments[1].pairs) {
    const std::vector<Dim> all = std::exchange(before, {});
    after.clear();
    for (std::size_t i = 0; i < all.size(); ++i) (i % 2 == 0 ? before : after).push_back(all[i]);
  }
  for (std::vector<Dim>* list : {&before, &after})
    if (list->size() == 1) list->assign(static_cast<std::size_t>(c.expr(0).expr.rank()), Dim(list->front()));
  return pad(c.expr(0), before, after, value);
}

template <Expr (*convolution)(At, At, const ConvOptions&)>
Expr build_conv(const Call& c) {
  const ConvOptions options{c.per_axis(2, 1), c.arguments[3].padding, c.per_axis(4, 1), c.integer(5, 1)};
  return convolution(c.expr(0), c.expr(1), options);
}

std::vector<std::int64_t> window_of(const Call& c) { return c.per_axis(1, 1).list(); }
PerAxis pool_stride(const Call& c) { return c.per_axis(2, std::vector<std::int64_t>{}); }

constexpr std::string_view convolved =
    "x: smooth, filter|weight|kernel|w: smooth, stride|strides: integers?, padding: padding?, dilation|rate|dilation_rate: integers?, "
    "groups: integer?";
constexpr std::string_view pooled_max = "x, window|pool_size|kernel_size: integers, stride|strides: integers?, padding: padding?";
constexpr std::string_view pooled_mean =
    "x: smooth, window|pool_size|kernel_size: integers, stride|strides: integers?, padding: padding?, "
    "count_padding|count_include_pad: flag?";
constexpr std::string_view reduced = "x, axis|axes|dim: axes?, keepdims|keepdim: flag?";
constexpr std::string_view reduced_extremum = "x, axis|axes|dim: axes?, keepdims|keepdim: flag?, kink: kink?";
constexpr std::string_view sought = "x, axis|dim: integer?, keepdims|keepdim: flag?";

const Line elementwise_lines[] = {
    // one operand
    {"neg negative", "x", ONE(neg)},
    {"abs absolute fabs", "x, kink: kink?", KINKED(abs(c.expr(0)))},
    {"sign sgn", "x", ONE(sign)},
    {"exp", "x: smooth", ONE(exp)},
    {"exp2", "x: smooth", ONE(exp2)},
    {"expm1", "x: smooth", ONE(expm1)},
    {"log ln", "x: smooth", ONE(log)},
    {"log2", "x: smooth", ONE(log2)},
    {"log10", "x: smooth", ONE(log10)},
    {"log1p", "x: smooth", ONE(log1p)},
    {"sqrt", "x: smooth", ONE(sqrt)},
    {"rsqrt", "x: smooth", ONE(rsqrt)},
    {"cbrt", "x: smooth", ONE(cbrt)},
    {"square", "x", ONE(square)},
    {"reciprocal", "x: smooth", ONE(reciprocal)},
    {"sin", "x: smooth", ONE(sin)},
    {"cos", "x: smooth", ONE(cos)},
    {"tan", "x: smooth", ONE(tan)},
    {"asin arcsin", "x: smooth", ONE(asin)},
    {"acos arccos", "x: smooth", ONE(acos)},
    {"atan", "x: smooth", ONE(atan)},
    {"sinh", "x: smooth", ONE(sinh)},
    {"cosh", "x: smooth", ONE(cosh)},
    {"asinh arcsinh", "x: smooth", ONE(asinh)},
    {"acosh arccosh", "x: smooth", ONE(acosh)},
    {"atanh arctanh", "x: smooth", ONE(atanh)},
    {"erf", "x: smooth", ONE(erf)},
    {"erfc", "x: smooth", ONE(erfc)},
    {"floor", "x", ONE(floor)},
    {"ceil", "x", ONE(ceil)},
    {"trunc fix", "x", ONE(trunc)},
    {"round rint", "x", ONE(round)},
    {"isnan", "x", ONE(isnan)},
    {"sech2", "x: smooth", ONE(sech2)},
    {"logistic_pdf", "x: smooth", ONE(logistic_pdf)},
    {"gauss", "x: smooth", ONE(gauss)},
    {"normpdf", "x: smooth", ONE(normpdf)},
    {"normcdf", "x: smooth", ONE(normcdf)},
    {"stop_gradient", "x", ONE(stop_gradient)},
    {"cast astype", "x, dtype: dtype", [](const Call& c) { return cast(c.expr(0), c.arguments[1].dtype); }},
    // several
    {"add", "a, b", INFIX(+)},
    {"sub subtract", "a, b", INFIX(-)},
    {"mul multiply", "a, b", INFIX(*)},
    {"div divide true_divide", "a: smooth, b: smooth", INFIX(/)},
    {"pow power", "x, y", TWO(pow)},
    {"maximum fmax", "a, b, kink: kink?", KINKED(maximum(c.expr(0), c.expr(1)))},
    {"minimum fmin", "a, b, kink: kink?", KINKED(minimum(c.expr(0), c.expr(1)))},
    {"atan2 arctan2", "y: smooth, x: smooth", TWO(atan2)},
    {"hypot", "x: smooth, y: smooth", TWO(hypot)},
    {"copysign", "x, sign", TWO(copysign)},
    {"fma", "a, b, c", THREE(fma)},
    {"less lt", "a, b", INFIX(<)},
    {"less_equal le", "a, b", INFIX(<=)},
    {"greater gt", "a, b", INFIX(>)},
    {"greater_equal ge", "a, b", INFIX(>=)},
    {"equal eq", "a, b", INFIX(==)},
    {"not_equal ne", "a, b", INFIX(!=)},
    {"logical_and", "a: condition, b: condition", TWO(logical_and)},
    {"logical_or", "a: condition, b: condition", TWO(logical_or)},
    {"logical_xor", "a: condition, b: condition", TWO(logical_xor)},
    {"logical_not", "x: condition", ONE(logical_not)},
    {"where select", "condition|c: condition, a|x, b|y", THREE(where)},
    {"clamp clip", "x, lo|min|a_min?, hi|max|a_max?, kink: kink?", KINKED(build_clamp(c))},
};
const Line other_lines[] = {
    // reductions and scans
    {"sum reduce_sum", reduced, REDUCE(sum)},
    {"mean reduce_mean average", "x: smooth, axis|axes|dim: axes?, keepdims|keepdim: flag?", REDUCE(mean)},
    {"prod reduce_prod", reduced, REDUCE(prod)},
    {"reduce_max amax", reduced_extremum, REDUCE_KINKED(reduce_max)},
    {"reduce_min amin", reduced_extremum, REDUCE_KINKED(reduce_min)},
    {"argmax", sought, [](const Call& c) { return argmax(c.expr(0), optional_axis(c, 1), c.flag(2)); }},
    {"argmin", sought, [](const Call& c) { return argmin(c.expr(0), optional_axis(c, 1), c.flag(2)); }},
    {"cumsum", "x, axis|dim: integer?, reverse: flag?",
     [](const Call& c) { return cumsum(c.expr(0), c.integer(1, -1), c.flag(2)); }},
    {"sort", "x, axis|dim: integer?", [](const Call& c) { return sort(c.expr(0), c.integer(1, -1)); }},
    {"argsort", "x, axis|dim: integer?", [](const Call& c) { return argsort(c.expr(0), c.integer(1, -1)); }},
    // products and structure
    {"matmul dot", "a, b", TWO(matmul)},
    {"einsum", "subscripts: text, *", [](const Call& c) { return einsum({c.arguments[0].text, {}}, {c.rest.begin(), c.rest.end()}); }},
    {"conv1d", convolved, build_conv<conv1d>},
    {"conv2d", convolved, build_conv<conv2d>},
    {"max_pool", pooled_max, [](const Call& c) { return max_pool(c.expr(0), window_of(c), {pool_stride(c), c.arguments[3].padding}); }},
    {"avg_pool", pooled_mean,
     [](const Call& c) { return avg_pool(c.expr(0), window_of(c), {pool_stride(c), c.arguments[3].padding, c.flag(4)}); }},
    {"broadcast_to broadcast", "x, shape: sizes",
     [](const Call& c) { return broadcast_to(c.expr(0), Shape(c.arguments[1].sizes)); }},
    {"reshape", "x, shape|newshape: sizes", [](const Call& c) { return reshape(c.expr(0), c.arguments[1].sizes); }},
    {"transpose permute permute_dims", "x, axes|perm|permutation|dims: integers?",
     [](const Call& c) { return transpose(c.expr(0), c.arguments[1].integers); }},
    {"expand_dims unsqueeze", "x, axis|dim: integer",
     [](const Call& c) { return expand_dims(c.expr(0), c.integer(1)); }},
    {"squeeze", "x, axis|axes|dim: axes?", [](const Call& c) { return squeeze(c.expr(0), c.axes(1)); }},
    {"flatten ravel", "x", ONE(flatten)},
    {"slice", "x, start: size?, stop: size?, step: integer?, axis: integer?", build_slice},
    {"pad", "x, before: sizes, after: sizes?, value|constant_values: value?", build_pad},
    {"concat concatenate cat", "*, axis|dim: integer?",
     [](const Call& c) { return concat({c.rest.begin(), c.rest.end()}, c.integer(0)); }},
    {"stack", "*, axis|dim: integer?",
     [](const Call& c) { return stack({c.rest.begin(), c.rest.end()}, c.integer(0)); }},
    {"gather take", "x, indices|index|i: index, axis|dim: integer?",
     [](const Call& c) { return gather(c.expr(0), c.expr(1), c.integer(2)); }},
    {"scatter_add", "base, indices|index: index, updates, axis|dim: integer?",
     [](const Call& c) { return scatter_add(c.expr(0), c.expr(1), c.expr(2), c.integer(3)); }},
    {"flip", "x, axis|axes|dim|dims: axes?", [](const Call& c) { return flip(c.expr(0), c.axes(1)); }},
    {"one_hot", "i|indices|x: index, n|depth|num_classes|classes: size, axis: integer?, dtype: dtype?", build_one_hot},
    {"iota", "shape: sizes, axis: integer?, dtype: dtype?", build_iota},
    {"dim_size", "size: size, dtype: dtype?", build_dim_size},
    {"constant", "value, dtype: dtype", build_constant},
};
/// max and min of several operands by position and nothing else are elementwise, as in Python.
template <Expr (*pair)(At, At)>
Expr fold_operands(const Call& c) {
  Expr y = c.rest[0];
  for (const Expr& x : c.rest.subspan(1)) y = ops::with_kink(pair(y, x), c.kink);
  return y;
}
const Line of_several[] = {{"max", "*", fold_operands<max>}, {"min", "*", fold_operands<min>}};
const Line of_axes[] = {{"max", reduced_extremum, REDUCE_KINKED(reduce_max)},
                        {"min", reduced_extremum, REDUCE_KINKED(reduce_min)}};

#undef ONE
#undef KINKED
#undef REDUCE_KINKED
#undef TWO
#undef THREE
#undef INFIX
#undef REDUCE

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    const std::size_t end = text.find(by);
    std::string_view part = text.substr(0, end);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Takes takes_named(std::string_view text) {
  static constexpr std::pair<std::string_view, Takes> names[] = {
      {"value", Takes::value},         {"smooth", Takes::smooth},   {"index", Takes::index},
      {"condition", Takes::condition}, {"integer", Takes::integer}, {"axes", Takes::axes},
      {"flag", Takes::flag},           {"size", Takes::size},       {"sizes", Takes::sizes},
      {"integers", Takes::integers},   {"dtype", Takes::dtype},     {"kink", Takes::kink},
      {"text", Takes::text},           {"padding", Takes::padding},
  };
  for (const auto& [name, takes] : names)
    if (name == text) return takes;
  throw InternalError(fmt::format("functions.cpp: '{}' is no kind of parameter", text));
}

Function read(const Line& line, bool elementwise) {
  Function f{split(line.names, ' '), {}, line.build, elementwise};
  for (std::string_view text : split(line.parameters, ',')) {
    if (text == "*") {
      f.variadic = true;
      f.leading = f.parameters.size();
      continue;
    }
    const bool optional = text.ends_with('?');
    if (optional) text.remove_suffix(1);
    const auto parts = split(text, ':');
    f.parameters.push_back({split(parts[0], '|'), parts.size() > 1 ? takes_named(parts[1]) : Takes::value, !optional});
  }
  return f;
}

struct Table {
  std::vector<Function> all, several;
  std::map<std::string_view, const Function*> index;
  Table() {
    for (const Line& line : elementwise_lines) all.push_back(read(line, true));
    for (const Line& line : other_lines) all.push_back(read(line, false));
    for (const Line& line : of_axes) all.push_back(read(line, false));
    for (const Line& line : of_several) several.push_back(read(line, true));
    for (const Function& f : all)
      for (const std::string_view name : f.names)
        if (!index.emplace(name, &f).second)
          throw InternalError(fmt::format("functions.cpp: two functions are called {}", name));
  }
};
const Table& table() {
  static const Table t;
  return t;
}

/// Edit distance (with exchanges of neighbours) up to 3.
std::size_t distance(std::string_view a, std::string_view b) {
  if (a.size() > 40 || b.size() > 40) return 99;
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string Function::signature() const {
  std::string text;
  const auto append = [&](std::string_view next) { text += (text.empty() ? "" : ", ") + std::string(next); };
  for (std::size_t p = 0; p <= parameters.size(); ++p) {
    if (variadic && p == leading) append("a, b, ...");
    if (p < parameters.size() && parameters[p].takes != Takes::kink)
      append(fmt::format("{}{}", parameters[p].names.front(), parameters[p].required ? "" : "=..."));
  }
  return fmt::format("{}({})", names.front(), text);
}

const Function* find_function(std::string_view name, std::size_t positional, bool keywords) {
  if (positional >= 2 && !keywords)
    for (const Function& f : table().several)
      if (f.names.front() == name) return &f;
  const auto found = table().index.find(name);
  return found == table().index.end() ? nullptr : found->second;
}

std::span<const Function> functions() { return table().all; }

std::vector<std::string> near_names(std::string_view name, std::span<const std::string> names) {
  const std::size_t limit = name.size() <= 3 ? 1 : name.size() <= 6 ? 2 : 3;
  std::multimap<std::size_t, std::string> found;
  for (const std::string& n : names)
    if (const std::size_t d = distance(name, n); d <= limit) found.emplace(d, n);
  std::vector<std::string> list;
  for (const auto& [d, n] : found)
    if (list.size() < 3 && std::find(list.begin(), list.end(), n) == list.end()) list.push_back(n);
  return list;
}

}  // namespace actinium::parse_detail

namespace actinium {

std::vector<std::string> text_functions() {
  std::vector<std::string> list;
  for (const auto& f : parse_detail::functions()) list.push_back(f.signature());
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace actinium
