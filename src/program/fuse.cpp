// Greedy fusion in topological order: an anchor joins the newest kernel whose loops fit and that does not make a cycle.
#include "program/fuse.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "actinium/error.h"

namespace actinium::program {
namespace {

using ops::Kind;
using ops::Op;

// Cost model, in weights of one addition. A shared value is stored rather than recomputed above join_cost; a cone of
// operations is cut at cone_cost; a kernel holds at most kernel_steps operations (LLVM is superlinear beyond a few
// thousand).
constexpr int join_cost = 64;
constexpr int broadcast_cost = 8;
/// What a product's epilogue computes for a later kernel, an activation's derivative, is stored from this cost on
/// rather than the product: the same bytes, and the epilogue has most of it at hand.
constexpr int epilogue_cost = 20;
constexpr int cone_cost = 600;
constexpr std::size_t kernel_steps = 2500;
constexpr std::size_t candidate_limit = 6;
/// A row is kept in cache between its loops up to this many elements, if known.
constexpr std::int64_t row_limit = 65536;

bool inlines(const GraphData& g, NodeId node) {
  const Op op = g.op(node);
  return ops::kind_of(op) == Kind::elementwise || is_view(op);
}

std::vector<int> axes_upto(int rank) {
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

class Fuser {
 public:
  Fuser(Module module, bool sums) : sums_beside_products_(sums) { plan_.module = std::move(module); }

  Plan run() {
    choose_anchors();
    SumsBesideProducts sums = sums_beside_products(plan_, sums_beside_products_);
    sum_beside_ = std::move(sums.product);
    for (NodeId n : sums.order) place(n);
    copy_outputs();
    order_groups();
    return std::move(plan_);
  }

 private:
  using Steps = std::unordered_set<std::uint64_t>;
  const GraphData& g() const { return *plan_.module.graph; }
  bool anchor(NodeId n) const { return plan_.anchor[index(n)] != 0; }

  // --- Which nodes are in memory ---

  void choose_anchors() {
    const std::size_t count = g().size();
    plan_.anchor.assign(count, 0);
    plan_.group_of.assign(count, no_group);
    std::vector<std::uint32_t> users(count, 0);
    std::vector<char> stretched(count, 0);
    for (std::uint32_t i = 0; i < count; ++i)
      for (NodeId o : g().operands(NodeId{i})) {
        ++users[index(o)];
        if (inlines(g(), NodeId{i}) && g()[o].shape != g()[NodeId{i}].shape && !is_reshaping(NodeId{i}))
          stretched[index(o)] = 1;
      }
    for (NodeId n : plan_.module.outputs)
      if (ops::kind_of(g().op(n)) != Kind::leaf) mark(n);
    std::vector<int> cost(count, 0);
    for (std::uint32_t i = 0; i < count; ++i) {
      const NodeId n{i};
      if (ops::kind_of(g().op(n)) == Kind::leaf) continue;
      if (!inlines(g(), n)) {
        mark(n);
        continue;
      }
      if (anchor(n)) continue;
      int sum = is_view(g().op(n)) ? 0 : weight(g().op(n));
      for (NodeId o : g().operands(n)) sum = std::min(1 << 20, sum + cost[index(o)]);
      cost[i] = sum;
      if (is_view(g().op(n))) continue;
      if (sum > cone_cost || (users[i] > 1 && sum > join_cost) || (stretched[i] && sum >= broadcast_cost)) {
        mark(n);
        cost[i] = 0;
      }
    }
    for (std::uint32_t i = 0; i < count; ++i) anchor_operands(NodeId{i});
    anchor_epilogues();
    // Views that are not affine are put in memory: until nothing changes.
    std::vector<NodeId> work;
    for (std::uint32_t i = 0; i < count; ++i)
      if (anchor(NodeId{i})) work.push_back(NodeId{i});
    while (!work.empty()) {
      const NodeId n = work.back();
      work.pop_back();
      for (NodeId found : unaffine(n))
        if (!anchor(found)) {
          mark(found);
          work.push_back(found);
        }
    }
  }

  bool is_reshaping(NodeId n) const { return is_view(g().op(n)) && g().op(n) != Op::broadcast; }
  void mark(NodeId n) { plan_.anchor[index(n)] = 1; }

  /// Marks what follows from one product alone, element by element, where it meets something else.
  void anchor_epilogues() {
    enum class Source : std::uint8_t { leaves, product, mixed };
    struct Origin {
      Source source = Source::leaves;
      NodeId product = no_node;
      int cost = 0;  ///< to compute it from memory
    };
    std::vector<Origin> origins(g().size());
    for (std::uint32_t i = 0; i < g().size(); ++i) {
      const NodeId n{i};
      const Op op = g().op(n);
      Origin& own = origins[i];
      if (op == Op::matmul && !is_library(g(), n)) {
        own = {Source::product, n, 0};
        continue;
      }
      if (ops::kind_of(op) == Kind::leaf) continue;
      own.cost = weight(op);
      for (NodeId o : g().operands(n)) {
        const Origin& from = origins[index(o)];
        own.cost = std::min(1 << 20, own.cost + from.cost);
        if (from.source == Source::leaves) continue;
        const bool other = own.source == Source::product && own.product != from.product;
        own.source = other || from.source == Source::mixed ? Source::mixed : Source::product;
        own.product = from.product;
      }
      if (own.source == Source::product &&
          (ops::kind_of(op) != Kind::elementwise || !(g().shape(n) == g().shape(own.product))))
        own.source = Source::mixed;
      if (own.source == Source::mixed && ops::kind_of(op) == Kind::elementwise) {
        for (NodeId o : g().operands(n)) {
          const Origin& from = origins[index(o)];
          if (from.source != Source::product || from.cost < epilogue_cost) continue;
          mark(o);
          epilogue_of_.emplace(index(o), from.product);
        }
      }
      if (anchor(n)) own.cost = 0;
    }
  }

  /// Products and routines read memory: marks what has to be there.
  void anchor_operands(NodeId n) {
    const Op op = g().op(n);
    if (is_library(g(), n)) {
      if (g().op(n) == Op::result) return;
      for (NodeId o : g().operands(n))
        if (g().op(o) != Op::input && g().op(o) != Op::tensor) mark(o);
    } else if (op == Op::matmul) {
      for (NodeId o : g().operands(n)) {
        const Peeled p = peel(g(), plan_.views, plan_.anchor, o, plan_.views.intern(matrix_view(g().shape(o))));
        const Op base = g().op(p.node);
        if (base != Op::input && base != Op::tensor) mark(p.node);
      }
    }
  }

  /// Where anchor `n` starts to evaluate, in loops over its own shape.
  std::vector<Read> starts(NodeId n, const Group& own) {
    std::vector<Read> result;
    if (is_library(g(), n) || g().op(n) == Op::matmul) return result;
    if (is_assembled(g().op(n))) {
      for (NodeId o : g().operands(n)) result.push_back({o, plan_.views.intern(part_view(g().shape(o)))});
    } else if (ops::kind_of(g().op(n)) == Kind::reduction || g().op(n) == Op::stack) {
      for (NodeId o : g().operands(n)) result.push_back({o, plan_.views.intern(full_view(own))});
    } else {
      result.push_back({n, plan_.views.intern(full_view(own))});
    }
    return result;
  }

  static View part_view(const Shape& shape) {
    return view_of(shape, shape.rank() ? axes_upto(shape.rank()) : std::vector<int>{-1});
  }

  std::vector<NodeId> unaffine(NodeId n) {
    std::vector<NodeId> found;
    for (const Read& s : starts(n, own_group(n))) walk(s.node, s.view, n, nullptr, &found);
    return found;
  }

  /// Visits the cone of `node` down to memory. `reads` gets anchors, inputs and tensors; `broken` the nodes whose view
  /// is not affine.
  void walk(NodeId node, ViewId view, NodeId self, std::vector<Read>* reads, std::vector<NodeId>* broken,
            Steps* steps = nullptr) {
    std::vector<Read> stack{{node, view}};
    Steps own;
    Steps& seen = steps != nullptr ? *steps : own;
    while (!stack.empty()) {
      const Read at = stack.back();
      stack.pop_back();
      if (!seen.insert(static_cast<std::uint64_t>(index(at.node)) << 32 | static_cast<std::uint32_t>(at.view)).second)
        continue;
      const Op op = g().op(at.node);
      if (at.node != self && anchor(at.node)) {
        if (reads) reads->push_back(at);
      } else if (op == Op::input || op == Op::tensor) {
        if (reads) reads->push_back(at);
      } else if (op == Op::iota) {
        if (broken && !affine_index(at)) broken->push_back(at.node);
      } else if (op != Op::constant && op != Op::dim_size) {
        for (int i = 0; i < g()[at.node].arity; ++i) {
          const auto next = plan_.views.through(g(), at.node, i, at.view);
          if (next) {
            stack.push_back({g().operand(at.node, i), *next});
          } else if (broken) {
            broken->push_back(at.node);
            break;
          } else {
            throw InternalError("fuse: a view that is not affine was not put in memory");
          }
        }
      }
    }
  }

  /// An index along an axis is affine unless a run of several axes crosses it.
  bool affine_index(const Read& at) {
    const auto axis = static_cast<int>(g().attributes(at.node).ints[0]);
    for (const DimMap& d : plan_.views[at.view].dims)
      if (d.first != d.last && d.first <= axis && axis <= d.last) return false;
    return true;
  }

  // --- Which kernel computes an anchor ---

  /// The group that computes just `n`.
  Group own_group(NodeId n) const {
    Group group;
    group.shape = loop_shape(g(), n);
    if (is_library(g(), n)) {
      group.kind = Group::Kind::library;
    } else if (g().op(n) == Op::matmul) {
      group.kind = Group::Kind::product;
    } else if (ops::kind_of(g().op(n)) == Kind::reduction) {
      group.shape = g().shape(g().operand(n, 0));
      const auto axis = static_cast<int>(g().attributes(n).ints[0]);
      group.kind = axis == group.shape.rank() - 1 ? Group::Kind::rows : Group::Kind::columns;
      if (group.kind == Group::Kind::columns) group.axis = axis;
    } else {
      group.kind = Group::Kind::rows;
    }
    group.anchors.push_back(n);
    return group;
  }

  void place(NodeId n) {
    if (is_assembled(g().op(n))) return assemble(n);
    if (g().op(n) == Op::result) {
      // Of the loop's kernel, whatever it reads.
      const std::uint32_t id = plan_.group_of[index(g().operand(n, 0))];
      plan_.group_of[index(n)] = id;
      plan_.groups[id].anchors.push_back(n);
      return;
    }
    Group own = own_group(n);
    std::vector<Read> reads = direct_reads(n);
    for (const Read& s : starts(n, own)) walk(s.node, s.view, n, &reads, nullptr, &own.steps);
    if (const auto at = epilogue_of_.find(index(n)); at != epilogue_of_.end())
      if (join(plan_.group_of[index(at->second)], n, own)) return;
    if (const auto at = sum_beside_.find(index(n)); at != sum_beside_.end())
      if (sum_falls_out(plan_, at->second, reads) && merge(plan_.group_of[index(at->second)], n, own, reads)) return;
    if (own.kind == Group::Kind::rows || own.kind == Group::Kind::columns)
      for (std::uint32_t candidate : candidates(own, reads))
        if (join(candidate, n, own)) return;
    add_group(std::move(own), reads);
  }

  std::vector<Read> direct_reads(NodeId n) {
    std::vector<Read> reads;
    if (is_library(g(), n)) {
      for (NodeId o : g().operands(n)) reads.push_back({o, ViewId{0}});
    } else if (g().op(n) == Op::matmul) {
      for (NodeId o : g().operands(n)) {
        const Peeled p = peel(g(), plan_.views, plan_.anchor, o, plan_.views.intern(matrix_view(g().shape(o))));
        reads.push_back({p.node, p.view});
      }
    }
    return reads;
  }

  /// Kernels worth trying: those it reads from and the latest ones over the same shape, newest first.
  std::vector<std::uint32_t> candidates(const Group& own, const std::vector<Read>& reads) {
    std::vector<std::uint32_t> list;
    for (const Read& r : reads)
      if (plan_.group_of[index(r.node)] != no_group) list.push_back(plan_.group_of[index(r.node)]);
    if (const auto at = by_shape_.find(own.shape.str()); at != by_shape_.end()) {
      const auto& recent = at->second;
      for (std::size_t i = 0; i < std::min<std::size_t>(recent.size(), 3); ++i)
        list.push_back(recent[recent.size() - 1 - i]);
    }
    std::sort(list.begin(), list.end(), std::greater<>{});
    list.erase(std::unique(list.begin(), list.end()), list.end());
    if (list.size() > candidate_limit) list.resize(candidate_limit);
    return list;
  }

  /// The view under which group `k` would evaluate anchor `n` (a reduction: its operand), if its loops fit.
  std::optional<ViewId> fitting_view(const Group& k, NodeId n, const Group& own, bool& row_level) {
    row_level = false;
    if (k.kind == Group::Kind::library) return std::nullopt;
    const bool reduction = ops::kind_of(g().op(n)) == Kind::reduction;
    if (reduction) {
      if (own.kind != k.kind || !(own.shape == k.shape) || own.axis != k.axis) return std::nullopt;
      return plan_.views.intern(full_view(k));
    }
    if (loop_shape(g(), n) == k.shape) return plan_.views.intern(full_view(k));
    if (k.kind == Group::Kind::product || !k.has_reduction(g())) return std::nullopt;
    const auto row = row_view(k, loop_shape(g(), n));
    if (!row) return std::nullopt;
    row_level = true;
    return plan_.views.intern(*row);
  }

  bool join(std::uint32_t id, NodeId n, const Group& own) {
    Group& k = plan_.groups[id];
    if (k.kind == Group::Kind::rows && own.kind == Group::Kind::columns) return join_as_columns(id, n, own);
    bool row_level = false;
    const auto view = fitting_view(k, n, own, row_level);
    if (!view || !has_room(k, own.steps)) return false;
    std::vector<Read> reads;
    if (ops::kind_of(g().op(n)) == Kind::reduction || g().op(n) == Op::stack) {
      for (NodeId o : g().operands(n)) walk(o, *view, n, &reads, nullptr);
    } else {
      walk(n, *view, n, &reads, nullptr);
    }
    bool after_reduction = false;
    for (const Read& r : reads) {
      if (plan_.group_of[index(r.node)] != id) continue;
      if (is_assembled(g().op(r.node))) return false;
      const bool reduced = row_valued(k, r.node);
      const auto expected = reduced ? row_view(k, loop_shape(g(), r.node)) : std::optional(full_view(k));
      if (!expected || !(plan_.views[r.view] == *expected)) return false;
      after_reduction = after_reduction || reduced;
    }
    if (row_level && !after_reduction) return false;
    if (after_reduction && !row_level && (k.kind != Group::Kind::rows || !row_fits(k.shape))) return false;
    return merge(id, n, own, reads);
  }

  /// Elementwise rows become the body of a reduction over another axis: dZ is written and summed for the bias in one
  /// pass.
  bool join_as_columns(std::uint32_t id, NodeId n, const Group& own) {
    Group& k = plan_.groups[id];
    if (!(k.shape == own.shape) || k.has_reduction(g()) || !k.parts.empty() || !has_room(k, own.steps)) return false;
    for (NodeId a : k.anchors)
      if (!(g().shape(a) == k.shape)) return false;  // a stack's rows are not the rows of its array
    Group columns = k;
    columns.kind = Group::Kind::columns;
    columns.axis = own.axis;
    std::vector<Read> reads;
    walk(g().operand(n, 0), plan_.views.intern(full_view(columns)), n, &reads, nullptr);
    bool uses = false;
    for (const Read& r : reads) {
      if (plan_.group_of[index(r.node)] != id) continue;
      if (!(plan_.views[r.view] == full_view(columns))) return false;
      uses = true;
    }
    if (!uses) return false;
    if (!merge(id, n, own, reads)) return false;
    k.kind = Group::Kind::columns;
    k.axis = own.axis;
    return true;
  }

  /// What both compute counts once.
  static bool has_room(const Group& k, const Steps& steps) {
    if (k.steps.size() + steps.size() <= kernel_steps) return true;
    const auto added = std::count_if(steps.begin(), steps.end(), [&](std::uint64_t s) { return !k.steps.contains(s); });
    return k.steps.size() + static_cast<std::size_t>(added) <= kernel_steps;
  }

  /// One value a row (column) of the group, rather than one an element.
  bool row_valued(const Group& k, NodeId n) const {
    if (ops::kind_of(g().op(n)) == Kind::reduction) return true;
    return k.kind != Group::Kind::product && !(loop_shape(g(), n) == k.shape);
  }

  bool row_fits(const Shape& shape) const {
    const Dim& n = shape[shape.rank() - 1];
    if (n.is_constant()) return n.constant() <= row_limit;
    for (int i = 0; i + 1 < shape.rank(); ++i)
      if (!shape[i].is(1)) return true;
    return false;
  }

  // --- The graph of groups ---

  bool merge(std::uint32_t id, NodeId n, const Group& own, const std::vector<Read>& reads) {
    if (!depend(id, reads)) return false;
    Group& k = plan_.groups[id];
    k.anchors.push_back(n);
    k.steps.insert(own.steps.begin(), own.steps.end());
    plan_.group_of[index(n)] = id;
    return true;
  }

  /// Makes group `id` wait for what is read, unless that waits for it.
  bool depend(std::uint32_t id, const std::vector<Read>& reads) {
    std::vector<std::uint32_t> dependencies = groups_of(reads);
    std::erase(dependencies, id);
    for (std::uint32_t d : dependencies)
      if (is_ancestor(id, d)) return false;
    add_dependencies(id, dependencies);
    return true;
  }

  std::vector<std::uint32_t> groups_of(const std::vector<Read>& reads) const {
    std::vector<std::uint32_t> list;
    for (const Read& r : reads)
      if (const std::uint32_t id = plan_.group_of[index(r.node)]; id != no_group) list.push_back(id);
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
  }

  std::uint32_t add_group(Group group, const std::vector<Read>& reads) {
    const auto id = static_cast<std::uint32_t>(plan_.groups.size());
    for (NodeId n : group.anchors) plan_.group_of[index(n)] = id;
    if (group.kind != Group::Kind::library) by_shape_[group.shape.str()].push_back(id);
    plan_.groups.push_back(std::move(group));
    ancestors_.emplace_back();
    std::vector<std::uint32_t> dependencies = groups_of(reads);
    std::erase(dependencies, id);
    add_dependencies(id, dependencies);
    return id;
  }

  bool is_ancestor(std::uint32_t a, std::uint32_t of) const {
    const auto& bits = ancestors_[of];
    return a / 64 < bits.size() && (bits[a / 64] >> (a % 64) & 1) != 0;
  }

  void add_dependencies(std::uint32_t id, const std::vector<std::uint32_t>& dependencies) {
    std::vector<std::uint64_t> fresh;
    auto include = [](std::vector<std::uint64_t>& into, const std::vector<std::uint64_t>& bits) {
      if (into.size() < bits.size()) into.resize(bits.size());
      for (std::size_t i = 0; i < bits.size(); ++i) into[i] |= bits[i];
    };
    for (std::uint32_t d : dependencies) {
      include(fresh, ancestors_[d]);
      if (fresh.size() <= d / 64) fresh.resize(d / 64 + 1);
      fresh[d / 64] |= std::uint64_t{1} << (d % 64);
      auto& list = plan_.groups[id].dependencies;
      if (std::find(list.begin(), list.end(), d) == list.end()) list.push_back(d);
    }
    auto contains = [](const std::vector<std::uint64_t>& all, const std::vector<std::uint64_t>& some) {
      for (std::size_t i = 0; i < some.size(); ++i)
        if ((some[i] & ~(i < all.size() ? all[i] : 0)) != 0) return false;
      return true;
    };
    if (contains(ancestors_[id], fresh)) return;
    include(ancestors_[id], fresh);
    for (std::uint32_t other = 0; other < ancestors_.size(); ++other)
      if (is_ancestor(id, other)) include(ancestors_[other], fresh);
  }

  /// A concat or pad is written region by region.
  void assemble(NodeId n) {
    const Shape& shape = g().shape(n);
    const Attributes& attributes = g().attributes(n);
    std::vector<Dim> start(static_cast<std::size_t>(shape.rank()), Dim(0));
    if (g().op(n) == Op::pad) {
      place_part({.source = g().operand(n, 1), .target = n, .start = start, .axes = axes_upto(shape.rank())}, shape);
      std::copy(attributes.dims.begin(), attributes.dims.begin() + shape.rank(), start.begin());
      add_part(n, g().operand(n, 0), g().shape(g().operand(n, 0)), start);
      return;
    }
    const auto axis = static_cast<int>(attributes.ints[0]);
    for (NodeId o : g().operands(n)) {
      add_part(n, o, g().shape(o), start);
      start[static_cast<std::size_t>(axis)] = start[static_cast<std::size_t>(axis)] + g().shape(o)[axis];
    }
  }

  /// Loops run over the axes that are longer than 1, so that values of other shapes can be computed in the same kernel.
  void add_part(NodeId target, NodeId source, const Shape& shape, const std::vector<Dim>& start) {
    std::vector<Dim> loops;
    Part part{.source = source, .target = target, .start = start, .axes = {}};
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i].is(1)) continue;
      loops.push_back(shape[i]);
      part.axes.push_back(i);
    }
    place_part(std::move(part), Shape(std::move(loops)));
  }

