// Patterns of recognise: sums and products are seen as flat lists with factors, so that neither order nor association nor the
// spelling of a sign, a quotient or a power matters. Start reading at Pattern, then Matcher::match_root.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.hpp"

namespace actinium::passes::flat {

/// scale * node.
struct Scaled {
  double scale = 1;
  NodeId node = no_node;
};

/// A list without allocation; what does not fit makes the whole opaque.
template <class T, int N>
struct Few {
  std::array<T, N> items;
  int count = 0;
  const T* begin() const { return items.data(); }
  const T* end() const { return items.data() + count; }
  T& operator[](int i) { return items[static_cast<std::size_t>(i)]; }
  const T& operator[](int i) const { return items[static_cast<std::size_t>(i)]; }
  void add(const T& t) { items[static_cast<std::size_t>(count++)] = t; }
  void remove(int i) { items[static_cast<std::size_t>(i)] = items[static_cast<std::size_t>(--count)]; }
  bool full() const { return count == N; }
};

struct Factor {
  NodeId base = no_node;
  int power = 1;
};
/// scale * product of factors.
struct Product {
  double scale = 1;
  Few<Factor, 6> factors;
};
/// constant + sum of terms.
struct Sum {
  double constant = 0;
  int constants = 0;
  Few<Scaled, 4> terms;
};
Product product_of(const GraphData& graph, NodeId id);
Sum sum_of(const GraphData& graph, NodeId id);

/// A reduction in an expression: itself, or with its axes put back as size 1.
struct Reduction {
  NodeId node = no_node;
  bool kept = false;
};
Reduction reduction_of(const GraphData& graph, NodeId id);
/// The reduction whose mean this is, divided by its count.
Reduction mean_of(const GraphData& graph, NodeId id);

struct Pattern {
  enum class Kind : std::uint8_t {
    letter,
    number,     ///< `scale`
    call,       ///< an op on patterns; `object` is the entry of an activation
    product,    ///< scale * parts, each to a power
    sum,        ///< constant + parts, each with its factor
    reduction,  ///< over the rule's axes; `kept`: only where it broadcasts against its operand again
    mean,
  };
  struct Part;
  Kind kind = Kind::letter;
  ops::Op op = ops::Op::add;
  int letter = 0;
  bool kept = false;
  double scale = 1;  ///< of a product; the constant of a sum; a number
  const void* object = nullptr;
  std::vector<std::int64_t> options;  ///< of an activation, of an axis-wise one before its axes: whether it keeps them
  std::vector<Part> parts;
};
struct Pattern::Part {
  Pattern pattern;
  int power = 1;     ///< in a product
  double scale = 1;  ///< in a sum
};

/// The pattern of a node over inputs, which are the letters in order. `root`: a power at the root is an op like others.
Pattern pattern_of(const GraphData& graph, NodeId id, std::span<const NodeId> letters, bool root);

struct Binding {
  std::array<Scaled, 2> letters = {};
  std::array<bool, 2> unsigned_letters = {};  ///< seen in even functions alone: the other sign would do as well
  std::vector<std::int64_t> axes;
  bool has_axes = false, keep = false, knows_keep = false;
};

/// A rule that fits a node: what the letters are, and what is left over.
struct Match {
  Binding binding;
  double scale = 1;
  Few<Factor, 6> rest;
};

/// Ops by bits, some sharing one: what a pattern needs and what a node has.
constexpr std::uint64_t bit_of(ops::Op op) { return std::uint64_t{1} << (static_cast<unsigned>(op) % 64); }
std::uint64_t bit_of(const GraphData& graph, NodeId id);

/// Tries patterns on nodes of a graph.
class Matcher {
 public:
  explicit Matcher(const GraphData& graph) : graph_(graph) {}
  /// A product or sum (already flat) of this type, or a call, at a root: under any factor, a product beside others.
  std::optional<Match> match(const Pattern& p, const Product& view, DType type);
  std::optional<Match> match(const Pattern& p, const Sum& view, DType type);
  std::optional<Match> match(const Pattern& p, NodeId id);

 private:
  const GraphData& graph_;
  DType type_ = DType::f64;
  Binding binding_;
  bool even_ = false;  ///< inside of an even function
  bool scaled(const Pattern& p, Scaled s);
  bool multiple(double scale, int number, Scaled s);
  bool whole_sum(const Pattern& p, Scaled s);
  bool shifted(const Pattern& p, Scaled s);
  bool leaf(const Pattern& p, NodeId id);
  bool call(const Pattern& p, NodeId id);
  bool along(const Pattern& p, NodeId id, std::span<const std::int64_t> ints);
  bool axes(std::vector<std::int64_t> list);
  bool keeps(bool keep);
  bool reduction(const Pattern& p, NodeId id);
  bool letter(int number, Scaled s);
  double power_of_two_in(double value, double wanted) const;
  bool root(int number, int power, double scale, NodeId base, Product& view);
  /// Parts from `part` on. `ratio`: what the view is a multiple by; unset, it is found out. `rest`: where factors may be
  /// left over.
  bool product(const Pattern& p, std::size_t part, Product view, std::optional<double>& ratio, Product* rest);
  bool begin_sum(const Pattern& p, const Sum& view, std::optional<double>& ratio) const;
  bool sum(const Pattern& p, std::size_t part, Sum view, std::optional<double>& ratio);
  bool divide(Product& view, const Scaled& by, int power) const;
  bool divide(Product& view, const Product& by, int power) const;
  bool subtract(Sum& view, Scaled s) const;
  bool flip(int number);
  bool equal(Scaled a, Scaled b) const;
  /// Numbers that f32 holds are meant exactly, others as far as the type holds them.
  bool near(double value, double wanted) const;
};

}  // namespace actinium::passes::flat
