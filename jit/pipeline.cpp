// The plan: times as if there were no limits but latencies, cut into stages of the time that one iteration takes.
#include "jit/pipeline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace actinium::jit {

using machine::Code;
using machine::Inst;
using machine::Op;
using machine::Type;
using machine::Value;

namespace {

/// Cycles until a result is there, and the shares of execution units that an operation takes: measured with vectors of
/// 512 bits on Zen 5, which has two units for products and fused operations, two for sums, conversions and comparisons,
/// and four that share all of these and the logic.
struct Cost {
  int latency;
  double products = 0, sums = 0, logic = 0, divider = 0;
};

Cost cost_of(const Inst& inst) {
  const bool wide = inst.type == Type::f64 || inst.type == Type::i64;
  switch (inst.op) {
    case Op::constant:
    case Op::bits:
    case Op::from_bits:
    case Op::lnot: return {0};
    case Op::input: return {7};
    case Op::add:
    case Op::sub: return {.latency = 3, .sums = 1};
    case Op::mul:
    case Op::fma:
    case Op::muladd: return {.latency = 4, .products = 1};
    case Op::div: return {.latency = wide ? 13 : 11, .products = 2, .divider = wide ? 4.0 : 2.5};
    case Op::sqrt: return {.latency = wide ? 20 : 14, .products = 2, .divider = wide ? 9.0 : 5.0};
    case Op::neg:
    case Op::abs:
    case Op::copysign:
    case Op::iadd:
    case Op::isub:
    case Op::iand:
    case Op::ior:
    case Op::ixor:
    case Op::select: return {.latency = 1, .logic = 1};
    case Op::shl:
    case Op::lshr:
    case Op::ashr: return {.latency = 1, .sums = 1};
    case Op::min:
    case Op::max: return {.latency = 2, .sums = 1};
    case Op::rint:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::to_float:
    case Op::imul: return {.latency = 4, .sums = 1};
    case Op::resize: return {.latency = 4, .sums = 2};
    case Op::to_int: return {.latency = 10, .sums = 3, .logic = 3};
    case Op::scale: return {.latency = 4, .products = 2};
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
    case Op::eq:
    case Op::ne: return {.latency = 4, .sums = 1};
    case Op::land:
    case Op::lor:
    case Op::lxor: return {.latency = 1, .logic = 1};
    case Op::lookup: return {.latency = 6, .products = 1};
    case Op::rare: return {0};
  }
  return {0};
}

/// Below this many cycles an iteration is so short that values would have to be carried through many.
constexpr double least_interval = 15;
/// An iteration takes at most so much longer than its busiest unit.
constexpr double most_slack = 1.6;
/// Registers for constants and for operands in memory on their way.
constexpr int other_registers = 4;
/// What a value for which there is none costs an iteration: stored, loaded and moved. Measured on bench/vector_math and
/// loops of bench/cases.
constexpr double cycles_of_spill = 2;
/// A longer iteration has to promise so much: the sums are not exact.
constexpr double worth_it = 0.97;
/// Instructions of a slice.
constexpr std::size_t longest_slice = 16;

class Planner {
 public:
  Planner(const Code& code, std::span<const PipelineInput> inputs, int registers)
      : code_(code), inputs_(inputs), registers_(registers - other_registers) {
    const std::size_t n = code.insts.size();
    plan_.stage.assign(1, std::vector<int>(n, 0));
    asap_.assign(n, 0);
    time_.assign(n, 0);
    find_invariant();
  }

  Pipeline run(std::span<const Value> stored, int most_vectors, bool overlaps) {
    const double cycles = std::max(1.0, cycles_of_vector());
    while (plan_.vectors < most_vectors && cycles * plan_.vectors < least_interval) plan_.vectors *= 2;
    plan_.stage.resize(static_cast<std::size_t>(plan_.vectors), plan_.stage[0]);
    find_slices();
    const int best = best_interval(cycles * plan_.vectors, stored, overlaps);
    arrange(best, stored, overlaps);
    return std::move(plan_);
  }

