// Products with few rows or few columns, where memory is the limit: rows of B streamed in order, and virtual lanes
// along k.
#include <llvm/IR/Constants.h>

#include "jit/gemm_kit.hpp"

namespace actinium::jit {
namespace {

/// Bytes that a panel is fetched ahead of its use.
constexpr std::int64_t row_panel_ahead = 4096;

}  // namespace

llvm::Function* GemmKit::stream(int row_count, int unroll, int vector_count) {
  return piece("stream" + std::to_string(row_count), "pnnpnnnpnn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    llvm::Value *a = f->getArg(0), *b_rows = f->getArg(3), *out = f->getArg(7);
    const Num row_stride = e.num(f->getArg(1)), k_stride = e.num(f->getArg(2)), b_pitch = e.num(f->getArg(4)),
              depth = e.num(f->getArg(5));
    const Num columns = e.num(f->getArg(6)), out_pitch = e.num(f->getArg(8)), valid = e.num(f->getArg(9));
    const Num full = columns / plan_.lanes * plan_.lanes;
    const Num wide = columns / (vector_count * plan_.lanes) * (vector_count * plan_.lanes);
    std::vector<Num> offset, out_offset;
    for (int i = 0; i < row_count; ++i) {
      offset.push_back(least(e.num(i), valid - 1) * row_stride);
      out_offset.push_back(out_pitch * i);
    }
    const auto element = [&](Num k, int i) {
      return splat(b, load(b, scalar_, e.at(scalar_, a, k * k_stride + offset[static_cast<std::size_t>(i)])));
    };
    for (int i = 0; i < row_count; ++i) {
      e.each(e.num(0), full, plan_.lanes, [&](Num j) {
        store(b, constant(vector_, 0.0), e.at(scalar_, out, out_offset[static_cast<std::size_t>(i)] + j));
      });
    }
    // `step` rows of B at a time, so that a vector of sums is loaded and stored once for them. Few: each is a
    // stream that the processor fetches ahead, and several vectors of one belong together.
    const auto pass = [&](Num begin, Num end, int step) {
      e.each(begin, end, step, [&](Num k) {
        std::vector<llvm::Value*> elements, lines;
        for (int u = 0; u < step; ++u) {
          lines.push_back(e.at(scalar_, b_rows, (k + u) * b_pitch));
          for (int i = 0; i < row_count; ++i) elements.push_back(element(k + u, i));
        }
        const auto columns_at = [&](Num j, int count) {
          std::vector<llvm::Value*> vectors;
          for (llvm::Value* line : lines) {
            for (int c = 0; c < count; ++c)
              vectors.push_back(load(b, vector_, e.at(scalar_, line, j + c * plan_.lanes)));
          }
          for (int i = 0; i < row_count; ++i) {
            std::vector<llvm::Value*> places, sums;
            for (int c = 0; c < count; ++c) {
              const Num at = out_offset[static_cast<std::size_t>(i)] + j + c * plan_.lanes;
              places.push_back(e.at(scalar_, out, at));
              sums.push_back(load(b, vector_, places.back()));
            }
            for (int u = 0; u < step; ++u) {
              llvm::Value* x = elements[static_cast<std::size_t>(u * row_count + i)];
              for (int c = 0; c < count; ++c) {
                llvm::Value*& sum = sums[static_cast<std::size_t>(c)];
                sum = muladd(b, plan_.lanes, x, vectors[static_cast<std::size_t>(u * count + c)], sum);
              }
            }
            for (int c = 0; c < count; ++c)
              store(b, sums[static_cast<std::size_t>(c)], places[static_cast<std::size_t>(c)]);
          }
        };
        e.each(e.num(0), wide, vector_count * plan_.lanes, [&](Num j) { columns_at(j, vector_count); });
        if (vector_count > 1) e.each(wide, full, plan_.lanes, [&](Num j) { columns_at(j, 1); });
      });
    };
    const Num unrolled = depth / unroll * unroll;
    pass(e.num(0), unrolled, unroll);
    pass(unrolled, depth, 1);
    // The last, incomplete vector of columns.
    e.when(full < columns, [&] {
      VectorEmitter vectors(m_, b, plan_.lanes);
      llvm::Value* mask = vectors.first_lanes(columns - full);
      Loop loop(b, b.getInt64(0), depth.value);
      std::vector<llvm::PHINode*> sums;
      for (int i = 0; i < row_count; ++i) sums.push_back(loop.carry(constant(vector_, 0.0)));
      const Num k = e.num(loop.index());
      llvm::Value* line = vectors.load(plan_.dtype, e.at(scalar_, b_rows, k * b_pitch + full), mask);
      for (int i = 0; i < row_count; ++i) {
        llvm::PHINode* sum = sums[static_cast<std::size_t>(i)];
        loop.next(sum, muladd(b, plan_.lanes, element(k, i), line, sum));
      }
      loop.finish(1);
      for (int i = 0; i < row_count; ++i) {
        const auto row = static_cast<std::size_t>(i);
        store(b, loop.result(sums[row]), e.at(scalar_, out, out_offset[row] + full));
      }
    });
    b.CreateRetVoid();
  });
}

