// Messages of users' mistakes, and the checks of axes that many ops share.
#include "ops/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actinium::ops {

std::string_view user_name(Op op) {
  switch (op) {
    case Op::reduce_sum: return "sum";
    case Op::reduce_prod: return "prod";
    case Op::reduce_max: return "reduce_max";
    case Op::reduce_min: return "reduce_min";
    case Op::select: return "where";
    case Op::broadcast: return "broadcast_to";
    default: return name_of(op);  // NOLINT: the rest is called what it is
  }
}

std::string_view infix(Op op) {
  struct Entry {
    Op op;
    std::string_view text;
  };
  static constexpr Entry entries[] = {
      {Op::add, "+"},   {Op::sub, "-"},         {Op::mul, "*"},           {Op::div, "/"},    {Op::pow, "**"},
      {Op::less, "<"},  {Op::less_equal, "<="}, {Op::greater, ">"},       {Op::greater_equal, ">="},
      {Op::equal, "=="}, {Op::not_equal, "!="}, {Op::logical_and, "and"}, {Op::logical_or, "or"}, {Op::matmul, "@"},
  };
  for (const Entry& e : entries)
    if (e.op == op) return e.text;
  return {};
}

Location location_of(const std::source_location& where) {
  if (where.line() == 0) return {};
  return {where.file_name(), where.line(), 0};
}

Location place(const GraphData* graph, const std::source_location& where) {
  if (graph != nullptr && graph->ambient != no_location) return graph->location(graph->ambient);
  return location_of(where);
}

std::string message(const Location& where, std::string_view op, std::string_view text) {
  const std::string at = where.str();
  return fmt::format("{}{}[{}] {}", at, at.empty() ? "" : ": ", op, text);
}

Shape make_shape(const BuildContext& context, std::vector<Dim> dims) {
  try {
    return Shape(std::move(dims));
  } catch (const ShapeError& e) {
    fail<ShapeError>(context, e.what());
  }
}

int normal_axis(const Location& where, std::string_view op, int axis, int rank) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  if (rank == 0) fail<ShapeError>(where, op, fmt::format("axis {} of a scalar, which has no axes", axis));
  fail<ShapeError>(where, op, fmt::format("axis {} is out of range: rank {} has axes {} to {}", axis, rank, -rank, rank - 1));
}

std::vector<std::int64_t> normal_axes(const Location& where, std::string_view op, const Axes& axes, int rank) {
  std::vector<std::int64_t> list;
  if (axes.all()) {
    for (int i = 0; i < rank; ++i) list.push_back(i);
    return list;
  }
  for (int axis : axes.list()) list.push_back(normal_axis(where, op, axis, rank));
  std::sort(list.begin(), list.end());
  const auto twice = std::adjacent_find(list.begin(), list.end());
  if (twice != list.end()) fail<ShapeError>(where, op, fmt::format("axis {} is given twice", *twice));
  return list;
}

std::string describe_operands(const BuildContext& context) {
  const std::string_view symbol = infix(context.op);
  std::string text;
  for (std::size_t i = 0; i < context.operands.size(); ++i) {
    if (i != 0) text += symbol.empty() ? std::string(", ") : fmt::format(" {} ", symbol);
    text += describe(context.graph, context.operands[i]);
  }
  return text;
}

}  // namespace actinium::ops
