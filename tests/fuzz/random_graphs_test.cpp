// Random graphs over primitives and activations, values and gradients: interpreter, JIT, narrower vectors and two threads give the
// same bits; simplification changes nothing beyond rounding. ACTINIUM_FUZZ_SEED and ACTINIUM_FUZZ_RUNS choose what is run.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "actinium/actinium.h"
#include "actinium/io.h"
#include "actinium/parse.h"
#include "passes/pass.hpp"
#include "runtime/finite_hunt.hpp"
#include "runtime/function_impl.hpp"

namespace ac = actinium;

namespace {

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

/// Grows a list of expressions of one float type by random operations on earlier ones.
class Generator {
 public:
  Generator(std::uint64_t seed, ac::DType dtype) : random_(seed), graph_(dtype), dtype_(dtype) {
    sizes_ = {{"n", 1 + static_cast<std::int64_t>(pick(40))}, {"k", 1 + static_cast<std::int64_t>(pick(300))}};
    const ac::Dim n("n"), k("k");
    for (const ac::Shape& shape : {ac::Shape{n, 7}, ac::Shape{7, k}, ac::Shape{n, k}, ac::Shape{7}, ac::Shape{}, ac::Shape{n, 1}, ac::Shape{2, n, 7}})
      add_input(shape);
  }

  void grow(int operations) {
    for (int i = 0; i < operations; ++i) {
      try {
        step();
      } catch (const ac::Error&) {
        // Shapes or types that do not fit: another operation is tried.
      }
    }
  }

  /// The latest expressions, and the gradients of a scalar made of them.
  std::vector<ac::Expr> outputs() {
    std::vector<ac::Expr> list(values_.end() - 3, values_.end());
    ac::Expr total = sum(list[0]);
    for (std::size_t i = 1; i < list.size(); ++i) total = total + mean(list[i] * list[i]);
    for (const ac::Expr& g : ac::grad(total, std::vector<ac::Expr>{inputs_[0], inputs_[2], inputs_[3]})) list.push_back(g);
    return list;
  }
  const std::vector<ac::Expr>& inputs() const { return inputs_; }

  std::vector<ac::Tensor> arguments() {
    std::vector<ac::Tensor> list;
    for (const ac::Expr& e : inputs_) {
      std::vector<ac::Dim> dims;
      for (const ac::Dim& d : e.shape()) dims.emplace_back(d.evaluate(sizes_));
      list.push_back(ac::random_normal(random_.next(), ac::Shape(dims), 0, pick(4) == 0 ? 30 : 1, dtype_));
      if (pick(3) == 0 && list.back().size() > 0) spoil(list.back());
    }
    return list;
  }

 private:
  std::size_t pick(std::size_t n) { return static_cast<std::size_t>(random_.below(n)); }
  const ac::Expr& any() { return values_[pick(values_.size())]; }

  void add_input(const ac::Shape& shape) {
    inputs_.push_back(graph_.input("x" + std::to_string(inputs_.size()), shape));
    values_.push_back(inputs_.back());
  }

  /// A special value somewhere.
  void spoil(ac::Tensor& t) {
    static constexpr double special[] = {0.0, -0.0, 1e-30, -1e30, HUGE_VAL, -HUGE_VAL, NAN, 1.0};
    const auto at = static_cast<std::int64_t>(pick(static_cast<std::size_t>(t.size())));
    const double value = special[pick(8)];
    if (dtype_ == ac::f32) {
      t.data<float>()[at] = static_cast<float>(value);
    } else {
      t.data<double>()[at] = value;
    }
  }

  ac::Expr unary(const ac::Expr& x) {
    using F = ac::Expr (*)(ac::At);
    static const F functions[] = {ac::abs,   ac::sign,  ac::exp,   ac::expm1, ac::log,   ac::log1p, ac::sqrt,  ac::square, ac::sin,
                                  ac::cos,   ac::tan,   ac::atan,  ac::sinh,  ac::cosh,  ac::asinh, ac::erf,   ac::erfc,   ac::floor,
                                  ac::round, ac::sech2, ac::gauss, ac::neg,   ac::cbrt,  ac::exp2,  ac::log2,  ac::rsqrt,  ac::reciprocal,
                                  ac::asin,  ac::acos,  ac::acosh, ac::atanh, ac::log10, ac::trunc, ac::ceil,  ac::normcdf};
    return functions[pick(std::size(functions))](x);
  }

