// The layout of a figure: margins, grid, curves clipped and thinned out, circles at jumps, markers, legend. Start
// reading at compose.
#include "drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

namespace actinium::cli {
namespace {

// Okabe and Ito's palette, distinguishable for all kinds of colour vision; its yellow is too faint on white.
constexpr std::array palette{Colour{0, 114, 178}, Colour{213, 94, 0},   Colour{0, 158, 115}, Colour{204, 121, 167},
                             Colour{230, 159, 0}, Colour{86, 180, 233}, Colour{70, 70, 70}};
constexpr Colour white{255, 255, 255}, ink{34, 34, 34}, grey{80, 80, 80}, grid_grey{232, 232, 232},
    zero_grey{176, 176, 176}, frame_grey{150, 150, 150};
constexpr double title_size = 17, label_size = 15, tick_size = 13, legend_size = 14;
constexpr double legend_row = 24, swatch = 30;

Colour colour_of(const Series& s) { return palette[static_cast<std::size_t>(s.colour) % palette.size()]; }

std::size_t character_bytes(unsigned char first) { return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; }

/// About the width of a text in DejaVu Sans, which is the widest of the usual fonts.
double text_width(std::string_view text, double size) {
  double em = 0;
  for (std::size_t i = 0; i < text.size(); i += character_bytes(static_cast<unsigned char>(text[i]))) {
    const char c = text[i];
    if (std::string_view(" .,:;'|ijlI!").find(c) != std::string_view::npos)
      em += 0.33;
    else if (std::string_view("()[]-frt\\/").find(c) != std::string_view::npos)
      em += 0.41;
    else if (std::string_view("mwMW+*=<>@%").find(c) != std::string_view::npos)
      em += 0.88;
    else
      em += 0.63;
  }
  return em * size;
}

/// The text, cut with an ellipsis if it is wider than `width`.
std::string fitted(std::string text, double size, double width) {
  if (text_width(text, size) <= width) return text;
  std::string cut;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = character_bytes(static_cast<unsigned char>(text[i]));
    if (text_width(cut, size) + 2 * size > width) break;
    cut += text.substr(i, n);
    i += n;
  }
  return cut + "\u2026";
}

std::vector<Point> circle(const Point& centre, double radius) {
  constexpr int corners = 20;
  std::vector<Point> points;
  for (int i = 0; i <= corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    points.push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  return points;
}

/// Keeps the points that matter by more than `tolerance` (Ramer, Douglas, Peucker), without recursion.
std::vector<Point> thinned(const std::vector<Point>& points, double tolerance) {
  if (points.size() < 3) return points;
  std::vector<char> keep(points.size(), 0);
  keep.front() = keep.back() = 1;
  std::vector<std::pair<std::size_t, std::size_t>> open{{0, points.size() - 1}};
  while (!open.empty()) {
    const auto [first, last] = open.back();
    open.pop_back();
    const Point a = points[first], b = points[last];
    const double dx = b.x - a.x, dy = b.y - a.y, length = std::hypot(dx, dy);
    double worst = tolerance;
    std::size_t at = first;
    for (std::size_t i = first + 1; i < last; ++i) {
      const double px = points[i].x - a.x, py = points[i].y - a.y;
      const double along = length > 0 ? std::clamp((px * dx + py * dy) / (length * length), 0.0, 1.0) : 0;
      if (const double d = std::hypot(px - along * dx, py - along * dy); d > worst) {
        worst = d;
        at = i;
      }
    }
    if (at == first) continue;
    keep[at] = 1;
    open.emplace_back(first, at);
    open.emplace_back(at, last);
  }
  std::vector<Point> kept;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (keep[i]) kept.push_back(points[i]);
  return kept;
}

/// Of many points in one column of pixels only the first, the lowest, the highest and the last can be seen.
std::vector<Point> by_columns(const std::vector<Point>& points) {
  constexpr double column = 0.25;
  std::vector<Point> kept;
  for (std::size_t begin = 0, end; begin < points.size(); begin = end) {
    const double at = std::floor(points[begin].x / column);
    end = begin + 1;
    std::size_t low = begin, high = begin;
    for (; end < points.size() && std::floor(points[end].x / column) == at; ++end) {
      if (points[end].y < points[low].y) low = end;
      if (points[end].y > points[high].y) high = end;
    }
    std::array chosen{begin, std::min(low, high), std::max(low, high), end - 1};
    const auto last = std::unique(chosen.begin(), chosen.end());
    for (auto i = chosen.begin(); i != last; ++i) kept.push_back(points[*i]);
  }
  return kept;
}

/// The inside of the axes, in pixels.
struct Frame {
  double left = 0, bottom = 0, right = 0, top = 0;
  bool contains(const Point& p) const { return p.x >= left && p.x <= right && p.y >= bottom && p.y <= top; }
};

/// The parts of a line inside a frame (Liang and Barsky).
std::vector<std::vector<Point>> clipped(const std::vector<Point>& points, const Frame& f) {
  std::vector<std::vector<Point>> parts;
  bool joined = false;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const Point a = points[i], b = points[i + 1];
    const double dx = b.x - a.x, dy = b.y - a.y;
    double enter = 0, leave = 1;
    for (const auto& [p, q] : {std::pair{-dx, a.x - f.left}, std::pair{dx, f.right - a.x},
                               std::pair{-dy, a.y - f.bottom}, std::pair{dy, f.top - a.y}}) {
      if (p < 0) enter = std::max(enter, q / p);
      if (p > 0) leave = std::min(leave, q / p);
      if (p == 0 && q < 0) leave = -1;
    }
    if (enter > leave) {
      joined = false;
      continue;
    }
    if (!joined || enter > 0) parts.push_back({{a.x + enter * dx, a.y + enter * dy}});
    parts.back().push_back({a.x + leave * dx, a.y + leave * dy});
    joined = leave == 1;
  }
  return parts;
}

/// A line as dashes: `on` pixels drawn, `off` not.
std::vector<std::vector<Point>> dashes(const std::vector<Point>& points, double on, double off) {
  std::vector<std::vector<Point>> parts;
  double left = on;
  bool drawing = true;
  if (!points.empty()) parts.push_back({points.front()});
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    Point a = points[i];
    const Point b = points[i + 1];
    for (double length = std::hypot(b.x - a.x, b.y - a.y); length > 0;) {
      const double step = std::min(left, length);
      a = {a.x + (b.x - a.x) * (step / length), a.y + (b.y - a.y) * (step / length)};
      length -= step;
      left -= step;
      if (drawing) parts.back().push_back(a);
      if (left > 0) continue;
      drawing = !drawing;
      left = drawing ? on : off;
      if (drawing) parts.push_back({a});
    }
  }
  std::erase_if(parts, [](const auto& p) { return p.size() < 2; });
  return parts;
}

