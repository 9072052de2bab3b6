// compile() and what it gives: a Function that is called with arrays. Start reading at compile, then Function.
#pragma once
#include <actinium/array.h>
#include <actinium/expr.h>
#include <actinium/tensor.h>

#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actinium {

namespace runtime {
class FunctionImpl;
class BoundImpl;
}  // namespace runtime

/// Who runs the kernels. The bits are the same.
enum class Engine : std::uint8_t {
  automatic,  ///< the JIT where the library has one, else the interpreter
  jit,        ///< CompileError where the library has none
  interpret,
};

struct CompileOptions {
  /// Threads a call may use for large work; 0: all cores. Small work, and a call inside a parallel region, uses one.
  /// The results are the same.
  int threads = 0;
  Engine engine = Engine::automatic;
  /// "native", "x86-64-v2", "x86-64-v3" or "x86-64-v4".
  std::string isa = "native";
  /// Allows reassociation and approximate instructions: gives up "one answer".
  bool fast_math = false;
  /// Machine code made earlier in this process for the same kernels is used again; false: it is made anew, and not kept.
  bool cache = true;
  /// For messages and profiles.
  std::string name = {};
  /// Every call looks for the first operation that makes NaN or an infinity of finite operands, before anything is written, and
  /// throws a NonFiniteError that names it, the element, the operands and the user's line. For debugging: what it costs, and what
  /// it lets pass, stands in docs/debugging.md. Off, it costs nothing.
  bool check_finite = false;
};

/// A stage of compilation, for Function::show.
enum class Stage : std::uint8_t {
  graph,       ///< as written
  recognised,  ///< textbook formulas made well
  simplified,
  decomposed,  ///< activations expanded into base functions
  kernels,     ///< what was fused
  llvm,        ///< LLVM IR
  assembly,
};
inline constexpr std::array all_stages{Stage::graph, Stage::recognised, Stage::simplified, Stage::decomposed, Stage::kernels, Stage::llvm, Stage::assembly};
ACTINIUM_API std::string_view name_of(Stage stage);

struct Stats {
  double compile_seconds = 0;
  double passes_seconds = 0;  ///< of these, passes over the graph
  double engine_seconds = 0;  ///< of these, code generation
  std::string engine;         ///< "jit" or "interpret"
  std::size_t nodes = 0;      ///< of the decomposed graph
  std::size_t kernels = 0;
  /// Of one call at the sizes asked for: arithmetic operations (a base function counts as one), bytes that kernels read
  /// and write, and workspace.
  double flops = 0;
  double bytes = 0;
  std::size_t workspace = 0;
};

/// A formula that is computed better than it was written (docs/recognise.md).
struct Recognition {
  std::string rule;      ///< its name: "softplus"
  std::string from, to;  ///< "log(1 + exp(x))", "softplus(x)"
  std::string why;       ///< what the formula as written does wrong
  std::string place;     ///< "model.cpp:42", "text:17", or "" if unknown
};

/// What may go wrong at some numbers, and cannot be repaired (docs/debugging.md).
struct Warning {
  enum class Kind : std::uint8_t {
    cancellation,    ///< a difference of numbers that are nearly equal
    indeterminate,   ///< 0/0, inf - inf, 0 * inf: NaN of numbers that are none
    infinite_slope,  ///< a finite value whose derivative is infinite or NaN
    masked,          ///< NaN or an infinity in the branch that a where does not take
    dead_branch,     ///< a branch that a where never takes
  };
  Kind kind;
  std::string expression;  ///< "x - sin(x)"
  std::string at;          ///< numbers at which it shows: "x = 0", or "" if at all
  std::string message;     ///< "all 7 digits are lost at x = 0.0001: 1.6763806e-13 instead of 1.6666667e-13"
  std::string place;       ///< "model.cpp:42", "text:17", or "" if unknown
};
/// "cancellation", "indeterminate", ...
ACTINIUM_API std::string_view name_of(Warning::Kind kind);

/// What an input's elements are known to be within, for FunctionBase::warnings.
struct Range {
  Expr input;
  double low, high;
};

/// One kernel of a call, measured.
struct KernelTime {
  std::string name;
  double seconds = 0;  ///< the least of all runs
  double flops = 0, bytes = 0;  ///< as in Stats
};

