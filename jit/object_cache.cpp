// A map from a module's bitcode (and the target) to its object, the oldest forgotten first.
#include "jit/object_cache.hpp"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/Support/raw_ostream.h>
#include <xxhash.h>

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "jit/session.hpp"

namespace actinium::jit {
namespace {

using Key = std::pair<std::uint64_t, std::uint64_t>;

/// 128 bits over everything that the code generator reads.
Key key_of(const llvm::Module& module, const Target& target) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  stream << target.isa << '\n' << target.cpu << '\n' << target.features << '\n';
  llvm::WriteBitcodeToFile(module, stream);
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

class ObjectCache {
 public:
  static ObjectCache& instance() {
    static auto* cache = new ObjectCache;  // functions may be compiled while static objects are destroyed
    return *cache;
  }
  std::shared_ptr<const llvm::MemoryBuffer> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  void insert(const Key& key, std::shared_ptr<const llvm::MemoryBuffer> object) {
    const std::lock_guard lock(mutex_);
    bytes_ += object->getBufferSize();
    if (!objects_.emplace(key, object).second) {
      bytes_ -= object->getBufferSize();
      return;
    }
    order_.push_back(key);
    while (bytes_ > limit) {
      const auto oldest = objects_.find(order_.front());
      bytes_ -= oldest->second->getBufferSize();
      objects_.erase(oldest);
      order_.pop_front();
    }
  }

 private:
  static constexpr std::size_t limit = std::size_t{32} << 20;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const llvm::MemoryBuffer>> objects_;
  std::list<Key> order_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::shared_ptr<const llvm::MemoryBuffer> compiled_object(llvm::Module& module, const Target& target) {
  const Key key = key_of(module, target);
  if (auto object = ObjectCache::instance().find(key)) return object;
  std::shared_ptr<const llvm::MemoryBuffer> object = compile_object(module, target, Effort::kernel);
  ObjectCache::instance().insert(key, object);
  return object;
}

}  // namespace actinium::jit
