// Messages of users' mistakes: "where: [op] rule: what came". Start reading at fail.
#pragma once
#include <source_location>
#include <string>
#include <string_view>

#include "actinium/error.h"
#include "graph/graph.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {

/// The name a user knows: "sum" of reduce_sum, "where" of select.
std::string_view user_name(Op op);
/// "+" for add, or "" if the op has no infix form.
std::string_view infix(Op op);

Location location_of(const std::source_location& where);
/// The place messages name: the graph's ambient one while set (parsed text, rules, passes), otherwise `where`.
Location place(const GraphData* graph, const std::source_location& where);
std::string message(const Location& where, std::string_view op, std::string_view text);

template <class E>
[[noreturn]] void fail(const Location& where, std::string_view op, std::string_view text) {
  throw E(message(where, op, text));
}
template <class E>
[[noreturn]] void fail(const BuildContext& context, std::string_view text) {
  throw E(message(context.where, user_name(context.op), text));
}
/// For its lifetime, nodes made in `graph` and messages about them have this place, unless the graph has an ambient one: for
/// functions that are written in others.
class Placed {
 public:
  Placed(GraphData& graph, const std::source_location& where) : graph_(graph), saved_(graph.ambient) {
    if (saved_ == no_location) graph.ambient = graph.intern_location(location_of(where));
  }
  ~Placed() { graph_.ambient = saved_; }
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;

 private:
  GraphData& graph_;
  LocationId saved_;
};

/// `dims` as a Shape; rank and sign are checked with the op's name and place.
Shape make_shape(const BuildContext& context, std::vector<Dim> dims);

/// An axis in [-rank, rank) as one in [0, rank); ShapeError names op and range.
int normal_axis(const Location& where, std::string_view op, int axis, int rank);
/// The same for a list: sorted, without repetitions (ShapeError); all axes if none are given.
std::vector<std::int64_t> normal_axes(const Location& where, std::string_view op, const Axes& axes, int rank);

/// "x [batch, 10] + W [12, 5]": the operands of an op, for messages.
std::string describe_operands(const BuildContext& context);

}  // namespace actinium::ops
