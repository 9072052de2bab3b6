// Piecewise linear and quadratic activations. At a kink the derivative is that of the branch a strict compare leaves:
// active zones are open intervals. Selects are arranged so that NaN falls to a branch that passes it on.
#include "activations/formula.hpp"
#include "activations/textbook.hpp"

#define F ACTINIUM_FORMULA

namespace actinium::activations {
namespace {

Expr linear(const Terms& t) {
  if (is(t[0], 1) && is(t[1], 0)) return t.x;
  return t.x.is_bound() && is_integer(t.x.dtype()) ? t[0] * t.x + t[1] : fma(t[0], t.x, t[1]);
}

Expr relu(const Terms& t) {
  const Expr &x = t.x, &slope = t[0], &max_value = t[1], &threshold = t[2];
  const Expr upper = is(max_value, infinity) ? x : where(x > max_value, max_value, x);
  if (is(slope, 0))
    return is(threshold, 0) ? where(x < 0, 0, upper) : where(x <= threshold, 0, upper);  // 0 * -inf would be NaN
  return where(x > threshold, upper, slope * (is(threshold, 0) ? x : x - threshold));
}

Expr relu_slope(const Terms& t) {
  const Expr &x = t.x, &slope = t[0], &max_value = t[1], &threshold = t[2];
  const Expr inside = is(max_value, infinity) ? Expr(1) : pick(x, x < max_value, 1, 0);
  const Expr d = pick(x, x > threshold, inside, slope);
  return t.options[0] == 0 ? d : where(x == threshold, t.options[0], d);
}

Expr relu_parameter(const Terms& t, int i) {
  const Expr &x = t.x, &slope = t[0], &max_value = t[1], &threshold = t[2];
  const Expr above = x > threshold;
  if (i == 0) return where(above, 0, x - threshold);
  if (i == 1) return pick(x, above && x >= max_value, 1, 0);
  return pick(x, above, 0, -slope);
}

/// x > 0 ? x : slope * x, without NaN at -inf for a literal slope 0.
Expr leaky(const Expr& x, const Expr& slope) { return is(slope, 0) ? where(x < 0, 0, x) : where(x > 0, x, slope * x); }

Expr step(const Terms& t) {
  const Expr &x = t.x, &threshold = t[0], &at = t[1];
  const Expr below = where(x < threshold, 0, x);  // NaN
  if (is(at, 1)) return where(x >= threshold, 1, below);
  return where(x > threshold, 1, where(x == threshold, at, below));
}

std::vector<Corner> relu_corners(const Terms& t) {
  std::vector<Corner> all{{t.x == t[2], t[0], 1}};
  if (!is(t[1], infinity)) all.push_back({t.x == t[1] && t.x > t[2], 1, 0});
  return all;
}
std::vector<Corner> leaky_corners(const Terms& t) { return {{t.x == 0, t[0], 1}}; }
std::vector<Corner> clip_corners(const Terms& t) { return {{t.x == t[0], 0, 1}, {t.x == t[1], 1, 0}}; }
std::vector<Corner> shrink_corners(const Terms& t) { return {{t.x == -t[0], 1, 0}, {t.x == t[0], 0, 1}}; }

bool is_k3(const Terms& t) { return is(t[0], 1.0 / 6) && is(t[1], 0.5); }
/// x + 3 is exact near -3, where x/6 + 0.5 has lost its digits.
Expr hard_sigmoid(const Terms& t) {
  if (is_k3(t)) return limited(t.x + 3.0, 0, 6) / 6.0;
  return limited(fma(t[0], t.x, t[1]), 0, 1);
}
Expr hard_sigmoid_inside(const Terms& t) {
  if (is_k3(t)) return t.x > -3.0 && t.x < 3.0;
  const Expr y = fma(t[0], t.x, t[1]);
  return y > 0 && y < 1;
}
/// The knees where alpha*x + beta is 0 and 1, between what the derivative is outside and `inside`.
std::vector<Corner> knees(const Terms& t, const Expr& below, const Expr& inside, const Expr& above) {
  const bool k3 = is_k3(t), falls = literal(t[0]).value_or(1) < 0;
  const Expr y = k3 ? t.x : fma(t[0], t.x, t[1]), low = y == (k3 ? -3.0 : 0.0), high = y == (k3 ? 3.0 : 1.0);
  if (falls) return {{low, inside, below}, {high, above, inside}};
  return {{low, below, inside}, {high, inside, above}};
}
std::vector<Corner> hard_sigmoid_corners(const Terms& t) { return knees(t, 0, t[0], 0); }

/// Divides before it multiplies, so that nothing overflows.
Expr hard_silu(const Terms& t) {
  if (is_k3(t)) return where(t.x <= -3.0, 0, t.x * (limited(t.x + 3.0, 0, 6) / 6.0));
  const Expr y = fma(t[0], t.x, t[1]);
  return where(y <= 0, 0, t.x * limited(y, 0, 1));
}
Expr hard_silu_inner_slope(const Terms& t) { return is_k3(t) ? (2.0 * t.x + 3.0) / 6.0 : fma(2 * t[0], t.x, t[1]); }
Expr hard_silu_slope(const Terms& t) {
  if (is_k3(t)) return where(t.x <= -3.0, 0, where(t.x >= 3.0, 1, hard_silu_inner_slope(t)));
  const Expr y = fma(t[0], t.x, t[1]);
  return where(y <= 0, 0, where(y >= 1, 1, hard_silu_inner_slope(t)));
}
std::vector<Corner> hard_silu_corners(const Terms& t) { return knees(t, 0, hard_silu_inner_slope(t), 1); }

Expr shrunk(const Expr& x, const Expr& threshold, const Expr& bias) {
  return where(x < -threshold, x + bias, where(x <= threshold, 0, x - bias));
}

Expr smelu(const Terms& t) {
  const Expr h = 0.5 * (t.x + t[0]);
  return where(t.x <= -t[0], 0, where(t.x >= t[0], t.x, h * (h / t[0])));
}

const Parameter threshold_half{"threshold", 0.5, {"lambd", "lambda"}, Takes::number, "at least 0", not_negative};

std::string bounds(const Terms& t) {
  const auto low = literal(t[0]), high = literal(t[1]);
  return low && high && *low >= *high ? "min_val must be less than max_val" : "";
}
std::string slopes(const Terms& t) {
  const auto low = literal(t[0]), high = literal(t[1]);
  return low && high && *low > *high ? "lower must be at most upper" : "";
}

std::vector<Facts> linear_entries() {
  std::vector<Facts> list;
  Facts f{"linear", {{"identity"}, {"Identity"}, {"Linear"}, {"Affine"}}};
  f.parameters = {{"alpha", 1.0}, {"beta", 0.0}};
  f.formula = "alpha*x + beta";
  f.textbook = ACTINIUM_TEXTBOOK(p[0] * x + p[1]);
  f.documentation = "By default no activation: the identity.";
  f.source = "Keras, PyTorch Identity, ONNX Identity and Affine, oneDNN linear";
  f.advice = "Outputs of a regression. Between layers it does nothing: linear maps in a row are one linear map.";
  f.kind = Kind::primitive;
  f.value = {linear, F(t[0])};
  f.zero_from = 2;
  f.integers = true;
  list.push_back(f);

  f = {"step",
       {{"binary_step"},
        {"heaviside", {{"threshold", 0}, {"value_at_threshold", 1}}, {"values=value_at_threshold"}},
        {"Step"}}};
  f.parameters = {{"threshold", 0.0}, {"value_at_threshold", 1.0, {"values"}}};
  f.formula = "x >= threshold ? 1 : 0";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0], 1, where(x < p[0], 0, p[1])));
  f.documentation = "Inclusive at the threshold, where it is value_at_threshold. Derivative 0 everywhere.";
  f.source = "MLX step, NumPy heaviside";
  f.advice = "Decisions after training. It passes no gradient: train with sigmoid.";
  f.value = {step};
  f.zero_from = 1;
  f.integers = true;
  f.kinks = {0};
  list.push_back(f);
  return list;
}

