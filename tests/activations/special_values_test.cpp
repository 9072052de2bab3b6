// Values and derivatives at the infinities, the largest numbers, 0 and the smallest subnormal number, as a table: where
// textbook forms give nan, infinity or 0. Both engines, f32 and f64. Start reading at rows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/function.h"
#include "actinium/graph.h"
#include "actinium/parse.h"
#include "activations/catalogue.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

/// A cell: a number, or a multiple of the smallest subnormal or the largest number of the type, or of 1/largest.
struct Cell {
  double factor = 0;
  enum Unit : std::uint8_t { number, subnormal, largest, inverse, log_subnormal, finite, unstated } unit = number;
  Cell(double value) : factor(value) {}
  Cell(double f, Unit u) : factor(f), unit(u) {}
};
const Cell s{1, Cell::subnormal}, MAX{1, Cell::largest}, any{0, Cell::unstated};
Cell operator*(double f, const Cell& c) { return {f * c.factor, c.unit}; }

struct SpecialRow {
  const char* name;
  int order;
  std::vector<double> parameters;
  Cell at[6];  ///< -inf, -MAX, 0, s, MAX, inf
};

constexpr double ln2 = 0.69314718055994531, gelu_curvature = 0.79788456080286536;

// clang-format off
const SpecialRow rows[] = {
    //                    -inf  -MAX          0      s        MAX        inf
    {"linear", 0, {},     {-inf, -1 * MAX,    0,     s,       MAX,       inf}},
    {"relu", 0, {},       {0,    0,           0,     s,       MAX,       inf}},
    {"relu", 1, {},       {0,    0,           0,     1,       1,         1}},
    {"leaky_relu", 0, {0.25}, {-inf, -0.25 * MAX, 0, s,       MAX,       inf}},
    {"leaky_relu", 0, {0},  {0,  0,           0,     s,       MAX,       inf}},
    {"leaky_relu", 1, {0},  {0,  0,           0,     1,       1,         1}},
    {"prelu", 0, {0.25},  {-inf, -0.25 * MAX, 0,     s,       MAX,       inf}},
    {"prelu", 0, {0},     {0,    0,           0,     s,       MAX,       inf}},
    {"relu6", 0, {},      {0,    0,           0,     s,       6,         6}},
    {"elu", 0, {},        {-1,   -1,          0,     s,       MAX,       inf}},
    {"elu", 0, {0.5},     {-0.5, -0.5,        0,     s,       MAX,       inf}},
    {"elu", 1, {},        {0,    0,           1,     1,       1,         1}},
    {"celu", 0, {0.5},    {-0.5, -0.5,        0,     s,       MAX,       inf}},
    {"celu", 1, {0.5},    {0,    0,           1,     1,       1,         1}},
    {"selu", 0, {},       {-1.7580993408473768, -1.7580993408473768, 0, s, inf, inf}},
    {"exponential", 0, {}, {0,   0,           1,     1,       inf,       inf}},
    {"sigmoid", 0, {},    {0,    0,           0.5,   0.5,     1,         1}},
    {"sigmoid", 1, {},    {0,    0,           0.25,  0.25,    0,         0}},
    {"sigmoid", 2, {},    {0,    0,           0,     any,     0,         0}},
    {"tanh", 0, {},       {-1,   -1,          0,     s,       1,         1}},
    {"tanh", 1, {},       {0,    0,           1,     1,       0,         0}},
    {"tanh", 2, {},       {0,    0,           0,     -2 * s,  0,         0}},
    {"softplus", 0, {},   {0,    0,           ln2,   ln2,     MAX,       inf}},
    {"softplus", 1, {},   {0,    0,           0.5,   0.5,     1,         1}},
    {"softplus", 0, {3},  {0,    0,           ln2/3, ln2/3,   MAX,       inf}},
    {"log_sigmoid", 0, {}, {-inf, -1 * MAX,   -ln2,  -ln2,    -0.0,      -0.0}},
    {"log_sigmoid", 1, {}, {1,   1,           0.5,   0.5,     0,         0}},
    {"silu", 0, {},       {-0.0, -0.0,        0,     0.5 * s, MAX,       inf}},
    {"silu", 1, {},       {-0.0, -0.0,        0.5,   0.5,     1,         1}},
    {"silu", 2, {},       {-0.0, -0.0,        0.5,   0.5,     0,         0}},
    {"gelu", 0, {},       {-0.0, -0.0,        0,     0.5 * s, MAX,       inf}},
    {"gelu", 1, {},       {0,    0,           0.5,   0.5,     1,         1}},
    {"gelu", 2, {},       {0,    0,           gelu_curvature, gelu_curvature, 0, 0}},
    {"gelu_tanh", 0, {},  {-0.0, -0.0,        0,     0.5 * s, MAX,       inf}},
    {"gelu_tanh", 1, {},  {-0.0, -0.0,        0.5,   0.5,     1,         1}},
    {"silu", 0, {0},      {-inf, -0.5 * MAX,  0,     0.5 * s, 0.5 * MAX, inf}},
    {"silu", 1, {0},      {0.5,  0.5,         0.5,   0.5,     0.5,       0.5}},
    {"quick_gelu", 0, {}, {-0.0, -0.0,        0,     0.5 * s, MAX,       inf}},
    {"mish", 0, {},       {-0.0, -0.0,        0,     0.6 * s, MAX,       inf}},
    {"mish", 1, {},       {-0.0, -0.0,        0.6,   0.6,     1,         1}},
    {"softsign", 0, {},   {-1,   -1,          0,     s,       1,         1}},
    {"softsign", 1, {},   {0,    0,           1,     1,       0,         0}},
    {"squareplus", 0, {}, {0,    Cell(1, Cell::inverse), 1, 1, MAX,      inf}},
    {"squareplus", 1, {}, {0,    0,           0.5,   0.5,     1,         1}},
    {"tanh_shrink", 0, {}, {-inf, -1 * MAX,   0,     0,       MAX,       inf}},
    {"tanh_shrink", 1, {}, {1,   1,           0,     0,       1,         1}},
    {"hard_silu", 0, {},  {0,    0,           0,     0.5 * s, MAX,       inf}},
    {"hard_silu", 1, {},  {0,    0,           0.5,   0.5,     1,         1}},
    {"hard_sigmoid", 0, {}, {0,  0,           0.5,   0.5,     1,         1}},
    {"hard_tanh", 0, {},  {-1,   -1,          0,     s,       1,         1}},
    {"gaussian", 0, {},   {0,    0,           1,     1,       0,         0}},
    {"gaussian", 1, {},   {0,    0,           0,     -2 * s,  0,         0}},
    {"bent_identity", 0, {}, {-inf, -0.5 * MAX, 0,   s,       inf,       inf}},
    {"bent_identity", 1, {}, {0.5, 0.5,       1,     1,       1.5,       1.5}},
    {"log1mexp", 0, {},   {nan,  nan,         -inf,  Cell(1, Cell::log_subnormal), -0.0, -0.0}},
    {"log1mexp", 1, {},   {nan,  nan,         inf,   inf,     0,         0}},
    {"snake", 0, {},      {nan,  Cell(0, Cell::finite), 0, s, MAX,       nan}},
    {"isru", 0, {},       {-1,   -1,          0,     s,       1,         1}},
    {"isru", 1, {},       {0,    0,           1,     1,       0,         0}},
    {"lisht", 0, {},      {inf,  MAX,         0,     0,       MAX,       inf}},
    {"lisht", 1, {},      {-1,   -1,          0,     2 * s,   1,         1}},
    {"normcdf", 0, {},    {0,    0,           0.5,   0.5,     1,         1}},
    {"erf", 0, {},        {-1,   -1,          0,     any,     1,         1}},
};
// clang-format on

