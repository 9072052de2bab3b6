// The pieces of matrix products as functions of generated code, the same for all products of one dtype: register tiles,
// streamed rows, narrow columns, packing. Start reading at GemmKit; jit/gemm_tasks.cpp puts them together.
#pragma once
#include <llvm/IR/IRBuilder.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <string>

#include "jit/gemm_plan.hpp"
#include "jit/gemm_tasks.hpp"
#include "jit/machine_emitter.hpp"
#include "jit/module_emitter.hpp"

namespace actinium::jit {

/// A 64-bit integer of the generated code, with the operators of algebra. Division is of numbers that are not negative.
struct Num {
  llvm::IRBuilder<>* builder;
  llvm::Value* value;
  operator llvm::Value*() const { return value; }
};
/// A condition of the generated code.
struct Flag {
  llvm::IRBuilder<>* builder;
  llvm::Value* value;
  operator llvm::Value*() const { return value; }
};

inline Num number(Num like, std::int64_t value) {
  return {like.builder, like.builder->getInt64(static_cast<std::uint64_t>(value))};
}
inline Num operator+(Num a, Num b) { return {a.builder, a.builder->CreateAdd(a.value, b.value)}; }
inline Num operator-(Num a, Num b) { return {a.builder, a.builder->CreateSub(a.value, b.value)}; }
inline Num operator*(Num a, Num b) { return {a.builder, a.builder->CreateMul(a.value, b.value)}; }
inline Num operator/(Num a, Num b) { return {a.builder, a.builder->CreateUDiv(a.value, b.value)}; }
inline Num operator%(Num a, Num b) { return {a.builder, a.builder->CreateURem(a.value, b.value)}; }
inline Num operator+(Num a, std::int64_t b) { return a + number(a, b); }
inline Num operator-(Num a, std::int64_t b) { return a - number(a, b); }
inline Num operator*(Num a, std::int64_t b) { return a * number(a, b); }
inline Num operator/(Num a, std::int64_t b) { return a / number(a, b); }
inline Num operator%(Num a, std::int64_t b) { return a % number(a, b); }
inline Flag operator<(Num a, Num b) { return {a.builder, a.builder->CreateICmpSLT(a.value, b.value)}; }
inline Flag operator<=(Num a, Num b) { return {a.builder, a.builder->CreateICmpSLE(a.value, b.value)}; }
inline Flag operator==(Num a, Num b) { return {a.builder, a.builder->CreateICmpEQ(a.value, b.value)}; }
inline Flag operator<(Num a, std::int64_t b) { return a < number(a, b); }
inline Flag operator<=(Num a, std::int64_t b) { return a <= number(a, b); }
inline Flag operator==(Num a, std::int64_t b) { return a == number(a, b); }
inline Flag operator&(Flag a, Flag b) { return {a.builder, a.builder->CreateAnd(a.value, b.value)}; }
inline Flag operator|(Flag a, Flag b) { return {a.builder, a.builder->CreateOr(a.value, b.value)}; }
inline Flag operator!(Flag a) { return {a.builder, a.builder->CreateNot(a.value)}; }
inline Num least(Num a, Num b) {
  return {a.builder, a.builder->CreateBinaryIntrinsic(llvm::Intrinsic::smin, a.value, b.value)};
}
inline Num greatest(Num a, Num b) {
  return {a.builder, a.builder->CreateBinaryIntrinsic(llvm::Intrinsic::smax, a.value, b.value)};
}
inline Num pick(Flag condition, Num a, Num b) {
  return {a.builder, a.builder->CreateSelect(condition.value, a.value, b.value)};
}

/// A function of the generated code being filled.
class Emitter {
 public:
  Emitter(ModuleEmitter& module_, llvm::IRBuilder<>& builder_) : m(module_), b(builder_) {}
  ModuleEmitter& m;
  llvm::IRBuilder<>& b;

