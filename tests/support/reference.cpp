#include "support/reference.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>

#include "actinium/tensor.h"

namespace actinium::reference {
namespace {

using ops::Op;
using Index = std::vector<std::int64_t>;

std::int64_t count(const Index& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// Calls f(index) for every element in C order.
template <class F>
void for_each(const Index& shape, F&& f) {
  Index at(shape.size(), 0);
  for (std::int64_t n = count(shape); n > 0; --n) {
    f(at);
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (++at[i] < shape[i]) break;
      at[i] = 0;
    }
  }
}

/// The element at `at`, of an array aligned right and stretched.
double get(const Array& a, const Index& at) {
  std::int64_t offset = 0;
  const std::size_t extra = at.size() - a.shape.size();
  for (std::size_t i = 0; i < a.shape.size(); ++i) offset = offset * a.shape[i] + (a.shape[i] == 1 ? 0 : at[i + extra]);
  return a.data[static_cast<std::size_t>(offset)];
}
double& ref(Array& a, const Index& at) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < a.shape.size(); ++i) offset = offset * a.shape[i] + at[i];
  return a.data[static_cast<std::size_t>(offset)];
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double saturated(double x, DType to) {
  if (x != x) return 0;
  const double limit = to == DType::i32 ? 2147483648.0 : 9223372036854775808.0;
  return std::clamp(std::trunc(x), -limit, to == DType::i32 ? limit - 1 : limit);
}

double one(Op op, double x, DType to) {
  switch (op) {
    case Op::neg: return -x;
    case Op::abs: return std::abs(x);
    case Op::sign: return x > 0 ? 1 : x < 0 ? -1 : x;
    case Op::exp: return std::exp(x);
    case Op::exp2: return std::exp2(x);
    case Op::expm1: return std::expm1(x);
    case Op::log: return std::log(x);
    case Op::log2: return std::log2(x);
    case Op::log10: return std::log10(x);
    case Op::log1p: return std::log1p(x);
    case Op::sqrt: return std::sqrt(x);
    case Op::rsqrt: return 1 / std::sqrt(x);
    case Op::cbrt: return std::cbrt(x);
    case Op::square: return x * x;
    case Op::reciprocal: return 1 / x;
    case Op::sin: return std::sin(x);
    case Op::cos: return std::cos(x);
    case Op::tan: return std::tan(x);
    case Op::asin: return std::asin(x);
    case Op::acos: return std::acos(x);
    case Op::atan: return std::atan(x);
    case Op::sinh: return std::sinh(x);
    case Op::cosh: return std::cosh(x);
    case Op::asinh: return std::asinh(x);
    case Op::acosh: return std::acosh(x);
    case Op::atanh: return std::atanh(x);
    case Op::tanh: return std::tanh(x);
    case Op::erf: return std::erf(x);
    case Op::erfc: return std::erfc(x);
    case Op::floor: return std::floor(x);
    case Op::ceil: return std::ceil(x);
    case Op::trunc: return std::trunc(x);
    case Op::round: return std::nearbyint(x);
    case Op::isnan: return x != x;
    case Op::logical_not: return x == 0;
    case Op::cast: return is_integer(to) ? saturated(x, to) : to == DType::b8 ? x != 0 : x;
    case Op::sech2: return 1 / (std::cosh(x) * std::cosh(x));
    case Op::sigmoid: return sigmoid(x);
    case Op::logistic_pdf: return sigmoid(x) * sigmoid(-x);
    case Op::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case Op::gauss: return std::exp(-x * x);
    case Op::normpdf: return std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    case Op::normcdf: return std::erfc(-x / std::sqrt(2.0)) / 2;
    case Op::log1mexp: return std::log(-std::expm1(-x));
    case Op::stop_gradient:
    case Op::again: return x;
    default: throw std::logic_error("no function of one argument: " + std::string(ops::name_of(op)));
  }
}

double two(Op op, double a, double b) {
  switch (op) {
    case Op::add: return a + b;
    case Op::sub: return a - b;
    case Op::mul: return a * b;
    case Op::div: return a / b;
    case Op::pow: return std::pow(a, b);
    case Op::max: return a != a || b != b ? std::nan("") : b > a ? b : a;
    case Op::min: return a != a || b != b ? std::nan("") : b < a ? b : a;
    case Op::atan2: return std::atan2(a, b);
    case Op::hypot: return std::hypot(a, b);
    case Op::copysign: return std::copysign(a, b);
    case Op::less: return a < b;
    case Op::less_equal: return a <= b;
    case Op::greater: return a > b;
    case Op::greater_equal: return a >= b;
    case Op::equal: return a == b;
    case Op::not_equal: return a != b;
    case Op::logical_and: return a != 0 && b != 0;
    case Op::logical_or: return a != 0 || b != 0;
    case Op::logical_xor: return (a != 0) != (b != 0);
    default: throw std::logic_error("no function of two arguments: " + std::string(ops::name_of(op)));
  }
}

double three(Op op, double a, double b, double c) {
  switch (op) {
    case Op::select: return a != 0 ? b : c;
    case Op::clamp: return a != a ? a : a < b ? b : a > c ? c : a;
    case Op::fma: return std::fma(a, b, c);
    case Op::exp_of_sum: return c * std::exp(a + b);
    default: throw std::logic_error("no function of three arguments: " + std::string(ops::name_of(op)));
  }
}

/// One node, from the arrays of its operands.
class Evaluator {
 public:
  Evaluator(const GraphData& graph, const Inputs& inputs, const Bindings& sizes)
      : g(graph), inputs(inputs), sizes(sizes), values(graph.size()) {}

