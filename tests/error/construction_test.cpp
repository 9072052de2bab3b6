// Mistakes in building and differentiating expressions, one each: the kind of error, what it says, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "actinium/autodiff.h"
#include "actinium/conv.h"
#include "actinium/einsum.h"
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
    {"einsum_character", "ValueError", {"construction_test.cpp:", "[einsum] \"ij;jk\" at 3: ';' is no index: a letter, '...', ',' or '->' is expected"},
     [](Inputs& in) { einsum("ij;jk", in.x, in.V); }},
    {"einsum_second_arrow", "ValueError", {"[einsum] \"ij->i->j\" at 6: '-' is no index: a letter, '...' is expected"}, [](Inputs& in) { einsum("ij->i->j", in.x); }},
    {"einsum_two_dots", "ValueError", {"\"..ij\" at 1: '.' is no index"}, [](Inputs& in) { einsum("..ij", in.x); }},
    {"einsum_two_ellipses", "ValueError", {"\"...i...\" at 5: a second '...' in one operand"}, [](Inputs& in) { einsum("...i...", in.x); }},
    {"einsum_count", "ShapeError", {"[einsum] \"ij,jk\": 2 operands are named, 1 given"}, [](Inputs& in) { einsum("ij,jk", in.x); }},
    {"einsum_none", "ShapeError", {"[einsum] \"\": no operands are given"}, [](Inputs&) { einsum("", std::vector<Expr>{}); }},
    {"einsum_rank", "ShapeError", {"[einsum] \"ij,j\": operand 2, V [10, 5] has 2 axes, 1 is named"}, [](Inputs& in) { einsum("ij,j", in.x, in.V); }},
    {"einsum_rank_under_ellipsis", "ShapeError", {"operand 1, row [7] has 1 axis, 2 are named"}, [](Inputs& in) { einsum("i...j", in.row); }},
    {"einsum_size", "ShapeError", {"[einsum] \"ij,jk->ik\": index j is 10 in operand 1, x [batch, 10] and 12 in operand 2, W [12, 5]"},
     [](Inputs& in) { einsum("ij,jk->ik", in.x, in.W); }},
    {"einsum_symbol", "ShapeError", {"index i is batch in operand 1, x [batch, 10] and 7 in operand 2, row [7]"}, [](Inputs& in) { einsum("ij,i", in.x, in.row); }},
    {"einsum_ellipsis_size", "ShapeError", {"an axis of '...' is 10 in operand 1, x [batch, 10] and 7 in operand 2, row [7]"},
     [](Inputs& in) { einsum("...,...->...", in.x, in.row); }},
    {"einsum_diagonal", "ShapeError", {"operand 1, V [10, 5] has a diagonal over index i, but its sizes are 10 and 5"}, [](Inputs& in) { einsum("ii", in.V); }},
    {"einsum_output_unknown", "ValueError", {"\"ij->k\" at 5: index k of the output is in no operand"}, [](Inputs& in) { einsum("ij->k", in.x); }},
    {"einsum_output_twice", "ValueError", {"\"ij->ii\" at 6: index i is twice in the output"}, [](Inputs& in) { einsum("ij->ii", in.x); }},
    {"einsum_output_without_ellipsis", "ValueError", {"'...' has axes that the output must have too"}, [](Inputs& in) { einsum("...j->j", in.x); }},
    {"einsum_rank_nine", "ShapeError", {"[einsum] \"a,b,c,d,e,f,g,h,i\": the output has 9 axes, more than 8"},
     [](Inputs& in) { einsum("a,b,c,d,e,f,g,h,i", in.row, in.row, in.row, in.row, in.row, in.row, in.row, in.row, in.row); }},
    {"einsum_types", "TypeError", {"[einsum] \"ij,ij\": operand 2, d [batch, 10], is f64, but x [batch, 10] is f32"}, [](Inputs& in) { einsum("ij,ij", in.x, in.d); }},
    {"einsum_bool", "TypeError", {"[einsum] \"i\": operand 1, p [batch], is bool: convert it with cast"}, [](Inputs& in) { einsum("i", in.p); }},
    {"einsum_two_graphs", "GraphError", {"[einsum] \"ij,ij\": operands of two graphs: x [batch, 10] and far [batch, 10]"}, [](Inputs& in) { einsum("ij,ij", in.x, in.far); }},
    {"einsum_of_numbers", "GraphError", {"[einsum] \",\": an expression without a graph"}, [](Inputs&) { einsum(",", 2.0, 3.0); }},

    {"conv_rank", "ShapeError", {"construction_test.cpp:", "[conv1d] row [7] must be [..., length, channels]"}, [](Inputs& in) { conv1d(in.row, reshape(in.W, {1, 12, 5})); }},
    {"conv_filter_rank", "ShapeError", {"[conv2d] the filter W [12, 5] must be [height, width, channels in, channels out]"},
     [](Inputs& in) { conv2d(reshape(in.V, {5, 5, 2}), in.W); }},
    {"conv_channels", "ShapeError", {"[conv1d] x [batch, 10] has 10 channels, the filter [2, 6, 5] takes 6"}, [](Inputs& in) { conv1d(in.x, reshape(in.W, {2, 6, 5})); }},
    {"conv_group_channels", "ShapeError", {"has 10 channels, the filter [2, 6, 5] takes 6 in each of 2 groups"},
     [](Inputs& in) { conv1d(in.x, reshape(in.W, {2, 6, 5}), {.groups = 2}); }},
    {"conv_group_filters", "ShapeError", {"the 5 filters of [2, 5, 5] do not divide into 2 groups"},
     [](Inputs& in) { conv1d(in.x, reshape(in.V, {2, 5, 5}), {.groups = 2}); }},
    {"conv_groups", "ValueError", {"[conv1d] 0 groups"}, [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.groups = 0}); }},
    {"conv_window_too_long", "ShapeError", {"[conv1d] V [10, 5]: the window of 12 is longer than axis 0, 10"}, [](Inputs& in) { conv1d(in.V, reshape(in.W, {12, 5, 1})); }},
    {"conv_window_too_long_with_padding", "ShapeError", {"the window of 13 is longer than axis 0, 10 and 2 of padding"},
     [](Inputs& in) { conv1d(in.V, slice(reshape(in.W, {12, 5, 1}), 0, 2), {.padding = 1, .dilation = 12}); }},
    {"conv_run_time_stride", "ShapeError", {"[conv1d] x [batch, 10]: windows along axis 0, of size batch, in steps of 2 have no exact number"},
     [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.stride = 2}); }},
    {"conv_stride", "ValueError", {"the stride 0 is not positive"}, [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.stride = 0}); }},
    {"conv_strides", "ShapeError", {"2 strides for 1 spatial axis"}, [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.stride = {1, 1}}); }},
    {"conv_padding", "ValueError", {"the padding -1 is negative"}, [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.padding = {{0, -1}}}); }},
    {"conv_paddings", "ShapeError", {"2 pairs of padding for 1 spatial axis"}, [](Inputs& in) { conv1d(in.x, reshape(in.V, {1, 10, 5}), {.padding = {{0, 1}, {1, 0}}}); }},
    {"conv_types", "TypeError", {"[conv1d] types differ: d [batch, 10] is f64, the filter [1, 10, 5] is f32"}, [](Inputs& in) { conv1d(in.d, reshape(in.V, {1, 10, 5})); }},
    {"conv_integers", "TypeError", {"[conv1d] needs f32 or f64: [batch, 1] is i32"}, [](Inputs& in) { conv1d(expand_dims(in.i, 1), reshape(in.i, {"batch", 1, 1})); }},
    {"conv_run_time_filter", "ShapeError", {"axis 0 of the filter [batch, 10, 1] must be a number known now"}, [](Inputs& in) { conv1d(in.x, expand_dims(in.x, 2)); }},
    {"conv_empty_filter", "ShapeError", {"the filter [0, 10, 5] is empty"}, [](Inputs& in) { conv1d(in.x, slice(reshape(in.V, {1, 10, 5}), 0, 0)); }},
    {"conv_two_graphs", "GraphError", {"[conv1d] operands of two graphs"}, [](Inputs& in) { conv1d(in.x, expand_dims(in.far, 2)); }},
    {"conv_number", "ShapeError", {"[conv2d] a number has no axes"}, [](Inputs& in) { conv2d(2.0, in.x); }},
    {"pool_rank", "ShapeError", {"[max_pool] x [batch, 10] has no 2 spatial axes before its channels"}, [](Inputs& in) { max_pool(in.x, {2, 2}); }},
    {"pool_window", "ValueError", {"[max_pool] the window 0 is not positive"}, [](Inputs& in) { max_pool(in.V, {0}); }},
    {"pool_no_window", "ShapeError", {"[avg_pool] the window has no axes"}, [](Inputs& in) { avg_pool(in.V, {}); }},
    {"pool_of_padding_alone", "ValueError", {"[avg_pool] padding by 2 and 0: a window of 2 would hold padding alone"}, [](Inputs& in) { avg_pool(in.V, {2}, {.padding = {{2, 0}}}); }},
    {"pool_of_bools", "TypeError", {"[max_pool]", "is bool: convert it with cast"}, [](Inputs& in) { max_pool(expand_dims(in.p, 1), {1}); }},
    {"pool_mean_of_integers", "TypeError", {"[avg_pool] integers have no /"}, [](Inputs& in) { avg_pool(expand_dims(in.i, 1), {1}); }},
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
