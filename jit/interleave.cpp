// Three to a point: each register of memory order has every element's lanes at different places, so that blends and one
// permutation do; two and four: permutations of two registers.
#include "jit/interleave.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace actinium::jit {

using program::Access;

namespace {

/// The index along the last axis if that is all that tells `a` from others of a group.
std::optional<std::int64_t> place_in_group(const Access& a) {
  if (a.buffer == program::no_buffer || a.dtype == DType::b8 || a.start.empty() || !a.start.back().is_constant()) return std::nullopt;
  const int last = static_cast<int>(a.start.size()) - 1;
  for (const program::AxisMap& d : a.dims)
    if (d.axis == last) return std::nullopt;
  if (a.dims.empty() || a.dims.back().axis < 0) return std::nullopt;
  return a.start.back().constant();
}

bool same_but_place(const Access& a, const Access& b) {
  return a.buffer == b.buffer && a.dims == b.dims && a.start.size() == b.start.size() &&
         std::equal(a.start.begin(), a.start.end() - 1, b.start.begin());
}

/// Lanes of element k as they lie in register w: lane p of it is element (w * lanes + p) % count of a point.
struct Pattern {
  int lanes, count;
  int element(int w, int p) const { return (w * lanes + p) % count; }
  /// The register in which lane p has element k, if there is one for each p.
  int holder(int k, int p) const {
    for (int w = 0; w < count; ++w)
      if (element(w, p) == k) return w;
    return -1;
  }
  bool scattered() const { return count % 2 == 1; }  // lanes are a power of two
};

llvm::Value* choose(VectorEmitter& v, std::span<llvm::Value* const> registers, llvm::ArrayRef<int> which) {
  llvm::Value* result = registers[0];
  for (std::size_t w = 1; w < registers.size(); ++w) {
    std::vector<llvm::Constant*> mask;
    for (int x : which) mask.push_back(v.b.getInt1(x == static_cast<int>(w)));
    result = v.b.CreateSelect(llvm::ConstantVector::get(mask), registers[w], result);
  }
  return result;
}

/// Lane i of the result is lane from[i] of the registers laid side by side.
llvm::Value* pick(VectorEmitter& v, std::span<llvm::Value* const> registers, llvm::ArrayRef<int> from, int lanes) {
  llvm::Value* result = nullptr;
  std::vector<int> index(static_cast<std::size_t>(lanes));
  for (std::size_t w = 0; w < registers.size(); w += 2) {
    const bool pair = w + 1 < registers.size();
    std::vector<int> here(index.size());
    for (std::size_t i = 0; i < index.size(); ++i) {
      const int lane = from[i] - static_cast<int>(w) * lanes;
      here[i] = lane >= 0 && lane < (pair ? 2 : 1) * lanes ? lane : -1;
    }
    llvm::Value* part = pair ? v.b.CreateShuffleVector(registers[w], registers[w + 1], here)
                             : v.b.CreateShuffleVector(registers[w], here);
    if (result == nullptr) {
      result = part;
      continue;
    }
    for (std::size_t i = 0; i < index.size(); ++i)
      index[i] = static_cast<int>(i) + (here[i] >= 0 ? lanes : 0);
    result = v.b.CreateShuffleVector(result, part, index);
  }
  return result;
}

/// Registers of memory order to elements.
std::vector<llvm::Value*> apart(VectorEmitter& v, std::span<llvm::Value* const> registers, int lanes) {
  const int count = static_cast<int>(registers.size());
  const Pattern pattern{lanes, count};
  std::vector<llvm::Value*> elements;
  for (int k = 0; k < count; ++k) {
    std::vector<int> from, holders;
    for (int l = 0; l < lanes; ++l) {
      from.push_back(l * count + k);
      holders.push_back(pattern.holder(k, l));
    }
    if (!pattern.scattered()) {
      elements.push_back(pick(v, registers, from, lanes));
      continue;
    }
    for (int& lane : from) lane %= lanes;
    elements.push_back(v.b.CreateShuffleVector(choose(v, registers, holders), from));
  }
  return elements;
}

/// And back.
std::vector<llvm::Value*> together(VectorEmitter& v, std::span<llvm::Value* const> elements, int lanes) {
  const int count = static_cast<int>(elements.size());
  const Pattern pattern{lanes, count};
  std::vector<llvm::Value*> registers, turned;
  for (int k = 0; k < count && pattern.scattered(); ++k) {
    std::vector<int> from(static_cast<std::size_t>(lanes));
    for (int l = 0; l < lanes; ++l) from[static_cast<std::size_t>((l * count + k) % lanes)] = l;
    turned.push_back(v.b.CreateShuffleVector(elements[static_cast<std::size_t>(k)], from));
  }
  for (int w = 0; w < count; ++w) {
    std::vector<int> which, from;
    for (int p = 0; p < lanes; ++p) {
      which.push_back(pattern.element(w, p));
      from.push_back(which.back() * lanes + (w * lanes + p) / count);
    }
    registers.push_back(pattern.scattered() ? choose(v, turned, which) : pick(v, elements, from, lanes));
  }
  return registers;
}

llvm::Value* place(VectorEmitter& v, DType dtype, llvm::Value* pointer, int element) {
  const std::size_t size = size_of(dtype);
  return v.b.CreateConstGEP1_64(v.b.getIntNTy(static_cast<unsigned>(8 * size)), pointer,
                                static_cast<std::uint64_t>(element));
}

/// Lanes of register w that belong to points below `points`.
llvm::Value* mask_of(VectorEmitter& one, llvm::Value* points, int count, int w) {
  if (points == nullptr) return nullptr;
  llvm::Value* elements = one.b.CreateMul(points, one.b.getInt64(static_cast<std::uint64_t>(count)));
  llvm::Value* rest = one.b.CreateSub(elements, one.b.getInt64(static_cast<std::uint64_t>(w * one.lanes)));
  return one.first_lanes(one.b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, rest, one.b.getInt64(0)));
}

}  // namespace

