// Register tiles over packed operands, and how rows of A are packed for them: groups of four rows, k by k, so that a
// tile of any height reads at most a few streams at constant distances. Start reading at GemmKit::packed_tile.
#include <llvm/IR/Constants.h>

#include <array>

#include "jit/gemm_kit.hpp"

namespace actinium::jit {

namespace {

/// A tile fetches a row of what it writes each 2^4 steps of k: 16 rows in a whole block.
constexpr std::uint64_t out_fetch_shift = 4;

}  // namespace

llvm::Function* GemmKit::packed_tile(const TileShape& shape) {
  return piece("packed" + std::to_string(shape.vectors), "pnpnnpnpnnp",
                   [&](llvm::Function* f, llvm::IRBuilder<>& b) {
                     Emitter e(m_, b);
                     std::vector<llvm::Value*> arguments;
                     for (llvm::Argument& argument : f->args()) arguments.push_back(&argument);
                     const Num rows = e.num(arguments[9]);
                     e.advance(rows, [&](Num i) {
                       return emit_packed_step(e, shape, arguments, i, rows - i);
                     });
                     b.CreateRetVoid();
                   });
}

/// What a tile of `depth` steps fetches: rows of the panel that is used next, spread over the tiles that use this one, so
/// that memory has time to answer. Once all are there, `harmless` again and again.
GemmKit::Fetch GemmKit::emit_fetch(Emitter& e, llvm::Value* memory, llvm::Value* harmless, Num depth) {
  llvm::IRBuilder<>& b = e.b;
  const auto number = [&](std::size_t offset) {
    return e.num(b.CreateLoad(b.getInt64Ty(), e.bytes(memory, static_cast<std::int64_t>(offset))));
  };
  const Num next = number(offsetof(GemmFetch, next)), stride = number(offsetof(GemmFetch, stride)),
            shift = number(offsetof(GemmFetch, shift));
  const Flag active = next < number(offsetof(GemmFetch, end));
  b.CreateStore(next + (e.num(b.CreateLShr(depth.value, shift.value)) + 1),
                e.bytes(memory, offsetof(GemmFetch, next)));
  llvm::Value* from = e.at(
      b.getInt8Ty(), b.CreateLoad(m_.pointer(), e.bytes(memory, offsetof(GemmFetch, from))), next * stride);
  const Num mask = e.num(b.CreateShl(b.getInt64(1), shift.value)) - 1;
  return {b.CreateSelect(active, from, harmless), pick(active, stride, e.num(0)), shift, mask};
}

/// The tallest tile; at the end the lowest that holds the rest, and before it two of a middle height rather than the
/// tallest and a low one.
Num GemmKit::emit_packed_step(Emitter& e, const TileShape& shape, llvm::ArrayRef<llvm::Value*> arguments, Num row,
                              Num left) {
  const std::int64_t most = shape.max_rows(), next = shape.rows.size() > 1 ? shape.rows[1] : most;
  const Num padded = quotient_up(left, packed_group) * packed_group;
  Num count = least(padded, e.num(most));
  if (2 * next > most) count = pick((count == most) & (padded <= 2 * next) & !(padded == most), e.num(next), count);
  by_height(e, shape, count,
            [&](int height) { emit_packed_tile(e, shape.vectors, height, arguments, row, arguments[10]); });
  return count;
}

llvm::Function* GemmKit::copying_tile(const TileShape& shape) {
  return piece("copying" + std::to_string(shape.vectors), "pnpnnpnpnpp",
                   [&](llvm::Function* f, llvm::IRBuilder<>& b) {
                     Emitter e(m_, b);
                     std::vector<llvm::Value*> arguments;
                     for (llvm::Argument& argument : f->args()) arguments.push_back(&argument);
                     emit_packed_tile(e, shape.vectors, shape.max_rows(), arguments, e.num(0), arguments[10],
                                      arguments[9]);
                     b.CreateRetVoid();
                   });
}

/// Rows first .. first + rows, all of which are there. `panel`: where B is copied to, if it is.
void GemmKit::emit_packed_tile(Emitter& e, int vectors, int rows, llvm::ArrayRef<llvm::Value*> arguments, Num first,
                               llvm::Value* fetched, llvm::Value* panel) {
  llvm::IRBuilder<>& b = e.b;
  const Num group_pitch = e.num(arguments[1]), b_pitch = e.num(arguments[3]), depth = e.num(arguments[4]);
  const Num out_pitch = e.num(arguments[6]), before_pitch = e.num(arguments[8]);
  llvm::Value* a_first = e.at(scalar_, arguments[0], first / packed_group * group_pitch);
  const Fetch fetch = emit_fetch(e, fetched, a_first, depth);
  llvm::Value* out_first = e.at(scalar_, arguments[5], first * out_pitch);

  Loop loop(b, b.getInt64(0), depth.value);
  llvm::PHINode* a_now = loop.carry(a_first);
  llvm::PHINode* b_now = loop.carry(arguments[2]);
  std::vector<llvm::PHINode*> sums;
  for (int i = 0; i < rows * vectors; ++i) sums.push_back(loop.carry(constant(vector_, 0.0)));
  std::vector<llvm::Value*> columns;
  for (int v = 0; v < vectors; ++v) columns.push_back(load(b, vector_, e.at(scalar_, b_now, e.num(v * plan_.lanes))));
  if (panel != nullptr) {
    llvm::Value* to = e.at(scalar_, panel, e.num(loop.index()) * (vectors * plan_.lanes));
    for (int v = 0; v < vectors; ++v)
      store(b, columns[static_cast<std::size_t>(v)], e.at(scalar_, to, e.num(v * plan_.lanes)));
  }
  // Each 2^shift steps a row of the panel that is used next, and one of those that this tile writes.
  const Num step = e.num(loop.index());
  e.when(e.num(b.CreateAnd(step.value, fetch.mask.value)) == 0, [&] {
    const Num row = e.num(b.CreateLShr(step.value, fetch.shift.value));
    llvm::Value* wanted = e.at(b.getInt8Ty(), fetch.from, row * fetch.stride);
    llvm::Value* written = e.at(scalar_, out_first, e.num(b.CreateLShr(step.value, out_fetch_shift)) * out_pitch);
    for (std::int64_t at = 0; at < vectors * plan_.lanes * plan_.element(); at += cache_line) {
      emit_prefetch(b, e.bytes(wanted, at), /*write=*/false, /*near=*/false);
      emit_prefetch(b, e.bytes(written, at), /*write=*/false, /*near=*/false);
    }
  });
  for (int i = 0; i < rows; ++i) {
    llvm::Value* group = e.at(scalar_, a_now, group_pitch * (i / packed_group));
    llvm::Value* element = splat(b, load(b, scalar_, e.at(scalar_, group, e.num(i % packed_group))));
    for (int v = 0; v < vectors; ++v) {
      llvm::PHINode* sum = sums[static_cast<std::size_t>(i * vectors + v)];
      loop.next(sum, muladd(b, plan_.lanes, element, columns[static_cast<std::size_t>(v)], sum));
    }
  }
  loop.next(a_now, e.at(scalar_, a_now, e.num(packed_group)));
  loop.next(b_now, e.at(scalar_, b_now, b_pitch));
  loop.finish(1);

  for (int i = 0; i < rows; ++i) {
    llvm::Value* before = e.at(scalar_, arguments[7], (first + i) * before_pitch);
    llvm::Value* out = e.at(scalar_, arguments[5], (first + i) * out_pitch);
    for (int v = 0; v < vectors; ++v) {
      const Num column = e.num(v * plan_.lanes);
      llvm::Value* earlier = load(b, vector_, e.at(scalar_, before, column));
      store(b, b.CreateFAdd(earlier, loop.result(sums[static_cast<std::size_t>(i * vectors + v)])),
            e.at(scalar_, out, column));
    }
  }
}

// --- Packing ---

namespace {

/// Vectors x and y as units of `unit` elements, alternately: the first half of that, or the second.
llvm::Value* alternate(llvm::IRBuilder<>& b, llvm::Value* x, llvm::Value* y, int width, int unit, bool second) {
  std::vector<int> indices;
  for (int i = 0; i < width; ++i) {
    const int at = i + (second ? width : 0), element = at / (2 * unit) * unit + at % unit;
    indices.push_back(at / unit % 2 == 0 ? element : width + element);
  }
  return b.CreateShuffleVector(x, y, indices);
}

}  // namespace

/// Four lines, their units of `unit` elements in turn: four vectors.
std::array<llvm::Value*, 4> GemmKit::interleaved(llvm::IRBuilder<>& b, const std::array<llvm::Value*, 4>& lines,
                                                 int width, int unit) const {
  if (width == unit) return lines;
  std::array<llvm::Value*, 4> result{};
  for (std::size_t half = 0; half < 2; ++half) {
    llvm::Value* x = alternate(b, lines[0], lines[1], width, unit, half == 1);
    llvm::Value* y = alternate(b, lines[2], lines[3], width, unit, half == 1);
    result[2 * half] = alternate(b, x, y, width, 2 * unit, false);
    result[2 * half + 1] = alternate(b, x, y, width, 2 * unit, true);
  }
  return result;
}

llvm::Function* GemmKit::pack_rows() {
  return piece("pack_rows", "pnnpnnn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    const Num k_stride = e.num(f->getArg(2));
    e.when(
        k_stride == 1, [&] { emit_pack_along_k(e); },
        [&] { e.when(e.num(f->getArg(1)) == 1, [&] { emit_pack_along_rows(e); }, [&] { emit_pack_any(e); }); });
    b.CreateRetVoid();
  });
}

