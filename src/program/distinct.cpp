// Kernels that are the same but for the memory they work on: they share one piece of code.
#include <map>
#include <tuple>

#include "program/program.hpp"

namespace actinium::program {
namespace {

/// The kernel's body, its buffers numbered in the order they occur: which are the same, but not which they are.
class Anonymous {
 public:
  void operator()(LoopKernel& k) { number(k.accesses); }
  void operator()(ColumnKernel& k) { number(k.accesses); }
  void operator()(MatmulKernel& k) {
    number(k.a), number(k.b);
    number(k.accesses);
  }
  void operator()(LibraryKernel&) {}  // has no code of its own
  void operator()(IterationKernel&) {}

 private:
  std::map<BufferId, std::uint32_t> numbers_;

  void number(Access& access) {
    if (access.buffer == no_buffer) return;
    access.buffer =
        BufferId{numbers_.emplace(access.buffer, static_cast<std::uint32_t>(numbers_.size())).first->second};
  }
  void number(std::vector<Access>& accesses) {
    for (Access& access : accesses) number(access);
  }
};

/// Equal for equal kernels, and soon computed.
auto sketch(const Kernel& kernel) {
  const auto sizes = [](const auto& k) -> std::pair<std::size_t, std::size_t> {
    if constexpr (std::is_same_v<std::decay_t<decltype(k)>, LibraryKernel> ||
                  std::is_same_v<std::decay_t<decltype(k)>, IterationKernel>) {
      return {k.operands.size(), 0};
    } else {
      return {k.accesses.size(), k.values.size()};
    }
  };
  const auto [first, second] = std::visit(sizes, kernel.body);
  return std::tuple(kernel.body.index(), first, second);
}

}  // namespace

std::vector<std::size_t> distinct(const Program& program) {
  using Body = decltype(Kernel::body);
  std::map<std::tuple<std::size_t, std::size_t, std::size_t>, std::vector<std::pair<std::size_t, Body>>> known;
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < program.kernels.size(); ++i) {
    Body body = program.kernels[i].body;
    std::visit(Anonymous{}, body);
    auto& alike = known[sketch(program.kernels[i])];
    std::size_t same = i;
    for (const auto& [other, other_body] : alike) {
      if (body == other_body) same = std::min(same, other);
    }
    if (same == i) alike.emplace_back(i, std::move(body));
    first.push_back(same);
  }
  return first;
}

}  // namespace actinium::program