  void node(NodeId id) {
    y = {g.shape(id).evaluate(sizes), {}};
    y.data.assign(static_cast<std::size_t>(count(y.shape)), 0);
    x.clear();
    for (NodeId o : g.operands(id)) x.push_back(&values[index(o)]);
    switch (ops::kind_of(g.op(id))) {
      case ops::Kind::leaf: leaf(id); break;
      case ops::Kind::elementwise: elementwise(id); break;
      case ops::Kind::structure: structure(id); break;
      case ops::Kind::reduction: reduction(id); break;
      case ops::Kind::scan: scan(id); break;
      case ops::Kind::product: product(); break;
      case ops::Kind::loop: throw std::logic_error("a loop: it is tested against its steps");
      case ops::Kind::unit: throw std::logic_error("an activation: decompose first");
    }
    if (is_integer(g.dtype(id)))
      for (double& v : y.data) v += 0.0;  // integers have one zero
    if (g.dtype(id) == DType::f32)
      for (double& v : y.data) v = static_cast<float>(v);
    values[index(id)] = std::move(y);
  }

  const GraphData& g;
  const Inputs& inputs;
  const Bindings& sizes;
  std::vector<Array> values;

 private:
  Array y;
  std::vector<const Array*> x;

  const std::vector<std::int64_t>& ints(NodeId id) const { return g.attributes(id).ints; }
  std::int64_t dim(NodeId id, std::size_t i) const { return g.attributes(id).dims[i].evaluate(sizes); }
  template <class F>
  void fill(F&& f) {
    for_each(y.shape, [&](const Index& at) { ref(y, at) = f(at); });
  }

  void leaf(NodeId id) {
    if (g.op(id) == Op::input) {
      y = inputs.at(std::string(g.input_name(id)));
    } else if (g.op(id) == Op::constant) {
      y.data[0] = *g.constant_value(id);
    } else if (g.op(id) == Op::dim_size) {
      y.data[0] = static_cast<double>(dim(id, 0));
    } else if (g.op(id) == Op::iota) {
      fill([&](const Index& at) { return static_cast<double>(at[static_cast<std::size_t>(ints(id)[0])]); });
    } else if (g.op(id) == Op::tensor) {
      const Tensor wide = Tensor::copy(ArrayRef(g.attributes(id).object.get(), g.dtype(id), y.shape)).cast(DType::f64);
      std::copy_n(wide.data<double>(), y.data.size(), y.data.begin());
    } else {
      throw std::logic_error("no such leaf here");
    }
  }

