// Start reading at scan_everything. Work is cut into parts of fixed size whose tallies are merged in order, so the
// findings are those of one thread.
#include "certify/scan.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <mutex>
#include <tuple>

#include "certify/cells.hpp"

namespace actinium::exact {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// The function's results for a block of arguments, an order each.
template <class T>
std::vector<std::vector<T>> results_of(const Scan& scan, std::span<const T> x) {
  std::vector<std::vector<T>> y(scan.terms.size(), std::vector<T>(x.size()));
  const std::array inputs{ArrayRef(x)};
  std::vector<MutableArrayRef> outputs;
  for (std::vector<T>& v : y) outputs.emplace_back(std::span<T>(v));
  scan.function.call(std::span<const ArrayRef>(inputs), std::span<const MutableArrayRef>(outputs));
  return y;
}

std::vector<Tally> tallies(const Scan& scan) {
  std::vector<Tally> all;
  for (const Terms& t : scan.terms) all.emplace_back(t);
  return all;
}

/// Runs part(i) for i < count on the threads allowed and merges what they give.
template <class Part>
std::vector<Accuracy> in_parts(const Scan& scan, std::size_t count, Part&& part) {
  std::vector<std::vector<Tally>> found(count, tallies(scan));
  std::atomic<std::size_t> done{0};
  std::mutex telling;
  const auto run = [&] {
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      part(i, found[i]);
      const std::size_t n = ++done;
      if (!scan.progress) return;
      const std::unique_lock lock(telling, std::try_to_lock);
      if (lock || n == count) scan.progress(static_cast<double>(n) / static_cast<double>(count));
    });
  };
  tbb::task_arena arena(scan.threads > 0 ? scan.threads : tbb::task_arena::automatic);
  arena.execute(run);
  std::vector<Accuracy> result;
  for (std::size_t k = 0; k < scan.terms.size(); ++k) {
    Tally all(scan.terms[k]);
    for (const auto& f : found) all.merge(f[k]);
    result.push_back(all.result());
  }
  return result;
}

/// One by one: what polynomials do not cover.
template <class T>
void judge_points(const Scan& scan, std::span<const T> x, std::span<const std::vector<T>> y, std::vector<Tally>& found) {
  for (std::size_t k = 0; k < found.size(); ++k)
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto result = static_cast<double>(y[k][i]);
      const Terms& t = scan.terms[k];
      found[k].add(static_cast<double>(x[i]), result,
                   scan.reference.at(static_cast<double>(x[i]), result, t.order, t.format));
    }
}

constexpr std::uint32_t part_size = 1u << 20, block_size = 1u << 14;

/// Judging a number by itself takes microseconds: of a large wild cell one number in so many is taken.
constexpr std::uint32_t wild_cell = 1u << 14, wild_stride = 251;

/// The numbers of one cell's part of a block.
void judge_cell(const Scan& scan, const Cell& cell, std::size_t order, std::span<const float> x,
                std::span<const float> y, Tally& found) {
  const auto direct = scan.terms[order].order == 0 ? scan.reference.direct() : nullptr;
  if (cell.kind == Cell::Kind::pointwise && direct == nullptr) {
    const Terms& t = scan.terms[order];
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (cell.count >= wild_cell && std::bit_cast<std::uint32_t>(x[i]) % wild_stride != 0) {
        found.skip();
        continue;
      }
      const auto result = static_cast<double>(y[i]);
      found.add(static_cast<double>(x[i]), result, scan.reference.at(static_cast<double>(x[i]), result, t.order, t.format));
    }
    return;
  }
  std::array<double, block_size> truth;
  if (cell.kind == Cell::Kind::polynomial)
    cell.evaluate(x, truth.data());
  else
    for (std::size_t i = 0; i < x.size(); ++i)
      truth[i] = cell.kind == Cell::Kind::undefined ? std::numeric_limits<double>::quiet_NaN()
                                                    : direct(static_cast<double>(x[i]));
  found.add(x, y, std::span<const double>(truth.data(), x.size()));
}

