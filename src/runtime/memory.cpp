// Size classes (four to a power of two), a cache for each thread, and the common pool. Start reading at Header.
#include "runtime/memory.hpp"

#include <sys/mman.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

namespace actinium::runtime {
namespace {

/// Stands in the 64 bytes before the data. The control block of the shared_ptr lives in it too, so that a tensor's
/// memory is one allocation.
struct Header {
  Header* next;
  std::size_t size_class;
  alignas(8) std::byte control[48];
};
static_assert(sizeof(Header) == 64);

constexpr std::size_t class_count = 4 * 44;
constexpr std::size_t smallest = 64;
constexpr std::size_t thread_block_limit = std::size_t{256} << 10;
constexpr int thread_list_limit = 8;
constexpr std::size_t huge_page = std::size_t{2} << 20;
/// Blocks from this size on are made of huge pages; rounding up to whole ones wastes a fifth at most.
constexpr std::size_t huge_block = std::size_t{8} << 20;
constexpr std::size_t pool_limit = std::size_t{1} << 30;

/// Class c holds blocks of (4 + c % 4) * 2^(c / 4) * 16 bytes of data.
constexpr std::size_t class_bytes(std::size_t c) { return (4 + c % 4) << (c / 4 + 4); }
constexpr std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  const auto exponent =
      static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^exponent < bytes <= 2^(exponent + 1)
  const std::size_t quarter = ((bytes - 1) >> (exponent - 2)) & 3;
  return 4 * (exponent - 6) + quarter + 1;
}
static_assert(class_of(64) == 0 && class_of(65) == 1 && class_bytes(class_of(65)) == 80 &&
              class_bytes(class_of(1000)) == 1024);
static_assert(class_bytes(class_of(1 << 20)) == 1 << 20 &&
              class_bytes(class_of((1 << 20) + 1)) == (1 << 20) + (1 << 18));

struct List {
  Header* first = nullptr;
  int length = 0;
  void push(Header* block) {
    block->next = first;
    first = block;
    ++length;
  }
  Header* pop() {
    Header* const block = first;
    if (block != nullptr) {
      first = block->next;
      --length;
    }
    return block;
  }
};

class Pool {
 public:
  Header* take(std::size_t c) {
    {
      const std::lock_guard lock(mutex_);
      if (Header* block = lists_[c].pop()) {
        bytes_ -= class_bytes(c);
        return block;
      }
    }
    const std::size_t alignment = class_bytes(c) >= huge_block ? huge_page : 64;
    const std::size_t bytes = (sizeof(Header) + class_bytes(c) + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, bytes);
    if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    // Small pages would cost a fault for every 4 KiB at first, and misses of the address caches for ever.
    if (alignment == huge_page) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    auto* block = new (memory) Header;
    block->size_class = c;
    return block;
  }
  void give(Header* block) {
    {
      const std::lock_guard lock(mutex_);
      const std::size_t size = class_bytes(block->size_class);
      if (bytes_ + size <= pool_limit) {
        bytes_ += size;
        lists_[block->size_class].push(block);
        return;
      }
    }
    std::free(block);
  }
  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  std::mutex mutex_;
  std::array<List, class_count> lists_;
  std::size_t bytes_ = 0;
};

/// Never destroyed: tensors of static duration return their memory late.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

constexpr std::size_t thread_classes = class_of(thread_block_limit) + 1;

thread_local bool thread_cache_gone = false;
struct ThreadCache {
  std::array<List, thread_classes> lists;
  ~ThreadCache() {
    thread_cache_gone = true;
    for (List& list : lists) {
      while (Header* block = list.pop()) pool().give(block);
    }
  }
};
ThreadCache& thread_cache() {
  thread_local ThreadCache cache;
  return cache;
}

Header* take(std::size_t bytes) {
  const std::size_t c = class_of(bytes);
  if (c >= class_count) throw std::bad_alloc();
  if (c < thread_classes && !thread_cache_gone) {
    if (Header* block = thread_cache().lists[c].pop()) return block;
  }
  return pool().take(c);
}

void give(Header* block) {
  const std::size_t c = block->size_class;
  if (c < thread_classes && !thread_cache_gone && thread_cache().lists[c].length < thread_list_limit) {
    thread_cache().lists[c].push(block);
  } else {
    pool().give(block);
  }
}

/// Puts the control block of a shared_ptr into the Header; releasing it releases the memory.
template <class T>
struct HeaderAllocator {
  using value_type = T;
  Header* header;
  explicit HeaderAllocator(Header* h) : header(h) {}
  template <class U>
  HeaderAllocator(const HeaderAllocator<U>& other) : header(other.header) {}
  T* allocate(std::size_t n) {
    static_assert(sizeof(T) <= sizeof(Header::control) && alignof(T) <= 8);
    if (n != 1) throw std::bad_alloc();
    return reinterpret_cast<T*>(header->control);
  }
  void deallocate(T*, std::size_t) { give(header); }
  friend bool operator==(const HeaderAllocator& a, const HeaderAllocator& b) { return a.header == b.header; }
};

}  // namespace

std::shared_ptr<void> allocate_shared(std::size_t bytes) {
  Header* const header = take(bytes);
  return {static_cast<void*>(header + 1), [](void*) {}, HeaderAllocator<std::byte>(header)};
}

Block::~Block() {
  if (block_ != nullptr) give(static_cast<Header*>(block_));
}

bool Block::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return false;
  Header* const header = take(bytes);
  if (block_ != nullptr) give(static_cast<Header*>(block_));
  block_ = header;
  data_ = reinterpret_cast<char*>(header + 1);
  capacity_ = class_bytes(header->size_class);
  return true;
}

std::size_t pooled_bytes() { return pool().bytes(); }

}  // namespace actinium::runtime
