// Arrays whose last axis is narrow, read and written whole: vectors of memory order taken apart into one vector an
// element of that axis, and put together again. Start reading at load_interleaved.
#pragma once
#include <span>
#include <vector>

#include "jit/machine_emitter.hpp"
#include "program/program.hpp"

namespace actinium::jit {

/// Most accesses of a group: what a strip has at most (program/strips.hpp).
inline constexpr int most_interleaved = 4;

/// Accesses that differ in the last axis of one buffer alone and take consecutive elements of it, from `first` on.
struct Interleaved {
  std::vector<int> accesses;
};
/// Disjoint groups of at least two, of loads or of stores.
std::vector<Interleaved> find_interleaved(const std::vector<program::Access>& accesses);

/// `v.lanes` points of `count` consecutive elements each: a vector for each of the `count`. Points from `points` on
/// (null: there are enough) are not touched and read as zero.
std::vector<llvm::Value*> load_interleaved(VectorEmitter& v, DType dtype, llvm::Value* pointer, int count,
                                           llvm::Value* points);
/// The reverse. `stream`: past the caches, the pointer is aligned to a vector.
void store_interleaved(VectorEmitter& v, DType dtype, std::span<llvm::Value* const> values, llvm::Value* pointer,
                       llvm::Value* points, bool stream);

}  // namespace actinium::jit
