// Cases 1 to 3: gelu(X W + b), 256 x 1024 x 1024, with W known; the same layer trained, in f32 and f64.
#include "blas.hpp"
#include "eigen.hpp"
#include "loops.hpp"
#include "onednn.hpp"
#include "row.hpp"

namespace bench {
namespace {

constexpr std::int64_t m = 256, k = 1024, n = 1024;
constexpr double product_flops = 2.0 * m * k * n;

void native_inference(Row& row, const ac::Tensor& x, const ac::Tensor& w, const ac::Tensor& b) {
  const float *xp = x.data<float>(), *wp = w.data<float>(), *bp = b.data<float>();
  auto y = ac::Tensor::zeros({m, n});
  float* yp = y.data<float>();
  if (onednn::available()) {
    for (const bool pack : {true, false}) {
      const onednn::Product p{m, n, k, false, false, onednn::Act::gelu, pack};
      row.contenders.push_back(
          {"oneDNN", pack ? "packed W, post-op" : "plain W, post-op", onednn::product(p, x, w, &b, y), {y}});
    }
  }
  if (blas::available()) {
    const auto run = [=] {
      blas::gemm(false, false, m, n, k, xp, wp, yp);
      loops::gelu(yp, bp, m, n);
    };
    row.contenders.push_back({"OpenBLAS", "product and loop", run, {y}});
  }
  if (eigen::available())
    row.contenders.push_back({"Eigen", "", [=] { eigen::gelu_layer(xp, wp, bp, yp, m, n, k); }, {y}});
}

Row inference(const Settings& settings) {
  Row row;
  row.scales = true;
  row.goals = {{"limit", 0.95}, {"oneDNN", 1}, {"JAX", 1}};
  row.limit = fma_limit(product_flops, ac::f32, settings.threads);
  const auto x = row.input("X", ac::random_normal(1, {m, k}));
  const auto w = row.input("W", ac::random_normal(2, {k, n}, 0, 1.0 / 32));
  const auto b = row.input("b", ac::random_normal(3, {n}, 0, 0.1));
  ac::Graph g;
  const auto xe = g.input("X", {"batch", k});
  const auto y = gelu(matmul(xe, g.constant("W", w)) + g.constant("b", b));
  row.contenders.push_back(ours(ac::compile({xe}, y, settings.options()), {x}, {ac::Tensor::zeros({m, n})}));
  if (settings.native) native_inference(row, x, w, b);
  return row;
}

/// Three products by somebody, the rest by a vectorised loop.
template <class T, class Product>
std::function<void()> trained_by(const std::vector<ac::Tensor>& in, std::vector<ac::Tensor>& out, Product product) {
  auto z = std::make_shared<ac::Tensor>(ac::Tensor::zeros({m, n}, ac::dtype_of<T>));
  return [in, out, z, product]() mutable {
    T* g = z->template data<T>();
    product(false, false, m, n, k, in[0].data<T>(), in[1].data<T>(), g);
    out[0].data<T>()[0] = loops::gelu_backward(g, in[2].data<T>(), in[3].data<T>(), out[3].data<T>(), m, n);
    product(false, true, m, k, n, g, in[1].data<T>(), out[1].data<T>());
    product(true, false, k, n, m, in[0].data<T>(), g, out[2].data<T>());
  };
}

void trained_by_onednn(Row& row, const std::vector<ac::Tensor>& in, const std::vector<ac::Tensor>& out) {
  auto z = ac::Tensor::zeros({m, n});
  const auto forward = onednn::product({m, n, k}, in[0], in[1], nullptr, z);
  const auto dx = onednn::product({m, k, n, false, true}, z, in[1], nullptr, out[1]);
  const auto dw = onednn::product({k, n, m, true, false}, in[0], z, nullptr, out[2]);
  auto run = [=]() mutable {
    forward();
    auto value = out[0], db = out[3];
    *value.data<float>() =
        loops::gelu_backward(z.data<float>(), in[2].data<float>(), in[3].data<float>(), db.data<float>(), m, n);
    dx();
    dw();
  };
  row.contenders.push_back({"oneDNN", "three products and a loop", run, out});
}

template <class T>
void native_training(Row& row, const std::vector<ac::Tensor>& in, const std::vector<ac::Tensor>& ours) {
  auto out = same_shapes(ours);
  if (std::is_same_v<T, float> && onednn::available()) trained_by_onednn(row, in, out);
  if (blas::available()) {
    const auto product = [](auto... a) { blas::gemm(a...); };
    row.contenders.push_back({"OpenBLAS", "three products and a loop", trained_by<T>(in, out, product), out});
  }
  if (eigen::available()) {
    const auto product = [](auto... a) { eigen::product(a...); };
    row.contenders.push_back({"Eigen", "three products and a loop", trained_by<T>(in, out, product), out});
  }
}

Row training(const Settings& settings, ac::DType dtype) {
  Row row;
  row.scales = true;
  row.goals = {{"limit", 0.94}, {"JAX", 1}};
  row.tolerance = dtype == ac::f64 ? 1e-11 : 2e-4;
  row.limit = fma_limit(3 * product_flops, dtype, settings.threads);
  const auto x = row.input("X", ac::random_normal(1, {m, k}, 0, 1, dtype));
  const auto w = row.input("W", ac::random_normal(2, {k, n}, 0, 1.0 / 32, dtype));
  const auto b = row.input("b", ac::random_normal(3, {n}, 0, 0.1, dtype));
  const auto c = row.input("C", ac::random_normal(4, {m, n}, 0, 1, dtype));
  ac::Graph g(dtype);
  const auto xe = g.input("X", {"batch", k}), we = g.input("W", {k, n}), be = g.input("b", {n}),
             ce = g.input("C", {"batch", n});
  const auto value = sum(gelu(matmul(xe, we) + be) * ce);
  const auto [dx, dw, db] = ac::grad(value, xe, we, be);
  const auto f = ac::compile({xe, we, be, ce}, {value, dx, dw, db}, settings.options());
  std::vector<ac::Tensor> out{ac::Tensor::zeros({}, dtype), ac::Tensor::zeros({m, k}, dtype),
                              ac::Tensor::zeros({k, n}, dtype), ac::Tensor::zeros({n}, dtype)};
  row.contenders.push_back(ours(f, {x, w, b, c}, out));
  if (settings.native)
    dtype == ac::f64 ? native_training<double>(row, {x, w, b, c}, out) : native_training<float>(row, {x, w, b, c}, out);
  return row;
}

}  // namespace

void add_layer(std::vector<Entry>& entries) {
  entries.push_back({1, "1", "gelu(X W + b), f32, 256x1024x1024, W constant", inference});
  entries.push_back(
      {2, "2", "the same trained: forward, dX, dW, db", [](const Settings& s) { return training(s, ac::f32); }});
  entries.push_back({3, "3", "the same trained in f64", [](const Settings& s) { return training(s, ac::f64); }});
}

}  // namespace bench
