// Groups of fused nodes become kernels: values are numbered, loops are cut into stages at reductions, and what a later loop needs
// is kept or computed again. Groups are visited last to first, so that a producer knows which of its values are read.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "actinium/error.h"
#include "ops/loop.hpp"
#include "program/fuse.hpp"
#include "program/index_checks.hpp"

namespace actinium::program {
namespace {

using ops::Op;

/// A value of an earlier loop is kept in a row of scratch if to compute it again costs at least this much.
constexpr int keep_weight = 10;

/// How a value varies: with nothing, with a row but known before any loop, with a row after a reduction, with every element.
enum class Varies : std::uint8_t { never, invariant, row, element };

struct Val {
  Step::Kind kind;
  Op op = Op::constant;
  DType dtype;
  std::array<std::uint32_t, 3> args{};
  int arity = 0;
  std::uint64_t number = 0;
  Varies varies = Varies::never;
  int level = 0;  ///< loops that must have ended before it is known
  bool reduced = false;
  Combine combine = Combine::sum;
};

struct PendingStore {
  std::uint32_t val;
  std::uint32_t access;
  bool once;
};

Combine combine_of(Op op) {
  if (op == Op::reduce_sum || op == Op::dot) return Combine::sum;
  if (op == Op::reduce_prod) return Combine::prod;
  if (op == Op::reduce_max) return Combine::max;
  if (op == Op::reduce_min) return Combine::min;
  throw InternalError("combine_of: not a reduction");
}

class Emitter {
 public:
  Emitter(Plan& plan, const LowerOptions& options) : plan_(plan), g_(*plan.module.graph) { program_.fused = options.fused; }

  Program run() {
    declare_buffers();
    for (std::size_t i = plan_.order.size(); i-- > 0;) emit(plan_.order[i]);
    std::reverse(program_.kernels.begin(), program_.kernels.end());
    collect_symbols();
    return std::move(program_);
  }

 private:
  // --- Buffers ---

  BufferId add_buffer(Buffer::Kind kind, NodeId node, std::uint32_t slot) {
    const BufferId id{static_cast<std::uint32_t>(program_.buffers.size())};
    Buffer b{kind, g_.dtype(node), g_.shape(node), slot, nullptr, false, std::string(g_.name(node))};
    if (kind == Buffer::Kind::constant) b.data = g_.attributes(node).object;
    program_.buffers.push_back(std::move(b));
    return id;
  }

  void declare_buffers() {
    buffer_of_.assign(g_.size(), no_buffer);
    for (std::uint32_t i = 0; i < plan_.module.inputs.size(); ++i) {
      const NodeId n = plan_.module.inputs[i];
      program_.inputs.push_back(add_buffer(Buffer::Kind::input, n, i));
      buffer_of_[index(n)] = program_.inputs.back();
    }
    for (std::uint32_t i = 0; i < plan_.module.outputs.size(); ++i) {
      const NodeId n = plan_.module.outputs[i];
      program_.outputs.push_back(add_buffer(Buffer::Kind::output, n, i));
      if (plan_.anchor[index(n)] && buffer_of_[index(n)] == no_buffer) buffer_of_[index(n)] = program_.outputs.back();
    }
  }

  /// The memory of an anchor, input or tensor; asking for it is what puts an anchor in memory.
  BufferId buffer(NodeId n) {
    BufferId& id = buffer_of_[index(n)];
    if (id == no_buffer) {
      if (g_.op(n) == Op::input) throw InternalError("emit: an input is not listed: " + std::string(g_.input_name(n)));
      id = add_buffer(g_.op(n) == Op::tensor ? Buffer::Kind::constant : Buffer::Kind::temporary, n, 0);
    }
    return id;
  }
  bool in_memory(NodeId n) const { return buffer_of_[index(n)] != no_buffer; }

  Access access_of(BufferId id, const View& view) {
    Buffer& b = program_.buffers[index(id)];
    Access access{id, b.dtype, {}, view.start};
    for (const DimMap& d : view.dims) {
      if (d.first != d.last) b.contiguous = true;
      access.dims.push_back({d.last, d.multiplier});
    }
    if (view.contiguous) b.contiguous = true;
    return access;
  }

