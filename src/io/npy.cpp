// .npy: a magic, a header that is a Python dict, and the elements. Every length is checked against the file before
// memory is allocated. Start reading at decode_npy.
#include "io/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "actinium/io.h"

namespace actinium::io {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they stand in memory");

constexpr std::string_view magic = "\x93NUMPY";

/// What the header says.
struct Header {
  DType dtype = DType::f32;
  bool swapped = false;
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

/// Reads the dict of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  HeaderReader(std::string_view path, std::string_view text) : path_(path), text_(text) {}

  Header read() {
    Header header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !has_type)
        has_type = true, read_type(header);
      else if (key == "fortran_order" && !has_order)
        has_order = true, header.fortran = truth();
      else if (key == "shape" && !has_shape)
        has_shape = true, header.shape = tuple();
      else
        fail(fmt::format("unexpected key '{}'", key.substr(0, 40)));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_type || !has_order || !has_shape) fail("descr, fortran_order or shape is missing");
    skip();
    if (at_ != text_.size()) fail("text follows the dict");
    return header;
  }

 private:
  std::string_view path_, text_;
  std::size_t at_ = 0;

  [[noreturn]] void fail(std::string_view message) const {
    io::fail(path_, fmt::format("malformed .npy header: {}", message));
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}' expected at byte {}", c, at_));
  }
  std::string_view string() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote == '[') io::fail(path_, "a structured array: only plain f32, f64, i32, i64 and bool are read");
    if (quote != '\'' && quote != '"') fail(fmt::format("a string expected at byte {}", at_));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string is not closed");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return inside;
  }
  bool truth() {
    skip();
    for (const std::string_view word : {std::string_view("True"), std::string_view("False")}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("fortran_order must be True or False");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> list;
    expect('(');
    while (!accept(')')) {
      list.push_back(extent());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    if (list.size() > static_cast<std::size_t>(max_rank))
      io::fail(path_, fmt::format("rank {} is more than {}", list.size(), max_rank));
    return list;
  }
  std::int64_t extent() {
    skip();
    std::int64_t n = 0;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text_[at_] - '0', &n))
        io::fail(path_, "the shape is too large");
    if (at_ == begin) fail(fmt::format("an extent expected at byte {}", at_));
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote long integers so
    return n;
  }
  void read_type(Header& header) {
    const std::string_view text = string();
    static constexpr std::pair<std::string_view, DType> types[] = {
        {"f4", DType::f32}, {"f8", DType::f64}, {"i4", DType::i32}, {"i8", DType::i64}, {"b1", DType::b8}};
    for (const auto& [code, dtype] : types) {
      if (text.size() != 3 || text.substr(1) != code ||
          std::string_view("<>|=").find(text[0]) == std::string_view::npos)
        continue;
      header.dtype = dtype;
      header.swapped = text[0] == '>' && size_of(dtype) > 1;
      return;
    }
    io::fail(path_, fmt::format("elements are '{}': only f32, f64, i32, i64 and bool are read", text.substr(0, 40)));
  }
};

/// Where the header's text stands, and where the data begin.
std::pair<std::string_view, std::size_t> find_header(std::string_view path, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic)) fail(path, "is not a .npy file");
  if (text.size() < 10) fail(path, "is truncated in the .npy header");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(text[i])); };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3)
    fail(path, fmt::format(".npy version {}.{} is not known: 1 to 3 are", version, byte(7)));
  const std::size_t begin = version == 1 ? 10 : 12;
  if (text.size() < begin) fail(path, "is truncated in the .npy header");
  std::size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > text.size() - begin) fail(path, "is truncated in the .npy header");
  return {text.substr(begin, length), begin + length};
}

std::size_t checked_bytes(std::string_view path, const Header& header) {
  std::size_t n = size_of(header.dtype);
  if (std::find(header.shape.begin(), header.shape.end(), 0) != header.shape.end()) return 0;
  for (const std::int64_t extent : header.shape)
    if (__builtin_mul_overflow(n, static_cast<std::size_t>(extent), &n) || n > std::size_t{1} << 62)
      fail(path, fmt::format("the shape ({}) is too large", fmt::join(header.shape, ", ")));
  return n;
}