std::vector<Interleaved> find_interleaved(const std::vector<Access>& accesses) {
  std::vector<Interleaved> groups;
  std::vector<char> taken(accesses.size(), 0);
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    if (taken[i] || !place_in_group(accesses[i])) continue;
    std::vector<int> same;
    for (std::size_t k = i; k < accesses.size(); ++k)
      if (!taken[k] && place_in_group(accesses[k]) && same_but_place(accesses[i], accesses[k]))
        same.push_back(static_cast<int>(k));
    const auto at = [&](int access) { return *place_in_group(accesses[static_cast<std::size_t>(access)]); };
    std::sort(same.begin(), same.end(), [&](int a, int b) { return at(a) < at(b); });
    bool consecutive = same.size() >= 2 && same.size() <= most_interleaved;
    for (std::size_t k = 1; k < same.size(); ++k) consecutive = consecutive && at(same[k]) == at(same[0]) + static_cast<int>(k);
    if (!consecutive) continue;
    for (int access : same) taken[static_cast<std::size_t>(access)] = 1;
    groups.push_back({same});
  }
  return groups;
}

std::vector<llvm::Value*> load_interleaved(VectorEmitter& v, DType dtype, llvm::Value* pointer, int count,
                                           llvm::Value* points) {
  VectorEmitter one(v.m, v.b, v.unit);
  std::vector<std::vector<llvm::Value*>> parts(static_cast<std::size_t>(count));
  for (int first = 0; first < v.lanes; first += v.unit) {
    std::vector<llvm::Value*> registers;
    for (int w = 0; w < count; ++w)
      registers.push_back(one.load(dtype, place(v, dtype, pointer, first * count + w * v.unit), mask_of(one, points, count, w)));
    const std::vector<llvm::Value*> elements = apart(one, registers, v.unit);
    for (std::size_t k = 0; k < elements.size(); ++k) parts[k].push_back(elements[k]);
  }
  std::vector<llvm::Value*> result;
  for (auto& of_element : parts) result.push_back(v.joined(std::move(of_element)));
  return result;
}

void store_interleaved(VectorEmitter& v, DType dtype, std::span<llvm::Value* const> values, llvm::Value* pointer,
                       llvm::Value* points, bool stream) {
  VectorEmitter one(v.m, v.b, v.unit);
  const int count = static_cast<int>(values.size());
  for (int first = 0; first < v.lanes; first += v.unit) {
    std::vector<llvm::Value*> parts;
    std::vector<int> here(static_cast<std::size_t>(v.unit));
    std::iota(here.begin(), here.end(), first);
    for (llvm::Value* value : values)
      parts.push_back(v.lanes == v.unit ? value : v.b.CreateShuffleVector(value, here));
    const std::vector<llvm::Value*> registers = together(one, parts, v.unit);
    for (int w = 0; w < count; ++w) {
      llvm::Value* p = place(v, dtype, pointer, first * count + w * v.unit);
      if (stream) {
        one.stream(dtype, registers[static_cast<std::size_t>(w)], p);
      } else {
        one.store(dtype, registers[static_cast<std::size_t>(w)], p, mask_of(one, points, count, w));
      }
    }
  }
}

}  // namespace actinium::jit