  // --- Values of the current group ---

  void reset(const Group& group) {
    group_ = &group;
    vals_.clear();
    memo_.clear();
    accesses_.clear();
    access_index_.clear();
    stores_.clear();
    column_sums_.reset();
    types_.clear();
    computed_.clear();
  }

  std::uint32_t add_val(Val v) {
    for (int i = 0; i < v.arity; ++i) {
      const Val& a = vals_[v.args[static_cast<std::size_t>(i)]];
      v.varies = std::max(v.varies, a.varies);
      v.level = std::max(v.level, a.level);
    }
    vals_.push_back(v);
    return static_cast<std::uint32_t>(vals_.size() - 1);
  }

  std::uint32_t add_access(Access access, std::uint64_t key) {
    const auto [at, fresh] = access_index_.emplace(key, static_cast<std::uint32_t>(accesses_.size()));
    if (fresh) accesses_.push_back(std::move(access));
    return at->second;
  }

  /// The loop along which reductions run, or -1 in a product.
  int reduced_loop(std::size_t loops) const {
    if (group_->kind == Group::Kind::columns) return static_cast<int>(loops) - 2;
    return group_->kind == Group::Kind::product ? -1 : static_cast<int>(loops) - 1;
  }

  std::uint32_t load(Access access, std::uint64_t key, DType wanted) {
    const int loop = reduced_loop(access.dims.size());
    const bool moves = loop < 0 || (access.buffer == no_buffer ? !access.dims[static_cast<std::size_t>(loop)].multiplier.is(0)
                                                               : access.dims[static_cast<std::size_t>(loop)].axis >= 0);
    const DType dtype = access.dtype;
    Val v{.kind = Step::Kind::load, .dtype = dtype};
    v.varies = moves ? Varies::element : Varies::invariant;
    v.number = add_access(std::move(access), key);
    const std::uint32_t id = add_val(v);
    return dtype == wanted ? id : add_val({.kind = Step::Kind::op, .op = Op::cast, .dtype = wanted, .args = {id}, .arity = 1});
  }

  std::uint32_t leaf(NodeId n, ViewId view_id) {
    const View& view = plan_.views[view_id];
    const std::uint64_t key = static_cast<std::uint64_t>(index(n)) << 32 | static_cast<std::uint32_t>(view_id);
    const Op op = g_.op(n);
    if (op == Op::constant) return add_val({.kind = Step::Kind::constant, .dtype = g_.dtype(n), .number = *g_.constant_bits(n)});
    if (op != Op::iota && op != Op::dim_size) return load(access_of(buffer(n), view), key, g_.dtype(n));
    Access access{no_buffer, DType::i64, std::vector<AxisMap>(view.dims.size()), {Dim(0)}};
    if (op == Op::dim_size) {
      access.start[0] = g_.attributes(n).dims[0];
    } else {
      const auto axis = static_cast<int>(g_.attributes(n).ints[0]);
      access.start[0] = view.start[static_cast<std::size_t>(axis)];
      for (std::size_t i = 0; i < view.dims.size(); ++i)
        if (view.dims[i].first == axis) access.dims[i].multiplier = view.dims[i].multiplier;
    }
    return load(std::move(access), key, g_.dtype(n));
  }

  /// What is read rather than computed here: leaves and the anchors of other groups.
  bool is_leaf(NodeId n) const {
    return ops::kind_of(g_.op(n)) == ops::Kind::leaf || (plan_.anchor[index(n)] != 0 && !inside(n));
  }
  bool inside(NodeId n) const { return group_id_ == plan_.group_of[index(n)]; }

