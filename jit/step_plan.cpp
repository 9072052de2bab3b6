// What a step of known sizes is made of. Start reading at StepPlan::measure.
#include "jit/step_plan.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "jit/kernel.hpp"
#include "math/functions.hpp"

namespace actinium::jit {

using program::Access;
using program::BufferId;
using program::ColumnKernel;
using program::Kernel;
using program::LoopKernel;
using program::MatmulKernel;
using program::Program;
using program::Stage;

namespace {

/// Instructions of a step that is written out, at most: it is compiled in about the time that its kernels would be.
constexpr double most_instructions = 2500;
/// Instructions that a step runs, at most: those with more work are better off with kernels that know about caches and
/// threads.
constexpr double most_work = 20000;
/// A kernel of more keeps loops, whose bodies have several vectors of a row, but no more than this.
constexpr double most_unrolled = 300;
constexpr std::int64_t most_vectors_of_row = 8;
/// Vectors of an array that is kept in registers, at most; elements of one that is kept element by element.
constexpr std::int64_t most_parts = 8, most_elements = 16;

bool known(std::span<const Dim> dims) {
  return std::all_of(dims.begin(), dims.end(), [](const Dim& d) { return d.is_constant(); });
}
bool known(const std::vector<Access>& accesses) {
  return std::all_of(accesses.begin(), accesses.end(), [](const Access& a) {
    return known(a.start) && std::all_of(a.dims.begin(), a.dims.end(),
                                         [](const program::AxisMap& d) { return d.multiplier.is_constant(); });
  });
}

/// Instructions for one vector of points.
double instructions(const Stage& stage, const std::vector<DType>& values) {
  double sum = static_cast<double>(stage.stores.size() + 3 * stage.reductions.size());
  for (const program::Step& step : stage.steps) {
    if (step.kind != program::Step::Kind::op) {
      sum += step.kind == program::Step::Kind::load;
      continue;
    }
    const DType operand = values[index(step.operands[step.op == ops::Op::select ? 1 : 0])];
    sum += static_cast<double>(math::body(step.op, operand, values[index(step.result)]).insts.size());
  }
  return sum;
}

Nest nest_of(const std::vector<Dim>& outer, std::initializer_list<Dim> inner) {
  Nest nest;
  for (const Dim& d : outer) nest.extents.push_back(d.constant());
  for (const Dim& d : inner) nest.extents.push_back(d.constant());
  return nest;
}

double vectors(std::int64_t points, int width) { return static_cast<double>((points + width - 1) / width); }

}  // namespace

StepView step_view(const Program& program, const Access& access) {
  StepView view{access.buffer, access.dtype, 0, std::vector<std::int64_t>(access.dims.size(), 0)};
  if (access.buffer == program::no_buffer) {
    if (!access.start.empty()) view.base = access.start[0].constant();
    for (std::size_t d = 0; d < access.dims.size(); ++d) view.steps[d] = access.dims[d].multiplier.constant();
    return view;
  }
  const Shape& shape = program.buffers[index(access.buffer)].shape;
  std::vector<std::int64_t> strides(static_cast<std::size_t>(shape.rank()), 1);
  for (std::size_t a = strides.size(); a-- > 1;) strides[a - 1] = strides[a] * shape[static_cast<int>(a)].constant();
  for (std::size_t a = 0; a < access.start.size(); ++a) view.base += strides[a] * access.start[a].constant();
  for (std::size_t d = 0; d < access.dims.size(); ++d)
    if (const auto& map = access.dims[d]; map.axis >= 0)
      view.steps[d] = strides[static_cast<std::size_t>(map.axis)] * map.multiplier.constant();
  return view;
}

std::int64_t Nest::points() const {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<std::int64_t> Nest::elements(const StepView& view, std::int64_t first, int count) const {
  const std::int64_t total = points();
  std::vector<std::int64_t> list;
  for (int i = 0; i < count; ++i) {
    std::int64_t point = first + i < total ? first + i : first, element = view.base;
    for (std::size_t d = extents.size(); d-- > 0; point /= extents[d]) element += view.steps[d] * (point % extents[d]);
    list.push_back(element);
  }
  return list;
}

std::int64_t RolledNest::iterations() const {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

StepView RolledNest::split_view(StepView view) const {
  if (!split) return view;
  const auto at = view.steps.begin() + static_cast<std::ptrdiff_t>(*split);
  const std::int64_t step = *at;
  view.steps.insert(at, step * nest.extents[*split + 1]);
  return view;
}

std::optional<StepPlan> StepPlan::make(const Program& program, const Target& target) {
  StepPlan plan;
  plan.program_ = &program;
  if (!plan.measure(target)) return std::nullopt;
  return plan;
}

int StepPlan::width(std::int64_t n) const {
  if (n <= 1) return 1;
  const auto up = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)));
  return static_cast<int>(std::clamp<std::int64_t>(up, least_, lanes_));
}

