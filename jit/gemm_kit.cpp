// Register tiles and packing. Start reading at GemmKit::tile.
#include "jit/gemm_kit.hpp"

#include <llvm/IR/Constants.h>

#include <array>
#include <numeric>

#include "math/machine.hpp"

namespace actinium::jit {
namespace {

const machine::Code& muladd_code(machine::Type type) {
  const auto make = [](machine::Type t) {
    machine::Builder builder;
    const machine::Var a = builder.input(t), x = builder.input(t), c = builder.input(t);
    const std::array outputs{builder.emit(machine::Op::muladd, t, a, x, c)};
    return builder.finish(outputs);
  };
  static const machine::Code f32_code = make(machine::Type::f32), f64_code = make(machine::Type::f64);
  return type == machine::Type::f64 ? f64_code : f32_code;
}

}  // namespace

GemmKit::GemmKit(ModuleEmitter& module, const GemmPlan& plan)
    : m_(module),
      plan_(plan),
      scalar_(plan.dtype == DType::f64 ? llvm::Type::getDoubleTy(module.context)
                                       : llvm::Type::getFloatTy(module.context)),
      vector_(llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(plan.lanes))) {}

/// One letter an argument: p pointer, n number.
llvm::FunctionType* GemmKit::signature(const std::string& arguments) const {
  std::vector<llvm::Type*> types;
  for (char c : arguments) types.push_back(c == 'p' ? m_.pointer() : m_.int64());
  return llvm::FunctionType::get(llvm::Type::getVoidTy(m_.context), types, false);
}

llvm::Value* GemmKit::load(llvm::IRBuilder<>& b, llvm::Type* type, llvm::Value* pointer) const {
  return b.CreateAlignedLoad(type, pointer, llvm::Align(static_cast<std::uint64_t>(plan_.element())));
}
void GemmKit::store(llvm::IRBuilder<>& b, llvm::Value* value, llvm::Value* pointer) const {
  b.CreateAlignedStore(value, pointer, llvm::Align(static_cast<std::uint64_t>(plan_.element())));
}
llvm::Value* GemmKit::splat(llvm::IRBuilder<>& b, llvm::Value* scalar) const {
  return b.CreateVectorSplat(static_cast<unsigned>(plan_.lanes), scalar);
}
llvm::Constant* GemmKit::constant(llvm::Type* type, double value) const { return llvm::ConstantFP::get(type, value); }

llvm::Value* GemmKit::muladd(llvm::IRBuilder<>& b, int lanes, llvm::Value* a, llvm::Value* x, llvm::Value* c) const {
  const std::array<llvm::Value*, 3> inputs{a, x, c};
  return VectorEmitter(m_, b, lanes).emit(muladd_code(machine::type_of(plan_.dtype)), inputs)[0];
}

// --- Register tiles ---

llvm::Function* GemmKit::tile(const TileShape& shape, bool masked) {
  return piece((masked ? "masked_tile" : "tile") + std::to_string(shape.vectors), masked ? "pnnpnnpnpnnn" : "pnnpnnpnpnn",
                   [&](llvm::Function* f, llvm::IRBuilder<>& b) {
                     Emitter e(m_, b);
                     std::vector<llvm::Value*> arguments;
                     for (llvm::Argument& argument : f->args()) arguments.push_back(&argument);
                     const Num rows = e.num(arguments[10]);
                     llvm::Value* mask =
                         masked ? VectorEmitter(m_, b, plan_.lanes).first_lanes(arguments[11]) : nullptr;
                     e.advance(rows, [&](Num i) {
                       // Full tiles; the last rows may do better in the next lower ones: 8 are 4 and 4 rather than 6
                       // and 2.
                       const Num left = rows - i;
                       const std::int64_t most = shape.max_rows(), next = shape.rows[1];
                       const Num count = pick(left <= most, left, pick(left <= 2 * next, e.num(next), e.num(most)));
                       by_height(e, shape, count,
                                 [&](int height) { emit_tile(e, shape, height, arguments, i, count, mask); });
                       return count;
                     });
                     b.CreateRetVoid();
                   });
}