/// An entry of the legend and where it stands.
struct Entry {
  const Series* series;
  std::string text;
  double x = 0;
  int row = 0;
};

class Composer {
 public:
  explicit Composer(const Figure& figure) : figure_(figure), drawing_{figure.width, figure.height, {}} {}

  Drawing run() {
    for (const Series& s : figure_.series) orders_ = orders_ || s.order > 0;
    lay_out();
    grid();
    for (const Series& s : figure_.series) curve(s);
    for (const Series& s : figure_.series) marks(s);
    labels();
    legend();
    return std::move(drawing_);
  }

 private:
  const Figure& figure_;
  Drawing drawing_;
  Frame frame_;
  Ticks x_ticks_, y_ticks_;
  std::vector<Entry> legend_;
  double below_title_ = 0;
  bool orders_ = false;  ///< there are derivatives

  template <class S>
  void add(S&& shape) {
    drawing_.shapes.emplace_back(std::forward<S>(shape));
  }

  /// Lower orders are wider and lie below, so that a function and its derivatives are all seen where they coincide.
  double width_of(const Series& s) const {
    if (s.width > 0) return s.width;
    if (s.dashed) return s.order == 0 ? 2.6 : 1.8;
    constexpr std::array widths{4.4, 2.4, 1.2};
    return orders_ ? widths[std::min<std::size_t>(static_cast<std::size_t>(s.order), widths.size() - 1)] : 2.6;
  }

