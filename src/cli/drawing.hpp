// A picture as a list of shapes in pixels. compose() lays a figure out; write_picture, in plplot.cpp, draws the list.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "figure.hpp"

namespace actinium::cli {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};

struct Stroke {
  std::vector<Point> points;
  Colour colour;
  double width = 1;
};
struct Area {
  std::vector<Point> points;  ///< of its border
  Colour colour;
};
enum class Align : std::uint8_t { left, centre, right };
struct Text {
  Point at;  ///< the middle of the line in height
  std::string text;
  double size = 13;
  Colour colour;
  Align align = Align::centre;
  bool upwards = false;
};
using Shape = std::variant<Stroke, Area, Text>;

/// Origin at the lower left; later shapes cover earlier ones; the background is white.
struct Drawing {
  int width = 0, height = 0;
  std::vector<Shape> shapes;
};

Drawing compose(const Figure& figure);

/// Formats of pictures, by the ending of a file's name.
enum class Picture : std::uint8_t { svg, png };
/// Throws std::runtime_error, saying what to install, if this build or this system cannot draw it.
void require_drawing(Picture format);
void write_picture(const Drawing& drawing, const std::string& path, Picture format);

}  // namespace actinium::cli
