// Program: kernels over buffers, what fusion gives and both engines run. Nothing here knows LLVM, a vector width or a number of
// threads; the order of every reduction is fixed here. Start reading at Program, then LoopKernel.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actinium/dtype.h"
#include "actinium/shape.h"
#include "graph/graph.hpp"
#include "ops/op.hpp"

namespace actinium::program {

// --- The order of reductions: part of a value's definition, so it may depend on extents and dtype alone. ---

/// A reduction along the vector axis runs in chunks of this many elements; also the size of a task of an elementwise kernel.
inline constexpr std::int64_t chunk_elements = 16384;
/// Virtual lanes in a chunk: element i (from the chunk's start) accumulates into lane i mod lanes, ascending; then lane l takes
/// lane l + lanes/2, then l + lanes/4, ... down to one. Chunk results combine as adjacent pairs, repeatedly; an odd one passes up.
constexpr int reduction_lanes(DType t) { return t == DType::f64 ? 32 : 64; }
/// A reduction along another axis, and k of a product: blocks of this many accumulate ascending from the identity; block results
/// are added ascending (the first one starts), in chunks of `chunk_elements`; chunks combine as above.
inline constexpr std::int64_t block_elements = 256;
/// Products with at most this many columns use the order of a reduction along k: lane += a*b by muladd.
inline constexpr std::int64_t narrow_columns = 4;
/// Columns of a task of a ColumnKernel, rows and columns of a task of a MatmulKernel.
inline constexpr std::int64_t column_block = 64;

// --- Buffers and views ---

enum class BufferId : std::uint32_t {};
inline constexpr BufferId no_buffer{0xffffffffu};
constexpr std::uint32_t index(BufferId id) { return static_cast<std::uint32_t>(id); }

struct Buffer {
  enum class Kind : std::uint8_t { input, output, constant, temporary };
  Kind kind;
  DType dtype;
  Shape shape;
  std::uint32_t slot = 0;            ///< which input or output
  std::shared_ptr<const void> data;  ///< of a constant: C-contiguous elements
  /// Inputs and outputs: some kernel reads it as one C-contiguous run, so a caller's array with other strides is staged.
  /// Constants and temporaries always are C-contiguous.
  bool contiguous = false;
  std::string name;
};

/// How one loop dimension moves through a buffer: element stride = multiplier * (stride of buffer axis `axis`); axis -1: 0.
struct AxisMap {
  int axis = -1;
  Dim multiplier = 0;
  friend bool operator==(const AxisMap&, const AxisMap&) = default;
};

/// An affine view: of a buffer, or (buffer == no_buffer) of the index itself, whose element is the i64 number
/// sum over loop dimensions of multiplier * index + start[0] (every axis is then 0): this is iota.
struct Access {
  BufferId buffer = no_buffer;
  DType dtype = DType::f32;   ///< of the elements: i64 for an index
  std::vector<AxisMap> dims;  ///< one for each loop dimension of the kernel, outermost first
  std::vector<Dim> start;     ///< first index along each axis of the buffer
  friend bool operator==(const Access&, const Access&) = default;
};

// --- Bodies ---

enum class ValueId : std::uint32_t {};  ///< of a kernel; Kernel::values gives its type
constexpr std::uint32_t index(ValueId id) { return static_cast<std::uint32_t>(id); }

/// One scalar operation on every point of a loop. Defines `result`.
struct Step {
  enum class Kind : std::uint8_t {
    load,      ///< accesses[number]
    constant,  ///< number: bits
    op,        ///< an elementwise base op: its meaning is math::body(op, dtypes)
    product,   ///< the element of the matrix product (MatmulKernel only)
  };
  Kind kind;
  ops::Op op = ops::Op::constant;
  ValueId result;
  std::array<ValueId, 3> operands{};
  int arity = 0;
  std::uint64_t number = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

struct Store {
  ValueId value;
  std::uint32_t access;
  friend bool operator==(const Store&, const Store&) = default;
};

/// Identities +0, 1, -inf, +inf (integers: lowest, highest). sum and prod are add and mul (integers wrap); max and min are
/// math::body of Op::max and Op::min, which pass NaN. The accumulator (in a tree: the lower lane, the earlier chunk) is the
/// first operand. No elements at all (then there are no chunks): the identity.
enum class Combine : std::uint8_t { sum, prod, max, min };

struct Reduction {
  Combine combine;
  ValueId value;   ///< of each element
  ValueId result;  ///< one for each row (column)
  /// Rows only, of a sum: each element is value * factor, added by muladd.
  std::optional<ValueId> factor = {};
  friend bool operator==(const Reduction&, const Reduction&) = default;
};

/// One loop over the row (over the vector axis) or, if `once`, one evaluation for the row. A value defined in a `once` stage or
/// by a reduction may be used in every later stage; a value of a loop only in that loop, or later if it is `kept`.
struct Stage {
  bool once = false;
  std::vector<Step> steps;
  std::vector<Store> stores;  ///< in a once stage the access moves along outer dimensions only
  std::vector<Reduction> reductions;
  std::vector<ValueId> kept;  ///< values of this loop that later loops use: they stay in a row of scratch memory
  friend bool operator==(const Stage&, const Stage&) = default;
};

// --- Kernels ---

/// Rows: for every point of `outer`, the stages in order. Loop dimensions of accesses: outer..., inner.
/// Elementwise work is one stage without reductions; softmax is reduce, loop with reduce, loop.
struct LoopKernel {
  std::vector<Dim> outer;
  Dim inner = 1;
  std::vector<Access> accesses;
  std::vector<Stage> stages;
  std::vector<DType> values;  ///< type of each ValueId

