// `actinium plot`: the samples in csv to the bit, and what is drawn, read back from the svg. Start reading at Curves.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tool.hpp"

namespace actinium::contract {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Point {
  double x, y;
};
using Line = std::vector<Point>;

/// What an svg of PLplot shows: lines by colour, in pixels from the lower left, and texts.
struct Picture {
  std::multimap<std::string, Line> strokes, areas;
  std::vector<std::string> texts;

  explicit Picture(const std::string& svg) {
    static const std::regex polyline("<polyline([^>]*)points=\"([^\"]*)\""), tagged("<tspan[^>]*>((?:&#x[0-9a-f]+;)*)"),
        stroke("stroke=\"(#[0-9A-F]{6})\""), fill("fill=\"(#[0-9A-F]{6})\"");
    for (std::sregex_iterator i(svg.begin(), svg.end(), polyline), end; i != end; ++i) {
      const std::string attributes = (*i)[1];
      std::istringstream numbers((*i)[2]);
      Line line;
      char comma = 0;
      for (Point p{}; numbers >> p.x >> comma >> p.y;) line.push_back(p);
      std::smatch colour;
      if (std::regex_search(attributes, colour, stroke)) strokes.emplace(colour[1], line);
      if (std::regex_search(attributes, colour, fill)) areas.emplace(colour[1], line);
    }
    for (std::sregex_iterator i(svg.begin(), svg.end(), tagged), end; i != end; ++i) texts.push_back(decoded((*i)[1]));
  }
  bool has(const std::string& text) const { return std::find(texts.begin(), texts.end(), text) != texts.end(); }

  /// The curve of a colour: its lines within the frame and longer than a circle at a jump.
  std::vector<Line> curve(const std::string& colour) const {
    std::vector<Line> found;
    const auto [begin, end] = strokes.equal_range(colour);
    for (auto i = begin; i != end; ++i) {
      const Line& l = i->second;
      if (l.size() == 21) continue;                                       // a circle
      if (l.size() == 2 && std::abs(l[1].x - l[0].x - 30) < 1) continue;  // of the legend
      found.push_back(l);
    }
    return found;
  }

 private:
  static std::string decoded(const std::string& entities) {
    std::string text;
    for (std::size_t at = 0; (at = entities.find("&#x", at)) != std::string::npos; ++at) {
      unsigned code = 0;
      std::from_chars(entities.data() + at + 3, entities.data() + entities.size(), code, 16);
      if (code < 0x80) {
        text += static_cast<char>(code);
      } else if (code < 0x800) {
        text += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
      } else {
        text += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
                 static_cast<char>(0x80 | (code & 63))};
      }
    }
    return text;
  }
};

constexpr const char *blue = "#0072B2", *orange = "#D55E00", *green = "#009E73";

class Plot : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("actinium_plot_" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ / name; }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), {})); }

  std::vector<std::string> csv(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "plot");
    arguments.insert(arguments.end(), {"-o", path("f.csv")});
    const Outcome o = run_tool(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    EXPECT_EQ(o.out, "");
    return lines_of(contents(path("f.csv")));
  }
  fs::path directory_;
};

/// Pictures are drawn by PLplot, without which the tool is complete but for them.
class Curves : public Plot {
 protected:
  void SetUp() override {
    Plot::SetUp();
    const Outcome o = run_tool({"plot", "x", "-o", path("f.svg")});
    if (o.err.find("without PLplot") != std::string::npos) GTEST_SKIP() << o.err;
    ASSERT_EQ(o.status, 0) << o.err;
  }
  Picture draw(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "plot");
    arguments.insert(arguments.end(), {"-o", path("f.svg")});
    const Outcome o = run_tool(arguments);
    EXPECT_EQ(o.status, 0) << o.err;
    return Picture(contents(path("f.svg")));
  }
};

