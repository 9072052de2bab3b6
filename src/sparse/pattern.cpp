// Patterns of dependence: sets of elements, merged when equal, handed on from operands to results in the order of the
// arena.
#include "sparse/pattern.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "actinium/function.h"
#include "actinium/graph.h"
#include "actinium/tensor.h"
#include "autodiff/sweep.hpp"
#include "ops/rules.hpp"
#include "ops/unit.hpp"

namespace actinium::sparse {
namespace {

using ops::Op;

enum class SetId : std::uint32_t {};
constexpr SetId empty{0};

/// Sets of elements of x; each pair is united once.
class Sets {
 public:
  Sets() { intern({}); }
  SetId single(std::uint32_t i) { return intern({i}); }
  const std::vector<std::uint32_t>& operator[](SetId id) const { return *lists_[static_cast<std::size_t>(id)]; }
  SetId unite(SetId a, SetId b) {
    if (a == b || b == empty) return a;
    if (a == empty) return b;
    if (b < a) std::swap(a, b);
    const auto [known, fresh] =
        unions_.try_emplace(static_cast<std::uint64_t>(a) << 32 | static_cast<std::uint64_t>(b), empty);
    if (!fresh) return known->second;
    std::vector<std::uint32_t> both;
    std::set_union((*this)[a].begin(), (*this)[a].end(), (*this)[b].begin(), (*this)[b].end(),
                   std::back_inserter(both));
    const SetId result = intern(std::move(both));
    unions_[static_cast<std::uint64_t>(a) << 32 | static_cast<std::uint64_t>(b)] = result;
    return result;
  }

 private:
  std::map<std::vector<std::uint32_t>, SetId> ids_;
  std::vector<const std::vector<std::uint32_t>*> lists_;
  std::unordered_map<std::uint64_t, SetId> unions_;

  SetId intern(std::vector<std::uint32_t> list) {
    const auto [place, fresh] = ids_.try_emplace(std::move(list), SetId{static_cast<std::uint32_t>(lists_.size())});
    if (fresh) lists_.push_back(&place->first);
    return place->second;
  }
};

using Numbers = std::vector<std::int64_t>;
using Elements = std::vector<SetId>;  ///< of a node; none at all if it does not depend on x

std::size_t size_of(const Expr& e) { return static_cast<std::size_t>(e.shape().size().constant()); }

Numbers counted(std::size_t count, std::int64_t first = 0) {
  Numbers list(count);
  std::iota(list.begin(), list.end(), first);
  return list;
}

class Propagation {
 public:
  explicit Propagation(const Expr& x) : graph_(x.graph()) {
    Elements& own = of_[x.id()];
    for (std::uint32_t i = 0; i < size_of(x); ++i) own.push_back(sets_.single(i));
  }

  void visit(const Expr& node) {
    autodiff::operands_of(graph_, node.id(), operands_);
    const Op op = graph_->op(node.id());
    const ops::Kind kind = ops::kind_of(op);
    const bool pointwise = op == Op::activation && ops::unit_of(*graph_, node.id()).is_pointwise();
    if (kind == ops::Kind::elementwise || pointwise) return elementwise(node);
    if (kind == ops::Kind::reduction || kind == ops::Kind::scan) return along_axes(node);
    if (kind == ops::Kind::product) return product(node);
    if (op == Op::scatter_add) return scattered(node);
    if (kind == ops::Kind::structure && op != Op::custom) return moved(node);
    all(node);
  }

  Pattern pattern(const Expr& y) {
    Pattern rows(size_of(y));
    if (const auto own = of_.find(y.id()); own != of_.end())
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = sets_[own->second[i]];
    return rows;
  }

 private:
  const GraphPtr graph_;
  Sets sets_;
  std::map<NodeId, Elements> of_;
  std::vector<Expr> operands_;  ///< of the node that is visited

  const Elements* elements(const Expr& e) const {
    const auto found = of_.find(e.id());
    return found == of_.end() ? nullptr : &found->second;
  }