  ac::Expr activation(const ac::Expr& x) {
    static const char* names[] = {"sigmoid", "tanh",      "relu",     "silu",         "gelu",       "mish",        "elu",    "softplus",
                                  "selu",    "log_sigmoid", "softsign", "hard_sigmoid", "leaky_relu", "gelu_tanh", "softmax", "log_softmax"};
    return ac::activation(names[pick(std::size(names))])(x);
  }

  ac::Expr binary(const ac::Expr& a, const ac::Expr& b) {
    switch (pick(9)) {
      case 0: return a + b;
      case 1: return a - b;
      case 2: return a * b;
      case 3: return a / b;
      case 4: return max(a, b);
      case 5: return min(a, b);
      case 6: return ac::atan2(a, b);
      case 7: return ac::hypot(a, b);
      default: return where(a > b, a * 0.5, b);
    }
  }

  ac::Expr structure(const ac::Expr& x) {
    if (x.rank() == 0) return x * 2.0;
    const int axis = static_cast<int>(pick(static_cast<std::size_t>(x.rank())));
    switch (pick(8)) {
      case 0: return x.T();
      case 1: return flip(x, axis);
      case 2: return x.shape()[axis].is_constant() && x.shape()[axis].constant() > 2 ? slice(x, 1, std::nullopt, 2, axis) : x;
      case 3: return ac::concat({x, x * 2.0}, axis);
      case 4: return flatten(x);
      case 5: return cumsum(x, axis);
      case 6: return sort(x, axis);
      default: return expand_dims(x, axis);
    }
  }

  ac::Expr reduction(const ac::Expr& x) {
    if (x.rank() == 0) return x;
    const int axis = static_cast<int>(pick(static_cast<std::size_t>(x.rank())));
    const ac::Axes axes = pick(3) == 0 ? ac::Axes{} : ac::Axes{axis};
    const bool keepdims = pick(2) == 0;
    switch (pick(6)) {
      case 0: return sum(x, axes, keepdims);
      case 1: return mean(x, axes, keepdims);
      case 2: return reduce_max(x, axes, keepdims);
      case 3: return reduce_min(x, axes, keepdims);
      case 4: return logsumexp(x, axes, keepdims);
      default: return prod(x, axes, keepdims);
    }
  }

  void step() {
    const ac::Expr x = any(), y = any();
    ac::Expr z;
    switch (pick(10)) {
      case 0:
      case 1: z = unary(x); break;
      case 2: z = activation(x); break;
      case 3:
      case 4:
      case 5: z = binary(x, y); break;
      case 6: z = structure(x); break;
      case 7: z = reduction(x); break;
      case 8: z = matmul(x, y); break;
      default: z = clamp(x, -2.0, 3.0) + 0.25; break;
    }
    // Sizes stay small, whatever was concatenated.
    if (z.shape().size().evaluate(sizes_) <= 100000) values_.push_back(z);
  }

  ac::Philox random_;
  ac::Graph graph_;
  ac::DType dtype_;
  ac::Bindings sizes_;
  std::vector<ac::Expr> inputs_, values_;
};

ac::Tensor flat(const ac::Tensor& t) { return t.reshape(std::vector<std::int64_t>{t.size()}); }

std::string difference(const ac::Tensor& a, const ac::Tensor& b) {
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = flat(a)(i), y = flat(b)(i);
    if (x != y && !(x != x && y != y)) return "element " + std::to_string(i) + ": " + std::to_string(x) + " and " + std::to_string(y);
  }
  return "a sign of zero, or shapes";
}

class RandomGraphs : public testing::TestWithParam<int> {};