TEST_F(Plot, CsvHasAHeaderAndWhatEvalGives) {
  EXPECT_EQ(csv({"relu(x)", "--range", "-3:4", "--samples", "8", "--derivatives", "1"}),
            (std::vector<std::string>{"x,relu(x),d/dx relu(x)", "-3,0,0", "-2,0,0", "-1,0,0", "0,0,0", "1,1,1", "2,2,1",
                                      "3,3,1", "4,4,1"}));
  const std::vector<std::string> rows = csv({"sigmoid(x)", "x=linspace(-10,10,50)", "--derivatives", "2"});
  ASSERT_EQ(rows.size(), 51u);
  for (std::size_t i : {std::size_t{1}, std::size_t{17}, std::size_t{50}}) {
    std::vector<std::string> cells;
    std::istringstream row(rows[i]);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 4u);
    const std::string x = "x=" + cells[0];
    EXPECT_EQ(run_tool({"eval", "sigmoid(x)", x, "--dtype", "f64"}).out, cells[1] + "\n");
    EXPECT_EQ(run_tool({"eval", "sigmoid(x)", x, "--dtype", "f64", "--derivative", "x"}).out, cells[2] + "\n");
    EXPECT_EQ(run_tool({"eval", "sigmoid(x)", x, "--dtype", "f64", "--derivative", "x", "--derivative", "x"}).out,
              cells[3] + "\n");
  }
}

TEST_F(Plot, CsvOfSeveralExpressionsAndTypes) {
  EXPECT_EQ(csv({"log(t)", "pow(t, a)", "a=0.5", "--range", "-1:1", "--samples", "3"}),
            (std::vector<std::string>{"t,log(t),\"pow(t, a)\"", "-1,nan,nan", "0,-inf,0", "1,0,1"}));
  EXPECT_EQ(csv({"0.1*x", "--dtype", "f32", "x=[1,3]"}), (std::vector<std::string>{"x,0.1*x", "1,0.1", "3,0.3"}));
  EXPECT_EQ(csv({"0.1*x", "x=[1,3]"}), (std::vector<std::string>{"x,0.1*x", "1,0.1", "3,0.30000000000000004"}));
  EXPECT_EQ(csv({"x > 0", "x=[-1,3]"}), (std::vector<std::string>{"x,x > 0", "-1,0", "3,1"}));
  EXPECT_EQ(csv({"leaky_relu(x)", "--compat", "keras", "x=[-1]"})[1], "-1,-0.2");
  EXPECT_EQ(csv({"leaky_relu(x, a)", "a=0.1", "--derivative", "a", "x=[-3]"}),
            (std::vector<std::string>{"x,\"d/da leaky_relu(x, a)\"", "-3,-3"}));
  EXPECT_EQ(csv({"-x", "-relu(x)", "--range", "-3:-1", "--samples", "2"}),
            (std::vector<std::string>{"x,-x,-relu(x)", "-3,3,-0", "-1,1,-0"}));
  EXPECT_EQ(csv({"sum(softmax(x*a)*a)", "a=[1,0]", "--range", "0:1", "--samples", "2"})[1], "0,0.5");
  // Evenly along a logarithmic axis.
  EXPECT_EQ(csv({"x", "--range", "-100:100", "--symlog", "x:1", "--samples", "7"}),
            (std::vector<std::string>{"x,x", "-100,-100", "-10,-10", "-1,-1", "0,0", "1,1", "10,10", "100,100"}));
}

TEST_F(Plot, NothingPartialIsWritten) {
  EXPECT_EQ(run_tool({"plot", "x", "-o", path("a.csv"), "-o", path("no/b.csv")}).status, 2);
  EXPECT_EQ(run_tool({"plot", "x @ x", "-o", path("a.csv")}).status, 2);
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(csv({"x", "x=[1]"})[1], "1,1");
  EXPECT_EQ(csv({"x", "x=[2]"})[1], "2,2");  // written over
  EXPECT_EQ(count(), 1u);
}

