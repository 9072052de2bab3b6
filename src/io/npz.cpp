// .npz: a zip archive whose members are .npy files. Written stored, read stored or deflated, through the central
// directory.
#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>

#include "actinium/io.h"
#include "io/npy.hpp"

namespace actinium::io {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator64_signature = 0x07064b50;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, locator64_size = 20, end64_size = 56;

/// Little-endian fields one after the other.
class Record {
 public:
  Record& u16(std::size_t x) { return put(x, 2); }
  Record& u32(std::size_t x) { return put(x, 4); }
  Record& text(std::string_view s) {
    bytes_ += s;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  Record& put(std::size_t x, int n) {
    for (int i = 0; i < n; ++i) bytes_ += static_cast<char>(x >> (8 * i) & 0xFF);
    return *this;
  }
};

std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t crc = 0) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
    crc = static_cast<std::uint32_t>(
        ::crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size())));
    bytes = bytes.subspan(part.size());
  }
  return crc;
}

struct Member {
  std::string name;
  std::size_t method, packed, size, offset;
  std::uint32_t crc;
};

class Archive {
 public:
  Archive(std::string_view path, std::span<const std::byte> bytes) : path_(path), bytes_(bytes) {}

  std::map<std::string, Tensor> read() const {
    std::map<std::string, Tensor> arrays;
    for (const Member& m : directory()) {
      if (m.name.ends_with('/')) continue;
      const bool npy = m.name.ends_with(".npy");
      const std::string name = npy ? m.name.substr(0, m.name.size() - 4) : m.name;
      if (!arrays.emplace(name, decode_npy(fmt::format("{}: {}", path_, m.name), contents(m))).second)
        fail(path_, fmt::format("has two members called {}", name));
    }
    return arrays;
  }

 private:
  std::string_view path_;
  std::span<const std::byte> bytes_;
  mutable Bytes inflated_;

  std::size_t field(std::size_t at, int n) const {
    if (at > bytes_.size() || static_cast<std::size_t>(n) > bytes_.size() - at)
      fail(path_, "is truncated or no .npz file");
    std::size_t x = 0;
    for (int i = 0; i < n; ++i) x |= static_cast<std::size_t>(bytes_[at + static_cast<std::size_t>(i)]) << (8 * i);
    return x;
  }
  std::span<const std::byte> part(std::size_t at, std::size_t n) const {
    if (at > bytes_.size() || n > bytes_.size() - at) fail(path_, "is truncated or no .npz file");
    return bytes_.subspan(at, n);
  }

  /// The end record is the last thing in the file but for a comment.
  std::size_t find_end() const {
    if (bytes_.size() < end_size) fail(path_, "is no .npz file");
    for (std::size_t at = bytes_.size() - end_size, n = 0; n < 65536; --at, ++n) {
      if (field(at, 4) == end_signature && at + end_size + field(at + 20, 2) == bytes_.size()) return at;
      if (at == 0) break;
    }
    fail(path_, "is no .npz file");
  }

  std::vector<Member> directory() const {
    const std::size_t end = find_end();
    std::size_t count = field(end + 10, 2), at = field(end + 16, 4);
    if (end >= locator64_size && field(end - locator64_size, 4) == locator64_signature) {
      const std::size_t end64 = field(end - locator64_size + 8, 8);
      if (field(end64, 4) != end64_signature) fail(path_, "has a damaged directory");
      part(end64, end64_size);
      count = field(end64 + 32, 8);
      at = field(end64 + 48, 8);
    }
    std::vector<Member> members;
    for (std::size_t i = 0; i < count; ++i) {
      if (field(at, 4) != central_signature) fail(path_, "has a damaged directory");
      const std::size_t name = field(at + 28, 2), extra = field(at + 30, 2), comment = field(at + 32, 2);
      const auto text = part(at + central_size, name);
      Member m{std::string(reinterpret_cast<const char*>(text.data()), name),
               field(at + 10, 2),
               field(at + 20, 4),
               field(at + 24, 4),
               field(at + 42, 4),
               static_cast<std::uint32_t>(field(at + 16, 4))};
      if ((field(at + 8, 2) & 1) != 0) fail(path_, fmt::format("{} is encrypted", m.name));
      read_extra(m, at + central_size + name, extra);
      members.push_back(std::move(m));
      at += central_size + name + extra + comment;
    }
    return members;
  }