  /// The value of `node` under `view`, computed from what is in memory.
  std::uint32_t eval(NodeId node, ViewId view) {
    auto key_of = [](NodeId n, ViewId v) { return static_cast<std::uint64_t>(index(n)) << 32 | static_cast<std::uint32_t>(v); };
    std::vector<Read> stack{{node, view}};
    while (!stack.empty()) {
      const Read at = stack.back();
      const std::uint64_t key = key_of(at.node, at.view);
      if (memo_.contains(key)) {
        stack.pop_back();
        continue;
      }
      if (is_leaf(at.node)) {
        const bool memory = plan_.anchor[index(at.node)] != 0 && !inside(at.node);
        memo_[key] = memory ? load(access_of(buffer(at.node), plan_.views[at.view]), key, g_.dtype(at.node)) : leaf(at.node, at.view);
        stack.pop_back();
        continue;
      }
      Val v{.kind = Step::Kind::op, .op = g_.op(at.node), .dtype = g_.dtype(at.node)};
      bool ready = true;
      for (int i = 0; i < g_[at.node].arity; ++i) {
        const auto next = plan_.views.through(g_, at.node, i, at.view);
        if (!next) throw InternalError("emit: a view that is not affine was not put in memory");
        const NodeId operand = g_.operand(at.node, i);
        const auto known = memo_.find(key_of(operand, *next));
        if (known == memo_.end()) {
          stack.push_back({operand, *next});
          ready = false;
        } else {
          v.args[static_cast<std::size_t>(v.arity++)] = known->second;
        }
      }
      if (!ready) continue;
      memo_[key] = is_view(v.op) ? v.args[0] : add_val(v);
      if (!is_view(v.op)) computed_.insert(index(at.node));
      stack.pop_back();
    }
    return memo_.at(key_of(node, view));
  }

  void store(NodeId n, std::uint32_t val, const View& view, bool once) {
    const std::uint64_t key = static_cast<std::uint64_t>(1) << 63 | index(n);
    stores_.push_back({val, add_access(access_of(buffer(n), view), key), once});
  }

  /// Each element of a stack beside the others, under the view of the loops that compute one.
  void store_elements(NodeId n, const View& view, bool once) {
    const Shape& shape = g_.shape(n);
    const auto rank = static_cast<std::size_t>(shape.rank()), loops = view.start.size();
    const ViewId element = plan_.views.intern(view);
    const auto operands = g_.operands(n);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      View at = view;
      at.start.resize(rank, Dim(0));
      std::int64_t rest = static_cast<std::int64_t>(i);
      for (std::size_t axis = rank; axis-- > loops;) {
        const std::int64_t extent = shape[static_cast<int>(axis)].constant();
        at.start[axis] = rest % extent;
        rest /= extent;
      }
      const std::uint64_t key = static_cast<std::uint64_t>(1) << 63 | static_cast<std::uint64_t>(i + 1) << 32 | index(n);
      stores_.push_back({eval(operands[i], element), add_access(access_of(buffer(n), at), key), once});
    }
  }

  // --- Groups ---

  void emit(std::uint32_t id) {
    const Group& group = plan_.groups[id];
    group_id_ = id;
    reset(group);
    Kernel kernel;
    kernel.name = name(group);
    if (!group.anchors.empty() && g_.op(group.anchors[0]) == Op::loop) {
      if (!is_read(group)) return;
      kernel.body = iteration(group);
    } else if (group.kind == Group::Kind::library) {
      kernel.body = library(group.anchors[0]);
    } else {
      for (NodeId n : group.anchors) anchor_value(group, n);
      for (const Part& part : group.parts) store_part(part);
      if (stores_.empty() && !column_sums_) return;  // nothing reads it
      if (group.kind == Group::Kind::rows) kernel.body = rows(group);
      if (group.kind == Group::Kind::columns) kernel.body = columns(group);
      if (group.kind == Group::Kind::product) kernel.body = product(group);
    }
    for (NodeId n : group.anchors) computed_.insert(index(n));
    describe(kernel);
    program_.kernels.push_back(std::move(kernel));
  }

  /// Where the nodes of the kernel come from, and which of them another kernel computes too.
  void describe(Kernel& kernel) {
    kernel.nodes = computed_.size();
    for (const std::uint32_t i : computed_) {
      const NodeId n{i};
      const Location place = g_.location(n);
      if (place.file != nullptr && std::find(kernel.places.begin(), kernel.places.end(), place) == kernel.places.end())
        kernel.places.push_back(place);
      if (++kernels_of_[i] == 2 && weight(g_.op(n)) > 1) program_.recomputed.push_back(g_.op(n));
    }
  }

