// Misuses of compile and of calls, one each, with the message. A refused call has written nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <functional>

#include "actinium/actinium.h"

namespace actinium {
namespace {

using testing::HasSubstr;

template <class E>
std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another exception: ") + e.what();
  }
  return "no exception";
}

class CallErrors : public testing::Test {
 protected:
  Graph g{f32};
  Expr x = g.input("x", {"batch", 64}), b = g.input("b", {64}), i = g.input("i", {"k"}, i32);
  Function<2> f = compile({x, b, i}, {x + b, gather(b, i).named("picked")}, {.engine = Engine::interpret});
  Tensor xs = Tensor::ones({2, 64}), bs = Tensor::ones({64}), y = Tensor::full({2, 64}, -1), p = Tensor::full({3}, -1);
  std::vector<std::int32_t> is{0, 63, -64};

  std::string refused(std::initializer_list<ArrayRef> in, std::initializer_list<MutableArrayRef> out) {
    const std::string message = message_of<CallError>([&] { f.call(in, out); });
    EXPECT_EQ(y, Tensor::full({2, 64}, -1));
    EXPECT_EQ(p, Tensor::full({3}, -1));
    return message;
  }
};

TEST_F(CallErrors, Counts) {
  EXPECT_EQ(refused({xs, bs}, {y, p}), "3 inputs expected (x, b, i), 2 given");
  EXPECT_EQ(refused({xs, bs, is}, {y}), "2 outputs expected ([batch, 64], picked), 1 given");
}

TEST_F(CallErrors, Types) {
  const Tensor wide = xs.cast(f64);
  EXPECT_EQ(refused({wide, bs, is}, {y, p}),
            "x is f32, the argument is f64: declare Graph g{ac::f64} or convert the argument");
  const std::vector<std::int64_t> longs{0, 1, 2};
  EXPECT_EQ(refused({xs, bs, longs}, {y, p}), "i is i32, the argument is i64: convert the argument");
  Tensor out = y.cast(f64);
  EXPECT_EQ(refused({xs, bs, is}, {out, p}),
            "output 0 is f32, the argument is f64: declare Graph g{ac::f64} or convert the argument");
}

TEST_F(CallErrors, RanksAndSizes) {
  EXPECT_EQ(refused({bs.reshape({1, 1, 64}), bs, is}, {y, p}), "x is [batch, 64], the argument is [1, 1, 64]");
  EXPECT_EQ(refused({Tensor::ones({2, 65}), bs, is}, {y, p}),
            "x is [batch, 64] with batch = 2, the argument is [2, 65]");
  EXPECT_EQ(refused({xs, Tensor::ones({63}), is}, {y, p}), "b is [64], the argument is [63]");
  Tensor three = Tensor::ones({3, 64});
  EXPECT_EQ(refused({xs, bs, is}, {three, p}), "output 0 is [batch, 64] with batch = 2, the argument is [3, 64]");
  std::vector<float> short_one(5);
  EXPECT_EQ(refused({xs, bs, is}, {y, short_one}), "output 1 (picked) is [k] with k = 3, the argument is [5]");
}

TEST_F(CallErrors, FlatArrays) {
  const std::vector<float> odd(100);
  EXPECT_EQ(refused({odd, bs, is}, {y, p}), "x is [batch, 64], the argument has 100 elements: no batch fits");
  Graph h{f32};
  const Expr u = h.input("u", {"m", "n"}), v = h.input("v", {"n"});
  const auto two = compile({u}, {u * 2.0}, {.engine = Engine::interpret});
  EXPECT_EQ(
      message_of<CallError>([&] { two(odd); }),
      "u is [m, n] and the argument has no shape, just 100 elements: m, n are unknown; pass a Tensor or ac::view(pointer, {sizes})");
  const auto both = compile({u, v}, {u * v}, {.engine = Engine::interpret});
  EXPECT_EQ(both(odd, std::vector<float>(25)).extent(0), 4);
  EXPECT_EQ(message_of<CallError>([&] { both(odd, std::vector<float>(7)); }),
            "u is [m, n] with n = 7, the argument has 100 elements: no m fits");
}

TEST_F(CallErrors, SymbolsThatDisagree) {
  Graph h{f64};
  const Expr u = h.input("u", {"n"}), v = h.input("v", {2 * Dim{"n"} + 1});
  const auto k = compile({u, v}, {sum(u) + sum(v)}, {.engine = Engine::interpret});
  EXPECT_EQ(message_of<CallError>([&] { k(std::vector<double>(3), std::vector<double>(8)); }),
            "v is [2*n + 1] with n = 3, the argument is [8]");
}