/// Elements in Fortran order into C order.
void from_fortran(std::byte* out, const std::byte* in, std::span<const std::int64_t> shape, std::size_t element) {
  const std::size_t rank = shape.size();
  std::vector<std::size_t> stride(rank, element);
  for (std::size_t d = 1; d < rank; ++d) stride[d] = stride[d - 1] * static_cast<std::size_t>(shape[d - 1]);
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  std::vector<std::int64_t> index(rank, 0);
  for (std::size_t i = 0, from = 0; i < count; ++i, out += element) {
    std::memcpy(out, in + from, element);
    for (std::size_t d = rank; d-- > 0;) {
      from += stride[d];
      if (++index[d] < shape[d]) break;
      from -= stride[d] * static_cast<std::size_t>(shape[d]);
      index[d] = 0;
    }
  }
}

void swap_bytes(std::byte* data, std::size_t count, std::size_t element) {
  for (std::size_t i = 0; i < count; ++i) std::reverse(data + i * element, data + (i + 1) * element);
}

std::string_view code_of(DType t) {
  switch (t) {
    case DType::b8: return "|b1";
    case DType::i32: return "<i4";
    case DType::i64: return "<i8";
    case DType::f32: return "<f4";
    case DType::f64: return "<f8";
  }
  return "";
}

}  // namespace

Tensor decode_npy(std::string_view path, std::span<const std::byte> bytes) {
  const auto [text, begin] = find_header(path, bytes);
  const Header header = HeaderReader(path, text).read();
  const std::size_t expected = checked_bytes(path, header), present = bytes.size() - begin;
  if (present < expected)
    fail(path, fmt::format("is truncated: the shape ({}) takes {} bytes, {} are there", fmt::join(header.shape, ", "),
                           expected, present));
  if (present > expected)
    fail(path, fmt::format("has {} bytes after the {} of the shape ({})", present - expected, expected,
                           fmt::join(header.shape, ", ")));
  Tensor t = Tensor::empty(header.dtype, header.shape);
  auto* const data = static_cast<std::byte*>(t.raw());
  const std::size_t element = size_of(header.dtype);
  if (expected == 0) return t;
  if (header.fortran && header.shape.size() > 1)
    from_fortran(data, bytes.data() + begin, header.shape, element);
  else
    std::memcpy(data, bytes.data() + begin, expected);
  if (header.swapped) swap_bytes(data, expected / element, element);
  if (header.dtype == DType::b8)
    for (std::size_t i = 0; i < expected; ++i) data[i] = data[i] == std::byte{0} ? std::byte{0} : std::byte{1};
  return t;
}

std::string npy_header(const Tensor& tensor) {
  const auto shape = tensor.shape();
  const std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                       code_of(tensor.dtype()), fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  const std::size_t total = (10 + dict.size() + 1 + 63) / 64 * 64, length = total - 10;
  std::string header(magic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(length & 0xFF);
  header += static_cast<char>(length >> 8);
  header += dict;
  header.append(total - 1 - header.size(), ' ');
  return header + '\n';
}

}  // namespace actinium::io

namespace actinium {

Tensor load_npy(const std::string& path) { return io::decode_npy(path, io::read_file(path)); }

void save_npy(const std::string& path, const Tensor& tensor) { save_npy({{path, tensor}}); }

void save_npy(const std::vector<std::pair<std::string, Tensor>>& files) {
  std::vector<io::OutputFile> written;
  for (const auto& [path, tensor] : files) {
    io::OutputFile& file = written.emplace_back(path);
    file.write(io::bytes_of(io::npy_header(tensor)));
    file.write(io::data_of(tensor));
    file.finish();
  }
  for (io::OutputFile& file : written) file.commit();
}

}  // namespace actinium
