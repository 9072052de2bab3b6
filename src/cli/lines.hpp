// The lines of a plot: expressions as functions of one number, or their errors in ulp. Start reading at read_lines.
#pragma once
#include <string>
#include <vector>

#include "command.hpp"
#include "curve.hpp"

namespace actinium::cli {

/// One line of the figure, one column of the table.
struct Line {
  std::string label, column;
  int colour = 0, order = 0;
  Evaluate f;
  Samples samples;
};

struct Lines {
  std::string variable;  ///< of the expressions, if it is the same for all
  DType dtype = DType::f64;
  std::vector<double> points;  ///< given as the variable's value
  std::vector<Line> list;
};

/// "gelu(x)" is "gelu'(x)" after one derivative, "x * x" is "(x * x)'".
std::string derived(const std::string& text, const std::string& variable, int order);

/// A line for each expression and each of its derivatives. Values among the texts go to `options`, and so does each
/// expression while it is read.
Lines read_lines(Options& options, const PlotOptions& plot);

}  // namespace actinium::cli
