// Parameters as structs: Boost.Hana's reflection turns a nested struct of Exprs or Tensors into named leaves and back, so that
// functions, gradients and optimizer state have the user's own types. Start reading at compile() and value_and_grad().
#pragma once
#include <actinium/autodiff.h>
#include <actinium/function.h>
#include <actinium/graph.h>
#include <actinium/io.h>

#include <boost/hana/accessors.hpp>
#include <boost/hana/at.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/fwd/core/to.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace actinium {

/// What an argument will be: `spec({"batch", 64})`, `spec({"batch"}, i32)`. Without a type, the graph's default.
struct Spec {
  Shape shape;
  std::optional<DType> dtype = {};
  std::string name = {};
};
inline Spec spec(const Shape& shape, std::optional<DType> dtype = std::nullopt, std::string name = {}) {
  return {shape, dtype, std::move(name)};
}

namespace detail {

template <class S>
concept reflected = boost::hana::Struct<S>::value;

template <class T>
concept leaf = std::same_as<T, Expr> || std::same_as<T, Tensor> || std::same_as<T, Spec>;

/// The same structure with leaves of another type: Mlp<Tensor> to Mlp<Expr>, std::pair<Expr, Mlp<Expr>> to Tensors.
template <class A, class To>
struct Rebind {
  static_assert(sizeof(A) == 0, "expected an Expr, a Tensor, a spec, a struct template with BOOST_HANA_DEFINE_STRUCT whose "
                                "parameter is the leaf type, or a std::vector, std::array, std::pair or std::tuple of these");
};
template <leaf A, class To>
struct Rebind<A, To> {
  using type = To;
};
template <template <class> class S, class T, class To>
  requires reflected<S<T>>
struct Rebind<S<T>, To> {
  using type = S<To>;
};
template <class T, class To>
struct Rebind<std::vector<T>, To> {
  using type = std::vector<typename Rebind<T, To>::type>;
};
template <class T, std::size_t N, class To>
struct Rebind<std::array<T, N>, To> {
  using type = std::array<typename Rebind<T, To>::type, N>;
};
template <class A, class B, class To>
struct Rebind<std::pair<A, B>, To> {
  using type = std::pair<typename Rebind<A, To>::type, typename Rebind<B, To>::type>;
};
template <class... T, class To>
struct Rebind<std::tuple<T...>, To> {
  using type = std::tuple<typename Rebind<T, To>::type...>;
};
template <class A, class To>
using rebind = typename Rebind<A, To>::type;

inline std::string join_path(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

/// Members of reflected structs by position: all instances of one struct template have theirs in one order.
template <reflected S>
inline constexpr std::size_t member_count = decltype(boost::hana::length(boost::hana::accessors<S>()))::value;
template <std::size_t I, class S>
auto& member(S& s) {
  return boost::hana::second(boost::hana::at_c<I>(boost::hana::accessors<std::remove_const_t<S>>()))(s);
}
template <std::size_t I, reflected S>
std::string member_name() {
  return boost::hana::to<const char*>(boost::hana::first(boost::hana::at_c<I>(boost::hana::accessors<S>())));
}

template <class F, class A, class... Rest>
void walk(const std::string& path, F&& f, A& a, Rest&... rest);

template <std::size_t I, class F, class A, class... Rest>
void walk_member(const std::string& path, F& f, A& a, Rest&... rest) {
  if constexpr (reflected<std::remove_const_t<A>>) {
    walk(join_path(path, member_name<I, std::remove_const_t<A>>()), f, member<I>(a), member<I>(rest)...);
  } else {
    walk(join_path(path, std::to_string(I)), f, std::get<I>(a), std::get<I>(rest)...);
  }
}

template <std::size_t... I, class F, class... A>
void walk_members(std::index_sequence<I...>, const std::string& path, F& f, A&... structs) {
  (walk_member<I>(path, f, structs...), ...);
}

/// f(path, leaves...) for the leaves of structs of one layout, in the order of declaration. A std::vector takes the length of
/// the first struct's.
template <class F, class A, class... Rest>
void walk(const std::string& path, F&& f, A& a, Rest&... rest) {
  using Plain = std::remove_const_t<A>;
  if constexpr (leaf<Plain>) {
    f(path, a, rest...);
  } else if constexpr (reflected<Plain>) {
    walk_members(std::make_index_sequence<member_count<Plain>>{}, path, f, a, rest...);
  } else if constexpr (requires { a.begin(); }) {
    auto match = [&]<class O>(O& other) {
      if constexpr (!std::is_const_v<O> && requires { other.resize(a.size()); }) other.resize(a.size());
      if (other.size() != a.size())
        throw ValueError(path + ": " + std::to_string(a.size()) + " elements here, " + std::to_string(other.size()) + " there");
    };
    (match(rest), ...);
    for (std::size_t i = 0; i < a.size(); ++i) walk(join_path(path, std::to_string(i)), f, a[i], rest[i]...);
  } else {
    walk_members(std::make_index_sequence<std::tuple_size_v<Plain>>{}, path, f, a, rest...);
  }
}

template <class A>
std::vector<Expr> flatten(const A& a) {
  std::vector<Expr> list;
  walk("", [&](const std::string&, const Expr& e) { list.push_back(e); }, a);
  return list;
}

/// A struct that a function takes or gives, as opposed to one leaf.
template <class T>
inline constexpr bool is_structured = reflected<T>;
template <class T>
inline constexpr bool is_structured<std::vector<T>> = leaf<T> || is_structured<T>;
template <class T, std::size_t N>
inline constexpr bool is_structured<std::array<T, N>> = leaf<T> || is_structured<T>;
template <class T>
concept structured = is_structured<std::remove_cvref_t<T>>;

/// A function over expressions, as opposed to an expression.
template <class F>
concept traceable = !std::convertible_to<F, At> && !std::convertible_to<F, ExprList>;

template <class F>
struct ValueAndGrad {
  F function;
  template <class P, class... A>
  std::pair<Expr, P> operator()(const P& params, const A&... arguments) const {
    const Expr value = function(params, arguments...);
    const std::vector<Expr> gradients = actinium::grad(value, flatten(params));
    P result = params;
    std::size_t i = 0;
    walk("", [&](const std::string&, Expr& e) { e = gradients[i++]; }, result);
    return {value, std::move(result)};
  }
};

template <class F>
struct Grad {
  F function;
  template <class P, class... A>
  P operator()(const P& params, const A&... arguments) const {
    return ValueAndGrad<F>{function}(params, arguments...).second;
  }
};

/// The type that inputs without one of their own take: that of the first floating leaf.
template <class... A>
DType default_dtype(const A&... arguments) {
  std::optional<DType> found;
  auto see = [&](const std::string&, const auto& l) {
    std::optional<DType> dtype;
    if constexpr (std::same_as<std::remove_cvref_t<decltype(l)>, Tensor>) dtype = l.dtype();
    if constexpr (std::same_as<std::remove_cvref_t<decltype(l)>, Spec>) dtype = l.dtype;
    if (!found && dtype && is_float(*dtype)) found = dtype;
  };
  (walk("", see, arguments), ...);
  return found.value_or(f32);
}

inline Expr declare(Graph& graph, const std::string& name, const Spec& s) {
  return graph.input(s.name.empty() ? name : s.name, s.shape, s.dtype);
}
inline Expr declare(Graph& graph, const std::string& name, const Tensor& t) {
  std::vector<Dim> dims;
  for (std::int64_t extent : t.shape()) dims.emplace_back(extent);
  return graph.input(name, Shape(std::move(dims)), t.dtype());
}

/// Inputs in the layout of `argument`. Leaves of the first struct have their plain paths as names, other arguments a prefix.
template <class A>
rebind<A, Expr> declare_all(Graph& graph, std::size_t position, const A& argument, std::vector<Expr>& inputs) {
  rebind<A, Expr> result{};
  const std::string prefix = leaf<A> ? "input" + std::to_string(position) : position == 0 ? "" : "input" + std::to_string(position);
  auto visit = [&](const std::string& path, const auto& l, Expr& e) {
    e = declare(graph, path, l);
    inputs.push_back(e);
  };
  walk(prefix, visit, argument, result);
  return result;
}

template <std::size_t... I, class... A>
std::tuple<rebind<A, Expr>...> declare_arguments(std::index_sequence<I...>, Graph& graph, std::vector<Expr>& inputs, const A&... a) {
  // Braces: arguments are declared from left to right.
  return {declare_all(graph, I, a, inputs)...};
}

/// What a compiled function takes where the traced one takes A: any array, or the struct of Tensors.
template <class A>
struct CallArgument {
  using type = rebind<A, Tensor>;
};
template <leaf A>
struct CallArgument<A> {
  using type = ArrayRef;
};

inline void append_arrays(const ArrayRef& a, std::vector<ArrayRef>& list) { list.push_back(a); }
template <structured A>
void append_arrays(const A& a, std::vector<ArrayRef>& list) {
  walk("", [&](const std::string&, const Tensor& t) { list.push_back(t.array()); }, a);
}

}  // namespace detail

/// A compiled function with a signature of the user's types, over one flat call.
template <class Signature>
class Compiled;

template <class R, class... A>
class Compiled<R(A...)> : public FunctionBase {
 public:
  Compiled() = default;
  Compiled(const FunctionBase& base, R layout) : FunctionBase(base), layout_(std::move(layout)) {}

