// Cases 8 to 10: elementwise work over 2^24 numbers and over few.
#include "eigen.hpp"
#include "hand.hpp"
#include "loops.hpp"
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t large = std::int64_t{1} << 24;

using enum hand::Functions;

void native_wave(Row& row, const ac::Tensor& x, bool gradient) {
  auto y = ac::Tensor::zeros({large}), dx = ac::Tensor::zeros({gradient ? large : 0});
  const float* xp = x.data<float>();
  float *yp = y.data<float>(), *dp = dx.data<float>();
  if (gradient) {
    if (hand::available()) {
      row.contenders.push_back({"hand", "AVX-512", [=] { hand::wave_gradient<moderate>(xp, yp, dp, large); }, {y, dx}});
      row.contenders.push_back(
          {hand_bounds, "AVX-512", [=] { hand::wave_gradient<bounded>(xp, yp, dp, large); }, {y, dx}});
    }
    row.contenders.push_back({"libmvec", "loop", [=] { loops::wave_gradient(xp, yp, dp, large); }, {y, dx}});
  } else {
    if (hand::available()) {
      row.contenders.push_back({"hand", "AVX-512", [=] { hand::wave<moderate>(xp, yp, large); }, {y}});
      row.contenders.push_back({hand_bounds, "AVX-512", [=] { hand::wave<bounded>(xp, yp, large); }, {y}});
    }
    row.contenders.push_back({"libmvec", "loop", [=] { loops::wave(xp, yp, large); }, {y}});
    if (eigen::available()) row.contenders.push_back({"Eigen", "", [=] { eigen::wave(xp, yp, large); }, {y}});
  }
}

Row wave(const Settings& settings, bool gradient) {
  Row row;
  row.scales = true;
  row.goals = {{"hand", 1}, {"Dr.Jit", 1.6}, {"torch", 2.4}, {"JAX", gradient ? 20.0 : 11.0}};
  const auto x = row.input("x", ac::random_uniform(1, {large}, -3, 3));
  row.limit = stream_limit(1, gradient ? 2 : 1, x.bytes());
  ac::Graph g;
  const auto xe = g.input("x", {"n"});
  const auto y = exp(-xe * xe) * sin(xe) + log1p(abs(xe));
  if (gradient) {
    const auto f = ac::compile({xe}, {y, ac::grad(sum(y), xe)}, settings.options());
    row.contenders.push_back(ours(f, {x}, {ac::Tensor::zeros({large}), ac::Tensor::zeros({large})}));
  } else {
    row.contenders.push_back(ours(ac::compile({xe}, y, settings.options()), {x}, {ac::Tensor::zeros({large})}));
  }
  if (settings.native) native_wave(row, x, gradient);
  return row;
}

void native_silu(Row& row, const ac::Tensor& x, const ac::Tensor& dy) {
  const std::int64_t n = x.size();
  auto out = ac::Tensor::zeros({n});
  const float *xp = x.data<float>(), *dyp = dy.data<float>();
  float* yp = out.data<float>();
  const bool streaming = n == large;
  if (hand::available()) {
    row.contenders.push_back(
        {"hand", "AVX-512", [=] { hand::silu_backward<moderate>(xp, dyp, yp, n, streaming); }, {out}});
    row.contenders.push_back(
        {hand_bounds, "AVX-512", [=] { hand::silu_backward<bounded>(xp, dyp, yp, n, streaming); }, {out}});
  }
  row.contenders.push_back({"libmvec", "loop", [=] { loops::silu_backward(xp, dyp, yp, n); }, {out}});
  if (eigen::available()) row.contenders.push_back({"Eigen", "", [=] { eigen::silu_backward(xp, dyp, yp, n); }, {out}});
}

Row silu_backward(const Settings& settings, std::int64_t n) {
  Row row;
  if (n == large) {
    row.goals = {{"hand", 1}, {"Dr.Jit", 1.15}, {"Eigen", 1.15}, {"JAX", 1.6}, {"torch", 1.6}};
  } else {
    row.goals = {{"hand", 1, 60e-9}, {"hand", 1, 25e-9, "ours bound"}};
    if (n == 1024) row.goals.push_back({"JAX", 14});
  }
  const auto x = row.input("x", ac::random_uniform(1, {n}, -4, 4)), dy = row.input("dy", ac::random_uniform(2, {n}));
  if (n == large) row.limit = stream_limit(2, 1, x.bytes());
  ac::Graph g;
  const auto xe = g.input("x", {"n"}), dye = g.input("dy", {"n"});
  const auto f = ac::compile({xe, dye}, ac::vjp(silu(xe), xe, dye), settings.options());
  auto out = ac::Tensor::zeros({n}), out_bound = ac::Tensor::zeros({n});
  row.contenders.push_back({"ours", "", [f, x, dy, out]() mutable { f.call({x, dy}, {out}); }, {out}});
  if (n < large) row.contenders.push_back(ours_bound(f, {x, dy}, {out_bound}));
  if (settings.native) native_silu(row, x, dy);
  return row;
}

}  // namespace

void add_elementwise(std::vector<Entry>& entries) {
  entries.push_back(
      {8, "8", "exp(-x^2) sin x + log1p(abs x), 2^24 f32", [](const Settings& s) { return wave(s, false); }});
  entries.push_back({8, "8g", "the same: value and gradient", [](const Settings& s) { return wave(s, true); }});
  entries.push_back({9, "9", "silu backward, 2^24 f32", [](const Settings& s) { return silu_backward(s, large); }});
  entries.push_back({10, "10.1k", "the same at 1024", [](const Settings& s) { return silu_backward(s, 1024); }});
  entries.push_back({10, "10.4k", "the same at 4096", [](const Settings& s) { return silu_backward(s, 4096); }});
  entries.push_back({10, "10.16k", "the same at 16384", [](const Settings& s) { return silu_backward(s, 16384); }});
}

}  // namespace bench
