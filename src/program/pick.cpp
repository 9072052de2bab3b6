// A labelled element's share of a row. Start reading at picked_sum.
#include "program/pick.hpp"

#include <unordered_map>
#include <vector>

#include "program/view.hpp"

namespace actinium::program {

using ops::Op;

namespace {

/// Operations of f at most: beyond, the sum is left alone.
constexpr std::size_t most_operations = 40;

class Picker {
 public:
  explicit Picker(GraphData& graph) : g_(graph) {}

  std::optional<NodeId> run(NodeId operand, const Shape& shape) {
    if (g_.op(operand) != Op::select || g_.shape(operand).rank() == 0) return std::nullopt;
    full_ = &g_.shape(operand);
    condition_ = g_.operand(operand, 0);
    const NodeId f = g_.operand(operand, 1);
    if (g_.constant_value(g_.operand(operand, 2)) != 0.0 || !is_float(g_.dtype(f)) || !finds_label()) return std::nullopt;
    if (!order(f) || leaves_ != 1 || image_.size() < 3) return std::nullopt;
    for (NodeId n : order_) image_.at(index(n)) = image(n);
    const NodeId zero = g_.constant(g_.dtype(f), 0);
    const Shape row = narrowed(*full_);
    const NodeId chosen = make(Op::select, g_.dtype(f), row, {inside(), image_.at(index(f)), zero});
    // A sum starts at +0.
    return reshape(make(Op::add, g_.dtype(f), row, {chosen, zero}), shape);
  }

 private:
  NodeId make(Op op, DType dtype, const Shape& shape, std::initializer_list<NodeId> operands,
              const Attributes& attributes = {}) {
    return g_.intern(op, dtype, shape, std::span(operands.begin(), operands.size()), attributes, g_.ambient);
  }
  NodeId reshape(NodeId x, const Shape& shape) {
    return g_.shape(x) == shape ? x : make(Op::reshape, g_.dtype(x), shape, {x});
  }

  /// The condition compares the number of the element, and nothing else, with what the whole row shares.
  bool finds_label() {
    if (g_.op(condition_) != Op::equal) return false;
    for (int i = 0; i < 2; ++i) {
      const NodeId numbers = g_.operand(condition_, i);
      label_ = g_.operand(condition_, 1 - i);
      if (g_.op(numbers) != Op::iota || !is_integer(g_.dtype(label_)) || varies(label_)) continue;
      const int last = g_.shape(numbers).rank() - 1;
      if (last >= 0 && g_.attributes(numbers).ints[0] == last && varies(numbers)) return true;
    }
    return false;
  }
  /// Along the last axis.
  bool varies(NodeId n) const {
    const Shape& shape = g_.shape(n);
    const Dim& extent = (*full_)[full_->rank() - 1];
    return shape.rank() > 0 && !shape[shape.rank() - 1].is(1) && !extent.is(1);
  }

  /// The operations of f that vary along the row, operands first; false if there are too many, or numbers and masks among what they read.
  bool order(NodeId f) {
    std::vector<NodeId> stack{f};
    while (!stack.empty()) {
      const NodeId n = stack.back();
      if (image_.contains(index(n)) && image_[index(n)] != no_node) {
        stack.pop_back();
        continue;
      }
      if (!varies(n) || ops::kind_of(g_.op(n)) != ops::Kind::elementwise) {
        if (varies(n)) {
          if (!is_float(g_.dtype(n))) return false;
          ++leaves_;
          order_.push_back(n);
        }
        image_[index(n)] = n;
        stack.pop_back();
        continue;
      }
      bool ready = true;
      for (NodeId o : g_.operands(n)) {
        if (image_.contains(index(o)) && image_[index(o)] != no_node) continue;
        stack.push_back(o);
        ready = false;
      }
      if (!ready) continue;
      image_[index(n)] = n;
      order_.push_back(n);
      stack.pop_back();
      if (order_.size() > most_operations) return false;
    }
    return true;
  }

  static Shape narrowed(const Shape& shape) {
    std::vector<Dim> dims = shape.dims();
    dims.back() = 1;
    return Shape(std::move(dims));
  }

  NodeId image(NodeId n) {
    if (ops::kind_of(g_.op(n)) != ops::Kind::elementwise) {
      const NodeId alone = make(Op::select, g_.dtype(n), *full_, {condition_, n, g_.constant(g_.dtype(n), 0)});
      const Shape rows({full_->begin(), full_->end() - 1});
      const NodeId sum = make(Op::reduce_sum, g_.dtype(n), rows, {alone}, Attributes{{full_->rank() - 1}, {}, {}, {}});
      return reshape(sum, narrowed(*full_));
    }
    std::vector<NodeId> operands;
    Shape shape;
    for (NodeId o : g_.operands(n)) {
      operands.push_back(image_.at(index(o)));
      shape = *broadcast_shapes(shape, g_.shape(operands.back()));
    }
    return g_.intern(g_.op(n), g_.dtype(n), shape, operands, g_.attributes(n), g_.ambient);
  }

  /// Whether the row has an element with this number.
  NodeId inside() {
    const DType type = g_.dtype(label_);
    const Dim& extent = (*full_)[full_->rank() - 1];
    const NodeId size = extent.is_constant()
                            ? g_.number(type, static_cast<double>(extent.constant()))
                            : make(Op::dim_size, type, Shape{}, {}, Attributes{{}, {extent}, {}, {}});
    const Shape& shape = g_.shape(label_);
    const NodeId below = make(Op::less, DType::b8, shape, {label_, size});
    const NodeId above = make(Op::greater_equal, DType::b8, shape, {label_, g_.number(type, 0)});
    return make(Op::logical_and, DType::b8, shape, {above, below});
  }

  GraphData& g_;
  const Shape* full_ = nullptr;
  NodeId condition_ = no_node, label_ = no_node;
  std::vector<NodeId> order_;
  std::unordered_map<std::uint32_t, NodeId> image_;
  int leaves_ = 0;
};

}  // namespace

std::optional<NodeId> picked_sum(GraphData& graph, NodeId operand, const Shape& shape) {
  return Picker(graph).run(operand, shape);
}

}  // namespace actinium::program
