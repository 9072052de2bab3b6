// The closed set of primitives: one line each here, one entry each in src/ops (shape, vjp, jvp) and, for elementwise ones, one
// body in src/math. Start reading at ACTINIUM_OPS.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace actinium::ops {

/// What an op does to shapes, which is what passes dispatch on.
enum class Kind : std::uint8_t {
  leaf,         ///< no operands
  elementwise,  ///< operands broadcast together; one scalar body
  structure,    ///< moves or selects elements
  reduction,    ///< removes axes
  scan,         ///< along one axis, keeps the shape (cumsum, sort)
  product,      ///< matmul
  loop,         ///< runs graphs of its own, has several results
  unit,         ///< an activation: expanded by `decompose`
};

// X(name, arity, kind); arity -1: any number.
#define ACTINIUM_OPS(X)                                                                                                  \
  /* leaves: ints of `constant` = {bits}; text of `input` = name; dims of `dim_size` = {size}; ints of `iota` = {axis};  */ \
  /* `tensor`: object = its elements, C-contiguous; text = name                                                          */ \
  X(input, 0, leaf) X(constant, 0, leaf) X(tensor, 0, leaf) X(dim_size, 0, leaf) X(iota, 0, leaf)                        \
  /* what a transform (vmap, ...) calls a function with: ints = {serial}; substituted before anything is compiled        */ \
  X(variable, 0, leaf)                                                                                                   \
  /* elementwise, one operand */                                                                                         \
  X(neg, 1, elementwise) X(abs, 1, elementwise) X(sign, 1, elementwise) X(exp, 1, elementwise) X(exp2, 1, elementwise)   \
  X(expm1, 1, elementwise) X(log, 1, elementwise) X(log2, 1, elementwise) X(log10, 1, elementwise)                       \
  X(log1p, 1, elementwise) X(sqrt, 1, elementwise) X(rsqrt, 1, elementwise) X(cbrt, 1, elementwise)                      \
  X(square, 1, elementwise) X(reciprocal, 1, elementwise) X(sin, 1, elementwise) X(cos, 1, elementwise)                  \
  X(tan, 1, elementwise) X(asin, 1, elementwise) X(acos, 1, elementwise) X(atan, 1, elementwise)                         \
  X(sinh, 1, elementwise) X(cosh, 1, elementwise) X(asinh, 1, elementwise) X(acosh, 1, elementwise)                      \
  X(atanh, 1, elementwise) X(tanh, 1, elementwise) X(erf, 1, elementwise) X(erfc, 1, elementwise)                        \
  X(floor, 1, elementwise) X(ceil, 1, elementwise) X(trunc, 1, elementwise) X(round, 1, elementwise)                     \
  X(isnan, 1, elementwise) X(logical_not, 1, elementwise) X(cast, 1, elementwise)                                        \
  /* the stable families, expanded on the graph by `decompose` */                                                        \
  X(sech2, 1, elementwise) X(sigmoid, 1, elementwise) X(logistic_pdf, 1, elementwise) X(softplus, 1, elementwise)        \
  X(gauss, 1, elementwise) X(normpdf, 1, elementwise) X(normcdf, 1, elementwise) X(log1mexp, 1, elementwise)             \
  /* identity in value; ends differentiation */                                                                          \
  X(stop_gradient, 1, elementwise)                                                                                       \
  /* identity that nothing looks through: what is computed from it is computed again (checkpoint)                        */ \
  X(again, 1, elementwise)                                                                                               \
  /* elementwise, two operands */                                                                                        \
  X(add, 2, elementwise) X(sub, 2, elementwise) X(mul, 2, elementwise) X(div, 2, elementwise) X(pow, 2, elementwise)     \
  X(max, 2, elementwise) X(min, 2, elementwise) X(atan2, 2, elementwise) X(hypot, 2, elementwise)                        \
  X(copysign, 2, elementwise) X(less, 2, elementwise) X(less_equal, 2, elementwise) X(greater, 2, elementwise)           \
  X(greater_equal, 2, elementwise) X(equal, 2, elementwise) X(not_equal, 2, elementwise) X(logical_and, 2, elementwise)  \
  X(logical_or, 2, elementwise) X(logical_xor, 2, elementwise)                                                           \
  /* elementwise, three operands; select(condition, a, b), clamp(x, lo, hi), fma(a, b, c) */                             \
  X(select, 3, elementwise) X(clamp, 3, elementwise) X(fma, 3, elementwise)                                              \
  /* one instruction each, without rules for NaN and ties: what decompose writes and nobody differentiates; minps, maxps, */ \
  /* muladd(a, b, c): fused where the target fuses. normtail(x): normcdf(-|x|) times 2^32 (f32), 2^64, so that a tail     */ \
  /* has all its digits; where x is positive and normcdf(x) rounds to 1, f32 gives just something small                  */ \
  X(raw_min, 2, elementwise) X(raw_max, 2, elementwise) X(muladd, 3, elementwise) X(normtail, 1, elementwise)            \
  /* exp(x) 2^-32 (f32), 2^-64 (f64): does not overflow where x/(1 + exp(-x)) has not vanished yet; never differentiated */ \
  /* ldexp_exp(x, n): exp(x) 2^n, n integral, for x below 208 (f32), 1492 (f64) and results that do not overflow          */ \
  X(exp_scaled, 1, elementwise) X(ldexp_exp, 2, elementwise)                                                             \
  /* exp_of_sum(h, l, f): f exp(h + l), h <= 1 or NaN, l a rounding error of h, |f| < 2^60: no subnormal number in between, */ \
  /* and all that have an h and an l in common share their exp                                                            */ \
  X(exp_of_sum, 3, elementwise)                                                                                          \
  /* structure. broadcast: to node.shape, ints = {} (operand aligned right). transpose: ints = permutation. slice: dims = */ \
  /* starts, ints = steps (may be negative), extent from node.shape. pad(x, value): dims = {lo..., hi...} (>= 0).         */ \
  /* concat: ints = {axis}. gather(x, i): ints = {axis}; shape x[:axis] + i.shape + x[axis+1:]. scatter_add(base, i,      */ \
  /* updates): its adjoint. flip: ints = axes. one_hot(i): ints = {axis}; its extent from node.shape                     */ \
  X(broadcast, 1, structure) X(reshape, 1, structure) X(transpose, 1, structure) X(slice, 1, structure)                  \
  X(pad, 2, structure) X(concat, -1, structure) X(gather, 2, structure) X(scatter_add, 3, structure)                     \
  X(flip, 1, structure) X(one_hot, 1, structure)                                                                         \
  /* reductions; ints = sorted axes, which are removed; argmax, argmin: first of ties, one axis, i64 */                  \
  X(reduce_sum, 1, reduction) X(reduce_prod, 1, reduction) X(reduce_max, 1, reduction) X(reduce_min, 1, reduction)       \
  X(argmax, 1, reduction) X(argmin, 1, reduction)                                                                        \
  /* along ints = {axis}; argsort gives i64, stable; cumsum ints = {axis, reverse} */                                    \
  X(cumsum, 1, scan) X(sort, 1, scan) X(argsort, 1, scan)                                                                \
  /* [..., M, K] @ [..., K, N], equal leading dimensions */                                                              \
  X(matmul, 2, product)                                                                                                  \
  /* written by canonical() (src/program) alone. stack: elements of the node's last axes, row-major, each of the shape    */ \
  /* before them. dot(a, b): ints = {axis}; the sum of a*b along it, each product added by muladd                         */ \
  X(stack, -1, structure) X(dot, 2, reduction)                                                                           \
  /* custom(y, x...): y, with derivatives in x of the user's own: object = its ops::CustomRule                           */ \
  X(custom, -1, structure)                                                                                               \
  /* a loop over steps (scan, while): object = its ops::Loop. Its results are the nodes result(loop), ints = {number}     */ \
  X(loop, -1, loop) X(result, 1, loop)                                                                                   \
  /* an activation of the catalogue: object = its entry, ints = {derivative order, options...} */                        \
  X(activation, -1, unit)

enum class Op : std::uint8_t {
#define X(name, arity, kind) name,
  ACTINIUM_OPS(X)
#undef X
};

struct OpInfo {
  Op op;
  std::string_view name;
  int arity;
  Kind kind;
};

inline constexpr std::array op_table{
#define X(name, arity, kind) OpInfo{Op::name, #name, arity, Kind::kind},
    ACTINIUM_OPS(X)
#undef X
};

constexpr const OpInfo& info(Op op) { return op_table[static_cast<std::size_t>(op)]; }
constexpr std::string_view name_of(Op op) { return info(op).name; }
constexpr Kind kind_of(Op op) { return info(op).kind; }

}  // namespace actinium::ops
