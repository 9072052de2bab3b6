// The mini executor and the element-wise meaning of kernels.
#include "unit/jit_support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>

#include "jit/target.hpp"
#include "math/functions.hpp"

namespace actinium::testing {

using program::ColumnKernel;
using program::Combine;
using program::LoopKernel;
using program::Stage;
using program::Step;
using program::ValueId;

std::vector<std::string> host_isas() {
  std::vector<std::string> names;
  for (const char* isa : {"native", "x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    try {
      jit::find_target(isa);
      names.push_back(isa);
    } catch (const CompileError&) {
    }
  }
  return names;
}

std::uint64_t Operand::get(std::int64_t element) const {
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + static_cast<std::size_t>(element) * size_of(dtype), size_of(dtype));
  return bits;
}
void Operand::set(std::int64_t element, std::uint64_t bits) {
  std::memcpy(bytes.data() + static_cast<std::size_t>(element) * size_of(dtype), &bits, size_of(dtype));
}

ValueId Body::fresh(DType dtype) {
  values.push_back(dtype);
  return ValueId{static_cast<std::uint32_t>(values.size() - 1)};
}
ValueId Body::load(Stage& stage, std::uint32_t access, DType dtype) {
  stage.steps.push_back({.kind = Step::Kind::load, .result = fresh(dtype), .number = access});
  return stage.steps.back().result;
}
ValueId Body::constant(Stage& stage, DType dtype, std::uint64_t bits) {
  stage.steps.push_back({.kind = Step::Kind::constant, .result = fresh(dtype), .number = bits});
  return stage.steps.back().result;
}
ValueId Body::op(Stage& stage, ops::Op op, DType result, std::vector<ValueId> operands) {
  Step step{.kind = Step::Kind::op, .op = op, .result = fresh(result), .arity = static_cast<int>(operands.size())};
  std::copy(operands.begin(), operands.end(), step.operands.begin());
  stage.steps.push_back(step);
  return step.result;
}

program::Access Bench::access(DType dtype, std::vector<bool> moves, bool index) {
  program::Access result{
      .buffer = index ? program::no_buffer : program::BufferId{0}, .dtype = dtype, .dims = {}, .start = {}};
  for (bool moving : moves) result.dims.push_back(moving ? program::AxisMap{0, 1} : program::AxisMap{});
  return result;
}

namespace {

const std::vector<program::Access>& accesses_of(const Bench& bench) {
  return std::visit([](const auto& k) -> const std::vector<program::Access>& { return k.accesses; }, bench.kernel);
}

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// 64-byte aligned memory filled with a pattern that is no useful number.
struct Aligned {
  explicit Aligned(std::int64_t bytes)
      : size(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 64) + 63) / 64 * 64),
        memory(static_cast<std::uint8_t*>(std::aligned_alloc(64, size))) {
    std::fill(memory.get(), memory.get() + size, 0xa5);
  }
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::size_t size;
  std::unique_ptr<std::uint8_t, Free> memory;
};

}  // namespace

