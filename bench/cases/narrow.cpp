// Case 7: tanh(X W) for a million rows of three numbers, and the gradients of its sum.
#include "eigen.hpp"
#include "hand.hpp"
#include "loops.hpp"
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t rows = 1'000'000;

using enum hand::Functions;

void native(Row& row, const ac::Tensor& x, const ac::Tensor& w, bool gradients) {
  auto value = ac::Tensor::zeros({}), y = ac::Tensor::zeros({rows, 3}), dw = ac::Tensor::zeros({3, 3});
  const float *xp = x.data<float>(), *wp = w.data<float>();
  float *vp = value.data<float>(), *yp = y.data<float>(), *dwp = dw.data<float>();
  if (gradients) {
    const std::vector<ac::Tensor> out{value, y, dw};
    if (hand::available()) {
      row.contenders.push_back(
          {"hand", "AVX-512", [=] { *vp = hand::narrow_gradient<moderate>(xp, wp, yp, dwp, rows); }, out});
      row.contenders.push_back(
          {hand_bounds, "AVX-512", [=] { *vp = hand::narrow_gradient<bounded>(xp, wp, yp, dwp, rows); }, out});
    }
  } else {
    if (hand::available()) {
      row.contenders.push_back({"hand", "AVX-512", [=] { hand::narrow<moderate>(xp, wp, yp, rows); }, {y}});
      row.contenders.push_back({hand_bounds, "AVX-512", [=] { hand::narrow<bounded>(xp, wp, yp, rows); }, {y}});
    }
    row.contenders.push_back({"libmvec", "loop", [=] { loops::narrow(xp, wp, yp, rows); }, {y}});
    if (eigen::available()) row.contenders.push_back({"Eigen", "", [=] { eigen::narrow(xp, wp, yp, rows); }, {y}});
  }
}

Row narrow(const Settings& settings, bool gradients) {
  Row row;
  row.goals = gradients ? std::vector<Goal>{{"hand", 0.95}, {"torch", 15}, {"JAX", 27}}
                        : std::vector<Goal>{{"hand", 0.95}, {"torch", 9}, {"JAX", 16}};
  row.tolerance = gradients ? 2e-3 : 2e-4;  // the sum over a million rows in f32
  const auto x = row.input("X", ac::random_normal(1, {rows, 3}));
  const auto w = row.input("W", ac::random_normal(2, {3, 3}));
  row.limit = stream_limit(1, 1, x.bytes());
  ac::Graph g;
  const auto xe = g.input("X", {"rows", 3}), we = g.input("W", {3, 3});
  const auto y = tanh(matmul(xe, we));
  if (gradients) {
    const auto value = sum(y);
    const auto [dx, dw] = ac::grad(value, xe, we);
    row.contenders.push_back(ours(ac::compile({xe, we}, {value, dx, dw}, settings.options()), {x, w},
                                  {ac::Tensor::zeros({}), ac::Tensor::zeros({rows, 3}), ac::Tensor::zeros({3, 3})}));
  } else {
    row.contenders.push_back(
        ours(ac::compile({xe, we}, y, settings.options()), {x, w}, {ac::Tensor::zeros({rows, 3})}));
  }
  if (settings.native) native(row, x, w, gradients);
  return row;
}

}  // namespace

void add_narrow(std::vector<Entry>& entries) {
  entries.push_back({7, "7", "tanh(X W), X 1,000,000x3, W 3x3", [](const Settings& s) { return narrow(s, false); }});
  entries.push_back({7, "7g", "the same: value and gradients", [](const Settings& s) { return narrow(s, true); }});
}

}  // namespace bench