  void anchor_value(const Group& group, NodeId n) {
    const ViewId full = plan_.views.intern(full_view(group));
    if (group.kind == Group::Kind::product && ops::kind_of(g_.op(n)) == ops::Kind::reduction) {
      const View view = column_sum_view(group.shape, g_.shape(n));
      if (in_memory(n)) column_sums_ = add_access(access_of(buffer(n), view), static_cast<std::uint64_t>(1) << 63 | index(n));
      return;
    }
    if (ops::kind_of(g_.op(n)) == ops::Kind::reduction) {
      Val v{.kind = Step::Kind::op, .dtype = g_.dtype(n)};
      for (NodeId o : g_.operands(n)) v.args[static_cast<std::size_t>(v.arity++)] = eval(o, full);
      v.reduced = true;
      v.combine = combine_of(g_.op(n));
      const std::uint32_t val = add_val(v);
      vals_[val].varies = Varies::row;
      ++vals_[val].level;
      const View row = *row_view(group, g_.shape(n));
      memo_[static_cast<std::uint64_t>(index(n)) << 32 | static_cast<std::uint32_t>(plan_.views.intern(row))] = val;
      if (in_memory(n)) store(n, val, row, true);
      return;
    }
    if (g_.op(n) == Op::matmul) {
      const std::uint32_t val = add_val({.kind = Step::Kind::product, .dtype = g_.dtype(n), .varies = Varies::element});
      memo_[static_cast<std::uint64_t>(index(n)) << 32 | static_cast<std::uint32_t>(full)] = val;
      if (in_memory(n)) store(n, val, full_view(group), false);
      return;
    }
    const bool whole = loop_shape(g_, n) == group.shape;
    const View view = whole ? full_view(group) : *row_view(group, loop_shape(g_, n));
    if (g_.op(n) == Op::stack) {
      if (in_memory(n)) store_elements(n, view, !whole);
      return;
    }
    const std::uint32_t val = eval(n, plan_.views.intern(view));
    if (in_memory(n)) store(n, val, view, !whole);
  }

  LibraryKernel library(NodeId n) {
    LibraryKernel k{g_.op(n), {}, buffer(n), g_.attributes(n).ints};
    program_.buffers[index(k.result)].contiguous = true;
    for (NodeId o : g_.operands(n)) {
      k.operands.push_back(buffer(o));
      program_.buffers[index(k.operands.back())].contiguous = true;
    }
    return k;
  }

  /// Whether any result of a loop is in memory.
  bool is_read(const Group& group) const {
    return std::any_of(group.anchors.begin() + 1, group.anchors.end(), [&](NodeId n) { return in_memory(n); });
  }

  /// Steps are Programs of their own; equal bodies are lowered once.
  std::shared_ptr<const Program> step(const Module& body) {
    for (const auto& [graph, outputs, program] : bodies_)
      if (graph == body.graph.get() && outputs == body.outputs) return program;
    LowerOptions options;
    options.fused = program_.fused;
    options.sums_beside_products = false;  // native loops have none
    options.written = &nothing_written_;  // indices are checked at the call, or clamped
    bodies_.push_back({body.graph.get(), body.outputs, std::make_shared<const Program>(lower(body, options))});
    return std::get<2>(bodies_.back());
  }

  IterationKernel iteration(const Group& group) {
    const NodeId n = group.anchors[0];
    const ops::LoopPtr loop = ops::loop_of(g_, n);
    IterationKernel k;
    k.constants = loop->constants;
    k.length = loop->length;
    if (!loop->is_scan()) k.condition = step(loop->condition);
    for (const ops::Phase& p : loop->phases) k.phases.push_back({step(p.step), p.carries, p.reverse, p.reads});
    for (NodeId o : g_.operands(n)) k.operands.push_back(whole(buffer(o)));
    k.results.assign(loop->results(), no_buffer);
    for (NodeId r : group.anchors)
      if (r != n && in_memory(r)) k.results[static_cast<std::size_t>(g_.attributes(r).ints[0])] = whole(buffer(r));
    return k;
  }