TEST_F(Curves, PngIsWhole) {
  ASSERT_EQ(run_tool({"plot", "gelu(x)", "--derivatives", "2", "-o", path("f.png"), "-o", path("f.csv")}).status, 0);
  const std::string png = contents(path("f.png"));
  ASSERT_GT(png.size(), 5000u);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(png.substr(12, 12), std::string("IHDR\0\0\x03\xc0\0\0\x02\x58", 12));  // 960 x 600
  EXPECT_NE(png.substr(png.size() - 12).find("IEND"), std::string::npos);
  EXPECT_EQ(lines_of(contents(path("f.csv"))).size(), 1002u);
  ASSERT_EQ(run_tool({"plot", "x", "--size", "320x200", "-o", path("f.png")}).status, 0);
  EXPECT_EQ(contents(path("f.png")).substr(12, 12), std::string("IHDR\0\0\x01\x40\0\0\0\xc8", 12));
}

TEST_F(Curves, AJumpIsNoSlope) {
  struct Row {
    std::vector<std::string> arguments;
    std::size_t pieces;
  };
  for (const Row& row : {Row{{"relu(x)", "--derivative", "x"}, 2},  // at a sample
                         Row{{"step(x - 0.123456)"}, 2},            // between samples
                         Row{{"step(x - 0.3)", "--dtype", "f32"}, 2},
                         Row{{"relu(x)", "--derivative", "x", "x=arange(-3,5)"}, 2},  // between few samples
                         Row{{"sign(x)"}, 2}, Row{{"floor(x)", "--range", "0.5:4.5"}, 5}}) {
    const std::vector<Line> curve = draw(row.arguments).curve(blue);
    EXPECT_EQ(curve.size(), row.pieces) << row.arguments[0];
    for (const Line& l : curve)
      for (const Point& p : l) EXPECT_EQ(p.y, l[0].y) << row.arguments[0];
    for (std::size_t i = 0; i + 1 < curve.size(); ++i)
      EXPECT_NEAR(curve[i].back().x, curve[i + 1].front().x, 0.02) << row.arguments[0];
  }
}

TEST_F(Curves, TheEndOfAJumpShowsTheValueAtTheKink) {
  const Picture p = draw({"relu6(x)", "--derivatives", "1", "--range", "-2:8"});
  const std::vector<Line> curve = p.curve(orange);
  ASSERT_EQ(curve.size(), 3u);
  const auto [begin, end] = p.areas.equal_range(orange);
  ASSERT_EQ(std::distance(begin, end), 2);
  for (auto i = begin; i != end; ++i) {
    double y = 0;
    for (std::size_t k = 0; k < 20; ++k) y += i->second[k].y / 20;
    EXPECT_NEAR(y, curve[0][0].y, 0.1) << "derivative 0 at both kinks";
  }
}

TEST_F(Curves, APoleIsCut) {
  for (const char* f : {"1/x", "1/(x - 0.1234)", "tan(x)", "1/(x - 1.1)**2", "log(x**2)/x"}) {
    const Picture p = draw({f});
    double low = 600, high = 0;
    for (const Line& l : p.curve(blue))
      for (const Point& q : l) low = std::min(low, q.y), high = std::max(high, q.y);
    EXPECT_GT(high - low, 250) << f;
    for (const Line& l : p.curve(blue))
      for (std::size_t i = 0; i + 1 < l.size(); ++i)
        EXPECT_FALSE(std::abs(l[i + 1].x - l[i].x) < 3 && std::abs(l[i + 1].y - l[i].y) > 0.9 * (high - low)) << f;
  }
}

TEST_F(Curves, WhereThereIsNoValueThereIsNoCurve) {
  const Picture p = draw({"sqrt(x)", "log1mexp(x)", "nan*x", "--range", "-4:4"});
  const Line zero = [&] {
    for (const auto& [colour, line] : p.strokes)
      if (colour == "#B0B0B0" && std::abs(line[0].x - line[1].x) < 0.1) return line;
    return Line{};
  }();
  ASSERT_FALSE(zero.empty());
  ASSERT_EQ(p.curve(blue).size(), 1u);
  EXPECT_NEAR(p.curve(blue)[0][0].x, zero[0].x, 0.05) << "begins at 0 itself";
  for (const Line& l : p.curve(orange))
    for (const Point& q : l) EXPECT_GE(q.x, zero[0].x - 0.05);
  EXPECT_TRUE(p.curve(green).empty());
}

