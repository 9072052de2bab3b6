// Code of LoopKernels of several stages whose rows are short and of known length: a softmax over ten classes. Rows
// stand side by side in the lanes of a vector, so that all of them go through one chain of operations, and reductions
// are plain operations on vectors. Start reading at RowsInLanesEmitter::rows.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "actinium/error.h"
#include "jit/body_emitter.hpp"
#include "jit/kernel.hpp"
#include "jit/library.hpp"
#include "jit/machine_emitter.hpp"
#include "jit/reduction.hpp"
#include "jit/segment.hpp"

namespace actinium::jit {

using program::Access;
using program::LoopKernel;
using program::Reduction;
using program::Stage;
using program::ValueId;

namespace {

/// Elements of a row at most: each has a virtual lane of its own.
std::int64_t longest_row(const LoopKernel& kernel) {
  int least = program::reduction_lanes(DType::f32);
  for (const Stage& stage : kernel.stages) {
    for (const Reduction& r : stage.reductions)
      least = std::min(least, program::reduction_lanes(kernel.values[index(r.value)]));
  }
  return least;
}
/// Fewer rows than this take less time one after the other, measured.
std::int64_t few_rows(const LoopKernel& kernel) {
  const std::int64_t n = kernel.inner.constant();
  return n <= 16 ? 8 : 4 + n / 10;
}
/// Rows of a call, if known.
std::optional<std::int64_t> rows_of(const LoopKernel& kernel) {
  std::int64_t rows = 1;
  for (const Dim& d : kernel.outer) {
    if (!d.is_constant() || d.constant() > std::int64_t{1} << 20) return std::nullopt;
    rows = std::min(rows * d.constant(), std::int64_t{1} << 20);
  }
  return rows;
}
/// Values that a reduction combines in registers; more are combined in memory until so many are left.
constexpr std::int64_t combined_at_once = 16;

/// void(from, pitch, to, pitch), pitches in bytes: a square of `lanes` x `lanes` elements of `size` bytes, its rows and
/// columns exchanged by butterflies: stage s exchanges blocks of s elements between lines s apart.
llvm::Function* transposition(ModuleEmitter& m, int lanes, std::size_t size) {
  llvm::Type *p = m.pointer(), *n = m.int64();
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(m.context), {p, n, p, n}, false);
  const auto define = [&](ModuleEmitter& own, const std::string& symbol) {
    llvm::Type *own_p = own.pointer(), *own_n = own.int64();
    llvm::Function* f = own.function(
        llvm::FunctionType::get(llvm::Type::getVoidTy(own.context), {own_p, own_n, own_p, own_n}, false), symbol, true);
    llvm::IRBuilder<> b(own.block(f));
    auto* line = llvm::FixedVectorType::get(b.getIntNTy(static_cast<unsigned>(8 * size)), static_cast<unsigned>(lanes));
    const auto place = [&](unsigned first, int i) {
      llvm::Value* offset = b.CreateMul(f->getArg(first + 1), b.getInt64(static_cast<std::uint64_t>(i)));
      return b.CreateGEP(b.getInt8Ty(), f->getArg(first), offset);
    };
    std::vector<llvm::Value*> lines;
    for (int i = 0; i < lanes; ++i) lines.push_back(b.CreateAlignedLoad(line, place(0, i), llvm::Align(size)));
    for (int s = lanes / 2; s >= 1; s /= 2) {
      std::vector<int> low, high;
      for (int l = 0; l < lanes; ++l) {
        low.push_back((l & s) == 0 ? l : lanes + l - s);
        high.push_back((l & s) == 0 ? l + s : lanes + l);
      }
      for (int l = 0; l < lanes; ++l) {
        if ((l & s) != 0) continue;
        llvm::Value *&x = lines[static_cast<std::size_t>(l)], *&y = lines[static_cast<std::size_t>(l + s)];
        llvm::Value* first = b.CreateShuffleVector(x, y, low);
        y = b.CreateShuffleVector(x, y, high);
        x = first;
      }
    }
    for (int i = 0; i < lanes; ++i)
      b.CreateAlignedStore(lines[static_cast<std::size_t>(i)], place(2, i), llvm::Align(size));
    b.CreateRetVoid();
  };
  return library_function(m, fmt::format("transpose_{}x{}", lanes, size), type, Effort::shared, define);
}

/// Of scratch memory: the kernel's own, and that of the code for few rows.
struct Scratch {
  std::int64_t bytes;
  EmittedKernel few;
};
std::int64_t scratch_bytes(const void* context, const std::int64_t* extents) {
  const auto& scratch = *static_cast<const Scratch*>(context);
  const EmittedKernel& few = scratch.few;
  return std::max(scratch.bytes, few.scratch_bytes == nullptr ? 0 : few.scratch_bytes(few.context.get(), extents));
}

class RowsInLanesEmitter {
 public:
  RowsInLanesEmitter(ModuleEmitter& m, const LoopKernel& kernel)
      : m_(m),
        kernel_(kernel),
        count_(kernel.inner.constant()),
        b_(m.context),
        v_(m, b_, vector_lanes(m.target, kernel.values)),
        padded_(round_up(count_, v_.lanes)),
        of_rows_(kernel.values.size()),
        reduced_(kernel.stages.size()) {
    for (std::size_t i = 0; i < kernel.stages.size(); ++i) {
      codes_.push_back(lower_stage(kernel.stages[i], kernel.values, used_later(kernel, i), Calls::in_long_code));
    }
    for (std::size_t a = 0; a < kernel.accesses.size(); ++a) places_.push_back(place_of(a));
    for (std::size_t i = 0; i < kernel.stages.size(); ++i) place_values(i);
  }