/// The elements of k lie side by side.
void GemmKit::emit_pack_along_k(Emitter& e) {
  llvm::IRBuilder<>& b = e.b;
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::Value *source = f->getArg(0), *out = f->getArg(3);
  const Num row_stride = e.num(f->getArg(1)), group_pitch = e.num(f->getArg(4)), rows = e.num(f->getArg(5)),
            depth = e.num(f->getArg(6));
  const int width = std::max<int>(plan_.lanes, packed_group);
  auto* type = llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(width));
  VectorEmitter vectors(m_, b, width);
  const Num full = depth / width * width;
  e.each(e.num(0), rows, packed_group, [&](Num row) {
    std::array<llvm::Value*, 4> lines{};
    for (std::size_t i = 0; i < lines.size(); ++i)
      lines[i] = e.at(scalar_, source, least(row + static_cast<std::int64_t>(i), rows - 1) * row_stride);
    llvm::Value* group = e.at(scalar_, out, row / packed_group * group_pitch);
    const auto block = [&](Num k, llvm::Value* mask) {
      std::array<llvm::Value*, 4> values{};
      for (std::size_t i = 0; i < lines.size(); ++i) {
        llvm::Value* place = e.at(scalar_, lines[i], k);
        emit_prefetch(b, e.at(scalar_, place, row_stride * packed_group), /*write=*/false, /*near=*/false);
        values[i] = mask != nullptr ? vectors.load(plan_.dtype, place, mask) : load(b, type, place);
      }
      const std::array<llvm::Value*, 4> packed = interleaved(b, values, width, 1);
      for (std::size_t v = 0; v < packed.size(); ++v) {
        store(b, packed[v], e.at(scalar_, group, k * packed_group + static_cast<std::int64_t>(v) * width));
      }
    };
    e.each(e.num(0), full, width, [&](Num k) { block(k, nullptr); });
    e.when(full < depth, [&] { block(full, vectors.first_lanes(depth - full)); });
  });
}