 private:
  const Code& code_;
  std::span<const PipelineInput> inputs_;
  const int registers_;
  Pipeline plan_;
  int interval_ = 1;
  std::vector<int> asap_, time_;  // cycles from the beginning of the body

  static std::size_t index(Value v) { return static_cast<std::size_t>(v); }
  std::size_t size() const { return code_.insts.size(); }
  const Inst& inst(std::size_t i) const { return code_.insts[i]; }
  bool varies(std::size_t i) const { return plan_.stage[0][i] != Pipeline::invariant; }
  /// How much later than the first part another one is read from memory: loads in a row would make the processor wait
  /// where they miss the caches. All else is done for all parts at once, with constants loaded once for all of them.
  int skew(int part) const { return part * interval_ / plan_.vectors; }
  int last_skew() const { return skew(plan_.vectors - 1); }
  int time(std::size_t i, int part) const { return time_[i] + (inst(i).op == Op::input ? skew(part) : last_skew()); }
  /// The same register as its operand.
  bool is_alias(std::size_t i) const { return inst(i).op == Op::bits || inst(i).op == Op::from_bits; }
  int& stage(std::size_t i, int part) { return plan_.stage[static_cast<std::size_t>(part)][i]; }
  int stage(std::size_t i, int part) const { return plan_.stage[static_cast<std::size_t>(part)][i]; }
  template <class Fn>
  void for_each_operand(const Inst& of, Fn&& fn) const {
    for (Value v : {of.a, of.b, of.c}) {
      if (v != machine::no_value) fn(index(v));
    }
  }

  void find_invariant() {
    for (std::size_t i = 0; i < size(); ++i) {
      const Inst& it = inst(i);
      bool all = it.op != Op::input || inputs_[it.imm].fixed;
      for_each_operand(it, [&](std::size_t operand) { all &= !varies(operand); });
      if (all) plan_.stage[0][i] = Pipeline::invariant;
    }
  }

  void find_slices() {
    plan_.slice.resize(size());
    for (std::size_t i = 0; i < size(); ++i) {
      if (inst(i).op == Op::rare && varies(i)) plan_.slice[i] = slice_of(inst(i));
    }
  }
  std::vector<Value> slice_of(const Inst& rare) const {
    std::vector<char> wanted(size());
    wanted[index(rare.a)] = wanted[index(rare.c)] = 1;
    std::vector<Value> result;
    for (std::size_t i = size(); i-- > 0;) {
      if (!wanted[i] || !varies(i)) continue;
      const Op op = inst(i).op;
      const bool branches = op == Op::lookup || op == Op::rare;
      if (branches || result.size() == longest_slice) return {};
      result.push_back(static_cast<Value>(i));
      for_each_operand(inst(i), [&](std::size_t operand) { wanted[operand] = 1; });
    }
    std::reverse(result.begin(), result.end());
    return result;
  }

  /// Memory is read so many stages before the stores.
  void place_memory(std::span<const Value> stored, int before) {
    for (const auto& stage : plan_.stage) {
      for (Value v : stored) plan_.store_stage = std::max(plan_.store_stage, stage[index(v)]);
      for (std::size_t i = 0; i < size(); ++i) {
        if (!plan_.slice[i].empty()) plan_.store_stage = std::max(plan_.store_stage, stage[i]);
      }
    }
    for (auto& stage : plan_.stage) {
      for (std::size_t i = 0; i < size(); ++i) {
        if (!varies(i)) continue;
        if (inst(i).op == Op::input && !stored.empty())
          stage[i] = std::min(stage[i], std::max(0, plan_.store_stage - before));
        plan_.stages = std::max(plan_.stages, stage[i] + 1);
      }
    }
    if (!stored.empty()) plan_.stages = std::max(plan_.stages, plan_.store_stage + 1);
  }

  double cycles_of_vector() const {
    Cost sum{0};
    for (std::size_t i = 0; i < size(); ++i) {
      if (!varies(i)) continue;
      const Cost c = cost_of(inst(i));
      sum.products += c.products, sum.sums += c.sums, sum.logic += c.logic, sum.divider += c.divider;
    }
    return std::max({sum.products / 2, sum.sums / 2, (sum.products + sum.sums + sum.logic) / 4, sum.divider});
  }