  void place_part(Part part, const Shape& loops) {
    if (part.axes.empty()) part.axes.push_back(-1);
    Group own;
    own.kind = Group::Kind::rows;
    own.shape = loops;
    std::vector<Read> reads;
    walk(part.source, plan_.views.intern(source_view(g(), part)), no_node, &reads, nullptr, &own.steps);
    // Regions of one target are written in order; the last one stands for it.
    const NodeId target = part.target;
    const bool later = target != no_node && plan_.group_of[index(target)] != no_group;
    std::vector<Read> waits = reads;
    if (later) waits.push_back({target, ViewId{0}});
    std::uint32_t id = no_group;
    for (std::uint32_t candidate : candidates(own, waits)) {
      if (!part_fits(candidate, part, own, reads) || !depend(candidate, waits)) continue;
      id = candidate;
      break;
    }
    if (id == no_group) {
      id = add_group(std::move(own), waits);
    } else {
      plan_.groups[id].steps.insert(own.steps.begin(), own.steps.end());
    }
    plan_.groups[id].parts.push_back(std::move(part));
    if (target != no_node) plan_.group_of[index(target)] = id;
  }

  /// Whether a region can be stored by the kernel that computes its elements. A pad's regions overlap: each has its
  /// own.
  bool part_fits(std::uint32_t id, const Part& part, const Group& own, const std::vector<Read>& reads) const {
    const Group& k = plan_.groups[id];
    if (part.target == no_node || g().op(part.target) != Op::concat || k.kind != Group::Kind::rows) return false;
    if (!(k.shape == own.shape) || !has_room(k, own.steps)) return false;
    const auto other = [&](const Part& p) { return p.target == no_node || g().op(p.target) != Op::concat; };
    if (std::any_of(k.parts.begin(), k.parts.end(), other)) return false;
    return std::all_of(reads.begin(), reads.end(), [&](const Read& r) {
      if (plan_.group_of[index(r.node)] != id) return true;
      return !is_assembled(g().op(r.node)) && !row_valued(k, r.node) && plan_.views[r.view] == full_view(k);
    });
  }

