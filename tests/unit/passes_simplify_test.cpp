// simplify: each rewrite keeps every value, special ones included, and gives the form that is meant.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "ops/rules.hpp"
#include "passes/algebra.hpp"
#include "passes/pass.hpp"
#include "support/reference.hpp"

namespace actinium {
namespace {

using ops::Op;
using passes::Licence;
using passes::Pattern;

constexpr double inf = std::numeric_limits<double>::infinity();
const std::vector<double> special{0.0, -0.0, 1, -1, 0.5, -2.5, 3, 1e300, -1e300, 5e-324, inf, -inf, std::nan("")};

bool same(double a, double b) { return (a != a && b != b) || (a == b && std::signbit(a) == std::signbit(b)); }

/// A pattern as an expression over inputs; `type` is that of the numbers among its variables.
class Instance {
 public:
  explicit Instance(DType type) : type_(type) {}

  Expr expression(const Pattern& p, DType type) {
    switch (p.kind) {
      case Pattern::Kind::variable: return g.input("v" + std::to_string(p.variable), {}, type);
      case Pattern::Kind::number: return {g.data(), g.data()->number(type, p.number)};
      case Pattern::Kind::op: break;
    }
    std::vector<Expr> operands;
    for (std::size_t i = 0; i < p.operands.size(); ++i) operands.push_back(expression(p.operands[i], operand_type(p.op, i)));
    return ops::build(g.data(), p.op, operands);
  }
  DType operand_type(Op op, std::size_t i) const {
    const bool logic = op == Op::logical_and || op == Op::logical_or || op == Op::logical_xor || op == Op::logical_not;
    return logic || (op == Op::select && i == 0) ? boolean : type_;
  }
  static bool is_logic(Op op) {
    return op == Op::logical_and || op == Op::logical_or || op == Op::logical_xor || op == Op::logical_not;
  }

  Graph g{f64};