TEST_F(CallErrors, Addresses) {
  EXPECT_EQ(refused({view(static_cast<const float*>(nullptr), {2, 64}), bs, is}, {y, p}), "x: the address is null");
  std::vector<char> bytes(3 * 4 + 8);
  const auto* crooked =
      reinterpret_cast<const float*>((reinterpret_cast<std::uintptr_t>(bytes.data()) + 7) / 4 * 4 + 1);
  EXPECT_EQ(refused({xs, view(crooked, {64}, {0}), is}, {y, p}),
            "b: the address is not aligned to 4 bytes, the size of f32");
}

TEST_F(CallErrors, Aliases) {
  Tensor both = Tensor::ones({2, 64});
  EXPECT_EQ(refused({both, bs, is}, {both, p}), "output 0 shares memory with x");
  EXPECT_EQ(both, Tensor::ones({2, 64}));
  EXPECT_EQ(refused({xs, bs, is}, {y, view(y.data<float>() + 5, {3})}),
            "output 1 (picked) shares memory with output 0");
  EXPECT_EQ(refused({xs, bs, is}, {view(both.data<float>(), {2, 64}, {0, 1}), p}),
            "output 0: strides [0, 1] let elements of the array share memory");
}

TEST_F(CallErrors, ColumnsOfOneMatrixShareNothing) {
  Graph h{f64};
  const Expr u = h.input("u", {"n"});
  const auto k = compile({u}, {u * 2.0, u + 1.0}, {.engine = Engine::interpret});
  Eigen::Matrix<double, 4, 3, Eigen::RowMajor> m = Eigen::Matrix<double, 4, 3, Eigen::RowMajor>::Ones();
  k.call({m.col(0)}, {m.col(1), m.col(2)});
  EXPECT_EQ(m(3, 1), 2);
  EXPECT_EQ(message_of<CallError>([&] { k.call({m.col(0)}, {m.col(1), m.col(1)}); }),
            "output 1 shares memory with output 0");
  EXPECT_EQ(message_of<CallError>([&] { k.call({m.col(0)}, {m.col(1), view(m.data() + 9, {4}, {-3})}); }),
            "output 1 shares memory with u");
}

TEST_F(CallErrors, Indices) {
  const std::vector<std::int32_t> over{0, 64, 1}, under{0, 1, -65};
  EXPECT_EQ(refused({xs, bs, over}, {y, p}),
            "i: element 1 is 64, used as an index (gather) into 64 elements: it must be in [-64, 64)");
  EXPECT_THAT(refused({xs, bs, under}, {y, p}), HasSubstr("i: element 2 is -65"));
  f.call({xs, bs, is}, {y, p});
  EXPECT_EQ(p, Tensor::ones({3}));
}

TEST_F(CallErrors, LabelsDoNotCountFromTheEnd) {
  Graph h{f32};
  const Expr u = h.input("u", {"n", 3}), label = h.input("label", {"n"}, i32);
  const auto loss = compile({u, label}, softmax_cross_entropy(u, label));
  const Tensor rows = Tensor::zeros({2, 3});
  EXPECT_EQ(message_of<CallError>([&] { loss(rows, std::vector<std::int32_t>{2, -1}); }),
            "label: element 1 is -1, used as an index (softmax_cross_entropy) into 3 elements: it must be in [0, 3)");
  EXPECT_THAT(message_of<CallError>([&] { loss(rows, std::vector<std::int32_t>{3, 0}); }),
              HasSubstr("label: element 0 is 3"));
  EXPECT_NO_THROW(loss(rows, std::vector<std::int32_t>{0, 2}));
}

TEST_F(CallErrors, SizesThatRunOut) {
  Graph h{f64};
  const Expr u = h.input("u", {"n"});
  const auto tail = compile({u}, {sum(slice(u, 5))}, {.engine = Engine::interpret});
  EXPECT_EQ(tail(std::vector<double>{1, 2, 3, 4, 5, 6}).item(), 6);
  EXPECT_EQ(tail(std::vector<double>(5)).item(), 0);
  EXPECT_THAT(message_of<CallError>([&] { tail(std::vector<double>(3)); }),
              HasSubstr("[slice] the size n - 5 would be negative: n = 3"));
  const auto window = compile({u}, {slice(u, 2, 4)}, {.engine = Engine::interpret});
  EXPECT_EQ(window(std::vector<double>{1, 2, 3, 4}), (Tensor{3.0, 4.0}));
  EXPECT_THAT(message_of<CallError>([&] { window(std::vector<double>(3)); }), HasSubstr("call_test.cpp"));
  EXPECT_THAT(message_of<CallError>([&] { window(std::vector<double>(3)); }),
              HasSubstr("[slice] elements 2 to 3 of an axis of size n: n = 3"));
}