/// An input or output as declared.
struct ArgumentInfo {
  std::string name = {};
  DType dtype;
  Shape shape;
};

/// Names an array: `{{"W", Ws}, {"b", bs}}`.
struct NamedArray {
  std::string_view name;
  ArrayRef array;
};
/// The value of an input for eval: `{{x, xs}, {W, Ws}}`.
struct Feed {
  Expr input;
  ArrayRef array;
};

/// Any list of expressions: braces, std::vector, std::array, a span or one Expr.
class ExprList {
 public:
  ExprList() = default;
  ExprList(std::initializer_list<Expr> list) : list_(list) {}
  ExprList(std::vector<Expr> list) : list_(std::move(list)) {}
  ExprList(std::span<const Expr> list) : list_(list.begin(), list.end()) {}
  template <std::size_t N>
  ExprList(const std::array<Expr, N>& list) : list_(list.begin(), list.end()) {}
  ExprList(const Expr& one) : list_{one} {}
  const std::vector<Expr>& list() const { return list_; }

 private:
  std::vector<Expr> list_;
};

/// Arguments checked and bound once: step() runs. It keeps references to the arrays, which must stay where they are,
/// and its own workspace: one thread at a time.
class ACTINIUM_API Bound {
 public:
  explicit Bound(std::unique_ptr<runtime::BoundImpl> impl);
  Bound(Bound&&) noexcept;
  Bound& operator=(Bound&&) noexcept;
  ~Bound();
  void operator()() const;
  /// Runs so many times and tells how long each kernel took, in the order they run.
  std::vector<KernelTime> profile(int runs) const;

 private:
  std::unique_ptr<runtime::BoundImpl> impl_;
};

/// What all Functions share. Immutable; a copy is another handle. Any number of threads may call one at once.
class ACTINIUM_API FunctionBase {
 public:
  FunctionBase() = default;
  explicit FunctionBase(std::shared_ptr<const runtime::FunctionImpl> impl) : impl_(std::move(impl)) {}

  /// Into the caller's memory; allocates nothing once it has seen the sizes. CallError (and nothing written) if a
  /// count, type, rank, size or address does not fit, or an output overlaps another array.
  void call(std::initializer_list<ArrayRef> inputs, std::initializer_list<MutableArrayRef> outputs) const {
    call(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()));
  }
  void call(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) const;
  void call(std::span<const Tensor> inputs, std::span<Tensor> outputs) const;

  /// Checks and keeps references; refuses temporaries at compile time.
  Bound bind(std::initializer_list<detail::Kept> inputs, std::initializer_list<detail::KeptMutable> outputs) const;
  Bound bind(std::span<const ArrayRef> inputs, std::span<const MutableArrayRef> outputs) const;

  const std::vector<ArgumentInfo>& inputs() const;
  const std::vector<ArgumentInfo>& outputs() const;

  /// Formulas that were recognised, before they were differentiated or when this was compiled.
  std::vector<Recognition> recognised() const;

  /// What may go wrong, and at which numbers: found by intervals and by evaluation in twice the precision, which takes some
  /// milliseconds. Inputs may be any finite number unless a range says otherwise. ValueError for a range of no input of this function.
  std::vector<Warning> warnings(std::initializer_list<Range> ranges = {}) const { return warnings(std::span(ranges.begin(), ranges.size())); }
  std::vector<Warning> warnings(std::span<const Range> ranges) const;

  /// In words: what was recognised, fused, kept in memory or recomputed, and which of the user's lines each kernel comes from.
  std::string explain() const;
  std::string show(Stage stage) const;
  /// Symbolic sizes are those of `sizes`; without them, those of the latest call (flops, bytes and workspace are 0
  /// before one).
  Stats stats(const Bindings& sizes = {}) const;

  const std::shared_ptr<const runtime::FunctionImpl>& impl() const { return impl_; }

 protected:
  void results(std::span<const ArrayRef> inputs, std::span<Tensor> outputs) const;
  void results(std::span<const NamedArray> inputs, std::span<Tensor> outputs) const;
  void results(std::span<const Tensor> inputs, std::span<Tensor> outputs) const;

 private:
  std::shared_ptr<const runtime::FunctionImpl> impl_;
};

/// The number of outputs is known at run time.
inline constexpr std::size_t dynamic_count = static_cast<std::size_t>(-1);