/// Rows first .. first + rows; those from `valid` on repeat row valid - 1 and write the same numbers to the same place.
void GemmKit::emit_tile(Emitter& e, const TileShape& shape, int rows, llvm::ArrayRef<llvm::Value*> arguments, Num first,
                        Num valid, llvm::Value* mask) {
  llvm::IRBuilder<>& b = e.b;
  VectorEmitter lanes(m_, b, plan_.lanes);
  const auto row_count = static_cast<std::size_t>(rows), vectors = static_cast<std::size_t>(shape.vectors);
  llvm::Value *a = arguments[0], *panel = arguments[3], *out = arguments[6], *before = arguments[8];
  const Num row_stride = e.num(arguments[1]), k_stride = e.num(arguments[2]), b_pitch = e.num(arguments[4]),
            depth = e.num(arguments[5]);
  const Num out_pitch = e.num(arguments[7]), before_pitch = e.num(arguments[9]);

  std::vector<Num> row;  // of each row of registers
  for (int i = 0; i < rows; ++i) row.push_back(least(e.num(i), valid - 1));
  std::vector<Num> offset;
  for (int i = 0; i < rows; ++i) offset.push_back(row[static_cast<std::size_t>(i)] * row_stride);

  llvm::Value* a_first = e.at(scalar_, a, first * row_stride);
  Loop loop(b, b.getInt64(0), depth.value);
  llvm::PHINode* a_now = loop.carry(a_first);
  llvm::PHINode* b_now = loop.carry(panel);
  std::vector<llvm::PHINode*> sums;
  for (std::size_t i = 0; i < row_count * vectors; ++i) sums.push_back(loop.carry(constant(vector_, 0.0)));
  std::vector<llvm::Value*> columns;
  for (int v = 0; v < shape.vectors; ++v)
    columns.push_back(lanes.load(plan_.dtype, e.at(scalar_, b_now, e.num(v * plan_.lanes)), mask));
  for (std::size_t i = 0; i < row_count; ++i) {
    llvm::Value* element = splat(b, load(b, scalar_, e.at(scalar_, a_now, offset[i])));
    for (std::size_t v = 0; v < vectors; ++v) {
      llvm::PHINode* sum = sums[i * vectors + v];
      loop.next(sum, muladd(b, plan_.lanes, element, columns[v], sum));
    }
  }
  loop.next(a_now, e.at(scalar_, a_now, k_stride));
  loop.next(b_now, e.at(scalar_, b_now, b_pitch));
  loop.finish(1);

  // All loads stand before all stores: rows may repeat.
  const auto place = [&](llvm::Value* line, std::size_t v) {
    return e.at(scalar_, line, e.num(static_cast<std::int64_t>(v) * plan_.lanes));
  };
  std::vector<llvm::Value*> results;
  for (std::size_t i = 0; i < row_count; ++i) {
    llvm::Value* line = e.at(scalar_, before, (first + row[i]) * before_pitch);
    for (std::size_t v = 0; v < vectors; ++v) {
      llvm::Value* earlier = lanes.load(plan_.dtype, place(line, v), mask);
      results.push_back(b.CreateFAdd(earlier, loop.result(sums[i * vectors + v])));
    }
  }
  for (std::size_t i = 0; i < row_count; ++i) {
    llvm::Value* line = e.at(scalar_, out, (first + row[i]) * out_pitch);
    for (std::size_t v = 0; v < vectors; ++v) lanes.store(plan_.dtype, results[i * vectors + v], place(line, v), mask);
  }
}

// --- Packing ---

/// Exchanges rows and columns of a square of vectors by butterflies: stage s exchanges blocks of s elements between
/// lines s apart.
void GemmKit::transpose(llvm::IRBuilder<>& b, std::vector<llvm::Value*>& lines) const {
  const auto width = static_cast<int>(lines.size());
  for (int s = width / 2; s >= 1; s /= 2) {
    std::vector<int> low, high;
    for (int l = 0; l < width; ++l) {
      low.push_back((l & s) == 0 ? l : width + l - s);
      high.push_back((l & s) == 0 ? l + s : width + l);
    }
    for (int l = 0; l < width; ++l) {
      if ((l & s) != 0) continue;
      llvm::Value*& x = lines[static_cast<std::size_t>(l)];
      llvm::Value*& y = lines[static_cast<std::size_t>(l + s)];
      llvm::Value* first = b.CreateShuffleVector(x, y, low);
      y = b.CreateShuffleVector(x, y, high);
      x = first;
    }
  }
}

