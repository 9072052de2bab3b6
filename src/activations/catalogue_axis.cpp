// Activations along axes. The rounding of x - m, m the largest, would cost exp(x - m) 128 ulp far from the maximum;
// instead exp(x) takes a row's power of two into its exponent, which is exact. Where a logarithm or a difference
// follows, the largest terms are kept apart from the sum of the rest, R: 1 + R loses what R keeps. No index of the
// maximum is needed: ties add up, so rows stay in one fused kernel. Start reading at row.
#include <fmt/format.h>

#include <algorithm>

#include "actinium/graph.h"
#include "activations/along_axes.hpp"
#include "activations/formula.hpp"
#include "ops/error.hpp"

namespace actinium::activations {
namespace {

using ops::Op;

constexpr double inf = infinity;

Axes axes_of(const Terms& t, std::size_t first) {
  return Axes(std::vector<int>(t.options.begin() + static_cast<std::ptrdiff_t>(first), t.options.end()));
}
bool is_empty(const Expr& x, const Axes& axes) {
  for (int a : axes.list())
    if (x.shape()[a].is(0)) return true;
  return false;
}
/// Without the axes that a reduction kept.
Expr dropped(const Expr& x, const Axes& axes) { return squeeze(x, axes); }
/// Sizes along the axes multiplied, as a number of the type of x.
Expr count(const Expr& x, const Axes& axes) {
  Dim n(1);
  for (int a : axes.list()) n = n * x.shape()[a];
  return n.is_constant() ? number(x, static_cast<double>(n.constant())) : Graph(x.graph()).size(n, x.dtype());
}

Expr softmax(const Terms& t) {
  if (is_empty(t.x, axes_of(t, 1))) return t.x;
  const Row r = row(t.x, t.mask, axes_of(t, 1));
  const Expr y = r.e / total(r.e, axes_of(t, 1));
  return t.mask ? where(*t.mask, y, 0) : y;
}
Expr log_softmax(const Terms& t) {
  if (is_empty(t.x, axes_of(t, 1))) return t.x;
  const Row r = row(t.x, t.mask, axes_of(t, 1));
  const Difference d = below_largest(r);
  const Expr y = (d.high - log1p(r.others())) + d.low;
  return t.mask ? where(*t.mask, y, -inf) : y;
}
Expr logsumexp(const Terms& t) {
  const Axes axes = axes_of(t, 1);
  if (is_empty(t.x, axes)) {
    const Expr s = sum(t.x, axes, t.options[0] != 0);
    return ops::filled(t.x, -inf, s.shape());
  }
  const Row r = row(t.x, t.mask, axes_of(t, 1));
  const Expr y = where(abs(r.m) == inf, r.m, r.m + log1p(r.others()));
  return t.options[0] != 0 ? y : dropped(y, axes);
}

/// m + log of the mean of e: near a mean of 1, where rows are nearly constant, by the mean of e - 1, which has one
/// sign.
Expr logmeanexp(const Terms& t) {
  const Axes axes = axes_of(t, 1);
  if (is_empty(t.x, axes)) return logsumexp(t);
  const Row r = row(t.x, t.mask, axes);
  const Expr zero = ops::filled(t.x, 0, t.x.shape());
  const Expr n = t.mask ? total(where(*t.mask, number(t.x, 1), zero), axes) : count(t.x, axes);
  const Difference d = below_largest(r);
  const Expr b = expm1(d.high), below = b + (b + 1.0) * d.low;
  const Expr drop = total(t.mask ? where(*t.mask, below, 0) : below, axes) / n;
  const Expr log_mean = where(drop > -0.5, log1p(drop), log((r.sum() / r.top) / n));
  const Expr y = where(abs(r.m) == inf, r.m, r.m + log_mean);
  return t.options[0] != 0 ? y : dropped(y, axes);
}

// --- Derivatives. With y = softmax(x): the Jacobian of softmax is diag(y) - y y', of log_softmax I - 1 y'. ---

std::vector<std::int64_t> with_axes(std::vector<std::int64_t> options, const Axes& axes) {
  options.insert(options.end(), axes.list().begin(), axes.list().end());
  return options;
}
Expr softmax_node(const Expr& x, const std::optional<Expr>& mask, const Axes& axes) {
  return axis_node("softmax", x, mask, with_axes({0}, axes));
}
Expr masked(const std::optional<Expr>& mask, const Expr& v) { return mask ? where(*mask, v, 0) : v; }

/// v - sum(y * v). A dominant element's own v is taken from all, which changes nothing but leaves of 1 - y the others'
/// y.
Expr centred(const Expr& y, const Expr& v, const Axes& axes) {
  const Expr d = v - total(where(dominant(y), v, 0), axes);
  return d - total(y * d, axes);
}

ops::TypedShape same_shape(const Terms& t, const Location& where, std::string_view name) {
  if (t.x.rank() == 0) ops::fail<ShapeError>(where, name, "cannot be applied to a scalar, which has no axes");
  return {t.x.dtype(), t.x.shape()};
}
ops::TypedShape softmax_shape(const Terms& t, const Location& where, std::string_view name) {
  if (t.options[0] != 0 && t.x.rank() == 1)
    ops::fail<ShapeError>(where, name, fmt::format("cannot apply {} to a rank-1 input, {}", name, t.x.shape().str()));
  return same_shape(t, where, name);
}
ops::TypedShape reduced_shape(const Terms& t, const Location&, std::string_view) {
  std::vector<Dim> dims;
  for (int i = 0; i < t.x.rank(); ++i) {
    const bool gone = std::find(t.options.begin() + 1, t.options.end(), i) != t.options.end();
    if (!gone)
      dims.push_back(t.x.shape()[i]);
    else if (t.options[0] != 0)
      dims.push_back(Dim(1));
  }
  return {t.x.dtype(), Shape(std::move(dims))};
}

Expr softmax_jvp(const Expr& y, const Terms& t, std::span<const Expr> tangents) {
  if (ops::is_literal(tangents[0], 0)) return 0;
  return softmax_tangent(y, t.mask, axes_of(t, 1), tangents[0]);
}
Expr softmax_vjp(const Expr& y, const Terms& t, int i, const Expr& cotangent) {
  return i > 0 ? Expr(0) : softmax_jvp(y, t, std::span<const Expr>(&cotangent, 1));
}
const AxisRule softmax_rule{softmax_shape, softmax_vjp, softmax_jvp};

Expr log_softmax_jvp(const Expr&, const Terms& t, std::span<const Expr> tangents) {
  if (ops::is_literal(tangents[0], 0)) return 0;
  const Axes axes = axes_of(t, 1);
  return masked(t.mask, centred(softmax_node(t.x, t.mask, axes), masked(t.mask, tangents[0]), axes));
}
Expr log_softmax_vjp(const Expr&, const Terms& t, int i, const Expr& cotangent) {
  return i > 0 ? Expr(0) : log_softmax_pullback(t.x, t.mask, axes_of(t, 1), cotangent);
}
const AxisRule log_softmax_rule{softmax_shape, log_softmax_vjp, log_softmax_jvp};

/// softmax * v; 0 where all is -inf and where the mask is off, even if v is infinite there.
Expr logsumexp_tangent(const Expr& y, const Terms& t, const Axes& axes, const Expr& v) {
  const Expr kept = t.options[0] != 0 ? y : ops::keep_axes(y, t.x.shape(), std::span(t.options).subspan(1));
  return masked(t.mask, where(kept == -inf, 0, softmax_node(t.x, t.mask, axes) * v));
}
Expr logsumexp_jvp(const Expr& y, const Terms& t, std::span<const Expr> tangents) {
  const Axes axes = axes_of(t, 1);
  if (ops::is_literal(tangents[0], 0)) return 0;
  return sum(logsumexp_tangent(y, t, axes, tangents[0]), axes, t.options[0] != 0);
}
Expr logsumexp_vjp(const Expr& y, const Terms& t, int i, const Expr& cotangent) {
  if (i > 0) return 0;
  const Axes axes = axes_of(t, 1);
  const Expr ct =
      t.options[0] != 0 ? cotangent : ops::keep_axes(cotangent, t.x.shape(), std::span(t.options).subspan(1));
  return logsumexp_tangent(y, t, axes, ct);
}
const AxisRule logsumexp_rule{reduced_shape, logsumexp_vjp, logsumexp_jvp};

// --- standardize: t[0] epsilon, options = axes ---

/// Centred twice: the rounding of a large mean is a shift of all, which the second mean sees.
struct Moments {
  Expr centred, inverse;  ///< x - mean, 1/sqrt(variance + epsilon)
};
Moments moments(const Terms& t) {
  const Axes axes = axes_of(t, 0);
  const Expr rough = t.x - mean(t.x, axes, true), d = rough - mean(rough, axes, true);
  return {d, 1.0 / sqrt(mean(d * d, axes, true) + t[0])};
}
Expr standardize(const Terms& t) {
  const Moments m = moments(t);
  return m.centred * m.inverse;
}
/// The Jacobian r (I - 1 1'/n - y y'/n) is symmetric: one rule for both modes.
Expr standardize_jvp(const Expr& y, const Terms& t, std::span<const Expr> tangents) {
  const Axes axes = axes_of(t, 0);
  const Expr r = moments(t).inverse, &v = tangents[0];
  Expr tangent = 0;
  if (!ops::is_literal(v, 0)) tangent = r * (v - mean(v, axes, true) - y * mean(y * v, axes, true));
  if (tangents.size() < 2 || ops::is_literal(tangents[1], 0)) return tangent;
  const Expr by_epsilon = -0.5 * y * square(r) * tangents[1];
  return ops::is_literal(tangent, 0) ? by_epsilon : tangent + by_epsilon;
}
Expr standardize_vjp(const Expr& y, const Terms& t, int i, const Expr& cotangent) {
  if (i == 0) return standardize_jvp(y, t, std::span<const Expr>(&cotangent, 1));
  return ops::sum_to(-0.5 * y * square(moments(t).inverse) * cotangent, t[0].shape());
}
const AxisRule standardize_rule{same_shape, standardize_vjp, standardize_jvp};

// --- sparsemax: options = {axis} ---

/// The projection of x onto the simplex: max(z - tau, 0), tau from the sorted prefix that stays positive.
Expr sparsemax(const Terms& t) {
  const int axis = static_cast<int>(t.options[0]);
  if (t.x.shape()[axis].is(0)) return t.x;
  const Expr m = reduce_max(t.x, axis, true), z = t.x - m, sorted = flip(sort(z, axis), axis);
  const Expr sums = cumsum(sorted, axis), rank = 1.0 + Graph(t.x.graph()).iota(t.x.shape(), axis, t.x.dtype());
  const Expr kept = 1.0 + rank * sorted > sums;
  const Expr tau = (total(where(kept, sorted, 0), axis) - 1.0) / total(pick(t.x, kept, 1, 0), axis);
  return where(abs(m) < inf, where(z > tau, z - tau, 0), std::numeric_limits<double>::quiet_NaN());
}
Expr sparsemax_jvp(const Expr& y, const Terms& t, std::span<const Expr> tangents) {
  if (ops::is_literal(tangents[0], 0)) return 0;
  const int axis = static_cast<int>(t.options[0]);
  const Expr support = stop_gradient(y) > 0, v = where(support, tangents[0], 0);
  return where(support, v - total(v, axis) / total(pick(t.x, support, 1, 0), axis), 0);
}
Expr sparsemax_vjp(const Expr& y, const Terms& t, int i, const Expr& cotangent) {
  return i > 0 ? Expr(0) : sparsemax_jvp(y, t, std::span<const Expr>(&cotangent, 1));
}
const AxisRule sparsemax_rule{same_shape, sparsemax_vjp, sparsemax_jvp};

// --- Composed ---

Expr softmin(const Terms& t) { return axis_node("softmax", -t.x, t.mask, t.options); }
Expr hardmax(const Terms& t) {
  const int axis = static_cast<int>(t.options[0]);
  if (t.x.shape()[axis].is(0)) return t.x;
  const Expr x = stop_gradient(t.x), m = reduce_max(x, axis, true);
  return where(m == m, one_hot(argmax(x, axis), x.shape()[axis], axis, x.dtype()), m);
}
Expr maxout(const Terms& t) {
  const int axis = static_cast<int>(t.options[1]);
  std::vector<Dim> dims = t.x.shape().dims();
  const Dim size = dims[static_cast<std::size_t>(axis)];
  const auto groups = size.divided_by(t.options[0]);
  const Location where = t.x.graph()->location(t.x.graph()->ambient);
  if (!groups)
    ops::fail<ShapeError>(
        where, "maxout",
        fmt::format("axis {} of {} does not divide into groups of {}", axis, t.x.shape().str(), t.options[0]));
  dims[static_cast<std::size_t>(axis)] = *groups;
  dims.insert(dims.begin() + axis + 1, Dim(t.options[0]));
  return reduce_max(reshape(t.x, dims), axis + 1);
}
Expr crelu(const Terms& t) {
  const Expr up = find("relu")->entry->make(0, {t.x, {Expr(0.0), Expr(inf), Expr(0.0)}, {}, {0}}, {});
  const Expr down = find("relu")->entry->make(0, {-t.x, {Expr(0.0), Expr(inf), Expr(0.0)}, {}, {0}}, {});
  return concat({up, down}, static_cast<int>(t.options[0]));
}

const Parameter keepdims{"keepdims", 0, {"keepdim"}, Takes::flag};
const Parameter strict_rank{"strict_rank", 0, {}, Takes::flag};
const Parameter mask{"where", std::nullopt, {"mask"}, Takes::mask};

}  // namespace

Row row(const Expr& x, const std::optional<Expr>& mask, const Axes& axes) {
  Row r;
  r.axes = axes;
  r.x = mask ? where(*mask, x, -inf) : x;
  r.m = stop_gradient(reduce_max(r.x, r.axes, true));
  // Beyond the limit x - m is exact wherever exp(x - m) is not 0, as x is within a factor of two of m.
  const Expr near = abs(r.m) < (x.dtype() == DType::f32 ? 208 : 1492);
  const Expr shift = where(near, 0, r.m), twos = where(near, round(r.m * -1.4426950408889634), 0);
  r.e = ldexp_exp(r.x - shift, twos);
  r.top = ldexp_exp(r.m - shift, twos);
  const Expr largest = r.x == r.m;
  r.tops = total(where(largest, r.e, 0), axes);
  r.rest = total(where(largest, 0, r.e), axes);
  return r;
}

Difference below_largest(const Row& r) {
  const Expr d = r.x - r.m, back = d - r.x, low = (r.x - (d - back)) - (r.m + back);
  return {d, where(low < 1, low, 1)};
}

Expr softmax_tangent(const Expr& y, const std::optional<Expr>& mask, const Axes& axes, const Expr& v) {
  return masked(mask, y * centred(y, masked(mask, v), axes));
}

Expr axis_node(std::string_view name, const Expr& x, const std::optional<Expr>& mask,
               std::vector<std::int64_t> options) {
  return find(name)->entry->make(0, {x, {}, mask, std::move(options)}, {});
}

/// v_i (1 - y_i) - y_i sum_{j!=i} v_j, with the others' y in place of 1 - y_i where that cancels.
Expr log_softmax_pullback(const Expr& x, const std::optional<Expr>& mask, const Axes& axes, const Expr& v) {
  const Expr y = softmax_node(x, mask, axes), ct = masked(mask, v), top = dominant(y);
  const Expr top_ct = total(where(top, ct, 0), axes), other_ct = total(where(top, 0, ct), axes);
  const Expr other_y = total(where(top, 0, y), axes);
  return masked(mask, where(top, ct * other_y, ct) - y * (other_ct + where(top, 0, top_ct)));
}

Facts along(std::string name, std::vector<Alias> aliases, std::string formula, std::string documentation,
            std::string source, std::string advice, Formula value, const AxisRule* rule) {
  Facts f{std::move(name), std::move(aliases)};
  f.formula = std::move(formula);
  f.documentation = std::move(documentation);
  f.source = std::move(source);
  f.advice = std::move(advice);
  f.kind = rule != nullptr ? Kind::axis : Kind::composed;
  f.value = {value};
  f.axis = rule;
  return f;
}

std::vector<Facts> axis_entries() {
  std::vector<Facts> list;
  const auto of_one = [](const Terms& t) -> std::string {
    const Axes axes = axes_of(t, 1);
    for (int a : axes.list())
      if (!t.x.shape()[a].is(1)) return {};
    return "works along one element: its result does not depend on it";
  };
  const auto add = [&](Facts f, std::vector<Parameter> parameters) {
    f.parameters = std::move(parameters);
    if (f.axis == &softmax_rule || f.axis == &log_softmax_rule) f.remark = of_one;
    list.push_back(std::move(f));
  };
  add(along("softmax", {{"Softmax"}, {"softmax2d", {{"axis", -3}}}, {"Softmax2d", {{"axis", -3}}}},
            "exp(x_i)/sum_j exp(x_j)", "Masked elements are 0. strict_rank=true rejects rank 1, as Keras 2 does.",
            "Bridle 1990",
            "Probabilities of classes that exclude each other; attention. Train on logits with softmax_cross_entropy.",
            softmax, &softmax_rule),
      {axes_last, strict_rank, mask});
  add(along("log_softmax", {{"logsoftmax"}, {"LogSoftmax"}}, "x_i - log(sum_j exp(x_j))",
            "To the last digits at the largest element, where x - logsumexp(x) is 0. Masked elements are -inf.",
            "PyTorch, JAX, Keras",
            "Log likelihoods of classes. log(softmax(x)) is -inf where this is large and finite.", log_softmax,
            &log_softmax_rule),
      {axes_last, strict_rank, mask});
  add(along("softmin", {{"Softmin"}}, "softmax(-x)", "Masked elements are 0.", "PyTorch Softmin",
            "Weights that prefer the small: distances, energies.", softmin, nullptr),
      {axes_last, strict_rank, mask});
  add(along("hardmax", {{"Hardmax"}}, "1 at the first largest element, else 0",
            "Derivative 0. A row with a nan is nan.", "ONNX Hardmax",
            "Decisions after training. It passes no gradient.", hardmax, nullptr),
      {axis_last});
  add(along("logsumexp", {{"LogSumExp"}, {"ReduceLogSumExp"}}, "log(sum_j exp(x_j))",
            "-inf of nothing, or of -inf alone, where its gradient is 0. Right to a few ulp of the larger of the "
            "result and the largest element.",
            "SciPy, PyTorch, JAX", "Sums of probabilities kept as logarithms; a smooth maximum.", logsumexp,
            &logsumexp_rule),
      {axes_all, keepdims, mask});
  add(along("logmeanexp", {}, "log(mean_j exp(x_j))",
            "logsumexp(x) - log(n), without what that loses where x is nearly constant.", "JAX",
            "Averages of probabilities kept as logarithms: ensembles, importance weights.", logmeanexp,
            &logsumexp_rule),
      {axes_all, keepdims, mask});
  add(along("sparsemax", {{"Sparsemax"}}, "the point of the simplex nearest to x", "Derivative by the support.",
            "Martins and Astudillo 2016",
            "Attention and probabilities with exact zeros. Classes outside the support get no gradient.", sparsemax,
            &sparsemax_rule),
      {axis_last});
  add(along("standardize", {}, "(x - mean)/sqrt(variance + epsilon)", "Population variance, in two passes.",
            "JAX standardize", "Normalizing a layer; multiply and add learned vectors for layer normalization.",
            standardize, &standardize_rule),
      {axes_last, {"epsilon", 1e-5, {"eps"}, Takes::number, "at least 0", not_negative}});
  add(along("maxout", {{"Maxout"}}, "max over groups of consecutive elements",
            "The gradient goes to the first of ties.", "Goodfellow et al. 2013",
            "A learned convex piecewise-linear activation. Each output costs `groups` times the weights.", maxout,
            nullptr),
      {{"groups", std::nullopt, {}, Takes::integer, "positive", positive}, axis_last});
  add(along("crelu", {{"CReLU"}}, "concat(relu(x), relu(-x))", "Doubles the axis.", "Shang et al. 2016",
            "First convolutions, whose filters come in pairs of opposite sign: half as many are needed.", crelu,
            nullptr),
      {axis_last});
  return list;
}

}  // namespace actinium::activations