  /// The numbers of e's elements after f has moved them.
  static Numbers after(const Numbers& numbers, const Shape& shape, const std::function<Expr(Graph&, const Expr&)>& f) {
    Graph scratch{f64};
    const Tensor t = eval(f(scratch, scratch.constant("numbers", Tensor(numbers, shape))));
    return {t.span<std::int64_t>().begin(), t.span<std::int64_t>().end()};
  }
  static Numbers stretched(const Expr& e, const Shape& shape) {
    const Numbers own = counted(size_of(e));
    if (e.shape() == shape) return own;
    return after(own, e.shape(), [&](Graph&, const Expr& numbers) { return broadcast_to(numbers, shape); });
  }

  void elementwise(const Expr& node) {
    Elements result(size_of(node), empty);
    for (const Expr& o : operands_) {
      const Elements* own = elements(o);
      if (own == nullptr) continue;
      const Numbers from = stretched(o, node.shape());
      for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = sets_.unite(result[i], (*own)[static_cast<std::size_t>(from[i])]);
    }
    of_[node.id()] = std::move(result);
  }

  /// The values of indices, if they depend on nothing that is known at the call alone.
  std::optional<Numbers> values_of(const Expr& indices) const {
    const std::vector<char> needed = reachable(*graph_, std::array{indices.id()});
    for (std::uint32_t i = 0; i < needed.size(); ++i)
      if (needed[i] && (graph_->op(NodeId{i}) == Op::input || graph_->op(NodeId{i}) == Op::variable))
        return std::nullopt;
    const Tensor t = eval(cast(indices, i64));
    return Numbers(t.span<std::int64_t>().begin(), t.span<std::int64_t>().end());
  }

  /// Each element of the result is one of the operands': the op itself moves their numbers.
  void moved(const Expr& node) {
    Graph scratch{f64};
    std::vector<Expr> images;
    std::vector<std::pair<const Elements*, std::size_t>> owners;  // by number
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      const Expr& o = operands_[i];
      Numbers numbers = counted(size_of(o), static_cast<std::int64_t>(owners.size()));
      if (graph_->op(node.id()) == Op::gather && i == 1) {
        const auto known = values_of(o);
        if (!known) return all(node);
        numbers = *known;
      } else {
        for (std::size_t k = 0; k < size_of(o); ++k) owners.emplace_back(elements(o), k);
      }
      images.push_back(scratch.constant("operand" + std::to_string(i), Tensor(numbers, o.shape())));
    }
    const ops::TypedShape requested{DType::i64, node.shape()};
    const Tensor t =
        eval(ops::build(scratch.data(), graph_->op(node.id()), images, graph_->attributes(node.id()), {}, &requested));
    Elements result;
    for (std::int64_t number : t.span<std::int64_t>()) {
      const auto& [own, k] = owners[static_cast<std::size_t>(number)];
      result.push_back(own == nullptr ? empty : (*own)[k]);
    }
    of_[node.id()] = std::move(result);
  }

  void scattered(const Expr& node) {
    const Expr &base = operands_[0], &updates = operands_[2];
    const auto known = values_of(operands_[1]);
    const auto axis = static_cast<int>(graph_->attributes(node.id()).ints[0]);
    if (!known) return all(node);
    Elements result(size_of(node), empty);
    if (const Elements* own = elements(base)) result = *own;
    if (const Elements* own = elements(updates)) {
      const Numbers to = after(counted(size_of(base)), base.shape(), [&](Graph& scratch, const Expr& numbers) {
        return gather(numbers, scratch.constant("indices", Tensor(*known, operands_[1].shape())), axis);
      });
      for (std::size_t i = 0; i < to.size(); ++i) {
        SetId& set = result[static_cast<std::size_t>(to[i])];
        set = sets_.unite(set, (*own)[i]);
      }
    }
    of_[node.id()] = std::move(result);
  }