TEST_P(RandomGraphs, EveryEngineGivesTheSameBits) {
  const std::uint64_t seed = setting("ACTINIUM_FUZZ_SEED", 20240) + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("ACTINIUM_FUZZ_SEED=" + std::to_string(seed) + " ACTINIUM_FUZZ_RUNS=1");
  Generator generator(seed, seed % 2 == 0 ? ac::f32 : ac::f64);
  generator.grow(24);
  const std::vector<ac::Expr> outputs = generator.outputs();
  const std::vector<ac::Tensor> arguments = generator.arguments();
  const auto reference = ac::compile(generator.inputs(), outputs, {.engine = ac::Engine::interpret})(arguments);
  const ac::CompileOptions others[] = {{.threads = 1, .engine = ac::Engine::jit},
                                       {.threads = 2, .engine = ac::Engine::jit},
                                       {.threads = 1, .engine = ac::Engine::jit, .isa = "x86-64-v3"}};
  for (const ac::CompileOptions& options : others) {
    const auto results = ac::compile(generator.inputs(), outputs, options)(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_TRUE(ac::same_bits(reference[i], results[i]))
          << options.isa << ", " << options.threads << " threads, output " << i << ", " << difference(reference[i], results[i]) << "\n"
          << outputs[i];
  }
}

TEST_P(RandomGraphs, TextReadsBackAsTheSameFunction) {
  const std::uint64_t seed = setting("ACTINIUM_FUZZ_SEED", 20240) + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("ACTINIUM_FUZZ_SEED=" + std::to_string(seed) + " ACTINIUM_FUZZ_RUNS=1");
  Generator generator(seed, ac::f64);
  generator.grow(16);
  const auto arguments = generator.arguments();
  auto declare = [&](ac::Graph& g) {
    std::vector<ac::Expr> inputs;
    for (const ac::Expr& input : generator.inputs()) inputs.push_back(g.input(ac::to_string(input), input.shape()));
    return inputs;
  };
  for (const ac::Expr& e : generator.outputs()) {
    const std::string text = ac::to_string(e);
    SCOPED_TRACE(text);
    ac::Graph g(ac::f64), again(ac::f64);
    const auto inputs = declare(g);
    declare(again);
    const ac::Expr read = ac::parse(g, text);
    // Numbers that met before they met the graph have joined: once read, the text stays as it is.
    EXPECT_EQ(ac::to_string(ac::parse(again, ac::to_string(read))), ac::to_string(read));
    const ac::CompileOptions interpreted{.engine = ac::Engine::interpret};
    const auto expected = ac::compile(generator.inputs(), e, interpreted)(arguments);
    const auto value = ac::compile(inputs, read, interpreted)(arguments);
    EXPECT_TRUE(ac::same_bits(expected, value)) << difference(expected, value);
  }
}

bool is_finite(const ac::Tensor& t) {
  for (std::int64_t i = 0; i < t.size(); ++i)
    if (!std::isfinite(flat(t)(i))) return false;
  return true;
}

/// The sieve of check_finite lets nothing pass that the hunt finds, and what passes has the bits that it has without; of finite inputs
/// (and no infinite constants) nothing that is not finite passes at all.
TEST_P(RandomGraphs, CheckFiniteLetsNothingPass) {
  const std::uint64_t seed = setting("ACTINIUM_FUZZ_SEED", 20240) + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("ACTINIUM_FUZZ_SEED=" + std::to_string(seed) + " ACTINIUM_FUZZ_RUNS=1");
  Generator generator(seed, seed % 2 == 0 ? ac::f32 : ac::f64);
  generator.grow(14);
  const std::vector<ac::Expr> outputs = generator.outputs();
  const ac::CompileOptions options{.threads = 1, .engine = seed % 3 == 0 ? ac::Engine::jit : ac::Engine::interpret, .check_finite = true};
  const auto checked = ac::compile(generator.inputs(), outputs, options);
  const auto plain = ac::compile(generator.inputs(), outputs, {.threads = 1, .engine = ac::Engine::interpret});
  const ac::runtime::FunctionImpl& impl = *checked.impl();
  const ac::Module recognised = ac::compact(ac::passes::run(impl.source, ac::passes::pipeline(false).first(1)));
  const ac::runtime::WrittenAsNan nans(impl.repairs);
  const ac::runtime::Hunter hunter(recognised, nans, 1);
  for (int call = 0; call < 3; ++call) {
    const std::vector<ac::Tensor> arguments = generator.arguments();
    std::vector<ac::ArrayRef> arrays;
    ac::Bindings sizes;
    bool finite = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      arrays.push_back(arguments[i].array());
      finite = finite && is_finite(arguments[i]);
      const ac::Shape& shape = generator.inputs()[i].shape();
      for (int d = 0; d < shape.rank(); ++d)
        if (!shape[d].is_constant()) sizes[shape[d].symbols()[0]] = arguments[i].extent(d);
    }
    std::string hunted, said;
    try {
      hunter.run(arrays, sizes);
    } catch (const ac::NonFiniteError& e) {
      hunted = e.what();
    }
    std::vector<ac::Tensor> results;
    try {
      results = checked(arguments);
    } catch (const ac::NonFiniteError& e) {
      said = e.what();
    }
    EXPECT_EQ(hunted, said);
    const std::vector<ac::Tensor> expected = plain(arguments);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(ac::same_bits(results[i], expected[i])) << outputs[i];
      EXPECT_TRUE(!finite || is_finite(results[i])) << outputs[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphs, testing::Range(0, static_cast<int>(setting("ACTINIUM_FUZZ_RUNS", 60))));

}  // namespace
