// Whole files. POSIX calls, so that errors say why and a half-written file never stands at its destination.
#include "io/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "actinium/error.h"

namespace actinium::io {
namespace {

std::string reason() { return std::strerror(errno); }

}  // namespace

void fail(std::string_view path, std::string_view message) { throw IoError(fmt::format("{}: {}", path, message)); }

Bytes read_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, fmt::format("cannot be opened: {}", reason()));
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) fail(path, reason());
  if (S_ISDIR(status.st_mode)) fail(path, "is a directory");
  Bytes bytes(S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0);
  std::size_t size = 0;
  while (true) {
    if (size == bytes.size())
      bytes.resize(size + (size < (1 << 16) ? 1 << 16 : size / 2));  // one read beyond the end sees it
    const ssize_t n = ::read(descriptor, bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, fmt::format("cannot be read: {}", reason()));
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  struct stat status{};
  direct_ = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (direct_) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    static std::atomic<unsigned> count{0};
    temporary_ = fmt::format("{}.{}.{}.part", path_, ::getpid(), count++);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0) {
    temporary_.clear();
    fail(path_, fmt::format("cannot be written: {}", reason()));
  }
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      direct_(other.direct_) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path_, fmt::format("cannot be written: {}", reason()));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void OutputFile::finish() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(path_, fmt::format("cannot be written: {}", reason()));
}

void OutputFile::commit() {
  if (direct_) return;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, fmt::format("cannot be written: {}", reason()));
  temporary_.clear();
}

}  // namespace actinium::io
