// Elementwise operations on constants, computed as the engines compute them: by the machine code of the op.
#pragma once
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>

#include "ops/rules.hpp"

namespace actinium::ops {

/// The bits of `op` on scalar constants of the given types, or nothing if its value is no single machine code (it expands on
/// the graph, or depends on the target).
std::optional<std::uint64_t> fold(Op op, DType result, std::span<const DType> types, std::span<const std::uint64_t> bits);

/// An operation among unbound constants: in f64, rounded once when the result joins a graph.
Expr fold_unbound(Op op, std::span<const Expr> operands, const TypedShape* requested, const std::source_location& where);

}  // namespace actinium::ops