std::uint64_t mixed(std::uint64_t i) {  // splitmix64
  std::uint64_t z = i * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// One number of every `stride`, at a place that differs from one to the next (all of them if it is 1).
void choose(std::uint32_t first, std::uint32_t count, std::uint32_t stride, std::vector<float>& x) {
  x.clear();
  for (std::uint32_t i = 0; i < count; i += stride)
    x.push_back(std::bit_cast<float>(first + i + (stride == 1 ? 0 : static_cast<std::uint32_t>(mixed(first + i) % stride))));
}

void scan_part(const Scan& scan, std::uint32_t first, std::uint32_t stride, std::vector<Tally>& found) {
  std::vector<std::vector<Cell>> cells;
  for (const Terms& t : scan.terms) cells.push_back(cover(scan.reference, t.order, first, part_size));
  std::vector<std::size_t> at(cells.size(), 0);
  std::vector<float> x;
  const std::uint32_t step = stride > part_size / block_size ? part_size : block_size * stride;
  for (std::uint32_t block = first; block != first + part_size; block += step) {
    choose(block, step, stride, x);
    const auto y = results_of<float>(scan, x);
    for (std::size_t k = 0; k < cells.size(); ++k) {
      for (std::size_t from = 0; from < x.size();) {
        const Cell& cell = cells[k][at[k]];
        const auto inside = [&](float v) { return std::bit_cast<std::uint32_t>(v) - cell.first < cell.count; };
        const auto end = std::partition_point(x.begin() + static_cast<std::ptrdiff_t>(from), x.end(), inside);
        const std::size_t n = static_cast<std::size_t>(end - x.begin()) - from;
        judge_cell(scan, cell, k, std::span<const float>(x).subspan(from, n), std::span<const float>(y[k]).subspan(from, n),
                   found[k]);
        from += n;
        if (from < x.size()) ++at[k];
      }
    }
  }
}

template <class T>
struct Layout {
  static constexpr int mantissa = sizeof(T) == 4 ? 23 : 52;
  static constexpr int exponents = sizeof(T) == 4 ? 255 : 2047;  ///< of finite numbers
  static constexpr Bits<T> sign = Bits<T>{1} << (8 * sizeof(T) - 1);
  static constexpr Bits<T> infinity = Bits<T>{exponents} << mantissa;
};

/// The numbers around x, in its format.
template <class T>
void add_neighbours(std::vector<T>& points, T x, int reach) {
  T up = x, down = x;
  points.push_back(x);
  for (int i = 0; i < reach; ++i) {
    up = std::nextafter(up, std::numeric_limits<T>::infinity());
    down = std::nextafter(down, -std::numeric_limits<T>::infinity());
    points.push_back(up);
    points.push_back(down);
  }
}

/// Half of the samples at every exponent alike, half where functions bend: 2**-40 to 2**11. Significands are random, or
/// have few bits, or nearly all.
template <class T>
std::vector<T> structured_points(std::uint64_t samples, const std::vector<double>& kinks) {
  using L = Layout<T>;
  constexpr Bits<T> mask = (Bits<T>{1} << L::mantissa) - 1;
  constexpr int one = L::exponents / 2;
  std::vector<T> points;
  for (std::uint64_t i = 0; i < samples; ++i) {
    const std::uint64_t r = mixed(i), q = mixed(r);
    const auto exponent = static_cast<Bits<T>>(i % 2 == 0 ? (i / 4) % L::exponents : one - 40 + (i / 4) % 52);
    auto significand = static_cast<Bits<T>>(r) & mask;
    if (q % 16 == 0) significand = mask & ~((significand & 3) << (q / 16 % L::mantissa));
    if (q % 16 == 1) significand = mask & ((significand & 3) << (q / 16 % L::mantissa));
    const Bits<T> side = (i & 2) != 0 ? L::sign : 0;
    points.push_back(std::bit_cast<T>(static_cast<Bits<T>>(side | exponent << L::mantissa | significand)));
  }
  for (int e = 0; e <= L::exponents; ++e) {
    const T power = std::bit_cast<T>(static_cast<Bits<T>>(Bits<T>(static_cast<Bits<T>>(e)) << L::mantissa));
    add_neighbours<T>(points, power, 2);
    add_neighbours<T>(points, -power, 2);
  }
  for (double k : kinks) add_neighbours(points, static_cast<T>(k), 8);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

/// What kind of number: where it changes between neighbours is an edge.
template <class T>
int kind_of(T y) {
  const int size = std::isnan(y)                                  ? 4
                   : std::isinf(y)                                ? 3
                   : std::abs(y) >= std::numeric_limits<T>::min() ? 2
                   : y != 0                                       ? 1
                                                                  : 0;
  return std::signbit(y) && size < 4 ? -size : size;
}

/// The numbers around every place between two points where results overflow, vanish or change sign, found by halving.
template <class T>
std::vector<T> edges(const Scan& scan, const std::vector<T>& points) {
  std::vector<std::pair<T, T>> open;
  const auto kinds_at = [&](std::span<const T> x) {
    std::vector<std::vector<int>> kinds;
    for (const auto& y : results_of<T>(scan, x)) {
      kinds.emplace_back();
      for (T v : y) kinds.back().push_back(kind_of(v));
    }
    return kinds;
  };
  const auto kinds = kinds_at(points);
  std::vector<T> found;
  constexpr std::size_t most = 4000;  // an oscillating function has too many edges to visit
  for (std::size_t k = 0; k < kinds.size(); ++k)
    for (std::size_t i = 0; i + 1 < points.size() && found.size() < most; ++i) {
      if (kinds[k][i] == kinds[k][i + 1] || std::isinf(points[i]) || std::isinf(points[i + 1])) continue;
      T a = points[i], b = points[i + 1];
      for (int step = 0; step < 70; ++step) {
        // Halve in the order of the bit patterns, on one side of 0.
        if (a < 0 && b > 0) break;
        const auto from = std::bit_cast<Bits<T>>(a), to = std::bit_cast<Bits<T>>(b);
        const auto middle = static_cast<Bits<T>>(from + (to - from) / 2 * (to > from ? 1 : 0) - (to > from ? 0 : (from - to) / 2));
        const T m = std::bit_cast<T>(middle);
        if (m == a || m == b) break;
        (kinds_at(std::span(&m, 1))[k][0] == kinds[k][i] ? a : b) = m;
      }
      add_neighbours(found, a, 16);
    }
  return found;
}

/// Structured points and edges, one by one.
template <class T>
std::vector<T> points_of(const Scan& scan, std::uint64_t samples) {
  std::vector<T> points = structured_points<T>(samples, scan.kinks);
  const std::vector<T> more = edges(scan, points);
  points.insert(points.end(), more.begin(), more.end());
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  points.push_back(std::numeric_limits<T>::quiet_NaN());
  return points;
}

constexpr std::size_t points_at_once = 1024;
template <class T>
std::size_t parts_of(const std::vector<T>& points) {
  return (points.size() + points_at_once - 1) / points_at_once;
}
template <class T>
void scan_points(const Scan& scan, const std::vector<T>& points, std::size_t part, std::vector<Tally>& found) {
  const std::size_t from = part * points_at_once;
  const auto x = std::span<const T>(points).subspan(from, std::min(points_at_once, points.size() - from));
  judge_points<T>(scan, x, results_of<T>(scan, x), found);
}

/// An array's elements in C order.
template <class T>
std::vector<T> elements_of(const ArrayRef& a) {
  std::vector<T> all(static_cast<std::size_t>(a.size()));
  std::vector<std::int64_t> at(static_cast<std::size_t>(a.rank()), 0);
  const T* p = static_cast<const T*>(a.data());
  for (T& v : all) {
    v = *p;
    for (int axis = a.rank() - 1; axis >= 0; --axis) {
      p += a.stride(axis);
      if (++at[static_cast<std::size_t>(axis)] < a.extent(axis)) break;
      p -= a.stride(axis) * a.extent(axis);
      at[static_cast<std::size_t>(axis)] = 0;
    }
  }
  return all;
}

/// Brings the points into the order that tallies need: ascending, NaN last.
template <class T>
void sort_points(std::vector<T>& x, std::vector<T>& y) {
  std::vector<std::pair<T, T>> points(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) points[i] = {x[i], y[i]};
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) {
    return a.first < b.first || (std::isnan(b.first) && !std::isnan(a.first));
  });
  for (std::size_t i = 0; i < x.size(); ++i) std::tie(x[i], y[i]) = points[i];
}

