// Activations: one line each, found by argument-dependent look-up; Activation, the handle for those named by text or
// defined by the user. Defaults, formulas, conventions and sources: `actinium activations NAME`, or documentation()
// here.
#pragma once
#include <actinium/expr.h>

#include <functional>

namespace actinium {

/// A parameter passed by name: `relu(x, {{"max_value", 6.0}})`. A number or expression, true or false, text, or axes.
class ACTINIUM_API Argument {
 public:
  enum class Kind : std::uint8_t { none, expr, flag, text, axes };
  /// An empty name makes it positional.
  Argument(std::string_view name, const Expr& value) : name(name), kind(Kind::expr), expr(value) {}
  template <Number T>
  Argument(std::string_view name, T value)
      : name(name), kind(std::same_as<T, bool> ? Kind::flag : Kind::expr), expr(value) {}
  template <std::convertible_to<std::string_view> S>
  Argument(std::string_view name, const S& value) : name(name), kind(Kind::text), text(std::string_view(value)) {}
  Argument(std::string_view name, const Axes& value) : name(name), kind(Kind::axes), axes(value) {}
  /// No value: as if not passed.
  Argument(std::string_view name, std::nullopt_t) : name(name), kind(Kind::none) {}

  std::string name;
  Kind kind;
  Expr expr;  ///< of Kind::expr; for Kind::flag the unbound constant 0 or 1
  std::string text;
  Axes axes;
};
using Keywords = std::initializer_list<Argument>;

/// Whose defaults and derivatives at kinks a text look-up follows: ours, or another system's where it differs.
enum class compat : std::uint8_t { ours, keras, keras2, torch, jax, onnx, mlx };
/// All but ours.
inline constexpr compat all_systems[] = {compat::keras, compat::keras2, compat::torch,
                                         compat::jax,   compat::onnx,   compat::mlx};
ACTINIUM_API std::string_view name_of(compat system);  ///< "keras2"

/// What a name of an activation means in another system, where it is not what it means here.
struct SystemDefaults {
  compat system;
  std::string name;        ///< the activation's, or an alias that differs from it
  std::string parameters;  ///< "negative_slope=0.3"; "" if an alias means there what the activation means here
};

/// What documentation says about a parameter.
struct ParameterInfo {
  std::string name;
  std::vector<std::string> aliases;
  std::string fallback;  ///< its default as text; empty if it must be given
  std::string domain;    ///< what values it takes, in words
};

/// What the documentation says about an activation.
struct ActivationInfo {
  std::string formula;        ///< plain mathematics
  std::string conventions;    ///< at kinks, at special parameters
  std::string source;         ///< paper or framework
  std::string advice;         ///< when to use it
  std::string operand;        ///< the name of its first argument
  bool elementwise = true;    ///< false: it works along an axis or takes several arrays
  std::vector<double> kinks;  ///< where it or a derivative jumps, at the default parameters
};

namespace activations {
class Entry;
struct Found;
}  // namespace activations

/// A handle to an activation: builtin, defined, or a derivative of one, perhaps with parameters preset.
class ACTINIUM_API Activation {
 public:
  Activation(std::shared_ptr<const activations::Found> found, int order) : found_(std::move(found)), order_(order) {}

  template <std::convertible_to<Expr>... P>
  Expr operator()(At x, const P&... parameters) const {
    return call(x, {Argument("", Expr(parameters))...});
  }
  Expr operator()(At x, Keywords parameters) const { return call(x, parameters); }
  Expr call(At x, std::vector<Argument> parameters) const;

  const std::string& name() const;
  std::vector<ParameterInfo> parameters() const;
  std::vector<std::string> aliases() const;
  ActivationInfo info() const;
  /// Where other systems differ, in defaults and in derivatives at kinks.
  std::vector<SystemDefaults> differences() const;
  /// Formula, conventions, source and advice in a few lines.
  std::string documentation() const;
  /// The n-th derivative with respect to x, again an activation. ValueError for one that works along an axis.
  Activation derivative(int n = 1) const;
  int order() const { return order_; }
  /// True if it came from define().
  bool is_defined() const;
  /// Writes the definition as text that load_activations reads. ValueError for a builtin one, IoError.
  void save(const std::string& path) const;
  const std::shared_ptr<const activations::Found>& found() const { return found_; }