std::optional<double> meaning(const Cell& c, DType type) {
  const bool single = type == f32;
  const double least = single ? static_cast<double>(std::numeric_limits<float>::denorm_min())
                              : std::numeric_limits<double>::denorm_min(),
               most =
                   single ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  switch (c.unit) {
    case Cell::number: return c.factor;
    case Cell::subnormal: return c.factor * least;
    case Cell::largest: return c.factor * most;
    case Cell::inverse: return c.factor / most;
    case Cell::log_subnormal: return std::log(least);
    case Cell::finite:
    case Cell::unstated: return std::nullopt;
  }
  return std::nullopt;
}

template <class T>
void check(DType type, Engine engine) {
  const T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();
  const T infinite = std::numeric_limits<T>::infinity();
  const T points[] = {-infinite, -most, 0, least, most, infinite, std::numeric_limits<T>::quiet_NaN()};
  for (const SpecialRow& row : rows) {
    Graph g(type);
    std::vector<Argument> arguments{Argument("", g.input("x", {7}))};
    for (double p : row.parameters) arguments.emplace_back("", p);
    const Expr y = activations::apply(*activations::find(row.name), arguments, {}, row.order);
    Tensor in = Tensor::empty({7}, type);
    std::copy(std::begin(points), std::end(points), in.data<T>());
    const Tensor out = compile({arguments[0].expr}, {y}, {.engine = engine})(std::vector{in});
    for (std::size_t i = 0; i < 6; ++i) {
      const double got = static_cast<double>(out.data<T>()[i]);
      SCOPED_TRACE(std::string(row.name) + " order " + std::to_string(row.order) + " at " + std::to_string(points[i]) +
                   ": " + std::to_string(got));
      if (row.at[i].unit == Cell::finite) {
        EXPECT_TRUE(std::isfinite(got));
      }
      const auto expected = meaning(row.at[i], type);
      if (!expected) continue;
      if (std::isnan(*expected)) {
        EXPECT_TRUE(std::isnan(got));
      } else if (std::isinf(*expected) || *expected == 0) {
        // "0" also stands for what is less than any number that the type has.
        EXPECT_TRUE(got == *expected || (*expected == 0 && std::abs(got) <= static_cast<double>(least))) << *expected;
        if (std::isinf(points[i]) && std::signbit(*expected) && row.order == 0) {
          EXPECT_TRUE(std::signbit(got)) << "sign";
        }
      } else if (std::abs(*expected) < 4 * static_cast<double>(least)) {
        EXPECT_LE(std::abs(got - *expected), static_cast<double>(least));
      } else {
        EXPECT_LE(distance(got, Real(*expected), type == f32 ? f32_format : f64_format), 4) << *expected;
      }
    }
    // Constant derivatives may take a side on nan; nothing else may. (silu with beta = 0 is x/2.)
    const bool flat = row.order >= activations::find(row.name)->entry->facts().zero_from - 1 ||
                      (row.order > 0 && row.parameters == std::vector<double>{0});
    EXPECT_TRUE(flat || std::isnan(out.data<T>()[6])) << row.name << " order " << row.order << " of nan";
  }
}

