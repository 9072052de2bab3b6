// Memory of tensors and workspaces: blocks by size class, kept for reuse so that a large result is not mapped page by
// page at every call. Start reading at allocate_shared.
#pragma once
#include <cstddef>
#include <memory>

namespace actinium::runtime {

/// Memory aligned to 64 bytes, contents unspecified. A small block comes from and returns to a cache of the thread's
/// without a lock; larger ones and overflow to a common pool, which keeps a bounded amount.
std::shared_ptr<void> allocate_shared(std::size_t bytes);

/// A block that one owner holds: a workspace.
class Block {
 public:
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();
  /// Makes room for `bytes`; contents are lost if that takes another block. Returns true if the address changed.
  bool reserve(std::size_t bytes);
  char* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }

 private:
  void* block_ = nullptr;
  char* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// Bytes that the common pool keeps at present.
std::size_t pooled_bytes();

}  // namespace actinium::runtime
