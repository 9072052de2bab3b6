// Which elements of its operands an element of a result is made of. Start reading at sources.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "actinium/tensor.h"
#include "graph/graph.hpp"

namespace actinium::runtime {

using Extents = std::vector<std::int64_t>;

/// Elements of one operand: a range along each axis.
struct Box {
  int operand;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;  ///< half-open
};

inline bool is_empty(const Box& box) {
  return std::any_of(box.ranges.begin(), box.ranges.end(), [](const auto& r) { return r.first >= r.second; });
}

/// What element `at` (flat) of the result of a node is made of, one box each floating operand. `shapes`: of operands, then of the result.
std::vector<Box> sources(const GraphData& graph, NodeId id, const std::vector<Extents>& shapes, std::int64_t at);
/// The element that broadcasting puts at `index`.
Box broadcast_element(int operand, const Extents& shape, const Extents& index);

Extents coordinates(std::int64_t at, std::span<const std::int64_t> shape);
std::int64_t flat(std::span<const std::int64_t> index, std::span<const std::int64_t> shape);
inline Extents extents_of(const Tensor& t) { return {t.shape().begin(), t.shape().end()}; }

/// An element of a floating tensor.
inline double element(const Tensor& t, std::int64_t at) {
  return t.dtype() == DType::f32 ? static_cast<double>(t.data<float>()[at]) : t.data<double>()[at];
}
bool all_finite(const Tensor& t);

/// f(flat place) for the elements of a box, until it says false; whether it never did.
template <class F>
bool for_each(const Box& box, std::span<const std::int64_t> shape, F&& f) {
  Extents index;
  for (const auto& [low, high] : box.ranges) {
    if (low >= high) return true;
    index.push_back(low);
  }
  for (;;) {
    if (!f(flat(index, shape))) return false;
    std::size_t d = index.size();
    while (d > 0 && ++index[d - 1] == box.ranges[d - 1].second) --d, index[d] = box.ranges[d].first;
    if (d == 0) return true;
  }
}

}  // namespace actinium::runtime
