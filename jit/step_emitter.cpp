// Kernels whose sizes are known, written out vector by vector over StepArrays, in the order of sums that program.hpp
// fixes. Start reading at StepEmitter::run.
#include "jit/step_emitter.hpp"

#include <algorithm>
#include <memory>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/kernel.hpp"
#include "jit/point_emitter.hpp"
#include "jit/reduction.hpp"

namespace actinium::jit {

using program::Access;
using program::ColumnKernel;
using program::Combine;
using program::LoopKernel;
using program::MatmulKernel;
using program::Program;
using program::Stage;
using program::ValueId;

namespace {

/// Stages of more instructions in all than this call their functions.
constexpr std::size_t most_inlined = 1500;

/// Points of a product up to which each is a sum along a row.
constexpr std::int64_t most_dots = 2;

/// Some points of a nest: first, first + 1, ..., in the lanes of vectors.
struct Points {
  const Nest& nest;
  std::int64_t first;
  int width, used;
  /// Dimensions of the nest that are loops.
  struct Dimension {
    std::size_t number;
    llvm::Value* index;
    std::int64_t extent;
  };
  std::span<const Dimension> loops = {};
};

class StepEmitter {
 public:
  StepEmitter(ModuleEmitter& m, llvm::IRBuilder<>& b, const StepPlan& plan, StepArrays& arrays)
      : m_(m), b_(b), plan_(plan), arrays_(arrays) {}

  void run() {
    for (number_ = 0; number_ < plan_.program().kernels.size(); ++number_) {
      const program::Kernel& kernel = plan_.program().kernels[number_];
      if (const auto* loop = std::get_if<LoopKernel>(&kernel.body)) {
        rows(*loop);
      } else if (const auto* column = std::get_if<ColumnKernel>(&kernel.body)) {
        columns(*column);
      } else {
        product(std::get<MatmulKernel>(kernel.body));
      }
    }
  }

 private:
  ModuleEmitter& m_;
  llvm::IRBuilder<>& b_;
  const StepPlan& plan_;
  StepArrays& arrays_;
  std::size_t number_ = 0;  ///< of the kernel

  // --- What all kernels need ---

  std::vector<StepView> views(const std::vector<Access>& accesses) const {
    std::vector<StepView> list;
    for (const Access& a : accesses) list.push_back(step_view(plan_.program(), a));
    return list;
  }

  StageCode code_of(const Stage& stage, const std::vector<DType>& values, std::int64_t vectors,
                    std::span<const ValueId> also = {}) const {
    StageCode code = lower_stage(stage, values, also);
    if (code.code.insts.size() * static_cast<std::size_t>(vectors) > most_inlined)
      code = lower_stage(stage, values, also, Calls::always);
    return code;
  }

  llvm::Value* take(const StepView& view, const Points& p) {
    const std::vector<std::int64_t> elements = p.nest.elements(view, p.first, p.width);
    if (view.buffer != program::no_buffer) return arrays_.take(view.buffer, elements, p.used, rolled(view, p));
    std::vector<llvm::Constant*> numbers;
    for (const std::int64_t e : elements) numbers.push_back(b_.getInt64(static_cast<std::uint64_t>(e)));
    llvm::Value* value = p.width == 1 ? numbers[0] : llvm::ConstantVector::get(numbers);
    VectorEmitter v(m_, b_, p.width);
    for (const Rolled& r : rolled(view, p))
      value = b_.CreateAdd(value, v.splat(b_.CreateMul(r.index, b_.getInt64(static_cast<std::uint64_t>(r.step)))));
    return value;
  }
  void put(const StepView& view, const Points& p, llvm::Value* value) {
    arrays_.put(view.buffer, p.nest.elements(view, p.first, p.width), p.used, rolled(view, p), value);
  }
  static std::vector<Rolled> rolled(const StepView& view, const Points& p) {
    std::vector<Rolled> list;
    for (const Points::Dimension& d : p.loops) list.push_back({d.index, d.extent, view.steps[d.number]});
    return list;
  }

