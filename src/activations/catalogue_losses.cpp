// Losses: each gives one number an element, or one a row where it works along an axis; the caller takes the mean or the
// sum. Targets come second and differentiate too. Start reading at losses_entries.
#include <fmt/format.h>

#include "actinium/graph.h"
#include "activations/along_axes.hpp"
#include "activations/formula.hpp"
#include "ops/error.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

using ops::Op;

// --- softmax_cross_entropy: x the logits, t[0] the labels, t[1] the smoothing s, options = {axis}. With p the labels
// as a distribution over n classes, the loss is -sum q log_softmax(x), q = (1 - s) p + s/n. ---

int axis_of(const Terms& t) { return static_cast<int>(t.options[0]); }
bool by_index(const Terms& t) { return is_integer(t[0].dtype()); }
bool smooth(const Terms& t) { return !is(t[1], 0); }

ops::TypedShape entropy_shape(const Terms& t, const Location& where, std::string_view name) {
  std::vector<Dim> dims = t.x.shape().dims();
  if (dims.empty()) ops::fail<ShapeError>(where, name, "the logits are a scalar, which has no axes");
  dims.erase(dims.begin() + axis_of(t));
  const Shape rest(dims);
  if (by_index(t) ? t[0].shape() != rest : t[0].shape() != t.x.shape())
    ops::fail<ShapeError>(
        where, name,
        fmt::format("labels {} {} do not fit logits {}: class indices are {}, a distribution {}", name_of(t[0].dtype()),
                    t[0].shape().str(), t.x.shape().str(), rest.str(), t.x.shape().str()));
  if (!by_index(t) && t[0].dtype() != t.x.dtype())
    ops::fail<TypeError>(
        where, name,
        fmt::format("labels are {}, logits {}: give class indices (i32, i64) or a distribution of the logits' type",
                    name_of(t[0].dtype()), name_of(t.x.dtype())));
  std::vector<Dim> one_a_row = t.x.shape().dims();
  one_a_row[static_cast<std::size_t>(axis_of(t))] = 1;
  const auto both = broadcast_shapes(t[1].shape(), Shape(one_a_row));
  if (!both || *both != Shape(one_a_row) || (t[1].is_bound() && t[1].dtype() != t.x.dtype()))
    ops::fail<ShapeError>(where, name,
                          fmt::format("label_smoothing is one number of the logits' type, or one a row, not {} {}",
                                      name_of(t[1].dtype()), t[1].shape().str()));
  return {t.x.dtype(), rest};
}

Expr log_softmax_node(const Terms& t) { return axis_node("log_softmax", t.x, {}, {0, t.options[0]}); }
/// Bool, of x's shape: where the class is the label.
Expr at_label(const Terms& t) {
  const Expr classes = Graph(t.x.graph()).iota(t.x.shape(), axis_of(t), t[0].dtype());
  return classes == expand_dims(t[0], axis_of(t));
}
Expr class_count(const Terms& t) { return Graph(t.x.graph()).size(t.x.shape()[axis_of(t)], t.x.dtype()); }
/// p and q of the head of this section.
Expr distribution(const Terms& t) { return by_index(t) ? pick(t.x, at_label(t), 1, 0) : t[0]; }
Expr smoothed(const Terms& t) {
  if (!smooth(t)) return distribution(t);
  const Expr rest = t[1] / class_count(t), own = 1.0 - t[1];
  return by_index(t) ? where(at_label(t), own + rest, rest) : own * t[0] + rest;
}