TEST_F(Curves, HaveTitlesLegendsAndNumbers) {
  const Picture p = draw(
      {"sigmoid(x)", "tanh(x)", "--derivatives", "1", "--title", "A # \u00e9", "--xlabel", "in", "--ylabel", "out"});
  for (const char* text : {"sigmoid(x)", "sigmoid\u2032(x)", "tanh(x)", "tanh\u2032(x)", "A # \u00e9", "in", "out",
                           "\u22125", "0", "5", "\u22121.0", "0.5"})
    EXPECT_TRUE(p.has(text)) << text;
  const Picture one = draw({"x * x", "--derivatives", "2", "--markers", "x=[-1,0,1]"});
  for (const char* text : {"x * x", "f(x)", "f\u2032(x)", "f\u2033(x)"}) EXPECT_TRUE(one.has(text)) << text;
  EXPECT_EQ(one.areas.count(blue), 4u) << "three markers and one in the legend";
  const Picture log = draw({"sigmoid(x)", "--range", "-90:90", "--symlog", "xy"});
  for (const char* text : {"0", "10\u2070", "10\u00b9", "\u221210\u00b9", "10\u207b\u00b9\u00b2"})
    EXPECT_TRUE(log.has(text)) << text;
  EXPECT_TRUE(draw({"1e7*x"}).has("\u00d710\u2077"));
}

TEST_F(Curves, ASteepSlopeIsNoJump) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"log(1 - x)", "--range", "0:1"}, {"tanh(1e6*x)"}, {"sqrt(x)", "--range", "0:1"}}) {
    const Picture p = draw(arguments);
    EXPECT_EQ(p.curve(blue).size(), 1u) << arguments[0];
    EXPECT_EQ(p.areas.count(blue), 0u) << arguments[0];
  }
}

TEST_F(Curves, RangesOfAnySizeHaveNumbers) {
  EXPECT_TRUE(draw({"x", "--range", "3:3.0000000000000004"}).has("3"));  // two adjacent floats
  EXPECT_TRUE(draw({"x", "--range", "1:1.0000000001"}).has("1.00000000000"));
  EXPECT_TRUE(draw({"x", "--range", "-1e300:1e300"}).has("\u00d710\u00b3\u2070\u2070"));
  EXPECT_TRUE(draw({"exp(1000*x)", "--symlog", "xy:0.5"}).has("0"));
  EXPECT_TRUE(draw({"gelu(x)", "--range", "-1e300:1e300", "--symlog", "xy:1e-300"}).has("10\u2070"));
}

TEST_F(Curves, ANarrowPeakIsNoPole) {
  const Picture p = draw({"exp(-(100*x)**2)", "--range", "-5.001:5"});
  EXPECT_TRUE(p.has("1.0"));
  double high = 0;
  for (const Line& l : p.curve(blue))
    for (const Point& q : l) high = std::max(high, q.y);
  EXPECT_GT(high, 500);
}