  EmittedKernel emit(const std::string& symbol) {
    llvm::Function* f = m_.kernel_function(symbol, b_);
    const ArgsView args(m_, b_, f->getArg(0));
    const int rank = static_cast<int>(kernel_.outer.size());
    for (int d = 0; d < rank; ++d) extents_.push_back(args.extent(b_, d));
    for (std::size_t a = 0; a < kernel_.accesses.size(); ++a) {
      pointers_.push_back(args.pointer(b_, static_cast<int>(a)));
      strides_.emplace_back();
      for (int d = 0; d <= rank; ++d) strides_.back().push_back(args.stride(b_, static_cast<int>(a) * (rank + 1) + d));
    }
    scratch_ = f->getArg(3);
    llvm::Value *begin = f->getArg(1), *end = f->getArg(2);
    auto scratch = std::make_shared<Scratch>();
    llvm::Value* several = end;  // rows up to here
    if (const auto known = rows_of(kernel_); !known || *known % v_.lanes != 0) {
      scratch->few = is_short_row(m_.target, kernel_) ? emit_short_rows(m_, kernel_, symbol + "_few")
                                                      : emit_loop(m_, kernel_, symbol + "_few");
      // A last vector of rows, unless it has few of them.
      llvm::Value* count = b_.CreateAdd(b_.CreateSub(end, begin), number(v_.lanes - few_rows(kernel_)));
      llvm::Value* whole = b_.CreateAnd(count, number(-std::int64_t{v_.lanes}));
      several = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b_.CreateAdd(begin, whole), end);
    }
    Loop tasks(b_, begin, several);
    llvm::Value* left = b_.CreateSub(several, tasks.index());
    rows(tasks.index(), b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, left, number(v_.lanes)));
    tasks.finish(v_.lanes);
    if (several != end) {
      emit_if(b_, b_.CreateICmpSLT(several, end),
              [&] { m_.call(b_, m_.module.getFunction(scratch->few.main), {f->getArg(0), several, end, scratch_}); });
    }
    b_.CreateRetVoid();
    EmittedKernel result;
    result.main = symbol;
    scratch->bytes = used_;
    result.context = scratch;
    result.scratch_bytes = scratch_bytes;
    return result;
  }

 private:
  /// How an access moves, and where scratch memory has what it reads or writes of the rows at hand.
  struct Place {
    bool index, read, written;
    bool outer, inner;         ///< moves from row to row, along the row
    std::int64_t rows = -1;    ///< row by row: their elements side by side; of one that stands still along it one a row
    std::int64_t across = -1;  ///< element by element: those of all rows side by side
  };

  ModuleEmitter& m_;
  const LoopKernel& kernel_;
  const std::int64_t count_;
  llvm::IRBuilder<> b_;
  VectorEmitter v_;
  const std::int64_t padded_;  ///< elements of a row in memory: whole vectors
  std::vector<StageCode> codes_;
  std::vector<Place> places_;              ///< by access
  std::map<ValueId, std::int64_t> slots_;  ///< values that vary along the row, in memory element by element
  std::vector<llvm::Value*> of_rows_;      ///< by ValueId: one of each row, in its lane
  std::vector<std::map<std::size_t, std::int64_t>> reduced_;  ///< by stage and reduction: its own slot, if it has one
  std::int64_t used_ = 0;                                     ///< bytes of scratch memory
  std::vector<llvm::Value*> extents_, pointers_;
  std::vector<std::vector<llvm::Value*>> strides_;  ///< by access and dimension
  std::vector<llvm::Value*> same_;                  ///< by access: what all elements of a row have
  llvm::Value* scratch_ = nullptr;

  llvm::ConstantInt* number(std::int64_t n) { return b_.getInt64(static_cast<std::uint64_t>(n)); }
  DType dtype(std::size_t access) const { return kernel_.accesses[access].dtype; }
  DType dtype(ValueId value) const { return kernel_.values[index(value)]; }

  // --- Scratch memory ---

  std::int64_t take(std::int64_t elements, std::size_t size) {
    const std::int64_t at = used_;
    used_ = round_up(used_ + elements * static_cast<std::int64_t>(size), 64);
    return at;
  }
  std::int64_t take_rows(std::size_t size) { return take(padded_ * v_.lanes, size); }
  llvm::Value* memory(std::int64_t offset) {
    return b_.CreateConstGEP1_64(b_.getInt8Ty(), scratch_, static_cast<std::uint64_t>(offset));
  }
  /// Element `i` of the rows, of a slot.
  llvm::Value* element(std::int64_t slot, std::size_t size, llvm::Value* i) {
    return b_.CreateGEP(b_.getInt8Ty(), memory(slot),
                        b_.CreateMul(i, number(v_.lanes * static_cast<std::int64_t>(size))));
  }

  Place place_of(std::size_t a) {
    const Access& access = kernel_.accesses[a];
    Place p{
        .index = access.buffer == program::no_buffer, .read = false, .written = false, .outer = false, .inner = false};
    const auto moves = [&](const program::AxisMap& d) { return p.index ? !d.multiplier.is(0) : d.axis >= 0; };
    p.inner = moves(access.dims.back());
    p.outer = std::any_of(access.dims.begin(), access.dims.end() - 1, moves);
    for (const StageCode& code : codes_) {
      for (const StageCode::Input& input : code.inputs)
        p.read = p.read || (input.kind == StageCode::Input::Kind::load && input.number == a);
    }
    bool once = false;
    for (const Stage& stage : kernel_.stages) {
      for (const program::Store& store : stage.stores)
        if (store.access == a) p.written = true, once = stage.once;
    }
    const std::size_t size = size_of(access.dtype);
    const bool whole = p.written ? !once : !p.index && p.inner;
    if (p.written || (p.read && p.outer)) p.rows = whole ? take_rows(size) : take(v_.lanes, size);
    if (p.read && p.outer && p.inner && !p.index) p.across = take_rows(size);
    return p;
  }

  /// Values of a loop that later stages use, that are stored, or that are reduced.
  void place_values(std::size_t number) {
    const Stage& stage = kernel_.stages[number];
    if (stage.once) return;
    const auto place = [&](ValueId value) {
      if (!slots_.contains(value)) slots_[value] = take_rows(size_of(dtype(value)));
    };
    for (ValueId value : used_later(kernel_, number)) place(value);
    for (const program::Store& store : stage.stores) place(store.value);
    for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
      const Reduction& reduction = stage.reductions[r];
      if (reduction.factor || count_ > combined_at_once) {
        reduced_[number][r] = take_rows(size_of(dtype(reduction.value)));
      } else {
        place(reduction.value);
      }
    }
  }

  // --- Rows at once, as many as a vector has lanes ---

  /// Rows first .. first + valid; lanes beyond repeat the last of them.
  void rows(llvm::Value* first, llvm::Value* valid) {
    fill(first, valid);
    same_.assign(places_.size(), nullptr);
    for (std::size_t a = 0; a < places_.size(); ++a) same_[a] = same(a);
    for (std::size_t i = 0; i < kernel_.stages.size(); ++i) {
      if (kernel_.stages[i].once) {
        once(kernel_.stages[i], codes_[i]);
      } else {
        loop(i);
      }
    }
    drain(first, valid);
  }

  /// The element with which a row begins; of an index its number there.
  llvm::Value* begin_of_row(std::size_t a, std::span<llvm::Value* const> indices) {
    llvm::Value* offset = number(0);
    const Access& access = kernel_.accesses[a];
    for (std::size_t d = 0; d < indices.size(); ++d) {
      if (places_[a].index || access.dims[d].axis >= 0)
        offset = b_.CreateAdd(offset, b_.CreateMul(indices[d], strides_[a][d]));
    }
    if (places_[a].index) return b_.CreateAdd(b_.CreatePtrToInt(pointers_[a], b_.getInt64Ty()), offset);
    return b_.CreateGEP(v_.scalar_type(machine::type_of(access.dtype)), pointers_[a], offset);
  }
  /// Row `r` of those at hand in a place that has elements of them, or one number of each.
  llvm::Value* line(const Place& p, std::size_t size, llvm::Value* r, bool whole) {
    const std::int64_t pitch = (whole ? padded_ : 1) * static_cast<std::int64_t>(size);
    return b_.CreateGEP(b_.getInt8Ty(), memory(p.rows), b_.CreateMul(r, number(pitch)));
  }

  void fill(llvm::Value* first, llvm::Value* valid) {
    llvm::Value* last = b_.CreateSub(valid, number(1));
    Loop lanes(b_, number(0), number(v_.lanes), /*skippable=*/false);
    llvm::Value* r = lanes.index();
    const std::vector<llvm::Value*> indices =
        row_indices(b_, b_.CreateAdd(first, b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, r, last)), extents_);
    for (std::size_t a = 0; a < places_.size(); ++a) {
      const Place& p = places_[a];
      if (!p.read || !p.outer) continue;
      const std::size_t size = size_of(dtype(a));
      llvm::Value* from = begin_of_row(a, indices);
      if (p.index) {
        b_.CreateStore(from, line(p, size, r, false));
      } else if (!p.inner) {
        b_.CreateStore(v_.load_scalar(dtype(a), from), line(p, size, r, false));
      } else {
        copy_row(a, from, line(p, size, r, true), /*in=*/true);
      }
    }
    lanes.finish(1);
    for (std::size_t a = 0; a < places_.size(); ++a) {
      if (places_[a].across >= 0) transpose(size_of(dtype(a)), places_[a].rows, places_[a].across, /*in=*/true);
    }
  }

  void drain(llvm::Value* first, llvm::Value* valid) {
    for (const Stage& stage : kernel_.stages) {
      for (const program::Store& store : stage.stores) {
        if (!stage.once)
          transpose(size_of(dtype(store.access)), places_[store.access].rows, slots_.at(store.value), /*in=*/false);
      }
    }
    Loop lanes(b_, number(0), valid, /*skippable=*/false);
    llvm::Value* r = lanes.index();
    const std::vector<llvm::Value*> indices = row_indices(b_, b_.CreateAdd(first, r), extents_);
    for (const Stage& stage : kernel_.stages) {
      for (const program::Store& store : stage.stores) {
        const std::size_t a = store.access;
        llvm::Value *to = begin_of_row(a, indices), *from = line(places_[a], size_of(dtype(a)), r, !stage.once);
        if (stage.once) {
          llvm::Value* scalar = b_.CreateLoad(v_.scalar_type(machine::type_of(dtype(a))), from);
          b_.CreateAlignedStore(scalar, to, llvm::Align(size_of(dtype(a))));
        } else {
          copy_row(a, to, from, /*in=*/false);
        }
      }
    }
    lanes.finish(1);
  }

  /// All elements of a row between its place in an array and the one in scratch memory. Strides are known at run time
  /// only.
  void copy_row(std::size_t a, llvm::Value* array, llvm::Value* row, bool in) {
    llvm::Function* f = b_.GetInsertBlock()->getParent();
    llvm::BasicBlock *side_by_side = m_.block(f), *apart = m_.block(f), *join = m_.block(f);
    llvm::Type* scalar = v_.scalar_type(machine::type_of(dtype(a)));
    llvm::Value* stride = strides_[a].back();
    b_.CreateCondBr(b_.CreateICmpEQ(stride, number(1)), side_by_side, apart);
    for (const bool near : {true, false}) {
      b_.SetInsertPoint(near ? side_by_side : apart);
      for (std::int64_t i = 0; i < count_; i += v_.lanes) {
        llvm::Value *mask = first_lanes(count_ - i), *place = b_.CreateGEP(scalar, row, number(i)), *at = array;
        const llvm::Align align(size_of(dtype(a)));
        if (near) {
          at = b_.CreateGEP(scalar, array, number(i));
        } else {
          llvm::Value* numbers = b_.CreateAdd(v_.lane_numbers(machine::Type::i64), v_.splat(number(i)));
          at = b_.CreateGEP(scalar, array, b_.CreateMul(numbers, v_.splat(stride)));
        }
        if (!in) {
          llvm::Value* value = v_.load(dtype(a), place);
          near ? v_.store(dtype(a), value, at, mask)
               : static_cast<void>(b_.CreateMaskedScatter(value, at, align, mask));
          continue;
        }
        llvm::Type* vector = v_.type(machine::type_of(dtype(a)));
        v_.store(dtype(a),
                 near ? v_.load(dtype(a), at, mask)
                      : b_.CreateMaskedGather(vector, at, align, mask, llvm::Constant::getNullValue(vector)),
                 place);
      }
      b_.CreateBr(join);
    }
    b_.SetInsertPoint(join);
  }
  llvm::Constant* first_lanes(std::int64_t count) {
    std::vector<llvm::Constant*> lanes;
    for (std::int64_t i = 0; i < v_.lanes; ++i) lanes.push_back(llvm::ConstantInt::getBool(m_.context, i < count));
    return llvm::ConstantVector::get(lanes);
  }

  /// Between rows side by side and elements side by side.
  void transpose(std::size_t size, std::int64_t rows, std::int64_t across, bool in) {
    llvm::Function* f = transposition(m_, v_.lanes, size);
    const auto bytes = static_cast<std::int64_t>(size);
    for (std::int64_t i = 0; i < count_; i += v_.lanes) {
      llvm::Value *row = memory(rows + i * bytes), *line = memory(across + i * v_.lanes * bytes);
      llvm::Value *row_pitch = number(padded_ * bytes), *pitch = number(v_.lanes * bytes);
      if (in) {
        m_.call(b_, f, {row, row_pitch, line, pitch});
      } else {
        m_.call(b_, f, {line, pitch, row, row_pitch});
      }
    }
  }

  // --- Stages ---

  /// What does not change along the row, but for results; null if it does. An index is what it begins with.
  llvm::Value* same(std::size_t a) {
    const Place& p = places_[a];
    if (!p.read || (p.inner && !p.index)) return nullptr;
    if (p.outer) return v_.load(p.index ? DType::i64 : dtype(a), memory(p.rows));
    return v_.splat(p.index ? b_.CreatePtrToInt(pointers_[a], b_.getInt64Ty())
                            : v_.load_scalar(dtype(a), pointers_[a]));
  }

  llvm::Value* load(std::size_t a, llvm::Value* i) {
    const Place& p = places_[a];
    if (i == nullptr || !p.inner) return same_[a];
    if (p.index) return b_.CreateAdd(same_[a], v_.splat(b_.CreateMul(i, strides_[a].back())));
    if (p.outer) return v_.load(dtype(a), element(p.across, size_of(dtype(a)), i));
    llvm::Type* scalar = v_.scalar_type(machine::type_of(dtype(a)));
    return v_.splat(v_.load_scalar(dtype(a), b_.CreateGEP(scalar, pointers_[a], b_.CreateMul(i, strides_[a].back()))));
  }

  /// One evaluation, of element `i` of the rows, or (null) of what they have once.
  std::vector<llvm::Value*> evaluate(const StageCode& code, llvm::Value* i) {
    std::vector<llvm::Value*> inputs;
    for (const StageCode::Input& input : code.inputs) {
      const ValueId value{static_cast<std::uint32_t>(input.number)};
      if (input.kind != StageCode::Input::Kind::value) {
        inputs.push_back(load(input.number, i));
      } else if (of_rows_[input.number] == nullptr && i != nullptr && slots_.contains(value)) {
        inputs.push_back(v_.load(dtype(value), element(slots_.at(value), size_of(dtype(value)), i)));
      } else {
        inputs.push_back(of_rows_[input.number]);
      }
      if (inputs.back() == nullptr) throw InternalError("jit: a stage uses a value that none before it gives");
    }
    return v_.emit(code.code, inputs, code.calls);
  }

  void once(const Stage& stage, const StageCode& code) {
    const std::vector<llvm::Value*> outputs = evaluate(code, nullptr);
    for (std::size_t i = 0; i < outputs.size(); ++i) of_rows_[index(code.outputs[i])] = outputs[i];
    for (const program::Store& store : stage.stores)
      v_.store(dtype(store.access), outputs[code.output(store.value)], memory(places_[store.access].rows));
  }

  void loop(std::size_t number_of_stage) {
    const Stage& stage = kernel_.stages[number_of_stage];
    const StageCode& code = codes_[number_of_stage];
    Loop elements(b_, number(0), number(count_), /*skippable=*/false);
    llvm::Value* i = elements.index();
    const std::vector<llvm::Value*> outputs = evaluate(code, i);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const ValueId value = code.outputs[o];
      if (const auto slot = slots_.find(value); slot != slots_.end())
        v_.store(dtype(value), outputs[o], element(slot->second, size_of(dtype(value)), i));
    }
    for (const auto& [r, slot] : reduced_[number_of_stage]) {
      const Reduction& reduction = stage.reductions[r];
      const DType type = dtype(reduction.value);
      llvm::Value* x = outputs[code.output(reduction.value)];
      if (reduction.factor)
        x = v_.muladd(type, x, outputs[code.output(*reduction.factor)], v_.constant(machine::type_of(type), 0));
      v_.store(type, x, element(slot, size_of(type), i));
    }
    elements.finish(1);
    for (std::size_t r = 0; r < stage.reductions.size(); ++r) {
      const Reduction& reduction = stage.reductions[r];
      const auto own = reduced_[number_of_stage].find(r);
      of_rows_[index(reduction.result)] = own != reduced_[number_of_stage].end()
                                              ? reduce(reduction, own->second)
                                              : reduce(reduction, slots_.at(reduction.value));
    }
  }

  /// The tree of program.hpp, each element in a virtual lane of its own: those that hold nothing but the identity
  /// change no more than the sign of a zero.
  llvm::Value* reduce(const Reduction& r, std::int64_t slot) {
    const DType type = dtype(r.value);
    const auto place = [&](llvm::Value* i) { return element(slot, size_of(type), i); };
    const auto halved = [](std::int64_t n) {
      return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)) / 2);
    };
    std::int64_t left = count_;
    for (; left > combined_at_once; left = halved(left)) {
      const std::int64_t half = halved(left);
      Loop lower(b_, number(0), number(left - half), /*skippable=*/false);
      llvm::Value *to = place(lower.index()), *from = place(b_.CreateAdd(lower.index(), number(half)));
      v_.store(type, emit_combine(v_, r.combine, type, v_.load(type, to), v_.load(type, from)), to);
      lower.finish(1);
    }
    std::vector<llvm::Value*> parts;
    for (std::int64_t i = 0; i < left; ++i) parts.push_back(v_.load(type, place(number(i))));
    while (parts.size() > 1) {
      const auto half = static_cast<std::size_t>(halved(static_cast<std::int64_t>(parts.size())));
      for (std::size_t i = half; i < parts.size(); ++i)
        parts[i - half] = emit_combine(v_, r.combine, type, parts[i - half], parts[i]);
      parts.resize(half);
    }
    return emit_combine(v_, r.combine, type, v_.constant(machine::type_of(type), identity_bits(r.combine, type)),
                        parts[0]);
  }
};

}  // namespace

bool has_rows_in_lanes(const Target& target, const LoopKernel& kernel) {
  if (!target.avx512 || kernel.elementwise() || kernel.splits() || !kernel.inner.is_constant()) return false;
  const std::int64_t n = kernel.inner.constant();
  if (n < 1 || n > longest_row(kernel) || rows_of(kernel).value_or(few_rows(kernel)) < few_rows(kernel)) return false;
  return std::none_of(kernel.accesses.begin(), kernel.accesses.end(),
                      [](const Access& a) { return a.dtype == DType::b8; });
}

EmittedKernel emit_rows_in_lanes(ModuleEmitter& m, const LoopKernel& kernel, const std::string& symbol) {
  return RowsInLanesEmitter(m, kernel).emit(symbol);
}

}  // namespace actinium::jit
