// Case 11: mean softmax cross-entropy with integer labels, 256 x 1000, and its gradient.
#include "hand.hpp"
#include "loops.hpp"
#include "network.hpp"

namespace bench {
namespace {

Row cross_entropy(const Settings& settings) {
  constexpr std::int64_t rows = 256, classes = 1000;
  Row row;
  row.goals = {{"hand", 1}, {"JAX", 3.7}};
  const auto x = row.input("L", ac::random_normal(1, {rows, classes}, 0, 2));
  const auto y = row.input("y", random_labels(2, rows, classes));
  ac::Graph g;
  const auto xe = g.input("L", {"rows", "classes"}), ye = g.input("y", {"rows"}, ac::i32);
  const auto loss = mean(softmax_cross_entropy(xe, ye));
  const auto f = ac::compile({xe, ye}, {loss, ac::grad(loss, xe)}, settings.options());
  row.contenders.push_back(ours(f, {x, y}, {ac::Tensor::zeros({}), ac::Tensor::zeros({rows, classes})}));
  if (settings.native) {
    auto value = ac::Tensor::zeros({}), dx = ac::Tensor::zeros({rows, classes});
    const float* xp = x.data<float>();
    const std::int32_t* yp = y.data<std::int32_t>();
    float *vp = value.data<float>(), *dp = dx.data<float>();
    if (hand::available()) {
      using enum hand::Functions;
      const std::vector<ac::Tensor> out{value, dx};
      row.contenders.push_back(
          {"hand", "AVX-512", [=] { *vp = hand::cross_entropy<moderate>(xp, yp, dp, rows, classes); }, out});
      row.contenders.push_back(
          {hand_bounds, "AVX-512", [=] { *vp = hand::cross_entropy<bounded>(xp, yp, dp, rows, classes); }, out});
    }
    row.contenders.push_back(
        {"libmvec", "loop", [=] { *vp = loops::cross_entropy(xp, yp, dp, rows, classes); }, {value, dx}});
  }
  return row;
}

}  // namespace

void add_cross_entropy(std::vector<Entry>& entries) {
  entries.push_back(
      {11, "11", "softmax cross-entropy, integer labels, 256x1000 f32: value and gradient", cross_entropy});
}

}  // namespace bench
