// `actinium plot`: expressions become functions of one number, their samples a table (csv) and a figure (svg, png).
// Start reading at run_plot. What else can be shown against x only has to be an Evaluate: see Line.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "command.hpp"
#include "curve.hpp"
#include "drawing.hpp"

namespace actinium::cli {
namespace {

namespace fs = std::filesystem;

constexpr int most_samples = 10'000'000, most_derivatives = 8;
constexpr int dense_samples = 1001, marked_samples = 41;  // unless --samples says otherwise

// ---- what is written
// -------------------------------------------------------------------------------------------------

enum class Format : std::uint8_t { svg, png, csv };

Format format_of(const std::string& path) {
  const std::string ending = fs::path(path).extension();
  if (ending == ".svg") return Format::svg;
  if (ending == ".png") return Format::png;
  if (ending == ".csv") return Format::csv;
  throw ValueError(fmt::format("-o {}: a plot is written to .svg, .png or .csv", path));
}

/// Files written beside their destinations, and put in place together.
class Outputs {
 public:
  Outputs() = default;
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  ~Outputs() {
    for (const auto& [temporary, path] : files_) std::remove(temporary.c_str());
  }
  /// Where to write what belongs to `path`. IoError if nothing can be written there.
  std::string begin(const std::string& path) {
    const std::string temporary = fmt::format("{}.{}.part", path, ::getpid());
    if (fs::is_directory(path) || !std::ofstream(temporary)) throw IoError(fmt::format("{}: cannot be written", path));
    files_.emplace_back(temporary, path);
    return temporary;
  }
  void commit() {
    for (const auto& [temporary, path] : files_)
      if (std::error_code e; fs::file_size(temporary, e) == 0 || e)
        throw std::runtime_error(fmt::format("{}: nothing was written", path));
    for (const auto& [temporary, path] : files_) {
      std::error_code e;
      fs::rename(temporary, path, e);
      if (e) throw IoError(fmt::format("{}: {}", path, e.message()));
    }
    files_.clear();
  }

 private:
  std::vector<std::pair<std::string, std::string>> files_;
};

// ---- options
// ---------------------------------------------------------------------------------------------------------

Interval read_interval(const std::string& text, std::string_view option) {
  const auto number = [&](std::string_view part) {
    if (part.starts_with('+')) part.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc{} && end == part.data() + part.size() && !part.empty() ? value : std::nan("");
  };
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view all = text;
  const Interval r{number(all.substr(0, colon)), number(colon < all.size() ? all.substr(colon + 1) : "")};
  if (!(r.low < r.high) || !std::isfinite(r.low) || !std::isfinite(r.high))
    throw ValueError(fmt::format("{} takes LO:HI, two numbers, the first below the second, not '{}'", option, text));
  return r;
}

/// --symlog AXES[:THRESHOLD]
struct LogAxes {
  bool x = false, y = false;
  double threshold = 0;  ///< 0: found from the data
};
LogAxes read_symlog(const std::string& text) {
  if (text.empty()) return {};
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string axes = text.substr(0, colon);
  LogAxes log{axes.find('x') != std::string::npos, axes.find('y') != std::string::npos, 0};
  bool good = axes == "x" || axes == "y" || axes == "xy";
  if (colon < text.size()) {
    const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, log.threshold);
    good = good && error == std::errc{} && stop == end && log.threshold > 0 && std::isfinite(log.threshold);
  }
  if (!good) throw ValueError(fmt::format("--symlog takes x, y or xy, and perhaps :THRESHOLD, not '{}'", text));
  return log;
}

void read_size(const std::string& text, Figure& figure) {
  char rest = 0;
  if (std::sscanf(text.c_str(), "%5dx%5d%c", &figure.width, &figure.height, &rest) != 2 || figure.width < 200 ||
      figure.height < 150 || figure.width > 10000 || figure.height > 10000)
    throw ValueError(fmt::format("--size takes WIDTHxHEIGHT in pixels, 200x150 to 10000x10000, not '{}'", text));
}

// ---- functions of one number
// -----------------------------------------------------------------------------------------

/// Compiled: one output of a Problem from read_function.
template <class T>
Evaluate evaluator(const Problem& p, std::size_t output, const CompileOptions& options) {
  auto f = compile(p.inputs, {p.outputs[output]}, options);
  return [f, values = p.values](std::span<const double> xs, std::span<double> ys) {
    T x{}, y{};
    constexpr std::span<const std::int64_t> number;
    std::vector<ArrayRef> inputs{ArrayRef(&x, dtype_of<T>, number)};
    for (std::size_t i = 1; i < values.size(); ++i) inputs.push_back(values[i].array());
    const MutableArrayRef result(&y, dtype_of<T>, number);
    const Bound call = f.bind(inputs, std::span(&result, 1));
    for (std::size_t i = 0; i < xs.size(); ++i) {
      x = static_cast<T>(xs[i]);
      call();
      ys[i] = static_cast<double>(y);
    }
  };
}

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
std::string derived(const std::string& text, const std::string& variable, int order) {
  constexpr std::string_view primes[] = {"", "\u2032", "\u2033", "\u2034"};
  const std::string mark = order < 4 ? std::string(primes[order]) : fmt::format("\u207d{}\u207e", order);
  const std::string call = "(" + variable + ")";
  const bool named = text.ends_with(call) &&
                     std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(call.size()),
                                 [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  if (order == 0) return text;
  return named ? text.substr(0, text.size() - call.size()) + mark + call : "(" + text + ")" + mark;
}

std::string column_of(const std::string& text, const std::vector<std::string>& derivatives) {
  std::string name = text;
  for (const std::string& d : derivatives) name = fmt::format("d/d{} {}", d, name);
  return name;
}

bool is_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || text.substr(equals, 2) == "==") return false;
  const auto name_end = text.find_last_not_of(' ', equals == 0 ? 0 : equals - 1) + 1;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(name_end),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; });
}