llvm::Function* GemmKit::row_panel() {
  return piece("row_panel", "pnpnpp", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    const Num a_k = e.num(f->getArg(1));
    const std::int64_t width = row_panel_columns(plan_);
    const auto column = [&](int v) { return e.num(std::int64_t{v} * plan_.lanes); };
    Loop loop(b, b.getInt64(0), f->getArg(3));
    llvm::PHINode *a_now = loop.carry(f->getArg(0)), *b_now = loop.carry(f->getArg(2));
    std::vector<llvm::PHINode*> sums;
    for (int v = 0; v < row_panel_vectors; ++v) sums.push_back(loop.carry(constant(vector_, 0.0)));
    llvm::Value* element = splat(b, load(b, scalar_, a_now));
    for (std::int64_t at = 0; at < width * plan_.element(); at += cache_line)
      emit_prefetch(b, e.bytes(b_now, row_panel_ahead + at), /*write=*/false, /*near=*/true);
    for (int v = 0; v < row_panel_vectors; ++v) {
      llvm::PHINode* sum = sums[static_cast<std::size_t>(v)];
      loop.next(sum, muladd(b, plan_.lanes, element, load(b, vector_, e.at(scalar_, b_now, column(v))), sum));
    }
    loop.next(a_now, e.at(scalar_, a_now, a_k));
    loop.next(b_now, e.at(scalar_, b_now, e.num(width)));
    loop.finish(1);
    for (int v = 0; v < row_panel_vectors; ++v) {
      llvm::Value* before = load(b, vector_, e.at(scalar_, f->getArg(5), column(v)));
      store(b, b.CreateFAdd(before, loop.result(sums[static_cast<std::size_t>(v)])),
            e.at(scalar_, f->getArg(4), column(v)));
    }
    b.CreateRetVoid();
  });
}

llvm::Function* GemmKit::lanes(int row_count, int column_count) {
  const auto row_total = static_cast<std::size_t>(row_count), column_total = static_cast<std::size_t>(column_count);
  return piece("lanes" + std::to_string(row_count) + "x" + std::to_string(column_count), "pnpnnpnn",
               [&](llvm::Function* f, llvm::IRBuilder<>& b) {
                 Emitter e(m_, b);
                 const int lane_count = program::reduction_lanes(plan_.dtype);
                 llvm::Value *a = f->getArg(0), *b_columns = f->getArg(2), *state = f->getArg(5),
                             *first = b.CreateIsNotNull(f->getArg(7));
                 const Num a_pitch = e.num(f->getArg(1)), pitch = e.num(f->getArg(3)), depth = e.num(f->getArg(4)),
                           valid = e.num(f->getArg(6));
                 auto* wide = llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(lane_count));
                 const auto place = [&](int i, int j) {
                   return e.at(scalar_, state, e.num((i * program::narrow_columns + j) * lane_count));
                 };
                 std::vector<llvm::Value*> rows, columns;
                 for (int i = 0; i < row_count; ++i) rows.push_back(e.at(scalar_, a, a_pitch * i));
                 // Columns that are not there repeat the last one, into lanes that nobody reads.
                 for (int j = 0; j < column_count; ++j)
                   columns.push_back(e.at(scalar_, b_columns, least(e.num(j), valid - 1) * pitch));

                 const Num full = depth / lane_count * lane_count;
                 std::vector<llvm::Value*> initial;
                 for (int i = 0; i < row_count; ++i) {
                   for (int j = 0; j < column_count; ++j)
                     initial.push_back(b.CreateSelect(first, constant(wide, 0.0), load(b, wide, place(i, j))));
                 }
                 Loop loop(b, b.getInt64(0), full.value);
                 std::vector<llvm::PHINode*> sums;
                 for (llvm::Value* value : initial) sums.push_back(loop.carry(value));
                 const Num k = e.num(loop.index());
                 std::vector<llvm::Value*> factors;
                 for (llvm::Value* column : columns) factors.push_back(load(b, wide, e.at(scalar_, column, k)));
                 for (std::size_t i = 0; i < row_total; ++i) {
                   llvm::Value* row = load(b, wide, e.at(scalar_, rows[i], k));
                   for (std::size_t j = 0; j < column_total; ++j) {
                     llvm::PHINode* sum = sums[i * column_total + j];
                     loop.next(sum, muladd(b, lane_count, row, factors[j], sum));
                   }
                 }
                 loop.finish(lane_count);
                 for (std::size_t s = 0; s < sums.size(); ++s) {
                   const auto number = static_cast<int>(s);
                   store(b, loop.result(sums[s]), place(number / column_count, number % column_count));
                 }
                 // The rest of k: lanes beyond it keep their sum.
                 e.each(full, depth, plan_.lanes, [&](Num at) {
                   VectorEmitter vectors(m_, b, plan_.lanes);
                   llvm::Value* mask = vectors.first_lanes(depth - at);
                   const auto rest = [&](llvm::Value* line) {
                     return vectors.load(plan_.dtype, e.at(scalar_, line, at), mask);
                   };
                   for (std::size_t i = 0; i < row_total; ++i) {
                     llvm::Value* elements = rest(rows[i]);
                     for (std::size_t j = 0; j < column_total; ++j) {
                       llvm::Value* where = e.at(scalar_, place(static_cast<int>(i), static_cast<int>(j)), at - full);
                       llvm::Value* sum = load(b, vector_, where);
                       llvm::Value* next = muladd(b, plan_.lanes, elements, rest(columns[j]), sum);
                       store(b, b.CreateSelect(mask, next, sum), where);
                     }
                   }
                 });
                 b.CreateRetVoid();
               });
}

