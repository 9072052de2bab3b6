// The .npy format in memory: what .npy files and the members of .npz share.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "actinium/tensor.h"
#include "io/file.hpp"

namespace actinium::io {

/// `path` names the file in errors.
Tensor decode_npy(std::string_view path, std::span<const std::byte> bytes);
/// Magic, version and header, padded so that data begin at a multiple of 64.
std::string npy_header(const Tensor& tensor);
inline std::span<const std::byte> data_of(const Tensor& t) {
  return {static_cast<const std::byte*>(t.raw()), t.bytes()};
}
inline std::span<const std::byte> bytes_of(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}

}  // namespace actinium::io