std::vector<double> doubles(const Tensor& t) {
  const Tensor wide = t.dtype() == DType::f64 ? t : t.cast(DType::f64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

Lines read_lines(Options& options, const PlotOptions& plot) {
  const CompileOptions compiled = compile_options(options);
  std::vector<std::string> expressions;
  for (const std::string& text : plot.texts) {
    const std::string trimmed = text.substr(std::min(text.find_first_not_of(' '), text.size()));
    (is_value(trimmed) ? options.values : expressions).push_back(trimmed);
  }
  if (expressions.empty()) throw ValueError("plot needs an expression");
  Lines lines;
  for (std::size_t e = 0; e < expressions.size(); ++e) {
    options.expression = expressions[e];
    const Problem p = read_function(options, plot.derivatives);
    const std::string& variable = p.names.front();
    const std::vector<double> points = doubles(p.values.front());
    if (e > 0 && points != lines.points)
      throw ValueError(fmt::format("{} and {} have different points", lines.variable, variable));
    lines.points = points;
    lines.dtype = p.graph.dtype();
    lines.variable = e == 0 || lines.variable == variable ? variable : "x";
    std::vector<std::string> derivatives = options.derivatives;
    const bool own = std::all_of(derivatives.begin(), derivatives.end(), [&](const auto& d) { return d == variable; });
    for (int k = 0; k <= plot.derivatives; ++k) {
      const int order = k + static_cast<int>(options.derivatives.size());
      const std::string column = column_of(options.expression, derivatives);
      derivatives.push_back(variable);
      const std::string general = own ? derived(options.expression, variable, order) : column;
      const auto output = static_cast<std::size_t>(k);
      lines.list.push_back(
          {general,
           column,
           static_cast<int>(expressions.size() == 1 ? output : e),
           k,
           lines.dtype == DType::f32 ? evaluator<float>(p, output, compiled) : evaluator<double>(p, output, compiled),
           {}});
    }
  }
  return lines;
}

// ---- samples
// ---------------------------------------------------------------------------------------------------------

double rounded(double x, DType dtype) { return dtype == DType::f32 ? static_cast<double>(static_cast<float>(x)) : x; }

/// Points from end to end, evenly along the axis.
std::vector<double> points_on(const Axis& axis, int count, DType dtype) {
  const double low = axis.scale.forward(axis.range.low), high = axis.scale.forward(axis.range.high);
  std::vector<double> points(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double at = low + (high - low) * i / (count - 1);
    const double x = i == 0 ? axis.range.low : i + 1 == count ? axis.range.high : axis.scale.backward(at);
    points[static_cast<std::size_t>(i)] = rounded(x, dtype);
  }
  return points;
}

/// The axis and the points on it: given ones, or a range of them.
std::vector<double> choose_points(const Lines& lines, const PlotOptions& plot, const LogAxes& log, Axis& axis) {
  if (!lines.points.empty() && (!plot.range.empty() || plot.samples))
    throw ValueError(
        fmt::format("{} has values, which are the points: --range and --samples say otherwise", lines.variable));
  std::vector<double> points = lines.points;
  axis.range = plot.range.empty() ? Interval{-5, 5} : read_interval(plot.range, "--range");
  if (!points.empty()) {
    if (!std::all_of(points.begin(), points.end(), [](double x) { return std::isfinite(x); }))
      throw ValueError(fmt::format("{}: the points of a plot are finite", lines.variable));
    const auto [low, high] = std::minmax_element(points.begin(), points.end());
    axis.range = *low < *high ? Interval{*low, *high} : Interval{*low - 1, *low + 1};
  }
  const double largest = std::max(std::abs(axis.range.low), std::abs(axis.range.high));
  const Interval in_type{rounded(axis.range.low, lines.dtype), rounded(axis.range.high, lines.dtype)};
  if ((lines.dtype == DType::f32 && largest > std::numeric_limits<float>::max()) || !(in_type.low < in_type.high))
    throw ValueError(fmt::format("--range {}: no range in {}", plot.range, name_of(lines.dtype)));
  axis.range = in_type;
  if (log.x) axis.scale.threshold = log.threshold > 0 ? log.threshold : std::min(1.0, 1e-3 * largest);
  if (!log.x && !std::isfinite(axis.range.high - axis.range.low))
    throw ValueError(fmt::format("--range {}: too wide for a linear axis, write --symlog x", plot.range));
  const int count = plot.samples.value_or(plot.markers ? marked_samples : dense_samples);
  return points.empty() ? points_on(axis, count, lines.dtype) : points;
}

void write_csv(const std::string& path, const Lines& lines) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string q = "\"";
    for (const char c : text) q += c == '"' ? "\"\"" : std::string(1, c);
    return q + '"';
  };
  const auto number = [&](double x) {  // the shortest text that reads back exactly
    return lines.dtype == DType::f32 ? fmt::format("{}", static_cast<float>(x)) : fmt::format("{}", x);
  };
  std::string text = quoted(lines.variable);
  for (const Line& line : lines.list) text += ',' + quoted(line.column);
  text += '\n';
  for (std::size_t i = 0; i < lines.list.front().samples.xs.size(); ++i) {
    text += number(lines.list.front().samples.xs[i]);
    for (const Line& line : lines.list) text += ',' + number(line.samples.ys[i]);
    text += '\n';
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw IoError(fmt::format("{}: cannot be written", path));
}

// ---- the figure
// ------------------------------------------------------------------------------------------------------

Samples ascending(const Samples& samples) {
  if (std::is_sorted(samples.xs.begin(), samples.xs.end())) return samples;
  std::vector<std::size_t> order(samples.xs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) { return samples.xs[i] < samples.xs[j]; });
  Samples sorted;
  for (const std::size_t i : order) {
    sorted.xs.push_back(samples.xs[i]);
    sorted.ys.push_back(samples.ys[i]);
  }
  return sorted;
}