  /// Rows along the axes: one result each (reductions), or one for each element (cumsum, sort).
  void along_axes(const Expr& node) {
    const Expr& x = operands_[0];
    const Elements* own = elements(x);
    if (own == nullptr) return;
    const Op op = graph_->op(node.id());
    const bool scans = ops::kind_of(op) == ops::Kind::scan;
    const auto& ints = graph_->attributes(node.id()).ints;
    const std::vector<std::int64_t> axes(ints.begin(), scans ? ints.begin() + 1 : ints.end());
    const Numbers rows =
        after(counted(size_of(x)), x.shape(), [&](Graph&, const Expr& numbers) { return ops::to_last(numbers, axes); });
    std::size_t length = 1;
    for (auto axis : axes) length *= static_cast<std::size_t>(x.shape()[static_cast<int>(axis)].constant());
    Elements result(size_of(node), empty);
    for (std::size_t first = 0; first < rows.size(); first += length) {
      const auto at = [&](std::size_t i) { return static_cast<std::size_t>(rows[first + i]); };
      const bool backwards = op == Op::cumsum && ints[1] != 0;
      SetId set = empty;
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t place = at(backwards ? length - 1 - i : i);
        set = sets_.unite(set, (*own)[place]);
        if (op == Op::cumsum) result[place] = set;
      }
      if (op == Op::cumsum) continue;
      if (!scans) result[first / length] = set;
      for (std::size_t i = 0; scans && i < length; ++i) result[at(i)] = set;
    }
    of_[node.id()] = std::move(result);
  }

  void product(const Expr& node) {
    const Expr &a = operands_[0], &b = operands_[1];
    const int rank = node.rank();
    const auto extent = [&](const Expr& e, int axis) { return static_cast<std::size_t>(e.shape()[axis].constant()); };
    const std::size_t rows = extent(node, rank - 2), columns = extent(node, rank - 1), terms = extent(a, rank - 1);
    const std::size_t count = rows * columns == 0 ? 0 : size_of(node) / (rows * columns);
    Elements result(size_of(node), empty);
    // Of a row of a, or a column of b, all terms count.
    const auto line = [&](const Elements* own, std::size_t first, std::size_t step) {
      SetId set = empty;
      for (std::size_t k = 0; own != nullptr && k < terms; ++k) set = sets_.unite(set, (*own)[first + k * step]);
      return set;
    };
    for (std::size_t m = 0; m < count; ++m) {
      std::vector<SetId> left, right;
      for (std::size_t i = 0; i < rows; ++i) left.push_back(line(elements(a), (m * rows + i) * terms, 1));
      for (std::size_t j = 0; j < columns; ++j) right.push_back(line(elements(b), m * terms * columns + j, columns));
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) result[(m * rows + i) * columns + j] = sets_.unite(left[i], right[j]);
    }
    of_[node.id()] = std::move(result);
  }

  void all(const Expr& node) {
    SetId set = empty;
    for (const Expr& o : operands_)
      if (const Elements* own = elements(o))
        for (SetId e : *own) set = sets_.unite(set, e);
    of_[node.id()] = Elements(size_of(node), set);
  }
};

}  // namespace

Pattern pattern_of(const Expr& y, const Expr& x) {
  const GraphPtr& graph = x.graph();
  const autodiff::Cone cone = autodiff::cone(*graph, std::span(&y, 1), std::span(&x, 1));
  Propagation propagation(x);
  for (std::uint32_t n = cone.first; n <= cone.last; ++n)
    if (const NodeId id{n}; cone.contains(id) && id != x.id()) propagation.visit({graph, id});
  if (!cone.contains(y.id())) return Pattern(static_cast<std::size_t>(y.shape().size().constant()));
  return propagation.pattern(y);
}

std::vector<std::uint32_t> colours_of(const Pattern& rows, std::size_t count) {
  constexpr std::uint32_t none = 0xffffffffu;
  std::vector<std::vector<std::uint32_t>> rows_of(count);
  for (std::uint32_t r = 0; r < rows.size(); ++r)
    for (std::uint32_t c : rows[r]) rows_of[c].push_back(r);
  std::vector<std::uint32_t> colours(count, none);
  std::vector<std::uint32_t> taken_by(count + 1, none);  // by colour: the last column that could not have it
  for (std::uint32_t c = 0; c < count; ++c) {
    for (std::uint32_t r : rows_of[c])
      for (std::uint32_t other : rows[r])
        if (colours[other] != none) taken_by[colours[other]] = c;
    std::uint32_t colour = 0;
    while (taken_by[colour] == c) ++colour;
    colours[c] = colour;
  }
  return colours;
}

}  // namespace actinium::sparse