TEST(SpecialValues, Interpreted) {
  check<float>(f32, Engine::interpret);
  check<double>(f64, Engine::interpret);
}
TEST(SpecialValues, Compiled) {
  check<float>(f32, Engine::jit);
  check<double>(f64, Engine::jit);
}

/// Derivatives of primitives where a plain product would have nan or lose a tail.
TEST(SpecialValues, OfPrimitives) {
  struct Row {
    const char* text;
    double x;
    int order;
    double expected;
  };
  const Row primitives[] = {
      {"hypot(x, 3)", inf, 1, 1},
      {"hypot(x, 3)", -inf, 1, -1},
      {"hypot(3, x)", -inf, 1, -1},
      {"hypot(x, 3)", 0, 1, 0},
      {"hypot(x, x)", inf, 1, std::sqrt(2.0)},
      {"hypot(x, 1e308)", 1.7e308, 1, 0.8619342151577695},
      {"hypot(x, inf)", 5, 1, 0},
      {"log1mexp(x)", -1, 0, nan},
      {"log1mexp(x)", -1, 1, nan},
      {"log1mexp(x)", -0.0, 1, inf},
      {"log1mexp(x)", 0, 2, -inf},
      {"erf(x)", 26.8, 2, -7.1441599079846195e-311},
      {"gauss(x)", inf, 1, 0},
      {"normcdf(x)", -38.5, 2, 2.0886847448145872e-321},
      {"normpdf(x)", -inf, 1, 0},
  };
  for (const Row& row : primitives) {
    Graph g(f64);
    const Expr x = g.input("x", {});
    Expr y = parse(g, row.text);
    for (int i = 0; i < row.order; ++i) y = derivative(y, x);
    const double got = compile({x}, {y})(std::vector{Tensor::scalar(row.x)}).item<double>();
    SCOPED_TRACE(std::string(row.text) + " order " + std::to_string(row.order) + " at " + std::to_string(row.x));
    if (std::isnan(row.expected))
      EXPECT_TRUE(std::isnan(got));
    else
      EXPECT_LE(distance(got, Real(row.expected), f64_format), 4) << got;
  }
}

TEST(SpecialValues, OfNumbersWithoutAGraph) {
  EXPECT_DOUBLE_EQ(sech2(2.0).literal(), 0.070650824853164466);
  EXPECT_DOUBLE_EQ(logistic_pdf(0.0).literal(), 0.25);
  EXPECT_DOUBLE_EQ(gauss(1.0).literal(), 0.36787944117144233);
  EXPECT_DOUBLE_EQ(normpdf(0.0).literal(), 0.3989422804014327);
  EXPECT_DOUBLE_EQ(normcdf(0.0).literal(), 0.5);
  EXPECT_DOUBLE_EQ(actinium::softplus(0.0).literal(), ln2);
  EXPECT_DOUBLE_EQ(actinium::mish(0.5).literal(), 0.3752452113048951);
}

}  // namespace
}  // namespace actinium::testing