std::vector<Operand> run(const Bench& bench, const std::string& isa, std::int64_t grain, bool in_place) {
  auto program = std::make_shared<program::Program>();
  program->kernels.push_back({});
  std::visit([&](const auto& k) { program->kernels[0].body = k; }, bench.kernel);
  program->kernels[0].name = "test";
  program->fused = runtime::jit_engine().fused({.isa = isa});
  const auto executable = runtime::jit_engine().compile(program, {.isa = isa});
  const runtime::CompiledKernel& kernel = executable->kernel(0);

  std::vector<Operand> operands = bench.operands;
  std::vector<void*> pointers;
  std::vector<std::int64_t> strides;
  for (Operand& o : operands) {
    pointers.push_back(o.index ? reinterpret_cast<void*>(o.start)
                               : o.bytes.data() + o.start * static_cast<std::int64_t>(size_of(o.dtype)));
    strides.insert(strides.end(), o.strides.begin(), o.strides.end());
  }
  if (in_place) pointers.back() = pointers.front();
  const std::vector<std::int64_t>& extents = bench.extents;
  std::int64_t tasks = 1, finish_tasks = 0, partials = 0;
  if (const auto* loop = std::get_if<LoopKernel>(&bench.kernel)) {
    for (std::size_t d = 0; d + 1 < extents.size(); ++d) tasks *= extents[d];
    const std::int64_t chunks = divide_up(extents.back(), program::chunk_elements);
    if (loop->splits()) {
      finish_tasks = tasks;
      partials = tasks * static_cast<std::int64_t>(loop->stages[0].reductions.size()) * chunks * 8;
    }
    if (loop->splits() || loop->elementwise()) tasks *= chunks;
  } else {
    const auto& column = std::get<ColumnKernel>(bench.kernel);
    for (std::size_t d = 0; d + 2 < extents.size(); ++d) tasks *= extents[d];
    const std::int64_t chunks = divide_up(extents[extents.size() - 2], program::chunk_elements);
    partials = tasks * static_cast<std::int64_t>(column.body.reductions.size()) * chunks * extents.back() * 8;
    tasks *= divide_up(extents.back(), program::column_block);
    finish_tasks = tasks;
    tasks *= chunks;
  }
  Aligned partial_memory(partials),
      scratch(kernel.scratch_bytes == nullptr ? 0 : kernel.scratch_bytes(kernel.context, extents.data()));
  const runtime::KernelArgs args{pointers.data(), strides.data(), extents.data(), partial_memory.memory.get(), nullptr};
  const auto go = [&](runtime::KernelFunction f, std::int64_t count) {
    // Backwards, so that no order is taken for granted.
    for (std::int64_t end = count; end > 0; end -= grain)
      f(&args, std::max<std::int64_t>(end - grain, 0), end, scratch.memory.get());
  };
  go(kernel.native, tasks);
  if (finish_tasks > 0) go(kernel.native_finish, finish_tasks);
  return operands;
}

namespace {

using Bits = std::uint64_t;

/// Values of one point, by ValueId.
class Meaning {
 public:
  Meaning(const Bench& bench, bool fused)
      : bench_(bench), accesses_(accesses_of(bench)), operands(bench.operands), fused_(fused) {
    values_ = std::visit([](const auto& k) { return k.values; }, bench.kernel);
    bits.resize(values_.size());
  }
  std::vector<std::int64_t> point;  ///< index of each loop dimension

 private:
  const Bench& bench_;
  const std::vector<program::Access>& accesses_;

 public:
  std::vector<Operand> operands;
  std::vector<Bits> bits;

  void steps(const Stage& stage) {
    for (const Step& step : stage.steps) {
      Bits& result = bits[index(step.result)];
      switch (step.kind) {
        case Step::Kind::load:
          result = operands[step.number].index ? static_cast<Bits>(element(step.number))
                                               : operands[step.number].get(element(step.number));
          break;
        case Step::Kind::constant: result = step.number; break;
        case Step::Kind::op: result = apply(step); break;
        case Step::Kind::product: throw InternalError("no products here");
      }
    }
  }
  void stores(const Stage& stage) {
    for (const program::Store& store : stage.stores)
      operands[store.access].set(element(store.access), bits[index(store.value)]);
  }
  DType type(ValueId id) const { return values_[index(id)]; }