Expr entropy(const Terms& t) {
  const int axis = axis_of(t);
  const Expr l = log_softmax_node(t);
  Expr loss;
  if (by_index(t) && !smooth(t)) {
    loss = -sum(where(at_label(t), l, 0), axis);
  } else {
    const Expr q = smoothed(t);
    loss = -sum(where(q == 0, 0, q * l), axis);
  }
  if (!by_index(t)) return loss;
  const Expr label = t[0], classes = Graph(t.x.graph()).size(t.x.shape()[axis], label.dtype());
  return where(label >= 0 && label < classes, loss, std::numeric_limits<double>::quiet_NaN());
}
/// One label a row, not smoothed: the slope is a node of its own.
bool plain(const Terms& t) { return by_index(t) && !smooth(t); }
/// softmax - q for one label: at the label minus the sum of the others, which y - 1 would lose.
Expr label_slope(const Terms& t) {
  const Row r = row(t.x, {}, Axes(axis_of(t)));
  const Expr label = at_label(t), own = total(where(label, r.e, 0), r.axes), x = total(where(label, r.x, 0), r.axes);
  // Without cancellation: where the label is not among the largest, they outweigh what rest - own loses.
  const Expr others = where(x == r.m, (r.tops - own) + r.rest, r.tops + (r.rest - own));
  return where(label, -others, r.e) * (1.0 / r.sum());
}
Expr entropy_slope(const Terms& t) {
  if (plain(t)) return find("softmax_cross_entropy")->entry->make(1, t, {});
  return log_softmax_pullback(t.x, {}, Axes(axis_of(t)), -smoothed(t));
}
/// The slope's own derivative is that of softmax.
ops::TypedShape slope_shape(const Terms& t, const Location& where, std::string_view name) {
  entropy_shape(t, where, name);
  return {t.x.dtype(), t.x.shape()};
}
Expr slope_tangent(const Terms& t, const Expr& v) {
  return softmax_tangent(axis_node("softmax", t.x, {}, {0, t.options[0]}), {}, Axes(axis_of(t)), v);
}
Expr slope_vjp(const Expr&, const Terms& t, int i, const Expr& cotangent) {
  return i > 0 ? Expr(0) : slope_tangent(t, cotangent);
}
Expr slope_jvp(const Expr&, const Terms& t, std::span<const Expr> tangents) {
  return ops::is_literal(tangents[0], 0) ? Expr(0) : slope_tangent(t, tangents[0]);
}
const AxisRule slope_rule{slope_shape, slope_vjp, slope_jvp};
std::optional<Expr> composed_slope(const Terms& t, int order, std::source_location) {
  if (order == 1 && !plain(t)) return entropy_slope(t);
  return std::nullopt;
}

/// By the labels (1) and by the smoothing (2), for each class.
Expr target_slope(const Terms& t, int i) {
  const Expr l = log_softmax_node(t);
  if (i == 1) return smooth(t) ? (t[1] - 1.0) * l : -l;
  return (distribution(t) - 1.0 / class_count(t)) * l;
}
Expr entropy_vjp(const Expr&, const Terms& t, int i, const Expr& cotangent) {
  if (i == 1 && by_index(t)) return 0;
  const Expr ct = expand_dims(cotangent, axis_of(t));
  if (i == 0) return ct * entropy_slope(t);
  return i == 1 ? ct * target_slope(t, 1) : ops::sum_to(ct * target_slope(t, 2), t[1].shape());
}
Expr entropy_jvp(const Expr&, const Terms& t, std::span<const Expr> tangents) {
  Expr tangent = 0;
  for (std::size_t i = 0; i < tangents.size(); ++i) {
    if (ops::is_literal(tangents[i], 0) || (i == 1 && by_index(t))) continue;
    const Expr slope = i == 0 ? entropy_slope(t) : target_slope(t, static_cast<int>(i));
    const Expr part = sum(slope * tangents[i], axis_of(t));
    tangent = ops::is_literal(tangent, 0) ? part : tangent + part;
  }
  return tangent;
}
const AxisRule entropy_rule{entropy_shape, entropy_vjp, entropy_jvp};

// --- sigmoid_cross_entropy: x a logit, t[0] its label z, t[1] the weight w of z: w z softplus(-x) + (1 - z)
// softplus(x). For z in [0, 1] no term is negative, so nothing cancels. ---