  BufferId whole(BufferId id) {
    program_.buffers[index(id)].contiguous = true;
    return id;
  }

  void store_part(const Part& part) {
    const std::uint32_t val = eval(part.source, plan_.views.intern(source_view(g_, part)));
    const BufferId target = part.output >= 0 ? program_.outputs[static_cast<std::size_t>(part.output)] : buffer(part.target);
    const std::uint64_t key = std::uint64_t{3} << 62 | stores_.size();
    stores_.push_back({val, add_access(access_of(target, target_view(g_, part)), key), false});
  }

  // --- Stages ---

  /// Makes the steps of one stage in the order of `vals_`.
  Stage assemble(bool once, std::set<std::uint32_t> needed, std::map<std::uint32_t, ValueId>& global,
                 const std::set<std::uint32_t>& kept) {
    Stage stage;
    stage.once = once;
    std::map<std::uint32_t, ValueId> local;
    auto id_of = [&](std::uint32_t v) {
      if (const auto at = global.find(v); at != global.end()) return at->second;
      return local.at(v);
    };
    for (std::uint32_t v : needed) {
      if (global.contains(v)) continue;
      const Val& val = vals_[v];
      Step step{.kind = val.kind, .op = val.op, .result = new_value(val.dtype), .operands = {}, .arity = val.arity, .number = val.number};
      for (int i = 0; i < val.arity; ++i) step.operands[static_cast<std::size_t>(i)] = id_of(val.args[static_cast<std::size_t>(i)]);
      local[v] = step.result;
      if (val.varies == Varies::row || kept.contains(v)) global[v] = step.result;
      if (kept.contains(v)) stage.kept.push_back(step.result);
      stage.steps.push_back(step);
    }
    for (std::uint32_t v = 0; v < vals_.size(); ++v) {
      const Val& val = vals_[v];
      if (!val.reduced || once || val.level != stage_level_ + 1) continue;
      const ValueId result = new_value(val.dtype);
      stage.reductions.push_back({val.combine, id_of(val.args[0]), result});
      if (val.arity == 2) stage.reductions.back().factor = id_of(val.args[1]);
      global[v] = result;
    }
    for (const PendingStore& s : stores_) {
      if (s.once != once || store_level(s) != stage_level_) continue;
      stage.stores.push_back({id_of(s.val), s.access});
    }
    return stage;
  }

  int store_level(const PendingStore& s) const { return std::max(vals_[s.val].level, s.once ? 1 : 0); }
  ValueId new_value(DType dtype) {
    types_.push_back(dtype);
    return ValueId{static_cast<std::uint32_t>(types_.size() - 1)};
  }

  /// Whether computing the value again from what is in memory costs at least `keep_weight`.
  bool worth_keeping(std::uint32_t v) const {
    std::vector<std::uint32_t> stack{v};
    std::set<std::uint32_t> seen;
    int cost = 0;
    while (!stack.empty() && cost < keep_weight) {
      const std::uint32_t u = stack.back();
      stack.pop_back();
      const Val& val = vals_[u];
      if (val.varies != Varies::element || val.kind != Step::Kind::op || !seen.insert(u).second) continue;
      cost += weight(val.op);
      for (int i = 0; i < val.arity; ++i) stack.push_back(val.args[static_cast<std::size_t>(i)]);
    }
    return cost >= keep_weight;
  }

