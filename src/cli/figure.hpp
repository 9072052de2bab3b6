// A figure as data, independent of what draws it: axes, series of points with gaps, a legend. plot.cpp makes one of
// expressions, compose() in drawing.hpp lays it out. Start reading at Figure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace actinium::cli {

struct Point {
  double x = 0, y = 0;
};

/// How numbers lie along an axis: in proportion, or symmetrically logarithmic, which is linear within +-threshold and
/// adds one unit a decade beyond it.
struct Scale {
  double threshold = 0;  ///< 0: linear
  bool is_log() const { return threshold > 0; }
  double forward(double value) const;
  double backward(double position) const;
};

struct Interval {
  double low = 0, high = 0;
};

struct Axis {
  std::string label;
  Interval range;
  Scale scale;
};

/// Where an axis has a line and a number.
struct Tick {
  double value = 0;
  std::string label;
};
struct Ticks {
  std::vector<Tick> list;
  std::string factor;  ///< what all labels are to be multiplied by: "x10^6", or ""
};
/// Round numbers, about `wanted` of them.
Ticks ticks_of(const Axis& axis, int wanted);

/// One end of a jump.
struct End {
  Point at;
  bool closed = true;  ///< whether the curve takes this value at the jump
};

/// One curve and its line in the legend.
struct Series {
  std::string label;
  int colour = 0;                          ///< position in the palette
  int order = 0;                           ///< of the derivative: higher ones are drawn thinner, over the others
  bool dashed = false;                     ///< higher orders are dashed
  double width = 0;                        ///< in pixels; 0: by the order
  std::vector<std::vector<Point>> pieces;  ///< each is joined up
  std::vector<End> ends;
  std::vector<Point> markers;
};

struct Figure {
  std::string title;
  Axis x, y;
  std::vector<Series> series;
  bool legend = false;
  int width = 960, height = 600;
};

}  // namespace actinium::cli