  /// The busiest unit's cycles, or more where values would find no register.
  int best_interval(double cycles, std::span<const Value> stored, bool overlaps) {
    const int least = static_cast<int>(std::ceil(cycles)), most = static_cast<int>(std::ceil(cycles * most_slack));
    int best = least;
    double least_cost = std::numeric_limits<double>::max();
    for (int interval = least; interval <= most; ++interval) {
      arrange(interval, stored, overlaps);
      const int spilled = std::max(0, most_alive(stored) - registers_);
      const double cost = interval + cycles_of_spill * spilled;
      if (cost < least_cost * (interval == least ? 1 : worth_it)) best = interval, least_cost = cost;
    }
    return best;
  }

  /// Stages and order for iterations of `interval` cycles.
  void arrange(int interval, std::span<const Value> stored, bool overlaps) {
    interval_ = interval;
    std::fill(asap_.begin(), asap_.end(), 0);
    std::fill(time_.begin(), time_.end(), 0);
    plan_.order.clear();
    plan_.stages = 1, plan_.store_stage = 0;
    as_soon_as_possible();
    as_late_as_possible(stored);
    for (std::size_t i = 0; i < size(); ++i) {
      for (int part = 0; part < plan_.vectors && varies(i); ++part) stage(i, part) = time(i, part) / interval_;
    }
    place_memory(stored, overlaps ? 1 : 0);
    put_in_order();
  }

  /// Values in registers at once, of all stages: an operand lives from its place in the order to its last use, which
  /// may be iterations later.
  int most_alive(std::span<const Value> stored) const {
    const int n = static_cast<int>(plan_.order.size());
    std::vector<std::vector<int>> places(plan_.stage.size(), std::vector<int>(size(), n - 1));
    for (int k = 0; k < n; ++k) {
      const Pipeline::Step& step = plan_.order[static_cast<std::size_t>(k)];
      places[static_cast<std::size_t>(step.part)][index(step.value)] = k;
    }
    std::vector<int> change(static_cast<std::size_t>(n) + 1);
    int alive = 0;
    const auto live = [&](int from, int to) {
      if (to <= from) return;
      const int begin = from % n, end = begin + (to - from) % n;
      alive += (to - from) / n + (end < n ? 0 : 1);
      ++change[static_cast<std::size_t>(begin)];
      --change[static_cast<std::size_t>(end < n ? end : end - n)];
    };
    for (int part = 0; part < plan_.vectors; ++part) {
      const std::vector<int>& place = places[static_cast<std::size_t>(part)];
      const std::vector<int> last = last_uses(stored, part, place, live);
      for (std::size_t i = 0; i < size(); ++i) {
        if (!varies(i) || inst(i).type == Type::b1 || is_alias(i)) continue;
        live(stage(i, part) * n + place[i], last[i]);
      }
    }
    int most = alive;
    for (int c : change) most = std::max(most, alive += c);
    return most;
  }
  /// By instruction, in places since a vector's first iteration; -1: none. Calls live(from, to) for what is read again.
  template <class Live>
  std::vector<int> last_uses(std::span<const Value> stored, int part, const std::vector<int>& place,
                             Live&& live) const {
    const int n = static_cast<int>(plan_.order.size());
    std::vector<int> last(size(), -1);
    std::map<std::pair<std::size_t, int>, std::pair<int, int>> again;  // by value and stage
    const auto use = [&](std::size_t i, int s, int at) {
      if (s > stage(i, part) + 1 && inst(i).op == Op::input && inputs_[inst(i).imm].again) {
        auto& [first, end] = again.try_emplace({i, s}, at, at).first->second;
        first = std::min(first, at), end = std::max(end, at);
      } else {
        last[i] = std::max(last[i], at);
      }
    };
    for (Value v : stored) use(index(v), plan_.store_stage, plan_.store_stage * n + n - 1);
    for (std::size_t i = size(); i-- > 0;) {
      if (!varies(i)) continue;
      if (is_alias(i) && last[i] >= 0) use(index(inst(i).a), last[i] / n, last[i]);
      for_each_operand(inst(i), [&](std::size_t operand) {
        if (!plan_.slice[i].empty() && operand != index(inst(i).b)) return;
        use(operand, stage(i, part), stage(i, part) * n + place[i]);
      });
    }
    for (const auto& [value, range] : again) live(range.first, range.second);
    return last;
  }