  /// A struct argument has the layout it was compiled with; CallError otherwise.
  R operator()(const typename detail::CallArgument<A>::type&... arguments) const {
    const std::vector<ArrayRef> list = arrays(arguments...);
    std::vector<Tensor> tensors(outputs().size());
    results(std::span<const ArrayRef>(list), std::span<Tensor>(tensors));
    R result = layout_;
    std::size_t i = 0;
    detail::walk("", [&](const std::string&, Tensor& t) { t = std::move(tensors[i++]); }, result);
    return result;
  }
  /// Into the memory of `result`, which has the layout and sizes that a call gives.
  void into(R& result, const typename detail::CallArgument<A>::type&... arguments) const {
    const std::vector<ArrayRef> list = arrays(arguments...);
    std::vector<MutableArrayRef> targets;
    detail::walk("", [&](const std::string&, Tensor& t) { targets.emplace_back(t); }, result);
    call(std::span<const ArrayRef>(list), std::span<const MutableArrayRef>(targets));
  }

 private:
  static std::vector<ArrayRef> arrays(const typename detail::CallArgument<A>::type&... arguments) {
    std::vector<ArrayRef> list;
    (detail::append_arrays(arguments, list), ...);
    return list;
  }
  R layout_;
};

/// f's value and its gradient with respect to its first argument, a struct or one Expr, in the same layout:
/// `auto [value, grads] = value_and_grad(loss)(params, x)`.
template <detail::traceable F>
detail::ValueAndGrad<F> value_and_grad(F function) {
  return {std::move(function)};
}
template <detail::traceable F>
detail::Grad<F> grad(F function) {
  return {std::move(function)};
}

/// Compiles a function over expressions. Each argument says what its parameter will be: a struct of Tensors or specs, a Tensor
/// (for its shape and type) or a spec. The result is called with structs of Tensors and arrays, and gives what `function` gives
/// with Tensors for Exprs. A function that takes other structs than the arguments is a compile error that names both.
template <detail::traceable F, class... A>
  requires(sizeof...(A) > 0 && (... && !std::same_as<A, CompileOptions>))
auto compile_with(const CompileOptions& options, const F& function, const A&... arguments) {
  Graph graph(detail::default_dtype(arguments...));
  std::vector<Expr> inputs;
  const auto traced = detail::declare_arguments(std::index_sequence_for<A...>{}, graph, inputs, arguments...);
  static_assert(std::is_invocable_v<const F&, detail::rebind<A, Expr>...>,
                "compile: the function cannot be called with these arguments, with Expr for every leaf");
  const auto value = std::apply(function, traced);
  using R = detail::rebind<std::remove_cvref_t<decltype(value)>, Tensor>;
  R layout{};
  std::vector<Expr> outputs;
  detail::walk("", [&](const std::string&, const Expr& e, Tensor&) { outputs.push_back(e.is_bound() ? e : Expr(graph.constant(e.literal()))); }, value, layout);
  return Compiled<R(detail::rebind<A, Tensor>...)>(detail::compile(inputs, outputs, options), std::move(layout));
}
template <detail::traceable F, class... A>
  requires(sizeof...(A) > 0 && (... && !std::same_as<A, CompileOptions>))
auto compile(const F& function, const A&... arguments) {
  return compile_with(CompileOptions{}, function, arguments...);
}

/// f(path, tensor) for every leaf: "hidden.weight".
template <class P, class F>
void for_each_leaf(P& params, F&& f) {
  detail::walk("", f, params);
}
/// The same layout with every leaf mapped by f(path, leaf).
template <class P, class F>
auto map_leaves(const P& params, F&& f) {
  using Leaf = std::remove_cvref_t<std::invoke_result_t<F, const std::string&, const Tensor&>>;
  detail::rebind<P, Leaf> result{};
  detail::walk("", [&](const std::string& path, const Tensor& t, Leaf& r) { r = f(path, t); }, params, result);
  return result;
}
/// Number of elements in all leaves.
template <class P>
std::int64_t parameter_count(const P& params) {
  std::int64_t count = 0;
  detail::walk("", [&](const std::string&, const Tensor& t) { count += t.size(); }, params);
  return count;
}

/// Leaves by path in NumPy's .npz: hidden.weight, hidden.bias, ...
template <class P>
  requires detail::structured<P>
void save(const std::string& path, const P& params) {
  std::map<std::string, Tensor> arrays;
  detail::walk("", [&](const std::string& name, const Tensor& t) { arrays[name] = t; }, params);
  save(path, arrays);
}
/// Reads leaves by path into `params`, whose layout says which; IoError names a leaf that is missing or one too many. Nothing
/// changes unless all are there.
template <class P>
  requires detail::structured<P>
void load(const std::string& path, P& params) {
  std::map<std::string, Tensor> arrays = load(path);
  P result = params;
  auto take = [&](const std::string& name, Tensor& t) {
    const auto at = arrays.find(name);
    if (at == arrays.end()) throw IoError(path + ": there is no array '" + name + "'");
    t = at->second;
    arrays.erase(at);
  };
  detail::walk("", take, result);
  if (!arrays.empty()) throw IoError(path + ": the array '" + arrays.begin()->first + "' is no leaf of the struct");
  params = std::move(result);
}

/// Options of adam(): Kingma, Ba, "Adam: a method for stochastic optimization", 2015; weight decay decoupled (Loshchilov,
/// Hutter 2019).
struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
};

