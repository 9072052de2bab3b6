// Whole files: reading into memory, and writing that completes or leaves nothing. Start reading at OutputFile.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actinium::io {

using Bytes = std::vector<std::byte>;

/// "FILE: message" as an IoError.
[[noreturn]] void fail(std::string_view path, std::string_view message);

/// IoError if it cannot be read.
Bytes read_file(const std::string& path);

/// A file being written beside its destination. commit() puts it in its place; without it nothing is left.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Everything is in the file: closes it.
  void finish();
  /// After finish(): the destination is replaced in one step.
  void commit();

 private:
  std::string path_, temporary_;
  int descriptor_ = -1;
  bool direct_ = false;  ///< a device or pipe: written in place
};

}  // namespace actinium::io