  /// What is read in loops is in memory.
  void place(const StepView& view) {
    if (view.buffer == program::no_buffer) return;
    if (StepArray& a = arrays_[view.buffer]; a.width > 0 && a.parts[0] != nullptr) arrays_.place(a);
  }

  /// f(nest, views, loops) emits a kernel: as a whole, or, if it is long, one iteration of loops. `views` are of its
  /// operands too.
  template <class F>
  void in_loops(const Nest& nest, std::vector<StepView> all, bool rows, F&& f) {
    if (!plan_.is_rolled(number_)) return f(nest, all, std::span<const Points::Dimension>{});
    const RolledNest r = *plan_.roll(nest, rows);
    for (StepView& view : all) {
      view = r.split_view(std::move(view));
      place(view);
    }
    arrays_.in_loops([&] {
      std::vector<std::unique_ptr<Loop>> loops;
      std::vector<Points::Dimension> dims;
      for (std::size_t d = 0; d < r.dims.size(); ++d) {
        loops.push_back(
            std::make_unique<Loop>(b_, b_.getInt64(0), b_.getInt64(static_cast<std::uint64_t>(r.extents[d])), false));
        dims.push_back({r.dims[d], loops.back()->index(), r.extents[d]});
      }
      f(r.nest, all, std::span<const Points::Dimension>(dims));
      for (std::size_t d = loops.size(); d-- > 0;) loops[d]->finish(1);
    });
  }

  /// The stage at some points: value(id) gives what earlier stages did. Stores, and gives what the code does.
  template <class ValueOf>
  std::vector<llvm::Value*> evaluate(const Stage& stage, const StageCode& code, const std::vector<StepView>& all,
                                     const Points& p, ValueOf&& value) {
    VectorEmitter v(m_, b_, p.width);
    std::vector<llvm::Value*> inputs;
    for (const StageCode::Input& input : code.inputs)
      inputs.push_back(input.kind == StageCode::Input::Kind::load ? take(all[input.number], p) : value(v, input));
    const std::vector<llvm::Value*> outputs = v.emit(code.code, inputs, code.calls);
    for (const program::Store& store : stage.stores) put(all[store.access], p, outputs[code.output(store.value)]);
    return outputs;
  }

  static llvm::Value* none(VectorEmitter&, const StageCode::Input&) {
    throw InternalError("jit: a stage uses a value that none before it gives");
  }

  template <class F>
  void for_points(const Nest& nest, std::span<const Points::Dimension> loops, F&& f) {
    const std::int64_t total = nest.points();
    const int width = plan_.width(total);
    for (std::int64_t first = 0; first < total; first += width)
      f(Points{nest, first, width, static_cast<int>(std::min<std::int64_t>(width, total - first)), loops});
  }
  std::int64_t vectors(std::int64_t points) const { return (points + plan_.width(points) - 1) / plan_.width(points); }

  static Nest nest_of(const std::vector<Dim>& outer, std::initializer_list<Dim> inner) {
    Nest nest;
    for (const Dim& d : outer) nest.extents.push_back(d.constant());
    for (const Dim& d : inner) nest.extents.push_back(d.constant());
    return nest;
  }

  // --- Sums along a row ---

  /// A reduction in progress: the virtual lanes, as vectors; null where nothing has come yet.
  struct Lanes {
    Combine combine;
    DType dtype;
    bool factor;
    int width;
    std::vector<llvm::Value*> vectors;
  };
  Lanes lanes_of(Combine combine, DType dtype, bool factor, int width) const {
    return {combine, dtype, factor, width,
            std::vector<llvm::Value*>(static_cast<std::size_t>(program::reduction_lanes(dtype) / width), nullptr)};
  }