  Num num(llvm::Value* value) { return {&b, value}; }
  template <std::integral I>
  Num num(I value) {
    return {&b, b.getInt64(static_cast<std::uint64_t>(value))};
  }
  llvm::Value* at(llvm::Type* element, llvm::Value* pointer, Num index) {
    return b.CreateGEP(element, pointer, index.value);
  }
  llvm::Value* bytes(llvm::Value* pointer, std::int64_t offset) {
    return b.CreateConstGEP1_64(b.getInt8Ty(), pointer, static_cast<std::uint64_t>(offset));
  }
  /// for (i = begin; i < end; i += step) body(i)
  template <class Body>
  void each(Num begin, Num end, std::int64_t step, Body&& body) {
    Loop loop(b, begin.value, end.value);
    body(num(loop.index()));
    loop.finish(step);
  }
  /// for (i = 0; i < end; i += body(i)), where end > 0 and body(i) > 0
  template <class Body>
  void advance(Num end, Body&& body) {
    Loop loop(b, b.getInt64(0), end.value, /*skippable=*/false);
    const Num step = body(num(loop.index()));
    loop.finish(step.value);
  }
  template <class Then>
  void when(Flag condition, Then&& then) {
    emit_if(b, condition.value, then);
  }
  template <class Then, class Else>
  void when(Flag condition, Then&& then, Else&& otherwise) {
    llvm::Function* f = b.GetInsertBlock()->getParent();
    llvm::BasicBlock *yes = m.block(f), *no = m.block(f), *join = m.block(f);
    b.CreateCondBr(condition.value, yes, no);
    b.SetInsertPoint(yes);
    then();
    b.CreateBr(join);
    b.SetInsertPoint(no);
    otherwise();
    b.CreateBr(join);
    b.SetInsertPoint(join);
  }
};

/// Bytes that caches move at once.
inline constexpr std::int64_t cache_line = 64;
/// Wanted soon: to be written or only read, in L1 (`near`) or L2. Any address will do.
inline void emit_prefetch(llvm::IRBuilder<>& b, llvm::Value* address, bool write, bool near) {
  b.CreateIntrinsic(b.getVoidTy(), llvm::Intrinsic::prefetch,
                    {address, b.getInt32(write ? 1 : 0), b.getInt32(near ? 3 : 2), b.getInt32(1)});
}

/// All strides and pitches are in elements; "-> " names what is written. Pointers never overlap except where it is
/// said.
class GemmKit {
 public:
  GemmKit(ModuleEmitter& module, const GemmPlan& plan);

  /// (a, row stride, k stride, b, pitch, k, out, pitch, before, pitch, rows)
  /// -> out[i][j] = before[i][j] + (sum over k, from +0, of a[i][k]*b[k][j]) for the shape's columns. `before` may be
  /// `out`. `masked` (..., columns): of a shape one vector wide, only so many columns are read and written.
  llvm::Function* tile(const TileShape& shape, bool masked = false);
  /// (a, group pitch, b, pitch, k, out, pitch, before, pitch, rows, fetch): the same with A packed in groups of rows,
  /// from pack_rows(). Writes rows up to the next multiple of packed_group. Fetches what the GemmFetch says.
  llvm::Function* packed_tile(const TileShape& shape);
  /// (a, group pitch, b, pitch, k, out, pitch, before, pitch, panel, fetch): the same for the tallest tile's rows
  /// alone, with B as it lies, contiguous along columns -> panel too: what pack_columns() makes of it.
  llvm::Function* copying_tile(const TileShape& shape);
  /// (source, row stride, k stride, out, group pitch, rows, k)
  /// -> out: for each group of packed_group rows its elements k by k; rows beyond the last repeat it.
  llvm::Function* pack_rows();
  /// (a, row stride, k stride, b, pitch, k, columns, out, pitch, rows)
  /// -> out[i][j] = the same sum, for `rows` rows (at most `row_count`), passing over rows of b from left to right.
  /// `unroll` rows of b and `vector_count` vectors of each at a time.
  llvm::Function* stream(int row_count, int unroll, int vector_count);
  /// (a, k stride, b, k, out, before): one row, and row_panel_columns() of B, its rows one after the other.
  /// -> out[j] = before[j] + the sum, as tile() has it. Fetches b ahead.
  llvm::Function* row_panel();
  /// (a, pitch, b, pitch, k, state, columns, first): rows of A along their contiguous k; b by columns,
  /// contiguous along k.
  /// -> state[i][j][l] accumulates a[i][k]*b[j][k] in lane l = k mod lanes, from +0 if `first`; j < narrow_columns.
  llvm::Function* lanes(int row_count, int column_count);
  /// (a, k stride, x, stride, k, state, out, pitch, rows): up to upright_vectors vectors of rows that lie side by side,
  /// so that a lane of the order along k is a vector of rows. state: reduction_lanes() times so many vectors.
  /// -> out[i] = sum over k of a[k][i]*x[k].
  llvm::Function* upright();
  /// (state, out) -> the sum over its lanes, in their tree.
  llvm::Function* lane_sum();
  /// (source, row stride, column stride, out, pitch, rows, columns)
  /// -> out[r][c] = source[r][c], and +0 up to the next multiple of a vector.
  llvm::Function* pack();
  /// (source, column stride, out, pitch, rows, columns): a source whose columns are contiguous, by squares as wide as a
  /// vector: multiples of it.
  /// -> out[r][c] = source[r][c].
  llvm::Function* squares();
  /// (b, pitch, k, columns, out): contiguous along columns -> out[j] = sum over k, from +0, of b[k][j].
  llvm::Function* sum_columns();
  /// (sums, earlier, count) -> sums = earlier + sums, up to the next multiple of a vector.
  llvm::Function* add();