std::vector<Facts> relu_entries() {
  std::vector<Facts> list;
  Facts f{"relu", {{"ReLU"}, {"Relu"}}};
  f.parameters = {{"negative_slope", 0.0, {"alpha"}},
                  {"max_value", infinity},
                  {"threshold", 0.0},
                  {"grad_at_zero", 0, {}, Takes::integer, "0 or 1", [](double v) { return v == 0 || v == 1; }}};
  f.formula = "x > threshold ? min(x, max_value) : negative_slope * (x - threshold)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[2], where(x < p[1], x, p[1]), p[0] * (x - p[2])));
  f.documentation =
      "Derivative at the threshold: negative_slope (0 by default; 1 with grad_at_zero=1), at max_value: 0.";
  f.source =
      "Keras relu(alpha, max_value, threshold), PyTorch ReLU, ONNX Relu; relu'(0) = 0 after Bertoin et al., NeurIPS 2021";
  f.advice =
      "The first choice for hidden layers of convolutional and plain networks: cheap, and zeros are exact. A unit whose input stays negative gets no gradient (a dead unit): then leaky_relu, elu or silu.";
  f.value = {relu, relu_slope};
  f.parameter = relu_parameter;
  f.zero_from = 2;
  f.integers = true;
  f.kinks = {0};
  f.corners = relu_corners;
  list.push_back(f);

  f = {"relu6", {{"ReLU6"}, {"Relu6"}}};
  f.formula = "min(max(x, 0), 6)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, where(x < 6, x, 6), 0));
  f.documentation = "Derivative 0 at 0 and at 6.";
  f.source = "Krizhevsky 2010; Keras, PyTorch, JAX";
  f.advice = "Models that will be quantized: the range is fixed. No gradient on either side of it.";
  f.value = {F(limited(x, 0, 6)), F(pick(x, x > 0 && x < 6, 1, 0))};
  f.zero_from = 2;
  f.integers = true;
  f.kinks = {0, 6};
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == 0, 0, 1}, {t.x == 6, 1, 0}}; };
  list.push_back(f);

  f = {"relu2", {{"squared_relu"}, {"ReLU2"}, {"relu_squared"}}};
  f.formula = "max(x, 0)**2";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x * x, 0));
  f.documentation = "Second derivative 0 at 0.";
  f.source = "So et al. 2021, Primer; MLX relu2";
  f.advice = "Feed-forward parts of transformers (Primer). Grows as x**2: normalize its inputs.";
  f.value = {F(square(positive_part(x))), F(2 * positive_part(x)), F(pick(x, x > 0, 2, 0))};
  f.zero_from = 3;
  f.integers = true;
  f.kinks = {0};
  list.push_back(f);

  f = {"leaky_relu", {{"LeakyReLU"}, {"LeakyRelu"}}};
  f.parameters = {{"negative_slope", 0.01, {"alpha"}}};
  f.formula = "x > 0 ? x : negative_slope * x";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x, p[0] * x));
  f.documentation = "Derivative at 0: negative_slope.";
  f.source = "Maas et al. 2013; default as PyTorch, JAX, ONNX (Keras: 0.2 as function, 0.3 as layer)";
  f.advice = "In place of relu where units die: negative_slope of the gradient is left.";
  f.value = {F(leaky(x, t[0])), F(pick(x, x > 0, 1, t[0]))};
  f.parameter = [](const Terms& t, int) -> Expr { return where(t.x > 0, 0, t.x); };
  f.zero_from = 2;
  f.kinks = {0};
  f.corners = leaky_corners;
  list.push_back(f);

  f.name = "prelu";
  f.aliases = {{"PReLU"}, {"PRelu"}};
  f.parameters = {{"slope", std::nullopt, {"alpha", "weight", "a"}}};
  f.formula = "x > 0 ? x : slope * x";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x, p[0] * x));
  f.documentation = "A learned slope that broadcasts to x. Derivative at 0: slope.";
  f.source = "He et al. 2015; ONNX PRelu";
  f.advice = "leaky_relu with a learned slope, often one a channel. Start at 0.25, without weight decay.";
  list.push_back(f);

  f = {"rrelu", {{"RReLU"}, {"RRelu"}}};
  f.parameters = {{"lower", 1.0 / 8}, {"upper", 1.0 / 3}};
  f.check = slopes;
  f.formula = "x > 0 ? x : (lower + upper)/2 * x";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > 0, x, (p[0] + p[1]) / 2 * x));
  f.documentation = "Randomized leaky relu as it evaluates after training. Derivative at 0: the slope.";
  f.source = "Xu et al. 2015; PyTorch RReLU";
  f.advice = "Models that were trained with it; the random slopes are a regularizer of the training alone.";
  f.value = {F(leaky(x, 0.5 * (t[0] + t[1]))), F(pick(x, x > 0, 1, 0.5 * (t[0] + t[1])))};
  f.zero_from = 2;
  f.kinks = {0};
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == 0, 0.5 * (t[0] + t[1]), 1}}; };
  list.push_back(f);
  return list;
}