  /// 64-bit sizes stand in the extra field 1 for each that is 0xFFFFFFFF.
  void read_extra(Member& m, std::size_t at, std::size_t length) const {
    const std::size_t end = at + length;
    while (at + 4 <= end) {
      const std::size_t id = field(at, 2), size = field(at + 2, 2);
      std::size_t next = at + 4;
      if (id == 1)
        for (std::size_t* value : {&m.size, &m.packed, &m.offset})
          if (*value == 0xFFFFFFFF && next + 8 <= at + 4 + size) *value = field(next, 8), next += 8;
      at += 4 + size;
    }
  }

  std::span<const std::byte> contents(const Member& m) const {
    if (field(m.offset, 4) != local_signature) fail(path_, fmt::format("{} is damaged", m.name));
    const auto packed = part(m.offset + local_size + field(m.offset + 26, 2) + field(m.offset + 28, 2), m.packed);
    if (m.method == 0 && m.size != m.packed) fail(path_, fmt::format("{} is damaged", m.name));
    if (m.method != 0 && m.method != 8)
      fail(path_, fmt::format("{} is packed by method {}: stored and deflated are read", m.name, m.method));
    const auto bytes = m.method == 0 ? packed : inflate_member(m, packed);
    if (checksum(bytes) != m.crc) fail(path_, fmt::format("{} is damaged: its checksum differs", m.name));
    return bytes;
  }

  std::span<const std::byte> inflate_member(const Member& m, std::span<const std::byte> packed) const {
    // Deflate shrinks 1032 times at most: what claims more is damaged, and no memory is spent on it.
    if (m.size / 1040 > packed.size() + 1) fail(path_, fmt::format("{} is damaged", m.name));
    inflated_.resize(m.size);
    z_stream z{};
    if (::inflateInit2(&z, -MAX_WBITS) != Z_OK) throw InternalError("zlib does not start");
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    z.next_out = reinterpret_cast<Bytef*>(inflated_.data());
    std::size_t in = packed.size(), out = m.size;
    int status = Z_OK;
    while (status == Z_OK) {
      z.avail_in = static_cast<uInt>(std::min<std::size_t>(in, std::size_t{1} << 30));
      z.avail_out = static_cast<uInt>(std::min<std::size_t>(out, std::size_t{1} << 30));
      const std::size_t had_in = z.avail_in, had_out = z.avail_out;
      status = ::inflate(&z, Z_NO_FLUSH);
      in -= had_in - z.avail_in;
      out -= had_out - z.avail_out;
    }
    ::inflateEnd(&z);
    if (status != Z_STREAM_END || out != 0) fail(path_, fmt::format("{} is damaged", m.name));
    return inflated_;
  }
};

/// 1 January 1980, so that equal arrays give equal files.
constexpr std::size_t dos_time = 0, dos_date = 33;

}  // namespace
}  // namespace actinium::io

namespace actinium {

void save(const std::string& path, const std::map<std::string, Tensor>& arrays) {
  using namespace io;
  constexpr std::size_t limit = 0xFFFFFFFE;
  if (arrays.size() >= 65535) fail(path, "holds 65534 arrays at most");
  OutputFile file(path);
  std::string directory;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : arrays) {
    const std::string header = npy_header(tensor), member = name + ".npy";
    const std::size_t size = header.size() + tensor.bytes();
    if (size > limit || offset > limit - local_size - member.size())
      fail(path, "holds less than 4 GB: write the arrays as .npy files");
    if (member.size() > 65535) fail(path, "has a name of more than 65535 bytes");
    const std::uint32_t crc = checksum(data_of(tensor), checksum(bytes_of(header)));
    constexpr std::size_t utf8_names = 1 << 11;
    const auto common = [&](Record& r) -> Record& {
      return r.u16(utf8_names)
          .u16(0)
          .u16(dos_time)
          .u16(dos_date)
          .u32(crc)
          .u32(size)
          .u32(size)
          .u16(member.size())
          .u16(0);
    };
    Record local, central;
    common(local.u32(local_signature).u16(20)).text(member);
    common(central.u32(central_signature).u16(20).u16(20)).u16(0).u16(0).u16(0).u32(0).u32(offset).text(member);
    file.write(bytes_of(local.bytes()));
    file.write(bytes_of(header));
    file.write(data_of(tensor));
    directory += central.bytes();
    offset += local.bytes().size() + size;
  }
  if (offset > limit) fail(path, "holds less than 4 GB: write the arrays as .npy files");
  Record end;
  end.u32(end_signature).u16(0).u16(0).u16(arrays.size()).u16(arrays.size()).u32(directory.size()).u32(offset).u16(0);
  file.write(bytes_of(directory));
  file.write(bytes_of(end.bytes()));
  file.finish();
  file.commit();
}

std::map<std::string, Tensor> load(const std::string& path) {
  const io::Bytes bytes = io::read_file(path);
  return io::Archive(path, bytes).read();
}

}  // namespace actinium
