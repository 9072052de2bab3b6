// Boxes by op: broadcasting, axes of reductions, rows and columns of products. Start reading at sources.
#include "runtime/finite_boxes.hpp"

#include <set>

#include "activations/catalogue.hpp"
#include "runtime/finite.hpp"

namespace actinium::runtime {

using ops::Op;

Extents coordinates(std::int64_t at, std::span<const std::int64_t> shape) {
  Extents index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0; at /= shape[d]) index[d] = at % shape[d];
  return index;
}

std::int64_t flat(std::span<const std::int64_t> index, std::span<const std::int64_t> shape) {
  std::int64_t at = 0;
  for (std::size_t d = 0; d < index.size(); ++d) at = at * shape[d] + index[d];
  return at;
}

Box broadcast_element(int operand, const Extents& shape, const Extents& index) {
  Box box{operand, {}};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::int64_t i = shape[d] == 1 ? 0 : index[index.size() - shape.size() + d];
    box.ranges.emplace_back(i, i + 1);
  }
  return box;
}

namespace {

Box whole(int operand, const Extents& shape) {
  Box box{operand, {}};
  for (const std::int64_t n : shape) box.ranges.emplace_back(0, n);
  return box;
}

/// The axes that an activation works along.
std::set<int> axes_of(const GraphData& g, NodeId id) {
  const auto& entry = static_cast<const activations::Entry&>(ops::unit_of(g, id));
  const auto& ints = g.attributes(id).ints;
  std::set<int> axes;
  std::size_t option = 1;
  for (const activations::Parameter& p : entry.facts().parameters) {
    if (activations::is_operand(p.takes) || p.takes == activations::Takes::kink || p.takes == activations::Takes::axes) continue;
    if (p.takes == activations::Takes::axis && option < ints.size()) axes.insert(static_cast<int>(ints[option]));
    ++option;
  }
  for (; option < ints.size(); ++option) axes.insert(static_cast<int>(ints[option]));
  return axes;
}

/// All along `axes`; the others as the result has them, which may have dropped those axes.
Box along(int operand, const Extents& shape, const Extents& index, const std::set<int>& axes) {
  Box box = whole(operand, shape);
  const bool kept = index.size() == shape.size();
  std::size_t next = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (axes.contains(static_cast<int>(d))) {
      next += kept;
      continue;
    }
    if (next < index.size()) box.ranges[d] = {index[next], index[next] + 1};
    ++next;
  }
  return box;
}

}  // namespace

std::vector<Box> sources(const GraphData& g, NodeId id, const std::vector<Extents>& shapes, std::int64_t at) {
  const Extents index = coordinates(at, shapes.back());
  const auto operands = g.operands(id);
  const auto& ints = g.attributes(id).ints;
  const Op op = g.op(id);
  const bool by_element = birth(g, id) != Birth::group;
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!is_float(g.dtype(operands[i]))) continue;
    const Extents& shape = shapes[i];
    const int number = static_cast<int>(i);
    Box box = whole(number, shape);
    if (by_element) {
      box = broadcast_element(number, shape, index);
    } else if (ops::kind_of(op) == ops::Kind::reduction) {
      box = along(number, shape, index, {ints.begin(), ints.end()});
    } else if (op == Op::cumsum) {
      for (std::size_t d = 0; d < shape.size(); ++d) box.ranges[d] = {index[d], index[d] + 1};
      auto& range = box.ranges[static_cast<std::size_t>(ints[0])];
      range = ints[1] != 0 ? std::pair{range.first, shape[static_cast<std::size_t>(ints[0])]} : std::pair{std::int64_t{0}, range.second};
    } else if (op == Op::matmul) {
      const std::size_t rank = shape.size();
      for (std::size_t d = 0; d + 2 < rank; ++d) box.ranges[d] = {index[d], index[d] + 1};
      const std::size_t free = i == 0 ? rank - 2 : rank - 1;
      box.ranges[free] = {index[free], index[free] + 1};
    } else if (op == Op::activation && (i == 0 || shape == shapes[0])) {
      box = along(number, shape, index, axes_of(g, id));
    }
    boxes.push_back(std::move(box));
  }
  return boxes;
}

namespace {
template <class T>
bool all_finite(std::span<const T> values) {
  // Branchless, as vectors do it: a number times 0 is 0.
  T sum = 0;
  for (const T v : values) sum += v * T{0};
  return sum == 0;
}
}  // namespace

bool all_finite(const Tensor& t) { return t.dtype() == DType::f32 ? all_finite(t.span<float>()) : all_finite(t.span<double>()); }

}  // namespace actinium::runtime