  /// Element `position` and those behind it, of which `used` are there.
  void accumulate(Lanes& l, std::int64_t position, int used, llvm::Value* value, llvm::Value* factor) {
    VectorEmitter v(m_, b_, l.width);
    llvm::Value*& lane = l.vectors[static_cast<std::size_t>(position % program::reduction_lanes(l.dtype) / l.width)];
    llvm::Value* before =
        lane != nullptr ? lane : v.constant(machine::type_of(l.dtype), identity_bits(l.combine, l.dtype));
    lane = l.factor ? v.muladd(l.dtype, value, factor, before) : emit_combine(v, l.combine, l.dtype, before, value);
    if (used < l.width) lane = b_.CreateSelect(lanes_below(m_.context, used, l.width), lane, before);
  }

  /// The tree over the lanes. Those that nothing came to are the identity, which changes no other but for the sign of a
  /// zero: a product may have left -0.
  llvm::Value* total(const Lanes& l) {
    std::vector<llvm::Value*> vectors = l.vectors;
    const bool all = std::find(vectors.begin(), vectors.end(), nullptr) == vectors.end();
    for (std::size_t half = vectors.size() / 2; half > 0; half /= 2) {
      VectorEmitter v(m_, b_, l.width);
      for (std::size_t i = 0; i < half; ++i)
        if (vectors[i + half] != nullptr)
          vectors[i] = emit_combine(v, l.combine, l.dtype, vectors[i], vectors[i + half]);
    }
    llvm::Value* last = vectors[0];
    for (int half = l.width / 2; half > 0; half /= 2) {
      std::vector<int> low, high;
      for (int i = 0; i < half; ++i) low.push_back(i), high.push_back(i + half);
      VectorEmitter v(m_, b_, half);
      llvm::Value *a = half > 1 ? b_.CreateShuffleVector(last, low) : b_.CreateExtractElement(last, std::uint64_t{0}),
                  *x = half > 1 ? b_.CreateShuffleVector(last, high) : b_.CreateExtractElement(last, std::uint64_t{1});
      last = emit_combine(v, l.combine, l.dtype, a, x);
    }
    if (all || !l.factor) return last;
    VectorEmitter v(m_, b_, 1);
    return emit_combine(v, l.combine, l.dtype, last, v.constant(machine::type_of(l.dtype), 0));
  }

  // --- Rows ---

  /// Elements of a kernel of one element, as the emitter of such kernels takes them.
  class Elements final : public PointPlaces {
   public:
    explicit Elements(StepEmitter& step) : step_(step) {}
    llvm::Value* load(const Access& access, std::size_t) override { return step_.take(step_.view(access), step_.one_); }
    void store(const Access& access, std::size_t, llvm::Value* value) override {
      step_.put(step_.view(access), step_.one_, value);
    }

   private:
    StepEmitter& step_;
  };
  StepView view(const Access& access) const { return step_view(plan_.program(), access); }
  const Nest point_{};
  const Points one_{point_, 0, 1, 1};

  void rows(const LoopKernel& kernel) {
    if (is_point(kernel)) {
      Elements elements(*this);
      return emit_point(m_, b_, kernel, elements);
    }
    const Nest whole = nest_of(kernel.outer, {kernel.inner});
    in_loops(whole, views(kernel.accesses), !kernel.elementwise(),
             [&](const Nest& nest, const std::vector<StepView>& all, auto loops) {
               if (kernel.elementwise()) {
                 const Stage& stage = kernel.stages[0];
                 const StageCode code = code_of(stage, kernel.values, vectors(nest.points()));
                 return for_points(nest, loops, [&](const Points& p) { evaluate(stage, code, all, p, none); });
               }
               const std::int64_t inner = kernel.inner.constant(), count = nest.points() / inner;
               std::vector<StageCode> codes;
               for (std::size_t i = 0; i < kernel.stages.size(); ++i) {
                 const Stage& stage = kernel.stages[i];
                 codes.push_back(code_of(stage, kernel.values, count * (stage.once ? 1 : vectors(inner)),
                                         stage.once ? used_later(kernel, i) : std::vector<ValueId>{}));
               }
               for (std::int64_t row = 0; row < count; ++row)
                 Row(*this, kernel, codes, all, Points{nest, row * inner, 1, 1, loops}).run();
             });
  }