std::vector<Facts> hard_entries() {
  std::vector<Facts> list;
  Facts f{"hard_tanh",
          {{"hardtanh"},
           {"Hardtanh"},
           {"HardTanh"},
           {"clip", {}, {"min=min_val", "max=max_val"}},
           {"Clip", {}, {"min=min_val", "max=max_val"}},
           {"clip_v2", {}, {"alpha=min_val", "beta=max_val"}}}};
  f.parameters = {{"min_val", -1.0}, {"max_val", 1.0}};
  f.check = bounds;
  f.formula = "min(max(x, min_val), max_val)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0], where(x < p[1], x, p[1]), p[0]));
  f.documentation = "Derivative 0 at both knees.";
  f.source = "PyTorch Hardtanh, Keras hard_tanh";
  f.advice = "Bounded and cheap, for small recurrent or quantized networks. No gradient beyond the knees.";
  f.value = {F(limited(x, t[0], t[1])), F(pick(x, x > t[0] && x < t[1], 1, 0))};
  f.parameter = [](const Terms& t, int i) -> Expr {
    return i == 0 ? pick(t.x, t.x <= t[0], 1, 0) : pick(t.x, t.x >= t[1], 1, 0);
  };
  f.zero_from = 2;
  f.kinks = {-1, 1};
  f.corners = clip_corners;
  list.push_back(f);

  f = {"hard_sigmoid",
       {{"hardsigmoid"}, {"Hardsigmoid"}, {"HardSigmoid"}, {"hard_sigmoid_keras2", {{"alpha", 0.2}, {"beta", 0.5}}}}};
  f.parameters = {{"alpha", 1.0 / 6}, {"beta", 0.5}};
  f.formula = "min(max(alpha*x + beta, 0), 1); by default relu6(x + 3)/6";
  f.textbook = ACTINIUM_TEXTBOOK(where(p[0] * x + p[1] > 0, where(p[0] * x + p[1] < 1, p[0] * x + p[1], 1), 0));
  f.documentation = "Derivative 0 at the knees, -3 and 3 by default. Keras 2 and ONNX: alpha=0.2.";
  f.source = "Keras 3, JAX, PyTorch; hard_sigmoid_keras2: Keras 1 and 2, ONNX";
  f.advice =
      "Gates where exp is too expensive (MobileNetV3). Not for probabilities: the cross entropy of its exact 0 and 1 is infinite.";
  f.value = {hard_sigmoid, F(pick(x, hard_sigmoid_inside(t), t[0], 0))};
  f.parameter = [](const Terms& t, int i) -> Expr {
    return pick(t.x, hard_sigmoid_inside(t), i == 0 ? t.x : Expr(1), 0);
  };
  f.zero_from = 2;
  f.kinks = {-3, 3};
  f.corners = hard_sigmoid_corners;
  list.push_back(f);

  f = {"hard_silu", {{"hard_swish"}, {"hardswish"}, {"Hardswish"}, {"HardSwish"}, {"hardsilu"}}};
  f.parameters = {{"alpha", 1.0 / 6}, {"beta", 0.5}};
  f.formula = "x * min(max(alpha*x + beta, 0), 1); by default x * relu6(x + 3)/6";
  f.textbook = ACTINIUM_TEXTBOOK(x * where(x > -3, where(x < 3, (x + 3) / 6, 1), 0));
  f.documentation = "Derivative at the knees, -3 and 3 by default: 0 and 1.";
  f.source = "Howard et al. 2019, MobileNetV3; alpha and beta: oneDNN hardswish";
  f.advice = "silu for mobile and quantized models (MobileNetV3).";
  f.value = {hard_silu, hard_silu_slope, F(pick(x, hard_sigmoid_inside(t), 2 * t[0], 0))};
  f.parameter = [](const Terms& t, int i) -> Expr {
    return where(hard_sigmoid_inside(t), i == 0 ? square(t.x) : t.x, 0);
  };
  f.zero_from = 3;
  f.kinks = {-3, 3};
  f.corners = hard_silu_corners;
  list.push_back(f);

  f = {"threshold",
       {{"Threshold"},
        {"thresholded_relu", {{"threshold", 1.0}, {"value", 0.0}}, {"alpha=threshold", "theta=threshold"}},
        {"ThresholdedRelu", {{"threshold", 1.0}, {"value", 0.0}}, {"alpha=threshold", "theta=threshold"}},
        {"ThresholdedReLU", {{"threshold", 1.0}, {"value", 0.0}}, {"theta=threshold", "alpha=threshold"}}}};
  f.parameters = {{"threshold"}, {"value", std::nullopt, {"default_value"}}};
  f.formula = "x > threshold ? x : value";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0], x, p[1]));
  f.documentation = "Derivative at the threshold: 0.";
  f.source = "PyTorch Threshold, Keras threshold; thresholded_relu: ONNX";
  f.advice = "Drops what is small and keeps the rest as it is. It jumps, unless value is the threshold.";
  f.value = {F(where(x <= t[0], t[1], x)), F(pick(x, x > t[0], 1, 0))};
  f.zero_from = 2;
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == t[0], 0, 1}}; };
  list.push_back(f);

  f = {"sparse_plus"};
  f.formula = "x <= -1 ? 0 : x >= 1 ? x : (x + 1)**2/4";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > -1, where(x < 1, square(x + 1) / 4, x), 0));
  f.documentation = "The softplus of sparsemax; once differentiable. Second derivative 0 at -1 and 1.";
  f.source = "Blondel et al. 2020; JAX, Keras";
  f.advice = "softplus with exact zeros; its derivative is sparse_sigmoid.";
  f.value = {F(where(x <= -1.0, 0, where(x >= 1.0, x, square(0.5 * (x + 1.0))))),
             F(where(x <= -1.0, 0, where(x >= 1.0, 1, 0.5 * (x + 1.0)))), F(pick(x, x > -1.0 && x < 1.0, 0.5, 0))};
  f.zero_from = 3;
  f.kinks = {-1, 1};
  list.push_back(f);

  f = {"sparse_sigmoid"};
  f.formula = "min(max((x + 1)/2, 0), 1)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > -1, where(x < 1, (x + 1) / 2, 1), 0));
  f.documentation = "Derivative 0 at -1 and 1.";
  f.source = "JAX, Keras";
  f.advice = "Gates that are to reach 0 and 1. No gradient outside (-1, 1).";
  f.value = {F(where(x <= -1.0, 0, where(x >= 1.0, 1, 0.5 * (x + 1.0)))), F(pick(x, x > -1.0 && x < 1.0, 0.5, 0))};
  f.zero_from = 2;
  f.kinks = {-1, 1};
  f.corners = [](const Terms& t) { return std::vector<Corner>{{t.x == -1, 0, 0.5}, {t.x == 1, 0.5, 0}}; };
  list.push_back(f);

  f = {"smelu"};
  f.parameters = {{"beta", 1.0, {"b"}, Takes::number, "positive", positive}};
  f.formula = "abs(x) <= beta ? (x + beta)**2/(4*beta) : max(x, 0)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > -p[0], where(x < p[0], square(x + p[0]) / (4 * p[0]), x), 0));
  f.documentation = "Smooth relu: quadratic between -beta and beta. Second derivative 0 at both ends.";
  f.source = "Shamir et al. 2020";
  f.advice = "relu where its kink makes training hard to reproduce (large ranking models). A larger beta is smoother.";
  f.value = {smelu, F(where(x <= -t[0], 0, where(x >= t[0], 1, 0.5 * (x + t[0]) / t[0]))),
             F(pick(x, x > -t[0] && x < t[0], 0.5 / t[0], 0))};
  f.zero_from = 3;
  f.kinks = {-1, 1};
  list.push_back(f);
  return list;
}