/// Where a logarithmic axis becomes linear: a power of ten well below most values, at most 30 decades below the
/// largest.
double threshold_for(const Lines& lines) {
  std::vector<double> sizes;
  for (const Line& line : lines.list)
    for (const double y : line.samples.ys)
      if (std::isfinite(y) && y != 0) sizes.push_back(std::abs(y));
  if (sizes.empty()) return 1;
  std::sort(sizes.begin(), sizes.end());
  const double low = std::max(sizes[sizes.size() / 25], 1e-30 * sizes.back());
  return std::max(std::pow(10, std::floor(std::log10(low)) - 1), 1e-300);
}

/// What all lines need, with a margin.
Interval y_range_of(const Lines& lines, const Scale& scale, bool dense) {
  Interval r{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const Line& line : lines.list) {
    const Interval one = reach(line.f, ascending(line.samples), dense);
    if (std::isnan(one.low)) continue;
    r = {std::min(r.low, one.low), std::max(r.high, one.high)};
  }
  if (!(r.low <= r.high)) return {-1, 1};                          // there is nothing to see
  constexpr double most = std::numeric_limits<double>::max() / 4;  // so that the height of the picture is finite
  const double low = scale.forward(std::max(r.low, -most)), high = scale.forward(std::min(r.high, most));
  const double margin = low < high ? 0.05 * (high - low) : low == 0 ? 1 : 0.2 * std::abs(low);
  return {scale.backward(low - margin), scale.backward(high + margin)};
}

