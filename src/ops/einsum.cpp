// einsum on the other ops: diagonals are taken, then operands are contracted two at a time as products of matrices.
// Start reading at einsum, then contract.
#include "actinium/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "actinium/graph.h"
#include "ops/einsum_spec.hpp"
#include "ops/error.hpp"

namespace actinium {
namespace ops {
namespace {

using Indices = std::vector<Index>;
/// A bit for each index.
using IndexSet = std::uint64_t;

/// An expression with an index for every axis, all different.
struct Factor {
  Expr value;
  Indices indices;
};

IndexSet set_of(const Indices& indices) {
  IndexSet set = 0;
  for (const Index i : indices) set |= IndexSet{1} << i;
  return set;
}
bool contains(IndexSet set, Index i) { return (set >> i & 1) != 0; }

/// Those of `indices` that are in `set`, in their order.
Indices only(const Indices& indices, IndexSet set) {
  Indices list;
  for (const Index i : indices)
    if (contains(set, i)) list.push_back(i);
  return list;
}
Indices joined(Indices a, const Indices& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// With axes in this order of their indices, a permutation of those there are.
Expr ordered(const Factor& f, const Indices& order) {
  std::vector<int> permutation;
  for (const Index i : order)
    permutation.push_back(static_cast<int>(std::find(f.indices.begin(), f.indices.end(), i) - f.indices.begin()));
  return permutation.empty() ? f.value : transpose(f.value, permutation);
}

Factor summed(Factor f, IndexSet gone) {
  std::vector<int> axes;
  for (std::size_t k = 0; k < f.indices.size(); ++k)
    if (contains(gone, f.indices[k])) axes.push_back(static_cast<int>(k));
  if (axes.empty()) return f;
  return {sum(f.value, axes), only(f.indices, ~gone)};
}

/// Axes p < q, of one size n, as one: elements n + 1 apart of the n * n that they hold together.
Expr diagonal(const Expr& x, std::size_t p, std::size_t q) {
  std::vector<int> order;
  std::vector<Dim> dims;
  for (std::size_t k = 0; k < x.shape().dims().size(); ++k) {
    if (k == p || k == q) continue;
    order.push_back(static_cast<int>(k));
    dims.push_back(x.shape()[static_cast<int>(k)]);
  }
  order.push_back(static_cast<int>(p));
  order.push_back(static_cast<int>(q));
  const Dim n = x.shape()[static_cast<int>(p)];
  dims.push_back(n * n);
  const Expr flat = reshape(transpose(x, order), dims);
  if (n.is_constant()) return slice(flat, 0, std::nullopt, n.constant() + 1, -1);
  Graph g(x.graph());
  return gather(flat, g.iota({n}, 0, i64) * (g.size(n, i64) + 1), -1);
}

/// The positions of an index that is there twice.
std::optional<std::pair<std::size_t, std::size_t>> repeated(const Indices& indices) {
  for (std::size_t q = 1; q < indices.size(); ++q)
    for (std::size_t p = 0; p < q; ++p)
      if (indices[p] == indices[q]) return std::pair{p, q};
  return std::nullopt;
}

/// Every index once, and no axis of size 1 whose index is larger elsewhere: such an axis stretches by being absent.
Factor prepared(const Expr& x, const Indices& indices, const EinsumSpec& spec) {
  Factor f{x, indices};
  while (const auto twice = repeated(f.indices)) {
    const auto [p, q] = *twice;
    f.value = diagonal(f.value, p, q);
    f.indices.push_back(f.indices[p]);
    f.indices.erase(f.indices.begin() + static_cast<std::ptrdiff_t>(q));
    f.indices.erase(f.indices.begin() + static_cast<std::ptrdiff_t>(p));
  }
  std::vector<int> flat;
  Indices rest;
  for (std::size_t k = 0; k < f.indices.size(); ++k) {
    const bool stretches =
        f.value.shape()[static_cast<int>(k)].is(1) && !spec.sizes[static_cast<std::size_t>(f.indices[k])].is(1);
    if (stretches)
      flat.push_back(static_cast<int>(k));
    else
      rest.push_back(f.indices[k]);
  }
  if (!flat.empty()) f = {squeeze(f.value, flat), rest};
  return f;
}

class Contraction {
 public:
  explicit Contraction(const EinsumSpec& spec) : spec_(spec) {}

  /// The product of a and b, summed over what `kept` lacks. If nothing follows, the axes are near the output's order.
  Factor pair(Factor a, Factor b, IndexSet kept, bool last) const {
    a = summed(std::move(a), ~(kept | set_of(b.indices)));
    b = summed(std::move(b), ~(kept | set_of(a.indices)));
    const IndexSet both = set_of(a.indices) & set_of(b.indices), gone = both & ~kept;
    if (last && !spec_.output.empty() && contains(set_of(a.indices) & ~both, spec_.output.back())) std::swap(a, b);
    const IndexSet rows = set_of(a.indices) & ~both, columns = set_of(b.indices) & ~both;
    if (gone == 0 || (rows == 0 && columns == 0)) return by_elements(a, b, gone, last);
    if (!is_float(a.value.dtype())) return by_elements(a, b, gone, last);
    return by_matrices(a, b, both & ~gone, gone, last);
  }

  /// In which order to contract: pairs of positions in the list of factors, whose product is appended to it.
  std::vector<std::pair<std::size_t, std::size_t>> order(const std::vector<Factor>& factors) const {
    return factors.size() <= 8 ? least_work(factors) : smallest_first(factors);
  }

 private:
  const EinsumSpec& spec_;

  std::vector<Dim> dims_of(const Indices& indices) const {
    std::vector<Dim> dims;
    for (const Index i : indices) dims.push_back(spec_.sizes[static_cast<std::size_t>(i)]);
    return dims;
  }
  Dim size_of(const Indices& indices) const {
    Dim n = 1;
    for (const Index i : indices) n = n * spec_.sizes[static_cast<std::size_t>(i)];
    return n;
  }
  /// About how many elements; a run-time size counts as 256.
  double extent(IndexSet set) const {
    double n = 1;
    for (Index i = 0; i < static_cast<Index>(spec_.sizes.size()); ++i) {
      if (!contains(set, i)) continue;
      const Dim& d = spec_.sizes[static_cast<std::size_t>(i)];
      Bindings nominal;
      for (const std::string& s : d.symbols()) nominal[s] = 256;
      n *= static_cast<double>(d.evaluate(nominal));
    }
    return n;
  }

  /// With size 1 for the indices of `order` that it lacks.
  Expr spread(const Factor& f, const Indices& order) const {
    std::vector<Dim> dims;
    for (const Index i : order)
      dims.push_back(contains(set_of(f.indices), i) ? spec_.sizes[static_cast<std::size_t>(i)] : Dim(1));
    const Expr x = ordered(f, only(order, set_of(f.indices)));
    return order.empty() ? x : reshape(x, dims);
  }

  /// Element by element, for sums that are none of matrices.
  Factor by_elements(const Factor& a, const Factor& b, IndexSet gone, bool last) const {
    const IndexSet stays = (set_of(a.indices) | set_of(b.indices)) & ~gone;
    Indices result = last ? only(spec_.output, stays) : only(a.indices, stays);
    if (!last) result = joined(result, only(b.indices, stays & ~set_of(a.indices)));
    const Indices all = joined(result, only(a.indices, gone));
    return summed({spread(a, all) * spread(b, all), all}, gone);
  }

  /// [..., rows, columns], each of them several axes merged. Where they lie the other way round, that product is
  /// transposed: a view either way, while merging transposed axes would copy.
  Expr matrix(const Factor& f, const Indices& leading, const Indices& rows, const Indices& columns) const {
    const Indices rest = only(f.indices, ~set_of(leading));
    const bool swapped = rest == joined(columns, rows);
    const Indices &first = swapped ? columns : rows, &second = swapped ? rows : columns;
    std::vector<Dim> dims = dims_of(leading);
    dims.push_back(size_of(first));
    dims.push_back(size_of(second));
    const Expr x = reshape(ordered(f, joined(leading, joined(first, second))), dims);
    if (!swapped) return x;
    std::vector<int> exchange;
    for (int k = 0; k < x.rank(); ++k) exchange.push_back(k);
    std::swap(exchange[exchange.size() - 1], exchange[exchange.size() - 2]);
    return transpose(x, exchange);
  }

  Factor by_matrices(const Factor& a, const Factor& b, IndexSet shared, IndexSet gone, bool last) const {
    const Indices leading = last ? only(spec_.output, shared) : only(a.indices, shared);
    const bool as_in_a = extent(set_of(a.indices)) >= extent(set_of(b.indices));
    const Indices inner = only(as_in_a ? a.indices : b.indices, gone);
    const Indices rows = only(a.indices, ~(shared | gone)), columns = only(b.indices, ~(shared | gone));
    const Expr y = matmul(matrix(a, leading, rows, inner), matrix(b, leading, inner, columns));
    const Indices result = joined(leading, joined(rows, columns));
    return {reshape(y, dims_of(result)), result};
  }

  /// The order with the fewest multiplications, over all ways to split sets of operands in two.
  std::vector<std::pair<std::size_t, std::size_t>> least_work(const std::vector<Factor>& factors) const {
    const std::size_t n = factors.size(), all = (std::size_t{1} << n) - 1;
    std::vector<IndexSet> held(all + 1, 0);
    for (std::size_t s = 1; s <= all; ++s)
      held[s] = held[s & (s - 1)] | set_of(factors[static_cast<std::size_t>(std::countr_zero(s))].indices);
    const auto kept = [&](std::size_t s) { return held[s] & (held[all & ~s] | set_of(spec_.output)); };
    std::vector<double> work(all + 1, 0);
    std::vector<std::size_t> split(all + 1, 0);
    for (std::size_t s = 1; s <= all; ++s) {
      if (std::has_single_bit(s)) continue;
      work[s] = std::numeric_limits<double>::infinity();
      for (std::size_t part = (s - 1) & s; part > 0; part = (part - 1) & s) {
        if ((part & (s & (~s + 1))) == 0) continue;  // the part with the first operand
        const double total = work[part] + work[s & ~part] + extent(kept(part) | kept(s & ~part));
        if (total < work[s] || split[s] == 0) {
          work[s] = total;
          split[s] = part;
        }
      }
    }
    return steps(split, n);
  }
  /// The splits from the whole down, reversed: parts stand before their product.
  static std::vector<std::pair<std::size_t, std::size_t>> steps(const std::vector<std::size_t>& split, std::size_t n) {
    if (n == 1) return {};
    std::vector<std::size_t> sets{split.size() - 1};
    for (std::size_t k = 0; k < sets.size(); ++k)
      for (const std::size_t part : {split[sets[k]], sets[k] & ~split[sets[k]]})
        if (!std::has_single_bit(part)) sets.push_back(part);
    std::reverse(sets.begin(), sets.end());
    const auto position = [&](std::size_t s) {
      if (std::has_single_bit(s)) return static_cast<std::size_t>(std::countr_zero(s));
      return n + static_cast<std::size_t>(std::find(sets.begin(), sets.end(), s) - sets.begin());
    };
    std::vector<std::pair<std::size_t, std::size_t>> list;
    for (const std::size_t s : sets) list.emplace_back(position(split[s]), position(s & ~split[s]));
    return list;
  }

  /// Each time the pair whose product adds the fewest elements to what there is.
  std::vector<std::pair<std::size_t, std::size_t>> smallest_first(const std::vector<Factor>& factors) const {
    std::vector<IndexSet> held;
    std::vector<std::size_t> open;
    for (const Factor& f : factors) {
      open.push_back(held.size());
      held.push_back(set_of(f.indices));
    }
    std::vector<std::pair<std::size_t, std::size_t>> list;
    while (open.size() > 1) {
      double least = std::numeric_limits<double>::infinity();
      std::size_t x = 0, y = 1;
      IndexSet product = 0;
      for (std::size_t i = 0; i < open.size(); ++i)
        for (std::size_t j = i + 1; j < open.size(); ++j) {
          IndexSet needed = set_of(spec_.output);
          for (std::size_t k = 0; k < open.size(); ++k)
            if (k != i && k != j) needed |= held[open[k]];
          const IndexSet a = held[open[i]], b = held[open[j]], result = (a | b) & needed;
          const double added = extent(result) - extent(a) - extent(b);
          if (added >= least) continue;
          least = added;
          x = i;
          y = j;
          product = result;
        }
      list.emplace_back(open[x], open[y]);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(y));
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(x));
      open.push_back(held.size());
      held.push_back(product);
    }
    return list;
  }
};

/// One graph and one number type; numbers become constants of them.
std::vector<Expr> joined_operands(const Subscripts& s, const std::vector<Expr>& operands) {
  const auto bound = std::find_if(operands.begin(), operands.end(), [](const Expr& e) { return e.is_bound(); });
  if (bound == operands.end())
    fail<GraphError>(
        location_of(s.where), "einsum",
        fmt::format("\"{}\": an expression without a graph: declare it with Graph::constant or Graph::input", s.text));
  const GraphPtr& graph = bound->graph();
  const Location where = place(graph.get(), s.where);
  std::vector<Expr> list;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Expr& e = operands[i];
    list.push_back(e.is_bound() ? e : Expr(graph, graph->number(bound->dtype(), e.literal())));
    const auto described = [](const Expr& x) { return describe(*x.graph(), x.id()); };
    if (list[i].graph() != graph)
      fail<GraphError>(
          where, "einsum",
          fmt::format("\"{}\": operands of two graphs: {} and {}", s.text, described(*bound), described(e)));
    if (list[i].dtype() != bound->dtype())
      fail<TypeError>(where, "einsum",
                      fmt::format("\"{}\": operand {}, {}, is {}, but {} is {}", s.text, i + 1, described(list[i]),
                                  name_of(list[i].dtype()), described(*bound), name_of(bound->dtype())));
    if (e.dtype() == DType::b8)
      fail<TypeError>(
          where, "einsum",
          fmt::format("\"{}\": operand {}, {}, is bool: convert it with cast", s.text, i + 1, described(e)));
  }
  return list;
}

}  // namespace
}  // namespace ops

