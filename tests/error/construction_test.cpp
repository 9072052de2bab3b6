// Mistakes in building and differentiating expressions, one each: the kind of error, what it says, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "actinium/tensor.h"

namespace actinium {
namespace {

struct Inputs {
  Graph g{f32}, other{f32};
  Expr x = g.input("x", {"batch", 10}), W = g.input("W", {12, 5}), V = g.input("V", {10, 5}), row = g.input("row", {7});
  Expr s = g.input("s", {}), i = g.input("i", {"batch"}, i32), p = g.input("p", {"batch"}, boolean), d = g.input("d", {"batch", 10}, f64);
  Expr far = other.input("far", {"batch", 10});
};

struct Mistake {
  const char* name;
  const char* kind;
  std::vector<std::string> says;
  std::function<void(Inputs&)> make;
};

const std::vector<Mistake> mistakes{
    {"matmul_inner", "ShapeError", {"[matmul] inner dimensions differ: x [batch, 10] @ W [12, 5]: 10 is not 12"}, [](Inputs& in) { matmul(in.x, in.W); }},
    {"matmul_scalar", "ShapeError", {"[matmul] a scalar has no rows or columns", "write *"}, [](Inputs& in) { matmul(in.s, in.W); }},
    {"matmul_number", "ShapeError", {"[matmul] a number"}, [](Inputs& in) { matmul(in.x, 2.0); }},
    {"matmul_leading", "ShapeError", {"[matmul] leading dimensions do not broadcast"},
     [](Inputs& in) { matmul(reshape(in.V, {5, 2, 5}), reshape(in.W, {6, 5, 2})); }},
    {"matmul_integers", "TypeError", {"[matmul] needs f32 or f64"}, [](Inputs& in) { matmul(in.i, in.i); }},
    {"product_written_as_star", "ShapeError", {"[mul] shapes do not broadcast: x [batch, 10] * V [10, 5]", "did you mean matmul(x, V)?"},
     [](Inputs& in) { in.x * in.V; }},
    {"broadcast", "ShapeError", {"[add] shapes do not broadcast: x [batch, 10] + row [7]: 10 is not 7"}, [](Inputs& in) { in.x + in.row; }},
    {"symbol_is_not_one", "ShapeError", {"[add] shapes do not broadcast", "7 is not batch"}, [](Inputs& in) { in.row + cast(in.i, f32); }},
    {"types", "TypeError", {"[mul] types differ: x [batch, 10] * d [batch, 10]: f32 is not f64"}, [](Inputs& in) { in.x * in.d; }},
    {"integer_division", "TypeError", {"[div] needs f32 or f64", "cast"}, [](Inputs& in) { in.i / in.i; }},
    {"function_of_integers", "TypeError", {"[exp] needs f32 or f64, i [batch] is i32"}, [](Inputs& in) { exp(in.i); }},
    {"fraction_in_integers", "TypeError", {"[add] the number 2.5 does not fit the type i32"}, [](Inputs& in) { in.i + 2.5; }},
    {"number_beyond_i32", "TypeError", {"does not fit the type i32"}, [](Inputs& in) { in.i + 3e9; }},
    {"infinity_in_integers", "TypeError", {"does not fit the type i32"}, [](Inputs& in) { in.i * std::numeric_limits<double>::infinity(); }},
    {"logic_on_floats", "TypeError", {"[logical_and] needs bool, x [batch, 10] is f32; compare it, as in x != 0"}, [](Inputs& in) { in.x && in.x; }},
    {"not_of_floats", "TypeError", {"[logical_not] needs bool"}, [](Inputs& in) { !in.x; }},
    {"where_condition", "TypeError", {"[where] the condition x [batch, 10] is f32, not bool"}, [](Inputs& in) { where(in.x, 1.0, 0.0); }},
    {"where_branches", "TypeError", {"[where] types differ"}, [](Inputs& in) { where(in.x > 0, in.x, in.d); }},
    {"two_graphs", "GraphError", {"[add] operands of two graphs", "'x'", "'far'"}, [](Inputs& in) { in.x + in.far; }},
    {"two_graphs_in_matmul", "GraphError", {"[matmul] operands of two graphs"}, [](Inputs& in) { matmul(in.x, in.far); }},
    {"input_redeclared", "NameError", {"the input 'x' exists as f32 [batch, 10] and cannot become f32 [3]"}, [](Inputs& in) { in.g.input("x", {3}); }},
    {"input_retyped", "NameError", {"cannot become f64"}, [](Inputs& in) { in.g.input("x", {"batch", 10}, f64); }},
    {"input_without_name", "NameError", {"[input] the name is empty"}, [](Inputs& in) { in.g.input("", {3}); }},
    {"constant_named_as_input", "NameError", {"the name 'x' is taken by an input"}, [](Inputs& in) { in.g.constant("x", Tensor{1.0, 2.0}); }},
    {"constant_of_integers", "TypeError", {"[constant]"}, [](Inputs& in) { in.g.constant(0.5, i32); }},
    {"graph_of_integers", "TypeError", {"the type of a graph is f32 or f64, not i32"}, [](Inputs&) { Graph g(i32); }},
    {"axis", "ShapeError", {"[sum] axis 2 is out of range: rank 2 has axes -2 to 1"}, [](Inputs& in) { sum(in.x, 2); }},
    {"axis_twice", "ShapeError", {"[sum] axis 1 is given twice"}, [](Inputs& in) { sum(in.x, {1, -1}); }},
    {"axis_of_scalar", "ShapeError", {"[sum] axis 0 of a scalar"}, [](Inputs& in) { sum(in.s, 0); }},
    {"empty_max", "ShapeError", {"[reduce_max] axis 0 of [0, 3] is empty"}, [](Inputs& in) { reduce_max(slice(reshape(slice(in.row, 0, 6), {2, 3}), 0, 0), 0); }},
    {"empty_argmin", "ShapeError", {"[argmin]", "smallest"}, [](Inputs& in) { argmin(slice(in.row, 0, 0), 0); }},
    {"mean_of_integers", "TypeError", {"[mean] integers have no /"}, [](Inputs& in) { mean(in.i); }},
    {"reshape_size", "ShapeError", {"[reshape] sizes differ: W [12, 5] to [7, 9]: 60 is not 63"}, [](Inputs& in) { reshape(in.W, {7, 9}); }},
    {"reshape_divides", "ShapeError", {"[reshape] the size 10*batch of [batch, 10] does not divide by 3"}, [](Inputs& in) { reshape(in.x, {-1, 3}); }},
    {"reshape_two_open", "ShapeError", {"two sizes are -1"}, [](Inputs& in) { reshape(in.x, {-1, -1}); }},
    {"reshape_negative", "ShapeError", {"[reshape] the size -2 in"}, [](Inputs& in) { reshape(in.x, {-2, 5}); }},
    {"rank_nine", "ShapeError", {"rank 9 is above the limit of 8"}, [](Inputs& in) { reshape(in.s, {1, 1, 1, 1, 1, 1, 1, 1, 1}); }},
    {"negative_size", "ShapeError", {"the size -3"}, [](Inputs& in) { in.g.input("n", {-3}); }},
    {"symbol_name", "ShapeError", {"'2x' is not a name"}, [](Inputs& in) { in.g.input("n", {"2x"}); }},
    {"broadcast_to", "ShapeError", {"[broadcast_to] row [7] does not broadcast to [batch, 10]"}, [](Inputs& in) { broadcast_to(in.row, {"batch", 10}); }},
    {"permutation", "ShapeError", {"[transpose] the permutation of x [batch, 10]"}, [](Inputs& in) { transpose(in.x, {0, 0}); }},
    {"permutation_rank", "ShapeError", {"[transpose] the permutation"}, [](Inputs& in) { transpose(in.x, {0}); }},
    {"squeeze", "ShapeError", {"[squeeze] axis 1 of [batch, 10] has size 10, not 1"}, [](Inputs& in) { squeeze(in.x, 1); }},
    {"slice_step_zero", "ShapeError", {"[slice] the step is 0"}, [](Inputs& in) { slice(in.row, 0, 3, 0); }},
    {"slice_symbolic_step", "ShapeError", {"[slice] batch elements in steps of 3 have no exact number"}, [](Inputs& in) { slice(in.x, 0, std::nullopt, 3); }},
    {"pad_negative", "ShapeError", {"[pad] padding by -1 along axis 0 is negative"}, [](Inputs& in) { pad(in.row, {-1}, {0}); }},
    {"pad_amounts", "ShapeError", {"[pad] 1 and 1 amounts for the 2 axes"}, [](Inputs& in) { pad(in.x, {1}, {1}); }},
    {"concat_sizes", "ShapeError", {"[concat] parts differ beside axis 0: x [batch, 10] and W [12, 5]"}, [](Inputs& in) { concat({in.x, in.W}); }},
    {"concat_nothing", "ShapeError", {"[concat] no parts"}, [](Inputs&) { concat({}); }},
    {"concat_scalars", "ShapeError", {"use stack"}, [](Inputs& in) { concat({in.s, in.s}); }},
    {"gather_index_type", "TypeError", {"[gather] indices are i32 or i64, row [7] is f32"}, [](Inputs& in) { gather(in.x, in.row); }},
    {"scatter_updates", "ShapeError", {"[scatter_add] the updates row [7] must have the shape [batch]"}, [](Inputs& in) { scatter_add(in.row, in.i, in.row); }},
    {"one_hot_type", "TypeError", {"[one_hot] indices are i32 or i64"}, [](Inputs& in) { one_hot(in.x, 3); }},
    {"clamp_limits", "ValueError", {"[clamp] the limits are empty: 2 is above 1"}, [](Inputs& in) { clamp(in.x, 2, 1); }},
    {"unbound_reshape", "GraphError", {"[reshape] an expression without a graph"}, [](Inputs&) { reshape(Expr(1.0), {1, 1}); }},
    {"grad_of_array", "ShapeError", {"[grad] x [batch, 10] is no scalar", "sum(...)"}, [](Inputs& in) { grad(in.x, in.x); }},
    {"grad_of_integers", "TypeError", {"[grad] a derivative needs f32 or f64: i [batch] is i32"}, [](Inputs& in) { grad(sum(in.x), in.i); }},
    {"grad_of_bool_output", "TypeError", {"[grad]", "bool"}, [](Inputs& in) { grad(in.s > 0, in.s); }},
    {"grad_by_a_number", "GraphError", {"[grad] a derivative with respect to a number"}, [](Inputs& in) { grad(sum(in.x), Expr(1.0)); }},
    {"grad_of_two_graphs", "GraphError", {"[grad]", "two graphs"}, [](Inputs& in) { grad(sum(in.x), in.far); }},
    {"cotangent_shape", "ShapeError", {"[vjp] the direction row [7] must have the shape [batch, 10] of x"}, [](Inputs& in) { vjp(in.x, in.x, in.row); }},
    {"tangent_type", "TypeError", {"[jvp] the direction d [batch, 10] is f64, not f32"}, [](Inputs& in) { jvp(in.x, in.x, in.d); }},
    {"derivative_order", "ValueError", {"[derivative] of order -1"}, [](Inputs& in) { derivative(in.x, in.x, -1); }},
};

class Construction : public testing::TestWithParam<Mistake> {};

std::string kind_of(const Error& e) {
#define KIND(name) \
  if (dynamic_cast<const name*>(&e)) return #name;
  KIND(ShapeError) KIND(TypeError) KIND(NameError) KIND(GraphError) KIND(ValueError)
#undef KIND
  return "Error";
}

TEST_P(Construction, SaysWhatIsWrong) {
  Inputs in;
  const std::size_t before = in.g.node_count();
  try {
    GetParam().make(in);
  } catch (const Error& e) {
    EXPECT_EQ(kind_of(e), GetParam().kind) << e.what();
    for (const std::string& part : GetParam().says) EXPECT_THAT(e.what(), testing::HasSubstr(part));
    EXPECT_NO_THROW(in.x + 1.0) << "the graph stays usable";
    EXPECT_GE(in.g.node_count(), before);
    return;
  }
  FAIL() << "nothing was thrown";
}

INSTANTIATE_TEST_SUITE_P(Errors, Construction, testing::ValuesIn(mistakes), [](const auto& i) { return i.param.name; });

TEST(ConstructionPlace, IsTheLineOfTheUser) {
  Inputs in;
  const int line = __LINE__ + 2;
  try {
    matmul(in.x, in.W);
    FAIL();
  } catch (const ShapeError& e) {
    EXPECT_EQ(std::string(e.what()).find("construction_test.cpp:" + std::to_string(line) + ": [matmul]"), 0u) << e.what();
  }
}

static_assert(!std::is_convertible_v<Expr, bool>);

}  // namespace
}  // namespace actinium