  /// Of the iteration in which the last part has come to this time.
  int end_of_stage(int time) const { return ((time + last_skew()) / interval_ + 1) * interval_; }

  /// A rare branch stands at the end of an iteration: its result is there in the next.
  void as_soon_as_possible() {
    for (std::size_t i = 0; i < size(); ++i) {
      if (!varies(i)) continue;
      for_each_operand(inst(i), [&](std::size_t operand) {
        if (!varies(operand)) return;
        const bool rare = inst(operand).op == Op::rare;
        const int ready = rare ? end_of_stage(asap_[operand]) : asap_[operand] + cost_of(inst(operand)).latency;
        asap_[i] = std::max(asap_[i], ready);
      });
    }
  }

  /// What nothing else uses stays as soon as possible, all else moves to where it is used.
  void as_late_as_possible(std::span<const Value> stored) {
    constexpr int unused = 1 << 30;
    std::vector<int> latest(size(), unused);
    // Results wait for the end of an iteration.
    const auto until_end_of_stage = [&](std::span<const Value> values) {
      int last = 0;
      for (Value v : values) last = std::max(last, asap_[index(v)]);
      for (Value v : values) latest[index(v)] = end_of_stage(last) - 1 - last_skew();
    };
    for (const Value& v : code_.outputs) until_end_of_stage({&v, 1});
    until_end_of_stage(stored);
    for (std::size_t i = size(); i-- > 0;) {
      if (!varies(i)) continue;
      const Op op = inst(i).op;
      time_[i] = latest[i] == unused ? asap_[i] : latest[i];
      if (op == Op::input && inputs_[inst(i).imm].first) time_[i] = 0;
      for_each_operand(inst(i), [&](std::size_t operand) {
        int limit = time_[i] - cost_of(inst(operand)).latency;
        if (inst(operand).op == Op::rare) {
          limit = (time_[i] + (op == Op::rare ? last_skew() : 0)) / interval_ * interval_ - 1 - last_skew();
        } else if (op == Op::rare) {
          limit = end_of_stage(time_[i]) - 1 - last_skew();
        }
        // The predicate is tested as soon as it is known, and computed again with the argument.
        if (!plan_.slice[i].empty() && operand != index(inst(i).b)) return;
        latest[operand] = std::min(latest[operand], limit);
      });
    }
  }

  void put_in_order() {
    for (std::size_t i = 0; i < size(); ++i) {
      const int parts = inst(i).op == Op::rare ? 1 : plan_.vectors;
      for (int part = 0; part < parts && varies(i); ++part) plan_.order.push_back({static_cast<Value>(i), part});
    }
    const auto key = [&](const Pipeline::Step& step) {
      const std::size_t i = index(step.value);
      if (inst(i).op == Op::rare) return interval_;
      return std::min(time(i, step.part) - stage(i, step.part) * interval_, interval_ - 1);
    };
    std::stable_sort(plan_.order.begin(), plan_.order.end(),
                     [&](const Pipeline::Step& a, const Pipeline::Step& b) { return key(a) < key(b); });
  }
};

}  // namespace

Pipeline plan_pipeline(const Code& code, std::span<const PipelineInput> inputs, std::span<const Value> stored,
                       int most_vectors, bool overlaps, int registers) {
  return Planner(code, inputs, registers).run(stored, most_vectors, overlaps);
}

bool is_repeated(const Code& code, Value value) {
  const Op op = code.insts[static_cast<std::size_t>(value)].op;
  static_assert(Op::lt < Op::lnot);
  return op >= Op::lt && op <= Op::lnot;
}

}  // namespace actinium::jit