/// Squares of width x width, read along the columns of `source` (its rows are contiguous in it) and written along rows.
void GemmKit::emit_transposed(Emitter& e, llvm::Value* source, Num column_stride, llvm::Value* out, Num pitch, Num rows,
                              Num columns, int width) {
  llvm::IRBuilder<>& b = e.b;
  auto* type = llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(width));
  e.each(e.num(0), columns, width, [&](Num c) {
    e.each(e.num(0), rows, width, [&](Num r) {
      std::vector<llvm::Value*> lines;
      for (int j = 0; j < width; ++j)
        lines.push_back(load(b, type, e.at(scalar_, source, (c + j) * column_stride + r)));
      for (int j = 0; j < width; ++j) {
        emit_prefetch(b, e.at(scalar_, source, (c + (j + width)) * column_stride + r), /*write=*/false, /*near=*/false);
      }
      transpose(b, lines);
      for (int i = 0; i < width; ++i)
        store(b, lines[static_cast<std::size_t>(i)], e.at(scalar_, out, (r + i) * pitch + c));
    });
  });
}

/// The same with masks, for any number of rows and columns: whole vectors wide, +0 up to the next multiple of one.
void GemmKit::emit_transposed_masked(Emitter& e, llvm::Value* source, Num column_stride, llvm::Value* out, Num pitch,
                                     Num rows, Num columns) {
  llvm::IRBuilder<>& b = e.b;
  const int width = plan_.lanes;
  VectorEmitter vectors(m_, b, width);
  e.each(e.num(0), columns, width, [&](Num c) {
    llvm::Value* first = e.at(scalar_, source, c * column_stride);
    llvm::Value* ahead = e.at(scalar_, source, least(c + width, columns) * column_stride);
    e.each(e.num(0), rows, width, [&](Num r) {
      const Num valid = least(rows - r, e.num(width));
      llvm::Value* mask = vectors.first_lanes(valid);
      std::vector<llvm::Value*> lines;
      llvm::Value *line = e.at(scalar_, first, r), *next = e.at(scalar_, ahead, r);
      for (int j = 0; j < width; ++j) {
        const Flag there = e.num(j) < columns - c;
        llvm::Value* lanes = b.CreateSelect(there, mask, llvm::Constant::getNullValue(mask->getType()));
        lines.push_back(vectors.load(plan_.dtype, line, lanes));
        emit_prefetch(b, next, /*write=*/false, /*near=*/false);
        line = e.at(scalar_, line, column_stride), next = e.at(scalar_, next, column_stride);
      }
      transpose(b, lines);
      llvm::Value* to = e.at(scalar_, out, r * pitch + c);
      const auto store_rows = [&](auto&& store_row) {
        llvm::Value* place = to;
        for (int i = 0; i < width; ++i, place = e.at(scalar_, place, pitch))
          store_row(i, lines[static_cast<std::size_t>(i)], place);
      };
      e.when(
          valid == width, [&] { store_rows([&](int, llvm::Value* row, llvm::Value* at) { store(b, row, at); }); },
          [&] {
            store_rows([&](int i, llvm::Value* row, llvm::Value* at) {
              e.when(e.num(i) < valid, [&] { store(b, row, at); });
            });
          });
    });
  });
}

