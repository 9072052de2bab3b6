// Sums of columns that fall out of products: which, and where they are stored. See fuse.hpp.
#include <algorithm>
#include <map>

#include "actinium/error.h"
#include "program/fuse.hpp"
#include "program/program.hpp"

namespace actinium::program {
namespace {

using ops::Op;

/// What is read under the view of a matrix: the array in memory, and its view.
using Matrix = std::pair<std::uint32_t, std::uint32_t>;

Matrix matrix(Plan& plan, NodeId node) {
  const GraphData& g = *plan.module.graph;
  const Peeled p = peel(g, plan.views, plan.anchor, node, plan.views.intern(matrix_view(g.shape(node))));
  return {index(p.node), static_cast<std::uint32_t>(p.view)};
}

/// The sum has its order for more columns than few, and somebody computes it where there is at least one row.
bool can_sum(const GraphData& g, NodeId n) {
  if (g.op(n) != Op::matmul || is_library(g, n)) return false;
  const Shape& shape = g.shape(n);
  const Dim &rows = shape[shape.rank() - 2], &columns = shape[shape.rank() - 1];
  const Shape& right = g.shape(g.operand(n, 1));
  return rows.is_constant() && rows.constant() > 0 && columns.is_constant() && columns.constant() > narrow_columns &&
         right.rank() == shape.rank() && std::equal(right.dims().begin(), right.dims().end() - 2, shape.dims().begin());
}

bool sums_rows(const GraphData& g, NodeId n) {
  if (g.op(n) != Op::reduce_sum || !is_float(g.dtype(n))) return false;
  const int rank = g.shape(g.operand(n, 0)).rank();
  return rank >= 2 && g.attributes(n).ints[0] == rank - 2;
}

}  // namespace

SumsBesideProducts sums_beside_products(Plan& plan, bool any) {
  const GraphData& g = *plan.module.graph;
  SumsBesideProducts found;
  std::map<Matrix, NodeId> sums;  // by what is summed
  for (std::uint32_t i = 0; any && i < g.size(); ++i) {
    if (plan.anchor[i] && sums_rows(g, NodeId{i})) sums.emplace(matrix(plan, g.operand(NodeId{i}, 0)), NodeId{i});
  }
  std::vector<std::pair<NodeId, NodeId>> pairs;  // of a sum and a product
  for (std::uint32_t i = 0; !sums.empty() && i < g.size(); ++i) {
    if (!plan.anchor[i] || !can_sum(g, NodeId{i})) continue;
    const auto sum = sums.find(matrix(plan, g.operand(NodeId{i}, 1)));
    if (sum != sums.end()) pairs.emplace_back(sum->second, NodeId{i});
  }
  // A product that follows from one of the sums might have to run before itself.
  std::vector<char> follows(g.size(), 0);
  for (const auto& [sum, product] : pairs) follows[index(sum)] = 1;
  for (std::uint32_t i = 0; i < g.size(); ++i) {
    const auto operands = g.operands(NodeId{i});
    if (std::any_of(operands.begin(), operands.end(), [&](NodeId o) { return follows[index(o)] != 0; })) follows[i] = 1;
  }
  for (const auto& [sum, product] : pairs)
    if (!follows[index(product)]) found.product.emplace(index(sum), product);
  for (const char after : {0, 1}) {
    for (std::uint32_t i = 0; i < g.size(); ++i)
      if (plan.anchor[i] && follows[i] == after) found.order.push_back(NodeId{i});
  }
  return found;
}

bool sum_falls_out(const Plan& plan, NodeId product, const std::vector<Read>& reads) {
  const GraphData& g = *plan.module.graph;
  if (reads.size() != 1 || plan.groups[plan.group_of[index(product)]].has_reduction(g)) return false;
  const std::uint32_t source = plan.group_of[index(reads[0].node)];
  if (source == no_group) return true;
  const Group& from = plan.groups[source];
  return from.kind != Group::Kind::columns && (from.kind != Group::Kind::rows || from.has_reduction(g));
}

View column_sum_view(const Shape& product, const Shape& sum) {
  Group columns;
  columns.kind = Group::Kind::columns;
  columns.shape = product;
  columns.axis = product.rank() - 2;
  const auto view = row_view(columns, sum);
  if (!view) throw InternalError("fuse: a sum of columns is not one of a product's columns");
  return *view;
}

}  // namespace actinium::program
