// Reading a Program: one line a buffer, one block a kernel. verify() checks what the engines rely on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>

#include "actinium/error.h"
#include "program/program.hpp"

namespace actinium::program {
namespace {

std::string_view kind_name(Buffer::Kind kind) {
  switch (kind) {
    case Buffer::Kind::input: return "input";
    case Buffer::Kind::output: return "output";
    case Buffer::Kind::constant: return "constant";
    case Buffer::Kind::temporary: return "temporary";
  }
  return "?";
}

std::string_view combine_name(Combine c) {
  switch (c) {
    case Combine::sum: return "sum";
    case Combine::prod: return "prod";
    case Combine::max: return "max";
    case Combine::min: return "min";
  }
  return "?";
}

std::string number_text(DType dtype, std::uint64_t bits) {
  switch (dtype) {
    case DType::b8: return bits ? "true" : "false";
    case DType::i32: return fmt::format("{}", static_cast<std::int32_t>(bits));
    case DType::i64: return fmt::format("{}", static_cast<std::int64_t>(bits));
    case DType::f32: return fmt::format("{}", std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case DType::f64: return fmt::format("{}", std::bit_cast<double>(bits));
  }
  return "?";
}

std::string dims_text(const std::vector<Dim>& dims) {
  std::vector<std::string> parts;
  for (const Dim& d : dims) parts.push_back(d.str());
  return fmt::format("{}", fmt::join(parts, " x "));
}

/// "b3[1 + i0, 0, 2*i1]": the element that a point of the loops means.
std::string access_text(const Access& a) {
  std::vector<std::string> axes;
  auto add = [](std::string& to, const std::string& term) { to += to.empty() ? term : " + " + term; };
  auto term = [](const Dim& m, std::size_t loop) { return m.is(1) ? fmt::format("i{}", loop) : fmt::format("({})*i{}", m.str(), loop); };
  const bool is_index = a.buffer == no_buffer;
  for (std::size_t axis = 0; axis < a.start.size(); ++axis) {
    std::string text = a.start[axis].is(0) ? "" : a.start[axis].str();
    for (std::size_t loop = 0; loop < a.dims.size(); ++loop) {
      const bool moves = is_index ? !a.dims[loop].multiplier.is(0) : a.dims[loop].axis == static_cast<int>(axis);
      if (moves) add(text, term(a.dims[loop].multiplier, loop));
    }
    axes.push_back(text.empty() ? "0" : text);
  }
  return is_index ? fmt::format("index({})", fmt::join(axes, ", "))
                  : fmt::format("b{}[{}]", index(a.buffer), fmt::join(axes, ", "));
}

struct StagePrinter {
  const std::vector<Access>& accesses;
  const std::vector<DType>& values;

  std::string step(const Step& s) const {
    const std::string result = fmt::format("%{}:{}", index(s.result), name_of(values[index(s.result)]));
    switch (s.kind) {
      case Step::Kind::load: return fmt::format("{} = {}", result, access_text(accesses[s.number]));
      case Step::Kind::constant: return fmt::format("{} = {}", result, number_text(values[index(s.result)], s.number));
      case Step::Kind::product: return fmt::format("{} = product", result);
      case Step::Kind::op: break;
    }
    std::vector<std::string> operands;
    for (int i = 0; i < s.arity; ++i) operands.push_back(fmt::format("%{}", index(s.operands[static_cast<std::size_t>(i)])));
    return fmt::format("{} = {}({})", result, ops::name_of(s.op), fmt::join(operands, ", "));
  }

  std::string stage(const Stage& stage, std::string_view title) const {
    std::string text = fmt::format("    {}\n", title);
    for (const Step& s : stage.steps) text += "      " + step(s) + "\n";
    for (const Store& s : stage.stores) text += fmt::format("      {} = %{}\n", access_text(accesses[s.access]), index(s.value));
    for (const Reduction& r : stage.reductions)
      text += fmt::format("      %{} = {} of %{}{}\n", index(r.result), combine_name(r.combine), index(r.value),
                          r.factor ? fmt::format(" * %{}", index(*r.factor)) : "");
    for (ValueId v : stage.kept) text += fmt::format("      keep %{}\n", index(v));
    return text;
  }
};

struct BodyPrinter {
  std::string operator()(const LoopKernel& k) const {
    std::string text = fmt::format("rows [{}] of {}\n", dims_text(k.outer), k.inner.str());
    const StagePrinter p{k.accesses, k.values};
    for (const Stage& s : k.stages) text += p.stage(s, s.once ? "once a row" : "for each element");
    return text;
  }
  std::string operator()(const ColumnKernel& k) const {
    std::string text = fmt::format("columns [{}] reduced {} inner {}\n", dims_text(k.outer), k.reduced.str(), k.inner.str());
    const StagePrinter p{k.accesses, k.values};
    return text + p.stage(k.body, "for each element") + p.stage(k.finish, "once a column");
  }
  std::string operator()(const MatmulKernel& k) const {
    std::string text = fmt::format("product [{}] {} x {} x {}: {} @ {}\n", dims_text(k.batch), k.m.str(), k.n.str(), k.k.str(),
                                   access_text(k.a), access_text(k.b));
    if (k.column_sums) text += fmt::format("    {} = sum over k of b\n", access_text(k.accesses[*k.column_sums]));
    return text + StagePrinter{k.accesses, k.values}.stage(k.epilogue, "for each element");
  }
  std::string operator()(const LibraryKernel& k) const {
    std::vector<std::string> operands;
    for (BufferId b : k.operands) operands.push_back(fmt::format("b{}", index(b)));
    return fmt::format("routine b{} = {}({}; {})\n", index(k.result), ops::name_of(k.op), fmt::join(operands, ", "),
                       fmt::join(k.ints, ", "));
  }
  std::string operator()(const IterationKernel& k) const;
};

std::string buffers_text(const std::vector<BufferId>& list) {
  std::vector<std::string> parts;
  for (BufferId b : list) parts.push_back(b == no_buffer ? "-" : fmt::format("b{}", index(b)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Lines of a Program within another.
std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    result += "      " + text.substr(at, end - at);
    at = end;
  }
  return result;
}

std::string iteration_text(const IterationKernel& k) {
  std::string text = fmt::format("{} {} = loop of {} constants and ({})\n", k.length ? "scan " + k.length->str() + " steps:" : std::string("while:"),
                                 buffers_text(k.results), k.constants, buffers_text(k.operands));
  if (k.condition) text += "    as long as\n" + indented(print(*k.condition));
  for (const IterationKernel::Phase& p : k.phases)
    text += fmt::format("    each step{}, {} carried{}\n", p.reverse ? " from the last" : "", p.carries,
                        p.reads.empty() ? "" : fmt::format(", reading streams {}", fmt::join(p.reads, ", "))) +
            indented(print(*p.step));
  return text;
}

std::string BodyPrinter::operator()(const IterationKernel& k) const { return iteration_text(k); }

void check(bool ok, const std::string& message) {
  if (!ok) throw InternalError("program: " + message);
}

struct BodyChecker {
  const Program& program;

  void access(const Access& a, std::size_t loops) const {
    check(a.dims.size() == loops, "an access has the wrong number of loops");
    if (a.buffer == no_buffer) return;
    check(index(a.buffer) < program.buffers.size(), "an access names no buffer");
    const Buffer& b = program.buffers[index(a.buffer)];
    check(a.start.size() == static_cast<std::size_t>(b.shape.rank()), "an access has the wrong rank");
    for (const AxisMap& m : a.dims) check(m.axis < b.shape.rank(), "an access moves along an axis that is not there");
  }

  void stage(const Stage& s, std::vector<char>& known, const std::vector<Access>& accesses, const std::vector<DType>& values) const {
    auto use = [&](ValueId v) { check(index(v) < known.size() && known[index(v)], "a value is used before it is known"); };
    for (const Step& step : s.steps) {
      for (int i = 0; i < step.arity; ++i) use(step.operands[static_cast<std::size_t>(i)]);
      if (step.kind == Step::Kind::load) {
        check(step.number < accesses.size(), "a load names no access");
        check(accesses[step.number].dtype == values[index(step.result)], "a load has another type than its buffer");
      }
      known[index(step.result)] = 1;
    }
    for (const Store& store : s.stores) {
      use(store.value);
      const Access& a = accesses.at(store.access);
      check(a.buffer != no_buffer && a.dtype == values[index(store.value)], "a store has another type than its buffer");
    }
    for (const Reduction& r : s.reductions) {
      use(r.value);
      if (r.factor) use(*r.factor);
    }
    for (const Reduction& r : s.reductions) known[index(r.result)] = 1;
    for (ValueId v : s.kept) use(v);
  }

  void operator()(const LoopKernel& k) const {
    std::vector<char> known(k.values.size(), 0);
    for (const Access& a : k.accesses) access(a, k.outer.size() + 1);
    for (const Stage& s : k.stages) stage(s, known, k.accesses, k.values);
  }
  void operator()(const ColumnKernel& k) const {
    std::vector<char> known(k.values.size(), 0);
    for (const Access& a : k.accesses) access(a, k.outer.size() + 2);
    stage(k.body, known, k.accesses, k.values);
    stage(k.finish, known, k.accesses, k.values);
  }
  void operator()(const MatmulKernel& k) const {
    std::vector<char> known(k.values.size(), 0);
    for (const Access& a : {k.a, k.b}) access(a, k.batch.size() + 2);
    for (const Access& a : k.accesses) access(a, k.batch.size() + 2);
    if (k.column_sums) {
      const Access& sums = k.accesses.at(*k.column_sums);
      check(sums.buffer != no_buffer && sums.dtype == k.dtype, "sums of columns have another type than their buffer");
      check(sums.dims[k.batch.size()].axis < 0, "sums of columns move along the rows of the product");
    }
    stage(k.epilogue, known, k.accesses, k.values);
  }
  void operator()(const LibraryKernel& k) const {
    for (BufferId b : k.operands) check(index(b) < program.buffers.size(), "a routine names no buffer");
  }
  void operator()(const IterationKernel& k) const {
    for (BufferId b : k.operands) check(index(b) < program.buffers.size(), "a loop names no buffer");
    if (k.condition) verify(*k.condition);
    for (const IterationKernel::Phase& p : k.phases) verify(*p.step);
  }
};

}  // namespace

std::string print(const Program& program) {
  std::string text;
  for (std::size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer& b = program.buffers[i];
    text += fmt::format("b{}: {} {} {}{}{}\n", i, kind_name(b.kind), name_of(b.dtype), b.shape.str(),
                        b.name.empty() ? "" : " \"" + b.name + "\"", b.contiguous ? " contiguous" : "");
  }
  for (std::size_t i = 0; i < program.kernels.size(); ++i)
    text += fmt::format("kernel {} \"{}\": {}", i, program.kernels[i].name, std::visit(BodyPrinter{}, program.kernels[i].body));
  return text;
}

void verify(const Program& program) {
  for (const Kernel& k : program.kernels) std::visit(BodyChecker{program}, k.body);
}

}  // namespace actinium::program
