// See onednn.hpp.
#include "onednn.hpp"

#ifdef BENCH_ONEDNN
#include <dnnl.hpp>

namespace bench::onednn {

bool available() { return true; }

std::function<void()> product(const Product& p, const ac::Tensor& a, const ac::Tensor& b, const ac::Tensor* bias,
                              ac::Tensor c) {
  using dnnl::memory;
  using Tag = memory::format_tag;
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  const auto f32 = memory::data_type::f32;
  const memory::desc a_desc({p.m, p.k}, f32, p.a_transposed ? Tag::ba : Tag::ab),
      plain({p.k, p.n}, f32, p.b_transposed ? Tag::ba : Tag::ab);
  const memory::desc b_desc = p.pack ? memory::desc({p.k, p.n}, f32, Tag::any) : plain;
  const memory::desc c_desc({p.m, p.n}, f32, Tag::ab), bias_desc({1, p.n}, f32, Tag::ab);
  dnnl::post_ops ops;
  switch (p.act) {
    case Act::none: break;
    case Act::gelu: ops.append_eltwise(1, dnnl::algorithm::eltwise_gelu_erf, 0, 0); break;
    case Act::relu: ops.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0); break;
    case Act::sigmoid: ops.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0); break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(ops);
  const auto desc =
      bias ? dnnl::matmul::desc(a_desc, b_desc, bias_desc, c_desc) : dnnl::matmul::desc(a_desc, b_desc, c_desc);
  const dnnl::matmul::primitive_desc primitive(desc, attributes, engine);
  const auto pointer = [](const ac::Tensor& t) { return const_cast<void*>(t.raw()); };
  memory weights(plain, engine, pointer(b));
  if (p.pack) {
    memory packed(primitive.weights_desc(), engine);
    dnnl::reorder(weights, packed).execute(stream, weights, packed);
    stream.wait();
    weights = packed;
  }
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(a_desc, engine, pointer(a))},
                                            {DNNL_ARG_WEIGHTS, weights},
                                            {DNNL_ARG_DST, memory(c_desc, engine, c.raw())}};
  if (bias) arguments.insert({DNNL_ARG_BIAS, memory(bias_desc, engine, pointer(*bias))});
  // The tensors are kept by the copies in the closure.
  const ac::Tensor kept = bias ? *bias : a;
  return [product = dnnl::matmul(primitive), arguments, a, b, c, kept] {
    product.execute(stream, arguments);
    stream.wait();
  };
}

}  // namespace bench::onednn
#else
namespace bench::onednn {
bool available() { return false; }
std::function<void()> product(const Product&, const ac::Tensor&, const ac::Tensor&, const ac::Tensor*, ac::Tensor) {
  return {};
}
}  // namespace bench::onednn
#endif
