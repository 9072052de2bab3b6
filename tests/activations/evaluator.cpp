// Start reading at evaluate: one loop over the nodes.
#include "activations/evaluator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "math/functions.hpp"
#include "passes/pass.hpp"

namespace actinium::testing {
namespace {

using ops::Op;

std::uint64_t to_bits(DType t, double v) {
  switch (t) {
    case DType::f32: return std::bit_cast<std::uint32_t>(static_cast<float>(v));
    case DType::f64: return std::bit_cast<std::uint64_t>(v);
    case DType::i32: return static_cast<std::uint32_t>(static_cast<std::int32_t>(v));
    case DType::i64: return static_cast<std::uint64_t>(static_cast<std::int64_t>(v));
    case DType::b8: return v != 0;
  }
  return 0;
}
double from_bits(DType t, std::uint64_t b) {
  switch (t) {
    case DType::f32: return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(b)));
    case DType::f64: return std::bit_cast<double>(b);
    case DType::i32: return static_cast<std::int32_t>(b);
    case DType::i64: return static_cast<double>(static_cast<std::int64_t>(b));
    case DType::b8: return b != 0;
  }
  return 0;
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>{});
}

/// The index into an operand of `shape`, aligned right, for element i of `full`.
std::size_t aligned(std::size_t i, const std::vector<std::int64_t>& full, const std::vector<std::int64_t>& shape) {
  std::int64_t rest = static_cast<std::int64_t>(i), at = 0, stride = 1;
  for (std::size_t k = 0; k < full.size(); ++k) {
    const std::int64_t size = full[full.size() - 1 - k], position = rest % size;
    rest /= size;
    if (k >= shape.size()) break;
    const std::int64_t own = shape[shape.size() - 1 - k];
    if (own != 1) at += position * stride;
    stride *= own;
  }
  return static_cast<std::size_t>(at);
}

Array elementwise(const GraphData& g, NodeId id, Array out, const std::vector<const Array*>& x, bool fused) {
  if (g.op(id) == Op::stop_gradient) {
    out.bits = x[0]->bits;
    return out;
  }
  const machine::Code& code = math::body(g.op(id), x.back()->dtype, out.dtype);
  std::vector<std::uint64_t> arguments(x.size());
  for (std::size_t i = 0; i < out.bits.size(); ++i) {
    for (std::size_t k = 0; k < x.size(); ++k) arguments[k] = x[k]->bits[aligned(i, out.shape, x[k]->shape)];
    out.bits[i] = machine::evaluate(code, arguments, fused)[0];
  }
  return out;
}

/// Calls f(line, offsets of its elements) for every line of `shape` along the axes.
void lines(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& axes,
           const std::function<void(std::size_t, const std::vector<std::size_t>&)>& f) {
  std::map<std::int64_t, std::vector<std::size_t>> all;
  for (std::int64_t i = 0; i < product(shape); ++i) {
    std::int64_t rest = i, key = 0, scale = 1;
    for (std::size_t k = shape.size(); k-- > 0;) {
      const std::int64_t p = rest % shape[k];
      rest /= shape[k];
      if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(k)) != axes.end()) continue;
      key += p * scale;
      scale *= shape[k];
    }
    all[key].push_back(static_cast<std::size_t>(i));
  }
  for (const auto& [line, offsets] : all) f(static_cast<std::size_t>(line), offsets);
}

Array reduction(Op op, const std::vector<std::int64_t>& axes, Array out, const Array& x) {
  lines(x.shape, axes, [&](std::size_t line, const std::vector<std::size_t>& at) {
    const Op step = op == Op::reduce_sum ? Op::add : op == Op::reduce_min ? Op::min : Op::max;
    if (op == Op::argmax || op == Op::argmin) {
      const auto first = std::max_element(at.begin(), at.end(), [&](std::size_t a, std::size_t b) {
        return op == Op::argmax ? x[a] < x[b] : x[a] > x[b];
      });
      out.bits[line] = static_cast<std::uint64_t>(first - at.begin());
      return;
    }
    const machine::Code& code = math::body(step, x.dtype, x.dtype);
    const double beyond = std::numeric_limits<double>::infinity();
    std::uint64_t sum = op == Op::reduce_sum ? 0 : to_bits(x.dtype, op == Op::reduce_min ? beyond : -beyond);
    for (std::size_t i : at) sum = machine::evaluate(code, std::vector{sum, x.bits[i]}, true)[0];
    out.bits[line] = sum;
  });
  return out;
}

Array scan(Op op, const std::vector<std::int64_t>& ints, Array out, const Array& x) {
  lines(x.shape, {ints[0]}, [&](std::size_t, const std::vector<std::size_t>& at) {
    std::vector<double> line;
    for (std::size_t i : at) line.push_back(x[i]);
    if (op == Op::sort)
      std::stable_sort(line.begin(), line.end());
    else if (op == Op::flip)
      std::reverse(line.begin(), line.end());
    else
      for (std::size_t i = 1; i < line.size(); ++i) line[i] = rounded(x.dtype, line[i] + line[i - 1]);
    for (std::size_t i = 0; i < at.size(); ++i) out.bits[at[i]] = to_bits(x.dtype, line[i]);
  });
  return out;
}