  /// Cuts the values into loops and once-stages: loop 0, once 1, loop 1, once 2, ...
  std::vector<Stage> stages() {
    int last = 0;
    for (const PendingStore& s : stores_) last = std::max(last, store_level(s));
    for (const Val& v : vals_)
      if (v.reduced) last = std::max(last, v.level);
    const auto count = static_cast<std::size_t>(last) + 1;
    std::vector<std::set<std::uint32_t>> in_loop(count), in_once(count), kept(count);
    auto demand = [&](std::uint32_t v, int level, bool once) {
      std::vector<std::uint32_t> stack{v};
      while (!stack.empty()) {
        const std::uint32_t u = stack.back();
        stack.pop_back();
        const Val& val = vals_[u];
        if (val.reduced) continue;
        const auto own = static_cast<std::size_t>(val.level), here = static_cast<std::size_t>(level);
        if (val.varies == Varies::row && (!once || own < here)) {
          in_once[own].insert(u);  // visited when that stage comes
          continue;
        }
        if (val.varies == Varies::element && own < here && val.kind == Step::Kind::op && worth_keeping(u)) {
          in_loop[own].insert(u);
          kept[own].insert(u);
          in_loop[here].erase(u);
          continue;
        }
        auto& set = once ? in_once[here] : in_loop[here];
        if (!set.insert(u).second && u != v) continue;
        for (int i = 0; i < val.arity; ++i) stack.push_back(val.args[static_cast<std::size_t>(i)]);
      }
    };
    for (int level = last; level >= 0; --level) {
      const auto l = static_cast<std::size_t>(level);
      const std::set<std::uint32_t> kept_here = kept[l];
      for (std::uint32_t v : kept_here) demand(v, level, false);
      for (std::uint32_t v = 0; v < vals_.size(); ++v)
        if (vals_[v].reduced && vals_[v].level == level + 1)
          for (int i = 0; i < vals_[v].arity; ++i) demand(vals_[v].args[static_cast<std::size_t>(i)], level, false);
      for (const PendingStore& s : stores_)
        if (!s.once && store_level(s) == level) demand(s.val, level, false);
      for (const PendingStore& s : stores_)
        if (s.once && store_level(s) == level) demand(s.val, level, true);
      const std::set<std::uint32_t> row_here = in_once[l];
      for (std::uint32_t v : row_here) demand(v, level, true);
    }
    std::vector<Stage> result;
    std::map<std::uint32_t, ValueId> global;
    for (int level = 0; level <= last; ++level) {
      stage_level_ = level;
      const auto l = static_cast<std::size_t>(level);
      if (level > 0) {
        Stage once = assemble(true, in_once[l], global, {});
        if (!once.steps.empty() || !once.stores.empty()) result.push_back(std::move(once));
      }
      Stage loop = assemble(false, in_loop[l], global, kept[l]);
      if (!loop.stores.empty() || !loop.reductions.empty() || !loop.kept.empty()) result.push_back(std::move(loop));
    }
    return result;
  }

  LoopKernel rows(const Group& group) {
    LoopKernel k;
    const auto& dims = group.shape.dims();
    if (!dims.empty()) {
      k.outer.assign(dims.begin(), dims.end() - 1);
      k.inner = dims.back();
    }
    k.stages = stages();
    k.accesses = std::move(accesses_);
    k.values = std::move(types_);
    return k;
  }

  ColumnKernel columns(const Group& group) {
    ColumnKernel k;
    for (int i = 0; i + 1 < group.shape.rank(); ++i)
      if (i != group.axis) k.outer.push_back(group.shape[i]);
    k.reduced = group.shape[group.axis];
    k.inner = group.shape[group.shape.rank() - 1];
    std::vector<Stage> list = stages();
    if (list.empty() || list[0].once || list.size() > 2 || (list.size() == 2 && !list[1].once))
      throw InternalError("emit: a reduction over columns with more than a body and a finish");
    k.body = std::move(list[0]);
    k.finish.once = true;
    if (list.size() == 2) k.finish = std::move(list[1]);
    k.accesses = std::move(accesses_);
    k.values = std::move(types_);
    return k;
  }

  /// One matrix of known numbers at known places, whatever the call and the batch.
  bool is_fixed(const Access& access, std::size_t batch) const {
    const Buffer& b = program_.buffers[index(access.buffer)];
    if (b.kind != Buffer::Kind::constant || !b.shape.is_constant()) return false;
    const bool starts = std::all_of(access.start.begin(), access.start.end(), [](const Dim& d) { return d.is_constant(); });
    for (std::size_t i = 0; i < access.dims.size(); ++i) {
      if (i < batch ? access.dims[i].axis >= 0 : !access.dims[i].multiplier.is_constant()) return false;
    }
    return starts;
  }