template <class T>
std::vector<Accuracy> judge_results(const Scan& scan, const ArrayRef& arguments, const ArrayRef& results) {
  std::vector<T> x = elements_of<T>(arguments), y = elements_of<T>(results);
  sort_points(x, y);
  return in_parts(scan, parts_of(x), [&](std::size_t i, std::vector<Tally>& found) {
    const std::size_t from = i * points_at_once, n = std::min(points_at_once, x.size() - from);
    const auto at = y.begin() + static_cast<std::ptrdiff_t>(from);
    const std::vector<T> part(at, at + static_cast<std::ptrdiff_t>(n));
    judge_points<T>(scan, std::span<const T>(x).subspan(from, n), std::span(&part, 1), found);
  });
}

}  // namespace

std::vector<Accuracy> scan_everything(const Scan& scan, std::uint32_t stride) {
  constexpr std::uint32_t finite = Layout<float>::infinity, parts = finite / part_size;
  // All numbers leave out the infinities and NaN alone; a selection leaves out the edges too.
  constexpr std::uint64_t few = 4000;
  using limits = std::numeric_limits<float>;
  const std::vector<float> points = stride > 1 ? points_of<float>(scan, few)
                                               : std::vector{-limits::infinity(), limits::infinity(), limits::quiet_NaN()};
  return in_parts(scan, 2 * parts + parts_of(points), [&](std::size_t i, std::vector<Tally>& found) {
    if (i >= 2 * parts) return scan_points(scan, points, i - 2 * parts, found);
    const std::uint32_t side = i < parts ? 0 : Layout<float>::sign;
    scan_part(scan, side + static_cast<std::uint32_t>(i % parts) * part_size, stride, found);
  });
}

std::vector<Accuracy> scan_samples(const Scan& scan, std::uint64_t samples) {
  const auto scan_all = [&](const auto& points) {
    return in_parts(scan, parts_of(points), [&](std::size_t i, std::vector<Tally>& found) { scan_points(scan, points, i, found); });
  };
  return scan.dtype == DType::f32 ? scan_all(points_of<float>(scan, samples)) : scan_all(points_of<double>(scan, samples));
}

std::vector<Accuracy> scan_results(const Scan& scan, const ArrayRef& x, const ArrayRef& y) {
  return scan.dtype == DType::f32 ? judge_results<float>(scan, x, y) : judge_results<double>(scan, x, y);
}

}  // namespace actinium::exact