 private:
  ModuleEmitter& m_;
  const GemmPlan& plan_;
  llvm::Type* scalar_;
  llvm::FixedVectorType* vector_;

  llvm::Value* load(llvm::IRBuilder<>& b, llvm::Type* type, llvm::Value* pointer) const;
  void store(llvm::IRBuilder<>& b, llvm::Value* value, llvm::Value* pointer) const;
  llvm::Value* splat(llvm::IRBuilder<>& b, llvm::Value* scalar) const;
  llvm::Constant* constant(llvm::Type* type, double value) const;
  llvm::FunctionType* signature(const std::string& arguments) const;
  /// A function for calls from C++, to be asked for once.
  template <class Fill>
  llvm::Function* piece(const std::string& what, const std::string& arguments, Fill&& fill) {
    llvm::Function* f = m_.function(signature(arguments), what, true);
    llvm::IRBuilder<> builder(m_.block(f));
    fill(f, builder);
    return f;
  }
  llvm::Value* muladd(llvm::IRBuilder<>& b, int lanes, llvm::Value* a, llvm::Value* x, llvm::Value* c) const;
  /// emit(height) for the least of the shape's heights that holds `count` rows: known when it runs.
  template <class Emit>
  void by_height(Emitter& e, const TileShape& shape, Num count, Emit&& emit) {
    llvm::Function* f = e.b.GetInsertBlock()->getParent();
    llvm::BasicBlock *done = m_.block(f), *highest = m_.block(f);
    llvm::SwitchInst* variants = e.b.CreateSwitch(count.value, highest);
    for (std::size_t v = 0; v < shape.rows.size(); ++v) {
      const int height = shape.rows[v], below = v + 1 < shape.rows.size() ? shape.rows[v + 1] : 0;
      llvm::BasicBlock* block = v == 0 ? highest : m_.block(f);
      for (int r = below + 1; v != 0 && r <= height; ++r)
        variants->addCase(e.b.getInt64(static_cast<std::uint64_t>(r)), block);
      e.b.SetInsertPoint(block);
      emit(height);
      e.b.CreateBr(done);
    }
    e.b.SetInsertPoint(done);
  }
  void emit_tile(Emitter& e, const TileShape& shape, int rows, llvm::ArrayRef<llvm::Value*> arguments, Num first,
                 Num valid, llvm::Value* mask);
  Num emit_packed_step(Emitter& e, const TileShape& shape, llvm::ArrayRef<llvm::Value*> arguments, Num row, Num left);
  void emit_packed_tile(Emitter& e, int vectors, int rows, llvm::ArrayRef<llvm::Value*> arguments, Num first,
                        llvm::Value* fetched, llvm::Value* panel = nullptr);
  std::array<llvm::Value*, 4> interleaved(llvm::IRBuilder<>& b, const std::array<llvm::Value*, 4>& lines, int width,
                                          int unit) const;
  struct Fetch {
    llvm::Value* from;
    Num stride, shift, mask;
  };
  Fetch emit_fetch(Emitter& e, llvm::Value* memory, llvm::Value* harmless, Num depth);
  void emit_pack_along_k(Emitter& e);
  void emit_pack_along_rows(Emitter& e);
  void emit_pack_any(Emitter& e);
  void transpose(llvm::IRBuilder<>& b, std::vector<llvm::Value*>& lines) const;
  void emit_transposed_masked(Emitter& e, llvm::Value* source, Num column_stride, llvm::Value* out, Num pitch, Num rows,
                              Num columns);
  void emit_transposed(Emitter& e, llvm::Value* source, Num column_stride, llvm::Value* out, Num pitch, Num rows,
                       Num columns, int width);
};

/// Has the pieces that this way needs compiled, unless this process has got them, and enters them into `code`.
void add_gemm_code(GemmCode& code, const Target& target, bool fused, const GemmPlan& plan, Grid::Way way);
/// The same for sums of columns.
void add_sum_code(GemmCode& code, const Target& target, bool fused, const GemmPlan& plan);

}  // namespace actinium::jit