Figure figure_of(const Lines& lines, const PlotOptions& plot, const LogAxes& log, const Axis& x_axis) {
  Figure figure;
  read_size(plot.size, figure);
  const bool dense = !plot.samples && lines.points.empty() && !plot.markers;
  const bool single = lines.list.back().order + 1 == static_cast<int>(lines.list.size());
  figure.x = x_axis;
  figure.x.label = plot.x_label.value_or(lines.variable);
  figure.y.label = plot.y_label.value_or("");
  figure.title = plot.title.value_or(single ? lines.list.front().label : "");
  figure.legend = lines.list.size() > 1;
  if (log.y) figure.y.scale.threshold = log.threshold > 0 ? log.threshold : threshold_for(lines);
  figure.y.range =
      plot.y_range.empty() ? y_range_of(lines, figure.y.scale, dense) : read_interval(plot.y_range, "--yrange");
  for (const Line& line : lines.list) {
    const Samples samples = ascending(line.samples);
    Curve curve = trace(line.f, samples, {lines.dtype, figure.y.scale, figure.y.range, dense});
    Series series{single ? derived("f(" + lines.variable + ")", lines.variable, line.order) : line.label,
                  line.colour,
                  line.order,
                  !single,
                  std::move(curve.pieces),
                  std::move(curve.ends),
                  {}};
    for (std::size_t i = 0; plot.markers && i < samples.xs.size(); ++i)
      if (std::isfinite(samples.ys[i])) series.markers.push_back({samples.xs[i], samples.ys[i]});
    figure.series.push_back(std::move(series));
  }
  return figure;
}

void check(const PlotOptions& plot, const std::vector<std::string>& outputs) {
  if (outputs.empty()) throw ValueError("plot writes a file: -o F.svg, F.png or F.csv");
  if (plot.derivatives < 0 || plot.derivatives > most_derivatives)
    throw ValueError(fmt::format("--derivatives takes 0 to {}, not {}", most_derivatives, plot.derivatives));
  if (plot.samples && (*plot.samples < 2 || *plot.samples > most_samples))
    throw ValueError(fmt::format("--samples takes 2 to {}, not {}", most_samples, *plot.samples));
}

Picture picture_of(Format format) { return format == Format::svg ? Picture::svg : Picture::png; }

}  // namespace

int run_plot(Options& options, const PlotOptions& plot) {
  check(plot, options.outputs);
  bool picture = false;
  for (const std::string& path : options.outputs) {
    const Format format = format_of(path);
    if (format == Format::csv) continue;
    picture = true;
    require_drawing(picture_of(format));
  }
  const LogAxes log = read_symlog(plot.symlog);
  Lines lines = read_lines(options, plot);
  Axis x_axis;
  const std::vector<double> points = choose_points(lines, plot, log, x_axis);
  for (Line& line : lines.list) {
    line.samples = {points, std::vector<double>(points.size())};
    line.f(line.samples.xs, line.samples.ys);
  }
  const Drawing drawing = picture ? compose(figure_of(lines, plot, log, x_axis)) : Drawing{};

  Outputs outputs;
  for (const std::string& path : options.outputs) {
    const std::string temporary = outputs.begin(path);
    const Format format = format_of(path);
    if (format == Format::csv)
      write_csv(temporary, lines);
    else
      write_picture(drawing, temporary, picture_of(format));
  }
  outputs.commit();
  return 0;
}

}  // namespace actinium::cli