 private:
  DType type_;
};

/// Both sides of every rewrite agree on all combinations of special values, as its licence promises.
TEST(Simplify, RewritesKeepSpecialValues) {
  for (std::size_t n = 0; n < passes::rewrites().size(); ++n) {
    const passes::Rewrite& r = passes::rewrites()[n];
    if (r.licence == Licence::fast_math) continue;
    Instance instance(f64);
    if (r.licence == Licence::integers) instance = Instance(i64);
    const bool integers = r.licence == Licence::integers;
    const DType type = Instance::is_logic(r.from.op) ? boolean : integers ? i64 : f64;
    const Expr from = instance.expression(r.from, type), to = instance.expression(r.to, type);
    const auto inputs = instance.g.inputs();
    std::vector<std::size_t> at(inputs.size(), 0);
    const std::vector<double> whole{0, 1, -1, 7, -123456};
    for (bool more = true; more;) {
      reference::Inputs values;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool condition = inputs[i].dtype() == boolean;
        const double v = condition ? static_cast<double>(at[i] % 2) : integers ? whole[at[i] % whole.size()] : special[at[i]];
        values[std::string(instance.g.data()->input_name(inputs[i].id()))] = {{}, {v}};
      }
      const double a = reference::evaluate(from, values).data[0], b = reference::evaluate(to, values).data[0];
      EXPECT_TRUE(same(a, b)) << "rewrite " << n << ": " << from << " is " << a << ", " << to << " is " << b;
      more = false;
      for (std::size_t i = 0; i < at.size() && !more; ++i) {
        more = ++at[i] < special.size();
        if (!more) at[i] = 0;
      }
    }
  }
}

/// The left side of every rewrite does become its right side.
TEST(Simplify, RewritesApply) {
  for (std::size_t n = 0; n < passes::rewrites().size(); ++n) {
    const passes::Rewrite& r = passes::rewrites()[n];
    Instance instance(r.licence == Licence::integers ? i64 : f64);
    const DType type = Instance::is_logic(r.from.op) ? boolean : r.licence == Licence::integers ? i64 : f64;
    const Expr from = instance.expression(r.from, type), to = instance.expression(r.to, type);
    const Module m = passes::simplify_fast(Module{instance.g.data(), instance.g.data()->inputs(), {from.id(), to.id()}});
    EXPECT_EQ(m.outputs[0], m.outputs[1]) << "rewrite " << n << ": " << from << " became " << print_text(*m.graph, m.outputs[0]);
  }
}

struct Form {
  const char* name;
  std::function<Expr(const Expr& x, const Expr& y)> f;
  const char* want;
};

const std::vector<Form> forms{
    {"negative_zero_stays", [](const Expr& x, const Expr&) { return x + 0.0; }, "x + 0.0"},
    {"times_zero_stays", [](const Expr& x, const Expr&) { return x * 0.0; }, "x * 0.0"},
    {"difference_with_itself_stays", [](const Expr& x, const Expr&) { return x - x; }, "x - x"},
    {"products_are_not_reassociated", [](const Expr& x, const Expr&) { return x * 2.0 * 0.5; }, "x * 2.0 * 0.5"},
    {"square_root_power_stays", [](const Expr& x, const Expr&) { return pow(x, 0.5); }, "x ** 0.5"},
    {"not_less_stays", [](const Expr& x, const Expr& y) { return !(x < y); }, "not x < y"},
    {"ones", [](const Expr& x, const Expr&) { return 1.0 * x / 1.0; }, "x"},
    {"broadcast_ones", [](const Expr& x, const Expr&) { return broadcast_to(reshape(broadcast_to(sum(x) * 0 + 1, {1}), {1, 1}), {3, 4}) * x; },
     "(sum(x) * 0.0 + 1.0) * x"},
    {"power_of_two_division", [](const Expr& x, const Expr&) { return x / 4.0; }, "x * 0.25"},
    {"other_division_stays", [](const Expr& x, const Expr&) { return x / 3.0; }, "x / 3.0"},
    {"negations", [](const Expr& x, const Expr& y) { return -(-x) + -y; }, "x - y"},
    {"transposes", [](const Expr& x, const Expr&) { return x.T().T(); }, "x"},
    {"reshapes", [](const Expr& x, const Expr&) { return reshape(reshape(x, {12}), {3, 4}); }, "x"},
    {"reshape_of_reshape", [](const Expr& x, const Expr&) { return reshape(reshape(x, {12}), {2, 6}); }, "reshape(x, (2, 6))"},
    {"broadcasts", [](const Expr&, const Expr& y) { return broadcast_to(broadcast_to(y, {3, 4}), {2, 3, 4}); }, "broadcast_to(y, (2, 3, 4))"},
    {"broadcast_moves_out", [](const Expr&, const Expr& y) { return exp(broadcast_to(y, {3, 4})); }, "broadcast_to(exp(y), (3, 4))"},
    {"size_one_axes", [](const Expr& x, const Expr&) { return sum(reshape(x, {3, 1, 4}), {0, 1}); }, "sum(x, axis=0)"},
    {"sum_of_one_element", [](const Expr& x, const Expr&) { return sum(reshape(x, {3, 4, 1}), 2); }, "x + 0.0"},
    {"casts", [](const Expr& x, const Expr&) { return cast(cast(x, f32), f64); }, "cast(cast(x, \"f32\"), \"f64\")"},
    {"casts_back", [](const Expr& x, const Expr&) { return cast(cast(cast(x, f32), f64), f32); }, "cast(x, \"f32\")"},
    {"transpose_of_ones", [](const Expr& x, const Expr&) { return transpose(reshape(x, {3, 1, 4}), {1, 0, 2}); }, "broadcast_to(x, (1, 3, 4))"},
    {"gradient_of_a_sum", [](const Expr& x, const Expr&) { return grad(sum(x * x), x); }, "x + x"},
    {"gradient_of_a_mean", [](const Expr& x, const Expr&) { return grad(mean(sin(x)), x); }, "0.08333333333333333 * cos(x)"},
};

class SimplifyForms : public testing::TestWithParam<Form> {};
TEST_P(SimplifyForms, Text) {
  Graph g{f64};
  const Expr e = GetParam().f(g.input("x", {3, 4}), g.input("y", {4}));
  const Module m = passes::simplify(Module{g.data(), g.data()->inputs(), {e.id()}});
  verify(m);
  EXPECT_EQ(print_text(*m.graph, m.outputs[0]), GetParam().want);
  EXPECT_EQ(m.graph->shape(m.outputs[0]), e.shape());
}
INSTANTIATE_TEST_SUITE_P(Passes, SimplifyForms, testing::ValuesIn(forms), [](const auto& i) { return i.param.name; });

/// Random graphs over special and ordinary values: the simplified one has the same bits wherever no rounding licence was used.
TEST(Simplify, RandomGraphsKeepTheirValues) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 pick(seed);
    Graph g{f64};
    std::vector<Expr> pool{g.input("x", {3, 4}), g.input("y", {4}), g.input("z", {3, 1}), g.constant(1), g.constant(0), g.constant(-0.0), g.constant(-1)};
    auto any = [&] { return pool[pick() % pool.size()]; };
    for (int i = 0; i < 40; ++i) {
      const Expr a = any(), b = any(), c = any();
      switch (pick() % 14) {
        case 0: pool.push_back(a + b); break;
        case 1: pool.push_back(a - b); break;
        case 2: pool.push_back(a * b); break;
        case 3: pool.push_back(-a); break;
        case 4: pool.push_back(abs(a)); break;
        case 5: pool.push_back(where(a < b, b, c)); break;
        case 6: pool.push_back(where(!(a < b) && true, a, a)); break;
        case 7: pool.push_back(max(a, b)); break;
        case 8: pool.push_back(broadcast_to(a, {3, 4}).T().T()); break;
        case 9: pool.push_back(reshape(broadcast_to(a, {3, 4}), {12}).rank() == 1 ? reshape(reshape(broadcast_to(a, {3, 4}), {4, 3}), {3, 4}) : a); break;
        case 10: pool.push_back(sum(broadcast_to(a, {3, 4}), 1, true)); break;
        case 11: pool.push_back(a / (pick() % 2 ? 2.0 : 3.0)); break;
        case 12: pool.push_back(square(a)); break;
        case 13: pool.push_back(reduce_max(reshape(broadcast_to(a, {3, 4}), {3, 1, 4}), {0, 1})); break;
      }
    }
    std::vector<NodeId> outputs;
    for (std::size_t i = pool.size() - 10; i < pool.size(); ++i) outputs.push_back(pool[i].id());
    const Module before{g.data(), g.data()->inputs(), outputs};
    const Module after = passes::simplify(before);
    verify(after);
    reference::Inputs values{{"x", reference::random({3, 4}, -2, 2, seed)}, {"y", {{4}, {}}}, {"z", {{3, 1}, {}}}};
    for (int i = 0; i < 4; ++i) values["y"].data.push_back(special[pick() % special.size()]);
    for (int i = 0; i < 3; ++i) values["z"].data.push_back(special[pick() % special.size()]);
    const auto a = reference::evaluate(before, values), b = reference::evaluate(after, values);
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].shape, b[i].shape);
      for (std::size_t k = 0; k < a[i].data.size(); ++k) EXPECT_TRUE(same(a[i].data[k], b[i].data[k])) << a[i].data[k] << " " << b[i].data[k];
    }
    EXPECT_LE(after.graph->size(), before.graph->size() + 10);
  }
}

}  // namespace
}  // namespace actinium
