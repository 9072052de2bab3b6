// Loops over the tasks of a kernel: which row and which chunk each of them is. See segment.hpp.
#include "jit/segment.hpp"
#include "jit/support.hpp"

namespace actinium::jit {

std::vector<llvm::Value*> row_indices(llvm::IRBuilder<>& b, llvm::Value* row, std::span<llvm::Value* const> extents) {
  std::vector<llvm::Value*> indices(extents.size());
  for (std::size_t d = extents.size(); d-- > 1;) {
    indices[d] = b.CreateSRem(row, extents[d]);
    row = b.CreateSDiv(row, extents[d]);
  }
  if (!extents.empty()) indices[0] = row;
  return indices;
}

void for_each_task(
    ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* begin, llvm::Value* end, std::span<llvm::Value* const> extents,
    llvm::Value* chunks,
    const std::function<void(llvm::Value* row, std::span<llvm::Value* const> indices, llvm::Value* chunk)>& fn) {
  emit_if(b, b.CreateICmpSLT(begin, end), [&] {
    llvm::Value *first_row = begin, *first_chunk = b.getInt64(0);
    if (chunks != nullptr) {
      first_row = b.CreateSDiv(begin, chunks);
      first_chunk = b.CreateSRem(begin, chunks);
    }
    Loop tasks(b, begin, end, /*skippable=*/false);
    llvm::PHINode* row = tasks.carry(first_row);
    llvm::PHINode* chunk = chunks == nullptr ? nullptr : tasks.carry(first_chunk);
    const std::vector<llvm::Value*> indices = row_indices(b, row, extents);
    fn(row, indices, chunk == nullptr ? b.getInt64(0) : static_cast<llvm::Value*>(chunk));
    llvm::Value* next_row = b.CreateAdd(row, b.getInt64(1));
    if (chunks != nullptr) {
      llvm::Value* next_chunk = b.CreateAdd(chunk, b.getInt64(1));
      llvm::Value* wraps = b.CreateICmpEQ(next_chunk, chunks);
      next_row = b.CreateSelect(wraps, next_row, row);
      tasks.next(chunk, b.CreateSelect(wraps, b.getInt64(0), next_chunk));
    }
    tasks.next(row, next_row);
    tasks.finish(1);
  });
  static_cast<void>(m);
}

void for_each_row(
    ModuleEmitter& m, llvm::IRBuilder<>& b, llvm::Value* begin, llvm::Value* end, std::span<llvm::Value* const> extents,
    llvm::Value* chunks,
    const std::function<void(std::span<llvm::Value* const> indices, llvm::Value* chunk, llvm::Value* chunks)>& fn) {
  emit_if(b, b.CreateICmpSLT(begin, end), [&] {
    llvm::Value *first_row = b.CreateSDiv(begin, chunks), *first_chunk = b.CreateSRem(begin, chunks);
    Loop tasks(b, begin, end, /*skippable=*/false);
    llvm::PHINode *row = tasks.carry(first_row), *chunk = tasks.carry(first_chunk);
    llvm::Value* count =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, b.CreateSub(chunks, chunk), b.CreateSub(end, tasks.index()));
    fn(row_indices(b, row, extents), chunk, count);
    tasks.next(row, b.CreateAdd(row, b.getInt64(1)));
    tasks.next(chunk, b.getInt64(0));
    tasks.finish(count);
  });
  static_cast<void>(m);
}

}  // namespace actinium::jit