llvm::Function* GemmKit::pack() {
  return piece("pack", "pnnpnnn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    llvm::Value *source = f->getArg(0), *out = f->getArg(3);
    const Num row_stride = e.num(f->getArg(1)), column_stride = e.num(f->getArg(2)), pitch = e.num(f->getArg(4));
    const Num rows = e.num(f->getArg(5)), columns = e.num(f->getArg(6));
    VectorEmitter vectors(m_, b, plan_.lanes);
    const Num full = columns / plan_.lanes * plan_.lanes;
    const auto copy_rows = [&] {
      e.each(e.num(0), rows, 1, [&](Num r) {
        llvm::Value* from = e.at(scalar_, source, r * row_stride);
        llvm::Value* to = e.at(scalar_, out, r * pitch);
        e.each(e.num(0), full, plan_.lanes,
               [&](Num c) { store(b, load(b, vector_, e.at(scalar_, from, c)), e.at(scalar_, to, c)); });
        e.when(full < columns, [&] {
          store(b, vectors.load(plan_.dtype, e.at(scalar_, from, full), vectors.first_lanes(columns - full)),
                e.at(scalar_, to, full));
        });
      });
    };
    const auto gather = [&](Num first_row, Num first_column, Num end_column) {
      e.each(first_row, rows, 1, [&](Num r) {
        e.each(first_column, end_column, 1, [&](Num c) {
          store(b, load(b, scalar_, e.at(scalar_, source, r * row_stride + c * column_stride)),
                e.at(scalar_, out, r * pitch + c));
        });
      });
    };
    const auto squares = [&] {
      const int width = std::min(8, plan_.lanes);
      const Flag along_rows = row_stride == 1;
      const Num square_rows = pick(along_rows, rows / width * width, e.num(0));
      const Num square_columns = pick(along_rows, columns / width * width, e.num(0));
      emit_transposed(e, source, column_stride, out, pitch, square_rows, square_columns, width);
      gather(square_rows, e.num(0), square_columns);
      gather(e.num(0), square_columns, columns);
      const Num padded = (columns + (plan_.lanes - 1)) / plan_.lanes * plan_.lanes;
      e.each(e.num(0), rows, 1, [&](Num r) {
        e.each(columns, padded, 1, [&](Num c) { store(b, constant(scalar_, 0.0), e.at(scalar_, out, r * pitch + c)); });
      });
    };
    e.when(column_stride == 1, copy_rows, [&] {
      if (!m_.target.avx512) return squares();
      e.when(
          row_stride == 1, [&] { emit_transposed_masked(e, source, column_stride, out, pitch, rows, columns); },
          [&] {
            e.each(e.num(0), rows, 1, [&](Num r) {
              llvm::Value* from = e.at(scalar_, source, r * row_stride);
              llvm::Value* to = e.at(scalar_, out, r * pitch);
              const Num padded = (columns + (plan_.lanes - 1)) / plan_.lanes * plan_.lanes;
              e.each(e.num(0), columns, 1, [&](Num c) {
                store(b, load(b, scalar_, e.at(scalar_, from, c * column_stride)), e.at(scalar_, to, c));
              });
              e.each(columns, padded, 1, [&](Num c) { store(b, constant(scalar_, 0.0), e.at(scalar_, to, c)); });
            });
          });
    });
    b.CreateRetVoid();
  });
}

llvm::Function* GemmKit::sum_columns() {
  return piece("sum_columns", "pnnnp", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    llvm::Value *source = f->getArg(0), *out = f->getArg(4);
    const Num pitch = e.num(f->getArg(1)), depth = e.num(f->getArg(2)), columns = e.num(f->getArg(3));
    VectorEmitter vectors(m_, b, plan_.lanes);
    constexpr int at_once = 4;
    // `count` vectors from `column` on; those with a mask have it.
    const auto strip = [&](Num column, int count, llvm::Value* mask) {
      llvm::Value* first = e.at(scalar_, source, column);
      Loop loop(b, b.getInt64(0), depth.value);
      llvm::PHINode* line = loop.carry(first);
      std::vector<llvm::PHINode*> sums;
      for (int v = 0; v < count; ++v) sums.push_back(loop.carry(constant(vector_, 0.0)));
      for (int v = 0; v < count; ++v) {
        llvm::Value* x = vectors.load(plan_.dtype, e.at(scalar_, line, e.num(v * plan_.lanes)), mask);
        loop.next(sums[static_cast<std::size_t>(v)], b.CreateFAdd(sums[static_cast<std::size_t>(v)], x));
      }
      loop.next(line, e.at(scalar_, line, pitch));
      loop.finish(1);
      for (int v = 0; v < count; ++v) {
        vectors.store(plan_.dtype, loop.result(sums[static_cast<std::size_t>(v)]),
                      e.at(scalar_, out, column + v * plan_.lanes), mask);
      }
    };
    const Num full = columns / plan_.lanes * plan_.lanes, wide = columns / (at_once * plan_.lanes) * (at_once * plan_.lanes);
    e.each(e.num(0), wide, at_once * plan_.lanes, [&](Num column) { strip(column, at_once, nullptr); });
    e.each(wide, full, plan_.lanes, [&](Num column) { strip(column, 1, nullptr); });
    e.when(full < columns, [&] { strip(full, 1, vectors.first_lanes(columns - full)); });
    b.CreateRetVoid();
  });
}

llvm::Function* GemmKit::add() {
  return piece("add", "ppn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    e.each(e.num(0), e.num(f->getArg(2)), plan_.lanes, [&](Num i) {
      llvm::Value* place = e.at(scalar_, f->getArg(0), i);
      store(b, b.CreateFAdd(load(b, vector_, e.at(scalar_, f->getArg(1), i)), load(b, vector_, place)), place);
    });
    b.CreateRetVoid();
  });
}

}  // namespace actinium::jit
