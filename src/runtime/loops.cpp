// Merging and ordering of loop dimensions. Start reading at merge().
#include "runtime/loops.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace actinium::runtime {
namespace {

/// True if stepping along `outer` continues where `inner` ends, for every access.
bool fits(const LoopNest& nest, std::size_t outer, std::size_t inner) {
  return std::all_of(nest.strides.begin(), nest.strides.end(),
                     [&](const auto& s) { return s[outer] == s[inner] * nest.extents[inner]; });
}

void remove(LoopNest& nest, std::size_t d) {
  nest.extents.erase(nest.extents.begin() + static_cast<std::ptrdiff_t>(d));
  for (auto& strides : nest.strides) strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(d));
}

/// Dimensions [0, count): drops extents of 1 and merges neighbours.
std::size_t merge(LoopNest& nest, std::size_t count) {
  for (std::size_t d = count; d-- > 0;) {
    if (nest.extents[d] != 1) continue;
    remove(nest, d);
    --count;
  }
  for (std::size_t d = count; d-- > 1;) {
    if (!fits(nest, d - 1, d)) continue;
    nest.extents[d] *= nest.extents[d - 1];
    remove(nest, d - 1);
    --count;
  }
  return count;
}

void fill_up(LoopNest& nest, std::size_t rank) {
  const std::size_t missing = rank - nest.extents.size();
  nest.extents.insert(nest.extents.begin(), missing, 1);
  for (auto& strides : nest.strides) strides.insert(strides.begin(), missing, 0);
}

}  // namespace

void merge_outer(LoopNest& nest, std::size_t fixed) {
  const std::size_t rank = nest.extents.size();
  merge(nest, rank - fixed);
  fill_up(nest, rank);
}

void arrange(LoopNest& nest) {
  const std::size_t rank = nest.extents.size();
  merge(nest, rank);
  // Bytes that all accesses move by one step: C-contiguous arrays have their dimensions in this order already.
  std::vector<std::int64_t> cost(nest.extents.size(), 0);
  for (std::size_t d = 0; d < cost.size(); ++d) {
    for (std::size_t a = 0; a < nest.strides.size(); ++a) cost[d] += std::abs(nest.strides[a][d]) * nest.element[a];
  }
  std::vector<std::size_t> order(cost.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cost[a] > cost[b]; });
  if (!std::is_sorted(order.begin(), order.end())) {
    const auto permute = [&](std::vector<std::int64_t>& list) {
      std::vector<std::int64_t> moved;
      for (std::size_t d : order) moved.push_back(list[d]);
      list = std::move(moved);
    };
    permute(nest.extents);
    for (auto& strides : nest.strides) permute(strides);
    merge(nest, nest.extents.size());
  }
  fill_up(nest, rank);
}

}  // namespace actinium::runtime