  double place(const Axis& axis, double value, double from, double to) const {
    const double low = axis.scale.forward(axis.range.low), high = axis.scale.forward(axis.range.high);
    const double at = from + (to - from) * ((axis.scale.forward(value) - low) / (high - low));
    return std::clamp(at, -1e7, 1e7);  // far outside is vertical enough
  }
  Point place(const Point& p) const {
    return {place(figure_.x, p.x, frame_.left, frame_.right), place(figure_.y, p.y, frame_.bottom, frame_.top)};
  }

  void lay_out() {
    const double width = figure_.width, height = figure_.height;
    const int columns = static_cast<int>(width / 85), rows = static_cast<int>(height / 75);
    x_ticks_ = ticks_of(figure_.x, std::max(3, columns));
    y_ticks_ = ticks_of(figure_.y, std::max(5, rows));
    double widest = 0;
    for (const Tick& t : y_ticks_.list) widest = std::max(widest, text_width(t.label, tick_size));
    frame_.left = 22 + widest + (figure_.y.label.empty() ? 0 : 1.8 * label_size);
    frame_.right = width - 24;
    frame_.bottom = 34 + (figure_.x.label.empty() && x_ticks_.factor.empty() ? 0 : 1.6 * label_size);
    below_title_ = height - (figure_.title.empty() ? 10 : 14 + 1.6 * title_size);
    frame_.top = below_title_ - 6 - legend_row * place_legend() - (y_ticks_.factor.empty() ? 0 : 1.4 * tick_size);
  }

  /// Entries in rows above the frame; gives the number of rows.
  int place_legend() {
    if (!figure_.legend) return 0;
    double x = frame_.left;
    int row = 0;
    for (const Series& s : figure_.series) {
      Entry e{&s, fitted(s.label, legend_size, frame_.right - frame_.left - swatch - 10), 0, 0};
      const double width = swatch + 8 + text_width(e.text, legend_size) + 22;
      if (x > frame_.left && x + width - 22 > frame_.right) {
        x = frame_.left;
        ++row;
      }
      e.x = x;
      e.row = row;
      x += width;
      legend_.push_back(std::move(e));
    }
    return row + 1;
  }

  void segment(const Point& a, const Point& b, Colour colour) { add(Stroke{{a, b}, colour, 1}); }

  void grid() {
    for (const bool zeros : {false, true}) {  // the lines through zero over the others
      for (const Tick& t : x_ticks_.list)
        if (const double x = place({t.value, 0}).x; (t.value == 0) == zeros)
          segment({x, frame_.bottom}, {x, frame_.top}, zeros ? zero_grey : grid_grey);
      for (const Tick& t : y_ticks_.list)
        if (const double y = place({0, t.value}).y; (t.value == 0) == zeros)
          segment({frame_.left, y}, {frame_.right, y}, zeros ? zero_grey : grid_grey);
    }
    add(Stroke{{{frame_.left, frame_.bottom},
                {frame_.right, frame_.bottom},
                {frame_.right, frame_.top},
                {frame_.left, frame_.top},
                {frame_.left, frame_.bottom}},
               frame_grey,
               1});
  }

  void stroke(const Series& s, std::vector<Point> points) {
    if (!s.dashed || s.order == 0) return add(Stroke{std::move(points), colour_of(s), width_of(s)});
    const double on = s.order == 1 ? 9 : 3, off = s.order == 1 ? 5 : 4;
    for (auto& part : dashes(points, on, off)) add(Stroke{std::move(part), colour_of(s), width_of(s)});
  }

