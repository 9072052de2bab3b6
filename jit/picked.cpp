// See picked.hpp.
#include "jit/picked.hpp"

#include <algorithm>
#include <optional>

namespace actinium::jit {
namespace {

using program::Access;
using program::Step;
using program::ValueId;

class Finder {
 public:
  Finder(const program::LoopKernel& kernel, const program::Stage& stage) : kernel_(kernel), stage_(stage) {}

  std::optional<Picked> find(const program::Reduction& sum) const {
    if (sum.combine != program::Combine::sum || sum.factor || !is_float(type(sum.value))) return std::nullopt;
    const Step* chosen = op(sum.value, ops::Op::select);
    if (chosen == nullptr || !is_zero(chosen->operands[2])) return std::nullopt;
    const Access* element = load(chosen->operands[1]);
    const Step* same = op(chosen->operands[0], ops::Op::equal);
    if (element == nullptr || same == nullptr || is_index(*element) || element->dims.back().axis < 0)
      return std::nullopt;
    for (int i = 0; i < 2; ++i) {
      const ValueId number = same->operands[static_cast<std::size_t>(i)];
      const Access* label = load(same->operands[static_cast<std::size_t>(1 - i)]);
      if (label == nullptr || is_index(*label) || label->dims.back().axis >= 0 || !is_number(number)) continue;
      if (label->dtype == DType::i32 || label->dtype == DType::i64)
        return Picked{sum, position(*element), position(*label)};
    }
    return std::nullopt;
  }

 private:
  const program::LoopKernel& kernel_;
  const program::Stage& stage_;

  DType type(ValueId v) const { return kernel_.values[program::index(v)]; }
  static bool is_index(const Access& access) { return access.buffer == program::no_buffer; }
  int position(const Access& access) const { return static_cast<int>(&access - kernel_.accesses.data()); }
  const Step* step(ValueId v) const {
    const auto at =
        std::find_if(stage_.steps.begin(), stage_.steps.end(), [&](const Step& s) { return s.result == v; });
    return at == stage_.steps.end() ? nullptr : &*at;
  }
  const Step* op(ValueId v, ops::Op wanted) const {
    const Step* s = step(v);
    return s != nullptr && s->kind == Step::Kind::op && s->op == wanted ? s : nullptr;
  }
  const Access* load(ValueId v) const {
    const Step* s = step(v);
    return s != nullptr && s->kind == Step::Kind::load ? &kernel_.accesses[s->number] : nullptr;
  }
  bool is_zero(ValueId v) const {
    const Step* s = step(v);
    return s != nullptr && s->kind == Step::Kind::constant && s->number == 0;
  }
  /// The number of the element in its row, as labels have it.
  bool is_number(ValueId v) const {
    if (const Step* cast = op(v, ops::Op::cast)) v = cast->operands[0];
    const Access* access = load(v);
    if (access == nullptr || !is_index(*access) || access->start.size() != 1 || !access->start[0].is(0)) return false;
    return std::all_of(access->dims.begin(), access->dims.end(),
                       [&](const auto& d) { return d.multiplier.is(&d == &access->dims.back() ? 1 : 0); });
  }
};

}  // namespace

std::vector<Picked> take_picked(const program::LoopKernel& kernel, program::Stage& stage) {
  std::vector<Picked> result;
  const Finder finder(kernel, stage);
  std::erase_if(stage.reductions, [&](const program::Reduction& reduction) {
    const std::optional<Picked> picked = finder.find(reduction);
    if (picked) result.push_back(*picked);
    return picked.has_value();
  });
  return result;
}

}  // namespace actinium::jit