  Bits combine(Combine how, DType dtype, Bits a, Bits b) const {
    const auto op = how == Combine::sum    ? ops::Op::add
                    : how == Combine::prod ? ops::Op::mul
                    : how == Combine::max  ? ops::Op::max
                                           : ops::Op::min;
    return machine::evaluate(math::body(op, dtype), std::array{a, b}, fused_)[0];
  }
  Bits tree(Combine how, DType dtype, std::vector<Bits> chunks) const {
    if (chunks.empty()) return identity(how, dtype);
    while (chunks.size() > 1) {
      std::vector<Bits> next;
      for (std::size_t i = 0; i < chunks.size(); i += 2)
        next.push_back(i + 1 < chunks.size() ? combine(how, dtype, chunks[i], chunks[i + 1]) : chunks[i]);
      chunks = next;
    }
    return chunks[0];
  }
  static Bits identity(Combine how, DType dtype) {
    const bool single = dtype == DType::f32;
    if (how == Combine::sum) return 0;
    if (how == Combine::prod)
      return dtype == DType::f32   ? std::bit_cast<std::uint32_t>(1.0f)
             : dtype == DType::f64 ? std::bit_cast<Bits>(1.0)
                                   : 1;
    const double extreme =
        how == Combine::max ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    if (is_float(dtype))
      return single ? std::bit_cast<std::uint32_t>(static_cast<float>(extreme)) : std::bit_cast<Bits>(extreme);
    if (dtype == DType::i32) return how == Combine::max ? 0x80000000u : 0x7fffffffu;
    return how == Combine::max ? 1ull << 63 : ~0ull >> 1;
  }

 private:
  std::vector<DType> values_;
  bool fused_;

  std::int64_t element(std::size_t access) const {
    std::int64_t at = bench_.operands[access].start;
    for (std::size_t d = 0; d < point.size(); ++d) at += bench_.operands[access].strides[d] * point[d];
    return at;
  }
  Bits apply(const Step& step) const {
    std::vector<Bits> arguments;
    for (int i = 0; i < step.arity; ++i) arguments.push_back(bits[index(step.operands[static_cast<std::size_t>(i)])]);
    const DType operand = type(step.operands[step.op == ops::Op::select ? 1 : 0]);
    return machine::evaluate(math::body(step.op, operand, type(step.result)), arguments, fused_)[0];
  }
};

void for_each(std::span<const std::int64_t> extents, const std::function<void(const std::vector<std::int64_t>&)>& fn) {
  std::int64_t total = 1;
  for (std::int64_t e : extents) total *= e;
  for (std::int64_t n = 0; n < total; ++n) {
    std::vector<std::int64_t> at(extents.size());
    std::int64_t rest = n;
    for (std::size_t d = extents.size(); d-- > 0;) at[d] = rest % extents[d], rest /= extents[d];
    fn(at);
  }
}

void evaluate_row(Meaning& m, const LoopKernel& kernel, std::int64_t inner) {
  std::vector<std::vector<Bits>> kept(kernel.values.size());
  for (const Stage& stage : kernel.stages) {
    if (stage.once) {
      m.point.back() = 0;
      m.steps(stage);
      m.stores(stage);
      continue;
    }
    std::vector<std::vector<Bits>> results(stage.reductions.size());
    for (std::int64_t start = 0; start < inner; start += program::chunk_elements) {
      std::vector<std::vector<Bits>> lanes;
      for (const program::Reduction& r : stage.reductions) {
        lanes.emplace_back(program::reduction_lanes(m.type(r.value)), Meaning::identity(r.combine, m.type(r.value)));
      }
      const std::int64_t end = std::min(inner, start + program::chunk_elements);
      for (std::int64_t i = start; i < end; ++i) {
        m.point.back() = i;
        for (std::size_t v = 0; v < kept.size(); ++v) {
          if (!kept[v].empty()) m.bits[v] = kept[v][static_cast<std::size_t>(i)];
        }
        m.steps(stage);
        m.stores(stage);
        for (std::size_t r = 0; r < lanes.size(); ++r) {
          const program::Reduction& reduction = stage.reductions[r];
          Bits& lane = lanes[r][static_cast<std::size_t>(i - start) % lanes[r].size()];
          lane = m.combine(reduction.combine, m.type(reduction.value), lane, m.bits[index(reduction.value)]);
        }
        for (ValueId v : stage.kept) {
          kept[index(v)].resize(static_cast<std::size_t>(inner));
          kept[index(v)][static_cast<std::size_t>(i)] = m.bits[index(v)];
        }
      }
      for (std::size_t r = 0; r < lanes.size(); ++r) {
        const DType dtype = m.type(stage.reductions[r].value);
        for (std::size_t half = lanes[r].size() / 2; half > 0; half /= 2) {
          for (std::size_t l = 0; l < half; ++l)
            lanes[r][l] = m.combine(stage.reductions[r].combine, dtype, lanes[r][l], lanes[r][l + half]);
        }
        results[r].push_back(lanes[r][0]);
      }
    }
    for (std::size_t r = 0; r < results.size(); ++r) {
      const program::Reduction& reduction = stage.reductions[r];
      m.bits[index(reduction.result)] = m.tree(reduction.combine, m.type(reduction.value), results[r]);
    }
  }
}

void evaluate_column(Meaning& m, const ColumnKernel& kernel, std::int64_t reduced) {
  const auto& reductions = kernel.body.reductions;
  std::vector<std::vector<Bits>> chunks(reductions.size());
  std::vector<Bits> chunk(reductions.size()), block(reductions.size());
  for (std::int64_t i = 0; i < reduced; ++i) {
    m.point[m.point.size() - 2] = i;
    m.steps(kernel.body);
    m.stores(kernel.body);
    const bool starts = i % program::block_elements == 0;
    const bool ends = i + 1 == reduced || (i + 1) % program::block_elements == 0;
    for (std::size_t r = 0; r < reductions.size(); ++r) {
      const DType dtype = m.type(reductions[r].value);
      const auto combine = [&](Bits a, Bits b) { return m.combine(reductions[r].combine, dtype, a, b); };
      block[r] = combine(starts ? Meaning::identity(reductions[r].combine, dtype) : block[r],
                         m.bits[index(reductions[r].value)]);
      if (!ends) continue;
      const bool first_block = i / program::block_elements * program::block_elements % program::chunk_elements == 0;
      chunk[r] = first_block ? block[r] : combine(chunk[r], block[r]);
      if (i + 1 == reduced || (i + 1) % program::chunk_elements == 0) chunks[r].push_back(chunk[r]);
    }
  }
  for (std::size_t r = 0; r < reductions.size(); ++r) {
    m.bits[index(reductions[r].result)] = m.tree(reductions[r].combine, m.type(reductions[r].value), chunks[r]);
  }
  m.point[m.point.size() - 2] = 0;
  m.steps(kernel.finish);
  m.stores(kernel.finish);
}

}  // namespace

