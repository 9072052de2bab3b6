// VectorProgram gives the bits of machine::evaluate, for every body and every length of a row.
#include "interpret/vector_program.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "actinium/error.h"
#include "math/functions.hpp"
#include "math/var.hpp"
#include "ops/op.hpp"

namespace actinium::interpret {
namespace {

using machine::Type;

template <class T>
std::vector<T> samples(int n) {
  std::mt19937_64 random(7);
  std::vector<T> values{T(0),
                        -T(0),
                        T(1),
                        T(-1),
                        T(0.5),
                        T(88.8),
                        T(-104),
                        T(1e-8),
                        T(40),
                        std::numeric_limits<T>::infinity(),
                        -std::numeric_limits<T>::infinity(),
                        std::numeric_limits<T>::quiet_NaN(),
                        std::numeric_limits<T>::denorm_min(),
                        std::numeric_limits<T>::max(),
                        T(1e22),
                        T(-3e5)};
  std::uniform_real_distribution<double> exponent(-30, 30);
  while (static_cast<int>(values.size()) < n) {
    values.push_back(static_cast<T>(std::exp2(exponent(random)) * (random() % 2 == 0 ? 1 : -1)));
  }
  values.resize(static_cast<std::size_t>(n));
  return values;
}

template <class T>
std::uint64_t encode(T x) {
  if constexpr (sizeof(T) == 8)
    return std::bit_cast<std::uint64_t>(x);
  else if constexpr (sizeof(T) == 4)
    return std::bit_cast<std::uint32_t>(x);
  else
    return static_cast<std::uint64_t>(x);
}

std::uint64_t read(Type type, const void* p, int i) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, static_cast<const char*>(p) + static_cast<std::size_t>(i) * size_of(type), size_of(type));
  return bits;
}

bool same(Type type, std::uint64_t a, std::uint64_t b) {
  if (a == b) return true;
  if (type == Type::f32)
    return std::isnan(std::bit_cast<float>(static_cast<std::uint32_t>(a))) &&
           std::isnan(std::bit_cast<float>(static_cast<std::uint32_t>(b)));
  if (type == Type::f64) return std::isnan(std::bit_cast<double>(a)) && std::isnan(std::bit_cast<double>(b));
  return false;
}

struct Frame {
  explicit Frame(std::size_t bytes) : memory(bytes + 64) {}
  void* get() { return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64); }
  std::vector<char> memory;
};

/// Runs `code` over n elements of each argument; the second argument is uniform if asked.
template <class T>
void compare(const machine::Code& code, const std::vector<std::vector<T>>& arguments, int n, bool fused,
             bool second_uniform, const std::string& name) {
  std::vector<VectorProgram::Input> inputs;
  std::vector<Source> sources;
  for (std::size_t i = 0; i < code.inputs.size(); ++i) {
    inputs.push_back({code.inputs[i], second_uniform && i == 1});
    sources.push_back({arguments[i].data(), 1, 0});
  }
  const VectorProgram program(code, inputs, fused);
  Frame frame(program.frame_bytes());
  program.begin_row(sources.data(), frame.get());
  for (int start = 0; start < n; start += program.width()) {
    const int count = std::min(program.width(), n - start);
    program.run(sources.data(), start, count, frame.get());
    const VectorValue out = program.output(0, frame.get());
    for (int i = 0; i < count; ++i) {
      std::vector<std::uint64_t> bits;
      for (std::size_t a = 0; a < code.inputs.size(); ++a) {
        bits.push_back(encode(arguments[a][inputs[a].uniform ? 0 : static_cast<std::size_t>(start + i)]));
      }
      const std::uint64_t expected = machine::evaluate(code, bits, fused)[0];
      const std::uint64_t actual = read(program.output_type(0), out.data, out.step == 0 ? 0 : i);
      ASSERT_TRUE(same(program.output_type(0), expected, actual))
          << name << " at " << start + i << " of " << n << ", x = "
          << std::bit_cast<T>(static_cast<std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>>(bits[0]))
          << ": " << std::hex << expected << " but " << actual;
    }
  }
}

