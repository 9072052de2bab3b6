// What batching rules share: a batch axis in front of some operands, shapes aligned to it. Start reading at batched.
#include <fmt/format.h>

#include "ops/error.hpp"
#include "ops/rules.hpp"

namespace actinium::ops {

Shape in_front(const Dim& size, const Shape& shape) {
  std::vector<Dim> dims = shape.dims();
  dims.insert(dims.begin(), size);
  return Shape(std::move(dims));
}

Expr align(const Expr& x, bool has, int rank) {
  if (!has || x.rank() == rank + 1) return x;
  std::vector<Dim> dims = x.shape().dims();
  dims.insert(dims.begin() + 1, static_cast<std::size_t>(rank + 1 - x.rank()), Dim(1));
  return reshape(x, dims);
}

Expr with_batch(const Expr& x, bool has, const Dim& size) { return has ? x : stretch(x, in_front(size, x.shape())); }

Expr batched(const Expr& y, std::span<const Expr> operands, const Batch& batch) {
  const GraphPtr& graph = y.graph();
  const Op op = graph->op(y.id());
  if (y.rank() >= max_rank)
    fail<ShapeError>(graph->location(graph->ambient), user_name(op),
                     fmt::format("{} has {} axes already: there is no room for one more, of vmap or jacobian",
                                 describe(*graph, y.id()), max_rank));
  if (const Rule& r = rule(op); r.batch != nullptr) return r.batch(y, operands, batch);
  if (kind_of(op) != Kind::elementwise) throw InternalError(fmt::format("{} has no batching rule", name_of(op)));
  std::vector<Expr> aligned;
  for (std::size_t i = 0; i < operands.size(); ++i) aligned.push_back(align(operands[i], batch.has[i] != 0, y.rank()));
  const TypedShape requested{y.dtype(), {}};
  return build(graph, op, aligned, graph->attributes(y.id()), {}, &requested);
}

}  // namespace actinium::ops