  /// One row, stage by stage.
  class Row {
   public:
    Row(StepEmitter& step, const LoopKernel& kernel, const std::vector<StageCode>& codes,
        const std::vector<StepView>& all, const Points& first)
        : step_(step),
          kernel_(kernel),
          codes_(codes),
          all_(all),
          first_(first),
          scalars_(kernel.values.size(), nullptr),
          kept_(kernel.values.size()) {}

    void run() {
      for (std::size_t i = 0; i < kernel_.stages.size(); ++i) kernel_.stages[i].once ? once(i) : loop(i);
    }

   private:
    StepEmitter& step_;
    const LoopKernel& kernel_;
    const std::vector<StageCode>& codes_;
    const std::vector<StepView>& all_;
    const Points first_;
    std::vector<llvm::Value*> scalars_;            ///< of once stages and reductions, by ValueId
    std::vector<std::vector<llvm::Value*>> kept_;  ///< vectors of loops, by ValueId

    void once(std::size_t i) {
      const StageCode& code = codes_[i];
      const auto outputs =
          step_.evaluate(kernel_.stages[i], code, all_, first_,
                         [&](VectorEmitter&, const StageCode::Input& input) { return scalars_[input.number]; });
      for (std::size_t k = 0; k < outputs.size(); ++k) scalars_[index(code.outputs[k])] = outputs[k];
    }

    void loop(std::size_t i) {
      const Stage& stage = kernel_.stages[i];
      const StageCode& code = codes_[i];
      const std::int64_t inner = kernel_.inner.constant();
      const int width = step_.plan_.width(inner);
      std::vector<Lanes> lanes;
      for (const program::Reduction& r : stage.reductions)
        lanes.push_back(step_.lanes_of(r.combine, kernel_.values[index(r.value)], r.factor.has_value(), width));
      for (std::int64_t at = 0; at < inner; at += width) {
        const Points p{first_.nest, first_.first + at, width,
                       static_cast<int>(std::min<std::int64_t>(width, inner - at)), first_.loops};
        const auto value = [&](VectorEmitter& v, const StageCode::Input& input) {
          const auto& kept = kept_[input.number];
          return kept.empty() ? v.splat(scalars_[input.number]) : kept[static_cast<std::size_t>(at / width)];
        };
        const auto outputs = step_.evaluate(stage, code, all_, p, value);
        for (const ValueId id : stage.kept) kept_[index(id)].push_back(outputs[code.output(id)]);
        for (std::size_t r = 0; r < lanes.size(); ++r) {
          const program::Reduction& reduction = stage.reductions[r];
          step_.accumulate(lanes[r], at, p.used, outputs[code.output(reduction.value)],
                           reduction.factor ? outputs[code.output(*reduction.factor)] : nullptr);
        }
      }
      for (std::size_t r = 0; r < lanes.size(); ++r)
        scalars_[index(stage.reductions[r].result)] = step_.total(lanes[r]);
    }
  };

  // --- Columns ---