  /// Outputs that are inputs or constants, or the same node twice, are copied.
  void copy_outputs() {
    std::unordered_set<std::uint32_t> seen;
    for (std::size_t i = 0; i < plan_.module.outputs.size(); ++i) {
      const NodeId n = plan_.module.outputs[i];
      const bool first = seen.insert(index(n)).second;
      if (first && anchor(n)) continue;
      const Shape& shape = g().shape(n);
      Part part{.source = n,
                .start = std::vector<Dim>(static_cast<std::size_t>(shape.rank()), Dim(0)),
                .axes = axes_upto(shape.rank()),
                .output = static_cast<int>(i)};
      place_part(std::move(part), shape);
    }
  }

  void order_groups() {
    // Kahn's algorithm, smallest group first: close to the order in which values were written.
    const std::size_t count = plan_.groups.size();
    std::vector<std::vector<std::uint32_t>> users(count);
    std::vector<std::uint32_t> waits(count, 0);
    for (std::uint32_t i = 0; i < count; ++i)
      for (std::uint32_t d : plan_.groups[i].dependencies) {
        users[d].push_back(i);
        ++waits[i];
      }
    std::map<std::uint32_t, char> ready;
    for (std::uint32_t i = 0; i < count; ++i)
      if (waits[i] == 0) ready[i] = 1;
    while (!ready.empty()) {
      const std::uint32_t i = ready.begin()->first;
      ready.erase(ready.begin());
      plan_.order.push_back(i);
      for (std::uint32_t u : users[i])
        if (--waits[u] == 0) ready[u] = 1;
    }
    if (plan_.order.size() != count) throw InternalError("fuse: the kernels depend on each other in a cycle");
  }

  Plan plan_;
  const bool sums_beside_products_;
  std::unordered_map<std::uint32_t, NodeId> epilogue_of_;  ///< anchors that a product's epilogue is to compute
  std::unordered_map<std::uint32_t, NodeId> sum_beside_;   ///< sums that a product's kernel may compute
  std::vector<std::vector<std::uint64_t>> ancestors_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_shape_;
};

}  // namespace

Plan fuse(Module canonical, bool sums_beside_products) {
  return Fuser(std::move(canonical), sums_beside_products).run();
}

}  // namespace actinium::program