std::optional<RolledNest> StepPlan::roll(const Nest& nest, bool rows) const {
  RolledNest r{nest, {}, {}, std::nullopt};
  std::size_t last = nest.extents.size() - 1;
  while (!rows && last > 0 && nest.extents[last] == 1) --last;
  for (std::size_t d = 0; d < last; ++d) {
    if (nest.extents[d] == 1) continue;
    r.dims.push_back(d);
    r.extents.push_back(nest.extents[d]);
    r.nest.extents[d] = 1;
  }
  const std::int64_t extent = nest.extents[last], width = this->width(extent);
  if (!rows && extent % width == 0 && (r.dims.empty() || extent > most_vectors_of_row * width)) {
    r.split = last;
    r.split_extent = extent / width;
    r.nest.extents[last] = width;
    r.nest.extents.insert(r.nest.extents.begin() + static_cast<std::ptrdiff_t>(last), 1);
    r.dims.push_back(last);
    r.extents.push_back(r.split_extent);
  }
  if (r.iterations() <= 1) return std::nullopt;
  return r;
}

void StepPlan::add_cost(std::size_t k, double cost, const Nest& nest, bool rows) {
  work_ += cost;
  if (cost > most_unrolled && !nest.extents.empty() && nest.points() > 0) {
    if (const auto rolled = roll(nest, rows)) {
      rolled_[k] = 1;
      cost = cost / static_cast<double>(rolled->iterations()) + 20;
    }
  }
  cost_ += cost;
}

bool StepPlan::measure(const Target& target) {
  const Program& p = *program_;
  for (const program::Buffer& b : p.buffers) {
    if (!b.shape.is_constant()) return false;
    counts_.push_back(b.shape.size().constant());
  }
  for (std::size_t i = 0; i < p.outputs.size(); ++i) {
    const bool again = std::find(p.outputs.begin(), p.outputs.begin() + static_cast<std::ptrdiff_t>(i), p.outputs[i]) !=
                       p.outputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (again || p.buffers[index(p.outputs[i])].kind != program::Buffer::Kind::output) return false;
  }
  std::vector<DType> types;
  for (const Kernel& kernel : p.kernels) {
    const auto take = [&](const std::vector<DType>& values) {
      types.insert(types.end(), values.begin(), values.end());
    };
    if (const auto* loop = std::get_if<LoopKernel>(&kernel.body)) {
      take(loop->values);
    } else if (const auto* column = std::get_if<ColumnKernel>(&kernel.body)) {
      take(column->values);
    } else if (const auto* product = std::get_if<MatmulKernel>(&kernel.body)) {
      take(product->values);
      types.push_back(product->dtype);
    }
  }
  lanes_ = vector_lanes(target, types);
  least_ = lanes_ * 128 / target.vector_bits;
  written_.resize(p.buffers.size());
  rolled_.assign(p.kernels.size(), 0);
  for (std::size_t k = 0; k < p.kernels.size(); ++k) {
    if (!std::visit([&](const auto& body) { return add(k, body); }, p.kernels[k].body)) return false;
    if (cost_ > most_instructions || work_ > most_work) return false;
  }
  choose_widths();
  return true;
}

/// `all`: the stage runs at every point of the nest.
void StepPlan::add_stores(std::size_t k, const Stage& stage, const std::vector<Access>& accesses, const Nest& nest,
                          bool all) {
  for (const program::Store& store : stage.stores) {
    const StepView view = step_view(*program_, accesses[store.access]);
    Written& w = written_[index(view.buffer)];
    ++w.stores;
    w.kernel = k;
    w.rolled = w.rolled || rolled_[k];
    std::int64_t step = 1;
    bool whole = all && view.base == 0 && nest.points() == counts_[index(view.buffer)];
    for (std::size_t d = nest.extents.size(); d-- > 0; step *= nest.extents[d])
      whole = whole && (nest.extents[d] == 1 || view.steps[d] == step);
    w.whole = w.whole && whole;
  }
}