TEST_F(Plot, ErrorsAreMeasuredInUlp) {
  struct Row {
    const char *expression, *dtype;
    double least, most;  // of the largest error
  };
  for (const Row& row : {Row{"sigmoid(x)", "f32", 0.4, 4}, Row{"sigmoid(x)", "f64", 0.4, 4}, Row{"x", "f32", 0, 0},
                         Row{"sigmoid(x)*(1 - sigmoid(x))", "f32", 1e6, 2e7},
                         Row{"sigmoid(x)*(1 - sigmoid(x))", "f64", 1e7, 1e9}, Row{"x*0.5 + x*0.25", "f64", 0.1, 1}}) {
    const auto rows = csv({row.expression, "--error", "--dtype", row.dtype, "--range", "10:20", "--samples", "300", "--no-recognise"});
    ASSERT_EQ(rows.size(), 301u);
    EXPECT_EQ(rows[0], std::string("x,ulp of ") + row.expression);
    double largest = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      double x = 0, ulp = -1;
      ASSERT_EQ(std::sscanf(rows[i].c_str(), "%lf,%lf", &x, &ulp), 2) << rows[i];
      EXPECT_GE(x, 10 + (static_cast<double>(i) - 1) / 30 - 1e-6);  // each in its part of the range
      EXPECT_LE(x, 10 + static_cast<double>(i) / 30 + 1e-6);
      largest = std::max(largest, ulp);
    }
    EXPECT_GE(largest, row.least) << row.expression << " " << row.dtype;
    EXPECT_LE(largest, row.most) << row.expression << " " << row.dtype;
  }
  // As the tool computes it, the slope of a sigmoid is repaired.
  for (const std::string& row : csv({"sigmoid(x)*(1 - sigmoid(x))", "--error", "--range", "10:20", "--samples", "30"}))
    if (row.find("ulp") == std::string::npos) EXPECT_LE(std::stod(row.substr(row.find(',') + 1)), 4) << row;
  EXPECT_EQ(csv({"a*x", "a=3", "--error", "--derivatives", "1", "--samples", "2"})[0], "x,ulp of a*x,ulp of d/dx a*x");
  // A NaN in the place of a number has lost everything; where there is no truth there is no error.
  EXPECT_NE(csv({"exp(x)/exp(x)", "--error", "--range", "100:101", "--samples", "2"})[1].find(",inf"),
            std::string::npos);
  EXPECT_NE(csv({"log(x)", "--error", "--range", "-2:-1", "--samples", "2"})[1].find(",nan"), std::string::npos);
}

TEST_F(Curves, ErrorsAreDrawnFromZeroOn) {
  const Picture p = draw({"sigmoid(x)", "--error", "--derivatives", "2"});
  for (const char* text : {"error in ulp, f32", "0", "1"}) EXPECT_TRUE(p.has(text)) << text;
  for (const char* colour : {blue, orange, green}) {
    const std::vector<Line> curve = p.curve(colour);
    ASSERT_FALSE(curve.empty()) << colour;
    EXPECT_GT(curve.back().back().x - curve.front().front().x, 800) << colour;
  }
  EXPECT_TRUE(draw({"exp(x) - 1", "--error", "--range", "-1e-3:1e-3", "--no-recognise"}).has("10\u2074")) << "large ones logarithmically";
}

/// The three plots of docs/images whose curves articles on activations show: their samples are what the tool gives.
TEST_F(Plot, TheArticlesPlotsAreReproduced) {
  struct Row {
    const char* name;
    std::vector<std::string> arguments;
  };
  for (const Row& row : {Row{"relu_arange", {"relu(x)", "x=arange(-3,5)"}},
                         Row{"relu_derivative_arange", {"relu(x)", "--derivative", "x", "x=arange(-3,5)"}},
                         Row{"sigmoid_linspace", {"sigmoid(x)", "x=linspace(-10,10,50)"}}}) {
    const std::vector<std::string> now = csv(row.arguments);
    const fs::path images = fs::path(ACTINIUM_SOURCE_DIR) / "docs/images";
    EXPECT_TRUE(fs::exists(images / (std::string(row.name) + ".svg")));
    const std::vector<std::string> then = lines_of(contents(images / (std::string(row.name) + ".csv")));
    ASSERT_EQ(now.size(), then.size()) << row.name;
    EXPECT_EQ(now[0], then[0]);
    for (std::size_t i = 1; i < now.size(); ++i) {
      double x[2]{}, y[2]{};
      ASSERT_EQ(std::sscanf(now[i].c_str(), "%lf,%lf", &x[0], &y[0]), 2) << now[i];
      ASSERT_EQ(std::sscanf(then[i].c_str(), "%lf,%lf", &x[1], &y[1]), 2) << then[i];
      EXPECT_EQ(x[0], x[1]);
      EXPECT_NEAR(y[0], y[1], 5 * 0x1p-53 * std::abs(y[1])) << then[i];  // without fma the last digit may differ
    }
  }
}

}  // namespace
}  // namespace actinium::contract