  void elementwise(NodeId id) {
    const Op op = g.op(id);
    if (x.size() == 1) fill([&](const Index& at) { return one(op, get(*x[0], at), g.dtype(id)); });
    if (x.size() == 2) fill([&](const Index& at) { return two(op, get(*x[0], at), get(*x[1], at)); });
    if (x.size() == 3) fill([&](const Index& at) { return three(op, get(*x[0], at), get(*x[1], at), get(*x[2], at)); });
  }

  /// The element of x behind that of a gather's result; none if the index is outside.
  static std::optional<Index> source(const Index& at, std::size_t axis, const Array& indices, std::int64_t extent, std::size_t rank, bool nearest) {
    const std::size_t inner = indices.shape.size();
    const Index where(at.begin() + static_cast<std::ptrdiff_t>(axis), at.begin() + static_cast<std::ptrdiff_t>(axis + inner));
    auto i = static_cast<std::int64_t>(get(indices, where));
    if (i < 0) i += extent;
    if (nearest) i = std::clamp<std::int64_t>(i, 0, extent - 1);
    if (i < 0 || i >= extent) return std::nullopt;
    Index from(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(axis));
    from.push_back(i);
    from.insert(from.end(), at.begin() + static_cast<std::ptrdiff_t>(axis + inner), at.end());
    if (from.size() != rank) throw std::out_of_range("gather");
    return from;
  }

  void structure(NodeId id) {
    const auto& list = ints(id);
    const auto axis = list.empty() ? std::size_t{0} : static_cast<std::size_t>(list[0]);
    switch (g.op(id)) {
      case Op::broadcast: return fill([&](const Index& at) { return get(*x[0], at); });
      case Op::reshape:
      case Op::custom: y.data = x[0]->data; return;
      case Op::transpose:
        return fill([&](const Index& at) {
          Index from(at.size());
          for (std::size_t i = 0; i < at.size(); ++i) from[static_cast<std::size_t>(list[i])] = at[i];
          return get(*x[0], from);
        });
      case Op::slice:
        return fill([&](const Index& at) {
          Index from(at.size());
          for (std::size_t i = 0; i < at.size(); ++i) from[i] = dim(id, i) + list[i] * at[i];
          return get(*x[0], from);
        });
      case Op::flip:
        return fill([&](Index at) {
          for (auto a : list) at[static_cast<std::size_t>(a)] = y.shape[static_cast<std::size_t>(a)] - 1 - at[static_cast<std::size_t>(a)];
          return get(*x[0], at);
        });
      case Op::pad:
        return fill([&](Index at) {
          for (std::size_t i = 0; i < at.size(); ++i) {
            at[i] -= dim(id, i);
            if (at[i] < 0 || at[i] >= x[0]->shape[i]) return x[1]->data[0];
          }
          return get(*x[0], at);
        });
      case Op::concat:
        return fill([&](Index at) {
          std::size_t part = 0;
          while (at[axis] >= x[part]->shape[axis]) at[axis] -= x[part++]->shape[axis];
          return get(*x[part], at);
        });
      case Op::gather:
        return fill([&](const Index& at) { return get(*x[0], *source(at, axis, *x[1], x[0]->shape[axis], x[0]->shape.size(), true)); });
      case Op::scatter_add:
        y.data = x[0]->data;
        for_each(x[2]->shape, [&](const Index& at) {
          if (const auto to = source(at, axis, *x[1], y.shape[axis], y.shape.size(), false)) ref(y, *to) += get(*x[2], at);
        });
        return;
      case Op::one_hot:
        return fill([&](Index at) {
          const auto i = at[axis];
          at.erase(at.begin() + static_cast<std::ptrdiff_t>(axis));
          return get(*x[0], at) == static_cast<double>(i) ? 1.0 : 0.0;
        });
      default: throw std::logic_error("no structure op");
    }
  }

