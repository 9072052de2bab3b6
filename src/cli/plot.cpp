// `actinium plot`: functions of one number are sampled, and become a table (csv) and a figure (svg, png). Start reading
// at run_plot.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "drawing.hpp"
#include "lines.hpp"

namespace actinium::cli {
namespace {

namespace fs = std::filesystem;

constexpr int most_samples = 10'000'000, most_derivatives = 8;
constexpr int dense_samples = 1001, marked_samples = 41, error_samples = 40000;  // unless --samples says otherwise
constexpr int error_columns = 400;                                               // of which the worst of each is drawn

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

/// Points of which each lies somewhere in its part of the axis: numbers as they come, not round ones.
std::vector<double> scattered_on(const Axis& axis, int count, DType dtype) {
  const double low = axis.scale.forward(axis.range.low), high = axis.scale.forward(axis.range.high);
  Philox random(count);
  std::vector<double> points(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double x = axis.scale.backward(low + (high - low) * ((i + random.uniform()) / count));
    points[static_cast<std::size_t>(i)] = rounded(std::clamp(x, axis.range.low, axis.range.high), dtype);
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
  if (!points.empty()) return points;
  if (plot.error) return scattered_on(axis, plot.samples.value_or(error_samples), lines.dtype);
  return points_on(axis, plot.samples.value_or(plot.markers ? marked_samples : dense_samples), lines.dtype);
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

/// The worst error of each column, at its place. Where everything is lost (a NaN for a number) that is all bits.
Curve worst_errors(const Samples& samples, DType dtype) {
  const double everything = dtype == DType::f32 ? 0x1p24 : 0x1p53;
  const std::size_t column = std::max<std::size_t>(1, samples.xs.size() / error_columns);
  Curve curve;
  std::vector<Point> piece;
  const auto finish = [&] {
    if (piece.size() == 1) curve.ends.push_back({piece.front(), true});
    if (piece.size() > 1) curve.pieces.push_back(piece);
    piece.clear();
  };
  for (std::size_t first = 0; first < samples.xs.size(); first += column) {
    std::optional<Point> worst;
    for (std::size_t i = first; i < std::min(first + column, samples.xs.size()); ++i)
      if (!std::isnan(samples.ys[i]) && (!worst || samples.ys[i] > worst->y)) worst = {samples.xs[i], samples.ys[i]};
    if (worst)
      piece.push_back({worst->x, std::min(worst->y, everything)});
    else
      finish();
  }
  finish();
  return curve;
}

/// From 0 to the largest error, logarithmic if it is large.
void fit_errors(Axis& axis, const std::vector<Curve>& curves, bool given) {
  double largest = 0;
  for (const Curve& c : curves)
    for (const auto& piece : c.pieces)
      for (const Point& p : piece) largest = std::max(largest, p.y);
  if (largest > 64 && !axis.scale.is_log()) axis.scale.threshold = 1;
  const double top = axis.scale.forward(std::max(largest, 1.0));
  if (!given) axis.range = {0, axis.scale.backward(1.05 * top)};
}

Figure figure_of(const Lines& lines, const PlotOptions& plot, const LogAxes& log, const Axis& x_axis) {
  Figure figure;
  read_size(plot.size, figure);
  const bool dense = !plot.samples && lines.points.empty() && !plot.markers;
  const bool single = lines.list.back().order + 1 == static_cast<int>(lines.list.size());
  figure.x = x_axis;
  figure.x.label = plot.x_label.value_or(lines.variable);
  figure.y.label = plot.y_label.value_or(plot.error ? fmt::format("error in ulp, {}", name_of(lines.dtype)) : "");
  figure.title = plot.title.value_or(single ? lines.list.front().label : "");
  figure.legend = lines.list.size() > 1;
  if (log.y) figure.y.scale.threshold = log.threshold > 0 ? log.threshold : plot.error ? 1 : threshold_for(lines);
  if (!plot.y_range.empty())
    figure.y.range = read_interval(plot.y_range, "--yrange");
  else if (!plot.error)
    figure.y.range = y_range_of(lines, figure.y.scale, dense);
  std::vector<Curve> curves;
  for (const Line& line : lines.list)
    curves.push_back(
        plot.error ? worst_errors(line.samples, lines.dtype)
                   : trace(line.f, ascending(line.samples), {lines.dtype, figure.y.scale, figure.y.range, dense}));
  if (plot.error) fit_errors(figure.y, curves, !plot.y_range.empty());
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Line& line = lines.list[i];
    Series series{single ? derived("f(" + lines.variable + ")", lines.variable, line.order) : line.label,
                  line.colour,
                  line.order,
                  !single,
                  plot.error ? 1.6 : 0,
                  std::move(curves[i].pieces),
                  std::move(curves[i].ends),
                  {}};
    for (std::size_t k = 0; plot.markers && k < line.samples.xs.size(); ++k)
      if (std::isfinite(line.samples.ys[k])) series.markers.push_back({line.samples.xs[k], line.samples.ys[k]});
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