/// Moments in the layout of the parameters, and the count of steps. Default-constructed, it starts at the first step.
template <class P>
struct AdamState {
  P first{}, second{};
  std::int64_t steps = 0;
  double power1 = 1, power2 = 1;  ///< beta1 and beta2 to the power of `steps`
};

namespace detail {
struct AdamStep {
  AdamOptions options;
  double correction1, correction2;  ///< 1 - beta^steps
};
/// One leaf in place. Every operation is IEEE, in the order written: the same bits everywhere.
ACTINIUM_API void adam_leaf(const std::string& path, Tensor& param, const Tensor& gradient, Tensor& first, Tensor& second,
                            const AdamStep& step);
}  // namespace detail

/// One step of Adam, in place on the memory of `params`. ShapeError or TypeError names the leaf that does not fit.
template <class P, class G>
void adam(P& params, const G& gradients, AdamState<P>& state, const AdamOptions& options = {}) {
  static_assert(std::same_as<P, G>, "adam: gradients have the type of the parameters");
  if (state.steps == 0) {
    auto zero = [](const std::string&, const Tensor& p, Tensor& m, Tensor& v) {
      m = Tensor::zeros_like(p);
      v = Tensor::zeros_like(p);
    };
    detail::walk("", zero, std::as_const(params), state.first, state.second);
  }
  ++state.steps;
  state.power1 *= options.beta1;
  state.power2 *= options.beta2;
  const detail::AdamStep step{options, 1 - state.power1, 1 - state.power2};
  auto update = [&](const std::string& path, Tensor& p, const Tensor& g, Tensor& m, Tensor& v) {
    detail::adam_leaf(path, p, g, m, v, step);
  };
  detail::walk("", update, params, gradients, state.first, state.second);
}

}  // namespace actinium