std::vector<Operand> evaluate(const Bench& bench, bool fused) {
  Meaning m(bench, fused);
  const std::vector<std::int64_t>& extents = bench.extents;
  if (const auto* loop = std::get_if<LoopKernel>(&bench.kernel)) {
    for_each(std::span(extents).first(extents.size() - 1), [&](const std::vector<std::int64_t>& at) {
      m.point = at;
      m.point.push_back(0);
      evaluate_row(m, *loop, extents.back());
    });
  } else {
    std::vector<std::int64_t> columns(extents.begin(), extents.end() - 2);
    columns.push_back(extents.back());
    for_each(columns, [&](std::vector<std::int64_t> at) {
      at.insert(at.end() - 1, 0);
      m.point = at;
      evaluate_column(m, std::get<ColumnKernel>(bench.kernel), extents[extents.size() - 2]);
    });
  }
  return m.operands;
}

std::string difference(const std::vector<Operand>& expected, const std::vector<Operand>& actual) {
  const auto is_nan = [](DType t, Bits bits) {
    if (t == DType::f32) return std::isnan(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    return t == DType::f64 && std::isnan(std::bit_cast<double>(bits));
  };
  const auto show = [](DType t, Bits bits) {
    if (t == DType::f32) return fmt::format("{} ({:#x})", std::bit_cast<float>(static_cast<std::uint32_t>(bits)), bits);
    if (t == DType::f64) return fmt::format("{} ({:#x})", std::bit_cast<double>(bits), bits);
    return fmt::format("{:#x}", bits);
  };
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const DType t = expected[n].dtype;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(expected[n].bytes.size() / size_of(t)); ++i) {
      const Bits e = expected[n].get(i), a = actual[n].get(i);
      if (e == a || (is_nan(t, e) && is_nan(t, a))) continue;
      std::string text = fmt::format("operand {} element {}: expected {}, got {}", n, i, show(t, e), show(t, a));
      for (std::size_t o = 0; o < n; ++o) {
        if (!expected[o].index && expected[o].bytes.size() / size_of(expected[o].dtype) > static_cast<std::size_t>(i))
          text += fmt::format("; operand {} there: {}", o, show(expected[o].dtype, expected[o].get(i)));
      }
      return text;
    }
  }
  return {};
}