/// weight * v; 0 if the weight is, though v be infinite.
Expr weighed(const Expr& weight, const Expr& v) { return where(weight == 0, 0, weight * v); }
Expr weight_of_one(const Terms& t) { return is(t[1], 1) ? t[0] : t[1] * t[0]; }

Expr sigmoid_entropy(const Terms& t) {
  return weighed(weight_of_one(t), softplus(-t.x)) + weighed(1.0 - t[0], softplus(t.x));
}
Expr sigmoid_entropy_slope(const Terms& t) { return (1.0 - t[0]) * sigmoid(t.x) - weight_of_one(t) * sigmoid(-t.x); }
Expr sigmoid_entropy_curvature(const Terms& t) { return (weight_of_one(t) + (1.0 - t[0])) * logistic_pdf(t.x); }
/// softplus(-x) - softplus(x) is -x.
Expr sigmoid_entropy_parameter(const Terms& t, int parameter) {
  if (parameter == 1) return weighed(t[0], softplus(-t.x));
  return is(t[1], 1) ? -t.x : (t[1] - 1.0) * softplus(-t.x) - t.x;
}

// --- huber: x the prediction, t[0] the target, t[1] delta; smooth_l1 is huber divided by it. The quadratic zone is
// open, as every zone. ---

Expr residual(const Terms& t) { return t.x - t[0]; }
Expr huber(const Terms& t) {
  const Expr d = residual(t), a = abs(d);
  return where(a <= t[1], 0.5 * d * d, t[1] * (a - 0.5 * t[1]));
}
Expr huber_slope(const Terms& t) { return clamp(residual(t), -t[1], t[1]); }
Expr inside(const Terms& t, const Expr& value) { return pick(t.x, abs(residual(t)) < t[1], value, 0); }
Expr huber_parameter(const Terms& t, int parameter) {
  if (parameter == 0) return -huber_slope(t);
  const Expr beyond = abs(residual(t)) - t[1];
  return where(beyond <= 0, 0, beyond);
}
Expr smooth_l1(const Terms& t) {
  const Expr d = residual(t), a = abs(d);
  return where(a < t[1], 0.5 * d * (d / t[1]), a - 0.5 * t[1]);
}
Expr smooth_l1_slope(const Terms& t) {
  const Expr d = residual(t);
  return where(abs(d) < t[1], d / t[1], sign(d));
}
Expr smooth_l1_parameter(const Terms& t, int parameter) {
  if (parameter == 0) return -smooth_l1_slope(t);
  const Expr d = residual(t), r = d / t[1];
  return -0.5 * where(abs(d) < t[1], r * r, 1);
}

// --- relative_entropy: x is p, t[0] is q; p log(p/q) ---

/// log(p/q). Near 1 by the difference, which is exact; where the quotient leaves the normal numbers by two logarithms,
/// which are then far apart.
Expr log_ratio(const Expr& p, const Expr& q) {
  const bool single = p.dtype() == DType::f32;
  const double least = single ? 0x1p-126 : 0x1p-1022, most = single ? 0x1p127 : 0x1p1023;
  const Expr r = p / q, near = log1p((p - q) / q);
  return where(r > 0.5 && r < 2, near, where(r >= least && r <= most, log(r), log(p) - log(q)));
}
Expr nothing(const Terms& t) { return t.x == 0 && t[0] >= 0; }
Expr relative_entropy(const Terms& t) { return where(nothing(t), 0, t.x * log_ratio(t.x, t[0])); }
Expr relative_entropy_parameter(const Terms& t, int) { return where(nothing(t), 0, -t.x / t[0]); }

/// kl_div: x is log q, t[0] is p, or log p if options[0].
Expr kl_div(const Terms& t) {
  if (t.options[0] != 0) return exp(t[0]) * (t[0] - t.x);
  return where(t[0] == 0, 0, t[0] * (log(t[0]) - t.x));
}

Expr kl_divergence(const Terms& t) {
  const Axes axes(std::vector<int>(t.options.begin(), t.options.end()));
  const std::array arguments{Argument("", t.x), Argument("", t[0])};
  return sum(apply(*find("relative_entropy"), arguments, std::source_location()), axes);
}