Array structure(const GraphData& g, NodeId id, Array out, const std::vector<const Array*>& x, const Bindings& sizes) {
  const auto& attributes = g.attributes(id);
  for (std::size_t i = 0; i < out.bits.size(); ++i) {
    std::vector<std::int64_t> position(out.shape.size());
    std::int64_t rest = static_cast<std::int64_t>(i);
    for (std::size_t k = out.shape.size(); k-- > 0;) position[k] = rest % out.shape[k], rest /= out.shape[k];
    const auto at = [](const Array& a, const std::vector<std::int64_t>& p) {
      std::int64_t offset = 0;
      for (std::size_t k = 0; k < p.size(); ++k) offset = offset * a.shape[k] + p[k];
      return a.bits[static_cast<std::size_t>(offset)];
    };
    const auto axis = attributes.ints.empty() ? 0u : static_cast<std::size_t>(attributes.ints[0]);
    switch (g.op(id)) {
      case Op::broadcast: out.bits[i] = x[0]->bits[aligned(i, out.shape, x[0]->shape)]; break;
      case Op::reshape: out.bits[i] = x[0]->bits[i]; break;
      case Op::iota: out.bits[i] = to_bits(out.dtype, static_cast<double>(position[axis])); break;
      case Op::slice:
        for (std::size_t k = 0; k < position.size(); ++k)
          position[k] = attributes.dims[k].evaluate(sizes) + position[k] * attributes.ints[k];
        out.bits[i] = at(*x[0], position);
        break;
      case Op::concat: {
        std::size_t part = 0;
        while (position[axis] >= x[part]->shape[axis]) position[axis] -= x[part++]->shape[axis];
        out.bits[i] = at(*x[part], position);
        break;
      }
      case Op::pad: {
        bool inside = true;
        for (std::size_t k = 0; k < position.size(); ++k) {
          position[k] -= attributes.dims[k].evaluate(sizes);
          inside = inside && position[k] >= 0 && position[k] < x[0]->shape[k];
        }
        out.bits[i] = inside ? at(*x[0], position) : x[1]->bits[0];
        break;
      }
      case Op::one_hot: {
        const auto hot = position[axis];
        position.erase(position.begin() + static_cast<std::ptrdiff_t>(axis));
        const Array& index = *x[0];
        std::int64_t offset = 0;
        for (std::size_t k = 0; k < position.size(); ++k) offset = offset * index.shape[k] + position[k];
        out.bits[i] = to_bits(out.dtype, index[static_cast<std::size_t>(offset)] == static_cast<double>(hot));
        break;
      }
      default: throw std::logic_error("the tests' evaluator has no " + std::string(ops::name_of(g.op(id))));
    }
  }
  return out;
}

}  // namespace

double Array::operator[](std::size_t i) const { return from_bits(dtype, bits[i]); }

Array array(DType dtype, std::vector<std::int64_t> shape, const std::vector<double>& values) {
  Array a{dtype, std::move(shape), {}};
  for (double v : values) a.bits.push_back(to_bits(dtype, v));
  return a;
}

double rounded(DType dtype, double value) { return from_bits(dtype, to_bits(dtype, value)); }

Array evaluate(const Expr& e, const Inputs& inputs, const Bindings& sizes, bool fused) {
  const Module m = passes::decompose({e.graph(), {}, {e.id()}});
  const GraphData& g = *m.graph;
  std::vector<Array> value(g.size());
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const NodeId id{i};
    std::vector<const Array*> x;
    for (NodeId o : g.operands(id)) x.push_back(&value[index(o)]);
    Array out{g.dtype(id), g.shape(id).evaluate(sizes), {}};
    out.bits.resize(static_cast<std::size_t>(product(out.shape)));
    const Op op = g.op(id);
    if (op == Op::input)
      value[i] = inputs.at(std::string(g.input_name(id)));
    else if (op == Op::dim_size)
      out.bits[0] = to_bits(out.dtype, static_cast<double>(g.attributes(id).dims[0].evaluate(sizes))), value[i] = out;
    else if (op == Op::constant)
      out.bits[0] = *g.constant_bits(id), value[i] = out;
    else if (ops::kind_of(op) == ops::Kind::elementwise)
      value[i] = elementwise(g, id, out, x, fused);
    else if (op == Op::reduce_sum || op == Op::reduce_max || op == Op::reduce_min || op == Op::argmax ||
             op == Op::argmin)
      value[i] = reduction(op, g.attributes(id).ints, out, *x[0]);
    else if (op == Op::sort || op == Op::cumsum || op == Op::flip)
      value[i] = scan(op, g.attributes(id).ints, out, *x[0]);
    else
      value[i] = structure(g, id, out, x, sizes);
  }
  return value[index(m.outputs[0])];
}

}  // namespace actinium::testing