std::uint64_t Numbers::next() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint64_t Numbers::value(DType dtype) {
  if (dtype == DType::b8) return next() & 1;
  if (dtype == DType::i32) return next() >> 32;
  if (dtype == DType::i64) return next();
  const auto encode = [&](double x) {
    return dtype == DType::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(x)) : std::bit_cast<Bits>(x);
  };
  switch (next() % 4) {
    case 0: return encode(moderate() * 40);
    case 1: {
      const std::vector<Bits> special = special_values(dtype);
      return next() % 4 == 0 ? special[next() % special.size()] : encode(moderate() * 1e-3);
    }
    case 2: return dtype == DType::f32 ? next() >> 32 : next();
    default: return encode(moderate());
  }
}

std::vector<std::uint64_t> special_values(DType dtype) {
  if (dtype == DType::b8) return {0, 1};
  if (dtype == DType::i32) return {0, 1, 0xffffffffu, 0x7fffffffu, 0x80000000u, 2, 31};
  if (dtype == DType::i64) return {0, 1, ~0ull, ~0ull >> 1, 1ull << 63, 2, 63};
  std::vector<Bits> all;
  const auto add = [&](double x) {
    for (double y : {x, -x})
      all.push_back(dtype == DType::f32 ? std::bit_cast<std::uint32_t>(static_cast<float>(y)) : std::bit_cast<Bits>(y));
  };
  for (double x : {0.0,
                   0.5,
                   1.0,
                   1.5,
                   2.0,
                   3.0,
                   10.0,
                   20.0,
                   40.0,
                   88.0,
                   89.0,
                   104.0,
                   709.5,
                   710.0,
                   745.0,
                   1e-3,
                   1e-8,
                   1e3,
                   1e10,
                   1e30,
                   1e-30,
                   0x1p31,
                   0x1p32,
                   0x1p63,
                   0x1p-126,
                   0x1p-127,
                   0x1p-149,
                   0x1.fffffep127,
                   3.14159265358979,
                   1.57079632679490,
                   0x1p23,
                   0x1p52,
                   1e300,
                   1e-300,
                   5e-324,
                   1e22,
                   2147483647.5}) {
    add(x);
  }
  add(std::numeric_limits<double>::infinity());
  add(std::numeric_limits<double>::quiet_NaN());
  for (Bits step : {1, 2}) {
    all.push_back(dtype == DType::f32 ? 0x3f800000 + step : 0x3ff0000000000000 + step);
    all.push_back(dtype == DType::f32 ? 0x3f800000 - step : 0x3ff0000000000000 - step);
    all.push_back(step);
  }
  return all;
}

Operand contiguous(DType dtype, std::span<const std::int64_t> extents, std::span<const bool> moves, Numbers* numbers) {
  Operand o{
      .dtype = dtype, .bytes = {}, .start = 0, .strides = std::vector<std::int64_t>(extents.size()), .index = false};
  std::int64_t size = 1;
  for (std::size_t d = extents.size(); d-- > 0;) {
    if (!moves[d]) continue;
    o.strides[d] = size;
    size *= extents[d];
  }
  o.bytes.assign(static_cast<std::size_t>(size) * size_of(dtype), 0xcd);
  if (dtype == DType::b8) std::fill(o.bytes.begin(), o.bytes.end(), 0);
  for (std::int64_t i = 0; numbers != nullptr && i < size; ++i) o.set(i, numbers->value(dtype));
  return o;
}

}  // namespace actinium::testing
