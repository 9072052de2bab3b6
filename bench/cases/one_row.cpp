// Cases 5 and 6: inference of one row, where reading the weights is the work.
#include "blas.hpp"
#include "eigen.hpp"
#include "hand.hpp"
#include "loops.hpp"
#include "onednn.hpp"
#include "row.hpp"

namespace bench {
namespace {

/// A layer and its weights: W as given, in panels and transposed.
struct Layer {
  ac::Tensor w, b, panels, transposed;
};

Layer layer(const ac::Tensor& w, const ac::Tensor& b) {
  const auto n = static_cast<int>(w.extent(0));
  Layer l{w, b, ac::Tensor::zeros_like(w), ac::Tensor::zeros_like(w)};
  hand::pack_panels(w.data<float>(), l.panels.data<float>(), n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) l.transposed.at<float>(j, i) = w.at<float>(i, j);
  }
  return l;
}

void native_layers(Row& row, const ac::Tensor& x, const Layer& l1, const Layer& l2) {
  constexpr int n = 1024;
  auto h = ac::Tensor::zeros({1, n}), y = ac::Tensor::zeros({1, n});
  const float* xp = x.data<float>();
  float *hp = h.data<float>(), *yp = y.data<float>();
  const auto add = [&](const char* name, const char* how, std::function<void(const float*, const Layer&, float*)> one) {
    auto run = [=] {
      one(xp, l1, hp);
      one(hp, l2, yp);
      static_cast<void>(h), static_cast<void>(x);  // kept
    };
    row.contenders.push_back({name, how, run, {y}});
  };
  if (hand::available()) {
    add("hand", "panels of 256 columns", [](const float* in, const Layer& l, float* out) {
      hand::layer_panels(in, l.panels.data<float>(), l.b.data<float>(), out, n);
    });
    add("hand", "dots with rows of the transpose", [](const float* in, const Layer& l, float* out) {
      hand::layer_dots(l.transposed.data<float>(), in, l.b.data<float>(), out, n);
    });
  }
  if (onednn::available()) {
    for (const bool pack : {true, false}) {
      const onednn::Product p{1, n, n, false, false, onednn::Act::relu, pack};
      const auto first = onednn::product(p, x, l1.w, &l1.b, h), second = onednn::product(p, h, l2.w, &l2.b, y);
      row.contenders.push_back(
          {"oneDNN", pack ? "packed W, post-op" : "plain W, post-op", [=] { first(), second(); }, {y}});
    }
  }
  if (blas::available()) {
    add("OpenBLAS", "gemv and loop", [](const float* in, const Layer& l, float* out) {
      blas::gemv(true, n, n, l.w.data<float>(), in, out);
      loops::relu(out, l.b.data<float>(), n);
    });
    add("OpenBLAS", "gemv of the transpose and loop", [](const float* in, const Layer& l, float* out) {
      blas::gemv(false, n, n, l.transposed.data<float>(), in, out);
      loops::relu(out, l.b.data<float>(), n);
    });
  }
}

Row two_layers(const Settings& settings) {
  constexpr std::int64_t n = 1024;
  Row row;
  row.goals = {{"hand", 1}, {"JAX", 1.3}};
  const auto x = row.input("x", ac::random_normal(1, {1, n}));
  const auto w1 = row.input("W1", ac::random_normal(2, {n, n}, 0, 1.0 / 32)),
             w2 = row.input("W2", ac::random_normal(3, {n, n}, 0, 1.0 / 32));
  const auto b1 = row.input("b1", ac::random_normal(4, {n}, 0, 0.1)),
             b2 = row.input("b2", ac::random_normal(5, {n}, 0, 0.1));
  row.limit = read_limit({w1, w2});
  ac::Graph g;
  const auto xe = g.input("x", {"batch", n});
  const auto h = relu(matmul(xe, g.constant("W1", w1)) + g.constant("b1", b1));
  const auto y = relu(matmul(h, g.constant("W2", w2)) + g.constant("b2", b2));
  row.contenders.push_back(ours(ac::compile({xe}, y, settings.options()), {x}, {ac::Tensor::zeros({1, n})}));
  if (settings.native) native_layers(row, x, layer(w1, b1), layer(w2, b2));
  return row;
}

void native_layer(Row& row, const ac::Tensor& w, const ac::Tensor& x, const ac::Tensor& b) {
  const auto n = static_cast<int>(x.size());
  auto y = ac::Tensor::zeros({n});
  const float *wp = w.data<float>(), *xp = x.data<float>(), *bp = b.data<float>();
  float* yp = y.data<float>();
  if (blas::available()) {
    const auto run = [=] {
      blas::gemv(false, n, n, wp, xp, yp);
      loops::sigmoid(yp, bp, n);
    };
    row.contenders.push_back({"OpenBLAS", "gemv and loop", run, {y}});
  }
  if (onednn::available()) {
    const onednn::Product p{1, n, n, false, true, onednn::Act::sigmoid, false};
    row.contenders.push_back({"oneDNN", "W transposed, post-op", onednn::product(p, x, w, &b, y), {y}});
  }
  if (eigen::available())
    row.contenders.push_back({"Eigen", "", [=] { eigen::sigmoid_layer(wp, xp, bp, yp, n); }, {y}});
}

Row one_layer(const Settings& settings) {
  constexpr std::int64_t n = 4096;
  Row row;
  row.goals = {{"JAX", 1}};
  const auto w = row.input("W", ac::random_normal(1, {n, n}, 0, 1.0 / 64));
  const auto x = row.input("x", ac::random_normal(2, {n})), b = row.input("b", ac::random_normal(3, {n}, 0, 0.1));
  row.limit = read_limit({w});
  ac::Graph g;
  const auto we = g.input("W", {n, n}), xe = g.input("x", {n}), be = g.input("b", {n});
  const auto f = ac::compile({we, xe, be}, sigmoid(matmul(we, xe) + be), settings.options());
  row.contenders.push_back(ours(f, {w, x, b}, {ac::Tensor::zeros({n})}));
  if (settings.native) native_layer(row, w, x, b);
  return row;
}

}  // namespace

void add_one_row(std::vector<Entry>& entries) {
  entries.push_back({5, "5", "batch 1, two 1024x1024 layers, relu", two_layers});
  entries.push_back({6, "6", "batch 1, 4096x4096, sigmoid", one_layer});
}

}  // namespace bench