/// A compiled function of N outputs: `auto [a, b] = f(x, y)`; one output is a Tensor, a run-time list a std::vector.
template <std::size_t N = dynamic_count>
class Function : public FunctionBase {
 public:
  using Result = std::conditional_t<N == dynamic_count, std::vector<Tensor>,
                                    std::conditional_t<N == 1, Tensor, std::array<Tensor, N == dynamic_count ? 0 : N>>>;
  using FunctionBase::FunctionBase;

  template <class... A>
    requires(array_like<A> && ...)
  Result operator()(const A&... arguments) const {
    const std::array<ArrayRef, sizeof...(A)> list{ArrayRef(arguments)...};
    return gather(std::span<const ArrayRef>(list));
  }
  Result operator()(std::span<const ArrayRef> arguments) const { return gather(arguments); }
  Result operator()(const std::vector<ArrayRef>& arguments) const {
    return gather(std::span<const ArrayRef>(arguments));
  }
  Result operator()(const std::vector<Tensor>& arguments) const { return gather(std::span<const Tensor>(arguments)); }
  /// Arguments in any order, by the names of the inputs; CallError for a missing, unknown or repeated name.
  Result by_name(std::initializer_list<NamedArray> arguments) const {
    return gather(std::span<const NamedArray>(arguments.begin(), arguments.size()));
  }
  Result by_name(std::span<const NamedArray> arguments) const { return gather(arguments); }

 private:
  template <class S>
  Result gather(S arguments) const {
    Result result;
    if constexpr (N == dynamic_count) {
      result.resize(outputs().size());
      results(arguments, std::span<Tensor>(result));
    } else if constexpr (N == 1) {
      results(arguments, std::span<Tensor>(&result, 1));
    } else {
      results(arguments, std::span<Tensor>(result));
    }
    return result;
  }
};

namespace detail {
ACTINIUM_API FunctionBase compile(const ExprList& inputs, std::span<const Expr> outputs, const CompileOptions& options);
ACTINIUM_API void eval(std::span<const Expr> outputs, std::span<const Feed> feeds, std::span<Tensor> results);
}  // namespace detail

/// Compiles outputs as a function of inputs. Braces fix the number of outputs: `compile({x, W, b}, {y, dW, db})` is a
/// Function<3>; a std::vector gives Function<>. An input that no output needs is accepted. GraphError names an output's
/// input that is not listed, or a listed expression that is no input.
template <std::size_t N>
Function<N> compile(const ExprList& inputs, const Expr (&outputs)[N], const CompileOptions& options = {}) {
  return Function<N>(detail::compile(inputs, std::span<const Expr>(outputs, N), options).impl());
}
template <std::size_t N>
Function<N> compile(const ExprList& inputs, const std::array<Expr, N>& outputs, const CompileOptions& options = {}) {
  return Function<N>(detail::compile(inputs, std::span<const Expr>(outputs), options).impl());
}
template <std::same_as<Expr> E>
Function<1> compile(const ExprList& inputs, const E& output, const CompileOptions& options = {}) {
  return Function<1>(detail::compile(inputs, std::span<const Expr>(&output, 1), options).impl());
}
template <std::same_as<std::vector<Expr>> L>
Function<> compile(const ExprList& inputs, const L& outputs, const CompileOptions& options = {}) {
  return Function<>(detail::compile(inputs, std::span<const Expr>(outputs), options).impl());
}

/// The value at these inputs, by the interpreter: nothing is compiled, and the bits are those of a compiled function.
inline Tensor eval(const Expr& output, std::initializer_list<Feed> feeds = {}) {
  Tensor result;
  detail::eval(std::span(&output, 1), std::span(feeds.begin(), feeds.size()), std::span(&result, 1));
  return result;
}
template <std::size_t N>
std::array<Tensor, N> eval(const std::array<Expr, N>& outputs, std::initializer_list<Feed> feeds = {}) {
  std::array<Tensor, N> result;
  detail::eval(outputs, std::span(feeds.begin(), feeds.size()), result);
  return result;
}
inline std::vector<Tensor> eval(const std::vector<Expr>& outputs, std::span<const Feed> feeds) {
  std::vector<Tensor> result(outputs.size());
  detail::eval(outputs, feeds, result);
  return result;
}

}  // namespace actinium