bool StepPlan::add(std::size_t k, const LoopKernel& kernel) {
  if (!known(kernel.outer) || !kernel.inner.is_constant() || !known(kernel.accesses)) return false;
  const Nest nest = nest_of(kernel.outer, {kernel.inner});
  const std::int64_t inner = kernel.inner.constant(), rows = inner == 0 ? 0 : nest.points() / inner;
  // Rows of which none has elements: not worth the thought.
  if (inner == 0 && !kernel.elementwise()) return false;
  double cost = 0;
  for (const Stage& stage : kernel.stages) {
    const double times = kernel.elementwise()
                             ? vectors(nest.points(), width(nest.points()))
                             : static_cast<double>(rows) * (stage.once ? 1 : vectors(inner, width(inner)));
    cost += times * instructions(stage, kernel.values) +
            20 * static_cast<double>(rows * static_cast<std::int64_t>(stage.reductions.size()));
  }
  if (is_point(kernel)) {
    cost_ += cost;
  } else {
    add_cost(k, cost, nest, !kernel.elementwise());
  }
  for (const Stage& stage : kernel.stages) {
    add_stores(k, stage, kernel.accesses, nest, !stage.once && (kernel.elementwise() || rows == 1));
  }
  return inner <= program::chunk_elements || kernel.elementwise();
}

bool StepPlan::add(std::size_t k, const ColumnKernel& kernel) {
  if (!known(kernel.outer) || !kernel.reduced.is_constant() || !kernel.inner.is_constant() || !known(kernel.accesses))
    return false;
  const Nest body = nest_of(kernel.outer, {kernel.reduced, kernel.inner}),
             finish = nest_of(kernel.outer, {Dim(1), kernel.inner});
  const double times = vectors(finish.points(), width(finish.points()));
  const double each = times * instructions(kernel.body, kernel.values),
               all = static_cast<double>(kernel.reduced.constant()) * each;
  rolled_[k] = all > most_unrolled;
  work_ += all;
  cost_ += (rolled_[k] ? each + 20 * times : all) + times * instructions(kernel.finish, kernel.values);
  add_stores(k, kernel.body, kernel.accesses, body, false);
  add_stores(k, kernel.finish, kernel.accesses, finish, true);
  return kernel.reduced.constant() <= program::block_elements;
}

bool StepPlan::add(std::size_t k, const MatmulKernel& kernel) {
  if (kernel.column_sums) return false;
  const std::vector<Dim> sizes{kernel.m, kernel.n, kernel.k};
  if (!known(kernel.batch) || !known(sizes) || !known(kernel.accesses) || !known({kernel.a, kernel.b})) return false;
  const Nest nest = nest_of(kernel.batch, {kernel.m, kernel.n});
  const double times = vectors(nest.points(), width(nest.points()));
  add_cost(k, times * (2 * static_cast<double>(kernel.k.constant()) + instructions(kernel.epilogue, kernel.values)),
           nest, false);
  add_stores(k, kernel.epilogue, kernel.accesses, nest, true);
  return kernel.k.constant() <= program::block_elements;
}

void StepPlan::choose_widths() {
  widths_.assign(counts_.size(), 0);
  for (std::size_t b = 0; b < counts_.size(); ++b) {
    const Written& w = written_[b];
    const int own = width(counts_[b]);
    if (w.stores == 0 || w.rolled) continue;
    if (counts_[b] == 1 || (w.whole && w.stores == 1)) {
      if (counts_[b] <= most_parts * own) widths_[b] = own;
    } else if (counts_[b] <= most_elements) {
      widths_[b] = 1;
    }
  }
}

bool StepPlan::in_place(BufferId input, BufferId output) const {
  const Written& w = written_[index(output)];
  if (w.stores != 1 || !w.whole || counts_[index(input)] != counts_[index(output)]) return false;
  const auto same = [&](const Access& a, const std::vector<Dim>& outer, std::initializer_list<Dim> inner) {
    const Nest nest = nest_of(outer, inner);
    const StepView view = step_view(*program_, a);
    std::int64_t step = 1;
    bool result = view.base == 0 && nest.points() == counts_[index(input)];
    for (std::size_t d = nest.extents.size(); d-- > 0; step *= nest.extents[d])
      result = result && (nest.extents[d] == 1 || view.steps[d] == step);
    return result;
  };
  for (std::size_t k = 0; k < program_->kernels.size(); ++k) {
    const Kernel& kernel = program_->kernels[k];
    const auto* loop = std::get_if<LoopKernel>(&kernel.body);
    const auto* product = std::get_if<MatmulKernel>(&kernel.body);
    const auto* column = std::get_if<ColumnKernel>(&kernel.body);
    const auto& accesses = loop != nullptr ? loop->accesses : product != nullptr ? product->accesses : column->accesses;
    if (product != nullptr && (product->a.buffer == input || product->b.buffer == input)) return false;
    for (const Access& a : accesses) {
      if (a.buffer != input) continue;
      if (k != w.kernel || column != nullptr || (loop != nullptr && !loop->elementwise())) return false;
      if (!(loop != nullptr ? same(a, loop->outer, {loop->inner}) : same(a, product->batch, {product->m, product->n})))
        return false;
    }
  }
  return true;
}

}  // namespace actinium::jit