 private:
  std::shared_ptr<const activations::Found> found_;
  int order_;
};

/// A parameter of a definition and its default.
struct DefinedParameter {
  std::string name;
  double fallback;
};

/// A function of x and parameters, as define() takes it: any callable with Exprs in and an Expr out.
class Definition {
 public:
  Definition() = default;
  template <class F>
    requires(!std::same_as<F, Definition>)
  Definition(const F& f) : arity_(arity<F, 1>()) {
    call_ = [f](const Expr* operands) { return invoke(f, operands, std::make_index_sequence<arity<F, 1>()>{}); };
  }
  /// Of operands in a row, as many as `arity` says.
  Definition(std::size_t arity, std::function<Expr(const Expr*)> call) : call_(std::move(call)), arity_(arity) {}
  std::size_t arity() const { return arity_; }  ///< 0: there is none
  Expr operator()(const Expr* operands) const { return call_(operands); }

 private:
  std::function<Expr(const Expr*)> call_;
  std::size_t arity_ = 0;

  template <class F, std::size_t... I>
  static Expr invoke(const F& f, const Expr* operands, std::index_sequence<I...>) {
    return f(operands[I]...);
  }
  template <class F, std::size_t... I>
  static constexpr bool takes(std::index_sequence<I...>) {
    return std::is_invocable_r_v<Expr, F, decltype(static_cast<void>(I), std::declval<const Expr&>())...>;
  }
  template <class F, std::size_t N>
  static consteval std::size_t arity() {
    static_assert(N <= 8, "a definition takes Exprs, x and then at most 7 parameters, and gives an Expr");
    if constexpr (N > 8 || takes<F>(std::make_index_sequence<N>{}))
      return N;
    else
      return arity<F, N + 1>();
  }
};

/// Options of define().
struct DefineOptions {
  Definition derivative = {};      ///< with respect to x, of one's own: an expression in x and the parameters
  std::string documentation = {};  ///< what it is, for Activation::documentation() and `actinium activations NAME`
};

/// Registers `function`, an elementwise map from x and its parameters built of expressions. It is traced at once, and
/// from then on indistinguishable from a builtin activation. The same definition again gives the same activation;
/// another one under a taken name is a NameError; a change of shape or type is a ShapeError or TypeError.
ACTINIUM_API Activation define(std::string_view name, const Definition& function,
                               const std::vector<DefinedParameter>& parameters = {}, const DefineOptions& options = {},
                               std::source_location where = std::source_location::current());

namespace detail {
ACTINIUM_API Expr activate(std::string_view name, At x, std::vector<Argument> parameters);
}  // namespace detail

/// Look-up by text, builtin or defined: "leaky_relu", "LeakyReLU", "leaky_relu(negative_slope=0.2)"; "" and "None" are
/// linear. NameError lists near names.
ACTINIUM_API Activation activation(std::string_view text, compat system = compat::ours,
                                   std::source_location where = std::source_location::current());
/// Defines the activations of a file as Activation::save writes it: a line each, `name(x, parameter=default) = expression`, below
/// it perhaps `name' = expression` for a derivative of its own; indented lines continue the one before, lines with # directly above
/// a definition document it. All of them or, after an error, none. IoError, ParseError and the errors of define(), at file:line.
ACTINIUM_API std::vector<Activation> load_activations(const std::string& path);
/// Every activation, builtin ones in the order of the documentation, then the defined ones.
ACTINIUM_API std::vector<Activation> catalogue();

// clang-format off
// X(name): a free function of x and its parameters, by position or by keyword. What works along an axis stands below.
#define ACTINIUM_ACTIVATIONS(X)                                                                                          \
  /* piecewise polynomials */                                                                                            \
  X(linear) X(step) X(relu) X(relu6) X(relu2) X(leaky_relu) X(prelu) X(rrelu) X(hard_tanh) X(hard_sigmoid) X(hard_silu)  \
  X(hard_shrink) X(soft_shrink) X(shrink) X(threshold) X(sparse_plus) X(sparse_sigmoid) X(smelu)                         \
  /* exponential-linear */                                                                                               \
  X(exponential) X(elu) X(celu) X(selu) X(softplus) X(log_sigmoid) X(squareplus) X(softsign) X(log1mexp)                 \
  /* sigmoid and tanh */                                                                                                 \
  X(sigmoid) X(tanh) X(scaled_tanh) X(tanh_shrink) X(silu) X(quick_gelu) X(mish)                                         \
  /* Gaussian; gelu(x, {{"approximate", "tanh"}}) is gelu_tanh */                                                        \
  X(gelu) X(gelu_tanh) X(gaussian)                                                                                       \
  /* gated: gate, value */                                                                                               \
  X(reglu) X(geglu) X(swiglu) X(bilinear)                                                                                \
  /* extras */                                                                                                           \
  X(bent_identity) X(snake) X(lisht) X(tanhexp) X(serf) X(isru) X(isrlu) X(arctan) X(phish) X(logish)      \
  /* losses of one number an element: prediction (or logits), targets; the mean is the caller's */                       \
  X(sigmoid_cross_entropy) X(mse) X(huber) X(smooth_l1) X(relative_entropy) X(kl_div)

#define X(name)                                                                                    \
  template <std::convertible_to<Expr>... P>                                                        \
  Expr name(At x, const P&... parameters) {                                                        \
    return detail::activate(#name, x, {Argument("", Expr(parameters))...});                        \
  }                                                                                                \
  inline Expr name(At x, Keywords parameters) { return detail::activate(#name, x, parameters); }
ACTINIUM_ACTIVATIONS(X)
#undef X

// X(name): works along axes (default: the last one); a mask, broadcast to x, leaves elements out.
#define ACTINIUM_MASKED_ACTIVATIONS(X) X(softmax) X(log_softmax) X(softmin)
#define X(name)                                                                                    \
  inline Expr name(At x, const Axes& axis = -1, const std::optional<Expr>& where = std::nullopt) { \
    std::vector<Argument> parameters{Argument("axis", axis)};                                      \
    if (where) parameters.emplace_back("where", *where);                                           \
    return detail::activate(#name, x, std::move(parameters));                                      \
  }                                                                                                \
  inline Expr name(At x, Keywords parameters) { return detail::activate(#name, x, parameters); }
ACTINIUM_MASKED_ACTIVATIONS(X)
#undef X

// X(name): reduces over axes (default: all).
#define ACTINIUM_REDUCING_ACTIVATIONS(X) X(logsumexp) X(logmeanexp)
#define X(name)                                                                                    \
  inline Expr name(At x, const Axes& axis = all_axes, bool keepdims = false,                       \
                   const std::optional<Expr>& where = std::nullopt) {                              \
    std::vector<Argument> parameters{Argument("axis", axis), Argument("keepdims", keepdims)};      \
    if (where) parameters.emplace_back("where", *where);                                           \
    return detail::activate(#name, x, std::move(parameters));                                      \
  }                                                                                                \
  inline Expr name(At x, Keywords parameters) { return detail::activate(#name, x, parameters); }
ACTINIUM_REDUCING_ACTIVATIONS(X)
#undef X

// X(name): along one axis (default: the last one).
#define ACTINIUM_AXIS_ACTIVATIONS(X) X(hardmax) X(sparsemax) X(standardize) X(glu) X(crelu)
#define X(name)                                                                                    \
  inline Expr name(At x, int axis = -1) { return detail::activate(#name, x, {Argument("axis", axis)}); } \
  inline Expr name(At x, Keywords parameters) { return detail::activate(#name, x, parameters); }
ACTINIUM_AXIS_ACTIVATIONS(X)
#undef X
// clang-format on

/// The largest of each `groups` consecutive elements along an axis.
inline Expr maxout(At x, int groups, int axis = -1) {
  return detail::activate("maxout", x, {Argument("groups", groups), Argument("axis", axis)});
}
/// -log_softmax(logits) at the label, one number a row. Integer labels: class indices, of the logits' shape without
/// `axis`, from 0 on. Floating labels: a distribution of the logits' shape. An index out of range is a CallError where
/// labels are an input, NaN where they are computed. `label_smoothing` in [0, 1) spreads that share evenly.
inline Expr softmax_cross_entropy(At logits, At labels, int axis = -1, const Expr& label_smoothing = 0.0) {
  return detail::activate("softmax_cross_entropy", logits,
                          {Argument("labels", labels.expr), Argument("axis", axis),
                           Argument("label_smoothing", label_smoothing)});
}
inline Expr softmax_cross_entropy(At logits, At labels, Keywords parameters) {
  std::vector<Argument> all(parameters);
  all.emplace_back("labels", labels.expr);
  return detail::activate("softmax_cross_entropy", logits, std::move(all));
}
/// sum(p*log(p/q)), one number a row.
inline Expr kl_divergence(At p, At q, const Axes& axis = -1) {
  return detail::activate("kl_divergence", p, {Argument("q", q.expr), Argument("axis", axis)});
}

}  // namespace actinium