/// The elements of a column of A lie side by side.
void GemmKit::emit_pack_along_rows(Emitter& e) {
  llvm::IRBuilder<>& b = e.b;
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::Value *source = f->getArg(0), *out = f->getArg(3);
  const Num k_stride = e.num(f->getArg(2)), group_pitch = e.num(f->getArg(4)), rows = e.num(f->getArg(5)),
            depth = e.num(f->getArg(6));
  const int width = std::max<int>(plan_.lanes, packed_group);
  auto* type = llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(width));
  VectorEmitter vectors(m_, b, width);
  const Num full = rows / width * width;
  e.each(e.num(0), depth, 4, [&](Num k) {
    std::array<llvm::Value*, 4> lines{};
    for (std::size_t i = 0; i < lines.size(); ++i)
      lines[i] = e.at(scalar_, source, least(k + static_cast<std::int64_t>(i), depth - 1) * k_stride);
    const auto block = [&](Num row, llvm::Value* mask) {
      std::array<llvm::Value*, 4> values{};
      for (std::size_t i = 0; i < lines.size(); ++i) {
        llvm::Value* place = e.at(scalar_, lines[i], row);
        emit_prefetch(b, e.at(scalar_, place, k_stride * 16), /*write=*/false, /*near=*/false);
        values[i] = mask != nullptr ? vectors.load(plan_.dtype, place, mask) : load(b, type, place);
      }
      const std::array<llvm::Value*, 4> packed = interleaved(b, values, width, packed_group);
      for (std::size_t v = 0; v < packed.size(); ++v) {
        const auto at = static_cast<std::int64_t>(v) * width;
        const Num group = row / packed_group + at / (4 * packed_group);
        store(b, packed[v], e.at(scalar_, out, group * group_pitch + k * packed_group + at % (4 * packed_group)));
      }
    };
    e.each(e.num(0), full, width, [&](Num row) { block(row, nullptr); });
    e.when(full < rows, [&] { block(full, vectors.first_lanes(rows - full)); });
  });
}

void GemmKit::emit_pack_any(Emitter& e) {
  llvm::IRBuilder<>& b = e.b;
  llvm::Function* f = b.GetInsertBlock()->getParent();
  llvm::Value *source = f->getArg(0), *out = f->getArg(3);
  const Num row_stride = e.num(f->getArg(1)), k_stride = e.num(f->getArg(2)), group_pitch = e.num(f->getArg(4)),
            rows = e.num(f->getArg(5)), depth = e.num(f->getArg(6));
  e.each(e.num(0), quotient_up(rows, packed_group) * packed_group, 1, [&](Num row) {
    llvm::Value* line = e.at(scalar_, source, least(row, rows - 1) * row_stride);
    llvm::Value* to = e.at(scalar_, out, row / packed_group * group_pitch + row % packed_group);
    e.each(e.num(0), depth, 1, [&](Num k) {
      store(b, load(b, scalar_, e.at(scalar_, line, k * k_stride)), e.at(scalar_, to, k * packed_group));
    });
  });
}

llvm::Function* GemmKit::squares() {
  return piece("squares", "pnpnnn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    emit_transposed(e, f->getArg(0), e.num(f->getArg(1)), f->getArg(2), e.num(f->getArg(3)), e.num(f->getArg(4)),
                    e.num(f->getArg(5)), plan_.lanes);
    b.CreateRetVoid();
  });
}

}  // namespace actinium::jit