TEST_F(CallErrors, Names) {
  EXPECT_EQ(message_of<CallError>([&] { f.by_name({{"x", xs}, {"b", bs}}); }), "i is not given");
  EXPECT_EQ(message_of<CallError>([&] { f.by_name({{"x", xs}, {"bias", bs}, {"i", is}}); }),
            "no input is named bias: there are x, b, i");
  EXPECT_EQ(message_of<CallError>([&] { f.by_name({{"x", xs}, {"x", bs}, {"i", is}}); }), "x is given twice");
}

TEST_F(CallErrors, NumbersThatDoNotConvert) {
  Graph h{f64};
  const Expr u = h.input("u", {}), n = h.input("n", {}, i32);
  const auto k = compile({u, n}, {u * cast(n, f64)}, {.engine = Engine::interpret});
  EXPECT_EQ(k(2.5f, 3).item(), 7.5);
  EXPECT_EQ(message_of<CallError>([&] { k(1, 2.5); }), "n is i32, the argument is f64: convert the argument");
  EXPECT_EQ(message_of<CallError>([&] { k(1, std::int64_t{1} << 40); }),
            "n is i32, the argument is i64: convert the argument");
  float single = 1;
  std::int32_t three = 3;
  double out = 0;
  EXPECT_THAT(message_of<CallError>([&] { k.bind({single, three}, {out}); }),
              HasSubstr("u is f64, the number bound to it is f32"));
}

TEST_F(CallErrors, EmptyFunction) {
  const Function<1> none;
  EXPECT_THAT(message_of<CallError>([&] { none(); }), HasSubstr("empty Function"));
}

TEST(CompileErrors, InputsAndGraphs) {
  Graph g{f64}, h{f64};
  const Expr x = g.input("x", {"n"}), w = g.input("weight", {"n"}), other = h.input("x", {"n"});
  EXPECT_THAT(message_of<GraphError>([&] { compile({x}, {x * w}); }),
              HasSubstr("an output needs the input weight [n]"));
  EXPECT_THAT(message_of<GraphError>([&] { compile({x, x + w}, {x}); }),
              HasSubstr("input 1 of the list is [n], no input of the graph"));
  EXPECT_THAT(message_of<GraphError>([&] { compile({x, 1.0}, {x}); }), HasSubstr("input 1 of the list is a number"));
  EXPECT_THAT(message_of<GraphError>([&] { compile({x, x}, {x}); }), HasSubstr("input x is listed twice"));
  EXPECT_THAT(message_of<GraphError>([&] { compile({x, other}, {x}); }), HasSubstr("two graphs"));
  EXPECT_THAT(message_of<GraphError>([&] { compile({x}, {x + cast(g.size("rows"), f64)}); }),
              HasSubstr("an output needs the size rows"));
  EXPECT_THAT(message_of<ValueError>([&] { compile({x}, {x}, {.threads = -1}); }), HasSubstr("-1 threads"));
}

// What must not compile.
static_assert(!std::is_constructible_v<detail::Kept, std::vector<double>>, "bind refuses temporaries");
static_assert(!std::is_constructible_v<detail::Kept, Tensor> && !std::is_constructible_v<detail::Kept, double>);
static_assert(std::is_constructible_v<detail::Kept, std::span<const double>> &&
              std::is_constructible_v<detail::Kept, const Tensor&>);
static_assert(!std::is_constructible_v<detail::KeptMutable, const Tensor&> &&
              std::is_constructible_v<detail::KeptMutable, Tensor&>);
static_assert(!std::is_convertible_v<const std::vector<double>&, MutableArrayRef> &&
              !std::is_convertible_v<std::span<const float>, MutableArrayRef>);
static_assert(!std::is_convertible_v<const Eigen::MatrixXd&, MutableArrayRef> &&
              !std::is_convertible_v<Eigen::Map<const Eigen::MatrixXd>, MutableArrayRef>);
static_assert(!array_like<std::string> && !array_like<std::vector<bool>> && !array_like<std::vector<short>>);

}  // namespace
}  // namespace actinium