std::vector<Facts> shrink_entries() {
  std::vector<Facts> list;
  Facts f{"hard_shrink", {{"hardshrink"}, {"Hardshrink"}, {"HardShrink"}}};
  f.parameters = {threshold_half};
  f.formula = "abs(x) > threshold ? x : 0";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0] || x < -p[0], x, 0));
  f.documentation = "Derivative 0 at the jumps.";
  f.source = "PyTorch Hardshrink, Keras hard_shrink";
  f.advice = "Sparse codes: small coefficients become 0, large ones keep their size.";
  f.value = {F(where(x >= -t[0] && x <= t[0], 0, x)), F(pick(x, abs(x) > t[0], 1, 0))};
  f.zero_from = 2;
  f.kinks = {-0.5, 0.5};
  f.corners = shrink_corners;
  list.push_back(f);

  f = {"soft_shrink", {{"softshrink"}, {"Softshrink"}, {"SoftShrink"}}};
  f.parameters = {threshold_half};
  f.formula = "sign(x) * max(abs(x) - threshold, 0)";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0], x - p[0], where(x < -p[0], x + p[0], 0)));
  f.documentation = "Derivative 0 at both knees.";
  f.source = "Donoho 1995; PyTorch Softshrink, Keras soft_shrink";
  f.advice = "The step of an L1 penalty: sparse codes, denoising.";
  f.value = {F(shrunk(x, t[0], t[0])), F(pick(x, abs(x) > t[0], 1, 0))};
  f.parameter = [](const Terms& t, int) -> Expr { return pick(t.x, t.x > t[0], -1, pick(t.x, t.x < -t[0], 1, 0)); };
  f.zero_from = 2;
  f.kinks = {-0.5, 0.5};
  f.corners = shrink_corners;
  list.push_back(f);

  f = {"shrink", {{"Shrink", {}, {"bias", "lambd=threshold"}}}};
  f.parameters = {threshold_half, {"bias", 0.0}};
  f.formula = "x < -threshold ? x + bias : x > threshold ? x - bias : 0";
  f.textbook = ACTINIUM_TEXTBOOK(where(x > p[0], x - p[1], where(x < -p[0], x + p[1], 0)));
  f.documentation = "hard_shrink with bias=0, soft_shrink with bias=threshold. Derivative 0 at the jumps.";
  f.source = "ONNX Shrink";
  f.advice = "Models from ONNX; otherwise hard_shrink or soft_shrink.";
  f.value = {F(shrunk(x, t[0], t[1])), F(pick(x, abs(x) > t[0], 1, 0))};
  f.zero_from = 2;
  f.kinks = {-0.5, 0.5};
  f.corners = shrink_corners;
  list.push_back(f);
  return list;
}

}  // namespace

std::vector<Facts> piecewise_entries() {
  std::vector<Facts> all;
  for (auto part : {linear_entries, relu_entries, hard_entries, shrink_entries})
    for (Facts& f : part()) all.push_back(std::move(f));
  return all;
}

}  // namespace actinium::activations