  /// One loop without reductions: dimensions may be merged and split at will. Tasks: rows * chunks of inner.
  bool elementwise() const { return stages.size() == 1 && !stages[0].once && stages[0].reductions.empty(); }
  /// One loop with reductions, then perhaps a once stage: tasks are rows * chunks of inner, results of chunks go to
  /// KernelArgs::partials, and `finish` combines them and runs the once stage. Otherwise a task is a row.
  bool splits() const {
    return !stages.empty() && !stages[0].once && !stages[0].reductions.empty() && stages[0].kept.empty() &&
           (stages.size() == 1 || (stages.size() == 2 && stages[1].once));
  }
  friend bool operator==(const LoopKernel&, const LoopKernel&) = default;
};

/// Reductions along an axis that is not the last. Loop dimensions of accesses: outer..., reduced, inner; stores of `finish` do
/// not move along `reduced`. main: tasks outer * blocks of column_block of inner * chunks of reduced, results of chunks to
/// partials; finish: tasks outer * blocks of inner.
struct ColumnKernel {
  std::vector<Dim> outer;
  Dim reduced = 1;
  Dim inner = 1;
  std::vector<Access> accesses;
  Stage body;    ///< its stores, if any, write each element
  Stage finish;  ///< once for each column
  std::vector<DType> values;
  friend bool operator==(const ColumnKernel&, const ColumnKernel&) = default;
};

/// C = A @ B over `batch`, with an elementwise epilogue on every element of C. Floats only.
struct MatmulKernel {
  std::vector<Dim> batch;
  Dim m = 1, n = 1, k = 1;
  Access a;  ///< dimensions batch..., m, k
  Access b;  ///< dimensions batch..., k, n
  DType dtype;
  std::vector<Access> accesses;  ///< of the epilogue: batch..., m, n
  Stage epilogue;                ///< one loop, no reductions
  std::vector<DType> values;
  bool constant_b = false;  ///< b is a constant of known size and the same for the whole batch: it may be packed for good
  /// A result besides, the sum over k of each column of B: where in `accesses` it is stored (it moves along batch and n). Its
  /// order is that of a ColumnKernel, which is also that of a row of ones in A, as long as n > narrow_columns.
  std::optional<std::uint32_t> column_sums = {};
  friend bool operator==(const MatmulKernel&, const MatmulKernel&) = default;
};

/// One routine of src/runtime/library.cpp over whole C-contiguous buffers, shared by both engines: gather, scatter_add, cumsum,
/// sort, argsort, argmax, argmin, integer matmul.
struct LibraryKernel {
  ops::Op op;
  std::vector<BufferId> operands;
  BufferId result;
  std::vector<std::int64_t> ints;  ///< the node's
  friend bool operator==(const LibraryKernel&, const LibraryKernel&) = default;
};

struct Program;

/// A loop over steps (ops::Loop, with the same roles and order of operands and results): Programs run once a step by the executor,
/// their inputs and outputs those of the steps. All operands and results are C-contiguous.
struct IterationKernel {
  struct Phase {
    std::shared_ptr<const Program> step;
    std::size_t carries = 0;
    bool reverse = false;
    std::vector<std::size_t> reads;
    friend bool operator==(const Phase&, const Phase&) = default;
  };
  std::size_t constants = 0;
  std::optional<Dim> length;                 ///< a scan
  std::shared_ptr<const Program> condition;  ///< a while
  std::vector<Phase> phases;
  std::vector<BufferId> operands;
  std::vector<BufferId> results;  ///< no_buffer where nobody reads it
  friend bool operator==(const IterationKernel&, const IterationKernel&) = default;
};

struct Kernel {
  std::variant<LoopKernel, ColumnKernel, MatmulKernel, LibraryKernel, IterationKernel> body;
  std::string name = {};              ///< "softmax+3", for messages and profiles
  std::vector<Location> places = {};  ///< the user's lines that it computes
  std::size_t nodes = 0;              ///< graph nodes that it computes
};

/// An integer input used as an index: checked against [-bound, bound), or [0, bound) if negative ones do not count from the end,
/// at the call, before anything is written.
struct IndexCheck {
  std::uint32_t input;
  Dim bound;
  bool from_end;
  std::string message;  ///< what it indexes
};

struct Program {
  std::vector<Buffer> buffers;
  std::vector<Kernel> kernels;  ///< in order; kernel i may read what kernels before it wrote
  std::vector<BufferId> inputs;   ///< by position of the call; an input no kernel needs is still here
  std::vector<BufferId> outputs;
  std::vector<IndexCheck> index_checks;
  std::vector<std::string> symbols;
  /// One entry for each node that more than one kernel computes, because that is cheaper than to store and read it.
  std::vector<ops::Op> recomputed;
  bool fused = true;  ///< what muladd means on the target
};

/// Fuses the decomposed module into kernels (src/program/lower.cpp).
struct LowerOptions {
  bool fused = true;
  bool sums_beside_products = true;  ///< whether a product may sum the columns of its right operand too
  /// The module before decomposition, in which index_checks are found (activations with labels are gone after it).
  const Module* written = nullptr;
};
Program lower(const Module& decomposed, const LowerOptions& options = {});

/// For each kernel the first one that is the same but for names and for the buffers it works on.
std::vector<std::size_t> distinct(const Program& program);

std::string print(const Program& program);
void verify(const Program& program);

}  // namespace actinium::program