const Parameter targets{"targets", std::nullopt, {"target", "labels", "y_true"}, Takes::array};

/// An elementwise loss; its operand is what the model predicts.
Facts pointwise(std::string name, std::vector<Alias> aliases, std::string operand, std::vector<Parameter> parameters) {
  Facts f{std::move(name), std::move(aliases), std::move(parameters)};
  f.operand = std::move(operand);
  return f;
}

Facts softmax_entry() {
  const std::vector<Argument> second{{"axis", 1}};
  Facts f = along("softmax_cross_entropy",
                  {{"sparse_softmax_cross_entropy"},
                   {"softmax_cross_entropy_with_logits"},
                   {"sparse_softmax_cross_entropy_with_logits"},
                   {"softmax_cross_entropy_with_integer_labels"},
                   {"cross_entropy", second},
                   {"CrossEntropyLoss", second}},
                  "-sum(q*log_softmax(logits)), q = (1 - label_smoothing)*p + label_smoothing/n",
                  "One number a row. Integer labels are class indices, p is 1 there (out of range: an error at the "
                  "call); floating ones are p itself. Where q is 0, a logit may be -inf. The gradient softmax - q is "
                  "right at the label too. PyTorch's names work along axis 1.",
                  "TensorFlow, PyTorch CrossEntropyLoss, Optax", "The loss of a classifier, from its logits.", entropy,
                  &entropy_rule);
  f.value[1] = label_slope;
  f.axis_slope = &slope_rule;
  f.special = composed_slope;
  f.operand = "logits";
  f.indexes = true;
  f.parameters = {{"labels", std::nullopt, {"label", "target", "targets"}, Takes::array},
                  axis_last,
                  {"label_smoothing", 0, {}, Takes::number, "at least 0 and less than 1", [](double v) {
                     return v >= 0 && v < 1;
                   }}};
  return f;
}

Facts sigmoid_entry() {
  Facts f = pointwise("sigmoid_cross_entropy",
                      {{"sigmoid_cross_entropy_with_logits"},
                       {"sigmoid_binary_cross_entropy"},
                       {"binary_cross_entropy_with_logits"},
                       {"BCEWithLogitsLoss"}},
                      "logits",
                      {{"labels", std::nullopt, {"label", "target", "targets"}, Takes::array},
                       {"pos_weight", 1.0, {}, Takes::number, "at least 0", not_negative}});
  f.formula = "-pos_weight*labels*log(sigmoid(logits)) - (1 - labels)*log(1 - sigmoid(logits))";
  f.documentation = "One number an element. Accurate in both tails, for labels of exactly 0 and 1 too.";
  f.source = "TensorFlow, PyTorch BCEWithLogitsLoss, Optax";
  f.advice = "The loss of independent yes-or-no answers, from their logits.";
  f.value = {sigmoid_entropy, sigmoid_entropy_slope, sigmoid_entropy_curvature};
  f.parameter = sigmoid_entropy_parameter;
  return f;
}