llvm::Function* GemmKit::upright() {
  return piece("upright", "pnpnnppnn", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    Emitter e(m_, b);
    constexpr int vector_count = upright_vectors;
    const int lane_count = program::reduction_lanes(plan_.dtype), width = vector_count * plan_.lanes;
    llvm::Value *a = f->getArg(0), *x = f->getArg(2), *state = f->getArg(5), *out = f->getArg(6);
    const Num a_k = e.num(f->getArg(1)), x_k = e.num(f->getArg(3)), depth = e.num(f->getArg(4));
    const Num out_pitch = e.num(f->getArg(7)), rows = e.num(f->getArg(8));
    VectorEmitter vectors(m_, b, plan_.lanes);
    std::vector<llvm::Value*> masks;
    for (int v = 0; v < vector_count; ++v)
      masks.push_back(vectors.first_lanes(greatest(rows - v * plan_.lanes, e.num(0))));
    e.each(e.num(0), e.num(lane_count * width), plan_.lanes,
           [&](Num i) { store(b, constant(vector_, 0.0), e.at(scalar_, state, i)); });
    e.each(e.num(0), depth, 1, [&](Num k) {
      llvm::Value* factor = splat(b, load(b, scalar_, e.at(scalar_, x, k * x_k)));
      for (int v = 0; v < vector_count; ++v) {
        llvm::Value* elements =
            vectors.load(plan_.dtype, e.at(scalar_, a, k * a_k + v * plan_.lanes), masks[static_cast<std::size_t>(v)]);
        llvm::Value* place = e.at(scalar_, state, k % lane_count * width + v * plan_.lanes);
        store(b, muladd(b, plan_.lanes, elements, factor, load(b, vector_, place)), place);
      }
    });
    for (int half = lane_count / 2; half >= 1; half /= 2) {
      e.each(e.num(0), e.num(half * width), plan_.lanes, [&](Num i) {
        llvm::Value* place = e.at(scalar_, state, i);
        llvm::Value* upper = load(b, vector_, e.at(scalar_, state, i + half * width));
        store(b, b.CreateFAdd(load(b, vector_, place), upper), place);
      });
    }
    e.each(e.num(0), least(rows, e.num(width)), 1,
           [&](Num i) { store(b, load(b, scalar_, e.at(scalar_, state, i)), e.at(scalar_, out, i * out_pitch)); });
    b.CreateRetVoid();
  });
}

llvm::Function* GemmKit::lane_sum() {
  return piece("lane_sum", "pp", [&](llvm::Function* f, llvm::IRBuilder<>& b) {
    int count = program::reduction_lanes(plan_.dtype);
    llvm::Value* value = load(b, llvm::FixedVectorType::get(scalar_, static_cast<unsigned>(count)), f->getArg(0));
    for (; count > 1; count /= 2) {
      std::vector<int> low, high;
      for (int l = 0; l < count / 2; ++l) low.push_back(l), high.push_back(l + count / 2);
      value = b.CreateFAdd(b.CreateShuffleVector(value, low), b.CreateShuffleVector(value, high));
    }
    store(b, b.CreateExtractElement(value, std::uint64_t{0}), f->getArg(1));
    b.CreateRetVoid();
  });
}

}  // namespace actinium::jit
