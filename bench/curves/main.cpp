// Times as curves over sizes, to find cliffs: points far above what their neighbours on both sides lead one to expect.
// A curve is a list of points (Point) in order of size; start reading at the functions that make them, then at main.
#include <actinium/actinium.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../machine.hpp"

namespace ac = actinium;

namespace {

constexpr double cliff_factor = 1.5;

struct Point {
  std::string label;
  double size;                                  ///< where it stands on the curve
  double work;                                  ///< what the rate counts: operations, elements, nodes
  std::function<std::function<void()>()> make;  ///< the data, and a call of it
  double seconds = 0, expected = 0;
  bool is_cliff() const { return expected > 0 && seconds > cliff_factor * expected; }
};

struct Curve {
  std::string name, unit;  ///< of work by second: "GFLOP/s"
  double scale = 1e-9;
  std::vector<Point> points = {};
};

struct Options {
  std::vector<std::string> names;
  std::string json;
  double seconds = 0.05;
  int threads = 1;
  bool cpu_time = false, check = false, list = false;
  ac::CompileOptions compile() const { return {.threads = threads}; }
};

std::function<void()> bound(const ac::FunctionBase& f, const std::vector<ac::Tensor>& in,
                            const std::vector<ac::Tensor>& out) {
  const std::vector<ac::ArrayRef> inputs(in.begin(), in.end());
  std::vector<ac::Tensor> kept = out;
  const std::vector<ac::MutableArrayRef> outputs(kept.begin(), kept.end());
  auto step = std::make_shared<ac::Bound>(f.bind(std::span(inputs), std::span(outputs)));
  return [step, in, kept] { (*step)(); };
}

// ---- products
// ----------------------------------------------------------------------------------------------------------
struct Product {
  ac::FunctionBase f;
  bool ta, tb;
  ac::DType dtype;