std::vector<Facts> regression_entries() {
  Facts mse = pointwise("mse", {{"mean_squared_error"}, {"squared_error"}, {"MSE"}, {"MSELoss"}, {"mse_loss"}},
                        "predictions", {targets});
  mse.formula = "(predictions - targets)^2";
  mse.documentation = "One number an element: the mean is the caller's.";
  mse.source = "Gauss 1809";
  mse.advice = "Regression with errors like a Gaussian's; outliers weigh much.";
  mse.value = {F(square(x - t[0])), F(2.0 * (x - t[0])), F(number(x, 2))};
  mse.parameter = [](const Terms& t, int) -> Expr { return -2.0 * residual(t); };
  mse.zero_from = 3;

  const Parameter delta{"delta", 1.0, {}, Takes::number, "positive", positive};
  Facts h = pointwise("huber", {{"huber_loss"}, {"Huber"}, {"HuberLoss"}}, "predictions", {targets, delta});
  h.formula = "d = predictions - targets; |d| <= delta ? d^2/2 : delta*(|d| - delta/2)";
  h.documentation = "One number an element. Second derivative at |d| = delta: 0.";
  h.source = "Huber 1964; Keras, PyTorch, Optax";
  h.advice = "Regression with outliers: their pull is bounded by delta.";
  h.value = {huber, huber_slope, F(inside(t, 1))};
  h.parameter = huber_parameter;
  h.zero_from = 3;

  const Parameter beta{"beta", 1.0, {}, Takes::number, "at least 0", not_negative};
  Facts l1 = pointwise("smooth_l1", {{"smooth_l1_loss"}, {"SmoothL1Loss"}}, "predictions", {targets, beta});
  l1.formula = "d = predictions - targets; |d| < beta ? d^2/(2*beta) : |d| - beta/2";
  l1.documentation = "huber(delta=beta)/beta; with beta 0 the absolute error. Second derivative at |d| = beta: 0.";
  l1.source = "Girshick 2015; PyTorch SmoothL1Loss";
  l1.advice = "As huber, with slopes of at most 1 whatever beta is.";
  l1.value = {smooth_l1, smooth_l1_slope, F(inside(t, 1.0 / t[1]))};
  l1.parameter = smooth_l1_parameter;
  l1.zero_from = 3;
  return {mse, h, l1};
}

std::vector<Facts> divergence_entries() {
  const Parameter q{"q", std::nullopt, {"y_pred"}, Takes::array};
  Facts entropy = pointwise("relative_entropy", {{"rel_entr"}}, "p", {q});
  entropy.formula = "p*log(p/q)";
  entropy.documentation = "One number an element: 0 where p is 0, inf where q is 0 and p is not. Accurate near p = q.";
  entropy.source = "Kullback and Leibler 1951; SciPy, JAX rel_entr";
  entropy.advice = "The terms of kl_divergence, where they are wanted singly.";
  entropy.value = {relative_entropy, F(log_ratio(x, t[0]) + 1.0), F(1.0 / abs(x))};
  entropy.parameter = relative_entropy_parameter;

  Facts divergence =
      along("kl_divergence", {{"kullback_leibler_divergence"}, {"KLDivergence"}, {"KLD"}, {"kld"}}, "sum(p*log(p/q))",
            "One number a row: relative_entropy summed along axis. Keras's order: the true distribution first.",
            "Kullback and Leibler 1951; Keras", "How far a predicted distribution is from the true one.", kl_divergence,
            nullptr);
  divergence.operand = "p";
  divergence.parameters = {q, axes_last};

  Facts of_logs =
      pointwise("kl_div", {{"KLDivLoss"}}, "log_q",
                {{"p", std::nullopt, {"target", "targets"}, Takes::array}, {"log_target", 0, {}, Takes::flag}});
  of_logs.formula = "p*(log(p) - log_q); exp(p)*(p - log_q) if log_target";
  of_logs.documentation =
      "PyTorch's: one number an element, 0 where p is 0. With log_target p is given as its logarithm.";
  of_logs.source = "PyTorch KLDivLoss";
  of_logs.advice = "Distillation: a student's log_softmax against a teacher's softmax.";
  of_logs.value = {kl_div, F(t.options[0] != 0 ? -exp(t[0]) : -t[0])};
  of_logs.parameter = [](const Terms& t, int) -> Expr {
    if (t.options[0] != 0) return exp(t[0]) * ((t[0] - t.x) + 1.0);
    return (log(t[0]) - t.x) + 1.0;
  };
  of_logs.zero_from = 2;
  return {entropy, divergence, of_logs};
}

}  // namespace

std::vector<Facts> losses_entries() {
  std::vector<Facts> list{softmax_entry(), sigmoid_entry()};
  for (const auto& group : {regression_entries(), divergence_entries()})
    list.insert(list.end(), group.begin(), group.end());
  return list;
}

}  // namespace actinium::activations