  void columns(const ColumnKernel& kernel) {
    const std::vector<StepView> all = views(kernel.accesses);
    const Nest finish = nest_of(kernel.outer, {Dim(1), kernel.inner});
    const std::int64_t reduced = kernel.reduced.constant(), count = vectors(finish.points());
    const bool rolled = plan_.is_rolled(number_);
    const StageCode body = code_of(kernel.body, kernel.values, count * (rolled ? 1 : reduced)),
                    end = code_of(kernel.finish, kernel.values, count);
    const std::size_t axis = kernel.outer.size();
    for (const StepView& view : all)
      if (rolled) place(view);
    for_points(finish, {}, [&](const Points& p) {
      VectorEmitter v(m_, b_, p.width);
      std::vector<llvm::Value*> sums;
      for (const program::Reduction& r : kernel.body.reductions) {
        const DType dtype = kernel.values[index(r.value)];
        sums.push_back(v.constant(machine::type_of(dtype), identity_bits(r.combine, dtype)));
      }
      const auto add = [&](const std::vector<StepView>& here, const Points& at, std::span<llvm::Value* const> before) {
        const auto outputs = evaluate(kernel.body, body, here, at, none);
        std::vector<llvm::Value*> after;
        for (std::size_t r = 0; r < before.size(); ++r) {
          const program::Reduction& reduction = kernel.body.reductions[r];
          after.push_back(emit_combine(v, reduction.combine, kernel.values[index(reduction.value)], before[r],
                                       outputs[body.output(reduction.value)]));
        }
        return after;
      };
      if (rolled) {
        sums = down_the_columns(axis, reduced, sums, [&](Points::Dimension d, std::span<llvm::Value* const> before) {
          return add(all, Points{p.nest, p.first, p.width, p.used, std::span(&d, 1)}, before);
        });
      } else {
        for (std::int64_t i = 0; i < reduced; ++i) {
          std::vector<StepView> here = all;
          for (StepView& view : here) view.base += i * view.steps[axis];
          sums = add(here, p, sums);
        }
      }
      evaluate(kernel.finish, end, all, p, [&](VectorEmitter& own, const StageCode::Input& input) {
        for (std::size_t r = 0; r < sums.size(); ++r)
          if (index(kernel.body.reductions[r].result) == input.number) return sums[r];
        return none(own, input);
      });
    });
  }

  /// A loop along a dimension: add(dimension, sums) gives the sums after an iteration.
  template <class Add>
  std::vector<llvm::Value*> down_the_columns(std::size_t axis, std::int64_t extent,
                                             const std::vector<llvm::Value*>& sums, Add&& add) {
    std::vector<llvm::Value*> results;
    arrays_.in_loops([&] {
      Loop loop(b_, b_.getInt64(0), b_.getInt64(static_cast<std::uint64_t>(extent)), false);
      std::vector<llvm::PHINode*> carried;
      for (llvm::Value* sum : sums) carried.push_back(loop.carry(sum));
      const std::vector<llvm::Value*> after =
          add(Points::Dimension{axis, loop.index(), extent}, std::vector<llvm::Value*>(carried.begin(), carried.end()));
      for (std::size_t r = 0; r < after.size(); ++r) loop.next(carried[r], after[r]);
      loop.finish(1);
      for (llvm::PHINode* phi : carried) results.push_back(loop.result(phi));
    });
    return results;
  }

  // --- Products ---

  void product(const MatmulKernel& kernel) {
    const Nest whole = nest_of(kernel.batch, {kernel.m, kernel.n});
    // The operands' dimensions are batch..., m, k and batch..., k, n: now batch..., m, n, and what a term moves by.
    const std::size_t rank = kernel.batch.size();
    Product product{kernel, view(kernel.a), view(kernel.b), 0, 0};
    product.a_step = product.a.steps[rank + 1];
    product.b_step = product.b.steps[rank];
    product.a.steps[rank + 1] = product.b.steps[rank] = 0;
    std::vector<StepView> operands = views(kernel.accesses);
    operands.push_back(product.a), operands.push_back(product.b);
    in_loops(whole, std::move(operands), false, [&](const Nest& nest, const std::vector<StepView>& all, auto loops) {
      product.a = all[all.size() - 2], product.b = all[all.size() - 1];
      const StageCode code = code_of(kernel.epilogue, kernel.values, vectors(nest.points()));
      for_points(nest, loops, [&](const Points& p) {
        llvm::Value* sum = kernel.n.constant() <= program::narrow_columns ? narrow(product, p) : wide(product, p);
        evaluate(kernel.epilogue, code, all, p, [&](VectorEmitter&, const StageCode::Input&) { return sum; });
      });
    });
  }