Expr einsum(Subscripts subscripts, const std::vector<Expr>& operands) {
  using namespace ops;
  if (operands.empty())
    fail<ShapeError>(location_of(subscripts.where), "einsum",
                     fmt::format("\"{}\": no operands are given", subscripts.text));
  const std::vector<Expr> list = joined_operands(subscripts, operands);
  const GraphPtr& graph = list.front().graph();
  const EinsumSpec spec = read_einsum(subscripts.text, list, place(graph.get(), subscripts.where));
  const Placed placed(*graph, subscripts.where);
  std::vector<Factor> factors;
  for (std::size_t i = 0; i < list.size(); ++i) factors.push_back(prepared(list[i], spec.operands[i], spec));
  const Contraction contraction(spec);
  const auto order = contraction.order(factors);
  std::vector<char> used(factors.size() + order.size(), 0);
  for (std::size_t step = 0; step < order.size(); ++step) {
    const auto [a, b] = order[step];
    used[a] = used[b] = 1;
    IndexSet kept = set_of(spec.output);
    for (std::size_t k = 0; k < factors.size(); ++k)
      if (!used[k]) kept |= set_of(factors[k].indices);
    factors.push_back(contraction.pair(factors[a], factors[b], kept, step + 1 == order.size()));
  }
  const Factor last = summed(factors.back(), ~set_of(spec.output));
  return ordered(last, spec.output);
}

}  // namespace actinium