/// exp_of_sum takes a number that is not large, a rounding error of it, and a factor that is not far from 1.
template <class T>
void restrict_to_domain(ops::Op op, std::vector<std::vector<T>>& arguments) {
  if (op != ops::Op::exp_of_sum) return;
  for (std::size_t i = 0; i < arguments[0].size(); ++i) {
    T& x = arguments[0][i];
    if (!std::isnan(x)) x = std::isinf(x) ? T{-1600} : -std::abs(std::fmod(x, T{800}));
    arguments[1][i] = x * static_cast<T>(i % 2 == 0 ? 0x1p-26 : -0x1p-26);
    T& factor = arguments[2][i];
    if (std::abs(factor) > T{0x1p30} || std::abs(factor) < T{0x1p-30}) factor = static_cast<T>(i) - 3;
  }
}

template <class T>
void compare_all() {
  for (const ops::OpInfo& info : ops::op_table) {
    if (info.kind != ops::Kind::elementwise || info.op == ops::Op::select || info.op == ops::Op::cast ||
        !math::has_body(info.op, dtype_of<T>))
      continue;
    const machine::Code& code = math::body(info.op, dtype_of<T>);
    for (int n : {1, 3, 16, 17, 511, 1300}) {
      std::vector<std::vector<T>> arguments;
      for (std::size_t i = 0; i < code.inputs.size(); ++i) {
        arguments.push_back(samples<T>(n));
        std::rotate(arguments.back().begin(), arguments.back().begin() + static_cast<std::ptrdiff_t>(i) * 7 % n,
                    arguments.back().end());
      }
      restrict_to_domain(info.op, arguments);
      for (bool fused : {true, false}) {
        compare<T>(code, arguments, n, fused, false, std::string(info.name));
        compare<T>(code, arguments, n, fused, true, std::string(info.name));
      }
    }
  }
}

TEST(InterpretVectorProgram, AllBodiesOfF32AreThoseOfTheScalarEvaluator) { compare_all<float>(); }
TEST(InterpretVectorProgram, AllBodiesOfF64AreThoseOfTheScalarEvaluator) { compare_all<double>(); }

TEST(InterpretVectorProgram, EveryInstructionSetGivesTheSameBits) {
  const std::vector<double> x = samples<double>(64), y = [] {
    std::vector<double> v = samples<double>(64);
    std::rotate(v.begin(), v.begin() + 5, v.end());
    return v;
  }();
  for (int op = static_cast<int>(machine::Op::add); op <= static_cast<int>(machine::Op::ceil); ++op) {
    const OpFunction narrow = baseline::ops.find(static_cast<machine::Op>(op), Type::f64, Type::f64, true);
    const OpFunction chosen = vector_ops().find(static_cast<machine::Op>(op), Type::f64, Type::f64, true);
    std::vector<double> a(64), b(64);
    narrow({a.data(), x.data(), y.data(), x.data(), group, group, group}, 4);
    chosen({b.data(), x.data(), y.data(), x.data(), group, group, group}, 4);
    for (std::size_t i = 0; i < 64; ++i) {
      ASSERT_TRUE(same(Type::f64, encode(a[i]), encode(b[i]))) << "operation " << op << " at " << x[i] << ", " << y[i];
    }
  }
}

TEST(InterpretVectorProgram, ManyLiveValuesNeedNoMoreThanTheirRegisters) {
  machine::Builder builder;
  const machine::Var x = builder.input(Type::f64);
  std::vector<machine::Var> powers{x};
  for (int i = 0; i < 100; ++i) powers.push_back(powers.back() * x + 1.0);
  machine::Var sum = powers[0];
  for (const machine::Var p : powers) sum = sum + p;
  const machine::Code code = builder.finish(std::vector{sum});
  compare<double>(code, {samples<double>(300)}, 300, true, false, "powers");
}

}  // namespace
}  // namespace actinium::interpret