  void reduction(NodeId id) {
    const Op op = g.op(id);
    const auto& axes = ints(id);
    std::vector<char> seen(y.data.size(), 0);
    Array best = y;
    for_each(x[0]->shape, [&](const Index& at) {
      Index to;
      for (std::size_t i = 0; i < at.size(); ++i)
        if (!std::binary_search(axes.begin(), axes.end(), static_cast<std::int64_t>(i))) to.push_back(at[i]);
      const double v = get(*x[0], at);
      double &r = ref(y, to), &b = ref(best, to);
      char& any = seen[static_cast<std::size_t>(&r - y.data.data())];
      const bool nan_first = v != v && b == b;
      const bool larger = !any || nan_first || (b == b && v > b), smaller = !any || nan_first || (b == b && v < b);
      switch (op) {
        case Op::reduce_sum: r += v; break;
        case Op::reduce_prod: r = any ? r * v : v; break;
        case Op::reduce_max: if (larger) r = b = v; break;
        case Op::reduce_min: if (smaller) r = b = v; break;
        case Op::argmax: if (larger) b = v, r = static_cast<double>(at[static_cast<std::size_t>(axes[0])]); break;
        case Op::argmin: if (smaller) b = v, r = static_cast<double>(at[static_cast<std::size_t>(axes[0])]); break;
        default: throw std::logic_error("no reduction");
      }
      any = 1;
    });
    if (op == Op::reduce_prod)
      for (std::size_t i = 0; i < seen.size(); ++i)
        if (!seen[i]) y.data[i] = 1;
  }

  void scan(NodeId id) {
    const auto axis = static_cast<std::size_t>(ints(id)[0]);
    const std::int64_t n = y.shape[axis];
    Index outer = y.shape;
    outer[axis] = std::min<std::int64_t>(n, 1);
    for_each(outer, [&](Index at) {
      std::vector<double> row;
      for (at[axis] = 0; at[axis] < n; ++at[axis]) row.push_back(get(*x[0], at));
      std::vector<double> result(row.size());
      auto before = [](double a, double b) { return a < b || (a == a && b != b); };
      if (g.op(id) == Op::cumsum) {
        const bool reverse = ints(id)[1] != 0;
        double sum = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
          const std::size_t i = reverse ? row.size() - 1 - k : k;
          result[i] = sum += row[i];
        }
      } else if (g.op(id) == Op::sort) {
        result = row;
        std::stable_sort(result.begin(), result.end(), before);
      } else {
        std::iota(result.begin(), result.end(), 0.0);
        std::stable_sort(result.begin(), result.end(),
                         [&](double a, double b) { return before(row[static_cast<std::size_t>(a)], row[static_cast<std::size_t>(b)]); });
      }
      for (at[axis] = 0; at[axis] < n; ++at[axis]) ref(y, at) = result[static_cast<std::size_t>(at[axis])];
    });
  }

  void product() {
    const std::size_t r = y.shape.size();
    const std::int64_t k = x[0]->shape[r - 1];
    fill([&](const Index& at) {
      double sum = 0;
      Index a = at, b = at;
      for (std::int64_t i = 0; i < k; ++i) {
        a[r - 1] = b[r - 2] = i;
        sum += get(*x[0], a) * get(*x[1], b);
      }
      return sum;
    });
  }
};

}  // namespace

std::int64_t Array::size() const { return count(shape); }

std::vector<Array> evaluate(const Module& module, const Inputs& inputs, const Bindings& sizes) {
  const std::vector<char> needed = reachable(*module.graph, module.outputs);
  Evaluator e(*module.graph, inputs, sizes);
  for (std::uint32_t i = 0; i < module.graph->size(); ++i)
    if (needed[i]) e.node(NodeId{i});
  std::vector<Array> results;
  for (NodeId id : module.outputs) results.push_back(e.values[index(id)]);
  return results;
}

Array evaluate(const Expr& e, const Inputs& inputs, const Bindings& sizes) {
  if (!e.is_bound()) return {{}, {e.literal()}};
  return evaluate(Module{e.graph(), {}, {e.id()}}, inputs, sizes)[0];
}

Array random(std::vector<std::int64_t> shape, double lo, double hi, unsigned seed) {
  std::mt19937 bits(seed);
  Array a{std::move(shape), {}};
  for (std::int64_t i = 0; i < a.size(); ++i) a.data.push_back(lo + (hi - lo) * (bits() / 4294967296.0));
  return a;
}

}  // namespace actinium::reference
