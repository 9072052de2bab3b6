// The only file that knows PLplot: shapes in pixels go to one of its drivers. Without PLplot (ACTINIUM_PLPLOT unset),
// what is missing is said instead.
#include <fmt/format.h>

#include <stdexcept>

#include "drawing.hpp"

#ifdef ACTINIUM_PLPLOT
#include <plplot/plplot.h>

#include <cstdlib>
#include <cstring>
#include <string_view>
#endif

namespace actinium::cli {

#ifdef ACTINIUM_PLPLOT
namespace {

constexpr double millimetres = 25.4 / 96;  // of a pixel, for the height of letters

const char* device_of(Picture format) {
  switch (format) {
    case Picture::svg: return "svg";
    case Picture::png: return "pngcairo";
  }
  return "";
}

/// '#' begins a command in PLplot's texts; malformed UTF-8 would be refused.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t n = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    bool whole = n > 0 && i + n <= text.size();
    for (std::size_t k = 1; whole && k < n; ++k) whole = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    if (!whole)
      out += '?';
    else
      out += text[i] == '#' ? "##" : text.substr(i, n);
    i += whole ? n : 1;
  }
  return out;
}

void set_colour(const Colour& c) {
  plscol0(1, c.red, c.green, c.blue);
  plcol0(1);
}

struct Coordinates {
  std::vector<PLFLT> x, y;
  explicit Coordinates(const std::vector<Point>& points) {
    for (const Point& p : points) {
      x.push_back(p.x);
      y.push_back(p.y);
    }
  }
  PLINT size() const { return static_cast<PLINT>(x.size()); }
};

void draw(const Stroke& s) {
  const Coordinates c(s.points);
  set_colour(s.colour);
  plwidth(s.width);
  plline(c.size(), c.x.data(), c.y.data());
}
void draw(const Area& a) {
  const Coordinates c(a.points);
  set_colour(a.colour);
  plfill(c.size(), c.x.data(), c.y.data());
}
void draw(const Text& t) {
  set_colour(t.colour);
  plschr(t.size * millimetres, 1);
  const double justification = t.align == Align::left ? 0 : t.align == Align::centre ? 0.5 : 1;
  plptex(t.at.x, t.at.y, t.upwards ? 0 : 1, t.upwards ? 1 : 0, justification, escaped(t.text).c_str());
}

}  // namespace

void require_drawing(Picture format) {
  constexpr int most = 100;
  const char *menu[most], *names[most];
  const char **menus = menu, **devices = names;
  PLINT count = most;
  plgDevs(&menus, &devices, &count);
  for (PLINT i = 0; i < count; ++i)
    if (std::strcmp(names[i], device_of(format)) == 0) return;
  throw std::runtime_error(
      fmt::format("PLplot has no driver '{}' here (Debian: plplot-driver-cairo); csv needs none", device_of(format)));
}

void write_picture(const Drawing& drawing, const std::string& path, Picture format) {
  plsdev(device_of(format));
  plsfnam(path.c_str());
  plspage(0, 0, drawing.width, drawing.height, 0, 0);
  plscolbg(255, 255, 255);
  plinit();
  pladv(0);
  plvpor(0, 1, 0, 1);
  plwind(0, drawing.width, 0, drawing.height);
  for (const Shape& shape : drawing.shapes) std::visit([](const auto& s) { draw(s); }, shape);
  plend();
}

#else

void require_drawing(Picture) {
  throw std::runtime_error(
      "this actinium was built without PLplot, which draws svg and png (Debian: libplplot-dev, plplot-driver-cairo; then "
      "configure again); csv needs none");
}
void write_picture(const Drawing&, const std::string&, Picture format) { require_drawing(format); }

#endif

}  // namespace actinium::cli