  MatmulKernel product(const Group& group) {
    const NodeId n = group.anchors[0];
    MatmulKernel k;
    const Shape& shape = group.shape;
    const int rank = shape.rank();
    k.batch.assign(shape.dims().begin(), shape.dims().end() - 2);
    k.m = shape[rank - 2];
    k.n = shape[rank - 1];
    k.k = g_.shape(g_.operand(n, 0))[rank - 1];
    k.dtype = g_.dtype(n);
    Access* sides[] = {&k.a, &k.b};
    for (int i = 0; i < 2; ++i) {
      const NodeId o = g_.operand(n, i);
      const Peeled p = peel(g_, plan_.views, plan_.anchor, o, plan_.views.intern(matrix_view(g_.shape(o))));
      *sides[i] = access_of(buffer(p.node), plan_.views[p.view]);
    }
    k.constant_b = is_fixed(k.b, k.batch.size());
    std::vector<Stage> list = stages();
    if (list.empty()) list.emplace_back();  // nothing but sums of columns is read
    if (list.size() != 1) throw InternalError("emit: the epilogue of a product is one loop");
    k.epilogue = std::move(list[0]);
    k.column_sums = column_sums_;
    k.accesses = std::move(accesses_);
    k.values = std::move(types_);
    return k;
  }

  std::string name(const Group& group) const {
    if (!group.anchors.empty() && g_.op(group.anchors[0]) == Op::loop)
      return ops::loop_of(g_, group.anchors[0])->is_scan() ? "scan" : "while";
    std::string text;
    std::size_t count = 0;
    for (NodeId n : group.anchors) {
      const std::string_view given = g_.name(n);
      const std::string_view word = given.empty() ? ops::name_of(g_.op(n)) : given;
      if (count++ == 3) break;
      if (!text.empty()) text += '+';
      text += word;
    }
    if (text.empty()) text = group.parts[0].output >= 0 ? "copy" : std::string(ops::name_of(g_.op(group.parts[0].target)));
    if (group.anchors.size() > 3) text += "+" + std::to_string(group.anchors.size() - 3);
    return text;
  }

  void collect_symbols() {
    std::set<std::string> all;
    for (const Buffer& b : program_.buffers)
      for (const Dim& d : b.shape)
        for (auto& s : d.symbols()) all.insert(s);
    program_.symbols.assign(all.begin(), all.end());
  }

  Plan& plan_;
  const GraphData& g_;
  Program program_;
  std::vector<BufferId> buffer_of_;
  std::vector<std::tuple<const GraphData*, std::vector<NodeId>, std::shared_ptr<const Program>>> bodies_;
  Module nothing_written_{std::make_shared<GraphData>(), {}, {}};
  std::unordered_map<std::uint32_t, int> kernels_of_;  ///< by node: kernels that compute it
  // Of the current group:
  const Group* group_ = nullptr;
  std::uint32_t group_id_ = no_group;
  int stage_level_ = 0;
  std::vector<Val> vals_;
  std::unordered_map<std::uint64_t, std::uint32_t> memo_;
  std::vector<Access> accesses_;
  std::unordered_map<std::uint64_t, std::uint32_t> access_index_;
  std::vector<PendingStore> stores_;
  std::optional<std::uint32_t> column_sums_;  ///< of a product: the access to which those of its right operand go
  std::vector<DType> types_;
  std::set<std::uint32_t> computed_;
};

}  // namespace

Program lower(const Module& decomposed, const LowerOptions& options) {
  std::vector<IndexCheck> checks = index_checks(options.written ? *options.written : decomposed);
  Plan plan = fuse(canonical(decomposed), options.sums_beside_products);
  Program program = Emitter(plan, options).run();
  program.index_checks = std::move(checks);
  return program;
}

}  // namespace actinium::program