  struct Product {
    const MatmulKernel& kernel;
    StepView a, b;
    std::int64_t a_step, b_step;  ///< from term to term
    std::int64_t depth() const { return kernel.k.constant(); }
  };

  /// a times b of term k, added to `sum`.
  llvm::Value* add_term(const Product& x, const Points& p, std::int64_t k, llvm::Value* sum) {
    StepView a = x.a, b = x.b;
    a.base += k * x.a_step;
    b.base += k * x.b_step;
    VectorEmitter v(m_, b_, p.width);
    if (sum == nullptr) sum = v.constant(machine::type_of(x.kernel.dtype), 0);
    llvm::Value* left = take(a, p);
    return v.muladd(x.kernel.dtype, left, take(b, p), sum);
  }

  llvm::Value* wide(const Product& x, const Points& p) {
    llvm::Value* sum = VectorEmitter(m_, b_, p.width).constant(machine::type_of(x.kernel.dtype), 0);
    for (std::int64_t k = 0; k < x.depth(); ++k) sum = add_term(x, p, k, sum);
    return sum;
  }

  /// Few points: terms in the lanes.
  llvm::Value* dots(const Product& x, const Points& p) {
    const Nest terms{{x.depth()}};
    const DType dtype = x.kernel.dtype;
    llvm::Value* all =
        p.width == 1 ? nullptr : llvm::PoisonValue::get(VectorEmitter(m_, b_, p.width).type(machine::type_of(dtype)));
    for (int i = 0; i < p.used; ++i) {
      const auto along = [&](const StepView& view, std::int64_t step) {
        return StepView{view.buffer, view.dtype, p.nest.elements(view, p.first + i, 1)[0], {step}};
      };
      const StepView a = along(x.a, x.a_step), b = along(x.b, x.b_step);
      Lanes lanes = lanes_of(Combine::sum, dtype, true, plan_.width(x.depth()));
      for_points(terms, {}, [&](const Points& t) {
        llvm::Value* left = take(a, t);
        accumulate(lanes, t.first, t.used, left, take(b, t));
      });
      llvm::Value* sum = total(lanes);
      all = all == nullptr ? sum : b_.CreateInsertElement(all, sum, static_cast<std::uint64_t>(i));
    }
    return all;
  }

  /// Few columns: the virtual lanes of k, each a vector over the points, and their tree, so that few of them wait for
  /// others.
  llvm::Value* narrow(const Product& x, const Points& p) {
    const std::int64_t depth = x.depth();
    const DType dtype = x.kernel.dtype;
    if (p.loops.empty() && p.nest.points() <= most_dots && depth > 1) return dots(x, p);
    const int lanes = program::reduction_lanes(dtype);
    VectorEmitter v(m_, b_, p.width);
    const auto lane = [&](std::int64_t l) {
      llvm::Value* sum = nullptr;
      for (std::int64_t k = l; k < depth; k += lanes) sum = add_term(x, p, k, sum);
      return sum;
    };
    // Lane l of a level of the tree is the sum of lanes l and l + size of the level before.
    const auto tree = [&](const auto& self, std::int64_t l, int size) -> llvm::Value* {
      if (size == lanes) return lane(l);
      llvm::Value *a = self(self, l, 2 * size), *upper = self(self, l + size, 2 * size);
      return upper == nullptr ? a : emit_combine(v, Combine::sum, dtype, a, upper);
    };
    llvm::Value* sum = depth == 0 ? nullptr : tree(tree, 0, 1);
    llvm::Value* zero = v.constant(machine::type_of(dtype), 0);
    if (sum == nullptr) return zero;
    return depth < lanes ? emit_combine(v, Combine::sum, dtype, sum, zero) : sum;
  }
};

}  // namespace

void emit_step(ModuleEmitter& m, llvm::IRBuilder<>& b, const StepPlan& plan, StepArrays& arrays) {
  StepEmitter(m, b, plan, arrays).run();
}

}  // namespace actinium::jit