  Point point(std::string label, double size, std::int64_t m, std::int64_t n, std::int64_t k) const {
    const Product p = *this;
    return {std::move(label), size, 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
            [=] {
              const auto a = ac::Tensor::full(p.ta ? ac::Shape{k, m} : ac::Shape{m, k}, 0.5, p.dtype);
              const auto b = ac::Tensor::full(p.tb ? ac::Shape{n, k} : ac::Shape{k, n}, 0.5, p.dtype);
              return bound(p.f, {a, b}, {ac::Tensor::zeros({m, n}, p.dtype)});
            }};
  }
};

Product product(const Options& options, ac::DType dtype, bool ta, bool tb) {
  ac::Graph g(dtype);
  const auto a = ta ? g.input("a", {"k", "m"}) : g.input("a", {"m", "k"});
  const auto b = tb ? g.input("b", {"n", "k"}) : g.input("b", {"k", "n"});
  return {ac::compile({a, b}, ac::matmul(ta ? transpose(a) : a, tb ? transpose(b) : b), options.compile()), ta, tb,
          dtype};
}

void add_products(std::vector<Curve>& curves, const Options& options) {
  for (const ac::DType dtype : {ac::f32, ac::f64}) {
    const std::string type(ac::name_of(dtype));
    for (int transposed = 0; transposed < 4; ++transposed) {
      const bool ta = transposed & 1, tb = transposed & 2;
      const Product p = product(options, dtype, ta, tb);
      Curve c{fmt::format("product {} {}{}", type, ta ? "t" : "n", tb ? "t" : "n"), "GFLOP/s"};
      for (const std::int64_t s : {16,  17,  24,  31,  32,  33,  48,  63,  64,  65,   96,   127,  128,
                                   129, 192, 255, 256, 257, 384, 512, 513, 768, 1000, 1024, 1536, 2048}) {
        c.points.push_back(p.point(std::to_string(s), static_cast<double>(s), s, s, s));
        if (s == 129) c.points.push_back(p.point("127x129x131", 129.01, 127, 129, 131));
      }
      curves.push_back(std::move(c));
    }
    const Product p = product(options, dtype, false, false);
    for (const char narrow : {'M', 'N', 'K'}) {
      Curve c{fmt::format("skinny {} {}", type, narrow), "GFLOP/s"};
      for (std::int64_t s = 1; s <= 16; ++s) {
        const std::int64_t m = narrow == 'M' ? s : 1024, n = narrow == 'N' ? s : 1024, k = narrow == 'K' ? s : 1024;
        c.points.push_back(p.point(fmt::format("{}x{}x{}", m, n, k), static_cast<double>(s), m, n, k));
      }
      curves.push_back(std::move(c));
    }
  }
}

// ---- rows and elements
// -------------------------------------------------------------------------------------------------
void add_elementwise(std::vector<Curve>& curves, const Options& options) {
  ac::Graph g;
  const auto x = g.input("x", {"n"}), dy = g.input("dy", {"n"});
  const auto f = ac::compile({x, dy}, ac::vjp(silu(x), x, dy), options.compile());
  Curve c{"elementwise silu backward", "Gelement/s"};
  for (int e = 0; e <= 26; ++e) {
    const std::int64_t n = std::int64_t{1} << e;
    c.points.push_back({fmt::format("2^{}", e), static_cast<double>(n), static_cast<double>(n), [=] {
                          return bound(f, {ac::random_uniform(1, {n}, -4, 4), ac::random_uniform(2, {n})},
                                       {ac::Tensor::zeros({n})});
                        }});
  }
  curves.push_back(std::move(c));
}

void add_softmax(std::vector<Curve>& curves, const Options& options) {
  ac::Graph g;
  const auto x = g.input("x", {"rows", "n"});
  const auto f = ac::compile({x}, softmax(x), options.compile());
  Curve c{"softmax rows, a million numbers", "Gelement/s"};
  for (const std::int64_t n : {8,    10,   16,   24,   32,    64,    100,   128,     256,     512,     1000,
                               1024, 2048, 4096, 8192, 16384, 32768, 65536, 100'000, 262'144, 500'000, 1'000'000}) {
    const std::int64_t rows = 1'000'000 / n;
    c.points.push_back({std::to_string(n), static_cast<double>(n), static_cast<double>(rows * n),
                        [=] { return bound(f, {ac::random_normal(1, {rows, n})}, {ac::Tensor::zeros({rows, n})}); }});
  }
  curves.push_back(std::move(c));
}

void add_mlp(std::vector<Curve>& curves, const Options& options) {
  ac::Graph g;
  const auto x = g.input("x", {"batch", 64});
  std::vector<ac::Expr> inputs{x};
  std::vector<ac::Tensor> parameters;
  ac::Expr h = x;
  for (int layer = 0; layer < 3; ++layer) {
    const std::int64_t width = layer == 2 ? 10 : 64;
    const auto w = g.input(fmt::format("W{}", layer), {64, width}), b = g.input(fmt::format("b{}", layer), {width});
    h = matmul(h, w) + b;
    if (layer < 2) h = silu(h);
    inputs.insert(inputs.end(), {w, b});
    parameters.insert(parameters.end(),
                      {ac::glorot_uniform(static_cast<std::uint64_t>(layer), 64, width), ac::Tensor::zeros({width})});
  }
  const auto f = ac::compile(inputs, h, options.compile());
  Curve c{"network 64-64-64-10 by batch", "Mrow/s", 1e-6};
  for (const std::int64_t n : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 128, 256, 512, 1000, 1024, 2048, 4096}) {
    c.points.push_back({std::to_string(n), static_cast<double>(n), static_cast<double>(n), [=] {
                          std::vector<ac::Tensor> in{ac::random_normal(1, {n, 64})};
                          in.insert(in.end(), parameters.begin(), parameters.end());
                          return bound(f, in, {ac::Tensor::zeros({n, 10})});
                        }});
  }
  curves.push_back(std::move(c));
}

// ---- compilation
// -------------------------------------------------------------------------------------------------------
void add_compile(std::vector<Curve>& curves, const Options& options) {
  Curve c{"compile a scalar chain and its derivative", "knode/s", 1e-3};
  for (const int n : {10, 30, 100, 300, 1000, 3000, 10'000, 30'000, 100'000}) {
    c.points.push_back(
        {std::to_string(n), static_cast<double>(n), static_cast<double>(n), [=, compile = options.compile()] {
           return [=]() mutable {
             ac::Graph g(ac::f64);
             const auto x = g.input("x", {});
             ac::Expr y = x;
             for (int i = 0; i < n; ++i) y = i % 3 == 0 ? sin(y) : i % 3 == 1 ? y * 0.5 : y + x;
             compile.cache = false;
             ac::compile({x}, ac::grad(y, x), compile);
           };
         }});
  }
  curves.push_back(std::move(c));
}

// ---- measuring
// ---------------------------------------------------------------------------------------------------------
double clock_seconds(bool cpu_time) {
  if (!cpu_time) return bench::now();
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double measure(const Point& p, const Options& options, bool cpu_time) {
  const auto call = p.make();
  const auto timed = [&](int count) {
    const double start = clock_seconds(cpu_time);
    for (int i = 0; i < count; ++i) call();
    return (clock_seconds(cpu_time) - start) / count;
  };
  call();
  double best = timed(1);
  const int count = static_cast<int>(std::clamp(2e-4 / std::max(best, 1e-9), 1.0, 1e5));
  const double until = bench::now() + options.seconds;
  const int least = best > 0.05 ? 1 : 3;
  for (int i = 0; i < least || bench::now() < until; ++i) {
    best = std::min(best, timed(count));
  }
  return best;
}

/// Where a straight line through the three points on each side (in logarithms of size and of time for the work) would
/// put each point. The first and the last have neighbours on one side alone, and none.
void expect(Curve& c) {
  const auto n = static_cast<std::ptrdiff_t>(c.points.size());
  for (std::ptrdiff_t i = 1; i + 1 < n; ++i) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, i - 3); j <= std::min(n - 1, i + 3); ++j) {
      if (j == i) continue;
      const Point& q = c.points[static_cast<std::size_t>(j)];
      const double x = std::log(q.size), y = std::log(q.seconds / q.work);
      s += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    const double slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    Point& p = c.points[static_cast<std::size_t>(i)];
    p.expected = p.work * std::exp((sy - slope * sx) / s + slope * std::log(p.size));
  }
}

void print(const Curve& c) {
  std::cout << c.name << "\n";
  for (const Point& p : c.points) {
    std::cout << fmt::format("  {:>14} {:>12.3f} us {:>10.3f} {}", p.label, p.seconds * 1e6,
                             p.work / p.seconds * c.scale, c.unit);
    if (p.expected > 0)
      std::cout << fmt::format("  {:.2f} of the smooth curve{}", p.seconds / p.expected, p.is_cliff() ? "  CLIFF" : "");
    std::cout << "\n";
  }
  std::cout << std::flush;
}

bool wanted(const Curve& c, const Options& options) {
  return options.names.empty() || std::any_of(options.names.begin(), options.names.end(), [&](const std::string& n) {
           return c.name.find(n) != std::string::npos;
         });
}

int run(const Options& options) {
  std::vector<Curve> curves;
  add_products(curves, options);
  add_elementwise(curves, options);
  add_softmax(curves, options);
  add_mlp(curves, options);
  add_compile(curves, options);
  std::erase_if(curves, [&](const Curve& c) { return !wanted(c, options); });
  if (curves.empty()) throw CLI::ValidationError("--curves", "no curve has such a name; --list shows them");
  nlohmann::json lines = nlohmann::json::array();
  std::vector<std::string> cliffs;
  for (Curve& c : curves) {
    if (options.list) {
      std::cout << c.name << "\n";
      continue;
    }
    // A compile is done by several threads, which the thread's own clock does not see.
    const bool cpu_time = options.cpu_time && options.threads == 1 && !c.name.starts_with("compile");
    for (Point& p : c.points) p.seconds = measure(p, options, cpu_time);
    expect(c);
    print(c);
    for (const Point& p : c.points) {
      lines.push_back({{"curve", c.name},
                       {"point", p.label},
                       {"size", p.size},
                       {"us", p.seconds * 1e6},
                       {"expected_us", p.expected * 1e6}});
      if (p.is_cliff()) cliffs.push_back(fmt::format("{} at {}: {:.2f}", c.name, p.label, p.seconds / p.expected));
    }
  }
  if (options.list) return 0;
  std::cout << fmt::format("{} cliffs (more than {} times the smooth curve)\n", cliffs.size(), cliff_factor);
  for (const std::string& text : cliffs) std::cout << "  " << text << "\n";
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    for (const auto& line : lines) file << line.dump() << "\n";
    if (!file.flush()) throw ac::IoError(options.json + ": cannot be written");
  }
  return options.check && !cliffs.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Times over sizes, and where they jump: products, elementwise work, softmax, a network by batch, compilation."};
  Options o;
  app.add_option("--curves", o.names, "only curves whose names contain one of these: product,softmax")->delimiter(',');
  app.add_option("--seconds", o.seconds, "for each point (default 0.05)")->check(CLI::PositiveNumber);
  app.add_option("--threads", o.threads, "for each call (default 1)")->check(CLI::Range(1, 1024));
  app.add_option("--json", o.json, "also write the points, a line each");
  app.add_flag("--cpu-time", o.cpu_time,
               "with one thread: count the time that it had a core, for a machine that others use too");
  app.add_flag("--check", o.check, "exit with 1 if there is a cliff");
  app.add_flag("--list", o.list, "the curves that there are");
  try {
    app.parse(argc, argv);
    return run(o);
  } catch (const CLI::Error& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::cerr << "curves: " << e.what() << "\n";
    return 1;
  }
}
