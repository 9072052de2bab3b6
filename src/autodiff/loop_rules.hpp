// What the files of loops' derivatives share. Start reading at Opened.
#pragma once
#include "autodiff/body.hpp"
#include "ops/loop.hpp"

namespace actinium::autodiff {

/// A phase's step, opened: its expressions by role.
struct OpenStep {
  GraphPtr graph;
  std::vector<Expr> constants, carries, slices;  ///< inputs
  std::vector<Expr> next, emits;                 ///< outputs
};
OpenStep open_step(const ops::Loop& loop, std::size_t phase);

/// Marks, by role, of what a loop's operands, carries, slices and streams are concerned in.
struct Marks {
  std::vector<char> constants;
  std::vector<std::vector<char>> carries, slices, emits;  ///< by phase
};
Marks no_marks(const ops::Loop& loop);

/// Spreads marks from operands through all steps: to what varies with them (`differentiable`: with a derivative).
void spread(const ops::Loop& loop, const std::vector<OpenStep>& steps, Marks& marks, bool differentiable);
/// Whether y depends on any of x, where a loop's result does only if its own steps do: not as the graph has it, in which all
/// results are of one node.
bool truly_depends_on(const Expr& y, std::span<const Expr> x);
/// Marks of the operands alone.
Marks marks_of(const ops::Loop& loop, std::span<const char> operands);

/// Adds `part` with identical places, and what it has as parts.
void add_part(ops::Loop& loop, const ops::LoopPtr& part, std::vector<std::size_t> operands, std::vector<std::size_t> results);

Expr zeros_like(const ops::TypedShape& type, const GraphPtr& graph);
/// Those of `list` that are marked.
std::vector<Expr> marked(const std::vector<Expr>& list, const std::vector<char>& marks);
inline void append(std::vector<Expr>& list, const std::vector<Expr>& more) { list.insert(list.end(), more.begin(), more.end()); }

std::vector<Expr> loop_cotangents(const Expr& y, std::span<const Expr> operands, std::span<const char> wanted, std::span<const Expr> results);
std::vector<Expr> loop_tangents(const Expr& y, std::span<const Expr> operands, std::span<const Expr> tangents);
Expr loop_batch(const Expr& y, std::span<const Expr> operands, const ops::Batch& batch);

}  // namespace actinium::autodiff
