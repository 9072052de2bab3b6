// Parameters as structs: any nesting, names of leaves, gradients and state in the same type, files, mismatches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "actinium/actinium.h"

namespace ac = actinium;

namespace {

template <class T>
struct Dense {
  BOOST_HANA_DEFINE_STRUCT(Dense, (T, weight), (T, bias));
};
template <class T>
struct Deep {
  BOOST_HANA_DEFINE_STRUCT(Deep, (Dense<T>, first), (std::vector<Dense<T>>, blocks), (std::array<T, 2>, scales));
};

ac::Expr apply(const Deep<ac::Expr>& p, ac::Expr x) {
  ac::Expr h = tanh(matmul(x, p.first.weight) + p.first.bias);
  for (const auto& block : p.blocks) h = silu(matmul(h, block.weight) + block.bias);
  return sum(h * p.scales[0] + p.scales[1], 1);
}
ac::Expr loss(const Deep<ac::Expr>& p, ac::Expr x) { return mean(square(apply(p, x))); }

Deep<ac::Tensor> parameters(int blocks) {
  Deep<ac::Tensor> p;
  p.first = {ac::random_normal(1, {3, 4}), ac::Tensor::zeros({4})};
  for (int i = 0; i < blocks; ++i) p.blocks.push_back({ac::random_normal(2 + static_cast<std::uint64_t>(i), {4, 4}), ac::Tensor::zeros({4})});
  p.scales = {ac::Tensor::full({}, 0.5), ac::Tensor::full({}, 0.1)};
  return p;
}

TEST(Structs, LeavesHaveDottedPaths) {
  auto p = parameters(2);
  std::vector<std::string> names;
  ac::for_each_leaf(p, [&](const std::string& name, const ac::Tensor&) { names.push_back(name); });
  EXPECT_THAT(names, testing::ElementsAre("first.weight", "first.bias", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias",
                                          "scales.0", "scales.1"));
  EXPECT_EQ(ac::parameter_count(p), 12 + 4 + 2 * 20 + 2);
}

TEST(Structs, GradientsComeBackInTheSameTypeAndAreThoseOfTheGraph) {
  const auto p = parameters(2);
  const auto xs = ac::random_normal(9, {5, 3});
  const auto step = ac::compile(ac::value_and_grad(loss), p, ac::spec({"batch", 3}));
  const auto [value, grads] = step(p, xs);
  static_assert(std::same_as<std::remove_cvref_t<decltype(grads)>, Deep<ac::Tensor>>);
  ASSERT_EQ(grads.blocks.size(), 2u);
  EXPECT_EQ(step.inputs()[2].name, "blocks.0.weight");

  // The same by hand, leaf by leaf, against a difference quotient.
  const auto f = ac::compile(loss, p, ac::spec({"batch", 3}));
  EXPECT_EQ(f(p, xs).item(), value.item());
  for (int i = 0; i < 4; ++i) {
    auto up = p, down = p;
    up.blocks[1].weight = p.blocks[1].weight.clone();
    down.blocks[1].weight = p.blocks[1].weight.clone();
    up.blocks[1].weight.at<float>(i, 1) += 1e-2f;
    down.blocks[1].weight.at<float>(i, 1) -= 1e-2f;
    EXPECT_NEAR((f(up, xs).item() - f(down, xs).item()) / 2e-2, grads.blocks[1].weight(i, 1), 2e-3);
  }
}

TEST(Structs, FunctionsMayGiveAnyStructureOfExpressions) {
  const auto p = parameters(1);
  auto both = [](const Deep<ac::Expr>& q, ac::Expr x) { return std::tuple{apply(q, x), ac::grad(loss)(q, x), std::vector<ac::Expr>{x * 2.0}}; };
  const auto f = ac::compile(both, p, ac::spec({"batch", 3}));
  const auto xs = ac::random_normal(9, {5, 3});
  const auto [y, grads, list] = f(p, xs);
  EXPECT_EQ(y.extent(0), 5);
  EXPECT_EQ(grads.first.weight.extent(1), 4);
  EXPECT_EQ(list.at(0)(1, 2), 2 * xs(1, 2));
}

TEST(Structs, IntoWritesTheCallersTensors) {
  const auto p = parameters(1);
  const auto xs = ac::random_normal(9, {5, 3});
  const auto step = ac::compile(ac::value_and_grad(loss), p, ac::spec({"batch", 3}));
  auto result = step(p, xs);
  const auto expected = result.second.first.weight.clone();
  const void* memory = result.second.first.weight.raw();
  for (float& w : result.second.first.weight.span<float>()) w = 0;
  step.into(result, p, xs);
  EXPECT_EQ(result.second.first.weight.raw(), memory);
  EXPECT_TRUE(ac::same_bits(result.second.first.weight, expected));
}

TEST(Structs, AdamFollowsThePaper) {
  // One parameter, a constant gradient: each step moves by the learning rate, up to epsilon.
  struct Reference {
    double p = 1, m = 0, v = 0;
  } r;
  std::vector<ac::Tensor> params{ac::Tensor{1.0}}, grads{ac::Tensor{0.3}};
  ac::AdamState<std::vector<ac::Tensor>> state;
  for (int t = 1; t <= 10; ++t) {
    ac::adam(params, grads, state, {.learning_rate = 0.01});
    r.m = 0.9 * r.m + 0.1 * 0.3;
    r.v = 0.999 * r.v + 0.001 * 0.09;
    r.p -= 0.01 * (r.m / (1 - std::pow(0.9, t))) / (std::sqrt(r.v / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(params[0](0), r.p, 1e-14);
  }
  EXPECT_EQ(state.steps, 10);
}

TEST(Structs, AdamNamesTheLeafThatDoesNotFit) {
  auto p = parameters(1), g = parameters(1);
  g.blocks[0].bias = ac::Tensor::zeros({5});
  ac::AdamState<Deep<ac::Tensor>> state;
  try {
    ac::adam(p, g, state);
    FAIL();
  } catch (const ac::ShapeError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("blocks.0.bias"));
  }
}

TEST(Structs, SaveAndLoadByPath) {
  const std::string path = testing::TempDir() + "actinium_structs.npz";
  auto p = parameters(2), q = parameters(2);
  for (float& w : q.blocks[1].weight.span<float>()) w = 0;
  ac::save(path, p);
  ac::load(path, q);
  EXPECT_TRUE(ac::same_bits(p.blocks[1].weight, q.blocks[1].weight));
  auto fewer = parameters(1);
  EXPECT_THROW(ac::load(path, fewer), ac::IoError);
  auto more = parameters(3);
  EXPECT_THROW(ac::load(path, more), ac::IoError);
  EXPECT_EQ(more.blocks.size(), 3u);
  std::remove(path.c_str());
}

TEST(Structs, AWrongLayoutAtTheCallIsACallError) {
  const auto step = ac::compile(ac::value_and_grad(loss), parameters(2), ac::spec({"batch", 3}));
  const auto xs = ac::random_normal(9, {5, 3});
  EXPECT_THROW(step(parameters(1), xs), ac::CallError);
  auto p = parameters(2);
  p.first.bias = ac::Tensor::zeros({7});
  EXPECT_THROW(step(p, xs), ac::CallError);
}

}  // namespace
