// Points where textbook forms fail, with correctly rounded answers: tests/activations/data/hard_points.csv.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "actinium/activations.h"
#include "actinium/autodiff.h"
#include "actinium/graph.h"
#include "activations/catalogue.hpp"
#include "activations/evaluator.hpp"
#include "activations/reference.hpp"

namespace actinium::testing {
namespace {

struct Row {
  std::string activation;
  int order;
  std::vector<std::pair<std::string, double>> parameters;
  std::vector<double> input, expected;
  bool is_vector;

  bool has(const std::string& name) const { return value(name) != nullptr; }
  const double* value(const std::string& name) const {
    for (const auto& [n, v] : parameters)
      if (n == name) return &v;
    return nullptr;
  }
};

std::vector<double> numbers(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '[' || c == ']'; }, ' ');
  std::vector<double> all;
  std::istringstream in(text);
  for (std::string word; in >> word;) all.push_back(std::strtod(word.c_str(), nullptr));
  return all;
}

std::vector<Row> rows() {
  std::ifstream in(ACTINIUM_SOURCE_DIR "/tests/activations/data/hard_points.csv");
  std::vector<Row> all;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    Row row{cells.at(0), std::stoi(cells.at(1)), {}, numbers(cells.at(3)), numbers(cells.at(4)), cells.at(3)[0] == '['};
    std::istringstream parameters(cells.at(2));
    for (std::string pair; std::getline(parameters, pair, ';');)
      row.parameters.emplace_back(pair.substr(0, pair.find('=')),
                                  std::strtod(pair.c_str() + pair.find('=') + 1, nullptr));
    all.push_back(row);
  }
  return all;
}

class HardPoint : public ::testing::TestWithParam<Row> {};

TEST_P(HardPoint, MeetsItsBound) {
  const Row& row = GetParam();
  Graph g(f64);
  const Shape shape = row.is_vector ? Shape{row.input.size()} : Shape{};
  const Expr x = g.input("x", shape);
  std::vector<Argument> arguments{Argument("", x)};
  for (const auto& [name, value] : row.parameters)
    if (name != "out" && name != "wrt") arguments.emplace_back(name, value);
  const bool jacobian = row.has("out");
  Expr y = activations::apply(*activations::find(row.activation), arguments, std::source_location::current(),
                              jacobian ? 0 : row.order);
  if (jacobian)
    y = slice(grad(sum(slice(y, static_cast<int>(*row.value("out")), static_cast<int>(*row.value("out")) + 1)), x),
              static_cast<int>(*row.value("wrt")), static_cast<int>(*row.value("wrt")) + 1);
  const Array got = evaluate(y, {{"x", array(f64,
                                             row.is_vector ? std::vector{static_cast<std::int64_t>(row.input.size())}
                                                           : std::vector<std::int64_t>{},
                                             row.input)}});
  ASSERT_EQ(got.size(), row.expected.size());
  const bool zero =
      (row.activation == "silu" || row.activation == "gelu") && row.order == 1 && std::abs(row.expected[0]) < 1e-15;
  const double bound = row.is_vector ? 4.0 + static_cast<double>(row.input.size()) : 4;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (zero)
      EXPECT_NEAR(got[i], row.expected[i], 1e-16);
    else if (std::abs(row.expected[i]) < 2.3e-308)
      EXPECT_NEAR(got[i], row.expected[i], 2 * 4.94065645841246544e-324);
    else
      EXPECT_LE(distance(got[i], Real(row.expected[i]), f64_format), bound)
          << got[i] << " instead of " << row.expected[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Csv, HardPoint, ::testing::ValuesIn(rows()),
                         [](const auto& info) { return info.param.activation + "_" + std::to_string(info.index); });

}  // namespace
}  // namespace actinium::testing