  void curve(const Series& s) {
    for (const std::vector<Point>& piece : s.pieces) {
      std::vector<Point> points;
      points.reserve(piece.size());
      for (const Point& p : piece) points.push_back(place(p));
      for (const auto& part : clipped(by_columns(points), frame_)) stroke(s, thinned(part, 0.08));
    }
  }

  void marks(const Series& s) {
    const double radius = 1.4 + 0.75 * width_of(s);
    for (const End& e : s.ends) {  // open circles below closed ones: a value at a kink stays seen
      if (const Point p = place(e.at); !e.closed && frame_.contains(p)) {
        add(Area{circle(p, radius), white});
        add(Stroke{circle(p, radius), colour_of(s), 1.4});
      }
    }
    for (const End& e : s.ends)
      if (const Point p = place(e.at); e.closed && frame_.contains(p)) add(Area{circle(p, radius + 0.4), colour_of(s)});
    for (const Point& m : s.markers)
      if (const Point p = place(m); frame_.contains(p)) add(Area{circle(p, 3 + 0.5 * width_of(s)), colour_of(s)});
  }

  /// Adds the texts that do not touch an earlier one; zero comes first.
  void add_apart(std::vector<Text> texts, bool beside) {
    std::stable_sort(texts.begin(), texts.end(),
                     [](const Text& a, const Text& b) { return a.text == "0" && b.text != "0"; });
    std::vector<const Text*> kept;
    const auto touch = [&](const Text& a, const Text& b) {
      return beside ? std::abs(a.at.x - b.at.x) < 0.5 * (text_width(a.text, a.size) + text_width(b.text, b.size)) + 4
                    : std::abs(a.at.y - b.at.y) < 1.1 * a.size;
    };
    for (const Text& t : texts) {
      if (std::any_of(kept.begin(), kept.end(), [&](const Text* k) { return touch(t, *k); })) continue;
      kept.push_back(&t);
      add(t);
    }
  }

  void labels() {
    const double middle = 0.5 * (frame_.left + frame_.right);
    std::vector<Text> numbers;
    for (const Tick& t : x_ticks_.list)
      numbers.push_back({{place({t.value, 0}).x, frame_.bottom - 6 - 0.6 * tick_size}, t.label, tick_size, grey});
    add_apart(numbers, true);
    numbers.clear();
    for (const Tick& t : y_ticks_.list)
      numbers.push_back({{frame_.left - 8, place({0, t.value}).y}, t.label, tick_size, grey, Align::right});
    add_apart(numbers, false);
    const double under = frame_.bottom - 14 - tick_size - 0.6 * label_size;
    if (!figure_.x.label.empty()) add(Text{{middle, under}, figure_.x.label, label_size, ink});
    if (!x_ticks_.factor.empty()) add(Text{{frame_.right, under}, x_ticks_.factor, tick_size, grey, Align::right});
    if (!y_ticks_.factor.empty())
      add(Text{{frame_.left, frame_.top + 0.9 * tick_size}, y_ticks_.factor, tick_size, grey, Align::left});
    if (!figure_.y.label.empty())
      add(Text{{6 + 0.7 * label_size, 0.5 * (frame_.bottom + frame_.top)},
               figure_.y.label,
               label_size,
               ink,
               Align::centre,
               true});
    if (!figure_.title.empty())
      add(Text{{middle, below_title_ + 0.7 * title_size},
               fitted(figure_.title, title_size, frame_.right - frame_.left),
               title_size,
               ink});
  }

  void legend() {
    for (const Entry& e : legend_) {
      const double y = below_title_ - legend_row * (e.row + 0.5);
      stroke(*e.series, {{e.x, y}, {e.x + swatch, y}});
      if (!e.series->markers.empty())
        add(Area{circle({e.x + 0.5 * swatch, y}, 3 + 0.5 * width_of(*e.series)), colour_of(*e.series)});
      add(Text{{e.x + swatch + 8, y}, e.text, legend_size, ink, Align::left});
    }
  }
};

}  // namespace

Drawing compose(const Figure& figure) { return Composer(figure).run(); }

}  // namespace actinium::cli
